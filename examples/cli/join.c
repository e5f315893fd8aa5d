/* CAs and others: CSRs for a CA elsewhere, cross-certificates, and what existed before. */
#include "cli.h"

#include "../openssl-import/index.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int encoding(struct session *s, int *format)
{
    *format = PCA_FORMAT_PEM;
    return word_value(s, encodings, "--format", opt.format, format);
}

/* ---- Signed elsewhere ---- */

static int csr(struct session *s)
{
    pca_blob *blob = NULL;
    int format;
    int rc = encoding(s, &format);
    if (rc == PCA_OK)
        rc = find_ca(s, s->args[0]);
    if (rc == PCA_OK)
        rc = ca_request(s);
    if (rc == PCA_OK)
        rc = pca_ca_csr(s->ca, s->request, format, &blob, s->err);
    if (rc == PCA_OK)
        rc = output_blob(s, blob, format, "csr", 0644);
    pca_blob_free(blob);
    return rc;
}

static int accept_certificate(struct session *s)
{
    struct file file = {NULL, 0};
    int rc = find_ca(s, s->args[0]);
    if (rc == PCA_OK)
        rc = file_read(s, s->args[1], CERTIFICATE_MAX, &file);
    if (rc == PCA_OK)
        rc = pca_ca_accept_certificate(s->ca, file.data, file.size, s->err);
    file_free(&file);
    return ca_shown(s, rc);
}

/* ---- Cross-certificates ---- */

/* The other CA is of this region, or is given by its certificate. */
static int cross(struct session *s, int format, pca_blob **blob)
{
    pca_sub *sub = s->sub;
    pca_root *root = s->root;
    const pca_ca *ca = s->ca;
    struct file file = {NULL, 0};
    int rc;
    if (opt.certificate) {
        rc = file_read(s, opt.certificate, CERTIFICATE_MAX, &file);
        if (rc == PCA_OK)
            rc = pca_ca_cross_sign_certificate(ca, file.data, file.size, s->request, format, blob, s->err);
        file_free(&file);
        return rc;
    }
    s->sub = NULL;
    s->root = NULL;
    rc = find_ca(s, s->args[1]);
    if (rc == PCA_OK)
        rc = pca_ca_cross_sign(ca, s->ca, s->request, format, blob, s->err);
    pca_sub_free(sub);
    pca_root_free(root);
    return rc;
}

static int cross_sign(struct session *s)
{
    pca_blob *blob = NULL;
    int format;
    int rc = encoding(s, &format);
    if (rc == PCA_OK && (s->count == 2) == (opt.certificate != NULL))
        rc = refuse(s, PCA_E_INVALID, "which other CA? One of the region by its id or alias, or --certificate FILE");
    if (rc == PCA_OK)
        rc = find_ca(s, s->args[0]);
    if (rc == PCA_OK)
        rc = ca_request(s);
    if (rc == PCA_OK)
        rc = cross(s, format, &blob);
    if (rc == PCA_OK)
        rc = output_blob(s, blob, format, "pem", 0644);
    pca_blob_free(blob);
    return rc;
}

static int cross_certificates(struct session *s)
{
    pca_blob *blob = NULL;
    int rc = find_ca(s, s->args[0]);
    if (rc == PCA_OK)
        rc = pca_ca_cross_certificates(s->ca, &blob, s->err);
    if (rc == PCA_OK)
        rc = output_blob(s, blob, PCA_FORMAT_PEM, "pem", 0644);
    pca_blob_free(blob);
    return rc;
}

/* ---- An existing CA ---- */

static int set_part(struct session *s, pca_import *import, const char *path, int (*set)(pca_import *, const void *, size_t), int *locked)
{
    struct file file = {NULL, 0};
    int rc = path ? file_read(s, path, CERTIFICATE_MAX, &file) : PCA_OK;
    if (rc == PCA_OK && path) {
        set(import, file.data, file.size);
        *locked |= set == pca_import_set_pfx || strstr(file.data, "ENCRYPTED") != NULL;
    }
    file_free(&file);
    return rc;
}

/* From --password-file, else asked for where the key is locked and there is a terminal. */
static int set_password(struct session *s, pca_import *import, int locked)
{
    struct file file = {NULL, 0};
    int rc = PCA_OK;
    if (opt.password_file)
        rc = secret_read(s, opt.password_file, -1, "password", PASSWORD_MAX, &file);
    else if (locked)
        rc = prompt_secret(s, "Password of the key: ", "--password-file", &file);
    if (rc == PCA_OK && file.data)
        pca_import_set_password(import, file.data);
    file_free(&file);
    return rc;
}

static int import_parts(struct session *s, pca_import *import)
{
    int locked = 0;
    int rc = set_part(s, import, opt.certificate, pca_import_set_certificate, &locked);
    if (rc == PCA_OK)
        rc = set_part(s, import, opt.private_key, pca_import_set_key, &locked);
    if (rc == PCA_OK)
        rc = set_part(s, import, opt.pfx, pca_import_set_pfx, &locked);
    if (rc == PCA_OK)
        rc = set_password(s, import, locked);
    if (opt.key_elsewhere)
        pca_import_set_key_elsewhere(import);
    if (opt.next_crl_number >= 0)
        pca_import_set_next_crl_number(import, (uint64_t)opt.next_crl_number);
    return rc;
}

static int import_ca(struct session *s)
{
    pca_import *import = pca_import_new();
    int rc = find_ca(s, s->args[0]);
    if (rc == PCA_OK && !opt.pfx && !opt.certificate)
        rc = refuse(s, PCA_E_INVALID, "give the CA: --certificate FILE and --private-key FILE, or --pfx FILE");
    if (rc == PCA_OK)
        rc = import ? import_parts(s, import) : PCA_E_NO_MEMORY;
    if (rc == PCA_OK)
        rc = pca_ca_import(s->ca, import, s->err);
    pca_import_free(import);
    return ca_shown(s, rc);
}

/* ---- What it issued and revoked before ---- */

static const struct column record_columns[] = {
    {"file", "FILE", 0}, {"serial", "SERIAL", 0}, {"code", "CODE", 0}, {"field", "FIELD", 0}, {"message", "MESSAGE", 0}, {NULL, NULL, 0}};

struct records {
    uint64_t done, known, refused;
    int first; /* the code of the first refusal */
};

/* A row for what was refused; with --json for all. What is there already is no refusal, so that the command may be repeated. */
static void record(struct session *s, struct records *r, const char *file, const char *serial, int rc)
{
    int refused = rc != PCA_OK && rc != PCA_E_EXISTS;
    r->done += rc == PCA_OK;
    r->known += rc == PCA_E_EXISTS;
    r->refused += (uint64_t)refused;
    r->first = r->first || !refused ? r->first : rc;
    if (!refused && !opt.json)
        return;
    json_object *row = json_object_new_object();
    put_text(row, "file", file);
    put_text(row, "serial", serial);
    put_text(row, "code", pca_code_name(rc));
    if (rc != PCA_OK) {
        put_text(row, "field", pca_error_field(s->err));
        put_text(row, "message", pca_error_message(s->err));
    }
    json_object_array_add(s->out, row);
}

static int records_end(struct session *s, const struct records *r, int rc)
{
    if (opt.json || r->refused)
        output_rows(s->out, record_columns);
    if (!opt.json)
        printf("%" PRIu64 " imported, %" PRIu64 " there already, %" PRIu64 " refused\n", r->done, r->known, r->refused);
    if (rc == PCA_OK && r->refused)
        rc = refuse(s, r->first, "%" PRIu64 " of the records were refused", r->refused);
    return rc;
}

static int import_file(struct session *s, const char *path, pca_cert **cert)
{
    struct file file = {NULL, 0};
    int rc = file_read(s, path, CERTIFICATE_MAX, &file);
    if (rc == PCA_OK)
        rc = pca_ca_import_issued(s->ca, file.data, file.size, cert, s->err);
    file_free(&file);
    return rc;
}

static int import_issued(struct session *s)
{
    struct records r = {0};
    int rc = find_ca(s, s->args[0]);
    if (rc != PCA_OK)
        return rc;
    s->out = json_object_new_array();
    interrupts_note();
    for (int i = 1; rc == PCA_OK && i < s->count; i++) {
        pca_cert *cert = NULL;
        int fared = import_file(s, s->args[i], &cert);
        record(s, &r, s->args[i], pca_cert_serial(cert), fared);
        pca_cert_free(cert);
        rc = progress((void *)"import", (uint64_t)i, (uint64_t)s->count - 1, s->err);
    }
    return records_end(s, &r, rc);
}

static int import_revoked(struct session *s)
{
    int reason = PCA_REASON_UNSPECIFIED;
    int64_t at = 0, invalidity = 0, not_after = 0;
    int rc = revocation(s, &reason, &invalidity);
    if (rc == PCA_OK && !opt.at)
        rc = refuse(s, PCA_E_INVALID, "--at is needed: when it was revoked");
    if (rc == PCA_OK)
        rc = moment(s, opt.at, "--at", &at);
    if (rc == PCA_OK)
        rc = moment(s, opt.not_after, "--not-after", &not_after);
    if (rc == PCA_OK)
        rc = find_ca(s, s->args[0]);
    if (rc == PCA_OK)
        rc = pca_ca_import_revoked(s->ca, s->args[1], at, reason, invalidity, not_after, s->err);
    if (rc != PCA_OK)
        return rc;
    s->out = json_object_new_object();
    put_number(s->out, "ca", (int64_t)pca_ca_id(s->ca));
    put_text(s->out, "serial", s->args[1]);
    put_time(s->out, "revoked_at", at);
    put_text(s->out, "reason", word_of(reasons, reason));
    output_object(s->out);
    return PCA_OK;
}

/* ---- The index.txt of openssl ca and easy-rsa ---- */

static int index_revoked(struct session *s, const struct entry *entry)
{
    int rc = pca_ca_import_revoked(s->ca, entry->serial, entry->revoked_at, entry->reason, entry->invalidity, entry->not_after, s->err);
    if (rc == PCA_E_INVALID && entry->reason == PCA_REASON_CA_COMPROMISE) /* of a certificate that is no CA's */
        rc = pca_ca_import_revoked(s->ca, entry->serial, entry->revoked_at, PCA_REASON_KEY_COMPROMISE, entry->invalidity, entry->not_after,
                                   s->err);
    return rc;
}

/* The revocation of a certificate that was refused is not lost with it. */
static int index_revoked_alone(struct session *s, const struct entry *entry, int refused)
{
    char why[400];
    snprintf(why, sizeof why, "%s", pca_error_message(s->err));
    int rc = index_revoked(s, entry);
    return rc == PCA_OK || rc == PCA_E_EXISTS ? refuse(s, refused, "its revocation is held, the certificate is not: %s", why) : rc;
}

/* Under its serial number, as openssl leaves it in newcerts and easy-rsa in its certs_by_serial. path: of the last place. */
static int index_certificate(const char *serial, char path[4096])
{
    static const char *const suffixes[] = {"pem", "crt"};
    static const char *const here[] = {".", NULL};
    for (const char *const *directory = opt.certificates ? (const char *const *)opt.certificates : here; *directory; directory++)
        for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
            snprintf(path, 4096, "%s/%s.%s", *directory, serial, suffixes[i]);
            if (access(path, F_OK) == 0)
                return 1;
        }
    return 0;
}

/* A revocation needs no certificate. */
static int index_line(struct session *s, char *line, uint64_t number, char path[4096], struct entry *entry)
{
    const char *wrong = index_parse(line, entry);
    if (wrong)
        return refuse(s, PCA_E_INVALID, "line %" PRIu64 ": %s", number, wrong);
    int held = index_certificate(entry->serial, path), revoked = entry->flag == 'R';
    int rc = revoked && !held ? PCA_OK : import_file(s, path, NULL);
    if (!revoked)
        return rc;
    return rc == PCA_OK || rc == PCA_E_EXISTS ? index_revoked(s, entry) : index_revoked_alone(s, entry, rc);
}

static int import_index(struct session *s)
{
    struct records r = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    uint64_t lines = 0;
    int rc = find_ca(s, s->args[0]);
    FILE *index = rc ? NULL : strcmp(s->args[1], "-") == 0 ? stdin : fopen(s->args[1], "r");
    if (rc == PCA_OK && !index)
        rc = refuse(s, errno_code(), "cannot read %s: %s", s->args[1], strerror(errno));
    if (rc != PCA_OK)
        return rc;
    s->out = json_object_new_array();
    interrupts_note();
    while (rc == PCA_OK && (size = getline(&line, &room, index)) > 0) {
        char path[4096] = "";
        struct entry entry;
        lines++;
        if (line[size - 1] == '\n')
            line[size - 1] = '\0';
        if (!*line || *line == '#')
            continue;
        int fared = index_line(s, line, lines, path, &entry);
        record(s, &r, path, entry.serial, fared);
        rc = progress((void *)"import", r.done + r.known + r.refused, 0, s->err);
    }
    if (rc == PCA_OK && ferror(index))
        rc = refuse(s, PCA_E_STORAGE, "cannot read on in %s: %s", s->args[1], strerror(errno));
    free(line);
    if (index != stdin)
        fclose(index);
    return records_end(s, &r, rc);
}

/* ---- Revoking what the store lost or never held ---- */

static int revoke_certificate(struct session *s)
{
    struct file file = {NULL, 0};
    const char *serial = strncmp(s->args[1], "serial:", 7) == 0 ? s->args[1] + 7 : NULL;
    int reason = PCA_REASON_UNSPECIFIED;
    int64_t invalidity = 0;
    int rc = revocation(s, &reason, &invalidity);
    if (rc == PCA_OK)
        rc = find_ca(s, s->args[0]);
    if (rc == PCA_OK && !serial)
        rc = file_read(s, s->args[1], CERTIFICATE_MAX, &file);
    if (rc == PCA_OK)
        rc = confirm(s, "Revoke %s, issued by CA %" PRIu64 " (%s)", s->args[1], pca_ca_id(s->ca), pca_ca_subject(s->ca));
    if (rc == PCA_OK)
        rc = serial ? pca_ca_revoke_serial(s->ca, serial, reason, invalidity, opt.token, s->err)
                    : pca_ca_revoke_der(s->ca, file.data, file.size, reason, invalidity, opt.token, s->err);
    file_free(&file);
    if (rc != PCA_OK)
        return rc;
    s->out = json_object_new_object();
    put_number(s->out, "ca", (int64_t)pca_ca_id(s->ca));
    put_text(s->out, "revoked", s->args[1]);
    put_text(s->out, "reason", word_of(reasons, reason));
    output_object(s->out);
    return PCA_OK;
}

static const struct poptOption csr_options[] = {
    {"path-length", 0, POPT_ARG_LONGLONG, &opt.path_length, 0, "How many CAs may follow below", "N"},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)subject_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)container_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)blob_options, 0, NULL, NULL},
    POPT_TABLEEND};
static const struct poptOption cross_options[] = {
    {"certificate", 0, POPT_ARG_STRING, &opt.certificate, 0, "The other CA, by its certificate (policy allow_foreign_cross)", "FILE"},
    {"path-length", 0, POPT_ARG_LONGLONG, &opt.path_length, 0, "How many CAs may follow below; default: the other's", "N"},
    CRL_ADDRESS_OPTIONS,
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)validity_options, 0, NULL, NULL},
    {NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)blob_options, 0, NULL, NULL},
    POPT_TABLEEND};
static const struct poptOption out_options[] = {
    {"out", 'o', POPT_ARG_STRING, &opt.out, 0, "Into that file; default: standard output", "FILE"}, POPT_TABLEEND};
static const struct poptOption import_options[] = {
    {"certificate", 0, POPT_ARG_STRING, &opt.certificate, 0, "The CA's certificate, PEM or DER", "FILE"},
    {"private-key", 0, POPT_ARG_STRING, &opt.private_key, 0, "Its private key", "FILE"},
    {"pfx", 0, POPT_ARG_STRING, &opt.pfx, 0, "Both in one file (PKCS#12)", "FILE"},
    {"password-file", 0, POPT_ARG_STRING, &opt.password_file, 0, "What opens the key: the first line of FILE", "FILE"},
    {"key-elsewhere", 0, POPT_ARG_NONE, &opt.key_elsewhere, 0, "Without its key, which stays where it is", NULL},
    {"next-crl-number", 0, POPT_ARG_LONGLONG, &opt.next_crl_number, 0, "One more than that of its last CRL", "N"},
    POPT_TABLEEND};
static const struct poptOption revoked_options[] = {
    {"at", 0, POPT_ARG_STRING, &opt.at, 0, "When it was revoked", "DATE"},
    {"not-after", 0, POPT_ARG_STRING, &opt.not_after, 0, "When it ends; default: not known", "DATE"},
    REASON_OPTIONS,
    POPT_TABLEEND};
static const struct poptOption index_options[] = {
    {"certificates", 0, POPT_ARG_ARGV, &opt.certificates, 0, "Where its certificates are, by serial number; may be repeated", "DIR"}, POPT_TABLEEND};
static const struct poptOption revoke_options[] = {REASON_OPTIONS, TOKEN_OPTION, POPT_TABLEEND};

const struct command join_commands[] = {
    {"ca", "csr", "CA", "A CSR for a CA that is to be signed elsewhere", 1, 1, WRITES, csr_options, csr},
    {"ca", "accept", "CA FILE", "Bring the certificate back that was made of its CSR", 2, 2, WRITES, no_options, accept_certificate},
    {"ca", "cross-sign", "CA [OTHER]", "A certificate by CA for the key of another CA", 1, 2, WRITES, cross_options, cross_sign},
    {"ca", "cross-certificates", "CA", "All that it has cross-signed, PEM", 1, 1, READS, out_options, cross_certificates},
    {"ca", "import", "CA", "Bring an existing CA into one that was bought", 1, 1, WRITES, import_options, import_ca},
    {"ca", "import-issued", "CA FILE...", "Records of what it issued before", 2, 1000000, WRITES, no_options, import_issued},
    {"ca", "import-revoked", "CA SERIAL", "A revocation from before", 2, 2, WRITES, revoked_options, import_revoked},
    {"ca", "import-index", "CA FILE", "Records of an index.txt of openssl ca or easy-rsa", 2, 2, WRITES, index_options, import_index},
    {"ca", "revoke-certificate", "CA FILE", "Revoke what it issued, though not held; or serial:HEX", 2, 2, WRITES, revoke_options,
     revoke_certificate},
    {0},
};
