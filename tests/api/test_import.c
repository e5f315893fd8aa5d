/* Bringing in what exists: CAs made by openssl with their keys, certificates and records, and certificates by CAs elsewhere. */
#include "chain.h"

/* ---- CAs of others: openssl ca, with dates that are stated ---- */

#define LONG_AGO "20200101000000Z"
#define LONG_HENCE "20600101000000Z"

static const char extensions[] =
    "[root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    "[bare]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
    "[sub]\nbasicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    "authorityKeyIdentifier=keyid\n"
    "[wide]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\nsubjectKeyIdentifier=hash\n"
    "authorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth,clientAuth\n"
    "[narrow]\nbasicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    "[one]\nbasicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    "[server]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:old.internal,IP:10.0.0.1\n"
    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    "[client]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n"
    "[both]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
    "[neither]\nkeyUsage=critical,digitalSignature\n"
    "[many]\nsubjectAltName=@names100\n[toomany]\nsubjectAltName=@names101\n"
    "[noca]\nkeyUsage=critical,keyCertSign,cRLSign\n"
    "[leafroot]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
    "[nosign]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n"
    "[nocrl]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
    "[nousage]\nbasicConstraints=critical,CA:TRUE\n"
    "[constrained]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nnameConstraints=permitted;DNS:internal\n"
    "[bound]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    "authorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\nnameConstraints=permitted;DNS:internal,permitted;dirName:germany\n"
    "[germany]\nC=DE\n"
    "[unknown]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n1.2.3.4.5=critical,ASN1:NULL\n"
    "[harmless]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n1.2.3.4.5=ASN1:NULL\n";

/* The CA NAME: its database, and a configuration for openssl ca. */
static void foreign_begin(struct fixture *f, const char *name)
{
    struct bytes *text = calloc(1, sizeof *text + 8192);
    char file[96];
    char line[256];
    assert_non_null(text);
    snprintf(line, sizeof line, "[ca]\ndefault_ca=d\n[d]\ndatabase=%s/%s.db\nnew_certs_dir=%s\nserial=%s/%s.serial\n", f->dir, name, f->dir, f->dir,
             name);
    bytes_add(text, line, strlen(line));
    static const char fixed[] = "default_md=sha256\npolicy=p\nunique_subject=no\ncopy_extensions=none\ndefault_crl_days=30\n"
                                "[p]\ncountryName=optional\norganizationName=optional\ncommonName=optional\n";
    bytes_add(text, fixed, sizeof fixed - 1);
    bytes_add(text, extensions, sizeof extensions - 1);
    for (int most = 100; most <= 101; most++) {
        snprintf(line, sizeof line, "[names%d]\n", most);
        bytes_add(text, line, strlen(line));
        for (int i = 1; i <= most; i++) {
            snprintf(line, sizeof line, "DNS.%d=n%d.internal\n", i, i);
            bytes_add(text, line, strlen(line));
        }
    }
    snprintf(file, sizeof file, "%s.cnf", name);
    put_file(f, file, text->data, text->size);
    snprintf(file, sizeof file, "%s.db", name);
    put_file(f, file, "", 0);
    snprintf(file, sizeof file, "%s.serial", name);
    put_file(f, file, "1F00\n", 5);
    free(text);
}

static const char *with_ending(struct fixture *f, const char *name, const char *ending)
{
    char file[96];
    snprintf(file, sizeof file, "%s.%s", name, ending);
    return file_path(f, file);
}

/* DIR/NAME.csr for DIR/NAME.key. */
static const char *foreign_csr(struct fixture *f, const char *name, const char *subject)
{
    const char *csr = with_ending(f, name, "csr");
    assert_run(0, "openssl", "req", "-new", "-key", with_ending(f, name, "key"), "-subj", subject, "-out", csr);
    return csr;
}

struct signing {
    const char *section, *from, *until, *digest; /* NULL: "sub", long ago, long hence, SHA-256 */
};

/* DIR/NAME.pem from DIR/NAME.csr, by the CA `by`, which may be itself. */
static const char *foreign_sign(struct fixture *f, const char *by, const char *name, struct signing how)
{
    const char *out = with_ending(f, name, "pem");
    const char *argv[32] = {"openssl", "ca", "-batch", "-notext", "-preserveDN", "-config", with_ending(f, by, "cnf"), "-keyfile", with_ending(f, by, "key"),
                            "-in", with_ending(f, name, "csr"), "-out", out, "-extensions", how.section ? how.section : "sub", "-startdate",
                            how.from ? how.from : LONG_AGO, "-enddate", how.until ? how.until : LONG_HENCE, "-md", how.digest ? how.digest : "sha256"};
    size_t n = 21;
    if (strcmp(by, name) == 0) {
        argv[n++] = "-selfsign";
    } else {
        argv[n++] = "-cert";
        argv[n++] = with_ending(f, by, "pem");
    }
    check_run(0, argv, __FILE__, __LINE__);
    return out;
}

struct family {
    int family;
    const char *kind, *option;
};
static const struct family ecc = {PCA_FAMILY_ECC, "EC", "ec_paramgen_curve:P-256"};
static const struct family p384 = {PCA_FAMILY_ECC, "EC", "ec_paramgen_curve:P-384"};
static const struct family rsa = {PCA_FAMILY_RSA, "RSA", "rsa_keygen_bits:2048"};

/* Key, CSR and self-signed certificate. */
static const char *foreign_root(struct fixture *f, const char *name, struct family family, struct signing how)
{
    char subject[96];
    foreign_begin(f, name);
    make_key(f, name, family.kind, family.option);
    snprintf(subject, sizeof subject, "/C=DE/O=Elsewhere/CN=%s", name);
    foreign_csr(f, name, subject);
    how.section = how.section ? how.section : "root";
    return foreign_sign(f, name, name, how);
}

/* Key, CSR and certificate by another. */
static const char *foreign_sub(struct fixture *f, const char *by, const char *name, struct family family, struct signing how)
{
    char subject[96];
    foreign_begin(f, name);
    make_key(f, name, family.kind, family.option);
    snprintf(subject, sizeof subject, "/C=DE/O=Elsewhere/CN=%s", name);
    foreign_csr(f, name, subject);
    return foreign_sign(f, by, name, how);
}

/* ---- Imports ---- */

static void set_file(pca_import *import, int (*set)(pca_import *, const void *, size_t), const char *path)
{
    size_t size;
    uint8_t *data = file_read(path, &size);
    assert_non_null(data);
    assert_ok(NULL, set(import, data, size));
    free(data);
}

/* DIR/NAME.pem and DIR/NAME.key. */
static pca_import *import_of(struct fixture *f, const char *name)
{
    pca_import *import = pca_import_new();
    assert_non_null(import);
    set_file(import, pca_import_set_certificate, with_ending(f, name, "pem"));
    set_file(import, pca_import_set_key, with_ending(f, name, "key"));
    return import;
}

static pca_import *import_without_key(const char *certificate)
{
    pca_import *import = pca_import_new();
    assert_non_null(import);
    set_file(import, pca_import_set_certificate, certificate);
    assert_ok(NULL, pca_import_set_key_elsewhere(import));
    return import;
}

static void import_into(struct fixture *f, const pca_ca *ca, pca_import *import)
{
    assert_ok(f->err, pca_ca_import(ca, import, f->err));
    pca_import_free(import);
}

static void import_refused(struct fixture *f, const pca_ca *ca, pca_import *import, int code, const char *object, const char *field, const char *part,
                           int line)
{
    char *before = snapshot_store(f);
    int rc = pca_ca_import(ca, import, f->err);
    check_refusal(f->err, code, object, field, rc, "pca_ca_import", __FILE__, line);
    if (part)
        check_message(f->err, part, __FILE__, line);
    check_store_unchanged(f, before, __FILE__, line);
    pca_import_free(import);
}
#define assert_import_refused(f, ca, import, code, field, part) import_refused((f), (ca), (import), (code), "import", (field), (part), __LINE__)

/* A bought root and its subordinate. */
static void buy(struct fixture *f, int family)
{
    pca_root_free(f->root);
    pca_sub_free(f->sub);
    f->root = NULL;
    f->sub = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, family, 120, &f->root, &f->sub);
}

/* Root and subordinate by openssl, brought in with their keys. */
static void bring_in(struct fixture *f, struct family family)
{
    foreign_root(f, "root", family, (struct signing){0});
    foreign_sub(f, "root", "sub", family, (struct signing){0});
    buy(f, family.family);
    import_into(f, pca_root_ca(f->root), import_of(f, "root"));
    import_into(f, pca_sub_ca(f->sub), import_of(f, "sub"));
    refresh_root(f, &f->root);
    refresh_sub(f, &f->sub);
    assert_ok(f->err, pca_ca_set_crl(pca_root_ca(f->root), ROOT_CRL_URL, 0, f->err));
    assert_ok(f->err, pca_ca_set_crl(pca_sub_ca(f->sub), SUB_CRL_URL, 0, f->err));
}

static char *subject_of(const char *path)
{
    return output_of("openssl", "x509", "-in", path, "-noout", "-subject", "-nameopt", "RFC2253");
}

static uint8_t *der_of(struct fixture *f, const char *pem, size_t *size)
{
    const char *der = file_path(f, "der_of.der");
    assert_run(0, "openssl", "x509", "-in", pem, "-outform", "DER", "-out", der);
    return file_read(der, size);
}

/* ---- CAs with their keys ---- */

enum key_form { PLAIN_PKCS8, ENCRYPTED_PKCS8, TRADITIONAL, DER_PKCS8, DER_ENCRYPTED, PFX, PFX_LEGACY, PFX_RC2, PFX_WITH_CHAIN };

static pca_import *import_as(struct fixture *f, const char *name, const char *by, enum key_form form)
{
    static const char password[] = "pass word \xC3\xA9";
    const char *key = with_ending(f, name, "key"), *pem = with_ending(f, name, "pem"), *out = with_ending(f, name, "out");
    pca_import *import = pca_import_new();
    const char *argv[20] = {"openssl", form >= PFX ? "pkcs12" : "pkcs8", form >= PFX ? "-export" : "-topk8", form >= PFX ? "-inkey" : "-in", key, "-out", out};
    size_t n = 7;
    assert_non_null(import);
    if (form >= PFX) {
        argv[n++] = "-in";
        argv[n++] = pem;
        argv[n++] = "-passout";
        argv[n++] = "pass:pass word \xC3\xA9";
        if (form == PFX_LEGACY || form == PFX_RC2)
            argv[n++] = "-legacy"; /* which is RC2 of 40 bits for the certificates, unless told otherwise */
        if (form == PFX_LEGACY) {
            argv[n++] = "-certpbe";
            argv[n++] = "PBE-SHA1-3DES";
        }
        if (form == PFX_WITH_CHAIN) {
            argv[n++] = "-certfile";
            argv[n++] = with_ending(f, by, "pem");
        }
        check_run(0, argv, __FILE__, __LINE__);
        set_file(import, pca_import_set_pfx, out);
        assert_ok(NULL, pca_import_set_password(import, password));
        return import;
    }
    if (form == TRADITIONAL) {
        argv[1] = "pkey";
        argv[2] = "-traditional";
    } else if (form == PLAIN_PKCS8 || form == DER_PKCS8) {
        argv[n++] = "-nocrypt";
    } else {
        argv[n++] = "-passout";
        argv[n++] = "pass:pass word \xC3\xA9";
        assert_ok(NULL, pca_import_set_password(import, password));
    }
    if (form == DER_PKCS8 || form == DER_ENCRYPTED) {
        argv[n++] = "-outform";
        argv[n++] = "DER";
    }
    check_run(0, argv, __FILE__, __LINE__);
    set_file(import, pca_import_set_key, out);
    size_t size;
    uint8_t *der = der_of(f, pem, &size);
    if (form == DER_PKCS8)
        assert_ok(NULL, pca_import_set_certificate(import, der, size));
    else
        set_file(import, pca_import_set_certificate, pem);
    free(der);
    return import;
}

/* One issued here verifies under the certificates that openssl made. */
static void check_issues(struct fixture *f)
{
    pca_cert *good = issue(f, f->sub, "good.internal"), *bad = issue(f, f->sub, "bad.internal");
    assert_ok(f->err, pca_cert_revoke(bad, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    const char *root = with_ending(f, "root", "pem"), *sub = with_ending(f, "sub", "pem");
    const char *root_crl = put_crl(f, "root.crl", pca_root_ca(f->root)), *sub_crl = put_crl(f, "sub.crl", pca_sub_ca(f->sub));
    assert_run(0, "openssl", "crl", "-in", root_crl, "-CAfile", root, "-noout");
    assert_run(0, "openssl", "crl", "-in", sub_crl, "-CAfile", sub, "-noout");
    assert_openssl(f, put_cert(f, "good.pem", good), root, LIST(sub), LIST(root_crl, sub_crl));
    assert_openssl_refuses(f, put_cert(f, "bad.pem", bad), root, LIST(sub), LIST(root_crl, sub_crl), "certificate revoked");
    pca_cert_free(good);
    pca_cert_free(bad);
}

static void an_imported_ca_issues_under_its_own_certificate(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const struct family *family;
        enum key_form root, sub;
    } rows[] = {
        {&ecc, PLAIN_PKCS8, ENCRYPTED_PKCS8}, {&p384, TRADITIONAL, PFX},        {&rsa, TRADITIONAL, PFX_LEGACY},
        {&ecc, DER_PKCS8, DER_ENCRYPTED},     {&rsa, ENCRYPTED_PKCS8, PFX_WITH_CHAIN},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        foreign_root(f, "root", *rows[i].family, (struct signing){0});
        foreign_sub(f, "root", "sub", *rows[i].family, (struct signing){0});
        buy(f, rows[i].family->family);
        import_into(f, pca_root_ca(f->root), import_as(f, "root", "root", rows[i].root));
        import_into(f, pca_sub_ca(f->sub), import_as(f, "sub", "root", rows[i].sub));
        refresh_root(f, &f->root);
        refresh_sub(f, &f->sub);
        assert_int_equal(pca_ca_state(pca_root_ca(f->root)), PCA_CA_ENABLED);
        assert_string_equal(pca_ca_subject(pca_root_ca(f->root)), "CN=root,O=Elsewhere,C=DE");
        assert_string_equal(pca_ca_subject(pca_sub_ca(f->sub)), "CN=sub,O=Elsewhere,C=DE");
        assert_string_equal(pca_ca_serial(pca_sub_ca(f->sub)), "1f01");
        assert_int_equal(pca_ca_not_after(pca_sub_ca(f->sub)), utc(2060, 1, 1, 0, 0, 0));
        assert_int_equal(pca_ca_path_length(pca_sub_ca(f->sub)), 0);
        assert_int_equal(pca_ca_path_length(pca_root_ca(f->root)), -1);
        assert_int_equal(pca_ca_parent_id(pca_sub_ca(f->sub)), pca_ca_id(pca_root_ca(f->root)));
        assert_int_equal(pca_ca_generation(pca_sub_ca(f->sub)), 1);
        assert_int_equal(pca_ca_crl_days(pca_sub_ca(f->sub)), 7);
        assert_int_equal(pca_sub_remaining(f->sub), 10); /* nothing was spent */
        check_issues(f);
        assert_ok(f->err, pca_region_check(f->region, f->err));
    }
}

/* What people called the slot stays with the CA that comes into it. */
static void labels_of_a_slot(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "root", ecc, (struct signing){0});
    buy(f, ecc.family);
    assert_ok(f->err, pca_ca_set_alias(pca_root_ca(f->root), "our root", f->err));
    assert_ok(f->err, pca_ca_tag_set(pca_root_ca(f->root), "team", "network and all who are on call", f->err));
    assert_ok(f->err, pca_ca_tag_set(pca_root_ca(f->root), "env", "", f->err));
    import_into(f, pca_root_ca(f->root), import_of(f, "root"));
    refresh_root(f, &f->root);
    assert_string_equal(pca_ca_alias(pca_root_ca(f->root)), "our root");
    assert_int_equal(pca_ca_tag_count(pca_root_ca(f->root)), 2);
    assert_string_equal(pca_ca_tag(pca_root_ca(f->root), "team"), "network and all who are on call");
    assert_string_equal(pca_ca_tag(pca_root_ca(f->root), "env"), "");
}

/* What was brought in lives on: below it, by its key, and after a restart. */
static void an_imported_ca_lives_on(void **state)
{
    struct fixture *f = *state;
    bring_in(f, ecc);
    uint64_t root_id = pca_ca_id(pca_root_ca(f->root)), sub_id = pca_ca_id(pca_sub_ca(f->sub));
    pca_cert *leaf = issue(f, f->sub, "a.internal");
    char *text = text_of(f, leaf);
    assert_contains(text, "URI:" SUB_CRL_URL);
    free(text);
    put_cert(f, "leaf.pem", leaf);
    pca_cert_free(leaf);
    reopen_region(f);
    assert_ok(f->err, pca_region_root_get(f->region, root_id, &f->root, f->err));
    assert_ok(f->err, pca_region_sub_get(f->region, sub_id, &f->sub, f->err));
    check_issues(f);
    pca_request *r = pca_request_new();
    assert_ok(f->err, pca_ca_reissue(pca_root_ca(f->root), r, f->err));
    assert_ok(f->err, pca_ca_reissue(pca_sub_ca(f->sub), r, f->err));
    refresh_sub(f, &f->sub);
    const char *root = with_ending(f, "root", "pem"), *sub = put_ca(f, "sub-2.pem", pca_sub_ca(f->sub));
    assert_openssl(f, file_path(f, "leaf.pem"), root, LIST(sub), NONE); /* same key, name and identifier */
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/sub-2.crl"));
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(f->sub), r, f->err));
    pca_request_free(r);
    refresh_sub(f, &f->sub);
    sub = put_ca(f, "sub-3.pem", pca_sub_ca(f->sub));
    leaf = issue(f, f->sub, "b.internal");
    assert_openssl(f, put_cert(f, "b.pem", leaf), root, LIST(sub), NONE);
    pca_cert_free(leaf);
    /* a further subordinate below the imported root */
    pca_sub *more = NULL;
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &more, f->err));
    r = request_new_ca("More", NULL);
    assert_ok(f->err, pca_sub_enable(more, r, f->err));
    pca_request_free(r);
    assert_openssl(f, put_ca(f, "more.pem", pca_sub_ca(more)), root, NONE, NONE);
    pca_sub_free(more);
    /* revoked as any other */
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(f->sub), PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    char *crl = next_crl(f, pca_root_ca(f->root));
    assert_contains(crl, "Serial Number: 1F01");
    assert_int_equal(occurrences(crl, "Serial Number: "), 3);
    free(crl);
}

/* Verifiers compare identifiers only where both are there. */
static void an_imported_ca_without_a_key_identifier(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "root", ecc, (struct signing){.section = "bare"});
    foreign_sub(f, "root", "sub", ecc, (struct signing){.section = "bare"});
    buy(f, PCA_FAMILY_ECC);
    import_into(f, pca_root_ca(f->root), import_of(f, "root"));
    import_into(f, pca_sub_ca(f->sub), import_of(f, "sub"));
    refresh_sub(f, &f->sub);
    check_issues(f);
}

static void crl_numbers_go_on(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "root", ecc, (struct signing){0});
    static const uint64_t rows[][2] = {{UINT64_C(8589934597), UINT64_C(8589934597)}, {7, (uint64_t)T0}, {INT64_MAX, INT64_MAX}, {0, (uint64_t)T0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t number = 0;
        buy(f, PCA_FAMILY_ECC);
        pca_import *import = import_of(f, "root");
        if (rows[i][0])
            assert_ok(NULL, pca_import_set_next_crl_number(import, rows[i][0]));
        if (i) { /* one key is one CA of a region */
            make_key(f, "root", ecc.kind, ecc.option);
            foreign_csr(f, "root", "/CN=root");
            foreign_sign(f, "root", "root", (struct signing){.section = "root"});
            set_file(import, pca_import_set_certificate, with_ending(f, "root", "pem"));
            set_file(import, pca_import_set_key, with_ending(f, "root", "key"));
        }
        import_into(f, pca_root_ca(f->root), import);
        char *crl = next_crl(f, pca_root_ca(f->root)), expected[64];
        snprintf(expected, sizeof expected, "X509v3 CRL Number: \n                %" PRIu64, rows[i][1]);
        assert_ok(f->err, pca_ca_crl_info(pca_root_ca(f->root), &number, NULL, NULL, NULL, f->err));
        assert_true(number == rows[i][1]);
        if (rows[i][1] < INT64_MAX)
            assert_contains(crl, expected);
        free(crl);
        assert_ok(f->err, pca_ca_crl_make(pca_root_ca(f->root), f->err));
        assert_ok(f->err, pca_ca_crl_info(pca_root_ca(f->root), &number, NULL, NULL, NULL, f->err));
        assert_true(number == rows[i][1] + 1);
    }
    pca_import *import = pca_import_new();
    assert_code(NULL, PCA_E_INVALID, pca_import_set_next_crl_number(import, 0));
    assert_ok(NULL, pca_import_reset(import));
    assert_code(NULL, PCA_E_INVALID, pca_import_set_next_crl_number(import, UINT64_C(1) << 63));
    assert_import_refused(f, pca_root_ca(f->root), import, PCA_E_INVALID, "next_crl_number", "9223372036854775807");
}

/* A root whose key stays where it is, and a subordinate with its key below it. */
static void a_root_whose_key_lives_elsewhere(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "root", rsa, (struct signing){0});
    foreign_sub(f, "root", "sub", rsa, (struct signing){.section = "wide"});
    foreign_sub(f, "sub", "lower", rsa, (struct signing){0});
    buy(f, PCA_FAMILY_RSA);
    import_into(f, pca_root_ca(f->root), import_without_key(with_ending(f, "root", "pem")));
    import_into(f, pca_sub_ca(f->sub), import_of(f, "sub"));
    refresh_root(f, &f->root);
    refresh_sub(f, &f->sub);
    assert_int_equal(pca_ca_path_length(pca_sub_ca(f->sub)), -1);
    pca_sub *lower = NULL, *more = NULL;
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &lower, f->err));
    import_into(f, pca_sub_ca(lower), import_of(f, "lower")); /* below the subordinate that signed it */
    refresh_sub(f, &lower);
    assert_int_equal(pca_ca_parent_id(pca_sub_ca(lower)), pca_ca_id(pca_sub_ca(f->sub)));
    stock(f, f->root, lower, 3);
    const char *root = with_ending(f, "root", "pem"), *sub = with_ending(f, "sub", "pem"), *of_lower = with_ending(f, "lower", "pem");
    pca_cert *one = issue(f, f->sub, "one.internal"), *two = issue(f, lower, "two.internal");
    assert_openssl(f, put_cert(f, "one.pem", one), root, LIST(sub), NONE);
    assert_openssl(f, put_cert(f, "two.pem", two), root, LIST(sub, of_lower), NONE);
    pca_blob *chain = NULL;
    assert_ok(f->err, pca_ca_chain(pca_sub_ca(lower), PCA_WITH_ROOT, &chain, f->err));
    assert_int_equal(occurrences((const char *)pca_blob_data(chain), "BEGIN CERTIFICATE"), 3);
    pca_blob_free(chain);

    /* it signs nothing here */
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &more, f->err));
    pca_request *r = request_new_ca("More", NULL);
    char *before = snapshot_store(f);
    const char *object = object_name("root", pca_ca_id(pca_root_ca(f->root)));
    assert_refusal(f->err, PCA_E_STATE, object, "key", pca_sub_enable(more, r, f->err));
    assert_refusal(f->err, PCA_E_STATE, object, "key", pca_ca_crl_make(pca_root_ca(f->root), f->err));
    pca_request_reset(r);
    assert_refusal(f->err, PCA_E_STATE, object, "key", pca_ca_reissue(pca_root_ca(f->root), r, f->err));
    assert_refusal(f->err, PCA_E_STATE, object, "key", pca_ca_rekey(pca_root_ca(f->root), r, f->err));
    assert_store_unchanged(f, before);
    pca_request_free(r);
    pca_cert_free(one);
    pca_cert_free(two);
    pca_sub_free(lower);
    pca_sub_free(more);
}

/* What binds it in its certificate binds it here, in the next one, and in a cross-certificate. */
static void what_binds_an_imported_ca(void **state)
{
    struct fixture *f = *state;
    pca_root *other = NULL;
    pca_sub *slot = NULL;
    pca_blob *blob = NULL;
    foreign_root(f, "root", ecc, (struct signing){0});
    foreign_sub(f, "root", "sub", ecc, (struct signing){.section = "bound"});
    foreign_csr(f, "sub", "/C=DE/CN=sub");
    foreign_sign(f, "root", "sub", (struct signing){.section = "bound"});
    buy(f, PCA_FAMILY_ECC);
    import_into(f, pca_root_ca(f->root), import_of(f, "root"));
    import_into(f, pca_sub_ca(f->sub), import_of(f, "sub"));
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &slot, f->err));
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &other, NULL);
    enable_root(f, &other, "Other Root");
    const char *object = object_name("sub", pca_ca_id(pca_sub_ca(f->sub)));
    pca_request *crossing = pca_request_new();
    for (int again = 0; again < 2; again++) {
        pca_cert *good = issue(f, f->sub, "a.internal");
        const char *leaf = put_cert(f, "leaf.pem", good);
        pca_cert_free(good);
        assert_openssl(f, leaf, with_ending(f, "root", "pem"), LIST(put_ca(f, "sub-now.pem", pca_sub_ca(f->sub))), NONE);
        assert_ok(f->err, pca_ca_cross_sign(pca_root_ca(other), pca_sub_ca(f->sub), crossing, PCA_FORMAT_PEM, &blob, f->err));
        assert_openssl(f, leaf, put_ca(f, "other.pem", pca_root_ca(other)), LIST(put_blob(f, "crossed.pem", blob)), NONE);
        const char *const papers[] = {file_path(f, "sub-now.pem"), file_path(f, "crossed.pem")};
        for (size_t i = 0; i < COUNT(papers); i++) {
            char *text = output_of("openssl", "x509", "-in", papers[i], "-noout", "-text");
            assert_contains(text, "DNS:internal");
            assert_contains(text, "TLS Web Server Authentication\n");
            free(text);
        }
        pca_request *r = request_new_server("a.example");
        assert_refused(f, f->sub, r, PCA_E_CONSTRAINT, object, NULL, "internal");
        pca_request_free(r);
        r = request_of(&(struct wish){.type = PCA_CERT_CLIENT, .cn = "Ada"});
        pca_cert *none = POISON;
        assert_code(f->err, PCA_E_LINT, pca_sub_request(f->sub, r, &none, f->err));
        pca_request_free(r);
        if (!again) {
            r = pca_request_new();
            assert_ok(f->err, pca_ca_reissue(pca_sub_ca(f->sub), r, f->err));
            pca_request_free(r);
        }
    }
    /* a CA below has a name that is allowed, or none of it */
    foreign_sub(f, "sub", "strange", ecc, (struct signing){.section = "sub"});
    foreign_csr(f, "strange", "/C=FR/CN=strange");
    foreign_sign(f, "sub", "strange", (struct signing){.section = "sub"});
    assert_import_refused(f, pca_sub_ca(slot), import_of(f, "strange"), PCA_E_CONSTRAINT, "certificate", "subject");
    pca_request_free(crossing);
    pca_sub_free(slot);
    pca_root_free(other);
}

/* A subordinate may outlive its root; what it issues does not. */
static void nothing_outlives_the_chain(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "root", ecc, (struct signing){.until = "20300101000000Z"});
    foreign_sub(f, "root", "sub", ecc, (struct signing){0});
    buy(f, PCA_FAMILY_ECC);
    import_into(f, pca_root_ca(f->root), import_of(f, "root"));
    import_into(f, pca_sub_ca(f->sub), import_of(f, "sub"));
    pca_request *r = request_of(&(struct wish){.cn = "a.internal", .form = YEARS, .span = 3});
    assert_refused(f, f->sub, r, PCA_E_VALIDITY, "request", "years", "2030-01-01T00:00:00Z");
    pca_request_free(r);
    pca_cert *longest = issue_as(f, f->sub, .cn = "a.internal", .form = LONGEST);
    assert_int_equal(pca_cert_not_after(longest), utc(2030, 1, 1, 0, 0, 0));
    pca_cert_free(longest);
}

/* ---- Refusals ---- */

/* A subordinate that names none is bound by its root's: that leaves room for it and none below. */
static void pitfall_16_a_path_length_further_up(void **state)
{
    struct fixture *f = *state;
    pca_sub *slot = NULL;
    foreign_root(f, "root", ecc, (struct signing){.section = "one"});
    foreign_sub(f, "root", "sub", ecc, (struct signing){.section = "root"});
    foreign_sub(f, "sub", "third", ecc, (struct signing){.section = "root"});
    buy(f, PCA_FAMILY_ECC);
    import_into(f, pca_root_ca(f->root), import_of(f, "root"));
    import_into(f, pca_sub_ca(f->sub), import_of(f, "sub"));
    refresh_sub(f, &f->sub);
    assert_int_equal(pca_ca_path_length(pca_sub_ca(f->sub)), -1);
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &slot, f->err));
    pca_request *r = request_new_ca("Third", NULL);
    const char *object = object_name("root", pca_ca_id(pca_root_ca(f->root)));
    assert_refusal(f->err, PCA_E_CONSTRAINT, object, "path_length", pca_sub_enable_under(slot, pca_sub_ca(f->sub), r, f->err));
    pca_import *import = import_of(f, "third");
    assert_refusal(f->err, PCA_E_CONSTRAINT, object, "path_length", pca_ca_import(pca_sub_ca(slot), import, f->err));
    pca_import_free(import);
    assert_ok(f->err, pca_sub_enable(slot, r, f->err)); /* right below the root there is room */
    pca_request_free(r);
    pca_sub_free(slot);
}

static void pitfall_17_only_a_ca_is_an_issuer(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *section;
        int code;
        const char *part;
    } rows[] = {
        {"leafroot", PCA_E_CONSTRAINT, "no CA's certificate"}, {"noca", PCA_E_CONSTRAINT, "no CA's certificate"},
        {"nosign", PCA_E_CONSTRAINT, "keyCertSign"},           {"nocrl", PCA_E_CONSTRAINT, "cRLSign"},
        {"nousage", PCA_E_CONSTRAINT, "keyCertSign"},          {"unknown", PCA_E_CONSTRAINT, "1.2.3.4.5"},
        {"harmless", PCA_OK, NULL},                            {"constrained", PCA_OK, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        foreign_root(f, "root", ecc, (struct signing){.section = rows[i].section});
        buy(f, PCA_FAMILY_ECC);
        if (rows[i].code == PCA_OK)
            import_into(f, pca_root_ca(f->root), import_of(f, "root"));
        else
            assert_import_refused(f, pca_root_ca(f->root), import_of(f, "root"), rows[i].code, "certificate", rows[i].part);
    }
    /* a leaf, and a CA that its issuer allows no place */
    foreign_root(f, "root", ecc, (struct signing){.section = "narrow"});
    foreign_sub(f, "root", "sub", ecc, (struct signing){0});
    buy(f, PCA_FAMILY_ECC);
    import_into(f, pca_root_ca(f->root), import_of(f, "root"));
    import_refused(f, pca_sub_ca(f->sub), import_of(f, "sub"), PCA_E_CONSTRAINT, object_name("root", pca_ca_id(pca_root_ca(f->root))), "path_length",
                   NULL, __LINE__);
    foreign_sub(f, "root", "leaf", ecc, (struct signing){.section = "server"});
    assert_import_refused(f, pca_sub_ca(f->sub), import_of(f, "leaf"), PCA_E_CONSTRAINT, "certificate", "no CA's certificate");
}

static void pitfall_17_an_ended_ca(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "root", ecc, (struct signing){.until = "20270115120000Z"});
    foreign_root(f, "long", ecc, (struct signing){0});
    foreign_sub(f, "long", "sub", ecc, (struct signing){.until = "20270115115959Z"});
    buy(f, PCA_FAMILY_ECC);
    import_into(f, pca_root_ca(f->root), import_of(f, "root")); /* its last second */
    buy(f, PCA_FAMILY_ECC);
    foreign_root(f, "root", ecc, (struct signing){.until = "20270115115959Z"});
    assert_import_refused(f, pca_root_ca(f->root), import_of(f, "root"), PCA_E_EXPIRED, "certificate", "2027-01-15T11:59:59Z");
    import_into(f, pca_root_ca(f->root), import_of(f, "long"));
    assert_import_refused(f, pca_sub_ca(f->sub), import_of(f, "sub"), PCA_E_EXPIRED, "certificate", "2027-01-15T11:59:59Z");
}

static void pitfall_17_a_key_that_does_not_match(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "root", ecc, (struct signing){0});
    make_key(f, "other", ecc.kind, ecc.option);
    make_key(f, "p384", p384.kind, p384.option);
    make_key(f, "rsa", rsa.kind, rsa.option);
    assert_run(0, "openssl", "genpkey", "-algorithm", "ED25519", "-out", with_ending(f, "ed25519", "key"));
    buy(f, PCA_FAMILY_ECC);
    static const struct {
        const char *key;
        int code;
    } rows[] = {{"other", PCA_E_INVALID}, {"p384", PCA_E_INVALID}, {"rsa", PCA_E_INVALID}, {"ed25519", PCA_E_ALGORITHM}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_import *import = import_of(f, "root");
        set_file(import, pca_import_set_key, with_ending(f, rows[i].key, "key"));
        assert_import_refused(f, pca_root_ca(f->root), import, rows[i].code, "key", NULL);
    }
    /* a PFX whose key belongs to none of its certificates cannot be made by openssl: the certificate of another takes its place */
    foreign_root(f, "second", ecc, (struct signing){0});
    const char *out = file_path(f, "mixed.pfx");
    assert_run(0, "openssl", "pkcs12", "-export", "-nokeys", "-in", with_ending(f, "second", "pem"), "-out", out, "-passout", "pass:x");
    pca_import *import = pca_import_new();
    set_file(import, pca_import_set_pfx, out);
    pca_import_set_password(import, "x");
    assert_import_refused(f, pca_root_ca(f->root), import, PCA_E_INVALID, "pfx", "no private key");
}

static void pitfall_17_keys_that_are_weak_or_of_another_family(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *kind, *option, *digest;
        int family, code;
        const char *part;
    } rows[] = {
        {"RSA", "rsa_keygen_bits:1024", NULL, PCA_FAMILY_RSA, PCA_E_ALGORITHM, "2048"},
        {"RSA", "rsa_keygen_bits:2056", NULL, PCA_FAMILY_RSA, PCA_E_ALGORITHM, "2048"},
        {"EC", "ec_paramgen_curve:P-224", NULL, PCA_FAMILY_ECC, PCA_E_ALGORITHM, "curve"},
        {"EC", "ec_paramgen_curve:secp256k1", NULL, PCA_FAMILY_ECC, PCA_E_ALGORITHM, "curve"},
        {"EC", "ec_paramgen_curve:P-256", NULL, PCA_FAMILY_RSA, PCA_E_ALGORITHM, "RSA"},
        {"RSA", "rsa_keygen_bits:2048", NULL, PCA_FAMILY_ECC, PCA_E_ALGORITHM, "ECC"},
        {"EC", "ec_paramgen_curve:P-256", "sha1", PCA_FAMILY_ECC, PCA_E_INVALID, "signature"}, /* not one that anyone should rely on */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct family family = {rows[i].family, rows[i].kind, rows[i].option};
        foreign_root(f, "root", family, (struct signing){.digest = rows[i].digest});
        buy(f, rows[i].family);
        assert_import_refused(f, pca_root_ca(f->root), import_of(f, "root"), rows[i].code, "certificate", rows[i].part);
    }
}

static void pitfall_17_whoever_signed_it_is_there_and_usable(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "root", ecc, (struct signing){0});
    foreign_sub(f, "root", "sub", ecc, (struct signing){0});
    buy(f, PCA_FAMILY_ECC);
    const pca_ca *sub = pca_sub_ca(f->sub), *root = pca_root_ca(f->root);
    assert_import_refused(f, sub, import_of(f, "sub"), PCA_E_NOT_FOUND, "certificate", NULL); /* the root is not there yet */
    assert_import_refused(f, sub, import_of(f, "root"), PCA_E_NOT_FOUND, "certificate", NULL);
    assert_import_refused(f, root, import_of(f, "sub"), PCA_E_CONSTRAINT, "certificate", "signed by itself");
    import_into(f, root, import_of(f, "root"));
    assert_import_refused(f, sub, import_of(f, "root"), PCA_E_EXISTS, "certificate", NULL);
    import_refused(f, root, import_of(f, "root"), PCA_E_STATE, object_name("root", pca_ca_id(root)), "state", NULL, __LINE__);
    /* one of the same name and another key */
    foreign_root(f, "other", ecc, (struct signing){0});
    foreign_csr(f, "other", "/C=DE/O=Elsewhere/CN=root");
    foreign_sign(f, "other", "other", (struct signing){.section = "root"});
    foreign_sub(f, "other", "false", ecc, (struct signing){0});
    assert_import_refused(f, sub, import_of(f, "false"), PCA_E_NOT_FOUND, "certificate", NULL);
    /* below another root of the region */
    pca_root *second = NULL;
    pca_sub *below = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &second, &below);
    assert_import_refused(f, pca_sub_ca(below), import_of(f, "sub"), PCA_E_NOT_FOUND, "certificate", NULL);
    assert_import_refused(f, pca_root_ca(second), import_of(f, "root"), PCA_E_EXISTS, "certificate", "CA of this region");
    pca_root_free(second);
    pca_sub_free(below);
    assert_ok(f->err, pca_ca_disable(root, f->err));
    import_refused(f, sub, import_of(f, "sub"), PCA_E_PARENT_STATE, object_name("root", pca_ca_id(root)), "state", NULL, __LINE__);
    assert_ok(f->err, pca_ca_resume(root, f->err));
    /* its issuer has revoked it */
    assert_ok(f->err, pca_ca_revoke_serial(root, "1F01", PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_import_refused(f, sub, import_of(f, "sub"), PCA_E_STATE, "certificate", "revoked");
    foreign_sub(f, "root", "sub", ecc, (struct signing){0});
    import_into(f, sub, import_of(f, "sub"));
    /* terms and clocks as for any other CA */
    buy(f, PCA_FAMILY_ECC);
    f->clock.now = T0 + 100 * YEAR;
    import_refused(f, pca_root_ca(f->root), import_of(f, "other"), PCA_E_CLOCK, "region", "clock", NULL, __LINE__);
}

static void arguments_of_an_import(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "root", ecc, (struct signing){0});
    buy(f, PCA_FAMILY_ECC);
    const pca_ca *ca = pca_root_ca(f->root);
    pca_import *import = pca_import_new();
    assert_import_refused(f, ca, import, PCA_E_INVALID, "certificate", "missing");
    import = pca_import_new();
    set_file(import, pca_import_set_certificate, with_ending(f, "root", "pem"));
    assert_import_refused(f, ca, import, PCA_E_INVALID, "key", "missing");
    import = import_of(f, "root");
    assert_ok(NULL, pca_import_set_key_elsewhere(import));
    assert_import_refused(f, ca, import, PCA_E_INVALID, "key_elsewhere", NULL);
    import = import_of(f, "root");
    assert_ok(NULL, pca_import_set_password(import, "x"));
    assert_import_refused(f, ca, import, PCA_E_INVALID, "password", "not encrypted");
    import = import_without_key(with_ending(f, "root", "pem"));
    assert_ok(NULL, pca_import_set_password(import, "x"));
    assert_import_refused(f, ca, import, PCA_E_INVALID, "password", NULL);
    import = import_without_key(with_ending(f, "root", "pem"));
    assert_ok(NULL, pca_import_set_next_crl_number(import, 9));
    assert_import_refused(f, ca, import, PCA_E_INVALID, "next_crl_number", NULL);
    static const enum key_form forms[] = {ENCRYPTED_PKCS8, DER_ENCRYPTED, PFX, PFX_LEGACY};
    for (size_t i = 0; i < COUNT(forms); i++) {
        import = import_as(f, "root", "root", forms[i]);
        assert_ok(NULL, pca_import_set_password(import, "pass word"));
        assert_import_refused(f, ca, import, PCA_E_INVALID, "password", NULL);
    }
    assert_import_refused(f, ca, import_as(f, "root", "root", PFX_RC2), PCA_E_UNSUPPORTED, NULL, "1.2.840.113549.1.12.1.6");
    import = import_as(f, "root", "root", PFX);
    set_file(import, pca_import_set_certificate, with_ending(f, "root", "pem"));
    assert_import_refused(f, ca, import, PCA_E_INVALID, "pfx", NULL);
    /* setters: the first refusal stays, and a reset takes it away */
    import = pca_import_new();
    uint8_t *big = calloc(1, (1u << 20) + 1);
    assert_code(NULL, PCA_E_INVALID, pca_import_set_certificate(import, NULL, 1));
    assert_code(NULL, PCA_E_INVALID, pca_import_set_key_elsewhere(import));
    assert_import_refused(f, ca, import, PCA_E_INVALID, "certificate", "no octets");
    import = pca_import_new();
    assert_code(NULL, PCA_E_INVALID, pca_import_set_certificate(import, big, 65537));
    assert_ok(NULL, pca_import_reset(import));
    assert_code(NULL, PCA_E_INVALID, pca_import_set_key(import, big, 65537));
    assert_ok(NULL, pca_import_reset(import));
    assert_code(NULL, PCA_E_INVALID, pca_import_set_pfx(import, big, (1u << 20) + 1));
    assert_ok(NULL, pca_import_reset(import));
    assert_code(NULL, PCA_E_INVALID, pca_import_set_password(import, NULL));
    assert_ok(NULL, pca_import_reset(import));
    memset(big, 'x', 1025);
    assert_code(NULL, PCA_E_INVALID, pca_import_set_password(import, (const char *)big));
    free(big);
    pca_import_free(import);
    pca_import_free(NULL);
    assert_code(NULL, PCA_E_INVALID, pca_import_reset(NULL));
    assert_code(NULL, PCA_E_INVALID, pca_import_set_certificate(NULL, "x", 1));
    assert_code(f->err, PCA_E_INVALID, pca_ca_import(ca, NULL, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_import(NULL, NULL, f->err));
}

/* Every octet that is changed, and every one that is missing, is noticed. */
static void pitfall_17_octets_changed_or_missing(void **state)
{
    struct fixture *f = *state;
    size_t size;
    foreign_root(f, "root", ecc, (struct signing){0});
    buy(f, PCA_FAMILY_ECC);
    const pca_ca *ca = pca_root_ca(f->root);
    uint8_t *der = der_of(f, with_ending(f, "root", "pem"), &size);
    pca_import *import = import_of(f, "root");
    char *before = snapshot_store(f);
    for (size_t i = 0; i < size; i++) {
        for (int cut = 0; cut < 2; cut++) {
            uint8_t held = der[i];
            der[i] ^= (uint8_t)(cut ? 0 : 1u << i % 8);
            assert_ok(NULL, pca_import_set_certificate(import, der, cut && i ? i : size));
            der[i] = held;
            int rc = cut && !i ? PCA_E_INVALID : pca_ca_import(ca, import, f->err);
            if (rc != PCA_E_INVALID && rc != PCA_E_CONSTRAINT && rc != PCA_E_NAME && rc != PCA_E_ALGORITHM && rc != PCA_E_EXPIRED) {
                print_error("octet %zu %s: %s\n", i, cut ? "and what follows missing" : "changed", pca_code_name(rc));
                fail();
            }
        }
    }
    assert_ok(NULL, pca_import_set_certificate(import, der, size));
    free(der);
    char *key = (char *)file_read(with_ending(f, "root", "key"), &size);
    for (size_t i = 1; i + 1 < size; i++) { /* the last is a line feed */
        assert_ok(NULL, pca_import_set_key(import, key, i));
        assert_refusal(f->err, PCA_E_INVALID, "import", "key", pca_ca_import(ca, import, f->err));
    }
    const char *rubbish[] = {"rubbish", "-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "\x30", "\x30\x00"};
    for (size_t i = 0; i < COUNT(rubbish); i++) {
        assert_ok(NULL, pca_import_set_certificate(import, rubbish[i], strlen(rubbish[i])));
        assert_refusal(f->err, PCA_E_INVALID, "import", "certificate", pca_ca_import(ca, import, f->err));
    }
    assert_store_unchanged(f, before);
    set_file(import, pca_import_set_certificate, with_ending(f, "root", "pem"));
    assert_ok(NULL, pca_import_set_key(import, key, size));
    free(key);
    import_into(f, ca, import);
}

/* ---- CSR and certificate ---- */

static const char *put_csr(struct fixture *f, const char *name, const pca_ca *ca, pca_request *request)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_csr(ca, request, PCA_FORMAT_PEM, &blob, f->err));
    pca_request_free(request);
    return put_blob(f, name, blob);
}

static int accept_file(struct fixture *f, const pca_ca *ca, const char *path)
{
    size_t size;
    uint8_t *data = file_read(path, &size);
    assert_non_null(data);
    int rc = pca_ca_accept_certificate(ca, data, size, f->err);
    free(data);
    return rc;
}

static pca_request *request_csr(const char *common_name)
{
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_common_name(r, common_name));
    assert_ok(NULL, pca_request_set_organization(r, "Example"));
    return r;
}

static void a_csr_for_a_root_elsewhere(void **state)
{
    struct fixture *f = *state;
    static const struct family *const families[] = {&ecc, &rsa};
    for (size_t i = 0; i < COUNT(families); i++) {
        foreign_root(f, "root", *families[i], (struct signing){0});
        buy(f, families[i]->family);
        import_into(f, pca_root_ca(f->root), import_without_key(with_ending(f, "root", "pem")));
        pca_request *r = request_csr("Held Here");
        assert_ok(NULL, pca_request_set_path_length(r, 0));
        const char *csr = put_csr(f, "held.csr", pca_sub_ca(f->sub), r);
        char *text = output_of("openssl", "req", "-in", csr, "-verify", "-noout", "-text", "-nameopt", "oneline");
        assert_contains(text, "verify OK");
        assert_contains(text, "O = Example, CN = Held Here");
        assert_contains(text, "CA:TRUE, pathlen:0");
        assert_contains(text, "Certificate Sign, CRL Sign");
        free(text);
        assert_int_equal(pca_ca_state(pca_sub_ca(f->sub)), PCA_CA_PURCHASED);
        assert_ok(f->err, pca_region_check(f->region, f->err));
        uint64_t root_id = pca_ca_id(pca_root_ca(f->root)), sub_id = pca_ca_id(pca_sub_ca(f->sub));
        reopen_region(f); /* the key waits */
        assert_ok(f->err, pca_region_root_get(f->region, root_id, &f->root, f->err));
        assert_ok(f->err, pca_region_sub_get(f->region, sub_id, &f->sub, f->err));
        const char *pem = foreign_sign(f, "root", "held", (struct signing){.until = "20300101000000Z"});
        assert_ok(f->err, accept_file(f, pca_sub_ca(f->sub), pem));
        refresh_sub(f, &f->sub);
        assert_int_equal(pca_ca_state(pca_sub_ca(f->sub)), PCA_CA_ENABLED);
        pca_cert *cert = issue(f, f->sub, "a.internal");
        const char *leaf = put_cert(f, "leaf.pem", cert), *root = with_ending(f, "root", "pem");
        assert_openssl(f, leaf, root, LIST(pem), NONE);
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        pca_cert_free(cert);
        assert_run(0, "openssl", "crl", "-in", put_crl(f, "held.crl", pca_sub_ca(f->sub)), "-CAfile", pem, "-noout");

        /* the next certificate for the same key */
        assert_refusal(f->err, PCA_E_EXISTS, object_name("sub", sub_id), "certificate", accept_file(f, pca_sub_ca(f->sub), pem));
        char *subject = subject_of(pem);
        csr = put_csr(f, "held.csr", pca_sub_ca(f->sub), pca_request_new());
        assert_run(0, "openssl", "req", "-in", csr, "-verify", "-noout");
        pem = foreign_sign(f, "root", "held", (struct signing){0});
        char *again = subject_of(pem);
        assert_string_equal(subject, again);
        free(subject);
        free(again);
        assert_ok(f->err, accept_file(f, pca_sub_ca(f->sub), pem));
        refresh_sub(f, &f->sub);
        assert_int_equal(pca_ca_not_after(pca_sub_ca(f->sub)), utc(2060, 1, 1, 0, 0, 0));
        assert_int_equal(pca_ca_generation(pca_sub_ca(f->sub)), 1);
        assert_openssl(f, leaf, root, LIST(pem), NONE);
        assert_ok(f->err, pca_region_check(f->region, f->err));
    }
}

/* The region's chain ends with what a root elsewhere signed: that root is not among what is handed out. */
static void a_root_that_a_root_elsewhere_signed(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "far", ecc, (struct signing){0});
    buy(f, PCA_FAMILY_ECC);
    put_csr(f, "near.csr", pca_root_ca(f->root), request_csr("Near"));
    const char *near = foreign_sign(f, "far", "near", (struct signing){.section = "wide", .until = "20500101000000Z"}), *far = with_ending(f, "far", "pem");
    assert_ok(f->err, accept_file(f, pca_root_ca(f->root), near));
    refresh_root(f, &f->root);
    pca_request *r = request_new_ca("Below", NULL);
    assert_ok(f->err, pca_sub_enable(f->sub, r, f->err));
    refresh_sub(f, &f->sub);
    const char *sub = put_ca(f, "below.pem", pca_sub_ca(f->sub));
    pca_cert *cert = issue(f, f->sub, "a.internal");
    assert_openssl(f, put_cert(f, "leaf.pem", cert), far, LIST(sub, near), NONE);

    pca_blob *chain = NULL;
    assert_ok(f->err, pca_ca_chain(pca_sub_ca(f->sub), 0, &chain, f->err));
    assert_int_equal(occurrences((const char *)pca_blob_data(chain), "BEGIN CERTIFICATE"), 2);
    pca_blob_free(chain);
    static const int flags[] = {PCA_WITH_CHAIN, PCA_WITH_CHAIN | PCA_WITH_ROOT};
    for (size_t i = 0; i < COUNT(flags); i++) {
        pca_files *files = NULL;
        assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_CRT, flags[i], NULL, &files, f->err));
        char *text = files_text(files, "a.internal_chain.crt");
        assert_int_equal(occurrences(text, "BEGIN CERTIFICATE"), 2);
        assert_int_equal(index_of(files, "root.pem"), -1);
        assert_openssl(f, file_path(f, "leaf.pem"), far, LIST(put_file(f, "chain.pem", text, strlen(text))), NONE);
        free(text);
        pca_files_free(files);
    }
    pca_cert_free(cert);
    /* further certificates come from there, too */
    pca_request_reset(r);
    const char *object = object_name("root", pca_ca_id(pca_root_ca(f->root)));
    assert_refusal(f->err, PCA_E_STATE, object, "certificate", pca_ca_reissue(pca_root_ca(f->root), r, f->err));
    assert_refusal(f->err, PCA_E_STATE, object, "certificate", pca_ca_rekey(pca_root_ca(f->root), r, f->err));
    put_csr(f, "near.csr", pca_root_ca(f->root), r);
    near = foreign_sign(f, "far", "near", (struct signing){.section = "wide"});
    assert_ok(f->err, accept_file(f, pca_root_ca(f->root), near));
    refresh_root(f, &f->root);
    assert_int_equal(pca_ca_not_after(pca_root_ca(f->root)), utc(2060, 1, 1, 0, 0, 0));
    assert_openssl(f, file_path(f, "leaf.pem"), far, LIST(sub, near), NONE);
    put_crl(f, "near.crl", pca_root_ca(f->root));
    assert_run(0, "openssl", "crl", "-in", file_path(f, "near.crl"), "-CAfile", near, "-noout");
}

static void certificates_that_are_not_accepted(void **state)
{
    struct fixture *f = *state;
    foreign_root(f, "root", ecc, (struct signing){0});
    foreign_root(f, "stranger", ecc, (struct signing){0});
    buy(f, PCA_FAMILY_ECC);
    import_into(f, pca_root_ca(f->root), import_of(f, "root"));
    const pca_ca *ca = pca_sub_ca(f->sub);
    const char *object = object_name("sub", pca_ca_id(ca));
    foreign_sub(f, "root", "other", ecc, (struct signing){0});
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_STATE, object, "key", accept_file(f, ca, with_ending(f, "other", "pem"))); /* no CSR was made */
    assert_store_unchanged(f, before);
    put_csr(f, "first.csr", ca, request_csr("First"));
    put_csr(f, "held.csr", ca, request_csr("Second")); /* another key: the first one's is gone */
    before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_INVALID, "call", "certificate", accept_file(f, ca, with_ending(f, "other", "pem")));
    assert_message(f->err, "another key");
    assert_refusal(f->err, PCA_E_INVALID, "call", "certificate", accept_file(f, ca, foreign_sign(f, "root", "first", (struct signing){0})));
    assert_refusal(f->err, PCA_E_NOT_FOUND, "call", "certificate", accept_file(f, ca, foreign_sign(f, "stranger", "held", (struct signing){0})));
    assert_refusal(f->err, PCA_E_CONSTRAINT, "call", "certificate",
                   accept_file(f, ca, foreign_sign(f, "root", "held", (struct signing){.section = "server"})));
    assert_refusal(f->err, PCA_E_CONSTRAINT, "call", "certificate",
                   accept_file(f, ca, foreign_sign(f, "root", "held", (struct signing){.section = "nosign"})));
    assert_refusal(f->err, PCA_E_EXPIRED, "call", "certificate",
                   accept_file(f, ca, foreign_sign(f, "root", "held", (struct signing){.until = "20260101000000Z"})));
    const char *good = foreign_sign(f, "root", "held", (struct signing){0});
    size_t size;
    uint8_t *der = der_of(f, good, &size);
    der[size - 1] ^= 1;
    assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_accept_certificate(ca, der, size, f->err));
    for (size_t i = 1; i < size; i++)
        assert_refusal(f->err, PCA_E_INVALID, "call", "certificate", pca_ca_accept_certificate(ca, der, i, f->err));
    free(der);
    assert_code(f->err, PCA_E_INVALID, pca_ca_accept_certificate(ca, NULL, 1, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_accept_certificate(NULL, "x", 1, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_accept_certificate(ca, "", 0, f->err));
    assert_store_unchanged(f, before);
    /* the key that waits is spoken for: nobody gets a certificate of it here */
    foreign_sub(f, "root", "issuing", ecc, (struct signing){0});
    pca_sub *issuing = NULL, *slot = NULL;
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &issuing, f->err));
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &slot, f->err));
    import_into(f, pca_sub_ca(issuing), import_of(f, "issuing"));
    stock(f, f->root, issuing, 1);
    char *csr = (char *)file_read(with_ending(f, "held", "csr"), &size);
    pca_request *r = request_new_server("a.internal");
    assert_ok(NULL, pca_request_set_csr(r, csr, size));
    assert_refused(f, issuing, r, PCA_E_CSR, "request", "csr", "CA of this region");
    pca_request_free(r);
    r = request_new_ca("Slot", NULL);
    assert_ok(NULL, pca_request_set_csr(r, csr, size));
    assert_refusal(f->err, PCA_E_CSR, "request", "csr", pca_sub_enable(slot, r, f->err));
    pca_request_free(r);
    free(csr);
    assert_import_refused(f, pca_sub_ca(slot), import_without_key(with_ending(f, "held", "pem")), PCA_E_EXISTS, "certificate", NULL);
    assert_ok(f->err, accept_file(f, ca, with_ending(f, "held", "pem")));

    /* an enabled CA takes what is for its key and name, from where it has been signed before */
    before = snapshot_store(f);
    foreign_csr(f, "other", "/O=Example/CN=Second");
    assert_refusal(f->err, PCA_E_INVALID, "call", "certificate", accept_file(f, ca, foreign_sign(f, "root", "other", (struct signing){0})));
    assert_message(f->err, "another key");
    assert_refusal(f->err, PCA_E_STATE, NULL, "certificate", accept_file(f, pca_root_ca(f->root), with_ending(f, "stranger", "pem")));
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_ca_revoke(ca, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_STATE, object, "state", accept_file(f, ca, with_ending(f, "held", "pem")));
    pca_sub_free(issuing);
    pca_sub_free(slot);
}

static void requests_for_a_csr(void **state)
{
    struct fixture *f = *state;
    pca_blob *blob = POISON;
    static const char *const fields[] = {"type", "san[0]", "csr", "public_key", "alias", "token", "crl_url", "crl_days", "crl_address", "validity"};
    pca_sub *slot = NULL;
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &slot, f->err));
    char *before = snapshot_store(f);
    for (size_t i = 0; i < COUNT(fields); i++) {
        pca_request *r = request_csr("A CA");
        const char *field = fields[i];
        if (strcmp(field, "type") == 0)
            pca_request_set_type(r, PCA_CERT_SERVER);
        if (strcmp(field, "san[0]") == 0)
            pca_request_add_dns(r, "a.internal");
        if (strcmp(field, "csr") == 0)
            pca_request_set_csr(r, "x", 1);
        if (strcmp(field, "public_key") == 0)
            pca_request_set_public_key(r, "x", 1);
        if (strcmp(field, "alias") == 0)
            pca_request_set_alias(r, "x");
        if (strcmp(field, "token") == 0)
            pca_request_set_token(r, "x");
        if (strcmp(field, "crl_url") == 0)
            pca_request_set_crl_url(r, "http://x.example/");
        if (strcmp(field, "crl_days") == 0)
            pca_request_set_crl_days(r, 7);
        if (strcmp(field, "crl_address") == 0)
            pca_request_set_crl_address(r, 1);
        if (strcmp(field, "validity") == 0)
            pca_request_set_years(r, 5);
        assert_refusal(f->err, PCA_E_INVALID, "request", field, pca_ca_csr(pca_sub_ca(slot), r, PCA_FORMAT_PEM, &blob, f->err));
        pca_request_free(r);
    }
    pca_request *r = pca_request_new();
    assert_refusal(f->err, PCA_E_NAME, "request", "common_name", pca_ca_csr(pca_sub_ca(slot), r, PCA_FORMAT_PEM, &blob, f->err));
    assert_ok(NULL, pca_request_set_common_name(r, "A CA"));
    assert_refusal(f->err, PCA_E_INVALID, "request", "common_name", pca_ca_csr(pca_sub_ca(f->sub), r, PCA_FORMAT_PEM, &blob, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "format", pca_ca_csr(pca_sub_ca(slot), r, PCA_FORMAT_PFX, &blob, f->err));
    assert_ok(NULL, pca_request_set_key_algorithm(r, PCA_KEY_RSA_2048));
    assert_refusal(f->err, PCA_E_ALGORITHM, "request", "key_algorithm", pca_ca_csr(pca_sub_ca(slot), r, PCA_FORMAT_PEM, &blob, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_csr(NULL, r, PCA_FORMAT_PEM, &blob, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_csr(pca_sub_ca(slot), NULL, PCA_FORMAT_PEM, &blob, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_csr(pca_sub_ca(slot), r, PCA_FORMAT_PEM, NULL, f->err));
    assert_store_unchanged(f, before);
    assert_poisoned(blob);
    pca_request_free(r);
    /* a self-signed root may be signed elsewhere as well: its CSR is for others to use */
    r = pca_request_new();
    blob = NULL;
    assert_ok(f->err, pca_ca_csr(pca_root_ca(f->root), r, PCA_FORMAT_DER, &blob, f->err));
    char *text = output_of("openssl", "req", "-inform", "DER", "-in", put_blob(f, "root.csr", blob), "-verify", "-noout", "-text", "-nameopt", "oneline");
    assert_contains(text, "verify OK");
    assert_contains(text, "CN = Test Root");
    free(text);
    pca_request_free(r);
    /* enabled here after all: the key that waited is gone */
    put_csr(f, "slot.csr", pca_sub_ca(slot), request_csr("A CA"));
    r = request_new_ca("Enabled", NULL);
    assert_ok(f->err, pca_sub_enable(slot, r, f->err));
    pca_request_free(r);
    stock(f, f->root, slot, 1);
    pca_cert_free(issue(f, slot, "a.internal"));
    pca_sub_free(slot);
}

/* ---- Cross-certificates ---- */

static const char *cross(struct fixture *f, const char *name, const pca_ca *ca, const pca_ca *other, pca_request *request)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_cross_sign(ca, other, request, PCA_FORMAT_PEM, &blob, f->err));
    pca_request_free(request);
    return put_blob(f, name, blob);
}

static void a_leaf_verifies_under_both_roots(void **state)
{
    struct fixture *f = *state;
    pca_root *second = NULL;
    pca_sub *second_sub = NULL;
    make_ca(f, PCA_FAMILY_RSA, PCA_KEY_RSA_2048, 120, &second, &second_sub); /* another family: that is what crossing is for */
    pca_cert *leaf = issue(f, f->sub, "a.internal");
    uint64_t units = remaining_of_sub(f, second_sub);
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_years(r, 3));
    pca_root *renamed = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_RSA, 120, &renamed, NULL);
    enable_root(f, &renamed, "Other Root");
    assert_refusal(f->err, PCA_E_NAME, "call", "subject",
                   pca_ca_cross_sign(pca_root_ca(second), pca_root_ca(f->root), r, PCA_FORMAT_PEM, &(pca_blob *){NULL}, f->err)); /* both are "Test Root" */
    const char *crossed = cross(f, "crossed.pem", pca_root_ca(renamed), pca_root_ca(f->root), r);
    const char *own = put_ca(f, "own.pem", pca_root_ca(f->root)), *other = put_ca(f, "other.pem", pca_root_ca(renamed)),
               *sub = put_ca(f, "sub.pem", pca_sub_ca(f->sub)), *pem = put_cert(f, "leaf.pem", leaf);
    const char *other_crl = put_crl(f, "other.crl", pca_root_ca(renamed)), *own_crl = put_crl(f, "own.crl", pca_root_ca(f->root)),
               *sub_crl = put_crl(f, "sub.crl", pca_sub_ca(f->sub));
    assert_openssl(f, pem, own, LIST(sub), LIST(own_crl, sub_crl));
    assert_openssl(f, pem, other, LIST(crossed, sub), LIST(other_crl, own_crl, sub_crl));
    char *text = output_of("openssl", "x509", "-in", crossed, "-noout", "-text", "-nameopt", "oneline");
    assert_contains(text, "URI:" ROOT_CRL_URL);
    assert_contains(text, "Issuer: C = DE, O = Example, CN = Other Root");
    assert_contains(text, "Subject: C = DE, O = Example, CN = Test Root");
    assert_contains(text, "Not After : Jan 15 11:58:59 2030 GMT");
    assert_lacks(text, "pathlen");
    free(text);
    assert_int_equal(remaining_of_sub(f, second_sub), units);
    assert_ok(f->err, pca_region_check(f->region, f->err));

    /* by itself revoked, the other way stays open */
    size_t size;
    uint8_t *der = der_of(f, crossed, &size);
    assert_ok(f->err, pca_ca_revoke_der(pca_root_ca(renamed), der, size, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    free(der);
    other_crl = put_crl(f, "other.crl", pca_root_ca(renamed));
    assert_openssl_refuses(f, pem, other, LIST(crossed, sub), LIST(other_crl, own_crl, sub_crl), "certificate revoked");
    assert_openssl(f, pem, own, LIST(sub), LIST(own_crl, sub_crl));

    /* all of them, in order */
    const char *again = cross(f, "again.pem", pca_root_ca(renamed), pca_root_ca(f->root), pca_request_new());
    pca_blob *list = NULL;
    assert_ok(f->err, pca_ca_cross_certificates(pca_root_ca(renamed), &list, f->err));
    char *one = (char *)file_read(crossed, NULL), *two = (char *)file_read(again, NULL);
    assert_int_equal(pca_blob_size(list), strlen(one) + strlen(two));
    assert_memory_equal(pca_blob_data(list), one, strlen(one));
    assert_string_equal((const char *)pca_blob_data(list) + strlen(one), two);
    free(one);
    free(two);
    pca_blob_free(list);
    list = POISON;
    assert_refusal(f->err, PCA_E_NOT_FOUND, object_name("root", pca_ca_id(pca_root_ca(second))), "certificate",
                   pca_ca_cross_certificates(pca_root_ca(second), &list, f->err));
    assert_poisoned(list);

    /* a CA that is revoked takes them all with it; the first keeps its date */
    f->clock.now += DAY;
    assert_ok(f->err, pca_ca_revoke(pca_root_ca(f->root), PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    text = next_crl(f, pca_root_ca(renamed));
    assert_int_equal(occurrences(text, "CA Compromise"), 2);
    assert_contains(text, "Revocation Date: Jan 15 12:00:00 2027 GMT");
    assert_contains(text, "Revocation Date: Jan 16 12:00:00 2027 GMT");
    free(text);
    pca_cert_free(leaf);
    pca_root_free(second);
    pca_root_free(renamed);
    pca_sub_free(second_sub);
}

/* Names that are the same in all but letters' size are one name: such a certificate would count for no path length. */
static void a_ca_of_the_same_name_is_not_crossed(void **state)
{
    struct fixture *f = *state;
    pca_root *other = NULL;
    pca_blob *blob = POISON;
    pca_request *r = pca_request_new();
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &other, NULL);
    enable_root(f, &other, "TEST  root");
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_NAME, "call", "subject", pca_ca_cross_sign(pca_root_ca(f->root), pca_root_ca(other), r, PCA_FORMAT_PEM, &blob, f->err));
    assert_store_unchanged(f, before);
    assert_poisoned(blob);
    pca_request_free(r);
    pca_root_free(other);
}

static void a_subordinate_crosses_a_root(void **state)
{
    struct fixture *f = *state;
    pca_root *other = NULL;
    pca_sub *other_sub = NULL, *upper = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &other, &other_sub);
    enable_root(f, &other, "Other Root");
    enable_sub(f, &other_sub, "Other Sub");
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &upper, f->err));
    pca_request *r = request_new_ca("Upper", "http://crl.example/upper.crl");
    assert_ok(NULL, pca_request_set_path_length(r, 2));
    assert_ok(f->err, pca_sub_enable(upper, r, f->err));
    pca_request_free(r);
    refresh_sub(f, &upper);
    /* no path length of its own: as much as there is */
    const char *crossed = cross(f, "crossed.pem", pca_sub_ca(upper), pca_root_ca(other), pca_request_new());
    char *text = output_of("openssl", "x509", "-in", crossed, "-noout", "-text");
    assert_contains(text, "CA:TRUE, pathlen:1");
    free(text);
    pca_cert *leaf = issue(f, other_sub, "a.internal");
    assert_openssl(f, put_cert(f, "leaf.pem", leaf), put_ca(f, "root.pem", pca_root_ca(f->root)),
                   LIST(put_ca(f, "upper.pem", pca_sub_ca(upper)), crossed, put_ca(f, "other-sub.pem", pca_sub_ca(other_sub))), NONE);
    pca_cert_free(leaf);

    static const struct {
        int path_length, code;
        const char *field;
    } rows[] = {{2, PCA_E_CONSTRAINT, "path_length"}, {7, PCA_E_CONSTRAINT, "path_length"}, {1, PCA_OK, NULL}, {0, PCA_OK, NULL}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_blob *blob = NULL;
        r = pca_request_new();
        assert_ok(NULL, pca_request_set_path_length(r, (uint64_t)rows[i].path_length));
        assert_refusal(f->err, rows[i].code, NULL, rows[i].field, pca_ca_cross_sign(pca_sub_ca(upper), pca_root_ca(other), r, PCA_FORMAT_DER, &blob, f->err));
        pca_blob_free(blob);
        pca_request_free(r);
    }
    struct {
        const pca_ca *by, *other;
        int code;
        const char *field;
    } pairs[] = {
        {pca_sub_ca(f->sub), pca_root_ca(other), PCA_E_CONSTRAINT, "path_length"}, /* path length 0 */
        {pca_sub_ca(upper), pca_sub_ca(upper), PCA_E_INVALID, "subject"},
        {pca_sub_ca(upper), pca_root_ca(f->root), PCA_E_INVALID, "subject"},  /* above it */
        {pca_root_ca(f->root), pca_sub_ca(upper), PCA_E_INVALID, "subject"}, /* signed by it */
    };
    r = pca_request_new();
    char *before = snapshot_store(f);
    pca_blob *blob = POISON;
    for (size_t i = 0; i < COUNT(pairs); i++)
        assert_refusal(f->err, pairs[i].code, NULL, pairs[i].field, pca_ca_cross_sign(pairs[i].by, pairs[i].other, r, PCA_FORMAT_PEM, &blob, f->err));
    assert_ok(NULL, pca_request_set_years(r, 11)); /* the root has ten */
    assert_refusal(f->err, PCA_E_VALIDITY, "request", "years",
                   pca_ca_cross_sign(pca_root_ca(f->root), pca_root_ca(other), r, PCA_FORMAT_PEM, &blob, f->err));
    pca_request_reset(r);
    assert_ok(NULL, pca_request_set_common_name(r, "x"));
    assert_refusal(f->err, PCA_E_INVALID, "request", "common_name",
                   pca_ca_cross_sign(pca_root_ca(f->root), pca_root_ca(other), r, PCA_FORMAT_PEM, &blob, f->err));
    pca_request_reset(r);
    assert_ok(NULL, pca_request_set_key_algorithm(r, PCA_KEY_EC_P256));
    assert_refusal(f->err, PCA_E_INVALID, "request", "key_algorithm",
                   pca_ca_cross_sign(pca_root_ca(f->root), pca_root_ca(other), r, PCA_FORMAT_PEM, &blob, f->err));
    pca_request_reset(r);
    assert_refusal(f->err, PCA_E_INVALID, "call", "format",
                   pca_ca_cross_sign(pca_root_ca(f->root), pca_root_ca(other), r, PCA_FORMAT_JKS, &blob, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_cross_sign(NULL, pca_root_ca(other), r, PCA_FORMAT_PEM, &blob, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_cross_sign(pca_root_ca(other), NULL, r, PCA_FORMAT_PEM, &blob, f->err));
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_ca_disable(pca_root_ca(f->root), f->err));
    assert_code(f->err, PCA_E_STATE, pca_ca_cross_sign(pca_root_ca(f->root), pca_root_ca(other), r, PCA_FORMAT_PEM, &blob, f->err));
    assert_code(f->err, PCA_E_PARENT_STATE, pca_ca_cross_sign(pca_sub_ca(upper), pca_root_ca(other), r, PCA_FORMAT_PEM, &blob, f->err));
    assert_ok(f->err, pca_ca_resume(pca_root_ca(f->root), f->err));
    assert_ok(f->err, pca_ca_revoke(pca_root_ca(other), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_STATE, object_name("root", pca_ca_id(pca_root_ca(other))), "state",
                   pca_ca_cross_sign(pca_root_ca(f->root), pca_root_ca(other), r, PCA_FORMAT_PEM, &blob, f->err));
    assert_poisoned(blob);
    pca_request_free(r);
    char *crl = next_crl(f, pca_sub_ca(upper));
    assert_int_equal(occurrences(crl, "Serial Number: "), 3);
    free(crl);
    pca_root_free(other);
    pca_sub_free(other_sub);
    pca_sub_free(upper);
}

static void another_regions_ca_is_crossed_and_a_foreign_one_by_policy(void **state)
{
    struct fixture *f = *state;
    struct fixture *g = NULL;
    fixture_setup_region((void **)&g);
    purchase_ca(g, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &g->root, &g->sub);
    enable_root(g, &g->root, "Elsewhere Root");
    enable_sub(g, &g->sub, "Elsewhere Sub");
    const char *crossed = cross(f, "crossed.pem", pca_root_ca(f->root), pca_root_ca(g->root), pca_request_new());
    pca_cert *leaf = issue(g, g->sub, "a.internal");
    const char *root = put_ca(f, "root.pem", pca_root_ca(f->root)), *sub = put_ca(g, "sub.pem", pca_sub_ca(g->sub));
    assert_openssl(f, put_cert(g, "leaf.pem", leaf), root, LIST(crossed, sub), NONE);
    pca_cert_free(leaf);
    pca_blob *blob = POISON;
    pca_request *r = pca_request_new();
    assert_ok(f->err, pca_ca_revoke(pca_root_ca(g->root), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_code(f->err, PCA_E_STATE, pca_ca_cross_sign(pca_root_ca(f->root), pca_root_ca(g->root), r, PCA_FORMAT_PEM, &blob, f->err));
    void *teardown = g;
    assert_int_equal(fixture_teardown(&teardown), 0);

    /* one that no region holds */
    size_t size, own_size;
    foreign_root(f, "foreign", rsa, (struct signing){0});
    foreign_sub(f, "foreign", "below", rsa, (struct signing){0});
    uint8_t *der = der_of(f, with_ending(f, "foreign", "pem"), &size);
    pca_blob *own = NULL;
    assert_ok(f->err, pca_ca_certificate(pca_root_ca(f->root), PCA_FORMAT_DER, &own, f->err));
    own_size = pca_blob_size(own);
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_STATE, "region", "allow_foreign_cross",
                   pca_ca_cross_sign_certificate(pca_root_ca(f->root), der, size, r, PCA_FORMAT_PEM, &blob, f->err));
    assert_store_unchanged(f, before);
    set_policy(f, "allow_foreign_cross", 1);
    before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_EXISTS, "call", "certificate",
                   pca_ca_cross_sign_certificate(pca_root_ca(f->root), pca_blob_data(own), own_size, r, PCA_FORMAT_PEM, &blob, f->err));
    pca_blob_free(own);
    for (size_t i = 1; i < size; i++)
        assert_refusal(f->err, PCA_E_INVALID, "call", "certificate",
                       pca_ca_cross_sign_certificate(pca_root_ca(f->root), der, i, r, PCA_FORMAT_PEM, &blob, f->err));
    der[size - 1] ^= 1;
    assert_refusal(f->err, PCA_E_INVALID, "call", "certificate",
                   pca_ca_cross_sign_certificate(pca_root_ca(f->root), der, size, r, PCA_FORMAT_PEM, &blob, f->err));
    der[size - 1] ^= 1;
    foreign_csr(f, "below", "/CN=leaf");
    size_t leaf_size;
    uint8_t *of_leaf = der_of(f, foreign_sign(f, "foreign", "below", (struct signing){.section = "server"}), &leaf_size);
    assert_refusal(f->err, PCA_E_CONSTRAINT, "call", "certificate",
                   pca_ca_cross_sign_certificate(pca_root_ca(f->root), of_leaf, leaf_size, r, PCA_FORMAT_PEM, &blob, f->err));
    free(of_leaf);
    assert_poisoned(blob);
    assert_store_unchanged(f, before);
    assert_ok(f->err, pca_ca_cross_sign_certificate(pca_root_ca(f->root), der, size, r, PCA_FORMAT_PEM, &blob, f->err));
    free(der);
    pca_request_free(r);
    put_blob(f, "crossed.pem", blob);
    foreign_csr(f, "below", "/CN=below");
    const char *below = foreign_sign(f, "foreign", "below", (struct signing){0});
    assert_openssl(f, below, file_path(f, "root.pem"), LIST(file_path(f, "crossed.pem")), NONE);
}

/* ---- Records of an earlier life ---- */

static int import_issued(struct fixture *f, const pca_ca *ca, const char *path, pca_cert **cert)
{
    size_t size;
    uint8_t *data = file_read(path, &size);
    assert_non_null(data);
    int rc = pca_ca_import_issued(ca, data, size, cert, f->err);
    free(data);
    return rc;
}

/* A leaf of the CA DIR/sub: DIR/NAME.pem. */
static const char *old_leaf(struct fixture *f, const char *name, const char *subject, const char *section)
{
    make_key(f, name, ecc.kind, ecc.option);
    foreign_csr(f, name, subject);
    return foreign_sign(f, "sub", name, (struct signing){.section = section, .until = "20300101000000Z"});
}

static void records_come_from_a_database(void **state)
{
    struct fixture *f = *state;
    bring_in(f, ecc);
    uint64_t units = remaining_of_sub(f, f->sub);
    static const struct {
        const char *name, *subject, *section;
        int type;
    } rows[] = {
        {"one", "/CN=old.internal", "server", PCA_CERT_SERVER},
        {"two", "/O=Example/CN=Ada", "client", PCA_CERT_CLIENT},
        {"three", "/CN=three.internal", "both", PCA_CERT_BOTH},
        {"four", "/CN=four", "neither", PCA_CERT_CUSTOM},
        {"five", "/CN=many.internal", "many", PCA_CERT_CUSTOM},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        old_leaf(f, rows[i].name, rows[i].subject, rows[i].section);
    const char *config = with_ending(f, "sub", "cnf"), *key = with_ending(f, "sub", "key"), *pem = with_ending(f, "sub", "pem");
    assert_run(0, "openssl", "ca", "-config", config, "-keyfile", key, "-cert", pem, "-revoke", with_ending(f, "two", "pem"), "-crl_reason", "superseded");
    assert_run(0, "openssl", "ca", "-config", config, "-keyfile", key, "-cert", pem, "-revoke", with_ending(f, "three", "pem"), "-crl_reason",
               "keyCompromise");

    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_cert *cert = NULL;
        assert_ok(f->err, import_issued(f, pca_sub_ca(f->sub), with_ending(f, rows[i].name, "pem"), &cert));
        assert_int_equal(pca_cert_type(cert), rows[i].type);
        assert_int_equal(pca_cert_status(cert), PCA_STATUS_ISSUED);
        assert_int_equal(pca_cert_container(cert), PCA_CONTAINER_PUBLIC);
        assert_int_equal(pca_cert_key_algorithm(cert), PCA_KEY_EC_P256);
        assert_int_equal(pca_cert_not_after(cert), utc(2030, 1, 1, 0, 0, 0));
        if (i == 0)
            assert_true(has_san(cert, PCA_SAN_IP, "10.0.0.1") && has_san(cert, PCA_SAN_DNS, "old.internal"));
        if (i == 4)
            assert_int_equal(pca_cert_san_count(cert), 100);
        pca_cert_free(cert);
        assert_code(f->err, PCA_E_EXISTS, import_issued(f, pca_sub_ca(f->sub), with_ending(f, rows[i].name, "pem"), NULL));
    }
    assert_int_equal(remaining_of_sub(f, f->sub), units);
    refresh_sub(f, &f->sub);
    assert_int_equal(pca_sub_issued(f->sub), 0);
    assert_ok(f->err, pca_region_check(f->region, f->err));

    /* the database: status, expiry, revocation date and reason, serial number */
    char *database = (char *)file_read(with_ending(f, "sub", "db"), NULL), *rest = NULL;
    size_t revoked = 0;
    for (char *line = strtok_r(database, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char reason[32] = "", serial[48] = "";
        if (line[0] != 'R')
            continue;
        assert_int_equal(sscanf(line, "R\t%*[^\t]\t%*[^,],%31[^\t]\t%47[^\t]", reason, serial), 2);
        int number = strcmp(reason, "superseded") == 0 ? PCA_REASON_SUPERSEDED : PCA_REASON_KEY_COMPROMISE;
        assert_ok(f->err, pca_ca_import_revoked(pca_sub_ca(f->sub), serial, T0 - 30 * DAY, number, 0, 0, f->err));
        assert_code(f->err, PCA_E_EXISTS, pca_ca_import_revoked(pca_sub_ca(f->sub), serial, T0 - 30 * DAY, number, 0, 0, f->err));
        pca_cert *cert = NULL;
        assert_ok(f->err, pca_ca_cert_by_serial(pca_sub_ca(f->sub), serial, &cert, f->err));
        assert_int_equal(pca_cert_status(cert), PCA_STATUS_REVOKED);
        assert_int_equal(pca_cert_reason(cert), number);
        assert_int_equal(pca_cert_revoked_at(cert), T0 - 30 * DAY);
        pca_cert_free(cert);
        revoked++;
    }
    free(database);
    assert_int_equal(revoked, 2);
    const char *root = with_ending(f, "root", "pem"), *root_crl = put_crl(f, "root.crl", pca_root_ca(f->root)),
               *sub_crl = put_crl(f, "sub.crl", pca_sub_ca(f->sub));
    pem = with_ending(f, "sub", "pem");
    assert_openssl(f, with_ending(f, "one", "pem"), root, LIST(pem), LIST(root_crl, sub_crl));
    assert_openssl_refuses(f, with_ending(f, "two", "pem"), root, LIST(pem), LIST(root_crl, sub_crl), "certificate revoked");
    char *text = output_of("openssl", "crl", "-in", sub_crl, "-noout", "-text");
    assert_contains(text, "Revocation Date: Dec 16 12:00:00 2026 GMT");
    assert_contains(text, "Key Compromise");
    free(text);

    /* from now on they are like others: revoked, deleted, and no unit comes or goes */
    pca_cert *one = NULL;
    assert_ok(f->err, pca_ca_cert_by_serial(pca_sub_ca(f->sub), "dec:7936", &one, f->err)); /* 1F00: the first of its database */
    pca_files *files = NULL;
    assert_ok(f->err, pca_cert_export(one, PCA_FORMAT_PEM, PCA_WITH_CHAIN, NULL, &files, f->err));
    assert_int_equal(pca_files_count(files), 2);
    pca_files_free(files);
    assert_ok(f->err, pca_cert_revoke(one, PCA_REASON_CESSATION_OF_OPERATION, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(one, f->err));
    pca_cert_free(one);
    one = POISON;
    assert_refusal(f->err, PCA_E_EXISTS, NULL, "serial", import_issued(f, pca_sub_ca(f->sub), with_ending(f, "one", "pem"), &one));
    assert_poisoned(one);
    assert_ok(f->err, pca_region_check(f->region, f->err));
    text = next_crl(f, pca_sub_ca(f->sub));
    assert_int_equal(occurrences(text, "Serial Number: "), 3);
    free(text);
    assert_int_equal(remaining_of_sub(f, f->sub), units);
}

static void records_that_are_refused(void **state)
{
    struct fixture *f = *state;
    bring_in(f, ecc);
    const pca_ca *ca = pca_sub_ca(f->sub);
    foreign_root(f, "stranger", ecc, (struct signing){0});
    foreign_csr(f, "stranger", "/C=DE/O=Elsewhere/CN=sub");
    foreign_sign(f, "stranger", "stranger", (struct signing){.section = "root"}); /* the same name, another key */
    make_key(f, "leaf", ecc.kind, ecc.option);
    foreign_csr(f, "leaf", "/CN=a.internal");
    static const struct {
        const char *by, *section;
        int code;
    } rows[] = {
        {"stranger", "server", PCA_E_INVALID}, {"root", "server", PCA_E_INVALID}, {"sub", "sub", PCA_E_INVALID},
        {"sub", "noca", PCA_E_INVALID},        {"sub", "toomany", PCA_E_SAN},     {"sub", "many", PCA_OK},
    };
    pca_cert *cert = POISON;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *before = snapshot_store(f);
        const char *pem = foreign_sign(f, rows[i].by, "leaf", (struct signing){.section = rows[i].section});
        if (rows[i].code == PCA_OK) {
            free(before);
            assert_ok(f->err, import_issued(f, ca, pem, NULL));
            continue;
        }
        assert_refusal(f->err, rows[i].code, "call", "certificate", import_issued(f, ca, pem, &cert));
        assert_store_unchanged(f, before);
    }
    foreign_csr(f, "leaf", "/CN=b.internal");
    const char *pem = foreign_sign(f, "sub", "leaf", (struct signing){.section = "server"});
    size_t size;
    uint8_t *der = der_of(f, pem, &size);
    char *before = snapshot_store(f);
    for (size_t i = 1; i < size; i++)
        assert_refusal(f->err, PCA_E_INVALID, "call", "certificate", pca_ca_import_issued(ca, der, i, &cert, f->err));
    for (size_t i = 0; i < size; i += 7) {
        der[i] ^= 0x40;
        int rc = pca_ca_import_issued(ca, der, size, &cert, f->err);
        assert_true(rc == PCA_E_INVALID || rc == PCA_E_NAME || rc == PCA_E_SAN);
        der[i] ^= 0x40;
    }
    free(der);
    assert_code(f->err, PCA_E_INVALID, pca_ca_import_issued(ca, NULL, 1, &cert, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_import_issued(NULL, "x", 1, &cert, f->err));
    static const struct {
        const char *serial, *field;
        int64_t at;
        int reason;
        int64_t invalidity, not_after;
    } revoked[] = {
        {"", "serial", T0, 0, 0, 0},           {"0", "serial", T0, 0, 0, 0},          {"x1", "serial", T0, 0, 0, 0},
        {"1", "revoked_at", 0, 0, 0, 0},       {"1", "revoked_at", -5, 0, 0, 0},      {"1", "revoked_at", T0 + 1, 0, 0, 0},
        {"1", "reason", T0, 6, 0, 0},          {"1", "reason", T0, 8, 0, 0},          {"1", "reason", T0, 77, 0, 0},
        {"1", "invalidity", T0, 1, T0 + 1, 0}, {"1", "invalidity", T0, 1, -1, 0},     {"1", "not_after", T0, 0, 0, -1},
        {"112233445566778899aabbccddeeff00112233445566", "serial", T0, 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(revoked); i++)
        assert_refusal(f->err, PCA_E_INVALID, NULL, revoked[i].field,
                       pca_ca_import_revoked(ca, revoked[i].serial, revoked[i].at, revoked[i].reason, revoked[i].invalidity, revoked[i].not_after, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_import_revoked(ca, NULL, T0, 0, 0, 0, f->err));
    assert_poisoned(cert);
    assert_store_unchanged(f, before);
    buy(f, PCA_FAMILY_ECC);
    assert_code(f->err, PCA_E_STATE, import_issued(f, pca_sub_ca(f->sub), pem, &cert));
    assert_code(f->err, PCA_E_STATE, pca_ca_import_revoked(pca_sub_ca(f->sub), "1", T0, 0, 0, 0, f->err));
}

/* In whatever order the two kinds of record come. */
static void a_record_that_comes_after_its_revocation(void **state)
{
    struct fixture *f = *state;
    bring_in(f, ecc);
    const char *pem = old_leaf(f, "leaf", "/CN=a.internal", "server");
    assert_ok(f->err, pca_ca_import_revoked(pca_sub_ca(f->sub), "1f00", T0 - DAY, PCA_REASON_SUPERSEDED, 0, 0, f->err));
    pca_cert *cert = NULL;
    assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_cert_by_serial(pca_sub_ca(f->sub), "1f00", &cert, f->err));
    assert_ok(f->err, import_issued(f, pca_sub_ca(f->sub), pem, &cert));
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_REVOKED);
    assert_int_equal(pca_cert_revoked_at(cert), T0 - DAY);
    assert_ok(f->err, pca_region_check(f->region, f->err));
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, T0 - 2 * DAY, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    pca_cert_free(cert);
    char *crl = next_crl(f, pca_sub_ca(f->sub));
    assert_int_equal(occurrences(crl, "Serial Number: 1F00"), 1);
    assert_contains(crl, "Key Compromise");
    free(crl);
}

/* ---- Revoking what the store does not hold ---- */

static void pitfall_01_what_was_lost_or_never_held_is_revoked(void **state)
{
    struct fixture *f = *state;
    bring_in(f, ecc);
    const pca_ca *ca = pca_sub_ca(f->sub);
    const char *lost = old_leaf(f, "lost", "/CN=lost.internal", "server"), *never = old_leaf(f, "never", "/CN=never.internal", "server");
    size_t size, never_size;
    uint8_t *der = der_of(f, lost, &size);
    (void)never;
    assert_ok(f->err, pca_ca_revoke_der(ca, der, size, PCA_REASON_SUPERSEDED, 0, "first", f->err));
    assert_ok(f->err, pca_ca_revoke_serial(ca, "0x1F:01", PCA_REASON_UNSPECIFIED, 0, "second", f->err));
    const char *root = with_ending(f, "root", "pem"), *sub = with_ending(f, "sub", "pem"), *root_crl = put_crl(f, "root.crl", pca_root_ca(f->root)),
               *sub_crl = put_crl(f, "sub.crl", ca);
    assert_openssl_refuses(f, with_ending(f, "lost", "pem"), root, LIST(sub), LIST(root_crl, sub_crl), "certificate revoked");
    assert_openssl_refuses(f, with_ending(f, "never", "pem"), root, LIST(sub), LIST(root_crl, sub_crl), "certificate revoked");

    /* tokens; again; the one later change */
    f->clock.now += DAY;
    assert_ok(f->err, pca_ca_revoke_der(ca, der, size, PCA_REASON_SUPERSEDED, 0, "first", f->err));
    assert_ok(f->err, pca_ca_revoke_serial(ca, "dec:7937", PCA_REASON_UNSPECIFIED, 0, "second", f->err)); /* the same number */
    assert_code(f->err, PCA_E_TOKEN_REUSED, pca_ca_revoke_der(ca, der, size, PCA_REASON_UNSPECIFIED, 0, "first", f->err));
    assert_code(f->err, PCA_E_TOKEN_REUSED, pca_ca_revoke_serial(ca, "1f02", PCA_REASON_UNSPECIFIED, 0, "second", f->err));
    assert_code(f->err, PCA_E_STATE, pca_ca_revoke_der(ca, der, size, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_code(f->err, PCA_E_STATE, pca_ca_revoke_serial(ca, "1f01", PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_revoke_serial(ca, "1f01", PCA_REASON_KEY_COMPROMISE, T0 - DAY, NULL, f->err));
    char *crl = next_crl(f, ca);
    assert_int_equal(occurrences(crl, "Serial Number: "), 2);
    assert_int_equal(occurrences(crl, "Jan 15 12:00:00 2027 GMT"), 2); /* dates stay */
    assert_contains(crl, "Key Compromise");
    free(crl);

    /* a record that comes afterwards, and goes */
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_ca_import_issued(ca, der, size, &cert, f->err));
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_REVOKED);
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    pca_cert_free(cert);
    assert_ok(f->err, pca_region_check(f->region, f->err));
    assert_ok(f->err, pca_ca_revoke_der(ca, der, size, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err)); /* deleted and still changed */
    free(der);

    /* ... until its end is past and seen; what has an unknown end stays */
    set_policy(f, "max_clock_step_days", 36500);
    f->clock.now = utc(2030, 1, 2, 0, 0, 0);
    crl = next_crl(f, ca);
    assert_int_equal(occurrences(crl, "Serial Number: "), 2);
    free(crl);
    f->clock.now += DAY;
    crl = next_crl(f, ca);
    assert_lacks(crl, "Serial Number: 1F00");
    assert_contains(crl, "Serial Number: 1F01");
    free(crl);

    /* what is presented must be of this CA */
    foreign_root(f, "stranger", ecc, (struct signing){0});
    der = der_of(f, with_ending(f, "stranger", "pem"), &never_size);
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_INVALID, "call", "certificate", pca_ca_revoke_der(ca, der, never_size, 0, 0, NULL, f->err));
    free(der);
    foreign_csr(f, "stranger", "/C=DE/O=Elsewhere/CN=sub");
    foreign_sign(f, "stranger", "stranger", (struct signing){.section = "root"});
    der = der_of(f, foreign_sign(f, "stranger", "lost", (struct signing){.section = "server"}), &never_size);
    assert_refusal(f->err, PCA_E_INVALID, "call", "certificate", pca_ca_revoke_der(ca, der, never_size, 0, 0, NULL, f->err));
    for (size_t i = 1; i < never_size; i++)
        assert_refusal(f->err, PCA_E_INVALID, "call", "certificate", pca_ca_revoke_der(ca, der, i, 0, 0, NULL, f->err));
    free(der);
    der = der_of(f, foreign_sign(f, "sub", "lost", (struct signing){.section = "server"}), &never_size);
    assert_refusal(f->err, PCA_E_INVALID, NULL, "reason", pca_ca_revoke_der(ca, der, never_size, PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "reason", pca_ca_revoke_der(ca, der, never_size, 6, 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "serial", pca_ca_revoke_serial(ca, "xyz", 0, 0, NULL, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_revoke_serial(ca, NULL, 0, 0, NULL, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_revoke_der(ca, NULL, 0, 0, 0, NULL, f->err));
    assert_store_unchanged(f, before);
    /* when it is the clock that is wrong, revoking goes on */
    f->clock.now = T0 - 400 * DAY;
    assert_ok(f->err, pca_ca_revoke_der(ca, der, never_size, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_code(f->err, PCA_E_CLOCK, pca_ca_import_revoked(ca, "5", T0 - 500 * DAY, 0, 0, 0, f->err));
    free(der);
}

/* Others give out serial numbers, and dates, that libpca would not: no CRL fails for them. */
static void odd_serial_numbers_and_dates_are_listed(void **state)
{
    struct fixture *f = *state;
    const pca_ca *ca = pca_sub_ca(f->sub);
    static const char *const serials[] = {"1", "7f", "80", "ffffffffffffffffffffffffffffffffffffffff", "8000000000000000000000000000000000000000",
                                          "dec:1461501637330902918203684832716283019655932542974"}; /* 2^160 - 2 */
    for (size_t i = 0; i < COUNT(serials); i++)
        assert_ok(f->err, pca_ca_import_revoked(ca, serials[i], i ? T0 - (int64_t)i * 1000 * DAY : 1, PCA_REASON_UNSPECIFIED, 0, 0, f->err));
    const char *crl = put_crl(f, "odd.crl", ca);
    assert_run(0, "openssl", "crl", "-in", crl, "-CAfile", put_ca(f, "sub.pem", ca), "-noout");
    char *text = output_of("openssl", "crl", "-in", crl, "-noout", "-text");
    assert_int_equal(occurrences(text, "Serial Number: "), 6);
    assert_contains(text, "Serial Number: FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n");
    assert_contains(text, "Serial Number: FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE\n");
    assert_contains(text, "Revocation Date: Jan  1 00:00:01 1970 GMT");
    free(text);
    /* a reason for CAs, from a CA that has none below it, or no longer */
    assert_refusal(f->err, PCA_E_INVALID, object_name("sub", pca_ca_id(ca)), "reason", pca_ca_revoke_serial(ca, "123", PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    pca_sub *upper = NULL, *lower = NULL;
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &upper, f->err));
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &lower, f->err));
    pca_request *r = request_new_ca("Upper", NULL);
    assert_ok(NULL, pca_request_set_path_length(r, 1));
    assert_ok(f->err, pca_sub_enable(upper, r, f->err));
    pca_request_free(r);
    r = request_new_ca("Lower", NULL);
    assert_ok(f->err, pca_sub_enable_under(lower, pca_sub_ca(upper), r, f->err));
    pca_request_reset(r);
    assert_ok(f->err, pca_ca_revoke_serial(pca_sub_ca(upper), "123", PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_revoke(pca_sub_ca(lower), PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    assert_ok(NULL, pca_request_set_path_length(r, 0));
    assert_ok(f->err, pca_ca_reissue(pca_sub_ca(upper), r, f->err));
    pca_request_free(r);
    text = next_crl(f, pca_sub_ca(upper));
    assert_int_equal(occurrences(text, "CA Compromise"), 2);
    free(text);
    pca_sub_free(upper);
    pca_sub_free(lower);
}

/* What is held is revoked as ever, and CAs with their certificates. */
static void what_is_held_is_revoked_by_its_serial_number(void **state)
{
    struct fixture *f = *state;
    const pca_ca *ca = pca_sub_ca(f->sub), *root = pca_root_ca(f->root);
    pca_cert *one = issue(f, f->sub, "one.internal"), *two = issue(f, f->sub, "two.internal");
    pca_blob *der = NULL, *first = NULL, *second = NULL, *of_root = NULL;
    assert_ok(f->err, pca_cert_der(two, &der, f->err));
    assert_ok(f->err, pca_ca_revoke_serial(ca, pca_cert_serial(one), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_revoke_der(ca, pca_blob_data(der), pca_blob_size(der), PCA_REASON_KEY_COMPROMISE, T0 - DAY, NULL, f->err));
    refresh_cert(f, &one);
    refresh_cert(f, &two);
    assert_int_equal(pca_cert_status(one), PCA_STATUS_REVOKED);
    assert_int_equal(pca_cert_reason(two), PCA_REASON_KEY_COMPROMISE);
    assert_code(f->err, PCA_E_STATE, pca_ca_revoke_serial(ca, pca_cert_serial(one), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_INVALID, NULL, "reason", pca_ca_revoke_serial(ca, pca_cert_serial(one), PCA_REASON_CA_COMPROMISE, 0, NULL, f->err));
    assert_revoked(f, one);
    assert_revoked(f, two);
    assert_ok(f->err, pca_cert_delete(one, f->err));
    assert_code(f->err, PCA_E_STATE, pca_ca_revoke_serial(ca, pca_cert_serial(one), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_revoke_serial(ca, pca_cert_serial(one), PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    char *crl = next_crl(f, ca);
    assert_int_equal(occurrences(crl, "Key Compromise"), 2);
    free(crl);
    pca_cert_free(one);
    pca_cert_free(two);
    pca_blob_free(der);

    /* of a subordinate: an old certificate goes alone, its present one takes the CA with it */
    assert_ok(f->err, pca_ca_certificate(ca, PCA_FORMAT_DER, &first, f->err));
    pca_request *r = pca_request_new();
    assert_ok(f->err, pca_ca_reissue(ca, r, f->err));
    pca_request_free(r);
    assert_ok(f->err, pca_ca_certificate(ca, PCA_FORMAT_DER, &second, f->err));
    assert_ok(f->err, pca_ca_certificate(root, PCA_FORMAT_DER, &of_root, f->err));
    assert_ok(f->err, pca_ca_revoke_der(root, pca_blob_data(first), pca_blob_size(first), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_int_equal(state_of(f, ca), PCA_CA_ENABLED);
    crl = next_crl(f, root);
    assert_int_equal(occurrences(crl, "Serial Number: "), 1);
    free(crl);
    f->clock.now += DAY;
    assert_ok(f->err, pca_ca_revoke_der(root, pca_blob_data(second), pca_blob_size(second), PCA_REASON_CESSATION_OF_OPERATION, 0, NULL, f->err));
    assert_int_equal(state_of(f, ca), PCA_CA_REVOKED);
    crl = next_crl(f, root);
    assert_int_equal(occurrences(crl, "Serial Number: "), 2);
    assert_int_equal(occurrences(crl, "Revocation Date: Jan 15 12:00:00 2027 GMT"), 1);
    assert_int_equal(occurrences(crl, "Revocation Date: Jan 16 12:00:00 2027 GMT"), 1);
    free(crl);
    assert_refusal(f->err, PCA_E_STATE, NULL, "serial",
                   pca_ca_revoke_der(root, pca_blob_data(of_root), pca_blob_size(of_root), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_refusal(f->err, PCA_E_STATE, NULL, "serial", pca_ca_revoke_serial(root, pca_ca_serial(root), PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    pca_blob_free(first);
    pca_blob_free(second);
    pca_blob_free(of_root);
}

/* Not knowing whose key signed it, the CRLs of all keys say so. */
static void a_serial_number_on_the_crls_of_all_keys(void **state)
{
    struct fixture *f = *state;
    pca_request *r = pca_request_new();
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/sub-2.crl"));
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(f->sub), r, f->err));
    refresh_sub(f, &f->sub);
    const pca_ca *ca = pca_sub_ca(f->sub);
    assert_ok(f->err, pca_ca_revoke_serial(ca, "abcdef", PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    for (uint64_t g = 1; g <= 2; g++) {
        pca_blob *blob = NULL;
        assert_ok(f->err, pca_ca_crl_get_at(ca, g, PCA_FORMAT_PEM, &blob, f->err));
        char *text = output_of("openssl", "crl", "-in", put_blob(f, "crl.pem", blob), "-noout", "-text");
        assert_contains(text, "Serial Number: ABCDEF");
        free(text);
    }
    assert_ok(f->err, pca_ca_revoke_serial(ca, "abcdef", PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    assert_ok(f->err, pca_region_check(f->region, f->err));
    /* a third key does not list it: it was revoked before that was there */
    pca_request_reset(r);
    assert_ok(NULL, pca_request_set_crl_url(r, "http://crl.example/sub-3.crl"));
    assert_ok(f->err, pca_ca_rekey(ca, r, f->err));
    pca_request_free(r);
    assert_code(f->err, PCA_E_STATE, pca_ca_revoke_serial(ca, "abcdef", PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    /* nor is anything taken in when no key lists any more */
    set_policy(f, "max_clock_step_days", 36500);
    f->clock.now = T0 + 11 * YEAR;
    assert_refusal(f->err, PCA_E_EXPIRED, object_name("sub", pca_ca_id(ca)), "not_after",
                   pca_ca_revoke_serial(ca, "abcd", PCA_REASON_SUPERSEDED, 0, NULL, f->err));
}

static void a_backup_holds_what_was_brought_in(void **state)
{
    struct fixture *f = *state;
    pca_root *second = NULL;
    pca_sub *waiting = NULL;
    bring_in(f, ecc);
    assert_ok(f->err, import_issued(f, pca_sub_ca(f->sub), old_leaf(f, "one", "/CN=one.internal", "server"), NULL));
    assert_ok(f->err, import_issued(f, pca_sub_ca(f->sub), old_leaf(f, "two", "/CN=two.internal", "both"), NULL));
    assert_ok(f->err, pca_ca_import_revoked(pca_sub_ca(f->sub), "1F01", T0 - DAY, PCA_REASON_SUPERSEDED, 0, 0, f->err));
    assert_ok(f->err, pca_ca_revoke_serial(pca_sub_ca(f->sub), "ABCDEF", PCA_REASON_UNSPECIFIED, 0, "gone", f->err));
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, &second, NULL);
    enable_root(f, &second, "Second Root");
    cross(f, "crossed.pem", pca_root_ca(second), pca_root_ca(f->root), pca_request_new());
    assert_ok(f->err, pca_root_purchase_sub(f->root, 100, NULL, &waiting, f->err));
    put_csr(f, "waiting.csr", pca_sub_ca(waiting), request_csr("Waiting"));
    foreign_sign(f, "root", "waiting", (struct signing){0});
    const uint64_t ids[] = {pca_ca_id(pca_root_ca(f->root)), pca_ca_id(pca_sub_ca(f->sub)), pca_ca_id(pca_root_ca(second)), pca_ca_id(pca_sub_ca(waiting))};
    uint64_t units = remaining_of_sub(f, f->sub);
    assert_ok(f->err, pca_region_backup_write(f->region, file_path(f, "backup"), NULL, f->err));

    pca_root_free(f->root), pca_root_free(second), pca_sub_free(f->sub), pca_sub_free(waiting);
    pca_region_close(f->region);
    f->region = NULL;
    snprintf(f->path, sizeof f->path, "%s/restored", f->dir);
    assert_ok(f->err, pca_region_restore_read(f->path, file_path(f, "backup"), f->config, NULL, &f->region, f->err));
    assert_ok(f->err, pca_region_check(f->region, f->err));
    assert_ok(f->err, pca_region_root_get(f->region, ids[0], &f->root, f->err));
    assert_ok(f->err, pca_region_sub_get(f->region, ids[1], &f->sub, f->err));
    assert_ok(f->err, pca_region_root_get(f->region, ids[2], &second, f->err));
    assert_ok(f->err, pca_region_sub_get(f->region, ids[3], &waiting, f->err));

    const pca_ca *ca = pca_sub_ca(f->sub);
    char *text = next_crl(f, ca);
    assert_int_equal(occurrences(text, "Serial Number: "), 2);
    assert_contains(text, "Serial Number: 1F01");
    assert_contains(text, "Serial Number: ABCDEF");
    free(text);
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_ca_cert_by_serial(ca, "1f:00", &cert, f->err));
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_ISSUED);
    pca_cert_free(cert);
    assert_code(f->err, PCA_E_EXISTS, import_issued(f, ca, with_ending(f, "two", "pem"), NULL));
    assert_ok(f->err, pca_ca_revoke_serial(ca, "ABCDEF", PCA_REASON_UNSPECIFIED, 0, "gone", f->err)); /* the same call again */
    assert_code(f->err, PCA_E_STATE, pca_ca_revoke_serial(ca, "ABCDEF", PCA_REASON_UNSPECIFIED, 0, NULL, f->err));
    pca_blob *list = NULL;
    assert_ok(f->err, pca_ca_cross_certificates(pca_root_ca(second), &list, f->err));
    text = (char *)file_read(file_path(f, "crossed.pem"), NULL);
    assert_int_equal(pca_blob_size(list), strlen(text));
    assert_memory_equal(pca_blob_data(list), text, strlen(text));
    free(text);
    pca_blob_free(list);
    assert_ok(f->err, accept_file(f, pca_sub_ca(waiting), with_ending(f, "waiting", "pem"))); /* its key came along */
    assert_int_equal(remaining_of_sub(f, f->sub), units);
    assert_ok(f->err, pca_root_assign(f->root, f->sub, units - 1, units, NULL, f->err));
    assert_ok(f->err, pca_root_assign(f->root, waiting, 1, 0, NULL, f->err));
    refresh_sub(f, &waiting);
    const char *root = with_ending(f, "root", "pem"), *sub = with_ending(f, "sub", "pem"), *between = with_ending(f, "waiting", "pem");
    cert = issue(f, waiting, "a.internal");
    assert_openssl(f, put_cert(f, "a.pem", cert), root, LIST(between), NONE);
    pca_cert_free(cert);
    cert = issue(f, f->sub, "b.internal");
    assert_openssl(f, put_cert(f, "b.pem", cert), root, LIST(sub), NONE);
    pca_cert_free(cert);

    /* what was issued after the backup, and is lost with it, is revoked by presenting it */
    size_t size;
    uint8_t *der = der_of(f, old_leaf(f, "late", "/CN=late.internal", "server"), &size);
    assert_ok(f->err, pca_ca_revoke_der(ca, der, size, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    free(der);
    root = with_ending(f, "root", "pem"), sub = with_ending(f, "sub", "pem");
    const char *root_crl = put_crl(f, "root.crl", pca_root_ca(f->root)), *sub_crl = put_crl(f, "sub.crl", ca);
    assert_openssl_refuses(f, with_ending(f, "late", "pem"), root, LIST(sub), LIST(root_crl, sub_crl), "certificate revoked");
    assert_openssl(f, with_ending(f, "one", "pem"), root, LIST(sub), LIST(root_crl, sub_crl));
    assert_ok(f->err, pca_region_check(f->region, f->err));
    pca_root_free(second);
    pca_sub_free(waiting);
}

/* ---- Policies for serial numbers and keys ---- */

static void opaque_serials_tell_nothing(void **state)
{
    struct fixture *f = *state;
    pca_cert *before = issue(f, f->sub, "before.internal");
    set_policy(f, "opaque_serials", 1);
    stock(f, f->root, f->sub, 300);
    pca_cert **certs = issue_bulk(f, f->sub, "a.internal", 300);
    /* octets 1 to 5 were the sequence; now they differ all over */
    unsigned seen[256] = {0}, kinds = 0;
    for (size_t i = 0; i < 300; i++) {
        unsigned octet = 0;
        assert_int_equal(strlen(pca_cert_serial(certs[i])), 32);
        assert_int_equal(sscanf(pca_cert_serial(certs[i]) + 2, "%2x", &octet), 1);
        seen[octet]++;
    }
    for (int i = 0; i < 256; i++)
        kinds += seen[i] != 0;
    assert_true(kinds > 100);
    set_policy(f, "opaque_serials", 0);
    pca_cert *after = issue(f, f->sub, "after.internal");
    set_policy(f, "opaque_serials", 1);
    pca_request *r = pca_request_new();
    assert_ok(f->err, pca_ca_reissue(pca_sub_ca(f->sub), r, f->err)); /* a CA's own is no less random */
    pca_request_free(r);
    const pca_cert *const all[] = {before, certs[0], certs[299], after};
    for (size_t i = 0; i < COUNT(all); i++) {
        const char *serial = pca_cert_serial(all[i]);
        char spelled[4][128] = {"", "0x", "", "000"};
        for (size_t j = 0; serial[j]; j++) {
            snprintf(spelled[0] + strlen(spelled[0]), 4, "%c%c", serial[j], (j & 1) && serial[j + 1] ? ':' : 0);
            snprintf(spelled[1] + strlen(spelled[1]), 2, "%c", serial[j]);
            snprintf(spelled[2] + strlen(spelled[2]), 2, "%c", serial[j] >= 'a' ? serial[j] - 'a' + 'A' : serial[j]);
            snprintf(spelled[3] + strlen(spelled[3]), 2, "%c", serial[j]);
        }
        for (size_t j = 0; j < COUNT(spelled); j++) {
            pca_cert *found = NULL;
            assert_ok(f->err, pca_ca_cert_by_serial(pca_sub_ca(f->sub), spelled[j], &found, f->err));
            assert_int_equal(pca_cert_id(found), pca_cert_id(all[i]));
            pca_cert_free(found);
        }
        pca_cert *none = POISON;
        assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_cert_by_serial(pca_root_ca(f->root), serial, &none, f->err));
        assert_poisoned(none);
    }
    assert_ok(f->err, pca_region_check(f->region, f->err));
    assert_ok(f->err, pca_cert_revoke(certs[5], PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_revoked(f, certs[5]);
    free_bulk(certs, 300);
    pca_cert_free(before);
    pca_cert_free(after);
}

/* Serial numbers are drawn in pieces of at most 24 octets: those repeat, keys do not. */
struct stuck_random {
    int stuck;
    uint64_t state;
};

static int stuck_fill(void *context, uint8_t *buffer, size_t size, pca_error *err)
{
    struct stuck_random *random = context;
    (void)err;
    for (size_t i = 0; i < size; i++) {
        random->state = random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        buffer[i] = random->stuck && size <= 24 ? 0x5A : (uint8_t)(random->state >> 33);
    }
    return PCA_OK;
}

static void pitfall_20_opaque_serials_never_repeat(void **state)
{
    struct fixture *f = *state;
    struct stuck_random random = {0, 1};
    struct pca_entropy table = {PCA_ENTROPY_VERSION, &random, stuck_fill};
    uint64_t root_id = pca_ca_id(pca_root_ca(f->root)), sub_id = pca_ca_id(pca_sub_ca(f->sub));
    assert_ok(NULL, pca_config_set_test_random(f->config, &table));
    set_policy(f, "opaque_serials", 1);
    reopen_region(f);
    assert_ok(f->err, pca_region_root_get(f->region, root_id, &f->root, f->err));
    assert_ok(f->err, pca_region_sub_get(f->region, sub_id, &f->sub, f->err));
    random.stuck = 1;
    pca_cert *one = issue(f, f->sub, "one.internal"), *none = POISON;
    uint64_t units = remaining_of_sub(f, f->sub);
    char *before = snapshot_store(f);
    pca_request *r = request_new_server("two.internal");
    assert_refusal(f->err, PCA_E_CRYPTO, NULL, "serial", pca_sub_request(f->sub, r, &none, f->err));
    assert_message(f->err, "repeats");
    assert_store_unchanged(f, before);
    assert_poisoned(none);
    assert_int_equal(remaining_of_sub(f, f->sub), units);
    /* revoked and deleted, its number stays taken */
    assert_ok(f->err, pca_cert_revoke(one, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(one, f->err));
    assert_code(f->err, PCA_E_CRYPTO, pca_sub_request(f->sub, r, &none, f->err));
    /* another issuer's numbers are others: the subordinate's next certificate is the root's first of that number */
    pca_request *again = pca_request_new();
    assert_ok(f->err, pca_ca_reissue(pca_sub_ca(f->sub), again, f->err));
    assert_refusal(f->err, PCA_E_CRYPTO, NULL, "serial", pca_ca_reissue(pca_sub_ca(f->sub), again, f->err));
    pca_request_free(again);
    random.stuck = 0;
    pca_cert *two = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &two, f->err));
    assert_string_not_equal(pca_cert_serial(one), pca_cert_serial(two));
    pca_request_free(r);
    pca_cert_free(one);
    pca_cert_free(two);
}

static pca_request *request_with_key(struct fixture *f, const char *common_name, const char *key)
{
    size_t size;
    uint8_t *spki = spki_of(f, key, &size);
    pca_request *r = request_new_server(common_name);
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    free(spki);
    return r;
}

static void issue_with_key(struct fixture *f, const char *common_name, const char *key, pca_cert **cert)
{
    pca_request *r = request_with_key(f, common_name, key);
    assert_ok(f->err, pca_sub_request(f->sub, r, cert, f->err));
    pca_request_free(r);
}

static void refuse_with_key(struct fixture *f, const char *common_name, const char *key, const char *part)
{
    pca_request *r = request_with_key(f, common_name, key);
    assert_refused(f, f->sub, r, PCA_E_CSR, "request", "public_key", part);
    pca_request_free(r);
}

static void keys_that_are_used_again(void **state)
{
    struct fixture *f = *state;
    char key[2][128], ca_key[128];
    pca_cert *cert = NULL;
    snprintf(key[0], sizeof key[0], "%s", make_key(f, "one", ecc.kind, ecc.option));
    snprintf(key[1], sizeof key[1], "%s", make_key(f, "two", ecc.kind, ecc.option));
    stock(f, f->root, f->sub, 20);
    /* policy off: the caller's affair, but for keys of CAs */
    issue_with_key(f, "a.internal", key[0], &cert);
    pca_cert_free(cert);
    issue_with_key(f, "b.internal", key[0], &cert);
    pca_cert_free(cert);
    bring_in(f, ecc);
    snprintf(ca_key, sizeof ca_key, "%s", with_ending(f, "root", "key"));
    refuse_with_key(f, "a.internal", ca_key, "CA of this region");
    snprintf(ca_key, sizeof ca_key, "%s", with_ending(f, "sub", "key"));
    refuse_with_key(f, "a.internal", ca_key, "CA of this region");

    set_policy(f, "refuse_reused_key", 1);
    issue_with_key(f, "a.internal", key[1], &cert);
    refuse_with_key(f, "b.internal", key[1], "another subject");
    pca_cert_free(cert);
    issue_with_key(f, "a.internal", key[1], &cert); /* a renewal */
    refuse_with_key(f, "a.internal", ca_key, "CA of this region");
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    pca_cert_free(cert);
    issue_with_key(f, "a.internal", key[1], &cert);
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    pca_cert_free(cert);
    refuse_with_key(f, "a.internal", key[1], "compromised");
    /* the same by a CSR, and for a CA */
    assert_run(0, "openssl", "req", "-new", "-key", key[1], "-subj", "/CN=x", "-out", file_path(f, "x.csr"));
    size_t size;
    uint8_t *csr = file_read(file_path(f, "x.csr"), &size);
    pca_request *r = request_new_server("a.internal");
    assert_ok(NULL, pca_request_set_csr(r, csr, size));
    assert_refused(f, f->sub, r, PCA_E_CSR, "request", "csr", "compromised");
    pca_request_free(r);
    pca_sub *slot = NULL;
    assert_ok(f->err, pca_root_purchase_sub(f->root, 60, NULL, &slot, f->err));
    r = request_new_ca("Slot", NULL);
    assert_ok(NULL, pca_request_set_csr(r, csr, size));
    assert_refusal(f->err, PCA_E_CSR, "request", "csr", pca_sub_enable(slot, r, f->err));
    pca_request_free(r);
    free(csr);
    /* a CA's key that was a leaf's before */
    assert_run(0, "openssl", "req", "-new", "-key", key[0], "-subj", "/CN=y", "-out", file_path(f, "y.csr"));
    issue_with_key(f, "y", key[0], &cert);
    pca_cert_free(cert);
    pca_sub_free(slot);
    set_policy(f, "refuse_reused_key", 0);
    issue_with_key(f, "b.internal", key[1], &cert);
    pca_cert_free(cert);
}

/* Policy refuse_reused_key: a key that was given up is nobody's again, whether its certificate was held, presented, or came later. */
static void keys_of_certificates_that_were_not_held(void **state)
{
    struct fixture *f = *state;
    bring_in(f, ecc);
    const pca_ca *ca = pca_sub_ca(f->sub);
    set_policy(f, "refuse_reused_key", 1);
    const char *lost = old_leaf(f, "lost", "/CN=a.internal", "server"), *late = old_leaf(f, "late", "/CN=b.internal", "server");
    char lost_key[PATH_MAX], late_key[PATH_MAX];
    size_t size;
    snprintf(lost_key, sizeof lost_key, "%s", with_ending(f, "lost", "key"));
    snprintf(late_key, sizeof late_key, "%s", with_ending(f, "late", "key"));
    uint8_t *der = der_of(f, lost, &size);
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_ca_revoke_der(ca, der, size, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    issue_with_key(f, "a.internal", lost_key, &cert);
    pca_cert_free(cert);
    assert_ok(f->err, pca_ca_revoke_der(ca, der, size, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    refuse_with_key(f, "a.internal", lost_key, "compromised");
    free(der);
    assert_ok(f->err, pca_ca_import_revoked(ca, "1f01", T0 - DAY, PCA_REASON_KEY_COMPROMISE, 0, 0, f->err));
    assert_ok(f->err, import_issued(f, ca, late, &cert));
    assert_int_equal(pca_cert_status(cert), PCA_STATUS_REVOKED);
    pca_cert_free(cert);
    refuse_with_key(f, "b.internal", late_key, "compromised");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_REGION(an_imported_ca_issues_under_its_own_certificate),
        TEST_REGION(labels_of_a_slot),
        TEST_REGION(an_imported_ca_lives_on),
        TEST_REGION(an_imported_ca_without_a_key_identifier),
        TEST_REGION(crl_numbers_go_on),
        TEST_REGION(a_root_whose_key_lives_elsewhere),
        TEST_REGION(nothing_outlives_the_chain),
        TEST_REGION(what_binds_an_imported_ca),
        TEST_REGION(pitfall_16_a_path_length_further_up),
        TEST_REGION(pitfall_17_only_a_ca_is_an_issuer),
        TEST_REGION(pitfall_17_an_ended_ca),
        TEST_REGION(pitfall_17_a_key_that_does_not_match),
        TEST_REGION(pitfall_17_keys_that_are_weak_or_of_another_family),
        TEST_REGION(pitfall_17_whoever_signed_it_is_there_and_usable),
        TEST_REGION(arguments_of_an_import),
        TEST_REGION(pitfall_17_octets_changed_or_missing),
        TEST_REGION(a_csr_for_a_root_elsewhere),
        TEST_REGION(a_root_that_a_root_elsewhere_signed),
        TEST_REGION(certificates_that_are_not_accepted),
        TEST_ECC(requests_for_a_csr),
        TEST_ECC(a_leaf_verifies_under_both_roots),
        TEST_ECC(a_ca_of_the_same_name_is_not_crossed),
        TEST_ECC(a_subordinate_crosses_a_root),
        TEST_ECC(another_regions_ca_is_crossed_and_a_foreign_one_by_policy),
        TEST_REGION(records_come_from_a_database),
        TEST_REGION(records_that_are_refused),
        TEST_REGION(a_record_that_comes_after_its_revocation),
        TEST_REGION(pitfall_01_what_was_lost_or_never_held_is_revoked),
        TEST_ECC(odd_serial_numbers_and_dates_are_listed),
        TEST_ECC(what_is_held_is_revoked_by_its_serial_number),
        TEST_ECC(a_serial_number_on_the_crls_of_all_keys),
        TEST_REGION(a_backup_holds_what_was_brought_in),
        TEST_ECC(opaque_serials_tell_nothing),
        TEST_ECC(pitfall_20_opaque_serials_never_repeat),
        TEST_ECC(keys_that_are_used_again),
        TEST_REGION(keys_of_certificates_that_were_not_held),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
