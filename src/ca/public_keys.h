/*
 * Public keys that are spoken for: those of CAs, always; those of certificates, while policy refuse_reused_key is on. A row's key
 * is the SHA-256 of the SubjectPublicKeyInfo.
 */
#ifndef PCAI_PUBLIC_KEYS_H
#define PCAI_PUBLIC_KEYS_H

#include "ca/context.h"

/* CSR: it is a CA's own key; or, under the policy, that of another subject or a compromised one. field: the request's. */
int pcai_public_key_check(struct txn *txn, const struct context *cx, struct slice public_key, struct slice subject, const char *field,
                          pca_error *err);
/* Is it that of a CA of the region? */
int pcai_public_key_of_ca(struct txn *txn, struct slice public_key, int *is_ca, pca_error *err);
/* Keeps whom a key was certified for first; without the policy only a CA's. */
int pcai_public_key_keep(struct txn *txn, const struct context *cx, struct slice public_key, struct slice subject, int is_ca, pca_error *err);
/* Of a CA's certificate (DER): CORRUPT without its row. */
int pcai_public_key_check_ca(struct txn *txn, struct slice certificate, pca_error *err);
/* Marks the key of a certificate (DER) that was revoked for compromise, under the policy. */
int pcai_public_key_compromised(struct txn *txn, const struct context *cx, struct slice certificate, pca_error *err);

#endif
