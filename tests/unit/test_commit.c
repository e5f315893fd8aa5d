/* Group commit: what one leader commits together, what a refusal and a failure leave, and who hears what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"
#include "store/record.h"

#define THREADS 12

struct fixture {
    char directory[64], path[80];
    struct store *store;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    pca_error err = {0};
    strcpy(f->directory, "/tmp/pca-test-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof f->path, "%s/store", f->directory);
    assert_int_equal(pcai_store_create(f->path, &(struct store_options){.map_limit = 4 << 20}, &f->store, &err), PCA_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    pcai_store_close(f->store);
    pcai_store_remove(f->path);
    rmdir(f->directory);
    free(f);
    return 0;
}

static size_t transactions(struct fixture *f)
{
    MDB_envinfo info;
    assert_int_equal(mdb_env_info(f->store->env, &info), 0);
    return info.me_last_txnid;
}

static int holds(struct fixture *f, uint64_t id)
{
    struct txn *txn;
    struct slice value;
    pca_error err = {0};
    struct row_key key = pcai_row_key();
    pcai_row_key_u64(&key, id);
    assert_int_equal(pcai_txn_read(f->store, &txn, &err), PCA_OK);
    int rc = pcai_get(txn, TABLE_TOKEN, pcai_row_key_view(&key), &value, &err);
    pcai_txn_abort(txn);
    return rc == PCA_OK;
}

/* ---- Changes ---- */

enum deed { PUT, REFUSE, PUT_AND_FAIL, AGAIN };
struct job {
    struct change change;
    struct fixture *f;
    uint64_t id;
    enum deed deed;
    size_t octets;     /* of the value */
    atomic_int *gate;  /* apply waits until it is open */
    atomic_int runs;
    int rc;
    pca_error err;
    pthread_t thread;
};

static void nap(void)
{
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static int do_job(struct txn *txn, struct change *change, pca_error *err)
{
    struct job *job = (struct job *)change;
    struct row_key key = pcai_row_key();
    pcai_row_key_u64(&key, job->id);
    while (job->gate && !atomic_load(job->gate))
        nap();
    atomic_fetch_add(&job->runs, 1);
    if (job->deed == REFUSE)
        return pcai_fail(err, PCA_E_STATE, "job", NULL, "job %d is refused", (int)job->id);
    if (job->deed == AGAIN)
        return PCAI_AGAIN;
    uint8_t *value = calloc(1, job->octets + 1);
    int rc = pcai_put(txn, TABLE_TOKEN, pcai_row_key_view(&key), pcai_slice(value, job->octets + 1), err);
    free(value);
    if (rc == PCA_OK && job->deed == PUT_AND_FAIL)
        return pcai_fail(err, PCA_E_CRYPTO, "job", NULL, "job %d fails", (int)job->id);
    return rc;
}

static void *commit_thread(void *argument)
{
    struct job *job = argument;
    job->rc = pcai_store_commit(job->f->store, &job->change, &job->err);
    return NULL;
}

static void start(struct fixture *f, struct job *job)
{
    job->f = f;
    job->change.apply = do_job;
    assert_int_equal(pthread_create(&job->thread, NULL, commit_thread, job), 0);
}

static void wait_for_queue(struct store *store, unsigned waiting)
{
    for (int done = 0; !done; nap()) {
        pthread_mutex_lock(&store->queue.lock);
        done = store->queue.led && store->queue.waiting == waiting;
        pthread_mutex_unlock(&store->queue.lock);
    }
}

/* The first leads and is held in its apply until the others wait behind it. */
static void run_together(struct fixture *f, struct job *jobs, size_t count)
{
    atomic_int gate = 0;
    jobs[0].gate = &gate;
    for (unsigned i = 0; i < count; i++) {
        start(f, &jobs[i]);
        wait_for_queue(f->store, i);
    }
    atomic_store(&gate, 1);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
}

/* ---- Tests ---- */

static void what_waits_is_committed_together(void **state)
{
    struct fixture *f = *state;
    struct job jobs[THREADS] = {{.id = 0}};
    size_t before = transactions(f);
    for (uint64_t i = 0; i < THREADS; i++) {
        jobs[i].id = i;
        jobs[i].change.requests = 1;
    }
    run_together(f, jobs, THREADS);
    assert_int_equal(transactions(f), before + 1);
    for (uint64_t i = 0; i < THREADS; i++) {
        assert_int_equal(jobs[i].rc, PCA_OK);
        assert_int_equal(jobs[i].runs, 1);
        assert_true(holds(f, i));
    }
}

static void a_refusal_touches_nobody(void **state)
{
    struct fixture *f = *state;
    struct job jobs[THREADS] = {{.id = 0}};
    size_t before = transactions(f);
    for (uint64_t i = 0; i < THREADS; i++) {
        jobs[i].id = i;
        jobs[i].change.requests = 1;
        jobs[i].deed = i % 3 == 1 ? REFUSE : i % 3 == 2 ? AGAIN : PUT;
    }
    run_together(f, jobs, THREADS);
    assert_int_equal(transactions(f), before + 1);
    for (uint64_t i = 0; i < THREADS; i++) {
        char text[32];
        snprintf(text, sizeof text, "job %d is refused", (int)i);
        assert_int_equal(jobs[i].rc, i % 3 == 1 ? PCA_E_STATE : i % 3 == 2 ? PCAI_AGAIN : PCA_OK);
        assert_string_equal(jobs[i].err.message, i % 3 == 1 ? text : "");
        assert_int_equal(jobs[i].runs, 1);
        assert_int_equal(holds(f, i), i % 3 == 0);
    }
}

/* What failed after a put is taken back with its transaction, and the others run once more without it. */
static void a_failure_is_taken_out(void **state)
{
    struct fixture *f = *state;
    struct job jobs[THREADS] = {{.id = 0}};
    size_t before = transactions(f);
    for (uint64_t i = 0; i < THREADS; i++) {
        jobs[i].id = i;
        jobs[i].change.requests = 1;
        jobs[i].deed = i == 0 || i == 5 || i == THREADS - 1 ? PUT_AND_FAIL : PUT;
    }
    run_together(f, jobs, THREADS);
    assert_int_equal(transactions(f), before + 1);
    for (uint64_t i = 0; i < THREADS; i++) {
        assert_int_equal(jobs[i].rc, jobs[i].deed == PUT ? PCA_OK : PCA_E_CRYPTO);
        assert_int_equal(jobs[i].err.code, jobs[i].rc);
        assert_int_equal(holds(f, i), jobs[i].deed == PUT);
    }
    assert_true(jobs[1].runs > 1);
}

static void nothing_but_refusals_is_no_commit(void **state)
{
    struct fixture *f = *state;
    struct job jobs[3] = {{.id = 1, .deed = REFUSE}, {.id = 2, .deed = PUT_AND_FAIL}, {.id = 3, .deed = REFUSE}};
    size_t before = transactions(f);
    run_together(f, jobs, 3);
    assert_int_equal(transactions(f), before);
    assert_int_equal(jobs[0].rc, PCA_E_STATE);
    assert_int_equal(jobs[1].rc, PCA_E_CRYPTO);
    assert_int_equal(jobs[2].rc, PCA_E_STATE);
    assert_false(holds(f, 2));
}

/* 256 requests a commit, and no change is split. */
static void a_commit_has_its_limits(void **state)
{
    struct fixture *f = *state;
    struct job jobs[5] = {{.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}, {.id = 5}};
    static const unsigned requests[5] = {100, 156, 1, 256, 1};
    size_t before = transactions(f);
    for (int i = 0; i < 5; i++)
        jobs[i].change.requests = requests[i];
    run_together(f, jobs, 5);
    assert_int_equal(transactions(f), before + 4); /* 100 + 156, 1, 256, 1 */
    for (uint64_t i = 1; i <= 5; i++)
        assert_true(holds(f, i));

    struct job large[3] = {{.id = 11, .octets = 1 << 20}, {.id = 12}, {.id = 13}};
    before = transactions(f);
    run_together(f, large, 3);
    assert_int_equal(transactions(f), before + 2); /* 1 MiB, and the rest */
    for (uint64_t i = 11; i <= 13; i++)
        assert_true(holds(f, i));
}

/* The one that does not fit hears FULL; those that do are in. */
static void full_is_heard_by_whom_it_concerns(void **state)
{
    struct fixture *f = *state;
    struct job jobs[4] = {{.id = 1}, {.id = 2, .octets = 8 << 20}, {.id = 3}, {.id = 4, .octets = 8 << 20}};
    run_together(f, jobs, 4);
    for (uint64_t i = 1; i <= 4; i++) {
        assert_int_equal(jobs[i - 1].rc, i % 2 ? PCA_OK : PCA_E_FULL);
        assert_int_equal(holds(f, i), i % 2);
    }
    assert_non_null(strstr(jobs[1].err.message, "4194304"));
}

static void leading_is_handed_on(void **state)
{
    struct fixture *f = *state;
    struct job jobs[THREADS];
    for (int round = 0; round < 20; round++) {
        memset(jobs, 0, sizeof jobs);
        for (uint64_t i = 0; i < THREADS; i++) {
            jobs[i].id = (uint64_t)round * THREADS + i;
            jobs[i].change.requests = 200; /* each a commit of its own */
            start(f, &jobs[i]);
        }
        for (size_t i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
            assert_int_equal(jobs[i].rc, PCA_OK);
            assert_true(holds(f, jobs[i].id));
        }
    }
    assert_false(f->store->queue.led);
    assert_null(f->store->queue.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_is_committed_together, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_touches_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_is_taken_out, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_but_refusals_is_no_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(a_commit_has_its_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(full_is_heard_by_whom_it_concerns, setup, teardown),
        cmocka_unit_test_setup_teardown(leading_is_handed_on, setup, teardown),
    };
    return cmocka_run_group_tests_name("commit", tests, NULL, NULL);
}
