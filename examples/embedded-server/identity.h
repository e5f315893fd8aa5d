/* Who a TLS server is: a certificate and key out of the region, in mbedTLS's hands. */
#ifndef EXAMPLES_IDENTITY_H
#define EXAMPLES_IDENTITY_H

#include "../common/ca.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>

struct identity {
    const char *host;
    uint64_t cert; /* the id of the certificate in use; 0: none yet */
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_config tls;
    mbedtls_x509_crt own, root;
    mbedtls_pk_context key;
};

void identity_init(struct identity *id, const char *host);
/* Before each handshake. Where the region has another certificate for the host than the one in use, since that was revoked, came near
 * its end or has a successor, id->tls is made anew with it, and trusts the region's root: *fresh 1. */
int identity_take(struct identity *id, struct ca *ca, int *fresh);
void identity_free(struct identity *id);

#endif
