/* What the examples share: a CA in a directory of its own, which a program finds again whenever it starts. */
#ifndef EXAMPLES_CA_H
#define EXAMPLES_CA_H

#include <pca/driver.h>
#include <pca/pca.h>

struct ca {
    pca_error *err;
    pca_region *region;
    pca_root *root;
    pca_sub *sub;
};

/* The CA that is called NAME in DIR: opened, and what of it is not there yet is made. The program may be killed at any moment; the
 * next call goes on from there. DIR/root.pem is what others are told to trust. clock NULL: the system's. ca_close whatever it
 * answers. */
int ca_open(struct ca *ca, const char *dir, const char *name, const pca_clock *clock);
/* Buys certificates and assigns them to the subordinate, unless it has that many left. */
int ca_stock(struct ca *ca, uint64_t wanted);
/* Of the certificates of a type and a name that are not revoked, the one that ends last. NOT_FOUND. */
int ca_newest(struct ca *ca, int type, const char *name, pca_cert **cert);
/* A certificate for 90 days, its key made by libpca. */
int ca_issue(struct ca *ca, int type, const char *name, pca_cert **cert);
/* The newest; where there is none, or it has less than 30 days left at that time, the next one. */
int ca_current(struct ca *ca, int type, const char *name, int64_t now, pca_cert **cert);
/* A file is the old one or the new one at every moment. What is the same already is not written: flash wears out. changed may be NULL. */
struct piece {
    const void *data;
    size_t size;
};
int ca_write_file(struct ca *ca, const char *path, unsigned mode, const struct piece *pieces, size_t count, int *changed);
/* The same, but for many files: it is the caller who sees to it that they are on disk. */
int ca_place_file(struct ca *ca, const char *path, unsigned mode, const struct piece *pieces, size_t count, int *changed);
/* Says on stderr what went wrong, if anything did; the program's exit code. */
int ca_report(const struct ca *ca, const char *program, int rc);
void ca_close(struct ca *ca);

#endif
