/* pca_page: what a query found, as snapshots. */
#include <string.h>

#include "api/snapshot.h"
#include "base/memory.h"
#include "ca/log.h"

struct pca_entry {
    struct log_record record; /* slices unused */
    uint64_t sequence;
    const char *actor, *token;
};

struct pca_page {
    struct arena arena;
    /* one of the three, or none */
    pca_cert **certs;
    pca_ca **cas;
    struct pca_entry *entries;
    size_t count;
    const char *next;
    uint64_t total, sequence;
    int exact;
};

/* ---- Filling ---- */

struct filling {
    struct shell *shell;
    const struct query *query;
    pca_page *page;
};

static int add_cert(struct txn *txn, struct context *cx, void *context, const struct cert_view *view, pca_error *err)
{
    struct filling *filling = context;
    pca_page *page = filling->page;
    (void)txn, (void)cx;
    int rc = pcai_cert_snapshot(filling->shell, view, &page->certs[page->count], err);
    page->count += rc == PCA_OK;
    return rc;
}

static int add_ca(struct txn *txn, struct context *cx, void *context, uint64_t id, pca_error *err)
{
    struct filling *filling = context;
    pca_page *page = filling->page;
    pca_ca *ca = pcai_alloc(sizeof *ca);
    if (!ca)
        return pcai_no_memory(err);
    page->cas[page->count++] = ca;
    return pcai_ca_load(txn, cx, filling->shell, id, ca, err);
}

static int add_entry(void *context, uint64_t sequence, const struct log_record *row, pca_error *err)
{
    struct filling *filling = context;
    pca_page *page = filling->page;
    struct pca_entry *entry = &page->entries[page->count++];
    entry->record = *row;
    entry->sequence = sequence;
    entry->actor = pcai_arena_text(&page->arena, row->actor);
    entry->token = pcai_arena_text(&page->arena, row->token);
    return page->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

/* What all pages say beside their rows. */
static int finish(const struct context *cx, const struct listing *listing, pca_page *page, pca_error *err)
{
    page->next = pcai_arena_text(&page->arena, pcai_slice_text(listing->next));
    page->total = listing->total;
    page->exact = listing->exact;
    page->sequence = cx->log;
    return page->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

static int certs_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct filling *filling = arguments;
    struct listing listing;
    int rc = pcai_find_certs(txn, cx, filling->query, add_cert, filling, &listing, err);
    return rc == PCA_OK ? finish(cx, &listing, filling->page, err) : rc;
}

static int cas_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct filling *filling = arguments;
    struct listing listing;
    int rc = pcai_find_cas(txn, cx, filling->query, add_ca, filling, &listing, err);
    return rc == PCA_OK ? finish(cx, &listing, filling->page, err) : rc;
}

static int entries_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct filling *filling = arguments;
    struct listing listing;
    int rc = pcai_find_entries(txn, cx, filling->query, add_entry, filling, &listing, err);
    return rc == PCA_OK ? finish(cx, &listing, filling->page, err) : rc;
}

static int fill(struct shell *shell, const struct query *query, pca_page *fresh, int room, rule run, pca_page **page, pca_error *err)
{
    struct filling filling = {shell, query, fresh};
    int rc = room ? pcai_verb_read(shell, run, &filling, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        *page = fresh;
    else
        pca_page_free(fresh);
    return rc;
}

int pcai_page_certs(struct shell *shell, const struct query *query, pca_page **page, pca_error *err)
{
    pca_page *fresh = pcai_alloc(sizeof *fresh);
    if (fresh)
        fresh->certs = pcai_alloc_array((size_t)query->limit, sizeof *fresh->certs);
    return fill(shell, query, fresh, fresh && fresh->certs, certs_rule, page, err);
}

int pcai_page_cas(struct shell *shell, const struct query *query, pca_page **page, pca_error *err)
{
    pca_page *fresh = pcai_alloc(sizeof *fresh);
    if (fresh)
        fresh->cas = pcai_alloc_array((size_t)query->limit, sizeof *fresh->cas);
    return fill(shell, query, fresh, fresh && fresh->cas, cas_rule, page, err);
}

int pcai_page_entries(struct shell *shell, const struct query *query, pca_page **page, pca_error *err)
{
    pca_page *fresh = pcai_alloc(sizeof *fresh);
    if (fresh)
        fresh->entries = pcai_alloc_array((size_t)query->limit, sizeof *fresh->entries);
    return fill(shell, query, fresh, fresh && fresh->entries, entries_rule, page, err);
}

int pcai_page_arguments(struct query *query, const char *after, uint64_t limit, pca_error *err)
{
    if (limit > PCAI_PAGE_MAX)
        return pcai_fail(err, PCA_E_INVALID, "call", "limit", "a page has at most %d entries", PCAI_PAGE_MAX);
    query->after = after ? after : "";
    query->limit = limit;
    return PCA_OK;
}

/* ---- Getters ---- */

uint64_t pca_page_count(const pca_page *page)
{
    return page ? page->count : 0;
}

const pca_cert *pca_page_cert_at(const pca_page *page, uint64_t index)
{
    return page && page->certs && index < page->count ? page->certs[index] : NULL;
}

const pca_ca *pca_page_ca_at(const pca_page *page, uint64_t index)
{
    return page && page->cas && index < page->count ? page->cas[index] : NULL;
}

const pca_entry *pca_page_entry_at(const pca_page *page, uint64_t index)
{
    return page && page->entries && index < page->count ? &page->entries[index] : NULL;
}

const char *pca_page_next(const pca_page *page)
{
    return page ? page->next : "";
}

uint64_t pca_page_total(const pca_page *page, int *exact)
{
    if (exact)
        *exact = page ? page->exact : 0;
    return page ? page->total : 0;
}

uint64_t pca_page_sequence(const pca_page *page)
{
    return page ? page->sequence : 0;
}

void pca_page_free(pca_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->count; i++) {
        if (page->certs)
            pca_cert_free(page->certs[i]);
        if (page->cas) {
            pcai_ca_release(page->cas[i]);
            pcai_free(page->cas[i]);
        }
    }
    pcai_free(page->certs);
    pcai_free(page->cas);
    pcai_free(page->entries);
    pcai_arena_free(&page->arena);
    pcai_free(page);
}

/* ---- Ledger rows ---- */

uint64_t pca_entry_sequence(const pca_entry *entry)
{
    return entry ? entry->sequence : 0;
}

int64_t pca_entry_time(const pca_entry *entry)
{
    return entry ? entry->record.time : 0;
}

const char *pca_entry_actor(const pca_entry *entry)
{
    return entry ? entry->actor : "";
}

const char *pca_entry_action(const pca_entry *entry)
{
    return entry ? pcai_action_name(entry->record.action) : "";
}

uint64_t pca_entry_ca_id(const pca_entry *entry)
{
    return entry ? entry->record.ca : 0;
}

uint64_t pca_entry_from_id(const pca_entry *entry)
{
    return entry ? pcai_log_from(&entry->record) : 0;
}

uint64_t pca_entry_object_id(const pca_entry *entry)
{
    return entry ? entry->record.object : 0;
}

int64_t pca_entry_units(const pca_entry *entry)
{
    return entry ? entry->record.units : 0;
}

const char *pca_entry_token(const pca_entry *entry)
{
    return entry ? entry->token : "";
}
