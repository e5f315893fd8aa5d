#include "cli.h"

#include <bsd/readpassphrase.h>
#include <bsd/string.h>

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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

int moment(struct session *s, const char *text, const char *what, int64_t *seconds)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d"};
    for (size_t i = 0; text && i < sizeof forms / sizeof forms[0]; i++) {
        struct tm tm = {.tm_mday = 1}, whole;
        const char *end = strptime(text, forms[i], &tm);
        whole = tm;
        time_t time = end && !*end ? timegm(&whole) : -1;
        /* timegm makes March of the 31st of February. */
        if (end && !*end && whole.tm_mday == tm.tm_mday) {
            *seconds = (int64_t)time;
            return PCA_OK;
        }
    }
    return text ? refuse(s, PCA_E_INVALID, "%s is a date in UTC, 2027-01-31 or 2027-01-31T12:00:00Z, not \"%s\"", what, text) : PCA_OK;
}

int region_now(struct session *s, int64_t *seconds)
{
    pca_stat *stat = NULL;
    int rc = s->now ? PCA_OK : pca_region_stat(s->region, &stat, s->err);
    if (stat)
        s->now = pca_stat_time(stat);
    pca_stat_free(stat);
    *seconds = s->now;
    return rc;
}

/* ---- The storage key ---- */

static int take_passphrase(struct session *s, pca_config *config, const char *passphrase)
{
    return pca_config_set_passphrase(config, passphrase) == PCA_OK ? PCA_OK
                                                                   : refuse(s, PCA_E_INVALID, "the passphrase must have 1..%d octets of UTF-8",
                                                                            PASSPHRASE_MAX);
}

static int passphrase_from_prompt(struct session *s, pca_config *config, const char *prompt, int twice)
{
    char first[PASSPHRASE_MAX + 2] = "", again[PASSPHRASE_MAX + 2] = "";
    int rc = PCA_OK;
    if (!readpassphrase(prompt, first, sizeof first, RPP_ECHO_OFF | RPP_REQUIRE_TTY))
        return refuse(s, PCA_E_INVALID, "no storage key: there is no terminal to ask on, so give a key file, or a passphrase by file or "
                                        "descriptor");
    if (twice && (!readpassphrase("The same again: ", again, sizeof again, RPP_ECHO_OFF | RPP_REQUIRE_TTY) || strcmp(first, again) != 0))
        rc = refuse(s, PCA_E_INVALID, "the two passphrases differ");
    if (rc == PCA_OK)
        rc = take_passphrase(s, config, first);
    explicit_bzero(first, sizeof first);
    explicit_bzero(again, sizeof again);
    return rc;
}

static int key_from_file(struct session *s, pca_config *config, const char *path)
{
    struct file file = {NULL, 0};
    int rc = file_read(s, path, KEY_OCTETS, &file);
    if (rc == PCA_E_INVALID || (rc == PCA_OK && file.size != KEY_OCTETS))
        rc = refuse(s, PCA_E_INVALID, "%s must hold %d octets; umask 077; openssl rand -out FILE %d makes one", path, KEY_OCTETS, KEY_OCTETS);
    if (rc == PCA_OK)
        pca_config_set_key(config, (const uint8_t *)file.data, file.size);
    file_free(&file);
    return rc;
}

static int storage_key(struct session *s, pca_config *config, const struct key_source *source, const char *prompt, int twice)
{
    struct file file = {NULL, 0};
    if ((source->key_file != NULL) + (source->passphrase_file != NULL) + (source->passphrase_fd >= 0) + source->plain_keys > 1)
        return refuse(s, PCA_E_INVALID, "one storage key is enough: a key file, a passphrase by file or descriptor, or none");
    if (source->plain_keys)
        return pca_config_set_insecure_plain_keys(config);
    if (source->key_file)
        return key_from_file(s, config, source->key_file);
    if (source->passphrase_fd < 0 && !source->passphrase_file)
        return passphrase_from_prompt(s, config, prompt, twice);
    int rc = secret_read(s, source->passphrase_file, source->passphrase_fd, "passphrase", PASSPHRASE_MAX + 2, &file);
    if (rc == PCA_OK)
        rc = take_passphrase(s, config, file.data);
    file_free(&file);
    return rc;
}

int fresh_key(struct session *s, pca_config *config)
{
    return storage_key(s, config, &opt.fresh_key, "New passphrase of the region: ", 1);
}

/* ---- The region ---- */

static const char *actor(void)
{
    const struct passwd *account = opt.actor ? NULL : getpwuid(getuid());
    return opt.actor ? opt.actor : account ? account->pw_name : "";
}

static void from_environment(char **option, const char *name)
{
    const char *value = getenv(name);
    if (!*option && value && *value)
        *option = strdup(value);
}

/* Said before a passphrase is asked for. */
static int access_is_missing(const char *path)
{
    return access(path, F_OK) != 0 && errno == ENOENT;
}

static int configure(struct session *s)
{
    struct key_source *key = &opt.key_of_region;
    if (!key->passphrase_file && key->passphrase_fd < 0 && !key->plain_keys)
        from_environment(&key->key_file, "PCA_KEY_FILE");
    int rc = storage_key(s, s->config, key, "Passphrase of the region: ", s->command->access == CREATES);
    if (rc == PCA_OK && pca_config_set_actor(s->config, actor()) != PCA_OK)
        rc = refuse(s, PCA_E_INVALID, "the actor has at most 128 octets");
    if (rc == PCA_OK && opt.map_limit >= 0 && pca_config_set_map_limit(s->config, (uint64_t)opt.map_limit) != PCA_OK)
        rc = refuse(s, PCA_E_INVALID, "--map-limit is a multiple of 4096 of at least 1 MiB, not %lld", opt.map_limit);
    return rc ? rc : drivers_load(s);
}

int session_open(struct session *s)
{
    enum access needs = s->command->access;
    if (needs == NO_REGION)
        return PCA_OK;
    from_environment(&opt.region, "PCA_REGION");
    if (!opt.region)
        return refuse(s, PCA_E_INVALID, "which region? Give --region DIR or set PCA_REGION");
    if (needs != CREATES && needs != RESTORES && access_is_missing(opt.region))
        return refuse(s, PCA_E_NOT_FOUND, "no region at %s", opt.region);
    int rc = configure(s);
    if (rc == PCA_OK && needs == READS)
        rc = pca_config_set_read_only(s->config);
    if (rc == PCA_OK && (needs == READS || needs == WRITES))
        rc = pca_region_open(opt.region, s->config, &s->region, s->err);
    return rc == PCA_OK && needs == WRITES ? drivers_login(s) : rc;
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
    file_free(&s->pin);
    file_free(&s->password);
    drivers_unload();
}
