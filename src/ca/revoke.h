/* Revoking and deleting (rules.md). Revocations stand in a table of their own that deletion never empties. */
#ifndef PCAI_REVOKE_H
#define PCAI_REVOKE_H

#include "ca/ca.h"
#include "ca/token.h"

struct revocation {
    uint64_t id; /* a certificate's, or a CA's */
    int reason;
    int64_t invalidity; /* 0: unknown */
    struct token token;
};
/* The arguments, before any transaction: the reason (INVALID for one that is none, or not one for a leaf), the dates, the
 * token, whose digest of inputs is made here. */
int pcai_revocation_check(struct revocation *revocation, int is_ca, pca_error *err);
int pcai_cert_revoke(struct txn *txn, struct context *cx, void *arguments, pca_error *err);
int pcai_ca_revoke(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

struct deletion {
    uint64_t id;
};
int pcai_cert_delete(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

#endif
