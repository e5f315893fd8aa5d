/* Certificates: list, show, export, revoke, delete. */
#include "cli.h"

#include <bsd/string.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PASSWORD_MAX 128

static json_object *names_of(const pca_cert *cert)
{
    json_object *names = json_object_new_array();
    for (uint64_t i = 0; i < pca_cert_san_count(cert); i++) {
        char text[512];
        snprintf(text, sizeof text, "%s:%s", word_of(sans, pca_cert_san_type(cert, i)), pca_cert_san_at(cert, i));
        json_object_array_add(names, json_object_new_string(text));
    }
    return names;
}

static void put_review(json_object *object, const pca_cert *cert)
{
    put_text(object, "review_digest", pca_cert_review_digest(cert));
    put_time(object, "review_lapses_at", pca_cert_review_lapses_at(cert));
    json_object *approvals = json_object_new_array();
    for (uint64_t i = 0; i < pca_cert_approval_count(cert); i++)
        json_object_array_add(approvals, json_object_new_string(pca_cert_approval_by(cert, i)));
    json_object_object_add(object, "approved_by", approvals);
    put_time(object, "decided_at", pca_cert_decided_at(cert));
    put_text(object, "decided_by", pca_cert_decided_by(cert));
    put_text(object, "review_reason", pca_cert_review_reason(cert));
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
    put_number(object, "issuer", (int64_t)pca_cert_issuer_id(cert));
    put_time(object, "not_before", pca_cert_not_before(cert));
    put_time(object, "not_after", pca_cert_not_after(cert));
    put_text(object, "key", word_of(keys, pca_cert_key_algorithm(cert)));
    put_text(object, "key_held", word_of(containers, pca_cert_container(cert)));
    put_text(object, "alias", pca_cert_alias(cert));
    put_text(object, "custom_id", pca_cert_custom_id(cert));
    put_time(object, "revoked_at", pca_cert_revoked_at(cert));
    if (pca_cert_revoked_at(cert))
        put_text(object, "reason", word_of(reasons, pca_cert_reason(cert)));
    for (uint64_t i = 0; i < pca_cert_ignored_count(cert); i++)
        json_object_array_add(ignored, json_object_new_string(pca_cert_ignored_at(cert, i)));
    json_object_object_add(object, "ignored_of_csr", ignored);
    if (long_form) {
        put_text(object, "requester", pca_cert_requester(cert));
        put_time(object, "requested_at", pca_cert_requested_at(cert));
        put_review(object, cert);
    }
    return object;
}

static int query_of(struct session *s, pca_query *query)
{
    int status = 0, type = 0;
    int rc = word_value(s, statuses, "--status", opt.status, &status);
    if (rc == PCA_OK)
        rc = word_value(s, types, "--type", opt.type, &type);
    if (rc == PCA_OK && opt.sub && (rc = find_sub(s, opt.sub)) == PCA_OK)
        pca_query_set_issuer(query, pca_ca_id(s->ca));
    pca_query_set_status(query, status);
    pca_query_set_type(query, type);
    pca_query_set_name(query, opt.name);
    pca_query_set_alias(query, opt.alias);
    return rc;
}

/* Pages until the limit is reached; what it leaves out is said. */
static int collect(struct session *s, pca_query *query)
{
    pca_page *page = NULL;
    uint64_t left = opt.limit < 0 ? UINT64_MAX : (uint64_t)opt.limit;
    int rc = PCA_OK;
    do {
        pca_query_set_after(query, pca_page_next(page));
        pca_query_set_limit(query, left < 1000 ? left : 1000);
        pca_page_free(page);
        page = NULL;
        rc = pca_region_find_certs(s->region, query, &page, s->err);
        for (uint64_t i = 0; rc == PCA_OK && i < pca_page_count(page); i++, left--)
            json_object_array_add(s->out, cert_object(pca_page_cert_at(page, i), 0));
    } while (rc == PCA_OK && left && *pca_page_next(page));
    if (rc == PCA_OK && *pca_page_next(page))
        fprintf(stderr, "pca: there are more; --limit %lld ended the list\n", opt.limit);
    pca_page_free(page);
    return rc;
}

static int list(struct session *s)
{
    static const struct column columns[] = {{"id", "ID", RIGHT},           {"status", "STATUS", COLOUR}, {"type", "TYPE", 0},
                                            {"subject", "SUBJECT", 0},     {"not_after", "UNTIL", DATE}, {"issuer", "CA", RIGHT},
                                            {"serial", "SERIAL", 0},       {NULL, NULL, 0}};
    pca_query *query = pca_query_new();
    s->out = json_object_new_array();
    int rc = query_of(s, query);
    if (rc == PCA_OK)
        rc = collect(s, query);
    pca_query_free(query);
    if (rc == PCA_OK)
        output_rows(s->out, columns);
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
    int rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = pca_cert_pem(s->cert, &blob, s->err);
    if (rc == PCA_OK)
        fwrite(pca_blob_data(blob), 1, pca_blob_size(blob), stdout);
    pca_blob_free(blob);
    return rc;
}

/* ---- Export ---- */

/* One way at most to protect a private key; none: no private key is handed out. */
static int key_choice(struct session *s, struct file *file, pca_blob **made, const char **password, int *flags)
{
    int rc = PCA_OK;
    if (opt.plain_key + opt.new_password + (opt.password_file != NULL) > 1)
        return refuse(s, PCA_E_INVALID, "--plain-key, --new-password and --password-file exclude each other");
    if (opt.plain_key)
        *flags |= PCA_PLAIN_KEY;
    if (opt.new_password && (rc = pca_region_password_new(s->region, made, s->err)) == PCA_OK) {
        *flags |= PCA_WITH_PASSWORD_FILE;
        *password = (const char *)pca_blob_data(*made);
    }
    if (opt.password_file && (rc = file_read(s, opt.password_file, PASSWORD_MAX + 2, file)) == PCA_OK) {
        file->data[strcspn(file->data, "\r\n")] = '\0';
        *password = file->data;
    }
    return rc;
}

int write_export(struct session *s, const pca_cert *cert, const char *directory, json_object *out)
{
    int format = PCA_FORMAT_PEM;
    int flags = PCA_WITH_CHAIN | (opt.with_root ? PCA_WITH_ROOT : 0) | (opt.legacy ? PCA_LEGACY : 0);
    struct file file = {NULL, 0};
    pca_blob *made = NULL;
    pca_files *files = NULL;
    const char *password = NULL;
    int rc = word_value(s, formats, "--format", opt.format, &format);
    if (rc == PCA_OK && mkdir(directory, 0700) != 0 && errno != EEXIST)
        rc = refuse(s, PCA_E_PERMISSION, "cannot make the directory %s: %s", directory, strerror(errno));
    if (rc == PCA_OK)
        rc = key_choice(s, &file, &made, &password, &flags);
    if (rc == PCA_OK)
        rc = pca_cert_export(cert, format, flags, password, &files, s->err);
    if (rc == PCA_OK)
        rc = pca_files_write(files, directory, s->err);
    json_object *names = json_object_new_array();
    for (uint64_t i = 0; rc == PCA_OK && i < pca_files_count(files); i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", directory, pca_files_name(files, i));
        json_object_array_add(names, json_object_new_string(path));
    }
    json_object_object_add(out, "files", names);
    pca_files_free(files);
    pca_blob_free(made);
    file_free(&file);
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

/* ---- Revoke, delete ---- */

static int revoke(struct session *s)
{
    int reason = PCA_REASON_UNSPECIFIED;
    int rc = word_value(s, reasons, "--reason", opt.reason, &reason);
    if (rc == PCA_OK)
        rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = confirm(s, "Revoke certificate %" PRIu64 " (%s)", pca_cert_id(s->cert), pca_cert_subject(s->cert));
    return shown(s, rc ? rc : pca_cert_revoke(s->cert, reason, 0, opt.token, s->err));
}

static int delete(struct session *s)
{
    int rc = find_cert(s, s->args[0]);
    if (rc == PCA_OK)
        rc = confirm(s, "Delete certificate %" PRIu64 " (%s), its key and names", pca_cert_id(s->cert), pca_cert_subject(s->cert));
    return rc ? rc : pca_cert_delete(s->cert, s->err);
}

static int set_alias(struct session *s)
{
    int rc = find_cert(s, s->args[0]);
    return shown(s, rc ? rc : pca_cert_set_alias(s->cert, s->args[1], s->err));
}

/* ---- Reviews ---- */

static int review_list(struct session *s)
{
    static const struct column columns[] = {{"id", "ID", RIGHT},           {"subject", "SUBJECT", 0},   {"requester", "REQUESTER", 0},
                                            {"requested_at", "ASKED", DATE}, {"review_digest", "DIGEST", 0}, {NULL, NULL, 0}};
    pca_page *page = NULL;
    int rc = PCA_OK;
    s->out = json_object_new_array();
    do {
        pca_page *next = NULL;
        rc = pca_region_reviews(s->region, pca_page_next(page), 1000, &next, s->err);
        pca_page_free(page);
        page = next;
        for (uint64_t i = 0; rc == PCA_OK && i < pca_page_count(page); i++)
            json_object_array_add(s->out, cert_object(pca_page_cert_at(page, i), 1));
    } while (rc == PCA_OK && *pca_page_next(page));
    pca_page_free(page);
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
    {"sub", 0, POPT_ARG_STRING, &opt.sub, 0, "Of this subordinate", "CA"},
    {"status", 0, POPT_ARG_STRING, &opt.status, 0, "pending, issued, revoked, rejected or cancelled", "STATUS"},
    {"type", 0, POPT_ARG_STRING, &opt.type, 0, "server, client, both or custom", "TYPE"},
    {"name", 0, POPT_ARG_STRING, &opt.name, 0, "With this common or alternative name", "NAME"},
    {"alias", 0, POPT_ARG_STRING, &opt.alias, 0, "With this alias", "TEXT"},
    {"limit", 0, POPT_ARG_LONGLONG, &opt.limit, 0, "At most so many; default 100", "N"},
    POPT_TABLEEND};
static const struct poptOption revoke_options[] = {
    {"reason", 0, POPT_ARG_STRING, &opt.reason, 0, "unspecified (default), key-compromise, superseded...", "REASON"},
    {"token", 0, POPT_ARG_STRING, &opt.token, 0, "Makes the command safe to repeat", "TOKEN"},
    POPT_TABLEEND};

const struct command cert_commands[] = {
    {"cert", "list", "", "Certificates that match", 0, 0, READS, list_options, list},
    {"cert", "show", "CERT", "All about one", 1, 1, READS, no_options, show},
    {"cert", "pem", "CERT", "The certificate, PEM", 1, 1, READS, no_options, pem},
    {"cert", "export", "CERT", "Its files, into a directory", 1, 1, READS, export_options, export},
    {"cert", "alias", "CERT ALIAS", "Label it", 2, 2, WRITES, no_options, set_alias},
    {"cert", "revoke", "CERT", "Revoke it for ever", 1, 1, WRITES, revoke_options, revoke},
    {"cert", "delete", "CERT", "Destroy a revoked one's key, names and bytes", 1, 1, WRITES, no_options, delete},
    {"review", "list", "", "What waits for a decision", 0, 0, READS, no_options, review_list},
    {"review", "approve", "CERT DIGEST", "Approve the request with that digest", 2, 2, WRITES, no_options, approve},
    {"review", "reject", "CERT REASON", "Reject it", 2, 2, WRITES, no_options, reject},
    {"review", "cancel", "CERT", "Cancel one's own request", 1, 1, WRITES, no_options, cancel},
    {0},
};
