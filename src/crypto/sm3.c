#include "crypto/sm3.h"

#include <string.h>

static uint32_t rotate(uint32_t x, unsigned by)
{
    by &= 31;
    return by ? x << by | x >> (32 - by) : x;
}

static uint32_t p0(uint32_t x)
{
    return x ^ rotate(x, 9) ^ rotate(x, 17);
}

static uint32_t p1(uint32_t x)
{
    return x ^ rotate(x, 15) ^ rotate(x, 23);
}

/* GB/T 32905 5.3.2 */
static void expand(const uint8_t *block, uint32_t w[68])
{
    for (int j = 0; j < 16; j++)
        w[j] = (uint32_t)block[4 * j] << 24 | (uint32_t)block[4 * j + 1] << 16 | (uint32_t)block[4 * j + 2] << 8 | block[4 * j + 3];
    for (int j = 16; j < 68; j++)
        w[j] = p1(w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)) ^ rotate(w[j - 13], 7) ^ w[j - 6];
}

/* GB/T 32905 5.3.3; v holds A to H. */
static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[68], v[8];
    expand(block, w);
    memcpy(v, state, sizeof v);
    for (unsigned j = 0; j < 64; j++) {
        uint32_t t = j < 16 ? 0x79CC4519 : 0x7A879D8A;
        uint32_t ff = j < 16 ? v[0] ^ v[1] ^ v[2] : (v[0] & v[1]) | (v[0] & v[2]) | (v[1] & v[2]);
        uint32_t gg = j < 16 ? v[4] ^ v[5] ^ v[6] : (v[4] & v[5]) | (~v[4] & v[6]);
        uint32_t ss1 = rotate(rotate(v[0], 12) + v[4] + rotate(t, j), 7), ss2 = ss1 ^ rotate(v[0], 12);
        uint32_t tt1 = ff + v[3] + ss2 + (w[j] ^ w[j + 4]), tt2 = gg + v[7] + ss1 + w[j];
        v[3] = v[2];
        v[2] = rotate(v[1], 9);
        v[1] = v[0];
        v[0] = tt1;
        v[7] = v[6];
        v[6] = rotate(v[5], 19);
        v[5] = v[4];
        v[4] = p0(tt2);
    }
    for (int i = 0; i < 8; i++)
        state[i] ^= v[i];
}

void pcai_sm3_start(struct sm3 *h)
{
    static const uint32_t iv[8] = {0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E};
    memcpy(h->state, iv, sizeof iv);
    h->size = 0;
}

void pcai_sm3_update(struct sm3 *h, struct slice in)
{
    size_t held = (size_t)(h->size % SM3_BLOCK);
    h->size += in.size;
    if (held && in.size) {
        size_t part = SM3_BLOCK - held < in.size ? SM3_BLOCK - held : in.size;
        memcpy(h->block + held, in.data, part);
        in.data += part;
        in.size -= part;
        if (held + part < SM3_BLOCK)
            return;
        compress(h->state, h->block);
    }
    for (; in.size >= SM3_BLOCK; in.data += SM3_BLOCK, in.size -= SM3_BLOCK)
        compress(h->state, in.data);
    if (in.size)
        memcpy(h->block, in.data, in.size);
}

/* A one bit, zeros, the size in bits in 64: GB/T 32905 5.2. */
void pcai_sm3_finish(struct sm3 *h, uint8_t out[SM3_SIZE])
{
    size_t held = (size_t)(h->size % SM3_BLOCK);
    h->block[held++] = 0x80;
    if (held > SM3_BLOCK - 8) {
        memset(h->block + held, 0, SM3_BLOCK - held);
        compress(h->state, h->block);
        held = 0;
    }
    memset(h->block + held, 0, SM3_BLOCK - 8 - held);
    for (int i = 0; i < 8; i++)
        h->block[SM3_BLOCK - 8 + i] = (uint8_t)(h->size * 8 >> (56 - 8 * i));
    compress(h->state, h->block);
    for (int i = 0; i < SM3_SIZE; i++)
        out[i] = (uint8_t)(h->state[i / 4] >> (24 - i % 4 * 8));
}
