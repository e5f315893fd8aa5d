/* The log: one row a change, ledger and audit in one, and the RFC 9162 Merkle tree over its rows. */
#ifndef PCAI_LOG_H
#define PCAI_LOG_H

#include "ca/records.h"

struct context;

/* Heads of the full subtrees, largest first. */
#define FRONTIER_MAX 64
struct frontier {
    uint64_t size;
    size_t count;
    uint8_t hash[FRONTIER_MAX][32];
};

/* The last row's sequence and time; 0 and 0 before the first. */
int pcai_log_end(struct txn *txn, uint64_t *sequence, int64_t *time, pca_error *err);
/* Appends a row dated cx->now by cx->actor. ca, object, units, digest and token come from the entry. */
int pcai_log_append(struct txn *txn, struct context *cx, enum action action, const struct log_record *entry, pca_error *err);
/* "issued"; "" for one that this library does not know. */
const char *pcai_action_name(uint64_t action);
/* The CA that a row's units came from, or went back to where they are negative; 0: none. */
uint64_t pcai_log_from(const struct log_record *row);
/* Is the row's object a certificate, which it says was changed? */
int pcai_action_of_certificate(uint64_t action);
/* The tree's head over all rows, from the frontier. */
int pcai_log_head(struct txn *txn, uint64_t *size, uint8_t head[32], pca_error *err);

int pcai_frontier_read(struct txn *txn, struct frontier *f, pca_error *err);
int pcai_frontier_write(struct txn *txn, const struct frontier *f, pca_error *err);
/* Adds one leaf hash to a frontier held in hashes (size * 32 octets used). Exposed for the check of a region. */
int pcai_frontier_add(struct frontier *f, struct slice leaf, pca_error *err);
int pcai_frontier_head(const struct frontier *f, uint8_t head[32], pca_error *err);

#endif
