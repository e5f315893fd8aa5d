#include "crypto/internal.h"
#include "crypto/sm2.h"

#define OID(octets) {(const uint8_t *)octets, sizeof octets - 1}

static const struct algorithm algorithms[] = {
    {PCA_KEY_RSA_1024, PCA_FAMILY_RSA, PCAI_SHA256, "RSA 1024", 1024, MBEDTLS_ECP_DP_NONE, {NULL, 0}},
    {PCA_KEY_RSA_2048, PCA_FAMILY_RSA, PCAI_SHA256, "RSA 2048", 2048, MBEDTLS_ECP_DP_NONE, {NULL, 0}},
    {PCA_KEY_RSA_3072, PCA_FAMILY_RSA, PCAI_SHA256, "RSA 3072", 3072, MBEDTLS_ECP_DP_NONE, {NULL, 0}},
    {PCA_KEY_RSA_4096, PCA_FAMILY_RSA, PCAI_SHA256, "RSA 4096", 4096, MBEDTLS_ECP_DP_NONE, {NULL, 0}},
    {PCA_KEY_EC_P256, PCA_FAMILY_ECC, PCAI_SHA256, "EC P-256", 256, MBEDTLS_ECP_DP_SECP256R1, OID("\x2A\x86\x48\xCE\x3D\x03\x01\x07")},
    {PCA_KEY_EC_P384, PCA_FAMILY_ECC, PCAI_SHA384, "EC P-384", 384, MBEDTLS_ECP_DP_SECP384R1, OID("\x2B\x81\x04\x00\x22")},
    {PCA_KEY_EC_P521, PCA_FAMILY_ECC, PCAI_SHA512, "EC P-521", 521, MBEDTLS_ECP_DP_SECP521R1, OID("\x2B\x81\x04\x00\x23")},
    {PCA_KEY_SM2, PCA_FAMILY_SM2, PCAI_SM3, "SM2", 256, MBEDTLS_ECP_DP_NONE, OID("\x2A\x81\x1C\xCF\x55\x01\x82\x2D")},
};
#define COUNT (sizeof algorithms / sizeof *algorithms)

const struct algorithm *pcai_algorithm(int algorithm)
{
    for (size_t i = 0; i < COUNT; i++)
        if (algorithms[i].algorithm == algorithm)
            return &algorithms[i];
    return NULL;
}

const struct algorithm *pcai_algorithm_of_curve(struct slice oid)
{
    for (size_t i = 0; i < COUNT; i++)
        if (algorithms[i].curve.data && pcai_slice_equal(algorithms[i].curve, oid))
            return &algorithms[i];
    return NULL;
}

const struct algorithm *pcai_algorithm_of_bits(size_t bits)
{
    for (size_t i = 0; i < COUNT; i++)
        if (algorithms[i].family == PCA_FAMILY_RSA && algorithms[i].bits == bits)
            return &algorithms[i];
    return NULL;
}

int pcai_algorithm_group(const struct algorithm *algorithm, mbedtls_ecp_group *group)
{
    return algorithm->family == PCA_FAMILY_SM2 ? pcai_sm2_group(group) : mbedtls_ecp_group_load(group, algorithm->group);
}

struct slice pcai_rsa_oid(void)
{
    return pcai_slice("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01", 9);
}

struct slice pcai_ec_oid(void)
{
    return pcai_slice("\x2A\x86\x48\xCE\x3D\x02\x01", 7);
}

int pcai_algorithm_family(int algorithm)
{
    const struct algorithm *a = pcai_algorithm(algorithm);
    return a ? a->family : 0;
}

int pcai_algorithm_digest(int algorithm)
{
    const struct algorithm *a = pcai_algorithm(algorithm);
    return a ? a->digest : 0;
}

const char *pcai_algorithm_name(int algorithm)
{
    const struct algorithm *a = pcai_algorithm(algorithm);
    return a ? a->name : "unknown";
}

/* An error is one of the module's, a multiple of 0x80, and one of what it stands on added to it. */
static int no_memory(int error)
{
    int low = -(-error & 0x7F), high = error - low;
    return low == MBEDTLS_ERR_MPI_ALLOC_FAILED || high == MBEDTLS_ERR_MD_ALLOC_FAILED || high == MBEDTLS_ERR_ECP_ALLOC_FAILED ||
           high == MBEDTLS_ERR_CIPHER_ALLOC_FAILED;
}

int pcai_mbedtls_lacked(int error)
{
    return no_memory(error) || error == MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE || -(-error & 0x7F) == MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}

int pcai_fail_mbedtls(pca_error *err, int error, const char *what)
{
    if (no_memory(error))
        return pcai_no_memory(err);
    if (error == MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE)
        return pcai_fail(err, PCA_E_UNSUPPORTED, NULL, NULL, "%s failed: this build of mbedTLS lacks the curve", what);
    return pcai_fail(err, PCA_E_CRYPTO, NULL, NULL, "%s failed (mbedTLS -0x%04x)", what, (unsigned)-error);
}
