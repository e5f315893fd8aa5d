/*
 * bulk: client certificates and keys for the devices of a production line.
 *
 *   bulk DIR CSV OUT
 *
 * CSV has a row for each device, id and model, after one that says so. OUT/ID.pem becomes a device's file: its certificate, the
 * subordinate's and its private key. DIR holds the CA, and is made where it is missing.
 *
 * 256 devices are one call and one durable change. Where it was cut short, run it again: a device's client token makes its request
 * the same one for ever, so that what was issued comes back as it was, spends nothing, and gets its file if that is not there.
 * The same goes for a CSV that has grown. Rows that are refused are named, and the others go on.
 */
#define _GNU_SOURCE /* syncfs */

#include "../common/ca.h"
#include "rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLICE 256 /* pca_sub_request_many */
#define UNITS 1000
#define YEARS 20
enum { ID, MODEL };

struct bulk {
    struct ca ca;
    const char *out;
    FILE *csv;
    long long size, devices, refused;
    size_t count; /* of the present slice */
    char ids[SLICE][ROWS_TEXT + 1];
    pca_request *requests[SLICE];
};

static void refuse(struct bulk *b, const char *id, const char *why)
{
    fprintf(stderr, "bulk: %s: %s\n", id, why);
    b->refused++;
}

static int write_device(struct bulk *b, const char *id, const pca_cert *cert)
{
    char path[4096];
    pca_files *files = NULL;
    int rc = pca_cert_export(cert, PCA_FORMAT_PEM, PCA_WITH_CHAIN | PCA_PLAIN_KEY, NULL, &files, b->ca.err);
    struct piece pieces[] = {{pca_files_data(files, 0), pca_files_size(files, 0)}, {pca_files_data(files, 1), pca_files_size(files, 1)}};
    snprintf(path, sizeof path, "%s/%s.pem", b->out, id);
    if (rc == PCA_OK)
        rc = ca_place_file(&b->ca, path, 0600, pieces, 2, NULL);
    pca_files_free(files);
    return rc;
}

static int short_of_units(const pca_results *results)
{
    for (uint64_t i = 0; i < pca_results_count(results); i++)
        if (pca_results_code_at(results, i) == PCA_E_QUOTA)
            return 1;
    return 0;
}

/* Where certificates run out, more are bought and the slice is asked for again: what was issued of it comes back by its tokens. */
static int issue(struct bulk *b, pca_results **results)
{
    int rc;
    do {
        pca_results_free(*results);
        *results = NULL;
        rc = pca_sub_request_many(b->ca.sub, (const pca_request *const *)b->requests, b->count, results, b->ca.err);
    } while (rc == PCA_OK && short_of_units(*results) && (rc = ca_stock(&b->ca, UNITS)) == PCA_OK);
    return rc;
}

static int finish_slice(struct bulk *b)
{
    pca_results *results = NULL;
    int rc = b->count ? issue(b, &results) : PCA_OK;
    for (uint64_t i = 0; rc == PCA_OK && i < pca_results_count(results); i++) {
        const pca_cert *cert = pca_results_cert_at(results, i);
        if (!cert)
            refuse(b, b->ids[i], pca_error_message(pca_results_error_at(results, i)));
        else if ((rc = write_device(b, b->ids[i], cert)) == PCA_OK)
            b->devices++;
    }
    pca_results_free(results);
    while (b->count)
        pca_request_free(b->requests[--b->count]);
    if (b->size && isatty(STDERR_FILENO)) /* of a pipe no size is known */
        fprintf(stderr, "\r%3lld %%  %lld devices ", (long long)ftell(b->csv) * 100 / b->size, b->devices);
    return rc;
}

/* An id becomes a file's name. */
static int good_id(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return *id && strlen(id) <= 50 && id[strspn(id, allowed)] == '\0';
}

static void add_device(struct bulk *b, const char *id, const char *model)
{
    char token[65];
    pca_request *request = b->requests[b->count] = pca_request_new();
    snprintf(b->ids[b->count++], sizeof b->ids[0], "%s", id);
    snprintf(token, sizeof token, "device-%.50s", id);
    pca_request_set_token(request, token);
    pca_request_set_custom_id(request, id);
    pca_request_set_type(request, PCA_CERT_CLIENT);
    pca_request_set_common_name(request, id);
    pca_request_set_unit(request, model);
    pca_request_set_years(request, YEARS);
}

static int on_row(void *context, long long number, char (*fields)[ROWS_TEXT + 1])
{
    struct bulk *b = context;
    char row[32];
    snprintf(row, sizeof row, "row %lld", number);
    if (fields && good_id(fields[ID]))
        add_device(b, fields[ID], fields[MODEL]);
    else
        refuse(b, row, "it takes an id, 1 to 50 of A-Z a-z 0-9 - and _, and a model of 1 to 64");
    return b->count == SLICE ? finish_slice(b) : PCA_OK;
}

static int read_devices(struct bulk *b)
{
    static const char *const columns[] = {[ID] = "id", [MODEL] = "model"};
    int rc = rows_read(b->csv, columns, on_row, b);
    if (rc != PCA_OK && pca_error_code(b->ca.err) == PCA_OK)
        pca_error_set(b->ca.err, rc = PCA_E_INVALID, 0, "this is no CSV whose first row is id,model");
    if (rc == PCA_OK)
        rc = finish_slice(b);
    while (b->count)
        pca_request_free(b->requests[--b->count]);
    return rc;
}

int main(int argc, char **argv)
{
    static struct bulk b;
    struct stat st;
    b.csv = argc == 4 ? fopen(argv[2], "rb") : NULL;
    if (!b.csv || fstat(fileno(b.csv), &st) != 0) {
        fprintf(stderr, "usage: bulk DIR CSV OUT, and a CSV that can be read\n");
        return 2;
    }
    b.size = st.st_size;
    b.out = argv[3];
    mkdir(b.out, 0700);
    int out = open(b.out, O_RDONLY | O_DIRECTORY);
    int rc = ca_open(&b.ca, argv[1], "Factory", NULL);
    if (rc == PCA_OK)
        rc = read_devices(&b);
    if (syncfs(out) != 0 && rc == PCA_OK) /* all files at once: one by one takes milliseconds each */
        pca_error_set(b.ca.err, rc = PCA_E_STORAGE, 0, "the files may not all be on disk");
    printf("%lld devices, %lld refused\n", b.devices, b.refused);
    int failed = ca_report(&b.ca, "bulk", rc);
    ca_close(&b.ca);
    close(out);
    fclose(b.csv);
    return failed || b.refused;
}
