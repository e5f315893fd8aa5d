/*
 * CA certificates: enabling (a key and its first certificate, by the CA itself or by its parent), reissuing (another certificate
 * for the same key) and rekeying (a further key generation).
 */
#include <string.h>

#include "ca/family.h"
#include "ca/log.h"
#include "ca/plan.h"
#include "ca/public_keys.h"
#include "ca/validity.h"

int pcai_ca_arguments(struct plan *plan, int is_root, pca_error *err)
{
    plan->container = PCA_CONTAINER_MANAGED;
    plan->algorithm = plan->request->key_algorithm;
    int rc = pcai_request_check_ca(plan->request, is_root, plan->purpose, err);
    if (plan->request->driver)
        plan->container = PCA_CONTAINER_USBKEY;
    if (rc == PCA_OK && plan->purpose == PURPOSE_REISSUE && (plan->algorithm || plan->request->crl_url))
        return pcai_fail(err, PCA_E_INVALID, "request", plan->algorithm ? "key_algorithm" : "crl_url", "a reissue keeps the key and its CRL's address");
    return rc == PCA_OK && plan->request->csr.data ? pcai_plan_read_csr(plan, err) : rc;
}

/* ---- The CA and those above it ---- */

static int check_parent(const struct ca_record *self, const struct ca_record *parent, pca_error *err)
{
    char object[PCAI_OBJECT], above[PCAI_OBJECT];
    if (parent->id == self->id || parent->root != self->root)
        return pcai_fail(err, PCA_E_INVALID, pcai_ca_object(self, object), "parent", "%s does not stand below the root that this CA was bought for",
                         pcai_ca_object(parent, above));
    return PCA_OK;
}

/* The CA first; above it its parent, or the one that it is to be enabled under. */
static int read_chain(struct txn *txn, struct context *cx, const struct plan *plan, struct chain *chain, pca_error *err)
{
    struct chain above = {.count = 0};
    char object[PCAI_OBJECT];
    int rc = pcai_ca_read(txn, cx, plan->ca, &chain->ca[0], err);
    uint64_t parent = rc != PCA_OK ? 0 : plan->parent ? plan->parent : chain->ca[0].parent;
    if (rc == PCA_OK && parent)
        rc = pcai_chain_read(txn, cx, parent, &above, err);
    if (rc == PCA_OK && plan->parent)
        rc = check_parent(&chain->ca[0], &above.ca[0], err);
    if (rc != PCA_OK)
        return rc;
    if (above.count == PCAI_CHAIN_MAX)
        return pcai_fail(err, PCA_E_CONSTRAINT, pcai_ca_object(&chain->ca[0], object), "parent", "at most %d CAs stand in one chain", PCAI_CHAIN_MAX);
    memcpy(&chain->ca[1], above.ca, above.count * sizeof above.ca[0]);
    chain->count = 1 + above.count;
    return PCA_OK;
}

static int check_state(const struct plan *plan, const struct ca_record *ca, int64_t now, pca_error *err)
{
    char object[PCAI_OBJECT];
    pcai_ca_object(ca, object);
    if (plan->purpose == PURPOSE_ENABLE)
        return pcai_ca_require_slot(ca, now, err);
    if (ca->state == PCA_CA_PURCHASED)
        return pcai_fail(err, PCA_E_STATE, object, "state", "the CA is not enabled yet");
    if (ca->state == PCA_CA_REVOKED)
        return pcai_fail(err, PCA_E_STATE, object, "state", "the CA is revoked");
    if (now >= ca->service_end)
        return pcai_fail(err, PCA_E_EXPIRED, object, "service_end", "the CA's service term is over; renew it");
    return PCA_OK;
}

/* ---- Fields ---- */

static const char *algorithm_field(const struct plan *plan)
{
    return plan->has_csr ? "csr" : "key_algorithm";
}

static int check_family(struct plan *plan, const struct ca_record *ca, pca_error *err)
{
    if (plan->purpose == PURPOSE_REISSUE || (plan->purpose == PURPOSE_REKEY && !plan->algorithm))
        plan->algorithm = (int)ca->algorithm;
    if (!plan->algorithm)
        plan->algorithm = pcai_family_key(ca->family, 1);
    if (pcai_algorithm_family(plan->algorithm) != (int)ca->family)
        return pcai_fail(err, PCA_E_ALGORITHM, "request", algorithm_field(plan), "the key is %s and the CA was bought for %s",
                         pcai_algorithm_name(plan->algorithm), pcai_family_name(ca->family));
    if (plan->algorithm == PCA_KEY_RSA_1024)
        return pcai_fail(err, PCA_E_ALGORITHM, "request", algorithm_field(plan), "a CA's RSA key has at least 2048 bits");
    return PCA_OK;
}

static int set_names(struct plan *plan, const struct ca_record *ca, const struct ca_record *parent, pca_error *err)
{
    plan->subject.arena = &plan->arena;
    if (plan->purpose != PURPOSE_ENABLE) {
        plan->certificate.subject = pcai_arena_slice(&plan->arena, ca->subject);
        return plan->arena.failed ? pcai_no_memory(err) : PCA_OK;
    }
    int rc = pcai_subject_ca(plan->request, plan->has_csr ? &plan->csr : NULL, &plan->subject, err);
    if (rc == PCA_OK && parent && pcai_name_same(plan->subject.name, parent->subject) == 1)
        return pcai_fail(err, PCA_E_NAME, "request", "common_name", "the subject is the same as the issuer's");
    plan->certificate.subject = plan->subject.name;
    return rc;
}

/* Every ancestor's path length counts. A root has none; a CA that had none keeps that where nothing above it sets a limit. */
static int check_path_length(struct plan *plan, const struct chain *chain, pca_error *err)
{
    char object[PCAI_OBJECT];
    const struct ca_record *ca = &chain->ca[0];
    size_t narrowest = 0;
    int again = plan->purpose != PURPOSE_ENABLE, below = plan->request->path_length;
    int room = pcai_chain_room(chain, 1, &narrowest);
    if (below < 0 && chain->count > 1)
        below = !again ? 0 : ca->path_length ? (int)ca->path_length - 1 : room < PCAI_CHAIN_MAX ? room : -1;
    if (room < 0 || below > room)
        return pcai_fail(err, PCA_E_CONSTRAINT, pcai_ca_object(&chain->ca[narrowest], object), "path_length",
                         "its path length %d leaves no room for this CA and %d below it", (int)chain->ca[narrowest].path_length - 1,
                         below < 0 ? 0 : below);
    plan->certificate.path_length = below;
    return PCA_OK;
}

/* ---- What binds those below ---- */

/* An imported CA may have purposes; name constraints are given when a CA is enabled. Each of its certificates bears both from then
 * on. */
static int set_constraints(struct txn *txn, struct context *cx, struct plan *plan, const struct ca_record *ca, pca_error *err)
{
    const struct pca_request *request = plan->request;
    struct ca_cert_record held;
    struct certificate c;
    struct buf value = {0};
    int rc = PCA_OK;
    if (plan->purpose != PURPOSE_ENABLE) {
        rc = pcai_ca_cert_read(txn, cx, ca, ca->generation, &held, err);
        if (rc == PCA_OK)
            rc = pcai_certificate_read(held.der, &c, err);
        if (rc == PCA_OK && c.name_constraints.data)
            plan->certificate.name_constraints = pcai_arena_slice(&plan->arena, c.name_constraints);
        for (size_t i = 0; rc == PCA_OK && i < c.eku_count; i++)
            plan->certificate.eku[plan->certificate.eku_count++] = pcai_arena_slice(&plan->arena, c.eku[i]);
    } else if (request->subtree_count) {
        pcai_constraints_write(&value, request->subtrees, request->subtree_count);
        rc = pcai_buf_check(&value, err);
        plan->certificate.name_constraints = pcai_arena_slice(&plan->arena, pcai_buf_view(&value));
        pcai_buf_free(&value);
    }
    return rc == PCA_OK && plan->arena.failed ? pcai_no_memory(err) : rc;
}

/* ---- Keys ---- */

static int check_csr_key(struct txn *txn, const struct context *cx, const struct plan *plan, pca_error *err)
{
    return plan->has_csr ? pcai_public_key_check(txn, cx, plan->csr.public_key, plan->certificate.subject, "csr", err) : PCA_OK;
}

/* The key that is there, for another certificate; of a root it signs, too. */
static int keep_key(struct txn *txn, struct context *cx, struct plan *plan, const struct ca_record *ca, pca_error *err)
{
    struct generation_record generation;
    struct ca_cert_record held;
    struct certificate c;
    int rc = pcai_generation_read(txn, cx, ca, ca->generation, &generation, err);
    if (rc == PCA_OK)
        rc = pcai_ca_cert_read(txn, cx, ca, ca->generation, &held, err);
    if (rc == PCA_OK)
        rc = pcai_certificate_read(held.der, &c, err);
    if (rc == PCA_OK && !ca->parent)
        rc = pcai_ca_key_read(txn, &plan->arena, ca, ca->generation, &plan->issuer_key, err);
    if (rc != PCA_OK)
        return rc;
    plan->container = PCA_CONTAINER_PUBLIC;
    plan->public_key = pcai_arena_slice(&plan->arena, c.public_key);
    plan->kept_key_id = pcai_arena_slice(&plan->arena, generation.key_id);
    return plan->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

static int set_issuer(struct txn *txn, struct context *cx, struct plan *plan, const struct ca_record *parent, pca_error *err)
{
    if (parent)
        return pcai_plan_set_issuer(txn, cx, plan, parent, err);
    plan->certificate.issuer = plan->certificate.subject;
    return PCA_OK;
}

/* Further keys and certificates are for what was made here. */
static int check_origin(struct txn *txn, struct context *cx, const struct plan *plan, const struct ca_record *ca, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct generation_record held;
    struct ca_cert_record cert;
    if (plan->purpose == PURPOSE_ENABLE)
        return PCA_OK;
    int rc = pcai_generation_read(txn, cx, ca, ca->generation, &held, err);
    if (rc == PCA_OK)
        rc = pcai_ca_cert_read(txn, cx, ca, ca->generation, &cert, err);
    if (rc != PCA_OK)
        return rc;
    if (plan->purpose == PURPOSE_REKEY && held.custody == CUSTODY_ELSEWHERE)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(ca, object), "key", "the CA's private key is not held in this region, and its next one would be");
    if (cert.kind == CA_CERT_EXTERNAL)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(ca, object), "certificate",
                         "the CA's certificate comes from a root elsewhere: the next one does too, by a CSR");
    return PCA_OK;
}

/* A generation's CRL is its own, and so is the address at which clients look for it. */
static int check_crl_url(struct txn *txn, struct context *cx, const struct plan *plan, const struct ca_record *ca, pca_error *err)
{
    struct slice asked = pcai_slice_text(plan->request->crl_url ? plan->request->crl_url : "");
    if (plan->purpose != PURPOSE_REKEY)
        return PCA_OK;
    if (ca->crl_url.size && !asked.size)
        return pcai_fail(err, PCA_E_INVALID, "request", "crl_url", "a new key has CRLs of its own: give them an address of their own");
    for (uint64_t g = 1; asked.size && g <= ca->generation; g++) {
        struct generation_record held;
        int rc = pcai_generation_read(txn, cx, ca, g, &held, err);
        if (rc != PCA_OK)
            return rc;
        if (pcai_slice_equal(held.crl_url, asked))
            return pcai_fail(err, PCA_E_INVALID, "request", "crl_url", "the CRLs of key generation %d have this address", (int)g);
    }
    return PCA_OK;
}

/* The record as it will stand; its slices live in the plan's arena. */
static void keep_self(struct plan *plan, const struct ca_record *ca)
{
    const struct pca_request *request = plan->request;
    struct arena *arena = &plan->arena;
    plan->self = *ca;
    plan->self.alias = pcai_arena_slice(arena, ca->alias);
    plan->self.tags = pcai_arena_slice(arena, ca->tags);
    plan->self.ocsp_url = pcai_arena_slice(arena, request->ocsp_url ? pcai_slice_text(request->ocsp_url) : ca->ocsp_url);
    plan->self.issuer_url = pcai_arena_slice(arena, request->issuer_url ? pcai_slice_text(request->issuer_url) : ca->issuer_url);
    plan->self.crl_url = pcai_arena_slice(arena, request->crl_url ? pcai_slice_text(request->crl_url) : ca->crl_url);
    if (request->crl_days || !ca->crl_days)
        plan->self.crl_days = request->crl_days ? request->crl_days : PCAI_CRL_DAYS;
    if (plan->purpose == PURPOSE_ENABLE)
        plan->self.state = PCA_CA_ENABLED;
    if (plan->parent)
        plan->self.parent = plan->parent;
    if (plan->purpose != PURPOSE_REISSUE)
        plan->self.generation++;
    plan->self.algorithm = (uint64_t)plan->algorithm;
    plan->self.path_length = (uint64_t)(plan->certificate.path_length + 1);
    plan->self.subject = plan->certificate.subject;
    plan->self.not_before = plan->certificate.not_before;
    plan->self.not_after = plan->certificate.not_after;
}

static int set_fields(struct txn *txn, struct context *cx, struct plan *plan, const struct chain *chain, pca_error *err)
{
    const struct ca_record *ca = &chain->ca[0], *parent = chain->count > 1 ? &chain->ca[1] : NULL;
    plan->lint = (struct lint_context){.role = parent ? LINT_SUB : LINT_ROOT, .kept = plan->purpose != PURPOSE_ENABLE};
    plan->certificate.is_ca = 1;
    plan->opaque = pcai_policy(cx, POLICY_OPAQUE_SERIALS) != 0;
    plan->certificate.key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN;
    int rc = check_family(plan, ca, err);
    if (rc == PCA_OK)
        rc = set_names(plan, ca, parent, err);
    if (rc == PCA_OK)
        rc = check_csr_key(txn, cx, plan, err);
    if (rc == PCA_OK)
        rc = pcai_plan_set_ca_validity(plan, chain, 1, cx, err);
    if (rc == PCA_OK)
        rc = check_origin(txn, cx, plan, ca, err);
    if (rc == PCA_OK)
        rc = check_crl_url(txn, cx, plan, ca, err);
    if (rc == PCA_OK && parent)
        rc = pcai_plan_set_addresses(plan, parent, err);
    if (rc == PCA_OK)
        rc = set_constraints(txn, cx, plan, ca, err);
    if (rc == PCA_OK)
        rc = set_issuer(txn, cx, plan, parent, err);
    if (rc == PCA_OK)
        rc = check_path_length(plan, chain, err);
    if (rc == PCA_OK && plan->purpose == PURPOSE_REISSUE)
        rc = keep_key(txn, cx, plan, ca, err);
    return rc;
}

int pcai_ca_rules(struct txn *txn, struct context *cx, struct plan *plan, pca_error *err)
{
    struct chain chain;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_rules_read(txn, &plan->rules, err);
    if (rc == PCA_OK)
        rc = read_chain(txn, cx, plan, &chain, err);
    if (rc == PCA_OK)
        rc = check_state(plan, &chain.ca[0], cx->now, err);
    if (rc == PCA_OK)
        rc = pcai_chain_require_usable(&chain, 1, cx->now, err);
    if (rc == PCA_OK)
        rc = set_fields(txn, cx, plan, &chain, err);
    if (rc != PCA_OK)
        return rc;
    plan->service_end = pcai_chain_service_end(&chain, 0);
    keep_self(plan, &chain.ca[0]);
    return plan->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

/* ---- Record ---- */

static int put_generation(struct txn *txn, struct context *cx, const struct plan *plan, struct generation_record *generation, pca_error *err)
{
    const struct ca_record *ca = &plan->self;
    *generation = (struct generation_record){.algorithm = ca->algorithm,
                                             .key_id = plan->certificate.subject_key_id,
                                             .custody = plan->has_csr ? CUSTODY_ELSEWHERE : CUSTODY_SEALED,
                                             .crl_url = ca->crl_url};
    if (plan->container == PCA_CONTAINER_USBKEY) {
        generation->custody = CUSTODY_CONTAINER;
        generation->driver = pcai_slice_text(plan->request->driver);
        generation->slot = pcai_slice_text(plan->request->slot);
        generation->key_name = pcai_slice_text(plan->key_name);
    }
    int rc = plan->purpose == PURPOSE_REISSUE ? pcai_generation_read(txn, cx, ca, ca->generation, generation, err) : PCA_OK;
    generation->certificates++;
    generation->not_after = ca->not_after;
    return rc == PCA_OK ? pcai_generation_put(txn, ca->id, ca->generation, generation, err) : rc;
}

static int put_key(struct txn *txn, const struct plan *plan, pca_error *err)
{
    struct row_key key = pcai_key_generation(plan->self.id, plan->self.generation);
    struct key_record sealed = {.sealed = pcai_buf_view(&plan->sealed)};
    if (sealed.sealed.size)
        return pcai_record_put(txn, &pcai_key_type, pcai_row_key_view(&key), &sealed, err);
    int rc = plan->purpose == PURPOSE_REISSUE ? PCA_OK : pcai_delete(txn, TABLE_KEY, pcai_row_key_view(&key), err); /* that a CSR waited with */
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

static int put_certificate(struct txn *txn, const struct plan *plan, uint64_t number, pca_error *err)
{
    const struct ca_record *ca = &plan->self;
    struct row_key key = pcai_key_ca_cert(ca->id, ca->generation, number);
    struct ca_cert_record cert = {.kind = ca->parent ? CA_CERT_PARENT : CA_CERT_SELF,
                                  .issuer = ca->parent ? plan->issuer : ca->id,
                                  .issuer_generation = ca->parent ? plan->issuer_generation : ca->generation,
                                  .serial = plan->certificate.serial,
                                  .not_before = ca->not_before,
                                  .not_after = ca->not_after,
                                  .der = pcai_buf_view(&plan->der)};
    return pcai_record_put(txn, &pcai_ca_cert_type, pcai_row_key_view(&key), &cert, err);
}

static int put_rows(struct txn *txn, struct context *cx, struct plan *plan, pca_error *err)
{
    static const enum action actions[] = {[PURPOSE_ENABLE] = ACTION_ENABLE, [PURPOSE_REISSUE] = ACTION_REISSUE, [PURPOSE_REKEY] = ACTION_REKEY};
    struct ca_record *ca = &plan->self;
    struct generation_record generation;
    uint8_t digest[PCAI_DIGEST_MAX];
    ca->serial = plan->certificate.serial;
    int rc = pcai_plan_reserve(txn, plan, err);
    if (rc == PCA_OK)
        rc = pcai_plan_put_serial(txn, plan, 0, err);
    if (rc == PCA_OK)
        rc = pcai_public_key_keep(txn, cx, plan->certificate.public_key, plan->certificate.subject, 1, err);
    if (rc == PCA_OK)
        rc = pcai_ca_put(txn, cx, ca, err);
    if (rc == PCA_OK)
        rc = put_generation(txn, cx, plan, &generation, err);
    if (rc == PCA_OK)
        rc = put_key(txn, plan, err);
    if (rc == PCA_OK)
        rc = put_certificate(txn, plan, generation.certificates, err);
    if (rc == PCA_OK)
        rc = pcai_rules_raise(txn, err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, pcai_buf_view(&plan->der), digest, err);
    struct log_record entry = {.ca = ca->id, .object = ca->generation, .digest = pcai_slice(digest, 32)};
    return rc == PCA_OK ? pcai_log_append(txn, cx, actions[plan->purpose], &entry, err) : rc;
}

int pcai_ca_record(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct plan *plan = arguments;
    uint64_t rules;
    plan->reserved = 0;
    int rc = pcai_rules_read(txn, &rules, err);
    if (rc != PCA_OK)
        return rc;
    if (rules != plan->rules || cx->now >= plan->service_end)
        return PCAI_AGAIN;
    rc = pcai_plan_serial_current(txn, plan, err);
    if (rc == PCA_OK && plan->container == PCA_CONTAINER_USBKEY)
        rc = pcai_public_key_check(txn, cx, plan->public_key, plan->certificate.subject, "container", err);
    if (rc != PCA_OK)
        return rc;
    struct slice held = plan->self.alias;
    if (plan->request->alias)
        rc = pcai_alias_set(txn, &plan->self, plan->request->alias, err);
    if (rc == PCA_OK)
        rc = put_rows(txn, cx, plan, err);
    plan->self.alias = held; /* as another run finds it in the store */
    return rc;
}
