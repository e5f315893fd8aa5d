/* pca_ca: getters and the verbs that roots and subordinates share. */
#include "api/blob.h"
#include "api/issuing.h"
#include "base/memory.h"
#include "ca/revoke.h"
#include "x509/pem.h"

uint64_t pca_ca_id(const pca_ca *ca)
{
    return ca ? ca->record.id : 0;
}

uint64_t pca_ca_parent_id(const pca_ca *ca)
{
    return ca ? ca->record.parent : 0;
}

uint64_t pca_ca_root_id(const pca_ca *ca)
{
    return ca ? ca->record.root : 0;
}

int pca_ca_kind(const pca_ca *ca)
{
    return ca ? (int)ca->record.kind : 0;
}

int pca_ca_family(const pca_ca *ca)
{
    return ca ? (int)ca->record.family : 0;
}

int pca_ca_state(const pca_ca *ca)
{
    return ca ? (int)ca->record.state : 0;
}

const char *pca_ca_alias(const pca_ca *ca)
{
    return ca ? ca->alias : "";
}

int64_t pca_ca_service_start(const pca_ca *ca)
{
    return ca ? ca->record.service_start : 0;
}

int64_t pca_ca_service_end(const pca_ca *ca)
{
    return ca ? ca->record.service_end : 0;
}

uint64_t pca_ca_months(const pca_ca *ca)
{
    return ca ? ca->record.months : 0;
}

int pca_ca_key_algorithm(const pca_ca *ca)
{
    return ca ? (int)ca->record.algorithm : 0;
}

const char *pca_ca_subject(const pca_ca *ca)
{
    return ca ? ca->subject : "";
}

const char *pca_ca_serial(const pca_ca *ca)
{
    return ca ? ca->serial : "";
}

int64_t pca_ca_not_before(const pca_ca *ca)
{
    return ca ? ca->record.not_before : 0;
}

int64_t pca_ca_not_after(const pca_ca *ca)
{
    return ca ? ca->record.not_after : 0;
}

const char *pca_ca_crl_url(const pca_ca *ca)
{
    return ca ? ca->crl_url : "";
}

uint64_t pca_ca_crl_days(const pca_ca *ca)
{
    return ca ? ca->record.crl_days : 0;
}

const char *pca_ca_ocsp_url(const pca_ca *ca)
{
    return ca ? ca->ocsp_url : "";
}

const char *pca_ca_issuer_url(const pca_ca *ca)
{
    return ca ? ca->issuer_url : "";
}

uint64_t pca_ca_generation(const pca_ca *ca)
{
    return ca ? ca->record.generation : 0;
}

const char *pca_ca_crl_url_at(const pca_ca *ca, uint64_t generation)
{
    return ca && generation >= 1 && generation <= ca->record.generation ? ca->crl_urls[generation - 1] : "";
}

int pca_ca_path_length(const pca_ca *ca)
{
    return ca ? (int)ca->record.path_length - 1 : -1;
}

int64_t pca_ca_revoked_at(const pca_ca *ca)
{
    return ca ? ca->record.revoked_at : 0;
}

int pca_ca_reason(const pca_ca *ca)
{
    return ca ? (int)ca->record.reason : 0;
}

uint64_t pca_ca_tag_count(const pca_ca *ca)
{
    return ca ? ca->tags.count : 0;
}

const char *pca_ca_tag_at(const pca_ca *ca, uint64_t index)
{
    return ca ? pcai_tag_list_key(&ca->tags, index) : "";
}

const char *pca_ca_tag(const pca_ca *ca, const char *key)
{
    return ca ? pcai_tag_list_value(&ca->tags, key) : NULL;
}

/* ---- Certificate and chain ---- */

struct chain_read {
    uint64_t id, generation; /* 0: the present one */
    int flags;               /* -1: the CA's own certificate alone */
    int format;
    struct buf out;
};

static int chain_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct chain_read *read = arguments;
    struct ca_record ca;
    struct chain_certs chain;
    char object[PCAI_OBJECT];
    int rc = pcai_ca_read(txn, cx, read->id, &ca, err);
    if (rc == PCA_OK && ca.generation == 0)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(&ca, object), "state", "the CA is not enabled yet, and has no certificate");
    if (rc == PCA_OK && read->generation > ca.generation)
        return pcai_fail(err, PCA_E_NOT_FOUND, pcai_ca_object(&ca, object), "generation", "the CA has key generations 1 to %d", (int)ca.generation);
    if (rc == PCA_OK)
        rc = pcai_chain_certs(txn, cx, ca.id, read->generation ? read->generation : ca.generation, &chain, err);
    size_t count = rc != PCA_OK ? 0 : read->flags == -1 ? 1 : chain.count;
    if (count > 1 && !(read->flags & PCA_WITH_ROOT))
        count = pcai_chain_below_root(&chain);
    for (size_t i = 0; i < count; i++) {
        if (read->format == PCA_FORMAT_DER)
            pcai_buf_slice(&read->out, chain.der[i]);
        else
            pcai_pem_write(&read->out, "CERTIFICATE", chain.der[i]);
    }
    return rc;
}

static int read_chain(const pca_ca *ca, uint64_t generation, int format, int flags, pca_blob **blob, pca_error *err)
{
    struct chain_read read = {ca->record.id, generation, flags, format, {0}};
    int rc = pcai_verb_read(ca->shell, chain_rule, &read, err);
    if (rc == PCA_OK)
        return pcai_blob_take(&read.out, blob, err);
    pcai_buf_free(&read.out);
    return rc;
}

int pca_ca_certificate_at(const pca_ca *ca, uint64_t generation, int format, pca_blob **blob, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !blob)
        return pcai_null(ca ? "blob" : "ca", err);
    int rc = pcai_blob_check_format(format, "certificate", err);
    return rc == PCA_OK ? read_chain(ca, generation, format, -1, blob, err) : rc;
}

int pca_ca_certificate(const pca_ca *ca, int format, pca_blob **blob, pca_error *err)
{
    return pca_ca_certificate_at(ca, 0, format, blob, err);
}

int pca_ca_chain(const pca_ca *ca, int flags, pca_blob **blob, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !blob)
        return pcai_null(ca ? "blob" : "ca", err);
    if (flags & ~PCA_WITH_ROOT)
        return pcai_fail(err, PCA_E_INVALID, "call", "flags", "a chain takes PCA_WITH_ROOT or nothing");
    return read_chain(ca, 0, PCA_FORMAT_PEM, flags, blob, err);
}

/* ---- Further certificates and keys ---- */

int pca_ca_reissue(const pca_ca *ca, const pca_request *request, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !request)
        return pcai_null(ca ? "request" : "ca", err);
    return pcai_certify_ca(ca, PURPOSE_REISSUE, 0, request, err);
}

int pca_ca_rekey(const pca_ca *ca, const pca_request *request, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !request)
        return pcai_null(ca ? "request" : "ca", err);
    return pcai_certify_ca(ca, PURPOSE_REKEY, 0, request, err);
}

/* ---- Settings ---- */

int pca_ca_set_crl(const pca_ca *ca, const char *url, uint64_t days, pca_error *err)
{
    pca_error_clear(err);
    if (!ca)
        return pcai_null("ca", err);
    struct ca_settings s = {.id = ca->record.id, .crl_url = url, .crl_days = days};
    int rc = pcai_ca_settings_check(&s, err);
    return rc == PCA_OK ? pcai_verb_write(ca->shell, pcai_ca_set, &s, err) : rc;
}

int pca_ca_set_urls(const pca_ca *ca, const char *ocsp_url, const char *issuer_url, pca_error *err)
{
    pca_error_clear(err);
    if (!ca)
        return pcai_null("ca", err);
    struct ca_settings s = {.id = ca->record.id, .ocsp_url = ocsp_url, .issuer_url = issuer_url};
    int rc = pcai_ca_settings_check(&s, err);
    return rc == PCA_OK ? pcai_verb_write(ca->shell, pcai_ca_set, &s, err) : rc;
}

/* ---- States ---- */

static int simple(const pca_ca *ca, rule run, const char *alias, pca_error *err)
{
    struct ca_verb verb = {ca->record.id, alias};
    return pcai_verb_write(ca->shell, run, &verb, err);
}

int pca_ca_set_alias(const pca_ca *ca, const char *alias, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !alias)
        return pcai_null(ca ? "alias" : "ca", err);
    int rc = pcai_alias_check(alias, err);
    return rc == PCA_OK ? simple(ca, pcai_ca_set_alias, alias, err) : rc;
}

int pca_ca_tag_set(const pca_ca *ca, const char *key, const char *value, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !key)
        return pcai_null(ca ? "key" : "ca", err);
    struct labelling l = {.id = ca->record.id, .key = key, .value = value};
    int rc = pcai_tag_check(key, value, err);
    return rc == PCA_OK ? pcai_verb_write(ca->shell, pcai_ca_set_tag, &l, err) : rc;
}

int pca_ca_disable(const pca_ca *ca, pca_error *err)
{
    pca_error_clear(err);
    return ca ? simple(ca, pcai_ca_disable, NULL, err) : pcai_null("ca", err);
}

int pca_ca_resume(const pca_ca *ca, pca_error *err)
{
    pca_error_clear(err);
    return ca ? simple(ca, pcai_ca_resume, NULL, err) : pcai_null("ca", err);
}

int pca_ca_revoke(const pca_ca *ca, int reason, int64_t invalidity, const char *token, pca_error *err)
{
    pca_error_clear(err);
    if (!ca)
        return pcai_null("ca", err);
    struct revocation r = {.id = ca->record.id,
                           .reason = reason,
                           .invalidity = invalidity,
                           .token = {.text = token, .verb = TOKEN_CA_REVOKE, .object = ca->record.id}};
    int rc = pcai_revocation_check(&r, 1, pcai_slice(NULL, 0), err);
    return rc == PCA_OK ? pcai_verb_write(ca->shell, pcai_ca_revoke, &r, err) : rc;
}

/* ---- Look-up ---- */

struct serial_search {
    struct shell *shell;
    uint64_t issuer;
    const char *serial;
    pca_cert *cert;
};

static int serial_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct serial_search *search = arguments;
    struct cert_view view;
    (void)cx;
    int rc = pcai_cert_by_serial(txn, search->issuer, search->serial, &view, err);
    return rc == PCA_OK ? pcai_cert_snapshot(search->shell, &view, &search->cert, err) : rc;
}

int pca_ca_cert_by_serial(const pca_ca *ca, const char *serial, pca_cert **cert, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !serial || !cert)
        return pcai_null(!ca ? "ca" : !serial ? "serial" : "cert", err);
    struct serial_search search = {ca->shell, ca->record.id, serial, NULL};
    int rc = pcai_verb_read(ca->shell, serial_rule, &search, err);
    if (rc == PCA_OK)
        *cert = search.cert;
    return rc;
}
