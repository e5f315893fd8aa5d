/*
 * A token of software, with the manners of SKF (GM/T 0016): a PIN with tries, r and s right-aligned in fields of 64 octets, an
 * encryption key that comes as ENVELOPEDKEYBLOB. A script makes it fail. Its cryptography is the library's own, over the archive.
 */
#ifndef PCA_TESTS_DRIVERS_SKF_H
#define PCA_TESTS_DRIVERS_SKF_H

#include <pthread.h>
#include <stdatomic.h>

#include <pca/driver.h>

#include "crypto/crypto.h"

#define SKF_TRIES 6
#define SKF_KEYS 64
#define SKF_PIN_LOCKED 0x0A000025
#define SKF_PIN_INCORRECT 0x0A000024
#define SKF_DEVICE_REMOVED 0x0A000023

enum skf_call { SKF_PROBE, SKF_OPEN, SKF_GENERATE, SKF_PUBLIC, SKF_SIGN, SKF_IMPORT, SKF_ENVELOPED, SKF_CLOSE, SKF_CALLS };

/* What it gives instead of a public key or a signature. */
enum skf_garbage { SKF_NO_GARBAGE, SKF_NOTHING, SKF_TOO_SHORT, SKF_TOO_LONG, SKF_ZEROS, SKF_NOISE, SKF_GARBAGES };

struct skf_key {
    char name[64];
    struct key *key, *encryption;
    struct buf certificate[3]; /* by PCA_CERTIFICATE_ */
};

struct skf {
    const char *slot, *pin;
    int present, tries;
    struct skf_key keys[SKF_KEYS];
    size_t count;
    struct random *random;
    pthread_mutex_t lock;
    _Atomic unsigned calls[SKF_CALLS], open, most_open;
    /* script */
    int fail[SKF_CALLS];    /* a code that this call fails with, without a word */
    int removed_at;         /* a call, and one: the token is pulled out in the middle of it */
    int bad_signature, other_key;
    int repeats;            /* a new key is the first one again */
    const char *dead_key;   /* it is there, and does not sign */
    enum skf_garbage garbage[SKF_CALLS];
    _Atomic size_t longest; /* of what was to be signed */
    void (*hook)(void *argument, enum skf_call call); /* in each call; may be NULL */
    void *argument;
    pca_container_driver driver;
};

/* A token "usbkey-1", PIN "123456", present; it signs digests, and messages where driver.sign_form is set so. */
void skf_init(struct skf *skf);
void skf_free(struct skf *skf);
struct skf_key *skf_find(struct skf *skf, const char *name);

#endif
