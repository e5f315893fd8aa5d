#include "keys/keyring.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"

struct loaded {
    struct loaded *next;
    struct key_owner owner;
    struct key *key;
};

struct keyring {
    pthread_mutex_t lock;
    uint8_t region_key[PCAI_SEAL_KEY];
    struct loaded *first;
};

int pcai_keyring_new(const uint8_t region_key[PCAI_SEAL_KEY], struct keyring **ring, pca_error *err)
{
    struct keyring *r = pcai_alloc(sizeof *r);
    if (!r)
        return pcai_no_memory(err);
    if (pthread_mutex_init(&r->lock, NULL) != 0) {
        pcai_free(r);
        return pcai_no_memory(err);
    }
    (void)mlock(r, sizeof *r); /* at its best: a host may allow it none, or little */
    memcpy(r->region_key, region_key, PCAI_SEAL_KEY);
    *ring = r;
    return PCA_OK;
}

const uint8_t *pcai_keyring_region_key(const struct keyring *ring)
{
    return ring->region_key;
}

void pcai_keyring_free(struct keyring *ring)
{
    if (!ring)
        return;
    while (ring->first) {
        struct loaded *l = ring->first;
        ring->first = l->next;
        pcai_key_free(l->key);
        pcai_free(l);
    }
    pthread_mutex_destroy(&ring->lock);
    pcai_wipe(ring, sizeof *ring);
    (void)munlock(ring, sizeof *ring);
    pcai_free(ring);
}

/* "pca key 1" ‖ kind ‖ id ‖ generation. */
#define ASSOCIATED_SIZE 22
static struct slice associated(const struct key_owner *owner, uint8_t out[ASSOCIATED_SIZE])
{
    memcpy(out, "pca key 1", 9);
    out[9] = (uint8_t)owner->kind;
    for (int i = 0; i < 8; i++)
        out[10 + i] = (uint8_t)(owner->id >> (56 - 8 * i));
    for (int i = 0; i < 4; i++)
        out[18 + i] = (uint8_t)(owner->generation >> (24 - 8 * i));
    return pcai_slice(out, ASSOCIATED_SIZE);
}

int pcai_keyring_seal(const struct keyring *ring, const struct key_owner *owner, const struct key *key,
                      struct random *random, struct buf *sealed, pca_error *err)
{
    struct buf pkcs8 = {0};
    uint8_t bound[ASSOCIATED_SIZE];
    int rc = pcai_key_write(key, &pkcs8, err);
    if (rc == PCA_OK)
        rc = pcai_seal(ring->region_key, random, associated(owner, bound), pcai_buf_view(&pkcs8), sealed, err);
    pcai_buf_free(&pkcs8);
    return rc;
}

int pcai_keyring_unseal(const struct keyring *ring, const struct key_owner *owner, struct slice sealed, struct buf *pkcs8,
                        pca_error *err)
{
    uint8_t bound[ASSOCIATED_SIZE];
    int rc = pcai_unseal(ring->region_key, associated(owner, bound), sealed, pkcs8, err);
    if (rc == PCA_E_LOCKED)
        return pcai_fail(err, PCA_E_CORRUPT, NULL, NULL, "a sealed private key was changed, or is not the one of this record");
    return rc;
}

static struct key *find(struct keyring *ring, const struct key_owner *owner)
{
    for (struct loaded *l = ring->first; l; l = l->next)
        if (l->owner.kind == owner->kind && l->owner.id == owner->id && l->owner.generation == owner->generation)
            return l->key;
    return NULL;
}

int pcai_keyring_load(struct keyring *ring, const struct key_owner *owner, struct slice sealed, struct random *random,
                      const struct key **key, pca_error *err)
{
    pthread_mutex_lock(&ring->lock);
    struct key *held = find(ring, owner);
    pthread_mutex_unlock(&ring->lock);
    if (held) {
        *key = held;
        return PCA_OK;
    }
    struct buf pkcs8 = {0};
    struct loaded *fresh = pcai_alloc(sizeof *fresh);
    int rc = fresh ? pcai_keyring_unseal(ring, owner, sealed, &pkcs8, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = pcai_key_read(pcai_buf_view(&pkcs8), random, &fresh->key, err);
    if (rc == PCA_OK) {
        fresh->owner = *owner;
        pthread_mutex_lock(&ring->lock);
        held = find(ring, owner); /* another thread may have been faster */
        if (!held) {
            fresh->next = ring->first;
            ring->first = fresh;
            held = fresh->key;
            fresh = NULL;
        }
        pthread_mutex_unlock(&ring->lock);
        *key = held;
    }
    if (fresh)
        pcai_key_free(fresh->key);
    pcai_free(fresh);
    pcai_buf_free(&pkcs8);
    return rc;
}
