#include "x509/pkcs8.h"

#include "x509/pem.h"

/* EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING } */
int pcai_pkcs8_encrypt(enum pbe scheme, struct slice password, const struct pbe_seed *seed, struct slice private_key, struct buf *out,
                       pca_error *err)
{
    struct buf algorithm = {0}, secret = {0};
    int rc = pcai_pbe_encrypt(scheme, password, seed, private_key, &algorithm, &secret, err);
    if (rc == PCA_OK) {
        size_t mark = pcai_der_begin(out, DER_SEQUENCE);
        pcai_buf_slice(out, pcai_buf_view(&algorithm));
        pcai_der_put(out, DER_OCTET_STRING, pcai_buf_view(&secret));
        pcai_der_end(out, mark);
        rc = pcai_buf_check(out, err);
    }
    pcai_buf_free(&algorithm);
    pcai_buf_free(&secret);
    return rc;
}

static int refuse(pca_error *err, const char *why)
{
    return pcai_fail(err, PCA_E_INVALID, NULL, "key", "%s", why);
}

/* PrivateKeyInfo ::= SEQUENCE { version 0 (1 in RFC 5958), privateKeyAlgorithm, privateKey OCTET STRING,
 *                               attributes [0] OPTIONAL, publicKey [1] OPTIONAL } */
static int is_private_key(struct slice der)
{
    struct der outer = pcai_der(der), in;
    struct slice content;
    uint64_t version;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_uint(&in, &version) != 0 ||
        version > 1 || pcai_der_get(&in, DER_SEQUENCE, &content) != 0 || content.size == 0 ||
        pcai_der_get(&in, DER_OCTET_STRING, &content) != 0 || content.size == 0)
        return 0;
    pcai_der_optional(&in, DER_CONTEXT_CONSTRUCTED(0), &content);
    pcai_der_optional(&in, DER_CONTEXT(1), &content);
    return pcai_der_at_end(&in);
}

int pcai_pkcs8_copy(struct slice der, struct buf *private_key, pca_error *err)
{
    if (!is_private_key(der))
        return refuse(err, "the private key is not PKCS#8");
    pcai_buf_slice(private_key, der);
    return pcai_buf_check(private_key, err);
}

static int is_encrypted(struct slice der)
{
    struct der outer = pcai_der(der), in;
    return pcai_der_enter(&outer, DER_SEQUENCE, &in) == 0 && pcai_der_peek(&in) == DER_SEQUENCE;
}

int pcai_pkcs8_decrypt(struct slice encrypted, struct slice password, struct buf *private_key, pca_error *err)
{
    struct der outer = pcai_der(encrypted), in;
    struct slice algorithm, secret;
    struct buf plain = {0};
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer) || pcai_der_whole(&in, DER_SEQUENCE, &algorithm) != 0 ||
        pcai_der_get(&in, DER_OCTET_STRING, &secret) != 0 || !pcai_der_at_end(&in))
        return refuse(err, "the encrypted private key is malformed");
    int rc = pcai_pbe_decrypt(algorithm, password, secret, &plain, err);
    /* One wrong password in 256 leaves a padding that looks right. */
    if (rc == PCA_OK && !is_private_key(pcai_buf_view(&plain)))
        rc = pcai_fail(err, PCA_E_INVALID, NULL, "password", "the password does not open it");
    if (rc == PCA_OK) {
        pcai_buf_slice(private_key, pcai_buf_view(&plain));
        rc = pcai_buf_check(private_key, err);
    }
    pcai_buf_free(&plain);
    return rc;
}

/* ---- Traditional forms, wrapped ---- */

static void put_wrapped(struct buf *out, enum oid algorithm, struct slice parameters, struct slice key)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_uint(out, 0);
    size_t identifier = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(algorithm));
    pcai_buf_slice(out, parameters);
    pcai_der_end(out, identifier);
    pcai_der_put(out, DER_OCTET_STRING, key);
    pcai_der_end(out, mark);
}

static int wrap_rsa(struct slice der, struct buf *out, pca_error *err)
{
    static const uint8_t null[] = {DER_NULL, 0};
    struct der outer = pcai_der(der), in;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer) || pcai_der_peek(&in) != DER_INTEGER)
        return refuse(err, "the RSA private key is malformed");
    put_wrapped(out, OID_RSA_ENCRYPTION, pcai_slice(null, sizeof null), der);
    return pcai_buf_check(out, err);
}

/* ECPrivateKey ::= SEQUENCE { version 1, privateKey OCTET STRING, parameters [0] namedCurve, publicKey [1] OPTIONAL } */
static int wrap_ec(struct slice der, struct buf *out, pca_error *err)
{
    struct der outer = pcai_der(der), in, parameters;
    struct slice octets, curve;
    uint64_t version;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_uint(&in, &version) != 0 ||
        version != 1 || pcai_der_get(&in, DER_OCTET_STRING, &octets) != 0)
        return refuse(err, "the EC private key is malformed");
    if (pcai_der_enter(&in, DER_CONTEXT_CONSTRUCTED(0), &parameters) != 0 || pcai_der_whole(&parameters, DER_OID, &curve) != 0 ||
        !pcai_der_at_end(&parameters))
        return refuse(err, "the EC private key does not name its curve");
    put_wrapped(out, OID_EC_PUBLIC_KEY, curve, der);
    return pcai_buf_check(out, err);
}

/* ---- PEM or DER ---- */

static int open_der(struct slice der, struct slice password, struct buf *private_key, pca_error *err)
{
    if (!is_encrypted(der))
        return pcai_pkcs8_copy(der, private_key, err);
    if (!password.data)
        return pcai_fail(err, PCA_E_INVALID, NULL, "password", "the private key is encrypted: it needs its password");
    return pcai_pkcs8_decrypt(der, password, private_key, err);
}

enum form { FORM_PKCS8, FORM_RSA, FORM_EC };

/* openssl ecparam -genkey names the curve in a block of its own in front. */
static struct slice skip_parameters(struct slice text)
{
    static const char end[] = "-----END EC PARAMETERS-----";
    const uint8_t *at = pcai_pem_find(text, end);
    if (!at)
        return text;
    at += sizeof end - 1;
    return pcai_slice(at, (size_t)(text.data + text.size - at));
}

/* The block of PEM that holds a key. */
static int read_pem(struct slice text, struct buf *der, enum form *form, pca_error *err)
{
    static const char *const labels[][3] = {
        [FORM_PKCS8] = {"PRIVATE KEY", "ENCRYPTED PRIVATE KEY", NULL},
        [FORM_RSA] = {"RSA PRIVATE KEY", NULL},
        [FORM_EC] = {"EC PRIVATE KEY", NULL},
    };
    if (pcai_pem_find(text, "Proc-Type:"))
        return pcai_fail(err, PCA_E_UNSUPPORTED, NULL, "key", "the traditional encryption of PEM is not read here: make it PKCS#8 (openssl pkcs8 -topk8)");
    for (int i = FORM_PKCS8; i <= FORM_EC; i++)
        if (pcai_pem_read(skip_parameters(text), labels[i], der) == 0) {
            *form = (enum form)i;
            return PCA_OK;
        }
    return der->failed ? pcai_no_memory(err) : refuse(err, "there is no private key in the PEM, or it is malformed");
}

int pcai_pkcs8_open(struct slice in, struct slice password, struct buf *private_key, pca_error *err)
{
    struct buf der = {0};
    enum form form = FORM_PKCS8;
    int rc = PCA_OK, is_pem = pcai_pem_is(in);
    if (in.size > PCAI_PKCS8_MAX)
        return pcai_fail(err, PCA_E_INVALID, NULL, "key", "a private key is at most %d octets", PCAI_PKCS8_MAX);
    if (is_pem)
        rc = read_pem(in, &der, &form, err);
    struct slice content = is_pem ? pcai_buf_view(&der) : in;
    if (rc == PCA_OK && password.data && (form != FORM_PKCS8 || !is_encrypted(content)))
        rc = pcai_fail(err, PCA_E_INVALID, NULL, "password", "there is a password, but the private key is not encrypted");
    if (rc == PCA_OK)
        rc = form == FORM_RSA  ? wrap_rsa(content, private_key, err)
             : form == FORM_EC ? wrap_ec(content, private_key, err)
                               : open_der(content, password, private_key, err);
    pcai_buf_free(&der);
    return rc;
}
