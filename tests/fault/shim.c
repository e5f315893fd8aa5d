/*
 * Stands between a program and the system (LD_PRELOAD) wherever a file with the name data.mdb is written: counts, kills, fails, and
 * records. By environment:
 *
 *   PCA_SHIM_KILL=n    SIGKILL at the n-th write, sync or rename, from 1; a large write is cut in the middle first when n is even
 *   PCA_SHIM_FAIL=n,e  the n-th fails with errno e; with a + behind it, all from there on
 *   PCA_SHIM_TRACE=f   each write, sync and line on standard output goes to the file f, in order (crash.h)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "crash.h"

static atomic_long count;
static long kill_at, fail_from, fail_errno, fail_on;
static int trace = -1;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);

static void *next_of(const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol)
        _exit(99);
    return symbol;
}

__attribute__((constructor)) static void begin(void)
{
    const char *text;
    *(void **)&real_pwrite = next_of("pwrite");
    *(void **)&real_pwritev = next_of("pwritev");
    *(void **)&real_writev = next_of("writev");
    *(void **)&real_write = next_of("write");
    *(void **)&real_fdatasync = next_of("fdatasync");
    *(void **)&real_rename = next_of("rename");
    if ((text = getenv("PCA_SHIM_KILL")))
        kill_at = atol(text);
    if ((text = getenv("PCA_SHIM_FAIL"))) {
        char *rest;
        fail_from = strtol(text, &rest, 10);
        fail_errno = *rest == ',' ? strtol(rest + 1, &rest, 10) : EIO;
        fail_on = *rest == '+';
    }
    if ((text = getenv("PCA_SHIM_TRACE")))
        trace = open(text, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    unsetenv("LD_PRELOAD");
}

static int is_store(int fd)
{
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    return size >= 9 && memcmp(path + size - 9, "/data.mdb", 9) == 0;
}

static void record(enum trace_kind kind, uint64_t offset, const void *data, size_t size)
{
    struct trace_head head = {(uint32_t)kind, (uint32_t)size, offset};
    struct iovec v[2] = {{&head, sizeof head}, {(void *)(uintptr_t)data, size}};
    if (trace >= 0 && real_writev(trace, v, size ? 2 : 1) < 0)
        _exit(98);
}

/* 1: the call fails with errno set. *half: it is to be cut, and then the program dies. */
static int strike(int *half)
{
    long n = atomic_fetch_add(&count, 1) + 1;
    *half = kill_at && n == kill_at && n % 2 == 0;
    if (kill_at && n == kill_at && !*half)
        kill(getpid(), SIGKILL);
    if (!fail_from || (fail_on ? n < fail_from : n != fail_from))
        return 0;
    errno = (int)fail_errno;
    return 1;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static int is_synchronous(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_DSYNC);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    int half;
    if (!is_store(fd))
        return real_pwrite(fd, data, size, offset);
    if (strike(&half))
        return -1;
    if (half) {
        if (size > 4096) /* a sector is written or not; pages may be, one by one */
            real_pwrite(fd, data, size / 8192 * 4096, offset);
        die();
    }
    ssize_t done = real_pwrite(fd, data, size, offset);
    record(is_synchronous(fd) ? TRACE_SYNCED_WRITE : TRACE_WRITE, (uint64_t)offset, data, size);
    return done;
}

static void record_all(const struct iovec *v, int n, off_t offset)
{
    for (int i = 0; i < n; offset += (off_t)v[i].iov_len, i++)
        record(TRACE_WRITE, (uint64_t)offset, v[i].iov_base, v[i].iov_len);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t offset)
{
    int half;
    if (!is_store(fd))
        return real_pwritev(fd, v, n, offset);
    if (strike(&half))
        return -1;
    if (half) {
        if (n > 1)
            real_pwritev(fd, v, n / 2, offset);
        die();
    }
    ssize_t done = real_pwritev(fd, v, n, offset);
    record_all(v, n, offset);
    return done;
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    int half;
    if (!is_store(fd))
        return real_writev(fd, v, n);
    if (strike(&half))
        return -1;
    if (half) {
        if (n > 1)
            real_writev(fd, v, n / 2);
        die();
    }
    off_t offset = lseek(fd, 0, SEEK_CUR);
    ssize_t done = real_writev(fd, v, n);
    record_all(v, n, offset);
    return done;
}

/* The same where off_t has 32 bits: a test's store is smaller than these can say. */
ssize_t pwrite64(int fd, const void *data, size_t size, int64_t offset)
{
    return pwrite(fd, data, size, (off_t)offset);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, int64_t offset)
{
    return pwritev(fd, v, n, (off_t)offset);
}

int fdatasync(int fd)
{
    int half;
    if (!is_store(fd))
        return real_fdatasync(fd);
    if (strike(&half))
        return -1;
    if (half)
        die();
    int rc = real_fdatasync(fd);
    record(TRACE_SYNC, 0, NULL, 0);
    return rc;
}

int rename(const char *from, const char *to)
{
    int half;
    if (strike(&half))
        return -1;
    if (half)
        die();
    return real_rename(from, to);
}

/* What the program says it was told is done. */
ssize_t write(int fd, const void *data, size_t size)
{
    if (fd == 1)
        record(TRACE_SAID, 0, data, size);
    return real_write(fd, data, size);
}
