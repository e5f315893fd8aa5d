#include "cli.h"

#include <bsd/readpassphrase.h>
#include <bsd/string.h>

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_OCTETS 32
#define PASSPHRASE_MAX 1024

int refuse(struct session *s, int code, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    pca_error_clear(s->err);
    pca_error_set(s->err, code, 0, message);
    return code;
}

int confirm(struct session *s, const char *format, ...)
{
    char question[512], answer[16] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(question, sizeof question, format, arguments);
    va_end(arguments);
    if (opt.yes)
        return PCA_OK;
    if (!isatty(STDIN_FILENO))
        return refuse(s, PCA_E_CANCELLED, "%s: not confirmed; there is no terminal to ask on, so give --yes", question);
    fprintf(stderr, "%s? This cannot be undone. [y/N] ", question);
    if (fgets(answer, sizeof answer, stdin) && (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0))
        return PCA_OK;
    return refuse(s, PCA_E_CANCELLED, "%s: not confirmed", question);
}

int number(struct session *s, const char *text, const char *what, uint64_t *value)
{
    char *end = NULL;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno)
        return refuse(s, PCA_E_INVALID, "%s is a number, not \"%s\"", what, text);
    *value = parsed;
    return PCA_OK;
}

int progress(void *context, uint64_t done, uint64_t total, pca_error *err)
{
    enum { WIDTH = 40 };
    static const char bar[] = "########################################";
    const char *what = context;
    static uint64_t shown = UINT64_MAX;
    (void)err;
    uint64_t percent = total ? done * 100 / total : 0;
    if (!isatty(STDERR_FILENO) || !total || percent == shown)
        return PCA_OK;
    shown = percent;
    fprintf(stderr, "\r%s [%-*.*s] %3" PRIu64 "%%%s", what, WIDTH, (int)(percent * WIDTH / 100), bar, percent, done >= total ? "\n" : "");
    return PCA_OK;
}

/* ---- Files ---- */

void file_free(struct file *file)
{
    if (file->data)
        explicit_bzero(file->data, file->size);
    free(file->data);
    file->data = NULL;
    file->size = 0;
}

static int stream_read(FILE *stream, size_t most, struct file *file)
{
    file->data = calloc(1, most + 2);
    if (!file->data)
        return -1;
    file->size = fread(file->data, 1, most + 1, stream);
    return ferror(stream) || file->size > most ? -1 : 0;
}

int file_read(struct session *s, const char *path, size_t most, struct file *file)
{
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return refuse(s, errno == ENOENT ? PCA_E_NOT_FOUND : PCA_E_PERMISSION, "cannot read %s: %s", path, strerror(errno));
    int bad = stream_read(stream, most, file);
    fclose(stream);
    if (bad)
        file_free(file);
    return bad ? refuse(s, PCA_E_INVALID, "cannot read %s, or it is larger than %zu octets", path, most) : PCA_OK;
}

/* ---- The storage key ---- */

/* The first line of a file or of a descriptor. */
static int take_passphrase(struct session *s, struct file *file)
{
    file->data[strcspn(file->data, "\r\n")] = '\0';
    return pca_config_set_passphrase(s->config, file->data) == PCA_OK ? PCA_OK
                                                                      : refuse(s, PCA_E_INVALID, "the passphrase must have 1..%d octets of UTF-8",
                                                                               PASSPHRASE_MAX);
}

static int passphrase_from_descriptor(struct session *s)
{
    struct file file = {NULL, 0};
    FILE *stream = fdopen(dup(opt.passphrase_fd), "rb");
    int rc = !stream || stream_read(stream, PASSPHRASE_MAX + 2, &file)
                 ? refuse(s, PCA_E_INVALID, "cannot read a passphrase from descriptor %d", opt.passphrase_fd)
                 : take_passphrase(s, &file);
    if (stream)
        fclose(stream);
    file_free(&file);
    return rc;
}

static int passphrase_from_prompt(struct session *s, int twice)
{
    char first[PASSPHRASE_MAX + 2], again[PASSPHRASE_MAX + 2];
    int rc = PCA_OK;
    if (!readpassphrase("Passphrase of the region: ", first, sizeof first, RPP_ECHO_OFF | RPP_REQUIRE_TTY))
        return refuse(s, PCA_E_INVALID, "no storage key: there is no terminal to ask on, so give --key-file, --passphrase-file or "
                                        "--passphrase-fd");
    if (twice && (!readpassphrase("The same again: ", again, sizeof again, RPP_ECHO_OFF | RPP_REQUIRE_TTY) || strcmp(first, again) != 0))
        rc = refuse(s, PCA_E_INVALID, "the two passphrases differ");
    struct file file = {first, sizeof first};
    if (rc == PCA_OK)
        rc = take_passphrase(s, &file);
    explicit_bzero(first, sizeof first);
    explicit_bzero(again, sizeof again);
    return rc;
}

static int storage_key(struct session *s)
{
    struct file file = {NULL, 0};
    int rc = PCA_OK;
    if (opt.plain_keys)
        return pca_config_set_insecure_plain_keys(s->config);
    if (opt.passphrase_fd >= 0)
        return passphrase_from_descriptor(s);
    if (opt.passphrase_file) {
        rc = file_read(s, opt.passphrase_file, PASSPHRASE_MAX + 2, &file);
        rc = rc ? rc : take_passphrase(s, &file);
    } else if (opt.key_file) {
        rc = file_read(s, opt.key_file, KEY_OCTETS, &file);
        if (rc == PCA_OK && file.size != KEY_OCTETS)
            rc = refuse(s, PCA_E_INVALID, "%s must hold %d octets; openssl rand -out FILE %d makes one", opt.key_file, KEY_OCTETS, KEY_OCTETS);
        if (rc == PCA_OK)
            pca_config_set_key(s->config, (const uint8_t *)file.data, file.size);
    } else {
        rc = passphrase_from_prompt(s, s->command->access == CREATES);
    }
    file_free(&file);
    return rc;
}

/* ---- The region ---- */

static const char *actor(void)
{
    const struct passwd *account = opt.actor ? NULL : getpwuid(getuid());
    return opt.actor ? opt.actor : account ? account->pw_name : "";
}

/* Said before a passphrase is asked for. */
static int access_is_missing(const char *path)
{
    return access(path, F_OK) != 0 && errno == ENOENT;
}

int session_open(struct session *s)
{
    enum access needs = s->command->access;
    if (needs == NO_REGION)
        return PCA_OK;
    if (!opt.region)
        return refuse(s, PCA_E_INVALID, "which region? Give --region DIR or set PCA_REGION");
    if (needs != CREATES && needs != RESTORES && access_is_missing(opt.region))
        return refuse(s, PCA_E_NOT_FOUND, "no region at %s", opt.region);
    int rc = storage_key(s);
    if (rc == PCA_OK && pca_config_set_actor(s->config, actor()) != PCA_OK)
        rc = refuse(s, PCA_E_INVALID, "the actor has at most 128 octets");
    if (rc == PCA_OK && needs == READS)
        rc = pca_config_set_read_only(s->config);
    if (rc == PCA_OK && (needs == READS || needs == WRITES))
        rc = pca_region_open(opt.region, s->config, &s->region, s->err);
    return rc;
}

void session_end(struct session *s)
{
    json_object_put(s->out);
    pca_request_free(s->request);
    pca_cert_free(s->cert);
    pca_sub_free(s->sub);
    pca_root_free(s->root);
    pca_region_close(s->region);
    pca_config_free(s->config);
    pca_error_free(s->err);
}
