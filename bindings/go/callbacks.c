#include "callbacks.h"
#include "_cgo_export.h"

static int now(void *context, int64_t *seconds, pca_error *err)
{
    return pcaGoNow((uintptr_t)context, seconds, err);
}

static int write_piece(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    return pcaGoWrite((uintptr_t)context, (uint8_t *)data, size, err);
}

static int read_piece(void *context, uint8_t *buffer, size_t size, size_t *got, pca_error *err)
{
    return pcaGoRead((uintptr_t)context, buffer, size, got, err);
}

static int step(void *context, uint64_t done, uint64_t total, pca_error *err)
{
    return pcaGoStep((uintptr_t)context, done, total, err);
}

static pca_sink sink_of(uintptr_t handle)
{
    return (pca_sink){PCA_SINK_VERSION, (void *)handle, write_piece};
}

static pca_progress progress_of(uintptr_t handle)
{
    return (pca_progress){PCA_PROGRESS_VERSION, (void *)handle, step};
}

int pcaGo_set_clock(pca_config *config, uintptr_t handle)
{
    pca_clock table = {PCA_CLOCK_VERSION, (void *)handle, now};
    return pca_config_set_clock(config, &table);
}

int pcaGo_backup(pca_region *region, uintptr_t sink, uintptr_t progress, pca_error *err)
{
    pca_sink to = sink_of(sink);
    pca_progress steps = progress_of(progress);
    return pca_region_backup(region, &to, &steps, err);
}

int pcaGo_backup_write(pca_region *region, const char *path, uintptr_t progress, pca_error *err)
{
    pca_progress steps = progress_of(progress);
    return pca_region_backup_write(region, path, &steps, err);
}

int pcaGo_restore(const char *path, uintptr_t source, const pca_config *config, uintptr_t progress, pca_region **region, pca_error *err)
{
    pca_source from = {PCA_SOURCE_VERSION, (void *)source, read_piece};
    pca_progress steps = progress_of(progress);
    return pca_region_restore(path, &from, config, &steps, region, err);
}

int pcaGo_restore_read(const char *path, const char *backup, const pca_config *config, uintptr_t progress, pca_region **region, pca_error *err)
{
    pca_progress steps = progress_of(progress);
    return pca_region_restore_read(path, backup, config, &steps, region, err);
}

int pcaGo_compact(pca_region *region, const char *path, uintptr_t progress, pca_error *err)
{
    pca_progress steps = progress_of(progress);
    return pca_region_compact(region, path, &steps, err);
}

int pcaGo_crl_stream(const pca_ca *ca, uint64_t generation, int format, uintptr_t sink, pca_error *err)
{
    pca_sink to = sink_of(sink);
    return pca_ca_crl_stream_at(ca, generation, format, &to, err);
}
