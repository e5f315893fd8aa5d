/* Java's key store of old (JKS version 2): one private key and its chain. */
#ifndef PCAI_JKS_H
#define PCAI_JKS_H

#include "x509/oid.h"

#define PCAI_JKS_SALT 20

struct jks {
    const char *alias;        /* lower case, as Java looks it up */
    int64_t created;          /* seconds since 1970 */
    struct slice private_key; /* PrivateKeyInfo */
    const struct slice *certificates; /* the key's own first */
    size_t count;
    struct slice password; /* UTF-8; opens the store and the key */
    uint8_t salt[PCAI_JKS_SALT];
};

int pcai_jks_write(const struct jks *jks, struct buf *out, pca_error *err);

#endif
