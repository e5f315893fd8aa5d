#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/internal.h"

#define SLOT_TRIES 500 /* of 2 ms, for a slot that other processes hold */

/* ---- Begin ---- */

static int check_process(const struct store *store, pca_error *err)
{
    if (store->pid != getpid())
        return pcai_fail(err, PCA_E_FORKED, "store", NULL, "a child process cannot use its parent's store; open it anew");
    return PCA_OK;
}

/* LMDB's part, once inside the gate. */
static int begin(struct txn *txn)
{
    struct store *store = txn->store;
    if (txn->write)
        return mdb_txn_begin(store->env, NULL, 0, &txn->mdb);
    if (!txn->mdb)
        return mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn->mdb);
    int error = mdb_txn_renew(txn->mdb);
    if (error)
        mdb_txn_abort(txn->mdb);
    return error;
}

/* After a begin that failed: PCA_OK when it may be tried again. */
static int mend(struct store *store, int error, uint64_t seen, int *tries, pca_error *err)
{
    int dead;
    if (error == MDB_MAP_RESIZED)
        return pcai_gate_resize(store, seen, 1, err);
    if (error != MDB_READERS_FULL || ++*tries > SLOT_TRIES)
        return pcai_fail_lmdb(err, store, error, "begin a transaction");
    if (*tries == 1) {
        pcai_gate_drop_idle(&store->gate);
        mdb_reader_check(store->env, &dead);
    } else {
        nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    return PCA_OK;
}

static int enter_and_begin(struct txn *txn, pca_error *err)
{
    int tries = 0;
    for (;;) {
        int rc = pcai_gate_enter(txn, err);
        if (rc != PCA_OK)
            return rc;
        int error = begin(txn);
        if (error == 0)
            return PCA_OK;
        txn->mdb = NULL;
        pcai_gate_leave(txn, NULL);
        rc = mend(txn->store, error, txn->seen, &tries, err);
        if (rc != PCA_OK)
            return rc;
    }
}

static int new_txn(struct store *store, int write, struct txn **txn, pca_error *err)
{
    int rc = check_process(store, err);
    if (rc != PCA_OK)
        return rc;
    struct txn *t = pcai_alloc(sizeof *t);
    if (!t)
        return pcai_no_memory(err);
    t->store = store;
    t->write = write;
    if (write)
        pthread_mutex_lock(&store->writer);
    rc = enter_and_begin(t, err);
    if (rc == PCA_OK) {
        *txn = t;
        return PCA_OK;
    }
    if (write)
        pthread_mutex_unlock(&store->writer);
    pcai_free(t);
    return rc;
}

int pcai_txn_read(struct store *store, struct txn **txn, pca_error *err)
{
    return new_txn(store, 0, txn, err);
}

int pcai_txn_write(struct store *store, struct txn **txn, pca_error *err)
{
    if (store->read_only)
        return pcai_fail(err, PCA_E_READ_ONLY, "store", NULL, "the store was opened read-only");
    return new_txn(store, 1, txn, err);
}

/* ---- Session ---- */

void *pcai_txn_session(const struct txn *txn)
{
    return txn->session;
}

void pcai_txn_set_session(struct txn *txn, const struct session_type *type, void *session)
{
    txn->session_type = type;
    txn->session = session;
}

int pcai_txn_is_write(const struct txn *txn)
{
    return txn->write;
}

uint64_t pcai_txn_changes(const struct txn *txn)
{
    return txn->changes;
}

/* ---- End ---- */

static void session_free(struct txn *txn)
{
    if (txn->session)
        txn->session_type->free(txn->session);
    txn->session = NULL;
}

/* After LMDB's part has ended. */
static void leave(struct txn *txn, MDB_txn *idle)
{
    session_free(txn);
    pcai_gate_leave(txn, idle);
    if (txn->write)
        pthread_mutex_unlock(&txn->store->writer);
    pcai_free(txn);
}

/* After a transaction that met the end of the map. */
static int make_room(struct store *store, uint64_t seen, pca_error *err)
{
    int dead = 0;
    if (mdb_reader_check(store->env, &dead) == 0 && dead) /* a dead reader held back pages that are free */
        return PCAI_AGAIN;
    int rc = pcai_gate_resize(store, seen, 0, err);
    return rc == PCA_OK ? PCAI_AGAIN : rc;
}

int pcai_txn_undo(struct txn *txn, pca_error *err)
{
    struct store *store = txn->store;
    pcai_scan_detach(txn);
    if (store->pid != getpid()) { /* begun by the parent: its locks and slots are not ours to give back */
        session_free(txn);
        pcai_free(txn);
        return PCA_OK;
    }
    uint64_t seen = txn->seen;
    enum room full = txn->full;
    if (txn->write)
        mdb_txn_abort(txn->mdb);
    else
        mdb_txn_reset(txn->mdb);
    leave(txn, txn->write ? NULL : txn->mdb);
    if (full == ROOM_FREED)
        return PCAI_AGAIN;
    return full == ROOM_BY_GROWTH ? make_room(store, seen, err) : PCA_OK;
}

void pcai_txn_abort(struct txn *txn)
{
    if (txn)
        pcai_txn_undo(txn, NULL);
}

int pcai_txn_commit(struct txn *txn, pca_error *err)
{
    struct store *store = txn->store;
    int rc = check_process(store, err);
    int unfinished = rc == PCA_OK && txn->write && atomic_load(&store->unfinished);
    if (rc == PCA_OK && txn->session && !txn->full)
        rc = txn->session_type->flush(txn, txn->session, err);
    if (rc == PCA_OK && unfinished && !txn->full)
        rc = pcai_schema_put(txn, err);
    if (rc != PCA_OK || !txn->write || txn->full) {
        int room = pcai_txn_undo(txn, err);
        return room != PCA_OK ? room : rc;
    }
    uint64_t seen = txn->seen;
    pcai_scan_detach(txn);
    int error = mdb_txn_commit(txn->mdb);
    if (error == 0 && unfinished)
        atomic_store(&store->unfinished, 0);
    leave(txn, NULL);
    if (error == MDB_MAP_FULL)
        return make_room(store, seen, err);
    return error ? pcai_fail_lmdb(err, store, error, "commit") : PCA_OK;
}

/* ---- Rows ---- */

static int check_key(struct slice key, pca_error *err)
{
    if (key.size == 0 || key.size > PCAI_KEY_MAX)
        return pcai_fail(err, PCA_E_INTERNAL, "store", NULL, "a key of %zu octets; 1 to %d can be stored", key.size, PCAI_KEY_MAX);
    return PCA_OK;
}

static MDB_val val(struct slice s)
{
    return (MDB_val){s.size, (void *)s.data};
}

int pcai_get(struct txn *txn, enum table table, struct slice key, struct slice *value, pca_error *err)
{
    MDB_val k = val(key), v;
    int rc = check_key(key, err);
    if (rc != PCA_OK)
        return rc;
    int error = mdb_get(txn->mdb, txn->store->table[table], &k, &v);
    if (error)
        return pcai_fail_lmdb(err, txn->store, error, "read the store");
    *value = pcai_slice(v.mv_data, v.mv_size);
    return PCA_OK;
}

/* The end of the map is the end of the road only if no dead reader holds pages back and the map cannot grow. */
static int write_failed(struct txn *txn, int error, pca_error *err)
{
    int dead = 0;
    if (error != MDB_MAP_FULL)
        return pcai_fail_lmdb(err, txn->store, error, "write to the store");
    mdb_reader_check(txn->store->env, &dead);
    if (!dead && !pcai_gate_can_grow(txn->store))
        return pcai_fail_full(err, txn->store, "write to the store");
    txn->full = dead ? ROOM_FREED : ROOM_BY_GROWTH;
    return PCAI_AGAIN;
}

int pcai_put(struct txn *txn, enum table table, struct slice key, struct slice value, pca_error *err)
{
    MDB_val k = val(key), v = val(value);
    int rc = check_key(key, err);
    if (rc != PCA_OK)
        return rc;
    txn->changes++;
    txn->octets += key.size + value.size;
    int error = mdb_put(txn->mdb, txn->store->table[table], &k, &v, 0);
    return error ? write_failed(txn, error, err) : PCA_OK;
}

int pcai_delete(struct txn *txn, enum table table, struct slice key, pca_error *err)
{
    MDB_val k = val(key);
    int rc = check_key(key, err);
    if (rc != PCA_OK)
        return rc;
    txn->changes++;
    int error = mdb_del(txn->mdb, txn->store->table[table], &k, NULL);
    return error ? write_failed(txn, error, err) : PCA_OK;
}
