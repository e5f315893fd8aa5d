/*
 * formats DIR: every download format of a server and of a client certificate, for the judges to open.
 *
 * DIR/NAME/ for rsa2048 and p256 p384 p521, and in it one directory for each download, called FORMAT-WHAT:
 *   pem pkcs8 crt der pkcs7: plain, secret (key under the password), chain (plain, with chain), root (secret, with chain and root)
 *   pfx: leaf, chain, root, legacy (with chain);  jks: leaf, chain, root
 * and client-pfx, client-pem. DIR/NAME/password.txt is the password of all, made by the library.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <pca/pca.h>

#define PATH 1024

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
    {"client-pfx", PCA_FORMAT_PFX, CHAIN, 1},
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    const char *name;
    int family, algorithm;
} kinds[] = {
    {"rsa2048", PCA_FAMILY_RSA, PCA_KEY_RSA_2048},
    {"p256", PCA_FAMILY_ECC, PCA_KEY_EC_P256},
    {"p384", PCA_FAMILY_ECC, PCA_KEY_EC_P384},
    {"p521", PCA_FAMILY_ECC, PCA_KEY_EC_P521},
};

static pca_error *err;

static void need(int rc, const char *what)
{
    if (rc == PCA_OK)
        return;
    fprintf(stderr, "formats: %s: %s (%s): %s\n", what, pca_code_name(rc), pca_error_field(err), pca_error_message(err));
    exit(1);
}

static void join(char out[PATH], const char *directory, const char *name)
{
    if (snprintf(out, PATH, "%s/%s", directory, name) >= PATH)
        exit(1);
}

static void make_directory(const char *path)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        fprintf(stderr, "formats: %s: %s\n", path, strerror(errno));
        exit(1);
    }
}

static pca_request *request_for(const char *common_name, int algorithm, int64_t years)
{
    pca_request *request = pca_request_new();
    pca_request_set_common_name(request, common_name);
    pca_request_set_organization(request, "Example GmbH");
    pca_request_set_key_algorithm(request, algorithm);
    pca_request_set_years(request, years);
    return request;
}

/* Two levels below the root, so that an order of the chain can be seen. */
static pca_sub *make_ca(pca_region *region, int family, int algorithm)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    need(pca_root_purchase(region, PCA_KIND_PRIVATE, family, 120, NULL, &root, err), "purchase");
    pca_request *request = request_for("Formats Root", algorithm, 10);
    need(pca_root_enable(root, request, err), "enable the root");
    pca_request_free(request);
    need(pca_root_default_sub(root, &sub, err), "subordinate");
    request = request_for("Formats Issuing CA", algorithm, 5);
    need(pca_sub_enable(sub, request, err), "enable the subordinate");
    pca_request_free(request);
    pca_root_free(root);
    return sub;
}

static pca_cert *issue(const pca_sub *sub, int type, const char *common_name, const char *alias, int algorithm)
{
    pca_cert *cert = NULL;
    pca_request *request = request_for(common_name, algorithm, 1);
    pca_request_set_type(request, type);
    pca_request_set_alias(request, alias);
    if (type == PCA_CERT_SERVER) {
        pca_request_add_dns(request, "localhost");
        pca_request_add_ip(request, "127.0.0.1");
    }
    need(pca_sub_request(sub, request, &cert, err), "issue");
    pca_request_free(request);
    return cert;
}

static void download(const pca_cert *cert, const struct download *list, size_t count, const char *directory, const char *password)
{
    for (size_t i = 0; i < count; i++) {
        char path[PATH];
        pca_files *files = NULL;
        join(path, directory, list[i].name);
        make_directory(path);
        need(pca_cert_export(cert, list[i].format, list[i].flags, list[i].secret ? password : NULL, &files, err), list[i].name);
        need(pca_files_write(files, path, err), "write");
        pca_files_free(files);
    }
}

static void put_password(const char *directory, const char *password)
{
    char path[PATH];
    join(path, directory, "password.txt");
    FILE *f = fopen(path, "w");
    if (!f || fprintf(f, "%s\n", password) < 0 || fclose(f) != 0)
        exit(1);
}

static void make_kind(const char *top, const char *name, int family, int algorithm)
{
    static const uint8_t key[32] = "formats: this key protects none.";
    char directory[PATH], path[PATH];
    pca_region *region = NULL;
    pca_blob *password = NULL;
    join(directory, top, name);
    make_directory(directory);
    join(path, directory, "region");
    pca_config *config = pca_config_new();
    pca_config_set_key(config, key, sizeof key);
    need(pca_region_create(path, "formats", config, &region, err), "create");
    need(pca_region_password_new(region, &password, err), "password");
    const char *text = (const char *)pca_blob_data(password);
    put_password(directory, text);
    pca_sub *sub = make_ca(region, family, algorithm);
    pca_cert *server = issue(sub, PCA_CERT_SERVER, "App.internal", "", algorithm);
    pca_cert *client = issue(sub, PCA_CERT_CLIENT, "Ada Lovelace", "Ada 王小明", algorithm);
    download(server, server_downloads, COUNT(server_downloads), directory, text);
    download(client, client_downloads, COUNT(client_downloads), directory, text);
    pca_cert_free(server);
    pca_cert_free(client);
    pca_sub_free(sub);
    pca_blob_free(password);
    pca_region_close(region);
    pca_config_free(config);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: formats DIR\n", stderr);
        return 2;
    }
    err = pca_error_new();
    make_directory(argv[1]);
    for (size_t i = 0; i < COUNT(kinds); i++)
        make_kind(argv[1], kinds[i].name, kinds[i].family, kinds[i].algorithm);
    pca_error_free(err);
    return 0;
}
