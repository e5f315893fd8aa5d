/* Times as RFC 5280 4.1.2.5 wants them; other forms of X.680 are read too, so that each fault has its name. */
#include "x509/lint_internal.h"

#include "base/civil.h"
#include "base/text.h"

/* UTCTime: two digits of year, 50 to 99 mean 1950 to 1999. */
#define UTC_PIVOT 50
#define UTC_END 2050
/* Nothing is dated before the clock of 1970: a UTCTime of 1950 to 1969 was meant for a century later. */
#define EPOCH_YEAR 1970

static size_t digits(struct slice s, size_t at)
{
    size_t count = 0;
    while (at + count < s.size && pcai_is_digit(s.data[at + count]))
        count++;
    return count;
}

static int two(struct slice s, size_t at)
{
    return (s.data[at] - '0') * 10 + (s.data[at + 1] - '0');
}

/* What stands after the digits: a fraction, then Z, an offset, or nothing. */
static int read_suffix(struct lint_time *t, size_t at)
{
    struct slice s = t->text;
    if (at < s.size && (s.data[at] == '.' || s.data[at] == ',')) {
        size_t fraction = digits(s, at + 1);
        if (fraction == 0)
            return -1;
        t->fraction = 1;
        at += 1 + fraction;
    }
    if (at + 1 == s.size && s.data[at] == 'Z')
        return 0;
    t->not_zulu = 1;
    return at == s.size || (at + 5 == s.size && (s.data[at] == '+' || s.data[at] == '-') && digits(s, at + 1) == 4) ? 0 : -1;
}

static int read(struct lint_time *t)
{
    struct slice s = t->text;
    size_t year_digits = t->tag == DER_UTC_TIME ? 2 : 4, count = digits(s, 0);
    if ((t->tag != DER_UTC_TIME && t->tag != DER_GENERALIZED_TIME) || (count != year_digits + 8 && count != year_digits + 10))
        return -1;
    int year = two(s, 0);
    if (year_digits == 4)
        year = year * 100 + two(s, 2);
    else
        year += year < UTC_PIVOT ? 2000 : 1900;
    t->no_seconds = count == year_digits + 8;
    size_t at = year_digits;
    struct civil c = {year, two(s, at), two(s, at + 2), two(s, at + 4), two(s, at + 6), t->no_seconds ? 0 : two(s, at + 8)};
    if (pcai_civil_check(&c) != 0)
        return -1;
    t->time = pcai_civil_time(&c);
    return read_suffix(t, count);
}

/* Time ::= CHOICE { utcTime UTCTime, generalTime GeneralizedTime } */
int pcai_lint_read_time(struct flaws *flaws, struct der *in, const char *field, struct lint_time *time)
{
    *time = (struct lint_time){0};
    if (pcai_der_any(in, &time->tag, &time->text, NULL) == 0 && read(time) == 0)
        return 0;
    return pcai_lint_flaw(flaws, FLAW_FORM, field, "not a time, or a date that does not exist");
}

/* ---- The lints ---- */

typedef const char *time_fault(const struct lint_time *t);

static void each_time(struct lint_run *run, time_fault *fault)
{
    static const char *const fields[][2] = {{"not_before", "not_after"}, {"this_update", "next_update"}};
    const struct lint_time *const times[] = {&run->tbs.first, &run->tbs.second};
    for (size_t i = 0; i < 2; i++) {
        const char *what = times[i]->tag ? fault(times[i]) : NULL;
        if (what)
            pcai_lint_found(run, LINT_ERROR, fields[run->context->role >= LINT_CRL][i], "%.*s: %s", (int)times[i]->text.size,
                            (const char *)times[i]->text.data, what);
    }
}

static const char *early_generalized(const struct lint_time *t)
{
    return t->tag == DER_GENERALIZED_TIME && pcai_civil(t->time).year < UTC_END ? "dates through 2049 are UTCTime" : NULL;
}

static void utctime_to_2049(struct lint_run *run)
{
    each_time(run, early_generalized);
}

static const char *late_utc(const struct lint_time *t)
{
    return t->tag == DER_UTC_TIME && pcai_civil(t->time).year < EPOCH_YEAR
               ? "dates from 2050 on are GeneralizedTime; this means the century before"
               : NULL;
}

static void gentime_from_2050(struct lint_run *run)
{
    each_time(run, late_utc);
}

static const char *seconds_missing(const struct lint_time *t)
{
    return t->no_seconds ? "the seconds are missing" : NULL;
}

static void seconds_present(struct lint_run *run)
{
    each_time(run, seconds_missing);
}

static const char *other_zone(const struct lint_time *t)
{
    return t->not_zulu ? "a time ends in Z" : NULL;
}

static void zulu_only(struct lint_run *run)
{
    each_time(run, other_zone);
}

static const char *fraction_there(const struct lint_time *t)
{
    return t->fraction ? "a time has no fraction of a second" : NULL;
}

static void no_fraction(struct lint_run *run)
{
    each_time(run, fraction_there);
}

static const struct lint lints[] = {
    {"time_utctime_to_2049", LINT_ON_ALL, utctime_to_2049}, {"time_gentime_from_2050", LINT_ON_ALL, gentime_from_2050},
    {"time_seconds_present", LINT_ON_ALL, seconds_present}, {"time_zulu_only", LINT_ON_ALL, zulu_only},
    {"time_no_fraction", LINT_ON_ALL, no_fraction},
};
const struct lint_group pcai_lints_time = LINT_GROUP(lints);
