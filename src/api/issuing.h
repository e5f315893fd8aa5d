/* Plans carried out: the steps of ca/plan.h, begun again while the rules change under them. */
#ifndef PCAI_ISSUING_H
#define PCAI_ISSUING_H

#include "api/snapshot.h"
#include "ca/plan.h"

/* A CA's first certificate, a further one, or one for a further key. parent: see plan.h. */
int pcai_certify_ca(const struct pca_ca *ca, enum ca_purpose purpose, uint64_t parent, const pca_request *request, pca_error *err);
/* subject: a CA of the same region; 0: the one of the certificate. format: PEM or DER. */
int pcai_cross_sign(const struct pca_ca *ca, uint64_t subject, struct slice certificate, int foreign, const pca_request *request, int format,
                    pca_blob **blob, pca_error *err);
int pcai_issue(const struct pca_ca *sub, const pca_request *request, pca_cert **cert, pca_error *err);
int pcai_issue_many(const struct pca_ca *sub, const pca_request *const *requests, size_t count, pca_results **results, pca_error *err);
/* A reviewer's, of the template with that digest. */
int pcai_approve(struct shell *shell, uint64_t id, const uint8_t digest[32], pca_error *err);
int pcai_check(const struct pca_ca *sub, const pca_request *request, pca_findings **findings, pca_error *err);
/* Into the slot of the request's container, with its PIN, unless somebody is; nothing where it has none. */
int pcai_log_in(struct containers *containers, const pca_request *request, pca_error *err);

#endif
