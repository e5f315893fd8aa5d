/* Key families: what a request that leaves the key open gets, and what a leaf's key is for. */
#ifndef PCAI_CA_FAMILY_H
#define PCAI_CA_FAMILY_H

#include <stdint.h>

struct family {
    int family; /* PCA_FAMILY_ */
    const char *name;
    int ca_key, leaf_key;     /* PCA_KEY_, the default */
    unsigned usage;           /* KU_ bits of every leaf */
    unsigned receiving_usage; /* and of those that others encrypt to: servers, e-mail addresses */
    unsigned pair_usage;      /* of the encryption key in a pair; 0: there are no pairs */
};

/* NULL when there is none. */
const struct family *pcai_family(uint64_t family);
/* "ECC"; "unknown". */
const char *pcai_family_name(uint64_t family);
/* The default key of a CA or a leaf, 0 when there is no such family. */
int pcai_family_key(uint64_t family, int is_ca);

#endif
