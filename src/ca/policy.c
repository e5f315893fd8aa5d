#include "ca/policy.h"

#include <stdio.h>
#include <string.h>

const struct policy_row pcai_policies[POLICY_COUNT] = {
    [POLICY_FREE_CERTIFICATES] = {"free_certificates", "certificates", "what a private root's first subordinate starts with", 10, 0, 1000000},
    [POLICY_FEE_WAIVER_THRESHOLD] = {"fee_waiver_threshold", "certificates", "bought for one root beyond this many, certificates are free of charge", 120000, 0, INT64_MAX},
    [POLICY_FEE_WAIVER_PERIOD] = {"fee_waiver_period", "choice", "0: the threshold counts over a root's life; 1: over each calendar year in UTC", 0, 0, 1},
    [POLICY_SHORT_LIVED] = {"short_lived", "switch", "1: services of a year or more may issue for less than a year, from one minute up", 0, 0, 1},
    [POLICY_BACKDATE_SECONDS] = {"backdate_seconds", "seconds", "how far before now a certificate starts when no date is asked for", 60, 0, 86400},
    [POLICY_ALLOW_WEAK] = {"allow_weak", "switch", "1: RSA keys of 1024 bits may be certified", 0, 0, 1},
    [POLICY_CLOCK_SLACK_SECONDS] = {"clock_slack_seconds", "seconds", "how far behind the newest recorded time the clock may be", 3600, 0, 86400},
    [POLICY_MAX_CLOCK_STEP_DAYS] = {"max_clock_step_days", "days", "how far beyond the newest recorded time the clock may be, until it is accepted", 400, 1, 36500},
    [POLICY_OPAQUE_SERIALS] = {"opaque_serials", "switch", "1: serial numbers are random throughout, and do not tell how many were issued", 0, 0, 1},
    [POLICY_REFUSE_REUSED_KEY] = {"refuse_reused_key", "switch", "1: a public key that was certified for another subject, or was compromised, is refused", 0, 0, 1},
    [POLICY_ALLOW_FOREIGN_CROSS] = {"allow_foreign_cross", "switch", "1: CAs that no region holds may be cross-signed", 0, 0, 1},
    [POLICY_APPROVERS] = {"approvers", "people", "how many must approve a request on a compliance CA", 1, 1, 16},
    [POLICY_REVIEWER_DIFFERS] = {"reviewer_differs", "switch", "1: who asked for a certificate cannot decide on it", 0, 0, 1},
    [POLICY_REVIEW_DAYS] = {"review_days", "days", "after which a request that nobody decided on lapses; 0: never", 0, 0, 36500},
    [POLICY_FREE_DAYS] = {"free_days", "days", "after the purchase of a root, in which its free certificates are to be used; 0: no end", 0, 0, 36500},
    [POLICY_CRL_AFTER_REVOKE_SECONDS] = {"crl_after_revoke_seconds", "seconds", "after a revocation until the next CRL is due, if it is not due anyhow", 0, 0, 31536000},
    [POLICY_OCSP_SECONDS] = {"ocsp_seconds", "seconds", "how long an OCSP answer holds; this version gives none", 86400, 60, 31536000},
};

enum policy pcai_policy_find(const char *name)
{
    int i = 0;
    while (i < POLICY_COUNT && strcmp(pcai_policies[i].name, name) != 0)
        i++;
    return (enum policy)i;
}

int pcai_policies_read(struct txn *txn, struct policies *policies, pca_error *err)
{
    for (int i = 0; i < POLICY_COUNT; i++)
        policies->value[i] = pcai_policies[i].value;
    struct scan *scan = NULL;
    int rc = pcai_scan_open(txn, TABLE_META, pcai_slice_text("policy/"), pcai_slice_text("policy/"), &scan, err);
    struct slice key, value;
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        char name[64];
        struct policy_record record;
        snprintf(name, sizeof name, "%.*s", (int)(key.size - 7), (const char *)key.data + 7);
        rc = pcai_record_decode(&pcai_policy_type, key, value, &record, err);
        enum policy policy = pcai_policy_find(name);
        if (rc == PCA_OK && policy != POLICY_COUNT)
            policies->value[policy] = record.value;
    }
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}
