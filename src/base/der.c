#include "base/der.h"

#include <string.h>

#include "base/civil.h"
#include "base/text.h"

/* ---- Writer ---- */

size_t pcai_der_header(uint8_t tag, size_t size, uint8_t out[6])
{
    size_t used = 0;
    out[used++] = tag;
    if (size < 0x80) {
        out[used++] = (uint8_t)size;
        return used;
    }
    unsigned octets = size > 0xFFFFFF ? 4 : size > 0xFFFF ? 3 : size > 0xFF ? 2 : 1;
    out[used++] = (uint8_t)(0x80 | octets);
    while (octets--)
        out[used++] = (uint8_t)(size >> (8 * octets));
    return used;
}

size_t pcai_der_begin(struct buf *b, uint8_t tag)
{
    pcai_buf_octet(b, tag);
    return b->size;
}

void pcai_der_end(struct buf *b, size_t mark)
{
    if (b->failed)
        return;
    uint8_t header[6];
    size_t size = pcai_der_header(0, b->size - mark, header);
    pcai_buf_insert(b, mark, header + 1, size - 1);
}

void pcai_der_put(struct buf *b, uint8_t tag, struct slice content)
{
    uint8_t header[6];
    pcai_buf_put(b, header, pcai_der_header(tag, content.size, header));
    pcai_buf_slice(b, content);
}

void pcai_der_int(struct buf *b, int64_t value)
{
    uint8_t octets[8];
    for (int i = 0; i < 8; i++)
        octets[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    int skip = 0;
    while (skip < 7 && ((octets[skip] == 0 && octets[skip + 1] < 0x80) || (octets[skip] == 0xFF && octets[skip + 1] >= 0x80)))
        skip++;
    pcai_der_put(b, DER_INTEGER, pcai_slice(octets + skip, (size_t)(8 - skip)));
}

void pcai_der_uint(struct buf *b, uint64_t value)
{
    uint8_t octets[8];
    for (int i = 0; i < 8; i++)
        octets[i] = (uint8_t)(value >> (56 - 8 * i));
    pcai_der_integer(b, pcai_slice(octets, 8));
}

void pcai_der_integer(struct buf *b, struct slice n)
{
    while (n.size > 1 && n.data[0] == 0) {
        n.data++;
        n.size--;
    }
    int pad = n.size == 0 || n.data[0] >= 0x80;
    uint8_t header[6];
    pcai_buf_put(b, header, pcai_der_header(DER_INTEGER, n.size + (size_t)pad, header));
    if (pad)
        pcai_buf_octet(b, 0);
    pcai_buf_slice(b, n);
}

void pcai_der_boolean(struct buf *b, int value)
{
    uint8_t octet = value ? 0xFF : 0;
    pcai_der_put(b, DER_BOOLEAN, pcai_slice(&octet, 1));
}

void pcai_der_null(struct buf *b)
{
    pcai_der_put(b, DER_NULL, pcai_slice(NULL, 0));
}

void pcai_der_bits(struct buf *b, struct slice octets, unsigned unused)
{
    uint8_t header[6];
    pcai_buf_put(b, header, pcai_der_header(DER_BIT_STRING, octets.size + 1, header));
    pcai_buf_octet(b, (uint8_t)unused);
    pcai_buf_slice(b, octets);
}

static void put_time(struct buf *b, int64_t time, int utc)
{
    struct civil c = pcai_civil(time);
    if (time < PCAI_TIME_MIN || time > PCAI_TIME_MAX) {
        b->failed = 1;
        return;
    }
    /* Two digits each; a CRL has a time an entry, too many for a format. */
    const int pairs[] = {c.year / 100, c.year % 100, c.month, c.day, c.hour, c.minute, c.second};
    char text[2 * sizeof pairs / sizeof *pairs + 1];
    size_t size = 0;
    for (size_t i = utc ? 1 : 0; i < sizeof pairs / sizeof *pairs; i++) {
        text[size++] = (char)('0' + pairs[i] / 10);
        text[size++] = (char)('0' + pairs[i] % 10);
    }
    text[size++] = 'Z';
    pcai_der_put(b, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME, pcai_slice(text, size));
}

void pcai_der_time(struct buf *b, int64_t time)
{
    int year = pcai_civil(time).year;
    put_time(b, time, year >= 1950 && year < 2050);
}

void pcai_der_generalized_time(struct buf *b, int64_t time)
{
    put_time(b, time, 0);
}

/* No element's encoding begins another's: its length tells them apart. */
static int is_before(struct slice a, struct slice b)
{
    return memcmp(a.data, b.data, a.size < b.size ? a.size : b.size) < 0;
}

void pcai_der_set_of(struct buf *b, uint8_t tag, struct slice *elements, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct slice moving = elements[i];
        size_t at = i;
        for (; at && is_before(moving, elements[at - 1]); at--)
            elements[at] = elements[at - 1];
        elements[at] = moving;
    }
    size_t mark = pcai_der_begin(b, tag);
    for (size_t i = 0; i < count; i++)
        pcai_buf_slice(b, elements[i]);
    pcai_der_end(b, mark);
}

/* ---- Reader ---- */

struct der pcai_der(struct slice in)
{
    return (struct der){in.data, in.data ? in.data + in.size : in.data};
}

int pcai_der_at_end(const struct der *d)
{
    return d->at == d->end;
}

int pcai_der_peek(const struct der *d)
{
    return d->at == d->end ? -1 : *d->at;
}

int pcai_der_any(struct der *d, uint8_t *tag, struct slice *content, struct slice *whole)
{
    const uint8_t *start = d->at, *at = start;
    size_t left = (size_t)(d->end - at);
    if (left < 2 || (at[0] & 0x1F) == 0x1F)
        return -1;
    size_t size = at[1];
    at += 2;
    left -= 2;
    if (size >= 0x80) {
        size_t octets = size & 0x7F;
        if (octets == 0 || octets > 4 || octets > left || at[0] == 0)
            return -1;
        size = 0;
        for (size_t i = 0; i < octets; i++)
            size = size << 8 | at[i];
        if (size < 0x80)
            return -1;
        at += octets;
        left -= octets;
    }
    if (size > left)
        return -1;
    if (tag)
        *tag = *start;
    if (content)
        *content = (struct slice){at, size};
    if (whole)
        *whole = (struct slice){start, (size_t)(at - start) + size};
    d->at = at + size;
    return 0;
}

int pcai_der_get(struct der *d, uint8_t tag, struct slice *content)
{
    return pcai_der_peek(d) == tag ? pcai_der_any(d, NULL, content, NULL) : -1;
}

int pcai_der_whole(struct der *d, uint8_t tag, struct slice *whole)
{
    return pcai_der_peek(d) == tag ? pcai_der_any(d, NULL, NULL, whole) : -1;
}

int pcai_der_enter(struct der *d, uint8_t tag, struct der *inner)
{
    struct slice content;
    if (pcai_der_get(d, tag, &content) != 0)
        return -1;
    *inner = pcai_der(content);
    return 0;
}

int pcai_der_optional(struct der *d, uint8_t tag, struct slice *content)
{
    return pcai_der_peek(d) == tag && pcai_der_any(d, NULL, content, NULL) == 0;
}

int pcai_der_get_integer(struct der *d, struct slice *content)
{
    struct slice n;
    if (pcai_der_get(d, DER_INTEGER, &n) != 0 || n.size == 0)
        return -1;
    if (n.size > 1 && ((n.data[0] == 0 && n.data[1] < 0x80) || (n.data[0] == 0xFF && n.data[1] >= 0x80)))
        return -1;
    *content = n;
    return 0;
}

int pcai_der_get_int(struct der *d, int64_t *value)
{
    struct slice n;
    if (pcai_der_get_integer(d, &n) != 0 || n.size > 8)
        return -1;
    uint64_t v = n.data[0] >= 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < n.size; i++)
        v = v << 8 | n.data[i];
    *value = (int64_t)v;
    return 0;
}

int pcai_der_get_uint(struct der *d, uint64_t *value)
{
    struct slice n;
    if (pcai_der_get_integer(d, &n) != 0 || n.data[0] >= 0x80 || n.size > 9 || (n.size == 9 && n.data[0] != 0))
        return -1;
    uint64_t v = 0;
    for (size_t i = 0; i < n.size; i++)
        v = v << 8 | n.data[i];
    *value = v;
    return 0;
}

int pcai_der_get_boolean(struct der *d, int *value)
{
    struct slice c;
    if (pcai_der_get(d, DER_BOOLEAN, &c) != 0 || c.size != 1 || (c.data[0] != 0 && c.data[0] != 0xFF))
        return -1;
    *value = c.data[0] != 0;
    return 0;
}

int pcai_der_get_oid(struct der *d, struct slice *content)
{
    struct slice c;
    if (pcai_der_get(d, DER_OID, &c) != 0)
        return -1;
    int first = 1; /* octet of a number */
    for (size_t i = 0; i < c.size; i++) {
        if (first && c.data[i] == 0x80)
            return -1;
        first = c.data[i] < 0x80;
    }
    if (c.size == 0 || !first)
        return -1;
    *content = c;
    return 0;
}

int pcai_der_get_bits(struct der *d, struct slice *octets, unsigned *unused)
{
    struct slice c;
    if (pcai_der_get(d, DER_BIT_STRING, &c) != 0 || c.size == 0 || c.data[0] > 7)
        return -1;
    if (c.size == 1 ? c.data[0] != 0 : (c.data[c.size - 1] & ((1u << c.data[0]) - 1)) != 0)
        return -1;
    *unused = c.data[0];
    *octets = (struct slice){c.data + 1, c.size - 1};
    return 0;
}

static int two_digits(const uint8_t *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

int pcai_der_get_time(struct der *d, int64_t *time)
{
    uint8_t tag;
    struct slice c;
    if (pcai_der_any(d, &tag, &c, NULL) != 0)
        return -1;
    size_t year_digits = tag == DER_UTC_TIME ? 2 : tag == DER_GENERALIZED_TIME ? 4 : 0;
    if (year_digits == 0 || c.size != year_digits + 11 || c.data[c.size - 1] != 'Z')
        return -1;
    for (size_t i = 0; i + 1 < c.size; i++)
        if (!pcai_is_digit(c.data[i]))
            return -1;
    int year = two_digits(c.data);
    if (year_digits == 4)
        year = year * 100 + two_digits(c.data + 2);
    else
        year += year < 50 ? 2000 : 1900;
    const uint8_t *at = c.data + year_digits;
    struct civil civil = {year,
                          two_digits(at),
                          two_digits(at + 2),
                          two_digits(at + 4),
                          two_digits(at + 6),
                          two_digits(at + 8)};
    if (pcai_civil_check(&civil) != 0)
        return -1;
    *time = pcai_civil_time(&civil);
    return 0;
}
