/* CAs: their rows, the chain above them, the states that allow or forbid, and what roots and subordinates share. */
#ifndef PCAI_CA_H
#define PCAI_CA_H

#include "ca/context.h"
#include "ca/environment.h"
#include "keys/container.h"
#include "x509/certificate.h"

/* A root and seven CAs below it: verifiers stop at eight above a leaf. */
#define PCAI_CHAIN_MAX 8
/* A CA's CRL period unless it is told another. */
#define PCAI_CRL_DAYS 7

#define PCAI_OBJECT 40
/* "root 3", "sub 4", "cert 17". */
const char *pcai_ca_object(const struct ca_record *ca, char out[PCAI_OBJECT]);
const char *pcai_object(const char *noun, uint64_t id, char out[PCAI_OBJECT]);

/* What is put here names the log row that its verb will append next, as what last changed it. Slices are copied into the context's arena. NOT_FOUND fills err. */
int pcai_ca_read(struct txn *txn, struct context *cx, uint64_t id, struct ca_record *ca, pca_error *err);
int pcai_ca_put(struct txn *txn, const struct context *cx, const struct ca_record *ca, pca_error *err);
/* Likewise; a missing row reads as zeros. */
int pcai_quota_read(struct txn *txn, uint64_t ca, struct quota_record *quota, pca_error *err);
int pcai_quota_put(struct txn *txn, const struct context *cx, uint64_t ca, const struct quota_record *quota, pca_error *err);
int pcai_generation_read(struct txn *txn, struct context *cx, const struct ca_record *ca, uint64_t generation,
                         struct generation_record *record, pca_error *err);
int pcai_generation_put(struct txn *txn, uint64_t ca, uint64_t generation, const struct generation_record *record, pca_error *err);
/* The present certificate of a generation: a root's own, a subordinate's by its parent. */
int pcai_ca_cert_read(struct txn *txn, struct context *cx, const struct ca_record *ca, uint64_t generation, struct ca_cert_record *cert,
                      pca_error *err);
/* The generation of a CA whose key made a certificate's signature. NOT_FOUND leaves err as it is. */
int pcai_ca_signer(struct txn *txn, struct context *cx, const struct ca_record *ca, const struct certificate *c, uint64_t *generation,
                   pca_error *err);

/* The key of a generation: read in a transaction, and loaded after it, since unsealing one for the first time
 * draws random numbers, which may be the host's to give. */
struct ca_key {
    struct key_owner owner;
    struct slice sealed;
    struct key_place place; /* in a container, else driver is NULL */
    struct slice public_key;
};
struct random;
/* STATE where the key is not held here. */
int pcai_ca_key_read(struct txn *txn, struct arena *arena, const struct ca_record *ca, uint64_t generation, struct ca_key *key, pca_error *err);
/* Borrowed from the keyring, or from the containers. */
int pcai_ca_key_load(struct environment *env, struct containers *containers, struct random *random, const struct ca_key *from,
                     const struct key **key, pca_error *err);

/* A CA and those above it, the CA first and its root last. */
struct chain {
    struct ca_record ca[PCAI_CHAIN_MAX];
    size_t count;
};
int pcai_chain_read(struct txn *txn, struct context *cx, uint64_t id, struct chain *chain, pca_error *err);
/* The certificates from a generation of a CA up to the region's root's, each by the generation that signed the one before. */
struct chain_certs {
    struct slice der[PCAI_CHAIN_MAX];
    uint64_t ca[PCAI_CHAIN_MAX], parent[PCAI_CHAIN_MAX];
    size_t count;
    int external; /* the last is not self-signed: its issuer is a root elsewhere */
};
/* How many there are without the root, which clients hold. */
size_t pcai_chain_below_root(const struct chain_certs *certs);
int pcai_chain_certs(struct txn *txn, struct context *cx, uint64_t id, uint64_t generation, struct chain_certs *certs, pca_error *err);
/* Every CA from `first` up: ENABLED, certificate and term not over. Of several troubles in one CA the worst is reported:
 * revoked, certificate expired, term expired, disabled. The first CA's own: STATE or EXPIRED; an ancestor's: PARENT_STATE. */
int pcai_chain_require_usable(const struct chain *chain, size_t first, int64_t now, pca_error *err);
/* The time within which the certificates of the whole chain are valid, from `first` up. */
void pcai_chain_validity(const struct chain *chain, size_t first, int64_t *not_before, int64_t *not_after);
/* The path length that every CA from `first` up leaves to one below the first of them: -1: no CA may stand there;
 * PCAI_CHAIN_MAX: none of them sets a limit. *narrowest: the one that leaves least. */
int pcai_chain_room(const struct chain *chain, size_t first, size_t *narrowest);
/* The earliest end of a term in the chain, from `first` up; the fewest months of one. */
int64_t pcai_chain_service_end(const struct chain *chain, size_t first);
uint64_t pcai_chain_months(const struct chain *chain, size_t first);
/* A bought CA that has no certificate yet. STATE, EXPIRED. */
int pcai_ca_require_slot(const struct ca_record *ca, int64_t now, pca_error *err);
/* One CA: may it still sign CRLs and revoke? STATE before it is enabled, EXPIRED after the end of its certificate, that of
 * the generation where one is given. */
int pcai_ca_require_signing(const struct ca_record *ca, const struct generation_record *generation, int64_t now, pca_error *err);

int pcai_alias_check(const char *alias, pca_error *err);
/* Moves the alias row. EXISTS when another CA has the alias. */
int pcai_alias_set(struct txn *txn, struct ca_record *ca, const char *alias, pca_error *err);
/* The one row of a CA's alias begins so; its id follows. */
struct row_key pcai_alias_key(struct slice alias);
/* NOT_FOUND fills err. */
int pcai_alias_find(struct txn *txn, const char *alias, uint64_t *id, pca_error *err);

/* ---- Verbs of both kinds of CA ---- */

struct ca_verb {
    uint64_t id;
    const char *alias; /* set_alias */
};
int pcai_ca_disable(struct txn *txn, struct context *cx, void *arguments, pca_error *err);
int pcai_ca_resume(struct txn *txn, struct context *cx, void *arguments, pca_error *err);
int pcai_ca_set_alias(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

/* NULL and 0 leave as it is, "" takes away. */
struct ca_settings {
    uint64_t id;
    const char *crl_url, *ocsp_url, *issuer_url;
    uint64_t crl_days;
};
int pcai_ca_settings_check(const struct ca_settings *settings, pca_error *err);
int pcai_ca_set(struct txn *txn, struct context *cx, void *settings, pca_error *err);

#endif
