#include "pkcs11.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

#define SLOTS_MAX 64
#define LABEL_SIZE 32
#define MODULUS_MAX 512

struct pkcs11 {
    void *library;
    CK_FUNCTION_LIST *f;
    pca_container_driver driver;
};

struct pkcs11_session {
    struct pkcs11 *p;
    CK_SESSION_HANDLE handle;
};

static int fail(pca_error *err, CK_RV rv, const char *what)
{
    char text[128];
    snprintf(text, sizeof text, "%s failed (CKR 0x%08lx)", what, (unsigned long)rv);
    pca_error_set(err, rv == CKR_MECHANISM_INVALID ? PCA_E_UNSUPPORTED : PCA_E_DEVICE, (int)rv, text);
    return rv == CKR_MECHANISM_INVALID ? PCA_E_UNSUPPORTED : PCA_E_DEVICE;
}

/* ---- Tokens ---- */

/* Labels are padded with blanks. */
static int has_label(const CK_TOKEN_INFO *info, const char *label)
{
    size_t size = strlen(label);
    if (size > LABEL_SIZE || memcmp(info->label, label, size) != 0)
        return 0;
    for (; size < LABEL_SIZE; size++)
        if (info->label[size] != ' ')
            return 0;
    return 1;
}

static int find_token(struct pkcs11 *p, const char *label, CK_SLOT_ID *slot, CK_TOKEN_INFO *info, int *present, pca_error *err)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_RV rv = p->f->C_GetSlotList(CK_TRUE, slots, &count);
    if (rv != CKR_OK)
        return fail(err, rv, "C_GetSlotList");
    *present = 0;
    for (CK_ULONG i = 0; i < count && !*present; i++) {
        *slot = slots[i];
        *present = p->f->C_GetTokenInfo(slots[i], info) == CKR_OK && (info->flags & CKF_TOKEN_INITIALIZED) && has_label(info, label);
    }
    return PCA_OK;
}

static int probe(void *context, const char *slot, int *present, pca_error *err)
{
    CK_SLOT_ID id;
    CK_TOKEN_INFO info;
    return find_token(context, slot, &id, &info, present, err);
}

/* A module tells no count, only that the last try is near or over. */
static int pin_failed(struct pkcs11 *p, CK_SLOT_ID slot, CK_RV rv, pca_error *err)
{
    CK_TOKEN_INFO info;
    pca_error_set(err, PCA_E_PIN, (int)rv, rv == CKR_PIN_LOCKED ? "the PIN is locked" : "the PIN is wrong");
    if (rv == CKR_PIN_LOCKED)
        pca_error_set_tries(err, 0);
    else if (p->f->C_GetTokenInfo(slot, &info) == CKR_OK && (info.flags & (CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)))
        pca_error_set_tries(err, info.flags & CKF_USER_PIN_LOCKED ? 0 : 1);
    return PCA_E_PIN;
}

/* A program is logged in to a token or it is not, whatever its sessions: only the first shows its PIN. */
static int open_session(void *context, const char *label, const char *pin, void **session, pca_error *err)
{
    struct pkcs11 *p = context;
    CK_SLOT_ID slot = 0;
    CK_TOKEN_INFO info;
    int present, rc = find_token(p, label, &slot, &info, &present, err);
    if (rc != PCA_OK)
        return rc;
    if (!present) {
        pca_error_set(err, PCA_E_DEVICE, 0, "the token is not there");
        return PCA_E_DEVICE;
    }
    struct pkcs11_session *s = calloc(1, sizeof *s);
    if (!s)
        return PCA_E_NO_MEMORY;
    s->p = p;
    CK_RV rv = p->f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s->handle);
    if (rv != CKR_OK) {
        free(s);
        return fail(err, rv, "C_OpenSession");
    }
    rv = p->f->C_Login(s->handle, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
        *session = s;
        return PCA_OK;
    }
    int is_pin = rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_INVALID;
    rc = is_pin ? pin_failed(p, slot, rv, err) : fail(err, rv, "C_Login");
    p->f->C_CloseSession(s->handle);
    free(s);
    return rc;
}

static void close_session(void *session)
{
    struct pkcs11_session *s = session;
    s->p->f->C_CloseSession(s->handle);
    free(s);
}

/* ---- Keys: by their label ---- */

static int find_key(struct pkcs11_session *s, CK_OBJECT_CLASS class, const char *name, CK_OBJECT_HANDLE *key, pca_error *err)
{
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, (void *)name, strlen(name)}};
    CK_ULONG count = 0;
    CK_RV rv = s->p->f->C_FindObjectsInit(s->handle, wanted, 2);
    if (rv == CKR_OK) {
        rv = s->p->f->C_FindObjects(s->handle, key, 1, &count);
        s->p->f->C_FindObjectsFinal(s->handle);
    }
    if (rv != CKR_OK)
        return fail(err, rv, "C_FindObjects");
    if (count == 1)
        return PCA_OK;
    pca_error_set(err, PCA_E_DEVICE, 0, "the token has no such key");
    return PCA_E_DEVICE;
}

/* ECParameters: the curve's OBJECT IDENTIFIER. */
static const struct curve {
    int algorithm;
    CK_ULONG size; /* of a coordinate */
    CK_BYTE oid[10];
    CK_ULONG oid_size;
} curves[] = {
    {PCA_KEY_EC_P256, 32, {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07}, 10},
    {PCA_KEY_EC_P384, 48, {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22}, 7},
    {PCA_KEY_EC_P521, 66, {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23}, 7},
};

static const struct curve *find_curve(int algorithm)
{
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (curves[i].algorithm == algorithm)
            return &curves[i];
    return NULL;
}

static CK_ULONG rsa_bits(int algorithm)
{
    return algorithm == PCA_KEY_RSA_2048 ? 2048 : algorithm == PCA_KEY_RSA_3072 ? 3072 : algorithm == PCA_KEY_RSA_4096 ? 4096 : 0;
}

static int generate(void *session, const char *name, int algorithm, pca_error *err)
{
    struct pkcs11_session *s = session;
    const struct curve *curve = find_curve(algorithm);
    CK_ULONG bits = rsa_bits(algorithm);
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_BYTE exponent[] = {1, 0, 1};
    CK_OBJECT_HANDLE public_key, private_key;
    CK_MECHANISM mechanism = {curve ? CKM_EC_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE of_public[] = {
        {CKA_TOKEN, &yes, sizeof yes}, {CKA_VERIFY, &yes, sizeof yes}, {CKA_LABEL, (void *)name, strlen(name)},
        {CKA_ID, (void *)name, strlen(name)}, {0}, {0},
    };
    CK_ATTRIBUTE of_private[] = {
        {CKA_TOKEN, &yes, sizeof yes}, {CKA_PRIVATE, &yes, sizeof yes}, {CKA_SENSITIVE, &yes, sizeof yes}, {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_SIGN, &yes, sizeof yes}, {CKA_LABEL, (void *)name, strlen(name)}, {CKA_ID, (void *)name, strlen(name)},
    };
    if (!curve && !bits) {
        pca_error_set(err, PCA_E_UNSUPPORTED, 0, "PKCS#11 modules make RSA and ECC keys");
        return PCA_E_UNSUPPORTED;
    }
    CK_ULONG count = curve ? 5 : 6;
    if (curve) {
        of_public[4] = (CK_ATTRIBUTE){CKA_EC_PARAMS, (void *)curve->oid, curve->oid_size};
    } else {
        of_public[4] = (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof bits};
        of_public[5] = (CK_ATTRIBUTE){CKA_PUBLIC_EXPONENT, exponent, sizeof exponent};
    }
    CK_RV rv = s->p->f->C_GenerateKeyPair(s->handle, &mechanism, of_public, count, of_private, sizeof of_private / sizeof *of_private, &public_key, &private_key);
    return rv == CKR_OK ? PCA_OK : fail(err, rv, "C_GenerateKeyPair");
}

/* The tag and length of a DER element; returns the octets used. */
static size_t header(uint8_t *out, uint8_t tag, size_t size)
{
    size_t used = 0;
    out[used++] = tag;
    if (size >= 0x100)
        out[used++] = 0x82;
    else if (size >= 0x80)
        out[used++] = 0x81;
    if (size >= 0x100)
        out[used++] = (uint8_t)(size >> 8);
    out[used++] = (uint8_t)size;
    return used;
}

static size_t put_integer(uint8_t *out, const uint8_t *number, size_t size)
{
    while (size > 1 && !*number) {
        number++;
        size--;
    }
    int pad = *number >= 0x80;
    size_t used = header(out, 0x02, size + (size_t)pad);
    if (pad)
        out[used++] = 0;
    memcpy(out + used, number, size);
    return used + size;
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } */
static int rsa_public(struct pkcs11_session *s, CK_OBJECT_HANDLE key, uint8_t *out, size_t *size, pca_error *err)
{
    uint8_t modulus[MODULUS_MAX], exponent[8], body[MODULUS_MAX + 32];
    CK_ATTRIBUTE asked[] = {{CKA_MODULUS, modulus, sizeof modulus}, {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent}};
    CK_RV rv = s->p->f->C_GetAttributeValue(s->handle, key, asked, 2);
    if (rv != CKR_OK)
        return fail(err, rv, "C_GetAttributeValue");
    size_t used = put_integer(body, modulus, asked[0].ulValueLen);
    used += put_integer(body + used, exponent, asked[1].ulValueLen);
    if (used + 4 > *size)
        return PCA_E_DEVICE;
    size_t start = header(out, 0x30, used);
    memcpy(out + start, body, used);
    *size = start + used;
    return PCA_OK;
}

/* CKA_EC_POINT is an OCTET STRING around the point; some modules leave it bare. */
static int ec_public(struct pkcs11_session *s, CK_OBJECT_HANDLE key, uint8_t *out, size_t *size, pca_error *err)
{
    uint8_t point[160];
    CK_ATTRIBUTE asked = {CKA_EC_POINT, point, sizeof point};
    CK_RV rv = s->p->f->C_GetAttributeValue(s->handle, key, &asked, 1);
    if (rv != CKR_OK)
        return fail(err, rv, "C_GetAttributeValue");
    size_t skip = 0;
    if (asked.ulValueLen >= 3 && point[0] == 0x04 && point[1] == 0x81 && asked.ulValueLen == 3u + point[2])
        skip = 3;
    else if (asked.ulValueLen >= 2 && point[0] == 0x04 && asked.ulValueLen == 2u + point[1])
        skip = 2;
    if (asked.ulValueLen - skip > *size)
        return PCA_E_DEVICE;
    memcpy(out, point + skip, asked.ulValueLen - skip);
    *size = asked.ulValueLen - skip;
    return PCA_OK;
}

static int public_key(void *session, const char *name, uint8_t *out, size_t *size, pca_error *err)
{
    struct pkcs11_session *s = session;
    CK_OBJECT_HANDLE key = 0;
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE asked = {CKA_KEY_TYPE, &type, sizeof type};
    int rc = find_key(s, CKO_PUBLIC_KEY, name, &key, err);
    if (rc != PCA_OK)
        return rc;
    CK_RV rv = s->p->f->C_GetAttributeValue(s->handle, key, &asked, 1);
    if (rv != CKR_OK)
        return fail(err, rv, "C_GetAttributeValue");
    return type == CKK_RSA ? rsa_public(s, key, out, size, err) : ec_public(s, key, out, size, err);
}

/* RSA: CKM_RSA_PKCS pads what it gets, a DigestInfo (RFC 8017 9.2). ECC: CKM_ECDSA gives r and s. */
static int sign(void *session, const char *name, int algorithm, const uint8_t *data, size_t data_size, uint8_t *signature, size_t *size, pca_error *err)
{
    static const uint8_t sha256_info[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    struct pkcs11_session *s = session;
    int ec = find_curve(algorithm) != NULL;
    uint8_t in[128];
    size_t in_size = 0;
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG made = *size;
    CK_MECHANISM mechanism = {ec ? CKM_ECDSA : CKM_RSA_PKCS, NULL, 0};
    if (data_size > 64)
        return PCA_E_DEVICE;
    if (!ec) {
        memcpy(in, sha256_info, sizeof sha256_info);
        in_size = sizeof sha256_info;
    }
    memcpy(in + in_size, data, data_size);
    in_size += data_size;
    int rc = find_key(s, CKO_PRIVATE_KEY, name, &key, err);
    if (rc != PCA_OK)
        return rc;
    CK_RV rv = s->p->f->C_SignInit(s->handle, &mechanism, key);
    if (rv == CKR_OK)
        rv = s->p->f->C_Sign(s->handle, in, in_size, signature, &made);
    if (rv != CKR_OK)
        return fail(err, rv, "C_Sign");
    *size = made;
    return PCA_OK;
}

/* The Name at an offset of TBSCertificate: the sixth element, after the version. */
static const uint8_t *subject_of(const uint8_t *der, size_t *size)
{
    const uint8_t *at = der;
    for (int i = 0; i < 8; i++) {
        size_t length = at[1], skip = 2;
        if (at[1] == 0x81) {
            length = at[2];
            skip = 3;
        } else if (at[1] == 0x82) {
            length = (size_t)at[2] << 8 | at[3];
            skip = 4;
        }
        if (i == 7) {
            *size = skip + length;
            return at;
        }
        at += i < 2 ? skip : skip + length; /* into the certificate and its TBSCertificate; past what stands before the subject */
    }
    return NULL;
}

static int import_certificate(void *session, const char *name, int use, const uint8_t *der, size_t size, pca_error *err)
{
    struct pkcs11_session *s = session;
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    CK_CERTIFICATE_TYPE type = CKC_X_509;
    CK_BBOOL yes = CK_TRUE;
    CK_OBJECT_HANDLE object;
    size_t subject_size = 0;
    const uint8_t *subject = subject_of(der, &subject_size);
    CK_ATTRIBUTE attributes[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_CERTIFICATE_TYPE, &type, sizeof type}, {CKA_TOKEN, &yes, sizeof yes},
        {CKA_LABEL, (void *)name, strlen(name)}, {CKA_ID, (void *)name, strlen(name)}, {CKA_SUBJECT, (void *)subject, subject_size},
        {CKA_VALUE, (void *)der, size},
    };
    (void)use;
    CK_RV rv = s->p->f->C_CreateObject(s->handle, attributes, sizeof attributes / sizeof *attributes, &object);
    return rv == CKR_OK ? PCA_OK : fail(err, rv, "C_CreateObject");
}

/* ---- The module ---- */

struct pkcs11 *pkcs11_load(const char *module, pca_error *err)
{
    CK_RV (*get_functions)(CK_FUNCTION_LIST **list) = NULL;
    CK_C_INITIALIZE_ARGS locking = {.flags = CKF_OS_LOCKING_OK};
    struct pkcs11 *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (p->library)
        *(void **)&get_functions = dlsym(p->library, "C_GetFunctionList");
    CK_RV rv = get_functions ? get_functions(&p->f) : CKR_GENERAL_ERROR;
    if (rv == CKR_OK)
        rv = p->f->C_Initialize(&locking);
    if (rv != CKR_OK) {
        fail(err, rv, module);
        if (p->library)
            dlclose(p->library);
        free(p);
        return NULL;
    }
    p->driver = (pca_container_driver){.version = PCA_CONTAINER_DRIVER_VERSION, .max_sessions = 8, .timeout_ms = 30000, .sign_form = PCA_SIGN_DIGEST,
                                       .context = p, .probe = probe, .open = open_session, .generate = generate, .public_key = public_key,
                                       .sign = sign, .import_certificate = import_certificate, .close = close_session};
    return p;
}

const pca_container_driver *pkcs11_driver(const struct pkcs11 *p)
{
    return &p->driver;
}

void pkcs11_unload(struct pkcs11 *p)
{
    if (!p)
        return;
    p->f->C_Finalize(NULL);
    dlclose(p->library);
    free(p);
}
