/* What a shared object exports to be a key container of pca (pca(1), KEY CONTAINERS). examples/pkcs11/object.c is one. */
#ifndef PCA_CLI_OBJECT_H
#define PCA_CLI_OBJECT_H

#include <pca/driver.h>

/* Fills the driver for the argument that --driver gives, "" where it gives none. */
int pca_driver_open(const char *argument, pca_container_driver *driver, pca_error *err);
/* After the region is closed. */
void pca_driver_close(pca_container_driver *driver);

typedef int pca_driver_open_function(const char *argument, pca_container_driver *driver, pca_error *err);
typedef void pca_driver_close_function(pca_container_driver *driver);

#endif
