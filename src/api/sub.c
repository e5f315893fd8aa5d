#include "api/issuing.h"
#include "base/memory.h"

#define REQUESTS_MAX 256

int pca_sub_enable(const pca_sub *sub, const pca_request *request, pca_error *err)
{
    pca_error_clear(err);
    if (!sub || !request)
        return pcai_null(sub ? "request" : "sub", err);
    return pcai_certify_ca(&sub->ca, PURPOSE_ENABLE, 0, request, err);
}

int pca_sub_enable_under(const pca_sub *sub, const pca_ca *parent, const pca_request *request, pca_error *err)
{
    pca_error_clear(err);
    if (!sub || !parent || !request)
        return pcai_null(!sub ? "sub" : !parent ? "parent" : "request", err);
    int rc = pcai_shell_require_same(sub->ca.shell, parent->shell, "parent", err);
    return rc != PCA_OK ? rc : pcai_certify_ca(&sub->ca, PURPOSE_ENABLE, parent->record.id, request, err);
}

int pca_sub_renew(const pca_sub *sub, uint64_t months, const char *token, pca_error *err)
{
    pca_error_clear(err);
    return sub ? pcai_renew(&sub->ca, months, token, err) : pcai_null("sub", err);
}

int pca_sub_parent(const pca_sub *sub, pca_sub **parent, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!sub || !parent)
        return pcai_null(sub ? "parent" : "sub", err);
    int rc = pcai_call_begin(sub->ca.shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_sub_load(&call, sub->ca.record.parent, parent, err);
    pcai_call_end(&call);
    return rc;
}

int pca_sub_root(const pca_sub *sub, pca_root **root, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!sub || !root)
        return pcai_null(sub ? "root" : "sub", err);
    int rc = pcai_call_begin(sub->ca.shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_root_load(&call, sub->ca.record.root, root, err);
    pcai_call_end(&call);
    return rc;
}

const pca_ca *pca_sub_ca(const pca_sub *sub)
{
    return sub ? &sub->ca : NULL;
}

uint64_t pca_sub_remaining(const pca_sub *sub)
{
    return sub ? sub->ca.quota.remaining : 0;
}

uint64_t pca_sub_reserved(const pca_sub *sub)
{
    return sub ? sub->ca.quota.reserved : 0;
}

uint64_t pca_sub_issued(const pca_sub *sub)
{
    return sub ? sub->ca.quota.issued : 0;
}

int pca_sub_request(const pca_sub *sub, const pca_request *request, pca_cert **cert, pca_error *err)
{
    pca_error_clear(err);
    if (!sub || !request || !cert)
        return pcai_null(!sub ? "sub" : !request ? "request" : "cert", err);
    return pcai_issue(&sub->ca, request, cert, err);
}

int pca_sub_request_many(const pca_sub *sub, const pca_request *const *requests, uint64_t count, pca_results **results, pca_error *err)
{
    pca_error_clear(err);
    if (!sub || !requests || !results)
        return pcai_null(!sub ? "sub" : !requests ? "requests" : "results", err);
    if (count < 1 || count > REQUESTS_MAX)
        return pcai_fail(err, PCA_E_INVALID, "call", "count", "1 to %d requests are issued at once", REQUESTS_MAX);
    return pcai_issue_many(&sub->ca, requests, (size_t)count, results, err);
}

int pca_sub_check_request(const pca_sub *sub, const pca_request *request, pca_findings **findings, pca_error *err)
{
    pca_error_clear(err);
    if (!sub || !request || !findings)
        return pcai_null(!sub ? "sub" : !request ? "request" : "findings", err);
    return pcai_check(&sub->ca, request, findings, err);
}

int pca_sub_reload(const pca_sub *sub, pca_sub **fresh, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!sub || !fresh)
        return pcai_null(sub ? "fresh" : "sub", err);
    int rc = pcai_call_begin(sub->ca.shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_sub_load(&call, sub->ca.record.id, fresh, err);
    pcai_call_end(&call);
    return rc;
}

void pca_sub_free(pca_sub *sub)
{
    if (!sub)
        return;
    pcai_ca_release(&sub->ca);
    pcai_free(sub);
}
