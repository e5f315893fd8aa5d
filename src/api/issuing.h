/* Plans carried out: the steps of ca/plan.h, begun again while the rules change under them. */
#ifndef PCAI_ISSUING_H
#define PCAI_ISSUING_H

#include "api/snapshot.h"

int pcai_enable(const struct pca_ca *ca, int is_root, const pca_request *request, pca_error *err);
int pcai_issue(const struct pca_ca *sub, const pca_request *request, pca_cert **cert, pca_error *err);
int pcai_issue_many(const struct pca_ca *sub, const pca_request *const *requests, size_t count, pca_results **results, pca_error *err);
int pcai_check(const struct pca_ca *sub, const pca_request *request, pca_findings **findings, pca_error *err);

#endif
