/* CAs: enabling, validity, terms, the order of troubles, aliases, paging, certificates as others read them, the clock. */
#include "pair.h"

#include <ctype.h>
#include <inttypes.h>

/* Several troubles at once: revoked, certificate over, term over, disabled; the CA itself before those above it. */
static void troubles_have_an_order(void **state)
{
    struct fixture *f = *state;
    struct pair p = {NULL, NULL, NULL, NULL};
    pca_request *request = ca_request_years("Root", 1), *sub_request = ca_request_years("Sub", 1);
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 2, &p.root, &p.sub);
    assert_ok(f->err, pca_root_enable(p.root, request, f->err));
    assert_ok(f->err, pca_sub_enable(p.sub, sub_request, f->err));
    pca_request_free(request);
    pca_request_free(sub_request);
    const char *root = object_name("root", pca_ca_id(pca_root_ca(p.root))), *sub = object_name("sub", pca_ca_id(pca_sub_ca(p.sub)));
    assert_ok(f->err, pca_ca_disable(pca_root_ca(p.root), f->err));
    assert_refusal(f->err, PCA_E_PARENT_STATE, root, NULL, do_request(f, &p));
    assert_message(f->err, "disabled");
    assert_ok(f->err, pca_ca_disable(pca_sub_ca(p.sub), f->err));
    assert_refusal(f->err, PCA_E_STATE, sub, NULL, do_request(f, &p));
    f->clock.now = T0 + 70 * DAY; /* the term */
    assert_refusal(f->err, PCA_E_EXPIRED, sub, NULL, do_request(f, &p));
    assert_message(f->err, "2027-03-15");
    f->clock.now = T0 + 366 * DAY; /* and the certificate */
    assert_refusal(f->err, PCA_E_EXPIRED, sub, NULL, do_request(f, &p));
    assert_message(f->err, "2028-01-15");
    f->clock.now = T0 + 200 * DAY;
    free_pair(&p);

    make_pair(f, 0, ENABLED, &p);
    assert_ok(f->err, pca_ca_revoke(pca_root_ca(p.root), PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_PARENT_STATE, object_name("root", pca_ca_id(pca_root_ca(p.root))), NULL, do_request(f, &p));
    assert_message(f->err, "revoked");
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(p.sub), PCA_REASON_CESSATION_OF_OPERATION, 0, NULL, f->err));
    f->clock.now = T0 + 500 * DAY; /* whatever else is the matter */
    assert_refusal(f->err, PCA_E_STATE, object_name("sub", pca_ca_id(pca_sub_ca(p.sub))), NULL, do_request(f, &p));
    assert_message(f->err, "revoked");
    free_pair(&p);
}

/* The service is up to but not including its end, a certificate up to and including its own. */
static void ends_are_exact(void **state)
{
    struct fixture *f = *state;
    struct pair p;
    make_pair(f, 0, TERM_OVER, &p);
    f->clock.now = pca_ca_service_end(pca_sub_ca(p.sub)) - 1;
    assert_ok(f->err, do_request(f, &p));
    f->clock.now = pca_ca_service_end(pca_sub_ca(p.sub));
    assert_code(f->err, PCA_E_EXPIRED, do_request(f, &p));
    assert_code(f->err, PCA_E_EXPIRED, do_buy(f, &p));
    free_pair(&p);

    f->clock.now = T0 + 40 * DAY;
    make_pair(f, 0, CERTIFICATE_OVER, &p);
    refresh_sub(f, &p.sub);
    f->clock.now = pca_ca_not_after(pca_sub_ca(p.sub));
    assert_ok(f->err, do_crl_sub(f, &p));
    assert_ok(f->err, do_raise(f, &p));
    assert_ok(f->err, do_request(f, &p)); /* the longest ends with its issuer, one second on */
    f->clock.now++;
    assert_code(f->err, PCA_E_EXPIRED, do_crl_sub(f, &p));
    assert_code(f->err, PCA_E_EXPIRED, do_raise(f, &p));
    assert_code(f->err, PCA_E_EXPIRED, do_request(f, &p));
    free_pair(&p);
}

static void revoking_again_only_raises_the_reason(void **state)
{
    struct fixture *f = *state;
    const pca_ca *root = pca_root_ca(f->root), *sub = pca_sub_ca(f->sub);
    static const int no_reasons[] = {-1, 6, 7, 8, 10, 11, 255, INT_MAX};
    for (size_t i = 0; i < sizeof no_reasons / sizeof *no_reasons; i++)
        assert_refusal(f->err, PCA_E_INVALID, NULL, "reason", pca_ca_revoke(sub, no_reasons[i], 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "invalidity", pca_ca_revoke(sub, PCA_REASON_KEY_COMPROMISE, T0 + 1, NULL, f->err));
    assert_int_equal(state_of(f, sub), PCA_CA_ENABLED);
    assert_ok(f->err, pca_ca_revoke(sub, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    f->clock.now = T0 + HOUR;
    assert_code(f->err, PCA_E_STATE, pca_ca_revoke(sub, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_code(f->err, PCA_E_STATE, pca_ca_revoke(sub, PCA_REASON_UNSPECIFIED, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_revoke(sub, PCA_REASON_CA_COMPROMISE, T0 - DAY, NULL, f->err));
    assert_code(f->err, PCA_E_STATE, pca_ca_revoke(sub, PCA_REASON_PRIVILEGE_WITHDRAWN, 0, NULL, f->err));
    refresh_sub(f, &f->sub);
    assert_int_equal(pca_ca_reason(pca_sub_ca(f->sub)), PCA_REASON_CA_COMPROMISE);
    assert_int_equal(pca_ca_revoked_at(pca_sub_ca(f->sub)), T0);
    assert_int_equal(pca_ca_state(pca_sub_ca(f->sub)), PCA_CA_REVOKED);

    /* it is on the root's next CRL, as openssl reads it */
    pca_blob *blob = NULL;
    uint64_t entries = 0;
    assert_ok(f->err, pca_ca_crl_make(root, f->err));
    assert_ok(f->err, pca_ca_crl_info(root, NULL, NULL, NULL, &entries, f->err));
    assert_int_equal(entries, 1);
    assert_ok(f->err, pca_ca_crl_get(root, PCA_FORMAT_PEM, &blob, f->err));
    char *text = output_of("openssl", "crl", "-noout", "-text", "-in", file_blob(f, "pem", blob));
    assert_non_null(strstr(text, "CA Compromise"));
    assert_non_null(strstr(text, "Revocation Date: Jan 15 12:00:00 2027 GMT"));
    assert_non_null(strstr(text, "Invalidity Date"));
    char serial[64] = "";
    for (size_t i = 0; pca_ca_serial(pca_sub_ca(f->sub))[i]; i++)
        serial[i] = (char)toupper(pca_ca_serial(pca_sub_ca(f->sub))[i]);
    assert_non_null(strstr(text, serial));
    free(text);
    assert_ok(f->err, pca_ca_revoke(root, PCA_REASON_CESSATION_OF_OPERATION, 0, NULL, f->err));
    refresh_root(f, &f->root);
    assert_int_equal(pca_ca_revoked_at(pca_root_ca(f->root)), T0 + HOUR);
    assert_int_equal(pca_ca_reason(pca_root_ca(f->root)), PCA_REASON_CESSATION_OF_OPERATION);
}

/* ---- Purchase ---- */

static void purchase_gives_a_pair(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL, *again = NULL;
    pca_sub *sub = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_RSA, 12, &root, &sub);
    const pca_ca *r = pca_root_ca(root), *s = pca_sub_ca(sub);
    assert_int_equal(pca_ca_id(r), 1);
    assert_int_equal(pca_ca_parent_id(r), 0);
    assert_int_equal(pca_ca_root_id(r), pca_ca_id(r));
    assert_int_not_equal(pca_ca_id(s), pca_ca_id(r));
    assert_int_equal(pca_ca_parent_id(s), pca_ca_id(r));
    assert_int_equal(pca_ca_root_id(s), pca_ca_id(r));
    const pca_ca *both[] = {r, s};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pca_ca_kind(both[i]), PCA_KIND_PRIVATE);
        assert_int_equal(pca_ca_family(both[i]), PCA_FAMILY_RSA);
        assert_int_equal(pca_ca_state(both[i]), PCA_CA_PURCHASED);
        assert_string_equal(pca_ca_alias(both[i]), "");
        assert_int_equal(pca_ca_service_start(both[i]), T0);
        assert_int_equal(pca_ca_service_end(both[i]), utc(2028, 1, 15, 12, 0, 0));
        assert_int_equal(pca_ca_months(both[i]), 12);
        assert_int_equal(pca_ca_key_algorithm(both[i]), 0);
        assert_string_equal(pca_ca_subject(both[i]), "");
        assert_string_equal(pca_ca_serial(both[i]), "");
        assert_int_equal(pca_ca_not_before(both[i]), 0);
        assert_int_equal(pca_ca_not_after(both[i]), 0);
        assert_string_equal(pca_ca_crl_url(both[i]), "");
        assert_int_equal(pca_ca_crl_days(both[i]), 0);
        assert_int_equal(pca_ca_revoked_at(both[i]), 0);
        assert_int_equal(pca_ca_reason(both[i]), 0);
        pca_blob *blob = POISON;
        assert_code(f->err, PCA_E_STATE, pca_ca_certificate(both[i], PCA_FORMAT_PEM, &blob, f->err));
        assert_code(f->err, PCA_E_STATE, pca_ca_chain(both[i], PCA_WITH_ROOT, &blob, f->err));
        assert_poisoned(blob);
    }
    assert_int_equal(pca_root_remaining(root), 0);
    assert_int_equal(pca_root_purchased(root), 0);
    assert_int_equal(pca_sub_remaining(sub), 10);
    assert_int_equal(pca_sub_reserved(sub), 0);
    assert_int_equal(pca_sub_issued(sub), 0);
    assert_ok(f->err, pca_sub_root(sub, &again, f->err));
    assert_int_equal(pca_ca_id(pca_root_ca(again)), 1);
    pca_root_free(root);
    pca_root_free(again);
    pca_sub_free(sub);
}

static void a_compliance_pair_has_no_certificates(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    purchase_ca(f, PCA_KIND_COMPLIANCE, PCA_FAMILY_ECC, 12, &root, &sub);
    assert_int_equal(pca_ca_kind(pca_sub_ca(sub)), PCA_KIND_COMPLIANCE);
    assert_int_equal(pca_sub_remaining(sub), 0);
    enable_root(f, &root, "Compliance Root");
    enable_sub(f, &sub, "Compliance Sub");
    assert_ok(f->err, pca_root_purchase_certificates(root, 5, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(root, sub, 5, 0, NULL, f->err));
    pca_root_free(root);
    pca_sub_free(sub);
}

static void purchase_refuses(void **state)
{
    struct fixture *f = *state;
    pca_root *root = POISON;
    char *before = snapshot_store(f);
    static const int no_kinds[] = {0, 3, -1, INT_MAX}, no_families[] = {0, 4, -1, INT_MIN};
    static const uint64_t no_months[] = {0, 1201, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        assert_refusal(f->err, PCA_E_INVALID, NULL, "kind", pca_root_purchase(f->region, no_kinds[i], PCA_FAMILY_ECC, 12, NULL, &root, f->err));
        assert_refusal(f->err, PCA_E_INVALID, NULL, "family", pca_root_purchase(f->region, PCA_KIND_PRIVATE, no_families[i], 12, NULL, &root, f->err));
        assert_refusal(f->err, PCA_E_INVALID, NULL, "months", pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, no_months[i], NULL, &root, f->err));
        assert_message(f->err, "1200");
    }
    assert_poisoned(root);
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 1200, NULL, &root, f->err));
    assert_int_equal(pca_ca_service_end(pca_root_ca(root)), utc(2127, 1, 15, 12, 0, 0));
    pca_root_free(root);
}

/* ---- Enabling ---- */

/* Enables a fresh root with the request; what it gets is expected. */
static void root_refused_saying(struct fixture *f, int family, pca_request *request, int code, const char *field, const char *part)
{
    pca_root *root = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, family, 12, &root, NULL);
    char *before = snapshot_store(f);
    assert_refusal(f->err, code, NULL, field, pca_root_enable(root, request, f->err));
    assert_message(f->err, part);
    assert_store_unchanged(f, before);
    assert_int_equal(state_of(f, pca_root_ca(root)), PCA_CA_PURCHASED);
    pca_root_free(root);
    pca_request_free(request);
}

static void root_refused(struct fixture *f, int family, pca_request *request, int code, const char *field)
{
    root_refused_saying(f, family, request, code, field, "");
}

static void keys_must_fit_the_family(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int family, algorithm, code;
    } rows[] = {
        {PCA_FAMILY_RSA, PCA_KEY_EC_P256, PCA_E_ALGORITHM},  {PCA_FAMILY_RSA, PCA_KEY_EC_P521, PCA_E_ALGORITHM},
        {PCA_FAMILY_RSA, PCA_KEY_RSA_1024, PCA_E_ALGORITHM}, {PCA_FAMILY_ECC, PCA_KEY_RSA_2048, PCA_E_ALGORITHM},
        {PCA_FAMILY_ECC, PCA_KEY_RSA_1024, PCA_E_ALGORITHM}, {PCA_FAMILY_ECC, PCA_KEY_RSA_4096, PCA_E_ALGORITHM},
        {PCA_FAMILY_RSA, 0, PCA_E_INVALID},                  {PCA_FAMILY_RSA, 9, PCA_E_INVALID},
        {PCA_FAMILY_RSA, -1, PCA_E_INVALID},                 {PCA_FAMILY_ECC, PCA_KEY_SM2, PCA_E_ALGORITHM},
        {PCA_FAMILY_RSA, PCA_KEY_SM2, PCA_E_ALGORITHM},      {PCA_FAMILY_SM2, PCA_KEY_EC_P256, PCA_E_ALGORITHM},
        {PCA_FAMILY_SM2, PCA_KEY_RSA_2048, PCA_E_ALGORITHM},
    };
    for (int weak = 0; weak < 2; weak++) { /* no policy lets a CA have a weak key */
        set_policy(f, "allow_weak", weak);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            pca_request *request = request_new_ca("Root", NULL);
            (void)pca_request_set_key_algorithm(request, rows[i].algorithm);
            root_refused(f, rows[i].family, request, rows[i].code, "key_algorithm");
        }
    }
}

static void ca_requests_that_are_refused(void **state)
{
    struct fixture *f = *state;
    pca_request *request = pca_request_new();
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_NAME, "common_name");
    request = pca_request_new();
    assert_ok(NULL, pca_request_set_organization(request, "Example"));
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_NAME, "common_name");
    request = request_new_ca("", NULL);
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_NAME, "common_name");
    request = request_new_ca("Root", NULL);
    assert_ok(NULL, pca_request_set_type(request, PCA_CERT_SERVER));
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_INVALID, "type");
    request = request_new_ca("Root", NULL);
    assert_ok(NULL, pca_request_add_dns(request, "root.example"));
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_INVALID, "san[0]");
    request = request_new_ca("Root", NULL);
    (void)pca_request_set_csr(request, "rubbish", 7);
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_INVALID, "csr");
    request = request_new_ca("Root", NULL);
    (void)pca_request_set_country(request, "Germany");
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_NAME, "country");

    static const char *const names[] = {"a\nb", "a\x01", "\xc3\x28", "01234567890123456789012345678901234567890123456789012345678901234"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        request = pca_request_new();
        (void)pca_request_set_common_name(request, names[i]);
        root_refused(f, PCA_FAMILY_ECC, request, PCA_E_NAME, "common_name");
    }
    char long_url[1100] = "http://crl.example/";
    memset(long_url + strlen(long_url), 'x', 1025 - strlen(long_url));
    const char *const urls[] = {"", "https://crl.example/root.crl", "ftp://crl.example/root.crl", "http://", "crl.example/root.crl",
                                "http://crl.example/a b", "http://crl.example/\n", long_url};
    assert_int_equal(strlen(long_url), 1025);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        request = request_new_ca("Root", NULL);
        (void)pca_request_set_crl_url(request, urls[i]);
        root_refused(f, PCA_FAMILY_ECC, request, PCA_E_INVALID, "crl_url");
    }
    static const uint64_t days[] = {0, 366, UINT64_MAX};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        request = request_new_ca("Root", ROOT_CRL_URL);
        (void)pca_request_set_crl_days(request, days[i]);
        root_refused(f, PCA_FAMILY_ECC, request, PCA_E_INVALID, "crl_days");
    }
    request = request_new_ca("Root", ROOT_CRL_URL);
    assert_ok(NULL, pca_request_set_years(request, 1));
    (void)pca_request_set_days(request, 400);
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_INVALID, "validity");
}

static void root_validity(void **state)
{
    struct fixture *f = *state;
    static const int64_t no_years[] = {0, -1, 201, INT64_MAX, INT64_MIN};
    pca_request *request;
    for (size_t i = 0; i < sizeof no_years / sizeof *no_years; i++) {
        request = request_new_ca("Root", NULL);
        (void)pca_request_set_years(request, no_years[i]);
        root_refused_saying(f, PCA_FAMILY_ECC, request, PCA_E_VALIDITY, "years", "200");
    }
    static const int64_t no_days[] = {0, -1, 364, 73051, INT64_MAX, INT64_MIN}, no_months[] = {0, -1, 11, 2401, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < 6; i++) {
        request = request_new_ca("Root", NULL);
        (void)pca_request_set_days(request, no_days[i]);
        root_refused(f, PCA_FAMILY_ECC, request, PCA_E_VALIDITY, "days");
        request = request_new_ca("Root", NULL);
        (void)pca_request_set_months(request, no_months[i]);
        root_refused(f, PCA_FAMILY_ECC, request, PCA_E_VALIDITY, "months");
    }
    request = request_new_ca("Root", NULL);
    (void)pca_request_set_dates(request, T0, T0 - 1);
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_VALIDITY, "not_after");
    request = request_new_ca("Root", NULL);
    (void)pca_request_set_dates(request, -1, T0 + 2 * YEAR);
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_VALIDITY, "not_before");
    request = request_new_ca("Root", NULL);
    (void)pca_request_set_dates(request, INT64_MIN, INT64_MAX);
    root_refused(f, PCA_FAMILY_ECC, request, PCA_E_VALIDITY, NULL);

    static const struct {
        char form;
        int64_t n;
        int year, month, day; /* of the end */
    } good[] = {
        {0, 0, 2037, 1, 15},     {'y', 1, 2028, 1, 15},    {'y', 200, 2227, 1, 15}, {'m', 12, 2028, 1, 15},
        {'m', 2400, 2227, 1, 15}, {'d', 365, 2028, 1, 15}, {'d', 366, 2028, 1, 16}, {'l', 0, 2227, 1, 15},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        pca_root *root = NULL;
        request = request_new_ca("Root", NULL);
        assert_ok(NULL, good[i].form == 'y'   ? pca_request_set_years(request, good[i].n)
                        : good[i].form == 'm' ? pca_request_set_months(request, good[i].n)
                        : good[i].form == 'd' ? pca_request_set_days(request, good[i].n)
                        : good[i].form == 'l' ? pca_request_set_longest(request)
                                              : PCA_OK);
        purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 1, &root, NULL); /* a short service caps leaves, not CAs */
        assert_ok(f->err, pca_root_enable(root, request, f->err));
        refresh_root(f, &root);
        assert_int_equal(pca_ca_not_before(pca_root_ca(root)), T0 - 60);
        assert_int_equal(pca_ca_not_after(pca_root_ca(root)), utc(good[i].year, good[i].month, good[i].day, 11, 58, 59));
        pca_root_free(root);
        pca_request_free(request);
    }
    /* two dates, inclusive */
    pca_root *root = NULL;
    request = request_new_ca("Root", NULL);
    assert_ok(NULL, pca_request_set_dates(request, T0 - DAY, T0 - DAY + YEAR - 1));
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, NULL);
    assert_ok(f->err, pca_root_enable(root, request, f->err));
    refresh_root(f, &root);
    assert_int_equal(pca_ca_not_before(pca_root_ca(root)), T0 - DAY);
    assert_int_equal(pca_ca_not_after(pca_root_ca(root)), T0 - DAY + YEAR - 1);
    pca_root_free(root);
    pca_request_free(request);
}

static void a_subs_validity_lies_inside_its_parents(void **state)
{
    struct fixture *f = *state;
    struct pair p;
    make_pair(f, 0, PURCHASED, &p); /* a root of ten years */
    refresh_root(f, &p.root);
    int64_t end = pca_ca_not_after(pca_root_ca(p.root)), start = pca_ca_not_before(pca_root_ca(p.root));
    f->clock.now = T0 + DAY;
    static const int64_t years[] = {10, 11, 200};
    char *before = snapshot_store(f);
    for (size_t i = 0; i < 3; i++) {
        pca_request *request = ca_request_years("Sub", years[i]);
        assert_refusal(f->err, PCA_E_VALIDITY, NULL, "years", pca_sub_enable(p.sub, request, f->err));
        char asked[16];
        snprintf(asked, sizeof asked, "%d-01-16", 2027 + (int)years[i]);
        assert_message(f->err, asked); /* both dates */
        assert_message(f->err, "2037-01-15");
        pca_request_free(request);
    }
    pca_request *request = request_new_ca("Sub", NULL);
    assert_ok(NULL, pca_request_set_dates(request, start - 1, end));
    assert_refusal(f->err, PCA_E_VALIDITY, NULL, "not_before", pca_sub_enable(p.sub, request, f->err));
    pca_request_free(request);
    request = request_new_ca("Sub", NULL);
    assert_ok(NULL, pca_request_set_dates(request, start, end + 1));
    assert_refusal(f->err, PCA_E_VALIDITY, NULL, "not_after", pca_sub_enable(p.sub, request, f->err));
    pca_request_free(request);
    assert_store_unchanged(f, before);
    request = request_new_ca("Sub", NULL);
    assert_ok(NULL, pca_request_set_dates(request, start, end));
    assert_ok(f->err, pca_sub_enable(p.sub, request, f->err));
    pca_request_free(request);
    refresh_sub(f, &p.sub);
    assert_int_equal(pca_ca_not_before(pca_sub_ca(p.sub)), start);
    assert_int_equal(pca_ca_not_after(pca_sub_ca(p.sub)), end);
    free_pair(&p);

    /* longest takes the root's end; no validity takes five years, and is refused where the root has less */
    make_pair(f, 0, PURCHASED, &p);
    request = ca_request_years("Sub", 0);
    assert_ok(f->err, pca_sub_enable(p.sub, request, f->err));
    pca_request_free(request);
    refresh_root(f, &p.root);
    refresh_sub(f, &p.sub);
    assert_int_equal(pca_ca_not_after(pca_sub_ca(p.sub)), pca_ca_not_after(pca_root_ca(p.root)));
    free_pair(&p);
    make_pair(f, 0, PURCHASED, &p);
    enable_sub(f, &p.sub, "Sub");
    assert_int_equal(pca_ca_not_after(pca_sub_ca(p.sub)), utc(2032, 1, 16, 11, 58, 59));
    free_pair(&p);
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &p.root, &p.sub);
    request = ca_request_years("Root", 4);
    assert_ok(f->err, pca_root_enable(p.root, request, f->err));
    pca_request_free(request);
    request = request_new_ca("Sub", NULL);
    assert_code(f->err, PCA_E_VALIDITY, pca_sub_enable(p.sub, request, f->err));
    pca_request_free(request);
    free_pair(&p);
}

/* 31 December 2049 in UTCTime, 1 January 2050 in GeneralizedTime; 29 February in a year that has none. */
static void pitfall_25_dates_at_the_edges(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t from, to;
        const char *text;
    } rows[] = {
        {INT64_C(1800014400), INT64_C(2524607999), "UTCTIME           :491231235959Z"},
        {INT64_C(1800014400), INT64_C(2524608000), "GENERALIZEDTIME   :20500101000000Z"},
        {INT64_C(1800014400), INT64_C(1835395200), "UTCTIME           :280229000000Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pca_root *root = NULL;
        pca_blob *blob = NULL;
        pca_request *request = request_new_ca("Root", NULL);
        assert_ok(NULL, pca_request_set_dates(request, rows[i].from, rows[i].to));
        purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, NULL);
        assert_ok(f->err, pca_root_enable(root, request, f->err));
        assert_ok(f->err, pca_ca_certificate(pca_root_ca(root), PCA_FORMAT_DER, &blob, f->err));
        char *text = output_of("openssl", "asn1parse", "-inform", "DER", "-in", file_blob(f, "der", blob));
        if (!strstr(text, rows[i].text)) {
            print_error("no \"%s\" in\n%s", rows[i].text, text);
            fail();
        }
        free(text);
        pca_request_free(request);
        pca_root_free(root);
    }
    /* one year from 29 February 2028 */
    f->clock.now = utc(2028, 2, 29, 12, 0, 0);
    assert_ok(f->err, pca_region_accept_clock(f->region, f->err));
    pca_root *root = NULL;
    pca_request *request = ca_request_years("Root", 1);
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, NULL);
    assert_int_equal(pca_ca_service_end(pca_root_ca(root)), utc(2029, 2, 28, 12, 0, 0));
    assert_ok(f->err, pca_root_enable(root, request, f->err));
    refresh_root(f, &root);
    assert_int_equal(pca_ca_not_after(pca_root_ca(root)), utc(2029, 2, 28, 11, 58, 59));
    pca_root_free(root);
    pca_request_free(request);
}

/* ---- Certificates as others read them ---- */

static char *text_of_ca(struct fixture *f, const pca_ca *ca)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_certificate(ca, PCA_FORMAT_PEM, &blob, f->err));
    assert_int_equal(((const char *)pca_blob_data(blob))[pca_blob_size(blob)], 0);
    return output_of("openssl", "x509", "-noout", "-text", "-nameopt", "RFC2253", "-in", file_blob(f, "pem", blob));
}

static void check_text(const char *text, const char *part, int there)
{
    if (!strstr(text, part) == !!there) {
        print_error("\"%s\" should%s be in\n%s", part, there ? "" : " not", text);
        fail();
    }
}

static size_t certificates_in(const char *pem)
{
    size_t n = 0;
    for (; (pem = strstr(pem, "-----BEGIN CERTIFICATE-----\n")) != NULL; pem++)
        n++;
    return n;
}

static void judge_pair(struct fixture *f, const pca_ca *root, const pca_ca *sub)
{
    pca_blob *blob = NULL, *der = NULL;
    assert_ok(f->err, pca_ca_certificate(root, PCA_FORMAT_PEM, &blob, f->err));
    const char *root_pem = file_blob(f, "pem", blob);
    assert_ok(f->err, pca_ca_certificate(sub, PCA_FORMAT_PEM, &blob, f->err));
    const char *sub_pem = file_blob(f, "pem", blob);
    char now[24];
    snprintf(now, sizeof now, "%" PRId64, T0);
    assert_run(0, "openssl", "verify", "-x509_strict", "-check_ss_sig", "-attime", now, "-CAfile", root_pem, root_pem);
    assert_run(0, "openssl", "verify", "-x509_strict", "-attime", now, "-CAfile", root_pem, sub_pem);

    /* DER is the PEM's content */
    assert_ok(f->err, pca_ca_certificate(sub, PCA_FORMAT_DER, &der, f->err));
    const char *out = file_path(f, "sub.der");
    assert_run(0, "openssl", "x509", "-in", sub_pem, "-outform", "DER", "-out", out);
    size_t size;
    uint8_t *data = file_read(out, &size);
    assert_int_equal(size, pca_blob_size(der));
    assert_memory_equal(data, pca_blob_data(der), size);
    free(data);
    pca_blob_free(der);

    /* the getters say what the certificate says */
    char *serial = output_of("openssl", "x509", "-noout", "-serial", "-in", sub_pem);
    for (char *c = serial; *c; c++)
        *c = *c == '\n' ? 0 : (char)tolower(*c);
    assert_string_equal(serial + 7, pca_ca_serial(sub));
    free(serial);

    /* the chain: without the root; with it, in order, and the root's alone */
    assert_ok(f->err, pca_ca_chain(sub, 0, &blob, f->err));
    assert_int_equal(certificates_in((const char *)pca_blob_data(blob)), 1);
    pca_blob_free(blob);
    assert_ok(f->err, pca_ca_chain(sub, PCA_WITH_ROOT, &blob, f->err));
    assert_int_equal(certificates_in((const char *)pca_blob_data(blob)), 2);
    const char *chain = file_blob(f, "pem", blob);
    assert_run(0, "openssl", "verify", "-x509_strict", "-attime", now, "-CAfile", chain, sub_pem);
    char *whole = (char *)file_read(chain, NULL), *first = (char *)file_read(sub_pem, NULL), *last = (char *)file_read(root_pem, NULL);
    assert_int_equal(strncmp(whole, first, strlen(first)), 0);
    assert_string_equal(whole + strlen(first), last);
    free(first);
    free(whole);
    for (int flags = 0; flags <= PCA_WITH_ROOT; flags += PCA_WITH_ROOT) {
        assert_ok(f->err, pca_ca_chain(root, flags, &blob, f->err));
        assert_string_equal((const char *)pca_blob_data(blob), last);
        pca_blob_free(blob);
    }
    free(last);
}

static void openssl_accepts_ecc_cas(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int algorithm;
        const char *key, *signature;
    } rows[] = {
        {PCA_KEY_EC_P256, "Public-Key: (256 bit)", "ecdsa-with-SHA256"},
        {PCA_KEY_EC_P384, "Public-Key: (384 bit)", "ecdsa-with-SHA384"},
        {PCA_KEY_EC_P521, "Public-Key: (521 bit)", "ecdsa-with-SHA512"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pca_root *root = NULL;
        pca_sub *sub = NULL;
        make_ca(f, PCA_FAMILY_ECC, rows[i].algorithm, 12, &root, &sub);
        assert_int_equal(pca_ca_key_algorithm(pca_root_ca(root)), rows[i].algorithm);
        judge_pair(f, pca_root_ca(root), pca_sub_ca(sub));
        char *text = text_of_ca(f, pca_sub_ca(sub));
        check_text(text, rows[i].key, 1);
        check_text(text, rows[i].signature, 1);
        free(text);
        pca_root_free(root);
        pca_sub_free(sub);
    }
}

static void openssl_accepts_rsa_cas(void **state)
{
    struct fixture *f = *state;
    judge_pair(f, pca_root_ca(f->root), pca_sub_ca(f->sub));
    char *text = text_of_ca(f, pca_root_ca(f->root));
    check_text(text, "Public-Key: (2048 bit)", 1);
    check_text(text, "sha256WithRSAEncryption", 1);
    free(text);
}

static void keys_have_defaults(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_RSA, 12, &root, NULL);
    enable_root(f, &root, "RSA Root");
    assert_int_equal(pca_ca_key_algorithm(pca_root_ca(root)), PCA_KEY_RSA_3072);
    char *text = text_of_ca(f, pca_root_ca(root));
    check_text(text, "Public-Key: (3072 bit)", 1);
    free(text);
    pca_root_free(root);
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, NULL);
    enable_root(f, &root, "ECC Root");
    assert_int_equal(pca_ca_key_algorithm(pca_root_ca(root)), PCA_KEY_EC_P256);
    assert_int_equal(pca_ca_crl_days(pca_root_ca(root)), 7);
    pca_root_free(root);
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_SM2, 12, &root, NULL);
    enable_root(f, &root, "SM2 Root");
    assert_int_equal(pca_ca_key_algorithm(pca_root_ca(root)), PCA_KEY_SM2);
    pca_root_free(root);
}

static void ca_certificates_hold_what_was_asked(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_request *request = pca_request_new();
    assert_ok(NULL, pca_request_set_common_name(request, "Wurzel \xc3\x9c"));
    assert_ok(NULL, pca_request_set_organization(request, "Example, Inc."));
    assert_ok(NULL, pca_request_set_unit(request, "PKI"));
    assert_ok(NULL, pca_request_set_country(request, "DE"));
    assert_ok(NULL, pca_request_set_state(request, "Bayern"));
    assert_ok(NULL, pca_request_set_locality(request, "M\xc3\xbcnchen"));
    assert_ok(NULL, pca_request_set_crl_url(request, "http://a.example/1.crl"));
    assert_ok(NULL, pca_request_set_crl_days(request, 365));
    assert_ok(NULL, pca_request_set_alias(request, "wurzel"));
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, &sub);
    assert_ok(f->err, pca_root_enable(root, request, f->err));
    refresh_root(f, &root);
    const pca_ca *r = pca_root_ca(root);
    assert_int_equal(pca_ca_state(r), PCA_CA_ENABLED);
    assert_string_equal(pca_ca_alias(r), "wurzel");
    assert_string_equal(pca_ca_crl_url(r), "http://a.example/1.crl");
    assert_int_equal(pca_ca_crl_days(r), 365);
    assert_non_null(strstr(pca_ca_subject(r), "O=Example\\, Inc."));
    char *text = text_of_ca(f, r);
    check_text(text, "CA:TRUE", 1);
    check_text(text, "pathlen", 0);
    check_text(text, "X509v3 Basic Constraints: critical", 1);
    check_text(text, "X509v3 Key Usage: critical", 1);
    check_text(text, "Certificate Sign, CRL Sign", 1);
    check_text(text, "Digital Signature", 0);
    check_text(text, "X509v3 Subject Key Identifier", 1);
    check_text(text, "X509v3 CRL Distribution Points", 0); /* nobody's CRL lists a root */
    check_text(text, "Extended Key Usage", 0);
    check_text(text, "Version: 3 (0x2)", 1);
    free(text);

    /* the subordinate: issuer's CRL address, path length */
    assert_ok(NULL, pca_request_reset(request));
    assert_ok(NULL, pca_request_set_common_name(request, "Ast"));
    assert_ok(f->err, pca_sub_enable(sub, request, f->err));
    refresh_sub(f, &sub);
    assert_string_equal(pca_ca_alias(pca_sub_ca(sub)), "");
    assert_string_equal(pca_ca_crl_url(pca_sub_ca(sub)), "");
    assert_int_equal(pca_ca_crl_days(pca_sub_ca(sub)), 7);
    text = text_of_ca(f, pca_sub_ca(sub));
    check_text(text, "CA:TRUE, pathlen:0", 1);
    check_text(text, "URI:http://a.example/1.crl", 1);
    check_text(text, "X509v3 Authority Key Identifier", 1);
    free(text);
    pca_root_free(root);
    pca_sub_free(sub);

    for (uint64_t length = 0; length < 3; length++) {
        char want[32];
        purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, &sub);
        enable_root(f, &root, "Root");
        assert_ok(NULL, pca_request_reset(request));
        assert_ok(NULL, pca_request_set_common_name(request, "Ast"));
        assert_ok(NULL, pca_request_set_path_length(request, length));
        assert_ok(NULL, pca_request_set_crl_address(request, 0));
        assert_ok(f->err, pca_sub_enable(sub, request, f->err));
        text = text_of_ca(f, pca_sub_ca(sub));
        snprintf(want, sizeof want, "pathlen:%" PRIu64 "\n", length);
        check_text(text, want, 1);
        check_text(text, "CRL Distribution Points", 0);
        free(text);
        pca_root_free(root);
        pca_sub_free(sub);
    }
    static const uint64_t no_lengths[] = {8, 255, UINT64_MAX};
    for (size_t i = 0; i < 3; i++) {
        purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, &sub);
        enable_root(f, &root, "Root");
        assert_ok(NULL, pca_request_reset(request));
        assert_ok(NULL, pca_request_set_common_name(request, "Ast"));
        (void)pca_request_set_path_length(request, no_lengths[i]);
        assert_refusal(f->err, PCA_E_INVALID, "request", "path_length", pca_sub_enable(sub, request, f->err));
        pca_root_free(root);
        pca_sub_free(sub);
    }
    pca_request_free(request);
}

/* ---- Terms ---- */

static void check_term(struct fixture *f, pca_root *root, int64_t start, int64_t end, uint64_t months)
{
    pca_root *fresh = NULL;
    pca_sub *sub = NULL;
    assert_ok(f->err, pca_root_reload(root, &fresh, f->err));
    assert_ok(f->err, pca_root_default_sub(root, &sub, f->err));
    const pca_ca *both[] = {pca_root_ca(fresh), pca_sub_ca(sub)};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pca_ca_service_start(both[i]), start);
        assert_int_equal(pca_ca_service_end(both[i]), end);
        assert_int_equal(pca_ca_months(both[i]), months);
    }
    pca_root_free(fresh);
    pca_sub_free(sub);
}

static void renewing_adds_months(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, NULL);
    check_term(f, root, T0, utc(2028, 1, 15, 12, 0, 0), 12);
    assert_ok(f->err, pca_root_renew(root, 1, NULL, f->err));
    check_term(f, root, T0, utc(2028, 2, 15, 12, 0, 0), 13);
    f->clock.now = T0 + 30 * DAY; /* before the end it does not matter when */
    assert_ok(f->err, pca_root_renew(root, 11, NULL, f->err));
    check_term(f, root, T0, utc(2029, 1, 15, 12, 0, 0), 24);
    char *before = snapshot_store(f);
    static const uint64_t no_months[] = {0, 1201, UINT64_MAX};
    for (size_t i = 0; i < 3; i++)
        assert_refusal(f->err, PCA_E_INVALID, NULL, "months", pca_root_renew(root, no_months[i], NULL, f->err));
    assert_store_unchanged(f, before);

    /* at the end's second a new term begins */
    f->clock.now = utc(2028, 2, 1, 0, 0, 0);
    set_policy(f, "max_clock_step_days", 4000);
    f->clock.now = utc(2029, 1, 15, 12, 0, 0);
    assert_ok(f->err, pca_root_renew(root, 3, NULL, f->err));
    check_term(f, root, utc(2029, 1, 15, 12, 0, 0), utc(2029, 4, 15, 12, 0, 0), 3);
    f->clock.now = utc(2030, 6, 30, 1, 2, 3);
    assert_ok(f->err, pca_root_renew(root, 8, NULL, f->err));
    check_term(f, root, utc(2030, 6, 30, 1, 2, 3), utc(2031, 2, 28, 1, 2, 3), 8);
    assert_ok(f->err, pca_root_renew(root, 1, NULL, f->err)); /* the days that were cut come back */
    check_term(f, root, utc(2030, 6, 30, 1, 2, 3), utc(2031, 3, 30, 1, 2, 3), 9);
    pca_root_free(root);
}

static void pitfall_25_months_by_the_calendar(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int y, m, d;
        uint64_t months;
        int ey, em, ed;
    } rows[] = {
        {2027, 1, 31, 1, 2027, 2, 28}, {2027, 1, 31, 2, 2027, 3, 31},  {2027, 1, 31, 3, 2027, 4, 30}, {2027, 8, 31, 6, 2028, 2, 29},
        {2027, 12, 31, 2, 2028, 2, 29}, {2027, 12, 31, 12, 2028, 12, 31}, {2028, 2, 29, 12, 2029, 2, 28}, {2028, 2, 29, 48, 2032, 2, 29},
        {2028, 2, 29, 1, 2028, 3, 29}, {2028, 2, 29, 864, 2100, 2, 28},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pca_root *root = NULL;
        f->clock.now = utc(rows[i].y, rows[i].m, rows[i].d, 23, 59, 59);
        purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, rows[i].months, &root, NULL);
        assert_int_equal(pca_ca_service_end(pca_root_ca(root)), utc(rows[i].ey, rows[i].em, rows[i].ed, 23, 59, 59));
        pca_root_free(root);
    }
}

/* After the term is over the old certificates stay as they are, and a renewal lets the CA issue again. */
static void renewing_lets_a_ca_issue_again(void **state)
{
    struct fixture *f = *state;
    struct pair p;
    make_pair(f, 0, TERM_OVER, &p);
    f->clock.now = T0 + 100 * DAY;
    assert_code(f->err, PCA_E_EXPIRED, do_request(f, &p));
    assert_int_equal(remaining_of_sub(f, p.sub), 9);
    refresh_cert(f, &p.cert);
    assert_int_equal(pca_cert_status(p.cert), PCA_STATUS_ISSUED);
    assert_ok(f->err, do_renew(f, &p));
    assert_ok(f->err, do_request(f, &p));
    assert_int_equal(remaining_of_sub(f, p.sub), 8);
    free_pair(&p);
}

/* ---- Aliases ---- */

static void aliases(void **state)
{
    struct fixture *f = *state;
    const pca_ca *root = pca_root_ca(f->root), *sub = pca_sub_ca(f->sub);
    pca_root *found_root = POISON;
    pca_sub *found_sub = POISON;
    assert_ok(f->err, pca_ca_set_alias(root, "the root", f->err));
    assert_string_equal(pca_ca_alias(root), ""); /* a snapshot */
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_EXISTS, object_name("sub", pca_ca_id(sub)), "alias", pca_ca_set_alias(sub, "the root", f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_sub_by_alias(f->region, "the root", &found_sub, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_root_by_alias(f->region, "the", &found_root, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_root_by_alias(f->region, "the root ", &found_root, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_root_by_alias(f->region, "The Root", &found_root, f->err));
    int rc = pca_region_root_by_alias(f->region, "", &found_root, f->err);
    assert_true(rc == PCA_E_NOT_FOUND || rc == PCA_E_INVALID);
    assert_poisoned(found_root);
    assert_poisoned(found_sub);
    static const char *const bad[] = {"a\nb", "\x7f", "\xff", "01234567890123456789012345678901234567890123456789012345678901234"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refusal(f->err, PCA_E_INVALID, NULL, "alias", pca_ca_set_alias(sub, bad[i], f->err));
    assert_store_unchanged(f, before);

    assert_ok(f->err, pca_region_root_by_alias(f->region, "the root", &found_root, f->err));
    assert_int_equal(pca_ca_id(pca_root_ca(found_root)), pca_ca_id(root));
    assert_string_equal(pca_ca_alias(pca_root_ca(found_root)), "the root");
    pca_root_free(found_root);
    assert_ok(f->err, pca_ca_set_alias(root, "the root", f->err)); /* its own */

    /* 64 characters of four octets each */
    char longest[64 * 4 + 1] = "";
    for (int i = 0; i < 64; i++)
        memcpy(longest + 4 * i, "\xf0\x9f\x94\x91", 5);
    assert_ok(f->err, pca_ca_set_alias(sub, longest, f->err));
    assert_ok(f->err, pca_region_sub_by_alias(f->region, longest, &found_sub, f->err));
    assert_string_equal(pca_ca_alias(pca_sub_ca(found_sub)), longest);
    pca_sub_free(found_sub);

    /* a new one frees the old, and so does "" */
    assert_ok(f->err, pca_ca_set_alias(root, "new", f->err));
    assert_ok(f->err, pca_ca_set_alias(sub, "the root", f->err));
    found_root = POISON;
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_root_by_alias(f->region, "the root", &found_root, f->err));
    assert_ok(f->err, pca_ca_set_alias(root, "", f->err));
    assert_ok(f->err, pca_ca_set_alias(root, "", f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_root_by_alias(f->region, "new", &found_root, f->err));
    assert_ok(f->err, pca_ca_set_alias(sub, "", f->err));
    assert_ok(f->err, pca_region_check(f->region, f->err));

    /* given while enabling; taken ones are refused there too */
    pca_root *other = NULL;
    pca_request *request = request_new_ca("Other", NULL);
    assert_ok(f->err, pca_ca_set_alias(sub, "taken", f->err));
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &other, NULL);
    assert_ok(NULL, pca_request_set_alias(request, "taken"));
    before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_EXISTS, NULL, "alias", pca_root_enable(other, request, f->err));
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_ca_set_alias(sub, "", f->err));
    assert_ok(f->err, pca_root_enable(other, request, f->err));
    assert_ok(f->err, pca_region_root_by_alias(f->region, "taken", &found_root, f->err));
    assert_int_equal(pca_ca_id(pca_root_ca(found_root)), pca_ca_id(pca_root_ca(other)));
    pca_root_free(found_root);
    pca_root_free(other);
    pca_request_free(request);
}

/* ---- Snapshots and second boots ---- */

static void a_snapshot_does_not_change(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL, *fresh = NULL;
    pca_sub *sub = NULL, *fresh_sub = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, &sub);
    pca_request *request = request_new_ca("Root", ROOT_CRL_URL);
    assert_ok(f->err, pca_root_enable(root, request, f->err));
    assert_ok(f->err, pca_root_purchase_certificates(root, 5, NULL, NULL, f->err));
    assert_ok(f->err, pca_ca_set_alias(pca_root_ca(root), "alias", f->err));
    assert_int_equal(pca_ca_state(pca_root_ca(root)), PCA_CA_PURCHASED);
    assert_int_equal(pca_root_remaining(root), 0);
    assert_string_equal(pca_ca_alias(pca_root_ca(root)), "");
    assert_string_equal(pca_ca_subject(pca_root_ca(root)), "");
    assert_ok(f->err, pca_root_reload(root, &fresh, f->err));
    assert_int_equal(pca_ca_state(pca_root_ca(fresh)), PCA_CA_ENABLED);
    assert_int_equal(pca_root_remaining(fresh), 5);
    assert_string_equal(pca_ca_alias(pca_root_ca(fresh)), "alias");
    assert_string_equal(pca_ca_subject(pca_root_ca(fresh)), "CN=Root,O=Example,C=DE");
    /* an old handle's verbs work on what is */
    assert_code(f->err, PCA_E_STATE, pca_root_enable(root, request, f->err));
    assert_ok(f->err, pca_sub_enable(sub, request = (pca_request_free(request), request_new_ca("Sub", NULL)), f->err));
    struct pair p = {root, sub, NULL, NULL};
    assert_ok(f->err, do_request(f, &p));
    assert_int_equal(pca_sub_remaining(sub), 10);
    assert_ok(f->err, pca_sub_reload(sub, &fresh_sub, f->err));
    assert_int_equal(pca_sub_remaining(fresh_sub), 9);
    assert_int_equal(pca_sub_issued(fresh_sub), 1);
    pca_request_free(request);
    pca_root_free(root);
    pca_root_free(fresh);
    pca_sub_free(sub);
    pca_sub_free(fresh_sub);
}

static void a_second_boot_finds_its_ca(void **state)
{
    struct fixture *f = *state;
    for (int boot = 0; boot < 3; boot++) {
        pca_root *root = NULL, *by_alias = NULL;
        pca_sub *sub = NULL;
        assert_ok(f->err, pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, "first-boot", &root, f->err));
        assert_int_equal(pca_ca_id(pca_root_ca(root)), 1);
        assert_int_equal(pca_ca_state(pca_root_ca(root)), boot ? PCA_CA_ENABLED : PCA_CA_PURCHASED); /* what is, not what was */
        if (boot == 0) {
            enable_root(f, &root, "Boot Root");
            assert_ok(f->err, pca_ca_set_alias(pca_root_ca(root), "boot", f->err));
        }
        assert_ok(f->err, pca_region_root_by_alias(f->region, "boot", &by_alias, f->err));
        assert_int_equal(pca_ca_id(pca_root_ca(by_alias)), 1);
        assert_ok(f->err, pca_root_default_sub(by_alias, &sub, f->err));
        if (boot == 0)
            enable_sub(f, &sub, "Boot Sub");
        pca_cert_free(issue(f, sub, "boot.example"));
        assert_int_equal(remaining_of_sub(f, sub), 9 - boot);
        pca_root_free(root);
        pca_root_free(by_alias);
        pca_sub_free(sub);
        reopen_region(f);
    }
}

/* ---- Paging ---- */

static void roots_come_in_pages(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 25 };
    uint64_t ids[COUNT];
    pca_page *page = POISON;
    static const uint64_t no_limits[] = {1001, UINT64_MAX};
    for (size_t i = 0; i < 2; i++)
        assert_refusal(f->err, PCA_E_INVALID, NULL, "limit", pca_region_roots(f->region, NULL, no_limits[i], &page, f->err));
    static const char *const no_places[] = {"0", "i", "i.", "i.1", "i00.", "i0.0", "n0000000000000001.1", "i0000000000000001.x", " i0000000000000001.1",
                                            "i0000000000000001", "i000000000000000g.1", "i0000000000000001.99999999999999999999"};
    for (size_t i = 0; i < sizeof no_places / sizeof *no_places; i++)
        assert_refusal(f->err, PCA_E_INVALID, NULL, "after", pca_region_roots(f->region, no_places[i], 10, &page, f->err));
    assert_poisoned(page);
    assert_ok(f->err, pca_region_roots(f->region, NULL, 10, &page, f->err));
    assert_int_equal(pca_page_count(page), 0);
    assert_string_equal(pca_page_next(page), "");
    assert_null(pca_page_ca_at(page, 0));
    pca_page_free(page);
    for (int i = 0; i < COUNT; i++) {
        pca_root *root = NULL;
        purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, NULL);
        ids[i] = pca_ca_id(pca_root_ca(root));
        pca_root_free(root);
    }
    static const uint64_t limits[] = {1, 2, 5, 24, 25, 26, 1000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint64_t seen = 0;
        pca_page *before = NULL;
        do {
            assert_ok(f->err, pca_region_roots(f->region, pca_page_next(before), limits[i], &page, f->err));
            pca_page_free(before);
            before = page;
            assert_true(pca_page_count(page) <= limits[i]);
            for (uint64_t j = 0; j < pca_page_count(page); j++) {
                assert_true(seen < COUNT);
                assert_int_equal(pca_ca_id(pca_page_ca_at(page, j)), ids[seen++]);
                assert_null(pca_page_cert_at(page, j));
            }
            assert_null(pca_page_ca_at(page, pca_page_count(page)));
            assert_null(pca_page_ca_at(page, UINT64_MAX));
        } while (*pca_page_next(page));
        int exact = -1;
        assert_int_equal(pca_page_total(page, &exact), COUNT);
        assert_int_equal(exact, 1);
        pca_page_free(page);
        assert_int_equal(seen, COUNT);
    }
    static const char *const ends[] = {"i0000000000001267.25", "i7fffffffffffffff.25", "ifffffffffffffffe.25", "iffffffffffffffff.25"};
    for (size_t i = 0; i < 4; i++) {
        assert_ok(f->err, pca_region_roots(f->region, ends[i], 10, &page, f->err));
        assert_int_equal(pca_page_count(page), 0);
        assert_string_equal(pca_page_next(page), "");
        pca_page_free(page);
    }
    /* subordinates of one root */
    pca_root *root = NULL;
    assert_ok(f->err, pca_region_root_get(f->region, ids[7], &root, f->err));
    page = POISON;
    assert_refusal(f->err, PCA_E_INVALID, NULL, "limit", pca_root_subs(root, NULL, 1001, &page, f->err));
    assert_poisoned(page);
    assert_ok(f->err, pca_root_subs(root, NULL, 0, &page, f->err)); /* counted only */
    assert_int_equal(pca_page_count(page), 0);
    assert_int_equal(pca_page_total(page, NULL), 1);
    pca_page_free(page);
    assert_ok(f->err, pca_root_subs(root, "", 1000, &page, f->err));
    assert_int_equal(pca_page_count(page), 1);
    assert_int_equal(pca_ca_parent_id(pca_page_ca_at(page, 0)), ids[7]);
    char after[32];
    snprintf(after, sizeof after, "i%016" PRIx64 ".1", pca_ca_id(pca_page_ca_at(page, 0)));
    pca_page_free(page);
    assert_ok(f->err, pca_root_subs(root, after, 1000, &page, f->err));
    assert_int_equal(pca_page_count(page), 0);
    assert_string_equal(pca_page_next(page), "");
    pca_page_free(page);
    pca_root_free(root);
}

/* ---- pitfall 26: the clock ---- */

static void pitfall_26_a_clock_a_little_behind(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    f->clock.now = T0 + 10000;
    assert_ok(f->err, pca_ca_set_alias(pca_root_ca(f->root), "newest", f->err)); /* recorded: T0 + 10000 */
    f->clock.now = T0 + 10000 - 3600;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, NULL);
    assert_int_equal(pca_ca_service_start(pca_root_ca(root)), T0 + 10000);
    pca_cert *cert = issue(f, f->sub, "slack.example");
    assert_int_equal(pca_cert_not_before(cert), T0 + 10000 - 60);
    pca_cert_free(cert);

    f->clock.now = T0 + 10000 - 3601;
    char *before = snapshot_store(f);
    pca_root *none = POISON;
    assert_code(f->err, PCA_E_CLOCK, pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, NULL, &none, f->err));
    assert_poisoned(none);
    assert_message(f->err, "clock_slack_seconds");
    assert_store_unchanged(f, before);
    /* the clock is wrong for every write, a policy's included */
    assert_code(f->err, PCA_E_CLOCK, pca_region_policy_set(f->region, "clock_slack_seconds", 3601, f->err));
    pca_root_free(root);
}

static void check_clock_refusals(struct fixture *f)
{
    struct pair p = {f->root, f->sub, NULL, NULL};
    pca_root *none = POISON;
    char *before = snapshot_store(f);
#define CLOCK(call) assert_refusal(f->err, PCA_E_CLOCK, NULL, NULL, call)
    CLOCK(pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, NULL, &none, f->err));
    CLOCK(do_renew(f, &p));
    CLOCK(do_buy(f, &p));
    CLOCK(do_raise(f, &p));
    CLOCK(do_lower(f, &p));
    CLOCK(do_request(f, &p));
    CLOCK(do_check_request(f, &p));
    CLOCK(pca_ca_disable(pca_sub_ca(f->sub), f->err));
    CLOCK(pca_ca_set_alias(pca_sub_ca(f->sub), "x", f->err));
    CLOCK(pca_region_policy_set(f->region, "allow_weak", 1, f->err));
#undef CLOCK
    assert_poisoned(none);
    assert_store_unchanged(f, before);
    /* what only reads does not mind */
    pca_root *fresh = NULL;
    assert_ok(f->err, pca_root_reload(f->root, &fresh, f->err));
    pca_root_free(fresh);
    assert_ok(f->err, pca_region_check(f->region, f->err));
}

static void pitfall_26_a_clock_far_behind(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert[4];
    int64_t this_update = 0;
    uint64_t number = 0, last = 0;
    static const char *const names[] = {"a.example", "b.example", "c.example", "d.example"};
    for (int i = 0; i < 4; i++)
        cert[i] = issue(f, f->sub, names[i]);
    f->clock.now = T0 + 10 * DAY;
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 10, NULL, NULL, f->err));
    const int64_t clocks[] = {T0 + 9 * DAY, RELEASE_DATE, RELEASE_DATE - 1, 0};
    for (int i = 0; i < 4; i++) {
        f->clock.now = clocks[i];
        check_clock_refusals(f);
        /* revoking always works, dated at the newest recorded time; the CRL follows */
        assert_ok(f->err, pca_cert_revoke(cert[i], PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
        refresh_cert(f, &cert[i]);
        assert_int_equal(pca_cert_revoked_at(cert[i]), T0 + 10 * DAY);
        assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
        assert_ok(f->err, pca_ca_crl_info(pca_sub_ca(f->sub), &number, &this_update, NULL, NULL, f->err));
        assert_int_equal(this_update, T0 + 10 * DAY);
        assert_true(number > last);
        last = number;
    }
    assert_refusal(f->err, PCA_E_CLOCK, NULL, NULL, pca_region_accept_clock(f->region, f->err)); /* it is behind */
    f->clock.now = -1;
    assert_refusal(f->err, PCA_E_CLOCK, NULL, NULL, pca_ca_disable(pca_sub_ca(f->sub), f->err));
    f->clock.now = INT64_MIN;
    assert_refusal(f->err, PCA_E_CLOCK, NULL, NULL, pca_ca_disable(pca_sub_ca(f->sub), f->err));
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    refresh_sub(f, &f->sub);
    assert_int_equal(pca_ca_revoked_at(pca_sub_ca(f->sub)), T0 + 10 * DAY);
    reopen_region(f); /* opening is no writing */
    for (int i = 0; i < 4; i++)
        pca_cert_free(cert[i]);
}

static void pitfall_26_a_clock_far_ahead(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.example");
    f->clock.now = T0 + 400 * DAY;
    assert_ok(f->err, pca_ca_set_alias(pca_sub_ca(f->sub), "s", f->err));
    f->clock.now = T0 + 800 * DAY + 1;
    check_clock_refusals(f);
    assert_code(f->err, PCA_E_CLOCK, pca_ca_set_alias(pca_sub_ca(f->sub), "t", f->err));
    assert_message(f->err, "max_clock_step_days");
    /* revoking works and is not dated in that future */
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_revoked_at(cert), T0 + 400 * DAY);
    assert_ok(f->err, pca_region_accept_clock(f->region, f->err));
    assert_ok(f->err, pca_ca_set_alias(pca_sub_ca(f->sub), "t", f->err));
    /* what was accepted is the newest recorded time: there is no way back */
    f->clock.now = T0 + 800 * DAY;
    assert_ok(f->err, pca_ca_set_alias(pca_sub_ca(f->sub), "u", f->err)); /* within the slack */
    f->clock.now = T0 + 799 * DAY;
    assert_code(f->err, PCA_E_CLOCK, pca_ca_set_alias(pca_sub_ca(f->sub), "v", f->err));
    /* ten years */
    f->clock.now = T0 + 4450 * DAY;
    assert_code(f->err, PCA_E_CLOCK, pca_ca_set_alias(pca_sub_ca(f->sub), "v", f->err));
    assert_ok(f->err, pca_region_accept_clock(f->region, f->err));
    assert_ok(f->err, pca_ca_set_alias(pca_sub_ca(f->sub), "v", f->err));
    f->clock.now = INT64_MAX;
    assert_code(f->err, PCA_E_CLOCK, pca_ca_set_alias(pca_sub_ca(f->sub), "w", f->err));
    pca_cert_free(cert);
}

static void accepting_a_good_clock_is_nothing_special(void **state)
{
    struct fixture *f = *state;
    assert_ok(f->err, pca_region_accept_clock(f->region, f->err));
    f->clock.now = T0 + DAY;
    assert_ok(f->err, pca_region_accept_clock(f->region, f->err));
    set_policy(f, "max_clock_step_days", 1);
    f->clock.now = T0 + 2 * DAY;
    assert_ok(f->err, pca_ca_set_alias(pca_sub_ca(f->sub), "a", f->err));
    f->clock.now = T0 + 3 * DAY + 1;
    assert_code(f->err, PCA_E_CLOCK, pca_ca_set_alias(pca_sub_ca(f->sub), "b", f->err));
    assert_ok(f->err, pca_region_accept_clock(f->region, f->err));
    assert_ok(f->err, pca_ca_set_alias(pca_sub_ca(f->sub), "b", f->err));
}

static int64_t time_of_region(struct fixture *f)
{
    pca_stat *stat = NULL;
    assert_ok(f->err, pca_region_stat(f->region, &stat, f->err));
    int64_t time = pca_stat_time(stat);
    pca_stat_free(stat);
    return time;
}

static void the_regions_time_is_told(void **state)
{
    struct fixture *f = *state;
    f->clock.now = T0 + DAY;
    assert_ok(f->err, pca_ca_set_alias(pca_sub_ca(f->sub), "a", f->err)); /* recorded: T0 + DAY */
    f->clock.now = T0 + 2 * DAY;
    assert_int_equal(time_of_region(f), T0 + 2 * DAY);
    f->clock.now = T0; /* behind */
    assert_int_equal(time_of_region(f), T0 + DAY);
    f->clock.now = T0 + 500 * DAY; /* too far ahead */
    assert_int_equal(time_of_region(f), T0 + DAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_REGION(troubles_have_an_order),
        TEST_REGION(ends_are_exact),
        TEST_ECC(revoking_again_only_raises_the_reason),
        TEST_REGION(purchase_gives_a_pair),
        TEST_REGION(a_compliance_pair_has_no_certificates),
        TEST_REGION(purchase_refuses),
        TEST_REGION(keys_must_fit_the_family),
        TEST_REGION(ca_requests_that_are_refused),
        TEST_REGION(root_validity),
        TEST_REGION(a_subs_validity_lies_inside_its_parents),
        TEST_REGION(pitfall_25_dates_at_the_edges),
        TEST_REGION(openssl_accepts_ecc_cas),
        TEST_RSA(openssl_accepts_rsa_cas),
        TEST_REGION(keys_have_defaults),
        TEST_REGION(ca_certificates_hold_what_was_asked),
        TEST_REGION(renewing_adds_months),
        TEST_REGION(pitfall_25_months_by_the_calendar),
        TEST_REGION(renewing_lets_a_ca_issue_again),
        TEST_ECC(aliases),
        TEST_REGION(a_snapshot_does_not_change),
        TEST_REGION(a_second_boot_finds_its_ca),
        TEST_REGION(roots_come_in_pages),
        TEST_ECC(pitfall_26_a_clock_a_little_behind),
        TEST_ECC(pitfall_26_a_clock_far_behind),
        TEST_ECC(pitfall_26_a_clock_far_ahead),
        TEST_ECC(accepting_a_good_clock_is_nothing_special),
        TEST_ECC(the_regions_time_is_told),
    };
    return cmocka_run_group_tests_name("ca", tests, NULL, NULL);
}
