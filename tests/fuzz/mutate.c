/*
 * Changes to DER that keep it DER: one element, anywhere, is changed, dropped, doubled or put in another's place, and the lengths
 * around it follow. Strings are looked into, since extensions, keys and PFX lie inside them. Everything else is libFuzzer's.
 */
#include "fuzz.h"

#define ELEMENTS_MAX 4096
#define DEPTH_MAX 24

struct element {
    size_t at, header, size; /* size: of the contents */
    int parent;              /* -1: none */
};

static struct element elements[ELEMENTS_MAX];
static int count;
static uint64_t state;

static size_t draw(size_t below)
{
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return below ? (size_t)(state >> 33) % below : 0;
}

/* ---- The elements there are ---- */

static int read_header(const uint8_t *data, size_t size, struct element *e)
{
    if (size < 2)
        return -1;
    size_t octets = data[1] & 0x80 ? data[1] & 0x7F : 0, value = octets ? 0 : data[1];
    if (octets > 3 || (data[1] & 0x80 && octets == 0) || size < 2 + octets)
        return -1;
    for (size_t i = 0; i < octets; i++)
        value = value << 8 | data[2 + i];
    e->header = 2 + octets;
    e->size = value;
    return value <= size - e->header ? 0 : -1;
}

/* Elements side by side that fill those octets; else nothing is added. */
static void find(const uint8_t *data, size_t at, size_t end, int parent, int depth)
{
    int first = count;
    struct element e = {.parent = parent};
    for (size_t next = at; next < end; next += e.header + e.size) {
        e.at = next;
        if (count == ELEMENTS_MAX || read_header(data + next, end - next, &e) != 0) {
            count = first;
            return;
        }
        elements[count++] = e;
    }
    for (int i = first, last = count; i < last && depth < DEPTH_MAX; i++) {
        size_t inner = elements[i].at + elements[i].header, skip = data[elements[i].at] == DER_BIT_STRING;
        int opens = (data[elements[i].at] & 0x20) || data[elements[i].at] == DER_OCTET_STRING || skip;
        if (opens && elements[i].size > skip)
            find(data, inner + skip, inner + elements[i].size, i, depth + 1);
    }
}

/* ---- One in the place of another ---- */

/* The input with those octets in the place of element e. 0: too large. */
static size_t put(const uint8_t *data, size_t size, int e, struct buf *octets, size_t most, uint8_t *out)
{
    while (e >= 0 && elements[e].parent >= 0) {
        const struct element *old = &elements[e], *parent = &elements[old->parent];
        size_t inner = parent->at + parent->header, after = old->at + old->header + old->size;
        struct buf whole = {0};
        pcai_buf_put(&whole, data + inner, old->at - inner);
        pcai_buf_slice(&whole, pcai_buf_view(octets));
        pcai_buf_put(&whole, data + after, inner + parent->size - after);
        pcai_buf_reset(octets);
        pcai_der_put(octets, data[parent->at], pcai_buf_view(&whole));
        pcai_buf_free(&whole);
        e = old->parent;
    }
    size_t after = elements[e].at + elements[e].header + elements[e].size, total = elements[e].at + octets->size + size - after;
    if (octets->failed || total > most)
        return 0;
    struct buf whole = {0};
    pcai_buf_put(&whole, data, elements[e].at);
    pcai_buf_slice(&whole, pcai_buf_view(octets));
    pcai_buf_put(&whole, data + after, size - after);
    if (!whole.failed && total)
        memcpy(out, whole.data, total);
    total = whole.failed ? 0 : total;
    pcai_buf_free(&whole);
    return total;
}

/* ---- Changes ---- */

static void change_contents(const uint8_t *data, const struct element *e, struct buf *out)
{
    size_t most = e->size + 64;
    uint8_t *contents = malloc(most);
    must(contents);
    memcpy(contents, data + e->at + e->header, e->size);
    size_t size = LLVMFuzzerMutate(contents, e->size, most);
    pcai_der_put(out, data[e->at], pcai_slice(contents, size));
    free(contents);
}

static struct slice whole_of(const uint8_t *data, const struct element *e)
{
    return pcai_slice(data + e->at, e->header + e->size);
}

static const uint8_t tags[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0C, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1C, 0x1E, 0x30, 0x31,
                               0x80, 0x81, 0x82, 0x84, 0x86, 0x87, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4};

static void change(const uint8_t *data, const struct element *e, struct buf *out)
{
    struct slice whole = whole_of(data, e), contents = pcai_slice(data + e->at + e->header, e->size);
    switch (draw(8)) {
    case 0: /* dropped */
        break;
    case 1:
        pcai_buf_slice(out, whole);
        pcai_buf_slice(out, whole);
        break;
    case 2:
        pcai_buf_slice(out, whole_of(data, &elements[draw((size_t)count)]));
        break;
    case 3: /* another behind it */
        pcai_buf_slice(out, whole);
        pcai_buf_slice(out, whole_of(data, &elements[draw((size_t)count)]));
        break;
    case 4:
        pcai_der_put(out, tags[draw(COUNT(tags))], contents);
        break;
    case 5:
        pcai_der_put(out, data[e->at], pcai_slice(NULL, 0));
        break;
    default:
        change_contents(data, e, out);
    }
}

size_t mutate_der(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    struct buf octets = {0};
    state = seed;
    count = 0;
    find(data, 0, size, -1, 0);
    for (size_t start = 1; count == 0 && start < 4 && start < size; start++) /* settings in front */
        find(data, start, size, -1, 0);
    if (count == 0 || draw(8) == 0)
        return LLVMFuzzerMutate(data, size, most);
    int e = (int)draw((size_t)count);
    change(data, &elements[e], &octets);
    size_t made = put(data, size, e, &octets, most, data);
    pcai_buf_free(&octets);
    return made ? made : size;
}

/* A target whose input is more than DER has its own. */
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return mutate_der(data, size, most, seed);
}
