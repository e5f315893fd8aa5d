/* Certificates that a CA issued before it came here: records without units. */
#ifndef PCAI_HISTORY_H
#define PCAI_HISTORY_H

#include "ca/revoke.h"

struct issued_import {
    struct presented presented;
    struct environment *env;
    int type, algorithm; /* PCA_CERT_; PCA_KEY_, 0: of a kind that is not used here */
    uint64_t sequence;
    int reserve; /* sequences run low */
    uint64_t reserved;
};
/* Before any transaction: reads the certificate. INVALID, NAME, SAN. Then pcai_presented_check, pcai_sequence_take, and: */
int pcai_issued_read(struct slice in, struct issued_import *import, pca_error *err);
/* EXISTS: its serial number is known, even where the certificate was deleted. Revoked already by its number: it is REVOKED. */
int pcai_issued_record(struct txn *txn, struct context *cx, void *import, pca_error *err);
void pcai_issued_free(struct issued_import *import, int recorded);

#endif
