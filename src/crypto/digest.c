#include "base/memory.h"
#include "crypto/internal.h"
#include "crypto/sm3.h"

mbedtls_md_type_t pcai_md_type(int digest)
{
    return digest == PCAI_SHA256   ? MBEDTLS_MD_SHA256
           : digest == PCAI_SHA384 ? MBEDTLS_MD_SHA384
           : digest == PCAI_SHA512 ? MBEDTLS_MD_SHA512
           : digest == PCAI_SHA1   ? MBEDTLS_MD_SHA1
                                   : MBEDTLS_MD_NONE;
}

size_t pcai_digest_size(int digest)
{
    switch (digest) {
    case PCAI_SHA1:
        return 20;
    case PCAI_SHA256:
    case PCAI_SM3:
        return 32;
    case PCAI_SHA384:
        return 48;
    case PCAI_SHA512:
        return 64;
    default:
        return 0;
    }
}

const mbedtls_md_info_t *pcai_md_info(int digest, pca_error *err)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(pcai_md_type(digest));
    if (!info)
        pcai_fail(err, PCA_E_UNSUPPORTED, NULL, NULL, "this build of mbedTLS lacks SHA-%d",
                  digest == PCAI_SHA1 ? 1 : (int)pcai_digest_size(digest) * 8);
    return info;
}

static int digest_sm3(struct slice in, uint8_t out[PCAI_DIGEST_MAX])
{
    struct sm3 h;
    pcai_sm3_start(&h);
    pcai_sm3_update(&h, in);
    pcai_sm3_finish(&h, out);
    return PCA_OK;
}

int pcai_digest(int digest, struct slice in, uint8_t out[PCAI_DIGEST_MAX], pca_error *err)
{
    if (digest == PCAI_SM3)
        return digest_sm3(in, out);
    const mbedtls_md_info_t *info = pcai_md_info(digest, err);
    if (!info)
        return PCA_E_UNSUPPORTED;
    int rc = mbedtls_md(info, in.data ? in.data : (const uint8_t *)"", in.size, out);
    return rc ? pcai_fail_mbedtls(err, rc, "a digest") : PCA_OK;
}

int pcai_hmac(int digest, struct slice key, struct slice in, uint8_t out[PCAI_DIGEST_MAX], pca_error *err)
{
    const mbedtls_md_info_t *info = pcai_md_info(digest, err);
    if (!info)
        return PCA_E_UNSUPPORTED;
    int rc = mbedtls_md_hmac(info, key.data, key.size, in.data, in.size, out);
    return rc ? pcai_fail_mbedtls(err, rc, "HMAC") : PCA_OK;
}

struct hash {
    int digest;
    mbedtls_md_context_t md; /* unless it is SM3 */
    struct sm3 sm3;
};

static int start(struct hash *h, pca_error *err)
{
    if (h->digest == PCAI_SM3) {
        pcai_sm3_start(&h->sm3);
        return PCA_OK;
    }
    const mbedtls_md_info_t *info = pcai_md_info(h->digest, err);
    if (!info)
        return PCA_E_UNSUPPORTED;
    int failed = mbedtls_md_setup(&h->md, info, 0);
    if (!failed)
        failed = mbedtls_md_starts(&h->md);
    return failed ? pcai_fail_mbedtls(err, failed, "a digest") : PCA_OK;
}

int pcai_hash_new(int digest, struct hash **h, pca_error *err)
{
    struct hash *fresh = pcai_alloc(sizeof *fresh);
    if (!fresh)
        return pcai_no_memory(err);
    fresh->digest = digest;
    mbedtls_md_init(&fresh->md);
    int rc = start(fresh, err);
    if (rc == PCA_OK)
        *h = fresh;
    else
        pcai_hash_free(fresh);
    return rc;
}

int pcai_hash_update(struct hash *h, struct slice in, pca_error *err)
{
    if (h->digest == PCAI_SM3) {
        pcai_sm3_update(&h->sm3, in);
        return PCA_OK;
    }
    int rc = in.size ? mbedtls_md_update(&h->md, in.data, in.size) : 0;
    return rc ? pcai_fail_mbedtls(err, rc, "a digest") : PCA_OK;
}

int pcai_hash_finish(struct hash *h, uint8_t out[PCAI_DIGEST_MAX], pca_error *err)
{
    if (h->digest == PCAI_SM3) {
        pcai_sm3_finish(&h->sm3, out);
        return PCA_OK;
    }
    int rc = mbedtls_md_finish(&h->md, out);
    return rc ? pcai_fail_mbedtls(err, rc, "a digest") : PCA_OK;
}

void pcai_hash_free(struct hash *h)
{
    if (!h)
        return;
    mbedtls_md_free(&h->md);
    pcai_free(h);
}
