/*
 * Reviews: a request on a compliance CA is a certificate that is PENDING, holds one unit, and waits for people.
 *
 * What they decide on is the template, frozen when the request came and known by its digest: issuer, subject, names, public
 * key, extensions, the validity as asked. Serial number, dates and signature are filled in when it is issued.
 *
 *   ReviewTemplate ::= SEQUENCE { certificate INTEGER, form INTEGER, span INTEGER, notBefore INTEGER, notAfter INTEGER,
 *       TBSCertificate, TBSCertificate OPTIONAL (of a pair) }     -- with a stand-in serial number and the dates of the day it was asked for
 */
#ifndef PCAI_REVIEW_H
#define PCAI_REVIEW_H

#include "ca/certificate.h"

#define PCAI_APPROVALS_MAX 16
#define PCAI_REASON_TEXT_MAX 256 /* characters */

struct approval {
    struct slice actor;
    int64_t at;
};
struct review {
    uint64_t form; /* enum validity_form, with what goes with it */
    int64_t span, not_before, not_after;
    int64_t lapses; /* when nobody has decided by then; 0: never */
    struct slice digest; /* SHA-256 of the template */
    struct approval approvals[PCAI_APPROVALS_MAX];
    size_t count;
    int64_t decided; /* 0: not yet */
    struct slice decider, reason;
};

/* As a certificate's record keeps it. CORRUPT. Slices point into what was read. */
int pcai_review_read(const struct cert_view *view, struct review *review, pca_error *err);
void pcai_review_write(const struct review *review, struct buf *out);
/* pair: the TBSCertificate of the other one, of a pair. */
int pcai_review_digest(uint64_t id, const struct review *review, struct slice tbs, struct slice pair, uint8_t digest[32], pca_error *err);
/* The rows, in table name, of what is pending: this, and the id. */
struct row_key pcai_review_pending_key(void);
int pcai_review_put_pending(struct txn *txn, uint64_t id, pca_error *err);
/* For the check of a region: CORRUPT unless the record is what a certificate of that status has. Counts its row. */
int pcai_review_check(struct txn *txn, const struct cert_view *view, uint64_t *rows, pca_error *err);

/* ---- Verbs ---- */

/* An approval, in the steps of a plan (plan.h), whose certificate_id and approved digest are given. */
struct plan;
int pcai_approval_rules(struct txn *txn, struct context *cx, void *plan, pca_error *err);
int pcai_approval_make(struct plan *plan, pca_error *err);
int pcai_approval_record(struct txn *txn, struct context *cx, void *plan, pca_error *err);

struct decision {
    uint64_t id;
    const char *reason; /* of a rejection */
};
int pcai_reason_check(const char *reason, pca_error *err);
int pcai_review_reject(struct txn *txn, struct context *cx, void *decision, pca_error *err);
int pcai_review_cancel(struct txn *txn, struct context *cx, void *decision, pca_error *err);
int pcai_cert_purge(struct txn *txn, struct context *cx, void *decision, pca_error *err);

/* Cancels what has lapsed, at most so many and no more than one commit should hold. */
#define PCAI_LAPSES_MAX 64
struct lapses {
    uint64_t most;
    uint64_t done; /* out */
    int left;      /* out: there are more */
};
int pcai_review_lapse(struct txn *txn, struct context *cx, void *lapses, pca_error *err);

#endif
