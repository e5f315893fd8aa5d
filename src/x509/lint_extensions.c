/* Extensions as such, and those that name keys, places, policies and constraints (RFC 5280 4.2). */
#include "x509/lint_internal.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "x509/constraints.h"

static const char *field_of(const struct lint_extension *e)
{
    return e->type == OID_NONE ? "extensions" : pcai_oid_name(e->type);
}

int pcai_lint_is_critical(const struct lint_run *run, enum oid type)
{
    const struct lint_extension *e = pcai_lint_extension(&run->tbs, type);
    return e && e->critical;
}

static void ext_unique(struct lint_run *run)
{
    const struct tbs *t = &run->tbs;
    for (size_t i = 0; i < t->extension_count; i++)
        for (size_t j = 0; j < i; j++)
            if (pcai_slice_equal(t->extensions[i].oid, t->extensions[j].oid)) {
                pcai_lint_found(run, LINT_ERROR, field_of(&t->extensions[i]), "the extension stands there twice");
                break;
            }
}

/* What the lints of a certificate, a CRL or an entry judge. */
static unsigned known_on(enum oid type)
{
    switch (type) {
    case OID_SUBJECT_KEY_ID:
    case OID_KEY_USAGE:
    case OID_SUBJECT_ALT_NAME:
    case OID_BASIC_CONSTRAINTS:
    case OID_NAME_CONSTRAINTS:
    case OID_CRL_DISTRIBUTION_POINTS:
    case OID_CERTIFICATE_POLICIES:
    case OID_EXTENDED_KEY_USAGE:
    case OID_AUTHORITY_INFO_ACCESS:
        return LINT_ON_CERTIFICATE;
    case OID_AUTHORITY_KEY_ID:
        return LINT_ON_CERTIFICATE | LINT_ON_CRL;
    case OID_CRL_NUMBER:
    case OID_DELTA_CRL:
    case OID_ISSUING_DISTRIBUTION_POINT:
    case OID_FRESHEST_CRL:
        return LINT_ON_CRL;
    case OID_REASON_CODE:
    case OID_INVALIDITY_DATE:
        return LINT_ON_ENTRY;
    default:
        return 0;
    }
}

static void ext_unknown_critical_refused(struct lint_run *run)
{
    for (size_t i = 0; i < run->tbs.extension_count; i++) {
        const struct lint_extension *e = &run->tbs.extensions[i];
        char text[PCAI_OID_TEXT];
        if (!e->critical || (known_on(e->type) & 1u << run->context->role))
            continue;
        pcai_oid_text(e->oid, text, sizeof text);
        pcai_lint_found(run, LINT_ERROR, field_of(e), "the extension %s is critical, and not known", text);
    }
}

/* Of what may be critical at all, mbedTLS 2.28 does not read nameConstraints, and so refuses all below a CA that has some. */
static void mbedtls_critical_set(struct lint_run *run)
{
    if (run->context->constrained_count)
        pcai_lint_found(run, LINT_NOTE, "issuer", "mbedTLS 2.28 refuses the critical nameConstraints of a CA above");
    if (pcai_lint_is_critical(run, OID_NAME_CONSTRAINTS))
        pcai_lint_found(run, LINT_NOTE, "nameConstraints", "mbedTLS 2.28 refuses a critical nameConstraints");
}

/* ---- Keys ---- */

void pcai_lint_authority(struct lint_run *run, struct slice signer)
{
    const char *field = pcai_oid_name(OID_AUTHORITY_KEY_ID);
    if (pcai_lint_is_critical(run, OID_AUTHORITY_KEY_ID))
        pcai_lint_found(run, LINT_ERROR, field, "authorityKeyIdentifier is not critical");
    if (run->tbs.authority_others || !run->tbs.authority_key_id.data)
        pcai_lint_found(run, LINT_ERROR, field, "authorityKeyIdentifier has the keyIdentifier only");
    else if (signer.data && !pcai_slice_equal(run->tbs.authority_key_id, signer)) /* an issuer of others may have none */
        pcai_lint_found(run, LINT_ERROR, field, "the keyIdentifier is not the issuer's subjectKeyIdentifier");
}

static void aki_present_noncritical(struct lint_run *run)
{
    int is_root = run->context->role == LINT_ROOT;
    if (pcai_lint_extension(&run->tbs, OID_AUTHORITY_KEY_ID))
        pcai_lint_authority(run, is_root ? run->tbs.subject_key_id : run->issuer.subject_key_id);
    else if (!is_root)
        pcai_lint_found(run, LINT_ERROR, pcai_oid_name(OID_AUTHORITY_KEY_ID), "authorityKeyIdentifier is missing");
}

/* RFC 7093 2 (1), and of keys that others identified RFC 5280 4.2.1.2 (1): the SHA-1 of the same octets. */
static int is_derived(struct lint_run *run)
{
    static const int digests[] = {PCAI_SHA256, PCAI_SHA1};
    uint8_t digest[PCAI_DIGEST_MAX];
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        int rc = pcai_digest(digests[i], run->tbs.key.bits, digest, NULL);
        run->no_memory |= rc == PCA_E_NO_MEMORY;
        if (rc == PCA_OK && pcai_slice_equal(run->tbs.subject_key_id, pcai_slice(digest, PCAI_KEY_ID)))
            return 1;
    }
    return 0;
}

static void ski_present(struct lint_run *run)
{
    const char *field = pcai_oid_name(OID_SUBJECT_KEY_ID);
    if (!pcai_lint_extension(&run->tbs, OID_SUBJECT_KEY_ID)) {
        int severity = run->context->role == LINT_LEAF ? LINT_NOTE : LINT_ERROR;
        pcai_lint_found(run, severity, field, "subjectKeyIdentifier is missing");
        return;
    }
    if (pcai_lint_is_critical(run, OID_SUBJECT_KEY_ID))
        pcai_lint_found(run, LINT_ERROR, field, "subjectKeyIdentifier is not critical");
    if (!is_derived(run))
        pcai_lint_found(run, run->context->kept ? LINT_NOTE : LINT_ERROR, field, "subjectKeyIdentifier is not derived from the key");
}

/* ---- Places ---- */

static int is_http(const struct lint_general *g)
{
    static const char scheme[] = "http://";
    size_t size = sizeof scheme - 1;
    return g->type == PCA_SAN_URI && g->value.size > size && pcai_equal_nocase(pcai_slice(g->value.data, size), pcai_slice(scheme, size));
}

static int is_one_http(const struct lint_point *point)
{
    struct der names = pcai_der(point->full_name);
    struct lint_general g;
    return pcai_lint_next_general(&names, &g) == 1 && is_http(&g) && pcai_der_at_end(&names);
}

static void cdp_noncritical_http(struct lint_run *run)
{
    const char *field = pcai_oid_name(OID_CRL_DISTRIBUTION_POINTS);
    struct der points = pcai_lint_sequence(&run->tbs, OID_CRL_DISTRIBUTION_POINTS);
    struct lint_point point;
    if (!pcai_lint_extension(&run->tbs, OID_CRL_DISTRIBUTION_POINTS))
        return;
    if (pcai_lint_is_critical(run, OID_CRL_DISTRIBUTION_POINTS))
        pcai_lint_found(run, LINT_ERROR, field, "cRLDistributionPoints is not critical");
    if (pcai_lint_next_point(&points, &point) != 1 || !pcai_der_at_end(&points))
        pcai_lint_found(run, LINT_ERROR, field, "there is one distribution point");
    else if (point.reasons || point.crl_issuer || point.relative)
        pcai_lint_found(run, LINT_ERROR, field, "a distribution point has a fullName, no reasons and no cRLIssuer");
    else if (!is_one_http(&point))
        pcai_lint_found(run, LINT_ERROR, field, "a distribution point is one http URI");
}

static void cdp_switch(struct lint_run *run)
{
    int there = pcai_lint_extension(&run->tbs, OID_CRL_DISTRIBUTION_POINTS) != NULL, asked = run->context->include_crl;
    if (asked >= 0 && there != asked)
        pcai_lint_found(run, LINT_ERROR, pcai_oid_name(OID_CRL_DISTRIBUTION_POINTS),
                        asked ? "the CRL address is missing" : "a CRL address was not to be there");
}

static int same_access(const struct lint_access *a, const struct lint_access *b)
{
    return pcai_slice_equal(a->method, b->method) && a->location.type == b->location.type && pcai_slice_equal(a->location.value, b->location.value);
}

#define ACCESSES_MAX 8

static void check_accesses(struct lint_run *run, const char *field)
{
    struct der in = pcai_lint_sequence(&run->tbs, OID_AUTHORITY_INFO_ACCESS);
    struct lint_access seen[ACCESSES_MAX];
    size_t count = 0;
    if (pcai_der_at_end(&in))
        pcai_lint_found(run, LINT_ERROR, field, "authorityInfoAccess is empty");
    for (; count < ACCESSES_MAX && pcai_lint_next_access(&in, &seen[count]) == 1; count++) {
        enum oid method = pcai_oid_find(seen[count].method);
        if (method != OID_OCSP && method != OID_CA_ISSUERS)
            pcai_lint_found(run, LINT_ERROR, field, "an access method is neither ocsp nor caIssuers");
        if (!is_http(&seen[count].location))
            pcai_lint_found(run, LINT_ERROR, field, "an access location is no http URI");
        for (size_t i = 0; i < count; i++)
            if (same_access(&seen[i], &seen[count]))
                pcai_lint_found(run, LINT_ERROR, field, "an access is described twice");
    }
    if (!pcai_der_at_end(&in))
        pcai_lint_found(run, LINT_ERROR, field, "there are more than %d accesses", ACCESSES_MAX);
}

static void aia_noncritical_http(struct lint_run *run)
{
    const char *field = pcai_oid_name(OID_AUTHORITY_INFO_ACCESS);
    if (!pcai_lint_extension(&run->tbs, OID_AUTHORITY_INFO_ACCESS))
        return;
    if (run->context->role == LINT_ROOT)
        pcai_lint_found(run, LINT_ERROR, field, "a root has no authorityInfoAccess");
    if (pcai_lint_is_critical(run, OID_AUTHORITY_INFO_ACCESS))
        pcai_lint_found(run, LINT_ERROR, field, "authorityInfoAccess is not critical");
    check_accesses(run, field);
}

/* ---- Policies ---- */

#define POLICIES_MAX 32

static int is_cps(struct der *qualifiers)
{
    struct der in, value;
    struct slice oid, uri;
    if (pcai_der_enter(qualifiers, DER_SEQUENCE, &in) != 0 || pcai_der_get(&in, DER_OID, &oid) != 0)
        return 0;
    value = in;
    return pcai_slice_equal(oid, pcai_oid(OID_CPS)) && pcai_der_get(&value, DER_IA5_STRING, &uri) == 0;
}

static void check_policy(struct lint_run *run, struct der policy, struct slice *oid)
{
    const char *field = pcai_oid_name(OID_CERTIFICATE_POLICIES);
    struct der qualifiers;
    if (pcai_der_get(&policy, DER_OID, oid) != 0)
        return;
    if (run->context->role == LINT_LEAF && pcai_slice_equal(*oid, pcai_oid(OID_ANY_POLICY)))
        pcai_lint_found(run, LINT_ERROR, field, "anyPolicy is in CA certificates only");
    if (pcai_der_enter(&policy, DER_SEQUENCE, &qualifiers) != 0)
        return;
    if (pcai_der_at_end(&qualifiers))
        pcai_lint_found(run, LINT_ERROR, field, "the qualifiers are an empty SEQUENCE");
    while (!pcai_der_at_end(&qualifiers))
        if (!is_cps(&qualifiers)) {
            pcai_lint_found(run, LINT_ERROR, field, "a qualifier is the URI of a CPS");
            return;
        }
}

static void policies_no_duplicates(struct lint_run *run)
{
    const char *field = pcai_oid_name(OID_CERTIFICATE_POLICIES);
    struct der in = pcai_lint_sequence(&run->tbs, OID_CERTIFICATE_POLICIES), policy;
    struct slice seen[POLICIES_MAX] = {{NULL, 0}};
    size_t count = 0;
    if (!pcai_lint_extension(&run->tbs, OID_CERTIFICATE_POLICIES))
        return;
    if (pcai_lint_is_critical(run, OID_CERTIFICATE_POLICIES))
        pcai_lint_found(run, LINT_ERROR, field, "certificatePolicies is not critical");
    if (pcai_der_at_end(&in))
        pcai_lint_found(run, LINT_ERROR, field, "certificatePolicies is empty");
    for (; count < POLICIES_MAX && pcai_der_enter(&in, DER_SEQUENCE, &policy) == 0; count++) {
        check_policy(run, policy, &seen[count]);
        for (size_t i = 0; i < count; i++)
            if (pcai_slice_equal(seen[i], seen[count]))
                pcai_lint_found(run, LINT_ERROR, field, "a policy stands there twice");
    }
    if (!pcai_der_at_end(&in))
        pcai_lint_found(run, LINT_ERROR, field, "there are more than %d policies", POLICIES_MAX);
}

/* ---- Name constraints ---- */

static void nc_only_ca_critical(struct lint_run *run)
{
    const char *field = pcai_oid_name(OID_NAME_CONSTRAINTS);
    struct lint_subtrees subtrees = pcai_lint_subtrees(&run->tbs);
    struct lint_subtree subtree;
    size_t count = 0;
    if (!pcai_lint_extension(&run->tbs, OID_NAME_CONSTRAINTS))
        return;
    if (run->context->role != LINT_SUB)
        pcai_lint_found(run, run->context->kept ? LINT_NOTE : LINT_ERROR, field, "nameConstraints stands in subordinate CAs only");
    if (!pcai_lint_is_critical(run, OID_NAME_CONSTRAINTS))
        pcai_lint_found(run, LINT_ERROR, field, "nameConstraints is critical");
    for (; pcai_lint_next_subtree(&subtrees, &subtree); count++)
        if ((subtree.minimum && !subtree.minimum_zero) || subtree.maximum)
            pcai_lint_found(run, LINT_ERROR, field, "a subtree has no minimum but 0, and no maximum");
    if (count == 0)
        pcai_lint_found(run, LINT_ERROR, field, "nameConstraints has no subtree");
}

/* RFC 5280 6.1.3 (b) and (c), of each CA above by itself. */
static void check_against(struct lint_run *run, struct slice certificate, const struct constrained *names)
{
    struct tbs ca = {0};
    struct violation v;
    struct buf text = {0};
    struct der outer = pcai_der(certificate), in;
    struct slice tbs;
    int readable = pcai_der_enter(&outer, DER_SEQUENCE, &in) == 0 && pcai_der_whole(&in, DER_SEQUENCE, &tbs) == 0 && pcai_lint_read_certificate(tbs, &ca) == 0;
    const struct lint_extension *e = readable ? pcai_lint_extension(&ca, OID_NAME_CONSTRAINTS) : NULL;
    int rc = e ? pcai_constraints_check(e->value, names, &v) : PCA_E_CORRUPT;
    if (rc == PCA_OK)
        return;
    if (rc != PCA_E_CONSTRAINT) {
        pcai_lint_found(run, LINT_ERROR, rc == PCA_E_NAME ? "subject" : "issuer", "names or the constraints on them cannot be read");
        return;
    }
    pcai_subtree_text(&v.by, &text);
    run->no_memory |= text.failed;
    pcai_lint_found(run, LINT_ERROR, v.field, v.by.excluded ? "the name lies in what a CA above excludes, %.*s" : "the name lies outside of what a CA above permits, %.*s",
                    (int)text.size, text.data ? (const char *)text.data : "");
    pcai_buf_free(&text);
}

static void nc_enforced_at_issue(struct lint_run *run)
{
    const struct lint_extension *san = pcai_lint_extension(&run->tbs, OID_SUBJECT_ALT_NAME);
    const struct constrained names = {run->tbs.subject, san ? san->value : pcai_slice(NULL, 0), run->context->role != LINT_LEAF};
    for (size_t i = 0; i < run->context->constrained_count; i++)
        check_against(run, run->context->constrained[i], &names);
}

static const struct lint lints[] = {
    {"ext_unique", LINT_ON_ALL, ext_unique},
    {"ext_unknown_critical_refused", LINT_ON_ALL, ext_unknown_critical_refused},
    {"aki_present_noncritical", LINT_ON_CERTIFICATE, aki_present_noncritical},
    {"ski_present", LINT_ON_CERTIFICATE, ski_present},
    {"cdp_noncritical_http", LINT_ON_ISSUED, cdp_noncritical_http},
    {"cdp_switch", LINT_ON_CERTIFICATE, cdp_switch},
    {"aia_noncritical_http", LINT_ON_CERTIFICATE, aia_noncritical_http},
    {"policies_no_duplicates", LINT_ON_CERTIFICATE, policies_no_duplicates},
    {"nc_only_ca_critical", LINT_ON_CERTIFICATE, nc_only_ca_critical},
    {"nc_enforced_at_issue", LINT_ON_ISSUED, nc_enforced_at_issue},
    {"mbedtls_critical_set", LINT_ON_CERTIFICATE, mbedtls_critical_set},
};
const struct lint_group pcai_lints_extensions = LINT_GROUP(lints);
