/* Limits of verifiers that a certificate may pass: noted, for its issuer to know, and never refused. */
#include "x509/lint_internal.h"

#include "base/civil.h"

#define APPLE_SERVER_DAYS 825
#define GMSSL_DAYS 3653

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

static const struct lint lints[] = {
    {"verifier_apple_825_days", LINT_ON_LEAF, verifier_apple_825_days},
    {"verifier_gmssl_3653_days", LINT_ON_CERTIFICATE, verifier_gmssl_3653_days},
    {"verifier_rfc3161_critical_eku", LINT_ON_LEAF, verifier_rfc3161_critical_eku},
};
const struct lint_group pcai_lints_verifiers = LINT_GROUP(lints);
