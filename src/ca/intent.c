#include "ca/intent.h"

#include "ca/plan.h"
#include "ca/quota.h"

static int log_units(struct txn *txn, struct context *cx, enum action action, uint64_t ca, uint64_t id, int64_t units, pca_error *err)
{
    struct log_record entry = {.ca = ca, .object = id, .units = units};
    return pcai_log_append(txn, cx, action, &entry, err);
}

static struct slice serial_of(const struct plan *plan)
{
    return plan->compliance ? pcai_slice(NULL, 0) : plan->certificate.serial;
}

int pcai_intent_put(struct txn *txn, struct context *cx, struct plan *plan, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct quota_record quota;
    struct row_key key = pcai_key_id64(plan->sequence);
    struct intent_record intent = {.issuer = plan->ca, .deadline = cx->now + plan->patience, .serial = serial_of(plan),
                                   .digest = pcai_slice(plan->template, sizeof plan->template)};
    uint64_t lapsed;
    int rc = pcai_quota_now(txn, cx, plan->ca, &quota, &lapsed, err);
    if (rc == PCA_OK)
        rc = pcai_quota_require(&quota, pcai_object("sub", plan->ca, object), err);
    if (rc != PCA_OK)
        return rc;
    pcai_quota_reserve(&quota);
    rc = pcai_plan_reserve(txn, plan, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_intent_type, pcai_row_key_view(&key), &intent, err);
    if (rc == PCA_OK)
        rc = pcai_quota_put(txn, cx, plan->ca, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_quota_log_lapsed(txn, cx, plan->ca, lapsed, err);
    return rc == PCA_OK ? log_units(txn, cx, ACTION_RESERVE, plan->ca, plan->sequence, -1, err) : rc;
}

int pcai_intent_take(struct txn *txn, const struct plan *plan, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct row_key key = pcai_key_id64(plan->sequence);
    struct intent_record intent;
    int rc = pcai_record_get(txn, &pcai_intent_type, pcai_row_key_view(&key), &intent, err);
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && (intent.issuer != plan->ca || !pcai_slice_equal(intent.serial, serial_of(plan)) ||
                                                   !pcai_slice_equal(intent.digest, pcai_slice(plan->template, sizeof plan->template)))))
        return pcai_fail(err, PCA_E_DEVICE, pcai_object("sub", plan->ca, object), "deadline",
                         "the token took longer than its driver's timeouts allow, and what was reserved for the request has been given back");
    return rc == PCA_OK ? pcai_delete(txn, TABLE_INTENT, pcai_row_key_view(&key), err) : rc;
}

int pcai_intent_release(struct txn *txn, struct context *cx, uint64_t id, pca_error *err)
{
    struct row_key key = pcai_key_id64(id);
    struct intent_record intent;
    struct quota_record quota;
    int rc = pcai_record_get(txn, &pcai_intent_type, pcai_row_key_view(&key), &intent, err);
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
    uint64_t issuer = intent.issuer;
    rc = pcai_quota_read(txn, issuer, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_quota_release(&quota, err);
    if (rc == PCA_OK)
        rc = pcai_delete(txn, TABLE_INTENT, pcai_row_key_view(&key), err);
    if (rc == PCA_OK)
        rc = pcai_quota_put(txn, cx, issuer, &quota, err);
    return rc == PCA_OK ? log_units(txn, cx, ACTION_RELEASE, issuer, id, 1, err) : rc;
}

static int find_overdue(struct txn *txn, const struct context *cx, uint64_t ids[PCAI_INTENTS_MAX], size_t most, size_t *found, int *left, pca_error *err)
{
    struct scan *scan = NULL;
    struct slice key, value;
    struct intent_record intent;
    int rc = pcai_scan_open(txn, TABLE_INTENT, pcai_slice(NULL, 0), pcai_slice(NULL, 0), &scan, err);
    *found = 0;
    *left = 0;
    while (rc == PCA_OK && !*left && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        rc = pcai_record_decode(&pcai_intent_type, key, value, &intent, err);
        if (rc != PCA_OK || key.size != 8 || cx->now <= intent.deadline)
            continue;
        *left = *found == most;
        if (!*left)
            ids[(*found)++] = pcai_read_u64(key.data);
    }
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_intents_resolve(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct overdue *o = arguments;
    uint64_t ids[PCAI_INTENTS_MAX];
    size_t found = 0;
    o->done = 0;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = find_overdue(txn, cx, ids, o->most < PCAI_INTENTS_MAX ? (size_t)o->most : PCAI_INTENTS_MAX, &found, &o->left, err);
    for (size_t i = 0; rc == PCA_OK && i < found; i++)
        rc = pcai_intent_release(txn, cx, ids[i], err);
    if (rc == PCA_OK)
        o->done = found;
    return rc;
}

int pcai_intents_any(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct slice key, value;
    int rc = pcai_last(txn, TABLE_INTENT, pcai_slice(NULL, 0), &key, &value, err);
    (void)cx;
    *(int *)arguments = rc == PCA_OK;
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_intent_issuer(struct slice key, struct slice value, uint64_t *issuer, pca_error *err)
{
    struct intent_record intent;
    int rc = pcai_record_decode(&pcai_intent_type, key, value, &intent, err);
    if (rc == PCA_OK)
        *issuer = intent.issuer;
    return rc;
}
