/* Client tokens: the same inputs give the first result for ever, other inputs TOKEN_REUSED (rules.md, Errors). */
#ifndef PCAI_TOKEN_H
#define PCAI_TOKEN_H

#include "ca/context.h"

#define PCAI_TOKEN_MAX 64

enum token_verb {
    TOKEN_PURCHASE = 1, TOKEN_RENEW, TOKEN_CERTIFICATES, TOKEN_ASSIGN, TOKEN_REQUEST, TOKEN_CA_REVOKE, TOKEN_REVOKE, TOKEN_SUB_PURCHASE,
    TOKEN_REVOKE_PRESENTED, TOKEN_REVOKE_SERIAL,
};

struct token {
    const char *text; /* NULL: none, and all of this does nothing */
    enum token_verb verb;
    uint64_t object;     /* what the verb was called on; 0: the region */
    uint8_t inputs[32];  /* digest of the caller's inputs */
};

int pcai_token_check(const char *text, pca_error *err);
/* Sets inputs to the digest of what the caller asked for. */
int pcai_token_inputs(struct token *token, struct slice inputs, pca_error *err);
/* 1 in *replayed and the result that was kept; TOKEN_REUSED. At most 4 numbers. */
int pcai_token_replay(struct txn *txn, const struct token *token, int *replayed, uint64_t results[4], pca_error *err);
int pcai_token_keep(struct txn *txn, const struct token *token, const uint64_t results[4], pca_error *err);

#endif
