#include "api/issuing.h"

#include "base/memory.h"
#include "ca/plan.h"

/* After so many attempts the caller hears BUSY. */
#define ATTEMPTS 3

struct pca_findings {
    struct findings findings;
};

static struct plan plan_for(const struct pca_ca *ca, const pca_request *request)
{
    return (struct plan){.request = request, .ca = ca->record.id};
}

static int busy(const struct plan *plan, pca_error *err)
{
    char object[PCAI_OBJECT];
    return pcai_fail(err, PCA_E_BUSY, pcai_object("ca", plan->ca, object), NULL, "the CAs or policies kept changing; try again");
}

/* ---- Enable ---- */

static int enable_rules(struct txn *txn, struct context *cx, void *plan, pca_error *err)
{
    return pcai_ca_enable_rules(txn, cx, plan, err);
}

static int enable(struct call *call, struct plan *plan, pca_error *err)
{
    int asked = plan->algorithm;
    for (int i = 0; i < ATTEMPTS; i++) {
        pcai_plan_reset(plan);
        plan->algorithm = asked;
        int rc = pcai_call_read(call, enable_rules, plan, err);
        if (rc == PCA_OK)
            rc = pcai_plan_make(plan, err);
        if (rc == PCA_OK)
            rc = pcai_call_write(call, pcai_ca_enable_record, plan, err);
        if (rc != PCAI_AGAIN)
            return rc;
    }
    return busy(plan, err);
}

int pcai_enable(const struct pca_ca *ca, int is_root, const pca_request *request, pca_error *err)
{
    struct call call;
    struct plan plan = plan_for(ca, request);
    int rc = pcai_ca_enable_arguments(&plan, is_root, err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(ca->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    plan.env = ca->shell->env;
    plan.random = ca->shell->random;
    rc = pcai_call_require_write(&call, err);
    if (rc == PCA_OK)
        rc = enable(&call, &plan, err);
    pcai_call_end(&call);
    pcai_plan_free(&plan);
    return rc;
}

/* ---- Issue ---- */

struct leaf_step {
    struct plan *plan;
    int replayed;
};

static int leaf_rules(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct leaf_step *step = arguments;
    return pcai_leaf_rules(txn, cx, step->plan, &step->replayed, err);
}

static int issue(struct call *call, struct plan *plan, pca_error *err)
{
    int asked = plan->algorithm;
    for (int i = 0; i < ATTEMPTS; i++) {
        struct leaf_step step = {plan, 0};
        pcai_plan_reset(plan);
        plan->algorithm = asked;
        int rc = pcai_call_read(call, leaf_rules, &step, err);
        if (rc == PCA_OK && step.replayed)
            return rc;
        if (rc == PCA_OK)
            rc = pcai_plan_make(plan, err);
        if (rc == PCA_OK)
            rc = pcai_call_write(call, pcai_leaf_record, plan, err);
        if (rc != PCAI_AGAIN)
            return rc;
    }
    return busy(plan, err);
}

int pcai_issue(const struct pca_ca *sub, const pca_request *request, pca_cert **cert, pca_error *err)
{
    struct call call;
    struct plan plan = plan_for(sub, request);
    int begun = 0, rc = pcai_leaf_arguments(&plan, err);
    if (rc == PCA_OK) {
        rc = pcai_call_begin(sub->shell, &call, err);
        begun = rc == PCA_OK;
    }
    if (rc == PCA_OK) {
        plan.env = sub->shell->env;
        plan.random = sub->shell->random;
        rc = pcai_call_require_write(&call, err);
    }
    if (rc == PCA_OK)
        rc = issue(&call, &plan, err);
    if (rc == PCA_OK)
        rc = pcai_cert_load(&call, plan.certificate_id, cert, err);
    if (begun)
        pcai_call_end(&call);
    pcai_plan_free(&plan);
    return rc;
}

/* ---- Dry run ---- */

int pcai_check(const struct pca_ca *sub, const pca_request *request, pca_findings **findings, pca_error *err)
{
    struct call call;
    struct plan plan = plan_for(sub, request);
    struct leaf_step step = {&plan, 0};
    pca_findings *fresh = pcai_alloc(sizeof *fresh);
    int begun = 0, rc = fresh ? pcai_leaf_arguments(&plan, err) : pcai_no_memory(err);
    if (rc == PCA_OK) {
        rc = pcai_call_begin(sub->shell, &call, err);
        begun = rc == PCA_OK;
    }
    if (rc == PCA_OK) {
        plan.env = sub->shell->env;
        plan.random = sub->shell->random;
        rc = pcai_call_read(&call, leaf_rules, &step, err);
    }
    if (rc == PCA_OK) {
        fresh->findings = plan.findings;
        *findings = fresh;
        fresh = NULL;
    }
    if (begun)
        pcai_call_end(&call);
    pcai_plan_free(&plan);
    pcai_free(fresh);
    return rc;
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
    pcai_free(findings);
}
