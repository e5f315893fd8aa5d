/* What all opens of one store in a process share beside the store itself: the keyring and the block of sequences. */
#ifndef PCAI_ENVIRONMENT_H
#define PCAI_ENVIRONMENT_H

#include "ca/records.h"
#include "keys/keyring.h"

struct environment;

/* How a region key is wrapped: what the host gave as storage key. */
struct storage_key {
    enum storage_kind kind;
    struct slice secret; /* the passphrase, or 32 octets */
};

/* The region key of a fresh region, and the record that keeps it. Slices of the record live in work. */
int pcai_region_key_make(const struct storage_key *given, struct random *random, uint8_t region_key[PCAI_SEAL_KEY],
                         struct storage_record *record, struct buf *work, pca_error *err);
/* Proves the storage key against the store and shares (or makes) the environment. LOCKED. */
int pcai_environment_open(struct store *store, const struct storage_key *given, struct environment **env, pca_error *err);
struct store *pcai_environment_store(const struct environment *env);
struct keyring *pcai_environment_keyring(const struct environment *env);

/* The next serial sequence, never given out again whatever happens. The first of a block costs a commit. */
int pcai_sequence_take(struct environment *env, uint64_t *sequence, pca_error *err);

#endif
