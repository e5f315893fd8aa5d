/*
 * A backup that was made up: each row's check value, the count of rows and the digest are made right, so that what is restored is a
 * region with any rows at all. Then it is asked for everything. Every answer will do, but for a crash.
 */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include "fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "store/record.h"

#define MAGIC 16
#define ROW 7 /* table, size of the key, size of the value */
#define T0 INT64_C(1800014400)

/* ---- The stream (docs/backup.md) ---- */

static uint64_t number(const uint8_t *at, size_t octets)
{
    uint64_t n = 0;
    for (size_t i = 0; i < octets; i++)
        n = n << 8 | at[i];
    return n;
}

static void put_number(struct buf *out, uint64_t n, int octets)
{
    while (octets-- > 0)
        pcai_buf_octet(out, (uint8_t)(n >> 8 * octets));
}

struct row {
    uint8_t table;
    struct slice key, value;
};

/* 0: there is no further whole one. */
static int next_row(struct slice *in, struct row *row)
{
    if (in->size < ROW || in->data[0] == 0)
        return 0;
    size_t key = (size_t)number(in->data + 1, 2), value = (size_t)number(in->data + 3, 4);
    if (key > in->size - ROW || value > in->size - ROW - key)
        return 0;
    *row = (struct row){in->data[0], pcai_slice(in->data + ROW, key), pcai_slice(in->data + ROW + key, value)};
    *in = pcai_slice(in->data + ROW + key + value, in->size - ROW - key - value);
    return 1;
}

/* Magic and header; 0: there are none. */
static size_t head_size(struct slice in)
{
    if (in.size < MAGIC + 4)
        return 0;
    uint64_t header = number(in.data + MAGIC, 4);
    return header > in.size - MAGIC - 4 ? 0 : MAGIC + 4 + (size_t)header;
}

static void put_row(struct buf *out, const struct row *row)
{
    static const uint8_t mark[] = {DER_OCTET_STRING, 4};
    struct der outer = pcai_der(row->value);
    struct slice contents;
    pcai_buf_octet(out, row->table);
    put_number(out, row->key.size, 2);
    put_number(out, row->value.size, 4);
    pcai_buf_slice(out, row->key);
    pcai_buf_slice(out, row->value);
    if (out->failed || pcai_der_get(&outer, DER_SEQUENCE, &contents) != 0 || contents.size < 6 ||
        memcmp(contents.data + contents.size - 6, mark, 2) != 0)
        return;
    uint32_t crc = pcai_crc32c(pcai_crc32c(0, &row->table, 1), row->key.data, row->key.size);
    crc = pcai_crc32c(crc, contents.data, contents.size - 6);
    out->size -= 4;
    put_number(out, crc, 4);
}

static void put_stream(struct slice in, struct buf *out)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    size_t head = head_size(in);
    struct slice rest = pcai_slice(in.data + head, in.size - head);
    struct row row;
    uint64_t rows = 0;
    pcai_buf_put(out, in.data, head);
    for (; next_row(&rest, &row); rows++)
        put_row(out, &row);
    put_number(out, 0, 1);
    put_number(out, rows, 8);
    must(pcai_digest(PCAI_SHA256, pcai_buf_view(out), digest, NULL) == PCA_OK);
    pcai_buf_put(out, digest, 32);
}

/* ---- One row changed ---- */

static void change_row(struct buf *out, const struct row *row, unsigned seed)
{
    size_t most = row->value.size + 256, key_most = row->key.size + 8;
    uint8_t *value = malloc(most), *key = malloc(key_most);
    must(value && key);
    memcpy(value, row->value.data, row->value.size);
    memcpy(key, row->key.data, row->key.size);
    struct row changed = *row;
    if (seed % 8 == 0)
        changed.key = pcai_slice(key, LLVMFuzzerMutate(key, row->key.size, key_most));
    else
        changed.value = pcai_slice(value, mutate_der(value, row->value.size, most, seed));
    if (seed % 16 != 1) /* dropped */
        put_row(out, &changed);
    if (seed % 16 == 2) /* beside what it was made of */
        put_row(out, row);
    free(value);
    free(key);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    struct slice in = pcai_slice(data, size);
    size_t head = head_size(in), count = 0, made = 0;
    struct slice rows = pcai_slice(data + head, size - head), rest = rows;
    struct row row;
    struct buf out = {0};
    while (next_row(&rest, &row))
        count++;
    if (head == 0 || count == 0)
        return LLVMFuzzerMutate(data, size, most);
    size_t chosen = seed / 16 % count;
    pcai_buf_put(&out, data, head);
    for (size_t i = 0; next_row(&rows, &row); i++) {
        if (i == chosen)
            change_row(&out, &row, seed);
        else
            put_row(&out, &row);
    }
    if (!out.failed && out.size <= most) {
        made = out.size;
        memcpy(data, out.data, made);
    }
    pcai_buf_free(&out);
    return made ? made : size;
}

/* ---- The region ---- */

static pca_config *config;
static pca_error *err;
static char directory[64], path[80];

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(name);
}

static void remove_tree(const char *name)
{
    nftw(name, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void end(void)
{
    pca_config_free(config);
    pca_error_free(err);
    remove_tree(directory);
}

static int now(void *context, int64_t *seconds, pca_error *error)
{
    (void)context, (void)error;
    *seconds = T0 + 86400;
    return PCA_OK;
}

static void begin(void)
{
    static const pca_clock clock = {PCA_CLOCK_VERSION, NULL, now};
    const char *tmp = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/pca-fuzz-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    must(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/region", directory);
    config = pca_config_new();
    err = pca_error_new();
    must(config && err);
    must(pca_config_set_insecure_plain_keys(config) == PCA_OK && pca_config_set_clock(config, &clock) == PCA_OK);
    atexit(end);
}

struct feed {
    struct slice rest;
};

static int feed(void *context, uint8_t *buffer, size_t size, size_t *got, pca_error *error)
{
    struct feed *f = context;
    (void)error;
    *got = size < f->rest.size ? size : f->rest.size;
    if (*got)
        memcpy(buffer, f->rest.data, *got);
    f->rest = pcai_slice(f->rest.data + *got, f->rest.size - *got);
    return PCA_OK;
}

static int drain(void *context, const uint8_t *data, size_t size, pca_error *error)
{
    (void)context, (void)data, (void)size, (void)error;
    return PCA_OK;
}

/* ---- Asking ---- */

static void ask_cert(const pca_cert *cert)
{
    pca_blob *blob = NULL;
    pca_files *files = NULL;
    for (uint64_t i = 0; i < pca_cert_san_count(cert); i++)
        must(pca_cert_san_at(cert, i));
    for (uint64_t i = 0; i < pca_cert_tag_count(cert); i++)
        must(pca_cert_tag_at(cert, i));
    for (uint64_t i = 0; i < pca_cert_approval_count(cert); i++)
        must(pca_cert_approval_by(cert, i));
    for (uint64_t i = 0; i < pca_cert_ignored_count(cert); i++)
        must(pca_cert_ignored_at(cert, i));
    if (pca_cert_der(cert, &blob, err) == PCA_OK)
        pca_blob_free(blob);
    if (pca_cert_export(cert, PCA_FORMAT_PFX, PCA_WITH_CHAIN | PCA_WITH_ROOT, "password", &files, err) == PCA_OK)
        pca_files_free(files);
    if (pca_cert_enveloped_key(cert, &blob, err) == PCA_OK)
        pca_blob_free(blob);
}

static void ask_page(pca_page *page)
{
    for (uint64_t i = 0; i < pca_page_count(page); i++)
        if (pca_page_cert_at(page, i))
            ask_cert(pca_page_cert_at(page, i));
    pca_page_free(page);
}

static void ask_lists(pca_region *region)
{
    pca_page *page = NULL;
    pca_query *query = pca_query_new();
    pca_stat *stat = NULL;
    must(query);
    if (pca_region_find_certs(region, query, &page, err) == PCA_OK)
        ask_page(page);
    if (pca_region_find_cas(region, query, &page, err) == PCA_OK)
        ask_page(page);
    if (pca_region_ledger(region, query, &page, err) == PCA_OK)
        ask_page(page);
    if (pca_region_expiring(region, T0 + INT64_C(400) * 86400, NULL, 100, &page, err) == PCA_OK)
        ask_page(page);
    if (pca_region_reviews(region, NULL, 100, &page, err) == PCA_OK)
        ask_page(page);
    pca_query_set_changed_since(query, 3);
    if (pca_region_find_certs(region, query, &page, err) == PCA_OK)
        ask_page(page);
    pca_query_reset(query);
    pca_query_set_name_prefix(query, "a");
    if (pca_region_find_certs(region, query, &page, err) == PCA_OK)
        ask_page(page);
    if (pca_region_stat(region, &stat, err) == PCA_OK)
        pca_stat_free(stat);
    pca_query_free(query);
}

static void ask_ca(const pca_ca *ca)
{
    pca_blob *blob = NULL;
    for (uint64_t i = 0; i < pca_ca_tag_count(ca); i++)
        must(pca_ca_tag_at(ca, i));
    if (pca_ca_chain(ca, PCA_WITH_ROOT, &blob, err) == PCA_OK)
        pca_blob_free(blob);
    if (pca_ca_cross_certificates(ca, &blob, err) == PCA_OK)
        pca_blob_free(blob);
    if (pca_ca_crl_get(ca, PCA_FORMAT_DER, &blob, err) == PCA_OK)
        pca_blob_free(blob);
    if (pca_ca_crl_make(ca, err) == PCA_OK && pca_ca_crl_get(ca, PCA_FORMAT_PEM, &blob, err) == PCA_OK)
        pca_blob_free(blob);
    pca_ca_revoke_serial(ca, "1234", PCA_REASON_SUPERSEDED, 0, NULL, err);
}

static void issue(const pca_sub *sub)
{
    pca_request *request = pca_request_new();
    pca_cert *cert = NULL;
    must(request);
    pca_request_set_type(request, PCA_CERT_SERVER);
    pca_request_set_common_name(request, "new.internal");
    pca_request_set_years(request, 1);
    if (pca_sub_request(sub, request, &cert, err) == PCA_OK) {
        ask_cert(cert);
        pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, err);
        pca_cert_free(cert);
    }
    pca_request_free(request);
}

static void ask_region(pca_region *region)
{
    const struct pca_sink sink = {PCA_SINK_VERSION, NULL, drain};
    uint64_t done = 0;
    pca_region_check(region, err);
    ask_lists(region);
    for (uint64_t id = 1; id < 8; id++) {
        pca_root *root = NULL;
        pca_sub *sub = NULL;
        if (pca_region_root_get(region, id, &root, err) == PCA_OK) {
            ask_ca(pca_root_ca(root));
            pca_root_renew(root, 12, NULL, err);
            pca_root_free(root);
        }
        if (pca_region_sub_get(region, id, &sub, err) == PCA_OK) {
            ask_ca(pca_sub_ca(sub));
            issue(sub);
            pca_sub_free(sub);
        }
    }
    pca_region_run_due(region, 10, &done, err);
    pca_region_backup(region, &sink, NULL, err);
    pca_region_check(region, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf stream = {0};
    pca_region *region = NULL;
    if (!config)
        begin();
    put_stream(pcai_slice(data, size), &stream);
    struct feed f = {pcai_buf_view(&stream)};
    const struct pca_source source = {PCA_SOURCE_VERSION, &f, feed};
    int rc = pca_region_restore(path, &source, config, NULL, &region, err);
    must(rc == PCA_OK || *pca_error_message(err));
    if (rc == PCA_OK) {
        ask_region(region);
        pca_region_close(region);
        remove_tree(path);
    }
    pcai_buf_free(&stream);
    return 0;
}
