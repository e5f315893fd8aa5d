#include "cli.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* ---- Interrupts ---- */

static volatile sig_atomic_t noted;

static void note(int signal)
{
    (void)signal;
    noted = 1;
}

void interrupts_note(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int interrupted(void)
{
    return noted;
}

/* ---- A bar ---- */

int progress(void *context, uint64_t done, uint64_t total, pca_error *err)
{
    enum { WIDTH = 40 };
    static const char bar[] = "########################################";
    static uint64_t shown = UINT64_MAX;
    const char *what = context;
    if (noted) {
        pca_error_set(err, PCA_E_CANCELLED, 0, "interrupted");
        return PCA_E_CANCELLED;
    }
    uint64_t percent = total ? done * 100 / total : done;
    if (!isatty(STDERR_FILENO) || percent == shown)
        return PCA_OK;
    shown = percent;
    if (total)
        fprintf(stderr, "\r%s [%-*.*s] %3" PRIu64 "%%%s", what, WIDTH, (int)(percent * WIDTH / 100), bar, percent, done >= total ? "\n" : "");
    else
        fprintf(stderr, "\r%s %" PRIu64, what, done);
    return PCA_OK;
}

/* ---- Seconds ---- */

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    const char *what; /* NULL: nothing is under way */
} busy = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};

static void *count_seconds(void *nothing)
{
    struct timespec next;
    unsigned seconds = 0;
    (void)nothing;
    clock_gettime(CLOCK_REALTIME, &next);
    pthread_mutex_lock(&busy.lock);
    while (busy.what) {
        next.tv_sec++;
        while (busy.what && pthread_cond_timedwait(&busy.ended, &busy.lock, &next) == 0)
            ;
        if (busy.what)
            fprintf(stderr, "\r%s %u s", busy.what, ++seconds);
    }
    pthread_mutex_unlock(&busy.lock);
    if (seconds)
        fputc('\n', stderr);
    return NULL;
}

void busy_begin(const char *what)
{
    if (!isatty(STDERR_FILENO))
        return;
    busy.what = what;
    if (pthread_create(&busy.thread, NULL, count_seconds, NULL) != 0)
        busy.what = NULL;
}

void busy_end(void)
{
    if (!busy.what)
        return;
    pthread_mutex_lock(&busy.lock);
    busy.what = NULL;
    pthread_cond_signal(&busy.ended);
    pthread_mutex_unlock(&busy.lock);
    pthread_join(busy.thread, NULL);
}
