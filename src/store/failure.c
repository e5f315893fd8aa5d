/* LMDB's codes, in words. */
#include <errno.h>
#include <inttypes.h>
#include <sys/statvfs.h>

#include "store/internal.h"

#define DISK_LEAST 65536

int pcai_fail_full(pca_error *err, const struct store *store, const char *tried)
{
    return pcai_fail(err, PCA_E_FULL, "store", "map_limit", "%s: the store has reached its limit of %" PRIu64 " octets", tried,
                     store->map_limit);
}

/* A write cut short by a full disk is EIO to LMDB. */
static int disk_full(const struct store *store)
{
    struct statvfs disk;
    mdb_filehandle_t fd;
    return store->env && mdb_env_get_fd(store->env, &fd) == 0 && fstatvfs(fd, &disk) == 0 &&
           (uint64_t)disk.f_bavail * disk.f_frsize < DISK_LEAST;
}

int pcai_fail_lmdb(pca_error *err, const struct store *store, int error, const char *tried)
{
    switch (error) {
    case MDB_NOTFOUND:
        return PCA_E_NOT_FOUND;
    case MDB_MAP_FULL:
        return pcai_fail_full(err, store, tried);
    case MDB_TXN_FULL:
        return pcai_fail(err, PCA_E_FULL, "store", NULL, "%s: too much in one transaction", tried);
    case MDB_READERS_FULL:
        return pcai_fail(err, PCA_E_BUSY, "store", NULL, "%s: other processes hold all %d reader slots", tried, PCAI_READERS_MAX);
    case MDB_MAP_RESIZED:
    case MDB_BAD_RSLOT:
    case MDB_TLS_FULL:
        return pcai_fail(err, PCA_E_BUSY, "store", NULL, "%s: %s", tried, mdb_strerror(error));
    case EAGAIN: /* mdb_strerror would give strerror's text, which threads share */
    case EBUSY:
        return pcai_fail(err, PCA_E_BUSY, "store", NULL, "%s: the file is in use", tried);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_CURSOR_FULL:
    case MDB_BAD_TXN:     /* of a transaction in which LMDB has met a damaged page */
    case MDB_BAD_VALSIZE: /* ours are looked at before */
    case MDB_PAGE_FULL:
        return pcai_fail(err, PCA_E_CORRUPT, "store", NULL, "%s: the file is damaged: %s", tried, mdb_strerror(error));
    case MDB_PANIC:
        return pcai_fail(err, PCA_E_STORAGE, "store", NULL, "%s: an earlier write to the disk failed; close the store and open it again",
                         tried);
    case EIO:
        if (disk_full(store))
            return pcai_fail_errno(err, ENOSPC, "store", "%s", tried);
        break;
    default:
        break;
    }
    if (error > 0)
        return pcai_fail_errno(err, error, "store", "%s", tried);
    return pcai_fail(err, PCA_E_INTERNAL, "store", NULL, "%s: %s", tried, mdb_strerror(error));
}
