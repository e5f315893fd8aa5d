#include "api/crl.h"

#include "api/blob.h"
#include "api/file.h"
#include "api/snapshot.h"
#include "base/memory.h"
#include "crypto/crypto.h"

/* ---- Making ---- */

/* The scan alone runs in a transaction without a context: it needs neither clock nor policies. */
static int scan(struct call *call, struct crl_job *job, pca_error *err)
{
    struct txn *txn = NULL;
    int rc = pcai_txn_read(call->shell->store, &txn, err);
    if (rc == PCA_OK)
        rc = pcai_crl_scan(txn, job, err);
    pcai_txn_abort(txn);
    return rc;
}

static int make(struct call *call, struct crl_job *job, pca_error *err)
{
    int rc = pcai_call_write(call, pcai_crl_number, job, err);
    if (rc == PCA_OK)
        rc = scan(call, job, err);
    if (rc == PCA_OK)
        rc = pcai_crl_sign(job, err);
    while (rc == PCA_OK && job->next_piece < job->pieces) {
        rc = pcai_call_write(call, pcai_crl_put_pieces, job, err);
        job->next_piece += PCAI_CRL_PIECES_A_COMMIT;
    }
    if (rc == PCA_OK)
        rc = pcai_call_write(call, pcai_crl_finish, job, err);
    /* The one before stays for those who are reading it. */
    struct crl_sweep sweep = {job->ca, job->generation, job->previous, 1};
    while (rc == PCA_OK && sweep.more)
        rc = pcai_call_write(call, pcai_crl_sweep, &sweep, err);
    return rc;
}

/* The generations whose CRLs are still to be made: the present one, and those whose certificates have not all ended, unless their
 * keys are not here. */
struct generations {
    uint64_t ca, present;
    uint64_t after; /* the one made last */
    uint64_t next;
};

static int next_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct generations *g = arguments;
    struct ca_record ca;
    struct generation_record record;
    int rc = pcai_ca_read(txn, cx, g->ca, &ca, err);
    if (rc != PCA_OK)
        return rc;
    g->present = ca.generation;
    for (g->next = g->after + 1; rc == PCA_OK && g->next < g->present; g->next++) {
        rc = pcai_generation_read(txn, cx, &ca, g->next, &record, err);
        if (rc == PCA_OK && record.custody != CUSTODY_ELSEWHERE && cx->now <= record.not_after)
            break;
    }
    return rc;
}

static int make_one(struct call *call, uint64_t ca, uint64_t generation, pca_error *err)
{
    struct crl_job job = {.ca = ca, .generation = generation, .env = call->shell->env, .containers = call->shell->containers, .random = call->shell->random, .spool = -1};
    int rc = make(call, &job, err);
    pcai_crl_job_free(&job);
    return rc;
}

/* One key that is out of reach keeps no other's CRL from being made. */
static int make_all(struct call *call, uint64_t ca, pca_error *err)
{
    struct generations g = {.ca = ca};
    int first = PCA_OK;
    do {
        pca_error *why = first == PCA_OK ? err : NULL;
        int rc = pcai_call_read(call, next_rule, &g, why);
        if (rc != PCA_OK)
            return first == PCA_OK ? rc : first;
        rc = make_one(call, ca, g.next, why);
        if (first == PCA_OK)
            first = rc;
        g.after = g.next;
    } while (g.after < g.present);
    return first;
}

int pcai_crl_make_due(struct call *call, uint64_t most, uint64_t *done, pca_error *err)
{
    struct crl_due due = {0};
    int first = PCA_OK;
    *done = 0;
    while (*done < most) {
        pca_error *why = first == PCA_OK ? err : NULL;
        int rc = pcai_call_read(call, pcai_crl_find_due, &due, why);
        if (rc != PCA_OK || !due.found)
            return first == PCA_OK ? rc : first;
        rc = make_one(call, due.ca, due.generation, why);
        *done += rc == PCA_OK;
        if (first == PCA_OK)
            first = rc;
    }
    return first;
}

int pca_ca_crl_make(const pca_ca *ca, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!ca)
        return pcai_null("ca", err);
    int rc = pcai_call_begin(ca->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = make_all(&call, ca->record.id, err);
    pcai_call_end(&call);
    return rc;
}

/* ---- Reading: the sink is host code, and runs between the transactions ---- */

struct reading {
    uint64_t ca, generation, index;
    struct generation_record info;
    struct buf piece;
};

static int current_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct reading *r = arguments;
    return pcai_crl_current(txn, cx, r->ca, &r->generation, &r->info, err);
}

static int piece_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct reading *r = arguments;
    struct slice piece;
    (void)cx;
    int rc = pcai_crl_piece(txn, r->ca, r->generation, r->info.crl_number, r->index, &piece, err);
    if (rc == PCA_OK) {
        pcai_buf_slice(&r->piece, piece);
        rc = pcai_buf_check(&r->piece, err);
    }
    return rc;
}

static int feed(const pca_sink *sink, struct slice data, pca_error *err)
{
    int rc = data.size ? sink->write(sink->context, data.data, data.size, err) : PCA_OK;
    return rc == PCA_OK ? rc : pcai_fail_host(err, rc, PCA_E_CANCELLED, "call", "sink");
}

/* PEM in lines of 48 octets; what does not fill one waits in `rest`. */
static int feed_pem(const pca_sink *sink, struct buf *rest, struct slice piece, int last, pca_error *err)
{
    struct buf text = {0};
    pcai_buf_slice(rest, piece);
    size_t whole = last ? rest->size : rest->size / 48 * 48;
    for (size_t at = 0; at < whole; at += 48) {
        pcai_base64_write(&text, pcai_slice(rest->data + at, whole - at < 48 ? whole - at : 48));
        pcai_buf_octet(&text, '\n');
    }
    struct buf left = {0};
    pcai_buf_put(&left, rest->data + whole, rest->size - whole);
    int rc = rest->failed || left.failed ? pcai_no_memory(err) : pcai_buf_check(&text, err);
    pcai_buf_free(rest);
    *rest = left;
    if (rc == PCA_OK)
        rc = feed(sink, pcai_buf_view(&text), err);
    pcai_buf_free(&text);
    return rc;
}

static int stream(struct call *call, struct reading *r, int format, const pca_sink *sink, pca_error *err)
{
    struct buf rest = {0};
    int rc = pcai_call_read(call, current_rule, r, err);
    if (rc == PCA_OK && format == PCA_FORMAT_PEM)
        rc = feed(sink, pcai_slice_text("-----BEGIN X509 CRL-----\n"), err);
    for (r->index = 0; rc == PCA_OK && r->index < r->info.crl_pieces; r->index++) {
        pcai_buf_reset(&r->piece);
        rc = pcai_call_read(call, piece_rule, r, err);
        if (rc == PCA_OK && format == PCA_FORMAT_DER)
            rc = feed(sink, pcai_buf_view(&r->piece), err);
        else if (rc == PCA_OK)
            rc = feed_pem(sink, &rest, pcai_buf_view(&r->piece), r->index + 1 == r->info.crl_pieces, err);
    }
    if (rc == PCA_OK && format == PCA_FORMAT_PEM)
        rc = feed(sink, pcai_slice_text("-----END X509 CRL-----\n"), err);
    pcai_buf_free(&rest);
    pcai_buf_free(&r->piece);
    return rc;
}

int pca_ca_crl_stream_at(const pca_ca *ca, uint64_t generation, int format, const pca_sink *sink, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!ca || !sink)
        return pcai_null(ca ? "sink" : "ca", err);
    if (sink->version != PCA_SINK_VERSION || !sink->write)
        return pcai_fail(err, PCA_E_INVALID, "call", "sink", "the sink's table has another version, or no function");
    int rc = pcai_blob_check_format(format, "CRL", err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(ca->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    struct reading r = {.ca = ca->record.id, .generation = generation};
    rc = stream(&call, &r, format, sink, err);
    pcai_call_end(&call);
    return rc;
}

int pca_ca_crl_stream(const pca_ca *ca, int format, const pca_sink *sink, pca_error *err)
{
    return pca_ca_crl_stream_at(ca, 0, format, sink, err);
}

static int into_buffer(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    pcai_buf_put(context, data, size);
    return pcai_buf_check(context, err);
}

int pca_ca_crl_get_at(const pca_ca *ca, uint64_t generation, int format, pca_blob **blob, pca_error *err)
{
    struct buf whole = {0};
    pca_sink sink = {PCA_SINK_VERSION, &whole, into_buffer};
    pca_error_clear(err);
    if (!ca || !blob)
        return pcai_null(ca ? "blob" : "ca", err);
    int rc = pca_ca_crl_stream_at(ca, generation, format, &sink, err);
    if (rc == PCA_OK)
        return pcai_blob_take(&whole, blob, err);
    pcai_buf_free(&whole);
    return rc;
}

int pca_ca_crl_get(const pca_ca *ca, int format, pca_blob **blob, pca_error *err)
{
    return pca_ca_crl_get_at(ca, 0, format, blob, err);
}

static int into_file(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    return pcai_file_write(context, pcai_slice(data, size), err);
}

int pca_ca_crl_write_at(const pca_ca *ca, uint64_t generation, int format, const char *path, pca_error *err)
{
    struct staged_file file;
    pca_sink sink = {PCA_SINK_VERSION, &file, into_file};
    pca_error_clear(err);
    if (!ca || !path)
        return pcai_null(ca ? "path" : "ca", err);
    int rc = pcai_blob_check_format(format, "CRL", err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_file_stage(&file, path, 0644, err);
    if (rc == PCA_OK)
        rc = pca_ca_crl_stream_at(ca, generation, format, &sink, err);
    if (rc == PCA_OK)
        rc = pcai_file_settle(&file, err);
    if (rc == PCA_OK)
        rc = pcai_file_publish(&file, err);
    pcai_file_drop(&file);
    return rc;
}

int pca_ca_crl_write(const pca_ca *ca, int format, const char *path, pca_error *err)
{
    return pca_ca_crl_write_at(ca, 0, format, path, err);
}

int pca_ca_crl_info(const pca_ca *ca, uint64_t *number, int64_t *this_update, int64_t *next_update, uint64_t *entries, pca_error *err)
{
    return pca_ca_crl_info_at(ca, 0, number, this_update, next_update, entries, err);
}

int pca_ca_crl_info_at(const pca_ca *ca, uint64_t generation, uint64_t *number, int64_t *this_update, int64_t *next_update, uint64_t *entries, pca_error *err)
{
    pca_error_clear(err);
    if (!ca)
        return pcai_null("ca", err);
    struct reading r = {.ca = ca->record.id, .generation = generation};
    int rc = pcai_verb_read(ca->shell, current_rule, &r, err);
    if (rc != PCA_OK)
        return rc;
    if (number)
        *number = r.info.crl_number;
    if (this_update)
        *this_update = r.info.crl_this_update;
    if (next_update)
        *next_update = r.info.crl_next_update;
    if (entries)
        *entries = r.info.crl_entries;
    return PCA_OK;
}
