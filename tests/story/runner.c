/* The story (README.md) through the C API:   story STORY, the files that its steps name beside it. What it prints last is the step it is at. */
#include "../api/support.h"

#include <ctype.h>
#include <inttypes.h>
#include <libgen.h>

#define WORDS_MAX 40
#define NAMES_MAX 40
#define COUNT(a) (sizeof(a) / sizeof *(a))

enum noun { NOTHING, REGION, ROOT, SUB, CERT, PAGE, FILES, RECEIPT };

/* ---- The parts of a step ---- */

struct pair {
    const char *key, *value;
};
struct step {
    const char *result, *verb, *object, *code; /* result, object: NULL for none */
    struct pair keys[WORDS_MAX], checks[WORDS_MAX];
    size_t key_count, check_count;
};

/* Cuts the next word off in place; quotes are taken away. */
static char *next_word(char **at)
{
    char *p = *at, *out, *word;
    while (isspace((unsigned char)*p))
        p++;
    if (!*p)
        return NULL;
    int quoted = 0;
    for (word = out = p; *p && (quoted || !isspace((unsigned char)*p)); p++) {
        if (*p == '"')
            quoted = !quoted;
        else
            *out++ = *p;
    }
    *at = *p ? p + 1 : p;
    *out = 0;
    return word;
}

static void read_step(char *line, struct step *step)
{
    char *word, *words[WORDS_MAX];
    size_t n = 0, i = 0;
    memset(step, 0, sizeof *step);
    while ((word = next_word(&line)) != NULL) {
        assert_true(n < WORDS_MAX);
        words[n++] = word;
    }
    if (n > 1 && strcmp(words[1], "=") == 0) {
        step->result = words[0];
        i = 2;
    }
    assert_true(i < n);
    step->verb = words[i++];
    for (; i < n && strcmp(words[i], "->") != 0; i++) {
        char *sign = strchr(words[i], '=');
        if (!sign) {
            step->object = words[i];
            continue;
        }
        *sign = 0;
        step->keys[step->key_count++] = (struct pair){words[i], sign + 1};
    }
    assert_true(i + 1 < n);
    step->code = words[i + 1];
    for (i += 2; i < n; i++) {
        char *sign = strchr(words[i], '=');
        assert_non_null(sign);
        *sign = 0;
        step->checks[step->check_count++] = (struct pair){words[i], sign + 1};
    }
}

/* The value of a key, or NULL. */
static const char *key(const struct step *step, const char *name)
{
    for (size_t i = 0; i < step->key_count; i++)
        if (strcmp(step->keys[i].key, name) == 0)
            return step->keys[i].value;
    return NULL;
}

static uint64_t number(const struct step *step, const char *name, uint64_t otherwise)
{
    const char *text = key(step, name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

/* ---- Constants by their names ---- */

static const struct {
    const char *key, *name;
    int value;
} constants[] = {
#define C(key, prefix, name) {key, #name, prefix##name}
    C("kind", PCA_KIND_, PRIVATE), C("kind", PCA_KIND_, COMPLIANCE),
    C("family", PCA_FAMILY_, RSA), C("family", PCA_FAMILY_, ECC), C("family", PCA_FAMILY_, SM2),
    C("key_algorithm", PCA_KEY_, RSA_2048), C("key_algorithm", PCA_KEY_, EC_P256), C("key_algorithm", PCA_KEY_, EC_P384),
    C("type", PCA_CERT_, SERVER), C("type", PCA_CERT_, CLIENT), C("type", PCA_CERT_, BOTH), C("type", PCA_CERT_, CUSTOM),
    C("status", PCA_STATUS_, ISSUED), C("status", PCA_STATUS_, REVOKED),
    C("state", PCA_CA_, PURCHASED), C("state", PCA_CA_, ENABLED), C("state", PCA_CA_, DISABLED), C("state", PCA_CA_, REVOKED),
    C("container", PCA_CONTAINER_, MANAGED), C("container", PCA_CONTAINER_, CSR), C("container", PCA_CONTAINER_, PUBLIC),
    C("reason", PCA_REASON_, UNSPECIFIED), C("reason", PCA_REASON_, KEY_COMPROMISE), C("reason", PCA_REASON_, CA_COMPROMISE),
    C("reason", PCA_REASON_, SUPERSEDED), C("reason", PCA_REASON_, CESSATION_OF_OPERATION),
    C("format", PCA_FORMAT_, PEM), C("format", PCA_FORMAT_, DER), C("format", PCA_FORMAT_, PFX),
    {"flags", "CHAIN", PCA_WITH_CHAIN}, {"flags", "ROOT", PCA_WITH_ROOT}, C("flags", PCA_, PLAIN_KEY),
#undef C
};

static int constant(const char *kind, const char *name)
{
    for (size_t i = 0; i < COUNT(constants); i++)
        if (strcmp(constants[i].key, kind) == 0 && strcmp(constants[i].name, name) == 0)
            return constants[i].value;
    fail_msg("no constant %s for %s", name, kind);
    return 0;
}

static int choice(const struct step *step, const char *kind)
{
    const char *name = key(step, kind);
    return name ? constant(kind, name) : 0;
}

static int flags(const struct step *step)
{
    char names[64], *rest = NULL;
    int sum = 0;
    snprintf(names, sizeof names, "%s", key(step, "flags") ? key(step, "flags") : "");
    for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
        sum |= constant("flags", name);
    return sum;
}

/* ---- Getters ---- */

#define GETTER(noun, ctype, name) \
    static ctype noun##_##name(const void *p) { return pca_##noun##_##name(p); }
#define GETTERS(X) \
    X(region, TEXT, const char *, id) \
    X(ca, U64, uint64_t, id) X(ca, U64, uint64_t, parent_id) X(ca, U64, uint64_t, root_id) X(ca, U64, uint64_t, months) \
    X(ca, U64, uint64_t, crl_days) X(ca, U64, uint64_t, generation) X(ca, U64, uint64_t, tag_count) \
    X(ca, INT, int, kind) X(ca, INT, int, family) X(ca, INT, int, state) X(ca, INT, int, key_algorithm) \
    X(ca, INT, int, path_length) X(ca, INT, int, reason) \
    X(ca, I64, int64_t, service_start) X(ca, I64, int64_t, service_end) X(ca, I64, int64_t, not_before) \
    X(ca, I64, int64_t, not_after) X(ca, I64, int64_t, revoked_at) \
    X(ca, TEXT, const char *, alias) X(ca, TEXT, const char *, subject) X(ca, TEXT, const char *, serial) \
    X(ca, TEXT, const char *, crl_url) \
    X(root, U64, uint64_t, remaining) X(root, U64, uint64_t, purchased) X(root, U64, uint64_t, billable) \
    X(root, U64, uint64_t, waived) \
    X(sub, U64, uint64_t, remaining) X(sub, U64, uint64_t, reserved) X(sub, U64, uint64_t, issued) \
    X(cert, U64, uint64_t, id) X(cert, U64, uint64_t, issuer_id) X(cert, U64, uint64_t, san_count) \
    X(cert, U64, uint64_t, tag_count) X(cert, INT, int, type) X(cert, INT, int, status) X(cert, INT, int, key_algorithm) \
    X(cert, INT, int, container) X(cert, INT, int, reason) X(cert, I64, int64_t, not_before) X(cert, I64, int64_t, not_after) \
    X(cert, I64, int64_t, revoked_at) X(cert, TEXT, const char *, subject) X(cert, TEXT, const char *, alias) \
    X(cert, TEXT, const char *, custom_id) X(cert, TEXT, const char *, serial) \
    X(page, U64, uint64_t, count) X(files, U64, uint64_t, count) \
    X(receipt, U64, uint64_t, count) X(receipt, U64, uint64_t, billable) X(receipt, U64, uint64_t, waived)

#define X(noun, kind, ctype, name) GETTER(noun, ctype, name)
GETTERS(X)
#undef X

static const struct getter {
    const char *noun, *name;
    uint64_t (*u64)(const void *);
    int (*integer)(const void *);
    int64_t (*i64)(const void *);
    const char *(*text)(const void *);
} getters[] = {
#define MAKE_U64(f) .u64 = f
#define MAKE_INT(f) .integer = f
#define MAKE_I64(f) .i64 = f
#define MAKE_TEXT(f) .text = f
#define X(noun, kind, ctype, name) {#noun, #name, MAKE_##kind(noun##_##name)},
    GETTERS(X)
#undef X
};

/* ---- What has a name ---- */

struct thing {
    char name[16];
    enum noun noun;
    void *handle;
};

struct run {
    struct fixture *f;
    char dir[512];
    struct thing things[NAMES_MAX];
    size_t count;
    uint64_t put_out[4]; /* numbers that a verb put out beside a handle */
    const char *put_names[4];
    size_t put_count;
};

static struct thing *find_thing(struct run *run, const char *name)
{
    for (size_t i = 0; i < run->count; i++)
        if (strcmp(run->things[i].name, name) == 0)
            return &run->things[i];
    return NULL;
}

static struct thing *thing_of(struct run *run, const char *name)
{
    struct thing *thing = name ? find_thing(run, name) : NULL;
    if (!thing || !thing->handle)
        fail_msg("nothing is called %s", name ? name : "(none)");
    return thing;
}

static void *handle_of(struct run *run, const char *name, enum noun noun)
{
    struct thing *thing = thing_of(run, name);
    assert_int_equal(thing->noun, noun);
    return thing->handle;
}

static const pca_ca *ca_of(const struct thing *thing)
{
    return thing->noun == ROOT ? pca_root_ca(thing->handle) : thing->noun == SUB ? pca_sub_ca(thing->handle) : NULL;
}

static uint64_t id_of(const struct thing *thing)
{
    return thing->noun == CERT ? pca_cert_id(thing->handle) : pca_ca_id(ca_of(thing));
}

static void free_handle(enum noun noun, void *handle)
{
    switch (noun) {
    case REGION:
        pca_region_close(handle);
        break;
    case ROOT:
        pca_root_free(handle);
        break;
    case SUB:
        pca_sub_free(handle);
        break;
    case CERT:
        pca_cert_free(handle);
        break;
    case PAGE:
        pca_page_free(handle);
        break;
    case FILES:
        pca_files_free(handle);
        break;
    case RECEIPT:
        pca_receipt_free(handle);
        break;
    case NOTHING:
        break;
    }
}

static void keep(struct run *run, const char *name, enum noun noun, void *handle)
{
    struct thing *thing = find_thing(run, name);
    if (!thing) {
        assert_true(run->count < NAMES_MAX);
        thing = &run->things[run->count++];
        snprintf(thing->name, sizeof thing->name, "%s", name);
    } else {
        free_handle(thing->noun, thing->handle);
    }
    thing->noun = noun;
    thing->handle = handle;
}

static void put_out(struct run *run, const char *name, uint64_t value)
{
    run->put_names[run->put_count] = name;
    run->put_out[run->put_count++] = value;
}

/* ---- Builders ---- */

static void set_csr(struct run *run, pca_request *request, const char *name)
{
    char path[600];
    size_t size;
    snprintf(path, sizeof path, "%s/%s", run->dir, name);
    uint8_t *csr = file_read(path, &size);
    if (csr)
        pca_request_set_csr(request, csr, size);
    else
        pca_request_set_csr(request, "broken", 6);
    free(csr);
}

static pca_request *request_of(struct run *run, const struct step *step)
{
    static const struct {
        const char *key;
        int (*text)(pca_request *, const char *);
        int (*signed_number)(pca_request *, int64_t);
        int (*number)(pca_request *, uint64_t);
    } setters[] = {
        {"common_name", pca_request_set_common_name, NULL, NULL}, {"organization", pca_request_set_organization, NULL, NULL},
        {"unit", pca_request_set_unit, NULL, NULL}, {"country", pca_request_set_country, NULL, NULL},
        {"state", pca_request_set_state, NULL, NULL}, {"locality", pca_request_set_locality, NULL, NULL},
        {"dns", pca_request_add_dns, NULL, NULL}, {"ip", pca_request_add_ip, NULL, NULL},
        {"email", pca_request_add_email, NULL, NULL}, {"uri", pca_request_add_uri, NULL, NULL},
        {"alias", pca_request_set_alias, NULL, NULL}, {"custom_id", pca_request_set_custom_id, NULL, NULL},
        {"token", pca_request_set_token, NULL, NULL}, {"crl_url", pca_request_set_crl_url, NULL, NULL},
        {"days", NULL, pca_request_set_days, NULL}, {"months", NULL, pca_request_set_months, NULL},
        {"years", NULL, pca_request_set_years, NULL}, {"crl_days", NULL, NULL, pca_request_set_crl_days},
        {"path_length", NULL, NULL, pca_request_set_path_length},
    };
    pca_request *request = pca_request_new();
    assert_non_null(request);
    for (size_t i = 0; i < step->key_count; i++) {
        const char *name = step->keys[i].key, *value = step->keys[i].value;
        size_t j = 0;
        while (j < COUNT(setters) && strcmp(setters[j].key, name) != 0)
            j++;
        if (j < COUNT(setters) && setters[j].text)
            setters[j].text(request, value);
        else if (j < COUNT(setters) && setters[j].signed_number)
            setters[j].signed_number(request, strtoll(value, NULL, 10));
        else if (j < COUNT(setters))
            setters[j].number(request, strtoull(value, NULL, 10));
        else if (strcmp(name, "type") == 0)
            pca_request_set_type(request, constant(name, value));
        else if (strcmp(name, "key_algorithm") == 0)
            pca_request_set_key_algorithm(request, constant(name, value));
        else if (strcmp(name, "csr") == 0)
            set_csr(run, request, value);
        else if (strcmp(name, "use_csr_subject") == 0)
            pca_request_use_csr_subject(request);
        else if (strcmp(name, "use_csr_san") == 0)
            pca_request_use_csr_san(request);
        else if (strcmp(name, "longest") == 0)
            pca_request_set_longest(request);
        else
            fail_msg("a request has no %s", name);
    }
    return request;
}

static pca_query *query_of(struct run *run, const struct step *step)
{
    pca_query *query = pca_query_new();
    assert_non_null(query);
    if (key(step, "issuer"))
        pca_query_set_issuer(query, id_of(thing_of(run, key(step, "issuer"))));
    if (key(step, "status"))
        pca_query_set_status(query, choice(step, "status"));
    if (key(step, "state"))
        pca_query_set_state(query, choice(step, "state"));
    pca_query_set_name(query, key(step, "name"));
    pca_query_set_custom_id(query, key(step, "custom_id"));
    pca_query_set_alias(query, key(step, "alias"));
    if (key(step, "limit"))
        pca_query_set_limit(query, number(step, "limit", 0));
    return query;
}

/* ---- Verbs ---- */

/* Each has its step, the object named in it, and a place for a handle that comes of it. */
#define VERB(name) static int name(struct run *run, const struct step *s, struct thing *o, void **out, pca_error *err)
#define UNUSED (void)run, (void)s, (void)o, (void)out, (void)err

VERB(verb_clock)
{
    UNUSED;
    run->f->clock.now = strtoll(s->object, NULL, 10);
    return PCA_OK;
}

static pca_config *config_of(struct run *run, const struct step *s)
{
    uint8_t octets[32];
    pca_config *config = pca_config_new();
    memset(octets, key(s, "key") ? 8 : 7, sizeof octets);
    pca_config_set_key(config, octets, sizeof octets);
    pca_config_set_clock(config, &run->f->clock_table);
    if (key(s, "read_only"))
        pca_config_set_read_only(config);
    return config;
}

VERB(verb_create)
{
    UNUSED;
    pca_config *config = config_of(run, s);
    int rc = pca_region_create(run->f->path, key(s, "id"), config, (pca_region **)out, err);
    pca_config_free(config);
    return rc;
}

VERB(verb_open)
{
    UNUSED;
    pca_config *config = config_of(run, s);
    int rc = pca_region_open(run->f->path, config, (pca_region **)out, err);
    pca_config_free(config);
    return rc;
}

VERB(verb_close)
{
    UNUSED;
    pca_region_close(o->handle);
    o->handle = NULL;
    return PCA_OK;
}

VERB(verb_check_region)
{
    UNUSED;
    return pca_region_check(o->handle, err);
}

VERB(verb_policy_get)
{
    UNUSED;
    int64_t value = 0;
    int rc = pca_region_policy_get(o->handle, key(s, "name"), &value, err);
    put_out(run, "value", (uint64_t)value);
    return rc;
}

VERB(verb_policy_set)
{
    UNUSED;
    return pca_region_policy_set(o->handle, key(s, "name"), (int64_t)number(s, "value", 0), err);
}

VERB(verb_root_get)
{
    UNUSED;
    return pca_region_root_get(o->handle, number(s, "id", 0), (pca_root **)out, err);
}

VERB(verb_root_by_alias)
{
    UNUSED;
    return pca_region_root_by_alias(o->handle, key(s, "alias"), (pca_root **)out, err);
}

VERB(verb_sub_by_alias)
{
    UNUSED;
    return pca_region_sub_by_alias(o->handle, key(s, "alias"), (pca_sub **)out, err);
}

VERB(verb_cert_get)
{
    UNUSED;
    return pca_region_cert_get(o->handle, id_of(thing_of(run, key(s, "of"))), (pca_cert **)out, err);
}

VERB(verb_find)
{
    UNUSED;
    pca_query *query = query_of(run, s);
    int rc = pca_region_find_certs(o->handle, query, (pca_page **)out, err);
    pca_query_free(query);
    return rc;
}

VERB(verb_find_cas)
{
    UNUSED;
    pca_query *query = query_of(run, s);
    int rc = pca_region_find_cas(o->handle, query, (pca_page **)out, err);
    pca_query_free(query);
    return rc;
}

VERB(verb_purchase)
{
    UNUSED;
    return pca_root_purchase(o->handle, choice(s, "kind"), choice(s, "family"), number(s, "months", 0), key(s, "token"),
                             (pca_root **)out, err);
}

VERB(verb_enable)
{
    UNUSED;
    pca_request *request = request_of(run, s);
    int rc = o->noun == ROOT ? pca_root_enable(o->handle, request, err) : pca_sub_enable(o->handle, request, err);
    pca_request_free(request);
    return rc;
}

VERB(verb_default_sub)
{
    UNUSED;
    return pca_root_default_sub(o->handle, (pca_sub **)out, err);
}

VERB(verb_purchase_sub)
{
    UNUSED;
    return pca_root_purchase_sub(o->handle, number(s, "months", 0), key(s, "token"), (pca_sub **)out, err);
}

VERB(verb_purchase_certificates)
{
    UNUSED;
    return pca_root_purchase_certificates(o->handle, number(s, "count", 0), key(s, "token"), (pca_receipt **)out, err);
}

VERB(verb_assign)
{
    UNUSED;
    return pca_root_assign(o->handle, handle_of(run, key(s, "sub"), SUB), number(s, "remaining", 0),
                           number(s, "expected", PCA_ANY), key(s, "token"), err);
}

VERB(verb_certificate)
{
    UNUSED;
    pca_blob *blob = NULL;
    int rc = pca_ca_certificate(ca_of(o), choice(s, "format"), &blob, err);
    pca_blob_free(blob);
    return rc;
}

VERB(verb_request)
{
    UNUSED;
    pca_request *request = request_of(run, s);
    int rc = pca_sub_request(o->handle, request, (pca_cert **)out, err);
    pca_request_free(request);
    return rc;
}

VERB(verb_check)
{
    UNUSED;
    pca_findings *findings = NULL;
    pca_request *request = request_of(run, s);
    int rc = pca_sub_check_request(o->handle, request, &findings, err);
    put_out(run, "count", pca_findings_count(findings));
    pca_findings_free(findings);
    pca_request_free(request);
    return rc;
}

VERB(verb_by_serial)
{
    UNUSED;
    const pca_cert *cert = handle_of(run, key(s, "of"), CERT);
    return pca_ca_cert_by_serial(ca_of(o), pca_cert_serial(cert), (pca_cert **)out, err);
}

VERB(verb_reload)
{
    UNUSED;
    void *fresh = NULL;
    int rc = o->noun == ROOT  ? pca_root_reload(o->handle, (pca_root **)&fresh, err)
             : o->noun == SUB ? pca_sub_reload(o->handle, (pca_sub **)&fresh, err)
                              : pca_cert_reload(o->handle, (pca_cert **)&fresh, err);
    if (rc == PCA_OK) {
        free_handle(o->noun, o->handle);
        o->handle = fresh;
    }
    return rc;
}

VERB(verb_set_alias)
{
    UNUSED;
    return o->noun == CERT ? pca_cert_set_alias(o->handle, key(s, "alias"), err) : pca_ca_set_alias(ca_of(o), key(s, "alias"), err);
}

VERB(verb_tag_set)
{
    UNUSED;
    return o->noun == CERT ? pca_cert_tag_set(o->handle, key(s, "key"), key(s, "value"), err)
                           : pca_ca_tag_set(ca_of(o), key(s, "key"), key(s, "value"), err);
}

VERB(verb_export)
{
    UNUSED;
    return pca_cert_export(o->handle, choice(s, "format"), flags(s), key(s, "password"), (pca_files **)out, err);
}

VERB(verb_revoke)
{
    UNUSED;
    int reason = choice(s, "reason");
    return o->noun == CERT ? pca_cert_revoke(o->handle, reason, 0, key(s, "token"), err)
                           : pca_ca_revoke(ca_of(o), reason, 0, key(s, "token"), err);
}

VERB(verb_delete)
{
    UNUSED;
    return pca_cert_delete(o->handle, err);
}

VERB(verb_disable)
{
    UNUSED;
    return pca_ca_disable(ca_of(o), err);
}

VERB(verb_resume)
{
    UNUSED;
    return pca_ca_resume(ca_of(o), err);
}

VERB(verb_crl_make)
{
    UNUSED;
    return pca_ca_crl_make(ca_of(o), err);
}

VERB(verb_crl_info)
{
    UNUSED;
    uint64_t crl_number = 0, entries = 0;
    int64_t this_update = 0, next_update = 0;
    int rc = pca_ca_crl_info(ca_of(o), &crl_number, &this_update, &next_update, &entries, err);
    put_out(run, "number", crl_number);
    put_out(run, "entries", entries);
    put_out(run, "this_update", (uint64_t)this_update);
    put_out(run, "next_update", (uint64_t)next_update);
    return rc;
}

static const struct verb {
    const char *name;
    int (*call)(struct run *run, const struct step *s, struct thing *o, void **out, pca_error *err);
    enum noun makes;
} verbs[] = {
    {"clock", verb_clock, NOTHING}, {"create", verb_create, REGION}, {"open", verb_open, REGION}, {"close", verb_close, NOTHING},
    {"check_region", verb_check_region, NOTHING}, {"policy_get", verb_policy_get, NOTHING},
    {"policy_set", verb_policy_set, NOTHING}, {"root_get", verb_root_get, ROOT}, {"root_by_alias", verb_root_by_alias, ROOT},
    {"sub_by_alias", verb_sub_by_alias, SUB}, {"cert_get", verb_cert_get, CERT}, {"find", verb_find, PAGE},
    {"find_cas", verb_find_cas, PAGE}, {"purchase", verb_purchase, ROOT}, {"enable", verb_enable, NOTHING},
    {"default_sub", verb_default_sub, SUB}, {"purchase_sub", verb_purchase_sub, SUB},
    {"purchase_certificates", verb_purchase_certificates, RECEIPT}, {"assign", verb_assign, NOTHING},
    {"certificate", verb_certificate, NOTHING}, {"request", verb_request, CERT}, {"check", verb_check, NOTHING},
    {"by_serial", verb_by_serial, CERT}, {"reload", verb_reload, NOTHING}, {"set_alias", verb_set_alias, NOTHING},
    {"tag_set", verb_tag_set, NOTHING}, {"export", verb_export, FILES}, {"revoke", verb_revoke, NOTHING},
    {"delete", verb_delete, NOTHING}, {"disable", verb_disable, NOTHING}, {"resume", verb_resume, NOTHING},
    {"crl_make", verb_crl_make, NOTHING}, {"crl_info", verb_crl_info, NOTHING},
};

/* ---- A step ---- */

/* What a getter says, as the story writes it. */
static void say(struct run *run, const struct thing *thing, const char *name, const char *wanted, char *said, size_t size)
{
    static const char *const nouns[] = {"", "region", "root", "sub", "cert", "page", "files", "receipt"};
    for (size_t i = 0; i < run->put_count; i++)
        if (strcmp(run->put_names[i], name) == 0) {
            snprintf(said, size, "%" PRIu64, run->put_out[i]);
            return;
        }
    assert_non_null(thing);
    if (thing->noun == PAGE && strcmp(name, "total") == 0) {
        snprintf(said, size, "%" PRIu64, pca_page_total(thing->handle, NULL));
        return;
    }
    for (size_t i = 0; i < COUNT(getters); i++) {
        const struct getter *g = &getters[i];
        int of_ca = strcmp(g->noun, "ca") == 0 && ca_of(thing) != NULL;
        if (strcmp(g->name, name) != 0 || (!of_ca && strcmp(g->noun, nouns[thing->noun]) != 0))
            continue;
        const void *handle = of_ca ? (const void *)ca_of(thing) : thing->handle;
        if (g->text)
            snprintf(said, size, "%s", g->text(handle));
        else if (g->u64)
            snprintf(said, size, "%" PRIu64, g->u64(handle));
        else if (g->i64)
            snprintf(said, size, "%" PRId64, g->i64(handle));
        else if (isalpha((unsigned char)*wanted) && constant(name, wanted) == g->integer(handle))
            snprintf(said, size, "%s", wanted);
        else
            snprintf(said, size, "%d", g->integer(handle));
        return;
    }
    fail_msg("a %s has no %s", nouns[thing->noun], name);
}

static uint64_t relation(const struct thing *thing, const char *name)
{
    if (strcmp(name, "same") == 0)
        return id_of(thing);
    if (strcmp(name, "issuer_is") == 0)
        return pca_cert_issuer_id(thing->handle);
    return strcmp(name, "root_is") == 0 ? pca_ca_root_id(ca_of(thing)) : pca_ca_parent_id(ca_of(thing));
}

static void check_one(struct run *run, const struct thing *thing, const struct pair *check)
{
    char said[512];
    const char *name = check->key, *value = check->value;
    if (strcmp(name, "same") == 0 || strstr(name, "_is")) {
        assert_non_null(thing);
        assert_int_equal(relation(thing, name), id_of(thing_of(run, value)));
        return;
    }
    say(run, thing, name, value, said, sizeof said);
    if (strcmp(said, value) != 0)
        fail_msg("%s is %s, not %s", name, said, value);
}

static void check_refused(const pca_error *err, const struct pair *check)
{
    assert_true(strcmp(check->key, "field") == 0 || strcmp(check->key, "object") == 0);
    const char *said = strcmp(check->key, "field") == 0 ? pca_error_field(err) : pca_error_object(err);
    if (strcmp(said, check->value) != 0)
        fail_msg("%s is %s, not %s", check->key, said, check->value);
}

static void run_step(struct run *run, const struct step *s)
{
    const struct verb *verb = NULL;
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (strcmp(verbs[i].name, s->verb) == 0)
            verb = &verbs[i];
    if (!verb)
        fail_msg("no verb %s", s->verb);
    struct thing *object = s->object && verb->call != verb_clock ? thing_of(run, s->object) : NULL;
    void *out = NULL;
    run->put_count = 0;
    int rc = verb->call(run, s, object, &out, run->f->err);
    const char *name = pca_code_name(rc) + (rc == PCA_OK ? 4 : 6);
    if (strcmp(name, s->code) != 0)
        fail_msg("the code is %s, not %s: %s", name, s->code, pca_error_message(run->f->err));
    if (rc == PCA_OK && verb->makes) {
        assert_non_null(s->result);
        keep(run, s->result, verb->makes, out);
        object = find_thing(run, s->result);
    }
    for (size_t i = 0; i < s->check_count; i++) {
        if (rc == PCA_OK)
            check_one(run, object, &s->checks[i]);
        else
            check_refused(run->f->err, &s->checks[i]);
    }
}

static const char *story_path;

static void story(void **state)
{
    struct run run = {.f = *state};
    struct step step;
    size_t number_of = 0, steps = 0;
    char line[1024], copy[1024];
    snprintf(copy, sizeof copy, "%s", story_path);
    snprintf(run.dir, sizeof run.dir, "%s", dirname(copy));
    FILE *file = fopen(story_path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        number_of++;
        assert_non_null(strchr(line, '\n'));
        if (*line == '#' || *line == '\n')
            continue;
        printf("story.txt:%zu: %s", number_of, line);
        fflush(stdout);
        read_step(line, &step);
        run_step(&run, &step);
        steps++;
    }
    fclose(file);
    assert_true(steps > 0);
    while (run.count > 0) {
        run.count--;
        free_handle(run.things[run.count].noun, run.things[run.count].handle);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    story_path = argv[1];
    const struct CMUnitTest tests[] = {TEST(story)};
    return cmocka_run_group_tests_name("story", tests, NULL, NULL);
}
