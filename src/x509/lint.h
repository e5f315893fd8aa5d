/*
 * Lints: properties of the octets that are about to be signed, read anew from them by a parser of its own, so that a
 * mistake of the writer is seen. Each finding bears the lint's name; docs/lints.md lists them.
 */
#ifndef PCAI_LINT_H
#define PCAI_LINT_H

#include "base/buffer.h"

enum lint_role { LINT_ROOT = 1, LINT_SUB, LINT_LEAF };
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
};

/* Every certificate lint on a TBSCertificate. PCA_OK with findings added (maybe none); NO_MEMORY; CORRUPT: the issuer's
 * certificate cannot be read. */
int pcai_lint_certificate(struct slice tbs, const struct lint_context *context, struct findings *findings, pca_error *err);
/* LINT, named after the first error among the findings; PCA_OK when there are only notes. */
int pcai_lint_refuse(const struct findings *findings, const char *object, pca_error *err);

/* The table: a lint's name and what it applies to; NULL past the end. */
#define LINT_ON_ROOT (1u << LINT_ROOT)
#define LINT_ON_SUB (1u << LINT_SUB)
#define LINT_ON_LEAF (1u << LINT_LEAF)
#define LINT_ON_CA (LINT_ON_ROOT | LINT_ON_SUB)
#define LINT_ON_ISSUED (LINT_ON_SUB | LINT_ON_LEAF)
#define LINT_ON_CERTIFICATE (LINT_ON_CA | LINT_ON_LEAF)
const char *pcai_lint_name(size_t index, unsigned *applies);

#endif
