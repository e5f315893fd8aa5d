/*
 * Key containers: the drivers that a host has registered, sessions within their limits, and keys that sign inside. No lock is held
 * while a driver runs.
 */
#ifndef PCAI_CONTAINER_H
#define PCAI_CONTAINER_H

#include "crypto/crypto.h"

#define PCAI_CONTAINERS_MAX 16
#define PCAI_CONTAINER_NAME_MAX 64
#define PCAI_CONTAINER_TIMEOUT_MAX 600000
#define PCAI_SLOT_MAX 256     /* octets */
#define PCAI_PIN_MAX 256
#define PCAI_KEY_NAME_MAX 40

struct container_entry {
    char name[PCAI_CONTAINER_NAME_MAX + 1];
    pca_container_driver driver;
};
int pcai_container_name_check(const char *name);

/* What a region's handles share. */
struct containers;
int pcai_containers_new(const struct container_entry *entries, size_t count, struct containers **containers, pca_error *err);
struct containers *pcai_containers_share(struct containers *containers);
/* The last closes the sessions that are logged in. forked: frees memory only. */
void pcai_containers_release(struct containers *containers, int forked);

/* Where a key is. */
struct key_place {
    const char *driver, *slot, *name;
};
/* DEVICE: no driver of that name, or no token in its slot. */
int pcai_container_probe(struct containers *containers, const struct key_place *place, pca_error *err);
/* How long its operations may take, in seconds; 0: there is no such driver. */
int64_t pcai_container_patience(struct containers *containers, const char *driver);

/* "pca-" and 32 hexadecimal digits: no other key has it, whatever became of the store that named it. */
int pcai_container_key_name(struct random *random, char name[PCAI_KEY_NAME_MAX + 1], pca_error *err);

/* A session with its PIN, of one thread. DEVICE, PIN; BUSY: all that the driver bears are in use. */
struct session;
int pcai_session_open(struct containers *containers, const struct key_place *place, const char *pin, struct session **session, pca_error *err);
void pcai_session_close(struct session *session);
/* The public key of a key that is made, or is there: SubjectPublicKeyInfo. */
int pcai_session_generate(struct session *session, const char *name, int algorithm, struct buf *spki, pca_error *err);
int pcai_session_public(struct session *session, const char *name, int algorithm, struct buf *spki, pca_error *err);
/* Signs a message by a key with that public half; DER or RSA's octets. */
int pcai_session_sign(struct session *session, const char *name, struct slice spki, struct random *random, struct slice message,
                      struct buf *signature, pca_error *err);
int pcai_session_import(struct session *session, const char *name, int use, struct slice der, pca_error *err);
int pcai_session_import_enveloped(struct session *session, const char *name, struct slice envelope, pca_error *err);

/* Sessions that stay, for the keys of CAs: one for each slot. EXISTS, NOT_FOUND; BUSY: a call stays in it. */
int pcai_container_login(struct containers *containers, const struct key_place *place, const char *pin, pca_error *err);
int pcai_container_logout(struct containers *containers, const struct key_place *place, pca_error *err);
/* A key that signs in the session of its slot, one signature at a time; PIN where nobody is logged in, BUSY where another signature
 * takes longer than an operation may. Borrowed, and kept. */
int pcai_container_key(struct containers *containers, const struct key_place *place, struct slice spki, const struct key **key, pca_error *err);
/* A key that is made in the session of the slot, unless it was: then public_key is not empty. It gets its name. */
int pcai_container_make(struct containers *containers, const char *driver, const char *slot, int algorithm, struct random *random,
                        char name[PCAI_KEY_NAME_MAX + 1], struct buf *public_key, const struct key **key, pca_error *err);

#endif
