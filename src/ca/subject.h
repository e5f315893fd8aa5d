/* Names of a certificate to be issued: subject and alternative names, from request, CSR and CA. */
#ifndef PCAI_SUBJECT_H
#define PCAI_SUBJECT_H

#include "ca/request.h"
#include "x509/csr.h"

struct subject {
    struct arena *arena; /* the caller's: what the rest points into */
    struct slice name;   /* Name, whole */
    struct general_name san[PCAI_SAN_MAX + 1];
    size_t san_count, given; /* given: without the common name's */
    int left_out;            /* the CSR has alternative names of kinds that are not issued */
    size_t own;              /* 1 + the place of the common name's; 0: it has none of its own */
    struct slice common_name; /* as it stands in the subject; no data: none */
};

/* csr may be NULL. defaults: the issuer's subject, whose O, OU, C, ST and L stand in where the request and the CSR give
 * none of the five. NAME, SAN. */
int pcai_subject_leaf(const struct pca_request *request, const struct csr *csr, struct slice defaults, struct subject *subject,
                      pca_error *err);
int pcai_subject_ca(const struct pca_request *request, const struct csr *csr, struct subject *subject, pca_error *err);

#endif
