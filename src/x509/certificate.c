#include "x509/certificate.h"

#include <string.h>

#include "crypto/crypto.h"
#include "x509/constraints.h"
#include "x509/pem.h"

int pcai_key_id(struct slice public_key, uint8_t id[PCAI_KEY_ID], pca_error *err)
{
    struct der outer = pcai_der(public_key), info;
    struct slice bits, skip;
    unsigned unused;
    uint8_t digest[PCAI_DIGEST_MAX];
    if (pcai_der_enter(&outer, DER_SEQUENCE, &info) != 0 || pcai_der_get(&info, DER_SEQUENCE, &skip) != 0 ||
        pcai_der_get_bits(&info, &bits, &unused) != 0)
        return pcai_fail(err, PCA_E_ALGORITHM, NULL, "public_key", "the SubjectPublicKeyInfo is not well-formed DER");
    int rc = pcai_digest(PCAI_SHA256, bits, digest, err);
    if (rc == PCA_OK)
        memcpy(id, digest, PCAI_KEY_ID);
    return rc;
}

/* ---- Extensions ---- */

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } */
struct extension {
    size_t sequence, octets;
};

static struct extension extension_open(struct buf *out, struct slice oid, int critical)
{
    struct extension e;
    e.sequence = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, oid);
    if (critical)
        pcai_der_boolean(out, 1);
    e.octets = pcai_der_begin(out, DER_OCTET_STRING);
    return e;
}

static struct extension extension_begin(struct buf *out, enum oid oid, int critical)
{
    return extension_open(out, pcai_oid(oid), critical);
}

static void extension_end(struct buf *out, struct extension e)
{
    pcai_der_end(out, e.octets);
    pcai_der_end(out, e.sequence);
}

/* AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] OCTET STRING } */
static void put_authority_key_id(struct buf *out, struct slice id)
{
    struct extension e = extension_begin(out, OID_AUTHORITY_KEY_ID, 0);
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_CONTEXT(0), id);
    pcai_der_end(out, mark);
    extension_end(out, e);
}

static void put_subject_key_id(struct buf *out, struct slice id)
{
    struct extension e = extension_begin(out, OID_SUBJECT_KEY_ID, 0);
    pcai_der_put(out, DER_OCTET_STRING, id);
    extension_end(out, e);
}

/* KeyUsage ::= BIT STRING, a named-bit list: trailing zero bits are dropped (X.690 11.2.2). */
static void put_key_usage(struct buf *out, unsigned usage)
{
    uint8_t octet = 0;
    unsigned last = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        if (usage & 1u << bit) {
            octet |= (uint8_t)(0x80 >> bit);
            last = bit;
        }
    }
    struct extension e = extension_begin(out, OID_KEY_USAGE, 1);
    pcai_der_bits(out, pcai_slice(&octet, 1), 7 - last);
    extension_end(out, e);
}

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
static void put_basic_constraints(struct buf *out, int path_length)
{
    struct extension e = extension_begin(out, OID_BASIC_CONSTRAINTS, 1);
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_boolean(out, 1);
    if (path_length >= 0)
        pcai_der_uint(out, (uint64_t)path_length);
    pcai_der_end(out, mark);
    extension_end(out, e);
}

/* policyQualifiers SEQUENCE OF SEQUENCE { policyQualifierId id-qt-cps, qualifier IA5String } */
static void put_cps(struct buf *out, struct slice uri)
{
    size_t qualifiers = pcai_der_begin(out, DER_SEQUENCE), qualifier = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_CPS));
    pcai_der_put(out, DER_IA5_STRING, uri);
    pcai_der_end(out, qualifier);
    pcai_der_end(out, qualifiers);
}

/* CertificatePolicies ::= SEQUENCE OF SEQUENCE { policyIdentifier, policyQualifiers OPTIONAL } */
static void put_policies(struct buf *out, const struct certificate *c)
{
    struct extension e = extension_begin(out, OID_CERTIFICATE_POLICIES, 0);
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    for (size_t i = 0; i < c->policy_count; i++) {
        size_t policy = pcai_der_begin(out, DER_SEQUENCE);
        pcai_der_put(out, DER_OID, c->policies[i].oid);
        if (c->policies[i].cps.data)
            put_cps(out, c->policies[i].cps);
        pcai_der_end(out, policy);
    }
    pcai_der_end(out, mark);
    extension_end(out, e);
}

/* ExtKeyUsageSyntax ::= SEQUENCE OF KeyPurposeId */
static void put_extended_key_usage(struct buf *out, const struct certificate *c)
{
    struct extension e = extension_begin(out, OID_EXTENDED_KEY_USAGE, 0);
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    for (size_t i = 0; i < c->eku_count; i++)
        pcai_der_put(out, DER_OID, c->eku[i]);
    pcai_der_end(out, mark);
    extension_end(out, e);
}

/* CRLDistributionPoints ::= SEQUENCE OF SEQUENCE { distributionPoint [0] { fullName [0] GeneralNames } } */
static void put_crl_distribution_point(struct buf *out, struct slice url)
{
    struct extension e = extension_begin(out, OID_CRL_DISTRIBUTION_POINTS, 0);
    size_t points = pcai_der_begin(out, DER_SEQUENCE), point = pcai_der_begin(out, DER_SEQUENCE);
    size_t name = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0)), full = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0));
    pcai_der_put(out, DER_CONTEXT(PCA_SAN_URI), url);
    pcai_der_end(out, full);
    pcai_der_end(out, name);
    pcai_der_end(out, point);
    pcai_der_end(out, points);
    extension_end(out, e);
}

/* AuthorityInfoAccessSyntax ::= SEQUENCE OF SEQUENCE { accessMethod, accessLocation GeneralName } */
static void put_access(struct buf *out, enum oid method, struct slice url)
{
    if (!url.data)
        return;
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(method));
    pcai_der_put(out, DER_CONTEXT(PCA_SAN_URI), url);
    pcai_der_end(out, mark);
}

static void put_authority_info_access(struct buf *out, const struct certificate *c)
{
    struct extension e = extension_begin(out, OID_AUTHORITY_INFO_ACCESS, 0);
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    put_access(out, OID_OCSP, c->ocsp_url);
    put_access(out, OID_CA_ISSUERS, c->issuer_url);
    pcai_der_end(out, mark);
    extension_end(out, e);
}

/* An empty Name is a SEQUENCE without contents. */
static int name_is_empty(struct slice name)
{
    return name.size <= 2;
}

void pcai_extensions_write(struct buf *out, const struct certificate *c)
{
    size_t sequence = pcai_der_begin(out, DER_SEQUENCE);
    if (c->authority_key_id.data)
        put_authority_key_id(out, c->authority_key_id);
    if (c->subject_key_id.data)
        put_subject_key_id(out, c->subject_key_id);
    put_key_usage(out, c->key_usage);
    if (c->is_ca)
        put_basic_constraints(out, c->path_length);
    if (c->name_constraints.data) {
        struct extension e = extension_begin(out, OID_NAME_CONSTRAINTS, 1);
        pcai_buf_slice(out, c->name_constraints);
        extension_end(out, e);
    }
    if (c->policy_count)
        put_policies(out, c);
    if (c->eku_count)
        put_extended_key_usage(out, c);
    if (c->san.data) {
        struct extension e = extension_begin(out, OID_SUBJECT_ALT_NAME, name_is_empty(c->subject));
        pcai_buf_slice(out, c->san);
        extension_end(out, e);
    }
    if (c->crl_url.data)
        put_crl_distribution_point(out, c->crl_url);
    if (c->ocsp_url.data || c->issuer_url.data)
        put_authority_info_access(out, c);
    for (size_t i = 0; i < c->extension_count; i++) {
        struct extension e = extension_open(out, c->extensions[i].oid, c->extensions[i].critical);
        pcai_buf_slice(out, c->extensions[i].value);
        extension_end(out, e);
    }
    pcai_der_end(out, sequence);
}

static void put_validity(struct buf *out, int64_t not_before, int64_t not_after)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_time(out, not_before);
    pcai_der_time(out, not_after);
    pcai_der_end(out, mark);
}

/* TBSCertificate ::= SEQUENCE { version [0] v3, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo,
 *     extensions [3] } */
int pcai_certificate_tbs(const struct certificate *c, struct buf *out, pca_error *err)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    size_t version = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0));
    pcai_der_uint(out, 2);
    pcai_der_end(out, version);
    pcai_der_put(out, DER_INTEGER, c->serial);
    pcai_signature_algorithm_write(out, c->signature_key);
    pcai_buf_slice(out, c->issuer);
    put_validity(out, c->not_before, c->not_after);
    pcai_buf_slice(out, c->subject);
    pcai_buf_slice(out, c->public_key);
    size_t tagged = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(3));
    pcai_extensions_write(out, c);
    pcai_der_end(out, tagged);
    pcai_der_end(out, mark);
    return pcai_buf_check(out, err);
}

int pcai_certificate_fill(struct slice tbs, struct slice serial, int64_t not_before, int64_t not_after, struct buf *out, pca_error *err)
{
    struct der outer = pcai_der(tbs), in;
    struct slice version, held, algorithm, issuer;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || pcai_der_whole(&in, DER_CONTEXT_CONSTRUCTED(0), &version) != 0 ||
        pcai_der_get_integer(&in, &held) != 0 || pcai_der_whole(&in, DER_SEQUENCE, &algorithm) != 0 ||
        pcai_der_whole(&in, DER_SEQUENCE, &issuer) != 0 || pcai_der_whole(&in, DER_SEQUENCE, &held) != 0)
        return pcai_fail(err, PCA_E_CORRUPT, NULL, "certificate", "the template is no TBSCertificate");
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_buf_slice(out, version);
    pcai_der_put(out, DER_INTEGER, serial);
    pcai_buf_slice(out, algorithm);
    pcai_buf_slice(out, issuer);
    put_validity(out, not_before, not_after);
    pcai_buf_slice(out, pcai_slice(in.at, (size_t)(in.end - in.at)));
    pcai_der_end(out, mark);
    return pcai_buf_check(out, err);
}

void pcai_signed_write(struct buf *out, struct slice tbs, int signature_key, struct slice signature)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_buf_slice(out, tbs);
    pcai_signature_algorithm_write(out, signature_key);
    pcai_der_bits(out, signature, 0);
    pcai_der_end(out, mark);
}

/* ---- Reading ---- */

static int read_key_usage(struct der *value, unsigned *usage)
{
    struct slice bits;
    unsigned unused;
    if (pcai_der_get_bits(value, &bits, &unused) != 0)
        return -1;
    for (unsigned i = 0; i < bits.size * 8 && i < 9; i++)
        if (bits.data[i / 8] & 0x80 >> i % 8)
            *usage |= 1u << i;
    return 0;
}

static int read_basic_constraints(struct der *value, struct certificate *c)
{
    struct der in;
    uint64_t length;
    if (pcai_der_enter(value, DER_SEQUENCE, &in) != 0)
        return -1;
    if (pcai_der_peek(&in) == DER_BOOLEAN && pcai_der_get_boolean(&in, &c->is_ca) != 0)
        return -1;
    if (pcai_der_peek(&in) == DER_INTEGER) {
        if (pcai_der_get_uint(&in, &length) != 0 || length > 255)
            return -1;
        c->path_length = (int)length;
    }
    return pcai_der_at_end(&in) ? 0 : -1;
}

static int read_eku(struct der *value, struct certificate *c)
{
    struct der in;
    if (pcai_der_enter(value, DER_SEQUENCE, &in) != 0 || pcai_der_at_end(&in))
        return -1;
    while (!pcai_der_at_end(&in))
        if (c->eku_count == PCAI_EKU_MAX || pcai_der_get_oid(&in, &c->eku[c->eku_count++]) != 0)
            return -1;
    return 0;
}

static int read_authority_key_id(struct der *value, struct certificate *c)
{
    struct der in;
    if (pcai_der_enter(value, DER_SEQUENCE, &in) != 0)
        return -1;
    pcai_der_optional(&in, DER_CONTEXT(0), &c->authority_key_id);
    return 0;
}

/* The URI that the first point begins with. */
static int read_crl_url(struct der *value, struct certificate *c)
{
    struct der points, point, name, full;
    if (pcai_der_enter(value, DER_SEQUENCE, &points) != 0 || pcai_der_enter(&points, DER_SEQUENCE, &point) != 0)
        return -1;
    if (pcai_der_enter(&point, DER_CONTEXT_CONSTRUCTED(0), &name) == 0 && pcai_der_enter(&name, DER_CONTEXT_CONSTRUCTED(0), &full) == 0)
        pcai_der_optional(&full, DER_CONTEXT(PCA_SAN_URI), &c->crl_url);
    return 0;
}

/* 1: it is understood. */
static int read_value(enum oid type, struct slice octets, struct certificate *c)
{
    struct der value = pcai_der(octets);
    int failed;
    switch (type) {
    case OID_SUBJECT_KEY_ID:
        failed = pcai_der_get(&value, DER_OCTET_STRING, &c->subject_key_id) != 0 || c->subject_key_id.size == 0;
        break;
    case OID_AUTHORITY_KEY_ID:
        failed = read_authority_key_id(&value, c);
        break;
    case OID_KEY_USAGE:
        failed = read_key_usage(&value, &c->key_usage);
        break;
    case OID_BASIC_CONSTRAINTS:
        failed = read_basic_constraints(&value, c);
        break;
    case OID_EXTENDED_KEY_USAGE:
        failed = read_eku(&value, c);
        break;
    case OID_SUBJECT_ALT_NAME:
        c->san = octets;
        return 1;
    case OID_NAME_CONSTRAINTS:
        c->name_constraints = octets;
        return pcai_constraints_are_sound(octets) ? 1 : -1;
    case OID_CRL_DISTRIBUTION_POINTS:
        failed = read_crl_url(&value, c);
        break;
    case OID_CERTIFICATE_POLICIES: /* bound to nothing here */
        return 1;
    default:
        return 0;
    }
    return failed || !pcai_der_at_end(&value) ? -1 : 1;
}

struct seen {
    struct slice oid[PCAI_EXTENSIONS_READ_MAX];
    size_t count;
};

/* RFC 5280 4.2: not more than one instance of an extension, known here or not. */
static int see(struct seen *seen, struct slice oid)
{
    for (size_t i = 0; i < seen->count; i++)
        if (pcai_slice_equal(seen->oid[i], oid))
            return -1;
    if (seen->count == PCAI_EXTENSIONS_READ_MAX)
        return -1;
    seen->oid[seen->count++] = oid;
    return 0;
}

static int read_extension(struct der *extension, struct certificate *c, struct seen *seen)
{
    struct slice oid, octets;
    int critical = 0;
    if (pcai_der_get_oid(extension, &oid) != 0 ||
        (pcai_der_peek(extension) == DER_BOOLEAN && pcai_der_get_boolean(extension, &critical) != 0) ||
        pcai_der_get(extension, DER_OCTET_STRING, &octets) != 0 || !pcai_der_at_end(extension) || see(seen, oid) != 0)
        return -1;
    int understood = read_value(pcai_oid_find(oid), octets, c);
    if (understood == 0 && critical && !c->critical.data)
        c->critical = oid;
    return understood < 0 ? -1 : 0;
}

static int read_extensions(struct der *tbs, struct certificate *c)
{
    struct der tagged, sequence, extension;
    struct seen seen = {.count = 0};
    if (pcai_der_peek(tbs) != DER_CONTEXT_CONSTRUCTED(3))
        return pcai_der_at_end(tbs) ? 0 : -1;
    if (pcai_der_enter(tbs, DER_CONTEXT_CONSTRUCTED(3), &tagged) != 0 || !pcai_der_at_end(tbs) ||
        pcai_der_enter(&tagged, DER_SEQUENCE, &sequence) != 0 || !pcai_der_at_end(&tagged))
        return -1;
    while (!pcai_der_at_end(&sequence))
        if (pcai_der_enter(&sequence, DER_SEQUENCE, &extension) != 0 || read_extension(&extension, c, &seen) != 0)
            return -1;
    return 0;
}

static int read_tbs(struct der *tbs, struct certificate *c)
{
    struct der version, validity;
    struct slice algorithm;
    uint64_t v;
    if (pcai_der_enter(tbs, DER_CONTEXT_CONSTRUCTED(0), &version) != 0 || pcai_der_get_uint(&version, &v) != 0 || v != 2 ||
        !pcai_der_at_end(&version) ||
        pcai_der_get_integer(tbs, &c->serial) != 0 || pcai_der_whole(tbs, DER_SEQUENCE, &algorithm) != 0 ||
        !pcai_slice_equal(algorithm, c->signature_algorithm) || pcai_der_whole(tbs, DER_SEQUENCE, &c->issuer) != 0 ||
        pcai_der_enter(tbs, DER_SEQUENCE, &validity) != 0 || pcai_der_get_time(&validity, &c->not_before) != 0 ||
        pcai_der_get_time(&validity, &c->not_after) != 0 || !pcai_der_at_end(&validity) ||
        pcai_der_whole(tbs, DER_SEQUENCE, &c->subject) != 0 || pcai_der_whole(tbs, DER_SEQUENCE, &c->public_key) != 0)
        return -1;
    return read_extensions(tbs, c);
}

int pcai_certificate_read(struct slice der, struct certificate *c, pca_error *err)
{
    struct der outer = pcai_der(der), in, tbs_outer, tbs;
    unsigned unused;
    *c = (struct certificate){.path_length = -1};
    int bad = pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer) || pcai_der_whole(&in, DER_SEQUENCE, &c->tbs) != 0 ||
              pcai_der_whole(&in, DER_SEQUENCE, &c->signature_algorithm) != 0 || pcai_der_get_bits(&in, &c->signature, &unused) != 0 ||
              unused != 0 || !pcai_der_at_end(&in);
    if (!bad) {
        tbs_outer = pcai_der(c->tbs);
        bad = pcai_der_enter(&tbs_outer, DER_SEQUENCE, &tbs) != 0 || read_tbs(&tbs, c) != 0;
    }
    return bad ? pcai_fail(err, PCA_E_CORRUPT, NULL, "certificate", "the certificate is not well-formed DER of X.509 version 3") : PCA_OK;
}

int pcai_certificate_open(struct slice in, struct buf *work, struct certificate *c, pca_error *err)
{
    static const char *const labels[] = {"CERTIFICATE", "X509 CERTIFICATE", NULL};
    pcai_buf_reset(work);
    if (in.size == 0 || in.size > PCAI_CERTIFICATE_MAX)
        return pcai_fail(err, PCA_E_INVALID, NULL, "certificate", "a certificate has 1 to %d octets; this has %zu", PCAI_CERTIFICATE_MAX, in.size);
    if (in.data[0] == DER_SEQUENCE)
        pcai_buf_slice(work, in);
    else if (pcai_pem_read(in, labels, work) != 0 && !work->failed)
        return pcai_fail(err, PCA_E_INVALID, NULL, "certificate", "neither DER nor one whole PEM block \"CERTIFICATE\"");
    int rc = pcai_buf_check(work, err);
    if (rc == PCA_OK)
        rc = pcai_certificate_read(pcai_buf_view(work), c, err);
    return rc == PCA_E_CORRUPT ? pcai_fail(err, PCA_E_INVALID, NULL, "certificate", "it is not well-formed DER of X.509 version 3") : rc;
}

int pcai_certificate_verify(const struct certificate *c, struct slice public_key, pca_error *err)
{
    struct public_key *key = NULL;
    int family, digest, rc = pcai_public_read(public_key, &key, err);
    if (rc == PCA_OK && (pcai_signature_algorithm_read(c->signature_algorithm, &family, &digest) != 0 ||
                         family != pcai_algorithm_family(pcai_public_algorithm(key))))
        rc = pcai_fail(err, PCA_E_CRYPTO, NULL, "certificate", "the signature's algorithm is not taken, or does not fit the key");
    if (rc == PCA_OK)
        rc = pcai_public_verify(key, digest, c->tbs, c->signature, err);
    pcai_public_free(key);
    return rc;
}
