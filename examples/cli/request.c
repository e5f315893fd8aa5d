/* Certificates asked for: one, by a CSR, or by the row of a CSV. */
#include "cli.h"

#include <csv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CSR_MAX 65536
#define SLICE 256 /* pca_sub_request_many */

static void add_all(pca_request *r, char **texts, int (*add)(pca_request *, const char *))
{
    for (; texts && *texts; texts++)
        add(r, *texts);
}

void set_subject(pca_request *r)
{
    if (opt.common_name)
        pca_request_set_common_name(r, opt.common_name);
    if (opt.organization)
        pca_request_set_organization(r, opt.organization);
    if (opt.unit)
        pca_request_set_unit(r, opt.unit);
    if (opt.country)
        pca_request_set_country(r, opt.country);
    if (opt.state)
        pca_request_set_state(r, opt.state);
    if (opt.locality)
        pca_request_set_locality(r, opt.locality);
}

void set_validity(pca_request *r)
{
    if (opt.days >= 0)
        pca_request_set_days(r, opt.days);
    if (opt.years >= 0)
        pca_request_set_years(r, opt.years);
    if (opt.longest)
        pca_request_set_longest(r);
}

static int set_csr(struct session *s)
{
    struct file file = {NULL, 0};
    int rc = file_read(s, opt.csr, CSR_MAX, &file);
    if (rc != PCA_OK)
        return rc;
    pca_request_set_csr(s->request, file.data, file.size);
    if (!opt.common_name)
        pca_request_use_csr_subject(s->request);
    if (!opt.dns && !opt.ip && !opt.email && !opt.uri)
        pca_request_use_csr_san(s->request);
    file_free(&file);
    return PCA_OK;
}

/* A setter's refusal stays in the builder, and the verb reports it. */
static int build(struct session *s)
{
    int type = PCA_CERT_SERVER, key = 0;
    const char *named = s->command->verb ? s->command->verb : opt.type;
    int rc = word_value(s, types, "--type", named, &type);
    if (rc == PCA_OK)
        rc = word_value(s, keys, "--key", opt.key, &key);
    pca_request *r = s->request;
    pca_request_set_type(r, type);
    if (opt.personal_name)
        pca_request_set_personal_name(r, opt.personal_name);
    if (opt.account)
        pca_request_set_system_account(r, opt.account);
    set_subject(r);
    add_all(r, opt.dns, pca_request_add_dns);
    add_all(r, opt.ip, pca_request_add_ip);
    add_all(r, opt.email, pca_request_add_email);
    add_all(r, opt.uri, pca_request_add_uri);
    set_validity(r);
    if (key)
        pca_request_set_key_algorithm(r, key);
    if (opt.alias)
        pca_request_set_alias(r, opt.alias);
    if (opt.custom_id)
        pca_request_set_custom_id(r, opt.custom_id);
    if (opt.token)
        pca_request_set_token(r, opt.token);
    return rc == PCA_OK && opt.csr ? set_csr(s) : rc;
}

static int dry_run(struct session *s)
{
    static const struct column columns[] = {
        {"severity", "SEVERITY", 0}, {"name", "LINT", 0}, {"field", "FIELD", 0}, {"message", "FINDING", 0}, {NULL, NULL, 0}};
    pca_findings *findings = NULL;
    int rc = pca_sub_check_request(s->sub, s->request, &findings, s->err);
    s->out = json_object_new_array();
    for (uint64_t i = 0; i < pca_findings_count(findings); i++) {
        json_object *row = json_object_new_object();
        put_text(row, "severity", pca_findings_severity(findings, i) == 2 ? "error" : "note");
        put_text(row, "name", pca_findings_name(findings, i));
        put_text(row, "field", pca_findings_field(findings, i));
        put_text(row, "message", pca_findings_message(findings, i));
        json_object_array_add(s->out, row);
    }
    pca_findings_free(findings);
    if (rc == PCA_OK)
        output_rows(s->out, columns);
    if (rc == PCA_OK && !opt.json)
        puts("It would be issued.");
    return rc;
}

static int one(struct session *s)
{
    int rc = build(s);
    if (rc == PCA_OK && opt.dry_run)
        return dry_run(s);
    if (rc == PCA_OK)
        rc = pca_sub_request(s->sub, s->request, &s->cert, s->err);
    if (rc != PCA_OK)
        return rc;
    s->out = cert_object(s->cert, 0);
    if (opt.out && pca_cert_status(s->cert) == PCA_STATUS_ISSUED)
        rc = write_export(s, s->cert, opt.out, s->out);
    if (rc == PCA_OK)
        output_object(s->out);
    if (rc == PCA_OK && !opt.json && pca_cert_status(s->cert) == PCA_STATUS_PENDING)
        fprintf(stderr, "pca: it waits for its review: pca review list\n");
    return rc;
}

/* ---- Bulk: a CSV (RFC 4180) whose first row names the columns ---- */

#define COLUMNS_MAX 32
struct bulk {
    struct session *s;
    char *names[COLUMNS_MAX];
    size_t columns, column, read; /* named; of the present field; octets read, for the bar */
    uint64_t row, issued, refused, slice;
    pca_request *requests[SLICE];
    uint64_t rows[SLICE];
    char keys[SLICE][80]; /* the row's directory below --out */
    int started, rc;
};

/* A field's names, separated by blanks. */
static void add_words(pca_request *r, char *text, int (*add)(pca_request *, const char *))
{
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        add(r, word);
}

static int set_column(struct bulk *b, pca_request *r, const char *column, char *text)
{
    static const struct {
        const char *column;
        int (*set)(pca_request *, const char *);
        int words;
    } texts[] = {{"common_name", pca_request_set_common_name, 0}, {"organization", pca_request_set_organization, 0},
                 {"unit", pca_request_set_unit, 0},               {"dns", pca_request_add_dns, 1},
                 {"ip", pca_request_add_ip, 1},                   {"email", pca_request_add_email, 1},
                 {"uri", pca_request_add_uri, 1},                 {"alias", pca_request_set_alias, 0},
                 {"custom_id", pca_request_set_custom_id, 0},     {"token", pca_request_set_token, 0}};
    uint64_t value = 0;
    int type = 0, rc = PCA_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(texts[i].column, column) == 0) {
            if (strcmp(column, "custom_id") == 0 && !strchr(text, '/') && *text != '.')
                snprintf(b->keys[b->slice], sizeof b->keys[0], "%s", text);
            if (texts[i].words)
                add_words(r, text, texts[i].set);
            else
                texts[i].set(r, text);
            return PCA_OK;
        }
    if (strcmp(column, "type") == 0 && (rc = word_value(b->s, types, "type", text, &type)) == PCA_OK)
        pca_request_set_type(r, type);
    else if (strcmp(column, "days") == 0 && (rc = number(b->s, text, "days", &value)) == PCA_OK)
        pca_request_set_days(r, (int64_t)value);
    else if (strcmp(column, "years") == 0 && (rc = number(b->s, text, "years", &value)) == PCA_OK)
        pca_request_set_years(r, (int64_t)value);
    return rc;
}

static int known_column(const char *name)
{
    static const char *const known[] = {"type", "common_name", "organization", "unit",      "dns",   "ip",  "email",
                                        "uri",  "alias",       "custom_id",    "token",     "days",  "years"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], name) == 0)
            return 1;
    return 0;
}

static int row_result(struct bulk *b, const pca_results *results, uint64_t i)
{
    const pca_cert *cert = pca_results_cert_at(results, i);
    json_object *row = cert ? cert_object(cert, 0) : json_object_new_object();
    int rc = PCA_OK;
    put_number(row, "row", (int64_t)b->rows[i]);
    put_text(row, "code", pca_code_name(pca_results_code_at(results, i)));
    if (cert) {
        char path[4096];
        b->issued++;
        snprintf(path, sizeof path, "%s/%s", opt.out ? opt.out : "", b->keys[i]);
        if (opt.out && pca_cert_status(cert) == PCA_STATUS_ISSUED)
            rc = write_export(b->s, cert, path, row);
    } else {
        b->refused++;
        put_text(row, "field", pca_error_field(pca_results_error_at(results, i)));
        put_text(row, "message", pca_error_message(pca_results_error_at(results, i)));
    }
    if (opt.json || !cert)
        json_object_array_add(b->s->out, row);
    else
        json_object_put(row);
    return rc;
}

static void flush_slice(struct bulk *b)
{
    pca_results *results = NULL;
    if (b->rc == PCA_OK && b->slice)
        b->rc = pca_sub_request_many(b->s->sub, (const pca_request *const *)b->requests, b->slice, &results, b->s->err);
    for (uint64_t i = 0; b->rc == PCA_OK && i < pca_results_count(results); i++)
        b->rc = row_result(b, results, i);
    for (uint64_t i = 0; i < SLICE && b->requests[i]; i++) {
        pca_request_free(b->requests[i]);
        b->requests[i] = NULL;
    }
    pca_results_free(results);
    b->slice = 0;
}

static void start_row(struct bulk *b)
{
    pca_request *r = pca_request_new();
    b->requests[b->slice] = r;
    b->rows[b->slice] = b->row;
    snprintf(b->keys[b->slice], sizeof b->keys[0], "%llu", (unsigned long long)b->row);
    pca_request_set_type(r, PCA_CERT_CLIENT);
    set_validity(r);
    b->started = 1;
}

static void on_field(void *data, size_t size, void *context)
{
    struct bulk *b = context;
    char *text = data;
    (void)size; /* CSV_APPEND_NULL */
    if (b->rc != PCA_OK)
        return;
    if (b->row == 0) {
        if (b->columns == COLUMNS_MAX || !known_column(text))
            b->rc = refuse(b->s, PCA_E_INVALID, "%s: no column is called \"%s\"", opt.bulk, text);
        else
            b->names[b->columns++] = strdup(text);
        return;
    }
    if (!b->started)
        start_row(b);
    if (b->column >= b->columns)
        b->rc = refuse(b->s, PCA_E_INVALID, "%s: row %llu has more fields than the first", opt.bulk, (unsigned long long)b->row);
    else if (*text)
        b->rc = set_column(b, b->requests[b->slice], b->names[b->column], text);
    b->column++;
}

static void on_row(int end, void *context)
{
    struct bulk *b = context;
    (void)end;
    b->slice += (uint64_t)b->started;
    b->started = 0;
    b->column = 0;
    b->row++;
    if (b->slice == SLICE)
        flush_slice(b);
}

static void read_rows(struct bulk *b, FILE *file, uint64_t total)
{
    struct csv_parser parser;
    char buffer[65536];
    size_t got;
    if (csv_init(&parser, CSV_APPEND_NULL) != 0) {
        b->rc = PCA_E_NO_MEMORY;
        return;
    }
    while (b->rc == PCA_OK && (got = fread(buffer, 1, sizeof buffer, file)) > 0) {
        if (csv_parse(&parser, buffer, got, on_field, on_row, b) != got)
            b->rc = refuse(b->s, PCA_E_INVALID, "%s: row %llu: %s", opt.bulk, (unsigned long long)b->row, csv_strerror(csv_error(&parser)));
        b->read += got;
        progress((void *)"issue", b->read, total, NULL);
    }
    if (b->rc == PCA_OK)
        csv_fini(&parser, on_field, on_row, b);
    flush_slice(b);
    csv_free(&parser);
}

static int bulk(struct session *s)
{
    static const struct column columns[] = {
        {"row", "ROW", RIGHT}, {"code", "CODE", 0}, {"field", "FIELD", 0}, {"message", "MESSAGE", 0}, {NULL, NULL, 0}};
    FILE *file = fopen(opt.bulk, "rb");
    struct bulk *b = calloc(1, sizeof *b);
    if (!file || !b) {
        if (file)
            fclose(file);
        free(b);
        return refuse(s, file ? PCA_E_NO_MEMORY : PCA_E_NOT_FOUND, "cannot read %s", opt.bulk);
    }
    b->s = s;
    s->out = json_object_new_array();
    fseek(file, 0, SEEK_END);
    long total = ftell(file);
    rewind(file);
    if (opt.out)
        mkdir(opt.out, 0700); /* pca_files_write says what is wrong */
    read_rows(b, file, total > 0 ? (uint64_t)total : 0);
    fclose(file);
    if (opt.json || b->refused)
        output_rows(s->out, columns);
    if (!opt.json)
        printf("%llu issued, %llu refused\n", (unsigned long long)b->issued, (unsigned long long)b->refused);
    int rc = b->rc;
    if (rc == PCA_OK && b->refused)
        rc = refuse(s, PCA_E_LINT, "%llu of the rows were refused", (unsigned long long)b->refused);
    for (size_t i = 0; i < b->columns; i++)
        free(b->names[i]);
    free(b);
    return rc;
}

static int request(struct session *s)
{
    int rc = find_sub(s, opt.sub);
    if (rc != PCA_OK)
        return rc;
    if (s->count)
        opt.common_name = opt.common_name ? opt.common_name : strdup(s->args[0]);
    return opt.bulk ? bulk(s) : one(s);
}

const struct poptOption validity_options[] = {
    {"days", 0, POPT_ARG_LONGLONG, &opt.days, 0, "Valid for so many days", "N"},
    {"years", 0, POPT_ARG_LONGLONG, &opt.years, 0, "Valid for so many years", "N"},
    {"longest", 0, POPT_ARG_NONE, &opt.longest, 0, "Valid for as long as the issuer allows", NULL},
    POPT_TABLEEND};
const struct poptOption subject_options[] = {
    {"cn", 0, POPT_ARG_STRING, &opt.common_name, 0, "Common name", "NAME"},
    {"organization", 0, POPT_ARG_STRING, &opt.organization, 0, "Organization", "NAME"},
    {"unit", 0, POPT_ARG_STRING, &opt.unit, 0, "Organizational unit", "NAME"},
    {"country", 0, POPT_ARG_STRING, &opt.country, 0, "Country, two letters", "CC"},
    {"state", 0, POPT_ARG_STRING, &opt.state, 0, "State or province", "NAME"},
    {"locality", 0, POPT_ARG_STRING, &opt.locality, 0, "Locality", "NAME"},
    {"key", 0, POPT_ARG_STRING, &opt.key, 0, "rsa-2048, rsa-3072, rsa-4096, p-256, p-384, p-521 or sm2", "KEY"},
    POPT_TABLEEND};
static const struct poptOption request_options[] = {
    {"sub", 0, POPT_ARG_STRING, &opt.sub, 0, "The subordinate; default: the only one", "CA"},
    {"dns", 0, POPT_ARG_ARGV, &opt.dns, 0, "Alternative name; may be repeated, as the next three", "NAME"},
    {"ip", 0, POPT_ARG_ARGV, &opt.ip, 0, "IP address", "ADDRESS"},
    {"email", 0, POPT_ARG_ARGV, &opt.email, 0, "Mail address", "ADDRESS"},
    {"uri", 0, POPT_ARG_ARGV, &opt.uri, 0, "URI", "URI"},
    {"personal-name", 0, POPT_ARG_STRING, &opt.personal_name, 0, "Whose it is, instead of a common name (compliance CAs)", "NAME"},
    {"account", 0, POPT_ARG_STRING, &opt.account, 0, "That person's account (compliance CAs)", "TEXT"},
    {"csr", 0, POPT_ARG_STRING, &opt.csr, 0, "A CSR; subject and names are its own, unless given here", "FILE"},
    {"alias", 0, POPT_ARG_STRING, &opt.alias, 0, "A label", "TEXT"},
    {"custom-id", 0, POPT_ARG_STRING, &opt.custom_id, 0, "A name of your own, unique in the region", "TEXT"},
    {"token", 0, POPT_ARG_STRING, &opt.token, 0, "Makes the command safe to repeat", "TOKEN"},
    {"dry-run", 0, POPT_ARG_NONE, &opt.dry_run, 0, "Check only", NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)subject_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)validity_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)export_options, 0, NULL, NULL},
    POPT_TABLEEND};
static const struct poptOption any_options[] = {
    {"type", 0, POPT_ARG_STRING, &opt.type, 0, "server (default), client or both", "TYPE"},
    {"bulk", 0, POPT_ARG_STRING, &opt.bulk, 0, "A CSV whose first row names its columns", "FILE"},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)request_options, 0, NULL, NULL},
    POPT_TABLEEND};

const struct command request_commands[] = {
    {"request", "server", "[NAME]", "A server certificate", 0, 1, WRITES, request_options, request},
    {"request", "client", "[NAME]", "A client certificate", 0, 1, WRITES, request_options, request},
    {"request", "both", "[NAME]", "One for server and client", 0, 1, WRITES, request_options, request},
    {"request", NULL, "", "By --csr FILE, or many by --bulk FILE", 0, 0, WRITES, any_options, request},
    {0},
};
