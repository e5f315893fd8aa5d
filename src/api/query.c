/* pca_query: setters, and the verbs that find. */
#include <string.h>

#include "api/snapshot.h"
#include "base/memory.h"
#include "base/text.h"
#include "x509/san.h"

#define LIMIT 100
#define TEXT_MAX 4096

struct pca_query {
    pca_error refusal;
    struct arena arena;
    struct query query;
};

static const struct query everything = {.after = "", .limit = LIMIT};

pca_query *pca_query_new(void)
{
    pca_query *query = pcai_alloc(sizeof *query);
    if (query)
        query->query = everything;
    return query;
}

void pca_query_free(pca_query *query)
{
    if (!query)
        return;
    pcai_arena_free(&query->arena);
    pcai_free(query);
}

int pca_query_reset(pca_query *query)
{
    if (!query)
        return PCA_E_INVALID;
    pcai_arena_free(&query->arena);
    *query = (pca_query){.query = everything};
    return PCA_OK;
}

/* ---- Helpers of the setters ---- */

static int refuse_as(pca_query *query, int code, const char *field, const char *why)
{
    if (query->refusal.code == PCA_OK)
        pcai_fail(&query->refusal, code, "query", field, "%s", why);
    return query->refusal.code;
}

static int refuse(pca_query *query, const char *field, const char *why)
{
    return refuse_as(query, PCA_E_INVALID, field, why);
}

static int usable(const pca_query *query)
{
    return query ? query->refusal.code : PCA_E_INVALID;
}

static int set_number(pca_query *query, int *to, int number, int most, const char *field, const char *why)
{
    int rc = usable(query);
    if (rc != PCA_OK)
        return rc;
    if (number < 0 || number > most)
        return refuse(query, field, why);
    *to = number;
    return PCA_OK;
}

static int check_text(pca_query *query, const char *field, const char *text)
{
    if (strlen(text) > TEXT_MAX)
        return refuse(query, field, "the text is longer than 4096 octets");
    if (!pcai_utf8_printable(pcai_slice_text(text), NULL))
        return refuse(query, field, "the text is not UTF-8, or has control characters");
    return PCA_OK;
}

enum text_form { TEXT_EXACT, TEXT_LOWER, TEXT_MAYBE_EMPTY };

/* NULL and "" take the condition away, but for MAYBE_EMPTY, where "" is a text like others. */
static int set_text(pca_query *query, struct slice *to, const char *field, const char *text, enum text_form form)
{
    int rc = usable(query);
    if (rc == PCA_OK && text)
        rc = check_text(query, field, text);
    if (rc != PCA_OK)
        return rc;
    if (!text || (!*text && form != TEXT_MAYBE_EMPTY)) {
        *to = pcai_slice(NULL, 0);
        return PCA_OK;
    }
    size_t size = strlen(text);
    char *copy = pcai_arena_alloc(&query->arena, size + 1);
    if (!copy)
        return refuse_as(query, PCA_E_NO_MEMORY, field, "out of memory");
    memcpy(copy, text, size);
    if (form == TEXT_LOWER)
        pcai_lower_all(copy, size);
    *to = pcai_slice(copy, size);
    return PCA_OK;
}

/* ---- Setters ---- */

int pca_query_set_issuer(pca_query *query, uint64_t ca_id)
{
    int rc = usable(query);
    if (rc == PCA_OK)
        query->query.issuer = ca_id;
    return rc;
}

int pca_query_set_status(pca_query *query, int status)
{
    return query ? set_number(query, &query->query.status, status, PCA_STATUS_CANCELLED, "status", "a status is one of PCA_STATUS_, or 0 for any")
                 : PCA_E_INVALID;
}

int pca_query_set_type(pca_query *query, int type)
{
    return query ? set_number(query, &query->query.type, type, PCA_CERT_CUSTOM, "type", "a type is one of PCA_CERT_, or 0 for any") : PCA_E_INVALID;
}

int pca_query_set_state(pca_query *query, int state)
{
    return query ? set_number(query, &query->query.state, state, PCA_CA_REVOKED, "state", "a state is one of PCA_CA_, or 0 for any") : PCA_E_INVALID;
}

int pca_query_set_kind(pca_query *query, int kind)
{
    return query ? set_number(query, &query->query.kind, kind, PCA_KIND_COMPLIANCE, "kind", "a kind is one of PCA_KIND_, or 0 for any")
                 : PCA_E_INVALID;
}

/* An IP address as certificates' names have it as text. */
static int set_address(pca_query *query, const char *text)
{
    struct buf octets = {0}, canonical = {0};
    int rc = pcai_san_canonical(PCA_SAN_IP, pcai_slice_text(text), "name", &octets, NULL);
    struct general_name address = {PCA_SAN_IP, pcai_buf_view(&octets)};
    if (rc == PCA_OK)
        pcai_san_text(&address, &canonical);
    size_t size;
    char *name = (char *)pcai_buf_take(&canonical, &size);
    rc = rc == PCA_OK && name ? set_text(query, &query->query.name, "name", name, TEXT_EXACT) : refuse_as(query, PCA_E_NO_MEMORY, "name", "out of memory");
    pcai_free(name);
    pcai_buf_free(&octets);
    return rc;
}

int pca_query_set_name(pca_query *query, const char *name)
{
    int rc = usable(query);
    if (rc == PCA_OK && name && pcai_is_ip(pcai_slice_text(name)))
        return set_address(query, name);
    return rc == PCA_OK ? set_text(query, &query->query.name, "name", name, TEXT_LOWER) : rc;
}

int pca_query_set_name_prefix(pca_query *query, const char *prefix)
{
    return query ? set_text(query, &query->query.name_prefix, "name_prefix", prefix, TEXT_LOWER) : PCA_E_INVALID;
}

int pca_query_set_serial(pca_query *query, const char *serial)
{
    struct serial parsed = {.size = 0};
    int rc = usable(query);
    if (rc != PCA_OK)
        return rc;
    if (serial && *serial && pcai_serial_parse(serial, &parsed) != 0)
        return refuse(query, "serial", "a serial number is 1 to 20 octets in hexadecimal, or dec: and decimal digits");
    query->query.serial = parsed;
    return PCA_OK;
}

int pca_query_set_alias(pca_query *query, const char *alias)
{
    return query ? set_text(query, &query->query.alias, "alias", alias, TEXT_EXACT) : PCA_E_INVALID;
}

int pca_query_set_custom_id(pca_query *query, const char *custom_id)
{
    return query ? set_text(query, &query->query.custom_id, "custom_id", custom_id, TEXT_EXACT) : PCA_E_INVALID;
}

int pca_query_set_tag(pca_query *query, const char *key, const char *value)
{
    int rc = usable(query);
    if (rc != PCA_OK)
        return rc;
    if (key && *key && !value)
        return refuse(query, "tag", "a tag is searched with its value");
    rc = set_text(query, &query->query.tag_value, "tag", value, TEXT_MAYBE_EMPTY);
    return rc == PCA_OK ? set_text(query, &query->query.tag_key, "tag", key, TEXT_EXACT) : rc;
}

int pca_query_set_expires(pca_query *query, int64_t before)
{
    int rc = usable(query);
    if (rc != PCA_OK)
        return rc;
    if (before < 0)
        return refuse(query, "expires", "the date lies before 1970");
    query->query.expires = before;
    return PCA_OK;
}

int pca_query_set_changed_since(pca_query *query, uint64_t sequence)
{
    int rc = usable(query);
    if (rc == PCA_OK)
        query->query.changed_since = sequence;
    return rc;
}

int pca_query_set_after(pca_query *query, const char *after)
{
    int rc = usable(query);
    if (rc != PCA_OK)
        return rc;
    if (after && strlen(after) >= PCAI_CURSOR_MAX)
        return refuse(query, "after", "this is longer than anything that pca_page_next gives");
    const char *copy = after && *after ? pcai_arena_text(&query->arena, pcai_slice_text(after)) : "";
    if (query->arena.failed)
        return refuse_as(query, PCA_E_NO_MEMORY, "after", "out of memory");
    query->query.after = copy;
    return PCA_OK;
}

int pca_query_set_limit(pca_query *query, uint64_t limit)
{
    int rc = usable(query);
    if (rc != PCA_OK)
        return rc;
    if (limit > PCAI_PAGE_MAX)
        return refuse(query, "limit", "a page has at most 1000 entries");
    query->query.limit = limit;
    return PCA_OK;
}

/* ---- Verbs ---- */

typedef int (*page_maker)(struct shell *shell, const struct query *query, pca_page **page, pca_error *err);

static int find(pca_region *region, const pca_query *query, int (*check)(const struct query *query, pca_error *err), page_maker make,
                pca_page **page, pca_error *err)
{
    const struct query *asked = query ? &query->query : &everything;
    pca_error_clear(err);
    if (!region || !page)
        return pcai_null(region ? "page" : "region", err);
    if (query && query->refusal.code) {
        pcai_error_copy(err, &query->refusal);
        return query->refusal.code;
    }
    int rc = check(asked, err);
    return rc == PCA_OK ? make(region->shell, asked, page, err) : rc;
}

int pca_region_find_certs(pca_region *region, const pca_query *query, pca_page **page, pca_error *err)
{
    return find(region, query, pcai_find_certs_check, pcai_page_certs, page, err);
}

int pca_region_find_cas(pca_region *region, const pca_query *query, pca_page **page, pca_error *err)
{
    return find(region, query, pcai_find_cas_check, pcai_page_cas, page, err);
}

int pca_region_ledger(pca_region *region, const pca_query *query, pca_page **page, pca_error *err)
{
    return find(region, query, pcai_find_entries_check, pcai_page_entries, page, err);
}

int pca_region_expiring(pca_region *region, int64_t before, const char *after, uint64_t limit, pca_page **page, pca_error *err)
{
    struct query query = {.status = PCA_STATUS_ISSUED, .expires = before, .unended = 1};
    pca_error_clear(err);
    if (!region || !page)
        return pcai_null(region ? "page" : "region", err);
    if (before <= 0)
        return pcai_fail(err, PCA_E_INVALID, "call", "before", "the date lies before 1970");
    int rc = pcai_page_arguments(&query, after, limit, err);
    return rc == PCA_OK ? pcai_page_certs(region->shell, &query, page, err) : rc;
}

/* ---- One certificate ---- */

struct der_search {
    struct shell *shell;
    struct slice der;
    pca_cert *cert;
};

static int der_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct der_search *search = arguments;
    struct cert_view view;
    (void)cx;
    int rc = pcai_cert_by_der(txn, search->der, &view, err);
    return rc == PCA_OK ? pcai_cert_snapshot(search->shell, &view, &search->cert, err) : rc;
}

int pca_region_cert_by_der(pca_region *region, const void *der, size_t size, pca_cert **cert, pca_error *err)
{
    pca_error_clear(err);
    if (!region || !der || !cert)
        return pcai_null(!region ? "region" : !der ? "der" : "cert", err);
    struct der_search search = {region->shell, pcai_slice(der, size), NULL};
    int rc = pcai_verb_read(region->shell, der_rule, &search, err);
    if (rc == PCA_OK)
        *cert = search.cert;
    return rc;
}
