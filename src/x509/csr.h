/* Certificate signing requests (PKCS#10, RFC 2986). */
#ifndef PCAI_CSR_H
#define PCAI_CSR_H

#include "crypto/crypto.h"
#include "x509/certificate.h"

#define PCAI_CSR_MAX 65536  /* octets, PEM or DER */
#define PCAI_CSR_EXTENSIONS_MAX 64 /* and as many attributes */

struct csr {
    struct slice der;        /* the whole CertificationRequest */
    struct slice info;       /* CertificationRequestInfo, whole: what is signed */
    struct slice subject;    /* Name, whole */
    struct slice public_key; /* SubjectPublicKeyInfo, whole */
    struct slice san;        /* GeneralNames, whole; no data: not asked for */
    struct slice signature_algorithm, signature;
    /* Everything else that it asks for: extensions by OID contents, and attributes other than extensionRequest. */
    struct slice ignored[2 * PCAI_CSR_EXTENSIONS_MAX];
    size_t ignored_count;
};

/* PEM ("CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST", one block) or DER; PEM is decoded into work, which the slices
 * then point into and which the caller frees after them. Refused with CSR, saying what and where: size, bad base64, bad
 * DER, version other than 0, missing attributes [0], an attribute or extension twice, an extensionRequest without exactly
 * one value, unsorted attributes are let pass, trailing octets, an unreadable subject or SAN. */
int pcai_csr_read(struct slice in, struct buf *work, struct csr *csr, pca_error *err);
/* A CertificationRequestInfo, to be signed by the key; then wrapped by pcai_signed_write. asked: whose extensions are asked for; NULL:
 * no attributes. */
void pcai_csr_info(struct buf *out, struct slice subject, struct slice public_key, const struct certificate *asked);
/* The proof of possession: the signature by the key inside. CSR; ALGORITHM for a key that is not acceptable. */
int pcai_csr_verify(const struct csr *csr, int *key_algorithm, pca_error *err);

#endif
