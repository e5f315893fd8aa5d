/*
 * The store: tables of ordered keys in one file, with transactions; the only room that knows LMDB.
 *
 * One struct store per file and process, whoever opens it; a table of them, by (device, inode), is the library's only
 * writable global. Records carry a check value over table ‖ key ‖ record (record.h).
 */
#ifndef PCAI_STORE_H
#define PCAI_STORE_H

#include "base/buffer.h"

/* Bumped with every change of a table or record that older code would misread. */
#define PCAI_SCHEMA 1

/* docs/storage.md says what each holds. The order is fixed: a record's check covers the number. */
enum table {
    TABLE_META = 1,   /* region, policy, storage key */
    TABLE_CA,         /* CAs */
    TABLE_QUOTA,      /* their counters */
    TABLE_GENERATION, /* their key generations: revocation sums, CRL number and pointer */
    TABLE_KEY,        /* sealed private keys */
    TABLE_CA_CERT,    /* the certificates of each generation */
    TABLE_CERT,       /* end-entity certificates by sequence */
    TABLE_STATUS,     /* of those that are pending or revoked */
    TABLE_NAME,       /* names to what bears them */
    TABLE_EXPIRY,     /* day ‖ sequence */
    TABLE_REVOCATION, /* by generation and serial; deletion never touches it */
    TABLE_CRL,        /* finished CRLs in pieces */
    TABLE_TOKEN,      /* client tokens and their results */
    TABLE_LOG,        /* ledger and audit in one */
    TABLE_MERKLE,     /* the audit tree's frontier */
    TABLE_SERIAL,     /* serial numbers that hold no sequence */
    TABLE_PUBLIC_KEY, /* keys that were certified, where a policy asks for it */
    TABLE_INTENT,     /* what is under way at a token */
    TABLE_COUNT
};
const char *pcai_table_name(enum table table);

struct store;
struct store_options {
    uint64_t map_limit; /* 0: the default */
    int read_only;
};

/* Makes the directory (0700) and the file (0600). EXISTS when there is anything at path, other than an empty
 * directory of our own. */
int pcai_store_create(const char *path, const struct store_options *options, struct store **store, pca_error *err);
/* NOT_FOUND, CORRUPT (not a store, or cut short), VERSION (newer schema), PERMISSION. A store already open in this process
 * is shared: another map limit is INVALID, and so is writing to one that was opened read-only. A reader may share a writer's;
 * that it writes nothing is then its caller's to see to. */
int pcai_store_open(const char *path, const struct store_options *options, struct store **store, pca_error *err);
/* One more reference. */
void pcai_store_share(struct store *store);
/* Gives one reference back; the last runs the attachment's destructor and closes the file. In a forked child it only
 * frees memory. */
void pcai_store_close(struct store *store);
/* Takes everything at path away again, for a create that failed half-way. The store must be closed. */
void pcai_store_remove(const char *path);
/* EXISTS when there is anything at path but an empty directory. */
int pcai_store_check_place(const char *path, pca_error *err);
/* A closed store into its place, whole or not at all. EXISTS likewise. */
int pcai_store_move(const char *from, const char *to, pca_error *err);
const char *pcai_store_directory(const struct store *store);

/* What the room above keeps with a store, made once by the first open that gets here, under a lock of its own. */
typedef int (*pcai_attach)(struct store *store, void *argument, void **attachment, pca_error *err);
typedef void (*pcai_detach)(void *attachment, int forked);
int pcai_store_attach(struct store *store, pcai_attach make, pcai_detach destroy, void *argument, void **attachment,
                      pca_error *err);

/* ---- Transactions. At most one writes at a time; slices that get and scan return live until the next put, delete,
 *      commit or abort of their transaction. ---- */

struct txn;
int pcai_txn_read(struct store *store, struct txn **txn, pca_error *err);
int pcai_txn_write(struct store *store, struct txn **txn, pca_error *err);
/* PCAI_AGAIN: the file grew (or another process made it grow); nothing was written, do it all again. */
int pcai_txn_commit(struct txn *txn, pca_error *err);
/* NULL does nothing. */
void pcai_txn_abort(struct txn *txn);

/* What the room above keeps for the length of a write transaction, of one type. flush makes its last puts before the commit;
 * free gets it at the transaction's end, however that comes. */
struct session_type {
    int (*flush)(struct txn *txn, void *session, pca_error *err);
    void (*free)(void *session);
};
/* NULL before one is set, and in a read transaction. */
void *pcai_txn_session(const struct txn *txn);
void pcai_txn_set_session(struct txn *txn, const struct session_type *type, void *session);
int pcai_txn_is_write(const struct txn *txn);
/* Puts and deletes so far. */
uint64_t pcai_txn_changes(const struct txn *txn);

#define PCAI_KEY_MAX 511 /* octets of a key: LMDB's */
/* NOT_FOUND leaves err as it is: a missing row is an answer. */
int pcai_get(struct txn *txn, enum table table, struct slice key, struct slice *value, pca_error *err);
int pcai_put(struct txn *txn, enum table table, struct slice key, struct slice value, pca_error *err);
/* NOT_FOUND likewise. */
int pcai_delete(struct txn *txn, enum table table, struct slice key, pca_error *err);

/* Rows in order of key from the first that is >= from, while they start with prefix. */
struct scan;
int pcai_scan_open(struct txn *txn, enum table table, struct slice prefix, struct slice from, struct scan **scan,
                   pca_error *err);
/* NOT_FOUND at the end. */
int pcai_scan_next(struct scan *scan, struct slice *key, struct slice *value, pca_error *err);
void pcai_scan_close(struct scan *scan);
/* The table's last row that starts with prefix; NOT_FOUND. */
int pcai_last(struct txn *txn, enum table table, struct slice prefix, struct slice *key, struct slice *value, pca_error *err);

/* How full the file is, and who holds it up. */
struct store_stat {
    uint64_t octets, limit;     /* of the file; that it may grow to */
    uint64_t free, held;        /* octets in free pages; of them, those that the oldest reader keeps from being used again */
    uint64_t readers, lag;      /* other read transactions of all processes; commits since the oldest began */
    uint64_t waiting;           /* changes of this process that wait for a commit */
    uint64_t rows[TABLE_COUNT];
};
/* In a read transaction. Clears the slots of dead processes first. */
int pcai_store_stat(struct txn *txn, struct store_stat *stat, pca_error *err);

/* ---- Commit: the one place where changes become durable ---- */

/* A change is a value. apply reads and refuses before its first put, writes memory only in the change itself and in err, calls
 * no host code, and may run more than once, on another thread. PCAI_AGAIN: the rules changed since it was built. The caller has
 * no transaction open. */
struct change {
    int (*apply)(struct txn *txn, struct change *change, pca_error *err);
    unsigned requests; /* what it counts for where a commit's size is limited */
};
/* PCA_OK: durable. Anything else: nothing was written. */
int pcai_store_commit(struct store *store, struct change *change, pca_error *err);

#endif
