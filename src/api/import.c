/* What exists brought in: CAs with their keys, certificates that others signed, records of an earlier life. */
#include "ca/import.h"

#include <string.h>

#include "api/blob.h"
#include "api/issuing.h"
#include "base/memory.h"
#include "ca/cross.h"
#include "ca/history.h"
#include "x509/csr.h"
#include "x509/pkcs8.h"

/* After so many attempts the caller hears BUSY. */
#define ATTEMPTS 3
/* Its successor must not be 0 again. */
#define CRL_NUMBER_MAX INT64_MAX

/* ---- pca_import ---- */

pca_import *pca_import_new(void)
{
    return pcai_alloc(sizeof(pca_import));
}

void pca_import_free(pca_import *import)
{
    if (!import)
        return;
    pcai_arena_free(&import->arena);
    pcai_free(import);
}

int pca_import_reset(pca_import *import)
{
    if (!import)
        return PCA_E_INVALID;
    pcai_arena_free(&import->arena);
    *import = (pca_import){.key_elsewhere = 0};
    return PCA_OK;
}

static int usable(const pca_import *import)
{
    return import ? import->refusal.code : PCA_E_INVALID;
}

/* Keeps the first refusal. */
static int refuse(pca_import *import, int code, const char *field, const char *why)
{
    if (import->refusal.code == PCA_OK)
        pcai_fail(&import->refusal, code, "import", field, "%s", why);
    return import->refusal.code;
}

static int set_bytes(pca_import *import, struct slice *to, const char *field, const void *data, size_t size, size_t most)
{
    if (!data || size == 0)
        return refuse(import, PCA_E_INVALID, field, "there are no octets");
    if (size > most) {
        if (import->refusal.code == PCA_OK)
            pcai_fail(&import->refusal, PCA_E_INVALID, "import", field, "it has at most %zu octets; this has %zu", most, size);
        return import->refusal.code;
    }
    struct slice copy = pcai_arena_slice(&import->arena, pcai_slice(data, size));
    if (import->arena.failed)
        return refuse(import, PCA_E_NO_MEMORY, field, "out of memory");
    *to = copy;
    return PCA_OK;
}

int pca_import_set_certificate(pca_import *import, const void *certificate, size_t size)
{
    int rc = usable(import);
    return rc == PCA_OK ? set_bytes(import, &import->certificate, "certificate", certificate, size, PCAI_CERTIFICATE_MAX) : rc;
}

int pca_import_set_key(pca_import *import, const void *key, size_t size)
{
    int rc = usable(import);
    return rc == PCA_OK ? set_bytes(import, &import->key, "key", key, size, PCAI_PKCS8_MAX) : rc;
}

int pca_import_set_pfx(pca_import *import, const void *pfx, size_t size)
{
    int rc = usable(import);
    return rc == PCA_OK ? set_bytes(import, &import->pfx, "pfx", pfx, size, PCAI_PKCS12_MAX) : rc;
}

int pca_import_set_password(pca_import *import, const char *password)
{
    int rc = usable(import);
    if (rc != PCA_OK)
        return rc;
    if (!password || strlen(password) > PCAI_IMPORT_PASSWORD_MAX)
        return refuse(import, PCA_E_INVALID, "password", "a password is a text of at most 1024 octets");
    const char *copy = pcai_arena_text(&import->arena, pcai_slice_text(password));
    if (import->arena.failed)
        return refuse(import, PCA_E_NO_MEMORY, "password", "out of memory");
    import->password = pcai_slice_text(copy);
    return PCA_OK;
}

int pca_import_set_key_elsewhere(pca_import *import)
{
    int rc = usable(import);
    if (rc == PCA_OK)
        import->key_elsewhere = 1;
    return rc;
}

int pca_import_set_next_crl_number(pca_import *import, uint64_t number)
{
    int rc = usable(import);
    if (rc != PCA_OK)
        return rc;
    if (number < 1 || number > CRL_NUMBER_MAX)
        return refuse(import, PCA_E_INVALID, "next_crl_number", "a CRL number is 1 to 9223372036854775807");
    import->next_crl_number = number;
    return PCA_OK;
}

/* ---- Import, acceptance ---- */

static int busy(const struct pca_ca *ca, pca_error *err)
{
    char object[PCAI_OBJECT];
    return pcai_fail(err, PCA_E_BUSY, pcai_ca_object(&ca->record, object), NULL, "the CAs or policies kept changing; try again");
}

static int adopt_once(struct call *call, struct adoption *adoption, pca_error *err)
{
    pcai_adoption_reset(adoption);
    int rc = pcai_call_read(call, pcai_adoption_rules, adoption, err);
    if (rc == PCA_OK)
        rc = pcai_adoption_proof(adoption, err);
    return rc == PCA_OK ? pcai_call_write(call, pcai_adoption_record, adoption, err) : rc;
}

static int adopt(const struct pca_ca *ca, struct adoption *adoption, pca_error *err)
{
    struct call call;
    int rc = pcai_call_begin(ca->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    adoption->ca = ca->record.id;
    adoption->env = ca->shell->env;
    adoption->random = ca->shell->random;
    rc = pcai_call_require_write(&call, err);
    if (rc == PCA_OK)
        rc = pcai_adoption_key(adoption, err);
    if (rc == PCA_OK) {
        rc = PCAI_AGAIN;
        for (int i = 0; rc == PCAI_AGAIN && i < ATTEMPTS; i++)
            rc = adopt_once(&call, adoption, err);
    }
    pcai_call_end(&call);
    return rc == PCAI_AGAIN ? busy(ca, err) : rc;
}

int pca_ca_import(const pca_ca *ca, const pca_import *import, pca_error *err)
{
    struct adoption adoption = {.accept = 0};
    pca_error_clear(err);
    if (!ca || !import)
        return pcai_null(ca ? "import" : "ca", err);
    int rc = pcai_import_arguments(import, &adoption, err);
    if (rc == PCA_OK)
        rc = adopt(ca, &adoption, err);
    pcai_adoption_free(&adoption);
    return rc;
}

int pca_ca_accept_certificate(const pca_ca *ca, const void *certificate, size_t size, pca_error *err)
{
    struct adoption adoption = {.accept = 1};
    pca_error_clear(err);
    if (!ca || !certificate)
        return pcai_null(ca ? "certificate" : "ca", err);
    int rc = pcai_accept_arguments(pcai_slice(certificate, size), &adoption, err);
    if (rc == PCA_OK)
        rc = adopt(ca, &adoption, err);
    pcai_adoption_free(&adoption);
    return rc;
}

/* ---- CSR ---- */

static int make_csr(struct call *call, struct csr_making *making, int format, pca_blob **blob, pca_error *err)
{
    pca_blob *fresh = NULL;
    pcai_csr_reset(making);
    int rc = pcai_call_read(call, pcai_csr_rules, making, err);
    if (rc == PCA_OK)
        rc = pcai_csr_make(making, err);
    if (rc == PCA_OK)
        rc = pcai_blob_encode(format, "CERTIFICATE REQUEST", pcai_buf_view(&making->der), &fresh, err);
    if (rc == PCA_OK)
        rc = pcai_call_write(call, pcai_csr_record, making, err);
    if (rc == PCA_OK)
        *blob = fresh;
    else
        pca_blob_free(fresh);
    return rc;
}

int pca_ca_csr(const pca_ca *ca, const pca_request *request, int format, pca_blob **blob, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!ca || !request || !blob)
        return pcai_null(!ca ? "ca" : !request ? "request" : "blob", err);
    struct csr_making making = {.ca = ca->record.id,
                                .request = request,
                                .env = ca->shell->env,
                                .containers = ca->shell->containers,
                                .random = ca->shell->random};
    int rc = pcai_blob_check_format(format, "CSR", err);
    if (rc == PCA_OK)
        rc = pcai_csr_arguments(&making, err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(ca->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_call_require_write(&call, err);
    if (rc == PCA_OK)
        rc = pcai_log_in(making.containers, request, err);
    if (rc == PCA_OK) {
        rc = PCAI_AGAIN;
        for (int i = 0; rc == PCAI_AGAIN && i < ATTEMPTS; i++)
            rc = make_csr(&call, &making, format, blob, err);
    }
    pcai_call_end(&call);
    pcai_csr_free(&making);
    return rc == PCAI_AGAIN ? busy(ca, err) : rc;
}

/* ---- Cross-certificates ---- */

int pca_ca_cross_sign(const pca_ca *ca, const pca_ca *subject, const pca_request *request, int format, pca_blob **blob, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !subject || !request || !blob)
        return pcai_null(!ca ? "ca" : !subject ? "subject" : !request ? "request" : "blob", err);
    int rc = pcai_blob_check_format(format, "certificate", err);
    if (rc != PCA_OK)
        return rc;
    if (ca->shell->store == subject->shell->store)
        return pcai_cross_sign(ca, subject->record.id, pcai_slice(NULL, 0), 0, request, format, blob, err);
    struct cross_subject other = {.ca = subject->record.id};
    rc = pcai_verb_read(subject->shell, pcai_cross_subject, &other, err);
    if (rc == PCA_OK)
        rc = pcai_cross_sign(ca, 0, pcai_buf_view(&other.der), 0, request, format, blob, err);
    pcai_buf_free(&other.der);
    return rc;
}

int pca_ca_cross_sign_certificate(const pca_ca *ca, const void *certificate, size_t size, const pca_request *request, int format,
                                  pca_blob **blob, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !certificate || !request || !blob)
        return pcai_null(!ca ? "ca" : !certificate ? "certificate" : !request ? "request" : "blob", err);
    int rc = pcai_blob_check_format(format, "certificate", err);
    return rc == PCA_OK ? pcai_cross_sign(ca, 0, pcai_slice(certificate, size), 1, request, format, blob, err) : rc;
}

int pca_ca_cross_certificates(const pca_ca *ca, pca_blob **blob, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !blob)
        return pcai_null(ca ? "blob" : "ca", err);
    struct cross_list list = {.ca = ca->record.id};
    int rc = pcai_verb_read(ca->shell, pcai_cross_list, &list, err);
    if (rc == PCA_OK)
        return pcai_blob_take(&list.pem, blob, err);
    pcai_buf_free(&list.pem);
    return rc;
}

/* ---- Records of an earlier life ---- */

struct issued {
    struct shell *shell;
    struct issued_import import;
    pca_cert *cert;
};

/* The handle in the same transaction: nothing may fail once it is committed. */
static int issued_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct issued *issued = arguments;
    struct cert_view view;
    pca_cert_free(issued->cert); /* of a run whose transaction was given up */
    issued->cert = NULL;
    int rc = pcai_issued_record(txn, cx, &issued->import, err);
    if (rc == PCA_OK)
        rc = pcai_cert_read(txn, issued->import.sequence, &view, err);
    return rc == PCA_OK ? pcai_cert_snapshot(issued->shell, &view, &issued->cert, err) : rc;
}

static int record_issued(struct call *call, struct issued *issued, pca_error *err)
{
    struct issued_import *import = &issued->import;
    int rc = pcai_call_require_write(call, err);
    if (rc == PCA_OK)
        rc = pcai_call_read(call, pcai_presented_check, &import->presented, err);
    if (rc == PCA_OK)
        rc = pcai_sequence_take(import->env, &import->sequence, &import->reserve, err);
    return rc == PCA_OK ? pcai_call_write(call, issued_rule, issued, err) : rc;
}

int pca_ca_import_issued(const pca_ca *ca, const void *certificate, size_t size, pca_cert **cert, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!ca || !certificate)
        return pcai_null(ca ? "certificate" : "ca", err);
    struct issued issued = {.shell = ca->shell, .import = {.presented.ca = ca->record.id, .env = ca->shell->env}};
    int rc = pcai_issued_read(pcai_slice(certificate, size), &issued.import, err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(ca->shell, &call, err);
    if (rc != PCA_OK) {
        pcai_issued_free(&issued.import, 0);
        return rc;
    }
    rc = record_issued(&call, &issued, err);
    pcai_issued_free(&issued.import, rc == PCA_OK);
    if (rc == PCA_OK && cert)
        *cert = issued.cert;
    else
        pca_cert_free(issued.cert);
    pcai_call_end(&call);
    return rc;
}

int pca_ca_import_revoked(const pca_ca *ca, const char *serial, int64_t revoked_at, int reason, int64_t invalidity, int64_t not_after,
                          pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !serial)
        return pcai_null(ca ? "serial" : "ca", err);
    struct serial_revocation r = {.ca = ca->record.id,
                                  .not_after = not_after,
                                  .import = 1,
                                  .revocation = {.reason = reason, .invalidity = invalidity, .at = revoked_at}};
    int rc = pcai_serial_revocation_check(&r, serial, 1, err);
    return rc == PCA_OK ? pcai_verb_write(ca->shell, pcai_serial_revoke, &r, err) : rc;
}

/* ---- Revoking what is presented or named ---- */

static int revoke_presented(struct call *call, struct presented *presented, struct serial_revocation *r, pca_error *err)
{
    int rc = pcai_call_read(call, pcai_presented_check, presented, err);
    r->generation = presented->generation;
    return rc == PCA_OK ? pcai_call_write(call, pcai_serial_revoke, r, err) : rc;
}

int pca_ca_revoke_der(const pca_ca *ca, const void *certificate, size_t size, int reason, int64_t invalidity, const char *token,
                      pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!ca || !certificate)
        return pcai_null(ca ? "certificate" : "ca", err);
    struct presented presented = {.ca = ca->record.id};
    struct serial_revocation r = {.ca = ca->record.id,
                                  .revocation = {.reason = reason,
                                                 .invalidity = invalidity,
                                                 .token = {.text = token, .verb = TOKEN_REVOKE_PRESENTED, .object = ca->record.id}}};
    int rc = pcai_presented_read(pcai_slice(certificate, size), &presented, err);
    r.certificate = pcai_buf_view(&presented.work);
    r.serial = presented.serial;
    r.not_after = presented.certificate.not_after;
    if (rc == PCA_OK)
        rc = pcai_serial_revocation_check(&r, NULL, presented.certificate.is_ca, err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(ca->shell, &call, err);
    if (rc == PCA_OK) {
        rc = revoke_presented(&call, &presented, &r, err);
        pcai_call_end(&call);
    }
    pcai_buf_free(&presented.work);
    return rc;
}

int pca_ca_revoke_serial(const pca_ca *ca, const char *serial, int reason, int64_t invalidity, const char *token, pca_error *err)
{
    pca_error_clear(err);
    if (!ca || !serial)
        return pcai_null(ca ? "serial" : "ca", err);
    struct serial_revocation r = {.ca = ca->record.id,
                                  .revocation = {.reason = reason,
                                                 .invalidity = invalidity,
                                                 .token = {.text = token, .verb = TOKEN_REVOKE_SERIAL, .object = ca->record.id}}};
    int rc = pcai_serial_revocation_check(&r, serial, 1, err);
    return rc == PCA_OK ? pcai_verb_write(ca->shell, pcai_serial_revoke, &r, err) : rc;
}
