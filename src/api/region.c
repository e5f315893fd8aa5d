#include <string.h>
#include <unistd.h>

#include "api/region.h"
#include "api/snapshot.h"
#include "base/memory.h"
#include "base/text.h"
#include "ca/intent.h"

/* ---- Create, open, close ---- */

int pcai_shell_prepare(const pca_config *config, struct shell **shell, pca_error *err)
{
    struct shell *s = pcai_shell_new(err);
    if (!s)
        return PCA_E_NO_MEMORY;
    s->clock = config->clock;
    s->has_clock = config->has_clock;
    s->entropy = config->entropy;
    s->has_entropy = config->has_entropy;
    s->test_random = config->test_random;
    s->read_only = config->read_only;
    pcai_text_copy(s->actor, sizeof s->actor, config->actor);
    int rc = pcai_random_new(config->has_entropy ? &config->entropy : NULL, config->test_random, &s->random, err);
    if (rc == PCA_OK)
        rc = pcai_containers_new(config->containers, config->container_count, &s->containers, err);
    if (rc == PCA_OK) {
        *shell = s;
        return rc;
    }
    pcai_random_free(s->random);
    pcai_shell_release(s);
    return rc;
}

void pcai_shell_drop(struct shell *shell)
{
    pcai_containers_release(shell->containers, shell->pid != getpid());
    pcai_store_close(shell->store);
    pcai_random_free(shell->random);
    shell->containers = NULL;
    shell->store = NULL;
    shell->random = NULL;
    pcai_shell_release(shell);
}

static int id_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    (void)cx;
    return pcai_region_id_read(txn, arguments, err);
}

/* Calls that died with a token: only those that are past their deadline, and not where the clock cannot be believed. */
static int resolve(struct shell *shell, struct call *call, pca_error *err)
{
    struct overdue overdue = {.most = UINT64_MAX, .left = 1};
    int any = 0, rc = shell->read_only ? PCA_OK : pcai_call_read(call, pcai_intents_any, &any, err);
    if (rc != PCA_OK || !any || pcai_call_clock(shell, &call->host, NULL) != PCA_OK)
        return rc;
    while (rc == PCA_OK && overdue.left)
        rc = pcai_call_write(call, pcai_intents_resolve, &overdue, err);
    if (rc == PCA_E_CLOCK)
        pca_error_clear(err);
    return rc == PCA_E_CLOCK ? PCA_OK : rc;
}

/* Proves the storage key; the region handle is made last. */
static int finish(struct shell *shell, const pca_config *config, pca_region **region, pca_error *err)
{
    struct storage_key storage = pcai_config_storage(config);
    struct call call = {shell, 0};
    pca_region *fresh = pcai_alloc(sizeof *fresh);
    int rc = fresh ? pcai_environment_open(shell->store, &storage, &shell->env, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = pcai_call_read(&call, id_rule, shell->id, err);
    if (rc == PCA_OK)
        rc = resolve(shell, &call, err);
    if (rc == PCA_OK) {
        fresh->shell = shell;
        *region = fresh;
    } else {
        pcai_free(fresh);
    }
    return rc;
}

/* The region key is drawn and wrapped before the transaction: a passphrase takes long. */
static int first_rows(struct shell *shell, const char *id, const pca_config *config, pca_error *err)
{
    struct region_create create = {.id = id};
    struct storage_key storage = pcai_config_storage(config);
    struct buf work = {0};
    struct call call = {.shell = shell};
    uint8_t region_key[PCAI_SEAL_KEY];
    int rc = pcai_region_key_make(shell->random, region_key, err);
    if (rc == PCA_OK)
        rc = pcai_region_key_wrap(&storage, shell->random, region_key, &create.storage, &work, err);
    pcai_wipe(region_key, sizeof region_key);
    if (rc == PCA_OK)
        rc = pcai_call_clock(shell, &call.host, err);
    if (rc == PCA_OK)
        rc = pcai_call_write(&call, pcai_region_create_rows, &create, err);
    pcai_buf_free(&work);
    return rc;
}

static int check_arguments(const char *path, const pca_config *config, pca_region **region, pca_error *err)
{
    pca_error_clear(err);
    if (!path || !config || !region)
        return pcai_null(!path ? "path" : !config ? "config" : "region", err);
    if (!*path)
        return pcai_fail(err, PCA_E_INVALID, "region", "path", "the path is empty");
    return pcai_config_check(config, err);
}

int pca_region_create(const char *path, const char *id, const pca_config *config, pca_region **region, pca_error *err)
{
    struct shell *shell = NULL;
    int rc = check_arguments(path, config, region, err);
    if (rc == PCA_OK)
        rc = id ? pcai_region_id_check(id, err) : pcai_null("id", err);
    if (rc == PCA_OK)
        rc = pcai_shell_prepare(config, &shell, err);
    if (rc != PCA_OK)
        return rc;
    struct store_options options = {config->map_limit, config->read_only};
    rc = pcai_store_create(path, &options, &shell->store, err);
    int made = rc == PCA_OK;
    if (rc == PCA_OK)
        rc = first_rows(shell, id, config, err);
    if (rc == PCA_OK)
        rc = finish(shell, config, region, err);
    if (rc == PCA_OK)
        return rc;
    pcai_shell_drop(shell);
    if (made)
        pcai_store_remove(path);
    return rc;
}

int pca_region_open(const char *path, const pca_config *config, pca_region **region, pca_error *err)
{
    struct shell *shell = NULL;
    int rc = check_arguments(path, config, region, err);
    if (rc == PCA_OK)
        rc = pcai_shell_prepare(config, &shell, err);
    if (rc != PCA_OK)
        return rc;
    struct store_options options = {config->map_limit, config->read_only};
    rc = pcai_store_open(path, &options, &shell->store, err);
    if (rc == PCA_OK)
        rc = finish(shell, config, region, err);
    if (rc != PCA_OK)
        pcai_shell_drop(shell);
    return rc;
}

/* A shell of its own, that shares the store. */
static int share(const struct shell *from, const char *actor, struct shell **shell, pca_error *err)
{
    struct shell *s = pcai_shell_new(err);
    if (!s)
        return PCA_E_NO_MEMORY;
    s->clock = from->clock;
    s->has_clock = from->has_clock;
    s->entropy = from->entropy;
    s->has_entropy = from->has_entropy;
    s->test_random = from->test_random;
    s->read_only = from->read_only;
    s->env = from->env;
    pcai_text_copy(s->actor, sizeof s->actor, actor);
    pcai_text_copy(s->id, sizeof s->id, from->id);
    int rc = pcai_random_new(s->has_entropy ? &s->entropy : NULL, s->test_random, &s->random, err);
    if (rc != PCA_OK) {
        pcai_shell_release(s);
        return rc;
    }
    pcai_store_share(from->store);
    s->store = from->store;
    s->containers = pcai_containers_share(from->containers);
    *shell = s;
    return PCA_OK;
}

int pca_region_as(pca_region *region, const char *actor, pca_region **view, pca_error *err)
{
    struct call call;
    struct shell *shell = NULL;
    pca_error_clear(err);
    if (!region || !actor || !view)
        return pcai_null(!region ? "region" : !actor ? "actor" : "view", err);
    int rc = pcai_actor_check(actor) ? PCA_OK : pcai_fail(err, PCA_E_INVALID, "call", "actor", "%s", PCAI_ACTOR_LIMIT);
    if (rc == PCA_OK)
        rc = pcai_call_begin(region->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    pca_region *fresh = pcai_alloc(sizeof *fresh);
    rc = fresh ? share(region->shell, actor, &shell, err) : pcai_no_memory(err);
    pcai_call_end(&call);
    if (rc == PCA_OK) {
        fresh->shell = shell;
        *view = fresh;
    } else {
        pcai_free(fresh);
    }
    return rc;
}

void pca_region_close(pca_region *region)
{
    if (!region)
        return;
    struct shell *shell = region->shell;
    if (shell->pid == getpid()) {
        pthread_mutex_lock(&shell->lock);
        shell->closed = 1;
        while (shell->calls)
            pthread_cond_wait(&shell->idle, &shell->lock);
        pthread_mutex_unlock(&shell->lock);
    }
    pcai_shell_drop(shell);
    pcai_free(region);
}

const char *pca_region_id(const pca_region *region)
{
    return region ? region->shell->id : "";
}

int pca_region_accept_clock(pca_region *region, pca_error *err)
{
    pca_error_clear(err);
    return region ? pcai_verb_write(region->shell, pcai_clock_accept, NULL, err) : pcai_null("region", err);
}

int pca_region_check(pca_region *region, pca_error *err)
{
    pca_error_clear(err);
    return region ? pcai_verb_read(region->shell, pcai_region_verify, NULL, err) : pcai_null("region", err);
}

/* ---- Policies ---- */

static int find_policy(const char *name, enum policy *policy, pca_error *err)
{
    *policy = pcai_policy_find(name);
    return *policy == POLICY_COUNT ? pcai_fail(err, PCA_E_NOT_FOUND, "region", "name", "there is no policy \"%s\"", name) : PCA_OK;
}

static int policy_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct policy_change *p = arguments;
    (void)txn, (void)err;
    p->value = pcai_policy(cx, p->policy);
    return PCA_OK;
}

int pca_region_policy_get(pca_region *region, const char *name, int64_t *value, pca_error *err)
{
    struct policy_change p = {0};
    pca_error_clear(err);
    if (!region || !name || !value)
        return pcai_null(!region ? "region" : !name ? "name" : "value", err);
    int rc = find_policy(name, &p.policy, err);
    if (rc == PCA_OK)
        rc = pcai_verb_read(region->shell, policy_rule, &p, err);
    if (rc == PCA_OK)
        *value = p.value;
    return rc;
}

int pca_region_policy_set(pca_region *region, const char *name, int64_t value, pca_error *err)
{
    struct policy_change p = {.value = value};
    pca_error_clear(err);
    if (!region || !name)
        return pcai_null(region ? "name" : "region", err);
    int rc = find_policy(name, &p.policy, err);
    return rc == PCA_OK ? pcai_verb_write(region->shell, pcai_policy_set, &p, err) : rc;
}

uint64_t pca_policy_count(void)
{
    return POLICY_COUNT;
}

int pca_policy_at(uint64_t index, const char **name, int64_t *default_value, int64_t *minimum, int64_t *maximum, const char **unit)
{
    if (index >= POLICY_COUNT)
        return PCA_E_NOT_FOUND;
    const struct policy_row *row = &pcai_policies[index];
    if (name)
        *name = row->name;
    if (default_value)
        *default_value = row->value;
    if (minimum)
        *minimum = row->minimum;
    if (maximum)
        *maximum = row->maximum;
    if (unit)
        *unit = row->unit;
    return PCA_OK;
}

const char *pca_policy_text(const char *name)
{
    enum policy policy = name ? pcai_policy_find(name) : POLICY_COUNT;
    return policy == POLICY_COUNT ? "" : pcai_policies[policy].text;
}

/* ---- Handles ---- */

typedef int (*loader)(struct call *call, uint64_t id, void *out, pca_error *err);

static int load_root(struct call *call, uint64_t id, void *out, pca_error *err)
{
    return pcai_root_load(call, id, out, err);
}

static int load_sub(struct call *call, uint64_t id, void *out, pca_error *err)
{
    return pcai_sub_load(call, id, out, err);
}

static int load_cert(struct call *call, uint64_t id, void *out, pca_error *err)
{
    return pcai_cert_load(call, id, out, err);
}

static int get(pca_region *region, uint64_t id, loader load, const char *noun, void *out, pca_error *err)
{
    struct call call;
    pca_error_clear(err);
    if (!region || !out)
        return pcai_null(region ? noun : "region", err);
    int rc = pcai_call_begin(region->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = load(&call, id, out, err);
    pcai_call_end(&call);
    return rc;
}

int pca_region_root_get(pca_region *region, uint64_t id, pca_root **root, pca_error *err)
{
    return get(region, id, load_root, "root", root, err);
}

int pca_region_sub_get(pca_region *region, uint64_t id, pca_sub **sub, pca_error *err)
{
    return get(region, id, load_sub, "sub", sub, err);
}

int pca_region_cert_get(pca_region *region, uint64_t id, pca_cert **cert, pca_error *err)
{
    return get(region, id, load_cert, "cert", cert, err);
}

struct alias_search {
    const char *alias;
    uint64_t id;
};

static int alias_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct alias_search *search = arguments;
    (void)cx;
    return pcai_alias_find(txn, search->alias, &search->id, err);
}

static int by_alias(pca_region *region, const char *alias, loader load, const char *noun, void *out, pca_error *err)
{
    struct alias_search search = {alias, 0};
    pca_error_clear(err);
    if (!region || !alias || !out)
        return pcai_null(!region ? "region" : !alias ? "alias" : noun, err);
    if (!*alias)
        return pcai_fail(err, PCA_E_INVALID, "region", "alias", "the alias is empty");
    int rc = pcai_alias_check(alias, err);
    if (rc == PCA_OK)
        rc = pcai_verb_read(region->shell, alias_rule, &search, err);
    return rc == PCA_OK ? get(region, search.id, load, noun, out, err) : rc;
}

int pca_region_root_by_alias(pca_region *region, const char *alias, pca_root **root, pca_error *err)
{
    return by_alias(region, alias, load_root, "root", root, err);
}

int pca_region_sub_by_alias(pca_region *region, const char *alias, pca_sub **sub, pca_error *err)
{
    return by_alias(region, alias, load_sub, "sub", sub, err);
}

int pca_region_roots(pca_region *region, const char *after, uint64_t limit, pca_page **page, pca_error *err)
{
    struct query query = {.roots = 1};
    pca_error_clear(err);
    if (!region || !page)
        return pcai_null(region ? "page" : "region", err);
    int rc = pcai_page_arguments(&query, after, limit, err);
    return rc == PCA_OK ? pcai_page_cas(region->shell, &query, page, err) : rc;
}
