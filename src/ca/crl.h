/* Complete CRLs of a CA: made from the revocation table in pieces, stored, read back. */
#ifndef PCAI_CA_CRL_H
#define PCAI_CA_CRL_H

#include "ca/ca.h"
#include "crypto/crypto.h"
#include "x509/lint.h"

struct environment;

#define PCAI_CRL_PIECE 65536
#define PCAI_CRL_PIECES_A_COMMIT 16

/* One CRL in the making. Its steps, each a transaction or none: number, scan, sign, pieces, finish. */
struct crl_job {
    uint64_t ca, generation;
    struct environment *env;
    struct containers *containers;
    struct random *random;
    /* number */
    struct arena arena;
    struct ca_record issuer;
    struct slice key_id;
    struct ca_key key;
    int algorithm;
    uint64_t number;
    int64_t this_update, next_update;
    uint64_t previous, previous_log; /* the CRL before: its number, and the log's end when it was scanned */
    int64_t previous_this_update;
    struct lint_context lint;
    /* scan */
    int spool; /* an unlinked file with the entries, from entries_at on */
    uint64_t entries_at, entries, entries_size, log;
    struct lint_entries linted;
    struct findings findings;
    /* sign */
    struct buf head, tail;
    uint64_t size, next_piece, pieces;
};

int pcai_crl_number(struct txn *txn, struct context *cx, void *job, pca_error *err);
int pcai_crl_scan(struct txn *txn, struct crl_job *job, pca_error *err);
int pcai_crl_sign(struct crl_job *job, pca_error *err);
/* Stores up to 16 pieces from job->next_piece on. */
int pcai_crl_put_pieces(struct txn *txn, struct context *cx, void *job, pca_error *err);
int pcai_crl_finish(struct txn *txn, struct context *cx, void *job, pca_error *err);
/* Takes the pieces of old CRLs away, 16 at a time. */
struct crl_sweep {
    uint64_t ca, generation, below; /* CRLs with smaller numbers */
    int more;
};
int pcai_crl_sweep(struct txn *txn, struct context *cx, void *sweep, pca_error *err);
void pcai_crl_job_free(struct crl_job *job);

/* The next CRL after that of this CA and generation that time or a revocation has made due; all zero to begin. */
struct crl_due {
    uint64_t ca, generation;
    int found;
};
int pcai_crl_find_due(struct txn *txn, struct context *cx, void *due, pca_error *err);

/* The finished CRL. NOT_FOUND fills err. */
/* *generation: one of the CA's, or 0, which becomes the present one. */
int pcai_crl_current(struct txn *txn, struct context *cx, uint64_t ca, uint64_t *generation, struct generation_record *record, pca_error *err);
/* One piece, borrowed from the transaction; BUSY when the CRL has been replaced and swept meanwhile. */
int pcai_crl_piece(struct txn *txn, uint64_t ca, uint64_t generation, uint64_t number, uint64_t index, struct slice *piece, pca_error *err);

#endif
