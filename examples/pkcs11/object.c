/* The driver as a shared object that the command line loads:   pca --driver pkcs11:MODULE */
#include "pkcs11.h"

#include "../cli/object.h"

static struct pkcs11 *loaded;

__attribute__((visibility("default"))) int pca_driver_open(const char *argument, pca_container_driver *driver, pca_error *err)
{
    if (!*argument) {
        pca_error_set(err, PCA_E_INVALID, 0, "which PKCS#11 module? Give its path: --driver pkcs11:MODULE");
        return PCA_E_INVALID;
    }
    if (loaded) {
        pca_error_set(err, PCA_E_EXISTS, 0, "one PKCS#11 module at a time");
        return PCA_E_EXISTS;
    }
    loaded = pkcs11_load(argument, err);
    if (!loaded)
        return pca_error_code(err) ? pca_error_code(err) : PCA_E_NO_MEMORY;
    *driver = *pkcs11_driver(loaded);
    return PCA_OK;
}

__attribute__((visibility("default"))) void pca_driver_close(pca_container_driver *driver)
{
    (void)driver;
    pkcs11_unload(loaded);
    loaded = NULL;
}
