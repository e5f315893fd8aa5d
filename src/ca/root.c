#include "ca/root.h"

#include <inttypes.h>

#include "base/civil.h"
#include "ca/log.h"

static int take_ids(struct txn *txn, uint64_t count, uint64_t *first, pca_error *err)
{
    struct region_record region;
    struct row_key key = pcai_key_text("region");
    int rc = pcai_region_read(txn, &region, err);
    if (rc != PCA_OK)
        return rc;
    *first = region.next_ca;
    region.next_ca += count;
    region.rules++;
    return pcai_record_put(txn, &pcai_region_type, pcai_row_key_view(&key), &region, err);
}

static int log_with_token(struct txn *txn, struct context *cx, enum action action, uint64_t ca, uint64_t object, const struct token *token, pca_error *err)
{
    struct log_record entry = {.ca = ca, .object = object, .token = pcai_slice_text(token->text ? token->text : "")};
    return pcai_log_append(txn, cx, action, &entry, err);
}

static int put_pair(struct txn *txn, struct context *cx, const struct root_purchase *p, uint64_t id, pca_error *err)
{
    struct ca_record ca = {.id = id,
                           .root = id,
                           .kind = (uint64_t)p->kind,
                           .family = (uint64_t)p->family,
                           .state = PCA_CA_PURCHASED,
                           .created = cx->now,
                           .service_start = cx->now,
                           .service_end = pcai_add_months(cx->now, (int64_t)p->months),
                           .months = p->months};
    uint64_t given = p->kind == PCA_KIND_PRIVATE ? (uint64_t)pcai_policy(cx, POLICY_FREE_CERTIFICATES) : 0;
    struct quota_record of_root = {.granted = given}, of_sub = {.remaining = given, .remaining_free = given};
    int rc = pcai_ca_put(txn, cx, &ca, err);
    if (rc == PCA_OK)
        rc = pcai_quota_put(txn, cx, id, &of_root, err);
    ca.id = id + 1;
    ca.parent = id;
    ca.bundled = 1;
    if (rc == PCA_OK)
        rc = pcai_ca_put(txn, cx, &ca, err);
    if (rc == PCA_OK)
        rc = pcai_quota_put(txn, cx, id + 1, &of_sub, err);
    if (rc != PCA_OK)
        return rc;
    rc = log_with_token(txn, cx, ACTION_ROOT_PURCHASE, id, id + 1, &p->token, err);
    if (rc == PCA_OK && given)
        rc = pcai_log_append(txn, cx, ACTION_FREE_CREDIT, &(struct log_record){.ca = id + 1, .object = id, .units = (int64_t)given}, err);
    return rc;
}

int pcai_root_purchase(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct root_purchase *p = arguments;
    uint64_t results[4] = {0};
    int replayed;
    int rc = pcai_token_replay(txn, &p->token, &replayed, results, err);
    if (rc == PCA_OK && replayed)
        p->root = results[0];
    if (rc != PCA_OK || replayed)
        return rc;
    rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = take_ids(txn, 2, &results[0], err);
    if (rc == PCA_OK)
        rc = put_pair(txn, cx, p, results[0], err);
    if (rc == PCA_OK)
        rc = pcai_token_keep(txn, &p->token, results, err);
    p->root = results[0];
    return rc;
}

int pcai_root_default_sub(struct txn *txn, struct context *cx, uint64_t root, uint64_t *sub, pca_error *err)
{
    struct ca_record ca;
    int rc = pcai_ca_read(txn, cx, root + 1, &ca, err); /* bought together, numbered together */
    if (rc != PCA_OK)
        return rc;
    char object[PCAI_OBJECT];
    if (ca.parent != root || !ca.bundled)
        return pcai_fail(err, PCA_E_CORRUPT, pcai_object("root", root, object), NULL, "the root has lost the subordinate that came with it");
    *sub = ca.id;
    return PCA_OK;
}

/* From the present term's start, so that days that were clamped come back; from now once it has ended. */
static int prolong(struct ca_record *ca, const struct context *cx, uint64_t months, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (cx->now >= ca->service_end) {
        ca->service_start = cx->now;
        ca->months = 0;
    }
    ca->months += months;
    ca->service_end = pcai_add_months(ca->service_start, (int64_t)ca->months);
    if (ca->service_end > PCAI_TIME_MAX)
        return pcai_fail(err, PCA_E_INVALID, pcai_ca_object(ca, object), "months", "the term would end after the year 9999");
    return PCA_OK;
}

/* The subordinate that came with a root has its root's term. */
static int renew_bundled(struct txn *txn, struct context *cx, const struct ca_record *root, pca_error *err)
{
    struct ca_record sub;
    uint64_t id = 0;
    int rc = pcai_root_default_sub(txn, cx, root->id, &id, err);
    if (rc == PCA_OK)
        rc = pcai_ca_read(txn, cx, id, &sub, err);
    if (rc != PCA_OK)
        return rc;
    sub.service_start = root->service_start;
    sub.service_end = root->service_end;
    sub.months = root->months;
    return pcai_ca_put(txn, cx, &sub, err);
}

static int renew(struct txn *txn, struct context *cx, const struct renewal *r, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct ca_record ca;
    int rc = pcai_ca_read(txn, cx, r->ca, &ca, err);
    if (rc != PCA_OK)
        return rc;
    pcai_ca_object(&ca, object);
    if (ca.bundled)
        return pcai_fail(err, PCA_E_STATE, object, "service_end", "the subordinate came with root %" PRIu64 " and has its term: renew the root", ca.root);
    if (ca.state == PCA_CA_REVOKED)
        return pcai_fail(err, PCA_E_STATE, object, "state", "the CA is revoked");
    rc = prolong(&ca, cx, r->months, err);
    if (rc == PCA_OK && !ca.parent)
        rc = renew_bundled(txn, cx, &ca, err);
    if (rc == PCA_OK)
        rc = pcai_ca_put(txn, cx, &ca, err);
    return rc == PCA_OK ? pcai_rules_raise(txn, err) : rc;
}

int pcai_ca_renew(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct renewal *r = arguments;
    uint64_t results[4] = {0};
    int replayed;
    int rc = pcai_token_replay(txn, &r->token, &replayed, results, err);
    if (rc != PCA_OK || replayed)
        return rc;
    rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = renew(txn, cx, r, err);
    if (rc == PCA_OK)
        rc = pcai_token_keep(txn, &r->token, results, err);
    return rc == PCA_OK ? log_with_token(txn, cx, ACTION_RENEW, r->ca, r->months, &r->token, err) : rc;
}

/* ---- Further subordinates ---- */

static int put_sub(struct txn *txn, struct context *cx, const struct ca_record *root, struct sub_purchase *p, pca_error *err)
{
    struct ca_record ca = {.parent = root->id,
                           .root = root->id,
                           .kind = root->kind,
                           .family = root->family,
                           .state = PCA_CA_PURCHASED,
                           .created = cx->now,
                           .service_start = cx->now,
                           .service_end = pcai_add_months(cx->now, (int64_t)p->months),
                           .months = p->months};
    int rc = take_ids(txn, 1, &ca.id, err);
    if (rc == PCA_OK)
        rc = pcai_ca_put(txn, cx, &ca, err);
    if (rc == PCA_OK)
        rc = pcai_quota_put(txn, cx, ca.id, &(struct quota_record){0}, err);
    p->sub = ca.id;
    return rc;
}

int pcai_sub_purchase(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct sub_purchase *p = arguments;
    struct ca_record root;
    uint64_t results[4] = {0};
    int replayed;
    int rc = pcai_token_replay(txn, &p->token, &replayed, results, err);
    if (rc == PCA_OK && replayed)
        p->sub = results[0];
    if (rc != PCA_OK || replayed)
        return rc;
    rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_ca_read(txn, cx, p->root, &root, err);
    if (rc == PCA_OK && root.state == PCA_CA_REVOKED)
        rc = pcai_fail(err, PCA_E_STATE, pcai_ca_object(&root, object), "state", "the CA is revoked");
    if (rc == PCA_OK)
        rc = put_sub(txn, cx, &root, p, err);
    results[0] = p->sub;
    if (rc == PCA_OK)
        rc = pcai_token_keep(txn, &p->token, results, err);
    return rc == PCA_OK ? log_with_token(txn, cx, ACTION_SUB_PURCHASE, p->sub, p->root, &p->token, err) : rc;
}
