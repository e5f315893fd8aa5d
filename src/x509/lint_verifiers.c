/* Limits of verifiers that a certificate may pass: noted, for its issuer to know, and never refused. */
#include "x509/lint_internal.h"

#include <inttypes.h>

#include "base/civil.h"
#include "x509/constraints.h"

#define APPLE_SERVER_DAYS 825
#define GMSSL_DAYS 3653
#define GNUTLS_CONSTRAINED_OCTETS 255
#define GO_OID_NUMBER INT32_MAX

static int lasts_beyond(const struct lint_run *run, int64_t days)
{
    return run->tbs.second.time - run->tbs.first.time + 1 > days * PCAI_DAY;
}

static void verifier_apple_825_days(struct lint_run *run)
{
    int server = run->context->type == PCA_CERT_SERVER || run->context->type == PCA_CERT_BOTH;
    if (server && lasts_beyond(run, APPLE_SERVER_DAYS))
        pcai_lint_found(run, LINT_NOTE, "not_after", "Apple's clients refuse a TLS server certificate of more than %d days", APPLE_SERVER_DAYS);
}

static void verifier_gmssl_3653_days(struct lint_run *run)
{
    if (lasts_beyond(run, GMSSL_DAYS))
        pcai_lint_found(run, LINT_NOTE, "not_after", "GmSSL refuses a certificate of more than %d days", GMSSL_DAYS);
}

/* RFC 3161 2.3 wants timeStamping alone and critical, where no extKeyUsage is critical here. */
static void verifier_rfc3161_critical_eku(struct lint_run *run)
{
    struct der purposes = pcai_lint_sequence(&run->tbs, OID_EXTENDED_KEY_USAGE);
    struct slice oid;
    while (pcai_der_get(&purposes, DER_OID, &oid) == 0)
        if (pcai_slice_equal(oid, pcai_oid(OID_TIME_STAMPING)))
            pcai_lint_found(run, LINT_NOTE, "extKeyUsage", "verifiers of time stamps want timeStamping alone and critical (RFC 3161)");
}

static void constrained_uri(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    if (g->type != PCA_SAN_URI)
        return;
    if (!pcai_uri_host(g->value).data)
        pcai_lint_found(run, LINT_NOTE, pcai_lint_field(place), "below name constraints Go refuses every URI whose host is no name");
    if (g->value.size > GNUTLS_CONSTRAINED_OCTETS)
        pcai_lint_found(run, LINT_NOTE, pcai_lint_field(place), "below name constraints GnuTLS refuses every URI of more than %d octets", GNUTLS_CONSTRAINED_OCTETS);
}

static void verifier_constrained_uris(struct lint_run *run)
{
    if (run->context->constrained_count)
        pcai_lint_each_san(run, constrained_uri);
}

static void check_numbers(struct lint_run *run, const char *field, struct slice oid)
{
    uint64_t number = 0;
    for (size_t i = 0; i < oid.size && number <= GO_OID_NUMBER; i++)
        number = (i && oid.data[i - 1] & 0x80 ? number << 7 : 0) | (oid.data[i] & 0x7F);
    if (number > GO_OID_NUMBER)
        pcai_lint_found(run, LINT_NOTE, field, "Go refuses object identifiers with numbers over %" PRId32 ", GnuTLS with those that take more than 64 bits", GO_OID_NUMBER);
}

static void verifier_oid_numbers(struct lint_run *run)
{
    struct der purposes = pcai_lint_sequence(&run->tbs, OID_EXTENDED_KEY_USAGE), policies = pcai_lint_sequence(&run->tbs, OID_CERTIFICATE_POLICIES), policy;
    struct lint_attributes attributes = pcai_lint_attributes(run->tbs.subject);
    struct lint_attribute a;
    struct slice oid;
    while (pcai_lint_next_attribute(&attributes, &a))
        check_numbers(run, pcai_lint_attribute_name(&a), a.oid);
    for (size_t i = 0; i < run->tbs.extension_count; i++)
        check_numbers(run, "extension", run->tbs.extensions[i].oid);
    while (pcai_der_get(&purposes, DER_OID, &oid) == 0)
        check_numbers(run, "extKeyUsage", oid);
    while (pcai_der_enter(&policies, DER_SEQUENCE, &policy) == 0)
        if (pcai_der_get(&policy, DER_OID, &oid) == 0)
            check_numbers(run, "certificatePolicies", oid);
}

static const struct lint lints[] = {
    {"verifier_apple_825_days", LINT_ON_LEAF, verifier_apple_825_days},
    {"verifier_gmssl_3653_days", LINT_ON_CERTIFICATE, verifier_gmssl_3653_days},
    {"verifier_rfc3161_critical_eku", LINT_ON_LEAF, verifier_rfc3161_critical_eku},
    {"verifier_constrained_uris", LINT_ON_LEAF, verifier_constrained_uris},
    {"verifier_oid_numbers", LINT_ON_CERTIFICATE, verifier_oid_numbers},
};
const struct lint_group pcai_lints_verifiers = LINT_GROUP(lints);
