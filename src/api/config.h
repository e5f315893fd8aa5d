/* How to open a region. */
#ifndef PCAI_CONFIG_H
#define PCAI_CONFIG_H

#include "api/shell.h"
#include "keys/container.h"

struct pca_config {
    pca_error refusal; /* of the first setter that refused */
    enum storage_kind storage; /* 0: unset */
    char *passphrase;
    uint8_t key[PCAI_SEAL_KEY];
    pca_key_wrapper wrapper;
    pca_clock clock;
    pca_entropy entropy;
    int has_clock, has_entropy, test_random;
    struct container_entry containers[PCAI_CONTAINERS_MAX];
    size_t container_count;
    char actor[PCAI_ACTOR_MAX + 1];
    uint64_t map_limit;
    int read_only;
};

#define PCAI_ACTOR_LIMIT "an actor is at most 128 octets of UTF-8 without control characters"
int pcai_actor_check(const char *actor);
/* The setters' refusal, and that there is one storage key. */
int pcai_config_check(const pca_config *config, pca_error *err);
struct storage_key pcai_config_storage(const pca_config *config);

#endif
