/* TBSCertificate (RFC 5280 4.1), read anew: everything that stands there is kept, right or wrong, as long as it has the
 * form of an ASN.1 value of its type. */
#include "x509/lint_internal.h"

#define UNIQUE_ID_ISSUER 1
#define UNIQUE_ID_SUBJECT 2

int pcai_lint_read_boolean(struct flaws *flaws, struct der *in, const char *field, int *value)
{
    struct slice c;
    if (pcai_der_get(in, DER_BOOLEAN, &c) != 0 || c.size != 1)
        return pcai_lint_flaw(flaws, FLAW_FORM, field, "a BOOLEAN is malformed");
    *value = c.data[0] != 0;
    return 0;
}

/* ---- Names ---- */

struct lint_attributes pcai_lint_attributes(struct slice name)
{
    struct lint_attributes at = {0};
    struct der outer = pcai_der(name);
    if (pcai_der_enter(&outer, DER_SEQUENCE, &at.rdns) != 0)
        at.rdns = pcai_der(pcai_slice(NULL, 0));
    return at;
}

static int read_attribute(struct der *set, struct lint_attribute *a)
{
    struct der pair;
    if (pcai_der_enter(set, DER_SEQUENCE, &pair) != 0 || pcai_der_get(&pair, DER_OID, &a->oid) != 0 ||
        pcai_der_any(&pair, &a->tag, &a->value, NULL) != 0 || !pcai_der_at_end(&pair))
        return -1;
    a->type = pcai_attribute_type(a->oid);
    return 0;
}

/* 1, 0 at the end, -1 when malformed. */
static int next_attribute(struct lint_attributes *at, struct lint_attribute *a)
{
    if (pcai_der_at_end(&at->set)) {
        if (pcai_der_at_end(&at->rdns))
            return 0;
        if (pcai_der_enter(&at->rdns, DER_SET, &at->set) != 0 || pcai_der_at_end(&at->set))
            return -1;
        at->place = 0;
    }
    a->place_in_rdn = at->place++;
    return read_attribute(&at->set, a) == 0 ? 1 : -1;
}

int pcai_lint_next_attribute(struct lint_attributes *at, struct lint_attribute *a)
{
    return next_attribute(at, a) == 1;
}

int pcai_lint_read_name(struct flaws *flaws, struct slice name, const char *field)
{
    struct lint_attributes at = pcai_lint_attributes(name);
    struct lint_attribute a;
    size_t count = 0;
    int rc;
    while ((rc = next_attribute(&at, &a)) == 1)
        if (++count > LINT_ATTRIBUTES_MAX)
            return pcai_lint_flaw(flaws, FLAW_FORM, field, "a name has too many attributes");
    return rc == 0 ? 0 : pcai_lint_flaw(flaws, FLAW_FORM, field, "a name is not a SEQUENCE OF SET OF attributes");
}

const char *pcai_lint_attribute_name(const struct lint_attribute *a)
{
    return a->type == OID_NONE ? "attribute" : pcai_oid_name(a->type);
}

int pcai_lint_name_is_empty(struct slice name)
{
    struct lint_attributes at = pcai_lint_attributes(name);
    return pcai_der_at_end(&at.rdns);
}

/* ---- Keys ---- */

/* SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING } */
static int read_key(struct tbs *t)
{
    struct der outer = pcai_der(t->public_key), info, algorithm, inner, rsa;
    struct lint_key *k = &t->key;
    unsigned unused;
    uint8_t tag;
    k->parameters = -1;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &info) != 0 || pcai_der_enter(&info, DER_SEQUENCE, &algorithm) != 0 ||
        pcai_der_get(&algorithm, DER_OID, &k->algorithm) != 0)
        return -1;
    if (!pcai_der_at_end(&algorithm)) {
        if (pcai_der_any(&algorithm, &tag, &k->parameter, NULL) != 0 || !pcai_der_at_end(&algorithm))
            return -1;
        k->parameters = tag;
    }
    if (pcai_der_get_bits(&info, &k->bits, &unused) != 0 || unused != 0 || !pcai_der_at_end(&info))
        return -1;
    if (pcai_oid_find(k->algorithm) != OID_RSA_ENCRYPTION)
        return 0;
    /* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } */
    inner = pcai_der(k->bits);
    return pcai_der_enter(&inner, DER_SEQUENCE, &rsa) != 0 || !pcai_der_at_end(&inner) || pcai_der_get_integer(&rsa, &k->modulus) != 0 ||
           pcai_der_get_integer(&rsa, &k->exponent) != 0 || !pcai_der_at_end(&rsa) ? -1 : 0;
}

/* ---- Extensions ---- */

static int read_extension(struct tbs *t, struct der *at)
{
    struct der in;
    struct lint_extension *e = &t->extensions[t->extension_count];
    if (pcai_der_enter(at, DER_SEQUENCE, &in) != 0 || pcai_der_get(&in, DER_OID, &e->oid) != 0)
        return pcai_lint_flaw(&t->flaws, FLAW_FORM, "extensions", "an extension is malformed");
    e->type = pcai_oid_find(e->oid);
    const char *field = e->type == OID_NONE ? "extensions" : pcai_oid_name(e->type);
    e->critical = 0;
    if (pcai_der_peek(&in) == DER_BOOLEAN) {
        if (pcai_lint_read_boolean(&t->flaws, &in, field, &e->critical) != 0)
            return -1;
        if (!e->critical)
            pcai_lint_flaw(&t->flaws, FLAW_DEFAULT, field, "critical FALSE is encoded");
    }
    if (pcai_der_get(&in, DER_OCTET_STRING, &e->value) != 0 || !pcai_der_at_end(&in))
        return pcai_lint_flaw(&t->flaws, FLAW_FORM, field, "an extension is malformed");
    t->extension_count++;
    return pcai_lint_walk(&t->flaws, e->value, field) != 0 ? -1 : pcai_lint_read_value(t, e);
}

int pcai_lint_read_extensions(struct tbs *t, struct der extensions)
{
    if (pcai_der_at_end(&extensions))
        return pcai_lint_flaw(&t->flaws, FLAW_FORM, "extensions", "the extensions are an empty SEQUENCE");
    while (!pcai_der_at_end(&extensions)) {
        if (t->extension_count == LINT_EXTENSIONS_MAX)
            return pcai_lint_flaw(&t->flaws, FLAW_FORM, "extensions", "there are too many extensions");
        if (read_extension(t, &extensions) != 0)
            return -1;
    }
    return 0;
}

const struct lint_extension *pcai_lint_extension(const struct tbs *t, enum oid type)
{
    for (size_t i = 0; i < t->extension_count; i++)
        if (t->extensions[i].type == type)
            return &t->extensions[i];
    return NULL;
}

/* ---- The certificate ---- */

static int malformed(struct tbs *t, const char *field)
{
    return pcai_lint_flaw(&t->flaws, FLAW_FORM, field, "the field is missing or malformed");
}

static int read_version(struct tbs *t, struct der *in)
{
    struct der version;
    t->version = -1;
    if (pcai_der_peek(in) != DER_CONTEXT_CONSTRUCTED(0))
        return 0;
    if (pcai_der_enter(in, DER_CONTEXT_CONSTRUCTED(0), &version) != 0 || pcai_der_get_int(&version, &t->version) != 0 || !pcai_der_at_end(&version))
        return malformed(t, "version");
    if (t->version == 0)
        pcai_lint_flaw(&t->flaws, FLAW_DEFAULT, "version", "version v1 is encoded");
    return 0;
}

static int read_validity(struct tbs *t, struct der *in)
{
    struct der validity;
    if (pcai_der_enter(in, DER_SEQUENCE, &validity) != 0)
        return malformed(t, "validity");
    if (pcai_lint_read_time(&t->flaws, &validity, "not_before", &t->first) != 0 ||
        pcai_lint_read_time(&t->flaws, &validity, "not_after", &t->second) != 0)
        return -1;
    return pcai_der_at_end(&validity) ? 0 : malformed(t, "validity");
}

/* issuerUniqueID [1], subjectUniqueID [2], extensions [3] */
static int read_rest(struct tbs *t, struct der *in)
{
    struct der tagged, sequence;
    for (int id = UNIQUE_ID_ISSUER; id <= UNIQUE_ID_SUBJECT; id++)
        if (pcai_der_peek(in) == DER_CONTEXT(id) || pcai_der_peek(in) == DER_CONTEXT_CONSTRUCTED(id)) {
            pcai_der_any(in, NULL, NULL, NULL);
            t->unique_ids = 1;
        }
    if (pcai_der_at_end(in))
        return 0;
    if (pcai_der_enter(in, DER_CONTEXT_CONSTRUCTED(3), &tagged) != 0 || !pcai_der_at_end(in) ||
        pcai_der_enter(&tagged, DER_SEQUENCE, &sequence) != 0 || !pcai_der_at_end(&tagged))
        return malformed(t, "extensions");
    return pcai_lint_read_extensions(t, sequence);
}

static int read_fields(struct tbs *t, struct der *in)
{
    if (read_version(t, in) != 0)
        return -1;
    /* not minimal, negative or zero: there are lints for that */
    if (pcai_der_get(in, DER_INTEGER, &t->serial) != 0 || t->serial.size == 0)
        return malformed(t, "serial");
    if (pcai_der_whole(in, DER_SEQUENCE, &t->signature) != 0)
        return malformed(t, "signature");
    if (pcai_der_whole(in, DER_SEQUENCE, &t->issuer) != 0)
        return malformed(t, "issuer");
    if (pcai_lint_read_name(&t->flaws, t->issuer, "issuer") != 0 || read_validity(t, in) != 0)
        return -1;
    if (pcai_der_whole(in, DER_SEQUENCE, &t->subject) != 0)
        return malformed(t, "subject");
    if (pcai_lint_read_name(&t->flaws, t->subject, "subject") != 0)
        return -1;
    if (pcai_der_whole(in, DER_SEQUENCE, &t->public_key) != 0 || read_key(t) != 0)
        return malformed(t, "public_key");
    return read_rest(t, in);
}

/* TBSCertificate ::= SEQUENCE { version [0] DEFAULT v1, serialNumber, signature, issuer, validity, subject,
 *     subjectPublicKeyInfo, issuerUniqueID [1] OPTIONAL, subjectUniqueID [2] OPTIONAL, extensions [3] OPTIONAL } */
int pcai_lint_read_certificate(struct slice whole, struct tbs *t)
{
    struct der outer = pcai_der(whole), in;
    if (pcai_lint_walk(&t->flaws, whole, "certificate") != 0)
        return -1;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer))
        return pcai_lint_flaw(&t->flaws, FLAW_FORM, "certificate", "the octets are not one SEQUENCE");
    return read_fields(t, &in);
}
