/*
 * JKS, as sun.security.provider.JavaKeyStore and KeyProtector of OpenJDK read it. All numbers are big-endian; text is a
 * u16 length and UTF-8.
 *
 *   u32 magic, u32 version, u32 entries
 *   u32 1 (private key), text alias, u64 created in milliseconds, u32 size, EncryptedPrivateKeyInfo,
 *       u32 certificates, and for each: text "X.509", u32 size, DER
 *   SHA-1 (password in UTF-16 ‖ "Mighty Aphrodite" ‖ all of the above)
 */
#include "x509/jks.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "crypto/crypto.h"

#define MAGIC 0xFEEDFEEDu
#define VERSION 2
#define PRIVATE_KEY_ENTRY 1
#define SHA1_SIZE 20

static void put_u32(struct buf *out, uint32_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        pcai_buf_octet(out, (uint8_t)(n >> shift));
}

static void put_text(struct buf *out, const char *text)
{
    size_t size = strlen(text);
    pcai_buf_octet(out, (uint8_t)(size >> 8));
    pcai_buf_octet(out, (uint8_t)size);
    pcai_buf_put(out, text, size);
}

static int sha1(struct slice a, struct slice b, struct slice c, uint8_t out[PCAI_DIGEST_MAX], pca_error *err)
{
    struct hash *hash = NULL;
    int rc = pcai_hash_new(PCAI_SHA1, &hash, err);
    if (rc == PCA_OK)
        rc = pcai_hash_update(hash, a, err);
    if (rc == PCA_OK)
        rc = pcai_hash_update(hash, b, err);
    if (rc == PCA_OK)
        rc = pcai_hash_update(hash, c, err);
    if (rc == PCA_OK)
        rc = pcai_hash_finish(hash, out, err);
    pcai_hash_free(hash);
    return rc;
}

/* salt ‖ key XOR d1 ‖ d2 ‖ …, with d0 = salt and d(i) = SHA-1 (password ‖ d(i-1)) ‖ SHA-1 (password ‖ key) */
static int protect(const struct jks *jks, struct slice password, struct buf *out, pca_error *err)
{
    uint8_t d[PCAI_DIGEST_MAX];
    struct slice none = {0};
    int rc = PCA_OK;
    memcpy(d, jks->salt, SHA1_SIZE);
    pcai_buf_put(out, jks->salt, SHA1_SIZE);
    for (size_t i = 0; rc == PCA_OK && i < jks->private_key.size; i++) {
        if (i % SHA1_SIZE == 0)
            rc = sha1(password, pcai_slice(d, SHA1_SIZE), none, d, err);
        pcai_buf_octet(out, jks->private_key.data[i] ^ d[i % SHA1_SIZE]);
    }
    if (rc == PCA_OK)
        rc = sha1(password, jks->private_key, none, d, err);
    pcai_buf_put(out, d, SHA1_SIZE);
    pcai_wipe(d, sizeof d);
    return rc == PCA_OK ? pcai_buf_check(out, err) : rc;
}

/* EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING } */
static int put_key(const struct jks *jks, struct slice password, struct buf *out, pca_error *err)
{
    struct buf secret = {0}, info = {0};
    int rc = protect(jks, password, &secret, err);
    size_t mark = pcai_der_begin(&info, DER_SEQUENCE), algorithm = pcai_der_begin(&info, DER_SEQUENCE);
    pcai_der_put(&info, DER_OID, pcai_oid(OID_SUN_KEY_PROTECTOR));
    pcai_der_null(&info);
    pcai_der_end(&info, algorithm);
    pcai_der_put(&info, DER_OCTET_STRING, pcai_buf_view(&secret));
    pcai_der_end(&info, mark);
    put_u32(out, (uint32_t)info.size);
    pcai_buf_slice(out, pcai_buf_view(&info));
    if (rc == PCA_OK)
        rc = pcai_buf_check(&info, err);
    pcai_buf_free(&secret);
    pcai_buf_free(&info);
    return rc;
}

static int put_entry(const struct jks *jks, struct slice password, struct buf *out, pca_error *err)
{
    uint64_t milliseconds = (uint64_t)jks->created * 1000;
    put_u32(out, PRIVATE_KEY_ENTRY);
    put_text(out, jks->alias);
    put_u32(out, (uint32_t)(milliseconds >> 32));
    put_u32(out, (uint32_t)milliseconds);
    int rc = put_key(jks, password, out, err);
    put_u32(out, (uint32_t)jks->count);
    for (size_t i = 0; i < jks->count; i++) {
        put_text(out, "X.509");
        put_u32(out, (uint32_t)jks->certificates[i].size);
        pcai_buf_slice(out, jks->certificates[i]);
    }
    return rc;
}

int pcai_jks_write(const struct jks *jks, struct buf *out, pca_error *err)
{
    struct buf password = {0};
    uint8_t trailer[PCAI_DIGEST_MAX];
    int rc = pcai_utf16(jks->password, &password) != 0 ? pcai_fail(err, PCA_E_INVALID, NULL, "password", "the password is not UTF-8")
                                                       : pcai_buf_check(&password, err);
    put_u32(out, MAGIC);
    put_u32(out, VERSION);
    put_u32(out, 1);
    if (rc == PCA_OK)
        rc = put_entry(jks, pcai_buf_view(&password), out, err);
    if (rc == PCA_OK)
        rc = pcai_buf_check(out, err);
    if (rc == PCA_OK)
        rc = sha1(pcai_buf_view(&password), pcai_slice_text("Mighty Aphrodite"), pcai_buf_view(out), trailer, err);
    pcai_buf_put(out, trailer, rc == PCA_OK ? SHA1_SIZE : 0);
    pcai_buf_free(&password);
    return rc == PCA_OK ? pcai_buf_check(out, err) : rc;
}
