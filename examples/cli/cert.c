/* Certificates: list, show, export, revoke, delete. */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXPORT_PASSWORD_MAX 128
#define WITHIN_DAYS 30 /* cert expiring */
#define LIST_MOST 100

static json_object *names_of(const pca_cert *cert)
{
    json_object *names = json_object_new_array();
    for (uint64_t i = 0; i < pca_cert_san_count(cert); i++) {
        char text[2048];
        snprintf(text, sizeof text, "%s:%s", word_of(sans, pca_cert_san_type(cert, i)), pca_cert_san_at(cert, i));
        json_object_array_add(names, text_new(text));
    }
    return names;
}

static void put_review(json_object *object, const pca_cert *cert)
{
    put_text(object, "review_digest", pca_cert_review_digest(cert));
    put_time(object, "review_lapses_at", pca_cert_review_lapses_at(cert));
    json_object *approvals = json_object_new_array();
    for (uint64_t i = 0; i < pca_cert_approval_count(cert); i++)
        json_object_array_add(approvals, text_new(pca_cert_approval_by(cert, i)));
    json_object_object_add(object, "approved_by", approvals);
    put_time(object, "decided_at", pca_cert_decided_at(cert));
    put_text(object, "decided_by", pca_cert_decided_by(cert));
    put_text(object, "review_reason", pca_cert_review_reason(cert));
}

static void put_tags(json_object *object, const pca_cert *cert)
{
    json_object *tags = json_object_new_object();
    for (uint64_t i = 0; i < pca_cert_tag_count(cert); i++)
        json_object_object_add(tags, pca_cert_tag_at(cert, i), text_new(pca_cert_tag(cert, pca_cert_tag_at(cert, i))));
    json_object_object_add(object, "tags", tags);
}

json_object *cert_object(const pca_cert *cert, int long_form)
{
    json_object *object = json_object_new_object(), *ignored = json_object_new_array();
    put_number(object, "id", (int64_t)pca_cert_id(cert));
    put_text(object, "status", word_of(statuses, pca_cert_status(cert)));
    put_text(object, "type", word_of(types, pca_cert_type(cert)));
    put_text(object, "subject", pca_cert_subject(cert));
    json_object_object_add(object, "names", names_of(cert));
    put_text(object, "serial", pca_cert_serial(cert));
    put_text(object, "encryption_serial", pca_cert_encryption_serial(cert));
    put_number(object, "issuer", (int64_t)pca_cert_issuer_id(cert));
    put_time(object, "not_before", pca_cert_not_before(cert));
    put_time(object, "not_after", pca_cert_not_after(cert));
    put_text(object, "key", word_of(keys, pca_cert_key_algorithm(cert)));
    put_text(object, "key_held", word_of(containers, pca_cert_container(cert)));
    put_text(object, "driver", pca_cert_container_driver(cert));
    put_text(object, "slot", pca_cert_container_slot(cert));
    put_time(object, "installed_at", pca_cert_installed_at(cert));
    put_text(object, "alias", pca_cert_alias(cert));
    put_text(object, "custom_id", pca_cert_custom_id(cert));
    put_time(object, "revoked_at", pca_cert_revoked_at(cert));
    if (pca_cert_revoked_at(cert))
        put_text(object, "reason", word_of(reasons, pca_cert_reason(cert)));
    for (uint64_t i = 0; i < pca_cert_ignored_count(cert); i++)
        json_object_array_add(ignored, text_new(pca_cert_ignored_at(cert, i)));
    json_object_object_add(object, "ignored_of_csr", ignored);
    if (long_form) {
        put_tags(object, cert);
        put_text(object, "requester", pca_cert_requester(cert));
        put_time(object, "requested_at", pca_cert_requested_at(cert));
        put_review(object, cert);
    }
    return object;
}

static const struct column list_columns[] = {{"id", "ID", RIGHT},       {"status", "STATUS", COLOUR}, {"type", "TYPE", 0},
                                             {"subject", "SUBJECT", CUT}, {"not_after", "UNTIL", DATE}, {"issuer", "CA", RIGHT},
                                             {"serial", "SERIAL", WIDE}, {NULL, NULL, 0}};

/* One page of at most `most`, after what the page before says. */
typedef int next_page(struct session *s, void *how, const char *after, uint64_t most, pca_page **page);

/* Pages until the limit is reached; what it leaves out is said. */
static int collect(struct session *s, next_page *next, void *how, int long_form, uint64_t usual)
{
    pca_page *page = NULL;
    uint64_t left = limit_or(usual), most = left;
    int rc = PCA_OK;
    s->out = json_object_new_array();
    do {
        pca_page *fresh = NULL;
        rc = next(s, how, pca_page_next(page), left < 1000 ? left : 1000, &fresh);
        pca_page_free(page);
        page = fresh;
        for (uint64_t i = 0; rc == PCA_OK && i < pca_page_count(page); i++, left--)
            json_object_array_add(s->out, cert_object(pca_page_cert_at(page, i), long_form));
    } while (rc == PCA_OK && left && *pca_page_next(page));
    int more = rc == PCA_OK && *pca_page_next(page);
    pca_page_free(page);
    if (more)
        fprintf(stderr, "pca: there are more than %" PRIu64 "; --limit 0 lists all\n", most);
    return rc;
}

static int next_found(struct session *s, void *how, const char *after, uint64_t most, pca_page **page)
{
    pca_query *query = how;
    pca_query_set_after(query, after);
    pca_query_set_limit(query, most);
    return pca_region_find_certs(s->region, query, page, s->err);
}

static int list(struct session *s)
{
    pca_query *query = pca_query_new();
    int rc = query_of_certs(s, query);
    if (rc == PCA_OK)
        rc = collect(s, next_found, query, 0, LIST_MOST);
    pca_query_free(query);
    if (rc == PCA_OK)
        output_rows(s->out, list_columns);
    return rc;
}

static int next_expiring(struct session *s, void *how, const char *after, uint64_t most, pca_page **page)
{
    return pca_region_expiring(s->region, *(const int64_t *)how, after, most, page, s->err);
}

static int expiring(struct session *s)
{
    int64_t before = 0;
    int rc = region_now(s, &before);
    if (rc == PCA_OK && opt.before && opt.within >= 0)
        rc = refuse(s, PCA_E_INVALID, "--before and --within exclude each other");
    before += (opt.within < 0 ? WITHIN_DAYS : opt.within < 1000000 ? opt.within : 1000000) * INT64_C(86400);
    if (rc == PCA_OK)
        rc = moment(s, opt.before, "--before", &before);
    if (rc == PCA_OK)
        rc = collect(s, next_expiring, &before, 0, LIST_MOST);
    if (rc == PCA_OK)
        output_rows(s->out, list_columns);
    return rc;
}

static int shown(struct session *s, int rc)
{
    if (rc == PCA_OK)
        rc = reload(s);
    if (rc == PCA_OK)
        output_object(s->out = cert_object(s->cert, 1));
    return rc;
}

static int show(struct session *s)
{
    return shown(s, find_cert(s, s->args[0]));
}

static int pem(struct session *s)
{
    pca_blob *blob = NULL;
    int format = PCA_FORMAT_PEM;
    int rc = word_value(s, encodings, "--format", opt.format, &format);
    if (rc == PCA_OK)
        rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = format == PCA_FORMAT_PEM ? pca_cert_pem(s->cert, &blob, s->err) : pca_cert_der(s->cert, &blob, s->err);
    if (rc == PCA_OK)
        rc = output_blob(s, blob, format, "pem", 0644);
    pca_blob_free(blob);
    return rc;
}

/* ---- SM2 pairs ---- */

static int pair_part(struct session *s, int (*part)(const pca_cert *, pca_blob **, pca_error *))
{
    pca_blob *blob = NULL;
    int rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = part(s->cert, &blob, s->err);
    if (rc == PCA_OK)
        rc = output_blob(s, blob, PCA_FORMAT_DER, "der", 0644);
    pca_blob_free(blob);
    return rc;
}

static int encryption(struct session *s)
{
    return pair_part(s, pca_cert_encryption_der);
}

static int enveloped_key(struct session *s)
{
    return pair_part(s, pca_cert_enveloped_key);
}

/* ---- Export ---- */

/* One way at most to protect a private key; none: no private key is handed out. */
static int password_ready(struct session *s)
{
    if (opt.plain_key + opt.new_password + (opt.password_file != NULL) > 1)
        return refuse(s, PCA_E_INVALID, "--plain-key, --new-password and --password-file exclude each other");
    if (!opt.password_file || s->password.data)
        return PCA_OK;
    int rc = secret_read(s, opt.password_file, -1, "password", EXPORT_PASSWORD_MAX + 2, &s->password);
    return rc == PCA_OK && !*s->password.data ? refuse(s, PCA_E_INVALID, "%s holds no password", opt.password_file) : rc;
}

int export_ready(struct session *s, int *format)
{
    *format = PCA_FORMAT_PEM;
    int rc = word_value(s, formats, "--format", opt.format, format);
    if (rc == PCA_OK && (*format == PCA_FORMAT_PFX || *format == PCA_FORMAT_JKS) && !opt.new_password && !opt.password_file)
        rc = refuse(s, PCA_E_INVALID, "--format %s needs --new-password or --password-file", opt.format);
    return rc ? rc : password_ready(s);
}

static int key_choice(struct session *s, pca_blob **made, const char **password, int *flags)
{
    int rc = password_ready(s);
    if (opt.plain_key)
        *flags |= PCA_PLAIN_KEY;
    if (rc == PCA_OK && opt.new_password && (rc = pca_region_password_new(s->region, made, s->err)) == PCA_OK) {
        *flags |= PCA_WITH_PASSWORD_FILE;
        *password = (const char *)pca_blob_data(*made);
    }
    if (opt.password_file)
        *password = s->password.data;
    return rc;
}

int write_export(struct session *s, const pca_cert *cert, const char *directory, json_object *out)
{
    int format, flags = PCA_WITH_CHAIN | (opt.with_root ? PCA_WITH_ROOT : 0) | (opt.legacy ? PCA_LEGACY : 0);
    pca_blob *made = NULL;
    pca_files *files = NULL;
    const char *password = NULL;
    int rc = export_ready(s, &format);
    if (rc == PCA_OK && mkdir(directory, 0700) != 0 && errno != EEXIST)
        rc = refuse(s, errno_code(), "cannot make the directory %s: %s", directory, strerror(errno));
    if (rc == PCA_OK)
        rc = key_choice(s, &made, &password, &flags);
    if (rc == PCA_OK)
        rc = pca_cert_export(cert, format, flags, password, &files, s->err);
    if (rc == PCA_OK)
        rc = pca_files_write(files, directory, s->err);
    json_object *names = json_object_new_array();
    for (uint64_t i = 0; rc == PCA_OK && i < pca_files_count(files); i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", directory, pca_files_name(files, i));
        json_object_array_add(names, text_new(path));
    }
    json_object_object_add(out, "files", names);
    pca_files_free(files);
    pca_blob_free(made);
    return rc;
}

static int export(struct session *s)
{
    int rc = find_cert(s, s->args[0]);
    s->out = json_object_new_object();
    if (rc == PCA_OK) {
        put_number(s->out, "id", (int64_t)pca_cert_id(s->cert));
        put_text(s->out, "subject", pca_cert_subject(s->cert));
        rc = write_export(s, s->cert, opt.out ? opt.out : ".", s->out);
    }
    if (rc == PCA_OK)
        output_object(s->out);
    return rc;
}

static int export_key(struct session *s)
{
    int flags = 0, format = PCA_FORMAT_PEM;
    pca_blob *blob = NULL;
    const char *password = NULL;
    int rc = word_value(s, encodings, "--format", opt.format, &format);
    if (rc == PCA_OK && !opt.plain_key && !opt.password_file)
        rc = refuse(s, PCA_E_INVALID, "--plain-key or --password-file is needed: in what form it is handed out");
    if (rc == PCA_OK)
        rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = key_choice(s, NULL, &password, &flags);
    if (rc == PCA_OK)
        rc = pca_cert_export_key(s->cert, format, flags, password, &blob, s->err);
    if (rc == PCA_OK)
        rc = output_blob(s, blob, format, "key", 0600);
    pca_blob_free(blob);
    return rc;
}

static int install(struct session *s)
{
    const char *pin = NULL;
    int rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK && pca_cert_container(s->cert) == PCA_CONTAINER_USBKEY)
        rc = pin_of(s, pca_cert_container_slot(s->cert), &pin);
    return shown(s, rc ? rc : pca_cert_install(s->cert, pin, s->err));
}

/* ---- Revoke, delete ---- */

int revocation(struct session *s, int *reason, int64_t *invalidity)
{
    int rc = word_value(s, reasons, "--reason", opt.reason, reason);
    return rc ? rc : moment(s, opt.invalidity, "--invalidity", invalidity);
}

static int revoke(struct session *s)
{
    int reason = PCA_REASON_UNSPECIFIED;
    int64_t invalidity = 0;
    int rc = revocation(s, &reason, &invalidity);
    if (rc == PCA_OK)
        rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = confirm(s, "Revoke certificate %" PRIu64 " (%s)", pca_cert_id(s->cert), pca_cert_subject(s->cert));
    return shown(s, rc ? rc : pca_cert_revoke(s->cert, reason, invalidity, opt.token, s->err));
}

/* What is gone is told by its id. */
static int gone(struct session *s, const char *how)
{
    s->out = json_object_new_object();
    put_number(s->out, how, (int64_t)pca_cert_id(s->cert));
    put_text(s->out, "serial", pca_cert_serial(s->cert));
    output_object(s->out);
    return PCA_OK;
}

static int delete(struct session *s)
{
    int rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = confirm(s, "Delete certificate %" PRIu64 " (%s), its key and names", pca_cert_id(s->cert), pca_cert_subject(s->cert));
    if (rc == PCA_OK)
        rc = pca_cert_delete(s->cert, s->err);
    return rc ? rc : gone(s, "deleted");
}

static int set_alias(struct session *s)
{
    int rc = find_cert(s, s->args[0]);
    return shown(s, rc ? rc : pca_cert_set_alias(s->cert, s->args[1], s->err));
}

int split(struct session *s, const char *text, char **name, char **value)
{
    *name = strdup(text);
    if (!*name)
        return refuse(s, PCA_E_NO_MEMORY, "out of memory");
    *value = strchr(*name, '=');
    if (*value)
        *(*value)++ = '\0';
    return PCA_OK;
}

int each_tag(struct session *s, int (*set)(struct session *s, const char *key, const char *value))
{
    int rc = PCA_OK;
    for (int i = 1; rc == PCA_OK && i < s->count; i++) {
        char *key = NULL, *value = NULL;
        rc = split(s, s->args[i], &key, &value);
        if (rc == PCA_OK)
            rc = set(s, key, value);
        free(key);
    }
    return rc;
}

static int set_tag(struct session *s, const char *key, const char *value)
{
    return pca_cert_tag_set(s->cert, key, value, s->err);
}

static int tag(struct session *s)
{
    int rc = find_cert(s, s->args[0]);
    return shown(s, rc ? rc : each_tag(s, set_tag));
}

/* ---- Reviews ---- */

static int next_review(struct session *s, void *how, const char *after, uint64_t most, pca_page **page)
{
    (void)how;
    return pca_region_reviews(s->region, after, most, page, s->err);
}

static int review_list(struct session *s)
{
    static const struct column columns[] = {{"id", "ID", RIGHT},           {"subject", "SUBJECT", CUT}, {"requester", "REQUESTER", 0},
                                            {"requested_at", "ASKED", DATE}, {"review_digest", "DIGEST", WIDE}, {NULL, NULL, 0}};
    int rc = collect(s, next_review, NULL, 1, LIST_MOST);
    if (rc == PCA_OK)
        output_rows(s->out, columns);
    return rc;
}

static int approve(struct session *s)
{
    int rc = find_cert(s, s->args[0]);
    return shown(s, rc ? rc : pca_cert_approve(s->cert, s->args[1], s->err));
}

static int reject(struct session *s)
{
    int rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = confirm(s, "Reject request %" PRIu64 " (%s)", pca_cert_id(s->cert), pca_cert_subject(s->cert));
    return shown(s, rc ? rc : pca_cert_reject(s->cert, s->args[1], s->err));
}

static int cancel(struct session *s)
{
    int rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = confirm(s, "Cancel request %" PRIu64 " (%s)", pca_cert_id(s->cert), pca_cert_subject(s->cert));
    return shown(s, rc ? rc : pca_cert_cancel(s->cert, s->err));
}

static int purge(struct session *s)
{
    int rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = confirm(s, "Take request %" PRIu64 " (%s) away", pca_cert_id(s->cert), pca_cert_subject(s->cert));
    if (rc == PCA_OK)
        rc = pca_cert_purge(s->cert, s->err);
    return rc ? rc : gone(s, "purged");
}

const struct poptOption export_options[] = {
    {"out", 'o', POPT_ARG_STRING, &opt.out, 0, "The directory for its files, made where it is missing", "DIR"},
    {"format", 0, POPT_ARG_STRING, &opt.format, 0, "pem (default), der, pfx, jks, crt, pkcs8 or pkcs7", "FORMAT"},
    {"with-root", 0, POPT_ARG_NONE, &opt.with_root, 0, "The root in the chain", NULL},
    {"legacy", 0, POPT_ARG_NONE, &opt.legacy, 0, "A PFX that old programs read", NULL},
    {"plain-key", 0, POPT_ARG_NONE, &opt.plain_key, 0, "With the private key, unencrypted", NULL},
    {"new-password", 0, POPT_ARG_NONE, &opt.new_password, 0, "With the private key under a new password, in a file beside", NULL},
    {"password-file", 0, POPT_ARG_STRING, &opt.password_file, 0, "With the private key under the password in FILE", "FILE"},
    POPT_TABLEEND};
static const struct poptOption list_options[] = {
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)cert_query_options, 0, NULL, NULL}, LIMIT_OPTION, POPT_TABLEEND};
static const struct poptOption expiring_options[] = {
    {"within", 0, POPT_ARG_LONGLONG, &opt.within, 0, "In so many days; default 30", "N"},
    {"before", 0, POPT_ARG_STRING, &opt.before, 0, "Before that", "DATE"},
    LIMIT_OPTION,
    POPT_TABLEEND};
static const struct poptOption limit_options[] = {LIMIT_OPTION, POPT_TABLEEND};
static const struct poptOption key_options[] = {
    {"plain-key", 0, POPT_ARG_NONE, &opt.plain_key, 0, "Unencrypted", NULL},
    {"password-file", 0, POPT_ARG_STRING, &opt.password_file, 0, "Under the password in FILE", "FILE"},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)blob_options, 0, NULL, NULL},
    POPT_TABLEEND};
static const struct poptOption der_options[] = {
    {"out", 'o', POPT_ARG_STRING, &opt.out, 0, "Into that file; default: standard output", "FILE"}, POPT_TABLEEND};
static const struct poptOption revoke_options[] = {REASON_OPTIONS, TOKEN_OPTION, POPT_TABLEEND};

const struct command cert_commands[] = {
    {"cert", "list", "", "Certificates that match", 0, 0, READS, list_options, list},
    {"cert", "show", "CERT", "All about one", 1, 1, READS, no_options, show},
    {"cert", "expiring", "", "What ends soon, by the day of its end", 0, 0, READS, expiring_options, expiring},
    {"cert", "pem", "CERT", "The certificate", 1, 1, READS, blob_options, pem},
    {"cert", "key", "CERT", "Its private key (PKCS#8)", 1, 1, READS, key_options, export_key},
    {"cert", "encryption", "CERT", "An SM2 pair's encryption certificate, DER", 1, 1, READS, der_options, encryption},
    {"cert", "enveloped-key", "CERT", "An SM2 pair's encryption key, enveloped, DER", 1, 1, READS, der_options, enveloped_key},
    {"cert", "install", "CERT", "Write it to the token where its key is", 1, 1, WRITES, no_options, install},
    {"cert", "export", "CERT", "Its files, into a directory", 1, 1, READS, export_options, export},
    {"cert", "alias", "CERT ALIAS", "Label it; \"\" takes the label away", 2, 2, WRITES, no_options, set_alias},
    {"cert", "tag", "CERT KEY[=VALUE]...", "Set tags; KEY alone takes one away", 2, 21, WRITES, no_options, tag},
    {"cert", "revoke", "CERT", "Revoke it for ever", 1, 1, WRITES, revoke_options, revoke},
    {"cert", "delete", "CERT", "Destroy a revoked one's key, names and bytes", 1, 1, WRITES, no_options, delete},
    {"review", "list", "", "What waits for a decision", 0, 0, READS, limit_options, review_list},
    {"review", "approve", "CERT DIGEST", "Approve the request with that digest", 2, 2, WRITES, no_options, approve},
    {"review", "reject", "CERT REASON", "Reject it", 2, 2, WRITES, no_options, reject},
    {"review", "cancel", "CERT", "Cancel one's own request", 1, 1, WRITES, no_options, cancel},
    {"review", "purge", "CERT", "Take a rejected or cancelled request away", 1, 1, WRITES, no_options, purge},
    {0},
};
