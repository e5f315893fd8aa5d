/* Pitfall 12: every state and every verb. What the table does not allow is refused, names whose state it is, and changes nothing;
 * what only reads changes nothing either. A verb of pca.h that no table has fails the last test. */
#include "pair.h"

#define OK PCA_OK
#define ST PCA_E_STATE
#define PS PCA_E_PARENT_STATE
#define EX PCA_E_EXPIRED
#define NF PCA_E_NOT_FOUND
#define XX PCA_E_EXISTS
#define IV PCA_E_INVALID
#define NONE 1 /* there is nothing to do it to */

static const char *const state_names[STATES] = {"PURCHASED", "ENABLED", "DISABLED", "REVOKED", "out of term", "certificate over", "PURCHASED and out of term"};

/* ---- A CA of others, and CAs to be signed ---- */

static struct {
    uint8_t *certificate, *key, *leaf;
    size_t certificate_size, key_size, leaf_size;
    pca_root *other; /* of the same region */
} foreign;

/* Signed by itself, from 2020 to 2060; and a leaf of its. */
static void make_foreign(struct fixture *f)
{
    static const char config[] = "[ca]\ndefault_ca=d\n[d]\ndatabase=%s/f.db\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n"
                                 "[p]\ncommonName=supplied\n[e]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
                                 "[l]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n";
    char text[1024];
    const char *key = make_key(f, "foreign", "EC", "ec_paramgen_curve:P-256"), *csr = file_path(f, "foreign.csr"), *certificate = file_path(f, "foreign.pem"), *leaf = file_path(f, "leaf.pem");
    snprintf(text, sizeof text, config, f->dir, f->dir);
    const char *path = put_file(f, "f.cnf", text, strlen(text));
    put_file(f, "f.db", "", 0);
    assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/CN=Foreign Root", "-out", csr);
    assert_run(0, "openssl", "ca", "-batch", "-config", path, "-selfsign", "-keyfile", key, "-in", csr, "-out", certificate, "-startdate", "20200101000000Z", "-enddate", "20600101000000Z",
               "-notext");
    assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/CN=Ada", "-out", csr);
    assert_run(0, "openssl", "ca", "-batch", "-config", path, "-cert", certificate, "-keyfile", key, "-in", csr, "-out", leaf, "-startdate", "20200101000000Z", "-enddate",
               "20600101000000Z", "-extensions", "l", "-notext");
    foreign.leaf = file_read(leaf, &foreign.leaf_size);
    assert_non_null(foreign.leaf);
    foreign.certificate = file_read(certificate, &foreign.certificate_size);
    foreign.key = file_read(key, &foreign.key_size);
    assert_non_null(foreign.certificate);
    assert_non_null(foreign.key);
}

static void free_foreign(void)
{
    free(foreign.certificate);
    free(foreign.key);
    free(foreign.leaf);
}

/* ---- Verbs of both kinds of CA: of `of` ---- */

static const pca_ca *root_of(const struct pair *p)
{
    return pca_root_ca(p->root);
}

static const pca_ca *sub_of(const struct pair *p)
{
    return pca_sub_ca(p->sub);
}

static int took(int rc, pca_blob *blob)
{
    if (rc == PCA_OK)
        pca_blob_free(blob);
    else
        assert_poisoned(blob);
    return rc;
}

#define BOTH(name) \
    static int root_##name(struct fixture *f, struct pair *p) \
    { \
        return ca_##name(f, p, root_of(p)); \
    } \
    static int sub_##name(struct fixture *f, struct pair *p) \
    { \
        return ca_##name(f, p, sub_of(p)); \
    }
#define READS_BLOB(name, call) \
    static int ca_##name(struct fixture *f, struct pair *p, const pca_ca *ca) \
    { \
        pca_blob *blob = POISON; \
        (void)p; \
        int rc = call; \
        return took(rc, blob); \
    } \
    BOTH(name)

READS_BLOB(certificate, pca_ca_certificate(ca, PCA_FORMAT_DER, &blob, f->err))
READS_BLOB(certificate_at, pca_ca_certificate_at(ca, 1, PCA_FORMAT_DER, &blob, f->err))
READS_BLOB(chain, pca_ca_chain(ca, PCA_WITH_ROOT, &blob, f->err))
READS_BLOB(crl_get, pca_ca_crl_get(ca, PCA_FORMAT_DER, &blob, f->err))
READS_BLOB(crl_get_at, pca_ca_crl_get_at(ca, 1, PCA_FORMAT_DER, &blob, f->err))
READS_BLOB(cross_certificates, pca_ca_cross_certificates(ca, &blob, f->err))

static int ca_crl_info(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_crl_info(ca, NULL, NULL, NULL, NULL, f->err);
}
BOTH(crl_info)

static int ca_crl_info_at(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_crl_info_at(ca, 1, NULL, NULL, NULL, NULL, f->err);
}
BOTH(crl_info_at)

static int ca_crl_write(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_crl_write(ca, PCA_FORMAT_DER, file_path(f, "states.crl"), f->err);
}
BOTH(crl_write)

static int ca_crl_write_at(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_crl_write_at(ca, 1, PCA_FORMAT_DER, file_path(f, "states.crl"), f->err);
}
BOTH(crl_write_at)

static int drink(void *context, const uint8_t *data, size_t size, pca_error *err)
{
    (void)context;
    (void)data;
    (void)size;
    (void)err;
    return PCA_OK;
}

static const pca_sink sink = {.version = PCA_SINK_VERSION, .write = drink};

static int ca_crl_stream(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_crl_stream(ca, PCA_FORMAT_DER, &sink, f->err);
}
BOTH(crl_stream)

static int ca_crl_stream_at(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_crl_stream_at(ca, 1, PCA_FORMAT_DER, &sink, f->err);
}
BOTH(crl_stream_at)

static int ca_cert_by_serial(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    pca_cert *cert = POISON;
    int rc = pca_ca_cert_by_serial(ca, p->cert ? pca_cert_serial(p->cert) : "0102030405060708", &cert, f->err);
    if (rc == PCA_OK)
        pca_cert_free(cert);
    else
        assert_poisoned(cert);
    return rc;
}
BOTH(cert_by_serial)

static int ca_tag_set(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_tag_set(ca, "key", "value", f->err);
}
BOTH(tag_set)

static int ca_set_crl(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_set_crl(ca, "http://crl.example/other.crl", 3, f->err);
}
BOTH(set_crl)

static int ca_set_urls(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_set_urls(ca, "http://ocsp.example/", NULL, f->err);
}
BOTH(set_urls)

static int certify_again(struct fixture *f, const pca_ca *ca, int (*verb)(const pca_ca *, const pca_request *, pca_error *), const char *crl_url)
{
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_longest(r));
    if (crl_url)
        assert_ok(NULL, pca_request_set_crl_url(r, crl_url));
    int rc = verb(ca, r, f->err);
    pca_request_free(r);
    return rc;
}

static int root_reissue(struct fixture *f, struct pair *p)
{
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_years(r, 10));
    int rc = pca_ca_reissue(root_of(p), r, f->err);
    pca_request_free(r);
    return rc;
}

static int root_rekey(struct fixture *f, struct pair *p)
{
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_years(r, 10));
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/root-2.crl"));
    int rc = pca_ca_rekey(root_of(p), r, f->err);
    pca_request_free(r);
    return rc;
}

static int sub_reissue(struct fixture *f, struct pair *p)
{
    return certify_again(f, sub_of(p), pca_ca_reissue, NULL);
}

static int sub_rekey(struct fixture *f, struct pair *p)
{
    return certify_again(f, sub_of(p), pca_ca_rekey, "http://crl.example/sub-2.crl");
}

/* ---- What came from elsewhere ---- */

static int ca_import(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    pca_import *import = pca_import_new();
    (void)p;
    assert_ok(NULL, pca_import_set_certificate(import, foreign.certificate, foreign.certificate_size));
    assert_ok(NULL, pca_import_set_key(import, foreign.key, foreign.key_size));
    int rc = pca_ca_import(ca, import, f->err);
    pca_import_free(import);
    return rc;
}
BOTH(import)

static int ca_csr(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    pca_blob *blob = POISON;
    (void)p;
    pca_request *r = state_of(f, ca) == PCA_CA_PURCHASED ? request_new_ca("Elsewhere", NULL) : pca_request_new();
    int rc = pca_ca_csr(ca, r, PCA_FORMAT_DER, &blob, f->err);
    pca_request_free(r);
    return took(rc, blob);
}
BOTH(csr)

/* One that nobody made from a CSR of this CA's. */
static int ca_accept_certificate(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_accept_certificate(ca, foreign.certificate, foreign.certificate_size, f->err);
}
BOTH(accept_certificate)

static int ca_cross_sign(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    pca_blob *blob = POISON;
    pca_request *r = pca_request_new();
    (void)p;
    assert_ok(NULL, pca_request_set_longest(r));
    int rc = pca_ca_cross_sign(ca, pca_root_ca(foreign.other), r, PCA_FORMAT_DER, &blob, f->err);
    pca_request_free(r);
    return took(rc, blob);
}
BOTH(cross_sign)

static int ca_cross_sign_certificate(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    pca_blob *blob = POISON;
    pca_request *r = pca_request_new();
    (void)p;
    assert_ok(NULL, pca_request_set_longest(r));
    int rc = pca_ca_cross_sign_certificate(ca, foreign.certificate, foreign.certificate_size, r, PCA_FORMAT_DER, &blob, f->err);
    pca_request_free(r);
    return took(rc, blob);
}
BOTH(cross_sign_certificate)

/* A certificate that is there, presented: it is known. */
static int sub_import_issued(struct fixture *f, struct pair *p)
{
    pca_blob *blob = NULL;
    if (p->cert)
        assert_ok(f->err, pca_cert_der(p->cert, &blob, f->err));
    int rc = pca_ca_import_issued(sub_of(p), blob ? pca_blob_data(blob) : foreign.leaf, blob ? pca_blob_size(blob) : foreign.leaf_size, NULL, f->err);
    pca_blob_free(blob);
    return rc;
}

static int ca_import_revoked(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_import_revoked(ca, "0102030405060708", T0 - DAY, PCA_REASON_SUPERSEDED, 0, 0, f->err);
}
BOTH(import_revoked)

static int ca_revoke_serial(struct fixture *f, struct pair *p, const pca_ca *ca)
{
    (void)p;
    return pca_ca_revoke_serial(ca, "0102030405060709", PCA_REASON_SUPERSEDED, 0, NULL, f->err);
}
BOTH(revoke_serial)

static int sub_revoke_der(struct fixture *f, struct pair *p)
{
    pca_blob *blob = NULL;
    if (p->cert)
        assert_ok(f->err, pca_cert_der(p->cert, &blob, f->err));
    int rc = pca_ca_revoke_der(sub_of(p), blob ? pca_blob_data(blob) : foreign.leaf, blob ? pca_blob_size(blob) : foreign.leaf_size, PCA_REASON_SUPERSEDED, 0, NULL, f->err);
    pca_blob_free(blob);
    return rc;
}

/* ---- Verbs of roots and of subordinates ---- */

static int root_purchase_sub(struct fixture *f, struct pair *p)
{
    pca_sub *sub = POISON;
    int rc = pca_root_purchase_sub(p->root, 12, NULL, &sub, f->err);
    if (rc == PCA_OK)
        pca_sub_free(sub);
    else
        assert_poisoned(sub);
    return rc;
}

static int root_default_sub(struct fixture *f, struct pair *p)
{
    pca_sub *sub = NULL;
    int rc = pca_root_default_sub(p->root, &sub, f->err);
    pca_sub_free(sub);
    return rc;
}

static int root_subs(struct fixture *f, struct pair *p)
{
    pca_page *page = NULL;
    int rc = pca_root_subs(p->root, NULL, 10, &page, f->err);
    pca_page_free(page);
    return rc;
}

static int root_reload(struct fixture *f, struct pair *p)
{
    pca_root *fresh = NULL;
    int rc = pca_root_reload(p->root, &fresh, f->err);
    pca_root_free(fresh);
    return rc;
}

static int sub_reload(struct fixture *f, struct pair *p)
{
    pca_sub *fresh = NULL;
    int rc = pca_sub_reload(p->sub, &fresh, f->err);
    pca_sub_free(fresh);
    return rc;
}

static int sub_root(struct fixture *f, struct pair *p)
{
    pca_root *root = NULL;
    int rc = pca_sub_root(p->sub, &root, f->err);
    pca_root_free(root);
    return rc;
}

/* Its root stands above it, and no subordinate does. */
static int sub_parent(struct fixture *f, struct pair *p)
{
    pca_sub *parent = POISON;
    int rc = pca_sub_parent(p->sub, &parent, f->err);
    if (rc == PCA_OK)
        pca_sub_free(parent);
    return rc;
}

/* It came with its root, whose term it has. */
static int sub_renew(struct fixture *f, struct pair *p)
{
    return pca_sub_renew(p->sub, 6, NULL, f->err);
}

/* A further subordinate, bought in good days, below the one in question. */
static int sub_enable_under(struct fixture *f, struct pair *p)
{
    pca_request *r = request_new_ca("Below", NULL);
    assert_ok(NULL, pca_request_set_longest(r));
    int rc = pca_sub_enable_under(p->further, sub_of(p), r, f->err);
    pca_request_free(r);
    return rc;
}

static int sub_request_many(struct fixture *f, struct pair *p)
{
    pca_results *results = NULL;
    pca_request *r = request_new_leaf(PCA_CERT_SERVER, "many.example");
    const pca_request *requests[] = {r};
    assert_ok(NULL, pca_request_set_longest(r));
    assert_ok(f->err, pca_sub_request_many(p->sub, requests, 1, &results, f->err));
    int rc = pca_results_code_at(results, 0);
    if (rc != PCA_OK) { /* told by the result, not by the call */
        pca_error_free(f->err);
        f->err = pca_error_new();
        pca_error_set(f->err, rc, 0, pca_error_message(pca_results_error_at(results, 0)));
        pca_results_free(results);
        pca_request_free(r);
        return rc;
    }
    pca_results_free(results);
    pca_request_free(r);
    return rc;
}

/* ---- The tables ---- */

enum effect { READS, CHANGES };

/* verb: as pca.h has it. object: whom the refusal names, 'r' or 's'; of PARENT_STATE always the root; 0: not looked at. Only what
 * changes something is done to a pair of its own. */
struct action {
    const char *verb;
    int (*call)(struct fixture *f, struct pair *p);
    enum effect effect;
    char object;
    int expected[STATES];
};

/* The root's state; the subordinate is ENABLED where it can be. PURCHASED, ENABLED, DISABLED, REVOKED, term, certificate, both. */
static const struct action root_actions[] = {
    {"root_enable", do_enable_root, CHANGES, 'r', {OK, ST, ST, ST, ST, ST, EX}},
    {"ca_disable", do_disable_root, CHANGES, 'r', {ST, OK, ST, ST, OK, OK, ST}},
    {"ca_resume", do_resume_root, CHANGES, 'r', {ST, ST, OK, ST, ST, ST, ST}},
    {"ca_revoke", do_revoke_root, CHANGES, 'r', {ST, OK, OK, ST, OK, EX, ST}},
    {"root_renew", do_renew, CHANGES, 'r', {OK, OK, OK, ST, OK, OK, OK}},
    {"root_purchase_certificates", do_buy, CHANGES, 'r', {ST, OK, ST, ST, EX, EX, EX}},
    {"root_purchase_sub", root_purchase_sub, CHANGES, 'r', {OK, OK, OK, ST, OK, OK, OK}},
    {"root_default_sub", root_default_sub, READS, 'r', {OK, OK, OK, OK, OK, OK, OK}},
    {"root_subs", root_subs, READS, 'r', {OK, OK, OK, OK, OK, OK, OK}},
    {"root_reload", root_reload, READS, 'r', {OK, OK, OK, OK, OK, OK, OK}},
    {"root_assign", do_raise, CHANGES, 's', {ST, OK, PS, PS, EX, EX, EX}},
    {"root_assign", do_lower, CHANGES, 's', {OK, OK, OK, PS, OK, OK, OK}},
    {"sub_enable", do_enable_sub, CHANGES, 's', {PS, ST, ST, ST, ST, ST, EX}},
    {"sub_enable_under", sub_enable_under, CHANGES, 0, {PS, OK, PS, PS, EX, PS, EX}},
    {"ca_disable", do_disable_sub, CHANGES, 's', {ST, OK, OK, OK, OK, OK, ST}},
    {"ca_resume", do_resume_sub, CHANGES, 's', {ST, ST, ST, ST, ST, ST, ST}},
    {"ca_revoke", do_revoke_sub, CHANGES, 0, {ST, OK, OK, OK, OK, EX, ST}},
    {"sub_request", do_request, CHANGES, 's', {ST, OK, PS, PS, EX, EX, EX}},
    {"sub_request_many", sub_request_many, CHANGES, 0, {ST, OK, PS, PS, EX, EX, EX}},
    {"sub_check_request", do_check_request, READS, 's', {ST, OK, PS, PS, EX, EX, EX}},
    {"cert_revoke", do_revoke_cert, CHANGES, 0, {NONE, OK, OK, OK, OK, EX, NONE}},
    {"ca_crl_make", do_crl_root, CHANGES, 'r', {ST, OK, OK, OK, OK, EX, ST}},
    {"ca_crl_make", do_crl_sub, CHANGES, 's', {ST, OK, OK, OK, OK, EX, ST}},
    {"ca_crl_get", root_crl_get, READS, 'r', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_get_at", root_crl_get_at, READS, 'r', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_info", root_crl_info, READS, 'r', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_info_at", root_crl_info_at, READS, 'r', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_write", root_crl_write, READS, 'r', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_write_at", root_crl_write_at, READS, 'r', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_stream", root_crl_stream, READS, 'r', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_stream_at", root_crl_stream_at, READS, 'r', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_certificate", root_certificate, READS, 'r', {ST, OK, OK, OK, OK, OK, ST}},
    {"ca_certificate_at", root_certificate_at, READS, 'r', {ST, OK, OK, OK, OK, OK, ST}},
    {"ca_chain", root_chain, READS, 'r', {ST, OK, OK, OK, OK, OK, ST}},
    {"ca_cert_by_serial", root_cert_by_serial, READS, 0, {NF, NF, NF, NF, NF, NF, NF}},
    {"ca_set_alias", do_alias_root, CHANGES, 'r', {OK, OK, OK, OK, OK, OK, OK}},
    {"ca_tag_set", root_tag_set, CHANGES, 'r', {OK, OK, OK, OK, OK, OK, OK}},
    {"ca_set_crl", root_set_crl, CHANGES, 'r', {ST, OK, OK, ST, OK, OK, ST}},
    {"ca_set_urls", root_set_urls, CHANGES, 'r', {ST, OK, OK, ST, OK, OK, ST}},
    {"ca_reissue", root_reissue, CHANGES, 'r', {ST, OK, OK, ST, EX, OK, ST}},
    {"ca_rekey", root_rekey, CHANGES, 'r', {ST, OK, OK, ST, EX, OK, ST}},
    {"ca_reissue", sub_reissue, CHANGES, 0, {ST, OK, PS, PS, EX, PS, ST}},
    {"ca_rekey", sub_rekey, CHANGES, 0, {ST, OK, PS, PS, EX, PS, ST}},
    {"ca_import", root_import, CHANGES, 'r', {OK, ST, ST, ST, ST, ST, EX}},
    {"ca_csr", root_csr, CHANGES, 'r', {OK, OK, OK, ST, EX, OK, EX}},
    {"ca_accept_certificate", root_accept_certificate, CHANGES, 'r', {ST, ST, ST, ST, EX, ST, EX}},
    {"ca_cross_sign", root_cross_sign, CHANGES, 'r', {ST, OK, ST, ST, EX, EX, EX}},
    {"ca_cross_sign_certificate", root_cross_sign_certificate, CHANGES, 'r', {ST, OK, ST, ST, EX, EX, EX}},
    {"ca_cross_certificates", root_cross_certificates, READS, 'r', {NF, NF, NF, NF, NF, NF, NF}},
    {"ca_import_revoked", root_import_revoked, CHANGES, 'r', {ST, OK, OK, OK, OK, EX, ST}},
    {"ca_revoke_serial", root_revoke_serial, CHANGES, 'r', {ST, OK, OK, OK, OK, EX, ST}},
};

/* The subordinate's state, the root being ENABLED. */
static const struct action sub_actions[] = {
    {"sub_enable", do_enable_sub, CHANGES, 's', {OK, ST, ST, ST, ST, ST, EX}},
    {"sub_enable_under", sub_enable_under, CHANGES, 0, {PS, OK, PS, PS, EX, PS, EX}},
    {"ca_disable", do_disable_sub, CHANGES, 's', {ST, OK, ST, ST, OK, OK, ST}},
    {"ca_resume", do_resume_sub, CHANGES, 's', {ST, ST, OK, ST, ST, ST, ST}},
    {"ca_revoke", do_revoke_sub, CHANGES, 's', {ST, OK, OK, ST, OK, OK, ST}},
    {"root_renew", do_renew, CHANGES, 'r', {OK, OK, OK, OK, OK, OK, OK}},
    {"sub_renew", sub_renew, CHANGES, 's', {ST, ST, ST, ST, ST, ST, ST}},
    {"root_assign", do_raise, CHANGES, 's', {ST, OK, ST, ST, EX, EX, EX}},
    {"root_assign", do_lower, CHANGES, 's', {OK, OK, OK, OK, OK, OK, OK}},
    {"sub_request", do_request, CHANGES, 's', {ST, OK, ST, ST, EX, EX, EX}},
    {"sub_request_many", sub_request_many, CHANGES, 0, {ST, OK, ST, ST, EX, EX, EX}},
    {"sub_check_request", do_check_request, READS, 's', {ST, OK, ST, ST, EX, EX, EX}},
    {"sub_reload", sub_reload, READS, 's', {OK, OK, OK, OK, OK, OK, OK}},
    {"sub_root", sub_root, READS, 's', {OK, OK, OK, OK, OK, OK, OK}},
    {"sub_parent", sub_parent, READS, 0, {NF, NF, NF, NF, NF, NF, NF}},
    {"cert_revoke", do_revoke_cert, CHANGES, 0, {NONE, OK, OK, OK, OK, EX, NONE}},
    {"ca_crl_make", do_crl_sub, CHANGES, 's', {ST, OK, OK, OK, OK, EX, ST}},
    {"ca_crl_make", do_crl_root, CHANGES, 'r', {OK, OK, OK, OK, OK, OK, OK}},
    {"ca_crl_get", sub_crl_get, READS, 's', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_get_at", sub_crl_get_at, READS, 's', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_info", sub_crl_info, READS, 's', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_info_at", sub_crl_info_at, READS, 's', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_write", sub_crl_write, READS, 's', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_write_at", sub_crl_write_at, READS, 's', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_stream", sub_crl_stream, READS, 's', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_crl_stream_at", sub_crl_stream_at, READS, 's', {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_certificate", sub_certificate, READS, 's', {ST, OK, OK, OK, OK, OK, ST}},
    {"ca_certificate_at", sub_certificate_at, READS, 's', {ST, OK, OK, OK, OK, OK, ST}},
    {"ca_chain", sub_chain, READS, 's', {ST, OK, OK, OK, OK, OK, ST}},
    {"ca_cert_by_serial", sub_cert_by_serial, READS, 0, {NF, OK, OK, OK, OK, OK, NF}},
    {"ca_set_alias", do_alias_sub, CHANGES, 's', {OK, OK, OK, OK, OK, OK, OK}},
    {"ca_tag_set", sub_tag_set, CHANGES, 's', {OK, OK, OK, OK, OK, OK, OK}},
    {"ca_set_crl", sub_set_crl, CHANGES, 's', {ST, OK, OK, ST, OK, OK, ST}},
    {"ca_set_urls", sub_set_urls, CHANGES, 's', {ST, OK, OK, ST, OK, OK, ST}},
    {"ca_reissue", sub_reissue, CHANGES, 's', {ST, OK, OK, ST, EX, OK, ST}},
    {"ca_rekey", sub_rekey, CHANGES, 's', {ST, OK, OK, ST, EX, OK, ST}},
    {"ca_import", sub_import, CHANGES, 0, {NF, ST, ST, ST, ST, ST, EX}}, /* nobody here has signed it */
    {"ca_csr", sub_csr, CHANGES, 's', {OK, OK, OK, ST, EX, OK, EX}},
    {"ca_accept_certificate", sub_accept_certificate, CHANGES, 0, {ST, IV, IV, ST, EX, IV, EX}}, /* it has another key */
    {"ca_cross_sign", sub_cross_sign, CHANGES, 's', {ST, OK, ST, ST, EX, EX, EX}},
    {"ca_cross_sign_certificate", sub_cross_sign_certificate, CHANGES, 's', {ST, OK, ST, ST, EX, EX, EX}},
    {"ca_cross_certificates", sub_cross_certificates, READS, 's', {NF, NF, NF, NF, NF, NF, NF}},
    {"ca_import_issued", sub_import_issued, CHANGES, 0, {ST, XX, XX, XX, XX, XX, ST}},
    {"ca_import_revoked", sub_import_revoked, CHANGES, 's', {ST, OK, OK, OK, OK, EX, ST}},
    {"ca_revoke_serial", sub_revoke_serial, CHANGES, 's', {ST, OK, OK, OK, OK, EX, ST}},
    {"ca_revoke_der", sub_revoke_der, CHANGES, 0, {ST, OK, OK, OK, OK, EX, ST}},
};

/* ---- Walking over the tables ---- */

/* Says what is wrong; how many answers are wrong is judged once, at the end. */
static size_t judge(struct fixture *f, const char *call, int expected, int rc, const char *object)
{
    int right = rc == expected && (rc == PCA_OK || !object || strcmp(pca_error_object(f->err), object) == 0);
    if (!right)
        print_error("%s: expected %s of %s, seen %s of %s: %s\n", call, pca_code_name(expected), object ? object : "any", pca_code_name(rc), pca_error_object(f->err), pca_error_message(f->err));
    return !right;
}

static size_t check_action(struct fixture *f, const struct action *action, enum state state, struct pair *p)
{
    int expected = action->expected[state], changes = expected == PCA_OK && action->effect == CHANGES;
    char *before = snapshot_store(f), call[128];
    snprintf(call, sizeof call, "%s of %s, %s", action->verb, action->object == 's' ? "the sub" : "the root", state_names[state]);
    int rc = action->call(f, p);
    const char *object = action->object == 0                        ? NULL
                         : expected == PS || action->object == 'r' ? object_name("root", pca_ca_id(root_of(p)))
                                                                    : object_name("sub", pca_ca_id(sub_of(p)));
    size_t wrong = judge(f, call, expected, rc, object);
    if (changes || rc == PCA_OK)
        free(before);
    else
        assert_store_unchanged(f, before);
    return wrong;
}

static void make_world(struct fixture *f, enum state state)
{
    f->clock.now = T0;
    snprintf(f->path, sizeof f->path, "%s/region-%d", f->dir, (int)state);
    make_region(f);
    set_policy(f, "allow_foreign_cross", 1);
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &foreign.other, NULL);
    enable_root(f, &foreign.other, "Other Root");
}

static void pass_time(struct fixture *f, enum state state)
{
    if (state == TERM_OVER || state == PURCHASED_TERM_OVER)
        f->clock.now = T0 + 40 * DAY;
    if (state == CERTIFICATE_OVER)
        f->clock.now = T0 + 366 * DAY;
}

/* The first pair is for all that changes nothing. */
static void check_actions(struct fixture *f, int of_root, const struct action *actions, size_t count)
{
    struct pair pairs[64];
    size_t wrong = 0;
    make_foreign(f);
    assert_true(count < COUNT(pairs));
    for (enum state state = 0; state < STATES; state++) {
        make_world(f, state);
        for (size_t i = 0; i <= count; i++)
            if (i == 0 || (actions[i - 1].effect == CHANGES && actions[i - 1].expected[state] == PCA_OK))
                make_pair(f, of_root, state, &pairs[i]);
            else
                pairs[i] = (struct pair){NULL, NULL, NULL, NULL};
        pass_time(f, state);
        for (size_t i = 0; i < count; i++)
            if (actions[i].expected[state] != NONE)
                wrong += check_action(f, &actions[i], state, pairs[i + 1].root ? &pairs[i + 1] : &pairs[0]);
        assert_ok(f->err, pca_region_check(f->region, f->err));
        for (size_t i = 0; i <= count; i++)
            free_pair(&pairs[i]);
        pca_root_free(foreign.other);
        pca_region_close(f->region);
        f->region = NULL;
    }
    free_foreign();
    assert_int_equal(wrong, 0);
}

static void pitfall_12_every_state_and_verb_of_a_root(void **state)
{
    check_actions(*state, 1, root_actions, COUNT(root_actions));
}

static void pitfall_12_every_state_and_verb_of_a_sub(void **state)
{
    check_actions(*state, 0, sub_actions, COUNT(sub_actions));
}

/* ---- Certificates ---- */

enum status { PENDING, ISSUED, APPROVED, DEAD, REJECTED, CANCELLED, DELETED, ENDED, STATUSES };
static const char *const status_names[STATUSES] = {"PENDING", "ISSUED", "issued by approval", "REVOKED", "REJECTED", "CANCELLED", "deleted", "after its end"};

#define PE PCA_E_PENDING
#define RV PCA_E_REVIEW
#define NX PCA_E_NOT_EXPORTABLE

static int cert_der(struct fixture *f, const pca_cert *cert)
{
    pca_blob *blob = POISON;
    int rc = pca_cert_der(cert, &blob, f->err);
    return took(rc, blob);
}

static int cert_pem(struct fixture *f, const pca_cert *cert)
{
    pca_blob *blob = POISON;
    int rc = pca_cert_pem(cert, &blob, f->err);
    return took(rc, blob);
}

static int exported(int rc, pca_files *files)
{
    if (rc == PCA_OK)
        pca_files_free(files);
    else
        assert_poisoned(files);
    return rc;
}

static int cert_export(struct fixture *f, const pca_cert *cert)
{
    pca_files *files = POISON;
    int rc = pca_cert_export(cert, PCA_FORMAT_PEM, PCA_WITH_CHAIN, NULL, &files, f->err);
    return exported(rc, files);
}

static int cert_export_with_key(struct fixture *f, const pca_cert *cert)
{
    pca_files *files = POISON;
    int rc = pca_cert_export(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &files, f->err);
    return exported(rc, files);
}

static int cert_export_key(struct fixture *f, const pca_cert *cert)
{
    pca_blob *blob = POISON;
    int rc = pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err);
    return took(rc, blob);
}

static int cert_set_alias(struct fixture *f, const pca_cert *cert)
{
    return pca_cert_set_alias(cert, "label", f->err);
}

static int cert_tag_set(struct fixture *f, const pca_cert *cert)
{
    return pca_cert_tag_set(cert, "key", "value", f->err);
}

static int cert_approve(struct fixture *f, const pca_cert *cert)
{
    static const char none[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const char *digest = pca_cert_review_digest(cert);
    return pca_cert_approve(cert, *digest ? digest : none, f->err);
}

static int cert_reject(struct fixture *f, const pca_cert *cert)
{
    return pca_cert_reject(cert, "no", f->err);
}

static int cert_cancel(struct fixture *f, const pca_cert *cert)
{
    return pca_cert_cancel(cert, f->err);
}

static int cert_purge(struct fixture *f, const pca_cert *cert)
{
    return pca_cert_purge(cert, f->err);
}

static int cert_install(struct fixture *f, const pca_cert *cert)
{
    return pca_cert_install(cert, "1234", f->err);
}

static int cert_encryption_der(struct fixture *f, const pca_cert *cert)
{
    pca_blob *blob = POISON;
    int rc = pca_cert_encryption_der(cert, &blob, f->err);
    return took(rc, blob);
}

static int cert_enveloped_key(struct fixture *f, const pca_cert *cert)
{
    pca_blob *blob = POISON;
    int rc = pca_cert_enveloped_key(cert, &blob, f->err);
    return took(rc, blob);
}

static int cert_revoke(struct fixture *f, const pca_cert *cert)
{
    return pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err);
}

static int cert_revoke_for_compromise(struct fixture *f, const pca_cert *cert)
{
    return pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err);
}

static int cert_delete(struct fixture *f, const pca_cert *cert)
{
    return pca_cert_delete(cert, f->err);
}

static int cert_reload(struct fixture *f, const pca_cert *cert)
{
    pca_cert *fresh = POISON;
    int rc = pca_cert_reload(cert, &fresh, f->err);
    if (rc == PCA_OK)
        pca_cert_free(fresh);
    else
        assert_poisoned(fresh);
    return rc;
}

/* A key that libpca made, no pair, no container. Of a deleted one the handle still has the octets. */
static const struct {
    const char *verb;
    int (*call)(struct fixture *f, const pca_cert *cert);
    enum effect effect;
    int expected[STATUSES];
} cert_actions[] = {
    {"cert_der", cert_der, READS, {PE, OK, OK, OK, ST, ST, OK, OK}},
    {"cert_pem", cert_pem, READS, {PE, OK, OK, OK, ST, ST, OK, OK}},
    {"cert_export", cert_export, READS, {PE, OK, OK, OK, ST, ST, NF, OK}},
    {"cert_export", cert_export_with_key, READS, {PE, OK, OK, ST, ST, ST, NF, OK}},
    {"cert_export_key", cert_export_key, READS, {PE, OK, OK, ST, ST, ST, NF, OK}},
    {"cert_set_alias", cert_set_alias, CHANGES, {OK, OK, OK, OK, OK, OK, NF, OK}},
    {"cert_tag_set", cert_tag_set, CHANGES, {OK, OK, OK, OK, OK, OK, NF, OK}},
    {"cert_approve", cert_approve, CHANGES, {OK, ST, RV, RV, RV, RV, NF, ST}},
    {"cert_reject", cert_reject, CHANGES, {OK, ST, RV, RV, RV, RV, NF, ST}},
    {"cert_cancel", cert_cancel, CHANGES, {OK, ST, RV, RV, RV, RV, NF, ST}},
    {"cert_purge", cert_purge, CHANGES, {ST, ST, ST, ST, OK, OK, NF, ST}},
    {"cert_install", cert_install, CHANGES, {PE, ST, ST, ST, ST, ST, NF, ST}},
    {"cert_encryption_der", cert_encryption_der, READS, {PE, NF, NF, NF, ST, ST, NF, NF}},
    {"cert_enveloped_key", cert_enveloped_key, READS, {PE, NF, NF, ST, ST, ST, NF, NF}},
    {"cert_revoke", cert_revoke, CHANGES, {PE, OK, OK, ST, ST, ST, NF, OK}},
    {"cert_revoke", cert_revoke_for_compromise, CHANGES, {PE, OK, OK, OK, ST, ST, NF, OK}},
    {"cert_delete", cert_delete, CHANGES, {ST, ST, ST, OK, ST, ST, NF, ST}},
    {"cert_reload", cert_reload, READS, {OK, OK, OK, OK, OK, OK, NF, OK}},
};

static pca_cert *request_person(struct fixture *f, const pca_sub *compliance)
{
    pca_cert *cert = NULL;
    pca_request *r = request_new_leaf(PCA_CERT_CLIENT, NULL);
    assert_ok(NULL, pca_request_set_personal_name(r, "Ada"));
    assert_ok(f->err, pca_sub_request(compliance, r, &cert, f->err));
    pca_request_free(r);
    return cert;
}

static pca_cert *cert_in(struct fixture *f, const pca_sub *compliance, enum status status)
{
    if (status == ISSUED || status == ENDED)
        return issue(f, f->sub, "a.example");
    pca_cert *cert = request_person(f, compliance);
    if (status == APPROVED || status == DEAD || status == DELETED)
        assert_ok(f->err, cert_approve(f, cert));
    refresh_cert(f, &cert);
    if (status == DEAD || status == DELETED)
        assert_ok(f->err, cert_revoke(f, cert));
    if (status == REJECTED)
        assert_ok(f->err, cert_reject(f, cert));
    if (status == CANCELLED)
        assert_ok(f->err, cert_cancel(f, cert));
    refresh_cert(f, &cert);
    if (status == DELETED)
        assert_ok(f->err, cert_delete(f, cert));
    return cert;
}

static void pitfall_12_every_status_and_verb_of_a_certificate(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *compliance = NULL;
    size_t wrong = 0;
    stock(f, f->root, f->sub, 100);
    purchase_ca(f, PCA_KIND_COMPLIANCE, PCA_FAMILY_ECC, 120, &root, &compliance);
    enable_root(f, &root, "Compliance Root");
    enable_sub(f, &compliance, "Compliance Sub");
    stock(f, root, compliance, 200);
    for (enum status status = 0; status < STATUSES; status++) {
        pca_cert *shared = cert_in(f, compliance, status), *own[COUNT(cert_actions)] = {NULL};
        for (size_t i = 0; i < COUNT(cert_actions); i++)
            if (cert_actions[i].effect == CHANGES && cert_actions[i].expected[status] == PCA_OK)
                own[i] = cert_in(f, compliance, status);
        if (status == ENDED)
            f->clock.now += 366 * DAY;
        for (size_t i = 0; i < COUNT(cert_actions); i++) {
            pca_cert *cert = own[i] ? own[i] : shared;
            int expected = cert_actions[i].expected[status];
            char *before = snapshot_store(f), call[128];
            snprintf(call, sizeof call, "%s, %s", cert_actions[i].verb, status_names[status]);
            int rc = cert_actions[i].call(f, cert);
            wrong += judge(f, call, expected, rc, object_name("cert", pca_cert_id(cert)));
            if (own[i] || rc == PCA_OK)
                free(before);
            else
                assert_store_unchanged(f, before);
            pca_cert_free(own[i]);
        }
        pca_cert_free(shared);
    }
    pca_root_free(root);
    pca_sub_free(compliance);
    assert_int_equal(wrong, 0);
}

/* ---- All verbs ---- */

static int in_a_table(const char *name, size_t size)
{
#define LOOK(actions) \
    for (size_t i = 0; i < COUNT(actions); i++) \
        if (strlen(actions[i].verb) == size && memcmp(actions[i].verb, name, size) == 0) \
            return 1;
    LOOK(root_actions)
    LOOK(sub_actions)
    LOOK(cert_actions)
    return 0;
}

/* What takes a CA or a certificate first and an error last is a verb. */
static void pitfall_12_every_verb_is_in_a_table(void **state)
{
    static const char *const objects[] = {"const pca_root *", "const pca_sub *", "const pca_ca *", "const pca_cert *"};
    char *header = (char *)file_read(PCA_SOURCE_ROOT "/include/pca/pca.h", NULL);
    size_t verbs = 0;
    (void)state;
    assert_non_null(header);
    for (const char *at = header; (at = strstr(at, "PCA_API int pca_")) != NULL;) {
        const char *name = at + strlen("PCA_API int pca_"), *arguments = strchr(name, '('), *end = strchr(arguments, ';');
        const char *error = strstr(arguments, "pca_error *err");
        at = end;
        for (size_t i = 0; i < COUNT(objects); i++)
            if (error && error < end && strncmp(arguments + 1, objects[i], strlen(objects[i])) == 0) {
                verbs++;
                if (!in_a_table(name, (size_t)(arguments - name)))
                    fail_msg("add pca_%.*s to a table of states", (int)(arguments - name), name);
            }
    }
    assert_true(verbs > 60);
    free(header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pitfall_12_every_state_and_verb_of_a_root),
        TEST(pitfall_12_every_state_and_verb_of_a_sub),
        TEST_ECC(pitfall_12_every_status_and_verb_of_a_certificate),
        cmocka_unit_test(pitfall_12_every_verb_is_in_a_table),
    };
    return cmocka_run_group_tests_name("states", tests, NULL, NULL);
}
