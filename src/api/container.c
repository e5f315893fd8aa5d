/* Key containers: sessions for CAs' keys, certificates written to where their keys are. */
#include "api/blob.h"
#include "api/snapshot.h"
#include "ca/install.h"

static int check_place(const char *driver, const char *slot, pca_error *err)
{
    return driver && slot ? PCA_OK : pcai_null(driver ? "slot" : "driver", err);
}

int pca_region_login(pca_region *region, const char *driver, const char *slot, const char *pin, pca_error *err)
{
    struct call call;
    struct key_place place = {driver, slot, ""};
    pca_error_clear(err);
    if (!region || !pin)
        return pcai_null(region ? "pin" : "region", err);
    int rc = check_place(driver, slot, err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(region->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_container_login(region->shell->containers, &place, pin, err);
    pcai_call_end(&call);
    return rc;
}

int pca_region_logout(pca_region *region, const char *driver, const char *slot, pca_error *err)
{
    struct call call;
    struct key_place place = {driver, slot, ""};
    pca_error_clear(err);
    if (!region)
        return pcai_null("region", err);
    int rc = check_place(driver, slot, err);
    if (rc == PCA_OK)
        rc = pcai_call_begin(region->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_container_logout(region->shell->containers, &place, err);
    pcai_call_end(&call);
    return rc;
}

/* ---- SM2 pairs ---- */

static int no_pair(const pca_cert *cert, pca_error *err)
{
    char object[PCAI_OBJECT];
    return pcai_fail(err, PCA_E_NOT_FOUND, pcai_object("cert", cert->id, object), "dual", "it is no pair: there is no encryption certificate");
}

const char *pca_cert_encryption_serial(const pca_cert *cert)
{
    return cert ? cert->encryption_serial : "";
}

int pca_cert_encryption_der(const pca_cert *cert, pca_blob **blob, pca_error *err)
{
    struct call call;
    struct buf out = {0};
    pca_error_clear(err);
    if (!cert || !blob)
        return pcai_null(cert ? "blob" : "cert", err);
    struct cert_view view = {cert->id, cert->record, cert->status};
    int rc = pcai_call_begin(cert->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_cert_require(&view, CERT_READ, err);
    if (rc == PCA_OK && !cert->record.encryption_der.size)
        rc = no_pair(cert, err);
    pcai_call_end(&call);
    if (rc != PCA_OK)
        return rc;
    pcai_buf_slice(&out, cert->record.encryption_der);
    return pcai_blob_take(&out, blob, err);
}

static int pair_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct installation *i = arguments;
    (void)cx;
    int rc = pcai_cert_read(txn, i->id, &i->view, err);
    if (rc == PCA_OK)
        rc = pcai_cert_require(&i->view, CERT_INSTALL, err);
    return rc == PCA_OK ? pcai_cert_copy(&i->arena, &i->view, err) : rc;
}

int pca_cert_enveloped_key(const pca_cert *cert, pca_blob **blob, pca_error *err)
{
    struct call call;
    struct buf out = {0};
    pca_error_clear(err);
    if (!cert || !blob)
        return pcai_null(cert ? "blob" : "cert", err);
    struct installation i = {.id = cert->id};
    int rc = pcai_call_begin(cert->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_call_read(&call, pair_rule, &i, err);
    if (rc == PCA_OK && !i.view.record.encryption_key.size)
        rc = no_pair(cert, err);
    if (rc == PCA_OK)
        rc = pcai_pair_envelope(cert->shell->env, cert->shell->random, &i.view, &out, err);
    pcai_installation_free(&i);
    pcai_call_end(&call);
    if (rc == PCA_OK)
        rc = pcai_blob_take(&out, blob, err);
    pcai_buf_free(&out);
    return rc;
}

int pca_cert_install(const pca_cert *cert, const char *pin, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!cert || !pin)
        return pcai_null(cert ? "pin" : "cert", err);
    struct installation i = {.id = cert->id, .env = cert->shell->env, .containers = cert->shell->containers, .random = cert->shell->random, .pin = pin};
    int rc = pcai_call_begin(cert->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_call_require_write(&call, err);
    if (rc == PCA_OK)
        rc = pcai_call_read(&call, pcai_install_rules, &i, err);
    if (rc == PCA_OK)
        rc = pcai_install_write(&i, err);
    if (rc == PCA_OK)
        rc = pcai_call_write(&call, pcai_install_record, &i, err);
    pcai_installation_free(&i);
    pcai_call_end(&call);
    return rc;
}
