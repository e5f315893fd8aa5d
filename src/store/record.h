/*
 * Records: a C struct described by a table of fields, stored as a DER SEQUENCE whose last field is a CRC-32C over
 * table ‖ key ‖ what stands before it. A later schema may add fields at the end; absent ones read as zero.
 *
 *   Record ::= SEQUENCE { version INTEGER, field..., check OCTET STRING (SIZE (4)) }
 */
#ifndef PCAI_RECORD_H
#define PCAI_RECORD_H

#include <stddef.h>

#include "store/store.h"

enum field_kind {
    FIELD_UINT = 1, /* uint64_t, INTEGER */
    FIELD_INT,      /* int64_t, INTEGER */
    FIELD_TEXT,     /* struct slice, UTF8String */
    FIELD_BYTES,    /* struct slice, OCTET STRING */
};
struct field {
    enum field_kind kind;
    size_t offset;
};
struct record_type {
    enum table table;
    uint64_t version;
    const struct field *fields;
    size_t count;
};
#define RECORD_FIELD(kind, type, member) {kind, offsetof(type, member)}

/* Encodes the struct for that key. */
int pcai_record_encode(const struct record_type *type, struct slice key, const void *record, struct buf *out, pca_error *err);
/* Slices in the struct point into value. CORRUPT names table and key (in hex). */
int pcai_record_decode(const struct record_type *type, struct slice key, struct slice value, void *record, pca_error *err);
/* 0: it has its check value for that table and key; -1. */
int pcai_record_verify(enum table table, struct slice key, struct slice value);
/* The check value of an encoded record, for sums over a table. */
uint32_t pcai_record_check(struct slice value);

int pcai_record_put(struct txn *txn, const struct record_type *type, struct slice key, const void *record, pca_error *err);
/* NOT_FOUND leaves err as it is. */
int pcai_record_get(struct txn *txn, const struct record_type *type, struct slice key, void *record, pca_error *err);

/* Keys: big-endian numbers and octets, so that order of key is order of number. */
struct row_key {
    size_t size;
    uint8_t data[320]; /* an alias of 64 characters of four octets, and what goes with it */
};
struct row_key pcai_row_key(void);
void pcai_row_key_u32(struct row_key *key, uint32_t n);
void pcai_row_key_u64(struct row_key *key, uint64_t n);
void pcai_row_key_bytes(struct row_key *key, struct slice s);
struct slice pcai_row_key_view(const struct row_key *key);
uint32_t pcai_read_u32(const uint8_t *at);
uint64_t pcai_read_u64(const uint8_t *at);

uint32_t pcai_crc32c(uint32_t crc, const void *data, size_t size);

#endif
