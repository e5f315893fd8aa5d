/* DER (X.690): a strict reader over borrowed octets and a writer into a buf. Certificates and stored records share it. */
#ifndef PCAI_DER_H
#define PCAI_DER_H

#include "base/buffer.h"

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0A,
    DER_UTF8_STRING = 0x0C,
    DER_PRINTABLE_STRING = 0x13,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_BMP_STRING = 0x1E,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
};
/* [n], primitive and constructed. */
#define DER_CONTEXT(n) (uint8_t)(0x80 | (n))
#define DER_CONTEXT_CONSTRUCTED(n) (uint8_t)(0xA0 | (n))

/* ---- Writer. Failures stick in the buf. ---- */

/* What is put between begin and end becomes the contents of the element. */
size_t pcai_der_begin(struct buf *b, uint8_t tag);
void pcai_der_end(struct buf *b, size_t mark);
void pcai_der_put(struct buf *b, uint8_t tag, struct slice content);
void pcai_der_uint(struct buf *b, uint64_t value);
void pcai_der_int(struct buf *b, int64_t value);
/* An unsigned big-endian number, leading zeros dropped. */
void pcai_der_integer(struct buf *b, struct slice big_endian);
void pcai_der_boolean(struct buf *b, int value);
void pcai_der_null(struct buf *b);
void pcai_der_bits(struct buf *b, struct slice octets, unsigned unused);
/* Time of RFC 5280 4.1.2.5: UTCTime through 2049, then GeneralizedTime. */
void pcai_der_time(struct buf *b, int64_t time);
void pcai_der_generalized_time(struct buf *b, int64_t time);
/* A SET OF: whole elements, put in the order of their encodings (X.690 11.6), which is that of the array afterwards. */
void pcai_der_set_of(struct buf *b, uint8_t tag, struct slice *elements, size_t count);
/* The octets of a tag and length in front of `size` octets of contents; returns how many (at most 6). */
size_t pcai_der_header(uint8_t tag, size_t size, uint8_t out[6]);

/* ---- Reader. 0, or -1 for anything that is not strict DER or not what was asked for; the cursor is then undefined. ---- */

struct der {
    const uint8_t *at, *end;
};

struct der pcai_der(struct slice in);
int pcai_der_at_end(const struct der *d);
/* The tag of the next element, -1 at the end. */
int pcai_der_peek(const struct der *d);
/* Any next element: its tag, contents and whole; each output may be NULL. */
int pcai_der_any(struct der *d, uint8_t *tag, struct slice *content, struct slice *whole);
int pcai_der_get(struct der *d, uint8_t tag, struct slice *content);
/* As get, with the header: tag, length and contents. */
int pcai_der_whole(struct der *d, uint8_t tag, struct slice *whole);
int pcai_der_enter(struct der *d, uint8_t tag, struct der *inner);
/* 1 and contents when the next element has the tag, 0 when not. */
int pcai_der_optional(struct der *d, uint8_t tag, struct slice *content);
int pcai_der_get_uint(struct der *d, uint64_t *value);
int pcai_der_get_int(struct der *d, int64_t *value);
/* An INTEGER's contents, minimal; any size and sign. */
int pcai_der_get_integer(struct der *d, struct slice *content);
int pcai_der_get_boolean(struct der *d, int *value);
/* An OBJECT IDENTIFIER's contents: at least one number, each whole and minimal. */
int pcai_der_get_oid(struct der *d, struct slice *content);
int pcai_der_get_bits(struct der *d, struct slice *octets, unsigned *unused);
int pcai_der_get_time(struct der *d, int64_t *time);

#endif
