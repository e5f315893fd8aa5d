/* PCA_CERT_CUSTOM: what its own setters add, to whom they are refused, and what none of them may add. */
#include "leaf.h"

#define CODE_SIGNING "1.3.6.1.5.5.7.3.3"
#define TIME_STAMPING "1.3.6.1.5.5.7.3.8"
#define EMAIL_PROTECTION "1.3.6.1.5.5.7.3.4"
#define SERVER_AUTH "1.3.6.1.5.5.7.3.1"
#define CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define OWN_PURPOSE "1.3.6.1.4.1.99999.3.1"
#define OWN_EXTENSION "1.3.6.1.4.1.99999.1"
#define UTF8_TEXT "\x0c\x05hello" /* UTF8String */

static pca_request *request_new_custom(const char *common_name)
{
    pca_request *r = request_new_leaf(PCA_CERT_CUSTOM, common_name);
    assert_ok(NULL, pca_request_set_years(r, 1));
    return r;
}

static pca_cert *grant(struct fixture *f, pca_request *r)
{
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    pca_request_free(r);
    return cert;
}

/* ---- What is issued ---- */

static void custom_with_everything(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_custom("Gate 7");
    assert_ok(NULL, pca_request_add_subject_oid(r, "2.5.4.5", "SN-0007"));
    assert_ok(NULL, pca_request_add_subject_oid(r, "1.3.6.1.4.1.99999.2.1", "Bäckerei"));
    assert_ok(NULL, pca_request_add_eku(r, SERVER_AUTH));
    assert_ok(NULL, pca_request_add_eku(r, CLIENT_AUTH));
    assert_ok(NULL, pca_request_add_eku(r, OWN_PURPOSE));
    assert_ok(NULL, pca_request_add_policy(r, "1.3.6.1.4.1.99999.4.1", "https://example.com/cps"));
    assert_ok(NULL, pca_request_add_policy(r, "1.3.6.1.4.1.99999.4.2", NULL));
    assert_ok(NULL, pca_request_add_extension(r, OWN_EXTENSION, 0, UTF8_TEXT, 7));
    assert_ok(NULL, pca_request_add_dns(r, "gate7.internal"));
    assert_ok(NULL, pca_request_add_ip(r, "192.0.2.7"));
    assert_ok(NULL, pca_request_add_email(r, "gate7@example.com"));
    assert_ok(NULL, pca_request_add_uri(r, "spiffe://example.com/gate/7"));
    pca_cert *cert = grant(f, r);
    assert_int_equal(pca_cert_type(cert), PCA_CERT_CUSTOM);
    assert_int_equal(pca_cert_san_count(cert), 4);
    assert_non_null(strstr(pca_cert_subject(cert), "serialNumber=SN-0007,CN=Gate 7"));
    char *text = text_of(f, cert);
    assert_contains(text, "1.3.6.1.4.1.99999.2.1=#0C0942C3A4636B65726569,serialNumber=SN-0007,CN=Gate 7,O=Example,C=DE"); /* UTF8String */
    assert_contains(text, "TLS Web Server Authentication, TLS Web Client Authentication, " OWN_PURPOSE "\n");
    assert_contains(text, "Policy: 1.3.6.1.4.1.99999.4.1\n");
    assert_contains(text, "CPS: https://example.com/cps\n");
    assert_contains(text, "Policy: 1.3.6.1.4.1.99999.4.2\n");
    assert_contains(text, OWN_EXTENSION ": \n                ..hello\n");
    assert_contains(text, "DNS:gate7.internal, IP Address:192.0.2.7, email:gate7@example.com, URI:spiffe://example.com/gate/7\n");
    assert_lacks(text, "Certificate Policies: critical");
    free(text);
    assert_verifies(f, cert);
    pca_cert_free(cert);
}

/* No purpose is given, and none is made; no common name becomes a host. */
static void custom_with_nothing(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = grant(f, request_new_custom("host.internal"));
    char *text = text_of(f, cert);
    assert_int_equal(pca_cert_san_count(cert), 0);
    assert_lacks(text, "Extended Key Usage");
    assert_lacks(text, "Certificate Policies");
    assert_lacks(text, "Subject Alternative Name");
    assert_contains(text, "X509v3 Key Usage: critical\n                Digital Signature\n");
    free(text);
    assert_verifies(f, cert);
    pca_cert_free(cert);
    cert = grant(f, request_new_custom("not.a host: König*"));
    assert_int_equal(pca_cert_san_count(cert), 0);
    pca_cert_free(cert);
    pca_request *r = request_new_custom(NULL);
    assert_ok(NULL, pca_request_add_uri(r, "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
    cert = grant(f, r);
    assert_null(strstr(pca_cert_subject(cert), "CN="));
    pca_cert_free(cert);
    r = request_new_custom(NULL);
    assert_refused(f, f->sub, r, PCA_E_NAME, "request", "common_name", NULL);
    pca_request_free(r);
}

/* RFC 5280 4.2.1.12: what each purpose goes with. Only RSA keys are encrypted to (RFC 8813 3). */
static void usage_fits_the_purposes(struct fixture *f, int rsa)
{
    static const struct {
        const char *ekus[3];
        int receives;
    } rows[] = {
        {{NULL}, 1}, {{SERVER_AUTH}, 1}, {{CLIENT_AUTH}, 0}, {{CODE_SIGNING}, 0}, {{TIME_STAMPING}, 0}, {{EMAIL_PROTECTION}, 1},
        {{OWN_PURPOSE}, 1}, {{CLIENT_AUTH, CODE_SIGNING}, 0}, {{CODE_SIGNING, SERVER_AUTH}, 1}, {{CODE_SIGNING, OWN_PURPOSE}, 0},
        {{OWN_PURPOSE, CLIENT_AUTH}, 0}, {{OWN_PURPOSE, CLIENT_AUTH, EMAIL_PROTECTION}, 1},
    };
    size_t size;
    stock(f, f->root, f->sub, COUNT(rows));
    uint8_t *spki = rsa ? spki_of(f, make_key(f, "rsa", "RSA", "rsa_keygen_bits:2048"), &size) : NULL;
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_request *r = request_new_custom("Usage");
        for (size_t j = 0; j < COUNT(rows[i].ekus) && rows[i].ekus[j]; j++)
            assert_ok(NULL, pca_request_add_eku(r, rows[i].ekus[j]));
        if (rsa)
            assert_ok(NULL, pca_request_set_public_key(r, spki, size));
        pca_cert *cert = grant(f, r);
        char *text = text_of(f, cert);
        assert_contains(text, rsa && rows[i].receives ? "Digital Signature, Key Encipherment\n" : "                Digital Signature\n");
        free(text);
        pca_cert_free(cert);
    }
    free(spki);
}

static void usage_of_ec_keys(void **state)
{
    usage_fits_the_purposes(*state, 0);
}

static void usage_of_rsa_keys(void **state)
{
    usage_fits_the_purposes(*state, 1);
}

/* Domain components in front, else behind the common name, each with the string type of its own. */
static void subject_attributes(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_custom("Ada Lovelace");
    assert_ok(NULL, pca_request_set_organization(r, "Analytical"));
    assert_ok(NULL, pca_request_add_subject_oid(r, "0.9.2342.19200300.100.1.1", "ada"));
    assert_ok(NULL, pca_request_add_subject_oid(r, "0.9.2342.19200300.100.1.25", "com"));
    assert_ok(NULL, pca_request_add_subject_oid(r, "0.9.2342.19200300.100.1.25", "example"));
    assert_ok(NULL, pca_request_add_subject_oid(r, "2.5.4.46", "Q1"));
    assert_ok(NULL, pca_request_add_subject_oid(r, "2.5.4.65", "The Countess"));
    assert_ok(NULL, pca_request_add_subject_oid(r, "1.2.840.113549.1.9.1", "ada@example.com"));
    assert_ok(NULL, pca_request_add_email(r, "ada@example.com"));
    pca_cert *cert = grant(f, r);
    assert_string_equal(pca_cert_subject(cert), "emailAddress=ada@example.com,pseudonym=The Countess,dnQualifier=Q1,UID=ada,CN=Ada Lovelace,O=Analytical,DC=example,DC=com");
    char *parsed = output_of("openssl", "asn1parse", "-in", put_cert(f, "subject.pem", cert));
    assert_contains(parsed, "IA5STRING         :example");
    assert_contains(parsed, "PRINTABLESTRING   :Q1");
    assert_contains(parsed, "IA5STRING         :ada@example.com");
    free(parsed);
    assert_verifies(f, cert);
    pca_cert_free(cert);
}

/* Identifiers that are made of a UUID (X.667); this one is the standard's own. */
static void pitfall_34_numbers_of_128_bits(void **state)
{
    static const char uuid[] = "2.25.329800735698586629295641978511506172918";
    struct fixture *f = *state;
    pca_findings *findings = NULL;
    pca_request *r = request_new_custom("UUID");
    int noted = 0;
    assert_ok(NULL, pca_request_add_extension(r, uuid, 0, UTF8_TEXT, 7));
    assert_ok(NULL, pca_request_add_subject_oid(r, uuid, "x"));
    assert_ok(f->err, pca_sub_check_request(f->sub, r, &findings, f->err));
    for (uint64_t i = 0; i < pca_findings_count(findings); i++)
        noted += strcmp(pca_findings_name(findings, i), "verifier_oid_numbers") == 0 && pca_findings_severity(findings, i) == 1;
    assert_int_equal(noted, 2);
    pca_findings_free(findings);
    pca_cert *cert = grant(f, r);
    assert_string_equal(pca_cert_subject(cert), "2.25.329800735698586629295641978511506172918=#130178,CN=UUID,O=Example,C=DE");
    char *text = text_of(f, cert);
    assert_contains(text, "2.25.329800735698586629295641978511506172918: \n                ..hello\n");
    free(text);
    assert_verifies(f, cert);
    pca_cert_free(cert);
}

/* ---- Refusals ---- */

static void add_each(pca_request *r, int which)
{
    switch (which) {
    case 0:
        assert_ok(NULL, pca_request_add_subject_oid(r, "2.5.4.5", "1"));
        break;
    case 1:
        assert_ok(NULL, pca_request_add_eku(r, CODE_SIGNING));
        break;
    case 2:
        assert_ok(NULL, pca_request_add_policy(r, "1.2.3", NULL));
        break;
    default:
        assert_ok(NULL, pca_request_add_extension(r, OWN_EXTENSION, 0, UTF8_TEXT, 7));
    }
}

static void other_types_take_none(void **state)
{
    static const char *const fields[] = {"subject_oid[0]", "eku[0]", "policy[0]", "extension[0]"};
    struct fixture *f = *state;
    for (int which = 0; which < 4; which++) {
        for (int type = PCA_CERT_SERVER; type <= PCA_CERT_BOTH; type++) {
            pca_request *r = request_new_leaf(type, "a.internal");
            add_each(r, which);
            pca_request_set_years(r, 1);
            assert_refused(f, f->sub, r, PCA_E_INVALID, "request", fields[which], "custom");
            pca_request_free(r);
        }
        pca_request *ca = request_new_ca("CA", NULL), *again = pca_request_new();
        pca_sub *sub = NULL;
        add_each(ca, which);
        add_each(again, which);
        assert_ok(f->err, pca_root_purchase_sub(f->root, 12, NULL, &sub, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "request", fields[which], pca_sub_enable(sub, ca, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "request", fields[which], pca_ca_reissue(pca_sub_ca(f->sub), again, f->err));
        pca_request_free(ca);
        pca_request_free(again);
        pca_sub_free(sub);
    }
}

static void refused_object_identifiers(void **state)
{
    static const char *const bad[] = {"", "1", "1.", "1..2", "3.1", "1.40", "01.2", "serverAuth", "1.2.x", "1.2 ", "3.2"};
    struct fixture *f = *state;
    for (size_t i = 0; i <= COUNT(bad); i++) {
        const char *oid = i < COUNT(bad) ? bad[i] : NULL;
        for (int which = 0; which < 4; which++) {
            static const char *const fields[] = {"subject_oid", "eku", "policy", "extension"};
            pca_request *r = request_new_custom("Bad");
            int rc = which == 0   ? pca_request_add_subject_oid(r, oid, "x")
                     : which == 1 ? pca_request_add_eku(r, oid)
                     : which == 2 ? pca_request_add_policy(r, oid, NULL)
                                  : pca_request_add_extension(r, oid, 0, UTF8_TEXT, 7);
            assert_int_equal(rc, PCA_E_INVALID);
            assert_refused(f, f->sub, r, PCA_E_INVALID, "request", fields[which], NULL);
            pca_request_free(r);
        }
    }
}

static void refused_purposes(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *first, *second, *field, *part;
    } rows[] = {
        {"2.5.29.37.0", NULL, "eku[0]", "anyExtendedKeyUsage"},
        {CODE_SIGNING, "2.5.29.37.0", "eku[1]", "anyExtendedKeyUsage"},
        {CODE_SIGNING, "1.3.6.1.5.5.7.3.9", "eku[1]", "OCSPSigning"},
        {CODE_SIGNING, CODE_SIGNING, "eku[1]", CODE_SIGNING},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_request *r = request_new_custom("Bad");
        assert_ok(NULL, pca_request_add_eku(r, rows[i].first));
        if (rows[i].second)
            assert_ok(NULL, pca_request_add_eku(r, rows[i].second));
        assert_refused(f, f->sub, r, PCA_E_INVALID, "request", rows[i].field, rows[i].part);
        pca_request_free(r);
    }
}

static void refused_policies(void **state)
{
    struct fixture *f = *state;
    char *longest = repeated("a", 1025);
    memcpy(longest, "https://a.b/", 12);
    const struct {
        const char *first, *second, *uri, *field, *part;
    } rows[] = {
        {"2.5.29.32.0", NULL, NULL, "policy[0]", "anyPolicy"},  {"1.2.3", "1.2.3", NULL, "policy[1]", "1.2.3"},
        {"1.2.3", "1.2.4", "example.com/cps", "policy[1]", NULL}, {"1.2.3", "1.2.4", "", "policy[1]", NULL},
        {"1.2.3", "1.2.4", "https://exämple.com/", "policy[1]", NULL}, {"1.2.3", "1.2.4", "https://a b/", "policy[1]", NULL},
        {"1.2.3", "1.2.4", "https://host/", "policy[1]", NULL}, {"1.2.3", "1.2.4", longest, "policy[1]", "1024"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_request *r = request_new_custom("Bad");
        assert_ok(NULL, pca_request_add_policy(r, rows[i].first, rows[i].second ? NULL : rows[i].uri));
        if (rows[i].second)
            assert_ok(NULL, pca_request_add_policy(r, rows[i].second, rows[i].uri));
        assert_refused(f, f->sub, r, PCA_E_INVALID, "request", rows[i].field, rows[i].part);
        pca_request_free(r);
    }
    free(longest);
}

/* What the library makes itself, and all of id-ce beyond the two that are let in. */
static void pitfall_11_extensions_of_the_librarys_own(void **state)
{
    struct fixture *f = *state;
    static const char *const made[] = {"2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.31", "2.5.29.32", "2.5.29.35", "2.5.29.37",
                                       "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.48.1.5"};
    static const char *const others[] = {"2.5.29.19", "2.5.29.30", "2.5.29.18", "2.5.29.20", "2.5.29.33", "2.5.29.36", "2.5.29.46", "2.5.29.54", "2.5.29.1",
                                         "2.5.29.999", "2.5.29.17.1", "2.5.29.9.1", "2.5.29.0"};
    for (size_t i = 0; i < COUNT(made) + COUNT(others); i++) {
        const char *oid = i < COUNT(made) ? made[i] : others[i - COUNT(made)];
        for (int critical = 0; critical < 2; critical++) {
            pca_request *r = request_new_custom("Bad");
            assert_ok(NULL, pca_request_add_extension(r, OWN_EXTENSION, 0, "\x05\x00", 2));
            assert_ok(NULL, pca_request_add_extension(r, oid, critical, "\x30\x03\x82\x01\x61", 5));
            check_refused(f, f->sub, r, PCA_E_INVALID, "request", "extension[1]", i < COUNT(made) ? "made by the library" : "id-ce", oid, __FILE__, __LINE__);
            pca_request_free(r);
        }
    }
}

static void extensions_of_id_ce_that_are_let_in(void **state)
{
    struct fixture *f = *state;
    /* privateKeyUsagePeriod: notBefore 20270101000000Z. subjectDirectoryAttributes: countryOfCitizenship DE. */
    static const char period[] = "\x30\x11\x80\x0f" "20270101000000Z", citizen[] = "\x30\x12\x30\x10\x06\x08\x2b\x06\x01\x05\x05\x07\x09\x04\x31\x04\x13\x02" "DE";
    pca_request *r = request_new_custom("Let in");
    assert_ok(NULL, pca_request_add_extension(r, "2.5.29.16", 0, period, sizeof period - 1));
    assert_ok(NULL, pca_request_add_extension(r, "2.5.29.9", 0, citizen, sizeof citizen - 1));
    pca_cert *cert = grant(f, r);
    char *text = text_of(f, cert);
    assert_contains(text, "X509v3 Private Key Usage Period: \n                Not Before: Jan  1 00:00:00 2027 GMT");
    assert_contains(text, "X509v3 Subject Directory Attributes: \n");
    free(text);
    pca_cert_free(cert);
    r = request_new_custom("Empty");
    assert_ok(NULL, pca_request_add_extension(r, "2.5.29.9", 0, "\x30\x00", 2));
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "extension[0]", "not empty");
    pca_request_free(r);
    r = request_new_custom("Text");
    assert_ok(NULL, pca_request_add_extension(r, "2.5.29.16", 0, UTF8_TEXT, 7));
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "extension[0]", "SEQUENCE");
    pca_request_free(r);
}

static void refused_values_of_extensions(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *label, *value;
        size_t size;
    } rows[] = {
        {"no element", "\x05", 1},          {"cut short", "\x0c\x05hell", 6},  {"two elements", "\x05\x00\x05\x00", 4},
        {"indefinite", "\x30\x80\x00\x00", 4}, {"a long length", "\x0c\x81\x01\x61", 4}, {"cut inside", "\x30\x02\x02\x05", 4},
        {"BOOLEAN 01", "\x01\x01\x01", 3},  {"NULL of one octet", "\x05\x01\x00", 3}, {"an unsorted SET", "\x31\x06\x02\x01\x02\x02\x01\x01", 8},
        {"text", "hello", 5},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_request *r = request_new_custom("Bad");
        assert_ok(NULL, pca_request_add_extension(r, OWN_EXTENSION, 0, rows[i].value, rows[i].size));
        check_refused(f, f->sub, r, PCA_E_INVALID, "request", "extension[0]", "DER", rows[i].label, __FILE__, __LINE__);
        pca_request_free(r);
    }
    pca_request *r = request_new_custom("Twice");
    assert_ok(NULL, pca_request_add_extension(r, OWN_EXTENSION, 0, "\x05\x00", 2));
    assert_ok(NULL, pca_request_add_extension(r, OWN_EXTENSION, 0, UTF8_TEXT, 7));
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "extension[1]", OWN_EXTENSION);
    pca_request_free(r);
    r = request_new_custom("Critical");
    assert_ok(NULL, pca_request_add_extension(r, OWN_EXTENSION, 1, UTF8_TEXT, 7));
    assert_refused(f, f->sub, r, PCA_E_LINT, "request", NULL, "ext_unknown_critical_refused");
    pca_request_free(r);
    r = request_new_custom("Neither");
    assert_int_equal(pca_request_add_extension(r, OWN_EXTENSION, 2, UTF8_TEXT, 7), PCA_E_INVALID);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "extension", "critical");
    pca_request_free(r);
}

/* Of each as many as the header says, and not one more. */
static void counts_and_sizes(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *field;
        int most;
    } kinds[] = {{"subject_oid", 10}, {"eku", 16}, {"policy", 16}, {"extension", 16}};
    pca_request *full = request_new_custom("Full");
    for (int which = 0; which < 4; which++) {
        pca_request *r = request_new_custom("Many");
        for (int i = 0; i <= kinds[which].most; i++) {
            char oid[64], most[8];
            int last = i == kinds[which].most, rc = PCA_OK;
            snprintf(oid, sizeof oid, "1.3.6.1.4.1.99999.%d.%d", which, i);
            snprintf(most, sizeof most, "%d", kinds[which].most);
            for (int j = 0; j < (last ? 1 : 2); j++) {
                pca_request *to = j ? full : r;
                rc = which == 0   ? pca_request_add_subject_oid(to, oid, "x")
                     : which == 1 ? pca_request_add_eku(to, oid)
                     : which == 2 ? pca_request_add_policy(to, oid, "https://example.com/cps")
                                  : pca_request_add_extension(to, oid, 0, UTF8_TEXT, 7);
                assert_int_equal(rc, last ? PCA_E_INVALID : PCA_OK);
            }
            if (last)
                assert_refused(f, f->sub, r, PCA_E_INVALID, "request", kinds[which].field, most);
        }
        pca_request_free(r);
    }
    pca_cert *cert = grant(f, full);
    char *text = text_of(f, cert);
    assert_contains(text, "1.3.6.1.4.1.99999.1.15\n");
    assert_contains(text, "Policy: 1.3.6.1.4.1.99999.2.15\n");
    assert_contains(text, "1.3.6.1.4.1.99999.3.15: \n");
    free(text);
    pca_cert_free(cert);

    uint8_t large[4097] = {0x04, 0x82, 0x0f, 0xfc}; /* an OCTET STRING of 4096 octets in all */
    pca_request *r = request_new_custom("Large");
    assert_ok(NULL, pca_request_add_extension(r, OWN_EXTENSION, 0, large, 4096));
    pca_cert_free(grant(f, r));
    r = request_new_custom("Larger");
    large[3]++;
    assert_int_equal(pca_request_add_extension(r, OWN_EXTENSION, 0, large, 4097), PCA_E_INVALID);
    assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "extension", "4096");
    assert_int_equal(pca_request_reset(r), PCA_OK);
    assert_int_equal(pca_request_add_extension(r, OWN_EXTENSION, 0, large, 0), PCA_E_INVALID);
    assert_int_equal(pca_request_reset(r), PCA_OK);
    assert_int_equal(pca_request_add_extension(r, OWN_EXTENSION, 0, NULL, 1), PCA_E_INVALID);
    assert_int_equal(pca_request_add_eku(NULL, "1.2.3"), PCA_E_INVALID);
    assert_int_equal(pca_request_add_policy(NULL, "1.2.3", NULL), PCA_E_INVALID);
    assert_int_equal(pca_request_add_subject_oid(NULL, "1.2.3", "x"), PCA_E_INVALID);
    assert_int_equal(pca_request_add_extension(NULL, "1.2.3", 0, "\x05\x00", 2), PCA_E_INVALID);
    pca_request_free(r);
}

static void pitfall_27_refused_subject_attributes(void **state)
{
    struct fixture *f = *state;
    char *long256 = repeated("a", 256), *long65 = repeated("a", 65);
    const struct {
        const char *oid, *text;
        int code;
        const char *part;
    } rows[] = {
        {"2.5.4.3", "Other", PCA_E_INVALID, "setter"},        {"2.5.4.6", "DE", PCA_E_INVALID, "setter"},
        {"2.5.4.7", "Here", PCA_E_INVALID, "setter"},         {"2.5.4.8", "There", PCA_E_INVALID, "setter"},
        {"2.5.4.10", "Other", PCA_E_INVALID, "setter"},       {"2.5.4.11", "Other", PCA_E_INVALID, "setter"},
        {"2.5.4.5", "", PCA_E_NAME, "64"},                    {"2.5.4.5", long65, PCA_E_NAME, "64"},
        {"2.5.4.5", "a_b", PCA_E_NAME, "serialNumber"},       {"2.5.4.46", "ä", PCA_E_NAME, "dnQualifier"},
        {"1.2.3.4", "", PCA_E_NAME, "255"},                   {"1.2.3.4", long256, PCA_E_NAME, "255"},
        {"1.2.3.4", "a\xff", PCA_E_NAME, "UTF-8"},            {"1.2.3.4", "a\tb", PCA_E_NAME, "control"},
        {"1.2.3.4", " a", PCA_E_NAME, "space"},               {"1.2.3.4", "...", PCA_E_NAME, "dots"},
        {"0.9.2342.19200300.100.1.25", "exämple", PCA_E_NAME, "ASCII"}, {"1.2.840.113549.1.9.1", "ä@example.com", PCA_E_NAME, "ASCII"},
        {"1.2.840.113549.1.9.1", "eve@example.com", PCA_E_LINT, "email_ia5_and_in_san"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_request *r = request_new_custom("Bad");
        assert_ok(NULL, pca_request_add_subject_oid(r, rows[i].oid, rows[i].text));
        check_refused(f, f->sub, r, rows[i].code, "request", rows[i].code == PCA_E_LINT ? NULL : "subject_oid[0]", rows[i].part, rows[i].oid, __FILE__, __LINE__);
        pca_request_free(r);
    }
    pca_request *r = request_new_custom("Twice");
    assert_ok(NULL, pca_request_add_subject_oid(r, "1.2.3.4", "one"));
    assert_ok(NULL, pca_request_add_subject_oid(r, "1.2.3.4", "two"));
    assert_refused(f, f->sub, r, PCA_E_NAME, "request", "subject_oid[0]", "twice");
    pca_request_free(r);
    free(long256);
    free(long65);
}

/* ---- Builders ---- */

static void extras_are_copied(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_custom("Copied"), *copy = NULL;
    char oid[] = "1.3.6.1.4.1.99999.9.1", value[] = UTF8_TEXT, uri[] = "https://example.com/cps", text[] = "value";
    assert_ok(NULL, pca_request_add_subject_oid(r, oid, text));
    assert_ok(NULL, pca_request_add_eku(r, oid));
    assert_ok(NULL, pca_request_add_policy(r, oid, uri));
    assert_ok(NULL, pca_request_add_extension(r, oid, 0, value, 7));
    memset(oid, '9', sizeof oid - 1);
    memset(value, 0, sizeof value);
    memset(uri, 'z', sizeof uri - 1);
    memset(text, 'z', sizeof text - 1);
    assert_ok(f->err, pca_request_clone(r, &copy, f->err));
    pca_cert *first = grant(f, r), *second = grant(f, copy); /* the first is freed before the copy is used */
    char *one = text_of(f, first), *two = text_of(f, second);
    static const char *const parts[] = {"1.3.6.1.4.1.99999.9.1: \n                ..hello\n", "Policy: 1.3.6.1.4.1.99999.9.1\n", "CPS: https://example.com/cps",
                                        "Extended Key Usage: \n                1.3.6.1.4.1.99999.9.1\n", "1.3.6.1.4.1.99999.9.1=#130576616C7565"};
    for (size_t i = 0; i < COUNT(parts); i++) {
        assert_contains(one, parts[i]);
        assert_contains(two, parts[i]);
    }
    free(one);
    free(two);
    pca_cert_free(first);
    pca_cert_free(second);
}

/* A CA's addresses are copied too. */
static void a_clone_outlives_its_original(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_ca("Sub 2", "http://crl.example/2.crl"), *copy = NULL;
    pca_sub *sub = NULL;
    assert_ok(NULL, pca_request_set_ocsp_url(r, "http://ocsp.example/2"));
    assert_ok(NULL, pca_request_set_issuer_url(r, "http://ca.example/2.cer"));
    assert_ok(f->err, pca_request_clone(r, &copy, f->err));
    pca_request_free(r);
    assert_ok(f->err, pca_root_purchase_sub(f->root, 12, NULL, &sub, f->err));
    assert_ok(f->err, pca_sub_enable(sub, copy, f->err));
    refresh_sub(f, &sub);
    assert_string_equal(pca_ca_ocsp_url(pca_sub_ca(sub)), "http://ocsp.example/2");
    assert_string_equal(pca_ca_issuer_url(pca_sub_ca(sub)), "http://ca.example/2.cer");
    pca_request_free(copy);
    pca_sub_free(sub);
}

static pca_request *request_with_token(int which)
{
    pca_request *r = request_new_custom("Token");
    assert_ok(NULL, pca_request_add_subject_oid(r, "1.2.3.1", which == 1 ? "other" : "one"));
    assert_ok(NULL, pca_request_add_eku(r, which == 2 ? CLIENT_AUTH : CODE_SIGNING));
    assert_ok(NULL, pca_request_add_policy(r, "1.2.3.2", which == 3 ? NULL : "https://example.com/cps"));
    assert_ok(NULL, pca_request_add_extension(r, OWN_EXTENSION, 0, which == 4 ? "\x0c\x05world" : UTF8_TEXT, 7));
    assert_ok(NULL, pca_request_set_token(r, "custom-1"));
    return r;
}

static void pitfall_37_extras_are_inputs_of_a_token(void **state)
{
    struct fixture *f = *state;
    pca_cert *first = grant(f, request_with_token(0)), *again = grant(f, request_with_token(0));
    assert_int_equal(pca_cert_id(first), pca_cert_id(again));
    for (int which = 1; which <= 4; which++) {
        pca_request *r = request_with_token(which);
        assert_refused(f, f->sub, r, PCA_E_TOKEN_REUSED, NULL, "token", NULL);
        pca_request_free(r);
    }
    pca_cert_free(first);
    pca_cert_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(custom_with_everything),
        TEST_ECC(custom_with_nothing),
        TEST_ECC(usage_of_ec_keys),
        TEST_RSA(usage_of_rsa_keys),
        TEST_ECC(subject_attributes),
        TEST_ECC(pitfall_34_numbers_of_128_bits),
        TEST_ECC(other_types_take_none),
        TEST_ECC(refused_object_identifiers),
        TEST_ECC(refused_purposes),
        TEST_ECC(refused_policies),
        TEST_ECC(pitfall_11_extensions_of_the_librarys_own),
        TEST_ECC(extensions_of_id_ce_that_are_let_in),
        TEST_ECC(refused_values_of_extensions),
        TEST_ECC(counts_and_sizes),
        TEST_ECC(pitfall_27_refused_subject_attributes),
        TEST_ECC(extras_are_copied),
        TEST_ECC(a_clone_outlives_its_original),
        TEST_ECC(pitfall_37_extras_are_inputs_of_a_token),
    };
    return cmocka_run_group_tests_name("custom", tests, NULL, NULL);
}
