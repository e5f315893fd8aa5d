/* Buying a root with its subordinate, and renewing their term. */
#ifndef PCAI_ROOT_H
#define PCAI_ROOT_H

#include "ca/quota.h"

#define PCAI_MONTHS_MAX 1200

struct root_purchase {
    int kind, family;
    uint64_t months;
    struct token token;
    uint64_t root; /* out */
};
int pcai_root_purchase(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

struct renewal {
    uint64_t root, months;
    struct token token;
};
int pcai_root_renew(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

/* The subordinate that came with a root. */
int pcai_root_default_sub(struct txn *txn, struct context *cx, uint64_t root, uint64_t *sub, pca_error *err);

#endif
