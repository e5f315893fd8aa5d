/* Certificates asked for, one by one. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define CSR_MAX 65536
#define EXTENSION_MAX 4096

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

int set_validity(struct session *s, pca_request *r)
{
    int64_t from = 0, to = 0;
    int rc = moment(s, opt.not_before, "--not-before", &from);
    if (rc == PCA_OK)
        rc = moment(s, opt.not_after, "--not-after", &to);
    if (rc == PCA_OK && (opt.not_before != NULL) != (opt.not_after != NULL))
        rc = refuse(s, PCA_E_INVALID, "--not-before and --not-after go together");
    if (opt.days >= 0)
        pca_request_set_days(r, opt.days);
    if (opt.months >= 0)
        pca_request_set_months(r, opt.months);
    if (opt.years >= 0)
        pca_request_set_years(r, opt.years);
    if (opt.not_before)
        pca_request_set_dates(r, from, to);
    if (opt.longest)
        pca_request_set_longest(r);
    return rc;
}

int set_csr(struct session *s, pca_request *r, const char *path, int subject_given, int names_given)
{
    struct file file = {NULL, 0};
    int rc = file_read(s, path, CSR_MAX, &file);
    if (rc != PCA_OK)
        return rc;
    pca_request_set_csr(r, file.data, file.size);
    if (!subject_given)
        pca_request_use_csr_subject(r);
    if (!names_given)
        pca_request_use_csr_san(r);
    file_free(&file);
    return PCA_OK;
}

static int set_public_key(struct session *s, pca_request *r)
{
    struct file file = {NULL, 0}, der = {NULL, 0};
    int rc = file_read(s, opt.public_key, CSR_MAX, &file);
    if (rc == PCA_OK)
        rc = file_decode_pem(s, opt.public_key, &file, &der);
    if (rc == PCA_OK)
        pca_request_set_public_key(r, der.data, der.size);
    file_free(&file);
    file_free(&der);
    return rc;
}

/* ---- Custom certificates ---- */

static int add_subject_oid(struct session *s, pca_request *r, const char *oid, const char *value)
{
    return value ? pca_request_add_subject_oid(r, oid, value) : refuse(s, PCA_E_INVALID, "--subject-oid is OID=TEXT, not \"%s\"", oid);
}

static int add_policy(struct session *s, pca_request *r, const char *oid, const char *value)
{
    (void)s;
    return pca_request_add_policy(r, oid, value);
}

/* The value of an extension lies in a file, DER. */
static int add_extension(struct session *s, pca_request *r, const char *oid, const char *path)
{
    struct file file = {NULL, 0};
    int rc = path ? file_read(s, path, EXTENSION_MAX, &file) : refuse(s, PCA_E_INVALID, "--extension is OID=FILE, not \"%s\"", oid);
    if (rc == PCA_OK)
        pca_request_add_extension(r, oid, 0, file.data, file.size);
    file_free(&file);
    return rc;
}

/* The builder keeps a setter's refusal; only what never came to a setter is told at once. */
static int add_pairs(struct session *s, pca_request *r, char **texts, int (*add)(struct session *, pca_request *, const char *, const char *))
{
    int rc = PCA_OK;
    for (; rc == PCA_OK && texts && *texts; texts++) {
        char *name = NULL, *value = NULL;
        rc = split(s, *texts, &name, &value);
        if (rc == PCA_OK) {
            pca_error_clear(s->err);
            rc = add(s, r, name, value) && pca_error_code(s->err) ? pca_error_code(s->err) : PCA_OK;
        }
        free(name);
    }
    return rc;
}

int set_shared(struct session *s, pca_request *r, int type)
{
    int key = 0;
    int rc = word_value(s, types, "--type", opt.type, &type);
    if (rc == PCA_OK)
        rc = word_value(s, keys, "--key", opt.key, &key);
    pca_request_set_type(r, type);
    set_subject(r);
    if (key)
        pca_request_set_key_algorithm(r, key);
    if (opt.with_crl >= 0)
        pca_request_set_crl_address(r, opt.with_crl);
    if (opt.dual >= 0)
        pca_request_set_dual(r, opt.dual);
    add_all(r, opt.eku, pca_request_add_eku);
    if (rc == PCA_OK)
        rc = add_pairs(s, r, opt.policy, add_policy);
    if (rc == PCA_OK)
        rc = add_pairs(s, r, opt.extension, add_extension);
    if (rc == PCA_OK)
        rc = add_pairs(s, r, opt.subject_oid, add_subject_oid);
    return rc ? rc : set_container(s, r);
}

/* A setter's refusal stays in the builder, and the verb reports it. */
static int build(struct session *s)
{
    pca_request *r = s->request;
    int type = PCA_CERT_SERVER;
    int rc = word_value(s, types, "the type", s->command->verb, &type);
    if (rc == PCA_OK)
        rc = set_shared(s, r, type);
    if (rc == PCA_OK)
        rc = set_validity(s, r);
    if (opt.personal_name)
        pca_request_set_personal_name(r, opt.personal_name);
    if (opt.account)
        pca_request_set_system_account(r, opt.account);
    add_all(r, opt.dns, pca_request_add_dns);
    add_all(r, opt.ip, pca_request_add_ip);
    add_all(r, opt.email, pca_request_add_email);
    add_all(r, opt.uri, pca_request_add_uri);
    if (opt.alias)
        pca_request_set_alias(r, opt.alias);
    if (opt.custom_id)
        pca_request_set_custom_id(r, opt.custom_id);
    if (opt.token)
        pca_request_set_token(r, opt.token);
    if (rc == PCA_OK && opt.csr)
        rc = set_csr(s, r, opt.csr, opt.common_name != NULL, opt.dns || opt.ip || opt.email || opt.uri);
    return rc == PCA_OK && opt.public_key ? set_public_key(s, r) : rc;
}

static json_object *findings_object(const pca_findings *findings)
{
    json_object *rows = json_object_new_array();
    for (uint64_t i = 0; i < pca_findings_count(findings); i++) {
        json_object *row = json_object_new_object();
        put_text(row, "severity", pca_findings_severity(findings, i) == 2 ? "error" : "note");
        put_text(row, "name", pca_findings_name(findings, i));
        put_text(row, "field", pca_findings_field(findings, i));
        put_text(row, "message", pca_findings_message(findings, i));
        json_object_array_add(rows, row);
    }
    return rows;
}

/* For people the findings; for machines also the certificate as it would be, which openssl reads though it is not signed. */
static int print_findings(struct session *s, const pca_findings *findings)
{
    static const struct column columns[] = {
        {"severity", "SEVERITY", 0}, {"name", "LINT", 0}, {"field", "FIELD", 0}, {"message", "FINDING", 0}, {NULL, NULL, 0}};
    pca_blob *blob = NULL;
    json_object *rows = findings_object(findings);
    if (!opt.json) {
        output_rows(s->out = rows, columns);
        puts("It would be issued.");
        return PCA_OK;
    }
    s->out = json_object_new_object();
    json_object_object_add(s->out, "findings", rows);
    int rc = pca_findings_certificate(findings, PCA_FORMAT_PEM, &blob, s->err);
    if (rc == PCA_OK)
        put_text(s->out, "certificate", (const char *)pca_blob_data(blob));
    pca_blob_free(blob);
    if (rc == PCA_OK || rc == PCA_E_NOT_FOUND)
        output_object(s->out);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

static int dry_run(struct session *s)
{
    pca_findings *findings = NULL;
    int rc = pca_sub_check_request(s->sub, s->request, &findings, s->err);
    if (rc == PCA_OK)
        rc = print_findings(s, findings);
    pca_findings_free(findings);
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
    s->out = cert_object(s->cert, 0); /* printed whatever becomes of its files: it is issued */
    if (opt.out && pca_cert_status(s->cert) == PCA_STATUS_ISSUED)
        rc = write_export(s, s->cert, opt.out, s->out);
    output_object(s->out);
    if (rc == PCA_OK && !opt.json && pca_cert_status(s->cert) == PCA_STATUS_PENDING)
        fprintf(stderr, "pca: it waits for its review: pca review list\n");
    return rc;
}

static int request(struct session *s)
{
    int format, rc = find_sub(s, opt.sub);
    if (rc == PCA_OK && opt.out)
        rc = export_ready(s, &format);
    if (rc != PCA_OK)
        return rc;
    if (s->count && opt.common_name)
        return refuse(s, PCA_E_INVALID, "the common name is given twice: %s and --cn %s", s->args[0], opt.common_name);
    if (s->count)
        opt.common_name = strdup(s->args[0]);
    return opt.bulk ? bulk(s) : one(s);
}

const struct poptOption validity_options[] = {
    {"days", 0, POPT_ARG_LONGLONG, &opt.days, 0, "Valid for so many days", "N"},
    {"months", 0, POPT_ARG_LONGLONG, &opt.months, 0, "Valid for so many months", "N"},
    {"years", 0, POPT_ARG_LONGLONG, &opt.years, 0, "Valid for so many years", "N"},
    {"not-before", 0, POPT_ARG_STRING, &opt.not_before, 0, "Valid from that on, with the next", "DATE"},
    {"not-after", 0, POPT_ARG_STRING, &opt.not_after, 0, "Valid up to that", "DATE"},
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
    {"public-key", 0, POPT_ARG_STRING, &opt.public_key, 0, "A public key that you vouch for", "FILE"},
    {"alias", 0, POPT_ARG_STRING, &opt.alias, 0, "A label", "TEXT"},
    {"custom-id", 0, POPT_ARG_STRING, &opt.custom_id, 0, "A name of your own, unique in the region", "TEXT"},
    {"token", 0, POPT_ARG_STRING, &opt.token, 0, "Makes the command safe to repeat", "TOKEN"},
    {"dry-run", 0, POPT_ARG_NONE, &opt.dry_run, 0, "Check only", NULL},
    {"dual", 0, POPT_ARG_VAL, &opt.dual, 1, "An SM2 pair: one to sign, one to encrypt", NULL},
    {"no-dual", 0, POPT_ARG_VAL, &opt.dual, 0, "No SM2 pair, though the key is on a token", NULL},
    CRL_ADDRESS_OPTIONS,
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)container_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)subject_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)validity_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)export_options, 0, NULL, NULL},
    POPT_TABLEEND};
static const struct poptOption custom_options[] = {
    {"eku", 0, POPT_ARG_ARGV, &opt.eku, 0, "A purpose (custom certificates); may be repeated, as the next three", "OID"},
    {"policy", 0, POPT_ARG_ARGV, &opt.policy, 0, "A certificate policy, with the URI of its practice statement", "OID[=URI]"},
    {"extension", 0, POPT_ARG_ARGV, &opt.extension, 0, "An extension whose value is the DER in FILE", "OID=FILE"},
    {"subject-oid", 0, POPT_ARG_ARGV, &opt.subject_oid, 0, "A further attribute of the subject", "OID=TEXT"},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)request_options, 0, NULL, NULL},
    POPT_TABLEEND};
static const struct poptOption any_options[] = {
    {"type", 0, POPT_ARG_STRING, &opt.type, 0, "server (default), client, both or custom", "TYPE"},
    {"bulk", 0, POPT_ARG_STRING, &opt.bulk, 0, "A CSV whose first row names its columns", "FILE"},
    {"from", 0, POPT_ARG_LONGLONG, &opt.first_row, 0, "Begin with that row of it", "N"},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)custom_options, 0, NULL, NULL},
    POPT_TABLEEND};

const struct command request_commands[] = {
    {"request", "server", "[NAME]", "A server certificate", 0, 1, WRITES, request_options, request},
    {"request", "client", "[NAME]", "A client certificate", 0, 1, WRITES, request_options, request},
    {"request", "both", "[NAME]", "One for server and client", 0, 1, WRITES, request_options, request},
    {"request", "custom", "[NAME]", "One with purposes, policies and extensions of your own", 0, 1, WRITES, custom_options, request},
    {"request", NULL, "", "By --csr FILE, or many by --bulk FILE", 0, 0, WRITES, any_options, request},
    {0},
};
