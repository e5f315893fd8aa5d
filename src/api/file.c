#include "api/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/* ".NAME.XXXXXX" in the same directory. */
static char *temporary_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct buf name = {0};
    size_t size, directory = slash ? (size_t)(slash - path) + 1 : 0;
    pcai_buf_put(&name, path, directory);
    pcai_buf_format(&name, ".%s.XXXXXX", path + directory);
    return (char *)pcai_buf_take(&name, &size);
}

int pcai_file_stage(struct staged_file *file, const char *path, unsigned mode, pca_error *err)
{
    *file = (struct staged_file){.fd = -1, .path = pcai_strdup(path)};
    char *temporary = temporary_name(path);
    if (!file->path || !temporary) {
        pcai_free(temporary);
        return pcai_no_memory(err);
    }
    file->fd = mkstemp(temporary);
    if (file->fd < 0) {
        int error = errno;
        pcai_free(temporary);
        return pcai_fail_errno(err, error, "file", "write %s", path);
    }
    file->temporary = temporary;
    fcntl(file->fd, F_SETFD, FD_CLOEXEC);
    return fchmod(file->fd, (mode_t)mode) == 0 ? PCA_OK : pcai_fail_errno(err, errno, "file", "write %s", path);
}

int pcai_file_write(struct staged_file *file, struct slice data, pca_error *err)
{
    size_t done = 0;
    while (done < data.size) {
        ssize_t wrote = write(file->fd, data.data + done, data.size - done);
        if (wrote < 0 && errno != EINTR)
            return pcai_fail_errno(err, errno, "file", "write %s", file->path);
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return PCA_OK;
}

int pcai_file_settle(struct staged_file *file, pca_error *err)
{
    int failed = fsync(file->fd) != 0, error = errno;
    if (close(file->fd) != 0 && !failed) {
        failed = 1;
        error = errno;
    }
    file->fd = -1;
    return failed ? pcai_fail_errno(err, error, "file", "write %s", file->path) : PCA_OK;
}

int pcai_file_publish(struct staged_file *file, pca_error *err)
{
    if (rename(file->temporary, file->path) != 0)
        return pcai_fail_errno(err, errno, "file", "write %s", file->path);
    pcai_free(file->temporary);
    file->temporary = NULL;
    char *slash = strrchr(file->path, '/');
    if (slash)
        slash[slash == file->path] = 0;
    int fd = open(slash ? file->path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    return PCA_OK;
}

void pcai_file_drop(struct staged_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    if (file->temporary)
        unlink(file->temporary);
    pcai_free(file->temporary);
    pcai_free(file->path);
    *file = (struct staged_file){.fd = -1};
}
