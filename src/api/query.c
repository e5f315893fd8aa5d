#include "api/snapshot.h"
#include "base/memory.h"

#define LIMIT 100

struct pca_query {
    pca_error refusal;
    struct cert_query query;
};

pca_query *pca_query_new(void)
{
    pca_query *query = pcai_alloc(sizeof *query);
    if (query)
        pca_query_reset(query);
    return query;
}

void pca_query_free(pca_query *query)
{
    pcai_free(query);
}

int pca_query_reset(pca_query *query)
{
    if (!query)
        return PCA_E_INVALID;
    *query = (pca_query){.query.limit = LIMIT};
    return PCA_OK;
}

static int refuse(pca_query *query, const char *field, const char *why)
{
    if (query->refusal.code == PCA_OK)
        pcai_fail(&query->refusal, PCA_E_INVALID, "query", field, "%s", why);
    return query->refusal.code;
}

int pca_query_set_issuer(pca_query *query, uint64_t ca_id)
{
    if (!query)
        return PCA_E_INVALID;
    query->query.issuer = ca_id;
    return query->refusal.code;
}

int pca_query_set_status(pca_query *query, int status)
{
    if (!query)
        return PCA_E_INVALID;
    if (status < 0 || status > PCA_STATUS_CANCELLED)
        return refuse(query, "status", "a status is one of PCA_STATUS_, or 0 for any");
    query->query.status = status;
    return query->refusal.code;
}

int pca_query_set_type(pca_query *query, int type)
{
    if (!query)
        return PCA_E_INVALID;
    if (type < 0 || type > PCA_CERT_CUSTOM)
        return refuse(query, "type", "a type is one of PCA_CERT_, or 0 for any");
    query->query.type = type;
    return query->refusal.code;
}

int pca_query_set_after(pca_query *query, uint64_t id)
{
    if (!query)
        return PCA_E_INVALID;
    query->query.after = id;
    return query->refusal.code;
}

int pca_query_set_limit(pca_query *query, uint64_t limit)
{
    if (!query)
        return PCA_E_INVALID;
    if (limit < 1 || limit > PCAI_PAGE_MAX)
        return refuse(query, "limit", "a page has 1 to 1000 entries");
    query->query.limit = limit;
    return query->refusal.code;
}

struct search {
    struct shell *shell;
    const struct cert_query *query;
    pca_page *page;
};

static int found(void *context, const struct cert_view *view, pca_error *err)
{
    struct search *search = context;
    int rc = pcai_cert_snapshot(search->shell, view, &search->page->certs[search->page->count], err);
    search->page->count += rc == PCA_OK;
    return rc;
}

static int search_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct search *search = arguments;
    (void)cx;
    return pcai_cert_list(txn, search->query, found, search, &search->page->next, err);
}

int pca_region_find_certs(pca_region *region, const pca_query *query, pca_page **page, pca_error *err)
{
    pca_error_clear(err);
    if (!region || !page)
        return pcai_null(region ? "page" : "region", err);
    if (query && query->refusal.code) {
        pcai_error_copy(err, &query->refusal);
        return query->refusal.code;
    }
    const struct cert_query all = {.limit = LIMIT}, *asked = query ? &query->query : &all;
    struct search search = {region->shell, asked, pcai_page_new((size_t)asked->limit, 0)};
    int rc = search.page ? pcai_verb_read(region->shell, search_rule, &search, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        *page = search.page;
    else
        pca_page_free(search.page);
    return rc;
}
