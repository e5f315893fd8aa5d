/*
 * Stream ::= magic, header, row..., end. Numbers are big-endian.
 *
 *   magic    "libpca backup 1\n", 16 octets
 *   header   size u32, SEQUENCE { schema INTEGER, region UTF8String }
 *   row      table u8 (1..), size of key u16, size of value u32, key, value; in order of table and key
 *   end      00, count of rows u64, SHA-256 of all octets before the digest
 */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/der.h"
#include "base/memory.h"
#include "crypto/crypto.h"
#include "store/internal.h"
#include "store/record.h"

#define MAGIC "libpca backup 1\n"
#define MAGIC_SIZE 16
#define HEADER_MAX 1024
#define DIGEST 32
#define PIECE 65536
#define VALUE_MAX (16u << 20)
#define COMMIT_OCTETS (1u << 20)
#define COMMIT_ROWS 4096

int pcai_store_spool(const struct store *store, int *fd, pca_error *err)
{
    struct buf path = {0};
    size_t size;
    pcai_buf_format(&path, "%s/.spool-XXXXXX", pcai_store_directory(store));
    char *name = (char *)pcai_buf_take(&path, &size);
    if (!name)
        return pcai_no_memory(err);
    *fd = mkstemp(name);
    int error = errno;
    if (*fd >= 0) {
        fcntl(*fd, F_SETFD, FD_CLOEXEC);
        unlink(name);
    }
    int rc = PCA_OK;
    if (*fd < 0 && error == ENOENT) /* NOT_FOUND is what the end of a scan says */
        rc = pcai_fail(err, PCA_E_STORAGE, "store", NULL, "make %s: the store's directory is not there any more", name);
    else if (*fd < 0)
        rc = pcai_fail_errno(err, error, "store", "make %s", name);
    pcai_free(name);
    return rc;
}

static void put_number(struct buf *out, uint64_t n, int octets)
{
    for (int i = octets - 1; i >= 0; i--)
        pcai_buf_octet(out, (uint8_t)(n >> (8 * i)));
}

static uint64_t get_number(const uint8_t *at, int octets)
{
    uint64_t n = 0;
    for (int i = 0; i < octets; i++)
        n = n << 8 | at[i];
    return n;
}

/* ---- Dump ---- */

struct dump {
    int fd;
    struct hash *hash;
    struct buf out;
    uint64_t size, rows;
};

static int flush(struct dump *d, pca_error *err)
{
    size_t done = 0;
    int rc = pcai_buf_check(&d->out, err);
    if (rc == PCA_OK && d->hash)
        rc = pcai_hash_update(d->hash, pcai_buf_view(&d->out), err);
    while (rc == PCA_OK && done < d->out.size) {
        ssize_t wrote = write(d->fd, d->out.data + done, d->out.size - done);
        if (wrote < 0 && errno != EINTR)
            rc = pcai_fail_errno(err, errno, "store", "write a backup");
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    d->size += d->out.size;
    pcai_buf_reset(&d->out);
    return rc;
}

static void put_header(struct dump *d, const char *region)
{
    struct buf header = {0};
    size_t mark = pcai_der_begin(&header, DER_SEQUENCE);
    pcai_der_uint(&header, PCAI_SCHEMA);
    pcai_der_put(&header, DER_UTF8_STRING, pcai_slice_text(region));
    pcai_der_end(&header, mark);
    d->out.failed |= header.failed;
    pcai_buf_text(&d->out, MAGIC);
    put_number(&d->out, header.size, 4);
    pcai_buf_slice(&d->out, pcai_buf_view(&header));
    pcai_buf_free(&header);
}

static int dump_table(struct txn *txn, enum table table, struct dump *d, pca_error *err)
{
    struct scan *scan = NULL;
    struct slice key, value;
    int rc = pcai_scan_open(txn, table, pcai_slice(NULL, 0), pcai_slice(NULL, 0), &scan, err);
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        if (pcai_record_verify(table, key, value) != 0) {
            rc = pcai_fail(err, PCA_E_CORRUPT, "store", pcai_table_name(table), "a row of table %s is damaged; a backup of it could not be restored",
                           pcai_table_name(table));
            break;
        }
        put_number(&d->out, table, 1);
        put_number(&d->out, key.size, 2);
        put_number(&d->out, value.size, 4);
        pcai_buf_slice(&d->out, key);
        pcai_buf_slice(&d->out, value);
        d->rows++;
        if (d->out.size >= PIECE || d->out.failed)
            rc = flush(d, err);
        if (rc != PCA_OK)
            break;
    }
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

static int put_end(struct dump *d, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    put_number(&d->out, 0, 1);
    put_number(&d->out, d->rows, 8);
    int rc = flush(d, err);
    if (rc == PCA_OK)
        rc = pcai_hash_finish(d->hash, digest, err);
    if (rc != PCA_OK)
        return rc;
    pcai_hash_free(d->hash);
    d->hash = NULL;
    pcai_buf_put(&d->out, digest, DIGEST);
    return flush(d, err);
}

int pcai_backup_dump(struct store *store, const char *region, int fd, uint64_t *size, pca_error *err)
{
    struct dump d = {.fd = fd};
    struct txn *txn = NULL;
    int rc = pcai_hash_new(PCAI_SHA256, &d.hash, err);
    put_header(&d, region);
    if (rc == PCA_OK)
        rc = pcai_txn_read(store, &txn, err);
    for (int table = 1; rc == PCA_OK && table < TABLE_COUNT; table++)
        rc = dump_table(txn, (enum table)table, &d, err);
    pcai_txn_abort(txn);
    if (rc == PCA_OK)
        rc = put_end(&d, err);
    pcai_hash_free(d.hash);
    pcai_buf_free(&d.out);
    *size = d.size;
    return rc;
}

/* ---- Load ---- */

struct load {
    backup_read read;
    void *context;
    struct hash *hash;
    struct buf row; /* one row's header, key and value */
    uint64_t rows;
    int ended;
};

static int damaged(pca_error *err, const char *what)
{
    return pcai_fail(err, PCA_E_CORRUPT, "backup", NULL, "%s", what);
}

/* Exactly size octets more, into l->row. */
static int take_raw(struct load *l, size_t size, uint8_t **taken, pca_error *err)
{
    uint8_t *to = pcai_buf_grow(&l->row, size);
    size_t done = 0;
    if (!to)
        return pcai_no_memory(err);
    while (done < size) {
        size_t got = 0;
        int rc = l->read(l->context, to + done, size - done, &got, err);
        if (rc != PCA_OK)
            return rc;
        if (got == 0 || got > size - done)
            return damaged(err, "the backup is cut short");
        done += got;
    }
    *taken = to;
    return PCA_OK;
}

/* And into the digest. */
static int take(struct load *l, size_t size, pca_error *err)
{
    uint8_t *taken;
    int rc = take_raw(l, size, &taken, err);
    return rc == PCA_OK ? pcai_hash_update(l->hash, pcai_slice(taken, size), err) : rc;
}

static int load_header(struct load *l, pca_error *err)
{
    struct der outer, in;
    uint64_t schema;
    int rc = take(l, MAGIC_SIZE + 4, err);
    if (rc == PCA_E_CORRUPT || (rc == PCA_OK && memcmp(l->row.data, MAGIC, MAGIC_SIZE) != 0))
        return damaged(err, "this is not a backup of libpca");
    size_t size = rc == PCA_OK ? (size_t)get_number(l->row.data + MAGIC_SIZE, 4) : 0;
    if (rc == PCA_OK && size > HEADER_MAX)
        return damaged(err, "the backup's header is damaged");
    pcai_buf_reset(&l->row);
    if (rc == PCA_OK)
        rc = take(l, size, err);
    if (rc != PCA_OK)
        return rc;
    outer = pcai_der(pcai_buf_view(&l->row));
    if (pcai_der_enter(&outer, DER_SEQUENCE, &in) != 0 || pcai_der_get_uint(&in, &schema) != 0 || schema == 0)
        return damaged(err, "the backup's header is damaged");
    if (schema > PCAI_SCHEMA)
        return pcai_fail(err, PCA_E_VERSION, "backup", "schema", "the backup has schema %" PRIu64 ", and this libpca knows those up to %d", schema, PCAI_SCHEMA);
    return PCA_OK;
}

static int load_end(struct load *l, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX], *given;
    size_t at = l->row.size;
    int rc = take(l, 8, err);
    if (rc == PCA_OK && get_number(l->row.data + at, 8) != l->rows)
        return damaged(err, "rows of the backup are missing");
    if (rc == PCA_OK)
        rc = pcai_hash_finish(l->hash, digest, err);
    if (rc == PCA_OK)
        rc = take_raw(l, DIGEST, &given, err);
    if (rc == PCA_OK && memcmp(given, digest, DIGEST) != 0)
        return damaged(err, "the backup was changed: its digest does not fit");
    l->ended = rc == PCA_OK;
    return rc;
}

/* The next row; *table 0 at the end. */
static int next_row(struct load *l, unsigned *table, struct slice *key, struct slice *value, pca_error *err)
{
    pcai_buf_reset(&l->row);
    int rc = take(l, 1, err);
    *table = rc == PCA_OK ? l->row.data[0] : 0;
    if (rc != PCA_OK || *table == 0)
        return rc == PCA_OK ? load_end(l, err) : rc;
    rc = take(l, 6, err);
    if (rc != PCA_OK)
        return rc;
    size_t key_size = (size_t)get_number(l->row.data + 1, 2), value_size = (size_t)get_number(l->row.data + 3, 4);
    if (*table >= TABLE_COUNT || key_size == 0 || key_size > PCAI_KEY_MAX || value_size == 0 || value_size > VALUE_MAX)
        return damaged(err, "a row of the backup is damaged");
    rc = take(l, key_size + value_size, err);
    *key = pcai_slice(l->row.data + 7, key_size);
    *value = pcai_slice(l->row.data + 7 + key_size, value_size);
    if (rc == PCA_OK && pcai_record_verify((enum table)*table, *key, *value) != 0)
        return damaged(err, "a row of the backup does not have its check value");
    l->rows++;
    return rc;
}

/* As many rows as one commit takes, gathered before its transaction: what the host gives is read with none open. */
struct part {
    struct change change;
    struct buf octets;
    struct part_row {
        unsigned table;
        size_t key, value, value_size;
    } row[COMMIT_ROWS];
    size_t rows;
};

static int put_part(struct txn *txn, struct change *change, pca_error *err)
{
    struct part *p = (struct part *)change;
    int rc = PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < p->rows; i++) {
        const struct part_row *r = &p->row[i];
        rc = pcai_put(txn, (enum table)r->table, pcai_slice(p->octets.data + r->key, r->value - r->key),
                      pcai_slice(p->octets.data + r->value, r->value_size), err);
    }
    return rc;
}

static int load_part(struct load *l, struct part *p, pca_error *err)
{
    struct slice key, value;
    unsigned table = 1;
    int rc = PCA_OK;
    pcai_buf_reset(&p->octets);
    for (p->rows = 0; rc == PCA_OK && table && p->rows < COMMIT_ROWS && p->octets.size < COMMIT_OCTETS;) {
        rc = next_row(l, &table, &key, &value, err);
        if (rc != PCA_OK || table == 0)
            break;
        struct part_row *r = &p->row[p->rows++];
        r->table = table;
        r->key = p->octets.size;
        pcai_buf_slice(&p->octets, key);
        r->value = p->octets.size;
        pcai_buf_slice(&p->octets, value);
        r->value_size = value.size;
    }
    return rc == PCA_OK ? pcai_buf_check(&p->octets, err) : rc;
}

int pcai_backup_load(struct store *store, backup_read read, void *context, pca_error *err)
{
    struct load l = {.read = read, .context = context};
    struct part *part = pcai_alloc(sizeof *part);
    int rc = part ? pcai_hash_new(PCAI_SHA256, &l.hash, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = load_header(&l, err);
    while (rc == PCA_OK && !l.ended) {
        part->change = (struct change){put_part, 1};
        rc = load_part(&l, part, err);
        if (rc == PCA_OK && part->rows)
            rc = pcai_store_commit(store, &part->change, err);
    }
    if (part)
        pcai_buf_free(&part->octets);
    pcai_free(part);
    pcai_hash_free(l.hash);
    pcai_buf_free(&l.row);
    return rc;
}
