/* Buying CAs and renewing their terms. */
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
    uint64_t ca, months;
    struct token token;
};
/* A root, with the subordinate that came with it; or a subordinate that was bought by itself. */
int pcai_ca_renew(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

/* A further subordinate, with a term of its own and without certificates. */
struct sub_purchase {
    uint64_t root, months;
    struct token token;
    uint64_t sub; /* out */
};
int pcai_sub_purchase(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

/* The subordinate that came with a root. */
int pcai_root_default_sub(struct txn *txn, struct context *cx, uint64_t root, uint64_t *sub, pca_error *err);

#endif
