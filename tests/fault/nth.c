/* What a test program of the archive links in the place of: allocations, LMDB, files; each fails when told to (nth.h). */
#define _GNU_SOURCE
#include "nth.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"

struct fault fault;

int strike(enum source source)
{
    if (!fault.armed || fault.source != source)
        return 0;
    long n = ++fault.seen;
    int hit = fault.persistent ? n >= fault.at : n == fault.at;
    fault.struck += hit;
    return hit;
}

/* ---- The library's own memory ---- */

#define WRAP(type, name, parameters) \
    type __real_##name parameters;   \
    type __wrap_##name parameters;   \
    type __wrap_##name parameters

WRAP(void *, pcai_alloc, (size_t size))
{
    return strike(MEMORY) ? NULL : __real_pcai_alloc(size);
}

WRAP(void *, pcai_alloc_array, (size_t count, size_t size))
{
    return strike(MEMORY) ? NULL : __real_pcai_alloc_array(count, size);
}

WRAP(char *, pcai_strdup, (const char *text))
{
    return strike(MEMORY) ? NULL : __real_pcai_strdup(text);
}

WRAP(char *, pcai_strndup, (const char *text, size_t size))
{
    return strike(MEMORY) ? NULL : __real_pcai_strndup(text, size);
}

/* ---- The derivation of keys from passwords, which would take most of the time ---- */

#define ROUNDS_FEW 10

WRAP(int, pcai_pbkdf2, (int digest, struct slice password, struct slice salt, uint32_t rounds, uint8_t *out, size_t size, pca_error *err))
{
    return __real_pcai_pbkdf2(digest, password, salt, rounds > ROUNDS_FEW ? ROUNDS_FEW : rounds, out, size, err);
}

/* ---- All memory: mbedTLS's, LMDB's and the C library's as well ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define OWN_HEAP 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define OWN_HEAP 0
#else
#define OWN_HEAP 1
#endif
#else
#define OWN_HEAP 1
#endif

static atomic_long blocks;

long heap_blocks(void)
{
    return OWN_HEAP ? atomic_load(&blocks) : -1;
}

#if OWN_HEAP
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

static void *counted(void *p)
{
    if (p)
        atomic_fetch_add(&blocks, 1);
    return p;
}

static void *none(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return strike(HEAP) ? none() : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return strike(HEAP) ? none() : counted(__libc_calloc(count, size));
}

void *realloc(void *p, size_t size)
{
    if (strike(HEAP))
        return none();
    void *q = __libc_realloc(p, size);
    return p ? q : counted(q);
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
    void *q = strike(HEAP) ? NULL : counted(__libc_memalign(alignment, size));
    if (!q)
        return ENOMEM;
    *p = q;
    return 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return strike(HEAP) ? none() : counted(__libc_memalign(alignment, size));
}

void free(void *p)
{
    if (p)
        atomic_fetch_sub(&blocks, 1);
    __libc_free(p);
}
#endif

/* ---- The store ---- */

#define WRAP_MDB(name, parameters, arguments) \
    WRAP(int, name, parameters)               \
    {                                         \
        return strike(STORE) ? fault.error : __real_##name arguments; \
    }

WRAP_MDB(mdb_env_create, (MDB_env **env), (env))
WRAP_MDB(mdb_env_set_maxreaders, (MDB_env *env, unsigned readers), (env, readers))
WRAP_MDB(mdb_env_set_maxdbs, (MDB_env *env, MDB_dbi count), (env, count))
WRAP_MDB(mdb_env_set_mapsize, (MDB_env *env, size_t size), (env, size))
WRAP_MDB(mdb_env_open, (MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode), (env, path, flags, mode))
WRAP_MDB(mdb_env_info, (MDB_env *env, MDB_envinfo *info), (env, info))
WRAP_MDB(mdb_env_stat, (MDB_env *env, MDB_stat *stat), (env, stat))
WRAP_MDB(mdb_env_get_fd, (MDB_env *env, mdb_filehandle_t *fd), (env, fd))
WRAP_MDB(mdb_txn_begin, (MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn), (env, parent, flags, txn))
WRAP_MDB(mdb_txn_renew, (MDB_txn *txn), (txn))
WRAP_MDB(mdb_dbi_open, (MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *dbi), (txn, name, flags, dbi))
WRAP_MDB(mdb_stat, (MDB_txn *txn, MDB_dbi dbi, MDB_stat *stat), (txn, dbi, stat))
WRAP_MDB(mdb_get, (MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value), (txn, dbi, key, value))
WRAP_MDB(mdb_put, (MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value, unsigned flags), (txn, dbi, key, value, flags))
WRAP_MDB(mdb_del, (MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value), (txn, dbi, key, value))
WRAP_MDB(mdb_cursor_open, (MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor), (txn, dbi, cursor))
WRAP_MDB(mdb_cursor_get, (MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op), (cursor, key, value, op))
WRAP_MDB(mdb_reader_check, (MDB_env *env, int *dead), (env, dead))
WRAP_MDB(mdb_reader_list, (MDB_env *env, MDB_msg_func *say, void *context), (env, say, context))

/* As LMDB's own, a commit that fails ends the transaction. */
WRAP(int, mdb_txn_commit, (MDB_txn *txn))
{
    if (!strike(STORE))
        return __real_mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return fault.error;
}

/* ---- Files, by the names that large-file support gives the calls ---- */

static int refuse(void)
{
    errno = fault.error;
    return -1;
}

WRAP(int, open64, (const char *path, int flags, ...))
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return strike(FILES) ? refuse() : __real_open64(path, flags, mode);
}

WRAP(int, mkstemp64, (char *name))
{
    return strike(FILES) ? refuse() : __real_mkstemp64(name);
}

WRAP(FILE *, fopen64, (const char *path, const char *mode))
{
    return strike(FILES) ? (refuse(), NULL) : __real_fopen64(path, mode);
}

WRAP(ssize_t, pread64, (int fd, void *to, size_t size, off_t offset))
{
    return strike(FILES) ? refuse() : __real_pread64(fd, to, size, offset);
}

WRAP(ssize_t, write, (int fd, const void *data, size_t size))
{
    return strike(FILES) ? refuse() : __real_write(fd, data, size);
}

WRAP(int, fsync, (int fd))
{
    return strike(FILES) ? refuse() : __real_fsync(fd);
}

WRAP(int, mkdir, (const char *path, mode_t mode))
{
    return strike(FILES) ? refuse() : __real_mkdir(path, mode);
}

WRAP(int, rename, (const char *from, const char *to))
{
    return strike(FILES) ? refuse() : __real_rename(from, to);
}

WRAP(int, fchmod, (int fd, mode_t mode))
{
    return strike(FILES) ? refuse() : __real_fchmod(fd, mode);
}
