/*
 * A tree: a region with one root and one subordinate, and the files of it that judges read.
 *
 * DIR/NAME/ holds root.pem root.der sub.pem sub.der root.crl root.crl.pem sub.crl sub.crl.pem, and of each leaf
 * LEAF.pem LEAF.der LEAF.chain.pem (leaf, sub), LEAF.key where libpca made the key. The region itself is NAME/region.
 * manifest.tsv has a line per file and purpose:
 *   path
 *   role     root, sub, leaf or crl
 *   purpose  server, client; of a leaf neither, for one that must not pass as either, or - for one that is not asked about; else -
 *   name     host name, IP address or e-mail address that a verifier is to match, or -
 *   expect   ok, or revoked: it or the CA above is
 *   serial   as libpca tells it, or -
 *   reason   its own revocation's, RFC 5280's number, or -
 *   since    its invalidity date in seconds since 1970, or -
 */
#ifndef TESTS_JUDGES_TREE_H
#define TESTS_JUDGES_TREE_H

#include <stdint.h>
#include <stdio.h>

#include <pca/pca.h>

#define TREE_PATH 1024

/* How the subordinate came by its certificate: from the root; from another root, which is the tree's, as a cross-certificate; by a
 * CSR from the root of another region. */
enum way { BY_ROOT, BY_CROSS, BY_CSR };

struct tree {
    const char *name;
    enum way way;
    int family, algorithm; /* of both CAs */
    void (*constrain)(pca_request *sub); /* the subordinate's name constraints, or NULL */
    int64_t root_years, sub_years;
    uint64_t certificates;
    char directory[TREE_PATH / 2];
    FILE *manifest;
    pca_error *err;
    pca_config *config;
    pca_region *region, *other; /* where the leaves are, and the root where it is elsewhere */
    pca_root *root;
    pca_sub *sub;
    pca_blob *sub_pem, *sub_der;
    char sub_serial[64];
};

struct entry {
    const char *name, *suffix, *role, *purpose, *match, *expect, *serial;
    int reason; /* -1: none */
    int64_t since;
};

struct spki {
    uint8_t data[1024];
    size_t size;
};

/* Says why and ends the process with 1. */
void tree_stop(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void tree_need(const struct tree *t, int rc, const char *what);

/* Name, family, algorithm, years and certificates are set. */
void tree_open(struct tree *t, const char *parent);
void tree_close(struct tree *t);
void tree_list(struct tree *t, const struct entry *entry);
/* A CRL that is made now. */
void tree_write_crl(struct tree *t, const pca_ca *ca, const char *name);
void tree_write_leaf(struct tree *t, const pca_cert *cert, const char *name);
void tree_write_key(struct tree *t, const pca_cert *cert, const char *name);
/* The subjectPublicKeyInfo of a certificate. */
void tree_public_key(const struct tree *t, const pca_cert *cert, struct spki *spki);

/* Calls make with 0 to count - 1, each in a process of its own, two at a time, below a directory that may exist. Returns the
 * exit status: 0 if every one ended well. */
int tree_make_all(const char *directory, size_t count, void (*make)(const void *context, size_t index), const void *context);

#endif
