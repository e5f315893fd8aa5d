/* Shared inside the room. */
#ifndef PCAI_STORE_INTERNAL_H
#define PCAI_STORE_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "store/store.h"

#define PCAI_READERS_MAX 1024 /* slots in the lock file, of all processes */
#define PCAI_READERS_OURS 256 /* that one process may have in use; more callers wait */
#define PCAI_READERS_IDLE 32  /* finished read transactions kept for the next */
#define PCAI_DATA_FILE "data.mdb"
#define PCAI_LOCK_FILE "lock.mdb"

/* LMDB's map may change its size only while this process has no transaction open. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed, drained;
    unsigned open, readers; /* transactions; the reading ones among them */
    unsigned growers;       /* threads that want to resize: while there are any, nobody enters */
    unsigned waiting;
    uint64_t resizes; /* so far: tells a thread that another one was faster */
    uint64_t map_size;
    int lost; /* no map at all: a resize failed after LMDB gave the old map up */
    MDB_txn *idle[PCAI_READERS_IDLE];
    unsigned idle_count;
};

/* Changes that wait for a commit (commit.c). */
struct queue {
    pthread_mutex_t lock;
    struct waiter *first, **end;
    unsigned waiting;
    int led; /* a thread is at it */
};

struct store {
    struct store *next;
    unsigned references; /* both under the table's lock */
    dev_t device;
    ino_t inode;
    pid_t pid;
    char *directory;
    uint64_t map_limit;
    int read_only;
    atomic_int unfinished; /* created, and nothing committed yet: the first commit brings the schema row */
    MDB_env *env;
    MDB_dbi table[TABLE_COUNT];
    struct gate gate;
    struct queue queue;
    pthread_mutex_t writer; /* in front of LMDB's own lock, which is between processes */
    pthread_mutex_t attaching;
    void *attachment;
    pcai_detach detach;
};

/* A put met the end of the map. The transaction is lost; done again, it may fit. */
enum room { ROOM_UNASKED, ROOM_BY_GROWTH, ROOM_FREED };

struct txn {
    struct store *store;
    MDB_txn *mdb;
    int write;
    enum room full;
    uint64_t seen;    /* gate.resizes when it began */
    uint64_t changes; /* puts and deletes: a scan finds its place again after each */
    size_t octets;    /* of keys and values put */
    const struct session_type *session_type;
    void *session;
    struct scan *scans;
};

/* commit.c */
int pcai_queue_init(struct queue *queue);
void pcai_queue_destroy(struct queue *queue);

/* environment.c: the row that makes a file a store of ours. */
int pcai_schema_put(struct txn *txn, pca_error *err);

/* failure.c: from an LMDB or errno code; what was tried comes first. MDB_NOTFOUND leaves err as it is. */
int pcai_fail_lmdb(pca_error *err, const struct store *store, int error, const char *tried);
int pcai_fail_full(pca_error *err, const struct store *store, const char *tried);

/* file.c: looks at the file before LMDB maps it. *blank: nothing was ever written. CORRUPT: not LMDB's, or cut short. */
int pcai_file_check(const char *file, int *blank, pca_error *err);

/* gate.c */
int pcai_gate_init(struct gate *gate);
void pcai_gate_destroy(struct gate *gate);
/* Waits while the map is being resized, and for a place among the readers. Sets txn->seen, and txn->mdb if one is idle. */
int pcai_gate_enter(struct txn *txn, pca_error *err);
/* idle, a reset read transaction or NULL, is kept or aborted. */
void pcai_gate_leave(struct txn *txn, MDB_txn *idle);
void pcai_gate_drop_idle(struct gate *gate);
int pcai_gate_can_grow(struct store *store);
/* Gives the map more room; follow: as much as another process has used. The caller has no transaction open. */
int pcai_gate_resize(struct store *store, uint64_t seen, int follow, pca_error *err);

/* transaction.c: as abort; PCAI_AGAIN when there is more room now, FULL and the like when a put needed it and it is not
 * to be had. */
int pcai_txn_undo(struct txn *txn, pca_error *err);

/* scan.c: the transaction ends under its scans. */
void pcai_scan_detach(struct txn *txn);

#endif
