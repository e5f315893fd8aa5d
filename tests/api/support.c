#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

const uint8_t test_key[32] = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
};
char test_poison[1];

/* ---- Files ---- */

const char *file_path(struct fixture *f, const char *name)
{
    char *path = f->names[f->files++ % 16];
    int length = snprintf(path, sizeof f->names[0], "%s/%s", f->dir, name);
    assert_true(length > 0 && (size_t)length < sizeof f->names[0]);
    return path;
}

const char *file_new(struct fixture *f, const char *ending, const void *data, size_t size)
{
    char name[64];
    snprintf(name, sizeof name, "file-%u.%s", f->files, ending);
    const char *path = file_path(f, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *file_text(struct fixture *f, const char *ending, const char *text)
{
    return file_new(f, ending, text, strlen(text));
}

const char *file_blob(struct fixture *f, const char *ending, pca_blob *blob)
{
    assert_non_null(blob);
    const char *path = file_new(f, ending, pca_blob_data(blob), pca_blob_size(blob));
    pca_blob_free(blob);
    return path;
}

static uint8_t *read_all(FILE *file, size_t *size)
{
    size_t used = 0, room = 4096;
    uint8_t *data = malloc(room + 1);
    assert_non_null(data);
    for (;;) {
        size_t got = fread(data + used, 1, room - used, file);
        used += got;
        if (got == 0)
            break;
        if (used == room) {
            room *= 2;
            data = realloc(data, room + 1);
            assert_non_null(data);
        }
    }
    data[used] = 0;
    if (size)
        *size = used;
    return data;
}

uint8_t *file_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    uint8_t *data = read_all(file, size);
    fclose(file);
    return data;
}

void remove_tree(const char *path)
{
    struct stat st;
    if (lstat(path, &st))
        return;
    if (!S_ISDIR(st.st_mode)) {
        unlink(path);
        return;
    }
    chmod(path, 0700);
    DIR *dir = opendir(path);
    if (dir) {
        struct dirent *entry;
        while ((entry = readdir(dir)) != NULL) {
            char below[PATH_MAX];
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) < (int)sizeof below)
                remove_tree(below);
        }
        closedir(dir);
    }
    rmdir(path);
}

/* ---- Fixture ---- */

static int test_now(void *context, int64_t *seconds, pca_error *err)
{
    struct test_clock *clock = context;
    clock->calls++;
    if (clock->hook)
        clock->hook(clock->argument);
    int code = clock->code;
    if (code) {
        pca_error_set(err, code, 7, "the test's clock fails");
        return code;
    }
    *seconds = clock->now;
    return PCA_OK;
}

pca_config *config_new(struct fixture *f)
{
    pca_config *config = pca_config_new();
    assert_non_null(config);
    assert_ok(NULL, pca_config_set_key(config, test_key, sizeof test_key));
    assert_ok(NULL, pca_config_set_clock(config, &f->clock_table));
    assert_ok(NULL, pca_config_set_actor(config, "tester"));
    return config;
}

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    const char *tmp = getenv("TMPDIR");
    if (!tmp || strlen(tmp) > 40)
        tmp = "/tmp";
    snprintf(f->dir, sizeof f->dir, "%s/pca-test-XXXXXX", tmp);
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/region", f->dir);
    f->clock.now = T0;
    f->clock_table.version = PCA_CLOCK_VERSION;
    f->clock_table.context = &f->clock;
    f->clock_table.now = test_now;
    f->err = pca_error_new();
    assert_non_null(f->err);
    f->config = config_new(f);
    *state = f;
    return 0;
}

void make_region(struct fixture *f)
{
    assert_ok(f->err, pca_region_create(f->path, "test", f->config, &f->region, f->err));
    assert_non_null(f->region);
}

void reopen_region(struct fixture *f)
{
    pca_root_free(f->root);
    pca_sub_free(f->sub);
    f->root = NULL;
    f->sub = NULL;
    pca_region_close(f->region);
    f->region = NULL;
    assert_ok(f->err, pca_region_open(f->path, f->config, &f->region, f->err));
    assert_non_null(f->region);
}

int fixture_setup_region(void **state)
{
    fixture_setup(state);
    make_region(*state);
    return 0;
}

int fixture_setup_ecc(void **state)
{
    fixture_setup_region(state);
    struct fixture *f = *state;
    make_ca(f, PCA_FAMILY_ECC, 0, 120, &f->root, &f->sub);
    return 0;
}

int fixture_setup_rsa(void **state)
{
    fixture_setup_region(state);
    struct fixture *f = *state;
    make_ca(f, PCA_FAMILY_RSA, PCA_KEY_RSA_2048, 120, &f->root, &f->sub);
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    int rc = PCA_OK;
    pca_root_free(f->root);
    pca_sub_free(f->sub);
    f->clock.hook = NULL;
    f->clock.code = PCA_OK;
    if (f->region && !f->unchecked && (rc = pca_region_check(f->region, f->err)) != PCA_OK)
        print_error("pca_region_check after the test: %s, %s: %s\n", pca_code_name(rc), pca_error_object(f->err),
                    pca_error_message(f->err));
    pca_region_close(f->region);
    pca_config_free(f->config);
    pca_error_free(f->err);
    remove_tree(f->dir);
    free(f);
    return rc;
}

/* ---- CAs and certificates ---- */

pca_request *request_new_ca(const char *common_name, const char *crl_url)
{
    pca_request *request = pca_request_new();
    assert_non_null(request);
    assert_ok(NULL, pca_request_set_common_name(request, common_name));
    assert_ok(NULL, pca_request_set_organization(request, "Example"));
    assert_ok(NULL, pca_request_set_country(request, "DE"));
    if (crl_url)
        assert_ok(NULL, pca_request_set_crl_url(request, crl_url));
    return request;
}

void make_crls(struct fixture *f)
{
    pca_page *page = NULL;
    assert_ok(f->err, pca_region_find_cas(f->region, NULL, &page, f->err));
    assert_string_equal(pca_page_next(page), "");
    for (uint64_t i = 0; i < pca_page_count(page); i++)
        if (pca_ca_state(pca_page_ca_at(page, i)) != PCA_CA_PURCHASED)
            assert_ok(f->err, pca_ca_crl_make(pca_page_ca_at(page, i), f->err));
    pca_page_free(page);
}

pca_request *request_new_leaf(int type, const char *common_name)
{
    pca_request *request = pca_request_new();
    assert_non_null(request);
    assert_ok(NULL, pca_request_set_type(request, type));
    if (common_name)
        assert_ok(NULL, pca_request_set_common_name(request, common_name));
    return request;
}

pca_request *request_new_server(const char *common_name)
{
    pca_request *request = request_new_leaf(PCA_CERT_SERVER, common_name);
    assert_ok(NULL, pca_request_set_years(request, 1));
    return request;
}

void purchase_ca(struct fixture *f, int kind, int family, uint64_t months, pca_root **root, pca_sub **sub)
{
    pca_root *bought = NULL;
    assert_ok(f->err, pca_root_purchase(f->region, kind, family, months, NULL, &bought, f->err));
    assert_non_null(bought);
    if (sub)
        assert_ok(f->err, pca_root_default_sub(bought, sub, f->err));
    if (root)
        *root = bought;
    else
        pca_root_free(bought);
}

void refresh_root(struct fixture *f, pca_root **root)
{
    pca_root *fresh = NULL;
    assert_ok(f->err, pca_root_reload(*root, &fresh, f->err));
    pca_root_free(*root);
    *root = fresh;
}

void refresh_sub(struct fixture *f, pca_sub **sub)
{
    pca_sub *fresh = NULL;
    assert_ok(f->err, pca_sub_reload(*sub, &fresh, f->err));
    pca_sub_free(*sub);
    *sub = fresh;
}

void refresh_cert(struct fixture *f, pca_cert **cert)
{
    pca_cert *fresh = NULL;
    assert_ok(f->err, pca_cert_reload(*cert, &fresh, f->err));
    pca_cert_free(*cert);
    *cert = fresh;
}

static void enable_root_with(struct fixture *f, pca_root **root, const char *common_name, int algorithm)
{
    pca_request *request = request_new_ca(common_name, ROOT_CRL_URL);
    if (algorithm)
        assert_ok(NULL, pca_request_set_key_algorithm(request, algorithm));
    assert_ok(f->err, pca_root_enable(*root, request, f->err));
    pca_request_free(request);
    refresh_root(f, root);
}

static void enable_sub_with(struct fixture *f, pca_sub **sub, const char *common_name, int algorithm)
{
    pca_request *request = request_new_ca(common_name, SUB_CRL_URL);
    if (algorithm)
        assert_ok(NULL, pca_request_set_key_algorithm(request, algorithm));
    assert_ok(f->err, pca_sub_enable(*sub, request, f->err));
    pca_request_free(request);
    refresh_sub(f, sub);
}

void enable_root(struct fixture *f, pca_root **root, const char *common_name)
{
    enable_root_with(f, root, common_name, 0);
}

void enable_sub(struct fixture *f, pca_sub **sub, const char *common_name)
{
    enable_sub_with(f, sub, common_name, 0);
}

void make_ca(struct fixture *f, int family, int algorithm, uint64_t months, pca_root **root, pca_sub **sub)
{
    pca_root *made_root = NULL;
    pca_sub *made_sub = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, family, months, &made_root, &made_sub);
    enable_root_with(f, &made_root, "Test Root", algorithm);
    enable_sub_with(f, &made_sub, "Test Sub", algorithm);
    if (root)
        *root = made_root;
    else
        pca_root_free(made_root);
    if (sub)
        *sub = made_sub;
    else
        pca_sub_free(made_sub);
}

pca_cert *issue(struct fixture *f, const pca_sub *sub, const char *common_name)
{
    pca_cert *cert = NULL;
    pca_request *request = request_new_server(common_name);
    assert_ok(f->err, pca_sub_request(sub, request, &cert, f->err));
    assert_non_null(cert);
    pca_request_free(request);
    return cert;
}

uint64_t remaining_of_root(struct fixture *f, const pca_root *root)
{
    pca_root *fresh = NULL;
    assert_ok(f->err, pca_root_reload(root, &fresh, f->err));
    uint64_t remaining = pca_root_remaining(fresh);
    pca_root_free(fresh);
    return remaining;
}

uint64_t remaining_of_sub(struct fixture *f, const pca_sub *sub)
{
    pca_sub *fresh = NULL;
    assert_ok(f->err, pca_sub_reload(sub, &fresh, f->err));
    uint64_t remaining = pca_sub_remaining(fresh);
    pca_sub_free(fresh);
    return remaining;
}

int state_of(struct fixture *f, const pca_ca *ca)
{
    int state;
    if (pca_ca_parent_id(ca) == 0) {
        pca_root *root = NULL;
        assert_ok(f->err, pca_region_root_get(f->region, pca_ca_id(ca), &root, f->err));
        state = pca_ca_state(pca_root_ca(root));
        pca_root_free(root);
    } else {
        pca_sub *sub = NULL;
        assert_ok(f->err, pca_region_sub_get(f->region, pca_ca_id(ca), &sub, f->err));
        state = pca_ca_state(pca_sub_ca(sub));
        pca_sub_free(sub);
    }
    return state;
}

void set_policy(struct fixture *f, const char *name, int64_t value)
{
    assert_ok(f->err, pca_region_policy_set(f->region, name, value, f->err));
}

int64_t utc(int year, int month, int day, int hour, int minute, int second)
{
    /* days_from_civil of Howard Hinnant */
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (era * 146097 + doe - 719468) * DAY + hour * HOUR + minute * MINUTE + second;
}

/* ---- Checks ---- */

static void fail_call(pca_error *err, const char *expected, int seen, const char *call, const char *file, int line)
{
    print_error("%s\n  expected %s\n  seen     %s, object \"%s\", field \"%s\": %s\n", call, expected, pca_code_name(seen),
                err ? pca_error_object(err) : "?", err ? pca_error_field(err) : "?", err ? pca_error_message(err) : "?");
    _fail(file, line);
}

void check_code(pca_error *err, int expected, int seen, const char *call, const char *file, int line)
{
    if (seen != expected)
        fail_call(err, pca_code_name(expected), seen, call, file, line);
    if (!err)
        return;
    if (pca_error_code(err) != seen)
        fail_call(err, "an error object with the same code", seen, call, file, line);
    if (seen == PCA_OK) {
        if (*pca_error_object(err) || *pca_error_field(err) || *pca_error_message(err))
            fail_call(err, "an error object cleared by success", seen, call, file, line);
    } else if (!*pca_error_message(err) || strchr(pca_error_message(err), '\n')) {
        fail_call(err, "one line of text", seen, call, file, line);
    }
}

void check_refusal(pca_error *err, int expected, const char *object, const char *field, int seen, const char *call,
                   const char *file, int line)
{
    char text[256];
    check_code(err, expected, seen, call, file, line);
    if ((object && strcmp(object, pca_error_object(err)) != 0) || (field && strcmp(field, pca_error_field(err)) != 0)) {
        snprintf(text, sizeof text, "%s, object \"%s\", field \"%s\"", pca_code_name(expected), object ? object : "*",
                 field ? field : "*");
        fail_call(err, text, seen, call, file, line);
    }
}

void check_message(const pca_error *err, const char *part, const char *file, int line)
{
    if (!strstr(pca_error_message(err), part)) {
        print_error("message \"%s\"\n  does not hold \"%s\"\n", pca_error_message(err), part);
        _fail(file, line);
    }
}

const char *object_name(const char *kind, uint64_t id)
{
    static _Thread_local char names[8][48];
    static _Thread_local unsigned next;
    char *name = names[next++ % 8];
    snprintf(name, sizeof names[0], "%s %" PRIu64, kind, id);
    return name;
}

/* ---- The store ---- */

struct text {
    char *data;
    size_t used, room;
};

static void text_add(struct text *text, const char *data, size_t size)
{
    if (text->used + size + 1 > text->room) {
        text->room = (text->used + size + 1) * 2;
        text->data = realloc(text->data, text->room);
        assert_non_null(text->data);
    }
    memcpy(text->data + text->used, data, size);
    text->used += size;
    text->data[text->used] = 0;
}

static void text_hex(struct text *text, const MDB_val *value)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *data = value->mv_data;
    for (size_t i = 0; i < value->mv_size; i++)
        text_add(text, (char[]){digits[data[i] >> 4], digits[data[i] & 15]}, 2);
}

static void mdb_ok(int rc)
{
    if (rc) {
        print_error("LMDB: %s\n", mdb_strerror(rc));
        fail();
    }
}

static void dump_table(struct text *text, MDB_txn *txn, const char *name)
{
    MDB_dbi dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc;
    if (strcmp(name, "log") == 0 || strcmp(name, "merkle") == 0)
        return;
    mdb_ok(mdb_dbi_open(txn, name, 0, &dbi));
    mdb_ok(mdb_cursor_open(txn, dbi, &cursor));
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        if (strcmp(name, "meta") == 0 && key.mv_size == 8 && memcmp(key.mv_data, "sequence", 8) == 0)
            continue;
        text_add(text, name, strlen(name));
        text_add(text, " ", 1);
        text_hex(text, &key);
        text_add(text, " ", 1);
        text_hex(text, &value);
        text_add(text, "\n", 1);
    }
    assert_int_equal(rc, MDB_NOTFOUND);
    mdb_cursor_close(cursor);
}

char *snapshot_store_at(struct fixture *f, const char *region_path)
{
    char from[PATH_MAX], lock[PATH_MAX];
    size_t size;
    snprintf(from, sizeof from, "%s/data.mdb", region_path);
    uint8_t *data = file_read(from, &size);
    assert_non_null(data);
    const char *copy = file_new(f, "mdb", data, size);
    free(data);

    struct text text = {0};
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi main_dbi;
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc;
    text_add(&text, "", 0);
    mdb_ok(mdb_env_create(&env));
    mdb_ok(mdb_env_set_maxdbs(env, 64));
    mdb_ok(mdb_env_set_mapsize(env, (size + 4095) / 4096 * 4096 + 65536));
    mdb_ok(mdb_env_open(env, copy, MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR, 0600));
    mdb_ok(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn));
    mdb_ok(mdb_dbi_open(txn, NULL, 0, &main_dbi));
    mdb_ok(mdb_cursor_open(txn, main_dbi, &cursor));
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT_NODUP)) == 0) {
        char name[64] = "";
        assert_true(key.mv_size < sizeof name);
        memcpy(name, key.mv_data, key.mv_size);
        dump_table(&text, txn, name);
    }
    assert_int_equal(rc, MDB_NOTFOUND);
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    unlink(copy);
    snprintf(lock, sizeof lock, "%s-lock", copy);
    unlink(lock);
    return text.data;
}

char *snapshot_store(struct fixture *f)
{
    return snapshot_store_at(f, f->path);
}

void check_store_unchanged(struct fixture *f, char *before, const char *file, int line)
{
    char *after = snapshot_store(f);
    if (strcmp(before, after) != 0) {
        size_t i = 0, start = 0;
        for (; before[i] == after[i]; i++)
            if (before[i] == '\n')
                start = i + 1;
        print_error("the store changed:\n  before %.*s\n  after  %.*s\n", (int)strcspn(before + start, "\n"), before + start,
                    (int)strcspn(after + start, "\n"), after + start);
        _fail(file, line);
    }
    free(before);
    free(after);
}

/* ---- Programs ---- */

int run_argv(char **output, const char *const argv[])
{
    int ends[2], status;
    pid_t pid;
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    int rc = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (rc) {
        print_error("%s cannot be run: %s\n", argv[0], strerror(rc));
        fail();
    }
    FILE *file = fdopen(ends[0], "rb");
    assert_non_null(file);
    char *text = (char *)read_all(file, NULL);
    fclose(file);
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    if (output)
        *output = text;
    else
        free(text);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void check_status(int expected, int seen, const char *output, const char *const argv[], const char *file, int line)
{
    if (seen == expected)
        return;
    for (size_t i = 0; argv[i]; i++)
        print_error("%s ", argv[i]);
    print_error("\n  expected status %d, seen %d:\n%s\n", expected, seen, output);
    _fail(file, line);
}

void check_run(int status, const char *const argv[], const char *file, int line)
{
    char *output;
    int seen = run_argv(&output, argv);
    check_status(status, seen, output, argv, file, line);
    free(output);
}

char *check_output(const char *const argv[], const char *file, int line)
{
    char *output;
    int seen = run_argv(&output, argv);
    check_status(0, seen, output, argv, file, line);
    return output;
}
