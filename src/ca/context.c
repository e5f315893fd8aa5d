#include "ca/context.h"

#include "base/civil.h"
#include "base/memory.h"

static enum clock_fault judge(const struct context *cx)
{
    if (cx->host < PCA_RELEASE_DATE)
        return CLOCK_BEFORE_RELEASE;
    if (cx->host < cx->newest - pcai_policy(cx, POLICY_CLOCK_SLACK_SECONDS))
        return CLOCK_BEHIND;
    if (cx->newest && cx->host > cx->newest + pcai_policy(cx, POLICY_MAX_CLOCK_STEP_DAYS) * PCAI_DAY)
        return CLOCK_AHEAD;
    return CLOCK_FINE;
}

/* ---- Session ---- */

static int flush(struct txn *txn, void *session, pca_error *err)
{
    struct session *s = session;
    return s->grown ? pcai_frontier_write(txn, &s->frontier, err) : PCA_OK;
}

static const struct session_type session_type = {flush, pcai_free};

static int session_open(struct txn *txn, struct session **session, pca_error *err)
{
    *session = pcai_txn_session(txn);
    if (*session)
        return PCA_OK;
    struct session *s = pcai_alloc(sizeof *s);
    int rc = s ? pcai_policies_read(txn, &s->policies, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = pcai_log_end(txn, &s->log, &s->newest, err);
    if (rc == PCA_OK)
        rc = pcai_frontier_read(txn, &s->frontier, err);
    if (rc != PCA_OK) {
        pcai_free(s);
        return rc;
    }
    pcai_txn_set_session(txn, &session_type, s);
    *session = s;
    return PCA_OK;
}

/* ---- Context ---- */

static int read_session(struct txn *txn, struct context *cx, pca_error *err)
{
    int rc = session_open(txn, &cx->session, err);
    if (rc == PCA_OK) {
        cx->policies = cx->session->policies;
        cx->log = cx->session->log;
        cx->newest = cx->session->newest;
    }
    return rc;
}

int pcai_context_begin(struct txn *txn, int64_t host, const char *actor, struct context *cx, pca_error *err)
{
    *cx = (struct context){.host = host, .actor = actor};
    int rc;
    if (pcai_txn_is_write(txn)) {
        rc = read_session(txn, cx, err);
    } else {
        rc = pcai_policies_read(txn, &cx->policies, err);
        if (rc == PCA_OK)
            rc = pcai_log_end(txn, &cx->log, &cx->newest, err);
    }
    if (rc != PCA_OK)
        return rc;
    cx->fault = judge(cx);
    cx->now = cx->fault == CLOCK_AHEAD || host < cx->newest ? cx->newest : host;
    return PCA_OK;
}

void pcai_context_end(struct context *cx)
{
    pcai_arena_free(&cx->arena);
}

int pcai_clock_require(const struct context *cx, pca_error *err)
{
    char host[PCAI_TIME_TEXT], other[PCAI_TIME_TEXT];
    pcai_time_text(cx->host, host);
    switch (cx->fault) {
    case CLOCK_FINE:
        return PCA_OK;
    case CLOCK_BEFORE_RELEASE:
        pcai_time_text(PCA_RELEASE_DATE, other);
        return pcai_fail(err, PCA_E_CLOCK, "region", "clock", "the clock says %s, before this library was released (%s)", host, other);
    case CLOCK_BEHIND:
        pcai_time_text(cx->newest, other);
        return pcai_fail(err, PCA_E_CLOCK, "region", "clock",
                         "the clock says %s, more than %lld s (policy clock_slack_seconds) before the newest recorded time %s", host,
                         (long long)pcai_policy(cx, POLICY_CLOCK_SLACK_SECONDS), other);
    default:
        pcai_time_text(cx->newest, other);
        return pcai_fail(err, PCA_E_CLOCK, "region", "clock",
                         "the clock says %s, more than %lld days (policy max_clock_step_days) after the newest recorded time %s; "
                         "if it is right, accept it",
                         host, (long long)pcai_policy(cx, POLICY_MAX_CLOCK_STEP_DAYS), other);
    }
}

int pcai_clock_require_forward(const struct context *cx, pca_error *err)
{
    return cx->fault == CLOCK_AHEAD ? pcai_clock_require(cx, err) : PCA_OK;
}

int64_t pcai_policy(const struct context *cx, enum policy policy)
{
    return cx->policies.value[policy];
}

int pcai_region_read(struct txn *txn, struct region_record *region, pca_error *err)
{
    struct row_key key = pcai_key_text("region");
    int rc = pcai_record_get(txn, &pcai_region_type, pcai_row_key_view(&key), region, err);
    return rc == PCA_E_NOT_FOUND ? pcai_fail(err, PCA_E_CORRUPT, "region", NULL, "the store has no region record") : rc;
}

int pcai_rules_read(struct txn *txn, uint64_t *rules, pca_error *err)
{
    struct region_record region;
    int rc = pcai_region_read(txn, &region, err);
    if (rc == PCA_OK)
        *rules = region.rules;
    return rc;
}

int pcai_rules_raise(struct txn *txn, pca_error *err)
{
    struct region_record region;
    struct row_key key = pcai_key_text("region");
    int rc = pcai_region_read(txn, &region, err);
    if (rc != PCA_OK)
        return rc;
    region.rules++;
    return pcai_record_put(txn, &pcai_region_type, pcai_row_key_view(&key), &region, err);
}
