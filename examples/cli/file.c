#include "cli.h"

#include <bsd/readpassphrase.h>
#include <bsd/string.h>

#include <errno.h>
#include <fcntl.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int errno_code(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return PCA_E_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
        return PCA_E_FULL;
    case EROFS:
        return PCA_E_READ_ONLY;
    case EACCES:
    case EPERM:
        return PCA_E_PERMISSION;
    default:
        return PCA_E_STORAGE;
    }
}

void file_free(struct file *file)
{
    if (file->data)
        explicit_bzero(file->data, file->size);
    free(file->data);
    file->data = NULL;
    file->size = 0;
}

/* In a buffer that grows, each outgrown one wiped; a NUL follows. */
static int stream_read(FILE *stream, size_t most, struct file *file)
{
    for (size_t room = 4096;; room *= 2) {
        char *larger = calloc(1, room + 2);
        if (!larger)
            return -1;
        if (file->size)
            memcpy(larger, file->data, file->size);
        size_t size = file->size;
        file_free(file);
        *file = (struct file){larger, size};
        size_t want = (room > most ? most + 1 : room) - size, got = fread(larger + size, 1, want, stream);
        file->size += got;
        if (got < want || file->size > most)
            return ferror(stream) || file->size > most ? -1 : 0;
    }
}

static int stream_take(struct session *s, FILE *stream, const char *path, size_t most, struct file *file)
{
    *file = (struct file){NULL, 0};
    setvbuf(stream, NULL, _IONBF, 0); /* no copy of a secret stays behind */
    if (stream_read(stream, most, file) == 0)
        return PCA_OK;
    file_free(file);
    return refuse(s, PCA_E_INVALID, "cannot read %s, or it is larger than %zu octets", path, most);
}

int file_read(struct session *s, const char *path, size_t most, struct file *file)
{
    if (strcmp(path, "-") == 0)
        return stream_take(s, stdin, "standard input", most, file);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return refuse(s, errno_code(), "cannot read %s: %s", path, strerror(errno));
    int rc = stream_take(s, stream, path, most, file);
    fclose(stream);
    return rc;
}

static int file_read_descriptor(struct session *s, int descriptor, const char *what, size_t most, struct file *file)
{
    char name[64];
    int copy = dup(descriptor);
    FILE *stream = copy < 0 ? NULL : fdopen(copy, "rb");
    if (!stream) {
        if (copy >= 0)
            close(copy);
        return refuse(s, PCA_E_INVALID, "cannot read a %s from descriptor %d: %s", what, descriptor, strerror(errno));
    }
    snprintf(name, sizeof name, "the %s of descriptor %d", what, descriptor);
    int rc = stream_take(s, stream, name, most, file);
    fclose(stream);
    return rc;
}

int secret_read(struct session *s, const char *path, int descriptor, const char *what, size_t most, struct file *file)
{
    int rc = path ? file_read(s, path, most, file) : file_read_descriptor(s, descriptor, what, most, file);
    if (rc != PCA_OK)
        return rc;
    size_t size = strcspn(file->data, "\r\n");
    if (size < file->size && file->data[size] == '\0') {
        file_free(file);
        return refuse(s, PCA_E_INVALID, "the %s is no text: it holds a NUL", what);
    }
    file->data[size] = '\0';
    return PCA_OK;
}

int prompt_secret(struct session *s, const char *prompt, const char *instead, struct file *file)
{
    *file = (struct file){calloc(1, PASSWORD_MAX), PASSWORD_MAX};
    if (file->data && readpassphrase(prompt, file->data, PASSWORD_MAX, RPP_ECHO_OFF | RPP_REQUIRE_TTY))
        return PCA_OK;
    file_free(file);
    return refuse(s, PCA_E_INVALID, "there is no terminal to ask on, so give %s", instead);
}

/* b64_pton (libc) passes over white space. */
int file_decode_pem(struct session *s, const char *path, const struct file *file, struct file *der)
{
    const char *begin = strstr(file->data, "-----BEGIN "), *line = begin ? strchr(begin, '\n') : NULL;
    const char *end = line ? strstr(line, "-----END ") : NULL;
    *der = (struct file){calloc(1, file->size + 1), file->size};
    if (!der->data)
        return PCA_E_NO_MEMORY;
    if (!begin) {
        memcpy(der->data, file->data, file->size);
        return PCA_OK;
    }
    char *base64 = end ? strndup(line, (size_t)(end - line)) : NULL;
    int size = base64 ? b64_pton(base64, (unsigned char *)der->data, file->size) : -1;
    free(base64);
    if (size < 0) {
        file_free(der);
        return refuse(s, PCA_E_INVALID, "%s is damaged PEM", path);
    }
    der->size = (size_t)size;
    return PCA_OK;
}

static int to_stdout(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    (void)context;
    if (fwrite(data, 1, size, stdout) == size)
        return PCA_OK;
    pca_error_set(err, PCA_E_STORAGE, 0, "cannot write to standard output");
    return PCA_E_STORAGE;
}

const pca_sink stdout_sink = {PCA_SINK_VERSION, NULL, to_stdout};

/* The file at that path is the old one or the new one, and the new one has its mode from the start, whatever the old one's was.
 * A pipe or a device is written as it is. */
static int write_all(struct session *s, const char *path, const pca_blob *blob, int mode)
{
    char fresh[4096];
    struct stat about;
    int place = stat(path, &about) != 0 || S_ISREG(about.st_mode);
    snprintf(fresh, sizeof fresh, "%s.XXXXXX", path);
    int descriptor = place ? mkostemp(fresh, O_CLOEXEC) : open(path, O_WRONLY | O_CLOEXEC);
    FILE *stream = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    int bad = !stream || setvbuf(stream, NULL, _IONBF, 0) != 0 || (place && fchmod(descriptor, (mode_t)mode) != 0) ||
              fwrite(pca_blob_data(blob), 1, pca_blob_size(blob), stream) != pca_blob_size(blob) || (place && fsync(descriptor) != 0);
    if (stream ? fclose(stream) != 0 : descriptor >= 0 && close(descriptor) != 0)
        bad = 1;
    if (!bad && (!place || rename(fresh, path) == 0))
        return PCA_OK;
    int rc = refuse(s, errno_code(), "cannot write %s: %s", path, strerror(errno));
    if (place && descriptor >= 0)
        unlink(fresh);
    return rc;
}

int output_blob(struct session *s, const pca_blob *blob, int format, const char *name, int mode)
{
    if (opt.out && strcmp(opt.out, "-") != 0) {
        int rc = write_all(s, opt.out, blob, mode);
        if (rc != PCA_OK)
            return rc;
        s->out = json_object_new_object();
        put_text(s->out, "file", opt.out);
        output_object(s->out);
        return PCA_OK;
    }
    if (format == PCA_FORMAT_DER && (opt.json || isatty(STDOUT_FILENO)))
        return refuse(s, PCA_E_INVALID, "DER is not for a terminal and not for JSON: give --out FILE");
    if (opt.json) {
        s->out = json_object_new_object();
        put_text(s->out, name, (const char *)pca_blob_data(blob));
        output_object(s->out);
    } else {
        fwrite(pca_blob_data(blob), 1, pca_blob_size(blob), stdout);
    }
    return PCA_OK;
}

const struct poptOption blob_options[] = {
    {"out", 'o', POPT_ARG_STRING, &opt.out, 0, "Into that file; default: standard output", "FILE"},
    {"format", 0, POPT_ARG_STRING, &opt.format, 0, "pem (default) or der", "FORMAT"},
    POPT_TABLEEND};
