/*
 * What a system refuses: room on a disk, in a file, in the table of descriptors, writing at all; and what processes leave that are
 * killed. What needs mounts runs in a mount namespace of its own, and is skipped where that may not be made.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../api/leaf.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- Writing until it is refused ---- */

static void buy_units(struct fixture *f, uint64_t units)
{
    assert_ok(f->err, pca_root_purchase_certificates(f->root, units, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, units, PCA_ANY, NULL, f->err));
}

/* Issues with a key that is brought along until it is refused: the code. */
static int issue_until_refused(struct fixture *f, uint64_t *issued)
{
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    pca_request *r = request_new_server("full.internal");
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    int rc = PCA_OK;
    for (*issued = 0; rc == PCA_OK && *issued < 5000; *issued += rc == PCA_OK) {
        pca_cert *cert = NULL;
        rc = pca_sub_request(f->sub, r, &cert, f->err);
        pca_cert_free(cert);
    }
    pca_request_free(r);
    return rc;
}

/* Whole, with all that was handed out and nothing else; the sum rule is the check's. */
static void check_whole(struct fixture *f, uint64_t issued)
{
    assert_ok(f->err, pca_region_check(f->region, f->err));
    refresh_sub(f, &f->sub);
    assert_int_equal(pca_sub_issued(f->sub), issued);
}

/* While there is no room, free pages may be enough for a small change; or it says that they are not. */
static void check_others(struct fixture *f)
{
    pca_root *root = POISON;
    int rc = pca_region_policy_set(f->region, "backdate_seconds", 61, f->err);
    assert_true(rc == PCA_E_FULL || rc == PCA_OK);
    rc = pca_root_purchase(f->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, NULL, &root, f->err);
    assert_true(rc == PCA_E_FULL || rc == PCA_OK);
    if (rc == PCA_OK)
        pca_root_free(root);
    else
        assert_poisoned(root);
}

static void close_all(struct fixture *f)
{
    pca_root_free(f->root);
    pca_sub_free(f->sub);
    pca_region_close(f->region);
    f->root = NULL;
    f->sub = NULL;
    f->region = NULL;
}

static void open_all(struct fixture *f, const pca_config *config)
{
    assert_ok(f->err, pca_region_open(f->path, config, &f->region, f->err));
    assert_ok(f->err, pca_region_root_get(f->region, 1, &f->root, f->err));
    assert_ok(f->err, pca_region_sub_get(f->region, 2, &f->sub, f->err));
}

/* After there is room again the same handle goes on, and a fresh one too. */
static void goes_on(struct fixture *f, uint64_t issued)
{
    assert_ok(f->err, pca_region_policy_set(f->region, "backdate_seconds", 62, f->err));
    close_all(f);
    open_all(f, f->config);
    check_whole(f, issued);
    pca_cert_free(issue(f, f->sub, "again.internal"));
    check_whole(f, issued + 1);
}

/* ---- Disks ---- */

static int own_mounts(void)
{
    static int can = -1;
    if (can < 0)
        can = unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
    return can;
}

static void mount_disk(struct fixture *f, const char *size, char disk[96])
{
    char options[64];
    snprintf(disk, 96, "%s/disk", f->dir);
    snprintf(options, sizeof options, "size=%s,mode=0700", size);
    mkdir(disk, 0700);
    assert_int_equal(mount("none", disk, "tmpfs", 0, options), 0);
}

/* The region moves onto a disk of that size. */
static void onto_disk(struct fixture *f, const char *size, char disk[96])
{
    char command[512];
    mount_disk(f, size, disk);
    close_all(f);
    snprintf(command, sizeof command, "cp -r '%s' '%s/region'", f->path, disk);
    assert_int_equal(system(command), 0);
    remove_tree(f->path);
    snprintf(f->path, sizeof f->path, "%s/region", disk);
}

static void pitfall_30_a_full_disk(void **state)
{
    struct fixture *f = *state;
    uint64_t issued;
    char disk[96], backup[128];
    if (!own_mounts())
        skip();
    buy_units(f, 5000);
    onto_disk(f, "900k", disk);
    open_all(f, f->config);
    assert_int_equal(issue_until_refused(f, &issued), PCA_E_FULL);
    assert_true(issued > 10 && issued < 5000);
    check_others(f);
    check_whole(f, issued);
    snprintf(backup, sizeof backup, "%s/backup", disk);
    assert_code(f->err, PCA_E_FULL, pca_region_backup_write(f->region, backup, NULL, f->err));
    assert_int_equal(access(backup, F_OK), -1);
    assert_int_equal(mount("none", disk, "none", MS_REMOUNT, "size=8m"), 0);
    goes_on(f, issued);
    close_all(f);
    assert_int_equal(umount2(disk, MNT_DETACH), 0);
}

static void pitfall_30_a_disk_without_room_for_a_region(void **state)
{
    struct fixture *f = *state;
    char disk[96], path[128], size[16];
    unsigned refused = 0;
    int rc = PCA_E_FULL;
    if (!own_mounts())
        skip();
    for (int kib = 4; rc != PCA_OK && kib <= 256; kib += 12) {
        pca_region *region = POISON;
        snprintf(size, sizeof size, "%dk", kib);
        mount_disk(f, size, disk);
        snprintf(path, sizeof path, "%s/small", disk);
        rc = pca_region_create(path, "small", f->config, &region, f->err);
        if (rc == PCA_OK) {
            pca_region_close(region);
        } else {
            assert_code(f->err, PCA_E_FULL, rc);
            assert_poisoned(region);
            assert_int_equal(access(path, F_OK), -1);
            refused++;
        }
        assert_int_equal(umount2(disk, MNT_DETACH), 0);
    }
    assert_int_equal(rc, PCA_OK);
    assert_true(refused > 2);
}

static void pitfall_30_a_limit_of_file_size(void **state)
{
    struct fixture *f = *state;
    struct rlimit was, limit;
    uint64_t issued;
    buy_units(f, 5000);
    signal(SIGXFSZ, SIG_IGN); /* as a host must that sets such a limit */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    limit = was;
    limit.rlim_cur = 600 << 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int rc = issue_until_refused(f, &issued);
    int others = pca_region_policy_set(f->region, "backdate_seconds", 61, f->err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(rc, PCA_E_FULL);
    assert_true(issued > 10 && issued < 5000);
    assert_true(others == PCA_E_FULL || others == PCA_OK);
    check_whole(f, issued);
    goes_on(f, issued);
}

static void pitfall_30_a_read_only_mount(void **state)
{
    struct fixture *f = *state;
    char disk[96];
    pca_region *region = POISON;
    pca_page *page = NULL;
    pca_blob *crl = NULL;
    if (!own_mounts())
        skip();
    pca_cert_free(issue(f, f->sub, "a.internal"));
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    onto_disk(f, "4m", disk);
    assert_int_equal(mount("none", disk, "none", MS_REMOUNT | MS_RDONLY, NULL), 0);
    int rc = pca_region_open(f->path, f->config, &region, f->err);
    assert_true(rc == PCA_E_READ_ONLY || rc == PCA_E_PERMISSION);
    assert_poisoned(region);
    pca_config *config = config_new(f);
    assert_ok(NULL, pca_config_set_read_only(config));
    open_all(f, config);
    pca_config_free(config);
    assert_ok(f->err, pca_region_find_certs(f->region, NULL, &page, f->err));
    assert_int_equal(pca_page_count(page), 1);
    pca_page_free(page);
    assert_ok(f->err, pca_ca_crl_get(pca_sub_ca(f->sub), PCA_FORMAT_DER, &crl, f->err));
    pca_blob_free(crl);
    assert_ok(f->err, pca_region_check(f->region, f->err));
    assert_code(f->err, PCA_E_READ_ONLY, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    assert_code(f->err, PCA_E_READ_ONLY, pca_region_policy_set(f->region, "backdate_seconds", 61, f->err));
    close_all(f);
    assert_int_equal(umount2(disk, MNT_DETACH), 0);
}

/* ---- Descriptors ---- */

static void pitfall_30_no_descriptors(void **state)
{
    struct fixture *f = *state;
    struct rlimit was, limit;
    const char *other = file_path(f, "other"), *backup = file_path(f, "backup");
    pca_region *region = POISON;
    pca_request *r = request_new_server("a.internal");
    int next = dup(0);
    assert_true(next > 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    for (int spare = 0; spare < 4; spare++) {
        pca_cert *cert = NULL;
        limit = was;
        limit.rlim_cur = (rlim_t)(next + spare);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        int made = pca_region_create(other, "other", f->config, &region, f->err);
        int issued = pca_sub_request(f->sub, r, &cert, NULL); /* an open region needs no further one */
        int backed = pca_region_backup_write(f->region, backup, NULL, NULL);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
        pca_cert_free(cert);
        assert_int_equal(issued, PCA_OK);
        assert_true(backed == PCA_OK || backed == PCA_E_STORAGE);
        assert_true((access(backup, F_OK) == 0) == (backed == PCA_OK));
        if (made == PCA_OK) {
            pca_region_close(region);
            region = POISON;
            remove_tree(other);
        } else {
            assert_code(f->err, PCA_E_STORAGE, made);
            assert_poisoned(region);
            assert_int_equal(access(other, F_OK), -1);
        }
        remove_tree(backup);
        assert_true(spare > 0 || (made != PCA_OK && backed != PCA_OK));
    }
    pca_request_free(r);
    assert_ok(f->err, pca_region_create(other, "other", f->config, &region, f->err));
    pca_region_close(region);
}

/* ---- Killed readers ---- */

/* A child that reads and is killed: its slots in the lock file stay taken, each with a snapshot. */
static void leave_stale_readers(struct fixture *f, int readers)
{
    int ends[2];
    char octet = 1;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        MDB_env *env;
        MDB_txn *txn;
        int bad = mdb_env_create(&env) || mdb_env_set_maxdbs(env, 32) || mdb_env_set_mapsize(env, 64 << 20) ||
                  mdb_env_open(env, f->path, MDB_NOTLS, 0600);
        for (int i = 0; !bad && i < readers; i++)
            bad = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
        octet = (char)bad;
        if (write(ends[1], &octet, 1) == 1)
            pause();
        _exit(1);
    }
    assert_true(pid > 0);
    assert_int_equal(read(ends[0], &octet, 1), 1);
    close(ends[0]);
    close(ends[1]);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(octet, 0);
}

static uint64_t readers_of(struct fixture *f)
{
    pca_stat *stat = NULL;
    assert_ok(f->err, pca_region_stat(f->region, &stat, f->err));
    uint64_t readers = pca_stat_readers(stat);
    pca_stat_free(stat);
    return readers;
}

/* The region is open all the while, so that the lock file is not begun anew. At ten pages a commit, what stale readers held back would
 * fill the limit many times over. */
static void pitfall_30_stale_readers_hold_nothing_back(void **state)
{
    struct fixture *f = *state;
    pca_config *config = config_new(f);
    assert_ok(NULL, pca_config_set_map_limit(config, 2 << 20));
    close_all(f);
    open_all(f, config);
    pca_config_free(config);
    leave_stale_readers(f, 3);
    for (int i = 0; i < 600; i++)
        assert_ok(f->err, pca_region_policy_set(f->region, "backdate_seconds", 60 + i % 2, f->err));
    assert_int_equal(readers_of(f), 0);
}

/* Of 1,024 slots the dead hold 1,000: threads that read at once need more than are left. */
static void *read_often(void *argument)
{
    const struct fixture *f = argument;
    intptr_t rc = PCA_OK;
    for (int i = 0; i < 20 && rc == PCA_OK; i++) {
        pca_page *page = NULL;
        rc = pca_region_find_certs(f->region, NULL, &page, NULL);
        pca_page_free(page);
    }
    return (void *)rc;
}

static void pitfall_30_stale_readers_fill_the_table(void **state)
{
    enum { THREADS = 60 };
    struct fixture *f = *state;
    pthread_t thread[THREADS];
    leave_stale_readers(f, 1000);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, read_often, f), 0);
    for (int i = 0; i < THREADS; i++) {
        void *rc;
        pthread_join(thread[i], &rc);
        assert_int_equal((intptr_t)rc, PCA_OK);
    }
    pca_cert_free(issue(f, f->sub, "a.internal"));
    pca_region *second = NULL;
    close_all(f);
    assert_ok(f->err, pca_region_open(f->path, f->config, &second, f->err)); /* opening clears them */
    f->region = second;
    assert_true(readers_of(f) < 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(pitfall_30_a_full_disk),
        TEST(pitfall_30_a_disk_without_room_for_a_region),
        TEST_ECC(pitfall_30_a_limit_of_file_size),
        TEST_ECC(pitfall_30_no_descriptors),
        TEST_ECC(pitfall_30_a_read_only_mount),
        TEST_ECC(pitfall_30_stale_readers_hold_nothing_back),
        TEST_ECC(pitfall_30_stale_readers_fill_the_table),
    };
    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
