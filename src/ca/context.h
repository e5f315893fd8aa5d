/* The context of one verb inside one transaction: the time, the policies, who acts. Rules get it and commit nothing. What the
 * changes of one commit have in common is read once and kept in the transaction's session. */
#ifndef PCAI_CONTEXT_H
#define PCAI_CONTEXT_H

#include "base/arena.h"
#include "ca/log.h"
#include "ca/policy.h"

enum clock_fault { CLOCK_FINE, CLOCK_BEHIND, CLOCK_BEFORE_RELEASE, CLOCK_AHEAD };

struct context {
    int64_t host;   /* what the host's clock said */
    int64_t newest; /* the newest recorded time: that of the last log row */
    int64_t now;    /* what the verb goes by */
    enum clock_fault fault;
    uint64_t log; /* the last log row */
    const char *actor;
    struct policies policies;
    struct session *session; /* of a write transaction; NULL in a read transaction */
    struct arena arena; /* copies that live as long as the verb's transaction */
};

/* Read when the first change begins; written, where it is written, when the transaction commits. */
struct session {
    struct policies policies;
    uint64_t log; /* the last log row, and its time */
    int64_t newest;
    struct frontier frontier;
    int grown; /* the frontier is to be written */
};

/* A rule: reads and refuses before its first put. arguments: the verb's own struct, inputs and outputs. */
typedef int (*rule)(struct txn *txn, struct context *cx, void *arguments, pca_error *err);

int pcai_context_begin(struct txn *txn, int64_t host, const char *actor, struct context *cx, pca_error *err);
void pcai_context_end(struct context *cx);
/* CLOCK, unless the clock can be right. For every write but revoking. */
int pcai_clock_require(const struct context *cx, pca_error *err);
/* For CRLs: a clock that is behind is replaced by the newest recorded time; one far ahead is CLOCK. */
int pcai_clock_require_forward(const struct context *cx, pca_error *err);
/* Its id is borrowed from the transaction. CORRUPT when there is none. */
int pcai_region_read(struct txn *txn, struct region_record *region, pca_error *err);
/* The rules generation: read, and raised by every change of a CA or a policy. */
int pcai_rules_read(struct txn *txn, uint64_t *rules, pca_error *err);
int pcai_rules_raise(struct txn *txn, pca_error *err);

int64_t pcai_policy(const struct context *cx, enum policy policy);

#endif
