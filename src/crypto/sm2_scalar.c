#include "crypto/sm2_scalar.h"

#define WORDS 8

/* n = FFFFFFFE FFFFFFFF FFFFFFFF FFFFFFFF 7203DF6B 21C6052B 53BBF409 39D54123 (GB/T 32918.5) */
static const uint32_t n[WORDS] = {0x39D54123, 0x53BBF409, 0x21C6052B, 0x7203DF6B, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE};
/* -1/n modulo 2^32, and 2^512 modulo n: Montgomery's constants. */
#define MINUS_INVERSE 0x72350975
static const struct sm2_scalar square_of_r = {
    {0x7C114F20, 0x901192AF, 0xDE6FA2FA, 0x3464504A, 0x3AFFE0D4, 0x620FC84C, 0xA22B3D3B, 0x1EB5E412}};

/* r = x - n; 1 if x was below n. */
static uint32_t subtract_order(uint32_t r[WORDS], const uint32_t x[WORDS])
{
    uint64_t borrow = 0;
    for (int i = 0; i < WORDS; i++) {
        uint64_t difference = (uint64_t)x[i] - n[i] - borrow;
        r[i] = (uint32_t)difference;
        borrow = difference >> 63;
    }
    return (uint32_t)borrow;
}

/* x ‖ top, which is below 2n, modulo n. */
static void reduce_once(struct sm2_scalar *r, const uint32_t x[WORDS], uint32_t top)
{
    uint32_t less[WORDS];
    uint32_t keep = 0 - (subtract_order(less, x) & (top ^ 1));
    for (int i = 0; i < WORDS; i++)
        r->word[i] = (x[i] & keep) | (less[i] & ~keep);
}

static void load(uint32_t x[WORDS], const uint8_t octets[SM2_SIZE])
{
    for (int i = 0; i < WORDS; i++) {
        const uint8_t *at = octets + SM2_SIZE - 4 * (i + 1);
        x[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
}

unsigned pcai_sm2_scalar_read(struct sm2_scalar *s, const uint8_t octets[SM2_SIZE])
{
    uint32_t unused[WORDS];
    load(s->word, octets);
    return subtract_order(unused, s->word) & (pcai_sm2_scalar_is_zero(s) ^ 1);
}

void pcai_sm2_scalar_reduce(struct sm2_scalar *s, const uint8_t octets[SM2_SIZE])
{
    uint32_t x[WORDS];
    load(x, octets);
    reduce_once(s, x, 0); /* 2^256 < 2n */
}

void pcai_sm2_scalar_write(const struct sm2_scalar *s, uint8_t octets[SM2_SIZE])
{
    for (int i = 0; i < SM2_SIZE; i++)
        octets[SM2_SIZE - 1 - i] = (uint8_t)(s->word[i / 4] >> i % 4 * 8);
}

unsigned pcai_sm2_scalar_is_zero(const struct sm2_scalar *s)
{
    uint32_t any = 0;
    for (int i = 0; i < WORDS; i++)
        any |= s->word[i];
    return ((any | (0 - any)) >> 31) ^ 1;
}

unsigned pcai_sm2_scalar_is_equal(const struct sm2_scalar *a, const struct sm2_scalar *b)
{
    struct sm2_scalar difference;
    pcai_sm2_scalar_subtract(&difference, a, b);
    return pcai_sm2_scalar_is_zero(&difference);
}

void pcai_sm2_scalar_add(struct sm2_scalar *r, const struct sm2_scalar *a, const struct sm2_scalar *b)
{
    uint32_t sum[WORDS];
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)a->word[i] + b->word[i];
        sum[i] = (uint32_t)carry;
        carry >>= 32;
    }
    reduce_once(r, sum, (uint32_t)carry);
}

void pcai_sm2_scalar_subtract(struct sm2_scalar *r, const struct sm2_scalar *a, const struct sm2_scalar *b)
{
    struct sm2_scalar negative; /* n - b, which is n itself for 0: a + n is still below 2n */
    uint64_t borrow = 0;
    for (int i = 0; i < WORDS; i++) {
        uint64_t difference = (uint64_t)n[i] - b->word[i] - borrow;
        negative.word[i] = (uint32_t)difference;
        borrow = difference >> 63;
    }
    pcai_sm2_scalar_add(r, a, &negative);
}

/* a * b / 2^256, word by word (CIOS). */
static void montgomery(struct sm2_scalar *r, const struct sm2_scalar *a, const struct sm2_scalar *b)
{
    uint32_t t[WORDS + 2] = {0};
    for (int i = 0; i < WORDS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < WORDS; j++) {
            carry += t[j] + (uint64_t)a->word[j] * b->word[i];
            t[j] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += t[WORDS];
        t[WORDS] = (uint32_t)carry;
        t[WORDS + 1] = (uint32_t)(carry >> 32);
        uint32_t m = t[0] * MINUS_INVERSE;
        carry = (t[0] + (uint64_t)m * n[0]) >> 32;
        for (int j = 1; j < WORDS; j++) {
            carry += t[j] + (uint64_t)m * n[j];
            t[j - 1] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += t[WORDS];
        t[WORDS - 1] = (uint32_t)carry;
        t[WORDS] = t[WORDS + 1] + (uint32_t)(carry >> 32);
    }
    reduce_once(r, t, t[WORDS]);
}

void pcai_sm2_scalar_multiply(struct sm2_scalar *r, const struct sm2_scalar *a, const struct sm2_scalar *b)
{
    struct sm2_scalar reduced;
    montgomery(&reduced, a, b);
    montgomery(r, &reduced, &square_of_r);
}

/* a^(n-2): the exponent is public, so its bits may be branched on. */
void pcai_sm2_scalar_invert(struct sm2_scalar *r, const struct sm2_scalar *a)
{
    static const struct sm2_scalar one = {{1}};
    struct sm2_scalar base, power;
    montgomery(&base, a, &square_of_r);
    montgomery(&power, &one, &square_of_r);
    for (int bit = 32 * WORDS - 1; bit >= 0; bit--) {
        uint32_t word = bit < 32 ? n[0] - 2 : n[bit / 32];
        montgomery(&power, &power, &power);
        if (word >> bit % 32 & 1)
            montgomery(&power, &power, &base);
    }
    montgomery(r, &power, &one);
}
