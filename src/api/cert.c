#include "api/blob.h"
#include "api/snapshot.h"
#include "ca/revoke.h"

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

const char *pca_cert_container_driver(const pca_cert *cert)
{
    return cert ? cert->driver : "";
}

const char *pca_cert_container_slot(const pca_cert *cert)
{
    return cert ? cert->slot : "";
}

int64_t pca_cert_installed_at(const pca_cert *cert)
{
    return cert ? cert->record.installed : 0;
}

const char *pca_cert_alias(const pca_cert *cert)
{
    return cert ? cert->alias : "";
}

const char *pca_cert_custom_id(const pca_cert *cert)
{
    return cert ? cert->custom_id : "";
}

uint64_t pca_cert_tag_count(const pca_cert *cert)
{
    return cert ? cert->tags.count : 0;
}

const char *pca_cert_tag_at(const pca_cert *cert, uint64_t index)
{
    return cert ? pcai_tag_list_key(&cert->tags, index) : "";
}

const char *pca_cert_tag(const pca_cert *cert, const char *key)
{
    return cert ? pcai_tag_list_value(&cert->tags, key) : NULL;
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
    pca_error_clear(err);
    if (!cert || !blob)
        return pcai_null(cert ? "blob" : "cert", err);
    struct cert_view view = {cert->id, cert->record, cert->status};
    int rc = pcai_call_begin(cert->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_cert_require(&view, CERT_READ, err);
    pcai_call_end(&call);
    return rc == PCA_OK ? pcai_blob_encode(format, "CERTIFICATE", cert->record.der, blob, err) : rc;
}

int pca_cert_der(const pca_cert *cert, pca_blob **blob, pca_error *err)
{
    return encoded(cert, PCA_FORMAT_DER, blob, err);
}

int pca_cert_pem(const pca_cert *cert, pca_blob **blob, pca_error *err)
{
    return encoded(cert, PCA_FORMAT_PEM, blob, err);
}

/* ---- Verbs ---- */

int pca_cert_set_alias(const pca_cert *cert, const char *alias, pca_error *err)
{
    pca_error_clear(err);
    if (!cert || !alias)
        return pcai_null(cert ? "alias" : "cert", err);
    struct labelling l = {.id = cert->id, .alias = alias};
    int rc = pcai_alias_check(alias, err);
    return rc == PCA_OK ? pcai_verb_write(cert->shell, pcai_cert_set_alias, &l, err) : rc;
}

int pca_cert_tag_set(const pca_cert *cert, const char *key, const char *value, pca_error *err)
{
    pca_error_clear(err);
    if (!cert || !key)
        return pcai_null(cert ? "key" : "cert", err);
    struct labelling l = {.id = cert->id, .key = key, .value = value};
    int rc = pcai_tag_check(key, value, err);
    return rc == PCA_OK ? pcai_verb_write(cert->shell, pcai_cert_set_tag, &l, err) : rc;
}

int pca_cert_revoke(const pca_cert *cert, int reason, int64_t invalidity, const char *token, pca_error *err)
{
    pca_error_clear(err);
    if (!cert)
        return pcai_null("cert", err);
    struct revocation r = {.id = cert->id,
                           .reason = reason,
                           .invalidity = invalidity,
                           .token = {.text = token, .verb = TOKEN_REVOKE, .object = cert->id}};
    int rc = pcai_revocation_check(&r, 0, pcai_slice(NULL, 0), err);
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
