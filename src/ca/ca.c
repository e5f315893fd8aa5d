#include "ca/ca.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/text.h"
#include "ca/log.h"
#include "ca/request.h"

#define ALIAS_MAX 64 /* characters */

const char *pcai_object(const char *noun, uint64_t id, char out[PCAI_OBJECT])
{
    snprintf(out, PCAI_OBJECT, "%s %" PRIu64, noun, id);
    return out;
}

const char *pcai_ca_object(const struct ca_record *ca, char out[PCAI_OBJECT])
{
    return pcai_object(ca->parent ? "sub" : "root", ca->id, out);
}

/* ---- Rows ---- */

int pcai_ca_read(struct txn *txn, struct context *cx, uint64_t id, struct ca_record *ca, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct row_key key = pcai_key_id64(id);
    int rc = pcai_record_get(txn, &pcai_ca_type, pcai_row_key_view(&key), ca, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, rc, pcai_object("ca", id, object), NULL, "there is no such CA in this region");
    if (rc != PCA_OK)
        return rc;
    ca->alias = pcai_arena_slice(&cx->arena, ca->alias);
    ca->subject = pcai_arena_slice(&cx->arena, ca->subject);
    ca->serial = pcai_arena_slice(&cx->arena, ca->serial);
    ca->crl_url = pcai_arena_slice(&cx->arena, ca->crl_url);
    ca->ocsp_url = pcai_arena_slice(&cx->arena, ca->ocsp_url);
    ca->issuer_url = pcai_arena_slice(&cx->arena, ca->issuer_url);
    ca->tags = pcai_arena_slice(&cx->arena, ca->tags);
    return cx->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

int pcai_ca_put(struct txn *txn, const struct context *cx, const struct ca_record *ca, pca_error *err)
{
    struct row_key key = pcai_key_id64(ca->id);
    struct ca_record row = *ca;
    row.log = cx->log + 1;
    return pcai_record_put(txn, &pcai_ca_type, pcai_row_key_view(&key), &row, err);
}

int pcai_quota_read(struct txn *txn, uint64_t ca, struct quota_record *quota, pca_error *err)
{
    struct row_key key = pcai_key_id64(ca);
    int rc = pcai_record_get(txn, &pcai_quota_type, pcai_row_key_view(&key), quota, err);
    char object[PCAI_OBJECT];
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, PCA_E_CORRUPT, pcai_object("ca", ca, object), "quota", "the CA's counters are missing");
    return rc;
}

int pcai_quota_put(struct txn *txn, const struct context *cx, uint64_t ca, const struct quota_record *quota, pca_error *err)
{
    struct row_key key = pcai_key_id64(ca);
    struct quota_record row = *quota;
    row.log = cx->log + 1;
    return pcai_record_put(txn, &pcai_quota_type, pcai_row_key_view(&key), &row, err);
}

static int missing(const struct ca_record *ca, const char *what, pca_error *err)
{
    char object[PCAI_OBJECT];
    return pcai_fail(err, PCA_E_CORRUPT, pcai_ca_object(ca, object), NULL, "the CA's %s is missing", what);
}

int pcai_generation_read(struct txn *txn, struct context *cx, const struct ca_record *ca, uint64_t generation,
                         struct generation_record *record, pca_error *err)
{
    struct row_key key = pcai_key_generation(ca->id, generation);
    int rc = pcai_record_get(txn, &pcai_generation_type, pcai_row_key_view(&key), record, err);
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? missing(ca, "key generation", err) : rc;
    record->key_id = pcai_arena_slice(&cx->arena, record->key_id);
    record->crl_url = pcai_arena_slice(&cx->arena, record->crl_url);
    record->driver = pcai_arena_slice(&cx->arena, record->driver);
    record->slot = pcai_arena_slice(&cx->arena, record->slot);
    record->key_name = pcai_arena_slice(&cx->arena, record->key_name);
    return cx->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

int pcai_generation_put(struct txn *txn, uint64_t ca, uint64_t generation, const struct generation_record *record, pca_error *err)
{
    struct row_key key = pcai_key_generation(ca, generation);
    return pcai_record_put(txn, &pcai_generation_type, pcai_row_key_view(&key), record, err);
}

int pcai_ca_cert_read(struct txn *txn, struct context *cx, const struct ca_record *ca, uint64_t generation, struct ca_cert_record *cert,
                      pca_error *err)
{
    struct generation_record record;
    int rc = pcai_generation_read(txn, cx, ca, generation, &record, err);
    if (rc != PCA_OK)
        return rc;
    struct row_key key = pcai_key_ca_cert(ca->id, generation, record.certificates);
    rc = pcai_record_get(txn, &pcai_ca_cert_type, pcai_row_key_view(&key), cert, err);
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? missing(ca, "certificate", err) : rc;
    cert->serial = pcai_arena_slice(&cx->arena, cert->serial);
    cert->der = pcai_arena_slice(&cx->arena, cert->der);
    return cx->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

/* The public half is that of the generation's certificates. */
static int read_place(struct txn *txn, struct arena *arena, const struct ca_record *ca, uint64_t generation, const struct generation_record *record,
                      struct ca_key *key, pca_error *err)
{
    struct row_key row = pcai_key_ca_cert(ca->id, generation, record->certificates);
    struct ca_cert_record cert;
    struct certificate c;
    key->place = (struct key_place){pcai_arena_text(arena, record->driver), pcai_arena_text(arena, record->slot), pcai_arena_text(arena, record->key_name)};
    int rc = pcai_record_get(txn, &pcai_ca_cert_type, pcai_row_key_view(&row), &cert, err);
    if (rc == PCA_E_NOT_FOUND)
        return missing(ca, "certificate", err);
    if (rc == PCA_OK)
        rc = pcai_certificate_read(cert.der, &c, err);
    if (rc == PCA_OK)
        key->public_key = pcai_arena_slice(arena, c.public_key);
    return rc == PCA_OK && arena->failed ? pcai_no_memory(err) : rc;
}

static int is_signer(const struct ca_cert_record *cert, const struct certificate *c, pca_error *err)
{
    struct certificate of;
    int rc = pcai_certificate_read(cert->der, &of, err);
    return rc == PCA_OK ? pcai_certificate_verify(c, of.public_key, err) : rc;
}

int pcai_ca_signer(struct txn *txn, struct context *cx, const struct ca_record *ca, const struct certificate *c, uint64_t *generation,
                   pca_error *err)
{
    for (uint64_t g = ca->generation; g > 0; g--) {
        struct ca_cert_record cert;
        pca_error why = {0};
        int rc = pcai_ca_cert_read(txn, cx, ca, g, &cert, err);
        if (rc != PCA_OK)
            return rc;
        rc = is_signer(&cert, c, &why);
        if (rc == PCA_E_CRYPTO)
            continue;
        if (rc != PCA_OK)
            pcai_error_copy(err, &why);
        *generation = g;
        return rc;
    }
    return PCA_E_NOT_FOUND;
}

int pcai_ca_key_read(struct txn *txn, struct arena *arena, const struct ca_record *ca, uint64_t generation, struct ca_key *key, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct row_key row = pcai_key_generation(ca->id, generation);
    struct generation_record record;
    struct key_record held;
    int rc = pcai_record_get(txn, &pcai_generation_type, pcai_row_key_view(&row), &record, err);
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? missing(ca, "key generation", err) : rc;
    if (record.custody == CUSTODY_ELSEWHERE)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(ca, object), "key", "the CA's private key is not held in this region");
    *key = (struct ca_key){.owner = {'c', ca->id, (uint32_t)generation}};
    if (record.custody == CUSTODY_CONTAINER)
        return read_place(txn, arena, ca, generation, &record, key, err);
    rc = pcai_record_get(txn, &pcai_key_type, pcai_row_key_view(&row), &held, err);
    if (rc != PCA_OK)
        return rc == PCA_E_NOT_FOUND ? missing(ca, "private key", err) : rc;
    key->sealed = pcai_arena_slice(arena, held.sealed);
    return arena->failed ? pcai_no_memory(err) : PCA_OK;
}

int pcai_ca_key_load(struct environment *env, struct containers *containers, struct random *random, const struct ca_key *from,
                     const struct key **key, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (from->place.driver)
        return pcai_container_key(containers, &from->place, from->public_key, key, err);
    int rc = pcai_keyring_load(pcai_environment_keyring(env), &from->owner, from->sealed, random, key, err);
    if (rc != PCA_OK)
        pcai_error_name_object(err, pcai_object("ca", from->owner.id, object));
    return rc;
}

/* ---- Chain ---- */

int pcai_chain_read(struct txn *txn, struct context *cx, uint64_t id, struct chain *chain, pca_error *err)
{
    chain->count = 0;
    while (id != 0) {
        char object[PCAI_OBJECT];
        if (chain->count == PCAI_CHAIN_MAX)
            return pcai_fail(err, PCA_E_CORRUPT, pcai_object("ca", id, object), "parent", "more than %d CAs stand in one chain", PCAI_CHAIN_MAX);
        int rc = pcai_ca_read(txn, cx, id, &chain->ca[chain->count], err);
        if (rc != PCA_OK)
            return rc;
        id = chain->ca[chain->count++].parent;
    }
    return PCA_OK;
}

int pcai_chain_certs(struct txn *txn, struct context *cx, uint64_t id, uint64_t generation, struct chain_certs *certs, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct ca_record ca;
    struct ca_cert_record cert = {0};
    certs->count = 0;
    do {
        if (certs->count == PCAI_CHAIN_MAX)
            return pcai_fail(err, PCA_E_CORRUPT, pcai_object("ca", id, object), "parent", "more than %d CAs stand in one chain", PCAI_CHAIN_MAX);
        int rc = pcai_ca_read(txn, cx, id, &ca, err);
        if (rc == PCA_OK)
            rc = pcai_ca_cert_read(txn, cx, &ca, generation, &cert, err);
        if (rc != PCA_OK)
            return rc;
        certs->ca[certs->count] = ca.id;
        certs->parent[certs->count] = ca.parent;
        certs->der[certs->count++] = cert.der;
        id = cert.issuer;
        generation = cert.issuer_generation;
    } while (cert.kind == CA_CERT_PARENT);
    certs->external = cert.kind == CA_CERT_EXTERNAL;
    return PCA_OK;
}

size_t pcai_chain_below_root(const struct chain_certs *certs)
{
    return certs->external ? certs->count : certs->count - 1;
}

/* The code that a CA's own trouble has; PCA_OK for none. */
static int trouble(const struct ca_record *ca, int64_t now, pca_error *err)
{
    char object[PCAI_OBJECT], end[PCAI_TIME_TEXT];
    pcai_ca_object(ca, object);
    if (ca->state == PCA_CA_REVOKED)
        return pcai_fail(err, PCA_E_STATE, object, "state", "the CA is revoked");
    if (ca->state != PCA_CA_PURCHASED && now > ca->not_after) {
        pcai_time_text(ca->not_after, end);
        return pcai_fail(err, PCA_E_EXPIRED, object, "not_after", "the CA's certificate ended on %s", end);
    }
    if (now >= ca->service_end) {
        pcai_time_text(ca->service_end, end);
        return pcai_fail(err, PCA_E_EXPIRED, object, "service_end", "the CA's service term ended on %s; renew it", end);
    }
    if (ca->state == PCA_CA_DISABLED)
        return pcai_fail(err, PCA_E_STATE, object, "state", "the CA is disabled");
    if (ca->state != PCA_CA_ENABLED)
        return pcai_fail(err, PCA_E_STATE, object, "state", "the CA is not enabled yet");
    return PCA_OK;
}

int pcai_chain_require_usable(const struct chain *chain, size_t first, int64_t now, pca_error *err)
{
    for (size_t i = first; i < chain->count; i++) {
        int rc = trouble(&chain->ca[i], now, err);
        if (rc == PCA_OK)
            continue;
        if (i > 0) {
            rc = PCA_E_PARENT_STATE;
            if (err)
                err->code = rc;
        }
        return rc;
    }
    return PCA_OK;
}

void pcai_chain_validity(const struct chain *chain, size_t first, int64_t *not_before, int64_t *not_after)
{
    *not_before = chain->ca[first].not_before;
    *not_after = chain->ca[first].not_after;
    for (size_t i = first + 1; i < chain->count; i++) {
        if (chain->ca[i].not_before > *not_before)
            *not_before = chain->ca[i].not_before;
        if (chain->ca[i].not_after < *not_after)
            *not_after = chain->ca[i].not_after;
    }
}

int pcai_chain_room(const struct chain *chain, size_t first, size_t *narrowest)
{
    int room = PCAI_CHAIN_MAX;
    for (size_t i = first; i < chain->count; i++) {
        int left = (int)chain->ca[i].path_length - 2 - (int)(i - first); /* its path length, less the CAs between and the new one */
        if (chain->ca[i].path_length && left < room) {
            room = left < -1 ? -1 : left;
            *narrowest = i;
        }
    }
    return room;
}

int64_t pcai_chain_service_end(const struct chain *chain, size_t first)
{
    int64_t end = INT64_MAX;
    for (size_t i = first; i < chain->count; i++)
        if (chain->ca[i].service_end < end)
            end = chain->ca[i].service_end;
    return end;
}

uint64_t pcai_chain_months(const struct chain *chain, size_t first)
{
    uint64_t months = UINT64_MAX;
    for (size_t i = first; i < chain->count; i++)
        if (chain->ca[i].months < months)
            months = chain->ca[i].months;
    return months;
}

int pcai_ca_require_slot(const struct ca_record *ca, int64_t now, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (ca->state != PCA_CA_PURCHASED)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(ca, object), "state", "the CA has been enabled before");
    if (now >= ca->service_end)
        return pcai_fail(err, PCA_E_EXPIRED, pcai_ca_object(ca, object), "service_end", "the CA's service term is over; renew it");
    return PCA_OK;
}

int pcai_ca_require_signing(const struct ca_record *ca, const struct generation_record *generation, int64_t now, pca_error *err)
{
    char object[PCAI_OBJECT], end[PCAI_TIME_TEXT];
    int64_t not_after = generation ? generation->not_after : ca->not_after;
    pcai_ca_object(ca, object);
    if (ca->state == PCA_CA_PURCHASED)
        return pcai_fail(err, PCA_E_STATE, object, "state", "the CA is not enabled yet");
    if (now <= not_after)
        return PCA_OK;
    pcai_time_text(not_after, end);
    return pcai_fail(err, PCA_E_EXPIRED, object, "not_after", "the CA's certificate ended on %s", end);
}

/* ---- Alias ---- */

/* 'A' ‖ alias ‖ 00: a NUL that no alias holds. */
struct row_key pcai_alias_key(struct slice alias)
{
    struct row_key key = pcai_key_text("A");
    pcai_row_key_bytes(&key, alias);
    pcai_row_key_bytes(&key, pcai_slice("", 1));
    return key;
}

int pcai_alias_check(const char *alias, pca_error *err)
{
    size_t characters = 0;
    struct slice text = pcai_slice_text(alias);
    if (text.size > 4 * ALIAS_MAX || !pcai_utf8_printable(text, &characters) || characters > ALIAS_MAX)
        return pcai_fail(err, PCA_E_INVALID, NULL, "alias", "an alias is at most %d characters of UTF-8 without control characters", ALIAS_MAX);
    return PCA_OK;
}

static int alias_owner(struct txn *txn, const char *alias, uint64_t *id, pca_error *err)
{
    struct row_key prefix = pcai_alias_key(pcai_slice_text(alias));
    struct scan *scan = NULL;
    struct slice key, value;
    int rc = pcai_scan_open(txn, TABLE_NAME, pcai_row_key_view(&prefix), pcai_row_key_view(&prefix), &scan, err);
    if (rc == PCA_OK)
        rc = pcai_scan_next(scan, &key, &value, err);
    if (rc == PCA_OK && key.size != prefix.size + 8)
        rc = pcai_fail(err, PCA_E_CORRUPT, "region", "alias", "an alias row's key is malformed");
    if (rc == PCA_OK)
        *id = pcai_read_u64(key.data + prefix.size);
    pcai_scan_close(scan);
    return rc;
}

static struct row_key alias_row(const char *alias, uint64_t id)
{
    struct row_key key = pcai_alias_key(pcai_slice_text(alias));
    pcai_row_key_u64(&key, id);
    return key;
}

int pcai_alias_set(struct txn *txn, struct ca_record *ca, const char *alias, pca_error *err)
{
    char object[PCAI_OBJECT], old[4 * ALIAS_MAX + 1];
    uint64_t owner;
    struct index_record empty = {0};
    snprintf(old, sizeof old, "%.*s", (int)ca->alias.size, ca->alias.data ? (const char *)ca->alias.data : "");
    if (strcmp(old, alias) == 0)
        return PCA_OK;
    int rc = *alias ? alias_owner(txn, alias, &owner, err) : PCA_E_NOT_FOUND;
    if (rc == PCA_OK)
        return pcai_fail(err, PCA_E_EXISTS, pcai_ca_object(ca, object), "alias", "CA %" PRIu64 " has the alias \"%s\" already", owner, alias);
    if (rc != PCA_E_NOT_FOUND)
        return rc;
    rc = PCA_OK;
    if (*old) {
        struct row_key key = alias_row(old, ca->id);
        rc = pcai_delete(txn, TABLE_NAME, pcai_row_key_view(&key), err);
        if (rc == PCA_E_NOT_FOUND)
            return missing(ca, "alias row", err);
    }
    if (rc == PCA_OK && *alias) {
        struct row_key key = alias_row(alias, ca->id);
        rc = pcai_record_put(txn, &pcai_name_type, pcai_row_key_view(&key), &empty, err);
    }
    ca->alias = pcai_slice_text(alias);
    return rc;
}

int pcai_alias_find(struct txn *txn, const char *alias, uint64_t *id, pca_error *err)
{
    int rc = alias_owner(txn, alias, id, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, rc, "region", "alias", "no CA has the alias \"%s\"", alias);
    return rc;
}

/* ---- Verbs ---- */

static int change_state(struct txn *txn, struct context *cx, uint64_t id, uint64_t from, uint64_t to, enum action action,
                        const char *refusal, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct ca_record ca;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_ca_read(txn, cx, id, &ca, err);
    if (rc != PCA_OK)
        return rc;
    if (ca.state != from)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(&ca, object), "state", "%s", refusal);
    ca.state = to;
    rc = pcai_ca_put(txn, cx, &ca, err);
    if (rc == PCA_OK)
        rc = pcai_rules_raise(txn, err);
    return rc == PCA_OK ? pcai_log_append(txn, cx, action, &(struct log_record){.ca = id}, err) : rc;
}

int pcai_ca_disable(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct ca_verb *verb = arguments;
    return change_state(txn, cx, verb->id, PCA_CA_ENABLED, PCA_CA_DISABLED, ACTION_DISABLE, "only an enabled CA can be disabled", err);
}

int pcai_ca_resume(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct ca_verb *verb = arguments;
    return change_state(txn, cx, verb->id, PCA_CA_DISABLED, PCA_CA_ENABLED, ACTION_RESUME, "only a disabled CA can be resumed", err);
}

int pcai_ca_set_alias(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct ca_verb *verb = arguments;
    struct ca_record ca;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_ca_read(txn, cx, verb->id, &ca, err);
    if (rc == PCA_OK)
        rc = pcai_alias_set(txn, &ca, verb->alias, err);
    if (rc == PCA_OK)
        rc = pcai_ca_put(txn, cx, &ca, err);
    if (rc == PCA_OK)
        rc = pcai_rules_raise(txn, err);
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_ALIAS, &(struct log_record){.ca = verb->id}, err) : rc;
}

int pcai_ca_settings_check(const struct ca_settings *s, pca_error *err)
{
    int rc = s->crl_url && *s->crl_url ? pcai_url_check(s->crl_url, "crl_url", err) : PCA_OK;
    if (rc == PCA_OK && s->ocsp_url && *s->ocsp_url)
        rc = pcai_url_check(s->ocsp_url, "ocsp_url", err);
    if (rc == PCA_OK && s->issuer_url && *s->issuer_url)
        rc = pcai_url_check(s->issuer_url, "issuer_url", err);
    if (rc == PCA_OK && s->crl_days > PCAI_CRL_DAYS_MAX)
        rc = pcai_fail(err, PCA_E_INVALID, NULL, "crl_days", "a CRL period is 1 to %d days", PCAI_CRL_DAYS_MAX);
    if (rc != PCA_OK)
        pcai_error_name_object(err, "call");
    return rc;
}

static void set_if_given(struct slice *held, const char *given)
{
    if (given)
        *held = pcai_slice_text(given);
}

/* The address of a generation is its own: no other has had it. */
static int set_generation_url(struct txn *txn, struct context *cx, const struct ca_record *ca, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct generation_record generation;
    int rc = PCA_OK;
    for (uint64_t g = 1; rc == PCA_OK && g < ca->generation; g++) {
        rc = pcai_generation_read(txn, cx, ca, g, &generation, err);
        if (rc == PCA_OK && ca->crl_url.size && pcai_slice_equal(generation.crl_url, ca->crl_url))
            return pcai_fail(err, PCA_E_INVALID, pcai_ca_object(ca, object), "crl_url", "the CRLs of key generation %d have this address", (int)g);
    }
    if (rc == PCA_OK)
        rc = pcai_generation_read(txn, cx, ca, ca->generation, &generation, err);
    generation.crl_url = ca->crl_url;
    return rc == PCA_OK ? pcai_generation_put(txn, ca->id, ca->generation, &generation, err) : rc;
}

int pcai_ca_set(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    char object[PCAI_OBJECT];
    const struct ca_settings *s = arguments;
    struct ca_record ca;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_ca_read(txn, cx, s->id, &ca, err);
    if (rc != PCA_OK)
        return rc;
    if (ca.state != PCA_CA_ENABLED && ca.state != PCA_CA_DISABLED)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(&ca, object), "state", "settings are changed while a CA is enabled or disabled");
    set_if_given(&ca.crl_url, s->crl_url);
    set_if_given(&ca.ocsp_url, s->ocsp_url);
    set_if_given(&ca.issuer_url, s->issuer_url);
    if (s->crl_days)
        ca.crl_days = s->crl_days;
    rc = s->crl_url ? set_generation_url(txn, cx, &ca, err) : PCA_OK;
    if (rc == PCA_OK)
        rc = pcai_ca_put(txn, cx, &ca, err);
    if (rc == PCA_OK)
        rc = pcai_rules_raise(txn, err);
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_SETTINGS, &(struct log_record){.ca = s->id}, err) : rc;
}
