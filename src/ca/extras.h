/* What only custom certificates bear: purposes, policies, extensions and subject attributes of the caller's. */
#ifndef PCAI_EXTRAS_H
#define PCAI_EXTRAS_H

#include "ca/request.h"

/* INVALID names the first that is there. */
int pcai_extras_refuse(const struct pca_request *request, const char *why, pca_error *err);
/* Each for itself and among its like. INVALID. */
int pcai_extras_check(const struct pca_request *request, pca_error *err);

#endif
