#include "base/civil.h"

#include <inttypes.h>
#include <stdio.h>

/* Days since 1970-01-01 of a proleptic Gregorian date, counting in eras of 400 years that start on 1 March. */
static int64_t days_from_date(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct civil pcai_civil(int64_t time)
{
    int64_t days = time / PCAI_DAY - (time % PCAI_DAY < 0);
    int64_t rest = time % PCAI_DAY + (time % PCAI_DAY < 0 ? PCAI_DAY : 0);
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    struct civil c;
    c.day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    c.month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    c.year = (int)(year_of_era + era * 400 + (c.month <= 2));
    c.hour = (int)(rest / 3600);
    c.minute = (int)(rest / 60 % 60);
    c.second = (int)(rest % 60);
    return c;
}

int64_t pcai_civil_time(const struct civil *c)
{
    return days_from_date(c->year, c->month, c->day) * PCAI_DAY + c->hour * 3600 + c->minute * 60 + c->second;
}

int pcai_days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

int pcai_civil_check(const struct civil *c)
{
    if (c->year < 0 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > pcai_days_in_month(c->year, c->month))
        return -1;
    return c->hour < 0 || c->hour > 23 || c->minute < 0 || c->minute > 59 || c->second < 0 || c->second > 59 ? -1 : 0;
}

int64_t pcai_add_months(int64_t time, int64_t months)
{
    struct civil c = pcai_civil(time);
    int64_t month = (int64_t)c.year * 12 + (c.month - 1) + months;
    int64_t year = month / 12 - (month % 12 < 0);
    c.year = (int)year;
    c.month = (int)(month - year * 12) + 1;
    int last = pcai_days_in_month(c.year, c.month);
    if (c.day > last)
        c.day = last;
    return pcai_civil_time(&c);
}

void pcai_time_text(int64_t time, char out[PCAI_TIME_TEXT])
{
    struct civil c = pcai_civil(time);
    if (time < PCAI_TIME_MIN || time > PCAI_TIME_MAX)
        snprintf(out, PCAI_TIME_TEXT, "second %" PRId64, time);
    else
        snprintf(out, PCAI_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
}
