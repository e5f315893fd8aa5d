/* Civil time in UTC with 64-bit arithmetic: no time_t, no time zone, years 0..9999. */
#ifndef PCAI_CIVIL_H
#define PCAI_CIVIL_H

#include <stddef.h>
#include <stdint.h>

#define PCAI_DAY 86400
#define PCAI_TIME_MIN INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define PCAI_TIME_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

struct civil {
    int year, month, day, hour, minute, second;
};

struct civil pcai_civil(int64_t time);
int64_t pcai_civil_time(const struct civil *c);
/* -1 for a date or time of day that does not exist. */
int pcai_civil_check(const struct civil *c);
int pcai_days_in_month(int year, int month);
/* The same day and time of day so many months later (or earlier), the day clamped to the month's end. */
int64_t pcai_add_months(int64_t time, int64_t months);
/* "2026-11-01T00:00:00Z": out holds 21. Outside 0000..9999 the seconds are written. */
#define PCAI_TIME_TEXT 32
void pcai_time_text(int64_t time, char out[PCAI_TIME_TEXT]);

#endif
