/*
 * random DIR SEED COUNT: COUNT certificates asked for at random, every request of which libpca must grant.
 *
 * DIR/NAME/ for rsa p256 p384 p521 sm2 as tree.h says, without the chains' keys. Names run over the whole alphabet and up to every
 * bound, keys over every algorithm, validities over every form. A tenth is revoked.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tree.h"

#define HOST_MAX 253
#define LABEL_MAX 63
#define URI_MAX 1024
#define CN_MAX 64
#define SAN_MAX 10
#define DAY 86400
#define CENTURY_DAYS 36524

/* ---- Chance: SplitMix64 ---- */

static uint64_t state;

static uint64_t next(void)
{
    uint64_t z = state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

/* From low to high, both included. */
static uint64_t between(uint64_t low, uint64_t high)
{
    return low + next() % (high - low + 1);
}

static int one_in(uint64_t n)
{
    return next() % n == 0;
}

/* ---- Text: UTF-8 of a number of characters ---- */

static const struct {
    uint32_t first, last;
} alphabets[] = {
    {' ', '~'},           {'A', 'Z'},           {0xC0, 0xFF} /* Latin */, {0x100, 0x17F},         {0x3B1, 0x3C9} /* Greek */,
    {0x410, 0x44F},       {0x5D0, 0x5EA},       {0x627, 0x63A} /* Arabic */, {0x905, 0x939},      {0xE01, 0xE2E} /* Thai */,
    {0x3041, 0x3096},     {0x4E00, 0x9FA5},     {0xAC00, 0xD7A3} /* Hangul */, {0xFF01, 0xFF5E}, {0x1F600, 0x1F64F},
    {0x20000, 0x2A6D6},
};
#define ALPHABETS (sizeof alphabets / sizeof alphabets[0])

static size_t put_utf8(char *out, uint32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[n] | c);
    return n;
}

/* 1 to most characters, often exactly most. Neither end is a space, and one character at least is a letter. */
static char *text(char *out, uint64_t most)
{
    uint64_t length = one_in(4) ? most : between(1, most), letter = between(0, length - 1);
    size_t alphabet = between(0, ALPHABETS - 1), used = 0;
    for (uint64_t i = 0; i < length; i++) {
        if (one_in(20))
            alphabet = between(0, ALPHABETS - 1);
        uint32_t c = (uint32_t)between(alphabets[alphabet].first, alphabets[alphabet].last);
        if (i == letter || c == '&' /* zlint: no HTML entities */ || ((i == 0 || i + 1 == length) && c == ' '))
            c = (uint32_t)between('a', 'z');
        used += put_utf8(out + used, c);
    }
    out[used] = 0;
    return out;
}

/* ---- Names ---- */

static const char *const a_labels[] = {"xn--bcher-kva", "xn--fiqs8s", "xn--mnchen-3ya", "xn--wgv71a119e",
                                       "xn--p1ai",      "xn--zckzah", "xn--mgbh0fb"};

static const char letters[] = "abcdefghijklmnopqrstuvwxyz", letters_and_digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static void label(char *out, size_t length, const char *ends)
{
    static const char inner[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    for (size_t i = 0; i < length; i++)
        out[i] = i == 0 || i + 1 == length ? ends[between(0, strlen(ends) - 1)] : inner[between(0, sizeof inner - 2)];
    if (length > 3 && out[2] == '-' && out[3] == '-')
        out[2] = 'x'; /* two dashes there are for A-labels */
    out[length] = 0;
}

/* Labels of 63 octets, and what is left of so many octets for the last two. */
static char *longest_host(char *out, size_t most)
{
    size_t used = 0;
    while (most - used > LABEL_MAX) {
        size_t length = most - used == LABEL_MAX + 1 ? LABEL_MAX - 1 : LABEL_MAX;
        label(out + used, length, letters_and_digits);
        used += length;
        out[used++] = '.';
    }
    label(out + used, most - used, letters);
    return out;
}

/* A host name of least or more labels and at most so many octets, more than a label may have. */
static char *host(char *out, size_t most, unsigned least)
{
    size_t labels = least + between(0, 4);
    char *p = out;
    if (most > LABEL_MAX && one_in(8))
        return longest_host(out, most);
    for (size_t left = labels; left-- > 0;) {
        size_t room = most - (size_t)(p - out) - 2 * left, length = one_in(10) ? LABEL_MAX : between(1, 12);
        const char *a_label = a_labels[between(0, sizeof a_labels / sizeof *a_labels - 1)];
        label(p, length < room ? length : room, left ? letters_and_digits : letters); /* no number at the end: RFC 3696 2 */
        if (left && strlen(a_label) <= room && one_in(8))
            strcpy(p, a_label);
        p += strlen(p);
        if (left)
            *p++ = '.';
    }
    return out;
}

static char *dns(char *out, size_t most)
{
    if (one_in(6)) {
        strcpy(out, "*.");
        host(out + 2, most - 2, 2);
    } else {
        host(out, most, 1);
    }
    for (char *p = out; *p && one_in(5); p++) /* the library makes it lower case */
        *p = (char)toupper((unsigned char)*p);
    return out;
}

static char *ip(char *out)
{
    uint8_t octets[16];
    int family = one_in(2) ? AF_INET : AF_INET6;
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)next();
    memset(octets + 4, 0, between(0, 8));
    octets[0] |= 0x20; /* not one of those that are written with an IPv4 address inside */
    inet_ntop(family, octets, out, HOST_MAX);
    return out;
}

static char *mail(char *out)
{
    static const char atom[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";
    size_t length = one_in(8) ? 64 : between(1, 20);
    for (size_t i = 0; i < length; i++) {
        int dot = one_in(8) && i > 0 && i + 1 < length && out[i - 1] != '.';
        out[i] = dot ? '.' : atom[between(0, one_in(3) ? sizeof atom - 2 : 61)];
    }
    out[length] = '@';
    host(out + length + 1, HOST_MAX - length - 1, 2);
    return out;
}

static char *uri(char *out)
{
    static const char path[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/";
    char name[HOST_MAX + 1];
    size_t used;
    switch (between(0, 5)) {
    case 0:
        sprintf(out, "urn:uuid:%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-8%03" PRIx64 "-%012" PRIx64, next() >> 32, next() >> 48, next() >> 52,
                next() >> 52, next() >> 16);
        return out;
    case 1:
        used = (size_t)sprintf(out, "https://[2001:db8::%" PRIx64 "]:%" PRIu64 "/", between(0, 0xffff), between(1, 65535));
        break;
    case 2:
        used = (size_t)sprintf(out, "http://192.0.2.%" PRIu64 "/", between(0, 255));
        break;
    case 3:
        used = (size_t)sprintf(out, "https://%s:%" PRIu64 "/", host(name, HOST_MAX, 2), between(1, 65535));
        break;
    default:
        used = (size_t)sprintf(out, "%s://%s/", one_in(2) ? "spiffe" : "https", host(name, HOST_MAX, 2));
    }
    size_t end = one_in(8) ? URI_MAX : used + between(0, 40);
    while (used < end)
        out[used++] = path[between(0, sizeof path - 2)];
    out[used] = 0;
    return out;
}

/* ---- Requests ---- */

struct asked {
    pca_request *request;
    int type;
    char match[HOST_MAX + 1]; /* a name that a verifier is to find, "-" for none */
};

/* A verifier is asked for a name below a wildcard, and for the letters that libpca makes small. */
static void remember(struct asked *asked, const char *name)
{
    if (strcmp(asked->match, "-") != 0 && one_in(2))
        return;
    strcpy(asked->match, name);
    char *domain = strchr(asked->match, '@');
    if (!domain && *asked->match == '*')
        *asked->match = 'w';
    for (char *p = domain ? domain : asked->match; *p; p++)
        *p = (char)tolower((unsigned char)*p);
}

static void set_subject(pca_request *request)
{
    static int (*const set[])(pca_request *, const char *) = {pca_request_set_organization, pca_request_set_unit, pca_request_set_locality,
                                                               pca_request_set_state};
    static const uint64_t most[] = {64, 64, 128, 128};
    static const char *const countries[] = {"CN", "DE", "US", "JP", "BR", "ZA", "IN"};
    char value[4 * 128 + 1];
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        if (one_in(3))
            set[i](request, one_in(6) ? "" : text(value, most[i]));
    if (one_in(3))
        pca_request_set_country(request, one_in(6) ? "" : countries[between(0, sizeof countries / sizeof *countries - 1)]);
}

static void add_host(struct asked *asked)
{
    char name[HOST_MAX + 1];
    if (one_in(3))
        pca_request_add_ip(asked->request, ip(name));
    else
        pca_request_add_dns(asked->request, dns(name, HOST_MAX));
    remember(asked, name);
}

static void add_person(struct asked *asked)
{
    char name[URI_MAX + 1];
    if (one_in(2)) {
        pca_request_add_uri(asked->request, uri(name));
        return;
    }
    pca_request_add_email(asked->request, mail(name));
    if (asked->type == PCA_CERT_CLIENT)
        remember(asked, name);
}

/* A server's common name is a host; it may be the only name. */
static void set_names(struct asked *asked)
{
    char name[4 * CN_MAX + 1];
    int client = asked->type == PCA_CERT_CLIENT, with_cn = !one_in(4);
    uint64_t count = one_in(8) ? SAN_MAX : between(with_cn ? 0 : 1, 4);
    for (uint64_t i = 0; i < count; i++) {
        if (client || (asked->type == PCA_CERT_BOTH && i > 0 && one_in(2)))
            add_person(asked);
        else
            add_host(asked);
    }
    if (!with_cn)
        return;
    pca_request_set_common_name(asked->request, client ? text(name, CN_MAX) : one_in(4) ? ip(name) : dns(name, CN_MAX));
    if (!client)
        remember(asked, name);
}

static void set_validity(struct tree *t, pca_request *request)
{
    int64_t now = (int64_t)time(NULL), from, longest = (one_in(2) ? 1 : CENTURY_DAYS - 1) * (int64_t)DAY;
    switch (between(0, 4)) {
    case 0:
        pca_request_set_days(request, (int64_t)between(1, one_in(2) ? 400 : CENTURY_DAYS));
        break;
    case 1:
        pca_request_set_months(request, (int64_t)between(1, 1200));
        break;
    case 2:
        pca_request_set_years(request, one_in(4) ? 100 : (int64_t)between(1, 100));
        break;
    case 3: /* from an hour on: it is to be read before it ends */
        from = (int64_t)between((uint64_t)pca_ca_not_before(pca_sub_ca(t->sub)), (uint64_t)now);
        pca_request_set_dates(request, from, now + 3600 + (int64_t)between(0, (uint64_t)longest));
        break;
    default:
        pca_request_set_longest(request);
    }
}

/* ---- Keys: a few for all ---- */

struct keys {
    int algorithm[3];
    struct spki spki[3];
};

static void make_keys(struct tree *t, struct keys *keys)
{
    static const int algorithms[][3] = {[PCA_FAMILY_RSA] = {PCA_KEY_RSA_2048, PCA_KEY_RSA_3072, PCA_KEY_RSA_4096},
                                        [PCA_FAMILY_ECC] = {PCA_KEY_EC_P256, PCA_KEY_EC_P384, PCA_KEY_EC_P521},
                                        [PCA_FAMILY_SM2] = {PCA_KEY_SM2, PCA_KEY_SM2, PCA_KEY_SM2}};
    for (size_t i = 0; i < 3; i++) {
        pca_cert *cert = NULL;
        pca_request *request = pca_request_new();
        keys->algorithm[i] = algorithms[t->family][i];
        pca_request_set_type(request, PCA_CERT_CLIENT);
        pca_request_set_common_name(request, "Key Maker");
        pca_request_set_key_algorithm(request, keys->algorithm[i]);
        pca_request_set_years(request, 1);
        tree_need(t, pca_sub_request(t->sub, request, &cert, t->err), "a key");
        tree_public_key(t, cert, &keys->spki[i]);
        pca_cert_free(cert);
        pca_request_free(request);
    }
}

static void set_key(const struct tree *t, pca_request *request, const struct keys *keys)
{
    size_t i = between(0, 2);
    if (t->family != PCA_FAMILY_RSA && one_in(3))
        pca_request_set_key_algorithm(request, keys->algorithm[i]);
    else
        pca_request_set_public_key(request, keys->spki[i].data, keys->spki[i].size);
}

/* ---- Trees ---- */

static const struct tree trees[] = {
    {.name = "rsa", .family = PCA_FAMILY_RSA, .algorithm = PCA_KEY_RSA_2048},
    {.name = "p256", .family = PCA_FAMILY_ECC, .algorithm = PCA_KEY_EC_P256},
    {.name = "p384", .family = PCA_FAMILY_ECC, .algorithm = PCA_KEY_EC_P384},
    {.name = "p521", .family = PCA_FAMILY_ECC, .algorithm = PCA_KEY_EC_P521},
    {.name = "sm2", .family = PCA_FAMILY_SM2, .algorithm = PCA_KEY_SM2},
};
#define TREES (sizeof trees / sizeof trees[0])

static int revoke(struct tree *t, const pca_cert *cert)
{
    static const int reasons[] = {PCA_REASON_UNSPECIFIED, PCA_REASON_KEY_COMPROMISE, PCA_REASON_AFFILIATION_CHANGED, PCA_REASON_SUPERSEDED,
                                  PCA_REASON_CESSATION_OF_OPERATION, PCA_REASON_PRIVILEGE_WITHDRAWN};
    if (!one_in(10))
        return -1;
    int reason = reasons[between(0, sizeof reasons / sizeof *reasons - 1)];
    tree_need(t, pca_cert_revoke(cert, reason, 0, NULL, t->err), "revoke");
    return reason;
}

static void list(struct tree *t, const struct asked *asked, const pca_cert *cert, const char *name, int reason)
{
    struct entry entry = {name, ".pem", "leaf", "server", asked->match, reason < 0 ? "ok" : "revoked", pca_cert_serial(cert), reason, 0};
    if (asked->type != PCA_CERT_CLIENT)
        tree_list(t, &entry);
    entry.purpose = "client";
    if (asked->type == PCA_CERT_BOTH)
        entry.match = "-";
    if (asked->type != PCA_CERT_SERVER)
        tree_list(t, &entry);
}

static void issue(struct tree *t, const struct keys *keys, uint64_t index)
{
    static const int types[] = {PCA_CERT_SERVER, PCA_CERT_CLIENT, PCA_CERT_BOTH};
    struct asked asked = {pca_request_new(), types[between(0, 2)], "-"};
    char name[24];
    pca_cert *cert = NULL;
    snprintf(name, sizeof name, "%05" PRIu64, index);
    pca_request_set_type(asked.request, asked.type);
    set_subject(asked.request);
    set_names(&asked);
    set_key(t, asked.request, keys);
    set_validity(t, asked.request);
    if (one_in(4))
        pca_request_set_crl_address(asked.request, one_in(2));
    tree_need(t, pca_sub_request(t->sub, asked.request, &cert, t->err), name);
    tree_write_leaf(t, cert, name);
    list(t, &asked, cert, name, revoke(t, cert));
    pca_cert_free(cert);
    pca_request_free(asked.request);
}

struct wish {
    const char *directory;
    uint64_t seed, count;
};

static void make(const void *context, size_t index)
{
    const struct wish *wish = context;
    struct tree t = trees[index];
    struct keys keys;
    uint64_t count = wish->count / TREES + (index < wish->count % TREES);
    t.root_years = 200;
    t.sub_years = 150;
    t.certificates = count + 3;
    state = wish->seed + index;
    tree_open(&t, wish->directory);
    tree_need(&t, pca_region_policy_set(t.region, "short_lived", 1, t.err), "policy");
    make_keys(&t, &keys);
    for (uint64_t i = 0; i < count; i++)
        issue(&t, &keys, i);
    tree_list(&t, &(struct entry){"sub", ".pem", "sub", "-", "-", "ok", pca_ca_serial(pca_sub_ca(t.sub)), -1, 0});
    tree_write_crl(&t, pca_root_ca(t.root), "root");
    tree_write_crl(&t, pca_sub_ca(t.sub), "sub");
    tree_close(&t);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        tree_stop("usage: random DIR SEED COUNT");
    const struct wish wish = {argv[1], strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10)};
    return tree_make_all(argv[1], TREES, make, &wish);
}
