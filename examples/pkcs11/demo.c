/* A CA whose keys are made in a PKCS#11 token and never leave it:   demo MODULE TOKEN PIN rsa|ecc
 * Leaves root.pem, sub.pem, ada.pem and sub.crl in the present directory, and a region. Run again, it issues once more. */
#include <stdio.h>
#include <string.h>

#include <pca/pca.h>

#include "pkcs11.h"

static int write_blob(pca_blob *blob, const char *name)
{
    FILE *f = fopen(name, "wb");
    int failed = !f || fwrite(pca_blob_data(blob), 1, pca_blob_size(blob), f) != pca_blob_size(blob);
    if (f)
        failed |= fclose(f) != 0;
    pca_blob_free(blob);
    return failed ? PCA_E_STORAGE : PCA_OK;
}

/* Each CA once, in the session that is logged in. */
static int enable(const pca_root *root, const pca_sub *sub, const char *token, pca_error *err)
{
    pca_request *request = pca_request_new();
    const pca_ca *ca = root ? pca_root_ca(root) : pca_sub_ca(sub);
    int rc = PCA_OK;
    pca_request_set_common_name(request, root ? "Token Root" : "Token Issuing CA");
    pca_request_set_key_algorithm(request, pca_ca_family(ca) == PCA_FAMILY_RSA ? PCA_KEY_RSA_2048 : PCA_KEY_EC_P256);
    pca_request_set_container(request, "hsm", token);
    if (pca_ca_state(ca) == PCA_CA_PURCHASED)
        rc = root ? pca_root_enable(root, request, err) : pca_sub_enable(sub, request, err);
    pca_request_free(request);
    return rc;
}

/* A certificate whose key is on the token too, and which is then written there. */
static int issue(const pca_sub *sub, const char *token, const char *pin, pca_error *err)
{
    pca_request *request = pca_request_new();
    pca_cert *cert = NULL;
    pca_blob *pem = NULL;
    pca_request_set_type(request, PCA_CERT_CLIENT);
    pca_request_set_common_name(request, "Ada Lovelace");
    pca_request_set_years(request, 1);
    pca_request_set_container(request, "hsm", token);
    pca_request_set_pin(request, pin);
    int rc = pca_sub_request(sub, request, &cert, err);
    if (rc == PCA_OK)
        rc = pca_cert_install(cert, pin, err);
    if (rc == PCA_OK)
        rc = pca_cert_pem(cert, &pem, err);
    if (rc == PCA_OK)
        rc = write_blob(pem, "ada.pem");
    pca_cert_free(cert);
    pca_request_free(request);
    return rc;
}

static int publish(const pca_root *root, const pca_sub *sub, pca_error *err)
{
    pca_blob *blob = NULL;
    int rc = pca_ca_certificate(pca_root_ca(root), PCA_FORMAT_PEM, &blob, err);
    if (rc == PCA_OK)
        rc = write_blob(blob, "root.pem");
    if (rc == PCA_OK)
        rc = pca_ca_certificate(pca_sub_ca(sub), PCA_FORMAT_PEM, &blob, err);
    if (rc == PCA_OK)
        rc = write_blob(blob, "sub.pem");
    if (rc == PCA_OK)
        rc = pca_ca_crl_make(pca_sub_ca(sub), err);
    return rc == PCA_OK ? pca_ca_crl_write(pca_sub_ca(sub), PCA_FORMAT_PEM, "sub.crl", err) : rc;
}

static int run(pca_region *region, const char *token, const char *pin, int family, pca_error *err)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    int rc = pca_region_login(region, "hsm", token, pin, err);
    if (rc == PCA_OK)
        rc = pca_root_purchase(region, PCA_KIND_PRIVATE, family, 120, "first", &root, err);
    if (rc == PCA_OK)
        rc = pca_root_default_sub(root, &sub, err);
    if (rc == PCA_OK)
        rc = enable(root, NULL, token, err);
    if (rc == PCA_OK)
        rc = enable(NULL, sub, token, err);
    if (rc == PCA_OK)
        rc = issue(sub, token, pin, err);
    if (rc == PCA_OK)
        rc = publish(root, sub, err);
    pca_sub_free(sub);
    pca_root_free(root);
    return rc;
}

int main(int argc, char **argv)
{
    pca_error *err = pca_error_new();
    pca_config *config = pca_config_new();
    pca_region *region = NULL;
    if (argc != 5 || (strcmp(argv[4], "rsa") != 0 && strcmp(argv[4], "ecc") != 0)) {
        fprintf(stderr, "usage: demo MODULE TOKEN PIN rsa|ecc\n");
        return 2;
    }
    struct pkcs11 *module = pkcs11_load(argv[1], err);
    int rc = module ? PCA_OK : PCA_E_DEVICE;
    pca_config_set_passphrase(config, "a long secret of your own");
    if (rc == PCA_OK)
        rc = pca_config_add_container(config, "hsm", pkcs11_driver(module));
    if (rc == PCA_OK)
        rc = pca_region_open("ca", config, &region, err);
    if (rc == PCA_E_NOT_FOUND)
        rc = pca_region_create("ca", "home", config, &region, err);
    if (rc == PCA_OK)
        rc = run(region, argv[2], argv[3], strcmp(argv[4], "rsa") == 0 ? PCA_FAMILY_RSA : PCA_FAMILY_ECC, err);
    if (rc != PCA_OK)
        fprintf(stderr, "%s: %s: %s\n", pca_code_name(rc), pca_error_object(err), pca_error_message(err));
    pca_region_close(region);
    pkcs11_unload(module);
    pca_config_free(config);
    pca_error_free(err);
    return rc != PCA_OK;
}
