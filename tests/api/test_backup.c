/* Backup, restore, compaction, and the storage key: what is copied is whole, what is deleted is gone, what is secret stays so. */
#include "words.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <time.h>

/* ---- Helpers ---- */

static void backup_to(struct fixture *f, const char *path)
{
    assert_ok(f->err, pca_region_backup_write(f->region, path, NULL, f->err));
}

static pca_region *restored(struct fixture *f, const char *path, const char *backup)
{
    pca_region *region = NULL;
    assert_ok(f->err, pca_region_restore_read(path, backup, f->config, NULL, &region, f->err));
    assert_non_null(region);
    assert_ok(f->err, pca_region_check(region, f->err));
    return region;
}

/* Goes on in another region, with the CAs' handles of there. */
static void move_to(struct fixture *f, pca_region *region)
{
    uint64_t root = pca_ca_id(pca_root_ca(f->root)), sub = pca_ca_id(pca_sub_ca(f->sub));
    pca_root_free(f->root);
    pca_sub_free(f->sub);
    pca_region_close(f->region);
    f->region = region;
    f->root = NULL;
    f->sub = NULL;
    assert_ok(f->err, pca_region_root_get(region, root, &f->root, f->err));
    assert_ok(f->err, pca_region_sub_get(region, sub, &f->sub, f->err));
}

static int holds(const char *path, const void *what, size_t length)
{
    size_t size;
    uint8_t *data = file_read(path, &size);
    assert_non_null(data);
    int found = 0;
    for (size_t i = 0; !found && i + length <= size; i++)
        found = memcmp(data + i, what, length) == 0;
    free(data);
    return found;
}

static unsigned entries_in(const char *path)
{
    unsigned count = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static uint64_t crl_number(struct fixture *f, const pca_ca *ca)
{
    uint64_t number = 0;
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    assert_ok(f->err, pca_ca_crl_info(ca, &number, NULL, NULL, NULL, f->err));
    return number;
}

/* ---- Round trip ---- */

static void a_backup_holds_all(void **state)
{
    struct fixture *f = *state;
    pca_cert *kept = issue(f, f->sub, "kept.internal"), *gone = issue(f, f->sub, "gone.internal"), *found = NULL;
    pca_blob *key = NULL, *again = NULL;
    assert_ok(f->err, pca_cert_revoke(gone, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    uint64_t number = crl_number(f, pca_sub_ca(f->sub));
    const char *backup = file_path(f, "backup");
    char path[128];
    snprintf(path, sizeof path, "%s", file_path(f, "restored"));
    backup_to(f, backup);
    struct stat st;
    assert_int_equal(stat(backup, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(f->err, pca_cert_export_key(kept, PCA_FORMAT_DER, PCA_PLAIN_KEY, NULL, &key, f->err));
    assert_false(holds(backup, pca_blob_data(key), pca_blob_size(key)));

    move_to(f, restored(f, path, backup));
    assert_string_equal(pca_region_id(f->region), "test");
    assert_ok(f->err, pca_region_cert_get(f->region, pca_cert_id(kept), &found, f->err));
    assert_string_equal(pca_cert_serial(found), pca_cert_serial(kept));
    assert_ok(f->err, pca_cert_export_key(found, PCA_FORMAT_DER, PCA_PLAIN_KEY, NULL, &again, f->err));
    assert_int_equal(pca_blob_size(key), pca_blob_size(again));
    assert_memory_equal(pca_blob_data(key), pca_blob_data(again), pca_blob_size(key));
    assert_int_equal(remaining_of_sub(f, f->sub), 8);
    assert_verifies(f, found);
    pca_cert_free(found);
    found = NULL;
    assert_ok(f->err, pca_region_cert_get(f->region, pca_cert_id(gone), &found, f->err));
    assert_revoked(f, found);
    assert_true(crl_number(f, pca_sub_ca(f->sub)) > number);
    pca_cert_free(issue(f, f->sub, "next.internal"));
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    pca_blob_free(key);
    pca_blob_free(again);
    pca_cert_free(found);
    pca_cert_free(kept);
    pca_cert_free(gone);
}

struct issuer {
    const pca_sub *sub;
    const pca_request *request;
    atomic_int *stop;
    unsigned issued, failed;
};

static void *keep_issuing(void *argument)
{
    struct issuer *issuer = argument;
    while (!atomic_load(issuer->stop)) {
        pca_cert *cert = NULL;
        int rc = pca_sub_request(issuer->sub, issuer->request, &cert, NULL);
        issuer->issued += rc == PCA_OK;
        issuer->failed += rc != PCA_OK;
        pca_cert_free(cert);
    }
    return NULL;
}

/* Until more are issued than that. */
static void await_issue(struct fixture *f, uint64_t last)
{
    struct timespec pause = {.tv_nsec = 1000000};
    uint64_t issued = last;
    while (issued <= last) {
        pca_sub *now = NULL;
        nanosleep(&pause, NULL);
        assert_ok(f->err, pca_sub_reload(f->sub, &now, f->err));
        issued = pca_sub_issued(now);
        pca_sub_free(now);
    }
}

/* Each backup is of one moment: all its sums are right, whatever was written meanwhile. */
static void backups_while_others_issue(void **state)
{
    struct fixture *f = *state;
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    pca_request *r = request_new_server("a.internal");
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    stock(f, f->root, f->sub, 100000);
    pthread_t thread[4];
    struct issuer issuer[4];
    atomic_int stop = 0;
    for (int i = 0; i < 4; i++) {
        issuer[i] = (struct issuer){f->sub, r, &stop, 0, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, keep_issuing, &issuer[i]), 0);
    }
    uint64_t last = 0;
    for (int i = 0; i < 4; i++) {
        char name[32];
        await_issue(f, last);
        snprintf(name, sizeof name, "backup-%d", i);
        const char *backup = file_path(f, name);
        backup_to(f, backup);
        snprintf(name, sizeof name, "restored-%d", i);
        pca_region *region = restored(f, file_path(f, name), backup);
        pca_sub *sub = NULL;
        assert_ok(f->err, pca_region_sub_get(region, pca_ca_id(pca_sub_ca(f->sub)), &sub, f->err));
        assert_true(pca_sub_issued(sub) > last);
        last = pca_sub_issued(sub);
        pca_sub_free(sub);
        pca_region_close(region);
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(issuer[i].failed, 0);
    }
    pca_request_free(r);
}

/* ---- Of another word size ---- */

/* The only certificate for that name, which has that status. */
static pca_cert *found_by_name(struct fixture *f, const char *name, int status)
{
    pca_query *query = pca_query_new();
    pca_page *page = NULL;
    pca_cert *cert = NULL;
    assert_non_null(query);
    assert_ok(NULL, pca_query_set_name(query, name));
    assert_ok(NULL, pca_query_set_limit(query, 2));
    assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
    assert_int_equal(pca_page_count(page), 1);
    assert_ok(f->err, pca_region_cert_get(f->region, pca_cert_id(pca_page_cert_at(page, 0)), &cert, f->err));
    assert_int_equal(pca_cert_status(cert), status);
    pca_page_free(page);
    pca_query_free(query);
    return cert;
}

static void goes_on_from(struct fixture *f, const char *bits)
{
    char backup[512], pem[512];
    uint64_t number, entries;
    snprintf(backup, sizeof backup, "%s/tests/vectors/backup/%s.backup", PCA_SOURCE_ROOT, bits);
    snprintf(pem, sizeof pem, "%s/tests/vectors/backup/%s.pem", PCA_SOURCE_ROOT, bits);
    f->clock.now = T0 + DAY;
    move_to(f, restored(f, file_path(f, bits), backup));
    assert_string_equal(pca_region_id(f->region), "test");
    assert_int_equal(remaining_of_sub(f, f->sub), WORDS_LEFT);
    pca_cert *kept = found_by_name(f, "kept.internal", PCA_STATUS_ISSUED), *gone = found_by_name(f, "gone.internal", PCA_STATUS_REVOKED);
    char *expected = (char *)file_read(pem, NULL), *seen = words_certificates(f, kept, gone);
    assert_non_null(expected);
    assert_string_equal(seen, expected);
    assert_int_equal(pca_cert_revoked_at(gone), WORDS_REVOKED);
    assert_int_equal(pca_cert_reason(gone), PCA_REASON_SUPERSEDED);
    assert_ok(f->err, pca_ca_crl_info(pca_sub_ca(f->sub), &number, NULL, NULL, &entries, f->err));
    assert_int_equal(entries, 1);
    assert_true(crl_number(f, pca_sub_ca(f->sub)) > number);
    pca_cert *next = issue(f, f->sub, "next.internal");
    assert_verifies(f, next);
    assert_verifies(f, kept);
    assert_revoked(f, gone);
    free(expected);
    free(seen);
    pca_cert_free(next);
    pca_cert_free(kept);
    pca_cert_free(gone);
}

static void backups_of_either_word_size(void **state)
{
    goes_on_from(*state, "32");
    goes_on_from(*state, "64");
}

/* ---- What a life after the backup gave out ---- */

static void pitfall_33_numbers_of_the_lost_time(void **state)
{
    struct fixture *f = *state;
    enum { LOST = 5 };
    char *serials[LOST];
    uint64_t ids[LOST];
    const char *backup = file_path(f, "backup");
    pca_cert_free(issue(f, f->sub, "before.internal"));
    uint64_t number = crl_number(f, pca_sub_ca(f->sub));
    backup_to(f, backup);
    for (int i = 0; i < LOST; i++) {
        pca_cert *cert = issue(f, f->sub, "lost.internal");
        serials[i] = strdup(pca_cert_serial(cert));
        ids[i] = pca_cert_id(cert);
        pca_cert_free(cert);
        f->clock.now += 10;
        number = crl_number(f, pca_sub_ca(f->sub));
    }
    move_to(f, restored(f, file_path(f, "restored"), backup));
    assert_true(crl_number(f, pca_sub_ca(f->sub)) > number || f->clock.now > 0);
    f->clock.now += 1;
    assert_true(crl_number(f, pca_sub_ca(f->sub)) > number);
    for (int i = 0; i < LOST; i++) {
        pca_cert *cert = issue(f, f->sub, "new.internal"), *none = POISON;
        for (int j = 0; j < LOST; j++) {
            assert_string_not_equal(pca_cert_serial(cert), serials[j]);
            assert_int_not_equal(pca_cert_id(cert), ids[j]);
        }
        assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_cert_by_serial(pca_sub_ca(f->sub), serials[i], &none, f->err));
        pca_cert_free(cert);
    }
    for (int i = 0; i < LOST; i++)
        free(serials[i]);
}

/* Numbers that ran ahead of the clock jump, since the clock does not carry them. */
static void pitfall_05_counters_ahead_of_the_clock(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5; i++)
        crl_number(f, pca_sub_ca(f->sub)); /* all in one second */
    const char *backup = file_path(f, "backup");
    backup_to(f, backup);
    uint64_t number = 0;
    for (int i = 0; i < 5; i++)
        number = crl_number(f, pca_sub_ca(f->sub));
    assert_true(number > (uint64_t)f->clock.now);
    move_to(f, restored(f, file_path(f, "restored"), backup));
    assert_true(crl_number(f, pca_sub_ca(f->sub)) > number);
}

/* ---- Deletion, in every order ---- */

static void pitfall_01_revoked_in_every_order(void **state)
{
    struct fixture *f = *state;
    enum { DELETE, BACKUP, COMPACT, STEPS };
    static const int orders[][3] = {
        {DELETE, BACKUP, COMPACT}, {DELETE, COMPACT, BACKUP}, {BACKUP, DELETE, COMPACT},
        {BACKUP, COMPACT, DELETE}, {COMPACT, DELETE, BACKUP}, {COMPACT, BACKUP, DELETE},
    };
    stock(f, f->root, f->sub, 100);
    for (size_t o = 0; o < COUNT(orders); o++) {
        pca_cert *cert = issue(f, f->sub, "gone.internal");
        const char *serial = crl_serial(cert);
        char *held = strdup(serial);
        uint64_t id = pca_cert_id(cert);
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
        for (int i = 0; i < 3; i++) {
            char name[48], backup[48];
            snprintf(name, sizeof name, "life-%zu-%d", o, i);
            if (orders[o][i] == DELETE) {
                pca_cert *now = NULL;
                assert_ok(f->err, pca_region_cert_get(f->region, id, &now, f->err));
                assert_ok(f->err, pca_cert_delete(now, f->err));
                pca_cert_free(now);
            } else if (orders[o][i] == BACKUP) {
                snprintf(backup, sizeof backup, "backup-%zu", o);
                const char *at = file_path(f, backup);
                backup_to(f, at);
                move_to(f, restored(f, file_path(f, name), at));
            } else {
                pca_region *region = NULL;
                const char *at = file_path(f, name);
                assert_ok(f->err, pca_region_compact(f->region, at, NULL, f->err));
                assert_ok(f->err, pca_region_open(at, f->config, &region, f->err));
                move_to(f, region);
            }
            char *crl = next_crl(f, pca_sub_ca(f->sub));
            assert_contains(crl, held);
            free(crl);
            assert_ok(f->err, pca_region_check(f->region, f->err));
        }
        free(held);
        pca_cert_free(cert);
    }
    char *crl = next_crl(f, pca_sub_ca(f->sub));
    assert_int_equal(occurrences(crl, "Serial Number: "), COUNT(orders));
    free(crl);
}

/* ---- Compaction ---- */

static void compaction_leaves_nothing_of_the_deleted(void **state)
{
    struct fixture *f = *state;
    static const char name[] = "unmistakable-name-of-somebody.internal";
    pca_cert *cert = issue(f, f->sub, name), *kept = issue(f, f->sub, "kept.internal");
    char data[200];
    snprintf(data, sizeof data, "%s/data.mdb", f->path);
    assert_true(holds(data, name, strlen(name)));
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    const char *path = file_path(f, "compact");
    assert_ok(f->err, pca_region_compact(f->region, path, NULL, f->err));
    snprintf(data, sizeof data, "%s/data.mdb", path);
    assert_false(holds(data, name, strlen(name)));
    assert_true(holds(data, "kept.internal", 13));
    pca_region *region = NULL;
    assert_ok(f->err, pca_region_open(path, f->config, &region, f->err));
    assert_ok(f->err, pca_region_check(region, f->err));
    pca_cert *found = NULL;
    assert_ok(f->err, pca_region_cert_get(region, pca_cert_id(kept), &found, f->err));
    pca_cert_free(found);
    pca_region_close(region);
    assert_refusal(f->err, PCA_E_EXISTS, NULL, "path", pca_region_compact(f->region, path, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "path", pca_region_compact(f->region, "", NULL, f->err));
    pca_cert_free(cert);
    pca_cert_free(kept);
}

/* ---- Damage ---- */

static void restore_refused(struct fixture *f, const char *backup, int code)
{
    pca_region *region = POISON;
    const char *path = file_path(f, "refused");
    unsigned before = entries_in(f->dir);
    assert_code(f->err, code, pca_region_restore_read(path, backup, f->config, NULL, &region, f->err));
    assert_poisoned(region);
    assert_int_equal(entries_in(f->dir), before); /* nothing is left, not even beside */
}

static void damaged_backups_are_refused(void **state)
{
    struct fixture *f = *state;
    pca_cert_free(issue(f, f->sub, "a.internal"));
    const char *backup = file_path(f, "backup");
    backup_to(f, backup);
    size_t size;
    uint8_t *data = file_read(backup, &size);
    for (size_t cut = 0; cut < size; cut += cut < 64 || size - cut < 64 ? 1 : 997)
        restore_refused(f, file_new(f, "cut", data, cut), PCA_E_CORRUPT);
    for (size_t i = 0; i < size; i += i < 64 || size - i < 64 ? 1 : 641) {
        data[i] ^= 0x20;
        const char *bad = file_new(f, "bad", data, size);
        data[i] ^= 0x20;
        pca_region *region = POISON;
        int rc = pca_region_restore_read(file_path(f, "refused"), bad, f->config, NULL, &region, f->err);
        assert_true(rc == PCA_E_CORRUPT || rc == PCA_E_VERSION);
        unlink(bad);
    }
    restore_refused(f, file_new(f, "empty", "", 0), PCA_E_CORRUPT);
    restore_refused(f, file_text(f, "txt", "something else altogether, and long enough"), PCA_E_CORRUPT);
    restore_refused(f, file_path(f, "not there"), PCA_E_NOT_FOUND);
    free(data);
}

static void restore_refuses_what_is_there(void **state)
{
    struct fixture *f = *state;
    const char *backup = file_path(f, "backup");
    backup_to(f, backup);
    pca_region *region = POISON;
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_EXISTS, NULL, "path", pca_region_restore_read(f->path, backup, f->config, NULL, &region, f->err));
    assert_refusal(f->err, PCA_E_EXISTS, NULL, "path", pca_region_restore_read(backup, backup, f->config, NULL, &region, f->err));
    assert_store_unchanged(f, before);
    pca_config *wrong = config_new(f);
    uint8_t key[32] = {9};
    assert_ok(NULL, pca_config_set_key(wrong, key, 32));
    unsigned entries = entries_in(f->dir);
    assert_code(f->err, PCA_E_LOCKED, pca_region_restore_read(file_path(f, "x"), backup, wrong, NULL, &region, f->err));
    assert_int_equal(entries_in(f->dir), entries);
    assert_poisoned(region);
    assert_int_equal(mkdir(file_path(f, "empty"), 0755), 0); /* an empty directory will do, as for create */
    region = POISON;
    assert_code(f->err, PCA_E_LOCKED, pca_region_restore_read(file_path(f, "empty"), backup, wrong, NULL, &region, f->err));
    assert_code(f->err, PCA_E_CORRUPT, pca_region_restore_read(file_path(f, "empty"), file_text(f, "txt", "something else altogether, and long enough"), f->config, NULL, &region, f->err));
    assert_int_equal(rmdir(file_path(f, "empty")), 0); /* it is there as it was */
    assert_int_equal(mkdir(file_path(f, "empty"), 0755), 0);
    region = restored(f, file_path(f, "empty"), backup);
    pca_region_close(region);
    pca_config_free(wrong);
}

/* ---- Host code ---- */

struct host {
    struct fixture *f;
    unsigned steps, stop_at;
    int code;
    uint64_t done, total;
    uint8_t *data;
    size_t size, at;
};

static int host_step(void *context, uint64_t done, uint64_t total, pca_error *err)
{
    struct host *host = context;
    pca_root *root = NULL;
    (void)err;
    assert_true(done >= host->done);
    host->done = done;
    host->total = total;
    /* it may call back into the region, and write */
    int rc = pca_region_root_get(host->f->region, 1, &root, NULL);
    if (rc == PCA_OK)
        rc = pca_ca_set_alias(pca_root_ca(root), host->steps % 2 ? "odd" : "even", NULL);
    pca_root_free(root);
    host->steps++;
    return rc != PCA_OK ? rc : host->stop_at && host->steps >= host->stop_at ? host->code : PCA_OK;
}

static int host_write(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    struct host *host = context;
    (void)err;
    host->data = realloc(host->data, host->size + size);
    assert_non_null(host->data);
    memcpy(host->data + host->size, data, size);
    host->size += size;
    return PCA_OK;
}

/* What is open meanwhile and stays open in a program that the host starts: 0. */
static int count_inherited(void)
{
    int inherited = 0;
    for (int fd = 3; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        inherited += flags >= 0 && !(flags & FD_CLOEXEC);
    }
    return inherited;
}

static int look_at_files(void *context, uint64_t done, uint64_t total, pca_error *err)
{
    int *inherited = context, now = count_inherited();
    (void)done, (void)total, (void)err;
    *inherited = now > *inherited ? now : *inherited;
    return PCA_OK;
}

static void a_started_program_inherits_no_file(void **state)
{
    struct fixture *f = *state;
    int before = count_inherited(), most = 0;
    struct pca_progress progress = {PCA_PROGRESS_VERSION, &most, look_at_files};
    pca_region *region = NULL;
    const char *backup = file_path(f, "backup");
    assert_ok(f->err, pca_region_backup_write(f->region, backup, &progress, f->err));
    assert_ok(f->err, pca_region_restore_read(file_path(f, "restored"), backup, f->config, &progress, &region, f->err));
    assert_ok(f->err, pca_region_compact(f->region, file_path(f, "compact"), &progress, f->err));
    assert_int_equal(most, before);
    pca_region_close(region);
}

/* One octet short of what is asked for, to see that short reads are fine. */
static int host_read(void *context, uint8_t *buffer, size_t size, size_t *got, pca_error *err)
{
    struct host *host = context;
    (void)err;
    *got = size > 1 ? size - 1 : size;
    if (*got > host->size - host->at)
        *got = host->size - host->at;
    memcpy(buffer, host->data + host->at, *got);
    host->at += *got;
    return PCA_OK;
}

static void pitfall_39_progress_may_call_the_region(void **state)
{
    struct fixture *f = *state;
    struct host host = {.f = f};
    struct pca_sink sink = {PCA_SINK_VERSION, &host, host_write};
    struct pca_source source = {PCA_SOURCE_VERSION, &host, host_read};
    struct pca_progress progress = {PCA_PROGRESS_VERSION, &host, host_step};
    pca_region *region = NULL;
    stock(f, f->root, f->sub, 400);
    free_bulk(issue_bulk(f, f->sub, "a.internal", 200), 200);
    assert_ok(f->err, pca_region_backup(f->region, &sink, &progress, f->err));
    assert_true(host.steps >= 3);
    assert_int_equal(host.done, host.total);
    assert_int_equal(host.done, host.size);
    host.done = host.steps = 0;
    assert_ok(f->err, pca_region_restore(file_path(f, "restored"), &source, f->config, &progress, &region, f->err));
    assert_true(host.steps >= 3);
    assert_ok(f->err, pca_region_check(region, f->err));
    pca_region_close(region);
    host.done = host.steps = 0;
    assert_ok(f->err, pca_region_compact(f->region, file_path(f, "compact"), &progress, f->err));
    assert_int_equal(host.done, host.total);
    free(host.data);
}

static void cancelled_midway(void **state)
{
    struct fixture *f = *state;
    stock(f, f->root, f->sub, 400);
    free_bulk(issue_bulk(f, f->sub, "a.internal", 200), 200);
    const char *backup = file_path(f, "backup"), *path = file_path(f, "target");
    backup_to(f, backup);
    pca_region *region = POISON;
    for (unsigned stop = 1; stop <= 3; stop++) {
        for (int code = 1; code >= PCA_E_DEVICE; code += PCA_E_DEVICE - 1) { /* any number, and a code of the library's */
            struct host host = {.f = f, .stop_at = stop, .code = code};
            struct pca_progress progress = {PCA_PROGRESS_VERSION, &host, host_step};
            int expected = code == PCA_E_DEVICE ? PCA_E_DEVICE : PCA_E_CANCELLED;
            unsigned before = entries_in(f->dir);
            assert_code(f->err, expected, pca_region_backup_write(f->region, path, &progress, f->err));
            host.done = host.steps = 0;
            assert_code(f->err, expected, pca_region_restore_read(path, backup, f->config, &progress, &region, f->err));
            host.done = host.steps = 0;
            assert_code(f->err, expected, pca_region_compact(f->region, path, &progress, f->err));
            assert_int_equal(entries_in(f->dir), before);
        }
    }
    assert_poisoned(region);
}

static void null_and_old_tables(void **state)
{
    struct fixture *f = *state;
    struct host host = {.f = f};
    struct pca_sink sink = {PCA_SINK_VERSION + 1, &host, host_write};
    struct pca_source source = {PCA_SOURCE_VERSION, &host, NULL};
    struct pca_progress progress = {0, &host, host_step};
    pca_region *region = POISON;
    const char *path = file_path(f, "x");
    assert_refusal(f->err, PCA_E_INVALID, NULL, "sink", pca_region_backup(f->region, NULL, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "sink", pca_region_backup(f->region, &sink, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "region", pca_region_backup(NULL, &sink, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "path", pca_region_backup_write(f->region, NULL, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "progress", pca_region_backup_write(f->region, path, &progress, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "source", pca_region_restore(path, &source, f->config, NULL, &region, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "config", pca_region_restore_read(path, path, NULL, NULL, &region, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "region", pca_region_compact(NULL, path, NULL, f->err));
    assert_poisoned(region);
}

/* ---- The storage key ---- */

static pca_config *config_with(struct fixture *f, const char *passphrase)
{
    pca_config *config = pca_config_new();
    assert_ok(NULL, pca_config_set_clock(config, &f->clock_table));
    if (passphrase)
        assert_ok(NULL, pca_config_set_passphrase(config, passphrase));
    return config;
}

static void opens_only_with(struct fixture *f, const pca_config *right, const pca_config *wrong)
{
    pca_region *region = POISON;
    assert_code(f->err, PCA_E_LOCKED, pca_region_open(f->path, wrong, &region, f->err));
    assert_poisoned(region);
    assert_ok(f->err, pca_region_open(f->path, right, &region, f->err));
    pca_region_close(region);
}

static void the_storage_key_changes(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    pca_config *first = config_with(f, "the first passphrase"), *second = config_with(f, "the second"), *plain = config_with(f, NULL), *none = config_with(f, NULL);
    assert_ok(NULL, pca_config_set_insecure_plain_keys(plain));
    const char *backup = file_path(f, "backup");
    backup_to(f, backup);
    assert_ok(f->err, pca_region_change_storage_key(f->region, first, f->err));
    opens_only_with(f, first, f->config);
    pca_cert_free(issue(f, f->sub, "b.internal")); /* what is open stays open */
    assert_ok(f->err, pca_region_change_storage_key(f->region, second, f->err));
    opens_only_with(f, second, first);
    assert_ok(f->err, pca_region_change_storage_key(f->region, plain, f->err));
    opens_only_with(f, plain, second);
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_INVALID, "config", "key", pca_region_change_storage_key(f->region, none, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_region_change_storage_key(f->region, NULL, f->err));
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_region_change_storage_key(f->region, f->config, f->err));
    opens_only_with(f, f->config, plain);
    reopen_region(f);
    pca_blob *key = NULL;
    pca_cert *found = NULL;
    assert_ok(f->err, pca_region_cert_get(f->region, pca_cert_id(cert), &found, f->err));
    assert_ok(f->err, pca_cert_export_key(found, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &key, f->err));
    pca_blob_free(key);
    pca_cert_free(found);
    /* a backup has the key of its day */
    pca_region *region = restored(f, file_path(f, "restored"), backup);
    pca_region_close(region);
    pca_config_free(first), pca_config_free(second), pca_config_free(plain), pca_config_free(none);
    pca_cert_free(cert);
}

/* A host that wraps by adding a number, and counts. */
struct wrapper {
    uint8_t secret;
    int fails, wraps, unwraps;
    size_t size;
};

static int host_wrap(void *context, const uint8_t *key, size_t size, uint8_t *wrapped, size_t capacity, size_t *wrapped_size, pca_error *err)
{
    struct wrapper *w = context;
    w->wraps++;
    if (w->fails) {
        pca_error_set(err, PCA_E_DEVICE, 42, "the key service does not answer");
        return PCA_E_DEVICE;
    }
    assert_true(capacity == PCA_WRAPPED_MAX && size == 32);
    memset(wrapped, 'w', 3);
    for (size_t i = 0; i < size; i++)
        wrapped[3 + i] = (uint8_t)(key[i] + w->secret);
    *wrapped_size = w->size;
    return PCA_OK;
}

static int host_unwrap(void *context, const uint8_t *wrapped, size_t wrapped_size, uint8_t *key, size_t size, pca_error *err)
{
    struct wrapper *w = context;
    (void)err;
    w->unwraps++;
    assert_true(wrapped_size == 35 && size == 32);
    for (size_t i = 0; i < size; i++)
        key[i] = (uint8_t)(wrapped[3 + i] - w->secret);
    return PCA_OK;
}

static void the_host_wraps_the_key(void **state)
{
    struct fixture *f = *state;
    struct wrapper w = {.secret = 7, .size = 35};
    struct pca_key_wrapper table = {PCA_KEY_WRAPPER_VERSION, &w, host_wrap, host_unwrap}, old = {0, &w, host_wrap, host_unwrap};
    pca_config *config = config_with(f, NULL), *bad = config_with(f, NULL);
    assert_int_equal(pca_config_set_key_wrapper(bad, &old), PCA_E_INVALID);
    pca_config_free(bad);
    assert_ok(NULL, pca_config_set_key_wrapper(config, &table));
    assert_ok(f->err, pca_region_create(f->path, "test", config, &f->region, f->err));
    make_ca(f, PCA_FAMILY_ECC, 0, 120, &f->root, &f->sub);
    assert_int_equal(w.wraps, 1);
    pca_cert_free(issue(f, f->sub, "a.internal"));
    opens_only_with(f, config, f->config);
    w.secret = 8; /* another key: what comes out is not the region's */
    pca_region *region = POISON;
    assert_code(f->err, PCA_E_LOCKED, pca_region_open(f->path, config, &region, f->err));
    w.secret = 7;
    w.fails = 1;
    char *before = snapshot_store(f);
    assert_code(f->err, PCA_E_DEVICE, pca_region_change_storage_key(f->region, config, f->err));
    assert_message(f->err, "does not answer");
    assert_int_equal(pca_error_device_code(f->err), 42);
    w.fails = 0;
    for (int i = 0; i < 2; i++) {
        w.size = i ? PCA_WRAPPED_MAX + 1 : 0;
        assert_code(f->err, PCA_E_DEVICE, pca_region_change_storage_key(f->region, config, f->err));
        assert_message(f->err, "4096");
    }
    assert_store_unchanged(f, before);
    assert_poisoned(region);
    assert_ok(f->err, pca_region_change_storage_key(f->region, f->config, f->err));
    opens_only_with(f, f->config, config);
    pca_config_free(config);
}

/* ---- The full disk ---- */

static void a_full_disk_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    char small[100];
    snprintf(small, sizeof small, "%s", file_path(f, "small"));
    assert_int_equal(mkdir(small, 0700), 0);
    if (mount("tmpfs", small, "tmpfs", 0, "size=64k") != 0) {
        print_message("no file system can be mounted here: %s\n", strerror(errno));
        skip();
    }
    stock(f, f->root, f->sub, 400);
    free_bulk(issue_bulk(f, f->sub, "a.internal", 200), 200);
    const char *backup = file_path(f, "backup");
    backup_to(f, backup);
    char path[128];
    pca_region *region = POISON;
    snprintf(path, sizeof path, "%s/x", small);
    int backed = pca_region_backup_write(f->region, path, NULL, f->err), left_1 = (int)entries_in(small);
    int restore = pca_region_restore_read(path, backup, f->config, NULL, &region, f->err), left_2 = (int)entries_in(small);
    int compacted = pca_region_compact(f->region, path, NULL, f->err), left_3 = (int)entries_in(small);
    assert_int_equal(umount(small), 0);
    assert_int_equal(backed, PCA_E_FULL);
    assert_int_equal(restore, PCA_E_FULL);
    assert_int_equal(compacted, PCA_E_FULL);
    assert_int_equal(left_1 + left_2 + left_3, 0);
    assert_poisoned(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(a_backup_holds_all),
        TEST_ECC(backups_while_others_issue),
        TEST_ECC(backups_of_either_word_size),
        TEST_ECC(pitfall_33_numbers_of_the_lost_time),
        TEST_ECC(pitfall_05_counters_ahead_of_the_clock),
        TEST_ECC(pitfall_01_revoked_in_every_order),
        TEST_ECC(compaction_leaves_nothing_of_the_deleted),
        TEST_ECC(damaged_backups_are_refused),
        TEST_ECC(restore_refuses_what_is_there),
        TEST_ECC(pitfall_39_progress_may_call_the_region),
        TEST_ECC(a_started_program_inherits_no_file),
        TEST_ECC(cancelled_midway),
        TEST_ECC(null_and_old_tables),
        TEST_ECC(the_storage_key_changes),
        TEST(the_host_wraps_the_key),
        TEST_ECC(a_full_disk_leaves_nothing),
    };
    return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
