/* src/ca, the rules that need no store: validity, the table of policies, URLs, what a request is told apart by. */
#include "unit.h"

#include "ca/policy.h"
#include "ca/quota.h"
#include "ca/request.h"
#include "ca/serials.h"
#include "ca/validity.h"

/* ---- The cap of a service under a year ---- */

/* From rules that bind: the longest run of n calendar months, in days. */
static const int64_t caps[] = {0, 31, 62, 92, 123, 153, 184, 215, 245, 276, 306, 337};

static int days_of(int year, int month)
{
    if (month == 2)
        return year % 400 == 0 ? 29 : year % 100 == 0 ? 28 : year % 4 == 0 ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

#define MONTHS (401 * 12)

/* Every start in the 400 years after which the calendar repeats: no run of n months is longer, and one is as long. */
static void a_services_cap_is_its_longest_run_of_months(void **state)
{
    (void)state;
    static int length[MONTHS], begins[MONTHS + 1];
    for (int i = 0; i < MONTHS; i++) {
        length[i] = days_of(2000 + i / 12, i % 12 + 1);
        begins[i + 1] = begins[i] + length[i];
    }
    for (int n = 1; n < 12; n++) {
        int longest = 0;
        for (int i = 0; i < 400 * 12; i++)
            for (int day = 1; day <= length[i]; day++) {
                int end = day < length[i + n] ? day : length[i + n]; /* the day, clamped to the month's end */
                int days = begins[i + n] + end - (begins[i] + day);
                if (days > longest)
                    longest = days;
            }
        assert_int_equal(longest, caps[n]);
        assert_int_equal(pcai_service_cap_days((uint64_t)n), caps[n]);
    }
    static const uint64_t none[] = {0, 12, 13, 1200, UINT64_MAX};
    for (size_t i = 0; i < COUNT(none); i++)
        assert_int_equal(pcai_service_cap_days(none[i]), 0);
}

/* ---- Units ---- */

static void assert_units(const struct quota_record *q, uint64_t remaining, uint64_t remaining_free, uint64_t reserved, uint64_t reserved_free)
{
    assert_int_equal(q->remaining, remaining);
    assert_int_equal(q->remaining_free, remaining_free);
    assert_int_equal(q->reserved, reserved);
    assert_int_equal(q->reserved_free, reserved_free);
}

/* Free ones are spent first, and go back last. */
static void free_units_keep_their_mark(void **state)
{
    (void)state;
    struct quota_record q = {.remaining = 3, .remaining_free = 1};
    for (int i = 0; i < 3; i++)
        pcai_quota_reserve(&q);
    assert_units(&q, 0, 0, 3, 1);
    assert_done(pcai_quota_release(&q, &err));
    assert_units(&q, 1, 0, 2, 1);
    assert_done(pcai_quota_release(&q, &err));
    assert_units(&q, 2, 0, 1, 1);
    assert_done(pcai_quota_release(&q, &err));
    assert_units(&q, 3, 1, 0, 0);
    assert_result(PCA_E_CORRUPT, "quota", pcai_quota_release(&q, &err));
    assert_result(PCA_E_CORRUPT, "quota", pcai_quota_consume(&q, &err));
    pcai_quota_reserve(&q);
    pcai_quota_spend(&q);
    assert_units(&q, 1, 0, 1, 1);
    assert_int_equal(q.issued_free, 0);
    assert_done(pcai_quota_consume(&q, &err));
    assert_int_equal(q.issued_free, 1);
    assert_int_equal(q.issued, 2);
}

/* ---- From what is asked to two dates ---- */

static struct pca_request ask(enum validity_form form, int64_t span)
{
    return (struct pca_request){.form = form, .span = span, .path_length = -1, .crl_address = -1};
}

static struct pca_request ask_dates(int64_t not_before, int64_t not_after)
{
    return (struct pca_request){.form = FORM_DATES, .not_before = not_before, .not_after = not_after, .path_length = -1, .crl_address = -1};
}

static const struct validity_limits leaf_limits = {.months = 12, .years_max = PCAI_LEAF_YEARS_MAX};

static void gives(struct pca_request request, struct validity_limits limits, int64_t start, int64_t from, int64_t to, int line)
{
    int64_t not_before = 77, not_after = 77;
    err = (pca_error){0};
    int rc = pcai_validity_resolve(&request, &limits, start + 60, start, &not_before, &not_after, &err);
    if (rc != PCA_OK || not_before != from || not_after != to) {
        print_error("%s, %lld..%lld, expected %lld..%lld: %s\n", pca_code_name(rc), (long long)not_before, (long long)not_after, (long long)from,
                    (long long)to, err.message);
        _fail(__FILE__, line);
    }
}
#define assert_gives(request, limits, start, from, to) gives((request), (limits), (start), (from), (to), __LINE__)

static void refuses(struct pca_request request, struct validity_limits limits, int64_t start, const char *field, const char *says, int line)
{
    int64_t not_before = 77, not_after = 77;
    err = (pca_error){0};
    int rc = pcai_validity_resolve(&request, &limits, start + 60, start, &not_before, &not_after, &err);
    if (rc != PCA_E_VALIDITY || err.code != rc || strcmp(err.field, field) != 0 || !strstr(err.message, says) || not_before != 77 || not_after != 77) {
        print_error("%s, field \"%s\": %s\n", pca_code_name(rc), err.field, err.message);
        _fail(__FILE__, line);
    }
}
#define assert_refuses(request, limits, start, field, says) refuses((request), (limits), (start), (field), (says), __LINE__)

static void pitfall_25_spans_by_the_calendar(void **state)
{
    (void)state;
    static const struct {
        enum validity_form form;
        int64_t span;
        int from[6], to[6]; /* both inclusive */
    } rows[] = {
        {FORM_YEARS, 1, {2027, 1, 15, 12, 0, 0}, {2028, 1, 15, 11, 59, 59}},
        {FORM_YEARS, 1, {2027, 3, 1, 0, 0, 0}, {2028, 2, 29, 23, 59, 59}},
        {FORM_YEARS, 1, {2028, 2, 29, 0, 0, 0}, {2029, 2, 27, 23, 59, 59}},
        {FORM_YEARS, 4, {2028, 2, 29, 0, 0, 0}, {2032, 2, 28, 23, 59, 59}},
        {FORM_YEARS, 1, {2028, 2, 28, 0, 0, 1}, {2029, 2, 28, 0, 0, 0}},
        {FORM_YEARS, 100, {2027, 1, 15, 12, 0, 0}, {2127, 1, 15, 11, 59, 59}},
        {FORM_YEARS, 1, {2049, 1, 1, 0, 0, 0}, {2049, 12, 31, 23, 59, 59}},
        {FORM_YEARS, 1, {2049, 1, 1, 0, 0, 1}, {2050, 1, 1, 0, 0, 0}},
        {FORM_MONTHS, 12, {2027, 1, 31, 0, 0, 0}, {2028, 1, 30, 23, 59, 59}},
        {FORM_MONTHS, 13, {2027, 1, 31, 0, 0, 0}, {2028, 2, 28, 23, 59, 59}},
        {FORM_MONTHS, 25, {2027, 1, 31, 0, 0, 0}, {2029, 2, 27, 23, 59, 59}},
        {FORM_MONTHS, 1200, {2027, 5, 5, 5, 5, 5}, {2127, 5, 5, 5, 5, 4}},
        {FORM_DAYS, 365, {2027, 1, 15, 12, 0, 0}, {2028, 1, 15, 11, 59, 59}},
        {FORM_DAYS, 365, {2028, 1, 15, 12, 0, 0}, {2029, 1, 14, 11, 59, 59}}, /* over a leap day */
        {FORM_DAYS, 366, {2028, 1, 15, 12, 0, 0}, {2029, 1, 15, 11, 59, 59}},
        {FORM_DAYS, 36524, {2027, 1, 15, 12, 0, 0}, {2127, 1, 15, 11, 59, 59}}, /* 2100 has no leap day */
        {FORM_DAYS, 36525, {2327, 1, 15, 12, 0, 0}, {2427, 1, 15, 11, 59, 59}}, /* 2400 has one */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const int *a = rows[i].from, *b = rows[i].to;
        int64_t from = utc(a[0], a[1], a[2], a[3], a[4], a[5]);
        assert_gives(ask(rows[i].form, rows[i].span), leaf_limits, from, from, utc(b[0], b[1], b[2], b[3], b[4], b[5]));
    }
}

static void spans_out_of_range(void **state)
{
    (void)state;
    assert_refuses(ask(FORM_NONE, 0), leaf_limits, T0, "validity", "no validity is given");
    static const int64_t bad[] = {0, -1, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refuses(ask(FORM_DAYS, bad[i]), leaf_limits, T0, "days", "1 to 36525");
        assert_refuses(ask(FORM_MONTHS, bad[i]), leaf_limits, T0, "months", "1 to 1200");
        assert_refuses(ask(FORM_YEARS, bad[i]), leaf_limits, T0, "years", "1 to 100");
    }
    assert_refuses(ask(FORM_YEARS, 101), leaf_limits, T0, "years", "100");
    assert_refuses(ask(FORM_MONTHS, 1201), leaf_limits, T0, "months", "1200");
    assert_refuses(ask(FORM_DAYS, 36526), leaf_limits, T0, "days", "36525");
    assert_refuses(ask(FORM_DAYS, 36525), leaf_limits, T0, "days", "100 years"); /* a day more than these hundred years have */
}

static void a_year_is_the_least_of_a_service_of_a_year(void **state)
{
    (void)state;
    struct validity_limits on = leaf_limits;
    on.short_lived = 1;
    assert_refuses(ask(FORM_DAYS, 364), leaf_limits, T0, "days", "365");
    assert_refuses(ask(FORM_DAYS, 1), leaf_limits, T0, "days", "short_lived");
    assert_refuses(ask(FORM_MONTHS, 11), leaf_limits, T0, "months", "365");
    assert_refuses(ask_dates(T0, T0 + 365 * DAY - 2), leaf_limits, T0, "not_after", "365");
    assert_gives(ask_dates(T0, T0 + 365 * DAY - 1), leaf_limits, T0, T0, T0 + 365 * DAY - 1);
    assert_gives(ask(FORM_DAYS, 1), on, T0, T0, T0 + DAY - 1);
    assert_gives(ask(FORM_MONTHS, 1), on, T0, T0, T0 + 31 * DAY - 1); /* 15 January to 14 February */
    assert_gives(ask_dates(T0 + 60, T0 + 119), on, T0, T0 + 60, T0 + 119); /* a minute, both ends in it */
    assert_refuses(ask_dates(T0 + 60, T0 + 118), on, T0, "not_after", "60 s");
    assert_refuses(ask_dates(T0 + 60, T0 + 60), on, T0, "not_after", "60 s");
}

static void a_service_under_a_year_caps_in_days(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 12; n++) {
        struct validity_limits limits = {.months = n, .years_max = PCAI_LEAF_YEARS_MAX};
        char days[16];
        snprintf(days, sizeof days, "%d days", (int)caps[n]);
        assert_gives(ask(FORM_DAYS, caps[n]), limits, T0, T0, T0 + caps[n] * DAY - 1);
        assert_refuses(ask(FORM_DAYS, caps[n] + 1), limits, T0, "days", days);
        assert_gives(ask(FORM_DAYS, 1), limits, T0, T0, T0 + DAY - 1); /* no least but a minute */
        assert_gives(ask_dates(T0 + 60, T0 + 60 + caps[n] * DAY - 1), limits, T0, T0 + 60, T0 + 60 + caps[n] * DAY - 1);
        assert_refuses(ask_dates(T0 + 60, T0 + 60 + caps[n] * DAY), limits, T0, "not_after", days);
        assert_refuses(ask_dates(T0 + 60, T0 + 118), limits, T0, "not_after", "60 s");
        assert_refuses(ask(FORM_YEARS, 1), limits, T0, "years", days);
        assert_gives(ask(FORM_LONGEST, 0), limits, T0, T0, T0 + caps[n] * DAY - 1);
        /* n months by the calendar fit whenever they begin */
        for (int month = 1; month <= 12; month++) {
            struct pca_request request = ask(FORM_MONTHS, (int64_t)n);
            int64_t from, to, start = utc(2027, month, 1, 0, 0, 0);
            assert_done(pcai_validity_resolve(&request, &limits, start + 60, start, &from, &to, &err));
        }
    }
}

static void dates_are_taken_as_they_are_given(void **state)
{
    (void)state;
    struct validity_limits on = leaf_limits;
    on.short_lived = 1;
    assert_gives(ask_dates(T0 - YEAR, T0 + YEAR), leaf_limits, T0, T0 - YEAR, T0 + YEAR); /* from the past */
    assert_gives(ask_dates(T0 + YEAR, T0 + 3 * YEAR), leaf_limits, T0, T0 + YEAR, T0 + 3 * YEAR);
    assert_gives(ask_dates(T0 - DAY, T0 + 60), on, T0, T0 - DAY, T0 + 60); /* ends now, at T0 + 60 */
    assert_refuses(ask_dates(T0 - DAY, T0 + 59), on, T0, "not_after", "has passed");
    assert_refuses(ask_dates(T0 + DAY, T0 + DAY - 1), on, T0, "not_after", "before the start");
    assert_refuses(ask_dates(-1, T0 + YEAR), leaf_limits, T0, "not_before", "1970-01-01");
    assert_refuses(ask_dates(T0, -1), leaf_limits, T0, "not_after", "1970-01-01");
    assert_refuses(ask_dates(T0, INT64_C(253402300800)), leaf_limits, T0, "not_after", "9999-12-31");
    assert_refuses(ask_dates(INT64_MAX, INT64_MAX), leaf_limits, T0, "not_before", "9999-12-31");
    assert_refuses(ask_dates(T0, INT64_MAX), leaf_limits, T0, "not_after", "9999-12-31");
    assert_refuses(ask_dates(INT64_MIN, T0), leaf_limits, T0, "not_before", "1970-01-01");
    assert_gives(ask_dates(T0, utc(2127, 1, 15, 11, 59, 59)), leaf_limits, T0, T0, utc(2127, 1, 15, 11, 59, 59));
    assert_refuses(ask_dates(T0, utc(2127, 1, 15, 12, 0, 0)), leaf_limits, T0, "not_after", "100 years");
}

static void never_outside_the_issuer(void **state)
{
    (void)state;
    struct validity_limits limits = leaf_limits;
    limits.has_issuer = 1;
    limits.issuer_not_before = T0 - 10 * DAY;
    limits.issuer_not_after = T0 + 2 * YEAR;
    assert_gives(ask_dates(limits.issuer_not_before, limits.issuer_not_after), limits, T0, limits.issuer_not_before, limits.issuer_not_after);
    assert_refuses(ask_dates(limits.issuer_not_before - 1, limits.issuer_not_after), limits, T0, "not_before", "2027-01-05T11:59:59Z");
    assert_says("2027-01-05T12:00:00Z");
    assert_refuses(ask_dates(T0, limits.issuer_not_after + 1), limits, T0, "not_after", "2029-01-14T12:00:01Z");
    assert_says("2029-01-14T12:00:00Z");
    assert_refuses(ask(FORM_YEARS, 3), limits, T0, "years", "issuer");
    assert_gives(ask(FORM_DAYS, 730), limits, T0, T0, T0 + 730 * DAY - 1);
    assert_refuses(ask(FORM_DAYS, 731), limits, T0, "days", "issuer"); /* an error, never a silent cut */
    limits.issuer_not_after = T0 + 365 * DAY - 2;
    assert_refuses(ask(FORM_DAYS, 365), limits, T0, "days", "issuer");
    /* a start that is not asked for moves to the issuer's, by which the clock may be behind */
    limits.issuer_not_before = T0 + 30;
    limits.issuer_not_after = T0 + 2 * YEAR;
    assert_gives(ask(FORM_DAYS, 365), limits, T0, T0 + 30, T0 + 30 + 365 * DAY - 1);
    limits.has_issuer = 0;
    assert_gives(ask(FORM_DAYS, 365), limits, T0, T0, T0 + 365 * DAY - 1);
}

static void longest_takes_what_all_limits_allow(void **state)
{
    (void)state;
    struct validity_limits limits = leaf_limits;
    assert_gives(ask(FORM_LONGEST, 0), limits, T0, T0, utc(2127, 1, 15, 11, 59, 59));
    limits.has_issuer = 1;
    limits.issuer_not_before = T0 - DAY;
    limits.issuer_not_after = T0 + 1000;
    assert_gives(ask(FORM_LONGEST, 0), limits, T0, T0, T0 + 1000); /* less than a year, without short_lived */
    limits.months = 1;
    assert_gives(ask(FORM_LONGEST, 0), limits, T0, T0, T0 + 1000);
    limits.issuer_not_after = T0 + 100 * DAY;
    assert_gives(ask(FORM_LONGEST, 0), limits, T0, T0, T0 + 31 * DAY - 1);
    assert_int_equal(pcai_validity_longest(&limits, T0), 31 * DAY);
    limits.months = 12;
    assert_gives(ask(FORM_LONGEST, 0), limits, T0, T0, T0 + 100 * DAY);
    assert_int_equal(pcai_validity_longest(&limits, T0), utc(2127, 1, 15, 12, 0, 0) - T0);
}

static void a_ca_has_up_to_200_years(void **state)
{
    (void)state;
    struct validity_limits limits = {.years_max = PCAI_CA_YEARS_MAX, .default_years = 10, .short_lived = 1};
    assert_gives(ask(FORM_NONE, 0), limits, T0, T0, utc(2037, 1, 15, 11, 59, 59));
    assert_gives(ask(FORM_YEARS, 200), limits, T0, T0, utc(2227, 1, 15, 11, 59, 59));
    assert_refuses(ask(FORM_YEARS, 201), limits, T0, "years", "200");
    assert_gives(ask(FORM_YEARS, 1), limits, T0, T0, utc(2028, 1, 15, 11, 59, 59));
    assert_gives(ask(FORM_LONGEST, 0), limits, T0, T0, utc(2227, 1, 15, 11, 59, 59));
    limits.has_issuer = 1;
    limits.issuer_not_before = T0 - DAY;
    limits.issuer_not_after = utc(2037, 1, 15, 11, 59, 58);
    assert_refuses(ask(FORM_NONE, 0), limits, T0, "years", "issuer"); /* the default is no less an error */
}

static void nothing_ends_after_the_year_9999(void **state)
{
    (void)state;
    int64_t start = utc(9990, 1, 1, 0, 0, 0);
    assert_gives(ask(FORM_YEARS, 10), leaf_limits, start, start, utc(9999, 12, 31, 23, 59, 59));
    assert_refuses(ask(FORM_YEARS, 11), leaf_limits, start, "years", "9999");
    assert_refuses(ask(FORM_DAYS, 3653), leaf_limits, start, "days", "9999");
    assert_gives(ask(FORM_DAYS, 3652), leaf_limits, start, start, utc(9999, 12, 31, 23, 59, 59));
}

/* ---- Policies ---- */

static void policies_have_sound_rows(void **state)
{
    (void)state;
    for (int i = 0; i < POLICY_COUNT; i++) {
        const struct policy_row *row = &pcai_policies[i];
        assert_non_null(row->name);
        assert_true(*row->unit && *row->text && !strchr(row->text, '\n'));
        assert_true(row->minimum <= row->value && row->value <= row->maximum && row->minimum < row->maximum);
        assert_int_equal(pcai_policy_find(row->name), i);
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->name));
        if (strcmp(row->unit, "switch") == 0)
            assert_true(row->minimum == 0 && row->maximum == 1);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(row->name, pcai_policies[j].name);
    }
    assert_int_equal(pcai_policy_find(""), POLICY_COUNT);
    assert_int_equal(pcai_policy_find("short_live"), POLICY_COUNT);
    assert_int_equal(pcai_policy_find("SHORT_LIVED"), POLICY_COUNT);
}

static void policies_have_their_published_defaults(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t value;
    } rows[] = {
        {"free_certificates", 10}, {"fee_waiver_threshold", 120000}, {"fee_waiver_period", 0},    {"short_lived", 0},
        {"backdate_seconds", 60},  {"allow_weak", 0},                {"clock_slack_seconds", 3600}, {"max_clock_step_days", 400},
        {"opaque_serials", 0},     {"refuse_reused_key", 0},         {"allow_foreign_cross", 0}, {"approvers", 1},
        {"reviewer_differs", 0},   {"review_days", 0},              {"free_days", 0},
        {"crl_after_revoke_seconds", 0}, {"ocsp_seconds", 86400},
    };
    assert_int_equal(COUNT(rows), POLICY_COUNT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum policy policy = pcai_policy_find(rows[i].name);
        assert_true(policy < POLICY_COUNT);
        assert_int_equal(pcai_policies[policy].value, rows[i].value);
    }
}

/* ---- URLs that certificates bear ---- */

static void urls_are_http(void **state)
{
    (void)state;
    static const char *const good[] = {"http://crl.example/x.crl", "http://10.0.0.1/", "http://[2001:db8::1]:8080/a?b", "http://a.b"};
    static const char *const bad[] = {
        "", "http://", "http:", "https://a.b/", "ftp://a.b/", "ldap://a.b/", "HTTP://a.b/", "a.b/x", "/x", "http://a b/", "http://a.b/ ", "http://u@a.b/", "http://localhost/",
    };
    for (size_t i = 0; i < COUNT(good); i++)
        assert_done(pcai_url_check(good[i], "crl_url", &err));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_result(PCA_E_INVALID, "crl_url", pcai_url_check(bad[i], "crl_url", &err));
    char longest[1026] = "http://a.b/";
    memset(longest + 11, 'x', 1024 - 11);
    assert_done(pcai_url_check(longest, "crl_url", &err));
    longest[1024] = 'x';
    assert_result(PCA_E_INVALID, "crl_url", pcai_url_check(longest, "crl_url", &err));
}

/* ---- What a token vouches for ---- */

/* Each setter of the public header, each with a value of its own; those of a PIN or of the token itself count for nothing. */
#define SETTERS(X) \
    X(set_type, r, PCA_CERT_SERVER) X(set_common_name, r, "a") X(set_organization, r, "a") X(set_unit, r, "a") X(set_country, r, "DE") \
    X(set_state, r, "a") X(set_locality, r, "a") X(add_dns, r, "a") X(add_ip, r, "10.0.0.1") X(add_email, r, "a@b") X(add_uri, r, "a:b") \
    X(set_days, r, 365) X(set_months, r, 12) X(set_years, r, 1) X(set_dates, r, 1, 2) X(set_longest, r) X(set_key_algorithm, r, PCA_KEY_RSA_2048) \
    X(set_csr, r, "abc", 3) X(set_public_key, r, "abc", 3) X(use_csr_subject, r) X(use_csr_san, r) X(set_crl_address, r, 1) X(set_alias, r, "a") \
    X(set_custom_id, r, "a") X(set_crl_url, r, "http://a.b/") X(set_ocsp_url, r, "http://a.b/") X(set_issuer_url, r, "http://a.b/") \
    X(set_crl_days, r, 1) X(set_path_length, r, 0) X(add_subject_oid, r, "1.2.3", "a") X(add_eku, r, "1.2.3") X(add_policy, r, "1.2.3", "a:b") \
    X(add_extension, r, "1.2.3", 0, "\5", 2) X(set_personal_name, r, "a") X(set_system_account, r, "a") \
    X(add_permitted, r, PCA_SAN_DNS, "a") X(add_excluded, r, PCA_SAN_DNS, "a") X(set_container, r, "a", "b") X(set_dual, r, 1)
static const char *const others[] = {"set_token", "set_pin"};

#define CALL(name, ...) \
    static int do_##name(pca_request *r) \
    { \
        return pca_request_##name(__VA_ARGS__); \
    }
SETTERS(CALL)
#define ROW(name, ...) {#name, do_##name},
static const struct {
    const char *name;
    int (*apply)(pca_request *r);
} setters[] = {SETTERS(ROW)};

static struct buf encoding(const pca_request *request)
{
    struct buf out = {0};
    pcai_request_encode(request, &out);
    assert_false(out.failed);
    return out;
}

/* By the value and by the setter that gave it: a request repeated with another input is another request. */
static void pitfall_37_every_input_counts_for_a_token(void **state)
{
    (void)state;
    struct buf seen[COUNT(setters)], plain, again;
    pca_request *fresh = pca_request_new();
    plain = encoding(fresh);
    for (size_t i = 0; i < COUNT(setters); i++) {
        pca_request *request = pca_request_new(), *copy = NULL;
        assert_int_equal(setters[i].apply(request), PCA_OK);
        seen[i] = encoding(request);
        if (pcai_slice_equal(pcai_buf_view(&seen[i]), pcai_buf_view(&plain)))
            fail_msg("%s leaves no trace", setters[i].name);
        for (size_t j = 0; j < i; j++)
            if (pcai_slice_equal(pcai_buf_view(&seen[i]), pcai_buf_view(&seen[j])))
                fail_msg("%s and %s look the same", setters[i].name, setters[j].name);
        assert_done(pca_request_clone(request, &copy, &err));
        again = encoding(copy);
        if (!pcai_slice_equal(pcai_buf_view(&seen[i]), pcai_buf_view(&again)))
            fail_msg("a clone forgets %s", setters[i].name);
        pcai_buf_free(&again);
        assert_int_equal(pca_request_reset(request), PCA_OK);
        again = encoding(request);
        if (!pcai_slice_equal(pcai_buf_view(&plain), pcai_buf_view(&again)))
            fail_msg("a reset keeps %s", setters[i].name);
        pcai_buf_free(&again);
        pca_request_free(request);
        pca_request_free(copy);
    }
    for (size_t i = 0; i < COUNT(setters); i++)
        pcai_buf_free(&seen[i]);
    pcai_buf_free(&plain);
    pca_request_free(fresh);
}

static int is_known(const char *name, size_t size)
{
    for (size_t i = 0; i < COUNT(setters); i++)
        if (strlen(setters[i].name) == size && memcmp(setters[i].name, name, size) == 0)
            return 1;
    for (size_t i = 0; i < COUNT(others); i++)
        if (strlen(others[i]) == size && memcmp(others[i], name, size) == 0)
            return 1;
    return 0;
}

static void every_setter_is_in_that_table(void **state)
{
    (void)state;
    static const char *const kinds[] = {"set_", "add_", "use_"};
    size_t found = 0;
    char *header = (char *)file_read(PCA_SOURCE_ROOT "/include/pca/pca.h", NULL);
    assert_non_null(header);
    for (const char *at = header; (at = strstr(at, "int pca_request_")) != NULL;) {
        at += strlen("int pca_request_");
        size_t size = strcspn(at, "(");
        for (size_t i = 0; i < COUNT(kinds); i++)
            if (strncmp(at, kinds[i], 4) == 0) {
                found++;
                if (!is_known(at, size))
                    fail_msg("add pca_request_%.*s to SETTERS", (int)size, at);
            }
    }
    assert_true(found > COUNT(setters));
    free(header);
}

/* ---- Serial numbers of others ---- */

static void serial_numbers_in_every_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *text, *octets; /* NULL: refused */
    } rows[] = {
        {"1", "01"},
        {"0x1", "01"},
        {"0X0a", "0A"},
        {"0000000000000000000000000000000000000000000000000000000000000A", "0A"},
        {"00:ff:80", "FF80"},
        {"a:b", "AB"},
        {"dec:255", "FF"},
        {"dec:000256", "0100"},
        {"DEC:10", "0A"}, /* not DE:C1:0 */
        {"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "(20 FF)"},
        {"dec:1461501637330902918203684832716283019655932542975", "(20 FF)"}, /* 2^160 - 1 */
        {"dec:1461501637330902918203684832716283019655932542976", NULL},
        {"10000000000000000000000000000000000000000", NULL},
        {"", NULL},
        {"0", NULL},
        {"0x", NULL},
        {"0x0", NULL},
        {"dec:", NULL},
        {"dec:0", NULL},
        {"dec:-1", NULL},
        {"dec:1a", NULL},
        {"-1", NULL},
        {"+1", NULL},
        {" 1", NULL},
        {"1 ", NULL},
        {":1", NULL},
        {"1:", NULL},
        {"1::2", NULL},
        {"1g", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct serial serial;
        int rc = pcai_serial_parse(rows[i].text, &serial);
        if ((rc == 0) != (rows[i].octets != NULL))
            fail_msg("\"%s\"", rows[i].text);
        if (rows[i].octets)
            assert_octets(rows[i].octets, pcai_slice(serial.octets, serial.size));
    }
    char text[200];
    memset(text, '0', sizeof text);
    text[127] = '1', text[128] = 0;
    struct serial serial;
    assert_int_equal(pcai_serial_parse(text, &serial), 0);
    text[128] = '1', text[129] = 0;
    assert_int_equal(pcai_serial_parse(text, &serial), -1);
}

/* RFC 5280 4.1.2.2: positive, at most 20 octets; an INTEGER has one more where the first bit is set. */
static void serial_numbers_as_integers(void **state)
{
    (void)state;
    static const struct {
        const char *integer, *octets; /* NULL: refused */
    } rows[] = {
        {"01", "01"}, {"7F", "7F"}, {"0080", "80"}, {"00(20 FF)", "(20 FF)"}, {"(20 7F)", "(20 7F)"}, {"", NULL}, {"00", NULL}, {"80", NULL}, {"FF", NULL},
        {"(21 7F)", NULL}, {"00(21 FF)", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct serial serial;
        uint8_t again[PCAI_SERIAL_MAX + 1];
        int rc = pcai_serial_read(octets(rows[i].integer), &serial);
        if ((rc == 0) != (rows[i].octets != NULL))
            fail_msg("\"%s\"", rows[i].integer);
        if (rows[i].octets) {
            assert_octets(rows[i].octets, pcai_slice(serial.octets, serial.size));
            assert_octets(rows[i].integer, pcai_serial_integer(&serial, again));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_services_cap_is_its_longest_run_of_months),
        cmocka_unit_test(free_units_keep_their_mark),
        cmocka_unit_test(pitfall_25_spans_by_the_calendar),
        cmocka_unit_test(spans_out_of_range),
        cmocka_unit_test(a_year_is_the_least_of_a_service_of_a_year),
        cmocka_unit_test(a_service_under_a_year_caps_in_days),
        cmocka_unit_test(dates_are_taken_as_they_are_given),
        cmocka_unit_test(never_outside_the_issuer),
        cmocka_unit_test(longest_takes_what_all_limits_allow),
        cmocka_unit_test(a_ca_has_up_to_200_years),
        cmocka_unit_test(nothing_ends_after_the_year_9999),
        cmocka_unit_test(policies_have_sound_rows),
        cmocka_unit_test(policies_have_their_published_defaults),
        cmocka_unit_test(urls_are_http),
        cmocka_unit_test(serial_numbers_in_every_spelling),
        cmocka_unit_test(serial_numbers_as_integers),
        cmocka_unit_test(pitfall_37_every_input_counts_for_a_token),
        cmocka_unit_test(every_setter_is_in_that_table),
    };
    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
