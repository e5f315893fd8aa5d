/* End-entity certificates: the rules of a request and the rows of one issue (rules.md, order of checks). */
#include <inttypes.h>
#include <string.h>

#include "base/civil.h"
#include "ca/family.h"
#include "ca/label.h"
#include "ca/leaf_names.h"
#include "ca/log.h"
#include "ca/plan.h"
#include "ca/public_keys.h"
#include "ca/quota.h"
#include "ca/validity.h"

/* ---- Arguments ---- */

static int read_public_key(struct plan *plan, pca_error *err)
{
    struct public_key *key = NULL;
    int rc = pcai_public_read(plan->request->public_key, &key, err);
    if (rc == PCA_OK)
        rc = pcai_public_check_weak(key, err);
    if (rc == PCA_OK)
        plan->algorithm = pcai_public_algorithm(key);
    pcai_public_free(key);
    plan->container = PCA_CONTAINER_PUBLIC;
    plan->public_key = plan->request->public_key;
    if (rc == PCA_E_ALGORITHM) {
        pcai_error_name_object(err, "request");
        pcai_error_name_field(err, "public_key");
    }
    return rc;
}

int pcai_leaf_arguments(struct plan *plan, pca_error *err)
{
    const struct pca_request *request = plan->request;
    struct buf inputs = {0};
    int rc = pcai_request_check_leaf(request, plan->compliance, err);
    if (rc != PCA_OK)
        return rc;
    plan->container = PCA_CONTAINER_MANAGED;
    plan->algorithm = request->key_algorithm;
    if (request->driver)
        plan->container = PCA_CONTAINER_USBKEY;
    else if (request->csr.data)
        rc = pcai_plan_read_csr(plan, err);
    else if (request->public_key.data)
        rc = read_public_key(plan, err);
    if (rc != PCA_OK)
        return rc;
    plan->token = (struct token){.text = request->token, .verb = TOKEN_REQUEST, .object = plan->ca};
    if (request->token) {
        pcai_request_encode(request, &inputs);
        rc = pcai_buf_check(&inputs, err);
        if (rc == PCA_OK)
            rc = pcai_token_inputs(&plan->token, pcai_buf_view(&inputs), err);
        pcai_buf_free(&inputs);
    }
    return rc;
}

/* ---- Rules ---- */

int pcai_leaf_algorithm(struct plan *plan, const struct ca_record *sub, const struct context *cx, pca_error *err)
{
    const char *field = plan->has_csr ? "csr" : plan->container == PCA_CONTAINER_PUBLIC ? "public_key" : "key_algorithm";
    if (!plan->algorithm)
        plan->algorithm = pcai_family_key(sub->family, 0);
    if (pcai_algorithm_family(plan->algorithm) != (int)sub->family)
        return pcai_fail(err, PCA_E_ALGORITHM, "request", field, "the key is %s and the CA's family is %s", pcai_algorithm_name(plan->algorithm),
                         pcai_family_name(sub->family));
    if (plan->algorithm == PCA_KEY_RSA_1024 && !pcai_policy(cx, POLICY_ALLOW_WEAK))
        return pcai_fail(err, PCA_E_ALGORITHM, "request", field, "RSA keys have at least 2048 bits unless policy allow_weak is on");
    return PCA_OK;
}

/* A pair is SM2's, and usual where the key is on a token. */
static int set_dual(struct plan *plan, const struct ca_record *sub, pca_error *err)
{
    const struct family *family = pcai_family(sub->family);
    int pairs = family && family->pair_usage, asked = plan->request->dual;
    if (asked == 1 && !pairs)
        return pcai_fail(err, PCA_E_ALGORITHM, "request", "dual", "only SM2 has pairs of keys, and the CA's family is %s", pcai_family_name(sub->family));
    plan->dual = asked >= 0 ? asked : pairs && plan->container == PCA_CONTAINER_USBKEY;
    return PCA_OK;
}

int pcai_leaf_key(struct txn *txn, const struct context *cx, const struct plan *plan, pca_error *err)
{
    const char *field = plan->has_csr ? "csr" : plan->container == PCA_CONTAINER_USBKEY ? "container" : "public_key";
    return plan->public_key.data ? pcai_public_key_check(txn, cx, plan->public_key, plan->certificate.subject, field, err) : PCA_OK;
}

/* A compliance request that names no validity takes a year, or what the service allows where that is less. */
static void set_asked(struct plan *plan, uint64_t months)
{
    const struct pca_request *request = plan->request;
    plan->review = (struct review){.form = (uint64_t)request->form, .span = request->span, .not_before = request->not_before, .not_after = request->not_after};
    if (plan->compliance && !request->form) {
        int64_t cap = months ? pcai_service_cap_days(months) : 0;
        plan->review.form = cap ? FORM_DAYS : FORM_YEARS;
        plan->review.span = cap ? cap : 1;
    }
}

int pcai_leaf_validity(struct plan *plan, const struct chain *chain, const struct context *cx, pca_error *err)
{
    struct validity_limits limits = {.has_issuer = 1,
                                     .months = pcai_chain_months(chain, 0),
                                     .short_lived = pcai_policy(cx, POLICY_SHORT_LIVED) != 0,
                                     .years_max = PCAI_LEAF_YEARS_MAX};
    struct certificate *c = &plan->certificate;
    pcai_chain_validity(chain, 0, &limits.issuer_not_before, &limits.issuer_not_after);
    if (plan->request)
        set_asked(plan, limits.months);
    const struct review *r = &plan->review;
    struct pca_request asked = {.form = (enum validity_form)r->form, .span = r->span, .not_before = r->not_before, .not_after = r->not_after};
    int rc = pcai_validity_resolve(&asked, &limits, cx->now, cx->now - pcai_policy(cx, POLICY_BACKDATE_SECONDS), &c->not_before,
                                   &c->not_after, err);
    if (rc == PCA_OK)
        plan->lint.longest = pcai_validity_longest(&limits, c->not_before);
    return rc;
}

static void set_purposes(struct plan *plan)
{
    const struct pca_request *request = plan->request;
    struct certificate *c = &plan->certificate;
    int type = request->type, mail = 0;
    for (size_t i = 0; i < plan->subject.san_count; i++)
        mail |= plan->subject.san[i].type == PCA_SAN_EMAIL;
    if (type == PCA_CERT_SERVER || type == PCA_CERT_BOTH)
        c->eku[c->eku_count++] = pcai_oid(OID_SERVER_AUTH);
    if (type == PCA_CERT_CLIENT || type == PCA_CERT_BOTH)
        c->eku[c->eku_count++] = pcai_oid(OID_CLIENT_AUTH);
    if (type == PCA_CERT_CLIENT && mail)
        c->eku[c->eku_count++] = pcai_oid(OID_EMAIL_PROTECTION);
    for (size_t i = 0; i < request->eku_count; i++)
        c->eku[c->eku_count++] = request->eku[i];
}

/* RFC 5280 4.2.1.12: some purposes go with keys that sign, and with no others; one that is not known says nothing beside them. */
static int receives(const struct certificate *c)
{
    int only_signs = 0;
    for (size_t i = 0; i < c->eku_count; i++) {
        enum oid known = pcai_oid_find(c->eku[i]);
        if (known == OID_CLIENT_AUTH || known == OID_CODE_SIGNING || known == OID_TIME_STAMPING)
            only_signs = 1;
        else if (known != OID_NONE)
            return 1;
    }
    return !only_signs;
}

static void set_usage(struct plan *plan)
{
    const struct family *family = pcai_family((uint64_t)pcai_algorithm_family(plan->algorithm));
    struct certificate *c = &plan->certificate;
    set_purposes(plan);
    c->key_usage = family->usage | (receives(c) ? family->receiving_usage : 0);
    c->policies = plan->request->policies;
    c->policy_count = plan->request->policy_count;
    c->extensions = plan->request->extensions;
    c->extension_count = plan->request->extension_count;
}

static int set_names(struct plan *plan, const struct ca_record *sub, pca_error *err)
{
    struct buf san = {0};
    plan->subject.arena = &plan->arena;
    int rc = pcai_subject_leaf(plan->request, plan->has_csr ? &plan->csr : NULL, sub->subject, &plan->subject, err);
    if (rc == PCA_E_NAME && plan->compliance && err && strcmp(err->field, pcai_ask_field(ASK_COMMON_NAME)) == 0)
        pcai_error_name_field(err, "personal_name");
    if (rc != PCA_OK)
        return rc;
    plan->certificate.subject = plan->subject.name;
    plan->lint.given_names = plan->subject.given;
    if (plan->subject.san_count) {
        pcai_san_write(&san, plan->subject.san, plan->subject.san_count);
        rc = pcai_buf_check(&san, err);
        if (rc == PCA_OK)
            plan->certificate.san = pcai_arena_slice(&plan->arena, pcai_buf_view(&san));
        pcai_buf_free(&san);
    }
    return rc == PCA_OK && plan->arena.failed ? pcai_no_memory(err) : rc;
}

static int check_custom_id(struct txn *txn, const struct plan *plan, pca_error *err)
{
    return plan->request->custom_id ? pcai_custom_id_require_free(txn, pcai_slice_text(plan->request->custom_id), err) : PCA_OK;
}

/* For a key that is yet to be made another of its form stands in. */
static int lint(struct plan *plan, pca_error *err)
{
    struct buf key = {0};
    if (plan->public_key.data)
        return pcai_plan_lint(plan, plan->public_key, err);
    pcai_public_stand_in(plan->algorithm, &key);
    int rc = pcai_buf_check(&key, err);
    struct slice kept = pcai_arena_slice(&plan->arena, pcai_buf_view(&key));
    pcai_buf_free(&key);
    if (rc == PCA_OK && plan->arena.failed)
        rc = pcai_no_memory(err);
    return rc == PCA_OK ? pcai_plan_lint(plan, kept, err) : rc;
}

int pcai_leaf_rules(struct txn *txn, struct context *cx, struct plan *plan, int *replayed, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct chain chain;
    struct quota_record quota;
    uint64_t results[4], lapsed;
    int rc = pcai_token_replay(txn, &plan->token, replayed, results, err);
    if (rc != PCA_OK)
        return rc;
    if (*replayed) {
        struct cert_view view;
        plan->certificate_id = results[0];
        return pcai_cert_read(txn, plan->certificate_id, &view, err); /* NOT_FOUND once it was deleted */
    }
    plan->lint = (struct lint_context){.role = LINT_LEAF, .type = plan->request->type, .allow_weak = pcai_policy(cx, POLICY_ALLOW_WEAK) != 0};
    plan->certificate.path_length = -1;
    plan->opaque = pcai_policy(cx, POLICY_OPAQUE_SERIALS) != 0;
    rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_rules_read(txn, &plan->rules, err);
    if (rc == PCA_OK)
        rc = pcai_chain_read(txn, cx, plan->ca, &chain, err);
    if (rc == PCA_OK)
        rc = pcai_chain_require_usable(&chain, 0, cx->now, err);
    if (rc == PCA_OK)
        rc = pcai_leaf_algorithm(plan, &chain.ca[0], cx, err);
    if (rc == PCA_OK)
        rc = set_dual(plan, &chain.ca[0], err);
    if (rc == PCA_OK)
        rc = set_names(plan, &chain.ca[0], err);
    if (rc == PCA_OK)
        rc = pcai_leaf_key(txn, cx, plan, err);
    if (rc == PCA_OK)
        rc = pcai_leaf_validity(plan, &chain, cx, err);
    if (rc == PCA_OK)
        rc = pcai_plan_set_addresses(plan, &chain.ca[0], err);
    if (rc == PCA_OK)
        rc = pcai_plan_set_issuer(txn, cx, plan, &chain.ca[0], err);
    if (rc != PCA_OK)
        return rc;
    plan->service_end = pcai_chain_service_end(&chain, 0);
    set_usage(plan);
    rc = lint(plan, err);
    if (rc == PCA_OK)
        rc = check_custom_id(txn, plan, err);
    if (rc == PCA_OK)
        rc = pcai_quota_now(txn, cx, plan->ca, &quota, &lapsed, err);
    return rc == PCA_OK && !plan->intent ? pcai_quota_require(&quota, pcai_object("sub", plan->ca, object), err) : rc;
}

/* ---- Record ---- */

/* Of a request that is to be reviewed. */
static void write_review(const struct context *cx, struct plan *plan, struct buf *out)
{
    int64_t days = pcai_policy(cx, POLICY_REVIEW_DAYS);
    plan->review.digest = pcai_slice(plan->approved, sizeof plan->approved);
    plan->review.lapses = days ? cx->now + days * PCAI_DAY : 0;
    pcai_review_write(&plan->review, out);
}

static int put_certificate(struct txn *txn, const struct context *cx, struct plan *plan, pca_error *err)
{
    struct buf ignored = {0}, review = {0};
    for (size_t i = 0; plan->has_csr && i < plan->csr.ignored_count; i++)
        pcai_der_put(&ignored, DER_OID, plan->csr.ignored[i]);
    if (plan->has_csr && plan->csr.san.data && (!plan->request->use_csr_san || plan->subject.left_out))
        pcai_der_put(&ignored, DER_OID, pcai_oid(OID_SUBJECT_ALT_NAME));
    if (plan->compliance)
        write_review(cx, plan, &review);
    int rc = pcai_buf_check(&ignored, err);
    if (rc == PCA_OK)
        rc = pcai_buf_check(&review, err);
    if (rc == PCA_OK) {
        struct cert_record record = {.issuer = plan->issuer,
                                     .generation = plan->issuer_generation,
                                     .type = (uint64_t)plan->request->type,
                                     .container = (uint64_t)plan->container,
                                     .algorithm = (uint64_t)plan->algorithm,
                                     .serial = plan->compliance ? pcai_slice(NULL, 0) : plan->certificate.serial,
                                     .created = cx->now,
                                     .not_before = plan->certificate.not_before,
                                     .not_after = plan->certificate.not_after,
                                     .alias = pcai_slice_text(plan->request->alias ? plan->request->alias : ""),
                                     .actor = pcai_slice_text(cx->actor),
                                     .ignored = pcai_buf_view(&ignored),
                                     .der = pcai_buf_view(&plan->der),
                                     .sealed_key = pcai_buf_view(&plan->sealed),
                                     .custom_id = pcai_slice_text(plan->request->custom_id ? plan->request->custom_id : ""),
                                     .review = pcai_buf_view(&review)};
        if (plan->dual) {
            record.encryption_der = pcai_buf_view(&plan->pair.der);
            record.encryption_key = pcai_buf_view(&plan->pair.sealed);
            record.encryption_serial = plan->compliance ? pcai_slice(NULL, 0) : pcai_plan_pair_serial(plan);
        }
        if (plan->container == PCA_CONTAINER_USBKEY) {
            record.driver = pcai_slice_text(plan->request->driver);
            record.slot = pcai_slice_text(plan->request->slot);
            record.key_name = pcai_slice_text(plan->key_name);
        }
        rc = pcai_cert_put(txn, cx, plan->sequence, &record, err);
        if (rc == PCA_OK)
            rc = pcai_labels_put(txn, &record, plan->sequence, err);
    }
    pcai_buf_free(&ignored);
    pcai_buf_free(&review);
    return rc;
}

/* What only a certificate has that is issued. */
static int put_issued(struct txn *txn, struct context *cx, struct plan *plan, struct quota_record *quota, pca_error *err)
{
    struct row_key expiry = pcai_key_expiry(plan->certificate.not_after, plan->sequence);
    int rc = pcai_plan_put_serial(txn, plan, plan->sequence, err);
    if (rc == PCA_OK)
        rc = pcai_public_key_keep(txn, cx, plan->certificate.public_key, plan->certificate.subject, 0, err);
    if (rc == PCA_OK)
        rc = pcai_record_put(txn, &pcai_expiry_type, pcai_row_key_view(&expiry), &(struct index_record){0}, err);
    if (!plan->intent)
        pcai_quota_spend(quota);
    else if (rc == PCA_OK)
        rc = pcai_quota_consume(quota, err);
    return rc;
}

static int put_pending(struct txn *txn, struct context *cx, struct plan *plan, struct quota_record *quota, pca_error *err)
{
    struct status_record status = {.status = PCA_STATUS_PENDING, .at = cx->now};
    int rc = pcai_status_put(txn, cx, plan->sequence, &status, err);
    if (rc == PCA_OK)
        rc = pcai_review_put_pending(txn, plan->sequence, err);
    if (!plan->intent)
        pcai_quota_reserve(quota);
    return rc;
}

static int put_rows(struct txn *txn, struct context *cx, struct plan *plan, struct quota_record *quota, pca_error *err)
{
    uint8_t digest[PCAI_DIGEST_MAX];
    uint64_t results[4] = {plan->sequence};
    uint64_t status = plan->compliance ? PCA_STATUS_PENDING : PCA_STATUS_ISSUED;
    int rc = plan->intent ? pcai_intent_take(txn, plan, err) : PCA_OK; /* may refuse, so it goes before the first put */
    if (rc == PCA_OK)
        rc = pcai_plan_reserve(txn, plan, err);
    if (rc == PCA_OK)
        rc = put_certificate(txn, cx, plan, err);
    if (rc == PCA_OK)
        rc = pcai_leaf_names_put(txn, pcai_buf_view(&plan->der), plan->sequence, err);
    if (rc == PCA_OK)
        rc = plan->compliance ? put_pending(txn, cx, plan, quota, err) : put_issued(txn, cx, plan, quota, err);
    if (rc == PCA_OK)
        rc = pcai_held_move(quota, (uint64_t)plan->request->type, 0, status, err);
    if (rc == PCA_OK)
        rc = pcai_quota_put(txn, cx, plan->ca, quota, err);
    if (rc == PCA_OK)
        rc = pcai_token_keep(txn, &plan->token, results, err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, pcai_buf_view(&plan->der), digest, err);
    if (rc != PCA_OK)
        return rc;
    struct log_record entry = {.ca = plan->ca, .object = plan->sequence, .units = plan->intent ? 0 : -1, .digest = pcai_slice(digest, 32)};
    entry.token = pcai_slice_text(plan->token.text ? plan->token.text : "");
    if (plan->compliance)
        entry.digest = pcai_slice(plan->approved, sizeof plan->approved);
    return pcai_log_append(txn, cx, plan->compliance ? ACTION_SUBMIT : ACTION_ISSUE, &entry, err);
}

int pcai_leaf_current(struct txn *txn, const struct context *cx, struct plan *plan, pca_error *err)
{
    uint64_t rules;
    int rc = pcai_rules_read(txn, &rules, err);
    if (rc == PCA_OK && (rules != plan->rules || cx->now >= plan->service_end))
        return PCAI_AGAIN;
    return rc == PCA_OK && !plan->compliance ? pcai_plan_serial_current(txn, plan, err) : rc;
}

int pcai_leaf_record(struct txn *txn, struct context *cx, struct plan *plan, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct quota_record quota;
    uint64_t results[4], lapsed;
    int replayed;
    plan->reserved = 0;
    int rc = pcai_token_replay(txn, &plan->token, &replayed, results, err);
    if (rc == PCA_OK && replayed) {
        plan->certificate_id = results[0];
        return PCA_OK;
    }
    if (rc == PCA_OK)
        rc = check_custom_id(txn, plan, err);
    if (rc == PCA_OK)
        rc = pcai_leaf_key(txn, cx, plan, err); /* another may have had it certified meanwhile */
    if (rc == PCA_OK)
        rc = pcai_quota_now(txn, cx, plan->ca, &quota, &lapsed, err);
    if (rc == PCA_OK && !plan->intent)
        rc = pcai_quota_require(&quota, pcai_object("sub", plan->ca, object), err);
    if (rc == PCA_OK)
        rc = put_rows(txn, cx, plan, &quota, err);
    if (rc == PCA_OK)
        rc = pcai_quota_log_lapsed(txn, cx, plan->ca, lapsed, err);
    plan->certificate_id = plan->sequence;
    return rc;
}
