/* CAs that come from elsewhere: with certificate and key, or with a certificate for a key that is here. */
#ifndef PCAI_IMPORT_H
#define PCAI_IMPORT_H

#include "base/arena.h"
#include "ca/ca.h"
#include "ca/environment.h"
#include "x509/pkcs12.h"

#define PCAI_IMPORT_PASSWORD_MAX 1024

/* The builder. */
struct pca_import {
    pca_error refusal;
    struct arena arena;
    struct slice certificate, key, pfx; /* as given */
    struct slice password;              /* no data: none */
    int key_elsewhere;
    uint64_t next_crl_number; /* 0: unset */
};

/*
 * A certificate that a bought CA adopts. Its steps, in order:
 *
 *   arguments   before any transaction: the files, and whether the certificate is a CA's
 *   key         no transaction: the private key is the certificate's, and is sealed
 *   rules       in a read transaction: state, family, time, issuer
 *   proof       no transaction: the certificate is for the key that waits with a CSR
 *   record      in the commit, under the same rules generation, else PCAI_AGAIN: the rows
 */
struct adoption {
    /* given */
    uint64_t ca;
    struct environment *env;
    struct random *random;
    int accept; /* for a CSR that was made here */
    /* arguments */
    uint64_t next_crl_number;
    struct buf work, pkcs8;
    struct pkcs12 pfx;
    struct slice der;
    struct certificate certificate;
    int algorithm;
    /* key */
    struct buf sealed;
    /* rules */
    struct arena arena;
    uint64_t rules;
    int again; /* a further certificate for the CA's present key */
    struct ca_record self;
    struct ca_cert_record cert;
    struct key_record pending; /* the key that waits */
    int64_t service_end;
};

int pcai_import_arguments(const struct pca_import *import, struct adoption *adoption, pca_error *err);
int pcai_accept_arguments(struct slice certificate, struct adoption *adoption, pca_error *err);
int pcai_adoption_key(struct adoption *adoption, pca_error *err);
int pcai_adoption_rules(struct txn *txn, struct context *cx, void *adoption, pca_error *err);
int pcai_adoption_proof(struct adoption *adoption, pca_error *err);
int pcai_adoption_record(struct txn *txn, struct context *cx, void *adoption, pca_error *err);
/* Frees what `rules` made, so that it can run again. */
void pcai_adoption_reset(struct adoption *adoption);
void pcai_adoption_free(struct adoption *adoption);

/* Is it the certificate of a CA that may stand in a chain: CA, keyCertSign, cRLSign, nothing critical that is not enforced, a
 * subject that can be read, a key that is strong enough, whose algorithm it gives? INVALID, CONSTRAINT, NAME, ALGORITHM. */
int pcai_foreign_ca_check(const struct certificate *c, struct slice der, const char *object, int *algorithm, pca_error *err);

/*
 * A CSR, for a CA to be signed elsewhere: a bought one, whose key is made and waits with it, or one that is enabled, for the key
 * that it has. Steps: arguments, rules (read), make, record (commit) as above.
 */
struct csr_making {
    /* given */
    uint64_t ca;
    const struct pca_request *request;
    struct environment *env;
    struct containers *containers;
    struct random *random;
    /* rules */
    struct arena arena;
    uint64_t rules;
    int again; /* for the present key */
    int algorithm;
    struct slice subject;
    struct slice key_id; /* of the present key */
    int path_length;
    struct ca_key held;
    int64_t service_end;
    /* make */
    struct key *key;                      /* made by the library */
    char key_name[PCAI_KEY_NAME_MAX + 1]; /* or in a container */
    struct buf container_key;             /* its public half, which outlives another attempt */
    struct buf sealed, der;
};
int pcai_csr_arguments(struct csr_making *making, pca_error *err);
int pcai_csr_rules(struct txn *txn, struct context *cx, void *making, pca_error *err);
int pcai_csr_make(struct csr_making *making, pca_error *err);
int pcai_csr_record(struct txn *txn, struct context *cx, void *making, pca_error *err);
/* Frees what the steps made, so that they can run again. */
void pcai_csr_reset(struct csr_making *making);
void pcai_csr_free(struct csr_making *making);

#endif
