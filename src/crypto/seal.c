#include <string.h>

#include "base/memory.h"
#include "crypto/internal.h"

#define NONCE_SIZE 12
#define TAG_SIZE 16

int pcai_seal(const uint8_t key[PCAI_SEAL_KEY], struct random *random, struct slice associated, struct slice plain,
              struct buf *sealed, pca_error *err)
{
    mbedtls_gcm_context gcm;
    uint8_t nonce[NONCE_SIZE];
    size_t before = sealed->size;
    int rc = pcai_random_bytes(random, nonce, sizeof nonce, err);
    if (rc != PCA_OK)
        return rc;
    pcai_buf_put(sealed, nonce, sizeof nonce);
    uint8_t *at = pcai_buf_grow(sealed, plain.size + TAG_SIZE);
    if (!at)
        return pcai_no_memory(err);
    mbedtls_gcm_init(&gcm);
    int failed = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, PCAI_SEAL_KEY * 8);
    if (failed == 0)
        failed = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, plain.size, nonce, sizeof nonce, associated.data, associated.size,
                                           plain.data, at, TAG_SIZE, at + plain.size);
    mbedtls_gcm_free(&gcm);
    if (failed)
        sealed->size = before;
    return failed ? pcai_fail_mbedtls(err, failed, "sealing") : PCA_OK;
}

int pcai_unseal(const uint8_t key[PCAI_SEAL_KEY], struct slice associated, struct slice sealed, struct buf *plain, pca_error *err)
{
    mbedtls_gcm_context gcm;
    if (sealed.size < NONCE_SIZE + TAG_SIZE)
        return pcai_fail(err, PCA_E_LOCKED, NULL, NULL, "sealed octets are cut short");
    size_t size = sealed.size - NONCE_SIZE - TAG_SIZE, before = plain->size;
    uint8_t *at = pcai_buf_grow(plain, size);
    if (!at)
        return pcai_no_memory(err);
    mbedtls_gcm_init(&gcm);
    int failed = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, PCAI_SEAL_KEY * 8);
    if (failed == 0)
        failed = mbedtls_gcm_auth_decrypt(&gcm, size, sealed.data, NONCE_SIZE, associated.data, associated.size,
                                          sealed.data + NONCE_SIZE + size, TAG_SIZE, sealed.data + NONCE_SIZE, at);
    mbedtls_gcm_free(&gcm);
    if (failed == 0)
        return PCA_OK;
    pcai_wipe(at, size);
    plain->size = before;
    return failed == MBEDTLS_ERR_GCM_AUTH_FAILED ? pcai_fail(err, PCA_E_LOCKED, NULL, NULL, "the seal does not open with this key")
                                                 : pcai_fail_mbedtls(err, failed, "unsealing");
}

int pcai_stretch(struct slice passphrase, struct slice salt, uint32_t rounds, uint8_t key[PCAI_SEAL_KEY], pca_error *err)
{
    return pcai_pbkdf2(PCAI_SHA256, passphrase, salt, rounds, key, PCAI_SEAL_KEY, err);
}
