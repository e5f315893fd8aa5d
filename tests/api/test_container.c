/* Keys in containers: a token of software whose script fails (tests/drivers/skf.h). */
#define _GNU_SOURCE 1 /* MAP_ANONYMOUS, memmem */
#include "token.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define DISTID "distid:1234567812345678"

/* ---- Requests ---- */

static void made_on_the_token(void **state)
{
    struct fixture *f = *state;
    const int families[] = {PCA_FAMILY_ECC, PCA_FAMILY_SM2, PCA_FAMILY_RSA};
    for (size_t i = 0; i < COUNT(families); i++) {
        pca_cert *cert = NULL;
        pca_blob *blob = POISON;
        make_ca(f, families[i], families[i] == PCA_FAMILY_RSA ? PCA_KEY_RSA_2048 : 0, 24, &f->root, &f->sub);
        pca_request *r = request_new_token("Ada", "123456");
        assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
        assert_units(f, 9, 0, 1);
        assert_int_equal(pca_cert_container(cert), PCA_CONTAINER_USBKEY);
        assert_string_equal(pca_cert_container_driver(cert), "skf");
        assert_string_equal(pca_cert_container_slot(cert), "usbkey-1");
        assert_openssl_takes(f, cert);
        assert_refusal(f->err, PCA_E_NOT_EXPORTABLE, NULL, "key", pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err));
        assert_poisoned(blob);
        /* a private CA's may be downloaded, of whatever family */
        pca_files *files = NULL;
        assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, 0, NULL, &files, f->err));
        pca_files_free(files);
        /* installed: the token has the certificate, octet for octet */
        assert_int_equal(pca_cert_installed_at(cert), 0);
        assert_ok(f->err, pca_cert_install(cert, "123456", f->err));
        refresh_cert(f, &cert);
        assert_int_equal(pca_cert_installed_at(cert), T0);
        struct skf_key *key = &token.keys[token.count - 1];
        blob = NULL;
        assert_ok(f->err, pca_cert_der(cert, &blob, f->err));
        assert_int_equal(key->certificate[PCA_CERTIFICATE_SIGNING].size, pca_blob_size(blob));
        assert_memory_equal(key->certificate[PCA_CERTIFICATE_SIGNING].data, pca_blob_data(blob), pca_blob_size(blob));
        pca_blob_free(blob);
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        assert_refusal(f->err, PCA_E_STATE, NULL, "status", pca_cert_install(cert, "123456", f->err));
        pca_cert_free(cert);
        pca_request_free(r);
        pca_sub_free(f->sub);
        pca_root_free(f->root);
        f->sub = NULL;
        f->root = NULL;
    }
}

/* What the last error of assert_request_fails said. */
static int tries_left, device_code;

/* Nothing is left behind: neither a unit, nor an intent, nor a session. */
static void assert_request_fails(struct fixture *f, const pca_request *r, int code, const char *object, const char *field)
{
    pca_cert *cert = POISON;
    uint64_t remaining = remaining_of_sub(f, f->sub);
    unsigned open = token.open;
    assert_refusal(f->err, code, object, field, pca_sub_request(f->sub, r, &cert, f->err));
    tries_left = pca_error_tries_left(f->err);
    device_code = pca_error_device_code(f->err);
    assert_poisoned(cert);
    refresh_sub(f, &f->sub);
    assert_units(f, remaining, 0, pca_sub_issued(f->sub));
    assert_int_equal(token.open, open);
}

static void what_is_missing(void **state)
{
    struct fixture *f = *state;
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    pca_request *r = request_new_token("Ada", "123456");
    /* the driver */
    pca_request_set_container(r, "other", "usbkey-1");
    char *before = snapshot_store(f);
    assert_request_fails(f, r, PCA_E_DEVICE, "container other", "driver");
    assert_store_unchanged(f, before);
    /* the token */
    pca_request_set_container(r, "skf", "usbkey-2");
    assert_request_fails(f, r, PCA_E_DEVICE, "container skf", "slot");
    pca_request_set_container(r, "skf", "usbkey-1");
    token.present = 0;
    assert_request_fails(f, r, PCA_E_DEVICE, "container skf", "slot");
    token.present = 1;
    /* its driver cannot say */
    token.fail[SKF_PROBE] = 77;
    assert_request_fails(f, r, PCA_E_DEVICE, "container skf", "driver");
    token.fail[SKF_PROBE] = 0;
    /* a key is never made before the PIN was right */
    assert_int_equal(token.calls[SKF_GENERATE], 0);
    pca_request_free(r);
}

static void pins(void **state)
{
    struct fixture *f = *state;
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    pca_request *wrong = request_new_token("Ada", "654321"), *right = request_new_token("Ada", "123456"), *none = request_new_token("Ada", NULL);
    pca_cert *cert = NULL;
    assert_request_fails(f, wrong, PCA_E_PIN, "container skf", "pin");
    assert_int_equal(tries_left, 5);
    assert_int_equal(device_code, SKF_PIN_INCORRECT);
    assert_request_fails(f, none, PCA_E_PIN, "container skf", "pin");
    assert_int_equal(tries_left, 4);
    assert_ok(f->err, pca_sub_request(f->sub, right, &cert, f->err));
    assert_int_equal(pca_error_tries_left(f->err), -1);
    for (int left = 5; left >= 0; left--) {
        assert_request_fails(f, wrong, PCA_E_PIN, "container skf", "pin");
        assert_int_equal(tries_left, left);
    }
    assert_int_equal(device_code, SKF_PIN_LOCKED);
    assert_request_fails(f, right, PCA_E_PIN, "container skf", "pin");
    assert_int_equal(tries_left, 0);
    assert_refusal(f->err, PCA_E_PIN, "container skf", "pin", pca_cert_install(cert, "123456", f->err));
    pca_cert_free(cert);
    pca_request_free(wrong);
    pca_request_free(right);
    pca_request_free(none);
}

/* Every call of the driver, failing and with the token pulled out. */
static void pitfall_36_the_token_fails(void **state)
{
    struct fixture *f = *state;
    static const enum skf_call calls[] = {SKF_OPEN, SKF_GENERATE, SKF_PUBLIC, SKF_SIGN};
    pca_cert *cert = NULL;
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    pca_request *r = request_new_token("Ada", "123456");
    for (size_t i = 0; i < COUNT(calls); i++) {
        token.fail[calls[i]] = -999; /* no code of ours */
        assert_request_fails(f, r, PCA_E_DEVICE, "container skf", NULL);
        token.fail[calls[i]] = 0;
        token.removed_at = (int)calls[i] + 1;
        assert_request_fails(f, r, PCA_E_DEVICE, "container skf", NULL);
        assert_int_equal(device_code, SKF_DEVICE_REMOVED);
        token.removed_at = 0;
        token.present = 1;
    }
    token.bad_signature = 1;
    assert_request_fails(f, r, PCA_E_DEVICE, "container skf", "key");
    token.bad_signature = 0;
    token.other_key = 1; /* shows a key that it does not sign by */
    assert_request_fails(f, r, PCA_E_DEVICE, "container skf", "key");
    token.other_key = 0;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_units(f, 9, 0, 1);
    /* the same of installing */
    static const enum skf_call installing[] = {SKF_PROBE, SKF_OPEN, SKF_PUBLIC, SKF_IMPORT};
    for (size_t i = 0; i < COUNT(installing); i++) {
        token.fail[installing[i]] = PCA_E_DEVICE;
        assert_refusal(f->err, PCA_E_DEVICE, "container skf", NULL, pca_cert_install(cert, "123456", f->err));
        token.fail[installing[i]] = 0;
    }
    token.other_key = 1;
    assert_refusal(f->err, PCA_E_DEVICE, "container skf", "key", pca_cert_install(cert, "123456", f->err));
    token.other_key = 0;
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_installed_at(cert), 0);
    pca_cert_free(cert);
    pca_request_free(r);
}

static void builders(void **state)
{
    struct fixture *f = *state;
    pca_config *config = config_new(f);
    pca_container_driver d = token.driver;
    assert_code(NULL, PCA_E_INVALID, pca_config_add_container(NULL, "skf", &d));
    assert_ok(NULL, pca_config_add_container(config, "skf", &d));
    assert_code(NULL, PCA_E_EXISTS, pca_config_add_container(config, "skf", &d));
    pca_config_free(config);
    for (int i = 0; i < 4; i++) {
        config = config_new(f);
        d = token.driver;
        d.version += i == 0;
        d.sign = i == 1 ? NULL : d.sign;
        d.timeout_ms = i == 2 ? 0 : d.timeout_ms;
        assert_code(NULL, PCA_E_INVALID, pca_config_add_container(config, i == 3 ? "SKF" : "skf", &d));
        pca_config_free(config);
    }
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    pca_request *r = request_new_token("Ada", "123456");
    assert_ok(NULL, pca_request_set_public_key(r, "x", 1));
    assert_request_fails(f, r, PCA_E_INVALID, "request", "container");
    pca_request_free(r);
    r = request_new_server("a.example");
    pca_request_set_pin(r, "1");
    assert_request_fails(f, r, PCA_E_INVALID, "request", "pin");
    pca_request_free(r);
}

/* A PIN is no input: with the same token, another PIN gives the same certificate. */
static void tokens_of_clients(void **state)
{
    struct fixture *f = *state;
    pca_cert *first = NULL, *second = NULL;
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    pca_request *r = request_new_token("Ada", "123456");
    pca_request_set_token(r, "t");
    assert_ok(f->err, pca_sub_request(f->sub, r, &first, f->err));
    pca_request_set_pin(r, "000000");
    assert_ok(f->err, pca_sub_request(f->sub, r, &second, f->err));
    assert_int_equal(pca_cert_id(first), pca_cert_id(second));
    assert_int_equal(token.calls[SKF_GENERATE], 1);
    assert_units(f, 9, 0, 1);
    pca_cert_free(first);
    pca_cert_free(second);
    pca_request_free(r);
}

static void compliance(void **state)
{
    struct fixture *f = *state;
    const int families[] = {PCA_FAMILY_ECC, PCA_FAMILY_SM2};
    for (size_t i = 0; i < COUNT(families); i++) {
        pca_files *files = POISON;
        pca_cert *cert = NULL;
        purchase_ca(f, PCA_KIND_COMPLIANCE, families[i], 24, &f->root, &f->sub);
        enable_root(f, &f->root, "Root");
        enable_sub(f, &f->sub, "Sub");
        assert_ok(f->err, pca_root_purchase_certificates(f->root, 2, NULL, NULL, f->err));
        assert_ok(f->err, pca_root_assign(f->root, f->sub, 2, 0, NULL, f->err));
        pca_request *r = request_new_leaf(PCA_CERT_CLIENT, NULL);
        pca_request_set_personal_name(r, "Ada");
        pca_request_set_container(r, "skf", "usbkey-1");
        pca_request_set_pin(r, "123456");
        assert_request_fails(f, r, PCA_E_INVALID, "request", "system_account");
        pca_request_set_system_account(r, "ada");
        token.fail[SKF_SIGN] = PCA_E_DEVICE;
        assert_request_fails(f, r, PCA_E_DEVICE, "container skf", NULL);
        token.fail[SKF_SIGN] = 0;
        assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
        assert_int_equal(pca_cert_status(cert), PCA_STATUS_PENDING);
        assert_units(f, 1, 1, 0);
        assert_refusal(f->err, PCA_E_PENDING, NULL, "status", pca_cert_install(cert, "123456", f->err));
        /* the token is not needed to approve */
        token.present = 0;
        assert_ok(f->err, pca_cert_approve(cert, pca_cert_review_digest(cert), f->err));
        token.present = 1;
        assert_units(f, 1, 0, 1);
        refresh_cert(f, &cert);
        assert_openssl_takes(f, cert);
        assert_ok(f->err, pca_cert_install(cert, "123456", f->err));
        if (families[i] == PCA_FAMILY_SM2) {
            assert_refusal(f->err, PCA_E_NOT_EXPORTABLE, NULL, "container", pca_cert_export(cert, PCA_FORMAT_PEM, 0, NULL, &files, f->err));
            assert_poisoned(files);
        } else {
            assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, 0, NULL, &files, f->err));
            pca_files_free(files);
        }
        pca_cert_free(cert);
        pca_request_free(r);
        pca_sub_free(f->sub);
        pca_root_free(f->root);
        f->sub = NULL;
        f->root = NULL;
    }
}

/* ---- SM2 pairs ---- */

static const char *encryption_pem(struct fixture *f, const pca_cert *cert)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_cert_encryption_der(cert, &blob, f->err));
    const char *der = file_blob(f, "der", blob), *pem = file_path(f, "encryption.pem");
    assert_run(0, "openssl", "x509", "-inform", "DER", "-in", der, "-out", pem);
    return pem;
}

/* By openssl: both are of the CA, of one subject and one validity, for their purposes, and two keys. */
static void check_pair(struct fixture *f, const pca_cert *cert)
{
    pca_blob *blob = NULL, *sub = NULL;
    char at[24];
    snprintf(at, sizeof at, "%" PRId64, (int64_t)f->clock.now);
    assert_openssl_takes(f, cert);
    assert_ok(f->err, pca_cert_pem(cert, &blob, f->err));
    assert_ok(f->err, pca_ca_certificate(pca_sub_ca(f->sub), PCA_FORMAT_PEM, &sub, f->err));
    const char *signs = file_blob(f, "pem", blob), *receives = encryption_pem(f, cert), *ca = file_blob(f, "pem", sub);
    assert_run(0, "openssl", "verify", "-attime", at, "-vfyopt", DISTID, "-partial_chain", "-CAfile", ca, receives);
    static const char *const same[] = {"-subject", "-dates", "-issuer"}, *const differs[] = {"-serial", "-pubkey"};
    for (size_t i = 0; i < COUNT(same) + COUNT(differs); i++) {
        const char *what = i < COUNT(same) ? same[i] : differs[i - COUNT(same)];
        char *a = output_of("openssl", "x509", "-in", signs, "-noout", what), *b = output_of("openssl", "x509", "-in", receives, "-noout", what);
        assert_int_equal(strcmp(a, b) == 0, i < COUNT(same));
        free(a);
        free(b);
    }
    char *text = output_of("openssl", "x509", "-in", signs, "-noout", "-ext", "keyUsage");
    assert_contains(text, "Digital Signature, Non Repudiation");
    free(text);
    text = output_of("openssl", "x509", "-in", receives, "-noout", "-ext", "keyUsage");
    assert_contains(text, "Key Encipherment, Data Encipherment, Key Agreement");
    assert_lacks(text, "Digital");
    free(text);
}

static size_t crl_entries(struct fixture *f, const char *serial)
{
    pca_blob *blob = NULL;
    char upper[64] = "";
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    assert_ok(f->err, pca_ca_crl_get(pca_sub_ca(f->sub), PCA_FORMAT_PEM, &blob, f->err));
    char *text = output_of("openssl", "crl", "-in", file_blob(f, "pem", blob), "-noout", "-text");
    for (size_t i = 0; serial[i]; i++)
        upper[i] = (char)(serial[i] >= 'a' ? serial[i] - 32 : serial[i]);
    size_t count = occurrences(text, upper);
    free(text);
    return count;
}

/* On a token, where the pair is the rule; made here, where it is asked for. */
static void pairs(void **state)
{
    struct fixture *f = *state;
    make_ca(f, PCA_FAMILY_SM2, 0, 24, &f->root, &f->sub);
    for (int managed = 0; managed < 2; managed++) {
        pca_cert *cert = NULL, *found = NULL, *gone = NULL;
        pca_blob *blob = NULL;
        pca_request *r = managed ? request_new_leaf(PCA_CERT_CLIENT, "Ada") : request_new_token("Ada", "123456");
        if (managed) {
            pca_request_set_years(r, 1);
            pca_request_set_dual(r, 1);
        }
        assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
        assert_units(f, (uint64_t)(9 - managed), 0, (uint64_t)(1 + managed)); /* one unit for both */
        check_pair(f, cert);
        assert_ok(f->err, pca_ca_cert_by_serial(pca_sub_ca(f->sub), pca_cert_encryption_serial(cert), &found, f->err));
        assert_int_equal(pca_cert_id(found), pca_cert_id(cert));
        pca_cert_free(found);
        assert_ok(f->err, pca_cert_encryption_der(cert, &blob, f->err));
        assert_ok(f->err, pca_region_cert_by_der(f->region, pca_blob_data(blob), pca_blob_size(blob), &found, f->err));
        assert_int_equal(pca_cert_id(found), pca_cert_id(cert));
        pca_cert_free(found);
        if (!managed) {
            assert_ok(f->err, pca_cert_install(cert, "123456", f->err));
            struct skf_key *key = &token.keys[token.count - 1];
            assert_int_equal(key->certificate[PCA_CERTIFICATE_ENCRYPTION].size, pca_blob_size(blob));
            assert_memory_equal(key->certificate[PCA_CERTIFICATE_ENCRYPTION].data, pca_blob_data(blob), pca_blob_size(blob));
            /* the token opened the envelope, and has the certificate's key */
            struct slice spki = pcai_key_public(key->encryption);
            assert_non_null(memmem(pca_blob_data(blob), pca_blob_size(blob), spki.data, spki.size));
        }
        pca_blob_free(blob);
        blob = NULL;
        assert_ok(f->err, pca_cert_enveloped_key(cert, &blob, f->err));
        pca_blob_free(blob);
        /* revoked together, deleted together */
        const char *first = pca_cert_serial(cert), *second = pca_cert_encryption_serial(cert);
        assert_int_equal(crl_entries(f, second), 0);
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        assert_int_equal(crl_entries(f, first), 1);
        assert_int_equal(crl_entries(f, second), 1);
        blob = POISON;
        assert_refusal(f->err, PCA_E_STATE, NULL, "status", pca_cert_enveloped_key(cert, &blob, f->err));
        assert_poisoned(blob);
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
        assert_ok(f->err, pca_region_check(f->region, f->err));
        assert_ok(f->err, pca_cert_delete(cert, f->err));
        assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_cert_by_serial(pca_sub_ca(f->sub), second, &gone, f->err));
        assert_int_equal(crl_entries(f, first), 1);
        assert_int_equal(crl_entries(f, second), 1);
        assert_units(f, (uint64_t)(9 - managed), 0, (uint64_t)(1 + managed));
        pca_cert_free(cert);
        pca_request_free(r);
    }
}

static void pairs_are_reviewed(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = NULL, *single = NULL;
    pca_blob *blob = POISON;
    purchase_ca(f, PCA_KIND_COMPLIANCE, PCA_FAMILY_SM2, 24, &f->root, &f->sub);
    enable_root(f, &f->root, "Root");
    enable_sub(f, &f->sub, "Sub");
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 3, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 3, 0, NULL, f->err));
    set_policy(f, "opaque_serials", 1);
    pca_request *r = request_new_leaf(PCA_CERT_CLIENT, NULL);
    pca_request_set_personal_name(r, "Ada");
    pca_request_set_system_account(r, "ada");
    pca_request_set_dual(r, 1);
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_units(f, 2, 1, 0);
    assert_string_equal(pca_cert_encryption_serial(cert), "");
    assert_refusal(f->err, PCA_E_PENDING, NULL, "status", pca_cert_encryption_der(cert, &blob, f->err));
    assert_refusal(f->err, PCA_E_PENDING, NULL, "status", pca_cert_enveloped_key(cert, &blob, f->err));
    assert_ok(f->err, pca_cert_approve(cert, pca_cert_review_digest(cert), f->err));
    refresh_cert(f, &cert);
    assert_units(f, 2, 0, 1);
    check_pair(f, cert);
    pca_cert_free(cert);
    /* rejected: both keys are gone, and the unit is back */
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_ok(f->err, pca_cert_reject(cert, "no", f->err));
    assert_units(f, 2, 0, 1);
    assert_refusal(f->err, PCA_E_STATE, NULL, "status", pca_cert_enveloped_key(cert, &blob, f->err));
    assert_ok(f->err, pca_cert_purge(cert, f->err));
    assert_units(f, 2, 0, 1);
    pca_cert_free(cert);
    /* no pair where it is not wanted */
    pca_request_set_dual(r, 0);
    assert_ok(f->err, pca_sub_request(f->sub, r, &single, f->err));
    assert_ok(f->err, pca_cert_approve(single, pca_cert_review_digest(single), f->err));
    refresh_cert(f, &single);
    assert_refusal(f->err, PCA_E_NOT_FOUND, NULL, "dual", pca_cert_encryption_der(single, &blob, f->err));
    assert_refusal(f->err, PCA_E_NOT_FOUND, NULL, "dual", pca_cert_enveloped_key(single, &blob, f->err));
    assert_poisoned(blob);
    pca_cert_free(single);
    pca_request_free(r);
}

static void pairs_are_sm2(void **state)
{
    struct fixture *f = *state;
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    pca_request *r = request_new_token("Ada", "123456");
    pca_request_set_dual(r, 1);
    assert_request_fails(f, r, PCA_E_ALGORITHM, "request", "dual");
    pca_request_free(r);
}

/* Either half of installing fails: it is not installed, and may be again. */
static void installing_half_a_pair(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = NULL;
    make_ca(f, PCA_FAMILY_SM2, 0, 24, &f->root, &f->sub);
    pca_request *r = request_new_token("Ada", "123456");
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    token.fail[SKF_ENVELOPED] = PCA_E_DEVICE;
    assert_refusal(f->err, PCA_E_DEVICE, "container skf", "encryption_key", pca_cert_install(cert, "123456", f->err));
    token.fail[SKF_ENVELOPED] = 0;
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_installed_at(cert), 0);
    assert_ok(f->err, pca_cert_install(cert, "123456", f->err));
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_installed_at(cert), T0);
    pca_cert_free(cert);
    pca_request_free(r);
}

/* ---- Downloads ---- */

static size_t find_file(const pca_files *files, const char *name)
{
    for (size_t i = 0; i < pca_files_count(files); i++)
        if (strcmp(pca_files_name(files, i), name) == 0)
            return i;
    return SIZE_MAX;
}

static const char *put_export(struct fixture *f, const pca_files *files, const char *name)
{
    size_t i = find_file(files, name);
    if (i == SIZE_MAX) {
        print_error("there is no file %s\n", name);
        fail();
    }
    return put_file(f, name, pca_files_data(files, i), pca_files_size(files, i));
}

/* SM2EnvelopedKey ::= SEQUENCE { algorithm, SM2Cipher, publicKey BIT STRING, encryptedPrivateKey BIT STRING } (GM/T 0009 7.4), by the
 * steps of openssl: the SM4 key by the signing key, the private key by SM4, the public key of that. */
static char *open_envelope(struct fixture *f, const char *envelope, const char *signing_key)
{
    static const uint8_t before[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
    static const uint8_t after[] = {0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D};
    struct bytes der = {.size = 0};
    char hex[33];
    size_t size;
    uint8_t *data = file_read(envelope, &size);
    struct der cipher = der_at(der_at(der_at(data).contents).end), public = der_at(cipher.end), private = der_at(public.end);
    assert_ptr_equal(private.end, data + size);
    assert_int_equal(private.size, 33);
    const char *text = put_file(f, "cipher", cipher.at, (size_t)(cipher.end - cipher.at)), *key = file_path(f, "sm4"), *plain = file_path(f, "plain");
    const char *secret = put_file(f, "secret", private.contents + 1, 32);
    free(data);
    assert_run(0, "openssl", "pkeyutl", "-decrypt", "-inkey", signing_key, "-in", text, "-out", key);
    data = file_read(key, &size);
    assert_int_equal(size, 16);
    for (size_t i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", data[i]);
    free(data);
    assert_run(0, "openssl", "enc", "-d", "-sm4-ecb", "-nopad", "-K", hex, "-in", secret, "-out", plain);
    data = file_read(plain, &size);
    assert_int_equal(size, 32);
    bytes_add(&der, before, sizeof before);
    bytes_add(&der, data, size);
    bytes_add(&der, after, sizeof after);
    free(data);
    return output_of("openssl", "pkey", "-inform", "DER", "-in", put_file(f, "encryption.key", der.data, der.size), "-pubout");
}

static char *public_key_of(const char *certificate)
{
    return output_of("openssl", "x509", "-in", certificate, "-noout", "-pubkey");
}

/* signing_key: a file, or NULL: it is exported too. */
static void check_download(struct fixture *f, const pca_cert *cert, int format, const char *signing_key)
{
    pca_files *files = NULL;
    char name[64];
    int store = format == PCA_FORMAT_PFX, der = format == PCA_FORMAT_DER;
    assert_ok(f->err, pca_cert_export(cert, format, signing_key || store ? 0 : PCA_PLAIN_KEY, store ? "secret-7" : NULL, &files, f->err));
    snprintf(name, sizeof name, "Ada_enc.%s", der ? "der" : "pem");
    char with[128] = ""; /* paths last for 16 files */
    const char *certificate = put_export(f, files, name), *pem = file_path(f, "exported.pem");
    assert_run(0, "openssl", "x509", "-inform", der ? "DER" : "PEM", "-in", certificate, "-out", pem);
    char *seen = public_key_of(pem), *expected = public_key_of(encryption_pem(f, cert));
    assert_string_equal(seen, expected);
    free(expected);
    if (signing_key) {
        snprintf(with, sizeof with, "%s", signing_key);
    } else if (store) {
        snprintf(with, sizeof with, "%s", file_path(f, "all.pem"));
        assert_run(0, "openssl", "pkcs12", "-in", put_export(f, files, "Ada.pfx"), "-passin", "pass:secret-7", "-nodes", "-nocerts", "-out", with);
    } else {
        snprintf(with, sizeof with, "%s", file_path(f, "signing.pem"));
        assert_run(0, "openssl", "pkey", "-inform", der ? "DER" : "PEM", "-in", put_export(f, files, "Ada.key"), "-out", with);
    }
    expected = open_envelope(f, put_export(f, files, "Ada_enc.envelope"), with);
    assert_string_equal(seen, expected);
    free(seen);
    free(expected);
    pca_files_free(files);
}

/* Both certificates and the enveloped key, whoever has the signing key; once it is revoked the certificates alone. */
static void pairs_are_downloaded(void **state)
{
    struct fixture *f = *state;
    static const int formats[] = {PCA_FORMAT_PEM, PCA_FORMAT_DER, PCA_FORMAT_PFX, PCA_FORMAT_PKCS8, PCA_FORMAT_CRT, PCA_FORMAT_PKCS7};
    make_ca(f, PCA_FAMILY_SM2, 0, 24, &f->root, &f->sub);
    pca_cert *cert = NULL;
    pca_files *files = NULL;
    pca_request *r = request_new_leaf(PCA_CERT_CLIENT, "Ada");
    pca_request_set_years(r, 1);
    pca_request_set_dual(r, 1);
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    for (size_t i = 0; i < COUNT(formats); i++)
        check_download(f, cert, formats[i], NULL);
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, 0, NULL, &files, f->err));
    assert_int_equal(find_file(files, "Ada_enc.envelope"), SIZE_MAX);
    put_export(f, files, "Ada_enc.pem");
    put_export(f, files, "Ada.pem");
    pca_files_free(files);
    pca_cert_free(cert);
    /* the requester's key */
    char key[128];
    const char *csr = file_path(f, "requester.csr");
    size_t size;
    snprintf(key, sizeof key, "%s", file_path(f, "requester.key"));
    assert_run(0, "openssl", "genpkey", "-algorithm", "SM2", "-out", key);
    assert_run(0, "openssl", "req", "-new", "-sm3", "-key", key, "-sigopt", DISTID, "-subj", "/CN=Ada", "-out", csr);
    uint8_t *octets = file_read(csr, &size);
    assert_ok(NULL, pca_request_set_csr(r, octets, size));
    free(octets);
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    check_download(f, cert, PCA_FORMAT_PEM, key);
    check_download(f, cert, PCA_FORMAT_DER, key);
    pca_cert_free(cert);
    pca_request_free(r);
    /* one on the token of a private CA: what is installed there may be downloaded too */
    r = request_new_token("Ada", "123456");
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_CRT, 0, NULL, &files, f->err));
    put_export(f, files, "Ada_public.crt");
    put_export(f, files, "Ada_enc.pem");
    put_export(f, files, "Ada_enc.envelope");
    pca_files_free(files);
    pca_cert_free(cert);
    pca_request_free(r);
    /* no pair, no files of one */
    cert = issue(f, f->sub, "b.example");
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &files, f->err));
    for (size_t i = 0; i < pca_files_count(files); i++)
        assert_lacks(pca_files_name(files, i), "_enc");
    pca_files_free(files);
    pca_cert_free(cert);
}

/* The requester's key, of the CA's family. */
static const char *key_of_requester(struct fixture *f, int family)
{
    const char *key = file_path(f, "requester.key");
    if (family == PCA_FAMILY_RSA)
        return make_key(f, "requester", "RSA", "rsa_keygen_bits:2048");
    if (family == PCA_FAMILY_ECC)
        return make_key(f, "requester", "EC", "ec_paramgen_curve:P-256");
    assert_run(0, "openssl", "genpkey", "-algorithm", "SM2", "-out", key);
    return key;
}

static void set_csr(struct fixture *f, pca_request *r, int family)
{
    const char *key = key_of_requester(f, family), *csr = file_path(f, "requester.csr");
    size_t size;
    if (family == PCA_FAMILY_SM2)
        assert_run(0, "openssl", "req", "-new", "-sm3", "-key", key, "-sigopt", DISTID, "-subj", "/CN=Ada", "-out", csr);
    else
        assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/CN=Ada", "-out", csr);
    uint8_t *octets = file_read(csr, &size);
    assert_ok(NULL, pca_request_set_csr(r, octets, size));
    free(octets);
}

static pca_cert *issue_in(struct fixture *f, int container, int compliance, int family)
{
    pca_cert *cert = NULL;
    pca_request *r = request_new_leaf(PCA_CERT_CLIENT, compliance ? NULL : "Ada");
    pca_request_set_years(r, 1);
    if (compliance) {
        pca_request_set_personal_name(r, "Ada");
        pca_request_set_system_account(r, "ada");
    }
    if (container == PCA_CONTAINER_USBKEY) {
        pca_request_set_container(r, "skf", "usbkey-1");
        pca_request_set_pin(r, "123456");
    } else if (container == PCA_CONTAINER_CSR) {
        set_csr(f, r, family);
    } else if (container == PCA_CONTAINER_PUBLIC) {
        size_t size;
        uint8_t *spki = spki_of(f, key_of_requester(f, family), &size);
        assert_ok(NULL, pca_request_set_public_key(r, spki, size));
        free(spki);
    }
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    if (compliance)
        assert_ok(f->err, pca_cert_approve(cert, pca_cert_review_digest(cert), f->err));
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_container(cert), container);
    pca_request_free(r);
    return cert;
}

/* refused: no part of it is handed out; keyed: what asking for the private key too gives. */
static void check_formats(struct fixture *f, const pca_cert *cert, int sm2, int refused, int keyed)
{
    static const int formats[] = {PCA_FORMAT_PEM, PCA_FORMAT_DER, PCA_FORMAT_PFX, PCA_FORMAT_JKS, PCA_FORMAT_PKCS8, PCA_FORMAT_CRT, PCA_FORMAT_PKCS7};
    for (size_t i = 0; i < COUNT(formats); i++) {
        int format = formats[i], store = format == PCA_FORMAT_PFX || format == PCA_FORMAT_JKS;
        pca_files *plain = NULL, *with_key = NULL;
        if (!store)
            assert_code(f->err, refused ? PCA_E_NOT_EXPORTABLE : PCA_OK, pca_cert_export(cert, format, PCA_WITH_CHAIN, NULL, &plain, f->err));
        assert_code(f->err, format == PCA_FORMAT_JKS && sm2 ? PCA_E_UNSUPPORTED : keyed,
                    pca_cert_export(cert, format, PCA_WITH_CHAIN | (store ? 0 : PCA_PLAIN_KEY), store ? "secret-7" : NULL, &with_key, f->err));
        pca_files_free(plain);
        pca_files_free(with_key);
    }
}

/* Kind, family, container, format: all can be downloaded but what a compliance CA issues for an SM2 key on a token; with the private
 * key where that was made here. */
static void downloads(void **state)
{
    struct fixture *f = *state;
    static const int families[] = {PCA_FAMILY_RSA, PCA_FAMILY_ECC, PCA_FAMILY_SM2};
    static const int containers[] = {PCA_CONTAINER_MANAGED, PCA_CONTAINER_USBKEY, PCA_CONTAINER_CSR, PCA_CONTAINER_PUBLIC};
    for (size_t n = 0; n < 2 * COUNT(families); n++) {
        int compliance = n % 2 != 0, family = families[n / 2];
        size_t count = COUNT(containers) - (compliance ? 1 : 0); /* a compliance CA takes no key without a proof */
        purchase_ca(f, compliance ? PCA_KIND_COMPLIANCE : PCA_KIND_PRIVATE, family, 24, &f->root, &f->sub);
        enable_root(f, &f->root, "Root");
        enable_sub(f, &f->sub, "Sub");
        assert_ok(f->err, pca_root_purchase_certificates(f->root, count, NULL, NULL, f->err));
        assert_ok(f->err, pca_root_assign(f->root, f->sub, count, PCA_ANY, NULL, f->err));
        for (size_t i = 0; i < count; i++) {
            int sm2 = family == PCA_FAMILY_SM2, refused = compliance && sm2 && containers[i] == PCA_CONTAINER_USBKEY;
            pca_cert *cert = issue_in(f, containers[i], compliance, family);
            check_formats(f, cert, sm2, refused, containers[i] == PCA_CONTAINER_MANAGED ? PCA_OK : PCA_E_NOT_EXPORTABLE);
            pca_cert_free(cert);
        }
        drop_ca(f);
    }
}

/* ---- CAs whose keys never leave the token ---- */

static void ca_keys(void **state)
{
    struct fixture *f = *state;
    const int families[] = {PCA_FAMILY_ECC, PCA_FAMILY_SM2, PCA_FAMILY_RSA};
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    for (size_t i = 0; i < COUNT(families); i++) {
        pca_results *results = NULL;
        make_token_ca(f, families[i]);
        pca_cert *cert = issue(f, f->sub, "a.example");
        assert_units(f, 9, 0, 1);
        assert_openssl_takes(f, cert);
        /* many: each with an intent, in one commit */
        pca_request *r = request_new_server("b.example");
        const pca_request *requests[] = {r, r, r};
        assert_ok(f->err, pca_sub_request_many(f->sub, requests, 3, &results, f->err));
        for (uint64_t n = 0; n < 3; n++)
            assert_int_equal(pca_results_code_at(results, n), PCA_OK);
        pca_results_free(results);
        assert_units(f, 6, 0, 4);
        /* CRLs, a further certificate for the same key, a further key */
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
        pca_request *again = pca_request_new();
        assert_ok(f->err, pca_ca_reissue(pca_root_ca(f->root), again, f->err));
        assert_ok(f->err, pca_ca_reissue(pca_sub_ca(f->sub), again, f->err));
        pca_request_set_crl_url(again, "http://crl.example/sub-2.crl");
        pca_request_set_container(again, "skf", "usbkey-1");
        assert_ok(f->err, pca_ca_rekey(pca_sub_ca(f->sub), again, f->err));
        refresh_sub(f, &f->sub);
        pca_cert_free(cert);
        cert = issue(f, f->sub, "c.example");
        assert_openssl_takes(f, cert);
        assert_units(f, 5, 0, 5);
        pca_cert_free(cert);
        pca_request_free(again);
        pca_request_free(r);
        drop_ca(f);
    }
    assert_ok(f->err, pca_region_logout(f->region, "skf", "usbkey-1", f->err));
}

static void ca_keys_need_a_login(void **state)
{
    struct fixture *f = *state;
    pca_region *view = NULL;
    assert_refusal(f->err, PCA_E_PIN, "container skf", "pin", pca_region_login(f->region, "skf", "usbkey-1", "0", f->err));
    assert_int_equal(pca_error_tries_left(f->err), 5);
    assert_refusal(f->err, PCA_E_DEVICE, "container skf", "slot", pca_region_login(f->region, "skf", "usbkey-2", "123456", f->err));
    assert_refusal(f->err, PCA_E_DEVICE, "container other", "driver", pca_region_login(f->region, "other", "usbkey-1", "123456", f->err));
    assert_refusal(f->err, PCA_E_NOT_FOUND, "container skf", "slot", pca_region_logout(f->region, "skf", "usbkey-1", f->err));
    /* set_pin logs in */
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 24, &f->root, &f->sub);
    pca_request *r = request_new_ca_token("Token Root", NULL);
    assert_refusal(f->err, PCA_E_PIN, "container skf", "slot", pca_root_enable(f->root, r, f->err));
    assert_int_equal(state_of(f, pca_root_ca(f->root)), PCA_CA_PURCHASED);
    pca_request_set_pin(r, "123456");
    assert_ok(f->err, pca_root_enable(f->root, r, f->err));
    pca_request_free(r);
    assert_refusal(f->err, PCA_E_EXISTS, "container skf", "slot", pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    r = request_new_ca_token("Token Sub", NULL);
    assert_ok(f->err, pca_sub_enable(f->sub, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &f->sub);
    /* another actor's handle shares the session */
    assert_ok(f->err, pca_region_as(f->region, "bob", &view, f->err));
    pca_sub *sub = NULL;
    assert_ok(f->err, pca_region_sub_get(view, pca_ca_id(pca_sub_ca(f->sub)), &sub, f->err));
    pca_cert *cert = issue(f, sub, "a.example");
    pca_cert_free(cert);
    assert_ok(f->err, pca_region_logout(view, "skf", "usbkey-1", f->err));
    pca_sub_free(sub);
    pca_region_close(view);
    r = request_new_server("b.example");
    assert_request_fails(f, r, PCA_E_PIN, "container skf", "slot");
    assert_refusal(f->err, PCA_E_PIN, "container skf", "slot", pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    /* a region opened without the driver is a region all the same: it misses the key when it needs it */
    reopen_region(f);
    pca_root *root = NULL;
    assert_ok(f->err, pca_region_root_get(f->region, 1, &root, f->err));
    assert_ok(f->err, pca_root_default_sub(root, &f->sub, f->err));
    assert_request_fails(f, r, PCA_E_DEVICE, "container skf", "driver");
    pca_root_free(root);
    pca_request_free(r);
}

/* The numbers of the CRLs of the first generations. */
static void crl_numbers(struct fixture *f, size_t count, uint64_t numbers[])
{
    for (size_t i = 0; i < count; i++)
        assert_ok(f->err, pca_ca_crl_info_at(pca_sub_ca(f->sub), i + 1, &numbers[i], NULL, NULL, NULL, f->err));
}

/* Generations 1 and 3 on the token, 2 sealed: each has its CRL made whatever becomes of another's key, and the first failure is told. */
static void crls_of_each_generation(void **state)
{
    struct fixture *f = *state;
    uint64_t first[3], second[3], third[3], fourth[3], fifth[3];
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    make_token_ca(f, PCA_FAMILY_ECC);
    pca_request *r = pca_request_new();
    pca_request_set_crl_url(r, "http://crl.example/sub-2.crl");
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(f->sub), r, f->err));
    pca_request_set_crl_url(r, "http://crl.example/sub-3.crl");
    pca_request_set_container(r, "skf", "usbkey-1");
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(f->sub), r, f->err));
    pca_request_free(r);
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    crl_numbers(f, 3, first);
    /* nobody is logged in: the sealed one's alone */
    f->clock.now += HOUR;
    assert_ok(f->err, pca_region_logout(f->region, "skf", "usbkey-1", f->err));
    assert_refusal(f->err, PCA_E_PIN, "container skf", "slot", pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    crl_numbers(f, 3, second);
    assert_int_equal(second[0], first[0]);
    assert_true(second[1] > first[1]);
    assert_int_equal(second[2], first[2]);
    /* one key does not sign: the others' */
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    for (int which = 0; which < 2; which++) {
        uint64_t *before = which ? third : second, *after = which ? fourth : third;
        size_t lost = which ? 2 : 0; /* the token has the root's key, and then those of generations 1 and 3 */
        f->clock.now += HOUR;
        token.dead_key = token.keys[which + 1].name;
        assert_refusal(f->err, PCA_E_DEVICE, "container skf", "key", pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
        token.dead_key = NULL;
        crl_numbers(f, 3, after);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(after[i] > before[i], i != lost);
    }
    f->clock.now += HOUR;
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    crl_numbers(f, 3, fifth);
    for (size_t i = 0; i < 3; i++)
        assert_true(fifth[i] > fourth[i]);
}

static void revoke_meanwhile(void *argument, enum skf_call call)
{
    if (call != SKF_SIGN)
        return;
    token.hook = NULL;
    assert_int_equal(pca_cert_revoke(argument, PCA_REASON_UNSPECIFIED, 0, NULL, NULL), PCA_OK);
}

/* A revocation that comes after a CRL was scanned and before it is finished makes the next one due. So does a key that was out of
 * reach, which keeps no other CA's from being made. */
static void crls_that_are_due(void **state)
{
    struct fixture *f = *state;
    pca_root *other = NULL;
    uint64_t done = 99, entries = 99;
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    make_token_ca(f, PCA_FAMILY_ECC);
    make_crls(f);
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &other, NULL);
    pca_cert *first = issue(f, f->sub, "a.example"), *second = issue(f, f->sub, "b.example");
    assert_ok(f->err, pca_cert_revoke(first, PCA_REASON_UNSPECIFIED, 0, NULL, f->err));
    token.fail[SKF_SIGN] = PCA_E_DEVICE;
    assert_refusal(f->err, PCA_E_DEVICE, "container skf", NULL, pca_region_run_due(f->region, 100, &done, f->err));
    token.fail[SKF_SIGN] = 0;
    assert_int_equal(done, 99);
    assert_ok(f->err, pca_ca_crl_info(pca_root_ca(other), NULL, NULL, NULL, NULL, f->err));
    token.argument = second;
    token.hook = revoke_meanwhile;
    assert_ok(f->err, pca_region_run_due(f->region, 1, &done, f->err));
    assert_null(token.hook);
    assert_ok(f->err, pca_ca_crl_info(pca_sub_ca(f->sub), NULL, NULL, NULL, &entries, f->err));
    assert_int_equal(entries, 1);
    assert_ok(f->err, pca_region_run_due(f->region, 100, &done, f->err));
    assert_int_equal(done, 1);
    assert_ok(f->err, pca_ca_crl_info(pca_sub_ca(f->sub), NULL, NULL, NULL, &entries, f->err));
    assert_int_equal(entries, 2);
    assert_ok(f->err, pca_region_run_due(f->region, 100, &done, f->err));
    assert_int_equal(done, 0);
    pca_root_free(other);
    pca_cert_free(first);
    pca_cert_free(second);
}

/* ---- Keys that are spoken for: a driver gives a key that it gave before ---- */

static void assert_spoken_for(struct fixture *f, const pca_request *r, const char *part)
{
    pca_cert *cert = POISON;
    assert_refusal(f->err, PCA_E_CSR, "request", "container", pca_sub_request(f->sub, r, &cert, f->err));
    assert_message(f->err, part);
    assert_poisoned(cert);
    refresh_sub(f, &f->sub);
    assert_units(f, remaining_of_sub(f, f->sub), 0, pca_sub_issued(f->sub));
}

/* Policy refuse_reused_key is for keys made on a token as for those of CSRs. */
static void keys_that_were_seen(void **state)
{
    struct fixture *f = *state;
    pca_cert *first = NULL, *cert = NULL;
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    set_policy(f, "refuse_reused_key", 1);
    pca_request *ada = request_new_token("Ada", "123456"), *bob = request_new_token("Bob", "123456");
    assert_ok(f->err, pca_sub_request(f->sub, ada, &first, f->err));
    token.repeats = 1;
    assert_spoken_for(f, bob, "another subject");
    assert_ok(f->err, pca_sub_request(f->sub, ada, &cert, f->err)); /* the same subject's next */
    pca_cert_free(cert);
    cert = NULL;
    assert_ok(f->err, pca_cert_revoke(first, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    assert_spoken_for(f, ada, "compromised");
    set_policy(f, "refuse_reused_key", 0);
    assert_ok(f->err, pca_sub_request(f->sub, bob, &cert, f->err));
    assert_units(f, 7, 0, 3);
    pca_cert_free(first);
    pca_cert_free(cert);
    pca_request_free(ada);
    pca_request_free(bob);
}

/* A CA's is nobody else's, whatever the policy: no certificate's, and no other CA's. */
static void keys_of_cas(void **state)
{
    struct fixture *f = *state;
    pca_root *other = NULL;
    pca_blob *blob = POISON;
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    make_token_ca(f, PCA_FAMILY_ECC);
    token.repeats = 1; /* the root's */
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 24, &other, NULL);
    pca_request *r = request_new_ca_token("Other Root", NULL);
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_CSR, "request", "container", pca_root_enable(other, r, f->err));
    pca_request_free(r);
    r = pca_request_new();
    assert_ok(NULL, pca_request_set_container(r, "skf", "usbkey-1"));
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/root-2.crl"));
    assert_refusal(f->err, PCA_E_CSR, "request", "container", pca_ca_rekey(pca_root_ca(f->root), r, f->err));
    pca_request_free(r);
    r = pca_request_new();
    assert_ok(NULL, pca_request_set_container(r, "skf", "usbkey-1"));
    assert_ok(NULL, pca_request_set_common_name(r, "Other Root"));
    assert_refusal(f->err, PCA_E_CSR, "request", "container", pca_ca_csr(pca_root_ca(other), r, PCA_FORMAT_DER, &blob, f->err));
    assert_poisoned(blob);
    pca_request_free(r);
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_region_logout(f->region, "skf", "usbkey-1", f->err)); /* the driver bears one session */
    pca_sub_free(f->sub);
    f->sub = NULL;
    pca_root *sealed = NULL;
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &sealed, &f->sub);
    r = request_new_token("Ada", "123456");
    assert_spoken_for(f, r, "CA of this region");
    pca_request_free(r);
    pca_root_free(sealed);
    pca_root_free(other);
}

/* ---- A CA whose key is on the token, and whose certificate comes from elsewhere ---- */

/* A root of openssl, valid from 2020 to 2060. */
static void make_far(struct fixture *f, int family)
{
    static const char config[] = "[ca]\ndefault_ca=d\n[d]\ndatabase=%s/far.db\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=%s\npolicy=p\nx509_extensions=e\n"
                                 "unique_subject=no\n[p]\ncommonName=supplied\n[e]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
                                 "subjectKeyIdentifier=hash\n";
    char text[1024];
    int sm2 = family == PCA_FAMILY_SM2;
    snprintf(text, sizeof text, config, f->dir, f->dir, sm2 ? "sm3" : "sha256");
    const char *cnf = put_file(f, "far.cnf", text, strlen(text)), *key = key_of_requester(f, family), *csr = file_path(f, "far.csr");
    put_file(f, "far.db", "", 0);
    if (sm2)
        assert_run(0, "openssl", "req", "-new", "-sm3", "-key", key, "-sigopt", DISTID, "-subj", "/CN=Far Root", "-out", csr);
    else
        assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/CN=Far Root", "-out", csr);
    const char *const argv[] = {"openssl", "ca", "-batch", "-notext", "-config", cnf, "-selfsign", "-keyfile", key, "-in", csr, "-out", file_path(f, "far.pem"), "-startdate",
                                "20200101000000Z", "-enddate", "20600101000000Z", sm2 ? "-sigopt" : NULL, DISTID, "-vfyopt", DISTID, NULL};
    check_run(0, argv, __FILE__, __LINE__);
}

static const char *sign_far(struct fixture *f, const char *csr, int family, const char *name)
{
    const char *out = file_path(f, name);
    const char *const argv[] = {"openssl", "ca", "-batch", "-notext", "-config", file_path(f, "far.cnf"), "-keyfile", file_path(f, "requester.key"), "-cert", file_path(f, "far.pem"),
                                "-in", csr, "-out", out, "-startdate", "20200101000000Z", "-enddate", "20500101000000Z", family == PCA_FAMILY_SM2 ? "-sigopt" : NULL, DISTID,
                                "-vfyopt", DISTID, NULL};
    check_run(0, argv, __FILE__, __LINE__);
    return out;
}

static int accept_far(struct fixture *f, const pca_ca *ca, const char *path)
{
    size_t size;
    uint8_t *pem = file_read(path, &size);
    int rc = pca_ca_accept_certificate(ca, pem, size, f->err);
    free(pem);
    return rc;
}

static void assert_csr(const char *csr, int family)
{
    char *text = NULL;
    if (family == PCA_FAMILY_SM2)
        text = output_of("openssl", "req", "-in", csr, "-verify", "-vfyopt", DISTID, "-noout", "-text", "-nameopt", "oneline");
    else
        text = output_of("openssl", "req", "-in", csr, "-verify", "-noout", "-text", "-nameopt", "oneline");
    assert_contains(text, "verify OK");
    assert_contains(text, "CN = Near");
    assert_contains(text, "CA:TRUE");
    free(text);
}

static const char *put_csr(struct fixture *f, const pca_ca *ca, const pca_request *r, const char *name)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_csr(ca, r, PCA_FORMAT_PEM, &blob, f->err));
    return put_blob(f, name, blob);
}

static void check_signed_blob(struct fixture *f, pca_blob *blob, const pca_ca *issuer)
{
    check_signed(f, pca_blob_data(blob), issuer);
    pca_blob_free(blob);
}

static void a_csr_for_a_key_on_the_token(void **state)
{
    struct fixture *f = *state;
    const int families[] = {PCA_FAMILY_ECC, PCA_FAMILY_SM2, PCA_FAMILY_RSA};
    for (size_t i = 0; i < COUNT(families); i++) {
        pca_blob *blob = POISON;
        make_far(f, families[i]);
        purchase_ca(f, PCA_KIND_PRIVATE, families[i], 24, &f->root, &f->sub);
        uint64_t root = pca_ca_id(pca_root_ca(f->root));
        pca_request *sealed = pca_request_new(), *r = pca_request_new();
        assert_ok(NULL, pca_request_set_common_name(sealed, "Near"));
        assert_ok(NULL, pca_request_set_common_name(r, "Near"));
        assert_ok(NULL, pca_request_set_container(r, "skf", "usbkey-1"));
        if (families[i] == PCA_FAMILY_RSA)
            assert_ok(NULL, pca_request_set_key_algorithm(r, PCA_KEY_RSA_2048));
        /* one that waits sealed is replaced; nothing is, where the token fails */
        const char *first = put_csr(f, pca_root_ca(f->root), sealed, "first.csr");
        char *before = snapshot_store(f);
        assert_refusal(f->err, PCA_E_PIN, "container skf", "slot", pca_ca_csr(pca_root_ca(f->root), r, PCA_FORMAT_PEM, &blob, f->err));
        assert_ok(NULL, pca_request_set_pin(r, "654321"));
        assert_refusal(f->err, PCA_E_PIN, "container skf", "pin", pca_ca_csr(pca_root_ca(f->root), r, PCA_FORMAT_PEM, &blob, f->err));
        assert_ok(NULL, pca_request_set_pin(r, "123456"));
        token.fail[SKF_SIGN] = PCA_E_DEVICE;
        assert_refusal(f->err, PCA_E_DEVICE, "container skf", NULL, pca_ca_csr(pca_root_ca(f->root), r, PCA_FORMAT_PEM, &blob, f->err));
        token.fail[SKF_SIGN] = 0;
        assert_poisoned(blob);
        assert_store_unchanged(f, before);
        const char *second = put_csr(f, pca_root_ca(f->root), r, "second.csr"), *third = put_csr(f, pca_root_ca(f->root), r, "third.csr");
        assert_csr(second, families[i]);
        assert_csr(third, families[i]);
        const char *near_first = sign_far(f, first, families[i], "near-1.pem"), *near_second = sign_far(f, second, families[i], "near-2.pem"),
                   *near = sign_far(f, third, families[i], "near.pem");
        /* the certificate is accepted without the driver */
        drop_ca(f);
        reopen_region(f);
        assert_ok(f->err, pca_region_root_get(f->region, root, &f->root, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "call", "certificate", accept_far(f, pca_root_ca(f->root), near_first));
        assert_refusal(f->err, PCA_E_INVALID, "call", "certificate", accept_far(f, pca_root_ca(f->root), near_second));
        assert_ok(f->err, accept_far(f, pca_root_ca(f->root), near));
        pca_root_free(f->root);
        f->root = NULL;
        /* and with it the key signs */
        open_with_token(f);
        assert_ok(f->err, pca_region_root_get(f->region, root, &f->root, f->err));
        assert_ok(f->err, pca_root_default_sub(f->root, &f->sub, f->err));
        pca_request *below = request_new_ca("Below", SUB_CRL_URL);
        assert_refusal(f->err, PCA_E_PIN, "container skf", "slot", pca_sub_enable(f->sub, below, f->err));
        assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
        assert_ok(f->err, pca_sub_enable(f->sub, below, f->err));
        pca_request_free(below);
        refresh_sub(f, &f->sub);
        assert_ok(f->err, pca_ca_certificate(pca_sub_ca(f->sub), PCA_FORMAT_DER, &blob, f->err));
        check_signed_blob(f, blob, pca_root_ca(f->root));
        assert_ok(f->err, pca_ca_crl_make(pca_root_ca(f->root), f->err));
        assert_ok(f->err, pca_ca_crl_get(pca_root_ca(f->root), PCA_FORMAT_DER, &blob, f->err));
        check_signed_blob(f, blob, pca_root_ca(f->root));
        pca_cert *cert = issue(f, f->sub, "a.example");
        assert_openssl_takes(f, cert);
        if (families[i] != PCA_FAMILY_SM2) /* which takes an identity for one certificate only */
            assert_run(0, "openssl", "verify", "-attime", "1800014460", "-CAfile", file_path(f, "far.pem"), "-untrusted", file_path(f, "near.pem"), "-untrusted",
                       put_ca(f, "below.pem", pca_sub_ca(f->sub)), put_cert(f, "leaf.pem", cert));
        pca_cert_free(cert);
        /* the next certificate for the same key, by a CSR that the token signs again */
        pca_request *again = pca_request_new();
        const char *fourth = put_csr(f, pca_root_ca(f->root), again, "fourth.csr");
        assert_csr(fourth, families[i]);
        assert_ok(f->err, accept_far(f, pca_root_ca(f->root), sign_far(f, fourth, families[i], "near-4.pem")));
        assert_ok(f->err, pca_request_set_container(again, "skf", "usbkey-1"));
        assert_refusal(f->err, PCA_E_INVALID, "request", "container", pca_ca_csr(pca_root_ca(f->root), again, PCA_FORMAT_PEM, &blob, f->err));
        assert_ok(f->err, pca_region_logout(f->region, "skf", "usbkey-1", f->err));
        assert_ok(f->err, pca_region_check(f->region, f->err));
        pca_request_free(again);
        pca_request_free(sealed);
        pca_request_free(r);
        drop_ca(f);
    }
    pca_request *r = pca_request_new();
    pca_blob *blob = POISON;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 24, &f->root, NULL);
    assert_ok(NULL, pca_request_set_common_name(r, "Near"));
    assert_ok(NULL, pca_request_set_pin(r, "123456"));
    assert_refusal(f->err, PCA_E_INVALID, "request", "pin", pca_ca_csr(pca_root_ca(f->root), r, PCA_FORMAT_PEM, &blob, f->err));
    pca_request_free(r);
}

static void pitfall_36_the_hsm_fails(void **state)
{
    struct fixture *f = *state;
    pca_results *results = NULL;
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    make_token_ca(f, PCA_FAMILY_ECC);
    pca_request *r = request_new_server("a.example");
    token.fail[SKF_SIGN] = PCA_E_DEVICE;
    assert_request_fails(f, r, PCA_E_DEVICE, "container skf", NULL);
    const pca_request *requests[] = {r, r};
    assert_ok(f->err, pca_sub_request_many(f->sub, requests, 2, &results, f->err));
    assert_int_equal(pca_results_code_at(results, 0), PCA_E_DEVICE);
    assert_int_equal(pca_results_code_at(results, 1), PCA_E_DEVICE);
    pca_results_free(results);
    assert_units(f, 10, 0, 0);
    assert_refusal(f->err, PCA_E_DEVICE, "container skf", NULL, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    token.fail[SKF_SIGN] = 0;
    token.bad_signature = 1;
    assert_request_fails(f, r, PCA_E_DEVICE, "container skf", "key");
    token.bad_signature = 0;
    token.removed_at = SKF_SIGN + 1;
    assert_request_fails(f, r, PCA_E_DEVICE, "container skf", NULL);
    token.removed_at = 0;
    token.present = 1;
    pca_cert *cert = issue(f, f->sub, "a.example");
    assert_units(f, 9, 0, 1);
    pca_cert_free(cert);
    pca_request_free(r);
}

/* A compliance CA on the token: approval signs there, and fails without a trace. */
static void approval_by_the_token(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    purchase_ca(f, PCA_KIND_COMPLIANCE, PCA_FAMILY_ECC, 24, &f->root, &f->sub);
    pca_request *r = request_new_ca_token("Token Root", NULL);
    assert_ok(f->err, pca_root_enable(f->root, r, f->err));
    pca_request_free(r);
    r = request_new_ca_token("Token Sub", NULL);
    assert_ok(f->err, pca_sub_enable(f->sub, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &f->sub);
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 1, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 1, 0, NULL, f->err));
    r = request_new_leaf(PCA_CERT_CLIENT, NULL);
    pca_request_set_personal_name(r, "Ada");
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_units(f, 0, 1, 0);
    token.fail[SKF_SIGN] = PCA_E_DEVICE;
    assert_refusal(f->err, PCA_E_DEVICE, "container skf", NULL, pca_cert_approve(cert, pca_cert_review_digest(cert), f->err));
    token.fail[SKF_SIGN] = 0;
    assert_units(f, 0, 1, 0);
    assert_ok(f->err, pca_cert_approve(cert, pca_cert_review_digest(cert), f->err));
    assert_units(f, 0, 0, 1);
    refresh_cert(f, &cert);
    assert_openssl_takes(f, cert);
    pca_cert_free(cert);
    pca_request_free(r);
}

/* ---- Threads ---- */

struct asking {
    const pca_sub *sub;
    const pca_request *request;
    int codes[4];
};

static void *ask(void *argument)
{
    struct asking *a = argument;
    for (size_t i = 0; i < COUNT(a->codes); i++) {
        pca_cert *cert = NULL;
        a->codes[i] = pca_sub_request(a->sub, a->request, &cert, NULL);
        pca_cert_free(cert);
    }
    return NULL;
}

/* The driver bears one session at a time, and never sees two. */
static void one_session(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[2];
    struct asking asking[2];
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    pca_request *r = request_new_token("Ada", "123456");
    for (size_t i = 0; i < COUNT(threads); i++) {
        asking[i] = (struct asking){.sub = f->sub, .request = r};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &asking[i]), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < COUNT(threads); i++)
        for (size_t j = 0; j < COUNT(asking[i].codes); j++)
            assert_int_equal(asking[i].codes[j], PCA_OK);
    assert_int_equal(token.most_open, 1);
    assert_units(f, 2, 0, 8);
    pca_request_free(r);
}

static void wait_for_both(void *argument, enum skf_call call)
{
    struct fixture *f = argument;
    uint64_t reserved = 0;
    if (call != SKF_SIGN)
        return;
    token.hook = NULL;
    for (int i = 0; i < 10000 && reserved < 2; i++) {
        pca_sub *now = NULL;
        if (pca_sub_reload(f->sub, &now, NULL) == PCA_OK)
            reserved = pca_sub_reserved(now);
        pca_sub_free(now);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
}

/* Two with one client token are at the token at once: both get one certificate, and what the second reserved is given back. */
static void pitfall_36_two_for_one(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[2];
    struct asking asking[2];
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    make_token_ca(f, PCA_FAMILY_ECC);
    pca_request *r = request_new_server("a.example");
    assert_ok(NULL, pca_request_set_token(r, "t"));
    token.hook = wait_for_both;
    token.argument = f;
    for (size_t i = 0; i < COUNT(threads); i++) {
        asking[i] = (struct asking){.sub = f->sub, .request = r};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &asking[i]), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < COUNT(threads); i++)
        for (size_t j = 0; j < COUNT(asking[i].codes); j++)
            assert_int_equal(asking[i].codes[j], PCA_OK);
    assert_int_equal(token.calls[SKF_SIGN], 4); /* two CAs', and a leaf's by each */
    assert_units(f, 9, 0, 1);
    pca_request_free(r);
}

/* ---- Callbacks that call back, block, or see another process ---- */

static void call_back(void *argument, enum skf_call call)
{
    struct fixture *f = argument;
    pca_cert *cert = NULL;
    pca_page *page = NULL;
    if (call != SKF_GENERATE)
        return;
    pca_error *err = pca_error_new();
    token.hook = NULL;
    pca_request *r = request_new_server("inside.example");
    assert_int_equal(pca_sub_request(f->sub, r, &cert, err), PCA_OK);
    assert_int_equal(pca_region_reviews(f->region, NULL, 10, &page, err), PCA_OK);
    assert_int_equal(pca_region_run_due(f->region, 100, NULL, err), PCA_OK);
    assert_int_equal(pca_region_policy_set(f->region, "short_lived", 1, err), PCA_OK); /* and the rules change meanwhile */
    pca_page_free(page);
    pca_cert_free(cert);
    pca_request_free(r);
    pca_error_free(err);
}

static void pitfall_39(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = NULL;
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    pca_request *r = request_new_token("Ada", "123456");
    token.hook = call_back;
    token.argument = f;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_int_equal(token.calls[SKF_GENERATE], 1); /* the key was made once, though the rules had to be looked at again */
    assert_units(f, 8, 0, 2);
    pca_cert_free(cert);
    pca_request_free(r);
}

/* What both processes of the next test see. */
struct shared {
    _Atomic int64_t now;
    _Atomic int step, reserved, done, code;
};
static struct shared *shared;

static int shared_now(void *context, int64_t *seconds, pca_error *err)
{
    (void)context, (void)err;
    *seconds = shared->now;
    return PCA_OK;
}

static void wait_for(_Atomic int *what, int value)
{
    struct timespec tick = {0, 1000000};
    for (int i = 0; i < 20000 && *what != value; i++)
        nanosleep(&tick, NULL);
}

/* The slow token: in the middle of its work another process has its turn. */
static void wait_in_generate(void *argument, enum skf_call call)
{
    (void)argument;
    if (call != SKF_GENERATE)
        return;
    shared->step = 1;
    wait_for(&shared->step, 2);
}

static pca_config *shared_config(struct fixture *f)
{
    static const pca_clock clock = {PCA_CLOCK_VERSION, NULL, shared_now};
    pca_config *config = config_new(f);
    pca_config_set_clock(config, &clock);
    return config;
}

/* The other process opens the region and does what is due. */
static void other_process(struct fixture *f, uint64_t sub)
{
    pca_region *region = NULL;
    pca_sub *seen = NULL;
    uint64_t done = 99;
    pca_config *config = shared_config(f);
    wait_for(&shared->step, 1);
    int rc = pca_region_open(f->path, config, &region, NULL);
    if (rc == PCA_OK)
        rc = pca_region_run_due(region, 100, &done, NULL);
    if (rc == PCA_OK)
        rc = pca_region_sub_get(region, sub, &seen, NULL);
    shared->code = rc;
    shared->done = (int)done;
    shared->reserved = (int)pca_sub_reserved(seen);
    pca_sub_free(seen);
    pca_region_close(region);
    pca_config_free(config);
    shared->step = 2;
}

/* late: the clock of the other one is past the deadline. */
static void two_processes(struct fixture *f, int late)
{
    int status;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(shared, MAP_FAILED);
    shared->now = T0;
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    make_crls(f);
    uint64_t sub = pca_ca_id(pca_sub_ca(f->sub));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        wait_for(&shared->step, 1);
        shared->now += late ? DAY : 0;
        other_process(f, sub);
        _exit(0);
    }
    pca_config *config = shared_config(f);
    pca_config_add_container(config, "skf", &token.driver);
    pca_region *region = NULL;
    pca_sub *own = NULL;
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_region_open(f->path, config, &region, f->err));
    assert_ok(f->err, pca_region_sub_get(region, sub, &own, f->err));
    pca_request *r = request_new_token("Ada", "123456");
    token.hook = wait_in_generate;
    int rc = pca_sub_request(own, r, &cert, f->err);
    token.hook = NULL;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(shared->code, PCA_OK);
    if (!late) {
        assert_ok(f->err, rc);
        assert_int_equal(shared->reserved, 1); /* it was alive, and left alone */
        assert_int_equal(shared->done, 0);
        assert_units(f, 9, 0, 1);
    } else {
        assert_refusal(f->err, PCA_E_DEVICE, object_name("sub", sub), "deadline", rc);
        assert_int_equal(shared->reserved, 0); /* open resolved it, and so run_due had nothing to do */
        assert_int_equal(shared->done, 0);
        assert_units(f, 10, 0, 0); /* nothing is issued, no unit is lost */
    }
    pca_cert_free(cert);
    pca_request_free(r);
    pca_sub_free(own);
    pca_region_close(region);
    pca_config_free(config);
    munmap(shared, sizeof *shared);
}

static void pitfall_38_alive(void **state)
{
    two_processes(*state, 0);
}

static void pitfall_38_past_its_deadline(void **state)
{
    two_processes(*state, 1);
}

/* A process that died at the token. */
static void die(void *argument, enum skf_call call)
{
    (void)argument;
    if (call == SKF_GENERATE)
        _exit(7);
}

static void pitfall_38_dead(void **state)
{
    struct fixture *f = *state;
    int status;
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    make_crls(f);
    uint64_t sub = pca_ca_id(pca_sub_ca(f->sub)), done = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        pca_config *config = config_new(f);
        pca_region *region = NULL;
        pca_sub *own = NULL;
        pca_cert *cert = NULL;
        pca_request *r = request_new_token("Ada", "123456");
        pca_config_add_container(config, "skf", &token.driver);
        token.hook = die;
        if (pca_region_open(f->path, config, &region, NULL) == PCA_OK && pca_region_sub_get(region, sub, &own, NULL) == PCA_OK)
            (void)pca_sub_request(own, r, &cert, NULL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_units(f, 9, 1, 0);
    assert_ok(f->err, pca_region_run_due(f->region, 100, &done, f->err));
    assert_int_equal(done, 0);
    f->clock.now = T0 + HOUR;
    assert_ok(f->err, pca_region_run_due(f->region, 100, &done, f->err));
    assert_int_equal(done, 1);
    assert_units(f, 10, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_TOKEN(made_on_the_token), TEST_TOKEN(what_is_missing), TEST_TOKEN(pins), TEST_TOKEN(pitfall_36_the_token_fails), TEST_TOKEN(builders),
        TEST_TOKEN(tokens_of_clients), TEST_TOKEN(compliance), TEST_TOKEN(pairs), TEST_TOKEN(pairs_are_reviewed),
        TEST_TOKEN(pairs_are_sm2), TEST_TOKEN(pairs_are_downloaded), TEST_TOKEN(downloads), TEST_TOKEN(installing_half_a_pair), TEST_TOKEN(ca_keys),
        TEST_TOKEN(ca_keys_need_a_login), TEST_TOKEN(crls_of_each_generation), TEST_TOKEN(crls_that_are_due), TEST_TOKEN(keys_that_were_seen), TEST_TOKEN(keys_of_cas), TEST_TOKEN(a_csr_for_a_key_on_the_token),
        TEST_TOKEN(pitfall_36_the_hsm_fails), TEST_TOKEN(approval_by_the_token), TEST_TOKEN(one_session), TEST_TOKEN(pitfall_39), TEST_TOKEN(pitfall_38_alive),
        TEST_TOKEN(pitfall_36_the_hsm_fails), TEST_TOKEN(approval_by_the_token), TEST_TOKEN(pitfall_36_two_for_one), TEST_TOKEN(pitfall_39), TEST_TOKEN(pitfall_38_alive),
        TEST_TOKEN(pitfall_38_past_its_deadline), TEST_TOKEN(pitfall_38_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
