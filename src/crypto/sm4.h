/* SM4 (GB/T 32907), the block cipher. */
#ifndef PCAI_SM4_H
#define PCAI_SM4_H

#include <stdint.h>

#define SM4_BLOCK 16
#define SM4_KEY 16
#define SM4_ROUNDS 32

struct sm4 {
    uint32_t round_key[SM4_ROUNDS];
};

void pcai_sm4_key(struct sm4 *cipher, const uint8_t key[SM4_KEY]);
/* in and out may be the same. */
void pcai_sm4_encrypt(const struct sm4 *cipher, const uint8_t in[SM4_BLOCK], uint8_t out[SM4_BLOCK]);
void pcai_sm4_decrypt(const struct sm4 *cipher, const uint8_t in[SM4_BLOCK], uint8_t out[SM4_BLOCK]);

#endif
