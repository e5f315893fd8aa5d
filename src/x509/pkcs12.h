/* PFX (PKCS#12, RFC 7292): one private key and its certificates under a password. */
#ifndef PCAI_PKCS12_H
#define PCAI_PKCS12_H

#include "x509/pbe.h"

#define PCAI_PKCS12_CERTIFICATES 16

/* ---- Writing ---- */

struct pkcs12_seed {
    struct pbe_seed key, certificates;
    uint8_t mac_salt[PCAI_PBE_SALT];
};

struct pkcs12_contents {
    struct slice private_key;         /* PrivateKeyInfo */
    const struct slice *certificates; /* the key's own first, then upward */
    size_t count;
    struct slice name;     /* friendlyName, UTF-8 */
    struct slice password; /* UTF-8 */
    int legacy; /* 0: AES-256 and HMAC-SHA256. 1: triple DES and HMAC-SHA1, for readers that know nothing newer */
};

int pcai_pkcs12_write(const struct pkcs12_contents *contents, const struct pkcs12_seed *seed, struct buf *out, pca_error *err);

/* ---- Reading ---- */

#define PCAI_PKCS12_MAX (1u << 20)

struct pkcs12 {
    struct buf private_key; /* PrivateKeyInfo, as pcai_pkcs8_copy gives it; empty: there is none */
    struct buf octets;      /* of the certificates, one after the other */
    struct slice certificates[PCAI_PKCS12_CERTIFICATES]; /* in the order of the file */
    size_t count;
};

/* DER, or BER as NSS writes it, at most 1 MiB; at most one key and 16 certificates, encrypted as pcai_pbe_decrypt knows or plain; the MAC (SHA-1,
 * SHA-256, SHA-384, SHA-512) is required and checked first. Secrets, CRLs and nested bags are refused. INVALID, with the
 * field "password" when it does not open with that one; UNSUPPORTED: another encryption or MAC. */
int pcai_pkcs12_open(struct slice in, struct slice password, struct pkcs12 *out, pca_error *err);
void pcai_pkcs12_free(struct pkcs12 *pkcs12);

#endif
