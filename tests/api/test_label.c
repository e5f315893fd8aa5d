/* Labels: aliases and tags that are set later, custom ids, and what becomes of them. */
#include "leaf.h"

/* How many certificates a search by alias, custom id or tag finds. */
enum label { ALIAS, CUSTOM_ID, TAG };
static uint64_t found(struct fixture *f, enum label label, const char *text, const char *value)
{
    pca_query *query = pca_query_new();
    pca_page *page = NULL;
    int rc = label == ALIAS       ? pca_query_set_alias(query, text)
             : label == CUSTOM_ID ? pca_query_set_custom_id(query, text)
                                  : pca_query_set_tag(query, text, value);
    assert_int_equal(rc, PCA_OK);
    assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
    uint64_t count = pca_page_count(page);
    pca_page_free(page);
    pca_query_free(query);
    return count;
}

static pca_request *request_with(struct fixture *f, const char *custom_id, const char *token)
{
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    pca_request *r = request_new_server("a.internal");
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    if (custom_id)
        assert_ok(NULL, pca_request_set_custom_id(r, custom_id));
    if (token)
        assert_ok(NULL, pca_request_set_token(r, token));
    return r;
}

static pca_cert *issue_with(struct fixture *f, const char *custom_id)
{
    pca_request *r = request_with(f, custom_id, NULL);
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    pca_request_free(r);
    return cert;
}

/* ---- Tags ---- */

static void twenty_tags(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_with(f, NULL);
    char key[16];
    for (int i = 19; i >= 0; i--) { /* against the order that they come in */
        snprintf(key, sizeof key, "key-%02d", i);
        assert_ok(f->err, pca_cert_tag_set(cert, key, i % 2 ? "odd" : "", f->err));
    }
    assert_int_equal(pca_cert_tag_count(cert), 0); /* a snapshot */
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_tag_count(cert), 20);
    for (uint64_t i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "key-%02u", (unsigned)i);
        assert_string_equal(pca_cert_tag_at(cert, i), key);
        assert_string_equal(pca_cert_tag(cert, key), i % 2 ? "odd" : "");
    }
    assert_string_equal(pca_cert_tag_at(cert, 20), "");
    assert_string_equal(pca_cert_tag_at(cert, UINT64_MAX), "");
    assert_null(pca_cert_tag(cert, "key-20"));
    assert_null(pca_cert_tag(cert, "KEY-01"));
    assert_null(pca_cert_tag(cert, NULL));
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_INVALID, object_name("cert", pca_cert_id(cert)), "tags", pca_cert_tag_set(cert, "one more", "", f->err));
    assert_message(f->err, "20");
    assert_ok(f->err, pca_cert_tag_set(cert, "key-07", "odd", f->err));  /* as it is */
    assert_ok(f->err, pca_cert_tag_set(cert, "absent", NULL, f->err)); /* as it is */
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_cert_tag_set(cert, "key-07", "replaced", f->err)); /* 20 again */
    assert_int_equal(found(f, TAG, "key-07", "odd"), 0);
    assert_int_equal(found(f, TAG, "key-07", "replaced"), 1);
    assert_ok(f->err, pca_cert_tag_set(cert, "key-00", NULL, f->err));
    assert_ok(f->err, pca_cert_tag_set(cert, "one more", "", f->err));
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_tag_count(cert), 20);
    assert_null(pca_cert_tag(cert, "key-00"));
    assert_string_equal(pca_cert_tag_at(cert, 19), "one more");
    pca_cert_free(cert);
}

static void lengths_of_tags(void **state)
{
    struct fixture *f = *state;
    const pca_ca *ca = pca_sub_ca(f->sub);
    pca_cert *cert = issue_with(f, NULL);
    char *key = repeated("k", 128), *long_key = repeated("k", 129), *value = repeated("v", 256), *long_value = repeated("v", 257);
    char *wide_key = repeated("钥", 128), *wide_value = repeated("\xf0\x9f\x98\x80", 256), *wider_key = repeated("钥", 129);
    const char *const good[][2] = {{key, value}, {wide_key, wide_value}, {"k", ""}, {" ", " "}, {"=", "a=b;c"}};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_ok(f->err, pca_cert_tag_set(cert, good[i][0], good[i][1], f->err));
        assert_ok(f->err, pca_ca_tag_set(ca, good[i][0], good[i][1], f->err));
        assert_int_equal(found(f, TAG, good[i][0], good[i][1]), 1);
    }
    refresh_cert(f, &cert);
    refresh_sub(f, &f->sub);
    ca = pca_sub_ca(f->sub);
    assert_int_equal(pca_ca_tag_count(ca), COUNT(good));
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_string_equal(pca_cert_tag(cert, good[i][0]), good[i][1]);
        assert_string_equal(pca_ca_tag(ca, good[i][0]), good[i][1]);
        assert_string_equal(pca_ca_tag_at(ca, i), pca_cert_tag_at(cert, i));
    }
    /* which differ only in their tails, beyond what a row's key has of them */
    value[255] = 'w';
    assert_int_equal(found(f, TAG, key, value), 0);
    value[255] = 'v';
    wide_key[383] = (char)(wide_key[383] + 1);
    assert_int_equal(found(f, TAG, wide_key, wide_value), 0);
    const struct {
        const char *key, *value, *field;
    } bad[] = {
        {"", "v", "key"}, {long_key, "v", "key"}, {wider_key, "v", "key"}, {"a\nb", "v", "key"}, {"\xc3", "v", "key"}, {"k", long_value, "value"},
        {"k", "a\tb", "value"}, {"k", "\xed\xa0\x80", "value"}, {"k", "\x7f", "value"}, {"", NULL, "key"},
    };
    char *before = snapshot_store(f);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_refusal(f->err, PCA_E_INVALID, NULL, bad[i].field, pca_cert_tag_set(cert, bad[i].key, bad[i].value, f->err));
        assert_refusal(f->err, PCA_E_INVALID, NULL, bad[i].field, pca_ca_tag_set(ca, bad[i].key, bad[i].value, f->err));
    }
    assert_code(f->err, PCA_E_INVALID, pca_cert_tag_set(NULL, "k", "v", f->err));
    assert_code(f->err, PCA_E_INVALID, pca_cert_tag_set(cert, NULL, "v", f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_tag_set(NULL, "k", "v", f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_tag_set(ca, NULL, "v", f->err));
    assert_store_unchanged(f, before);
    char *const texts[] = {key, long_key, value, long_value, wide_key, wide_value, wider_key};
    for (size_t i = 0; i < COUNT(texts); i++)
        free(texts[i]);
    pca_cert_free(cert);
}

/* Every state but deleted: set, replaced, taken away, found. */
static void tags_through_a_life(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_with(f, "life"), *fresh = POISON;
    assert_ok(f->err, pca_cert_set_alias(cert, "label", f->err));
    assert_ok(f->err, pca_cert_tag_set(cert, "env", "prod", f->err));
    assert_ok(f->err, pca_cert_tag_set(cert, "team", "a", f->err));
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    refresh_cert(f, &cert);
    assert_string_equal(pca_cert_tag(cert, "env"), "prod");
    assert_string_equal(pca_cert_custom_id(cert), "life");
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_REVOKED);
    assert_ok(f->err, pca_cert_tag_set(cert, "team", NULL, f->err));
    assert_ok(f->err, pca_cert_tag_set(cert, "env", "test", f->err));
    assert_ok(f->err, pca_cert_set_alias(cert, "old", f->err));
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_REVOKED);
    assert_int_equal(pca_cert_tag_count(cert), 1);
    assert_string_equal(pca_cert_alias(cert), "old");
    assert_int_equal(found(f, TAG, "env", "prod"), 0);
    assert_int_equal(found(f, TAG, "env", "test"), 1);
    assert_int_equal(found(f, ALIAS, "label", NULL), 0);
    assert_int_equal(found(f, ALIAS, "old", NULL), 1);
    assert_int_equal(found(f, CUSTOM_ID, "life", NULL), 1);
    assert_ok(f->err, pca_region_check(f->region, f->err));
    char *rows = snapshot_store(f);
    assert_contains(rows, "656e76"); /* "env" */
    free(rows);
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    assert_int_equal(found(f, TAG, "env", "test"), 0);
    assert_int_equal(found(f, ALIAS, "old", NULL), 0);
    assert_int_equal(found(f, CUSTOM_ID, "life", NULL), 0);
    assert_code(f->err, PCA_E_NOT_FOUND, pca_cert_tag_set(cert, "env", "prod", f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_cert_set_alias(cert, "x", f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_cert_reload(cert, &fresh, f->err));
    assert_poisoned(fresh);
    /* nothing of them is left in any row */
    rows = snapshot_store(f);
    assert_lacks(rows, "656e76");
    free(rows);
    pca_cert_free(cert);
}

/* CAs: in every state, unharmed by what else happens to a CA. */
static void tags_of_cas(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, &sub);
    assert_ok(f->err, pca_ca_tag_set(pca_sub_ca(sub), "env", "prod", f->err));
    enable_root(f, &root, "Tagged Root");
    enable_sub(f, &sub, "Tagged");
    assert_string_equal(pca_ca_tag(pca_sub_ca(sub), "env"), "prod");
    pca_request *r = request_new_ca("", NULL);
    assert_ok(NULL, pca_request_reset(r));
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/2.crl"));
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(sub), r, f->err));
    assert_ok(f->err, pca_root_renew(root, 1, NULL, f->err));
    assert_ok(f->err, pca_ca_disable(pca_sub_ca(sub), f->err));
    assert_ok(f->err, pca_ca_tag_set(pca_sub_ca(sub), "state", "disabled", f->err));
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(sub), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_tag_set(pca_sub_ca(sub), "env", NULL, f->err));
    refresh_sub(f, &sub);
    assert_int_equal(pca_ca_state(pca_sub_ca(sub)), PCA_CA_REVOKED);
    assert_int_equal(pca_ca_tag_count(pca_sub_ca(sub)), 1);
    assert_string_equal(pca_ca_tag_at(pca_sub_ca(sub), 0), "state");
    assert_null(pca_ca_tag(pca_sub_ca(sub), "env"));
    refresh_root(f, &root);
    assert_int_equal(pca_ca_tag_count(pca_root_ca(root)), 0);
    for (int i = 0; i < 20; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        assert_ok(f->err, pca_ca_tag_set(pca_root_ca(root), key, key, f->err));
    }
    assert_refusal(f->err, PCA_E_INVALID, object_name("root", pca_ca_id(pca_root_ca(root))), "tags",
                   pca_ca_tag_set(pca_root_ca(root), "k20", "", f->err));
    assert_int_equal(pca_ca_tag_count(NULL), 0);
    assert_string_equal(pca_ca_tag_at(NULL, 0), "");
    assert_null(pca_ca_tag(NULL, "k"));
    assert_int_equal(pca_cert_tag_count(NULL), 0);
    assert_string_equal(pca_cert_tag_at(NULL, 0), "");
    assert_null(pca_cert_tag(NULL, "k"));
    pca_request_free(r);
    pca_root_free(root);
    pca_sub_free(sub);
}

/* ---- Aliases ---- */

static void alias_of_a_certificate(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .alias = "first"), *other = issue_with(f, NULL);
    char *long_alias = repeated("名", 65), *longest = repeated("名", 64);
    assert_int_equal(found(f, ALIAS, "first", NULL), 1);
    assert_ok(f->err, pca_cert_set_alias(other, "first", f->err)); /* not unique */
    assert_int_equal(found(f, ALIAS, "first", NULL), 2);
    assert_ok(f->err, pca_cert_set_alias(cert, longest, f->err));
    assert_int_equal(found(f, ALIAS, "first", NULL), 1);
    assert_int_equal(found(f, ALIAS, longest, NULL), 1);
    char *before = snapshot_store(f);
    assert_ok(f->err, pca_cert_set_alias(cert, longest, f->err)); /* as it is */
    assert_refusal(f->err, PCA_E_INVALID, NULL, "alias", pca_cert_set_alias(cert, long_alias, f->err));
    assert_message(f->err, "64");
    assert_refusal(f->err, PCA_E_INVALID, NULL, "alias", pca_cert_set_alias(cert, "a\nb", f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "alias", pca_cert_set_alias(cert, "\xff", f->err));
    assert_code(f->err, PCA_E_INVALID, pca_cert_set_alias(cert, NULL, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_cert_set_alias(NULL, "x", f->err));
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_cert_set_alias(cert, "", f->err));
    refresh_cert(f, &cert);
    assert_string_equal(pca_cert_alias(cert), "");
    assert_int_equal(found(f, ALIAS, longest, NULL), 0);
    /* labels ask for a clock that can be right */
    f->clock.now -= DAY;
    assert_code(f->err, PCA_E_CLOCK, pca_cert_set_alias(cert, "late", f->err));
    assert_code(f->err, PCA_E_CLOCK, pca_cert_tag_set(cert, "late", "", f->err));
    assert_code(f->err, PCA_E_CLOCK, pca_ca_tag_set(pca_sub_ca(f->sub), "late", "", f->err));
    f->clock.now += DAY;
    free(long_alias);
    free(longest);
    pca_cert_free(cert);
    pca_cert_free(other);
}

/* A certificate's alias and a CA's do not meet. */
static void aliases_of_two_kinds(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .alias = "issuer");
    assert_ok(f->err, pca_ca_set_alias(pca_root_ca(f->root), "issuer", f->err));
    assert_ok(f->err, pca_region_root_by_alias(f->region, "issuer", &root, f->err));
    assert_int_equal(found(f, ALIAS, "issuer", NULL), 1);
    assert_ok(f->err, pca_cert_set_alias(cert, "", f->err));
    pca_root_free(root);
    assert_ok(f->err, pca_region_root_by_alias(f->region, "issuer", &root, f->err));
    pca_root_free(root);
    pca_cert_free(cert);
}

/* ---- Custom ids ---- */

static void custom_ids_are_unique(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    other_ca(f, &root, &sub);
    pca_cert *cert = issue_with(f, "order-1"), *none = POISON;
    assert_string_equal(pca_cert_custom_id(cert), "order-1");
    assert_string_equal(pca_cert_custom_id(NULL), "");
    pca_request *r = request_with(f, "order-1", NULL);
    assert_refused(f, f->sub, r, PCA_E_EXISTS, "request", "custom_id", "certificate");
    /* in the whole region */
    assert_refusal(f->err, PCA_E_EXISTS, "request", "custom_id", pca_sub_request(sub, r, &none, f->err));
    assert_poisoned(none);
    /* case counts, and nothing is a prefix of another */
    static const char *const others[] = {"Order-1", "order-", "order-11", "订单", "order-1 "};
    for (size_t i = 0; i < COUNT(others); i++)
        pca_cert_free(issue_with(f, others[i]));
    /* while the certificate is there: revoked it is, deleted it is not */
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_EXISTS, "request", "custom_id", pca_sub_request(f->sub, r, &none, f->err));
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    pca_cert *again = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &again, f->err));
    assert_refusal(f->err, PCA_E_EXISTS, "request", "custom_id", pca_sub_request(f->sub, r, &none, f->err));
    assert_poisoned(none);
    assert_int_equal(found(f, CUSTOM_ID, "order-1", NULL), 1);
    pca_cert_free(again);
    pca_cert_free(cert);
    pca_request_free(r);
    pca_sub_free(sub);
    pca_root_free(root);
}

static void custom_ids_and_tokens(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_with(f, "order-1", "token-1"), *other = request_with(f, "order-2", "token-1"), *same = request_with(f, "order-1", "token-2");
    pca_cert *cert = NULL, *again = NULL, *none = POISON;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_ok(f->err, pca_sub_request(f->sub, r, &again, f->err)); /* the token answers before the custom id is looked at */
    assert_int_equal(pca_cert_id(again), pca_cert_id(cert));
    assert_refused(f, f->sub, other, PCA_E_TOKEN_REUSED, NULL, "token", "token-1");
    assert_refused(f, f->sub, same, PCA_E_EXISTS, "request", "custom_id", NULL);
    /* before the quota, after the lint */
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 0, PCA_ANY, NULL, f->err));
    assert_refused(f, f->sub, same, PCA_E_EXISTS, "request", "custom_id", NULL);
    assert_ok(NULL, pca_request_set_custom_id(same, "order-3"));
    assert_refused(f, f->sub, same, PCA_E_QUOTA, NULL, NULL, NULL);
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_sub_request(f->sub, r, &none, f->err)); /* a token is for ever */
    assert_poisoned(none);
    pca_request_free(r);
    pca_request_free(other);
    pca_request_free(same);
    pca_cert_free(cert);
    pca_cert_free(again);
}

static void custom_ids_in_bulk(void **state)
{
    struct fixture *f = *state;
    pca_request *a = request_with(f, "a", NULL), *b = request_with(f, "b", NULL), *plain = request_with(f, NULL, NULL);
    const pca_request *requests[] = {a, b, a, plain, b, plain};
    static const int codes[] = {PCA_OK, PCA_OK, PCA_E_EXISTS, PCA_OK, PCA_E_EXISTS, PCA_OK};
    pca_results *results = NULL;
    uint64_t left = remaining_of_sub(f, f->sub);
    assert_ok(f->err, pca_sub_request_many(f->sub, requests, COUNT(requests), &results, f->err));
    for (uint64_t i = 0; i < COUNT(codes); i++)
        assert_int_equal(pca_results_code_at(results, i), codes[i]);
    assert_string_equal(pca_error_field(pca_results_error_at(results, 2)), "custom_id");
    assert_int_equal(remaining_of_sub(f, f->sub), left - 4);
    pca_results_free(results);
    pca_request_free(a);
    pca_request_free(b);
    pca_request_free(plain);
}

struct racer {
    const pca_sub *sub;
    const pca_request *request;
    int rc;
};

static void *race(void *argument)
{
    struct racer *r = argument;
    pca_cert *cert = NULL;
    r->rc = pca_sub_request(r->sub, r->request, &cert, NULL);
    pca_cert_free(cert);
    return NULL;
}

/* Eight at once want the same id: one gets it. */
static void one_custom_id_in_many_hands(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 5; round++) {
        char id[16];
        struct racer racers[8];
        pthread_t threads[8];
        int won = 0;
        snprintf(id, sizeof id, "id-%d", round);
        pca_request *r = request_with(f, id, NULL);
        for (int i = 0; i < 8; i++) {
            racers[i] = (struct racer){f->sub, r, 1};
            assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
        }
        for (int i = 0; i < 8; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < 8; i++) {
            assert_true(racers[i].rc == PCA_OK || racers[i].rc == PCA_E_EXISTS);
            won += racers[i].rc == PCA_OK;
        }
        assert_int_equal(won, 1);
        pca_request_free(r);
    }
    assert_int_equal(remaining_of_sub(f, f->sub), 5);
}

static void refused_custom_ids(void **state)
{
    struct fixture *f = *state;
    char *longest = repeated("号", 64), *long_id = repeated("号", 65);
    const char *const bad[] = {"", long_id, "a\nb", "\xff"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        pca_request *r = request_with(f, NULL, NULL);
        pca_request_set_custom_id(r, bad[i]);
        assert_refused(f, f->sub, r, PCA_E_INVALID, "request", "custom_id", i == 1 ? "64" : NULL);
        pca_request_free(r);
    }
    assert_int_equal(pca_request_set_custom_id(NULL, "x"), PCA_E_INVALID);
    pca_request *r = request_with(f, NULL, NULL);
    assert_int_equal(pca_request_set_custom_id(r, NULL), PCA_E_INVALID);
    pca_request_free(r);
    pca_cert_free(issue_with(f, longest));
    /* CAs have none */
    pca_sub *sub = NULL;
    assert_ok(f->err, pca_root_purchase_sub(f->root, 12, NULL, &sub, f->err));
    r = request_new_ca("Third", NULL);
    assert_ok(NULL, pca_request_set_custom_id(r, "third"));
    assert_refusal(f->err, PCA_E_INVALID, "request", "custom_id", pca_sub_enable(sub, r, f->err));
    pca_request_free(r);
    pca_sub_free(sub);
    free(longest);
    free(long_id);
}

/* A clone has all that its original has, and keeps it. */
static void clones_keep_every_text(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_with(f, "clone", NULL), *copy = NULL, *ca = request_new_ca("Fourth", NULL), *ca_copy = NULL;
    pca_cert *cert = NULL;
    pca_sub *sub = NULL;
    assert_ok(f->err, pca_request_clone(r, &copy, f->err));
    assert_ok(NULL, pca_request_set_ocsp_url(ca, "http://ocsp.example/"));
    assert_ok(NULL, pca_request_set_issuer_url(ca, "http://ca.example/ca.cer"));
    assert_ok(f->err, pca_request_clone(ca, &ca_copy, f->err));
    pca_request_free(r);
    pca_request_free(ca);
    assert_ok(f->err, pca_sub_request(f->sub, copy, &cert, f->err));
    assert_string_equal(pca_cert_custom_id(cert), "clone");
    assert_ok(f->err, pca_root_purchase_sub(f->root, 12, NULL, &sub, f->err));
    assert_ok(f->err, pca_sub_enable(sub, ca_copy, f->err));
    refresh_sub(f, &sub);
    assert_string_equal(pca_ca_ocsp_url(pca_sub_ca(sub)), "http://ocsp.example/");
    assert_string_equal(pca_ca_issuer_url(pca_sub_ca(sub)), "http://ca.example/ca.cer");
    pca_request_free(copy);
    pca_request_free(ca_copy);
    pca_cert_free(cert);
    pca_sub_free(sub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(twenty_tags),
        TEST_ECC(lengths_of_tags),
        TEST_ECC(tags_through_a_life),
        TEST_ECC(tags_of_cas),
        TEST_ECC(alias_of_a_certificate),
        TEST_ECC(aliases_of_two_kinds),
        TEST_ECC(custom_ids_are_unique),
        TEST_ECC(custom_ids_and_tokens),
        TEST_ECC(custom_ids_in_bulk),
        TEST_ECC(one_custom_id_in_many_hands),
        TEST_ECC(refused_custom_ids),
        TEST_ECC(clones_keep_every_text),
    };
    return cmocka_run_group_tests_name("label", tests, NULL, NULL);
}
