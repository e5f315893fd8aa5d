/* A region as a whole: its first rows, its policies, its check. */
#ifndef PCAI_REGION_H
#define PCAI_REGION_H

#include "ca/context.h"

struct region_create {
    const char *id;
    struct storage_record storage;
};
int pcai_region_create_rows(struct txn *txn, struct context *cx, void *arguments, pca_error *err);
int pcai_region_id_check(const char *id, pca_error *err);
/* Copies the id. */
#define PCAI_REGION_ID_MAX 64
int pcai_region_id_read(struct txn *txn, char id[PCAI_REGION_ID_MAX + 1], pca_error *err);

struct policy_change {
    enum policy policy;
    int64_t value;
};
int pcai_policy_set(struct txn *txn, struct context *cx, void *arguments, pca_error *err);
int pcai_clock_accept(struct txn *txn, struct context *cx, void *arguments, pca_error *err);
/* Every record, index and sum. CORRUPT says what is wrong. */
int pcai_region_verify(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

/* After a restore: numbers that the region's other life may have given out are not given out again. */
int pcai_region_restored(struct txn *txn, struct context *cx, void *arguments, pca_error *err);
/* arguments: a storage_record. */
int pcai_region_storage_put(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

#endif
