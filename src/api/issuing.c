#include "api/issuing.h"

#include <string.h>

#include "api/blob.h"
#include "base/memory.h"
#include "ca/certificate.h"
#include "ca/cross.h"
#include "x509/pem.h"

/* After so many attempts the caller hears BUSY. */
#define ATTEMPTS 3

struct pca_findings {
    struct findings findings;
    struct buf certificate; /* what would be signed; empty: there is nothing */
};

static struct plan plan_for(const struct pca_ca *ca, const pca_request *request)
{
    return (struct plan){.request = request, .ca = ca->record.id};
}

static int busy(const struct plan *plan, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (plan->repeats)
        return pcai_fail(err, PCA_E_CRYPTO, pcai_object("ca", plan->ca, object), "serial", "%d random serial numbers were all in use: the source of random repeats itself", ATTEMPTS);
    return pcai_fail(err, PCA_E_BUSY, pcai_object("ca", plan->ca, object), NULL, "the CAs or policies kept changing; try again");
}

/* ---- CA certificates ---- */

static int ca_rules(struct txn *txn, struct context *cx, void *plan, pca_error *err)
{
    return pcai_ca_rules(txn, cx, plan, err);
}

/* arguments: what the two rules get; the plan is in it. ready, NULL for none, is called with what is about to be recorded. */
struct steps {
    rule rules, record;
    void *arguments;
    int (*ready)(const struct plan *plan, void *out, pca_error *err);
    void *out;
};

static int certify(struct call *call, struct plan *plan, const struct steps *steps, pca_error *err)
{
    int asked = plan->algorithm;
    for (int i = 0; i < ATTEMPTS; i++) {
        pcai_plan_reset(plan);
        plan->algorithm = asked;
        int rc = pcai_call_read(call, steps->rules, steps->arguments, err);
        if (rc == PCA_OK)
            rc = pcai_plan_make(plan, err);
        if (rc == PCA_OK && steps->ready)
            rc = steps->ready(plan, steps->out, err);
        if (rc == PCA_OK)
            rc = pcai_call_write(call, steps->record, steps->arguments, err);
        if (rc != PCAI_AGAIN)
            return rc;
    }
    return busy(plan, err);
}

int pcai_log_in(struct containers *containers, const pca_request *request, pca_error *err)
{
    struct key_place place = {request->driver, request->slot, ""};
    int rc = request->pin ? pcai_container_login(containers, &place, request->pin, err) : PCA_OK;
    if (rc == PCA_E_EXISTS)
        pca_error_clear(err);
    return rc == PCA_E_EXISTS ? PCA_OK : rc;
}

/* Begins the call, after the arguments. */
static int certify_ca(const struct pca_ca *ca, struct plan *plan, const struct steps *steps, pca_error *err)
{
    struct call call;
    int rc = pcai_call_begin(ca->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    plan->env = ca->shell->env;
    plan->random = ca->shell->random;
    plan->containers = ca->shell->containers;
    rc = pcai_call_require_write(&call, err);
    if (rc == PCA_OK)
        rc = pcai_log_in(plan->containers, plan->request, err);
    if (rc == PCA_OK)
        rc = certify(&call, plan, steps, err);
    pcai_call_end(&call);
    return rc;
}

int pcai_certify_ca(const struct pca_ca *ca, enum ca_purpose purpose, uint64_t parent, const pca_request *request, pca_error *err)
{
    struct plan plan = plan_for(ca, request);
    struct steps steps = {.rules = ca_rules, .record = pcai_ca_record, .arguments = &plan};
    plan.purpose = purpose;
    plan.parent = parent;
    int rc = pcai_ca_arguments(&plan, ca->record.parent == 0, err);
    if (rc == PCA_OK)
        rc = certify_ca(ca, &plan, &steps, err);
    pcai_plan_free(&plan, rc == PCA_OK);
    return rc;
}

/* ---- Cross-certificates ---- */

struct encoding {
    int format;
    pca_blob *blob;
};

/* Before the commit: what was signed must not be lost for want of memory. */
static int encode(const struct plan *plan, void *out, pca_error *err)
{
    struct encoding *e = out;
    pca_blob_free(e->blob);
    e->blob = NULL;
    return pcai_blob_encode(e->format, "CERTIFICATE", pcai_buf_view(&plan->der), &e->blob, err);
}

int pcai_cross_sign(const struct pca_ca *ca, uint64_t subject, struct slice certificate, int foreign, const pca_request *request, int format,
                    pca_blob **blob, pca_error *err)
{
    struct cross cross = {.plan = plan_for(ca, request), .subject = subject, .foreign = foreign};
    struct encoding encoding = {.format = format};
    struct steps steps = {pcai_cross_rules, pcai_cross_record, &cross, encode, &encoding};
    int rc = pcai_cross_arguments(&cross, certificate, err);
    if (rc == PCA_OK)
        rc = certify_ca(ca, &cross.plan, &steps, err);
    pcai_cross_free(&cross, rc == PCA_OK);
    if (rc == PCA_OK)
        *blob = encoding.blob;
    else
        pca_blob_free(encoding.blob);
    return rc;
}

/* ---- Approvals ---- */

static int approve(struct call *call, struct plan *plan, pca_error *err)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        pcai_plan_reset(plan);
        int rc = pcai_call_read(call, pcai_approval_rules, plan, err);
        if (rc == PCA_OK)
            rc = pcai_approval_make(plan, err);
        if (rc == PCA_OK)
            rc = pcai_call_write(call, pcai_approval_record, plan, err);
        if (rc != PCAI_AGAIN)
            return rc;
    }
    return busy(plan, err);
}

int pcai_approve(struct shell *shell, uint64_t id, const uint8_t digest[32], pca_error *err)
{
    struct call call;
    struct plan plan = {.certificate_id = id, .env = shell->env, .containers = shell->containers, .random = shell->random};
    memcpy(plan.approved, digest, sizeof plan.approved);
    int rc = pcai_call_begin(shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_call_require_write(&call, err);
    if (rc == PCA_OK)
        rc = approve(&call, &plan, err);
    pcai_plan_free(&plan, rc == PCA_OK);
    pcai_call_end(&call);
    return rc;
}

/* ---- Issue: one request or many, the same steps, one commit ---- */

static struct plan leaf_for(const struct pca_ca *ca, const pca_request *request)
{
    struct plan plan = plan_for(ca, request);
    plan.compliance = ca->record.kind == PCA_KIND_COMPLIANCE;
    return plan;
}

struct item {
    struct plan plan;
    int asked; /* the algorithm of the request, or 0 */
    int settled, rc;
    int recorded; /* what the commit under way says of it */
    pca_error *err;
    pca_cert **cert;
};
struct items {
    struct shell *shell;
    struct item *at;
    size_t count;
};

static void settle(struct item *item, int rc)
{
    item->settled = 1;
    item->rc = rc;
    if (rc == PCA_OK)
        pca_error_clear(item->err); /* an attempt that did not last may have left its refusal */
}

static unsigned open_items(const struct items *items)
{
    unsigned open = 0;
    for (size_t i = 0; i < items->count; i++)
        open += !items->at[i].settled;
    return open;
}

static void forget(struct item *item)
{
    pca_cert_free(*item->cert);
    *item->cert = NULL;
}

/* In the transaction that issues it, or finds it issued: nothing may fail once that is committed. */
static int load(struct txn *txn, const struct items *items, struct item *item, pca_error *err)
{
    struct cert_view view;
    int rc = pcai_cert_read(txn, item->plan.certificate_id, &view, err);
    return rc == PCA_OK ? pcai_cert_snapshot(items->shell, &view, item->cert, err) : rc;
}

static int leaf_rules(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct items *items = arguments;
    (void)err;
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->at[i];
        int replayed = 0;
        if (item->settled)
            continue;
        pcai_plan_reset(&item->plan);
        item->plan.algorithm = item->asked;
        forget(item);
        int rc = pcai_leaf_rules(txn, cx, &item->plan, &replayed, item->err);
        if (rc == PCA_OK && replayed)
            rc = load(txn, items, item, item->err);
        if (rc != PCA_OK || replayed)
            settle(item, rc);
    }
    return PCA_OK;
}

static void make(struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->at[i];
        int rc = item->settled ? PCA_OK : pcai_plan_make(&item->plan, item->err);
        if (rc != PCA_OK)
            settle(item, rc);
    }
}

/* Refusals stay with their items; what fails after a put of its own fails the whole call. */
static int leaf_record(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct items *items = arguments;
    int rc = PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < items->count; i++)
        if (!items->at[i].settled)
            rc = pcai_leaf_current(txn, cx, &items->at[i].plan, err);
    for (size_t i = 0; rc == PCA_OK && i < items->count; i++) {
        struct item *item = &items->at[i];
        uint64_t before = pcai_txn_changes(txn);
        if (item->settled)
            continue;
        forget(item); /* of a run whose transaction was given up */
        item->recorded = pcai_leaf_record(txn, cx, &item->plan, item->err);
        if (item->recorded == PCA_OK)
            item->recorded = load(txn, items, item, item->err);
        if (item->recorded != PCA_OK && pcai_txn_changes(txn) != before) {
            pcai_error_copy(err, item->err);
            rc = item->recorded;
        }
    }
    return rc;
}

/* ---- Tokens: an intent is committed before a call goes out to one, and given back when nothing comes of it ---- */

static int wants_intent(const struct item *item)
{
    return !item->settled && !item->plan.intent && pcai_plan_goes_out(&item->plan);
}

static int intents_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct items *items = arguments;
    int rc = PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < items->count; i++)
        if (wants_intent(&items->at[i]))
            rc = pcai_leaf_current(txn, cx, &items->at[i].plan, err);
    for (size_t i = 0; rc == PCA_OK && i < items->count; i++) {
        struct item *item = &items->at[i];
        uint64_t before = pcai_txn_changes(txn);
        if (!wants_intent(item))
            continue;
        item->recorded = pcai_intent_put(txn, cx, &item->plan, item->err);
        if (item->recorded != PCA_OK && pcai_txn_changes(txn) != before) {
            pcai_error_copy(err, item->err);
            rc = item->recorded;
        }
    }
    return rc;
}

static int put_intents(struct call *call, struct items *items, pca_error *err)
{
    unsigned wanted = 0;
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->at[i];
        if (!wants_intent(item))
            continue;
        int rc = pcai_plan_prepare(&item->plan, item->err);
        if (rc != PCA_OK)
            settle(item, rc);
        wanted += rc == PCA_OK;
    }
    int rc = wanted ? pcai_call_write_many(call, intents_rule, items, wanted, err) : PCA_OK;
    for (size_t i = 0; rc == PCA_OK && wanted && i < items->count; i++) {
        struct item *item = &items->at[i];
        if (wants_intent(item) && item->recorded != PCA_OK)
            settle(item, item->recorded);
        else
            item->plan.intent |= wants_intent(item);
    }
    return rc;
}

/* No certificate came of it: the call failed, or its client token led to another's. */
static int is_left_behind(const struct item *item)
{
    return item->plan.intent && !(item->settled && item->rc == PCA_OK && item->plan.certificate_id == item->plan.sequence);
}

static int release_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    const struct items *items = arguments;
    int rc = PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < items->count; i++)
        if (is_left_behind(&items->at[i]))
            rc = pcai_intent_release(txn, cx, items->at[i].plan.sequence, err);
    return rc;
}

/* What cannot be given back now is, once its deadline is over. */
static void release_intents(struct call *call, struct items *items)
{
    int any = 0;
    for (size_t i = 0; i < items->count; i++)
        any |= is_left_behind(&items->at[i]);
    if (any)
        (void)pcai_call_write(call, release_rule, items, NULL);
}

static int attempt(struct call *call, struct items *items, pca_error *err)
{
    int rc = pcai_call_read(call, leaf_rules, items, err);
    if (rc == PCA_OK)
        rc = put_intents(call, items, err);
    if (rc != PCA_OK)
        return rc;
    make(items);
    unsigned open = open_items(items);
    return open ? pcai_call_write_many(call, leaf_record, items, open, err) : PCA_OK;
}

static int issue(struct call *call, struct items *items, pca_error *err)
{
    int rc = PCAI_AGAIN;
    for (int i = 0; rc == PCAI_AGAIN && i < ATTEMPTS; i++)
        rc = attempt(call, items, err);
    for (size_t i = 0; rc == PCA_OK && i < items->count; i++)
        if (!items->at[i].settled)
            settle(&items->at[i], items->at[i].recorded);
    release_intents(call, items);
    return rc == PCAI_AGAIN ? busy(&items->at[0].plan, err) : rc;
}

static void arguments(struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->at[i];
        int rc = pcai_leaf_arguments(&item->plan, item->err);
        item->asked = item->plan.algorithm;
        if (rc != PCA_OK)
            settle(item, rc);
    }
}

static void free_plans(struct items *items, int issued)
{
    for (size_t i = 0; i < items->count; i++)
        pcai_plan_free(&items->at[i].plan, issued && items->at[i].rc == PCA_OK);
}

static int issue_items(const struct pca_ca *sub, struct items *items, pca_error *err)
{
    struct call call;
    arguments(items);
    int rc = open_items(items) ? pcai_call_begin(sub->shell, &call, err) : PCA_OK;
    if (rc != PCA_OK || !open_items(items)) {
        free_plans(items, 0);
        return rc;
    }
    for (size_t i = 0; i < items->count; i++) {
        items->at[i].plan.env = sub->shell->env;
        items->at[i].plan.containers = sub->shell->containers;
        items->at[i].plan.random = sub->shell->random;
    }
    rc = pcai_call_require_write(&call, err);
    if (rc == PCA_OK)
        rc = issue(&call, items, err);
    free_plans(items, rc == PCA_OK);
    pcai_call_end(&call);
    return rc;
}

int pcai_issue(const struct pca_ca *sub, const pca_request *request, pca_cert **cert, pca_error *err)
{
    pca_cert *fresh = NULL;
    pca_error own = {0};
    struct item item = {.plan = leaf_for(sub, request), .err = err ? err : &own, .cert = &fresh};
    struct items items = {sub->shell, &item, 1};
    int rc = issue_items(sub, &items, item.err);
    if (rc == PCA_OK)
        rc = item.rc;
    if (rc == PCA_OK)
        *cert = fresh;
    else
        pca_cert_free(fresh);
    return rc;
}

/* ---- Many ---- */

struct pca_results {
    size_t count;
    struct result {
        pca_cert *cert;
        pca_error error;
    } at[];
};

static int request_is_null(size_t index, pca_error *err)
{
    return pcai_fail(err, PCA_E_INVALID, "call", "requests", "request %zu is NULL", index);
}

int pcai_issue_many(const struct pca_ca *sub, const pca_request *const *requests, size_t count, pca_results **results, pca_error *err)
{
    pca_error own = {0};
    for (size_t i = 0; i < count; i++)
        if (!requests[i])
            return request_is_null(i, err);
    pca_results *fresh = pcai_alloc(sizeof *fresh + count * sizeof fresh->at[0]);
    struct items items = {sub->shell, pcai_alloc_array(count, sizeof(struct item)), count};
    int rc = fresh && items.at ? PCA_OK : pcai_no_memory(err);
    if (rc == PCA_OK) {
        fresh->count = count;
        for (size_t i = 0; i < count; i++)
            items.at[i] = (struct item){.plan = leaf_for(sub, requests[i]), .err = &fresh->at[i].error, .cert = &fresh->at[i].cert};
        rc = issue_items(sub, &items, err ? err : &own);
    }
    pcai_free(items.at);
    if (rc == PCA_OK)
        *results = fresh;
    else
        pca_results_free(fresh);
    return rc;
}

static const struct result *result_at(const pca_results *results, uint64_t index)
{
    return results && index < results->count ? &results->at[index] : NULL;
}

uint64_t pca_results_count(const pca_results *results)
{
    return results ? results->count : 0;
}

const pca_cert *pca_results_cert_at(const pca_results *results, uint64_t index)
{
    const struct result *r = result_at(results, index);
    return r ? r->cert : NULL;
}

const pca_error *pca_results_error_at(const pca_results *results, uint64_t index)
{
    const struct result *r = result_at(results, index);
    return r ? &r->error : NULL;
}

int pca_results_code_at(const pca_results *results, uint64_t index)
{
    const struct result *r = result_at(results, index);
    return r ? r->error.code : PCA_E_NOT_FOUND;
}

void pca_results_free(pca_results *results)
{
    if (!results)
        return;
    for (size_t i = 0; i < results->count; i++)
        pca_cert_free(results->at[i].cert);
    pcai_free(results);
}

/* ---- Dry run ---- */

struct dry_run {
    struct plan plan;
    int replayed;
};

static int dry_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct dry_run *run = arguments;
    return pcai_leaf_rules(txn, cx, &run->plan, &run->replayed, err);
}

/* In the shape of a certificate, without a signature: nobody can take it for one. */
static int preview(const struct plan *plan, pca_findings *findings, pca_error *err)
{
    findings->findings = plan->findings;
    pcai_signed_write(&findings->certificate, pcai_buf_view(&plan->tbs), plan->certificate.signature_key, pcai_slice(NULL, 0));
    return pcai_buf_check(&findings->certificate, err);
}

int pcai_check(const struct pca_ca *sub, const pca_request *request, pca_findings **findings, pca_error *err)
{
    struct dry_run run = {.plan = leaf_for(sub, request)};
    pca_findings *fresh = pcai_alloc(sizeof *fresh);
    int rc = fresh ? pcai_leaf_arguments(&run.plan, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = pcai_verb_read(sub->shell, dry_rule, &run, err);
    if (rc == PCA_OK && !run.replayed)
        rc = preview(&run.plan, fresh, err);
    if (rc == PCA_OK) {
        *findings = fresh;
        fresh = NULL;
    }
    pcai_plan_free(&run.plan, 0);
    pca_findings_free(fresh);
    return rc;
}

int pca_findings_certificate(const pca_findings *findings, int format, pca_blob **blob, pca_error *err)
{
    struct buf out = {0};
    pca_error_clear(err);
    if (!findings || !blob)
        return pcai_null(findings ? "blob" : "findings", err);
    if (format != PCA_FORMAT_PEM && format != PCA_FORMAT_DER)
        return pcai_fail(err, PCA_E_INVALID, "call", "format", "a certificate comes as PEM or DER");
    if (!findings->certificate.size)
        return pcai_fail(err, PCA_E_NOT_FOUND, "request", "token", "the token was used, and its certificate is there already");
    if (format == PCA_FORMAT_PEM)
        pcai_pem_write(&out, "CERTIFICATE", pcai_buf_view(&findings->certificate));
    else
        pcai_buf_slice(&out, pcai_buf_view(&findings->certificate));
    return pcai_blob_take(&out, blob, err);
}

static const struct finding *finding_at(const pca_findings *findings, uint64_t index)
{
    return findings && index < findings->findings.count ? &findings->findings.at[index] : NULL;
}

uint64_t pca_findings_count(const pca_findings *findings)
{
    return findings ? findings->findings.count : 0;
}

const char *pca_findings_name(const pca_findings *findings, uint64_t index)
{
    const struct finding *f = finding_at(findings, index);
    return f ? f->name : "";
}

const char *pca_findings_field(const pca_findings *findings, uint64_t index)
{
    const struct finding *f = finding_at(findings, index);
    return f ? f->field : "";
}

const char *pca_findings_message(const pca_findings *findings, uint64_t index)
{
    const struct finding *f = finding_at(findings, index);
    return f ? f->message : "";
}

int pca_findings_severity(const pca_findings *findings, uint64_t index)
{
    const struct finding *f = finding_at(findings, index);
    return f ? f->severity : 0;
}

void pca_findings_free(pca_findings *findings)
{
    if (!findings)
        return;
    pcai_buf_free(&findings->certificate);
    pcai_free(findings);
}
