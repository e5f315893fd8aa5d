#include "ca/plan.h"

#include "ca/serials.h"

#include <string.h>

void pcai_plan_reset(struct plan *plan)
{
    pcai_key_free(plan->key);
    plan->key = NULL;
    pcai_buf_free(&plan->tbs);
    pcai_buf_free(&plan->der);
    pcai_buf_free(&plan->sealed);
    pcai_arena_free(&plan->arena);
    plan->certificate = (struct certificate){0};
    plan->subject = (struct subject){0};
    plan->issuer_key = (struct ca_key){0};
    plan->issuer = plan->issuer_generation = 0;
}

void pcai_plan_free(struct plan *plan, int recorded)
{
    if (plan->reserve)
        pcai_sequence_reserved(plan->env, recorded ? plan->reserved : 0);
    pcai_plan_reset(plan);
    pcai_buf_free(&plan->csr_work);
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

void pcai_plan_set_addresses(struct plan *plan, const struct ca_record *issuer)
{
    if (plan->lint.include_crl)
        plan->certificate.crl_url = address(plan, issuer->crl_url);
    plan->certificate.ocsp_url = address(plan, issuer->ocsp_url);
    plan->certificate.issuer_url = address(plan, issuer->issuer_url);
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

int pcai_plan_check_names(struct plan *plan, const struct chain_certs *above, pca_error *err)
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
    const struct key *key = plan->key;
    int rc = plan->issuer_key.owner.id ? pcai_ca_key_load(plan->env, plan->random, &plan->issuer_key, &key, err) : PCA_OK;
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
    int rc = pcai_buf_check(&plan->der, err);
    return rc == PCA_OK ? pcai_review_digest(plan->sequence, &plan->review, pcai_buf_view(&plan->tbs), plan->approved, err) : rc;
}

int pcai_plan_fill(struct plan *plan, struct slice template, pca_error *err)
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

int pcai_plan_reserve(struct txn *txn, struct plan *plan, pca_error *err)
{
    return plan->reserve ? pcai_sequence_reserve(txn, &plan->reserved, err) : PCA_OK;
}

int pcai_plan_serial_current(struct txn *txn, struct plan *plan, pca_error *err)
{
    uint64_t held;
    int rc = plan->opaque ? pcai_serial_find(txn, plan->issuer ? plan->issuer : plan->ca, plan->certificate.serial, &held, err) : PCA_E_NOT_FOUND;
    plan->repeats = rc == PCA_OK;
    return rc == PCA_OK ? PCAI_AGAIN : rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_plan_put_serial(struct txn *txn, const struct plan *plan, uint64_t certificate, pca_error *err)
{
    return plan->opaque ? pcai_serial_put(txn, plan->issuer ? plan->issuer : plan->ca, plan->certificate.serial, certificate, err) : PCA_OK;
}

int pcai_plan_make(struct plan *plan, pca_error *err)
{
    int managed = plan->container == PCA_CONTAINER_MANAGED;
    int rc = managed ? pcai_key_generate(plan->algorithm, plan->random, &plan->key, err) : PCA_OK;
    if (rc == PCA_OK)
        rc = take_sequence(plan, err);
    if (plan->compliance)
        set_stand_in(plan);
    else if (rc == PCA_OK)
        rc = make_serial(plan, err);
    if (rc == PCA_OK)
        rc = build(plan, managed ? pcai_key_public(plan->key) : plan->public_key, err);
    if (rc == PCA_OK)
        rc = pcai_lint_refuse(&plan->findings, "request", err);
    if (rc == PCA_OK)
        rc = plan->compliance ? freeze(plan, err) : sign(plan, err);
    if (rc != PCA_OK || !managed)
        return rc;
    struct key_owner owner = {'e', plan->sequence, 0};
    if (plan->self.id)
        owner = (struct key_owner){'c', plan->self.id, (uint32_t)plan->self.generation};
    return pcai_keyring_seal(pcai_environment_keyring(plan->env), &owner, plan->key, plan->random, &plan->sealed, err);
}
