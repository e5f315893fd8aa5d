#include "keys/container.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/text.h"

#define PUBLIC_MAX 1024
#define SIGNATURE_MAX 1024
/* How many calls of its driver an operation may take, before it is taken for dead. */
#define CALLS 8

struct container {
    struct container_entry entry;
    unsigned sessions;
};

struct session {
    struct containers *containers;
    struct container *container;
    void *handle;
};

/* A session that stays. */
struct login {
    struct login *next;
    char *slot;
    struct session *session;
    struct container *container;
    /* under the containers' lock */
    unsigned users;
    int leaving;
    int taken; /* by one thread, the only one that the driver sees in the session meanwhile */
    pthread_t by;
};

/* What errors name: "container NAME". */
#define OBJECT 80
static const char *object_of(const char *driver, char out[OBJECT])
{
    snprintf(out, OBJECT, "container %s", driver);
    return out;
}

/* A key in a slot, and how it signs. */
struct held_key {
    struct held_key *next;
    struct containers *containers;
    struct container *container;
    char *slot, *name;
    char object[OBJECT];
    struct key *key;
};

struct containers {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned references;
    struct login *logins;
    struct held_key *keys;
    size_t count;
    struct container at[PCAI_CONTAINERS_MAX];
};

int pcai_container_name_check(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return size >= 1 && size <= PCAI_CONTAINER_NAME_MAX && !name[size];
}

int pcai_containers_new(const struct container_entry *entries, size_t count, struct containers **containers, pca_error *err)
{
    pthread_condattr_t attributes;
    struct containers *c = pcai_alloc(sizeof *c);
    if (!c || pthread_mutex_init(&c->lock, NULL) != 0) {
        pcai_free(c);
        return pcai_no_memory(err);
    }
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&c->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    c->references = 1;
    c->count = count;
    for (size_t i = 0; i < count; i++)
        c->at[i].entry = entries[i];
    *containers = c;
    return PCA_OK;
}

struct containers *pcai_containers_share(struct containers *containers)
{
    pthread_mutex_lock(&containers->lock);
    containers->references++;
    pthread_mutex_unlock(&containers->lock);
    return containers;
}

static void login_free(struct login *login)
{
    pcai_free(login->slot);
    pcai_free(login);
}

void pcai_containers_release(struct containers *c, int forked)
{
    if (!c)
        return;
    if (!forked)
        pthread_mutex_lock(&c->lock);
    unsigned left = --c->references;
    if (!forked)
        pthread_mutex_unlock(&c->lock);
    if (left)
        return;
    for (struct held_key *k = c->keys, *next; k; k = next) {
        next = k->next;
        pcai_key_free(k->key);
        pcai_free(k->slot);
        pcai_free(k->name);
        pcai_free(k);
    }
    for (struct login *l = c->logins, *next; l; l = next) {
        next = l->next;
        if (!forked)
            pcai_session_close(l->session);
        else
            pcai_free(l->session);
        login_free(l);
    }
    if (!forked) {
        pthread_mutex_destroy(&c->lock);
        pthread_cond_destroy(&c->changed);
    }
    pcai_free(c);
}

static int find(struct containers *c, const char *driver, struct container **container, pca_error *err)
{
    char object[OBJECT];
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->at[i].entry.name, driver) == 0) {
            *container = &c->at[i];
            return PCA_OK;
        }
    }
    return pcai_fail(err, PCA_E_DEVICE, object_of(driver, object), "driver", "no driver of that name is registered");
}

/* A driver's failure, in an error that was clear when it was called. */
static int failed(const struct container *container, int rc, pca_error *err, pca_error *own, const char *what)
{
    char object[OBJECT];
    rc = pcai_fail_host(own, rc, PCA_E_DEVICE, object_of(container->entry.name, object), what);
    if (!*own->field)
        pcai_error_name_field(own, what);
    pcai_error_copy(err, own);
    return rc;
}

int pcai_container_key_name(struct random *random, char name[PCAI_KEY_NAME_MAX + 1], pca_error *err)
{
    uint8_t octets[16];
    int rc = pcai_random_bytes(random, octets, sizeof octets, err);
    memcpy(name, "pca-", 4);
    pcai_hex(octets, sizeof octets, name + 4);
    return rc;
}

/* ---- Sessions ---- */

int pcai_container_probe(struct containers *c, const struct key_place *place, pca_error *err)
{
    char object[OBJECT];
    struct container *container = NULL;
    pca_error own = {0};
    int present = 0, rc = find(c, place->driver, &container, err);
    if (rc != PCA_OK)
        return rc;
    rc = container->entry.driver.probe(container->entry.driver.context, place->slot, &present, &own);
    if (rc != PCA_OK)
        return failed(container, rc, err, &own, "driver");
    return present ? PCA_OK : pcai_fail(err, PCA_E_DEVICE, object_of(place->driver, object), "slot", "there is no token in slot \"%s\"", place->slot);
}

int64_t pcai_container_patience(struct containers *c, const char *driver)
{
    struct container *container = NULL;
    return find(c, driver, &container, NULL) == PCA_OK ? (int64_t)container->entry.driver.timeout_ms * CALLS / 1000 + 1 : 0;
}

static void after(uint32_t milliseconds, struct timespec *at)
{
    clock_gettime(CLOCK_MONOTONIC, at);
    at->tv_sec += milliseconds / 1000;
    at->tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (at->tv_nsec >= 1000000000) {
        at->tv_sec++;
        at->tv_nsec -= 1000000000;
    }
}

/* How long an operation may take, all calls of its driver together. */
static void after_patience(const struct container *container, struct timespec *at)
{
    after(container->entry.driver.timeout_ms * CALLS, at);
}

/* One of the sessions that the driver bears. */
static int take_place(struct containers *c, struct container *container, pca_error *err)
{
    char object[OBJECT];
    struct timespec until;
    uint32_t most = container->entry.driver.max_sessions;
    int waited = 0;
    after(container->entry.driver.timeout_ms, &until);
    pthread_mutex_lock(&c->lock);
    while (most && container->sessions >= most && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&c->changed, &c->lock, &until);
    int full = most && container->sessions >= most;
    container->sessions += !full;
    pthread_mutex_unlock(&c->lock);
    return full ? pcai_fail(err, PCA_E_BUSY, object_of(container->entry.name, object), "max_sessions", "all %u sessions that the driver bears stayed in use", most)
                : PCA_OK;
}

static void give_place(struct containers *c, struct container *container)
{
    pthread_mutex_lock(&c->lock);
    container->sessions--;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

int pcai_session_open(struct containers *c, const struct key_place *place, const char *pin, struct session **session, pca_error *err)
{
    struct container *container = NULL;
    pca_error own = {0};
    int rc = find(c, place->driver, &container, err);
    if (rc == PCA_OK)
        rc = take_place(c, container, err);
    if (rc != PCA_OK)
        return rc;
    struct session *fresh = pcai_alloc(sizeof *fresh);
    if (!fresh) {
        give_place(c, container);
        return pcai_no_memory(err);
    }
    *fresh = (struct session){c, container, NULL};
    rc = container->entry.driver.open(container->entry.driver.context, place->slot, pin ? pin : "", &fresh->handle, &own);
    if (rc == PCA_OK) {
        *session = fresh;
        return rc;
    }
    rc = failed(container, rc, err, &own, rc == PCA_E_PIN ? "pin" : "slot");
    pcai_free(fresh);
    give_place(c, container);
    return rc;
}

void pcai_session_close(struct session *session)
{
    if (!session)
        return;
    session->container->entry.driver.close(session->handle);
    give_place(session->containers, session->container);
    pcai_free(session);
}

int pcai_session_public(struct session *s, const char *name, int algorithm, struct buf *spki, pca_error *err)
{
    char object[OBJECT];
    uint8_t octets[PUBLIC_MAX];
    size_t size = sizeof octets;
    pca_error own = {0};
    int rc = s->container->entry.driver.public_key(s->handle, name, octets, &size, &own);
    if (rc != PCA_OK)
        return failed(s->container, rc, err, &own, "key");
    rc = pcai_public_wrap(algorithm, pcai_slice(octets, size <= sizeof octets ? size : 0), spki, &own);
    if (rc == PCA_E_ALGORITHM)
        return pcai_fail(err, PCA_E_DEVICE, object_of(s->container->entry.name, object), "key", "the public key that the driver gave is none: %s", own.message);
    pcai_error_copy(err, rc == PCA_OK ? NULL : &own);
    return rc;
}

int pcai_session_generate(struct session *s, const char *name, int algorithm, struct buf *spki, pca_error *err)
{
    pca_error own = {0};
    int rc = s->container->entry.driver.generate(s->handle, name, algorithm, &own);
    return rc == PCA_OK ? pcai_session_public(s, name, algorithm, spki, err) : failed(s->container, rc, err, &own, "key");
}

int pcai_session_import(struct session *s, const char *name, int use, struct slice der, pca_error *err)
{
    pca_error own = {0};
    const pca_container_driver *d = &s->container->entry.driver;
    int rc = d->import_certificate ? d->import_certificate(s->handle, name, use, der.data, der.size, &own) : PCA_OK;
    return rc == PCA_OK ? rc : failed(s->container, rc, err, &own, "certificate");
}

int pcai_session_import_enveloped(struct session *s, const char *name, struct slice envelope, pca_error *err)
{
    char object[OBJECT];
    pca_error own = {0};
    const pca_container_driver *d = &s->container->entry.driver;
    if (!d->import_enveloped)
        return pcai_fail(err, PCA_E_UNSUPPORTED, object_of(s->container->entry.name, object), "encryption_key", "the container takes no encryption key");
    int rc = d->import_enveloped(s->handle, name, envelope.data, envelope.size, &own);
    return rc == PCA_OK ? rc : failed(s->container, rc, err, &own, "encryption_key");
}

/* ---- Signing ---- */

static int sign_in(struct session *s, const char *name, int algorithm, struct slice in, struct buf *signature, pca_error *err)
{
    uint8_t octets[SIGNATURE_MAX];
    size_t size = sizeof octets;
    pca_error own = {0};
    int rc = s->container->entry.driver.sign(s->handle, name, algorithm, in.data, in.size, octets, &size, &own);
    if (rc != PCA_OK)
        return failed(s->container, rc, err, &own, "key");
    pcai_buf_put(signature, octets, size <= sizeof octets ? size : 0);
    return pcai_buf_check(signature, err);
}

struct session_key {
    struct session *session;
    const char *name;
};

static int sign_by_session(void *context, int algorithm, struct slice in, struct buf *signature, pca_error *err)
{
    struct session_key *key = context;
    return sign_in(key->session, key->name, algorithm, in, signature, err);
}

int pcai_session_sign(struct session *s, const char *name, struct slice spki, struct random *random, struct slice message, struct buf *signature,
                      pca_error *err)
{
    char object[OBJECT];
    struct session_key context = {s, name};
    struct key_signer signer = {sign_by_session, &context, object_of(s->container->entry.name, object),
                                s->container->entry.driver.sign_form == PCA_SIGN_MESSAGE};
    struct key *key = NULL;
    int rc = pcai_key_external(spki, &signer, &key, err);
    if (rc == PCA_OK)
        rc = pcai_key_sign(key, random, message, signature, err);
    pcai_key_free(key);
    return rc;
}

/* ---- Sessions that stay ---- */

static int in_use(const struct container *container, const char *slot, pca_error *err)
{
    char object[OBJECT];
    return pcai_fail(err, PCA_E_BUSY, object_of(container->entry.name, object), "slot", "the session of slot \"%s\" stayed in use by another call", slot);
}

static struct login **find_login(struct containers *c, const struct container *container, const char *slot)
{
    struct login **at = &c->logins;
    while (*at && ((*at)->container != container || (*at)->leaving || strcmp((*at)->slot, slot) != 0))
        at = &(*at)->next;
    return at;
}

static int is_logged_in(struct containers *c, const struct container *container, const char *slot)
{
    pthread_mutex_lock(&c->lock);
    int found = *find_login(c, container, slot) != NULL;
    pthread_mutex_unlock(&c->lock);
    return found;
}

static int logged_in(const struct key_place *place, pca_error *err)
{
    char object[OBJECT];
    return pcai_fail(err, PCA_E_EXISTS, object_of(place->driver, object), "slot", "slot \"%s\" is logged in already", place->slot);
}

/* Two at once may both find that nobody is: one of them stays. */
int pcai_container_login(struct containers *c, const struct key_place *place, const char *pin, pca_error *err)
{
    struct container *container = NULL;
    struct login *fresh = pcai_alloc(sizeof *fresh);
    int taken, rc = fresh ? find(c, place->driver, &container, err) : pcai_no_memory(err);
    if (rc == PCA_OK && is_logged_in(c, container, place->slot))
        rc = logged_in(place, err);
    if (rc == PCA_OK)
        rc = pcai_container_probe(c, place, err);
    if (rc == PCA_OK && !(fresh->slot = pcai_strdup(place->slot)))
        rc = pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = pcai_session_open(c, place, pin, &fresh->session, err);
    if (rc == PCA_OK) {
        fresh->container = container;
        pthread_mutex_lock(&c->lock);
        taken = *find_login(c, container, place->slot) != NULL;
        if (!taken) {
            fresh->next = c->logins;
            c->logins = fresh;
        }
        pthread_mutex_unlock(&c->lock);
        if (!taken)
            return PCA_OK;
        pcai_session_close(fresh->session);
        rc = logged_in(place, err);
    }
    if (fresh)
        pcai_free(fresh->slot);
    pcai_free(fresh);
    return rc;
}

/* Off the list once nobody uses it. 0: somebody goes on using it, and it stays. */
static int leave(struct containers *c, struct login *login)
{
    struct timespec until;
    int waited = 0;
    after_patience(login->container, &until);
    login->leaving = 1;
    while (login->users && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&c->changed, &c->lock, &until);
    login->leaving = login->users == 0;
    if (!login->leaving)
        return 0;
    struct login **at = &c->logins;
    while (*at != login)
        at = &(*at)->next;
    *at = login->next;
    return 1;
}

int pcai_container_logout(struct containers *c, const struct key_place *place, pca_error *err)
{
    char object[OBJECT];
    struct container *container = NULL;
    int rc = find(c, place->driver, &container, err);
    if (rc != PCA_OK)
        return rc;
    pthread_mutex_lock(&c->lock);
    struct login *login = *find_login(c, container, place->slot);
    int left = login && leave(c, login);
    pthread_mutex_unlock(&c->lock);
    if (!login)
        return pcai_fail(err, PCA_E_NOT_FOUND, object_of(place->driver, object), "slot", "slot \"%s\" is not logged in", place->slot);
    if (!left)
        return in_use(container, place->slot, err);
    pcai_session_close(login->session);
    login_free(login);
    return PCA_OK;
}

/* Its turn comes, unless a call stays in the driver, or it is of this very thread, which the driver has called back. */
static int take_turn(struct containers *c, struct login *login)
{
    struct timespec until;
    int waited = 0, own = login->taken && pthread_equal(login->by, pthread_self());
    after_patience(login->container, &until);
    while (login->taken && !own && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&c->changed, &c->lock, &until);
    if (login->taken)
        return 0;
    login->taken = 1;
    login->by = pthread_self();
    return 1;
}

static int enter(struct containers *c, struct container *container, const char *slot, struct login **login, pca_error *err)
{
    char object[OBJECT];
    pthread_mutex_lock(&c->lock);
    struct login *held = *find_login(c, container, slot);
    if (held)
        held->users++;
    int taken = held && take_turn(c, held);
    if (held && !taken) {
        held->users--;
        pthread_cond_broadcast(&c->changed);
    }
    pthread_mutex_unlock(&c->lock);
    if (!held)
        return pcai_fail(err, PCA_E_PIN, object_of(container->entry.name, object), "slot", "nobody is logged in to slot \"%s\": pca_region_login", slot);
    if (!taken)
        return in_use(container, slot, err);
    *login = held;
    return PCA_OK;
}

static void done(struct containers *c, struct login *login)
{
    pthread_mutex_lock(&c->lock);
    login->taken = 0;
    login->users--;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static int sign_by_login(void *context, int algorithm, struct slice in, struct buf *signature, pca_error *err)
{
    struct held_key *key = context;
    struct login *login = NULL;
    int rc = enter(key->containers, key->container, key->slot, &login, err);
    if (rc != PCA_OK)
        return rc;
    rc = sign_in(login->session, key->name, algorithm, in, signature, err);
    done(key->containers, login);
    return rc;
}

static struct held_key *find_key(const struct containers *c, const struct key_place *place)
{
    for (struct held_key *k = c->keys; k; k = k->next)
        if (strcmp(k->container->entry.name, place->driver) == 0 && strcmp(k->slot, place->slot) == 0 && strcmp(k->name, place->name) == 0)
            return k;
    return NULL;
}

int pcai_container_key(struct containers *c, const struct key_place *place, struct slice spki, const struct key **key, pca_error *err)
{
    struct container *container = NULL;
    pthread_mutex_lock(&c->lock);
    struct held_key *held = find_key(c, place);
    pthread_mutex_unlock(&c->lock);
    if (held) {
        *key = held->key;
        return PCA_OK;
    }
    struct held_key *fresh = pcai_alloc(sizeof *fresh);
    int rc = fresh ? find(c, place->driver, &container, err) : pcai_no_memory(err);
    if (rc == PCA_OK) {
        struct key_signer signer = {sign_by_login, fresh, object_of(place->driver, fresh->object), container->entry.driver.sign_form == PCA_SIGN_MESSAGE};
        fresh->containers = c;
        fresh->container = container;
        fresh->slot = pcai_strdup(place->slot);
        fresh->name = pcai_strdup(place->name);
        rc = fresh->slot && fresh->name ? pcai_key_external(spki, &signer, &fresh->key, err) : pcai_no_memory(err);
    }
    if (rc == PCA_OK) {
        pthread_mutex_lock(&c->lock);
        held = find_key(c, place); /* another thread may have been faster */
        if (!held) {
            fresh->next = c->keys;
            c->keys = held = fresh;
            fresh = NULL;
        }
        pthread_mutex_unlock(&c->lock);
        *key = held->key;
    }
    if (fresh) {
        pcai_key_free(fresh->key);
        pcai_free(fresh->slot);
        pcai_free(fresh->name);
    }
    pcai_free(fresh);
    return rc;
}

static int generate_in_login(struct containers *c, const struct key_place *place, int algorithm, struct buf *spki, pca_error *err)
{
    struct container *container = NULL;
    struct login *login = NULL;
    int rc = find(c, place->driver, &container, err);
    if (rc == PCA_OK)
        rc = enter(c, container, place->slot, &login, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_session_generate(login->session, place->name, algorithm, spki, err);
    done(c, login);
    return rc;
}

int pcai_container_make(struct containers *c, const char *driver, const char *slot, int algorithm, struct random *random,
                        char name[PCAI_KEY_NAME_MAX + 1], struct buf *public_key, const struct key **key, pca_error *err)
{
    struct key_place place = {driver, slot, name};
    int made = public_key->size != 0, rc = made ? PCA_OK : pcai_container_key_name(random, name, err);
    if (rc == PCA_OK && !made)
        rc = generate_in_login(c, &place, algorithm, public_key, err);
    return rc == PCA_OK ? pcai_container_key(c, &place, pcai_buf_view(public_key), key, err) : rc;
}
