/* An SM2 key pair on its way to its owner, under his signing key (GM/T 0009 7.4, GB/T 35276 7.4). */
#include <string.h>

#include "base/der.h"
#include "base/memory.h"
#include "crypto/sm2.h"
#include "crypto/sm4.h"

/* SM4-ECB 1.2.156.10197.1.104.1; others write .104, SM4 without a mode. */
static const uint8_t sm4_ecb[8] = {0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x68, 0x01};
#define SM4_OID_SIZE 7

/* The private number in two blocks, without padding. */
static void crypt_secret(const uint8_t session[SM4_KEY], int decrypt, const uint8_t in[SM2_SIZE], uint8_t out[SM2_SIZE])
{
    struct sm4 cipher;
    pcai_sm4_key(&cipher, session);
    for (size_t at = 0; at < SM2_SIZE; at += SM4_BLOCK) {
        if (decrypt)
            pcai_sm4_decrypt(&cipher, in + at, out + at);
        else
            pcai_sm4_encrypt(&cipher, in + at, out + at);
    }
    pcai_wipe(&cipher, sizeof cipher);
}

/* A SubjectPublicKeyInfo ends with the point. */
static struct slice point_of(const struct key *key)
{
    struct slice spki = pcai_key_public(key);
    return pcai_slice(spki.data + spki.size - SM2_POINT, SM2_POINT);
}

/* SM2EnvelopedKey ::= SEQUENCE { symAlgID AlgorithmIdentifier, symEncryptedKey SM2Cipher, sm2PublicKey BIT STRING,
 *     sm2EncryptedPrivateKey BIT STRING } */
static int write_envelope(const struct public_key *to, struct random *random, const uint8_t session[SM4_KEY], struct slice public,
                          const uint8_t secret[SM2_SIZE], struct buf *out, pca_error *err)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE), algorithm = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_slice(sm4_ecb, sizeof sm4_ecb));
    pcai_der_null(out);
    pcai_der_end(out, algorithm);
    int rc = pcai_sm2_encrypt(to, random, PCAI_SM2_DER, pcai_slice(session, SM4_KEY), out, err);
    if (rc != PCA_OK)
        return rc;
    pcai_der_bits(out, public, 0);
    pcai_der_bits(out, pcai_slice(secret, SM2_SIZE), 0);
    pcai_der_end(out, mark);
    return pcai_buf_check(out, err);
}

int pcai_sm2_envelope(const struct public_key *to, const struct key *key, struct random *random, struct buf *envelope, pca_error *err)
{
    uint8_t session[SM4_KEY], secret[SM2_SIZE];
    struct buf out = {0};
    if (pcai_key_algorithm(key) != PCA_KEY_SM2)
        return pcai_fail(err, PCA_E_ALGORITHM, NULL, NULL, "SM2EnvelopedKey holds an SM2 key");
    int rc = pcai_random_bytes(random, session, sizeof session, err);
    if (rc == PCA_OK)
        rc = pcai_sm2_key_secret(key, random, secret, err);
    if (rc == PCA_OK) {
        crypt_secret(session, 0, secret, secret);
        rc = write_envelope(to, random, session, point_of(key), secret, &out, err);
    }
    if (rc == PCA_OK) {
        pcai_buf_slice(envelope, pcai_buf_view(&out));
        rc = pcai_buf_check(envelope, err);
    }
    pcai_buf_free(&out);
    pcai_wipe(session, sizeof session);
    pcai_wipe(secret, sizeof secret);
    return rc;
}

struct envelope {
    struct slice session, public, secret;
};

static int read_algorithm(struct der *in)
{
    struct der algorithm;
    struct slice oid, null;
    if (pcai_der_enter(in, DER_SEQUENCE, &algorithm) != 0 || pcai_der_get(&algorithm, DER_OID, &oid) != 0)
        return -1;
    if (!pcai_slice_equal(oid, pcai_slice(sm4_ecb, sizeof sm4_ecb)) && !pcai_slice_equal(oid, pcai_slice(sm4_ecb, SM4_OID_SIZE)))
        return -1;
    if (pcai_der_optional(&algorithm, DER_NULL, &null) && null.size)
        return -1;
    return pcai_der_at_end(&algorithm) ? 0 : -1;
}

static int read_envelope(struct slice in, struct envelope *e)
{
    struct der outer = pcai_der(in), fields;
    unsigned unused[2];
    if (pcai_der_enter(&outer, DER_SEQUENCE, &fields) != 0 || !pcai_der_at_end(&outer) || read_algorithm(&fields) != 0 ||
        pcai_der_whole(&fields, DER_SEQUENCE, &e->session) != 0 || pcai_der_get_bits(&fields, &e->public, &unused[0]) != 0 ||
        pcai_der_get_bits(&fields, &e->secret, &unused[1]) != 0 || !pcai_der_at_end(&fields))
        return -1;
    return unused[0] == 0 && unused[1] == 0 && e->public.size == SM2_POINT && e->secret.size == SM2_SIZE ? 0 : -1;
}

int pcai_sm2_envelope_open(const struct key *with, struct slice envelope, struct random *random, struct key **key, pca_error *err)
{
    struct envelope e;
    struct buf session = {0};
    struct key *fresh = NULL;
    uint8_t secret[SM2_SIZE];
    if (read_envelope(envelope, &e) != 0)
        return pcai_fail(err, PCA_E_CRYPTO, NULL, NULL, "the octets are not an SM2EnvelopedKey under SM4");
    int rc = pcai_sm2_decrypt(with, random, PCAI_SM2_DER, e.session, &session, err);
    if (rc == PCA_OK && session.size != SM4_KEY)
        rc = pcai_fail(err, PCA_E_CRYPTO, NULL, NULL, "the enveloped SM4 key does not have 16 octets");
    if (rc == PCA_OK) {
        crypt_secret(session.data, 1, e.secret.data, secret);
        rc = pcai_sm2_key_new(secret, random, &fresh, err);
    }
    if (rc == PCA_OK && !pcai_slice_equal(e.public, point_of(fresh)))
        rc = pcai_fail(err, PCA_E_CRYPTO, NULL, NULL, "the enveloped private key does not belong to the public key beside it");
    if (rc == PCA_OK)
        *key = fresh;
    else
        pcai_key_free(fresh);
    pcai_buf_free(&session);
    pcai_wipe(secret, sizeof secret);
    return rc;
}
