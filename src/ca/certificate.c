#include "ca/certificate.h"

#include <string.h>

#include "base/text.h"

#define SERIAL_MAX 20
#define SERIAL_TEXT_MAX 128
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

struct serial {
    uint8_t octets[SERIAL_MAX];
    size_t size;
};

static int drop_zeros(struct serial *s)
{
    size_t zeros = 0;
    while (zeros < s->size && s->octets[zeros] == 0)
        zeros++;
    memmove(s->octets, s->octets + zeros, s->size - zeros);
    s->size -= zeros;
    return s->size ? 0 : -1;
}

/* base 10 or 16, digit by digit: octets = octets * base + digit. */
static int shift_in(struct serial *s, unsigned base, unsigned digit)
{
    unsigned carry = digit;
    for (size_t i = SERIAL_MAX; i-- > 0;) {
        carry += s->octets[i] * base;
        s->octets[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry ? -1 : 0;
}

static int serial_parse(const char *text, struct serial *s)
{
    unsigned base = 16;
    size_t digits = 0;
    memset(s, 0, sizeof *s);
    s->size = SERIAL_MAX;
    if (strlen(text) > SERIAL_TEXT_MAX)
        return -1;
    if (strncmp(text, "dec:", 4) == 0) {
        base = 10;
        text += 4;
    } else if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
    }
    for (; *text; text++) {
        if (*text == ':' && base == 16 && digits && text[1] && text[1] != ':')
            continue;
        if (base == 10 ? !pcai_is_digit(*text) : !pcai_is_hex(*text))
            return -1;
        unsigned digit = pcai_is_digit(*text) ? (unsigned)(*text - '0') : (unsigned)(pcai_lower(*text) - 'a' + 10);
        if (shift_in(s, base, digit) != 0)
            return -1;
        digits++;
    }
    return digits ? drop_zeros(s) : -1;
}

/* A serial number holds the sequence in its octets 1..5; the rest must agree. */
int pcai_cert_by_serial(struct txn *txn, uint64_t issuer, const char *serial, struct cert_view *view, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct serial s;
    pcai_object("ca", issuer, object);
    if (serial_parse(serial, &s) != 0)
        return pcai_fail(err, PCA_E_INVALID, object, "serial", "a serial number is 1 to %d octets in hexadecimal, or dec: and decimal digits", SERIAL_MAX);
    int rc = PCA_E_NOT_FOUND;
    if (s.size > 6) {
        uint64_t sequence = 0;
        for (int i = 1; i < 6; i++)
            sequence = sequence << 8 | s.octets[i];
        rc = pcai_cert_read(txn, sequence, view, NULL);
    }
    if (rc == PCA_OK && (view->record.issuer != issuer || !pcai_slice_equal(view->record.serial, pcai_slice(s.octets, s.size))))
        rc = PCA_E_NOT_FOUND;
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
