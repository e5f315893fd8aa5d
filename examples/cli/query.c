/* What the options of lists say. */
#include "cli.h"

#include <stdlib.h>

uint64_t limit_or(uint64_t usual)
{
    return opt.limit < 0 ? usual : opt.limit == 0 ? UINT64_MAX : (uint64_t)opt.limit;
}

static int common(struct session *s, pca_query *query)
{
    char *key = NULL, *value = NULL;
    int64_t expires = 0;
    int rc = moment(s, opt.expires, "--expires", &expires);
    if (rc == PCA_OK && opt.tag && (rc = split(s, opt.tag, &key, &value)) == PCA_OK)
        pca_query_set_tag(query, key, value ? value : "");
    free(key);
    pca_query_set_name(query, opt.name);
    pca_query_set_name_prefix(query, opt.name_prefix);
    pca_query_set_serial(query, opt.serial);
    pca_query_set_alias(query, opt.alias);
    pca_query_set_expires(query, expires);
    if (opt.changed_since >= 0)
        pca_query_set_changed_since(query, (uint64_t)opt.changed_since);
    return rc;
}

int query_of_cas(struct session *s, pca_query *query)
{
    int state = 0, kind = 0;
    int rc = word_value(s, states, "--ca-state", opt.ca_state, &state);
    if (rc == PCA_OK)
        rc = word_value(s, kinds, "--kind", opt.kind, &kind);
    if (rc == PCA_OK && opt.parent && (rc = find_ca(s, opt.parent)) == PCA_OK)
        pca_query_set_issuer(query, pca_ca_id(s->ca));
    pca_query_set_state(query, state);
    pca_query_set_kind(query, kind);
    return rc ? rc : common(s, query);
}

int query_of_certs(struct session *s, pca_query *query)
{
    int status = 0, type = 0;
    int rc = word_value(s, statuses, "--status", opt.status, &status);
    if (rc == PCA_OK)
        rc = word_value(s, types, "--type", opt.type, &type);
    if (rc == PCA_OK && opt.sub && (rc = find_sub(s, opt.sub)) == PCA_OK)
        pca_query_set_issuer(query, pca_ca_id(s->ca));
    pca_query_set_status(query, status);
    pca_query_set_type(query, type);
    pca_query_set_custom_id(query, opt.custom_id);
    return rc ? rc : common(s, query);
}

#define COMMON_OPTIONS                                                                                                                 \
    {"name", 0, POPT_ARG_STRING, &opt.name, 0, "With this common or alternative name", "NAME"},                                        \
        {"name-prefix", 0, POPT_ARG_STRING, &opt.name_prefix, 0, "With a name that begins so", "TEXT"},                                \
        {"serial", 0, POPT_ARG_STRING, &opt.serial, 0, "With this serial number", "HEX"},                                              \
        {"alias", 0, POPT_ARG_STRING, &opt.alias, 0, "With this alias", "TEXT"},                                                       \
        {"tag", 0, POPT_ARG_STRING, &opt.tag, 0, "With this tag", "KEY=VALUE"},                                                        \
        {"expires", 0, POPT_ARG_STRING, &opt.expires, 0, "Whose certificate ends before that", "DATE"},                                \
        {"changed-since", 0, POPT_ARG_LONGLONG, &opt.changed_since, 0, "Changed after that last_change of pca stat", "N"}

const struct poptOption ca_query_options[] = {
    COMMON_OPTIONS,
    {"ca-state", 0, POPT_ARG_STRING, &opt.ca_state, 0, "purchased, enabled, disabled or revoked", "STATE"},
    {"kind", 0, POPT_ARG_STRING, &opt.kind, 0, "private or compliance", "KIND"},
    {"parent", 0, POPT_ARG_STRING, &opt.parent, 0, "Directly below this CA", "CA"},
    POPT_TABLEEND};
const struct poptOption cert_query_options[] = {
    COMMON_OPTIONS,
    {"sub", 0, POPT_ARG_STRING, &opt.sub, 0, "Of this subordinate", "CA"},
    {"status", 0, POPT_ARG_STRING, &opt.status, 0, "pending, issued, revoked, rejected or cancelled", "STATUS"},
    {"type", 0, POPT_ARG_STRING, &opt.type, 0, "server, client, both or custom", "TYPE"},
    {"custom-id", 0, POPT_ARG_STRING, &opt.custom_id, 0, "With this name of your own", "TEXT"},
    POPT_TABLEEND};
