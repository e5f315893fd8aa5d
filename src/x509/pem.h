/* PEM (RFC 7468): 64 columns, LF. */
#ifndef PCAI_PEM_H
#define PCAI_PEM_H

#include "base/buffer.h"

void pcai_pem_write(struct buf *out, const char *label, struct slice der);
/* The one block in text whose label is among labels (NULL-terminated); text around it is allowed, a second block, bad
 * base64, missing end line or over-long input is -1; der->failed then tells whether memory was
 * what lacked. */
int pcai_pem_read(struct slice text, const char *const *labels, struct buf *der);
/* 1 when text holds a "-----BEGIN " line. */
int pcai_pem_is(struct slice text);
/* Where text first holds that; NULL: nowhere. */
const uint8_t *pcai_pem_find(struct slice text, const char *what);

#endif
