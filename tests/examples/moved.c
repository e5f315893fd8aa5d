/* What a CA does after its move:   moved REGION KEYFILE, or moved REGION -p FILE for a passphrase
 * CRLs of all CAs, ID.crl; subordinates that are not enabled yet get a name of their own, each enabled one issues: ID.pem; and its
 * chain with the root: ID.chain. Every record is checked last. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <pca/pca.h>

static int put(pca_blob *blob, uint64_t id, const char *suffix)
{
    char name[64];
    snprintf(name, sizeof name, "%" PRIu64 ".%s", id, suffix);
    FILE *f = fopen(name, "wb");
    int failed = !f || fwrite(pca_blob_data(blob), 1, pca_blob_size(blob), f) != pca_blob_size(blob);
    if (f)
        failed |= fclose(f) != 0;
    pca_blob_free(blob);
    return failed ? PCA_E_STORAGE : PCA_OK;
}

static int crl(const pca_ca *ca, pca_error *err)
{
    char name[64];
    int rc = pca_ca_crl_make(ca, err);
    snprintf(name, sizeof name, "%" PRIu64 ".crl", pca_ca_id(ca));
    return rc == PCA_E_STATE ? PCA_OK : rc == PCA_OK ? pca_ca_crl_write(ca, PCA_FORMAT_PEM, name, err) : rc; /* STATE: no key here */
}

static int enable(const pca_sub *sub, pca_error *err)
{
    pca_request *request = pca_request_new();
    pca_request_set_common_name(request, "New Issuing CA");
    int rc = pca_sub_enable(sub, request, err);
    pca_request_free(request);
    return rc == PCA_E_PARENT_STATE || rc == PCA_E_STATE ? PCA_OK : rc; /* the root's key is elsewhere */
}

static int issue(pca_root *root, const pca_sub *sub, pca_error *err)
{
    uint64_t id = pca_ca_id(pca_sub_ca(sub));
    pca_request *request = pca_request_new();
    pca_cert *cert = NULL;
    pca_blob *blob = NULL;
    pca_request_set_type(request, PCA_CERT_SERVER);
    pca_request_set_common_name(request, "new.example");
    pca_request_set_years(request, 1);
    int rc = pca_root_purchase_certificates(root, 1, NULL, NULL, err);
    if (rc == PCA_OK)
        rc = pca_root_assign(root, sub, 1, PCA_ANY, NULL, err);
    if (rc == PCA_OK)
        rc = pca_sub_request(sub, request, &cert, err);
    if (rc == PCA_OK)
        rc = pca_cert_pem(cert, &blob, err);
    if (rc == PCA_OK)
        rc = put(blob, id, "pem");
    if (rc == PCA_OK)
        rc = pca_ca_chain(pca_sub_ca(sub), PCA_WITH_ROOT, &blob, err);
    if (rc == PCA_OK)
        rc = put(blob, id, "chain");
    pca_cert_free(cert);
    pca_request_free(request);
    return rc;
}

static int sub_at(pca_region *region, pca_root *root, uint64_t id, pca_error *err)
{
    pca_sub *sub = NULL, *fresh = NULL;
    int rc = pca_region_sub_get(region, id, &sub, err);
    if (rc == PCA_OK && pca_ca_state(pca_sub_ca(sub)) == PCA_CA_PURCHASED)
        rc = enable(sub, err);
    if (rc == PCA_OK)
        rc = pca_sub_reload(sub, &fresh, err);
    if (rc == PCA_OK && pca_ca_state(pca_sub_ca(fresh)) == PCA_CA_ENABLED)
        rc = issue(root, fresh, err);
    if (rc == PCA_OK)
        rc = crl(pca_sub_ca(fresh), err);
    pca_sub_free(fresh);
    pca_sub_free(sub);
    return rc;
}

static int root_at(pca_region *region, uint64_t id, pca_error *err)
{
    pca_root *root = NULL;
    pca_page *page = NULL;
    int rc = pca_region_root_get(region, id, &root, err);
    if (rc == PCA_OK)
        rc = crl(pca_root_ca(root), err);
    if (rc == PCA_OK)
        rc = pca_root_subs(root, NULL, 100, &page, err);
    for (uint64_t i = 0; rc == PCA_OK && i < pca_page_count(page); i++)
        rc = sub_at(region, root, pca_ca_id(pca_page_ca_at(page, i)), err);
    pca_page_free(page);
    pca_root_free(root);
    return rc;
}

int main(int argc, char **argv)
{
    pca_error *err = pca_error_new();
    pca_config *config = pca_config_new();
    pca_region *region = NULL;
    pca_page *page = NULL;
    char secret[128] = "";
    FILE *file = argc < 3 ? NULL : fopen(argv[argc - 1], "rb");
    size_t size = file ? fread(secret, 1, sizeof secret - 1, file) : 0;
    if (!file || fclose(file) != 0)
        return 2;
    if (argc == 4) {
        secret[strcspn(secret, "\n")] = '\0';
        pca_config_set_passphrase(config, secret);
    } else {
        pca_config_set_key(config, (const uint8_t *)secret, size);
    }
    int rc = pca_region_open(argv[1], config, &region, err);
    if (rc == PCA_OK)
        rc = pca_region_roots(region, NULL, 100, &page, err);
    for (uint64_t i = 0; rc == PCA_OK && i < pca_page_count(page); i++)
        rc = root_at(region, pca_ca_id(pca_page_ca_at(page, i)), err);
    if (rc == PCA_OK)
        rc = pca_region_check(region, err);
    if (rc != PCA_OK)
        fprintf(stderr, "%s: %s: %s\n", pca_code_name(rc), pca_error_object(err), pca_error_message(err));
    pca_page_free(page);
    pca_region_close(region);
    pca_config_free(config);
    pca_error_free(err);
    return rc != PCA_OK;
}
