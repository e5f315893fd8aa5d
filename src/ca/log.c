#include "ca/context.h"

#include <string.h>

#include "crypto/crypto.h"

int pcai_log_end(struct txn *txn, uint64_t *sequence, int64_t *time, pca_error *err)
{
    struct slice key, value;
    struct log_record record;
    int rc = pcai_last(txn, TABLE_LOG, pcai_slice(NULL, 0), &key, &value, err);
    if (rc == PCA_E_NOT_FOUND) {
        *sequence = 0;
        *time = 0;
        return PCA_OK;
    }
    if (rc == PCA_OK)
        rc = pcai_record_decode(&pcai_log_type, key, value, &record, err);
    if (rc == PCA_OK && key.size != 8)
        rc = pcai_fail(err, PCA_E_CORRUPT, "region", "log", "a log row's key is not 8 octets");
    if (rc != PCA_OK)
        return rc;
    *sequence = pcai_read_u64(key.data);
    *time = record.time;
    return PCA_OK;
}

const char *pcai_action_name(uint64_t action)
{
    static const char *const names[] = {
        [ACTION_REGION_CREATE] = "region_created",
        [ACTION_POLICY_SET] = "policy_set",
        [ACTION_CLOCK_ACCEPT] = "clock_accepted",
        [ACTION_ROOT_PURCHASE] = "root_purchased",
        [ACTION_SUB_PURCHASE] = "sub_purchased",
        [ACTION_RENEW] = "renewed",
        [ACTION_ENABLE] = "enabled",
        [ACTION_DISABLE] = "disabled",
        [ACTION_RESUME] = "resumed",
        [ACTION_CA_REVOKE] = "ca_revoked",
        [ACTION_ALIAS] = "alias_set",
        [ACTION_FREE_CREDIT] = "certificates_given",
        [ACTION_CERTIFICATES_PURCHASE] = "certificates_purchased",
        [ACTION_ASSIGN] = "assigned",
        [ACTION_ISSUE] = "issued",
        [ACTION_REVOKE] = "revoked",
        [ACTION_DELETE] = "deleted",
        [ACTION_CRL] = "crl_finished",
        [ACTION_REISSUE] = "reissued",
        [ACTION_REKEY] = "rekeyed",
        [ACTION_SETTINGS] = "settings_changed",
        [ACTION_CERT_ALIAS] = "cert_alias_set",
        [ACTION_CERT_TAGS] = "cert_tags_changed",
        [ACTION_TAGS] = "tags_changed",
        [ACTION_RESTORE] = "restored",
        [ACTION_STORAGE_KEY] = "storage_key_changed",
        [ACTION_SUBMIT] = "submitted",
        [ACTION_APPROVE] = "approved",
        [ACTION_REJECT] = "rejected",
        [ACTION_CANCEL] = "cancelled",
        [ACTION_LAPSE] = "review_lapsed",
        [ACTION_PURGE] = "purged",
        [ACTION_RESERVE] = "reserved",
        [ACTION_RELEASE] = "given_back",
        [ACTION_INSTALL] = "installed",
        [ACTION_IMPORT] = "ca_imported",
        [ACTION_CSR] = "csr_made",
        [ACTION_ACCEPT] = "certificate_accepted",
        [ACTION_CROSS_SIGN] = "cross_signed",
        [ACTION_IMPORT_ISSUED] = "issued_imported",
        [ACTION_IMPORT_REVOKED] = "revoked_imported",
        [ACTION_REVOKE_SERIAL] = "serial_revoked",
        [ACTION_FREE_LAPSE] = "certificates_lapsed",
    };
    return action < sizeof names / sizeof *names && names[action] ? names[action] : "";
}

uint64_t pcai_log_from(const struct log_record *row)
{
    return row->action == ACTION_ASSIGN ? row->object : 0;
}

int pcai_action_of_certificate(uint64_t action)
{
    return action == ACTION_ISSUE || action == ACTION_REVOKE || action == ACTION_DELETE || action == ACTION_CERT_ALIAS || action == ACTION_CERT_TAGS ||
           (action >= ACTION_SUBMIT && action <= ACTION_PURGE) || action == ACTION_INSTALL || action == ACTION_IMPORT_ISSUED;
}

/* RFC 9162 2.1.1: a node is SHA-256(01 ‖ left ‖ right). */
static int node(const uint8_t left[32], const uint8_t right[32], uint8_t out[32], pca_error *err)
{
    uint8_t in[65], digest[PCAI_DIGEST_MAX];
    in[0] = 1;
    memcpy(in + 1, left, 32);
    memcpy(in + 33, right, 32);
    int rc = pcai_digest(PCAI_SHA256, pcai_slice(in, sizeof in), digest, err);
    if (rc == PCA_OK)
        memcpy(out, digest, 32);
    return rc;
}

/* A leaf is SHA-256(00 ‖ entry). */
static int leaf_hash(struct slice leaf, uint8_t out[32], pca_error *err)
{
    struct buf in = {0};
    uint8_t digest[PCAI_DIGEST_MAX];
    pcai_buf_octet(&in, 0);
    pcai_buf_slice(&in, leaf);
    int rc = pcai_buf_check(&in, err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, pcai_buf_view(&in), digest, err);
    if (rc == PCA_OK)
        memcpy(out, digest, 32);
    pcai_buf_free(&in);
    return rc;
}

/* Full subtrees merge as a binary counter carries: once for each trailing one bit of the old size. */
int pcai_frontier_add(struct frontier *f, struct slice leaf, pca_error *err)
{
    uint8_t hash[32];
    int rc = leaf_hash(leaf, hash, err);
    size_t count = f->count;
    for (uint64_t bits = f->size; rc == PCA_OK && (bits & 1); bits >>= 1)
        rc = node(f->hash[--count], hash, hash, err);
    if (rc != PCA_OK)
        return rc;
    memcpy(f->hash[count], hash, 32);
    f->count = count + 1;
    f->size++;
    return PCA_OK;
}

int pcai_frontier_head(const struct frontier *f, uint8_t head[32], pca_error *err)
{
    uint8_t hash[PCAI_DIGEST_MAX];
    if (f->count == 0) {
        int rc = pcai_digest(PCAI_SHA256, pcai_slice(NULL, 0), hash, err);
        if (rc == PCA_OK)
            memcpy(head, hash, 32);
        return rc;
    }
    size_t i = f->count - 1;
    memcpy(hash, f->hash[i], 32);
    while (i > 0) {
        int rc = node(f->hash[--i], hash, hash, err);
        if (rc != PCA_OK)
            return rc;
    }
    memcpy(head, hash, 32);
    return PCA_OK;
}

static int bits_set(uint64_t n)
{
    int count = 0;
    for (; n; n &= n - 1)
        count++;
    return count;
}

int pcai_frontier_read(struct txn *txn, struct frontier *f, pca_error *err)
{
    struct frontier_record record;
    struct row_key key = pcai_key_text("frontier");
    f->size = 0;
    f->count = 0;
    int rc = pcai_record_get(txn, &pcai_frontier_type, pcai_row_key_view(&key), &record, err);
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
    if (record.hashes.size != (size_t)bits_set(record.size) * 32)
        return pcai_fail(err, PCA_E_CORRUPT, "region", "merkle", "the audit tree's frontier does not fit its size");
    f->size = record.size;
    f->count = record.hashes.size / 32;
    memcpy(f->hash, record.hashes.data, record.hashes.size);
    return PCA_OK;
}

int pcai_frontier_write(struct txn *txn, const struct frontier *f, pca_error *err)
{
    struct frontier_record record = {f->size, pcai_slice(f->hash, f->count * 32)};
    struct row_key key = pcai_key_text("frontier");
    return pcai_record_put(txn, &pcai_frontier_type, pcai_row_key_view(&key), &record, err);
}

int pcai_log_append(struct txn *txn, struct context *cx, enum action action, const struct log_record *entry, pca_error *err)
{
    struct log_record row = *entry;
    row.time = cx->now;
    row.action = action;
    row.actor = pcai_slice_text(cx->actor);
    struct row_key key = pcai_key_id64(cx->log + 1);
    struct buf encoded = {0};
    int rc = pcai_record_encode(&pcai_log_type, pcai_row_key_view(&key), &row, &encoded, err);
    if (rc == PCA_OK)
        rc = pcai_put(txn, TABLE_LOG, pcai_row_key_view(&key), pcai_buf_view(&encoded), err);
    if (rc == PCA_OK)
        rc = pcai_frontier_add(&cx->session->frontier, pcai_buf_view(&encoded), err);
    if (rc == PCA_OK) {
        cx->session->log = ++cx->log;
        cx->session->newest = cx->now;
        cx->session->grown = 1;
    }
    pcai_buf_free(&encoded);
    return rc;
}

int pcai_log_head(struct txn *txn, uint64_t *size, uint8_t head[32], pca_error *err)
{
    struct frontier f;
    int rc = pcai_frontier_read(txn, &f, err);
    if (rc == PCA_OK)
        rc = pcai_frontier_head(&f, head, err);
    if (rc == PCA_OK)
        *size = f.size;
    return rc;
}
