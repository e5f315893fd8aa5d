/* Looks at a region that an example left: region_check DIR. Every record is verified; then one line: issued N remaining N certs N. */
#include <inttypes.h>
#include <stdio.h>

#include <pca/pca.h>

static int read_key(const char *dir, uint8_t key[32])
{
    char path[4096];
    snprintf(path, sizeof path, "%s/storage.key", dir);
    FILE *f = fopen(path, "rb");
    size_t got = f ? fread(key, 1, 32, f) : 0;
    if (f)
        fclose(f);
    return got == 32;
}

static int look(pca_region *region, pca_error *err)
{
    pca_page *page = NULL;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_stat *stat = NULL;
    int rc = pca_region_check(region, err);
    if (rc == PCA_OK)
        rc = pca_region_roots(region, NULL, 1, &page, err);
    if (rc == PCA_OK)
        rc = pca_region_root_get(region, pca_ca_id(pca_page_ca_at(page, 0)), &root, err);
    if (rc == PCA_OK)
        rc = pca_root_default_sub(root, &sub, err);
    if (rc == PCA_OK)
        rc = pca_region_stat(region, &stat, err);
    if (rc == PCA_OK)
        printf("issued %" PRIu64 " remaining %" PRIu64 " certs %" PRIu64 "\n", pca_sub_issued(sub), pca_sub_remaining(sub),
               pca_stat_certs(stat));
    pca_stat_free(stat);
    pca_sub_free(sub);
    pca_root_free(root);
    pca_page_free(page);
    return rc;
}

int main(int argc, char **argv)
{
    char path[4096];
    uint8_t key[32];
    pca_error *err = pca_error_new();
    pca_config *config = pca_config_new();
    pca_region *region = NULL;
    if (argc != 2 || !read_key(argv[1], key))
        return 2;
    pca_config_set_key(config, key, sizeof key);
    pca_config_set_read_only(config);
    snprintf(path, sizeof path, "%s/region", argv[1]);
    int rc = pca_region_open(path, config, &region, err);
    if (rc == PCA_OK)
        rc = look(region, err);
    if (rc != PCA_OK)
        fprintf(stderr, "%s: %s: %s\n", pca_code_name(rc), pca_error_object(err), pca_error_message(err));
    pca_region_close(region);
    pca_config_free(config);
    pca_error_free(err);
    return rc != PCA_OK;
}
