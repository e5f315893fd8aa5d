#define _POSIX_C_SOURCE 200809L

#include "identity.h"

#include <mbedtls/version.h>
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

#include <time.h>

static void init_tls(struct identity *id)
{
    mbedtls_ssl_config_init(&id->tls);
    mbedtls_x509_crt_init(&id->own);
    mbedtls_x509_crt_init(&id->root);
    mbedtls_pk_init(&id->key);
}

static void free_tls(struct identity *id)
{
    mbedtls_ssl_config_free(&id->tls);
    mbedtls_x509_crt_free(&id->own);
    mbedtls_x509_crt_free(&id->root);
    mbedtls_pk_free(&id->key);
}

void identity_init(struct identity *id, const char *host)
{
    *id = (struct identity){.host = host};
    mbedtls_entropy_init(&id->entropy);
    mbedtls_ctr_drbg_init(&id->random);
    init_tls(id);
}

void identity_free(struct identity *id)
{
    free_tls(id);
    mbedtls_ctr_drbg_free(&id->random);
    mbedtls_entropy_free(&id->entropy);
}

/* Once. TLS 1.3 in mbedTLS 3 works through PSA. */
static int seed(struct identity *id)
{
    int bad = id->cert == 0 && mbedtls_ctr_drbg_seed(&id->random, mbedtls_entropy_func, &id->entropy, NULL, 0) != 0;
#if MBEDTLS_VERSION_MAJOR >= 3
    bad = bad || psa_crypto_init() != PSA_SUCCESS;
#endif
    return bad;
}

static int parse_key(struct identity *id, const pca_blob *key)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_pk_parse_key(&id->key, pca_blob_data(key), pca_blob_size(key), NULL, 0, mbedtls_ctr_drbg_random, &id->random);
#else
    return mbedtls_pk_parse_key(&id->key, pca_blob_data(key), pca_blob_size(key), NULL, 0);
#endif
}

/* The NUL that follows a blob ends PEM for mbedTLS. */
static int parse_pem(mbedtls_x509_crt *crt, const pca_blob *pem)
{
    return mbedtls_x509_crt_parse(crt, pca_blob_data(pem), pca_blob_size(pem) + 1);
}

static int configure(struct identity *id, struct ca *ca, const pca_blob *leaf, const pca_blob *chain, const pca_blob *root,
                     const pca_blob *key)
{
    free_tls(id);
    init_tls(id);
    int bad = seed(id) || parse_pem(&id->own, leaf) || parse_pem(&id->own, chain) || parse_pem(&id->root, root) || parse_key(id, key)
        || mbedtls_ssl_config_defaults(&id->tls, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT)
        || mbedtls_ssl_conf_own_cert(&id->tls, &id->own, &id->key);
    mbedtls_ssl_conf_rng(&id->tls, mbedtls_ctr_drbg_random, &id->random);
    mbedtls_ssl_conf_ca_chain(&id->tls, &id->root, NULL);
    if (bad)
        pca_error_set(ca->err, PCA_E_CRYPTO, 0, "mbedTLS does not take the certificate or its key");
    return bad ? PCA_E_CRYPTO : PCA_OK;
}

int identity_take(struct identity *id, struct ca *ca, int *fresh)
{
    pca_cert *cert = NULL;
    pca_blob *leaf = NULL, *chain = NULL, *root = NULL, *key = NULL;
    int rc = ca_current(ca, PCA_CERT_SERVER, id->host, time(NULL), &cert);
    *fresh = rc == PCA_OK && pca_cert_id(cert) != id->cert;
    if (!*fresh)
        goto out;
    rc = pca_cert_pem(cert, &leaf, ca->err);
    if (rc == PCA_OK)
        rc = pca_ca_chain(pca_sub_ca(ca->sub), 0, &chain, ca->err);
    if (rc == PCA_OK)
        rc = pca_ca_certificate(pca_root_ca(ca->root), PCA_FORMAT_PEM, &root, ca->err);
    if (rc == PCA_OK)
        rc = pca_cert_export_key(cert, PCA_FORMAT_DER, PCA_PLAIN_KEY, NULL, &key, ca->err);
    if (rc == PCA_OK)
        rc = configure(id, ca, leaf, chain, root, key);
    if (rc == PCA_OK)
        id->cert = pca_cert_id(cert);
out:
    pca_blob_free(key);
    pca_blob_free(root);
    pca_blob_free(chain);
    pca_blob_free(leaf);
    pca_cert_free(cert);
    return rc;
}
