/* Key containers: drivers that are shared objects, sessions with tokens, PINs. */
#include "cli.h"

#include "object.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define DRIVERS_MAX 16

static struct loaded {
    void *object;
    pca_container_driver driver;
    pca_driver_close_function *close;
} drivers[DRIVERS_MAX];
static size_t loaded;

/* [NAME=]FILE[:ARGUMENT]; a FILE without a slash is one of those that are installed. */
struct parts {
    char name[65], path[4096];
    const char *argument;
};

static int take_apart(struct session *s, const char *text, struct parts *parts)
{
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    const char *file = text[name] == '=' ? text + name + 1 : text;
    size_t size = strcspn(file, ":");
    const char *base = memrchr(file, '/', size);
    base = base ? base + 1 : file;
    if (file == text)
        name = strcspn(base, ":.");
    parts->argument = file[size] ? file + size + 1 : "";
    if (name == 0 || size == 0 || (size_t)snprintf(parts->name, sizeof parts->name, "%.*s", (int)name, file == text ? base : text) >= sizeof parts->name)
        return refuse(s, PCA_E_INVALID, "--driver is [NAME=]FILE[:ARGUMENT], not \"%s\"", text);
    if (memchr(file, '/', size))
        snprintf(parts->path, sizeof parts->path, "%.*s", (int)size, file);
    else
        snprintf(parts->path, sizeof parts->path, "%s/%.*s.so", PCA_DRIVER_DIR, (int)size, file);
    return PCA_OK;
}

static int load(struct session *s, const char *text)
{
    struct parts parts;
    struct loaded *d = &drivers[loaded];
    pca_driver_open_function *open = NULL;
    int rc = take_apart(s, text, &parts);
    if (rc != PCA_OK)
        return rc;
    if (loaded == DRIVERS_MAX)
        return refuse(s, PCA_E_INVALID, "at most %d drivers", DRIVERS_MAX);
    d->object = dlopen(parts.path, RTLD_NOW | RTLD_LOCAL);
    if (!d->object)
        return refuse(s, PCA_E_DEVICE, "cannot load the driver %s: %s", parts.name, dlerror());
    *(void **)&open = dlsym(d->object, "pca_driver_open");
    *(void **)&d->close = dlsym(d->object, "pca_driver_close");
    rc = open && d->close ? open(parts.argument, &d->driver, s->err)
                          : refuse(s, PCA_E_DEVICE, "%s is no driver: it lacks pca_driver_open or pca_driver_close", parts.path);
    if (rc != PCA_OK) {
        dlclose(d->object);
        return rc;
    }
    loaded++;
    rc = pca_config_add_container(s->config, parts.name, &d->driver);
    return rc ? refuse(s, rc, "the driver %s is not accepted: its name is taken, or its table is of another version", parts.name) : PCA_OK;
}

int drivers_load(struct session *s)
{
    const char *usual = getenv("PCA_DRIVER");
    int rc = PCA_OK;
    if (!opt.driver && usual && *usual)
        return load(s, usual);
    for (char **driver = opt.driver; rc == PCA_OK && driver && *driver; driver++)
        rc = load(s, *driver);
    return rc;
}

void drivers_unload(void)
{
    while (loaded > 0) {
        loaded--;
        drivers[loaded].close(&drivers[loaded].driver);
        dlclose(drivers[loaded].object);
    }
}

/* ---- PINs ---- */

int pin_of(struct session *s, const char *slot, const char **pin)
{
    char prompt[256];
    int rc = PCA_OK;
    snprintf(prompt, sizeof prompt, "PIN of %s: ", slot);
    if (!s->pin.data)
        rc = opt.pin_file || opt.pin_fd >= 0 ? secret_read(s, opt.pin_file, opt.pin_fd, "PIN", PASSWORD_MAX, &s->pin)
                                             : prompt_secret(s, prompt, "--pin-file or --pin-fd", &s->pin);
    if (rc == PCA_OK)
        *pin = s->pin.data;
    return rc;
}

/* ---- Slots: DRIVER:SLOT ---- */

static int slot_of(struct session *s, const char *text, const char *option, char name[65], const char **slot)
{
    size_t size = strcspn(text, ":");
    if (size == 0 || size > 64 || !text[size] || !text[size + 1])
        return refuse(s, PCA_E_INVALID, "%s is DRIVER:SLOT, not \"%s\"", option, text);
    snprintf(name, 65, "%.*s", (int)size, text);
    *slot = text + size + 1;
    return PCA_OK;
}

int drivers_login(struct session *s)
{
    int rc = PCA_OK;
    for (char **login = opt.login; rc == PCA_OK && login && *login; login++) {
        char name[65];
        const char *slot = NULL, *pin = NULL;
        rc = slot_of(s, *login, "--login", name, &slot);
        if (rc == PCA_OK)
            rc = pin_of(s, slot, &pin);
        if (rc == PCA_OK)
            rc = pca_region_login(s->region, name, slot, pin, s->err);
    }
    return rc;
}

int set_container(struct session *s, pca_request *r)
{
    char name[65];
    const char *slot = NULL, *pin = NULL;
    int rc = opt.container ? slot_of(s, opt.container, "--container", name, &slot) : PCA_OK;
    if (rc == PCA_OK && slot)
        rc = pin_of(s, slot, &pin);
    if (rc == PCA_OK && slot) {
        pca_request_set_container(r, name, slot);
        pca_request_set_pin(r, pin);
    }
    return rc;
}

const struct poptOption pin_options[] = {
    {"pin-file", 0, POPT_ARG_STRING, &opt.pin_file, 0, "The token's PIN: the first line of FILE", "FILE"},
    {"pin-fd", 0, POPT_ARG_INT, &opt.pin_fd, 0, "The token's PIN: the first line of descriptor N", "N"},
    POPT_TABLEEND};
const struct poptOption container_options[] = {
    {"container", 0, POPT_ARG_STRING, &opt.container, 0, "Make the key on that token", "DRIVER:SLOT"}, POPT_TABLEEND};
