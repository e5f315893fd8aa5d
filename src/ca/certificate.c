#include "ca/certificate.h"

#include "ca/serials.h"


static int status_read(struct txn *txn, uint64_t id, struct status_record *status, pca_error *err)
{
    struct row_key key = pcai_key_id64(id);
    int rc = pcai_record_get(txn, &pcai_status_type, pcai_row_key_view(&key), status, err);
    if (rc == PCA_E_NOT_FOUND) {
        *status = (struct status_record){.status = PCA_STATUS_ISSUED};
        return PCA_OK;
    }
    return rc;
}

int pcai_cert_read(struct txn *txn, uint64_t id, struct cert_view *view, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct row_key key = pcai_key_id64(id);
    view->id = id;
    int rc = pcai_record_get(txn, &pcai_cert_type, pcai_row_key_view(&key), &view->record, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, rc, pcai_object("cert", id, object), NULL, "there is no such certificate in this region, or it was deleted");
    return rc == PCA_OK ? status_read(txn, id, &view->status, err) : rc;
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
    return status_read(txn, view->id, &view->status, err);
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
    uint64_t id = pcai_serial_sequence(serial);
    int rc = id ? pcai_cert_read(txn, id, view, NULL) : PCA_E_NOT_FOUND;
    if (rc == PCA_OK && view->record.issuer == issuer && pcai_slice_equal(view->record.serial, serial))
        return rc;
    rc = pcai_serial_find(txn, issuer, serial, &id, err);
    return rc == PCA_OK ? pcai_cert_read(txn, id, view, err) : rc;
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
    return rc == PCA_OK ? rc : pcai_fail(err, rc, object, "serial", "the certificate with the serial number %s cannot be read", serial);
}
