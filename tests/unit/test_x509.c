/* src/x509: object identifiers, names, alternative names, PEM. */
#include "unit.h"

#include "crypto/crypto.h"
#include "x509/name.h"
#include "x509/pem.h"
#include "x509/san.h"

/* n times the text; good until the next call. */
static const char *times(const char *text, size_t n)
{
    static struct buf out;
    pcai_buf_reset(&out);
    for (size_t i = 0; i < n; i++)
        pcai_buf_text(&out, text);
    pcai_buf_octet(&out, 0);
    assert_false(out.failed);
    return (const char *)out.data;
}

/* ---- Object identifiers ---- */

/* By their standards: X.520, RFC 4519, RFC 5280, RFC 2985, RFC 4055, RFC 5758, GM/T 0006, RFC 8018,
 * RFC 5652, RFC 7292, NIST; the last one is OpenJDK's. */
static const struct {
    enum oid oid;
    const char *hex, *text, *name;
} oids[] = {
    {OID_COMMON_NAME, "55 04 03", "2.5.4.3", "CN"},
    {OID_SURNAME, "55 04 04", "2.5.4.4", "SN"},
    {OID_SERIAL_NUMBER, "55 04 05", "2.5.4.5", "serialNumber"},
    {OID_COUNTRY, "55 04 06", "2.5.4.6", "C"},
    {OID_LOCALITY, "55 04 07", "2.5.4.7", "L"},
    {OID_STATE, "55 04 08", "2.5.4.8", "ST"},
    {OID_STREET, "55 04 09", "2.5.4.9", "STREET"},
    {OID_ORGANIZATION, "55 04 0A", "2.5.4.10", "O"},
    {OID_UNIT, "55 04 0B", "2.5.4.11", "OU"},
    {OID_TITLE, "55 04 0C", "2.5.4.12", "title"},
    {OID_POSTAL_CODE, "55 04 11", "2.5.4.17", "postalCode"},
    {OID_GIVEN_NAME, "55 04 2A", "2.5.4.42", "GN"},
    {OID_INITIALS, "55 04 2B", "2.5.4.43", "initials"},
    {OID_GENERATION_QUALIFIER, "55 04 2C", "2.5.4.44", "generationQualifier"},
    {OID_DN_QUALIFIER, "55 04 2E", "2.5.4.46", "dnQualifier"},
    {OID_PSEUDONYM, "55 04 41", "2.5.4.65", "pseudonym"},
    {OID_UID, "09 92 26 89 93 F2 2C 64 01 01", "0.9.2342.19200300.100.1.1", "UID"},
    {OID_DOMAIN_COMPONENT, "09 92 26 89 93 F2 2C 64 01 19", "0.9.2342.19200300.100.1.25", "DC"},
    {OID_EMAIL_ADDRESS, "2A 86 48 86 F7 0D 01 09 01", "1.2.840.113549.1.9.1", "emailAddress"},
    {OID_SUBJECT_KEY_ID, "55 1D 0E", "2.5.29.14", "subjectKeyIdentifier"},
    {OID_KEY_USAGE, "55 1D 0F", "2.5.29.15", "keyUsage"},
    {OID_SUBJECT_ALT_NAME, "55 1D 11", "2.5.29.17", "subjectAltName"},
    {OID_BASIC_CONSTRAINTS, "55 1D 13", "2.5.29.19", "basicConstraints"},
    {OID_CRL_NUMBER, "55 1D 14", "2.5.29.20", "cRLNumber"},
    {OID_REASON_CODE, "55 1D 15", "2.5.29.21", "reasonCode"},
    {OID_INVALIDITY_DATE, "55 1D 18", "2.5.29.24", "invalidityDate"},
    {OID_DELTA_CRL, "55 1D 1B", "2.5.29.27", "deltaCRLIndicator"},
    {OID_ISSUING_DISTRIBUTION_POINT, "55 1D 1C", "2.5.29.28", "issuingDistributionPoint"},
    {OID_FRESHEST_CRL, "55 1D 2E", "2.5.29.46", "freshestCRL"},
    {OID_NAME_CONSTRAINTS, "55 1D 1E", "2.5.29.30", "nameConstraints"},
    {OID_CRL_DISTRIBUTION_POINTS, "55 1D 1F", "2.5.29.31", "cRLDistributionPoints"},
    {OID_CERTIFICATE_POLICIES, "55 1D 20", "2.5.29.32", "certificatePolicies"},
    {OID_AUTHORITY_KEY_ID, "55 1D 23", "2.5.29.35", "authorityKeyIdentifier"},
    {OID_EXTENDED_KEY_USAGE, "55 1D 25", "2.5.29.37", "extKeyUsage"},
    {OID_AUTHORITY_INFO_ACCESS, "2B 06 01 05 05 07 01 01", "1.3.6.1.5.5.7.1.1", "authorityInfoAccess"},
    {OID_SERVER_AUTH, "2B 06 01 05 05 07 03 01", "1.3.6.1.5.5.7.3.1", "serverAuth"},
    {OID_CLIENT_AUTH, "2B 06 01 05 05 07 03 02", "1.3.6.1.5.5.7.3.2", "clientAuth"},
    {OID_CODE_SIGNING, "2B 06 01 05 05 07 03 03", "1.3.6.1.5.5.7.3.3", "codeSigning"},
    {OID_EMAIL_PROTECTION, "2B 06 01 05 05 07 03 04", "1.3.6.1.5.5.7.3.4", "emailProtection"},
    {OID_TIME_STAMPING, "2B 06 01 05 05 07 03 08", "1.3.6.1.5.5.7.3.8", "timeStamping"},
    {OID_OCSP_SIGNING, "2B 06 01 05 05 07 03 09", "1.3.6.1.5.5.7.3.9", "OCSPSigning"},
    {OID_ANY_EXTENDED_KEY_USAGE, "55 1D 25 00", "2.5.29.37.0", "anyExtendedKeyUsage"},
    {OID_OCSP, "2B 06 01 05 05 07 30 01", "1.3.6.1.5.5.7.48.1", "ocsp"},
    {OID_CA_ISSUERS, "2B 06 01 05 05 07 30 02", "1.3.6.1.5.5.7.48.2", "caIssuers"},
    {OID_ANY_POLICY, "55 1D 20 00", "2.5.29.32.0", "anyPolicy"},
    {OID_CPS, "2B 06 01 05 05 07 02 01", "1.3.6.1.5.5.7.2.1", "cps"},
    {OID_EXTENSION_REQUEST, "2A 86 48 86 F7 0D 01 09 0E", "1.2.840.113549.1.9.14", "extensionRequest"},
    {OID_CHALLENGE_PASSWORD, "2A 86 48 86 F7 0D 01 09 07", "1.2.840.113549.1.9.7", "challengePassword"},
    {OID_RSA_ENCRYPTION, "2A 86 48 86 F7 0D 01 01 01", "1.2.840.113549.1.1.1", "rsaEncryption"},
    {OID_EC_PUBLIC_KEY, "2A 86 48 CE 3D 02 01", "1.2.840.10045.2.1", "id-ecPublicKey"},
    {OID_RSA_SHA256, "2A 86 48 86 F7 0D 01 01 0B", "1.2.840.113549.1.1.11", "sha256WithRSAEncryption"},
    {OID_RSA_SHA384, "2A 86 48 86 F7 0D 01 01 0C", "1.2.840.113549.1.1.12", "sha384WithRSAEncryption"},
    {OID_RSA_SHA512, "2A 86 48 86 F7 0D 01 01 0D", "1.2.840.113549.1.1.13", "sha512WithRSAEncryption"},
    {OID_ECDSA_SHA256, "2A 86 48 CE 3D 04 03 02", "1.2.840.10045.4.3.2", "ecdsa-with-SHA256"},
    {OID_ECDSA_SHA384, "2A 86 48 CE 3D 04 03 03", "1.2.840.10045.4.3.3", "ecdsa-with-SHA384"},
    {OID_ECDSA_SHA512, "2A 86 48 CE 3D 04 03 04", "1.2.840.10045.4.3.4", "ecdsa-with-SHA512"},
    {OID_SM2_SM3, "2A 81 1C CF 55 01 83 75", "1.2.156.10197.1.501", "SM2-with-SM3"},
    {OID_SHA1, "2B 0E 03 02 1A", "1.3.14.3.2.26", "sha1"},
    {OID_SHA256, "60 86 48 01 65 03 04 02 01", "2.16.840.1.101.3.4.2.1", "sha256"},
    {OID_SHA384, "60 86 48 01 65 03 04 02 02", "2.16.840.1.101.3.4.2.2", "sha384"},
    {OID_SHA512, "60 86 48 01 65 03 04 02 03", "2.16.840.1.101.3.4.2.3", "sha512"},
    {OID_PBES2, "2A 86 48 86 F7 0D 01 05 0D", "1.2.840.113549.1.5.13", "PBES2"},
    {OID_PBKDF2, "2A 86 48 86 F7 0D 01 05 0C", "1.2.840.113549.1.5.12", "PBKDF2"},
    {OID_HMAC_SHA1, "2A 86 48 86 F7 0D 02 07", "1.2.840.113549.2.7", "hmacWithSHA1"},
    {OID_HMAC_SHA256, "2A 86 48 86 F7 0D 02 09", "1.2.840.113549.2.9", "hmacWithSHA256"},
    {OID_HMAC_SHA384, "2A 86 48 86 F7 0D 02 0A", "1.2.840.113549.2.10", "hmacWithSHA384"},
    {OID_HMAC_SHA512, "2A 86 48 86 F7 0D 02 0B", "1.2.840.113549.2.11", "hmacWithSHA512"},
    {OID_AES128_CBC, "60 86 48 01 65 03 04 01 02", "2.16.840.1.101.3.4.1.2", "aes128-CBC"},
    {OID_AES192_CBC, "60 86 48 01 65 03 04 01 16", "2.16.840.1.101.3.4.1.22", "aes192-CBC"},
    {OID_AES256_CBC, "60 86 48 01 65 03 04 01 2A", "2.16.840.1.101.3.4.1.42", "aes256-CBC"},
    {OID_DES3_CBC, "2A 86 48 86 F7 0D 03 07", "1.2.840.113549.3.7", "des-EDE3-CBC"},
    {OID_DATA, "2A 86 48 86 F7 0D 01 07 01", "1.2.840.113549.1.7.1", "data"},
    {OID_SIGNED_DATA, "2A 86 48 86 F7 0D 01 07 02", "1.2.840.113549.1.7.2", "signedData"},
    {OID_ENCRYPTED_DATA, "2A 86 48 86 F7 0D 01 07 06", "1.2.840.113549.1.7.6", "encryptedData"},
    {OID_PBE_SHA1_DES3, "2A 86 48 86 F7 0D 01 0C 01 03", "1.2.840.113549.1.12.1.3", "pbeWithSHAAnd3-KeyTripleDES-CBC"},
    {OID_KEY_BAG, "2A 86 48 86 F7 0D 01 0C 0A 01 01", "1.2.840.113549.1.12.10.1.1", "keyBag"},
    {OID_SHROUDED_KEY_BAG, "2A 86 48 86 F7 0D 01 0C 0A 01 02", "1.2.840.113549.1.12.10.1.2", "pkcs8ShroudedKeyBag"},
    {OID_CERTIFICATE_BAG, "2A 86 48 86 F7 0D 01 0C 0A 01 03", "1.2.840.113549.1.12.10.1.3", "certBag"},
    {OID_X509_CERTIFICATE, "2A 86 48 86 F7 0D 01 09 16 01", "1.2.840.113549.1.9.22.1", "x509Certificate"},
    {OID_FRIENDLY_NAME, "2A 86 48 86 F7 0D 01 09 14", "1.2.840.113549.1.9.20", "friendlyName"},
    {OID_LOCAL_KEY_ID, "2A 86 48 86 F7 0D 01 09 15", "1.2.840.113549.1.9.21", "localKeyId"},
    {OID_SUN_KEY_PROTECTOR, "2B 06 01 04 01 2A 02 11 01 01", "1.3.6.1.4.1.42.2.17.1.1", "Sun key protector"},
};

static void object_identifiers_of_the_standards(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(oids); i++) {
        char text[64];
        assert_octets(oids[i].hex, pcai_oid(oids[i].oid));
        assert_int_equal(pcai_oid_find(octets(oids[i].hex)), oids[i].oid);
        assert_string_equal(pcai_oid_name(oids[i].oid), oids[i].name);
        pcai_oid_text(octets(oids[i].hex), text, sizeof text);
        assert_string_equal(text, oids[i].text);
    }
    assert_int_equal(COUNT(oids), OID_COUNT - 1);
    assert_int_equal(pcai_oid_find(octets("55 04 03 00")), OID_NONE);
    assert_int_equal(pcai_oid_find(octets("")), OID_NONE);
    assert_string_equal(pcai_oid_name(OID_NONE), "unknown");
}

/* X.690 8.19. */
static void object_identifiers_as_text(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *text;
        size_t capacity;
    } rows[] = {
        {"00", "0.0", 64}, {"27", "0.39", 64}, {"28", "1.0", 64}, {"4F", "1.39", 64}, {"50", "2.0", 64}, {"7F", "2.47", 64},
        {"88 37", "2.999", 64}, {"81 34 03", "2.100.3", 64}, {"2A 81 1C CF 55 01 82 2D", "1.2.156.10197.1.301", 64}, {"2A 00 00", "1.2.0.0", 64},
        {"2A 81 FF FF FF FF FF FF FF FF 7F", "1.2.18446744073709551615", 64}, /* 2^64 - 1 */
        {"", "", 64}, {"55 1D 13", "2.5.29.19", 10}, {"55 1D 13", "2.5.29.1", 9}, {"55 1D 13", "2.5.29.", 8}, {"55 1D 13", "2", 2}, {"55 1D 13", "", 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[65];
        memset(text, 'x', sizeof text);
        pcai_oid_text(octets(rows[i].hex), text, rows[i].capacity);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(text[rows[i].capacity], 'x');
    }
}

static void object_identifiers_from_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex; /* NULL: refused */
    } rows[] = {
        {"0.0", "00"}, {"0.39", "27"}, {"1.0", "28"}, {"1.39", "4F"}, {"2.0", "50"}, {"2.47", "7F"}, {"2.48", "81 00"}, {"2.999", "88 37"},
        {"2.100.3", "81 34 03"}, {"1.2.840.113549", "2A 86 48 86 F7 0D"}, {"2.5.29.37.0", "55 1D 25 00"}, {"1.2.127", "2A 7F"}, {"1.2.128", "2A 81 00"},
        {"1.2.18446744073709551615", "2A 81 FF FF FF FF FF FF FF FF 7F"}, {"1.18446744073709551616", NULL},
        {"", NULL}, {"1", NULL}, {"2", NULL}, {"1.", NULL}, {".1", NULL}, {"1..2", NULL}, {"1.2.", NULL}, {"3.1", NULL}, {"0.40", NULL}, {"1.40", NULL},
        {"01.2", NULL}, {"1.02", NULL}, {"1.2.03", NULL}, {"1.2.-3", NULL}, {"1.2 .3", NULL}, {" 1.2", NULL}, {"1.2\n", NULL}, {"1,2", NULL}, {"a.b", NULL},
        {"oid:1.2.3", NULL}, {"1.2.0x3", NULL}, {"serverAuth", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        int rc = pcai_oid_parse(pcai_slice_text(rows[i].text), &out);
        if ((rc == 0) != (rows[i].hex != NULL))
            fail_msg("\"%s\" is %s", rows[i].text, rc == 0 ? "taken" : "refused");
        if (rc == 0)
            assert_octets(rows[i].hex, pcai_buf_view(&out));
        pcai_buf_free(&out);
    }
    for (size_t i = 0; i < COUNT(oids); i++) {
        struct buf out = {0};
        assert_int_equal(pcai_oid_parse(pcai_slice_text(oids[i].text), &out), 0);
        assert_buf_octets(oids[i].hex, &out);
    }
}

/* The first two numbers take an octet, each further one another. */
static void object_identifiers_of_64_octets_and_no_more(void **state)
{
    (void)state;
    char text[2 * PCAI_OID_MAX + 4] = "1.2";
    struct buf out = {0};
    for (int i = 1; i < PCAI_OID_MAX; i++)
        strcat(text, ".3");
    assert_int_equal(pcai_oid_parse(pcai_slice_text(text), &out), 0);
    assert_int_equal(out.size, PCAI_OID_MAX);
    pcai_buf_reset(&out);
    strcat(text, ".3");
    assert_int_equal(pcai_oid_parse(pcai_slice_text(text), &out), -1);
    pcai_buf_free(&out);
}

/* Octets by "openssl asn1parse -genstr OID:...". The UUID is X.667's own, f81d4fae-7dec-11d0-a765-00a0c91e6bf6. */
static void object_identifiers_with_numbers_of_any_size(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"2.25.329800735698586629295641978511506172918", "69 83 F0 9D A7 EB CF DE E0 C7 A1 A7 B2 C0 94 8C C8 F9 D7 76"},
        {"1.2.18446744073709551616", "2A 82 80 80 80 80 80 80 80 80 00"}, /* 2^64 */
        {"2.18446744073709551535", "81 FF FF FF FF FF FF FF FF 7F"},      /* with 80, 2^64 - 1 */
        {"2.18446744073709551536", "82 80 80 80 80 80 80 80 80 00"},
        {"2.18446744073709551615", "82 80 80 80 80 80 80 80 80 4F"},
        {"2.340282366920938463463374607431768211455", "84 80 80 80 80 80 80 80 80 80 80 80 80 80 80 80 80 80 4F"}, /* 2^128 - 1 */
        {"1.2.0.340282366920938463463374607431768211456.7", "2A 00 84 80 80 80 80 80 80 80 80 80 80 80 80 80 80 80 80 80 00 07"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[PCAI_OID_TEXT];
        struct buf out = {0};
        assert_int_equal(pcai_oid_parse(pcai_slice_text(rows[i].text), &out), 0);
        assert_buf_octets(rows[i].hex, &out);
        pcai_oid_text(octets(rows[i].hex), text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

/* 2^448 - 1, with the 80 that the first number adds, takes 64 octets, one more 65; more octets than that are shown as such. */
static void object_identifiers_at_their_longest(void **state)
{
    (void)state;
    static const char most[] = "2.72683872429560689054932380788800453435364136068731806028149019918063"
                               "9288113397923326191050713763565560762521606266177933534601628614575";
    uint8_t longest[PCAI_OID_MAX + 1];
    char text[PCAI_OID_TEXT], over[sizeof most], cut[10];
    struct buf out = {0};
    memset(longest, 0xFF, sizeof longest);
    longest[PCAI_OID_MAX - 1] = 0x7F;
    assert_int_equal(pcai_oid_parse(pcai_slice_text(most), &out), 0);
    assert_int_equal(out.size, PCAI_OID_MAX);
    assert_memory_equal(out.data, longest, PCAI_OID_MAX);
    pcai_buf_reset(&out);
    memcpy(over, most, sizeof over);
    over[sizeof over - 2]++;
    assert_int_equal(pcai_oid_parse(pcai_slice_text(over), &out), -1);
    pcai_buf_free(&out);
    pcai_oid_text(pcai_slice(longest, PCAI_OID_MAX), text, sizeof text);
    assert_string_equal(text, most);
    longest[PCAI_OID_MAX - 1] = 0xFF;
    longest[PCAI_OID_MAX] = 0x7F;
    pcai_oid_text(pcai_slice(longest, sizeof longest), text, sizeof text);
    assert_int_equal(strlen(text), 2 * sizeof longest + 1);
    assert_memory_equal(text, "#ffffff", 7);
    pcai_oid_text(pcai_slice(longest, sizeof longest), cut, sizeof cut);
    assert_string_equal(cut, "#ffffffff");
}

#define RSA_SHA256 "30 0D 06 09 2A864886F70D01010B 05 00"
#define ECDSA_SHA256 "30 0A 06 08 2A8648CE3D040302"

static void signature_algorithms_are_written_exactly(void **state)
{
    (void)state;
    static const struct {
        int key;
        const char *hex;
    } rows[] = {
        {PCA_KEY_RSA_1024, RSA_SHA256}, {PCA_KEY_RSA_2048, RSA_SHA256}, {PCA_KEY_RSA_3072, RSA_SHA256}, {PCA_KEY_RSA_4096, RSA_SHA256},
        {PCA_KEY_EC_P256, ECDSA_SHA256}, {PCA_KEY_EC_P384, "30 0A 06 08 2A8648CE3D040303"}, {PCA_KEY_EC_P521, "30 0A 06 08 2A8648CE3D040304"},
        {PCA_KEY_SM2, "30 0A 06 08 2A811CCF55018375"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        pcai_signature_algorithm_write(&out, rows[i].key);
        assert_buf_octets(rows[i].hex, &out);
    }
}

static void signature_algorithms_are_read_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int family, digest; /* 0: refused */
    } rows[] = {
        {RSA_SHA256, PCA_FAMILY_RSA, PCAI_SHA256},
        {"30 0D 06 09 2A864886F70D01010C 05 00", PCA_FAMILY_RSA, PCAI_SHA384},
        {"30 0D 06 09 2A864886F70D01010D 05 00", PCA_FAMILY_RSA, PCAI_SHA512},
        {ECDSA_SHA256, PCA_FAMILY_ECC, PCAI_SHA256},
        {"30 0A 06 08 2A8648CE3D040303", PCA_FAMILY_ECC, PCAI_SHA384},
        {"30 0A 06 08 2A8648CE3D040304", PCA_FAMILY_ECC, PCAI_SHA512},
        {"30 0A 06 08 2A811CCF55018375", PCA_FAMILY_SM2, PCAI_SM3},
        {"30 0D 06 09 2A864886F70D010104 05 00", 0, 0},       /* MD5 */
        {"30 0D 06 09 2A864886F70D010105 05 00", 0, 0},       /* SHA-1 */
        {"30 0D 06 09 2A864886F70D01010E 05 00", 0, 0},       /* SHA-224 */
        {"30 0D 06 09 2A864886F70D01010A 30 00", 0, 0},       /* PSS */
        {"30 0D 06 09 2A864886F70D010101 05 00", 0, 0},       /* rsaEncryption signs nothing */
        {"30 09 06 07 2A8648CE3D0401", 0, 0},                 /* ECDSA with SHA-1 */
        {"30 05 06 03 2B6570", 0, 0},                         /* Ed25519 */
        {"30 0C 06 08 2A811CCF55018375 05 00", 0, 0},         /* SM2 with SM3 and NULL */
        {"30 0B 06 09 2A864886F70D01010B", 0, 0},             /* RSA without NULL */
        {"30 0E 06 09 2A864886F70D01010B 05 01 00", 0, 0},
        {"30 0F 06 09 2A864886F70D01010B 05 00 05 00", 0, 0},
        {"30 0C 06 08 2A8648CE3D040302 05 00", 0, 0},         /* ECDSA with NULL */
        {"30 0C 06 08 2A8648CE3D040302 30 00", 0, 0},
        {RSA_SHA256 "00", 0, 0}, {"30 00", 0, 0}, {"", 0, 0}, {"06 08 2A8648CE3D040302", 0, 0}, {"31 0A 06 08 2A8648CE3D040302", 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int family = 77, digest = 77;
        int rc = pcai_signature_algorithm_read(octets(rows[i].hex), &family, &digest);
        if (rc != (rows[i].family ? 0 : -1) || family != (rows[i].family ? rows[i].family : 77) || digest != (rows[i].family ? rows[i].digest : 77))
            fail_msg("%s: %d, family %d, digest %d", rows[i].hex, rc, family, digest);
    }
}

/* ---- Attribute values (RFC 5280 appendix A) ---- */

static const enum oid attribute_types[] = {
    OID_COMMON_NAME, OID_SURNAME, OID_SERIAL_NUMBER, OID_LOCALITY, OID_STATE, OID_STREET, OID_ORGANIZATION, OID_UNIT, OID_TITLE,
    OID_POSTAL_CODE, OID_GIVEN_NAME, OID_INITIALS, OID_GENERATION_QUALIFIER, OID_DN_QUALIFIER, OID_PSEUDONYM, OID_UID, OID_NONE, OID_DOMAIN_COMPONENT, OID_EMAIL_ADDRESS,
};

static void bounds_count_characters(void **state)
{
    (void)state;
    static const struct {
        enum oid type;
        size_t most;
    } rows[] = {
        {OID_COMMON_NAME, 64}, {OID_ORGANIZATION, 64}, {OID_UNIT, 64}, {OID_TITLE, 64}, {OID_SERIAL_NUMBER, 64}, {OID_LOCALITY, 128},
        {OID_STATE, 128}, {OID_STREET, 128}, {OID_POSTAL_CODE, 16}, {OID_EMAIL_ADDRESS, 255}, {OID_SURNAME, 32768}, {OID_GIVEN_NAME, 32768},
        {OID_INITIALS, 32768}, {OID_GENERATION_QUALIFIER, 32768}, {OID_PSEUDONYM, 128},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int ascii = rows[i].type == OID_SERIAL_NUMBER || rows[i].type == OID_EMAIL_ADDRESS;
        const char *character = ascii ? "x" : "\xE5\x90\x8D"; /* three octets */
        char limit[16];
        snprintf(limit, sizeof limit, "%zu", rows[i].most);
        assert_done(pcai_attribute_check(rows[i].type, pcai_slice_text(times(character, rows[i].most)), "f", &err));
        assert_result(PCA_E_NAME, "f", pcai_attribute_check(rows[i].type, pcai_slice_text(times(character, rows[i].most + 1)), "f", &err));
        assert_says(limit);
        assert_says(pcai_oid_name(rows[i].type));
        assert_result(PCA_E_NAME, "f", pcai_attribute_check(rows[i].type, pcai_slice_text(""), "f", &err));
    }
}

static void pitfall_27_values_that_no_attribute_may_have(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          "00",          "61 00",       "61 00 62",  "61 0A 62",    "61 0D",  "1B 5B", "61 7F", /* NUL and control characters */
        "61 C2 85",  "C2 80",                                                                             /* C1 */
        "C3",        "61 C3 28",    "FF FE 61 00", "ED A0 80",  "C0 80",       "F5 80 80 80",             /* not UTF-8 */
        "20 61",     "61 20",       "20",          "20 20",                                              /* outer space */
        "2E",        "2D",          "2E 2E",       "2D 20 2D",  "2E 2D 20 2E",                            /* nothing but dots, dashes, spaces */
    };
    for (size_t i = 0; i < COUNT(attribute_types); i++)
        for (size_t j = 0; j < COUNT(bad); j++)
            assert_result(PCA_E_NAME, "subject", pcai_attribute_check(attribute_types[i], octets(bad[j]), "subject", &err));
}

static void values_that_are_taken(void **state)
{
    (void)state;
    static const struct {
        enum oid type;
        const char *text;
    } rows[] = {
        {OID_COMMON_NAME, "db1.internal"}, {OID_COMMON_NAME, "x"}, {OID_COMMON_NAME, "-a-"}, {OID_ORGANIZATION, "Example, Inc. (\"EU\") + <more>"},
        {OID_ORGANIZATION, "M\xC3\xBCller & S\xC3\xB6hne"}, {OID_UNIT, "\xE6\x8A\x80\xE6\x9C\xAF\xE9\x83\xA8"}, {OID_LOCALITY, "a  b"},
        {OID_COMMON_NAME, "\xF0\x9F\x98\x80"}, {OID_DOMAIN_COMPONENT, "example"}, {OID_EMAIL_ADDRESS, "a@b.example"}, {OID_SERIAL_NUMBER, "A-1/2:(3)'+=?., 9"},
        {OID_UID, "jsmith_2"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_done(pcai_attribute_check(rows[i].type, pcai_slice_text(rows[i].text), "f", &err));
}

static void values_bound_to_ascii(void **state)
{
    (void)state;
    assert_result(PCA_E_NAME, "f", pcai_attribute_check(OID_DOMAIN_COMPONENT, pcai_slice_text("ex\xC3\xA4mple"), "f", &err));
    assert_result(PCA_E_NAME, "f", pcai_attribute_check(OID_EMAIL_ADDRESS, pcai_slice_text("\xC3\xA4@b"), "f", &err));
    static const char *const bad[] = {"a_b", "a@b", "a*", "a&b", "a;b", "\xC3\xA4", "a#1", "a\"b"};
    for (size_t i = 0; i < COUNT(bad); i++)
        for (int dn = 0; dn < 2; dn++)
            assert_result(PCA_E_NAME, "f", pcai_attribute_check(dn ? OID_DN_QUALIFIER : OID_SERIAL_NUMBER, pcai_slice_text(bad[i]), "f", &err));
}

static void attributes_of_unknown_type(void **state)
{
    (void)state;
    assert_done(pcai_attribute_check(OID_NONE, pcai_slice_text(times("\xE5\x90\x8D", 255)), "f", &err));
    assert_result(PCA_E_NAME, "f", pcai_attribute_check(OID_NONE, pcai_slice_text(times("x", 256)), "f", &err));
    assert_says("255");
    assert_int_equal(pcai_attribute_type(octets("55 04 05")), OID_SERIAL_NUMBER);
    assert_int_equal(pcai_attribute_type(octets("2A 03 04")), OID_NONE);
    assert_int_equal(pcai_attribute_type(octets("55 1D 0E")), OID_NONE); /* known, and no attribute's */
}

static void country_is_two_capital_letters(void **state)
{
    (void)state;
    static const char *const good[] = {"DE", "CN", "AA", "ZZ"};
    static const char *const bad[] = {"", "D", "DEU", "de", "De", "dE", "D1", "1D", "D ", " D", "D-", "@A", "A[", "\xC3\x84", "\xC3\x84\xC3\x84", "D\n"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_done(pcai_attribute_check(OID_COUNTRY, pcai_slice_text(good[i]), "country", &err));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_result(PCA_E_NAME, "country", pcai_attribute_check(OID_COUNTRY, pcai_slice_text(bad[i]), "country", &err));
    assert_result(PCA_E_NAME, "country", pcai_attribute_check(OID_COUNTRY, pcai_slice("D\0", 2), "country", &err));
}

/* ---- Names ---- */

static void name_add(struct name *name, enum oid type, const char *text)
{
    name->attributes[name->count++] = (struct attribute){.type = type, .raw = pcai_oid(type), .value = pcai_slice_text(text)};
}

static void each_attribute_has_its_string_type(void **state)
{
    (void)state;
    static const struct {
        enum oid type;
        const char *text, *hex; /* what stands in the Name */
    } rows[] = {
        {OID_COUNTRY, "DE", "30 0D 31 0B 30 09 06 03 55 04 06 13 02 44 45"},
        {OID_COMMON_NAME, "db1", "30 0E 31 0C 30 0A 06 03 55 04 03 13 03 64 62 31"},
        {OID_COMMON_NAME, "A '()+,-./:=?", "30 18 31 16 30 14 06 03 55 04 03 13 0D 41 20 27 28 29 2B 2C 2D 2E 2F 3A 3D 3F"},
        {OID_COMMON_NAME, "a@b", "30 0E 31 0C 30 0A 06 03 55 04 03 0C 03 61 40 62"},
        {OID_COMMON_NAME, "*.a", "30 0E 31 0C 30 0A 06 03 55 04 03 0C 03 2A 2E 61"},
        {OID_COMMON_NAME, "a_b", "30 0E 31 0C 30 0A 06 03 55 04 03 0C 03 61 5F 62"},
        {OID_ORGANIZATION, "a&b", "30 0E 31 0C 30 0A 06 03 55 04 0A 0C 03 61 26 62"},
        {OID_ORGANIZATION, "\xC3\xA9", "30 0D 31 0B 30 09 06 03 55 04 0A 0C 02 C3 A9"},
        {OID_SERIAL_NUMBER, "1", "30 0C 31 0A 30 08 06 03 55 04 05 13 01 31"},
        {OID_UID, "j", "30 13 31 11 30 0F 06 0A 09 92 26 89 93 F2 2C 64 01 01 13 01 6A"},
        {OID_DOMAIN_COMPONENT, "x", "30 13 31 11 30 0F 06 0A 09 92 26 89 93 F2 2C 64 01 19 16 01 78"},
        {OID_EMAIL_ADDRESS, "a@b", "30 14 31 12 30 10 06 09 2A 86 48 86 F7 0D 01 09 01 16 03 61 40 62"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct name name = {0};
        struct buf out = {0};
        name_add(&name, rows[i].type, rows[i].text);
        pcai_name_write(&out, &name);
        assert_buf_octets(rows[i].hex, &out);
    }
}

static void one_attribute_stands_in_each_rdn(void **state)
{
    (void)state;
    struct name name = {0}, back;
    struct buf out = {0};
    pcai_name_write(&out, &name);
    assert_buf_octets("30 00", &out);
    name_add(&name, OID_COUNTRY, "DE");
    name_add(&name, OID_ORGANIZATION, "E");
    name_add(&name, OID_COMMON_NAME, "x");
    pcai_name_write(&out, &name);
    assert_slice(octets("30 25 31 0B 30 09 06 03 55 04 06 13 02 44 45 31 0A 30 08 06 03 55 04 0A 13 01 45 31 0A 30 08 06 03 55 04 03 13 01 78"),
                 pcai_buf_view(&out));
    assert_int_equal(pcai_name_read(pcai_buf_view(&out), &back), 0);
    assert_int_equal(back.count, 3);
    assert_slice_text("E", pcai_name_find(&back, OID_ORGANIZATION));
    assert_slice_text("x", pcai_name_find(&back, OID_COMMON_NAME));
    assert_null(pcai_name_find(&back, OID_UNIT).data);
    for (size_t size = 0; size < out.size; size++)
        assert_int_equal(pcai_name_read(pcai_slice(out.data, size), &back), -1);
    pcai_buf_free(&out);
}

static void names_that_can_be_read(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        size_t count;
        enum oid first;
        const char *value;
    } rows[] = {
        {"30 00", 0, OID_NONE, NULL},
        {"30 0C 31 0A 30 08 06 03 55 04 03 16 01 78", 1, OID_COMMON_NAME, "x"},                                  /* IA5String */
        {"30 0B 31 09 30 07 06 03 55 04 03 0C 00", 1, OID_COMMON_NAME, ""},                                      /* empty */
        {"30 16 31 14 30 08 06 03 55 04 03 13 01 78 30 08 06 03 55 04 0B 13 01 79", 2, OID_COMMON_NAME, "x"},     /* two in one RDN */
        {"30 0C 31 0A 30 08 06 03 55 04 63 13 01 78", 1, OID_NONE, "x"},                                         /* unknown type */
        {"30 0C 31 0A 30 08 06 03 55 1D 13 13 01 78", 1, OID_NONE, "x"},                                         /* known, but an extension */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct name name;
        assert_int_equal(pcai_name_read(octets(rows[i].hex), &name), 0);
        assert_int_equal(name.count, rows[i].count);
        if (rows[i].count) {
            assert_int_equal(name.attributes[0].type, rows[i].first);
            assert_slice_text(rows[i].value, name.attributes[0].value);
        }
    }
}

static void names_that_cannot_be_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "30 00 00",                                                /* octets behind */
        "31 00",
        "30 02 31 00",                                             /* an RDN without an attribute */
        "30 04 31 02 30 00",                                       /* an attribute without anything */
        "30 09 31 07 30 05 06 03 55 04 03",                        /* without a value */
        "30 0A 31 08 30 06 06 00 13 02 78 79",                     /* an empty type */
        "30 09 31 07 30 05 13 03 78 79 7A",                        /* without a type */
        "30 0C 30 0A 30 08 06 03 55 04 03 13 01 78",               /* SEQUENCE for the SET */
        "30 0C 31 0A 31 08 06 03 55 04 03 13 01 78",               /* SET for the SEQUENCE */
        "30 0E 31 0C 30 0A 06 03 55 04 03 13 01 78 05 00",         /* something behind the value */
        "30 0C 31 0A 30 08 06 03 55 04 03 14 01 78",               /* TeletexString */
        "30 0D 31 0B 30 09 06 03 55 04 03 1E 02 00 78",            /* BMPString */
        "30 0F 31 0D 30 0B 06 03 55 04 03 1C 04 00 00 00 78",      /* UniversalString */
        "30 0C 31 0A 30 08 06 03 55 04 03 12 01 31",               /* NumericString */
        "30 0C 31 0A 30 08 06 03 55 04 03 1A 01 78",               /* VisibleString */
        "30 0C 31 0A 30 08 06 03 55 04 03 04 01 78",               /* OCTET STRING */
        "30 0C 31 0A 30 08 06 03 55 04 03 33 01 78",               /* constructed */
        "30 0D 31 0B 30 09 06 03 55 04 03 13 02 C3 A9",            /* not ASCII in a PrintableString */
        "30 0D 31 0B 30 09 06 03 55 04 03 16 02 C3 A9",            /* nor in an IA5String */
        "30 80 31 0A 30 08 06 03 55 04 03 13 01 78 00 00",         /* indefinite length */
        "30 0C 31 0A 30 08 06 03 55 04 83 13 01 78",               /* a type whose last octet goes on */
        "30 0C 31 0A 30 08 06 03 80 55 04 13 01 78",               /* a type with an octet too many */
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct name name;
        if (pcai_name_read(octets(bad[i]), &name) != -1)
            fail_msg("%s", bad[i]);
    }
}

static void sixteen_attributes_and_no_more(void **state)
{
    (void)state;
    for (size_t count = 16; count <= 17; count++) {
        struct buf out = {0};
        struct name name;
        size_t mark = pcai_der_begin(&out, DER_SEQUENCE);
        for (size_t i = 0; i < count; i++)
            pcai_buf_slice(&out, octets("31 0A 30 08 06 03 55 04 0B 13 01 78"));
        pcai_der_end(&out, mark);
        assert_int_equal(pcai_name_read(pcai_buf_view(&out), &name), count == 16 ? 0 : -1);
        pcai_buf_free(&out);
    }
}

/* RFC 4514 2 and 4. */
static void names_as_text(void **state)
{
    (void)state;
    static const struct {
        const char *cn, *text;
    } rows[] = {
        {"Steve Kille", "CN=Steve Kille"},
        {"James \"Jim\" Smith, III", "CN=James \\\"Jim\\\" Smith\\, III"},
        {"L\x75\xC4\x8Di\xC4\x87", "CN=Lu\xC4\x8Di\xC4\x87"},
        {"a+b;c<d>e\\f", "CN=a\\+b\\;c\\<d\\>e\\\\f"},
        {"#1", "CN=\\#1"}, {"1#", "CN=1#"}, {"a=b", "CN=a=b"},
        {" a ", "CN=\\ a\\ "}, {" ", "CN=\\ "}, {"a  b", "CN=a  b"},
        {"", "CN="},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct name name = {0};
        struct buf der = {0}, text = {0};
        name_add(&name, OID_COMMON_NAME, rows[i].cn);
        pcai_name_write(&der, &name);
        pcai_name_text(pcai_buf_view(&der), &text);
        assert_buf_text(rows[i].text, &text);
        pcai_buf_free(&der);
    }
    struct buf text = {0};
    pcai_name_text(octets("30 0E 31 0C 30 0A 06 03 55 04 03 0C 03 61 00 62"), &text);
    assert_buf_text("CN=a\\00b", &text);
    pcai_name_text(octets("30{31{30{06{550403}13{'a' 1B '[2J' 0A}}}31{30{06{55040A}0C{C2 9B C3 A4 FF E2 80 41 7F}}}}"), &text);
    assert_buf_text("O=\\c2\\9b\xC3\xA4\\ff\\e2\\80A\\7f,CN=a\\1b[2J\\0a", &text);
    pcai_name_text(octets("30 00"), &text);
    assert_buf_text("", &text);
    pcai_name_text(octets("30 01"), &text);
    assert_buf_text("(unreadable)", &text);
}

static void names_as_text_begin_with_the_last_rdn(void **state)
{
    (void)state;
    struct name name = {0};
    struct buf der = {0}, text = {0};
    name_add(&name, OID_DOMAIN_COMPONENT, "net");
    name_add(&name, OID_DOMAIN_COMPONENT, "example");
    name_add(&name, OID_UID, "jsmith");
    pcai_name_write(&der, &name);
    pcai_name_text(pcai_buf_view(&der), &text);
    assert_buf_text("UID=jsmith,DC=example,DC=net", &text);
    pcai_buf_free(&der);
}

/* An attribute type without a name is written as its number, and its value as the octets of its BER (RFC 4514 2.4). */
static void unknown_attributes_as_text(void **state)
{
    (void)state;
    struct buf text = {0};
    pcai_name_text(octets("30 0D 31 0B 30 09 06 03 55 04 63 13 02 48 69"), &text);
    assert_buf_text("2.5.4.99=#13024869", &text);
    pcai_name_text(octets("30 16 31 0A 30 08 06 03 55 04 63 0C 01 2C 31 08 30 06 06 01 2A 16 01 78"), &text);
    assert_buf_text("1.2=#160178,2.5.4.99=#0c012c", &text);
}

/* ---- Alternative names ---- */

static void refuse_san(int type, struct slice text)
{
    struct buf out = {0};
    pcai_buf_text(&out, "kept");
    err = (pca_error){0};
    int rc = pcai_san_canonical(type, text, "san[3]", &out, &err);
    if (rc != PCA_E_SAN || err.code != rc || strcmp(err.field, "san[3]") != 0 || !*err.message)
        fail_msg("type %d \"%.*s\": %s, field \"%s\"", type, (int)text.size, (const char *)text.data, pca_code_name(rc), err.field);
    assert_buf_text("kept", &out);
    struct general_name name = {type, text};
    if (type != PCA_SAN_IP)
        assert_result(PCA_E_SAN, "san[3]", pcai_san_check(&name, "san[3]", &err));
}

static void take_san(int type, const char *text, const char *canonical)
{
    struct buf out = {0};
    err = (pca_error){0};
    if (pcai_san_canonical(type, pcai_slice_text(text), "san[0]", &out, &err) != PCA_OK)
        fail_msg("type %d \"%s\": %s", type, text, err.message);
    assert_slice_text(canonical, pcai_buf_view(&out));
    struct general_name name = {type, pcai_buf_view(&out)};
    assert_done(pcai_san_check(&name, "san[0]", &err));
    pcai_buf_free(&out);
}

#define LABEL_60 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define LABEL_63 LABEL_60 "xyz"
#define NAME_191 LABEL_63 "." LABEL_63 "." LABEL_63
#define NAME_253 NAME_191 "." LABEL_60 "x"

static void dns_names_that_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a", "localhost", "db1.internal", "a-b.c", "a--b.c", "1a.b", "0.example", "123.com", "1.2.3.4a", "*.apps.internal", "*.a.b.c.d",
        LABEL_63, LABEL_63 ".a", NAME_253,
        /* IDN test domains, and names of RFC 3492 7.1 */
        "xn--bcher-kva.example", "xn--80akhbyknj4f", "xn--kgbechtv", "xn--0zwm56d", "xn--fiqs8s", "xn--p1ai", "xn--4ca.a", "xn--ls8h.la",
        "*.xn--p1ai.xn--p1ai", "xn--egbpdaj6bu4bxfgehfvwxn", "xn--ihqwcrb4cv8a8dqg056pqjye", "xn--proprostnemluvesky-uyb24dma41a",
        "xn--4dbcagdahymbxekheh6e0a7fei0b", "xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa", "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l",
        "xn--porqunopuedensimplementehablarenespaol-fmd56a", "xn--3b-ww4c5e180e575a65lsy2b", "xn---with-super-monkeys-pc58ag80a8qai00g7n9n",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        take_san(PCA_SAN_DNS, good[i], good[i]);
        assert_true(pcai_is_dns(pcai_slice_text(good[i])));
        assert_false(pcai_is_ip(pcai_slice_text(good[i])));
    }
    take_san(PCA_SAN_DNS, "DB1.Internal", "db1.internal");
    take_san(PCA_SAN_DNS, "XN--BCHER-KVA.Example", "xn--bcher-kva.example");
    take_san(PCA_SAN_DNS, "*.APPS.X", "*.apps.x");
}

static void pitfall_27_dns_names_that_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", ".", "..", "a.", ".a", "a..b", "a.b.",                                        /* empty labels, a trailing dot */
        "-a", "a-", "a.-b", "a-.b", "-",                                                 /* hyphens at a label's edge */
        "a_b", "_sip.x", "a b", " a", "a ", "a\tb", "a\n", "a/b", "a:443", "a@b", "a,b", "a;b", "a%20", "a!", "a\\b", "\"a\"", "(a)", "https://a",
        "*", "*.", "*.a", "*.com", "a*.b.c", "*a.b.c", "a.*.b", "a.b.*", "*.*.a.b", "**.a.b", "*-a.b.c", ".*.a.b", "*..a.b",
        "10.0.0.1", "0.0.0.0", "255.255.255.255", "::1", "2001:db8::1", "[::1]",         /* addresses */
        "1.2.3.4.5", "256.1.1.1", "a.1", "123", "9", "a.b.0",                            /* would be read as addresses */
        LABEL_63 "w", "a." LABEL_63 "w.b", NAME_253 "x", NAME_253 ".a", NAME_191 "." LABEL_63,
        "b\xC3\xBC" "cher.example", "\xE4\xBE\x8B.example", "a.\xF0\x9F\x92\xA9", "a\xC2\xAD" "b", "a\xE3\x80\x82" "b", "\x80",
        "xn--", "xn--.a", "a.xn--", "xn---", "xn--a-", "xn--0", "xn--zz", "xn--z9", "xn--a0", "xn--zzzzzz", "xn--99999999", "xn--b99999z", "xn--bcher-kv",
        "xn--k0902716a", "xn--xw902716a", "xn--sz902716a", /* U+10000007F and the like: Python's punycode refuses them, 32 bits do not hold them */
        "xn--a-b", "xn--ab-c", "xn--w.a", "ab--c", "ab--cd.example", "x1--a.b", "a.in--x",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        refuse_san(PCA_SAN_DNS, pcai_slice_text(bad[i]));
        assert_false(pcai_is_dns(pcai_slice_text(bad[i])));
    }
    refuse_san(PCA_SAN_DNS, pcai_slice("a\0b", 3));
    refuse_san(PCA_SAN_DNS, pcai_slice("a.b\0", 4));
    refuse_san(PCA_SAN_DNS, pcai_slice("\0", 1));
    for (int c = 0; c < 256; c++) {
        char text[] = {'a', (char)c, 'b', '.', 'c'};
        int ldh = c == '-' || c == '.' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (pcai_is_dns(pcai_slice(text, 5)) != ldh)
            fail_msg("character %02X", (unsigned)c);
    }
}

static void ip_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex, *canonical;
    } good[] = {
        {"10.0.0.1", "0A 00 00 01", "10.0.0.1"},
        {"0.0.0.0", "00 00 00 00", "0.0.0.0"},
        {"255.255.255.255", "FF FF FF FF", "255.255.255.255"},
        {"::", "00000000000000000000000000000000", "::"},
        {"::1", "00000000000000000000000000000001", "::1"},
        {"2001:DB8:0:0:0:0:0:1", "20010DB8000000000000000000000001", "2001:db8::1"},
        {"2001:db8::1", "20010DB8000000000000000000000001", "2001:db8::1"},
        {"fe80::1:2:3", "FE800000000000000000000100020003", "fe80::1:2:3"},
        {"1:2:3:4:5:6:7:8", "00010002000300040005000600070008", "1:2:3:4:5:6:7:8"},
        {"::ffff:192.0.2.1", "00000000000000000000FFFFC0000201", "::ffff:192.0.2.1"},
    };
    static const char *const bad[] = {
        "", "10", "10.0.0", "10.0.0.256", "10.0.0.1.1", "10.0.0.", ".10.0.0.1", "10..0.1", "010.0.0.1", "10.0.0.01", "0x0a.0.0.1", "10.0.0.1/24", "10.0.0.1 ",
        " 10.0.0.1", "10.0.0.-1", "10.0.0.1\n", "167772161", "1::2::3", ":::", ":", "::1/128", "fe80::1%eth0", "[::1]", "12345::", "g::", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "::ffff:192.0.2.256", "db1", "a.b", "0000000000000000000000000000000000000000000000000000000000000000::1",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct buf out = {0}, text = {0};
        assert_done(pcai_san_canonical(PCA_SAN_IP, pcai_slice_text(good[i].text), "f", &out, &err));
        assert_octets(good[i].hex, pcai_buf_view(&out));
        struct general_name name = {PCA_SAN_IP, pcai_buf_view(&out)};
        assert_done(pcai_san_check(&name, "f", &err));
        pcai_san_text(&name, &text);
        assert_buf_text(good[i].canonical, &text);
        assert_true(pcai_is_ip(pcai_slice_text(good[i].text)));
        pcai_buf_free(&out);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        refuse_san(PCA_SAN_IP, pcai_slice_text(bad[i]));
        assert_false(pcai_is_ip(pcai_slice_text(bad[i])));
    }
    refuse_san(PCA_SAN_IP, pcai_slice("10.0.0.1\0", 9));
    static const size_t sizes[] = {0, 1, 3, 5, 8, 15, 17, 32};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct general_name name = {PCA_SAN_IP, octets_and("", sizes[i], 1)};
        struct buf text = {0};
        assert_result(PCA_E_SAN, "f", pcai_san_check(&name, "f", &err));
        pcai_san_text(&name, &text);
        assert_int_equal(text.size, 0);
        pcai_buf_free(&text);
    }
}

static void mail_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *canonical;
    } good[] = {
        {"a@b", "a@b"}, {"Ada.L@Example.COM", "Ada.L@example.com"}, {"o'brien+tag@x.example", "o'brien+tag@x.example"},
        {"!#$%&'*+-/=?^_`{|}~@x.y", "!#$%&'*+-/=?^_`{|}~@x.y"}, {"1@2.example", "1@2.example"}, {"a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
        {LABEL_60 "1234@x", LABEL_60 "1234@x"},
    };
    static const char *const bad[] = {
        "", "a", "@", "@b", "a@", "a@b@c", "a@@b", ".a@b", "a.@b", "a..b@c", "a b@c", " a@b", "a@b ", "\"a b\"@c", "a,b@c", "a:b@c", "(a)b@c", "a\\b@c", "[a]@b",
        "a@[10.0.0.1]", "a@10.0.0.1", "a@::1", "a@*.b.c", "a@*", "<a@b>", "Ada <a@b>", "mailto:a@b", "a@b_c", "a@b.", "a@.b", "a@-b", "a@b..c", "a@b.1",
        "\xC3\xA4@b", "a@b\xC3\xBC" "cher.example", "a\t@b", "a@b\n", LABEL_60 "12345@x",
    };
    for (size_t i = 0; i < COUNT(good); i++)
        take_san(PCA_SAN_EMAIL, good[i].text, good[i].canonical);
    for (size_t i = 0; i < COUNT(bad); i++)
        refuse_san(PCA_SAN_EMAIL, pcai_slice_text(bad[i]));
    refuse_san(PCA_SAN_EMAIL, pcai_slice("a\0@b", 4));
    refuse_san(PCA_SAN_EMAIL, pcai_slice("a@b\0", 4));
    take_san(PCA_SAN_EMAIL, LABEL_60 "@" NAME_191, LABEL_60 "@" NAME_191); /* 252 octets */
    take_san(PCA_SAN_EMAIL, LABEL_60 "1@" NAME_191, LABEL_60 "1@" NAME_191);
    refuse_san(PCA_SAN_EMAIL, pcai_slice_text(LABEL_60 "12@" NAME_191));
}

static void uris(void **state)
{
    (void)state;
    static const char *const good[] = {
        "http://a.b/", "http://a.b", "https://10.0.0.1:8443/x/y?z=1&w=2#f", "http://[2001:db8::1]/", "http://[::1]:80", "HTTP://A.B/C", "http://h.x:1/", "http://h.x:65535",
        "http://h.x?q", "http://h.x#f", "http://h.x/?/#/?", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "spiffe://example.org/ns/prod/sa/web", "mailto:a@b",
        "tag:example.com,2020:x", "ldap://h.x/dc=x?cACertificate;binary", "x+y-z.1:rest", "a:b", "http://h.x/%20%Ff", "http://h.x/-._~!$&'()*+,;=:@", "sip:a@b;x=1", "a:/",
        "a:/b//c", "urn:a@b",
    };
    static const char *const bad[] = {
        "", ":", ":x", "a", "a.b/c", "//a/b", "/a", "?a", "#a", "http:", "1a:b", "+a:b", "ht_tp://h.x", "ht tp://h.x", "\xC3\xA4:b", /* no scheme, or nothing after it */
        "http://", "http:///x", "http://?x", "file:///etc/x", "http://:80/",                                                 /* no host */
        "http://u@h/", "http://u:p@h/", "http://@h/", "http://*.a.b/", "http://h/", "http://localhost/", "http://h:80/", "http://a_b.c/", "http://a..b/", "http://a./", "http://-a/", "http://a.1/", "http://1.2.3.4.5/",
        "http://%61/", "http://h.x:0/", "http://h.x:65536/", "http://h.x:99999999999999999999/", "http://h.x:/", "http://h.x:x/", "http://h.x:8 0/", "http://h.x:80:80/", "http://h.x:-1/",
        "http://[::1", "http://[::1/", "http://[10.0.0.1]/", "http://[::1]x/", "http://[::1]:/", "http://[]/", "http://[v1.x]/", "http://::1/", "http://[::1%25eth0]/",
        "http://h.x/ x", "http://h.x/\t", "http://h.x/\n", "http://h.x/%", "http://h.x/%2", "http://h.x/%zz", "http://h.x/%2g", "http://h.x/\xC3\xA9", "http://h.x/\"", "http://h.x/<x>", "http://h.x/\\",
        "http://h.x/{x}", "http://h.x/^", "http://h.x/`", "http://h.x/|", "http://h.x/\x7F",
        "http://h.x/a#b#c", "http://h.x/a[1]", "http://h.x/?a[]=1", "a:[b]", "a:b#c#", /* not RFC 3986 3.3 to 3.5 */
    };
    for (size_t i = 0; i < COUNT(good); i++)
        take_san(PCA_SAN_URI, good[i], good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        refuse_san(PCA_SAN_URI, pcai_slice_text(bad[i]));
    refuse_san(PCA_SAN_URI, pcai_slice("http://h.x\0/", 12));
    refuse_san(PCA_SAN_URI, pcai_slice("a\0:b", 4));
    char longest[1026] = "http://h.x/";
    memset(longest + 11, 'x', 1024 - 11);
    take_san(PCA_SAN_URI, longest, longest);
    longest[1024] = 'x';
    refuse_san(PCA_SAN_URI, pcai_slice_text(longest));
    assert_says("1024");
}

static void kinds_of_name_that_are_not_issued(void **state)
{
    (void)state;
    static const int kinds[] = {-1, 0, 3, 4, 5, 8, 9, 99};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct general_name name = {kinds[i], pcai_slice_text("a.b")};
        refuse_san(kinds[i], pcai_slice_text("a.b"));
        assert_result(PCA_E_SAN, "f", pcai_san_check(&name, "f", &err));
    }
}

static void alternative_names_are_written(void **state)
{
    (void)state;
    const struct general_name names[] = {
        {PCA_SAN_DNS, pcai_slice_text("a.b")},
        {PCA_SAN_IP, octets("0A 00 00 01")},
        {PCA_SAN_EMAIL, pcai_slice_text("a@b")},
        {PCA_SAN_URI, pcai_slice_text("a:b")},
    };
    struct buf out = {0};
    struct general_name back[4];
    size_t count, other;
    pcai_san_write(&out, names, 4);
    assert_octets("30 15 82 03 61 2E 62 87 04 0A 00 00 01 81 03 61 40 62 86 03 61 3A 62", pcai_buf_view(&out));
    assert_int_equal(pcai_san_read(pcai_buf_view(&out), back, 4, &count, &other), 0);
    assert_int_equal(count, 4);
    assert_int_equal(other, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(back[i].type, names[i].type);
        assert_slice(names[i].value, back[i].value);
    }
    assert_int_equal(pcai_san_read(pcai_buf_view(&out), back, 3, &count, &other), -1); /* one too many */
    for (size_t size = 0; size < out.size; size++)
        assert_int_equal(pcai_san_read(pcai_slice(out.data, size), back, 4, &count, &other), -1);
    pcai_buf_free(&out);
}

static void alternative_names_of_other_kinds_are_counted(void **state)
{
    (void)state;
    struct general_name names[2];
    size_t count, other;
    /* otherName, x400Address, directoryName, ediPartyName, registeredID, and a dNSName among them */
    struct slice der = octets("30 19 A0 07 06 01 2A A0 02 05 00 A3 00 A4 02 30 00 82 01 61 A5 00 88 03 2A 03 04");
    assert_int_equal(pcai_san_read(der, names, 2, &count, &other), 0);
    assert_int_equal(count, 1);
    assert_int_equal(other, 5);
    assert_slice_text("a", names[0].value);
}

static void alternative_names_that_cannot_be_read(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "30 00", "31 03 82 01 61", "30 03 82 01 61 00", "30 03 16 01 61", "30 03 02 01 61", "30 03 89 01 61", "30 03 9E 01 61", "30 03 42 01 61", "30 03 C2 01 61",
        "30 03 A2 01 61", "30 05 A2 03 82 01 61", "30 02 82 01", "30 04 82 81 01 61", "30 03 87 01 0A", "30 07 87 05 0A 00 00 01 00", "30 02 87 00",
        "30 0A 87 08 0A 00 00 00 FF 00 00 00", "30 04 9F 1F 01 61",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct general_name names[4];
        size_t count = 77, other = 77;
        if (pcai_san_read(octets(bad[i]), names, 4, &count, &other) != -1 || count != 77 || other != 77)
            fail_msg("%s", bad[i]);
    }
}

/* ---- PEM (RFC 7468) ---- */

static void pem_is_written_in_lines_of_64(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *text;
    } rows[] = {
        {0, "-----BEGIN X-----\n-----END X-----\n"},
        {1, "-----BEGIN X-----\nAA==\n-----END X-----\n"},
        {47, "-----BEGIN X-----\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END X-----\n"},
        {48, "-----BEGIN X-----\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END X-----\n"},
        {49, "-----BEGIN X-----\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAA==\n-----END X-----\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        pcai_pem_write(&out, "X", octets_and("", rows[i].size, 0));
        assert_buf_text(rows[i].text, &out);
    }
}

static void pem_is_what_openssl_writes(void **state)
{
    (void)state;
    need_openssl();
    static const char *const kinds[][2] = {{"EC", "ec_paramgen_curve:P-256"}, {"EC", "ec_paramgen_curve:P-521"}, {"RSA", "rsa_keygen_bits:2048"}};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        openssl("genpkey", "-quiet", "-algorithm", kinds[i][0], "-pkeyopt", kinds[i][1], "-out", scratch("key.pem"));
        openssl("pkcs8", "-topk8", "-nocrypt", "-in", scratch("key.pem"), "-outform", "DER", "-out", scratch("key.der"));
        struct buf der = scratch_get("key.der"), pem = scratch_get("key.pem"), out = {0}, back = {0};
        pcai_pem_write(&out, "PRIVATE KEY", pcai_buf_view(&der));
        assert_slice(pcai_buf_view(&pem), pcai_buf_view(&out));
        assert_int_equal(pcai_pem_read(pcai_buf_view(&pem), (const char *const[]){"PRIVATE KEY", NULL}, &back), 0);
        assert_slice(pcai_buf_view(&der), pcai_buf_view(&back));
        pcai_buf_free(&der);
        pcai_buf_free(&pem);
        pcai_buf_free(&out);
        pcai_buf_free(&back);
    }
}

static const char *const labels[] = {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", NULL};
#define B "-----BEGIN CERTIFICATE REQUEST-----\n"
#define E "-----END CERTIFICATE REQUEST-----\n"
#define OTHER "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

static void pem_that_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {B "Zm9vYmFy\n" E, "66 6F 6F 62 61 72"},
        {B "Zm9v\nYmFy\n" E, "66 6F 6F 62 61 72"},
        {B "Zm\n9vYm\nFy\n" E, "66 6F 6F 62 61 72"},
        {B "Zg==\n" E, "66"},
        {"-----BEGIN CERTIFICATE REQUEST-----\r\nZm9v\r\n-----END CERTIFICATE REQUEST-----\r\n", "66 6F 6F"},
        {B "Zm9v\n-----END CERTIFICATE REQUEST-----", "66 6F 6F"},
        {B "\nZm9v\n\n" E, "66 6F 6F"},
        {B " Zm9v \t\n" E, "66 6F 6F"},
        {"subject=CN = x\nissuer - - -\n" B "Zm9v\n" E "more text\n", "66 6F 6F"},
        {"\n\n" B "Zm9v\n" E "\n\n", "66 6F 6F"},
        {"-----BEGIN NEW CERTIFICATE REQUEST-----\nZm9v\n-----END NEW CERTIFICATE REQUEST-----\n", "66 6F 6F"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        if (pcai_pem_read(pcai_slice_text(rows[i].text), labels, &out) != 0)
            fail_msg("%s", rows[i].text);
        assert_buf_octets(rows[i].hex, &out);
        assert_true(pcai_pem_is(pcai_slice_text(rows[i].text)));
    }
}

static void pem_that_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "Zm9v",
        "-----BEGIN CERTIFICATE REQUEST-----",
        B, E, B E, B "\n\n" E, B "Zm9v\n",                                                             /* nothing inside, no end */
        B "Zm9v\n-----END CERTIFICATE REQUEST----\n", B "Zm9v\n-----END NEW CERTIFICATE REQUEST-----\n", /* another end */
        B "Zm9v\n-----END CERTIFICATE-----\n",
        "-----BEGIN NEW CERTIFICATE REQUEST-----\nZm9v\n" E,
        B "Zm9\n" E, B "Zm9!\n" E, B "Zm9v=\n" E, B "Zg==Zg==\n" E, B "Zm9-\n" E, B "Zm9v\xC3\xA4\n" E, B "Zm9v\x0B" E,
        B "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nZm9v\n" E,
        "x" B "Zm9v\n" E, " " B "Zm9v\n" E, "\xEF\xBB\xBF" B "Zm9v\n" E,                                 /* not at a line's start */
        "----BEGIN CERTIFICATE REQUEST-----\nZm9v\n" E, "-----BEGIN  CERTIFICATE REQUEST-----\nZm9v\n" E, "-----begin certificate request-----\nZm9v\n" E,
        "-----BEGIN X CERTIFICATE REQUEST-----\nZm9v\n-----END X CERTIFICATE REQUEST-----\n",
        "-----BEGIN CERTIFICATE REQUESTS-----\nZm9v\n-----END CERTIFICATE REQUESTS-----\n",
        OTHER, B "Zm9v\n" E B "Zm9v\n" E, B "Zm9v\n" E OTHER, OTHER B "Zm9v\n" E, B B "Zm9v\n" E, B "Zm9v\n" E "-----BEGIN ", /* two blocks */
        B "Zm9v\n" E "-----BEGIN NEW CERTIFICATE REQUEST-----\nZm9v\n-----END NEW CERTIFICATE REQUEST-----\n",
        "-----BEGIN NEW CERTIFICATE REQUEST-----\nZm9v\n-----END NEW CERTIFICATE REQUEST-----\n" B "Zm9v\n" E,
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        if (pcai_pem_read(pcai_slice_text(rows[i]), labels, &out) != -1)
            fail_msg("%zu: %s", i, rows[i]);
        pcai_buf_free(&out);
    }
    struct buf out = {0};
    assert_int_equal(pcai_pem_read(pcai_slice(B "Zm9\0\n" E, sizeof(B "Zm9\0\n" E) - 1), labels, &out), -1);
    assert_int_equal(pcai_pem_read(pcai_slice(NULL, 0), labels, &out), -1);
    assert_int_equal(pcai_pem_read(pcai_slice_text(B "Zm9v\n" E), (const char *const[]){NULL}, &out), -1);
    assert_int_equal(out.size, 0);
    pcai_buf_free(&out);
    assert_false(pcai_pem_is(pcai_slice_text("-----BEGIN")));
    assert_false(pcai_pem_is(pcai_slice(NULL, 0)));
}

static void pem_of_more_than_a_mebibyte_is_refused(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct buf text = {0}, out = {0};
        pcai_buf_text(&text, B "Zm9v\n" E);
        while (text.size < (1 << 20) + more)
            pcai_buf_octet(&text, '\n');
        assert_int_equal(pcai_pem_read(pcai_buf_view(&text), labels, &out), more ? -1 : 0);
        pcai_buf_free(&text);
        pcai_buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(object_identifiers_of_the_standards),
        cmocka_unit_test(object_identifiers_as_text),
        cmocka_unit_test(object_identifiers_with_numbers_of_any_size),
        cmocka_unit_test(object_identifiers_at_their_longest),
        cmocka_unit_test(object_identifiers_from_text),
        cmocka_unit_test(object_identifiers_of_64_octets_and_no_more),
        cmocka_unit_test(signature_algorithms_are_written_exactly),
        cmocka_unit_test(signature_algorithms_are_read_exactly),
        cmocka_unit_test(bounds_count_characters),
        cmocka_unit_test(pitfall_27_values_that_no_attribute_may_have),
        cmocka_unit_test(values_that_are_taken),
        cmocka_unit_test(values_bound_to_ascii),
        cmocka_unit_test(attributes_of_unknown_type),
        cmocka_unit_test(country_is_two_capital_letters),
        cmocka_unit_test(each_attribute_has_its_string_type),
        cmocka_unit_test(one_attribute_stands_in_each_rdn),
        cmocka_unit_test(names_that_can_be_read),
        cmocka_unit_test(names_that_cannot_be_read),
        cmocka_unit_test(sixteen_attributes_and_no_more),
        cmocka_unit_test(names_as_text),
        cmocka_unit_test(names_as_text_begin_with_the_last_rdn),
        cmocka_unit_test(unknown_attributes_as_text),
        cmocka_unit_test(dns_names_that_are_taken),
        cmocka_unit_test(pitfall_27_dns_names_that_are_refused),
        cmocka_unit_test(ip_addresses),
        cmocka_unit_test(mail_addresses),
        cmocka_unit_test(uris),
        cmocka_unit_test(kinds_of_name_that_are_not_issued),
        cmocka_unit_test(alternative_names_are_written),
        cmocka_unit_test(alternative_names_of_other_kinds_are_counted),
        cmocka_unit_test(alternative_names_that_cannot_be_read),
        cmocka_unit_test(pem_is_written_in_lines_of_64),
        cmocka_unit_test(pem_is_what_openssl_writes),
        cmocka_unit_test(pem_that_is_taken),
        cmocka_unit_test(pem_that_is_refused),
        cmocka_unit_test(pem_of_more_than_a_mebibyte_is_refused),
    };
    return cmocka_run_group_tests_name("x509", tests, scratch_setup, scratch_teardown);
}
