/*
 * formats DIR: every download of a server's and of a client's certificate, for the judges to open.
 *
 * DIR/NAME/ for rsa2048, p256, p384, p521 and sm2, and below it a directory for each download:
 *   pem- pkcs8- crt- der- pkcs7-   and plain, secret (key under the password), chain (plain), root (secret, chain and root)
 *   pfx- jks-                      and leaf, chain, root; pfx-legacy with chain
 *   client-pem client-pfx          with chain, the key plain in the PEM; gone-pem likewise, of a client that was revoked then
 *   pair-pem pair-der              of a client with an SM2 pair: both certificates, the key that signs, plain, and the enveloped one
 * password.txt is the password of them all, made by the library; crl.pem the CRLs of the three CAs, issuing.csr a CSR of the lowest.
 * SM2 has no jks.
 */
#include "tree.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct download {
    const char *name;
    int format, flags, secret;
};

#define CHAIN PCA_WITH_CHAIN
#define ROOT (PCA_WITH_CHAIN | PCA_WITH_ROOT)
#define FOUR(name, format)                                                                                                       \
    {name "-plain", format, PCA_PLAIN_KEY, 0}, {name "-secret", format, 0, 1}, {name "-chain", format, CHAIN | PCA_PLAIN_KEY, 0}, \
        {name "-root", format, ROOT, 1}

static const struct download server_downloads[] = {
    FOUR("pem", PCA_FORMAT_PEM),
    FOUR("pkcs8", PCA_FORMAT_PKCS8),
    FOUR("crt", PCA_FORMAT_CRT),
    FOUR("der", PCA_FORMAT_DER),
    FOUR("pkcs7", PCA_FORMAT_PKCS7),
    {"pfx-leaf", PCA_FORMAT_PFX, PCA_WITH_PASSWORD_FILE, 1},
    {"pfx-chain", PCA_FORMAT_PFX, CHAIN, 1},
    {"pfx-root", PCA_FORMAT_PFX, ROOT, 1},
    {"pfx-legacy", PCA_FORMAT_PFX, CHAIN | PCA_LEGACY, 1},
    {"jks-leaf", PCA_FORMAT_JKS, PCA_WITH_PASSWORD_FILE, 1},
    {"jks-chain", PCA_FORMAT_JKS, CHAIN, 1},
    {"jks-root", PCA_FORMAT_JKS, ROOT, 1},
};
static const struct download client_downloads[] = {
    {"client-pem", PCA_FORMAT_PEM, CHAIN | PCA_PLAIN_KEY, 0},
    {"client-pfx", PCA_FORMAT_PFX, CHAIN | PCA_WITH_PASSWORD_FILE, 1},
};
static const struct download gone_downloads[] = {{"gone-pem", PCA_FORMAT_PEM, CHAIN | PCA_PLAIN_KEY, 0}};
static const struct download pair_downloads[] = {
    {"pair-pem", PCA_FORMAT_PEM, PCA_PLAIN_KEY, 0},
    {"pair-der", PCA_FORMAT_DER, PCA_PLAIN_KEY, 0},
};
static const struct tree kinds[] = {
    {.name = "rsa2048", .family = PCA_FAMILY_RSA, .algorithm = PCA_KEY_RSA_2048},
    {.name = "p256", .family = PCA_FAMILY_ECC, .algorithm = PCA_KEY_EC_P256},
    {.name = "p384", .family = PCA_FAMILY_ECC, .algorithm = PCA_KEY_EC_P384},
    {.name = "p521", .family = PCA_FAMILY_ECC, .algorithm = PCA_KEY_EC_P521},
    {.name = "sm2", .family = PCA_FAMILY_SM2, .algorithm = PCA_KEY_SM2},
};

static void join(char out[TREE_PATH], const char *directory, const char *name)
{
    if (snprintf(out, TREE_PATH, "%s/%s", directory, name) >= TREE_PATH)
        tree_stop("the path is too long");
}

static void make_directory(const char *path)
{
    if (mkdir(path, 0755) != 0)
        tree_stop("%s: %s", path, strerror(errno));
}

static pca_request *request_for(const struct tree *t, const char *common_name, int64_t years)
{
    pca_request *request = pca_request_new();
    pca_request_set_common_name(request, common_name);
    pca_request_set_organization(request, "Example GmbH");
    pca_request_set_key_algorithm(request, t->algorithm);
    pca_request_set_years(request, years);
    return request;
}

/* Two CAs below the root, so that there is an order to be kept. */
static void make_cas(struct tree *t, pca_sub **upper)
{
    pca_sub *bought = NULL;
    pca_root *root = NULL;
    tree_need(t, pca_root_purchase(t->region, PCA_KIND_PRIVATE, t->family, 120, NULL, &root, t->err), "purchase");
    pca_request *request = request_for(t, "Formats Root", 10);
    tree_need(t, pca_root_enable(root, request, t->err), "enable the root");
    pca_request_free(request);
    tree_need(t, pca_root_reload(root, &t->root, t->err), "reload the root");
    pca_root_free(root);
    tree_need(t, pca_root_default_sub(t->root, &bought, t->err), "the subordinate");
    request = request_for(t, "Formats Policy CA", 8);
    pca_request_set_path_length(request, 1);
    tree_need(t, pca_sub_enable(bought, request, t->err), "enable the subordinate");
    pca_request_free(request);
    tree_need(t, pca_sub_reload(bought, upper, t->err), "reload the subordinate");
    pca_sub_free(bought);
    tree_need(t, pca_root_purchase_sub(t->root, 120, NULL, &t->sub, t->err), "purchase a further one");
    request = request_for(t, "Formats Issuing CA", 5);
    tree_need(t, pca_sub_enable_under(t->sub, pca_sub_ca(*upper), request, t->err), "enable the further one");
    pca_request_free(request);
    tree_need(t, pca_root_purchase_certificates(t->root, 10, NULL, NULL, t->err), "buy certificates");
    tree_need(t, pca_root_assign(t->root, t->sub, 10, PCA_ANY, NULL, t->err), "assign");
}

static pca_cert *issue(const struct tree *t, int type, const char *common_name, const char *alias, int dual)
{
    pca_cert *cert = NULL;
    pca_request *request = request_for(t, common_name, 1);
    pca_request_set_dual(request, dual);
    pca_request_set_type(request, type);
    pca_request_set_alias(request, alias);
    if (type == PCA_CERT_SERVER)
        pca_request_add_ip(request, "127.0.0.1");
    tree_need(t, pca_sub_request(t->sub, request, &cert, t->err), "issue");
    pca_request_free(request);
    return cert;
}

static void download(const struct tree *t, const pca_cert *cert, const struct download *list, size_t count, const char *password)
{
    for (size_t i = 0; i < count; i++) {
        char path[TREE_PATH];
        pca_files *files = NULL;
        if (t->family == PCA_FAMILY_SM2 && list[i].format == PCA_FORMAT_JKS)
            continue;
        join(path, t->directory, list[i].name);
        make_directory(path);
        tree_need(t, pca_cert_export(cert, list[i].format, list[i].flags, list[i].secret ? password : NULL, &files, t->err), list[i].name);
        tree_need(t, pca_files_write(files, path, t->err), "write");
        pca_files_free(files);
    }
}

static FILE *create(const struct tree *t, char path[TREE_PATH], const char *name)
{
    join(path, t->directory, name);
    FILE *f = fopen(path, "w");
    if (!f)
        tree_stop("%s: %s", path, strerror(errno));
    return f;
}

static void put_password(const struct tree *t, const char *password)
{
    char path[TREE_PATH];
    FILE *f = create(t, path, "password.txt");
    if (fprintf(f, "%s\n", password) < 0 || fclose(f) != 0)
        tree_stop("%s: %s", path, strerror(errno));
}

static void put_crls(const struct tree *t, const pca_ca *const cas[], size_t count)
{
    char path[TREE_PATH];
    FILE *f = create(t, path, "crl.pem");
    for (size_t i = 0; i < count; i++) {
        pca_blob *crl = NULL;
        tree_need(t, pca_ca_crl_make(cas[i], t->err), "CRL");
        tree_need(t, pca_ca_crl_get(cas[i], PCA_FORMAT_PEM, &crl, t->err), "CRL");
        if (fwrite(pca_blob_data(crl), 1, pca_blob_size(crl), f) != pca_blob_size(crl))
            tree_stop("%s: %s", path, strerror(errno));
        pca_blob_free(crl);
    }
    if (fclose(f) != 0)
        tree_stop("%s: %s", path, strerror(errno));
}

static void put_csr(const struct tree *t)
{
    char path[TREE_PATH];
    pca_blob *csr = NULL;
    pca_request *empty = pca_request_new();
    FILE *f = create(t, path, "issuing.csr");
    tree_need(t, pca_ca_csr(pca_sub_ca(t->sub), empty, PCA_FORMAT_PEM, &csr, t->err), "CSR");
    if (fwrite(pca_blob_data(csr), 1, pca_blob_size(csr), f) != pca_blob_size(csr) || fclose(f) != 0)
        tree_stop("%s: %s", path, strerror(errno));
    pca_blob_free(csr);
    pca_request_free(empty);
}

static void make(const void *context, size_t index)
{
    static const uint8_t key[32] = "formats: this key protects none.";
    struct tree t = kinds[index];
    char path[TREE_PATH];
    pca_blob *password = NULL;
    snprintf(t.directory, sizeof t.directory, "%s/%s", (const char *)context, t.name);
    make_directory(t.directory);
    join(path, t.directory, "region");
    t.err = pca_error_new();
    t.config = pca_config_new();
    pca_config_set_key(t.config, key, sizeof key);
    tree_need(&t, pca_region_create(path, "formats", t.config, &t.region, t.err), "create");
    tree_need(&t, pca_region_password_new(t.region, &password, t.err), "password");
    const char *text = (const char *)pca_blob_data(password);
    put_password(&t, text);
    pca_sub *upper = NULL;
    make_cas(&t, &upper);
    pca_cert *server = issue(&t, PCA_CERT_SERVER, "app.internal", "", 0);
    pca_cert *client = issue(&t, PCA_CERT_CLIENT, "Ada Lovelace", "Ada 王小明", 0);
    download(&t, server, server_downloads, sizeof server_downloads / sizeof *server_downloads, text);
    download(&t, client, client_downloads, sizeof client_downloads / sizeof *client_downloads, text);
    pca_cert *gone = issue(&t, PCA_CERT_CLIENT, "Gone Away", "", 0);
    download(&t, gone, gone_downloads, 1, text);
    tree_need(&t, pca_cert_revoke(gone, PCA_REASON_KEY_COMPROMISE, 0, NULL, t.err), "revoke");
    if (t.family == PCA_FAMILY_SM2) {
        pca_cert *pair = issue(&t, PCA_CERT_CLIENT, "Grace Hopper", "", 1);
        download(&t, pair, pair_downloads, sizeof pair_downloads / sizeof *pair_downloads, NULL);
        pca_cert_free(pair);
    }
    put_crls(&t, (const pca_ca *const[]){pca_root_ca(t.root), pca_sub_ca(upper), pca_sub_ca(t.sub)}, 3);
    put_csr(&t);
    pca_cert_free(server);
    pca_cert_free(client);
    pca_cert_free(gone);
    pca_sub_free(upper);
    pca_blob_free(password);
    pca_sub_free(t.sub);
    pca_root_free(t.root);
    pca_region_close(t.region);
    pca_config_free(t.config);
    pca_error_free(t.err);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        tree_stop("usage: formats DIR");
    return tree_make_all(argv[1], sizeof kinds / sizeof *kinds, make, argv[1]);
}
