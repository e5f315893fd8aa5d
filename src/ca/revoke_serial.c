/* Revoking what is presented, or named by its serial number: what the store holds, what it lost and what it never held. */
#include <inttypes.h>

#include "base/civil.h"
#include "ca/certificate.h"
#include "ca/log.h"
#include "ca/public_keys.h"
#include "ca/revoke.h"
#include "crypto/crypto.h"

static int require_certificate(const struct ca_record *ca, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (ca->generation == 0)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(ca, object), "state", "the CA is not enabled yet");
    return PCA_OK;
}

/* ---- A presented certificate ---- */

int pcai_presented_read(struct slice in, struct presented *p, pca_error *err)
{
    int rc = pcai_certificate_open(in, &p->work, &p->certificate, err);
    if (rc == PCA_OK && pcai_serial_read(p->certificate.serial, &p->serial) != 0)
        rc = pcai_fail(err, PCA_E_INVALID, NULL, "certificate", "its serial number is not positive, or longer than %d octets", PCAI_SERIAL_MAX);
    if (rc == PCA_E_INVALID)
        pcai_error_name_object(err, "call");
    return rc;
}

int pcai_presented_check(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct presented *p = arguments;
    struct ca_record ca;
    int rc = pcai_ca_read(txn, cx, p->ca, &ca, err);
    if (rc == PCA_OK)
        rc = require_certificate(&ca, err);
    if (rc != PCA_OK)
        return rc;
    pcai_ca_object(&ca, object);
    if (!pcai_slice_equal(p->certificate.issuer, ca.subject))
        return pcai_fail(err, PCA_E_INVALID, "call", "certificate", "its issuer is another than %s", object);
    rc = pcai_ca_signer(txn, cx, &ca, &p->certificate, &p->generation, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, PCA_E_INVALID, "call", "certificate", "no key of %s made its signature", object);
    return rc;
}

/* ---- Arguments ---- */

int pcai_serial_revocation_check(struct serial_revocation *r, const char *serial, int is_ca, pca_error *err)
{
    int64_t at = r->revocation.at;
    if (serial && pcai_serial_parse(serial, &r->serial) != 0)
        return pcai_fail(err, PCA_E_INVALID, "call", "serial", "a serial number is 1 to %d octets in hexadecimal, or dec: and decimal digits",
                         PCAI_SERIAL_MAX);
    if (r->import && (at <= 0 || at > PCAI_TIME_MAX))
        return pcai_fail(err, PCA_E_INVALID, "call", "revoked_at", "the date of revocation is missing, or lies outside 1970 to 9999");
    if (r->not_after < 0 || r->not_after > PCAI_TIME_MAX)
        return pcai_fail(err, PCA_E_INVALID, "call", "not_after", "the certificate's end lies outside 1970 to 9999");
    struct slice what = r->certificate.data ? r->certificate : pcai_slice(r->serial.octets, r->serial.size);
    return pcai_revocation_check(&r->revocation, is_ca, what, err);
}

static int check_dates(const struct context *cx, const struct serial_revocation *r, const char *object, pca_error *err)
{
    char at[PCAI_TIME_TEXT], now[PCAI_TIME_TEXT];
    if (r->revocation.at <= cx->now)
        return pcai_revocation_check_invalidity(cx, r->revocation.invalidity, object, err);
    pcai_time_text(r->revocation.at, at);
    pcai_time_text(cx->now, now);
    return pcai_fail(err, PCA_E_INVALID, object, "revoked_at", "the revocation is dated %s, which has not come: it is %s", at, now);
}

static int exists(const char *object, pca_error *err)
{
    return pcai_fail(err, PCA_E_EXISTS, object, "serial", "the serial number is revoked already");
}

/* ---- What the store holds ---- */

static int revoke_held(struct txn *txn, struct context *cx, const struct serial_revocation *r, const struct cert_view *view, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct revocation revocation = r->revocation;
    revocation.id = view->id;
    pcai_object("cert", view->id, object);
    if (r->import && view->status.status == PCA_STATUS_REVOKED)
        return exists(object, err);
    if (revocation.reason == PCA_REASON_CA_COMPROMISE)
        return pcai_fail(err, PCA_E_INVALID, object, "reason", "CA compromise (2) is a reason for CAs only");
    return pcai_cert_revoke_now(txn, cx, &revocation, err);
}

/* A certificate that the CA gave to a CA. */
struct held_ca_cert {
    struct ca_cert_record cert;
    uint64_t owner; /* the CA that it is for; 0: not one of the region's */
    uint64_t generation, number;
};

static int find_ca_cert(struct txn *txn, struct context *cx, uint64_t issuer, struct slice serial, struct held_ca_cert *held, pca_error *err)
{
    struct scan *scan = NULL;
    struct slice key, value;
    int found = 0, rc = pcai_scan_open(txn, TABLE_CA_CERT, pcai_slice(NULL, 0), pcai_slice(NULL, 0), &scan, err);
    while (rc == PCA_OK && !found && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        rc = pcai_record_decode(&pcai_ca_cert_type, key, value, &held->cert, err);
        if (rc == PCA_OK && key.size != 20)
            rc = pcai_fail(err, PCA_E_CORRUPT, "region", "ca_cert", "the key of a CA's certificate is malformed");
        found = rc == PCA_OK && held->cert.issuer == issuer && pcai_slice_equal(held->cert.serial, serial);
    }
    if (found) {
        held->owner = held->cert.kind == CA_CERT_CROSS ? held->cert.subject : pcai_read_u64(key.data);
        held->generation = pcai_read_u32(key.data + 8);
        held->number = pcai_read_u64(key.data + 12);
        held->cert.serial = pcai_arena_slice(&cx->arena, held->cert.serial);
        held->cert.der = pcai_arena_slice(&cx->arena, held->cert.der);
    }
    pcai_scan_close(scan);
    return rc == PCA_OK && cx->arena.failed ? pcai_no_memory(err) : rc;
}

/* Is it the one by which the CA issues? Then the CA is revoked with it. */
static int is_present(struct txn *txn, struct context *cx, const struct held_ca_cert *held, struct ca_record *owner, int *present, pca_error *err)
{
    struct generation_record generation;
    *present = 0;
    if (held->cert.kind != CA_CERT_PARENT)
        return PCA_OK;
    int rc = pcai_ca_read(txn, cx, held->owner, owner, err);
    if (rc == PCA_OK)
        rc = pcai_generation_read(txn, cx, owner, owner->generation, &generation, err);
    if (rc == PCA_OK)
        *present = held->generation == owner->generation && held->number == generation.certificates;
    return rc;
}

/* ---- Rows ---- */

struct rows {
    const struct ca_record *ca;
    struct slice serial;
    uint64_t generation; /* 0: not known */
    struct revocation_record fresh;
};

/* Rows that are there already: how many, and may they change? */
static int check_rows(struct txn *txn, struct context *cx, const struct serial_revocation *r, const struct rows *rows, int *found, pca_error *err)
{
    char object[PCAI_OBJECT];
    *found = 0;
    pcai_ca_object(rows->ca, object);
    for (uint64_t g = 1; g <= rows->ca->generation; g++) {
        struct revocation_record row;
        struct generation_record generation;
        int rc = pcai_revocation_find(txn, cx, rows->ca->id, g, rows->serial, &row, err);
        if (rc == PCA_E_NOT_FOUND)
            continue;
        if (rc == PCA_OK && r->import)
            return exists(object, err);
        if (rc == PCA_OK)
            rc = pcai_generation_read(txn, cx, rows->ca, g, &generation, err);
        if (rc == PCA_OK)
            rc = pcai_ca_require_signing(rows->ca, &generation, cx->now, err);
        if (rc == PCA_OK)
            rc = pcai_revocation_check_again(row.reason, row.invalidity, &r->revocation, object, err);
        if (rc != PCA_OK)
            return rc;
        (*found)++;
    }
    return PCA_OK;
}

static int change_rows(struct txn *txn, struct context *cx, const struct serial_revocation *r, const struct rows *rows, pca_error *err)
{
    for (uint64_t g = 1; g <= rows->ca->generation; g++) {
        struct revocation_record row;
        int rc = pcai_revocation_find(txn, cx, rows->ca->id, g, rows->serial, &row, err);
        if (rc == PCA_E_NOT_FOUND)
            continue;
        if (rc != PCA_OK)
            return rc;
        row.reason = (uint64_t)r->revocation.reason;
        row.invalidity = r->revocation.invalidity;
        row.log = cx->log + 1;
        if (!row.digest.size && rows->fresh.digest.size) { /* presented now */
            row.digest = rows->fresh.digest;
            row.not_after = rows->fresh.not_after;
        }
        rc = pcai_revocation_put(txn, cx, rows->ca, g, rows->serial, &row, err);
        if (rc != PCA_OK)
            return rc;
    }
    return PCA_OK;
}

static int put_rows(struct txn *txn, struct context *cx, const struct rows *rows, pca_error *err)
{
    int rc = PCA_OK, put = 0;
    for (uint64_t g = 1; rc == PCA_OK && g <= rows->ca->generation; g++) {
        struct generation_record generation;
        int last = g == rows->ca->generation;
        if (rows->generation && rows->generation != g)
            continue;
        rc = pcai_generation_read(txn, cx, rows->ca, g, &generation, err);
        if (rc != PCA_OK)
            return rc;
        rc = pcai_ca_require_signing(rows->ca, &generation, cx->now, rows->generation || (last && !put) ? err : NULL);
        if (rc == PCA_E_EXPIRED && !rows->generation && (!last || put)) {
            rc = PCA_OK; /* this one lists no more */
            continue;
        }
        if (rc == PCA_OK)
            rc = pcai_revocation_put(txn, cx, rows->ca, g, rows->serial, &rows->fresh, err);
        put++;
    }
    return rc;
}

static int revoke_rows(struct txn *txn, struct context *cx, const struct serial_revocation *r, const struct rows *rows, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    int found, rc = check_rows(txn, cx, r, rows, &found, err);
    if (rc == PCA_OK)
        rc = found ? change_rows(txn, cx, r, rows, err) : put_rows(txn, cx, rows, err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, rows->serial, digest, err);
    const char *token = r->revocation.token.text;
    struct log_record entry = {.ca = rows->ca->id,
                               .digest = rows->fresh.digest.size ? rows->fresh.digest : pcai_slice(digest, 32),
                               .token = pcai_slice_text(token ? token : "")};
    return rc == PCA_OK ? pcai_log_append(txn, cx, r->import ? ACTION_IMPORT_REVOKED : ACTION_REVOKE_SERIAL, &entry, err) : rc;
}

/* held: a CA's certificate that is not its present one; NULL: the store knows nothing of it. */
static int revoke_by_rows(struct txn *txn, struct context *cx, const struct serial_revocation *r, const struct ca_record *ca,
                          struct slice serial, const struct held_ca_cert *held, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    struct slice der = held ? held->cert.der : r->certificate;
    struct rows rows = {.ca = ca, .serial = serial, .generation = held ? held->cert.issuer_generation : r->generation};
    rows.fresh = (struct revocation_record){.ca = held ? held->owner : 0,
                                            .revoked_at = r->revocation.at ? r->revocation.at : cx->now,
                                            .reason = (uint64_t)r->revocation.reason,
                                            .invalidity = r->revocation.invalidity,
                                            .not_after = held ? held->cert.not_after : r->not_after ? r->not_after : PCAI_TIME_MAX,
                                            .log = cx->log + 1};
    int rc = der.data ? pcai_digest(PCAI_SHA256, der, digest, err) : PCA_OK;
    if (der.data)
        rows.fresh.digest = pcai_slice(digest, 32);
    if (rc == PCA_OK)
        rc = revoke_rows(txn, cx, r, &rows, err);
    return rc == PCA_OK && der.data && pcai_is_compromise(rows.fresh.reason) ? pcai_public_key_compromised(txn, cx, der, err) : rc;
}

/* Nothing is known but the number: a CA it is only where this CA may sign CAs. */
static int revoke_unknown(struct txn *txn, struct context *cx, const struct serial_revocation *r, const struct ca_record *ca, struct slice serial,
                          pca_error *err)
{
    char object[PCAI_OBJECT];
    if (!r->certificate.data && r->revocation.reason == PCA_REASON_CA_COMPROMISE && ca->path_length == 1)
        return pcai_fail(err, PCA_E_INVALID, pcai_ca_object(ca, object), "reason", "CA compromise (2) is a reason for CAs only, and this one signs none");
    return revoke_by_rows(txn, cx, r, ca, serial, NULL, err);
}

static int revoke_ca_cert(struct txn *txn, struct context *cx, const struct serial_revocation *r, const struct ca_record *ca,
                          struct slice serial, const struct held_ca_cert *held, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct ca_record owner;
    int present = 0;
    if (held->cert.kind == CA_CERT_SELF)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(ca, object), "serial", "it is the CA's own certificate: revoke the CA");
    int rc = is_present(txn, cx, held, &owner, &present, err);
    if (rc != PCA_OK || !present)
        return rc == PCA_OK ? revoke_by_rows(txn, cx, r, ca, serial, held, err) : rc;
    struct revocation revocation = r->revocation;
    revocation.id = owner.id;
    if (r->import && owner.state == PCA_CA_REVOKED)
        return exists(pcai_ca_object(&owner, object), err);
    return pcai_ca_revoke_now(txn, cx, &revocation, err);
}

/* ---- The verb ---- */

static int revoke(struct txn *txn, struct context *cx, const struct serial_revocation *r, pca_error *err)
{
    char object[PCAI_OBJECT];
    uint8_t octets[PCAI_SERIAL_MAX + 1];
    struct slice serial = pcai_serial_integer(&r->serial, octets);
    struct ca_record ca;
    struct cert_view view;
    struct held_ca_cert held;
    int rc = r->import ? pcai_clock_require(cx, err) : PCA_OK;
    if (rc == PCA_OK)
        rc = pcai_ca_read(txn, cx, r->ca, &ca, err);
    if (rc == PCA_OK)
        rc = require_certificate(&ca, err);
    if (rc == PCA_OK)
        rc = check_dates(cx, r, pcai_ca_object(&ca, object), err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_cert_of_serial(txn, ca.id, serial, &view, err);
    if (rc == PCA_OK)
        return revoke_held(txn, cx, r, &view, err);
    if (rc == PCA_E_NOT_FOUND)
        rc = find_ca_cert(txn, cx, ca.id, serial, &held, err);
    if (rc == PCA_OK)
        return revoke_ca_cert(txn, cx, r, &ca, serial, &held, err);
    return rc == PCA_E_NOT_FOUND ? revoke_unknown(txn, cx, r, &ca, serial, err) : rc;
}

int pcai_serial_revoke(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct serial_revocation *r = arguments;
    uint64_t results[4] = {0};
    int replayed;
    int rc = pcai_token_replay(txn, &r->revocation.token, &replayed, results, err);
    if (rc != PCA_OK || replayed)
        return rc;
    rc = revoke(txn, cx, r, err);
    return rc == PCA_OK ? pcai_token_keep(txn, &r->revocation.token, results, err) : rc;
}
