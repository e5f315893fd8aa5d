/* What a region handle and every snapshot taken from it share: who may still call, and how a call runs a rule. */
#ifndef PCAI_SHELL_H
#define PCAI_SHELL_H

#include <pthread.h>
#include <sys/types.h>

#include "ca/context.h"
#include "ca/environment.h"
#include "ca/region.h"
#include "keys/container.h"

#define PCAI_ACTOR_MAX 128

struct shell {
    pthread_mutex_t lock;
    pthread_cond_t idle;
    unsigned references, calls;
    int closed, read_only;
    pid_t pid;
    struct store *store;
    struct environment *env;
    struct containers *containers;
    struct random *random;
    pca_clock clock;
    pca_entropy entropy;
    int has_clock, has_entropy, test_random;
    char actor[PCAI_ACTOR_MAX + 1];
    char id[PCAI_REGION_ID_MAX + 1];
};

struct pca_region {
    struct shell *shell;
};

struct shell *pcai_shell_new(pca_error *err);
struct shell *pcai_shell_share(struct shell *shell);
void pcai_shell_release(struct shell *shell);

/* Two handles of one region, both in use: CLOSED, FORKED; INVALID names the argument that the other came as. */
int pcai_shell_require_same(struct shell *shell, struct shell *other, const char *field, pca_error *err);

/* A call in progress: close waits for it. CLOSED, FORKED, or what the host's clock says. */
struct call {
    struct shell *shell;
    int64_t host;
};
int pcai_call_begin(struct shell *shell, struct call *call, pca_error *err);
void pcai_call_end(struct call *call);
/* The clock of a shell that is not in use yet. */
int pcai_call_clock(struct shell *shell, int64_t *now, pca_error *err);

/* READ_ONLY: the handle may not change anything. */
int pcai_call_require_write(const struct call *call, pca_error *err);
/* Runs a rule in a read transaction; in a write transaction that is committed. */
int pcai_call_read(struct call *call, rule run, void *arguments, pca_error *err);
int pcai_call_write(struct call *call, rule run, void *arguments, pca_error *err);
/* requests: how many certificate requests it stands for. */
int pcai_call_write_many(struct call *call, rule run, void *arguments, unsigned requests, pca_error *err);
/* Begin, write, end: a verb that is one rule. */
int pcai_verb_write(struct shell *shell, rule run, void *arguments, pca_error *err);
int pcai_verb_read(struct shell *shell, rule run, void *arguments, pca_error *err);

/* INVALID: an argument that must not be NULL is. */
int pcai_null(const char *argument, pca_error *err);

#endif
