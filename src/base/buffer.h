/* Octets: a borrowed slice, and a growing buffer whose failure sticks, so that a chain of puts is checked once. */
#ifndef PCAI_BUFFER_H
#define PCAI_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct slice {
    const uint8_t *data;
    size_t size;
};

struct slice pcai_slice(const void *data, size_t size);
struct slice pcai_slice_text(const char *text);
int pcai_slice_equal(struct slice a, struct slice b);

/* Starts as {0}. Old memory is wiped on growth and on free: a buffer may hold a secret. */
struct buf {
    uint8_t *data;
    size_t size, capacity;
    int failed; /* out of memory; what follows is ignored */
};

void pcai_buf_put(struct buf *b, const void *data, size_t size);
void pcai_buf_octet(struct buf *b, uint8_t octet);
void pcai_buf_slice(struct buf *b, struct slice s);
void pcai_buf_text(struct buf *b, const char *text);
void pcai_buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for size more octets, to be filled by the caller; NULL after a failure. */
uint8_t *pcai_buf_grow(struct buf *b, size_t size);
/* Makes room at `at`, moving what follows. */
void pcai_buf_insert(struct buf *b, size_t at, const void *data, size_t size);
/* Empties and keeps the memory. */
void pcai_buf_reset(struct buf *b);
void pcai_buf_free(struct buf *b);
/* PCA_OK, or NO_MEMORY when a put failed. */
int pcai_buf_check(const struct buf *b, pca_error *err);
struct slice pcai_buf_view(const struct buf *b);
/* Hands the memory over, NUL-terminated after its last octet; NULL after a failure. The buffer is empty then. */
uint8_t *pcai_buf_take(struct buf *b, size_t *size);

#endif
