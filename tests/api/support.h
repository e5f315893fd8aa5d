/*
 * What the API tests share: a region in a directory of its own, a clock that the test sets, checks that say what they saw,
 * and programs of others to judge by. The library is used through its public headers only.
 *
 * A test is static void name(void **state), with struct fixture *f = *state; and stands in its group as one of
 *   TEST(name)         a directory, a config and a clock
 *   TEST_REGION(name)  and an empty region
 *   TEST_ECC(name)     and in it an enabled P-256 root with its subordinate, 120 months
 *   TEST_RSA(name)     the same with RSA 2048 keys
 * The teardown closes the handles, verifies the region (pca_region_check) and removes the directory.
 * Checks belong to the test's own thread: what other threads saw is judged after they have been joined.
 */
#ifndef PCA_TESTS_API_SUPPORT_H
#define PCA_TESTS_API_SUPPORT_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pca/driver.h>
#include <pca/pca.h>

#define T0 INT64_C(1800014400)           /* 2027-01-15T12:00:00Z: every test starts here */
#define RELEASE_DATE INT64_C(1793491200) /* 2026-11-01T00:00:00Z */
#define MINUTE INT64_C(60)
#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)
#define YEAR (365 * DAY)
#define ROOT_CRL_URL "http://crl.example/root.crl"
#define SUB_CRL_URL "http://crl.example/sub.crl"

/* ---- Fixture ---- */

struct test_clock {
    _Atomic int64_t now;
    _Atomic int code;             /* not PCA_OK: the callback fails with it */
    _Atomic unsigned calls;
    void (*hook)(void *argument); /* called in the callback; may be NULL. Set it while no other thread calls. */
    void *argument;
};

struct fixture {
    char dir[64];      /* the test's own directory */
    char path[80];     /* dir/region */
    struct test_clock clock;
    struct pca_clock clock_table;
    pca_config *config; /* key of 32 octets, the clock, actor "tester" */
    pca_error *err;
    pca_region *region; /* NULL if the test wants no region, or closed it */
    pca_root *root;     /* of TEST_ECC and TEST_RSA, as after enabling */
    pca_sub *sub;
    int unchecked;      /* 1: the teardown does not call pca_region_check */
    unsigned files;     /* number of the next temporary file */
    char names[16][128];
};

/* The two ends and the two starts in between, for cmocka. */
int fixture_setup(void **state);
int fixture_setup_region(void **state);
int fixture_setup_ecc(void **state);
int fixture_setup_rsa(void **state);
int fixture_teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define TEST_REGION(name) cmocka_unit_test_setup_teardown(name, fixture_setup_region, fixture_teardown)
#define TEST_ECC(name) cmocka_unit_test_setup_teardown(name, fixture_setup_ecc, fixture_teardown)
#define TEST_RSA(name) cmocka_unit_test_setup_teardown(name, fixture_setup_rsa, fixture_teardown)

/* A new config like the fixture's own; the caller frees it. */
pca_config *config_new(struct fixture *f);
extern const uint8_t test_key[32];
/* Makes f->path into the region "test". */
void make_region(struct fixture *f);
/* Closes f->region, and opens it again. f->root and f->sub are of the old handle and freed. */
void reopen_region(struct fixture *f);
/* A path in the test's directory for a file of that name, valid for the next 16 such calls. */
const char *file_path(struct fixture *f, const char *name);
/* A file of the test's with a new name; ending: "pem". */
const char *file_new(struct fixture *f, const char *ending, const void *data, size_t size);
const char *file_text(struct fixture *f, const char *ending, const char *text);
/* The file's octets, with a NUL after them; free() it. NULL if there is none. size may be NULL. */
uint8_t *file_read(const char *path, size_t *size);
/* Frees the blob. */
const char *file_blob(struct fixture *f, const char *ending, pca_blob *blob);
/* Removes a file or a directory with all that is in it. */
void remove_tree(const char *path);

/* ---- CAs and certificates ---- */

/* For a CA: "Test Root", O=Example, C=DE. url may be NULL. No validity: the default. */
pca_request *request_new_ca(const char *common_name, const char *crl_url);
/* For a leaf, without a validity. common_name may be NULL. */
pca_request *request_new_leaf(int type, const char *common_name);
/* Type SERVER, one year. */
pca_request *request_new_server(const char *common_name);
/* A purchased root and its subordinate; either output may be NULL. */
void purchase_ca(struct fixture *f, int kind, int family, uint64_t months, pca_root **root, pca_sub **sub);
/* Enables them with ROOT_CRL_URL and SUB_CRL_URL; algorithm 0: the default. Outputs as after. */
void make_ca(struct fixture *f, int family, int algorithm, uint64_t months, pca_root **root, pca_sub **sub);
/* A CRL of each enabled CA, so that pca_region_run_due finds none to make for a while. */
void make_crls(struct fixture *f);
/* Enables with that common name, and reloads the handle in place. */
void enable_root(struct fixture *f, pca_root **root, const char *common_name);
void enable_sub(struct fixture *f, pca_sub **sub, const char *common_name);
/* Reads the snapshot anew, in place. */
void refresh_root(struct fixture *f, pca_root **root);
void refresh_sub(struct fixture *f, pca_sub **sub);
void refresh_cert(struct fixture *f, pca_cert **cert);
/* A server certificate for that name, one year. */
pca_cert *issue(struct fixture *f, const pca_sub *sub, const char *common_name);
/* What a fresh snapshot says. */
uint64_t remaining_of_root(struct fixture *f, const pca_root *root);
uint64_t remaining_of_sub(struct fixture *f, const pca_sub *sub);
int state_of(struct fixture *f, const pca_ca *ca);
void set_policy(struct fixture *f, const char *name, int64_t value);
/* Seconds since 1970 of a UTC date; month 1..12. */
int64_t utc(int year, int month, int day, int hour, int minute, int second);

/* ---- Checks: what they say on failure names code and text ---- */

void check_code(pca_error *err, int expected, int seen, const char *call, const char *file, int line);
void check_refusal(pca_error *err, int expected, const char *object, const char *field, int seen, const char *call,
                   const char *file, int line);
/* The call's code; with an error that it agrees with it: cleared by success, code, text and object set by a refusal. err is
 * what the call was given; NULL for setters and where none was given. */
#define assert_code(err, expected, call) check_code((err), (expected), (call), #call, __FILE__, __LINE__)
#define assert_ok(err, call) assert_code(err, PCA_OK, call)
/* Code, object and field; object or field NULL: not looked at. */
#define assert_refusal(err, expected, object, field, call) \
    check_refusal((err), (expected), (object), (field), (call), #call, __FILE__, __LINE__)
/* The message names all that people need. */
void check_message(const pca_error *err, const char *part, const char *file, int line);
#define assert_message(err, part) check_message((err), (part), __FILE__, __LINE__)
/* "sub 4" in a buffer of its own, valid for the next 8 calls. */
const char *object_name(const char *kind, uint64_t id);

/* An output that a failing call must leave alone: pca_cert *cert = POISON; assert_refusal(...); assert_poisoned(cert); */
extern char test_poison[1];
#define POISON ((void *)test_poison)
#define assert_poisoned(p) assert_ptr_equal((const void *)(p), (const void *)test_poison)

/* ---- The store, seen past the library ---- */

/* Every row of every table but the log, its tree and the reservation of serial numbers, as text, in order. free() it. No
 * transaction may be writing. */
char *snapshot_store(struct fixture *f);
char *snapshot_store_at(struct fixture *f, const char *region_path);
/* Compares with a snapshot of now and frees the old one. */
void check_store_unchanged(struct fixture *f, char *before, const char *file, int line);
#define assert_store_unchanged(f, before) check_store_unchanged((f), (before), __FILE__, __LINE__)

/* ---- Programs ---- */

/* Runs argv (NULL at its end), found on PATH, with /dev/null as input. *output, if wanted, has what it wrote to both of its
 * outputs as text; free() it. Returns the exit status, 128 + n for signal n. */
int run_argv(char **output, const char *const argv[]);
#define run(output, ...) run_argv((output), (const char *const[]){__VA_ARGS__, NULL})
/* Fails with the program's output unless its status is `status`. */
void check_run(int status, const char *const argv[], const char *file, int line);
#define assert_run(status, ...) check_run((status), (const char *const[]){__VA_ARGS__, NULL}, __FILE__, __LINE__)
/* The program's output, status 0 required; free() it. */
char *check_output(const char *const argv[], const char *file, int line);
#define output_of(...) check_output((const char *const[]){__VA_ARGS__, NULL}, __FILE__, __LINE__)

#endif
