/* What the tests of key containers share: a region with the driver "skf", a token of software whose script fails (tests/drivers/skf.h). */
#ifndef PCA_TESTS_API_TOKEN_H
#define PCA_TESTS_API_TOKEN_H

#include "leaf.h"

#include "../drivers/skf.h"

static struct skf token;

/* The region again, with the driver "skf". */
static inline void open_with_token(struct fixture *f)
{
    pca_config *config = config_new(f);
    assert_ok(NULL, pca_config_add_container(config, "skf", &token.driver));
    pca_region_close(f->region);
    f->region = NULL;
    assert_ok(f->err, pca_region_open(f->path, config, &f->region, f->err));
    pca_config_free(config);
}

static inline int setup(void **state)
{
    int rc = fixture_setup_region(state);
    skf_init(&token);
    if (rc == 0)
        open_with_token(*state);
    return rc;
}

static inline int teardown(void **state)
{
    int rc = fixture_teardown(state);
    assert_int_equal(token.open, 0);
    skf_free(&token);
    return rc;
}
#define TEST_TOKEN(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static inline pca_request *request_new_token(const char *name, const char *pin)
{
    pca_request *r = request_new_leaf(PCA_CERT_CLIENT, name);
    pca_request_set_years(r, 1);
    assert_ok(NULL, pca_request_set_container(r, "skf", "usbkey-1"));
    if (pin)
        assert_ok(NULL, pca_request_set_pin(r, pin));
    return r;
}

static inline void check_units(struct fixture *f, uint64_t remaining, uint64_t reserved, uint64_t issued, int line)
{
    refresh_sub(f, &f->sub);
    if (pca_sub_remaining(f->sub) != remaining || pca_sub_reserved(f->sub) != reserved || pca_sub_issued(f->sub) != issued) {
        print_error("units %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", pca_sub_remaining(f->sub), pca_sub_reserved(f->sub), pca_sub_issued(f->sub));
        _fail(__FILE__, line);
    }
    check_code(f->err, PCA_OK, pca_region_check(f->region, f->err), "pca_region_check", __FILE__, line);
}
#define assert_units(f, remaining, reserved, issued) check_units((f), (remaining), (reserved), (issued), __LINE__)

static inline void assert_openssl_takes(struct fixture *f, const pca_cert *cert)
{
    pca_blob *leaf = NULL, *sub = NULL;
    char at[24];
    assert_ok(f->err, pca_cert_pem(cert, &leaf, f->err));
    assert_ok(f->err, pca_ca_certificate(pca_sub_ca(f->sub), PCA_FORMAT_PEM, &sub, f->err));
    const char *pem = file_blob(f, "pem", leaf), *ca = file_blob(f, "pem", sub);
    snprintf(at, sizeof at, "%" PRId64, (int64_t)f->clock.now);
    if (pca_ca_family(pca_sub_ca(f->sub)) == PCA_FAMILY_SM2) /* an identity for the last signature only */
        assert_run(0, "openssl", "verify", "-attime", at, "-vfyopt", "distid:1234567812345678", "-partial_chain", "-CAfile", ca, pem);
    else
        assert_run(0, "openssl", "verify", "-attime", at, "-partial_chain", "-CAfile", ca, pem);
}

static inline pca_request *request_new_ca_token(const char *name, const char *pin)
{
    pca_request *r = request_new_ca(name, name && strstr(name, "Root") ? ROOT_CRL_URL : SUB_CRL_URL);
    assert_ok(NULL, pca_request_set_container(r, "skf", "usbkey-1"));
    if (pin)
        assert_ok(NULL, pca_request_set_pin(r, pin));
    return r;
}

/* A root and its subordinate on the token; logged in. */
static inline void make_token_ca(struct fixture *f, int family)
{
    purchase_ca(f, PCA_KIND_PRIVATE, family, 24, &f->root, &f->sub);
    pca_request *r = request_new_ca_token("Token Root", NULL);
    if (family == PCA_FAMILY_RSA)
        pca_request_set_key_algorithm(r, PCA_KEY_RSA_2048);
    assert_ok(f->err, pca_root_enable(f->root, r, f->err));
    pca_request_free(r);
    r = request_new_ca_token("Token Sub", NULL);
    if (family == PCA_FAMILY_RSA)
        pca_request_set_key_algorithm(r, PCA_KEY_RSA_2048);
    assert_ok(f->err, pca_sub_enable(f->sub, r, f->err));
    pca_request_free(r);
    refresh_root(f, &f->root);
    refresh_sub(f, &f->sub);
}

static inline void drop_ca(struct fixture *f)
{
    pca_sub_free(f->sub);
    pca_root_free(f->root);
    f->sub = NULL;
    f->root = NULL;
}

#endif
