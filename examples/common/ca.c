/*
 * A CA in a directory, made in steps of which each looks whether it is done: a program may be killed between any two, and goes on
 * when it is started again. The library makes every step whole; here are those that it leaves to its host: files, and the making
 * of the region itself.
 */
#include "ca.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_OCTETS 32
#define SERVICE_MONTHS 1200
#define ROOT_YEARS 30
#define SHELF_DAYS 3650
#define UNITS 100
#define DAYS 90
#define RENEW_DAYS 30
#define DAY 86400

/* ---- Files ---- */

static int file_failed(struct ca *ca, const char *what, const char *path)
{
    char text[512];
    snprintf(text, sizeof text, "cannot %s %.200s: %.100s", what, path, strerror(errno));
    pca_error_set(ca->err, PCA_E_STORAGE, 0, text);
    return PCA_E_STORAGE;
}

static int is_there_already(const char *path, const struct piece *pieces, size_t count)
{
    FILE *file = fopen(path, "rb");
    int same = file != NULL;
    for (size_t i = 0; same && i < count; i++)
        for (size_t j = 0; same && j < pieces[i].size; j++)
            same = fgetc(file) == ((const unsigned char *)pieces[i].data)[j];
    same = same && fgetc(file) == EOF;
    if (file)
        fclose(file);
    return same;
}

static int write_all(int fd, const struct piece *pieces, size_t count)
{
    int failed = 0;
    for (size_t i = 0; !failed && i < count; i++)
        failed = write(fd, pieces[i].data, pieces[i].size) != (ssize_t)pieces[i].size;
    return failed;
}

/* So that a rename in it outlasts a power cut. */
static int sync_directory(const char *path)
{
    char dir[4096];
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';
    int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    if (fd >= 0)
        close(fd);
    return failed;
}

static int replace(struct ca *ca, const char *path, unsigned mode, const struct piece *pieces, size_t count, int now)
{
    char fresh[4096];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    int failed = fd < 0 || write_all(fd, pieces, count) || (now && fsync(fd) != 0);
    if (fd >= 0)
        failed |= close(fd) != 0;
    if (failed || rename(fresh, path) != 0 || (now && sync_directory(path)))
        return file_failed(ca, "write", path);
    return PCA_OK;
}

static int put_file(struct ca *ca, const char *path, unsigned mode, const struct piece *pieces, size_t count, int now, int *changed)
{
    int same = is_there_already(path, pieces, count);
    int rc = same ? PCA_OK : replace(ca, path, mode, pieces, count, now);
    if (rc == PCA_OK && changed)
        *changed = !same;
    return rc;
}

int ca_write_file(struct ca *ca, const char *path, unsigned mode, const struct piece *pieces, size_t count, int *changed)
{
    return put_file(ca, path, mode, pieces, count, 1, changed);
}

int ca_place_file(struct ca *ca, const char *path, unsigned mode, const struct piece *pieces, size_t count, int *changed)
{
    return put_file(ca, path, mode, pieces, count, 0, changed);
}

/* ---- The region ---- */

static int read_key(const char *path, uint8_t key[KEY_OCTETS])
{
    FILE *file = fopen(path, "rb");
    int read = file && fread(key, 1, KEY_OCTETS, file) == KEY_OCTETS;
    if (file)
        fclose(file);
    return read;
}

/* What opens the private keys lies beside them; a box that has a TPM keeps it there (pca_config_set_key_wrapper). A region that is
 * there already cannot have been sealed under a new key. */
static int storage_key(struct ca *ca, const char *dir, const char *region, uint8_t key[KEY_OCTETS])
{
    char path[4096];
    snprintf(path, sizeof path, "%s/storage.key", dir);
    if (access(path, F_OK) == 0 || access(region, F_OK) == 0)
        return read_key(path, key) ? PCA_OK : file_failed(ca, "read", path);
    if (!read_key("/dev/urandom", key))
        return file_failed(ca, "read", "/dev/urandom");
    return ca_write_file(ca, path, 0600, &(struct piece){key, KEY_OCTETS}, 1, NULL);
}

/* A region whose making was cut short is of no use: it is made under another name, and gets its own when it is whole. */
static int make_region(struct ca *ca, const char *path, const char *id, const pca_config *config)
{
    char fresh[4096], file[4200];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    for (int i = 0; i < 2; i++) {
        snprintf(file, sizeof file, "%s/%s", fresh, i ? "lock.mdb" : "data.mdb");
        unlink(file);
    }
    rmdir(fresh);
    int rc = pca_region_create(fresh, id, config, &ca->region, ca->err);
    if (rc != PCA_OK)
        return rc;
    pca_region_close(ca->region);
    ca->region = NULL;
    if (rename(fresh, path) != 0 || sync_directory(path))
        return file_failed(ca, "make", path);
    return pca_region_open(path, config, &ca->region, ca->err);
}

static int open_region(struct ca *ca, const char *dir, const char *id, pca_config *config)
{
    char path[4000];
    uint8_t key[KEY_OCTETS];
    snprintf(path, sizeof path, "%s/region", dir);
    mkdir(dir, 0700); /* what is wrong with it shows below */
    int rc = storage_key(ca, dir, path, key);
    if (rc != PCA_OK)
        return rc;
    pca_config_set_key(config, key, sizeof key);
    rc = pca_region_open(path, config, &ca->region, ca->err);
    return rc == PCA_E_NOT_FOUND ? make_region(ca, path, id, config) : rc;
}

/* ---- The CAs ---- */

/* Handles are snapshots: before a decision they are read anew. */
static int look_again(struct ca *ca)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    int rc = pca_root_reload(ca->root, &root, ca->err);
    if (rc == PCA_OK)
        rc = pca_sub_reload(ca->sub, &sub, ca->err);
    if (rc != PCA_OK) {
        pca_root_free(root);
        return rc;
    }
    pca_root_free(ca->root);
    pca_sub_free(ca->sub);
    ca->root = root;
    ca->sub = sub;
    return PCA_OK;
}

/* For certificates of less than a year; and a box may lie on a shelf for years before it is started again. */
static int set_policies(struct ca *ca)
{
    int rc = pca_region_policy_set(ca->region, "short_lived", 1, ca->err);
    return rc ? rc : pca_region_policy_set(ca->region, "max_clock_step_days", SHELF_DAYS, ca->err);
}

static int enable_root(struct ca *ca, const char *name, pca_request *request)
{
    char text[65];
    snprintf(text, sizeof text, "%.50s Root CA", name);
    pca_request_set_common_name(request, text);
    pca_request_set_years(request, ROOT_YEARS);
    return pca_root_enable(ca->root, request, ca->err);
}

static int enable_sub(struct ca *ca, const char *name, pca_request *request)
{
    char text[65];
    pca_request_reset(request);
    snprintf(text, sizeof text, "%.50s Issuing CA", name);
    pca_request_set_common_name(request, text);
    pca_request_set_longest(request);
    return pca_sub_enable(ca->sub, request, ca->err);
}

/* Each step looks whether it is done already. The token makes the purchase the same one at every start. */
static int find_cas(struct ca *ca, const char *name)
{
    pca_request *request = pca_request_new();
    int rc = pca_root_purchase(ca->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, SERVICE_MONTHS, "first-boot", &ca->root, ca->err);
    if (rc == PCA_OK)
        rc = pca_root_default_sub(ca->root, &ca->sub, ca->err);
    if (rc == PCA_OK && pca_ca_state(pca_root_ca(ca->root)) == PCA_CA_PURCHASED && (rc = set_policies(ca)) == PCA_OK)
        rc = enable_root(ca, name, request);
    if (rc == PCA_OK && pca_ca_state(pca_sub_ca(ca->sub)) == PCA_CA_PURCHASED)
        rc = enable_sub(ca, name, request);
    pca_request_free(request);
    return rc;
}

static int publish_root(struct ca *ca, const char *dir)
{
    char path[4096];
    pca_blob *pem = NULL;
    int rc = pca_ca_certificate(pca_root_ca(ca->root), PCA_FORMAT_PEM, &pem, ca->err);
    snprintf(path, sizeof path, "%s/root.pem", dir);
    if (rc == PCA_OK)
        rc = ca_write_file(ca, path, 0644, &(struct piece){pca_blob_data(pem), pca_blob_size(pem)}, 1, NULL);
    pca_blob_free(pem);
    return rc;
}

int ca_open(struct ca *ca, const char *dir, const char *name, const pca_clock *clock)
{
    *ca = (struct ca){.err = pca_error_new()};
    pca_config *config = pca_config_new();
    pca_config_set_clock(config, clock);
    int rc = open_region(ca, dir, "example", config);
    if (rc == PCA_OK)
        rc = find_cas(ca, name);
    if (rc == PCA_OK)
        rc = look_again(ca);
    if (rc == PCA_OK)
        rc = publish_root(ca, dir);
    pca_config_free(config);
    return rc;
}

int ca_stock(struct ca *ca, uint64_t wanted)
{
    int rc = look_again(ca);
    uint64_t has = pca_sub_remaining(ca->sub);
    if (rc != PCA_OK || has >= wanted)
        return rc;
    if (pca_root_remaining(ca->root) < wanted - has) /* else those that were bought before a power cut */
        rc = pca_root_purchase_certificates(ca->root, wanted > UNITS ? wanted : UNITS, NULL, NULL, ca->err);
    if (rc == PCA_OK)
        rc = look_again(ca);
    if (rc == PCA_OK)
        rc = pca_root_assign(ca->root, ca->sub, has + pca_root_remaining(ca->root), has, NULL, ca->err);
    return rc;
}

int ca_newest(struct ca *ca, int type, const char *name, pca_cert **cert)
{
    pca_query *query = pca_query_new();
    pca_page *page = NULL;
    uint64_t id = 0;
    int64_t end = 0;
    pca_query_set_status(query, PCA_STATUS_ISSUED);
    pca_query_set_type(query, type);
    pca_query_set_name(query, name);
    int rc = PCA_OK;
    do {
        pca_query_set_after(query, pca_page_next(page));
        pca_page_free(page);
        page = NULL;
        rc = pca_region_find_certs(ca->region, query, &page, ca->err);
        for (uint64_t i = 0; i < pca_page_count(page); i++) {
            const pca_cert *one = pca_page_cert_at(page, i);
            if (pca_cert_not_after(one) >= end) {
                end = pca_cert_not_after(one);
                id = pca_cert_id(one);
            }
        }
    } while (rc == PCA_OK && *pca_page_next(page));
    pca_page_free(page);
    pca_query_free(query);
    if (rc == PCA_OK && !id)
        return PCA_E_NOT_FOUND;
    return rc ? rc : pca_region_cert_get(ca->region, id, cert, ca->err);
}

int ca_issue(struct ca *ca, int type, const char *name, pca_cert **cert)
{
    pca_request *request = pca_request_new();
    pca_request_set_type(request, type);
    pca_request_set_common_name(request, name);
    pca_request_set_days(request, DAYS);
    int rc = ca_stock(ca, 1);
    if (rc == PCA_OK)
        rc = pca_sub_request(ca->sub, request, cert, ca->err);
    pca_request_free(request);
    return rc;
}

/* The region knows what was issued: a certificate that a power cut kept from its file is found here and not issued again. */
int ca_current(struct ca *ca, int type, const char *name, int64_t now, pca_cert **cert)
{
    pca_cert *newest = NULL;
    int rc = ca_newest(ca, type, name, &newest);
    if (rc == PCA_OK && pca_cert_not_after(newest) - now >= RENEW_DAYS * DAY) {
        *cert = newest;
        return PCA_OK;
    }
    pca_cert_free(newest);
    return rc == PCA_OK || rc == PCA_E_NOT_FOUND ? ca_issue(ca, type, name, cert) : rc;
}

int ca_report(const struct ca *ca, const char *program, int rc)
{
    if (rc != PCA_OK)
        fprintf(stderr, "%s: %s: %s%s%s\n", program, pca_code_name(rc), pca_error_object(ca->err), *pca_error_object(ca->err) ? ": " : "",
                pca_error_message(ca->err));
    return rc != PCA_OK;
}

void ca_close(struct ca *ca)
{
    pca_sub_free(ca->sub);
    pca_root_free(ca->root);
    pca_region_close(ca->region);
    pca_error_free(ca->err);
}
