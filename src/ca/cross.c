#include "ca/cross.h"

#include "ca/import.h"
#include "ca/log.h"
#include "ca/public_keys.h"
#include "ca/request.h"
#include "x509/pem.h"

int pcai_cross_arguments(struct cross *cross, struct slice certificate, pca_error *err)
{
    int rc = pcai_request_check_cross(cross->plan.request, err);
    cross->plan.container = PCA_CONTAINER_PUBLIC;
    if (rc != PCA_OK || !certificate.data)
        return rc;
    rc = pcai_certificate_open(certificate, &cross->work, &cross->certificate, err);
    if (rc == PCA_E_INVALID)
        pcai_error_name_object(err, "call");
    if (rc == PCA_OK)
        rc = pcai_foreign_ca_check(&cross->certificate, pcai_buf_view(&cross->work), "call", &cross->plan.algorithm, err);
    if (rc == PCA_OK && pcai_slice_equal(cross->certificate.issuer, cross->certificate.subject)) {
        rc = pcai_certificate_verify(&cross->certificate, cross->certificate.public_key, err);
        if (rc == PCA_E_CRYPTO)
            rc = pcai_fail(err, PCA_E_INVALID, "call", "certificate", "its signature does not verify, or is by an algorithm that is not taken");
    }
    return rc;
}

/* ---- Who is signed ---- */

static int check_subject_state(const struct ca_record *ca, int64_t now, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (ca->state == PCA_CA_PURCHASED)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(ca, object), "state", "the CA is not enabled yet");
    if (ca->state == PCA_CA_REVOKED)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(ca, object), "state", "the CA is revoked");
    if (now > ca->not_after)
        return pcai_fail(err, PCA_E_EXPIRED, pcai_ca_object(ca, object), "not_after", "the CA's certificate has ended");
    return PCA_OK;
}

/* One that stands above would close a circle; one right below has the certificate already. */
static int check_relation(const struct chain *chain, const struct ca_record *subject, pca_error *err)
{
    char object[PCAI_OBJECT], signer[PCAI_OBJECT];
    pcai_ca_object(&chain->ca[0], signer);
    for (size_t i = 0; i < chain->count; i++)
        if (chain->ca[i].id == subject->id)
            return pcai_fail(err, PCA_E_INVALID, pcai_ca_object(subject, object), "subject", "the CA is, or stands above, %s, which is to sign it", signer);
    if (subject->parent == chain->ca[0].id)
        return pcai_fail(err, PCA_E_INVALID, pcai_ca_object(subject, object), "subject", "%s has signed the CA: reissue it", signer);
    return PCA_OK;
}

static int read_subject(struct txn *txn, struct context *cx, struct cross *cross, const struct chain *chain, pca_error *err)
{
    struct ca_record subject;
    struct ca_cert_record cert;
    int rc = pcai_ca_read(txn, cx, cross->subject, &subject, err);
    if (rc == PCA_OK)
        rc = check_subject_state(&subject, cx->now, err);
    if (rc == PCA_OK)
        rc = check_relation(chain, &subject, err);
    if (rc == PCA_OK)
        rc = pcai_ca_cert_read(txn, cx, &subject, subject.generation, &cert, err);
    if (rc != PCA_OK)
        return rc;
    cross->plan.algorithm = (int)subject.algorithm;
    struct slice der = pcai_arena_slice(&cross->plan.arena, cert.der);
    return cross->plan.arena.failed ? pcai_no_memory(err) : pcai_certificate_read(der, &cross->certificate, err);
}

static int check_foreign(struct txn *txn, const struct context *cx, const struct cross *cross, pca_error *err)
{
    int is_ca = 0;
    if (cross->foreign && !pcai_policy(cx, POLICY_ALLOW_FOREIGN_CROSS))
        return pcai_fail(err, PCA_E_STATE, "region", "allow_foreign_cross", "CAs that no region holds are cross-signed under policy allow_foreign_cross only");
    int rc = pcai_public_key_of_ca(txn, cross->certificate.public_key, &is_ca, err);
    if (rc == PCA_OK && is_ca)
        return pcai_fail(err, PCA_E_EXISTS, "call", "certificate", "its key is that of a CA of this region, which is cross-signed as such");
    if (rc == PCA_OK && cx->now > cross->certificate.not_after)
        return pcai_fail(err, PCA_E_EXPIRED, "call", "certificate", "the certificate has ended");
    return rc;
}

/* ---- Fields ---- */

static int set_path_length(struct cross *cross, const struct chain *chain, pca_error *err)
{
    char object[PCAI_OBJECT];
    size_t narrowest = 0;
    int room = pcai_chain_room(chain, 0, &narrowest), asked = cross->plan.request->path_length;
    if (asked < 0)
        asked = cross->certificate.path_length;
    if (asked < 0 && room < PCAI_CHAIN_MAX)
        asked = room;
    if (room < 0 || asked > room)
        return pcai_fail(err, PCA_E_CONSTRAINT, pcai_ca_object(&chain->ca[narrowest], object), "path_length",
                         "its path length %d leaves no room for this CA and %d below it", (int)chain->ca[narrowest].path_length - 1,
                         asked < 0 ? 0 : asked);
    cross->plan.certificate.path_length = asked;
    return PCA_OK;
}

/* GM/T 0015: SM2 signs SM2. Other families cross. */
static int check_family(const struct cross *cross, const struct ca_record *signer, pca_error *err)
{
    int is_sm2 = pcai_algorithm_family(cross->plan.algorithm) == PCA_FAMILY_SM2;
    if (is_sm2 != (signer->family == PCA_FAMILY_SM2))
        return pcai_fail(err, PCA_E_ALGORITHM, "call", "subject", "SM2 keys are signed by SM2 keys, and sign no others");
    return PCA_OK;
}

/* What binds the CA in its own certificate binds it here. */
static int set_fields(struct txn *txn, struct context *cx, struct cross *cross, const struct chain *chain, pca_error *err)
{
    struct plan *plan = &cross->plan;
    struct certificate *c = &plan->certificate;
    const struct ca_record *signer = &chain->ca[0];
    plan->lint = (struct lint_context){.role = LINT_SUB, .kept = 1};
    plan->opaque = pcai_policy(cx, POLICY_OPAQUE_SERIALS) != 0;
    c->is_ca = 1;
    c->key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN;
    c->subject = cross->certificate.subject;
    c->name_constraints = cross->certificate.name_constraints;
    for (size_t i = 0; i < cross->certificate.eku_count; i++)
        c->eku[c->eku_count++] = cross->certificate.eku[i];
    plan->public_key = cross->certificate.public_key;
    plan->kept_key_id = cross->certificate.subject_key_id;
    int rc = check_family(cross, signer, err);
    if (rc == PCA_OK && pcai_name_same(c->subject, signer->subject) == 1)
        rc = pcai_fail(err, PCA_E_NAME, "call", "subject", "the subject is the same as the issuer's");
    if (rc == PCA_OK)
        rc = pcai_plan_set_ca_validity(plan, chain, 0, cx, err);
    if (rc == PCA_OK)
        rc = pcai_plan_set_addresses(plan, signer, err);
    if (rc == PCA_OK)
        rc = set_path_length(cross, chain, err);
    return rc == PCA_OK ? pcai_plan_set_issuer(txn, cx, plan, signer, err) : rc;
}

int pcai_cross_rules(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct cross *cross = arguments;
    struct chain chain;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_rules_read(txn, &cross->plan.rules, err);
    if (rc == PCA_OK)
        rc = pcai_chain_read(txn, cx, cross->plan.ca, &chain, err);
    if (rc == PCA_OK)
        rc = pcai_chain_require_usable(&chain, 0, cx->now, err);
    if (rc == PCA_OK && chain.count == PCAI_CHAIN_MAX)
        rc = pcai_fail(err, PCA_E_CONSTRAINT, "call", "subject", "at most %d CAs stand in one chain", PCAI_CHAIN_MAX);
    if (rc == PCA_OK)
        rc = cross->subject ? read_subject(txn, cx, cross, &chain, err) : check_foreign(txn, cx, cross, err);
    if (rc == PCA_OK)
        rc = set_fields(txn, cx, cross, &chain, err);
    if (rc != PCA_OK)
        return rc;
    cross->plan.service_end = pcai_chain_service_end(&chain, 0);
    return cross->plan.arena.failed ? pcai_no_memory(err) : PCA_OK;
}

/* ---- Record ---- */

static int put_certificate(struct txn *txn, const struct cross *cross, pca_error *err)
{
    const struct plan *plan = &cross->plan;
    struct row_key row = pcai_key_ca_cert(plan->issuer, 0, plan->sequence);
    struct ca_cert_record cert = {.kind = CA_CERT_CROSS,
                                  .issuer = plan->issuer,
                                  .issuer_generation = plan->issuer_generation,
                                  .serial = plan->certificate.serial,
                                  .not_before = plan->certificate.not_before,
                                  .not_after = plan->certificate.not_after,
                                  .der = pcai_buf_view(&plan->der),
                                  .subject = cross->subject};
    return pcai_record_put(txn, &pcai_ca_cert_type, pcai_row_key_view(&row), &cert, err);
}

int pcai_cross_record(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct cross *cross = arguments;
    struct plan *plan = &cross->plan;
    uint64_t rules;
    uint8_t digest[PCAI_DIGEST_MAX];
    plan->reserved = 0;
    int rc = pcai_rules_read(txn, &rules, err);
    if (rc == PCA_OK && (rules != plan->rules || cx->now >= plan->service_end))
        return PCAI_AGAIN;
    if (rc == PCA_OK)
        rc = pcai_plan_serial_current(txn, plan, err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, pcai_buf_view(&plan->der), digest, err);
    if (rc == PCA_OK)
        rc = pcai_plan_reserve(txn, plan, err);
    if (rc == PCA_OK)
        rc = pcai_plan_put_serial(txn, plan, 0, err);
    if (rc == PCA_OK)
        rc = put_certificate(txn, cross, err);
    struct log_record entry = {.ca = plan->issuer, .object = cross->subject, .digest = pcai_slice(digest, 32)};
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_CROSS_SIGN, &entry, err) : rc;
}

void pcai_cross_free(struct cross *cross, int recorded)
{
    pcai_plan_free(&cross->plan, recorded);
    pcai_buf_free(&cross->work);
}

/* ---- Reading ---- */

int pcai_cross_subject(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct cross_subject *s = arguments;
    struct ca_record ca;
    struct ca_cert_record cert;
    int rc = pcai_ca_read(txn, cx, s->ca, &ca, err);
    if (rc == PCA_OK)
        rc = check_subject_state(&ca, cx->now, err);
    if (rc == PCA_OK)
        rc = pcai_ca_cert_read(txn, cx, &ca, ca.generation, &cert, err);
    if (rc != PCA_OK)
        return rc;
    pcai_buf_slice(&s->der, cert.der);
    return pcai_buf_check(&s->der, err);
}

int pcai_cross_list(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct cross_list *list = arguments;
    struct ca_record ca;
    struct row_key prefix = pcai_key_generation(list->ca, 0);
    struct scan *scan = NULL;
    struct slice key, value;
    int rc = pcai_ca_read(txn, cx, list->ca, &ca, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_scan_open(txn, TABLE_CA_CERT, pcai_row_key_view(&prefix), pcai_row_key_view(&prefix), &scan, err);
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        struct ca_cert_record cert;
        rc = pcai_record_decode(&pcai_ca_cert_type, key, value, &cert, err);
        if (rc == PCA_OK)
            pcai_pem_write(&list->pem, "CERTIFICATE", cert.der);
    }
    pcai_scan_close(scan);
    if (rc != PCA_E_NOT_FOUND)
        return rc;
    if (!list->pem.size && !list->pem.failed)
        return pcai_fail(err, rc, pcai_ca_object(&ca, object), "certificate", "the CA has cross-signed no other");
    return pcai_buf_check(&list->pem, err);
}
