/* src/store: creating, opening and sharing; rows, scans and transactions; the limits. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"
#include "store/record.h"

static const struct store_options usual = {.map_limit = 4 << 20};

/* A new name in the scratch directory; good for the next 16 such calls. */
static const char *new_path(void)
{
    static unsigned next;
    char name[32];
    snprintf(name, sizeof name, "store-%u", next++);
    return scratch(name);
}

static void put(struct txn *txn, enum table table, const char *key, const char *value)
{
    assert_done(pcai_put(txn, table, pcai_slice_text(key), pcai_slice_text(value), &err));
}

/* The value as text, "-" when there is none. */
static const char *get(struct txn *txn, enum table table, const char *key)
{
    static char text[64];
    struct slice value;
    err = (pca_error){0};
    int rc = pcai_get(txn, table, pcai_slice_text(key), &value, &err);
    assert_int_equal(err.code, 0);
    if (rc == PCA_E_NOT_FOUND)
        return "-";
    assert_int_equal(rc, PCA_OK);
    snprintf(text, sizeof text, "%.*s", (int)value.size, (const char *)value.data);
    return text;
}

/* A store with its schema row, and the rows: "key=value" in TABLE_TOKEN, blanks between them. */
static struct store *make_store(const char *path, const char *rows)
{
    struct store *s;
    struct txn *txn;
    assert_done(pcai_store_create(path, &usual, &s, &err));
    assert_done(pcai_txn_write(s, &txn, &err));
    char copy[512], *save, *row;
    snprintf(copy, sizeof copy, "%s", rows);
    for (row = strtok_r(copy, " ", &save); row; row = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(row, '=');
        *equals = 0;
        put(txn, TABLE_TOKEN, row, equals + 1);
    }
    assert_done(pcai_txn_commit(txn, &err));
    return s;
}

static const char *committed(struct store *s, const char *key)
{
    struct txn *txn;
    assert_done(pcai_txn_read(s, &txn, &err));
    const char *value = get(txn, TABLE_TOKEN, key);
    pcai_txn_abort(txn);
    return value;
}

static mode_t mode_of(const char *directory, const char *file)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", directory, file);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

/* ---- Create ---- */

static void a_store_is_private_whatever_the_umask_says(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 077, 0777};
    for (size_t i = 0; i < COUNT(masks); i++) {
        const char *path = new_path();
        mode_t old = umask(masks[i]);
        struct store *s = make_store(path, "a=1");
        umask(old);
        assert_int_equal(mode_of(path, "."), 0700);
        assert_int_equal(mode_of(path, "data.mdb"), 0600);
        assert_int_equal(mode_of(path, "lock.mdb"), 0600);
        assert_string_equal(pcai_store_directory(s), path);
        pcai_store_close(s);
    }
}

static void refuse_create(const char *path, const struct store_options *options, int code, const char *field)
{
    struct store *s = POISON;
    assert_result(code, field, pcai_store_create(path, options, &s, &err));
    assert_poisoned(s);
    assert_string_equal(err.object, "store");
}

static void create_refuses_what_is_there(void **state)
{
    (void)state;
    const char *path = new_path();
    struct store *s = make_store(path, "a=1");
    refuse_create(path, &usual, PCA_E_EXISTS, "path"); /* open */
    pcai_store_close(s);
    refuse_create(path, &usual, PCA_E_EXISTS, "path"); /* closed */
    assert_done(pcai_store_open(path, &usual, &s, &err));
    assert_string_equal(committed(s, "a"), "1"); /* and untouched */
    pcai_store_close(s);
    refuse_create(scratch_put("a file", pcai_slice_text("x")), &usual, PCA_E_EXISTS, "path");
    path = new_path();
    assert_int_equal(mkdir(path, 0755), 0);
    assert_done(pcai_store_create(path, &usual, &s, &err)); /* an empty directory of our own will do */
    pcai_store_close(s);
    assert_int_equal(mode_of(path, "."), 0700);
}

static void create_refuses_what_cannot_be(void **state)
{
    (void)state;
    struct stat st;
    refuse_create(scratch("not/there"), &usual, PCA_E_NOT_FOUND, "path");
    const char *path = new_path();
    refuse_create(path, &(struct store_options){.read_only = 1}, PCA_E_READ_ONLY, "read_only");
    refuse_create(path, &(struct store_options){.map_limit = 1}, PCA_E_INVALID, "map_limit");
    refuse_create(path, &(struct store_options){.map_limit = (1 << 20) - 1}, PCA_E_INVALID, "map_limit");
    refuse_create(path, &(struct store_options){.map_limit = UINT64_MAX}, PCA_E_INVALID, "map_limit");
    assert_int_not_equal(stat(path, &st), 0); /* nothing was made */
}

static void a_creation_cut_short_is_told(void **state)
{
    (void)state;
    const char *path = new_path();
    struct store *s, *other = POISON;
    assert_done(pcai_store_create(path, &usual, &s, &err));
    assert_result(PCA_E_BUSY, "path", pcai_store_open(path, &usual, &other, &err)); /* until its first commit */
    pcai_store_close(s);
    assert_result(PCA_E_CORRUPT, "path", pcai_store_open(path, &usual, &other, &err));
    assert_says("cut short");
    refuse_create(path, &usual, PCA_E_EXISTS, "path");
    assert_says("cut short");
    assert_poisoned(other);
    pcai_store_remove(path);
    s = make_store(path, "");
    pcai_store_close(s);
    assert_done(pcai_store_open(path, &usual, &s, &err));
    pcai_store_close(s);
}

static void an_aborted_first_transaction_makes_no_store(void **state)
{
    (void)state;
    const char *path = new_path();
    struct store *s, *other = POISON;
    struct txn *txn;
    assert_done(pcai_store_create(path, &usual, &s, &err));
    assert_done(pcai_txn_write(s, &txn, &err));
    put(txn, TABLE_TOKEN, "a", "1");
    pcai_txn_abort(txn);
    pcai_store_close(s);
    assert_result(PCA_E_CORRUPT, "path", pcai_store_open(path, &usual, &other, &err));
}

/* ---- Open ---- */

static void refuse_open(const char *path, const struct store_options *options, int code, const char *field)
{
    struct store *s = POISON;
    assert_result(code, field, pcai_store_open(path, options, &s, &err));
    assert_poisoned(s);
}

static void open_finds_only_what_is_there(void **state)
{
    (void)state;
    const char *path = new_path();
    struct stat st;
    refuse_open(path, &usual, PCA_E_NOT_FOUND, "path");
    assert_int_not_equal(stat(path, &st), 0); /* and makes nothing */
    assert_int_equal(mkdir(path, 0700), 0);
    refuse_open(path, &usual, PCA_E_NOT_FOUND, "path");
    assert_int_equal(rmdir(path), 0); /* nor in it */
    refuse_open(scratch_put("a file", pcai_slice_text("x")), &usual, PCA_E_NOT_FOUND, "path");
    refuse_open("", &usual, PCA_E_NOT_FOUND, "path");
}

static void put_data_file(const char *path, struct slice data)
{
    char file[256];
    snprintf(file, sizeof file, "%s/data.mdb", path);
    FILE *f = fopen(file, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data.data, 1, data.size, f), data.size);
    fclose(f);
}

static void open_refuses_what_is_no_store(void **state)
{
    (void)state;
    static const char *const files[] = {"'hello'", "(8192 FF)", "(4096 00) (4096 61)", "(16 00) DEC0EFBE 01000000", "(100000 5A)"};
    for (size_t i = 0; i < COUNT(files); i++) {
        const char *path = new_path();
        assert_int_equal(mkdir(path, 0700), 0);
        put_data_file(path, octets(files[i]));
        refuse_open(path, &usual, PCA_E_CORRUPT, "path");
    }
    const char *path = new_path();
    char directory[256];
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(directory, sizeof directory, "%s/data.mdb", path);
    assert_int_equal(mkdir(directory, 0700), 0);
    refuse_open(path, &usual, PCA_E_CORRUPT, "path");
}

/* LMDB files that are sound, and not ours: without a table, and with other tables. */
static void open_refuses_a_foreign_lmdb(void **state)
{
    (void)state;
    for (int tables = 0; tables < 2; tables++) {
        const char *path = new_path();
        MDB_env *env;
        MDB_txn *txn;
        MDB_dbi dbi;
        char octet[] = "k";
        MDB_val k = {1, octet}, v = {1, octet};
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(mdb_env_create(&env), 0);
        assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
        assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
        assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
        assert_int_equal(mdb_dbi_open(txn, tables ? "meta" : NULL, tables ? MDB_CREATE : 0, &dbi), 0);
        assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
        assert_int_equal(mdb_txn_commit(txn), 0);
        mdb_env_close(env);
        refuse_open(path, &usual, PCA_E_CORRUPT, "path");
        assert_says("not a store of libpca");
    }
}

static void open_refuses_a_file_cut_short(void **state)
{
    (void)state;
    const char *path = new_path();
    struct store *s = make_store(path, "");
    struct txn *txn;
    assert_done(pcai_txn_write(s, &txn, &err));
    assert_done(pcai_put(txn, TABLE_TOKEN, pcai_slice_text("large"), octets("(100000 61)"), &err));
    assert_done(pcai_txn_commit(txn, &err));
    pcai_store_close(s);
    char file[256];
    struct stat st;
    snprintf(file, sizeof file, "%s/data.mdb", path);
    assert_int_equal(stat(file, &st), 0);
    for (off_t size = st.st_size - 4096; size > 0; size -= 8 * 4096) {
        assert_int_equal(truncate(file, size), 0);
        refuse_open(path, &usual, PCA_E_CORRUPT, "path");
    }
    assert_int_equal(truncate(file, 0), 0);
    refuse_open(path, &usual, PCA_E_CORRUPT, "path");
}

struct schema {
    struct slice magic;
    uint64_t number;
};

static void put_schema(struct store *s, const char *magic, uint64_t number)
{
    static const struct field fields[] = {RECORD_FIELD(FIELD_TEXT, struct schema, magic), RECORD_FIELD(FIELD_UINT, struct schema, number)};
    static const struct record_type type = {TABLE_META, 1, fields, 2};
    struct schema schema = {pcai_slice_text(magic), number};
    struct txn *txn;
    assert_done(pcai_txn_write(s, &txn, &err));
    assert_done(pcai_record_put(txn, &type, pcai_slice_text("schema"), &schema, &err));
    assert_done(pcai_txn_commit(txn, &err));
}

static void open_refuses_a_newer_schema(void **state)
{
    (void)state;
    static const struct {
        const char *magic;
        uint64_t number;
        int code;
    } rows[] = {
        {"libpca store", PCAI_SCHEMA, PCA_OK}, {"libpca store", PCAI_SCHEMA + 1, PCA_E_VERSION}, {"libpca store", UINT64_MAX, PCA_E_VERSION},
        {"libpca store", 0, PCA_E_CORRUPT},    {"another store", PCAI_SCHEMA, PCA_E_CORRUPT},    {"", PCAI_SCHEMA, PCA_E_CORRUPT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *path = new_path();
        struct store *s = make_store(path, "");
        put_schema(s, rows[i].magic, rows[i].number);
        pcai_store_close(s);
        if (rows[i].code == PCA_OK) {
            assert_done(pcai_store_open(path, &usual, &s, &err));
            pcai_store_close(s);
        } else {
            refuse_open(path, &usual, rows[i].code, rows[i].code == PCA_E_VERSION ? "schema" : "path");
        }
    }
}

static void open_refuses_a_damaged_schema_row(void **state)
{
    (void)state;
    const char *path = new_path();
    struct store *s = make_store(path, "");
    struct txn *txn;
    struct slice value;
    uint8_t changed[64];
    assert_done(pcai_txn_write(s, &txn, &err));
    assert_done(pcai_get(txn, TABLE_META, pcai_slice_text("schema"), &value, &err));
    memcpy(changed, value.data, value.size);
    changed[8] ^= 1;
    assert_done(pcai_put(txn, TABLE_META, pcai_slice_text("schema"), pcai_slice(changed, value.size), &err));
    assert_done(pcai_txn_commit(txn, &err));
    pcai_store_close(s);
    refuse_open(path, &usual, PCA_E_CORRUPT, "meta");
}

/* ---- Sharing ---- */

static void one_file_is_one_store_however_it_is_named(void **state)
{
    (void)state;
    const char *path = new_path(), *symbolic = scratch("link"), *twin = scratch("twin");
    char other[4][256], file[256], here[256];
    struct store *s = make_store(path, "a=1"), *again;
    snprintf(other[0], sizeof other[0], "%s/", path);
    snprintf(other[1], sizeof other[1], "%s/../%s/.", path, strrchr(path, '/') + 1);
    snprintf(other[2], sizeof other[2], "%s", symbolic);
    snprintf(other[3], sizeof other[3], "%s", strrchr(path, '/') + 1); /* from the directory above */
    assert_int_equal(symlink(path, symbolic), 0);
    assert_non_null(getcwd(here, sizeof here));
    snprintf(file, sizeof file, "%s/..", path);
    assert_int_equal(chdir(file), 0);
    for (size_t i = 0; i < COUNT(other); i++) {
        assert_done(pcai_store_open(other[i], &usual, &again, &err));
        assert_ptr_equal(again, s);
        pcai_store_close(again);
    }
    assert_int_equal(chdir(here), 0);
    /* the same inode in another directory */
    assert_int_equal(mkdir(twin, 0700), 0);
    snprintf(file, sizeof file, "%s/data.mdb", path);
    char second[256];
    snprintf(second, sizeof second, "%s/data.mdb", twin);
    assert_int_equal(link(file, second), 0);
    assert_done(pcai_store_open(twin, &usual, &again, &err));
    assert_ptr_equal(again, s);
    pcai_store_close(again);
    assert_string_equal(committed(s, "a"), "1"); /* the closes took one reference each */
    pcai_store_close(s);
}

static void two_files_are_two_stores(void **state)
{
    (void)state;
    struct store *a = make_store(new_path(), "k=a"), *b = make_store(new_path(), "k=b");
    assert_ptr_not_equal(a, b);
    assert_string_equal(committed(a, "k"), "a");
    assert_string_equal(committed(b, "k"), "b");
    pcai_store_close(a);
    pcai_store_close(b);
}

static void a_second_open_must_agree(void **state)
{
    (void)state;
    const char *path = new_path();
    struct store *s = make_store(path, ""), *again;
    refuse_open(path, &(struct store_options){.map_limit = 8 << 20}, PCA_E_INVALID, "map_limit");
    assert_says("4194304");
    assert_done(pcai_store_open(path, &(struct store_options){0}, &again, &err)); /* no limit named */
    pcai_store_close(again);
    assert_done(pcai_store_open(path, &(struct store_options){.map_limit = (4 << 20) + 1}, &again, &err)); /* the same number of pages */
    pcai_store_close(again);
    assert_done(pcai_store_open(path, &(struct store_options){.read_only = 1}, &again, &err)); /* a reader beside a writer */
    assert_ptr_equal(again, s);
    pcai_store_close(again);
    pcai_store_close(s);
    assert_done(pcai_store_open(path, &(struct store_options){.read_only = 1}, &s, &err));
    refuse_open(path, &usual, PCA_E_INVALID, NULL);
    refuse_open(path, &(struct store_options){0}, PCA_E_INVALID, "read_only");
    pcai_store_close(s);
    assert_done(pcai_store_open(path, &(struct store_options){.map_limit = 8 << 20}, &s, &err)); /* once it is closed, any limit */
    pcai_store_close(s);
    pcai_store_close(NULL);
}

static void read_only_reads(void **state)
{
    (void)state;
    const char *path = new_path();
    struct store *s = make_store(path, "a=1");
    struct txn *txn = POISON;
    pcai_store_close(s);
    assert_done(pcai_store_open(path, &(struct store_options){.read_only = 1}, &s, &err));
    assert_string_equal(committed(s, "a"), "1");
    assert_result(PCA_E_READ_ONLY, NULL, pcai_txn_write(s, &txn, &err));
    assert_poisoned(txn);
    pcai_store_close(s);
}

struct attached {
    int made, destroyed, forked, fail;
};

static int attach(struct store *store, void *argument, void **attachment, pca_error *e)
{
    struct attached *a = argument;
    assert_non_null(store);
    if (a->fail)
        return pcai_fail(e, PCA_E_LOCKED, NULL, NULL, "no");
    a->made++;
    *attachment = a;
    return PCA_OK;
}

static void detach(void *attachment, int forked)
{
    struct attached *a = attachment;
    a->destroyed++;
    a->forked = forked;
}

static void an_attachment_is_made_once_and_goes_with_the_last_close(void **state)
{
    (void)state;
    const char *path = new_path();
    struct store *s = make_store(path, ""), *again;
    struct attached a = {.fail = 1}, b = {0};
    void *seen = POISON;
    assert_done(pcai_store_open(path, &usual, &again, &err));
    assert_result(PCA_E_LOCKED, NULL, pcai_store_attach(s, attach, detach, &a, &seen, &err));
    assert_poisoned(seen);
    a.fail = 0;
    assert_done(pcai_store_attach(s, attach, detach, &a, &seen, &err));
    assert_ptr_equal(seen, &a);
    assert_done(pcai_store_attach(again, attach, detach, &b, &seen, &err));
    assert_ptr_equal(seen, &a);
    pcai_store_close(s);
    assert_int_equal(a.destroyed, 0);
    pcai_store_close(again);
    assert_int_equal(a.made, 1);
    assert_int_equal(a.destroyed, 1);
    assert_int_equal(a.forked, 0);
    assert_int_equal(b.made + b.destroyed, 0);
}

/* The destructor runs under no lock, so that others may open the store meanwhile, attach anew and close it. */
struct visited {
    struct attached own;
    const char *path;
    struct attached visitor;
};

static void detach_with_a_visitor(void *attachment, int forked)
{
    struct visited *v = attachment;
    struct store *s = NULL;
    void *seen = NULL;
    detach(&v->own, forked);
    assert_done(pcai_store_open(v->path, &usual, &s, &err));
    assert_done(pcai_store_attach(s, attach, detach, &v->visitor, &seen, &err));
    assert_ptr_equal(seen, &v->visitor);
    pcai_store_close(s);
}

static void an_attachment_made_during_the_last_close_goes_too(void **state)
{
    (void)state;
    struct visited v = {.path = new_path()};
    struct store *s = make_store(v.path, "");
    void *seen = NULL;
    assert_done(pcai_store_attach(s, attach, detach_with_a_visitor, &v, &seen, &err));
    pcai_store_close(s);
    assert_int_equal(v.own.destroyed, 1);
    assert_int_equal(v.visitor.made, 1);
    assert_int_equal(v.visitor.destroyed, 1);
}

/* ---- Rows ---- */

static void rows_are_put_got_and_deleted(void **state)
{
    (void)state;
    struct store *s = make_store(new_path(), "a=1");
    struct txn *txn;
    assert_done(pcai_txn_write(s, &txn, &err));
    assert_string_equal(get(txn, TABLE_TOKEN, "a"), "1");
    assert_string_equal(get(txn, TABLE_TOKEN, "b"), "-");
    assert_string_equal(get(txn, TABLE_CA, "a"), "-"); /* of that table only */
    put(txn, TABLE_TOKEN, "a", "longer than before");
    put(txn, TABLE_TOKEN, "b", "");
    put(txn, TABLE_CA, "a", "another");
    assert_string_equal(get(txn, TABLE_TOKEN, "a"), "longer than before");
    assert_string_equal(get(txn, TABLE_TOKEN, "b"), ""); /* empty is not absent */
    assert_string_equal(get(txn, TABLE_CA, "a"), "another");
    assert_done(pcai_delete(txn, TABLE_TOKEN, pcai_slice_text("a"), &err));
    assert_string_equal(get(txn, TABLE_TOKEN, "a"), "-");
    assert_string_equal(get(txn, TABLE_CA, "a"), "another");
    err = (pca_error){0};
    assert_int_equal(pcai_delete(txn, TABLE_TOKEN, pcai_slice_text("a"), &err), PCA_E_NOT_FOUND);
    assert_int_equal(err.code, 0);
    assert_done(pcai_txn_commit(txn, &err));
    assert_string_equal(committed(s, "a"), "-");
    assert_string_equal(committed(s, "b"), "");
    pcai_store_close(s);
}

static void keys_have_1_to_511_octets(void **state)
{
    (void)state;
    struct store *s = make_store(new_path(), "");
    struct txn *txn;
    struct slice value, none = pcai_slice("", 0), longest = octets("(511 6B)"), longer = octets("(512 6B)");
    assert_done(pcai_txn_write(s, &txn, &err));
    assert_done(pcai_put(txn, TABLE_TOKEN, longest, pcai_slice_text("v"), &err));
    assert_done(pcai_get(txn, TABLE_TOKEN, longest, &value, &err));
    assert_result(PCA_E_INTERNAL, NULL, pcai_put(txn, TABLE_TOKEN, longer, pcai_slice_text("v"), &err));
    assert_result(PCA_E_INTERNAL, NULL, pcai_get(txn, TABLE_TOKEN, longer, &value, &err));
    assert_result(PCA_E_INTERNAL, NULL, pcai_delete(txn, TABLE_TOKEN, longer, &err));
    assert_result(PCA_E_INTERNAL, NULL, pcai_put(txn, TABLE_TOKEN, none, pcai_slice_text("v"), &err));
    assert_result(PCA_E_INTERNAL, NULL, pcai_get(txn, TABLE_TOKEN, none, &value, &err));
    assert_done(pcai_txn_commit(txn, &err)); /* a refused key does no harm to the rest */
    pcai_store_close(s);
}

static void an_abort_leaves_nothing(void **state)
{
    (void)state;
    struct store *s = make_store(new_path(), "a=1 b=2");
    struct txn *txn;
    assert_done(pcai_txn_write(s, &txn, &err));
    put(txn, TABLE_TOKEN, "a", "changed");
    put(txn, TABLE_TOKEN, "c", "new");
    assert_done(pcai_delete(txn, TABLE_TOKEN, pcai_slice_text("b"), &err));
    pcai_txn_abort(txn);
    pcai_txn_abort(NULL);
    assert_string_equal(committed(s, "a"), "1");
    assert_string_equal(committed(s, "b"), "2");
    assert_string_equal(committed(s, "c"), "-");
    pcai_store_close(s);
}

static void a_reader_sees_its_moment(void **state)
{
    (void)state;
    struct store *s = make_store(new_path(), "a=1");
    struct txn *reader, *writer;
    assert_done(pcai_txn_read(s, &reader, &err));
    assert_done(pcai_txn_write(s, &writer, &err));
    put(writer, TABLE_TOKEN, "a", "2");
    assert_string_equal(get(reader, TABLE_TOKEN, "a"), "1");
    assert_done(pcai_txn_commit(writer, &err));
    assert_string_equal(get(reader, TABLE_TOKEN, "a"), "1");
    assert_string_equal(committed(s, "a"), "2");
    assert_done(pcai_txn_commit(reader, &err)); /* for a reader, the same as abort */
    pcai_store_close(s);
}

static void what_was_committed_is_there_after_a_close(void **state)
{
    (void)state;
    const char *path = new_path();
    struct store *s = make_store(path, "a=1");
    struct txn *txn;
    assert_done(pcai_txn_write(s, &txn, &err));
    put(txn, TABLE_TOKEN, "b", "2");
    assert_done(pcai_txn_commit(txn, &err));
    assert_done(pcai_txn_write(s, &txn, &err));
    put(txn, TABLE_TOKEN, "c", "3");
    pcai_txn_abort(txn);
    pcai_store_close(s);
    assert_done(pcai_store_open(path, &usual, &s, &err));
    assert_string_equal(committed(s, "a"), "1");
    assert_string_equal(committed(s, "b"), "2");
    assert_string_equal(committed(s, "c"), "-");
    pcai_store_close(s);
}

/* ---- Scans ---- */

/* What a scan gives, keys with blanks between. */
static const char *scanned(struct txn *txn, const char *prefix, const char *from)
{
    static char text[512];
    struct scan *scan;
    struct slice key, value;
    size_t used = 0;
    int rc;
    text[0] = 0;
    assert_done(pcai_scan_open(txn, TABLE_TOKEN, pcai_slice_text(prefix), pcai_slice_text(from), &scan, &err));
    while ((rc = pcai_scan_next(scan, &key, &value, &err)) == PCA_OK)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", used ? " " : "", (int)key.size, (const char *)key.data);
    assert_int_equal(rc, PCA_E_NOT_FOUND);
    assert_int_equal(pcai_scan_next(scan, &key, &value, &err), PCA_E_NOT_FOUND); /* and stays there */
    assert_int_equal(err.code, 0);
    pcai_scan_close(scan);
    return text;
}

static void a_scan_gives_rows_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *from, *keys;
    } rows[] = {
        {"", "", "a a1 a2 a22 a3 b b1 c\xFF d"}, {"a", "", "a a1 a2 a22 a3"}, {"a", "a", "a a1 a2 a22 a3"}, {"a", "a2", "a2 a22 a3"}, {"a", "a21", "a22 a3"},
        {"a", "a4", ""}, {"a", "b", ""}, {"a", "Z", "a a1 a2 a22 a3"}, {"a2", "", "a2 a22"}, {"a2", "a22", "a22"}, {"aa", "", ""}, {"", "b1", "b1 c\xFF d"},
        {"", "b2", "c\xFF d"}, {"", "z", ""}, {"d", "", "d"}, {"z", "", ""}, {"0", "", ""}, {"c", "", "c\xFF"}, {"c\xFF", "", "c\xFF"},
    };
    struct store *s = make_store(new_path(), "b1=. a2=. d=. a=. a22=. b=. a1=. c\xFF=. a3=.");
    for (int write = 0; write < 2; write++) {
        struct txn *txn;
        assert_done(write ? pcai_txn_write(s, &txn, &err) : pcai_txn_read(s, &txn, &err));
        for (size_t i = 0; i < COUNT(rows); i++)
            if (strcmp(scanned(txn, rows[i].prefix, rows[i].from), rows[i].keys) != 0)
                fail_msg("prefix \"%s\" from \"%s\": \"%s\"", rows[i].prefix, rows[i].from, scanned(txn, rows[i].prefix, rows[i].from));
        pcai_txn_abort(txn);
    }
    pcai_store_close(s);
}

static const char *step(struct scan *scan)
{
    static char text[64];
    struct slice key, value;
    int rc = pcai_scan_next(scan, &key, &value, &err);
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? "-" : "?";
    snprintf(text, sizeof text, "%.*s", (int)key.size, (const char *)key.data);
    return text;
}

static void a_scan_keeps_its_place_among_changes(void **state)
{
    (void)state;
    struct store *s = make_store(new_path(), "a=. b=. c=. d=. e=.");
    struct txn *txn;
    struct scan *scan, *other;
    struct slice all = pcai_slice("", 0);
    assert_done(pcai_txn_write(s, &txn, &err));
    assert_done(pcai_scan_open(txn, TABLE_TOKEN, all, all, &scan, &err));
    assert_done(pcai_scan_open(txn, TABLE_TOKEN, all, pcai_slice_text("d"), &other, &err));
    assert_string_equal(step(scan), "a");
    assert_done(pcai_delete(txn, TABLE_TOKEN, pcai_slice_text("a"), &err)); /* the row it stands on */
    assert_string_equal(step(scan), "b");
    put(txn, TABLE_TOKEN, "b", "a much longer value than it had before"); /* the row it stands on */
    put(txn, TABLE_TOKEN, "a", ".");                                      /* behind it */
    put(txn, TABLE_TOKEN, "bb", ".");                                     /* ahead of it */
    assert_string_equal(step(scan), "bb");
    assert_done(pcai_delete(txn, TABLE_TOKEN, pcai_slice_text("c"), &err)); /* the next one */
    assert_string_equal(step(scan), "d");
    assert_string_equal(step(other), "d");
    pcai_scan_close(other);
    for (int i = 0; i < 200; i++) { /* enough to split pages */
        char key[16];
        snprintf(key, sizeof key, "d%03d", i);
        put(txn, TABLE_TOKEN, key, "a value of some length, so that a page is soon full");
    }
    assert_string_equal(step(scan), "d000");
    assert_string_equal(step(scan), "d001");
    for (int i = 2; i < 200; i++) {
        char key[16];
        snprintf(key, sizeof key, "d%03d", i);
        assert_done(pcai_delete(txn, TABLE_TOKEN, pcai_slice_text(key), &err));
    }
    assert_string_equal(step(scan), "e");
    assert_string_equal(step(scan), "-");
    put(txn, TABLE_TOKEN, "f", ".");
    assert_string_equal(step(scan), "-"); /* it has ended */
    pcai_scan_close(scan);
    pcai_txn_abort(txn);
    pcai_store_close(s);
}

static void a_scan_ends_with_its_transaction(void **state)
{
    (void)state;
    struct store *s = make_store(new_path(), "a=. b=.");
    struct slice all = pcai_slice("", 0), key, value;
    for (int commit = 0; commit < 2; commit++) {
        struct txn *txn;
        struct scan *first, *second;
        assert_done(pcai_txn_write(s, &txn, &err));
        assert_done(pcai_scan_open(txn, TABLE_TOKEN, all, all, &first, &err));
        assert_done(pcai_scan_open(txn, TABLE_TOKEN, all, all, &second, &err));
        assert_string_equal(step(first), "a");
        if (commit)
            assert_done(pcai_txn_commit(txn, &err));
        else
            pcai_txn_abort(txn);
        assert_result(PCA_E_INTERNAL, NULL, pcai_scan_next(first, &key, &value, &err));
        assert_result(PCA_E_INTERNAL, NULL, pcai_scan_next(second, &key, &value, &err));
        pcai_scan_close(second);
        pcai_scan_close(first);
    }
    pcai_scan_close(NULL);
    pcai_store_close(s);
}

static void the_last_row_with_a_prefix(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *key;
    } rows[] = {
        {"", "\xFF\xFF" "a"}, {"a", "a3"}, {"a2", "a22"}, {"a1", "a1"}, {"b", "b"}, {"c", "c\xFF\xFF"}, {"c\xFF", "c\xFF\xFF"}, {"c\xFF\xFF", "c\xFF\xFF"},
        {"\xFF", "\xFF\xFF" "a"}, {"\xFF\xFF", "\xFF\xFF" "a"}, {"0", NULL}, {"aa", NULL}, {"bb", NULL}, {"d", NULL}, {"\xFE", NULL}, {"\xFF\xFF" "b", NULL},
    };
    struct store *s = make_store(new_path(), "a=1 a1=1 a2=1 a22=1 a3=1 b=1 c=1 c\xFF\xFF=1 \xFF\xFF" "a=1");
    struct txn *txn;
    struct slice key = {NULL, 77}, value;
    assert_done(pcai_txn_read(s, &txn, &err));
    for (size_t i = 0; i < COUNT(rows); i++) {
        err = (pca_error){0};
        int rc = pcai_last(txn, TABLE_TOKEN, pcai_slice_text(rows[i].prefix), &key, &value, &err);
        assert_int_equal(rc, rows[i].key ? PCA_OK : PCA_E_NOT_FOUND);
        assert_int_equal(err.code, 0);
        if (rows[i].key)
            assert_slice_text(rows[i].key, key);
    }
    assert_int_equal(pcai_last(txn, TABLE_CA, pcai_slice("", 0), &key, &value, &err), PCA_E_NOT_FOUND); /* an empty table */
    assert_result(PCA_E_INTERNAL, NULL, pcai_last(txn, TABLE_TOKEN, octets("(512 61)"), &key, &value, &err));
    pcai_txn_abort(txn);
    pcai_store_close(s);
}

/* ---- Limits ---- */

/* Ten rows more in one transaction. */
static int fill(struct store *s, unsigned *count)
{
    struct txn *txn;
    int rc = PCA_OK;
    assert_done(pcai_txn_write(s, &txn, &err));
    err = (pca_error){0};
    for (unsigned i = *count; rc == PCA_OK && i < *count + 10; i++) {
        char key[16];
        snprintf(key, sizeof key, "fill%06u", i);
        rc = pcai_put(txn, TABLE_TOKEN, pcai_slice_text(key), octets("(4000 66)"), &err);
    }
    if (rc == PCA_OK)
        rc = pcai_txn_commit(txn, &err);
    else
        pcai_txn_abort(txn);
    *count += rc == PCA_OK ? 10 : 0;
    return rc;
}

static void pitfall_30_a_full_store_names_its_limit_and_stays_whole(void **state)
{
    (void)state;
    const char *path = new_path();
    const struct store_options small = {.map_limit = 1 << 20};
    struct store *s;
    unsigned count = 0;
    int rc;
    s = make_store(path, "a=1");
    pcai_store_close(s);
    assert_done(pcai_store_open(path, &small, &s, &err));
    while ((rc = fill(s, &count)) == PCA_OK)
        assert_true(count < 1000);
    assert_int_equal(rc, PCA_E_FULL);
    assert_int_equal(err.code, PCA_E_FULL);
    assert_string_equal(err.field, "map_limit");
    assert_says("1048576");
    assert_true(count > 50);
    assert_string_equal(committed(s, "a"), "1");
    pcai_store_close(s);
    assert_done(pcai_store_open(path, &(struct store_options){.map_limit = 2 << 20}, &s, &err));
    for (int i = 0; i < 10; i++)
        assert_int_equal(fill(s, &count), PCA_OK); /* with a higher limit it goes on */
    pcai_store_close(s);
}

/* ---- Threads ---- */

struct reading {
    struct store *store;
    int times, failures;
    atomic_int done;
};

static void *read_often(void *argument)
{
    struct reading *r = argument;
    for (int i = 0; i < r->times; i++) {
        struct txn *txn;
        struct slice value;
        if (pcai_txn_read(r->store, &txn, NULL) != PCA_OK) {
            r->failures++;
            continue;
        }
        r->failures += pcai_get(txn, TABLE_TOKEN, pcai_slice_text("a"), &value, NULL) != PCA_OK || value.size != 1 || value.data[0] != '1';
        pcai_txn_abort(txn);
    }
    atomic_store(&r->done, 1);
    return NULL;
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 30000000}, NULL);
}

static void a_reader_without_a_slot_waits_for_one(void **state)
{
    (void)state;
    struct store *s = make_store(new_path(), "a=1");
    struct txn *held[PCAI_READERS_OURS];
    struct reading reading[4];
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(held); i++)
        assert_done(pcai_txn_read(s, &held[i], &err));
    for (size_t i = 0; i < COUNT(threads); i++) {
        reading[i] = (struct reading){.store = s, .times = 50};
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, &reading[i]), 0);
    }
    nap();
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(atomic_load(&reading[i].done), 0);
    struct txn *writer; /* a writer needs no slot */
    assert_done(pcai_txn_write(s, &writer, &err));
    pcai_txn_abort(writer);
    pcai_txn_abort(held[0]);
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(reading[i].failures, 0);
    }
    for (size_t i = 1; i < COUNT(held); i++)
        pcai_txn_abort(held[i]);
    pcai_store_close(s);
}

struct adding {
    struct store *store;
    int failures;
};

static void *add_often(void *argument)
{
    struct adding *a = argument;
    for (int i = 0; i < 15; i++) {
        struct txn *txn;
        struct slice value;
        if (pcai_txn_write(a->store, &txn, NULL) != PCA_OK) {
            a->failures++;
            continue;
        }
        char next[16];
        int rc = pcai_get(txn, TABLE_TOKEN, pcai_slice_text("n"), &value, NULL);
        snprintf(next, sizeof next, "%.*s", rc == PCA_OK ? (int)value.size : 0, rc == PCA_OK ? (const char *)value.data : "");
        snprintf(next, sizeof next, "%d", atoi(next) + 1);
        rc = pcai_put(txn, TABLE_TOKEN, pcai_slice_text("n"), pcai_slice_text(next), NULL);
        if (rc == PCA_OK)
            rc = pcai_txn_commit(txn, NULL);
        else
            pcai_txn_abort(txn);
        a->failures += rc != PCA_OK;
    }
    return NULL;
}

static void writers_come_one_after_the_other(void **state)
{
    (void)state;
    struct store *s = make_store(new_path(), "n=0");
    struct adding adding[4];
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++) {
        adding[i] = (struct adding){s, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, add_often, &adding[i]), 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(adding[i].failures, 0);
    }
    assert_string_equal(committed(s, "n"), "60");
    pcai_store_close(s);
}

/* ---- Processes ---- */

static void a_child_process_cannot_use_the_store_but_open_it_anew(void **state)
{
    (void)state;
    const char *path = new_path();
    struct store *s = make_store(path, "a=1");
    struct txn *reader;
    struct attached attached = {0};
    void *seen;
    int status;
    assert_done(pcai_store_attach(s, attach, detach, &attached, &seen, &err));
    assert_done(pcai_txn_read(s, &reader, &err));
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct txn *txn;
        struct store *own;
        int wrong = pcai_txn_read(s, &txn, NULL) != PCA_E_FORKED;
        wrong |= (pcai_txn_write(s, &txn, NULL) != PCA_E_FORKED) << 1;
        wrong |= (pcai_store_attach(s, attach, detach, &attached, &seen, NULL) != PCA_E_FORKED) << 2;
        pcai_txn_abort(reader);
        pcai_store_close(s);
        wrong |= (attached.destroyed != 1 || attached.forked != 1) << 3;
        wrong |= (pcai_store_open(path, &usual, &own, NULL) != PCA_OK) << 4;
        if (!wrong) {
            wrong |= (pcai_txn_write(own, &txn, NULL) != PCA_OK) << 5;
            wrong |= (pcai_put(txn, TABLE_TOKEN, pcai_slice_text("b"), pcai_slice_text("2"), NULL) != PCA_OK) << 6;
            wrong |= (pcai_txn_commit(txn, NULL) != PCA_OK) << 7;
            pcai_store_close(own);
        }
        exit_child(wrong);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_string_equal(get(reader, TABLE_TOKEN, "a"), "1");
    assert_string_equal(get(reader, TABLE_TOKEN, "b"), "-");
    pcai_txn_abort(reader);
    assert_string_equal(committed(s, "b"), "2");
    pcai_store_close(s);
    assert_int_equal(attached.destroyed, 1);
}

static void tables_have_names(void **state)
{
    (void)state;
    for (int i = 1; i < TABLE_COUNT; i++) {
        assert_int_not_equal(pcai_table_name((enum table)i)[0], 0);
        for (int j = 1; j < i; j++)
            assert_string_not_equal(pcai_table_name((enum table)i), pcai_table_name((enum table)j));
    }
    assert_string_equal(pcai_table_name(TABLE_META), "meta");
    assert_string_equal(pcai_table_name(TABLE_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_private_whatever_the_umask_says),
        cmocka_unit_test(create_refuses_what_is_there),
        cmocka_unit_test(create_refuses_what_cannot_be),
        cmocka_unit_test(a_creation_cut_short_is_told),
        cmocka_unit_test(an_aborted_first_transaction_makes_no_store),
        cmocka_unit_test(open_finds_only_what_is_there),
        cmocka_unit_test(open_refuses_what_is_no_store),
        cmocka_unit_test(open_refuses_a_foreign_lmdb),
        cmocka_unit_test(open_refuses_a_file_cut_short),
        cmocka_unit_test(open_refuses_a_newer_schema),
        cmocka_unit_test(open_refuses_a_damaged_schema_row),
        cmocka_unit_test(one_file_is_one_store_however_it_is_named),
        cmocka_unit_test(two_files_are_two_stores),
        cmocka_unit_test(a_second_open_must_agree),
        cmocka_unit_test(read_only_reads),
        cmocka_unit_test(an_attachment_is_made_once_and_goes_with_the_last_close),
        cmocka_unit_test(an_attachment_made_during_the_last_close_goes_too),
        cmocka_unit_test(rows_are_put_got_and_deleted),
        cmocka_unit_test(keys_have_1_to_511_octets),
        cmocka_unit_test(an_abort_leaves_nothing),
        cmocka_unit_test(a_reader_sees_its_moment),
        cmocka_unit_test(what_was_committed_is_there_after_a_close),
        cmocka_unit_test(a_scan_gives_rows_in_order),
        cmocka_unit_test(a_scan_keeps_its_place_among_changes),
        cmocka_unit_test(a_scan_ends_with_its_transaction),
        cmocka_unit_test(the_last_row_with_a_prefix),
        cmocka_unit_test(pitfall_30_a_full_store_names_its_limit_and_stays_whole),
        cmocka_unit_test(a_reader_without_a_slot_waits_for_one),
        cmocka_unit_test(writers_come_one_after_the_other),
        cmocka_unit_test(a_child_process_cannot_use_the_store_but_open_it_anew),
        cmocka_unit_test(tables_have_names),
    };
    return cmocka_run_group_tests_name("store", tests, scratch_setup, scratch_teardown);
}
