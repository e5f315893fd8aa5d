#include "ca/label.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define TAG_KEY_MAX 128 /* characters */
#define TAG_VALUE_MAX 256
#define CUSTOM_ID_MAX 64
#define TAG_PART_OCTETS 100 /* of key and value in a row's key */
#define LABELS_MAX (2 + PCAI_TAGS_MAX)

/* ---- Texts ---- */

static int fits(const char *text, size_t least, size_t most)
{
    size_t characters = 0;
    struct slice s = pcai_slice_text(text);
    return s.size <= 4 * most && pcai_utf8_printable(s, &characters) && characters >= least && characters <= most;
}

int pcai_custom_id_check(const char *custom_id, pca_error *err)
{
    if (fits(custom_id, 1, CUSTOM_ID_MAX))
        return PCA_OK;
    return pcai_fail(err, PCA_E_INVALID, NULL, "custom_id", "a custom id is 1 to %d characters of UTF-8 without control characters", CUSTOM_ID_MAX);
}

int pcai_tag_check(const char *key, const char *value, pca_error *err)
{
    if (!fits(key, 1, TAG_KEY_MAX))
        return pcai_fail(err, PCA_E_INVALID, NULL, "key", "a tag's key is 1 to %d characters of UTF-8 without control characters", TAG_KEY_MAX);
    if (value && !fits(value, 0, TAG_VALUE_MAX))
        return pcai_fail(err, PCA_E_INVALID, NULL, "value", "a tag's value is at most %d characters of UTF-8 without control characters", TAG_VALUE_MAX);
    return PCA_OK;
}

/* ---- Tags ---- */

size_t pcai_tags_read(struct slice stored, struct tag tags[PCAI_TAGS_MAX])
{
    struct der in = pcai_der(stored);
    size_t count = 0;
    while (count < PCAI_TAGS_MAX && !pcai_der_at_end(&in) && pcai_der_get(&in, DER_UTF8_STRING, &tags[count].key) == 0 &&
           pcai_der_get(&in, DER_UTF8_STRING, &tags[count].value) == 0)
        count++;
    return count;
}

int pcai_tags_have(struct slice stored, struct slice key, struct slice value)
{
    struct tag tags[PCAI_TAGS_MAX];
    size_t count = pcai_tags_read(stored, tags);
    for (size_t i = 0; i < count; i++)
        if (pcai_slice_equal(tags[i].key, key))
            return pcai_slice_equal(tags[i].value, value);
    return 0;
}

static int precedes(struct slice a, struct slice b)
{
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order < 0 : a.size < b.size;
}

static void tag_write(struct buf *out, struct slice key, struct slice value)
{
    pcai_der_put(out, DER_UTF8_STRING, key);
    pcai_der_put(out, DER_UTF8_STRING, value);
}

/* The tags with one set or, value NULL, taken away. */
static int tags_change(struct slice stored, const char *key, const char *value, const char *object, struct buf *out, pca_error *err)
{
    struct tag tags[PCAI_TAGS_MAX];
    struct slice k = pcai_slice_text(key);
    size_t i = 0, written = value != NULL, count = pcai_tags_read(stored, tags);
    for (; i < count && precedes(tags[i].key, k); i++, written++)
        tag_write(out, tags[i].key, tags[i].value);
    if (value)
        tag_write(out, k, pcai_slice_text(value));
    for (i += i < count && pcai_slice_equal(tags[i].key, k); i < count; i++, written++)
        tag_write(out, tags[i].key, tags[i].value);
    if (written > PCAI_TAGS_MAX)
        return pcai_fail(err, PCA_E_INVALID, object, "tags", "an object has at most %d tags; take one away first", PCAI_TAGS_MAX);
    return pcai_buf_check(out, err);
}

/* ---- Rows: a letter, what was given, 00, the certificate's id ---- */

static struct row_key whole(const char *letter, struct slice text)
{
    struct row_key key = pcai_key_text(letter);
    pcai_row_key_bytes(&key, text);
    pcai_row_key_bytes(&key, pcai_slice("", 1));
    return key;
}

struct row_key pcai_label_alias_key(struct slice alias)
{
    return whole("L", alias);
}

struct row_key pcai_label_custom_id_key(struct slice custom_id)
{
    return whole("I", custom_id);
}

int pcai_label_tag_key(struct slice key, struct slice value, struct row_key *out, pca_error *err)
{
    *out = pcai_key_text("T");
    int rc = pcai_key_short(out, key, TAG_PART_OCTETS, err);
    pcai_row_key_bytes(out, pcai_slice("", 1));
    if (rc == PCA_OK)
        rc = pcai_key_short(out, value, TAG_PART_OCTETS, err);
    pcai_row_key_bytes(out, pcai_slice("", 1));
    return rc;
}

struct labels {
    struct row_key key[LABELS_MAX];
    size_t count;
};

static int collect(struct labels *labels, const struct cert_record *record, uint64_t id, pca_error *err)
{
    struct tag tags[PCAI_TAGS_MAX];
    int rc = PCA_OK;
    labels->count = 0;
    if (record->alias.size)
        labels->key[labels->count++] = pcai_label_alias_key(record->alias);
    if (record->custom_id.size)
        labels->key[labels->count++] = pcai_label_custom_id_key(record->custom_id);
    size_t count = pcai_tags_read(record->tags, tags);
    for (size_t i = 0; rc == PCA_OK && i < count; i++)
        rc = pcai_label_tag_key(tags[i].key, tags[i].value, &labels->key[labels->count++], err);
    for (size_t i = 0; i < labels->count; i++)
        pcai_row_key_u64(&labels->key[i], id);
    return rc;
}

static int has(const struct labels *labels, const struct row_key *key)
{
    for (size_t i = 0; i < labels->count; i++)
        if (pcai_slice_equal(pcai_row_key_view(&labels->key[i]), pcai_row_key_view(key)))
            return 1;
    return 0;
}

/* From the rows that are there to those that are wanted. */
static int rows_change(struct txn *txn, const struct labels *from, const struct labels *to, pca_error *err)
{
    struct index_record empty = {0};
    int rc = PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < from->count; i++)
        if (!has(to, &from->key[i]))
            rc = pcai_delete(txn, TABLE_NAME, pcai_row_key_view(&from->key[i]), err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, PCA_E_CORRUPT, NULL, "name", "the row of an alias, a custom id or a tag is missing");
    for (size_t i = 0; rc == PCA_OK && i < to->count; i++)
        if (!has(from, &to->key[i]))
            rc = pcai_record_put(txn, &pcai_name_type, pcai_row_key_view(&to->key[i]), &empty, err);
    return rc;
}

int pcai_labels_put(struct txn *txn, const struct cert_record *record, uint64_t id, pca_error *err)
{
    struct labels none = {.count = 0}, labels;
    int rc = collect(&labels, record, id, err);
    return rc == PCA_OK ? rows_change(txn, &none, &labels, err) : rc;
}

int pcai_labels_delete(struct txn *txn, const struct cert_record *record, uint64_t id, pca_error *err)
{
    struct labels none = {.count = 0}, labels;
    int rc = collect(&labels, record, id, err);
    return rc == PCA_OK ? rows_change(txn, &labels, &none, err) : rc;
}

int pcai_labels_check(struct txn *txn, const struct cert_record *record, uint64_t id, uint64_t *rows, pca_error *err)
{
    struct labels labels;
    struct index_record row;
    int rc = collect(&labels, record, id, err);
    for (size_t i = 0; rc == PCA_OK && i < labels.count; i++) {
        rc = pcai_record_get(txn, &pcai_name_type, pcai_row_key_view(&labels.key[i]), &row, err);
        if (rc == PCA_E_NOT_FOUND)
            return pcai_fail(err, PCA_E_CORRUPT, NULL, "name", "the row of an alias, a custom id or a tag of certificate %" PRIu64 " is missing", id);
        (*rows)++;
    }
    return rc;
}

int pcai_custom_id_require_free(struct txn *txn, struct slice custom_id, pca_error *err)
{
    struct row_key prefix = pcai_label_custom_id_key(custom_id);
    struct scan *scan = NULL;
    struct slice key, value;
    int rc = pcai_scan_open(txn, TABLE_NAME, pcai_row_key_view(&prefix), pcai_row_key_view(&prefix), &scan, err);
    if (rc == PCA_OK)
        rc = pcai_scan_next(scan, &key, &value, err);
    if (rc == PCA_OK && key.size != prefix.size + 8)
        rc = pcai_fail(err, PCA_E_CORRUPT, "region", "custom_id", "a custom id row's key is malformed");
    else if (rc == PCA_OK)
        rc = pcai_fail(err, PCA_E_EXISTS, "request", "custom_id", "certificate %" PRIu64 " has this custom id", pcai_read_u64(key.data + prefix.size));
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

/* ---- Verbs ---- */

/* The record as it is to be, in place of the one that is there. Its slices may point into the store: they are encoded before
 * the first put. */
static int rewrite(struct txn *txn, struct context *cx, const struct cert_view *held, struct cert_record *fresh, enum action action, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct labels from, to;
    uint64_t issuer = held->record.issuer;
    int rc = collect(&from, &held->record, held->id, err);
    if (rc == PCA_OK)
        rc = collect(&to, fresh, held->id, err);
    if (rc == PCA_OK)
        rc = pcai_cert_put(txn, cx, held->id, fresh, err);
    if (rc == PCA_OK)
        rc = rows_change(txn, &from, &to, err);
    if (rc == PCA_OK)
        rc = pcai_log_append(txn, cx, action, &(struct log_record){.ca = issuer, .object = held->id}, err);
    if (rc == PCA_E_CORRUPT)
        pcai_error_name_object(err, pcai_object("cert", held->id, object));
    return rc;
}

static int read_cert(struct txn *txn, struct context *cx, uint64_t id, struct cert_view *view, pca_error *err)
{
    int rc = pcai_clock_require(cx, err);
    return rc == PCA_OK ? pcai_cert_read(txn, id, view, err) : rc;
}

int pcai_cert_set_alias(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    const struct labelling *l = arguments;
    struct cert_view view;
    int rc = read_cert(txn, cx, l->id, &view, err);
    if (rc != PCA_OK || pcai_slice_equal(view.record.alias, pcai_slice_text(l->alias)))
        return rc;
    struct cert_record fresh = view.record;
    fresh.alias = pcai_slice_text(l->alias);
    return rewrite(txn, cx, &view, &fresh, ACTION_CERT_ALIAS, err);
}

int pcai_cert_set_tag(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    char object[PCAI_OBJECT];
    const struct labelling *l = arguments;
    struct cert_view view;
    struct buf tags = {0};
    int rc = read_cert(txn, cx, l->id, &view, err);
    if (rc != PCA_OK)
        return rc;
    rc = tags_change(view.record.tags, l->key, l->value, pcai_object("cert", l->id, object), &tags, err);
    if (rc == PCA_OK && !pcai_slice_equal(view.record.tags, pcai_buf_view(&tags))) {
        struct cert_record fresh = view.record;
        fresh.tags = pcai_buf_view(&tags);
        rc = rewrite(txn, cx, &view, &fresh, ACTION_CERT_TAGS, err);
    }
    pcai_buf_free(&tags);
    return rc;
}

int pcai_ca_set_tag(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    char object[PCAI_OBJECT];
    const struct labelling *l = arguments;
    struct ca_record ca;
    struct buf tags = {0};
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_ca_read(txn, cx, l->id, &ca, err);
    if (rc != PCA_OK)
        return rc;
    rc = tags_change(ca.tags, l->key, l->value, pcai_ca_object(&ca, object), &tags, err);
    if (rc == PCA_OK && !pcai_slice_equal(ca.tags, pcai_buf_view(&tags))) {
        ca.tags = pcai_buf_view(&tags);
        rc = pcai_ca_put(txn, cx, &ca, err);
        if (rc == PCA_OK)
            rc = pcai_rules_raise(txn, err); /* plans hold the CA's record */
        if (rc == PCA_OK)
            rc = pcai_log_append(txn, cx, ACTION_TAGS, &(struct log_record){.ca = l->id}, err);
    }
    pcai_buf_free(&tags);
    return rc;
}
