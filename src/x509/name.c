#include "x509/name.h"

#include <string.h>

#include "base/text.h"

enum oid pcai_attribute_type(struct slice oid)
{
    enum oid known = pcai_oid_find(oid);
    return known > OID_EMAIL_ADDRESS ? OID_NONE : known;
}

size_t pcai_attribute_upper_bound(enum oid type)
{
    switch (type) {
    case OID_COUNTRY:
        return 2;
    case OID_LOCALITY:
    case OID_STATE:
    case OID_STREET:
    case OID_PSEUDONYM:
        return 128;
    case OID_POSTAL_CODE:
        return 16;
    case OID_EMAIL_ADDRESS:
    case OID_UID:
    case OID_NONE:
        return 255;
    case OID_SURNAME:
    case OID_GIVEN_NAME:
    case OID_INITIALS:
    case OID_GENERATION_QUALIFIER:
        return 32768;
    default:
        return 64;
    }
}

static int only_punctuation(struct slice v)
{
    for (size_t i = 0; i < v.size; i++)
        if (v.data[i] != '.' && v.data[i] != '-' && v.data[i] != ' ')
            return 0;
    return 1;
}

static int ascii_only(struct slice v)
{
    for (size_t i = 0; i < v.size; i++)
        if (v.data[i] >= 0x80)
            return 0;
    return 1;
}

static int printable_alphabet(struct slice v)
{
    for (size_t i = 0; i < v.size; i++) {
        int c = v.data[i];
        if (!pcai_is_alpha(c) && !pcai_is_digit(c) && (c == 0 || !strchr(" '()+,-./:=?", c)))
            return 0;
    }
    return 1;
}

static const char *title(enum oid type)
{
    return type == OID_NONE ? "the attribute" : pcai_oid_name(type);
}

int pcai_attribute_check(enum oid type, struct slice value, const char *field, pca_error *err)
{
    size_t characters, most = pcai_attribute_upper_bound(type);
    if (!pcai_utf8_printable(value, &characters))
        return pcai_fail(err, PCA_E_NAME, NULL, field, "%s is not UTF-8, or has a control character", title(type));
    if (characters == 0 || characters > most)
        return pcai_fail(err, PCA_E_NAME, NULL, field, "%s has %zu characters; 1 to %zu are possible", title(type), characters, most);
    if (type == OID_COUNTRY) {
        if (value.size != 2 || value.data[0] < 'A' || value.data[0] > 'Z' || value.data[1] < 'A' || value.data[1] > 'Z')
            return pcai_fail(err, PCA_E_NAME, NULL, field, "C is two capital letters (ISO 3166)");
        return PCA_OK;
    }
    if (value.data[0] == ' ' || value.data[value.size - 1] == ' ')
        return pcai_fail(err, PCA_E_NAME, NULL, field, "%s begins or ends with a space", title(type));
    if (only_punctuation(value))
        return pcai_fail(err, PCA_E_NAME, NULL, field, "%s is nothing but dots, dashes and spaces", title(type));
    if ((type == OID_DOMAIN_COMPONENT || type == OID_EMAIL_ADDRESS) && !ascii_only(value))
        return pcai_fail(err, PCA_E_NAME, NULL, field, "%s is ASCII only", title(type));
    if ((type == OID_SERIAL_NUMBER || type == OID_DN_QUALIFIER) && !printable_alphabet(value))
        return pcai_fail(err, PCA_E_NAME, NULL, field, "%s has only letters, digits and ' ( ) + , - . / : = ?", title(type));
    return PCA_OK;
}

static uint8_t string_type(enum oid type, struct slice value)
{
    if (type == OID_DOMAIN_COMPONENT || type == OID_EMAIL_ADDRESS)
        return DER_IA5_STRING;
    return printable_alphabet(value) ? DER_PRINTABLE_STRING : DER_UTF8_STRING;
}

/* Name ::= SEQUENCE OF RelativeDistinguishedName; RDN ::= SET OF AttributeTypeAndValue
 * AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value DirectoryString } */
void pcai_name_write(struct buf *out, const struct name *name)
{
    size_t sequence = pcai_der_begin(out, DER_SEQUENCE);
    for (size_t i = 0; i < name->count; i++) {
        const struct attribute *a = &name->attributes[i];
        size_t set = pcai_der_begin(out, DER_SET), pair = pcai_der_begin(out, DER_SEQUENCE);
        pcai_der_put(out, DER_OID, a->raw);
        pcai_der_put(out, string_type(a->type, a->value), a->value);
        pcai_der_end(out, pair);
        pcai_der_end(out, set);
    }
    pcai_der_end(out, sequence);
}

static int read_attribute(struct der *set, size_t rdn, struct name *name)
{
    struct der pair;
    struct attribute a = {.rdn = rdn};
    uint8_t tag;
    if (name->count == PCAI_NAME_ATTRIBUTES_MAX || pcai_der_enter(set, DER_SEQUENCE, &pair) != 0 ||
        pcai_der_get_oid(&pair, &a.raw) != 0 || pcai_der_any(&pair, &tag, &a.value, &a.whole) != 0 || !pcai_der_at_end(&pair))
        return -1;
    if (tag != DER_PRINTABLE_STRING && tag != DER_UTF8_STRING && tag != DER_IA5_STRING)
        return -1;
    if (tag != DER_UTF8_STRING && !ascii_only(a.value))
        return -1;
    a.type = pcai_attribute_type(a.raw);
    name->attributes[name->count++] = a;
    return 0;
}

int pcai_name_read(struct slice der, struct name *name)
{
    struct der outer = pcai_der(der), sequence, set;
    name->count = 0;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &sequence) != 0 || !pcai_der_at_end(&outer))
        return -1;
    for (size_t rdn = 0; !pcai_der_at_end(&sequence); rdn++) {
        if (pcai_der_enter(&sequence, DER_SET, &set) != 0 || pcai_der_at_end(&set))
            return -1;
        while (!pcai_der_at_end(&set))
            if (read_attribute(&set, rdn, name) != 0)
                return -1;
    }
    return 0;
}

struct slice pcai_name_find(const struct name *name, enum oid type)
{
    for (size_t i = 0; i < name->count; i++)
        if (name->attributes[i].type == type)
            return name->attributes[i].value;
    return (struct slice){NULL, 0};
}

/* RFC 4514 2.4: special characters get a backslash. What no text should hold, control characters and octets that are no UTF-8, stands in
 * hexadecimal. */
static void put_escaped(struct buf *out, struct slice value)
{
    for (size_t i = 0, length; i < value.size; i += length) {
        int c = value.data[i];
        uint32_t point;
        size_t decoded = pcai_utf8_decode(value.data + i, value.size - i, &point);
        length = decoded ? decoded : 1;
        if (!decoded || !pcai_utf8_printable(pcai_slice(value.data + i, length), NULL)) {
            for (size_t j = 0; j < length; j++)
                pcai_buf_format(out, "\\%02x", value.data[i + j]);
            continue;
        }
        int edge = (c == ' ' && (i == 0 || i + 1 == value.size)) || (c == '#' && i == 0);
        if (edge || strchr("\"+,;<>\\", c))
            pcai_buf_octet(out, '\\');
        pcai_buf_put(out, value.data + i, length);
    }
}

/* RFC 4514 2.4: the value of a type without a name is "#" and its BER. */
static void put_unknown(struct buf *out, const struct attribute *a)
{
    char oid[PCAI_OID_TEXT];
    pcai_oid_text(a->raw, oid, sizeof oid);
    pcai_buf_format(out, "%s=#", oid);
    for (size_t i = 0; i < a->whole.size; i++)
        pcai_buf_format(out, "%02x", a->whole.data[i]);
}

void pcai_name_text(struct slice der, struct buf *out)
{
    struct name name;
    if (pcai_name_read(der, &name) != 0) {
        pcai_buf_text(out, "(unreadable)");
        return;
    }
    for (size_t i = name.count; i-- > 0;) {
        const struct attribute *a = &name.attributes[i];
        if (a->type == OID_NONE) {
            put_unknown(out, a);
        } else {
            pcai_buf_format(out, "%s=", pcai_oid_name(a->type));
            put_escaped(out, a->value);
        }
        if (i)
            pcai_buf_octet(out, ',');
    }
}
