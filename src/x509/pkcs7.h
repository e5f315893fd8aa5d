/* PKCS#7 that carries certificates and nothing else (RFC 5652 5). */
#ifndef PCAI_PKCS7_H
#define PCAI_PKCS7_H

#include "x509/oid.h"

/* ContentInfo, DER. certificates: sorted by encoding afterwards. */
void pcai_pkcs7_write(struct buf *out, struct slice *certificates, size_t count);

#endif
