/* pca_sub_request: what it issues, and every refusal in the order that rules.md fixes. */
#include "leaf.h"

/* ---- What is issued ---- */

static void server_with_names(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .cn = "db1.internal", .dns = {"www.db1.internal", "DB2.Internal"}, .ip = {"10.0.0.1", "2001:DB8::1"});
    assert_int_equal(pca_cert_san_count(cert), 5);
    assert_int_equal(pca_cert_san_type(cert, 0), PCA_SAN_DNS);
    assert_string_equal(pca_cert_san_at(cert, 0), "www.db1.internal");
    assert_string_equal(pca_cert_san_at(cert, 1), "db2.internal");
    assert_int_equal(pca_cert_san_type(cert, 2), PCA_SAN_IP);
    assert_string_equal(pca_cert_san_at(cert, 2), "10.0.0.1");
    assert_string_equal(pca_cert_san_at(cert, 3), "2001:db8::1");
    assert_true(has_san(cert, PCA_SAN_DNS, "db1.internal")); /* the common name's */
    assert_int_equal(pca_cert_type(cert), PCA_CERT_SERVER);
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_ISSUED);
    assert_int_equal(pca_cert_key_algorithm(cert), PCA_KEY_EC_P256);
    assert_int_equal(pca_cert_container(cert), PCA_CONTAINER_MANAGED);
    char *text = text_of(f, cert);
    assert_contains(text, "DNS:www.db1.internal, DNS:db2.internal, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1");
    assert_contains(text, "DNS:db1.internal");
    assert_contains(text, "TLS Web Server Authentication\n");
    assert_lacks(text, "TLS Web Client Authentication");
    assert_lacks(text, "Basic Constraints");
    free(text);
    assert_verifies(f, cert);
    pca_cert_free(cert);
}

static void server_common_names(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *cn;
        int type;
        const char *san;
    } rows[] = {
        {"db1.internal", PCA_SAN_DNS, "db1.internal"}, {"localhost", PCA_SAN_DNS, "localhost"},
        {"192.0.2.10", PCA_SAN_IP, "192.0.2.10"},      {"2001:db8::10", PCA_SAN_IP, "2001:db8::10"},
        {"*.apps.internal", PCA_SAN_DNS, "*.apps.internal"}, {"xn--bcher-kva.example", PCA_SAN_DNS, "xn--bcher-kva.example"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_cert *cert = issue_as(f, f->sub, .cn = rows[i].cn);
        assert_int_equal(pca_cert_san_count(cert), 1);
        assert_true(has_san(cert, rows[i].type, rows[i].san));
        assert_non_null(strstr(pca_cert_subject(cert), rows[i].cn));
        pca_cert_free(cert);
    }
}

/* A common name that is given as an alternative name too stands there once, in whatever case it was given. */
static void server_common_name_given_twice(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .cn = "DB1.Internal", .dns = {"db1.internal", "Db1.internal"});
    assert_int_equal(pca_cert_san_count(cert), 1);
    assert_string_equal(pca_cert_san_at(cert, 0), "db1.internal");
    assert_non_null(strstr(pca_cert_subject(cert), "CN=db1.internal")); /* equals one of the SANs octet for octet */
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .cn = "2001:DB8:0::1", .ip = {"2001:db8::1"});
    assert_int_equal(pca_cert_san_count(cert), 1);
    pca_cert_free(cert);
}

static void ten_names_and_the_common_name(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .cn = "cn.internal", .dns = {"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10"});
    assert_int_equal(pca_cert_san_count(cert), 11);
    assert_int_equal(pca_cert_san_type(cert, 11), 0);
    assert_string_equal(pca_cert_san_at(cert, 11), "");
    pca_cert_free(cert);
}

static void server_without_common_name(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .dns = {"only.internal"});
    assert_non_null(strstr(pca_cert_subject(cert), "O=Example")); /* taken from the CA */
    assert_null(strstr(pca_cert_subject(cert), "CN="));
    char *text = text_of(f, cert);
    assert_contains(text, "X509v3 Subject Alternative Name: \n");
    free(text);
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .organization = "", .dns = {"bare.internal"});
    assert_string_equal(pca_cert_subject(cert), "");
    text = text_of(f, cert);
    assert_contains(text, "X509v3 Subject Alternative Name: critical\n");
    free(text);
    assert_verifies(f, cert);
    pca_cert_free(cert);
}

static void client_certificates(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .type = PCA_CERT_CLIENT, .cn = "Ada Lovelace", .email = {"Ada.L@Example.COM"},
                              .uri = {"spiffe://example.com/ada"});
    assert_int_equal(pca_cert_type(cert), PCA_CERT_CLIENT);
    assert_int_equal(pca_cert_san_count(cert), 2);
    assert_int_equal(pca_cert_san_type(cert, 0), PCA_SAN_EMAIL);
    assert_string_equal(pca_cert_san_at(cert, 0), "Ada.L@example.com"); /* the local part may mind its case */
    assert_int_equal(pca_cert_san_type(cert, 1), PCA_SAN_URI);
    assert_string_equal(pca_cert_san_at(cert, 1), "spiffe://example.com/ada");
    char *text = text_of(f, cert);
    assert_contains(text, "email:Ada.L@example.com, URI:spiffe://example.com/ada");
    assert_contains(text, "TLS Web Client Authentication");
    assert_contains(text, "E-mail Protection");
    assert_lacks(text, "TLS Web Server Authentication");
    free(text);
    assert_verifies(f, cert);
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .type = PCA_CERT_CLIENT, .cn = "No names");
    assert_int_equal(pca_cert_san_count(cert), 0);
    text = text_of(f, cert);
    assert_lacks(text, "Subject Alternative Name");
    assert_lacks(text, "E-mail Protection");
    free(text);
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .type = PCA_CERT_CLIENT, .cn = "host.internal"); /* a client's is no host name */
    assert_int_equal(pca_cert_san_count(cert), 0);
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .type = PCA_CERT_CLIENT, .email = {"nobody@example.com"});
    assert_int_equal(pca_cert_san_count(cert), 1);
    pca_cert_free(cert);
}

static void both_purposes(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .type = PCA_CERT_BOTH, .cn = "node7.internal", .ip = {"192.0.2.7"}, .email = {"n7@example.com"},
                              .uri = {"spiffe://example.com/node/7"});
    assert_int_equal(pca_cert_type(cert), PCA_CERT_BOTH);
    assert_int_equal(pca_cert_san_count(cert), 4);
    assert_true(has_san(cert, PCA_SAN_DNS, "node7.internal"));
    char *text = text_of(f, cert);
    assert_contains(text, "TLS Web Server Authentication, TLS Web Client Authentication");
    free(text);
    assert_verifies(f, cert);
    pca_cert_free(cert);
}

static void subject_defaults(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal");
    assert_string_equal(pca_cert_subject(cert), "CN=a.internal,O=Example,C=DE");
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .cn = "a.internal", .unit = "Lab"); /* one is set: nothing is inherited */
    assert_string_equal(pca_cert_subject(cert), "CN=a.internal,OU=Lab");
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .cn = "a.internal", .country = "");
    assert_string_equal(pca_cert_subject(cert), "CN=a.internal");
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .cn = "a.internal", .organization = "Acme, Inc.", .unit = "R+D", .country = "CN", .state = "浙江省",
                    .locality = "杭州市");
    char *text = text_of(f, cert);
    assert_contains(text, "浙江省");
    assert_contains(text, "杭州市");
    free(text);
    assert_non_null(strstr(pca_cert_subject(cert), "O=Acme\\, Inc.")); /* RFC 4514 */
    assert_non_null(strstr(pca_cert_subject(cert), "OU=R\\+D"));
    pca_cert_free(cert);
}

static void longest_texts(void **state)
{
    struct fixture *f = *state;
    char *cjk64 = repeated("漢", 64), *x64 = repeated("x", 64), *x128 = repeated("x", 128), *label = repeated("l", 63);
    pca_cert *cert = issue_as(f, f->sub, .type = PCA_CERT_CLIENT, .cn = cjk64, .organization = cjk64, .unit = x64, .country = "DE", .state = x128,
                              .locality = x128, .alias = cjk64);
    assert_non_null(strstr(pca_cert_subject(cert), cjk64));
    assert_string_equal(pca_cert_alias(cert), cjk64);
    pca_cert_free(cert);
    char name[254];
    snprintf(name, sizeof name, "%s.%s.%s.%.61s", label, label, label, label); /* 253 octets */
    assert_int_equal(strlen(name), 253);
    cert = issue_as(f, f->sub, .cn = "short.internal", .dns = {name});
    assert_true(has_san(cert, PCA_SAN_DNS, name));
    pca_cert_free(cert);
    free(cjk64);
    free(x64);
    free(x128);
    free(label);
}

/* ---- Refusals: arguments ---- */

static void refused_arguments(void **state)
{
    struct fixture *f = *state;
    char *a65 = repeated("a", 65), *cjk65 = repeated("漢", 65);
    const struct refusal rows[] = {
        {"no type", {.type = NO_TYPE, .cn = "a.internal"}, PCA_E_INVALID, "type", "type"},
        {"type 9", {.type = 9, .cn = "a.internal"}, PCA_E_INVALID, "type", NULL},
        {"type -1", {.type = -1, .cn = "a.internal"}, PCA_E_INVALID, "type", NULL},
        {"algorithm 99", {.cn = "a.internal", .algorithm = 99}, PCA_E_INVALID, "key_algorithm", NULL},
        {"algorithm -1", {.cn = "a.internal", .algorithm = -1}, PCA_E_INVALID, "key_algorithm", NULL},
        {"alias of 65", {.cn = "a.internal", .alias = a65}, PCA_E_INVALID, "alias", "64"},
        {"alias of 65 CJK", {.cn = "a.internal", .alias = cjk65}, PCA_E_INVALID, "alias", "64"},
        {"alias with a line end", {.cn = "a.internal", .alias = "a\nb"}, PCA_E_INVALID, "alias", NULL},
        {"alias not UTF-8", {.cn = "a.internal", .alias = "a\xff"}, PCA_E_INVALID, "alias", NULL},
        {"token of 65", {.cn = "a.internal", .token = a65}, PCA_E_INVALID, "token", "64"},
        {"token of none", {.cn = "a.internal", .token = ""}, PCA_E_INVALID, "token", NULL},
        {"token not ASCII", {.cn = "a.internal", .token = "é"}, PCA_E_INVALID, "token", NULL},
        {"token with a control character", {.cn = "a.internal", .token = "a\tb"}, PCA_E_INVALID, "token", NULL},
    };
    refuse_all(f, rows, COUNT(rows));
    free(a65);
    free(cjk65);
}

static void refused_builders(void **state)
{
    struct fixture *f = *state;
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    pca_request *r = request_new_server("a.internal");
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    pca_request_set_key_algorithm(r, PCA_KEY_EC_P256);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", NULL, NULL);
    pca_request_free(r);

    r = request_new_server("a.internal");
    pca_request_set_months(r, 24);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "validity", NULL);
    pca_request_free(r);
    r = request_new_server("a.internal");
    pca_request_set_longest(r);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "validity", NULL);
    pca_request_free(r);

    r = request_new_server("a.internal");
    pca_request_set_crl_url(r, "http://crl.example/x.crl");
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "crl_url", NULL);
    pca_request_free(r);
    r = request_new_server("a.internal");
    pca_request_set_crl_days(r, 7);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "crl_days", NULL);
    pca_request_free(r);
    r = request_new_server("a.internal");
    pca_request_set_path_length(r, 0);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "path_length", NULL);
    pca_request_free(r);
    r = request_new_server("a.internal");
    pca_request_set_crl_address(r, 2);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "crl_address", NULL);
    pca_request_free(r);
    r = request_new_server("a.internal");
    pca_request_use_csr_subject(r);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", NULL, NULL);
    pca_request_free(r);
    r = request_new_server("a.internal");
    pca_request_use_csr_san(r);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", NULL, NULL);
    pca_request_free(r);
}

static void null_arguments(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal"), *copy = POISON;
    pca_cert *cert = POISON;
    pca_findings *findings = POISON;
    assert_code(f->err, PCA_E_INVALID, pca_sub_request(NULL, r, &cert, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_sub_request(f->sub, NULL, &cert, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_sub_request(f->sub, r, NULL, f->err));
    assert_code(NULL, PCA_E_INVALID, pca_sub_request(NULL, r, &cert, NULL));
    assert_code(f->err, PCA_E_INVALID, pca_sub_check_request(NULL, r, &findings, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_sub_check_request(f->sub, NULL, &findings, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_request_clone(NULL, &copy, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_request_clone(r, NULL, f->err));
    assert_poisoned(cert);
    assert_poisoned(findings);
    assert_poisoned(copy);
    assert_int_equal(pca_request_set_type(NULL, PCA_CERT_SERVER), PCA_E_INVALID);
    assert_int_equal(pca_request_add_dns(NULL, "a"), PCA_E_INVALID);
    assert_int_equal(pca_request_reset(NULL), PCA_E_INVALID);
    assert_int_equal(pca_request_add_dns(r, NULL), PCA_E_INVALID);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", NULL, NULL);
    assert_int_equal(remaining_of_sub(f, f->sub), 10);
    assert_int_equal(pca_request_reset(r), PCA_OK);
    assert_int_equal(pca_request_set_csr(r, NULL, 10), PCA_E_INVALID);
    pca_request_reset(r);
    assert_int_equal(pca_request_set_public_key(r, NULL, 10), PCA_E_INVALID);
    pca_request_free(r);
    pca_request_free(NULL);
    pca_cert_free(NULL);
    pca_findings_free(NULL);
    assert_int_equal(pca_findings_count(NULL), 0);
    assert_int_equal(pca_cert_id(NULL), 0);
    assert_string_equal(pca_cert_serial(NULL), "");
    assert_int_equal(pca_cert_san_count(NULL), 0);
    assert_string_equal(pca_cert_san_at(NULL, 0), "");
}

/* The first refusal stays, is reported in full by the verb, and goes with reset. */
static void first_refusal_stays(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal"), *copy = NULL;
    assert_int_equal(pca_request_set_type(r, 9), PCA_E_INVALID);
    assert_int_equal(pca_request_set_type(r, PCA_CERT_SERVER), PCA_E_INVALID);
    assert_int_equal(pca_request_set_crl_address(r, 7), PCA_E_INVALID);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "type", NULL);
    if (pca_request_clone(r, &copy, f->err) == PCA_OK) {
        assert_refused(f, f->sub, copy, PCA_E_INVALID, "request", "type", NULL);
        pca_request_free(copy);
    }
    assert_ok(NULL, pca_request_reset(r));
    assert_ok(NULL, pca_request_set_type(r, PCA_CERT_SERVER));
    assert_ok(NULL, pca_request_set_common_name(r, "b.internal"));
    assert_ok(NULL, pca_request_set_years(r, 1));
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_string_equal(pca_cert_san_at(cert, 0), "b.internal"); /* nothing is left of what was before */
    assert_int_equal(pca_cert_san_count(cert), 1);
    pca_cert_free(cert);
    pca_request_free(r);
}

static void request_is_copied_and_shared(void **state)
{
    struct fixture *f = *state;
    pca_request *r = pca_request_new(), *copy = NULL;
    char cn[] = "a.internal", dns[] = "b.internal";
    pca_request_set_type(r, PCA_CERT_SERVER);
    pca_request_set_common_name(r, cn);
    pca_request_add_dns(r, dns);
    pca_request_set_years(r, 1);
    memset(cn, 'z', 3);
    memset(dns, 'z', 3);
    assert_ok(f->err, pca_request_clone(r, &copy, f->err));
    assert_ok(NULL, pca_request_add_dns(r, "c.internal"));
    pca_cert *one = NULL, *two = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, copy, &one, f->err));
    assert_ok(f->err, pca_sub_request(f->sub, copy, &two, f->err)); /* a request is not used up */
    assert_int_equal(pca_cert_san_count(one), 2);
    assert_true(has_san(one, PCA_SAN_DNS, "a.internal"));
    assert_true(has_san(one, PCA_SAN_DNS, "b.internal"));
    assert_int_not_equal(pca_cert_id(one), pca_cert_id(two));
    assert_string_not_equal(pca_cert_serial(one), pca_cert_serial(two));
    pca_cert_free(one);
    pca_cert_free(two);
    pca_request_free(copy);
    pca_request_free(r);
}

/* ---- Refusals: subject and alternative names ---- */

static void pitfall_27_refused_subjects(void **state)
{
    struct fixture *f = *state;
    char *x65 = repeated("x", 65), *x129 = repeated("x", 129), *cjk65 = repeated("漢", 65), *cjk129 = repeated("漢", 129);
    char long_host[80];
    snprintf(long_host, sizeof long_host, "%.40s.%.30s", x65, x65);
    const struct refusal rows[] = {
        {"client without a name", {.type = PCA_CERT_CLIENT}, PCA_E_NAME, "common_name", NULL},
        {"client with an empty name", {.type = PCA_CERT_CLIENT, .cn = ""}, PCA_E_NAME, "common_name", NULL},
        {"line end", {.type = PCA_CERT_CLIENT, .cn = "a\nb"}, PCA_E_NAME, "common_name", NULL},
        {"control character", {.type = PCA_CERT_CLIENT, .cn = "a\001b"}, PCA_E_NAME, "common_name", NULL},
        {"delete", {.type = PCA_CERT_CLIENT, .cn = "a\177b"}, PCA_E_NAME, "common_name", NULL},
        {"C1 control character", {.type = PCA_CERT_CLIENT, .cn = "a\302\205b"}, PCA_E_NAME, "common_name", NULL},
        {"CN of 65", {.type = PCA_CERT_CLIENT, .cn = x65}, PCA_E_NAME, "common_name", "64"},
        {"CN of 65 CJK", {.type = PCA_CERT_CLIENT, .cn = cjk65}, PCA_E_NAME, "common_name", "64"},
        {"server CN of 71", {.cn = long_host}, PCA_E_NAME, "common_name", "64"},
        {"O of 65", {.cn = "a.internal", .organization = x65}, PCA_E_NAME, "organization", "64"},
        {"O with a control character", {.cn = "a.internal", .organization = "a\033[0m"}, PCA_E_NAME, "organization", NULL},
        {"OU of 65", {.cn = "a.internal", .unit = cjk65}, PCA_E_NAME, "unit", "64"},
        {"ST of 129", {.cn = "a.internal", .state = x129}, PCA_E_NAME, "state", "128"},
        {"L of 129", {.cn = "a.internal", .locality = cjk129}, PCA_E_NAME, "locality", "128"},
        {"C of three", {.cn = "a.internal", .country = "usa"}, PCA_E_NAME, "country", NULL},
        {"C of three, upper case", {.cn = "a.internal", .country = "USA"}, PCA_E_NAME, "country", NULL},
        {"C of one", {.cn = "a.internal", .country = "U"}, PCA_E_NAME, "country", NULL},
        {"C with a digit", {.cn = "a.internal", .country = "u1"}, PCA_E_NAME, "country", NULL},
        {"C not ASCII", {.cn = "a.internal", .country = "é"}, PCA_E_NAME, "country", NULL},
    };
    refuse_all(f, rows, COUNT(rows));
    free(x65);
    free(x129);
    free(cjk65);
    free(cjk129);
}

/* Whichever stage refuses it: it is not issued. */
static void pitfall_27_never_issued(void **state)
{
    struct fixture *f = *state;
    static const struct wish rows[] = {
        {.type = PCA_CERT_CLIENT, .cn = "not UTF-8 \xff"},  {.type = PCA_CERT_CLIENT, .cn = "cut short \xe6\xbc"},
        {.type = PCA_CERT_CLIENT, .cn = "overlong \xc0\x80"}, {.type = PCA_CERT_CLIENT, .cn = "surrogate \xed\xa0\x80"},
        {.type = PCA_CERT_CLIENT, .cn = " leading space"},  {.type = PCA_CERT_CLIENT, .cn = "trailing space "},
        {.type = PCA_CERT_CLIENT, .cn = "..."},             {.type = PCA_CERT_CLIENT, .cn = " "},
        {.cn = "a.internal", .organization = "\xff"},       {.cn = "a.internal", .organization = " x"},
    };
    char *before = snapshot_store(f);
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_cert *cert = POISON;
        pca_request *r = request_of(&rows[i]);
        int rc = pca_sub_request(f->sub, r, &cert, f->err);
        if (rc != PCA_E_NAME && rc != PCA_E_LINT && rc != PCA_E_INVALID)
            print_error("row %zu (%s)\n", i, rows[i].cn);
        assert_true(rc == PCA_E_NAME || rc == PCA_E_LINT || rc == PCA_E_INVALID);
        assert_poisoned(cert);
        pca_request_free(r);
    }
    assert_store_unchanged(f, before);
}

/* A country is two capitals in the certificate; small letters are refused or raised. */
static void country_in_small_letters(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = POISON;
    pca_request *r = request_of(&(struct wish){.cn = "a.internal", .country = "us"});
    if (pca_sub_request(f->sub, r, &cert, f->err) == PCA_OK) {
        assert_string_equal(pca_cert_subject(cert), "CN=a.internal,C=US");
        pca_cert_free(cert);
    } else {
        assert_int_equal(pca_error_code(f->err), PCA_E_NAME);
        assert_string_equal(pca_error_field(f->err), "country");
        assert_poisoned(cert);
    }
    pca_request_free(r);
}

static void refused_dns_names(void **state)
{
    struct fixture *f = *state;
    char *label64 = repeated("l", 64), *label63 = repeated("l", 63);
    char name254[256];
    snprintf(name254, sizeof name254, "%s.%s.%s.%.62s", label63, label63, label63, label63);
    assert_int_equal(strlen(name254), 254);
    const char *const names[] = {
        "10.0.0.1", "2001:db8::1", "::1", "*.com", "*", "*.", "a.*.b", "f*.example.com", "*f.example.com", "*.*.example.com",
        "bücher.example", "例え.jp", "a_b.example.com", "_sip._tcp.example.com", "example.com.", ".example.com", "a..b", "-a.example",
        "a-.example", "a b.example", "a\tb.example", "a\001.example", "ada@example.com", "http://example.com", "example.com/x",
        "example.com:443", "xn--.example", "xn--\xc3\xbc.example", "ab--cd.example", ".", "", label64, name254,
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        /* Second, behind a good one: the field counts from zero. */
        const struct refusal row = {names[i], {.cn = "good.internal", .dns = {"good.internal", names[i]}}, PCA_E_SAN, "san[1]", NULL};
        refuse_all(f, &row, 1);
    }
    free(label64);
    free(label63);
}

static void refused_other_names(void **state)
{
    struct fixture *f = *state;
    static const char *const addresses[] = {"300.1.1.1", "1.2.3",  "10.0.0.1/8", "fe80::1%eth0", "db1.internal", "1:2:3:4:5:6:7:8:9",
                                            "01.2.3.4",  "1.2.3.4 ", " 1.2.3.4", "0x7f.1",        "::1::",        "[::1]", "", "*"};
    static const char *const mails[] = {"ada", "@example.com", "ada@", "a@b@c.example", "ada <ada@example.com>", "ädä@example.com",
                                        "ada@exämple.com", "ada@exa mple.com", "a b@example.com", "ada@-x.example", "ada@example.com.",
                                        "ada\n@example.com", ".ada@example.com", "a..b@example.com", ""};
    static const char *const uris[] = {"relative/path", "//host/x", "http://", "http://exa mple.com/", "http://bücher.de/", "1http://a.example/",
                                       "http://a.example/\001", "http://a.example/<>", "://x", "http://localhost/x", "spiffe://internal:8443", ""};
    for (size_t i = 0; i < COUNT(addresses); i++) {
        const struct refusal row = {addresses[i], {.cn = "a.internal", .ip = {addresses[i]}}, PCA_E_SAN, "san[0]", NULL};
        refuse_all(f, &row, 1);
    }
    for (size_t i = 0; i < COUNT(mails); i++) {
        const struct refusal row = {mails[i], {.type = PCA_CERT_CLIENT, .cn = "a", .email = {mails[i]}}, PCA_E_SAN, "san[0]", NULL};
        refuse_all(f, &row, 1);
    }
    for (size_t i = 0; i < COUNT(uris); i++) {
        const struct refusal row = {uris[i], {.type = PCA_CERT_CLIENT, .cn = "a", .uri = {uris[i]}}, PCA_E_SAN, "san[0]", NULL};
        refuse_all(f, &row, 1);
    }
    char *local65 = repeated("l", 65), *path = repeated("p", 1100);
    char mail[100], uri[1200];
    snprintf(mail, sizeof mail, "%s@example.com", local65);
    snprintf(uri, sizeof uri, "http://a.example/%s", path);
    const struct refusal rows[] = {
        {"local part of 65", {.type = PCA_CERT_CLIENT, .cn = "a", .email = {mail}}, PCA_E_SAN, "san[0]", NULL},
        {"URI of 1117", {.type = PCA_CERT_CLIENT, .cn = "a", .uri = {uri}}, PCA_E_SAN, "san[0]", "1024"},
    };
    refuse_all(f, rows, COUNT(rows));
    free(local65);
    free(path);
}

static void refused_kinds_of_names(void **state)
{
    struct fixture *f = *state;
    const struct refusal rows[] = {
        {"server with mail", {.cn = "a.internal", .email = {"a@example.com"}}, PCA_E_SAN, "san[0]", NULL},
        {"server with URI", {.cn = "a.internal", .dns = {"b.internal"}, .uri = {"http://a.example/"}}, PCA_E_SAN, "san[1]", NULL},
        {"client with DNS", {.type = PCA_CERT_CLIENT, .cn = "a", .dns = {"a.internal"}}, PCA_E_SAN, "san[0]", NULL},
        {"client with IP", {.type = PCA_CERT_CLIENT, .cn = "a", .ip = {"10.0.0.1"}}, PCA_E_SAN, "san[0]", NULL},
        {"server CN is a person", {.cn = "Ada Lovelace"}, PCA_E_SAN, "common_name", NULL},
        {"server CN is a person beside a name", {.cn = "Ada Lovelace", .dns = {"a.internal"}}, PCA_E_SAN, "common_name", NULL},
        {"server CN with an underscore", {.cn = "a_b.internal"}, PCA_E_SAN, "common_name", NULL},
        {"server CN *.com", {.cn = "*.com"}, PCA_E_SAN, "common_name", NULL},
        {"server CN with a dot at its end", {.cn = "a.internal."}, PCA_E_SAN, "common_name", NULL},
        {"server CN is a U-label", {.cn = "bücher.example"}, PCA_E_SAN, "common_name", NULL},
        {"both CN is a person", {.type = PCA_CERT_BOTH, .cn = "Ada Lovelace", .dns = {"a.internal"}}, PCA_E_SAN, "common_name", NULL},
        {"both with mail alone", {.type = PCA_CERT_BOTH, .email = {"a@example.com"}}, PCA_E_SAN, NULL, NULL},
        {"eleven",
         {.cn = "a.internal", .dns = {"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11"}},
         PCA_E_SAN,
         "san[10]",
         "10"},
        {"eleven of all kinds",
         {.type = PCA_CERT_BOTH,
          .cn = "a.internal",
          .dns = {"a1", "a2", "a3"},
          .ip = {"1.1.1.1", "1.1.1.2", "1.1.1.3"},
          .email = {"a@b.example", "b@b.example", "c@b.example"},
          .uri = {"http://a.example/1", "http://a.example/2"}},
         PCA_E_SAN,
         "san[10]",
         "10"},
    };
    refuse_all(f, rows, COUNT(rows));
}

/* ---- Validity ---- */

static void refused_validities(void **state)
{
    struct fixture *f = *state;
    int64_t from = T0 - 60, issuer_end = pca_ca_not_after(pca_sub_ca(f->sub));
    const struct refusal rows[] = {
        {"none", {.cn = "a.internal", .form = NO_VALIDITY}, PCA_E_VALIDITY, "validity", NULL},
        {"0 days", {.cn = "a.internal", .form = DAYS, .span = 0}, PCA_E_VALIDITY, "days", NULL},
        {"-1 days", {.cn = "a.internal", .form = DAYS, .span = -1}, PCA_E_VALIDITY, "days", NULL},
        {"least days", {.cn = "a.internal", .form = DAYS, .span = INT64_MIN}, PCA_E_VALIDITY, "days", NULL},
        {"most days", {.cn = "a.internal", .form = DAYS, .span = INT64_MAX}, PCA_E_VALIDITY, "days", NULL},
        {"days that overflow seconds", {.cn = "a.internal", .form = DAYS, .span = INT64_MAX / 86400 + 1}, PCA_E_VALIDITY, "days", NULL},
        {"0 months", {.cn = "a.internal", .form = MONTHS, .span = 0}, PCA_E_VALIDITY, "months", NULL},
        {"-12 months", {.cn = "a.internal", .form = MONTHS, .span = -12}, PCA_E_VALIDITY, "months", NULL},
        {"most months", {.cn = "a.internal", .form = MONTHS, .span = INT64_MAX}, PCA_E_VALIDITY, "months", NULL},
        {"1201 months", {.cn = "a.internal", .form = MONTHS, .span = 1201}, PCA_E_VALIDITY, "months", NULL},
        {"0 years", {.cn = "a.internal", .form = YEARS, .span = 0}, PCA_E_VALIDITY, "years", NULL},
        {"-1 years", {.cn = "a.internal", .form = YEARS, .span = -1}, PCA_E_VALIDITY, "years", NULL},
        {"101 years", {.cn = "a.internal", .form = YEARS, .span = 101}, PCA_E_VALIDITY, "years", "100"},
        {"least years", {.cn = "a.internal", .form = YEARS, .span = INT64_MIN}, PCA_E_VALIDITY, "years", NULL},
        {"most years", {.cn = "a.internal", .form = YEARS, .span = INT64_MAX}, PCA_E_VALIDITY, "years", NULL},
        {"364 days", {.cn = "a.internal", .form = DAYS, .span = 364}, PCA_E_VALIDITY, "days", "short_lived"},
        {"11 months", {.cn = "a.internal", .form = MONTHS, .span = 11}, PCA_E_VALIDITY, "months", NULL},
        /* Past the issuer's end, 2032-01-15: the text names both dates. */
        {"6 years", {.cn = "a.internal", .form = YEARS, .span = 6}, PCA_E_VALIDITY, "years", "2033-01-15"},
        {"6 years, the limit", {.cn = "a.internal", .form = YEARS, .span = 6}, PCA_E_VALIDITY, "years", "2032-01-15"},
        {"a day past", {.cn = "a.internal", .form = DAYS, .span = 5 * 365 + 3}, PCA_E_VALIDITY, "days", "2032-01-15"},
        {"dates a second past", {.cn = "a.internal", .form = DATES, .span = from, .until = issuer_end + 1}, PCA_E_VALIDITY, "not_after", "2032-01-15"},
        {"a second before the issuer", {.cn = "a.internal", .form = DATES, .span = from - 1, .until = from + 2 * YEAR}, PCA_E_VALIDITY, "not_before", "2027-01-15"},
        {"dates the wrong way round", {.cn = "a.internal", .form = DATES, .span = T0 + YEAR, .until = T0}, PCA_E_VALIDITY, NULL, NULL},
        {"dates of 364 days", {.cn = "a.internal", .form = DATES, .span = from, .until = from + 364 * DAY - 1}, PCA_E_VALIDITY, NULL, NULL},
        {"negative start", {.cn = "a.internal", .form = DATES, .span = -1, .until = T0 + YEAR}, PCA_E_VALIDITY, "not_before", NULL},
        {"least start", {.cn = "a.internal", .form = DATES, .span = INT64_MIN, .until = INT64_MAX}, PCA_E_VALIDITY, NULL, NULL},
        {"endless", {.cn = "a.internal", .form = DATES, .span = from, .until = INT64_MAX}, PCA_E_VALIDITY, "not_after", NULL},
    };
    refuse_all(f, rows, COUNT(rows));
}

static void check_dates(struct fixture *f, const struct wish *w, int64_t not_before, int64_t not_after)
{
    pca_cert *cert = issue_wish(f, f->sub, w);
    assert_int_equal(pca_cert_not_before(cert), not_before);
    assert_int_equal(pca_cert_not_after(cert), not_after);
    pca_cert_free(cert);
}
#define assert_dates(f, not_before, not_after, ...) check_dates((f), &(struct wish){.cn = "a.internal", __VA_ARGS__}, (not_before), (not_after))

static void spans(void **state)
{
    struct fixture *f = *state;
    int64_t from = T0 - 60, issuer_end = pca_ca_not_after(pca_sub_ca(f->sub));
    assert_int_equal(pca_ca_not_before(pca_sub_ca(f->sub)), from);
    assert_int_equal(issuer_end, utc(2032, 1, 15, 11, 59, 0) - 1);
    assert_dates(f, from, from + 365 * DAY - 1, .form = DAYS, .span = 365);
    assert_dates(f, from, utc(2028, 1, 15, 11, 59, 0) - 1, .form = YEARS, .span = 1);
    assert_dates(f, from, utc(2028, 2, 15, 11, 59, 0) - 1, .form = MONTHS, .span = 13);
    assert_dates(f, from, issuer_end, .form = YEARS, .span = 5); /* as long as the issuer, to the second */
    assert_dates(f, T0 + DAY, T0 + 3 * YEAR, .form = DATES, .span = T0 + DAY, .until = T0 + 3 * YEAR);
    assert_dates(f, from, from + 365 * DAY - 1, .form = DATES, .span = from, .until = from + 365 * DAY - 1);
    assert_dates(f, from, issuer_end, .form = LONGEST);
    set_policy(f, "backdate_seconds", 3600);
    assert_dates(f, from, from + 365 * DAY - 1, .form = DAYS, .span = 365); /* never before the issuer's */
    f->clock.now = T0 + 100 * DAY;
    assert_dates(f, T0 + 100 * DAY - HOUR, T0 + 465 * DAY - HOUR - 1, .form = DAYS, .span = 365);
}

static void longest_takes_less_than_a_year(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &root, &sub);
    enable_root(f, &root, "Root");
    pca_request *r = request_new_ca("Sub", NULL);
    assert_ok(NULL, pca_request_set_years(r, 1));
    assert_ok(f->err, pca_sub_enable(sub, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &sub);
    f->clock.now = T0 + 200 * DAY;
    pca_cert *cert = issue_as(f, sub, .cn = "a.internal", .form = LONGEST);
    assert_int_equal(pca_cert_not_before(cert), T0 + 200 * DAY - 60);
    assert_int_equal(pca_cert_not_after(cert), pca_ca_not_after(pca_sub_ca(sub)));
    pca_cert_free(cert);
    pca_sub_free(sub);
    pca_root_free(root);
}

static void short_lived(void **state)
{
    struct fixture *f = *state;
    int64_t from = T0 - 60;
    set_policy(f, "short_lived", 1);
    assert_dates(f, from, from + DAY - 1, .form = DAYS, .span = 1);
    assert_dates(f, from, from + 90 * DAY - 1, .form = DAYS, .span = 90);
    assert_dates(f, from, utc(2027, 2, 15, 11, 59, 0) - 1, .form = MONTHS, .span = 1);
    assert_dates(f, T0, T0 + 59, .form = DATES, .span = T0, .until = T0 + 59); /* 60 s, both ends counted */
    const struct refusal rows[] = {
        {"59 s", {.cn = "a.internal", .form = DATES, .span = T0, .until = T0 + 58}, PCA_E_VALIDITY, NULL, NULL},
        {"0 days", {.cn = "a.internal", .form = DAYS, .span = 0}, PCA_E_VALIDITY, "days", NULL},
        {"past", {.cn = "a.internal", .form = DATES, .span = T0 - 60, .until = T0 - 1}, PCA_E_VALIDITY, "not_after", NULL},
    };
    refuse_all(f, rows, COUNT(rows));
    set_policy(f, "short_lived", 0);
    const struct refusal again = {"off", {.cn = "a.internal", .form = DAYS, .span = 90}, PCA_E_VALIDITY, "days", NULL};
    refuse_all(f, &again, 1);
}

/* 28 and 29 February, the last of a month. */
static void pitfall_25_leap_days(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int year, month, day;
        enum form form;
        int64_t span;
        int to_year, to_month, to_day;
    } rows[] = {
        {2028, 2, 29, YEARS, 1, 2029, 2, 28},   {2028, 2, 29, YEARS, 4, 2032, 2, 29},  {2028, 2, 29, MONTHS, 12, 2029, 2, 28},
        {2028, 1, 31, MONTHS, 13, 2029, 2, 28}, {2027, 12, 31, MONTHS, 14, 2029, 2, 28}, {2027, 12, 31, MONTHS, 15, 2029, 3, 31},
        {2027, 8, 31, MONTHS, 13, 2028, 9, 30}, {2027, 2, 28, YEARS, 1, 2028, 2, 28},  {2027, 3, 1, YEARS, 1, 2028, 3, 1},
        {2027, 2, 28, DAYS, 366, 2028, 2, 29},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fixture *g;
        int64_t from = utc(rows[i].year, rows[i].month, rows[i].day, 23, 0, 0);
        fixture_setup((void **)&g);
        g->clock.now = from + 60;
        make_region(g);
        make_ca(g, PCA_FAMILY_ECC, 0, 120, &g->root, &g->sub);
        assert_dates(g, from, utc(rows[i].to_year, rows[i].to_month, rows[i].to_day, 23, 0, 0) - 1, .form = rows[i].form, .span = rows[i].span);
        assert_int_equal(fixture_teardown((void **)&g), 0);
    }
    (void)f;
}

static void pitfall_25_utctime_generalizedtime(void **state)
{
    struct fixture *f = *state;
    static const int64_t years[] = {200, 150};
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 1200, &root, &sub);
    pca_request *r = request_new_ca("Long Root", NULL);
    pca_request_set_years(r, years[0]);
    assert_ok(f->err, pca_root_enable(root, r, f->err));
    pca_request_free(r);
    r = request_new_ca("Long Sub", NULL);
    pca_request_set_years(r, years[1]);
    assert_ok(f->err, pca_sub_enable(sub, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &sub);
    static const struct {
        int64_t until;
        uint8_t tag;
        const char *text;
    } rows[] = {
        {INT64_C(2524607999), 0x17, "491231235959Z"},
        {INT64_C(2524608000), 0x18, "20500101000000Z"},
        {INT64_C(4102444799), 0x18, "20991231235959Z"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_blob *der = NULL;
        pca_cert *cert = issue_as(f, sub, .cn = "a.internal", .form = DATES, .span = T0, .until = rows[i].until);
        assert_ok(f->err, pca_cert_der(cert, &der, f->err));
        struct der from = der_at(tbs_field(pca_blob_data(der), 4).contents), until = der_at(from.end);
        assert_int_equal(from.at[0], 0x17);
        assert_int_equal(until.at[0], rows[i].tag);
        assert_int_equal(until.size, strlen(rows[i].text));
        assert_memory_equal(until.contents, rows[i].text, until.size);
        pca_blob_free(der);
        pca_cert_free(cert);
    }
    pca_cert *cert = issue_as(f, sub, .cn = "a.internal", .form = YEARS, .span = 100);
    assert_int_equal(pca_cert_not_after(cert), utc(2127, 1, 15, 11, 59, 0) - 1);
    pca_cert_free(cert);
    cert = issue_as(f, sub, .cn = "a.internal", .form = LONGEST); /* 100 years, below the issuer's 150 */
    assert_int_equal(pca_cert_not_after(cert), utc(2127, 1, 15, 11, 59, 0) - 1);
    pca_cert_free(cert);
    cert = POISON;
    r = request_of(&(struct wish){.cn = "a.internal", .form = DATES, .span = T0, .until = utc(2127, 1, 15, 12, 0, 0)});
    assert_refused(f, sub, r, PCA_E_VALIDITY, "request", NULL, "100");
    pca_request_free(r);
    pca_sub_free(sub);
    pca_root_free(root);
}

/* A service of n = 1..11 months issues for at most the longest run of n calendar months. */
static void caps_of_short_services(void **state)
{
    struct fixture *f = *state;
    static const int64_t cap[] = {31, 62, 92, 123, 153, 184, 215, 245, 276, 306, 337};
    for (uint64_t n = 1; n <= COUNT(cap); n++) {
        int64_t most = cap[n - 1];
        char limit[16];
        snprintf(limit, sizeof limit, "%" PRId64, most);
        make_ca(f, PCA_FAMILY_ECC, 0, n, &f->root, &f->sub);
        assert_dates(f, T0 - 60, T0 - 60 + most * DAY - 1, .form = DAYS, .span = most);
        assert_dates(f, T0 - 60, T0 - 60 + DAY - 1, .form = DAYS, .span = 1);
        assert_dates(f, T0 - 60, T0 - 60 + most * DAY - 1, .form = LONGEST);
        pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .form = MONTHS, .span = (int64_t)n);
        pca_cert_free(cert);
        const struct refusal rows[] = {
            {limit, {.cn = "a.internal", .form = DAYS, .span = most + 1}, PCA_E_VALIDITY, "days", limit},
            {limit, {.cn = "a.internal", .form = YEARS, .span = 1}, PCA_E_VALIDITY, "years", limit},
            {limit, {.cn = "a.internal", .form = DATES, .span = T0, .until = T0 + most * DAY}, PCA_E_VALIDITY, NULL, limit},
            {limit, {.cn = "a.internal", .form = DAYS, .span = 0}, PCA_E_VALIDITY, "days", NULL},
        };
        refuse_all(f, rows, COUNT(rows));
        pca_sub_free(f->sub);
        pca_root_free(f->root);
        f->sub = NULL;
        f->root = NULL;
    }
}

/* Renewals count: 6 months and 6 more are a service of a year. */
static void cap_after_renewal(void **state)
{
    struct fixture *f = *state;
    make_ca(f, PCA_FAMILY_ECC, 0, 6, &f->root, &f->sub);
    pca_request *r = request_new_server("a.internal");
    assert_refused(f, f->sub, r, PCA_E_VALIDITY, "request", "years", "184");
    assert_ok(f->err, pca_root_renew(f->root, 6, NULL, f->err));
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    pca_cert_free(cert);
    pca_request_free(r);
}

/* ---- CRL address ---- */

static void crl_address(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *bare = NULL;
    pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal");
    char *text = text_of(f, cert);
    assert_contains(text, "URI:" SUB_CRL_URL);
    free(text);
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .cn = "a.internal", .crl_address = 1);
    text = text_of(f, cert);
    assert_contains(text, "URI:" SUB_CRL_URL);
    free(text);
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .cn = "a.internal", .crl_address = 2);
    text = text_of(f, cert);
    assert_lacks(text, "CRL Distribution");
    free(text);
    pca_cert_free(cert);

    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &root, &bare);
    enable_root(f, &root, "Bare Root");
    pca_request *r = request_new_ca("Bare Sub", NULL);
    assert_ok(f->err, pca_sub_enable(bare, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &bare);
    cert = issue_as(f, bare, .cn = "a.internal");
    text = text_of(f, cert);
    assert_lacks(text, "CRL Distribution");
    free(text);
    pca_cert_free(cert);
    r = request_of(&(struct wish){.cn = "a.internal", .crl_address = 1});
    assert_refused(f, bare, r, PCA_E_INVALID, "request", "crl_address", NULL);
    pca_request_free(r);
    pca_sub_free(bare);
    pca_root_free(root);
}

/* ---- Quota ---- */

static void pitfall_36_units(void **state)
{
    struct fixture *f = *state;
    pca_request *good = request_new_server("a.internal"), *bad = request_new_server("*.com");
    pca_findings *findings = NULL;
    for (uint64_t left = 10; left > 0; left--) {
        pca_cert *cert = NULL, *none = POISON;
        assert_int_equal(pca_sub_request(f->sub, bad, &none, f->err), PCA_E_SAN);
        assert_ok(f->err, pca_sub_check_request(f->sub, good, &findings, f->err));
        pca_findings_free(findings);
        assert_int_equal(remaining_of_sub(f, f->sub), left);
        assert_ok(f->err, pca_sub_request(f->sub, good, &cert, f->err));
        pca_cert_free(cert);
    }
    assert_refused(f, f->sub, good, PCA_E_QUOTA, object_name("sub", pca_ca_id(pca_sub_ca(f->sub))), NULL, "0");
    refresh_sub(f, &f->sub);
    assert_int_equal(pca_sub_remaining(f->sub), 0);
    assert_int_equal(pca_sub_issued(f->sub), 10);
    assert_int_equal(pca_sub_reserved(f->sub), 0);
    stock(f, f->root, f->sub, 1);
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, good, &cert, f->err));
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(cert, f->err)); /* gives nothing back */
    assert_int_equal(remaining_of_sub(f, f->sub), 0);
    pca_cert_free(cert);
    pca_request_free(good);
    pca_request_free(bad);
}

struct racer {
    const pca_sub *sub;
    const pca_request *request;
    unsigned issued, quota, other;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    for (int i = 0; i < 10; i++) {
        pca_cert *cert = NULL;
        int rc = pca_sub_request(racer->sub, racer->request, &cert, NULL);
        racer->issued += rc == PCA_OK;
        racer->quota += rc == PCA_E_QUOTA;
        racer->other += rc != PCA_OK && rc != PCA_E_QUOTA;
        pca_cert_free(cert);
    }
    return NULL;
}

static void pitfall_23_last_units(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal");
    pthread_t thread[4];
    struct racer racer[4];
    unsigned issued = 0, quota = 0, other = 0;
    for (int i = 0; i < 4; i++) {
        racer[i] = (struct racer){f->sub, r, 0, 0, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, race, &racer[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        issued += racer[i].issued;
        quota += racer[i].quota;
        other += racer[i].other;
    }
    assert_int_equal(issued, 10);
    assert_int_equal(quota, 30);
    assert_int_equal(other, 0);
    assert_int_equal(remaining_of_sub(f, f->sub), 0);
    pca_request_free(r);
}

/* ---- States ---- */

static void pitfall_12_states_of_the_subordinate(void **state)
{
    struct fixture *f = *state;
    const char *sub = object_name("sub", pca_ca_id(pca_sub_ca(f->sub)));
    pca_request *r = request_new_server("a.internal");
    assert_ok(f->err, pca_ca_disable(pca_sub_ca(f->sub), f->err));
    assert_refused(f, f->sub, r, PCA_E_STATE, sub, NULL, "disabled");
    assert_ok(f->err, pca_ca_resume(pca_sub_ca(f->sub), f->err));
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    pca_cert_free(cert);
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_CESSATION_OF_OPERATION, 0, NULL, f->err));
    assert_refused(f, f->sub, r, PCA_E_STATE, sub, NULL, "revoked");
    pca_request_free(r);
}

static void pitfall_12_states_of_the_root(void **state)
{
    struct fixture *f = *state;
    const char *root = object_name("root", pca_ca_id(pca_root_ca(f->root)));
    const char *sub = object_name("sub", pca_ca_id(pca_sub_ca(f->sub)));
    pca_request *r = request_new_server("a.internal");
    assert_ok(f->err, pca_ca_disable(pca_root_ca(f->root), f->err));
    assert_refused(f, f->sub, r, PCA_E_PARENT_STATE, root, NULL, "disabled");
    assert_ok(f->err, pca_ca_disable(pca_sub_ca(f->sub), f->err));
    assert_refused(f, f->sub, r, PCA_E_STATE, sub, NULL, NULL); /* its own comes first */
    assert_ok(f->err, pca_ca_resume(pca_sub_ca(f->sub), f->err));
    assert_ok(f->err, pca_ca_resume(pca_root_ca(f->root), f->err));
    assert_ok(f->err, pca_ca_revoke(pca_root_ca(f->root), PCA_REASON_CESSATION_OF_OPERATION, 0, NULL, f->err));
    assert_refused(f, f->sub, r, PCA_E_PARENT_STATE, root, NULL, "revoked");
    pca_request_free(r);
}

static void pitfall_12_not_enabled(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal");
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &f->root, &f->sub);
    const char *sub = object_name("sub", pca_ca_id(pca_sub_ca(f->sub)));
    assert_refused(f, f->sub, r, PCA_E_STATE, sub, NULL, NULL);
    enable_root(f, &f->root, "Root");
    assert_refused(f, f->sub, r, PCA_E_STATE, sub, NULL, NULL);
    pca_request_free(r);
}

static void term_over(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal");
    pca_cert *cert = NULL;
    make_ca(f, PCA_FAMILY_ECC, 0, 12, &f->root, &f->sub);
    const char *sub = object_name("sub", pca_ca_id(pca_sub_ca(f->sub)));
    int64_t end = pca_ca_service_end(pca_sub_ca(f->sub));
    assert_int_equal(end, utc(2028, 1, 15, 12, 0, 0));
    f->clock.now = end - 1;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    pca_cert_free(cert);
    f->clock.now = end; /* up to but not including */
    assert_refused(f, f->sub, r, PCA_E_EXPIRED, sub, NULL, "2028-01-15");
    assert_ok(f->err, pca_ca_disable(pca_sub_ca(f->sub), f->err));
    assert_refused(f, f->sub, r, PCA_E_EXPIRED, sub, NULL, "2028-01-15"); /* worse than disabled */
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_refused(f, f->sub, r, PCA_E_STATE, sub, NULL, "revoked"); /* worse than expired */
    pca_request_free(r);
}

static void renewed_after_the_end(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_server("a.internal");
    pca_cert *cert = NULL;
    make_ca(f, PCA_FAMILY_ECC, 0, 12, &f->root, &f->sub);
    f->clock.now = pca_ca_service_end(pca_sub_ca(f->sub)) + DAY;
    assert_refused(f, f->sub, r, PCA_E_EXPIRED, NULL, NULL, NULL);
    assert_ok(f->err, pca_root_renew(f->root, 12, NULL, f->err));
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err)); /* its units were kept */
    pca_cert_free(cert);
    pca_request_free(r);
}

static void certificate_of_the_ca_over(void **state)
{
    struct fixture *f = *state;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &f->root, &f->sub);
    enable_root(f, &f->root, "Root");
    pca_request *r = request_new_ca("Sub", NULL);
    pca_request_set_years(r, 1);
    assert_ok(f->err, pca_sub_enable(f->sub, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &f->sub);
    const char *sub = object_name("sub", pca_ca_id(pca_sub_ca(f->sub)));
    set_policy(f, "short_lived", 1);
    r = request_of(&(struct wish){.cn = "a.internal", .form = LONGEST});
    pca_cert *cert = NULL;
    f->clock.now = pca_ca_not_after(pca_sub_ca(f->sub)) - 60;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_int_equal(pca_cert_not_after(cert), pca_ca_not_after(pca_sub_ca(f->sub)));
    pca_cert_free(cert);
    f->clock.now = pca_ca_not_after(pca_sub_ca(f->sub)) + 1;
    assert_refused(f, f->sub, r, PCA_E_EXPIRED, sub, NULL, "2028-01-15");
    pca_request_free(r);
}

/* ---- The order of checks ---- */

enum stage { AT_ARGUMENT, AT_CSR, AT_TOKEN, AT_CLOCK, AT_STATE, AT_PARENT, AT_ALGORITHM, AT_SAN, AT_VALIDITY, AT_CRL, AT_QUOTA, STAGES };

static pca_request *faulty_request(unsigned faults)
{
    struct wish w = {.cn = "db1.internal", .form = YEARS, .span = faults & 1u << AT_VALIDITY ? 101 : 1};
    char *long_alias = repeated("a", 65);
    if (faults & 1u << AT_ARGUMENT)
        w.alias = long_alias;
    if (faults & 1u << AT_TOKEN)
        w.token = "used";
    if (faults & 1u << AT_SAN)
        w.dns[0] = "*.com";
    if (faults & 1u << AT_CRL)
        w.crl_address = 1;
    if (faults & 1u << AT_ALGORITHM && !(faults & 1u << AT_CSR))
        w.algorithm = PCA_KEY_RSA_2048;
    pca_request *r = request_of(&w);
    if (faults & 1u << AT_CSR)
        pca_request_set_csr(r, "rubbish", 7);
    free(long_alias);
    return r;
}

static void spoil_world(struct fixture *f, unsigned faults)
{
    if (faults & 1u << AT_QUOTA)
        assert_ok(f->err, pca_root_assign(f->root, f->sub, 0, PCA_ANY, NULL, f->err));
    if (faults & 1u << AT_STATE)
        assert_ok(f->err, pca_ca_disable(pca_sub_ca(f->sub), f->err));
    if (faults & 1u << AT_PARENT)
        assert_ok(f->err, pca_ca_disable(pca_root_ca(f->root), f->err));
    if (faults & 1u << AT_CLOCK)
        f->clock.now = T0 - 2 * DAY;
}

static void mend_world(struct fixture *f, unsigned faults)
{
    f->clock.now = T0;
    if (faults & 1u << AT_PARENT)
        assert_ok(f->err, pca_ca_resume(pca_root_ca(f->root), f->err));
    if (faults & 1u << AT_STATE)
        assert_ok(f->err, pca_ca_resume(pca_sub_ca(f->sub), f->err));
    if (faults & 1u << AT_QUOTA)
        assert_ok(f->err, pca_root_assign(f->root, f->sub, 5, PCA_ANY, NULL, f->err));
}

/* Every pair of faults: the earlier stage answers, whatever else is wrong. */
static void order_of_checks(void **state)
{
    struct fixture *f = *state;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &f->root, &f->sub);
    enable_root(f, &f->root, "Root");
    pca_request *r = request_new_ca("Sub", NULL); /* without a CRL address */
    assert_ok(f->err, pca_sub_enable(f->sub, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &f->sub);
    const struct {
        const char *label;
        int code;
        const char *object, *field;
    } stage[STAGES] = {
        [AT_ARGUMENT] = {"argument", PCA_E_INVALID, "request", "alias"},
        [AT_CSR] = {"CSR", PCA_E_CSR, "request", "csr"},
        [AT_TOKEN] = {"token", PCA_E_TOKEN_REUSED, NULL, "token"},
        [AT_CLOCK] = {"clock", PCA_E_CLOCK, NULL, NULL},
        [AT_STATE] = {"state", PCA_E_STATE, object_name("sub", pca_ca_id(pca_sub_ca(f->sub))), NULL},
        [AT_PARENT] = {"parent", PCA_E_PARENT_STATE, object_name("root", pca_ca_id(pca_root_ca(f->root))), NULL},
        [AT_ALGORITHM] = {"algorithm", PCA_E_ALGORITHM, "request", "key_algorithm"},
        [AT_SAN] = {"SAN", PCA_E_SAN, "request", "san[0]"},
        [AT_VALIDITY] = {"validity", PCA_E_VALIDITY, "request", "years"},
        [AT_CRL] = {"CRL address", PCA_E_INVALID, "request", "crl_address"},
        [AT_QUOTA] = {"quota", PCA_E_QUOTA, object_name("sub", pca_ca_id(pca_sub_ca(f->sub))), NULL},
    };
    pca_cert *first = issue_as(f, f->sub, .cn = "first.internal", .token = "used");
    pca_cert_free(first);
    for (int early = 0; early < STAGES; early++) {
        for (int late = early; late < STAGES; late++) {
            unsigned faults = 1u << early | 1u << late;
            char label[64];
            snprintf(label, sizeof label, "%s before %s", stage[early].label, stage[late].label);
            spoil_world(f, faults);
            r = faulty_request(faults);
            check_refused(f, f->sub, r, stage[early].code, stage[early].object, stage[early].field, NULL, label, __FILE__, __LINE__);
            pca_request_free(r);
            mend_world(f, faults);
        }
    }
    unsigned all = (1u << STAGES) - 1;
    for (int early = 0; early < STAGES; early++) { /* all of them from one stage on */
        unsigned faults = all & ~((1u << early) - 1);
        spoil_world(f, faults);
        r = faulty_request(faults);
        check_refused(f, f->sub, r, stage[early].code, stage[early].object, stage[early].field, NULL, stage[early].label, __FILE__, __LINE__);
        pca_request_free(r);
        mend_world(f, faults);
    }
}

/* ---- Tokens ---- */

static void assert_replayed(struct fixture *f, const pca_request *r, uint64_t id, const char *serial)
{
    pca_cert *cert = NULL;
    uint64_t left = remaining_of_sub(f, f->sub);
    char *before = snapshot_store(f);
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_int_equal(pca_cert_id(cert), id);
    assert_string_equal(pca_cert_serial(cert), serial);
    assert_store_unchanged(f, before);
    assert_int_equal(remaining_of_sub(f, f->sub), left);
    pca_cert_free(cert);
}

static void pitfall_37_token_replay(void **state)
{
    struct fixture *f = *state;
    pca_cert *first = NULL, *again = NULL;
    pca_request *r = request_of(&(struct wish){.cn = "a.internal", .token = "first-boot", .form = YEARS, .span = 1});
    assert_ok(f->err, pca_sub_request(f->sub, r, &first, f->err));
    uint64_t id = pca_cert_id(first);
    char serial[64];
    snprintf(serial, sizeof serial, "%s", pca_cert_serial(first));
    assert_replayed(f, r, id, serial);
    f->clock.now = T0 + 10 * DAY; /* computed dates are not compared */
    assert_replayed(f, r, id, serial);

    static const struct wish others[] = {
        {.cn = "b.internal", .token = "first-boot"},
        {.cn = "a.internal", .token = "first-boot", .form = YEARS, .span = 2},
        {.cn = "a.internal", .token = "first-boot", .form = DAYS, .span = 365},
        {.cn = "a.internal", .token = "first-boot", .dns = {"b.internal"}},
        {.cn = "a.internal", .token = "first-boot", .alias = "x"},
        {.cn = "a.internal", .token = "first-boot", .type = PCA_CERT_BOTH},
        {.cn = "a.internal", .token = "first-boot", .crl_address = 2},
        {.cn = "a.internal", .token = "first-boot", .organization = ""},
    };
    for (size_t i = 0; i < COUNT(others); i++) {
        pca_request *other = request_of(&others[i]);
        assert_refused(f, f->sub, other, PCA_E_TOKEN_REUSED, NULL, "token", "first-boot");
        pca_request_free(other);
    }

    assert_ok(f->err, pca_root_assign(f->root, f->sub, 0, PCA_ANY, NULL, f->err));
    assert_replayed(f, r, id, serial);
    reopen_region(f);
    pca_cert_free(first);
    assert_ok(f->err, pca_region_cert_get(f->region, id, &first, f->err));
    assert_ok(f->err, pca_region_sub_get(f->region, pca_cert_issuer_id(first), &f->sub, f->err));
    assert_ok(f->err, pca_region_root_get(f->region, pca_ca_root_id(pca_sub_ca(f->sub)), &f->root, f->err));
    pca_request *rekey = pca_request_new();
    assert_ok(NULL, pca_request_set_crl_url(rekey, "http://crl.example/sub-2.crl"));
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(f->sub), rekey, f->err));
    pca_request_free(rekey);
    assert_replayed(f, r, id, serial);
    assert_ok(f->err, pca_ca_disable(pca_sub_ca(f->sub), f->err));
    assert_replayed(f, r, id, serial);
    f->clock.now = T0 - 10 * DAY; /* a clock that is wrong comes after the token */
    assert_replayed(f, r, id, serial);
    f->clock.now = T0 + 10 * DAY;
    assert_ok(f->err, pca_cert_revoke(first, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_sub_request(f->sub, r, &again, f->err));
    assert_int_equal(pca_cert_id(again), id);
    assert_int_equal(pca_cert_status(again), PCA_STATUS_REVOKED);
    pca_cert_free(again);
    assert_ok(f->err, pca_ca_revoke(pca_root_ca(f->root), PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    assert_replayed(f, r, id, serial);
    assert_ok(f->err, pca_cert_delete(first, f->err));
    again = POISON;
    char *before = snapshot_store(f);
    assert_code(f->err, PCA_E_NOT_FOUND, pca_sub_request(f->sub, r, &again, f->err));
    assert_poisoned(again);
    assert_store_unchanged(f, before);
    pca_cert_free(first);
    pca_request_free(r);
}

static void pitfall_37_token_after_the_term(void **state)
{
    struct fixture *f = *state;
    pca_cert *first = NULL;
    make_ca(f, PCA_FAMILY_ECC, 0, 12, &f->root, &f->sub);
    pca_request *r = request_of(&(struct wish){.cn = "a.internal", .token = "t"});
    assert_ok(f->err, pca_sub_request(f->sub, r, &first, f->err));
    f->clock.now = T0 + 390 * DAY;
    assert_replayed(f, r, pca_cert_id(first), pca_cert_serial(first));
    pca_cert_free(first);
    pca_request_free(r);
}

/* A token belongs to one verb on one object; a refusal is not kept. */
static void scope_of_a_token(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    other_ca(f, &root, &sub);
    pca_cert *one = issue_as(f, f->sub, .cn = "a.internal", .token = "t");
    pca_cert *two = issue_as(f, sub, .cn = "other.internal", .token = "t");
    assert_int_not_equal(pca_cert_id(one), pca_cert_id(two));
    assert_ok(f->err, pca_cert_revoke(one, PCA_REASON_SUPERSEDED, 0, "t", f->err));
    pca_cert_free(one);
    pca_cert_free(two);
    pca_request *bad = request_of(&(struct wish){.cn = "*.com", .token = "later"});
    assert_refused(f, f->sub, bad, PCA_E_SAN, "request", "common_name", NULL);
    one = issue_as(f, f->sub, .cn = "good.internal", .token = "later");
    pca_cert_free(one);
    pca_request_free(bad);
    pca_sub_free(sub);
    pca_root_free(root);
}

static void *request_ids(void *argument)
{
    struct bulk *bulk = argument;
    bulk->rc = pca_sub_request(bulk->sub, bulk->request, bulk->certs, NULL);
    return NULL;
}

static void two_threads_one_token(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 5; round++) {
        char token[16];
        snprintf(token, sizeof token, "round-%d", round);
        pca_request *r = request_of(&(struct wish){.cn = "a.internal", .token = token});
        pca_cert *certs[4] = {NULL};
        struct bulk bulk[4];
        pthread_t thread[4];
        for (int i = 0; i < 4; i++) {
            bulk[i] = (struct bulk){f->sub, r, &certs[i], 1, PCA_OK};
            assert_int_equal(pthread_create(&thread[i], NULL, request_ids, &bulk[i]), 0);
        }
        for (int i = 0; i < 4; i++)
            pthread_join(thread[i], NULL);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(bulk[i].rc, PCA_OK);
            assert_int_equal(pca_cert_id(certs[i]), pca_cert_id(certs[0]));
            assert_string_equal(pca_cert_serial(certs[i]), pca_cert_serial(certs[0]));
        }
        for (int i = 0; i < 4; i++)
            pca_cert_free(certs[i]);
        pca_request_free(r);
        assert_int_equal(remaining_of_sub(f, f->sub), 9 - (uint64_t)round);
    }
}

/* ---- Keys ---- */

struct key_kind {
    const char *kind, *option, *shown;
    int algorithm;
};

static void check_usages(struct fixture *f, const struct key_kind *kinds, size_t count, const char *usage)
{
    static const struct {
        int type;
        const char *cn, *eku;
    } types[] = {
        {PCA_CERT_SERVER, "a.internal", "TLS Web Server Authentication\n"},
        {PCA_CERT_CLIENT, "Ada", "TLS Web Client Authentication\n"},
        {PCA_CERT_BOTH, "a.internal", "TLS Web Server Authentication, TLS Web Client Authentication\n"},
    };
    static const char client[] = "X509v3 Key Usage: critical\n                Digital Signature\n"; /* RFC 5280 4.2.1.12 */
    char ku[128];
    snprintf(ku, sizeof ku, "X509v3 Key Usage: critical\n                %s\n", usage);
    for (size_t k = 0; k < count; k++) {
        size_t size;
        uint8_t *spki = spki_of(f, make_key(f, "matrix", kinds[k].kind, kinds[k].option), &size);
        for (size_t t = 0; t < COUNT(types); t++) {
            pca_cert *cert = NULL;
            pca_request *r = request_of(&(struct wish){.type = types[t].type, .cn = types[t].cn});
            assert_ok(NULL, pca_request_set_public_key(r, spki, size));
            assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
            pca_request_free(r);
            assert_int_equal(pca_cert_key_algorithm(cert), kinds[k].algorithm);
            assert_int_equal(pca_cert_container(cert), PCA_CONTAINER_PUBLIC);
            char *text = text_of(f, cert);
            assert_contains(text, types[t].type == PCA_CERT_CLIENT ? client : ku);
            assert_contains(text, types[t].eku);
            assert_contains(text, kinds[k].shown);
            assert_contains(text, "X509v3 Extended Key Usage: \n"); /* never critical */
            assert_lacks(text, "X509v3 Basic Constraints");
            free(text);
            pca_cert_free(cert);
        }
        free(spki);
    }
}

static void pitfall_18_key_usage_ecc(void **state)
{
    struct fixture *f = *state;
    static const struct key_kind kinds[] = {
        {"EC", "ec_paramgen_curve:P-256", "(256 bit)", PCA_KEY_EC_P256},
        {"EC", "ec_paramgen_curve:P-384", "(384 bit)", PCA_KEY_EC_P384},
        {"EC", "ec_paramgen_curve:P-521", "(521 bit)", PCA_KEY_EC_P521},
    };
    check_usages(f, kinds, COUNT(kinds), "Digital Signature");
    static const int made[] = {PCA_KEY_EC_P384};
    pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .algorithm = made[0]);
    assert_int_equal(pca_cert_key_algorithm(cert), PCA_KEY_EC_P384);
    char *text = text_of(f, cert);
    assert_contains(text, "(384 bit)");
    assert_contains(text, "ecdsa-with-SHA256"); /* the issuer's */
    free(text);
    pca_cert_free(cert);
    static const int refused[] = {PCA_KEY_RSA_1024, PCA_KEY_RSA_2048, PCA_KEY_RSA_3072, PCA_KEY_RSA_4096};
    for (size_t i = 0; i < COUNT(refused); i++) {
        pca_request *r = request_of(&(struct wish){.cn = "a.internal", .algorithm = refused[i]});
        assert_refused(f, f->sub, r, PCA_E_ALGORITHM, "request", "key_algorithm", NULL);
        pca_request_free(r);
    }
}

static void pitfall_18_key_usage_rsa(void **state)
{
    struct fixture *f = *state;
    static const struct key_kind kinds[] = {
        {"RSA", "rsa_keygen_bits:2048", "(2048 bit)", PCA_KEY_RSA_2048},
        {"RSA", "rsa_keygen_bits:3072", "(3072 bit)", PCA_KEY_RSA_3072},
        {"RSA", "rsa_keygen_bits:4096", "(4096 bit)", PCA_KEY_RSA_4096},
    };
    check_usages(f, kinds, COUNT(kinds), "Digital Signature, Key Encipherment");
    pca_cert *mail = issue_as(f, f->sub, .type = PCA_CERT_CLIENT, .cn = "Ada", .email = {"ada@example.com"});
    char *usages = text_of(f, mail);
    assert_contains(usages, "Digital Signature, Key Encipherment\n"); /* mail is enciphered to it */
    free(usages);
    pca_cert_free(mail);
    const struct refusal rows[] = {
        {"EC key", {.cn = "a.internal", .algorithm = PCA_KEY_EC_P256}, PCA_E_ALGORITHM, "key_algorithm", NULL},
        {"RSA 1024", {.cn = "a.internal", .algorithm = PCA_KEY_RSA_1024}, PCA_E_ALGORITHM, "key_algorithm", "2048"},
    };
    refuse_all(f, rows, COUNT(rows));
    stock(f, f->root, f->sub, 10);
    set_policy(f, "allow_weak", 1);
    pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .algorithm = PCA_KEY_RSA_1024);
    assert_int_equal(pca_cert_key_algorithm(cert), PCA_KEY_RSA_1024);
    char *text = text_of(f, cert);
    assert_contains(text, "(1024 bit)");
    assert_contains(text, "sha256WithRSAEncryption");
    free(text);
    pca_cert_free(cert);
    cert = issue_as(f, f->sub, .cn = "a.internal");
    assert_int_equal(pca_cert_key_algorithm(cert), PCA_KEY_RSA_2048);
    assert_verifies(f, cert);
    pca_cert_free(cert);
}

/* ---- Serial numbers ---- */

static void assert_serial(struct fixture *f, const pca_cert *cert)
{
    pca_blob *der = NULL;
    char hex[64] = "";
    assert_ok(f->err, pca_cert_der(cert, &der, f->err));
    struct der serial = tbs_field(pca_blob_data(der), 1);
    assert_int_equal(serial.at[0], 0x02);
    assert_in_range(serial.size, 9, 20); /* 64 random bits and a sequence at the least */
    assert_true(serial.contents[0] < 0x80);
    assert_true(serial.contents[0] != 0 || serial.contents[1] >= 0x80);
    for (size_t i = 0; i < serial.size; i++)
        snprintf(hex + 2 * i, 3, "%02x", serial.contents[i]);
    assert_string_equal(pca_cert_serial(cert), hex + (serial.contents[0] == 0 ? 2 : 0));
    pca_blob_free(der);
}

static int compare_serials(const void *a, const void *b)
{
    return strcmp(pca_cert_serial(*(pca_cert *const *)a), pca_cert_serial(*(pca_cert *const *)b));
}

static void pitfall_19_serials(void **state)
{
    struct fixture *f = *state;
    size_t count = 2000;
    unsigned first_octets[256] = {0}, seen = 0;
    stock(f, f->root, f->sub, count);
    pca_cert **certs = issue_bulk(f, f->sub, "a.internal", count);
    for (size_t i = 0; i < count; i++) {
        unsigned octet = 0;
        assert_serial(f, certs[i]);
        sscanf(pca_cert_serial(certs[i]), "%2x", &octet);
        first_octets[octet]++;
    }
    for (unsigned i = 0; i < 256; i++)
        seen += first_octets[i] != 0;
    assert_true(seen > 100); /* the first octet tells nothing */
    qsort(certs, count, sizeof *certs, compare_serials);
    for (size_t i = 1; i < count; i++)
        assert_string_not_equal(pca_cert_serial(certs[i - 1]), pca_cert_serial(certs[i]));
    free_bulk(certs, count);
}

struct edge_random {
    uint8_t octet;
    int everywhere; /* also where keys and signatures come from */
    uint64_t state;
};

/* Small pieces, serial numbers among them, are all of one octet. */
static int edge_fill(void *context, uint8_t *buffer, size_t size, pca_error *err)
{
    struct edge_random *edge = context;
    (void)err;
    for (size_t i = 0; i < size; i++) {
        edge->state = edge->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        buffer[i] = edge->everywhere || size <= 24 ? edge->octet : (uint8_t)(edge->state >> 33);
    }
    return PCA_OK;
}

static void pitfall_19_edges_of_random(void **state)
{
    struct fixture *f = *state;
    struct edge_random edge = {0, 0, 1};
    struct pca_entropy table = {PCA_ENTROPY_VERSION, &edge, edge_fill};
    static const uint8_t octets[] = {0x00, 0x80, 0xff, 0x7f, 0x01, 0xfe};
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    uint64_t sub_id = pca_ca_id(pca_sub_ca(f->sub));
    assert_ok(NULL, pca_config_set_test_random(f->config, &table));
    reopen_region(f);
    assert_ok(f->err, pca_region_sub_get(f->region, sub_id, &f->sub, f->err));
    pca_request *r = request_new_server("a.internal");
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    pca_cert *certs[COUNT(octets)] = {NULL};
    for (size_t i = 0; i < COUNT(octets); i++) {
        edge.octet = octets[i];
        assert_ok(f->err, pca_sub_request(f->sub, r, &certs[i], f->err));
        assert_serial(f, certs[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(pca_cert_serial(certs[i]), pca_cert_serial(certs[j]));
    }
    free_bulk(memcpy(malloc(sizeof certs), certs, sizeof certs), COUNT(certs));
    pca_request_free(r);
}

/* A random generator that repeats itself: other serials or an error, never the same one twice. */
static void pitfall_20_repeated_random(void **state)
{
    struct fixture *f = *state;
    struct edge_random edge = {0, 0, 1};
    struct pca_entropy table = {PCA_ENTROPY_VERSION, &edge, edge_fill};
    static const uint8_t octets[] = {0x00, 0xff, 0x55};
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    uint64_t sub_id = pca_ca_id(pca_sub_ca(f->sub));
    assert_ok(NULL, pca_config_set_test_random(f->config, &table));
    reopen_region(f);
    assert_ok(f->err, pca_region_sub_get(f->region, sub_id, &f->sub, f->err));
    pca_request *r = request_new_server("a.internal");
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    for (size_t i = 0; i < COUNT(octets); i++) {
        pca_cert *one = NULL, *two = NULL;
        edge.octet = octets[i];
        edge.everywhere = 1;
        int first = pca_sub_request(f->sub, r, &one, f->err), second = pca_sub_request(f->sub, r, &two, f->err);
        if (first == PCA_OK && second == PCA_OK)
            assert_string_not_equal(pca_cert_serial(one), pca_cert_serial(two));
        pca_cert_free(one);
        pca_cert_free(two);
    }
    pca_request_free(r);
}

/* ---- The dry run ---- */

static void pitfall_34_findings(void **state)
{
    struct fixture *f = *state;
    pca_findings *findings = NULL;
    char *before = snapshot_store(f);
    pca_request *r = request_of(&(struct wish){.cn = "a.internal", .form = YEARS, .span = 5});
    assert_ok(f->err, pca_sub_check_request(f->sub, r, &findings, f->err));
    int noted = 0;
    for (uint64_t i = 0; i < pca_findings_count(findings); i++) {
        assert_int_equal(pca_findings_severity(findings, i), 1); /* errors would have refused it */
        assert_true(*pca_findings_name(findings, i) != 0);
        assert_true(*pca_findings_message(findings, i) != 0);
        noted |= strstr(pca_findings_message(findings, i), "825") != NULL;
    }
    assert_true(noted); /* Apple's clients refuse a server certificate of more than 825 days */
    uint64_t past = pca_findings_count(findings);
    assert_string_equal(pca_findings_name(findings, past), "");
    assert_string_equal(pca_findings_field(findings, past), "");
    assert_string_equal(pca_findings_message(findings, past), "");
    assert_int_equal(pca_findings_severity(findings, past), 0);
    pca_findings_free(findings);
    pca_request_free(r);
    findings = NULL;
    r = request_new_server("a.internal");
    assert_ok(f->err, pca_sub_check_request(f->sub, r, &findings, f->err));
    assert_int_equal(pca_findings_count(findings), 0);
    pca_findings_free(findings);
    pca_request_free(r);
    assert_store_unchanged(f, before);
}

static void error_is_cleared_by_success(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = POISON;
    pca_request *bad = request_new_server("*.com"), *good = request_new_server("a.internal");
    assert_int_equal(pca_sub_request(f->sub, bad, &cert, f->err), PCA_E_SAN);
    assert_true(*pca_error_message(f->err) != 0);
    assert_ok(f->err, pca_sub_request(f->sub, good, &cert, f->err));
    assert_string_equal(pca_error_message(f->err), "");
    pca_cert_free(cert);
    cert = POISON;
    assert_int_equal(pca_sub_request(f->sub, bad, &cert, NULL), PCA_E_SAN); /* NULL is fine */
    assert_poisoned(cert);
    pca_request_free(bad);
    pca_request_free(good);
}

static void after_close(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal"), *other = POISON;
    pca_blob *blob = POISON;
    pca_request *r = request_new_server("b.internal");
    pca_region_close(f->region);
    f->region = NULL;
    assert_code(f->err, PCA_E_CLOSED, pca_sub_request(f->sub, r, &other, f->err));
    assert_code(f->err, PCA_E_CLOSED, pca_cert_reload(cert, &other, f->err));
    assert_code(f->err, PCA_E_CLOSED, pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err));
    assert_code(f->err, PCA_E_CLOSED, pca_cert_revoke(cert, PCA_REASON_UNSPECIFIED, 0, NULL, f->err));
    assert_poisoned(other);
    assert_poisoned(blob);
    assert_string_equal(pca_cert_san_at(cert, 0), "a.internal"); /* getters go on */
    pca_cert_free(cert);
    pca_request_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(server_with_names),
        TEST_ECC(server_common_names),
        TEST_ECC(server_common_name_given_twice),
        TEST_ECC(ten_names_and_the_common_name),
        TEST_ECC(server_without_common_name),
        TEST_ECC(client_certificates),
        TEST_ECC(both_purposes),
        TEST_ECC(subject_defaults),
        TEST_ECC(longest_texts),
        TEST_ECC(refused_arguments),
        TEST_ECC(refused_builders),
        TEST_ECC(null_arguments),
        TEST_ECC(first_refusal_stays),
        TEST_ECC(request_is_copied_and_shared),
        TEST_ECC(pitfall_27_refused_subjects),
        TEST_ECC(pitfall_27_never_issued),
        TEST_ECC(country_in_small_letters),
        TEST_ECC(refused_dns_names),
        TEST_ECC(refused_other_names),
        TEST_ECC(refused_kinds_of_names),
        TEST_ECC(refused_validities),
        TEST_ECC(spans),
        TEST_REGION(longest_takes_less_than_a_year),
        TEST_ECC(short_lived),
        TEST(pitfall_25_leap_days),
        TEST_REGION(pitfall_25_utctime_generalizedtime),
        TEST_REGION(caps_of_short_services),
        TEST_REGION(cap_after_renewal),
        TEST_ECC(crl_address),
        TEST_ECC(pitfall_36_units),
        TEST_ECC(pitfall_23_last_units),
        TEST_ECC(pitfall_12_states_of_the_subordinate),
        TEST_ECC(pitfall_12_states_of_the_root),
        TEST_REGION(pitfall_12_not_enabled),
        TEST_REGION(term_over),
        TEST_REGION(renewed_after_the_end),
        TEST_REGION(certificate_of_the_ca_over),
        TEST_REGION(order_of_checks),
        TEST_ECC(pitfall_37_token_replay),
        TEST_REGION(pitfall_37_token_after_the_term),
        TEST_ECC(scope_of_a_token),
        TEST_ECC(two_threads_one_token),
        TEST_ECC(pitfall_18_key_usage_ecc),
        TEST_RSA(pitfall_18_key_usage_rsa),
        TEST_ECC(pitfall_19_serials),
        TEST_ECC(pitfall_19_edges_of_random),
        TEST_ECC(pitfall_20_repeated_random),
        TEST_ECC(pitfall_34_findings),
        TEST_ECC(error_is_cleared_by_success),
        TEST_ECC(after_close),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
