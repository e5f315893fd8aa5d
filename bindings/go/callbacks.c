#include "callbacks.h"
#include "_cgo_export.h"

static int now(void *context, int64_t *seconds, pca_error *err)
{
    return pcaGoNow((uintptr_t)context, seconds, err);
}

static int fill(void *context, uint8_t *buffer, size_t size, pca_error *err)
{
    return pcaGoFill((uintptr_t)context, buffer, size, err);
}

static int wrap(void *context, const uint8_t *key, size_t size, uint8_t *wrapped, size_t capacity, size_t *wrapped_size, pca_error *err)
{
    size_t room = capacity;
    int rc = pcaGoWrap((uintptr_t)context, (uint8_t *)key, size, wrapped, &room, err);
    if (rc == PCA_OK)
        *wrapped_size = room;
    return rc;
}

static int unwrap(void *context, const uint8_t *wrapped, size_t wrapped_size, uint8_t *key, size_t size, pca_error *err)
{
    return pcaGoUnwrap((uintptr_t)context, (uint8_t *)wrapped, wrapped_size, key, size, err);
}

static int probe(void *context, const char *slot, int *present, pca_error *err)
{
    return pcaGoProbe((uintptr_t)context, (char *)slot, present, err);
}

static int open_session(void *context, const char *slot, const char *pin, void **session, pca_error *err)
{
    uintptr_t handle = 0;
    int rc = pcaGoOpen((uintptr_t)context, (char *)slot, (char *)pin, &handle, err);
    if (rc == PCA_OK)
        *session = (void *)handle;
    return rc;
}

static int generate(void *session, const char *key, int algorithm, pca_error *err)
{
    return pcaGoGenerate((uintptr_t)session, (char *)key, algorithm, err);
}

static int public_key(void *session, const char *key, uint8_t *out, size_t *size, pca_error *err)
{
    return pcaGoPublicKey((uintptr_t)session, (char *)key, out, size, err);
}

static int sign(void *session, const char *key, int algorithm, const uint8_t *data, size_t data_size, uint8_t *signature, size_t *size,
                pca_error *err)
{
    return pcaGoSign((uintptr_t)session, (char *)key, algorithm, (uint8_t *)data, data_size, signature, size, err);
}

static int import_certificate(void *session, const char *key, int use, const uint8_t *der, size_t size, pca_error *err)
{
    return pcaGoImportCertificate((uintptr_t)session, (char *)key, use, (uint8_t *)der, size, err);
}

static int import_enveloped(void *session, const char *key, const uint8_t *envelope, size_t size, pca_error *err)
{
    return pcaGoImportEnveloped((uintptr_t)session, (char *)key, (uint8_t *)envelope, size, err);
}

static void close_session(void *session)
{
    pcaGoClose((uintptr_t)session);
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

int pcaGo_set_entropy(pca_config *config, uintptr_t handle)
{
    pca_entropy table = {PCA_ENTROPY_VERSION, (void *)handle, fill};
    return pca_config_set_entropy(config, &table);
}

int pcaGo_set_test_random(pca_config *config, uintptr_t handle)
{
    pca_entropy table = {PCA_ENTROPY_VERSION, (void *)handle, fill};
    return pca_config_set_test_random(config, &table);
}

int pcaGo_set_key_wrapper(pca_config *config, uintptr_t handle)
{
    pca_key_wrapper table = {PCA_KEY_WRAPPER_VERSION, (void *)handle, wrap, unwrap};
    return pca_config_set_key_wrapper(config, &table);
}

int pcaGo_add_container(pca_config *config, const char *name, uint32_t max_sessions, uint32_t timeout_ms, int sign_form, uintptr_t handle)
{
    pca_container_driver table = {
        PCA_CONTAINER_DRIVER_VERSION, max_sessions, timeout_ms, sign_form, (void *)handle, probe, open_session, generate, public_key, sign,
        import_certificate, import_enveloped, close_session,
    };
    return pca_config_add_container(config, name, &table);
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
