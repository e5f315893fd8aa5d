#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* An alias of digits alone is named alias:TEXT. */
static const char *alias_of(const char *name)
{
    return strncmp(name, "alias:", 6) == 0 ? name + 6 : name;
}

static int is_id(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

int each_ca(struct session *s, pca_query *given, int (*visit)(struct session *s, const pca_ca *ca))
{
    pca_query *query = given ? given : pca_query_new();
    pca_page *page = NULL;
    int rc = PCA_OK;
    do {
        pca_query_set_after(query, pca_page_next(page));
        pca_page_free(page);
        page = NULL;
        rc = pca_region_find_cas(s->region, query, &page, s->err);
        for (uint64_t i = 0; rc == PCA_OK && i < pca_page_count(page); i++)
            rc = visit(s, pca_page_ca_at(page, i));
    } while (rc == PCA_OK && *pca_page_next(page));
    pca_page_free(page);
    if (!given)
        pca_query_free(query);
    return rc;
}

/* The only root, or the only subordinate, of the region. */
static int only_ca(struct session *s, int root, uint64_t *id)
{
    pca_query *query = pca_query_new();
    pca_page *page = NULL;
    uint64_t found = 0;
    pca_query_set_limit(query, 1000);
    int rc = pca_region_find_cas(s->region, query, &page, s->err);
    for (uint64_t i = 0; rc == PCA_OK && i < pca_page_count(page); i++) {
        const pca_ca *ca = pca_page_ca_at(page, i);
        if ((pca_ca_parent_id(ca) == 0) == root) {
            *id = pca_ca_id(ca);
            found++;
        }
    }
    if (rc == PCA_OK && *pca_page_next(page)) /* who has so many says which */
        found = 2;
    pca_page_free(page);
    pca_query_free(query);
    const char *what = root ? "root" : "subordinate";
    if (rc == PCA_OK && found == 0)
        rc = refuse(s, PCA_E_NOT_FOUND, "the region has no %s; pca root purchase buys one", what);
    if (rc == PCA_OK && found > 1)
        rc = refuse(s, PCA_E_INVALID, "the region has more than one %s: say which, by its id or alias (pca tree)", what);
    return rc;
}

int find_root(struct session *s, const char *name)
{
    uint64_t id = 0;
    int rc = PCA_OK;
    if (!name && (rc = only_ca(s, 1, &id)) != PCA_OK)
        return rc;
    if (name && !is_id(name))
        rc = pca_region_root_by_alias(s->region, alias_of(name), &s->root, s->err);
    else if (!name || (rc = number(s, name, "root", &id)) == PCA_OK)
        rc = pca_region_root_get(s->region, id, &s->root, s->err);
    if (rc == PCA_OK)
        s->ca = pca_root_ca(s->root);
    return rc;
}

int find_sub(struct session *s, const char *name)
{
    uint64_t id = 0;
    int rc = PCA_OK;
    if (!name && (rc = only_ca(s, 0, &id)) != PCA_OK)
        return rc;
    if (name && !is_id(name))
        rc = pca_region_sub_by_alias(s->region, alias_of(name), &s->sub, s->err);
    else if (!name || (rc = number(s, name, "sub", &id)) == PCA_OK)
        rc = pca_region_sub_get(s->region, id, &s->sub, s->err);
    if (rc == PCA_OK)
        s->ca = pca_sub_ca(s->sub);
    return rc;
}

int find_ca(struct session *s, const char *name)
{
    int rc = find_sub(s, name);
    return rc == PCA_E_NOT_FOUND && name ? find_root(s, name) : rc;
}

/* The only certificate of a query; a serial number may be borne under several CAs. */
static int find_one(struct session *s, const pca_query *query, const char *name)
{
    pca_page *page = NULL;
    int rc = pca_region_find_certs(s->region, query, &page, s->err);
    uint64_t count = pca_page_count(page);
    if (rc == PCA_OK && count == 0)
        rc = refuse(s, PCA_E_NOT_FOUND, "no certificate %s", name);
    if (rc == PCA_OK && count > 1)
        rc = refuse(s, PCA_E_INVALID, "more than one certificate is %s: name it by its id", name);
    if (rc == PCA_OK)
        rc = pca_region_cert_get(s->region, pca_cert_id(pca_page_cert_at(page, 0)), &s->cert, s->err);
    pca_page_free(page);
    return rc;
}

static int find_presented(struct session *s, const char *path)
{
    struct file file = {NULL, 0}, der = {NULL, 0};
    int rc = file_read(s, path, CERTIFICATE_MAX, &file);
    if (rc == PCA_OK)
        rc = file_decode_pem(s, path, &file, &der);
    if (rc == PCA_OK)
        rc = pca_region_cert_by_der(s->region, der.data, der.size, &s->cert, s->err);
    file_free(&file);
    file_free(&der);
    return rc;
}

int find_cert(struct session *s, const char *name)
{
    uint64_t id = 0;
    if (strncmp(name, "file:", 5) == 0)
        return find_presented(s, name + 5);
    if (is_id(name)) {
        int rc = number(s, name, "certificate", &id);
        return rc ? rc : pca_region_cert_get(s->region, id, &s->cert, s->err);
    }
    pca_query *query = pca_query_new();
    int rc = PCA_OK;
    if (strncmp(name, "serial:", 7) == 0)
        pca_query_set_serial(query, name + 7);
    else if (strncmp(name, "custom:", 7) == 0)
        pca_query_set_custom_id(query, name + 7);
    else
        rc = refuse(s, PCA_E_INVALID, "a certificate is named by its id, serial:HEX, custom:ID or file:PATH, not \"%s\"", name);
    if (rc == PCA_OK)
        rc = find_one(s, query, name);
    pca_query_free(query);
    return rc;
}

int reload(struct session *s)
{
    int rc = PCA_OK;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_cert *cert = NULL;
    int of_sub = s->sub && s->ca == pca_sub_ca(s->sub);
    if (s->root && (rc = pca_root_reload(s->root, &root, s->err)) == PCA_OK) {
        pca_root_free(s->root);
        s->root = root;
    }
    if (rc == PCA_OK && s->sub && (rc = pca_sub_reload(s->sub, &sub, s->err)) == PCA_OK) {
        pca_sub_free(s->sub);
        s->sub = sub;
    }
    if (rc == PCA_OK && s->cert && (rc = pca_cert_reload(s->cert, &cert, s->err)) == PCA_OK) {
        pca_cert_free(s->cert);
        s->cert = cert;
    }
    s->ca = of_sub ? pca_sub_ca(s->sub) : s->root ? pca_root_ca(s->root) : NULL;
    return rc;
}
