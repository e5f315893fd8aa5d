/* Backup, restore, compaction: a store as a stream. Host code runs between the transactions only. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/config.h"
#include "api/file.h"
#include "api/region.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "store/backup.h"

#define PIECE 65536

static int check_progress(const pca_progress *progress, pca_error *err)
{
    if (progress && (progress->version != PCA_PROGRESS_VERSION || !progress->step))
        return pcai_fail(err, PCA_E_INVALID, "call", "progress", "the progress's table has another version, or no function");
    return PCA_OK;
}

static int step(const pca_progress *progress, uint64_t done, uint64_t total, pca_error *err)
{
    int rc = progress ? progress->step(progress->context, done, total, err) : PCA_OK;
    return rc == PCA_OK ? rc : pcai_fail_host(err, rc, PCA_E_CANCELLED, "call", "progress");
}

/* ---- Backup ---- */

static int read_at(int fd, uint64_t at, uint8_t *out, size_t size, size_t *got, pca_error *err)
{
    ssize_t n;
    do
        n = pread(fd, out, size, (off_t)at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return pcai_fail_errno(err, errno, "store", "read a backup");
    *got = (size_t)n;
    return PCA_OK;
}

static int feed(int fd, uint64_t size, const pca_sink *sink, const pca_progress *progress, pca_error *err)
{
    uint8_t *piece = pcai_alloc(PIECE);
    int rc = piece ? step(progress, 0, size, err) : pcai_no_memory(err);
    for (uint64_t done = 0; rc == PCA_OK && done < size;) {
        size_t got = 0;
        rc = read_at(fd, done, piece, size - done < PIECE ? (size_t)(size - done) : PIECE, &got, err);
        if (rc == PCA_OK && got == 0)
            rc = pcai_fail(err, PCA_E_STORAGE, "store", NULL, "the spool of a backup was cut short");
        if (rc == PCA_OK)
            rc = sink->write(sink->context, piece, got, err);
        rc = rc == PCA_OK ? rc : pcai_fail_host(err, rc, PCA_E_CANCELLED, "call", "sink");
        done += got;
        if (rc == PCA_OK)
            rc = step(progress, done, size, err);
    }
    pcai_free(piece);
    return rc;
}

/* The whole of one moment, in an unlinked file: the host's sink is not called while a transaction is open. */
static int spool(struct shell *shell, int *fd, uint64_t *size, pca_error *err)
{
    int rc = pcai_store_spool(shell->store, fd, err);
    return rc == PCA_OK ? pcai_backup_dump(shell->store, shell->id, *fd, size, err) : rc;
}

int pca_region_backup(pca_region *region, const pca_sink *sink, const pca_progress *progress, pca_error *err)
{
    struct call call;
    int fd = -1;
    uint64_t size = 0;
    pca_error_clear(err);
    if (!region || !sink)
        return pcai_null(region ? "sink" : "region", err);
    if (sink->version != PCA_SINK_VERSION || !sink->write)
        return pcai_fail(err, PCA_E_INVALID, "call", "sink", "the sink's table has another version, or no function");
    int rc = check_progress(progress, err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(region->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = spool(region->shell, &fd, &size, err);
    if (rc == PCA_OK)
        rc = feed(fd, size, sink, progress, err);
    if (fd >= 0)
        close(fd);
    pcai_call_end(&call);
    return rc;
}

static int into_file(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    return pcai_file_write(context, pcai_slice(data, size), err);
}

int pca_region_backup_write(pca_region *region, const char *path, const pca_progress *progress, pca_error *err)
{
    struct staged_file file;
    pca_sink sink = {PCA_SINK_VERSION, &file, into_file};
    pca_error_clear(err);
    if (!region || !path)
        return pcai_null(region ? "path" : "region", err);
    int rc = pcai_file_stage(&file, path, 0600, err);
    if (rc == PCA_OK)
        rc = pca_region_backup(region, &sink, progress, err);
    if (rc == PCA_OK)
        rc = pcai_file_settle(&file, err);
    if (rc == PCA_OK)
        rc = pcai_file_publish(&file, err);
    pcai_file_drop(&file);
    return rc;
}

/* ---- Restore ---- */

struct reading {
    const pca_source *source;
    const pca_progress *progress;
    uint64_t done, total;
};

static int read_source(void *context, uint8_t *buffer, size_t size, size_t *got, pca_error *err)
{
    struct reading *r = context;
    int rc = r->source->read(r->source->context, buffer, size, got, err);
    if (rc != PCA_OK)
        return pcai_fail_host(err, rc, PCA_E_CANCELLED, "call", "source");
    uint64_t before = r->done / PIECE;
    r->done += *got;
    return r->done / PIECE != before ? step(r->progress, r->done, r->total, err) : PCA_OK;
}

/* A store that is made beside its place, and moved there when it is whole. */
struct building {
    char *directory;
    struct store *store;
};

static int build_begin(struct building *b, const char *path, const struct store_options *options, pca_error *err)
{
    struct buf name = {0};
    size_t size, end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    pcai_buf_put(&name, path, end);
    pcai_buf_text(&name, ".XXXXXX");
    b->directory = (char *)pcai_buf_take(&name, &size);
    if (!b->directory)
        return pcai_no_memory(err);
    if (!mkdtemp(b->directory)) {
        int error = errno;
        pcai_free(b->directory);
        b->directory = NULL;
        int rc = pcai_fail_errno(err, error, "store", "make a directory beside %s", path);
        pcai_error_name_field(err, "path");
        return rc;
    }
    return pcai_store_create(b->directory, options, &b->store, err);
}

static int build_end(struct building *b, const char *path, int rc, pca_error *err)
{
    pcai_store_close(b->store);
    if (rc == PCA_OK)
        rc = pcai_store_move(b->directory, path, err);
    if (rc != PCA_OK && b->directory)
        pcai_store_remove(b->directory);
    pcai_free(b->directory);
    return rc;
}

/* Proves the storage key, and writes what sets the restored region apart from the one that went on. */
static int settle(struct store *store, const pca_config *config, pca_error *err)
{
    struct shell *shell = NULL;
    struct storage_key storage = pcai_config_storage(config);
    struct call call = {0};
    int rc = pcai_shell_prepare(config, &shell, err);
    if (rc != PCA_OK)
        return rc;
    call.shell = shell;
    shell->store = store;
    rc = pcai_environment_open(store, &storage, &shell->env, err);
    if (rc == PCA_OK)
        rc = pcai_call_clock(shell, &call.host, err);
    if (rc == PCA_OK)
        rc = pcai_call_write(&call, pcai_region_restored, NULL, err);
    shell->store = NULL; /* it is the builder's to close */
    pcai_shell_drop(shell);
    return rc;
}

static int restore(const char *path, struct reading *reading, const pca_config *config, pca_region **region, pca_error *err)
{
    struct building b = {0};
    struct store_options options = {config->map_limit, 0};
    int rc = pcai_config_check(config, err);
    if (rc == PCA_OK && config->read_only)
        rc = pcai_fail(err, PCA_E_READ_ONLY, "config", "read_only", "a region cannot be restored read-only");
    if (rc == PCA_OK)
        rc = pcai_store_check_place(path, err);
    if (rc != PCA_OK)
        return rc;
    rc = build_begin(&b, path, &options, err);
    if (rc == PCA_OK)
        rc = step(reading->progress, 0, reading->total, err);
    if (rc == PCA_OK)
        rc = pcai_backup_load(b.store, read_source, reading, err);
    if (rc == PCA_OK)
        rc = step(reading->progress, reading->done, reading->done, err);
    if (rc == PCA_OK)
        rc = settle(b.store, config, err);
    rc = build_end(&b, path, rc, err);
    if (rc != PCA_OK)
        return rc;
    rc = pca_region_open(path, config, region, err);
    if (rc != PCA_OK)
        pcai_store_remove(path); /* whole and open, or not at all */
    return rc;
}

static int check_restore(const char *path, const void *from, const char *name, const pca_config *config, const pca_progress *progress,
                         pca_region **region, pca_error *err)
{
    if (!path || !from || !config || !region)
        return pcai_null(!path ? "path" : !from ? name : !config ? "config" : "region", err);
    if (!*path)
        return pcai_fail(err, PCA_E_INVALID, "region", "path", "the path is empty");
    return check_progress(progress, err);
}

int pca_region_restore(const char *path, const pca_source *source, const pca_config *config, const pca_progress *progress, pca_region **region,
                       pca_error *err)
{
    pca_error_clear(err);
    int rc = check_restore(path, source, "source", config, progress, region, err);
    if (rc == PCA_OK && (source->version != PCA_SOURCE_VERSION || !source->read))
        rc = pcai_fail(err, PCA_E_INVALID, "call", "source", "the source's table has another version, or no function");
    struct reading reading = {source, progress, 0, 0};
    return rc == PCA_OK ? restore(path, &reading, config, region, err) : rc;
}

static int from_file(void *context, uint8_t *buffer, size_t size, size_t *got, pca_error *err)
{
    FILE *file = context;
    *got = fread(buffer, 1, size, file);
    return *got == 0 && ferror(file) ? pcai_fail_errno(err, EIO, "file", "read the backup") : PCA_OK;
}

int pca_region_restore_read(const char *path, const char *backup, const pca_config *config, const pca_progress *progress, pca_region **region,
                            pca_error *err)
{
    struct stat st;
    pca_error_clear(err);
    int rc = check_restore(path, backup, "backup", config, progress, region, err);
    if (rc != PCA_OK)
        return rc;
    FILE *file = fopen(backup, "rbe");
    if (!file) {
        rc = pcai_fail_errno(err, errno, "file", "open %s", backup);
        pcai_error_name_field(err, "backup");
        return rc;
    }
    pca_source source = {PCA_SOURCE_VERSION, file, from_file};
    struct reading reading = {&source, progress, 0, fstat(fileno(file), &st) == 0 ? (uint64_t)st.st_size : 0};
    rc = restore(path, &reading, config, region, err);
    fclose(file);
    return rc;
}

/* ---- Compaction ---- */

struct spooled {
    int fd;
    uint64_t at, size;
    const pca_progress *progress;
};

static int read_spool(void *context, uint8_t *buffer, size_t size, size_t *got, pca_error *err)
{
    struct spooled *s = context;
    int rc = read_at(s->fd, s->at, buffer, size, got, err);
    uint64_t before = s->at / PIECE;
    s->at += *got;
    return rc == PCA_OK && s->at / PIECE != before ? step(s->progress, s->at, s->size, err) : rc;
}

static int compact(struct shell *shell, const char *path, const pca_progress *progress, pca_error *err)
{
    struct building b = {0};
    struct store_options options = {0, 0};
    struct spooled s = {.fd = -1, .progress = progress};
    int rc = pcai_store_check_place(path, err);
    if (rc != PCA_OK)
        return rc;
    rc = spool(shell, &s.fd, &s.size, err);
    if (rc == PCA_OK)
        rc = build_begin(&b, path, &options, err);
    if (rc == PCA_OK)
        rc = step(progress, 0, s.size, err);
    if (rc == PCA_OK)
        rc = pcai_backup_load(b.store, read_spool, &s, err);
    if (rc == PCA_OK)
        rc = step(progress, s.size, s.size, err);
    if (s.fd >= 0)
        close(s.fd);
    return build_end(&b, path, rc, err);
}

int pca_region_compact(pca_region *region, const char *path, const pca_progress *progress, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!region || !path)
        return pcai_null(region ? "path" : "region", err);
    int rc = *path ? check_progress(progress, err) : pcai_fail(err, PCA_E_INVALID, "region", "path", "the path is empty");
    if (rc == PCA_OK)
        rc = pcai_call_begin(region->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = compact(region->shell, path, progress, err);
    pcai_call_end(&call);
    return rc;
}

/* ---- Storage key ---- */

int pca_region_change_storage_key(pca_region *region, const pca_config *fresh, pca_error *err)
{
    struct call call;
    struct storage_record record;
    struct buf work = {0};
    pca_error_clear(err);
    if (!region || !fresh)
        return pcai_null(region ? "fresh" : "region", err);
    int rc = pcai_config_check(fresh, err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(region->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    struct storage_key storage = pcai_config_storage(fresh);
    rc = pcai_call_require_write(&call, err);
    if (rc == PCA_OK)
        rc = pcai_region_key_wrap(&storage, region->shell->random, pcai_keyring_region_key(pcai_environment_keyring(region->shell->env)), &record,
                                  &work, err);
    if (rc == PCA_OK)
        rc = pcai_call_write(&call, pcai_region_storage_put, &record, err);
    pcai_buf_free(&work);
    pcai_call_end(&call);
    return rc;
}
