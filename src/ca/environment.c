#include "ca/environment.h"

#include <pthread.h>
#include <string.h>

#include "base/memory.h"

#define STRETCH_ROUNDS 600000
#define STRETCH_ROUNDS_MAX 100000000
#define SALT_SIZE 16
#define SEQUENCE_BLOCK 1024
/* A sequence is five octets of the serial number. */
#define SEQUENCE_END (UINT64_C(1) << 40)

struct environment {
    struct store *store;
    struct keyring *keyring;
    pthread_mutex_t lock;
    uint64_t next, end; /* reserved and unused sequences */
    uint64_t spare;     /* the first of a further block; 0: none */
    int reserving;      /* a thread is at it */
};

static struct slice storage_associated(void)
{
    return pcai_slice_text("pca region key 1");
}

static struct slice proof_associated(void)
{
    return pcai_slice_text("pca region proof 1");
}

int pcai_region_key_make(struct random *random, uint8_t region_key[PCAI_SEAL_KEY], pca_error *err)
{
    return pcai_random_bytes(random, region_key, PCAI_SEAL_KEY, err);
}

/* The key that wraps the region key. */
static int wrapping_key(const struct storage_key *given, const struct storage_record *record, uint8_t key[PCAI_SEAL_KEY],
                        pca_error *err)
{
    if (given->kind == STORAGE_PASSPHRASE)
        return pcai_stretch(given->secret, record->salt, (uint32_t)record->rounds, key, err);
    memcpy(key, given->secret.data, PCAI_SEAL_KEY);
    return PCA_OK;
}

/* ---- Wrapping ---- */

static int host_wrap(const pca_key_wrapper *wrapper, const uint8_t region_key[PCAI_SEAL_KEY], struct buf *sealed, pca_error *err)
{
    size_t size = 0;
    uint8_t *to = pcai_buf_grow(sealed, PCA_WRAPPED_MAX);
    if (!to)
        return pcai_no_memory(err);
    int rc = wrapper->wrap(wrapper->context, region_key, PCAI_SEAL_KEY, to, PCA_WRAPPED_MAX, &size, err);
    if (rc != PCA_OK)
        return pcai_fail_host(err, rc, PCA_E_DEVICE, "region", "key_wrapper");
    if (size == 0 || size > PCA_WRAPPED_MAX)
        return pcai_fail(err, PCA_E_DEVICE, "region", "key_wrapper", "the host wrapped the region key in %zu octets; 1 to %d are possible", size, PCA_WRAPPED_MAX);
    sealed->size = size;
    return PCA_OK;
}

static int wrap(const struct storage_key *given, struct random *random, const uint8_t region_key[PCAI_SEAL_KEY],
                const struct storage_record *record, struct buf *sealed, pca_error *err)
{
    uint8_t key[PCAI_SEAL_KEY];
    if (given->kind == STORAGE_WRAPPER)
        return host_wrap(given->wrapper, region_key, sealed, err);
    if (given->kind == STORAGE_PLAIN) {
        pcai_buf_put(sealed, region_key, PCAI_SEAL_KEY);
        return pcai_buf_check(sealed, err);
    }
    int rc = wrapping_key(given, record, key, err);
    if (rc == PCA_OK)
        rc = pcai_seal(key, random, storage_associated(), pcai_slice(region_key, PCAI_SEAL_KEY), sealed, err);
    pcai_wipe(key, sizeof key);
    return rc;
}

int pcai_region_key_wrap(const struct storage_key *given, struct random *random, const uint8_t region_key[PCAI_SEAL_KEY],
                         struct storage_record *record, struct buf *work, pca_error *err)
{
    struct buf sealed = {0}, proof = {0};
    uint8_t salt[SALT_SIZE];
    size_t salt_size = given->kind == STORAGE_PASSPHRASE ? SALT_SIZE : 0;
    int rc = pcai_random_bytes(random, salt, sizeof salt, err);
    *record = (struct storage_record){.kind = given->kind, .salt = {salt, salt_size}, .rounds = salt_size ? STRETCH_ROUNDS : 0};
    if (rc == PCA_OK)
        rc = wrap(given, random, region_key, record, &sealed, err);
    if (rc == PCA_OK)
        rc = pcai_seal(region_key, random, proof_associated(), pcai_slice(NULL, 0), &proof, err);
    pcai_buf_put(work, salt, salt_size);
    pcai_buf_slice(work, pcai_buf_view(&sealed));
    pcai_buf_slice(work, pcai_buf_view(&proof));
    if (rc == PCA_OK)
        rc = sealed.failed || proof.failed ? pcai_no_memory(err) : pcai_buf_check(work, err);
    if (rc == PCA_OK) {
        record->salt.data = work->data;
        record->region_key = pcai_slice(work->data + salt_size, sealed.size);
        record->proof = pcai_slice(work->data + salt_size + sealed.size, proof.size);
    }
    pcai_buf_free(&sealed);
    pcai_buf_free(&proof);
    return rc;
}

/* ---- Unwrapping ---- */

static int host_unwrap(const pca_key_wrapper *wrapper, struct slice wrapped, struct buf *region_key, pca_error *err)
{
    uint8_t *to = pcai_buf_grow(region_key, PCAI_SEAL_KEY);
    if (!to)
        return pcai_no_memory(err);
    int rc = wrapper->unwrap(wrapper->context, wrapped.data, wrapped.size, to, PCAI_SEAL_KEY, err);
    return rc == PCA_OK ? rc : pcai_fail_host(err, rc, PCA_E_LOCKED, "region", "key_wrapper");
}

static const char *kind_held(uint64_t kind)
{
    static const char *const texts[] = {"stored plain", "sealed by a key", "sealed by a passphrase", "wrapped by the host"};
    return kind >= STORAGE_PLAIN && kind <= STORAGE_WRAPPER ? texts[kind - 1] : "kept in a way that is not known here";
}

static const char *kind_given(enum storage_kind kind)
{
    static const char *const texts[] = {"no storage key", "a key", "a passphrase", "a key wrapper"};
    return texts[kind - 1];
}

static int wrong_key(enum storage_kind kind, pca_error *err)
{
    static const char *const fields[] = {"insecure_plain_keys", "key", "passphrase", "key_wrapper"};
    return pcai_fail(err, PCA_E_LOCKED, NULL, fields[kind - 1], "the storage key does not open this region");
}

static int unwrap(const struct storage_key *given, const struct storage_record *record, struct buf *region_key, pca_error *err)
{
    uint8_t key[PCAI_SEAL_KEY];
    struct buf nothing = {0};
    if (record->kind != given->kind)
        return pcai_fail(err, PCA_E_LOCKED, NULL, "config", "the region's private keys are %s, and the configuration gives %s", kind_held(record->kind),
                         kind_given(given->kind));
    if (record->rounds > STRETCH_ROUNDS_MAX)
        return pcai_fail(err, PCA_E_CORRUPT, NULL, "storage", "the store asks for more than %d rounds of PBKDF2", STRETCH_ROUNDS_MAX);
    int rc = PCA_OK;
    if (record->kind == STORAGE_PLAIN) {
        pcai_buf_slice(region_key, record->region_key);
        rc = pcai_buf_check(region_key, err);
    } else if (record->kind == STORAGE_WRAPPER) {
        rc = host_unwrap(given->wrapper, record->region_key, region_key, err);
    } else {
        rc = wrapping_key(given, record, key, err);
        if (rc == PCA_OK)
            rc = pcai_unseal(key, storage_associated(), record->region_key, region_key, err);
        pcai_wipe(key, sizeof key);
    }
    if (rc == PCA_OK && region_key->size != PCAI_SEAL_KEY)
        rc = pcai_fail(err, PCA_E_CORRUPT, NULL, "storage", "the region key is not %d octets", PCAI_SEAL_KEY);
    if (rc == PCA_OK)
        rc = pcai_unseal(region_key->data, proof_associated(), record->proof, &nothing, err);
    pcai_buf_free(&nothing);
    return rc == PCA_E_LOCKED && record->kind != STORAGE_WRAPPER ? wrong_key(given->kind, err) : rc;
}

/* The storage record is copied out of its transaction: stretching a passphrase takes long. */
static int prove(struct store *store, const struct storage_key *given, struct buf *region_key, pca_error *err)
{
    struct txn *txn = NULL;
    struct storage_record record;
    struct row_key key = pcai_key_text("storage");
    struct buf work = {0};
    int rc = pcai_txn_read(store, &txn, err);
    if (rc == PCA_OK)
        rc = pcai_record_get(txn, &pcai_storage_type, pcai_row_key_view(&key), &record, err);
    if (rc == PCA_E_NOT_FOUND && txn)
        rc = pcai_fail(err, PCA_E_CORRUPT, NULL, NULL, "the store has no storage key record: its creation was cut short");
    if (rc == PCA_OK) {
        pcai_buf_slice(&work, record.salt);
        pcai_buf_slice(&work, record.region_key);
        pcai_buf_slice(&work, record.proof);
        rc = pcai_buf_check(&work, err);
    }
    pcai_txn_abort(txn);
    if (rc == PCA_OK) {
        record.salt.data = work.data;
        record.region_key.data = work.data + record.salt.size;
        record.proof.data = work.data + record.salt.size + record.region_key.size;
        rc = unwrap(given, &record, region_key, err);
    }
    pcai_buf_free(&work);
    return rc;
}

static int make(struct store *store, void *region_key, void **attachment, pca_error *err)
{
    struct environment *env = pcai_alloc(sizeof *env);
    if (!env)
        return pcai_no_memory(err);
    env->store = store;
    int rc = pcai_keyring_new(region_key, &env->keyring, err);
    if (rc == PCA_OK && pthread_mutex_init(&env->lock, NULL) != 0) {
        pcai_keyring_free(env->keyring);
        rc = pcai_no_memory(err);
    }
    if (rc != PCA_OK) {
        pcai_free(env);
        return rc;
    }
    *attachment = env;
    return PCA_OK;
}

static void destroy(void *attachment, int forked)
{
    struct environment *env = attachment;
    pcai_keyring_free(env->keyring);
    if (!forked)
        pthread_mutex_destroy(&env->lock);
    pcai_free(env);
}

int pcai_environment_open(struct store *store, const struct storage_key *given, struct environment **env, pca_error *err)
{
    struct buf region_key = {0};
    void *attachment = NULL;
    int rc = prove(store, given, &region_key, err);
    if (rc == PCA_OK)
        rc = pcai_store_attach(store, make, destroy, region_key.data, &attachment, err);
    if (rc == PCA_OK)
        *env = attachment;
    pcai_buf_free(&region_key);
    return rc;
}

struct store *pcai_environment_store(const struct environment *env)
{
    return env->store;
}

struct keyring *pcai_environment_keyring(const struct environment *env)
{
    return env->keyring;
}

int pcai_sequence_reserve(struct txn *txn, uint64_t *first, pca_error *err)
{
    struct row_key key = pcai_key_text("sequence");
    struct sequence_record record;
    int rc = pcai_record_get(txn, &pcai_sequence_type, pcai_row_key_view(&key), &record, err);
    if (rc == PCA_E_NOT_FOUND) /* to begin again would give serial numbers out twice */
        return pcai_fail(err, PCA_E_CORRUPT, "region", "sequence", "the record of the serial numbers that were given out is missing");
    if (rc != PCA_OK)
        return rc;
    if (record.next > SEQUENCE_END - SEQUENCE_BLOCK)
        return pcai_fail(err, PCA_E_FULL, NULL, "sequence", "all 2^40 serial numbers of the region have been used");
    *first = record.next;
    record.next += SEQUENCE_BLOCK;
    return pcai_record_put(txn, &pcai_sequence_type, pcai_row_key_view(&key), &record, err);
}

/* Under the environment's lock. */
static int take(struct environment *env, uint64_t *sequence, int *low)
{
    if (env->next == env->end && env->spare) {
        env->next = env->spare;
        env->end = env->spare + SEQUENCE_BLOCK;
        env->spare = 0;
    }
    if (env->next == env->end)
        return 0;
    *sequence = env->next++;
    *low = !env->reserving && !env->spare && env->end - env->next <= SEQUENCE_BLOCK / 2;
    env->reserving |= *low;
    return 1;
}

void pcai_sequence_reserved(struct environment *env, uint64_t first)
{
    pthread_mutex_lock(&env->lock);
    env->reserving = 0;
    if (first)
        env->spare = first;
    pthread_mutex_unlock(&env->lock);
}

struct reservation {
    struct change change;
    uint64_t first;
};

static int reserve(struct txn *txn, struct change *change, pca_error *err)
{
    struct reservation *r = (struct reservation *)change;
    return pcai_sequence_reserve(txn, &r->first, err);
}

int pcai_sequence_take(struct environment *env, uint64_t *sequence, int *low, pca_error *err)
{
    for (;;) {
        pthread_mutex_lock(&env->lock);
        int found = take(env, sequence, low);
        pthread_mutex_unlock(&env->lock);
        if (found)
            return PCA_OK;
        struct reservation r = {.change = {reserve, 1}};
        int rc = pcai_store_commit(env->store, &r.change, err);
        if (rc != PCA_OK)
            return rc;
        pthread_mutex_lock(&env->lock);
        if (env->next == env->end) { /* else another thread was faster, and this block is burnt */
            env->next = r.first;
            env->end = r.first + SEQUENCE_BLOCK;
        }
        pthread_mutex_unlock(&env->lock);
    }
}
