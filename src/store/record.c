#include "store/record.h"

#include <inttypes.h>
#include <string.h>

#include "base/der.h"
#include "base/text.h"

#define CHECK_SIZE 4
#define CHECK_ELEMENT (2 + CHECK_SIZE)
#define KEY_SHOWN 32

/* ---- Keys ---- */

/* A key that did not fit: longer than any that the store takes, so that every use of it is refused. */
static const uint8_t overlong[512];

struct row_key pcai_row_key(void)
{
    return (struct row_key){0, {0}};
}

void pcai_row_key_bytes(struct row_key *key, struct slice s)
{
    if (key->size > sizeof key->data || s.size > sizeof key->data - key->size) {
        key->size = sizeof overlong;
        return;
    }
    if (s.size)
        memcpy(key->data + key->size, s.data, s.size);
    key->size += s.size;
}

static void put_number(struct row_key *key, uint64_t n, size_t octets)
{
    uint8_t out[8];
    for (size_t i = 0; i < octets; i++)
        out[i] = (uint8_t)(n >> (8 * (octets - 1 - i)));
    pcai_row_key_bytes(key, pcai_slice(out, octets));
}

void pcai_row_key_u32(struct row_key *key, uint32_t n)
{
    put_number(key, n, 4);
}

void pcai_row_key_u64(struct row_key *key, uint64_t n)
{
    put_number(key, n, 8);
}

struct slice pcai_row_key_view(const struct row_key *key)
{
    return pcai_slice(key->size > sizeof key->data ? overlong : key->data, key->size);
}

uint32_t pcai_read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t pcai_read_u64(const uint8_t *at)
{
    return (uint64_t)pcai_read_u32(at) << 32 | pcai_read_u32(at + 4);
}

/* ---- Encoding ---- */

/* Over the table's number (one octet), the key, and the record's contents before the check. */
static uint32_t check_of(enum table number, struct slice key, struct slice contents)
{
    uint8_t table = (uint8_t)number;
    uint32_t crc = pcai_crc32c(0, &table, 1);
    crc = pcai_crc32c(crc, key.data, key.size);
    return pcai_crc32c(crc, contents.data, contents.size);
}

static void put_field(struct buf *out, const struct field *field, const void *record)
{
    const void *at = (const char *)record + field->offset;
    switch (field->kind) {
    case FIELD_UINT:
        pcai_der_uint(out, *(const uint64_t *)at);
        break;
    case FIELD_INT:
        pcai_der_int(out, *(const int64_t *)at);
        break;
    case FIELD_TEXT:
        pcai_der_put(out, DER_UTF8_STRING, *(const struct slice *)at);
        break;
    case FIELD_BYTES:
        pcai_der_put(out, DER_OCTET_STRING, *(const struct slice *)at);
        break;
    }
}

int pcai_record_encode(const struct record_type *type, struct slice key, const void *record, struct buf *out, pca_error *err)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_uint(out, type->version);
    for (size_t i = 0; i < type->count; i++)
        put_field(out, &type->fields[i], record);
    if (out->failed)
        return pcai_no_memory(err);
    uint32_t crc = check_of(type->table, key, pcai_slice(out->data + mark, out->size - mark));
    uint8_t check[CHECK_SIZE] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
    pcai_der_put(out, DER_OCTET_STRING, pcai_slice(check, CHECK_SIZE));
    pcai_der_end(out, mark);
    return pcai_buf_check(out, err);
}

/* ---- Decoding ---- */

uint32_t pcai_record_check(struct slice value)
{
    return value.size < CHECK_SIZE ? 0 : pcai_read_u32(value.data + value.size - CHECK_SIZE);
}

static int refuse(const struct record_type *type, struct slice key, int code, const char *why, pca_error *err)
{
    char hex[2 * KEY_SHOWN + 1];
    pcai_hex(key.data, key.size < KEY_SHOWN ? key.size : KEY_SHOWN, hex);
    return pcai_fail(err, code, "store", pcai_table_name(type->table), "table %s, row %s%s: %s", pcai_table_name(type->table), hex,
                     key.size > KEY_SHOWN ? "..." : "", why);
}

/* What is inside the SEQUENCE and before the check, once the check is found to be right. */
static int checked_contents(enum table table, struct slice key, struct slice value, struct slice *contents)
{
    struct der outer = pcai_der(value);
    if (pcai_der_get(&outer, DER_SEQUENCE, contents) != 0 || !pcai_der_at_end(&outer) || contents->size < CHECK_ELEMENT)
        return -1;
    contents->size -= CHECK_ELEMENT;
    const uint8_t *check = contents->data + contents->size;
    if (check[0] != DER_OCTET_STRING || check[1] != CHECK_SIZE)
        return -1;
    return check_of(table, key, *contents) == pcai_read_u32(check + 2) ? 0 : -1;
}

int pcai_record_verify(enum table table, struct slice key, struct slice value)
{
    struct slice contents;
    return checked_contents(table, key, value, &contents);
}

static int get_field(struct der *in, enum field_kind kind, void *to)
{
    switch (kind) {
    case FIELD_UINT:
        return pcai_der_get_uint(in, to);
    case FIELD_INT:
        return pcai_der_get_int(in, to);
    case FIELD_TEXT:
        return pcai_der_get(in, DER_UTF8_STRING, to);
    case FIELD_BYTES:
        return pcai_der_get(in, DER_OCTET_STRING, to);
    }
    return -1;
}

/* record NULL: only looks. An older version may lack the last fields. */
static int get_fields(const struct record_type *type, struct der in, uint64_t version, void *record)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        union {
            uint64_t number;
            int64_t integer;
            struct slice slice;
        } value;
        memset(&value, 0, sizeof value);
        if (!pcai_der_at_end(&in) ? get_field(&in, field->kind, &value) != 0 : version == type->version)
            return -1;
        if (record)
            memcpy((char *)record + field->offset, &value,
                   field->kind == FIELD_UINT || field->kind == FIELD_INT ? sizeof value.number : sizeof value.slice);
    }
    return pcai_der_at_end(&in) ? 0 : -1;
}

int pcai_record_decode(const struct record_type *type, struct slice key, struct slice value, void *record, pca_error *err)
{
    struct slice contents;
    uint64_t version;
    if (checked_contents(type->table, key, value, &contents) != 0)
        return refuse(type, key, PCA_E_CORRUPT, "the record does not match its check value", err);
    struct der in = pcai_der(contents);
    if (pcai_der_get_uint(&in, &version) != 0 || version == 0)
        return refuse(type, key, PCA_E_CORRUPT, "the record has no version", err);
    if (version > type->version)
        return refuse(type, key, PCA_E_VERSION, "the record was written by a newer libpca", err);
    if (get_fields(type, in, version, NULL) != 0)
        return refuse(type, key, PCA_E_CORRUPT, "the record is not made as its version demands", err);
    get_fields(type, in, version, record);
    return PCA_OK;
}

/* ---- Rows ---- */

int pcai_record_put(struct txn *txn, const struct record_type *type, struct slice key, const void *record, pca_error *err)
{
    struct buf encoded = {0};
    int rc = pcai_record_encode(type, key, record, &encoded, err);
    if (rc == PCA_OK)
        rc = pcai_put(txn, type->table, key, pcai_buf_view(&encoded), err);
    pcai_buf_free(&encoded);
    return rc;
}

int pcai_record_get(struct txn *txn, const struct record_type *type, struct slice key, void *record, pca_error *err)
{
    struct slice value;
    int rc = pcai_get(txn, type->table, key, &value, err);
    return rc == PCA_OK ? pcai_record_decode(type, key, value, record, err) : rc;
}
