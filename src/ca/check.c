/* The check of a region: every record decodes, every index row has its object and every object its index rows, every sum
 * is right, and the audit tree's head is that of the log. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "ca/intent.h"
#include "ca/label.h"
#include "ca/leaf_names.h"
#include "ca/log.h"
#include "ca/public_keys.h"
#include "ca/quota.h"
#include "ca/region.h"
#include "ca/review.h"
#include "ca/serials.h"

/* What the rows of one CA come to. */
struct account {
    uint64_t issued;          /* certificates that are there or were deleted */
    uint64_t pending;         /* and what is out at a token */
    struct quota_record held; /* by status and type; its other counters unused */
    struct units units;       /* of a root: all CAs below it included */
};

struct totals {
    uint64_t names, expiries, statuses; /* index rows that objects account for */
    uint64_t cas;                       /* numbered from 1 without gaps */
    struct account *accounts;
};

static struct account *account(const struct totals *totals, uint64_t ca)
{
    return ca && ca <= totals->cas ? &totals->accounts[ca - 1] : NULL;
}

/* One row: decoded already where it has a type of its own. */
typedef int (*row_check)(struct txn *txn, struct context *cx, struct slice key, struct slice value, void *state, pca_error *err);

static int wrong(pca_error *err, const char *noun, uint64_t id, const char *what)
{
    char object[PCAI_OBJECT];
    return pcai_fail(err, PCA_E_CORRUPT, pcai_object(noun, id, object), NULL, "%s", what);
}

/* Where pages above the rows are damaged, a walk may meet a row that its key does not find. */
static int check_findable(struct txn *txn, enum table table, struct slice key, struct slice value, pca_error *err)
{
    struct slice found;
    int rc = key.size && key.size <= PCAI_KEY_MAX ? pcai_get(txn, table, key, &found, err) : PCA_E_NOT_FOUND;
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && found.data != value.data))
        return wrong(err, "region", 0, "a row is not found by its key: a page of the index above it is damaged");
    return rc;
}

static int each(struct txn *txn, struct context *cx, enum table table, row_check check, void *state, uint64_t *count, pca_error *err)
{
    struct scan *scan = NULL;
    struct slice key, value;
    int rc = pcai_scan_open(txn, table, pcai_slice(NULL, 0), pcai_slice(NULL, 0), &scan, err);
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        if (count)
            (*count)++;
        rc = check_findable(txn, table, key, value, err);
        if (rc == PCA_OK)
            rc = check(txn, cx, key, value, state, err);
    }
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

/* ---- Certificates ---- */

/* Searching what has changed goes by the log's rows. */
static int check_changed(struct txn *txn, const struct cert_view *view, pca_error *err)
{
    struct log_record row;
    struct row_key key = pcai_key_id64(pcai_cert_changed(view));
    int rc = pcai_record_get(txn, &pcai_log_type, pcai_row_key_view(&key), &row, err);
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && (!pcai_action_of_certificate(row.action) || row.object != view->id)))
        return wrong(err, "cert", view->id, "the log row of its last change is not about it");
    return rc;
}

/* What people find it by. */
static int check_marks(struct txn *txn, const struct cert_view *view, struct totals *totals, pca_error *err)
{
    int rc = pcai_leaf_names_check(txn, view->record.der, view->id, &totals->names, err);
    if (rc == PCA_OK)
        rc = pcai_labels_check(txn, &view->record, view->id, &totals->names, err);
    return rc == PCA_OK ? check_changed(txn, view, err) : rc;
}

/* Of a pair: its serial number leads here, and it is revoked when the first is. */
static int check_pair(struct txn *txn, const struct cert_view *view, pca_error *err)
{
    const struct cert_record *r = &view->record;
    struct row_key key = pcai_key_revocation(r->issuer, r->generation, r->encryption_serial);
    struct revocation_record row;
    uint64_t held = 0;
    if (!r->encryption_serial.size)
        return r->encryption_der.size ? wrong(err, "cert", view->id, "the encryption certificate of a pair has no serial number") : PCA_OK;
    int rc = pcai_serial_find(txn, r->issuer, r->encryption_serial, &held, err);
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && held != view->id))
        return wrong(err, "cert", view->id, "the serial number of a pair's encryption certificate does not lead to it");
    if (rc != PCA_OK || view->status.status != PCA_STATUS_REVOKED)
        return rc;
    rc = pcai_record_get(txn, &pcai_revocation_type, pcai_row_key_view(&key), &row, err);
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && (!row.pair || row.certificate != view->id || row.reason != view->status.reason)))
        return wrong(err, "cert", view->id, "it is revoked and its pair's revocation row is missing, or disagrees");
    return rc;
}

static int check_cert(struct txn *txn, struct context *cx, struct slice key, struct slice value, void *state, pca_error *err)
{
    struct totals *totals = state;
    struct cert_view view;
    struct index_record index;
    struct revocation_record row;
    uint64_t sequence = 0;
    (void)cx, (void)value;
    if (key.size != 8)
        return wrong(err, "cert", 0, "a certificate row's key is not 8 octets");
    int rc = pcai_cert_read(txn, pcai_read_u64(key.data), &view, err);
    if (rc != PCA_OK)
        return rc;
    struct account *issuer = account(totals, view.record.issuer);
    if (!issuer)
        return wrong(err, "cert", view.id, "its CA is missing");
    rc = pcai_held_move(&issuer->held, view.record.type, 0, view.status.status, err);
    if (rc == PCA_OK)
        rc = pcai_review_check(txn, &view, &totals->names, err);
    if (rc == PCA_OK)
        rc = check_marks(txn, &view, totals, err);
    if (rc != PCA_OK)
        return rc;
    totals->statuses += view.status.status != PCA_STATUS_ISSUED;
    issuer->pending += view.status.status == PCA_STATUS_PENDING;
    if (view.status.status != PCA_STATUS_ISSUED && view.status.status != PCA_STATUS_REVOKED)
        return PCA_OK;
    issuer->issued += !view.record.imported;
    if (pcai_serial_sequence(view.record.serial) != view.id) {
        rc = pcai_serial_find(txn, view.record.issuer, view.record.serial, &sequence, err);
        if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && sequence != view.id))
            return wrong(err, "cert", view.id, "the serial number does not lead to the certificate");
        if (rc != PCA_OK)
            return rc;
    }
    rc = check_pair(txn, &view, err);
    if (rc != PCA_OK)
        return rc;
    struct row_key expiry = pcai_key_expiry(view.record.not_after, view.id);
    rc = pcai_record_get(txn, &pcai_expiry_type, pcai_row_key_view(&expiry), &index, err);
    if (rc == PCA_E_NOT_FOUND)
        return wrong(err, "cert", view.id, "the expiry row is missing");
    totals->expiries++;
    if (rc != PCA_OK || view.status.status == PCA_STATUS_ISSUED)
        return rc;
    struct row_key revocation = pcai_key_revocation(view.record.issuer, view.record.generation, view.record.serial);
    rc = pcai_record_get(txn, &pcai_revocation_type, pcai_row_key_view(&revocation), &row, err);
    if (rc == PCA_E_NOT_FOUND)
        return wrong(err, "cert", view.id, "it is revoked and its revocation row is missing");
    if (rc == PCA_OK && (row.certificate != view.id || row.reason != view.status.reason || row.revoked_at != view.status.at))
        return wrong(err, "cert", view.id, "its status and its revocation row disagree");
    return rc;
}

/* ---- Index rows and rows that only have to decode ---- */

static int check_decodes(struct txn *txn, struct context *cx, struct slice key, struct slice value, void *state, pca_error *err)
{
    union {
        struct token_record token;
        struct piece_record piece;
        struct key_record key;
        struct ca_cert_record ca_cert;
        struct status_record status;
        struct index_record index;
        struct serial_record serial;
        struct public_key_record public_key;
    } record;
    (void)txn, (void)cx;
    return pcai_record_decode(state, key, value, &record, err);
}

static int check_rows(struct txn *txn, struct context *cx, const struct record_type *type, uint64_t *count, pca_error *err)
{
    return each(txn, cx, type->table, check_decodes, (void *)type, count, err);
}

/* ---- CAs ---- */

static int check_status(struct txn *txn, uint64_t certificate, pca_error *err)
{
    struct status_record status;
    struct row_key key = pcai_key_id64(certificate);
    int rc = pcai_record_get(txn, &pcai_status_type, pcai_row_key_view(&key), &status, err);
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && status.status != PCA_STATUS_REVOKED))
        return wrong(err, "cert", certificate, "it is revoked and its status does not say so");
    return rc;
}

static int check_generation(struct txn *txn, struct context *cx, const struct ca_record *ca, uint64_t generation, pca_error *err)
{
    struct generation_record record;
    struct ca_cert_record cert;
    struct scan *scan = NULL;
    struct slice key, value;
    uint64_t count = 0, sum = 0, size = 0;
    struct row_key prefix = pcai_key_generation(ca->id, generation);
    struct key_record sealed;
    int rc = pcai_generation_read(txn, cx, ca, generation, &record, err);
    if (rc == PCA_OK && record.custody == CUSTODY_SEALED)
        rc = pcai_record_get(txn, &pcai_key_type, pcai_row_key_view(&prefix), &sealed, err);
    if (rc == PCA_E_NOT_FOUND)
        return wrong(err, "ca", ca->id, "the private key of a generation is missing");
    if (rc == PCA_OK)
        rc = pcai_ca_cert_read(txn, cx, ca, generation, &cert, err);
    if (rc == PCA_OK)
        rc = pcai_public_key_check_ca(txn, cert.der, err);
    if (rc == PCA_OK)
        rc = pcai_scan_open(txn, TABLE_REVOCATION, pcai_row_key_view(&prefix), pcai_row_key_view(&prefix), &scan, err);
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        struct revocation_record row;
        rc = pcai_record_decode(&pcai_revocation_type, key, value, &row, err);
        if (rc == PCA_OK && row.certificate && !row.deleted_at)
            rc = check_status(txn, row.certificate, err);
        count++;
        sum ^= pcai_record_check(value);
    }
    pcai_scan_close(scan);
    if (rc != PCA_E_NOT_FOUND)
        return rc;
    if (count != record.revocations || sum != record.revocations_xor)
        return wrong(err, "ca", ca->id, "the revocation rows are not those that were counted");
    if (record.crl_number > record.crl_counter)
        return wrong(err, "ca", ca->id, "the newest CRL's number was never given out");
    rc = PCA_OK;
    for (uint64_t i = 0; rc == PCA_OK && i < record.crl_pieces; i++) {
        struct piece_record held;
        struct row_key at = pcai_key_piece(ca->id, generation, record.crl_number, i);
        rc = pcai_record_get(txn, &pcai_piece_type, pcai_row_key_view(&at), &held, err);
        size += rc == PCA_OK ? held.data.size : 0;
    }
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && size != record.crl_size))
        return wrong(err, "ca", ca->id, "the newest CRL is not whole");
    return rc;
}

static int count_intent(struct txn *txn, struct context *cx, struct slice key, struct slice value, void *state, pca_error *err)
{
    uint64_t issuer = 0;
    (void)txn, (void)cx;
    int rc = pcai_intent_issuer(key, value, &issuer, err);
    struct account *of = account(state, issuer);
    if (rc != PCA_OK || !of)
        return rc == PCA_OK ? wrong(err, "ca", issuer, "a call is out at a token for a CA that is missing") : rc;
    of->pending++;
    return PCA_OK;
}

static int count_deleted(struct txn *txn, struct context *cx, struct slice key, struct slice value, void *state, pca_error *err)
{
    struct revocation_record record;
    (void)txn, (void)cx;
    int rc = pcai_record_decode(&pcai_revocation_type, key, value, &record, err);
    if (rc != PCA_OK || !record.deleted_at || record.imported || record.pair)
        return rc;
    struct account *issuer = key.size > 8 ? account(state, pcai_read_u64(key.data)) : NULL;
    if (!issuer)
        return wrong(err, "cert", record.certificate, "it was deleted and its CA is missing");
    issuer->issued++;
    return PCA_OK;
}

static int check_ca(struct txn *txn, struct context *cx, struct slice key, struct slice value, void *state, pca_error *err)
{
    struct ca_record ca;
    struct quota_record quota;
    (void)value;
    if (key.size != 8)
        return wrong(err, "ca", 0, "a CA row's key is not 8 octets");
    int rc = pcai_ca_read(txn, cx, pcai_read_u64(key.data), &ca, err);
    for (uint64_t g = 1; rc == PCA_OK && g <= ca.generation; g++)
        rc = check_generation(txn, cx, &ca, g, err);
    if (rc == PCA_OK)
        rc = pcai_quota_read(txn, ca.id, &quota, err);
    if (rc != PCA_OK)
        return rc;
    struct account *own = account(state, ca.id), *root = account(state, ca.parent ? ca.root : ca.id);
    if (!own || !root)
        return wrong(err, "ca", ca.id, "its number or its root's was never given out");
    if (own->issued != (ca.parent ? quota.issued : 0))
        return wrong(err, "ca", ca.id, "the certificates that are there and those that were deleted are not as many as were issued");
    if (own->pending != quota.reserved)
        return wrong(err, "ca", ca.id, "there are not as many certificates reserved as requests that are pending or out at a token");
    if (memcmp(own->held.held, quota.held, sizeof quota.held) != 0)
        return wrong(err, "ca", ca.id, "the counters of its certificates by status and type do not agree with those that are there");
    pcai_units_add(&root->units, &quota);
    return PCA_OK;
}

static int check_root(struct txn *txn, struct context *cx, struct slice key, struct slice value, void *state, pca_error *err)
{
    struct ca_record ca;
    struct quota_record quota;
    (void)cx;
    int rc = pcai_record_decode(&pcai_ca_type, key, value, &ca, err);
    if (rc != PCA_OK || ca.parent)
        return rc;
    rc = pcai_quota_read(txn, ca.id, &quota, err);
    return rc == PCA_OK ? pcai_quota_check(ca.id, &quota, &account(state, ca.id)->units, err) : rc;
}

static int count_aliases(struct txn *txn, struct context *cx, struct slice key, struct slice value, void *state, pca_error *err)
{
    uint64_t *aliases = state;
    struct ca_record ca;
    (void)txn, (void)cx;
    int rc = pcai_record_decode(&pcai_ca_type, key, value, &ca, err);
    *aliases += rc == PCA_OK && ca.alias.size > 0;
    return rc;
}

/* ---- Log ---- */

struct log_state {
    struct frontier frontier;
    int64_t time;
};

static int check_log(struct txn *txn, struct context *cx, struct slice key, struct slice value, void *state, pca_error *err)
{
    struct log_state *log = state;
    struct log_record row;
    (void)txn, (void)cx;
    int rc = pcai_record_decode(&pcai_log_type, key, value, &row, err);
    if (rc != PCA_OK)
        return rc;
    if (key.size != 8 || pcai_read_u64(key.data) != log->frontier.size + 1 || row.time < log->time)
        return wrong(err, "region", 0, "the log has a gap, or its times go back");
    log->time = row.time;
    return pcai_frontier_add(&log->frontier, value, err);
}

static int check_tree(struct txn *txn, struct context *cx, pca_error *err)
{
    struct log_state log = {0};
    uint64_t size = 0;
    uint8_t computed[32], held[32];
    int rc = each(txn, cx, TABLE_LOG, check_log, &log, NULL, err);
    if (rc == PCA_OK)
        rc = pcai_frontier_head(&log.frontier, computed, err);
    if (rc == PCA_OK)
        rc = pcai_log_head(txn, &size, held, err);
    if (rc == PCA_OK && (size != log.frontier.size || memcmp(computed, held, sizeof held) != 0))
        return wrong(err, "region", 0, "the audit tree's frontier is not that of the log");
    return rc;
}

/* ---- Region ---- */

struct meta_state {
    uint64_t cas, sequence; /* ids of CAs and certificates lie below */
};

static int check_meta(struct txn *txn, struct context *cx, struct slice key, struct slice value, void *arguments, pca_error *err)
{
    struct meta_state *state = arguments;
    struct region_record region;
    struct sequence_record sequence = {0};
    struct policy_record policy;
    struct storage_record storage;
    int rc = PCA_OK;
    (void)txn, (void)cx;
    if (pcai_slice_equal(key, pcai_slice_text("region"))) {
        rc = pcai_record_decode(&pcai_region_type, key, value, &region, err);
        state->cas = rc == PCA_OK ? region.next_ca : 0;
    } else if (pcai_slice_equal(key, pcai_slice_text("sequence"))) {
        rc = pcai_record_decode(&pcai_sequence_type, key, value, &sequence, err);
        state->sequence = sequence.next;
    } else if (pcai_slice_equal(key, pcai_slice_text("storage"))) {
        rc = pcai_record_decode(&pcai_storage_type, key, value, &storage, err);
    } else if (key.size > 7 && memcmp(key.data, "policy/", 7) == 0) {
        rc = pcai_record_decode(&pcai_policy_type, key, value, &policy, err);
    }
    return rc;
}

/* CAs are never taken away; certificates may be deleted. */
static int check_ids(struct txn *txn, struct context *cx, uint64_t cas, pca_error *err)
{
    struct meta_state meta = {0};
    struct slice key, value;
    int rc = each(txn, cx, TABLE_META, check_meta, &meta, NULL, err);
    if (rc == PCA_OK && cas + 1 != meta.cas)
        return wrong(err, "region", 0, "there are not as many CAs as were bought");
    if (rc == PCA_OK)
        rc = pcai_last(txn, TABLE_CERT, pcai_slice(NULL, 0), &key, &value, err);
    int beyond = rc == PCA_OK && key.size == 8 && pcai_read_u64(key.data) >= meta.sequence;
    if ((rc == PCA_OK || rc == PCA_E_NOT_FOUND) && (meta.sequence == 0 || beyond))
        return wrong(err, "region", 0, "the record of the serial numbers that were given out is missing or wrong");
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

static int check_tables(struct txn *txn, struct context *cx, struct totals *totals, uint64_t aliases, pca_error *err)
{
    static const struct record_type *const plain[] = {&pcai_token_type, &pcai_piece_type, &pcai_key_type, &pcai_ca_cert_type, &pcai_serial_type,
                                                     &pcai_public_key_type};
    uint64_t names = 0, expiries = 0, statuses = 0;
    int rc = each(txn, cx, TABLE_CERT, check_cert, totals, NULL, err);
    if (rc == PCA_OK)
        rc = each(txn, cx, TABLE_REVOCATION, count_deleted, totals, NULL, err);
    if (rc == PCA_OK)
        rc = each(txn, cx, TABLE_INTENT, count_intent, totals, NULL, err);
    if (rc == PCA_OK)
        rc = each(txn, cx, TABLE_CA, check_ca, totals, NULL, err);
    if (rc == PCA_OK)
        rc = each(txn, cx, TABLE_CA, check_root, totals, NULL, err);
    for (size_t i = 0; rc == PCA_OK && i < sizeof plain / sizeof *plain; i++)
        rc = check_rows(txn, cx, plain[i], NULL, err);
    if (rc == PCA_OK)
        rc = check_rows(txn, cx, &pcai_name_type, &names, err);
    if (rc == PCA_OK)
        rc = check_rows(txn, cx, &pcai_expiry_type, &expiries, err);
    if (rc == PCA_OK)
        rc = check_rows(txn, cx, &pcai_status_type, &statuses, err);
    if (rc == PCA_OK && (names != totals->names + aliases || expiries != totals->expiries || statuses != totals->statuses))
        rc = wrong(err, "region", 0, "an index has rows that belong to no certificate");
    return rc;
}

int pcai_region_verify(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct totals totals = {0};
    uint64_t aliases = 0;
    (void)arguments;
    int rc = each(txn, cx, TABLE_CA, count_aliases, &aliases, &totals.cas, err);
    if (rc == PCA_OK)
        rc = check_ids(txn, cx, totals.cas, err);
    if (rc == PCA_OK && !(totals.accounts = pcai_alloc_array((size_t)totals.cas, sizeof *totals.accounts)))
        rc = pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = check_tables(txn, cx, &totals, aliases, err);
    pcai_free(totals.accounts);
    return rc == PCA_OK ? check_tree(txn, cx, err) : rc;
}
