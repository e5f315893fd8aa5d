#include "x509/pbe.h"

#include "base/memory.h"
#include "base/text.h"
#include "crypto/crypto.h"

int pcai_pbe_bmp(struct slice password, struct buf *bmp, pca_error *err)
{
    if (!password.data)
        return PCA_OK;
    if (pcai_utf16(password, bmp) != 0)
        return pcai_fail(err, PCA_E_INVALID, NULL, "password", "the password is not UTF-8");
    pcai_buf_put(bmp, "\0", 2);
    return pcai_buf_check(bmp, err);
}

/* ---- What an algorithm identifier comes to: a cipher, and how its key is derived ---- */

struct pbe_parameters {
    int cipher;
    int digest;  /* of PBKDF2's HMAC; 0: the derivation of PKCS#12 with SHA-1, for the IV too */
    struct slice salt, iv;
    uint64_t rounds;
};

static int derive(const struct pbe_parameters *p, struct slice password, uint8_t key[PCAI_CIPHER_KEY_MAX],
                  uint8_t iv[PCAI_CIPHER_BLOCK_MAX], pca_error *err)
{
    size_t key_size = pcai_cipher_key_size(p->cipher), block = pcai_cipher_block_size(p->cipher);
    uint32_t rounds = (uint32_t)p->rounds;
    struct buf bmp = {0};
    if (p->digest) {
        for (size_t i = 0; i < block; i++)
            iv[i] = p->iv.data[i];
        return pcai_pbkdf2(p->digest, password, p->salt, rounds, key, key_size, err);
    }
    int rc = pcai_pbe_bmp(password, &bmp, err);
    if (rc == PCA_OK)
        rc = pcai_pkcs12_derive(PCAI_SHA1, PKCS12_KEY, pcai_buf_view(&bmp), p->salt, rounds, key, key_size, err);
    if (rc == PCA_OK)
        rc = pcai_pkcs12_derive(PCAI_SHA1, PKCS12_IV, pcai_buf_view(&bmp), p->salt, rounds, iv, block, err);
    pcai_buf_free(&bmp);
    return rc;
}

static int run(const struct pbe_parameters *p, int encrypt, struct slice password, struct slice in, struct buf *out, pca_error *err)
{
    uint8_t key[PCAI_CIPHER_KEY_MAX], iv[PCAI_CIPHER_BLOCK_MAX];
    int rc = derive(p, password, key, iv, err);
    if (rc == PCA_OK)
        rc = encrypt ? pcai_cbc_encrypt(p->cipher, key, iv, in, out, err) : pcai_cbc_decrypt(p->cipher, key, iv, in, out, err);
    pcai_wipe(key, sizeof key);
    pcai_wipe(iv, sizeof iv);
    return rc;
}

/* ---- Writing ---- */

/* pkcs-12PbeParams ::= SEQUENCE { salt OCTET STRING, iterations INTEGER } */
static void put_pkcs12(struct buf *out, const struct pbe_parameters *p)
{
    size_t algorithm = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_PBE_SHA1_DES3));
    size_t parameters = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OCTET_STRING, p->salt);
    pcai_der_uint(out, p->rounds);
    pcai_der_end(out, parameters);
    pcai_der_end(out, algorithm);
}

/* PBKDF2-params ::= SEQUENCE { salt OCTET STRING, iterationCount INTEGER, keyLength INTEGER OPTIONAL,
 *                              prf AlgorithmIdentifier DEFAULT hmacWithSHA1 } */
static void put_pbkdf2(struct buf *out, const struct pbe_parameters *p)
{
    size_t algorithm = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_PBKDF2));
    size_t parameters = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OCTET_STRING, p->salt);
    pcai_der_uint(out, p->rounds);
    size_t prf = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_HMAC_SHA256));
    pcai_der_null(out);
    pcai_der_end(out, prf);
    pcai_der_end(out, parameters);
    pcai_der_end(out, algorithm);
}

/* PBES2-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, encryptionScheme AlgorithmIdentifier } */
static void put_pbes2(struct buf *out, const struct pbe_parameters *p)
{
    size_t algorithm = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_PBES2));
    size_t parameters = pcai_der_begin(out, DER_SEQUENCE);
    put_pbkdf2(out, p);
    size_t cipher = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_AES256_CBC));
    pcai_der_put(out, DER_OCTET_STRING, p->iv);
    pcai_der_end(out, cipher);
    pcai_der_end(out, parameters);
    pcai_der_end(out, algorithm);
}

int pcai_pbe_encrypt(enum pbe scheme, struct slice password, const struct pbe_seed *seed, struct slice plain, struct buf *algorithm,
                     struct buf *secret, pca_error *err)
{
    struct pbe_parameters p = {.cipher = scheme == PBE_DES3 ? PCAI_DES3_CBC : PCAI_AES256_CBC,
                               .digest = scheme == PBE_DES3 ? 0 : PCAI_SHA256,
                               .salt = pcai_slice(seed->salt, PCAI_PBE_SALT),
                               .iv = pcai_slice(seed->iv, PCAI_PBE_IV),
                               .rounds = PCAI_PBE_ROUNDS};
    if (scheme == PBE_DES3)
        put_pkcs12(algorithm, &p);
    else
        put_pbes2(algorithm, &p);
    int rc = run(&p, 1, password, plain, secret, err);
    return rc == PCA_OK ? pcai_buf_check(algorithm, err) : rc;
}

/* ---- Reading ---- */

static int malformed(pca_error *err)
{
    return pcai_fail(err, PCA_E_INVALID, NULL, "key", "the parameters of the encryption are malformed");
}

static int unsupported(struct slice oid, pca_error *err)
{
    char text[PCAI_OID_TEXT];
    pcai_oid_text(oid, text, sizeof text);
    return pcai_fail(err, PCA_E_UNSUPPORTED, NULL, "key", "encryption with %s is not read here (PBES2 with PBKDF2 and AES-CBC or triple DES is)", text);
}

static int salt_and_rounds(struct der *in, struct pbe_parameters *p, pca_error *err)
{
    if (pcai_der_get(in, DER_OCTET_STRING, &p->salt) != 0 || p->salt.size == 0 || p->salt.size > PCAI_PBE_SALT_MAX ||
        pcai_der_get_uint(in, &p->rounds) != 0 || p->rounds == 0)
        return malformed(err);
    if (p->rounds > PCAI_PBE_ROUNDS_MAX)
        return pcai_fail(err, PCA_E_INVALID, NULL, "key", "the password is to be stretched by more than %d rounds", PCAI_PBE_ROUNDS_MAX);
    return PCA_OK;
}

static int read_pkcs12(struct der *in, struct pbe_parameters *p, pca_error *err)
{
    struct der parameters;
    p->cipher = PCAI_DES3_CBC;
    if (pcai_der_enter(in, DER_SEQUENCE, &parameters) != 0)
        return malformed(err);
    int rc = salt_and_rounds(&parameters, p, err);
    return rc == PCA_OK && !pcai_der_at_end(&parameters) ? malformed(err) : rc;
}

static int read_prf(struct der *in, struct pbe_parameters *p, pca_error *err)
{
    struct der prf;
    struct slice oid, null = {0};
    if (pcai_der_enter(in, DER_SEQUENCE, &prf) != 0 || pcai_der_get(&prf, DER_OID, &oid) != 0)
        return malformed(err);
    enum oid known = pcai_oid_find(oid);
    p->digest = known == OID_HMAC_SHA1     ? PCAI_SHA1
                : known == OID_HMAC_SHA256 ? PCAI_SHA256
                : known == OID_HMAC_SHA384 ? PCAI_SHA384
                : known == OID_HMAC_SHA512 ? PCAI_SHA512
                                           : 0;
    if (!p->digest)
        return unsupported(oid, err);
    pcai_der_optional(&prf, DER_NULL, &null);
    return null.size || !pcai_der_at_end(&prf) ? malformed(err) : PCA_OK;
}

/* key_size: 0 when not given. */
static int read_pbkdf2(struct der *in, struct pbe_parameters *p, uint64_t *key_size, pca_error *err)
{
    struct der algorithm, parameters;
    struct slice oid;
    if (pcai_der_enter(in, DER_SEQUENCE, &algorithm) != 0 || pcai_der_get(&algorithm, DER_OID, &oid) != 0)
        return malformed(err);
    if (pcai_oid_find(oid) != OID_PBKDF2)
        return unsupported(oid, err);
    if (pcai_der_enter(&algorithm, DER_SEQUENCE, &parameters) != 0 || !pcai_der_at_end(&algorithm))
        return malformed(err);
    int rc = salt_and_rounds(&parameters, p, err);
    *key_size = 0;
    if (rc == PCA_OK && pcai_der_peek(&parameters) == DER_INTEGER && (pcai_der_get_uint(&parameters, key_size) != 0 || !*key_size))
        rc = malformed(err);
    p->digest = PCAI_SHA1;
    if (rc == PCA_OK && !pcai_der_at_end(&parameters))
        rc = read_prf(&parameters, p, err);
    return rc == PCA_OK && !pcai_der_at_end(&parameters) ? malformed(err) : rc;
}

static int read_cipher(struct der *in, struct pbe_parameters *p, pca_error *err)
{
    struct der algorithm;
    struct slice oid;
    if (pcai_der_enter(in, DER_SEQUENCE, &algorithm) != 0 || pcai_der_get(&algorithm, DER_OID, &oid) != 0)
        return malformed(err);
    enum oid known = pcai_oid_find(oid);
    p->cipher = known == OID_AES128_CBC   ? PCAI_AES128_CBC
                : known == OID_AES192_CBC ? PCAI_AES192_CBC
                : known == OID_AES256_CBC ? PCAI_AES256_CBC
                : known == OID_DES3_CBC   ? PCAI_DES3_CBC
                                          : 0;
    if (!p->cipher)
        return unsupported(oid, err);
    if (pcai_der_get(&algorithm, DER_OCTET_STRING, &p->iv) != 0 || !pcai_der_at_end(&algorithm) ||
        p->iv.size != pcai_cipher_block_size(p->cipher))
        return malformed(err);
    return PCA_OK;
}

static int read_pbes2(struct der *in, struct pbe_parameters *p, pca_error *err)
{
    struct der parameters;
    uint64_t key_size;
    if (pcai_der_enter(in, DER_SEQUENCE, &parameters) != 0)
        return malformed(err);
    int rc = read_pbkdf2(&parameters, p, &key_size, err);
    if (rc == PCA_OK)
        rc = read_cipher(&parameters, p, err);
    if (rc == PCA_OK && (!pcai_der_at_end(&parameters) || (key_size && key_size != pcai_cipher_key_size(p->cipher))))
        rc = malformed(err);
    return rc;
}

int pcai_pbe_decrypt(struct slice algorithm, struct slice password, struct slice secret, struct buf *plain, pca_error *err)
{
    struct pbe_parameters p = {0};
    struct der outer = pcai_der(algorithm), in;
    struct slice oid;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer) || pcai_der_get(&in, DER_OID, &oid) != 0)
        return malformed(err);
    enum oid known = pcai_oid_find(oid);
    if (known != OID_PBES2 && known != OID_PBE_SHA1_DES3)
        return unsupported(oid, err);
    int rc = known == OID_PBES2 ? read_pbes2(&in, &p, err) : read_pkcs12(&in, &p, err);
    if (rc == PCA_OK && !pcai_der_at_end(&in))
        rc = malformed(err);
    if (rc == PCA_OK)
        rc = run(&p, 0, password, secret, plain, err);
    return rc == PCA_E_LOCKED ? pcai_fail(err, PCA_E_INVALID, NULL, "password", "the password does not open it") : rc;
}
