#include "api/config.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define PASSPHRASE_MAX 1024

pca_config *pca_config_new(void)
{
    return pcai_alloc(sizeof(pca_config));
}

static void drop_secrets(pca_config *config)
{
    if (config->passphrase)
        pcai_wipe_free(config->passphrase, strlen(config->passphrase));
    config->passphrase = NULL;
    pcai_wipe(config->key, sizeof config->key);
}

void pca_config_free(pca_config *config)
{
    if (!config)
        return;
    drop_secrets(config);
    pcai_wipe_free(config, sizeof *config);
}

/* Keeps the first refusal. */
static int refuse(pca_config *config, int code, const char *field, const char *why)
{
    if (config->refusal.code == PCA_OK)
        pcai_fail(&config->refusal, code, "config", field, "%s", why);
    return config->refusal.code;
}

static int usable(pca_config *config)
{
    return config ? config->refusal.code : PCA_E_INVALID;
}

static int set_storage(pca_config *config, enum storage_kind kind, const char *field)
{
    if (config->storage && config->storage != kind)
        return refuse(config, PCA_E_INVALID, field, "a region has one storage key: a passphrase, a key, the host's wrapper, or none by name");
    drop_secrets(config);
    config->storage = kind;
    return PCA_OK;
}

int pca_config_set_passphrase(pca_config *config, const char *passphrase)
{
    int rc = usable(config);
    if (rc != PCA_OK)
        return rc;
    size_t size = passphrase ? strlen(passphrase) : 0;
    if (size == 0 || size > PASSPHRASE_MAX || !pcai_utf8_printable(pcai_slice(passphrase, size), NULL))
        return refuse(config, PCA_E_INVALID, "passphrase", "a passphrase has 1 to 1024 octets of UTF-8 without control characters");
    rc = set_storage(config, STORAGE_PASSPHRASE, "passphrase");
    if (rc == PCA_OK && !(config->passphrase = pcai_strdup(passphrase)))
        return refuse(config, PCA_E_NO_MEMORY, "passphrase", "out of memory");
    return rc;
}

int pca_config_set_key(pca_config *config, const uint8_t *key, size_t size)
{
    int rc = usable(config);
    if (rc != PCA_OK)
        return rc;
    if (!key || size != PCAI_SEAL_KEY)
        return refuse(config, PCA_E_INVALID, "key", "a storage key has 32 octets");
    rc = set_storage(config, STORAGE_KEY, "key");
    if (rc == PCA_OK)
        memcpy(config->key, key, size);
    return rc;
}

int pca_config_set_insecure_plain_keys(pca_config *config)
{
    int rc = usable(config);
    return rc == PCA_OK ? set_storage(config, STORAGE_PLAIN, "insecure_plain_keys") : rc;
}

int pca_config_set_key_wrapper(pca_config *config, const pca_key_wrapper *wrapper)
{
    int rc = usable(config);
    if (rc != PCA_OK)
        return rc;
    if (!wrapper || wrapper->version != PCA_KEY_WRAPPER_VERSION || !wrapper->wrap || !wrapper->unwrap)
        return refuse(config, PCA_E_INVALID, "key_wrapper", "the key wrapper is NULL, or its table has another version, or lacks a function");
    rc = set_storage(config, STORAGE_WRAPPER, "key_wrapper");
    if (rc == PCA_OK)
        config->wrapper = *wrapper;
    return rc;
}

int pca_config_set_clock(pca_config *config, const pca_clock *clock)
{
    int rc = usable(config);
    if (rc != PCA_OK)
        return rc;
    if (clock && (clock->version != PCA_CLOCK_VERSION || !clock->now))
        return refuse(config, PCA_E_INVALID, "clock", "the clock's table has another version, or no function");
    config->has_clock = clock != NULL;
    if (clock)
        config->clock = *clock;
    return PCA_OK;
}

static int set_entropy(pca_config *config, const pca_entropy *entropy, int test, const char *field)
{
    int rc = usable(config);
    if (rc != PCA_OK)
        return rc;
    if (entropy && (entropy->version != PCA_ENTROPY_VERSION || !entropy->fill))
        return refuse(config, PCA_E_INVALID, field, "the entropy's table has another version, or no function");
    config->has_entropy = entropy != NULL;
    config->test_random = entropy && test;
    if (entropy)
        config->entropy = *entropy;
    return PCA_OK;
}

int pca_config_set_entropy(pca_config *config, const pca_entropy *entropy)
{
    return set_entropy(config, entropy, 0, "entropy");
}

int pca_config_set_test_random(pca_config *config, const pca_entropy *random)
{
    return set_entropy(config, random, 1, "test_random");
}

static int is_driver(const pca_container_driver *d)
{
    return d->version == PCA_CONTAINER_DRIVER_VERSION && d->probe && d->open && d->generate && d->public_key && d->sign && d->close &&
           d->timeout_ms >= 1 && d->timeout_ms <= PCAI_CONTAINER_TIMEOUT_MAX && (d->sign_form == PCA_SIGN_DIGEST || d->sign_form == PCA_SIGN_MESSAGE);
}

int pca_config_add_container(pca_config *config, const char *name, const pca_container_driver *driver)
{
    int rc = usable(config);
    if (rc != PCA_OK)
        return rc;
    if (!name || !pcai_container_name_check(name))
        return refuse(config, PCA_E_INVALID, "container", "a container's name is 1 to 64 of a-z, 0-9 and -");
    if (!driver || !is_driver(driver))
        return refuse(config, PCA_E_INVALID, "container", "the driver's table has another version, lacks a function, or has a timeout or sign_form that is none");
    for (size_t i = 0; i < config->container_count; i++)
        if (strcmp(config->containers[i].name, name) == 0)
            return refuse(config, PCA_E_EXISTS, "container", "a driver has this name already");
    if (config->container_count == PCAI_CONTAINERS_MAX)
        return refuse(config, PCA_E_INVALID, "container", "a region has at most 16 drivers");
    struct container_entry *entry = &config->containers[config->container_count++];
    pcai_text_copy(entry->name, sizeof entry->name, name);
    entry->driver = *driver;
    return PCA_OK;
}

int pcai_actor_check(const char *actor)
{
    return strlen(actor) <= PCAI_ACTOR_MAX && pcai_utf8_printable(pcai_slice_text(actor), NULL);
}

int pca_config_set_actor(pca_config *config, const char *actor)
{
    int rc = usable(config);
    if (rc != PCA_OK)
        return rc;
    if (!actor || !pcai_actor_check(actor))
        return refuse(config, PCA_E_INVALID, "actor", PCAI_ACTOR_LIMIT);
    pcai_text_copy(config->actor, sizeof config->actor, actor);
    return PCA_OK;
}

int pca_config_set_map_limit(pca_config *config, uint64_t octets)
{
    int rc = usable(config);
    if (rc != PCA_OK)
        return rc;
    if (octets < (1u << 20) || octets % 4096)
        return refuse(config, PCA_E_INVALID, "map_limit", "a store's limit is at least 1048576 octets and a multiple of 4096");
    config->map_limit = octets;
    return PCA_OK;
}

int pca_config_set_read_only(pca_config *config)
{
    int rc = usable(config);
    if (rc == PCA_OK)
        config->read_only = 1;
    return rc;
}

int pcai_config_check(const pca_config *config, pca_error *err)
{
    if (config->refusal.code) {
        pcai_error_copy(err, &config->refusal);
        return config->refusal.code;
    }
    if (!config->storage)
        return pcai_fail(err, PCA_E_INVALID, "config", "key", "a storage key is needed: a passphrase, a key of 32 octets, a key wrapper, or insecure_plain_keys");
    return PCA_OK;
}

struct storage_key pcai_config_storage(const pca_config *config)
{
    struct storage_key key = {config->storage, {config->key, sizeof config->key}, &config->wrapper};
    if (config->storage == STORAGE_PASSPHRASE)
        key.secret = pcai_slice_text(config->passphrase);
    return key;
}
