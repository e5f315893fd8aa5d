/* Cross-certificates: a CA's certificate by another CA, besides its own, for clients that trust that one. */
#ifndef PCAI_CROSS_H
#define PCAI_CROSS_H

#include "ca/plan.h"

struct cross {
    struct plan plan; /* first; its CA is the one that signs */
    uint64_t subject; /* a CA of the region; 0: the certificate below is all there is */
    int foreign;      /* no region holds it: policy allow_foreign_cross */
    struct buf work;  /* its certificate, DER, where it is given */
    struct certificate certificate;
};

/* A certificate that is given: PEM or DER. INVALID, CONSTRAINT, NAME, ALGORITHM. */
int pcai_cross_arguments(struct cross *cross, struct slice certificate, pca_error *err);
int pcai_cross_rules(struct txn *txn, struct context *cx, void *cross, pca_error *err);
int pcai_cross_record(struct txn *txn, struct context *cx, void *cross, pca_error *err);
void pcai_cross_free(struct cross *cross, int recorded);

/* The certificate of a CA, for another region to sign. STATE: it has none, or is revoked. */
struct cross_subject {
    uint64_t ca;
    struct buf der;
};
int pcai_cross_subject(struct txn *txn, struct context *cx, void *subject, pca_error *err);

/* All that a CA has signed, in PEM. NOT_FOUND. */
struct cross_list {
    uint64_t ca;
    struct buf pem;
};
int pcai_cross_list(struct txn *txn, struct context *cx, void *list, pca_error *err);

#endif
