#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "skf.h"

#include "base/der.h"

/* ---- As GM/T 0016 lays them out ---- */

#define FIELD 64
struct ecc_signature {
    uint8_t r[FIELD], s[FIELD];
};
struct ecc_public {
    uint32_t bits;
    uint8_t x[FIELD], y[FIELD];
};
struct ecc_cipher {
    uint8_t x[FIELD], y[FIELD], hash[32];
    uint32_t size;
    uint8_t cipher[16];
};
struct enveloped_key {
    uint32_t version, algorithm, bits;
    uint8_t private_key[64];
    struct ecc_public public_key;
    struct ecc_cipher session_key;
};

void skf_free(struct skf *skf)
{
    for (size_t i = 0; i < skf->count; i++) {
        pcai_key_free(skf->keys[i].key);
        pcai_key_free(skf->keys[i].encryption);
        for (int use = 0; use < 3; use++)
            pcai_buf_free(&skf->keys[i].certificate[use]);
    }
    pcai_random_free(skf->random);
    pthread_mutex_destroy(&skf->lock);
}

struct skf_key *skf_find(struct skf *skf, const char *name)
{
    for (size_t i = 0; i < skf->count; i++)
        if (strcmp(skf->keys[i].name, name) == 0)
            return &skf->keys[i];
    return NULL;
}

static int removed(pca_error *err)
{
    pca_error_set(err, PCA_E_DEVICE, SKF_DEVICE_REMOVED, "the device has been removed");
    return PCA_E_DEVICE;
}

/* What every call begins with. */
static int begin(struct skf *skf, enum skf_call call, pca_error *err)
{
    skf->calls[call]++;
    if (skf->hook)
        skf->hook(skf->argument, call);
    if (skf->removed_at == (int)call + 1)
        skf->present = 0;
    if (call != SKF_PROBE && !skf->present)
        return removed(err);
    return skf->fail[call];
}

static int no_key(pca_error *err)
{
    pca_error_set(err, PCA_E_DEVICE, 0x0A00001B, "there is no such key");
    return PCA_E_DEVICE;
}

static int probe(void *context, const char *slot, int *present, pca_error *err)
{
    struct skf *skf = context;
    int rc = begin(skf, SKF_PROBE, err);
    *present = skf->present && strcmp(slot, skf->slot) == 0;
    return rc;
}

static int open_session(void *context, const char *slot, const char *pin, void **session, pca_error *err)
{
    struct skf *skf = context;
    char text[64];
    int rc = begin(skf, SKF_OPEN, err);
    if (rc != PCA_OK)
        return rc;
    if (strcmp(slot, skf->slot) != 0)
        return removed(err);
    pthread_mutex_lock(&skf->lock);
    int right = skf->tries > 0 && strcmp(pin, skf->pin) == 0;
    skf->tries = right ? SKF_TRIES : skf->tries ? skf->tries - 1 : 0;
    int left = skf->tries;
    pthread_mutex_unlock(&skf->lock);
    if (!right) {
        snprintf(text, sizeof text, "the PIN is %s", left ? "wrong" : "locked");
        pca_error_set(err, PCA_E_PIN, left ? SKF_PIN_INCORRECT : SKF_PIN_LOCKED, text);
        pca_error_set_tries(err, left);
        return PCA_E_PIN;
    }
    unsigned open = ++skf->open;
    if (open > skf->most_open)
        skf->most_open = open;
    *session = skf;
    return PCA_OK;
}

static void close_session(void *session)
{
    struct skf *skf = session;
    skf->calls[SKF_CLOSE]++;
    skf->open--;
}

static int copy_key(struct skf *skf, const struct key *from, struct key **to)
{
    struct buf pkcs8 = {0};
    int rc = pcai_key_write(from, &pkcs8, NULL);
    if (rc == PCA_OK)
        rc = pcai_key_read(pcai_buf_view(&pkcs8), skf->random, to, NULL);
    pcai_buf_free(&pkcs8);
    return rc;
}

/* SKF_GenECCKeyPair. */
static int generate(void *session, const char *name, int algorithm, pca_error *err)
{
    struct skf *skf = session;
    int rc = begin(skf, SKF_GENERATE, err);
    if (rc != PCA_OK)
        return rc;
    pthread_mutex_lock(&skf->lock);
    struct skf_key *key = &skf->keys[skf->count];
    if (skf->count == SKF_KEYS || skf_find(skf, name))
        rc = PCA_E_DEVICE;
    else
        rc = skf->repeats ? copy_key(skf, skf->keys[0].key, &key->key) : pcai_key_generate(algorithm, skf->random, &key->key, err);
    if (rc == PCA_OK) {
        snprintf(key->name, sizeof key->name, "%s", name);
        skf->count++;
    }
    pthread_mutex_unlock(&skf->lock);
    return rc;
}

/* The contents of subjectPublicKey. */
static struct slice public_octets(const struct key *key)
{
    struct der outer = pcai_der(pcai_key_public(key)), info;
    struct slice skip, bits = {NULL, 0};
    unsigned unused;
    pcai_der_enter(&outer, DER_SEQUENCE, &info);
    pcai_der_get(&info, DER_SEQUENCE, &skip);
    pcai_der_get_bits(&info, &bits, &unused);
    return bits;
}

/* As a driver that is broken. room: of out. */
static void spoil(const struct skf *skf, enum skf_call call, uint8_t *out, size_t room, size_t *size)
{
    switch (skf->garbage[call]) {
    case SKF_NOTHING:
        *size = 0;
        break;
    case SKF_TOO_SHORT:
        *size -= 1;
        break;
    case SKF_TOO_LONG:
        *size = room + 1;
        break;
    case SKF_ZEROS:
        memset(out, 0, *size);
        break;
    case SKF_NOISE:
        memset(out, 0xA5, *size);
        break;
    default:
        break;
    }
}

static int public_key(void *session, const char *name, uint8_t *out, size_t *size, pca_error *err)
{
    struct skf *skf = session;
    int rc = begin(skf, SKF_PUBLIC, err);
    if (rc != PCA_OK)
        return rc;
    struct skf_key *key = skf->other_key ? &skf->keys[0] : skf_find(skf, name);
    if (!key)
        return no_key(err);
    struct slice octets = public_octets(key->key);
    size_t room = *size;
    memcpy(out, octets.data, octets.size);
    *size = octets.size;
    spoil(skf, SKF_PUBLIC, out, room, size);
    return PCA_OK;
}

static void right_align(struct slice number, uint8_t field[FIELD])
{
    while (number.size && !*number.data)
        number = pcai_slice(number.data + 1, number.size - 1);
    memset(field, 0, FIELD);
    memcpy(field + FIELD - number.size, number.data, number.size);
}

static int sign_data(struct skf *skf, const struct skf_key *key, struct slice data, struct buf *out)
{
    if (data.size > skf->longest)
        skf->longest = data.size;
    return (skf->driver.sign_form == PCA_SIGN_MESSAGE ? pcai_key_sign : pcai_key_sign_digest)(key->key, skf->random, data, out, NULL);
}

/* SKF_ECCSignData: a digest in, an ECCSIGNATUREBLOB out. */
static int ecc_sign_data(struct skf *skf, const struct skf_key *key, struct slice data, struct ecc_signature *blob)
{
    struct buf der = {0};
    struct der outer, in;
    struct slice r, s;
    int rc = sign_data(skf, key, data, &der);
    outer = pcai_der(pcai_buf_view(&der));
    if (rc == PCA_OK && pcai_der_enter(&outer, DER_SEQUENCE, &in) == 0 && pcai_der_get(&in, DER_INTEGER, &r) == 0 && pcai_der_get(&in, DER_INTEGER, &s) == 0) {
        right_align(r, blob->r);
        right_align(s, blob->s);
    }
    pcai_buf_free(&der);
    return rc;
}

static int sign(void *session, const char *name, int algorithm, const uint8_t *data, size_t data_size, uint8_t *signature, size_t *size, pca_error *err)
{
    struct skf *skf = session;
    struct ecc_signature blob;
    int rc = begin(skf, SKF_SIGN, err);
    if (rc != PCA_OK)
        return rc;
    struct skf_key *key = skf_find(skf, name);
    if (!key || (skf->dead_key && strcmp(skf->dead_key, name) == 0))
        return no_key(err);
    struct slice in = pcai_slice(data, data_size);
    size_t room = *size;
    if (pcai_algorithm_family(algorithm) == PCA_FAMILY_RSA) {
        struct buf out = {0};
        rc = sign_data(skf, key, in, &out);
        if (rc == PCA_OK)
            memcpy(signature, out.data, out.size);
        *size = out.size;
        pcai_buf_free(&out);
    } else {
        size_t half = algorithm == PCA_KEY_EC_P384 ? 48 : 32;
        rc = ecc_sign_data(skf, key, in, &blob);
        memcpy(signature, blob.r + FIELD - half, half);
        memcpy(signature + half, blob.s + FIELD - half, half);
        *size = 2 * half;
    }
    if (skf->bad_signature)
        signature[*size - 1] ^= 1;
    spoil(skf, SKF_SIGN, signature, room, size);
    return rc;
}

static int import_certificate(void *session, const char *name, int use, const uint8_t *der, size_t size, pca_error *err)
{
    struct skf *skf = session;
    int rc = begin(skf, SKF_IMPORT, err);
    struct skf_key *key = skf_find(skf, name);
    if (rc != PCA_OK || !key)
        return rc != PCA_OK ? rc : no_key(err);
    pcai_buf_reset(&key->certificate[use]);
    pcai_buf_put(&key->certificate[use], der, size);
    return PCA_OK;
}

/* ---- ENVELOPEDKEYBLOB ---- */

static int read_cipher(struct der *in, struct ecc_cipher *cipher)
{
    struct der fields;
    struct slice x, y, hash, text;
    if (pcai_der_enter(in, DER_SEQUENCE, &fields) != 0 || pcai_der_get(&fields, DER_INTEGER, &x) != 0 || pcai_der_get(&fields, DER_INTEGER, &y) != 0 ||
        pcai_der_get(&fields, DER_OCTET_STRING, &hash) != 0 || pcai_der_get(&fields, DER_OCTET_STRING, &text) != 0 || hash.size != 32 || text.size != 16)
        return -1;
    right_align(x, cipher->x);
    right_align(y, cipher->y);
    memcpy(cipher->hash, hash.data, 32);
    memcpy(cipher->cipher, text.data, 16);
    cipher->size = 16;
    return 0;
}

/* What a driver makes of SM2EnvelopedKey. */
static int read_blob(struct slice envelope, struct enveloped_key *blob)
{
    struct der outer = pcai_der(envelope), in;
    struct slice algorithm, public, private;
    unsigned unused;
    memset(blob, 0, sizeof *blob);
    blob->version = 1;
    blob->algorithm = 0x00000401; /* SGD_SM4_ECB */
    blob->bits = blob->public_key.bits = 256;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || pcai_der_get(&in, DER_SEQUENCE, &algorithm) != 0 || read_cipher(&in, &blob->session_key) != 0 ||
        pcai_der_get_bits(&in, &public, &unused) != 0 || pcai_der_get_bits(&in, &private, &unused) != 0 || public.size != 65 || private.size != 32)
        return -1;
    memcpy(blob->private_key + 32, private.data, 32);
    memcpy(blob->public_key.x + 32, public.data + 1, 32);
    memcpy(blob->public_key.y + 32, public.data + 33, 32);
    return 0;
}

/* SKF_ImportECCKeyPair: the token opens it by its signing key. */
static int import_key_pair(struct skf *skf, struct skf_key *key, const struct enveloped_key *blob)
{
    static const uint8_t sm4_ecb[8] = {0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x68, 0x01};
    struct buf der = {0};
    uint8_t point[65] = {4};
    memcpy(point + 1, blob->public_key.x + 32, 32);
    memcpy(point + 33, blob->public_key.y + 32, 32);
    size_t mark = pcai_der_begin(&der, DER_SEQUENCE), algorithm = pcai_der_begin(&der, DER_SEQUENCE);
    pcai_der_put(&der, DER_OID, pcai_slice(sm4_ecb, sizeof sm4_ecb));
    pcai_der_null(&der);
    pcai_der_end(&der, algorithm);
    size_t cipher = pcai_der_begin(&der, DER_SEQUENCE);
    pcai_der_integer(&der, pcai_slice(blob->session_key.x, FIELD));
    pcai_der_integer(&der, pcai_slice(blob->session_key.y, FIELD));
    pcai_der_put(&der, DER_OCTET_STRING, pcai_slice(blob->session_key.hash, 32));
    pcai_der_put(&der, DER_OCTET_STRING, pcai_slice(blob->session_key.cipher, blob->session_key.size));
    pcai_der_end(&der, cipher);
    pcai_der_bits(&der, pcai_slice(point, sizeof point), 0);
    pcai_der_bits(&der, pcai_slice(blob->private_key + 32, 32), 0);
    pcai_der_end(&der, mark);
    pcai_key_free(key->encryption);
    key->encryption = NULL;
    int rc = pcai_sm2_envelope_open(key->key, pcai_buf_view(&der), skf->random, &key->encryption, NULL);
    pcai_buf_free(&der);
    return rc;
}

static int import_enveloped(void *session, const char *name, const uint8_t *envelope, size_t size, pca_error *err)
{
    struct skf *skf = session;
    struct enveloped_key blob;
    int rc = begin(skf, SKF_ENVELOPED, err);
    struct skf_key *key = skf_find(skf, name);
    if (rc != PCA_OK || !key)
        return rc != PCA_OK ? rc : no_key(err);
    if (read_blob(pcai_slice(envelope, size), &blob) != 0 || import_key_pair(skf, key, &blob) != PCA_OK) {
        pca_error_set(err, PCA_E_DEVICE, 0x0A00000A, "the enveloped key cannot be opened");
        return PCA_E_DEVICE;
    }
    return PCA_OK;
}

void skf_init(struct skf *skf)
{
    memset(skf, 0, sizeof *skf);
    skf->slot = "usbkey-1";
    skf->pin = "123456";
    skf->present = 1;
    skf->tries = SKF_TRIES;
    pthread_mutex_init(&skf->lock, NULL);
    pcai_random_new(NULL, 0, &skf->random, NULL);
    skf->driver = (pca_container_driver){.version = PCA_CONTAINER_DRIVER_VERSION, .max_sessions = 1, .timeout_ms = 2000, .sign_form = PCA_SIGN_DIGEST,
                                         .context = skf, .probe = probe, .open = open_session, .generate = generate, .public_key = public_key,
                                         .sign = sign, .import_certificate = import_certificate, .import_enveloped = import_enveloped,
                                         .close = close_session};
}
