/* index.txt, the list that openssl ca and easy-rsa keep: a line a certificate, with tabs between
 *   V|R|E   end   revoked[,reason[,more]]   serial   file   subject
 * Dates are YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ. The third field is empty but for R. */
#ifndef INDEX_H
#define INDEX_H

#include <stddef.h>
#include <stdint.h>

struct entry {
    char flag;
    char serial[48]; /* hexadecimal */
    int64_t not_after;
    int64_t revoked_at;
    int reason;         /* a PCA_REASON_ value */
    int64_t invalidity; /* of keyTime and CAkeyTime; 0: not known */
    int changed;        /* the reason is one that libpca does not give, and became another */
};

/* NULL, or what is wrong with the line, which is cut in pieces. */
const char *index_parse(char *line, struct entry *entry);

#endif
