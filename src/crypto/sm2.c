/* SM2 signatures (GB/T 32918.2) and the private number behind them. */
#include <string.h>

#include "base/der.h"
#include "base/memory.h"
#include "crypto/sm2.h"

#define TRIES 32 /* a number from good random fails one time in 2^32 */

int pcai_sm2_draw(struct random *random, const struct sm2_scalar *added, struct sm2_scalar *k)
{
    uint8_t octets[SM2_SIZE];
    unsigned usable = 0;
    for (int i = 0; i < TRIES && !usable; i++) {
        int failed = pcai_rng(random, octets, sizeof octets);
        if (failed)
            return failed;
        usable = pcai_sm2_scalar_read(k, octets);
        if (added) {
            pcai_sm2_scalar_add(k, k, added);
            usable &= pcai_sm2_scalar_is_zero(k) ^ 1;
        }
        declassify(&usable, sizeof usable);
    }
    pcai_wipe(octets, sizeof octets);
    return usable ? 0 : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

/* The inverse is taken of a random multiple: what the work on it may show is nothing of d. */
int pcai_sm2_secret_read(struct sm2_secret *secret, const uint8_t d[SM2_SIZE], struct random *random)
{
    static const struct sm2_scalar one = {{1}};
    struct sm2_scalar factor, product;
    unsigned usable = pcai_sm2_scalar_read(&secret->d, d);
    pcai_sm2_scalar_add(&product, &secret->d, &one);
    usable &= pcai_sm2_scalar_is_zero(&product) ^ 1;
    declassify(&usable, sizeof usable);
    int failed = usable ? pcai_sm2_draw(random, NULL, &factor) : MBEDTLS_ERR_ECP_INVALID_KEY;
    if (!failed) {
        pcai_sm2_scalar_multiply(&product, &product, &factor);
        pcai_sm2_scalar_invert(&product, &product);
        pcai_sm2_scalar_multiply(&secret->inverse, &product, &factor);
    }
    pcai_wipe(&factor, sizeof factor);
    pcai_wipe(&product, sizeof product);
    return failed;
}

/* ---- Signing ---- */

/* HMAC-SHA256(d, digest): added to the random number it keeps the nonces of two messages apart, and unforeseeable, even where
 * the random octets repeat (a copied machine, a weak source of the host's). */
static int nonce_part(const struct sm2_secret *secret, const uint8_t digest[SM3_SIZE], struct sm2_scalar *part)
{
    uint8_t key[SM2_SIZE], mac[32];
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    pcai_sm2_scalar_write(&secret->d, key);
    int failed = mbedtls_md_hmac(sha256, key, sizeof key, digest, SM3_SIZE, mac);
    pcai_sm2_scalar_reduce(part, mac);
    pcai_wipe(key, sizeof key);
    pcai_wipe(mac, sizeof mac);
    return failed;
}

/* r = e + x1, s = (k - r d)/(1 + d), which is (k + r)/(1 + d) - r (GB/T 32918.2 6.1, A5 and A6). 1 unless a new k is needed:
 * r = 0, r + k = n or s = 0. The inverse is multiplied with k + r alone, which nobody knows. */
static unsigned sign_with(const struct sm2_secret *secret, const struct sm2_scalar *k, const struct sm2_scalar *e,
                          const uint8_t point[SM2_POINT], struct sm2_scalar *r, struct sm2_scalar *s)
{
    struct sm2_scalar sum;
    pcai_sm2_scalar_reduce(r, point + 1);
    pcai_sm2_scalar_add(r, r, e);
    pcai_sm2_scalar_add(&sum, k, r);
    pcai_sm2_scalar_multiply(s, &secret->inverse, &sum);
    pcai_sm2_scalar_subtract(s, s, r);
    unsigned usable = (pcai_sm2_scalar_is_zero(r) | pcai_sm2_scalar_is_zero(&sum) | pcai_sm2_scalar_is_zero(s)) ^ 1;
    pcai_wipe(&sum, sizeof sum);
    declassify(&usable, sizeof usable);
    return usable;
}

static void put_scalar(struct buf *out, const struct sm2_scalar *number)
{
    uint8_t octets[SM2_SIZE];
    pcai_sm2_scalar_write(number, octets);
    pcai_der_integer(out, pcai_slice(octets, sizeof octets));
}

/* SM2Signature ::= SEQUENCE { r INTEGER, s INTEGER } (GM/T 0009 7.3) */
static void put_signature(struct buf *out, const struct sm2_scalar *r, const struct sm2_scalar *s)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    put_scalar(out, r);
    put_scalar(out, s);
    pcai_der_end(out, mark);
}

int pcai_sm2_sign(mbedtls_ecp_group *group, const struct sm2_secret *secret, struct random *random, const uint8_t digest[SM3_SIZE],
                  struct buf *signature)
{
    struct sm2_scalar e, part, k, r, s;
    uint8_t point[SM2_POINT];
    unsigned usable = 0;
    pcai_sm2_scalar_reduce(&e, digest);
    int failed = nonce_part(secret, digest, &part);
    for (int i = 0; i < TRIES && !failed && !usable; i++) {
        failed = pcai_sm2_draw(random, &part, &k);
        if (!failed)
            failed = pcai_sm2_multiply(group, &k, NULL, random, point);
        declassify(point, sizeof point); /* r tells it */
        usable = !failed && sign_with(secret, &k, &e, point, &r, &s);
    }
    if (usable) {
        declassify(&s, sizeof s);
        put_signature(signature, &r, &s);
    }
    pcai_wipe(&part, sizeof part);
    pcai_wipe(&k, sizeof k);
    return usable ? 0 : failed ? failed : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

/* ---- Verifying ---- */

/* An INTEGER in 1..n-1. */
static int get_scalar(struct der *in, struct sm2_scalar *number)
{
    struct slice content;
    uint8_t octets[SM2_SIZE] = {0};
    if (pcai_der_get_integer(in, &content) != 0 || content.data[0] >= 0x80)
        return -1;
    if (content.data[0] == 0) {
        content.data++;
        content.size--;
    }
    if (content.size > sizeof octets)
        return -1;
    memcpy(octets + sizeof octets - content.size, content.data, content.size);
    return pcai_sm2_scalar_read(number, octets) ? 0 : -1;
}

static int read_signature(struct slice signature, struct sm2_scalar *r, struct sm2_scalar *s)
{
    struct der outer = pcai_der(signature), pair;
    return pcai_der_enter(&outer, DER_SEQUENCE, &pair) != 0 || !pcai_der_at_end(&outer) || get_scalar(&pair, r) != 0 ||
                   get_scalar(&pair, s) != 0 || !pcai_der_at_end(&pair)
               ? -1
               : 0;
}

/* The x coordinate of s * G + t * point; VERIFY_FAILED for the point at infinity. */
static int add_multiples(mbedtls_ecp_group *group, const struct sm2_scalar *s, const struct sm2_scalar *t, const mbedtls_ecp_point *point,
                         uint8_t x[SM2_SIZE])
{
    uint8_t octets[2][SM2_SIZE];
    mbedtls_mpi factor[2];
    mbedtls_ecp_point sum;
    mbedtls_ecp_point_init(&sum);
    mbedtls_mpi_init(&factor[0]);
    mbedtls_mpi_init(&factor[1]);
    pcai_sm2_scalar_write(s, octets[0]);
    pcai_sm2_scalar_write(t, octets[1]);
    int failed = mbedtls_mpi_read_binary(&factor[0], octets[0], SM2_SIZE);
    if (!failed)
        failed = mbedtls_mpi_read_binary(&factor[1], octets[1], SM2_SIZE);
    if (!failed)
        failed = mbedtls_ecp_muladd(group, &sum, &factor[0], &group->G, &factor[1], point);
    if (!failed)
        failed = mbedtls_ecp_is_zero(&sum) ? MBEDTLS_ERR_ECP_VERIFY_FAILED : mbedtls_mpi_write_binary(&sum.MBEDTLS_PRIVATE(X), x, SM2_SIZE);
    mbedtls_ecp_point_free(&sum);
    mbedtls_mpi_free(&factor[0]);
    mbedtls_mpi_free(&factor[1]);
    return failed;
}

/* GB/T 32918.2 7.1: t = r + s is not 0, and r = e + x1 */
int pcai_sm2_verify(mbedtls_ecp_group *group, const mbedtls_ecp_point *point, const uint8_t digest[SM3_SIZE], struct slice signature)
{
    struct sm2_scalar r, s, t, e;
    uint8_t x[SM2_SIZE];
    if (read_signature(signature, &r, &s) != 0)
        return MBEDTLS_ERR_ECP_VERIFY_FAILED;
    pcai_sm2_scalar_add(&t, &r, &s);
    int failed = pcai_sm2_scalar_is_zero(&t) ? MBEDTLS_ERR_ECP_VERIFY_FAILED : add_multiples(group, &s, &t, point, x);
    if (failed)
        return failed;
    pcai_sm2_scalar_reduce(&e, digest);
    pcai_sm2_scalar_reduce(&t, x);
    pcai_sm2_scalar_add(&t, &t, &e);
    return pcai_sm2_scalar_is_equal(&t, &r) ? 0 : MBEDTLS_ERR_ECP_VERIFY_FAILED;
}
