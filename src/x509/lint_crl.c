/* What stands around the entries of a CRL (RFC 5280 5.1, 5.2): the head up to the first entry, and the tail after the last. */
#include "x509/lint_internal.h"

#define NUMBER_MAX 20

/* ---- Reading ---- */

static int malformed(struct tbs *t, const char *field)
{
    return pcai_lint_flaw(&t->flaws, FLAW_FORM, field, "the field is missing or malformed");
}

/* The tag and length of an element whose contents lie elsewhere: it must say just that size, in the shortest form. */
static int read_header(struct der *in, uint8_t tag, uint64_t size)
{
    uint8_t header[6];
    size_t length = size > UINT32_MAX ? 0 : pcai_der_header(tag, (size_t)size, header);
    if (length == 0 || (size_t)(in->end - in->at) < length || !pcai_slice_equal(pcai_slice(header, length), pcai_slice(in->at, length)))
        return -1;
    in->at += length;
    return 0;
}

static int is_time(int tag)
{
    return tag == DER_UTC_TIME || tag == DER_GENERALIZED_TIME;
}

/* revokedCertificates SEQUENCE OF, or nothing */
static int read_list(struct tbs *t, struct der *in, uint64_t entries_size)
{
    if (pcai_der_at_end(in))
        return entries_size ? malformed(t, "revoked_certificates") : 0;
    if (read_header(in, DER_SEQUENCE, entries_size) != 0 || !pcai_der_at_end(in))
        return malformed(t, "revoked_certificates");
    t->list_is_empty = entries_size == 0;
    return 0;
}

/* version INTEGER OPTIONAL, signature, issuer, thisUpdate, nextUpdate OPTIONAL */
static int read_head(struct tbs *t, struct der *in, uint64_t entries_size)
{
    t->version = -1;
    if (pcai_der_peek(in) == DER_INTEGER && pcai_der_get_int(in, &t->version) != 0)
        return malformed(t, "version");
    if (pcai_der_whole(in, DER_SEQUENCE, &t->signature) != 0 || pcai_lint_walk(&t->flaws, t->signature, "signature") != 0)
        return malformed(t, "signature");
    if (pcai_der_whole(in, DER_SEQUENCE, &t->issuer) != 0 || pcai_lint_walk(&t->flaws, t->issuer, "issuer") != 0 ||
        pcai_lint_read_name(&t->flaws, t->issuer, "issuer") != 0)
        return malformed(t, "issuer");
    if (pcai_lint_read_time(&t->flaws, in, "this_update", &t->first) != 0 ||
        (is_time(pcai_der_peek(in)) && pcai_lint_read_time(&t->flaws, in, "next_update", &t->second) != 0))
        return -1;
    return read_list(t, in, entries_size);
}

/* crlExtensions [0] EXPLICIT Extensions OPTIONAL */
static int read_tail(struct tbs *t, struct slice tail)
{
    struct der in = pcai_der(tail), tagged, sequence;
    if (tail.size == 0)
        return 0;
    if (pcai_lint_walk(&t->flaws, tail, "extensions") != 0)
        return -1;
    if (pcai_der_enter(&in, DER_CONTEXT_CONSTRUCTED(0), &tagged) != 0 || !pcai_der_at_end(&in) ||
        pcai_der_enter(&tagged, DER_SEQUENCE, &sequence) != 0 || !pcai_der_at_end(&tagged))
        return malformed(t, "extensions");
    return pcai_lint_read_extensions(t, sequence);
}

/* The octets of an outer header: the contents' length decides how many. */
static size_t header_size(struct slice head)
{
    return head.size < 2 ? 2 : head.data[1] < 0x80 ? 2 : 2 + (size_t)(head.data[1] & 0x7F);
}

static int read_crl(struct tbs *t, struct slice head, uint64_t entries_size, struct slice tail)
{
    struct der in = pcai_der(head);
    uint64_t fields = head.size - (header_size(head) < head.size ? header_size(head) : head.size);
    if (read_header(&in, DER_SEQUENCE, fields + entries_size + tail.size) != 0)
        return pcai_lint_flaw(&t->flaws, FLAW_FORM, "crl", "the outer tag or length is not that of the octets");
    return read_head(t, &in, entries_size) != 0 ? -1 : read_tail(t, tail);
}

int pcai_lint_crl(struct slice head, uint64_t entries_size, struct slice tail, const struct lint_context *context, struct findings *findings,
                  pca_error *err)
{
    struct lint_run run = {.context = context, .findings = findings};
    int rc = pcai_lint_read_issuer(&run, err);
    if (rc != PCA_OK)
        return rc;
    pcai_lint_run(&run, read_crl(&run.tbs, head, entries_size, tail) != 0);
    return run.no_memory ? pcai_no_memory(err) : PCA_OK;
}

/* ---- The lints ---- */

static void crl_v2_always(struct lint_run *run)
{
    if (run->tbs.version != 1 || run->tbs.extension_count == 0)
        pcai_lint_found(run, LINT_ERROR, "version", "a CRL is of version 2, and has extensions");
}

static void crl_aki_number(struct lint_run *run)
{
    const struct lint_extension *aki = pcai_lint_extension(&run->tbs, OID_AUTHORITY_KEY_ID);
    const struct lint_extension *number = pcai_lint_extension(&run->tbs, OID_CRL_NUMBER);
    if (run->tbs.extension_count == 0)
        return;
    if (!aki || !number)
        pcai_lint_found(run, LINT_ERROR, "extensions", "a CRL has authorityKeyIdentifier and cRLNumber");
    if (aki)
        pcai_lint_authority(run, run->issuer.subject_key_id);
    if (number && number->critical)
        pcai_lint_found(run, LINT_ERROR, pcai_oid_name(OID_CRL_NUMBER), "cRLNumber is not critical");
}

/* Is a positive INTEGER at most that number? */
static int at_most(struct slice integer, uint64_t number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < integer.size; i++) {
        if (value >> 56)
            return 0;
        value = value << 8 | integer.data[i];
    }
    return value <= number;
}

static void crl_number_monotonic(struct lint_run *run)
{
    struct slice number = run->tbs.crl_number;
    const char *field = pcai_oid_name(OID_CRL_NUMBER);
    if (!number.data)
        return;
    if (number.data[0] >= 0x80 || number.size > NUMBER_MAX)
        pcai_lint_found(run, LINT_ERROR, field, "a CRL number is not negative, and has at most %d octets", NUMBER_MAX);
    else if (run->context->previous && at_most(number, run->context->previous))
        pcai_lint_found(run, LINT_ERROR, field, "the CRL number is not above that of the CRL before");
}

static void crl_nextupdate_present(struct lint_run *run)
{
    if (!run->tbs.second.tag)
        pcai_lint_found(run, LINT_ERROR, "next_update", "nextUpdate is missing");
    else if (run->tbs.second.time <= run->tbs.first.time)
        pcai_lint_found(run, LINT_ERROR, "next_update", "nextUpdate is not later than thisUpdate");
}

static void crl_empty_list_absent(struct lint_run *run)
{
    if (run->tbs.list_is_empty)
        pcai_lint_found(run, LINT_ERROR, "revoked_certificates", "an empty list is left out");
}

static void crl_idp_critical_nonempty(struct lint_run *run)
{
    const char *field = pcai_oid_name(OID_ISSUING_DISTRIBUTION_POINT);
    if (!pcai_lint_extension(&run->tbs, OID_ISSUING_DISTRIBUTION_POINT))
        return;
    if (!pcai_lint_is_critical(run, OID_ISSUING_DISTRIBUTION_POINT))
        pcai_lint_found(run, LINT_ERROR, field, "issuingDistributionPoint is critical");
    else if (run->tbs.idp_empty)
        pcai_lint_found(run, LINT_ERROR, field, "issuingDistributionPoint is empty");
    else if (run->tbs.idp_flags > 1)
        pcai_lint_found(run, LINT_ERROR, field, "issuingDistributionPoint has at most one of the onlyContains flags");
    else
        pcai_lint_found(run, LINT_NOTE, field, "NSS and mbedTLS refuse a CRL with issuingDistributionPoint");
}

static void check_indicator(struct lint_run *run, const char *field)
{
    struct slice base = run->tbs.base_number;
    if (!pcai_lint_is_critical(run, OID_DELTA_CRL))
        pcai_lint_found(run, LINT_ERROR, field, "deltaCRLIndicator is critical");
    if (!run->context->base)
        pcai_lint_found(run, LINT_ERROR, field, "a complete CRL has no deltaCRLIndicator");
    else if (base.data[0] >= 0x80 || !at_most(base, run->context->base))
        pcai_lint_found(run, LINT_ERROR, field, "BaseCRLNumber is above the number of the complete CRL");
}

static void crl_delta_rules(struct lint_run *run)
{
    const char *field = pcai_oid_name(OID_DELTA_CRL);
    const struct lint_extension *freshest = pcai_lint_extension(&run->tbs, OID_FRESHEST_CRL);
    if (pcai_lint_extension(&run->tbs, OID_DELTA_CRL))
        check_indicator(run, field);
    else if (run->context->base)
        pcai_lint_found(run, LINT_ERROR, field, "a delta CRL has a deltaCRLIndicator");
    if (freshest && (freshest->critical || run->context->base))
        pcai_lint_found(run, LINT_ERROR, pcai_oid_name(OID_FRESHEST_CRL), "freshestCRL is not critical, and stands in complete CRLs");
}

/* That the issuer's name is the CA's subject is issuer_dn_bytes_copied. */
static void crl_signed_by_crlsign_key(struct lint_run *run)
{
    if (!(run->issuer.usage & KU_CRL_SIGN))
        pcai_lint_found(run, LINT_ERROR, "issuer", "the CA's keyUsage has no cRLSign");
}

static const struct lint lints[] = {
    {"crl_v2_always", LINT_ON_CRL, crl_v2_always},
    {"crl_aki_number", LINT_ON_CRL, crl_aki_number},
    {"crl_number_monotonic", LINT_ON_CRL, crl_number_monotonic},
    {"crl_nextupdate_present", LINT_ON_CRL, crl_nextupdate_present},
    {"crl_empty_list_absent", LINT_ON_CRL, crl_empty_list_absent},
    {"crl_idp_critical_nonempty", LINT_ON_CRL, crl_idp_critical_nonempty},
    {"crl_delta_rules", LINT_ON_CRL, crl_delta_rules},
    {"crl_signed_by_crlsign_key", LINT_ON_CRL, crl_signed_by_crlsign_key},
};
const struct lint_group pcai_lints_crl = LINT_GROUP(lints);
