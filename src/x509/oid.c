#include "x509/oid.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/crypto.h"

struct known {
    const char *octets;
    size_t size;
    const char *name;
};
#define KNOWN(octets, name) {octets, sizeof octets - 1, name}

static const struct known known[OID_COUNT] = {
    [OID_COMMON_NAME] = KNOWN("\x55\x04\x03", "CN"),
    [OID_SURNAME] = KNOWN("\x55\x04\x04", "SN"),
    [OID_SERIAL_NUMBER] = KNOWN("\x55\x04\x05", "serialNumber"),
    [OID_COUNTRY] = KNOWN("\x55\x04\x06", "C"),
    [OID_LOCALITY] = KNOWN("\x55\x04\x07", "L"),
    [OID_STATE] = KNOWN("\x55\x04\x08", "ST"),
    [OID_STREET] = KNOWN("\x55\x04\x09", "STREET"),
    [OID_ORGANIZATION] = KNOWN("\x55\x04\x0A", "O"),
    [OID_UNIT] = KNOWN("\x55\x04\x0B", "OU"),
    [OID_TITLE] = KNOWN("\x55\x04\x0C", "title"),
    [OID_POSTAL_CODE] = KNOWN("\x55\x04\x11", "postalCode"),
    [OID_GIVEN_NAME] = KNOWN("\x55\x04\x2A", "GN"),
    [OID_INITIALS] = KNOWN("\x55\x04\x2B", "initials"),
    [OID_GENERATION_QUALIFIER] = KNOWN("\x55\x04\x2C", "generationQualifier"),
    [OID_DN_QUALIFIER] = KNOWN("\x55\x04\x2E", "dnQualifier"),
    [OID_PSEUDONYM] = KNOWN("\x55\x04\x41", "pseudonym"),
    [OID_UID] = KNOWN("\x09\x92\x26\x89\x93\xF2\x2C\x64\x01\x01", "UID"),
    [OID_DOMAIN_COMPONENT] = KNOWN("\x09\x92\x26\x89\x93\xF2\x2C\x64\x01\x19", "DC"),
    [OID_EMAIL_ADDRESS] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x01", "emailAddress"),
    [OID_SUBJECT_KEY_ID] = KNOWN("\x55\x1D\x0E", "subjectKeyIdentifier"),
    [OID_KEY_USAGE] = KNOWN("\x55\x1D\x0F", "keyUsage"),
    [OID_SUBJECT_ALT_NAME] = KNOWN("\x55\x1D\x11", "subjectAltName"),
    [OID_BASIC_CONSTRAINTS] = KNOWN("\x55\x1D\x13", "basicConstraints"),
    [OID_CRL_NUMBER] = KNOWN("\x55\x1D\x14", "cRLNumber"),
    [OID_REASON_CODE] = KNOWN("\x55\x1D\x15", "reasonCode"),
    [OID_INVALIDITY_DATE] = KNOWN("\x55\x1D\x18", "invalidityDate"),
    [OID_DELTA_CRL] = KNOWN("\x55\x1D\x1B", "deltaCRLIndicator"),
    [OID_ISSUING_DISTRIBUTION_POINT] = KNOWN("\x55\x1D\x1C", "issuingDistributionPoint"),
    [OID_FRESHEST_CRL] = KNOWN("\x55\x1D\x2E", "freshestCRL"),
    [OID_NAME_CONSTRAINTS] = KNOWN("\x55\x1D\x1E", "nameConstraints"),
    [OID_CRL_DISTRIBUTION_POINTS] = KNOWN("\x55\x1D\x1F", "cRLDistributionPoints"),
    [OID_CERTIFICATE_POLICIES] = KNOWN("\x55\x1D\x20", "certificatePolicies"),
    [OID_AUTHORITY_KEY_ID] = KNOWN("\x55\x1D\x23", "authorityKeyIdentifier"),
    [OID_EXTENDED_KEY_USAGE] = KNOWN("\x55\x1D\x25", "extKeyUsage"),
    [OID_AUTHORITY_INFO_ACCESS] = KNOWN("\x2B\x06\x01\x05\x05\x07\x01\x01", "authorityInfoAccess"),
    [OID_SERVER_AUTH] = KNOWN("\x2B\x06\x01\x05\x05\x07\x03\x01", "serverAuth"),
    [OID_CLIENT_AUTH] = KNOWN("\x2B\x06\x01\x05\x05\x07\x03\x02", "clientAuth"),
    [OID_CODE_SIGNING] = KNOWN("\x2B\x06\x01\x05\x05\x07\x03\x03", "codeSigning"),
    [OID_EMAIL_PROTECTION] = KNOWN("\x2B\x06\x01\x05\x05\x07\x03\x04", "emailProtection"),
    [OID_TIME_STAMPING] = KNOWN("\x2B\x06\x01\x05\x05\x07\x03\x08", "timeStamping"),
    [OID_OCSP_SIGNING] = KNOWN("\x2B\x06\x01\x05\x05\x07\x03\x09", "OCSPSigning"),
    [OID_ANY_EXTENDED_KEY_USAGE] = KNOWN("\x55\x1D\x25\x00", "anyExtendedKeyUsage"),
    [OID_OCSP] = KNOWN("\x2B\x06\x01\x05\x05\x07\x30\x01", "ocsp"),
    [OID_CA_ISSUERS] = KNOWN("\x2B\x06\x01\x05\x05\x07\x30\x02", "caIssuers"),
    [OID_ANY_POLICY] = KNOWN("\x55\x1D\x20\x00", "anyPolicy"),
    [OID_CPS] = KNOWN("\x2B\x06\x01\x05\x05\x07\x02\x01", "cps"),
    [OID_EXTENSION_REQUEST] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x0E", "extensionRequest"),
    [OID_CHALLENGE_PASSWORD] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x07", "challengePassword"),
    [OID_RSA_ENCRYPTION] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01", "rsaEncryption"),
    [OID_EC_PUBLIC_KEY] = KNOWN("\x2A\x86\x48\xCE\x3D\x02\x01", "id-ecPublicKey"),
    [OID_RSA_SHA256] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0B", "sha256WithRSAEncryption"),
    [OID_RSA_SHA384] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0C", "sha384WithRSAEncryption"),
    [OID_RSA_SHA512] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0D", "sha512WithRSAEncryption"),
    [OID_ECDSA_SHA256] = KNOWN("\x2A\x86\x48\xCE\x3D\x04\x03\x02", "ecdsa-with-SHA256"),
    [OID_ECDSA_SHA384] = KNOWN("\x2A\x86\x48\xCE\x3D\x04\x03\x03", "ecdsa-with-SHA384"),
    [OID_ECDSA_SHA512] = KNOWN("\x2A\x86\x48\xCE\x3D\x04\x03\x04", "ecdsa-with-SHA512"),
    [OID_SM2_SM3] = KNOWN("\x2A\x81\x1C\xCF\x55\x01\x83\x75", "SM2-with-SM3"),
    [OID_SHA1] = KNOWN("\x2B\x0E\x03\x02\x1A", "sha1"),
    [OID_SHA256] = KNOWN("\x60\x86\x48\x01\x65\x03\x04\x02\x01", "sha256"),
    [OID_SHA384] = KNOWN("\x60\x86\x48\x01\x65\x03\x04\x02\x02", "sha384"),
    [OID_SHA512] = KNOWN("\x60\x86\x48\x01\x65\x03\x04\x02\x03", "sha512"),
    [OID_PBES2] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0D", "PBES2"),
    [OID_PBKDF2] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0C", "PBKDF2"),
    [OID_HMAC_SHA1] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x02\x07", "hmacWithSHA1"),
    [OID_HMAC_SHA256] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x02\x09", "hmacWithSHA256"),
    [OID_HMAC_SHA384] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x02\x0A", "hmacWithSHA384"),
    [OID_HMAC_SHA512] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x02\x0B", "hmacWithSHA512"),
    [OID_AES128_CBC] = KNOWN("\x60\x86\x48\x01\x65\x03\x04\x01\x02", "aes128-CBC"),
    [OID_AES192_CBC] = KNOWN("\x60\x86\x48\x01\x65\x03\x04\x01\x16", "aes192-CBC"),
    [OID_AES256_CBC] = KNOWN("\x60\x86\x48\x01\x65\x03\x04\x01\x2A", "aes256-CBC"),
    [OID_DES3_CBC] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x03\x07", "des-EDE3-CBC"),
    [OID_DATA] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01", "data"),
    [OID_SIGNED_DATA] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02", "signedData"),
    [OID_ENCRYPTED_DATA] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x07\x06", "encryptedData"),
    [OID_PBE_SHA1_DES3] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x01\x03", "pbeWithSHAAnd3-KeyTripleDES-CBC"),
    [OID_KEY_BAG] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x0A\x01\x01", "keyBag"),
    [OID_SHROUDED_KEY_BAG] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x0A\x01\x02", "pkcs8ShroudedKeyBag"),
    [OID_CERTIFICATE_BAG] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x0A\x01\x03", "certBag"),
    [OID_X509_CERTIFICATE] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x16\x01", "x509Certificate"),
    [OID_FRIENDLY_NAME] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x14", "friendlyName"),
    [OID_LOCAL_KEY_ID] = KNOWN("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x15", "localKeyId"),
    [OID_SUN_KEY_PROTECTOR] = KNOWN("\x2B\x06\x01\x04\x01\x2A\x02\x11\x01\x01", "Sun key protector"),
};

struct slice pcai_oid(enum oid oid)
{
    return pcai_slice(known[oid].octets, known[oid].size);
}

enum oid pcai_oid_find(struct slice content)
{
    for (int i = 1; content.size && i < OID_COUNT; i++) /* most differ in size or in the last octet */
        if (known[i].size == content.size && (uint8_t)known[i].octets[content.size - 1] == content.data[content.size - 1] &&
            memcmp(known[i].octets, content.data, content.size) == 0)
            return (enum oid)i;
    return OID_NONE;
}

const char *pcai_oid_name(enum oid oid)
{
    return oid == OID_NONE || oid >= OID_COUNT ? "unknown" : known[oid].name;
}

/* ---- Text ---- */

/* A number that may have any size: its digits to one base, the lowest first. */
struct digits {
    uint8_t at[PCAI_OID_TEXT];
    size_t count, most;
};

/* number = number * factor + more. -1: that takes more digits than most. */
static int shift_in(struct digits *number, unsigned base, unsigned factor, unsigned more)
{
    for (size_t i = 0; i < number->count; i++, more /= base) {
        more += number->at[i] * factor;
        number->at[i] = (uint8_t)(more % base);
    }
    for (; more; more /= base) {
        if (number->count == number->most)
            return -1;
        number->at[number->count++] = (uint8_t)(more % base);
    }
    return 0;
}

/* Less is no more than the decimal number. */
static void take_away(struct digits *number, unsigned less)
{
    for (size_t i = 0; less; i++) {
        unsigned digit = less % 10, borrow = number->at[i] < digit;
        number->at[i] = (uint8_t)(number->at[i] + 10 * borrow - digit);
        less = less / 10 + borrow;
    }
    while (number->count && !number->at[number->count - 1])
        number->count--;
}

static size_t put_text(char *out, size_t used, size_t capacity, char c)
{
    if (used + 1 < capacity)
        out[used++] = c;
    out[used] = 0;
    return used;
}

static size_t put_number(char *out, size_t used, size_t capacity, const struct digits *number)
{
    if (number->count == 0)
        used = put_text(out, used, capacity, '0');
    for (size_t i = number->count; i-- > 0;)
        used = put_text(out, used, capacity, (char)('0' + number->at[i]));
    return used;
}

static void put_hex(struct slice content, char *out, size_t capacity)
{
    size_t used = (size_t)snprintf(out, capacity, "#");
    for (size_t i = 0; i < content.size && used + 2 < capacity; i++, used += 2)
        snprintf(out + used, capacity - used, "%02x", content.data[i]);
}

void pcai_oid_text(struct slice content, char *out, size_t capacity)
{
    struct digits number = {.most = PCAI_OID_TEXT};
    size_t used = 0;
    int first = 1;
    out[0] = 0;
    if (content.size > PCAI_OID_MAX) {
        put_hex(content, out, capacity);
        return;
    }
    for (size_t i = 0; i < content.size; i++) {
        shift_in(&number, 10, 128, content.data[i] & 0x7F);
        if (content.data[i] & 0x80)
            continue;
        if (first) {
            unsigned root = content.data[0] < 40 ? 0 : content.data[0] < 80 ? 1 : 2;
            used = put_text(out, used, capacity, (char)('0' + root));
            take_away(&number, 40 * root);
        }
        used = put_text(out, used, capacity, '.');
        used = put_number(out, used, capacity, &number);
        number.count = 0;
        first = 0;
    }
}

/* One decimal number without superfluous zeros; moves *at behind it. */
static int read_arc(struct slice text, size_t *at, struct digits *arc)
{
    size_t start = *at;
    *arc = (struct digits){.most = PCAI_OID_MAX};
    for (; *at < text.size && pcai_is_digit(text.data[*at]); (*at)++)
        if (shift_in(arc, 128, 10, (unsigned)(text.data[*at] - '0')) != 0)
            return -1;
    return *at == start || (text.data[start] == '0' && *at - start > 1) ? -1 : 0;
}

static void put_arc(struct buf *out, const struct digits *arc)
{
    for (size_t i = arc->count; i-- > 1;)
        pcai_buf_octet(out, 0x80 | arc->at[i]);
    pcai_buf_octet(out, arc->count ? arc->at[0] : 0);
}

static int is_below(const struct digits *arc, unsigned limit)
{
    return arc->count == 0 || (arc->count == 1 && arc->at[0] < limit);
}

/* X.690 8.19.4: the first two numbers share one. */
int pcai_oid_parse(struct slice text, struct buf *out)
{
    struct digits first, arc;
    size_t at = 0, before = out->size;
    if (read_arc(text, &at, &first) != 0 || !is_below(&first, 3) || at == text.size)
        return -1;
    unsigned root = first.count ? first.at[0] : 0;
    for (int second = 1; at < text.size; second = 0) {
        if (text.data[at++] != '.' || read_arc(text, &at, &arc) != 0)
            return -1;
        if (second && ((root < 2 && !is_below(&arc, 40)) || shift_in(&arc, 128, 1, 40 * root) != 0))
            return -1;
        put_arc(out, &arc);
        if (out->size - before > PCAI_OID_MAX)
            return -1;
    }
    return 0;
}

/* ---- Signature algorithms ---- */

static const struct {
    enum oid oid;
    int family, digest;
} signatures[] = {
    {OID_RSA_SHA256, PCA_FAMILY_RSA, PCAI_SHA256},   {OID_RSA_SHA384, PCA_FAMILY_RSA, PCAI_SHA384},
    {OID_RSA_SHA512, PCA_FAMILY_RSA, PCAI_SHA512},   {OID_ECDSA_SHA256, PCA_FAMILY_ECC, PCAI_SHA256},
    {OID_ECDSA_SHA384, PCA_FAMILY_ECC, PCAI_SHA384}, {OID_ECDSA_SHA512, PCA_FAMILY_ECC, PCAI_SHA512},
    {OID_SM2_SM3, PCA_FAMILY_SM2, PCAI_SM3},
};
#define SIGNATURES (sizeof signatures / sizeof *signatures)

/* AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } */
void pcai_signature_algorithm_write(struct buf *out, int key_algorithm)
{
    int family = pcai_algorithm_family(key_algorithm), digest = pcai_algorithm_digest(key_algorithm);
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    for (size_t i = 0; i < SIGNATURES; i++)
        if (signatures[i].family == family && signatures[i].digest == digest)
            pcai_der_put(out, DER_OID, pcai_oid(signatures[i].oid));
    if (family == PCA_FAMILY_RSA)
        pcai_der_null(out);
    pcai_der_end(out, mark);
}

int pcai_signature_algorithm_read(struct slice whole, int *family, int *digest)
{
    struct der outer = pcai_der(whole), in;
    struct slice oid, null;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_oid(&in, &oid) != 0)
        return -1;
    enum oid found = pcai_oid_find(oid);
    for (size_t i = 0; i < SIGNATURES; i++) {
        if (signatures[i].oid != found)
            continue;
        if (signatures[i].family == PCA_FAMILY_RSA && (pcai_der_get(&in, DER_NULL, &null) != 0 || null.size != 0))
            return -1;
        if (!pcai_der_at_end(&in))
            return -1;
        *family = signatures[i].family;
        *digest = signatures[i].digest;
        return 0;
    }
    return -1;
}
