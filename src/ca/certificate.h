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

/* What is done to a certificate, and in which status it may be: one table, whose default is refusal. */
enum cert_action { CERT_APPROVE, CERT_REJECT, CERT_CANCEL, CERT_READ, CERT_INSTALL, CERT_REVOKE, CERT_DELETE, CERT_PURGE, CERT_ACTIONS };
/* REVIEW: it is decided. PENDING: it is not. STATE. */
int pcai_cert_require(const struct cert_view *view, enum cert_action action, pca_error *err);
/* Copies what the record points to. */
int pcai_cert_copy(struct arena *arena, struct cert_view *view, pca_error *err);

/* The log row that last changed it. */
uint64_t pcai_cert_changed(const struct cert_view *view);
/* The view of a row of table cert. */
int pcai_cert_decode(struct txn *txn, struct slice key, struct slice value, struct cert_view *view, pca_error *err);
/* What is put here names the log row that its verb will append next, as what last changed it. */
int pcai_cert_put(struct txn *txn, const struct context *cx, uint64_t id, const struct cert_record *record, pca_error *err);
int pcai_status_put(struct txn *txn, const struct context *cx, uint64_t id, const struct status_record *status, pca_error *err);

/* By the contents of a serial number's INTEGER; NOT_FOUND leaves err as it is. */
int pcai_cert_of_serial(struct txn *txn, uint64_t issuer, struct slice serial, struct cert_view *view, pca_error *err);

#endif
