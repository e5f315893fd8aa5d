/*
 * Cryptography, the only room that knows mbedTLS: digests, random, keys that sign, public keys that verify, sealing,
 * base64. Keys are provider objects: whatever speeds them up lives inside.
 */
#ifndef PCAI_CRYPTO_H
#define PCAI_CRYPTO_H

#include "base/buffer.h"

/* ---- Digests ---- */

/* SHA-1 only where a file format prescribes it. */
enum { PCAI_SHA256 = 1, PCAI_SHA384, PCAI_SHA512, PCAI_SM3, PCAI_SHA1 };
#define PCAI_DIGEST_MAX 64

size_t pcai_digest_size(int digest);
int pcai_digest(int digest, struct slice in, uint8_t out[PCAI_DIGEST_MAX], pca_error *err);
int pcai_hmac(int digest, struct slice key, struct slice in, uint8_t out[PCAI_DIGEST_MAX], pca_error *err);

struct hash; /* a digest under way */
int pcai_hash_new(int digest, struct hash **h, pca_error *err);
int pcai_hash_update(struct hash *h, struct slice in, pca_error *err);
int pcai_hash_finish(struct hash *h, uint8_t out[PCAI_DIGEST_MAX], pca_error *err);
void pcai_hash_free(struct hash *h);

/* ---- Random: one generator for a region, any number of threads, seeded from the system or the host ---- */

struct random;
/* entropy NULL: the system's. test: its output is handed out as it is. */
int pcai_random_new(const pca_entropy *entropy, int test, struct random **r, pca_error *err);
int pcai_random_bytes(struct random *r, void *out, size_t size, pca_error *err);
void pcai_random_free(struct random *r);

/* ---- Keys. algorithm: a PCA_KEY_ constant ---- */

int pcai_algorithm_family(int algorithm);      /* PCA_FAMILY_, 0 for none */
int pcai_algorithm_digest(int algorithm);      /* the digest that it signs over */
const char *pcai_algorithm_name(int algorithm); /* "RSA 2048", "EC P-256" */

struct key; /* a private key; const use by any number of threads */
/* UNSUPPORTED for what this build lacks; so the next, and pcai_public_read. */
int pcai_key_generate(int algorithm, struct random *random, struct key **key, pca_error *err);
/* PKCS#8 PrivateKeyInfo (RFC 5958), DER. */
int pcai_key_read(struct slice pkcs8, struct random *random, struct key **key, pca_error *err);
int pcai_key_write(const struct key *key, struct buf *pkcs8, pca_error *err);
int pcai_key_algorithm(const struct key *key);
/* SubjectPublicKeyInfo, DER; borrowed from the key. */
struct slice pcai_key_public(const struct key *key);
/* Signs a message, or its digest: PKCS#1 v1.5, or ECDSA or SM2 as a DER SEQUENCE of r and s. */
int pcai_key_sign(const struct key *key, struct random *random, struct slice message, struct buf *signature, pca_error *err);
/* The digest of a message that comes in pieces; what is signed is its end. An SM2 signature covers ZA, the signer's identity
 * and key, in front of the message (GB/T 32918.2 5.5), so that the digest is begun for a key. */
int pcai_key_hash_new(const struct key *key, struct hash **h, pca_error *err);
int pcai_key_sign_digest(const struct key *key, struct random *random, struct slice digest, struct buf *signature,
                         pca_error *err);
/* It lives elsewhere and digests itself: pcai_key_sign_digest is not for it. */
int pcai_key_wants_messages(const struct key *key);
void pcai_key_free(struct key *key);

/* A key that lives elsewhere. signer gets the digest, or where `messages` is set the message, and gives what a token gives: r and s in
 * the length of the curve, or RSA's octets; they are verified. object is what errors name, and outlives the key. It has a public half
 * only: pcai_key_write is UNSUPPORTED. */
struct key_signer {
    int (*sign)(void *context, int algorithm, struct slice in, struct buf *signature, pca_error *err);
    void *context;
    const char *object;
    int messages;
};
int pcai_key_external(struct slice spki, const struct key_signer *signer, struct key **key, pca_error *err);
/* The SubjectPublicKeyInfo around a point, or an RSAPublicKey; ALGORITHM unless it is such a key. */
int pcai_public_wrap(int algorithm, struct slice octets, struct buf *spki, pca_error *err);

/* A SubjectPublicKeyInfo, checked: RSA with NULL parameters, odd modulus of 1024, 2048, 3072 or 4096 bits, odd exponent
 * from 65537 up; EC and SM2 by named curve, point uncompressed and on the curve. ALGORITHM says what is wrong. */
#define PCAI_RSA_EXPONENT_MIN 65537
struct public_key;
int pcai_public_read(struct slice spki, struct public_key **key, pca_error *err);
int pcai_public_algorithm(const struct public_key *key);
/* A SubjectPublicKeyInfo of that PCA_KEY_ whose key is nobody's, appended. */
void pcai_public_stand_in(int algorithm, struct buf *out);
/* Refuses RSA moduli that anyone can factor: small factors, Fermat, ROCA. ALGORITHM. */
int pcai_public_check_weak(const struct public_key *key, pca_error *err);
/* digest: the one that the signature's algorithm names. CRYPTO: the signature is wrong. */
int pcai_public_verify(const struct public_key *key, int digest, struct slice message, struct slice signature, pca_error *err);
int pcai_public_verify_digest(const struct public_key *key, int digest, struct slice hash, struct slice signature, pca_error *err);
void pcai_public_free(struct public_key *key);

/* ---- SM2 encryption (GB/T 32918.4). ALGORITHM: a key that is not SM2 ---- */

enum { PCAI_SM2_DER = 1, PCAI_SM2_OCTETS }; /* SM2Cipher of GM/T 0009; C1 ‖ C3 ‖ C2 */
#define PCAI_SM2_PLAIN_MAX 65536

int pcai_sm2_encrypt(const struct public_key *to, struct random *random, int form, struct slice plain, struct buf *cipher, pca_error *err);
/* CRYPTO: anything else than what was encrypted to this key. */
int pcai_sm2_decrypt(const struct key *key, struct random *random, int form, struct slice cipher, struct buf *plain, pca_error *err);
/* SM2EnvelopedKey (GM/T 0009 7.4): the key pair `key` for the holder of the signing key `to`; opened with that. */
int pcai_sm2_envelope(const struct public_key *to, const struct key *key, struct random *random, struct buf *envelope, pca_error *err);
int pcai_sm2_envelope_open(const struct key *with, struct slice envelope, struct random *random, struct key **key, pca_error *err);

/* ---- Sealing: AES-256-GCM, nonce ‖ ciphertext ‖ tag ---- */

#define PCAI_SEAL_KEY 32
int pcai_seal(const uint8_t key[PCAI_SEAL_KEY], struct random *random, struct slice associated, struct slice plain,
              struct buf *sealed, pca_error *err);
/* LOCKED: wrong key, wrong associated data, or changed octets. */
int pcai_unseal(const uint8_t key[PCAI_SEAL_KEY], struct slice associated, struct slice sealed, struct buf *plain,
                pca_error *err);
/* PBKDF2-HMAC-SHA256. */
int pcai_stretch(struct slice passphrase, struct slice salt, uint32_t rounds, uint8_t key[PCAI_SEAL_KEY], pca_error *err);

/* ---- What password-based encryption is made of ---- */

/* PBKDF2 with HMAC over the digest (RFC 8018 5.2). */
int pcai_pbkdf2(int digest, struct slice password, struct slice salt, uint32_t rounds, uint8_t *out, size_t size, pca_error *err);
/* What octets are derived for: its ID (RFC 7292 B.3). */
enum pkcs12_purpose { PKCS12_KEY = 1, PKCS12_IV, PKCS12_MAC };
/* RFC 7292 B.2. password: a BMPString with its NUL. */
int pcai_pkcs12_derive(int digest, enum pkcs12_purpose purpose, struct slice password, struct slice salt, uint32_t rounds,
                       uint8_t *out, size_t size, pca_error *err);

enum { PCAI_AES128_CBC = 1, PCAI_AES192_CBC, PCAI_AES256_CBC, PCAI_DES3_CBC };
#define PCAI_CIPHER_KEY_MAX 32
#define PCAI_CIPHER_BLOCK_MAX 16
size_t pcai_cipher_key_size(int cipher);
size_t pcai_cipher_block_size(int cipher); /* of the IV too */
/* CBC with the padding of RFC 8018 6.1.1. */
int pcai_cbc_encrypt(int cipher, const uint8_t *key, const uint8_t *iv, struct slice plain, struct buf *out, pca_error *err);
/* LOCKED: the padding is wrong, from another key or changed octets. */
int pcai_cbc_decrypt(int cipher, const uint8_t *key, const uint8_t *iv, struct slice secret, struct buf *plain, pca_error *err);

/* ---- Base64 (RFC 4648), without line breaks ---- */

void pcai_base64_write(struct buf *out, struct slice in);
/* in: no white space. -1 when malformed. */
int pcai_base64_read(struct slice in, struct buf *out);

#endif
