#include "ca/region.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ca/log.h"

int pcai_region_id_check(const char *id, pca_error *err)
{
    size_t size = strlen(id);
    int good = size >= 1 && size <= PCAI_REGION_ID_MAX;
    for (size_t i = 0; i < size && good; i++)
        good = (id[i] >= 'a' && id[i] <= 'z') || pcai_is_digit(id[i]) || id[i] == '-';
    return good ? PCA_OK : pcai_fail(err, PCA_E_INVALID, "region", "id", "a region's id is 1 to %d of a-z, 0-9 and -", PCAI_REGION_ID_MAX);
}

int pcai_region_create_rows(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct region_create *c = arguments;
    struct row_key key = pcai_key_text("region"), storage = pcai_key_text("storage"), sequence = pcai_key_text("sequence");
    struct region_record region = {.id = pcai_slice_text(c->id), .created = cx->now, .rules = 1, .next_ca = 1};
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_region_type, pcai_row_key_view(&key), &region, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_storage_type, pcai_row_key_view(&storage), &c->storage, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_sequence_type, pcai_row_key_view(&sequence), &(struct sequence_record){.next = 1}, err);
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_REGION_CREATE, &(struct log_record){0}, err) : rc;
}

int pcai_region_id_read(struct txn *txn, char id[PCAI_REGION_ID_MAX + 1], pca_error *err)
{
    struct row_key key = pcai_key_text("region");
    struct region_record region;
    int rc = pcai_record_get(txn, &pcai_region_type, pcai_row_key_view(&key), &region, err);
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && region.id.size > PCAI_REGION_ID_MAX))
        return pcai_fail(err, PCA_E_CORRUPT, "region", NULL, "the store has no region record: its creation was cut short");
    if (rc != PCA_OK)
        return rc;
    memcpy(id, region.id.data, region.id.size);
    id[region.id.size] = 0;
    return PCA_OK;
}

int pcai_policy_set(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct policy_change *p = arguments;
    const struct policy_row *row = &pcai_policies[p->policy];
    struct policy_record record = {p->value};
    char name[64];
    if (p->value < row->minimum || p->value > row->maximum)
        return pcai_fail(err, PCA_E_INVALID, "region", row->name, "policy %s is %" PRId64 " to %" PRId64 " %s; %" PRId64 " was given", row->name,
                         row->minimum, row->maximum, row->unit, p->value);
    snprintf(name, sizeof name, "policy/%s", row->name);
    struct row_key key = pcai_key_text(name);
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_policy_type, pcai_row_key_view(&key), &record, err);
    if (rc == PCA_OK)
        rc = pcai_rules_raise(txn, err);
    if (rc == PCA_OK)
        cx->session->policies.value[p->policy] = p->value;
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_POLICY_SET, &(struct log_record){.object = (uint64_t)p->policy}, err) : rc;
}

/* The log row that says so carries the new time, which is what makes it the newest. */
int pcai_clock_accept(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    (void)arguments;
    if (cx->fault != CLOCK_AHEAD) {
        int rc = pcai_clock_require(cx, err);
        if (rc != PCA_OK)
            return rc;
    }
    cx->now = cx->host > cx->newest ? cx->host : cx->newest;
    return pcai_log_append(txn, cx, ACTION_CLOCK_ACCEPT, &(struct log_record){0}, err);
}

/* What a life that went on after the backup may have used: sequences and CRL numbers. */
#define RESTORE_JUMP (UINT64_C(1) << 20)

static int jump_sequence(struct txn *txn, pca_error *err)
{
    struct row_key key = pcai_key_text("sequence");
    struct sequence_record record;
    int rc = pcai_record_get(txn, &pcai_sequence_type, pcai_row_key_view(&key), &record, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, PCA_E_CORRUPT, "region", "sequence", "the record of the serial numbers that were given out is missing");
    if (rc != PCA_OK)
        return rc;
    record.next += RESTORE_JUMP;
    return pcai_record_put(txn, &pcai_sequence_type, pcai_row_key_view(&key), &record, err);
}

/* A number is at least the seconds of thisUpdate: only counters that ran ahead of the clock need the jump. */
static int jump_crl_counters(struct txn *txn, const struct context *cx, pca_error *err)
{
    struct scan *scan = NULL;
    struct slice key, value;
    int rc = pcai_scan_open(txn, TABLE_GENERATION, pcai_slice(NULL, 0), pcai_slice(NULL, 0), &scan, err);
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        struct generation_record record;
        struct row_key row = pcai_row_key();
        pcai_row_key_bytes(&row, key);
        rc = pcai_record_decode(&pcai_generation_type, key, value, &record, err);
        if (rc != PCA_OK || record.crl_counter < (uint64_t)cx->now)
            continue;
        record.crl_counter += RESTORE_JUMP;
        rc = pcai_record_put(txn, &pcai_generation_type, pcai_row_key_view(&row), &record, err);
    }
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_region_restored(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    (void)arguments;
    int rc = jump_sequence(txn, err);
    if (rc == PCA_OK)
        rc = jump_crl_counters(txn, cx, err);
    if (rc == PCA_OK)
        rc = pcai_rules_raise(txn, err);
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_RESTORE, &(struct log_record){0}, err) : rc;
}

int pcai_region_storage_put(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct row_key key = pcai_key_text("storage");
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_storage_type, pcai_row_key_view(&key), arguments, err);
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_STORAGE_KEY, &(struct log_record){0}, err) : rc;
}
