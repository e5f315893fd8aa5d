#include "ca/history.h"

#include "base/text.h"
#include "ca/certificate.h"
#include "ca/leaf_names.h"
#include "ca/log.h"
#include "ca/public_keys.h"
#include "ca/quota.h"
#include "crypto/crypto.h"

/* ---- Reading ---- */

static int refuse(pca_error *err, const char *why)
{
    return pcai_fail(err, PCA_E_INVALID, "call", "certificate", "%s", why);
}

static int has(const struct certificate *c, enum oid purpose)
{
    for (size_t i = 0; i < c->eku_count; i++)
        if (pcai_slice_equal(c->eku[i], pcai_oid(purpose)))
            return 1;
    return 0;
}

/* What else it may be for stands beside, as in those that are issued here. */
static int type_of(const struct certificate *c)
{
    int server = has(c, OID_SERVER_AUTH), client = has(c, OID_CLIENT_AUTH);
    return server && client ? PCA_CERT_BOTH : server ? PCA_CERT_SERVER : client ? PCA_CERT_CLIENT : PCA_CERT_CUSTOM;
}

/* 0 for a key that libpca does not use: the record is kept all the same. */
static int algorithm_of(const struct certificate *c, int *algorithm, pca_error *err)
{
    struct public_key *key = NULL;
    int rc = pcai_public_read(c->public_key, &key, NULL);
    *algorithm = rc == PCA_OK ? pcai_public_algorithm(key) : 0;
    pcai_public_free(key);
    return rc == PCA_E_NO_MEMORY ? pcai_no_memory(err) : PCA_OK;
}

/* Names are indexed and shown as text: no NUL, no control character. */
static int check_names(const struct certificate *c, pca_error *err)
{
    struct name subject;
    struct general_name san[PCAI_SAN_READ_MAX];
    size_t count = 0, other = 0;
    if (pcai_name_read(c->subject, &subject) != 0)
        return pcai_fail(err, PCA_E_NAME, "call", "certificate", "its subject has a string type or a size that is not taken");
    for (size_t i = 0; i < subject.count; i++)
        if (!pcai_utf8_printable(subject.attributes[i].value, NULL))
            return pcai_fail(err, PCA_E_NAME, "call", "certificate", "its subject is not UTF-8, or has a control character");
    if (c->san.data && pcai_san_read(c->san, san, PCAI_SAN_READ_MAX, &count, &other) != 0)
        return pcai_fail(err, PCA_E_SAN, "call", "certificate", "its alternative names cannot be read, or are more than %d", PCAI_SAN_READ_MAX);
    for (size_t i = 0; i < count; i++)
        if (san[i].type != PCA_SAN_IP && (san[i].value.size == 0 || !pcai_ascii_printable(san[i].value)))
            return pcai_fail(err, PCA_E_SAN, "call", "certificate", "an alternative name is empty, or not printable ASCII");
    return PCA_OK;
}

int pcai_issued_read(struct slice in, struct issued_import *import, pca_error *err)
{
    const struct certificate *c = &import->presented.certificate;
    int rc = pcai_presented_read(in, &import->presented, err);
    if (rc != PCA_OK)
        return rc;
    if (c->is_ca || c->key_usage & KU_KEY_CERT_SIGN)
        return refuse(err, "it is a CA's certificate, which comes in by pca_ca_import");
    if (c->not_before < 0 || c->not_after < c->not_before)
        return refuse(err, "its validity begins before 1970, or ends before it begins");
    import->type = type_of(c);
    rc = check_names(c, err);
    return rc == PCA_OK ? algorithm_of(c, &import->algorithm, err) : rc;
}

void pcai_issued_free(struct issued_import *import, int recorded)
{
    if (import->reserve)
        pcai_sequence_reserved(import->env, recorded ? import->reserved : 0);
    pcai_buf_free(&import->presented.work);
}

/* ---- Record ---- */

struct issued {
    struct ca_record issuer;
    struct slice serial, der;
    struct revocation_record row;
    int revoked; /* by its number, before it came */
    struct quota_record quota; /* counts what is there, and spends nothing */
    uint8_t digest[PCAI_DIGEST_MAX];
};

static int check_new(struct txn *txn, struct context *cx, const struct issued_import *import, struct issued *issued, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct cert_view view;
    uint64_t held;
    int rc = pcai_cert_of_serial(txn, issued->issuer.id, issued->serial, &view, err);
    if (rc == PCA_OK)
        return pcai_fail(err, PCA_E_EXISTS, pcai_object("cert", view.id, object), "serial", "the CA has a certificate with this serial number");
    if (rc == PCA_E_NOT_FOUND)
        rc = pcai_serial_find(txn, issued->issuer.id, issued->serial, &held, err);
    if (rc == PCA_E_NOT_FOUND)
        rc = pcai_revocation_find(txn, cx, issued->issuer.id, import->presented.generation, issued->serial, &issued->row, err);
    else if (rc == PCA_OK)
        issued->row.deleted_at = 1;
    issued->revoked = rc == PCA_OK;
    if (issued->revoked && (issued->row.deleted_at || issued->row.certificate || issued->row.ca))
        return pcai_fail(err, PCA_E_EXISTS, pcai_ca_object(&issued->issuer, object), "serial",
                         "the CA had a certificate with this serial number, which was deleted or is a CA's");
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

static int put_certificate(struct txn *txn, const struct context *cx, const struct issued_import *import, const struct issued *issued, pca_error *err)
{
    const struct certificate *c = &import->presented.certificate;
    struct cert_record record = {.issuer = issued->issuer.id,
                                 .generation = import->presented.generation,
                                 .type = (uint64_t)import->type,
                                 .container = PCA_CONTAINER_PUBLIC,
                                 .algorithm = (uint64_t)import->algorithm,
                                 .serial = issued->serial,
                                 .created = cx->now,
                                 .not_before = c->not_before,
                                 .not_after = c->not_after,
                                 .actor = pcai_slice_text(cx->actor),
                                 .der = issued->der,
                                 .imported = 1};
    return pcai_cert_put(txn, cx, import->sequence, &record, err);
}

/* It was revoked by its number; now it has a record. */
static int put_status(struct txn *txn, struct context *cx, const struct issued_import *import, const struct issued *issued, pca_error *err)
{
    struct revocation_record row = issued->row;
    struct status_record status = {.status = PCA_STATUS_REVOKED, .at = row.revoked_at, .reason = row.reason, .invalidity = row.invalidity};
    if (!issued->revoked)
        return PCA_OK;
    row.certificate = import->sequence;
    row.imported = 1;
    row.not_after = import->presented.certificate.not_after;
    row.digest = pcai_slice(issued->digest, 32);
    row.log = cx->log + 1;
    int rc = pcai_revocation_put(txn, cx, &issued->issuer, import->presented.generation, issued->serial, &row, err);
    if (rc == PCA_OK)
        rc = pcai_status_put(txn, cx, import->sequence, &status, err);
    return rc == PCA_OK && pcai_is_compromise(row.reason) ? pcai_public_key_compromised(txn, cx, issued->der, err) : rc;
}

static int put_rows(struct txn *txn, struct context *cx, struct issued_import *import, const struct issued *issued, pca_error *err)
{
    const struct certificate *c = &import->presented.certificate;
    struct row_key expiry = pcai_key_expiry(c->not_after, import->sequence);
    int rc = import->reserve ? pcai_sequence_reserve(txn, &import->reserved, err) : PCA_OK;
    if (rc == PCA_OK)
        rc = pcai_serial_put(txn, issued->issuer.id, issued->serial, import->sequence, err);
    if (rc == PCA_OK)
        rc = pcai_public_key_keep(txn, cx, c->public_key, c->subject, 0, err);
    if (rc == PCA_OK)
        rc = put_certificate(txn, cx, import, issued, err);
    if (rc == PCA_OK)
        rc = pcai_leaf_names_put(txn, issued->der, import->sequence, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_expiry_type, pcai_row_key_view(&expiry), &(struct index_record){0}, err);
    if (rc == PCA_OK)
        rc = pcai_quota_put(txn, cx, issued->issuer.id, &issued->quota, err);
    return rc == PCA_OK ? put_status(txn, cx, import, issued, err) : rc;
}

int pcai_issued_record(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct issued_import *import = arguments;
    struct issued issued = {.der = pcai_buf_view(&import->presented.work), .serial = import->presented.certificate.serial};
    import->reserved = 0;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_ca_read(txn, cx, import->presented.ca, &issued.issuer, err);
    if (rc == PCA_OK)
        rc = check_new(txn, cx, import, &issued, err);
    if (rc == PCA_OK)
        rc = pcai_quota_read(txn, issued.issuer.id, &issued.quota, err);
    if (rc == PCA_OK)
        rc = pcai_held_move(&issued.quota, (uint64_t)import->type, 0, issued.revoked ? PCA_STATUS_REVOKED : PCA_STATUS_ISSUED, err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, issued.der, issued.digest, err);
    if (rc == PCA_OK)
        rc = put_rows(txn, cx, import, &issued, err);
    struct log_record entry = {.ca = issued.issuer.id, .object = import->sequence, .digest = pcai_slice(issued.digest, 32)};
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_IMPORT_ISSUED, &entry, err) : rc;
}
