/* SM2 encryption (GB/T 32918.4) in its two forms: the octets C1 ‖ C3 ‖ C2, and SM2Cipher of GM/T 0009. */
#include <string.h>

#include "base/der.h"
#include "base/memory.h"
#include "crypto/sm2.h"

struct cipher {
    uint8_t point[SM2_POINT]; /* C1 */
    uint8_t hash[SM3_SIZE];   /* C3 */
    struct slice data;        /* C2 */
};

/* ---- Forms ---- */

/* SM2Cipher ::= SEQUENCE { x INTEGER, y INTEGER, hash OCTET STRING, cipher OCTET STRING } (GM/T 0009 7.2) */
static void write_der(struct buf *out, const struct cipher *c)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_integer(out, pcai_slice(c->point + 1, SM2_SIZE));
    pcai_der_integer(out, pcai_slice(c->point + 1 + SM2_SIZE, SM2_SIZE));
    pcai_der_put(out, DER_OCTET_STRING, pcai_slice(c->hash, SM3_SIZE));
    pcai_der_put(out, DER_OCTET_STRING, c->data);
    pcai_der_end(out, mark);
}

static int read_coordinate(struct der *in, uint8_t octets[SM2_SIZE])
{
    struct slice content;
    if (pcai_der_get_integer(in, &content) != 0 || content.data[0] >= 0x80)
        return -1;
    size_t skip = content.size > SM2_SIZE; /* the zero in front of a high bit */
    if (content.size > SM2_SIZE + 1 || (skip && content.data[0] != 0))
        return -1;
    memset(octets, 0, SM2_SIZE);
    memcpy(octets + SM2_SIZE - (content.size - skip), content.data + skip, content.size - skip);
    return 0;
}

static int read_der(struct slice in, struct cipher *c)
{
    struct der outer = pcai_der(in), fields;
    struct slice hash;
    c->point[0] = 4;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &fields) != 0 || !pcai_der_at_end(&outer) || read_coordinate(&fields, c->point + 1) != 0 ||
        read_coordinate(&fields, c->point + 1 + SM2_SIZE) != 0 || pcai_der_get(&fields, DER_OCTET_STRING, &hash) != 0 ||
        hash.size != SM3_SIZE || pcai_der_get(&fields, DER_OCTET_STRING, &c->data) != 0 || !pcai_der_at_end(&fields))
        return -1;
    memcpy(c->hash, hash.data, SM3_SIZE);
    return 0;
}

static void write_octets(struct buf *out, const struct cipher *c)
{
    pcai_buf_put(out, c->point, SM2_POINT);
    pcai_buf_put(out, c->hash, SM3_SIZE);
    pcai_buf_slice(out, c->data);
}

static int read_octets(struct slice in, struct cipher *c)
{
    if (in.size < SM2_POINT + SM3_SIZE || in.data[0] != 4)
        return -1;
    memcpy(c->point, in.data, SM2_POINT);
    memcpy(c->hash, in.data + SM2_POINT, SM3_SIZE);
    c->data = pcai_slice(in.data + SM2_POINT + SM3_SIZE, in.size - SM2_POINT - SM3_SIZE);
    return 0;
}

/* ---- The algorithm. shared: the point that both sides know, x2 and y2 after its first octet ---- */

/* The octets of KDF(x2 ‖ y2) are put upon in (GB/T 32918.4 5.4.3). 0 if they all are 0, which encrypts nothing. */
static unsigned mask(const uint8_t shared[SM2_POINT], const uint8_t *in, uint8_t *out, size_t size)
{
    uint8_t block[SM3_SIZE];
    unsigned any = 0;
    for (size_t at = 0; at < size; at++) {
        if (at % SM3_SIZE == 0) {
            uint32_t count = (uint32_t)(at / SM3_SIZE + 1);
            uint8_t counter[4] = {(uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8), (uint8_t)count};
            struct sm3 h;
            pcai_sm3_start(&h);
            pcai_sm3_update(&h, pcai_slice(shared + 1, 2 * SM2_SIZE));
            pcai_sm3_update(&h, pcai_slice(counter, sizeof counter));
            pcai_sm3_finish(&h, block);
            pcai_wipe(&h, sizeof h);
        }
        any |= block[at % SM3_SIZE];
        out[at] = in[at] ^ block[at % SM3_SIZE];
    }
    pcai_wipe(block, sizeof block);
    return (any + 0xFF) >> 8;
}

/* C3 = SM3(x2 ‖ M ‖ y2) */
static void hash_plain(const uint8_t shared[SM2_POINT], struct slice plain, uint8_t hash[SM3_SIZE])
{
    struct sm3 h;
    pcai_sm3_start(&h);
    pcai_sm3_update(&h, pcai_slice(shared + 1, SM2_SIZE));
    pcai_sm3_update(&h, plain);
    pcai_sm3_update(&h, pcai_slice(shared + 1 + SM2_SIZE, SM2_SIZE));
    pcai_sm3_finish(&h, hash);
    pcai_wipe(&h, sizeof h);
}

/* C1 = k * G, and k * the receiver's key. */
static int make_shared(const struct public_key *to, struct random *random, uint8_t c1[SM2_POINT], uint8_t shared[SM2_POINT])
{
    mbedtls_ecp_group *group = (mbedtls_ecp_group *)&to->group; /* a public key belongs to one thread */
    struct sm2_scalar k;
    uint8_t point[SM2_POINT];
    size_t used;
    int failed = mbedtls_ecp_point_write_binary(group, &to->point, MBEDTLS_ECP_PF_UNCOMPRESSED, &used, point, sizeof point);
    if (!failed)
        failed = pcai_sm2_draw(random, NULL, &k);
    if (!failed)
        failed = pcai_sm2_multiply(group, &k, NULL, random, c1);
    if (!failed)
        failed = pcai_sm2_multiply(group, &k, point, random, shared);
    declassify(c1, SM2_POINT);
    pcai_wipe(&k, sizeof k);
    return failed;
}

static int require_sm2(int algorithm, pca_error *err)
{
    return algorithm == PCA_KEY_SM2 ? PCA_OK : pcai_fail(err, PCA_E_ALGORITHM, NULL, NULL, "SM2 encryption takes an SM2 key");
}

int pcai_sm2_encrypt(const struct public_key *to, struct random *random, int form, struct slice plain, struct buf *out, pca_error *err)
{
    uint8_t shared[SM2_POINT];
    struct cipher c;
    struct buf data = {0};
    unsigned any = 0;
    int failed = 0, rc = require_sm2(pcai_public_algorithm(to), err);
    if (rc == PCA_OK && (plain.size == 0 || plain.size > PCAI_SM2_PLAIN_MAX))
        rc = pcai_fail(err, PCA_E_INVALID, NULL, NULL, "SM2 encrypts 1 to %d octets; these are %zu", PCAI_SM2_PLAIN_MAX, plain.size);
    if (rc != PCA_OK)
        return rc;
    uint8_t *at = pcai_buf_grow(&data, plain.size);
    if (!at)
        return pcai_no_memory(err);
    while (!failed && !any) { /* again only for a key stream of zeros: one time in 256 for one octet, in 2^128 for sixteen */
        failed = make_shared(to, random, c.point, shared);
        any = failed ? 0 : mask(shared, plain.data, at, plain.size);
        declassify(&any, sizeof any);
    }
    if (!failed) {
        hash_plain(shared, plain, c.hash);
        c.data = pcai_buf_view(&data);
        if (form == PCAI_SM2_DER)
            write_der(out, &c);
        else
            write_octets(out, &c);
    }
    pcai_wipe(shared, sizeof shared);
    pcai_buf_free(&data);
    return failed ? pcai_fail_mbedtls(err, failed, "SM2 encryption") : pcai_buf_check(out, err);
}

/* One text for whatever is wrong with the octets. */
static int refuse(pca_error *err)
{
    return pcai_fail(err, PCA_E_CRYPTO, NULL, NULL, "the SM2 ciphertext does not open with this key");
}

int pcai_sm2_decrypt(const struct key *key, struct random *random, int form, struct slice in, struct buf *plain, pca_error *err)
{
    uint8_t shared[SM2_POINT], hash[SM3_SIZE];
    struct cipher c;
    size_t before = plain->size;
    int rc = require_sm2(pcai_key_algorithm(key), err);
    if (rc != PCA_OK)
        return rc;
    if ((form == PCAI_SM2_DER ? read_der(in, &c) : read_octets(in, &c)) != 0 || c.data.size == 0 || c.data.size > PCAI_SM2_PLAIN_MAX)
        return refuse(err);
    rc = pcai_sm2_key_multiply(key, random, c.point, shared, err);
    if (rc != PCA_OK)
        return rc == PCA_E_CRYPTO ? refuse(err) : rc;
    uint8_t *at = pcai_buf_grow(plain, c.data.size);
    unsigned good = at ? mask(shared, c.data.data, at, c.data.size) : 0;
    if (at) {
        hash_plain(shared, pcai_slice(at, c.data.size), hash);
        good &= (unsigned)pcai_equal_secret(hash, c.hash, SM3_SIZE);
    }
    declassify(&good, sizeof good);
    pcai_wipe(shared, sizeof shared);
    pcai_wipe(hash, sizeof hash);
    if (good)
        return PCA_OK;
    if (!at)
        return pcai_no_memory(err);
    pcai_wipe(at, c.data.size);
    plain->size = before;
    return refuse(err);
}
