/* Public keys: SubjectPublicKeyInfo read strictly, checked, and used to verify. */
#include <string.h>

#include "base/der.h"
#include "base/memory.h"
#include "crypto/sm2.h"

static int refuse(pca_error *err, const char *why)
{
    return pcai_fail(err, PCA_E_ALGORITHM, NULL, "public_key", "%s", why);
}

/* mbedTLS could not read it. */
static int unusable(pca_error *err, int error, const char *why)
{
    return pcai_mbedtls_lacked(error) ? pcai_fail_mbedtls(err, error, "reading a public key") : refuse(err, why);
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 A.1.1) */
static int read_rsa(struct public_key *key, struct der *parameters, struct slice bits, pca_error *err)
{
    struct slice null, n, e;
    struct der outer = pcai_der(bits), rsa;
    uint64_t exponent;
    if (pcai_der_get(parameters, DER_NULL, &null) != 0 || null.size != 0 || !pcai_der_at_end(parameters))
        return refuse(err, "the parameters of an RSA key are NULL (RFC 3279)");
    if (pcai_der_enter(&outer, DER_SEQUENCE, &rsa) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_integer(&rsa, &n) != 0)
        return refuse(err, "the RSA public key is not well-formed");
    struct der e_at = rsa;
    if (pcai_der_get_integer(&rsa, &e) != 0 || !pcai_der_at_end(&rsa) || n.data[0] >= 0x80 || e.data[0] >= 0x80)
        return refuse(err, "the RSA public key is not well-formed");
    if (pcai_der_get_uint(&e_at, &exponent) != 0)
        exponent = PCAI_RSA_EXPONENT_MIN; /* longer than eight octets */
    if (exponent < PCAI_RSA_EXPONENT_MIN || !(e.data[e.size - 1] & 1))
        return refuse(err, "an RSA exponent is odd and at least 65537");
    if (!(n.data[n.size - 1] & 1))
        return refuse(err, "an RSA modulus is odd");
    int failed = mbedtls_rsa_import_raw(&key->rsa, n.data, n.size, NULL, 0, NULL, 0, NULL, 0, e.data, e.size);
    if (failed == 0)
        failed = mbedtls_rsa_complete(&key->rsa);
    if (failed)
        return unusable(err, failed, "the RSA public key is not usable");
    key->algorithm = pcai_algorithm_of_bits(mbedtls_mpi_bitlen(&key->rsa.MBEDTLS_PRIVATE(N)));
    return key->algorithm ? PCA_OK : refuse(err, "an RSA modulus has 2048, 3072 or 4096 bits (1024 by policy allow_weak)");
}

/* ECPoint, uncompressed (RFC 5480 2.2). */
static int read_ec(struct public_key *key, struct der *parameters, struct slice bits, pca_error *err)
{
    struct slice curve;
    if (pcai_der_get_oid(parameters, &curve) != 0 || !pcai_der_at_end(parameters))
        return refuse(err, "an EC key names its curve; explicit and implicit parameters are refused (RFC 5480 2.1.1)");
    key->algorithm = pcai_algorithm_of_curve(curve);
    if (!key->algorithm)
        return refuse(err, "the curve is none of P-256, P-384, P-521 and SM2");
    size_t octets = (key->algorithm->bits + 7) / 8;
    if (bits.size != 1 + 2 * octets || bits.data[0] != 4)
        return refuse(err, "an EC point is given uncompressed");
    int failed = pcai_algorithm_group(key->algorithm, &key->group);
    if (failed)
        return pcai_fail_mbedtls(err, failed, "reading a public key");
    failed = mbedtls_ecp_point_read_binary(&key->group, &key->point, bits.data, bits.size);
    if (failed == 0)
        failed = mbedtls_ecp_check_pubkey(&key->group, &key->point);
    if (failed)
        return unusable(err, failed, "the EC point is not on the curve");
    if (key->algorithm->family == PCA_FAMILY_SM2)
        pcai_sm2_za(bits.data, key->za);
    return PCA_OK;
}

static int read(struct public_key *key, struct slice spki, pca_error *err)
{
    struct der outer = pcai_der(spki), info, algorithm;
    struct slice oid, bits;
    unsigned unused;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &info) != 0 || !pcai_der_at_end(&outer) ||
        pcai_der_enter(&info, DER_SEQUENCE, &algorithm) != 0 || pcai_der_get_oid(&algorithm, &oid) != 0 ||
        pcai_der_get_bits(&info, &bits, &unused) != 0 || unused != 0 || !pcai_der_at_end(&info))
        return refuse(err, "the SubjectPublicKeyInfo is not well-formed DER");
    if (pcai_slice_equal(oid, pcai_rsa_oid()))
        return read_rsa(key, &algorithm, bits, err);
    if (pcai_slice_equal(oid, pcai_ec_oid()))
        return read_ec(key, &algorithm, bits, err);
    return refuse(err, "the key is none of RSA, EC and SM2");
}

int pcai_public_read(struct slice spki, struct public_key **key, pca_error *err)
{
    struct public_key *fresh = pcai_alloc(sizeof *fresh);
    if (!fresh)
        return pcai_no_memory(err);
    rsa_init(&fresh->rsa);
    mbedtls_ecp_group_init(&fresh->group);
    mbedtls_ecp_point_init(&fresh->point);
    int rc = read(fresh, spki, err);
    if (rc == PCA_OK)
        *key = fresh;
    else
        pcai_public_free(fresh);
    return rc;
}

int pcai_public_algorithm(const struct public_key *key)
{
    return key->algorithm->algorithm;
}

void pcai_public_free(struct public_key *key)
{
    if (!key)
        return;
    mbedtls_rsa_free(&key->rsa);
    mbedtls_ecp_group_free(&key->group);
    mbedtls_ecp_point_free(&key->point);
    pcai_free(key);
}

/* Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER } (RFC 3279 2.2.3) */
static int read_ecdsa(struct slice signature, mbedtls_mpi *r, mbedtls_mpi *s)
{
    struct der outer = pcai_der(signature), pair;
    struct slice x, y;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &pair) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_integer(&pair, &x) != 0 ||
        pcai_der_get_integer(&pair, &y) != 0 || !pcai_der_at_end(&pair) || x.data[0] >= 0x80 || y.data[0] >= 0x80)
        return -1;
    int failed = mbedtls_mpi_read_binary(r, x.data, x.size);
    return failed ? failed : mbedtls_mpi_read_binary(s, y.data, y.size);
}

static int verify_ec(const struct public_key *key, const uint8_t *hash, size_t size, struct slice signature)
{
    mbedtls_mpi r, s;
    mbedtls_ecp_group *group = (mbedtls_ecp_group *)&key->group; /* a public key belongs to one thread */
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    int failed = read_ecdsa(signature, &r, &s);
    if (failed == 0)
        failed = mbedtls_ecdsa_verify(group, hash, size, &key->point, &r, &s);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return failed;
}

static int verify_rsa(const struct public_key *key, int digest, const uint8_t *hash, size_t size, struct slice signature)
{
    mbedtls_rsa_context *rsa = (mbedtls_rsa_context *)&key->rsa;
    if (signature.size != mbedtls_rsa_get_len(rsa))
        return MBEDTLS_ERR_RSA_VERIFY_FAILED;
    return rsa_verify(rsa, pcai_md_type(digest), (unsigned)size, hash, signature.data);
}

/* GB/T 32918.2 5.5. */
static void sm2_hash(const struct public_key *key, struct slice message, uint8_t hash[SM3_SIZE])
{
    struct sm3 h;
    pcai_sm3_start(&h);
    pcai_sm3_update(&h, pcai_slice(key->za, sizeof key->za));
    pcai_sm3_update(&h, message);
    pcai_sm3_finish(&h, hash);
}

int pcai_public_verify(const struct public_key *key, int digest, struct slice message, struct slice signature, pca_error *err)
{
    uint8_t hash[PCAI_DIGEST_MAX];
    int rc = PCA_OK;
    if (key->algorithm->family == PCA_FAMILY_SM2)
        sm2_hash(key, message, hash);
    else
        rc = pcai_digest(digest, message, hash, err);
    return rc == PCA_OK ? pcai_public_verify_digest(key, digest, pcai_slice(hash, pcai_digest_size(digest)), signature, err) : rc;
}

int pcai_public_verify_digest(const struct public_key *key, int digest, struct slice hash, struct slice signature, pca_error *err)
{
    int failed, sm2 = key->algorithm->family == PCA_FAMILY_SM2;
    if (sm2 != (digest == PCAI_SM3))
        return pcai_fail(err, PCA_E_CRYPTO, NULL, NULL, "the signature's digest does not go with the key: SM2 signs over SM3, others do not");
    if (sm2)
        failed = pcai_sm2_verify((mbedtls_ecp_group *)&key->group, &key->point, hash.data, signature);
    else if (key->algorithm->family == PCA_FAMILY_ECC)
        failed = verify_ec(key, hash.data, hash.size, signature);
    else
        failed = verify_rsa(key, digest, hash.data, hash.size, signature);
    if (failed && pcai_mbedtls_lacked(failed))
        return pcai_fail_mbedtls(err, failed, "verifying a signature");
    return failed ? pcai_fail(err, PCA_E_CRYPTO, NULL, NULL, "the signature does not verify") : PCA_OK;
}

/* ---- Weak RSA moduli ---- */

#define SMALL_PRIME_END 65536
#define FERMAT_ROUNDS 100
#define MODULUS_WORDS_MAX 128 /* of 32 bits */

/* Montgomery's reduction word by word, least first: n / 2^(32 count) modulo the odd m. A divisor of m divides it as it does
 * n. */
static uint32_t reduce(const uint32_t *words, size_t count, uint32_t m)
{
    uint32_t inverse = m;
    for (int i = 0; i < 4; i++) /* Newton: 3, 6, 12, 24, 48 right bits */
        inverse *= 2 - m * inverse;
    uint64_t r = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t t = r + words[i];
        r = (t + (uint64_t)((uint32_t)t * (0 - inverse)) * m) >> 32;
    }
    return (uint32_t)(r % m);
}

/* Some primes with their product. */
struct primes {
    uint32_t at[10];
    size_t count;
    uint64_t product;
};

static int one_divides(const struct primes *primes, const uint32_t *words, size_t count)
{
    uint32_t rest = reduce(words, count, (uint32_t)primes->product);
    int found = 0;
    for (size_t i = 0; i < primes->count; i++)
        found |= rest % primes->at[i] == 0;
    return found;
}

/* As many primes at a time as have a product of 32 bits. */
static int small_divides(const uint32_t *words, size_t count)
{
    uint8_t composite[SMALL_PRIME_END / 16] = {0}; /* a bit for each odd number */
    struct primes primes = {.product = 1};
    int found = 0;
    for (uint32_t p = 3; p < SMALL_PRIME_END && !found; p += 2) {
        if (composite[p / 16] >> p / 2 % 8 & 1)
            continue;
        for (uint64_t q = (uint64_t)p * p; q < SMALL_PRIME_END; q += 2 * p)
            composite[q / 16] |= (uint8_t)(1 << q / 2 % 8);
        if (primes.product * p > UINT32_MAX) {
            found = one_divides(&primes, words, count);
            primes = (struct primes){.product = 1};
        }
        primes.at[primes.count++] = p;
        primes.product *= p;
    }
    return found || one_divides(&primes, words, count);
}

static int has_small_factor(const mbedtls_mpi *n, int *found)
{
    uint8_t octets[4 * MODULUS_WORDS_MAX];
    uint32_t words[MODULUS_WORDS_MAX];
    if (mbedtls_mpi_write_binary(n, octets, sizeof octets) != 0)
        return -1;
    for (size_t i = 0; i < MODULUS_WORDS_MAX; i++) {
        const uint8_t *at = octets + sizeof octets - 4 * (i + 1);
        words[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    *found = small_divides(words, (mbedtls_mpi_bitlen(n) + 31) / 32);
    return 0;
}

/* Floor of the square root by Newton's method. */
static int square_root(mbedtls_mpi *root, const mbedtls_mpi *n)
{
    mbedtls_mpi next, quotient;
    mbedtls_mpi_init(&next);
    mbedtls_mpi_init(&quotient);
    int failed = mbedtls_mpi_lset(&next, 1) || mbedtls_mpi_shift_l(&next, (mbedtls_mpi_bitlen(n) + 1) / 2);
    while (!failed) {
        failed = mbedtls_mpi_copy(root, &next) || mbedtls_mpi_div_mpi(&quotient, NULL, n, root) ||
                 mbedtls_mpi_add_mpi(&next, root, &quotient) || mbedtls_mpi_shift_r(&next, 1);
        if (!failed && mbedtls_mpi_cmp_mpi(&next, root) >= 0)
            break;
    }
    mbedtls_mpi_free(&next);
    mbedtls_mpi_free(&quotient);
    return failed;
}

/* Fermat: n = a² − b² is found at once when the two primes lie close together, and with b = 0 when they are one. */
static int is_fermat(const mbedtls_mpi *n, int *found)
{
    mbedtls_mpi a, b2, b, square;
    mbedtls_mpi_init(&a);
    mbedtls_mpi_init(&b2);
    mbedtls_mpi_init(&b);
    mbedtls_mpi_init(&square);
    *found = 0;
    int failed = square_root(&a, n) || mbedtls_mpi_mul_mpi(&square, &a, &a);
    *found = !failed && mbedtls_mpi_cmp_mpi(&square, n) == 0;
    failed = failed || mbedtls_mpi_add_int(&a, &a, 1);
    for (int i = 0; i < FERMAT_ROUNDS && !failed && !*found; i++) {
        failed = mbedtls_mpi_mul_mpi(&b2, &a, &a) || mbedtls_mpi_sub_mpi(&b2, &b2, n);
        /* squares end in 0, 1, 4 or 9 modulo 16 */
        unsigned low = failed ? 1 : (unsigned)(mbedtls_mpi_get_bit(&b2, 0) | mbedtls_mpi_get_bit(&b2, 1) << 1 | mbedtls_mpi_get_bit(&b2, 2) << 2 | mbedtls_mpi_get_bit(&b2, 3) << 3);
        if (!failed && (low == 0 || low == 1 || low == 4 || low == 9)) {
            failed = square_root(&b, &b2) || mbedtls_mpi_mul_mpi(&square, &b, &b);
            *found = !failed && mbedtls_mpi_cmp_mpi(&square, &b2) == 0;
        }
        failed = failed || mbedtls_mpi_add_int(&a, &a, 1);
    }
    mbedtls_mpi_free(&a);
    mbedtls_mpi_free(&b2);
    mbedtls_mpi_free(&b);
    mbedtls_mpi_free(&square);
    return failed;
}

/* ROCA (CVE-2017-15361): such a modulus is a power of 65537 modulo each of these primes. */
static int is_roca(const mbedtls_mpi *n, int *found)
{
    static const unsigned char primes[] = {11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157};
    *found = 1;
    for (size_t i = 0; i < sizeof primes && *found; i++) {
        mbedtls_mpi_uint rest;
        if (mbedtls_mpi_mod_int(&rest, n, primes[i]) != 0)
            return -1;
        unsigned power = 1, in_group = 0;
        do {
            in_group |= power == (unsigned)rest;
            power = power * (65537u % primes[i]) % primes[i];
        } while (power != 1);
        *found = (int)in_group;
    }
    return 0;
}

int pcai_public_check_weak(const struct public_key *key, pca_error *err)
{
    int small, close_primes, roca;
    if (key->algorithm->family != PCA_FAMILY_RSA)
        return PCA_OK;
    const mbedtls_mpi *n = &key->rsa.MBEDTLS_PRIVATE(N);
    if (has_small_factor(n, &small) || is_fermat(n, &close_primes) || is_roca(n, &roca))
        return pcai_no_memory(err);
    if (small)
        return refuse(err, "the RSA modulus has a small factor");
    if (close_primes)
        return refuse(err, "the RSA modulus is a product of two primes that lie too close together (Fermat)");
    if (roca)
        return refuse(err, "the RSA modulus has the form of a broken key generator (ROCA, CVE-2017-15361)");
    return PCA_OK;
}
