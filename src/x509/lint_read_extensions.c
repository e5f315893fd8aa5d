/* Values of the extensions that the lints know (RFC 5280 4.2): checked for their form, so that what walks over them later
 * cannot fail. Sizes and meanings, emptiness included, are left to the lints. */
#include "x509/lint_internal.h"

static const struct slice nothing = {NULL, 0};

/* ---- General names ---- */

/* otherName [0], x400Address [3] and ediPartyName [5] are SEQUENCEs, directoryName [4] is a CHOICE and thus explicit. */
static int is_constructed(int type)
{
    return type == 0 || (type >= 3 && type <= 5);
}

int pcai_lint_next_general(struct der *at, struct lint_general *g)
{
    uint8_t tag;
    if (pcai_der_at_end(at))
        return 0;
    if (pcai_der_any(at, &tag, &g->value, NULL) != 0 || (tag & 0xC0) != 0x80)
        return -1;
    g->type = tag & 0x1F;
    if (g->type > 8 || is_constructed(g->type) != ((tag & 0x20) != 0))
        return -1;
    if (g->type != PCA_SAN_DIRECTORY)
        return 1;
    struct der explicit_tag = pcai_der(g->value);
    return pcai_der_whole(&explicit_tag, DER_SEQUENCE, &g->value) == 0 && pcai_der_at_end(&explicit_tag) ? 1 : -1;
}

static int is_sound(struct tbs *t, const struct lint_general *g, const char *field)
{
    return g->type != PCA_SAN_DIRECTORY || pcai_lint_read_name(&t->flaws, g->value, field) == 0;
}

static int read_general_names(struct tbs *t, struct der at, const char *field)
{
    struct lint_general g;
    int rc;
    while ((rc = pcai_lint_next_general(&at, &g)) == 1)
        if (!is_sound(t, &g, field))
            return -1;
    return rc;
}

/* ---- Distribution points ---- */

/* DistributionPointName ::= CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RDN } */
static int read_point_name(struct slice content, struct lint_point *p)
{
    struct der in = pcai_der(content);
    if (pcai_der_optional(&in, DER_CONTEXT_CONSTRUCTED(0), &p->full_name))
        p->has_full_name = 1;
    else if (pcai_der_optional(&in, DER_CONTEXT_CONSTRUCTED(1), &content))
        p->relative = 1;
    else
        return -1;
    return pcai_der_at_end(&in) ? 0 : -1;
}

int pcai_lint_next_point(struct der *at, struct lint_point *p)
{
    struct der in;
    struct slice content;
    *p = (struct lint_point){.full_name = nothing};
    if (pcai_der_at_end(at))
        return 0;
    if (pcai_der_enter(at, DER_SEQUENCE, &in) != 0)
        return -1;
    if (pcai_der_optional(&in, DER_CONTEXT_CONSTRUCTED(0), &content) && read_point_name(content, p) != 0)
        return -1;
    p->reasons = pcai_der_optional(&in, DER_CONTEXT(1), &content);
    p->crl_issuer = pcai_der_optional(&in, DER_CONTEXT_CONSTRUCTED(2), &content);
    return pcai_der_at_end(&in) ? 1 : -1;
}

/* CRLDistributionPoints ::= SEQUENCE OF DistributionPoint */
static int read_points(struct tbs *t, struct der at, const char *field)
{
    struct lint_point p;
    int rc;
    while ((rc = pcai_lint_next_point(&at, &p)) == 1)
        if (read_general_names(t, pcai_der(p.full_name), field) != 0)
            return -1;
    return rc;
}

/* ---- Names of other CAs, policies, constraints ---- */

int pcai_lint_next_access(struct der *at, struct lint_access *a)
{
    struct der in;
    if (pcai_der_at_end(at))
        return 0;
    return pcai_der_enter(at, DER_SEQUENCE, &in) == 0 && pcai_der_get(&in, DER_OID, &a->method) == 0 &&
                   pcai_lint_next_general(&in, &a->location) == 1 && pcai_der_at_end(&in)
               ? 1
               : -1;
}

/* AuthorityInfoAccessSyntax ::= SEQUENCE OF AccessDescription */
static int read_access(struct tbs *t, struct der at, const char *field)
{
    struct lint_access a;
    int rc;
    while ((rc = pcai_lint_next_access(&at, &a)) == 1)
        if (!is_sound(t, &a.location, field))
            return -1;
    return rc;
}

/* PolicyInformation ::= SEQUENCE { policyIdentifier, policyQualifiers SEQUENCE OF SEQUENCE { id, qualifier ANY } OPTIONAL } */
static int read_policies(struct der at)
{
    struct der in, qualifiers, qualifier;
    struct slice oid;
    while (!pcai_der_at_end(&at)) {
        if (pcai_der_enter(&at, DER_SEQUENCE, &in) != 0 || pcai_der_get(&in, DER_OID, &oid) != 0)
            return -1;
        if (pcai_der_at_end(&in))
            continue;
        if (pcai_der_enter(&in, DER_SEQUENCE, &qualifiers) != 0 || !pcai_der_at_end(&in))
            return -1;
        while (!pcai_der_at_end(&qualifiers))
            if (pcai_der_enter(&qualifiers, DER_SEQUENCE, &qualifier) != 0 || pcai_der_get(&qualifier, DER_OID, &oid) != 0 ||
                pcai_der_any(&qualifier, NULL, NULL, NULL) != 0 || !pcai_der_at_end(&qualifier))
                return -1;
    }
    return 0;
}

/* NameConstraints ::= SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL } */
struct lint_subtrees pcai_lint_subtrees(const struct tbs *t)
{
    return (struct lint_subtrees){pcai_lint_sequence(t, OID_NAME_CONSTRAINTS), pcai_der(nothing)};
}

/* 1, 0 at the end, -1 when malformed. */
static int next_subtree(struct lint_subtrees *at, struct lint_subtree *s)
{
    struct der in;
    struct slice list, number;
    while (pcai_der_at_end(&at->at)) {
        if (pcai_der_at_end(&at->lists))
            return 0;
        if (!pcai_der_optional(&at->lists, DER_CONTEXT_CONSTRUCTED(0), &list) && !pcai_der_optional(&at->lists, DER_CONTEXT_CONSTRUCTED(1), &list))
            return -1;
        at->at = pcai_der(list);
    }
    if (pcai_der_enter(&at->at, DER_SEQUENCE, &in) != 0 || pcai_lint_next_general(&in, &s->base) != 1)
        return -1;
    s->minimum = pcai_der_optional(&in, DER_CONTEXT(0), &number);
    s->minimum_zero = s->minimum && number.size == 1 && number.data[0] == 0;
    s->maximum = pcai_der_optional(&in, DER_CONTEXT(1), &number);
    return pcai_der_at_end(&in) ? 1 : -1;
}

int pcai_lint_next_subtree(struct lint_subtrees *at, struct lint_subtree *s)
{
    return next_subtree(at, s) == 1;
}

static int read_name_constraints(struct tbs *t, struct der in, const char *field)
{
    struct lint_subtrees at = {in, pcai_der(nothing)};
    struct lint_subtree s;
    int rc;
    while ((rc = next_subtree(&at, &s)) == 1) {
        if (s.minimum_zero)
            pcai_lint_flaw(&t->flaws, FLAW_DEFAULT, field, "minimum 0 is encoded");
        if (!is_sound(t, &s.base, field))
            return -1;
    }
    return rc;
}

/* ---- Of the key and its use ---- */

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
static int read_basic_constraints(struct tbs *t, struct der in, const char *field)
{
    if (pcai_der_peek(&in) == DER_BOOLEAN) {
        if (pcai_lint_read_boolean(&t->flaws, &in, field, &t->is_ca) != 0)
            return -1;
        if (!t->is_ca)
            pcai_lint_flaw(&t->flaws, FLAW_DEFAULT, field, "cA FALSE is encoded");
    }
    t->has_path_length = pcai_der_peek(&in) == DER_INTEGER;
    return (t->has_path_length && pcai_der_get_int(&in, &t->path_length) != 0) || !pcai_der_at_end(&in) ? -1 : 0;
}

/* KeyUsage ::= BIT STRING, a named-bit list: the last bit of it is set (X.690 11.2.2). */
static int read_key_usage(struct tbs *t, struct der *value)
{
    struct slice bits;
    unsigned unused;
    if (pcai_der_get_bits(value, &bits, &unused) != 0)
        return -1;
    for (unsigned i = 0; i < bits.size * 8 && i < 16; i++)
        if (bits.data[i / 8] & 0x80 >> i % 8)
            t->usage |= 1u << i;
    t->usage_trailing_zero = bits.size && !(bits.data[bits.size - 1] & 1u << unused);
    return 0;
}

/* ExtKeyUsageSyntax ::= SEQUENCE OF KeyPurposeId */
static int read_purposes(struct der in)
{
    struct slice oid;
    while (!pcai_der_at_end(&in))
        if (pcai_der_get(&in, DER_OID, &oid) != 0)
            return -1;
    return 0;
}

/* AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0], authorityCertIssuer [1], authorityCertSerialNumber [2] } */
static int read_authority_key_id(struct tbs *t, struct der in)
{
    struct slice other;
    pcai_der_optional(&in, DER_CONTEXT(0), &t->authority_key_id);
    t->authority_others = pcai_der_optional(&in, DER_CONTEXT_CONSTRUCTED(1), &other);
    t->authority_others |= pcai_der_optional(&in, DER_CONTEXT(2), &other);
    return pcai_der_at_end(&in) ? 0 : -1;
}

/* ---- Of CRLs (RFC 5280 5.2) and their entries (5.3) ---- */

/* An IMPLICIT BOOLEAN DEFAULT FALSE, which the walk cannot tell from other octets. 1 when it is there. */
static int read_flag(struct tbs *t, struct der *in, int number, const char *field)
{
    struct slice c;
    if (!pcai_der_optional(in, DER_CONTEXT(number), &c) || c.size != 1)
        return 0;
    if (c.data[0] == 0)
        pcai_lint_flaw(&t->flaws, FLAW_DEFAULT, field, "a flag that is FALSE is encoded");
    else if (c.data[0] != 0xFF)
        pcai_lint_flaw(&t->flaws, FLAW_BOOLEAN, field, "a BOOLEAN is neither 00 nor FF");
    return 1;
}

/* IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0], onlyContainsUserCerts [1] BOOLEAN, onlyContainsCACerts [2]
 *     BOOLEAN, onlySomeReasons [3], indirectCRL [4] BOOLEAN, onlyContainsAttributeCerts [5] BOOLEAN } */
static int read_issuing_point(struct tbs *t, struct der in, const char *field)
{
    struct lint_point point = {.full_name = nothing};
    struct slice content;
    t->idp_empty = pcai_der_at_end(&in);
    if (pcai_der_optional(&in, DER_CONTEXT_CONSTRUCTED(0), &content) &&
        (read_point_name(content, &point) != 0 || read_general_names(t, pcai_der(point.full_name), field) != 0))
        return -1;
    t->idp_flags = read_flag(t, &in, 1, field) + read_flag(t, &in, 2, field);
    pcai_der_optional(&in, DER_CONTEXT(3), &content);
    read_flag(t, &in, 4, field);
    t->idp_flags += read_flag(t, &in, 5, field);
    return pcai_der_at_end(&in) ? 0 : -1;
}

/* ---- All of them ---- */

static int read_sequence(struct tbs *t, const struct lint_extension *e, struct der in, const char *field)
{
    switch (e->type) {
    case OID_AUTHORITY_KEY_ID:
        return read_authority_key_id(t, in);
    case OID_BASIC_CONSTRAINTS:
        return read_basic_constraints(t, in, field);
    case OID_EXTENDED_KEY_USAGE:
        return read_purposes(in);
    case OID_SUBJECT_ALT_NAME:
        return read_general_names(t, in, field);
    case OID_ISSUING_DISTRIBUTION_POINT:
        return read_issuing_point(t, in, field);
    case OID_FRESHEST_CRL:
    case OID_CRL_DISTRIBUTION_POINTS:
        return read_points(t, in, field);
    case OID_AUTHORITY_INFO_ACCESS:
        return read_access(t, in, field);
    case OID_CERTIFICATE_POLICIES:
        return read_policies(in);
    default:
        return read_name_constraints(t, in, field);
    }
}

int pcai_lint_read_value(struct tbs *t, const struct lint_extension *e)
{
    struct der value = pcai_der(e->value), in;
    const char *field = pcai_oid_name(e->type);
    int rc;
    switch (e->type) {
    case OID_SUBJECT_KEY_ID:
        rc = pcai_der_get(&value, DER_OCTET_STRING, &t->subject_key_id);
        break;
    case OID_KEY_USAGE:
        rc = read_key_usage(t, &value);
        break;
    case OID_CRL_NUMBER:
        rc = pcai_der_get_integer(&value, &t->crl_number);
        break;
    case OID_DELTA_CRL:
        rc = pcai_der_get_integer(&value, &t->base_number);
        break;
    case OID_REASON_CODE:
        rc = pcai_der_get(&value, DER_ENUMERATED, &t->reason) != 0 || t->reason.size == 0 ? -1 : 0;
        break;
    case OID_INVALIDITY_DATE:
        rc = pcai_lint_read_time(&t->flaws, &value, field, &t->invalidity);
        break;
    case OID_AUTHORITY_KEY_ID:
    case OID_BASIC_CONSTRAINTS:
    case OID_EXTENDED_KEY_USAGE:
    case OID_SUBJECT_ALT_NAME:
    case OID_CRL_DISTRIBUTION_POINTS:
    case OID_FRESHEST_CRL:
    case OID_ISSUING_DISTRIBUTION_POINT:
    case OID_AUTHORITY_INFO_ACCESS:
    case OID_CERTIFICATE_POLICIES:
    case OID_NAME_CONSTRAINTS:
        rc = pcai_der_enter(&value, DER_SEQUENCE, &in) != 0 ? -1 : read_sequence(t, e, in, field);
        break;
    default:
        return 0;
    }
    return rc == 0 && pcai_der_at_end(&value) ? 0 : pcai_lint_flaw(&t->flaws, FLAW_FORM, field, "the extension's value is malformed");
}

struct der pcai_lint_sequence(const struct tbs *t, enum oid type)
{
    const struct lint_extension *e = pcai_lint_extension(t, type);
    struct der value = pcai_der(e ? e->value : nothing), in = pcai_der(nothing);
    return e && pcai_der_enter(&value, DER_SEQUENCE, &in) == 0 ? in : pcai_der(nothing);
}
