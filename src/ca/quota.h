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

/* As pcai_quota_read, less the free certificates that policy free_days has taken by now: *lapsed. Who puts the record logs them. */
int pcai_quota_now(struct txn *txn, struct context *cx, uint64_t ca, struct quota_record *quota, uint64_t *lapsed, pca_error *err);
int pcai_quota_log_lapsed(struct txn *txn, struct context *cx, uint64_t ca, uint64_t lapsed, pca_error *err);
/* The same of CAs that nobody asks for certificates. */
struct free_lapse {
    uint64_t most;
    uint64_t done; /* out: CAs */
    int left;      /* out: there are more */
};
int pcai_free_lapse(struct txn *txn, struct context *cx, void *free_lapse, pca_error *err);

/* One unit: QUOTA when there is none. */
int pcai_quota_require(const struct quota_record *quota, const char *object, pca_error *err);
/* remaining -> issued, free units first. */
void pcai_quota_spend(struct quota_record *quota);
/* A unit that is put by: remaining -> reserved; then reserved -> issued, or back. Free units are spent first and go back last.
 * CORRUPT: none is reserved. */
void pcai_quota_reserve(struct quota_record *quota);
int pcai_quota_consume(struct quota_record *quota, pca_error *err);
int pcai_quota_release(struct quota_record *quota, pca_error *err);
/* A certificate comes, goes or changes its status; 0: it is not there. CORRUPT: there is none to go. */
int pcai_held_move(struct quota_record *quota, uint64_t type, uint64_t from, uint64_t to, pca_error *err);
/* How many are there of a CA (0: of all), with that status and type (0: any). *exact 0: there are more CAs than one page looks
 * at, and at least so many certificates. */
int pcai_held_count(struct txn *txn, uint64_t ca, int status, int type, uint64_t *count, int *exact, pca_error *err);
/* What one CA has remaining, reserved, issued and lapsed, and the free part of it. */
struct units {
    uint64_t all, free;
};
void pcai_units_add(struct units *total, const struct quota_record *quota);
/* A root's granted + purchased are the units of itself and of all CAs below it; the same of the free part. CORRUPT. */
int pcai_quota_check(uint64_t root, const struct quota_record *quota, const struct units *total, pca_error *err);

#endif
