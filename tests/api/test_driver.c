/* Drivers that hang, that give what they should not, and that sign messages instead of digests; tokens pulled out at each step. */
#include "token.h"

/* ---- A driver that hangs: it stays in a call until it is let go, and others work meanwhile ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum skf_call at;
    unsigned skip; /* so many calls go through before */
    int inside, open;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* One call hangs; those that come meanwhile do not. */
static void hang(void *argument, enum skf_call call)
{
    (void)argument;
    pthread_mutex_lock(&gate.lock);
    if (call == gate.at && !gate.inside && gate.skip-- == 0) {
        gate.inside = 1;
        pthread_cond_broadcast(&gate.changed);
        while (!gate.open)
            pthread_cond_wait(&gate.changed, &gate.lock);
    }
    pthread_mutex_unlock(&gate.lock);
}

/* What another thread does. */
struct work {
    int (*verb)(struct work *work);
    const pca_sub *sub;
    const pca_request *request;
    const pca_cert *of;
    pca_cert *cert;
    pca_error *err;
    int rc;
    pthread_t thread;
};

static int ask(struct work *work)
{
    return pca_sub_request(work->sub, work->request, &work->cert, work->err);
}

static int approve(struct work *work)
{
    return pca_cert_approve(work->of, pca_cert_review_digest(work->of), work->err);
}

static int install(struct work *work)
{
    return pca_cert_install(work->of, "123456", work->err);
}

static void *work(void *argument)
{
    struct work *w = argument;
    w->rc = w->verb(w);
    return NULL;
}

/* Returns once it hangs in that call, the one after `skip` others. */
static void begin_hanging(struct work *w, enum skf_call at, unsigned skip)
{
    gate.at = at;
    gate.skip = skip;
    gate.inside = gate.open = 0;
    token.hook = hang;
    w->err = pca_error_new();
    assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
    pthread_mutex_lock(&gate.lock);
    while (!gate.inside)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void let_go(struct work *w)
{
    pthread_mutex_lock(&gate.lock);
    gate.open = 1;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
    pthread_join(w->thread, NULL);
    token.hook = NULL;
}

static void assert_late(struct fixture *f, const struct work *w)
{
    assert_refusal(w->err, PCA_E_DEVICE, object_name("sub", pca_ca_id(pca_sub_ca(f->sub))), "deadline", w->rc);
    assert_null(w->cert);
}

static uint64_t run_due(struct fixture *f)
{
    uint64_t done = 0;
    assert_ok(f->err, pca_region_run_due(f->region, 100, &done, f->err));
    return done;
}

/* An hour is long past the deadline of any operation here. Meanwhile the CA whose token it is goes on, the region too. */
static void pitfall_39_a_request_hangs(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum skf_call at;
        unsigned skip;
        int reserved;
    } steps[] = {{SKF_PROBE, 0, 0}, {SKF_OPEN, 0, 0}, {SKF_OPEN, 1, 1}, {SKF_GENERATE, 0, 1}, {SKF_PUBLIC, 0, 1}, {SKF_SIGN, 0, 1}};
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    make_crls(f);
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 10, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 20, PCA_ANY, NULL, f->err));
    pca_request *r = request_new_token("Ada", "123456");
    uint64_t remaining = 20, issued = 0;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct work w = {.verb = ask, .sub = f->sub, .request = r};
        pca_page *page = NULL;
        pca_sub *kept = f->sub; /* which the thread uses */
        f->sub = NULL;
        assert_ok(f->err, pca_sub_reload(kept, &f->sub, f->err));
        unsigned calls = token.calls[steps[i].at];
        begin_hanging(&w, steps[i].at, steps[i].skip);
        assert_int_equal(token.calls[steps[i].at], calls + steps[i].skip + 1);
        assert_units(f, remaining - (uint64_t)steps[i].reserved, (uint64_t)steps[i].reserved, issued);
        pca_cert *cert = issue(f, f->sub, "a.example");
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        assert_ok(f->err, pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
        assert_ok(f->err, pca_region_reviews(f->region, NULL, 10, &page, f->err));
        pca_page_free(page);
        pca_cert_free(cert);
        remaining--;
        issued++;
        assert_int_equal(run_due(f), 0); /* it may be alive */
        assert_units(f, remaining - (uint64_t)steps[i].reserved, (uint64_t)steps[i].reserved, issued);
        f->clock.now += HOUR;
        assert_int_equal(run_due(f), steps[i].reserved);
        assert_units(f, remaining, 0, issued);
        let_go(&w);
        if (steps[i].reserved) {
            assert_late(f, &w);
        } else { /* nothing of it was given back: it goes on */
            assert_ok(w.err, w.rc);
            remaining--;
            issued++;
        }
        assert_units(f, remaining, 0, issued);
        assert_int_equal(token.open, 0);
        pca_cert_free(w.cert);
        pca_error_free(w.err);
        pca_sub_free(kept);
    }
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_units(f, remaining - 1, 0, issued + 1);
    pca_cert_free(cert);
    pca_request_free(r);
}

/* The one session that the driver bears is in use: another request is told so after a while, and leaves nothing behind. */
static void another_wants_a_session(void **state)
{
    struct fixture *f = *state;
    token.driver.timeout_ms = 20;
    open_with_token(f);
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &f->root, &f->sub);
    pca_request *r = request_new_token("Ada", "123456");
    pca_sub *own = NULL;
    pca_cert *cert = POISON;
    assert_ok(f->err, pca_sub_reload(f->sub, &own, f->err));
    struct work w = {.verb = ask, .sub = own, .request = r};
    begin_hanging(&w, SKF_GENERATE, 0);
    assert_refusal(f->err, PCA_E_BUSY, "container skf", "max_sessions", pca_sub_request(f->sub, r, &cert, f->err));
    assert_refusal(f->err, PCA_E_BUSY, "container skf", "max_sessions", pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    assert_poisoned(cert);
    assert_units(f, 9, 1, 0);
    let_go(&w);
    assert_ok(w.err, w.rc); /* it was in time */
    assert_units(f, 9, 0, 1);
    assert_int_equal(token.most_open, 1);
    pca_cert_free(w.cert);
    pca_error_free(w.err);
    pca_sub_free(own);
    pca_request_free(r);
}

/* The signature of a CA hangs: who wants that CA's session hears BUSY, and other CAs go on. */
static void pitfall_39_the_session_of_a_ca_hangs(void **state)
{
    struct fixture *f = *state;
    pca_root *sealed_root = NULL;
    pca_sub *sealed = NULL, *own = NULL;
    token.driver.timeout_ms = 20;
    open_with_token(f);
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    make_token_ca(f, PCA_FAMILY_ECC);
    make_ca(f, PCA_FAMILY_ECC, 0, 24, &sealed_root, &sealed);
    make_crls(f);
    assert_ok(f->err, pca_sub_reload(f->sub, &own, f->err));
    pca_request *r = request_new_server("a.example");
    struct work w = {.verb = ask, .sub = own, .request = r};
    begin_hanging(&w, SKF_SIGN, 0);
    pca_cert *cert = issue(f, sealed, "b.example"), *none = POISON;
    pca_cert_free(cert);
    assert_refusal(f->err, PCA_E_BUSY, "container skf", "slot", pca_sub_request(f->sub, r, &none, f->err));
    assert_poisoned(none);
    assert_units(f, 9, 1, 0);
    assert_refusal(f->err, PCA_E_BUSY, "container skf", "slot", pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
    assert_refusal(f->err, PCA_E_BUSY, "container skf", "slot", pca_region_logout(f->region, "skf", "usbkey-1", f->err));
    f->clock.now += HOUR;
    assert_int_equal(run_due(f), 1);
    assert_units(f, 10, 0, 0);
    let_go(&w);
    assert_late(f, &w);
    assert_units(f, 10, 0, 0);
    cert = issue(f, f->sub, "a.example"); /* the session is of use again */
    assert_openssl_takes(f, cert);
    assert_units(f, 9, 0, 1);
    assert_ok(f->err, pca_region_logout(f->region, "skf", "usbkey-1", f->err));
    pca_cert_free(cert);
    pca_error_free(w.err);
    pca_sub_free(own);
    pca_sub_free(sealed);
    pca_root_free(sealed_root);
    pca_request_free(r);
}

static void sign_in_a_signature(void *argument, enum skf_call call)
{
    struct work *w = argument;
    if (call != SKF_SIGN)
        return;
    token.hook = NULL;
    w->rc = ask(w);
}

/* A driver that calls back, into a verb that would need the very session it is in: refused at once, since it cannot ever come free. */
static void pitfall_39_the_session_of_a_ca_is_wanted_inside(void **state)
{
    struct fixture *f = *state;
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    make_token_ca(f, PCA_FAMILY_ECC);
    pca_request *r = request_new_server("a.example");
    struct work w = {.sub = f->sub, .request = r, .err = pca_error_new()};
    token.hook = sign_in_a_signature;
    token.argument = &w;
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_refusal(w.err, PCA_E_BUSY, "container skf", "slot", w.rc);
    assert_units(f, 9, 0, 1);
    pca_cert_free(cert);
    pca_error_free(w.err);
    pca_request_free(r);
}

/* A compliance CA on the token, and a request that waits there. */
static pca_cert *submit(struct fixture *f, int family, pca_request *wish)
{
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    purchase_ca(f, PCA_KIND_COMPLIANCE, family, 24, &f->root, &f->sub);
    pca_request *r = request_new_ca_token("Token Root", NULL);
    assert_ok(f->err, pca_root_enable(f->root, r, f->err));
    pca_request_free(r);
    r = request_new_ca_token("Token Sub", NULL);
    assert_ok(f->err, pca_sub_enable(f->sub, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &f->sub);
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 2, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 2, 0, NULL, f->err));
    assert_ok(NULL, pca_request_set_personal_name(wish, "Ada"));
    assert_ok(f->err, pca_sub_request(f->sub, wish, &cert, f->err));
    assert_units(f, 1, 1, 0);
    return cert;
}

/* While the token signs an approval, the request is rejected: the unit comes back once, and the approval is late. */
static void pitfall_39_an_approval_hangs(void **state)
{
    struct fixture *f = *state;
    pca_request *r = request_new_leaf(PCA_CERT_CLIENT, NULL);
    pca_cert *cert = submit(f, PCA_FAMILY_ECC, r), *same = NULL;
    struct work w = {.verb = approve, .of = cert};
    begin_hanging(&w, SKF_SIGN, 0);
    assert_units(f, 1, 1, 0);
    assert_ok(f->err, pca_region_cert_get(f->region, pca_cert_id(cert), &same, f->err));
    assert_int_equal(pca_cert_status(same), PCA_STATUS_PENDING);
    assert_ok(f->err, pca_cert_reject(same, "too late", f->err));
    assert_units(f, 2, 0, 0);
    let_go(&w);
    assert_refusal(w.err, PCA_E_REVIEW, object_name("cert", pca_cert_id(cert)), "status", w.rc);
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_REJECTED);
    assert_units(f, 2, 0, 0);
    pca_cert_free(same);
    pca_cert_free(cert);
    pca_request_free(r);
    pca_error_free(w.err);
}

/* While the token signs an approval, another CA certifies the key for somebody else (policy refuse_reused_key). */
static void an_approval_is_overtaken(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sealed = NULL;
    pca_cert *other = NULL;
    size_t size;
    const char *csr = file_path(f, "ada.csr"), *key = make_key(f, "ada", "EC", "ec_paramgen_curve:P-256");
    assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/CN=Ada", "-out", csr);
    uint8_t *octets = file_read(csr, &size);
    pca_request *r = request_new_leaf(PCA_CERT_CLIENT, NULL);
    assert_ok(NULL, pca_request_set_csr(r, octets, size));
    free(octets);
    set_policy(f, "refuse_reused_key", 1);
    pca_cert *cert = submit(f, PCA_FAMILY_ECC, r);
    purchase_ca(f, PCA_KIND_COMPLIANCE, PCA_FAMILY_ECC, 24, &root, &sealed);
    enable_root(f, &root, "Sealed Root");
    enable_sub(f, &sealed, "Sealed Sub");
    assert_ok(f->err, pca_root_purchase_certificates(root, 1, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(root, sealed, 1, 0, NULL, f->err));
    assert_ok(NULL, pca_request_set_personal_name(r, "Bob"));
    assert_ok(f->err, pca_sub_request(sealed, r, &other, f->err));
    struct work w = {.verb = approve, .of = cert};
    begin_hanging(&w, SKF_SIGN, 0);
    assert_ok(f->err, pca_cert_approve(other, pca_cert_review_digest(other), f->err));
    let_go(&w);
    assert_refusal(w.err, PCA_E_CSR, "request", NULL, w.rc);
    refresh_cert(f, &cert);
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_PENDING);
    assert_units(f, 1, 1, 0);
    pca_cert_free(other);
    pca_cert_free(cert);
    pca_sub_free(sealed);
    pca_root_free(root);
    pca_request_free(r);
    pca_error_free(w.err);
}

/* Installing holds nothing that could be given back, however long it takes. */
static void pitfall_39_installing_hangs(void **state)
{
    struct fixture *f = *state;
    static const enum skf_call calls[] = {SKF_PROBE, SKF_OPEN, SKF_PUBLIC, SKF_IMPORT, SKF_ENVELOPED};
    pca_cert *cert = NULL;
    make_ca(f, PCA_FAMILY_SM2, 0, 24, &f->root, &f->sub);
    make_crls(f);
    pca_request *r = request_new_token("Ada", "123456");
    for (size_t i = 0; i < COUNT(calls); i++) {
        assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
        struct work w = {.verb = install, .of = cert};
        begin_hanging(&w, calls[i], 0);
        pca_cert *other = issue(f, f->sub, "b.example"), *same = NULL;
        f->clock.now += MINUTE;
        assert_int_equal(run_due(f), 0);
        assert_ok(f->err, pca_cert_reload(cert, &same, f->err));
        assert_int_equal(pca_cert_installed_at(same), 0);
        let_go(&w);
        assert_ok(w.err, w.rc);
        refresh_cert(f, &cert);
        assert_true(pca_cert_installed_at(cert) > 0);
        pca_cert_free(other);
        pca_cert_free(same);
        pca_cert_free(cert);
        pca_error_free(w.err);
        cert = NULL;
    }
    assert_units(f, 0, 0, 10);
    pca_request_free(r);
}

/* ---- A token pulled out at each step, not only of one kind: the n-th call of all ---- */

static int pull_after;

static void pull(void *argument, enum skf_call call)
{
    (void)argument;
    if (call != SKF_CLOSE && pull_after-- == 0)
        token.present = 0;
}

static void begin_pulling(int after)
{
    pull_after = after;
    token.present = 1;
    token.hook = pull;
}

/* How many calls it takes; each of them but the first, which asks for the token, is one that the token can be missed in. */
static void pitfall_36_pulled_out_at_each_call(void **state)
{
    struct fixture *f = *state;
    const int families[] = {PCA_FAMILY_ECC, PCA_FAMILY_SM2};
    for (size_t i = 0; i < COUNT(families); i++) {
        pca_cert *cert = POISON;
        int rc = PCA_E_DEVICE, n;
        make_ca(f, families[i], 0, 24, &f->root, &f->sub);
        make_crls(f);
        pca_request *r = request_new_token("Ada", "123456");
        for (n = 0; rc != PCA_OK; n++) {
            begin_pulling(n);
            rc = pca_sub_request(f->sub, r, &cert, f->err);
            if (rc == PCA_OK)
                break;
            assert_refusal(f->err, PCA_E_DEVICE, "container skf", NULL, rc);
            assert_poisoned(cert);
            assert_int_equal(token.open, 0);
            assert_units(f, 10, 0, 0);
            assert_int_equal(run_due(f), 0); /* nothing waits for its deadline either */
        }
        token.hook = NULL;
        token.present = 1;
        assert_int_equal(n, 6); /* probe, open; open, generate, public key, sign */
        assert_units(f, 9, 0, 1);
        assert_openssl_takes(f, cert);
        /* the same of installing: it is installed by the run in which nothing was missing */
        for (n = 0, rc = PCA_E_DEVICE; rc != PCA_OK; n++) {
            begin_pulling(n);
            rc = pca_cert_install(cert, "123456", f->err);
            token.hook = NULL;
            token.present = 1;
            if (rc != PCA_OK)
                assert_refusal(f->err, PCA_E_DEVICE, "container skf", NULL, rc);
            refresh_cert(f, &cert);
            assert_int_equal(pca_cert_installed_at(cert), rc == PCA_OK ? T0 : 0);
            assert_int_equal(token.open, 0);
            if (rc == PCA_OK)
                break;
        }
        assert_int_equal(n, families[i] == PCA_FAMILY_SM2 ? 6 : 4); /* probe, open, public key, import; of a pair the second, the envelope */
        struct skf_key *key = &token.keys[token.count - 1];
        assert_true(key->certificate[PCA_CERTIFICATE_SIGNING].size > 0);
        assert_int_equal(key->encryption != NULL, families[i] == PCA_FAMILY_SM2);
        pca_cert_free(cert);
        pca_request_free(r);
        drop_ca(f);
    }
}

/* ---- Garbage ---- */

/* Whatever it gives for a public key or a signature: refused, and nothing is left. */
static void garbage(void **state)
{
    struct fixture *f = *state;
    const int families[] = {PCA_FAMILY_ECC, PCA_FAMILY_SM2, PCA_FAMILY_RSA};
    static const enum skf_call calls[] = {SKF_PUBLIC, SKF_SIGN};
    for (size_t i = 0; i < COUNT(families); i++) {
        make_ca(f, families[i], families[i] == PCA_FAMILY_RSA ? PCA_KEY_RSA_2048 : 0, 24, &f->root, &f->sub);
        pca_request *r = request_new_token("Ada", "123456");
        for (size_t c = 0; c < COUNT(calls); c++) {
            for (enum skf_garbage g = SKF_NOTHING; g < SKF_GARBAGES; g++) {
                pca_cert *cert = POISON;
                token.garbage[calls[c]] = g;
                assert_refusal(f->err, PCA_E_DEVICE, "container skf", "key", pca_sub_request(f->sub, r, &cert, f->err));
                token.garbage[calls[c]] = SKF_NO_GARBAGE;
                assert_poisoned(cert);
                assert_int_equal(token.open, 0);
                assert_units(f, 10, 0, 0);
            }
        }
        pca_request_free(r);
        drop_ca(f);
    }
    /* of a CA's key */
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    make_token_ca(f, PCA_FAMILY_ECC);
    pca_request *r = request_new_server("a.example");
    for (enum skf_garbage g = SKF_NOTHING; g < SKF_GARBAGES; g++) {
        pca_cert *cert = POISON;
        token.garbage[SKF_SIGN] = g;
        assert_refusal(f->err, PCA_E_DEVICE, "container skf", "key", pca_sub_request(f->sub, r, &cert, f->err));
        assert_refusal(f->err, PCA_E_DEVICE, "container skf", "key", pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
        token.garbage[SKF_SIGN] = SKF_NO_GARBAGE;
        assert_poisoned(cert);
        assert_units(f, 10, 0, 0);
    }
    pca_request_free(r);
}

/* ---- Drivers that sign messages ---- */

static void check_crl(struct fixture *f, const pca_ca *ca, size_t entries)
{
    pca_blob *blob = NULL;
    char expected[64];
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    assert_ok(f->err, pca_ca_crl_get(ca, PCA_FORMAT_DER, &blob, f->err));
    check_signed(f, pca_blob_data(blob), ca);
    struct der tbs = der_at(der_at(pca_blob_data(blob)).contents);
    assert_int_equal(token.longest, (size_t)(tbs.end - tbs.at)); /* it got all of it, and at once */
    token.longest = 0;
    char *text = output_of("openssl", "crl", "-noout", "-text", "-inform", "DER", "-in", put_blob(f, "driver.crl", blob));
    snprintf(expected, sizeof expected, entries ? "Revoked Certificates:" : "No Revoked Certificates");
    assert_contains(text, expected);
    assert_int_equal(occurrences(text, "Serial Number:"), entries);
    free(text);
}

/* The keys of CAs and of end entities, made by a driver that digests itself, ZA of SM2 included. Judged by openssl. */
static void messages(void **state)
{
    struct fixture *f = *state;
    const int families[] = {PCA_FAMILY_ECC, PCA_FAMILY_SM2, PCA_FAMILY_RSA};
    token.driver.sign_form = PCA_SIGN_MESSAGE;
    token.driver.max_sessions = 2;
    open_with_token(f);
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    for (size_t i = 0; i < COUNT(families); i++) {
        pca_blob *blob = NULL;
        pca_cert *cert = NULL;
        make_token_ca(f, families[i]);
        const pca_ca *root = pca_root_ca(f->root);
        assert_ok(f->err, pca_ca_certificate(root, PCA_FORMAT_DER, &blob, f->err));
        check_signed(f, pca_blob_data(blob), root);
        pca_blob_free(blob);
        assert_ok(f->err, pca_ca_certificate(pca_sub_ca(f->sub), PCA_FORMAT_DER, &blob, f->err));
        check_signed(f, pca_blob_data(blob), root);
        pca_blob_free(blob);
        /* an end entity's, by a CSR on the token */
        pca_request *r = request_new_token("Ada", "123456");
        unsigned signatures = token.calls[SKF_SIGN];
        assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
        assert_true(token.calls[SKF_SIGN] > signatures + 1); /* the key of the CSR, and the CA's */
        assert_openssl_takes(f, cert);
        assert_ok(f->err, pca_cert_install(cert, "123456", f->err));
        assert_units(f, 9, 0, 1);
        token.longest = 0;
        /* CRLs, empty and not, and a CSR of a CA */
        check_crl(f, root, 0);
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        check_crl(f, pca_sub_ca(f->sub), families[i] == PCA_FAMILY_SM2 ? 2 : 1); /* a pair is two */
        pca_request *empty = pca_request_new();
        assert_ok(f->err, pca_ca_csr(pca_sub_ca(f->sub), empty, PCA_FORMAT_DER, &blob, f->err));
        check_signed(f, pca_blob_data(blob), pca_sub_ca(f->sub));
        pca_blob_free(blob);
        pca_request_free(empty);
        token.bad_signature = 1; /* the library digests too, to verify */
        assert_refusal(f->err, PCA_E_DEVICE, "container skf", "key", pca_ca_crl_make(pca_sub_ca(f->sub), f->err));
        token.bad_signature = 0;
        token.longest = 0;
        pca_cert_free(cert);
        pca_request_free(r);
        drop_ca(f);
    }
}

/* Its entries are collected in pieces of 64 KiB, and the driver gets them in one. */
static void a_long_message(void **state)
{
    struct fixture *f = *state;
    token.driver.sign_form = PCA_SIGN_MESSAGE;
    open_with_token(f);
    assert_ok(f->err, pca_region_login(f->region, "skf", "usbkey-1", "123456", f->err));
    make_token_ca(f, PCA_FAMILY_SM2);
    token.longest = 0;
    const size_t count = 1300;
    for (size_t i = 0; i < count; i++) {
        char serial[48];
        snprintf(serial, sizeof serial, "1f%036zx", i);
        assert_ok(f->err, pca_ca_import_revoked(pca_sub_ca(f->sub), serial, T0 - DAY, PCA_REASON_SUPERSEDED, T0 - 2 * DAY, 0, f->err));
    }
    check_crl(f, pca_sub_ca(f->sub), count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_TOKEN(pitfall_39_a_request_hangs), TEST_TOKEN(another_wants_a_session), TEST_TOKEN(pitfall_39_the_session_of_a_ca_hangs),
        TEST_TOKEN(pitfall_39_the_session_of_a_ca_is_wanted_inside), TEST_TOKEN(pitfall_39_an_approval_hangs),
        TEST_TOKEN(an_approval_is_overtaken), TEST_TOKEN(pitfall_39_installing_hangs), TEST_TOKEN(pitfall_36_pulled_out_at_each_call),
        TEST_TOKEN(garbage), TEST_TOKEN(messages), TEST_TOKEN(a_long_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
