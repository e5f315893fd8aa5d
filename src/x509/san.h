/* GeneralNames of subjectAltName (RFC 5280 4.2.1.6): checked, canonical, and back to text. */
#ifndef PCAI_SAN_H
#define PCAI_SAN_H

#include "base/der.h"

/* Given by the caller or taken from a CSR; the common name of a server comes on top. */
#define PCAI_SAN_MAX 10
/* Of a certificate that another CA issued. */
#define PCAI_SAN_READ_MAX 100
/* Octets of a host name, and of a label in it (RFC 1035 2.3.4). */
#define PCAI_DNS_MAX 253
#define PCAI_LABEL_MAX 63

struct general_name {
    int type;           /* PCA_SAN_ */
    struct slice value; /* contents octets: IA5 text, or 4 or 16 octets of address */
};

/* Checks text as that kind and appends the canonical contents octets to out: hosts in lower case, addresses as octets,
 * the domain of a mail address in lower case. SAN, with field and what is wrong:
 * dNSName: LDH labels of 1..63, 253 in all, no trailing dot, not an IP address, "*" only as the whole first label with at
 * least two labels after it, xn-- labels well-formed, U-labels (non-ASCII) refused and told to be given as A-labels.
 * rfc822Name: local@domain, ASCII, local part a dot-atom of at most 64. URI: absolute, ASCII, RFC 3986 characters, host a
 * name or address where an authority stands. At most 253 octets each, a URI 1024. */
int pcai_san_canonical(int type, struct slice text, const char *field, struct buf *out, pca_error *err);
/* The same rules on a GeneralName's contents octets as a CSR or certificate holds them. */
int pcai_san_check(const struct general_name *name, const char *field, pca_error *err);
/* The octets of an address, 4 or 16; 0 when it is none. */
size_t pcai_ip_parse(struct slice text, uint8_t out[16]);
/* Is a text an IP address, a host name? Used for a server's common name. */
int pcai_is_ip(struct slice text);
int pcai_is_dns(struct slice text);

/* GeneralNames ::= SEQUENCE OF GeneralName, whole. */
void pcai_san_write(struct buf *out, const struct general_name *names, size_t count);
/* Reads GeneralNames (whole): at most max names of the four kinds. -1: bad DER, empty, too many. *other counts names of
 * other kinds, which are skipped. */
int pcai_san_read(struct slice der, struct general_name *names, size_t max, size_t *count, size_t *other);
/* "db1.internal", "10.0.0.1", "2001:db8::1". */
void pcai_san_text(const struct general_name *name, struct buf *out);

#endif
