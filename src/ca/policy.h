/* Policies: the one table of limits that a region may set. */
#ifndef PCAI_POLICY_H
#define PCAI_POLICY_H

#include "ca/records.h"

enum policy {
    POLICY_FREE_CERTIFICATES,
    POLICY_FEE_WAIVER_THRESHOLD,
    POLICY_FEE_WAIVER_PERIOD,
    POLICY_SHORT_LIVED,
    POLICY_BACKDATE_SECONDS,
    POLICY_ALLOW_WEAK,
    POLICY_CLOCK_SLACK_SECONDS,
    POLICY_MAX_CLOCK_STEP_DAYS,
    POLICY_OPAQUE_SERIALS,
    POLICY_REFUSE_REUSED_KEY,
    POLICY_ALLOW_FOREIGN_CROSS,
    POLICY_APPROVERS,
    POLICY_REVIEWER_DIFFERS,
    POLICY_REVIEW_DAYS,
    POLICY_FREE_DAYS,
    POLICY_CRL_AFTER_REVOKE_SECONDS,
    POLICY_OCSP_SECONDS,
    POLICY_COUNT
};

struct policy_row {
    const char *name, *unit, *text;
    int64_t value, minimum, maximum; /* value: the default */
};
extern const struct policy_row pcai_policies[POLICY_COUNT];

struct policies {
    int64_t value[POLICY_COUNT];
};

/* POLICY_COUNT when there is none of that name. */
enum policy pcai_policy_find(const char *name);
int pcai_policies_read(struct txn *txn, struct policies *policies, pca_error *err);

#endif
