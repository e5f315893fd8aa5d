/* SM3 (GB/T 32905, ISO/IEC 10118-3). */
#ifndef PCAI_SM3_H
#define PCAI_SM3_H

#include "base/buffer.h"

#define SM3_SIZE 32
#define SM3_BLOCK 64

struct sm3 {
    uint32_t state[8];
    uint64_t size; /* octets so far */
    uint8_t block[SM3_BLOCK];
};

void pcai_sm3_start(struct sm3 *h);
void pcai_sm3_update(struct sm3 *h, struct slice in);
void pcai_sm3_finish(struct sm3 *h, uint8_t out[SM3_SIZE]);

#endif
