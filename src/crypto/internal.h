/* Shared inside the room: the table of algorithms, the generator's callback, errors. */
#ifndef PCAI_CRYPTO_INTERNAL_H
#define PCAI_CRYPTO_INTERNAL_H

#include "crypto/compat.h"
#include "crypto/crypto.h"

struct algorithm {
    int algorithm, family, digest;
    const char *name;
    unsigned bits;
    mbedtls_ecp_group_id group; /* EC */
    struct slice curve;         /* EC, SM2: the namedCurve's OID contents */
};
/* NULL when there is none. */
const struct algorithm *pcai_algorithm(int algorithm);
const struct algorithm *pcai_algorithm_of_curve(struct slice oid);
const struct algorithm *pcai_algorithm_of_bits(size_t bits);
/* EC, SM2: fills a fresh group. 0 or mbedTLS's error. */
int pcai_algorithm_group(const struct algorithm *algorithm, mbedtls_ecp_group *group);
struct slice pcai_rsa_oid(void); /* rsaEncryption */
struct slice pcai_ec_oid(void);  /* id-ecPublicKey */

/* NONE for SM3, which mbedTLS does not have. */
mbedtls_md_type_t pcai_md_type(int digest);
/* NULL: UNSUPPORTED. */
const mbedtls_md_info_t *pcai_md_info(int digest, pca_error *err);
/* f_rng of mbedTLS over a struct random. */
int pcai_rng(void *random, unsigned char *out, size_t size);
/* No fault of what was read: there was no memory, no random octets, or no such curve in this build. */
int pcai_mbedtls_lacked(int error);
/* NO_MEMORY, UNSUPPORTED or CRYPTO. */
int pcai_fail_mbedtls(pca_error *err, int error, const char *what);

struct public_key {
    const struct algorithm *algorithm;
    mbedtls_rsa_context rsa;
    mbedtls_ecp_group group; /* EC, SM2 */
    mbedtls_ecp_point point;
    uint8_t za[32]; /* SM2 */
};

/* An uncompressed point of P-521. */
#define EC_POINT_MAX 133

/* What is in p may be known from here on: the test of constant time hands secrets in as undefined to valgrind. */
#ifdef PCAI_CTGRIND
#include <valgrind/memcheck.h>
#define declassify(p, size) (void)VALGRIND_MAKE_MEM_DEFINED(p, size)
#else
#define declassify(p, size) (void)(p)
#endif

#endif
