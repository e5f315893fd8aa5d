/*
 * Secrets that are left behind: the program's own memory, freed blocks included, and the store file are searched for private keys, the
 * region key, passphrases and passwords. They are found while they are in use, and nowhere afterwards.
 *
 * What is searched for is caught where the library makes it, and kept masked, so that the test's own copy is not found.
 */
#include "../unit/unit.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/der.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "keys/keyring.h"

#define MASK 0xA5
#define WINDOW 16 /* octets at each end of a secret that are searched for */
#define SECRETS_MAX 64

/* ---- The secrets ---- */

static struct secret {
    char what[24];
    size_t size;
    uint8_t masked[512];
} secrets[SECRETS_MAX];
static size_t secret_count;

static void keep(const char *what, struct slice octets)
{
    struct secret *s = &secrets[secret_count++];
    if (secret_count > SECRETS_MAX || octets.size < WINDOW || octets.size > sizeof s->masked)
        abort();
    snprintf(s->what, sizeof s->what, "%s", what);
    s->size = octets.size;
    for (size_t i = 0; i < octets.size; i++)
        s->masked[i] = octets.data[i] ^ MASK;
}

/* A passphrase, from its masked letters into `to`, of 32 octets at least. */
static char *unmask(const char *masked, char *to)
{
    size_t i = 0;
    for (; masked[i]; i++)
        to[i] = (char)(masked[i] ^ 1);
    to[i] = 0;
    return to;
}
/* "The first passphrase is this one", "The second one is longer still", "And that is the export's own", each octet ^ 1. */
static const char first_passphrase[] = "Uid!ghsru!q`rrqis`rd!hr!uihr!nod";
static const char second_passphrase[] = "Uid!rdbnoe!nod!hr!mnofds!ruhmm";
static const char export_password[] = "@oe!ui`u!hr!uid!dyqnsu&r!nvo";

static void keep_text(const char *what, const char *masked)
{
    char text[40];
    unmask(masked, text);
    keep(what, pcai_slice_text(text));
    pcai_wipe(text, sizeof text);
}

/* PrivateKeyInfo: the private numbers of ECPrivateKey (RFC 5915), or d, p and q of RSAPrivateKey (RFC 8017 A.1.2). */
static void keep_pkcs8(struct slice pkcs8)
{
    struct der outer = pcai_der(pkcs8), info, key, inner;
    struct slice octets, number;
    uint64_t version;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &info) != 0 || pcai_der_get_uint(&info, &version) != 0 ||
        pcai_der_whole(&info, DER_SEQUENCE, &number) != 0 || pcai_der_get(&info, DER_OCTET_STRING, &octets) != 0)
        abort();
    key = pcai_der(octets);
    if (pcai_der_enter(&key, DER_SEQUENCE, &inner) != 0 || pcai_der_get_uint(&inner, &version) != 0)
        abort();
    if (version == 1) {
        if (pcai_der_get(&inner, DER_OCTET_STRING, &number) != 0)
            abort();
        keep("EC or SM2 key", number);
        return;
    }
    static const char *const names[] = {"RSA n", "RSA e", "RSA d", "RSA p", "RSA q"};
    for (size_t i = 0; i < COUNT(names); i++) {
        if (pcai_der_get_integer(&inner, &number) != 0)
            abort();
        if (i >= 2)
            keep(names[i], number);
    }
}

int __real_pcai_key_generate(int algorithm, struct random *random, struct key **key, pca_error *error);
int __wrap_pcai_key_generate(int algorithm, struct random *random, struct key **key, pca_error *error);
int __wrap_pcai_key_generate(int algorithm, struct random *random, struct key **key, pca_error *error)
{
    struct buf pkcs8 = {0};
    int rc = __real_pcai_key_generate(algorithm, random, key, error);
    if (rc == PCA_OK) {
        if (pcai_key_write(*key, &pkcs8, error) != PCA_OK)
            abort();
        keep_pkcs8(pcai_buf_view(&pkcs8));
    }
    pcai_buf_free(&pkcs8);
    return rc;
}

int __real_pcai_keyring_new(const uint8_t region_key[PCAI_SEAL_KEY], struct keyring **ring, pca_error *error);
int __wrap_pcai_keyring_new(const uint8_t region_key[PCAI_SEAL_KEY], struct keyring **ring, pca_error *error);
int __wrap_pcai_keyring_new(const uint8_t region_key[PCAI_SEAL_KEY], struct keyring **ring, pca_error *error)
{
    keep("region key", pcai_slice(region_key, PCAI_SEAL_KEY));
    return __real_pcai_keyring_new(region_key, ring, error);
}

/* The derivation would take most of the time. */
int __real_pcai_pbkdf2(int digest, struct slice password, struct slice salt, uint32_t rounds, uint8_t *out, size_t size, pca_error *error);
int __wrap_pcai_pbkdf2(int digest, struct slice password, struct slice salt, uint32_t rounds, uint8_t *out, size_t size, pca_error *error);
int __wrap_pcai_pbkdf2(int digest, struct slice password, struct slice salt, uint32_t rounds, uint8_t *out, size_t size, pca_error *error)
{
    (void)rounds;
    return __real_pcai_pbkdf2(digest, password, salt, 10, out, size, error);
}

/* ---- The search ---- */

/* Numbers lie in memory from either end. Step -1: backwards from `from`. */
static int matches(const uint8_t *at, const struct secret *s, size_t from, int step)
{
    for (size_t i = 0; i < WINDOW; i++, from += (size_t)step)
        if ((at[i] ^ MASK) != s->masked[from])
            return 0;
    return 1;
}

static int is_at(const uint8_t *at, const struct secret *s)
{
    size_t last = s->size - 1;
    return matches(at, s, 0, 1) || matches(at, s, s->size - WINDOW, 1) || matches(at, s, last, -1) || matches(at, s, WINDOW - 1, -1);
}

static unsigned found[SECRETS_MAX];

static void search(const uint8_t *data, size_t size, int say, const char *where)
{
    for (size_t i = 0; i + WINDOW <= size; i++)
        for (size_t s = 0; s < secret_count; s++)
            if (is_at(data + i, &secrets[s])) {
                if (say && !found[s])
                    print_error("%s: %s, octet %zu\n", where, secrets[s].what, i);
                found[s]++;
            }
}

/* All that the program may write and shares with nobody: its heap, other anonymous memory, stacks, its variables and those of
 * libraries. */
static void search_memory(int say)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    memset(found, 0, sizeof found);
    if (!maps)
        skip();
    while (fgets(line, sizeof line, maps)) {
        uintptr_t from, to;
        char mode[5];
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &from, &to, mode) == 3 && strcmp(mode, "rw-p") == 0)
            search((const uint8_t *)from, to - from, say, line);
    }
    fclose(maps);
}

static void search_file(const char *path)
{
    size_t size;
    memset(found, 0, sizeof found);
    uint8_t *data = file_read(path, &size);
    assert_non_null(data);
    assert_true(size > 100000);
    search(data, size, 1, path);
    free(data);
}

static unsigned count_found(const char *what)
{
    unsigned count = 0;
    for (size_t s = 0; s < secret_count; s++)
        count += (!what || strcmp(secrets[s].what, what) == 0) && found[s] > 0;
    return count;
}

/* ---- A life ---- */

static void set_passphrase(pca_config *config, const char *masked)
{
    char text[40];
    assert_ok(NULL, pca_config_set_passphrase(config, unmask(masked, text)));
    pcai_wipe(text, sizeof text);
}

static pca_config *config_with(struct fixture *f, const char *masked)
{
    pca_config *config = pca_config_new();
    assert_ok(NULL, pca_config_set_clock(config, &f->clock_table));
    set_passphrase(config, masked);
    return config;
}

static void export_all(struct fixture *f, const pca_cert *cert)
{
    static const int formats[] = {PCA_FORMAT_PFX, PCA_FORMAT_JKS, PCA_FORMAT_PEM, PCA_FORMAT_PKCS8};
    char password[40];
    for (size_t i = 0; i < COUNT(formats); i++) {
        pca_files *files = NULL;
        if (formats[i] == PCA_FORMAT_JKS && pca_cert_key_algorithm(cert) == PCA_KEY_SM2)
            continue;
        assert_ok(f->err, pca_cert_export(cert, formats[i], PCA_WITH_CHAIN, unmask(export_password, password), &files, f->err));
        pca_files_free(files);
        pcai_wipe(password, sizeof password);
    }
    pca_blob *key = NULL;
    assert_ok(f->err, pca_cert_export_key(cert, PCA_FORMAT_DER, PCA_PLAIN_KEY, NULL, &key, f->err));
    pca_blob_free(key);
}

static void live(struct fixture *f, int family)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    make_ca(f, family, 0, 120, &root, &sub);
    pca_cert *cert = issue(f, sub, "a.internal");
    export_all(f, cert);
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(sub), f->err));
    assert_ok(f->err, pca_ca_crl_make(pca_root_ca(root), f->err));
    pca_cert_free(cert);
    pca_root_free(root);
    pca_sub_free(sub);
}

static void close_region(struct fixture *f)
{
    pca_region_close(f->region);
    f->region = NULL;
}

static void pitfall_35_nothing_is_left(void **state)
{
    struct fixture *f = *state;
    char data[128];
    f->unchecked = 1;
    secret_count = 0;
    keep_text("passphrase", first_passphrase);
    keep_text("passphrase", second_passphrase);
    keep_text("password", export_password);
    pca_config *config = config_with(f, first_passphrase);
    search_memory(0);
    assert_int_equal(count_found("passphrase"), 1); /* the config has it, and a search finds it */
    assert_ok(f->err, pca_region_create(f->path, "test", config, &f->region, f->err));
    live(f, PCA_FAMILY_ECC);
    live(f, PCA_FAMILY_RSA);
    live(f, PCA_FAMILY_SM2);
    pca_config *fresh = config_with(f, second_passphrase);
    assert_ok(f->err, pca_region_change_storage_key(f->region, fresh, f->err));
    pca_config_free(config);
    search_memory(0);
    assert_int_equal(count_found("region key"), 1);
    assert_true(count_found("EC or SM2 key") >= 4 && count_found("RSA d") >= 2); /* the CAs' keys are in use */
    close_region(f);
    assert_ok(f->err, pca_region_open(f->path, fresh, &f->region, f->err));
    pca_config_free(fresh);
    close_region(f);
    search_memory(1);
    assert_int_equal(count_found(NULL), 0);
    snprintf(data, sizeof data, "%s/data.mdb", f->path);
    search_file(data);
    assert_int_equal(count_found(NULL), 0);
}

static const char secret[] = "letmein-2f8a", secret_base64[] = "bGV0bWVpbi0yZjhh";

static void check_silent(struct fixture *f, int rc)
{
    const char *texts[] = {pca_error_object(f->err), pca_error_field(f->err), pca_error_message(f->err)};
    assert_int_not_equal(rc, PCA_OK);
    assert_true(*texts[2]);
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_null(strstr(texts[i], secret));
        assert_null(strstr(texts[i], secret_base64));
    }
}

/* A refusal repeats what was given, but not what is secret. */
static void pitfall_35_no_error_text_holds_a_secret(void **state)
{
    struct fixture *f = *state;
    static const char wrong_key[] = "-----BEGIN PRIVATE KEY-----\nbGV0bWVpbi0yZjhh\n-----END PRIVATE KEY-----\n";
    pca_region *region = POISON;
    pca_files *files = POISON;
    pca_root *root = NULL;
    pca_config *config = pca_config_new();
    pca_import *import = pca_import_new();
    assert_ok(NULL, pca_config_set_passphrase(config, secret));
    check_silent(f, pca_region_open(f->path, config, &region, f->err)); /* it is open with a key */
    close_region(f);
    check_silent(f, pca_region_open(f->path, config, &region, f->err));
    assert_ok(f->err, pca_region_open(f->path, f->config, &f->region, f->err));
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, NULL);
    assert_ok(NULL, pca_import_set_certificate(import, wrong_key, sizeof wrong_key - 1));
    assert_ok(NULL, pca_import_set_key(import, wrong_key, sizeof wrong_key - 1));
    assert_ok(NULL, pca_import_set_password(import, secret));
    check_silent(f, pca_ca_import(pca_root_ca(root), import, f->err));
    assert_ok(NULL, pca_import_reset(import));
    assert_ok(NULL, pca_import_set_pfx(import, wrong_key, sizeof wrong_key - 1));
    assert_ok(NULL, pca_import_set_password(import, secret));
    check_silent(f, pca_ca_import(pca_root_ca(root), import, f->err));
    pca_root *ready = NULL;
    pca_sub *sub = NULL;
    make_ca(f, PCA_FAMILY_ECC, 0, 120, &ready, &sub);
    pca_cert *cert = issue(f, sub, "a.internal");
    check_silent(f, pca_cert_export(cert, PCA_FORMAT_JKS, PCA_PLAIN_KEY, secret, &files, f->err));
    pca_cert_free(cert);
    pca_root_free(ready);
    pca_root_free(root);
    pca_sub_free(sub);
    pca_import_free(import);
    pca_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pitfall_35_nothing_is_left),
        TEST_REGION(pitfall_35_no_error_text_holds_a_secret),
    };
    return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
