/* Names held against each other (RFC 5280 7.1, after RFC 4518). */
#include "base/text.h"
#include "x509/name.h"

/* ---- Values ---- */

/* Capital letters and how far their small ones are, modulo 2^32; in steps of two where they alternate. */
static const struct {
    uint32_t first, last, step, distance;
} capitals[] = {
    {'A', 'Z', 1, 32},         {0xC0, 0xD6, 1, 32},       {0xD8, 0xDE, 1, 32},       {0x100, 0x12E, 2, 1},   {0x132, 0x136, 2, 1},
    {0x139, 0x147, 2, 1},      {0x14A, 0x176, 2, 1},      {0x179, 0x17D, 2, 1},      {0x391, 0x3A1, 1, 32},  {0x3A3, 0x3AB, 1, 32},
    {0x178, 0x178, 1, 0xFFu - 0x178}, {0x386, 0x386, 1, 38},     {0x388, 0x38A, 1, 37},     {0x38C, 0x38C, 1, 64},     {0x38E, 0x38F, 1, 63},     {0x400, 0x40F, 1, 80},
    {0x410, 0x42F, 1, 32},     {0xFF21, 0xFF3A, 1, 32},
};

static uint32_t fold(uint32_t c)
{
    for (size_t i = 0; i < sizeof capitals / sizeof *capitals; i++)
        if (c >= capitals[i].first && c <= capitals[i].last && (c - capitals[i].first) % capitals[i].step == 0)
            return c + capitals[i].distance;
    return c;
}

/* RFC 4518 2.2: what is mapped to a space. */
static int is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* RFC 4518 2.2: what is mapped to nothing, since it cannot be seen. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0, 8},           {0xE, 0x1F},      {0x7F, 0x84},     {0x86, 0x9F},     {0xAD, 0xAD},     {0x34F, 0x34F},   {0x6DD, 0x6DD},     {0x70F, 0x70F},
    {0x1806, 0x1806}, {0x180B, 0x180E}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2063}, {0x206A, 0x206F}, {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
    {0xFFF9, 0xFFFC}, {0x1D173, 0x1D17A}, {0xE0001, 0xE0001}, {0xE0020, 0xE007F},
};

static int is_unseen(uint32_t c)
{
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (c >= unseen[i].first && c <= unseen[i].last)
            return 1;
    return 0;
}

/* Where one stands in a value, and whether anything but space was seen. */
struct cursor {
    struct slice left;
    int begun;
};
#define VALUE_END UINT32_MAX

/* Octets that are no UTF-8 stand for themselves, above all characters. */
static uint32_t decode(struct cursor *c)
{
    uint32_t point;
    size_t length = pcai_utf8_decode(c->left.data, c->left.size, &point);
    if (length == 0) {
        point = 0x110000u + c->left.data[0];
        length = 1;
    }
    c->left.data += length;
    c->left.size -= length;
    return point;
}

static uint32_t next(struct cursor *c)
{
    int space = 0;
    while (c->left.size) {
        struct cursor before = *c;
        uint32_t point = decode(c);
        if (is_unseen(point))
            continue;
        if (is_space(point)) {
            space = 1;
            continue;
        }
        if (space && c->begun) {
            *c = before;
            c->begun = 0; /* the space is told once */
            return ' ';
        }
        c->begun = 1;
        return fold(point);
    }
    return VALUE_END;
}

static int same_value(struct slice a, struct slice b)
{
    struct cursor in_a = {a, 0}, in_b = {b, 0};
    uint32_t from_a, from_b;
    do {
        from_a = next(&in_a);
        from_b = next(&in_b);
    } while (from_a == from_b && from_a != VALUE_END);
    return from_a == from_b;
}

/* ---- Names ---- */

static int same_attribute(const struct attribute *a, const struct attribute *b)
{
    return pcai_slice_equal(a->raw, b->raw) && same_value(a->value, b->value);
}

/* The attributes of an RDN that begins at `from`. */
static size_t rdn_size(const struct name *name, size_t from)
{
    size_t end = from;
    while (end < name->count && name->attributes[end].rdn == name->attributes[from].rdn)
        end++;
    return end - from;
}

/* As sets: each of one has its own like in the other. */
static int same_rdn(const struct attribute *a, const struct attribute *b, size_t size)
{
    unsigned taken = 0;
    for (size_t i = 0; i < size; i++) {
        size_t j = 0;
        while (j < size && (taken & 1u << j || !same_attribute(&a[i], &b[j])))
            j++;
        if (j == size)
            return 0;
        taken |= 1u << j;
    }
    return 1;
}

/* How many attributes of name the RDNs of base take from its front; -1: they are others. */
static int match_front(const struct name *name, const struct name *base)
{
    size_t at = 0;
    while (at < base->count) {
        size_t size = rdn_size(base, at);
        if (at >= name->count || rdn_size(name, at) != size || !same_rdn(name->attributes + at, base->attributes + at, size))
            return -1;
        at += size;
    }
    return (int)at;
}

int pcai_name_is_within(struct slice der, struct slice base_der)
{
    struct name name, base;
    if (pcai_name_read(der, &name) != 0 || pcai_name_read(base_der, &base) != 0)
        return -1;
    return match_front(&name, &base) >= 0;
}

int pcai_name_same(struct slice a_der, struct slice b_der)
{
    struct name a, b;
    if (pcai_name_read(a_der, &a) != 0 || pcai_name_read(b_der, &b) != 0)
        return -1;
    return a.count == b.count && match_front(&a, &b) >= 0;
}
