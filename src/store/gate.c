/*
 * The gate before every transaction. The map changes its size only while no transaction is open in this process, since
 * slices point into it; those who want it larger go first; and no more threads read at once than there are slots.
 */
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"

#define GROW_SECONDS 10                   /* a resize waits so long for open transactions */
#define GROW_SMALL (UINT64_C(64) << 20)   /* when there is no address space for half as much again */
#define FOLLOW_SPARE (UINT64_C(16) << 20) /* so that not every transaction of another process means a resize */

int pcai_gate_init(struct gate *gate)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return -1;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int failed = pthread_mutex_init(&gate->lock, NULL) != 0 || pthread_cond_init(&gate->changed, NULL) != 0 ||
                 pthread_cond_init(&gate->drained, &monotonic) != 0;
    pthread_condattr_destroy(&monotonic);
    return failed ? -1 : 0;
}

void pcai_gate_destroy(struct gate *gate)
{
    pthread_mutex_destroy(&gate->lock);
    pthread_cond_destroy(&gate->changed);
    pthread_cond_destroy(&gate->drained);
}

static int closed_to(const struct gate *gate, int write)
{
    return gate->growers || (!write && gate->readers == PCAI_READERS_OURS);
}

int pcai_gate_enter(struct txn *txn, pca_error *err)
{
    struct gate *gate = &txn->store->gate;
    pthread_mutex_lock(&gate->lock);
    gate->waiting++;
    while (closed_to(gate, txn->write))
        pthread_cond_wait(&gate->changed, &gate->lock);
    gate->waiting--;
    int lost = gate->lost;
    if (!lost) {
        gate->open++;
        txn->seen = gate->resizes;
        if (!txn->write) {
            gate->readers++;
            txn->mdb = gate->idle_count ? gate->idle[--gate->idle_count] : NULL;
        }
    }
    pthread_mutex_unlock(&gate->lock);
    return lost ? pcai_fail(err, PCA_E_STORAGE, "store", NULL, "the store lost its map when it grew; close it and open it again") : PCA_OK;
}

void pcai_gate_leave(struct txn *txn, MDB_txn *idle)
{
    struct gate *gate = &txn->store->gate;
    pthread_mutex_lock(&gate->lock);
    if (idle && gate->idle_count < PCAI_READERS_IDLE)
        gate->idle[gate->idle_count++] = idle;
    else if (idle)
        mdb_txn_abort(idle);
    gate->open--;
    gate->readers -= !txn->write;
    if (gate->growers && gate->open == 0)
        pthread_cond_broadcast(&gate->drained);
    if (gate->waiting)
        pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

void pcai_gate_drop_idle(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    while (gate->idle_count)
        mdb_txn_abort(gate->idle[--gate->idle_count]);
    pthread_mutex_unlock(&gate->lock);
}

int pcai_gate_can_grow(struct store *store)
{
    pthread_mutex_lock(&store->gate.lock);
    int can = store->gate.map_size < store->map_limit;
    pthread_mutex_unlock(&store->gate.lock);
    return can;
}

/* ---- Resizing ---- */

/* LMDB gives the old map up before it asks for the new one, and is lost if that fails: so ask first. */
static int address_space(struct store *store, uint64_t size)
{
    mdb_filehandle_t fd;
    if (size > SIZE_MAX || mdb_env_get_fd(store->env, &fd) != 0)
        return 0;
    void *map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return 0;
    munmap(map, (size_t)size);
    return 1;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What the file uses of it, whoever wrote it, with some to spare. */
static uint64_t followed_size(struct store *store)
{
    MDB_envinfo info;
    MDB_stat stat;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    if (mdb_env_info(store->env, &info) != 0 || mdb_env_stat(store->env, &stat) != 0)
        return 0;
    uint64_t size = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize + FOLLOW_SPARE;
    return (size + page - 1) / page * page;
}

/* Half as much again; 64 MiB where there is no address space for that; never above the limit but to follow. */
static int resize(struct store *store, int follow, pca_error *err)
{
    struct gate *gate = &store->gate;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), now = gate->map_size, need = follow ? followed_size(store) : 0;
    uint64_t size = least(now + now / 2 / page * page, store->map_limit);
    if (size < need)
        size = need;
    if (!address_space(store, size))
        size = follow ? need : least(now + GROW_SMALL, store->map_limit);
    int possible = size > now && address_space(store, size);
    if (!possible && follow)
        return pcai_fail(err, PCA_E_NO_MEMORY, "store", NULL, "no address space for a store that another process has let grow");
    if (!possible && now < store->map_limit)
        return pcai_fail(err, PCA_E_FULL, "store", "map_limit",
                         "no address space to let the store grow beyond %" PRIu64 " octets; its limit is %" PRIu64, now, store->map_limit);
    if (!possible)
        return pcai_fail_full(err, store, "grow the store");
    int error = mdb_env_set_mapsize(store->env, (size_t)size);
    if (error) {
        gate->lost = 1;
        return pcai_fail_lmdb(err, store, error, "grow the store");
    }
    gate->map_size = size;
    gate->resizes++;
    return PCA_OK;
}

int pcai_gate_resize(struct store *store, uint64_t seen, int follow, pca_error *err)
{
    struct gate *gate = &store->gate;
    struct timespec deadline;
    int rc = PCA_OK, waited = 0;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += GROW_SECONDS;
    pthread_mutex_lock(&gate->lock);
    gate->growers++;
    while (gate->resizes == seen && gate->open && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&gate->drained, &gate->lock, &deadline);
    if (gate->resizes != seen)
        rc = PCA_OK; /* another thread was faster */
    else if (gate->open)
        rc = pcai_fail(err, PCA_E_BUSY, "store", NULL, "the store must grow, and a transaction stayed open for more than %d s",
                       GROW_SECONDS);
    else
        rc = resize(store, follow, err);
    if (--gate->growers == 0)
        pthread_cond_broadcast(&gate->changed);
    pthread_cond_broadcast(&gate->drained);
    pthread_mutex_unlock(&gate->lock);
    return rc;
}
