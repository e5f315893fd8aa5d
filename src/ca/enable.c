/* Enabling a CA: its key, its certificate by itself or by its parent, its first key generation. */
#include <string.h>

#include "ca/log.h"
#include "ca/plan.h"
#include "ca/validity.h"

#define ROOT_YEARS 10
#define SUB_YEARS 5
#define CRL_DAYS 7

int pcai_ca_enable_arguments(struct plan *plan, int is_root, pca_error *err)
{
    plan->container = PCA_CONTAINER_MANAGED;
    plan->algorithm = plan->request->key_algorithm;
    return pcai_request_check_ca(plan->request, is_root, err);
}

static int check_state(const struct ca_record *ca, int64_t now, pca_error *err)
{
    char object[PCAI_OBJECT];
    pcai_ca_object(ca, object);
    if (ca->state != PCA_CA_PURCHASED)
        return pcai_fail(err, PCA_E_STATE, object, "state", "the CA has been enabled before");
    if (now >= ca->service_end)
        return pcai_fail(err, PCA_E_EXPIRED, object, "service_end", "the CA's service term is over; renew it");
    return PCA_OK;
}

static int check_family(struct plan *plan, const struct ca_record *ca, pca_error *err)
{
    if (!plan->algorithm)
        plan->algorithm = ca->family == PCA_FAMILY_RSA ? PCA_KEY_RSA_3072 : PCA_KEY_EC_P256;
    if (pcai_algorithm_family(plan->algorithm) != (int)ca->family)
        return pcai_fail(err, PCA_E_ALGORITHM, "request", "key_algorithm", "the key is %s and the CA was bought for %s",
                         pcai_algorithm_name(plan->algorithm), ca->family == PCA_FAMILY_RSA ? "RSA" : "ECC");
    if (plan->algorithm == PCA_KEY_RSA_1024)
        return pcai_fail(err, PCA_E_ALGORITHM, "request", "key_algorithm", "a CA's RSA key has at least 2048 bits");
    return PCA_OK;
}

static int set_names(struct plan *plan, const struct ca_record *parent, pca_error *err)
{
    plan->subject.arena = &plan->arena;
    int rc = pcai_subject_ca(plan->request, &plan->subject, err);
    if (rc == PCA_OK && parent && pcai_slice_equal(plan->subject.name, parent->subject))
        return pcai_fail(err, PCA_E_NAME, "request", "common_name", "the subject is the same as the issuer's");
    plan->certificate.subject = plan->subject.name;
    return rc;
}

static int set_validity(struct plan *plan, const struct ca_record *parent, const struct context *cx, pca_error *err)
{
    struct validity_limits limits = {.years_max = PCAI_CA_YEARS_MAX, .default_years = parent ? SUB_YEARS : ROOT_YEARS};
    struct certificate *c = &plan->certificate;
    if (parent) {
        limits.has_issuer = 1;
        limits.issuer_not_before = parent->not_before;
        limits.issuer_not_after = parent->not_after;
    }
    int rc = pcai_validity_resolve(plan->request, &limits, cx->now, cx->now - pcai_policy(cx, POLICY_BACKDATE_SECONDS), &c->not_before,
                                   &c->not_after, err);
    if (rc == PCA_OK)
        plan->lint.longest = pcai_validity_longest(&limits, c->not_before);
    return rc;
}

static int set_crl_address(struct plan *plan, const struct ca_record *parent, pca_error *err)
{
    char object[PCAI_OBJECT];
    int asked = plan->request->crl_address;
    if (!parent) {
        plan->lint.include_crl = 0;
        return PCA_OK;
    }
    if (asked == 1 && parent->crl_url.size == 0)
        return pcai_fail(err, PCA_E_INVALID, "request", "crl_address", "%s has no CRL address to include", pcai_ca_object(parent, object));
    plan->lint.include_crl = asked != 0 && parent->crl_url.size;
    if (plan->lint.include_crl)
        plan->certificate.crl_url = pcai_arena_slice(&plan->arena, parent->crl_url);
    return PCA_OK;
}

/* Every ancestor's path length counts: the CA at height h above the new one needs room for h CAs and what follows. */
static int check_path_length(struct plan *plan, const struct chain *chain, pca_error *err)
{
    char object[PCAI_OBJECT];
    uint64_t below = (uint64_t)(plan->request->path_length < 0 ? 0 : plan->request->path_length);
    if (chain->count == 1) {
        plan->certificate.path_length = -1;
        return PCA_OK;
    }
    for (size_t i = 1; i < chain->count; i++) {
        uint64_t allowed = chain->ca[i].path_length;
        if (allowed && allowed - 1 < below + i)
            return pcai_fail(err, PCA_E_CONSTRAINT, pcai_ca_object(&chain->ca[i], object), "path_length",
                             "its path length %d leaves no room for this CA and %d below it", (int)allowed - 1, (int)below);
    }
    plan->certificate.path_length = (int)below;
    return PCA_OK;
}

static int set_issuer(struct txn *txn, struct context *cx, struct plan *plan, const struct ca_record *parent, pca_error *err)
{
    struct generation_record generation;
    struct ca_cert_record cert;
    struct certificate *c = &plan->certificate;
    if (!parent) {
        c->issuer = c->subject;
        return PCA_OK;
    }
    int rc = pcai_generation_read(txn, cx, parent, parent->generation, &generation, err);
    if (rc == PCA_OK)
        rc = pcai_ca_cert_read(txn, cx, parent, &cert, err);
    if (rc == PCA_OK)
        rc = pcai_ca_key_read(txn, &plan->arena, parent, &plan->issuer_key, err);
    if (rc != PCA_OK)
        return rc;
    plan->issuer = parent->id;
    plan->issuer_generation = parent->generation;
    c->issuer = pcai_arena_slice(&plan->arena, parent->subject);
    c->authority_key_id = pcai_arena_slice(&plan->arena, generation.key_id);
    c->signature_key = (int)parent->algorithm;
    plan->lint.issuer = pcai_arena_slice(&plan->arena, cert.der);
    return plan->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

/* The record as it will stand; its slices live in the plan's arena. */
static void keep_self(struct plan *plan, const struct ca_record *ca)
{
    plan->self = *ca;
    plan->self.alias = pcai_arena_slice(&plan->arena, ca->alias);
    plan->self.state = PCA_CA_ENABLED;
    plan->self.algorithm = (uint64_t)plan->algorithm;
    plan->self.generation = 1;
    plan->self.path_length = (uint64_t)(plan->certificate.path_length + 1);
    plan->self.subject = plan->certificate.subject;
    plan->self.not_before = plan->certificate.not_before;
    plan->self.not_after = plan->certificate.not_after;
    plan->self.crl_url = pcai_slice_text(plan->request->crl_url ? plan->request->crl_url : "");
    plan->self.crl_days = plan->request->crl_days ? plan->request->crl_days : CRL_DAYS;
}

int pcai_ca_enable_rules(struct txn *txn, struct context *cx, struct plan *plan, pca_error *err)
{
    struct chain chain;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_rules_read(txn, &plan->rules, err);
    if (rc == PCA_OK)
        rc = pcai_chain_read(txn, cx, plan->ca, &chain, err);
    if (rc == PCA_OK)
        rc = check_state(&chain.ca[0], cx->now, err);
    if (rc == PCA_OK)
        rc = pcai_chain_require_usable(&chain, 1, cx->now, err);
    if (rc != PCA_OK)
        return rc;
    const struct ca_record *parent = chain.count > 1 ? &chain.ca[1] : NULL;
    plan->lint = (struct lint_context){.role = parent ? LINT_SUB : LINT_ROOT};
    plan->certificate.is_ca = 1;
    plan->certificate.key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN;
    rc = check_family(plan, &chain.ca[0], err);
    if (rc == PCA_OK)
        rc = set_names(plan, parent, err);
    if (rc == PCA_OK)
        rc = set_validity(plan, parent, cx, err);
    if (rc == PCA_OK)
        rc = set_crl_address(plan, parent, err);
    if (rc == PCA_OK)
        rc = check_path_length(plan, &chain, err);
    if (rc == PCA_OK)
        rc = set_issuer(txn, cx, plan, parent, err);
    if (rc != PCA_OK)
        return rc;
    plan->service_end = pcai_chain_service_end(&chain, 0);
    keep_self(plan, &chain.ca[0]);
    return plan->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

static int put_rows(struct txn *txn, struct context *cx, struct plan *plan, pca_error *err)
{
    struct ca_record *ca = &plan->self;
    struct row_key key = pcai_key_generation(ca->id, 1), cert_key = pcai_key_ca_cert(ca->id, 1, ca->parent ? CA_CERT_PARENT : CA_CERT_SELF);
    struct generation_record generation = {.algorithm = ca->algorithm, .key_id = plan->certificate.subject_key_id};
    struct key_record sealed = {pcai_buf_view(&plan->sealed)};
    struct ca_cert_record cert = {.kind = ca->parent ? CA_CERT_PARENT : CA_CERT_SELF,
                                  .issuer = ca->parent ? plan->issuer : ca->id,
                                  .issuer_generation = ca->parent ? plan->issuer_generation : 1,
                                  .serial = plan->certificate.serial,
                                  .not_before = ca->not_before,
                                  .not_after = ca->not_after,
                                  .der = pcai_buf_view(&plan->der)};
    uint8_t digest[PCAI_DIGEST_MAX];
    ca->serial = plan->certificate.serial;
    int rc = pcai_plan_reserve(txn, plan, err);
    if (rc == PCA_OK)
        rc = pcai_ca_put(txn, ca, err);
    if (rc == PCA_OK)
        rc = pcai_generation_put(txn, ca->id, 1, &generation, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_key_type, pcai_row_key_view(&key), &sealed, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_ca_cert_type, pcai_row_key_view(&cert_key), &cert, err);
    if (rc == PCA_OK)
        rc = pcai_rules_raise(txn, err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, pcai_buf_view(&plan->der), digest, err);
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_ENABLE, &(struct log_record){.ca = ca->id, .digest = pcai_slice(digest, 32)}, err) : rc;
}

int pcai_ca_enable_record(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct plan *plan = arguments;
    uint64_t rules;
    plan->reserved = 0;
    int rc = pcai_rules_read(txn, &rules, err);
    if (rc != PCA_OK)
        return rc;
    if (rules != plan->rules || cx->now >= plan->service_end)
        return PCAI_AGAIN;
    if (plan->request->alias)
        rc = pcai_alias_set(txn, &plan->self, plan->request->alias, err);
    return rc == PCA_OK ? put_rows(txn, cx, plan, err) : rc;
}
