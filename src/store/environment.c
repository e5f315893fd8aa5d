/* Opening: one LMDB environment for a file and process, whoever opens it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/internal.h"
#include "store/record.h"

#define MAP_LIMIT_LEAST (UINT64_C(1) << 20)
#if SIZE_MAX > UINT32_MAX
#define MAP_LIMIT_DEFAULT (UINT64_C(64) << 30)
#define MAP_FALLBACK (UINT64_C(1) << 30) /* valgrind and small machines give less than the limit */
#else
#define MAP_LIMIT_DEFAULT (UINT64_C(1) << 30)
#define MAP_FALLBACK (UINT64_C(1) << 20)
#ifndef PCAI_MAP_START /* where the map starts below its limit and grows; a test sets it on 64-bit too */
#define PCAI_MAP_START (UINT64_C(16) << 20)
#endif
#endif

/* The library's only writable global: the stores open in this process. owner: its pid; -pid while it takes the table over,
 * which a child does by forgetting what it inherited, its parent's lock included. */
static struct {
    atomic_long owner;
    pthread_mutex_t lock;
    struct store *first;
} table;

static void table_lock(void)
{
    long me = getpid(), seen = atomic_load(&table.owner);
    while (seen != me) {
        if (seen == -me) {
            sched_yield();
            seen = atomic_load(&table.owner);
        } else if (atomic_compare_exchange_strong(&table.owner, &seen, -me)) {
            pthread_mutex_init(&table.lock, NULL);
            table.first = NULL;
            atomic_store(&table.owner, me);
            break;
        }
    }
    pthread_mutex_lock(&table.lock);
}

static void table_unlock(void)
{
    pthread_mutex_unlock(&table.lock);
}

const char *pcai_table_name(enum table number)
{
    static const char *const names[TABLE_COUNT] = {
        "",       "meta", "ca",     "quota",      "generation", "key",   "ca_cert", "cert",
        "status", "name", "expiry", "revocation", "crl",        "token", "log",     "merkle",
        "serial", "public_key", "intent",
    };
    return (unsigned)number < TABLE_COUNT ? names[number] : "";
}

/* ---- Files and directories ---- */

static int path_failed(pca_error *err, int error, const char *tried, const char *path)
{
    int rc = pcai_fail_errno(err, error, "store", "%s %s", tried, path);
    pcai_error_name_field(err, "path");
    return rc;
}

/* NULL when out of memory. */
static char *join(const char *directory, const char *file)
{
    struct buf path = {0};
    size_t size;
    pcai_buf_format(&path, "%s/%s", directory, file);
    return (char *)pcai_buf_take(&path, &size);
}

static int sync_directory(const char *path, pca_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || (fsync(fd) != 0 && errno != EINVAL); /* some file systems cannot, and need not */
    int error = errno;
    if (fd >= 0)
        close(fd);
    return failed ? pcai_fail_errno(err, error, "store", "sync the directory %s", path) : PCA_OK;
}

static int sync_parent(const char *path, pca_error *err)
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    while (size && path[size - 1] != '/')
        size--;
    char *parent = size ? pcai_strndup(path, size) : pcai_strdup(".");
    int rc = parent ? sync_directory(parent, err) : pcai_no_memory(err);
    pcai_free(parent);
    return rc;
}

/* New, empty and 0600 whatever the umask says. */
static int make_file(const char *file, pca_error *err)
{
    int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int failed = fd < 0 || fchmod(fd, 0600) != 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return failed ? pcai_fail_errno(err, error, "store", "make %s", file) : PCA_OK;
}

/* 1 or 0; -1: errno says why it cannot be seen. */
static int is_empty(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory)
        return -1;
    int empty = 1;
    const struct dirent *entry;
    while (empty && (entry = readdir(directory)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(directory);
    return empty;
}

/* Without memory, which may be what there is none of. */
static void remove_files(const char *path)
{
    static const char *const files[] = {PCAI_DATA_FILE, PCAI_LOCK_FILE};
    char file[PATH_MAX];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if ((size_t)snprintf(file, sizeof file, "%s/%s", path, files[i]) < sizeof file)
            unlink(file);
}

void pcai_store_remove(const char *path)
{
    remove_files(path);
    rmdir(path);
}

/* ---- The schema row ---- */

struct schema_record {
    struct slice magic;
    uint64_t schema;
};
static const struct field schema_fields[] = {
    RECORD_FIELD(FIELD_TEXT, struct schema_record, magic),
    RECORD_FIELD(FIELD_UINT, struct schema_record, schema),
};
static const struct record_type schema_type = {TABLE_META, 1, schema_fields, 2};
#define SCHEMA_KEY "schema"
#define SCHEMA_MAGIC "libpca store"

int pcai_schema_put(struct txn *txn, pca_error *err)
{
    struct schema_record record = {pcai_slice_text(SCHEMA_MAGIC), PCAI_SCHEMA};
    return pcai_record_put(txn, &schema_type, pcai_slice_text(SCHEMA_KEY), &record, err);
}

static int not_ours(const struct store *s, pca_error *err)
{
    return pcai_fail(err, PCA_E_CORRUPT, "store", "path", "%s holds an LMDB file that is not a store of libpca", s->directory);
}

static int cut_short(const char *path, pca_error *err)
{
    return pcai_fail(err, PCA_E_CORRUPT, "store", "path",
                     "the creation of the store at %s was cut short, unless another process is at it now; nothing is in it: "
                     "remove the directory and create it again",
                     path);
}

/* *blank: the creation was cut short. */
static int schema_check(struct store *s, int *blank, pca_error *err)
{
    struct txn *txn = NULL;
    struct schema_record record;
    MDB_stat meta;
    int rc = pcai_txn_read(s, &txn, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_record_get(txn, &schema_type, pcai_slice_text(SCHEMA_KEY), &record, err);
    if (rc == PCA_E_NOT_FOUND) {
        *blank = mdb_stat(txn->mdb, s->table[TABLE_META], &meta) == 0 && meta.ms_entries == 0;
        rc = *blank ? cut_short(s->directory, err) : not_ours(s, err);
    } else if (rc == PCA_OK && (record.schema == 0 || !pcai_slice_equal(record.magic, pcai_slice_text(SCHEMA_MAGIC)))) {
        rc = not_ours(s, err);
    } else if (rc == PCA_OK && record.schema > PCAI_SCHEMA) {
        rc = pcai_fail(err, PCA_E_VERSION, "store", "schema", "the store has schema %" PRIu64 ", and this libpca knows those up to %d",
                       record.schema, PCAI_SCHEMA);
    }
    pcai_txn_abort(txn);
    return rc;
}

/* ---- One store ---- */

static int check_options(const struct store_options *options, pca_error *err)
{
    uint64_t limit = options->map_limit, page = (uint64_t)sysconf(_SC_PAGESIZE);
    if (limit && (limit < MAP_LIMIT_LEAST || limit > SIZE_MAX - page))
        return pcai_fail(err, PCA_E_INVALID, "store", "map_limit", "a limit of %" PRIu64 " octets; it may be %" PRIu64 " to %zu", limit,
                         MAP_LIMIT_LEAST, (size_t)(SIZE_MAX - page));
    return PCA_OK;
}

static void store_free(struct store *s)
{
    if (s->env) {
        pcai_gate_drop_idle(&s->gate);
        mdb_env_close(s->env);
    }
    pcai_gate_destroy(&s->gate);
    pcai_queue_destroy(&s->queue);
    pthread_mutex_destroy(&s->writer);
    pthread_mutex_destroy(&s->attaching);
    pcai_free(s->directory);
    pcai_free(s);
}

static int store_new(const char *path, const struct store_options *options, struct store **store, pca_error *err)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    struct store *s = pcai_alloc(sizeof *s);
    if (!s)
        return pcai_no_memory(err);
    s->pid = getpid();
    s->references = 1;
    s->map_limit = options->map_limit ? options->map_limit / page * page : MAP_LIMIT_DEFAULT;
    s->read_only = options->read_only != 0;
    s->directory = pcai_strdup(path);
    int failed = pthread_mutex_init(&s->writer, NULL) != 0 || pthread_mutex_init(&s->attaching, NULL) != 0 ||
                 pcai_queue_init(&s->queue) != 0 || pcai_gate_init(&s->gate) != 0;
    if (!s->directory || failed) {
        store_free(s);
        return pcai_no_memory(err);
    }
    *store = s;
    return PCA_OK;
}

static uint64_t first_map_size(const struct store *s)
{
#ifdef PCAI_MAP_START
    return s->map_limit < PCAI_MAP_START ? s->map_limit : PCAI_MAP_START;
#else
    return s->map_limit;
#endif
}

static int env_new(MDB_env **env, uint64_t map_size)
{
    int error = mdb_env_create(env);
    if (error == 0)
        error = mdb_env_set_maxreaders(*env, PCAI_READERS_MAX);
    if (error == 0)
        error = mdb_env_set_maxdbs(*env, TABLE_COUNT);
    if (error == 0)
        error = mdb_env_set_mapsize(*env, (size_t)map_size);
    return error;
}

/* LMDB lets a program that the host starts inherit the file of data. */
static void close_on_exec(MDB_env *env)
{
    mdb_filehandle_t fd;
    if (mdb_env_get_fd(env, &fd) == 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A reader who may not make the lock file goes without: the host has made the place unwritable. */
static int env_open(struct store *s, unsigned flags, pca_error *err)
{
    uint64_t size = first_map_size(s);
    MDB_envinfo info;
    flags |= MDB_NOTLS | (s->read_only ? MDB_RDONLY : 0);
    for (;;) {
        int error = env_new(&s->env, size);
        if (error == 0)
            error = mdb_env_open(s->env, s->directory, flags, 0600);
        if (error == 0)
            error = mdb_env_info(s->env, &info);
        if (error == 0) {
            close_on_exec(s->env);
            s->gate.map_size = info.me_mapsize;
            return PCA_OK;
        }
        if (s->env)
            mdb_env_close(s->env);
        s->env = NULL;
        if ((error == ENOMEM || error == EINVAL) && size / 2 >= MAP_FALLBACK) /* EINVAL: valgrind's word for too large */
            size /= 2;
        else if ((error == EACCES || error == EROFS || error == EPERM) && s->read_only && !(flags & MDB_NOLOCK))
            flags |= MDB_NOLOCK;
        else
            return pcai_fail_lmdb(err, s, error, "open the store");
    }
}

static int tables_open(struct store *s, int make, int *blank, pca_error *err)
{
    MDB_txn *txn;
    MDB_dbi main;
    MDB_stat stat;
    int error = mdb_txn_begin(s->env, NULL, make ? 0 : MDB_RDONLY, &txn);
    if (error)
        return pcai_fail_lmdb(err, s, error, "open the store");
    for (int i = 1; i < TABLE_COUNT && error == 0; i++)
        error = mdb_dbi_open(txn, pcai_table_name((enum table)i), make ? MDB_CREATE : 0, &s->table[i]);
    if (error == MDB_NOTFOUND)
        *blank = mdb_dbi_open(txn, NULL, 0, &main) == 0 && mdb_stat(txn, main, &stat) == 0 && stat.ms_entries == 0;
    if (error == 0)
        error = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    if (error == MDB_NOTFOUND || error == MDB_INCOMPATIBLE)
        return *blank ? cut_short(s->directory, err) : not_ours(s, err);
    return error ? pcai_fail_lmdb(err, s, error, "open the store") : PCA_OK;
}

/* ---- Open ---- */

static struct store *find(const struct stat *st)
{
    struct store *s = table.first;
    while (s && (s->device != st->st_dev || s->inode != st->st_ino))
        s = s->next;
    return s;
}

static void enlist(struct store *s, const struct stat *st)
{
    s->device = st->st_dev;
    s->inode = st->st_ino;
    s->next = table.first;
    table.first = s;
}

/* A copy of a store may come without its lock file; made here it is 0600 whatever the umask says. Failures are env_open's
 * to report. */
static void make_lock_file(const char *path)
{
    char *lock = join(path, PCAI_LOCK_FILE);
    if (lock)
        make_file(lock, NULL);
    pcai_free(lock);
}

/* A file that was looked at, mapped and found to be a store. */
static int load(struct store *s, const char *file, unsigned flags, int *blank, pca_error *err)
{
    int dead, rc = pcai_file_check(file, blank, err);
    if (rc == PCA_OK && *blank)
        rc = cut_short(s->directory, err);
    if (rc == PCA_OK && !(flags & MDB_NOLOCK))
        make_lock_file(s->directory);
    if (rc == PCA_OK)
        rc = env_open(s, flags, err);
    if (rc == PCA_OK)
        rc = tables_open(s, 0, blank, err);
    if (rc == PCA_OK)
        rc = schema_check(s, blank, err);
    if (rc == PCA_OK)
        mdb_reader_check(s->env, &dead);
    return rc;
}

static int share(struct store *s, const struct store_options *options, pca_error *err)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    if (options->map_limit && options->map_limit / page * page != s->map_limit)
        return pcai_fail(err, PCA_E_INVALID, "store", "map_limit",
                         "the store is open in this process with a limit of %" PRIu64 " octets, and cannot have %" PRIu64 " as well",
                         s->map_limit, options->map_limit);
    if (s->read_only && !options->read_only)
        return pcai_fail(err, PCA_E_INVALID, "store", "read_only",
                         "the store is open in this process for reading only, and cannot be opened for writing as well; close it first");
    if (atomic_load(&s->unfinished))
        return pcai_fail(err, PCA_E_BUSY, "store", "path", "the store at %s is being created by this process", s->directory);
    s->references++;
    return PCA_OK;
}

/* What stands at path: its directory and its file, or why there is no store. */
static int find_file(const char *path, const char *file, struct stat *st, pca_error *err)
{
    if (stat(path, st) != 0)
        return path_failed(err, errno, "open", path);
    if (!S_ISDIR(st->st_mode))
        return pcai_fail(err, PCA_E_NOT_FOUND, "store", "path", "%s is a file, and a store is a directory", path);
    if (stat(file, st) != 0) {
        int error = errno;
        if (error == ENOENT)
            return pcai_fail(err, PCA_E_NOT_FOUND, "store", "path", "there is no store at %s", path);
        return path_failed(err, error, "open", file);
    }
    if (!S_ISREG(st->st_mode))
        return pcai_fail(err, PCA_E_CORRUPT, "store", "path", "%s is not a regular file", file);
    return PCA_OK;
}

/* Under the table's lock, so that one file is never opened twice. */
static int open_locked(const char *path, const char *file, const struct store_options *options, struct store **store, pca_error *err)
{
    struct stat st;
    struct store *s = NULL;
    int blank = 0, rc = find_file(path, file, &st, err);
    if (rc != PCA_OK)
        return rc;
    struct store *shared = find(&st);
    if (shared) {
        rc = share(shared, options, err);
        if (rc == PCA_OK)
            *store = shared;
        return rc;
    }
    rc = store_new(path, options, &s, err);
    if (rc != PCA_OK)
        return rc;
    rc = load(s, file, 0, &blank, err);
    if (rc != PCA_OK) {
        store_free(s);
        return rc;
    }
    enlist(s, &st);
    *store = s;
    return PCA_OK;
}

int pcai_store_open(const char *path, const struct store_options *options, struct store **store, pca_error *err)
{
    int rc = check_options(options, err);
    if (rc != PCA_OK)
        return rc;
    char *file = join(path, PCAI_DATA_FILE);
    if (!file)
        return pcai_no_memory(err);
    table_lock();
    rc = open_locked(path, file, options, store, err);
    table_unlock();
    pcai_free(file);
    return rc;
}

/* ---- Create ---- */

/* Whether the directory holds what a creation left that was cut short. Without a lock file of its own: we only look. */
static int is_leftover(const char *path, const char *file)
{
    struct store *s = NULL;
    struct store_options options = {.read_only = 1};
    struct stat st;
    int blank = 0;
    if (stat(file, &st) != 0 || !S_ISREG(st.st_mode) || find(&st) || store_new(path, &options, &s, NULL) != PCA_OK)
        return 0;
    int rc = load(s, file, MDB_NOLOCK, &blank, NULL);
    store_free(s);
    return rc != PCA_OK && blank;
}

static int taken(const char *path, pca_error *err)
{
    return pcai_fail(err, PCA_E_EXISTS, "store", "path", "there is something at %s already", path);
}

static int exists(const char *path, const char *file, pca_error *err)
{
    if (is_leftover(path, file))
        return pcai_fail(err, PCA_E_EXISTS, "store", "path",
                         "there is a store at %s whose creation was cut short, unless another process is at it now; nothing is in "
                         "it: remove the directory and create it again",
                         path);
    return taken(path, err);
}

/* An empty directory of our own will do. */
static int make_directory(const char *path, const char *file, int *made, pca_error *err)
{
    struct stat st;
    *made = mkdir(path, 0700) == 0;
    if (!*made && errno != EEXIST)
        return path_failed(err, errno, "make the directory", path);
    if (!*made) {
        int empty = stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() ? is_empty(path) : 0;
        if (empty <= 0)
            return empty ? path_failed(err, errno, "look at", path) : exists(path, file, err);
    }
    if (chmod(path, 0700) != 0)
        return pcai_fail_errno(err, errno, "store", "set the mode of %s", path);
    return PCA_OK;
}

static int make_files(const char *file, const char *path, pca_error *err)
{
    char *lock = join(path, PCAI_LOCK_FILE);
    int rc = lock ? make_file(file, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = make_file(lock, err);
    pcai_free(lock);
    return rc;
}

/* Files, tables, and their names on disk; the schema row comes with the first commit, and makes it a store. */
static int fill(struct store *s, const char *file, pca_error *err)
{
    struct stat st;
    int blank, rc = env_open(s, 0, err);
    if (rc == PCA_OK)
        rc = tables_open(s, 1, &blank, err);
    if (rc == PCA_OK)
        rc = sync_directory(s->directory, err);
    if (rc == PCA_OK)
        rc = sync_parent(s->directory, err);
    if (rc == PCA_OK && stat(file, &st) != 0)
        rc = pcai_fail_errno(err, errno, "store", "look at %s", file);
    if (rc != PCA_OK)
        return rc;
    atomic_store(&s->unfinished, 1);
    enlist(s, &st);
    return PCA_OK;
}

static int create_locked(const char *path, const char *file, const struct store_options *options, struct store **store, pca_error *err)
{
    struct store *s = NULL;
    int made = 0, rc = make_directory(path, file, &made, err);
    if (rc != PCA_OK)
        goto out;
    rc = make_files(file, path, err);
    if (rc == PCA_E_EXISTS) /* another process was faster, and what is there is its own */
        return rc;
    if (rc == PCA_OK)
        rc = store_new(path, options, &s, err);
    if (rc == PCA_OK)
        rc = fill(s, file, err);
    if (rc == PCA_OK)
        *store = s;
    else {
        if (s)
            store_free(s);
        remove_files(path);
    }
out:
    if (rc != PCA_OK && made)
        rmdir(path);
    return rc;
}

int pcai_store_create(const char *path, const struct store_options *options, struct store **store, pca_error *err)
{
    int rc = check_options(options, err);
    if (rc == PCA_OK && options->read_only)
        rc = pcai_fail(err, PCA_E_READ_ONLY, "store", "read_only", "a store cannot be created read-only");
    if (rc != PCA_OK)
        return rc;
    char *file = join(path, PCAI_DATA_FILE);
    if (!file)
        return pcai_no_memory(err);
    table_lock();
    rc = create_locked(path, file, options, store, err);
    table_unlock();
    pcai_free(file);
    return rc;
}

int pcai_store_check_place(const char *path, pca_error *err)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return PCA_OK;
    int empty = S_ISDIR(st.st_mode) ? is_empty(path) : 0;
    if (empty < 0)
        return path_failed(err, errno, "look at", path);
    return empty ? PCA_OK : taken(path, err);
}

int pcai_store_move(const char *from, const char *to, pca_error *err)
{
    if (rename(from, to) == 0) {
        int rc = sync_parent(to, err);
        if (rc != PCA_OK)
            pcai_store_remove(to);
        return rc;
    }
    if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
        return taken(to, err);
    return path_failed(err, errno, "make", to);
}

const char *pcai_store_directory(const struct store *store)
{
    return store->directory;
}

/* ---- Attachment and close ---- */

int pcai_store_attach(struct store *store, pcai_attach make, pcai_detach destroy, void *argument, void **attachment, pca_error *err)
{
    void *made = NULL;
    int rc = PCA_OK;
    if (store->pid != getpid())
        return pcai_fail(err, PCA_E_FORKED, "store", NULL, "a child process cannot use its parent's store; open it anew");
    pthread_mutex_lock(&store->attaching);
    if (!store->attachment) {
        rc = make(store, argument, &made, err);
        if (rc == PCA_OK) {
            store->attachment = made;
            store->detach = destroy;
        }
    }
    if (rc == PCA_OK)
        *attachment = store->attachment;
    pthread_mutex_unlock(&store->attaching);
    return rc;
}

static void close_forked(struct store *store)
{
    if (--store->references)
        return;
    if (store->attachment)
        store->detach(store->attachment, 1);
    pcai_free(store->directory);
    pcai_free(store);
}

/* Takes the attachment off; the destructor runs under no lock of ours. */
static void detach(struct store *store)
{
    pthread_mutex_lock(&store->attaching);
    void *attachment = store->attachment;
    pcai_detach destroy = store->detach;
    store->attachment = NULL;
    pthread_mutex_unlock(&store->attaching);
    if (attachment)
        destroy(attachment, 0);
}

static void forget(struct store *store)
{
    struct store **at = &table.first;
    while (*at != store)
        at = &(*at)->next;
    *at = store->next;
}

void pcai_store_share(struct store *store)
{
    table_lock();
    store->references++;
    table_unlock();
}

/* The last reference is kept while the attachment goes. An open that comes in between shares the store and attaches anew; where that
 * is closed again by then, what it attached goes too. */
void pcai_store_close(struct store *store)
{
    if (!store)
        return;
    if (store->pid != getpid()) {
        close_forked(store);
        return;
    }
    table_lock();
    while (store->references == 1 && store->attachment) {
        table_unlock();
        detach(store);
        table_lock();
    }
    if (--store->references == 0) {
        forget(store);
        store_free(store);
    }
    table_unlock();
}
