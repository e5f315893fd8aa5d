/*
 * What stands in for cryptography in the targets and in what makes their seeds: ciphers that change nothing, derivations of few
 * rounds, and MACs that are always right, so that changed octets get past them to what is behind. And a store that waits for no disk.
 */
#include "fuzz.h"

#include <lmdb.h>

#include "crypto/crypto.h"

#define ROUNDS_FEW 2
#define WRAP(type, name, parameters) \
    type __real_##name parameters;   \
    type __wrap_##name parameters;   \
    type __wrap_##name parameters

WRAP(int, pcai_pbkdf2, (int digest, struct slice password, struct slice salt, uint32_t rounds, uint8_t *out, size_t size, pca_error *err))
{
    return __real_pcai_pbkdf2(digest, password, salt, rounds > ROUNDS_FEW ? ROUNDS_FEW : rounds, out, size, err);
}

WRAP(int, pcai_pkcs12_derive, (int digest, enum pkcs12_purpose purpose, struct slice password, struct slice salt, uint32_t rounds,
                               uint8_t *out, size_t size, pca_error *err))
{
    return __real_pcai_pkcs12_derive(digest, purpose, password, salt, rounds > ROUNDS_FEW ? ROUNDS_FEW : rounds, out, size, err);
}

WRAP(int, pcai_cbc_encrypt, (int cipher, const uint8_t *key, const uint8_t *iv, struct slice plain, struct buf *out, pca_error *err))
{
    (void)cipher, (void)key, (void)iv;
    pcai_buf_slice(out, plain);
    return pcai_buf_check(out, err);
}

WRAP(int, pcai_cbc_decrypt, (int cipher, const uint8_t *key, const uint8_t *iv, struct slice secret, struct buf *plain, pca_error *err))
{
    (void)cipher, (void)key, (void)iv;
    pcai_buf_slice(plain, secret);
    return pcai_buf_check(plain, err);
}

WRAP(int, pcai_equal_secret, (const void *a, const void *b, size_t size))
{
    (void)a, (void)b, (void)size;
    return 1;
}

WRAP(int, mdb_env_open, (MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode))
{
    return __real_mdb_env_open(env, path, flags | MDB_NOSYNC, mode);
}

WRAP(int, fsync, (int fd))
{
    (void)fd;
    return 0;
}

static uint64_t state;
static int fill(void *context, uint8_t *buffer, size_t size, pca_error *err)
{
    (void)context, (void)err;
    for (size_t i = 0; i < size; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        buffer[i] = (uint8_t)(state >> 56);
    }
    return PCA_OK;
}

struct random *steady_random(void)
{
    static const pca_entropy entropy = {PCA_ENTROPY_VERSION, NULL, fill};
    static struct random *random;
    if (!random)
        must(pcai_random_new(&entropy, 1, &random, NULL) == PCA_OK);
    state = 1;
    return random;
}
