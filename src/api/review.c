/* Reviews: what is waited for, who decides, what lapses. */
#include "ca/review.h"

#include "api/crl.h"
#include "api/issuing.h"
#include "base/text.h"
#include "ca/intent.h"
#include "ca/quota.h"

/* ---- Getters ---- */

int64_t pca_cert_requested_at(const pca_cert *cert)
{
    return cert ? cert->record.created : 0;
}

const char *pca_cert_requester(const pca_cert *cert)
{
    return cert ? cert->requester : "";
}

const char *pca_cert_review_digest(const pca_cert *cert)
{
    return cert ? cert->review.digest : "";
}

int64_t pca_cert_review_lapses_at(const pca_cert *cert)
{
    return cert ? cert->review.lapses : 0;
}

int64_t pca_cert_decided_at(const pca_cert *cert)
{
    return cert ? cert->review.decided : 0;
}

const char *pca_cert_decided_by(const pca_cert *cert)
{
    return cert ? cert->review.decider : "";
}

const char *pca_cert_review_reason(const pca_cert *cert)
{
    return cert ? cert->review.reason : "";
}

uint64_t pca_cert_approval_count(const pca_cert *cert)
{
    return cert ? cert->review.count : 0;
}

const char *pca_cert_approval_by(const pca_cert *cert, uint64_t index)
{
    return cert && index < cert->review.count ? cert->review.approvals[index].actor : "";
}

int64_t pca_cert_approval_at(const pca_cert *cert, uint64_t index)
{
    return cert && index < cert->review.count ? cert->review.approvals[index].at : 0;
}

/* ---- Verbs ---- */

int pca_cert_approve(const pca_cert *cert, const char *digest, pca_error *err)
{
    uint8_t octets[32];
    pca_error_clear(err);
    if (!cert || !digest)
        return pcai_null(cert ? "digest" : "cert", err);
    if (pcai_unhex(digest, pcai_slice_text(digest).size, octets, sizeof octets) != 0)
        return pcai_fail(err, PCA_E_INVALID, "call", "digest", "a digest is 64 hexadecimal digits, as pca_cert_review_digest gives it");
    return pcai_approve(cert->shell, cert->id, octets, err);
}

int pca_cert_reject(const pca_cert *cert, const char *reason, pca_error *err)
{
    pca_error_clear(err);
    if (!cert || !reason)
        return pcai_null(cert ? "reason" : "cert", err);
    struct decision d = {cert->id, reason};
    int rc = pcai_reason_check(reason, err);
    return rc == PCA_OK ? pcai_verb_write(cert->shell, pcai_review_reject, &d, err) : rc;
}

static int decide(const pca_cert *cert, rule run, pca_error *err)
{
    pca_error_clear(err);
    if (!cert)
        return pcai_null("cert", err);
    struct decision d = {cert->id, NULL};
    return pcai_verb_write(cert->shell, run, &d, err);
}

int pca_cert_cancel(const pca_cert *cert, pca_error *err)
{
    return decide(cert, pcai_review_cancel, err);
}

int pca_cert_purge(const pca_cert *cert, pca_error *err)
{
    return decide(cert, pcai_cert_purge, err);
}

int pca_region_reviews(pca_region *region, const char *after, uint64_t limit, pca_page **page, pca_error *err)
{
    struct query query = {.status = PCA_STATUS_PENDING};
    pca_error_clear(err);
    if (!region || !page)
        return pcai_null(region ? "page" : "region", err);
    int rc = pcai_page_arguments(&query, after, limit, err);
    return rc == PCA_OK ? pcai_page_certs(region->shell, &query, page, err) : rc;
}

/* ---- What is due ---- */

int pca_region_run_due(pca_region *region, uint64_t most, uint64_t *done, pca_error *err)
{
    struct call call;
    uint64_t count = 0;
    pca_error_clear(err);
    if (!region)
        return pcai_null("region", err);
    int rc = pcai_call_begin(region->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    for (struct overdue o = {.left = 1}; rc == PCA_OK && o.left && count < most; count += o.done) {
        o.most = most - count;
        o.done = 0;
        rc = pcai_call_write(&call, pcai_intents_resolve, &o, err);
    }
    for (struct lapses l = {.left = 1}; rc == PCA_OK && l.left && count < most; count += l.done) {
        l.most = most - count;
        l.done = 0;
        rc = pcai_call_write(&call, pcai_review_lapse, &l, err);
    }
    for (struct free_lapse l = {.left = 1}; rc == PCA_OK && l.left && count < most; count += l.done) {
        l.most = most - count;
        rc = pcai_call_write(&call, pcai_free_lapse, &l, err);
    }
    uint64_t crls = 0;
    if (rc == PCA_OK && count < most)
        rc = pcai_crl_make_due(&call, most - count, &crls, err);
    count += crls;
    pcai_call_end(&call);
    if (rc == PCA_OK && done)
        *done = count;
    return rc;
}
