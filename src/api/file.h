/* Files that appear whole or not at all: written beside their place, synced, renamed. */
#ifndef PCAI_FILE_H
#define PCAI_FILE_H

#include "base/buffer.h"

struct staged_file {
    char *path, *temporary; /* NULL temporary: nothing staged */
    int fd;
};

int pcai_file_stage(struct staged_file *file, const char *path, unsigned mode, pca_error *err);
int pcai_file_write(struct staged_file *file, struct slice data, pca_error *err);
/* To disk, still under its temporary name. */
int pcai_file_settle(struct staged_file *file, pca_error *err);
/* Into its place. */
int pcai_file_publish(struct staged_file *file, pca_error *err);
/* Takes away what was not published. */
void pcai_file_drop(struct staged_file *file);

#endif
