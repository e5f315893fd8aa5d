/* A root with its subordinate in each state, and what is done to them: for the tests of CAs and of states. */
#ifndef PCA_TESTS_API_PAIR_H
#define PCA_TESTS_API_PAIR_H

#include "leaf.h"

enum state { PURCHASED, ENABLED, DISABLED, REVOKED, TERM_OVER, CERTIFICATE_OVER, PURCHASED_TERM_OVER, STATES };

/* A root with its subordinate, one of which is in the state in question; a certificate and CRLs where some could be made; and a
 * further subordinate, bought and no more. */
struct pair {
    pca_root *root;
    pca_sub *sub;
    pca_cert *cert;
    pca_sub *further;
};

static inline int do_enable_root(struct fixture *f, struct pair *p)
{
    pca_request *request = request_new_ca("Enabled Root", ROOT_CRL_URL);
    int rc = pca_root_enable(p->root, request, f->err);
    pca_request_free(request);
    return rc;
}

static inline int do_enable_sub(struct fixture *f, struct pair *p)
{
    pca_request *request = request_new_ca("Enabled Sub", SUB_CRL_URL);
    int rc = pca_sub_enable(p->sub, request, f->err);
    pca_request_free(request);
    return rc;
}

static inline int do_disable_root(struct fixture *f, struct pair *p)
{
    return pca_ca_disable(pca_root_ca(p->root), f->err);
}

static inline int do_disable_sub(struct fixture *f, struct pair *p)
{
    return pca_ca_disable(pca_sub_ca(p->sub), f->err);
}

static inline int do_resume_root(struct fixture *f, struct pair *p)
{
    return pca_ca_resume(pca_root_ca(p->root), f->err);
}

static inline int do_resume_sub(struct fixture *f, struct pair *p)
{
    return pca_ca_resume(pca_sub_ca(p->sub), f->err);
}

static inline int do_revoke_root(struct fixture *f, struct pair *p)
{
    return pca_ca_revoke(pca_root_ca(p->root), PCA_REASON_SUPERSEDED, 0, NULL, f->err);
}

static inline int do_revoke_sub(struct fixture *f, struct pair *p)
{
    return pca_ca_revoke(pca_sub_ca(p->sub), PCA_REASON_SUPERSEDED, 0, NULL, f->err);
}

static inline int do_renew(struct fixture *f, struct pair *p)
{
    return pca_root_renew(p->root, 6, NULL, f->err);
}

static inline int do_buy(struct fixture *f, struct pair *p)
{
    return pca_root_purchase_certificates(p->root, 7, NULL, NULL, f->err);
}

static inline int do_raise(struct fixture *f, struct pair *p)
{
    return pca_root_assign(p->root, p->sub, remaining_of_sub(f, p->sub) + 1, PCA_ANY, NULL, f->err);
}

static inline int do_lower(struct fixture *f, struct pair *p)
{
    return pca_root_assign(p->root, p->sub, remaining_of_sub(f, p->sub) - 1, PCA_ANY, NULL, f->err);
}

static inline int do_request(struct fixture *f, struct pair *p)
{
    pca_cert *cert = POISON;
    pca_request *request = request_new_leaf(PCA_CERT_SERVER, "asked.example");
    assert_ok(NULL, pca_request_set_longest(request));
    int rc = pca_sub_request(p->sub, request, &cert, f->err);
    pca_request_free(request);
    if (rc == PCA_OK)
        pca_cert_free(cert);
    else
        assert_poisoned(cert);
    return rc;
}

static inline int do_check_request(struct fixture *f, struct pair *p)
{
    pca_findings *findings = POISON;
    pca_request *request = request_new_leaf(PCA_CERT_SERVER, "asked.example");
    assert_ok(NULL, pca_request_set_longest(request));
    int rc = pca_sub_check_request(p->sub, request, &findings, f->err);
    pca_request_free(request);
    if (rc == PCA_OK)
        pca_findings_free(findings);
    else
        assert_poisoned(findings);
    return rc;
}

static inline int do_revoke_cert(struct fixture *f, struct pair *p)
{
    return pca_cert_revoke(p->cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err);
}

static inline int do_crl_root(struct fixture *f, struct pair *p)
{
    return pca_ca_crl_make(pca_root_ca(p->root), f->err);
}

static inline int do_crl_sub(struct fixture *f, struct pair *p)
{
    return pca_ca_crl_make(pca_sub_ca(p->sub), f->err);
}

static inline int do_alias_root(struct fixture *f, struct pair *p)
{
    char alias[32];
    snprintf(alias, sizeof alias, "root-%" PRIu64, pca_ca_id(pca_root_ca(p->root)));
    return pca_ca_set_alias(pca_root_ca(p->root), alias, f->err);
}

static inline int do_alias_sub(struct fixture *f, struct pair *p)
{
    char alias[32];
    snprintf(alias, sizeof alias, "sub-%" PRIu64, pca_ca_id(pca_sub_ca(p->sub)));
    return pca_ca_set_alias(pca_sub_ca(p->sub), alias, f->err);
}

static inline void free_pair(struct pair *p)
{
    pca_root_free(p->root);
    pca_sub_free(p->sub);
    pca_sub_free(p->further);
    pca_cert_free(p->cert);
    *p = (struct pair){NULL, NULL, NULL, NULL};
}

static inline pca_request *ca_request_years(const char *common_name, int64_t years)
{
    pca_request *request = request_new_ca(common_name, ROOT_CRL_URL);
    if (years)
        assert_ok(NULL, pca_request_set_years(request, years));
    else
        assert_ok(NULL, pca_request_set_longest(request));
    return request;
}

static inline void make_pair(struct fixture *f, int of_root, enum state state, struct pair *p)
{
    int short_term = state == TERM_OVER || state == PURCHASED_TERM_OVER;
    int purchased = state == PURCHASED || state == PURCHASED_TERM_OVER;
    pca_request *request;
    *p = (struct pair){NULL, NULL, NULL, NULL};
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, short_term ? 1 : 120, &p->root, &p->sub);
    assert_ok(f->err, pca_root_purchase_sub(p->root, short_term ? 1 : 120, NULL, &p->further, f->err));
    if (purchased && of_root)
        return;
    request = ca_request_years("Pair Root", state == CERTIFICATE_OVER && of_root ? 1 : 10);
    assert_ok(f->err, pca_root_enable(p->root, request, f->err));
    pca_request_free(request);
    assert_ok(f->err, pca_root_purchase_certificates(p->root, 50, NULL, NULL, f->err));
    if (purchased)
        return;
    request = ca_request_years("Pair Sub", state == CERTIFICATE_OVER ? 1 : 0);
    assert_ok(NULL, pca_request_set_path_length(request, 1));
    assert_ok(f->err, pca_sub_enable(p->sub, request, f->err));
    pca_request_free(request);
    request = request_new_leaf(PCA_CERT_SERVER, "pair.example");
    assert_ok(NULL, pca_request_set_longest(request));
    assert_ok(f->err, pca_sub_request(p->sub, request, &p->cert, f->err));
    pca_request_free(request);
    assert_ok(f->err, pca_ca_crl_make(pca_root_ca(p->root), f->err));
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(p->sub), f->err));
    const pca_ca *ca = of_root ? pca_root_ca(p->root) : pca_sub_ca(p->sub);
    if (state == DISABLED)
        assert_ok(f->err, pca_ca_disable(ca, f->err));
    if (state == REVOKED)
        assert_ok(f->err, pca_ca_revoke(ca, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
}

#endif
