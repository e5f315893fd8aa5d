/* A driver for PKCS#11 modules: tokens and HSMs. A slot of the driver is a token's label. */
#ifndef EXAMPLE_PKCS11_H
#define EXAMPLE_PKCS11_H

#include <pca/driver.h>

struct pkcs11;

/* Loads the module, a shared object. NULL: error says why. */
struct pkcs11 *pkcs11_load(const char *module, pca_error *error);
/* Lives as long as the module is loaded. */
const pca_container_driver *pkcs11_driver(const struct pkcs11 *p);
/* After every region that uses the driver is closed. */
void pkcs11_unload(struct pkcs11 *p);

#endif
