#include "crypto/sm4.h"

/*
 * The S-box is computed, on the four octets of a word at once: a table would be looked up at secret places, which the cache
 * shows. S(x) = A(1/A(x)), where A(x) = x ^ x<<<1 ^ x<<<3 ^ x<<<6 ^ x<<<7 ^ D3 and 1/x is taken in GF(2^8) modulo
 * z^8 + z^7 + z^6 + z^5 + z^4 + z^2 + 1 (1F5), with 1/0 = 0.
 */
#define LOW_BITS 0x01010101u

/* A linear map of each octet: column[i] is what bit i becomes. */
static uint32_t map(uint32_t x, const uint8_t column[8])
{
    uint32_t y = 0;
    for (int i = 0; i < 8; i++)
        y ^= (x >> i & LOW_BITS) * column[i];
    return y;
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (int i = 7; i >= 0; i--) {
        product = (product & 0x7F * LOW_BITS) << 1 ^ (product >> 7 & LOW_BITS) * 0xF5;
        product ^= a & (b >> i & LOW_BITS) * 0xFF;
    }
    return product;
}

/* x^254. */
static uint32_t invert(uint32_t x)
{
    static const uint8_t power_2[8] = {0x01, 0x04, 0x10, 0x40, 0xF5, 0x3E, 0xF8, 0x0A};
    static const uint8_t power_4[8] = {0x01, 0x10, 0xF5, 0xF8, 0x28, 0x9F, 0x79, 0x44};
    static const uint8_t power_16[8] = {0x01, 0x28, 0x7E, 0x72, 0x67, 0x70, 0x37, 0x8C};
    uint32_t x2 = map(x, power_2), x3 = multiply(x, x2), x12 = map(x3, power_4);
    uint32_t x14 = multiply(x12, x2), x15 = multiply(x12, x3);
    return multiply(map(x15, power_16), x14);
}

static uint32_t affine(uint32_t x)
{
    static const uint8_t column[8] = {0xCB, 0x97, 0x2F, 0x5E, 0xBC, 0x79, 0xF2, 0xE5};
    return map(x, column) ^ 0xD3 * LOW_BITS;
}

static uint32_t substitute(uint32_t x)
{
    return affine(invert(affine(x)));
}

static uint32_t rotate(uint32_t x, unsigned by)
{
    return x << by | x >> (32 - by);
}

static void load(const uint8_t in[SM4_BLOCK], uint32_t x[4])
{
    for (int i = 0; i < 4; i++)
        x[i] = (uint32_t)in[4 * i] << 24 | (uint32_t)in[4 * i + 1] << 16 | (uint32_t)in[4 * i + 2] << 8 | in[4 * i + 3];
}

/* CK: the octets 0, 7, 14, … modulo 256 (GB/T 32907 7.3). */
static uint32_t round_constant(unsigned round)
{
    uint32_t ck = 0;
    for (unsigned i = 0; i < 4; i++)
        ck = ck << 8 | (4 * round + i) * 7 % 256;
    return ck;
}

void pcai_sm4_key(struct sm4 *cipher, const uint8_t key[SM4_KEY])
{
    static const uint32_t fk[4] = {0xA3B1BAC6, 0x56AA3350, 0x677D9197, 0xB27022DC};
    uint32_t k[4];
    load(key, k);
    for (int i = 0; i < 4; i++)
        k[i] ^= fk[i];
    for (unsigned i = 0; i < SM4_ROUNDS; i++) {
        uint32_t s = substitute(k[(i + 1) % 4] ^ k[(i + 2) % 4] ^ k[(i + 3) % 4] ^ round_constant(i));
        cipher->round_key[i] = k[i % 4] ^= s ^ rotate(s, 13) ^ rotate(s, 23);
    }
}

static void crypt(const struct sm4 *cipher, int backward, const uint8_t in[SM4_BLOCK], uint8_t out[SM4_BLOCK])
{
    uint32_t x[4];
    load(in, x);
    for (unsigned i = 0; i < SM4_ROUNDS; i++) {
        uint32_t key = cipher->round_key[backward ? SM4_ROUNDS - 1 - i : i];
        uint32_t s = substitute(x[(i + 1) % 4] ^ x[(i + 2) % 4] ^ x[(i + 3) % 4] ^ key);
        x[i % 4] ^= s ^ rotate(s, 2) ^ rotate(s, 10) ^ rotate(s, 18) ^ rotate(s, 24);
    }
    for (int i = 0; i < SM4_BLOCK; i++)
        out[i] = (uint8_t)(x[3 - i / 4] >> (24 - i % 4 * 8));
}

void pcai_sm4_encrypt(const struct sm4 *cipher, const uint8_t in[SM4_BLOCK], uint8_t out[SM4_BLOCK])
{
    crypt(cipher, 0, in, out);
}

void pcai_sm4_decrypt(const struct sm4 *cipher, const uint8_t in[SM4_BLOCK], uint8_t out[SM4_BLOCK])
{
    crypt(cipher, 1, in, out);
}
