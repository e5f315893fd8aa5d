/* CAs below CAs, further subordinates, further certificates and keys of a CA, and keys that live elsewhere. */
#include "chain.h"

/* ---- Helpers ---- */

static pca_sub *buy_sub(struct fixture *f, uint64_t months)
{
    pca_sub *sub = NULL;
    assert_ok(f->err, pca_root_purchase_sub(f->root, months, NULL, &sub, f->err));
    assert_non_null(sub);
    return sub;
}

static pca_request *request_sub(const char *common_name, const char *crl_url, int path_length)
{
    pca_request *r = request_new_ca(common_name, crl_url);
    if (path_length >= 0)
        assert_ok(NULL, pca_request_set_path_length(r, (uint64_t)path_length));
    return r;
}

/* A subordinate enabled under another CA. */
static pca_sub *make_sub(struct fixture *f, const pca_ca *parent, const char *common_name, const char *crl_url, int path_length)
{
    pca_sub *sub = buy_sub(f, 60);
    pca_request *r = request_sub(common_name, crl_url, path_length);
    assert_ok(f->err, pca_sub_enable_under(sub, parent, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &sub);
    return sub;
}

static void under_refused(struct fixture *f, const pca_sub *sub, const pca_ca *parent, int path_length, int code, const char *field)
{
    pca_request *r = request_sub("Refused", NULL, path_length);
    char *before = snapshot_store(f);
    assert_refusal(f->err, code, NULL, field, pca_sub_enable_under(sub, parent, r, f->err));
    assert_store_unchanged(f, before);
    pca_request_free(r);
}

#define assert_issued(f, cert, root, between, crls) assert_openssl((f), put_cert((f), "openssl-verify.pem", (cert)), (root), (between), (crls))
#define assert_issued_refuses(f, cert, root, between, crls, fault) \
    assert_openssl_refuses((f), put_cert((f), "openssl-verify.pem", (cert)), (root), (between), (crls), (fault))

static const char *put_ca_at(struct fixture *f, const char *name, const pca_ca *ca, uint64_t generation)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_certificate_at(ca, generation, PCA_FORMAT_PEM, &blob, f->err));
    return put_blob(f, name, blob);
}

static const char *put_crl_at(struct fixture *f, const char *name, const pca_ca *ca, uint64_t generation)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_crl_get_at(ca, generation, PCA_FORMAT_PEM, &blob, f->err));
    return put_blob(f, name, blob);
}

static char *extension_of(const char *path, const char *extension)
{
    return output_of("openssl", "x509", "-in", path, "-noout", "-ext", extension);
}

static char *pubkey_of(const char *path)
{
    return output_of("openssl", "x509", "-in", path, "-noout", "-pubkey");
}

/* ---- Further subordinates ---- */

static void a_further_sub_has_its_own_term(void **state)
{
    struct fixture *f = *state;
    pca_sub *sub = NULL, *again = NULL, *none = POISON;
    assert_ok(f->err, pca_root_purchase_sub(f->root, 6, "second", &sub, f->err));
    assert_ok(f->err, pca_root_purchase_sub(f->root, 6, "second", &again, f->err));
    assert_int_equal(pca_ca_id(pca_sub_ca(sub)), pca_ca_id(pca_sub_ca(again)));
    assert_code(f->err, PCA_E_TOKEN_REUSED, pca_root_purchase_sub(f->root, 7, "second", &none, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "months", pca_root_purchase_sub(f->root, 0, NULL, &none, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "months", pca_root_purchase_sub(f->root, 1201, NULL, &none, f->err));
    assert_poisoned(none);
    assert_int_equal(pca_sub_remaining(sub), 0); /* brings no units */
    assert_int_equal(pca_ca_state(pca_sub_ca(sub)), PCA_CA_PURCHASED);
    assert_int_equal(pca_ca_service_end(pca_sub_ca(sub)), utc(2027, 7, 15, 12, 0, 0));
    assert_int_equal(pca_ca_root_id(pca_sub_ca(sub)), pca_ca_id(pca_root_ca(f->root)));

    /* the root's renewal is not its own, and the bundled one has none but the root's */
    assert_ok(f->err, pca_root_renew(f->root, 1, NULL, f->err));
    refresh_sub(f, &sub);
    assert_int_equal(pca_ca_service_end(pca_sub_ca(sub)), utc(2027, 7, 15, 12, 0, 0));
    assert_ok(f->err, pca_sub_renew(sub, 2, NULL, f->err));
    refresh_sub(f, &sub);
    assert_int_equal(pca_ca_service_end(pca_sub_ca(sub)), utc(2027, 9, 15, 12, 0, 0));
    assert_int_equal(pca_ca_months(pca_sub_ca(sub)), 8);
    assert_refusal(f->err, PCA_E_STATE, object_name("sub", pca_ca_id(pca_sub_ca(f->sub))), "service_end", pca_sub_renew(f->sub, 1, NULL, f->err));

    /* a service of eight months issues for 245 days */
    pca_request *r = request_new_ca("Short Sub", SUB_CRL_URL);
    assert_ok(f->err, pca_sub_enable(sub, r, f->err));
    pca_request_free(r);
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 10, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, sub, 10, PCA_ANY, NULL, f->err));
    r = request_of(&(struct wish){.cn = "a.internal", .form = DAYS, .span = 246});
    assert_refused(f, sub, r, PCA_E_VALIDITY, "request", "days", "245");
    pca_request_free(r);
    pca_cert_free(issue_as(f, sub, .cn = "a.internal", .form = DAYS, .span = 245));
    pca_sub_free(sub);
    pca_sub_free(again);

    assert_ok(f->err, pca_ca_revoke(pca_root_ca(f->root), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_code(f->err, PCA_E_STATE, pca_root_purchase_sub(f->root, 1, NULL, &none, f->err));
    assert_poisoned(none);
}

/* ---- Below a subordinate ---- */

static void pitfall_06_each_level_has_its_crl(void **state)
{
    struct fixture *f = *state;
    pca_sub *upper = make_sub(f, pca_root_ca(f->root), "Upper", "http://crl.example/upper.crl", 1);
    pca_sub *lower = make_sub(f, pca_sub_ca(upper), "Lower", "http://crl.example/lower.crl", 0), *parent = NULL;
    stock(f, f->root, lower, 5);
    pca_cert *good = issue(f, lower, "good.internal"), *bad = issue(f, lower, "bad.internal");
    assert_int_equal(pca_ca_parent_id(pca_sub_ca(lower)), pca_ca_id(pca_sub_ca(upper)));
    assert_int_equal(pca_ca_path_length(pca_sub_ca(upper)), 1);
    assert_int_equal(pca_ca_path_length(pca_sub_ca(lower)), 0);
    assert_int_equal(pca_ca_path_length(pca_root_ca(f->root)), -1);
    assert_ok(f->err, pca_sub_parent(lower, &parent, f->err));
    assert_int_equal(pca_ca_id(pca_sub_ca(parent)), pca_ca_id(pca_sub_ca(upper)));
    pca_sub_free(parent);
    parent = POISON;
    assert_code(f->err, PCA_E_NOT_FOUND, pca_sub_parent(upper, &parent, f->err));
    assert_poisoned(parent);

    assert_ok(f->err, pca_cert_revoke(bad, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    const char *root = put_ca(f, "root.pem", pca_root_ca(f->root)), *upper_pem = put_ca(f, "upper.pem", pca_sub_ca(upper));
    const char *lower_pem = put_ca(f, "lower.pem", pca_sub_ca(lower)), *root_crl = put_crl(f, "root.crl", pca_root_ca(f->root));
    const char *upper_crl = put_crl(f, "upper.crl", pca_sub_ca(upper)), *lower_crl = put_crl(f, "lower.crl", pca_sub_ca(lower));
    assert_run(0, "openssl", "crl", "-in", lower_crl, "-CAfile", lower_pem, "-noout");
    assert_run(0, "openssl", "crl", "-in", upper_crl, "-CAfile", upper_pem, "-noout");
    assert_issued(f, good, root, LIST(upper_pem, lower_pem), LIST(root_crl, upper_crl, lower_crl));
    assert_issued_refuses(f, bad, root, LIST(upper_pem, lower_pem), LIST(root_crl, upper_crl, lower_crl), "certificate revoked");

    /* the chain that is handed out is the whole one */
    pca_blob *chain = NULL;
    assert_ok(f->err, pca_ca_chain(pca_sub_ca(lower), 0, &chain, f->err));
    assert_int_equal(occurrences((const char *)pca_blob_data(chain), "BEGIN CERTIFICATE"), 2);
    pca_blob_free(chain);

    /* a revoked subordinate is on the list of the one above it */
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(lower), PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    upper_crl = put_crl(f, "upper.crl", pca_sub_ca(upper));
    assert_issued_refuses(f, good, root, LIST(upper_pem, lower_pem), LIST(root_crl, upper_crl, lower_crl), "certificate revoked");
    pca_request *r = request_new_server("no.internal");
    pca_cert *none = POISON;
    assert_refusal(f->err, PCA_E_STATE, NULL, "state", pca_sub_request(lower, r, &none, f->err));
    pca_request_free(r);
    pca_cert_free(good);
    pca_cert_free(bad);
    pca_sub_free(upper);
    pca_sub_free(lower);
}

static void pitfall_16_every_path_length_counts(void **state)
{
    struct fixture *f = *state;
    pca_sub *slot = buy_sub(f, 60), *two = make_sub(f, pca_root_ca(f->root), "Two", NULL, 2);
    under_refused(f, slot, pca_sub_ca(f->sub), -1, PCA_E_CONSTRAINT, "path_length"); /* path length 0 */
    under_refused(f, slot, pca_sub_ca(two), 2, PCA_E_CONSTRAINT, "path_length");
    under_refused(f, slot, pca_sub_ca(two), 7, PCA_E_CONSTRAINT, "path_length");
    pca_sub *one = make_sub(f, pca_sub_ca(two), "One", NULL, 1);
    under_refused(f, slot, pca_sub_ca(one), 1, PCA_E_CONSTRAINT, "path_length");
    pca_sub *zero = make_sub(f, pca_sub_ca(one), "Zero", NULL, 0);
    under_refused(f, slot, pca_sub_ca(zero), 0, PCA_E_CONSTRAINT, "path_length");
    /* nor may a reissue widen what its ancestors hold narrow */
    pca_request *r = request_new_ca("x", NULL);
    pca_request_reset(r);
    assert_ok(NULL, pca_request_set_path_length(r, 2));
    assert_refusal(f->err, PCA_E_CONSTRAINT, object_name("sub", pca_ca_id(pca_sub_ca(two))), "path_length", pca_ca_reissue(pca_sub_ca(one), r, f->err));
    pca_request_free(r);
    pca_sub_free(slot);
    pca_sub_free(two);
    pca_sub_free(one);
    pca_sub_free(zero);
}

/* Not the one right above alone. */
static void pitfall_12_states_of_every_ca_above(void **state)
{
    struct fixture *f = *state;
    pca_sub *above = make_sub(f, pca_root_ca(f->root), "Above", NULL, 1), *below = make_sub(f, pca_sub_ca(above), "Below", NULL, 0);
    const pca_ca *const cas[] = {pca_root_ca(f->root), pca_sub_ca(above)};
    stock(f, f->root, below, 2);
    for (size_t i = 0; i < COUNT(cas); i++) {
        pca_request *r = request_new_server("a.internal");
        assert_ok(f->err, pca_ca_disable(cas[i], f->err));
        assert_refused(f, below, r, PCA_E_PARENT_STATE, object_name(i ? "sub" : "root", pca_ca_id(cas[i])), "state", "disabled");
        assert_refusal(f->err, PCA_E_PARENT_STATE, NULL, "state", pca_root_assign(f->root, below, 2 - i + 1, PCA_ANY, NULL, f->err));
        assert_ok(f->err, pca_ca_resume(cas[i], f->err));
        pca_cert_free(issue(f, below, "a.internal"));
        pca_request_free(r);
    }
    pca_sub_free(above);
    pca_sub_free(below);
}

/* The shortest term of all CAs above bounds what is issued (31, 62, 92 days: 1 to 3 months). */
static void the_shortest_term_above_counts(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint64_t root, above, below;
        const char *days;
    } terms[] = {{3, 24, 24, "92"}, {24, 2, 24, "62"}, {24, 24, 1, "31"}};
    for (size_t i = 0; i < COUNT(terms); i++) {
        purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, terms[i].root, &f->root, &f->sub);
        enable_root(f, &f->root, "Root");
        pca_sub *above = buy_sub(f, terms[i].above), *below = buy_sub(f, terms[i].below);
        pca_request *r = request_sub("Above", NULL, 1);
        assert_ok(f->err, pca_sub_enable(above, r, f->err));
        pca_request_free(r);
        r = request_sub("Below", NULL, 0);
        assert_ok(f->err, pca_sub_enable_under(below, pca_sub_ca(above), r, f->err));
        pca_request_free(r);
        stock(f, f->root, below, 1);
        r = request_new_server("a.internal");
        assert_refused(f, below, r, PCA_E_VALIDITY, "request", "years", terms[i].days);
        pca_request_free(r);
        pca_sub_free(above);
        pca_sub_free(below);
        pca_sub_free(f->sub);
        pca_root_free(f->root);
        f->sub = NULL;
        f->root = NULL;
    }
}

static void parents_that_are_none(void **state)
{
    struct fixture *f = *state;
    pca_sub *slot = buy_sub(f, 60), *purchased = buy_sub(f, 60), *upper = make_sub(f, pca_root_ca(f->root), "Upper", NULL, 3), *other_sub = NULL;
    pca_root *other = NULL;
    other_ca(f, &other, &other_sub);
    under_refused(f, slot, pca_sub_ca(slot), 0, PCA_E_INVALID, "parent");
    under_refused(f, slot, pca_sub_ca(other_sub), 0, PCA_E_INVALID, "parent");
    under_refused(f, slot, pca_root_ca(other), 0, PCA_E_INVALID, "parent");
    under_refused(f, slot, pca_sub_ca(purchased), 0, PCA_E_PARENT_STATE, "state");
    assert_ok(f->err, pca_ca_disable(pca_sub_ca(upper), f->err));
    under_refused(f, slot, pca_sub_ca(upper), 0, PCA_E_PARENT_STATE, "state");
    assert_ok(f->err, pca_ca_resume(pca_sub_ca(upper), f->err));
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(upper), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    under_refused(f, slot, pca_sub_ca(upper), 0, PCA_E_PARENT_STATE, "state");
    assert_code(f->err, PCA_E_INVALID, pca_sub_enable_under(slot, NULL, NULL, f->err));
    under_refused(f, f->sub, pca_root_ca(f->root), 0, PCA_E_STATE, "state"); /* enabled before */
    pca_sub_free(slot);
    pca_sub_free(purchased);
    pca_sub_free(upper);
    pca_sub_free(other_sub);
    pca_root_free(other);
}

/* ---- Reissue ---- */

static void a_reissue_keeps_the_key(void **state)
{
    struct fixture *f = *state;
    pca_cert *leaf = issue(f, f->sub, "a.internal");
    const char *before = put_ca(f, "sub-1.pem", pca_sub_ca(f->sub)), *root_1 = put_ca(f, "root-1.pem", pca_root_ca(f->root));
    char *old_serial = strdup(pca_ca_serial(pca_sub_ca(f->sub)));
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_years(r, 7));
    f->clock.now = T0 + 30 * DAY;
    assert_ok(f->err, pca_ca_reissue(pca_sub_ca(f->sub), r, f->err));
    refresh_sub(f, &f->sub);
    const char *after = put_ca(f, "sub-2.pem", pca_sub_ca(f->sub));
    assert_string_not_equal(pca_ca_serial(pca_sub_ca(f->sub)), old_serial);
    assert_int_equal(pca_ca_not_after(pca_sub_ca(f->sub)), utc(2034, 2, 14, 11, 58, 59));
    assert_int_equal(pca_ca_generation(pca_sub_ca(f->sub)), 1);
    char *key_1 = pubkey_of(before), *key_2 = pubkey_of(after), *ski_1 = extension_of(before, "subjectKeyIdentifier,basicConstraints"),
         *ski_2 = extension_of(after, "subjectKeyIdentifier,basicConstraints");
    assert_string_equal(key_1, key_2);
    assert_string_equal(ski_1, ski_2);
    assert_string_equal(pca_ca_subject(pca_sub_ca(f->sub)), "CN=Test Sub,O=Example,C=DE");

    /* what was issued before verifies by either, and what is issued now too; a root likewise */
    pca_cert *later = issue(f, f->sub, "b.internal");
    assert_ok(f->err, pca_ca_reissue(pca_root_ca(f->root), r, f->err));
    refresh_root(f, &f->root);
    const char *root_2 = put_ca(f, "root-2.pem", pca_root_ca(f->root));
    const char *const roots[] = {root_1, root_2}, *const subs[] = {before, after};
    for (int i = 0; i < 4; i++) {
        assert_issued(f, leaf, roots[i / 2], LIST(subs[i % 2]), NONE);
        assert_issued(f, later, roots[i / 2], LIST(subs[i % 2]), NONE);
    }

    /* revoked, both certificates are on the root's list */
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    char *crl = next_crl(f, pca_root_ca(f->root));
    assert_int_equal(occurrences(crl, "Serial Number: "), 2);
    for (char *p = old_serial; *p; p++)
        *p = *p >= 'a' && *p <= 'f' ? (char)(*p - 'a' + 'A') : *p;
    assert_contains(crl, old_serial);
    free(crl);
    /* the change to a compromise reaches both */
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    crl = next_crl(f, pca_root_ca(f->root));
    assert_int_equal(occurrences(crl, "CA Compromise"), 2);
    free(crl);
    free(old_serial);
    free(key_1), free(key_2), free(ski_1), free(ski_2);
    pca_cert_free(leaf);
    pca_cert_free(later);
    pca_request_free(r);
}

static void a_reissue_mends_what_has_ended(void **state)
{
    struct fixture *f = *state;
    set_policy(f, "short_lived", 1);
    pca_sub *sub = buy_sub(f, 60);
    pca_request *r = request_new_ca("Brief", NULL);
    assert_ok(NULL, pca_request_set_days(r, 365));
    assert_ok(f->err, pca_sub_enable(sub, r, f->err));
    pca_request_free(r);
    f->clock.now = T0 + 366 * DAY;
    r = request_new_server("a.internal");
    pca_cert *cert = POISON;
    assert_code(f->err, PCA_E_EXPIRED, pca_sub_request(sub, r, &cert, f->err));
    pca_request_free(r);
    r = pca_request_new();
    assert_ok(f->err, pca_ca_reissue(pca_sub_ca(sub), r, f->err));
    pca_request_free(r);
    refresh_sub(f, &sub);
    stock(f, f->root, sub, 1);
    pca_cert_free(issue(f, sub, "a.internal"));
    pca_sub_free(sub);
}

static void reissue_and_rekey_refusals(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int rekey, code;
        const char *field;
    } rows[] = {
        {0, PCA_E_INVALID, "common_name"}, {0, PCA_E_INVALID, "alias"},  {0, PCA_E_INVALID, "key_algorithm"}, {0, PCA_E_INVALID, "crl_url"},
        {0, PCA_E_INVALID, "csr"},         {0, PCA_E_VALIDITY, "years"}, {1, PCA_E_INVALID, "organization"},  {1, PCA_E_INVALID, "crl_url"},
        {1, PCA_E_ALGORITHM, "key_algorithm"},
    };
    char *before = snapshot_store(f);
    const pca_ca *ca = pca_sub_ca(f->sub);
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_request *r = pca_request_new();
        if (strcmp(rows[i].field, "common_name") == 0)
            pca_request_set_common_name(r, "Other");
        if (strcmp(rows[i].field, "organization") == 0)
            pca_request_set_organization(r, "");
        if (strcmp(rows[i].field, "alias") == 0)
            pca_request_set_alias(r, "other");
        if (strcmp(rows[i].field, "key_algorithm") == 0)
            pca_request_set_key_algorithm(r, rows[i].rekey ? PCA_KEY_RSA_2048 : PCA_KEY_EC_P256);
        if (strcmp(rows[i].field, "key_algorithm") == 0 || strcmp(rows[i].field, "crl_url") == 0)
            pca_request_set_crl_url(r, rows[i].code == PCA_E_ALGORITHM ? "http://crl.example/new.crl" : SUB_CRL_URL);
        if (strcmp(rows[i].field, "csr") == 0)
            pca_request_set_csr(r, "rubbish", 7);
        if (strcmp(rows[i].field, "years") == 0)
            pca_request_set_years(r, 11); /* the root has ten */
        if (rows[i].rekey)
            assert_refusal(f->err, rows[i].code, "request", rows[i].field, pca_ca_rekey(ca, r, f->err));
        else
            assert_refusal(f->err, rows[i].code, "request", strcmp(rows[i].field, "key_algorithm") ? rows[i].field : NULL, pca_ca_reissue(ca, r, f->err));
        pca_request_free(r);
    }
    pca_request *r = pca_request_new();
    assert_refusal(f->err, PCA_E_INVALID, "request", "crl_url", pca_ca_rekey(ca, r, f->err)); /* it had an address, and needs one */
    assert_code(f->err, PCA_E_INVALID, pca_ca_rekey(NULL, r, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_reissue(ca, NULL, f->err));
    assert_store_unchanged(f, before);
    pca_sub *slot = buy_sub(f, 60);
    assert_code(f->err, PCA_E_STATE, pca_ca_reissue(pca_sub_ca(slot), r, f->err));
    assert_code(f->err, PCA_E_STATE, pca_ca_rekey(pca_sub_ca(slot), r, f->err));
    assert_ok(f->err, pca_ca_disable(pca_root_ca(f->root), f->err));
    assert_code(f->err, PCA_E_PARENT_STATE, pca_ca_reissue(ca, r, f->err));
    pca_sub_free(slot);
    pca_request_free(r);
}

/* ---- Rekey ---- */

static void a_rekey_starts_a_generation(void **state)
{
    struct fixture *f = *state;
    const pca_ca *old_handle;
    pca_sub *old = NULL;
    assert_ok(f->err, pca_sub_reload(f->sub, &old, f->err));
    old_handle = pca_sub_ca(old);
    pca_cert *first = issue(f, f->sub, "first.internal"), *gone = issue(f, f->sub, "gone.internal");
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/sub-2.crl"));
    assert_ok(NULL, pca_request_set_key_algorithm(r, PCA_KEY_EC_P384));
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(f->sub), r, f->err));
    pca_request_free(r);
    refresh_sub(f, &f->sub);
    const pca_ca *ca = pca_sub_ca(f->sub);
    assert_int_equal(pca_ca_generation(ca), 2);
    assert_int_equal(pca_ca_generation(old_handle), 1);
    assert_string_equal(pca_ca_crl_url(ca), "http://crl.example/sub-2.crl");
    assert_string_equal(pca_ca_crl_url_at(ca, 1), SUB_CRL_URL);
    assert_string_equal(pca_ca_crl_url_at(ca, 2), "http://crl.example/sub-2.crl");
    assert_string_equal(pca_ca_crl_url_at(ca, 3), "");
    assert_int_equal(pca_ca_key_algorithm(ca), PCA_KEY_EC_P384);
    pca_cert *second = issue(f, f->sub, "second.internal"), *lost = issue(f, f->sub, "lost.internal");
    assert_string_equal(pca_ca_subject(ca), pca_ca_subject(old_handle));

    assert_ok(f->err, pca_cert_revoke(gone, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_revoke(lost, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_crl_make(old_handle, f->err)); /* of both, whoever asks */
    const char *root = put_ca(f, "root.pem", pca_root_ca(f->root)), *root_crl = put_crl(f, "root.crl", pca_root_ca(f->root));
    const char *sub_1 = put_ca_at(f, "sub-1.pem", ca, 1), *sub_2 = put_ca_at(f, "sub-2.pem", ca, 2);
    const char *crl_1 = put_crl_at(f, "crl-1.pem", ca, 1), *crl_2 = put_crl_at(f, "crl-2.pem", ca, 0);
    assert_run(0, "openssl", "crl", "-in", crl_1, "-CAfile", sub_1, "-noout");
    assert_run(0, "openssl", "crl", "-in", crl_2, "-CAfile", sub_2, "-noout");
    assert_issued(f, first, root, LIST(sub_1, sub_2), LIST(root_crl, crl_1));
    assert_issued(f, second, root, LIST(sub_1, sub_2), LIST(root_crl, crl_2));
    assert_issued_refuses(f, gone, root, LIST(sub_1, sub_2), LIST(root_crl, crl_1), "certificate revoked");
    assert_issued_refuses(f, lost, root, LIST(sub_1, sub_2), LIST(root_crl, crl_2), "certificate revoked");

    /* each is handed out with the CA that signed it, and says where its own list is */
    const pca_cert *const certs[] = {first, second};
    for (int i = 0; i < 2; i++) {
        pca_files *files = NULL;
        assert_ok(f->err, pca_cert_export(certs[i], PCA_FORMAT_DER, PCA_WITH_CHAIN, NULL, &files, f->err));
        pca_blob *der = NULL;
        assert_ok(f->err, pca_ca_certificate_at(ca, (uint64_t)i + 1, PCA_FORMAT_DER, &der, f->err));
        assert_int_equal(pca_files_size(files, 1), pca_blob_size(der));
        assert_memory_equal(pca_files_data(files, 1), pca_blob_data(der), pca_blob_size(der));
        pca_blob_free(der);
        pca_files_free(files);
        char *text = text_of(f, certs[i]);
        assert_contains(text, i ? "URI:http://crl.example/sub-2.crl" : "URI:" SUB_CRL_URL);
        free(text);
    }
    uint64_t entries = 0;
    assert_ok(f->err, pca_ca_crl_info_at(ca, 1, NULL, NULL, NULL, &entries, f->err));
    assert_int_equal(entries, 1);
    entries = 77;
    assert_refusal(f->err, PCA_E_NOT_FOUND, NULL, "generation", pca_ca_crl_info_at(ca, 3, NULL, NULL, NULL, &entries, f->err));
    assert_int_equal(entries, 77);

    /* a third may have neither address; after a restart all three keys are there */
    r = pca_request_new();
    assert_ok(NULL, pca_request_set_crl_url(r, SUB_CRL_URL));
    assert_refusal(f->err, PCA_E_INVALID, "request", "crl_url", pca_ca_rekey(ca, r, f->err));
    pca_request_reset(r);
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/sub-3.crl"));
    assert_ok(f->err, pca_ca_rekey(ca, r, f->err));
    pca_request_free(r);
    uint64_t id = pca_ca_id(ca);
    pca_sub_free(old);
    reopen_region(f);
    assert_ok(f->err, pca_region_sub_get(f->region, id, &f->sub, f->err));
    assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    for (uint64_t g = 1; g <= 3; g++)
        assert_ok(f->err, pca_ca_crl_info_at(pca_sub_ca(f->sub), g, NULL, NULL, NULL, &entries, f->err));
    pca_cert_free(issue(f, f->sub, "third.internal"));
    pca_cert_free(first);
    pca_cert_free(gone);
    pca_cert_free(second);
    pca_cert_free(lost);
}

/* The list of a generation is made until its certificate has ended, and no longer. */
static void an_old_generation_ends(void **state)
{
    struct fixture *f = *state;
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/sub-2.crl"));
    assert_ok(NULL, pca_request_set_years(r, 8));
    f->clock.now = T0 + 300 * DAY;
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(f->sub), r, f->err));
    refresh_sub(f, &f->sub);
    pca_request_free(r);
    const pca_ca *ca = pca_sub_ca(f->sub);
    uint64_t first = 0, second = 0, later = 0;
    int64_t next = 0, end = utc(2032, 1, 15, 11, 58, 59);
    set_policy(f, "max_clock_step_days", 3650);
    f->clock.now = end;
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    assert_ok(f->err, pca_ca_crl_info_at(ca, 1, &first, NULL, &next, NULL, f->err));
    assert_ok(f->err, pca_ca_crl_info_at(ca, 2, &second, NULL, NULL, NULL, f->err));
    f->clock.now = end + 1;
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    assert_ok(f->err, pca_ca_crl_info_at(ca, 1, &later, NULL, NULL, NULL, f->err));
    assert_int_equal(later, first);
    assert_ok(f->err, pca_ca_crl_info_at(ca, 2, &later, NULL, NULL, NULL, f->err));
    assert_true(later > second);
}

static void a_rekeyed_root_is_a_new_anchor(void **state)
{
    struct fixture *f = *state;
    pca_cert *leaf = issue(f, f->sub, "a.internal");
    const char *root_1 = put_ca(f, "root-1.pem", pca_root_ca(f->root)), *sub_1 = put_ca(f, "sub-1.pem", pca_sub_ca(f->sub));
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/root-2.crl"));
    assert_ok(f->err, pca_ca_rekey(pca_root_ca(f->root), r, f->err));
    refresh_root(f, &f->root);
    const char *root_2 = put_ca(f, "root-2.pem", pca_root_ca(f->root));
    assert_issued(f, leaf, root_1, LIST(sub_1), NONE);
    /* the subordinate's next certificate comes from the new key */
    pca_request_reset(r);
    assert_ok(f->err, pca_ca_reissue(pca_sub_ca(f->sub), r, f->err));
    pca_request_free(r);
    refresh_sub(f, &f->sub);
    const char *sub_2 = put_ca(f, "sub-2.pem", pca_sub_ca(f->sub));
    assert_issued(f, leaf, root_2, LIST(sub_2), NONE);
    /* its two certificates are on two lists once it is revoked */
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_crl_make(pca_root_ca(f->root), f->err));
    for (uint64_t g = 1; g <= 2; g++) {
        uint64_t entries = 0;
        assert_ok(f->err, pca_ca_crl_info_at(pca_root_ca(f->root), g, NULL, NULL, NULL, &entries, f->err));
        assert_int_equal(entries, 1);
        put_crl_at(f, g == 1 ? "crl-1.pem" : "crl-2.pem", pca_root_ca(f->root), g);
    }
    assert_run(0, "openssl", "crl", "-in", file_path(f, "crl-1.pem"), "-CAfile", root_1, "-noout");
    assert_run(0, "openssl", "crl", "-in", file_path(f, "crl-2.pem"), "-CAfile", root_2, "-noout");
    pca_cert_free(leaf);
}

/* ---- A key that lives elsewhere ---- */

static void a_ca_whose_key_lives_elsewhere(void **state)
{
    struct fixture *f = *state;
    const char *key = make_key(f, "foreign.key", "EC", "ec_paramgen_curve:P-256"), *csr_path = file_path(f, "foreign.csr");
    assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/O=Elsewhere/CN=Foreign CA", "-out", csr_path);
    size_t size;
    uint8_t *csr = file_read(csr_path, &size);
    pca_sub *sub = buy_sub(f, 60);
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_csr(r, csr, size));
    assert_ok(NULL, pca_request_use_csr_subject(r));
    assert_ok(f->err, pca_sub_enable(sub, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &sub);
    assert_int_equal(pca_ca_state(pca_sub_ca(sub)), PCA_CA_ENABLED);
    assert_string_equal(pca_ca_subject(pca_sub_ca(sub)), "CN=Foreign CA,O=Elsewhere");
    const char *root = put_ca(f, "root.pem", pca_root_ca(f->root)), *pem = put_ca(f, "foreign.pem", pca_sub_ca(sub));
    char when[32], *public_key = pubkey_of(pem), *of_key = output_of("openssl", "pkey", "-in", key, "-pubout");
    snprintf(when, sizeof when, "%" PRId64, (int64_t)f->clock.now);
    assert_string_equal(public_key, of_key);
    assert_run(0, "openssl", "verify", "-x509_strict", "-attime", when, "-CAfile", root, pem);
    free(public_key), free(of_key);

    /* it is revoked here, and neither issues nor lists here */
    stock(f, f->root, sub, 1);
    r = request_new_server("a.internal");
    pca_cert *none = POISON;
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_STATE, object_name("sub", pca_ca_id(pca_sub_ca(sub))), "key", pca_sub_request(sub, r, &none, f->err));
    assert_refusal(f->err, PCA_E_STATE, NULL, "key", pca_ca_crl_make(pca_sub_ca(sub), f->err));
    pca_request_free(r);
    r = pca_request_new();
    assert_refusal(f->err, PCA_E_STATE, NULL, "key", pca_ca_rekey(pca_sub_ca(sub), r, f->err));
    assert_store_unchanged(f, before);
    assert_poisoned(none);
    assert_ok(f->err, pca_ca_reissue(pca_sub_ca(sub), r, f->err));
    assert_ok(f->err, pca_region_check(f->region, f->err));
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(sub), PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    char *crl = next_crl(f, pca_root_ca(f->root));
    assert_int_equal(occurrences(crl, "Serial Number: "), 2);
    free(crl);
    pca_request_free(r);
    pca_sub_free(sub);

    /* refusals: a root, a CSR whose proof fails, another family */
    pca_root *bought = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &bought, NULL);
    r = request_new_ca("Root", NULL);
    assert_ok(NULL, pca_request_set_csr(r, csr, size));
    assert_refusal(f->err, PCA_E_INVALID, "request", "csr", pca_root_enable(bought, r, f->err));
    sub = buy_sub(f, 60);
    pca_request_free(r);
    r = request_new_ca("Sub", NULL);
    csr[size - 40] = csr[size - 40] == 'A' ? 'B' : 'A';
    assert_ok(NULL, pca_request_set_csr(r, csr, size));
    assert_refusal(f->err, PCA_E_CSR, "request", "csr", pca_sub_enable(sub, r, f->err));
    pca_request_free(r);
    free(csr);
    pca_sub_free(sub);
    pca_root_free(bought);
}

/* ---- Addresses ---- */

static void addresses_change_for_what_comes(void **state)
{
    struct fixture *f = *state;
    const pca_ca *ca = pca_sub_ca(f->sub);
    static const char *const bad[] = {"https://x.example/", "ftp://x.example/", "x", "http://", "http://x.example/a b"};
    char *before = snapshot_store(f);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refusal(f->err, PCA_E_INVALID, "call", "crl_url", pca_ca_set_crl(ca, bad[i], 0, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "call", "ocsp_url", pca_ca_set_urls(ca, bad[i], NULL, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "call", "issuer_url", pca_ca_set_urls(ca, NULL, bad[i], f->err));
    }
    assert_refusal(f->err, PCA_E_INVALID, "call", "crl_days", pca_ca_set_crl(ca, NULL, 366, f->err));
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_ca_set_crl(ca, "http://crl.example/moved.crl", 30, f->err));
    assert_ok(f->err, pca_ca_set_urls(ca, "http://ocsp.example/", "http://crl.example/sub.cer", f->err));
    refresh_sub(f, &f->sub);
    ca = pca_sub_ca(f->sub);
    assert_string_equal(pca_ca_crl_url(ca), "http://crl.example/moved.crl");
    assert_string_equal(pca_ca_ocsp_url(ca), "http://ocsp.example/");
    assert_string_equal(pca_ca_issuer_url(ca), "http://crl.example/sub.cer");
    assert_int_equal(pca_ca_crl_days(ca), 30);
    pca_cert *cert = issue(f, f->sub, "a.internal");
    char *text = text_of(f, cert);
    assert_contains(text, "URI:http://crl.example/moved.crl");
    assert_contains(text, "OCSP - URI:http://ocsp.example/");
    assert_contains(text, "CA Issuers - URI:http://crl.example/sub.cer");
    free(text);
    pca_cert_free(cert);
    assert_ok(f->err, pca_ca_set_urls(ca, "", "", f->err));
    assert_ok(f->err, pca_ca_set_crl(ca, "", 0, f->err));
    cert = issue(f, f->sub, "b.internal");
    text = text_of(f, cert);
    assert_lacks(text, "URI:");
    free(text);
    pca_cert_free(cert);
    pca_sub *slot = buy_sub(f, 12);
    assert_code(f->err, PCA_E_STATE, pca_ca_set_crl(pca_sub_ca(slot), "http://crl.example/x.crl", 0, f->err));
    pca_sub_free(slot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(a_further_sub_has_its_own_term),
        TEST_ECC(pitfall_06_each_level_has_its_crl),
        TEST_ECC(pitfall_16_every_path_length_counts),
        TEST_ECC(pitfall_12_states_of_every_ca_above),
        TEST_REGION(the_shortest_term_above_counts),
        TEST_ECC(parents_that_are_none),
        TEST_ECC(a_reissue_keeps_the_key),
        TEST_ECC(a_reissue_mends_what_has_ended),
        TEST_ECC(reissue_and_rekey_refusals),
        TEST_ECC(a_rekey_starts_a_generation),
        TEST_ECC(an_old_generation_ends),
        TEST_ECC(a_rekeyed_root_is_a_new_anchor),
        TEST_ECC(a_ca_whose_key_lives_elsewhere),
        TEST_ECC(addresses_change_for_what_comes),
    };
    return cmocka_run_group_tests_name("hierarchy", tests, NULL, NULL);
}
