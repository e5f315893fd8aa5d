/* Revoking, deleting, and the CRLs that tell of it. */
#include "leaf.h"

/* ---- Helpers ---- */

static int status_of(struct fixture *f, const pca_cert *cert)
{
    pca_cert *fresh = NULL;
    assert_ok(f->err, pca_cert_reload(cert, &fresh, f->err));
    int status = pca_cert_status(fresh);
    pca_cert_free(fresh);
    return status;
}

/* The lines of the CRL's text that belong to one serial number. free() it. */
static char *entry_of(const char *crl, const pca_cert *cert)
{
    const char *at = strstr(crl, crl_serial(cert));
    assert_non_null(at);
    const char *end = strstr(at + 1, "Serial Number: ");
    if (!end)
        end = strstr(at, "Signature Algorithm");
    return strndup(at, end ? (size_t)(end - at) : strlen(at));
}

static uint64_t number_of(struct fixture *f, const pca_ca *ca)
{
    uint64_t number = 0;
    assert_ok(f->err, pca_ca_crl_info(ca, &number, NULL, NULL, NULL, f->err));
    return number;
}

/* ---- Revoking ---- */

static void each_reason_is_on_the_list(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int reason;
        const char *text; /* openssl's; NULL: left out (RFC 5280 5.3.1) */
    } rows[] = {
        {PCA_REASON_UNSPECIFIED, NULL},
        {PCA_REASON_KEY_COMPROMISE, "Key Compromise"},
        {PCA_REASON_AFFILIATION_CHANGED, "Affiliation Changed"},
        {PCA_REASON_SUPERSEDED, "Superseded"},
        {PCA_REASON_CESSATION_OF_OPERATION, "Cessation Of Operation"},
        {PCA_REASON_PRIVILEGE_WITHDRAWN, "Privilege Withdrawn"},
    };
    pca_cert *cert[COUNT(rows)];
    for (size_t i = 0; i < COUNT(rows); i++) {
        cert[i] = issue(f, f->sub, "a.internal");
        assert_int_equal(pca_cert_revoked_at(cert[i]), 0);
        f->clock.now = T0 + (int64_t)i * 60;
        assert_ok(f->err, pca_cert_revoke(cert[i], rows[i].reason, 0, NULL, f->err));
        assert_int_equal(pca_cert_status(cert[i]), PCA_STATUS_ISSUED); /* the handle is what was read */
        refresh_cert(f, &cert[i]);
        assert_int_equal(pca_cert_status(cert[i]), PCA_STATUS_REVOKED);
        assert_int_equal(pca_cert_reason(cert[i]), rows[i].reason);
        assert_int_equal(pca_cert_revoked_at(cert[i]), f->clock.now);
        assert_revoked(f, cert[i]);
    }
    char *crl = next_crl(f, pca_sub_ca(f->sub));
    assert_int_equal(occurrences(crl, "Serial Number: "), COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *entry = entry_of(crl, cert[i]), date[32];
        snprintf(date, sizeof date, "12:0%zu:00 2027 GMT", i);
        assert_contains(entry, date);
        if (rows[i].text)
            assert_contains(entry, rows[i].text);
        else
            assert_lacks(entry, "Reason");
        free(entry);
        pca_cert_free(cert[i]);
    }
    free(crl);
}

static void refused_reasons(void **state)
{
    struct fixture *f = *state;
    static const int none[] = {-1, 2, 6, 7, 8, 10, 11, 255, INT_MAX, INT_MIN};
    pca_cert *cert = issue(f, f->sub, "a.internal");
    char *before = snapshot_store(f);
    for (size_t i = 0; i < COUNT(none); i++)
        assert_refusal(f->err, PCA_E_INVALID, NULL, "reason", pca_cert_revoke(cert, none[i], 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "invalidity", pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, -1, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "invalidity", pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, T0 + 1, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "token", pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, "", f->err));
    assert_store_unchanged(f, before);
    assert_int_equal(status_of(f, cert), PCA_STATUS_ISSUED);
    pca_cert_free(cert);
}

/* Any reason may become a compromise, and nothing else may change: record, list and handle agree, in one entry. */
static void pitfall_03_a_stronger_reason_is_kept(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    char *object = strdup(object_name("cert", pca_cert_id(cert)));
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    free(next_crl(f, pca_sub_ca(f->sub)));
    f->clock.now = T0 + DAY;
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_STATE, object, "status", pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_STATE, object, "status", pca_cert_revoke(cert, PCA_REASON_UNSPECIFIED, 0, NULL, f->err));
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, T0 - 5 * DAY, NULL, f->err));
    before = snapshot_store(f);
    assert_code(f->err, PCA_E_STATE, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_code(f->err, PCA_E_STATE, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, T0 - 9 * DAY, NULL, f->err));
    assert_store_unchanged(f, before);
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_reason(cert), PCA_REASON_KEY_COMPROMISE);
    assert_int_equal(pca_cert_revoked_at(cert), T0); /* the date of revocation stays */
    char *crl = next_crl(f, pca_sub_ca(f->sub));
    assert_int_equal(occurrences(crl, crl_serial(cert)), 1);
    assert_contains(crl, "Key Compromise");
    assert_contains(crl, "Invalidity Date");
    assert_contains(crl, "Jan 10 12:00:00 2027 GMT");
    free(crl);
    free(object);
    pca_cert_free(cert);
}

static void tokens_of_revocations(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, "once", f->err));
    char *before = snapshot_store(f);
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, "once", f->err));
    assert_refusal(f->err, PCA_E_TOKEN_REUSED, NULL, "token", pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, "once", f->err));
    f->clock.now = T0 - 30 * DAY; /* what was done is told whatever the clock says */
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, "once", f->err));
    assert_store_unchanged(f, before);
    f->clock.now = T0;
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, "once", f->err));
    pca_cert_free(cert);
}

/* The clock may be wrong, and revoking goes on: dated at the newest time that was recorded. */
static void pitfall_26_revoking_with_a_wrong_clock(void **state)
{
    struct fixture *f = *state;
    static const int64_t wrong[] = {T0 - DAY, T0 - 3000 * DAY, 0, T0 + 2000 * DAY};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        f->clock.now = T0;
        pca_cert *cert = issue(f, f->sub, "a.internal");
        f->clock.now = wrong[i];
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
        refresh_cert(f, &cert);
        assert_int_equal(pca_cert_revoked_at(cert), T0);
        pca_cert_free(cert);
    }
    f->clock.now = T0;
}

static void any_state_of_the_ca_revokes(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert[4];
    for (int i = 0; i < 4; i++)
        cert[i] = issue(f, f->sub, "a.internal");
    assert_ok(f->err, pca_ca_disable(pca_sub_ca(f->sub), f->err));
    assert_ok(f->err, pca_ca_disable(pca_root_ca(f->root), f->err));
    assert_ok(f->err, pca_cert_revoke(cert[0], PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    set_policy(f, "max_clock_step_days", 36500);
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_revoke(cert[1], PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    f->clock.now = pca_cert_not_after(cert[2]) + 1; /* ended certificates too */
    assert_ok(f->err, pca_cert_revoke(cert[2], PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    f->clock.now = pca_ca_not_after(pca_sub_ca(f->sub));
    char *crl = next_crl(f, pca_sub_ca(f->sub));
    assert_int_equal(occurrences(crl, "Serial Number: "), 3);
    free(crl);
    f->clock.now++;
    assert_code(f->err, PCA_E_EXPIRED, pca_cert_revoke(cert[3], PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_code(f->err, PCA_E_EXPIRED, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    for (int i = 0; i < 4; i++)
        pca_cert_free(cert[i]);
}

/* ---- Deleting ---- */

static void only_what_is_revoked_is_deleted(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal"), *found = POISON;
    pca_page *page = NULL;
    char *object = strdup(object_name("cert", pca_cert_id(cert))), *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_STATE, object, "status", pca_cert_delete(cert, f->err));
    assert_message(f->err, "revoke");
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_NOT_FOUND, object, NULL, pca_cert_delete(cert, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_cert_reload(cert, &found, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_region_cert_get(f->region, pca_cert_id(cert), &found, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_cert_by_serial(pca_sub_ca(f->sub), pca_cert_serial(cert), &found, f->err));
    assert_poisoned(found);
    assert_ok(f->err, pca_region_find_certs(f->region, NULL, &page, f->err));
    assert_int_equal(pca_page_count(page), 0);
    pca_page_free(page);
    assert_store_unchanged(f, before);
    assert_string_equal(pca_cert_san_at(cert, 0), "a.internal"); /* the snapshot is its holder's */
    free(object);
    pca_cert_free(cert);
}

/* A deleted, unexpired certificate stays on every list until one that is dated after its end. */
static void pitfall_01_deleted_and_still_listed(void **state)
{
    struct fixture *f = *state;
    set_policy(f, "short_lived", 1);
    pca_cert *cert = issue_as(f, f->sub, .cn = "brief.internal", .form = DAYS, .span = 10), *other = issue(f, f->sub, "long.internal");
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_revoke(other, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    const int64_t times[] = {T0, T0 + DAY, T0 + 9 * DAY, pca_cert_not_after(cert), pca_cert_not_after(cert) + 1};
    for (size_t i = 0; i < COUNT(times); i++) {
        f->clock.now = times[i];
        char *crl = next_crl(f, pca_sub_ca(f->sub));
        assert_contains(crl, crl_serial(cert));
        assert_contains(crl, crl_serial(other));
        free(crl);
    }
    char *crl = next_crl(f, pca_sub_ca(f->sub)); /* it has been on a list dated after its end */
    assert_lacks(crl, crl_serial(cert));
    assert_contains(crl, crl_serial(other));
    free(crl);
    pca_cert_free(cert);
    pca_cert_free(other);
}

/* Revoked after its end: on one list all the same. */
static void revoked_after_its_end(void **state)
{
    struct fixture *f = *state;
    set_policy(f, "short_lived", 1);
    pca_cert *cert = issue_as(f, f->sub, .cn = "brief.internal", .form = DAYS, .span = 1);
    f->clock.now = T0 + 3 * DAY;
    free(next_crl(f, pca_sub_ca(f->sub)));
    f->clock.now += 60;
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    f->clock.now += 60;
    char *crl = next_crl(f, pca_sub_ca(f->sub));
    assert_contains(crl, crl_serial(cert));
    free(crl);
    pca_cert_free(cert);
}

/* ---- CRLs ---- */

static void a_list_and_its_dates(void **state)
{
    struct fixture *f = *state;
    uint64_t number = 0, entries = 77, last = 0;
    int64_t this_update = 0, next_update = 0;
    const pca_ca *ca = pca_sub_ca(f->sub);
    pca_blob *blob = POISON;
    assert_refusal(f->err, PCA_E_NOT_FOUND, object_name("sub", pca_ca_id(ca)), "crl", pca_ca_crl_get(ca, PCA_FORMAT_PEM, &blob, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_crl_info(ca, &number, NULL, NULL, NULL, f->err));
    assert_poisoned(blob);
    for (int i = 0; i < 3; i++) { /* two in one second, too */
        char *crl = next_crl(f, ca);
        assert_contains(crl, "Version 2");
        assert_contains(crl, "No Revoked Certificates");
        assert_contains(crl, "X509v3 Authority Key Identifier");
        assert_contains(crl, "X509v3 CRL Number");
        assert_contains(crl, "Issuer: CN=Test Sub,O=Example,C=DE");
        assert_contains(crl, "Last Update: Jan 15 12:00:00 2027 GMT");
        assert_contains(crl, "Next Update: Jan 22 12:00:00 2027 GMT");
        free(crl);
        assert_ok(f->err, pca_ca_crl_info(ca, &number, &this_update, &next_update, &entries, f->err));
        assert_true(number > last);
        assert_int_equal(this_update, T0);
        assert_int_equal(next_update, T0 + 7 * DAY);
        assert_int_equal(entries, 0);
        last = number;
    }
    assert_run(0, "openssl", "crl", "-in", put_crl(f, "crl.pem", ca), "-CAfile", put_ca(f, "sub.pem", ca), "-noout");
}

/* Numbers go up whatever the clock does (pitfall 5), and no entry is dated after its list (pitfall 9). */
static void pitfall_05_09_clocks_that_go_back(void **state)
{
    struct fixture *f = *state;
    const pca_ca *ca = pca_sub_ca(f->sub);
    uint64_t last = 0;
    static const int64_t times[] = {T0, T0 + 100, T0 + 100, T0 + 50, T0 - DAY, 1, T0 + 101, T0 + 300 * DAY, T0 + 200 * DAY};
    for (size_t i = 0; i < COUNT(times); i++) {
        int64_t this_update = 0;
        pca_cert *cert = NULL;
        f->clock.now = T0 > times[i] ? T0 + 100 : times[i];
        if (i < 7)
            cert = issue(f, f->sub, "a.internal");
        f->clock.now = times[i];
        if (cert)
            assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        assert_ok(f->err, pca_ca_crl_make(ca, f->err));
        assert_true(number_of(f, ca) > last);
        last = number_of(f, ca);
        assert_ok(f->err, pca_ca_crl_info(ca, NULL, &this_update, NULL, NULL, f->err));
        if (cert) {
            refresh_cert(f, &cert);
            assert_true(pca_cert_revoked_at(cert) <= this_update);
        }
        pca_cert_free(cert);
    }
    /* a jump ahead that nobody has accepted makes no list that would outdate all others */
    f->clock.now = T0 + 5000 * DAY;
    assert_code(f->err, PCA_E_CLOCK, pca_ca_crl_make(ca, f->err));
    assert_int_equal(number_of(f, ca), last);
}

/* A store whose directory was moved away is no corrupt one: no row is missing. */
static void no_list_where_there_is_no_directory(void **state)
{
    struct fixture *f = *state;
    char away[sizeof f->path + 8];
    const pca_ca *ca = pca_sub_ca(f->sub);
    pca_cert *cert = issue(f, f->sub, "a.internal");
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    snprintf(away, sizeof away, "%s.away", f->path);
    assert_int_equal(rename(f->path, away), 0);
    assert_code(f->err, PCA_E_STORAGE, pca_ca_crl_make(ca, f->err));
    assert_int_equal(rename(away, f->path), 0);
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    pca_cert_free(cert);
}

static int collect(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    struct bytes *b = context;
    (void)err;
    bytes_add(b, data, size);
    return PCA_OK;
}

static int refuse_sink(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    (void)data, (void)size, (void)err;
    return *(int *)context;
}

static void the_same_list_in_every_way(void **state)
{
    struct fixture *f = *state;
    static struct bytes streamed;
    const pca_ca *ca = pca_sub_ca(f->sub);
    struct pca_sink sink = {PCA_SINK_VERSION, &streamed, collect};
    pca_cert *cert = issue(f, f->sub, "a.internal");
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    static const int formats[] = {PCA_FORMAT_PEM, PCA_FORMAT_DER};
    for (int i = 0; i < 2; i++) {
        pca_blob *blob = NULL;
        size_t size;
        const char *path = file_path(f, i ? "crl.der" : "crl.pem");
        streamed.size = 0;
        assert_ok(f->err, pca_ca_crl_get(ca, formats[i], &blob, f->err));
        assert_ok(f->err, pca_ca_crl_stream(ca, formats[i], &sink, f->err));
        assert_ok(f->err, pca_ca_crl_write(ca, formats[i], path, f->err));
        uint8_t *written = file_read(path, &size);
        assert_int_equal(pca_blob_size(blob), size);
        assert_memory_equal(pca_blob_data(blob), written, size);
        assert_int_equal(streamed.size, size);
        assert_memory_equal(streamed.data, written, size);
        assert_run(0, "openssl", "crl", "-inform", i ? "DER" : "PEM", "-in", path, "-noout", "-CAfile", put_ca(f, "sub.pem", ca));
        free(written);
        pca_blob_free(blob);
    }
    /* a sink that ends it: its code, or CANCELLED for what is none */
    int code = 1;
    struct pca_sink bad = {PCA_SINK_VERSION, &code, refuse_sink};
    assert_code(f->err, PCA_E_CANCELLED, pca_ca_crl_stream(ca, PCA_FORMAT_DER, &bad, f->err));
    code = PCA_E_DEVICE;
    assert_code(f->err, PCA_E_DEVICE, pca_ca_crl_stream(ca, PCA_FORMAT_DER, &bad, f->err));
    bad.version = 0;
    assert_refusal(f->err, PCA_E_INVALID, NULL, "sink", pca_ca_crl_stream(ca, PCA_FORMAT_DER, &bad, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "format", pca_ca_crl_stream(ca, 99, &sink, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_crl_write(ca, PCA_FORMAT_DER, file_path(f, "no/such/crl"), f->err));
    pca_cert_free(cert);
}

/* CRL(n+1) holds all of CRL(n) that had not ended before CRL(n): a hundred random steps. */
static void pitfall_01_lists_only_lose_what_has_ended(void **state)
{
    struct fixture *f = *state;
    enum { CERTS = 24 };
    pca_cert *cert[CERTS] = {NULL};
    int revoked[CERTS] = {0}, seen_after_end[CERTS] = {0};
    unsigned draw = 12345;
    set_policy(f, "short_lived", 1);
    stock(f, f->root, f->sub, CERTS);
    for (int i = 0; i < CERTS; i++)
        cert[i] = issue_as(f, f->sub, .cn = "a.internal", .form = DAYS, .span = i % 8 + 1);
    for (int step = 0; step < 40; step++) {
        f->clock.now += 6 * HOUR;
        for (int n = 0; n < 2; n++) {
            draw = draw * 1103515245 + 12345;
            int i = (int)(draw >> 16) % CERTS;
            if (!revoked[i]) {
                assert_ok(f->err, pca_cert_revoke(cert[i], PCA_REASON_SUPERSEDED, 0, NULL, f->err));
                revoked[i] = 1;
                if (draw >> 28 & 1)
                    assert_ok(f->err, pca_cert_delete(cert[i], f->err));
            }
        }
        char *crl = next_crl(f, pca_sub_ca(f->sub));
        for (int i = 0; i < CERTS; i++) {
            int listed = strstr(crl, crl_serial(cert[i])) != NULL;
            assert_int_equal(listed, revoked[i] && !seen_after_end[i]);
            seen_after_end[i] |= listed && f->clock.now > pca_cert_not_after(cert[i]);
        }
        free(crl);
    }
    for (int i = 0; i < CERTS; i++)
        pca_cert_free(cert[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(each_reason_is_on_the_list),
        TEST_ECC(refused_reasons),
        TEST_ECC(pitfall_03_a_stronger_reason_is_kept),
        TEST_ECC(tokens_of_revocations),
        TEST_ECC(pitfall_26_revoking_with_a_wrong_clock),
        TEST_ECC(any_state_of_the_ca_revokes),
        TEST_ECC(only_what_is_revoked_is_deleted),
        TEST_ECC(pitfall_01_deleted_and_still_listed),
        TEST_ECC(revoked_after_its_end),
        TEST_ECC(a_list_and_its_dates),
        TEST_ECC(pitfall_05_09_clocks_that_go_back),
        TEST_ECC(no_list_where_there_is_no_directory),
        TEST_ECC(the_same_list_in_every_way),
        TEST_ECC(pitfall_01_lists_only_lose_what_has_ended),
    };
    return cmocka_run_group_tests_name("revoke", tests, NULL, NULL);
}
