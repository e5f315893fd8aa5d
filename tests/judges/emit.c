/*
 * emit DIR [NAME...]: makes one private PKI per key algorithm with libpca alone, for the judges to read.
 *
 * DIR/NAME/ for rsa2048 rsa3072 rsa4096 p256 p384 p521 (CAs and leaves alike), and DIR/NAME-long/ for rsa2048 and p256:
 *   root.pem root.der sub.pem sub.der root.crl root.crl.pem sub.crl sub.crl.pem
 *   LEAF.pem LEAF.der LEAF.chain.pem (leaf, sub), LEAF.key where libpca made the key
 *   manifest.tsv: path, role root|sub|leaf|crl, purpose server|client|-, host name or -, expect ok|revoked; a leaf of both
 *   purposes has two lines
 * Dates are those of the system's clock. The region itself is DIR/NAME/region.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pca/pca.h>

#define PATH 1024
#define JOBS 2

struct tree_kind {
    const char *name;
    int family, algorithm;
    int is_long;   /* root 200 years, sub 150, leaf 100 */
    int slow_keys; /* one key made by the library serves every leaf */
};

static const struct tree_kind kinds[] = {
    {"rsa4096", PCA_FAMILY_RSA, PCA_KEY_RSA_4096, 0, 1},  {"rsa3072", PCA_FAMILY_RSA, PCA_KEY_RSA_3072, 0, 1},
    {"rsa2048", PCA_FAMILY_RSA, PCA_KEY_RSA_2048, 0, 1},  {"p256", PCA_FAMILY_ECC, PCA_KEY_EC_P256, 0, 0},
    {"p384", PCA_FAMILY_ECC, PCA_KEY_EC_P384, 0, 0},      {"p521", PCA_FAMILY_ECC, PCA_KEY_EC_P521, 0, 0},
    {"rsa2048-long", PCA_FAMILY_RSA, PCA_KEY_RSA_2048, 1, 1}, {"p256-long", PCA_FAMILY_ECC, PCA_KEY_EC_P256, 1, 0},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

struct tree {
    const struct tree_kind *kind;
    char directory[PATH / 2];
    FILE *manifest;
    pca_error *err;
    pca_config *config;
    pca_region *region;
    pca_root *root;
    pca_sub *sub;
    uint8_t spki[1024]; /* of the first leaf, for the others where keys are slow */
    size_t spki_size;
};

struct leaf {
    const char *name;
    int type;
    const char *purpose, *host;
    const char *common_name, *organization, *unit, *country, *state, *locality;
    const char *dns[3], *ip[3], *mail[2], *uri[2];
    int own_key; /* a key of its own even where keys are slow */
    int revoke;  /* reason + 1 */
};

static const struct leaf leaves[] = {
    {.name = "server", .type = PCA_CERT_SERVER, .purpose = "server", .host = "db1.internal", .common_name = "db1.internal",
     .dns = {"www.db1.internal"}, .own_key = 1},
    {.name = "client", .type = PCA_CERT_CLIENT, .purpose = "client", .host = "-", .common_name = "Ada Lovelace",
     .mail = {"ada@example.com"}},
    {.name = "ip-server", .type = PCA_CERT_SERVER, .purpose = "server", .host = "192.0.2.10", .common_name = "192.0.2.10",
     .ip = {"2001:db8::10"}},
    {.name = "wildcard", .type = PCA_CERT_SERVER, .purpose = "server", .host = "blue.apps.internal",
     .common_name = "*.apps.internal"},
    {.name = "both", .type = PCA_CERT_BOTH, .purpose = "both", .host = "node7.internal", .common_name = "node7.internal",
     .ip = {"192.0.2.7"}, .mail = {"node7@example.com"}, .uri = {"spiffe://internal/node/7"}},
    {.name = "cjk", .type = PCA_CERT_CLIENT, .purpose = "client", .host = "-", .common_name = "王小明", .organization = "示例科技有限公司",
     .unit = "研发部", .country = "CN", .state = "浙江省", .locality = "杭州市", .mail = {"wang@example.com"}},
    {.name = "uri-client", .type = PCA_CERT_CLIENT, .purpose = "client", .host = "-", .common_name = "robot 7",
     .mail = {"robot7@example.com", "robots@example.com"}, .uri = {"spiffe://internal/robot/7", "https://robots.example.com/7"}},
    {.name = "plain-client", .type = PCA_CERT_CLIENT, .purpose = "client", .host = "-", .common_name = "No Names Given"},
    {.name = "idn-server", .type = PCA_CERT_SERVER, .purpose = "server", .host = "xn--bcher-kva.example.com",
     .common_name = "xn--bcher-kva.example.com"},
    {.name = "no-cn", .type = PCA_CERT_SERVER, .purpose = "server", .host = "no-cn.internal", .dns = {"no-cn.internal"}},
    {.name = "no-subject", .type = PCA_CERT_SERVER, .purpose = "server", .host = "no-subject.internal", .organization = "",
     .dns = {"no-subject.internal"}},
    {.name = "revoked", .type = PCA_CERT_SERVER, .purpose = "server", .host = "old.internal", .common_name = "old.internal",
     .revoke = PCA_REASON_KEY_COMPROMISE + 1},
    {.name = "revoked-client", .type = PCA_CERT_CLIENT, .purpose = "client", .host = "-", .common_name = "Gone Away",
     .revoke = PCA_REASON_UNSPECIFIED + 1},
};
#define LEAVES (sizeof leaves / sizeof leaves[0])

static const struct leaf century = {.name = "century", .type = PCA_CERT_SERVER, .purpose = "server", .host = "monument.internal",
                                    .common_name = "monument.internal", .own_key = 1};

static void stop(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("emit: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void need(struct tree *t, int rc, const char *what)
{
    if (rc != PCA_OK)
        stop("%s: %s: %s (%s, %s): %s", t->kind->name, what, pca_code_name(rc), pca_error_object(t->err), pca_error_field(t->err),
             pca_error_message(t->err));
}

/* ---- Files ---- */

static void join(char out[PATH], const struct tree *t, const char *name, const char *suffix)
{
    if (snprintf(out, PATH, "%s/%s%s", t->directory, name, suffix) >= PATH)
        stop("the path is too long");
}

static void put(const struct tree *t, const char *name, const char *suffix, const void *data, size_t size)
{
    char path[PATH];
    join(path, t, name, suffix);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        stop("%s: %s", path, strerror(errno));
}

static void put_blob(const struct tree *t, const char *name, const char *suffix, pca_blob *blob)
{
    put(t, name, suffix, pca_blob_data(blob), pca_blob_size(blob));
    pca_blob_free(blob);
}

static void list(struct tree *t, const char *name, const char *suffix, const char *role, const char *purpose, const char *host,
                 const char *expect)
{
    fprintf(t->manifest, "%s%s\t%s\t%s\t%s\t%s\n", name, suffix, role, purpose, host, expect);
}

/* ---- The subjectPublicKeyInfo of a certificate, DER ---- */

static const uint8_t *element(const uint8_t *p, const uint8_t **contents, const uint8_t **end)
{
    size_t size = p[1], octets = 0;
    if (size & 0x80) {
        octets = size & 0x7f;
        size = 0;
        for (size_t i = 0; i < octets; i++)
            size = size << 8 | p[2 + i];
    }
    *contents = p + 2 + octets;
    *end = *contents + size;
    return p;
}

static void keep_public_key(struct tree *t, const pca_cert *cert)
{
    pca_blob *der = NULL;
    const uint8_t *p, *end;
    need(t, pca_cert_der(cert, &der, t->err), "certificate");
    element(pca_blob_data(der), &p, &end); /* Certificate */
    element(p, &p, &end);                  /* TBSCertificate */
    for (int i = 0; i < 6; i++) {          /* version, serial, algorithm, issuer, validity, subject */
        const uint8_t *contents;
        element(p, &contents, &end);
        p = end;
    }
    const uint8_t *contents;
    element(p, &contents, &end);
    t->spki_size = (size_t)(end - p);
    if (t->spki_size > sizeof t->spki)
        stop("a public key is too large");
    memcpy(t->spki, p, t->spki_size);
    pca_blob_free(der);
}

/* ---- CAs ---- */

static pca_request *ca_request(struct tree *t, const char *name, int64_t years)
{
    char cn[64], url[128];
    pca_request *request = pca_request_new();
    snprintf(cn, sizeof cn, "Emit %s %s", name, t->kind->name);
    snprintf(url, sizeof url, "http://crl.example.com/%s/%s.crl", t->kind->name, name);
    pca_request_set_common_name(request, cn);
    pca_request_set_organization(request, "Example GmbH");
    pca_request_set_country(request, "DE");
    pca_request_set_key_algorithm(request, t->kind->algorithm);
    pca_request_set_years(request, years);
    pca_request_set_crl_url(request, url);
    pca_request_set_crl_days(request, 7);
    return request;
}

static void write_ca(struct tree *t, const pca_ca *ca, const char *name)
{
    pca_blob *blob = NULL;
    need(t, pca_ca_certificate(ca, PCA_FORMAT_PEM, &blob, t->err), "CA certificate");
    put_blob(t, name, ".pem", blob);
    need(t, pca_ca_certificate(ca, PCA_FORMAT_DER, &blob, t->err), "CA certificate");
    put_blob(t, name, ".der", blob);
    list(t, name, ".pem", name, "-", "-", "ok");
}

static void open_tree(struct tree *t)
{
    static const uint8_t key[32] = "emit: this key protects nothing.";
    char path[PATH];
    pca_root *bought = NULL;
    pca_sub *fresh = NULL;
    join(path, t, "region", "");
    t->err = pca_error_new();
    t->config = pca_config_new();
    pca_config_set_key(t->config, key, sizeof key);
    need(t, pca_region_create(path, "emit", t->config, &t->region, t->err), "create");
    need(t, pca_root_purchase(t->region, PCA_KIND_PRIVATE, t->kind->family, 1200, NULL, &bought, t->err), "purchase");
    pca_request *request = ca_request(t, "root", t->kind->is_long ? 200 : 10);
    need(t, pca_root_enable(bought, request, t->err), "enable root");
    pca_request_free(request);
    need(t, pca_root_reload(bought, &t->root, t->err), "reload root");
    pca_root_free(bought);
    need(t, pca_root_default_sub(t->root, &fresh, t->err), "subordinate");
    request = ca_request(t, "sub", t->kind->is_long ? 150 : 5);
    need(t, pca_sub_enable(fresh, request, t->err), "enable sub");
    pca_request_free(request);
    need(t, pca_root_purchase_certificates(t->root, 100, NULL, NULL, t->err), "buy certificates");
    need(t, pca_root_assign(t->root, fresh, 100, PCA_ANY, NULL, t->err), "assign");
    need(t, pca_sub_reload(fresh, &t->sub, t->err), "reload sub");
    pca_sub_free(fresh);
    write_ca(t, pca_root_ca(t->root), "root");
    write_ca(t, pca_sub_ca(t->sub), "sub");
}

static void close_tree(struct tree *t)
{
    pca_sub_free(t->sub);
    pca_root_free(t->root);
    pca_region_close(t->region);
    pca_config_free(t->config);
    pca_error_free(t->err);
}

/* ---- Leaves ---- */

static void describe(pca_request *request, const struct leaf *leaf)
{
    pca_request_set_type(request, leaf->type);
    if (leaf->common_name)
        pca_request_set_common_name(request, leaf->common_name);
    if (leaf->organization)
        pca_request_set_organization(request, leaf->organization);
    if (leaf->unit)
        pca_request_set_unit(request, leaf->unit);
    if (leaf->country)
        pca_request_set_country(request, leaf->country);
    if (leaf->state)
        pca_request_set_state(request, leaf->state);
    if (leaf->locality)
        pca_request_set_locality(request, leaf->locality);
    for (size_t i = 0; i < 3; i++) {
        if (leaf->dns[i])
            pca_request_add_dns(request, leaf->dns[i]);
        if (leaf->ip[i])
            pca_request_add_ip(request, leaf->ip[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        if (leaf->mail[i])
            pca_request_add_email(request, leaf->mail[i]);
        if (leaf->uri[i])
            pca_request_add_uri(request, leaf->uri[i]);
    }
}

static void write_chain(struct tree *t, const struct leaf *leaf, const pca_cert *cert)
{
    pca_blob *own = NULL, *above = NULL;
    need(t, pca_cert_pem(cert, &own, t->err), "certificate");
    need(t, pca_ca_chain(pca_sub_ca(t->sub), 0, &above, t->err), "chain");
    size_t first = pca_blob_size(own), second = pca_blob_size(above);
    char *text = malloc(first + second);
    if (!text)
        stop("out of memory");
    memcpy(text, pca_blob_data(own), first);
    memcpy(text + first, pca_blob_data(above), second);
    put(t, leaf->name, ".chain.pem", text, first + second);
    free(text);
    pca_blob_free(above);
    put_blob(t, leaf->name, ".pem", own);
}

static void write_leaf(struct tree *t, const struct leaf *leaf)
{
    pca_cert *cert = NULL;
    pca_blob *blob = NULL;
    int shared = t->kind->slow_keys && !leaf->own_key;
    pca_request *request = pca_request_new();
    describe(request, leaf);
    pca_request_set_years(request, t->kind->is_long ? 100 : 1);
    if (shared)
        pca_request_set_public_key(request, t->spki, t->spki_size);
    else
        pca_request_set_key_algorithm(request, t->kind->algorithm);
    need(t, pca_sub_request(t->sub, request, &cert, t->err), leaf->name);
    pca_request_free(request);
    write_chain(t, leaf, cert);
    need(t, pca_cert_der(cert, &blob, t->err), "certificate");
    put_blob(t, leaf->name, ".der", blob);
    if (!shared) {
        need(t, pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, t->err), "key");
        put_blob(t, leaf->name, ".key", blob);
        if (!t->spki_size)
            keep_public_key(t, cert);
    }
    if (leaf->revoke)
        need(t, pca_cert_revoke(cert, leaf->revoke - 1, 0, NULL, t->err), "revoke");
    const char *expect = leaf->revoke ? "revoked" : "ok";
    if (strcmp(leaf->purpose, "both") == 0) {
        list(t, leaf->name, ".pem", "leaf", "server", leaf->host, expect);
        list(t, leaf->name, ".pem", "leaf", "client", "-", expect);
    } else {
        list(t, leaf->name, ".pem", "leaf", leaf->purpose, leaf->host, expect);
    }
    pca_cert_free(cert);
}

static void write_crl(struct tree *t, const pca_ca *ca, const char *name)
{
    char path[PATH];
    need(t, pca_ca_crl_make(ca, t->err), "CRL");
    join(path, t, name, ".crl");
    need(t, pca_ca_crl_write(ca, PCA_FORMAT_DER, path, t->err), "CRL");
    join(path, t, name, ".crl.pem");
    need(t, pca_ca_crl_write(ca, PCA_FORMAT_PEM, path, t->err), "CRL");
    list(t, name, ".crl", "crl", "-", "-", "ok");
}

static void emit(const char *directory, const struct tree_kind *kind)
{
    struct tree t = {.kind = kind};
    char path[PATH];
    if (snprintf(t.directory, sizeof t.directory, "%s/%s", directory, kind->name) >= (int)sizeof t.directory)
        stop("the path is too long");
    if (mkdir(t.directory, 0755) != 0)
        stop("%s: %s", t.directory, strerror(errno));
    join(path, &t, "manifest", ".tsv");
    t.manifest = fopen(path, "w");
    if (!t.manifest)
        stop("%s: %s", path, strerror(errno));
    open_tree(&t);
    if (kind->is_long)
        write_leaf(&t, &century);
    for (size_t i = 0; i < LEAVES && !kind->is_long; i++)
        write_leaf(&t, &leaves[i]);
    write_crl(&t, pca_root_ca(t.root), "root");
    write_crl(&t, pca_sub_ca(t.sub), "sub");
    close_tree(&t);
    if (fclose(t.manifest) != 0)
        stop("%s: %s", path, strerror(errno));
}

/* ---- One process a tree, the slow ones first ---- */

static int wanted(const char *name, int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return 1;
    return argc == 2;
}

static int reap(void)
{
    int status = 0;
    if (wait(&status) < 0)
        stop("wait: %s", strerror(errno));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int running = 0, failed = 0;
    if (argc < 2)
        stop("usage: emit DIR [NAME...]");
    if (mkdir(argv[1], 0755) != 0 && errno != EEXIST)
        stop("%s: %s", argv[1], strerror(errno));
    for (size_t i = 0; i < KINDS; i++) {
        if (!wanted(kinds[i].name, argc, argv))
            continue;
        if (running == JOBS) {
            failed |= reap();
            running--;
        }
        pid_t child = fork();
        if (child < 0)
            stop("fork: %s", strerror(errno));
        if (child == 0) {
            emit(argv[1], &kinds[i]);
            return 0;
        }
        running++;
    }
    for (; running; running--)
        failed |= reap();
    return failed;
}
