/* pca_sub_check_request: what it shows of the certificate that would be, and that it spends nothing. Its refusals are held
 * against those of pca_sub_request wherever those are tested (check_refused in leaf.h). */
#include "leaf.h"

static pca_blob *preview(struct fixture *f, const pca_sub *sub, const pca_request *r, int format)
{
    pca_findings *findings = NULL;
    pca_blob *blob = NULL;
    char *before = snapshot_store(f);
    assert_ok(f->err, pca_sub_check_request(sub, r, &findings, f->err));
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_findings_certificate(findings, format, &blob, f->err));
    pca_findings_free(findings);
    return blob;
}

static char *preview_text(struct fixture *f, const pca_sub *sub, const pca_request *r)
{
    return output_of("openssl", "x509", "-in", put_blob(f, "preview.pem", preview(f, sub, r, PCA_FORMAT_PEM)), "-noout", "-text", "-nameopt", "RFC2253,-esc_msb,utf8");
}

/* With a key that is given only the serial number is another: octet for octet. */
static void what_is_shown_is_what_is_issued(void **state)
{
    struct fixture *f = *state;
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    const struct wish wishes[] = {
        {.cn = "a.internal", .dns = {"b.internal"}, .ip = {"10.0.0.1"}},
        {.type = PCA_CERT_CLIENT, .cn = "Ada", .email = {"ada@example.com"}, .uri = {"spiffe://example.com/ada"}, .form = YEARS, .span = 3},
        {.type = PCA_CERT_BOTH, .cn = "n.internal", .organization = "Other", .form = LONGEST, .crl_address = 2},
        {.type = PCA_CERT_CUSTOM, .cn = "Gate", .email = {"gate@example.com"}, .dns = {"gate.internal"}},
    };
    for (size_t i = 0; i < COUNT(wishes); i++) {
        pca_request *r = request_of(&wishes[i]);
        pca_cert *cert = NULL;
        pca_blob *issued = NULL;
        assert_ok(NULL, pca_request_set_public_key(r, spki, size));
        if (wishes[i].type == PCA_CERT_CUSTOM) {
            assert_ok(NULL, pca_request_add_eku(r, "1.3.6.1.5.5.7.3.3"));
            assert_ok(NULL, pca_request_add_policy(r, "1.2.3.4", "https://example.com/cps"));
            assert_ok(NULL, pca_request_add_extension(r, "1.2.3.5", 0, "\x05\x00", 2));
        }
        pca_blob *shown = preview(f, f->sub, r, PCA_FORMAT_DER);
        assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
        assert_ok(f->err, pca_cert_der(cert, &issued, f->err));
        struct der a = der_at(der_at(pca_blob_data(shown)).contents), b = der_at(der_at(pca_blob_data(issued)).contents);
        struct der serial_a = tbs_field(pca_blob_data(shown), 1), serial_b = tbs_field(pca_blob_data(issued), 1);
        assert_int_equal(a.end - a.at, b.end - b.at);
        assert_int_equal(serial_a.size, serial_b.size);
        assert_memory_not_equal(serial_a.contents, serial_b.contents, serial_a.size);
        assert_memory_equal(a.at, b.at, (size_t)(serial_a.contents - a.at));
        assert_memory_equal(serial_a.end, serial_b.end, (size_t)(a.end - serial_a.end));
        struct der algorithm = der_at(a.end), signature = der_at(algorithm.end);
        assert_memory_equal(algorithm.at, b.end, (size_t)(algorithm.end - algorithm.at));
        assert_int_equal(signature.size, 1); /* BIT STRING without a bit */
        assert_int_equal(signature.contents[0], 0);
        assert_ptr_equal(signature.end, pca_blob_data(shown) + pca_blob_size(shown));
        pca_blob_free(shown);
        pca_blob_free(issued);
        pca_cert_free(cert);
        pca_request_free(r);
    }
}

/* A key that is yet to be made has its form; the identifier is not the issuer's. */
static void keys_that_stand_in(struct fixture *f, const int *algorithms, const char *const *shown, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pca_request *r = request_new_server("a.internal");
        pca_request_set_key_algorithm(r, algorithms[i]);
        char *text = preview_text(f, f->sub, r), *authority = strstr(text, "Authority Key Identifier"), *subject = strstr(text, "Subject Key Identifier");
        assert_contains(text, shown[i]);
        assert_contains(text, "Subject: CN=a.internal,O=Example,C=DE");
        assert_contains(text, "DNS:a.internal");
        assert_non_null(authority);
        assert_non_null(subject);
        assert_memory_not_equal(strchr(authority, '\n') + 17, strchr(subject, '\n') + 17, 50);
        free(text);
        pca_request_free(r);
    }
}

static void ec_keys_stand_in(void **state)
{
    static const int algorithms[] = {0, PCA_KEY_EC_P256, PCA_KEY_EC_P384, PCA_KEY_EC_P521};
    static const char *const shown[] = {"ASN1 OID: prime256v1", "ASN1 OID: prime256v1", "ASN1 OID: secp384r1", "ASN1 OID: secp521r1"};
    keys_that_stand_in(*state, algorithms + 1, shown + 1, 3);
}

static void rsa_keys_stand_in(void **state)
{
    static const int algorithms[] = {PCA_KEY_RSA_2048, PCA_KEY_RSA_3072, PCA_KEY_RSA_4096};
    static const char *const shown[] = {"Public-Key: (2048 bit)", "Public-Key: (3072 bit)", "Public-Key: (4096 bit)"};
    keys_that_stand_in(*state, algorithms, shown, 3);
    struct fixture *f = *state;
    set_policy(f, "allow_weak", 1);
    static const int weak[] = {PCA_KEY_RSA_1024};
    static const char *const weak_shown[] = {"Public-Key: (1024 bit)"};
    keys_that_stand_in(f, weak, weak_shown, 1);
}

/* Nobody takes it for a certificate. */
static void nobody_trusts_what_is_shown(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal");
    char *output;
    const char *path = put_blob(f, "preview.pem", preview(f, f->sub, r, PCA_FORMAT_PEM));
    int status = run(&output, "openssl", "verify", "-attime", "1800014500", "-CAfile", put_ca(f, "root.pem", pca_root_ca(f->root)), "-untrusted", put_ca(f, "sub.pem", pca_sub_ca(f->sub)), path);
    assert_int_not_equal(status, 0);
    free(output);
    pca_request_free(r);
}

/* However often, and with one certificate left. */
static void nothing_is_spent(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal");
    for (int i = 0; i < 3; i++)
        pca_blob_free(preview(f, f->sub, r, PCA_FORMAT_DER));
    assert_int_equal(remaining_of_sub(f, f->sub), 10);
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 1, PCA_ANY, NULL, f->err));
    pca_blob_free(preview(f, f->sub, r, PCA_FORMAT_DER));
    pca_cert_free(issue(f, f->sub, "b.internal"));
    assert_refused(f, f->sub, r, PCA_E_QUOTA, NULL, NULL, NULL);
    pca_request_free(r);
}

static void who_is_shown_nothing(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal");
    pca_findings *findings = NULL;
    pca_blob *blob = POISON;
    pca_cert *cert = NULL;
    assert_ok(NULL, pca_request_set_token(r, "once"));
    assert_ok(f->err, pca_sub_check_request(f->sub, r, &findings, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "format", pca_findings_certificate(findings, PCA_FORMAT_PFX, &blob, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "format", pca_findings_certificate(findings, 0, &blob, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_findings_certificate(NULL, PCA_FORMAT_DER, &blob, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_findings_certificate(findings, PCA_FORMAT_DER, NULL, f->err));
    assert_int_equal(pca_findings_certificate(findings, 0, &blob, NULL), PCA_E_INVALID);
    pca_findings_free(findings);
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_ok(f->err, pca_sub_check_request(f->sub, r, &findings, f->err)); /* it is there already */
    assert_int_equal(pca_findings_count(findings), 0);
    assert_refusal(f->err, PCA_E_NOT_FOUND, "request", "token", pca_findings_certificate(findings, PCA_FORMAT_DER, &blob, f->err));
    assert_poisoned(blob);
    pca_findings_free(findings);
    pca_cert_free(cert);
    pca_request_free(r);
}

/* Findings are the caller's: they outlive the region. */
static void shown_after_close(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal");
    pca_findings *findings = NULL;
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_sub_check_request(f->sub, r, &findings, f->err));
    pca_region_close(f->region);
    f->region = NULL;
    assert_ok(f->err, pca_findings_certificate(findings, PCA_FORMAT_PEM, &blob, f->err));
    assert_contains((const char *)pca_blob_data(blob), "-----BEGIN CERTIFICATE-----\n");
    pca_blob_free(blob);
    pca_findings_free(findings);
    pca_request_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(what_is_shown_is_what_is_issued),
        TEST_ECC(ec_keys_stand_in),
        TEST_RSA(rsa_keys_stand_in),
        TEST_ECC(nobody_trusts_what_is_shown),
        TEST_ECC(nothing_is_spent),
        TEST_ECC(who_is_shown_nothing),
        TEST_ECC(shown_after_close),
    };
    return cmocka_run_group_tests_name("dry_run", tests, NULL, NULL);
}
