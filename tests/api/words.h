/*
 * The region in tests/vectors/backup, which libpca of 32-bit and of 64-bit words wrote (words_make.c): a P-256 root and its
 * subordinate of ten units, enabled at T0; a certificate for kept.internal and one for gone.internal; at WORDS_REVOKED the latter was
 * revoked, superseded, and the subordinate's CRL made.
 */
#ifndef PCA_TESTS_API_WORDS_H
#define PCA_TESTS_API_WORDS_H

#include "leaf.h"

#define WORDS_REVOKED (T0 + HOUR)
#define WORDS_LEFT 8

/* PEM, one after the other: root, subordinate, kept, gone. free() it. */
static inline char *words_certificates(struct fixture *f, const pca_cert *kept, const pca_cert *gone)
{
    pca_blob *blob[4] = {NULL};
    char *text = calloc(1, 16384);
    assert_non_null(text);
    assert_ok(f->err, pca_ca_certificate(pca_root_ca(f->root), PCA_FORMAT_PEM, &blob[0], f->err));
    assert_ok(f->err, pca_ca_certificate(pca_sub_ca(f->sub), PCA_FORMAT_PEM, &blob[1], f->err));
    assert_ok(f->err, pca_cert_pem(kept, &blob[2], f->err));
    assert_ok(f->err, pca_cert_pem(gone, &blob[3], f->err));
    for (size_t i = 0; i < COUNT(blob); i++) {
        size_t used = strlen(text), size = pca_blob_size(blob[i]);
        assert_true(used + size < 16384);
        memcpy(text + used, pca_blob_data(blob[i]), size);
        pca_blob_free(blob[i]);
    }
    return text;
}

#endif
