#include "base/text.h"

#include <string.h>

void pcai_text_copy(char *to, size_t capacity, const char *from)
{
    size_t size = strlen(from);
    if (size >= capacity) {
        size = capacity - 1;
        while (size && ((unsigned char)from[size] & 0xC0) == 0x80)
            size--;
    }
    memmove(to, from, size);
    to[size] = 0;
}

size_t pcai_utf8_decode(const uint8_t *at, size_t left, uint32_t *point)
{
    uint32_t c = at[0];
    size_t length = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : (c & 0xF0) == 0xE0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
    if (length == 0 || length > left)
        return 0;
    if (length > 1)
        c &= 0x7Fu >> length;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (at[i] & 0x3Fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
        return 0;
    *point = c;
    return length;
}

int pcai_utf8_printable(struct slice text, size_t *characters)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; count++) {
        uint32_t point;
        size_t length = pcai_utf8_decode(text.data + i, text.size - i, &point);
        if (length == 0 || point < 0x20 || (point >= 0x7F && point < 0xA0))
            return 0;
        i += length;
    }
    if (characters)
        *characters = count;
    return 1;
}

static void put_unit(struct buf *out, uint32_t unit)
{
    pcai_buf_octet(out, (uint8_t)(unit >> 8));
    pcai_buf_octet(out, (uint8_t)unit);
}

int pcai_utf16(struct slice utf8, struct buf *out)
{
    for (size_t i = 0; i < utf8.size;) {
        uint32_t point;
        size_t length = pcai_utf8_decode(utf8.data + i, utf8.size - i, &point);
        if (length == 0)
            return -1;
        if (point >= 0x10000) {
            put_unit(out, 0xD800 + ((point - 0x10000) >> 10));
            put_unit(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
        } else {
            put_unit(out, point);
        }
        i += length;
    }
    return 0;
}

int pcai_ascii_printable(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7E)
            return 0;
    return 1;
}

int pcai_is_digit(int c)
{
    return c >= '0' && c <= '9';
}

int pcai_is_alpha(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int pcai_is_hex(int c)
{
    return pcai_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

char pcai_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

void pcai_lower_all(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text[i] = pcai_lower(text[i]);
}

int pcai_equal_nocase(struct slice a, struct slice b)
{
    if (a.size != b.size)
        return 0;
    for (size_t i = 0; i < a.size; i++)
        if (pcai_lower((char)a.data[i]) != pcai_lower((char)b.data[i]))
            return 0;
    return 1;
}

void pcai_hex(const void *data, size_t size, char *out)
{
    const uint8_t *octet = data;
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = "0123456789abcdef"[octet[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[octet[i] & 15];
    }
    out[2 * size] = 0;
}

static int nibble(int c)
{
    return pcai_is_digit(c) ? c - '0' : pcai_lower((char)c) - 'a' + 10;
}

int pcai_unhex(const char *text, size_t length, void *out, size_t size)
{
    uint8_t *octet = out;
    if (length != 2 * size)
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (!pcai_is_hex(text[2 * i]) || !pcai_is_hex(text[2 * i + 1]))
            return -1;
        octet[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    }
    return 0;
}
