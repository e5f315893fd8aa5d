/*
 * A whole store as a stream of octets (docs/backup.md): the one form in which a store is copied, by backup, restore and
 * compaction alike. It knows neither word size nor engine.
 */
#ifndef PCAI_STORE_BACKUP_H
#define PCAI_STORE_BACKUP_H

#include "store/store.h"

/* An unlinked file in the store's directory, for what is too large for memory. */
int pcai_store_spool(const struct store *store, int *fd, pca_error *err);

/* Writes the stream of one moment into fd, from its present place. *size: the stream's octets. */
int pcai_backup_dump(struct store *store, const char *region, int fd, uint64_t *size, pca_error *err);

/* Reads at most size octets into buffer; *got 0: the end. */
typedef int (*backup_read)(void *context, uint8_t *buffer, size_t size, size_t *got, pca_error *err);
/* Puts the stream's rows into a store that was just created. CORRUPT: cut short, changed, or no backup. VERSION: of a newer
 * schema. The rows are committed in parts: the store is whole when it returns, and worthless when it fails. */
int pcai_backup_load(struct store *store, backup_read read, void *context, pca_error *err);

#endif
