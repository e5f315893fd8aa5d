/* General names (RFC 5280 4.2.1.6): subjectAltName, and the URIs and constraints of other extensions. */
#include "x509/lint_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "x509/san.h"

/* ---- Walking ---- */

const char *pcai_lint_field(struct lint_place *place)
{
    if (place->extension != OID_SUBJECT_ALT_NAME)
        return pcai_oid_name(place->extension);
    snprintf(place->text, sizeof place->text, "san[%zu]", place->index);
    return place->text;
}

void pcai_lint_each_san(struct lint_run *run, lint_general_check *check)
{
    struct der names = pcai_lint_sequence(&run->tbs, OID_SUBJECT_ALT_NAME);
    struct lint_place place = {.extension = OID_SUBJECT_ALT_NAME};
    struct lint_general g;
    for (; pcai_lint_next_general(&names, &g) == 1; place.index++)
        check(run, &place, &g);
}

static void each_url(struct lint_run *run, lint_general_check *check)
{
    struct lint_place place = {.extension = OID_CRL_DISTRIBUTION_POINTS};
    struct der points = pcai_lint_sequence(&run->tbs, OID_CRL_DISTRIBUTION_POINTS);
    struct der accesses = pcai_lint_sequence(&run->tbs, OID_AUTHORITY_INFO_ACCESS);
    struct lint_point point;
    struct lint_access access;
    struct lint_general g;
    while (pcai_lint_next_point(&points, &point) == 1) {
        struct der names = pcai_der(point.full_name);
        while (pcai_lint_next_general(&names, &g) == 1)
            check(run, &place, &g);
    }
    place.extension = OID_AUTHORITY_INFO_ACCESS;
    while (pcai_lint_next_access(&accesses, &access) == 1)
        check(run, &place, &access.location);
}

static void each_constraint(struct lint_run *run, lint_general_check *check)
{
    struct lint_place place = {.extension = OID_NAME_CONSTRAINTS};
    struct lint_subtrees subtrees = pcai_lint_subtrees(&run->tbs);
    struct lint_subtree subtree;
    while (pcai_lint_next_subtree(&subtrees, &subtree))
        check(run, &place, &subtree.base);
}

void pcai_lint_each_general(struct lint_run *run, lint_general_check *check)
{
    pcai_lint_each_san(run, check);
    each_url(run, check);
    each_constraint(run, check);
}

static int has_nul(struct slice s)
{
    return s.size && memchr(s.data, 0, s.size);
}

/* Empty names and those with a NUL have lints of their own. */
static int is_plain(const struct lint_general *g, int type)
{
    return g->type == type && g->value.size && !has_nul(g->value);
}

/* ---- How many, and which ---- */

static int is_server(const struct lint_run *run)
{
    return run->context->type == PCA_CERT_SERVER || run->context->type == PCA_CERT_BOTH;
}

static void san_present(struct lint_run *run)
{
    struct der names = pcai_lint_sequence(&run->tbs, OID_SUBJECT_ALT_NAME);
    struct lint_general g;
    size_t count = 0, hosts = 0;
    for (; pcai_lint_next_general(&names, &g) == 1; count++)
        hosts += g.type == PCA_SAN_DNS || g.type == PCA_SAN_IP;
    if (is_server(run) && hosts == 0)
        pcai_lint_found(run, LINT_ERROR, "san", "a server has at least one DNS name or IP address");
    if (run->context->given_names > PCAI_SAN_MAX)
        pcai_lint_found(run, LINT_ERROR, "san", "%zu names were given; %d are possible", run->context->given_names, PCAI_SAN_MAX);
    else if (count > run->context->given_names + (size_t)is_server(run)) /* the common name's comes on top */
        pcai_lint_found(run, LINT_ERROR, "san", "there are %zu names of %zu that were given", count, run->context->given_names);
}

static void san_critical_iff_no_subject(struct lint_run *run)
{
    const struct lint_extension *e = pcai_lint_extension(&run->tbs, OID_SUBJECT_ALT_NAME);
    int empty = pcai_lint_name_is_empty(run->tbs.subject);
    if (e && e->critical != empty)
        pcai_lint_found(run, LINT_ERROR, "san", "subjectAltName is critical when the subject is empty, and only then");
    else if (!e && empty)
        pcai_lint_found(run, LINT_ERROR, "san", "neither a subject nor an alternative name is there");
}

static void check_not_empty(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    if (g->value.size == 0)
        pcai_lint_found(run, LINT_ERROR, pcai_lint_field(place), "the name is empty");
}

static void san_not_empty(struct lint_run *run)
{
    struct der names = pcai_lint_sequence(&run->tbs, OID_SUBJECT_ALT_NAME);
    if (pcai_lint_extension(&run->tbs, OID_SUBJECT_ALT_NAME) && pcai_der_at_end(&names))
        pcai_lint_found(run, LINT_ERROR, "san", "subjectAltName has no name in it");
    pcai_lint_each_san(run, check_not_empty);
}

/* Hosts in any case; of a mail address the domain in any case. */
static int same_name(const struct lint_general *a, const struct lint_general *b)
{
    if (a->type != b->type || a->value.size != b->value.size)
        return 0;
    if (a->type == PCA_SAN_DNS)
        return pcai_equal_nocase(a->value, b->value);
    const uint8_t *at = a->type == PCA_SAN_EMAIL && a->value.size ? memchr(a->value.data, '@', a->value.size) : NULL;
    size_t exact = at ? (size_t)(at - a->value.data) : a->value.size;
    return memcmp(a->value.data, b->value.data, exact) == 0 && pcai_equal_nocase(a->value, b->value);
}

/* Pairs are compared among so many only; san_present refuses more. */
static void san_no_duplicates(struct lint_run *run)
{
    struct der names = pcai_lint_sequence(&run->tbs, OID_SUBJECT_ALT_NAME);
    struct lint_general seen[PCAI_SAN_MAX + 1];
    size_t count = 0;
    while (count < PCAI_SAN_MAX + 1 && pcai_lint_next_general(&names, &seen[count]) == 1) {
        for (size_t i = 0; i < count; i++)
            if (same_name(&seen[i], &seen[count])) {
                struct lint_place place = {.extension = OID_SUBJECT_ALT_NAME, .index = count};
                pcai_lint_found(run, LINT_ERROR, pcai_lint_field(&place), "the name stands at %zu already", i);
                break;
            }
        count++;
    }
}

/* ---- dNSName ---- */

enum dns_fault { DNS_FINE, DNS_IP, DNS_LENGTH, DNS_WILDCARD, DNS_ALABEL, DNS_CHARACTER, DNS_UNDERSCORE };

/* A name whose last label is a number is taken for an IPv4 address (RFC 3696 2). */
static int is_address(struct slice s)
{
    size_t i = s.size;
    while (i > 0 && pcai_is_digit(s.data[i - 1]))
        i--;
    return (i < s.size && (i == 0 || s.data[i - 1] == '.')) || (memchr(s.data, ':', s.size) && pcai_is_ip(s));
}

static enum dns_fault judge_label(struct slice label)
{
    enum dns_fault fault = DNS_FINE;
    if (label.size > PCAI_LABEL_MAX)
        return DNS_LENGTH;
    for (size_t i = 0; i < label.size; i++) {
        int c = label.data[i];
        if (c >= 0x80)
            return DNS_ALABEL;
        if (c == '*')
            return DNS_WILDCARD;
        if (c == '_')
            fault = DNS_UNDERSCORE;
        else if (!pcai_is_alpha(c) && !pcai_is_digit(c) && c != '-')
            return DNS_CHARACTER;
    }
    if (label.size == 0 || label.data[0] == '-' || label.data[label.size - 1] == '-')
        return DNS_CHARACTER;
    if (label.size >= 4 && label.data[2] == '-' && label.data[3] == '-' && !pcai_is_dns(label))
        return DNS_ALABEL;
    return fault;
}

/* The first fault; an underscore only when there is no other. */
static enum dns_fault judge_dns(struct slice name)
{
    enum dns_fault fault = DNS_FINE;
    size_t labels = 0;
    int wildcard = name.data[0] == '*' && (name.size == 1 || name.data[1] == '.');
    if (is_address(name))
        return DNS_IP;
    if (name.size > PCAI_DNS_MAX)
        return DNS_LENGTH;
    for (size_t start = wildcard ? 2 : 0, i = start; i <= name.size; i++) {
        if (i < name.size && name.data[i] != '.')
            continue;
        enum dns_fault label = judge_label(pcai_slice(name.data + start, i - start));
        if (label != DNS_FINE && label != DNS_UNDERSCORE)
            return label;
        fault = label == DNS_UNDERSCORE ? label : fault;
        start = i + 1;
        labels++;
    }
    return wildcard && labels < 2 ? DNS_WILDCARD : fault;
}

static int has_fault(const struct lint_general *g, enum dns_fault fault)
{
    return is_plain(g, PCA_SAN_DNS) && judge_dns(g->value) == fault;
}

static void check_ldh(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    if (has_fault(g, DNS_CHARACTER))
        pcai_lint_found(run, LINT_ERROR, pcai_lint_field(place), "labels are letters, digits and inner hyphens, and none is empty");
    else if (has_fault(g, DNS_UNDERSCORE))
        pcai_lint_found(run, LINT_NOTE, pcai_lint_field(place), "an underscore is in no host name");
}

static void dns_ia5_ldh(struct lint_run *run)
{
    pcai_lint_each_san(run, check_ldh);
}

static void check_lengths(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    if (has_fault(g, DNS_LENGTH))
        pcai_lint_found(run, LINT_ERROR, pcai_lint_field(place), "a label has at most %d octets, a name %d", PCAI_LABEL_MAX, PCAI_DNS_MAX);
}

static void dns_lengths(struct lint_run *run)
{
    pcai_lint_each_san(run, check_lengths);
}

static void check_alabel(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    if (has_fault(g, DNS_ALABEL))
        pcai_lint_found(run, LINT_ERROR, pcai_lint_field(place), "an international name is made of well-formed A-labels (RFC 5890)");
}

static void dns_alabel(struct lint_run *run)
{
    pcai_lint_each_san(run, check_alabel);
}

static void check_wildcard(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    if (has_fault(g, DNS_WILDCARD))
        pcai_lint_found(run, LINT_ERROR, pcai_lint_field(place), "an asterisk is the whole first label, with two labels after it at the least");
}

static void dns_wildcard_leftmost(struct lint_run *run)
{
    pcai_lint_each_san(run, check_wildcard);
}

static void check_not_ip(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    if (has_fault(g, DNS_IP))
        pcai_lint_found(run, LINT_ERROR, pcai_lint_field(place), "an IP address is no DNS name");
}

static void dns_not_ip(struct lint_run *run)
{
    pcai_lint_each_san(run, check_not_ip);
}

/* ---- The other kinds ---- */

/* A mask of ones followed by zeros. */
static int is_contiguous(struct slice mask)
{
    int ended = 0;
    for (size_t i = 0; i < mask.size * 8; i++) {
        int bit = mask.data[i / 8] & 0x80 >> i % 8;
        if (bit && ended)
            return 0;
        ended |= !bit;
    }
    return 1;
}

static int is_range(struct slice v)
{
    return (v.size == 8 || v.size == 32) && is_contiguous(pcai_slice(v.data + v.size / 2, v.size / 2));
}

static void check_ip(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    struct slice v = g->value;
    if (g->type != PCA_SAN_IP || v.size == 0)
        return;
    if (place->extension != OID_NAME_CONSTRAINTS && v.size != 4 && v.size != 16)
        pcai_lint_found(run, LINT_ERROR, pcai_lint_field(place), "an IP address has 4 or 16 octets; this has %zu", v.size);
    else if (place->extension == OID_NAME_CONSTRAINTS && !is_range(v))
        pcai_lint_found(run, LINT_ERROR, pcai_lint_field(place), "an address range is 4 or 16 octets and as many of a contiguous mask");
}

static void ip_length(struct lint_run *run)
{
    pcai_lint_each_general(run, check_ip);
}

/* Judged by the rules for what callers give; they say what is wrong. */
static void judge(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    pca_error why = {0};
    struct general_name name = {g->type, g->value};
    if (pcai_san_check(&name, pcai_lint_field(place), &why) == PCA_E_SAN)
        pcai_lint_found(run, LINT_ERROR, pcai_lint_field(place), "%s", why.message);
}

static void check_uri(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    if (is_plain(g, PCA_SAN_URI))
        judge(run, place, g);
}

static void uri_absolute(struct lint_run *run)
{
    pcai_lint_each_san(run, check_uri);
    each_url(run, check_uri);
}

static void check_mail(struct lint_run *run, struct lint_place *place, const struct lint_general *g)
{
    if (is_plain(g, PCA_SAN_EMAIL))
        judge(run, place, g);
}

static void mail_form(struct lint_run *run)
{
    pcai_lint_each_san(run, check_mail);
}

/* ---- A server's common name ---- */

static int equals_san(struct lint_run *run, struct slice cn)
{
    struct der names = pcai_lint_sequence(&run->tbs, OID_SUBJECT_ALT_NAME);
    struct lint_general g;
    int found = 0;
    while (!found && pcai_lint_next_general(&names, &g) == 1) {
        struct buf text = {0};
        struct general_name name = {g.type, g.value};
        if (g.type == PCA_SAN_DNS) {
            found = pcai_slice_equal(g.value, cn);
        } else if (g.type == PCA_SAN_IP) {
            pcai_san_text(&name, &text);
            run->no_memory |= text.failed;
            found = pcai_slice_equal(pcai_buf_view(&text), cn);
        }
        pcai_buf_free(&text);
    }
    return found;
}

static void cn_from_san(struct lint_run *run)
{
    struct lint_attributes at = pcai_lint_attributes(run->tbs.subject);
    struct lint_attribute a;
    while (is_server(run) && pcai_lint_next_attribute(&at, &a))
        if (a.type == OID_COMMON_NAME && !has_nul(a.value) && !equals_san(run, a.value))
            pcai_lint_found(run, LINT_ERROR, "subject", "a server's common name is one of its alternative names, octet for octet");
}

static const struct lint lints[] = {
    {"san_present", LINT_ON_LEAF, san_present},
    {"san_critical_iff_no_subject", LINT_ON_LEAF, san_critical_iff_no_subject},
    {"san_not_empty", LINT_ON_CERTIFICATE, san_not_empty},
    {"san_no_duplicates", LINT_ON_CERTIFICATE, san_no_duplicates},
    {"dns_ia5_ldh", LINT_ON_CERTIFICATE, dns_ia5_ldh},
    {"dns_lengths", LINT_ON_CERTIFICATE, dns_lengths},
    {"dns_alabel", LINT_ON_CERTIFICATE, dns_alabel},
    {"dns_wildcard_leftmost", LINT_ON_CERTIFICATE, dns_wildcard_leftmost},
    {"dns_not_ip", LINT_ON_CERTIFICATE, dns_not_ip},
    {"ip_length", LINT_ON_CERTIFICATE, ip_length},
    {"uri_absolute", LINT_ON_CERTIFICATE, uri_absolute},
    {"mail_form", LINT_ON_CERTIFICATE, mail_form},
    {"cn_from_san", LINT_ON_LEAF, cn_from_san},
};
const struct lint_group pcai_lints_san = LINT_GROUP(lints);
