/* Key containers: sessions for CAs' keys, certificates written to where their keys are. */
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

int pca_cert_install(const pca_cert *cert, const char *pin, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!cert || !pin)
        return pcai_null(cert ? "pin" : "cert", err);
    struct installation i = {.id = cert->id, .containers = cert->shell->containers, .pin = pin};
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
