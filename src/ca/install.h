/* Writing a certificate beside its key in a container. */
#ifndef PCAI_INSTALL_H
#define PCAI_INSTALL_H

#include "ca/certificate.h"
#include "keys/container.h"

struct installation {
    uint64_t id;
    struct environment *env;
    struct containers *containers;
    struct random *random;
    const char *pin;
    /* what rules read */
    struct arena arena;
    struct cert_view view;
};
/* A read transaction, none, and a commit. */
int pcai_install_rules(struct txn *txn, struct context *cx, void *installation, pca_error *err);
int pcai_install_write(struct installation *installation, pca_error *err);
int pcai_install_record(struct txn *txn, struct context *cx, void *installation, pca_error *err);
/* The encryption key of a pair under the signing key of its owner: SM2EnvelopedKey. */
int pcai_pair_envelope(struct environment *env, struct random *random, const struct cert_view *view, struct buf *out, pca_error *err);
void pcai_installation_free(struct installation *installation);

#endif
