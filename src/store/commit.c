/* The one place that commits. Now a transaction a change: group commit replaces this function and nothing else. */
#include "store/internal.h"

#define TRIES 100 /* each with more room than the one before */

/* *again: not apply's word, but the store's. */
static int once(struct store *store, struct change *change, int *again, pca_error *err)
{
    struct txn *txn;
    *again = 0;
    int rc = pcai_txn_write(store, &txn, err);
    if (rc != PCA_OK)
        return rc;
    rc = change->apply(txn, change, err);
    int end = rc == PCA_OK ? pcai_txn_commit(txn, err) : pcai_txn_undo(txn, err);
    *again = end == PCAI_AGAIN;
    return end == PCA_OK ? rc : end;
}

int pcai_store_commit(struct store *store, struct change *change, pca_error *err)
{
    int again = 1, rc = PCA_OK;
    for (int tries = 0; again && tries < TRIES; tries++)
        rc = once(store, change, &again, err);
    return again ? pcai_fail(err, PCA_E_BUSY, "store", NULL, "the store grew %d times and the change still did not fit", TRIES) : rc;
}
