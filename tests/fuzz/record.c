/*
 * Stored records, whose check value is made right before they are read: which type (1), the size of the key (1),
 * the key, the record's fields. What is read is what is read again after it was written.
 */
#include "fuzz.h"

#include "ca/review.h"
#include "types.h"

union record {
    struct ca_record ca;
    struct quota_record quota;
    struct generation_record generation;
    struct cert_record cert;
    struct log_record log;
    struct revocation_record revocation;
    uint8_t octets[2048];
};

static void put_record(enum table table, struct slice key, struct slice fields, struct buf *out)
{
    uint8_t number = (uint8_t)table;
    uint32_t crc = pcai_crc32c(pcai_crc32c(pcai_crc32c(0, &number, 1), key.data, key.size), fields.data, fields.size);
    uint8_t check[] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_buf_slice(out, fields);
    pcai_der_put(out, DER_OCTET_STRING, pcai_slice(check, sizeof check));
    pcai_der_end(out, mark);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static union record record, second;
    struct slice in = pcai_slice(data, size);
    const struct record_type *type = record_types[take_octet(&in) % COUNT(record_types)];
    size_t key_size = take_octet(&in);
    if (key_size > in.size)
        return 0;
    struct slice key = pcai_slice(in.data, key_size), fields = pcai_slice(in.data + key_size, in.size - key_size);
    struct buf value = {0}, written = {0}, again = {0};
    pca_error err = {0};
    put_record(type->table, key, fields, &value);
    must(pcai_record_verify(type->table, key, pcai_buf_view(&value)) == 0);
    int rc = pcai_record_decode(type, key, pcai_buf_view(&value), &record, &err);
    must_say(rc, &err);
    if (rc == PCA_OK) {
        must(pcai_record_encode(type, key, &record, &written, &err) == PCA_OK);
        must(pcai_record_decode(type, key, pcai_buf_view(&written), &second, &err) == PCA_OK);
        must(pcai_record_encode(type, key, &second, &again, &err) == PCA_OK);
        must(pcai_slice_equal(pcai_buf_view(&written), pcai_buf_view(&again)));
    }
    if (rc == PCA_OK && type == &pcai_cert_type) {
        struct cert_view view = {.id = 1, .record = record.cert};
        struct review review;
        err = (pca_error){0};
        must_say(pcai_review_read(&view, &review, &err), &err);
    }
    pcai_buf_free(&value);
    pcai_buf_free(&written);
    pcai_buf_free(&again);
    return 0;
}
