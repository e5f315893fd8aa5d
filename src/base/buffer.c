#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

struct slice pcai_slice(const void *data, size_t size)
{
    return (struct slice){data, size};
}

struct slice pcai_slice_text(const char *text)
{
    return (struct slice){(const uint8_t *)text, strlen(text)};
}

int pcai_slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Keeps one octet in reserve for the NUL of pcai_buf_take. */
static int reserve(struct buf *b, size_t more)
{
    if (b->failed)
        return -1;
    if (more < b->capacity - b->size)
        return 0;
    size_t capacity = b->capacity ? b->capacity : 128;
    while (capacity - b->size <= more) {
        if (capacity > SIZE_MAX / 2) {
            b->failed = 1;
            return -1;
        }
        capacity *= 2;
    }
    uint8_t *data = pcai_alloc(capacity);
    if (!data) {
        b->failed = 1;
        return -1;
    }
    if (b->size)
        memcpy(data, b->data, b->size);
    pcai_wipe_free(b->data, b->capacity);
    b->data = data;
    b->capacity = capacity;
    return 0;
}

uint8_t *pcai_buf_grow(struct buf *b, size_t size)
{
    if (reserve(b, size) != 0)
        return NULL;
    uint8_t *at = b->data + b->size;
    b->size += size;
    return at;
}

void pcai_buf_put(struct buf *b, const void *data, size_t size)
{
    uint8_t *at = pcai_buf_grow(b, size);
    if (at && size)
        memcpy(at, data, size);
}

void pcai_buf_octet(struct buf *b, uint8_t octet)
{
    pcai_buf_put(b, &octet, 1);
}

void pcai_buf_slice(struct buf *b, struct slice s)
{
    pcai_buf_put(b, s.data, s.size);
}

void pcai_buf_text(struct buf *b, const char *text)
{
    pcai_buf_put(b, text, strlen(text));
}

void pcai_buf_format(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0 || reserve(b, (size_t)size + 1) != 0) {
        b->failed = 1;
        return;
    }
    va_start(args, format);
    vsnprintf((char *)b->data + b->size, (size_t)size + 1, format, args);
    va_end(args);
    b->size += (size_t)size;
}

void pcai_buf_insert(struct buf *b, size_t at, const void *data, size_t size)
{
    if (!pcai_buf_grow(b, size))
        return;
    memmove(b->data + at + size, b->data + at, b->size - size - at);
    memcpy(b->data + at, data, size);
}

void pcai_buf_reset(struct buf *b)
{
    if (b->data)
        pcai_wipe(b->data, b->size);
    b->size = 0;
    b->failed = 0;
}

void pcai_buf_free(struct buf *b)
{
    pcai_wipe_free(b->data, b->size);
    *b = (struct buf){0};
}

int pcai_buf_check(const struct buf *b, pca_error *err)
{
    return b->failed ? pcai_no_memory(err) : PCA_OK;
}

struct slice pcai_buf_view(const struct buf *b)
{
    return (struct slice){b->data, b->size};
}

uint8_t *pcai_buf_take(struct buf *b, size_t *size)
{
    if (reserve(b, 0) != 0) {
        pcai_buf_free(b);
        return NULL;
    }
    uint8_t *data = b->data;
    data[b->size] = 0;
    *size = b->size;
    *b = (struct buf){0};
    return data;
}
