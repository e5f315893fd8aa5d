// The tables of driver.h whose functions are Go's: the context is a cgo.Handle, and so is a session.
#ifndef PCA_GO_CALLBACKS_H
#define PCA_GO_CALLBACKS_H

#include <pca/driver.h>
#include <stdlib.h>

int pcaGo_set_clock(pca_config *config, uintptr_t handle);
int pcaGo_set_entropy(pca_config *config, uintptr_t handle);
int pcaGo_set_test_random(pca_config *config, uintptr_t handle);
int pcaGo_set_key_wrapper(pca_config *config, uintptr_t handle);
int pcaGo_add_container(pca_config *config, const char *name, uint32_t max_sessions, uint32_t timeout_ms, int sign_form, uintptr_t handle);
int pcaGo_backup(pca_region *region, uintptr_t sink, uintptr_t progress, pca_error *err);
int pcaGo_backup_write(pca_region *region, const char *path, uintptr_t progress, pca_error *err);
int pcaGo_restore(const char *path, uintptr_t source, const pca_config *config, uintptr_t progress, pca_region **region, pca_error *err);
int pcaGo_restore_read(const char *path, const char *backup, const pca_config *config, uintptr_t progress, pca_region **region, pca_error *err);
int pcaGo_compact(pca_region *region, const char *path, uintptr_t progress, pca_error *err);
int pcaGo_crl_stream(const pca_ca *ca, uint64_t generation, int format, uintptr_t sink, pca_error *err);

#endif
