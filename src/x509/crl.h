/*
 * CRLs (RFC 5280 5), written in pieces so that a million entries need no million entries of memory:
 *
 *   CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue }
 *   tbsCertList = head ‖ entries ‖ tail, where the head must know the entries' length.
 */
#ifndef PCAI_CRL_H
#define PCAI_CRL_H

#include "x509/certificate.h"

struct crl {
    int signature_key;         /* the issuer's PCA_KEY_ */
    struct slice issuer;       /* Name, whole */
    int64_t this_update, next_update;
    struct slice authority_key_id;
    uint64_t number;
};
struct crl_entry {
    struct slice serial;   /* INTEGER contents */
    int64_t revoked_at;
    int reason;            /* PCA_REASON_; UNSPECIFIED is left out (RFC 5280 5.3.1) */
    int64_t invalidity;    /* 0: none */
};

/* revokedCertificates entry: SEQUENCE { userCertificate, revocationDate, crlEntryExtensions OPTIONAL }. */
void pcai_crl_entry_write(struct buf *out, const struct crl_entry *entry);
/* TBSCertList up to the first entry, given the length of all entries; with 0 the field is absent. */
void pcai_crl_head_write(struct buf *out, const struct crl *crl, uint64_t entries_size);
/* crlExtensions: authorityKeyIdentifier, cRLNumber. */
void pcai_crl_tail_write(struct buf *out, const struct crl *crl);
/* The header of the outer SEQUENCE, for a TBSCertList, whole, and what pcai_crl_signature_write makes, of those sizes. */
void pcai_crl_outer_write(struct buf *out, uint64_t tbs_size, size_t signature_size);
/* signatureAlgorithm and signatureValue, which follow the TBSCertList. */
void pcai_crl_signature_write(struct buf *out, const struct crl *crl, struct slice signature);

#endif
