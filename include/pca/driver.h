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

/*
 * A key container: a hardware token or HSM in which private keys are made and stay. A host registers its drivers by name
 * (pca_config_add_container); a slot is a text that only the driver reads: a serial number, a PKCS#11 label.
 *
 * Order of calls. probe at any time, without a session. open, then any of generate, public_key, sign, import_certificate and
 * import_enveloped, then close. A session belongs to one thread at a time. The library holds at most max_sessions of a driver at
 * once; a thread that wants one more waits timeout_ms for it, and then fails with BUSY. Sessions of pca_region_login stay open until
 * pca_region_logout or close. No lock and no transaction of the library is held during a call.
 *
 * Failures. PIN: it is wrong or locked, with pca_error_set_tries for those that are left. DEVICE: no token, no such key, pulled
 * out, timed out; with the device's own number. UNSUPPORTED: an algorithm that it lacks. Another number than a PCA_E_ code means
 * DEVICE.
 *
 * Time. A call that takes longer than timeout_ms should give up with DEVICE. A driver that does not is waited for: by the verb that
 * called it, by pca_region_close, and by nothing else, but for calls that want the same session of pca_region_login, which fail with
 * BUSY after 8 times timeout_ms. After that time an operation is taken for dead: the next pca_region_run_due or opening of the
 * region gives its reservation back, and its late end fails with DEVICE. A key that was made for an operation that failed stays on
 * the token under its name, and no certificate is ever issued for it.
 *
 * Keys are named by the library, by at most 40 characters of a-z 0-9 and -. A name is used once.
 */
#define PCA_CONTAINER_DRIVER_VERSION 1
/* What a driver signs: the digest (for SM2 the SM3 of ZA and message, GB/T 32918.2), or the message itself, of which it makes that
 * digest (for SM2 with the identity 1234567812345678). A message may be long: a CRL of a million revocations has some 40 MB, in one piece
 * that is mapped from a file for the time of the call. */
#define PCA_SIGN_DIGEST 1
#define PCA_SIGN_MESSAGE 2
#define PCA_CERTIFICATE_SIGNING 1
#define PCA_CERTIFICATE_ENCRYPTION 2
typedef struct pca_container_driver {
    uint32_t version;
    uint32_t max_sessions; /* 0: any number */
    uint32_t timeout_ms;   /* the longest that one call takes; 1..600000 */
    int sign_form;         /* PCA_SIGN_ */
    void *context;
    /* Is a token in that slot? *present 1 or 0. A failure: the device cannot be asked (DEVICE). */
    int (*probe)(void *context, const char *slot, int *present, pca_error *err);
    /* Opens a session and shows the PIN, "" where none was given. */
    int (*open)(void *context, const char *slot, const char *pin, void **session, pca_error *err);
    /* Makes a key pair of that PCA_KEY_ algorithm, which never leaves the token, under that name. */
    int (*generate)(void *session, const char *key, int algorithm, pca_error *err);
    /* Its public key. EC and SM2: the point, 04 and the coordinates in full length. RSA: RSAPublicKey in DER (RFC 8017 A.1.1).
     * *size: the room in out, then the octets written. */
    int (*public_key)(void *session, const char *key, uint8_t *out, size_t *size, pca_error *err);
    /* Signs data, which is what sign_form says. EC and SM2: r and s, each in the length of the curve. RSA: PKCS#1 v1.5 over the
     * digest of the algorithm (SHA-256). The library verifies what it gets. */
    int (*sign)(void *session, const char *key, int algorithm, const uint8_t *data, size_t data_size, uint8_t *signature, size_t *size, pca_error *err);
    /* Puts a certificate (DER) beside the key. use: PCA_CERTIFICATE_. NULL: the container keeps none. */
    int (*import_certificate)(void *session, const char *key, int use, const uint8_t *der, size_t size, pca_error *err);
    /* Puts an encryption key beside an SM2 signing key, under which it is enveloped: SM2EnvelopedKey in DER (GM/T 0009 7.4), whose
     * parts are those of SKF's ENVELOPEDKEYBLOB (GM/T 0016). NULL: the container takes none. */
    int (*import_enveloped)(void *session, const char *key, const uint8_t *envelope, size_t size, pca_error *err);
    void (*close)(void *session);
} pca_container_driver;
/* How many more times a PIN may be tried; 0: it is locked. */
PCA_API void pca_error_set_tries(pca_error *error, int tries_left);

#ifdef __cplusplus
}
#endif
#endif
