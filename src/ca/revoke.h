/* Revoking and deleting (rules.md). Revocations stand in a table of their own that deletion never empties. */
#ifndef PCAI_REVOKE_H
#define PCAI_REVOKE_H

#include "ca/ca.h"
#include "ca/serials.h"
#include "ca/token.h"

struct revocation {
    uint64_t id; /* a certificate's, or a CA's */
    int reason;
    int64_t invalidity; /* 0: unknown */
    struct token token;
    int64_t at; /* 0: now */
};
/* The arguments, before any transaction: the reason (INVALID for one that is none, or not one for a leaf), the dates, the
 * token, whose digest of inputs is made here; `what` is one of them where the token's object does not say it. */
int pcai_revocation_check(struct revocation *revocation, int is_ca, struct slice what, pca_error *err);
int pcai_cert_revoke(struct txn *txn, struct context *cx, void *arguments, pca_error *err);
int pcai_ca_revoke(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

/* By serial number, whether the store knows the certificate or not (revoke_serial.c). What it knows is revoked as ever. Else a
 * row in the generation that signed it, or where that is not known in every one that still makes CRLs. */
struct serial_revocation {
    uint64_t ca;
    struct serial serial;
    uint64_t generation;      /* 0: not known */
    struct slice certificate; /* DER; no data: not presented */
    int64_t not_after;        /* 0: not known */
    int import;               /* it was revoked before it came here: EXISTS where it is already */
    struct revocation revocation;
};
/* A presented certificate: read, and found to be of this CA. INVALID. */
struct presented {
    uint64_t ca, generation;
    struct buf work;
    struct certificate certificate;
    struct serial serial;
};
int pcai_presented_read(struct slice in, struct presented *presented, pca_error *err);
int pcai_presented_check(struct txn *txn, struct context *cx, void *presented, pca_error *err);
/* serial NULL: it is set. is_ca: it is, or may be, a CA's. */
int pcai_serial_revocation_check(struct serial_revocation *revocation, const char *serial, int is_ca, pca_error *err);
int pcai_serial_revoke(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

/* ---- What these share ---- */

/* INVALID: since a time that has not come. */
int pcai_revocation_check_invalidity(const struct context *cx, int64_t invalidity, const char *object, pca_error *err);
int pcai_is_compromise(uint64_t reason);
/* The one later change: to a compromise, keeping the date of revocation; the suspicion may only move back. */
int pcai_revocation_check_again(uint64_t held_reason, int64_t held_invalidity, const struct revocation *revocation, const char *object,
                                pca_error *err);
/* NOT_FOUND leaves err as it is. */
int pcai_revocation_find(struct txn *txn, struct context *cx, uint64_t issuer, uint64_t generation, struct slice serial,
                         struct revocation_record *record, pca_error *err);
/* Puts a revocation row and keeps its generation's count and XOR. */
int pcai_revocation_put(struct txn *txn, struct context *cx, const struct ca_record *issuer, uint64_t generation, struct slice serial,
                        const struct revocation_record *record, pca_error *err);
/* The two verbs without their tokens. */
int pcai_cert_revoke_now(struct txn *txn, struct context *cx, const struct revocation *revocation, pca_error *err);
int pcai_ca_revoke_now(struct txn *txn, struct context *cx, const struct revocation *revocation, pca_error *err);

struct deletion {
    uint64_t id;
};
int pcai_cert_delete(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

#endif
