/* CRLs that time or a revocation has made due, and what pca_region_run_due makes of them. Their period is 7 days. */
#include "leaf.h"

#define HALF_A_PERIOD (7 * DAY / 2)

static uint64_t run_due(struct fixture *f, uint64_t most)
{
    uint64_t done = 99;
    assert_ok(f->err, pca_region_run_due(f->region, most, &done, f->err));
    return done;
}

struct seen {
    uint64_t number, entries;
    int64_t this_update, next_update;
};

static struct seen crl_of(struct fixture *f, const pca_ca *ca)
{
    struct seen seen;
    assert_ok(f->err, pca_ca_crl_info(ca, &seen.number, &seen.this_update, &seen.next_update, &seen.entries, f->err));
    return seen;
}

static void revoke(struct fixture *f, pca_cert *cert)
{
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    pca_cert_free(cert);
}

static pca_sub *sub_without_address(struct fixture *f)
{
    pca_sub *sub = NULL, *enabled = NULL;
    pca_request *r = request_new_ca("No Address", NULL);
    assert_ok(f->err, pca_root_purchase_sub(f->root, 120, NULL, &sub, f->err));
    assert_ok(f->err, pca_sub_enable(sub, r, f->err));
    assert_ok(f->err, pca_sub_reload(sub, &enabled, f->err));
    pca_sub_free(sub);
    pca_request_free(r);
    stock(f, f->root, enabled, 1);
    return enabled;
}

/* ---- When ---- */

static void the_first_where_there_is_an_address(void **state)
{
    struct fixture *f = *state;
    pca_sub *plain = sub_without_address(f), *bought = NULL;
    uint64_t number = 0;
    assert_ok(f->err, pca_root_purchase_sub(f->root, 120, NULL, &bought, f->err));
    assert_int_equal(run_due(f, 100), 2); /* the root's and the first subordinate's */
    assert_int_equal(crl_of(f, pca_root_ca(f->root)).this_update, T0);
    assert_int_equal(crl_of(f, pca_sub_ca(f->sub)).this_update, T0);
    assert_refusal(f->err, PCA_E_NOT_FOUND, NULL, "crl", pca_ca_crl_info(pca_sub_ca(plain), &number, NULL, NULL, NULL, f->err));
    assert_int_equal(run_due(f, 100), 0);
    revoke(f, issue(f, plain, "a.internal")); /* and where there is something to list */
    assert_int_equal(run_due(f, 100), 1);
    assert_int_equal(crl_of(f, pca_sub_ca(plain)).entries, 1);
    pca_sub_free(plain);
    pca_sub_free(bought);
}

static void again_at_half_the_period(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_due(f, 100), 2);
    f->clock.now = T0 + HALF_A_PERIOD - 1;
    assert_int_equal(run_due(f, 100), 0);
    f->clock.now = T0 + HALF_A_PERIOD;
    assert_int_equal(run_due(f, 100), 2);
    struct seen seen = crl_of(f, pca_sub_ca(f->sub));
    assert_int_equal(seen.this_update, T0 + HALF_A_PERIOD);
    assert_int_equal(seen.next_update, T0 + HALF_A_PERIOD + 7 * DAY);
    assert_int_equal(run_due(f, 100), 0);
    assert_ok(f->err, pca_ca_set_crl(pca_sub_ca(f->sub), SUB_CRL_URL, 1, f->err)); /* of the CRL that is out */
    f->clock.now += HALF_A_PERIOD - 1;
    assert_int_equal(run_due(f, 100), 0);
    f->clock.now++;
    assert_int_equal(run_due(f, 100), 2);
    f->clock.now += DAY / 2;
    assert_int_equal(run_due(f, 100), 1);
}

static void at_once_after_a_revocation(void **state)
{
    struct fixture *f = *state;
    pca_cert *first = issue(f, f->sub, "a.internal"), *second = issue(f, f->sub, "b.internal");
    assert_int_equal(run_due(f, 100), 2);
    assert_ok(f->err, pca_cert_revoke(first, PCA_REASON_UNSPECIFIED, 0, NULL, f->err));
    assert_int_equal(crl_of(f, pca_sub_ca(f->sub)).entries, 0); /* the revoking call does not build it */
    assert_int_equal(run_due(f, 100), 1);
    assert_int_equal(crl_of(f, pca_sub_ca(f->sub)).entries, 1);
    assert_int_equal(run_due(f, 100), 0);
    assert_ok(f->err, pca_cert_revoke(first, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err)); /* the later change counts */
    revoke(f, second);
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err)); /* and whoever makes one has made it */
    assert_int_equal(run_due(f, 100), 0);
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_int_equal(run_due(f, 100), 1);
    assert_int_equal(crl_of(f, pca_root_ca(f->root)).entries, 1);
    pca_cert_free(first);
}

/* Deleting writes the row anew, and changes nothing of what is listed: neither makes it a CRL due, nor keeps it one that is. */
static void not_after_a_deletion(void **state)
{
    struct fixture *f = *state;
    pca_cert *listed = issue(f, f->sub, "a.internal"), *other = issue(f, f->sub, "b.internal");
    assert_ok(f->err, pca_cert_revoke(listed, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_int_equal(run_due(f, 100), 2);
    assert_ok(f->err, pca_cert_revoke(other, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(listed, f->err));
    assert_int_equal(run_due(f, 100), 1);
    assert_ok(f->err, pca_cert_delete(other, f->err));
    assert_int_equal(run_due(f, 100), 0);
    assert_int_equal(crl_of(f, pca_sub_ca(f->sub)).entries, 2);
    pca_cert_free(listed);
    pca_cert_free(other);
}

static void as_long_after_as_the_policy_says(void **state)
{
    struct fixture *f = *state;
    int64_t value, minimum, maximum;
    assert_ok(f->err, pca_region_policy_get(f->region, "crl_after_revoke_seconds", &value, f->err));
    assert_int_equal(value, 0);
    set_policy(f, "crl_after_revoke_seconds", HOUR);
    assert_int_equal(run_due(f, 100), 2);
    revoke(f, issue(f, f->sub, "a.internal"));
    f->clock.now = T0 + HOUR - 1;
    revoke(f, issue(f, f->sub, "b.internal")); /* the first of them counts */
    assert_int_equal(run_due(f, 100), 0);
    f->clock.now = T0 + HOUR;
    assert_int_equal(run_due(f, 100), 1);
    assert_int_equal(crl_of(f, pca_sub_ca(f->sub)).entries, 2);
    set_policy(f, "crl_after_revoke_seconds", 365 * DAY);
    revoke(f, issue(f, f->sub, "c.internal"));
    f->clock.now = T0 + HOUR + HALF_A_PERIOD - 1;
    assert_int_equal(run_due(f, 100), 1); /* the root's, an hour older */
    f->clock.now++;
    assert_int_equal(run_due(f, 100), 1); /* half a period is never waited beyond */
    assert_int_equal(crl_of(f, pca_sub_ca(f->sub)).entries, 3);
    for (uint64_t i = 0; i < pca_policy_count(); i++) {
        const char *name;
        assert_ok(NULL, pca_policy_at(i, &name, &value, &minimum, &maximum, NULL));
        if (strcmp(name, "crl_after_revoke_seconds") == 0 || strcmp(name, "ocsp_seconds") == 0) {
            assert_refusal(f->err, PCA_E_INVALID, NULL, NULL, pca_region_policy_set(f->region, name, minimum - 1, f->err));
            assert_refusal(f->err, PCA_E_INVALID, NULL, NULL, pca_region_policy_set(f->region, name, maximum + 1, f->err));
        }
    }
    assert_ok(f->err, pca_region_policy_get(f->region, "ocsp_seconds", &value, f->err));
    assert_int_equal(value, 86400);
    set_policy(f, "ocsp_seconds", HOUR);
    assert_ok(f->err, pca_region_policy_get(f->region, "ocsp_seconds", &value, f->err));
    assert_int_equal(value, HOUR);
}

/* ---- Of which CAs ---- */

static void of_every_generation(void **state)
{
    struct fixture *f = *state;
    pca_cert *old = issue(f, f->sub, "old.internal");
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/sub-2.crl"));
    assert_int_equal(run_due(f, 100), 2);
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(f->sub), r, f->err));
    assert_int_equal(run_due(f, 100), 1); /* the new key's first */
    revoke(f, old);
    assert_int_equal(run_due(f, 100), 1); /* the old one's */
    uint64_t entries = 0;
    assert_ok(f->err, pca_ca_crl_info_at(pca_sub_ca(f->sub), 1, NULL, NULL, NULL, &entries, f->err));
    assert_int_equal(entries, 1);
    f->clock.now += HALF_A_PERIOD;
    assert_int_equal(run_due(f, 100), 3);
    pca_request_free(r);
}

/* A CA that is disabled, revoked or out of its term still signs CRLs, until its certificate ends. */
static void in_every_state_until_the_end(void **state)
{
    struct fixture *f = *state;
    assert_ok(f->err, pca_ca_disable(pca_root_ca(f->root), f->err));
    assert_int_equal(run_due(f, 100), 2);
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_int_equal(run_due(f, 100), 1);
    f->clock.now = pca_ca_not_after(pca_sub_ca(f->sub)); /* five years; a step at a time would take a while */
    assert_ok(f->err, pca_region_accept_clock(f->region, f->err));
    assert_int_equal(run_due(f, 100), 2);
    f->clock.now++;
    assert_int_equal(run_due(f, 100), 0);
    f->clock.now = T0 + 121 * 31 * DAY;
    assert_ok(f->err, pca_region_accept_clock(f->region, f->err));
    assert_int_equal(run_due(f, 100), 0); /* the root's certificate has ended too */
}

static void no_more_than_asked_for(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_due(f, 0), 0);
    assert_int_equal(run_due(f, 1), 1);
    assert_int_equal(run_due(f, 1), 1);
    assert_int_equal(run_due(f, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(the_first_where_there_is_an_address),
        TEST_ECC(again_at_half_the_period),
        TEST_ECC(at_once_after_a_revocation),
        TEST_ECC(not_after_a_deletion),
        TEST_ECC(as_long_after_as_the_policy_says),
        TEST_ECC(of_every_generation),
        TEST_ECC(in_every_state_until_the_end),
        TEST_ECC(no_more_than_asked_for),
    };
    return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
