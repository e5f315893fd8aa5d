#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/internal.h"

#define SEED_SIZE 64
/* mbedTLS gives at most this much a call. */
#define REQUEST_MAX MBEDTLS_CTR_DRBG_MAX_REQUEST
/* Requests between two seeds; SP 800-90A allows 2^48. */
#define RESEED_INTERVAL 100000

struct random {
    pthread_mutex_t lock;
    pid_t pid; /* a child would repeat its parent's octets */
    pca_entropy host;
    int has_host, test;
    unsigned requests; /* since the last seed */
    mbedtls_ctr_drbg_context drbg;
    uint8_t seed[SEED_SIZE]; /* gathered before the lock is taken: host code never runs under it */
};

static int gather(struct random *r, uint8_t seed[SEED_SIZE], pca_error *err)
{
    if (r->has_host) {
        int rc = r->host.fill(r->host.context, seed, SEED_SIZE, err);
        return rc == PCA_OK ? rc : pcai_fail_host(err, rc, PCA_E_CRYPTO, "region", "entropy");
    }
    mbedtls_entropy_context system;
    mbedtls_entropy_init(&system);
    int rc = mbedtls_entropy_func(&system, seed, SEED_SIZE);
    mbedtls_entropy_free(&system);
    return rc ? pcai_fail(err, PCA_E_CRYPTO, NULL, "entropy", "the system's source of entropy failed") : PCA_OK;
}

static int hand_over(void *random, unsigned char *out, size_t size)
{
    struct random *r = random;
    if (size > SEED_SIZE)
        return MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
    memcpy(out, r->seed, size);
    return 0;
}

static int start(struct random *r, pca_error *err)
{
    int rc = gather(r, r->seed, err);
    if (rc != PCA_OK)
        return rc;
    mbedtls_ctr_drbg_set_entropy_len(&r->drbg, 48);
    int failed = mbedtls_ctr_drbg_seed(&r->drbg, hand_over, r, (const uint8_t *)"libpca", 6);
    /* Seeds come from reseed alone, so that gathering stays outside the lock. */
    mbedtls_ctr_drbg_set_reseed_interval(&r->drbg, 0x7FFFFFFF);
    pcai_wipe(r->seed, sizeof r->seed);
    return failed ? pcai_fail_mbedtls(err, failed, "seeding the random generator") : PCA_OK;
}

int pcai_random_new(const pca_entropy *entropy, int test, struct random **random, pca_error *err)
{
    struct random *r = pcai_alloc(sizeof *r);
    if (!r)
        return pcai_no_memory(err);
    r->pid = getpid();
    r->test = test;
    if (entropy) {
        r->host = *entropy;
        r->has_host = 1;
    }
    mbedtls_ctr_drbg_init(&r->drbg);
    if (pthread_mutex_init(&r->lock, NULL) != 0) {
        mbedtls_ctr_drbg_free(&r->drbg);
        pcai_free(r);
        return pcai_no_memory(err);
    }
    int rc = test ? PCA_OK : start(r, err);
    if (rc != PCA_OK) {
        pcai_random_free(r);
        return rc;
    }
    *random = r;
    return PCA_OK;
}

static int reseed(struct random *r, pca_error *err)
{
    uint8_t seed[SEED_SIZE];
    int rc = gather(r, seed, err);
    if (rc != PCA_OK)
        return rc;
    pthread_mutex_lock(&r->lock);
    memcpy(r->seed, seed, sizeof seed);
    int failed = mbedtls_ctr_drbg_reseed(&r->drbg, NULL, 0);
    pcai_wipe(r->seed, sizeof r->seed);
    pthread_mutex_unlock(&r->lock);
    pcai_wipe(seed, sizeof seed);
    return failed ? pcai_fail_mbedtls(err, failed, "seeding the random generator") : PCA_OK;
}

int pcai_random_bytes(struct random *r, void *out, size_t size, pca_error *err)
{
    if (r->pid != getpid())
        return pcai_fail(err, PCA_E_FORKED, NULL, NULL, "a child process may not use its parent's random generator");
    if (r->test) {
        int rc = r->host.fill(r->host.context, out, size, err);
        return rc == PCA_OK ? rc : pcai_fail_host(err, rc, PCA_E_CRYPTO, "region", "test_random");
    }
    int failed = 0, due = 0;
    uint8_t *at = out;
    pthread_mutex_lock(&r->lock);
    while (!failed && size) {
        size_t piece = size < REQUEST_MAX ? size : REQUEST_MAX;
        failed = mbedtls_ctr_drbg_random(&r->drbg, at, piece);
        at += piece;
        size -= piece;
        if (++r->requests >= RESEED_INTERVAL) {
            r->requests = 0;
            due = 1;
        }
    }
    pthread_mutex_unlock(&r->lock);
    if (failed)
        return pcai_fail_mbedtls(err, failed, "the random generator");
    return due ? reseed(r, err) : PCA_OK;
}

void pcai_random_free(struct random *r)
{
    if (!r)
        return;
    mbedtls_ctr_drbg_free(&r->drbg);
    if (r->pid == getpid())
        pthread_mutex_destroy(&r->lock);
    pcai_wipe_free(r, sizeof *r);
}

int pcai_rng(void *random, unsigned char *out, size_t size)
{
    return pcai_random_bytes(random, out, size, NULL) == PCA_OK ? 0 : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}
