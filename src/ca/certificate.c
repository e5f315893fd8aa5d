#include "ca/certificate.h"

#include "ca/serials.h"

/* Without a row it is ISSUED, unless that row is lost: the revocation's tells. */
static int status_read(struct txn *txn, struct cert_view *view, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct row_key key = pcai_key_id64(view->id), revocation;
    struct slice row;
    int rc = pcai_record_get(txn, &pcai_status_type, pcai_row_key_view(&key), &view->status, err);
    if (rc != PCA_E_NOT_FOUND)
        return rc;
    view->status = (struct status_record){.status = PCA_STATUS_ISSUED};
    revocation = pcai_key_revocation(view->record.issuer, view->record.generation, view->record.serial);
    rc = pcai_get(txn, TABLE_REVOCATION, pcai_row_key_view(&revocation), &row, err);
    if (rc == PCA_OK)
        return pcai_fail(err, PCA_E_CORRUPT, pcai_object("cert", view->id, object), "status", "it is revoked, and the row that says so is missing");
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_cert_read(struct txn *txn, uint64_t id, struct cert_view *view, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct row_key key = pcai_key_id64(id);
    view->id = id;
    int rc = pcai_record_get(txn, &pcai_cert_type, pcai_row_key_view(&key), &view->record, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, rc, pcai_object("cert", id, object), NULL, "there is no such certificate in this region, or it was deleted");
    return rc == PCA_OK ? status_read(txn, view, err) : rc;
}

/* ---- Status ---- */

#define IN(status) (1u << PCA_STATUS_##status)
/* The statuses from which each action is possible. Only an approval leads from PENDING to ISSUED. */
static const struct {
    unsigned from;
    const char *verb;
} actions[CERT_ACTIONS] = {
    [CERT_APPROVE] = {IN(PENDING), "approved"},
    [CERT_REJECT] = {IN(PENDING), "rejected"},
    [CERT_CANCEL] = {IN(PENDING), "cancelled"},
    [CERT_READ] = {IN(ISSUED) | IN(REVOKED), "handed out"},
    [CERT_INSTALL] = {IN(ISSUED), "installed"},
    [CERT_REVOKE] = {IN(ISSUED) | IN(REVOKED), "revoked"},
    [CERT_DELETE] = {IN(REVOKED), "deleted"},
    [CERT_PURGE] = {IN(REJECTED) | IN(CANCELLED), "purged"},
};

static const char *status_name(uint64_t status)
{
    static const char *const names[] = {
        [PCA_STATUS_PENDING] = "pending",   [PCA_STATUS_ISSUED] = "issued",       [PCA_STATUS_REVOKED] = "revoked",
        [PCA_STATUS_REJECTED] = "rejected", [PCA_STATUS_CANCELLED] = "cancelled",
    };
    return status < sizeof names / sizeof *names && names[status] ? names[status] : "unknown";
}

static int is_review(enum cert_action action)
{
    return action == CERT_APPROVE || action == CERT_REJECT || action == CERT_CANCEL;
}

int pcai_cert_require(const struct cert_view *view, enum cert_action action, pca_error *err)
{
    char object[PCAI_OBJECT];
    uint64_t status = view->status.status;
    const char *name = status_name(status), *verb = actions[action].verb;
    if (status <= PCA_STATUS_CANCELLED && (actions[action].from & 1u << status))
        return PCA_OK;
    pcai_object("cert", view->id, object);
    if (is_review(action) && !view->record.review.size)
        return pcai_fail(err, PCA_E_STATE, object, "status", "it was issued without a review, and cannot be %s", verb);
    if (is_review(action))
        return pcai_fail(err, PCA_E_REVIEW, object, "status", "its review is over: it is %s, and cannot be %s", name, verb);
    if (status == PCA_STATUS_PENDING && action != CERT_DELETE && action != CERT_PURGE)
        return pcai_fail(err, PCA_E_PENDING, object, "status", "it waits for its review, and cannot be %s", verb);
    if (action == CERT_DELETE)
        return pcai_fail(err, PCA_E_STATE, object, "status", "only a revoked certificate can be deleted, and it is %s", name);
    return pcai_fail(err, PCA_E_STATE, object, "status", "it is %s, and cannot be %s", name, verb);
}

int pcai_cert_copy(struct arena *arena, struct cert_view *view, pca_error *err)
{
    struct cert_record *r = &view->record;
    struct slice *slices[] = {&r->serial, &r->alias, &r->actor, &r->ignored, &r->der, &r->sealed_key, &r->custom_id, &r->tags, &r->review,
                              &r->driver, &r->slot, &r->key_name, &r->encryption_serial, &r->encryption_der, &r->encryption_key};
    for (size_t i = 0; i < sizeof slices / sizeof *slices; i++)
        *slices[i] = pcai_arena_slice(arena, *slices[i]);
    return arena->failed ? pcai_no_memory(err) : PCA_OK;
}

uint64_t pcai_cert_changed(const struct cert_view *view)
{
    return view->record.log > view->status.log ? view->record.log : view->status.log;
}

int pcai_cert_decode(struct txn *txn, struct slice key, struct slice value, struct cert_view *view, pca_error *err)
{
    int rc = pcai_record_decode(&pcai_cert_type, key, value, &view->record, err);
    if (rc == PCA_OK && key.size != 8)
        rc = pcai_fail(err, PCA_E_CORRUPT, "region", "cert", "a certificate row's key is not 8 octets");
    if (rc != PCA_OK)
        return rc;
    view->id = pcai_read_u64(key.data);
    return status_read(txn, view, err);
}

int pcai_cert_put(struct txn *txn, const struct context *cx, uint64_t id, const struct cert_record *record, pca_error *err)
{
    struct row_key key = pcai_key_id64(id);
    struct cert_record row = *record;
    row.log = cx->log + 1;
    return pcai_record_put(txn, &pcai_cert_type, pcai_row_key_view(&key), &row, err);
}

int pcai_status_put(struct txn *txn, const struct context *cx, uint64_t id, const struct status_record *status, pca_error *err)
{
    struct row_key key = pcai_key_id64(id);
    struct status_record row = *status;
    row.log = cx->log + 1;
    return pcai_record_put(txn, &pcai_status_type, pcai_row_key_view(&key), &row, err);
}

/* ---- Serial numbers ---- */

int pcai_cert_of_serial(struct txn *txn, uint64_t issuer, struct slice serial, struct cert_view *view, pca_error *err)
{
    pca_error why = {0};
    uint64_t id = pcai_serial_sequence(serial);
    int rc = id ? pcai_cert_read(txn, id, view, &why) : PCA_E_NOT_FOUND;
    if (rc != PCA_OK && rc != PCA_E_NOT_FOUND) {
        pcai_error_copy(err, &why);
        return rc;
    }
    if (rc == PCA_OK && view->record.issuer == issuer && pcai_slice_equal(view->record.serial, serial))
        return rc;
    rc = pcai_serial_find(txn, issuer, serial, &id, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_cert_read(txn, id, view, &why); /* it may have been deleted, or be a CA's */
    if (rc != PCA_OK && rc != PCA_E_NOT_FOUND)
        pcai_error_copy(err, &why);
    return rc;
}

int pcai_cert_by_serial(struct txn *txn, uint64_t issuer, const char *serial, struct cert_view *view, pca_error *err)
{
    char object[PCAI_OBJECT];
    uint8_t octets[PCAI_SERIAL_MAX + 1];
    struct serial s;
    pcai_object("ca", issuer, object);
    if (pcai_serial_parse(serial, &s) != 0)
        return pcai_fail(err, PCA_E_INVALID, object, "serial", "a serial number is 1 to %d octets in hexadecimal, or dec: and decimal digits", PCAI_SERIAL_MAX);
    int rc = pcai_cert_of_serial(txn, issuer, pcai_serial_integer(&s, octets), view, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, rc, object, "serial", "the CA has no certificate with the serial number %s", serial);
    return rc;
}
