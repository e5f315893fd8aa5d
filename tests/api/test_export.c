/* Downloads: every format with every flag, password, key container and status; and what openssl finds in them. */
#include "leaf.h"

#include <dirent.h>

#define ALL_FLAGS (PCA_WITH_CHAIN | PCA_WITH_ROOT | PCA_PLAIN_KEY | PCA_LEGACY | PCA_WITH_PASSWORD_FILE)
#define SECRET "correct horse 1"

/* ---- What each format is ---- */

static const struct layout {
    int format;
    int flags;                         /* that it takes */
    int is_store;
    const char *plain, *chained, *rooted; /* files of the certificates: without chain, with it, and with the root too */
    const char *key, *root;
} layouts[] = {
    {PCA_FORMAT_PEM, 1 | 2 | 4 | 16, 0, "a.internal.pem", "a.internal.pem", "a.internal.pem", "a.internal.key", "root.pem"},
    {PCA_FORMAT_DER, 1 | 2 | 4 | 16, 0, "a.internal.der", "a.internal.der chain-1.der", "a.internal.der chain-1.der chain-2.der",
     "a.internal.key", "root.der"},
    {PCA_FORMAT_PFX, 1 | 2 | 8 | 16, 1, "a.internal.pfx", "a.internal.pfx", "a.internal.pfx", "", "root.pem"},
    {PCA_FORMAT_JKS, 1 | 2 | 16, 1, "a.internal.jks", "a.internal.jks", "a.internal.jks", "", "root.pem"},
    {PCA_FORMAT_PKCS8, 1 | 2 | 4 | 16, 0, "a.internal.pem", "a.internal.pem", "a.internal.pem", "a.internal.key", "root.pem"},
    {PCA_FORMAT_CRT, 1 | 2 | 4 | 16, 0, "a.internal_public.crt", "a.internal_public.crt a.internal_chain.crt",
     "a.internal_public.crt a.internal_chain.crt", "a.internal.key", "root.pem"},
    {PCA_FORMAT_PKCS7, 1 | 2 | 4 | 16, 0, "a.internal.p7b", "a.internal.p7b", "a.internal.p7b", "a.internal.key", "root.pem"},
};

static const struct password {
    const char *name;
    int in_files, in_jks; /* 1: good there */
    const char *text;     /* NULL and a name: none */
} passwords[] = {
    {"none", 1, 1, NULL},
    {"empty", 0, 0, ""},
    {"one", 1, 0, "~"},
    {"five", 1, 0, "abcde"},
    {"six", 1, 1, " bcde "},
    {"largest", 1, 1, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {"too long", 0, 0, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef!"},
    {"umlaut", 0, 0, "geheimnisvoll\xC3\xA4"},
    {"tab", 0, 0, "geheim\tnis"},
    {"line", 0, 0, "geheimnis\n"},
    {"delete", 0, 0, "geheimnis\x7F"},
};

struct row {
    const struct layout *layout;
    int flags;
    const struct password *password;
    int container, revoked;
};

/* The rules, in their order. *field: "" where the object is the certificate. */
static int expected_code(const struct row *r, const char **field)
{
    const char *password = r->password->text;
    int good = r->layout->format == PCA_FORMAT_JKS ? r->password->in_jks : r->password->in_files;
    *field = "flags";
    if (r->flags & ~r->layout->flags)
        return PCA_E_INVALID;
    if ((r->flags & PCA_WITH_PASSWORD_FILE) && !password)
        return PCA_E_INVALID;
    *field = "password";
    if (password ? (r->flags & PCA_PLAIN_KEY) || !good : r->layout->is_store)
        return PCA_E_INVALID;
    *field = "";
    if (!password && !(r->flags & PCA_PLAIN_KEY))
        return PCA_OK;
    return r->container != PCA_CONTAINER_MANAGED ? PCA_E_NOT_EXPORTABLE : r->revoked ? PCA_E_STATE : PCA_OK;
}

static void print_row(const struct row *r)
{
    print_error("format %d, flags %d, password \"%s\", container %d, %s\n", r->layout->format, r->flags, r->password->name, r->container,
                r->revoked ? "revoked" : "issued");
}

static void expect_names(const struct row *r, const pca_files *files)
{
    char expected[512], seen[512] = "", *at, *rest;
    const struct layout *l = r->layout;
    int has_key = r->password->text || (r->flags & PCA_PLAIN_KEY);
    snprintf(expected, sizeof expected, "%s %s %s %s",
             r->flags & PCA_WITH_ROOT ? l->rooted : r->flags & PCA_WITH_CHAIN ? l->chained : l->plain, has_key ? l->key : "", l->root,
             r->flags & PCA_WITH_PASSWORD_FILE ? "a.internal_password.txt" : "");
    uint64_t count = 0;
    for (at = strtok_r(expected, " ", &rest); at; at = strtok_r(NULL, " ", &rest), count++)
        if (index_of(files, at) < 0) {
            print_row(r);
            print_error("there is no %s\n", at);
            fail();
        }
    for (uint64_t i = 0; i < pca_files_count(files); i++)
        snprintf(seen + strlen(seen), sizeof seen - strlen(seen), " %s", pca_files_name(files, i));
    if (count != pca_files_count(files)) {
        print_row(r);
        print_error("too many files:%s\n", seen);
        fail();
    }
}

static void try_row(struct fixture *f, const pca_cert *cert, const struct row *r)
{
    pca_files *files = POISON;
    const char *field, *password = r->password->text;
    int expected = expected_code(r, &field);
    int seen = pca_cert_export(cert, r->layout->format, r->flags, password, &files, f->err);
    if (seen != expected)
        print_row(r);
    const char *object = !expected ? NULL : expected == PCA_E_INVALID ? "call" : object_name("cert", pca_cert_id(cert));
    if (expected == PCA_OK) {
        assert_ok(f->err, seen);
        expect_names(r, files);
        pca_files_free(files);
        return;
    }
    assert_refusal(f->err, expected, object, *field ? field : NULL, seen);
    assert_poisoned(files);
    if (password && strlen(password) > 2)
        assert_null(strstr(pca_error_message(f->err), password));
}

/* Encrypting takes a while, and once for each way of encrypting is enough: of the good passwords, one per flags. */
static int is_worth_it(const struct row *r, unsigned number)
{
    const char *field;
    if (expected_code(r, &field) != PCA_OK || !r->password->text)
        return 1;
    static const char *const chosen[] = {"six", "largest"};
    return strcmp(r->password->name, chosen[number % 2]) == 0;
}

static pca_cert *certificate_in(struct fixture *f, int container)
{
    pca_cert *cert = NULL;
    size_t size;
    pca_request *r = request_new_server("a.internal");
    if (container == PCA_CONTAINER_CSR) {
        const char *key = make_key(f, "theirs", "EC", "ec_paramgen_curve:P-256"), *path = file_path(f, "theirs.csr");
        assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/CN=csr", "-out", path);
        uint8_t *csr = file_read(path, &size);
        assert_ok(NULL, pca_request_set_csr(r, csr, size));
        free(csr);
    } else if (container == PCA_CONTAINER_PUBLIC) {
        const uint8_t *spki = some_spki(f, &size);
        assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    }
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    assert_int_equal(pca_cert_container(cert), container);
    pca_request_free(r);
    return cert;
}

static void every_row(void **state)
{
    struct fixture *f = *state;
    static const int containers[] = {PCA_CONTAINER_MANAGED, PCA_CONTAINER_CSR, PCA_CONTAINER_PUBLIC};
    unsigned tried = 0;
    for (size_t c = 0; c < COUNT(containers); c++) {
        pca_cert *cert = certificate_in(f, containers[c]);
        for (int revoked = 0; revoked < 2; revoked++) {
            if (revoked)
                assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
            for (size_t l = 0; l < COUNT(layouts); l++)
                for (int flags = 0; flags <= ALL_FLAGS; flags++)
                    for (size_t p = 0; p < COUNT(passwords); p++) {
                        struct row row = {&layouts[l], flags, &passwords[p], containers[c], revoked};
                        if (!is_worth_it(&row, l + (unsigned)flags))
                            continue;
                        try_row(f, cert, &row);
                        tried++;
                    }
        }
        pca_cert_free(cert);
    }
    assert_true(tried > 7 * 32 * 8 * 6);
}

static void unknown_flags_and_limits(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    pca_files *files = POISON;
    pca_blob *blob = POISON;
    static const int unknown[] = {32, 64, -1, INT_MIN, ALL_FLAGS + 1};
    char *before = snapshot_store(f);
    for (size_t l = 0; l < COUNT(layouts); l++)
        for (size_t i = 0; i < COUNT(unknown); i++)
            assert_refusal(f->err, PCA_E_INVALID, "call", "flags", pca_cert_export(cert, layouts[l].format, unknown[i], SECRET, &files, f->err));
    /* The text names the limit. */
    assert_refusal(f->err, PCA_E_INVALID, "call", "password", pca_cert_export(cert, PCA_FORMAT_JKS, 0, "short", &files, f->err));
    assert_message(f->err, "6 to 128 printable ASCII");
    assert_refusal(f->err, PCA_E_INVALID, "call", "password", pca_cert_export(cert, PCA_FORMAT_PFX, 0, "", &files, f->err));
    assert_message(f->err, "1 to 128 printable ASCII");
    assert_refusal(f->err, PCA_E_INVALID, "call", "password", pca_cert_export(cert, PCA_FORMAT_PFX, 0, NULL, &files, f->err));
    assert_message(f->err, "PFX needs a password");
    assert_refusal(f->err, PCA_E_INVALID, "call", "flags", pca_cert_export(cert, PCA_FORMAT_PFX, PCA_PLAIN_KEY, SECRET, &files, f->err));
    assert_message(f->err, "always encrypted");
    /* The key alone. */
    static const int formats[] = {PCA_FORMAT_PFX, PCA_FORMAT_JKS, PCA_FORMAT_PKCS8, PCA_FORMAT_CRT, PCA_FORMAT_PKCS7};
    for (size_t i = 0; i < COUNT(formats); i++)
        assert_refusal(f->err, PCA_E_INVALID, "call", "format", pca_cert_export_key(cert, formats[i], 0, SECRET, &blob, f->err));
    for (int flags = 1; flags <= ALL_FLAGS + 1; flags++)
        if (flags != PCA_PLAIN_KEY)
            assert_refusal(f->err, PCA_E_INVALID, "call", "flags", pca_cert_export_key(cert, PCA_FORMAT_PEM, flags, SECRET, &blob, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "password", pca_cert_export_key(cert, PCA_FORMAT_PEM, 0, NULL, &blob, f->err));
    assert_message(f->err, "PCA_PLAIN_KEY");
    assert_refusal(f->err, PCA_E_INVALID, "call", "password", pca_cert_export_key(cert, PCA_FORMAT_DER, PCA_PLAIN_KEY, SECRET, &blob, f->err));
    assert_null(strstr(pca_error_message(f->err), SECRET));
    assert_refusal(f->err, PCA_E_INVALID, "call", "password", pca_cert_export_key(cert, PCA_FORMAT_PEM, 0, "", &blob, f->err));
    assert_poisoned(files);
    assert_poisoned(blob);
    assert_store_unchanged(f, before);
    pca_cert_free(cert);
}

/* ---- Modes ---- */

static void modes(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    for (size_t l = 0; l < COUNT(layouts); l++) {
        pca_files *files = NULL;
        char out[128], name[16];
        snprintf(name, sizeof name, "out-%zu", l);
        snprintf(out, sizeof out, "%s", file_path(f, name));
        assert_int_equal(mkdir(out, 0755), 0);
        assert_ok(f->err, pca_cert_export(cert, layouts[l].format, PCA_WITH_ROOT | PCA_WITH_PASSWORD_FILE, SECRET, &files, f->err));
        mode_t mask = umask(0);
        assert_ok(f->err, pca_files_write(files, out, f->err));
        umask(mask);
        for (uint64_t i = 0; i < pca_files_count(files); i++) {
            char path[400];
            struct stat st;
            const char *file = pca_files_name(files, i), *ending = strrchr(file, '.');
            int secret = !strcmp(ending, ".key") || !strcmp(ending, ".pfx") || !strcmp(ending, ".jks") || !strcmp(ending, ".txt");
            snprintf(path, sizeof path, "%s/%s", out, file);
            assert_int_equal(stat(path, &st), 0);
            if ((st.st_mode & 07777) != (secret ? 0600 : 0644))
                print_error("%s has mode %o\n", path, (unsigned)st.st_mode & 07777);
            assert_int_equal(st.st_mode & 07777, secret ? 0600 : 0644);
        }
        char *text = files_text(files, "a.internal_password.txt");
        assert_string_equal(text, SECRET "\n");
        free(text);
        pca_files_free(files);
    }
    pca_cert_free(cert);
}

/* ---- Contents ---- */

/* The leaf's, the subordinate's and the root's, one after the other. */
static void expect_pem(struct fixture *f, const char *text, const pca_cert *leaf, const pca_ca *sub, const pca_ca *root)
{
    char all[16384] = "";
    const pca_ca *cas[] = {sub, root};
    if (leaf) {
        char *pem = pem_of(f, leaf);
        strcat(all, pem);
        free(pem);
    }
    for (size_t i = 0; i < COUNT(cas); i++) {
        pca_blob *blob = NULL;
        if (!cas[i])
            continue;
        assert_ok(f->err, pca_ca_certificate(cas[i], PCA_FORMAT_PEM, &blob, f->err));
        strcat(all, (const char *)pca_blob_data(blob));
        pca_blob_free(blob);
    }
    assert_string_equal(text, all);
}

static void expect_file(struct fixture *f, const pca_files *files, const char *name, const pca_cert *leaf, const pca_ca *sub, const pca_ca *root)
{
    char *text = files_text(files, name);
    expect_pem(f, text, leaf, sub, root);
    free(text);
}

static void certificates_in_order(void **state)
{
    struct fixture *f = *state;
    const pca_ca *sub = pca_sub_ca(f->sub), *root = pca_root_ca(f->root);
    pca_cert *cert = issue(f, f->sub, "a.internal");
    pca_files *files = NULL;
    static const int formats[] = {PCA_FORMAT_PEM, PCA_FORMAT_PKCS8};
    for (size_t i = 0; i < COUNT(formats); i++)
        for (int flags = 0; flags < 4; flags++) {
            assert_ok(f->err, pca_cert_export(cert, formats[i], flags, NULL, &files, f->err));
            expect_file(f, files, "a.internal.pem", cert, flags ? sub : NULL, flags & PCA_WITH_ROOT ? root : NULL);
            expect_file(f, files, "root.pem", NULL, NULL, root);
            pca_files_free(files);
        }
    for (int flags = 0; flags < 4; flags++) {
        assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_CRT, flags, NULL, &files, f->err));
        expect_file(f, files, "a.internal_public.crt", cert, NULL, NULL);
        if (flags)
            expect_file(f, files, "a.internal_chain.crt", NULL, sub, flags & PCA_WITH_ROOT ? root : NULL);
        pca_files_free(files);
    }
    pca_cert_free(cert);
}

/* The private key of `path` belongs to the certificate. */
static void expect_key(struct fixture *f, const pca_cert *cert, const char *path, const char *form, const char *password)
{
    char *of_cert = output_of("openssl", "x509", "-in", put_cert(f, "fits.pem", cert), "-noout", "-pubkey");
    char *of_key = output_of("openssl", "pkey", "-in", path, "-inform", form, "-passin", password, "-pubout");
    assert_string_equal(of_cert, of_key);
    free(of_cert);
    free(of_key);
}

static const char *put_export(struct fixture *f, const pca_files *files, const char *name)
{
    int64_t i = index_of(files, name);
    assert_true(i >= 0);
    return put_file(f, name, pca_files_data(files, (uint64_t)i), pca_files_size(files, (uint64_t)i));
}

static void keys_under_a_password(void **state)
{
    struct fixture *f = *state;
    static const int algorithms[] = {PCA_KEY_EC_P256, PCA_KEY_EC_P384, PCA_KEY_EC_P521};
    static const int formats[] = {PCA_FORMAT_PEM, PCA_FORMAT_DER, PCA_FORMAT_PKCS8, PCA_FORMAT_CRT, PCA_FORMAT_PKCS7};
    for (size_t i = 0; i < COUNT(algorithms) + 1; i++) {
        pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .algorithm = algorithms[i % COUNT(algorithms)]);
        pca_files *files = NULL;
        pca_blob *blob = NULL;
        int format = formats[i];
        assert_ok(f->err, pca_cert_export(cert, format, 0, SECRET, &files, f->err));
        const char *path = put_export(f, files, "a.internal.key"), *form = format == PCA_FORMAT_DER ? "DER" : "PEM";
        expect_key(f, cert, path, form, "pass:" SECRET);
        assert_int_not_equal(run(NULL, "openssl", "pkey", "-in", path, "-inform", form, "-passin", "pass:wrong", "-noout"), 0);
        assert_ok(f->err, pca_cert_export_key(cert, PCA_FORMAT_DER, 0, SECRET, &blob, f->err));
        path = put_blob(f, "key.der", blob);
        expect_key(f, cert, path, "DER", "pass:" SECRET);
        char *text = output_of("openssl", "asn1parse", "-in", path, "-inform", "DER");
        assert_contains(text, ":PBES2");
        assert_contains(text, ":PBKDF2");
        assert_contains(text, ":hmacWithSHA256");
        assert_contains(text, ":aes-256-cbc");
        assert_contains(text, ":0186A0"); /* 100,000 rounds */
        free(text);
        assert_ok(f->err, pca_cert_export_key(cert, PCA_FORMAT_PEM, 0, SECRET, &blob, f->err));
        assert_int_equal(strncmp((const char *)pca_blob_data(blob), "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", 38), 0);
        expect_key(f, cert, put_blob(f, "key.pem", blob), "PEM", "pass:" SECRET);
        pca_files_free(files);
        pca_cert_free(cert);
    }
}

static void check_pfx(struct fixture *f, const pca_cert *cert, int flags, size_t certificates)
{
    pca_files *files = NULL;
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PFX, flags, SECRET, &files, f->err));
    const char *path = put_export(f, files, "a.internal.pfx"), *key = file_path(f, "from-pfx.key"), *chain = file_path(f, "from-pfx.pem");
    char *said = output_of("openssl", "pkcs12", "-in", path, "-passin", "pass:" SECRET, "-info", "-noout");
    assert_int_equal(occurrences(said, "Certificate bag"), certificates);
    assert_contains(said, flags & PCA_LEGACY ? "MAC: sha1, Iteration 100000" : "MAC: sha256, Iteration 100000");
    const char *cipher = flags & PCA_LEGACY ? "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 100000"
                                            : "PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256";
    assert_int_equal(occurrences(said, cipher), 2);
    free(said);
    assert_run(0, "openssl", "pkcs12", "-in", path, "-passin", "pass:" SECRET, "-nocerts", "-nodes", "-out", key);
    expect_key(f, cert, key, "PEM", "pass:");
    assert_run(0, "openssl", "pkcs12", "-in", path, "-passin", "pass:" SECRET, "-nokeys", "-out", chain);
    char *text = (char *)file_read(chain, NULL);
    assert_int_equal(occurrences(text, "friendlyName: the label"), 1); /* of the leaf alone */
    assert_int_equal(occurrences(text, "localKeyID: "), 1);
    assert_int_equal(occurrences(text, "BEGIN CERTIFICATE"), certificates);
    /* In order: each issuer is the next one's subject. */
    const char *at = text;
    for (size_t i = 0; i + 1 < certificates; i++) {
        const char *issuer = strstr(at, "issuer=");
        at = strstr(issuer, "subject=");
        size_t length = strcspn(issuer + 7, "\n");
        assert_int_equal(strncmp(issuer + 7, at + 8, length + 1), 0);
    }
    free(text);
    assert_int_not_equal(run(NULL, "openssl", "pkcs12", "-in", path, "-passin", "pass:wrong", "-noout"), 0);
    pca_files_free(files);
}

static void pfx(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .alias = "the label");
    for (int legacy = 0; legacy < 2; legacy++) {
        check_pfx(f, cert, legacy * PCA_LEGACY, 1);
        check_pfx(f, cert, PCA_WITH_CHAIN | legacy * PCA_LEGACY, 2);
        check_pfx(f, cert, PCA_WITH_ROOT | legacy * PCA_LEGACY, 3);
    }
    pca_cert_free(cert);
}

static void rsa_pfx(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .alias = "the label", .algorithm = PCA_KEY_RSA_2048);
    check_pfx(f, cert, PCA_WITH_CHAIN, 2);
    pca_cert_free(cert);
}

static void pkcs7(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    static const struct {
        int flags;
        size_t count;
    } rows[] = {{0, 1}, {PCA_WITH_CHAIN, 2}, {PCA_WITH_ROOT, 3}, {PCA_WITH_CHAIN | PCA_WITH_ROOT, 3}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_files *files = NULL;
        assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PKCS7, rows[i].flags, NULL, &files, f->err));
        char *text = output_of("openssl", "pkcs7", "-in", put_export(f, files, "a.internal.p7b"), "-print_certs");
        assert_int_equal(occurrences(text, "BEGIN CERTIFICATE"), rows[i].count);
        char *pem = pem_of(f, cert);
        assert_contains(text, pem);
        free(pem);
        free(text);
        pca_files_free(files);
    }
    pca_cert_free(cert);
}

/* Salts and initial vectors are new each time. */
static void never_the_same_twice(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    static const struct {
        int format;
        const char *name;
    } rows[] = {{PCA_FORMAT_PFX, "a.internal.pfx"}, {PCA_FORMAT_JKS, "a.internal.jks"}, {PCA_FORMAT_PEM, "a.internal.key"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_files *files[2] = {NULL};
        for (int n = 0; n < 2; n++)
            assert_ok(f->err, pca_cert_export(cert, rows[i].format, 0, SECRET, &files[n], f->err));
        uint64_t at = (uint64_t)index_of(files[0], rows[i].name);
        size_t size = pca_files_size(files[0], at);
        assert_true(size != pca_files_size(files[1], at) || memcmp(pca_files_data(files[0], at), pca_files_data(files[1], at), size) != 0);
        pca_files_free(files[0]);
        pca_files_free(files[1]);
    }
    pca_cert_free(cert);
}

/* ---- Generated passwords ---- */

static void generated_passwords(void **state)
{
    struct fixture *f = *state;
    unsigned seen[256] = {0};
    size_t kinds = 0;
    char first[64] = "";
    for (int i = 0; i < 100; i++) {
        pca_blob *blob = NULL;
        assert_ok(f->err, pca_region_password_new(f->region, &blob, f->err));
        const char *text = (const char *)pca_blob_data(blob);
        assert_int_equal(strlen(text), pca_blob_size(blob));
        assert_true(strlen(text) >= 20);
        for (const char *c = text; *c; c++) {
            assert_true((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9'));
            assert_null(strchr("ilou", *c)); /* 1, 0 and v in a bad print */
            seen[(unsigned char)*c]++;
        }
        assert_string_not_equal(text, first);
        snprintf(first, sizeof first, "%s", text);
        pca_blob_free(blob);
    }
    for (size_t i = 0; i < COUNT(seen); i++)
        kinds += seen[i] != 0;
    /* 26 of 32 equally likely characters are 130 bits; of 2,600 each is missing with a chance of 1 in 10^35. */
    assert_int_equal(kinds, 32);
    assert_int_equal(strlen(first), 26);
}

static void password_opens_what_it_closed(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    pca_blob *password = NULL;
    pca_files *files = NULL;
    assert_ok(f->err, pca_region_password_new(f->region, &password, f->err));
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PFX, PCA_WITH_PASSWORD_FILE, (const char *)pca_blob_data(password), &files, f->err));
    char from[256];
    const char *path = put_export(f, files, "a.internal.pfx");
    snprintf(from, sizeof from, "file:%s", put_export(f, files, "a.internal_password.txt"));
    assert_run(0, "openssl", "pkcs12", "-in", path, "-passin", from, "-noout");
    pca_files_free(files);
    pca_blob_free(password);
    pca_cert_free(cert);
}

static void refused_passwords(void **state)
{
    struct fixture *f = *state;
    pca_blob *blob = POISON;
    assert_refusal(f->err, PCA_E_INVALID, "call", "region", pca_region_password_new(NULL, &blob, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "password", pca_region_password_new(f->region, NULL, f->err));
    f->clock.code = PCA_E_DEVICE;
    assert_code(f->err, PCA_E_DEVICE, pca_region_password_new(f->region, &blob, f->err));
    f->clock.code = PCA_OK;
    assert_poisoned(blob);
}

static void by_a_reader(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal"), *found = NULL;
    pca_region *region = NULL;
    pca_blob *password = NULL;
    pca_files *files = NULL, *none = POISON;
    pca_config *config = config_new(f);
    assert_ok(NULL, pca_config_set_read_only(config));
    assert_ok(f->err, pca_region_open(f->path, config, &region, f->err));
    assert_ok(f->err, pca_region_password_new(region, &password, f->err));
    assert_ok(f->err, pca_region_cert_get(region, pca_cert_id(cert), &found, f->err));
    assert_ok(f->err, pca_cert_export(found, PCA_FORMAT_PFX, 0, (const char *)pca_blob_data(password), &files, f->err));
    pca_region_close(region);
    assert_code(f->err, PCA_E_CLOSED, pca_cert_export(found, PCA_FORMAT_JKS, 0, SECRET, &none, f->err));
    assert_poisoned(none);
    pca_files_free(files);
    pca_blob_free(password);
    pca_cert_free(found);
    pca_cert_free(cert);
    pca_config_free(config);
}

/* Random that fails: the export does, and says so. */
static int no_random(void *context, uint8_t *buffer, size_t size, pca_error *err)
{
    int *left = context;
    if ((*left)-- <= 0)
        return PCA_E_DEVICE;
    for (size_t i = 0; i < size; i++)
        buffer[i] = (uint8_t)(i * 37 + (size_t)*left + 11);
    (void)err;
    return PCA_OK;
}

static void without_random(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal"), *found = NULL;
    pca_region *region = NULL;
    pca_files *files = POISON;
    pca_blob *blob = POISON;
    int left = 1000;
    const pca_entropy random = {PCA_ENTROPY_VERSION, &left, no_random};
    pca_config *config = config_new(f);
    assert_ok(NULL, pca_config_set_test_random(config, &random));
    assert_ok(f->err, pca_region_open(f->path, config, &region, f->err));
    assert_ok(f->err, pca_region_cert_get(region, pca_cert_id(cert), &found, f->err));
    left = 0;
    assert_code(f->err, PCA_E_DEVICE, pca_cert_export(found, PCA_FORMAT_PFX, 0, SECRET, &files, f->err));
    assert_code(f->err, PCA_E_DEVICE, pca_cert_export_key(found, PCA_FORMAT_PEM, 0, SECRET, &blob, f->err));
    assert_code(f->err, PCA_E_DEVICE, pca_region_password_new(region, &blob, f->err));
    assert_poisoned(files);
    assert_poisoned(blob);
    files = NULL;
    assert_ok(f->err, pca_cert_export(found, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &files, f->err)); /* needs none */
    pca_files_free(files);
    pca_cert_free(found);
    pca_cert_free(cert);
    pca_region_close(region);
    pca_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(every_row),
        TEST_ECC(unknown_flags_and_limits),
        TEST_ECC(modes),
        TEST_ECC(certificates_in_order),
        TEST_ECC(keys_under_a_password),
        TEST_ECC(pfx),
        TEST_RSA(rsa_pfx),
        TEST_ECC(pkcs7),
        TEST_ECC(never_the_same_twice),
        TEST_REGION(generated_passwords),
        TEST_ECC(password_opens_what_it_closed),
        TEST_REGION(refused_passwords),
        TEST_ECC(by_a_reader),
        TEST_ECC(without_random),
    };
    return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
