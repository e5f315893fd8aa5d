/* Certificates as a resource: bought for a root, assigned to subordinates, spent by issuing (rules.md, quota). */
#ifndef PCAI_QUOTA_H
#define PCAI_QUOTA_H

#include "ca/ca.h"
#include "ca/token.h"

#define PCAI_PURCHASE_MAX 10000000

struct certificates_purchase {
    uint64_t root, count;
    struct token token;
    uint64_t billable, waived; /* out */
};
int pcai_certificates_purchase(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

struct assignment {
    uint64_t root, sub, remaining, expected;
    struct token token;
};
int pcai_assign(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

/* One unit: QUOTA when there is none. */
int pcai_quota_require(const struct quota_record *quota, const char *object, pca_error *err);
/* remaining -> issued, free units first. */
void pcai_quota_spend(struct quota_record *quota);
/* For one root: granted + purchased = its remaining + Σ (remaining + reserved + issued + lapsed) of all; the same of the
 * free part. CORRUPT. */
int pcai_quota_check(struct txn *txn, struct context *cx, uint64_t root, pca_error *err);

#endif
