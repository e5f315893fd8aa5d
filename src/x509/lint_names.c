/* Distinguished names (RFC 5280 4.1.2.4 and appendix A.1): subject, issuer, and directoryNames among general names. */
#include "x509/lint_internal.h"

#include <string.h>

#include "base/text.h"

enum { NUMERIC_STRING = 0x12, T61_STRING = 0x14, VISIBLE_STRING = 0x1A, UNIVERSAL_STRING = 0x1C, BMP_STRING = 0x1E };

/* A Name and where it stands. The issuer's, and that of a CA that exists, is a copy that no request can change: what is wrong in
 * it is noted only. */
struct place {
    const char *field;
    int severity;
};

static struct place subject_place(const struct lint_run *run)
{
    return (struct place){"subject", run->context->kept ? LINT_NOTE : LINT_ERROR};
}

typedef void attribute_check(struct lint_run *run, const struct place *place, const struct lint_attribute *a);

static void each_in(struct lint_run *run, struct slice name, const struct place *place, attribute_check *check)
{
    struct lint_attributes at = pcai_lint_attributes(name);
    struct lint_attribute a;
    while (pcai_lint_next_attribute(&at, &a))
        check(run, place, &a);
}

static void each_directory(struct lint_run *run, enum oid extension, struct der names, attribute_check *check)
{
    struct place place = {pcai_oid_name(extension), LINT_ERROR};
    struct lint_general g;
    while (pcai_lint_next_general(&names, &g) == 1)
        if (g.type == PCA_SAN_DIRECTORY)
            each_in(run, g.value, &place, check);
}

static void each_attribute(struct lint_run *run, attribute_check *check)
{
    struct place subject = subject_place(run);
    each_in(run, run->tbs.subject, &subject, check);
    if (run->context->role != LINT_ROOT)
        each_in(run, run->tbs.issuer, &(struct place){"issuer", LINT_NOTE}, check);
    each_directory(run, OID_SUBJECT_ALT_NAME, pcai_lint_sequence(&run->tbs, OID_SUBJECT_ALT_NAME), check);
    struct lint_subtrees subtrees = pcai_lint_subtrees(&run->tbs);
    struct lint_subtree subtree;
    while (pcai_lint_next_subtree(&subtrees, &subtree))
        if (subtree.base.type == PCA_SAN_DIRECTORY)
            each_in(run, subtree.base.value, &(struct place){pcai_oid_name(OID_NAME_CONSTRAINTS), LINT_ERROR}, check);
}

static int wide(uint8_t tag)
{
    return tag == BMP_STRING || tag == UNIVERSAL_STRING;
}

static int is_string(uint8_t tag)
{
    return tag == DER_UTF8_STRING || tag == DER_PRINTABLE_STRING || tag == DER_IA5_STRING || tag == NUMERIC_STRING || tag == T61_STRING ||
           tag == VISIBLE_STRING;
}

static int has_nul(const struct lint_attribute *a)
{
    return is_string(a->tag) && a->value.size && memchr(a->value.data, 0, a->value.size);
}

static int ascii_only(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] >= 0x80)
            return 0;
    return 1;
}

/* ---- One attribute. A country is judged by its own lint alone, and so is a value that holds a NUL. ---- */

static int judged_elsewhere(const struct lint_attribute *a)
{
    return a->type == OID_COUNTRY || has_nul(a);
}

static void check_country(struct lint_run *run, const struct place *place, const struct lint_attribute *a)
{
    struct slice v = a->value;
    if (a->type != OID_COUNTRY || has_nul(a))
        return;
    if (a->tag != DER_PRINTABLE_STRING || v.size != 2 || v.data[0] < 'A' || v.data[0] > 'Z' || v.data[1] < 'A' || v.data[1] > 'Z')
        pcai_lint_found(run, place->severity, place->field, "C is a PrintableString of two capital letters");
}

static void country_two_letters(struct lint_run *run)
{
    each_attribute(run, check_country);
}

/* DirectoryString, but for serialNumber and dnQualifier (PrintableString) and domainComponent (IA5String). */
static void check_type(struct lint_run *run, const struct place *place, const struct lint_attribute *a)
{
    const char *name = pcai_lint_attribute_name(a);
    if (judged_elsewhere(a) || a->type == OID_EMAIL_ADDRESS)
        return;
    if ((a->type == OID_SERIAL_NUMBER || a->type == OID_DN_QUALIFIER) && a->tag != DER_PRINTABLE_STRING)
        pcai_lint_found(run, place->severity, place->field, "%s is a PrintableString", name);
    else if (a->type == OID_DOMAIN_COMPONENT && (a->tag != DER_IA5_STRING || !ascii_only(a->value)))
        pcai_lint_found(run, place->severity, place->field, "%s is an IA5String", name);
    else if (a->type != OID_NONE && a->type != OID_DOMAIN_COMPONENT && a->tag != DER_PRINTABLE_STRING && a->tag != DER_UTF8_STRING)
        pcai_lint_found(run, place->severity, place->field, "%s is a PrintableString or a UTF8String", name);
    else if (a->type == OID_NONE && (a->tag == T61_STRING || wide(a->tag)))
        pcai_lint_found(run, place->severity, place->field, "an attribute has a string type of the past");
}

static void directorystring_type(struct lint_run *run)
{
    each_attribute(run, check_type);
}

static void check_alphabet(struct lint_run *run, const struct place *place, const struct lint_attribute *a)
{
    if (a->tag != DER_PRINTABLE_STRING || judged_elsewhere(a))
        return;
    for (size_t i = 0; i < a->value.size; i++) {
        int c = a->value.data[i];
        if (!pcai_is_alpha(c) && !pcai_is_digit(c) && !strchr(" '()+,-./:=?", c)) {
            pcai_lint_found(run, place->severity, place->field, "%s is a PrintableString with the octet %02x", pcai_lint_attribute_name(a),
                            (unsigned)c);
            return;
        }
    }
}

static void printablestring_alphabet(struct lint_run *run)
{
    each_attribute(run, check_alphabet);
}

static void check_utf8(struct lint_run *run, const struct place *place, const struct lint_attribute *a)
{
    if (a->tag == DER_UTF8_STRING && !judged_elsewhere(a) && !pcai_utf8_printable(a->value, NULL))
        pcai_lint_found(run, place->severity, place->field, "%s is not UTF-8, or has a control character", pcai_lint_attribute_name(a));
}

static void utf8string_valid(struct lint_run *run)
{
    each_attribute(run, check_utf8);
}

static int is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int only_punctuation(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] != '.' && s.data[i] != '-' && !is_space(s.data[i]))
            return 0;
    return 1;
}

static void check_space(struct lint_run *run, const struct place *place, const struct lint_attribute *a)
{
    struct slice v = a->value;
    if (!is_string(a->tag) || judged_elsewhere(a) || v.size == 0)
        return;
    if (only_punctuation(v))
        pcai_lint_found(run, place->severity, place->field, "%s is nothing but dots, dashes and spaces", pcai_lint_attribute_name(a));
    else if (is_space(v.data[0]) || is_space(v.data[v.size - 1]))
        pcai_lint_found(run, place->severity, place->field, "%s begins or ends with a space", pcai_lint_attribute_name(a));
}

static void dn_no_outer_space(struct lint_run *run)
{
    each_attribute(run, check_space);
}

/* Characters: of UTF-8 those octets that begin one, of other strings all. */
static size_t characters(const struct lint_attribute *a)
{
    size_t count = 0;
    for (size_t i = 0; i < a->value.size; i++)
        count += a->tag != DER_UTF8_STRING || (a->value.data[i] & 0xC0) != 0x80;
    return count;
}

static void check_bounds(struct lint_run *run, const struct place *place, const struct lint_attribute *a)
{
    size_t most = pcai_attribute_upper_bound(a->type), count = characters(a);
    if (a->type == OID_NONE || !is_string(a->tag) || judged_elsewhere(a))
        return;
    if (count == 0 || count > most)
        pcai_lint_found(run, place->severity, place->field, "%s has %zu characters; 1 to %zu are possible", pcai_lint_attribute_name(a), count,
                        most);
}

static void dn_upper_bounds(struct lint_run *run)
{
    each_attribute(run, check_bounds);
}

/* ---- The attributes of one name together ---- */

/* domainComponents stand one for each label, and may be alike. */
static void check_duplicates(struct lint_run *run, struct slice name, const struct place *place)
{
    struct lint_attributes at = pcai_lint_attributes(name);
    struct lint_attribute a, other;
    for (size_t i = 0; pcai_lint_next_attribute(&at, &a); i++) {
        struct lint_attributes before = pcai_lint_attributes(name);
        if (a.place_in_rdn)
            pcai_lint_found(run, place->severity, place->field, "%s shares its RDN with another attribute", pcai_lint_attribute_name(&a));
        for (size_t j = 0; j < i && pcai_lint_next_attribute(&before, &other); j++)
            if (a.type != OID_DOMAIN_COMPONENT && pcai_slice_equal(a.oid, other.oid)) {
                pcai_lint_found(run, place->severity, place->field, "%s stands there twice", pcai_lint_attribute_name(&a));
                break;
            }
    }
}

static void dn_no_duplicate_attr(struct lint_run *run)
{
    struct place subject = subject_place(run);
    check_duplicates(run, run->tbs.subject, &subject);
    if (run->context->role != LINT_ROOT)
        check_duplicates(run, run->tbs.issuer, &(struct place){"issuer", LINT_NOTE});
}

/* ---- E-mail addresses ---- */

/* The local part as it is, the domain in any case (RFC 5280 7.5). */
static int same_mailbox(struct slice a, struct slice b)
{
    const uint8_t *at = a.size ? memchr(a.data, '@', a.size) : NULL;
    size_t local = at ? (size_t)(at - a.data) : a.size;
    return pcai_equal_nocase(a, b) && memcmp(a.data, b.data, local) == 0;
}

static int is_in_san(const struct lint_run *run, struct slice address)
{
    struct der names = pcai_lint_sequence(&run->tbs, OID_SUBJECT_ALT_NAME);
    struct lint_general g;
    while (pcai_lint_next_general(&names, &g) == 1)
        if (g.type == PCA_SAN_EMAIL && same_mailbox(g.value, address))
            return 1;
    return 0;
}

/* A server's certificate has no rfc822Name in which the address could stand. */
static int needs_san(const struct lint_run *run)
{
    return run->context->role == LINT_LEAF && run->context->type != PCA_CERT_SERVER;
}

static void email_ia5_and_in_san(struct lint_run *run)
{
    struct lint_attributes at = pcai_lint_attributes(run->tbs.subject);
    struct lint_attribute a;
    while (pcai_lint_next_attribute(&at, &a)) {
        if (a.type != OID_EMAIL_ADDRESS || has_nul(&a))
            continue;
        if (a.tag != DER_IA5_STRING || !ascii_only(a.value))
            pcai_lint_found(run, subject_place(run).severity, "subject", "emailAddress is an IA5String");
        else if (needs_san(run) && !is_in_san(run, a.value))
            pcai_lint_found(run, LINT_ERROR, "subject", "emailAddress is not among the alternative names");
    }
}

/* ---- NUL, wherever a name stands ---- */

static void check_attribute_nul(struct lint_run *run, const struct place *place, const struct lint_attribute *a)
{
    if (has_nul(a))
        pcai_lint_found(run, place->severity, place->field, "%s has a NUL in it", pcai_lint_attribute_name(a));
}

static void check_general_nul(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    int text = g->type == PCA_SAN_EMAIL || g->type == PCA_SAN_DNS || g->type == PCA_SAN_URI;
    if (text && g->value.size && memchr(g->value.data, 0, g->value.size))
        pcai_lint_found(run, LINT_ERROR, pcai_lint_field(place), "a name has a NUL in it");
}

static void no_nul_any_name(struct lint_run *run)
{
    each_attribute(run, check_attribute_nul);
    pcai_lint_each_general(run, check_general_nul);
}

static const struct lint lints[] = {
    {"country_two_letters", LINT_ON_CERTIFICATE, country_two_letters},
    {"directorystring_type", LINT_ON_CERTIFICATE, directorystring_type},
    {"printablestring_alphabet", LINT_ON_CERTIFICATE, printablestring_alphabet},
    {"utf8string_valid", LINT_ON_CERTIFICATE, utf8string_valid},
    {"dn_no_outer_space", LINT_ON_CERTIFICATE, dn_no_outer_space},
    {"dn_upper_bounds", LINT_ON_CERTIFICATE, dn_upper_bounds},
    {"dn_no_duplicate_attr", LINT_ON_CERTIFICATE, dn_no_duplicate_attr},
    {"email_ia5_and_in_san", LINT_ON_CERTIFICATE, email_ia5_and_in_san},
    {"no_nul_any_name", LINT_ON_CERTIFICATE, no_nul_any_name},
};
const struct lint_group pcai_lints_names = LINT_GROUP(lints);
