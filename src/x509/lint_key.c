/* SubjectPublicKeyInfo (RFC 3279 2.3, RFC 5480 2): size, exponent, curve and point. What takes arithmetic, such as close
 * primes, is refused where a key comes in. */
#include "x509/lint_internal.h"

#include "crypto/crypto.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MIN_WEAK 1024
#define UNCOMPRESSED 4

static int is_rsa(const struct lint_run *run)
{
    return pcai_oid_find(run->tbs.key.algorithm) == OID_RSA_ENCRYPTION;
}

static int is_ec(const struct lint_run *run)
{
    return pcai_oid_find(run->tbs.key.algorithm) == OID_EC_PUBLIC_KEY;
}

/* ---- RSA ---- */

/* Of a positive INTEGER; 0 for others. */
static size_t bit_length(struct slice n)
{
    size_t bits = n.size * 8;
    if (n.data[0] >= 0x80)
        return 0;
    for (size_t i = 0; i < n.size * 8 && !(n.data[i / 8] & 0x80 >> i % 8); i++)
        bits--;
    return bits;
}

static void rsa_modulus_2048(struct lint_run *run)
{
    size_t least = run->context->allow_weak ? RSA_BITS_MIN_WEAK : RSA_BITS_MIN;
    size_t bits = is_rsa(run) ? bit_length(run->tbs.key.modulus) : least;
    if (bits < least || bits % 8)
        pcai_lint_found(run, LINT_ERROR, "public_key", "the RSA modulus has %zu bits; a multiple of 8 from %zu up is possible", bits, least);
}

static void rsa_exponent_sane(struct lint_run *run)
{
    struct slice e = run->tbs.key.exponent;
    uint64_t value = 0;
    if (!is_rsa(run))
        return;
    for (size_t i = 0; i < e.size; i++)
        value = e.size > 8 ? PCAI_RSA_EXPONENT_MIN : value << 8 | e.data[i];
    if (e.data[0] >= 0x80 || value < PCAI_RSA_EXPONENT_MIN || !(e.data[e.size - 1] & 1))
        pcai_lint_found(run, LINT_ERROR, "public_key", "an RSA exponent is odd and at least %d", PCAI_RSA_EXPONENT_MIN);
}

static void spki_rsa_null_params(struct lint_run *run)
{
    if (!is_rsa(run) && !is_ec(run))
        pcai_lint_found(run, LINT_ERROR, "public_key", "the key's algorithm is neither rsaEncryption nor id-ecPublicKey");
    else if (is_rsa(run) && run->tbs.key.parameters != DER_NULL)
        pcai_lint_found(run, LINT_ERROR, "public_key", "the parameters of rsaEncryption are NULL");
}

/* ---- EC ---- */

#define SM2_CURVE "\x2A\x81\x1C\xCF\x55\x01\x82\x2D" /* 1.2.156.10197.1.301 */
#define CURVE(octets, field) {octets, sizeof octets - 1, field}
/* P-256, P-384, P-521, SM2: OID, octets of a coordinate. */
static const struct {
    const char *oid;
    size_t size, field;
} curves[] = {
    CURVE("\x2A\x86\x48\xCE\x3D\x03\x01\x07", 32),
    CURVE("\x2B\x81\x04\x00\x22", 48),
    CURVE("\x2B\x81\x04\x00\x23", 66),
    CURVE(SM2_CURVE, 32),
};

/* Octets of a coordinate; 0 when no such curve is named. */
static size_t coordinate(const struct lint_key *key)
{
    for (size_t i = 0; key->parameters == DER_OID && i < sizeof curves / sizeof *curves; i++)
        if (pcai_slice_equal(key->parameter, pcai_slice(curves[i].oid, curves[i].size)))
            return curves[i].field;
    return 0;
}

static void ec_named_curve_only(struct lint_run *run)
{
    if (is_ec(run) && !coordinate(&run->tbs.key))
        pcai_lint_found(run, LINT_ERROR, "public_key", "the parameters are not the name of P-256, P-384, P-521 or SM2");
}

static void ec_point_on_curve(struct lint_run *run)
{
    const struct lint_key *key = &run->tbs.key;
    struct public_key *point = NULL;
    size_t field = coordinate(key);
    if (!is_ec(run) || !field)
        return;
    int rc = PCA_E_ALGORITHM;
    if (key->bits.size == 1 + 2 * field && key->bits.data[0] == UNCOMPRESSED)
        rc = pcai_public_read(run->tbs.public_key, &point, NULL);
    pcai_public_free(point);
    run->no_memory |= rc == PCA_E_NO_MEMORY;
    if (rc == PCA_E_ALGORITHM)
        pcai_lint_found(run, LINT_ERROR, "public_key", "the point is not uncompressed, or not on the curve");
}

/* ---- SM2 ---- */

int pcai_lint_key_is_sm2(const struct lint_key *key)
{
    return pcai_oid_find(key->algorithm) == OID_EC_PUBLIC_KEY && key->parameters == DER_OID &&
           pcai_slice_equal(key->parameter, pcai_slice(SM2_CURVE, sizeof SM2_CURVE - 1));
}

/* GM/T 0015: what is signed by SM2 is an SM2 key, and the other way round: a leaf's family is its issuer's. */
static void spki_sm2_params(struct lint_run *run)
{
    int signer = pcai_algorithm_family(run->context->signature_key) == PCA_FAMILY_SM2;
    if (signer != pcai_lint_key_is_sm2(&run->tbs.key))
        pcai_lint_found(run, LINT_ERROR, "public_key", "an SM2 key, id-ecPublicKey with the curve of SM2, stands under an SM2 signature, and only there");
}

static const struct lint lints[] = {
    {"rsa_modulus_2048", LINT_ON_CERTIFICATE, rsa_modulus_2048},
    {"rsa_exponent_sane", LINT_ON_CERTIFICATE, rsa_exponent_sane},
    {"ec_named_curve_only", LINT_ON_CERTIFICATE, ec_named_curve_only},
    {"ec_point_on_curve", LINT_ON_CERTIFICATE, ec_point_on_curve},
    {"spki_rsa_null_params", LINT_ON_CERTIFICATE, spki_rsa_null_params},
    {"spki_sm2_params", LINT_ON_CERTIFICATE, spki_sm2_params},
};
const struct lint_group pcai_lints_key = LINT_GROUP(lints);
