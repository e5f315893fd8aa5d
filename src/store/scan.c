#include <string.h>

#include "base/memory.h"
#include "store/internal.h"

/* In a write transaction the place is kept as a key, so that puts and deletes between two steps do no harm. */
struct scan {
    struct txn *txn; /* NULL once it has ended */
    struct scan *next;
    MDB_cursor *cursor;
    enum table table;
    int started, ended;
    uint64_t changes;
    size_t prefix_size, at_size;
    uint8_t prefix[PCAI_KEY_MAX], at[PCAI_KEY_MAX];
};

static int compare(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int has_prefix(const MDB_val *key, struct slice prefix)
{
    return key->mv_size >= prefix.size && (prefix.size == 0 || memcmp(key->mv_data, prefix.data, prefix.size) == 0);
}

static size_t keep(uint8_t *to, struct slice s)
{
    if (s.size)
        memcpy(to, s.data, s.size);
    return s.size;
}

static int too_long(pca_error *err, size_t size)
{
    return pcai_fail(err, PCA_E_INTERNAL, "store", NULL, "a scan from a key of %zu octets; keys have at most %d", size, PCAI_KEY_MAX);
}

int pcai_scan_open(struct txn *txn, enum table table, struct slice prefix, struct slice from, struct scan **scan, pca_error *err)
{
    if (prefix.size > PCAI_KEY_MAX || from.size > PCAI_KEY_MAX)
        return too_long(err, prefix.size > from.size ? prefix.size : from.size);
    struct scan *s = pcai_alloc(sizeof *s);
    if (!s)
        return pcai_no_memory(err);
    int error = mdb_cursor_open(txn->mdb, txn->store->table[table], &s->cursor);
    if (error) {
        pcai_free(s);
        return pcai_fail_lmdb(err, txn->store, error, "scan the store");
    }
    s->prefix_size = keep(s->prefix, prefix);
    s->at_size = keep(s->at, compare(prefix, from) > 0 ? prefix : from);
    s->txn = txn;
    s->table = table;
    s->next = txn->scans;
    txn->scans = s;
    *scan = s;
    return PCA_OK;
}

static int step(struct scan *s, MDB_val *key, MDB_val *value)
{
    int moved = s->txn->write && s->changes != s->txn->changes;
    if (s->started && !moved)
        return mdb_cursor_get(s->cursor, key, value, MDB_NEXT);
    if (s->at_size == 0)
        return mdb_cursor_get(s->cursor, key, value, MDB_FIRST);
    *key = (MDB_val){s->at_size, s->at};
    int error = mdb_cursor_get(s->cursor, key, value, MDB_SET_RANGE);
    if (error == 0 && s->started && compare(pcai_slice(key->mv_data, key->mv_size), pcai_slice(s->at, s->at_size)) == 0)
        error = mdb_cursor_get(s->cursor, key, value, MDB_NEXT);
    return error;
}

int pcai_scan_next(struct scan *scan, struct slice *key, struct slice *value, pca_error *err)
{
    MDB_val k, v;
    if (!scan->txn)
        return pcai_fail(err, PCA_E_INTERNAL, "store", NULL, "a scan went on after its transaction's end");
    if (scan->ended)
        return PCA_E_NOT_FOUND;
    int error = step(scan, &k, &v);
    if (error == 0 && !has_prefix(&k, pcai_slice(scan->prefix, scan->prefix_size)))
        error = MDB_NOTFOUND;
    if (error == 0 && k.mv_size > PCAI_KEY_MAX)
        error = MDB_CORRUPTED;
    scan->ended = error != 0;
    if (error)
        return pcai_fail_lmdb(err, scan->txn->store, error, "scan the store");
    scan->started = 1;
    scan->changes = scan->txn->changes;
    if (scan->txn->write)
        scan->at_size = keep(scan->at, pcai_slice(k.mv_data, k.mv_size));
    *key = pcai_slice(k.mv_data, k.mv_size);
    *value = pcai_slice(v.mv_data, v.mv_size);
    return PCA_OK;
}

void pcai_scan_detach(struct txn *txn)
{
    for (struct scan *s = txn->scans; s; s = s->next) {
        mdb_cursor_close(s->cursor);
        s->txn = NULL;
    }
    txn->scans = NULL;
}

void pcai_scan_close(struct scan *scan)
{
    if (!scan)
        return;
    if (scan->txn) {
        struct scan **at = &scan->txn->scans;
        while (*at != scan)
            at = &(*at)->next;
        *at = scan->next;
        mdb_cursor_close(scan->cursor);
    }
    pcai_free(scan);
}

/* ---- Last ---- */

/* The least key that is greater than all with the prefix; of size 0 when there is none. */
static size_t successor(uint8_t *to, struct slice prefix)
{
    size_t size = keep(to, prefix);
    while (size && to[size - 1] == 0xFF)
        size--;
    if (size)
        to[size - 1]++;
    return size;
}

int pcai_last(struct txn *txn, enum table table, struct slice prefix, struct slice *key, struct slice *value, pca_error *err)
{
    uint8_t after[PCAI_KEY_MAX];
    MDB_cursor *cursor;
    if (prefix.size > sizeof after)
        return too_long(err, prefix.size);
    int error = mdb_cursor_open(txn->mdb, txn->store->table[table], &cursor);
    if (error)
        return pcai_fail_lmdb(err, txn->store, error, "read the store");
    MDB_val k = {successor(after, prefix), after}, v;
    error = k.mv_size ? mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE) : MDB_NOTFOUND;
    if (error == 0 || error == MDB_NOTFOUND)
        error = mdb_cursor_get(cursor, &k, &v, error ? MDB_LAST : MDB_PREV);
    if (error == 0 && !has_prefix(&k, prefix))
        error = MDB_NOTFOUND;
    mdb_cursor_close(cursor);
    if (error)
        return pcai_fail_lmdb(err, txn->store, error, "read the store");
    *key = pcai_slice(k.mv_data, k.mv_size);
    *value = pcai_slice(v.mv_data, v.mv_size);
    return PCA_OK;
}
