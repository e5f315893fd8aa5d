#include "x509/san.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"

#define MAIL_LOCAL_MAX 64
#define URI_MAX 1024
#define IP_TEXT_MAX 63

static int refuse(pca_error *err, const char *field, const char *why)
{
    return pcai_fail(err, PCA_E_SAN, NULL, field, "%s", why);
}

/* ---- IP addresses ---- */

size_t pcai_ip_parse(struct slice text, uint8_t out[16])
{
    char copy[IP_TEXT_MAX + 1];
    if (text.size == 0 || text.size > IP_TEXT_MAX || memchr(text.data, 0, text.size))
        return 0;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    return inet_pton(AF_INET, copy, out) == 1 ? 4 : inet_pton(AF_INET6, copy, out) == 1 ? 16 : 0;
}

int pcai_is_ip(struct slice text)
{
    uint8_t octets[16];
    return pcai_ip_parse(text, octets) != 0;
}

/* ---- Host names ---- */

/* RFC 3492: decodes; -1 for overflow, bad digits, or a result without any non-ASCII character. */
static int punycode_check(struct slice in)
{
    uint32_t n = 128, i = 0, bias = 72, length = 0, points = 0;
    size_t at = 0;
    for (size_t j = 0; j < in.size; j++)
        if (in.data[j] == '-')
            length = (uint32_t)j;
    if (length)
        at = length + 1;
    while (at < in.size) {
        uint32_t old = i, weight = 1;
        for (uint32_t k = 36;; k += 36) {
            if (at == in.size)
                return -1;
            int c = pcai_lower((char)in.data[at++]);
            if (!pcai_is_alpha(c) && !pcai_is_digit(c))
                return -1;
            uint32_t digit = pcai_is_digit(c) ? (uint32_t)(c - '0' + 26) : (uint32_t)(c - 'a');
            if (digit > (UINT32_MAX - i) / weight)
                return -1;
            i += digit * weight;
            uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
            if (digit < t)
                break;
            if (weight > UINT32_MAX / (36 - t))
                return -1;
            weight *= 36 - t;
        }
        length++;
        uint32_t delta = old ? (i - old) / 2 : i / 700;
        delta += delta / length;
        uint32_t k = 0;
        for (; delta > 455; k += 36)
            delta /= 35;
        bias = k + 36 * delta / (delta + 38);
        if (i / length > 0x10FFFF - n)
            return -1;
        n += i / length;
        i = i % length + 1;
        points++;
        if (n >= 0xD800 && n < 0xE000)
            return -1;
    }
    return points ? 0 : -1;
}

static int check_label(struct slice label, const char *field, pca_error *err)
{
    if (label.size == 0)
        return refuse(err, field, "a DNS name has an empty label, a leading dot or a trailing dot");
    if (label.size > PCAI_LABEL_MAX)
        return pcai_fail(err, PCA_E_SAN, NULL, field, "a label of a DNS name has %zu octets; %d are possible", label.size, PCAI_LABEL_MAX);
    for (size_t i = 0; i < label.size; i++) {
        int c = label.data[i];
        if (c >= 0x80)
            return refuse(err, field, "a DNS name has a character that is not ASCII; give it in A-labels (xn--...)");
        if (!pcai_is_alpha(c) && !pcai_is_digit(c) && c != '-')
            return refuse(err, field, c == '*' ? "an asterisk is the whole first label, and nothing else" : "a DNS name has letters, digits and hyphens only");
    }
    if (label.data[0] == '-' || label.data[label.size - 1] == '-')
        return refuse(err, field, "a label of a DNS name begins or ends with a hyphen");
    if (label.size >= 4 && label.data[2] == '-' && label.data[3] == '-') {
        struct slice prefix = {label.data, 4};
        if (!pcai_equal_nocase(prefix, pcai_slice_text("xn--")) || punycode_check(pcai_slice(label.data + 4, label.size - 4)) != 0)
            return refuse(err, field, "a label with hyphens in third and fourth place is not a well-formed A-label (RFC 5890)");
    }
    return PCA_OK;
}

static int check_dns(struct slice text, const char *field, pca_error *err)
{
    size_t start = 0, labels = 0;
    int wildcard = text.size > 0 && text.data[0] == '*' && (text.size == 1 || text.data[1] == '.');
    if (text.size == 0 || text.size > PCAI_DNS_MAX)
        return pcai_fail(err, PCA_E_SAN, NULL, field, "a DNS name has 1 to %d octets; this has %zu", PCAI_DNS_MAX, text.size);
    if (pcai_is_ip(text))
        return refuse(err, field, "an IP address is not a DNS name; add it as an address");
    if (wildcard)
        start = text.size == 1 ? 1 : 2;
    for (size_t i = start; i <= text.size && start <= text.size; i++) {
        if (i < text.size && text.data[i] != '.')
            continue;
        if (wildcard && text.size == 1)
            break;
        int rc = check_label(pcai_slice(text.data + start, i - start), field, err);
        if (rc != PCA_OK)
            return rc;
        start = i + 1;
        labels++;
    }
    if (wildcard && labels < 2)
        return refuse(err, field, "a wildcard needs at least two labels after the asterisk");
    return PCA_OK;
}

/* A last label of digits alone would be read as an address (RFC 3696 2). */
static int last_label_numeric(struct slice text)
{
    size_t i = text.size;
    while (i > 0 && pcai_is_digit(text.data[i - 1]))
        i--;
    return i < text.size && (i == 0 || text.data[i - 1] == '.');
}

static int check_host(struct slice text, const char *field, pca_error *err)
{
    int rc = check_dns(text, field, err);
    if (rc == PCA_OK && last_label_numeric(text))
        return refuse(err, field, "the last label of a DNS name is not a number");
    return rc;
}

int pcai_is_dns(struct slice text)
{
    return check_host(text, "", NULL) == PCA_OK;
}

/* ---- Mail addresses ---- */

/* Mailbox of RFC 5321 4.1.2, local part a dot-atom. */
static int check_mail(struct slice text, const char *field, pca_error *err)
{
    const uint8_t *at = NULL;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '@' && at)
            return refuse(err, field, "an e-mail address has one @");
        if (text.data[i] == '@')
            at = text.data + i;
    }
    if (!at || at == text.data)
        return refuse(err, field, "an e-mail address is local@domain");
    size_t local = (size_t)(at - text.data);
    if (local > MAIL_LOCAL_MAX || text.size > PCAI_DNS_MAX)
        return pcai_fail(err, PCA_E_SAN, NULL, field, "an e-mail address has at most %d octets, %d of them before the @", PCAI_DNS_MAX, MAIL_LOCAL_MAX);
    for (size_t i = 0; i < local; i++) {
        int c = text.data[i];
        int dot = c == '.' && i > 0 && i + 1 < local && text.data[i - 1] != '.';
        if (!pcai_is_alpha(c) && !pcai_is_digit(c) && !dot && (c == 0 || !strchr("!#$%&'*+-/=?^_`{|}~", c)))
            return refuse(err, field, "the part before the @ is ASCII words joined by dots");
    }
    struct slice domain = {at + 1, text.size - local - 1};
    if (domain.size && domain.data[0] == '*')
        return refuse(err, field, "an e-mail address has no wildcard");
    return check_host(domain, field, err);
}

/* ---- URIs ---- */

static int check_authority(struct slice authority, const char *field, pca_error *err)
{
    for (size_t i = 0; i < authority.size; i++)
        if (authority.data[i] == '@')
            return refuse(err, field, "a URI with a user part is refused");
    uint8_t octets[16];
    if (authority.size && authority.data[0] == '[') {
        const uint8_t *end = memchr(authority.data, ']', authority.size);
        if (!end || pcai_ip_parse(pcai_slice(authority.data + 1, (size_t)(end - authority.data) - 1), octets) != 16)
            return refuse(err, field, "the URI's IPv6 address is malformed");
        authority = (struct slice){end + 1, authority.size - (size_t)(end + 1 - authority.data)};
    } else {
        const uint8_t *colon = authority.size ? memchr(authority.data, ':', authority.size) : NULL;
        struct slice host = {authority.data, colon ? (size_t)(colon - authority.data) : authority.size};
        if (host.size && host.data[0] == '*')
            return refuse(err, field, "a URI's host has no wildcard");
        int rc = pcai_ip_parse(host, octets) == 4 ? PCA_OK : check_host(host, field, err);
        if (rc != PCA_OK)
            return rc;
        if (!memchr(host.data, '.', host.size)) /* RFC 5280 4.2.1.6 */
            return refuse(err, field, "a URI's host is a fully qualified domain name or an IP address");
        authority = (struct slice){host.data + host.size, authority.size - host.size};
    }
    if (authority.size == 0)
        return PCA_OK;
    unsigned long port = 0;
    for (size_t i = 1; i < authority.size && port < 65536; i++)
        port = pcai_is_digit(authority.data[i]) ? port * 10 + (unsigned long)(authority.data[i] - '0') : 65536;
    return authority.data[0] == ':' && authority.size > 1 && port > 0 && port < 65536 ? PCA_OK : refuse(err, field, "the URI's port is malformed");
}

/* RFC 3986 2 and 3: brackets stand in the authority only, a number sign only before the fragment. */
static int check_uri_characters(struct slice rest, size_t authority_end, const char *field, pca_error *err)
{
    int fragment = 0;
    for (size_t i = 0; i < rest.size; i++) {
        int c = rest.data[i];
        if (c == '%') {
            if (i + 2 >= rest.size || !pcai_is_hex(rest.data[i + 1]) || !pcai_is_hex(rest.data[i + 2]))
                return refuse(err, field, "a percent sign in a URI begins an escape of two hexadecimal digits");
            continue;
        }
        int misplaced = (c == '#' && fragment) || ((c == '[' || c == ']') && i >= authority_end);
        fragment |= c == '#';
        if (misplaced || (!pcai_is_alpha(c) && !pcai_is_digit(c) && (c == 0 || !strchr("-._~:/?#[]@!$&'()*+,;=", c))))
            return refuse(err, field, "a URI has the characters of RFC 3986 only, each in its place; escape others");
    }
    return PCA_OK;
}

static int check_uri(struct slice text, const char *field, pca_error *err)
{
    size_t scheme = 0;
    if (text.size == 0 || text.size > URI_MAX)
        return pcai_fail(err, PCA_E_SAN, NULL, field, "a URI has 1 to %d octets; this has %zu", URI_MAX, text.size);
    while (scheme < text.size && (pcai_is_alpha(text.data[scheme]) || (scheme && (pcai_is_digit(text.data[scheme]) || (text.data[scheme] != 0 && strchr("+-.", text.data[scheme]))))))
        scheme++;
    if (scheme == 0 || scheme + 1 >= text.size || text.data[scheme] != ':')
        return refuse(err, field, "a URI is absolute: scheme:something");
    struct slice rest = {text.data + scheme + 1, text.size - scheme - 1};
    int has_authority = rest.size >= 2 && rest.data[0] == '/' && rest.data[1] == '/';
    size_t end = has_authority ? 2 : 0; /* of the authority, in rest */
    while (has_authority && end < rest.size && (rest.data[end] == 0 || !strchr("/?#", rest.data[end])))
        end++;
    int rc = check_uri_characters(rest, end, field, err);
    return rc == PCA_OK && has_authority ? check_authority(pcai_slice(rest.data + 2, end - 2), field, err) : rc;
}

/* ---- Entry points ---- */

static int check_text(int type, struct slice text, const char *field, pca_error *err)
{
    switch (type) {
    case PCA_SAN_DNS:
        return check_host(text, field, err);
    case PCA_SAN_EMAIL:
        return check_mail(text, field, err);
    case PCA_SAN_URI:
        return check_uri(text, field, err);
    case PCA_SAN_IP:
        return pcai_is_ip(text) ? PCA_OK : refuse(err, field, "not an IPv4 or IPv6 address");
    default:
        return refuse(err, field, "a kind of alternative name that is not issued");
    }
}

int pcai_san_canonical(int type, struct slice text, const char *field, struct buf *out, pca_error *err)
{
    uint8_t octets[16];
    int rc = check_text(type, text, field, err);
    if (rc != PCA_OK)
        return rc;
    size_t before = out->size, lower_from = 0;
    if (type == PCA_SAN_IP) {
        pcai_buf_put(out, octets, pcai_ip_parse(text, octets));
        return pcai_buf_check(out, err);
    }
    pcai_buf_slice(out, text);
    rc = pcai_buf_check(out, err);
    if (rc != PCA_OK || type == PCA_SAN_URI)
        return rc;
    if (type == PCA_SAN_EMAIL)
        while (out->data[before + lower_from] != '@')
            lower_from++;
    pcai_lower_all((char *)out->data + before + lower_from, text.size - lower_from);
    return PCA_OK;
}

int pcai_san_check(const struct general_name *name, const char *field, pca_error *err)
{
    if (name->type == PCA_SAN_IP)
        return name->value.size == 4 || name->value.size == 16 ? PCA_OK : refuse(err, field, "an IP address has 4 or 16 octets");
    return check_text(name->type, name->value, field, err);
}

/* GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName; the kinds here are IMPLICIT IA5String and OCTET STRING. */
void pcai_san_write(struct buf *out, const struct general_name *names, size_t count)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    for (size_t i = 0; i < count; i++)
        pcai_der_put(out, DER_CONTEXT(names[i].type), names[i].value);
    pcai_der_end(out, mark);
}

int pcai_san_read(struct slice der, struct general_name *names, size_t max, size_t *count, size_t *other)
{
    struct der outer = pcai_der(der), in;
    size_t found = 0, skipped = 0;
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || !pcai_der_at_end(&outer) || pcai_der_at_end(&in))
        return -1;
    while (!pcai_der_at_end(&in)) {
        uint8_t tag;
        struct slice value;
        if (pcai_der_any(&in, &tag, &value, NULL) != 0 || (tag & 0xC0) != 0x80 || (tag & 0x1F) > 8)
            return -1;
        int type = tag & 0x1F;
        if (type != PCA_SAN_EMAIL && type != PCA_SAN_DNS && type != PCA_SAN_URI && type != PCA_SAN_IP) {
            skipped++;
            continue;
        }
        if (found == max || (tag & 0x20) || (type == PCA_SAN_IP && value.size != 4 && value.size != 16))
            return -1;
        names[found++] = (struct general_name){type, value};
    }
    *count = found;
    *other = skipped;
    return 0;
}

void pcai_san_text(const struct general_name *name, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];
    if (name->type != PCA_SAN_IP) {
        pcai_buf_slice(out, name->value);
        return;
    }
    if ((name->value.size == 4 || name->value.size == 16) &&
        inet_ntop(name->value.size == 4 ? AF_INET : AF_INET6, name->value.data, text, sizeof text))
        pcai_buf_text(out, text);
}
