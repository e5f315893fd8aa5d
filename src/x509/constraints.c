#include "x509/constraints.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "x509/name.h"

static const struct slice nothing = {NULL, 0};

/* ---- From text ---- */

static int refuse(pca_error *err, const char *field, const char *why)
{
    return pcai_fail(err, PCA_E_INVALID, NULL, field, "%s", why);
}

/* What a lower function said, as an argument that is wrong. */
static int as_invalid(pca_error *err, int rc)
{
    if (rc == PCA_OK || rc == PCA_E_NO_MEMORY)
        return rc;
    if (err)
        err->code = PCA_E_INVALID;
    return PCA_E_INVALID;
}

static int put_host(struct slice text, const char *field, struct buf *out, pca_error *err)
{
    if (text.size && text.data[0] == '*')
        return refuse(err, field, "a constraint has no wildcard: the names below are meant without one");
    return as_invalid(err, pcai_san_canonical(PCA_SAN_DNS, text, field, out, err));
}

/* ".example.com": the hosts below it. */
static int put_host_or_domain(struct slice text, const char *field, struct buf *out, pca_error *err)
{
    if (!text.size || text.data[0] != '.')
        return put_host(text, field, out, err);
    pcai_buf_octet(out, '.');
    return put_host(pcai_slice(text.data + 1, text.size - 1), field, out, err);
}

static int put_dns(struct slice text, const char *field, struct buf *out, pca_error *err)
{
    if (text.size && text.data[0] == '.')
        return refuse(err, field, "a DNS constraint has no leading dot: the names below are always meant");
    return put_host(text, field, out, err);
}

static int put_mail(struct slice text, const char *field, struct buf *out, pca_error *err)
{
    if (text.size && memchr(text.data, '@', text.size))
        return as_invalid(err, pcai_san_canonical(PCA_SAN_EMAIL, text, field, out, err));
    return put_host_or_domain(text, field, out, err);
}

static int put_uri(struct slice text, const char *field, struct buf *out, pca_error *err)
{
    if (text.size && text.data[0] != '.' && !memchr(text.data, '.', text.size))
        return refuse(err, field, "a URI constraint is a fully qualified host, or \".domain\" for the hosts below it");
    return put_host_or_domain(text, field, out, err);
}

/* The bits of a prefix length at the text's end, -1 when malformed. */
static long read_prefix(struct slice text, long most)
{
    long bits = 0;
    if (text.size == 0 || text.size > 3 || (text.size > 1 && text.data[0] == '0'))
        return -1;
    for (size_t i = 0; i < text.size; i++) {
        if (!pcai_is_digit(text.data[i]))
            return -1;
        bits = bits * 10 + (text.data[i] - '0');
    }
    return bits <= most ? bits : -1;
}

/* iPAddress of a constraint: the address, and as many octets of mask (RFC 4632). */
static int put_range(struct slice text, const char *field, struct buf *out, pca_error *err)
{
    uint8_t address[16], mask[16] = {0};
    const uint8_t *slash = text.size ? memchr(text.data, '/', text.size) : NULL;
    size_t size = slash ? pcai_ip_parse(pcai_slice(text.data, (size_t)(slash - text.data)), address) : 0;
    long bits = size ? read_prefix(pcai_slice(slash + 1, text.size - (size_t)(slash + 1 - text.data)), (long)size * 8) : -1;
    if (bits < 0)
        return refuse(err, field, "an IP constraint is an address and the length of its prefix: \"10.0.0.0/8\", \"2001:db8::/32\"");
    for (long i = 0; i < bits; i++)
        mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
    for (size_t i = 0; i < size; i++)
        if (address[i] & (uint8_t)~mask[i])
            return refuse(err, field, "an IP constraint's address has bits beyond its prefix");
    pcai_buf_put(out, address, size);
    pcai_buf_put(out, mask, size);
    return pcai_buf_check(out, err);
}

int pcai_subtree_parse(int type, struct slice text, const char *field, struct buf *out, pca_error *err)
{
    switch (type) {
    case PCA_SAN_DNS:
        return put_dns(text, field, out, err);
    case PCA_SAN_IP:
        return put_range(text, field, out, err);
    case PCA_SAN_EMAIL:
        return put_mail(text, field, out, err);
    case PCA_SAN_URI:
        return put_uri(text, field, out, err);
    case PCA_SAN_DIRECTORY:
        return as_invalid(err, pcai_name_parse(text, field, out, err));
    default:
        return refuse(err, field, "a constraint is of one of the kinds PCA_SAN_");
    }
}

/* ---- To text ---- */

static void put_range_text(struct slice range, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];
    size_t half = range.size / 2, bits = 0;
    if ((range.size != 8 && range.size != 32) || !inet_ntop(half == 4 ? AF_INET : AF_INET6, range.data, text, sizeof text))
        return;
    while (bits < half * 8 && range.data[half + bits / 8] & 0x80 >> bits % 8)
        bits++;
    pcai_buf_format(out, "%s/%zu", text, bits);
}

void pcai_subtree_text(const struct subtree *subtree, struct buf *out)
{
    switch (subtree->type) {
    case PCA_SAN_DNS:
        pcai_buf_text(out, "DNS ");
        break;
    case PCA_SAN_IP:
        pcai_buf_text(out, "IP ");
        put_range_text(subtree->base, out);
        return;
    case PCA_SAN_EMAIL:
        pcai_buf_text(out, "e-mail ");
        break;
    case PCA_SAN_URI:
        pcai_buf_text(out, "URI ");
        break;
    case PCA_SAN_DIRECTORY:
        pcai_buf_text(out, "directory ");
        pcai_name_text(subtree->base, out);
        return;
    default:
        pcai_buf_text(out, "of another kind");
        return;
    }
    pcai_buf_slice(out, pcai_ascii_printable(subtree->base) ? subtree->base : pcai_slice_text("(unreadable)"));
}

/* ---- The extension ---- */

/* GeneralSubtrees ::= SEQUENCE OF SEQUENCE { base GeneralName, minimum [0] DEFAULT 0, maximum [1] OPTIONAL } */
static void put_list(struct buf *out, const struct subtree *subtrees, size_t count, int excluded)
{
    size_t list = 0;
    for (size_t i = 0; i < count; i++) {
        if (subtrees[i].excluded != excluded)
            continue;
        if (!list)
            list = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(excluded));
        size_t subtree = pcai_der_begin(out, DER_SEQUENCE);
        int directory = subtrees[i].type == PCA_SAN_DIRECTORY; /* a CHOICE: its tag is explicit */
        pcai_der_put(out, directory ? DER_CONTEXT_CONSTRUCTED(PCA_SAN_DIRECTORY) : DER_CONTEXT(subtrees[i].type), subtrees[i].base);
        pcai_der_end(out, subtree);
    }
    if (list)
        pcai_der_end(out, list);
}

/* NameConstraints ::= SEQUENCE { permittedSubtrees [0] GeneralSubtrees OPTIONAL, excludedSubtrees [1] OPTIONAL } */
void pcai_constraints_write(struct buf *out, const struct subtree *subtrees, size_t count)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    put_list(out, subtrees, count, 0);
    put_list(out, subtrees, count, 1);
    pcai_der_end(out, mark);
}

struct subtrees pcai_subtrees(struct slice constraints)
{
    struct subtrees at = {.at = pcai_der(nothing), .excluded = -1};
    struct der outer = pcai_der(constraints);
    at.malformed = pcai_der_enter(&outer, DER_SEQUENCE, &at.lists) != 0 || !pcai_der_at_end(&outer);
    return at;
}

/* Each list once, the permitted one first, neither empty. */
static int next_list(struct subtrees *at)
{
    struct slice list;
    for (int excluded = at->excluded + 1; excluded < 2; excluded++)
        if (pcai_der_optional(&at->lists, DER_CONTEXT_CONSTRUCTED(excluded), &list)) {
            at->excluded = excluded;
            at->at = pcai_der(list);
            return list.size ? 0 : -1;
        }
    return -1;
}

static int is_number(struct slice content, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < content.size && i < 8; i++)
        *value = *value << 8 | content.data[i];
    return content.size && content.size < 8;
}

static int read_base(struct der *in, struct subtree *subtree)
{
    uint8_t tag;
    if (pcai_der_any(in, &tag, &subtree->base, NULL) != 0 || (tag & 0xC0) != 0x80 || (tag & 0x1F) > 8)
        return -1;
    subtree->type = tag & 0x1F;
    int simple = subtree->type == PCA_SAN_DNS || subtree->type == PCA_SAN_EMAIL || subtree->type == PCA_SAN_URI || subtree->type == PCA_SAN_IP;
    if (simple)
        return tag & 0x20 ? -1 : 0;
    if (subtree->type != PCA_SAN_DIRECTORY)
        return 0;
    struct der name = pcai_der(subtree->base);
    return tag & 0x20 && pcai_der_whole(&name, DER_SEQUENCE, &subtree->base) == 0 && pcai_der_at_end(&name) ? 0 : -1;
}

static int read_subtree(struct der *list, struct subtree *subtree)
{
    struct der in;
    struct slice number;
    uint64_t minimum = 0;
    if (pcai_der_enter(list, DER_SEQUENCE, &in) != 0 || read_base(&in, subtree) != 0)
        return -1;
    if (pcai_der_optional(&in, DER_CONTEXT(0), &number) && !is_number(number, &minimum))
        return -1;
    int has_maximum = pcai_der_optional(&in, DER_CONTEXT(1), &number);
    subtree->bounded = minimum != 0 || has_maximum;
    return pcai_der_at_end(&in) ? 0 : -1;
}

int pcai_subtree_next(struct subtrees *at, struct subtree *subtree)
{
    if (at->malformed)
        return -1;
    if (pcai_der_at_end(&at->at) && pcai_der_at_end(&at->lists))
        return 0;
    at->malformed = (pcai_der_at_end(&at->at) && next_list(at) != 0) || at->count++ == PCAI_SUBTREES_READ_MAX || read_subtree(&at->at, subtree) != 0;
    subtree->excluded = at->excluded;
    return at->malformed ? -1 : 1;
}

int pcai_constraints_are_sound(struct slice constraints)
{
    struct subtrees at = pcai_subtrees(constraints);
    struct subtree subtree;
    int rc;
    while ((rc = pcai_subtree_next(&at, &subtree)) == 1)
        ;
    return rc == 0 && at.count > 0;
}

/* ---- Hosts ---- */

static struct slice without_last_dot(struct slice host)
{
    return host.size && host.data[host.size - 1] == '.' ? pcai_slice(host.data, host.size - 1) : host;
}

static int ends_with(struct slice host, struct slice end)
{
    return host.size >= end.size && pcai_equal_nocase(pcai_slice(host.data + (host.size - end.size), end.size), end);
}

/* ".example.com" holds a.example.com. */
static int is_below(struct slice host, struct slice domain)
{
    return host.size > domain.size && domain.data[0] == '.' && ends_with(host, domain);
}

/* RFC 5280: the base with any labels on its left. Of a base with a leading dot at least one, as most have it. */
static int is_at_or_below(struct slice host, struct slice base)
{
    if (base.size == 0)
        return 1;
    if (base.data[0] == '.')
        return is_below(host, base);
    return ends_with(host, base) && (host.size == base.size || host.data[host.size - base.size - 1] == '.');
}

static size_t first_label(struct slice host)
{
    size_t size = 0;
    while (size < host.size && host.data[size] != '.')
        size++;
    return size;
}

/* "*.example.com" stands for a.example.com too, and so may "a*.example.com". */
static int wildcard_reaches(struct slice host, struct slice base)
{
    size_t first = first_label(host), label = first_label(base);
    if (!label || !first || !memchr(host.data, '*', first))
        return 0;
    return pcai_equal_nocase(pcai_slice(base.data + label, base.size - label), pcai_slice(host.data + first, host.size - first));
}

/* A last dot in what others wrote: whether it counts differs, so it counts against the name. */
static int dns_is_inside(struct slice name, const struct subtree *subtree)
{
    if (!subtree->excluded)
        return is_at_or_below(name, subtree->base);
    struct slice host = without_last_dot(name), base = without_last_dot(subtree->base);
    return is_at_or_below(host, base) || wildcard_reaches(host, base);
}

static int host_is_inside(struct slice host, const struct subtree *subtree)
{
    struct slice base = subtree->base;
    if (subtree->excluded) {
        host = without_last_dot(host);
        base = without_last_dot(base);
    }
    if (!base.size)
        return subtree->excluded; /* nobody says what that means */
    return base.data[0] == '.' ? is_below(host, base) : pcai_equal_nocase(host, base);
}

/* ---- The other kinds ---- */

/* The last one: a quoted local part may hold others. */
static const uint8_t *find_at(struct slice mailbox)
{
    for (size_t i = mailbox.size; i > 0; i--)
        if (mailbox.data[i - 1] == '@')
            return mailbox.data + i - 1;
    return NULL;
}

/* The local part minds its case (RFC 5280 7.5); what is excluded is so in any, and with a last dot. */
static int mail_is_inside(struct slice name, const struct subtree *subtree)
{
    const uint8_t *at = find_at(name), *base_at = find_at(subtree->base);
    if (!at || (base_at && base_at == subtree->base.data)) /* "@example.com" is no mailbox, and most read it as the host */
        return subtree->excluded;
    if (!base_at)
        return host_is_inside(pcai_slice(at + 1, name.size - (size_t)(at + 1 - name.data)), subtree);
    if (subtree->excluded)
        return pcai_equal_nocase(without_last_dot(name), without_last_dot(subtree->base));
    return pcai_equal_nocase(name, subtree->base) && memcmp(name.data, subtree->base.data, (size_t)(at - name.data)) == 0;
}

struct slice pcai_uri_host(struct slice uri)
{
    size_t start = 0, end;
    uint8_t octets[16];
    while (start < uri.size && uri.data[start] != ':')
        start++;
    if (uri.size - start < 3 || memcmp(uri.data + start, "://", 3) != 0)
        return nothing;
    start += 3;
    for (end = start; end < uri.size && uri.data[end] != '/' && uri.data[end] != '?' && uri.data[end] != '#'; end++)
        if (uri.data[end] == '@')
            start = end + 1;
    struct slice host = {uri.data + start, end - start};
    if (!host.size || host.data[0] == '[')
        return nothing;
    const uint8_t *colon = memchr(host.data, ':', host.size);
    if (colon)
        host.size = (size_t)(colon - host.data);
    return !host.size || pcai_ip_parse(host, octets) ? nothing : host;
}

static int ip_is_inside(struct slice address, struct slice range)
{
    if (range.size != 2 * address.size)
        return 0;
    for (size_t i = 0; i < address.size; i++)
        if ((address.data[i] ^ range.data[i]) & range.data[address.size + i])
            return 0;
    return 1;
}

/* Ranges of 8 or 32 octets; of others nobody knows what they mean. */
static int range_is_inside(struct slice address, const struct subtree *subtree)
{
    if (subtree->base.size != 8 && subtree->base.size != 32)
        return subtree->excluded;
    return ip_is_inside(address, subtree->base);
}

static int is_inside(const struct general_name *name, const struct subtree *subtree)
{
    int within;
    if (subtree->bounded)
        return subtree->excluded;
    switch (name->type) {
    case PCA_SAN_DNS:
        return dns_is_inside(name->value, subtree);
    case PCA_SAN_EMAIL:
        return mail_is_inside(name->value, subtree);
    case PCA_SAN_URI:
        return host_is_inside(pcai_uri_host(name->value), subtree);
    case PCA_SAN_IP:
        return range_is_inside(name->value, subtree);
    case PCA_SAN_DIRECTORY:
        within = pcai_name_is_within(name->value, subtree->base);
        return within < 0 ? subtree->excluded : within;
    default:
        return subtree->excluded;
    }
}

int pcai_constraints_allow(struct slice constraints, const struct general_name *name, struct subtree *by)
{
    struct subtrees at = pcai_subtrees(constraints);
    struct subtree subtree, refused = {.excluded = -1};
    /* RFC 5280 4.2.1.10: constraints on URIs refuse every URI without a host that is a name. */
    int hostless = name->type == PCA_SAN_URI && !pcai_uri_host(name->value).data, permitted = 0, rc;
    while ((rc = pcai_subtree_next(&at, &subtree)) == 1) {
        if (subtree.type != name->type)
            continue;
        int inside = is_inside(name, &subtree);
        if (hostless || (subtree.excluded && inside)) {
            *by = subtree;
            return 0;
        }
        permitted |= !subtree.excluded && inside;
        if (!subtree.excluded && refused.excluded < 0)
            refused = subtree;
    }
    if (rc != 0)
        return -1;
    if (permitted || refused.excluded < 0)
        return 1;
    *by = refused;
    return 0;
}

/* ---- A certificate's names ---- */

/* Labels with letters, digits, hyphens and underscores, a dot between two at least; asterisks in the first, a dot behind the last. */
static int reads_as_host(struct slice text)
{
    size_t label = 0, dots = 0;
    text = without_last_dot(text);
    for (size_t i = 0; i < text.size; i++) {
        int c = text.data[i];
        if (c == '.' && label == 0)
            return 0;
        if (c != '.' && c != '-' && c != '_' && !(c == '*' && !dots) && !pcai_is_alpha(c) && !pcai_is_digit(c))
            return 0;
        dots += c == '.';
        label = c == '.' ? 0 : label + 1;
    }
    return dots && label;
}

static int judge(struct slice constraints, int type, struct slice value, const char *field, size_t index, struct violation *v)
{
    struct general_name name = {type, value};
    int rc = pcai_constraints_allow(constraints, &name, &v->by);
    if (rc == 1)
        return PCA_OK;
    v->name = name;
    v->san = index;
    if (index == SIZE_MAX)
        snprintf(v->field, sizeof v->field, "%s", field);
    else
        snprintf(v->field, sizeof v->field, "%s[%zu]", field, index);
    return rc == 0 ? PCA_E_CONSTRAINT : PCA_E_CORRUPT;
}

static int check_subject(struct slice constraints, const struct constrained *names, int has_dns, struct violation *v)
{
    struct name subject;
    if (pcai_name_read(names->subject, &subject) != 0)
        return PCA_E_NAME;
    int rc = subject.count ? judge(constraints, PCA_SAN_DIRECTORY, names->subject, "subject", SIZE_MAX, v) : PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < subject.count; i++) {
        const struct attribute *a = &subject.attributes[i];
        if (a->type == OID_EMAIL_ADDRESS)
            rc = judge(constraints, PCA_SAN_EMAIL, a->value, "subject", SIZE_MAX, v);
        if (a->type == OID_COMMON_NAME && !names->is_ca && !has_dns && reads_as_host(a->value))
            rc = judge(constraints, PCA_SAN_DNS, a->value, "common_name", SIZE_MAX, v);
    }
    return rc;
}

int pcai_constraints_check(struct slice constraints, const struct constrained *names, struct violation *v)
{
    struct der outer = pcai_der(names->san), in = pcai_der(nothing);
    int has_dns = 0, rc = PCA_OK;
    if (names->san.data && (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer)))
        return PCA_E_NAME;
    for (size_t i = 0; rc == PCA_OK && !pcai_der_at_end(&in); i++) {
        struct subtree name; /* the form of a base is that of a name */
        if (read_base(&in, &name) != 0)
            return PCA_E_NAME;
        has_dns |= name.type == PCA_SAN_DNS;
        rc = judge(constraints, name.type, name.base, "san", i, v);
    }
    return rc == PCA_OK ? check_subject(constraints, names, has_dns, v) : rc;
}
