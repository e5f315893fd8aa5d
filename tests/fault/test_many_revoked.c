/*
 * Very many revocations: the CRL is built and handed out in bounded memory, revoking costs what it did, and goes on while a CRL is
 * being built and when building one fails.
 *
 * PCA_REVOKED: how many (default 60,000).
 */
#include "../unit/unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/shell.h"
#include "ca/ca.h"
#include "ca/revoke.h"

#define REVOKED_BY_DEFAULT 60000
#define PART 10000           /* rows put in one transaction */
#define ENTRY_LEAST 35       /* octets of an entry: a serial number of 16, a date */
#define MEMORY (2u << 20)    /* that building may take: a transaction of 1 MiB, a piece of 64 KiB, what LMDB needs besides */
#define WRITTEN (64u << 10)  /* octets that one revocation may write: 16 pages */

static uint64_t rows = REVOKED_BY_DEFAULT;

static int setup(void **state)
{
    const char *asked = getenv("PCA_REVOKED");
    if (asked)
        rows = strtoull(asked, NULL, 10);
    return fixture_setup_ecc(state);
}

/* ---- Rows ---- */

struct part {
    uint64_t from, to;
};

static void put_serial(uint64_t n, uint8_t serial[16])
{
    memset(serial, 0x5A, 16);
    for (int i = 0; i < 8; i++)
        serial[1 + i] = (uint8_t)(n >> (56 - 8 * i));
}

/* As revoking by serial number leaves them. */
static int put_rows(struct txn *txn, struct context *cx, void *arguments, pca_error *error)
{
    const struct part *part = arguments;
    struct ca_record issuer;
    int rc = pcai_ca_read(txn, cx, 2, &issuer, error);
    for (uint64_t n = part->from; rc == PCA_OK && n < part->to; n++) {
        uint8_t serial[16];
        struct revocation_record row = {.revoked_at = T0, .reason = PCA_REASON_UNSPECIFIED, .not_after = T0 + YEAR};
        put_serial(n, serial);
        rc = pcai_revocation_put(txn, cx, &issuer, 1, pcai_slice(serial, sizeof serial), &row, error);
    }
    return rc;
}

static void revoke_many(struct fixture *f)
{
    for (uint64_t n = 0; n < rows; n += PART) {
        struct part part = {n, n + PART < rows ? n + PART : rows};
        assert_ok(f->err, pcai_verb_write(f->region->shell, put_rows, &part, f->err));
    }
}

static int revoke_one(struct fixture *f, unsigned n)
{
    char serial[40];
    snprintf(serial, sizeof serial, "7f%08x%022x", n, n);
    return pca_ca_revoke_serial(pca_sub_ca(f->sub), serial, PCA_REASON_SUPERSEDED, 0, NULL, f->err);
}

/* ---- What it costs ---- */

/* A number of a file under /proc/self. */
static uint64_t own(const char *name, const char *label)
{
    char path[64], line[256];
    uint64_t value = UINT64_MAX;
    snprintf(path, sizeof path, "/proc/self/%s", name);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, label, strlen(label)) == 0)
            value = strtoull(line + strlen(label), NULL, 10);
    if (file)
        fclose(file);
    return value;
}

/* From here on the program may take `more` octets more of its own memory; 0: any. What is mapped of files does not count. */
static void limit_memory(uint64_t more)
{
    static struct rlimit was;
    struct rlimit limit;
    if (more == 0) {
        assert_int_equal(setrlimit(RLIMIT_DATA, &was), 0);
        return;
    }
    uint64_t has = own("status", "VmData:");
    if (has == UINT64_MAX)
        skip();
    assert_int_equal(getrlimit(RLIMIT_DATA, &was), 0);
    limit = was;
    limit.rlim_cur = (rlim_t)(has * 1024 + more);
    assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
}

/* ---- The CRL, by hand ---- */

static size_t header(const uint8_t *at, size_t *size)
{
    size_t octets = at[1] & 0x80 ? at[1] & 0x7F : 0;
    *size = octets ? 0 : at[1];
    for (size_t i = 0; i < octets; i++)
        *size = *size << 8 | at[2 + i];
    return 2 + octets;
}

/* How many entries the CRL in a file has; each greater than the one before. */
static uint64_t count_entries(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    const uint8_t *crl = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0), *at = crl, *previous = NULL;
    size_t size, previous_size = 0;
    uint64_t count = 0;
    assert_true(crl != MAP_FAILED);
    at += header(at, &size);  /* CertificateList */
    assert_int_equal(at + size - crl, st.st_size);
    at += header(at, &size);  /* TBSCertList */
    for (int field = 0; field < 5; field++) { /* version, signature, issuer, thisUpdate, nextUpdate */
        at += header(at, &size);
        at += size;
    }
    at += header(at, &size);
    for (const uint8_t *end = at + size; at < end; count++) {
        size_t serial_size;
        const uint8_t *serial = at + header(at, &size);
        at = serial + size;
        assert_int_equal(*serial, 0x02);
        serial += header(serial, &serial_size);
        assert_true(!previous || memcmp(previous, serial, serial_size < previous_size ? serial_size : previous_size) < 0);
        previous = serial;
        previous_size = serial_size;
    }
    munmap((void *)(uintptr_t)crl, (size_t)st.st_size);
    close(fd);
    return count;
}

static void check_crl(struct fixture *f, uint64_t expected)
{
    const char *der = file_path(f, "crl.der"), *issuer = file_path(f, "sub.pem");
    pca_blob *blob = NULL;
    struct stat st;
    assert_ok(f->err, pca_ca_crl_write(pca_sub_ca(f->sub), PCA_FORMAT_DER, der, f->err));
    assert_int_equal(stat(der, &st), 0);
    assert_true((uint64_t)st.st_size > expected * ENTRY_LEAST);
    assert_int_equal(count_entries(der), expected);
    assert_ok(f->err, pca_ca_certificate(pca_sub_ca(f->sub), PCA_FORMAT_PEM, &blob, f->err));
    issuer = file_blob(f, "pem", blob);
    char *said = output_of("openssl", "crl", "-inform", "DER", "-in", der, "-noout", "-CAfile", issuer);
    assert_non_null(strstr(said, "verify OK"));
    free(said);
}

/* ---- Tests ---- */

static void pitfall_04_a_large_crl_in_bounded_memory(void **state)
{
    struct fixture *f = *state;
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err)); /* what is set up once */
    revoke_many(f);
    limit_memory(MEMORY);
    int made = pca_ca_crl_make(pca_sub_ca(f->sub), f->err);
    int written = pca_ca_crl_write(pca_sub_ca(f->sub), PCA_FORMAT_PEM, file_path(f, "crl.pem"), NULL);
    limit_memory(0);
    assert_ok(f->err, made);
    assert_int_equal(written, PCA_OK);
    check_crl(f, rows);
}

/* With a thousandth of the rows and with all: as many octets, but for the trees' height. */
static void pitfall_04_revoking_costs_no_more(void **state)
{
    struct fixture *f = *state;
    revoke_many(f);
    assert_int_equal(revoke_one(f, 0), PCA_OK);
    uint64_t before = own("io", "wchar:");
    if (before == UINT64_MAX)
        skip();
    for (unsigned n = 1; n <= 20; n++)
        assert_ok(f->err, revoke_one(f, n));
    assert_in_range((own("io", "wchar:") - before) / 20, 4096, WRITTEN);
}

static void pitfall_04_a_crl_that_cannot_be_built(void **state)
{
    struct fixture *f = *state;
    struct rlimit was, limit;
    struct stat st;
    char data[128];
    revoke_many(f);
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    snprintf(data, sizeof data, "%s/data.mdb", f->path);
    assert_int_equal(stat(data, &st), 0);
    signal(SIGXFSZ, SIG_IGN); /* as a host must that sets such a limit */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    limit = was;
    limit.rlim_cur = 1 << 20; /* the spool is larger; the store is, and may not grow, but has free pages */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int made = pca_ca_crl_make(pca_sub_ca(f->sub), f->err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_code(f->err, PCA_E_FULL, made);
    check_crl(f, rows); /* the one before is there */
    assert_ok(f->err, revoke_one(f, 1));
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    check_crl(f, rows + 1);
}

struct builder {
    const struct fixture *f;
    atomic_int over;
    int rc;
};

static void *build(void *argument)
{
    struct builder *b = argument;
    b->rc = pca_ca_crl_make(pca_sub_ca(b->f->sub), NULL);
    atomic_store(&b->over, 1);
    return NULL;
}

static void pitfall_04_revoking_beside_a_build(void **state)
{
    struct fixture *f = *state;
    struct builder b = {.f = f};
    pthread_t thread;
    unsigned n = 0;
    revoke_many(f);
    assert_int_equal(pthread_create(&thread, NULL, build, &b), 0);
    do {
        assert_ok(f->err, revoke_one(f, n));
        n++;
    } while (!atomic_load(&b.over));
    pthread_join(thread, NULL);
    assert_int_equal(b.rc, PCA_OK);
    print_message("%u revoked meanwhile\n", n);
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    check_crl(f, rows + n);
}

#define TEST_ROWS(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ROWS(pitfall_04_a_large_crl_in_bounded_memory),
        TEST_ROWS(pitfall_04_revoking_costs_no_more),
        TEST_ROWS(pitfall_04_a_crl_that_cannot_be_built),
        TEST_ROWS(pitfall_04_revoking_beside_a_build),
    };
    return cmocka_run_group_tests_name("many_revoked", tests, NULL, NULL);
}
