#include "tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS 2

void tree_stop(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void tree_need(const struct tree *t, int rc, const char *what)
{
    if (rc != PCA_OK)
        tree_stop("%s: %s: %s (%s, %s): %s", t->name, what, pca_code_name(rc), pca_error_object(t->err), pca_error_field(t->err),
                  pca_error_message(t->err));
}

/* ---- Files ---- */

static void join(char out[TREE_PATH], const struct tree *t, const char *name, const char *suffix)
{
    if (snprintf(out, TREE_PATH, "%s/%s%s", t->directory, name, suffix) >= TREE_PATH)
        tree_stop("the path is too long");
}

static void put(const struct tree *t, const char *name, const char *suffix, const void *data, size_t size)
{
    char path[TREE_PATH];
    join(path, t, name, suffix);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        tree_stop("%s: %s", path, strerror(errno));
}

static void put_blob(const struct tree *t, const char *name, const char *suffix, pca_blob *blob)
{
    put(t, name, suffix, pca_blob_data(blob), pca_blob_size(blob));
    pca_blob_free(blob);
}

void tree_list(struct tree *t, const struct entry *e)
{
    fprintf(t->manifest, "%s%s\t%s\t%s\t%s\t%s\t%s", e->name, e->suffix, e->role, e->purpose, e->match, e->expect, e->serial);
    if (e->reason < 0)
        fputs("\t-", t->manifest);
    else
        fprintf(t->manifest, "\t%d", e->reason);
    if (e->since)
        fprintf(t->manifest, "\t%" PRId64 "\n", e->since);
    else
        fputs("\t-\n", t->manifest);
}

/* ---- The subjectPublicKeyInfo of a certificate, DER ---- */

static void element(const uint8_t *p, const uint8_t **contents, const uint8_t **end)
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
}

/* The second element of TBSCertificate. */
static void take_serial(struct tree *t)
{
    const uint8_t *p, *contents, *end;
    element(pca_blob_data(t->sub_der), &p, &end);
    element(p, &p, &end);
    element(p, &contents, &end);
    element(end, &contents, &end);
    for (char *out = t->sub_serial; contents < end && out + 2 < t->sub_serial + sizeof t->sub_serial; contents++, out += 2)
        snprintf(out, 3, "%02x", *contents);
}

void tree_public_key(const struct tree *t, const pca_cert *cert, struct spki *spki)
{
    pca_blob *der = NULL;
    const uint8_t *p, *contents, *end;
    tree_need(t, pca_cert_der(cert, &der, t->err), "certificate");
    element(pca_blob_data(der), &p, &end); /* Certificate */
    element(p, &p, &end);                  /* TBSCertificate */
    for (int i = 0; i < 6; i++) {          /* version, serial, algorithm, issuer, validity, subject */
        element(p, &contents, &end);
        p = end;
    }
    element(p, &contents, &end);
    spki->size = (size_t)(end - p);
    if (spki->size > sizeof spki->data)
        tree_stop("a public key is too large");
    memcpy(spki->data, p, spki->size);
    pca_blob_free(der);
}

/* ---- CAs ---- */

static pca_request *ca_request(struct tree *t, const char *name, int64_t years)
{
    char cn[64], url[128];
    pca_request *request = pca_request_new();
    snprintf(cn, sizeof cn, "Emit %s %s", name, t->name);
    snprintf(url, sizeof url, "http://crl.example.com/%s/%s.crl", t->name, name);
    pca_request_set_common_name(request, cn);
    pca_request_set_organization(request, "Example GmbH");
    pca_request_set_country(request, "DE");
    pca_request_set_key_algorithm(request, t->algorithm);
    pca_request_set_years(request, years);
    pca_request_set_crl_url(request, url);
    pca_request_set_crl_days(request, 7);
    return request;
}

static void write_cas(struct tree *t)
{
    pca_blob *blob = NULL;
    tree_need(t, pca_ca_certificate(pca_root_ca(t->root), PCA_FORMAT_PEM, &blob, t->err), "root");
    put_blob(t, "root", ".pem", blob);
    tree_need(t, pca_ca_certificate(pca_root_ca(t->root), PCA_FORMAT_DER, &blob, t->err), "root");
    put_blob(t, "root", ".der", blob);
    put(t, "sub", ".pem", pca_blob_data(t->sub_pem), pca_blob_size(t->sub_pem));
    put(t, "sub", ".der", pca_blob_data(t->sub_der), pca_blob_size(t->sub_der));
}

void tree_write_crl(struct tree *t, const pca_ca *ca, const char *name)
{
    char path[TREE_PATH];
    tree_need(t, pca_ca_crl_make(ca, t->err), "CRL");
    join(path, t, name, ".crl");
    tree_need(t, pca_ca_crl_write(ca, PCA_FORMAT_DER, path, t->err), "CRL");
    join(path, t, name, ".crl.pem");
    tree_need(t, pca_ca_crl_write(ca, PCA_FORMAT_PEM, path, t->err), "CRL");
    tree_list(t, &(struct entry){name, ".crl", "crl", "-", "-", "ok", "-", -1, 0});
}

static pca_root *make_root(struct tree *t, pca_region *region, const char *name)
{
    pca_root *bought = NULL, *root = NULL;
    tree_need(t, pca_root_purchase(region, PCA_KIND_PRIVATE, t->family, 1200, NULL, &bought, t->err), "purchase");
    pca_request *request = ca_request(t, name, t->root_years);
    tree_need(t, pca_root_enable(bought, request, t->err), "enable root");
    pca_request_free(request);
    tree_need(t, pca_root_reload(bought, &root, t->err), "reload root");
    pca_root_free(bought);
    return root;
}

static void take_sub(struct tree *t)
{
    tree_need(t, pca_ca_certificate(pca_sub_ca(t->sub), PCA_FORMAT_PEM, &t->sub_pem, t->err), "subordinate");
    tree_need(t, pca_ca_certificate(pca_sub_ca(t->sub), PCA_FORMAT_DER, &t->sub_der, t->err), "subordinate");
}

static void stock(struct tree *t, pca_root *root, pca_sub *sub)
{
    tree_need(t, pca_root_purchase_certificates(root, t->certificates, NULL, NULL, t->err), "buy certificates");
    tree_need(t, pca_root_assign(root, sub, t->certificates, PCA_ANY, NULL, t->err), "assign");
    tree_need(t, pca_sub_reload(sub, &t->sub, t->err), "reload sub");
}

static void by_root(struct tree *t)
{
    pca_sub *fresh = NULL;
    t->root = make_root(t, t->region, "root");
    tree_need(t, pca_root_default_sub(t->root, &fresh, t->err), "subordinate");
    pca_request *request = ca_request(t, "sub", t->sub_years);
    if (t->constrain)
        t->constrain(request);
    tree_need(t, pca_sub_enable(fresh, request, t->err), "enable sub");
    pca_request_free(request);
    stock(t, t->root, fresh);
    pca_sub_free(fresh);
    take_sub(t);
}

static void by_cross(struct tree *t)
{
    by_root(t);
    pca_root_free(t->root);
    pca_blob_free(t->sub_pem);
    pca_blob_free(t->sub_der);
    t->root = make_root(t, t->region, "other");
    pca_request *request = pca_request_new();
    pca_request_set_years(request, t->sub_years);
    const pca_ca *root = pca_root_ca(t->root), *sub = pca_sub_ca(t->sub);
    tree_need(t, pca_ca_cross_sign(root, sub, request, PCA_FORMAT_DER, &t->sub_der, t->err), "cross-sign");
    pca_request_free(request);
    tree_need(t, pca_ca_cross_certificates(root, &t->sub_pem, t->err), "cross-certificates");
}

/* The root in one region; in the other its certificate alone, and the subordinate with its key. */
static void by_csr(struct tree *t)
{
    pca_root *held = NULL;
    pca_sub *slot = NULL, *fresh = NULL;
    pca_blob *blob = NULL;
    t->root = make_root(t, t->other, "root");
    tree_need(t, pca_ca_certificate(pca_root_ca(t->root), PCA_FORMAT_DER, &blob, t->err), "root");
    tree_need(t, pca_root_purchase(t->region, PCA_KIND_PRIVATE, t->family, 1200, NULL, &held, t->err), "purchase");
    pca_import *import = pca_import_new();
    pca_import_set_certificate(import, pca_blob_data(blob), pca_blob_size(blob));
    pca_import_set_key_elsewhere(import);
    tree_need(t, pca_ca_import(pca_root_ca(held), import, t->err), "import");
    pca_import_free(import);
    pca_blob_free(blob);
    tree_need(t, pca_root_default_sub(held, &fresh, t->err), "subordinate");
    pca_request *request = pca_request_new();
    pca_request_set_common_name(request, "Emit by CSR");
    pca_request_set_key_algorithm(request, t->algorithm);
    tree_need(t, pca_ca_csr(pca_sub_ca(fresh), request, PCA_FORMAT_PEM, &blob, t->err), "CSR");
    pca_request_free(request);
    tree_need(t, pca_root_default_sub(t->root, &slot, t->err), "subordinate");
    request = pca_request_new();
    pca_request_set_csr(request, pca_blob_data(blob), pca_blob_size(blob));
    pca_request_use_csr_subject(request);
    pca_request_set_years(request, t->sub_years);
    tree_need(t, pca_sub_enable(slot, request, t->err), "sign the CSR");
    pca_request_free(request);
    pca_blob_free(blob);
    tree_need(t, pca_ca_certificate(pca_sub_ca(slot), PCA_FORMAT_PEM, &blob, t->err), "subordinate");
    tree_need(t, pca_ca_accept_certificate(pca_sub_ca(fresh), pca_blob_data(blob), pca_blob_size(blob), t->err), "accept");
    tree_need(t, pca_ca_set_crl(pca_sub_ca(fresh), "http://crl.example.com/by-csr.crl", 7, t->err), "CRL address");
    pca_blob_free(blob);
    stock(t, held, fresh);
    pca_root_free(held);
    pca_sub_free(slot);
    pca_sub_free(fresh);
    take_sub(t);
}

void tree_open(struct tree *t, const char *parent)
{
    static const uint8_t key[32] = "emit: this key protects nothing.";
    char path[TREE_PATH];
    if (snprintf(t->directory, sizeof t->directory, "%s/%s", parent, t->name) >= (int)sizeof t->directory)
        tree_stop("the path is too long");
    if (mkdir(t->directory, 0755) != 0)
        tree_stop("%s: %s", t->directory, strerror(errno));
    join(path, t, "manifest", ".tsv");
    t->manifest = fopen(path, "w");
    if (!t->manifest)
        tree_stop("%s: %s", path, strerror(errno));
    join(path, t, "region", "");
    t->err = pca_error_new();
    t->config = pca_config_new();
    pca_config_set_key(t->config, key, sizeof key);
    tree_need(t, pca_region_create(path, "emit", t->config, &t->region, t->err), "create");
    if (t->way == BY_CSR) {
        join(path, t, "other", "");
        tree_need(t, pca_region_create(path, "other", t->config, &t->other, t->err), "create");
    }
    static void (*const ways[])(struct tree *t) = {[BY_ROOT] = by_root, [BY_CROSS] = by_cross, [BY_CSR] = by_csr};
    ways[t->way](t);
    take_serial(t);
    write_cas(t);
    tree_list(t, &(struct entry){"root", ".pem", "root", "-", "-", "ok", pca_ca_serial(pca_root_ca(t->root)), -1, 0});
}

void tree_close(struct tree *t)
{
    pca_sub_free(t->sub);
    pca_root_free(t->root);
    pca_blob_free(t->sub_pem);
    pca_blob_free(t->sub_der);
    pca_region_close(t->region);
    pca_region_close(t->other);
    pca_config_free(t->config);
    pca_error_free(t->err);
    if (fclose(t->manifest) != 0)
        tree_stop("%s: the manifest: %s", t->name, strerror(errno));
}

/* ---- Leaves ---- */

void tree_write_leaf(struct tree *t, const pca_cert *cert, const char *name)
{
    pca_blob *own = NULL;
    tree_need(t, pca_cert_pem(cert, &own, t->err), "certificate");
    size_t first = pca_blob_size(own), second = pca_blob_size(t->sub_pem);
    char *text = malloc(first + second);
    if (!text)
        tree_stop("out of memory");
    memcpy(text, pca_blob_data(own), first);
    memcpy(text + first, pca_blob_data(t->sub_pem), second);
    put(t, name, ".chain.pem", text, first + second);
    free(text);
    put_blob(t, name, ".pem", own);
    tree_need(t, pca_cert_der(cert, &own, t->err), "certificate");
    put_blob(t, name, ".der", own);
}

void tree_write_key(struct tree *t, const pca_cert *cert, const char *name)
{
    pca_blob *blob = NULL;
    tree_need(t, pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, t->err), "key");
    put_blob(t, name, ".key", blob);
}

/* ---- One process a tree ---- */

static int reap(void)
{
    int status = 0;
    if (wait(&status) < 0)
        tree_stop("wait: %s", strerror(errno));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

int tree_make_all(const char *directory, size_t count, void (*make)(const void *context, size_t index), const void *context)
{
    size_t running = 0;
    int failed = 0;
    if (mkdir(directory, 0755) != 0 && errno != EEXIST)
        tree_stop("%s: %s", directory, strerror(errno));
    for (size_t i = 0; i < count; i++, running++) {
        if (running == JOBS) {
            failed |= reap();
            running--;
        }
        pid_t child = fork();
        if (child < 0)
            tree_stop("fork: %s", strerror(errno));
        if (child == 0) {
            make(context, i);
            exit(0);
        }
    }
    for (; running; running--)
        failed |= reap();
    return failed;
}
