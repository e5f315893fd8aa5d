#include "ca/quota.h"

#include <inttypes.h>

#include "base/civil.h"
#include "ca/log.h"
#include "ca/walk.h"

#define FREE_LAPSE_MAX 64 /* CAs in one commit */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- Free certificates lapse ---- */

/* Counted from the purchase of the root, which gave them. */
static int have_lapsed(struct txn *txn, struct context *cx, uint64_t id, int *lapsed, pca_error *err)
{
    struct ca_record ca;
    int rc = pcai_ca_read(txn, cx, id, &ca, err);
    if (rc == PCA_OK && ca.parent)
        rc = pcai_ca_read(txn, cx, ca.root, &ca, err);
    if (rc == PCA_OK)
        *lapsed = cx->now >= ca.created + pcai_policy(cx, POLICY_FREE_DAYS) * PCAI_DAY;
    return rc;
}

int pcai_quota_now(struct txn *txn, struct context *cx, uint64_t ca, struct quota_record *quota, uint64_t *lapsed, pca_error *err)
{
    int over = 0, rc = pcai_quota_read(txn, ca, quota, err);
    *lapsed = 0;
    if (rc == PCA_OK && quota->remaining_free && pcai_policy(cx, POLICY_FREE_DAYS))
        rc = have_lapsed(txn, cx, ca, &over, err);
    if (rc != PCA_OK || !over)
        return rc;
    *lapsed = quota->remaining_free;
    quota->remaining -= *lapsed;
    quota->remaining_free = 0;
    quota->lapsed += *lapsed;
    quota->lapsed_free += *lapsed;
    return PCA_OK;
}

int pcai_quota_log_lapsed(struct txn *txn, struct context *cx, uint64_t ca, uint64_t lapsed, pca_error *err)
{
    struct log_record entry = {.ca = ca, .units = -(int64_t)lapsed};
    return lapsed ? pcai_log_append(txn, cx, ACTION_FREE_LAPSE, &entry, err) : PCA_OK;
}

static int find_lapsed(struct txn *txn, struct context *cx, struct free_lapse *l, uint64_t ids[FREE_LAPSE_MAX], size_t *found, pca_error *err)
{
    struct scan *scan = NULL;
    struct slice key, value;
    struct quota_record quota;
    size_t most = (size_t)least(l->most, FREE_LAPSE_MAX);
    uint64_t lapsed;
    int rc = pcai_scan_open(txn, TABLE_QUOTA, pcai_slice(NULL, 0), pcai_slice(NULL, 0), &scan, err);
    while (rc == PCA_OK && !l->left && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        uint64_t id = key.size == 8 ? pcai_read_u64(key.data) : 0;
        rc = pcai_quota_now(txn, cx, id, &quota, &lapsed, err);
        if (rc != PCA_OK || !lapsed)
            continue;
        l->left = *found == most;
        if (!l->left)
            ids[(*found)++] = id;
    }
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_free_lapse(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct free_lapse *l = arguments;
    struct quota_record quota;
    uint64_t ids[FREE_LAPSE_MAX], lapsed;
    size_t found = 0;
    l->done = 0;
    l->left = 0;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK && pcai_policy(cx, POLICY_FREE_DAYS))
        rc = find_lapsed(txn, cx, l, ids, &found, err);
    for (size_t i = 0; rc == PCA_OK && i < found; i++) {
        rc = pcai_quota_now(txn, cx, ids[i], &quota, &lapsed, err);
        if (rc == PCA_OK)
            rc = pcai_quota_put(txn, cx, ids[i], &quota, err);
        if (rc == PCA_OK)
            rc = pcai_quota_log_lapsed(txn, cx, ids[i], lapsed, err);
    }
    if (rc == PCA_OK)
        l->done = found;
    return rc;
}

/* ---- Buying ---- */

/* What counts towards the waiver threshold: this root's purchases over its life, or in this calendar year. */
static uint64_t counted(struct quota_record *quota, const struct context *cx)
{
    uint64_t year = (uint64_t)pcai_civil(cx->now).year;
    if (quota->year != year) {
        quota->year = year;
        quota->year_purchased = 0;
    }
    return pcai_policy(cx, POLICY_FEE_WAIVER_PERIOD) ? quota->year_purchased : quota->purchased;
}

int pcai_certificates_purchase(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct certificates_purchase *p = arguments;
    struct chain chain;
    struct quota_record quota;
    uint64_t results[4] = {0}, lapsed;
    int replayed;
    int rc = pcai_token_replay(txn, &p->token, &replayed, results, err);
    if (rc == PCA_OK && replayed) {
        p->billable = results[0];
        p->waived = results[1];
        return PCA_OK;
    }
    if (rc == PCA_OK)
        rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_chain_read(txn, cx, p->root, &chain, err);
    if (rc == PCA_OK)
        rc = pcai_chain_require_usable(&chain, 0, cx->now, err);
    if (rc == PCA_OK)
        rc = pcai_quota_now(txn, cx, p->root, &quota, &lapsed, err);
    if (rc != PCA_OK)
        return rc;
    uint64_t threshold = (uint64_t)pcai_policy(cx, POLICY_FEE_WAIVER_THRESHOLD), before = counted(&quota, cx);
    p->billable = before < threshold ? least(p->count, threshold - before) : 0;
    p->waived = p->count - p->billable;
    quota.remaining += p->count;
    quota.purchased += p->count;
    quota.year_purchased += p->count;
    quota.billable += p->billable;
    quota.waived += p->waived;
    rc = pcai_quota_put(txn, cx, p->root, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_quota_log_lapsed(txn, cx, p->root, lapsed, err);
    if (rc == PCA_OK) {
        results[0] = p->billable;
        results[1] = p->waived;
        rc = pcai_token_keep(txn, &p->token, results, err);
    }
    if (rc != PCA_OK)
        return rc;
    struct log_record entry = {.ca = p->root, .units = (int64_t)p->count};
    entry.token = pcai_slice_text(p->token.text ? p->token.text : "");
    return pcai_log_append(txn, cx, ACTION_CERTIFICATES_PURCHASE, &entry, err);
}

/* Units keep their mark when they move; free ones go first. */
static void move_units(struct quota_record *from, struct quota_record *to, uint64_t units)
{
    uint64_t given = least(from->remaining_free, units);
    from->remaining -= units;
    from->remaining_free -= given;
    to->remaining += units;
    to->remaining_free += given;
}

static int raise_refused(const struct chain *chain, const struct context *cx, const struct quota_record *root, uint64_t raise,
                         pca_error *err)
{
    char object[PCAI_OBJECT];
    int rc = pcai_chain_require_usable(chain, 0, cx->now, err);
    if (rc == PCA_OK && root->remaining < raise)
        return pcai_fail(err, PCA_E_QUOTA, pcai_ca_object(&chain->ca[chain->count - 1], object), "remaining",
                         "the raise takes %" PRIu64 " certificates and the root has %" PRIu64 " left; buy more", raise, root->remaining);
    return rc;
}

/* What a root or a subordinate has now, and how much of it lapsed before. */
struct side {
    struct quota_record quota;
    uint64_t lapsed;
};

static int side_put(struct txn *txn, struct context *cx, uint64_t ca, const struct side *side, pca_error *err)
{
    int rc = pcai_quota_put(txn, cx, ca, &side->quota, err);
    return rc == PCA_OK ? pcai_quota_log_lapsed(txn, cx, ca, side->lapsed, err) : rc;
}

static int assignment_read(struct txn *txn, struct context *cx, const struct assignment *a, struct chain *chain,
                           struct side *root, struct side *sub, pca_error *err)
{
    char object[PCAI_OBJECT];
    int rc = pcai_chain_read(txn, cx, a->sub, chain, err);
    if (rc != PCA_OK)
        return rc;
    if (chain->ca[0].parent == 0 || chain->ca[0].root != a->root)
        return pcai_fail(err, PCA_E_INVALID, pcai_object("root", a->root, object), "sub", "sub %" PRIu64 " does not stand below this root", a->sub);
    rc = pcai_quota_now(txn, cx, a->root, &root->quota, &root->lapsed, err);
    return rc == PCA_OK ? pcai_quota_now(txn, cx, a->sub, &sub->quota, &sub->lapsed, err) : rc;
}

static int assign(struct txn *txn, struct context *cx, const struct assignment *a, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct chain chain;
    struct side root, sub;
    int rc = assignment_read(txn, cx, a, &chain, &root, &sub, err);
    if (rc != PCA_OK)
        return rc;
    pcai_object("sub", a->sub, object);
    if (chain.ca[chain.count - 1].state == PCA_CA_REVOKED)
        return pcai_fail(err, PCA_E_PARENT_STATE, pcai_object("root", a->root, object), "state", "the root is revoked");
    if (a->expected != PCA_ANY && a->expected != sub.quota.remaining)
        return pcai_fail(err, PCA_E_BUSY, object, "expected", "%" PRIu64 " certificates were expected to remain and %" PRIu64 " do", a->expected,
                         sub.quota.remaining);
    if (a->remaining == sub.quota.remaining)
        return PCA_OK;
    int64_t units;
    if (a->remaining > sub.quota.remaining) {
        uint64_t raise = a->remaining - sub.quota.remaining;
        rc = raise_refused(&chain, cx, &root.quota, raise, err);
        if (rc != PCA_OK)
            return rc;
        move_units(&root.quota, &sub.quota, raise);
        units = (int64_t)raise;
    } else {
        units = -(int64_t)(sub.quota.remaining - a->remaining);
        move_units(&sub.quota, &root.quota, sub.quota.remaining - a->remaining);
    }
    rc = side_put(txn, cx, a->root, &root, err);
    if (rc == PCA_OK)
        rc = side_put(txn, cx, a->sub, &sub, err);
    if (rc != PCA_OK)
        return rc;
    struct log_record entry = {.ca = a->sub, .object = a->root, .units = units};
    entry.token = pcai_slice_text(a->token.text ? a->token.text : "");
    return pcai_log_append(txn, cx, ACTION_ASSIGN, &entry, err);
}

int pcai_assign(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct assignment *a = arguments;
    uint64_t results[4] = {0};
    int replayed;
    int rc = pcai_token_replay(txn, &a->token, &replayed, results, err);
    if (rc != PCA_OK || replayed)
        return rc;
    rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = assign(txn, cx, a, err);
    return rc == PCA_OK ? pcai_token_keep(txn, &a->token, results, err) : rc;
}

int pcai_quota_require(const struct quota_record *quota, const char *object, pca_error *err)
{
    if (quota->remaining > 0)
        return PCA_OK;
    return pcai_fail(err, PCA_E_QUOTA, object, "remaining", "the subordinate has 0 certificates left (%" PRIu64 " issued); assign it more",
                     quota->issued);
}

void pcai_quota_spend(struct quota_record *quota)
{
    quota->remaining--;
    quota->issued++;
    if (quota->remaining_free) {
        quota->remaining_free--;
        quota->issued_free++;
    }
}

void pcai_quota_reserve(struct quota_record *quota)
{
    quota->remaining--;
    quota->reserved++;
    if (quota->remaining_free) {
        quota->remaining_free--;
        quota->reserved_free++;
    }
}

static int require_reserved(const struct quota_record *quota, pca_error *err)
{
    return quota->reserved ? PCA_OK : pcai_fail(err, PCA_E_CORRUPT, NULL, "quota", "no certificate of the CA is reserved");
}

int pcai_quota_consume(struct quota_record *quota, pca_error *err)
{
    int rc = require_reserved(quota, err);
    if (rc != PCA_OK)
        return rc;
    quota->reserved--;
    quota->issued++;
    if (quota->reserved_free) {
        quota->reserved_free--;
        quota->issued_free++;
    }
    return PCA_OK;
}

int pcai_quota_release(struct quota_record *quota, pca_error *err)
{
    int rc = require_reserved(quota, err);
    if (rc != PCA_OK)
        return rc;
    if (quota->reserved_free == quota->reserved) {
        quota->reserved_free--;
        quota->remaining_free++;
    }
    quota->reserved--;
    quota->remaining++;
    return PCA_OK;
}

static uint64_t *held(struct quota_record *quota, uint64_t status, uint64_t type)
{
    return status - 1 < HELD_STATUSES && type - 1 < HELD_TYPES ? &quota->held[status - 1][type - 1] : NULL;
}

int pcai_held_move(struct quota_record *quota, uint64_t type, uint64_t from, uint64_t to, pca_error *err)
{
    uint64_t *left = held(quota, from, type), *reached = held(quota, to, type);
    if ((from && (!left || *left == 0)) || (to && !reached))
        return pcai_fail(err, PCA_E_CORRUPT, NULL, "quota", "the counters of the CA's certificates do not count this one");
    if (left)
        (*left)--;
    if (reached)
        (*reached)++;
    return PCA_OK;
}

static uint64_t held_sum(const struct quota_record *quota, int status, int type)
{
    uint64_t sum = 0;
    for (int s = 1; s <= HELD_STATUSES; s++)
        for (int t = 1; t <= HELD_TYPES; t++)
            if ((!status || s == status) && (!type || t == type))
                sum += quota->held[s - 1][t - 1];
    return sum;
}

int pcai_held_count(struct txn *txn, uint64_t ca, int status, int type, uint64_t *count, int *exact, pca_error *err)
{
    struct row_key prefix = ca ? pcai_key_id64(ca) : pcai_row_key();
    struct scan *scan = NULL;
    struct slice key, value;
    struct quota_record quota;
    uint64_t examined = 0;
    *count = 0;
    *exact = 1;
    int rc = pcai_scan_open(txn, TABLE_QUOTA, pcai_row_key_view(&prefix), pcai_row_key_view(&prefix), &scan, err);
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        *exact = examined++ < PCAI_EXAMINED_MAX;
        if (!*exact)
            break;
        rc = pcai_record_decode(&pcai_quota_type, key, value, &quota, err);
        if (rc == PCA_OK)
            *count += held_sum(&quota, status, type);
    }
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

void pcai_units_add(struct units *total, const struct quota_record *quota)
{
    total->all += quota->remaining + quota->reserved + quota->issued + quota->lapsed;
    total->free += quota->remaining_free + quota->reserved_free + quota->issued_free + quota->lapsed_free;
}

int pcai_quota_check(uint64_t root, const struct quota_record *quota, const struct units *total, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (quota->granted + quota->purchased == total->all && quota->granted == total->free)
        return PCA_OK;
    return pcai_fail(err, PCA_E_CORRUPT, pcai_object("root", root, object), "quota",
                     "%" PRIu64 " certificates were given and %" PRIu64 " bought, but %" PRIu64 " are accounted for (%" PRIu64 " of them free)",
                     quota->granted, quota->purchased, total->all, total->free);
}
