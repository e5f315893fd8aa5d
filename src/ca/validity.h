/* From what was asked to notBefore and notAfter, within every limit (rules.md, validity). */
#ifndef PCAI_VALIDITY_H
#define PCAI_VALIDITY_H

#include "ca/request.h"

struct validity_limits {
    int has_issuer;
    int64_t issuer_not_before, issuer_not_after;
    uint64_t months;       /* of the service: below 12 a cap in days applies. 0: no service to bound it */
    int short_lived;       /* less than a year may be asked for */
    int64_t years_max;
    int64_t default_years; /* 0: none, so that one must be asked for */
};

/* Leaves: 1..100 years, CAs: 1..200 years. */
#define PCAI_LEAF_YEARS_MAX 100
#define PCAI_CA_YEARS_MAX 200

/* The longest run of so many calendar months, in days. */
int64_t pcai_service_cap_days(uint64_t months);
/* start: where a validity begins that names no date. VALIDITY, never a silent cut. */
int pcai_validity_resolve(const struct pca_request *request, const struct validity_limits *limits, int64_t now, int64_t start,
                          int64_t *not_before, int64_t *not_after, pca_error *err);
/* The longest that the limits allow from there, in seconds. */
int64_t pcai_validity_longest(const struct validity_limits *limits, int64_t not_before);

#endif
