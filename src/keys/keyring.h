/*
 * Software keys: sealed under the region key, bound to the record that they belong to; and the ring of unsealed CA keys,
 * which lives as long as the store is open in this process.
 */
#ifndef PCAI_KEYRING_H
#define PCAI_KEYRING_H

#include "crypto/crypto.h"

struct keyring;

int pcai_keyring_new(const uint8_t region_key[PCAI_SEAL_KEY], struct keyring **ring, pca_error *err);
void pcai_keyring_free(struct keyring *ring);
/* The region key, for another wrapping. */
const uint8_t *pcai_keyring_region_key(const struct keyring *ring);

/* Whose a key is; it goes into the seal's associated data, so that two sealed keys cannot be swapped. */
struct key_owner {
    char kind; /* 'c': a CA's, 'e': an end entity's, 'p': the encryption key of an SM2 pair */
    uint64_t id;
    uint32_t generation;
};

int pcai_keyring_seal(const struct keyring *ring, const struct key_owner *owner, const struct key *key,
                      struct random *random, struct buf *sealed, pca_error *err);
/* The PKCS#8 inside. CORRUPT: it was not sealed for that owner. */
int pcai_keyring_unseal(const struct keyring *ring, const struct key_owner *owner, struct slice sealed, struct buf *pkcs8,
                        pca_error *err);
/* The CA's key, unsealed on first use; borrowed from the ring. */
int pcai_keyring_load(struct keyring *ring, const struct key_owner *owner, struct slice sealed, struct random *random,
                      const struct key **key, pca_error *err);

#endif
