/*
 * Every verb with each of its allocations, store calls, file calls, random numbers and clock readings failing in turn, once or from
 * there on: it answers the right code and says so, leaves its outputs and the store alone, loses no memory, and the same call on the
 * same handles then succeeds.
 *
 * PCA_NTH_ALL: every n, in both ways; otherwise fewer and fewer, and for every second n the one way alone.
 */
#include "../api/support.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../drivers/skf.h"
#include "nth.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- A region in which every call has something to do ---- */

static struct fixture *f;
static char made[96], beside[96];
static uint8_t *image;
static size_t image_size;
static uint64_t cert_ids[7], random_state;
static struct pca_entropy random_table;
static int every_n;
static unsigned draw;

#define CA pca_sub_ca(s.sub)
/* What the calls are given, and one output. */
static struct {
    pca_region *region;
    pca_root *root, *bought, *brought; /* bought: PURCHASED; brought: an imported one */
    pca_sub *sub, *bought_sub, *below, *waiting, *sm2; /* waiting: for the certificate to its CSR */
    pca_cert *cert, *revoked, *pending, *rejected, *dual, *on_token;
    pca_import *import;
    uint8_t *old_leaf; /* issued by the imported one before it was */
    uint8_t *foreign, *signed_csr; /* a CA's certificate that the region does not hold; the one that `waiting` waits for */
    size_t old_leaf_size, foreign_size, signed_csr_size;
    pca_request *server, *plain, *custom, *ca, *rekey, *reissue, *csr, *pair, *token;
    pca_query *query, *ca_query;
    pca_config *config, *fresh;
    pca_error *err;
    union {
        pca_region *region;
        pca_root *root;
        pca_sub *sub;
        pca_cert *cert;
        pca_request *request;
        pca_blob *blob;
        pca_files *files;
        pca_page *page;
        pca_stat *stat;
        pca_receipt *receipt;
        pca_results *results;
        pca_findings *findings;
        void *any;
    } out;
} s;
enum out { NOTHING, REGION, ROOT, SUB, CERT, REQUEST, BLOB, FILE_SET, PAGE, STAT, RECEIPT, RESULTS, FINDINGS };

static int next_random(void *context, uint8_t *buffer, size_t size, pca_error *err)
{
    (void)context;
    if (strike(RANDOM)) {
        pca_error_set(err, PCA_E_CRYPTO, 3, "the test's random numbers fail");
        return PCA_E_CRYPTO;
    }
    for (size_t i = 0; i < size; i++) {
        random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
        buffer[i] = (uint8_t)(random_state >> 32);
    }
    return PCA_OK;
}

static void on_clock(void *argument)
{
    (void)argument;
    f->clock.code = strike(CLOCK) ? PCA_E_DEVICE : PCA_OK;
}

static int drain(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    (void)context, (void)data, (void)size, (void)err;
    return PCA_OK;
}
static const struct pca_sink sink = {PCA_SINK_VERSION, NULL, drain};

static int go_on(void *context, uint64_t done, uint64_t total, pca_error *err)
{
    (void)context, (void)done, (void)total, (void)err;
    return PCA_OK;
}
static const struct pca_progress progress = {PCA_PROGRESS_VERSION, NULL, go_on};

/* ---- A token. What it does itself does not fail: that is for the tests of containers ---- */

#define PIN "123456"
static struct skf token;
static pca_container_driver driver;

#define SPARED(name, parameters, arguments)                \
    static int spared_##name parameters                    \
    {                                                      \
        int armed = fault.armed;                           \
        fault.armed = 0;                                   \
        int rc = token.driver.name arguments;              \
        fault.armed = armed;                               \
        return rc;                                         \
    }
SPARED(probe, (void *context, const char *slot, int *present, pca_error *err), (context, slot, present, err))
SPARED(open, (void *context, const char *slot, const char *pin, void **session, pca_error *err), (context, slot, pin, session, err))
SPARED(generate, (void *session, const char *key, int algorithm, pca_error *err), (session, key, algorithm, err))
SPARED(public_key, (void *session, const char *key, uint8_t *out, size_t *size, pca_error *err), (session, key, out, size, err))
SPARED(sign,
       (void *session, const char *key, int algorithm, const uint8_t *data, size_t data_size, uint8_t *signature, size_t *size,
        pca_error *err),
       (session, key, algorithm, data, data_size, signature, size, err))
SPARED(import_certificate, (void *session, const char *key, int use, const uint8_t *der, size_t size, pca_error *err),
       (session, key, use, der, size, err))
SPARED(import_enveloped, (void *session, const char *key, const uint8_t *envelope, size_t size, pca_error *err),
       (session, key, envelope, size, err))

static void make_token(void)
{
    skf_init(&token);
    driver = token.driver;
    driver.probe = spared_probe;
    driver.open = spared_open;
    driver.generate = spared_generate;
    driver.public_key = spared_public_key;
    driver.sign = spared_sign;
    driver.import_certificate = spared_import_certificate;
    driver.import_enveloped = spared_import_enveloped;
    assert_ok(NULL, pca_config_add_container(s.config, "skf", &driver));
}

/* Keys and certificates from here on go again; those before are the image's. */
static size_t token_keys;
static void empty_token(void)
{
    while (token.count > token_keys) {
        struct skf_key *key = &token.keys[--token.count];
        pcai_key_free(key->key);
        pcai_key_free(key->encryption);
        for (size_t i = 0; i < COUNT(key->certificate); i++)
            pcai_buf_free(&key->certificate[i]);
        memset(key, 0, sizeof *key);
    }
    for (size_t k = 0; k < token.count; k++)
        for (size_t i = 0; i < COUNT(token.keys[k].certificate); i++)
            pcai_buf_free(&token.keys[k].certificate[i]);
}

static void get_handles(void)
{
    assert_ok(s.err, pca_region_root_get(s.region, 1, &s.root, s.err));
    assert_ok(s.err, pca_region_sub_get(s.region, 2, &s.sub, s.err));
    assert_ok(s.err, pca_region_root_get(s.region, 3, &s.bought, s.err));
    assert_ok(s.err, pca_region_sub_get(s.region, 5, &s.bought_sub, s.err));
    assert_ok(s.err, pca_region_sub_get(s.region, 6, &s.below, s.err));
    assert_ok(s.err, pca_region_cert_get(s.region, cert_ids[0], &s.cert, s.err));
    assert_ok(s.err, pca_region_cert_get(s.region, cert_ids[1], &s.revoked, s.err));
    assert_ok(s.err, pca_region_root_get(s.region, 7, &s.brought, s.err));
    assert_ok(s.err, pca_region_cert_get(s.region, cert_ids[3], &s.pending, s.err));
    assert_ok(s.err, pca_region_cert_get(s.region, cert_ids[4], &s.rejected, s.err));
    assert_ok(s.err, pca_region_sub_get(s.region, 8, &s.waiting, s.err));
    assert_ok(s.err, pca_region_sub_get(s.region, 12, &s.sm2, s.err));
    assert_ok(s.err, pca_region_cert_get(s.region, cert_ids[5], &s.dual, s.err));
    assert_ok(s.err, pca_region_cert_get(s.region, cert_ids[6], &s.on_token, s.err));
}

static void open_stage(void)
{
    assert_ok(s.err, pca_region_open(f->path, s.config, &s.region, s.err));
    get_handles();
}

static void close_stage(void)
{
    pca_root_free(s.root);
    pca_root_free(s.bought);
    pca_sub_free(s.sub);
    pca_sub_free(s.bought_sub);
    pca_sub_free(s.below);
    pca_cert_free(s.cert);
    pca_cert_free(s.revoked);
    pca_root_free(s.brought);
    pca_cert_free(s.pending);
    pca_cert_free(s.rejected);
    pca_sub_free(s.waiting);
    pca_sub_free(s.sm2);
    pca_cert_free(s.dual);
    pca_cert_free(s.on_token);
    empty_token();
    pca_region_close(s.region);
    s.root = s.bought = s.brought = NULL;
    s.sub = s.bought_sub = s.below = s.waiting = s.sm2 = NULL;
    s.cert = s.revoked = s.pending = s.rejected = s.dual = s.on_token = NULL;
    s.region = NULL;
}

/* The store as it was made, for the next round. */
static void put_image(void)
{
    char name[128];
    snprintf(name, sizeof name, "%s/lock.mdb", f->path);
    unlink(name);
    snprintf(name, sizeof name, "%s/data.mdb", f->path);
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(image, 1, image_size, file), image_size);
    assert_int_equal(fclose(file), 0);
    remove_tree(beside);
}

static void make_builders(void)
{
    s.server = request_new_server("nth.internal");
    assert_ok(NULL, pca_request_add_dns(s.server, "*.nth.internal"));
    assert_ok(NULL, pca_request_set_alias(s.server, "an alias"));
    assert_ok(NULL, pca_request_set_custom_id(s.server, "custom-nth"));
    assert_ok(NULL, pca_request_set_token(s.server, "token-nth"));
    s.plain = request_new_server("other.internal");
    s.custom = request_new_leaf(PCA_CERT_CUSTOM, "Custom");
    assert_ok(NULL, pca_request_set_days(s.custom, 400));
    assert_ok(NULL, pca_request_add_eku(s.custom, "1.3.6.1.5.5.7.3.8"));
    assert_ok(NULL, pca_request_add_policy(s.custom, "1.3.6.1.4.1.99999.1", "http://cps.example/"));
    assert_ok(NULL, pca_request_add_subject_oid(s.custom, "2.5.4.5", "17"));
    assert_ok(NULL, pca_request_add_extension(s.custom, "1.3.6.1.4.1.99999.2", 0, "\x05\x00", 2));
    s.ca = request_new_ca("Another CA", "http://crl.example/another.crl");
    s.rekey = pca_request_new();
    assert_ok(NULL, pca_request_set_crl_url(s.rekey, "http://crl.example/rekeyed.crl"));
    s.reissue = pca_request_new();
    s.csr = request_new_ca("Signed elsewhere", NULL);
    s.pair = request_new_server("pair.internal");
    assert_ok(NULL, pca_request_set_dual(s.pair, 1));
    s.token = request_new_leaf(PCA_CERT_CLIENT, "Ada");
    assert_ok(NULL, pca_request_set_years(s.token, 1));
    assert_ok(NULL, pca_request_set_container(s.token, "skf", token.slot));
    assert_ok(NULL, pca_request_set_pin(s.token, PIN));
    s.query = pca_query_new();
    assert_ok(NULL, pca_query_set_name_prefix(s.query, "first"));
    assert_ok(NULL, pca_query_set_issuer(s.query, 2));
    s.ca_query = pca_query_new();
    assert_ok(NULL, pca_query_set_kind(s.ca_query, PCA_KIND_PRIVATE));
    s.fresh = pca_config_new();
    assert_ok(NULL, pca_config_set_key(s.fresh, (const uint8_t *)"fedcba9876543210fedcba9876543210", 32));
}

/* ---- A root of another's: openssl ca, with dates that are stated ---- */

static const char old_config[] = "[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index\nrand_serial=yes\nnew_certs_dir=%s\ndefault_md=sha256\n"
                                 "policy=p\nx509_extensions=v\nunique_subject=no\n[p]\ncommonName=supplied\n[v]\n"
                                 "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
                                 "subjectKeyIdentifier=hash\n[leaf]\nkeyUsage=critical,digitalSignature\n"
                                 "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:old.internal\n"
                                 "authorityKeyIdentifier=keyid\n";

static char *old_file(const char *name, const char *ending)
{
    static char paths[16][160];
    static unsigned next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s.%s", f->dir, name, ending);
    return path;
}

/* NAME.pem by the root's key, or its own; and the key, PKCS#8. */
static void old_certificate(const char *name, const char *root, const char *section)
{
    char subject[64];
    const char *key = old_file(name, "key"), *csr = old_file(name, "csr"), *pem = old_file(name, "pem");
    snprintf(subject, sizeof subject, "/CN=%s", name);
    assert_run(0, "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", csr, "-subj", subject);
    assert_run(0, "openssl", "ca", "-batch", "-notext", "-config", old_file("ca", "cnf"), "-in", csr, "-out", pem, "-startdate", "20260101000000Z",
               "-enddate", "20360101000000Z", "-extensions", section, "-keyfile", old_file(root, "key"),
               strcmp(root, name) == 0 ? "-selfsign" : "-cert", strcmp(root, name) == 0 ? "-batch" : old_file(root, "pem"));
}

/* A CSR signed by the root that is imported, elsewhere; with the subject that it asks for. */
static void sign_csr(pca_blob *csr)
{
    const char *in = old_file("waiting", "csr"), *out = old_file("waiting", "pem");
    FILE *file = fopen(in, "wb");
    assert_non_null(file);
    fwrite(pca_blob_data(csr), 1, pca_blob_size(csr), file);
    fclose(file);
    pca_blob_free(csr);
    assert_run(0, "openssl", "ca", "-batch", "-notext", "-preserveDN", "-config", old_file("ca", "cnf"), "-in", in, "-out", out,
               "-startdate", "20260101000000Z", "-enddate", "20360101000000Z", "-extensions", "v", "-keyfile", old_file("Old", "key"),
               "-cert", old_file("Old", "pem"));
    s.signed_csr = file_read(out, &s.signed_csr_size);
    assert_non_null(s.signed_csr);
}

static pca_import *old_import(const char *name)
{
    pca_import *import = pca_import_new();
    const char *endings[] = {"pem", "key"};
    for (int i = 0; i < 2; i++) {
        size_t size;
        uint8_t *data = file_read(old_file(name, endings[i]), &size);
        assert_non_null(data);
        assert_ok(NULL, i ? pca_import_set_key(import, data, size) : pca_import_set_certificate(import, data, size));
        free(data);
    }
    return import;
}

static void make_old(void)
{
    char text[sizeof old_config + 200];
    snprintf(text, sizeof text, old_config, f->dir, f->dir);
    FILE *file = fopen(old_file("ca", "cnf"), "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    snprintf(text, sizeof text, "%s/index", f->dir);
    fclose(fopen(text, "wb"));
    old_certificate("Old", "Old", "v");
    old_certificate("Older", "Older", "v");
    old_certificate("old.internal", "Old", "leaf");
    s.old_leaf = file_read(old_file("old.internal", "pem"), &s.old_leaf_size);
    s.import = old_import("Older");
    s.foreign = file_read(old_file("Older", "pem"), &s.foreign_size);
}

/* Root 11 and subordinate 12 of SM2: a pair, and a certificate on the token, uninstalled. */
static void fill_sm2(void)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_cert *cert = NULL;
    pca_request *r = request_new_ca("SM2 Root", NULL);
    assert_ok(s.err, pca_root_purchase(s.region, PCA_KIND_PRIVATE, PCA_FAMILY_SM2, 120, NULL, &root, s.err));
    assert_int_equal(pca_ca_id(pca_root_ca(root)), 11);
    assert_ok(s.err, pca_root_enable(root, r, s.err));
    assert_ok(s.err, pca_root_default_sub(root, &sub, s.err));
    assert_ok(NULL, pca_request_set_common_name(r, "SM2 Sub"));
    assert_ok(s.err, pca_sub_enable(sub, r, s.err));
    const pca_request *requests[2] = {s.pair, s.token};
    for (int i = 0; i < 2; i++) {
        assert_ok(s.err, pca_sub_request(sub, requests[i], &cert, s.err));
        cert_ids[5 + i] = pca_cert_id(cert);
        pca_cert_free(cert);
    }
    token_keys = token.count;
    pca_root_free(root);
    pca_sub_free(sub);
    pca_request_free(r);
}

/* Root 7, 8 by import; root 9 with subordinate 10, a compliance CA with two requests. */
static void fill_more(void)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_cert *cert = NULL;
    pca_blob *blob = NULL;
    pca_import *import = old_import("Old");
    pca_request *r = request_new_ca("Compliance Root", NULL), *person = request_new_leaf(PCA_CERT_CLIENT, NULL);
    assert_ok(s.err, pca_root_purchase(s.region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, NULL, &root, s.err));
    assert_int_equal(pca_ca_id(pca_root_ca(root)), 7);
    assert_ok(s.err, pca_ca_import(pca_root_ca(root), import, s.err));
    pca_import_free(import);
    pca_root_free(root);
    root = NULL;
    assert_ok(s.err, pca_region_root_get(s.region, 7, &root, s.err));
    assert_ok(s.err, pca_ca_cross_sign(pca_root_ca(root), CA, s.reissue, PCA_FORMAT_PEM, &blob, s.err));
    pca_blob_free(blob);
    assert_ok(s.err, pca_root_default_sub(root, &sub, s.err));
    assert_int_equal(pca_ca_id(pca_sub_ca(sub)), 8);
    assert_ok(s.err, pca_ca_csr(pca_sub_ca(sub), s.csr, PCA_FORMAT_PEM, &blob, s.err));
    sign_csr(blob);
    pca_sub_free(sub);
    assert_ok(s.err, pca_region_policy_set(s.region, "allow_foreign_cross", 1, s.err));
    pca_root_free(root);
    assert_ok(s.err, pca_root_purchase(s.region, PCA_KIND_COMPLIANCE, PCA_FAMILY_ECC, 120, NULL, &root, s.err));
    assert_ok(s.err, pca_root_enable(root, r, s.err));
    assert_ok(s.err, pca_root_default_sub(root, &sub, s.err));
    assert_ok(NULL, pca_request_set_common_name(r, "Compliance Sub"));
    assert_ok(s.err, pca_sub_enable(sub, r, s.err));
    assert_ok(s.err, pca_root_purchase_certificates(root, 10, NULL, NULL, s.err));
    assert_ok(s.err, pca_root_assign(root, sub, 10, PCA_ANY, NULL, s.err));
    assert_ok(s.err, pca_region_policy_set(s.region, "review_days", 5, s.err));
    assert_ok(NULL, pca_request_set_personal_name(person, "Ada Lovelace"));
    for (int i = 3; i < 5; i++) {
        assert_ok(s.err, pca_sub_request(sub, person, &cert, s.err));
        cert_ids[i] = pca_cert_id(cert);
        if (i == 4)
            assert_ok(s.err, pca_cert_reject(cert, "no", s.err));
        pca_cert_free(cert);
    }
    pca_root_free(root);
    pca_sub_free(sub);
    pca_request_free(r);
    pca_request_free(person);
}

static void fill_region(void)
{
    pca_sub *sub = NULL;
    pca_request *under = request_new_ca("Sub with room", SUB_CRL_URL), *root = request_new_ca("Root", ROOT_CRL_URL);
    pca_cert *cert = NULL;
    assert_ok(NULL, pca_request_set_path_length(under, 1));
    assert_ok(s.err, pca_root_purchase(s.region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, "buy", &s.root, s.err));
    assert_ok(s.err, pca_root_default_sub(s.root, &s.sub, s.err));
    assert_ok(s.err, pca_root_enable(s.root, root, s.err));
    assert_ok(s.err, pca_sub_enable(s.sub, under, s.err));
    assert_ok(s.err, pca_root_purchase(s.region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, NULL, &s.bought, s.err));
    assert_ok(s.err, pca_root_purchase_sub(s.root, 12, NULL, &s.bought_sub, s.err));
    assert_ok(s.err, pca_root_purchase_sub(s.root, 12, NULL, &sub, s.err));
    assert_int_equal(pca_ca_id(pca_sub_ca(sub)), 6);
    assert_ok(NULL, pca_request_set_path_length(under, 0));
    assert_ok(NULL, pca_request_set_common_name(under, "Sub below"));
    assert_ok(s.err, pca_sub_enable_under(sub, pca_sub_ca(s.sub), under, s.err));
    pca_sub_free(sub);
    assert_ok(s.err, pca_root_purchase_certificates(s.root, 100, NULL, NULL, s.err));
    assert_ok(s.err, pca_root_assign(s.root, s.sub, 60, PCA_ANY, NULL, s.err));
    for (int i = 0; i < 3; i++) {
        pca_request *r = request_new_server(i == 0 ? "first.internal" : "second.internal");
        assert_ok(s.err, pca_sub_request(s.sub, r, &cert, s.err));
        pca_request_free(r);
        cert_ids[i] = pca_cert_id(cert);
        if (i == 1)
            assert_ok(s.err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, s.err));
        pca_cert_free(cert);
    }
    assert_ok(s.err, pca_ca_crl_make(pca_sub_ca(s.sub), s.err));
    assert_ok(s.err, pca_ca_set_alias(pca_sub_ca(s.sub), "issuing", s.err));
    assert_ok(s.err, pca_ca_tag_set(pca_sub_ca(s.sub), "team", "a", s.err));
    fill_more();
    fill_sm2();
    assert_ok(s.err, pca_region_backup_write(s.region, made, NULL, s.err));
    pca_request_free(under);
    pca_request_free(root);
}

static int setup(void **state)
{
    char name[128];
    fixture_setup(state);
    f = *state;
    s.err = f->err;
    f->clock.hook = on_clock;
    random_table = (struct pca_entropy){PCA_ENTROPY_VERSION, NULL, next_random};
    random_state = 88172645463325252u;
    every_n = getenv("PCA_NTH_ALL") != NULL;
    s.config = config_new(f);
    assert_ok(NULL, pca_config_set_test_random(s.config, &random_table));
    make_token();
    snprintf(made, sizeof made, "%s/backup", f->dir);
    snprintf(beside, sizeof beside, "%s/beside", f->dir);
    make_builders();
    make_old();
    assert_ok(s.err, pca_region_create(f->path, "nth", s.config, &s.region, s.err));
    fill_region();
    close_stage();
    snprintf(name, sizeof name, "%s/data.mdb", f->path);
    image = file_read(name, &image_size);
    assert_non_null(image);
    return 0;
}

static int teardown(void **state)
{
    pca_request_free(s.server);
    pca_request_free(s.ca);
    pca_request_free(s.rekey);
    pca_request_free(s.reissue);
    pca_request_free(s.csr);
    pca_request_free(s.custom);
    pca_request_free(s.plain);
    pca_query_free(s.query);
    pca_query_free(s.ca_query);
    pca_config_free(s.config);
    pca_config_free(s.fresh);
    pca_import_free(s.import);
    pca_request_free(s.pair);
    pca_request_free(s.token);
    free(s.old_leaf);
    free(s.foreign);
    free(s.signed_csr);
    token_keys = 0;
    empty_token();
    skf_free(&token);
    free(image);
    return fixture_teardown(state);
}

/* ---- The calls ---- */

static int many(void)
{
    const pca_request *requests[3] = {s.plain, s.server, s.plain};
    return pca_sub_request_many(s.sub, requests, 3, &s.out.results, s.err);
}

static int by_der(void)
{
    static uint8_t der[4096];
    static size_t size;
    if (!size) {
        pca_blob *blob = NULL;
        int armed = fault.armed;
        fault.armed = 0;
        assert_ok(s.err, pca_cert_der(s.cert, &blob, s.err));
        size = pca_blob_size(blob);
        memcpy(der, pca_blob_data(blob), size);
        pca_blob_free(blob);
        fault.armed = armed;
    }
    return pca_region_cert_by_der(s.region, der, size, &s.out.cert, s.err);
}

static int export_and_write(void)
{
    pca_files *files = NULL;
    int rc = pca_cert_export(s.cert, PCA_FORMAT_CRT, PCA_WITH_CHAIN | PCA_WITH_PASSWORD_FILE, "password", &files, s.err);
    if (rc == PCA_OK)
        rc = pca_files_write(files, f->dir, s.err);
    pca_files_free(files);
    return rc;
}

static int crl_info(void)
{
    uint64_t number = 7, entries = 7;
    int64_t from = 7, to = 7;
    int rc = pca_ca_crl_info(pca_sub_ca(s.sub), &number, &from, &to, &entries, s.err);
    assert_true(rc == PCA_OK ? number != 7 && entries == 1 : number == 7 && entries == 7 && from == 7 && to == 7);
    return rc;
}

static int policy_get(void)
{
    int64_t value = 17;
    int rc = pca_region_policy_get(s.region, "backdate_seconds", &value, s.err);
    assert_int_equal(value, rc == PCA_OK ? 60 : 17);
    return rc;
}

/* A request lapses, later, and CRLs are due. What was done before a failure stays done. */
static int run_due(void)
{
    uint64_t done = 77;
    f->clock.now = T0 + 6 * DAY;
    int rc = pca_region_run_due(s.region, 10, &done, s.err);
    f->clock.now = T0;
    assert_true(rc == PCA_OK ? done <= 10 : done == 77);
    return rc;
}

#define CALL(name, out, expression) \
    static int call_##name(void)    \
    {                               \
        return expression;          \
    }
#define EXPORT(format, password) pca_cert_export(s.cert, format, PCA_WITH_CHAIN | PCA_WITH_ROOT, password, &s.out.files, s.err)
#define CALLS(X) \
    X(create, REGION, pca_region_create(beside, "nth", s.config, &s.out.region, s.err)) \
    X(open, REGION, pca_region_open(f->path, s.config, &s.out.region, s.err)) \
    X(restore_read, REGION, pca_region_restore_read(beside, made, s.config, &progress, &s.out.region, s.err)) \
    X(compact, NOTHING, pca_region_compact(s.region, beside, &progress, s.err)) \
    X(backup, NOTHING, pca_region_backup(s.region, &sink, &progress, s.err)) \
    X(backup_write, NOTHING, pca_region_backup_write(s.region, beside, NULL, s.err)) \
    X(check, NOTHING, pca_region_check(s.region, s.err)) \
    X(accept_clock, NOTHING, pca_region_accept_clock(s.region, s.err)) \
    X(change_storage_key, NOTHING, pca_region_change_storage_key(s.region, s.fresh, s.err)) \
    X(stat, STAT, pca_region_stat(s.region, &s.out.stat, s.err)) \
    X(policy_get, NOTHING, policy_get()) \
    X(policy_set, NOTHING, pca_region_policy_set(s.region, "free_certificates", 3, s.err)) \
    X(root_get, ROOT, pca_region_root_get(s.region, 1, &s.out.root, s.err)) \
    X(sub_get, SUB, pca_region_sub_get(s.region, 2, &s.out.sub, s.err)) \
    X(cert_get, CERT, pca_region_cert_get(s.region, cert_ids[0], &s.out.cert, s.err)) \
    X(sub_by_alias, SUB, pca_region_sub_by_alias(s.region, "issuing", &s.out.sub, s.err)) \
    X(password_new, BLOB, pca_region_password_new(s.region, &s.out.blob, s.err)) \
    X(cert_by_der, CERT, by_der()) \
    X(roots, PAGE, pca_region_roots(s.region, NULL, 10, &s.out.page, s.err)) \
    X(find_certs, PAGE, pca_region_find_certs(s.region, s.query, &s.out.page, s.err)) \
    X(find_all_certs, PAGE, pca_region_find_certs(s.region, NULL, &s.out.page, s.err)) \
    X(find_cas, PAGE, pca_region_find_cas(s.region, s.ca_query, &s.out.page, s.err)) \
    X(expiring, PAGE, pca_region_expiring(s.region, T0 + 10 * YEAR, NULL, 10, &s.out.page, s.err)) \
    X(ledger, PAGE, pca_region_ledger(s.region, NULL, &s.out.page, s.err)) \
    X(ca_certificate, BLOB, pca_ca_certificate(CA, PCA_FORMAT_PEM, &s.out.blob, s.err)) \
    X(ca_certificate_at, BLOB, pca_ca_certificate_at(CA, 1, PCA_FORMAT_DER, &s.out.blob, s.err)) \
    X(ca_chain, BLOB, pca_ca_chain(pca_sub_ca(s.below), PCA_WITH_ROOT, &s.out.blob, s.err)) \
    X(reissue, NOTHING, pca_ca_reissue(CA, s.reissue, s.err)) \
    X(rekey, NOTHING, pca_ca_rekey(CA, s.rekey, s.err)) \
    X(set_crl, NOTHING, pca_ca_set_crl(CA, "http://crl.example/new.crl", 3, s.err)) \
    X(set_urls, NOTHING, pca_ca_set_urls(CA, "http://ocsp.example/", "http://ca.example/ca.crt", s.err)) \
    X(ca_set_alias, NOTHING, pca_ca_set_alias(CA, "another", s.err)) \
    X(ca_tag_set, NOTHING, pca_ca_tag_set(CA, "team", "b", s.err)) \
    X(disable, NOTHING, pca_ca_disable(CA, s.err)) \
    X(ca_revoke, NOTHING, pca_ca_revoke(CA, PCA_REASON_CA_COMPROMISE, T0, "revoke-ca", s.err)) \
    X(crl_make, NOTHING, pca_ca_crl_make(CA, s.err)) \
    X(crl_get, BLOB, pca_ca_crl_get(CA, PCA_FORMAT_PEM, &s.out.blob, s.err)) \
    X(crl_stream, NOTHING, pca_ca_crl_stream(CA, PCA_FORMAT_DER, &sink, s.err)) \
    X(crl_write, NOTHING, pca_ca_crl_write_at(CA, 1, PCA_FORMAT_PEM, beside, s.err)) \
    X(crl_info, NOTHING, crl_info()) \
    X(cert_by_serial, CERT, pca_ca_cert_by_serial(CA, pca_cert_serial(s.cert), &s.out.cert, s.err)) \
    X(root_purchase, ROOT, pca_root_purchase(s.region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, "token", &s.out.root, s.err)) \
    X(root_enable, NOTHING, pca_root_enable(s.bought, s.ca, s.err)) \
    X(root_renew, NOTHING, pca_root_renew(s.root, 12, "renew", s.err)) \
    X(purchase_sub, SUB, pca_root_purchase_sub(s.root, 12, "sub", &s.out.sub, s.err)) \
    X(default_sub, SUB, pca_root_default_sub(s.root, &s.out.sub, s.err)) \
    X(root_subs, PAGE, pca_root_subs(s.root, NULL, 10, &s.out.page, s.err)) \
    X(purchase_certificates, RECEIPT, pca_root_purchase_certificates(s.root, 50, "units", &s.out.receipt, s.err)) \
    X(assign, NOTHING, pca_root_assign(s.root, s.sub, 70, PCA_ANY, "assign", s.err)) \
    X(root_reload, ROOT, pca_root_reload(s.root, &s.out.root, s.err)) \
    X(sub_enable, NOTHING, pca_sub_enable(s.bought_sub, s.ca, s.err)) \
    X(sub_enable_under, NOTHING, pca_sub_enable_under(s.bought_sub, CA, s.ca, s.err)) \
    X(sub_renew, NOTHING, pca_sub_renew(s.bought_sub, 12, NULL, s.err)) \
    X(sub_parent, SUB, pca_sub_parent(s.below, &s.out.sub, s.err)) \
    X(sub_root, ROOT, pca_sub_root(s.sub, &s.out.root, s.err)) \
    X(request, CERT, pca_sub_request(s.sub, s.server, &s.out.cert, s.err)) \
    X(request_custom, CERT, pca_sub_request(s.sub, s.custom, &s.out.cert, s.err)) \
    X(request_many, RESULTS, many()) \
    X(check_request, FINDINGS, pca_sub_check_request(s.sub, s.server, &s.out.findings, s.err)) \
    X(sub_reload, SUB, pca_sub_reload(s.sub, &s.out.sub, s.err)) \
    X(request_clone, REQUEST, pca_request_clone(s.custom, &s.out.request, s.err)) \
    X(cert_der, BLOB, pca_cert_der(s.cert, &s.out.blob, s.err)) \
    X(cert_pem, BLOB, pca_cert_pem(s.cert, &s.out.blob, s.err)) \
    X(export_pem, FILE_SET, EXPORT(PCA_FORMAT_PEM, "password")) \
    X(export_pfx, FILE_SET, EXPORT(PCA_FORMAT_PFX, "password")) \
    X(export_jks, FILE_SET, EXPORT(PCA_FORMAT_JKS, "password")) \
    X(export_pkcs7, FILE_SET, EXPORT(PCA_FORMAT_PKCS7, NULL)) \
    X(export_and_write, NOTHING, export_and_write()) \
    X(export_key, BLOB, pca_cert_export_key(s.cert, PCA_FORMAT_DER, PCA_PLAIN_KEY, NULL, &s.out.blob, s.err)) \
    X(cert_set_alias, NOTHING, pca_cert_set_alias(s.cert, "label", s.err)) \
    X(cert_tag_set, NOTHING, pca_cert_tag_set(s.cert, "key", "value", s.err)) \
    X(cert_revoke, NOTHING, pca_cert_revoke(s.cert, PCA_REASON_KEY_COMPROMISE, T0 - DAY, "revoke", s.err)) \
    X(cert_delete, NOTHING, pca_cert_delete(s.revoked, s.err)) \
    X(cert_reload, CERT, pca_cert_reload(s.cert, &s.out.cert, s.err)) \
    X(region_as, REGION, pca_region_as(s.region, "another", &s.out.region, s.err)) \
    X(import, NOTHING, pca_ca_import(pca_root_ca(s.bought), s.import, s.err)) \
    X(import_issued, CERT, pca_ca_import_issued(pca_root_ca(s.brought), s.old_leaf, s.old_leaf_size, &s.out.cert, s.err)) \
    X(import_revoked, NOTHING, pca_ca_import_revoked(CA, "0123456789", T0 - DAY, PCA_REASON_SUPERSEDED, 0, T0 + YEAR, s.err)) \
    X(csr, BLOB, pca_ca_csr(pca_sub_ca(s.bought_sub), s.csr, PCA_FORMAT_PEM, &s.out.blob, s.err)) \
    X(cross_sign, BLOB, pca_ca_cross_sign(pca_root_ca(s.root), pca_sub_ca(s.below), s.reissue, PCA_FORMAT_PEM, &s.out.blob, s.err)) \
    X(cross_certificates, BLOB, pca_ca_cross_certificates(pca_root_ca(s.brought), &s.out.blob, s.err)) \
    X(revoke_der, NOTHING, pca_ca_revoke_der(pca_root_ca(s.brought), s.old_leaf, s.old_leaf_size, PCA_REASON_SUPERSEDED, 0, "der", s.err)) \
    X(revoke_serial, NOTHING, pca_ca_revoke_serial(CA, "1234", PCA_REASON_SUPERSEDED, 0, "serial", s.err)) \
    X(reviews, PAGE, pca_region_reviews(s.region, NULL, 10, &s.out.page, s.err)) \
    X(approve, NOTHING, pca_cert_approve(s.pending, pca_cert_review_digest(s.pending), s.err)) \
    X(reject, NOTHING, pca_cert_reject(s.pending, "why not", s.err)) \
    X(cancel, NOTHING, pca_cert_cancel(s.pending, s.err)) \
    X(purge, NOTHING, pca_cert_purge(s.rejected, s.err)) \
    X(run_due, NOTHING, run_due()) \
    X(accept_certificate, NOTHING, pca_ca_accept_certificate(pca_sub_ca(s.waiting), s.signed_csr, s.signed_csr_size, s.err)) \
    X(cross_sign_certificate, BLOB, \
      pca_ca_cross_sign_certificate(pca_root_ca(s.root), s.foreign, s.foreign_size, s.reissue, PCA_FORMAT_PEM, &s.out.blob, s.err)) \
    X(request_pair, CERT, pca_sub_request(s.sm2, s.pair, &s.out.cert, s.err)) \
    X(encryption_der, BLOB, pca_cert_encryption_der(s.dual, &s.out.blob, s.err)) \
    X(enveloped_key, BLOB, pca_cert_enveloped_key(s.dual, &s.out.blob, s.err)) \
    X(revoke_pair, NOTHING, pca_cert_revoke(s.dual, PCA_REASON_SUPERSEDED, 0, NULL, s.err)) \
    X(login, NOTHING, pca_region_login(s.region, "skf", token.slot, PIN, s.err)) \
    X(request_token, CERT, pca_sub_request(s.sm2, s.token, &s.out.cert, s.err)) \
    X(install, NOTHING, pca_cert_install(s.on_token, PIN, s.err))
CALLS(CALL)

static const struct call {
    const char *name;
    int (*make)(void);
    enum out out;
} calls[] = {
#define ROW(name, out, expression) {#name, call_##name, out},
    CALLS(ROW)
};

static void release(enum out kind)
{
    switch (kind) {
    case NOTHING: break;
    case REGION: pca_region_close(s.out.region); break;
    case ROOT: pca_root_free(s.out.root); break;
    case SUB: pca_sub_free(s.out.sub); break;
    case CERT: pca_cert_free(s.out.cert); break;
    case REQUEST: pca_request_free(s.out.request); break;
    case BLOB: pca_blob_free(s.out.blob); break;
    case FILE_SET: pca_files_free(s.out.files); break;
    case PAGE: pca_page_free(s.out.page); break;
    case STAT: pca_stat_free(s.out.stat); break;
    case RECEIPT: pca_receipt_free(s.out.receipt); break;
    case RESULTS: pca_results_free(s.out.results); break;
    case FINDINGS: pca_findings_free(s.out.findings); break;
    }
}

/* ---- One round ---- */

static char where[160]; /* "request, allocation 17 and all after it" */

static unsigned blamed;

/* What is wrong in one round; the others are made all the same. */
static void blame(const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (blamed++ < 40)
        print_error("%s: %s\n", where, text);
}

static const char *const source_names[SOURCES] = {"allocation", "block of the heap", "store call", "file call", "random number", "clock reading"};
static const int errors[] = {EIO, ENOSPC, ENOMEM};

static int expected(void)
{
    static const int codes[] = {PCA_E_STORAGE, PCA_E_FULL, PCA_E_NO_MEMORY};
    switch (fault.source) {
    case MEMORY:
    case HEAP: return PCA_E_NO_MEMORY;
    case RANDOM: return PCA_E_CRYPTO;
    case CLOCK: return PCA_E_DEVICE;
    default: break;
    }
    for (size_t i = 0; i < COUNT(errors); i++)
        if (fault.error == errors[i])
            return codes[i];
    return PCA_OK;
}

static void check_refused(int rc)
{
    const char *message = pca_error_message(s.err);
    /* mbedTLS adds such an error to another at times, and it cannot be told any more */
    int garbled = fault.source == HEAP && rc == PCA_E_CRYPTO;
    if (rc != expected() && !garbled)
        blame("%s, expected %s: %s", pca_code_name(rc), pca_code_name(expected()), message);
    if (pca_error_code(s.err) != rc || !*message || strchr(message, '\n'))
        blame("the error says %s: %s", pca_code_name(pca_error_code(s.err)), message);
    if (s.out.any != POISON)
        blame("the output was touched");
}

/* The rows, unless the file is the same to the octet. A CRL's number is taken before all else, and may have gone up; what is reserved
 * before a token is called comes back in a change of its own, or when its time is over. */
static void check_unchanged(const struct call *call, const char *rows)
{
    char name[128];
    size_t size;
    snprintf(name, sizeof name, "%s/data.mdb", f->path);
    uint8_t *data = file_read(name, &size);
    assert_non_null(data);
    int same = size == image_size && memcmp(data, image, size) == 0;
    free(data);
    if (same || strcmp(call->name, "crl_make") == 0 || strcmp(call->name, "run_due") == 0 || strcmp(call->name, "request_token") == 0)
        return;
    char *now = snapshot_store(f);
    size_t at = 0;
    while (now[at] && now[at] == rows[at])
        at++;
    if (now[at] || rows[at]) {
        while (at && now[at - 1] != '\n')
            at--;
        blame("the store changed: %.*s", (int)strcspn(now + at, "\n"), now + at);
    }
    free(now);
}

static int run_call(const struct call *call)
{
    s.out.any = POISON;
    pca_error_clear(s.err);
    return call->make();
}

/* 0: the call did not come so far. */
static int round_of(const struct call *call, const char *rows)
{
    int cold = strcmp(call->name, "open") == 0, done;
    put_image();
    long blocks = heap_blocks();
    if (!cold)
        open_stage();
    fault.seen = fault.struck = 0;
    fault.armed = 1;
    int rc = run_call(call);
    fault.armed = 0;
    int struck = fault.struck != 0;
    if (rc != PCA_OK) {
        check_refused(rc);
        if (!struck)
            blame("refused, though nothing failed");
        check_unchanged(call, rows);
        rc = run_call(call);
        if (rc != PCA_OK)
            blame("called again: %s: %s", pca_code_name(rc), pca_error_message(s.err));
    }
    done = rc == PCA_OK;
    if (done)
        release(call->out);
    if (cold)
        assert_ok(s.err, pca_region_open(f->path, s.config, &s.region, s.err));
    rc = every_n || draw++ % 4 == 0 ? pca_region_check(s.region, s.err) : PCA_OK; /* it takes longest */
    if (rc != PCA_OK)
        blame("check: %s: %s", pca_code_name(rc), pca_error_message(s.err));
    close_stage();
    if (heap_blocks() != blocks && fault.at != LONG_MAX)
        blame("%ld blocks of memory are lost", heap_blocks() - blocks);
    return struck;
}

static long next_n(long n)
{
    if (fault.source == HEAP) /* a signature takes thousands of blocks */
        return n + 1 + n / (every_n ? 32 : 1) * (1 + draw % 2);
    return n + 1 + (every_n ? 0 : n / 8 * (1 + draw % 2));
}

static void fail_in_turn(enum source source)
{
    unsigned rounds = 0;
    blamed = 0;
    put_image();
    char *rows = snapshot_store(f);
    for (size_t i = 0; i < COUNT(calls); i++) {
        fault.source = source;
        fault.at = LONG_MAX; /* what is allocated once and for all */
        round_of(&calls[i], rows);
        long n = 1;
        for (int struck = 1; struck; n = next_n(n)) {
            struck = 0;
            for (fault.persistent = every_n ? 0 : n % 2; fault.persistent < 2; fault.persistent++) {
                fault.at = n;
                fault.error = errors[n % 3];
                snprintf(where, sizeof where, "%s, %s %ld%s", calls[i].name, source_names[source], n,
                         fault.persistent ? " and all after it" : "");
                struck |= round_of(&calls[i], rows);
                rounds++;
            }
        }
    }
    free(rows);
    print_message("%s: %u rounds\n", source_names[source], rounds);
    assert_int_equal(blamed, 0);
    assert_true(rounds > 2 * COUNT(calls));
}

/* ---- Builders ---- */

#define SETTERS(X) \
    X(common_name, pca_request_set_common_name(r, "A")) \
    X(organization, pca_request_set_organization(r, "A")) \
    X(dns, pca_request_add_dns(r, "a.internal")) \
    X(ip, pca_request_add_ip(r, "10.0.0.1")) \
    X(email, pca_request_add_email(r, "a@b.example")) \
    X(uri, pca_request_add_uri(r, "https://a.example/")) \
    X(eku, pca_request_add_eku(r, "1.3.6.1.5.5.7.3.8")) \
    X(policy, pca_request_add_policy(r, "1.2.3.4", "http://a.example/")) \
    X(subject_oid, pca_request_add_subject_oid(r, "2.5.4.5", "1")) \
    X(extension, pca_request_add_extension(r, "1.2.3.4", 0, "\x05\x00", 2)) \
    X(csr, pca_request_set_csr(r, "x", 1)) \
    X(public_key, pca_request_set_public_key(r, "x", 1)) \
    X(alias, pca_request_set_alias(r, "a")) \
    X(custom_id, pca_request_set_custom_id(r, "a")) \
    X(token, pca_request_set_token(r, "a")) \
    X(crl_url, pca_request_set_crl_url(r, "http://a.example/")) \
    X(ocsp_url, pca_request_set_ocsp_url(r, "http://a.example/")) \
    X(issuer_url, pca_request_set_issuer_url(r, "http://a.example/"))
#define SETTER(name, call)             \
    static int setter_##name(pca_request *r) \
    {                                  \
        return call;                   \
    }
SETTERS(SETTER)
#define SETTER_ROW(name, call) setter_##name,
static int (*const setters[])(pca_request *) = {SETTERS(SETTER_ROW)};

/* The refusal is the verb's until the builder is reset. */
static void check_setter(int (*set)(pca_request *))
{
    pca_request *r = request_new_server("first.internal");
    pca_findings *findings = POISON;
    fault = (struct fault){.armed = 1, .source = MEMORY, .at = 1, .persistent = 1};
    int rc = set(r);
    fault.armed = 0;
    assert_int_equal(rc, fault.struck ? PCA_E_NO_MEMORY : PCA_OK);
    if (fault.struck) {
        assert_code(s.err, PCA_E_NO_MEMORY, pca_sub_check_request(s.sub, r, &findings, s.err));
        assert_poisoned(findings);
        assert_ok(NULL, pca_request_reset(r));
        assert_ok(NULL, set(r));
    }
    pca_request_free(r);
}

static void no_memory_for_builders(void **state)
{
    (void)state;
    put_image();
    open_stage();
    for (size_t i = 0; i < COUNT(setters); i++)
        check_setter(setters[i]);
    close_stage();
    fault = (struct fault){.armed = 1, .source = MEMORY, .at = 1, .persistent = 1};
    const void *none[] = {pca_error_new(), pca_config_new(), pca_request_new(), pca_query_new()};
    fault.armed = 0;
    for (size_t i = 0; i < COUNT(none); i++)
        assert_null(none[i]);
}

static void pitfall_36_no_memory(void **state)
{
    (void)state;
    fail_in_turn(MEMORY);
}

static void no_memory_for_anyone(void **state)
{
    (void)state;
    if (heap_blocks() < 0)
        skip();
    fail_in_turn(HEAP);
}

static void pitfall_30_each_store_call_fails(void **state)
{
    (void)state;
    fail_in_turn(STORE);
}

static void pitfall_30_each_file_call_fails(void **state)
{
    (void)state;
    fail_in_turn(FILES);
}

static void pitfall_20_each_random_number_fails(void **state)
{
    (void)state;
    fail_in_turn(RANDOM);
}

static void pitfall_26_each_reading_of_the_clock_fails(void **state)
{
    (void)state;
    fail_in_turn(CLOCK);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pitfall_36_no_memory),
        cmocka_unit_test(no_memory_for_anyone),
        cmocka_unit_test(pitfall_30_each_store_call_fails),
        cmocka_unit_test(pitfall_30_each_file_call_fails),
        cmocka_unit_test(pitfall_20_each_random_number_fails),
        cmocka_unit_test(pitfall_26_each_reading_of_the_clock_fails),
        cmocka_unit_test(no_memory_for_builders),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests_name("nth", tests, setup, teardown);
}
