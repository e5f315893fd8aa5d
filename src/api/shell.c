#include "api/shell.h"

#include <time.h>
#include <unistd.h>

#include "base/memory.h"

struct shell *pcai_shell_new(pca_error *err)
{
    struct shell *shell = pcai_alloc(sizeof *shell);
    if (!shell) {
        pcai_no_memory(err);
        return NULL;
    }
    shell->references = 1;
    shell->pid = getpid();
    pthread_mutex_init(&shell->lock, NULL);
    pthread_cond_init(&shell->idle, NULL);
    return shell;
}

struct shell *pcai_shell_share(struct shell *shell)
{
    pthread_mutex_lock(&shell->lock);
    shell->references++;
    pthread_mutex_unlock(&shell->lock);
    return shell;
}

/* A child takes no lock: another thread of its parent may have held it. */
void pcai_shell_release(struct shell *shell)
{
    int forked = shell->pid != getpid();
    if (!forked)
        pthread_mutex_lock(&shell->lock);
    unsigned left = --shell->references;
    if (!forked)
        pthread_mutex_unlock(&shell->lock);
    if (left)
        return;
    if (!forked) {
        pthread_mutex_destroy(&shell->lock);
        pthread_cond_destroy(&shell->idle);
    }
    pcai_wipe_free(shell, sizeof *shell);
}

int pcai_call_clock(struct shell *shell, int64_t *now, pca_error *err)
{
    struct timespec system;
    if (!shell->has_clock) {
        if (clock_gettime(CLOCK_REALTIME, &system) != 0)
            return pcai_fail(err, PCA_E_CLOCK, "region", "clock", "the system's clock cannot be read");
        *now = (int64_t)system.tv_sec;
        return PCA_OK;
    }
    int rc = shell->clock.now(shell->clock.context, now, err);
    return rc == PCA_OK ? rc : pcai_fail_host(err, rc, PCA_E_CLOCK, "region", "clock");
}

/* So many more calls are in progress. */
static int enter(struct shell *shell, unsigned calls, pca_error *err)
{
    if (shell->pid != getpid())
        return pcai_fail(err, PCA_E_FORKED, "region", NULL, "a child process may not use its parent's region; open it anew");
    pthread_mutex_lock(&shell->lock);
    int closed = shell->closed;
    shell->calls += closed ? 0 : calls;
    pthread_mutex_unlock(&shell->lock);
    return closed ? pcai_fail(err, PCA_E_CLOSED, "region", NULL, "the region has been closed") : PCA_OK;
}

int pcai_shell_require_same(struct shell *shell, struct shell *other, const char *field, pca_error *err)
{
    int rc = enter(shell, 0, err);
    if (rc == PCA_OK)
        rc = enter(other, 0, err);
    if (rc == PCA_OK && shell->store != other->store)
        rc = pcai_fail(err, PCA_E_INVALID, "call", field, "it is of another region");
    return rc;
}

int pcai_call_begin(struct shell *shell, struct call *call, pca_error *err)
{
    call->shell = shell;
    call->host = 0;
    int rc = enter(shell, 1, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_call_clock(shell, &call->host, err);
    if (rc != PCA_OK)
        pcai_call_end(call);
    return rc;
}

void pcai_call_end(struct call *call)
{
    struct shell *shell = call->shell;
    pthread_mutex_lock(&shell->lock);
    if (--shell->calls == 0)
        pthread_cond_broadcast(&shell->idle);
    pthread_mutex_unlock(&shell->lock);
}

int pcai_call_require_write(const struct call *call, pca_error *err)
{
    return call->shell->read_only ? pcai_fail(err, PCA_E_READ_ONLY, "region", NULL, "the region was opened read-only") : PCA_OK;
}

/* ---- Rules in transactions ---- */

static int run_rule(struct txn *txn, struct call *call, rule run, void *arguments, pca_error *err)
{
    struct context cx;
    int rc = pcai_context_begin(txn, call->host, call->shell->actor, &cx, err);
    if (rc == PCA_OK) {
        rc = run(txn, &cx, arguments, err);
        pcai_context_end(&cx);
    }
    return rc;
}

int pcai_call_read(struct call *call, rule run, void *arguments, pca_error *err)
{
    struct txn *txn = NULL;
    int rc = pcai_txn_read(call->shell->store, &txn, err);
    if (rc == PCA_OK)
        rc = run_rule(txn, call, run, arguments, err);
    pcai_txn_abort(txn);
    return rc;
}

struct rule_change {
    struct change change;
    struct call *call;
    rule run;
    void *arguments;
};

static int apply(struct txn *txn, struct change *change, pca_error *err)
{
    struct rule_change *c = (struct rule_change *)change;
    return run_rule(txn, c->call, c->run, c->arguments, err);
}

int pcai_call_write(struct call *call, rule run, void *arguments, pca_error *err)
{
    return pcai_call_write_many(call, run, arguments, 1, err);
}

int pcai_call_write_many(struct call *call, rule run, void *arguments, unsigned requests, pca_error *err)
{
    struct rule_change change = {.change = {apply, requests}, .call = call, .run = run, .arguments = arguments};
    int rc = pcai_call_require_write(call, err);
    return rc == PCA_OK ? pcai_store_commit(call->shell->store, &change.change, err) : rc;
}

static int verb(struct shell *shell, int write, rule run, void *arguments, pca_error *err)
{
    struct call call;
    int rc = pcai_call_begin(shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = write ? pcai_call_write(&call, run, arguments, err) : pcai_call_read(&call, run, arguments, err);
    pcai_call_end(&call);
    return rc;
}

int pcai_verb_write(struct shell *shell, rule run, void *arguments, pca_error *err)
{
    return verb(shell, 1, run, arguments, err);
}

int pcai_verb_read(struct shell *shell, rule run, void *arguments, pca_error *err)
{
    return verb(shell, 0, run, arguments, err);
}

int pcai_null(const char *argument, pca_error *err)
{
    return pcai_fail(err, PCA_E_INVALID, "call", argument, "%s is NULL", argument);
}
