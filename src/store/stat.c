/* How full the file is, and what keeps its free pages from being used again. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/internal.h"

/* LMDB tells its readers as lines of text: process, thread, and the transaction that it reads, or "-". */
struct readers {
    uint64_t count;
    size_t oldest; /* SIZE_MAX: none */
};

static int reader(const char *line, void *context)
{
    struct readers *readers = context;
    const char *last = strrchr(line, ' ');
    if (!last || !pcai_is_digit(last[1]))
        return 0;
    size_t transaction = (size_t)strtoull(last + 1, NULL, 10);
    readers->count++;
    if (transaction < readers->oldest)
        readers->oldest = transaction;
    return 0;
}

/* Each record of LMDB's list of free pages has a transaction as its key, and as its value a count and so many page numbers. Those
 * freed since the oldest reader began are held for it; those of the last commit are never free yet. */
static int free_pages(struct txn *txn, size_t oldest, uint64_t *free, uint64_t *held)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    size_t freed_by, count, now = mdb_txn_id(txn->mdb);
    int error = mdb_cursor_open(txn->mdb, 0, &cursor);
    if (error)
        return error;
    while ((error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        if (key.mv_size != sizeof freed_by || value.mv_size < sizeof count)
            continue;
        memcpy(&freed_by, key.mv_data, sizeof freed_by);
        memcpy(&count, value.mv_data, sizeof count);
        *free += count;
        if (freed_by >= oldest && freed_by < now)
            *held += count;
    }
    mdb_cursor_close(cursor);
    return error == MDB_NOTFOUND ? 0 : error;
}

static uint64_t waiting(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    uint64_t count = queue->waiting;
    pthread_mutex_unlock(&queue->lock);
    return count;
}

int pcai_store_stat(struct txn *txn, struct store_stat *stat, pca_error *err)
{
    struct store *store = txn->store;
    struct readers readers = {0, SIZE_MAX};
    uint64_t free = 0, held = 0;
    MDB_envinfo info = {0};
    MDB_stat table = {0};
    int dead, error = mdb_reader_check(store->env, &dead);
    if (error == 0)
        error = mdb_env_info(store->env, &info);
    if (error == 0)
        error = mdb_env_stat(store->env, &table);
    if (error == 0)
        mdb_reader_list(store->env, reader, &readers);
    if (error == 0)
        error = free_pages(txn, readers.oldest, &free, &held);
    uint64_t page = table.ms_psize, now = mdb_txn_id(txn->mdb);
    for (int i = 1; i < TABLE_COUNT && error == 0; i++) {
        error = mdb_stat(txn->mdb, store->table[i], &table);
        stat->rows[i] = table.ms_entries;
    }
    if (error)
        return pcai_fail_lmdb(err, store, error, "look at the store");
    stat->octets = ((uint64_t)info.me_last_pgno + 1) * page;
    stat->limit = store->map_limit;
    stat->free = free * page;
    stat->held = held * page;
    stat->readers = readers.count ? readers.count - 1 : 0; /* without this one, which is none where nobody takes slots */
    stat->lag = readers.oldest < now ? now - readers.oldest : 0;
    stat->waiting = waiting(&store->queue);
    return PCA_OK;
}
