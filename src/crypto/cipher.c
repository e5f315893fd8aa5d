#include <string.h>

#include "base/memory.h"
#include "crypto/internal.h"

size_t pcai_cipher_key_size(int cipher)
{
    return cipher == PCAI_AES128_CBC ? 16 : cipher == PCAI_AES256_CBC ? 32 : 24;
}

size_t pcai_cipher_block_size(int cipher)
{
    return cipher == PCAI_DES3_CBC ? 8 : 16;
}

static int crypt_aes(int cipher, int encrypt, const uint8_t *key, uint8_t *iv, const uint8_t *in, size_t size, uint8_t *out)
{
    mbedtls_aes_context aes;
    unsigned bits = (unsigned)pcai_cipher_key_size(cipher) * 8;
    mbedtls_aes_init(&aes);
    int failed = encrypt ? mbedtls_aes_setkey_enc(&aes, key, bits) : mbedtls_aes_setkey_dec(&aes, key, bits);
    if (failed == 0)
        failed = mbedtls_aes_crypt_cbc(&aes, encrypt ? MBEDTLS_AES_ENCRYPT : MBEDTLS_AES_DECRYPT, size, iv, in, out);
    mbedtls_aes_free(&aes);
    return failed;
}

#ifdef MBEDTLS_DES_C
static int crypt_des3(int encrypt, const uint8_t *key, uint8_t *iv, const uint8_t *in, size_t size, uint8_t *out)
{
    mbedtls_des3_context des;
    mbedtls_des3_init(&des);
    int failed = encrypt ? mbedtls_des3_set3key_enc(&des, key) : mbedtls_des3_set3key_dec(&des, key);
    if (failed == 0)
        failed = mbedtls_des3_crypt_cbc(&des, encrypt ? MBEDTLS_DES_ENCRYPT : MBEDTLS_DES_DECRYPT, size, iv, in, out);
    mbedtls_des3_free(&des);
    return failed;
}
#endif

/* in and out may be the same. */
static int crypt_cbc(int cipher, int encrypt, const uint8_t *key, const uint8_t *iv, const uint8_t *in, size_t size, uint8_t *out, pca_error *err)
{
    uint8_t chain[PCAI_CIPHER_BLOCK_MAX];
    int failed;
    memcpy(chain, iv, pcai_cipher_block_size(cipher));
    if (cipher != PCAI_DES3_CBC)
        failed = crypt_aes(cipher, encrypt, key, chain, in, size, out);
    else
#ifdef MBEDTLS_DES_C
        failed = crypt_des3(encrypt, key, chain, in, size, out);
#else
        return pcai_fail(err, PCA_E_UNSUPPORTED, NULL, NULL, "this build of mbedTLS lacks triple DES");
#endif
    return failed ? pcai_fail_mbedtls(err, failed, "a cipher") : PCA_OK;
}

int pcai_cbc_encrypt(int cipher, const uint8_t *key, const uint8_t *iv, struct slice plain, struct buf *out, pca_error *err)
{
    size_t block = pcai_cipher_block_size(cipher), padding = block - plain.size % block, size = plain.size + padding;
    uint8_t *at = pcai_buf_grow(out, size);
    if (!at)
        return pcai_no_memory(err);
    if (plain.size)
        memcpy(at, plain.data, plain.size);
    memset(at + plain.size, (int)padding, padding);
    int rc = crypt_cbc(cipher, 1, key, iv, at, size, at, err);
    if (rc != PCA_OK) {
        pcai_wipe(at, size);
        out->size -= size;
    }
    return rc;
}

/* The octets of padding; 0 when it is wrong. */
static size_t padding_of(const uint8_t *plain, size_t size, size_t block)
{
    size_t padding = plain[size - 1];
    if (padding == 0 || padding > block)
        return 0;
    for (size_t i = size - padding; i < size; i++)
        if (plain[i] != padding)
            return 0;
    return padding;
}

int pcai_cbc_decrypt(int cipher, const uint8_t *key, const uint8_t *iv, struct slice secret, struct buf *plain, pca_error *err)
{
    size_t block = pcai_cipher_block_size(cipher), padding = 0;
    if (secret.size == 0 || secret.size % block != 0)
        return pcai_fail(err, PCA_E_LOCKED, NULL, NULL, "the encrypted octets are not whole blocks");
    uint8_t *at = pcai_buf_grow(plain, secret.size);
    if (!at)
        return pcai_no_memory(err);
    int rc = crypt_cbc(cipher, 0, key, iv, secret.data, secret.size, at, err);
    if (rc == PCA_OK) {
        padding = padding_of(at, secret.size, block);
        if (padding == 0)
            rc = pcai_fail(err, PCA_E_LOCKED, NULL, NULL, "the padding is wrong: another key, or changed octets");
    }
    if (rc != PCA_OK)
        padding = secret.size;
    pcai_wipe(at + secret.size - padding, padding);
    plain->size -= padding;
    return rc;
}
