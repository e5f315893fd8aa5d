/* SM2 (GB/T 32918) inside the room: the curve, signatures, ZA. Results are mbedTLS's, 0 for success. */
#ifndef PCAI_SM2_H
#define PCAI_SM2_H

#include "crypto/internal.h"
#include "crypto/sm2_scalar.h"
#include "crypto/sm3.h"

#define SM2_POINT (1 + 2 * SM2_SIZE) /* octets of an uncompressed point */

/* ---- Curve ---- */

/* Fills a fresh group; mbedtls_ecp_group_copy cannot copy it. */
int pcai_sm2_group(mbedtls_ecp_group *group);
/* k * point, of the base point for NULL, uncompressed; blinded by random. BAD_INPUT or INVALID_KEY: not on the curve. */
int pcai_sm2_multiply(mbedtls_ecp_group *group, const struct sm2_scalar *k, const uint8_t point[SM2_POINT], struct random *random,
                      uint8_t product[SM2_POINT]);
/* SM3 of the signer's identity, the default one, and his key (GB/T 32918.2 5.5): what a message is hashed after. */
void pcai_sm2_za(const uint8_t point[SM2_POINT], uint8_t za[SM3_SIZE]);

/* ---- Keys, signatures ---- */

struct sm2_secret {
    struct sm2_scalar d, inverse; /* inverse: 1/(1 + d), for signing */
};

/* A number in 1..n-1 from random, with `added` modulo n unless that is NULL. */
int pcai_sm2_draw(struct random *random, const struct sm2_scalar *added, struct sm2_scalar *k);
/* INVALID_KEY unless d is in 1..n-2. */
int pcai_sm2_secret_read(struct sm2_secret *secret, const uint8_t d[SM2_SIZE], struct random *random);
/* digest: SM3(ZA ‖ message). */
int pcai_sm2_sign(mbedtls_ecp_group *group, const struct sm2_secret *secret, struct random *random, const uint8_t digest[SM3_SIZE],
                  struct buf *signature);
int pcai_sm2_verify(mbedtls_ecp_group *group, const mbedtls_ecp_point *point, const uint8_t digest[SM3_SIZE], struct slice signature);

/* ---- What a struct key of SM2 can do besides; results are codes. key.c ---- */

/* d * point. */
int pcai_sm2_key_multiply(const struct key *key, struct random *random, const uint8_t point[SM2_POINT], uint8_t product[SM2_POINT],
                          pca_error *err);
int pcai_sm2_key_secret(const struct key *key, struct random *random, uint8_t d[SM2_SIZE], pca_error *err);
int pcai_sm2_key_new(const uint8_t d[SM2_SIZE], struct random *random, struct key **key, pca_error *err);

#endif
