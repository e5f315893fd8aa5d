#include "ca/validity.h"

#include <inttypes.h>

#include "base/civil.h"

#define YEAR_DAYS_MIN 365
#define SHORTEST_SECONDS 60
#define CENTURY_DAYS 36525

int64_t pcai_service_cap_days(uint64_t months)
{
    static const int64_t days[] = {0, 31, 62, 92, 123, 153, 184, 215, 245, 276, 306, 337};
    return months < 12 ? days[months] : 0;
}

int64_t pcai_validity_longest(const struct validity_limits *limits, int64_t not_before)
{
    int64_t end = pcai_add_months(not_before, limits->years_max * 12);
    int64_t cap = limits->months ? pcai_service_cap_days(limits->months) : 0;
    if (cap && end > not_before + cap * PCAI_DAY)
        end = not_before + cap * PCAI_DAY;
    return end - not_before;
}

static const char *form_field(enum validity_form form)
{
    static const char *const fields[] = {"validity", "days", "months", "years", "not_after", "validity"};
    return fields[form];
}

/* The end, exclusive, of a span from not_before. */
static int span_end(enum validity_form form, int64_t span, int64_t years_max, int64_t not_before, int64_t *end, pca_error *err)
{
    int64_t most = form == FORM_DAYS ? years_max * CENTURY_DAYS / 100 : form == FORM_MONTHS ? years_max * 12 : years_max;
    if (span < 1 || span > most)
        return pcai_fail(err, PCA_E_VALIDITY, "request", form_field(form), "%" PRId64 " %s asked for; 1 to %" PRId64 " are possible", span,
                         form_field(form), most);
    if (form == FORM_DAYS)
        *end = not_before + span * PCAI_DAY;
    else
        *end = pcai_add_months(not_before, form == FORM_YEARS ? span * 12 : span);
    return PCA_OK;
}

static int check_dates(const struct pca_request *request, int64_t now, pca_error *err)
{
    char text[PCAI_TIME_TEXT], other[PCAI_TIME_TEXT];
    if (request->not_before < 0 || request->not_before > PCAI_TIME_MAX || request->not_after < 0 || request->not_after > PCAI_TIME_MAX)
        return pcai_fail(err, PCA_E_VALIDITY, "request", request->not_before < 0 || request->not_before > PCAI_TIME_MAX ? "not_before" : "not_after",
                         "a date lies between 1970-01-01 and 9999-12-31");
    pcai_time_text(request->not_after, text);
    if (request->not_after < request->not_before) {
        pcai_time_text(request->not_before, other);
        return pcai_fail(err, PCA_E_VALIDITY, "request", "not_after", "the end %s lies before the start %s", text, other);
    }
    if (request->not_after < now) {
        pcai_time_text(now, other);
        return pcai_fail(err, PCA_E_VALIDITY, "request", "not_after", "the end %s has passed; it is %s", text, other);
    }
    return PCA_OK;
}

/* Limits compare the asked span. */
static int check_span(const struct validity_limits *limits, const char *field, int64_t not_before, int64_t end, pca_error *err)
{
    int64_t cap = limits->months ? pcai_service_cap_days(limits->months) : 0;
    int64_t seconds = end - not_before;
    if (cap) {
        if (seconds > cap * PCAI_DAY)
            return pcai_fail(err, PCA_E_VALIDITY, "request", field,
                             "a service of %" PRIu64 " months issues for at most %" PRId64 " days; %" PRId64 " s were asked for", limits->months, cap,
                             seconds);
    } else if (!limits->short_lived && seconds < YEAR_DAYS_MIN * PCAI_DAY) {
        return pcai_fail(err, PCA_E_VALIDITY, "request", field,
                         "at least 1 year (365 days) must be asked for, less only for end entities by policy short_lived; %" PRId64 " s were",
                         seconds);
    }
    if (seconds < SHORTEST_SECONDS)
        return pcai_fail(err, PCA_E_VALIDITY, "request", field, "a validity is at least %d s", SHORTEST_SECONDS);
    if (end > pcai_add_months(not_before, limits->years_max * 12))
        return pcai_fail(err, PCA_E_VALIDITY, "request", field, "a validity is at most %" PRId64 " years", limits->years_max);
    return PCA_OK;
}

static int check_issuer(const struct validity_limits *limits, const char *field, int64_t not_before, int64_t not_after, pca_error *err)
{
    char asked[PCAI_TIME_TEXT], limit[PCAI_TIME_TEXT];
    if (limits->has_issuer && not_before < limits->issuer_not_before) {
        pcai_time_text(not_before, asked);
        pcai_time_text(limits->issuer_not_before, limit);
        return pcai_fail(err, PCA_E_VALIDITY, "request", "not_before", "the start %s lies before the issuer's own %s", asked, limit);
    }
    if (limits->has_issuer && not_after > limits->issuer_not_after) {
        pcai_time_text(not_after, asked);
        pcai_time_text(limits->issuer_not_after, limit);
        return pcai_fail(err, PCA_E_VALIDITY, "request", field, "the end %s lies after the issuer's own %s", asked, limit);
    }
    if (not_after > PCAI_TIME_MAX)
        return pcai_fail(err, PCA_E_VALIDITY, "request", field, "the validity would end after the year 9999");
    return PCA_OK;
}

int pcai_validity_resolve(const struct pca_request *request, const struct validity_limits *limits, int64_t now, int64_t start,
                          int64_t *not_before, int64_t *not_after, pca_error *err)
{
    enum validity_form form = request->form ? request->form : limits->default_years ? FORM_YEARS : FORM_NONE;
    const char *field = form_field(form);
    int64_t span = request->form ? request->span : limits->default_years, from, end = 0;
    int rc = PCA_OK;
    from = limits->has_issuer && start < limits->issuer_not_before ? limits->issuer_not_before : start;
    if (form == FORM_NONE)
        return pcai_fail(err, PCA_E_VALIDITY, "request", field, "no validity is given: set days, months, years, dates or longest");
    if (form == FORM_DATES) {
        rc = check_dates(request, now, err);
        from = request->not_before;
        end = rc == PCA_OK ? request->not_after + 1 : 0;
    } else if (form == FORM_LONGEST) {
        end = from + pcai_validity_longest(limits, from);
        if (limits->has_issuer && end > limits->issuer_not_after + 1)
            end = limits->issuer_not_after + 1;
    } else {
        rc = span_end(form, span, limits->years_max, from, &end, err);
    }
    if (rc == PCA_OK && form != FORM_LONGEST)
        rc = check_span(limits, field, from, end, err);
    if (rc == PCA_OK)
        rc = check_issuer(limits, field, from, end - 1, err);
    if (rc != PCA_OK)
        return rc;
    *not_before = from;
    *not_after = end - 1;
    return PCA_OK;
}
