/* Stored certificates: found, listed, their keys. */
#ifndef PCAI_CA_CERTIFICATE_H
#define PCAI_CA_CERTIFICATE_H

#include "ca/ca.h"

struct cert_view {
    uint64_t id;
    struct cert_record record;
    struct status_record status; /* status.status: PCA_STATUS_; ISSUED where the store has no row */
};

/* Slices live as long as the transaction's next write. NOT_FOUND fills err. */
int pcai_cert_read(struct txn *txn, uint64_t id, struct cert_view *view, pca_error *err);
/* By serial number, in any spelling of hexadecimal or as dec:…; INVALID, NOT_FOUND. */
int pcai_cert_by_serial(struct txn *txn, uint64_t issuer, const char *serial, struct cert_view *view, pca_error *err);

#define PCAI_PAGE_MAX 1000
struct cert_query {
    uint64_t issuer; /* 0: any; likewise the next two */
    int status, type;
    uint64_t after, limit;
};
/* Calls `found` for each match, at most limit times, having examined at most 10,000 rows; *next: where to go on, 0: the end. */
typedef int (*cert_found)(void *context, const struct cert_view *view, pca_error *err);
int pcai_cert_list(struct txn *txn, const struct cert_query *query, cert_found found, void *context, uint64_t *next, pca_error *err);

#endif
