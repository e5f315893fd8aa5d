/* Many at once: requests in bulk, threads, processes, and one token in two hands. */
#include "leaf.h"

#include <sys/wait.h>

#define THREADS 8

/* The key of an issued certificate, to issue others for without the cost of making one. */
static void public_key_of(struct fixture *f, const pca_sub *sub, uint8_t spki[256], size_t *size)
{
    pca_cert *cert = issue(f, sub, "key.internal");
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_cert_der(cert, &blob, f->err));
    struct der key = tbs_field(pca_blob_data(blob), 6);
    *size = (size_t)(key.end - key.at);
    assert_true(*size <= 256);
    memcpy(spki, key.at, *size);
    pca_blob_free(blob);
    pca_cert_free(cert);
}

static pca_request *request_for_key(const char *common_name, const uint8_t *spki, size_t size)
{
    pca_request *r = request_new_server(common_name);
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    return r;
}

/* ---- In bulk ---- */

static void results_come_in_order(void **state)
{
    struct fixture *f = *state;
    enum { N = 20 };
    pca_request *requests[N];
    pca_results *results = NULL;
    char name[64];
    stock(f, f->root, f->sub, 100);
    uint64_t left = remaining_of_sub(f, f->sub);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, i % 5 == 3 ? "*.bad%d" : "host%d.internal", i);
        requests[i] = request_new_server(name);
    }
    pca_request_set_days(requests[7], 0); /* a builder's own refusal */
    assert_ok(f->err, pca_sub_request_many(f->sub, (const pca_request *const *)requests, N, &results, f->err));
    assert_int_equal(pca_results_count(results), N);
    unsigned issued = 0;
    for (uint64_t i = 0; i < N; i++) {
        const pca_cert *cert = pca_results_cert_at(results, i);
        const pca_error *err = pca_results_error_at(results, i);
        assert_int_equal(pca_results_code_at(results, i), i == 7 ? PCA_E_INVALID : i % 5 == 3 ? PCA_E_SAN : PCA_OK);
        assert_int_equal(pca_error_code(err), pca_results_code_at(results, i));
        if (cert) {
            snprintf(name, sizeof name, "host%d.internal", (int)i);
            assert_string_equal(pca_cert_san_at(cert, 0), name);
            assert_string_equal(pca_error_message(err), "");
            issued++;
        } else {
            assert_true(*pca_error_message(err) != 0);
        }
        pca_request_free(requests[i]);
    }
    assert_int_equal(issued, 15);
    assert_int_equal(remaining_of_sub(f, f->sub), left - 15);
    assert_null(pca_results_cert_at(results, N));
    assert_null(pca_results_error_at(results, N));
    assert_int_equal(pca_results_code_at(results, N), PCA_E_NOT_FOUND);
    pca_results_free(results);
}

static void bulk_has_its_limits(void **state)
{
    struct fixture *f = *state;
    pca_results *results = POISON;
    uint8_t spki[256];
    size_t size;
    public_key_of(f, f->sub, spki, &size);
    pca_request *r = request_for_key("a.internal", spki, size);
    const pca_request *requests[257];
    for (int i = 0; i < 257; i++)
        requests[i] = r;
    stock(f, f->root, f->sub, 300);
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_INVALID, "call", "count", pca_sub_request_many(f->sub, requests, 0, &results, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "count", pca_sub_request_many(f->sub, requests, 257, &results, f->err));
    assert_message(f->err, "256");
    assert_refusal(f->err, PCA_E_INVALID, "call", "count", pca_sub_request_many(f->sub, requests, UINT64_MAX, &results, f->err));
    requests[200] = NULL;
    assert_refusal(f->err, PCA_E_INVALID, "call", "requests", pca_sub_request_many(f->sub, requests, 256, &results, f->err));
    assert_message(f->err, "200");
    assert_code(f->err, PCA_E_INVALID, pca_sub_request_many(NULL, requests, 1, &results, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_sub_request_many(f->sub, NULL, 1, &results, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_sub_request_many(f->sub, requests, 1, NULL, f->err));
    assert_poisoned(results);
    assert_store_unchanged(f, before);
    requests[200] = r;
    results = NULL;
    uint64_t left = remaining_of_sub(f, f->sub);
    assert_ok(f->err, pca_sub_request_many(f->sub, requests, 256, &results, f->err));
    for (uint64_t i = 0; i < 256; i++)
        assert_non_null(pca_results_cert_at(results, i));
    assert_int_equal(remaining_of_sub(f, f->sub), left - 256);
    pca_results_free(results);
    pca_results_free(NULL);
    assert_int_equal(pca_results_count(NULL), 0);
    pca_request_free(r);
}

/* The last units go to the first requests of the call. */
static void the_last_units_in_one_call(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal");
    const pca_request *requests[13] = {r, r, r, r, r, r, r, r, r, r, r, r, r};
    pca_results *results = NULL;
    assert_ok(f->err, pca_sub_request_many(f->sub, requests, 13, &results, f->err));
    for (uint64_t i = 0; i < 13; i++)
        assert_int_equal(pca_results_code_at(results, i), i < 10 ? PCA_OK : PCA_E_QUOTA);
    assert_int_equal(remaining_of_sub(f, f->sub), 0);
    pca_results_free(results);
    results = NULL;
    assert_ok(f->err, pca_sub_request_many(f->sub, requests, 2, &results, f->err));
    assert_int_equal(pca_results_code_at(results, 0), PCA_E_QUOTA);
    assert_int_equal(pca_results_code_at(results, 1), PCA_E_QUOTA);
    pca_results_free(results);
    pca_request_free(r);
}

static void one_token_twice_in_a_call(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal"), *other = request_new_server("b.internal");
    assert_ok(NULL, pca_request_set_token(r, "one"));
    assert_ok(NULL, pca_request_set_token(other, "one"));
    const pca_request *requests[3] = {r, r, other};
    pca_results *results = NULL;
    assert_ok(f->err, pca_sub_request_many(f->sub, requests, 3, &results, f->err));
    assert_int_equal(pca_results_code_at(results, 0), PCA_OK);
    assert_int_equal(pca_results_code_at(results, 1), PCA_OK);
    assert_int_equal(pca_results_code_at(results, 2), PCA_E_TOKEN_REUSED);
    assert_int_equal(pca_cert_id(pca_results_cert_at(results, 0)), pca_cert_id(pca_results_cert_at(results, 1)));
    assert_int_equal(remaining_of_sub(f, f->sub), 9);
    pca_results_free(results);
    pca_request_free(r);
    pca_request_free(other);
}

/* ---- Threads ---- */

struct worker {
    struct fixture *f;
    const pca_sub *sub;
    const pca_request *request;
    int rounds, bulk;
    unsigned issued, quota, busy, other;
    uint64_t ids[600];
    pthread_t thread;
};

static void note(struct worker *w, int rc, const pca_cert *cert)
{
    if (rc == PCA_OK)
        w->ids[w->issued++] = pca_cert_id(cert);
    w->quota += rc == PCA_E_QUOTA;
    w->busy += rc == PCA_E_BUSY;
    w->other += rc != PCA_OK && rc != PCA_E_QUOTA && rc != PCA_E_BUSY;
}

static void *work(void *argument)
{
    struct worker *w = argument;
    for (int i = 0; i < w->rounds; i++) {
        if (w->bulk) {
            const pca_request *requests[4] = {w->request, w->request, w->request, w->request};
            pca_results *results = NULL;
            if (pca_sub_request_many(w->sub, requests, 4, &results, NULL) != PCA_OK)
                w->other++;
            for (uint64_t j = 0; j < pca_results_count(results); j++)
                note(w, pca_results_code_at(results, j), pca_results_cert_at(results, j));
            pca_results_free(results);
        } else {
            pca_cert *cert = NULL;
            int rc = pca_sub_request(w->sub, w->request, &cert, NULL);
            note(w, rc, cert);
            pca_cert_free(cert);
        }
    }
    return NULL;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void run_workers(struct worker *workers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
}

/* Each certificate is its caller's alone, and every one that was handed out is there. */
static void threads_share_a_region(void **state)
{
    struct fixture *f = *state;
    static struct worker workers[THREADS];
    static uint64_t ids[THREADS * 600];
    uint8_t spki[256];
    size_t size, total = 0;
    public_key_of(f, f->sub, spki, &size);
    pca_request *r = request_for_key("a.internal", spki, size);
    stock(f, f->root, f->sub, 5000);
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < THREADS; i++)
        workers[i] = (struct worker){.f = f, .sub = f->sub, .request = r, .rounds = i % 2 ? 30 : 100, .bulk = i % 2};
    run_workers(workers, THREADS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].issued, i % 2 ? 120 : 100);
        for (unsigned j = 0; j < workers[i].issued; j++)
            ids[total++] = workers[i].ids[j];
    }
    qsort(ids, total, sizeof *ids, by_number);
    for (size_t i = 0; i < total; i++) {
        pca_cert *cert = NULL;
        assert_true(i == 0 || ids[i] != ids[i - 1]);
        assert_ok(f->err, pca_region_cert_get(f->region, ids[i], &cert, f->err));
        pca_cert_free(cert);
    }
    refresh_sub(f, &f->sub);
    assert_int_equal(pca_sub_issued(f->sub), total + 1);
    pca_request_free(r);
}

static void *change_rules(void *argument)
{
    struct fixture *f = argument;
    for (int i = 0; i < 60; i++) {
        if (pca_region_policy_set(f->region, "backdate_seconds", i, NULL) != PCA_OK)
            return f;
    }
    return NULL;
}

/* Rules that change meanwhile make a request be built again: it is issued by the new ones, or BUSY after three times. */
static void rules_change_under_requests(void **state)
{
    struct fixture *f = *state;
    static struct worker workers[4];
    uint8_t spki[256];
    size_t size;
    pthread_t changer;
    void *failed;
    public_key_of(f, f->sub, spki, &size);
    pca_request *r = request_for_key("a.internal", spki, size);
    stock(f, f->root, f->sub, 1000);
    uint64_t left = remaining_of_sub(f, f->sub), issued = 0;
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < 4; i++)
        workers[i] = (struct worker){.f = f, .sub = f->sub, .request = r, .rounds = 40};
    assert_int_equal(pthread_create(&changer, NULL, change_rules, f), 0);
    run_workers(workers, 4);
    assert_int_equal(pthread_join(changer, &failed), 0);
    assert_null(failed);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(workers[i].other + workers[i].quota, 0);
        assert_int_equal(workers[i].issued + workers[i].busy, 40);
        issued += workers[i].issued;
    }
    assert_int_equal(remaining_of_sub(f, f->sub), left - issued);
    pca_request_free(r);
}

/* Two callers with one token at once: both get the first one's certificate. */
static void pitfall_37_one_token_in_two_hands(void **state)
{
    struct fixture *f = *state;
    static struct worker workers[THREADS];
    char token[32];
    stock(f, f->root, f->sub, 100);
    for (int round = 0; round < 10; round++) {
        uint64_t left = remaining_of_sub(f, f->sub);
        pca_request *r = request_new_server("a.internal");
        snprintf(token, sizeof token, "round-%d", round);
        assert_ok(NULL, pca_request_set_token(r, token));
        memset(workers, 0, sizeof workers);
        for (int i = 0; i < THREADS; i++)
            workers[i] = (struct worker){.f = f, .sub = f->sub, .request = r, .rounds = 1};
        run_workers(workers, THREADS);
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(workers[i].issued, 1);
            assert_int_equal(workers[i].ids[0], workers[0].ids[0]);
        }
        assert_int_equal(remaining_of_sub(f, f->sub), left - 1);
        pca_request_free(r);
    }
}

/* ---- Processes ---- */

/* A process of its own: opens the region and issues until there is nothing left. Its exit status says whether all went well;
 * what it issued goes to the pipe. */
static void child_issues(struct fixture *f, const uint8_t *spki, size_t size, int out)
{
    pca_region *region = NULL;
    pca_sub *sub = NULL;
    pca_request *r = pca_request_new();
    uint64_t issued = 0;
    int rc = pca_request_set_type(r, PCA_CERT_SERVER);
    if (rc == PCA_OK)
        rc = pca_request_set_common_name(r, "process.internal");
    if (rc == PCA_OK)
        rc = pca_request_set_years(r, 1);
    if (rc == PCA_OK)
        rc = pca_request_set_public_key(r, spki, size);
    if (rc == PCA_OK)
        rc = pca_region_open(f->path, f->config, &region, NULL);
    if (rc == PCA_OK)
        rc = pca_region_sub_get(region, 2, &sub, NULL);
    while (rc == PCA_OK) {
        pca_cert *cert = NULL;
        rc = pca_sub_request(sub, r, &cert, NULL);
        issued += rc == PCA_OK;
        pca_cert_free(cert);
    }
    pca_sub_free(sub);
    pca_region_close(region);
    _exit(rc == PCA_E_QUOTA && write(out, &issued, sizeof issued) == sizeof issued ? 0 : 1);
}

/* 8 threads and 4 processes for the last of 1,000 units. */
static void pitfall_23_threads_and_processes(void **state)
{
    struct fixture *f = *state;
    static struct worker workers[THREADS];
    uint8_t spki[256];
    size_t size;
    int ends[2], status;
    pid_t children[4];
    public_key_of(f, f->sub, spki, &size);
    pca_request *r = request_for_key("thread.internal", spki, size);
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 1000, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 1000, PCA_ANY, NULL, f->err));
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            child_issues(f, spki, size, ends[1]);
    }
    close(ends[1]);
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < THREADS; i++)
        workers[i] = (struct worker){.f = f, .sub = f->sub, .request = r, .rounds = 600};
    run_workers(workers, THREADS);
    uint64_t issued = 0, one;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].other + workers[i].busy, 0);
        issued += workers[i].issued;
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_int_equal(read(ends[0], &one, sizeof one), sizeof one);
        issued += one;
    }
    close(ends[0]);
    assert_int_equal(issued, 1000);
    assert_int_equal(remaining_of_sub(f, f->sub), 0);
    pca_request_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(results_come_in_order),
        TEST_ECC(bulk_has_its_limits),
        TEST_ECC(the_last_units_in_one_call),
        TEST_ECC(one_token_twice_in_a_call),
        TEST_ECC(threads_share_a_region),
        TEST_ECC(rules_change_under_requests),
        TEST_ECC(pitfall_37_one_token_in_two_hands),
        TEST_ECC(pitfall_23_threads_and_processes),
    };
    return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}
