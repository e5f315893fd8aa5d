#include "ca/certificate.h"

#include "ca/serials.h"

#define PAGE_EXAMINED_MAX 10000

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

/* ---- Serial numbers ---- */

static int find_serial(struct txn *txn, uint64_t issuer, struct slice serial, struct cert_view *view, pca_error *err)
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
    int rc = find_serial(txn, issuer, pcai_serial_integer(&s, octets), view, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, rc, object, "serial", "the CA has no certificate with the serial number %s", serial);
    return rc == PCA_OK ? rc : pcai_fail(err, rc, object, "serial", "the certificate with the serial number %s cannot be read", serial);
}

/* ---- Listing ---- */

static int matches(const struct cert_query *query, const struct cert_view *view)
{
    return (!query->issuer || query->issuer == view->record.issuer) && (!query->type || (uint64_t)query->type == view->record.type) &&
           (!query->status || (uint64_t)query->status == view->status.status);
}

int pcai_cert_list(struct txn *txn, const struct cert_query *query, cert_found found, void *context, uint64_t *next, pca_error *err)
{
    struct row_key from = pcai_key_id64(query->after + 1);
    struct scan *scan = NULL;
    struct slice key, value;
    uint64_t last = query->after, examined = 0, matched = 0;
    *next = 0;
    if (query->after == UINT64_MAX)
        return PCA_OK;
    int rc = pcai_scan_open(txn, TABLE_CERT, pcai_slice(NULL, 0), pcai_row_key_view(&from), &scan, err);
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        struct cert_view view;
        if (matched == query->limit || examined++ == PAGE_EXAMINED_MAX) {
            *next = last;
            break;
        }
        rc = pcai_record_decode(&pcai_cert_type, key, value, &view.record, err);
        if (rc == PCA_OK && key.size != 8)
            rc = pcai_fail(err, PCA_E_CORRUPT, "region", "cert", "a certificate row's key is not 8 octets");
        if (rc != PCA_OK)
            break;
        last = view.id = pcai_read_u64(key.data);
        rc = status_read(txn, view.id, &view.status, err);
        if (rc == PCA_OK && matches(query, &view)) {
            matched++;
            rc = found(context, &view, err);
        }
    }
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}
