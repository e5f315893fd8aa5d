/*
 * Damaged pages. Each page of a store is zeroed, or holds the octets of the next; bits are flipped; the file is cut at each page. A
 * child process then asks for all that the store knows. Every answer is right, or an error; or LMDB ends the process, as
 * docs/storage.md says that it may. Where the check of the region finds nothing, nothing is wrong.
 *
 * PCA_DAMAGE_ROUNDS: how many bits are flipped (default 150).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../api/leaf.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define PAGE 4096
#define CERTS 60

static struct fixture *f;
static uint8_t *image;
static size_t image_size;
static char data_file[128];
static unsigned rounds = 150;
static uint64_t seed;
static struct known {
    uint64_t id;
    char serial[48];
    pca_blob *der;
    int revoked;
} known[CERTS];

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed % below;
}

/* ---- The store before ---- */

static void fill_region(void)
{
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 100, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 100, PCA_ANY, NULL, f->err));
    for (int i = 0; i < CERTS; i++) {
        char name[32];
        pca_cert *cert = NULL;
        snprintf(name, sizeof name, "host-%d.internal", i);
        pca_request *r = request_new_server(name);
        assert_ok(NULL, pca_request_set_public_key(r, spki, size));
        assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
        known[i].id = pca_cert_id(cert);
        known[i].revoked = i % 3 == 0;
        strcpy(known[i].serial, pca_cert_serial(cert));
        assert_ok(f->err, pca_cert_der(cert, &known[i].der, f->err));
        if (known[i].revoked)
            assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        pca_cert_free(cert);
        pca_request_free(r);
    }
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
}

static int setup(void **state)
{
    fixture_setup_ecc(state);
    f = *state;
    fill_region();
    pca_root_free(f->root);
    pca_sub_free(f->sub);
    pca_region_close(f->region);
    f->root = NULL;
    f->sub = NULL;
    f->region = NULL;
    snprintf(data_file, sizeof data_file, "%s/data.mdb", f->path);
    image = file_read(data_file, &image_size);
    assert_non_null(image);
    const char *asked = getenv("PCA_DAMAGE_ROUNDS"), *given = getenv("PCA_DAMAGE_SEED");
    if (asked)
        rounds = (unsigned)atoi(asked);
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)getpid() * 2654435761u + 1;
    print_message("PCA_DAMAGE_SEED=%" PRIu64 "\n", seed);
    return 0;
}

static int teardown(void **state)
{
    for (int i = 0; i < CERTS; i++)
        pca_blob_free(known[i].der);
    free(image);
    return fixture_teardown(state);
}

/* ---- What the child finds; it exits with that ---- */

/* From WRONG_CODE on: the code that is none of a damaged file, made positive and added. */
enum { RIGHT, ERRORS, WRONG_CERT, WRONG_LIST, WRONG_SERIAL, WRONG_CRL, WRONG_CHECK, WRONG_CODE };
static const char *const verdicts[] = {
    "right",
    "errors",
    "a certificate is another, or revoked or not as it is not",
    "the list has what was never there",
    "a serial number finds another certificate",
    "the CRL is not complete",
    "the check found nothing, and something is missing",
};

static int fitting(int rc)
{
    return rc == PCA_E_CORRUPT || rc == PCA_E_NOT_FOUND || rc == PCA_E_STORAGE || rc == PCA_E_LOCKED || rc == PCA_E_VERSION ||
           rc == PCA_E_FULL; /* the list of free pages names one far beyond the end */
}

static int verdict_on(int rc)
{
    return rc == PCA_OK || fitting(rc) ? RIGHT : WRONG_CODE - rc;
}

/* *missed counts what is not found. */
static int ask_cert(pca_region *region, const struct known *k, unsigned *missed)
{
    pca_cert *cert = NULL;
    pca_blob *der = NULL;
    int verdict = RIGHT;
    int rc = pca_region_cert_get(region, k->id, &cert, f->err);
    if (rc == PCA_OK)
        rc = pca_cert_der(cert, &der, f->err);
    *missed += rc != PCA_OK;
    if (rc != PCA_OK)
        verdict = verdict_on(rc);
    else if (pca_blob_size(der) != pca_blob_size(k->der) || memcmp(pca_blob_data(der), pca_blob_data(k->der), pca_blob_size(der)) != 0 ||
             pca_cert_status(cert) != (k->revoked ? PCA_STATUS_REVOKED : PCA_STATUS_ISSUED))
        verdict = WRONG_CERT;
    pca_blob_free(der);
    pca_cert_free(cert);
    return verdict;
}

static int ask_serial(const pca_ca *ca, const struct known *k, unsigned *missed)
{
    pca_cert *cert = NULL;
    int rc = pca_ca_cert_by_serial(ca, k->serial, &cert, f->err);
    int verdict = rc == PCA_OK && pca_cert_id(cert) != k->id ? WRONG_SERIAL : verdict_on(rc);
    *missed += rc != PCA_OK;
    pca_cert_free(cert);
    return verdict;
}

static int is_known(const pca_cert *cert)
{
    for (int i = 0; i < CERTS; i++)
        if (known[i].id == pca_cert_id(cert) && strcmp(known[i].serial, pca_cert_serial(cert)) == 0)
            return 1;
    return 0;
}

static int ask_list(pca_region *region, unsigned *missed)
{
    pca_page *page = NULL;
    int rc = pca_region_find_certs(region, NULL, &page, f->err);
    int verdict = verdict_on(rc);
    *missed += rc != PCA_OK || pca_page_count(page) != CERTS;
    for (uint64_t i = 0; rc == PCA_OK && i < pca_page_count(page); i++)
        if (!is_known(pca_page_cert_at(page, i)))
            verdict = WRONG_LIST;
    pca_page_free(page);
    return verdict;
}

/* As INTEGER of DER. */
static int on_crl(const pca_blob *crl, const char *serial)
{
    uint8_t want[26] = {2};
    size_t size = strlen(serial) / 2;
    want[1] = (uint8_t)size;
    for (size_t i = 0; i < size; i++) {
        unsigned octet = 0;
        if (sscanf(serial + 2 * i, "%2x", &octet) != 1)
            return -1;
        want[2 + i] = (uint8_t)octet;
    }
    return memmem(pca_blob_data(crl), pca_blob_size(crl), want, size + 2) != NULL;
}

/* The one call here that writes: it may meet a damaged list of free pages, which the check of what is stored does not look at. */
static int ask_crl(const pca_ca *ca)
{
    pca_blob *crl = NULL;
    int rc = pca_ca_crl_make(ca, f->err);
    if (rc == PCA_OK)
        rc = pca_ca_crl_get(ca, PCA_FORMAT_DER, &crl, f->err);
    int verdict = verdict_on(rc);
    for (int i = 0; rc == PCA_OK && i < CERTS; i++)
        if (on_crl(crl, known[i].serial) != known[i].revoked)
            verdict = WRONG_CRL;
    pca_blob_free(crl);
    return verdict;
}

static int ask_region(pca_region *region, unsigned *missed)
{
    pca_sub *sub = NULL;
    int verdict = ask_list(region, missed);
    for (int i = 0; verdict == RIGHT && i < CERTS; i++)
        verdict = ask_cert(region, &known[i], missed);
    int rc = pca_region_sub_get(region, 2, &sub, f->err);
    *missed += rc != PCA_OK;
    for (int i = 0; rc == PCA_OK && verdict == RIGHT && i < CERTS; i++)
        verdict = ask_serial(pca_sub_ca(sub), &known[i], missed);
    if (rc == PCA_OK && verdict == RIGHT)
        verdict = ask_crl(pca_sub_ca(sub));
    pca_sub_free(sub);
    return verdict;
}

static int ask_all(void)
{
    pca_region *region = NULL;
    unsigned missed = 0;
    int rc = pca_region_open(f->path, f->config, &region, f->err);
    if (rc != PCA_OK)
        return fitting(rc) && *pca_error_message(f->err) ? ERRORS : WRONG_CODE - rc;
    int checked = pca_region_check(region, f->err);
    if (checked != PCA_OK && (!fitting(checked) || !*pca_error_message(f->err)))
        return WRONG_CODE - checked;
    int verdict = ask_region(region, &missed);
    if (verdict != RIGHT)
        return verdict;
    if (checked == PCA_OK)
        return missed ? WRONG_CHECK : RIGHT;
    return ERRORS;
}

/* ---- Rounds ---- */

static struct {
    unsigned right, errors, ended, wrong;
} tally;

static void put_store(const uint8_t *data, size_t size)
{
    char lock[128];
    snprintf(lock, sizeof lock, "%s/lock.mdb", f->path);
    unlink(lock);
    int fd = open(data_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    close(fd);
}

static pid_t start_child(void)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}; /* cmocka catches them */
        struct rlimit none = {0, 0};
        int null = open("/dev/null", O_WRONLY), said = dup(2);
        setrlimit(RLIMIT_CORE, &none);
        dup2(null, 2); /* LMDB's assertions print */
        for (size_t i = 0; i < COUNT(signals); i++)
            signal(signals[i], SIG_DFL);
        alarm(20);
        int verdict = ask_all();
        if (verdict >= WRONG_CODE)
            dprintf(said, "%s: %s\n", pca_error_object(f->err), pca_error_message(f->err));
        _exit(verdict);
    }
    assert_true(pid > 0);
    return pid;
}

static void judge(const char *what)
{
    int status;
    pid_t pid = start_child();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    int ended = WIFSIGNALED(status) ? WTERMSIG(status) : 0, verdict = ended ? WRONG_CODE : WEXITSTATUS(status);
    if (ended == SIGABRT || ended == SIGSEGV || ended == SIGBUS) {
        tally.ended++;
    } else if (verdict == RIGHT || verdict == ERRORS) {
        tally.right += verdict == RIGHT;
        tally.errors += verdict == ERRORS;
    } else {
        tally.wrong++;
        print_error("%s: %s (signal %d)\n", what, verdict < WRONG_CODE ? verdicts[verdict] : pca_code_name(WRONG_CODE - verdict), ended);
    }
}

static int report(void **state)
{
    (void)state;
    print_message("right %u, errors %u, ended by LMDB %u\n", tally.right, tally.errors, tally.ended);
    memset(&tally, 0, sizeof tally);
    return 0;
}

static void the_whole_file_is_right(void **state)
{
    (void)state;
    put_store(image, image_size);
    judge("nothing damaged");
    assert_int_equal(tally.right, 1);
}

static void pitfall_40_zeroed_pages(void **state)
{
    (void)state;
    uint8_t *damaged = malloc(image_size);
    assert_non_null(damaged);
    for (size_t at = 0; at + PAGE <= image_size; at += PAGE) {
        char what[64];
        memcpy(damaged, image, image_size);
        memset(damaged + at, 0, PAGE);
        snprintf(what, sizeof what, "page %zu zeroed", at / PAGE);
        put_store(damaged, image_size);
        judge(what);
    }
    free(damaged);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.errors > 5);
}

static void pitfall_40_pages_of_another_place(void **state)
{
    (void)state;
    uint8_t *damaged = malloc(image_size);
    assert_non_null(damaged);
    for (size_t at = 2 * PAGE; at + 2 * PAGE <= image_size; at += PAGE) {
        char what[64];
        memcpy(damaged, image, image_size);
        memcpy(damaged + at, image + at + PAGE, PAGE);
        snprintf(what, sizeof what, "page %zu lost, the next in its place", at / PAGE);
        put_store(damaged, image_size);
        judge(what);
    }
    free(damaged);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.errors > 5);
}

static void pitfall_40_flipped_bits(void **state)
{
    (void)state;
    uint8_t *damaged = malloc(image_size);
    assert_non_null(damaged);
    for (unsigned i = 0; i < rounds; i++) {
        char what[64];
        size_t at = draw(image_size);
        memcpy(damaged, image, image_size);
        damaged[at] ^= (uint8_t)(1 << draw(8));
        snprintf(what, sizeof what, "octet %zu of page %zu flipped", at % PAGE, at / PAGE);
        put_store(damaged, image_size);
        judge(what);
    }
    free(damaged);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.errors > rounds / 20);
}

static void pitfall_40_cut_files(void **state)
{
    (void)state;
    for (size_t size = 0; size < image_size; size += size < 3 * PAGE ? 1000 : PAGE) {
        char what[64];
        snprintf(what, sizeof what, "cut to %zu octets", size);
        put_store(image, size);
        judge(what);
    }
    assert_int_equal(tally.wrong, 0);
    assert_int_equal(tally.ended, 0); /* the size is looked at before LMDB maps the file */
    assert_true(tally.errors > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_whole_file_is_right, report),
        cmocka_unit_test_teardown(pitfall_40_zeroed_pages, report),
        cmocka_unit_test_teardown(pitfall_40_pages_of_another_place, report),
        cmocka_unit_test_teardown(pitfall_40_flipped_bits, report),
        cmocka_unit_test_teardown(pitfall_40_cut_files, report),
    };
    return cmocka_run_group_tests_name("damage", tests, setup, teardown);
}
