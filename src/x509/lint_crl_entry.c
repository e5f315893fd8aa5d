/* Entries of a CRL (RFC 5280 5.1.2.6, 5.3). There may be a million of them: those of the few forms that are usual are passed
 * by a look at their octets, and only what is left is read and judged lint by lint. */
#include "x509/lint_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/text.h"

#define UTC_DIGITS 12
/* Years from 50 on are of the century before. */
#define UTC_PIVOT '5'
#define REASON_REMOVE_FROM_CRL 8

int pcai_lint_entries_begin(struct lint_entries *e, const struct lint_context *context, pca_error *err)
{
    struct lint_run run = {.context = context};
    struct civil c = pcai_civil(context->this_update);
    int rc = pcai_lint_read_issuer(&run, err);
    if (rc != PCA_OK)
        return rc;
    *e = (struct lint_entries){.context = context, .lists_cas = !run.issuer.has_path_length || run.issuer.path_length > 0};
    if (c.year >= 2000 && c.year < 2050)
        snprintf(e->this_update, sizeof e->this_update, "%02d%02d%02d%02d%02d%02d", c.year % 100, c.month, c.day, c.hour, c.minute, c.second);
    return PCA_OK;
}

/* In the order of the table of revocations: one look back is enough to find a repetition. */
static int is_after_previous(const struct lint_entries *e, struct slice serial)
{
    size_t common = serial.size < e->previous.size ? serial.size : e->previous.size;
    int order = memcmp(serial.data, e->previous.octets, common);
    return e->count == 0 || order > 0 || (order == 0 && serial.size > e->previous.size);
}

/* cACompromise where CAs are listed; removeFromCRL in deltas; unspecified is left out (RFC 5280 5.3.1). */
static int reason_is_valid(const struct lint_entries *e, int reason)
{
    switch (reason) {
    case PCA_REASON_KEY_COMPROMISE:
    case PCA_REASON_AFFILIATION_CHANGED:
    case PCA_REASON_SUPERSEDED:
    case PCA_REASON_CESSATION_OF_OPERATION:
    case PCA_REASON_PRIVILEGE_WITHDRAWN:
        return 1;
    case PCA_REASON_CA_COMPROMISE:
        return e->lists_cas;
    case REASON_REMOVE_FROM_CRL:
        return e->context->base != 0;
    default:
        return 0;
    }
}

/* ---- The look at the octets ---- */

static int pair(const uint8_t *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

/* Digits of a date from 2000 to 2099, and a Z. */
static int is_plain_time(const uint8_t *at)
{
    for (size_t i = 0; i < UTC_DIGITS; i++)
        if (!pcai_is_digit(at[i]))
            return 0;
    int month = pair(at + 2), day = pair(at + 4);
    return at[UTC_DIGITS] == 'Z' && month >= 1 && month <= 12 && day >= 1 && (day <= 28 || day <= pcai_days_in_month(2000 + pair(at), month)) &&
           pair(at + 6) < 24 && pair(at + 8) < 60 && pair(at + 10) < 60;
}

/* Extension with reasonCode, and with invalidityDate, up to the value's contents. */
static const uint8_t reason_head[] = {0x30, 0x0A, 0x06, 0x03, 0x55, 0x1D, 0x15, 0x04, 0x03, 0x0A, 0x01};
static const uint8_t invalidity_head[] = {0x30, 0x18, 0x06, 0x03, 0x55, 0x1D, 0x18, 0x04, 0x11, 0x18, 0x0F};

static int begins(struct slice s, const uint8_t *head, size_t size)
{
    return s.size > size && memcmp(s.data, head, size) == 0;
}

/* crlEntryExtensions: a reason, an invalidity date, or both in this order. */
static int are_plain_extensions(const struct lint_entries *e, struct slice s, const uint8_t *revoked)
{
    size_t reason = sizeof reason_head + 1, invalidity = sizeof invalidity_head + 2 + UTC_DIGITS + 1;
    if (begins(s, reason_head, sizeof reason_head)) {
        if (!reason_is_valid(e, s.data[sizeof reason_head]))
            return 0;
        s = pcai_slice(s.data + reason, s.size - reason);
        if (s.size == 0)
            return 1;
    }
    const uint8_t *date = s.data + sizeof invalidity_head;
    return s.size == invalidity && begins(s, invalidity_head, sizeof invalidity_head) && memcmp(date, "20", 2) == 0 &&
           is_plain_time(date + 2) && memcmp(date + 2, revoked, UTC_DIGITS) <= 0;
}

int pcai_lint_entry_is_sound(const struct lint_entries *e, struct slice entry, struct slice *serial)
{
    struct der outer = pcai_der(entry), in;
    struct slice revoked, content;
    *serial = (struct slice){NULL, 0};
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_integer(&in, serial) != 0 ||
        serial->size > LINT_SERIAL_MAX || !is_after_previous(e, *serial) || pcai_der_get(&in, DER_UTC_TIME, &revoked) != 0)
        return 0;
    if (revoked.size != UTC_DIGITS + 1 || !is_plain_time(revoked.data) || revoked.data[0] >= UTC_PIVOT || !*e->this_update ||
        memcmp(revoked.data, e->this_update, UTC_DIGITS) > 0)
        return 0;
    if (pcai_der_at_end(&in))
        return 1;
    return pcai_der_get(&in, DER_SEQUENCE, &content) == 0 && pcai_der_at_end(&in) &&
           are_plain_extensions(e, content, revoked.data);
}

/* ---- Reading ---- */

/* SEQUENCE { userCertificate INTEGER, revocationDate Time, crlEntryExtensions Extensions OPTIONAL } */
int pcai_lint_read_entry(struct slice entry, struct tbs *t)
{
    struct der outer = pcai_der(entry), in, extensions;
    const char *field = "entry";
    if (pcai_lint_walk(&t->flaws, entry, field) != 0)
        return -1;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer) || pcai_der_get_integer(&in, &t->serial) != 0 ||
        t->serial.size > LINT_SERIAL_MAX)
        return pcai_lint_flaw(&t->flaws, FLAW_FORM, field, "the entry is malformed");
    if (pcai_lint_read_time(&t->flaws, &in, field, &t->first) != 0)
        return -1;
    if (pcai_der_at_end(&in))
        return 0;
    if (pcai_der_enter(&in, DER_SEQUENCE, &extensions) != 0 || !pcai_der_at_end(&in))
        return pcai_lint_flaw(&t->flaws, FLAW_FORM, field, "the entry is malformed");
    return pcai_lint_read_extensions(t, extensions);
}

void pcai_lint_entry(struct lint_entries *e, struct slice entry, struct findings *findings)
{
    struct slice serial;
    if (!pcai_lint_entry_is_sound(e, entry, &serial)) {
        struct lint_context context = *e->context;
        struct lint_run run = {.context = &context, .findings = findings, .entries = e};
        context.role = LINT_ENTRY;
        pcai_lint_run(&run, pcai_lint_read_entry(entry, &run.tbs) != 0);
    }
    if (serial.data && serial.size <= LINT_SERIAL_MAX) {
        memcpy(e->previous.octets, serial.data, serial.size);
        e->previous.size = serial.size;
    }
    e->count++;
}

/* ---- The lints ---- */

static void crl_entry_unique(struct lint_run *run)
{
    if (!is_after_previous(run->entries, run->tbs.serial))
        pcai_lint_found(run, LINT_ERROR, "entry", "the serial number is that of the entry before, or out of order");
}

static void crl_entry_time_order(struct lint_run *run)
{
    if (run->tbs.first.time > run->context->this_update)
        pcai_lint_found(run, LINT_ERROR, "entry", "the revocation is dated after thisUpdate");
}

static void crl_reason_valid(struct lint_run *run)
{
    if (!pcai_lint_extension(&run->tbs, OID_REASON_CODE))
        return;
    if (pcai_lint_is_critical(run, OID_REASON_CODE))
        pcai_lint_found(run, LINT_ERROR, "entry", "reasonCode is not critical");
    if (run->tbs.reason.size != 1)
        pcai_lint_found(run, LINT_ERROR, "entry", "the reason is not one octet");
    else if (run->tbs.reason.data[0] == PCA_REASON_CA_COMPROMISE && !run->entries->lists_cas) /* it may have had CAs below once */
        pcai_lint_found(run, LINT_NOTE, "entry", "cACompromise in the list of a CA whose path length is 0");
    else if (!reason_is_valid(run->entries, run->tbs.reason.data[0]))
        pcai_lint_found(run, LINT_ERROR, "entry", "the reason is none that such a CRL has");
}

static void crl_invalidity_gentime(struct lint_run *run)
{
    const struct lint_time *date = &run->tbs.invalidity;
    if (!pcai_lint_extension(&run->tbs, OID_INVALIDITY_DATE))
        return;
    if (pcai_lint_is_critical(run, OID_INVALIDITY_DATE))
        pcai_lint_found(run, LINT_ERROR, "entry", "invalidityDate is not critical");
    if (date->tag != DER_GENERALIZED_TIME || date->no_seconds || date->not_zulu || date->fraction)
        pcai_lint_found(run, LINT_ERROR, "entry", "invalidityDate is a GeneralizedTime with seconds and Z");
    else if (date->time > run->tbs.first.time)
        pcai_lint_found(run, LINT_ERROR, "entry", "invalidityDate is later than the revocation");
}

static const struct lint lints[] = {
    {"crl_entry_unique", LINT_ON_ENTRY, crl_entry_unique},
    {"crl_entry_time_order", LINT_ON_ENTRY, crl_entry_time_order},
    {"crl_reason_valid", LINT_ON_ENTRY, crl_reason_valid},
    {"crl_invalidity_gentime", LINT_ON_ENTRY, crl_invalidity_gentime},
};
const struct lint_group pcai_lints_entry = LINT_GROUP(lints);
