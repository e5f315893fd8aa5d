#include "crypto/internal.h"

void pcai_base64_write(struct buf *out, struct slice in)
{
    size_t used = 0, before = out->size;
    if (in.size == 0)
        return;
    /* mbedTLS adds a NUL. */
    uint8_t *at = pcai_buf_grow(out, (in.size + 2) / 3 * 4 + 1);
    if (at && mbedtls_base64_encode(at, (in.size + 2) / 3 * 4 + 1, &used, in.data, in.size) != 0)
        out->failed = 1;
    if (at)
        out->size = before + used;
}

int pcai_base64_read(struct slice in, struct buf *out)
{
    size_t used = 0, before = out->size;
    if (in.size % 4 != 0)
        return -1;
    if (in.size == 0)
        return 0;
    for (size_t i = 0; i < in.size; i++) /* mbedTLS would skip these */
        if (in.data[i] == '\n' || in.data[i] == '\r' || in.data[i] == ' ')
            return -1;
    uint8_t *at = pcai_buf_grow(out, in.size / 4 * 3);
    if (!at)
        return -1;
    int rc = mbedtls_base64_decode(at, in.size / 4 * 3, &used, in.data, in.size);
    out->size = before + (rc == 0 ? used : 0);
    return rc == 0 ? 0 : -1;
}
