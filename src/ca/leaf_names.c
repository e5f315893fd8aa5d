#include "ca/leaf_names.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "x509/certificate.h"

#define NAME_MAX_OCTETS 200
#define NAME_HASH 32
/* The common name, ten given names and the common name's own. */
#define NAMES_MAX (PCAI_SAN_MAX + 2)

struct names {
    struct row_key key[NAMES_MAX];
    size_t count;
};

/* 'N' ‖ name ‖ 00 ‖ sequence; of a long name the tail is its digest. */
static int add(struct names *names, struct slice text, uint64_t sequence, pca_error *err)
{
    struct row_key key = pcai_row_key();
    struct buf lower = {0};
    pcai_buf_slice(&lower, text);
    int rc = pcai_buf_check(&lower, err);
    if (rc != PCA_OK)
        return rc;
    pcai_lower_all((char *)lower.data, lower.size);
    pcai_row_key_bytes(&key, pcai_slice_text("N"));
    if (lower.size <= NAME_MAX_OCTETS) {
        pcai_row_key_bytes(&key, pcai_buf_view(&lower));
    } else {
        uint8_t digest[PCAI_DIGEST_MAX];
        rc = pcai_digest(PCAI_SHA256, pcai_buf_view(&lower), digest, err);
        pcai_row_key_bytes(&key, pcai_slice(lower.data, NAME_MAX_OCTETS - NAME_HASH));
        pcai_row_key_bytes(&key, pcai_slice(digest, NAME_HASH));
    }
    pcai_row_key_bytes(&key, pcai_slice("", 1));
    pcai_row_key_u64(&key, sequence);
    pcai_buf_free(&lower);
    for (size_t i = 0; i < names->count; i++)
        if (pcai_slice_equal(pcai_row_key_view(&names->key[i]), pcai_row_key_view(&key)))
            return rc;
    names->key[names->count++] = key;
    return rc;
}

static int collect(struct names *names, struct slice der, uint64_t sequence, pca_error *err)
{
    struct certificate c;
    struct name subject;
    struct general_name san[PCAI_SAN_MAX + 1];
    size_t count = 0, other = 0;
    names->count = 0;
    int rc = pcai_certificate_read(der, &c, err);
    if (rc != PCA_OK)
        return rc;
    if (pcai_name_read(c.subject, &subject) != 0 || (c.san.data && pcai_san_read(c.san, san, PCAI_SAN_MAX + 1, &count, &other) != 0))
        return pcai_fail(err, PCA_E_CORRUPT, NULL, NULL, "the names of a stored certificate cannot be read");
    struct slice cn = pcai_name_find(&subject, OID_COMMON_NAME);
    if (cn.data)
        rc = add(names, cn, sequence, err);
    for (size_t i = 0; rc == PCA_OK && i < count; i++) {
        struct buf text = {0};
        pcai_san_text(&san[i], &text);
        rc = pcai_buf_check(&text, err);
        if (rc == PCA_OK)
            rc = add(names, pcai_buf_view(&text), sequence, err);
        pcai_buf_free(&text);
    }
    return rc;
}

int pcai_leaf_names_put(struct txn *txn, struct slice der, uint64_t sequence, pca_error *err)
{
    struct names names;
    struct index_record empty = {0};
    int rc = collect(&names, der, sequence, err);
    for (size_t i = 0; rc == PCA_OK && i < names.count; i++)
        rc = pcai_record_put(txn, &pcai_name_type, pcai_row_key_view(&names.key[i]), &empty, err);
    return rc;
}

int pcai_leaf_names_delete(struct txn *txn, struct slice der, uint64_t sequence, pca_error *err)
{
    struct names names;
    int rc = collect(&names, der, sequence, err);
    for (size_t i = 0; rc == PCA_OK && i < names.count; i++) {
        rc = pcai_delete(txn, TABLE_NAME, pcai_row_key_view(&names.key[i]), err);
        if (rc == PCA_E_NOT_FOUND)
            rc = PCA_OK; /* destroyed is destroyed; the check of a region reports what is missing */
    }
    return rc;
}

int pcai_leaf_names_check(struct txn *txn, struct slice der, uint64_t sequence, uint64_t *rows, pca_error *err)
{
    struct names names;
    struct index_record record;
    int rc = collect(&names, der, sequence, err);
    for (size_t i = 0; rc == PCA_OK && i < names.count; i++) {
        rc = pcai_record_get(txn, &pcai_name_type, pcai_row_key_view(&names.key[i]), &record, err);
        if (rc == PCA_E_NOT_FOUND)
            return pcai_fail(err, PCA_E_CORRUPT, NULL, "names", "a name row of certificate %" PRIu64 " is missing", sequence);
        (*rows)++;
    }
    return rc;
}
