/* CRLs, as other verbs make them. */
#ifndef PCAI_API_CRL_H
#define PCAI_API_CRL_H

#include "api/shell.h"
#include "ca/crl.h"

/* Makes the CRLs that are due, at most so many. One key that is out of reach keeps no other's CRL from being made; its error comes
 * in the end. */
int pcai_crl_make_due(struct call *call, uint64_t most, uint64_t *done, pca_error *err);

#endif
