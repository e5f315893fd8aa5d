/* Bytes handed out. */
#ifndef PCAI_BLOB_H
#define PCAI_BLOB_H

#include "base/buffer.h"

/* Takes the buffer's contents; the buffer is empty afterwards, whatever happens. */
int pcai_blob_take(struct buf *b, pca_blob **blob, pca_error *err);
/* A DER value as PCA_FORMAT_PEM, with that label, or PCA_FORMAT_DER; the first judges the format, of `what`. */
int pcai_blob_check_format(int format, const char *what, pca_error *err);
int pcai_blob_encode(int format, const char *label, struct slice der, pca_blob **blob, pca_error *err);

pca_files *pcai_files_new(void);
/* Takes the contents. NO_MEMORY. */
int pcai_files_add(pca_files *files, const char *name, int secret, struct buf *contents, pca_error *err);

#endif
