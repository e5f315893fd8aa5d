#include "ca/revoke.h"

#include "base/civil.h"
#include "ca/label.h"
#include "ca/leaf_names.h"
#include "ca/log.h"
#include "ca/public_keys.h"
#include "ca/quota.h"
#include "crypto/crypto.h"

static int check_reason(int reason, int is_ca, pca_error *err)
{
    switch (reason) {
    case PCA_REASON_CA_COMPROMISE:
        if (!is_ca)
            return pcai_fail(err, PCA_E_INVALID, NULL, "reason", "CA compromise (2) is a reason for CAs only");
        return PCA_OK;
    case PCA_REASON_UNSPECIFIED:
    case PCA_REASON_KEY_COMPROMISE:
    case PCA_REASON_AFFILIATION_CHANGED:
    case PCA_REASON_SUPERSEDED:
    case PCA_REASON_CESSATION_OF_OPERATION:
    case PCA_REASON_PRIVILEGE_WITHDRAWN:
        return PCA_OK;
    default:
        return pcai_fail(err, PCA_E_INVALID, NULL, "reason", "the reason %d is none of 0, 1, %s3, 4, 5 and 9; a revocation cannot be taken back",
                         reason, is_ca ? "2, " : "");
    }
}

int pcai_revocation_check(struct revocation *r, int is_ca, struct slice what, pca_error *err)
{
    struct buf inputs = {0};
    int rc = check_reason(r->reason, is_ca, err);
    if (rc == PCA_OK && r->invalidity < 0)
        rc = pcai_fail(err, PCA_E_INVALID, NULL, "invalidity", "the date lies before 1970");
    if (rc == PCA_OK)
        rc = pcai_token_check(r->token.text, err);
    if (rc == PCA_OK) {
        pcai_der_int(&inputs, r->reason);
        pcai_der_int(&inputs, r->invalidity);
        pcai_buf_slice(&inputs, what);
        rc = pcai_buf_check(&inputs, err);
    }
    if (rc == PCA_OK)
        rc = pcai_token_inputs(&r->token, pcai_buf_view(&inputs), err);
    pcai_buf_free(&inputs);
    return rc;
}

int pcai_revocation_check_invalidity(const struct context *cx, int64_t invalidity, const char *object, pca_error *err)
{
    char asked[PCAI_TIME_TEXT], now[PCAI_TIME_TEXT];
    if (invalidity <= cx->now)
        return PCA_OK;
    pcai_time_text(invalidity, asked);
    pcai_time_text(cx->now, now);
    return pcai_fail(err, PCA_E_INVALID, object, "invalidity", "the key was suspected since %s, which has not come: it is %s", asked, now);
}

int pcai_is_compromise(uint64_t reason)
{
    return reason == PCA_REASON_KEY_COMPROMISE || reason == PCA_REASON_CA_COMPROMISE;
}

int pcai_revocation_check_again(uint64_t held_reason, int64_t held_invalidity, const struct revocation *r, const char *object,
                                pca_error *err)
{
    if (pcai_is_compromise(held_reason) || !pcai_is_compromise((uint64_t)r->reason))
        return pcai_fail(err, PCA_E_STATE, object, "status", "it is revoked already (reason %d); only a change to a compromise is possible", (int)held_reason);
    if (held_invalidity && (r->invalidity == 0 || r->invalidity > held_invalidity))
        return pcai_fail(err, PCA_E_INVALID, object, "invalidity", "the key was suspected since an earlier date already");
    return PCA_OK;
}

int pcai_revocation_put(struct txn *txn, struct context *cx, const struct ca_record *issuer, uint64_t generation, struct slice serial,
                        const struct revocation_record *record, pca_error *err)
{
    struct row_key key = pcai_key_revocation(issuer->id, generation, serial);
    struct generation_record of;
    struct revocation_record held;
    struct slice old;
    struct buf fresh = {0};
    int rc = pcai_generation_read(txn, cx, issuer, generation, &of, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_get(txn, TABLE_REVOCATION, pcai_row_key_view(&key), &old, err);
    if (rc == PCA_OK) {
        rc = pcai_record_decode(&pcai_revocation_type, pcai_row_key_view(&key), old, &held, err);
        of.revocations_xor ^= pcai_record_check(old);
    } else if (rc == PCA_E_NOT_FOUND) {
        rc = PCA_OK;
        of.revocations++;
    }
    if (rc == PCA_OK)
        rc = pcai_record_encode(&pcai_revocation_type, pcai_row_key_view(&key), record, &fresh, err);
    if (rc == PCA_OK) {
        of.revocations_xor ^= pcai_record_check(pcai_buf_view(&fresh));
        if (record->log > of.crl_log) { /* a deletion keeps the log row of its revocation */
            of.unlisted_since = of.unlisted_since ? of.unlisted_since : cx->now;
            of.unlisted_log = record->log > of.unlisted_log ? record->log : of.unlisted_log;
        }
        rc = pcai_put(txn, TABLE_REVOCATION, pcai_row_key_view(&key), pcai_buf_view(&fresh), err);
    }
    if (rc == PCA_OK)
        rc = pcai_generation_put(txn, issuer->id, generation, &of, err);
    pcai_buf_free(&fresh);
    return rc;
}

int pcai_revocation_find(struct txn *txn, struct context *cx, uint64_t issuer, uint64_t generation, struct slice serial,
                         struct revocation_record *record, pca_error *err)
{
    struct row_key key = pcai_key_revocation(issuer, generation, serial);
    int rc = pcai_record_get(txn, &pcai_revocation_type, pcai_row_key_view(&key), record, err);
    if (rc == PCA_OK)
        record->digest = pcai_arena_slice(&cx->arena, record->digest);
    return rc == PCA_OK && cx->arena.failed ? pcai_no_memory(err) : rc;
}

static int read_row(struct txn *txn, struct context *cx, uint64_t issuer, uint64_t generation, struct slice serial,
                    struct revocation_record *record, pca_error *err)
{
    int rc = pcai_revocation_find(txn, cx, issuer, generation, serial, record, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, PCA_E_CORRUPT, "region", "revocation", "the revocation record of a revoked certificate is missing");
    return rc;
}

static int log_revocation(struct txn *txn, struct context *cx, enum action action, uint64_t ca, uint64_t object, const struct token *token,
                          pca_error *err)
{
    struct log_record entry = {.ca = ca, .object = object};
    entry.token = pcai_slice_text(token->text ? token->text : "");
    return pcai_log_append(txn, cx, action, &entry, err);
}

/* ---- Certificates ---- */

static int read_revocable(struct txn *txn, struct context *cx, uint64_t id, struct cert_view *view, struct ca_record *issuer, pca_error *err)
{
    int rc = pcai_cert_read(txn, id, view, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_cert_copy(&cx->arena, view, err);
    return rc != PCA_OK ? rc : pcai_ca_read(txn, cx, view->record.issuer, issuer, err);
}

/* A row for the certificate, and of a pair one for the other, which shares all but serial number and digest. */
static int put_rows(struct txn *txn, struct context *cx, const struct ca_record *issuer, const struct cert_view *view,
                    const struct revocation_record *row, pca_error *err)
{
    const struct cert_record *r = &view->record;
    struct revocation_record pair = *row;
    uint8_t digest[PCAI_DIGEST_MAX];
    int rc = pcai_revocation_put(txn, cx, issuer, r->generation, r->serial, row, err);
    if (rc != PCA_OK || !r->encryption_serial.size)
        return rc;
    rc = pcai_digest(PCAI_SHA256, r->encryption_der, digest, err);
    pair.digest = pcai_slice(digest, 32);
    pair.pair = 1;
    return rc == PCA_OK ? pcai_revocation_put(txn, cx, issuer, r->generation, r->encryption_serial, &pair, err) : rc;
}

int pcai_cert_revoke_now(struct txn *txn, struct context *cx, const struct revocation *r, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct cert_view view;
    struct ca_record issuer;
    struct generation_record generation;
    struct revocation_record row = {0};
    struct quota_record quota;
    uint8_t digest[PCAI_DIGEST_MAX];
    pcai_object("cert", r->id, object);
    int rc = read_revocable(txn, cx, r->id, &view, &issuer, err);
    if (rc == PCA_OK)
        rc = pcai_cert_require(&view, CERT_REVOKE, err);
    if (rc == PCA_OK)
        rc = pcai_generation_read(txn, cx, &issuer, view.record.generation, &generation, err);
    if (rc == PCA_OK)
        rc = pcai_ca_require_signing(&issuer, &generation, cx->now, err);
    if (rc == PCA_OK)
        rc = pcai_revocation_check_invalidity(cx, r->invalidity, object, err);
    if (rc == PCA_OK && view.status.status == PCA_STATUS_REVOKED) {
        rc = pcai_revocation_check_again(view.status.reason, view.status.invalidity, r, object, err);
        if (rc == PCA_OK)
            rc = read_row(txn, cx, issuer.id, view.record.generation, view.record.serial, &row, err);
    } else if (rc == PCA_OK) {
        row.certificate = r->id;
        row.imported = view.record.imported;
        row.revoked_at = r->at ? r->at : cx->now;
        row.not_after = view.record.not_after;
        rc = pcai_digest(PCAI_SHA256, view.record.der, digest, err);
        row.digest = pcai_slice(digest, 32);
    }
    if (rc != PCA_OK)
        return rc;
    row.reason = (uint64_t)r->reason;
    row.invalidity = r->invalidity;
    row.log = cx->log + 1;
    struct status_record status = {.status = PCA_STATUS_REVOKED, .at = row.revoked_at, .reason = row.reason, .invalidity = row.invalidity};
    rc = pcai_quota_read(txn, issuer.id, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_held_move(&quota, view.record.type, view.status.status, PCA_STATUS_REVOKED, err);
    if (rc == PCA_OK)
        rc = put_rows(txn, cx, &issuer, &view, &row, err);
    if (rc == PCA_OK && view.status.status != PCA_STATUS_REVOKED)
        rc = pcai_quota_put(txn, cx, issuer.id, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_status_put(txn, cx, r->id, &status, err);
    if (rc == PCA_OK && pcai_is_compromise(row.reason))
        rc = pcai_public_key_compromised(txn, cx, view.record.der, err);
    return rc == PCA_OK ? log_revocation(txn, cx, ACTION_REVOKE, issuer.id, r->id, &r->token, err) : rc;
}

int pcai_cert_revoke(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct revocation *r = arguments;
    struct cert_view view;
    uint64_t results[4] = {0};
    int replayed;
    int rc = pcai_token_replay(txn, &r->token, &replayed, results, err);
    if (rc != PCA_OK)
        return rc;
    if (replayed)
        return pcai_cert_read(txn, r->id, &view, err); /* NOT_FOUND once it was deleted */
    rc = pcai_cert_revoke_now(txn, cx, r, err);
    return rc == PCA_OK ? pcai_token_keep(txn, &r->token, results, err) : rc;
}

int pcai_cert_delete(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct deletion *d = arguments;
    struct cert_view view;
    struct ca_record issuer;
    struct revocation_record row;
    struct quota_record quota;
    struct row_key key = pcai_key_id64(d->id);
    pcai_object("cert", d->id, object);
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = read_revocable(txn, cx, d->id, &view, &issuer, err);
    if (rc == PCA_OK)
        rc = pcai_cert_require(&view, CERT_DELETE, err);
    if (rc != PCA_OK)
        return rc;
    struct row_key expiry = pcai_key_expiry(view.record.not_after, d->id);
    rc = read_row(txn, cx, issuer.id, view.record.generation, view.record.serial, &row, err);
    if (rc == PCA_OK)
        rc = pcai_quota_read(txn, issuer.id, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_held_move(&quota, view.record.type, PCA_STATUS_REVOKED, 0, err);
    if (rc != PCA_OK)
        return rc;
    row.deleted_at = cx->now;
    rc = put_rows(txn, cx, &issuer, &view, &row, err);
    if (rc == PCA_OK)
        rc = pcai_quota_put(txn, cx, issuer.id, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_labels_delete(txn, &view.record, d->id, err);
    if (rc == PCA_OK)
        rc = pcai_leaf_names_delete(txn, view.record.der, d->id, err);
    if (rc == PCA_OK)
        rc = pcai_delete(txn, TABLE_EXPIRY, pcai_row_key_view(&expiry), err);
    if (rc == PCA_OK)
        rc = pcai_delete(txn, TABLE_STATUS, pcai_row_key_view(&key), err);
    if (rc == PCA_OK)
        rc = pcai_delete(txn, TABLE_CERT, pcai_row_key_view(&key), err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, PCA_E_CORRUPT, object, NULL, "an index row of the certificate is missing");
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_DELETE, &(struct log_record){.ca = issuer.id, .object = d->id}, err) : rc;
}

/* ---- CAs ---- */

static int stronger(const struct revocation_record *held, const struct revocation *r)
{
    return pcai_is_compromise(held->reason) && !pcai_is_compromise((uint64_t)r->reason);
}

/* One certificate of a CA, on the CRL of the generation that signed it; it may have been revoked by itself before. */
static int revoke_ca_cert(struct txn *txn, struct context *cx, const struct ca_record *ca, const struct ca_cert_record *cert,
                          const struct revocation *r, pca_error *err)
{
    struct ca_record issuer;
    struct revocation_record row = {0};
    uint8_t digest[PCAI_DIGEST_MAX];
    int rc = pcai_ca_read(txn, cx, cert->issuer, &issuer, err);
    if (rc == PCA_OK && ca->revoked_at) {
        rc = read_row(txn, cx, issuer.id, cert->issuer_generation, cert->serial, &row, err);
    } else if (rc == PCA_OK) {
        rc = pcai_revocation_find(txn, cx, issuer.id, cert->issuer_generation, cert->serial, &row, err);
        if (rc == PCA_E_NOT_FOUND) {
            row = (struct revocation_record){.ca = ca->id, .revoked_at = r->at ? r->at : cx->now, .not_after = cert->not_after};
            rc = pcai_digest(PCAI_SHA256, cert->der, digest, err);
            row.digest = pcai_slice(digest, 32);
        }
    }
    if (rc != PCA_OK || stronger(&row, r))
        return rc;
    row.reason = (uint64_t)r->reason;
    if (!row.invalidity || (r->invalidity && r->invalidity < row.invalidity))
        row.invalidity = r->invalidity;
    row.log = cx->log + 1;
    return pcai_revocation_put(txn, cx, &issuer, cert->issuer_generation, cert->serial, &row, err);
}

/* All that a CA ever had from CAs of the region: of each key, reissued or not, and cross-certificates. */
static int revoke_ca_certs(struct txn *txn, struct context *cx, const struct ca_record *ca, const struct revocation *r, pca_error *err)
{
    struct scan *scan = NULL;
    struct slice key, value;
    int rc = pcai_scan_open(txn, TABLE_CA_CERT, pcai_slice(NULL, 0), pcai_slice(NULL, 0), &scan, err);
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        struct ca_cert_record cert;
        rc = pcai_record_decode(&pcai_ca_cert_type, key, value, &cert, err);
        if (rc == PCA_OK && key.size < 8)
            rc = pcai_fail(err, PCA_E_CORRUPT, "region", "ca_cert", "the key of a CA's certificate is malformed");
        if (rc != PCA_OK || (cert.kind == CA_CERT_PARENT ? pcai_read_u64(key.data) : cert.kind == CA_CERT_CROSS ? cert.subject : 0) != ca->id)
            continue;
        cert.serial = pcai_arena_slice(&cx->arena, cert.serial);
        cert.der = pcai_arena_slice(&cx->arena, cert.der);
        rc = cx->arena.failed ? pcai_no_memory(err) : revoke_ca_cert(txn, cx, ca, &cert, r, err);
    }
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_ca_revoke_now(struct txn *txn, struct context *cx, const struct revocation *r, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct ca_record ca, parent = {0};
    int rc = pcai_ca_read(txn, cx, r->id, &ca, err);
    if (rc != PCA_OK)
        return rc;
    pcai_ca_object(&ca, object);
    if (ca.state == PCA_CA_PURCHASED)
        return pcai_fail(err, PCA_E_STATE, object, "state", "the CA is not enabled yet, and there is nothing to revoke");
    if (ca.parent)
        rc = pcai_ca_read(txn, cx, ca.parent, &parent, err);
    if (rc == PCA_OK)
        rc = pcai_ca_require_signing(ca.parent ? &parent : &ca, NULL, cx->now, err);
    if (rc == PCA_OK)
        rc = pcai_revocation_check_invalidity(cx, r->invalidity, object, err);
    if (rc == PCA_OK && ca.state == PCA_CA_REVOKED)
        rc = pcai_revocation_check_again(ca.reason, ca.invalidity, r, object, err);
    if (rc == PCA_OK)
        rc = revoke_ca_certs(txn, cx, &ca, r, err);
    if (rc != PCA_OK)
        return rc;
    if (ca.state != PCA_CA_REVOKED)
        ca.revoked_at = r->at ? r->at : cx->now;
    ca.state = PCA_CA_REVOKED;
    ca.reason = (uint64_t)r->reason;
    ca.invalidity = r->invalidity;
    rc = pcai_ca_put(txn, cx, &ca, err);
    if (rc == PCA_OK)
        rc = pcai_rules_raise(txn, err);
    return rc == PCA_OK ? log_revocation(txn, cx, ACTION_CA_REVOKE, ca.id, ca.parent, &r->token, err) : rc;
}

int pcai_ca_revoke(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct revocation *r = arguments;
    uint64_t results[4] = {0};
    int replayed;
    int rc = pcai_token_replay(txn, &r->token, &replayed, results, err);
    if (rc != PCA_OK || replayed)
        return rc;
    rc = pcai_ca_revoke_now(txn, cx, r, err);
    return rc == PCA_OK ? pcai_token_keep(txn, &r->token, results, err) : rc;
}
