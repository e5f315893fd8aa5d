/* The lint stands between the writer and every signature: a writer that errs, put in the place of the library's own at link
 * time, signs nothing, spends nothing and stores nothing. */
#include "../api/support.h"

#include "x509/certificate.h"
#include "x509/crl.h"

int __real_pcai_certificate_tbs(const struct certificate *c, struct buf *out, pca_error *err);
int __wrap_pcai_certificate_tbs(const struct certificate *c, struct buf *out, pca_error *err);
void __real_pcai_crl_entry_write(struct buf *out, const struct crl_entry *entry);
void __wrap_pcai_crl_entry_write(struct buf *out, const struct crl_entry *entry);
void __real_pcai_crl_tail_write(struct buf *out, const struct crl *crl);
void __wrap_pcai_crl_tail_write(struct buf *out, const struct crl *crl);

static enum { NO_FAULT, LEAF_SIGNS, SERIAL_OF_ONE, REASON_SEVEN, NUMBER_OF_BEFORE } fault;

int __wrap_pcai_certificate_tbs(const struct certificate *c, struct buf *out, pca_error *err)
{
    struct certificate wrong = *c;
    if (fault == LEAF_SIGNS && !c->is_ca)
        wrong.key_usage |= KU_KEY_CERT_SIGN;
    if (fault == SERIAL_OF_ONE)
        wrong.serial = pcai_slice("\1", 1);
    return __real_pcai_certificate_tbs(&wrong, out, err);
}

void __wrap_pcai_crl_entry_write(struct buf *out, const struct crl_entry *entry)
{
    struct crl_entry wrong = *entry;
    if (fault == REASON_SEVEN)
        wrong.reason = 7;
    __real_pcai_crl_entry_write(out, &wrong);
}

void __wrap_pcai_crl_tail_write(struct buf *out, const struct crl *crl)
{
    struct crl wrong = *crl;
    if (fault == NUMBER_OF_BEFORE)
        wrong.number--; /* as long as before: the head says how long the tail is */
    __real_pcai_crl_tail_write(out, &wrong);
}

static int no_fault(void **state)
{
    fault = NO_FAULT;
    return fixture_teardown(state);
}

static void leaves_are_linted(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal");
    pca_cert *cert = POISON;
    pca_findings *findings = POISON;
    char *before = snapshot_store(f);
    fault = LEAF_SIGNS;
    assert_refusal(f->err, PCA_E_LINT, "request", "keyUsage", pca_sub_request(f->sub, r, &cert, f->err));
    assert_message(f->err, "ku_leaf_no_ca_bits");
    assert_refusal(f->err, PCA_E_LINT, "request", "keyUsage", pca_sub_check_request(f->sub, r, &findings, f->err));
    fault = SERIAL_OF_ONE;
    assert_refusal(f->err, PCA_E_LINT, "request", "serial", pca_sub_request(f->sub, r, &cert, f->err));
    assert_message(f->err, "serial_min_64_random_bits");
    assert_poisoned(cert);
    assert_poisoned(findings);
    assert_store_unchanged(f, before);
    fault = NO_FAULT;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    pca_cert_free(cert);
    pca_request_free(r);
}

static void cas_are_linted(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_ca("Root", ROOT_CRL_URL), *below = request_new_ca("Sub", SUB_CRL_URL);
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &f->root, &f->sub);
    fault = SERIAL_OF_ONE;
    assert_refusal(f->err, PCA_E_LINT, "request", "serial", pca_root_enable(f->root, r, f->err));
    assert_int_equal(state_of(f, pca_root_ca(f->root)), PCA_CA_PURCHASED);
    fault = NO_FAULT;
    assert_ok(f->err, pca_root_enable(f->root, r, f->err));
    fault = SERIAL_OF_ONE;
    assert_refusal(f->err, PCA_E_LINT, "request", "serial", pca_sub_enable(f->sub, below, f->err));
    assert_int_equal(state_of(f, pca_sub_ca(f->sub)), PCA_CA_PURCHASED);
    pca_request_free(r);
    pca_request_free(below);
}

static void crls_are_linted(void **state)
{
    struct fixture *f = *state;
    const pca_ca *ca = pca_sub_ca(f->sub);
    pca_cert *cert = issue(f, f->sub, "a.internal");
    pca_blob *blob = POISON;
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    fault = REASON_SEVEN;
    assert_refusal(f->err, PCA_E_LINT, object_name("sub", pca_ca_id(ca)), "entries[0]", pca_ca_crl_make(ca, f->err));
    assert_message(f->err, "crl_reason_valid");
    assert_refusal(f->err, PCA_E_NOT_FOUND, NULL, "crl", pca_ca_crl_get(ca, PCA_FORMAT_DER, &blob, f->err));
    fault = NO_FAULT;
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    fault = NUMBER_OF_BEFORE;
    assert_refusal(f->err, PCA_E_LINT, object_name("sub", pca_ca_id(ca)), "cRLNumber", pca_ca_crl_make(ca, f->err));
    assert_message(f->err, "crl_number_monotonic");
    assert_poisoned(blob);
    fault = NO_FAULT;
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    pca_cert_free(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(leaves_are_linted, fixture_setup_ecc, no_fault),
        cmocka_unit_test_setup_teardown(cas_are_linted, fixture_setup_region, no_fault),
        cmocka_unit_test_setup_teardown(crls_are_linted, fixture_setup_ecc, no_fault),
    };
    return cmocka_run_group_tests_name("lint_wired", tests, NULL, NULL);
}
