/* What is asked for: the builder's contents, for a CA and for a leaf. */
#ifndef PCAI_REQUEST_H
#define PCAI_REQUEST_H

#include "base/arena.h"
#include "x509/certificate.h"
#include "x509/constraints.h"

enum request_attribute { ASK_COUNTRY, ASK_STATE, ASK_LOCALITY, ASK_ORGANIZATION, ASK_UNIT, ASK_COMMON_NAME, ASK_USER_ID, ASK_COUNT };
#define PCAI_SUBJECT_OIDS_MAX 10
#define PCAI_POLICIES_MAX 16
#define PCAI_EXTENSIONS_MAX 16
#define PCAI_EXTENSION_MAX 4096 /* octets of a value */
enum validity_form { FORM_NONE, FORM_DAYS, FORM_MONTHS, FORM_YEARS, FORM_DATES, FORM_LONGEST };

struct pca_request {
    pca_error refusal; /* the first of a setter; its code is 0 while there is none */
    struct arena arena;
    int type;
    const char *attribute[ASK_COUNT]; /* NULL: unset; "": leave out */
    struct {
        int type;
        const char *text;
    } san[PCAI_SAN_MAX];
    size_t san_count;
    /* of a custom certificate; OIDs are contents */
    struct {
        struct slice oid;
        const char *text;
    } subject_oids[PCAI_SUBJECT_OIDS_MAX];
    struct slice eku[PCAI_EKU_MAX];
    struct certificate_policy policies[PCAI_POLICIES_MAX];
    struct extension_value extensions[PCAI_EXTENSIONS_MAX];
    size_t subject_oid_count, eku_count, policy_count, extension_count;
    struct subtree subtrees[PCAI_SUBTREES_MAX]; /* of a CA's name constraints */
    size_t subtree_count;
    const char *driver, *slot, *pin; /* NULL: unset */
    int dual; /* -1: unset */
    int personal; /* the common name was given as a personal name */
    enum validity_form form;
    int64_t span, not_before, not_after;
    int key_algorithm;
    struct slice csr, public_key;
    int use_csr_subject, use_csr_san;
    int crl_address; /* -1: unset */
    const char *alias, *custom_id, *token, *crl_url, *ocsp_url, *issuer_url; /* NULL: unset */
    uint64_t crl_days;                   /* 0: unset */
    int path_length;                     /* -1: unset */
};

#define PCAI_CRL_DAYS_MAX 365
/* INVALID unless it is an http URL of at most 1024 characters. */
int pcai_url_check(const char *url, const char *field, pca_error *err);
/* "common_name", the field's name in errors. */
const char *pcai_ask_field(enum request_attribute ask);
/* The caller's inputs in one canonical form, for the digest that goes with a token. */
void pcai_request_encode(const struct pca_request *request, struct buf *out);
/* The setters' refusal, and what a builder may not hold for a leaf, for a CA. */
/* compliance: on a CA whose requests are reviewed. */
int pcai_request_check_leaf(const struct pca_request *request, int compliance, pca_error *err);
/* A CA that has a certificate already keeps its subject and alias. */
enum ca_purpose { PURPOSE_ENABLE, PURPOSE_REISSUE, PURPOSE_REKEY };
int pcai_request_check_ca(const struct pca_request *request, int is_root, enum ca_purpose purpose, pca_error *err);
/* For a CSR of a CA: subject, key algorithm and path length, and no more. For a cross-certificate: validity, path length and
 * whether it has the issuer's CRL address. */
int pcai_request_check_csr(const struct pca_request *request, pca_error *err);
int pcai_request_check_cross(const struct pca_request *request, pca_error *err);
/* INVALID: a field that a CA that has a certificate keeps as it is. */
int pcai_request_check_kept(const struct pca_request *request, int rekey, pca_error *err);

#endif
