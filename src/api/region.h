/* Opening a region, shared with those who make one. */
#ifndef PCAI_API_REGION_H
#define PCAI_API_REGION_H

#include "api/config.h"

/* A shell as the config asks for it, without a store. */
int pcai_shell_prepare(const pca_config *config, struct shell **shell, pca_error *err);
/* Gives back its store and its generator, and the shell's own reference. */
void pcai_shell_drop(struct shell *shell);

#endif
