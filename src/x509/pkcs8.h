/* Private keys as others hand them over: PKCS#8 (RFC 5958), encrypted or not, and the traditional forms, read. */
#ifndef PCAI_PKCS8_H
#define PCAI_PKCS8_H

#include "x509/pbe.h"

/* EncryptedPrivateKeyInfo. */
int pcai_pkcs8_encrypt(enum pbe scheme, struct slice password, const struct pbe_seed *seed, struct slice private_key, struct buf *out,
                       pca_error *err);
/* The reverse. INVALID, field "password": it does not open with that one. UNSUPPORTED: another encryption. */
int pcai_pkcs8_decrypt(struct slice encrypted, struct slice password, struct buf *private_key, pca_error *err);

/* A PrivateKeyInfo in DER, checked for its form and copied. INVALID. */
int pcai_pkcs8_copy(struct slice der, struct buf *private_key, pca_error *err);

#define PCAI_PKCS8_MAX 65536
/* PEM or DER, at most 64 KiB: PrivateKeyInfo, EncryptedPrivateKeyInfo, and in PEM alone RSAPrivateKey (RFC 8017 A.1.2) and
 * ECPrivateKey (RFC 5915), unencrypted. Gives PrivateKeyInfo, whose form is sound; whether the numbers are, pcai_key_read
 * says. password: no data for none, which an encrypted key needs and another must not have. INVALID, UNSUPPORTED. */
int pcai_pkcs8_open(struct slice in, struct slice password, struct buf *private_key, pca_error *err);

#endif
