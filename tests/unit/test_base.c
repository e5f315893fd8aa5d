/* src/base: text, errors, civil time. */
#include "unit.h"

#include <errno.h>

#include "base/civil.h"
#include "base/text.h"

/* ---- UTF-8 (RFC 3629) ---- */

static void utf8_is_judged_by_rfc_3629(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int sound;
        size_t characters;
    } rows[] = {
        {"", 1, 0},
        {"41 42 7E", 1, 3},
        {"C2 A0", 1, 1},             /* U+00A0, the first after the C1 controls */
        {"DF BF", 1, 1},             /* U+07FF */
        {"E0 A0 80", 1, 1},          /* U+0800 */
        {"ED 9F BF", 1, 1},          /* U+D7FF */
        {"EE 80 80", 1, 1},          /* U+E000 */
        {"EF BF BD", 1, 1},          /* U+FFFD */
        {"F0 90 80 80", 1, 1},       /* U+10000 */
        {"F4 8F BF BF", 1, 1},       /* U+10FFFF */
        {"41 C3 A9 E2 82 AC F0 9F 98 80", 1, 4},
        {"00", 0, 0}, {"41 00 42", 0, 0}, {"1F", 0, 0}, {"09", 0, 0}, {"0A", 0, 0}, {"7F", 0, 0},
        {"C2 80", 0, 0}, {"C2 85", 0, 0}, {"C2 9F", 0, 0}, /* C1 controls */
        {"80", 0, 0}, {"BF", 0, 0}, {"41 80", 0, 0},       /* continuation without a start */
        {"C3", 0, 0}, {"E2 82", 0, 0}, {"F0 9F 98", 0, 0}, {"C3 41", 0, 0}, {"E2 41 82", 0, 0}, /* cut short */
        {"C0 80", 0, 0}, {"C0 AF", 0, 0}, {"C1 BF", 0, 0}, {"E0 80 80", 0, 0}, {"E0 9F BF", 0, 0},
        {"F0 80 80 80", 0, 0}, {"F0 8F BF BF", 0, 0},      /* longer than needed */
        {"ED A0 80", 0, 0}, {"ED BF BF", 0, 0},            /* surrogates */
        {"F4 90 80 80", 0, 0}, {"F5 80 80 80", 0, 0}, {"F8 88 80 80 80", 0, 0}, {"FE", 0, 0}, {"FF", 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t characters = 99;
        int seen = pcai_utf8_printable(octets(rows[i].hex), &characters);
        if (seen != rows[i].sound || (seen && characters != rows[i].characters))
            fail_msg("%s: sound %d, %zu characters", rows[i].hex, seen, characters);
        assert_int_equal(pcai_utf8_printable(octets(rows[i].hex), NULL), seen);
    }
}

static void every_two_octets_are_utf8_or_not(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            uint8_t pair[2] = {(uint8_t)a, (uint8_t)b};
            int ascii = a >= 0x20 && a < 0x7F && b >= 0x20 && b < 0x7F;
            int two = a >= 0xC2 && a <= 0xDF && b >= 0x80 && b <= 0xBF && !(a == 0xC2 && b < 0xA0);
            if (pcai_utf8_printable(pcai_slice(pair, 2), NULL) != (ascii || two))
                fail_msg("%02X %02X", a, b);
        }
}

static void text_is_cut_at_a_character(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        size_t capacity;
    } rows[] = {
        {"abc", "abc", 4},  {"abc", "ab", 3},     {"abc", "", 1}, {"", "", 1},
        {"a\xC3\xA9", "a\xC3\xA9", 4}, {"a\xC3\xA9", "a", 3},  {"a\xC3\xA9", "a", 2},
        {"\xE2\x82\xAC", "", 3}, {"\xF0\x9F\x98\x80", "", 4}, {"\xF0\x9F\x98\x80z", "\xF0\x9F\x98\x80", 5},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[8] = "xxxxxxx";
        pcai_text_copy(out, rows[i].capacity, rows[i].from);
        assert_string_equal(out, rows[i].to);
        assert_int_equal(out[rows[i].capacity], rows[i].capacity < 7 ? 'x' : 0);
    }
}

/* ---- ASCII and hexadecimal ---- */

static void ascii_classes_know_no_locale(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        int upper = c >= 0x41 && c <= 0x5A, lower = c >= 0x61 && c <= 0x7A, digit = c >= 0x30 && c <= 0x39;
        uint8_t octet = (uint8_t)c;
        assert_int_equal(pcai_is_alpha(c) != 0, upper || lower);
        assert_int_equal(pcai_is_digit(c) != 0, digit);
        assert_int_equal(pcai_is_hex(c) != 0, digit || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66));
        assert_int_equal((uint8_t)pcai_lower((char)c), upper ? c + 32 : c);
        assert_int_equal(pcai_ascii_printable(pcai_slice(&octet, 1)), c >= 0x20 && c <= 0x7E);
    }
    assert_true(pcai_ascii_printable(pcai_slice(NULL, 0)));
}

static void case_is_folded_for_letters_only(void **state)
{
    (void)state;
    char text[] = "XN--Ab[@`{Z";
    pcai_lower_all(text, 4);
    assert_string_equal(text, "xn--Ab[@`{Z");
    assert_true(pcai_equal_nocase(pcai_slice_text("Example.COM"), pcai_slice_text("eXAMPLE.com")));
    assert_false(pcai_equal_nocase(pcai_slice_text("a@"), pcai_slice_text("a`"))); /* 0x40 and 0x60 differ by 32 as well */
    assert_false(pcai_equal_nocase(pcai_slice_text("[x"), pcai_slice_text("{x")));
    assert_false(pcai_equal_nocase(pcai_slice_text("abc"), pcai_slice_text("ab")));
    assert_true(pcai_equal_nocase(pcai_slice(NULL, 0), pcai_slice_text("")));
}

static void hexadecimal_there_and_back(void **state)
{
    (void)state;
    char text[9];
    uint8_t back[4];
    pcai_hex("\x00\x7F\x80\xFF", 4, text);
    assert_string_equal(text, "007f80ff");
    assert_int_equal(pcai_unhex("007F80fF", 8, back, 4), 0);
    assert_memory_equal(back, "\x00\x7F\x80\xFF", 4);
    pcai_hex("", 0, text);
    assert_string_equal(text, "");
    assert_int_equal(pcai_unhex("", 0, back, 0), 0);
}

static void hexadecimal_refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "000", "0g", "g0", " 00", "0x", "0:", "@0", "`0", "/0", "0000", "\xC3\xA9"};
    uint8_t out[1];
    for (size_t i = 0; i < COUNT(bad); i++)
        if (pcai_unhex(bad[i], strlen(bad[i]), out, 1) != -1)
            fail_msg("\"%s\"", bad[i]);
}

/* ---- Errors ---- */

static void an_error_holds_what_it_was_given(void **state)
{
    (void)state;
    pca_error e = {.device_code = 7, .object = "old", .field = "old"};
    assert_int_equal(pcai_fail(&e, PCA_E_QUOTA, "sub 4", "remaining", "%d asked, %s", 3, "2 left"), PCA_E_QUOTA);
    assert_int_equal(e.code, PCA_E_QUOTA);
    assert_int_equal(e.device_code, 0);
    assert_string_equal(e.object, "sub 4");
    assert_string_equal(e.field, "remaining");
    assert_string_equal(e.message, "3 asked, 2 left");
    assert_int_equal(pcai_fail(&e, PCA_E_SAN, NULL, NULL, "x"), PCA_E_SAN);
    assert_string_equal(e.object, "");
    assert_string_equal(e.field, "");
    pcai_error_name_object(&e, "request");
    pcai_error_name_field(&e, "san[3]");
    assert_string_equal(e.object, "request");
    assert_string_equal(e.field, "san[3]");
    pca_error copy = {0};
    pcai_error_copy(&copy, &e);
    assert_string_equal(copy.field, "san[3]");
    assert_int_equal(copy.code, PCA_E_SAN);
}

static void without_an_error_object_the_code_is_returned(void **state)
{
    (void)state;
    assert_int_equal(pcai_fail(NULL, PCA_E_NAME, "a", "b", "c"), PCA_E_NAME);
    assert_int_equal(pcai_no_memory(NULL), PCA_E_NO_MEMORY);
    assert_int_equal(pcai_fail_errno(NULL, ENOSPC, "a", "b"), PCA_E_FULL);
    pcai_error_name_object(NULL, "a");
    pcai_error_name_field(NULL, "a");
    pcai_error_copy(NULL, NULL);
}

static void an_error_may_quote_itself(void **state)
{
    (void)state;
    pca_error e = {0};
    pcai_fail(&e, PCA_E_DEVICE, "token", "pin", "no answer");
    pcai_fail(&e, PCA_E_STATE, e.object, e.field, "%s (%s)", e.message, e.object);
    assert_string_equal(e.message, "no answer (token)");
    assert_string_equal(e.object, "token");
    assert_string_equal(e.field, "pin");
}

/* Two-octet characters, so that one of two capacities falls into the middle of one. */
static void long_errors_are_cut_at_a_character(void **state)
{
    (void)state;
    for (int shift = 0; shift < 2; shift++) {
        char text[1025];
        for (size_t i = 0; i < 1024; i += 2)
            memcpy(text + i, "\xC3\xA9", 2);
        text[1024] = 0;
        if (shift)
            text[1] = 'e';
        const char *from = text + shift;
        pca_error e = {0};
        pcai_fail(&e, PCA_E_NAME, from, from, "%s", from);
        assert_true(pcai_utf8_printable(pcai_slice_text(e.object), NULL));
        assert_true(pcai_utf8_printable(pcai_slice_text(e.field), NULL));
        assert_true(pcai_utf8_printable(pcai_slice_text(e.message), NULL));
        assert_true(strlen(e.object) >= sizeof e.object - 2);
        assert_true(strlen(e.message) >= sizeof e.message - 2);
        pcai_fail_errno(&e, ENOENT, NULL, "open %s", from);
        assert_true(pcai_utf8_printable(pcai_slice_text(e.message), NULL));
        assert_non_null(strstr(e.message, ": No such file"));
    }
}

static void errno_becomes_a_code(void **state)
{
    (void)state;
    static const struct {
        int error, code;
    } rows[] = {
        {ENOMEM, PCA_E_NO_MEMORY}, {EACCES, PCA_E_PERMISSION}, {EPERM, PCA_E_PERMISSION}, {EROFS, PCA_E_READ_ONLY},
        {ENOSPC, PCA_E_FULL},      {EDQUOT, PCA_E_FULL},       {EFBIG, PCA_E_FULL},       {ENOENT, PCA_E_NOT_FOUND},
        {ENOTDIR, PCA_E_NOT_FOUND}, {EEXIST, PCA_E_EXISTS},    {EIO, PCA_E_STORAGE},      {EMFILE, PCA_E_STORAGE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_error e = {0};
        assert_int_equal(pcai_fail_errno(&e, rows[i].error, "store", "open %s", "/a/b"), rows[i].code);
        assert_int_equal(e.code, rows[i].code);
        assert_int_equal(strncmp(e.message, "open /a/b: ", 11), 0);
        assert_non_null(strstr(e.message, strerror(rows[i].error)));
    }
}

/* ---- Civil time ---- */

/* Seconds by Python's datetime and by date(1). */
static const struct {
    int64_t time;
    struct civil civil;
    const char *text;
} moments[] = {
    {INT64_C(-62167219200), {0, 1, 1, 0, 0, 0}, "0000-01-01T00:00:00Z"},
    {INT64_C(-62135596800), {1, 1, 1, 0, 0, 0}, "0001-01-01T00:00:00Z"},
    {INT64_C(-11670998400), {1600, 2, 29, 0, 0, 0}, "1600-02-29T00:00:00Z"},
    {INT64_C(-2203891201), {1900, 2, 28, 23, 59, 59}, "1900-02-28T23:59:59Z"},
    {INT64_C(-2203891200), {1900, 3, 1, 0, 0, 0}, "1900-03-01T00:00:00Z"},
    {INT64_C(-631152000), {1950, 1, 1, 0, 0, 0}, "1950-01-01T00:00:00Z"},
    {INT64_C(-1), {1969, 12, 31, 23, 59, 59}, "1969-12-31T23:59:59Z"},
    {INT64_C(0), {1970, 1, 1, 0, 0, 0}, "1970-01-01T00:00:00Z"},
    {INT64_C(951825600), {2000, 2, 29, 12, 0, 0}, "2000-02-29T12:00:00Z"},
    {INT64_C(1793491200), {2026, 11, 1, 0, 0, 0}, "2026-11-01T00:00:00Z"},
    {INT64_C(1803859199), {2027, 2, 28, 23, 59, 59}, "2027-02-28T23:59:59Z"},
    {INT64_C(1835395200), {2028, 2, 29, 0, 0, 0}, "2028-02-29T00:00:00Z"},
    {INT64_C(2147483647), {2038, 1, 19, 3, 14, 7}, "2038-01-19T03:14:07Z"},
    {INT64_C(2147483648), {2038, 1, 19, 3, 14, 8}, "2038-01-19T03:14:08Z"},
    {INT64_C(2524607999), {2049, 12, 31, 23, 59, 59}, "2049-12-31T23:59:59Z"},
    {INT64_C(2524608000), {2050, 1, 1, 0, 0, 0}, "2050-01-01T00:00:00Z"},
    {INT64_C(4107542399), {2100, 2, 28, 23, 59, 59}, "2100-02-28T23:59:59Z"},
    {INT64_C(4107542400), {2100, 3, 1, 0, 0, 0}, "2100-03-01T00:00:00Z"},
    {INT64_C(4294967295), {2106, 2, 7, 6, 28, 15}, "2106-02-07T06:28:15Z"},
    {INT64_C(4294967296), {2106, 2, 7, 6, 28, 16}, "2106-02-07T06:28:16Z"},
    {INT64_C(13574563200), {2400, 2, 29, 0, 0, 0}, "2400-02-29T00:00:00Z"},
    {INT64_C(253402300799), {9999, 12, 31, 23, 59, 59}, "9999-12-31T23:59:59Z"},
};

static void pitfall_25_civil_time_at_the_edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(moments); i++) {
        char text[PCAI_TIME_TEXT];
        struct civil c = pcai_civil(moments[i].time);
        pcai_time_text(moments[i].time, text);
        assert_string_equal(text, moments[i].text);
        assert_memory_equal(&c, &moments[i].civil, sizeof c);
        assert_int_equal(pcai_civil_time(&moments[i].civil), moments[i].time);
        assert_int_equal(pcai_civil_check(&c), 0);
    }
    assert_int_equal(PCAI_TIME_MAX, moments[COUNT(moments) - 1].time);
}

static void time_outside_four_digits_is_written_in_seconds(void **state)
{
    (void)state;
    char text[PCAI_TIME_TEXT];
    pcai_time_text(INT64_C(253402300800), text);
    assert_string_equal(text, "second 253402300800");
    pcai_time_text(INT64_C(-62167219201), text);
    assert_string_equal(text, "second -62167219201");
    pcai_time_text(INT64_MAX, text);
    assert_string_equal(text, "second 9223372036854775807");
    pcai_time_text(INT64_MIN, text);
    assert_string_equal(text, "second -9223372036854775808");
}

/* A calendar that counts up by hand, one day after the other. */
static int days_of(int year, int month)
{
    if (month == 2)
        return year % 400 == 0 ? 29 : year % 100 == 0 ? 28 : year % 4 == 0 ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static void pitfall_25_every_day_of_ten_thousand_years(void **state)
{
    (void)state;
    int64_t time = INT64_C(-62167219200) + 86399; /* the last second of a day */
    for (int year = 0; year <= 9999; year++)
        for (int month = 1; month <= 12; month++) {
            assert_int_equal(pcai_days_in_month(year, month), days_of(year, month));
            for (int day = 1; day <= days_of(year, month); day++, time += 86400) {
                struct civil c = pcai_civil(time), first = {year, month, day, 0, 0, 0};
                if (c.year != year || c.month != month || c.day != day || c.hour != 23 || c.minute != 59 || c.second != 59 ||
                    pcai_civil_time(&first) != time - 86399)
                    fail_msg("%04d-%02d-%02d", year, month, day);
            }
        }
    assert_int_equal(time - 86399, PCAI_TIME_MAX + 1);
}

static void dates_that_do_not_exist(void **state)
{
    (void)state;
    static const struct civil bad[] = {
        {-1, 1, 1, 0, 0, 0},   {10000, 1, 1, 0, 0, 0}, {2027, 0, 1, 0, 0, 0},   {2027, 13, 1, 0, 0, 0},  {2027, 1, 0, 0, 0, 0},
        {2027, 1, 32, 0, 0, 0}, {2027, 4, 31, 0, 0, 0}, {2027, 2, 29, 0, 0, 0}, {2028, 2, 30, 0, 0, 0},  {2100, 2, 29, 0, 0, 0},
        {1900, 2, 29, 0, 0, 0}, {2027, 1, 1, 24, 0, 0}, {2027, 1, 1, -1, 0, 0}, {2027, 1, 1, 0, 60, 0},  {2027, 1, 1, 0, -1, 0},
        {2027, 1, 1, 0, 0, 60}, {2027, 1, 1, 0, 0, -1}, {2016, 12, 31, 23, 59, 60},
    };
    static const struct civil good[] = {{2000, 2, 29, 0, 0, 0}, {2400, 2, 29, 23, 59, 59}, {0, 2, 29, 0, 0, 0}, {2027, 12, 31, 0, 0, 0}};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(pcai_civil_check(&bad[i]), -1);
    for (size_t i = 0; i < COUNT(good); i++)
        assert_int_equal(pcai_civil_check(&good[i]), 0);
}

static void pitfall_25_months_clamp_to_the_months_end(void **state)
{
    (void)state;
    static const struct {
        struct civil from;
        int64_t months;
        struct civil to;
    } rows[] = {
        {{2027, 1, 31, 1, 2, 3}, 1, {2027, 2, 28, 1, 2, 3}},
        {{2028, 1, 31, 23, 59, 59}, 1, {2028, 2, 29, 23, 59, 59}},
        {{2027, 1, 28, 0, 0, 0}, 1, {2027, 2, 28, 0, 0, 0}},
        {{2027, 2, 28, 0, 0, 0}, 1, {2027, 3, 28, 0, 0, 0}}, /* the day, not the month's end, is kept */
        {{2028, 2, 29, 0, 0, 0}, 12, {2029, 2, 28, 0, 0, 0}},
        {{2028, 2, 29, 0, 0, 0}, 48, {2032, 2, 29, 0, 0, 0}},
        {{2096, 2, 29, 0, 0, 0}, 48, {2100, 2, 28, 0, 0, 0}},
        {{2396, 2, 29, 0, 0, 0}, 48, {2400, 2, 29, 0, 0, 0}},
        {{2027, 8, 31, 0, 0, 0}, 1, {2027, 9, 30, 0, 0, 0}},
        {{2027, 12, 31, 0, 0, 0}, 2, {2028, 2, 29, 0, 0, 0}},
        {{2027, 12, 15, 0, 0, 0}, 1, {2028, 1, 15, 0, 0, 0}},
        {{2027, 1, 15, 0, 0, 0}, 0, {2027, 1, 15, 0, 0, 0}},
        {{2027, 3, 31, 0, 0, 0}, -1, {2027, 2, 28, 0, 0, 0}},
        {{2027, 1, 15, 0, 0, 0}, -1, {2026, 12, 15, 0, 0, 0}},
        {{2027, 1, 15, 0, 0, 0}, -13, {2025, 12, 15, 0, 0, 0}},
        {{2027, 1, 15, 12, 0, 0}, 1200, {2127, 1, 15, 12, 0, 0}},
        {{2049, 12, 31, 23, 59, 59}, 1, {2050, 1, 31, 23, 59, 59}},
        {{1970, 3, 1, 0, 0, 0}, -1200, {1870, 3, 1, 0, 0, 0}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct civil to = pcai_civil(pcai_add_months(pcai_civil_time(&rows[i].from), rows[i].months));
        assert_memory_equal(&to, &rows[i].to, sizeof to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_judged_by_rfc_3629),
        cmocka_unit_test(every_two_octets_are_utf8_or_not),
        cmocka_unit_test(text_is_cut_at_a_character),
        cmocka_unit_test(ascii_classes_know_no_locale),
        cmocka_unit_test(case_is_folded_for_letters_only),
        cmocka_unit_test(hexadecimal_there_and_back),
        cmocka_unit_test(hexadecimal_refuses_what_is_none),
        cmocka_unit_test(an_error_holds_what_it_was_given),
        cmocka_unit_test(without_an_error_object_the_code_is_returned),
        cmocka_unit_test(an_error_may_quote_itself),
        cmocka_unit_test(long_errors_are_cut_at_a_character),
        cmocka_unit_test(errno_becomes_a_code),
        cmocka_unit_test(pitfall_25_civil_time_at_the_edges),
        cmocka_unit_test(time_outside_four_digits_is_written_in_seconds),
        cmocka_unit_test(pitfall_25_every_day_of_ten_thousand_years),
        cmocka_unit_test(dates_that_do_not_exist),
        cmocka_unit_test(pitfall_25_months_clamp_to_the_months_end),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
