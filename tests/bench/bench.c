/*
 * bench WHAT [ARGUMENT...]: one measurement, printed as lines "name value unit". tools/bench calls it and makes the ratios.
 *
 *   raw-sign SECONDS THREADS              P-256 signatures a second by mbedTLS alone, the group and its comb table kept
 *   raw-verify SECONDS THREADS            key read and signature verified, as a CSR's proof needs it
 *   raw-commit DIR OCTETS ROWS BATCH SECONDS  LMDB commits of BATCH issues, each of ROWS puts, the first of OCTETS
 *   issue DIR SECONDS THREADS csr|key|sm2  durable issues a second, one a call
 *   many DIR SECONDS THREADS BATCH csr|key  the same, BATCH a call
 *   fill DIR COUNT THREADS                issues COUNT certificates
 *   revoke DIR THREADS                    revokes all
 *   lookup DIR                            open, first look-up, look-ups by id
 *   check DIR                             pca_region_check
 *   crl DIR FILE                          makes and writes the CRL
 *   memory DIR                            private memory touched by opening, and by one issue after it
 *   sm2 SECONDS THREADS                   SM2 signatures a second by the library's own code
 *   mbedtls                               the version of mbedTLS, in one number
 *
 * DIR: a region; made if it is not there, with a root and a subordinate of P-256 (for sm2, of SM2) and units enough.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <pca/pca.h>

#include <mbedtls/version.h>

#include "base/der.h"
#include "crypto/compat.h"
#include "crypto/crypto.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define THREADS_MAX 256
#define UNITS 10000000

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

static void result(const char *name, double value, const char *unit)
{
    printf("%s %.9g %s\n", name, value, unit);
}

/* ---- Threads that count until the time is over ---- */

struct crew {
    void (*work)(void *context, struct crew *crew, unsigned long *count);
    void *context;
    atomic_int over;
};
struct member {
    struct crew *crew;
    unsigned long count;
    pthread_t thread;
};

static void *member_run(void *argument)
{
    struct member *m = argument;
    m->crew->work(m->crew->context, m->crew, &m->count);
    return NULL;
}

static double crew_rate(struct crew *crew, double seconds, int threads)
{
    static struct member members[THREADS_MAX];
    unsigned long total = 0;
    double begin = now();
    if (threads < 1 || threads > THREADS_MAX)
        stop("threads", "1 to 256");
    for (int i = 0; i < threads; i++) {
        members[i] = (struct member){.crew = crew};
        if (pthread_create(&members[i].thread, NULL, member_run, &members[i]) != 0)
            stop("threads", "cannot be made");
    }
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
    atomic_store(&crew->over, 1);
    for (int i = 0; i < threads; i++) {
        pthread_join(members[i].thread, NULL);
        total += members[i].count;
    }
    return (double)total / (now() - begin);
}

/* ---- mbedTLS alone ---- */

static int rng(void *state, unsigned char *out, size_t size)
{
    uint64_t *s = state;
    for (size_t i = 0; i < size; i++) {
        *s = *s * UINT64_C(6364136223846793005) + 1442695040888963407;
        out[i] = (uint8_t)(*s >> 56);
    }
    return 0;
}

static int sign_det(mbedtls_ecp_group *group, mbedtls_mpi *r, mbedtls_mpi *s, const mbedtls_mpi *d, const uint8_t *digest, uint64_t *state)
{
    return mbedtls_ecdsa_sign_det_ext(group, r, s, d, digest, 32, MBEDTLS_MD_SHA256, rng, state);
}

struct raw_key {
    mbedtls_ecp_group group;
    mbedtls_mpi d, r, s;
    mbedtls_ecp_point q;
    uint64_t state;
};

static void raw_key_make(struct raw_key *k)
{
    uint8_t digest[32] = {1};
    mbedtls_ecp_group_init(&k->group);
    mbedtls_mpi_init(&k->d), mbedtls_mpi_init(&k->r), mbedtls_mpi_init(&k->s);
    mbedtls_ecp_point_init(&k->q);
    k->state = 1;
    if (mbedtls_ecp_group_load(&k->group, MBEDTLS_ECP_DP_SECP256R1) || mbedtls_ecp_gen_keypair(&k->group, &k->d, &k->q, rng, &k->state) ||
        sign_det(&k->group, &k->r, &k->s, &k->d, digest, &k->state))
        stop("mbedTLS", "key");
}

static void raw_sign(void *context, struct crew *crew, unsigned long *count)
{
    struct raw_key k;
    uint8_t digest[32] = {2};
    (void)context;
    raw_key_make(&k);
    for (; !atomic_load(&crew->over); ++*count)
        if (sign_det(&k.group, &k.r, &k.s, &k.d, digest, &k.state))
            stop("mbedTLS", "sign");
}

static void raw_verify(void *context, struct crew *crew, unsigned long *count)
{
    struct raw_key k;
    uint8_t digest[32] = {2};
    (void)context;
    raw_key_make(&k);
    if (sign_det(&k.group, &k.r, &k.s, &k.d, digest, &k.state))
        stop("mbedTLS", "sign");
    for (; !atomic_load(&crew->over); ++*count) {
        mbedtls_ecp_group fresh; /* each CSR brings a key of its own */
        mbedtls_ecp_group_init(&fresh);
        if (mbedtls_ecp_group_load(&fresh, MBEDTLS_ECP_DP_SECP256R1) || mbedtls_ecdsa_verify(&fresh, digest, 32, &k.q, &k.r, &k.s))
            stop("mbedTLS", "verify");
        mbedtls_ecp_group_free(&fresh);
    }
}

/* ---- LMDB alone ---- */

static void lmdb(int rc)
{
    if (rc)
        stop("LMDB", mdb_strerror(rc));
}

/* The commit of a batch: rows appended by number, but one of each issue whose key is random. */
static void raw_commit(const char *directory, size_t octets, unsigned rows, unsigned batch, double seconds)
{
    MDB_env *env;
    MDB_dbi dbi[16];
    uint64_t sequence = 0, state = 1, issues = 0;
    uint8_t value[16384] = {0};
    lmdb(mdb_env_create(&env));
    lmdb(mdb_env_set_maxdbs(env, 16));
    lmdb(mdb_env_set_mapsize(env, (size_t)16 << 30));
    lmdb(mdb_env_open(env, directory, MDB_NOTLS, 0600));
    double begin = now();
    for (int first = 1; now() - begin < seconds; first = 0) {
        MDB_txn *txn;
        lmdb(mdb_txn_begin(env, NULL, 0, &txn));
        for (unsigned i = 0; first && i < rows; i++)
            lmdb(mdb_dbi_open(txn, (char[]){(char)('a' + i), 0}, MDB_CREATE, &dbi[i]));
        for (unsigned b = 0; b < batch; b++, issues++) {
            sequence++;
            for (unsigned i = 0; i < rows; i++) {
                uint8_t key[40] = {0};
                size_t key_size = 8;
                for (int o = 0; o < 8; o++)
                    key[o] = (uint8_t)(sequence >> (56 - 8 * o));
                if (i == 1) { /* the name row */
                    rng(&state, key, 24);
                    key_size = 24;
                }
                MDB_val k = {key_size, key}, v = {i == 0 ? octets : 48, value};
                lmdb(mdb_put(txn, dbi[i], &k, &v, 0));
            }
        }
        lmdb(mdb_txn_commit(txn));
    }
    double taken = now() - begin;
    mdb_env_close(env);
    result("commits", (double)(issues / batch) / taken, "/s");
    result("issues", (double)issues / taken, "/s");
}

/* ---- The region ---- */

static pca_error *err;
static pca_region *region;
static pca_root *root;
static pca_sub *sub;

static void need(int rc, const char *what)
{
    if (rc != PCA_OK)
        stop(what, pca_error_message(err));
}

static void make_cas(int family)
{
    pca_request *r = pca_request_new();
    need(pca_root_purchase(region, PCA_KIND_PRIVATE, family, 1200, NULL, &root, err), "purchase");
    need(pca_root_default_sub(root, &sub, err), "subordinate");
    pca_request_set_common_name(r, "Bench Root");
    pca_request_set_years(r, 100);
    need(pca_root_enable(root, r, err), "enable");
    pca_request_reset(r);
    pca_request_set_common_name(r, "Bench Issuing CA");
    pca_request_set_years(r, 50);
    pca_request_set_crl_url(r, "http://crl.bench.internal/1.crl");
    need(pca_sub_enable(sub, r, err), "enable");
    need(pca_root_purchase_certificates(root, UNITS, NULL, NULL, err), "buy");
    need(pca_root_assign(root, sub, UNITS, PCA_ANY, NULL, err), "assign");
    pca_request_free(r);
}

static void open_region(const char *directory, int family)
{
    pca_config *config = pca_config_new();
    err = pca_error_new();
    pca_config_set_key(config, (const uint8_t *)KEY, 32);
    int rc = pca_region_open(directory, config, &region, err);
    if (rc == PCA_E_NOT_FOUND) {
        need(pca_region_create(directory, "bench", config, &region, err), "create");
        make_cas(family);
    } else {
        need(rc, "open");
        need(pca_region_root_get(region, 1, &root, err), "root");
        need(pca_region_sub_get(region, 2, &sub, err), "subordinate");
    }
    pca_config_free(config);
}

static void close_region(void)
{
    pca_root_free(root);
    pca_sub_free(sub);
    pca_region_close(region);
    pca_error_free(err);
}

/* A CSR and its public key, made once by the library's own rooms. */
static struct buf csr, spki;

static void make_csr(int algorithm)
{
    struct random *random = NULL;
    struct key *key = NULL;
    struct buf info = {0}, signature = {0};
    if (pcai_random_new(NULL, 0, &random, NULL) || pcai_key_generate(algorithm, random, &key, NULL))
        stop("CSR", "key");
    pcai_buf_slice(&spki, pcai_key_public(key));
    size_t mark = pcai_der_begin(&info, DER_SEQUENCE);
    pcai_der_uint(&info, 0);
    pcai_der_put(&info, DER_SEQUENCE, pcai_slice(NULL, 0));
    pcai_buf_slice(&info, pcai_buf_view(&spki));
    pcai_der_put(&info, DER_CONTEXT_CONSTRUCTED(0), pcai_slice(NULL, 0));
    pcai_der_end(&info, mark);
    if (pcai_key_sign(key, random, pcai_buf_view(&info), &signature, NULL))
        stop("CSR", "sign");
    mark = pcai_der_begin(&csr, DER_SEQUENCE);
    pcai_buf_slice(&csr, pcai_buf_view(&info));
    static const uint8_t ecdsa_sha256[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
    pcai_buf_put(&csr, ecdsa_sha256, sizeof ecdsa_sha256);
    pcai_der_bits(&csr, pcai_buf_view(&signature), 0);
    pcai_der_end(&csr, mark);
    pcai_key_free(key);
    pcai_random_free(random);
    pcai_buf_free(&info);
    pcai_buf_free(&signature);
}

struct issuing {
    int by_csr;
    unsigned batch; /* 0: one a call */
};

static pca_request *new_request(const struct issuing *how, unsigned long number)
{
    char name[64];
    pca_request *r = pca_request_new();
    snprintf(name, sizeof name, "host-%lx-%lx.internal", (unsigned long)pthread_self() & 0xffffff, number);
    pca_request_set_type(r, PCA_CERT_SERVER);
    pca_request_set_common_name(r, name);
    pca_request_set_years(r, 1);
    int rc = how->by_csr ? pca_request_set_csr(r, csr.data, csr.size) : pca_request_set_public_key(r, spki.data, spki.size);
    if (rc != PCA_OK)
        stop("request", "key");
    return r;
}

static unsigned long issue_batch(const struct issuing *how, unsigned long number)
{
    pca_request *requests[256];
    pca_results *results = NULL;
    pca_error *mine = pca_error_new();
    for (unsigned i = 0; i < how->batch; i++)
        requests[i] = new_request(how, number + i);
    if (pca_sub_request_many(sub, (const pca_request *const *)requests, how->batch, &results, mine) != PCA_OK)
        stop("request_many", pca_error_message(mine));
    for (unsigned i = 0; i < how->batch; i++) {
        if (!pca_results_cert_at(results, i))
            stop("request_many", pca_error_message(pca_results_error_at(results, i)));
        pca_request_free(requests[i]);
    }
    pca_results_free(results);
    pca_error_free(mine);
    return how->batch;
}

static unsigned long issue_one(const struct issuing *how, unsigned long number)
{
    pca_error *mine = pca_error_new();
    pca_cert *cert = NULL;
    pca_request *r = new_request(how, number);
    if (pca_sub_request(sub, r, &cert, mine) != PCA_OK)
        stop("request", pca_error_message(mine));
    pca_cert_free(cert);
    pca_request_free(r);
    pca_error_free(mine);
    return 1;
}

static void issue(void *context, struct crew *crew, unsigned long *count)
{
    const struct issuing *how = context;
    while (!atomic_load(&crew->over))
        *count += how->batch ? issue_batch(how, *count) : issue_one(how, *count);
}

/* Counts down what is left to do. */
struct rest {
    atomic_long left;
    const struct issuing *how;
};

static void fill_some(void *context, struct crew *crew, unsigned long *count)
{
    struct rest *rest = context;
    (void)crew;
    while (atomic_fetch_sub(&rest->left, rest->how->batch) > 0)
        *count += issue_batch(rest->how, *count);
}

static void fill(long count, int threads)
{
    struct issuing how = {0, 256};
    struct rest rest = {count, &how};
    struct crew crew = {.work = fill_some, .context = &rest};
    result("fill", crew_rate(&crew, 0, threads), "/s");
}

/* ---- Look-up ---- */

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *times, size_t count)
{
    qsort(times, count, sizeof *times, by_number);
    return times[count / 2];
}

static void lookup(const char *directory)
{
    enum { COUNT = 20000 };
    static double times[COUNT];
    double begin = now();
    open_region(directory, PCA_FAMILY_ECC);
    result("open", (now() - begin) * 1e3, "ms");
    pca_stat *stat = NULL;
    need(pca_region_stat(region, &stat, err), "stat");
    uint64_t highest = pca_stat_sequence(stat), state = 7, id;
    result("octets_each", (double)(pca_stat_octets(stat) - pca_stat_free_octets(stat)) / (double)pca_stat_certs(stat), "octets");
    pca_stat_free(stat);
    size_t found = 0;
    pca_cert *cert = NULL;
    while (found < COUNT) {
        rng(&state, (unsigned char *)&id, sizeof id);
        begin = now();
        int rc = pca_region_cert_get(region, id % highest + 1, &cert, err);
        times[found] = (now() - begin) * 1e6;
        if (rc == PCA_OK) {
            found++;
            pca_cert_free(cert);
        }
    }
    result("lookup_first", times[0] / 1e3, "ms");
    result("lookup_p50", median(times, COUNT), "us");
}

/* ---- Revocation ---- */

/* By id, downwards from the highest. */
static void revoke_some(void *context, struct crew *crew, unsigned long *count)
{
    atomic_long *left = context;
    pca_error *mine = pca_error_new();
    (void)crew;
    for (long id; (id = atomic_fetch_sub(left, 1)) > 0;) {
        pca_cert *cert = NULL;
        int rc = pca_region_cert_get(region, (uint64_t)id, &cert, mine);
        if (rc == PCA_OK && pca_cert_status(cert) == PCA_STATUS_ISSUED) {
            rc = pca_cert_revoke(cert, id % 2 ? PCA_REASON_KEY_COMPROMISE : PCA_REASON_SUPERSEDED, 0, NULL, mine);
            ++*count;
        }
        if (rc != PCA_OK && rc != PCA_E_NOT_FOUND)
            stop("revoke", pca_error_message(mine));
        pca_cert_free(cert);
    }
    pca_error_free(mine);
}

static uint64_t highest_id(void)
{
    pca_stat *stat = NULL;
    need(pca_region_stat(region, &stat, err), "stat");
    uint64_t highest = pca_stat_sequence(stat);
    pca_stat_free(stat);
    return highest;
}

static void revoke_all(int threads)
{
    atomic_long left = (long)highest_id();
    struct crew crew = {.work = revoke_some, .context = &left};
    result("revoke", crew_rate(&crew, 0, threads), "/s");
}

static void check(void)
{
    double begin = now();
    need(pca_region_check(region, err), "check");
    result("check", now() - begin, "s");
}

/* ---- Memory ---- */

static double private_kb(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    char line[256];
    unsigned long total = 0, kb;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Private_Dirty: %lu kB", &kb) == 1)
            total += kb;
    if (file)
        fclose(file);
    return (double)total;
}

static void memory(const char *directory)
{
    struct issuing how = {0, 0};
    make_csr(PCA_KEY_EC_P256);
    double before = private_kb();
    open_region(directory, PCA_FAMILY_ECC);
    double opened = private_kb();
    issue_one(&how, 1);
    result("open_private", opened - before, "KB");
    result("issue_private", private_kb() - opened, "KB");
}

struct peak {
    double kb;
    atomic_int over;
};

static void *watch(void *argument)
{
    struct peak *peak = argument;
    while (!atomic_load(&peak->over)) {
        double kb = private_kb();
        peak->kb = kb > peak->kb ? kb : peak->kb;
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
    return NULL;
}

static void crl(const char *path)
{
    struct peak peak = {0};
    pthread_t watcher;
    double before = private_kb(), begin = now();
    if (pthread_create(&watcher, NULL, watch, &peak) != 0)
        stop("threads", "cannot be made");
    need(pca_ca_crl_make(pca_sub_ca(sub), err), "CRL");
    double made = now();
    need(pca_ca_crl_write(pca_sub_ca(sub), PCA_FORMAT_DER, path, err), "CRL");
    result("crl_make", made - begin, "s");
    result("crl_write", now() - made, "s");
    atomic_store(&peak.over, 1);
    pthread_join(watcher, NULL);
    result("crl_private", peak.kb - before, "KB");
}

static void sm2(void *context, struct crew *crew, unsigned long *count)
{
    struct random *random = NULL;
    struct key *key = NULL;
    struct buf signature = {0};
    uint8_t digest[32] = {1};
    (void)context;
    if (pcai_random_new(NULL, 0, &random, NULL) || pcai_key_generate(PCA_KEY_SM2, random, &key, NULL))
        stop("SM2", "key");
    for (; !atomic_load(&crew->over); ++*count) {
        pcai_buf_reset(&signature);
        if (pcai_key_sign_digest(key, random, pcai_slice(digest, 32), &signature, NULL))
            stop("SM2", "sign");
    }
    pcai_buf_free(&signature);
    pcai_key_free(key);
    pcai_random_free(random);
}

static double number(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*end || value <= 0)
        stop(text, "not a number");
    return value;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    struct crew crew = {0};
    struct issuing how = {0};
#define IS(name, arguments) (strcmp(what, name) == 0 && argc == 2 + (arguments))
    if (IS("raw-sign", 2) || IS("raw-verify", 2)) {
        crew.work = strcmp(what, "raw-sign") == 0 ? raw_sign : raw_verify;
        result(what, crew_rate(&crew, number(argv[2]), (int)number(argv[3])), "/s");
    } else if (IS("raw-commit", 5)) {
        raw_commit(argv[2], (size_t)number(argv[3]), (unsigned)number(argv[4]), (unsigned)number(argv[5]), number(argv[6]));
    } else if (IS("sm2", 2)) {
        crew.work = sm2;
        result(what, crew_rate(&crew, number(argv[2]), (int)number(argv[3])), "/s");
    } else if (IS("mbedtls", 0)) {
        result(what, MBEDTLS_VERSION_NUMBER, "-");
    } else if (IS("issue", 4) || IS("many", 5)) {
        const char *kind = argv[argc - 1];
        int is_sm2 = strcmp(kind, "sm2") == 0;
        open_region(argv[2], is_sm2 ? PCA_FAMILY_SM2 : PCA_FAMILY_ECC);
        make_csr(is_sm2 ? PCA_KEY_SM2 : PCA_KEY_EC_P256);
        how.by_csr = strcmp(kind, "csr") == 0;
        how.batch = strcmp(what, "many") == 0 ? (unsigned)number(argv[5]) : 0;
        crew.work = issue;
        crew.context = &how;
        result(what, crew_rate(&crew, number(argv[3]), (int)number(argv[4])), "/s");
        close_region();
    } else if (IS("fill", 3)) {
        open_region(argv[2], PCA_FAMILY_ECC);
        make_csr(PCA_KEY_EC_P256);
        fill((long)number(argv[3]), (int)number(argv[4]));
        close_region();
    } else if (IS("revoke", 2)) {
        open_region(argv[2], PCA_FAMILY_ECC);
        revoke_all((int)number(argv[3]));
        close_region();
    } else if (IS("lookup", 1)) {
        lookup(argv[2]);
        close_region();
    } else if (IS("check", 1)) {
        open_region(argv[2], PCA_FAMILY_ECC);
        check();
        close_region();
    } else if (IS("crl", 2)) {
        open_region(argv[2], PCA_FAMILY_ECC);
        crl(argv[3]);
        close_region();
    } else if (IS("memory", 1)) {
        memory(argv[2]);
        close_region();
    } else {
        fprintf(stderr, "usage: see the head of tests/bench/bench.c, or call tools/bench\n");
        return 2;
    }
    pcai_buf_free(&csr);
    pcai_buf_free(&spki);
    return 0;
}
