/* The distinguished encoding rules (X.690 8 to 11) on every element, whatever it means. */
#include "x509/lint_internal.h"

#include <string.h>

#define CONSTRUCTED 0x20
#define UNIVERSAL(tag) (((tag) & 0xC0) == 0)
#define SUBIDENTIFIER_MORE 0x80

int pcai_lint_flaw(struct flaws *flaws, enum flaw flaw, const char *field, const char *what)
{
    if (!flaws->at[flaw].what) {
        flaws->at[flaw].field = field;
        flaws->at[flaw].what = what;
    }
    return -1;
}

/* X.690 11.6: as octet strings, the shorter one padded with zeros. */
static int in_order(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, common);
    for (size_t i = common; order == 0 && i < a.size; i++)
        order = a.data[i];
    return order <= 0;
}

static void check_set(struct flaws *flaws, struct slice content, const char *field)
{
    struct der in = pcai_der(content);
    struct slice before = {NULL, 0}, whole;
    for (; !pcai_der_at_end(&in); before = whole) {
        if (pcai_der_any(&in, NULL, NULL, &whole) != 0)
            return;
        if (before.data && !in_order(before, whole))
            pcai_lint_flaw(flaws, FLAW_SET, field, "the elements of a SET OF are not sorted");
    }
}

/* Subidentifiers in base 128, the last octet of each below 128, none with a leading zero. */
static int oid_is_sound(struct slice c)
{
    int first = 1;
    for (size_t i = 0; i < c.size; i++) {
        if (first && c.data[i] == SUBIDENTIFIER_MORE)
            return 0;
        first = !(c.data[i] & SUBIDENTIFIER_MORE);
    }
    return c.size && first;
}

static int bits_are_sound(struct slice c)
{
    if (c.size < 2)
        return c.size == 1 && c.data[0] == 0;
    return c.data[0] <= 7 && (c.data[c.size - 1] & ((1u << c.data[0]) - 1)) == 0;
}

static int check_primitive(struct flaws *flaws, uint8_t tag, struct slice c, const char *field)
{
    switch (tag) {
    case DER_BOOLEAN:
        if (c.size != 1)
            return pcai_lint_flaw(flaws, FLAW_FORM, field, "a BOOLEAN is not one octet");
        if (c.data[0] != 0 && c.data[0] != 0xFF)
            pcai_lint_flaw(flaws, FLAW_BOOLEAN, field, "a BOOLEAN is neither 00 nor FF");
        return 0;
    case DER_NULL:
        return c.size == 0 ? 0 : pcai_lint_flaw(flaws, FLAW_FORM, field, "a NULL has contents");
    case DER_OID:
        return oid_is_sound(c) ? 0 : pcai_lint_flaw(flaws, FLAW_FORM, field, "an OBJECT IDENTIFIER is malformed");
    case DER_BIT_STRING:
        return bits_are_sound(c) ? 0 : pcai_lint_flaw(flaws, FLAW_FORM, field, "a BIT STRING's unused bits are wrong, or not zero");
    case DER_SEQUENCE & ~CONSTRUCTED:
    case DER_SET & ~CONSTRUCTED:
        return pcai_lint_flaw(flaws, FLAW_FORM, field, "a SEQUENCE or SET is encoded as primitive");
    default:
        return 0;
    }
}

static int walk(struct flaws *flaws, struct slice in, const char *field, int depth)
{
    struct der at = pcai_der(in);
    uint8_t tag;
    struct slice content;
    if (depth == LINT_DEPTH_MAX)
        return pcai_lint_flaw(flaws, FLAW_FORM, field, "elements are nested too deeply");
    while (!pcai_der_at_end(&at)) {
        if (pcai_der_any(&at, &tag, &content, NULL) != 0)
            return pcai_lint_flaw(flaws, FLAW_FORM, field, "a tag or length is cut off, indefinite, or not in the shortest form");
        if (!(tag & CONSTRUCTED)) {
            if (check_primitive(flaws, tag, content, field) != 0)
                return -1;
            continue;
        }
        if (UNIVERSAL(tag) && tag != DER_SEQUENCE && tag != DER_SET)
            return pcai_lint_flaw(flaws, FLAW_FORM, field, "a primitive type is encoded as constructed");
        if (walk(flaws, content, field, depth + 1) != 0)
            return -1;
        if (tag == DER_SET)
            check_set(flaws, content, field);
    }
    return 0;
}

int pcai_lint_walk(struct flaws *flaws, struct slice in, const char *field)
{
    return walk(flaws, in, field, 0);
}

const char *pcai_lint_der(struct slice in)
{
    struct flaws flaws = {0};
    struct der at = pcai_der(in);
    pcai_lint_walk(&flaws, in, "");
    for (int i = 0; i < FLAW_COUNT; i++)
        if (flaws.at[i].what)
            return flaws.at[i].what;
    return pcai_der_any(&at, NULL, NULL, NULL) == 0 && pcai_der_at_end(&at) ? NULL : "there is not exactly one element";
}

/* ---- The lints ---- */

static void report(struct lint_run *run, enum flaw flaw)
{
    if (run->tbs.flaws.at[flaw].what)
        pcai_lint_found(run, LINT_ERROR, run->tbs.flaws.at[flaw].field, "%s", run->tbs.flaws.at[flaw].what);
}

/* X.690 10.1, and the forms of RFC 5280 as such. */
static void der_strict_lengths(struct lint_run *run)
{
    report(run, FLAW_FORM);
}

/* X.690 11.5 */
static void der_no_default_encoded(struct lint_run *run)
{
    report(run, FLAW_DEFAULT);
}

/* X.690 11.1 */
static void der_boolean_true_ff(struct lint_run *run)
{
    report(run, FLAW_BOOLEAN);
}

/* X.690 11.6 */
static void der_set_of_sorted(struct lint_run *run)
{
    report(run, FLAW_SET);
}

static const struct lint lints[] = {
    {"der_strict_lengths", LINT_ON_ALL, der_strict_lengths},
    {"der_no_default_encoded", LINT_ON_ALL, der_no_default_encoded},
    {"der_boolean_true_ff", LINT_ON_ALL, der_boolean_true_ff},
    {"der_set_of_sorted", LINT_ON_ALL, der_set_of_sorted},
};
const struct lint_group pcai_lints_der = LINT_GROUP(lints);
