/* Certificates as a resource. */
#include "cli.h"

#include <stdlib.h>

static int buy(struct session *s)
{
    pca_receipt *receipt = NULL;
    uint64_t count = 0;
    int rc = number(s, s->args[0], "COUNT", &count);
    if (rc == PCA_OK)
        rc = find_root(s, opt.root);
    if (rc == PCA_OK)
        rc = pca_root_purchase_certificates(s->root, count, opt.token, &receipt, s->err);
    if (rc == PCA_OK)
        rc = reload(s);
    if (rc == PCA_OK) {
        s->out = json_object_new_object();
        put_number(s->out, "root", (int64_t)pca_ca_id(s->ca));
        put_number(s->out, "bought", (int64_t)pca_receipt_count(receipt));
        put_number(s->out, "billable", (int64_t)pca_receipt_billable(receipt));
        put_number(s->out, "waived", (int64_t)pca_receipt_waived(receipt));
        put_number(s->out, "remaining", (int64_t)pca_root_remaining(s->root));
        output_object(s->out);
    }
    pca_receipt_free(receipt);
    return rc;
}

static int assign(struct session *s)
{
    uint64_t count = 0;
    int rc = number(s, s->args[0], "COUNT", &count);
    if (rc == PCA_OK)
        rc = find_sub(s, opt.sub);
    if (rc == PCA_OK)
        rc = pca_sub_root(s->sub, &s->root, s->err);
    if (rc == PCA_OK)
        rc = pca_root_assign(s->root, s->sub, count, opt.expected < 0 ? PCA_ANY : (uint64_t)opt.expected, opt.token, s->err);
    if (rc == PCA_OK)
        rc = reload(s);
    if (rc == PCA_OK) {
        s->out = json_object_new_object();
        put_number(s->out, "sub", (int64_t)pca_ca_id(pca_sub_ca(s->sub)));
        put_number(s->out, "remaining", (int64_t)pca_sub_remaining(s->sub));
        put_number(s->out, "root_remaining", (int64_t)pca_root_remaining(s->root));
        output_object(s->out);
    }
    return rc;
}

static int show(struct session *s)
{
    static const struct column columns[] = {{"id", "ID", RIGHT},           {"name", "NAME", CUT},         {"remaining", "LEFT", RIGHT},
                                            {"reserved", "RESERVED", RIGHT}, {"issued", "ISSUED", RIGHT}, {"purchased", "BOUGHT", RIGHT},
                                            {"billable", "BILLABLE", RIGHT}, {"waived", "WAIVED", RIGHT}, {NULL, NULL, 0}};
    s->out = json_object_new_array();
    int rc = each_ca(s, NULL, add_ca_row);
    if (rc == PCA_OK)
        output_rows(s->out, columns);
    return rc;
}

static void add_entry(json_object *rows, const pca_entry *entry)
{
    json_object *row = json_object_new_object();
    put_number(row, "sequence", (int64_t)pca_entry_sequence(entry));
    put_time(row, "time", pca_entry_time(entry));
    put_text(row, "actor", pca_entry_actor(entry));
    put_text(row, "action", pca_entry_action(entry));
    put_number(row, "ca", (int64_t)pca_entry_ca_id(entry));
    put_number(row, "from", (int64_t)pca_entry_from_id(entry));
    put_number(row, "units", pca_entry_units(entry));
    put_number(row, "object", (int64_t)pca_entry_object_id(entry));
    put_text(row, "token", pca_entry_token(entry));
    json_object_array_add(rows, row);
}

static int ledger(struct session *s)
{
    static const struct column columns[] = {{"sequence", "NUMBER", RIGHT}, {"time", "TIME", 0},        {"actor", "ACTOR", CUT},
                                            {"action", "ACTION", 0},       {"units", "UNITS", RIGHT},  {"ca", "CA", RIGHT},
                                            {"from", "FROM", RIGHT},       {"object", "OBJECT", RIGHT | WIDE}, {NULL, NULL, 0}};
    pca_query *query = pca_query_new();
    pca_page *page = NULL;
    uint64_t left = limit_or(UINT64_MAX);
    int rc = opt.ca ? find_ca(s, opt.ca) : PCA_OK;
    if (rc == PCA_OK && opt.ca)
        pca_query_set_issuer(query, pca_ca_id(s->ca));
    if (opt.changed_since >= 0)
        pca_query_set_changed_since(query, (uint64_t)opt.changed_since);
    s->out = json_object_new_array();
    while (rc == PCA_OK && left && (!page || *pca_page_next(page))) {
        pca_query_set_after(query, pca_page_next(page));
        pca_query_set_limit(query, left < 1000 ? left : 1000);
        pca_page_free(page);
        page = NULL;
        rc = pca_region_ledger(s->region, query, &page, s->err);
        for (uint64_t i = 0; rc == PCA_OK && i < pca_page_count(page); i++, left--)
            add_entry(s->out, pca_page_entry_at(page, i));
    }
    pca_page_free(page);
    pca_query_free(query);
    if (rc == PCA_OK)
        output_rows(s->out, columns);
    return rc;
}

static const struct poptOption buy_options[] = {
    {"root", 0, POPT_ARG_STRING, &opt.root, 0, "The root; default: the only one", "CA"}, TOKEN_OPTION, POPT_TABLEEND};
static const struct poptOption assign_options[] = {
    {"sub", 0, POPT_ARG_STRING, &opt.sub, 0, "The subordinate; default: the only one", "CA"},
    {"expected", 0, POPT_ARG_LONGLONG, &opt.expected, 0, "Only if it has so many left now", "N"},
    TOKEN_OPTION,
    POPT_TABLEEND};

static const struct poptOption ledger_options[] = {
    {"ca", 0, POPT_ARG_STRING, &opt.ca, 0, "Of a CA that got certificates or gave them", "CA"},
    {"changed-since", 0, POPT_ARG_LONGLONG, &opt.changed_since, 0, "After that number", "N"},
    LIMIT_OPTION,
    POPT_TABLEEND};

const struct command quota_commands[] = {
    {"quota", "buy", "COUNT", "Buy certificates for a root", 1, 1, WRITES, buy_options, buy},
    {"quota", "assign", "COUNT", "Set how many a subordinate has left", 1, 1, WRITES, assign_options, assign},
    {"quota", "show", "", "What every CA has left", 0, 0, READS, no_options, show},
    {"quota", "ledger", "", "Every movement of certificates as a resource", 0, 0, READS, ledger_options, ledger},
    {0},
};
