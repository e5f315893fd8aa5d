/* Keys from passwords. */
#include <string.h>

#include "base/memory.h"
#include "crypto/internal.h"

int pcai_pbkdf2(int digest, struct slice password, struct slice salt, uint32_t rounds, uint8_t *out, size_t size, pca_error *err)
{
    const mbedtls_md_info_t *info = pcai_md_info(digest, err);
    if (!info)
        return PCA_E_UNSUPPORTED;
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    mbedtls_md_context_t md;
    mbedtls_md_init(&md);
    int failed = mbedtls_md_setup(&md, info, 1);
    if (failed == 0)
        failed = mbedtls_pkcs5_pbkdf2_hmac(&md, password.data, password.size, salt.data, salt.size, rounds, (uint32_t)size, out);
    mbedtls_md_free(&md);
#else
    int failed = mbedtls_pkcs5_pbkdf2_hmac_ext(pcai_md_type(digest), password.data, password.size, salt.data, salt.size, rounds,
                                               (uint32_t)size, out);
#endif
    return failed ? pcai_fail_mbedtls(err, failed, "PBKDF2") : PCA_OK;
}

/* ---- RFC 7292 B.2. mbedTLS has it too, but for passwords of at most 31 characters. ---- */

#define BLOCK_MAX 128

static size_t block_of(int digest)
{
    return digest == PCAI_SHA384 || digest == PCAI_SHA512 ? 128 : 64;
}

/* Steps 2 and 3: copies of what, filling whole blocks. */
static void put_repeated(struct buf *out, struct slice what, size_t block)
{
    size_t size = (what.size + block - 1) / block * block;
    uint8_t *at = pcai_buf_grow(out, size);
    for (size_t i = 0; at && i < size; i++)
        at[i] = what.data[i % what.size];
}

/* Step 6 A: A = H^rounds(D ‖ I). */
static int hash_rounds(mbedtls_md_context_t *md, struct slice diversifier, struct slice input, uint32_t rounds, uint8_t *a, size_t size)
{
    int failed = mbedtls_md_starts(md) || mbedtls_md_update(md, diversifier.data, diversifier.size) ||
                 mbedtls_md_update(md, input.data, input.size) || mbedtls_md_finish(md, a);
    for (uint32_t i = 1; !failed && i < rounds; i++)
        failed = mbedtls_md_starts(md) || mbedtls_md_update(md, a, size) || mbedtls_md_finish(md, a);
    return failed;
}

/* Step 6 C: each block of I becomes (block + B + 1) mod 2^v. */
static void add_to_blocks(struct buf *input, const uint8_t *b, size_t block)
{
    for (size_t start = 0; start < input->size; start += block) {
        unsigned carry = 1;
        for (size_t i = block; i-- > 0;) {
            carry += (unsigned)input->data[start + i] + b[i];
            input->data[start + i] = (uint8_t)carry;
            carry >>= 8;
        }
    }
}

int pcai_pkcs12_derive(int digest, enum pkcs12_purpose purpose, struct slice password, struct slice salt, uint32_t rounds,
                       uint8_t *out, size_t size, pca_error *err)
{
    const mbedtls_md_info_t *info = pcai_md_info(digest, err);
    size_t block = block_of(digest), step = pcai_digest_size(digest);
    uint8_t diversifier[BLOCK_MAX], a[PCAI_DIGEST_MAX], b[BLOCK_MAX];
    mbedtls_md_context_t md;
    struct buf input = {0};
    if (!info)
        return PCA_E_UNSUPPORTED;
    memset(diversifier, (int)purpose, sizeof diversifier);
    put_repeated(&input, salt, block);
    put_repeated(&input, password, block);
    mbedtls_md_init(&md);
    int failed = mbedtls_md_setup(&md, info, 0);
    while (!failed && !input.failed && size) {
        failed = hash_rounds(&md, pcai_slice(diversifier, block), pcai_buf_view(&input), rounds, a, step);
        size_t piece = size < step ? size : step;
        memcpy(out, a, piece);
        out += piece;
        size -= piece;
        for (size_t i = 0; i < block; i++)
            b[i] = a[i % step];
        add_to_blocks(&input, b, block);
    }
    int rc = pcai_buf_check(&input, err);
    mbedtls_md_free(&md);
    pcai_buf_free(&input);
    pcai_wipe(a, sizeof a);
    pcai_wipe(b, sizeof b);
    return failed ? pcai_fail_mbedtls(err, failed, "the key derivation of PKCS#12") : rc;
}
