/* Certificates (RFC 5280 4.1): built from a struct, wrapped with a signature, and read back. */
#ifndef PCAI_CERTIFICATE_H
#define PCAI_CERTIFICATE_H

#include "x509/name.h"
#include "x509/san.h"

/* KeyUsage named bits, by their number. */
enum {
    KU_DIGITAL_SIGNATURE = 1 << 0,
    KU_NON_REPUDIATION = 1 << 1,
    KU_KEY_ENCIPHERMENT = 1 << 2,
    KU_DATA_ENCIPHERMENT = 1 << 3,
    KU_KEY_AGREEMENT = 1 << 4,
    KU_KEY_CERT_SIGN = 1 << 5,
    KU_CRL_SIGN = 1 << 6,
};
#define PCAI_EKU_MAX 16
#define PCAI_EXTENSIONS_READ_MAX 64 /* in what others wrote */
#define PCAI_KEY_ID 20

struct certificate_policy {
    struct slice oid; /* contents */
    struct slice cps; /* URI of the practice statement; no data: none */
};
/* An extension whose contents the library does not make. */
struct extension_value {
    struct slice oid; /* contents */
    int critical;
    struct slice value; /* DER: the contents of extnValue */
};

struct certificate {
    struct slice serial;       /* INTEGER contents, positive */
    int signature_key;         /* writing: the issuer's PCA_KEY_ algorithm */
    struct slice issuer;       /* Name, whole */
    int64_t not_before, not_after;
    struct slice subject;      /* Name, whole */
    struct slice public_key;   /* SubjectPublicKeyInfo, whole */
    int is_ca;
    int path_length;           /* -1: none */
    unsigned key_usage;        /* KU_ bits */
    struct slice eku[PCAI_EKU_MAX]; /* OID contents */
    size_t eku_count;
    struct slice san;          /* GeneralNames, whole; no data: none. Critical when the subject is empty */
    struct slice subject_key_id, authority_key_id; /* no data: none */
    struct slice name_constraints; /* NameConstraints, whole; no data: none */
    struct slice crl_url, ocsp_url, issuer_url;    /* no data: none */
    const struct certificate_policy *policies;     /* writing only, as the next */
    size_t policy_count;
    const struct extension_value *extensions;
    size_t extension_count;
    /* reading only */
    struct slice tbs;              /* whole */
    struct slice signature_algorithm; /* AlgorithmIdentifier, whole, of the outer SEQUENCE */
    struct slice signature;
    struct slice critical;         /* OID contents of the first critical extension that is not read here; no data: none */
};

/* RFC 7093 2 (1): the leftmost 160 bits of the SHA-256 of the BIT STRING subjectPublicKey. */
int pcai_key_id(struct slice public_key, uint8_t id[PCAI_KEY_ID], pca_error *err);
/* Extensions, whole, as a certificate has them and a CSR asks for them. In this order: AKI, SKI, keyUsage, basicConstraints (CAs
 * only), nameConstraints, policies, EKU, SAN, CRL distribution point, AIA, those of the caller. basicConstraints, nameConstraints and
 * keyUsage critical. */
void pcai_extensions_write(struct buf *out, const struct certificate *c);
/* TBSCertificate, whole. */
int pcai_certificate_tbs(const struct certificate *c, struct buf *out, pca_error *err);
/* The same octets with another serial number and other dates. */
int pcai_certificate_fill(struct slice tbs, struct slice serial, int64_t not_before, int64_t not_after, struct buf *out, pca_error *err);
/* SEQUENCE { tbs, signatureAlgorithm, signature BIT STRING } for certificates, and for CRLs held in memory. */
void pcai_signed_write(struct buf *out, struct slice tbs, int signature_key, struct slice signature);
/* Strict; unknown extensions are skipped, each there once. CORRUPT. Slices point into der. */
int pcai_certificate_read(struct slice der, struct certificate *c, pca_error *err);
/* One that others made: PEM (one block) or DER, at most 64 KiB, of which a copy in DER is put into work, for the slices to point
 * into. INVALID, with the field "certificate". */
#define PCAI_CERTIFICATE_MAX 65536
int pcai_certificate_open(struct slice in, struct buf *work, struct certificate *c, pca_error *err);
/* Its signature, by the key of a SubjectPublicKeyInfo. CRYPTO: it was made by another, or by an algorithm that is not taken. */
int pcai_certificate_verify(const struct certificate *c, struct slice public_key, pca_error *err);

#endif
