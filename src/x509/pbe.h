/* Password-based encryption (RFC 8018, RFC 7292 C): what PKCS#8 and PKCS#12 share. */
#ifndef PCAI_PBE_H
#define PCAI_PBE_H

#include "x509/oid.h"

#define PCAI_PBE_ROUNDS 100000      /* of what is written */
#define PCAI_PBE_ROUNDS_MAX 2000000 /* of what is read: a few seconds each */
#define PCAI_PBE_SALT 16
#define PCAI_PBE_SALT_MAX 128 /* of what is read */
#define PCAI_PBE_IV 16

/* Fresh random octets for one encryption. */
struct pbe_seed {
    uint8_t salt[PCAI_PBE_SALT], iv[PCAI_PBE_IV];
};

enum pbe {
    PBE_AES256, /* PBES2: PBKDF2-HMAC-SHA256, AES-256-CBC */
    PBE_DES3,   /* pbeWithSHAAnd3-KeyTripleDES-CBC, of PKCS#12 alone */
};

/* The password as PKCS#12 takes it: a BMPString with its NUL (RFC 7292 B.1); without data, no octets. INVALID: not UTF-8. */
int pcai_pbe_bmp(struct slice password, struct buf *bmp, pca_error *err);
/* algorithm: AlgorithmIdentifier, whole. */
int pcai_pbe_encrypt(enum pbe scheme, struct slice password, const struct pbe_seed *seed, struct slice plain, struct buf *algorithm,
                     struct buf *secret, pca_error *err);
/* PBES2 of PBKDF2 (HMAC-SHA1, -SHA256, -SHA384, -SHA512) and AES-CBC or triple DES; PBE_DES3. INVALID: malformed, or the
 * password is wrong (field "password"); UNSUPPORTED: another algorithm. */
int pcai_pbe_decrypt(struct slice algorithm, struct slice password, struct slice secret, struct buf *plain, pca_error *err);

#endif
