#include "x509/csr.h"

#include "x509/pem.h"

static int refuse(pca_error *err, const char *why)
{
    return pcai_fail(err, PCA_E_CSR, NULL, "csr", "%s", why);
}

static int contains(const struct slice *seen, size_t count, struct slice oid)
{
    for (size_t i = 0; i < count; i++)
        if (pcai_slice_equal(seen[i], oid))
            return 1;
    return 0;
}

static void ignore(struct csr *csr, struct slice oid)
{
    csr->ignored[csr->ignored_count++] = oid;
}

/* Known extensions are well-formed even where they are ignored. */
static int inner_is_sound(enum oid known, struct slice octets)
{
    struct der value = pcai_der(octets), in;
    struct slice content;
    unsigned unused;
    int flag;
    uint64_t length;
    switch (known) {
    case OID_SUBJECT_KEY_ID:
        return pcai_der_get(&value, DER_OCTET_STRING, &content) == 0 && pcai_der_at_end(&value);
    case OID_KEY_USAGE:
        return pcai_der_get_bits(&value, &content, &unused) == 0 && pcai_der_at_end(&value);
    case OID_BASIC_CONSTRAINTS:
        if (pcai_der_enter(&value, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&value))
            return 0;
        if (pcai_der_peek(&in) == DER_BOOLEAN && pcai_der_get_boolean(&in, &flag) != 0)
            return 0;
        if (pcai_der_peek(&in) == DER_INTEGER && pcai_der_get_uint(&in, &length) != 0)
            return 0;
        return pcai_der_at_end(&in);
    case OID_EXTENDED_KEY_USAGE:
    case OID_NAME_CONSTRAINTS:
    case OID_CERTIFICATE_POLICIES:
    case OID_CRL_DISTRIBUTION_POINTS:
    case OID_AUTHORITY_KEY_ID:
        return pcai_der_get(&value, DER_SEQUENCE, &content) == 0 && content.size && pcai_der_at_end(&value);
    case OID_SUBJECT_ALT_NAME:
        /* Form only: what stands in it matters when it is used. */
        if (pcai_der_enter(&value, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&value) || pcai_der_at_end(&in))
            return 0;
        while (!pcai_der_at_end(&in)) {
            uint8_t tag;
            if (pcai_der_any(&in, &tag, &content, NULL) != 0 || (tag & 0xC0) != 0x80 || (tag & 0x1F) > 8)
                return 0;
        }
        return 1;
    default:
        return 1;
    }
}

/* Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension */
static int read_extensions(struct der *value, struct csr *csr, pca_error *err)
{
    struct der sequence, extension;
    struct slice seen[PCAI_CSR_EXTENSIONS_MAX], oid, octets;
    size_t count = 0;
    if (pcai_der_enter(value, DER_SEQUENCE, &sequence) != 0 || pcai_der_at_end(&sequence))
        return refuse(err, "the extensionRequest is not a sequence of extensions");
    while (!pcai_der_at_end(&sequence)) {
        int critical;
        if (pcai_der_enter(&sequence, DER_SEQUENCE, &extension) != 0 || pcai_der_get_oid(&extension, &oid) != 0 ||
            (pcai_der_peek(&extension) == DER_BOOLEAN && pcai_der_get_boolean(&extension, &critical) != 0) ||
            pcai_der_get(&extension, DER_OCTET_STRING, &octets) != 0 || !pcai_der_at_end(&extension))
            return refuse(err, "an extension that is asked for is not well-formed");
        if (count == PCAI_CSR_EXTENSIONS_MAX)
            return pcai_fail(err, PCA_E_CSR, NULL, "csr", "more than %d extensions are asked for", PCAI_CSR_EXTENSIONS_MAX);
        char text[PCAI_OID_TEXT];
        pcai_oid_text(oid, text, sizeof text);
        enum oid known = pcai_oid_find(oid);
        if (contains(seen, count, oid))
            return pcai_fail(err, PCA_E_CSR, NULL, "csr", "the extension %s is asked for twice", text);
        if (!inner_is_sound(known, octets))
            return pcai_fail(err, PCA_E_CSR, NULL, "csr", "the extension %s is not well-formed inside", text);
        seen[count++] = oid;
        if (known == OID_SUBJECT_ALT_NAME)
            csr->san = octets;
        else
            ignore(csr, oid);
    }
    return PCA_OK;
}

/* Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values SET SIZE (1..MAX) OF ANY } */
static int read_attributes(struct der *attributes, struct csr *csr, pca_error *err)
{
    struct der attribute, values;
    struct slice seen[PCAI_CSR_EXTENSIONS_MAX], oid;
    size_t count = 0, value_count;
    while (!pcai_der_at_end(attributes)) {
        if (pcai_der_enter(attributes, DER_SEQUENCE, &attribute) != 0 || pcai_der_get_oid(&attribute, &oid) != 0 ||
            pcai_der_enter(&attribute, DER_SET, &values) != 0 || !pcai_der_at_end(&attribute) || pcai_der_at_end(&values))
            return refuse(err, "an attribute is not well-formed");
        if (count == PCAI_CSR_EXTENSIONS_MAX)
            return pcai_fail(err, PCA_E_CSR, NULL, "csr", "there are more than %d attributes", PCAI_CSR_EXTENSIONS_MAX);
        if (contains(seen, count, oid))
            return refuse(err, "an attribute stands twice");
        seen[count++] = oid;
        struct der one = values;
        for (value_count = 0; !pcai_der_at_end(&values); value_count++)
            if (pcai_der_any(&values, NULL, NULL, NULL) != 0)
                return refuse(err, "an attribute's value is not well-formed");
        if (pcai_oid_find(oid) != OID_EXTENSION_REQUEST) {
            ignore(csr, oid);
            continue;
        }
        if (value_count > 1)
            return refuse(err, "the extensionRequest has more than one value");
        int rc = read_extensions(&one, csr, err);
        if (rc != PCA_OK)
            return rc;
    }
    return PCA_OK;
}

/* Name ::= SEQUENCE OF SET OF SEQUENCE { type, value }. Form only: which types and values are taken is asked when it is used. */
static int subject_is_sound(struct slice subject)
{
    struct der outer = pcai_der(subject), name, set, pair;
    struct slice type;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &name) != 0)
        return 0;
    while (!pcai_der_at_end(&name)) {
        if (pcai_der_enter(&name, DER_SET, &set) != 0 || pcai_der_at_end(&set))
            return 0;
        while (!pcai_der_at_end(&set))
            if (pcai_der_enter(&set, DER_SEQUENCE, &pair) != 0 || pcai_der_get_oid(&pair, &type) != 0 ||
                pcai_der_any(&pair, NULL, NULL, NULL) != 0 || !pcai_der_at_end(&pair))
                return 0;
    }
    return 1;
}

/* CertificationRequestInfo ::= SEQUENCE { version 0, subject Name, subjectPKInfo, attributes [0] } */
static int read_info(struct csr *csr, pca_error *err)
{
    struct der outer = pcai_der(csr->info), info, attributes;
    uint64_t version;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &info) != 0 || pcai_der_get_uint(&info, &version) != 0)
        return refuse(err, "the request's version is missing");
    if (version != 0)
        return refuse(err, "the request's version is not 0 (RFC 2986 4.1)");
    if (pcai_der_whole(&info, DER_SEQUENCE, &csr->subject) != 0)
        return refuse(err, "the subject is missing");
    if (!subject_is_sound(csr->subject))
        return refuse(err, "the subject is not well-formed");
    if (pcai_der_whole(&info, DER_SEQUENCE, &csr->public_key) != 0)
        return refuse(err, "the public key is missing");
    if (pcai_der_enter(&info, DER_CONTEXT_CONSTRUCTED(0), &attributes) != 0)
        return refuse(err, "the attributes [0] are missing (RFC 2986 4.1)");
    if (!pcai_der_at_end(&info))
        return refuse(err, "octets follow the attributes");
    return read_attributes(&attributes, csr, err);
}

/* CertificationRequest ::= SEQUENCE { certificationRequestInfo, signatureAlgorithm, signature BIT STRING } */
static int read_der(struct slice der, struct csr *csr, pca_error *err)
{
    struct der outer = pcai_der(der), in;
    unsigned unused;
    *csr = (struct csr){.der = der};
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0)
        return refuse(err, "the request is not DER, or is cut short");
    if (!pcai_der_at_end(&outer))
        return refuse(err, "octets follow the request");
    if (pcai_der_whole(&in, DER_SEQUENCE, &csr->info) != 0 || pcai_der_whole(&in, DER_SEQUENCE, &csr->signature_algorithm) != 0 ||
        pcai_der_get_bits(&in, &csr->signature, &unused) != 0 || unused != 0 || !pcai_der_at_end(&in))
        return refuse(err, "the request is not info, algorithm and signature");
    return read_info(csr, err);
}

int pcai_csr_read(struct slice in, struct buf *work, struct csr *csr, pca_error *err)
{
    static const char *const labels[] = {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", NULL};
    if (in.size == 0 || in.size > PCAI_CSR_MAX)
        return pcai_fail(err, PCA_E_CSR, NULL, "csr", "a request has 1 to %d octets; this has %zu", PCAI_CSR_MAX, in.size);
    if (in.data[0] != DER_SEQUENCE) {
        pcai_buf_reset(work);
        if (pcai_pem_read(in, labels, work) != 0)
            return work->failed ? pcai_no_memory(err) : refuse(err, "neither DER nor one whole PEM block \"CERTIFICATE REQUEST\"");
        in = pcai_buf_view(work);
    }
    return read_der(in, csr, err);
}

/* extensionRequest (RFC 2985 5.4.2) */
static void put_extension_request(struct buf *out, const struct certificate *asked)
{
    size_t attribute = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_EXTENSION_REQUEST));
    size_t values = pcai_der_begin(out, DER_SET);
    pcai_extensions_write(out, asked);
    pcai_der_end(out, values);
    pcai_der_end(out, attribute);
}

/* CertificationRequestInfo ::= SEQUENCE { version INTEGER (0), subject Name, subjectPKInfo, attributes [0] } */
void pcai_csr_info(struct buf *out, struct slice subject, struct slice public_key, const struct certificate *asked)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_uint(out, 0);
    pcai_buf_slice(out, subject);
    pcai_buf_slice(out, public_key);
    size_t attributes = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0));
    if (asked)
        put_extension_request(out, asked);
    pcai_der_end(out, attributes);
    pcai_der_end(out, mark);
}

int pcai_csr_verify(const struct csr *csr, int *key_algorithm, pca_error *err)
{
    struct public_key *key = NULL;
    int family, digest;
    int rc = pcai_public_read(csr->public_key, &key, err);
    if (rc == PCA_OK)
        rc = pcai_public_check_weak(key, err);
    if (rc == PCA_OK && (pcai_signature_algorithm_read(csr->signature_algorithm, &family, &digest) != 0 ||
                         family != pcai_algorithm_family(pcai_public_algorithm(key))))
        rc = refuse(err, "the signature's algorithm is unknown, or does not fit the key");
    if (rc == PCA_OK)
        rc = pcai_public_verify(key, digest, csr->info, csr->signature, err);
    if (rc == PCA_E_CRYPTO)
        rc = refuse(err, "the signature does not verify: the requester has not shown that he holds the key");
    if (rc == PCA_OK)
        *key_algorithm = pcai_public_algorithm(key);
    pcai_public_free(key);
    return rc;
}
