#include "ca/plan.h"

#include <string.h>

#include "ca/family.h"
#include "ca/serials.h"
#include "ca/validity.h"

#define ROOT_YEARS 10
#define SUB_YEARS 5

void pcai_plan_reset(struct plan *plan)
{
    pcai_key_free(plan->key);
    plan->key = NULL;
    pcai_buf_free(&plan->tbs);
    pcai_buf_free(&plan->der);
    pcai_buf_free(&plan->sealed);
    pcai_buf_free(&plan->pair.der);
    pcai_buf_free(&plan->pair.sealed);
    pcai_arena_free(&plan->arena);
    plan->certificate = (struct certificate){0};
    plan->subject = (struct subject){0};
    plan->issuer_key = (struct ca_key){0};
    plan->outside = NULL;
    plan->issuer = plan->issuer_generation = 0;
}

void pcai_plan_free(struct plan *plan, int recorded)
{
    if (plan->reserve)
        pcai_sequence_reserved(plan->env, recorded ? plan->reserved : 0);
    pcai_plan_reset(plan);
    pcai_buf_free(&plan->csr_work);
    pcai_buf_free(&plan->container_key);
}

int pcai_plan_read_csr(struct plan *plan, pca_error *err)
{
    int rc = pcai_csr_read(plan->request->csr, &plan->csr_work, &plan->csr, err);
    if (rc == PCA_OK)
        rc = pcai_csr_verify(&plan->csr, &plan->algorithm, err);
    plan->has_csr = 1;
    plan->container = PCA_CONTAINER_CSR;
    plan->public_key = plan->csr.public_key;
    if (rc == PCA_E_CSR || rc == PCA_E_ALGORITHM) {
        pcai_error_name_object(err, "request");
        pcai_error_name_field(err, "csr");
    }
    return rc;
}

static struct slice address(struct plan *plan, struct slice url)
{
    return url.size ? pcai_arena_slice(&plan->arena, url) : pcai_slice(NULL, 0);
}

int pcai_plan_set_addresses(struct plan *plan, const struct ca_record *issuer, pca_error *err)
{
    char object[PCAI_OBJECT];
    int asked = plan->request->crl_address;
    if (asked == 1 && issuer->crl_url.size == 0)
        return pcai_fail(err, PCA_E_INVALID, "request", "crl_address", "%s has no CRL address to include", pcai_ca_object(issuer, object));
    plan->lint.include_crl = asked != 0 && issuer->crl_url.size;
    if (plan->lint.include_crl)
        plan->certificate.crl_url = address(plan, issuer->crl_url);
    plan->certificate.ocsp_url = address(plan, issuer->ocsp_url);
    plan->certificate.issuer_url = address(plan, issuer->issuer_url);
    return plan->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

int pcai_plan_set_ca_validity(struct plan *plan, const struct chain *chain, size_t first, const struct context *cx, pca_error *err)
{
    struct validity_limits limits = {.has_issuer = first < chain->count, .years_max = PCAI_CA_YEARS_MAX};
    struct certificate *c = &plan->certificate;
    limits.default_years = limits.has_issuer ? SUB_YEARS : ROOT_YEARS;
    if (limits.has_issuer)
        pcai_chain_validity(chain, first, &limits.issuer_not_before, &limits.issuer_not_after);
    int rc = pcai_validity_resolve(plan->request, &limits, cx->now, cx->now - pcai_policy(cx, POLICY_BACKDATE_SECONDS), &c->not_before,
                                   &c->not_after, err);
    if (rc == PCA_OK)
        plan->lint.longest = pcai_validity_longest(&limits, c->not_before);
    return rc;
}

static int violates(const struct plan *plan, const struct violation *v, const struct chain_certs *above, size_t i, pca_error *err)
{
    char object[PCAI_OBJECT];
    const char *field = plan->subject.own && v->san == plan->subject.own - 1 ? "common_name" : v->field;
    struct ca_record ca = {.id = above->ca[i], .parent = above->parent[i]};
    struct buf subtree = {0};
    pcai_subtree_text(&v->by, &subtree);
    int rc = pcai_buf_check(&subtree, err);
    if (rc == PCA_OK)
        rc = pcai_fail(err, PCA_E_CONSTRAINT, pcai_ca_object(&ca, object), field,
                       v->by.excluded ? "the name lies in what the CA excludes: %.*s" : "the name lies in nothing that the CA permits, as %.*s",
                       (int)subtree.size, (const char *)subtree.data);
    pcai_buf_free(&subtree);
    return rc;
}

/* Kept for the lint. */
static int check_names(struct plan *plan, const struct chain_certs *above, pca_error *err)
{
    const struct certificate *c = &plan->certificate;
    const struct constrained names = {c->subject, c->san, c->is_ca};
    struct violation v;
    struct certificate ca;
    size_t count = 0;
    int rc = PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < above->count; i++) {
        rc = pcai_certificate_read(above->der[i], &ca, err);
        if (rc != PCA_OK || !ca.name_constraints.data)
            continue;
        rc = pcai_constraints_check(ca.name_constraints, &names, &v);
        if (rc == PCA_E_CONSTRAINT)
            return violates(plan, &v, above, i, err);
        if (rc != PCA_OK)
            return pcai_fail(err, rc, "request", rc == PCA_E_NAME ? "subject" : NULL, "names or the constraints on them cannot be read");
        plan->constrained[count++] = pcai_arena_slice(&plan->arena, above->der[i]);
    }
    plan->lint.constrained = plan->constrained;
    plan->lint.constrained_count = count;
    return rc == PCA_OK && plan->arena.failed ? pcai_no_memory(err) : rc;
}

int pcai_plan_set_issuer(struct txn *txn, struct context *cx, struct plan *plan, const struct ca_record *issuer, pca_error *err)
{
    struct generation_record generation;
    struct chain_certs above;
    struct certificate *c = &plan->certificate;
    int rc = pcai_generation_read(txn, cx, issuer, issuer->generation, &generation, err);
    if (rc == PCA_OK)
        rc = pcai_chain_certs(txn, cx, issuer->id, issuer->generation, &above, err);
    if (rc == PCA_OK)
        rc = check_names(plan, &above, err);
    if (rc == PCA_OK)
        rc = pcai_ca_key_read(txn, &plan->arena, issuer, issuer->generation, &plan->issuer_key, err);
    if (rc != PCA_OK)
        return rc;
    plan->issuer = issuer->id;
    plan->issuer_generation = issuer->generation;
    c->issuer = pcai_arena_slice(&plan->arena, issuer->subject);
    c->authority_key_id = pcai_arena_slice(&plan->arena, generation.key_id);
    c->signature_key = (int)issuer->algorithm;
    plan->lint.issuer = pcai_arena_slice(&plan->arena, above.der[0]);
    return plan->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

/* One octet 01..7F ‖ sequence in five ‖ ten random: positive, minimal, unique by the sequence, 80 bits unforeseeable. Or random
 * in all but the first bit. */
static int make_serial(struct plan *plan, pca_error *err)
{
    int rc = pcai_random_bytes(plan->random, plan->serial, sizeof plan->serial, err);
    if (rc != PCA_OK)
        return rc;
    plan->serial[0] = (uint8_t)(plan->serial[0] % 0x7F + 1);
    for (int i = 0; i < 5 && !plan->opaque; i++)
        plan->serial[1 + i] = (uint8_t)(plan->sequence >> (32 - 8 * i));
    plan->certificate.serial = pcai_slice(plan->serial, sizeof plan->serial);
    return PCA_OK;
}

static int lint_tbs(struct plan *plan, pca_error *err)
{
    plan->findings.count = 0;
    return pcai_lint_certificate(pcai_buf_view(&plan->tbs), &plan->lint, &plan->findings, err);
}

static int build(struct plan *plan, struct slice public_key, pca_error *err)
{
    struct certificate *c = &plan->certificate;
    c->public_key = public_key;
    int rc = pcai_key_id(public_key, plan->key_id, err);
    if (rc != PCA_OK)
        return rc;
    c->subject_key_id = plan->kept_key_id.data ? plan->kept_key_id : pcai_slice(plan->key_id, sizeof plan->key_id);
    if (!plan->issuer) {
        c->authority_key_id = c->subject_key_id;
        c->signature_key = plan->algorithm;
    }
    plan->lint.signature_key = c->signature_key;
    pcai_buf_reset(&plan->tbs);
    rc = pcai_certificate_tbs(c, &plan->tbs, err);
    return rc == PCA_OK ? lint_tbs(plan, err) : rc;
}

static void set_stand_in(struct plan *plan)
{
    static const uint8_t stand_in[16] = {1, 0, 0, 0, 0, 1, 0x9E, 0x37, 0x79, 0xB9, 0x7F, 0x4A, 0x7C, 0x15, 0xF3, 0x9C};
    plan->certificate.serial = pcai_slice(stand_in, sizeof stand_in);
}

int pcai_plan_lint(struct plan *plan, struct slice public_key, pca_error *err)
{
    set_stand_in(plan);
    int rc = build(plan, public_key, err);
    return rc == PCA_OK ? pcai_lint_refuse(&plan->findings, "request", err) : rc;
}

static int sign(struct plan *plan, pca_error *err)
{
    struct buf signature = {0};
    const struct key *key = plan->outside ? plan->outside : plan->key;
    int rc = plan->issuer_key.owner.id ? pcai_ca_key_load(plan->env, plan->containers, plan->random, &plan->issuer_key, &key, err) : PCA_OK;
    if (rc == PCA_OK)
        rc = pcai_key_sign(key, plan->random, pcai_buf_view(&plan->tbs), &signature, err);
    if (rc == PCA_OK)
        pcai_signed_write(&plan->der, pcai_buf_view(&plan->tbs), plan->certificate.signature_key, pcai_buf_view(&signature));
    if (rc == PCA_OK)
        rc = signature.failed ? pcai_no_memory(err) : pcai_buf_check(&plan->der, err);
    pcai_buf_free(&signature);
    return rc;
}

/* In the shape of a certificate, without a signature. */
static int freeze(struct plan *plan, pca_error *err)
{
    pcai_signed_write(&plan->der, pcai_buf_view(&plan->tbs), plan->certificate.signature_key, pcai_slice(NULL, 0));
    return pcai_buf_check(&plan->der, err);
}

static int fill(struct plan *plan, struct slice template, pca_error *err)
{
    struct certificate *c = &plan->certificate;
    int rc = make_serial(plan, err);
    plan->lint.signature_key = c->signature_key;
    pcai_buf_reset(&plan->tbs);
    if (rc == PCA_OK)
        rc = pcai_certificate_fill(template, c->serial, c->not_before, c->not_after, &plan->tbs, err);
    if (rc == PCA_OK)
        rc = lint_tbs(plan, err);
    if (rc == PCA_OK)
        rc = pcai_lint_refuse(&plan->findings, "request", err);
    return rc == PCA_OK ? sign(plan, err) : rc;
}

static int take_sequence(struct plan *plan, pca_error *err)
{
    int low = 0, rc = pcai_sequence_take(plan->env, &plan->sequence, &low, err);
    plan->reserve |= low;
    return rc;
}

/* ---- Pairs ---- */

struct slice pcai_plan_pair_serial(const struct plan *plan)
{
    return pcai_slice(plan->pair.serial, sizeof plan->pair.serial);
}

/* The other certificate, made as the first was, whose parts are put aside meanwhile. */
static int other(struct plan *plan, struct slice public_key, struct slice template, pca_error *err)
{
    struct certificate first = plan->certificate;
    struct buf tbs = plan->tbs, der = plan->der;
    uint64_t sequence = plan->sequence;
    uint8_t serial[sizeof plan->serial];
    memcpy(serial, plan->serial, sizeof serial);
    plan->tbs = plan->der = (struct buf){0};
    plan->certificate.key_usage = pcai_family(PCA_FAMILY_SM2)->pair_usage;
    int rc = plan->compliance ? PCA_OK : take_sequence(plan, err);
    if (rc == PCA_OK && template.data) {
        rc = fill(plan, template, err);
    } else if (rc == PCA_OK) {
        rc = plan->compliance ? PCA_OK : make_serial(plan, err);
        if (rc == PCA_OK)
            rc = build(plan, public_key, err);
        if (rc == PCA_OK)
            rc = pcai_lint_refuse(&plan->findings, "request", err);
        if (rc == PCA_OK)
            rc = plan->compliance ? freeze(plan, err) : sign(plan, err);
    }
    pcai_buf_free(&plan->tbs);
    pcai_buf_free(&plan->pair.der);
    plan->pair.der = plan->der;
    plan->pair.sequence = plan->sequence;
    memcpy(plan->pair.serial, plan->serial, sizeof serial);
    memcpy(plan->serial, serial, sizeof serial);
    plan->sequence = sequence;
    plan->tbs = tbs;
    plan->der = der;
    plan->certificate = first;
    return rc;
}

/* GM/T 0015: the encryption key is made, and kept, by the CA. */
static int make_pair(struct plan *plan, pca_error *err)
{
    struct key *key = NULL;
    struct key_owner owner = {'p', plan->sequence, 0};
    int rc = pcai_key_generate(PCA_KEY_SM2, plan->random, &key, err);
    if (rc == PCA_OK)
        rc = other(plan, pcai_key_public(key), pcai_slice(NULL, 0), err);
    if (rc == PCA_OK)
        rc = pcai_keyring_seal(pcai_environment_keyring(plan->env), &owner, key, plan->random, &plan->pair.sealed, err);
    pcai_key_free(key);
    return rc;
}

int pcai_plan_fill(struct plan *plan, struct slice template, struct slice pair_template, pca_error *err)
{
    int rc = fill(plan, template, err);
    return rc == PCA_OK && pair_template.data ? other(plan, pcai_slice(NULL, 0), pair_template, err) : rc;
}

/* The digest of what reviewers will see. */
static int digest_template(struct plan *plan, pca_error *err)
{
    struct certificate pair = {.tbs = {NULL, 0}};
    int rc = plan->dual ? pcai_certificate_read(pcai_buf_view(&plan->pair.der), &pair, err) : PCA_OK;
    return rc == PCA_OK ? pcai_review_digest(plan->sequence, &plan->review, pcai_buf_view(&plan->tbs), pair.tbs, plan->approved, err) : rc;
}

int pcai_plan_reserve(struct txn *txn, struct plan *plan, pca_error *err)
{
    return plan->reserve ? pcai_sequence_reserve(txn, &plan->reserved, err) : PCA_OK;
}

int pcai_plan_serial_current(struct txn *txn, struct plan *plan, pca_error *err)
{
    uint64_t held;
    uint64_t issuer = plan->issuer ? plan->issuer : plan->ca;
    int rc = plan->opaque ? pcai_serial_find(txn, issuer, plan->certificate.serial, &held, err) : PCA_E_NOT_FOUND;
    if (rc == PCA_E_NOT_FOUND && plan->dual)
        rc = pcai_serial_find(txn, issuer, pcai_plan_pair_serial(plan), &held, err);
    plan->repeats = rc == PCA_OK;
    return rc == PCA_OK ? PCAI_AGAIN : rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_plan_put_serial(struct txn *txn, const struct plan *plan, uint64_t certificate, pca_error *err)
{
    uint64_t issuer = plan->issuer ? plan->issuer : plan->ca;
    int rc = plan->opaque ? pcai_serial_put(txn, issuer, plan->certificate.serial, certificate, err) : PCA_OK;
    return rc == PCA_OK && plan->dual ? pcai_serial_put(txn, issuer, pcai_plan_pair_serial(plan), certificate, err) : rc;
}

/* ---- Keys in containers ---- */

static struct key_place place_of(const struct plan *plan)
{
    return (struct key_place){plan->request->driver, plan->request->slot, plan->key_name};
}

/* A CSR by the key on the token shows that it signs by the key that it shows. */
static int prove(struct plan *plan, struct session *session, pca_error *err)
{
    struct buf info = {0}, signature = {0}, der = {0}, work = {0};
    struct csr csr;
    int algorithm, rc;
    pcai_csr_info(&info, plan->certificate.subject, pcai_buf_view(&plan->container_key), NULL);
    rc = pcai_buf_check(&info, err);
    if (rc == PCA_OK)
        rc = pcai_session_sign(session, plan->key_name, pcai_buf_view(&plan->container_key), plan->random, pcai_buf_view(&info), &signature, err);
    if (rc == PCA_OK)
        pcai_signed_write(&der, pcai_buf_view(&info), plan->algorithm, pcai_buf_view(&signature));
    if (rc == PCA_OK)
        rc = pcai_buf_check(&der, err);
    if (rc == PCA_OK)
        rc = pcai_csr_read(pcai_buf_view(&der), &work, &csr, err);
    if (rc == PCA_OK)
        rc = pcai_csr_verify(&csr, &algorithm, err);
    pcai_buf_free(&info);
    pcai_buf_free(&signature);
    pcai_buf_free(&der);
    pcai_buf_free(&work);
    return rc;
}

/* An end entity's: made in a session of its own, whose PIN is the request's. */
static int make_on_token(struct plan *plan, pca_error *err)
{
    struct key_place place = place_of(plan);
    struct session *session = NULL;
    int rc = pcai_container_key_name(plan->random, plan->key_name, err);
    if (rc == PCA_OK)
        rc = pcai_session_open(plan->containers, &place, plan->request->pin, &session, err);
    if (rc == PCA_OK)
        rc = pcai_session_generate(session, plan->key_name, plan->algorithm, &plan->container_key, err);
    if (rc == PCA_OK)
        rc = prove(plan, session, err);
    pcai_session_close(session);
    if (rc != PCA_OK)
        pcai_buf_free(&plan->container_key);
    return rc;
}

static int make_key(struct plan *plan, pca_error *err)
{
    int rc = PCA_OK;
    if (plan->container == PCA_CONTAINER_MANAGED)
        return pcai_key_generate(plan->algorithm, plan->random, &plan->key, err);
    if (plan->container != PCA_CONTAINER_USBKEY)
        return PCA_OK;
    if (plan->self.id) /* a CA's: in the session that is logged in to the slot, in which it is going to sign */
        rc = pcai_container_make(plan->containers, plan->request->driver, plan->request->slot, plan->algorithm, plan->random, plan->key_name,
                                 &plan->container_key, &plan->outside, err);
    else if (!plan->container_key.size)
        rc = make_on_token(plan, err);
    if (rc == PCA_OK)
        plan->public_key = pcai_buf_view(&plan->container_key);
    return rc;
}

int pcai_plan_goes_out(const struct plan *plan)
{
    return plan->container == PCA_CONTAINER_USBKEY || (plan->issuer_key.place.driver && !plan->compliance);
}

int pcai_plan_prepare(struct plan *plan, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    struct session *session = NULL;
    int rc = PCA_OK;
    plan->patience = plan->issuer_key.place.driver ? pcai_container_patience(plan->containers, plan->issuer_key.place.driver) : 0;
    if (plan->container == PCA_CONTAINER_USBKEY) {
        struct key_place place = place_of(plan);
        rc = pcai_container_probe(plan->containers, &place, err);
        if (rc == PCA_OK)
            rc = pcai_session_open(plan->containers, &place, plan->request->pin, &session, err);
        pcai_session_close(session);
        plan->patience += pcai_container_patience(plan->containers, place.driver);
    }
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, pcai_buf_view(&plan->tbs), digest, err);
    if (rc == PCA_OK)
        memcpy(plan->template, digest, sizeof plan->template);
    if (rc == PCA_OK)
        rc = take_sequence(plan, err);
    return rc == PCA_OK && !plan->compliance ? make_serial(plan, err) : rc;
}

/* The serial number of an intent is the certificate's. */
static int number(struct plan *plan, pca_error *err)
{
    int rc = plan->intent ? PCA_OK : take_sequence(plan, err);
    if (plan->compliance)
        set_stand_in(plan);
    else if (plan->intent)
        plan->certificate.serial = pcai_slice(plan->serial, sizeof plan->serial);
    else if (rc == PCA_OK)
        rc = make_serial(plan, err);
    return rc;
}

int pcai_plan_make(struct plan *plan, pca_error *err)
{
    int managed = plan->container == PCA_CONTAINER_MANAGED;
    int rc = make_key(plan, err);
    if (rc == PCA_OK)
        rc = number(plan, err);
    if (rc == PCA_OK)
        rc = build(plan, managed ? pcai_key_public(plan->key) : plan->public_key, err);
    if (rc == PCA_OK)
        rc = pcai_lint_refuse(&plan->findings, "request", err);
    if (rc == PCA_OK)
        rc = plan->compliance ? freeze(plan, err) : sign(plan, err);
    if (rc == PCA_OK && plan->dual)
        rc = make_pair(plan, err);
    if (rc == PCA_OK && plan->compliance)
        rc = digest_template(plan, err);
    if (rc != PCA_OK || !managed)
        return rc;
    struct key_owner owner = {'e', plan->sequence, 0};
    if (plan->self.id)
        owner = (struct key_owner){'c', plan->self.id, (uint32_t)plan->self.generation};
    return pcai_keyring_seal(pcai_environment_keyring(plan->env), &owner, plan->key, plan->random, &plan->sealed, err);
}
