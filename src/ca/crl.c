#include "ca/crl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/memory.h"
#include "ca/certificate.h"
#include "ca/log.h"
#include "store/backup.h"
#include "x509/crl.h"

/* ---- Number: given out and durable before anything is signed with it ---- */

static uint64_t greatest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* nextUpdate never passes the certificate's end: afterwards nobody could sign the next. */
static int64_t next_update(const struct ca_record *ca, const struct generation_record *generation, int64_t this_update)
{
    int64_t next = this_update + (int64_t)ca->crl_days * PCAI_DAY;
    if (next > generation->not_after)
        next = generation->not_after;
    return next > this_update ? next : this_update + 1;
}

int pcai_crl_number(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct crl_job *job = arguments;
    struct generation_record generation;
    struct ca_cert_record cert;
    struct ca_record ca;
    int rc = pcai_clock_require_forward(cx, err);
    if (rc == PCA_OK)
        rc = pcai_ca_read(txn, cx, job->ca, &ca, err);
    if (rc == PCA_OK)
        rc = pcai_ca_require_signing(&ca, NULL, cx->now, err);
    if (rc == PCA_OK)
        rc = pcai_generation_read(txn, cx, &ca, job->generation, &generation, err);
    if (rc == PCA_OK)
        rc = pcai_ca_require_signing(&ca, &generation, cx->now, err);
    if (rc == PCA_OK)
        rc = pcai_ca_cert_read(txn, cx, &ca, job->generation, &cert, err);
    if (rc == PCA_OK)
        rc = pcai_ca_key_read(txn, &job->arena, &ca, job->generation, &job->key, err);
    if (rc != PCA_OK)
        return rc;
    job->issuer = ca;
    job->issuer.subject = pcai_arena_slice(&job->arena, ca.subject);
    job->key_id = pcai_arena_slice(&job->arena, generation.key_id);
    job->lint = (struct lint_context){.role = LINT_CRL,
                                      .issuer = pcai_arena_slice(&job->arena, cert.der),
                                      .signature_key = (int)generation.algorithm,
                                      .this_update = cx->now,
                                      .previous = generation.crl_number};
    if (job->arena.failed)
        return pcai_no_memory(err);
    job->algorithm = (int)generation.algorithm;
    job->this_update = cx->now;
    job->next_update = next_update(&ca, &generation, cx->now);
    job->number = greatest(generation.crl_counter + 1, (uint64_t)cx->now);
    job->previous = generation.crl_number;
    job->previous_log = generation.crl_log;
    job->previous_this_update = generation.crl_this_update;
    generation.crl_counter = job->number;
    return pcai_generation_put(txn, ca.id, job->generation, &generation, err);
}

/* ---- Scan: one read transaction; the entries go to an unlinked file, so that a million need no memory ---- */

/* In front of them is room for the head of any CRL of this issuer. */
#define HEAD_BESIDE_ISSUER 256

static int spool_seek(struct crl_job *job, uint64_t at, pca_error *err)
{
    return lseek(job->spool, (off_t)at, SEEK_SET) < 0 ? pcai_fail_errno(err, errno, "store", "write the entries of a CRL") : PCA_OK;
}

static int spool_new(struct crl_job *job, pca_error *err)
{
    int rc = pcai_store_spool(pcai_environment_store(job->env), &job->spool, err);
    job->entries_at = job->issuer.subject.size + HEAD_BESIDE_ISSUER;
    return rc == PCA_OK ? spool_seek(job, job->entries_at, err) : rc;
}

static int spool_write(struct crl_job *job, struct slice out, pca_error *err)
{
    size_t done = 0;
    while (done < out.size) {
        ssize_t wrote = write(job->spool, out.data + done, out.size - done);
        if (wrote < 0 && errno != EINTR)
            return pcai_fail_errno(err, errno, "store", "write the entries of a CRL");
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return PCA_OK;
}

static int flush(struct crl_job *job, struct buf *out, pca_error *err)
{
    int rc = spool_write(job, pcai_buf_view(out), err);
    pcai_buf_reset(out);
    return rc;
}

/* An entry leaves once a CRL dated after its certificate's end has borne it (RFC 5280 3.3). */
static int has_been_seen(const struct crl_job *job, const struct revocation_record *row)
{
    return job->previous && row->not_after < job->previous_this_update && row->log <= job->previous_log;
}

static int refuse(const struct crl_job *job, pca_error *err)
{
    char object[PCAI_OBJECT];
    return pcai_lint_refuse(&job->findings, pcai_ca_object(&job->issuer, object), err);
}

static int lint_entry(struct crl_job *job, struct slice entry, pca_error *err)
{
    pcai_lint_entry(&job->linted, entry, &job->findings);
    return job->findings.count ? refuse(job, err) : PCA_OK;
}

static int add_entry(struct crl_job *job, struct slice key, const struct revocation_record *row, struct buf *out, pca_error *err)
{
    size_t before = out->size;
    struct crl_entry entry = {pcai_slice(key.data + 12, key.size - 12), row->revoked_at, (int)row->reason, row->invalidity};
    if (has_been_seen(job, row))
        return PCA_OK;
    /* A revocation may have come between the number and the scan: it is on this CRL, and not dated after it. */
    if (entry.revoked_at > job->this_update)
        entry.revoked_at = job->this_update;
    if (entry.invalidity > entry.revoked_at)
        entry.invalidity = entry.revoked_at;
    pcai_crl_entry_write(out, &entry);
    if (out->failed)
        return pcai_no_memory(err);
    int rc = lint_entry(job, pcai_slice(out->data + before, out->size - before), err);
    if (rc != PCA_OK)
        return rc;
    job->entries++;
    job->entries_size += out->size - before;
    return out->size >= PCAI_CRL_PIECE ? flush(job, out, err) : PCA_OK;
}

/* Every row is looked at and the sum compared: a list with holes is never published. */
static int compare_sum(struct txn *txn, const struct crl_job *job, uint64_t count, uint64_t sum, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct generation_record generation;
    struct row_key key = pcai_key_generation(job->issuer.id, job->generation);
    int rc = pcai_record_get(txn, &pcai_generation_type, pcai_row_key_view(&key), &generation, err);
    if (rc == PCA_OK && (generation.revocations != count || generation.revocations_xor != sum))
        rc = pcai_fail(err, PCA_E_CORRUPT, pcai_ca_object(&job->issuer, object), "revocations",
                       "%llu revocations were recorded and %llu are there, or not the same; no CRL is made of them",
                       (unsigned long long)generation.revocations, (unsigned long long)count);
    return rc;
}

int pcai_crl_scan(struct txn *txn, struct crl_job *job, pca_error *err)
{
    struct row_key prefix = pcai_key_generation(job->issuer.id, job->generation);
    struct scan *scan = NULL;
    struct slice key, value;
    struct buf out = {0};
    uint64_t count = 0, sum = 0;
    int64_t time;
    int rc = spool_new(job, err);
    if (rc == PCA_OK)
        rc = pcai_lint_entries_begin(&job->linted, &job->lint, err);
    if (rc == PCA_OK)
        rc = pcai_log_end(txn, &job->log, &time, err);
    if (rc == PCA_OK)
        rc = pcai_scan_open(txn, TABLE_REVOCATION, pcai_row_key_view(&prefix), pcai_row_key_view(&prefix), &scan, err);
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        struct revocation_record row;
        rc = pcai_record_decode(&pcai_revocation_type, key, value, &row, err);
        count++;
        sum ^= pcai_record_check(value);
        if (rc == PCA_OK)
            rc = add_entry(job, key, &row, &out, err);
    }
    if (rc == PCA_E_NOT_FOUND)
        rc = compare_sum(txn, job, count, sum, err);
    if (rc == PCA_OK)
        rc = flush(job, &out, err);
    pcai_scan_close(scan);
    pcai_buf_free(&out);
    return rc;
}

/* ---- Sign: no transaction ---- */

static int spool_read(struct crl_job *job, uint64_t at, uint8_t *out, size_t size, pca_error *err)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(job->spool, out + done, size - done, (off_t)(job->entries_at + at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return pcai_fail_errno(err, got < 0 ? errno : EIO, "store", "read the entries of a CRL");
        done += (size_t)got;
    }
    return PCA_OK;
}

static int hash_entries(struct crl_job *job, struct hash *hash, pca_error *err)
{
    uint8_t *piece = pcai_alloc(PCAI_CRL_PIECE);
    int rc = piece ? PCA_OK : pcai_no_memory(err);
    for (uint64_t at = 0; rc == PCA_OK && at < job->entries_size; at += PCAI_CRL_PIECE) {
        size_t size = job->entries_size - at < PCAI_CRL_PIECE ? (size_t)(job->entries_size - at) : PCAI_CRL_PIECE;
        rc = spool_read(job, at, piece, size, err);
        if (rc == PCA_OK)
            rc = pcai_hash_update(hash, pcai_slice(piece, size), err);
    }
    pcai_free(piece);
    return rc;
}

static int hash_tbs(struct crl_job *job, const struct key *key, struct slice head, struct slice tail, uint8_t digest[PCAI_DIGEST_MAX],
                    pca_error *err)
{
    struct hash *hash = NULL;
    int rc = pcai_key_hash_new(key, &hash, err);
    if (rc == PCA_OK)
        rc = pcai_hash_update(hash, head, err);
    if (rc == PCA_OK)
        rc = hash_entries(job, hash, err);
    if (rc == PCA_OK)
        rc = pcai_hash_update(hash, tail, err);
    if (rc == PCA_OK)
        rc = pcai_hash_finish(hash, digest, err);
    pcai_hash_free(hash);
    return rc;
}

static int sign_digest(struct crl_job *job, const struct key *key, struct slice head, struct slice tail, struct buf *signature, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    int rc = hash_tbs(job, key, head, tail, digest, err);
    struct slice hash = pcai_slice(digest, pcai_digest_size(pcai_algorithm_digest(job->algorithm)));
    return rc == PCA_OK ? pcai_key_sign_digest(key, job->random, hash, signature, err) : rc;
}

/* A container that digests itself is shown the file, with head and tail put around the entries. */
static int sign_whole(struct crl_job *job, const struct key *key, struct slice head, struct slice tail, struct buf *signature, pca_error *err)
{
    uint64_t begin = job->entries_at - head.size, end = job->entries_at + job->entries_size + tail.size;
    if (head.size > job->entries_at || end > SIZE_MAX)
        return pcai_fail(err, PCA_E_INTERNAL, NULL, "crl", "a CRL of %llu octets has no room", (unsigned long long)end);
    int rc = spool_write(job, tail, err);
    if (rc == PCA_OK)
        rc = spool_seek(job, begin, err);
    if (rc == PCA_OK)
        rc = spool_write(job, head, err);
    if (rc != PCA_OK)
        return rc;
    uint8_t *map = mmap(NULL, (size_t)end, PROT_READ, MAP_PRIVATE, job->spool, 0);
    if (map == MAP_FAILED)
        return pcai_fail_errno(err, errno, "store", "map a CRL that is to be signed");
    rc = pcai_key_sign(key, job->random, pcai_slice(map + begin, (size_t)(end - begin)), signature, err);
    munmap(map, (size_t)end);
    return rc;
}

/* job->head and job->tail become all that stands before and after the entries in the whole CRL. */
int pcai_crl_sign(struct crl_job *job, pca_error *err)
{
    struct crl crl = {job->algorithm, job->issuer.subject, job->this_update, job->next_update, job->key_id, job->number};
    struct buf tbs_head = {0}, signature = {0}, signed_tail = {0};
    const struct key *key = NULL;
    pcai_crl_head_write(&tbs_head, &crl, job->entries_size);
    pcai_crl_tail_write(&job->tail, &crl);
    uint64_t tbs_size = tbs_head.size + job->entries_size + job->tail.size;
    int rc = tbs_head.failed ? pcai_no_memory(err) : pcai_buf_check(&job->tail, err);
    if (rc == PCA_OK)
        rc = pcai_lint_crl(pcai_buf_view(&tbs_head), job->entries_size, pcai_buf_view(&job->tail), &job->lint, &job->findings, err);
    if (rc == PCA_OK)
        rc = refuse(job, err);
    if (rc == PCA_OK)
        rc = pcai_ca_key_load(job->env, job->containers, job->random, &job->key, &key, err);
    if (rc == PCA_OK)
        rc = (pcai_key_wants_messages(key) ? sign_whole : sign_digest)(job, key, pcai_buf_view(&tbs_head), pcai_buf_view(&job->tail), &signature, err);
    if (rc == PCA_OK) {
        pcai_crl_signature_write(&signed_tail, &crl, pcai_buf_view(&signature));
        pcai_crl_outer_write(&job->head, tbs_size, signed_tail.size);
        pcai_buf_slice(&job->head, pcai_buf_view(&tbs_head));
        pcai_buf_slice(&job->tail, pcai_buf_view(&signed_tail));
        rc = signed_tail.failed || job->head.failed ? pcai_no_memory(err) : pcai_buf_check(&job->tail, err);
        job->size = job->head.size + job->entries_size + job->tail.size;
        job->pieces = (job->size + PCAI_CRL_PIECE - 1) / PCAI_CRL_PIECE;
    }
    pcai_buf_free(&tbs_head);
    pcai_buf_free(&signature);
    pcai_buf_free(&signed_tail);
    return rc;
}

/* ---- Pieces ---- */

/* Octets of head ‖ entries ‖ tail. */
static int read_at(struct crl_job *job, uint64_t at, uint8_t *out, size_t size, pca_error *err)
{
    while (size) {
        size_t part;
        uint64_t entries_end = job->head.size + job->entries_size;
        if (at < job->head.size) {
            part = job->head.size - (size_t)at < size ? job->head.size - (size_t)at : size;
            for (size_t i = 0; i < part; i++)
                out[i] = job->head.data[at + i];
        } else if (at < entries_end) {
            part = entries_end - at < size ? (size_t)(entries_end - at) : size;
            int rc = spool_read(job, at - job->head.size, out, part, err);
            if (rc != PCA_OK)
                return rc;
        } else {
            part = size;
            for (size_t i = 0; i < part; i++)
                out[i] = job->tail.data[at - entries_end + i];
        }
        at += part;
        out += part;
        size -= part;
    }
    return PCA_OK;
}

int pcai_crl_put_pieces(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct crl_job *job = arguments;
    uint8_t *data = pcai_alloc(PCAI_CRL_PIECE);
    int rc = data ? PCA_OK : pcai_no_memory(err);
    uint64_t index = job->next_piece;
    (void)cx;
    for (int i = 0; rc == PCA_OK && i < PCAI_CRL_PIECES_A_COMMIT && index < job->pieces; i++, index++) {
        uint64_t at = index * PCAI_CRL_PIECE;
        size_t size = job->size - at < PCAI_CRL_PIECE ? (size_t)(job->size - at) : PCAI_CRL_PIECE;
        struct row_key key = pcai_key_piece(job->issuer.id, job->generation, job->number, index);
        rc = read_at(job, at, data, size, err);
        if (rc == PCA_OK)
            rc = pcai_record_put(txn, &pcai_piece_type, pcai_row_key_view(&key), &(struct piece_record){pcai_slice(data, size)}, err);
    }
    pcai_free(data);
    return rc;
}

/* The pointer flips last. A newer CRL that was finished meanwhile stays. */
int pcai_crl_finish(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct crl_job *job = arguments;
    struct generation_record generation;
    int rc = pcai_generation_read(txn, cx, &job->issuer, job->generation, &generation, err);
    if (rc != PCA_OK || generation.crl_number > job->number)
        return rc;
    generation.crl_number = job->number;
    generation.crl_this_update = job->this_update;
    generation.crl_next_update = job->next_update;
    generation.crl_entries = job->entries;
    generation.crl_size = job->size;
    generation.crl_pieces = job->pieces;
    generation.crl_log = job->log;
    /* What came after the scan did not come before thisUpdate. */
    generation.unlisted_since = generation.unlisted_log > job->log ? job->this_update : 0;
    rc = pcai_generation_put(txn, job->issuer.id, job->generation, &generation, err);
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_CRL, &(struct log_record){.ca = job->issuer.id, .object = job->number}, err) : rc;
}

int pcai_crl_sweep(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct crl_sweep *sweep = arguments;
    struct row_key prefix = pcai_key_generation(sweep->ca, sweep->generation), found[PCAI_CRL_PIECES_A_COMMIT];
    struct scan *scan = NULL;
    struct slice key, value;
    int count = 0;
    (void)cx;
    int rc = pcai_scan_open(txn, TABLE_CRL, pcai_row_key_view(&prefix), pcai_row_key_view(&prefix), &scan, err);
    while (rc == PCA_OK && count < PCAI_CRL_PIECES_A_COMMIT && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        if (key.size != prefix.size + 12 || pcai_read_u64(key.data + prefix.size) >= sweep->below)
            break;
        found[count] = pcai_row_key();
        pcai_row_key_bytes(&found[count++], key);
    }
    pcai_scan_close(scan);
    sweep->more = rc == PCA_OK && count == PCAI_CRL_PIECES_A_COMMIT;
    if (rc == PCA_E_NOT_FOUND)
        rc = PCA_OK;
    for (int i = 0; rc == PCA_OK && i < count; i++)
        rc = pcai_delete(txn, TABLE_CRL, pcai_row_key_view(&found[i]), err);
    return rc;
}

void pcai_crl_job_free(struct crl_job *job)
{
    if (job->spool >= 0)
        close(job->spool);
    pcai_buf_free(&job->head);
    pcai_buf_free(&job->tail);
    pcai_arena_free(&job->arena);
}

/* ---- What is due ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The first is due where a CRL is looked for; the next at half the period, and after a revocation. INT64_MAX: none is. */
static int64_t due_at(const struct context *cx, const struct ca_record *ca, const struct generation_record *g)
{
    int64_t due = INT64_MAX;
    if (g->custody == CUSTODY_ELSEWHERE || pcai_ca_require_signing(ca, g, cx->now, NULL) != PCA_OK)
        return INT64_MAX;
    if (g->crl_number)
        due = g->crl_this_update + (g->crl_next_update - g->crl_this_update) / 2;
    else if (g->crl_url.size)
        due = cx->now;
    if (g->unlisted_since)
        due = earlier(due, g->unlisted_since + pcai_policy(cx, POLICY_CRL_AFTER_REVOKE_SECONDS));
    return due;
}

static int find_in_ca(struct txn *txn, struct context *cx, struct crl_due *due, pca_error *err)
{
    struct generation_record generation;
    struct ca_record ca;
    int rc = pcai_ca_read(txn, cx, due->ca, &ca, err);
    while (rc == PCA_OK && !due->found && due->generation < ca.generation) {
        rc = pcai_generation_read(txn, cx, &ca, ++due->generation, &generation, err);
        due->found = rc == PCA_OK && due_at(cx, &ca, &generation) <= cx->now;
    }
    return rc;
}

int pcai_crl_find_due(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct crl_due *due = arguments;
    struct region_record region;
    int rc = pcai_region_read(txn, &region, err);
    due->found = 0;
    while (rc == PCA_OK && due->ca < region.next_ca) {
        rc = due->ca ? find_in_ca(txn, cx, due, err) : PCA_OK;
        if (rc != PCA_OK || due->found)
            break;
        due->ca++;
        due->generation = 0;
    }
    return rc;
}

/* ---- Reading back ---- */

int pcai_crl_current(struct txn *txn, struct context *cx, uint64_t id, uint64_t *generation, struct generation_record *record, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct ca_record ca;
    int rc = pcai_ca_read(txn, cx, id, &ca, err);
    if (rc != PCA_OK)
        return rc;
    uint64_t asked = *generation ? *generation : ca.generation;
    rc = asked && asked <= ca.generation ? pcai_generation_read(txn, cx, &ca, asked, record, err) : PCA_E_NOT_FOUND;
    if (rc == PCA_E_NOT_FOUND && ca.generation)
        return pcai_fail(err, rc, pcai_ca_object(&ca, object), "generation", "the CA has key generations 1 to %d", (int)ca.generation);
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && !record->crl_number))
        return pcai_fail(err, PCA_E_NOT_FOUND, pcai_ca_object(&ca, object), "crl", "the CA has made no CRL yet");
    *generation = asked;
    return rc;
}

int pcai_crl_piece(struct txn *txn, uint64_t ca, uint64_t generation, uint64_t number, uint64_t index, struct slice *piece, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct piece_record record;
    struct row_key key = pcai_key_piece(ca, generation, number, index);
    int rc = pcai_record_get(txn, &pcai_piece_type, pcai_row_key_view(&key), &record, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, PCA_E_BUSY, pcai_object("ca", ca, object), "crl", "newer CRLs were made while this one was being read; read again");
    *piece = record.data;
    return rc;
}
