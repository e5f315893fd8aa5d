/*
 * Intents: before a call goes out to a token or HSM it commits what it is about to issue, with one unit put by. The commit of the
 * certificate finds and takes its own intent, or nothing is issued. One whose deadline is over belongs to a call that died: its
 * unit goes back and its serial number is never used.
 */
#ifndef PCAI_INTENT_H
#define PCAI_INTENT_H

#include "ca/context.h"

struct plan;
/* In a commit: QUOTA, PCAI_AGAIN as pcai_leaf_current. */
int pcai_intent_put(struct txn *txn, struct context *cx, struct plan *plan, pca_error *err);
/* Takes the row away, the unit still reserved. DEVICE: its deadline was over, and it was resolved. */
int pcai_intent_take(struct txn *txn, const struct plan *plan, pca_error *err);
/* The call failed. Nothing, when the intent is gone. */
int pcai_intent_release(struct txn *txn, struct context *cx, uint64_t id, pca_error *err);

/* Those that are past their deadline, at most so many. */
#define PCAI_INTENTS_MAX 64
struct overdue {
    uint64_t most;
    uint64_t done; /* out */
    int left;      /* out: there are more */
};
int pcai_intents_resolve(struct txn *txn, struct context *cx, void *overdue, pca_error *err);
/* int *any: there are some, past their deadline or not. */
int pcai_intents_any(struct txn *txn, struct context *cx, void *any, pca_error *err);
/* For the check of a region. */
int pcai_intent_issuer(struct slice key, struct slice value, uint64_t *issuer, pca_error *err);

#endif
