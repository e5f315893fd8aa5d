/* Compliance CAs: requests, reviewers, what becomes of a unit. */
#include "leaf.h"

static void make_compliance(struct fixture *f, int family, uint64_t units)
{
    purchase_ca(f, PCA_KIND_COMPLIANCE, family, 24, &f->root, &f->sub);
    enable_root(f, &f->root, "Compliance Root");
    enable_sub(f, &f->sub, "Compliance Sub");
    assert_int_equal(remaining_of_sub(f, f->sub), 0);
    if (!units)
        return;
    assert_ok(f->err, pca_root_purchase_certificates(f->root, units, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, units, 0, NULL, f->err));
}

static pca_request *request_new_person(const char *name)
{
    pca_request *r = request_new_leaf(PCA_CERT_CLIENT, NULL);
    assert_ok(NULL, pca_request_set_personal_name(r, name));
    return r;
}

static pca_cert *submit(struct fixture *f, const pca_request *r)
{
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_PENDING);
    return cert;
}

static pca_cert *submit_person(struct fixture *f, const char *name)
{
    pca_request *r = request_new_person(name);
    pca_cert *cert = submit(f, r);
    pca_request_free(r);
    return cert;
}

/* remaining, reserved, issued of the subordinate; and the sum rule. */
static void check_units(struct fixture *f, uint64_t remaining, uint64_t reserved, uint64_t issued, int line)
{
    refresh_sub(f, &f->sub);
    if (pca_sub_remaining(f->sub) != remaining || pca_sub_reserved(f->sub) != reserved || pca_sub_issued(f->sub) != issued) {
        print_error("units %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", pca_sub_remaining(f->sub), pca_sub_reserved(f->sub), pca_sub_issued(f->sub));
        _fail(__FILE__, line);
    }
    check_code(f->err, PCA_OK, pca_region_check(f->region, f->err), "pca_region_check", __FILE__, line);
}
#define assert_units(f, remaining, reserved, issued) check_units((f), (remaining), (reserved), (issued), __LINE__)

static int approve(struct fixture *f, const pca_cert *cert)
{
    return pca_cert_approve(cert, pca_cert_review_digest(cert), f->err);
}

/* The same certificate through another actor's handle. */
static pca_cert *seen_by(struct fixture *f, const pca_cert *cert, const char *actor, pca_region **view)
{
    pca_cert *other = NULL;
    assert_ok(f->err, pca_region_as(f->region, actor, view, f->err));
    assert_ok(f->err, pca_region_cert_get(*view, pca_cert_id(cert), &other, f->err));
    return other;
}

static int approve_as(struct fixture *f, const pca_cert *cert, const char *actor)
{
    pca_region *view = NULL;
    pca_cert *other = seen_by(f, cert, actor, &view);
    int rc = pca_cert_approve(other, pca_cert_review_digest(other), f->err);
    pca_region_close(view);
    pca_cert_free(other);
    return rc;
}

static uint64_t pending(struct fixture *f)
{
    pca_page *page = NULL;
    int exact = 0;
    assert_ok(f->err, pca_region_reviews(f->region, NULL, 100, &page, f->err));
    uint64_t total = pca_page_total(page, &exact);
    assert_int_equal(exact, 1);
    assert_int_equal(pca_page_count(page), total);
    for (uint64_t i = 0; i < total; i++)
        assert_int_equal(pca_cert_status(pca_page_cert_at(page, i)), PCA_STATUS_PENDING);
    pca_page_free(page);
    return total;
}

/* ---- From request to certificate ---- */

static void approved(void **state)
{
    struct fixture *f = *state;
    pca_blob *blob = POISON;
    pca_files *files = NULL;
    make_compliance(f, PCA_FAMILY_ECC, 3);
    pca_request *r = request_new_person("Ada Lovelace");
    pca_request_set_system_account(r, "ada");
    pca_request_add_email(r, "ada@example.com");
    pca_request_set_alias(r, "laptop");
    pca_cert *cert = submit(f, r);
    assert_units(f, 2, 1, 0);
    assert_int_equal(pending(f), 1);
    assert_string_equal(pca_cert_serial(cert), "");
    assert_string_equal(pca_cert_requester(cert), "tester");
    assert_int_equal(pca_cert_requested_at(cert), T0);
    assert_int_equal(pca_cert_decided_at(cert), 0);
    assert_int_equal(strlen(pca_cert_review_digest(cert)), 64);
    assert_refusal(f->err, PCA_E_PENDING, object_name("cert", pca_cert_id(cert)), "status", pca_cert_der(cert, &blob, f->err));
    assert_refusal(f->err, PCA_E_PENDING, NULL, "status", pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err));
    assert_poisoned(blob);
    f->clock.now = T0 + 3 * DAY;
    assert_ok(f->err, approve(f, cert));
    assert_units(f, 2, 0, 1);
    assert_int_equal(pending(f), 0);
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_ISSUED);
    assert_int_equal(pca_cert_decided_at(cert), T0 + 3 * DAY);
    assert_string_equal(pca_cert_decided_by(cert), "tester");
    assert_int_equal(pca_cert_approval_count(cert), 1);
    assert_string_equal(pca_cert_approval_by(cert, 0), "tester");
    assert_int_equal(pca_cert_approval_at(cert, 0), T0 + 3 * DAY);
    assert_string_equal(pca_cert_alias(cert), "laptop");
    /* a year from the day it is issued, less a minute */
    assert_int_equal(pca_cert_not_before(cert), T0 + 3 * DAY - MINUTE);
    assert_int_equal(pca_cert_not_after(cert), T0 + 3 * DAY - MINUTE + YEAR - 1);
    blob = NULL;
    assert_ok(f->err, pca_cert_pem(cert, &blob, f->err));
    const char *pem = file_blob(f, "pem", blob);
    char *text = output_of("openssl", "x509", "-in", pem, "-noout", "-subject", "-nameopt", "RFC2253", "-ext", "subjectAltName,extendedKeyUsage");
    assert_contains(text, "UID=ada,CN=Ada Lovelace");
    assert_contains(text, "email:ada@example.com");
    assert_contains(text, "TLS Web Client Authentication");
    free(text);
    /* the key is that of the certificate */
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, PCA_WITH_CHAIN | PCA_PLAIN_KEY, NULL, &files, f->err));
    assert_ok(f->err, pca_files_write(files, f->dir, f->err));
    pca_files_free(files);
    char path[200], root[200];
    snprintf(path, sizeof path, "%s/Ada_Lovelace.key", f->dir);
    snprintf(root, sizeof root, "%s/root.pem", f->dir);
    char *from_key = output_of("openssl", "pkey", "-in", path, "-pubout"), *from_cert = output_of("openssl", "x509", "-in", pem, "-noout", "-pubkey");
    assert_string_equal(from_key, from_cert);
    free(from_key);
    free(from_cert);
    snprintf(path, sizeof path, "%s/Ada_Lovelace.pem", f->dir);
    char at[24];
    snprintf(at, sizeof at, "%" PRId64, (int64_t)f->clock.now);
    assert_run(0, "openssl", "verify", "-x509_strict", "-attime", at, "-purpose", "sslclient", "-CAfile", root, "-untrusted", path, path);
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    assert_units(f, 2, 0, 1);
    pca_cert_free(cert);
    pca_request_free(r);
}

/* What was approved is what is issued: serial number, dates and signature apart, octet for octet. */
static void pitfall_24(void **state)
{
    struct fixture *f = *state;
    pca_blob *blob = NULL;
    make_compliance(f, PCA_FAMILY_ECC, 4);
    pca_request *r = request_new_person("Ada");
    pca_request_set_system_account(r, "ada");
    pca_cert *first = submit(f, r);
    /* another wish is another request with another digest, and the digest of one does not approve the other */
    pca_request_set_system_account(r, "root");
    pca_cert *second = submit(f, r);
    assert_string_not_equal(pca_cert_review_digest(first), pca_cert_review_digest(second));
    assert_refusal(f->err, PCA_E_REVIEW, object_name("cert", pca_cert_id(second)), "digest",
                   pca_cert_approve(second, pca_cert_review_digest(first), f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "digest", pca_cert_approve(second, "00", f->err));
    /* the same wish twice is two requests */
    pca_cert *third = submit(f, r);
    assert_string_not_equal(pca_cert_review_digest(second), pca_cert_review_digest(third));
    /* what the CA says of itself afterwards changes nothing that is frozen */
    assert_ok(f->err, pca_ca_set_urls(pca_sub_ca(f->sub), "http://ocsp.example/", NULL, f->err));
    assert_ok(f->err, approve(f, first));
    refresh_cert(f, &first);
    assert_ok(f->err, pca_cert_pem(first, &blob, f->err));
    char *text = output_of("openssl", "x509", "-in", file_blob(f, "pem", blob), "-noout", "-text", "-nameopt", "oneline");
    assert_contains(text, "UID = ada");
    assert_lacks(text, "ocsp.example");
    free(text);
    assert_units(f, 1, 2, 1);
    pca_cert_free(first);
    pca_cert_free(second);
    pca_cert_free(third);
    pca_request_free(r);
}

static void from_csr(void **state)
{
    struct fixture *f = *state;
    make_compliance(f, PCA_FAMILY_ECC, 1);
    const char *key = file_path(f, "key.pem"), *csr = file_path(f, "csr.pem");
    assert_run(0, "openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key);
    assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/CN=Someone", "-out", csr);
    size_t size;
    uint8_t *data = file_read(csr, &size);
    pca_request *r = request_new_person("Ada");
    assert_ok(NULL, pca_request_set_csr(r, data, size));
    pca_cert *cert = submit(f, r);
    assert_string_equal(pca_cert_subject(cert), "CN=Ada,O=Example,C=DE");
    assert_ok(f->err, approve(f, cert));
    refresh_cert(f, &cert);
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_cert_pem(cert, &blob, f->err));
    char *theirs = output_of("openssl", "pkey", "-in", key, "-pubout"), *ours = output_of("openssl", "x509", "-in", file_blob(f, "pem", blob), "-noout", "-pubkey");
    assert_string_equal(theirs, ours);
    free(theirs);
    free(ours);
    free(data);
    pca_cert_free(cert);
    pca_request_free(r);
}

/* ---- Refusals ---- */

static void assert_request_refused(struct fixture *f, const pca_request *r, int code, const char *field, const char *part)
{
    pca_cert *cert = POISON;
    char *before = snapshot_store(f);
    assert_refusal(f->err, code, NULL, field, pca_sub_request(f->sub, r, &cert, f->err));
    assert_message(f->err, part);
    assert_poisoned(cert);
    assert_store_unchanged(f, before);
}

static void fields(void **state)
{
    struct fixture *f = *state;
    make_compliance(f, PCA_FAMILY_ECC, 1);
    pca_request *r = request_new_leaf(PCA_CERT_CLIENT, NULL);
    assert_request_refused(f, r, PCA_E_INVALID, "personal_name", "needs a personal name");
    pca_request_set_common_name(r, "Ada");
    assert_request_refused(f, r, PCA_E_INVALID, "personal_name", "common name is given as personal name");
    pca_request_set_personal_name(r, "");
    assert_request_refused(f, r, PCA_E_INVALID, "personal_name", "needs a personal name");
    char *long_name = repeated("a", 65);
    pca_request_set_personal_name(r, long_name);
    assert_request_refused(f, r, PCA_E_NAME, "personal_name", "64");
    free(long_name);
    pca_request_set_personal_name(r, "Ada");
    char *long_account = repeated("a", 257);
    pca_request_set_system_account(r, long_account);
    assert_request_refused(f, r, PCA_E_NAME, "system_account", "255");
    free(long_account);
    pca_request_set_system_account(r, "ada");
    pca_request_set_type(r, PCA_CERT_SERVER);
    assert_request_refused(f, r, PCA_E_INVALID, "type", "client certificates");
    pca_request_set_type(r, PCA_CERT_CLIENT);
    pca_request_add_dns(r, "a.example");
    assert_request_refused(f, r, PCA_E_SAN, "san[0]", "e-mail");
    pca_request_free(r);
    /* nobody vouches for a key alone */
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    r = request_new_person("Ada");
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    assert_request_refused(f, r, PCA_E_INVALID, "public_key", "CSR");
    pca_request_free(r);
    /* and on a private CA none of it */
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_cert *cert = POISON;
    make_ca(f, PCA_FAMILY_ECC, 0, 12, &root, &sub);
    r = request_new_person("Ada");
    pca_request_set_years(r, 1);
    assert_refusal(f->err, PCA_E_INVALID, "request", "personal_name", pca_sub_request(sub, r, &cert, f->err));
    pca_request_set_common_name(r, "Ada");
    pca_request_set_system_account(r, "ada");
    assert_refusal(f->err, PCA_E_INVALID, "request", "system_account", pca_sub_request(sub, r, &cert, f->err));
    assert_poisoned(cert);
    pca_request_free(r);
    pca_sub_free(sub);
    pca_root_free(root);
}

static void no_unit_no_request(void **state)
{
    struct fixture *f = *state;
    make_compliance(f, PCA_FAMILY_ECC, 1);
    pca_request *r = request_new_person("Ada");
    pca_cert *cert = submit(f, r);
    assert_request_refused(f, r, PCA_E_QUOTA, "remaining", "0 certificates left");
    /* a reserved unit is no business of an assignment */
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 0, 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_QUOTA, NULL, NULL, pca_root_assign(f->root, f->sub, 1, 0, NULL, f->err));
    assert_ok(f->err, approve(f, cert));
    assert_units(f, 0, 0, 1);
    pca_cert_free(cert);
    pca_request_free(r);
}

static void validity(void **state)
{
    struct fixture *f = *state;
    make_compliance(f, PCA_FAMILY_ECC, 5);
    pca_request *r = request_new_person("Ada");
    pca_request_set_dates(r, T0, T0 + 2 * YEAR - 1);
    pca_cert *dated = submit(f, r);
    pca_request_reset(r);
    pca_request_set_type(r, PCA_CERT_CLIENT);
    pca_request_set_personal_name(r, "Ada");
    pca_request_set_years(r, 4);
    pca_cert *years = submit(f, r);
    pca_request_free(r);
    /* an end that has come is one that cannot be approved any more */
    assert_ok(f->err, pca_root_renew(f->root, 24, NULL, f->err));
    f->clock.now = T0 + 300 * DAY;
    assert_ok(f->err, pca_region_accept_clock(f->region, f->err));
    /* the subordinate ends in five years: four more pass it by now only later */
    assert_ok(f->err, approve(f, dated));
    refresh_cert(f, &dated);
    assert_int_equal(pca_cert_not_before(dated), T0);
    assert_int_equal(pca_cert_not_after(dated), T0 + 2 * YEAR - 1);
    f->clock.now = T0 + 500 * DAY;
    assert_refusal(f->err, PCA_E_VALIDITY, "request", "years", approve(f, years));
    assert_message(f->err, "issuer");
    refresh_cert(f, &years);
    assert_int_equal(pca_cert_status(years), PCA_STATUS_PENDING);
    assert_units(f, 3, 1, 1);
    pca_cert_free(dated);
    pca_cert_free(years);
}

static void short_service(void **state)
{
    struct fixture *f = *state;
    purchase_ca(f, PCA_KIND_COMPLIANCE, PCA_FAMILY_ECC, 3, &f->root, &f->sub);
    enable_root(f, &f->root, "Root");
    enable_sub(f, &f->sub, "Sub");
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 1, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 1, 0, NULL, f->err));
    pca_cert *cert = submit_person(f, "Ada");
    assert_ok(f->err, approve(f, cert));
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_not_after(cert) + 1 - pca_cert_not_before(cert), 92 * DAY);
    pca_cert_free(cert);
}

static void state_is_checked_again(void **state)
{
    struct fixture *f = *state;
    make_compliance(f, PCA_FAMILY_ECC, 2);
    pca_cert *cert = submit_person(f, "Ada");
    const char *sub = object_name("sub", pca_ca_id(pca_sub_ca(f->sub))), *root = object_name("root", pca_ca_id(pca_root_ca(f->root)));
    assert_ok(f->err, pca_ca_disable(pca_sub_ca(f->sub), f->err));
    assert_refusal(f->err, PCA_E_STATE, sub, "state", approve(f, cert));
    assert_ok(f->err, pca_ca_resume(pca_sub_ca(f->sub), f->err));
    assert_ok(f->err, pca_ca_disable(pca_root_ca(f->root), f->err));
    assert_refusal(f->err, PCA_E_PARENT_STATE, root, "state", approve(f, cert));
    assert_ok(f->err, pca_ca_resume(pca_root_ca(f->root), f->err));
    pca_request *r = pca_request_new();
    pca_request_set_crl_url(r, "http://crl.example/sub-2.crl");
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(f->sub), r, f->err));
    pca_request_free(r);
    assert_refusal(f->err, PCA_E_STATE, sub, "generation", approve(f, cert));
    assert_units(f, 1, 1, 0);
    assert_ok(f->err, pca_cert_reject(cert, "the CA has another key", f->err));
    assert_units(f, 2, 0, 0);
    pca_cert_free(cert);
    cert = submit_person(f, "Ada");
    f->clock.now = pca_ca_service_end(pca_sub_ca(f->sub));
    assert_ok(f->err, pca_region_accept_clock(f->region, f->err));
    assert_refusal(f->err, PCA_E_EXPIRED, sub, "service_end", approve(f, cert));
    assert_ok(f->err, pca_root_renew(f->root, 12, NULL, f->err));
    assert_ok(f->err, approve(f, cert));
    assert_units(f, 1, 0, 1);
    pca_cert_free(cert);
}

/* ---- Every status, every action ---- */

enum { PENDING, ISSUED, REVOKED, REJECTED, CANCELLED, PRIVATE, STATES };
enum { APPROVE, REJECT, CANCEL, DER, REVOKE, DELETE, PURGE, ACTIONS };

static pca_cert *in_state(struct fixture *f, int status, const pca_sub *private_sub)
{
    if (status == PRIVATE)
        return issue(f, private_sub, "a.example");
    pca_cert *cert = submit_person(f, "Ada");
    if (status == ISSUED || status == REVOKED)
        assert_ok(f->err, approve(f, cert));
    if (status == REVOKED)
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    if (status == REJECTED)
        assert_ok(f->err, pca_cert_reject(cert, "no", f->err));
    if (status == CANCELLED)
        assert_ok(f->err, pca_cert_cancel(cert, f->err));
    refresh_cert(f, &cert);
    return cert;
}

static int act(struct fixture *f, const pca_cert *cert, int action)
{
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const char *digest = pca_cert_review_digest(cert);
    pca_blob *blob = NULL;
    int rc;
    switch (action) {
    case APPROVE:
        return pca_cert_approve(cert, *digest ? digest : zeros, f->err);
    case REJECT:
        return pca_cert_reject(cert, "no", f->err);
    case CANCEL:
        return pca_cert_cancel(cert, f->err);
    case DER:
        rc = pca_cert_der(cert, &blob, f->err);
        pca_blob_free(blob);
        return rc;
    case REVOKE:
        return pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err);
    case DELETE:
        return pca_cert_delete(cert, f->err);
    default:
        return pca_cert_purge(cert, f->err);
    }
}

/* Nothing but an approval leads from PENDING to ISSUED, and what is not allowed is refused. */
static void pitfall_12_statuses(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int code, then; /* then: the status after it, 0: it is gone */
    } table[STATES][ACTIONS] = {
        [PENDING] = {{PCA_OK, PCA_STATUS_ISSUED}, {PCA_OK, PCA_STATUS_REJECTED}, {PCA_OK, PCA_STATUS_CANCELLED}, {PCA_E_PENDING, 0},
                     {PCA_E_PENDING, 0}, {PCA_E_STATE, 0}, {PCA_E_STATE, 0}},
        [ISSUED] = {{PCA_E_REVIEW, 0}, {PCA_E_REVIEW, 0}, {PCA_E_REVIEW, 0}, {PCA_OK, PCA_STATUS_ISSUED}, {PCA_OK, PCA_STATUS_REVOKED},
                    {PCA_E_STATE, 0}, {PCA_E_STATE, 0}},
        [REVOKED] = {{PCA_E_REVIEW, 0}, {PCA_E_REVIEW, 0}, {PCA_E_REVIEW, 0}, {PCA_OK, PCA_STATUS_REVOKED}, {PCA_OK, PCA_STATUS_REVOKED},
                     {PCA_OK, 0}, {PCA_E_STATE, 0}},
        [REJECTED] = {{PCA_E_REVIEW, 0}, {PCA_E_REVIEW, 0}, {PCA_E_REVIEW, 0}, {PCA_E_STATE, 0}, {PCA_E_STATE, 0}, {PCA_E_STATE, 0}, {PCA_OK, 0}},
        [CANCELLED] = {{PCA_E_REVIEW, 0}, {PCA_E_REVIEW, 0}, {PCA_E_REVIEW, 0}, {PCA_E_STATE, 0}, {PCA_E_STATE, 0}, {PCA_E_STATE, 0}, {PCA_OK, 0}},
        [PRIVATE] = {{PCA_E_STATE, 0}, {PCA_E_STATE, 0}, {PCA_E_STATE, 0}, {PCA_OK, PCA_STATUS_ISSUED}, {PCA_OK, PCA_STATUS_REVOKED},
                     {PCA_E_STATE, 0}, {PCA_E_STATE, 0}},
    };
    pca_root *root = NULL;
    pca_sub *private_sub = NULL;
    make_compliance(f, PCA_FAMILY_ECC, 100);
    make_ca(f, PCA_FAMILY_ECC, 0, 12, &root, &private_sub);
    for (int s = 0; s < STATES; s++) {
        for (int a = 0; a < ACTIONS; a++) {
            pca_cert *cert = in_state(f, s, private_sub), *after = NULL;
            char *before = table[s][a].code ? snapshot_store(f) : NULL;
            int rc = act(f, cert, a);
            if (rc != table[s][a].code)
                print_error("status %d action %d\n", s, a);
            assert_code(f->err, table[s][a].code, rc);
            if (before)
                assert_store_unchanged(f, before);
            if (rc == PCA_OK && table[s][a].then == 0) {
                assert_code(f->err, PCA_E_NOT_FOUND, pca_region_cert_get(f->region, pca_cert_id(cert), &after, f->err));
            } else if (rc == PCA_OK) {
                assert_ok(f->err, pca_cert_reload(cert, &after, f->err));
                assert_int_equal(pca_cert_status(after), table[s][a].then);
            }
            pca_cert_free(after);
            pca_cert_free(cert);
        }
    }
    assert_ok(f->err, pca_region_check(f->region, f->err));
    pca_sub_free(private_sub);
    pca_root_free(root);
}

/* ---- Rejected, cancelled, lapsed ---- */

static void pitfall_36(void **state)
{
    struct fixture *f = *state;
    uint64_t done = 9;
    pca_cert *after = NULL;
    make_compliance(f, PCA_FAMILY_ECC, 3);
    set_policy(f, "review_days", 7);
    pca_cert *rejected = submit_person(f, "Ada"), *cancelled = submit_person(f, "Bob"), *lapsed = submit_person(f, "Cyd");
    assert_units(f, 0, 3, 0);
    assert_ok(f->err, pca_cert_reject(rejected, "not of this company", f->err));
    assert_units(f, 1, 2, 0);
    assert_ok(f->err, pca_cert_cancel(cancelled, f->err));
    assert_units(f, 2, 1, 0);
    assert_int_equal(pca_cert_review_lapses_at(lapsed), T0 + 7 * DAY);
    f->clock.now = T0 + 7 * DAY - 1;
    make_crls(f);
    assert_ok(f->err, pca_region_run_due(f->region, 100, &done, f->err));
    assert_int_equal(done, 0);
    f->clock.now = T0 + 7 * DAY;
    assert_refusal(f->err, PCA_E_REVIEW, NULL, "review_days", approve(f, lapsed));
    assert_refusal(f->err, PCA_E_REVIEW, NULL, "review_days", pca_cert_reject(lapsed, "no", f->err));
    assert_units(f, 2, 1, 0);
    assert_ok(f->err, pca_region_run_due(f->region, 100, &done, f->err));
    assert_int_equal(done, 1);
    assert_units(f, 3, 0, 0);
    refresh_cert(f, &rejected);
    assert_int_equal(pca_cert_status(rejected), PCA_STATUS_REJECTED);
    assert_string_equal(pca_cert_review_reason(rejected), "not of this company");
    assert_string_equal(pca_cert_decided_by(rejected), "tester");
    refresh_cert(f, &lapsed);
    assert_int_equal(pca_cert_status(lapsed), PCA_STATUS_CANCELLED);
    assert_string_equal(pca_cert_decided_by(lapsed), "");
    assert_int_equal(pca_cert_decided_at(lapsed), T0 + 7 * DAY);
    /* the units that came back are good */
    for (int i = 0; i < 3; i++) {
        pca_cert *cert = submit_person(f, "Dee");
        assert_ok(f->err, approve(f, cert));
        pca_cert_free(cert);
    }
    assert_units(f, 0, 0, 3);
    assert_ok(f->err, pca_cert_purge(rejected, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_cert_reload(rejected, &after, f->err));
    assert_units(f, 0, 0, 3);
    pca_cert_free(rejected);
    pca_cert_free(cancelled);
    pca_cert_free(lapsed);
}

static void many_lapse(void **state)
{
    struct fixture *f = *state;
    uint64_t done = 0;
    pca_results *results = NULL;
    pca_request *r = request_new_person("Ada");
    const pca_request *requests[150];
    make_compliance(f, PCA_FAMILY_ECC, 150);
    set_policy(f, "review_days", 1);
    for (size_t i = 0; i < COUNT(requests); i++)
        requests[i] = r;
    assert_ok(f->err, pca_sub_request_many(f->sub, requests, COUNT(requests), &results, f->err));
    for (size_t i = 0; i < COUNT(requests); i++)
        assert_int_equal(pca_cert_status(pca_results_cert_at(results, i)), PCA_STATUS_PENDING);
    pca_results_free(results);
    assert_units(f, 0, 150, 0);
    f->clock.now = T0 + DAY;
    make_crls(f);
    assert_ok(f->err, pca_region_run_due(f->region, 70, &done, f->err));
    assert_int_equal(done, 70);
    assert_units(f, 70, 80, 0);
    assert_ok(f->err, pca_region_run_due(f->region, UINT64_MAX, &done, f->err));
    assert_int_equal(done, 80);
    assert_units(f, 150, 0, 0);
    pca_request_free(r);
}

/* What a CA has remaining is the sum of its ledger, whatever became of the requests. */
static void ledger(void **state)
{
    struct fixture *f = *state;
    pca_page *page = NULL;
    int64_t sum = 0;
    make_compliance(f, PCA_FAMILY_ECC, 5);
    pca_cert *a = submit_person(f, "Ada"), *b = submit_person(f, "Bob"), *c = submit_person(f, "Cyd");
    assert_ok(f->err, approve(f, a));
    assert_ok(f->err, pca_cert_reject(b, "no", f->err));
    assert_ok(f->err, pca_region_ledger(f->region, NULL, &page, f->err));
    uint64_t sub = pca_ca_id(pca_sub_ca(f->sub));
    for (uint64_t i = 0; i < pca_page_count(page); i++)
        if (pca_entry_ca_id(pca_page_entry_at(page, i)) == sub)
            sum += pca_entry_units(pca_page_entry_at(page, i));
    assert_int_equal(sum, 3);
    assert_string_equal(pca_entry_action(pca_page_entry_at(page, pca_page_count(page) - 1)), "rejected");
    assert_units(f, 3, 1, 1);
    pca_page_free(page);
    pca_cert_free(a);
    pca_cert_free(b);
    pca_cert_free(c);
}

/* ---- Reviewers ---- */

static void reviewers(void **state)
{
    struct fixture *f = *state;
    pca_region *view = NULL;
    make_compliance(f, PCA_FAMILY_ECC, 3);
    set_policy(f, "approvers", 2);
    set_policy(f, "reviewer_differs", 1);
    pca_cert *cert = submit_person(f, "Ada");
    assert_refusal(f->err, PCA_E_REVIEW, NULL, "actor", approve(f, cert)); /* who asked */
    assert_refusal(f->err, PCA_E_REVIEW, NULL, "actor", pca_cert_reject(cert, "no", f->err));
    assert_refusal(f->err, PCA_E_REVIEW, NULL, "actor", approve_as(f, cert, "")); /* nobody */
    assert_ok(f->err, approve_as(f, cert, "bob"));
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_PENDING);
    assert_int_equal(pca_cert_approval_count(cert), 1);
    assert_refusal(f->err, PCA_E_REVIEW, NULL, "actor", approve_as(f, cert, "bob")); /* twice */
    assert_units(f, 2, 1, 0);
    assert_ok(f->err, approve_as(f, cert, "cyd"));
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_ISSUED);
    assert_string_equal(pca_cert_approval_by(cert, 0), "bob");
    assert_string_equal(pca_cert_approval_by(cert, 1), "cyd");
    assert_string_equal(pca_cert_approval_by(cert, 2), "");
    assert_string_equal(pca_cert_decided_by(cert), "cyd");
    assert_units(f, 2, 0, 1);
    pca_cert_free(cert);
    /* only who asked cancels */
    cert = submit_person(f, "Ada");
    pca_cert *other = seen_by(f, cert, "bob", &view);
    assert_refusal(f->err, PCA_E_REVIEW, NULL, "actor", pca_cert_cancel(other, f->err));
    assert_ok(f->err, pca_cert_reject(other, "no", f->err));
    assert_refusal(f->err, PCA_E_REVIEW, NULL, "status", pca_cert_cancel(cert, f->err));
    pca_cert_free(other);
    pca_region_close(view);
    pca_cert_free(cert);
}

/* Any order of closing. */
static void views(void **state)
{
    struct fixture *f = *state;
    pca_region *view = POISON;
    pca_cert *cert = NULL;
    make_compliance(f, PCA_FAMILY_ECC, 1);
    char *long_actor = repeated("a", 129);
    assert_refusal(f->err, PCA_E_INVALID, "call", "actor", pca_region_as(f->region, long_actor, &view, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "actor", pca_region_as(f->region, NULL, &view, f->err));
    assert_poisoned(view);
    free(long_actor);
    assert_ok(f->err, pca_region_as(f->region, "bob", &view, f->err));
    assert_string_equal(pca_region_id(view), "test");
    pca_region_close(f->region);
    f->region = view;
    assert_code(f->err, PCA_E_CLOSED, pca_sub_request(f->sub, NULL, &cert, NULL) == PCA_E_INVALID ? pca_ca_disable(pca_sub_ca(f->sub), f->err) : 0);
    pca_sub *sub = NULL;
    assert_ok(f->err, pca_region_sub_get(view, pca_ca_id(pca_sub_ca(f->sub)), &sub, f->err));
    pca_sub_free(f->sub);
    f->sub = sub;
    cert = submit_person(f, "Ada");
    assert_string_equal(pca_cert_requester(cert), "bob");
    pca_cert_free(cert);
}

/* ---- Tokens, searches ---- */

static void tokens(void **state)
{
    struct fixture *f = *state;
    pca_cert *again = NULL;
    make_compliance(f, PCA_FAMILY_ECC, 2);
    pca_request *r = request_new_person("Ada");
    pca_request_set_token(r, "t-1");
    pca_cert *cert = submit(f, r);
    assert_ok(f->err, approve(f, cert));
    assert_ok(f->err, pca_sub_request(f->sub, r, &again, f->err));
    assert_int_equal(pca_cert_id(again), pca_cert_id(cert));
    assert_int_equal(pca_cert_status(again), PCA_STATUS_ISSUED);
    pca_request_set_system_account(r, "ada");
    pca_cert *none = POISON;
    assert_refusal(f->err, PCA_E_TOKEN_REUSED, NULL, "token", pca_sub_request(f->sub, r, &none, f->err));
    assert_units(f, 1, 0, 1);
    pca_cert_free(again);
    pca_cert_free(cert);
    pca_request_free(r);
}

static void found(void **state)
{
    struct fixture *f = *state;
    pca_page *page = NULL;
    make_compliance(f, PCA_FAMILY_ECC, 3);
    set_policy(f, "opaque_serials", 1);
    pca_cert *a = submit_person(f, "Ada"), *b = submit_person(f, "Bob");
    pca_query *q = pca_query_new();
    pca_query_set_name(q, "ada");
    assert_ok(f->err, pca_region_find_certs(f->region, q, &page, f->err));
    assert_int_equal(pca_page_count(page), 1);
    assert_int_equal(pca_cert_id(pca_page_cert_at(page, 0)), pca_cert_id(a));
    pca_page_free(page);
    /* a request has no end */
    pca_query_set_expires(q, T0 + 100 * YEAR);
    assert_ok(f->err, pca_region_find_certs(f->region, q, &page, f->err));
    assert_int_equal(pca_page_count(page), 0);
    pca_page_free(page);
    assert_ok(f->err, approve(f, a));
    assert_ok(f->err, pca_region_find_certs(f->region, q, &page, f->err));
    assert_int_equal(pca_page_count(page), 1);
    pca_page_free(page);
    assert_ok(f->err, pca_cert_set_alias(b, "second", f->err));
    assert_ok(f->err, pca_cert_tag_set(b, "team", "x", f->err));
    pca_query_reset(q);
    pca_query_set_tag(q, "team", "x");
    pca_query_set_status(q, PCA_STATUS_PENDING);
    assert_ok(f->err, pca_region_find_certs(f->region, q, &page, f->err));
    assert_int_equal(pca_page_count(page), 1);
    pca_page_free(page);
    assert_ok(f->err, approve(f, b));
    refresh_cert(f, &b);
    assert_string_equal(pca_cert_alias(b), "second");
    assert_string_equal(pca_cert_tag(b, "team"), "x");
    pca_cert *by_serial = NULL;
    assert_ok(f->err, pca_ca_cert_by_serial(pca_sub_ca(f->sub), pca_cert_serial(b), &by_serial, f->err));
    assert_int_equal(pca_cert_id(by_serial), pca_cert_id(b));
    pca_cert_free(by_serial);
    pca_query_free(q);
    pca_cert_free(a);
    pca_cert_free(b);
}

/* Two approvals at once of one request: one certificate, one unit. */
struct race {
    struct fixture *f;
    const pca_cert *cert;
    int codes[8];
};

static void *approve_many(void *argument)
{
    struct race *race = argument;
    for (int i = 0; i < 8; i++)
        race->codes[i] = pca_cert_approve(race->cert, pca_cert_review_digest(race->cert), NULL);
    return NULL;
}

static void approved_once(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[4];
    struct race races[4];
    int issued = 0, late = 0;
    make_compliance(f, PCA_FAMILY_ECC, 5);
    pca_cert *cert = submit_person(f, "Ada");
    for (int i = 0; i < 4; i++) {
        races[i] = (struct race){.f = f, .cert = cert};
        assert_int_equal(pthread_create(&threads[i], NULL, approve_many, &races[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 32; i++) {
        issued += races[i / 8].codes[i % 8] == PCA_OK;
        late += races[i / 8].codes[i % 8] == PCA_E_REVIEW;
    }
    assert_int_equal(issued, 1);
    assert_int_equal(late, 31);
    assert_units(f, 4, 0, 1);
    pca_cert_free(cert);
}

static void rsa_and_sm2(void **state)
{
    struct fixture *f = *state;
    const int families[] = {PCA_FAMILY_RSA, PCA_FAMILY_SM2};
    for (size_t i = 0; i < COUNT(families); i++) {
        make_compliance(f, families[i], 1);
        pca_cert *cert = submit_person(f, "Ada");
        assert_ok(f->err, approve(f, cert));
        assert_units(f, 0, 0, 1);
        pca_cert_free(cert);
        pca_sub_free(f->sub);
        pca_root_free(f->root);
        f->sub = NULL;
        f->root = NULL;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_REGION(approved), TEST_REGION(pitfall_24), TEST_REGION(from_csr), TEST_REGION(fields), TEST_REGION(no_unit_no_request),
        TEST_REGION(validity), TEST_REGION(short_service), TEST_REGION(state_is_checked_again), TEST_REGION(pitfall_12_statuses),
        TEST_REGION(pitfall_36), TEST_REGION(many_lapse), TEST_REGION(ledger), TEST_REGION(reviewers), TEST_REGION(views), TEST_REGION(tokens),
        TEST_REGION(found), TEST_REGION(approved_once), TEST_REGION(rsa_and_sm2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
