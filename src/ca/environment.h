/* What all opens of one store in a process share beside the store itself: the keyring and the block of sequences. */
#ifndef PCAI_ENVIRONMENT_H
#define PCAI_ENVIRONMENT_H

#include "ca/records.h"
#include "keys/keyring.h"

struct environment;

/* How a region key is wrapped: what the host gave as storage key. */
struct storage_key {
    enum storage_kind kind;
    struct slice secret;             /* the passphrase, or 32 octets */
    const pca_key_wrapper *wrapper;  /* the host's */
};

/* A fresh region key. */
int pcai_region_key_make(struct random *random, uint8_t region_key[PCAI_SEAL_KEY], pca_error *err);
/* The record that keeps a region key under that storage key. Its slices live in work. Calls the host's wrapper, and takes long
 * with a passphrase: not inside a transaction. */
int pcai_region_key_wrap(const struct storage_key *given, struct random *random, const uint8_t region_key[PCAI_SEAL_KEY],
                         struct storage_record *record, struct buf *work, pca_error *err);
/* Proves the storage key against the store and shares (or makes) the environment. LOCKED. */
int pcai_environment_open(struct store *store, const struct storage_key *given, struct environment **env, pca_error *err);
struct store *pcai_environment_store(const struct environment *env);
struct keyring *pcai_environment_keyring(const struct environment *env);

/* The next serial sequence, never given out again whatever happens. The first costs a commit. *low: half of what is reserved
 * is left, and this caller is the one to reserve the next block with its own commit and to tell the environment of it: its
 * first, or 0 when nothing came of it. */
int pcai_sequence_take(struct environment *env, uint64_t *sequence, int *low, pca_error *err);
int pcai_sequence_reserve(struct txn *txn, uint64_t *first, pca_error *err);
void pcai_sequence_reserved(struct environment *env, uint64_t first);

#endif
