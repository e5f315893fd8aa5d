/* Private keys: PKCS#8 in and out, and signing with contexts from a pool, since mbedTLS contexts are no thread's but one's. */
#include <pthread.h>
#include <string.h>

#include "base/der.h"
#include "base/memory.h"
#include "crypto/sm2.h"

#define RSA_EXPONENT 65537
#define SIGNATURE_MAX 512

/* One thread's: the parsed key, its group with the comb table warm. */
struct signer {
    struct signer *next;
    mbedtls_rsa_context rsa;
    mbedtls_ecp_group group;
    mbedtls_mpi d;
    mbedtls_ecp_point q;
    struct sm2_secret sm2;
};

struct key {
    const struct algorithm *algorithm;
    struct buf pkcs8, spki;
    uint8_t za[SM3_SIZE]; /* SM2 */
    pthread_mutex_t lock;
    struct signer *idle;
    struct key_signer elsewhere; /* and no signer of ours */
};

static void signer_free(struct signer *s)
{
    if (!s)
        return;
    mbedtls_rsa_free(&s->rsa);
    mbedtls_ecp_group_free(&s->group);
    mbedtls_mpi_free(&s->d);
    mbedtls_ecp_point_free(&s->q);
    pcai_wipe_free(s, sizeof *s);
}

static struct signer *signer_new(void)
{
    struct signer *s = pcai_alloc(sizeof *s);
    if (!s)
        return NULL;
    rsa_init(&s->rsa);
    mbedtls_ecp_group_init(&s->group);
    mbedtls_mpi_init(&s->d);
    mbedtls_ecp_point_init(&s->q);
    return s;
}

static int write_point(const struct signer *s, uint8_t point[EC_POINT_MAX], size_t *used)
{
    int failed = mbedtls_ecp_point_write_binary(&s->group, &s->q, MBEDTLS_ECP_PF_UNCOMPRESSED, used, point, EC_POINT_MAX);
    declassify(point, *used);
    return failed;
}

/* ---- Reading ---- */

/* The point is computed anew, which fills the comb table. */
static int load_ec(struct signer *s, const struct algorithm *a, struct slice d, struct random *random)
{
    int failed = pcai_algorithm_group(a, &s->group);
    if (!failed)
        failed = mbedtls_mpi_read_binary(&s->d, d.data, d.size);
    if (!failed)
        failed = a->family == PCA_FAMILY_SM2 ? pcai_sm2_secret_read(&s->sm2, d.data, random) : mbedtls_ecp_check_privkey(&s->group, &s->d);
    return failed ? failed : mbedtls_ecp_mul(&s->group, &s->q, &s->d, &s->group.G, pcai_rng, random);
}

/* What stands behind the number is the key's own; of a compressed point that is not looked at. */
static int fits_ec(const struct signer *s, const struct algorithm *a, struct der *rest)
{
    struct slice content, curve, bits;
    uint8_t point[EC_POINT_MAX];
    size_t size = 0;
    unsigned unused;
    if (pcai_der_optional(rest, DER_CONTEXT_CONSTRUCTED(0), &content)) {
        struct der in = pcai_der(content);
        if (pcai_der_get_oid(&in, &curve) != 0 || !pcai_der_at_end(&in) || !pcai_slice_equal(curve, a->curve))
            return 0;
    }
    if (pcai_der_optional(rest, DER_CONTEXT_CONSTRUCTED(1), &content)) {
        struct der in = pcai_der(content);
        if (pcai_der_get_bits(&in, &bits, &unused) != 0 || unused || !pcai_der_at_end(&in) || write_point(s, point, &size) != 0 ||
            (bits.size == size && !pcai_slice_equal(bits, pcai_slice(point, size))))
            return 0;
    }
    return pcai_der_at_end(rest);
}

/* ECPrivateKey ::= SEQUENCE { version 1, privateKey OCTET STRING, parameters [0] OPTIONAL, publicKey [1] OPTIONAL }
 * (RFC 5915) */
static int read_ec(struct signer *s, const struct algorithm *a, struct slice octets, struct random *random)
{
    struct der outer = pcai_der(octets), ec;
    struct slice d;
    uint64_t version;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &ec) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_uint(&ec, &version) != 0 ||
        version != 1 || pcai_der_get(&ec, DER_OCTET_STRING, &d) != 0 || d.size != (a->bits + 7) / 8)
        return -1;
    int failed = load_ec(s, a, d, random);
    return failed ? failed : fits_ec(s, a, &ec) ? 0 : -1;
}

/* RSAPrivateKey ::= SEQUENCE { version 0, n, e, d, p, q, dP, dQ, qInv } (RFC 8017 A.1.2) */
static int read_rsa(struct signer *s, struct slice octets)
{
    struct der outer = pcai_der(octets), rsa;
    struct slice n[8];
    uint64_t version;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &rsa) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_uint(&rsa, &version) != 0 || version != 0)
        return -1;
    for (int i = 0; i < 8; i++)
        if (pcai_der_get_integer(&rsa, &n[i]) != 0 || n[i].data[0] >= 0x80)
            return -1;
    if (!pcai_der_at_end(&rsa))
        return -1;
    int failed = mbedtls_rsa_import_raw(&s->rsa, n[0].data, n[0].size, n[3].data, n[3].size, n[4].data, n[4].size, n[2].data, n[2].size,
                                        n[1].data, n[1].size);
    if (!failed)
        failed = mbedtls_rsa_complete(&s->rsa);
    return failed ? failed : mbedtls_rsa_check_privkey(&s->rsa);
}

/* OneAsymmetricKey ::= SEQUENCE { version, privateKeyAlgorithm, privateKey OCTET STRING, attributes [0] OPTIONAL,
 *     publicKey [1] OPTIONAL } (RFC 5958). */
static int signer_read(struct slice pkcs8, struct random *random, struct signer **signer, const struct algorithm **algorithm, pca_error *err)
{
    struct der outer = pcai_der(pkcs8), info, parameters;
    struct slice oid, curve, octets, skip;
    uint64_t version;
    struct signer *s = signer_new();
    if (!s)
        return pcai_no_memory(err);
    *algorithm = NULL;
    int bad = pcai_der_enter(&outer, DER_SEQUENCE, &info) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_uint(&info, &version) != 0 ||
              version > 1 || pcai_der_enter(&info, DER_SEQUENCE, &parameters) != 0 || pcai_der_get_oid(&parameters, &oid) != 0 ||
              pcai_der_get(&info, DER_OCTET_STRING, &octets) != 0;
    if (!bad) {
        pcai_der_optional(&info, DER_CONTEXT_CONSTRUCTED(0), &skip);
        pcai_der_optional(&info, DER_CONTEXT(1), &skip);
        bad = !pcai_der_at_end(&info);
    }
    if (!bad && pcai_slice_equal(oid, pcai_rsa_oid())) {
        bad = pcai_der_get(&parameters, DER_NULL, &skip) != 0 || skip.size != 0 || !pcai_der_at_end(&parameters);
        if (!bad)
            bad = read_rsa(s, octets);
        if (!bad)
            *algorithm = pcai_algorithm_of_bits(mbedtls_mpi_bitlen(&s->rsa.MBEDTLS_PRIVATE(N)));
    } else if (!bad && pcai_slice_equal(oid, pcai_ec_oid())) {
        bad = pcai_der_get_oid(&parameters, &curve) != 0 || !pcai_der_at_end(&parameters);
        *algorithm = bad ? NULL : pcai_algorithm_of_curve(curve);
        bad = *algorithm ? read_ec(s, *algorithm, octets, random) : 1;
    }
    if (bad || !*algorithm) {
        signer_free(s);
        if (bad && pcai_mbedtls_lacked(bad))
            return pcai_fail_mbedtls(err, bad, "loading a key");
        return pcai_fail(err, PCA_E_ALGORITHM, NULL, "key", "the private key is not PKCS#8 of an RSA, EC or SM2 key that libpca uses");
    }
    *signer = s;
    return PCA_OK;
}

/* ---- Writing ---- */

static void put_mpi(struct buf *out, const mbedtls_mpi *n)
{
    uint8_t octets[SIGNATURE_MAX];
    size_t size = mbedtls_mpi_size(n);
    if (size > sizeof octets || mbedtls_mpi_write_binary(n, octets, size) != 0)
        out->failed = 1;
    else
        pcai_der_integer(out, pcai_slice(octets, size));
    pcai_wipe(octets, sizeof octets);
}

static void put_algorithm(struct buf *out, const struct algorithm *a)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, a->family == PCA_FAMILY_RSA ? pcai_rsa_oid() : pcai_ec_oid());
    if (a->family == PCA_FAMILY_RSA)
        pcai_der_null(out);
    else
        pcai_der_put(out, DER_OID, a->curve);
    pcai_der_end(out, mark);
}

static int put_rsa(struct buf *out, const struct signer *s)
{
    mbedtls_mpi n[8]; /* n e d p q dP dQ qInv */
    for (int i = 0; i < 8; i++)
        mbedtls_mpi_init(&n[i]);
    int failed = mbedtls_rsa_export(&s->rsa, &n[0], &n[3], &n[4], &n[2], &n[1]);
    if (!failed)
        failed = mbedtls_rsa_export_crt(&s->rsa, &n[5], &n[6], &n[7]);
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_uint(out, 0);
    for (int i = 0; i < 8; i++)
        put_mpi(out, &n[i]);
    pcai_der_end(out, mark);
    for (int i = 0; i < 8; i++)
        mbedtls_mpi_free(&n[i]);
    return failed;
}

static int put_ec(struct buf *out, const struct algorithm *a, const struct signer *s)
{
    uint8_t d[66], point[EC_POINT_MAX];
    size_t size = (a->bits + 7) / 8, used = 0;
    int failed = mbedtls_mpi_write_binary(&s->d, d, size);
    if (!failed)
        failed = write_point(s, point, &used);
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_uint(out, 1);
    pcai_der_put(out, DER_OCTET_STRING, pcai_slice(d, size));
    size_t public_mark = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(1));
    pcai_der_bits(out, pcai_slice(point, used), 0);
    pcai_der_end(out, public_mark);
    pcai_der_end(out, mark);
    pcai_wipe(d, sizeof d);
    return failed;
}

static int write_pkcs8(struct buf *out, const struct algorithm *a, const struct signer *s)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_uint(out, 0);
    put_algorithm(out, a);
    size_t octets = pcai_der_begin(out, DER_OCTET_STRING);
    int failed = a->family == PCA_FAMILY_RSA ? put_rsa(out, s) : put_ec(out, a, s);
    pcai_der_end(out, octets);
    pcai_der_end(out, mark);
    return failed;
}

/* SubjectPublicKeyInfo ::= SEQUENCE { algorithm, subjectPublicKey BIT STRING } */
static int write_spki(struct buf *out, const struct algorithm *a, const struct signer *s)
{
    struct buf bits = {0};
    int failed = 0;
    if (a->family == PCA_FAMILY_RSA) {
        size_t mark = pcai_der_begin(&bits, DER_SEQUENCE);
        put_mpi(&bits, &s->rsa.MBEDTLS_PRIVATE(N));
        put_mpi(&bits, &s->rsa.MBEDTLS_PRIVATE(E));
        pcai_der_end(&bits, mark);
    } else {
        uint8_t point[EC_POINT_MAX];
        size_t used = 0;
        failed = write_point(s, point, &used);
        pcai_buf_put(&bits, point, used);
    }
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    put_algorithm(out, a);
    pcai_der_bits(out, pcai_buf_view(&bits), 0);
    pcai_der_end(out, mark);
    out->failed |= bits.failed;
    pcai_buf_free(&bits);
    return failed;
}

/* ---- The object ---- */

static int set_za(struct key *k, const struct signer *s)
{
    uint8_t point[EC_POINT_MAX];
    size_t used = 0;
    if (k->algorithm->family != PCA_FAMILY_SM2)
        return 0;
    int failed = write_point(s, point, &used);
    if (!failed)
        pcai_sm2_za(point, k->za);
    return failed;
}

/* Takes the signer over. */
static int key_new(const struct algorithm *a, struct signer *s, struct key **key, pca_error *err)
{
    struct key *k = pcai_alloc(sizeof *k);
    if (!k || pthread_mutex_init(&k->lock, NULL) != 0) {
        pcai_free(k);
        signer_free(s);
        return pcai_no_memory(err);
    }
    k->algorithm = a;
    k->idle = s;
    int failed = write_pkcs8(&k->pkcs8, a, s);
    if (!failed)
        failed = write_spki(&k->spki, a, s);
    if (!failed)
        failed = set_za(k, s);
    if (failed || k->pkcs8.failed || k->spki.failed) {
        pcai_key_free(k);
        return failed ? pcai_fail_mbedtls(err, failed, "encoding a key") : pcai_no_memory(err);
    }
    *key = k;
    return PCA_OK;
}

int pcai_key_read(struct slice pkcs8, struct random *random, struct key **key, pca_error *err)
{
    struct signer *s;
    const struct algorithm *a;
    int rc = signer_read(pkcs8, random, &s, &a, err);
    return rc == PCA_OK ? key_new(a, s, key, err) : rc;
}

static int generate(struct signer *s, const struct algorithm *a, struct random *random)
{
    uint8_t octets[SM2_SIZE];
    struct sm2_scalar d;
    int failed;
    switch (a->family) {
    case PCA_FAMILY_RSA:
        return mbedtls_rsa_gen_key(&s->rsa, pcai_rng, random, a->bits, RSA_EXPONENT);
    case PCA_FAMILY_SM2:
        failed = pcai_sm2_draw(random, NULL, &d);
        pcai_sm2_scalar_write(&d, octets);
        if (!failed)
            failed = load_ec(s, a, pcai_slice(octets, sizeof octets), random);
        pcai_wipe(&d, sizeof d);
        pcai_wipe(octets, sizeof octets);
        return failed;
    default:
        failed = mbedtls_ecp_group_load(&s->group, a->group);
        return failed ? failed : mbedtls_ecp_gen_keypair(&s->group, &s->d, &s->q, pcai_rng, random);
    }
}

int pcai_key_generate(int algorithm, struct random *random, struct key **key, pca_error *err)
{
    const struct algorithm *a = pcai_algorithm(algorithm);
    if (!a)
        return pcai_fail(err, PCA_E_UNSUPPORTED, NULL, "key_algorithm", "%s keys are not in this build", pcai_algorithm_name(algorithm));
    struct signer *s = signer_new();
    if (!s)
        return pcai_no_memory(err);
    int failed = generate(s, a, random);
    if (failed) {
        signer_free(s);
        return pcai_fail_mbedtls(err, failed, "making a key");
    }
    return key_new(a, s, key, err);
}

int pcai_public_wrap(int algorithm, struct slice octets, struct buf *spki, pca_error *err)
{
    const struct algorithm *a = pcai_algorithm(algorithm);
    struct public_key *key = NULL;
    struct buf out = {0};
    if (!a)
        return pcai_fail(err, PCA_E_ALGORITHM, NULL, "public_key", "there is no such algorithm");
    size_t mark = pcai_der_begin(&out, DER_SEQUENCE);
    put_algorithm(&out, a);
    pcai_der_bits(&out, octets, 0);
    pcai_der_end(&out, mark);
    int rc = pcai_buf_check(&out, err);
    if (rc == PCA_OK)
        rc = pcai_public_read(pcai_buf_view(&out), &key, err);
    if (rc == PCA_OK && pcai_public_algorithm(key) != algorithm)
        rc = pcai_fail(err, PCA_E_ALGORITHM, NULL, "public_key", "the key is %s instead of %s", pcai_algorithm_name(pcai_public_algorithm(key)), a->name);
    if (rc == PCA_OK) {
        pcai_buf_slice(spki, pcai_buf_view(&out));
        rc = pcai_buf_check(spki, err);
    }
    pcai_public_free(key);
    pcai_buf_free(&out);
    return rc;
}

int pcai_key_external(struct slice spki, const struct key_signer *signer, struct key **key, pca_error *err)
{
    struct public_key *public = NULL;
    int rc = pcai_public_read(spki, &public, err);
    if (rc != PCA_OK)
        return rc;
    struct key *k = pcai_alloc(sizeof *k);
    if (!k || pthread_mutex_init(&k->lock, NULL) != 0) {
        pcai_free(k);
        pcai_public_free(public);
        return pcai_no_memory(err);
    }
    k->algorithm = public->algorithm;
    k->elsewhere = *signer;
    memcpy(k->za, public->za, sizeof k->za);
    pcai_public_free(public);
    pcai_buf_slice(&k->spki, spki);
    if (k->spki.failed) {
        pcai_key_free(k);
        return pcai_no_memory(err);
    }
    *key = k;
    return PCA_OK;
}

int pcai_key_write(const struct key *key, struct buf *pkcs8, pca_error *err)
{
    if (key->elsewhere.sign)
        return pcai_fail(err, PCA_E_UNSUPPORTED, NULL, "key", "the private key never leaves its container");
    pcai_buf_slice(pkcs8, pcai_buf_view(&key->pkcs8));
    return pcai_buf_check(pkcs8, err);
}

int pcai_key_algorithm(const struct key *key)
{
    return key->algorithm->algorithm;
}

struct slice pcai_key_public(const struct key *key)
{
    return pcai_buf_view(&key->spki);
}

void pcai_key_free(struct key *key)
{
    if (!key)
        return;
    while (key->idle) {
        struct signer *s = key->idle;
        key->idle = s->next;
        signer_free(s);
    }
    pthread_mutex_destroy(&key->lock);
    pcai_buf_free(&key->pkcs8);
    pcai_buf_free(&key->spki);
    pcai_free(key);
}

/* ---- Signing ---- */

static int borrow(struct key *key, struct random *random, struct signer **signer, pca_error *err)
{
    const struct algorithm *a;
    pthread_mutex_lock(&key->lock);
    struct signer *s = key->idle;
    if (s)
        key->idle = s->next;
    pthread_mutex_unlock(&key->lock);
    if (!s)
        return signer_read(pcai_buf_view(&key->pkcs8), random, signer, &a, err);
    *signer = s;
    return PCA_OK;
}

static void give_back(struct key *key, struct signer *s)
{
    pthread_mutex_lock(&key->lock);
    s->next = key->idle;
    key->idle = s;
    pthread_mutex_unlock(&key->lock);
}

static int sign_rsa(struct signer *s, const struct algorithm *a, struct random *random, struct slice digest, struct buf *out)
{
    uint8_t signature[SIGNATURE_MAX];
    int failed = rsa_sign(&s->rsa, pcai_rng, random, pcai_md_type(a->digest), (unsigned)digest.size, digest.data, signature);
    if (!failed)
        pcai_buf_put(out, signature, mbedtls_rsa_get_len(&s->rsa));
    return failed;
}

/* Deterministic (RFC 6979), so that a bad or repeated random octet cannot give the key away; random only blinds. */
static int sign_ec(struct signer *s, const struct algorithm *a, struct random *random, struct slice digest, struct buf *out)
{
    mbedtls_mpi r, t;
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&t);
    int failed = mbedtls_ecdsa_sign_det_ext(&s->group, &r, &t, &s->d, digest.data, digest.size, pcai_md_type(a->digest), pcai_rng, random);
    if (!failed) {
        size_t mark = pcai_der_begin(out, DER_SEQUENCE);
        put_mpi(out, &r);
        put_mpi(out, &t);
        pcai_der_end(out, mark);
    }
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&t);
    return failed;
}

static int sign_sm2(struct signer *s, struct random *random, struct slice digest, struct buf *out)
{
    return digest.size == SM3_SIZE ? pcai_sm2_sign(&s->group, &s->sm2, random, digest.data, out) : MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
}

/* r and s side by side, as a SEQUENCE. */
static void put_halves(struct buf *out, struct slice raw)
{
    size_t half = raw.size / 2, mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_integer(out, pcai_slice(raw.data, half));
    pcai_der_integer(out, pcai_slice(raw.data + half, half));
    pcai_der_end(out, mark);
}

/* A token may be broken, or hold another key by that name. */
static int check_signature(const struct key *key, struct slice digest, struct slice signature, pca_error *err)
{
    struct public_key *public = NULL;
    int rc = pcai_public_read(pcai_buf_view(&key->spki), &public, err);
    if (rc == PCA_OK)
        rc = pcai_public_verify_digest(public, key->algorithm->digest, digest, signature, err);
    pcai_public_free(public);
    return rc == PCA_E_CRYPTO ? pcai_fail(err, PCA_E_DEVICE, key->elsewhere.object, "key", "the container's signature does not verify by the public key") : rc;
}

static int sign_elsewhere(const struct key *key, struct slice in, struct slice digest, struct buf *signature, pca_error *err)
{
    struct buf raw = {0}, der = {0};
    size_t size = (key->algorithm->bits + 7) / 8;
    int rsa = key->algorithm->family == PCA_FAMILY_RSA;
    int rc = key->elsewhere.sign(key->elsewhere.context, key->algorithm->algorithm, in, &raw, err);
    if (rc == PCA_OK)
        rc = pcai_buf_check(&raw, err);
    if (rc == PCA_OK && raw.size != (rsa ? size : 2 * size))
        rc = pcai_fail(err, PCA_E_DEVICE, key->elsewhere.object, "key", "the container's signature has %zu octets instead of %zu", raw.size,
                       rsa ? size : 2 * size);
    if (rc == PCA_OK && rsa)
        pcai_buf_slice(&der, pcai_buf_view(&raw));
    else if (rc == PCA_OK)
        put_halves(&der, pcai_buf_view(&raw));
    if (rc == PCA_OK)
        rc = pcai_buf_check(&der, err);
    if (rc == PCA_OK)
        rc = check_signature(key, digest, pcai_buf_view(&der), err);
    if (rc == PCA_OK) {
        pcai_buf_slice(signature, pcai_buf_view(&der));
        rc = pcai_buf_check(signature, err);
    }
    pcai_buf_free(&raw);
    pcai_buf_free(&der);
    return rc;
}

int pcai_key_wants_messages(const struct key *key)
{
    return key->elsewhere.sign && key->elsewhere.messages;
}

int pcai_key_sign_digest(const struct key *key, struct random *random, struct slice digest, struct buf *signature, pca_error *err)
{
    if (pcai_key_wants_messages(key))
        return pcai_fail(err, PCA_E_UNSUPPORTED, key->elsewhere.object, "key", "the container signs messages, and no digests");
    if (key->elsewhere.sign)
        return sign_elsewhere(key, digest, digest, signature, err);
    struct key *k = (struct key *)key; /* the pool changes, the key does not */
    struct signer *s;
    int failed, rc = borrow(k, random, &s, err);
    if (rc != PCA_OK)
        return rc;
    switch (k->algorithm->family) {
    case PCA_FAMILY_RSA:
        failed = sign_rsa(s, k->algorithm, random, digest, signature);
        break;
    case PCA_FAMILY_SM2:
        failed = sign_sm2(s, random, digest, signature);
        break;
    default:
        failed = sign_ec(s, k->algorithm, random, digest, signature);
    }
    give_back(k, s);
    return failed ? pcai_fail_mbedtls(err, failed, "signing") : pcai_buf_check(signature, err);
}

int pcai_key_hash_new(const struct key *key, struct hash **h, pca_error *err)
{
    struct hash *fresh = NULL;
    int rc = pcai_hash_new(key->algorithm->digest, &fresh, err);
    if (rc == PCA_OK && key->algorithm->family == PCA_FAMILY_SM2)
        rc = pcai_hash_update(fresh, pcai_slice(key->za, sizeof key->za), err);
    if (rc == PCA_OK)
        *h = fresh;
    else
        pcai_hash_free(fresh);
    return rc;
}

int pcai_key_sign(const struct key *key, struct random *random, struct slice message, struct buf *signature, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    struct hash *h = NULL;
    int rc = pcai_key_hash_new(key, &h, err);
    if (rc == PCA_OK)
        rc = pcai_hash_update(h, message, err);
    if (rc == PCA_OK)
        rc = pcai_hash_finish(h, digest, err);
    pcai_hash_free(h);
    struct slice hash = pcai_slice(digest, pcai_digest_size(key->algorithm->digest));
    if (rc == PCA_OK && key->elsewhere.messages)
        return sign_elsewhere(key, message, hash, signature, err);
    return rc == PCA_OK ? pcai_key_sign_digest(key, random, hash, signature, err) : rc;
}

/* ---- SM2 alone ---- */

int pcai_sm2_key_multiply(const struct key *key, struct random *random, const uint8_t point[SM2_POINT], uint8_t product[SM2_POINT],
                          pca_error *err)
{
    struct key *k = (struct key *)key;
    struct signer *s;
    int rc = borrow(k, random, &s, err);
    if (rc != PCA_OK)
        return rc;
    int failed = pcai_sm2_multiply(&s->group, &s->sm2.d, point, random, product);
    give_back(k, s);
    return failed ? pcai_fail_mbedtls(err, failed, "a key agreement") : PCA_OK;
}

int pcai_sm2_key_secret(const struct key *key, struct random *random, uint8_t d[SM2_SIZE], pca_error *err)
{
    struct key *k = (struct key *)key;
    struct signer *s;
    int rc = borrow(k, random, &s, err);
    if (rc != PCA_OK)
        return rc;
    pcai_sm2_scalar_write(&s->sm2.d, d);
    give_back(k, s);
    return PCA_OK;
}

int pcai_sm2_key_new(const uint8_t d[SM2_SIZE], struct random *random, struct key **key, pca_error *err)
{
    const struct algorithm *a = pcai_algorithm(PCA_KEY_SM2);
    struct signer *s = signer_new();
    if (!s)
        return pcai_no_memory(err);
    int failed = load_ec(s, a, pcai_slice(d, SM2_SIZE), random);
    if (failed) {
        signer_free(s);
        return pcai_fail_mbedtls(err, failed, "an SM2 private key");
    }
    return key_new(a, s, key, err);
}
