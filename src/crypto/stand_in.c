/* Public keys of the right form that are nobody's, for certificates that are only looked at. */
#include "base/der.h"
#include "crypto/internal.h"

/* The generators (SEC 2, GB/T 32918.5), uncompressed. */
#define P256_G                                                                                                                             \
    "\x04\x6B\x17\xD1\xF2\xE1\x2C\x42\x47\xF8\xBC\xE6\xE5\x63\xA4\x40\xF2\x77\x03\x7D\x81\x2D\xEB\x33\xA0\xF4\xA1\x39\x45\xD8\x98\xC2\x96" \
    "\x4F\xE3\x42\xE2\xFE\x1A\x7F\x9B\x8E\xE7\xEB\x4A\x7C\x0F\x9E\x16\x2B\xCE\x33\x57\x6B\x31\x5E\xCE\xCB\xB6\x40\x68\x37\xBF\x51\xF5"
#define P384_G                                                                                                                             \
    "\x04\xAA\x87\xCA\x22\xBE\x8B\x05\x37\x8E\xB1\xC7\x1E\xF3\x20\xAD\x74\x6E\x1D\x3B\x62\x8B\xA7\x9B\x98\x59\xF7\x41\xE0\x82\x54\x2A\x38" \
    "\x55\x02\xF2\x5D\xBF\x55\x29\x6C\x3A\x54\x5E\x38\x72\x76\x0A\xB7\x36\x17\xDE\x4A\x96\x26\x2C\x6F\x5D\x9E\x98\xBF\x92\x92\xDC\x29\xF8" \
    "\xF4\x1D\xBD\x28\x9A\x14\x7C\xE9\xDA\x31\x13\xB5\xF0\xB8\xC0\x0A\x60\xB1\xCE\x1D\x7E\x81\x9D\x7A\x43\x1D\x7C\x90\xEA\x0E\x5F"
#define P521_G                                                                                                                             \
    "\x04\x00\xC6\x85\x8E\x06\xB7\x04\x04\xE9\xCD\x9E\x3E\xCB\x66\x23\x95\xB4\x42\x9C\x64\x81\x39\x05\x3F\xB5\x21\xF8\x28\xAF\x60\x6B\x4D" \
    "\x3D\xBA\xA1\x4B\x5E\x77\xEF\xE7\x59\x28\xFE\x1D\xC1\x27\xA2\xFF\xA8\xDE\x33\x48\xB3\xC1\x85\x6A\x42\x9B\xF9\x7E\x7E\x31\xC2\xE5\xBD" \
    "\x66\x01\x18\x39\x29\x6A\x78\x9A\x3B\xC0\x04\x5C\x8A\x5F\xB4\x2C\x7D\x1B\xD9\x98\xF5\x44\x49\x57\x9B\x44\x68\x17\xAF\xBD\x17\x27\x3E" \
    "\x66\x2C\x97\xEE\x72\x99\x5E\xF4\x26\x40\xC5\x50\xB9\x01\x3F\xAD\x07\x61\x35\x3C\x70\x86\xA2\x72\xC2\x40\x88\xBE\x94\x76\x9F\xD1\x66" \
    "\x50"
#define SM2_G                                                                                                                              \
    "\x04\x32\xC4\xAE\x2C\x1F\x19\x81\x19\x5F\x99\x04\x46\x6A\x39\xC9\x94\x8F\xE3\x0B\xBF\xF2\x66\x0B\xE1\x71\x5A\x45\x89\x33\x4C\x74\xC7" \
    "\xBC\x37\x36\xA2\xF4\xF6\x77\x9C\x59\xBD\xCE\xE3\x6B\x69\x21\x53\xD0\xA9\x87\x7C\xC6\x2A\x47\x40\x02\xDF\x32\xE5\x21\x39\xF0\xA0"

/* id-ecPublicKey with the curve, and its generator. */
static void put_ec(struct buf *out, const struct algorithm *a)
{
    const struct slice points[] = {pcai_slice(P256_G, sizeof P256_G - 1), pcai_slice(P384_G, sizeof P384_G - 1), pcai_slice(P521_G, sizeof P521_G - 1),
                                   pcai_slice(SM2_G, sizeof SM2_G - 1)};
    size_t algorithm = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_ec_oid());
    pcai_der_put(out, DER_OID, a->curve);
    pcai_der_end(out, algorithm);
    pcai_der_bits(out, points[a->algorithm - PCA_KEY_EC_P256], 0);
}

/* All bits of the modulus set, the usual exponent. */
static void put_rsa(struct buf *out, const struct algorithm *a)
{
    struct buf key = {0};
    size_t algorithm = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_rsa_oid());
    pcai_der_null(out);
    pcai_der_end(out, algorithm);
    size_t mark = pcai_der_begin(&key, DER_SEQUENCE), modulus = pcai_der_begin(&key, DER_INTEGER);
    pcai_buf_octet(&key, 0);
    for (unsigned i = 0; i < a->bits / 8; i++)
        pcai_buf_octet(&key, 0xFF);
    pcai_der_end(&key, modulus);
    pcai_der_uint(&key, PCAI_RSA_EXPONENT_MIN);
    pcai_der_end(&key, mark);
    pcai_der_bits(out, pcai_buf_view(&key), 0);
    out->failed |= key.failed;
    pcai_buf_free(&key);
}

void pcai_public_stand_in(int algorithm, struct buf *out)
{
    const struct algorithm *a = pcai_algorithm(algorithm);
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    if (a->family == PCA_FAMILY_RSA)
        put_rsa(out, a);
    else
        put_ec(out, a);
    pcai_der_end(out, mark);
}
