#include "ca/review.h"

#include <inttypes.h>
#include <string.h>

#include "base/civil.h"
#include "base/text.h"
#include "ca/label.h"
#include "ca/leaf_names.h"
#include "ca/log.h"
#include "ca/plan.h"
#include "ca/public_keys.h"
#include "ca/quota.h"
#include "crypto/crypto.h"

/* ---- The record ---- */

void pcai_review_write(const struct review *review, struct buf *out)
{
    pcai_der_uint(out, review->form);
    pcai_der_int(out, review->span);
    pcai_der_int(out, review->not_before);
    pcai_der_int(out, review->not_after);
    pcai_der_int(out, review->lapses);
    pcai_der_put(out, DER_OCTET_STRING, review->digest);
    size_t approvals = pcai_der_begin(out, DER_SEQUENCE);
    for (size_t i = 0; i < review->count; i++) {
        pcai_der_put(out, DER_UTF8_STRING, review->approvals[i].actor);
        pcai_der_int(out, review->approvals[i].at);
    }
    pcai_der_end(out, approvals);
    pcai_der_int(out, review->decided);
    pcai_der_put(out, DER_UTF8_STRING, review->decider);
    pcai_der_put(out, DER_UTF8_STRING, review->reason);
}

static int read_approvals(struct der in, struct review *review)
{
    review->count = 0;
    while (!pcai_der_at_end(&in)) {
        struct approval *a = &review->approvals[review->count];
        if (review->count == PCAI_APPROVALS_MAX || pcai_der_get(&in, DER_UTF8_STRING, &a->actor) != 0 || pcai_der_get_int(&in, &a->at) != 0)
            return -1;
        review->count++;
    }
    return 0;
}

int pcai_review_read(const struct cert_view *view, struct review *review, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct der in = pcai_der(view->record.review), approvals;
    if (pcai_der_get_uint(&in, &review->form) == 0 && pcai_der_get_int(&in, &review->span) == 0 &&
        pcai_der_get_int(&in, &review->not_before) == 0 && pcai_der_get_int(&in, &review->not_after) == 0 &&
        pcai_der_get_int(&in, &review->lapses) == 0 && pcai_der_get(&in, DER_OCTET_STRING, &review->digest) == 0 &&
        pcai_der_enter(&in, DER_SEQUENCE, &approvals) == 0 && read_approvals(approvals, review) == 0 &&
        pcai_der_get_int(&in, &review->decided) == 0 && pcai_der_get(&in, DER_UTF8_STRING, &review->decider) == 0 &&
        pcai_der_get(&in, DER_UTF8_STRING, &review->reason) == 0 && pcai_der_at_end(&in))
        return PCA_OK;
    return pcai_fail(err, PCA_E_CORRUPT, pcai_object("cert", view->id, object), "review", "the record of its review cannot be read");
}

int pcai_review_digest(uint64_t id, const struct review *review, struct slice tbs, struct slice pair, uint8_t digest[32], pca_error *err)
{
    struct buf template = {0};
    uint8_t computed[PCAI_DIGEST_MAX];
    size_t mark = pcai_der_begin(&template, DER_SEQUENCE);
    pcai_der_uint(&template, id);
    pcai_der_uint(&template, review->form);
    pcai_der_int(&template, review->span);
    pcai_der_int(&template, review->not_before);
    pcai_der_int(&template, review->not_after);
    pcai_buf_slice(&template, tbs);
    pcai_buf_slice(&template, pair);
    pcai_der_end(&template, mark);
    int rc = pcai_buf_check(&template, err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, pcai_buf_view(&template), computed, err);
    if (rc == PCA_OK)
        memcpy(digest, computed, 32);
    pcai_buf_free(&template);
    return rc;
}

/* The template of a pending request, which must be the one that was frozen. */
static int read_template(const struct cert_view *view, const struct review *review, struct certificate *template, struct certificate *pair, pca_error *err)
{
    char object[PCAI_OBJECT];
    uint8_t digest[32];
    int rc = pcai_certificate_read(view->record.der, template, err);
    *pair = (struct certificate){.tbs = {NULL, 0}};
    if (rc == PCA_OK && view->record.encryption_der.size)
        rc = pcai_certificate_read(view->record.encryption_der, pair, err);
    if (rc == PCA_OK)
        rc = pcai_review_digest(view->id, review, template->tbs, pair->tbs, digest, err);
    if (rc == PCA_OK && !pcai_slice_equal(review->digest, pcai_slice(digest, sizeof digest)))
        return pcai_fail(err, PCA_E_CORRUPT, pcai_object("cert", view->id, object), "review", "the template is not the one that was frozen");
    return rc;
}

/* ---- Rows of what is pending ---- */

struct row_key pcai_review_pending_key(void)
{
    return pcai_key_text("P");
}

static struct row_key pending_key(uint64_t id)
{
    struct row_key key = pcai_review_pending_key();
    pcai_row_key_u64(&key, id);
    return key;
}

int pcai_review_put_pending(struct txn *txn, uint64_t id, pca_error *err)
{
    struct row_key key = pending_key(id);
    return pcai_record_put(txn, &pcai_name_type, pcai_row_key_view(&key), &(struct index_record){0}, err);
}

static int delete_pending(struct txn *txn, uint64_t id, pca_error *err)
{
    struct row_key key = pending_key(id);
    int rc = pcai_delete(txn, TABLE_NAME, pcai_row_key_view(&key), err);
    return rc == PCA_E_NOT_FOUND ? pcai_fail(err, PCA_E_CORRUPT, NULL, "name", "the row of a pending request is missing") : rc;
}

int pcai_review_check(struct txn *txn, const struct cert_view *view, uint64_t *rows, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct row_key key = pending_key(view->id);
    struct index_record row;
    struct review review;
    struct certificate template, pair;
    uint64_t status = view->status.status;
    int pending = status == PCA_STATUS_PENDING, issued = status == PCA_STATUS_ISSUED || status == PCA_STATUS_REVOKED;
    pcai_object("cert", view->id, object);
    if (!view->record.review.size)
        return issued ? PCA_OK : pcai_fail(err, PCA_E_CORRUPT, object, "review", "it was not issued, and has no review");
    int rc = pcai_review_read(view, &review, err);
    if (rc == PCA_OK && pending)
        rc = read_template(view, &review, &template, &pair, err);
    if (rc != PCA_OK)
        return rc;
    if (pending == (review.decided != 0) || issued != (view->record.serial.size != 0) || (!pending && !issued && (view->record.sealed_key.size || view->record.encryption_key.size)))
        return pcai_fail(err, PCA_E_CORRUPT, object, "review", "its status is not what its review came to");
    if (!pending)
        return PCA_OK;
    (*rows)++;
    rc = pcai_record_get(txn, &pcai_name_type, pcai_row_key_view(&key), &row, err);
    return rc == PCA_E_NOT_FOUND ? pcai_fail(err, PCA_E_CORRUPT, object, "name", "the row of a pending request is missing") : rc;
}

/* ---- Reading and judging ---- */

/* A pending request, its slices copied: they outlive puts, and in a plan the transaction. */
static int read_pending(struct txn *txn, struct arena *arena, uint64_t id, enum cert_action action, struct cert_view *view,
                        struct review *review, pca_error *err)
{
    int rc = pcai_cert_read(txn, id, view, err);
    if (rc == PCA_OK)
        rc = pcai_cert_require(view, action, err);
    if (rc == PCA_OK)
        rc = pcai_cert_copy(arena, view, err);
    return rc == PCA_OK ? pcai_review_read(view, review, err) : rc;
}

static int check_lapse(const struct context *cx, const struct cert_view *view, const struct review *review, pca_error *err)
{
    char object[PCAI_OBJECT], at[PCAI_TIME_TEXT];
    if (!review->lapses || cx->now < review->lapses)
        return PCA_OK;
    pcai_time_text(review->lapses, at);
    return pcai_fail(err, PCA_E_REVIEW, pcai_object("cert", view->id, object), "review_days", "nobody decided before %s, and the request has lapsed", at);
}

/* People are told apart where a policy counts them, or holds one against another. */
static int named(const struct context *cx)
{
    return pcai_policy(cx, POLICY_APPROVERS) > 1 || pcai_policy(cx, POLICY_REVIEWER_DIFFERS);
}

static int check_reviewer(const struct context *cx, const struct cert_view *view, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct slice actor = pcai_slice_text(cx->actor);
    pcai_object("cert", view->id, object);
    if (named(cx) && actor.size == 0)
        return pcai_fail(err, PCA_E_REVIEW, object, "actor", "under policy approvers or reviewer_differs a reviewer is known by the actor, which is not set");
    if (pcai_policy(cx, POLICY_REVIEWER_DIFFERS) && pcai_slice_equal(actor, view->record.actor))
        return pcai_fail(err, PCA_E_REVIEW, object, "actor", "policy reviewer_differs: \"%s\" asked for it and cannot decide", cx->actor);
    return PCA_OK;
}

static int add_approval(const struct context *cx, const struct cert_view *view, struct review *review, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct slice actor = pcai_slice_text(cx->actor);
    for (size_t i = 0; named(cx) && i < review->count; i++)
        if (pcai_slice_equal(review->approvals[i].actor, actor))
            return pcai_fail(err, PCA_E_REVIEW, pcai_object("cert", view->id, object), "actor", "\"%s\" has approved it already", cx->actor);
    if (review->count == PCAI_APPROVALS_MAX)
        return pcai_fail(err, PCA_E_REVIEW, pcai_object("cert", view->id, object), "approvers", "it has %d approvals already", PCAI_APPROVALS_MAX);
    review->approvals[review->count++] = (struct approval){actor, cx->now};
    return PCA_OK;
}

/* ---- Approval ---- */

static int check_digest(const struct plan *plan, const struct cert_view *view, const struct review *review, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (pcai_slice_equal(pcai_slice(plan->approved, sizeof plan->approved), review->digest))
        return PCA_OK;
    return pcai_fail(err, PCA_E_REVIEW, pcai_object("cert", view->id, object), "digest", "the digest is not that of this request");
}

/* The template names the key that was to sign it. */
static int check_generation(const struct plan *plan, const struct ca_record *sub, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (sub->generation == plan->view.record.generation)
        return PCA_OK;
    return pcai_fail(err, PCA_E_STATE, pcai_ca_object(sub, object), "generation",
                     "the CA has another key since the request was made; reject it and ask again");
}

static size_t count_names(const struct certificate *c)
{
    struct general_name names[PCAI_SAN_MAX + 1];
    size_t count = 0, other = 0;
    return c->san.data && pcai_san_read(c->san, names, PCAI_SAN_MAX + 1, &count, &other) == 0 ? count : 0;
}

/* Everything that a request is held against, once more: on the day that it is issued. */
static int issue_rules(struct txn *txn, struct context *cx, struct plan *plan, pca_error *err)
{
    struct chain chain;
    const struct cert_record *r = &plan->view.record;
    struct certificate *c = &plan->certificate, pair;
    int rc = pcai_chain_read(txn, cx, r->issuer, &chain, err);
    if (rc == PCA_OK)
        rc = pcai_chain_require_usable(&chain, 0, cx->now, err);
    if (rc == PCA_OK)
        rc = check_generation(plan, &chain.ca[0], err);
    if (rc == PCA_OK)
        rc = read_template(&plan->view, &plan->review, c, &pair, err);
    if (rc != PCA_OK)
        return rc;
    plan->dual = pair.tbs.data != NULL;
    plan->pair_template = pair.tbs;
    plan->ca = r->issuer;
    plan->algorithm = (int)r->algorithm;
    plan->container = (int)r->container;
    plan->public_key = c->public_key;
    plan->sequence = plan->view.id;
    plan->service_end = pcai_chain_service_end(&chain, 0);
    plan->lint = (struct lint_context){.role = LINT_LEAF,
                                       .type = (int)r->type,
                                       .allow_weak = pcai_policy(cx, POLICY_ALLOW_WEAK) != 0,
                                       .include_crl = c->crl_url.data != NULL};
    plan->lint.given_names = count_names(c);
    rc = pcai_leaf_algorithm(plan, &chain.ca[0], cx, err);
    if (rc == PCA_OK)
        rc = pcai_leaf_key(txn, cx, plan, err);
    if (rc == PCA_OK)
        rc = pcai_leaf_validity(plan, &chain, cx, err);
    return rc == PCA_OK ? pcai_plan_set_issuer(txn, cx, plan, &chain.ca[0], err) : rc;
}

int pcai_approval_rules(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct plan *plan = arguments;
    plan->opaque = pcai_policy(cx, POLICY_OPAQUE_SERIALS) != 0;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_rules_read(txn, &plan->rules, err);
    if (rc == PCA_OK)
        rc = read_pending(txn, &plan->arena, plan->certificate_id, CERT_APPROVE, &plan->view, &plan->review, err);
    if (rc == PCA_OK)
        rc = check_lapse(cx, &plan->view, &plan->review, err);
    if (rc == PCA_OK)
        rc = check_digest(plan, &plan->view, &plan->review, err);
    if (rc == PCA_OK)
        rc = check_reviewer(cx, &plan->view, err);
    if (rc == PCA_OK)
        rc = add_approval(cx, &plan->view, &plan->review, err);
    if (rc != PCA_OK)
        return rc;
    plan->decides = plan->review.count >= (uint64_t)pcai_policy(cx, POLICY_APPROVERS);
    return plan->decides ? issue_rules(txn, cx, plan, err) : PCA_OK;
}

int pcai_approval_make(struct plan *plan, pca_error *err)
{
    return plan->decides ? pcai_plan_fill(plan, plan->certificate.tbs, plan->pair_template, err) : PCA_OK;
}

/* The record with the review as it has become. */
static int put_reviewed(struct txn *txn, const struct context *cx, uint64_t id, struct cert_record *record, const struct review *review,
                        pca_error *err)
{
    struct buf stored = {0};
    pcai_review_write(review, &stored);
    int rc = pcai_buf_check(&stored, err);
    record->review = pcai_buf_view(&stored);
    if (rc == PCA_OK)
        rc = pcai_cert_put(txn, cx, id, record, err);
    pcai_buf_free(&stored);
    return rc;
}

static int put_approval(struct txn *txn, struct context *cx, struct cert_view *view, const struct review *review, pca_error *err)
{
    struct log_record entry = {.ca = view->record.issuer, .object = view->id};
    int rc = put_reviewed(txn, cx, view->id, &view->record, review, err);
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_APPROVE, &entry, err) : rc;
}

/* PENDING -> ISSUED: the one place. */
static int put_issue(struct txn *txn, struct context *cx, struct plan *plan, struct cert_view *view, struct quota_record *quota, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    struct cert_record *r = &view->record;
    struct row_key key = pcai_key_id64(view->id), expiry = pcai_key_expiry(plan->certificate.not_after, view->id);
    r->der = pcai_buf_view(&plan->der);
    r->serial = plan->certificate.serial;
    r->not_before = plan->certificate.not_before;
    r->not_after = plan->certificate.not_after;
    if (plan->dual) {
        r->encryption_der = pcai_buf_view(&plan->pair.der);
        r->encryption_serial = pcai_plan_pair_serial(plan);
    }
    int rc = pcai_plan_reserve(txn, plan, err);
    if (rc == PCA_OK)
        rc = pcai_plan_put_serial(txn, plan, view->id, err);
    if (rc == PCA_OK)
        rc = pcai_public_key_keep(txn, cx, plan->certificate.public_key, plan->certificate.subject, 0, err);
    if (rc == PCA_OK)
        rc = put_reviewed(txn, cx, view->id, r, &plan->review, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_expiry_type, pcai_row_key_view(&expiry), &(struct index_record){0}, err);
    if (rc == PCA_OK)
        rc = delete_pending(txn, view->id, err);
    if (rc == PCA_OK)
        rc = pcai_delete(txn, TABLE_STATUS, pcai_row_key_view(&key), err);
    if (rc == PCA_OK)
        rc = pcai_quota_put(txn, cx, r->issuer, quota, err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, r->der, digest, err);
    if (rc != PCA_OK)
        return rc;
    struct log_record entry = {.ca = r->issuer, .object = view->id, .digest = pcai_slice(digest, 32)};
    return pcai_log_append(txn, cx, ACTION_ISSUE, &entry, err);
}

int pcai_approval_record(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct plan *plan = arguments;
    struct cert_view view;
    struct review review;
    struct quota_record quota;
    uint64_t rules;
    plan->reserved = 0;
    int rc = pcai_rules_read(txn, &rules, err);
    if (rc == PCA_OK)
        rc = read_pending(txn, &cx->arena, plan->certificate_id, CERT_APPROVE, &view, &review, err);
    if (rc == PCA_OK)
        rc = check_lapse(cx, &view, &review, err);
    if (rc != PCA_OK)
        return rc;
    if (rules != plan->rules || !pcai_slice_equal(view.record.review, plan->view.record.review) || (plan->decides && cx->now >= plan->service_end))
        return PCAI_AGAIN;
    if (!plan->decides)
        return put_approval(txn, cx, &view, &plan->review, err);
    plan->review.decided = cx->now;
    plan->review.decider = pcai_slice_text(cx->actor);
    rc = pcai_plan_serial_current(txn, plan, err);
    if (rc == PCA_OK)
        rc = pcai_leaf_key(txn, cx, plan, err); /* another may have had it certified meanwhile */
    if (rc == PCA_OK)
        rc = pcai_quota_read(txn, view.record.issuer, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_quota_consume(&quota, err);
    if (rc == PCA_OK)
        rc = pcai_held_move(&quota, view.record.type, PCA_STATUS_PENDING, PCA_STATUS_ISSUED, err);
    return rc == PCA_OK ? put_issue(txn, cx, plan, &view, &quota, err) : rc;
}

/* ---- Rejecting, cancelling, lapsing ---- */

/* The unit goes back, the private key that was made for it is no more. */
static int end(struct txn *txn, struct context *cx, struct cert_view *view, struct review *review, int status, enum action action, pca_error *err)
{
    struct quota_record quota;
    struct cert_record *r = &view->record;
    struct status_record row = {.status = (uint64_t)status, .at = cx->now};
    int rc = pcai_quota_read(txn, r->issuer, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_quota_release(&quota, err);
    if (rc == PCA_OK)
        rc = pcai_held_move(&quota, r->type, PCA_STATUS_PENDING, (uint64_t)status, err);
    if (rc != PCA_OK)
        return rc;
    review->decided = cx->now;
    r->sealed_key = r->encryption_key = pcai_slice(NULL, 0);
    rc = put_reviewed(txn, cx, view->id, r, review, err);
    if (rc == PCA_OK)
        rc = delete_pending(txn, view->id, err);
    if (rc == PCA_OK)
        rc = pcai_status_put(txn, cx, view->id, &row, err);
    if (rc == PCA_OK)
        rc = pcai_quota_put(txn, cx, r->issuer, &quota, err);
    struct log_record entry = {.ca = r->issuer, .object = view->id, .units = 1};
    return rc == PCA_OK ? pcai_log_append(txn, cx, action, &entry, err) : rc;
}

int pcai_reason_check(const char *reason, pca_error *err)
{
    size_t characters = 0;
    if (*reason && pcai_utf8_printable(pcai_slice_text(reason), &characters) && characters <= PCAI_REASON_TEXT_MAX)
        return PCA_OK;
    return pcai_fail(err, PCA_E_INVALID, "call", "reason", "a reason is 1 to %d characters of UTF-8 without control characters", PCAI_REASON_TEXT_MAX);
}

int pcai_review_reject(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    const struct decision *d = arguments;
    struct cert_view view;
    struct review review;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = read_pending(txn, &cx->arena, d->id, CERT_REJECT, &view, &review, err);
    if (rc == PCA_OK)
        rc = check_lapse(cx, &view, &review, err);
    if (rc == PCA_OK)
        rc = check_reviewer(cx, &view, err);
    if (rc != PCA_OK)
        return rc;
    review.decider = pcai_slice_text(cx->actor);
    review.reason = pcai_slice_text(d->reason);
    return end(txn, cx, &view, &review, PCA_STATUS_REJECTED, ACTION_REJECT, err);
}

int pcai_review_cancel(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    char object[PCAI_OBJECT];
    const struct decision *d = arguments;
    struct cert_view view;
    struct review review;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = read_pending(txn, &cx->arena, d->id, CERT_CANCEL, &view, &review, err);
    if (rc != PCA_OK)
        return rc;
    review.decider = pcai_slice_text(cx->actor);
    if (!pcai_slice_equal(review.decider, view.record.actor))
        return pcai_fail(err, PCA_E_REVIEW, pcai_object("cert", d->id, object), "actor", "only who asked for it can cancel it; others reject it");
    return end(txn, cx, &view, &review, PCA_STATUS_CANCELLED, ACTION_CANCEL, err);
}

/* *lapsed: how many are in ids. */
static int find_lapsed(struct txn *txn, const struct context *cx, uint64_t ids[PCAI_LAPSES_MAX], size_t most, size_t *lapsed, int *left, pca_error *err)
{
    struct row_key prefix = pcai_review_pending_key();
    struct scan *scan = NULL;
    struct slice key, value;
    int rc = pcai_scan_open(txn, TABLE_NAME, pcai_row_key_view(&prefix), pcai_row_key_view(&prefix), &scan, err);
    *lapsed = 0;
    *left = 0;
    while (rc == PCA_OK && !*left && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        struct cert_view view;
        struct review review;
        rc = key.size == prefix.size + 8 ? pcai_cert_read(txn, pcai_read_u64(key.data + prefix.size), &view, err)
                                         : pcai_fail(err, PCA_E_CORRUPT, "region", "name", "the row of a pending request is malformed");
        if (rc == PCA_OK)
            rc = pcai_review_read(&view, &review, err);
        if (rc != PCA_OK || !review.lapses || cx->now < review.lapses)
            continue;
        *left = *lapsed == most;
        if (!*left)
            ids[(*lapsed)++] = view.id;
    }
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_review_lapse(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct lapses *l = arguments;
    uint64_t ids[PCAI_LAPSES_MAX];
    size_t found = 0;
    l->done = 0;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = find_lapsed(txn, cx, ids, l->most < PCAI_LAPSES_MAX ? (size_t)l->most : PCAI_LAPSES_MAX, &found, &l->left, err);
    for (size_t i = 0; rc == PCA_OK && i < found; i++) {
        struct cert_view view;
        struct review review;
        rc = read_pending(txn, &cx->arena, ids[i], CERT_CANCEL, &view, &review, err);
        if (rc == PCA_OK)
            rc = end(txn, cx, &view, &review, PCA_STATUS_CANCELLED, ACTION_LAPSE, err);
    }
    if (rc == PCA_OK)
        l->done = found;
    return rc;
}

/* ---- Purging ---- */

int pcai_cert_purge(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    const struct decision *d = arguments;
    struct cert_view view;
    struct quota_record quota;
    struct row_key key = pcai_key_id64(d->id);
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_cert_read(txn, d->id, &view, err);
    if (rc == PCA_OK)
        rc = pcai_cert_require(&view, CERT_PURGE, err);
    if (rc == PCA_OK)
        rc = pcai_cert_copy(&cx->arena, &view, err);
    if (rc == PCA_OK)
        rc = pcai_quota_read(txn, view.record.issuer, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_held_move(&quota, view.record.type, view.status.status, 0, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_quota_put(txn, cx, view.record.issuer, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_labels_delete(txn, &view.record, d->id, err);
    if (rc == PCA_OK)
        rc = pcai_leaf_names_delete(txn, view.record.der, d->id, err);
    if (rc == PCA_OK)
        rc = pcai_delete(txn, TABLE_STATUS, pcai_row_key_view(&key), err);
    if (rc == PCA_OK)
        rc = pcai_delete(txn, TABLE_CERT, pcai_row_key_view(&key), err);
    struct log_record entry = {.ca = view.record.issuer, .object = d->id};
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_PURGE, &entry, err) : rc;
}
