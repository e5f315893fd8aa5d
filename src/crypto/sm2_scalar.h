/*
 * Numbers modulo the order n of the SM2 curve, in constant time: nonces and private keys are computed with here, since the
 * bignum of mbedTLS branches on what it works on.
 */
#ifndef PCAI_SM2_SCALAR_H
#define PCAI_SM2_SCALAR_H

#include <stdint.h>

#define SM2_SIZE 32 /* octets of a number or a coordinate */

struct sm2_scalar {
    uint32_t word[8]; /* least significant first; below n */
};

/* 1 if the octets, most significant first, are a number in 1..n-1; else s is not to be used. */
unsigned pcai_sm2_scalar_read(struct sm2_scalar *s, const uint8_t octets[SM2_SIZE]);
/* Any octets modulo n. */
void pcai_sm2_scalar_reduce(struct sm2_scalar *s, const uint8_t octets[SM2_SIZE]);
void pcai_sm2_scalar_write(const struct sm2_scalar *s, uint8_t octets[SM2_SIZE]);
unsigned pcai_sm2_scalar_is_zero(const struct sm2_scalar *s);
unsigned pcai_sm2_scalar_is_equal(const struct sm2_scalar *a, const struct sm2_scalar *b);
/* r may be a or b. */
void pcai_sm2_scalar_add(struct sm2_scalar *r, const struct sm2_scalar *a, const struct sm2_scalar *b);
void pcai_sm2_scalar_subtract(struct sm2_scalar *r, const struct sm2_scalar *a, const struct sm2_scalar *b);
void pcai_sm2_scalar_multiply(struct sm2_scalar *r, const struct sm2_scalar *a, const struct sm2_scalar *b);
/* 0 of 0. */
void pcai_sm2_scalar_invert(struct sm2_scalar *r, const struct sm2_scalar *a);

#endif
