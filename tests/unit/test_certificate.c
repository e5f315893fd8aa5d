/* src/x509/certificate and crl: what is written, octet by octet, and what is read back. openssl judges the signed whole. */
#include "unit.h"

#include "crypto/crypto.h"
#include "x509/certificate.h"
#include "x509/crl.h"
#include "x509/pem.h"

/* ---- Parts, as text ---- */

#define ISSUER "30{31{30{06{550403}13{'Test CA'}}}}"
#define SUBJECT "30{31{30{06{550403}13{'db1.internal'}}}}"
#define EMPTY "30{}"
/* The generator of P-256, and the leftmost 160 bits of the SHA-256 of its point, by sha256sum. */
#define KEY \
    "30{30{06{2A8648CE3D0201}06{2A8648CE3D030107}}03{0004" \
    "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296" \
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5}}"
#define KEY_ID "698BEA63DC44A344663FF1429AEA10842DF27B6B"
#define ECDSA_SHA256 "30{06{2A8648CE3D040302}}"
#define RSA_SHA256 "30{06{2A864886F70D01010B}05{}}"
#define YEAR_2027 "30{17{'270101000000Z'}17{'271231235959Z'}}"
#define EXTENSION(oid, value) "30{06{" oid "}04{" value "}}"
#define CRITICAL(oid, value) "30{06{" oid "}01{FF}04{" value "}}"
#define AKI EXTENSION("551D23", "30{80{(20 AA)}}")
#define SKI EXTENSION("551D0E", "04{" KEY_ID "}")
#define USAGE(bits) CRITICAL("551D0F", "03{" bits "}")
#define CA_BASIC(contents) CRITICAL("551D13", "30{01{FF}" contents "}")
#define SERVER_AUTH EXTENSION("551D25", "30{06{2B06010505070301}}")
#define TBS(serial, algorithm, validity, subject, extensions) \
    "30{A0{02{02}}02{" serial "}" algorithm ISSUER validity subject KEY "A3{30{" extensions "}}}"

/* Good for the next eight octets() or so: the test's own copies. */
static struct slice kept(const char *text)
{
    static struct buf all[32];
    static unsigned next;
    struct buf *b = &all[next++ % COUNT(all)];
    pcai_buf_reset(b);
    put_octets(b, text);
    return pcai_buf_view(b);
}

static struct certificate leaf(void)
{
    struct certificate c = {.path_length = -1};
    c.serial = kept("2A");
    c.signature_key = PCA_KEY_EC_P256;
    c.issuer = kept(ISSUER);
    c.not_before = INT64_C(1798761600); /* 2027-01-01 */
    c.not_after = INT64_C(1830297599);  /* 2027-12-31T23:59:59 */
    c.subject = kept(SUBJECT);
    c.public_key = kept(KEY);
    c.key_usage = KU_DIGITAL_SIGNATURE;
    return c;
}

static void check_tbs(const struct certificate *c, const char *expected, int line)
{
    struct buf out = {0};
    assert_done(pcai_certificate_tbs(c, &out, &err));
    check_octets(expected, pcai_buf_view(&out), "the certificate", __FILE__, line);
    pcai_buf_free(&out);
}
#define assert_tbs(c, expected) check_tbs((c), (expected), __LINE__)

/* ---- Written ---- */

static void the_least_certificate(void **state)
{
    (void)state;
    struct certificate c = leaf();
    assert_tbs(&c, TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT, USAGE("0780")));
    /* the same once more without help in counting: RFC 5280 4.1 by hand */
    assert_tbs(&c, "30 81 D0 A0 03 02 01 02 02 01 2A 30 0A 06 08 2A 86 48 CE 3D 04 03 02"
                   "30 12 31 10 30 0E 06 03 55 04 03 13 07 54 65 73 74 20 43 41"
                   "30 1E 17 0D 32 37 30 31 30 31 30 30 30 30 30 30 5A 17 0D 32 37 31 32 33 31 32 33 35 39 35 39 5A"
                   "30 17 31 15 30 13 06 03 55 04 03 13 0C 64 62 31 2E 69 6E 74 65 72 6E 61 6C" KEY
                   "A3 12 30 10 30 0E 06 03 55 1D 0F 01 01 FF 04 04 03 02 07 80");
}

static void every_extension_in_its_order(void **state)
{
    (void)state;
    struct certificate c = leaf();
    c.authority_key_id = kept("(20 AA)");
    c.subject_key_id = kept(KEY_ID);
    c.eku[0] = pcai_oid(OID_SERVER_AUTH);
    c.eku[1] = pcai_oid(OID_CLIENT_AUTH);
    c.eku_count = 2;
    c.san = kept("30{82{'db1.internal'}}");
    c.crl_url = pcai_slice_text("http://crl.example/s.crl");
    c.ocsp_url = pcai_slice_text("http://o.example");
    c.issuer_url = pcai_slice_text("http://i.example/s.cer");
    assert_tbs(&c, TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT,
                       AKI SKI USAGE("0780") EXTENSION("551D25", "30{06{2B06010505070301}06{2B06010505070302}}")
                       EXTENSION("551D11", "30{82{'db1.internal'}}") EXTENSION("551D1F", "30{30{A0{A0{86{'http://crl.example/s.crl'}}}}}")
                       EXTENSION("2B06010505070101", "30{30{06{2B06010505073001}86{'http://o.example'}}"
                                                     "30{06{2B06010505073002}86{'http://i.example/s.cer'}}}")));
    c.ocsp_url = pcai_slice(NULL, 0);
    c.crl_url = pcai_slice(NULL, 0);
    c.san = pcai_slice(NULL, 0);
    c.eku_count = 1;
    assert_tbs(&c, TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT,
                       AKI SKI USAGE("0780") SERVER_AUTH EXTENSION("2B06010505070101", "30{30{06{2B06010505073002}86{'http://i.example/s.cer'}}}")));
}

/* RFC 5280 4.2.1.4. */
static void policies_and_extensions_of_the_caller(void **state)
{
    (void)state;
    struct certificate c = leaf();
    const struct certificate_policy policies[] = {{kept("2A0304"), {NULL, 0}}, {kept("2A0305"), pcai_slice_text("http://example.com/cps")}};
    const struct extension_value extensions[] = {{kept("2A0306"), 0, kept("05{}")}, {kept("2A0307"), 1, kept("30{02{01}}")}};
    c.policies = policies;
    c.policy_count = 2;
    c.extensions = extensions;
    c.extension_count = 2;
    c.san = kept("30{82{'a'}}");
    assert_tbs(&c, TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT,
                       USAGE("0780") EXTENSION("551D20", "30{30{06{2A0304}}30{06{2A0305}30{30{06{2B06010505070201}16{'http://example.com/cps'}}}}}")
                       EXTENSION("551D11", "30{82{'a'}}") EXTENSION("2A0306", "05{}") CRITICAL("2A0307", "30{02{01}}")));
    c.extension_count = c.policy_count = 1;
    assert_tbs(&c, TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT,
                       USAGE("0780") EXTENSION("551D20", "30{30{06{2A0304}}}") EXTENSION("551D11", "30{82{'a'}}") EXTENSION("2A0306", "05{}")));
}

static void a_ca_says_so(void **state)
{
    (void)state;
    struct certificate c = leaf();
    c.is_ca = 1;
    c.key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN;
    assert_tbs(&c, TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT, USAGE("0106") CA_BASIC("")));
    c.path_length = 0;
    assert_tbs(&c, TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT, USAGE("0106") CA_BASIC("02{00}")));
    c.path_length = 7;
    assert_tbs(&c, TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT, USAGE("0106") CA_BASIC("02{07}")));
}

/* FALSE is the DEFAULT of cA and of critical (X.690 11.5): a leaf has no basicConstraints, and no octets 01 01 00 anywhere. */
static void pitfall_07_no_flag_is_written_with_its_default(void **state)
{
    (void)state;
    for (int is_ca = 0; is_ca < 2; is_ca++) {
        struct certificate c = leaf();
        struct buf out = {0};
        c.is_ca = is_ca;
        c.authority_key_id = kept("(20 AA)");
        c.subject_key_id = kept(KEY_ID);
        c.eku[0] = pcai_oid(OID_SERVER_AUTH);
        c.eku_count = 1;
        c.san = kept("30{82{'a'}}");
        c.crl_url = c.ocsp_url = pcai_slice_text("http://a.b");
        assert_done(pcai_certificate_tbs(&c, &out, &err));
        int basic = 0;
        for (size_t i = 0; i + 3 <= out.size; i++) {
            assert_memory_not_equal(out.data + i, "\x01\x01\x00", 3);
            basic += memcmp(out.data + i, "\x55\x1D\x13", 3) == 0;
        }
        assert_int_equal(basic, is_ca);
        pcai_buf_free(&out);
    }
}

static void names_are_critical_when_there_is_no_subject(void **state)
{
    (void)state;
    struct certificate c = leaf();
    c.san = kept("30{82{'a'}}");
    assert_tbs(&c, TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT, USAGE("0780") EXTENSION("551D11", "30{82{'a'}}")));
    c.subject = kept(EMPTY);
    assert_tbs(&c, TBS("2A", ECDSA_SHA256, YEAR_2027, EMPTY, USAGE("0780") CRITICAL("551D11", "30{82{'a'}}")));
}

/* A named-bit list ends with its last bit (X.690 11.2.2). */
static void pitfall_18_key_usage_bits(void **state)
{
    (void)state;
    static const struct {
        unsigned usage;
        const char *tbs;
    } rows[] = {
#define ROW(usage, bits) {usage, TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT, USAGE(bits))}
        ROW(KU_DIGITAL_SIGNATURE, "0780"),
        ROW(KU_NON_REPUDIATION, "0640"),
        ROW(KU_KEY_ENCIPHERMENT, "0520"),
        ROW(KU_DATA_ENCIPHERMENT, "0410"),
        ROW(KU_KEY_AGREEMENT, "0308"),
        ROW(KU_KEY_CERT_SIGN, "0204"),
        ROW(KU_CRL_SIGN, "0102"),
        ROW(KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT, "05A0"),                    /* a server's with RSA */
        ROW(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, "06C0"),                     /* SM2, signing */
        ROW(KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT, "0338"), /* SM2, encryption */
        ROW(KU_KEY_CERT_SIGN | KU_CRL_SIGN, "0106"),
        ROW(0x7F, "01FE"),
#undef ROW
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct certificate c = leaf();
        c.key_usage = rows[i].usage;
        assert_tbs(&c, rows[i].tbs);
    }
}

static void the_signature_algorithm_is_the_issuers(void **state)
{
    (void)state;
    struct certificate c = leaf();
    c.signature_key = PCA_KEY_RSA_4096;
    assert_tbs(&c, TBS("2A", RSA_SHA256, YEAR_2027, SUBJECT, USAGE("0780")));
    c.signature_key = PCA_KEY_EC_P384;
    assert_tbs(&c, TBS("2A", "30{06{2A8648CE3D040303}}", YEAR_2027, SUBJECT, USAGE("0780")));
}

static void pitfall_25_validity_over_the_end_of_2049(void **state)
{
    (void)state;
    static const struct {
        int64_t from, to;
        const char *tbs;
    } rows[] = {
#define ROW(from, to, validity) {INT64_C(from), INT64_C(to), TBS("2A", ECDSA_SHA256, validity, SUBJECT, USAGE("0780"))}
        ROW(2524607999, 2524607999, "30{17{'491231235959Z'}17{'491231235959Z'}}"),
        ROW(2524607999, 2524608000, "30{17{'491231235959Z'}18{'20500101000000Z'}}"),
        ROW(2524608000, 253402300799, "30{18{'20500101000000Z'}18{'99991231235959Z'}}"),
        ROW(1709164800, 1709251199, "30{17{'240229000000Z'}17{'240229235959Z'}}"),
        ROW(2147483647, 2147483648, "30{17{'380119031407Z'}17{'380119031408Z'}}"),
#undef ROW
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct certificate c = leaf();
        c.not_before = rows[i].from;
        c.not_after = rows[i].to;
        assert_tbs(&c, rows[i].tbs);
    }
}

static void a_certificate_is_tbs_algorithm_and_signature(void **state)
{
    (void)state;
    struct buf out = {0};
    pcai_signed_write(&out, kept("30{0102}"), PCA_KEY_RSA_2048, kept("AA BB"));
    assert_buf_octets("30{30{0102}" RSA_SHA256 "03{00 AA BB}}", &out);
    pcai_signed_write(&out, kept("30{0102}"), PCA_KEY_EC_P256, kept("30{02{01}02{01}}"));
    assert_buf_octets("30{30{0102}" ECDSA_SHA256 "03{00 30{02{01}02{01}}}}", &out);
}

/* RFC 7093 2 (1); the digests by sha256sum. */
static void key_identifiers_of_rfc_7093(void **state)
{
    (void)state;
    uint8_t id[PCAI_KEY_ID];
    assert_done(pcai_key_id(kept(KEY), id, &err));
    assert_octets(KEY_ID, pcai_slice(id, sizeof id));
    assert_done(pcai_key_id(kept("30{30{06{2A864886F70D010101}05{}}03{00 30{02{00(256 FF)}02{010001}}}}"), id, &err));
    assert_octets("B23D6F90D64A5F4D54CFDD343981B59F2E2CF210", pcai_slice(id, sizeof id));
    assert_result(PCA_E_ALGORITHM, "public_key", pcai_key_id(kept("30{03{00}}"), id, &err));
    assert_result(PCA_E_ALGORITHM, "public_key", pcai_key_id(kept(""), id, &err));
}

/* ---- Read ---- */

#define CERTIFICATE(tbs) "30{" tbs ECDSA_SHA256 "03{00 30{02{01}02{01}}}}"
#define WITH(extensions) CERTIFICATE(TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT, extensions))

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct certificate c;
    struct slice der = kept(WITH(AKI SKI USAGE("05A0") CRITICAL("551D13", "30{01{FF}02{03}}") SERVER_AUTH CRITICAL("551D11", "30{82{'a'}}")
                                     EXTENSION("551D1F", "30{30{A0{A0{86{'http://a'}}}}}") CRITICAL("2A0304", "'unknown'")));
    assert_done(pcai_certificate_read(der, &c, &err));
    assert_octets("2A", c.serial);
    assert_slice(kept(ISSUER), c.issuer);
    assert_slice(kept(SUBJECT), c.subject);
    assert_slice(kept(KEY), c.public_key);
    assert_int_equal(c.not_before, INT64_C(1798761600));
    assert_int_equal(c.not_after, INT64_C(1830297599));
    assert_octets("(20 AA)", c.authority_key_id);
    assert_octets(KEY_ID, c.subject_key_id);
    assert_int_equal(c.key_usage, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
    assert_int_equal(c.is_ca, 1);
    assert_int_equal(c.path_length, 3);
    assert_int_equal(c.eku_count, 1);
    assert_octets("2B06010505070301", c.eku[0]);
    assert_octets("30{82{'a'}}", c.san);
    assert_slice_text("http://a", c.crl_url);
    assert_slice(kept(ECDSA_SHA256), c.signature_algorithm);
    assert_octets("30{02{01}02{01}}", c.signature);
    assert_int_equal(c.tbs.data[0], 0x30);
    assert_int_equal(c.tbs.size, der.size - 4 - 12 - 11);

    assert_done(pcai_certificate_read(kept(CERTIFICATE("30{A0{02{02}}02{2A}" ECDSA_SHA256 ISSUER YEAR_2027 SUBJECT KEY "}")), &c, &err));
    assert_int_equal(c.path_length, -1);
    assert_int_equal(c.is_ca, 0);
    assert_null(c.san.data);
}

static void certificates_that_are_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *what, *text;
    } rows[] = {
        {"nothing", ""},
        {"nothing in it", "30{}"},
        {"octets behind", WITH(AKI) "00"},
        {"version 1", CERTIFICATE("30{02{2A}" ECDSA_SHA256 ISSUER YEAR_2027 SUBJECT KEY "}")},
        {"version 2", CERTIFICATE("30{A0{02{01}}02{2A}" ECDSA_SHA256 ISSUER YEAR_2027 SUBJECT KEY "}")},
        {"version 4", CERTIFICATE("30{A0{02{03}}02{2A}" ECDSA_SHA256 ISSUER YEAR_2027 SUBJECT KEY "}")},
        {"version with something behind", CERTIFICATE("30{A0{02{02}05{}}02{2A}" ECDSA_SHA256 ISSUER YEAR_2027 SUBJECT KEY "}")},
        {"serial not minimal", CERTIFICATE(TBS("002A", ECDSA_SHA256, YEAR_2027, SUBJECT, AKI))},
        {"serial empty", CERTIFICATE(TBS("", ECDSA_SHA256, YEAR_2027, SUBJECT, AKI))},
        {"two algorithms", CERTIFICATE(TBS("2A", RSA_SHA256, YEAR_2027, SUBJECT, AKI))},
        {"one date", CERTIFICATE(TBS("2A", ECDSA_SHA256, "30{17{'270101000000Z'}}", SUBJECT, AKI))},
        {"three dates", CERTIFICATE(TBS("2A", ECDSA_SHA256, "30{17{'270101000000Z'}17{'270101000000Z'}17{'270101000000Z'}}", SUBJECT, AKI))},
        {"a date without seconds", CERTIFICATE(TBS("2A", ECDSA_SHA256, "30{17{'2701010000Z'}17{'270101000000Z'}}", SUBJECT, AKI))},
        {"unique identifiers", CERTIFICATE("30{A0{02{02}}02{2A}" ECDSA_SHA256 ISSUER YEAR_2027 SUBJECT KEY "81{00 01}}")},
        {"something behind the extensions", CERTIFICATE("30{A0{02{02}}02{2A}" ECDSA_SHA256 ISSUER YEAR_2027 SUBJECT KEY "A3{30{" AKI "}}05{}}")},
        {"something behind them in [3]", CERTIFICATE("30{A0{02{02}}02{2A}" ECDSA_SHA256 ISSUER YEAR_2027 SUBJECT KEY "A3{30{" AKI "}05{}}}")},
        {"extensions as a SET", CERTIFICATE("30{A0{02{02}}02{2A}" ECDSA_SHA256 ISSUER YEAR_2027 SUBJECT KEY "A3{31{" AKI "}}}")},
        {"no signature", "30{" TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT, AKI) ECDSA_SHA256 "}"},
        {"unused bits", "30{" TBS("2A", ECDSA_SHA256, YEAR_2027, SUBJECT, AKI) ECDSA_SHA256 "03{01 02}}"},
        {"an extension twice", WITH(SKI USAGE("0780") SKI)},
        {"an extension twice that is not known here", WITH(EXTENSION("2A0304", "05{}") SKI EXTENSION("2A0304", "05{}"))},
        {"an extension without a value", WITH("30{06{551D0E}}")},
        {"an extension with something behind", WITH("30{06{551D0E}04{04{01}}05{}}")},
        {"critical 01", WITH("30{06{551D0E}01{01}04{04{01}}}")},
        {"SKI with something behind", WITH(EXTENSION("551D0E", "04{01}00"))},
        {"SKI empty", WITH(EXTENSION("551D0E", "04{}"))},
        {"SKI as a SEQUENCE", WITH(EXTENSION("551D0E", "30{}"))},
        {"AKI with something behind", WITH(EXTENSION("551D23", "30{80{01}}00"))},
        {"AKI as an OCTET STRING", WITH(EXTENSION("551D23", "04{01}"))},
        {"keyUsage with something behind", WITH(CRITICAL("551D0F", "03{0780}00"))},
        {"keyUsage without bits", WITH(CRITICAL("551D0F", "03{}"))},
        {"basicConstraints with something behind", WITH(CRITICAL("551D13", "30{01{FF}}00"))},
        {"basicConstraints with something inside", WITH(CRITICAL("551D13", "30{01{FF}05{}}"))},
        {"basicConstraints: TRUE as 01", WITH(CRITICAL("551D13", "30{01{01}}"))},
        {"basicConstraints: a negative length", WITH(CRITICAL("551D13", "30{01{FF}02{FF}}"))},
        {"basicConstraints: a length of 256", WITH(CRITICAL("551D13", "30{01{FF}02{0100}}"))},
        {"EKU empty", WITH(EXTENSION("551D25", "30{}"))},
        {"EKU with something behind", WITH(EXTENSION("551D25", "30{06{2A03}}00"))},
        {"EKU of 17", WITH(EXTENSION("551D25", "30{06{2A03}06{2A03}06{2A03}06{2A03}06{2A03}06{2A03}06{2A03}06{2A03}06{2A03}06{2A03}06{2A03}06{2A03}06{2A03}"
                                               "06{2A03}06{2A03}06{2A03}06{2A03}}"))},
        {"CRL points with something behind", WITH(EXTENSION("551D1F", "30{30{A0{A0{86{'http://a'}}}}}00"))},
        {"CRL points empty", WITH(EXTENSION("551D1F", "30{}"))},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct certificate c;
        err = (pca_error){0};
        int rc = pcai_certificate_read(kept(rows[i].text), &c, &err);
        if (rc != PCA_E_CORRUPT || err.code != rc || strcmp(err.field, "certificate") != 0)
            fail_msg("%s: %s", rows[i].what, pca_code_name(rc));
    }
    struct slice good = kept(WITH(AKI SKI USAGE("0780")));
    for (size_t size = 0; size < good.size; size++) {
        struct certificate c;
        assert_result(PCA_E_CORRUPT, "certificate", pcai_certificate_read(pcai_slice(good.data, size), &c, &err));
    }
}

static void sixty_four_extensions_and_no_more(void **state)
{
    (void)state;
    for (size_t count = 64; count <= 65; count++) {
        static char text[8192];
        struct certificate c;
        size_t used = (size_t)snprintf(text, sizeof text, "30{30{A0{02{02}}02{2A}" ECDSA_SHA256 ISSUER YEAR_2027 SUBJECT KEY "A3{30{");
        for (size_t i = 0; i < count; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, EXTENSION("2A03%02zX", "05{}"), i);
        snprintf(text + used, sizeof text - used, "}}}" ECDSA_SHA256 "03{00 30{02{01}02{01}}}}");
        assert_int_equal(pcai_certificate_read(kept(text), &c, &err), count == 64 ? PCA_OK : PCA_E_CORRUPT);
    }
}

static void a_certificate_changed_in_every_way_does_no_harm(void **state)
{
    (void)state;
    struct slice good = octets(WITH(AKI SKI USAGE("0780") CRITICAL("551D13", "30{01{FF}02{03}}") SERVER_AUTH EXTENSION("551D11", "30{82{'a'}}")
                                        EXTENSION("551D1F", "30{30{A0{A0{86{'http://a'}}}}}")));
    uint8_t *copy = malloc(good.size);
    for (size_t at = 0; at < good.size; at++)
        for (int value = 0; value < 256; value++) {
            struct certificate c;
            memcpy(copy, good.data, good.size);
            copy[at] = (uint8_t)value;
            int rc = pcai_certificate_read(pcai_slice(copy, good.size), &c, NULL);
            if (rc != PCA_OK && rc != PCA_E_CORRUPT)
                fail_msg("octet %zu, %02X: %s", at, (unsigned)value, pca_code_name(rc));
        }
    free(copy);
}

static void certificates_of_openssl_are_read(void **state)
{
    (void)state;
    need_openssl();
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", scratch("key.pem"), "-subj", "/C=DE/CN=Other CA", "-days", "10", "-set_serial",
            "0x7F0102", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-addext", "subjectAltName=DNS:a.b,URI:urn:x", "-addext",
            "extendedKeyUsage=clientAuth", "-addext", "crlDistributionPoints=URI:http://c.example/x.crl", "-outform", "DER", "-out", scratch("other.der"));
    struct buf der = scratch_get("other.der"), text = {0};
    struct certificate c;
    assert_done(pcai_certificate_read(pcai_buf_view(&der), &c, &err));
    assert_octets("7F0102", c.serial);
    pcai_name_text(c.subject, &text);
    assert_buf_text("CN=Other CA,C=DE", &text);
    assert_slice(c.subject, c.issuer);
    assert_int_equal(c.not_after - c.not_before, 10 * 86400);
    assert_int_equal(c.is_ca, 1);
    assert_int_equal(c.path_length, -1);
    assert_int_equal(c.key_usage, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_octets("30{82{'a.b'}86{'urn:x'}}", c.san);
    assert_slice(pcai_oid(OID_CLIENT_AUTH), c.eku[0]);
    assert_slice_text("http://c.example/x.crl", c.crl_url);
    assert_slice(c.subject_key_id, c.authority_key_id);
    struct public_key *key;
    assert_done(pcai_public_read(c.public_key, &key, &err));
    assert_done(pcai_public_verify(key, PCAI_SHA256, c.tbs, c.signature, &err));
    pcai_public_free(key);
    pcai_buf_free(&der);
}

/* What a CA that is brought in, or its issuer, may hold: all forms of an authority key identifier, and critical extensions that are noted. */
static void the_first_critical_extension_that_is_unknown_is_noted(void **state)
{
    (void)state;
    static const struct {
        const char *extensions, *critical, *authority;
    } rows[] = {
        {AKI SKI USAGE("0780"), NULL, "(20 AA)"},
        {EXTENSION("2A0304", "05{}"), NULL, NULL},
        {SKI CRITICAL("2A0304", "05{}") AKI, "2A0304", "(20 AA)"},
        {EXTENSION("2A0304", "05{}") CRITICAL("2A0305", "05{}") CRITICAL("2A0306", "05{}"), "2A0305", NULL},
        {CRITICAL("551D24", "30{80{00}}") CRITICAL("2A0304", "05{}"), "551D24", NULL}, /* policyConstraints */
        {CRITICAL("551D1E", "30{A0{30{82{'a'}}}}"), NULL, NULL},
        {CRITICAL("551D25", "30{06{2A03}}"), NULL, NULL},
        {EXTENSION("551D23", "30{80{(20 AA)}A1{A4{" ISSUER "}}82{01}}"), NULL, "(20 AA)"},
        {EXTENSION("551D23", "30{A1{A4{" ISSUER "}}82{01}}"), NULL, NULL},
        {EXTENSION("551D23", "30{}"), NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct certificate c;
        char text[2000];
        snprintf(text, sizeof text, "30{30{A0{02{02}}02{2A}%s%s%s%s%sA3{30{%s}}}%s03{00 30{02{01}02{01}}}}", ECDSA_SHA256, ISSUER, YEAR_2027, SUBJECT, KEY,
                 rows[i].extensions, ECDSA_SHA256);
        if (pcai_certificate_read(kept(text), &c, &err) != PCA_OK)
            fail_msg("%s: %s", rows[i].extensions, err.message);
        assert_int_equal(c.critical.data != NULL, rows[i].critical != NULL);
        assert_int_equal(c.authority_key_id.data != NULL, rows[i].authority != NULL);
        if (rows[i].critical)
            assert_octets(rows[i].critical, c.critical);
        if (rows[i].authority)
            assert_octets(rows[i].authority, c.authority_key_id);
    }
}

static void open_refuses(const char *what, struct slice in)
{
    struct buf work = {0};
    struct certificate c;
    err = (pca_error){0};
    int rc = pcai_certificate_open(in, &work, &c, &err);
    if (rc != PCA_E_INVALID || err.code != rc || strcmp(err.field, "certificate") != 0 || !*err.message)
        fail_msg("%s: %s, \"%s\"", what, pca_code_name(rc), err.message);
    pcai_buf_free(&work);
}

static void a_certificate_of_others_is_opened(void **state)
{
    (void)state;
    struct slice der = kept(WITH(AKI SKI USAGE("0780")));
    struct buf work = {0}, text = {0};
    struct certificate c;
    assert_done(pcai_certificate_open(der, &work, &c, &err));
    assert_slice(der, pcai_buf_view(&work));
    assert_true(c.subject.data > work.data && c.subject.data < work.data + work.size); /* the copy, not the input */
    static const char *const labels[] = {"CERTIFICATE", "X509 CERTIFICATE"};
    for (size_t i = 0; i < COUNT(labels); i++) {
        pcai_buf_reset(&text);
        pcai_buf_slice(&text, pcai_slice_text("Bag Attributes\n    friendlyName: a\n"));
        pcai_pem_write(&text, labels[i], der);
        assert_done(pcai_certificate_open(pcai_buf_view(&text), &work, &c, &err));
        assert_slice(der, pcai_buf_view(&work));
        for (size_t size = 0; size < text.size - 1; size++)
            open_refuses("PEM cut short", pcai_slice(text.data, size));
    }
    pcai_pem_write(&text, "CERTIFICATE", der);
    open_refuses("two blocks", pcai_buf_view(&text));
    pcai_buf_reset(&text);
    pcai_pem_write(&text, "CERTIFICATE REQUEST", der);
    open_refuses("another label", pcai_buf_view(&text));
    open_refuses("nothing", pcai_slice("", 0));
    open_refuses("rubbish", pcai_slice_text("rubbish"));
    open_refuses("something behind it", kept(WITH(AKI) "00"));
    for (size_t size = 0; size < der.size; size++)
        open_refuses("DER cut short", pcai_slice(der.data, size));
    uint8_t *large = calloc(1, PCAI_CERTIFICATE_MAX + 1);
    large[0] = 0x30;
    open_refuses("65537 octets", pcai_slice(large, PCAI_CERTIFICATE_MAX + 1));
    assert_says("65536");
    free(large);
    pcai_buf_free(&work);
    pcai_buf_free(&text);
}

static void a_signature_is_verified_by_the_key_that_made_it(void **state)
{
    (void)state;
    need_openssl();
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", scratch("a.key"), "-subj", "/CN=a", "-outform", "DER", "-out", scratch("a.der"));
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", scratch("b.key"), "-subj", "/CN=a", "-outform", "DER", "-out", scratch("b.der"));
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", scratch("c.key"), "-subj", "/CN=a", "-outform", "DER",
            "-out", scratch("c.der"));
    openssl("req", "-x509", "-key", scratch("a.key"), "-sha1", "-subj", "/CN=a", "-outform", "DER", "-out", scratch("sha1.der"));
    openssl("req", "-x509", "-key", scratch("a.key"), "-sigopt", "rsa_padding_mode:pss", "-subj", "/CN=a", "-outform", "DER", "-out", scratch("pss.der"));
    struct buf a = scratch_get("a.der"), b = scratch_get("b.der"), e = scratch_get("c.der"), sha1 = scratch_get("sha1.der"), pss = scratch_get("pss.der");
    struct certificate ca, cb, ce, weak;
    assert_done(pcai_certificate_read(pcai_buf_view(&a), &ca, &err));
    assert_done(pcai_certificate_read(pcai_buf_view(&b), &cb, &err));
    assert_done(pcai_certificate_read(pcai_buf_view(&e), &ce, &err));
    assert_done(pcai_certificate_verify(&ca, ca.public_key, &err));
    assert_done(pcai_certificate_verify(&ce, ce.public_key, &err));
    assert_int_equal(PCA_E_CRYPTO, pcai_certificate_verify(&ca, cb.public_key, &err));
    assert_int_equal(PCA_E_CRYPTO, pcai_certificate_verify(&ca, ce.public_key, &err));
    assert_int_equal(PCA_E_CRYPTO, pcai_certificate_verify(&ce, ca.public_key, &err));
    assert_done(pcai_certificate_read(pcai_buf_view(&sha1), &weak, &err));
    assert_result(PCA_E_CRYPTO, "certificate", pcai_certificate_verify(&weak, ca.public_key, &err));
    assert_done(pcai_certificate_read(pcai_buf_view(&pss), &weak, &err));
    assert_result(PCA_E_CRYPTO, "certificate", pcai_certificate_verify(&weak, ca.public_key, &err));
    assert_result(PCA_E_ALGORITHM, "public_key", pcai_certificate_verify(&ca, kept("30{30{06{2A03}}03{00}}"), &err));
    pcai_buf_free(&a);
    pcai_buf_free(&b);
    pcai_buf_free(&e);
    pcai_buf_free(&sha1);
    pcai_buf_free(&pss);
}

/* ---- CRLs ---- */

static struct crl list(void)
{
    return (struct crl){.signature_key = PCA_KEY_EC_P256,
                        .issuer = kept(ISSUER),
                        .this_update = INT64_C(1798761600),
                        .next_update = INT64_C(1799366400), /* 2027-01-08 */
                        .authority_key_id = kept("(20 AA)"),
                        .number = 1798761600};
}

#define CRL_EXTENSIONS(number) "A0{30{" EXTENSION("551D23", "30{80{(20 AA)}}") EXTENSION("551D14", "02{" number "}") "}}"
#define UPDATES "17{'270101000000Z'}17{'270108000000Z'}"

/* TBSCertList whole. */
static struct buf put_list(const struct crl *crl, const struct crl_entry *entries, size_t count)
{
    struct buf body = {0}, out = {0};
    for (size_t i = 0; i < count; i++)
        pcai_crl_entry_write(&body, &entries[i]);
    pcai_crl_head_write(&out, crl, body.size);
    pcai_buf_slice(&out, pcai_buf_view(&body));
    pcai_crl_tail_write(&out, crl);
    pcai_buf_free(&body);
    assert_false(out.failed);
    return out;
}

/* No revocations: the field is absent, not an empty SEQUENCE (RFC 5280 5.1.2.6). */
static void pitfall_08_an_empty_list_is_absent(void **state)
{
    (void)state;
    struct crl crl = list();
    struct buf out = put_list(&crl, NULL, 0);
    assert_buf_octets("30{02{01}" ECDSA_SHA256 ISSUER UPDATES CRL_EXTENSIONS("6B36EC80") "}", &out);
}

static void entries_of_a_list(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        int reason;
        int64_t invalidity;
        const char *text;
    } rows[] = {
        {INT64_C(1798761600), PCA_REASON_UNSPECIFIED, 0, "30{02{2A}17{'270101000000Z'}}"},
        {INT64_C(1798761600), PCA_REASON_KEY_COMPROMISE, 0, "30{02{2A}17{'270101000000Z'}30{" EXTENSION("551D15", "0A{01}") "}}"},
        {INT64_C(1798761600), PCA_REASON_CA_COMPROMISE, 0, "30{02{2A}17{'270101000000Z'}30{" EXTENSION("551D15", "0A{02}") "}}"},
        {INT64_C(1798761600), PCA_REASON_PRIVILEGE_WITHDRAWN, 0, "30{02{2A}17{'270101000000Z'}30{" EXTENSION("551D15", "0A{09}") "}}"},
        {INT64_C(1798761600), PCA_REASON_KEY_COMPROMISE, INT64_C(1798675200),
         "30{02{2A}17{'270101000000Z'}30{" EXTENSION("551D15", "0A{01}") EXTENSION("551D18", "18{'20261231000000Z'}") "}}"},
        {INT64_C(1798761600), PCA_REASON_UNSPECIFIED, INT64_C(1798675200), "30{02{2A}17{'270101000000Z'}30{" EXTENSION("551D18", "18{'20261231000000Z'}") "}}"},
        {INT64_C(2524608000), PCA_REASON_UNSPECIFIED, 0, "30{02{2A}18{'20500101000000Z'}}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct crl_entry entry = {kept("2A"), rows[i].at, rows[i].reason, rows[i].invalidity};
        struct buf out = {0};
        pcai_crl_entry_write(&out, &entry);
        assert_buf_octets(rows[i].text, &out);
    }
}

static void a_list_with_entries(void **state)
{
    (void)state;
    struct crl crl = list();
    crl.number = UINT64_C(0x8000000000000000); /* beyond 2^63: one octet more, to stay positive */
    const struct crl_entry entries[] = {
        {kept("2A"), INT64_C(1798761600), PCA_REASON_UNSPECIFIED, 0},
        {kept("0080"), INT64_C(1798761600), PCA_REASON_KEY_COMPROMISE, 0},
    };
    struct buf out = put_list(&crl, entries, 2);
    assert_buf_octets("30{02{01}" ECDSA_SHA256 ISSUER UPDATES "30{30{02{2A}17{'270101000000Z'}}"
                      "30{02{0080}17{'270101000000Z'}30{" EXTENSION("551D15", "0A{01}") "}}}" CRL_EXTENSIONS("008000000000000000") "}",
                      &out);
}

static void a_list_is_wrapped_as_its_sizes_say(void **state)
{
    (void)state;
    struct crl crl = list();
    struct buf out = {0}, signature = {0};
    pcai_crl_signature_write(&signature, &crl, kept("30{02{01}02{01}}"));
    pcai_crl_outer_write(&out, 4, signature.size);
    pcai_buf_slice(&out, kept("30{0102}"));
    pcai_buf_slice(&out, pcai_buf_view(&signature));
    assert_buf_octets("30{30{0102}" ECDSA_SHA256 "03{00 30{02{01}02{01}}}}", &out);
    pcai_buf_free(&signature);
}

/* ---- openssl over the signed whole ---- */

struct authority {
    struct random *random;
    struct key *key;
    uint8_t id[PCAI_KEY_ID];
};

static void authority_new(struct authority *a, int algorithm)
{
    assert_done(pcai_random_new(NULL, 0, &a->random, &err));
    assert_done(pcai_key_generate(algorithm, a->random, &a->key, &err));
    assert_done(pcai_key_id(pcai_key_public(a->key), a->id, &err));
}

static void authority_free(struct authority *a)
{
    pcai_key_free(a->key);
    pcai_random_free(a->random);
}

static void sign_into(const char *file, const struct authority *a, struct slice tbs)
{
    struct buf signature = {0}, der = {0};
    assert_done(pcai_key_sign(a->key, a->random, tbs, &signature, &err));
    pcai_signed_write(&der, tbs, pcai_key_algorithm(a->key), pcai_buf_view(&signature));
    struct buf pem = {0};
    pcai_pem_write(&pem, strstr(file, ".crl") ? "X509 CRL" : "CERTIFICATE", pcai_buf_view(&der));
    scratch_put(file, pcai_buf_view(&pem));
    pcai_buf_free(&signature);
    pcai_buf_free(&der);
    pcai_buf_free(&pem);
}

static void make_root(const char *file, const struct authority *a)
{
    struct certificate c = leaf();
    struct buf tbs = {0};
    c.serial = kept("01");
    c.subject = c.issuer;
    c.signature_key = pcai_key_algorithm(a->key);
    c.public_key = pcai_key_public(a->key);
    c.not_before = INT64_C(1704067200); /* 2024 */
    c.not_after = INT64_C(4102444799);  /* 2099 */
    c.is_ca = 1;
    c.key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN;
    c.subject_key_id = c.authority_key_id = pcai_slice(a->id, sizeof a->id);
    assert_done(pcai_certificate_tbs(&c, &tbs, &err));
    sign_into(file, a, pcai_buf_view(&tbs));
    pcai_buf_free(&tbs);
}

/* Made with the right key, and said to be made otherwise. */
static void an_algorithm_that_does_not_fit_the_key_is_refused(void **state)
{
    (void)state;
    static const int keys[] = {PCA_KEY_RSA_2048, PCA_KEY_EC_P256}, said[] = {PCA_KEY_EC_P256, PCA_KEY_RSA_2048};
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct authority a;
        struct certificate c = leaf(), back;
        struct buf tbs = {0}, signature = {0}, der = {0};
        authority_new(&a, keys[i]);
        for (int honest = 0; honest < 2; honest++) {
            pcai_buf_reset(&tbs);
            pcai_buf_reset(&signature);
            pcai_buf_reset(&der);
            c.signature_key = honest ? keys[i] : said[i];
            assert_done(pcai_certificate_tbs(&c, &tbs, &err));
            assert_done(pcai_key_sign(a.key, a.random, pcai_buf_view(&tbs), &signature, &err));
            pcai_signed_write(&der, pcai_buf_view(&tbs), c.signature_key, pcai_buf_view(&signature));
            assert_done(pcai_certificate_read(pcai_buf_view(&der), &back, &err));
            assert_result(honest ? PCA_OK : PCA_E_CRYPTO, NULL, pcai_certificate_verify(&back, pcai_key_public(a.key), &err));
        }
        pcai_buf_free(&tbs);
        pcai_buf_free(&signature);
        pcai_buf_free(&der);
        authority_free(&a);
    }
}

static const int families[] = {PCA_KEY_RSA_2048, PCA_KEY_EC_P256, PCA_KEY_EC_P384, PCA_KEY_EC_P521};

static void openssl_verifies_certificates(void **state)
{
    (void)state;
    need_openssl();
    for (size_t i = 0; i < COUNT(families); i++) {
        struct authority a;
        struct buf tbs = {0};
        uint8_t id[PCAI_KEY_ID];
        authority_new(&a, families[i]);
        make_root("root.pem", &a);
        struct certificate c = leaf();
        c.signature_key = families[i];
        c.subject_key_id = pcai_slice(id, sizeof id);
        c.authority_key_id = pcai_slice(a.id, sizeof a.id);
        assert_done(pcai_key_id(c.public_key, id, &err));
        c.eku[0] = pcai_oid(OID_SERVER_AUTH);
        c.eku_count = 1;
        c.san = kept("30{82{'db1.internal'}87{0A000001}}");
        c.crl_url = pcai_slice_text("http://crl.example/s.crl");
        c.ocsp_url = pcai_slice_text("http://o.example");
        assert_done(pcai_certificate_tbs(&c, &tbs, &err));
        sign_into("leaf.pem", &a, pcai_buf_view(&tbs));
        openssl("verify", "-x509_strict", "-check_ss_sig", "-purpose", "sslserver", "-verify_hostname", "db1.internal", "-attime", "1800000000", "-CAfile",
                scratch("root.pem"), scratch("leaf.pem"));
        char *text = output_of("openssl", "x509", "-in", scratch("leaf.pem"), "-noout", "-text");
        assert_contains(text, "X509v3 Key Usage: critical\n                Digital Signature\n");
        assert_contains(text, "TLS Web Server Authentication\n");
        assert_contains(text, "DNS:db1.internal, IP Address:10.0.0.1\n");
        assert_contains(text, "URI:http://crl.example/s.crl\n");
        assert_contains(text, "OCSP - URI:http://o.example\n");
        assert_contains(text, "Not After : Dec 31 23:59:59 2027 GMT\n");
        assert_lacks(text, "Basic Constraints");
        free(text);
        pcai_buf_free(&tbs);
        authority_free(&a);
    }
}

static void openssl_reads_and_verifies_lists(void **state)
{
    (void)state;
    need_openssl();
    static const size_t counts[] = {0, 1, 3, 4, 3000};
    struct crl_entry *entries = calloc(3000, sizeof *entries);
    uint8_t(*serials)[16] = calloc(3000, 16);
    for (size_t i = 0; i < 3000; i++) {
        serials[i][0] = 0x40;
        serials[i][14] = (uint8_t)(i >> 8);
        serials[i][15] = (uint8_t)i;
        entries[i] = (struct crl_entry){pcai_slice(serials[i], 16), INT64_C(1798761600) - (int64_t)i, i % 3 ? PCA_REASON_SUPERSEDED : PCA_REASON_UNSPECIFIED,
                                        i % 5 ? 0 : INT64_C(1798000000)};
    }
    for (size_t i = 0; i < COUNT(families); i += 1) {
        struct authority a;
        authority_new(&a, families[i]);
        make_root("root.pem", &a);
        struct crl crl = list();
        crl.signature_key = families[i];
        crl.authority_key_id = pcai_slice(a.id, sizeof a.id);
        for (size_t j = 0; j < COUNT(counts); j++) {
            struct buf tbs = put_list(&crl, entries, counts[j]);
            sign_into("list.crl", &a, pcai_buf_view(&tbs));
            openssl("crl", "-in", scratch("list.crl"), "-noout", "-CAfile", scratch("root.pem"), "-verify");
            char *text = output_of("openssl", "crl", "-in", scratch("list.crl"), "-noout", "-text"), *at = text;
            size_t seen = 0;
            while ((at = strstr(at, "Serial Number: ")) != NULL)
                at++, seen++;
            assert_int_equal(seen, counts[j]);
            assert_contains(text, "Version 2 (0x1)");
            assert_contains(text, "X509v3 CRL Number: \n                1798761600\n");
            assert_contains(text, "Last Update: Jan  1 00:00:00 2027 GMT\n        Next Update: Jan  8 00:00:00 2027 GMT\n");
            if (counts[j] == 0)
                assert_contains(text, "No Revoked Certificates.\n");
            if (counts[j] == 3000) {
                assert_contains(text, "Serial Number: 40000000000000000000000000000BB7\n        Revocation Date: Dec 31 23:10:01 2026 GMT\n");
                assert_contains(text, "Superseded\n");
                assert_contains(text, "Invalidity Date: \n                Dec 23 04:26:40 2026 GMT\n");
            }
            free(text);
            pcai_buf_free(&tbs);
        }
        authority_free(&a);
    }
    free(entries);
    free(serials);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_certificate),
        cmocka_unit_test(every_extension_in_its_order),
        cmocka_unit_test(policies_and_extensions_of_the_caller),
        cmocka_unit_test(a_ca_says_so),
        cmocka_unit_test(pitfall_07_no_flag_is_written_with_its_default),
        cmocka_unit_test(names_are_critical_when_there_is_no_subject),
        cmocka_unit_test(pitfall_18_key_usage_bits),
        cmocka_unit_test(the_signature_algorithm_is_the_issuers),
        cmocka_unit_test(pitfall_25_validity_over_the_end_of_2049),
        cmocka_unit_test(a_certificate_is_tbs_algorithm_and_signature),
        cmocka_unit_test(key_identifiers_of_rfc_7093),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(certificates_that_are_malformed),
        cmocka_unit_test(sixty_four_extensions_and_no_more),
        cmocka_unit_test(a_certificate_changed_in_every_way_does_no_harm),
        cmocka_unit_test(certificates_of_openssl_are_read),
        cmocka_unit_test(the_first_critical_extension_that_is_unknown_is_noted),
        cmocka_unit_test(a_certificate_of_others_is_opened),
        cmocka_unit_test(a_signature_is_verified_by_the_key_that_made_it),
        cmocka_unit_test(an_algorithm_that_does_not_fit_the_key_is_refused),
        cmocka_unit_test(pitfall_08_an_empty_list_is_absent),
        cmocka_unit_test(entries_of_a_list),
        cmocka_unit_test(a_list_with_entries),
        cmocka_unit_test(a_list_is_wrapped_as_its_sizes_say),
        cmocka_unit_test(openssl_verifies_certificates),
        cmocka_unit_test(openssl_reads_and_verifies_lists),
    };
    return cmocka_run_group_tests_name("certificate", tests, scratch_setup, scratch_teardown);
}
