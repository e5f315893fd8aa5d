/* The name index: one row for each distinct name of a certificate, in lower case. */
#ifndef PCAI_LEAF_NAMES_H
#define PCAI_LEAF_NAMES_H

#include "ca/records.h"

/* The names are read from the certificate itself: common name and alternative names. */
int pcai_leaf_names_put(struct txn *txn, struct slice der, uint64_t sequence, pca_error *err);
int pcai_leaf_names_delete(struct txn *txn, struct slice der, uint64_t sequence, pca_error *err);
/* CORRUPT when a row is missing; counts the rows. */
int pcai_leaf_names_check(struct txn *txn, struct slice der, uint64_t sequence, uint64_t *rows, pca_error *err);

#endif
