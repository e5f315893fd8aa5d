#include "x509/pem.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"

#define LINE 48 /* octets that make 64 columns */
#define PEM_MAX (1u << 20)
#define BEGIN "-----BEGIN "

void pcai_pem_write(struct buf *out, const char *label, struct slice der)
{
    pcai_buf_format(out, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; i < der.size; i += LINE) {
        pcai_base64_write(out, pcai_slice(der.data + i, der.size - i < LINE ? der.size - i : LINE));
        pcai_buf_octet(out, '\n');
    }
    pcai_buf_format(out, "-----END %s-----\n", label);
}

const uint8_t *pcai_pem_find(struct slice text, const char *what)
{
    size_t size = strlen(what);
    for (size_t i = 0; i + size <= text.size; i++)
        if (memcmp(text.data + i, what, size) == 0)
            return text.data + i;
    return NULL;
}

static struct slice from(struct slice text, const uint8_t *at)
{
    return pcai_slice(at, (size_t)(text.data + text.size - at));
}

int pcai_pem_is(struct slice text)
{
    return pcai_pem_find(text, BEGIN) != NULL;
}

static int decode(struct slice body, struct buf *der)
{
    struct buf compact = {0};
    for (size_t i = 0; i < body.size; i++)
        if (body.data[i] != '\n' && body.data[i] != '\r' && body.data[i] != ' ' && body.data[i] != '\t')
            pcai_buf_octet(&compact, body.data[i]);
    der->failed |= compact.failed;
    int rc = compact.failed || compact.size == 0 ? -1 : pcai_base64_read(pcai_buf_view(&compact), der);
    pcai_buf_free(&compact);
    return rc;
}

int pcai_pem_read(struct slice text, const char *const *labels, struct buf *der)
{
    const uint8_t *start = text.size <= PEM_MAX ? pcai_pem_find(text, BEGIN) : NULL;
    if (!start || (start > text.data && start[-1] != '\n'))
        return -1;
    for (; *labels; labels++) {
        char begin[96], end[96];
        snprintf(begin, sizeof begin, BEGIN "%s-----", *labels);
        snprintf(end, sizeof end, "-----END %s-----", *labels);
        if (pcai_pem_find(text, begin) != start)
            continue;
        struct slice body = from(text, start + strlen(begin));
        const uint8_t *stop = pcai_pem_find(body, end);
        if (!stop || pcai_pem_is(from(body, stop)))
            return -1;
        return decode(pcai_slice(body.data, (size_t)(stop - body.data)), der);
    }
    return -1;
}
