/*
 * Power cuts and disks that fail. A worker is killed at each write that it makes to its store, or its writes are lost as a disk
 * loses them, or fail; then the region is opened and everything that the worker was told is done must be so.
 *
 * PCA_CRASH_ROUNDS: how many rounds the random tests make (default 40; the suite long asks for 2,500 each).
 */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pca/pca.h>

#include "crash.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define SAID_MAX 512

extern char **environ;
static const char *worker, *shim;
static char base[64], made[80], path[80], tracing[80];
static unsigned rounds = 40;
static int asked_for_all;
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed % below;
}

/* ---- The worker, and what it said ---- */

struct said {
    int region, done, backup;
    uint64_t crl[3]; /* the highest number of each key generation */
    size_t certs, revoked, deleted;
    struct {
        uint64_t id;
        char serial[48];
    } cert[SAID_MAX];
    char revoked_serial[SAID_MAX][48], deleted_serial[SAID_MAX][48];
};

static void read_line(struct said *said, const char *line)
{
    uint64_t number;
    char serial[48];
    if (sscanf(line, "cert %" SCNu64 " %47s", &number, serial) == 2 && said->certs < SAID_MAX) {
        said->cert[said->certs].id = number;
        strcpy(said->cert[said->certs++].serial, serial);
    } else if (sscanf(line, "revoked %47s", serial) == 1 && said->revoked < SAID_MAX) {
        strcpy(said->revoked_serial[said->revoked++], serial);
    } else if (sscanf(line, "deleted %47s", serial) == 1 && said->deleted < SAID_MAX) {
        strcpy(said->deleted_serial[said->deleted++], serial);
    } else if ((sscanf(line, "crl1 %" SCNu64, &number) == 1 || sscanf(line, "crl2 %" SCNu64, &number) == 1) && number > said->crl[line[3] - '0']) {
        said->crl[line[3] - '0'] = number;
    }
    said->region |= strcmp(line, "region") == 0;
    said->backup |= strcmp(line, "backup") == 0;
    said->done |= strcmp(line, "done") == 0;
}

/* Whole lines only: half a line was not said. */
static void read_lines(struct said *said, char *text)
{
    for (char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        *end = 0;
        read_line(said, text);
    }
}

static char *env_text(const char *name, const char *value)
{
    char *text = malloc(strlen(name) + strlen(value) + 2);
    assert_non_null(text);
    sprintf(text, "%s=%s", name, value);
    return text;
}

/* The worker's status as waitpid gives it. setting: PCA_SHIM_..., or NULL for no shim. */
static int run_worker(const char *job, const char *setting, const char *value, struct said *said)
{
    char *argv[] = {(char *)worker, path, (char *)job, NULL}, *envp[128], text[32768];
    size_t n = 0, used = 0;
    int ends[2], status;
    pid_t pid;
    for (char **e = environ; *e && n < 120; e++)
        if (strncmp(*e, "LD_PRELOAD=", 11) != 0 && strncmp(*e, "PCA_SHIM_", 9) != 0)
            envp[n++] = *e;
    char *preload = env_text("LD_PRELOAD", shim), *asked = setting ? env_text(setting, value) : NULL;
    if (setting) {
        envp[n++] = preload;
        envp[n++] = asked;
    }
    envp[n] = NULL;
    memset(said, 0, sizeof *said);
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    assert_int_equal(posix_spawn(&pid, worker, &actions, NULL, argv, envp), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    for (ssize_t got; used < sizeof text - 1 && (got = read(ends[0], text + used, sizeof text - 1 - used)) > 0;)
        used += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    text[used] = 0;
    read_lines(said, text);
    free(preload);
    free(asked);
    return status;
}

static void shell(const char *format, ...)
{
    char command[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static void clean(void)
{
    shell("rm -rf '%s' '%s.backup' '%s'/r.??????", path, path, base);
}

/* A copy of the region that is there at the start. */
static void fresh(void)
{
    clean();
    shell("cp -r '%s' '%s'", made, path);
}

/* ---- The verdict ---- */

static void must(const char *what, int rc, const pca_error *err, const char *round)
{
    if (rc != PCA_OK)
        fail_msg("%s: %s: %s, %s: %s", round, what, pca_code_name(rc), pca_error_object(err), pca_error_message(err));
}

static int listed(const char serials[][48], size_t count, const char *serial)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(serials[i], serial) == 0)
            return 1;
    return 0;
}

static void check_certs(const struct said *said, pca_region *region, pca_error *err, const char *round)
{
    for (size_t i = 0; i < said->certs; i++) {
        pca_cert *cert = NULL;
        for (size_t j = 0; j < i; j++)
            if (strcmp(said->cert[i].serial, said->cert[j].serial) == 0)
                fail_msg("%s: the serial number %s was given out twice", round, said->cert[i].serial);
        int rc = pca_region_cert_get(region, said->cert[i].id, &cert, err);
        int deleted = listed(said->deleted_serial, said->deleted, said->cert[i].serial);
        if (deleted && rc != PCA_E_NOT_FOUND)
            fail_msg("%s: a deleted certificate is there", round);
        if (deleted)
            continue;
        if (rc == PCA_E_NOT_FOUND && listed(said->revoked_serial, said->revoked, said->cert[i].serial))
            continue; /* its deletion was under way */
        must("a certificate that was handed out", rc, err, round);
        if (strcmp(pca_cert_serial(cert), said->cert[i].serial) != 0)
            fail_msg("%s: the certificate has another serial number", round);
        if (listed(said->revoked_serial, said->revoked, said->cert[i].serial) && pca_cert_status(cert) != PCA_STATUS_REVOKED)
            fail_msg("%s: the revoked certificate is not revoked", round);
        pca_cert_free(cert);
    }
}

/* Serial numbers of a DER CRL are searched as octets: INTEGER with 16 octets. */
static int on_crl(const pca_blob *crl, const char *serial)
{
    uint8_t want[2 + 24] = {2};
    size_t size = strlen(serial) / 2;
    for (size_t i = 0; i < size; i++) {
        unsigned octet;
        if (sscanf(serial + 2 * i, "%2x", &octet) != 1)
            return 0;
        want[2 + i] = (uint8_t)octet;
    }
    want[1] = (uint8_t)size;
    for (size_t i = 0; i + size + 2 <= pca_blob_size(crl); i++)
        if (memcmp(pca_blob_data(crl) + i, want, size + 2) == 0)
            return 1;
    return 0;
}

static void check_crls(const struct said *said, const pca_ca *ca, pca_error *err, const char *round)
{
    uint64_t number = 0;
    must("the next CRL", pca_ca_crl_make(ca, err), err, round);
    for (uint64_t g = 1; g <= pca_ca_generation(ca); g++) {
        must("its number", pca_ca_crl_info_at(ca, g, &number, NULL, NULL, NULL, err), err, round);
        if (number <= said->crl[g])
            fail_msg("%s: CRL number %" PRIu64 " after %" PRIu64, round, number, said->crl[g]);
    }
    pca_blob *crl[2] = {NULL, NULL};
    must("the CRL", pca_ca_crl_get_at(ca, 1, PCA_FORMAT_DER, &crl[0], err), err, round);
    if (pca_ca_generation(ca) == 2)
        must("the second key's CRL", pca_ca_crl_get_at(ca, 2, PCA_FORMAT_DER, &crl[1], err), err, round);
    for (size_t i = 0; i < said->revoked; i++)
        if (!on_crl(crl[0], said->revoked_serial[i]) && !(crl[1] && on_crl(crl[1], said->revoked_serial[i])))
            fail_msg("%s: the revoked %s is not on the CRL", round, said->revoked_serial[i]);
    pca_blob_free(crl[0]);
    pca_blob_free(crl[1]);
}

/* The region works on: it issues, and its serial number is new. */
static void check_issue(const struct said *said, const pca_sub *sub, pca_error *err, const char *round)
{
    pca_request *r = pca_request_new();
    pca_cert *cert = NULL;
    pca_request_set_type(r, PCA_CERT_SERVER);
    pca_request_set_common_name(r, "after.internal");
    pca_request_set_years(r, 1);
    must("a request", pca_sub_request(sub, r, &cert, err), err, round);
    for (size_t i = 0; i < said->certs; i++)
        if (strcmp(said->cert[i].serial, pca_cert_serial(cert)) == 0 || said->cert[i].id == pca_cert_id(cert))
            fail_msg("%s: the serial number %s comes again", round, pca_cert_serial(cert));
    pca_cert_free(cert);
    pca_request_free(r);
}

static void check_enabled(const struct said *said, pca_region *region, pca_error *err, const char *round)
{
    pca_sub *sub = NULL;
    int rc = pca_region_sub_get(region, 2, &sub, err);
    if (rc == PCA_E_NOT_FOUND && said->certs == 0)
        return;
    must("the subordinate", rc, err, round);
    if (pca_ca_state(pca_sub_ca(sub)) == PCA_CA_ENABLED) {
        check_crls(said, pca_sub_ca(sub), err, round);
        check_issue(said, sub, err, round);
    } else if (said->certs) {
        fail_msg("%s: the subordinate is not enabled", round);
    }
    pca_sub_free(sub);
}

static pca_config *config(void)
{
    pca_config *c = pca_config_new();
    assert_int_equal(pca_config_set_key(c, (const uint8_t *)KEY, 32), PCA_OK);
    return c;
}

/* 1: there is no region, and none was promised. */
static int judge(const struct said *said, const char *round)
{
    pca_config *c = config();
    pca_error *err = pca_error_new();
    pca_region *region = NULL;
    int rc = pca_region_open(path, c, &region, err);
    int none = !said->region && (rc == PCA_E_NOT_FOUND || (rc == PCA_E_CORRUPT && strstr(pca_error_message(err), "cut short")));
    if (!none) {
        must("open", rc, err, round);
        must("check", pca_region_check(region, err), err, round);
        check_certs(said, region, err, round);
        check_enabled(said, region, err, round);
        must("check after all", pca_region_check(region, err), err, round);
    }
    pca_region_close(region);
    if (said->backup) {
        char beside[100], restored[100];
        snprintf(beside, sizeof beside, "%s.backup", path);
        snprintf(restored, sizeof restored, "%s.backup.region", path);
        must("restore", pca_region_restore_read(restored, beside, c, NULL, &region, err), err, round);
        pca_region_close(region);
        shell("rm -rf '%s'", restored);
    }
    pca_config_free(c);
    pca_error_free(err);
    return none;
}

/* ---- Killed ---- */

static void kill_at_each_write(const char *job, int from_scratch, unsigned step)
{
    struct said said;
    char value[24], round[64];
    unsigned killed = 0;
    for (unsigned n = 1;; n += step) {
        if (from_scratch)
            clean();
        else
            fresh();
        snprintf(value, sizeof value, "%u", n);
        snprintf(round, sizeof round, "%s killed at write %u", job, n);
        int status = run_worker(job, "PCA_SHIM_KILL", value, &said);
        judge(&said, round);
        if (!WIFSIGNALED(status)) {
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !said.done)
                fail_msg("%s: the worker ended with %x and was not killed", round, status);
            break;
        }
        if (said.done)
            fail_msg("%s: the worker was killed after it was done", round);
        killed++;
    }
    print_message("%s: killed %u times\n", job, killed);
    assert_true(killed >= 10);
}

static void pitfall_22_killed_while_creating(void **state)
{
    (void)state;
    kill_at_each_write("create", 1, 1);
}

static void pitfall_22_killed_at_each_write(void **state)
{
    (void)state;
    kill_at_each_write("work", 0, 1);
}

/* Every third, where not all is asked for. */
static void pitfall_22_killed_at_writes_of_others_work(void **state)
{
    (void)state;
    kill_at_each_write("more", 0, asked_for_all ? 1 : 3);
}

static void pitfall_22_killed_among_threads(void **state)
{
    struct said said;
    char value[24], round[64];
    unsigned killed = 0;
    (void)state;
    for (unsigned i = 0; i < rounds; i++) {
        fresh();
        snprintf(value, sizeof value, "%u", (unsigned)draw(120) + 1);
        snprintf(round, sizeof round, "threads killed at write %s", value);
        killed += WIFSIGNALED(run_worker("threads", "PCA_SHIM_KILL", value, &said)) != 0;
        judge(&said, round);
    }
    assert_true(killed > rounds / 4);
}

/* ---- Failing ---- */

/* One write fails: the worker hears of it or not at all, and nothing that it was told is untrue. */
static void pitfall_30_writes_that_fail(void **state)
{
    static const int errors[] = {ENOSPC, EIO, EDQUOT};
    struct said said;
    char value[32], round[64];
    unsigned refused = 0;
    (void)state;
    for (unsigned n = 1; n < 400; n += 1 + (unsigned)draw(400 / rounds + 1)) {
        fresh();
        snprintf(value, sizeof value, "%u,%d%s", n, errors[n % 3], n % 2 ? "+" : "");
        snprintf(round, sizeof round, "write %s fails", value);
        int status = run_worker("work", "PCA_SHIM_FAIL", value, &said);
        if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
            fail_msg("%s: the worker ended with %x", round, status);
        judge(&said, round);
        refused += WEXITSTATUS(status) == 1;
        if (said.done && !strchr(value, '+'))
            break;
    }
    assert_true(refused >= 5);
}

/* ---- Lost ---- */

struct event {
    struct trace_head head;
    const uint8_t *data;
};

static size_t read_trace(const uint8_t *data, size_t size, struct event *events, size_t most)
{
    size_t n = 0;
    for (size_t at = 0; at + sizeof events->head <= size && n < most; n++) {
        memcpy(&events[n].head, data + at, sizeof events[n].head);
        events[n].data = data + at + sizeof events[n].head;
        at += sizeof events[n].head + events[n].head.size;
    }
    return n;
}

static uint8_t *read_file(const char *name, size_t *size)
{
    struct stat st;
    int fd = open(name, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    uint8_t *data = malloc((size_t)st.st_size + 1);
    assert_non_null(data);
    assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
    close(fd);
    *size = (size_t)st.st_size;
    return data;
}

static void put(int fd, const struct event *e)
{
    assert_int_equal(pwrite(fd, e->data, e->head.size, (off_t)e->head.offset), (ssize_t)e->head.size);
}

/* The disk at one moment: what was synced before it, and of the rest each write or none of it as chance has it. What the worker
 * said until then was said. */
static void disk_at(const struct event *events, size_t moment, struct said *said)
{
    char file[100];
    size_t synced = 0;
    fresh();
    snprintf(file, sizeof file, "%s/data.mdb", path);
    int fd = open(file, O_WRONLY);
    assert_true(fd >= 0);
    for (size_t i = 0; i < moment; i++)
        if (events[i].head.kind == TRACE_SYNC)
            synced = i;
    memset(said, 0, sizeof *said);
    for (size_t i = 0; i < moment; i++) {
        if (events[i].head.kind == TRACE_SAID) {
            char line[160];
            snprintf(line, sizeof line, "%.*s", (int)events[i].head.size, (const char *)events[i].data);
            read_lines(said, line);
        } else if (events[i].head.kind == TRACE_SYNCED_WRITE || (events[i].head.kind == TRACE_WRITE && (i < synced || draw(2)))) {
            put(fd, &events[i]);
        }
    }
    close(fd);
    said->backup = 0; /* the trace has the store alone */
}

static void pitfall_30_unsynced_writes_are_lost(void **state)
{
    enum { MOST = 20000 };
    struct said said;
    struct event *events = calloc(MOST, sizeof *events);
    size_t size;
    char round[64];
    (void)state;
    fresh();
    assert_int_equal(run_worker("work", "PCA_SHIM_TRACE", tracing, &said), 0);
    assert_true(said.done);
    uint8_t *trace = read_file(tracing, &size);
    size_t count = read_trace(trace, size, events, MOST), syncs = 0;
    for (size_t i = 0; i < count; i++)
        syncs += events[i].head.kind == TRACE_SYNC;
    assert_true(count > 50 && syncs > 10);
    size_t step = count * 2 / (rounds * 3) + 1;
    for (size_t moment = draw(step); moment <= count; moment += step) {
        snprintf(round, sizeof round, "unsynced writes lost after event %zu", moment);
        disk_at(events, moment, &said);
        judge(&said, round);
    }
    free(trace);
    free(events);
}

/* ---- Begin ---- */

static int setup(void **state)
{
    struct said said;
    const char *tmp = getenv("TMPDIR"), *asked = getenv("PCA_CRASH_ROUNDS"), *given = getenv("PCA_CRASH_SEED");
    (void)state;
    if (!tmp || strlen(tmp) > 30)
        tmp = "/tmp";
    snprintf(base, sizeof base, "%s/pca-crash-XXXXXX", tmp);
    assert_non_null(mkdtemp(base));
    snprintf(made, sizeof made, "%s/made", base);
    snprintf(path, sizeof path, "%s/r", base);
    snprintf(tracing, sizeof tracing, "%s/trace", base);
    asked_for_all = asked != NULL;
    if (asked)
        rounds = (unsigned)atoi(asked);
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)getpid() * 2654435761u + 1;
    print_message("PCA_CRASH_SEED=%" PRIu64 "\n", seed);
    assert_int_equal(run_worker("create", NULL, NULL, &said), 0);
    assert_true(said.done);
    shell("mv '%s' '%s'", path, made);
    shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout '%s.key' -out '%s.pem' -subj /CN=Old -days 3650 "
          "-addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null",
          path, path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    shell("rm -rf '%s'", base);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pitfall_22_killed_while_creating),
        cmocka_unit_test(pitfall_22_killed_at_each_write),
        cmocka_unit_test(pitfall_22_killed_at_writes_of_others_work),
        cmocka_unit_test(pitfall_22_killed_among_threads),
        cmocka_unit_test(pitfall_30_writes_that_fail),
        cmocka_unit_test(pitfall_30_unsynced_writes_are_lost),
    };
    if (argc != 3) {
        fprintf(stderr, "usage: test_crash WORKER SHIM\n");
        return 2;
    }
    worker = argv[1];
    shim = argv[2];
    return cmocka_run_group_tests_name("crash", tests, setup, teardown);
}
