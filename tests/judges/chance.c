#include "chance.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define LABEL_MAX 63

/* ---- SplitMix64 ---- */

static uint64_t state;

void chance_begin(uint64_t seed)
{
    state = seed;
}

uint64_t chance(void)
{
    uint64_t z = state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
}

uint64_t between(uint64_t low, uint64_t high)
{
    return low + chance() % (high - low + 1);
}

int one_in(uint64_t n)
{
    return chance() % n == 0;
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

char *text(char *out, uint64_t most)
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

char *host(char *out, size_t most, unsigned least)
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

char *dns(char *out, size_t most, const char *domain)
{
    most -= strlen(domain);
    if (one_in(6)) {
        strcpy(out, "*.");
        host(out + 2, most - 2, 2);
    } else {
        host(out, most, 1);
    }
    strcat(out, domain);
    for (char *p = out; *p && one_in(5); p++) /* the library makes it lower case */
        *p = (char)toupper((unsigned char)*p);
    return out;
}

char *ip(char *out, int private)
{
    uint8_t octets[16];
    int family = one_in(2) ? AF_INET : AF_INET6;
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)chance();
    memset(octets + 4, 0, between(0, 8));
    octets[0] |= 0x20; /* not one of those that are written with an IPv4 address inside */
    if (private)
        memcpy(octets, family == AF_INET ? "\x0A" : "\x20\x01\x0D\xB8", family == AF_INET ? 1 : 4);
    inet_ntop(family, octets, out, HOST_MAX);
    return out;
}

char *mail(char *out)
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

char *uri(char *out, int plain)
{
    static const char path[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/";
    char name[HOST_MAX + 1];
    size_t used, most = plain ? 255 : URI_MAX;
    switch (between(plain ? 3 : 0, 5)) {
    case 0:
        sprintf(out, "urn:uuid:%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-8%03" PRIx64 "-%012" PRIx64, chance() >> 32, chance() >> 48, chance() >> 52,
                chance() >> 52, chance() >> 16);
        return out;
    case 1:
        used = (size_t)sprintf(out, "https://[2001:db8::%" PRIx64 "]:%" PRIu64 "/", between(0, 0xffff), between(1, 65535));
        break;
    case 2:
        used = (size_t)sprintf(out, "http://192.0.2.%" PRIu64 "/", between(0, 255));
        break;
    case 3:
        used = (size_t)sprintf(out, "https://%s:%" PRIu64 "/", host(name, plain ? 200 : HOST_MAX, 2), between(1, 65535));
        break;
    default:
        used = (size_t)sprintf(out, "%s://%s/", one_in(2) ? "spiffe" : "https", host(name, plain ? 200 : HOST_MAX, 2));
    }
    size_t end = one_in(8) ? most : used + between(0, 40);
    while (used < end)
        out[used++] = path[between(0, sizeof path - 2)];
    out[used] = 0;
    return out;
}
