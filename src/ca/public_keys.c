#include "ca/public_keys.h"

#include "crypto/crypto.h"
#include "x509/certificate.h"

#define DIGEST 32

struct digests {
    uint8_t key[PCAI_DIGEST_MAX], subject[PCAI_DIGEST_MAX];
};

static int digest_both(struct slice public_key, struct slice subject, struct digests *d, pca_error *err)
{
    int rc = pcai_digest(PCAI_SHA256, public_key, d->key, err);
    return rc == PCA_OK ? pcai_digest(PCAI_SHA256, subject, d->subject, err) : rc;
}

static int read_row(struct txn *txn, const struct digests *d, struct public_key_record *record, pca_error *err)
{
    return pcai_record_get(txn, &pcai_public_key_type, pcai_slice(d->key, DIGEST), record, err);
}

static int put_row(struct txn *txn, const struct digests *d, const struct public_key_record *record, pca_error *err)
{
    return pcai_record_put(txn, &pcai_public_key_type, pcai_slice(d->key, DIGEST), record, err);
}

int pcai_public_key_check(struct txn *txn, const struct context *cx, struct slice public_key, struct slice subject, const char *field,
                          pca_error *err)
{
    struct digests d;
    struct public_key_record held;
    int rc = digest_both(public_key, subject, &d, err);
    if (rc == PCA_OK)
        rc = read_row(txn, &d, &held, err);
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
    if (held.is_ca)
        return pcai_fail(err, PCA_E_CSR, "request", field, "the public key is that of a CA of this region");
    if (!pcai_policy(cx, POLICY_REFUSE_REUSED_KEY))
        return PCA_OK;
    if (held.compromised)
        return pcai_fail(err, PCA_E_CSR, "request", field, "a certificate of this public key was revoked because the key was compromised");
    if (!pcai_slice_equal(held.subject, pcai_slice(d.subject, DIGEST)))
        return pcai_fail(err, PCA_E_CSR, "request", field, "the public key was certified for another subject (policy refuse_reused_key)");
    return PCA_OK;
}

int pcai_public_key_keep(struct txn *txn, const struct context *cx, struct slice public_key, struct slice subject, int is_ca, pca_error *err)
{
    struct digests d;
    struct public_key_record held;
    if (!is_ca && !pcai_policy(cx, POLICY_REFUSE_REUSED_KEY))
        return PCA_OK;
    int rc = digest_both(public_key, subject, &d, err);
    if (rc == PCA_OK)
        rc = read_row(txn, &d, &held, err);
    if (rc == PCA_OK && is_ca && !held.is_ca) { /* a leaf's once */
        struct public_key_record taken = {.subject = pcai_slice(d.subject, DIGEST), .is_ca = 1, .compromised = held.compromised};
        return put_row(txn, &d, &taken, err);
    }
    if (rc != PCA_E_NOT_FOUND)
        return rc;
    held = (struct public_key_record){.subject = pcai_slice(d.subject, DIGEST), .is_ca = is_ca != 0};
    return put_row(txn, &d, &held, err);
}

int pcai_public_key_of_ca(struct txn *txn, struct slice public_key, int *is_ca, pca_error *err)
{
    struct digests d;
    struct public_key_record held = {.is_ca = 0};
    int rc = pcai_digest(PCAI_SHA256, public_key, d.key, err);
    if (rc == PCA_OK)
        rc = read_row(txn, &d, &held, err);
    *is_ca = held.is_ca != 0;
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_public_key_compromised(struct txn *txn, const struct context *cx, struct slice certificate, pca_error *err)
{
    struct certificate c;
    struct digests d;
    struct public_key_record held = {.is_ca = 0};
    if (!pcai_policy(cx, POLICY_REFUSE_REUSED_KEY))
        return PCA_OK;
    int rc = pcai_certificate_read(certificate, &c, err);
    if (rc == PCA_OK)
        rc = digest_both(c.public_key, c.subject, &d, err);
    if (rc == PCA_OK)
        rc = read_row(txn, &d, &held, err);
    if (rc == PCA_E_NOT_FOUND)
        rc = PCA_OK;
    struct public_key_record marked = {.subject = pcai_slice(d.subject, DIGEST), .is_ca = held.is_ca, .compromised = 1};
    return rc == PCA_OK ? put_row(txn, &d, &marked, err) : rc;
}

int pcai_public_key_check_ca(struct txn *txn, struct slice certificate, pca_error *err)
{
    struct certificate c;
    struct digests d;
    struct public_key_record held = {.is_ca = 0};
    int rc = pcai_certificate_read(certificate, &c, err);
    if (rc == PCA_OK)
        rc = digest_both(c.public_key, c.subject, &d, err);
    if (rc == PCA_OK)
        rc = read_row(txn, &d, &held, err);
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && !held.is_ca))
        return pcai_fail(err, PCA_E_CORRUPT, NULL, "public_key", "the row of a CA's public key is missing or wrong");
    return rc;
}
