/* Regions: making, opening, closing, sharing, forking; configs; NULL everywhere. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (int)(st.st_mode & 07777);
}

static int exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* Opens and closes with the given code, which must leave the output alone. */
static void open_refused(struct fixture *f, const char *path, const pca_config *config, int code, const char *object,
                         const char *field)
{
    pca_region *region = POISON;
    assert_refusal(f->err, code, object, field, pca_region_open(path, config, &region, f->err));
    assert_poisoned(region);
}

static void create_refused(struct fixture *f, const char *path, const char *id, const pca_config *config, int code,
                           const char *object, const char *field)
{
    pca_region *region = POISON;
    assert_refusal(f->err, code, object, field, pca_region_create(path, id, config, &region, f->err));
    assert_poisoned(region);
}

static void sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) && errno == EINTR)
        ;
}

static const uint8_t *find_bytes(const uint8_t *in, size_t size, const uint8_t *what, size_t length)
{
    for (size_t i = 0; i + length <= size; i++)
        if (in[i] == what[0] && memcmp(in + i, what, length) == 0)
            return in + i;
    return NULL;
}

/* ---- Create ---- */

static void create_makes_a_private_directory(void **state)
{
    struct fixture *f = *state;
    char path[128];
    mode_t mask = umask(0);
    make_region(f);
    umask(mask);
    assert_string_equal(pca_region_id(f->region), "test");
    assert_int_equal(mode_of(f->path), 0700);
    snprintf(path, sizeof path, "%s/data.mdb", f->path);
    assert_int_equal(mode_of(path), 0600);
    snprintf(path, sizeof path, "%s/lock.mdb", f->path);
    if (exists(path))
        assert_int_equal(mode_of(path), 0600);
    assert_ok(f->err, pca_region_check(f->region, f->err));
}

static void create_refuses_what_is_there(void **state)
{
    struct fixture *f = *state;
    const char *full = file_path(f, "full"), *dangling = file_path(f, "dangling"), *file = file_text(f, "txt", "something");
    assert_int_equal(mkdir(full, 0755), 0);
    assert_int_equal(close(creat(file_path(f, "full/something"), 0600)), 0);
    assert_int_equal(symlink("nowhere", dangling), 0);
    create_refused(f, full, "test", f->config, PCA_E_EXISTS, NULL, "path");
    assert_message(f->err, full);
    assert_int_equal(mode_of(full), 0755);
    create_refused(f, dangling, "test", f->config, PCA_E_EXISTS, NULL, "path");
    create_refused(f, file, "test", f->config, PCA_E_EXISTS, NULL, "path");
    make_region(f);
    char *before = snapshot_store(f);
    create_refused(f, f->path, "test", f->config, PCA_E_EXISTS, NULL, "path");
    assert_store_unchanged(f, before);
    uint8_t *text = file_read(file, NULL);
    assert_string_equal((char *)text, "something");
    free(text);
}

/* As a service finds it that is started with a directory of its own. */
static void create_takes_an_empty_directory(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdir(f->path, 0755), 0);
    make_region(f);
    assert_int_equal(mode_of(f->path), 0700);
    reopen_region(f);
}

static void create_refuses_a_missing_parent(void **state)
{
    struct fixture *f = *state;
    create_refused(f, file_path(f, "no/such/region"), "test", f->config, PCA_E_NOT_FOUND, NULL, "path");
    assert_false(exists(file_path(f, "no")));
    create_refused(f, "", "test", f->config, PCA_E_INVALID, NULL, "path");
    create_refused(f, NULL, "test", f->config, PCA_E_INVALID, NULL, "path");
}

static void create_refuses_bad_ids(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"", "Test", "a_b", "a.b", "a b", "a/b", "..", "caf\xc3\xa9", "a\n", "a\x7f",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 65 */};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        create_refused(f, f->path, bad[i], f->config, PCA_E_INVALID, NULL, "id");
        assert_false(exists(f->path));
    }
    create_refused(f, f->path, NULL, f->config, PCA_E_INVALID, NULL, "id");
    static const char longest[] = "0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmno";
    assert_int_equal(strlen(longest), 64);
    assert_ok(f->err, pca_region_create(f->path, longest, f->config, &f->region, f->err));
    assert_string_equal(pca_region_id(f->region), longest);
    reopen_region(f);
    assert_string_equal(pca_region_id(f->region), longest);
}

static void create_leaves_nothing_behind_when_it_fails(void **state)
{
    struct fixture *f = *state;
    f->clock.code = PCA_E_DEVICE;
    create_refused(f, f->path, "test", f->config, PCA_E_DEVICE, NULL, NULL);
    assert_message(f->err, "the test's clock fails");
    assert_int_equal(pca_error_device_code(f->err), 7);
    assert_false(exists(f->path));
    f->clock.code = PCA_OK;
    f->clock.now = RELEASE_DATE - 1;
    create_refused(f, f->path, "test", f->config, PCA_E_CLOCK, NULL, NULL);
    assert_false(exists(f->path));
    f->clock.now = RELEASE_DATE;
    make_region(f);
}

/* ---- Open ---- */

static void open_finds_only_what_is_there(void **state)
{
    struct fixture *f = *state;
    make_region(f);
    const char *typo = file_path(f, "regoin"), *empty = file_path(f, "empty");
    open_refused(f, typo, f->config, PCA_E_NOT_FOUND, NULL, "path");
    assert_message(f->err, typo);
    assert_false(exists(typo));
    assert_int_equal(mkdir(empty, 0700), 0);
    open_refused(f, empty, f->config, PCA_E_NOT_FOUND, NULL, "path");
    assert_int_equal(rmdir(empty), 0); /* nothing was made in it */
    open_refused(f, file_path(f, "no/such/region"), f->config, PCA_E_NOT_FOUND, NULL, "path");
    open_refused(f, "", f->config, PCA_E_INVALID, NULL, "path");
    open_refused(f, NULL, f->config, PCA_E_INVALID, NULL, "path");
}

static void open_refuses_a_file(void **state)
{
    struct fixture *f = *state;
    const char *file = file_text(f, "txt", "not a directory");
    open_refused(f, file, f->config, PCA_E_NOT_FOUND, NULL, "path");
    uint8_t *text = file_read(file, NULL);
    assert_string_equal((char *)text, "not a directory");
    free(text);
}

/* A directory whose data.mdb is that; it must be refused and left as it is. */
static void foreign_store(struct fixture *f, const char *name, const void *data, size_t size, int code)
{
    char file[160];
    size_t after_size;
    const char *dir = file_path(f, name);
    assert_int_equal(mkdir(dir, 0700), 0);
    snprintf(file, sizeof file, "%s/data.mdb", dir);
    FILE *out = fopen(file, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, size, out), size);
    fclose(out);
    open_refused(f, dir, f->config, code, NULL, NULL);
    uint8_t *after = file_read(file, &after_size);
    assert_int_equal(after_size, size);
    assert_memory_equal(after, data, size);
    free(after);
}

static void open_refuses_what_is_no_store(void **state)
{
    struct fixture *f = *state;
    char rubbish[40000];
    for (size_t i = 0; i < sizeof rubbish; i++)
        rubbish[i] = (char)(i * 7919 >> 3);
    foreign_store(f, "empty", "", 0, PCA_E_CORRUPT);
    foreign_store(f, "text", "Dear diary,\n", 12, PCA_E_CORRUPT);
    foreign_store(f, "zeros", (char[8192]){0}, 8192, PCA_E_CORRUPT);
    foreign_store(f, "rubbish", rubbish, sizeof rubbish, PCA_E_CORRUPT);
}

/* Someone else's LMDB: empty, with keys in its main table, with tables of other names, and with one of ours. */
static void open_refuses_a_foreign_lmdb(void **state)
{
    struct fixture *f = *state;
    for (int kind = 0; kind < 4; kind++) {
        char name[16], file[160];
        size_t size, after_size;
        MDB_env *env;
        MDB_txn *txn;
        MDB_dbi dbi;
        MDB_val key = {5, (void *)(uintptr_t)"hello"}, value = {5, (void *)(uintptr_t)"world"};
        snprintf(name, sizeof name, "lmdb-%d", kind);
        const char *dir = file_path(f, name);
        assert_int_equal(mkdir(dir, 0700), 0);
        assert_int_equal(mdb_env_create(&env), 0);
        assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
        assert_int_equal(mdb_env_open(env, dir, 0, 0600), 0);
        assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
        if (kind > 0) {
            static const char *const tables[] = {NULL, NULL, "users", "meta"};
            assert_int_equal(mdb_dbi_open(txn, tables[kind], MDB_CREATE, &dbi), 0);
            assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
        }
        assert_int_equal(mdb_txn_commit(txn), 0);
        mdb_env_close(env);
        snprintf(file, sizeof file, "%s/data.mdb", dir);
        uint8_t *before = file_read(file, &size);
        open_refused(f, dir, f->config, PCA_E_CORRUPT, NULL, NULL);
        uint8_t *after = file_read(file, &after_size);
        assert_int_equal(size, after_size);
        assert_memory_equal(before, after, size);
        free(before);
        free(after);
    }
}

static void open_refuses_a_store_cut_short(void **state)
{
    struct fixture *f = *state;
    char file[128];
    struct stat st;
    make_region(f);
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, NULL, NULL);
    pca_region_close(f->region);
    f->region = NULL;
    snprintf(file, sizeof file, "%s/data.mdb", f->path);
    assert_int_equal(stat(file, &st), 0);
    static const off_t kept[] = {1, 100, 4096, 8191, 8192};
    assert_int_equal(truncate(file, st.st_size - 4096), 0);
    open_refused(f, f->path, f->config, PCA_E_CORRUPT, NULL, NULL);
    for (size_t i = sizeof kept / sizeof *kept; i-- > 0;) {
        assert_int_equal(truncate(file, kept[i]), 0);
        open_refused(f, f->path, f->config, PCA_E_CORRUPT, NULL, NULL);
    }
}

/* ---- Damage: rows changed past the library ---- */

struct raw {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
};

/* Opens one table of a region that is closed; without writing, table NULL is the list of tables. */
static void raw_open(struct raw *raw, const char *path, const char *table)
{
    assert_int_equal(mdb_env_create(&raw->env), 0);
    assert_int_equal(mdb_env_set_maxdbs(raw->env, 64), 0);
    assert_int_equal(mdb_env_set_mapsize(raw->env, 64 << 20), 0);
    assert_int_equal(mdb_env_open(raw->env, path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(raw->env, NULL, 0, &raw->txn), 0);
    assert_int_equal(mdb_dbi_open(raw->txn, table, 0, &raw->dbi), 0);
}

static void raw_close(struct raw *raw)
{
    assert_int_equal(mdb_txn_commit(raw->txn), 0);
    mdb_env_close(raw->env);
}

static void raw_put(const char *path, const char *table, MDB_val key, MDB_val value)
{
    struct raw raw;
    raw_open(&raw, path, table);
    assert_int_equal(mdb_put(raw.txn, raw.dbi, &key, &value, 0), 0);
    raw_close(&raw);
}

static void raw_delete(const char *path, const char *table, MDB_val key)
{
    struct raw raw;
    raw_open(&raw, path, table);
    assert_int_equal(mdb_del(raw.txn, raw.dbi, &key, NULL), 0);
    raw_close(&raw);
}

static uint32_t crc32c(uint32_t crc, const uint8_t *data, size_t size)
{
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

/* The row is SEQUENCE { version, magic, schema, check }; one schema more, with the check value that belongs to it. */
static void newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    struct raw raw;
    uint8_t row[64];
    static const char magic[] = "libpca store";
    pca_region_close(f->region);
    f->region = NULL;
    MDB_val key = {6, (void *)(uintptr_t)"schema"}, value;
    raw_open(&raw, f->path, "meta");
    assert_int_equal(mdb_get(raw.txn, raw.dbi, &key, &value), 0);
    assert_in_range(value.mv_size, 20, sizeof row);
    memcpy(row, value.mv_data, value.mv_size);
    value.mv_data = row;
    raw_close(&raw);
    const uint8_t *at = find_bytes(row, value.mv_size, (const uint8_t *)magic, sizeof magic - 1);
    assert_non_null(at);
    uint8_t *schema = row + (at - row) + sizeof magic - 1;
    assert_memory_equal(schema, "\x02\x01\x01\x04\x04", 5);
    schema[2] = 2;
    uint32_t crc = crc32c(crc32c(crc32c(0, (const uint8_t *)"\x01", 1), (const uint8_t *)"schema", 6), row + 2, (size_t)(schema + 3 - row - 2));
    uint8_t check[4] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
    memcpy(schema + 5, check, 4);
    raw_put(f->path, "meta", key, value);
    open_refused(f, f->path, f->config, PCA_E_VERSION, NULL, "schema");
    assert_message(f->err, "2");
    pca_config *reader = config_new(f);
    assert_ok(NULL, pca_config_set_read_only(reader));
    open_refused(f, f->path, reader, PCA_E_VERSION, NULL, "schema");
    pca_config_free(reader);
}

struct rows {
    size_t count;
    struct {
        char table[16];
        MDB_val key, value;
    } row[512];
};

static MDB_val copied(MDB_val from)
{
    MDB_val to = {from.mv_size, malloc(from.mv_size + 1)};
    assert_non_null(to.mv_data);
    memcpy(to.mv_data, from.mv_data, from.mv_size);
    return to;
}

static struct rows *rows_read(const char *path)
{
    struct rows *rows = calloc(1, sizeof *rows);
    struct raw raw;
    MDB_cursor *tables, *cursor;
    MDB_val table, key, value;
    assert_non_null(rows);
    raw_open(&raw, path, NULL);
    assert_int_equal(mdb_cursor_open(raw.txn, raw.dbi, &tables), 0);
    while (mdb_cursor_get(tables, &table, &value, MDB_NEXT) == 0) {
        char name[16] = "";
        MDB_dbi dbi;
        assert_true(table.mv_size < sizeof name);
        memcpy(name, table.mv_data, table.mv_size);
        assert_int_equal(mdb_dbi_open(raw.txn, name, 0, &dbi), 0);
        assert_int_equal(mdb_cursor_open(raw.txn, dbi, &cursor), 0);
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
            assert_true(rows->count < 512);
            memcpy(rows->row[rows->count].table, name, sizeof name);
            rows->row[rows->count].key = copied(key);
            rows->row[rows->count++].value = copied(value);
        }
        mdb_cursor_close(cursor);
    }
    mdb_cursor_close(tables);
    raw_close(&raw);
    return rows;
}

static void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free(rows->row[i].key.mv_data);
        free(rows->row[i].value.mv_data);
    }
    free(rows);
}

/* Everything that a region holds, closed. */
static void fill_and_close(struct fixture *f)
{
    pca_cert *cert[3];
    for (int i = 0; i < 3; i++)
        cert[i] = issue(f, f->sub, (const char *[]){"a.example", "b.example", "c.example"}[i]);
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 100, "token", NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 20, PCA_ANY, NULL, f->err));
    assert_ok(f->err, pca_cert_revoke(cert[0], PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_revoke(cert[1], PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(cert[1], f->err));
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    assert_ok(f->err, pca_ca_set_alias(pca_sub_ca(f->sub), "issuer", f->err));
    assert_ok(f->err, pca_ca_tag_set(pca_sub_ca(f->sub), "env", "prod", f->err));
    assert_ok(f->err, pca_cert_set_alias(cert[2], "label", f->err));
    assert_ok(f->err, pca_cert_tag_set(cert[2], "env", "prod", f->err));
    pca_request *named = request_new_server("d.example");
    pca_cert *with_id = NULL;
    assert_ok(NULL, pca_request_set_custom_id(named, "order-1"));
    assert_ok(f->err, pca_sub_request(f->sub, named, &with_id, f->err));
    pca_request_free(named);
    pca_cert_free(with_id);
    set_policy(f, "short_lived", 1);
    for (int i = 0; i < 3; i++)
        pca_cert_free(cert[i]);
    assert_ok(f->err, pca_region_check(f->region, f->err));
    pca_region_close(f->region);
    f->region = NULL;
    f->unchecked = 1;
}

static void row_text(const char *what, const char *table, const MDB_val *key)
{
    print_error("%s: table %s, key ", what, table);
    for (size_t i = 0; i < key->mv_size; i++)
        print_error("%02x", ((const uint8_t *)key->mv_data)[i]);
    print_error("\n");
}

/* 1 if opening or checking says CORRUPT (or LOCKED, of the row that proves the key). */
static int damage_is_seen(struct fixture *f)
{
    pca_region *region = NULL;
    int rc = pca_region_open(f->path, f->config, &region, f->err);
    if (rc == PCA_OK)
        rc = pca_region_check(region, f->err);
    pca_region_close(region);
    return rc == PCA_E_CORRUPT || rc == PCA_E_LOCKED;
}

static void pitfall_40_every_flipped_row_is_seen(void **state)
{
    struct fixture *f = *state;
    size_t missed = 0;
    fill_and_close(f);
    struct rows *rows = rows_read(f->path);
    for (size_t i = 0; i < rows->count; i++) {
        MDB_val key = rows->row[i].key, bad = copied(rows->row[i].value);
        assert_true(bad.mv_size > 0);
        ((uint8_t *)bad.mv_data)[bad.mv_size / 2] ^= 1;
        raw_put(f->path, rows->row[i].table, key, bad);
        if (!damage_is_seen(f)) {
            row_text("not seen to be flipped", rows->row[i].table, &key);
            missed++;
        }
        free(bad.mv_data);
        raw_put(f->path, rows->row[i].table, key, rows->row[i].value);
    }
    assert_false(damage_is_seen(f));
    rows_free(rows);
    assert_int_equal(missed, 0);
}

/* Rows that stand alone, which nothing else points to, can vanish unseen: policies, and tokens. */
static void pitfall_40_every_missing_row_is_seen(void **state)
{
    struct fixture *f = *state;
    size_t missed = 0;
    fill_and_close(f);
    struct rows *rows = rows_read(f->path);
    for (size_t i = 0; i < rows->count; i++) {
        MDB_val key = rows->row[i].key;
        const char *table = rows->row[i].table;
        if (strcmp(table, "token") == 0 || (strcmp(table, "meta") == 0 && memcmp(key.mv_data, "policy", 6) == 0))
            continue;
        raw_delete(f->path, table, key);
        if (!damage_is_seen(f)) {
            row_text("not seen to be missing", table, &key);
            missed++;
        }
        raw_put(f->path, table, key, rows->row[i].value);
    }
    assert_false(damage_is_seen(f));
    rows_free(rows);
    assert_int_equal(missed, 0);
}

/* A revocation's row as it was before its reason changed is whole and in its place: the sum alone tells, and no CRL is made of it. */
static void pitfall_40_a_row_of_another_day(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.example");
    uint64_t id = pca_ca_id(pca_sub_ca(f->sub)), cert_id = pca_cert_id(cert);
    size_t put = 0;
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    pca_cert_free(cert);
    pca_region_close(f->region);
    f->region = NULL;
    struct rows *rows = rows_read(f->path);
    reopen_region(f);
    assert_ok(f->err, pca_region_sub_get(f->region, id, &f->sub, f->err));
    assert_ok(f->err, pca_region_cert_get(f->region, cert_id, &cert, f->err));
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    pca_cert_free(cert);
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    pca_region_close(f->region);
    f->region = NULL;
    f->unchecked = 1;
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(rows->row[i].table, "revocation") == 0) {
            raw_put(f->path, rows->row[i].table, rows->row[i].key, rows->row[i].value);
            put++;
        }
    rows_free(rows);
    assert_int_equal(put, 1);
    reopen_region(f);
    assert_ok(f->err, pca_region_sub_get(f->region, id, &f->sub, f->err));
    assert_refusal(f->err, PCA_E_CORRUPT, object_name("sub", id), "revocations", pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    assert_code(f->err, PCA_E_CORRUPT, pca_region_check(f->region, f->err));
}

/* A row is bound to its key: another's, though whole, is damage. */
static void rows_cannot_change_places(void **state)
{
    struct fixture *f = *state;
    size_t missed = 0, swapped = 0;
    fill_and_close(f);
    struct rows *rows = rows_read(f->path);
    for (size_t i = 1; i < rows->count; i++) {
        if (strcmp(rows->row[i].table, rows->row[i - 1].table) != 0 || strcmp(rows->row[i].table, "log") == 0)
            continue;
        swapped++;
        raw_put(f->path, rows->row[i].table, rows->row[i].key, rows->row[i - 1].value);
        if (!damage_is_seen(f)) {
            row_text("not seen to be another's", rows->row[i].table, &rows->row[i].key);
            missed++;
        }
        raw_put(f->path, rows->row[i].table, rows->row[i].key, rows->row[i].value);
    }
    rows_free(rows);
    assert_true(swapped > 5);
    assert_int_equal(missed, 0);
}

/* ---- The storage key ---- */

static void config_refusals(void **state)
{
    struct fixture *f = *state;
    static const struct {
        size_t size;
    } sizes[] = {{0}, {1}, {16}, {31}, {33}, {64}};
    uint8_t key[64] = {1};
    char text[1026];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pca_config *config = pca_config_new();
        assert_int_equal(pca_config_set_key(config, key, sizes[i].size), PCA_E_INVALID);
        create_refused(f, f->path, "test", config, PCA_E_INVALID, "config", "key");
        /* the first refusal stays */
        assert_int_equal(pca_config_set_key(config, key, 32), PCA_E_INVALID);
        create_refused(f, f->path, "test", config, PCA_E_INVALID, "config", "key");
        pca_config_free(config);
    }
    memset(text, 'x', sizeof text - 1);
    text[1025] = 0;
    const char *const phrases[] = {"", text, "\xff\xfe", NULL};
    for (size_t i = 0; i < 4; i++) {
        pca_config *config = pca_config_new();
        assert_int_equal(pca_config_set_passphrase(config, phrases[i]), PCA_E_INVALID);
        create_refused(f, f->path, "test", config, PCA_E_INVALID, "config", "passphrase");
        if (pca_error_message(f->err)[0])
            assert_null(strstr(pca_error_message(f->err), "xxxx"));
        pca_config_free(config);
    }
    static const uint64_t limits[] = {0, 4096, 1048575, 1048577, 1048576 - 4096, (1 << 20) + 2048, UINT64_MAX};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        pca_config *config = config_new(f);
        assert_int_equal(pca_config_set_map_limit(config, limits[i]), PCA_E_INVALID);
        create_refused(f, f->path, "test", config, PCA_E_INVALID, "config", "map_limit");
        pca_config_free(config);
    }
    text[129] = 0;
    const char *const actors[] = {text, "\xc3", "a\nb"};
    for (size_t i = 0; i < sizeof actors / sizeof *actors; i++) {
        pca_config *config = config_new(f);
        assert_int_equal(pca_config_set_actor(config, actors[i]), PCA_E_INVALID);
        create_refused(f, f->path, "test", config, PCA_E_INVALID, "config", "actor");
        pca_config_free(config);
    }
    assert_false(exists(f->path));
    text[128] = 0;
    assert_ok(NULL, pca_config_set_actor(f->config, text));
    make_region(f);
}

static void config_refuses_bad_tables(void **state)
{
    struct fixture *f = *state;
    struct pca_clock clocks[] = {f->clock_table, f->clock_table, f->clock_table};
    clocks[0].version = 0;
    clocks[1].version = PCA_CLOCK_VERSION + 1;
    clocks[2].now = NULL;
    for (size_t i = 0; i < 3; i++) {
        pca_config *config = config_new(f);
        assert_int_equal(pca_config_set_clock(config, &clocks[i]), PCA_E_INVALID);
        create_refused(f, f->path, "test", config, PCA_E_INVALID, "config", "clock");
        pca_config_free(config);
    }
    struct pca_entropy entropies[] = {{.version = 0}, {.version = PCA_ENTROPY_VERSION}};
    for (size_t i = 0; i < 2; i++) {
        pca_config *config = config_new(f);
        assert_int_equal(pca_config_set_entropy(config, &entropies[i]), PCA_E_INVALID);
        create_refused(f, f->path, "test", config, PCA_E_INVALID, "config", "entropy");
        pca_config_free(config);
        config = config_new(f);
        assert_int_equal(pca_config_set_test_random(config, &entropies[i]), PCA_E_INVALID);
        create_refused(f, f->path, "test", config, PCA_E_INVALID, "config", "test_random");
        pca_config_free(config);
    }
}

static void exactly_one_storage_key(void **state)
{
    struct fixture *f = *state;
    pca_config *none = pca_config_new();
    assert_ok(NULL, pca_config_set_clock(none, &f->clock_table));
    create_refused(f, f->path, "test", none, PCA_E_INVALID, "config", NULL);
    make_region(f);
    open_refused(f, f->path, none, PCA_E_INVALID, "config", NULL);
    pca_config_free(none);
    for (int pair = 0; pair < 3; pair++) {
        pca_config *two = pca_config_new();
        int rc = PCA_OK;
        if (pair != 0 && rc == PCA_OK)
            rc = pca_config_set_key(two, test_key, 32);
        if (pair != 1 && rc == PCA_OK)
            rc = pca_config_set_passphrase(two, "open sesame");
        if (pair != 2 && rc == PCA_OK)
            rc = pca_config_set_insecure_plain_keys(two);
        assert_true(rc == PCA_OK || rc == PCA_E_INVALID); /* seen by the second setter, or by the verb */
        open_refused(f, f->path, two, PCA_E_INVALID, "config", NULL);
        pca_config_free(two);
    }
}

static void wrong_key_is_locked(void **state)
{
    struct fixture *f = *state;
    uint8_t wrong[32];
    memcpy(wrong, test_key, 32);
    wrong[31] ^= 1;
    make_region(f);
    pca_config *config = pca_config_new();
    assert_ok(NULL, pca_config_set_key(config, wrong, 32));
    for (int open = 1; open >= 0; open--) { /* each open proves its key, the store being open already or not */
        open_refused(f, f->path, config, PCA_E_LOCKED, NULL, NULL);
        if (open) {
            pca_region_close(f->region);
            f->region = NULL;
        }
    }
    pca_config_free(config);
    pca_config *phrase = pca_config_new(), *plain = pca_config_new();
    assert_ok(NULL, pca_config_set_passphrase(phrase, "open sesame"));
    assert_ok(NULL, pca_config_set_insecure_plain_keys(plain));
    open_refused(f, f->path, phrase, PCA_E_LOCKED, NULL, NULL);
    open_refused(f, f->path, plain, PCA_E_LOCKED, NULL, NULL);
    pca_config_free(phrase);
    pca_config_free(plain);
    assert_ok(f->err, pca_region_open(f->path, f->config, &f->region, f->err));
}

static void passphrase_opens(void **state)
{
    struct fixture *f = *state;
    pca_config *right = pca_config_new(), *wrong = pca_config_new();
    assert_ok(NULL, pca_config_set_clock(right, &f->clock_table));
    assert_ok(NULL, pca_config_set_passphrase(right, "correct horse battery staple"));
    assert_ok(NULL, pca_config_set_passphrase(wrong, "correct horse battery stapl"));
    assert_ok(f->err, pca_region_create(f->path, "test", right, &f->region, f->err));
    open_refused(f, f->path, wrong, PCA_E_LOCKED, NULL, NULL);
    assert_null(strstr(pca_error_message(f->err), "horse"));
    make_ca(f, PCA_FAMILY_ECC, 0, 12, NULL, NULL);
    pca_region_close(f->region);
    f->region = NULL;
    open_refused(f, f->path, f->config, PCA_E_LOCKED, NULL, NULL);
    open_refused(f, f->path, wrong, PCA_E_LOCKED, NULL, NULL);
    assert_ok(f->err, pca_region_open(f->path, right, &f->region, f->err));
    pca_sub *sub = NULL;
    assert_ok(f->err, pca_region_sub_get(f->region, 2, &sub, f->err));
    pca_cert_free(issue(f, sub, "after.example"));
    pca_sub_free(sub);
    pca_config_free(right);
    pca_config_free(wrong);
}

/* Whichever way, no private key lies in the store in the clear; what is public does, so that the search is seen to find. */
static void private_keys_are_sealed(void **state)
{
    struct fixture *f = *state;
    for (int plain = 0; plain < 2; plain++) {
        char data_file[160];
        const char *path = file_path(f, plain ? "plain" : "sealed");
        pca_config *config = pca_config_new();
        assert_ok(NULL, pca_config_set_clock(config, &f->clock_table));
        assert_ok(NULL, plain ? pca_config_set_insecure_plain_keys(config) : pca_config_set_key(config, test_key, 32));
        assert_ok(f->err, pca_region_create(path, "test", config, &f->region, f->err));
        pca_sub *sub;
        make_ca(f, PCA_FAMILY_ECC, 0, 12, NULL, &sub);
        pca_cert *cert = issue(f, sub, "secret.example");
        pca_blob *blob = NULL, *public = NULL;
        assert_ok(f->err, pca_cert_export_key(cert, PCA_FORMAT_DER, PCA_PLAIN_KEY, NULL, &blob, f->err));
        assert_ok(f->err, pca_cert_der(cert, &public, f->err));
        /* ECPrivateKey ::= SEQUENCE { version 1, privateKey OCTET STRING (32), ... } inside the PKCS#8 */
        const uint8_t *der = pca_blob_data(blob), *at = find_bytes(der, pca_blob_size(blob), (const uint8_t *)"\x02\x01\x01\x04\x20", 5);
        assert_non_null(at);
        size_t size;
        snprintf(data_file, sizeof data_file, "%s/data.mdb", path);
        uint8_t *data = file_read(data_file, &size);
        assert_non_null(find_bytes(data, size, pca_blob_data(public), pca_blob_size(public)));
        assert_null(find_bytes(data, size, at + 5, 32));
        assert_null(find_bytes(data, size, der, pca_blob_size(blob)));
        assert_null(find_bytes(data, size, test_key, 32));
        free(data);
        pca_blob_free(public);
        pca_blob_free(blob);
        pca_cert_free(cert);
        pca_sub_free(sub);
        pca_region_close(f->region);
        f->region = NULL;
        if (plain)
            open_refused(f, path, f->config, PCA_E_LOCKED, NULL, NULL); /* a key where there is none */
        pca_config_free(config);
    }
}

/* ---- Entropy and test random ---- */

struct source {
    uint64_t state;
    int code;
    unsigned calls;
};

static int source_fill(void *context, uint8_t *buffer, size_t size, pca_error *err)
{
    struct source *source = context;
    source->calls++;
    if (source->code) {
        pca_error_set(err, source->code, 3, "the test's entropy fails");
        return source->code;
    }
    for (size_t i = 0; i < size; i++) { /* splitmix64, for no secret at all */
        uint64_t z = source->state += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        buffer[i] = (uint8_t)(z >> 56);
    }
    return PCA_OK;
}

static void entropy_is_the_hosts(void **state)
{
    struct fixture *f = *state;
    struct source source = {.state = 1, .code = PCA_E_DEVICE};
    pca_config *config = config_new(f);
    assert_ok(NULL, pca_config_set_entropy(config, &(struct pca_entropy){PCA_ENTROPY_VERSION, &source, source_fill}));
    create_refused(f, f->path, "test", config, PCA_E_DEVICE, NULL, NULL);
    assert_message(f->err, "the test's entropy fails");
    assert_int_equal(pca_error_device_code(f->err), 3);
    assert_false(exists(f->path));
    source.code = PCA_OK;
    source.calls = 0;
    assert_ok(f->err, pca_region_create(f->path, "test", config, &f->region, f->err));
    make_ca(f, PCA_FAMILY_ECC, 0, 12, NULL, NULL);
    assert_true(source.calls > 0);
    pca_region_close(f->region); /* its context is on this stack */
    f->region = NULL;
    pca_config_free(config);
}

static void test_random_makes_a_run_repeatable(void **state)
{
    struct fixture *f = *state;
    pca_blob *der[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
        struct source source = {.state = 42};
        pca_config *config = config_new(f);
        assert_ok(NULL, pca_config_set_test_random(config, &(struct pca_entropy){PCA_ENTROPY_VERSION, &source, source_fill}));
        assert_ok(f->err, pca_region_create(file_path(f, i ? "b" : "a"), "test", config, &f->region, f->err));
        pca_root *root;
        make_ca(f, PCA_FAMILY_ECC, 0, 12, &root, NULL);
        assert_ok(f->err, pca_ca_certificate(pca_root_ca(root), PCA_FORMAT_DER, &der[i], f->err));
        pca_root_free(root);
        assert_ok(f->err, pca_region_check(f->region, f->err));
        pca_region_close(f->region);
        f->region = NULL;
        pca_config_free(config);
    }
    assert_int_equal(pca_blob_size(der[0]), pca_blob_size(der[1]));
    assert_memory_equal(pca_blob_data(der[0]), pca_blob_data(der[1]), pca_blob_size(der[0]));
    pca_blob_free(der[0]);
    pca_blob_free(der[1]);
}

/* Not time(), which lags behind this clock by up to a tick. */
static int64_t system_time(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    return (int64_t)now.tv_sec;
}

static void the_systems_clock_is_the_default(void **state)
{
    struct fixture *f = *state;
    pca_config *config = pca_config_new();
    assert_ok(NULL, pca_config_set_key(config, test_key, 32));
    assert_ok(NULL, pca_config_set_clock(config, NULL));
    pca_region *region = POISON;
    int64_t now = system_time();
    int rc = pca_region_create(f->path, "test", config, &region, f->err);
    if (now < RELEASE_DATE) {
        assert_int_equal(rc, PCA_E_CLOCK);
    } else {
        assert_code(f->err, PCA_OK, rc);
        pca_root *root = NULL;
        assert_ok(f->err, pca_root_purchase(region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 1, NULL, &root, f->err));
        assert_in_range(pca_ca_service_start(pca_root_ca(root)), now, system_time());
        pca_root_free(root);
        pca_region_close(region);
    }
    pca_config_free(config);
}

/* ---- Two opens of one store ---- */

static void second_open_shares(void **state)
{
    struct fixture *f = *state;
    pca_region *other = NULL;
    pca_root *root = NULL, *seen = NULL;
    const char *link = file_path(f, "link");
    assert_int_equal(symlink("region", link), 0);
    assert_ok(f->err, pca_region_open(link, f->config, &other, f->err)); /* the same file by another name */
    assert_string_equal(pca_region_id(other), "test");

    assert_ok(f->err, pca_root_purchase(other, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, NULL, &root, f->err));
    uint64_t id = pca_ca_id(pca_root_ca(root));
    assert_ok(f->err, pca_region_root_get(f->region, id, &seen, f->err));
    assert_ok(f->err, pca_ca_set_alias(pca_root_ca(seen), "seen", f->err));
    pca_root_free(seen);
    assert_ok(f->err, pca_region_root_by_alias(other, "seen", &seen, f->err));
    assert_int_equal(pca_ca_id(pca_root_ca(seen)), id);
    pca_root_free(seen);

    /* closing one leaves the other whole; handles of the closed one answer CLOSED */
    pca_region_close(other);
    assert_code(f->err, PCA_E_CLOSED, pca_root_reload(root, &seen, f->err));
    pca_root_free(root);
    assert_ok(f->err, pca_region_root_get(f->region, id, &root, f->err));
    enable_root(f, &root, "Test Root");
    pca_root_free(root);

    for (int i = 0; i < 3; i++) {
        assert_ok(f->err, pca_region_open(f->path, f->config, &other, f->err));
        assert_ok(f->err, pca_region_root_get(other, id, &root, f->err));
        assert_int_equal(pca_ca_state(pca_root_ca(root)), PCA_CA_ENABLED);
        pca_root_free(root);
        pca_region_close(other);
    }
}

static void second_open_must_agree_about_the_limit(void **state)
{
    struct fixture *f = *state;
    pca_region *other = NULL;
    pca_config *config = config_new(f);
    assert_ok(NULL, pca_config_set_map_limit(config, 64 << 20));
    open_refused(f, f->path, config, PCA_E_INVALID, NULL, "map_limit");
    pca_region_close(f->region);
    assert_ok(f->err, pca_region_open(f->path, config, &f->region, f->err));
    assert_ok(f->err, pca_region_open(f->path, config, &other, f->err));
    pca_region_close(other);
    pca_config_free(config);
    config = config_new(f);
    assert_ok(NULL, pca_config_set_map_limit(config, 65 << 20));
    open_refused(f, f->path, config, PCA_E_INVALID, NULL, "map_limit");
    pca_config_free(config);
}

static void map_limit_is_full_and_can_be_raised(void **state)
{
    struct fixture *f = *state;
    pca_config *small = config_new(f), *large = config_new(f);
    assert_ok(NULL, pca_config_set_map_limit(small, 1 << 20));
    assert_ok(NULL, pca_config_set_map_limit(large, 4 << 20));
    assert_ok(f->err, pca_region_create(f->path, "test", small, &f->region, f->err));
    pca_root *root = NULL;
    uint64_t bought = 0;
    int rc;
    while ((rc = pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, NULL, &root, f->err)) == PCA_OK) {
        pca_root_free(root);
        root = NULL;
        assert_true(++bought < 10000);
    }
    assert_refusal(f->err, PCA_E_FULL, NULL, NULL, rc);
    assert_true(bought > 10);
    assert_ok(f->err, pca_region_check(f->region, f->err));
    char *before = snapshot_store(f);
    assert_code(f->err, PCA_E_FULL, pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, NULL, &root, f->err));
    assert_store_unchanged(f, before);
    pca_region_close(f->region);
    assert_ok(f->err, pca_region_open(f->path, large, &f->region, f->err));
    assert_ok(f->err, pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, NULL, &root, f->err));
    assert_int_equal(pca_ca_id(pca_root_ca(root)), 2 * bought + 1);
    pca_root_free(root);
    pca_config_free(small);
    pca_config_free(large);
}

/* ---- Read-only ---- */

static void check_read_only(struct fixture *f, pca_region *region)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_cert *cert = NULL;
    pca_page *page = NULL;
    pca_blob *blob = NULL;
    int64_t value = 0;
    assert_ok(f->err, pca_region_root_get(region, 1, &root, f->err));
    assert_ok(f->err, pca_root_default_sub(root, &sub, f->err));
    assert_ok(f->err, pca_region_roots(region, 0, 10, &page, f->err));
    assert_int_equal(pca_page_count(page), 1);
    pca_page_free(page);
    page = NULL;
    assert_ok(f->err, pca_region_find_certs(region, NULL, &page, f->err));
    assert_int_equal(pca_page_count(page), 1);
    assert_ok(f->err, pca_region_cert_get(region, pca_cert_id(pca_page_cert_at(page, 0)), &cert, f->err));
    pca_page_free(page);
    assert_ok(f->err, pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err));
    pca_blob_free(blob);
    blob = NULL;
    assert_ok(f->err, pca_ca_certificate(pca_sub_ca(sub), PCA_FORMAT_PEM, &blob, f->err));
    pca_blob_free(blob);
    blob = NULL;
    assert_ok(f->err, pca_ca_crl_get(pca_sub_ca(sub), PCA_FORMAT_PEM, &blob, f->err));
    pca_blob_free(blob);
    assert_ok(f->err, pca_region_policy_get(region, "free_certificates", &value, f->err));
    assert_ok(f->err, pca_region_check(region, f->err));

    pca_root *new_root = POISON;
    pca_cert *new_cert = POISON;
    pca_receipt *receipt = POISON;
    const pca_ca *ca = pca_sub_ca(sub);
    pca_request *ca_request = request_new_ca("Another", NULL), *leaf = request_new_server("no.example");
    char *before = snapshot_store(f);
#define READ_ONLY(call) assert_code(f->err, PCA_E_READ_ONLY, call)
    READ_ONLY(pca_root_purchase(region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, NULL, &new_root, f->err));
    assert_poisoned(new_root);
    READ_ONLY(pca_root_enable(root, ca_request, f->err));
    READ_ONLY(pca_root_renew(root, 1, NULL, f->err));
    READ_ONLY(pca_root_purchase_certificates(root, 1, NULL, &receipt, f->err));
    assert_poisoned(receipt);
    READ_ONLY(pca_root_assign(root, sub, 1, PCA_ANY, NULL, f->err));
    READ_ONLY(pca_sub_enable(sub, ca_request, f->err));
    READ_ONLY(pca_sub_request(sub, leaf, &new_cert, f->err));
    assert_poisoned(new_cert);
    READ_ONLY(pca_ca_set_alias(ca, "x", f->err));
    READ_ONLY(pca_ca_disable(ca, f->err));
    READ_ONLY(pca_ca_resume(ca, f->err));
    READ_ONLY(pca_ca_revoke(ca, PCA_REASON_UNSPECIFIED, 0, NULL, f->err));
    READ_ONLY(pca_ca_crl_make(ca, f->err));
    READ_ONLY(pca_cert_revoke(cert, PCA_REASON_UNSPECIFIED, 0, NULL, f->err));
    READ_ONLY(pca_cert_delete(cert, f->err));
    READ_ONLY(pca_region_policy_set(region, "free_certificates", 11, f->err));
    READ_ONLY(pca_region_accept_clock(region, f->err));
#undef READ_ONLY
    assert_store_unchanged(f, before);
    pca_request_free(ca_request);
    pca_request_free(leaf);
    pca_root_free(root);
    pca_sub_free(sub);
    pca_cert_free(cert);
}

static void read_only_reads(void **state)
{
    struct fixture *f = *state;
    pca_config *config = config_new(f);
    assert_ok(NULL, pca_config_set_read_only(config));
    pca_cert_free(issue(f, f->sub, "a.example"));
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    create_refused(f, file_path(f, "new"), "new", config, PCA_E_READ_ONLY, NULL, "read_only");
    assert_false(exists(file_path(f, "new")));

    /* beside a handle that writes, in one process */
    pca_region *reader = NULL;
    assert_ok(f->err, pca_region_open(f->path, config, &reader, f->err));
    check_read_only(f, reader);
    pca_cert_free(issue(f, f->sub, "b.example"));
    pca_region_close(reader);

    /* alone */
    pca_region_close(f->region);
    f->region = NULL;
    remove_tree(file_path(f, "copy"));
    assert_run(0, "cp", "-r", f->path, file_path(f, "copy"));
    assert_ok(f->err, pca_region_open(file_path(f, "copy"), config, &reader, f->err));
    pca_page *page = NULL;
    assert_ok(f->err, pca_region_find_certs(reader, NULL, &page, f->err));
    assert_int_equal(pca_page_count(page), 2);
    pca_page_free(page);
    /* what writes cannot join one that was opened read-only: refused, or given a store that does write */
    pca_region *writer = NULL;
    int rc = pca_region_open(file_path(f, "copy"), f->config, &writer, f->err);
    if (rc == PCA_OK) {
        set_policy(&(struct fixture){.region = writer, .err = f->err}, "free_certificates", 3);
        pca_region_close(writer);
    } else {
        assert_code(f->err, PCA_E_INVALID, rc);
    }
    pca_region_close(reader);
    pca_config_free(config);
    assert_ok(f->err, pca_region_open(f->path, f->config, &f->region, f->err));
}

/* ---- Close ---- */

static void handles_outlive_the_region(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.example"), *new_cert = POISON;
    pca_page *page = NULL, *new_page = POISON;
    pca_root *root = POISON;
    pca_sub *sub = POISON;
    pca_blob *blob = POISON;
    pca_files *files = POISON;
    pca_receipt *receipt = POISON;
    pca_findings *findings = POISON;
    uint64_t number = 77;
    assert_ok(f->err, pca_region_find_certs(f->region, NULL, &page, f->err));
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    pca_region_close(f->region);
    f->region = NULL;

    /* getters go on */
    const pca_ca *ca = pca_sub_ca(f->sub);
    assert_int_equal(pca_ca_id(pca_root_ca(f->root)), pca_ca_parent_id(ca));
    assert_string_equal(pca_ca_subject(ca), "CN=Test Sub,O=Example,C=DE");
    assert_int_equal(pca_ca_state(ca), PCA_CA_ENABLED);
    assert_int_equal(pca_sub_remaining(f->sub), 10);
    assert_string_equal(pca_cert_subject(pca_page_cert_at(page, 0)), pca_cert_subject(cert));
    assert_string_equal(pca_cert_san_at(cert, 0), "a.example");

    /* verbs answer CLOSED */
    pca_request *leaf = request_new_server("b.example"), *ca_request = request_new_ca("X", NULL);
#define IS_CLOSED(call) assert_code(f->err, PCA_E_CLOSED, call)
    IS_CLOSED(pca_root_reload(f->root, &root, f->err));
    IS_CLOSED(pca_root_default_sub(f->root, &sub, f->err));
    IS_CLOSED(pca_root_subs(f->root, 0, 10, &new_page, f->err));
    IS_CLOSED(pca_root_enable(f->root, ca_request, f->err));
    IS_CLOSED(pca_root_renew(f->root, 1, NULL, f->err));
    IS_CLOSED(pca_root_purchase_certificates(f->root, 1, NULL, &receipt, f->err));
    IS_CLOSED(pca_root_assign(f->root, f->sub, 5, PCA_ANY, NULL, f->err));
    IS_CLOSED(pca_sub_reload(f->sub, &sub, f->err));
    IS_CLOSED(pca_sub_root(f->sub, &root, f->err));
    IS_CLOSED(pca_sub_enable(f->sub, ca_request, f->err));
    IS_CLOSED(pca_sub_request(f->sub, leaf, &new_cert, f->err));
    IS_CLOSED(pca_sub_check_request(f->sub, leaf, &findings, f->err));
    IS_CLOSED(pca_ca_certificate(ca, PCA_FORMAT_PEM, &blob, f->err));
    IS_CLOSED(pca_ca_chain(ca, 0, &blob, f->err));
    IS_CLOSED(pca_ca_set_alias(ca, "x", f->err));
    IS_CLOSED(pca_ca_disable(ca, f->err));
    IS_CLOSED(pca_ca_resume(ca, f->err));
    IS_CLOSED(pca_ca_revoke(ca, 0, 0, NULL, f->err));
    IS_CLOSED(pca_ca_crl_make(ca, f->err));
    IS_CLOSED(pca_ca_crl_get(ca, PCA_FORMAT_PEM, &blob, f->err));
    IS_CLOSED(pca_ca_crl_write(ca, PCA_FORMAT_PEM, file_path(f, "crl"), f->err));
    IS_CLOSED(pca_ca_crl_info(ca, &number, NULL, NULL, NULL, f->err));
    IS_CLOSED(pca_ca_cert_by_serial(ca, pca_cert_serial(cert), &new_cert, f->err));
    IS_CLOSED(pca_cert_reload(cert, &new_cert, f->err));
    IS_CLOSED(pca_cert_revoke(cert, 0, 0, NULL, f->err));
    IS_CLOSED(pca_cert_delete(cert, f->err));
    IS_CLOSED(pca_cert_export(cert, PCA_FORMAT_PEM, 0, NULL, &files, f->err));
    IS_CLOSED(pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err));
    IS_CLOSED(pca_cert_der(cert, &blob, f->err));
    IS_CLOSED(pca_cert_pem(cert, &blob, f->err));
    IS_CLOSED(pca_cert_reload(pca_page_cert_at(page, 0), &new_cert, f->err));
#undef IS_CLOSED
    assert_poisoned(root);
    assert_poisoned(sub);
    assert_poisoned(new_cert);
    assert_poisoned(new_page);
    assert_poisoned(blob);
    assert_poisoned(files);
    assert_poisoned(receipt);
    assert_poisoned(findings);
    assert_int_equal(number, 77);
    pca_request_free(leaf);
    pca_request_free(ca_request);
    pca_cert_free(cert);
    pca_page_free(page);

    /* opened anew, the old handles stay what they are */
    assert_ok(f->err, pca_region_open(f->path, f->config, &f->region, f->err));
    assert_code(f->err, PCA_E_CLOSED, pca_root_reload(f->root, &root, f->err));

    /* beside a fresh one they are of a region that was closed, and not of another */
    pca_request *r = request_new_ca("X", NULL);
    assert_ok(f->err, pca_region_sub_get(f->region, pca_ca_id(pca_sub_ca(f->sub)), &sub, f->err));
    assert_code(f->err, PCA_E_CLOSED, pca_root_assign(f->root, sub, 5, PCA_ANY, NULL, f->err));
    assert_code(f->err, PCA_E_CLOSED, pca_sub_enable_under(sub, pca_root_ca(f->root), r, f->err));
    assert_code(f->err, PCA_E_CLOSED, pca_sub_enable_under(f->sub, pca_sub_ca(sub), r, f->err));
    pca_root *fresh = NULL;
    assert_ok(f->err, pca_sub_root(sub, &fresh, f->err));
    assert_code(f->err, PCA_E_CLOSED, pca_root_assign(fresh, f->sub, 5, PCA_ANY, NULL, f->err));
    assert_ok(f->err, pca_root_assign(fresh, sub, 9, PCA_ANY, NULL, f->err));
    pca_request_free(r);
    pca_root_free(fresh);
    pca_sub_free(sub);
}

struct slow_call {
    struct fixture *f;
    pthread_t caller, closer;
    _Atomic int inside, go_on, closed, code;
};

static void slow_hook(void *argument)
{
    struct slow_call *slow = argument;
    slow->inside = 1;
    while (!slow->go_on)
        sleep_ms(1);
}

static void *slow_caller(void *argument)
{
    struct slow_call *slow = argument;
    pca_root *root = NULL;
    slow->code = pca_root_purchase(slow->f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, "slow", &root, NULL);
    pca_root_free(root);
    return NULL;
}

static void *slow_closer(void *argument)
{
    struct slow_call *slow = argument;
    pca_region_close(slow->f->region);
    slow->closed = 1;
    return NULL;
}

static void close_waits_for_calls_in_progress(void **state)
{
    struct fixture *f = *state;
    struct slow_call slow = {.f = f, .code = 1};
    pca_root *bystander = NULL, *fresh = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &bystander, NULL);
    f->clock.argument = &slow;
    f->clock.hook = slow_hook;
    assert_int_equal(pthread_create(&slow.caller, NULL, slow_caller, &slow), 0);
    while (!slow.inside)
        sleep_ms(1);
    f->clock.hook = NULL;
    assert_int_equal(pthread_create(&slow.closer, NULL, slow_closer, &slow), 0);
    sleep_ms(100);
    int closed_too_soon = slow.closed;
    /* others are not kept waiting meanwhile */
    int rc = pca_root_reload(bystander, &fresh, f->err);
    slow.go_on = 1;
    pthread_join(slow.caller, NULL);
    pthread_join(slow.closer, NULL);
    f->region = NULL;
    assert_false(closed_too_soon);
    assert_int_equal(slow.code, PCA_OK);
    assert_code(f->err, PCA_E_CLOSED, rc);
    pca_root_free(bystander);
    assert_ok(f->err, pca_region_open(f->path, f->config, &f->region, f->err));
    assert_ok(f->err, pca_region_root_get(f->region, 3, &fresh, f->err));
    pca_root_free(fresh);
}

struct nested {
    struct fixture *f;
    int inside, root_code, purchase_code;
};

static void nested_hook(void *argument)
{
    struct nested *nested = argument;
    pca_root *root = NULL;
    if (nested->inside)
        return;
    nested->inside = 1;
    nested->root_code = pca_region_root_get(nested->f->region, 1, &root, NULL);
    pca_root_free(root);
    root = NULL;
    nested->purchase_code = pca_root_purchase(nested->f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 1, NULL, &root, NULL);
    pca_root_free(root);
}

static void pitfall_39_a_callback_may_call_the_region(void **state)
{
    struct fixture *f = *state;
    struct nested nested = {.f = f, .root_code = 1, .purchase_code = 1};
    f->clock.argument = &nested;
    f->clock.hook = nested_hook;
    assert_ok(f->err, pca_ca_set_alias(pca_root_ca(f->root), "nested", f->err));
    assert_true(nested.inside);
    assert_int_equal(nested.root_code, PCA_OK);
    assert_int_equal(nested.purchase_code, PCA_OK);
    f->clock.hook = NULL;
}

struct nested_random {
    struct source source;
    struct nested nested;
};

static int nested_fill(void *context, uint8_t *buffer, size_t size, pca_error *err)
{
    struct nested_random *random = context;
    if (random->nested.f->region)
        nested_hook(&random->nested);
    return source_fill(&random->source, buffer, size, err);
}

/* Unsealing a CA's key draws random octets: at the first CRL and the first certificate after an open. */
static void pitfall_39_random_may_call_the_region(void **state)
{
    struct fixture *f = *state;
    struct nested_random random = {{.state = 7}, {.f = f}};
    pca_request *leaf = request_new_server("a.example");
    assert_ok(NULL, pca_config_set_test_random(f->config, &(struct pca_entropy){PCA_ENTROPY_VERSION, &random, nested_fill}));
    for (int i = 0; i < 2; i++) {
        pca_cert *cert = NULL;
        reopen_region(f);
        random.nested = (struct nested){.f = f, .root_code = 1, .purchase_code = 1};
        assert_ok(f->err, pca_region_sub_get(f->region, 2, &f->sub, f->err));
        assert_ok(f->err, i ? pca_sub_request(f->sub, leaf, &cert, f->err) : pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
        assert_true(random.nested.inside);
        assert_int_equal(random.nested.root_code, PCA_OK);
        assert_int_equal(random.nested.purchase_code, PCA_OK);
        pca_cert_free(cert);
    }
    assert_ok(NULL, pca_config_set_test_random(f->config, NULL)); /* its context is on this stack */
    random.nested.inside = 1;
    reopen_region(f);
    pca_request_free(leaf);
}

static void a_failing_clock_refuses_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    char *before = snapshot_store(f);
    pca_request *leaf = request_new_server("a.example");
    pca_cert *cert = POISON;
    f->clock.code = PCA_E_DEVICE;
    assert_code(f->err, PCA_E_DEVICE, pca_sub_request(f->sub, leaf, &cert, f->err));
    assert_message(f->err, "the test's clock fails");
    assert_poisoned(cert);
    assert_code(f->err, PCA_E_DEVICE, pca_ca_disable(pca_sub_ca(f->sub), f->err));
    f->clock.code = -4711; /* not a code of ours */
    int rc = pca_ca_disable(pca_sub_ca(f->sub), f->err);
    assert_true(rc < 0 && strcmp(pca_code_name(rc), "PCA_E_UNKNOWN") != 0);
    f->clock.code = PCA_OK;
    assert_store_unchanged(f, before);
    pca_request_free(leaf);
}

/* ---- Fork ---- */

#define CHILD(condition)      \
    do {                      \
        if (!(condition))     \
            _exit(__LINE__ % 251 + 1); \
    } while (0)

static void in_the_child(struct fixture *f, pca_cert *cert)
{
    pca_root *root = POISON;
    pca_cert *new_cert = POISON;
    pca_page *page = POISON;
    pca_blob *blob = POISON;
    int64_t value;
    pca_request *leaf = pca_request_new();
    CHILD(pca_request_set_type(leaf, PCA_CERT_SERVER) == PCA_OK);
    CHILD(pca_request_set_common_name(leaf, "child.example") == PCA_OK);
    CHILD(pca_request_set_years(leaf, 1) == PCA_OK);
    CHILD(pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 1, NULL, &root, f->err) == PCA_E_FORKED);
    CHILD(pca_error_code(f->err) == PCA_E_FORKED);
    CHILD(pca_region_root_get(f->region, 1, &root, f->err) == PCA_E_FORKED);
    CHILD(pca_region_roots(f->region, 0, 10, &page, f->err) == PCA_E_FORKED);
    CHILD(pca_region_check(f->region, f->err) == PCA_E_FORKED);
    CHILD(pca_region_policy_get(f->region, "allow_weak", &value, f->err) == PCA_E_FORKED);
    CHILD(pca_region_policy_set(f->region, "allow_weak", 1, f->err) == PCA_E_FORKED);
    CHILD(pca_root_reload(f->root, &root, f->err) == PCA_E_FORKED);
    CHILD(pca_sub_request(f->sub, leaf, &new_cert, f->err) == PCA_E_FORKED);
    CHILD(pca_ca_disable(pca_sub_ca(f->sub), f->err) == PCA_E_FORKED);
    CHILD(pca_ca_certificate(pca_sub_ca(f->sub), PCA_FORMAT_PEM, &blob, f->err) == PCA_E_FORKED);
    CHILD(pca_ca_crl_make(pca_sub_ca(f->sub), f->err) == PCA_E_FORKED);
    CHILD(pca_cert_revoke(cert, 0, 0, NULL, f->err) == PCA_E_FORKED);
    CHILD(pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err) == PCA_E_FORKED);
    CHILD(root == POISON && new_cert == POISON && page == POISON && blob == POISON);
    /* getters and frees work */
    CHILD(strcmp(pca_region_id(f->region), "test") == 0);
    CHILD(pca_ca_state(pca_sub_ca(f->sub)) == PCA_CA_ENABLED);
    CHILD(strcmp(pca_cert_san_at(cert, 0), "a.example") == 0);
    pca_request_free(leaf);
    pca_region_close(f->region);
    CHILD(pca_root_reload(f->root, &root, f->err) < 0);
    CHILD(strcmp(pca_cert_san_at(cert, 0), "a.example") == 0);
    pca_cert_free(cert);
    pca_root_free(f->root);
    pca_sub_free(f->sub);
    pca_config_free(f->config);
    pca_error_free(f->err);
    _exit(0);
}

static void child_process_is_kept_out(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.example");
    for (int i = 0; i < 2; i++) {
        int status;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            in_the_child(f, cert);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            print_error("the child ended with status %#x: line %d modulo 251, less one\n", (unsigned)status, WEXITSTATUS(status));
            fail();
        }
        /* the parent goes on */
        pca_cert_free(issue(f, f->sub, "parent.example"));
        assert_ok(f->err, pca_region_check(f->region, f->err));
    }
    pca_cert_free(cert);
    reopen_region(f);
}

/* ---- Statistics ---- */

static pca_stat *stat_of(struct fixture *f)
{
    pca_stat *stat = NULL;
    assert_ok(f->err, pca_region_stat(f->region, &stat, f->err));
    return stat;
}

/* A process that begins to read and stays; it ends when the pipe's other end is closed. */
static pid_t start_reader(struct fixture *f, int *end)
{
    int ready[2], stay[2];
    char c;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(stay), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        MDB_env *env;
        MDB_txn *txn;
        close(stay[1]);
        if (mdb_env_create(&env) || mdb_env_set_maxdbs(env, 64) || mdb_env_open(env, f->path, MDB_RDONLY, 0600) ||
            mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) || write(ready[1], "r", 1) != 1)
            _exit(1);
        _exit(read(stay[0], &c, 1) == 0 ? 0 : 2); /* as it stands: without giving its slot back */
    }
    close(stay[0]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
    *end = stay[1];
    return child;
}

static void stat_tells_of_a_reader_that_stays(void **state)
{
    struct fixture *f = *state;
    enum { COMMITS = 25 };
    pca_cert *cert = issue(f, f->sub, "a.internal"), *other = issue(f, f->sub, "b.internal");
    int end, status;
    struct stat file;
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    pca_stat *before = stat_of(f);
    assert_int_equal(pca_stat_cas(before), 2);
    assert_int_equal(pca_stat_certs(before), 1);
    assert_int_equal(pca_stat_limit(before), UINT64_C(1) << (sizeof(void *) > 4 ? 36 : 30)); /* the defaults */
    assert_int_equal(pca_stat_readers(before), 0);
    assert_int_equal(pca_stat_reader_lag(before), 0);
    assert_int_equal(pca_stat_held_octets(before), 0);
    assert_int_equal(pca_stat_waiting(before), 0);
    assert_int_equal(stat(file_path(f, "region/data.mdb"), &file), 0);
    assert_int_equal(pca_stat_octets(before), file.st_size);
    assert_true(pca_stat_free_octets(before) < pca_stat_octets(before));
    pid_t child = start_reader(f, &end);
    for (int i = 0; i < COMMITS; i++)
        set_policy(f, "backdate_seconds", i);
    pca_stat *during = stat_of(f);
    assert_int_equal(pca_stat_sequence(during), pca_stat_sequence(before) + COMMITS);
    assert_int_equal(pca_stat_readers(during), 1);
    assert_int_equal(pca_stat_reader_lag(during), COMMITS);
    /* each commit writes at least a row of meta, of log and of merkle, and leaves the pages before */
    assert_true(pca_stat_held_octets(during) >= (COMMITS - 1) * 3 * 4096);
    assert_true(pca_stat_held_octets(during) <= pca_stat_free_octets(during));
    assert_true(pca_stat_octets(during) >= pca_stat_octets(before) + (COMMITS - 5) * 3 * 4096);
    close(end);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    pca_stat *after = stat_of(f);
    assert_int_equal(pca_stat_readers(after), 0);
    assert_int_equal(pca_stat_reader_lag(after), 0);
    assert_int_equal(pca_stat_held_octets(after), 0);
    /* and what was held is used again */
    for (int i = 0; i < COMMITS; i++)
        set_policy(f, "backdate_seconds", i);
    pca_stat *late = stat_of(f);
    assert_int_equal(pca_stat_octets(late), pca_stat_octets(after));
    pca_stat_free(before);
    pca_stat_free(during);
    pca_stat_free(after);
    pca_stat_free(late);
    pca_cert_free(cert);
    pca_cert_free(other);
}

/* ---- NULL ---- */

static void freeing_null_is_nothing(void **state)
{
    (void)state;
    pca_error_free(NULL);
    pca_error_clear(NULL);
    pca_blob_free(NULL);
    pca_files_free(NULL);
    pca_config_free(NULL);
    pca_region_close(NULL);
    pca_query_free(NULL);
    pca_page_free(NULL);
    pca_stat_free(NULL);
    pca_root_free(NULL);
    pca_sub_free(NULL);
    pca_receipt_free(NULL);
    pca_findings_free(NULL);
    pca_request_free(NULL);
    pca_cert_free(NULL);
    pca_error_set(NULL, PCA_E_DEVICE, 1, "nobody listens");
}

static void getters_of_null_are_neutral(void **state)
{
    (void)state;
#define ZERO(call) assert_true((call) == 0)
#define EMPTY(call) assert_string_equal((call), "")
#define NOTHING(call) assert_null(call)
    ZERO(pca_error_code(NULL));
    ZERO(pca_error_device_code(NULL));
    EMPTY(pca_error_object(NULL));
    EMPTY(pca_error_field(NULL));
    EMPTY(pca_error_message(NULL));
    NOTHING(pca_blob_data(NULL));
    ZERO(pca_blob_size(NULL));
    ZERO(pca_files_count(NULL));
    NOTHING(pca_files_name(NULL, 0));
    NOTHING(pca_files_data(NULL, 0));
    ZERO(pca_files_size(NULL, 0));
    EMPTY(pca_region_id(NULL));
    EMPTY(pca_policy_text(NULL));
    EMPTY(pca_policy_text("no_such_policy"));
    ZERO(pca_page_count(NULL));
    NOTHING(pca_page_cert_at(NULL, 0));
    NOTHING(pca_page_ca_at(NULL, 0));
    EMPTY(pca_page_next(NULL));
    ZERO(pca_page_total(NULL, NULL));
    ZERO(pca_page_sequence(NULL));
    NOTHING(pca_page_entry_at(NULL, 0));
    ZERO(pca_stat_octets(NULL));
    ZERO(pca_stat_limit(NULL));
    ZERO(pca_stat_free_octets(NULL));
    ZERO(pca_stat_held_octets(NULL));
    ZERO(pca_stat_readers(NULL));
    ZERO(pca_stat_reader_lag(NULL));
    ZERO(pca_stat_waiting(NULL));
    ZERO(pca_stat_cas(NULL));
    ZERO(pca_stat_certs(NULL));
    ZERO(pca_stat_sequence(NULL));
    ZERO(pca_stat_time(NULL));
    NOTHING(pca_root_ca(NULL));
    NOTHING(pca_sub_ca(NULL));
    ZERO(pca_ca_id(NULL));
    ZERO(pca_ca_parent_id(NULL));
    ZERO(pca_ca_root_id(NULL));
    ZERO(pca_ca_kind(NULL));
    ZERO(pca_ca_family(NULL));
    ZERO(pca_ca_state(NULL));
    EMPTY(pca_ca_alias(NULL));
    ZERO(pca_ca_service_start(NULL));
    ZERO(pca_ca_service_end(NULL));
    ZERO(pca_ca_months(NULL));
    ZERO(pca_ca_key_algorithm(NULL));
    EMPTY(pca_ca_subject(NULL));
    EMPTY(pca_ca_serial(NULL));
    ZERO(pca_ca_not_before(NULL));
    ZERO(pca_ca_not_after(NULL));
    EMPTY(pca_ca_crl_url(NULL));
    ZERO(pca_ca_crl_days(NULL));
    ZERO(pca_ca_revoked_at(NULL));
    ZERO(pca_ca_reason(NULL));
    ZERO(pca_root_remaining(NULL));
    ZERO(pca_root_purchased(NULL));
    ZERO(pca_root_billable(NULL));
    ZERO(pca_root_waived(NULL));
    ZERO(pca_receipt_count(NULL));
    ZERO(pca_receipt_billable(NULL));
    ZERO(pca_receipt_waived(NULL));
    ZERO(pca_sub_remaining(NULL));
    ZERO(pca_sub_reserved(NULL));
    ZERO(pca_sub_issued(NULL));
    ZERO(pca_findings_count(NULL));
    EMPTY(pca_findings_name(NULL, 0));
    EMPTY(pca_findings_field(NULL, 0));
    EMPTY(pca_findings_message(NULL, 0));
    ZERO(pca_findings_severity(NULL, 0));
    ZERO(pca_cert_id(NULL));
    ZERO(pca_cert_issuer_id(NULL));
    EMPTY(pca_cert_serial(NULL));
    ZERO(pca_cert_type(NULL));
    ZERO(pca_cert_status(NULL));
    EMPTY(pca_cert_subject(NULL));
    ZERO(pca_cert_san_count(NULL));
    ZERO(pca_cert_san_type(NULL, 0));
    EMPTY(pca_cert_san_at(NULL, 0));
    ZERO(pca_cert_not_before(NULL));
    ZERO(pca_cert_not_after(NULL));
    ZERO(pca_cert_key_algorithm(NULL));
    ZERO(pca_cert_container(NULL));
    EMPTY(pca_cert_alias(NULL));
    ZERO(pca_cert_revoked_at(NULL));
    ZERO(pca_cert_reason(NULL));
    ZERO(pca_cert_ignored_count(NULL));
    EMPTY(pca_cert_ignored_at(NULL, 0));
#undef ZERO
#undef EMPTY
#undef NOTHING
}

static void setters_of_null_are_invalid(void **state)
{
    struct fixture *f = *state;
    const struct pca_entropy entropy = {PCA_ENTROPY_VERSION, NULL, source_fill};
#define REFUSED(call) assert_int_equal((call), PCA_E_INVALID)
    REFUSED(pca_config_set_passphrase(NULL, "x"));
    REFUSED(pca_config_set_key(NULL, test_key, 32));
    REFUSED(pca_config_set_insecure_plain_keys(NULL));
    REFUSED(pca_config_set_clock(NULL, &f->clock_table));
    REFUSED(pca_config_set_entropy(NULL, &entropy));
    REFUSED(pca_config_set_test_random(NULL, &entropy));
    REFUSED(pca_config_set_actor(NULL, "x"));
    REFUSED(pca_config_set_map_limit(NULL, 1 << 20));
    REFUSED(pca_config_set_read_only(NULL));
    REFUSED(pca_query_reset(NULL));
    REFUSED(pca_query_set_issuer(NULL, 1));
    REFUSED(pca_query_set_status(NULL, PCA_STATUS_ISSUED));
    REFUSED(pca_query_set_type(NULL, PCA_CERT_SERVER));
    REFUSED(pca_query_set_after(NULL, ""));
    REFUSED(pca_query_set_limit(NULL, 1));
    REFUSED(pca_query_set_state(NULL, PCA_CA_ENABLED));
    REFUSED(pca_query_set_kind(NULL, PCA_KIND_PRIVATE));
    REFUSED(pca_query_set_name(NULL, "x"));
    REFUSED(pca_query_set_name_prefix(NULL, "x"));
    REFUSED(pca_query_set_serial(NULL, "1"));
    REFUSED(pca_query_set_alias(NULL, "x"));
    REFUSED(pca_query_set_custom_id(NULL, "x"));
    REFUSED(pca_query_set_tag(NULL, "x", "y"));
    REFUSED(pca_query_set_expires(NULL, 1));
    REFUSED(pca_query_set_changed_since(NULL, 1));
    REFUSED(pca_request_reset(NULL));
    REFUSED(pca_request_set_type(NULL, PCA_CERT_SERVER));
    REFUSED(pca_request_set_common_name(NULL, "x"));
    REFUSED(pca_request_set_organization(NULL, "x"));
    REFUSED(pca_request_set_unit(NULL, "x"));
    REFUSED(pca_request_set_country(NULL, "DE"));
    REFUSED(pca_request_set_state(NULL, "x"));
    REFUSED(pca_request_set_locality(NULL, "x"));
    REFUSED(pca_request_add_dns(NULL, "a.example"));
    REFUSED(pca_request_add_ip(NULL, "192.0.2.1"));
    REFUSED(pca_request_add_email(NULL, "a@a.example"));
    REFUSED(pca_request_add_uri(NULL, "urn:a"));
    REFUSED(pca_request_set_days(NULL, 1));
    REFUSED(pca_request_set_months(NULL, 1));
    REFUSED(pca_request_set_years(NULL, 1));
    REFUSED(pca_request_set_dates(NULL, T0, T0 + YEAR));
    REFUSED(pca_request_set_longest(NULL));
    REFUSED(pca_request_set_key_algorithm(NULL, PCA_KEY_EC_P256));
    REFUSED(pca_request_set_csr(NULL, "x", 1));
    REFUSED(pca_request_set_public_key(NULL, "x", 1));
    REFUSED(pca_request_use_csr_subject(NULL));
    REFUSED(pca_request_use_csr_san(NULL));
    REFUSED(pca_request_set_crl_address(NULL, 1));
    REFUSED(pca_request_set_alias(NULL, "x"));
    REFUSED(pca_request_set_token(NULL, "x"));
    REFUSED(pca_request_set_crl_url(NULL, ROOT_CRL_URL));
    REFUSED(pca_request_set_crl_days(NULL, 7));
    REFUSED(pca_request_set_path_length(NULL, 0));
    for (int i = 0; i < 2; i++) { /* a key or a CSR that is not there */
        pca_config *config = pca_config_new();
        REFUSED(pca_config_set_key(config, NULL, 32));
        pca_config_free(config);
        pca_request *request = pca_request_new();
        REFUSED(i ? pca_request_set_csr(request, NULL, 1) : pca_request_set_public_key(request, NULL, 1));
        pca_request_free(request);
    }
#undef REFUSED
}

/* The verbs: each pointer that is needed, missing in turn. The outputs keep what they had. */
static void verbs_of_null_are_invalid(void **state)
{
    struct fixture *f = *state;
    pca_error *err = f->err;
    pca_region *region = POISON;
    pca_root *root = POISON;
    pca_sub *sub = POISON;
    pca_cert *cert = POISON, *real = issue(f, f->sub, "a.example");
    pca_page *page = POISON;
    pca_stat *stat = POISON;
    pca_blob *blob = POISON;
    pca_files *files = POISON;
    pca_receipt *receipt = POISON;
    pca_findings *findings = POISON;
    pca_request *copy = POISON, *leaf = request_new_server("b.example"), *ca_request = request_new_ca("X", NULL);
    pca_query *query = pca_query_new();
    const pca_ca *ca = pca_sub_ca(f->sub);
    const struct pca_sink sink = {PCA_SINK_VERSION, NULL, NULL};
    int64_t value = 77;
    uint64_t number = 77;
    pca_root *purchased = NULL;
    pca_sub *unused = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 1, &purchased, &unused);
    assert_ok(err, pca_ca_crl_make(ca, err));
    char *before = snapshot_store(f);
#define REFUSED(call) assert_code(err, PCA_E_INVALID, call)
    REFUSED(pca_files_write(NULL, f->dir, err));
    REFUSED(pca_region_create(NULL, "x", f->config, &region, err));
    REFUSED(pca_region_create(file_path(f, "x"), NULL, f->config, &region, err));
    REFUSED(pca_region_create(file_path(f, "x"), "x", NULL, &region, err));
    REFUSED(pca_region_create(file_path(f, "x"), "x", f->config, NULL, err));
    assert_false(exists(file_path(f, "x")));
    REFUSED(pca_region_open(NULL, f->config, &region, err));
    REFUSED(pca_region_open(f->path, NULL, &region, err));
    REFUSED(pca_region_open(f->path, f->config, NULL, err));
    REFUSED(pca_region_accept_clock(NULL, err));
    REFUSED(pca_region_check(NULL, err));
    REFUSED(pca_region_policy_get(NULL, "allow_weak", &value, err));
    REFUSED(pca_region_policy_get(f->region, NULL, &value, err));
    REFUSED(pca_region_policy_get(f->region, "allow_weak", NULL, err));
    REFUSED(pca_region_policy_set(NULL, "allow_weak", 1, err));
    REFUSED(pca_region_policy_set(f->region, NULL, 1, err));
    REFUSED(pca_region_root_get(NULL, 1, &root, err));
    REFUSED(pca_region_root_get(f->region, 1, NULL, err));
    REFUSED(pca_region_sub_get(NULL, 2, &sub, err));
    REFUSED(pca_region_sub_get(f->region, 2, NULL, err));
    REFUSED(pca_region_cert_get(NULL, pca_cert_id(real), &cert, err));
    REFUSED(pca_region_cert_get(f->region, pca_cert_id(real), NULL, err));
    REFUSED(pca_region_root_by_alias(NULL, "x", &root, err));
    REFUSED(pca_region_root_by_alias(f->region, NULL, &root, err));
    REFUSED(pca_region_root_by_alias(f->region, "x", NULL, err));
    REFUSED(pca_region_sub_by_alias(NULL, "x", &sub, err));
    REFUSED(pca_region_sub_by_alias(f->region, NULL, &sub, err));
    REFUSED(pca_region_sub_by_alias(f->region, "x", NULL, err));
    REFUSED(pca_region_roots(NULL, 0, 10, &page, err));
    REFUSED(pca_region_roots(f->region, 0, 10, NULL, err));
    REFUSED(pca_region_find_certs(NULL, query, &page, err));
    REFUSED(pca_region_find_certs(f->region, query, NULL, err));
    REFUSED(pca_region_stat(NULL, &stat, err));
    REFUSED(pca_region_stat(f->region, NULL, err));
    REFUSED(pca_region_find_cas(NULL, query, &page, err));
    REFUSED(pca_region_find_cas(f->region, query, NULL, err));
    REFUSED(pca_region_ledger(NULL, query, &page, err));
    REFUSED(pca_region_ledger(f->region, query, NULL, err));
    REFUSED(pca_ca_certificate(NULL, PCA_FORMAT_PEM, &blob, err));
    REFUSED(pca_ca_certificate(ca, PCA_FORMAT_PEM, NULL, err));
    REFUSED(pca_ca_chain(NULL, 0, &blob, err));
    REFUSED(pca_ca_chain(ca, 0, NULL, err));
    REFUSED(pca_ca_set_alias(NULL, "x", err));
    REFUSED(pca_ca_set_alias(ca, NULL, err));
    REFUSED(pca_ca_disable(NULL, err));
    REFUSED(pca_ca_resume(NULL, err));
    REFUSED(pca_ca_revoke(NULL, 0, 0, NULL, err));
    REFUSED(pca_ca_crl_make(NULL, err));
    REFUSED(pca_ca_crl_get(NULL, PCA_FORMAT_PEM, &blob, err));
    REFUSED(pca_ca_crl_get(ca, PCA_FORMAT_PEM, NULL, err));
    REFUSED(pca_ca_crl_stream(NULL, PCA_FORMAT_PEM, &sink, err));
    REFUSED(pca_ca_crl_stream(ca, PCA_FORMAT_PEM, NULL, err));
    REFUSED(pca_ca_crl_stream(ca, PCA_FORMAT_PEM, &sink, err)); /* no callback in it */
    REFUSED(pca_ca_crl_write(NULL, PCA_FORMAT_PEM, file_path(f, "crl"), err));
    REFUSED(pca_ca_crl_write(ca, PCA_FORMAT_PEM, NULL, err));
    REFUSED(pca_ca_crl_info(NULL, &number, NULL, NULL, NULL, err));
    REFUSED(pca_ca_cert_by_serial(NULL, "01", &cert, err));
    REFUSED(pca_ca_cert_by_serial(ca, NULL, &cert, err));
    REFUSED(pca_ca_cert_by_serial(ca, "01", NULL, err));
    REFUSED(pca_root_purchase(NULL, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 1, NULL, &root, err));
    REFUSED(pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 1, NULL, NULL, err));
    REFUSED(pca_root_enable(NULL, ca_request, err));
    REFUSED(pca_root_enable(purchased, NULL, err));
    REFUSED(pca_root_renew(NULL, 1, NULL, err));
    REFUSED(pca_root_default_sub(NULL, &sub, err));
    REFUSED(pca_root_default_sub(f->root, NULL, err));
    REFUSED(pca_root_subs(NULL, 0, 10, &page, err));
    REFUSED(pca_root_subs(f->root, 0, 10, NULL, err));
    REFUSED(pca_root_purchase_certificates(NULL, 1, NULL, &receipt, err));
    REFUSED(pca_root_assign(NULL, f->sub, 1, PCA_ANY, NULL, err));
    REFUSED(pca_root_assign(f->root, NULL, 1, PCA_ANY, NULL, err));
    REFUSED(pca_root_reload(NULL, &root, err));
    REFUSED(pca_root_reload(f->root, NULL, err));
    REFUSED(pca_sub_enable(NULL, ca_request, err));
    REFUSED(pca_sub_enable(unused, NULL, err));
    REFUSED(pca_sub_root(NULL, &root, err));
    REFUSED(pca_sub_root(f->sub, NULL, err));
    REFUSED(pca_sub_request(NULL, leaf, &cert, err));
    REFUSED(pca_sub_request(f->sub, NULL, &cert, err));
    REFUSED(pca_sub_request(f->sub, leaf, NULL, err));
    REFUSED(pca_sub_check_request(NULL, leaf, &findings, err));
    REFUSED(pca_sub_check_request(f->sub, NULL, &findings, err));
    REFUSED(pca_sub_reload(NULL, &sub, err));
    REFUSED(pca_sub_reload(f->sub, NULL, err));
    REFUSED(pca_request_clone(NULL, &copy, err));
    REFUSED(pca_request_clone(leaf, NULL, err));
    REFUSED(pca_cert_der(NULL, &blob, err));
    REFUSED(pca_cert_der(real, NULL, err));
    REFUSED(pca_cert_pem(NULL, &blob, err));
    REFUSED(pca_cert_pem(real, NULL, err));
    REFUSED(pca_cert_export(NULL, PCA_FORMAT_PEM, 0, NULL, &files, err));
    REFUSED(pca_cert_export(real, PCA_FORMAT_PEM, 0, NULL, NULL, err));
    REFUSED(pca_cert_export_key(NULL, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, err));
    REFUSED(pca_cert_export_key(real, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, NULL, err));
    REFUSED(pca_cert_revoke(NULL, 0, 0, NULL, err));
    REFUSED(pca_cert_delete(NULL, err));
    REFUSED(pca_cert_reload(NULL, &cert, err));
    REFUSED(pca_cert_reload(real, NULL, err));
#undef REFUSED
    assert_poisoned(region);
    assert_poisoned(root);
    assert_poisoned(sub);
    assert_poisoned(cert);
    assert_poisoned(page);
    assert_poisoned(stat);
    assert_poisoned(blob);
    assert_poisoned(files);
    assert_poisoned(receipt);
    assert_poisoned(findings);
    assert_poisoned(copy);
    assert_int_equal(value, 77);
    assert_int_equal(number, 77);
    assert_store_unchanged(f, before);
    /* an error object is never needed */
    assert_int_equal(pca_region_check(f->region, NULL), PCA_OK);
    assert_int_equal(pca_region_check(NULL, NULL), PCA_E_INVALID);
    assert_int_equal(pca_root_renew(f->root, 0, NULL, NULL), PCA_E_INVALID);
    pca_request_free(leaf);
    pca_request_free(ca_request);
    pca_query_free(query);
    pca_cert_free(real);
    pca_root_free(purchased);
    pca_sub_free(unused);
}

/* Formats and flags that are none. */
static void odd_choices_are_invalid(void **state)
{
    struct fixture *f = *state;
    pca_blob *blob = POISON;
    const pca_ca *ca = pca_sub_ca(f->sub);
    static const int formats[] = {0, -1, 3, 8, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        assert_refusal(f->err, PCA_E_INVALID, NULL, "format", pca_ca_certificate(ca, formats[i], &blob, f->err));
    static const int flags[] = {-1, PCA_WITH_CHAIN << 8, 1 << 30};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        assert_refusal(f->err, PCA_E_INVALID, NULL, "flags", pca_ca_chain(ca, flags[i], &blob, f->err));
    assert_poisoned(blob);
}

/* ---- The library and its error object ---- */

static void codes_have_names(void **state)
{
    (void)state;
    assert_string_equal(pca_code_name(PCA_OK), "PCA_OK");
    assert_string_equal(pca_code_name(PCA_E_QUOTA), "PCA_E_QUOTA");
    assert_string_equal(pca_code_name(PCA_E_INTERNAL), "PCA_E_INTERNAL");
    for (int a = PCA_OK; a >= PCA_E_INTERNAL; a--) {
        assert_string_not_equal(pca_code_name(a), "PCA_E_UNKNOWN");
        for (int b = a - 1; b >= PCA_E_INTERNAL; b--)
            assert_string_not_equal(pca_code_name(a), pca_code_name(b));
    }
    static const int none[] = {1, -37, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_string_equal(pca_code_name(none[i]), "PCA_E_UNKNOWN");
    assert_string_equal(pca_version(), "0.1.0");
}

static void errors_are_reused(void **state)
{
    struct fixture *f = *state;
    pca_root *root = POISON;
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_root_get(f->region, 4711, &root, f->err));
    assert_ok(f->err, pca_region_check(f->region, f->err)); /* success clears */
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_root_get(f->region, 4711, &root, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "limit", pca_region_roots(f->region, NULL, 1001, POISON, f->err));
    pca_error_clear(f->err);
    assert_int_equal(pca_error_code(f->err), 0);
    assert_string_equal(pca_error_message(f->err), "");
    pca_error_set(f->err, PCA_E_DEVICE, -5, "out of paper");
    assert_int_equal(pca_error_code(f->err), PCA_E_DEVICE);
    assert_int_equal(pca_error_device_code(f->err), -5);
    assert_string_equal(pca_error_message(f->err), "out of paper");
    char long_text[5000];
    memset(long_text, 'y', sizeof long_text);
    long_text[4999] = 0;
    pca_error_set(f->err, PCA_E_DEVICE, 0, long_text);
    assert_true(strlen(pca_error_message(f->err)) > 0);
    pca_error_set(f->err, PCA_E_DEVICE, 0, NULL);
    assert_int_equal(pca_error_code(f->err), PCA_E_DEVICE);
    assert_non_null(pca_error_message(f->err));
    assert_poisoned(root);
}

static void objects_that_are_not_there(void **state)
{
    struct fixture *f = *state;
    pca_root *root = POISON;
    pca_sub *sub = POISON;
    pca_cert *cert = POISON;
    static const uint64_t ids[] = {0, 3, 4711, (uint64_t)1 << 40, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        assert_code(f->err, PCA_E_NOT_FOUND, pca_region_root_get(f->region, ids[i], &root, f->err));
        assert_code(f->err, PCA_E_NOT_FOUND, pca_region_sub_get(f->region, ids[i], &sub, f->err));
        assert_code(f->err, PCA_E_NOT_FOUND, pca_region_cert_get(f->region, ids[i], &cert, f->err));
    }
    /* one of the other kind */
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_root_get(f->region, pca_ca_id(pca_sub_ca(f->sub)), &root, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_sub_get(f->region, pca_ca_id(pca_root_ca(f->root)), &sub, f->err));
    assert_poisoned(root);
    assert_poisoned(sub);
    assert_poisoned(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(create_makes_a_private_directory),
        TEST(create_refuses_what_is_there),
        TEST(create_takes_an_empty_directory),
        TEST(create_refuses_a_missing_parent),
        TEST(create_refuses_bad_ids),
        TEST(create_leaves_nothing_behind_when_it_fails),
        TEST(open_finds_only_what_is_there),
        TEST(open_refuses_a_file),
        TEST(open_refuses_what_is_no_store),
        TEST(open_refuses_a_foreign_lmdb),
        TEST(open_refuses_a_store_cut_short),
        TEST_REGION(newer_schema_is_refused),
        TEST_ECC(pitfall_40_every_flipped_row_is_seen),
        TEST_ECC(pitfall_40_every_missing_row_is_seen),
        TEST_ECC(pitfall_40_a_row_of_another_day),
        TEST_ECC(rows_cannot_change_places),
        TEST(config_refusals),
        TEST(config_refuses_bad_tables),
        TEST(exactly_one_storage_key),
        TEST(wrong_key_is_locked),
        TEST(passphrase_opens),
        TEST(private_keys_are_sealed),
        TEST(entropy_is_the_hosts),
        TEST(test_random_makes_a_run_repeatable),
        TEST(the_systems_clock_is_the_default),
        TEST_REGION(second_open_shares),
        TEST_REGION(second_open_must_agree_about_the_limit),
        TEST(map_limit_is_full_and_can_be_raised),
        TEST_ECC(read_only_reads),
        TEST_ECC(handles_outlive_the_region),
        TEST_REGION(close_waits_for_calls_in_progress),
        TEST_ECC(pitfall_39_a_callback_may_call_the_region),
        TEST_ECC(pitfall_39_random_may_call_the_region),
        TEST_ECC(a_failing_clock_refuses_and_changes_nothing),
        TEST_ECC(child_process_is_kept_out),
        TEST_ECC(stat_tells_of_a_reader_that_stays),
        TEST(freeing_null_is_nothing),
        TEST(getters_of_null_are_neutral),
        TEST(setters_of_null_are_invalid),
        TEST_ECC(verbs_of_null_are_invalid),
        TEST_ECC(odd_choices_are_invalid),
        TEST(codes_have_names),
        TEST_REGION(errors_are_reused),
        TEST_ECC(objects_that_are_not_there),
    };
    return cmocka_run_group_tests_name("region", tests, NULL, NULL);
}
