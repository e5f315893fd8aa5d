/* Free certificates: spent first, marked wherever they go, and lapsing by policy free_days alone. The teardown's check of the
 * region holds the sum of all units against what was given and bought. */
#include "leaf.h"

#define WINDOW (30 * DAY)

struct ledger {
    int64_t lapsed, sum;
    uint64_t rows;
};

/* Of one CA: what has lapsed, and what all rows come to. */
static struct ledger ledger_of(struct fixture *f, const pca_ca *ca)
{
    struct ledger l = {0, 0, 0};
    pca_query *query = pca_query_new();
    pca_page *page = NULL;
    pca_query_set_issuer(query, pca_ca_id(ca));
    pca_query_set_limit(query, 1000);
    assert_ok(f->err, pca_region_ledger(f->region, query, &page, f->err));
    for (uint64_t i = 0; i < pca_page_count(page); i++) {
        const pca_entry *entry = pca_page_entry_at(page, i);
        l.sum += pca_entry_ca_id(entry) == pca_ca_id(ca) ? pca_entry_units(entry) : -pca_entry_units(entry);
        if (strcmp(pca_entry_action(entry), "certificates_lapsed") == 0) {
            assert_int_equal(pca_entry_ca_id(entry), pca_ca_id(ca));
            assert_int_equal(pca_entry_from_id(entry), 0);
            l.lapsed -= pca_entry_units(entry);
            l.rows++;
        }
    }
    pca_page_free(page);
    pca_query_free(query);
    return l;
}

static void check_ledger(struct fixture *f, const pca_ca *ca, uint64_t remaining, int64_t lapsed, int line)
{
    struct ledger l = ledger_of(f, ca);
    if (l.sum != (int64_t)remaining || l.lapsed != lapsed)
        fail_msg("line %d: the ledger comes to %" PRId64 " with %" PRId64 " lapsed", line, l.sum, l.lapsed);
}
#define assert_ledger(f, ca, remaining, lapsed) check_ledger((f), (ca), (remaining), (lapsed), __LINE__)

static void refuse_issue(struct fixture *f)
{
    pca_request *r = request_new_server("none.internal");
    assert_refused(f, f->sub, r, PCA_E_QUOTA, object_name("sub", pca_ca_id(pca_sub_ca(f->sub))), "remaining", NULL);
    pca_request_free(r);
}

/* Without the policy there is no end but the service's own. */
static void no_window_by_default(void **state)
{
    struct fixture *f = *state;
    int64_t value = -1;
    assert_ok(f->err, pca_region_policy_get(f->region, "free_days", &value, f->err));
    assert_int_equal(value, 0);
    for (int64_t year = 1; year <= 4; year++) {
        f->clock.now = T0 + year * YEAR;
        assert_int_equal(remaining_of_sub(f, f->sub), 11 - (uint64_t)year);
        pca_cert_free(issue(f, f->sub, "late.internal"));
    }
    assert_ledger(f, pca_sub_ca(f->sub), 6, 0);
}

/* To the second; a refusal writes nothing, and what is due is written when it is run. */
static void the_window_ends(void **state)
{
    struct fixture *f = *state;
    const pca_ca *sub = pca_sub_ca(f->sub);
    uint64_t done = 7;
    set_policy(f, "free_days", 30);
    f->clock.now = pca_ca_service_start(pca_root_ca(f->root)) + WINDOW - 1;
    pca_cert_free(issue(f, f->sub, "last.internal"));
    make_crls(f);
    assert_ok(f->err, pca_region_run_due(f->region, 100, &done, f->err));
    assert_int_equal(done, 0);
    f->clock.now++;
    assert_int_equal(remaining_of_sub(f, f->sub), 0);
    refuse_issue(f);
    assert_ledger(f, sub, 9, 0); /* not written yet */
    assert_ok(f->err, pca_region_run_due(f->region, 0, &done, f->err));
    assert_int_equal(done, 0);
    assert_ok(f->err, pca_region_run_due(f->region, 100, &done, f->err));
    assert_int_equal(done, 1);
    assert_ledger(f, sub, 0, 9);
    assert_ok(f->err, pca_region_run_due(f->region, 100, &done, f->err));
    assert_int_equal(done, 0);
    refresh_sub(f, &f->sub);
    assert_int_equal(pca_sub_issued(f->sub), 1);
    assert_ok(f->err, pca_region_check(f->region, f->err));
}

/* What was bought stays; the next issue writes what has lapsed. */
static void bought_ones_stay(void **state)
{
    struct fixture *f = *state;
    set_policy(f, "free_days", 30);
    stock(f, f->root, f->sub, 5);
    for (int i = 0; i < 3; i++)
        pca_cert_free(issue(f, f->sub, "free.internal")); /* free ones first */
    assert_int_equal(remaining_of_sub(f, f->sub), 12);
    f->clock.now += WINDOW;
    assert_int_equal(remaining_of_sub(f, f->sub), 5);
    pca_cert_free(issue(f, f->sub, "bought.internal"));
    assert_ledger(f, pca_sub_ca(f->sub), 4, 7);
    assert_int_equal(ledger_of(f, pca_sub_ca(f->sub)).rows, 1);
    for (int i = 0; i < 4; i++)
        pca_cert_free(issue(f, f->sub, "bought.internal"));
    refuse_issue(f);
    assert_ledger(f, pca_sub_ca(f->sub), 0, 7);
    assert_int_equal(remaining_of_root(f, f->root), 0);
}

/* Their mark goes with them: back to the root, and to another subordinate. */
static void they_lapse_wherever_they_are(void **state)
{
    struct fixture *f = *state;
    pca_sub *other = NULL;
    set_policy(f, "free_days", 30);
    assert_ok(f->err, pca_root_purchase_sub(f->root, 12, NULL, &other, f->err));
    enable_sub(f, &other, "Other Sub");
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 2, PCA_ANY, NULL, f->err)); /* 8 free ones go back */
    assert_ok(f->err, pca_root_assign(f->root, other, 3, PCA_ANY, NULL, f->err));
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 4, NULL, NULL, f->err));
    assert_int_equal(remaining_of_root(f, f->root), 9);
    f->clock.now += WINDOW;
    assert_int_equal(remaining_of_root(f, f->root), 4);
    assert_int_equal(remaining_of_sub(f, f->sub), 0);
    assert_int_equal(remaining_of_sub(f, other), 0);
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_QUOTA, NULL, "remaining", pca_root_assign(f->root, other, 5, PCA_ANY, NULL, f->err));
    assert_refusal(f->err, PCA_E_BUSY, NULL, "expected", pca_root_assign(f->root, other, 1, 3, NULL, f->err)); /* 3 is what was */
    assert_ok(f->err, pca_root_assign(f->root, other, 0, 0, NULL, f->err)); /* as it is: nothing to write */
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_root_assign(f->root, other, 1, 0, NULL, f->err));
    assert_ledger(f, pca_sub_ca(other), 1, 3);
    assert_ledger(f, pca_root_ca(f->root), 3, 5);
    assert_ledger(f, pca_sub_ca(f->sub), 2, 0); /* nobody asked it */
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 1, NULL, NULL, f->err));
    assert_ledger(f, pca_root_ca(f->root), 4, 5);
    assert_int_equal(ledger_of(f, pca_root_ca(f->root)).rows, 1);
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 1, 0, NULL, f->err));
    assert_ledger(f, pca_sub_ca(f->sub), 1, 2);
    pca_sub_free(other);
}

/* Buying writes what has lapsed at the root. */
static void buying_writes_what_has_lapsed(void **state)
{
    struct fixture *f = *state;
    set_policy(f, "free_days", 30);
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 0, 10, NULL, f->err));
    f->clock.now += WINDOW;
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 2, NULL, NULL, f->err));
    assert_int_equal(remaining_of_root(f, f->root), 2);
    assert_ledger(f, pca_root_ca(f->root), 2, 10);
}

/* Each root's days are counted from its own purchase; a longer window brings back what was not written. */
static void each_root_has_its_own_days(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    uint64_t done = 0;
    set_policy(f, "free_days", 30);
    f->clock.now += 20 * DAY;
    other_ca(f, &root, &sub);
    f->clock.now += 10 * DAY;
    assert_int_equal(remaining_of_sub(f, f->sub), 0);
    assert_int_equal(remaining_of_sub(f, sub), 10);
    set_policy(f, "free_days", 60);
    assert_int_equal(remaining_of_sub(f, f->sub), 10);
    pca_cert_free(issue(f, f->sub, "again.internal"));
    f->clock.now += 30 * DAY;
    assert_int_equal(remaining_of_sub(f, f->sub), 0);
    assert_int_equal(remaining_of_sub(f, sub), 10);
    f->clock.now += 20 * DAY;
    make_crls(f);
    assert_ok(f->err, pca_region_run_due(f->region, 1, &done, f->err)); /* one job at a time */
    assert_int_equal(done, 1);
    assert_ok(f->err, pca_region_run_due(f->region, 1, &done, f->err));
    assert_int_equal(done, 1);
    assert_ok(f->err, pca_region_run_due(f->region, 1, &done, f->err));
    assert_int_equal(done, 0);
    set_policy(f, "free_days", 0); /* what was written stays */
    assert_int_equal(remaining_of_sub(f, f->sub), 0);
    assert_int_equal(remaining_of_sub(f, sub), 0);
    assert_ledger(f, pca_sub_ca(f->sub), 0, 9);
    assert_ledger(f, pca_sub_ca(sub), 0, 10);
    pca_root_free(root);
    pca_sub_free(sub);
}

/* A batch knows how many are left after the lapse. */
static void many_at_once(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("many.internal");
    const pca_request *requests[] = {r, r, r, r};
    pca_results *results = NULL;
    set_policy(f, "free_days", 30);
    stock(f, f->root, f->sub, 3);
    f->clock.now += WINDOW;
    assert_ok(f->err, pca_sub_request_many(f->sub, requests, 4, &results, f->err));
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(pca_results_code_at(results, i), i < 3 ? PCA_OK : PCA_E_QUOTA);
    assert_ledger(f, pca_sub_ca(f->sub), 0, 10);
    assert_int_equal(ledger_of(f, pca_sub_ca(f->sub)).rows, 1);
    pca_results_free(results);
    pca_request_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(no_window_by_default),
        TEST_ECC(the_window_ends),
        TEST_ECC(bought_ones_stay),
        TEST_ECC(they_lapse_wherever_they_are),
        TEST_ECC(buying_writes_what_has_lapsed),
        TEST_ECC(each_root_has_its_own_days),
        TEST_ECC(many_at_once),
    };
    return cmocka_run_group_tests_name("free", tests, NULL, NULL);
}
