/*
 * libpca: what a host may implement.
 *
 * Each table starts with its version; set it to the constant beside it. The library copies the table; what it names, the
 * functions and their context, must outlive the region, or for a sink the call. Callbacks return PCA_OK or a PCA_E_ code (any
 * other number means CLOCK for a clock, CRYPTO for entropy, CANCELLED for a sink), and may say why by pca_error_set; no
 * exception and no longjmp may leave them. They are called from the thread of the verb that needs them, from several threads
 * at once if the region is used so, never while the library holds a lock or a transaction; they may call back into the
 * region, but not close it.
 */
#ifndef PCA_DRIVER_H
#define PCA_DRIVER_H

#include "pca.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills an error from inside a callback: code, and one line of text. device_code: the device's own number, or 0. */
PCA_API void pca_error_set(pca_error *error, int code, int device_code, const char *message);

#define PCA_CLOCK_VERSION 1
typedef struct pca_clock {
    uint32_t version;
    void *context;
    /* Seconds since 1970 UTC. Read once a call. */
    int (*now)(void *context, int64_t *seconds, pca_error *err);
} pca_clock;

#define PCA_ENTROPY_VERSION 1
typedef struct pca_entropy {
    uint32_t version;
    void *context;
    /* Fills all of the buffer. */
    int (*fill)(void *context, uint8_t *buffer, size_t size, pca_error *err);
} pca_entropy;

#define PCA_SINK_VERSION 1
typedef struct pca_sink {
    uint32_t version;
    void *context;
    /* Takes all of the piece, in order. A failure ends the verb with that code. */
    int (*write)(void *context, const uint8_t *data, size_t size, pca_error *err);
} pca_sink;

#define PCA_SOURCE_VERSION 1
typedef struct pca_source {
    uint32_t version;
    void *context;
    /* Gives at most size octets and says how many; 0: the end. A failure ends the verb with that code. */
    int (*read)(void *context, uint8_t *buffer, size_t size, size_t *got, pca_error *err);
} pca_source;

#define PCA_PROGRESS_VERSION 1
typedef struct pca_progress {
    uint32_t version;
    void *context;
    /* How far it is, in octets; total 0: not known. Another result than PCA_OK ends the verb: CANCELLED, unless it is a code. */
    int (*step)(void *context, uint64_t done, uint64_t total, pca_error *err);
} pca_progress;

/* Wraps the key under which a region seals its private keys, by a key that never leaves the host's TPM, HSM or key service. */
#define PCA_KEY_WRAPPER_VERSION 1
#define PCA_WRAPPED_MAX 4096
typedef struct pca_key_wrapper {
    uint32_t version;
    void *context;
    /* 32 octets of key into at most capacity (PCA_WRAPPED_MAX) octets. Called when a region is created or its storage key changed. */
    int (*wrap)(void *context, const uint8_t *key, size_t size, uint8_t *wrapped, size_t capacity, size_t *wrapped_size, pca_error *err);
    /* The reverse; size: 32. Called at each open. LOCKED: it was not wrapped here. */
    int (*unwrap)(void *context, const uint8_t *wrapped, size_t wrapped_size, uint8_t *key, size_t size, pca_error *err);
} pca_key_wrapper;

#ifdef __cplusplus
}
#endif
#endif
