#include <stdio.h>
#include <string.h>

#include "api/blob.h"
#include "api/snapshot.h"
#include "base/memory.h"
#include "base/text.h"
#include "ca/revoke.h"
#include "x509/pem.h"

#define FILE_STEM_MAX 100

/* ---- Getters ---- */

uint64_t pca_cert_id(const pca_cert *cert)
{
    return cert ? cert->id : 0;
}

uint64_t pca_cert_issuer_id(const pca_cert *cert)
{
    return cert ? cert->record.issuer : 0;
}

const char *pca_cert_serial(const pca_cert *cert)
{
    return cert ? cert->serial : "";
}

int pca_cert_type(const pca_cert *cert)
{
    return cert ? (int)cert->record.type : 0;
}

int pca_cert_status(const pca_cert *cert)
{
    return cert ? (int)cert->status.status : 0;
}

const char *pca_cert_subject(const pca_cert *cert)
{
    return cert ? cert->subject : "";
}

uint64_t pca_cert_san_count(const pca_cert *cert)
{
    return cert ? cert->san_count : 0;
}

int pca_cert_san_type(const pca_cert *cert, uint64_t index)
{
    return cert && index < cert->san_count ? cert->san[index].type : 0;
}

const char *pca_cert_san_at(const pca_cert *cert, uint64_t index)
{
    return cert && index < cert->san_count ? cert->san[index].text : "";
}

int64_t pca_cert_not_before(const pca_cert *cert)
{
    return cert ? cert->record.not_before : 0;
}

int64_t pca_cert_not_after(const pca_cert *cert)
{
    return cert ? cert->record.not_after : 0;
}

int pca_cert_key_algorithm(const pca_cert *cert)
{
    return cert ? (int)cert->record.algorithm : 0;
}

int pca_cert_container(const pca_cert *cert)
{
    return cert ? (int)cert->record.container : 0;
}

const char *pca_cert_alias(const pca_cert *cert)
{
    return cert ? cert->alias : "";
}

int64_t pca_cert_revoked_at(const pca_cert *cert)
{
    return cert && cert->status.status == PCA_STATUS_REVOKED ? cert->status.at : 0;
}

int pca_cert_reason(const pca_cert *cert)
{
    return cert ? (int)cert->status.reason : 0;
}

uint64_t pca_cert_ignored_count(const pca_cert *cert)
{
    return cert ? cert->ignored_count : 0;
}

const char *pca_cert_ignored_at(const pca_cert *cert, uint64_t index)
{
    return cert && index < cert->ignored_count ? cert->ignored[index] : "";
}

/* ---- Bytes ---- */

static int encoded(const pca_cert *cert, int format, pca_blob **blob, pca_error *err)
{
    struct call call;
    struct buf out = {0};
    pca_error_clear(err);
    if (!cert || !blob)
        return pcai_null(cert ? "blob" : "cert", err);
    int rc = pcai_call_begin(cert->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    if (format == PCA_FORMAT_DER)
        pcai_buf_slice(&out, cert->record.der);
    else
        pcai_pem_write(&out, "CERTIFICATE", cert->record.der);
    pcai_call_end(&call);
    return pcai_blob_take(&out, blob, err);
}

int pca_cert_der(const pca_cert *cert, pca_blob **blob, pca_error *err)
{
    return encoded(cert, PCA_FORMAT_DER, blob, err);
}

int pca_cert_pem(const pca_cert *cert, pca_blob **blob, pca_error *err)
{
    return encoded(cert, PCA_FORMAT_PEM, blob, err);
}

/* ---- Export ---- */

struct exporting {
    struct shell *shell;
    const pca_cert *cert;
    int format, flags;
    struct buf leaf, key;
    struct buf ca[PCAI_CHAIN_MAX]; /* DER, the issuer first and the root last */
    size_t count;
};

static int read_key(struct exporting *e, const struct cert_view *view, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct key_owner owner = {'e', view->id, 0};
    pcai_object("cert", view->id, object);
    if (view->record.container != PCA_CONTAINER_MANAGED)
        return pcai_fail(err, PCA_E_NOT_EXPORTABLE, object, "key", "the private key was not made here: the requester has it");
    if (view->status.status == PCA_STATUS_REVOKED)
        return pcai_fail(err, PCA_E_STATE, object, "status", "the certificate is revoked, and its private key is no longer handed out");
    return pcai_keyring_unseal(pcai_environment_keyring(e->shell->env), &owner, view->record.sealed_key, &e->key, err);
}

static int export_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct exporting *e = arguments;
    struct cert_view view;
    struct chain_certs chain;
    int rc = pcai_cert_read(txn, e->cert->id, &view, err);
    if (rc == PCA_OK && (e->flags & PCA_PLAIN_KEY))
        rc = read_key(e, &view, err);
    if (rc == PCA_OK) {
        pcai_buf_slice(&e->leaf, view.record.der);
        rc = pcai_buf_check(&e->leaf, err);
    }
    if (rc == PCA_OK)
        rc = pcai_chain_certs(txn, cx, view.record.issuer, view.record.generation, &chain, err);
    for (size_t i = 0; rc == PCA_OK && i < chain.count; i++) {
        pcai_buf_slice(&e->ca[e->count++], chain.der[i]);
        rc = pcai_buf_check(&e->ca[i], err);
    }
    return rc;
}

/* The names that an export gives to the CAs, in any case: a file system may not tell ROOT.pem from root.pem. */
static int is_reserved(const char *stem)
{
    struct slice text = pcai_slice_text(stem), chain = pcai_slice_text("chain-");
    return pcai_equal_nocase(text, pcai_slice_text("root")) ||
           (text.size > chain.size && pcai_equal_nocase(pcai_slice(text.data, chain.size), chain));
}

/* The common name or the serial, with _ for what could lead elsewhere or surprise a shell. */
static void file_stem(const pca_cert *cert, char stem[FILE_STEM_MAX + 2])
{
    const char *from = *cert->common_name ? cert->common_name : cert->serial;
    size_t i = 0;
    for (; from[i] && i < FILE_STEM_MAX; i++) {
        int c = from[i];
        stem[i] = pcai_is_alpha(c) || pcai_is_digit(c) || c == '-' || (c == '.' && i) || c == '@' ? (char)c : '_';
    }
    stem[i] = 0;
    if (is_reserved(stem)) {
        stem[i] = '_';
        stem[i + 1] = 0;
    }
}

static int add_file(pca_files *files, const char *stem, const char *suffix, int secret, struct buf *contents, pca_error *err)
{
    char name[FILE_STEM_MAX + 32];
    snprintf(name, sizeof name, "%s%s", stem, suffix);
    int rc = pcai_buf_check(contents, err);
    return rc == PCA_OK ? pcai_files_add(files, name, secret, contents, err) : rc;
}

/* How many of the CAs the flags ask for. */
static size_t chain_asked(const struct exporting *e)
{
    if (e->flags & PCA_WITH_ROOT)
        return e->count;
    return e->flags & PCA_WITH_CHAIN ? e->count - 1 : 0;
}

static int files_pem(struct exporting *e, const char *stem, pca_files *files, pca_error *err)
{
    struct buf pem = {0}, key = {0}, root = {0};
    pcai_pem_write(&pem, "CERTIFICATE", pcai_buf_view(&e->leaf));
    for (size_t i = 0; i < chain_asked(e); i++)
        pcai_pem_write(&pem, "CERTIFICATE", pcai_buf_view(&e->ca[i]));
    int rc = add_file(files, stem, ".pem", 0, &pem, err);
    if (rc == PCA_OK && e->key.size) {
        pcai_pem_write(&key, "PRIVATE KEY", pcai_buf_view(&e->key));
        rc = add_file(files, stem, ".key", 1, &key, err);
    }
    if (rc == PCA_OK) {
        pcai_pem_write(&root, "CERTIFICATE", pcai_buf_view(&e->ca[e->count - 1]));
        rc = add_file(files, "root", ".pem", 0, &root, err);
    }
    pcai_buf_free(&pem);
    pcai_buf_free(&key);
    pcai_buf_free(&root);
    return rc;
}

static int files_der(struct exporting *e, const char *stem, pca_files *files, pca_error *err)
{
    struct buf root = {0};
    pcai_buf_slice(&root, pcai_buf_view(&e->ca[e->count - 1]));
    int rc = add_file(files, stem, ".der", 0, &e->leaf, err);
    if (rc == PCA_OK && e->key.size)
        rc = add_file(files, stem, ".key", 1, &e->key, err);
    size_t asked = chain_asked(e);
    for (size_t i = 0; rc == PCA_OK && i < asked; i++) {
        char suffix[32];
        snprintf(suffix, sizeof suffix, "-%zu.der", i + 1);
        rc = add_file(files, "chain", suffix, 0, &e->ca[i], err);
    }
    if (rc == PCA_OK)
        rc = add_file(files, "root", ".der", 0, &root, err);
    pcai_buf_free(&root);
    return rc;
}

static void exporting_free(struct exporting *e)
{
    pcai_buf_free(&e->leaf);
    pcai_buf_free(&e->key);
    for (size_t i = 0; i < PCAI_CHAIN_MAX; i++)
        pcai_buf_free(&e->ca[i]);
}

static int check_export(int format, int flags, int known, const char *password, pca_error *err)
{
    if (format != PCA_FORMAT_PEM && format != PCA_FORMAT_DER)
        return pcai_fail(err, PCA_E_INVALID, "call", "format", "PEM and DER are the formats of this build");
    if (flags & ~known)
        return pcai_fail(err, PCA_E_INVALID, "call", "flags", "the flags hold a bit that is not known here");
    if (password)
        return pcai_fail(err, PCA_E_UNSUPPORTED, "call", "password", "encrypted keys are not in this build; a plain key takes PCA_PLAIN_KEY and no password");
    return PCA_OK;
}

int pca_cert_export(const pca_cert *cert, int format, int flags, const char *password, pca_files **files, pca_error *err)
{
    char stem[FILE_STEM_MAX + 2];
    pca_error_clear(err);
    if (!cert || !files)
        return pcai_null(cert ? "files" : "cert", err);
    int rc = check_export(format, flags, PCA_WITH_CHAIN | PCA_WITH_ROOT | PCA_PLAIN_KEY, password, err);
    if (rc != PCA_OK)
        return rc;
    struct exporting e = {.shell = cert->shell, .cert = cert, .format = format, .flags = flags};
    pca_files *fresh = pcai_files_new();
    file_stem(cert, stem);
    rc = fresh ? pcai_verb_read(cert->shell, export_rule, &e, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = format == PCA_FORMAT_PEM ? files_pem(&e, stem, fresh, err) : files_der(&e, stem, fresh, err);
    if (rc == PCA_OK)
        *files = fresh;
    else
        pca_files_free(fresh);
    exporting_free(&e);
    return rc;
}

int pca_cert_export_key(const pca_cert *cert, int format, int flags, const char *password, pca_blob **blob, pca_error *err)
{
    struct buf pem = {0};
    pca_error_clear(err);
    if (!cert || !blob)
        return pcai_null(cert ? "blob" : "cert", err);
    int rc = check_export(format, flags, PCA_PLAIN_KEY, password, err);
    if (rc == PCA_OK && !(flags & PCA_PLAIN_KEY))
        rc = pcai_fail(err, PCA_E_INVALID, "call", "flags", "the key comes plain in this build: say so by PCA_PLAIN_KEY");
    if (rc != PCA_OK)
        return rc;
    struct exporting e = {.shell = cert->shell, .cert = cert, .format = format, .flags = flags};
    rc = pcai_verb_read(cert->shell, export_rule, &e, err);
    if (rc == PCA_OK && format == PCA_FORMAT_PEM) {
        pcai_pem_write(&pem, "PRIVATE KEY", pcai_buf_view(&e.key));
        rc = pcai_blob_take(&pem, blob, err);
    } else if (rc == PCA_OK) {
        rc = pcai_blob_take(&e.key, blob, err);
    }
    exporting_free(&e);
    return rc;
}

/* ---- Verbs ---- */

int pca_cert_revoke(const pca_cert *cert, int reason, int64_t invalidity, const char *token, pca_error *err)
{
    pca_error_clear(err);
    if (!cert)
        return pcai_null("cert", err);
    struct revocation r = {cert->id, reason, invalidity, {.text = token, .verb = TOKEN_REVOKE, .object = cert->id}};
    int rc = pcai_revocation_check(&r, 0, err);
    return rc == PCA_OK ? pcai_verb_write(cert->shell, pcai_cert_revoke, &r, err) : rc;
}

int pca_cert_delete(const pca_cert *cert, pca_error *err)
{
    pca_error_clear(err);
    if (!cert)
        return pcai_null("cert", err);
    struct deletion d = {cert->id};
    return pcai_verb_write(cert->shell, pcai_cert_delete, &d, err);
}

int pca_cert_reload(const pca_cert *cert, pca_cert **fresh, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!cert || !fresh)
        return pcai_null(cert ? "fresh" : "cert", err);
    int rc = pcai_call_begin(cert->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_cert_load(&call, cert->id, fresh, err);
    pcai_call_end(&call);
    return rc;
}
