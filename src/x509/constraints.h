/*
 * Name constraints (RFC 5280 4.2.1.10): subtrees given as text, written, read, and names held against them. In doubt a name lies
 * in what is excluded and outside of what is permitted.
 */
#ifndef PCAI_CONSTRAINTS_H
#define PCAI_CONSTRAINTS_H

#include "x509/san.h"

#define PCAI_SUBTREES_MAX 64        /* that a request may give, permitted and excluded ones */
#define PCAI_SUBTREES_READ_MAX 1024 /* in what others wrote */

struct subtree {
    int excluded;
    int type;          /* GeneralName's tag number: PCA_SAN_, or one that is never issued */
    struct slice base; /* contents; of a directoryName the Name, whole */
    int bounded;       /* reading only: a minimum other than 0, or a maximum, which nobody can process */
};

/* Appends the base that a text means. INVALID.
 * DNS "example.com": it and all below. IP "10.0.0.0/8", "2001:db8::/32". E-mail "ada@example.com", "example.com" for that
 * host's, ".example.com" for those of the hosts below. URI "www.example.com", ".example.com" likewise. Directory: RFC 4514. */
int pcai_subtree_parse(int type, struct slice text, const char *field, struct buf *out, pca_error *err);
/* "DNS example.com". */
void pcai_subtree_text(const struct subtree *subtree, struct buf *out);

/* NameConstraints, whole. */
void pcai_constraints_write(struct buf *out, const struct subtree *subtrees, size_t count);

/* Walking over NameConstraints, whole. */
struct subtrees {
    struct der lists, at;
    int excluded, malformed;
    size_t count;
};
struct subtrees pcai_subtrees(struct slice constraints);
/* 1, 0 at the end, -1 when malformed or more than PCAI_SUBTREES_READ_MAX. */
int pcai_subtree_next(struct subtrees *at, struct subtree *subtree);
/* Can all be walked over, and is there one? */
int pcai_constraints_are_sound(struct slice constraints);

/* Host of "scheme://user@host:port/path"; no data when there is none that is a name. */
struct slice pcai_uri_host(struct slice uri);
/* A name as a certificate bears it, a Name whole for PCA_SAN_DIRECTORY. 1: allowed. 0: refused by *by, an excluded subtree that
 * it lies in, or a permitted one of its kind when it lies in none. -1: the constraints are malformed. */
int pcai_constraints_allow(struct slice constraints, const struct general_name *name, struct subtree *by);

/* The names that constraints bear upon (RFC 5280 4.2.1.10, 6.1.3): a subject that is not empty, its e-mail addresses, the
 * alternative names, and where no DNS name is among those a common name that reads as one of several labels, as OpenSSL has it; and
 * one with an asterisk or a dot at its end, which OpenSSL does not hold against constraints, and yet matches hosts by. */
struct constrained {
    struct slice subject; /* Name, whole */
    struct slice san;     /* GeneralNames, whole; no data: none */
    int is_ca;            /* its common name is no host */
};
struct violation {
    struct subtree by;
    char field[32];    /* "subject", "san[2]", "common_name" */
    size_t san;        /* which of the alternative names; SIZE_MAX: another name */
    struct general_name name;
};
/* PCA_OK, CONSTRAINT with *violation, CORRUPT when the constraints, NAME when a name cannot be read. */
int pcai_constraints_check(struct slice constraints, const struct constrained *names, struct violation *violation);

#endif
