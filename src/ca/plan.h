/*
 * A plan: what a request becomes, from the rules to the signed certificate. Its steps, in order (design: issuing):
 *
 *   arguments   before any transaction: the builder, the CSR and its proof of possession
 *   rules       in a read transaction: every rule, the fields, the lint with a stand-in for what is not there yet
 *   make        no transaction, no lock: the key, the serial number, the bytes, the lint of exactly them, the signature
 *   record      in the commit, under the same rules generation, else PCAI_AGAIN: term, quota, token once more; the rows
 */
#ifndef PCAI_PLAN_H
#define PCAI_PLAN_H

#include "ca/ca.h"
#include "ca/environment.h"
#include "ca/intent.h"
#include "ca/review.h"
#include "ca/subject.h"
#include "ca/token.h"
#include "x509/lint.h"

struct plan {
    /* given */
    const struct pca_request *request;
    uint64_t ca; /* the subordinate that issues, or the CA that gets a certificate */
    enum ca_purpose purpose;
    uint64_t parent; /* to enable a subordinate under another than its root; 0: the root */
    struct environment *env;
    struct containers *containers;
    struct random *random;
    int compliance;       /* a leaf's CA has its requests reviewed: this one is recorded as PENDING */
    uint8_t approved[32]; /* of an approval: the digest of the template that it is about */
    /* arguments */
    struct buf csr_work;
    struct csr csr;
    int has_csr;
    int algorithm; /* of the subject's key */
    int container;
    struct slice public_key;  /* where it is given, not made */
    struct slice kept_key_id; /* of a CA's key that stays; no data: made from the key */
    struct token token;
    /* rules */
    struct arena arena;
    uint64_t rules;
    struct ca_record self; /* the CA that gets a certificate */
    struct certificate certificate;
    struct subject subject;
    uint8_t key_id[PCAI_KEY_ID], authority_key_id[PCAI_KEY_ID];
    uint64_t issuer, issuer_generation; /* 0: self-signed */
    struct ca_key issuer_key;           /* that signs; without an owner: the key that is made */
    int64_t service_end;
    struct slice constrained[PCAI_CHAIN_MAX]; /* what lint.constrained points to, in the arena */
    struct lint_context lint;
    struct findings findings;
    struct review review;
    struct cert_view view; /* of an approval: the request, as it was read */
    struct slice pair_template; /* no data: it is no pair */
    int decides;           /* it is the last that is needed */
    /* make */
    int opaque;  /* the serial number is random throughout */
    int repeats; /* and was another certificate's */
    uint64_t sequence;
    int reserve; /* sequences run low: record reserves a block, first at `reserved` */
    uint64_t reserved;
    uint8_t serial[16];
    struct key *key; /* made by the library */
    char key_name[PCAI_KEY_NAME_MAX + 1]; /* in a container; "": not made yet */
    struct buf container_key;             /* its public half, which outlives another attempt */
    const struct key *outside;            /* a CA's, that is to sign itself */
    int64_t patience;      /* how long what goes out to a token may take */
    uint8_t template[32];  /* digest of the certificate as the rules left it */
    int intent;            /* committed: sequence and serial number are set, a unit is reserved */
    struct buf tbs, der, sealed;
    int dual; /* an SM2 pair: another certificate of the same names, for an encryption key that is made here */
    struct {
        uint64_t sequence;
        uint8_t serial[16];
        struct buf der, sealed;
    } pair;
    /* record */
    uint64_t certificate_id;
};

/* Frees what the steps from `rules` on made, so that they can run again. */
void pcai_plan_reset(struct plan *plan);
/* recorded: record's transaction was committed. */
void pcai_plan_free(struct plan *plan, int recorded);

/* Leaves. `rules` sets certificate_id and returns PCA_OK with *replayed = 1 when the token answers. */
int pcai_leaf_arguments(struct plan *plan, pca_error *err);
int pcai_leaf_rules(struct txn *txn, struct context *cx, struct plan *plan, int *replayed, pca_error *err);
/* PCAI_AGAIN unless it is still as `rules` saw it: the rules generation, the terms. */
int pcai_leaf_current(struct txn *txn, const struct context *cx, struct plan *plan, pca_error *err);
int pcai_leaf_record(struct txn *txn, struct context *cx, struct plan *plan, pca_error *err);

/* The parts of the rules that an approval goes through once more: the key's family and size, the key itself, dates. */
int pcai_leaf_algorithm(struct plan *plan, const struct ca_record *sub, const struct context *cx, pca_error *err);
int pcai_leaf_key(struct txn *txn, const struct context *cx, const struct plan *plan, pca_error *err);
int pcai_leaf_validity(struct plan *plan, const struct chain *chain, const struct context *cx, pca_error *err);

/* CAs. */
int pcai_ca_arguments(struct plan *plan, int is_root, pca_error *err);
int pcai_ca_rules(struct txn *txn, struct context *cx, struct plan *plan, pca_error *err);
int pcai_ca_record(struct txn *txn, struct context *cx, void *plan, pca_error *err);

/* Both. */
/* The request's CSR and its proof of possession. */
int pcai_plan_read_csr(struct plan *plan, pca_error *err);
/* The CRL address, where the request says so or nothing and the issuer has one, and authority information, as the issuer has
 * them. INVALID: it was asked for and there is none. */
int pcai_plan_set_addresses(struct plan *plan, const struct ca_record *issuer, pca_error *err);
/* The subject and alternative names against every CA above, from the issuer's present generation on (CONSTRAINT names the CA); then
 * what make and lint need of these, copied: it outlives the transaction. */
int pcai_plan_set_issuer(struct txn *txn, struct context *cx, struct plan *plan, const struct ca_record *issuer, pca_error *err);
/* Of a CA's certificate under those of the chain from `first` up; at its end (chain->count), of a root's. */
int pcai_plan_set_ca_validity(struct plan *plan, const struct chain *chain, size_t first, const struct context *cx, pca_error *err);
int pcai_plan_make(struct plan *plan, pca_error *err);
/* Does a token take part, the subject's or the issuer's? Then, before anything is made: that it is there, with its PIN; and what an
 * intent holds. */
int pcai_plan_goes_out(const struct plan *plan);
int pcai_plan_prepare(struct plan *plan, pca_error *err);
/* Makes the certificate of a template: all of its octets but serial number and dates. */
int pcai_plan_fill(struct plan *plan, struct slice template, struct slice pair_template, pca_error *err);
/* The serial number of the pair's other certificate. */
struct slice pcai_plan_pair_serial(const struct plan *plan);
/* The block of sequences that the plan's record owes, if any; among record's puts. */
int pcai_plan_reserve(struct txn *txn, struct plan *plan, pca_error *err);
/* A serial number that holds no sequence has a row; PCAI_AGAIN when another certificate has it. The current one looks, put
 * writes. certificate: the id that it leads to, 0 for a CA's. */
int pcai_plan_serial_current(struct txn *txn, struct plan *plan, pca_error *err);
int pcai_plan_put_serial(struct txn *txn, const struct plan *plan, uint64_t certificate, pca_error *err);
/* Lints the fields with a public key of that form standing in; for the dry run and before anything is spent. They are in tbs. */
int pcai_plan_lint(struct plan *plan, struct slice public_key, pca_error *err);

#endif
