/* The plain fields of a TBSCertificate (RFC 5280 4.1.2): version, serial number, signature, issuer, validity, subject. */
#include "x509/lint_internal.h"

#include <inttypes.h>

#include "base/civil.h"
#include "crypto/crypto.h"

#define SERIAL_MAX 20
#define RANDOM_OCTETS_MIN 8

static void cert_version_3(struct lint_run *run)
{
    if (run->tbs.version != 2)
        pcai_lint_found(run, LINT_ERROR, "version", "a certificate is of version 3");
}

static void no_unique_identifiers(struct lint_run *run)
{
    if (run->tbs.unique_ids)
        pcai_lint_found(run, LINT_ERROR, "certificate", "issuerUniqueID or subjectUniqueID is there");
}

/* ---- Serial number ---- */

static int serial_is_positive(struct slice serial)
{
    if (serial.data[0] >= 0x80)
        return 0;
    for (size_t i = 0; i < serial.size; i++)
        if (serial.data[i])
            return 1;
    return 0;
}

static void serial_positive(struct lint_run *run)
{
    if (!serial_is_positive(run->tbs.serial))
        pcai_lint_found(run, LINT_ERROR, "serial", "a serial number is greater than zero");
}

static void serial_max_20_octets(struct lint_run *run)
{
    if (run->tbs.serial.size > SERIAL_MAX)
        pcai_lint_found(run, LINT_ERROR, "serial", "the serial number has %zu octets; %d are possible", run->tbs.serial.size, SERIAL_MAX);
}

/* What octets can show of it: so many random bits need as much room. */
static void serial_min_64_random_bits(struct lint_run *run)
{
    if (serial_is_positive(run->tbs.serial) && run->tbs.serial.size < RANDOM_OCTETS_MIN)
        pcai_lint_found(run, LINT_ERROR, "serial", "a serial number of %zu octets has no room for 64 random bits", run->tbs.serial.size);
}

static void serial_minimal_integer(struct lint_run *run)
{
    struct slice s = run->tbs.serial;
    if (s.size > 1 && ((s.data[0] == 0 && s.data[1] < 0x80) || (s.data[0] == 0xFF && s.data[1] >= 0x80)))
        pcai_lint_found(run, LINT_ERROR, "serial", "the serial number has a superfluous leading octet");
}

/* ---- Signature algorithm ---- */

enum parameters { PARAMETERS_NULL, PARAMETERS_ABSENT };

#define ALGORITHM(octets, parameters) {octets, sizeof octets - 1, parameters}
/* SHA-256 and above: RSA PKCS#1 v1.5, ECDSA, Ed25519, SM2 with SM3. */
static const struct {
    const char *oid;
    size_t size;
    enum parameters parameters;
} strong[] = {
    ALGORITHM("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0B", PARAMETERS_NULL),     ALGORITHM("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0C", PARAMETERS_NULL),
    ALGORITHM("\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0D", PARAMETERS_NULL),     ALGORITHM("\x2A\x86\x48\xCE\x3D\x04\x03\x02", PARAMETERS_ABSENT),
    ALGORITHM("\x2A\x86\x48\xCE\x3D\x04\x03\x03", PARAMETERS_ABSENT),       ALGORITHM("\x2A\x86\x48\xCE\x3D\x04\x03\x04", PARAMETERS_ABSENT),
    ALGORITHM("\x2B\x65\x70", PARAMETERS_ABSENT),                           ALGORITHM("\x2A\x81\x1C\xCF\x55\x01\x83\x75", PARAMETERS_ABSENT),
};

enum soundness { SOUND, NOT_EXACT, NOT_STRONG };

static enum soundness judge_algorithm(struct slice whole)
{
    struct der outer = pcai_der(whole), in;
    struct slice oid, null;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || pcai_der_get(&in, DER_OID, &oid) != 0)
        return NOT_EXACT;
    for (size_t i = 0; i < sizeof strong / sizeof *strong; i++) {
        if (!pcai_slice_equal(oid, pcai_slice(strong[i].oid, strong[i].size)))
            continue;
        if (strong[i].parameters == PARAMETERS_NULL && pcai_der_get(&in, DER_NULL, &null) != 0)
            return NOT_EXACT;
        return pcai_der_at_end(&in) ? SOUND : NOT_EXACT;
    }
    return NOT_STRONG;
}

static void sigalg_inner_equals_outer(struct lint_run *run)
{
    struct buf outer = {0};
    if (judge_algorithm(run->tbs.signature) != SOUND)
        return;
    pcai_signature_algorithm_write(&outer, run->context->signature_key);
    run->no_memory |= outer.failed;
    if (!outer.failed && !pcai_slice_equal(pcai_buf_view(&outer), run->tbs.signature))
        pcai_lint_found(run, LINT_ERROR, "signature", "the algorithm is not the one of the %s key that signs",
                        pcai_algorithm_name(run->context->signature_key));
    pcai_buf_free(&outer);
}

static void sigalg_params_exact(struct lint_run *run)
{
    if (judge_algorithm(run->tbs.signature) == NOT_EXACT)
        pcai_lint_found(run, LINT_ERROR, "signature", "RSA algorithms have NULL parameters, others have none");
}

static void sigalg_not_weak(struct lint_run *run)
{
    if (judge_algorithm(run->tbs.signature) == NOT_STRONG)
        pcai_lint_found(run, LINT_ERROR, "signature", "the signature algorithm is weak or unknown");
}

/* ---- Validity ---- */

/* Both ends count (RFC 5280 4.1.2.5). */
static int64_t seconds(const struct lint_run *run)
{
    return run->tbs.second.time - run->tbs.first.time + 1;
}

static void validity_positive(struct lint_run *run)
{
    if (seconds(run) < 1)
        pcai_lint_found(run, LINT_ERROR, "not_after", "the validity ends before it begins");
}

static void validity_no_wellknown_end(struct lint_run *run)
{
    if (run->tbs.second.time == PCAI_TIME_MAX)
        pcai_lint_found(run, LINT_NOTE, "not_after", "99991231235959Z means that no end is known; Botan 2 cannot read it");
}

static void validity_inside_issuer(struct lint_run *run)
{
    char text[PCAI_TIME_TEXT], limit[PCAI_TIME_TEXT];
    if (run->tbs.first.time < run->issuer.first.time) {
        pcai_time_text(run->tbs.first.time, text);
        pcai_time_text(run->issuer.first.time, limit);
        pcai_lint_found(run, LINT_ERROR, "not_before", "%s lies before the issuer's %s", text, limit);
    }
    if (run->tbs.second.time > run->issuer.second.time) {
        pcai_time_text(run->tbs.second.time, text);
        pcai_time_text(run->issuer.second.time, limit);
        pcai_lint_found(run, LINT_ERROR, "not_after", "%s lies after the issuer's %s", text, limit);
    }
}

static void validity_quota_bound(struct lint_run *run)
{
    if (run->context->longest && seconds(run) > run->context->longest)
        pcai_lint_found(run, LINT_ERROR, "not_after", "the validity is %" PRId64 " s; %" PRId64 " are possible", seconds(run),
                        run->context->longest);
}

/* ---- Issuer and subject as such ---- */

static void issuer_dn_not_empty(struct lint_run *run)
{
    if (pcai_lint_name_is_empty(run->tbs.issuer))
        pcai_lint_found(run, LINT_ERROR, "issuer", "the issuer is empty");
}

static void ca_subject_not_empty(struct lint_run *run)
{
    if (pcai_lint_name_is_empty(run->tbs.subject))
        pcai_lint_found(run, LINT_ERROR, "subject", "the subject of a CA is empty");
}

static void issuer_dn_bytes_copied(struct lint_run *run)
{
    struct slice from = run->context->role == LINT_ROOT ? run->tbs.subject : run->issuer.subject;
    if (!pcai_lint_name_is_empty(run->tbs.issuer) && !pcai_slice_equal(run->tbs.issuer, from))
        pcai_lint_found(run, LINT_ERROR, "issuer", "the issuer is not the CA's subject, octet for octet");
}

static const struct lint lints[] = {
    {"cert_version_3", LINT_ON_CERTIFICATE, cert_version_3},
    {"serial_positive", LINT_ON_CERTIFICATE, serial_positive},
    {"serial_max_20_octets", LINT_ON_CERTIFICATE, serial_max_20_octets},
    {"serial_min_64_random_bits", LINT_ON_CERTIFICATE, serial_min_64_random_bits},
    {"serial_minimal_integer", LINT_ON_CERTIFICATE, serial_minimal_integer},
    {"sigalg_inner_equals_outer", LINT_ON_CERTIFICATE | LINT_ON_CRL, sigalg_inner_equals_outer},
    {"sigalg_params_exact", LINT_ON_CERTIFICATE | LINT_ON_CRL, sigalg_params_exact},
    {"sigalg_not_weak", LINT_ON_CERTIFICATE | LINT_ON_CRL, sigalg_not_weak},
    {"no_unique_identifiers", LINT_ON_CERTIFICATE, no_unique_identifiers},
    {"validity_positive", LINT_ON_CERTIFICATE, validity_positive},
    {"validity_no_wellknown_end", LINT_ON_CERTIFICATE, validity_no_wellknown_end},
    {"validity_inside_issuer", LINT_ON_ISSUED, validity_inside_issuer},
    {"validity_quota_bound", LINT_ON_CERTIFICATE, validity_quota_bound},
    {"issuer_dn_not_empty", LINT_ON_CERTIFICATE | LINT_ON_CRL, issuer_dn_not_empty},
    {"ca_subject_not_empty", LINT_ON_CA, ca_subject_not_empty},
    {"issuer_dn_bytes_copied", LINT_ON_CERTIFICATE | LINT_ON_CRL, issuer_dn_bytes_copied},
};
const struct lint_group pcai_lints_fields = LINT_GROUP(lints);
