/*
 * Lints: properties of the octets that are about to be signed, read anew from them by a parser of its own, so that a
 * mistake of the writer is seen. Each finding bears the lint's name; docs/lints.md lists them.
 */
#ifndef PCAI_LINT_H
#define PCAI_LINT_H

#include "base/buffer.h"

enum lint_role { LINT_ROOT = 1, LINT_SUB, LINT_LEAF, LINT_CRL, LINT_ENTRY };
enum { LINT_NOTE = 1, LINT_ERROR = 2 };
#define PCAI_FINDINGS_MAX 64

struct finding {
    const char *name; /* static */
    int severity;
    char field[32];
    char message[160];
};
struct findings {
    struct finding at[PCAI_FINDINGS_MAX];
    size_t count; /* further ones are dropped, notes before errors */
};

struct lint_context {
    enum lint_role role;
    int type;                 /* a leaf's PCA_CERT_ */
    struct slice issuer;      /* the issuer's certificate, DER; no data for a root */
    int signature_key;        /* the PCA_KEY_ algorithm that signs, and is named outside the signed octets */
    int allow_weak;           /* policy: RSA 1024 */
    int64_t longest;          /* a leaf's or CA's longest validity in seconds, 0: not bounded (validity_quota_bound) */
    int include_crl;          /* cdp_switch: 1 must be there, 0 must not, -1 either */
    size_t given_names;       /* SANs that the caller gave */
    const struct slice *constrained; /* the certificates, DER, of those CAs above that have nameConstraints */
    size_t constrained_count;
    int kept;                 /* subject, key identifier and limits are those of a CA that exists: what is wrong in them is noted only */
    /* CRLs */
    int64_t this_update;      /* what the entries' dates are held against */
    uint64_t previous;        /* CRLNumber of the one before; 0: none */
    uint64_t base;            /* of a delta: CRLNumber of the complete CRL that it goes with; 0: it is a complete one */
};

/* Every certificate lint on a TBSCertificate. PCA_OK with findings added (maybe none); NO_MEMORY; CORRUPT: the issuer's
 * certificate cannot be read. */
int pcai_lint_certificate(struct slice tbs, const struct lint_context *context, struct findings *findings, pca_error *err);

/* CRLs come in pieces (x509/crl.h): each entry as it is written, in the order of serial numbers as octets, and then what
 * stands around entries of so many octets. Results as above. */
#define LINT_SERIAL_MAX 64
struct lint_entries {
    const struct lint_context *context;
    int lists_cas;
    uint64_t count;
    struct {
        uint8_t octets[LINT_SERIAL_MAX];
        size_t size;
    } previous; /* the serial number before */
    char this_update[13]; /* the digits of its UTCTime; "" from 2050 on */
};
int pcai_lint_entries_begin(struct lint_entries *entries, const struct lint_context *context, pca_error *err);
void pcai_lint_entry(struct lint_entries *entries, struct slice entry, struct findings *findings);
int pcai_lint_crl(struct slice head, uint64_t entries_size, struct slice tail, const struct lint_context *context, struct findings *findings,
                  pca_error *err);

/* NULL for one element of DER, or what is wrong with the octets (X.690); static. */
const char *pcai_lint_der(struct slice in);

/* LINT, named after the first error among the findings; PCA_OK when there are only notes. */
int pcai_lint_refuse(const struct findings *findings, const char *object, pca_error *err);

/* The table: a lint's name and what it applies to; NULL past the end. */
#define LINT_ON_ROOT (1u << LINT_ROOT)
#define LINT_ON_SUB (1u << LINT_SUB)
#define LINT_ON_LEAF (1u << LINT_LEAF)
#define LINT_ON_CRL (1u << LINT_CRL)
#define LINT_ON_ENTRY (1u << LINT_ENTRY)
#define LINT_ON_CA (LINT_ON_ROOT | LINT_ON_SUB)
#define LINT_ON_ISSUED (LINT_ON_SUB | LINT_ON_LEAF)
#define LINT_ON_CERTIFICATE (LINT_ON_CA | LINT_ON_LEAF)
#define LINT_ON_ALL (LINT_ON_CERTIFICATE | LINT_ON_CRL | LINT_ON_ENTRY)
const char *pcai_lint_name(size_t index, unsigned *applies);

#endif
