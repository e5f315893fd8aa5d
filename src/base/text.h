/* Text: UTF-8, ASCII classes, hexadecimal. Independent of the locale. */
#ifndef PCAI_TEXT_H
#define PCAI_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Copies and cuts at a character's end; always NUL-terminated. */
void pcai_text_copy(char *to, size_t capacity, const char *from);
/* One code point (RFC 3629): its length, or 0 when malformed. left: octets, at least one. */
size_t pcai_utf8_decode(const uint8_t *at, size_t left, uint32_t *point);
/* 1 if well-formed UTF-8 (RFC 3629) without U+0000..001F and 007F..009F; *characters counts code points. */
int pcai_utf8_printable(struct slice text, size_t *characters);
/* UTF-16, big-endian. -1: not well-formed UTF-8. */
int pcai_utf16(struct slice utf8, struct buf *out);
/* 1 if every octet is printable ASCII, 20..7E. */
int pcai_ascii_printable(struct slice text);
int pcai_is_alpha(int c);
int pcai_is_digit(int c);
int pcai_is_hex(int c);
char pcai_lower(char c);
void pcai_lower_all(char *text, size_t size);
int pcai_equal_nocase(struct slice a, struct slice b);

/* Lower case, NUL-terminated: out holds 2 * size + 1. */
void pcai_hex(const void *data, size_t size, char *out);
/* 0, or -1 when text is not pairs of hexadecimal digits filling exactly size octets. */
int pcai_unhex(const char *text, size_t length, void *out, size_t size);

#endif
