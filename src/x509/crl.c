#include "x509/crl.h"

static void put_extension(struct buf *out, enum oid oid, struct slice value)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(oid));
    pcai_der_put(out, DER_OCTET_STRING, value);
    pcai_der_end(out, mark);
}

void pcai_crl_entry_write(struct buf *out, const struct crl_entry *entry)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_INTEGER, entry->serial);
    pcai_der_time(out, entry->revoked_at);
    if (entry->reason != PCA_REASON_UNSPECIFIED || entry->invalidity) {
        size_t extensions = pcai_der_begin(out, DER_SEQUENCE);
        if (entry->reason != PCA_REASON_UNSPECIFIED) {
            /* CRLReason ::= ENUMERATED */
            uint8_t reason[3] = {DER_ENUMERATED, 1, (uint8_t)entry->reason};
            put_extension(out, OID_REASON_CODE, pcai_slice(reason, sizeof reason));
        }
        if (entry->invalidity) {
            /* InvalidityDate ::= GeneralizedTime */
            struct buf date = {0};
            pcai_der_generalized_time(&date, entry->invalidity);
            out->failed |= date.failed;
            put_extension(out, OID_INVALIDITY_DATE, pcai_buf_view(&date));
            pcai_buf_free(&date);
        }
        pcai_der_end(out, extensions);
    }
    pcai_der_end(out, mark);
}

/* version v2, signature, issuer, thisUpdate, nextUpdate */
static void put_fields(struct buf *out, const struct crl *crl)
{
    pcai_der_uint(out, 1);
    pcai_signature_algorithm_write(out, crl->signature_key);
    pcai_buf_slice(out, crl->issuer);
    pcai_der_time(out, crl->this_update);
    pcai_der_time(out, crl->next_update);
}

void pcai_crl_head_write(struct buf *out, const struct crl *crl, uint64_t entries_size)
{
    struct buf fields = {0}, tail = {0};
    uint8_t list[6], outer[6];
    size_t list_size = entries_size ? pcai_der_header(DER_SEQUENCE, (size_t)entries_size, list) : 0;
    put_fields(&fields, crl);
    pcai_crl_tail_write(&tail, crl);
    pcai_buf_put(out, outer, pcai_der_header(DER_SEQUENCE, fields.size + list_size + (size_t)entries_size + tail.size, outer));
    pcai_buf_slice(out, pcai_buf_view(&fields));
    pcai_buf_put(out, list, list_size);
    out->failed |= fields.failed | tail.failed;
    pcai_buf_free(&fields);
    pcai_buf_free(&tail);
}

/* AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] OCTET STRING }; CRLNumber ::= INTEGER */
void pcai_crl_tail_write(struct buf *out, const struct crl *crl)
{
    struct buf value = {0};
    size_t tagged = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0)), extensions = pcai_der_begin(out, DER_SEQUENCE);
    size_t mark = pcai_der_begin(&value, DER_SEQUENCE);
    pcai_der_put(&value, DER_CONTEXT(0), crl->authority_key_id);
    pcai_der_end(&value, mark);
    put_extension(out, OID_AUTHORITY_KEY_ID, pcai_buf_view(&value));
    out->failed |= value.failed;
    pcai_buf_reset(&value);
    pcai_der_uint(&value, crl->number);
    put_extension(out, OID_CRL_NUMBER, pcai_buf_view(&value));
    out->failed |= value.failed;
    pcai_buf_free(&value);
    pcai_der_end(out, extensions);
    pcai_der_end(out, tagged);
}

void pcai_crl_signature_write(struct buf *out, const struct crl *crl, struct slice signature)
{
    pcai_signature_algorithm_write(out, crl->signature_key);
    pcai_der_bits(out, signature, 0);
}

void pcai_crl_outer_write(struct buf *out, uint64_t tbs_size, size_t signature_size)
{
    uint8_t header[6];
    pcai_buf_put(out, header, pcai_der_header(DER_SEQUENCE, (size_t)tbs_size + signature_size, header));
}
