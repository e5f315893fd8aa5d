/* One set of names over mbedTLS 2.28 and 3.6, legacy API. */
#ifndef PCAI_COMPAT_H
#define PCAI_COMPAT_H

#include <mbedtls/aes.h>
#include <mbedtls/base64.h>
#include <mbedtls/bignum.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/des.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/gcm.h>
#include <mbedtls/md.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/rsa.h>
#include <mbedtls/version.h>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define MBEDTLS_PRIVATE(member) member
#define rsa_init(rsa) mbedtls_rsa_init(rsa, MBEDTLS_RSA_PKCS_V15, 0)
#define rsa_sign(rsa, rng, ctx, md, size, hash, out) \
    mbedtls_rsa_rsassa_pkcs1_v15_sign(rsa, rng, ctx, MBEDTLS_RSA_PRIVATE, md, size, hash, out)
#define rsa_verify(rsa, md, size, hash, sig) \
    mbedtls_rsa_rsassa_pkcs1_v15_verify(rsa, NULL, NULL, MBEDTLS_RSA_PUBLIC, md, size, hash, sig)
#else
#define rsa_init(rsa) mbedtls_rsa_init(rsa)
#define rsa_sign(rsa, rng, ctx, md, size, hash, out) mbedtls_rsa_rsassa_pkcs1_v15_sign(rsa, rng, ctx, md, size, hash, out)
#define rsa_verify(rsa, md, size, hash, sig) mbedtls_rsa_rsassa_pkcs1_v15_verify(rsa, md, size, hash, sig)
#endif

#endif
