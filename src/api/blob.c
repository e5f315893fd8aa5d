#include "api/blob.h"

#include <stdio.h>

#include "api/file.h"
#include "api/shell.h"
#include "base/memory.h"
#include "x509/pem.h"

#define FILES_MAX 16

struct pca_blob {
    uint8_t *data;
    size_t size;
};

int pcai_blob_take(struct buf *b, pca_blob **blob, pca_error *err)
{
    pca_blob *fresh = pcai_alloc(sizeof *fresh);
    if (fresh)
        fresh->data = pcai_buf_take(b, &fresh->size);
    pcai_buf_free(b);
    if (!fresh || !fresh->data) {
        pcai_free(fresh);
        return pcai_no_memory(err);
    }
    *blob = fresh;
    return PCA_OK;
}

int pcai_blob_check_format(int format, const char *what, pca_error *err)
{
    if (format != PCA_FORMAT_PEM && format != PCA_FORMAT_DER)
        return pcai_fail(err, PCA_E_INVALID, "call", "format", "a %s comes as PEM or DER", what);
    return PCA_OK;
}

int pcai_blob_encode(int format, const char *label, struct slice der, pca_blob **blob, pca_error *err)
{
    struct buf out = {0};
    if (format == PCA_FORMAT_DER)
        pcai_buf_slice(&out, der);
    else
        pcai_pem_write(&out, label, der);
    return pcai_blob_take(&out, blob, err);
}

const uint8_t *pca_blob_data(const pca_blob *blob)
{
    return blob ? blob->data : NULL;
}

size_t pca_blob_size(const pca_blob *blob)
{
    return blob ? blob->size : 0;
}

void pca_blob_free(pca_blob *blob)
{
    if (!blob)
        return;
    pcai_wipe_free(blob->data, blob->size);
    pcai_free(blob);
}

struct pca_files {
    struct {
        char *name;
        uint8_t *data;
        size_t size;
        int secret;
    } at[FILES_MAX];
    size_t count;
};

pca_files *pcai_files_new(void)
{
    return pcai_alloc(sizeof(pca_files));
}

int pcai_files_add(pca_files *files, const char *name, int secret, struct buf *contents, pca_error *err)
{
    size_t size = 0;
    char *copy = pcai_strdup(name);
    uint8_t *data = pcai_buf_take(contents, &size);
    if (!copy || !data || files->count == FILES_MAX) {
        pcai_free(copy);
        if (data)
            pcai_wipe_free(data, size);
        return pcai_no_memory(err);
    }
    files->at[files->count].name = copy;
    files->at[files->count].data = data;
    files->at[files->count].size = size;
    files->at[files->count++].secret = secret;
    return PCA_OK;
}

uint64_t pca_files_count(const pca_files *files)
{
    return files ? files->count : 0;
}

const char *pca_files_name(const pca_files *files, uint64_t index)
{
    return files && index < files->count ? files->at[index].name : NULL;
}

const uint8_t *pca_files_data(const pca_files *files, uint64_t index)
{
    return files && index < files->count ? files->at[index].data : NULL;
}

size_t pca_files_size(const pca_files *files, uint64_t index)
{
    return files && index < files->count ? files->at[index].size : 0;
}

static int stage(const pca_files *files, size_t i, const char *directory, struct staged_file *file, pca_error *err)
{
    struct buf path = {0};
    size_t size;
    pcai_buf_format(&path, "%s/%s", directory, files->at[i].name);
    char *full = (char *)pcai_buf_take(&path, &size);
    int rc = full ? pcai_file_stage(file, full, files->at[i].secret ? 0600 : 0644, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = pcai_file_write(file, pcai_slice(files->at[i].data, files->at[i].size), err);
    if (rc == PCA_OK)
        rc = pcai_file_settle(file, err);
    pcai_free(full);
    return rc;
}

/* All are on disk before the first gets its name. */
int pca_files_write(const pca_files *files, const char *directory, pca_error *err)
{
    struct staged_file staged[FILES_MAX];
    int rc = PCA_OK;
    pca_error_clear(err);
    if (!files || !directory)
        return pcai_null(files ? "directory" : "files", err);
    for (size_t i = 0; i < FILES_MAX; i++)
        staged[i] = (struct staged_file){.fd = -1};
    for (size_t i = 0; rc == PCA_OK && i < files->count; i++)
        rc = stage(files, i, directory, &staged[i], err);
    for (size_t i = 0; rc == PCA_OK && i < files->count; i++)
        rc = pcai_file_publish(&staged[i], err);
    for (size_t i = 0; i < FILES_MAX; i++)
        pcai_file_drop(&staged[i]);
    return rc;
}

void pca_files_free(pca_files *files)
{
    if (!files)
        return;
    for (size_t i = 0; i < files->count; i++) {
        pcai_free(files->at[i].name);
        pcai_wipe_free(files->at[i].data, files->at[i].size);
    }
    pcai_free(files);
}
