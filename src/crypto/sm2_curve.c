/* The curve of GB/T 32918.5 as a group of mbedTLS, which does not know it. */
#include <string.h>

#include "base/memory.h"
#include "crypto/sm2.h"

#define BITS 256
#define LIMB_BITS (8 * sizeof(mbedtls_mpi_uint))
#define WORDS (BITS / 32)

/* p = 2^256 - 2^224 - 2^96 + 2^64 - 1, a = p - 3 */
static const uint8_t parameter_p[SM2_SIZE] = {0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                              0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
static const uint8_t parameter_a[SM2_SIZE] = {0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                              0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFC};
static const uint8_t parameter_b[SM2_SIZE] = {0x28, 0xE9, 0xFA, 0x9E, 0x9D, 0x9F, 0x5E, 0x34, 0x4D, 0x5A, 0x9E, 0x4B, 0xCF, 0x65, 0x09, 0xA7,
                                              0xF3, 0x97, 0x89, 0xF5, 0x15, 0xAB, 0x8F, 0x92, 0xDD, 0xBC, 0xBD, 0x41, 0x4D, 0x94, 0x0E, 0x93};
static const uint8_t parameter_n[SM2_SIZE] = {0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                              0x72, 0x03, 0xDF, 0x6B, 0x21, 0xC6, 0x05, 0x2B, 0x53, 0xBB, 0xF4, 0x09, 0x39, 0xD5, 0x41, 0x23};
static const uint8_t parameter_x[SM2_SIZE] = {0x32, 0xC4, 0xAE, 0x2C, 0x1F, 0x19, 0x81, 0x19, 0x5F, 0x99, 0x04, 0x46, 0x6A, 0x39, 0xC9, 0x94,
                                              0x8F, 0xE3, 0x0B, 0xBF, 0xF2, 0x66, 0x0B, 0xE1, 0x71, 0x5A, 0x45, 0x89, 0x33, 0x4C, 0x74, 0xC7};
static const uint8_t parameter_y[SM2_SIZE] = {0xBC, 0x37, 0x36, 0xA2, 0xF4, 0xF6, 0x77, 0x9C, 0x59, 0xBD, 0xCE, 0xE3, 0x6B, 0x69, 0x21, 0x53,
                                              0xD0, 0xA9, 0x87, 0x7C, 0xC6, 0x2A, 0x47, 0x40, 0x02, 0xDF, 0x32, 0xE5, 0x21, 0x39, 0xF0, 0xA0};

/* Words of 32 bits with what they owe each other; what is carried out of the last one. */
static int64_t settle(int64_t r[WORDS])
{
    int64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += r[i];
        r[i] = carry & 0xFFFFFFFF;
        carry >>= 32;
    }
    return carry;
}

/*
 * The group's modp: c modulo p, but for at most one p, which mbedTLS takes off. c is below 2^512. Since 2^256 is
 * 2^224 + 2^96 - 2^64 + 1 modulo p, each of the upper eight words of 32 bits comes down into some of the lower ones; the
 * rows say how often.
 */
static int reduce(mbedtls_mpi *number)
{
    int64_t c[2 * WORDS], r[WORDS];
    int failed = mbedtls_mpi_grow(number, 2 * BITS / LIMB_BITS);
    if (failed)
        return failed;
    mbedtls_mpi_uint *limb = number->MBEDTLS_PRIVATE(p);
    for (size_t i = 0; i < 2 * WORDS; i++)
        c[i] = (uint32_t)(limb[i * 32 / LIMB_BITS] >> i * 32 % LIMB_BITS);
    r[0] = c[0] + c[8] + c[9] + c[10] + c[11] + c[12] + 2 * (c[13] + c[14] + c[15]);
    r[1] = c[1] + c[9] + c[10] + c[11] + c[12] + c[13] + 2 * (c[14] + c[15]);
    r[2] = c[2] - c[8] - c[9] - c[13] - c[14];
    r[3] = c[3] + c[8] + c[11] + c[12] + 2 * c[13] + c[14] + c[15];
    r[4] = c[4] + c[9] + c[12] + c[13] + 2 * c[14] + c[15];
    r[5] = c[5] + c[10] + c[13] + c[14] + 2 * c[15];
    r[6] = c[6] + c[11] + c[14] + c[15];
    r[7] = c[7] + c[8] + c[9] + c[10] + c[11] + 2 * (c[12] + c[13] + c[14]) + 3 * c[15];
    int64_t top = settle(r);
    r[0] += top;
    r[2] -= top;
    r[3] += top;
    r[7] += top;
    top = settle(r); /* 0 or 1 */
    for (size_t i = 0; i < 2 * BITS / LIMB_BITS; i++)
        limb[i] = 0;
    for (size_t i = 0; i < WORDS; i++)
        limb[i * 32 / LIMB_BITS] |= (mbedtls_mpi_uint)r[i] << i * 32 % LIMB_BITS;
    limb[BITS / LIMB_BITS] = (mbedtls_mpi_uint)top;
    return 0;
}

/* A stays empty, which stands for p - 3; h stays 0: nothing in the group belongs to a table of mbedTLS's. */
int pcai_sm2_group(mbedtls_ecp_group *group)
{
    int failed = mbedtls_mpi_read_binary(&group->P, parameter_p, SM2_SIZE) || mbedtls_mpi_read_binary(&group->B, parameter_b, SM2_SIZE) ||
                 mbedtls_mpi_read_binary(&group->N, parameter_n, SM2_SIZE) ||
                 mbedtls_mpi_read_binary(&group->G.MBEDTLS_PRIVATE(X), parameter_x, SM2_SIZE) ||
                 mbedtls_mpi_read_binary(&group->G.MBEDTLS_PRIVATE(Y), parameter_y, SM2_SIZE) || mbedtls_mpi_lset(&group->G.MBEDTLS_PRIVATE(Z), 1);
    group->pbits = group->nbits = BITS;
    group->MBEDTLS_PRIVATE(modp) = reduce;
    return failed ? MBEDTLS_ERR_ECP_ALLOC_FAILED : 0;
}

int pcai_sm2_multiply(mbedtls_ecp_group *group, const struct sm2_scalar *k, const uint8_t point[SM2_POINT], struct random *random,
                      uint8_t product[SM2_POINT])
{
    mbedtls_mpi number;
    mbedtls_ecp_point from, to;
    uint8_t octets[SM2_SIZE];
    size_t used;
    mbedtls_mpi_init(&number);
    mbedtls_ecp_point_init(&from);
    mbedtls_ecp_point_init(&to);
    pcai_sm2_scalar_write(k, octets);
    int failed = mbedtls_mpi_read_binary(&number, octets, sizeof octets);
    if (!failed && point)
        failed = mbedtls_ecp_point_read_binary(group, &from, point, SM2_POINT);
    if (!failed)
        failed = mbedtls_ecp_mul(group, &to, &number, point ? &from : &group->G, pcai_rng, random);
    if (!failed)
        failed = mbedtls_ecp_point_write_binary(group, &to, MBEDTLS_ECP_PF_UNCOMPRESSED, &used, product, SM2_POINT);
    pcai_wipe(octets, sizeof octets);
    mbedtls_mpi_free(&number);
    mbedtls_ecp_point_free(&from);
    mbedtls_ecp_point_free(&to);
    return failed;
}

void pcai_sm2_za(const uint8_t point[SM2_POINT], uint8_t za[SM3_SIZE])
{
    static const uint8_t identity[] = "\x00\x80" "1234567812345678"; /* its size in bits, GM/T 0009 10 */
    struct sm3 h;
    pcai_sm3_start(&h);
    pcai_sm3_update(&h, pcai_slice(identity, sizeof identity - 1));
    pcai_sm3_update(&h, pcai_slice(parameter_a, SM2_SIZE));
    pcai_sm3_update(&h, pcai_slice(parameter_b, SM2_SIZE));
    pcai_sm3_update(&h, pcai_slice(parameter_x, SM2_SIZE));
    pcai_sm3_update(&h, pcai_slice(parameter_y, SM2_SIZE));
    pcai_sm3_update(&h, pcai_slice(point + 1, SM2_POINT - 1));
    pcai_sm3_finish(&h, za);
}
