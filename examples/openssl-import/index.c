#include "index.h"

#include <stdio.h>
#include <string.h>

#include <pca/pca.h>

/* ---- Dates ---- */

/* Days from 1970-01-01 in the Gregorian calendar. */
static int64_t days(int64_t year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = month > 2 ? year : year - 1; /* the last year whose 29 February may have passed */
    return 365 * (year - 1970) + y / 4 - y / 100 + y / 400 - 477 + before[month - 1] + day - 1;
}

static int two(const char *digits)
{
    return 10 * (digits[0] - '0') + digits[1] - '0';
}

/* UTCTime: 50 and later are of the twentieth century (RFC 5280 4.1.2.5.1). */
static int date(const char *text, int64_t *seconds)
{
    static const int length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t size = strspn(text, "0123456789");
    if ((size != 12 && size != 14) || strcmp(text + size, "Z") != 0)
        return -1;
    const char *p = text + size - 10;
    int64_t year = size == 14 ? 100 * two(text) + two(text + 2) : two(text) + (two(text) >= 50 ? 1900 : 2000);
    int month = two(p), day = two(p + 2), hour = two(p + 4), minute = two(p + 6), second = two(p + 8);
    if (month < 1 || month > 12 || day < 1 || day > length[month - 1] || (month == 2 && day == 29 && days(year, 3, 1) - days(year, 2, 1) == 28) ||
        hour > 23 || minute > 59 || second > 59)
        return -1;
    *seconds = 86400 * days(year, month, day) + 3600 * hour + 60 * minute + second;
    return 0;
}

/* ---- Reasons ---- */

/* As openssl ca writes them, and what they are here. libpca suspends nothing: a hold becomes a revocation, which is final, since
 * what is on the old CRL must be on the new one. */
static const struct reason {
    const char *name;
    int reason, changed, dated;
} reasons[] = {
    {"", PCA_REASON_UNSPECIFIED, 0, 0},
    {"unspecified", PCA_REASON_UNSPECIFIED, 0, 0},
    {"keyCompromise", PCA_REASON_KEY_COMPROMISE, 0, 0},
    {"keyTime", PCA_REASON_KEY_COMPROMISE, 0, 1},
    {"CACompromise", PCA_REASON_CA_COMPROMISE, 0, 0},
    {"CAkeyTime", PCA_REASON_CA_COMPROMISE, 0, 1},
    {"affiliationChanged", PCA_REASON_AFFILIATION_CHANGED, 0, 0},
    {"superseded", PCA_REASON_SUPERSEDED, 0, 0},
    {"cessationOfOperation", PCA_REASON_CESSATION_OF_OPERATION, 0, 0},
    {"privilegeWithdrawn", PCA_REASON_PRIVILEGE_WITHDRAWN, 0, 0},
    {"certificateHold", PCA_REASON_UNSPECIFIED, 1, 0},
    {"holdInstruction", PCA_REASON_UNSPECIFIED, 1, 0},
    {"removeFromCRL", PCA_REASON_UNSPECIFIED, 1, 0},
    {"AACompromise", PCA_REASON_UNSPECIFIED, 1, 0},
};

/* The text up to the separator; *rest behind it, or NULL. */
static char *cut(char *text, char separator, char **rest)
{
    char *end = text ? strchr(text, separator) : NULL;
    if (end)
        *end = '\0';
    *rest = end ? end + 1 : NULL;
    return text;
}

static const char *parse_revocation(char *text, struct entry *entry)
{
    char *rest, *more;
    const char *when = cut(text, ',', &rest);
    const char *name = cut(rest, ',', &more);
    if (date(when, &entry->revoked_at) != 0)
        return "the date of revocation cannot be read";
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(name ? name : "", reasons[i].name) == 0) {
            entry->reason = reasons[i].reason;
            entry->changed = reasons[i].changed;
            if (reasons[i].dated && (!more || date(more, &entry->invalidity) != 0))
                return "the date of compromise cannot be read";
            return NULL;
        }
    return "the reason of revocation is not known";
}

/* ---- Lines ---- */

const char *index_parse(char *line, struct entry *entry)
{
    char *field[4], *rest = line;
    *entry = (struct entry){0};
    for (int i = 0; i < 4; i++)
        if (!(field[i] = cut(rest, '\t', &rest)))
            return "it has fewer than four fields";
    size_t size = strlen(field[3]);
    if (strlen(field[0]) != 1 || !strchr("VRE", field[0][0]))
        return "it begins with none of V, R and E";
    if (size == 0 || size >= sizeof entry->serial || strspn(field[3], "0123456789ABCDEFabcdef") != size)
        return "the serial number is not in hexadecimal, or too long";
    if (date(field[1], &entry->not_after) != 0)
        return "the end cannot be read";
    entry->flag = field[0][0];
    memcpy(entry->serial, field[3], size + 1);
    return entry->flag == 'R' ? parse_revocation(field[2], entry) : NULL;
}
