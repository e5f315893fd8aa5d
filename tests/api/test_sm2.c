/* CAs of the SM2 family, from purchase to CRL, judged by OpenSSL with the default identity of GM/T 0009. */
#include "leaf.h"

#include <ctype.h>

#define DISTID "distid:1234567812345678"

static int setup_sm2(void **state)
{
    if (fixture_setup_region(state) != 0)
        return -1;
    struct fixture *f = *state;
    make_ca(f, PCA_FAMILY_SM2, 0, 120, &f->root, &f->sub);
    return 0;
}
#define TEST_SM2(name) cmocka_unit_test_setup_teardown(name, setup_sm2, fixture_teardown)

static const char *key_file(struct fixture *f, const pca_cert *cert)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err));
    return put_blob(f, "leaf.key", blob);
}

static const char *now(void)
{
    static char text[24];
    snprintf(text, sizeof text, "%" PRId64, T0 + MINUTE);
    return text;
}

/* openssl uses distid for the certificate in question alone: step by step. */
static void check_chain(struct fixture *f, const char *leaf)
{
    const char *root = put_ca(f, "root.pem", pca_root_ca(f->root)), *sub = put_ca(f, "sub.pem", pca_sub_ca(f->sub));
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_certificate(pca_root_ca(f->root), PCA_FORMAT_DER, &blob, f->err));
    check_signed(f, pca_blob_data(blob), pca_root_ca(f->root));
    pca_blob_free(blob);
    assert_run(0, "openssl", "verify", "-x509_strict", "-attime", now(), "-vfyopt", DISTID, "-CAfile", root, sub);
    assert_run(0, "openssl", "verify", "-x509_strict", "-attime", now(), "-vfyopt", DISTID, "-partial_chain", "-CAfile", sub, leaf);
    assert_run(2, "openssl", "verify", "-x509_strict", "-attime", now(), "-vfyopt", "distid:someone", "-partial_chain", "-CAfile", sub, leaf);
}

static void openssl_accepts_the_chain(void **state)
{
    struct fixture *f = *state;
    static const int types[] = {PCA_CERT_SERVER, PCA_CERT_CLIENT, PCA_CERT_BOTH};
    assert_int_equal(PCA_FAMILY_SM2, pca_ca_family(pca_root_ca(f->root)));
    assert_int_equal(PCA_KEY_SM2, pca_ca_key_algorithm(pca_root_ca(f->root)));
    assert_int_equal(PCA_KEY_SM2, pca_ca_key_algorithm(pca_sub_ca(f->sub)));
    for (size_t i = 0; i < COUNT(types); i++) {
        pca_request *request = request_new_leaf(types[i], "sm2.example");
        pca_cert *cert = NULL;
        assert_ok(NULL, pca_request_set_years(request, 1));
        assert_ok(f->err, pca_sub_request(f->sub, request, &cert, f->err));
        assert_int_equal(PCA_KEY_SM2, pca_cert_key_algorithm(cert));
        check_chain(f, put_cert(f, "leaf.pem", cert));
        char *text = text_of(f, cert);
        assert_int_equal(2, occurrences(text, "Signature Algorithm: SM2-with-SM3"));
        assert_contains(text, "ASN1 OID: SM2");
        assert_contains(text, "Digital Signature, Non Repudiation\n");
        free(text);
        pca_cert_free(cert);
        pca_request_free(request);
    }
}

/* The exported key is plain PKCS#8, the certificate's, and signs. */
static void the_key_is_what_openssl_reads(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "sm2.example");
    const char *leaf = put_cert(f, "leaf.pem", cert), *key = key_file(f, cert), *signature = file_path(f, "signature"), *public = file_path(f, "public.pem");
    char *ours = output_of("openssl", "x509", "-noout", "-pubkey", "-in", leaf), *theirs = output_of("openssl", "pkey", "-pubout", "-in", key);
    assert_string_equal(ours, theirs);
    free(ours);
    free(theirs);
    assert_run(0, "openssl", "pkey", "-check", "-noout", "-in", key);
    assert_run(0, "openssl", "pkey", "-pubout", "-in", key, "-out", public);
    assert_run(0, "openssl", "dgst", "-sm3", "-sign", key, "-sigopt", DISTID, "-out", signature, leaf);
    assert_run(0, "openssl", "dgst", "-sm3", "-verify", public, "-sigopt", DISTID, "-signature", signature, leaf);
    pca_cert_free(cert);
}

/* DIR of the format's files. */
static const char *export(struct fixture *f, const pca_cert *cert, int format, const char *password)
{
    char name[16];
    pca_files *files = NULL;
    snprintf(name, sizeof name, "export-%d", format);
    const char *dir = file_path(f, name);
    assert_ok(f->err, pca_cert_export(cert, format, PCA_WITH_CHAIN, password, &files, f->err));
    assert_int_equal(0, mkdir(dir, 0700));
    assert_ok(f->err, pca_files_write(files, dir, f->err));
    pca_files_free(files);
    return dir;
}

/* PFX, PKCS#8 under a password and PKCS#7, as openssl reads them. */
static void downloads_in_other_formats(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "sm2.example");
    char path[PATH_MAX], *expected = output_of("openssl", "x509", "-noout", "-pubkey", "-in", put_cert(f, "leaf.pem", cert));
    const char *all = file_path(f, "all.pem");
    snprintf(path, sizeof path, "%s/sm2.example.pfx", export(f, cert, PCA_FORMAT_PFX, "secret-7"));
    assert_run(0, "openssl", "pkcs12", "-in", path, "-passin", "pass:secret-7", "-nodes", "-out", all);
    char *seen = output_of("openssl", "pkey", "-pubout", "-in", all);
    assert_string_equal(expected, seen);
    free(seen);
    seen = output_of("openssl", "x509", "-noout", "-pubkey", "-in", all);
    assert_string_equal(expected, seen);
    free(seen);
    snprintf(path, sizeof path, "%s/sm2.example.key", export(f, cert, PCA_FORMAT_PKCS8, "secret-7"));
    seen = output_of("openssl", "pkey", "-pubout", "-passin", "pass:secret-7", "-in", path);
    assert_string_equal(expected, seen);
    free(seen);
    snprintf(path, sizeof path, "%s/sm2.example.p7b", export(f, cert, PCA_FORMAT_PKCS7, "secret-7"));
    seen = output_of("openssl", "pkcs7", "-print_certs", "-text", "-in", path);
    assert_int_equal(2, occurrences(seen, "Public Key Algorithm: id-ecPublicKey"));
    assert_int_equal(2, occurrences(seen, "ASN1 OID: SM2"));
    free(seen);
    free(expected);
    pca_cert_free(cert);
}

static void check_crl(struct fixture *f, const pca_ca *ca, const char *serial)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    assert_ok(f->err, pca_ca_crl_get(ca, PCA_FORMAT_DER, &blob, f->err));
    check_signed(f, pca_blob_data(blob), ca);
    char *text = output_of("openssl", "crl", "-noout", "-text", "-inform", "DER", "-in", put_blob(f, "crl.der", blob)), upper[64] = "";
    assert_contains(text, "Signature Algorithm: SM2-with-SM3");
    for (size_t i = 0; serial && serial[i]; i++)
        upper[i] = (char)toupper(serial[i]);
    assert_contains(text, serial ? upper : "No Revoked Certificates");
    free(text);
}

static void crls_are_signed(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "sm2.example");
    check_crl(f, pca_root_ca(f->root), NULL);
    check_crl(f, pca_sub_ca(f->sub), NULL);
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    check_crl(f, pca_sub_ca(f->sub), pca_cert_serial(cert));
    pca_cert_free(cert);
}

/* Its TBSCertList comes from the spool in several pieces. */
static void a_long_crl_is_signed(void **state)
{
    struct fixture *f = *state;
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 1000, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 1000, PCA_ANY, NULL, f->err));
    char serial[64] = "";
    for (int i = 0; i < 200; i++) {
        pca_cert *cert = issue(f, f->sub, "sm2.example");
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        snprintf(serial, sizeof serial, "%s", pca_cert_serial(cert));
        pca_cert_free(cert);
    }
    check_crl(f, pca_sub_ca(f->sub), serial);
}

/* ---- Requests ---- */

static const char *make_csr(struct fixture *f, const char *algorithm, const char *distid)
{
    const char *key = file_path(f, "csr.key"), *csr = file_path(f, "csr.pem");
    if (strcmp(algorithm, "SM2") == 0) {
        assert_run(0, "openssl", "genpkey", "-algorithm", "SM2", "-out", key);
        assert_run(0, "openssl", "req", "-new", "-sm3", "-key", key, "-sigopt", distid, "-subj", "/CN=sm2.example", "-out", csr);
    } else {
        assert_run(0, "openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key);
        assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/CN=sm2.example", "-out", csr);
    }
    return csr;
}

static pca_request *request_of_csr(const char *csr)
{
    size_t size;
    uint8_t *data = file_read(csr, &size);
    pca_request *request = request_new_leaf(PCA_CERT_SERVER, NULL);
    assert_ok(NULL, pca_request_set_years(request, 1));
    assert_ok(NULL, pca_request_set_csr(request, data, size));
    assert_ok(NULL, pca_request_use_csr_subject(request));
    free(data);
    return request;
}

static void requests_of_openssl_are_issued(void **state)
{
    struct fixture *f = *state;
    pca_request *request = request_of_csr(make_csr(f, "SM2", DISTID));
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, request, &cert, f->err));
    assert_int_equal(PCA_KEY_SM2, pca_cert_key_algorithm(cert));
    const char *leaf = put_cert(f, "leaf.pem", cert);
    check_chain(f, leaf);
    char *ours = output_of("openssl", "x509", "-noout", "-pubkey", "-in", leaf), *theirs = output_of("openssl", "pkey", "-pubout", "-in", file_path(f, "csr.key"));
    assert_string_equal(ours, theirs);
    free(ours);
    free(theirs);
    pca_cert_free(cert);
    pca_request_free(request);
}

static void requests_that_prove_nothing(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = POISON;
    pca_request *request = request_of_csr(make_csr(f, "SM2", "distid:someone"));
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_CSR, "request", "csr", pca_sub_request(f->sub, request, &cert, f->err));
    assert_store_unchanged(f, before);
    assert_poisoned(cert);
    pca_request_free(request);
}

/* ---- Families do not mix ---- */

static void refused(struct fixture *f, const pca_sub *sub, pca_request *request, const char *field)
{
    pca_cert *cert = POISON;
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_ALGORITHM, "request", field, pca_sub_request(sub, request, &cert, f->err));
    assert_message(f->err, "SM2");
    assert_store_unchanged(f, before);
    assert_poisoned(cert);
    pca_request_free(request);
}

static void families_do_not_mix(void **state)
{
    struct fixture *f = *state;
    static const int others[] = {PCA_KEY_RSA_2048, PCA_KEY_EC_P256, PCA_KEY_EC_P521};
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    make_ca(f, PCA_FAMILY_ECC, 0, 120, &root, &sub);
    for (size_t i = 0; i < COUNT(others); i++) {
        pca_request *request = request_new_server("sm2.example");
        assert_ok(NULL, pca_request_set_key_algorithm(request, others[i]));
        refused(f, f->sub, request, "key_algorithm");
    }
    pca_request *request = request_new_server("sm2.example");
    assert_ok(NULL, pca_request_set_key_algorithm(request, PCA_KEY_SM2));
    refused(f, sub, request, "key_algorithm");
    refused(f, f->sub, request_of_csr(make_csr(f, "EC", NULL)), "csr");
    refused(f, sub, request_of_csr(make_csr(f, "SM2", DISTID)), "csr");
    size_t size;
    uint8_t *spki = spki_of(f, file_path(f, "csr.key"), &size);
    request = request_new_server("sm2.example");
    assert_ok(NULL, pca_request_set_public_key(request, spki, size));
    refused(f, sub, request, "public_key");
    free(spki);
    pca_root_free(root);
    pca_sub_free(sub);
}

/* ---- The key at rest, and in many threads ---- */

static void the_ca_key_survives_reopening(void **state)
{
    struct fixture *f = *state;
    uint64_t id = pca_ca_id(pca_sub_ca(f->sub)), root = pca_ca_id(pca_root_ca(f->root));
    reopen_region(f);
    assert_ok(f->err, pca_region_root_get(f->region, root, &f->root, f->err));
    assert_ok(f->err, pca_region_sub_get(f->region, id, &f->sub, f->err));
    pca_cert *cert = issue(f, f->sub, "sm2.example");
    check_chain(f, put_cert(f, "leaf.pem", cert));
    check_crl(f, pca_sub_ca(f->sub), NULL);
    pca_cert_free(cert);
}

#define THREADS 4
#define EACH 10
struct issuing {
    const pca_sub *sub;
    pca_cert *certs[EACH];
    int rc;
};

static void *issue_many(void *argument)
{
    struct issuing *job = argument;
    pca_request *request = request_new_server("sm2.example");
    for (int i = 0; i < EACH && job->rc == PCA_OK; i++)
        job->rc = pca_sub_request(job->sub, request, &job->certs[i], NULL);
    pca_request_free(request);
    return NULL;
}

static void many_threads_issue(void **state)
{
    struct fixture *f = *state;
    struct issuing jobs[THREADS];
    pthread_t threads[THREADS];
    assert_ok(f->err, pca_root_purchase_certificates(f->root, THREADS * EACH, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, THREADS * EACH, PCA_ANY, NULL, f->err));
    memset(jobs, 0, sizeof jobs);
    for (int i = 0; i < THREADS; i++) {
        jobs[i].sub = f->sub;
        assert_int_equal(0, pthread_create(&threads[i], NULL, issue_many, &jobs[i]));
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(0, pthread_join(threads[i], NULL));
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(PCA_OK, jobs[i].rc);
        check_chain(f, put_cert(f, "leaf.pem", jobs[i].certs[EACH - 1]));
        for (int j = 0; j < EACH; j++)
            pca_cert_free(jobs[i].certs[j]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_SM2(openssl_accepts_the_chain),
        TEST_SM2(the_key_is_what_openssl_reads),
        TEST_SM2(downloads_in_other_formats),
        TEST_SM2(crls_are_signed),
        TEST_SM2(a_long_crl_is_signed),
        TEST_SM2(requests_of_openssl_are_issued),
        TEST_SM2(requests_that_prove_nothing),
        TEST_SM2(families_do_not_mix),
        TEST_SM2(the_ca_key_survives_reopening),
        TEST_SM2(many_threads_issue),
    };
    return cmocka_run_group_tests_name("sm2", tests, NULL, NULL);
}
