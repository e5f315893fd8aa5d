/*
 * A rule may be applied more than once: when another change of its commit fails, or the store has to grow, all that the
 * transaction held is taken back and applied again. What stands in the end is what one run would have left.
 */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "api/shell.h"
#include "store/internal.h"
#include "store/record.h"

/* ---- A verb between a change that holds the queue and one that fails ---- */

struct other {
    struct change change;
    struct store *store;
    atomic_int *gate; /* apply waits until it is open */
    int rc;
    pthread_t thread;
};

static void nap(void)
{
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static int hold(struct txn *txn, struct change *change, pca_error *e)
{
    struct other *o = (struct other *)change;
    (void)txn;
    while (!atomic_load(o->gate))
        nap();
    return pcai_fail(e, PCA_E_STATE, NULL, NULL, "it only held the queue");
}

static int put_and_fail(struct txn *txn, struct change *change, pca_error *e)
{
    (void)change;
    int rc = pcai_put(txn, TABLE_TOKEN, pcai_slice_text("of no token"), pcai_slice_text("x"), e);
    return rc == PCA_OK ? pcai_fail(e, PCA_E_CRYPTO, NULL, NULL, "it fails after its put") : rc;
}

static void *commit(void *argument)
{
    struct other *o = argument;
    o->rc = pcai_store_commit(o->store, &o->change, NULL);
    return NULL;
}

static void wait_for_queue(struct store *store, unsigned waiting)
{
    for (int done = 0; !done; nap()) {
        pthread_mutex_lock(&store->queue.lock);
        done = store->queue.led && store->queue.waiting == waiting;
        pthread_mutex_unlock(&store->queue.lock);
    }
}

typedef int (*verb)(struct fixture *f, pca_error *e);
struct call_of {
    struct fixture *f;
    verb does;
    int rc;
    pca_error err;
};

static void *call(void *argument)
{
    struct call_of *c = argument;
    c->rc = c->does(c->f, &c->err);
    return NULL;
}

/* The verb's one write is applied, given up with the change behind it, and applied again. */
static void run_twice(struct fixture *f, verb does)
{
    atomic_int gate = 0;
    struct store *store = f->region->shell->store;
    struct other first = {{hold, 1}, store, &gate, 0, 0}, last = {{put_and_fail, 1}, store, NULL, 0, 0};
    struct call_of c = {.f = f, .does = does};
    pthread_t thread;
    assert_int_equal(pthread_create(&first.thread, NULL, commit, &first), 0);
    wait_for_queue(store, 0);
    assert_int_equal(pthread_create(&thread, NULL, call, &c), 0);
    wait_for_queue(store, 1);
    assert_int_equal(pthread_create(&last.thread, NULL, commit, &last), 0);
    wait_for_queue(store, 2);
    atomic_store(&gate, 1);
    pthread_join(first.thread, NULL);
    pthread_join(thread, NULL);
    pthread_join(last.thread, NULL);
    assert_int_equal(first.rc, PCA_E_STATE);
    assert_int_equal(last.rc, PCA_E_CRYPTO);
    if (c.rc != PCA_OK)
        fail_msg("%s: %s", pca_code_name(c.rc), c.err.message);
    assert_done(pca_region_check(f->region, &err));
}

/* ---- CAs ---- */

static int enable(struct fixture *f, pca_error *e)
{
    pca_request *r = request_new_ca("Test Root", ROOT_CRL_URL);
    pca_request_set_alias(r, "first");
    int rc = pca_root_enable(f->root, r, e);
    pca_request_free(r);
    return rc;
}

static int enable_below(struct fixture *f, pca_error *e)
{
    pca_request *r = request_new_ca("Test Sub", SUB_CRL_URL);
    pca_request_set_alias(r, "second");
    int rc = pca_sub_enable(f->sub, r, e);
    pca_request_free(r);
    return rc;
}

static int rename_root(struct fixture *f, pca_error *e)
{
    return pca_ca_set_alias(pca_root_ca(f->root), "third", e);
}

static int reissue(struct fixture *f, pca_error *e)
{
    pca_request *r = pca_request_new();
    int rc = pca_ca_reissue(pca_sub_ca(f->sub), r, e);
    pca_request_free(r);
    return rc;
}

static void a_cas_names_and_certificates(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 24, &f->root, &f->sub);
    assert_done(pca_ca_set_alias(pca_root_ca(f->root), "slot", &err));
    run_twice(f, enable);
    assert_done(pca_region_root_by_alias(f->region, "first", &root, &err));
    assert_int_equal(pca_ca_state(pca_root_ca(root)), PCA_CA_ENABLED);
    pca_root_free(root);
    root = NULL;
    assert_result(PCA_E_NOT_FOUND, "alias", pca_region_root_by_alias(f->region, "slot", &root, &err));
    run_twice(f, enable_below);
    assert_done(pca_region_sub_by_alias(f->region, "second", &sub, &err));
    pca_sub_free(sub);
    run_twice(f, rename_root);
    assert_done(pca_region_root_by_alias(f->region, "third", &root, &err));
    pca_root_free(root);
    run_twice(f, reissue);
    pca_cert *cert = issue(f, f->sub, "a.internal");
    pca_cert_free(cert);
}

/* ---- Certificates ---- */

static int buy(struct fixture *f, pca_error *e)
{
    return pca_root_purchase_certificates(f->root, 5, "bought", NULL, e);
}

static int assign(struct fixture *f, pca_error *e)
{
    return pca_root_assign(f->root, f->sub, 12, 10, "assigned", e);
}

static int request(struct fixture *f, pca_error *e)
{
    pca_cert *cert = NULL;
    pca_request *r = request_new_server("a.internal");
    pca_request_set_custom_id(r, "one");
    pca_request_set_token(r, "requested");
    int rc = pca_sub_request(f->sub, r, &cert, e);
    pca_cert_free(cert);
    pca_request_free(r);
    return rc;
}

static int revoke(struct fixture *f, pca_error *e)
{
    return pca_ca_revoke_serial(pca_sub_ca(f->sub), "1f00", PCA_REASON_SUPERSEDED, 0, "revoked", e);
}

static int revoke_sub(struct fixture *f, pca_error *e)
{
    return pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_SUPERSEDED, 0, "revoked", e);
}

/* Each once more by its client token, which spends nothing. */
static void units_and_tokens(void **state)
{
    struct fixture *f = *state;
    static const verb verbs[] = {buy, assign, request, revoke, revoke_sub};
    for (size_t i = 0; i < COUNT(verbs); i++) {
        run_twice(f, verbs[i]);
        char *before = snapshot_store(f);
        assert_done(verbs[i](f, &err));
        assert_store_unchanged(f, before);
    }
    assert_int_equal(remaining_of_root(f, f->root), 3);
    assert_int_equal(remaining_of_sub(f, f->sub), 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_REGION(a_cas_names_and_certificates),
        TEST_ECC(units_and_tokens),
    };
    return cmocka_run_group_tests_name("rerun", tests, NULL, NULL);
}
