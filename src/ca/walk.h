/* Pages: the rows of one table in order of key, each from where the page before ended. A page's end is a text that says where:
 * the key of the last row that was looked at, so that rows which come and go meanwhile move no other. */
#ifndef PCAI_WALK_H
#define PCAI_WALK_H

#include "store/record.h"

#define PCAI_PAGE_MAX 1000
/* Rows that one page looks at. */
#define PCAI_EXAMINED_MAX 10000

/* A page's order is the first letter of the text: one that ended a page of another order is no place to go on from. */
enum order { ORDER_ID = 'i', ORDER_NAME = 'n', ORDER_CHANGE = 'c', ORDER_EXPIRY = 'e', ORDER_ISSUER = 's' };

/* The letter, the key beyond `fixed` in hexadecimal, a dot, the matches so far in decimal. */
#define PCAI_CURSOR_MAX 672
struct listing {
    const char *after; /* where the page before ended; "": from the start */
    uint64_t limit;    /* 0: nothing but a count */
    /* out */
    char next[PCAI_CURSOR_MAX]; /* "": nothing is left */
    uint64_t total;             /* matches, with those of the pages before; all of them when `exact` */
    int exact;
};

struct walk {
    enum table table;
    enum order order;
    struct row_key fixed; /* what all keys begin with and no cursor repeats */
    struct row_key range; /* what all keys begin with */
    struct row_key from;  /* where the first page begins; empty: at the range's start */
    struct row_key until; /* the first key beyond; empty: the range's end */
};

/* One row. *matched: it counts, and is on the page unless the limit is 0. */
typedef int (*walk_row)(struct txn *txn, void *state, struct slice key, struct slice value, int *matched, pca_error *err);
/* INVALID: a malformed `after`. */
int pcai_walk(struct txn *txn, const struct walk *walk, struct listing *listing, walk_row row, void *state, pca_error *err);

#endif
