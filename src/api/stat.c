/* pca_stat: how a region's store is doing. */
#include "api/shell.h"
#include "base/memory.h"

struct pca_stat {
    struct store_stat store;
    uint64_t sequence;
    int64_t now;
};

static int stat_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    pca_stat *stat = arguments;
    stat->sequence = cx->log;
    stat->now = cx->now;
    return pcai_store_stat(txn, &stat->store, err);
}

int pca_region_stat(pca_region *region, pca_stat **stat, pca_error *err)
{
    pca_error_clear(err);
    if (!region || !stat)
        return pcai_null(region ? "stat" : "region", err);
    pca_stat *fresh = pcai_alloc(sizeof *fresh);
    int rc = fresh ? pcai_verb_read(region->shell, stat_rule, fresh, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        *stat = fresh;
    else
        pcai_free(fresh);
    return rc;
}

uint64_t pca_stat_octets(const pca_stat *stat)
{
    return stat ? stat->store.octets : 0;
}

uint64_t pca_stat_limit(const pca_stat *stat)
{
    return stat ? stat->store.limit : 0;
}

uint64_t pca_stat_free_octets(const pca_stat *stat)
{
    return stat ? stat->store.free : 0;
}

uint64_t pca_stat_held_octets(const pca_stat *stat)
{
    return stat ? stat->store.held : 0;
}

uint64_t pca_stat_readers(const pca_stat *stat)
{
    return stat ? stat->store.readers : 0;
}

uint64_t pca_stat_reader_lag(const pca_stat *stat)
{
    return stat ? stat->store.lag : 0;
}

uint64_t pca_stat_waiting(const pca_stat *stat)
{
    return stat ? stat->store.waiting : 0;
}

uint64_t pca_stat_cas(const pca_stat *stat)
{
    return stat ? stat->store.rows[TABLE_CA] : 0;
}

uint64_t pca_stat_certs(const pca_stat *stat)
{
    return stat ? stat->store.rows[TABLE_CERT] : 0;
}

uint64_t pca_stat_sequence(const pca_stat *stat)
{
    return stat ? stat->sequence : 0;
}

int64_t pca_stat_time(const pca_stat *stat)
{
    return stat ? stat->now : 0;
}

void pca_stat_free(pca_stat *stat)
{
    pcai_free(stat);
}
