#include "x509/pkcs12.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "x509/ber.h"
#include "x509/pkcs8.h"

#define LOCAL_KEY_ID 20
#define VERSION 3

/* What the MAC is made with: its key comes from the password (RFC 7292 4, appendix B). */
static int mac(int digest, struct slice password, struct slice salt, uint32_t rounds, struct slice content, uint8_t out[PCAI_DIGEST_MAX],
               pca_error *err)
{
    uint8_t key[PCAI_DIGEST_MAX];
    size_t size = pcai_digest_size(digest);
    struct buf bmp = {0};
    int rc = pcai_pbe_bmp(password, &bmp, err);
    if (rc == PCA_OK)
        rc = pcai_pkcs12_derive(digest, PKCS12_MAC, pcai_buf_view(&bmp), salt, rounds, key, size, err);
    if (rc == PCA_OK)
        rc = pcai_hmac(digest, pcai_slice(key, size), content, out, err);
    pcai_wipe(key, sizeof key);
    pcai_buf_free(&bmp);
    return rc;
}

/* ---- Writing ---- */

/* PKCS12Attribute ::= SEQUENCE { attrId OBJECT IDENTIFIER, attrValues SET OF ANY } */
static void put_attribute(struct buf *out, enum oid id, uint8_t tag, struct slice value)
{
    size_t attribute = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(id));
    size_t values = pcai_der_begin(out, DER_SET);
    pcai_der_put(out, tag, value);
    pcai_der_end(out, values);
    pcai_der_end(out, attribute);
}

/* The same for the key and its certificate: friendlyName, and the localKeyId that ties them together. */
static int put_attributes(struct buf *out, const struct pkcs12_contents *c, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    struct buf name = {0}, friendly = {0}, local = {0};
    int rc = pcai_digest(PCAI_SHA256, c->certificates[0], digest, err);
    if (rc == PCA_OK && pcai_utf16(c->name, &name) != 0)
        rc = pcai_fail(err, PCA_E_INVALID, NULL, "name", "the name is not UTF-8");
    if (rc == PCA_OK) {
        put_attribute(&friendly, OID_FRIENDLY_NAME, DER_BMP_STRING, pcai_buf_view(&name));
        put_attribute(&local, OID_LOCAL_KEY_ID, DER_OCTET_STRING, pcai_slice(digest, LOCAL_KEY_ID));
        struct slice attributes[] = {pcai_buf_view(&friendly), pcai_buf_view(&local)};
        out->failed |= name.failed | friendly.failed | local.failed;
        if (!out->failed)
            pcai_der_set_of(out, DER_SET, attributes, 2);
    }
    pcai_buf_free(&name);
    pcai_buf_free(&friendly);
    pcai_buf_free(&local);
    return rc;
}

/* SafeBag ::= SEQUENCE { bagId, bagValue [0] EXPLICIT, bagAttributes SET OF PKCS12Attribute OPTIONAL }
 * SafeContents ::= SEQUENCE OF SafeBag; the shrouded key's value is an EncryptedPrivateKeyInfo. */
static int put_key_safe(struct buf *out, const struct pkcs12_contents *c, const struct pkcs12_seed *seed, pca_error *err)
{
    size_t contents = pcai_der_begin(out, DER_SEQUENCE), bag = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_SHROUDED_KEY_BAG));
    size_t value = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0));
    int rc = pcai_pkcs8_encrypt(c->legacy ? PBE_DES3 : PBE_AES256, c->password, &seed->key, c->private_key, out, err);
    pcai_der_end(out, value);
    if (rc == PCA_OK)
        rc = put_attributes(out, c, err);
    pcai_der_end(out, bag);
    pcai_der_end(out, contents);
    return rc;
}

/* CertBag ::= SEQUENCE { certId x509Certificate, certValue [0] EXPLICIT OCTET STRING } */
static int put_certificate_safe(struct buf *out, const struct pkcs12_contents *c, pca_error *err)
{
    int rc = PCA_OK;
    size_t contents = pcai_der_begin(out, DER_SEQUENCE);
    for (size_t i = 0; rc == PCA_OK && i < c->count; i++) {
        size_t bag = pcai_der_begin(out, DER_SEQUENCE);
        pcai_der_put(out, DER_OID, pcai_oid(OID_CERTIFICATE_BAG));
        size_t value = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0)), certificate = pcai_der_begin(out, DER_SEQUENCE);
        pcai_der_put(out, DER_OID, pcai_oid(OID_X509_CERTIFICATE));
        size_t octets = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0));
        pcai_der_put(out, DER_OCTET_STRING, c->certificates[i]);
        pcai_der_end(out, octets);
        pcai_der_end(out, certificate);
        pcai_der_end(out, value);
        if (i == 0)
            rc = put_attributes(out, c, err);
        pcai_der_end(out, bag);
    }
    pcai_der_end(out, contents);
    return rc;
}

/* ContentInfo ::= SEQUENCE { contentType data, content [0] EXPLICIT OCTET STRING } */
static void put_data(struct buf *out, struct slice content)
{
    size_t info = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_DATA));
    size_t value = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0));
    pcai_der_put(out, DER_OCTET_STRING, content);
    pcai_der_end(out, value);
    pcai_der_end(out, info);
}

/* EncryptedData ::= SEQUENCE { version 0, encryptedContentInfo SEQUENCE {
 *     contentType data, contentEncryptionAlgorithm, encryptedContent [0] IMPLICIT OCTET STRING } } */
static void put_encrypted_data(struct buf *out, struct slice algorithm, struct slice secret)
{
    size_t info = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_ENCRYPTED_DATA));
    size_t value = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0)), data = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_uint(out, 0);
    size_t content = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_DATA));
    pcai_buf_slice(out, algorithm);
    pcai_der_put(out, DER_CONTEXT(0), secret);
    pcai_der_end(out, content);
    pcai_der_end(out, data);
    pcai_der_end(out, value);
    pcai_der_end(out, info);
}

/* AuthenticatedSafe ::= SEQUENCE OF ContentInfo: the certificates encrypted, the key in its shroud. */
static int put_safes(struct buf *out, const struct pkcs12_contents *c, const struct pkcs12_seed *seed, pca_error *err)
{
    struct buf certificates = {0}, algorithm = {0}, secret = {0}, key = {0};
    int rc = put_certificate_safe(&certificates, c, err);
    if (rc == PCA_OK)
        rc = pcai_buf_check(&certificates, err);
    if (rc == PCA_OK)
        rc = pcai_pbe_encrypt(c->legacy ? PBE_DES3 : PBE_AES256, c->password, &seed->certificates, pcai_buf_view(&certificates), &algorithm,
                              &secret, err);
    if (rc == PCA_OK)
        rc = put_key_safe(&key, c, seed, err);
    if (rc == PCA_OK)
        rc = pcai_buf_check(&key, err);
    if (rc == PCA_OK) {
        size_t safes = pcai_der_begin(out, DER_SEQUENCE);
        put_encrypted_data(out, pcai_buf_view(&algorithm), pcai_buf_view(&secret));
        put_data(out, pcai_buf_view(&key));
        pcai_der_end(out, safes);
        rc = pcai_buf_check(out, err);
    }
    pcai_buf_free(&certificates);
    pcai_buf_free(&algorithm);
    pcai_buf_free(&secret);
    pcai_buf_free(&key);
    return rc;
}

/* MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }
 * DigestInfo ::= SEQUENCE { digestAlgorithm, digest OCTET STRING } */
static int put_mac(struct buf *out, const struct pkcs12_contents *c, struct slice salt, struct slice safes, pca_error *err)
{
    uint8_t value[PCAI_DIGEST_MAX];
    int digest = c->legacy ? PCAI_SHA1 : PCAI_SHA256;
    int rc = mac(digest, c->password, salt, PCAI_PBE_ROUNDS, safes, value, err);
    if (rc != PCA_OK)
        return rc;
    size_t data = pcai_der_begin(out, DER_SEQUENCE), info = pcai_der_begin(out, DER_SEQUENCE), algorithm = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(c->legacy ? OID_SHA1 : OID_SHA256));
    pcai_der_null(out);
    pcai_der_end(out, algorithm);
    pcai_der_put(out, DER_OCTET_STRING, pcai_slice(value, pcai_digest_size(digest)));
    pcai_der_end(out, info);
    pcai_der_put(out, DER_OCTET_STRING, salt);
    pcai_der_uint(out, PCAI_PBE_ROUNDS);
    pcai_der_end(out, data);
    return PCA_OK;
}

/* PFX ::= SEQUENCE { version 3, authSafe ContentInfo, macData MacData OPTIONAL } */
int pcai_pkcs12_write(const struct pkcs12_contents *contents, const struct pkcs12_seed *seed, struct buf *out, pca_error *err)
{
    struct buf safes = {0};
    int rc = put_safes(&safes, contents, seed, err);
    if (rc == PCA_OK) {
        size_t pfx = pcai_der_begin(out, DER_SEQUENCE);
        pcai_der_uint(out, VERSION);
        put_data(out, pcai_buf_view(&safes));
        rc = put_mac(out, contents, pcai_slice(seed->mac_salt, PCAI_PBE_SALT), pcai_buf_view(&safes), err);
        pcai_der_end(out, pfx);
    }
    pcai_buf_free(&safes);
    return rc == PCA_OK ? pcai_buf_check(out, err) : rc;
}

/* ---- Reading ---- */

static int refuse(pca_error *err, const char *why)
{
    return pcai_fail(err, PCA_E_INVALID, NULL, "pfx", "%s", why);
}

static int malformed(pca_error *err)
{
    return refuse(err, "it is not a PFX, or it is cut short");
}

/* A ContentInfo: its type, and what stands in [0]. */
static int read_content_info(struct der *in, enum oid *type, struct der *content)
{
    struct der info;
    struct slice oid;
    if (pcai_der_enter(in, DER_SEQUENCE, &info) != 0 || pcai_der_get(&info, DER_OID, &oid) != 0 ||
        pcai_der_enter(&info, DER_CONTEXT_CONSTRUCTED(0), content) != 0 || !pcai_der_at_end(&info))
        return -1;
    *type = pcai_oid_find(oid);
    return 0;
}

static int read_digest(struct der *in, int *digest, pca_error *err)
{
    struct der algorithm;
    struct slice oid, null = {0};
    if (pcai_der_enter(in, DER_SEQUENCE, &algorithm) != 0 || pcai_der_get(&algorithm, DER_OID, &oid) != 0)
        return malformed(err);
    enum oid known = pcai_oid_find(oid);
    *digest = known == OID_SHA1     ? PCAI_SHA1
              : known == OID_SHA256 ? PCAI_SHA256
              : known == OID_SHA384 ? PCAI_SHA384
              : known == OID_SHA512 ? PCAI_SHA512
                                    : 0;
    if (!*digest) {
        char text[PCAI_OID_TEXT];
        pcai_oid_text(oid, text, sizeof text);
        return pcai_fail(err, PCA_E_UNSUPPORTED, NULL, "pfx", "a MAC with %s is not read here (HMAC with SHA-1, SHA-256, SHA-384 and SHA-512 is)", text);
    }
    pcai_der_optional(&algorithm, DER_NULL, &null);
    return null.size || !pcai_der_at_end(&algorithm) ? malformed(err) : PCA_OK;
}

struct mac_data {
    struct slice expected, salt;
    uint64_t rounds;
    int digest;
};

static int read_mac(struct der *in, struct mac_data *m, pca_error *err)
{
    struct der data, info;
    if (pcai_der_at_end(in))
        return refuse(err, "it has no MAC: nothing shows that it is whole");
    if (pcai_der_enter(in, DER_SEQUENCE, &data) != 0 || pcai_der_enter(&data, DER_SEQUENCE, &info) != 0)
        return malformed(err);
    int rc = read_digest(&info, &m->digest, err);
    if (rc != PCA_OK)
        return rc;
    m->rounds = 1;
    if (pcai_der_get(&info, DER_OCTET_STRING, &m->expected) != 0 || !pcai_der_at_end(&info) ||
        pcai_der_get(&data, DER_OCTET_STRING, &m->salt) != 0 || m->salt.size == 0 || m->salt.size > PCAI_PBE_SALT_MAX ||
        (!pcai_der_at_end(&data) && pcai_der_get_uint(&data, &m->rounds) != 0) || !pcai_der_at_end(&data) || m->rounds == 0 ||
        m->expected.size != pcai_digest_size(m->digest))
        return malformed(err);
    if (m->rounds > PCAI_PBE_ROUNDS_MAX)
        return pcai_fail(err, PCA_E_INVALID, NULL, "pfx", "the MAC's key is to be made by more than %d rounds", PCAI_PBE_ROUNDS_MAX);
    return PCA_OK;
}

static int fits(const struct mac_data *m, struct slice password, struct slice safes, int *fit, pca_error *err)
{
    uint8_t seen[PCAI_DIGEST_MAX];
    int rc = mac(m->digest, password, m->salt, (uint32_t)m->rounds, safes, seen, err);
    *fit = rc == PCA_OK && pcai_equal_secret(seen, m->expected.data, m->expected.size);
    return rc;
}

/* An empty password is for some writers a BMPString of its NUL alone and for others no octets: the MAC tells which, for the safes too. */
static int check_mac(struct der *in, struct slice *password, struct slice safes, pca_error *err)
{
    struct mac_data m = {0};
    int fit = 0, rc = read_mac(in, &m, err);
    if (rc == PCA_OK)
        rc = fits(&m, *password, safes, &fit, err);
    if (rc == PCA_OK && !fit && password->size == 0) {
        password->data = NULL;
        rc = fits(&m, *password, safes, &fit, err);
    }
    if (rc == PCA_OK && !fit)
        rc = pcai_fail(err, PCA_E_INVALID, NULL, "password", "the password does not open it, or it was changed");
    return rc;
}

static int take_certificate(struct der *value, struct pkcs12 *out, pca_error *err)
{
    struct der bag, octets;
    struct slice oid, certificate;
    if (pcai_der_enter(value, DER_SEQUENCE, &bag) != 0 || pcai_der_get(&bag, DER_OID, &oid) != 0 ||
        pcai_oid_find(oid) != OID_X509_CERTIFICATE || pcai_der_enter(&bag, DER_CONTEXT_CONSTRUCTED(0), &octets) != 0 ||
        !pcai_der_at_end(&bag) || pcai_der_get(&octets, DER_OCTET_STRING, &certificate) != 0 || !pcai_der_at_end(&octets) ||
        certificate.size == 0)
        return malformed(err);
    if (out->count == PCAI_PKCS12_CERTIFICATES)
        return pcai_fail(err, PCA_E_INVALID, NULL, "pfx", "it holds more than %d certificates", PCAI_PKCS12_CERTIFICATES);
    pcai_buf_slice(&out->octets, certificate);
    out->certificates[out->count++].size = certificate.size;
    return pcai_buf_check(&out->octets, err);
}

static int take_key(struct der *value, enum oid type, struct slice password, struct pkcs12 *out, pca_error *err)
{
    struct slice whole;
    if (pcai_der_whole(value, DER_SEQUENCE, &whole) != 0)
        return malformed(err);
    if (out->private_key.size)
        return refuse(err, "it holds more than one private key");
    if (type == OID_SHROUDED_KEY_BAG)
        return pcai_pkcs8_decrypt(whole, password, &out->private_key, err);
    return pcai_pkcs8_copy(whole, &out->private_key, err);
}

static int read_bag(struct der *in, struct slice password, struct pkcs12 *out, pca_error *err)
{
    struct der bag, value;
    struct slice oid, attributes;
    if (pcai_der_enter(in, DER_SEQUENCE, &bag) != 0 || pcai_der_get(&bag, DER_OID, &oid) != 0 ||
        pcai_der_enter(&bag, DER_CONTEXT_CONSTRUCTED(0), &value) != 0)
        return malformed(err);
    pcai_der_optional(&bag, DER_SET, &attributes);
    if (!pcai_der_at_end(&bag))
        return malformed(err);
    enum oid type = pcai_oid_find(oid);
    int rc;
    if (type == OID_CERTIFICATE_BAG)
        rc = take_certificate(&value, out, err);
    else if (type == OID_KEY_BAG || type == OID_SHROUDED_KEY_BAG)
        rc = take_key(&value, type, password, out, err);
    else
        rc = refuse(err, "it holds something other than keys and certificates");
    return rc == PCA_OK && !pcai_der_at_end(&value) ? malformed(err) : rc;
}

static int read_bags(struct slice contents, struct slice password, struct pkcs12 *out, pca_error *err)
{
    struct der outer = pcai_der(contents), bags;
    int rc = PCA_OK;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &bags) != 0 || !pcai_der_at_end(&outer))
        return malformed(err);
    while (rc == PCA_OK && !pcai_der_at_end(&bags))
        rc = read_bag(&bags, password, out, err);
    return rc;
}

/* What is in BER as DER, given to `read`. */
typedef int (*contents_reader)(struct slice contents, struct slice password, struct pkcs12 *out, pca_error *err);
static int in_der(struct slice ber, struct slice password, struct pkcs12 *out, contents_reader read, pca_error *err)
{
    struct buf der = {0};
    int rc = pcai_ber_to_der(ber, &der) != 0 ? malformed(err) : pcai_buf_check(&der, err);
    if (rc == PCA_OK)
        rc = read(pcai_buf_view(&der), password, out, err);
    pcai_buf_free(&der);
    return rc;
}

/* encryptedContent [0] IMPLICIT OCTET STRING, which in BER may come in pieces. */
static int read_octets(struct der *in, struct buf *out)
{
    struct slice piece;
    struct der pieces;
    if (pcai_der_optional(in, DER_CONTEXT(0), &piece)) {
        pcai_buf_slice(out, piece);
        return 0;
    }
    if (pcai_der_enter(in, DER_CONTEXT_CONSTRUCTED(0), &pieces) != 0)
        return -1;
    while (!pcai_der_at_end(&pieces)) {
        if (pcai_der_get(&pieces, DER_OCTET_STRING, &piece) != 0)
            return -1;
        pcai_buf_slice(out, piece);
    }
    return 0;
}

static int read_encrypted(struct der *in, struct slice password, struct pkcs12 *out, pca_error *err)
{
    struct der data, info;
    struct slice type, algorithm;
    struct buf secret = {0}, plain = {0};
    uint64_t version;
    if (pcai_der_enter(in, DER_SEQUENCE, &data) != 0 || !pcai_der_at_end(in) || pcai_der_get_uint(&data, &version) != 0 || version != 0 ||
        pcai_der_enter(&data, DER_SEQUENCE, &info) != 0 || !pcai_der_at_end(&data) || pcai_der_get(&info, DER_OID, &type) != 0 ||
        pcai_oid_find(type) != OID_DATA || pcai_der_whole(&info, DER_SEQUENCE, &algorithm) != 0)
        return malformed(err);
    int rc = read_octets(&info, &secret) != 0 || !pcai_der_at_end(&info) ? malformed(err) : pcai_buf_check(&secret, err);
    if (rc == PCA_OK)
        rc = pcai_pbe_decrypt(algorithm, password, pcai_buf_view(&secret), &plain, err);
    if (rc == PCA_OK)
        rc = in_der(pcai_buf_view(&plain), password, out, read_bags, err);
    pcai_buf_free(&secret);
    pcai_buf_free(&plain);
    return rc;
}

/* Each encrypted safe costs a key derivation: four are twice what anyone writes. */
#define SAFES_MAX 4

static int read_safes(struct slice safes, struct slice password, struct pkcs12 *out, pca_error *err)
{
    struct der outer = pcai_der(safes), in, content;
    struct slice octets;
    enum oid type;
    int rc = PCA_OK;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer))
        return malformed(err);
    for (int i = 0; rc == PCA_OK && !pcai_der_at_end(&in); i++) {
        if (i == SAFES_MAX)
            return pcai_fail(err, PCA_E_INVALID, NULL, "pfx", "it holds more than %d safes", SAFES_MAX);
        if (read_content_info(&in, &type, &content) != 0)
            return malformed(err);
        if (type == OID_ENCRYPTED_DATA)
            rc = read_encrypted(&content, password, out, err);
        else if (type != OID_DATA)
            rc = refuse(err, "a safe is neither plain nor encrypted by a password");
        else if (pcai_der_get(&content, DER_OCTET_STRING, &octets) != 0 || !pcai_der_at_end(&content))
            rc = malformed(err);
        else
            rc = in_der(octets, password, out, read_bags, err);
    }
    return rc;
}

/* The certificates' octets have stopped moving. */
static void place(struct pkcs12 *p)
{
    const uint8_t *at = p->octets.data;
    for (size_t i = 0; i < p->count; i++) {
        p->certificates[i].data = at;
        at += p->certificates[i].size;
    }
}

static int read_pfx(struct slice der, struct slice password, struct pkcs12 *out, pca_error *err)
{
    struct der outer = pcai_der(der), pfx, content;
    struct slice safes;
    enum oid type;
    uint64_t version;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &pfx) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_uint(&pfx, &version) != 0 ||
        version != VERSION || read_content_info(&pfx, &type, &content) != 0)
        return malformed(err);
    if (type != OID_DATA)
        return pcai_fail(err, PCA_E_UNSUPPORTED, NULL, "pfx", "a PFX that is signed and not under a password is not read here");
    if (pcai_der_get(&content, DER_OCTET_STRING, &safes) != 0 || !pcai_der_at_end(&content))
        return malformed(err);
    int rc = check_mac(&pfx, &password, safes, err);
    if (rc == PCA_OK && !pcai_der_at_end(&pfx))
        rc = malformed(err);
    return rc == PCA_OK ? in_der(safes, password, out, read_safes, err) : rc;
}

int pcai_pkcs12_open(struct slice in, struct slice password, struct pkcs12 *out, pca_error *err)
{
    struct pkcs12 fresh = {0};
    if (in.size > PCAI_PKCS12_MAX)
        return pcai_fail(err, PCA_E_INVALID, NULL, "pfx", "a PFX is at most %u octets", PCAI_PKCS12_MAX);
    int rc = in_der(in, password, &fresh, read_pfx, err);
    if (rc != PCA_OK) {
        pcai_pkcs12_free(&fresh);
        return rc;
    }
    place(&fresh);
    *out = fresh;
    return PCA_OK;
}

void pcai_pkcs12_free(struct pkcs12 *pkcs12)
{
    pcai_buf_free(&pkcs12->private_key);
    pcai_buf_free(&pkcs12->octets);
    *pkcs12 = (struct pkcs12){0};
}
