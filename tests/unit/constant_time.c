/*
 * Run by constant_time.sh under valgrind: secrets are marked as undefined, so that memcheck reports each branch and each
 * address that depends on one. The library's sources are compiled in with PCAI_CTGRIND, which makes what is published
 * (a signature, a public key, that a number was refused) defined again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/sm4.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct random *secret_random;

static void require(int rc)
{
    if (rc != PCA_OK) {
        printf("a call failed with %d\n", rc);
        exit(2);
    }
}

static int fill(void *secret, uint8_t *out, size_t size, pca_error *err)
{
    static uint32_t state = 1;
    (void)err;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        out[i] = (uint8_t)(state >> 24);
    }
    if (secret)
        (void)VALGRIND_MAKE_MEM_UNDEFINED(out, size);
    return PCA_OK;
}

/* The key of GB/T 32918.5, its number secret. */
static struct key *secret_key(void)
{
    static const char hex[] = "3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420"
                              "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
    uint8_t pkcs8[67];
    struct key *key = NULL;
    require(pcai_unhex(hex, sizeof hex - 1, pkcs8, sizeof pkcs8));
    (void)VALGRIND_MAKE_MEM_UNDEFINED(pkcs8 + 35, 32);
    require(pcai_key_read(pcai_slice(pkcs8, sizeof pkcs8), secret_random, &key, NULL));
    return key;
}

static struct public_key *public_of(const struct key *key)
{
    struct public_key *public = NULL;
    require(pcai_public_read(pcai_key_public(key), &public, NULL));
    return public;
}

static void sign(void)
{
    struct key *key = secret_key();
    struct public_key *public = public_of(key);
    struct slice message = pcai_slice_text("message digest");
    struct buf signature = {0};
    require(pcai_key_sign(key, secret_random, message, &signature, NULL));
    require(pcai_public_verify(public, PCAI_SM3, message, pcai_buf_view(&signature), NULL));
    pcai_buf_free(&signature);
    pcai_public_free(public);
    pcai_key_free(key);
}

static void generate(void)
{
    struct key *key = NULL;
    struct buf pkcs8 = {0};
    require(pcai_key_generate(PCA_KEY_SM2, secret_random, &key, NULL));
    require(pcai_key_write(key, &pkcs8, NULL));
    pcai_buf_free(&pkcs8);
    pcai_key_free(key);
}

static void encrypt_and_decrypt(void)
{
    struct key *key = secret_key();
    struct public_key *public = public_of(key);
    uint8_t plain[50];
    struct buf cipher = {0}, out = {0};
    require(fill(secret_random, plain, sizeof plain, NULL));
    require(pcai_sm2_encrypt(public, secret_random, PCAI_SM2_DER, pcai_slice(plain, sizeof plain), &cipher, NULL));
    (void)VALGRIND_MAKE_MEM_DEFINED(cipher.data, cipher.size);
    require(pcai_sm2_decrypt(key, secret_random, PCAI_SM2_DER, pcai_buf_view(&cipher), &out, NULL));
    cipher.data[cipher.size - 1] ^= 1;
    if (pcai_sm2_decrypt(key, secret_random, PCAI_SM2_DER, pcai_buf_view(&cipher), &out, NULL) != PCA_E_CRYPTO)
        exit(2);
    pcai_buf_free(&cipher);
    pcai_buf_free(&out);
    pcai_public_free(public);
    pcai_key_free(key);
}

static void envelope(void)
{
    struct key *signing = secret_key(), *key = NULL, *opened = NULL;
    struct public_key *public = public_of(signing);
    struct buf out = {0};
    require(pcai_key_generate(PCA_KEY_SM2, secret_random, &key, NULL));
    require(pcai_sm2_envelope(public, key, secret_random, &out, NULL));
    (void)VALGRIND_MAKE_MEM_DEFINED(out.data, out.size);
    require(pcai_sm2_envelope_open(signing, pcai_buf_view(&out), secret_random, &opened, NULL));
    pcai_buf_free(&out);
    pcai_public_free(public);
    pcai_key_free(signing);
    pcai_key_free(key);
    pcai_key_free(opened);
}

static void sm4(void)
{
    uint8_t key[SM4_KEY], block[SM4_BLOCK];
    struct sm4 cipher;
    require(fill(secret_random, key, sizeof key, NULL));
    require(fill(secret_random, block, sizeof block, NULL));
    pcai_sm4_key(&cipher, key);
    pcai_sm4_encrypt(&cipher, block, block);
    pcai_sm4_decrypt(&cipher, block, block);
}

/* What must be reported: an S-box in a table, and a comparison that ends early. */
static void look_up(void)
{
    static const uint8_t table[256] = {1};
    uint8_t secret[2];
    require(fill(secret_random, secret, sizeof secret, NULL));
    volatile uint8_t out = table[secret[0]];
    (void)out;
}

static void branch(void)
{
    uint8_t secret[2];
    volatile int count = 0;
    require(fill(secret_random, secret, sizeof secret, NULL));
    if (secret[0] & 1)
        count++;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"sign", sign},         {"generate", generate}, {"encrypt_and_decrypt", encrypt_and_decrypt}, {"envelope", envelope},
                 {"sm4", sm4},           {"look_up", look_up},   {"branch", branch}};
    static const pca_entropy secret = {PCA_ENTROPY_VERSION, &secret_random, fill};
    require(pcai_random_new(&secret, 1, &secret_random, NULL));
    for (size_t i = 0; i < COUNT(cases); i++)
        if (argc == 2 && strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            pcai_random_free(secret_random);
            return 0;
        }
    return 2;
}
