#include "x509/pkcs7.h"

/* SignedData ::= SEQUENCE { version 1, digestAlgorithms SET OF, encapContentInfo SEQUENCE { eContentType, eContent [0] OPTIONAL },
 *                           certificates [0] IMPLICIT SET OF OPTIONAL, crls [1] OPTIONAL, signerInfos SET OF } */
void pcai_pkcs7_write(struct buf *out, struct slice *certificates, size_t count)
{
    size_t info = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_SIGNED_DATA));
    size_t content = pcai_der_begin(out, DER_CONTEXT_CONSTRUCTED(0)), signed_data = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_uint(out, 1);
    pcai_der_put(out, DER_SET, pcai_slice(NULL, 0));
    size_t encapsulated = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_put(out, DER_OID, pcai_oid(OID_DATA));
    pcai_der_end(out, encapsulated);
    pcai_der_set_of(out, DER_CONTEXT_CONSTRUCTED(0), certificates, count);
    pcai_der_put(out, DER_SET, pcai_slice(NULL, 0));
    pcai_der_end(out, signed_data);
    pcai_der_end(out, content);
    pcai_der_end(out, info);
}
