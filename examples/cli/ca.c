/* Roots and subordinates. */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 257 /* 64 characters of UTF-8 */

static const char *condition(const pca_ca *ca, int64_t now, char text[64])
{
    const char *state = word_of(states, pca_ca_state(ca));
    if (pca_ca_state(ca) == PCA_CA_REVOKED)
        return state;
    if (pca_ca_not_after(ca) && pca_ca_not_after(ca) < now)
        snprintf(text, 64, "%s, certificate ended", state);
    else if (pca_ca_service_end(ca) <= now)
        snprintf(text, 64, "%s, term over", state);
    else
        return state;
    return text;
}

/* The value of CN in a subject as RFC 4514 writes it, without its backslashes. */
static const char *common_name(const char *subject, char text[NAME_SIZE])
{
    size_t size = 0;
    while (*subject && strncmp(subject, "CN=", 3) != 0) { /* over an attribute, and the sign behind it */
        while (*subject && *subject != ',' && *subject != '+')
            subject += *subject == '\\' && subject[1] ? 2 : 1;
        subject += *subject ? 1 : 0;
    }
    for (subject += *subject ? 3 : 0; *subject && *subject != ',' && *subject != '+' && size < NAME_SIZE - 1; subject++) {
        subject += *subject == '\\' && subject[1] ? 1 : 0;
        text[size++] = *subject;
    }
    text[size] = '\0';
    return size ? text : NULL;
}

/* Alias, else the common name of the subject, else what it is. */
static const char *label(const pca_ca *ca, char text[NAME_SIZE])
{
    if (*pca_ca_alias(ca))
        return pca_ca_alias(ca);
    if (common_name(pca_ca_subject(ca), text))
        return text;
    return pca_ca_parent_id(ca) ? "subordinate" : "root";
}

static int put_counts(struct session *s, json_object *object, const pca_ca *ca)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    if (pca_ca_parent_id(ca)) {
        int rc = pca_region_sub_get(s->region, pca_ca_id(ca), &sub, s->err);
        if (rc == PCA_OK) {
            put_number(object, "remaining", (int64_t)pca_sub_remaining(sub));
            put_number(object, "reserved", (int64_t)pca_sub_reserved(sub));
            put_number(object, "issued", (int64_t)pca_sub_issued(sub));
        }
        pca_sub_free(sub);
        return rc;
    }
    int rc = pca_region_root_get(s->region, pca_ca_id(ca), &root, s->err);
    if (rc == PCA_OK) {
        put_number(object, "remaining", (int64_t)pca_root_remaining(root));
        put_number(object, "purchased", (int64_t)pca_root_purchased(root));
        put_number(object, "billable", (int64_t)pca_root_billable(root));
        put_number(object, "waived", (int64_t)pca_root_waived(root));
    }
    pca_root_free(root);
    return rc;
}

static void put_tags(json_object *object, const pca_ca *ca)
{
    json_object *tags = json_object_new_object();
    for (uint64_t i = 0; i < pca_ca_tag_count(ca); i++)
        json_object_object_add(tags, pca_ca_tag_at(ca, i), text_new(pca_ca_tag(ca, pca_ca_tag_at(ca, i))));
    json_object_object_add(object, "tags", tags);
}

static void put_details(json_object *object, const pca_ca *ca)
{
    put_tags(object, ca);
    put_number(object, "months", (int64_t)pca_ca_months(ca));
    put_time(object, "service_start", pca_ca_service_start(ca));
    if (pca_ca_state(ca) == PCA_CA_PURCHASED)
        return;
    put_text(object, "subject", pca_ca_subject(ca));
    put_text(object, "serial", pca_ca_serial(ca));
    put_time(object, "not_before", pca_ca_not_before(ca));
    put_text(object, "crl_url", pca_ca_crl_url(ca));
    put_number(object, "crl_days", (int64_t)pca_ca_crl_days(ca));
    put_text(object, "ocsp_url", pca_ca_ocsp_url(ca));
    put_text(object, "issuer_url", pca_ca_issuer_url(ca));
    if (pca_ca_path_length(ca) >= 0)
        put_number(object, "path_length", pca_ca_path_length(ca));
    put_number(object, "generation", (int64_t)pca_ca_generation(ca));
    put_time(object, "revoked_at", pca_ca_revoked_at(ca));
    if (pca_ca_revoked_at(ca))
        put_text(object, "reason", word_of(reasons, pca_ca_reason(ca)));
}

json_object *ca_object(struct session *s, const pca_ca *ca, int long_form)
{
    char text[NAME_SIZE], state[64];
    int64_t now = 0;
    if (region_now(s, &now) != PCA_OK)
        return NULL;
    json_object *object = json_object_new_object();
    put_number(object, "id", (int64_t)pca_ca_id(ca));
    put_number(object, "parent", (int64_t)pca_ca_parent_id(ca));
    put_text(object, "name", label(ca, text));
    put_text(object, "alias", pca_ca_alias(ca));
    put_text(object, "kind", word_of(kinds, pca_ca_kind(ca)));
    put_text(object, "family", word_of(families, pca_ca_family(ca)));
    put_text(object, "key", word_of(pca_ca_key_algorithm(ca) ? keys : families, pca_ca_key_algorithm(ca) ? pca_ca_key_algorithm(ca)
                                                                                                       : pca_ca_family(ca)));
    put_text(object, "state", word_of(states, pca_ca_state(ca)));
    if (!long_form || strcmp(condition(ca, now, state), word_of(states, pca_ca_state(ca))) != 0)
        put_text(object, "condition", condition(ca, now, state));
    if (long_form)
        put_details(object, ca);
    put_time(object, "service_end", pca_ca_service_end(ca));
    put_time(object, "not_after", pca_ca_not_after(ca));
    if (put_counts(s, object, ca) != PCA_OK) {
        json_object_put(object);
        return NULL;
    }
    return object;
}

int ca_shown(struct session *s, int rc)
{
    if (rc == PCA_OK)
        rc = reload(s);
    if (rc == PCA_OK) {
        s->out = ca_object(s, s->ca, 1);
        if (!s->out)
            return pca_error_code(s->err);
        output_object(s->out);
    }
    return rc;
}

static int is_root(const struct session *s)
{
    return strcmp(s->command->noun, "root") == 0;
}

/* The CA that the first argument names, of the command's noun. */
static int find_named(struct session *s)
{
    if (strcmp(s->command->noun, "ca") == 0)
        return find_ca(s, s->args[0]);
    return is_root(s) ? find_root(s, s->args[0]) : find_sub(s, s->args[0]);
}

/* ---- Purchase and enable ---- */

static int root_purchase(struct session *s)
{
    int kind = PCA_KIND_PRIVATE, family = PCA_FAMILY_ECC;
    int rc = word_value(s, kinds, "--kind", opt.kind, &kind);
    if (rc == PCA_OK)
        rc = word_value(s, families, "--family", opt.family, &family);
    if (rc == PCA_OK && opt.months < 0)
        rc = refuse(s, PCA_E_INVALID, "--months is needed: for how long the CA is bought");
    if (rc == PCA_OK)
        rc = pca_root_purchase(s->region, kind, family, (uint64_t)opt.months, opt.token, &s->root, s->err);
    if (rc == PCA_OK)
        s->ca = pca_root_ca(s->root);
    return ca_shown(s, rc);
}

static int sub_purchase(struct session *s)
{
    int rc = find_root(s, opt.root);
    if (rc == PCA_OK && opt.months < 0)
        rc = refuse(s, PCA_E_INVALID, "--months is needed: for how long the CA is bought");
    if (rc == PCA_OK)
        rc = pca_root_purchase_sub(s->root, (uint64_t)opt.months, opt.token, &s->sub, s->err);
    if (rc == PCA_OK)
        s->ca = pca_sub_ca(s->sub);
    return ca_shown(s, rc);
}

static int set_constraints(struct session *s, char **texts, int (*add)(pca_request *, int, const char *))
{
    int rc = PCA_OK;
    for (; rc == PCA_OK && texts && *texts; texts++) {
        char kind[16];
        int type = 0;
        size_t size = strcspn(*texts, ":");
        if (size >= sizeof kind || !(*texts)[size])
            return refuse(s, PCA_E_INVALID, "a constraint is KIND:NAME, as dns:example.com, not \"%s\"", *texts);
        snprintf(kind, sizeof kind, "%.*s", (int)size, *texts);
        rc = word_value(s, constraint_kinds, "the kind of a constraint", kind, &type);
        if (rc == PCA_OK)
            add(s->request, type, *texts + size + 1);
    }
    return rc;
}

/* The builder keeps the first refusal; the verb that uses it reports it. */
int ca_request(struct session *s)
{
    int key = 0;
    int rc = word_value(s, keys, "--key", opt.key, &key);
    pca_request *r = s->request;
    set_subject(r);
    if (key)
        pca_request_set_key_algorithm(r, key);
    if (opt.alias)
        pca_request_set_alias(r, opt.alias);
    if (opt.crl_url)
        pca_request_set_crl_url(r, opt.crl_url);
    if (opt.crl_days >= 0)
        pca_request_set_crl_days(r, (uint64_t)opt.crl_days);
    if (opt.ocsp_url)
        pca_request_set_ocsp_url(r, opt.ocsp_url);
    if (opt.issuer_url)
        pca_request_set_issuer_url(r, opt.issuer_url);
    if (opt.path_length >= 0)
        pca_request_set_path_length(r, (uint64_t)opt.path_length);
    if (opt.with_crl >= 0)
        pca_request_set_crl_address(r, opt.with_crl);
    if (rc == PCA_OK)
        rc = set_validity(s, r);
    if (rc == PCA_OK)
        rc = set_constraints(s, opt.permitted, pca_request_add_permitted);
    if (rc == PCA_OK)
        rc = set_constraints(s, opt.excluded, pca_request_add_excluded);
    return rc ? rc : set_container(s, r);
}

/* A CA above that is not the root. */
static int enable_under(struct session *s)
{
    pca_sub *sub = s->sub, *parent = NULL;
    s->sub = NULL;
    int rc = find_sub(s, opt.parent);
    parent = s->sub;
    s->sub = sub;
    s->ca = pca_sub_ca(sub);
    if (rc == PCA_OK)
        rc = pca_sub_enable_under(sub, pca_sub_ca(parent), s->request, s->err);
    pca_sub_free(parent);
    return rc;
}

static int enable(struct session *s)
{
    int rc = find_named(s);
    if (rc == PCA_OK)
        rc = ca_request(s);
    if (rc == PCA_OK && opt.csr)
        rc = set_csr(s, s->request, opt.csr, opt.common_name != NULL, 1);
    if (rc == PCA_OK)
        rc = is_root(s)    ? pca_root_enable(s->root, s->request, s->err)
             : opt.parent ? enable_under(s)
                          : pca_sub_enable(s->sub, s->request, s->err);
    return ca_shown(s, rc);
}

static int renew(struct session *s)
{
    int rc = find_named(s);
    if (rc == PCA_OK && opt.months < 0)
        rc = refuse(s, PCA_E_INVALID, "--months is needed: how long the term is lengthened");
    if (rc == PCA_OK)
        rc = is_root(s) ? pca_root_renew(s->root, (uint64_t)opt.months, opt.token, s->err)
                        : pca_sub_renew(s->sub, (uint64_t)opt.months, opt.token, s->err);
    return ca_shown(s, rc);
}

/* ---- The life of a CA ---- */

static int disable(struct session *s)
{
    int rc = find_named(s);
    return ca_shown(s, rc ? rc : pca_ca_disable(s->ca, s->err));
}

static int resume(struct session *s)
{
    int rc = find_named(s);
    return ca_shown(s, rc ? rc : pca_ca_resume(s->ca, s->err));
}

static int revoke(struct session *s)
{
    int reason = PCA_REASON_UNSPECIFIED;
    int64_t invalidity = 0;
    int rc = revocation(s, &reason, &invalidity);
    if (rc == PCA_OK)
        rc = find_named(s);
    if (rc == PCA_OK)
        rc = confirm(s, "Revoke CA %" PRIu64 " (%s) and so all that it issued", pca_ca_id(s->ca), pca_ca_subject(s->ca));
    if (rc == PCA_OK)
        rc = pca_ca_revoke(s->ca, reason, invalidity, opt.token, s->err);
    return ca_shown(s, rc);
}

static int show(struct session *s)
{
    return ca_shown(s, find_named(s));
}

static int set_alias(struct session *s)
{
    int rc = find_named(s);
    return ca_shown(s, rc ? rc : pca_ca_set_alias(s->ca, s->args[1], s->err));
}

static int reissue(struct session *s)
{
    int rc = find_named(s);
    if (rc == PCA_OK)
        rc = ca_request(s);
    return ca_shown(s, rc ? rc : pca_ca_reissue(s->ca, s->request, s->err));
}

static int rekey(struct session *s)
{
    int rc = find_named(s);
    if (rc == PCA_OK)
        rc = ca_request(s);
    if (rc == PCA_OK)
        rc = confirm(s, "Give CA %" PRIu64 " (%s) a new key", pca_ca_id(s->ca), pca_ca_subject(s->ca));
    return ca_shown(s, rc ? rc : pca_ca_rekey(s->ca, s->request, s->err));
}

static int set_crl(struct session *s)
{
    int rc = find_named(s);
    if (rc == PCA_OK && !opt.crl_url && opt.crl_days < 0)
        rc = refuse(s, PCA_E_INVALID, "--crl-url or --crl-days is needed");
    return ca_shown(s, rc ? rc : pca_ca_set_crl(s->ca, opt.crl_url, opt.crl_days < 0 ? 0 : (uint64_t)opt.crl_days, s->err));
}

static int set_urls(struct session *s)
{
    int rc = find_named(s);
    if (rc == PCA_OK && !opt.ocsp_url && !opt.issuer_url)
        rc = refuse(s, PCA_E_INVALID, "--ocsp-url or --issuer-url is needed");
    return ca_shown(s, rc ? rc : pca_ca_set_urls(s->ca, opt.ocsp_url, opt.issuer_url, s->err));
}

static int set_tag(struct session *s, const char *key, const char *value)
{
    return pca_ca_tag_set(s->ca, key, value, s->err);
}

static int tag(struct session *s)
{
    int rc = find_named(s);
    return ca_shown(s, rc ? rc : each_tag(s, set_tag));
}

static int chain(struct session *s)
{
    pca_blob *blob = NULL;
    int rc = find_named(s);
    if (rc == PCA_OK)
        rc = pca_ca_chain(s->ca, opt.with_root ? PCA_WITH_ROOT : 0, &blob, s->err);
    if (rc == PCA_OK)
        rc = output_blob(s, blob, PCA_FORMAT_PEM, "pem", 0644);
    pca_blob_free(blob);
    return rc;
}

static int pem(struct session *s)
{
    pca_blob *blob = NULL;
    int format = PCA_FORMAT_PEM;
    int rc = word_value(s, encodings, "--format", opt.format, &format);
    if (rc == PCA_OK)
        rc = find_named(s);
    if (rc == PCA_OK)
        rc = pca_ca_certificate_at(s->ca, opt.generation < 0 ? 0 : (uint64_t)opt.generation, format, &blob, s->err);
    if (rc == PCA_OK)
        rc = output_blob(s, blob, format, "pem", 0644);
    pca_blob_free(blob);
    return rc;
}

/* ---- Lists ---- */

int add_ca_row(struct session *s, const pca_ca *ca)
{
    json_object *row = ca_object(s, ca, 0);
    if (!row)
        return pca_error_code(s->err) ? pca_error_code(s->err) : PCA_E_NO_MEMORY;
    json_object_array_add(s->out, row);
    return PCA_OK;
}

/* Those of the command's noun. */
static int add_named(struct session *s, const pca_ca *ca)
{
    int wanted = strcmp(s->command->noun, "ca") == 0 || (pca_ca_parent_id(ca) == 0) == is_root(s);
    return wanted ? add_ca_row(s, ca) : PCA_OK;
}

static int list(struct session *s)
{
    static const struct column columns[] = {{"id", "ID", RIGHT},
                                            {"name", "NAME", CUT},
                                            {"kind", "KIND", WIDE},
                                            {"key", "KEY", 0},
                                            {"condition", "STATE", COLOUR},
                                            {"service_end", "TERM ENDS", DATE},
                                            {"not_after", "CERT ENDS", DATE},
                                            {"remaining", "LEFT", RIGHT},
                                            {NULL, NULL, 0}};
    pca_query *query = pca_query_new();
    s->out = json_object_new_array();
    int rc = query_of_cas(s, query);
    if (rc == PCA_OK)
        rc = each_ca(s, query, add_named);
    pca_query_free(query);
    if (rc == PCA_OK)
        output_rows(s->out, columns);
    return rc;
}

#define MONTHS_OPTION {"months", 0, POPT_ARG_LONGLONG, &opt.months, 0, "Months of service", "N"}
static const struct poptOption purchase_options[] = {
    {"kind", 0, POPT_ARG_STRING, &opt.kind, 0, "private (default) or compliance", "KIND"},
    {"family", 0, POPT_ARG_STRING, &opt.family, 0, "rsa, ecc (default) or sm2", "FAMILY"},
    MONTHS_OPTION,
    TOKEN_OPTION,
    POPT_TABLEEND};
static const struct poptOption sub_purchase_options[] = {
    {"root", 0, POPT_ARG_STRING, &opt.root, 0, "The root; default: the only one", "CA"}, MONTHS_OPTION, TOKEN_OPTION, POPT_TABLEEND};
static const struct poptOption months_options[] = {MONTHS_OPTION, TOKEN_OPTION, POPT_TABLEEND};
static const struct poptOption revoke_options[] = {REASON_OPTIONS, TOKEN_OPTION, POPT_TABLEEND};
static const struct poptOption crl_options[] = {
    {"crl-url", 0, POPT_ARG_STRING, &opt.crl_url, 0, "Where its CRL is served", "URL"},
    {"crl-days", 0, POPT_ARG_LONGLONG, &opt.crl_days, 0, "The period of its CRL", "N"},
    POPT_TABLEEND};
static const struct poptOption url_options[] = {
    {"ocsp-url", 0, POPT_ARG_STRING, &opt.ocsp_url, 0, "Where its OCSP responder answers", "URL"},
    {"issuer-url", 0, POPT_ARG_STRING, &opt.issuer_url, 0, "Where its certificate is", "URL"},
    POPT_TABLEEND};
static const struct poptOption path_options[] = {
    {"path-length", 0, POPT_ARG_LONGLONG, &opt.path_length, 0, "How many CAs may follow below (subordinates)", "N"}, POPT_TABLEEND};
const struct poptOption ca_options[] = {
    {"alias", 0, POPT_ARG_STRING, &opt.alias, 0, "A label, unique among the CAs", "TEXT"},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)path_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)url_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)crl_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)subject_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)validity_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)container_options, 0, NULL, NULL},
    POPT_TABLEEND};
static const struct poptOption sub_options[] = {
    {"parent", 0, POPT_ARG_STRING, &opt.parent, 0, "The subordinate above it; default: its root", "CA"},
    {"csr", 0, POPT_ARG_STRING, &opt.csr, 0, "A CSR of a CA whose key lives elsewhere; its subject, unless given here", "FILE"},
    {"permitted", 0, POPT_ARG_ARGV, &opt.permitted, 0, "Names that all below may bear; may be repeated", "KIND:NAME"},
    {"excluded", 0, POPT_ARG_ARGV, &opt.excluded, 0, "Names that none below may bear; may be repeated", "KIND:NAME"},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)ca_options, 0, NULL, NULL},
    POPT_TABLEEND};
static const struct poptOption reissue_options[] = {
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)path_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)validity_options, 0, NULL, NULL},
    POPT_TABLEEND};
static const struct poptOption chain_options[] = {
    {"with-root", 0, POPT_ARG_NONE, &opt.with_root, 0, "The root's certificate too", NULL},
    {"out", 'o', POPT_ARG_STRING, &opt.out, 0, "Into that file; default: standard output", "FILE"},
    POPT_TABLEEND};
static const struct poptOption pem_options[] = {
    {"generation", 0, POPT_ARG_LONGLONG, &opt.generation, 0, "That of an older key", "N"},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)blob_options, 0, NULL, NULL},
    POPT_TABLEEND};

const struct command ca_commands[] = {
    {"root", "purchase", "", "Buy a root and its subordinate", 0, 0, WRITES, purchase_options, root_purchase},
    {"root", "enable", "[CA]", "Make its key and its self-signed certificate", 0, 1, WRITES, ca_options, enable},
    {"root", "renew", "[CA]", "Lengthen its term and that of the subordinate that came with it", 0, 1, WRITES, months_options, renew},
    {"root", "disable", "[CA]", "Stop issuing", 0, 1, WRITES, no_options, disable},
    {"root", "resume", "[CA]", "Issue again", 0, 1, WRITES, no_options, resume},
    {"root", "revoke", "CA", "Revoke it for ever", 1, 1, WRITES, revoke_options, revoke},
    {"root", "alias", "CA ALIAS", "Label it", 2, 2, WRITES, no_options, set_alias},
    {"root", "list", "", "Every root", 0, 0, READS, ca_query_options, list},
    {"root", "show", "[CA]", "All about one", 0, 1, READS, no_options, show},
    {"sub", "purchase", "", "Buy a further subordinate", 0, 0, WRITES, sub_purchase_options, sub_purchase},
    {"sub", "enable", "[CA]", "Make its key and its certificate", 0, 1, WRITES, sub_options, enable},
    {"sub", "renew", "[CA]", "Lengthen the term of one that was bought by itself", 0, 1, WRITES, months_options, renew},
    {"sub", "disable", "[CA]", "Stop issuing", 0, 1, WRITES, no_options, disable},
    {"sub", "resume", "[CA]", "Issue again", 0, 1, WRITES, no_options, resume},
    {"sub", "revoke", "CA", "Revoke it for ever", 1, 1, WRITES, revoke_options, revoke},
    {"sub", "alias", "CA ALIAS", "Label it", 2, 2, WRITES, no_options, set_alias},
    {"sub", "list", "", "Every subordinate", 0, 0, READS, ca_query_options, list},
    {"sub", "show", "[CA]", "All about one", 0, 1, READS, no_options, show},
    {"ca", "reissue", "CA", "Another certificate for the same key", 1, 1, WRITES, reissue_options, reissue},
    {"ca", "rekey", "CA", "A new key and its certificate", 1, 1, WRITES, ca_options, rekey},
    {"ca", "set-crl", "CA", "Where its CRL is served, and its period", 1, 1, WRITES, crl_options, set_crl},
    {"ca", "set-urls", "CA", "What its certificates say of OCSP and of its certificate", 1, 1, WRITES, url_options, set_urls},
    {"ca", "alias", "CA ALIAS", "Label it; \"\" takes the label away", 2, 2, WRITES, no_options, set_alias},
    {"ca", "tag", "CA KEY[=VALUE]...", "Set tags; KEY alone takes one away", 2, 21, WRITES, no_options, tag},
    {"ca", "list", "", "Roots and subordinates that match", 0, 0, READS, ca_query_options, list},
    {"ca", "show", "CA", "All about one", 1, 1, READS, no_options, show},
    {"ca", "pem", "CA", "Its certificate", 1, 1, READS, pem_options, pem},
    {"ca", "chain", "CA", "Its certificate and those above it, PEM", 1, 1, READS, chain_options, chain},
    {0},
};
