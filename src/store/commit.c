/*
 * Group commit, the one place that commits. Threads queue their changes; the first to arrive leads: it opens a write
 * transaction, applies its own change and those that are waiting or come meanwhile, commits once, tells each its result, and
 * hands leading to the oldest that waits. There is no thread of the library's own.
 */
#include "store/internal.h"

#define BATCH_REQUESTS 256   /* that one commit takes; a change is never split */
#define BATCH_OCTETS (1u << 20)
#define TRIES (BATCH_REQUESTS + 100) /* each without one that failed, or with more room than the one before */

enum waiting { WAITING, LEADING, DONE };
struct waiter {
    struct waiter *next;
    struct change *change;
    pca_error *err;
    int rc;
    enum waiting state;
    pthread_cond_t wake;
};

/* What one leader takes together, in order of arrival. */
struct batch {
    struct waiter *first, **end;
    unsigned requests;
};

static void batch_add(struct batch *batch, struct waiter *w)
{
    w->next = NULL;
    *batch->end = w;
    batch->end = &w->next;
    batch->requests += w->change->requests;
}

/* Out of the batch, with its result. */
static void settle(struct batch *batch, struct waiter *w, struct batch *settled, int rc)
{
    struct waiter **at = &batch->first;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (batch->end == &w->next)
        batch->end = at;
    batch->requests -= w->change->requests;
    w->rc = rc;
    batch_add(settled, w);
}

/* ---- The queue ---- */

int pcai_queue_init(struct queue *queue)
{
    *queue = (struct queue){.end = &queue->first};
    return pthread_mutex_init(&queue->lock, NULL);
}

void pcai_queue_destroy(struct queue *queue)
{
    pthread_mutex_destroy(&queue->lock);
}

/* The next that fits beside what the batch has; an empty batch takes any. */
static struct waiter *take(struct queue *queue, const struct batch *batch)
{
    pthread_mutex_lock(&queue->lock);
    struct waiter *w = queue->first;
    if (w && batch->first && batch->requests + w->change->requests > BATCH_REQUESTS)
        w = NULL;
    if (w) {
        queue->first = w->next;
        queue->waiting--;
        if (!queue->first)
            queue->end = &queue->first;
    }
    pthread_mutex_unlock(&queue->lock);
    return w;
}

/* Until it leads, or another has done the work. */
static void enqueue(struct queue *queue, struct waiter *me)
{
    pthread_mutex_lock(&queue->lock);
    *queue->end = me;
    queue->end = &me->next;
    queue->waiting++;
    if (!queue->led) {
        queue->led = 1;
        me->state = LEADING;
    }
    while (me->state == WAITING)
        pthread_cond_wait(&me->wake, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
}

static void hand_over(struct queue *queue, const struct batch *settled, const struct waiter *me)
{
    pthread_mutex_lock(&queue->lock);
    for (struct waiter *w = settled->first, *next; w; w = next) {
        next = w->next; /* once it is done, its thread may go away with it */
        w->state = DONE;
        if (w != me)
            pthread_cond_signal(&w->wake);
    }
    queue->led = queue->first != NULL;
    if (queue->led) {
        queue->first->state = LEADING;
        pthread_cond_signal(&queue->first->wake);
    }
    pthread_mutex_unlock(&queue->lock);
}

/* ---- Leading ---- */

/* Gives the transaction up. PCA_OK or PCAI_AGAIN: the batch may run again, without w unless the store found more room. */
static void give_up(struct txn *txn, struct batch *batch, struct waiter *w, struct batch *settled, int rc)
{
    int room = pcai_txn_undo(txn, w->err);
    if (room != PCAI_AGAIN)
        settle(batch, w, settled, room != PCA_OK ? room : rc);
}

/* One of the batch in the open transaction. A refusal that comes before the first put leaves nothing. 0: the transaction was given up,
 * since puts stand in it that may not stay, or since it needs more room. */
static int apply(struct txn *txn, struct batch *batch, struct waiter *w, struct batch *settled)
{
    uint64_t before = txn->changes;
    int rc = w->change->apply(txn, w->change, w->err), broken = rc != PCA_OK && (txn->full || txn->changes != before);
    if (broken)
        give_up(txn, batch, w, settled, rc);
    else if (rc != PCA_OK)
        settle(batch, w, settled, rc);
    return !broken;
}

/* Those of the batch once more, then what waits. 0: the transaction was given up; try again. */
static int fill(struct store *store, struct txn *txn, struct batch *batch, struct batch *settled)
{
    for (struct waiter *w = batch->first, *next; w; w = next) {
        next = w->next;
        if (!apply(txn, batch, w, settled))
            return 0;
    }
    for (struct waiter *w; txn->octets < BATCH_OCTETS && (w = take(&store->queue, batch)) != NULL;) {
        batch_add(batch, w);
        if (!apply(txn, batch, w, settled))
            return 0;
    }
    return 1;
}

static void settle_all(struct batch *batch, struct batch *settled, int rc, const pca_error *err)
{
    while (batch->first) {
        if (rc != PCA_OK)
            pcai_error_copy(batch->first->err, err);
        settle(batch, batch->first, settled, rc);
    }
}

/* A batch that is empty in the end leaves nothing to commit. */
static int attempt(struct store *store, struct batch *batch, struct batch *settled, pca_error *err)
{
    struct txn *txn;
    int rc = pcai_txn_write(store, &txn, err);
    if (rc != PCA_OK)
        return rc;
    if (!fill(store, txn, batch, settled))
        return PCAI_AGAIN;
    if (batch->first)
        return pcai_txn_commit(txn, err);
    pcai_txn_abort(txn);
    return PCA_OK;
}

static void lead(struct store *store, struct waiter *me)
{
    struct batch batch = {0}, settled = {0};
    pca_error err = {0};
    int rc = PCAI_AGAIN;
    batch.end = &batch.first;
    settled.end = &settled.first;
    batch_add(&batch, take(&store->queue, &batch));
    for (int tries = 0; rc == PCAI_AGAIN && tries < TRIES && (batch.first || tries == 0); tries++)
        rc = attempt(store, &batch, &settled, &err);
    if (rc == PCAI_AGAIN && batch.first)
        rc = pcai_fail(&err, PCA_E_BUSY, "store", NULL, "after %d tries, each with more room, the change still did not fit", TRIES);
    settle_all(&batch, &settled, rc, &err);
    hand_over(&store->queue, &settled, me);
}

int pcai_store_commit(struct store *store, struct change *change, pca_error *err)
{
    struct waiter me = {.change = change, .err = err};
    if (pthread_cond_init(&me.wake, NULL) != 0)
        return pcai_no_memory(err);
    enqueue(&store->queue, &me);
    if (me.state == LEADING)
        lead(store, &me);
    pthread_cond_destroy(&me.wake);
    return me.rc;
}
