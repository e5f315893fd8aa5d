/* A private CA in thirty lines. Run it again: it finds its CA and issues the next certificate. */
#include <pca/pca.h>
#include <stdio.h>

int main(void)
{
    pca_error *err = pca_error_new();
    pca_config *config = pca_config_new();
    pca_request *root_request = pca_request_new(), *sub_request = pca_request_new(), *request = pca_request_new();
    pca_region *region = NULL;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_cert *cert = NULL;
    pca_files *files = NULL;
    pca_config_set_passphrase(config, "a long secret of your own");
    pca_request_set_common_name(root_request, "Home Root");
    pca_request_set_common_name(sub_request, "Home Issuing CA");
    pca_request_set_type(request, PCA_CERT_SERVER);
    pca_request_set_common_name(request, "db1.internal");
    pca_request_set_years(request, 1);
    int failed = pca_region_open("ca", config, &region, err);
    if (failed == PCA_E_NOT_FOUND) /* only the first time */
        failed = pca_region_create("ca", "home", config, &region, err);
    failed = failed || pca_root_purchase(region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, "first-boot", &root, err)
        || pca_root_default_sub(root, &sub, err)
        || (pca_ca_state(pca_root_ca(root)) == PCA_CA_PURCHASED && pca_root_enable(root, root_request, err))
        || (pca_ca_state(pca_sub_ca(sub)) == PCA_CA_PURCHASED && pca_sub_enable(sub, sub_request, err))
        || pca_sub_request(sub, request, &cert, err)
        || pca_cert_export(cert, PCA_FORMAT_PEM, PCA_WITH_CHAIN | PCA_PLAIN_KEY, NULL, &files, err)
        || pca_files_write(files, ".", err); /* db1.internal.pem, db1.internal.key, root.pem */
    if (failed)
        fprintf(stderr, "%s: %s\n", pca_error_object(err), pca_error_message(err));
    pca_files_free(files), pca_cert_free(cert), pca_sub_free(sub), pca_root_free(root), pca_region_close(region);
    pca_request_free(request), pca_request_free(sub_request), pca_request_free(root_request);
    pca_config_free(config), pca_error_free(err);
    return failed != PCA_OK;
}
