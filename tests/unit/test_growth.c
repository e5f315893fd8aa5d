/*
 * src/store: the map grows by use. On 64-bit it is opened at its ceiling and never does; here src/store/environment.c is
 * compiled to start it at 256 KiB, as on 32-bit it starts below its limit.
 */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"
#include "store/record.h"

#define START (256 << 10)
#define LIMIT (4 << 20)
#define VALUE 3000

static const struct store_options usual = {.map_limit = LIMIT};

/* ---- Address space, which gate.c asks for before it grows a map ---- */

static int no_space;
#ifdef __GLIBC__
#define MMAP(part) part##mmap64 /* by its name for large files */
#else
#define MMAP(part) part##mmap
#endif
void *MMAP(__real_)(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *MMAP(__wrap_)(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *MMAP(__wrap_)(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (!no_space)
        return MMAP(__real_)(at, size, protection, flags, fd, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}

struct adding {
    struct change change;
    struct store *store;
    uint64_t first, count; /* rows of VALUE octets, in one change */
    int runs, rc;
    atomic_int done;
    pca_error error;
};

static int apply(struct txn *txn, struct change *change, pca_error *e)
{
    struct adding *a = (struct adding *)change;
    static const uint8_t value[VALUE] = {1};
    int rc = PCA_OK;
    a->runs++;
    for (uint64_t i = 0; rc == PCA_OK && i < a->count; i++) {
        struct row_key key = pcai_row_key();
        pcai_row_key_u64(&key, a->first + i);
        rc = pcai_put(txn, TABLE_TOKEN, pcai_row_key_view(&key), pcai_slice(value, sizeof value), e);
    }
    return rc;
}

static void *add_rows(void *argument)
{
    struct adding *a = argument;
    a->change = (struct change){.apply = apply, .requests = 1};
    a->rc = pcai_store_commit(a->store, &a->change, &a->error);
    atomic_store(&a->done, 1);
    return NULL;
}

static int add(struct store *s, uint64_t first, uint64_t count, int *runs)
{
    struct adding a = {.store = s, .first = first, .count = count};
    add_rows(&a);
    err = a.error;
    if (runs)
        *runs = a.runs;
    return a.rc;
}

static uint64_t count_rows(struct store *s)
{
    struct txn *txn;
    struct scan *scan;
    struct slice key, value, all = pcai_slice("", 0);
    uint64_t count = 0;
    assert_done(pcai_txn_read(s, &txn, &err));
    assert_done(pcai_scan_open(txn, TABLE_TOKEN, all, all, &scan, &err));
    for (; pcai_scan_next(scan, &key, &value, &err) == PCA_OK; count++)
        assert_int_equal(pcai_read_u64(key.data), count);
    pcai_scan_close(scan);
    pcai_txn_abort(txn);
    return count;
}

static struct store *new_store(const char *path)
{
    struct store *s;
    assert_done(pcai_store_create(path, &usual, &s, &err));
    assert_int_equal(add(s, 0, 1, NULL), PCA_OK);
    assert_int_equal(s->gate.map_size, START);
    return s;
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 30000000}, NULL);
}

static void the_map_grows_by_use_and_nothing_is_lost(void **state)
{
    (void)state;
    const char *path = scratch("by-use");
    struct store *s = new_store(path);
    for (uint64_t i = 1; i < 400; i += 21)
        assert_done(add(s, i, 21, NULL));
    assert_true(s->gate.map_size > START && s->gate.map_size <= LIMIT);
    assert_true(s->gate.resizes > 1);
    assert_int_equal(count_rows(s), 400);
    pcai_store_close(s);
    assert_done(pcai_store_open(path, &usual, &s, &err)); /* more than it starts with */
    assert_int_equal(count_rows(s), 400);
    pcai_store_close(s);
}

static void a_change_that_needs_much_is_applied_until_it_fits(void **state)
{
    (void)state;
    struct store *s = new_store(scratch("much"));
    int runs;
    assert_done(add(s, 1, 600, &runs)); /* 2.4 MiB with its pages' rest */
    assert_true(runs > 2);
    assert_int_equal(count_rows(s), 601);
    pcai_store_close(s);
}

static void a_transaction_that_met_the_end_is_to_be_done_again(void **state)
{
    (void)state;
    struct store *s = new_store(scratch("again"));
    struct txn *txn;
    struct slice value;
    int rc = PCA_OK;
    assert_done(pcai_txn_write(s, &txn, &err));
    for (uint64_t i = 1; rc == PCA_OK; i++) {
        struct row_key key = pcai_row_key();
        pcai_row_key_u64(&key, i);
        rc = pcai_put(txn, TABLE_TOKEN, pcai_row_key_view(&key), octets("(3000 61)"), &err);
    }
    assert_int_equal(rc, PCAI_AGAIN);
    assert_int_equal(pcai_txn_commit(txn, &err), PCAI_AGAIN);
    assert_true(s->gate.map_size > START);
    assert_int_equal(count_rows(s), 1); /* nothing was written */
    assert_done(pcai_txn_read(s, &txn, &err));
    assert_int_equal(pcai_get(txn, TABLE_TOKEN, octets("0000000000000001"), &value, &err), PCA_E_NOT_FOUND);
    pcai_txn_abort(txn);
    pcai_store_close(s);
}

static void pitfall_30_at_its_limit_a_grown_store_is_full(void **state)
{
    (void)state;
    struct store *s = new_store(scratch("full"));
    uint64_t rows = 1;
    int rc;
    while ((rc = add(s, rows, 20, NULL)) == PCA_OK)
        assert_true((rows += 20) < 2000);
    assert_int_equal(rc, PCA_E_FULL);
    assert_string_equal(err.field, "map_limit");
    assert_says("4194304");
    assert_int_equal(s->gate.map_size, LIMIT);
    assert_true(rows > 500);
    assert_int_equal(count_rows(s), rows);
    assert_int_equal(add(s, rows, 20, NULL), PCA_E_FULL); /* and stays so, without harm */
    assert_int_equal(count_rows(s), rows);
    pcai_store_close(s);
}

static void it_is_full_for_as_long_as_there_is_no_address_space(void **state)
{
    (void)state;
    struct store *s = new_store(scratch("space"));
    uint64_t rows = 1;
    int rc;
    no_space = 1;
    while ((rc = add(s, rows, 5, NULL)) == PCA_OK)
        assert_true((rows += 5) < 100);
    assert_int_equal(rc, PCA_E_FULL);
    assert_string_equal(err.field, "map_limit");
    assert_says("address space");
    assert_says("262144");
    assert_int_equal(add(s, rows, 5, NULL), PCA_E_FULL);
    assert_int_equal(count_rows(s), rows);
    no_space = 0;
    assert_done(add(s, rows, 5, NULL));
    assert_true(s->gate.map_size > START);
    assert_int_equal(count_rows(s), rows + 5);
    pcai_store_close(s);
}

static void growth_waits_for_open_readers(void **state)
{
    (void)state;
    struct store *s = new_store(scratch("readers"));
    struct txn *reader;
    struct slice value;
    pthread_t thread;
    struct adding a = {.store = s, .first = 1, .count = 300};
    assert_done(pcai_txn_read(s, &reader, &err));
    assert_done(pcai_get(reader, TABLE_TOKEN, octets("0000000000000000"), &value, &err));
    assert_int_equal(pthread_create(&thread, NULL, add_rows, &a), 0);
    nap();
    assert_int_equal(atomic_load(&a.done), 0);
    assert_int_equal(s->gate.map_size, START);
    assert_int_equal(value.data[0], 1); /* the slice is where it was */
    pcai_txn_abort(reader);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(a.rc, PCA_OK);
    assert_int_equal(count_rows(s), 301);
    pcai_store_close(s);
}

static void growth_by_another_process_is_followed(void **state)
{
    (void)state;
    const char *path = scratch("process");
    struct store *s = new_store(path);
    int status;
    for (int round = 0; round < 2; round++) { /* read, then write first after it */
        fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct adding a = {.first = 1 + 300 * (uint64_t)round, .count = 299};
            pcai_store_close(s);
            int rc = pcai_store_open(path, &usual, &a.store, NULL);
            if (rc == PCA_OK) {
                add_rows(&a);
                rc = a.rc;
                pcai_store_close(a.store);
            }
            exit_child(rc == PCA_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        if (round == 0)
            assert_int_equal(count_rows(s), 300);
        assert_done(add(s, 300 * (uint64_t)(round + 1), 1, NULL));
    }
    assert_int_equal(count_rows(s), 601);
    pcai_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_map_grows_by_use_and_nothing_is_lost),
        cmocka_unit_test(a_change_that_needs_much_is_applied_until_it_fits),
        cmocka_unit_test(a_transaction_that_met_the_end_is_to_be_done_again),
        cmocka_unit_test(pitfall_30_at_its_limit_a_grown_store_is_full),
        cmocka_unit_test(it_is_full_for_as_long_as_there_is_no_address_space),
        cmocka_unit_test(growth_waits_for_open_readers),
        cmocka_unit_test(growth_by_another_process_is_followed),
    };
    return cmocka_run_group_tests_name("growth", tests, scratch_setup, scratch_teardown);
}
