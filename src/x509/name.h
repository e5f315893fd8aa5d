/* Distinguished names (RFC 5280 4.1.2.4): one attribute per RDN. */
#ifndef PCAI_NAME_H
#define PCAI_NAME_H

#include "x509/oid.h"

#define PCAI_NAME_ATTRIBUTES_MAX 16

struct attribute {
    enum oid type;      /* of the attribute types in oid.h; OID_NONE when only raw is known */
    struct slice raw;   /* the type's contents octets */
    struct slice value; /* UTF-8 */
    struct slice whole; /* reading only, as the next: the value with its header */
    size_t rdn;         /* number of the RDN that it stands in */
};
struct name {
    struct attribute attributes[PCAI_NAME_ATTRIBUTES_MAX];
    size_t count;
};

/* The attribute type that an OID's contents name; OID_NONE when it is not in the table, or no attribute's. */
enum oid pcai_attribute_type(struct slice oid);
/* Most characters of an attribute's value (RFC 5280 appendix A.1); of an unknown type 255. */
size_t pcai_attribute_upper_bound(enum oid type);
/* One attribute's value against RFC 5280 appendix A: its upper bound in characters, UTF-8 without control characters, no
 * outer space, more than dots and dashes; country two capital letters. NAME, with the field and the limit in the text. */
int pcai_attribute_check(enum oid type, struct slice value, const char *field, pca_error *err);
/* Name ::= SEQUENCE OF SET OF SEQUENCE { type, value }: country, serialNumber and dnQualifier PrintableString, domainComponent and
 * emailAddress IA5String, others PrintableString when the alphabet allows and UTF8String otherwise. */
void pcai_name_write(struct buf *out, const struct name *name);
/* Reads a Name whole (tag included). Multi-valued RDNs are read attribute by attribute. Value types PrintableString,
 * UTF8String and IA5String are taken; others, too many attributes and bad DER are -1. Values point into der. */
int pcai_name_read(struct slice der, struct name *name);
/* The first attribute of that type; NULL data when there is none. */
struct slice pcai_name_find(const struct name *name, enum oid type);
/* RFC 4514, most specific first: "CN=db1,O=Example\\, Inc". UTF-8 without control characters, whatever the values hold. */
void pcai_name_text(struct slice der, struct buf *out);
/* The same read: one attribute in each RDN, types by name or as object identifiers, values escaped or as "#" and their DER in
 * hexadecimal, and spaces around separators let pass. Written as pcai_name_write does. NAME says what is wrong. */
int pcai_name_parse(struct slice text, const char *field, struct buf *out, pca_error *err);

/* RFC 5280 7.1 for Names, whole: RDNs in their order, attributes of one in any, values with case folded, characters that
 * cannot be seen left out, white space trimmed and inner runs as one space. Folded are ASCII, Greek and full-width letters, Latin up to
 * U+017E and Cyrillic up to U+045F, one to one; composed forms are as they are. 1, 0, or -1 when either cannot be read. */
int pcai_name_same(struct slice a, struct slice b);
/* Are the RDNs of base the first of name (RFC 5280 4.2.1.10)? */
int pcai_name_is_within(struct slice name, struct slice base);

#endif
