/* The name index: one row for each distinct name of a certificate, in lower case. */
#ifndef PCAI_LEAF_NAMES_H
#define PCAI_LEAF_NAMES_H

#include "ca/records.h"

/* The names are read from the certificate itself: common name and alternative names. */
int pcai_leaf_names_put(struct txn *txn, struct slice der, uint64_t sequence, pca_error *err);
int pcai_leaf_names_delete(struct txn *txn, struct slice der, uint64_t sequence, pca_error *err);
/* CORRUPT when a row is missing; counts the rows. */
int pcai_leaf_names_check(struct txn *txn, struct slice der, uint64_t sequence, uint64_t *rows, pca_error *err);

/* What the rows of a name begin with, those of all names that begin so, those of all names; name in lower case. */
int pcai_leaf_name_key(struct slice name, struct row_key *key, pca_error *err);
struct row_key pcai_leaf_name_range(struct slice prefix);
/* *matched: has the certificate that name, and one that begins so? No data: any. first, unless NULL: the least key of its rows
 * for a name that begins so. */
int pcai_leaf_names_match(struct slice der, uint64_t sequence, struct slice name, struct slice prefix, struct row_key *first,
                          int *matched, pca_error *err);

#endif
