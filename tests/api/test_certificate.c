/* An issued certificate: read back, found, listed, exported. */
#include "leaf.h"

#include <dirent.h>

/* ---- What the getters say is what openssl reads ---- */

static void check_against_openssl(struct fixture *f, const pca_cert *cert)
{
    char line[512], *date;
    const char *path = put_cert(f, "check.pem", cert);
    char *text = output_of("openssl", "x509", "-in", path, "-noout", "-serial", "-subject", "-nameopt", "RFC2253", "-dates", "-dateopt", "iso_8601");
    for (char *p = strstr(text, "serial="); p && *p && *p != '\n'; p++)
        *p = (char)(*p >= 'A' && *p <= 'F' ? *p - 'A' + 'a' : *p);
    snprintf(line, sizeof line, "serial=%s\n", pca_cert_serial(cert));
    assert_contains(text, line);
    snprintf(line, sizeof line, "subject=%s\n", pca_cert_subject(cert));
    assert_contains(text, line);
    for (int end = 0; end < 2; end++) {
        char when[32];
        snprintf(when, sizeof when, "@%" PRId64, end ? pca_cert_not_after(cert) : pca_cert_not_before(cert));
        date = output_of("date", "-u", "-d", when, "+%Y-%m-%d %H:%M:%SZ");
        snprintf(line, sizeof line, "%s=%s", end ? "notAfter" : "notBefore", date);
        assert_contains(text, line);
        free(date);
    }
    free(text);
}

static void read_back(void **state)
{
    struct fixture *f = *state;
    static const struct wish rows[] = {
        {.cn = "db1.internal", .dns = {"a.internal", "*.b.internal"}, .ip = {"10.1.2.3"}, .alias = "first"},
        {.type = PCA_CERT_CLIENT, .cn = "Ada, Countess", .organization = "A+B", .unit = "x;y", .country = "GB", .state = "#1", .locality = "London",
         .email = {"ada@example.com"}, .uri = {"https://example.com/~ada"}},
        {.type = PCA_CERT_BOTH, .cn = "10.0.0.9", .form = DAYS, .span = 400, .crl_address = 2},
        {.dns = {"nameless.internal"}, .form = LONGEST, .algorithm = PCA_KEY_EC_P521},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        f->clock.now = T0 + (int64_t)i * 1000;
        pca_cert *cert = issue_wish(f, f->sub, &rows[i]), *fresh = NULL;
        check_against_openssl(f, cert);
        assert_int_equal(pca_cert_issuer_id(cert), pca_ca_id(pca_sub_ca(f->sub)));
        assert_int_equal(pca_cert_status(cert), PCA_STATUS_ISSUED);
        assert_int_equal(pca_cert_revoked_at(cert), 0);
        assert_int_equal(pca_cert_reason(cert), 0);
        assert_int_equal(pca_cert_ignored_count(cert), 0);
        assert_string_equal(pca_cert_ignored_at(cert, 0), "");
        assert_string_equal(pca_cert_alias(cert), rows[i].alias ? rows[i].alias : "");
        assert_int_equal(pca_cert_key_algorithm(cert), rows[i].algorithm ? rows[i].algorithm : PCA_KEY_EC_P256);
        assert_ok(f->err, pca_region_cert_get(f->region, pca_cert_id(cert), &fresh, f->err));
        assert_int_equal(pca_cert_id(fresh), pca_cert_id(cert));
        assert_string_equal(pca_cert_serial(fresh), pca_cert_serial(cert));
        assert_string_equal(pca_cert_subject(fresh), pca_cert_subject(cert));
        assert_string_equal(pca_cert_alias(fresh), pca_cert_alias(cert));
        assert_int_equal(pca_cert_type(fresh), pca_cert_type(cert));
        assert_int_equal(pca_cert_not_before(fresh), pca_cert_not_before(cert));
        assert_int_equal(pca_cert_not_after(fresh), pca_cert_not_after(cert));
        assert_int_equal(pca_cert_san_count(fresh), pca_cert_san_count(cert));
        for (uint64_t n = 0; n < pca_cert_san_count(cert); n++) {
            assert_int_equal(pca_cert_san_type(fresh, n), pca_cert_san_type(cert, n));
            assert_string_equal(pca_cert_san_at(fresh, n), pca_cert_san_at(cert, n));
        }
        assert_verifies(f, cert);
        pca_cert_free(fresh);
        pca_cert_free(cert);
    }
}

static void extensions(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .dns = {"b.internal"});
    char *text = text_of(f, cert);
    assert_contains(text, "Version: 3 (0x2)");
    assert_contains(text, "X509v3 Key Usage: critical\n                Digital Signature\n");
    assert_contains(text, "X509v3 Extended Key Usage: \n                TLS Web Server Authentication\n");
    assert_contains(text, "X509v3 Subject Alternative Name: \n");
    assert_contains(text, "X509v3 CRL Distribution Points: \n");
    assert_contains(text, "URI:" SUB_CRL_URL "\n");
    assert_contains(text, "X509v3 Subject Key Identifier: \n");
    assert_contains(text, "X509v3 Authority Key Identifier: \n");
    assert_contains(text, "Issuer: CN=Test Sub,O=Example,C=DE\n");
    assert_lacks(text, "Basic Constraints");
    assert_int_equal(occurrences(text, "critical"), 1);
    free(text);
    /* The authority's key identifier is the subject's of the issuer. */
    const char *leaf = put_cert(f, "leaf.pem", cert), *sub = put_ca(f, "sub.pem", pca_sub_ca(f->sub));
    char *of_leaf = output_of("openssl", "x509", "-in", leaf, "-noout", "-ext", "authorityKeyIdentifier");
    char *of_sub = output_of("openssl", "x509", "-in", sub, "-noout", "-ext", "subjectKeyIdentifier");
    char *id = strchr(of_sub, '\n');
    assert_non_null(id);
    id += 1 + strspn(id + 1, " ");
    id[strcspn(id, "\n")] = 0;
    assert_int_equal(strlen(id), 59);
    assert_contains(of_leaf, id);
    free(of_leaf);
    free(of_sub);
    pca_cert_free(cert);
}

static void der_and_pem_are_one(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    pca_blob *der = NULL, *pem = NULL;
    assert_ok(f->err, pca_cert_der(cert, &der, f->err));
    assert_ok(f->err, pca_cert_pem(cert, &pem, f->err));
    assert_int_equal(pca_blob_data(pem)[pca_blob_size(pem)], 0);
    assert_int_equal(strlen((const char *)pca_blob_data(pem)), pca_blob_size(pem));
    const char *path = put_blob(f, "one.pem", pem), *out = file_path(f, "one.der");
    assert_run(0, "openssl", "x509", "-in", path, "-outform", "DER", "-out", out);
    size_t size;
    uint8_t *converted = file_read(out, &size);
    assert_int_equal(size, pca_blob_size(der));
    assert_memory_equal(converted, pca_blob_data(der), size);
    char *back = output_of("openssl", "x509", "-inform", "DER", "-in", put_blob(f, "two.der", der)); /* the very same PEM */
    uint8_t *ours = file_read(file_path(f, "one.pem"), NULL);
    assert_string_equal(back, (const char *)ours);
    free(back);
    free(ours);
    free(converted);
    pca_cert_free(cert);
}

/* ---- Found ---- */

static void by_id(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal"), *found = POISON;
    uint64_t id = pca_cert_id(cert);
    assert_true(id > 0);
    assert_refusal(f->err, PCA_E_NOT_FOUND, object_name("cert", id + 100000), NULL, pca_region_cert_get(f->region, id + 100000, &found, f->err));
    assert_refusal(f->err, PCA_E_NOT_FOUND, object_name("cert", UINT64_MAX), NULL, pca_region_cert_get(f->region, UINT64_MAX, &found, f->err));
    int rc = pca_region_cert_get(f->region, 0, &found, f->err);
    assert_true(rc == PCA_E_NOT_FOUND || rc == PCA_E_INVALID);
    assert_code(f->err, PCA_E_INVALID, pca_region_cert_get(NULL, id, &found, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_region_cert_get(f->region, id, NULL, f->err));
    assert_poisoned(found);
    reopen_region(f);
    assert_ok(f->err, pca_region_cert_get(f->region, id, &found, f->err));
    assert_string_equal(pca_cert_serial(found), pca_cert_serial(cert));
    pca_cert_free(found);
    pca_cert_free(cert);
}

/* "dec:..." of a number in hexadecimal. */
static void decimal_of(const char *hex, char *out)
{
    uint8_t digits[64] = {0}; /* least first */
    for (; *hex; hex++) {
        unsigned carry = (unsigned)(*hex <= '9' ? *hex - '0' : *hex - 'a' + 10);
        for (size_t i = 0; i < sizeof digits; i++) {
            carry += digits[i] * 16u;
            digits[i] = (uint8_t)(carry % 10);
            carry /= 10;
        }
    }
    size_t n = sizeof digits;
    while (n > 1 && digits[n - 1] == 0)
        n--;
    out += sprintf(out, "dec:");
    while (n > 0)
        *out++ = (char)('0' + digits[--n]);
    *out = 0;
}

static void pitfall_21_spellings_of_a_serial(void **state)
{
    struct fixture *f = *state;
    const pca_ca *ca = pca_sub_ca(f->sub);
    pca_cert *cert = issue(f, f->sub, "a.internal");
    const char *serial = pca_cert_serial(cert);
    size_t n = strlen(serial);
    char upper[64], colons[128], prefixed[64], zeros[128], decimal[128], upper_prefix[64], zero_colons[160];
    assert_int_equal(n % 2, 0);
    for (size_t i = 0; i <= n; i++)
        upper[i] = (char)(serial[i] >= 'a' && serial[i] <= 'f' ? serial[i] - 'a' + 'A' : serial[i]);
    size_t used = 0;
    for (size_t i = 0; i < n; i += 2)
        used += (size_t)snprintf(colons + used, sizeof colons - used, "%s%.2s", i ? ":" : "", upper + i);
    snprintf(prefixed, sizeof prefixed, "0x%s", serial);
    snprintf(upper_prefix, sizeof upper_prefix, "0X%s", upper);
    snprintf(zeros, sizeof zeros, "0000000000%s", serial);
    snprintf(zero_colons, sizeof zero_colons, "00:%s", colons);
    decimal_of(serial, decimal);
    const char *const spellings[] = {serial, upper, colons, prefixed, upper_prefix, zeros, zero_colons, decimal};
    for (size_t i = 0; i < COUNT(spellings); i++) {
        pca_cert *found = NULL;
        assert_ok(f->err, pca_ca_cert_by_serial(ca, spellings[i], &found, f->err));
        assert_int_equal(pca_cert_id(found), pca_cert_id(cert));
        assert_string_equal(pca_cert_serial(found), serial); /* one canonical text */
        pca_cert_free(found);
    }

    pca_cert *found = POISON;
    char other[64], cut[64];
    snprintf(other, sizeof other, "%s", serial);
    other[n - 1] = other[n - 1] == '0' ? '1' : '0';
    snprintf(cut, sizeof cut, "%s", serial);
    cut[n - 2] = 0;
    const char *const unknown[] = {other, cut, "1", "7fffffffffffffffffffffffffffffffffffffff", decimal + 4 /* digits taken for hexadecimal */};
    for (size_t i = 0; i < COUNT(unknown) - 1; i++)
        assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_cert_by_serial(ca, unknown[i], &found, f->err));
    int rc = pca_ca_cert_by_serial(ca, unknown[COUNT(unknown) - 1], &found, f->err);
    assert_true(rc == PCA_E_NOT_FOUND || rc == PCA_E_INVALID);
    static const char *const malformed[] = {
        "", "0x", "dec:", "xyz", "12g4", "dec:12a", "-1", "+1", " 12", "12 ", ":12", "12:", "12::34", "0x0x12", "dec:0x12", "hex:12",
        "ffffffffffffffffffffffffffffffffffffffffff", "dec:9999999999999999999999999999999999999999999999999999999",
    };
    for (size_t i = 0; i < COUNT(malformed); i++) {
        rc = pca_ca_cert_by_serial(ca, malformed[i], &found, f->err);
        if (rc != PCA_E_INVALID)
            print_error("serial \"%s\"\n", malformed[i]);
        assert_refusal(f->err, PCA_E_INVALID, NULL, "serial", rc);
    }
    assert_code(f->err, PCA_E_INVALID, pca_ca_cert_by_serial(ca, NULL, &found, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_ca_cert_by_serial(NULL, serial, &found, f->err));
    /* The root did not issue it. */
    assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_cert_by_serial(pca_root_ca(f->root), serial, &found, f->err));
    assert_poisoned(found);
    pca_cert_free(cert);
}

static void serial_of_another_ca(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    other_ca(f, &root, &sub);
    pca_cert *cert = issue(f, sub, "a.internal"), *found = POISON;
    assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_cert_by_serial(pca_sub_ca(f->sub), pca_cert_serial(cert), &found, f->err));
    assert_poisoned(found);
    pca_cert_free(cert);
    pca_sub_free(sub);
    pca_root_free(root);
}

/* ---- Listed ---- */

struct walk {
    uint64_t issuer;
    int status, type;
    uint64_t limit;
    uint64_t pages, count, last;
    size_t sizes[16];
};

static void walk(struct fixture *f, struct walk *w)
{
    pca_query *query = pca_query_new();
    char next[64] = "";
    assert_ok(NULL, pca_query_set_issuer(query, w->issuer));
    assert_ok(NULL, pca_query_set_status(query, w->status));
    assert_ok(NULL, pca_query_set_type(query, w->type));
    if (w->limit)
        assert_ok(NULL, pca_query_set_limit(query, w->limit));
    do {
        pca_page *page = NULL;
        assert_ok(NULL, pca_query_set_after(query, next));
        assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
        assert_true(pca_page_count(page) <= (w->limit ? w->limit : 100));
        for (uint64_t i = 0; i < pca_page_count(page); i++) {
            const pca_cert *cert = pca_page_cert_at(page, i);
            assert_true(pca_cert_id(cert) > w->last);
            w->last = pca_cert_id(cert);
            assert_true(!w->issuer || pca_cert_issuer_id(cert) == w->issuer);
            assert_true(!w->status || pca_cert_status(cert) == w->status);
            assert_true(!w->type || pca_cert_type(cert) == w->type);
        }
        assert_null(pca_page_cert_at(page, pca_page_count(page)));
        assert_null(pca_page_ca_at(page, 0));
        if (w->pages < COUNT(w->sizes))
            w->sizes[w->pages] = pca_page_count(page);
        w->pages++;
        w->count += pca_page_count(page);
        snprintf(next, sizeof next, "%s", pca_page_next(page));
        pca_page_free(page);
    } while (*next);
    pca_query_free(query);
}
#define assert_walk(f, expected, ...)       \
    do {                                    \
        struct walk walk_ = {__VA_ARGS__};  \
        walk((f), &walk_);                  \
        assert_int_equal(walk_.count, (expected)); \
    } while (0)

static void listing(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    uint64_t first = pca_ca_id(pca_sub_ca(f->sub));
    assert_walk(f, 0, .issuer = 0);
    stock(f, f->root, f->sub, 250);
    pca_cert **certs = issue_bulk(f, f->sub, "a.internal", 240);
    for (int i = 0; i < 10; i++)
        pca_cert_free(issue_as(f, f->sub, .type = PCA_CERT_CLIENT, .cn = "Ada"));
    struct walk all = {.limit = 100};
    walk(f, &all);
    assert_int_equal(all.count, 250);
    assert_int_equal(all.pages, 3);
    assert_int_equal(all.sizes[0], 100);
    assert_int_equal(all.sizes[1], 100);
    assert_int_equal(all.sizes[2], 50);
    struct walk standard = {0};
    walk(f, &standard);
    assert_int_equal(standard.sizes[0], 100); /* the default */
    assert_walk(f, 250, .limit = 1000);
    assert_walk(f, 250, .limit = 250);
    assert_walk(f, 250, .limit = 7);

    other_ca(f, &root, &sub);
    pca_cert_free(issue(f, sub, "b.internal"));
    pca_cert_free(issue_as(f, sub, .type = PCA_CERT_CLIENT, .cn = "Bob"));
    for (int i = 0; i < 5; i++)
        assert_ok(f->err, pca_cert_revoke(certs[i * 30], PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_walk(f, 252, .issuer = 0);
    assert_walk(f, 250, .issuer = first);
    assert_walk(f, 2, .issuer = pca_ca_id(pca_sub_ca(sub)));
    assert_walk(f, 0, .issuer = 999999);
    assert_walk(f, 11, .type = PCA_CERT_CLIENT);
    assert_walk(f, 241, .type = PCA_CERT_SERVER, .limit = 50);
    assert_walk(f, 0, .type = PCA_CERT_BOTH);
    assert_walk(f, 5, .status = PCA_STATUS_REVOKED, .limit = 2);
    assert_walk(f, 247, .status = PCA_STATUS_ISSUED);
    assert_walk(f, 0, .status = PCA_STATUS_PENDING);
    assert_walk(f, 1, .issuer = pca_ca_id(pca_sub_ca(sub)), .type = PCA_CERT_CLIENT, .status = PCA_STATUS_ISSUED);
    assert_ok(f->err, pca_cert_delete(certs[0], f->err));
    assert_walk(f, 251, .issuer = 0);
    assert_walk(f, 4, .status = PCA_STATUS_REVOKED);
    free_bulk(certs, 240);
    pca_sub_free(sub);
    pca_root_free(root);
}

static void refused_queries(void **state)
{
    struct fixture *f = *state;
    pca_query *query = pca_query_new();
    pca_page *page = POISON;
    static const uint64_t limits[] = {1001, 10000, UINT64_MAX};
    for (size_t i = 0; i < COUNT(limits); i++) {
        pca_query_set_limit(query, limits[i]);
        assert_refusal(f->err, PCA_E_INVALID, NULL, "limit", pca_region_find_certs(f->region, query, &page, f->err));
        assert_message(f->err, "1000");
        assert_ok(NULL, pca_query_reset(query));
    }
    static const int numbers[] = {-1, 6, 99};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        pca_query_set_status(query, numbers[i]);
        assert_code(f->err, PCA_E_INVALID, pca_region_find_certs(f->region, query, &page, f->err));
        assert_ok(NULL, pca_query_reset(query));
        pca_query_set_type(query, numbers[i]);
        assert_code(f->err, PCA_E_INVALID, pca_region_find_certs(f->region, query, &page, f->err));
        assert_ok(NULL, pca_query_reset(query));
    }
    assert_code(f->err, PCA_E_INVALID, pca_region_find_certs(NULL, query, &page, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_region_find_certs(f->region, query, NULL, f->err));
    assert_poisoned(page);
    assert_ok(NULL, pca_query_set_after(query, "iffffffffffffffff.0"));
    assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
    assert_int_equal(pca_page_count(page), 0);
    assert_string_equal(pca_page_next(page), "");
    pca_page_free(page);
    pca_query_free(query);
    pca_query_free(NULL);
    pca_page_free(NULL);
    assert_int_equal(pca_page_count(NULL), 0);
    assert_null(pca_page_cert_at(NULL, 0));
}

/* ---- Exported ---- */

static void export_pem(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "db1.internal");
    char *leaf = pem_of(f, cert), *sub = pem_of_ca(f, pca_sub_ca(f->sub)), *root = pem_of_ca(f, pca_root_ca(f->root));
    static const int flags[] = {0, PCA_WITH_CHAIN, PCA_WITH_ROOT | PCA_WITH_CHAIN, PCA_PLAIN_KEY, PCA_WITH_CHAIN | PCA_PLAIN_KEY,
                                PCA_WITH_CHAIN | PCA_WITH_ROOT | PCA_PLAIN_KEY};
    for (size_t i = 0; i < COUNT(flags); i++) {
        pca_files *files = NULL;
        char expected[16384];
        assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, flags[i], NULL, &files, f->err));
        snprintf(expected, sizeof expected, "%s%s%s", leaf, flags[i] & PCA_WITH_CHAIN ? sub : "", flags[i] & PCA_WITH_ROOT ? root : "");
        char *text = files_text(files, "db1.internal.pem");
        assert_string_equal(text, expected);
        free(text);
        text = files_text(files, "root.pem"); /* the trust anchor, always */
        assert_string_equal(text, root);
        free(text);
        if (flags[i] & PCA_PLAIN_KEY) {
            text = files_text(files, "db1.internal.key");
            assert_contains(text, "-----BEGIN PRIVATE KEY-----\n");
            free(text);
        }
        assert_int_equal(pca_files_count(files), flags[i] & PCA_PLAIN_KEY ? 3 : 2);
        assert_null(pca_files_name(files, pca_files_count(files)));
        assert_null(pca_files_data(files, pca_files_count(files)));
        assert_int_equal(pca_files_size(files, pca_files_count(files)), 0);
        pca_files_free(files);
    }
    free(leaf);
    free(sub);
    free(root);
    pca_cert_free(cert);
}

static void assert_key_fits(struct fixture *f, const pca_cert *cert, const char *key_path)
{
    char *of_cert = output_of("openssl", "x509", "-in", put_cert(f, "fits.pem", cert), "-noout", "-pubkey");
    char *of_key = output_of("openssl", "pkey", "-in", key_path, "-pubout");
    assert_string_equal(of_cert, of_key);
    assert_run(0, "openssl", "pkey", "-in", key_path, "-noout", "-check");
    free(of_cert);
    free(of_key);
}

static void key_fits_the_certificate(void **state)
{
    struct fixture *f = *state;
    static const int algorithms[] = {PCA_KEY_EC_P256, PCA_KEY_EC_P384, PCA_KEY_EC_P521};
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .algorithm = algorithms[i]);
        pca_blob *pem = NULL, *der = NULL;
        pca_files *files = NULL;
        assert_ok(f->err, pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &pem, f->err));
        assert_ok(f->err, pca_cert_export_key(cert, PCA_FORMAT_DER, PCA_PLAIN_KEY, NULL, &der, f->err));
        assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &files, f->err));
        char *text = files_text(files, "a.internal.key");
        assert_string_equal(text, (const char *)pca_blob_data(pem));
        free(text);
        pca_files_free(files);
        const char *path = put_blob(f, "key.pem", pem);
        assert_key_fits(f, cert, path);
        const char *converted = file_path(f, "key.der");
        assert_run(0, "openssl", "pkcs8", "-topk8", "-nocrypt", "-in", path, "-outform", "DER", "-out", converted);
        size_t size;
        uint8_t *data = file_read(converted, &size);
        assert_int_equal(size, pca_blob_size(der));
        assert_memory_equal(data, pca_blob_data(der), size);
        free(data);
        pca_blob_free(der);
        pca_cert_free(cert);
    }
}

static void rsa_key_fits_the_certificate(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    pca_blob *pem = NULL;
    assert_ok(f->err, pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &pem, f->err));
    assert_key_fits(f, cert, put_blob(f, "key.pem", pem));
    pca_cert_free(cert);
}

static void assert_file(const pca_files *files, const char *name, pca_blob *blob)
{
    int64_t index = index_of(files, name);
    if (index < 0)
        print_error("there is no file %s\n", name);
    assert_true(index >= 0);
    assert_int_equal(pca_files_size(files, (uint64_t)index), pca_blob_size(blob));
    assert_memory_equal(pca_files_data(files, (uint64_t)index), pca_blob_data(blob), pca_blob_size(blob));
    pca_blob_free(blob);
}

static void export_der(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "db1.internal");
    pca_blob *leaf = NULL, *key = NULL, *sub = NULL, *root = NULL;
    pca_files *files = NULL;
    assert_ok(f->err, pca_cert_der(cert, &leaf, f->err));
    assert_ok(f->err, pca_cert_export_key(cert, PCA_FORMAT_DER, PCA_PLAIN_KEY, NULL, &key, f->err));
    assert_ok(f->err, pca_ca_certificate(pca_sub_ca(f->sub), PCA_FORMAT_DER, &sub, f->err));
    assert_ok(f->err, pca_ca_certificate(pca_root_ca(f->root), PCA_FORMAT_DER, &root, f->err));
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_DER, 0, NULL, &files, f->err));
    assert_int_equal(pca_files_count(files), 2);
    pca_files_free(files);
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_DER, PCA_WITH_CHAIN | PCA_PLAIN_KEY, NULL, &files, f->err));
    assert_int_equal(pca_files_count(files), 4);
    assert_file(files, "db1.internal.der", leaf);
    assert_file(files, "db1.internal.key", key);
    assert_file(files, "chain-1.der", sub);
    assert_file(files, "root.der", root);
    pca_files_free(files);
    pca_cert_free(cert);
}

static void refused_exports(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal");
    pca_files *files = POISON;
    pca_blob *blob = POISON;
    static const int formats[] = {0, -1, 8, 99};
    char *before = snapshot_store(f);
    for (size_t i = 0; i < COUNT(formats); i++) {
        assert_refusal(f->err, PCA_E_INVALID, "call", "format", pca_cert_export(cert, formats[i], 0, NULL, &files, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "call", "format", pca_cert_export_key(cert, formats[i], PCA_PLAIN_KEY, NULL, &blob, f->err));
    }
    assert_code(f->err, PCA_E_INVALID, pca_cert_export(NULL, PCA_FORMAT_PEM, 0, NULL, &files, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_cert_export(cert, PCA_FORMAT_PEM, 0, NULL, NULL, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_cert_export_key(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, NULL, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_cert_der(cert, NULL, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_cert_pem(NULL, &blob, f->err));
    assert_poisoned(files);
    assert_poisoned(blob);
    assert_store_unchanged(f, before);
    pca_cert_free(cert);
}

static void keys_of_others_are_not_exportable(void **state)
{
    struct fixture *f = *state;
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    pca_cert *certs[2] = {NULL};
    pca_request *r = request_new_server("public.internal");
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    assert_ok(f->err, pca_sub_request(f->sub, r, &certs[0], f->err));
    pca_request_free(r);
    const char *key = make_key(f, "theirs", "EC", "ec_paramgen_curve:P-256"), *path = file_path(f, "theirs.csr");
    assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/CN=csr", "-out", path);
    uint8_t *csr = file_read(path, &size);
    r = request_new_server("csr.internal");
    assert_ok(NULL, pca_request_set_csr(r, csr, size));
    assert_ok(f->err, pca_sub_request(f->sub, r, &certs[1], f->err));
    pca_request_free(r);
    free(csr);
    assert_int_equal(pca_cert_container(certs[0]), PCA_CONTAINER_PUBLIC);
    assert_int_equal(pca_cert_container(certs[1]), PCA_CONTAINER_CSR);
    for (int i = 0; i < 2; i++) {
        pca_files *files = POISON;
        pca_blob *blob = POISON;
        const char *object = object_name("cert", pca_cert_id(certs[i]));
        assert_refusal(f->err, PCA_E_NOT_EXPORTABLE, object, NULL, pca_cert_export(certs[i], PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &files, f->err));
        assert_refusal(f->err, PCA_E_NOT_EXPORTABLE, object, NULL, pca_cert_export_key(certs[i], PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err));
        assert_poisoned(files);
        assert_poisoned(blob);
        assert_ok(f->err, pca_cert_export(certs[i], PCA_FORMAT_PEM, PCA_WITH_CHAIN, NULL, &files, f->err));
        assert_int_equal(pca_files_count(files), 2);
        pca_files_free(files);
        pca_cert_free(certs[i]);
    }
}

static void key_is_kept_back_after_revocation(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal"), *fresh = NULL; /* cert: as it was before */
    pca_files *files = POISON;
    pca_blob *blob = POISON;
    const char *object = object_name("cert", pca_cert_id(cert));
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_reload(cert, &fresh, f->err));
    const pca_cert *handles[] = {cert, fresh};
    for (int i = 0; i < 2; i++) {
        assert_refusal(f->err, PCA_E_STATE, object, NULL, pca_cert_export_key(handles[i], PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err));
        assert_refusal(f->err, PCA_E_STATE, object, NULL, pca_cert_export(handles[i], PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &files, f->err));
    }
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    for (int i = 0; i < 2; i++) {
        int rc = pca_cert_export_key(handles[i], PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err);
        assert_true(rc == PCA_E_STATE || rc == PCA_E_NOT_FOUND);
        rc = pca_cert_export(handles[i], PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &files, f->err);
        assert_true(rc == PCA_E_STATE || rc == PCA_E_NOT_FOUND);
    }
    assert_poisoned(files);
    assert_poisoned(blob);
    pca_cert_free(cert);
    pca_cert_free(fresh);
}

/* ---- Written ---- */

static int entries_of(const char *directory)
{
    int count = 0;
    DIR *dir = opendir(directory);
    struct dirent *entry;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static unsigned mode_of(const char *directory, const char *name)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void files_written(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "db1.internal"), *next = issue(f, f->sub, "db1.internal");
    pca_files *files = NULL, *newer = NULL;
    char out[128];
    snprintf(out, sizeof out, "%s", file_path(f, "out"));
    assert_int_equal(mkdir(out, 0755), 0);
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, PCA_WITH_CHAIN | PCA_PLAIN_KEY, NULL, &files, f->err));
    assert_ok(f->err, pca_cert_export(next, PCA_FORMAT_PEM, PCA_WITH_CHAIN | PCA_PLAIN_KEY, NULL, &newer, f->err));
    mode_t mask = umask(0);
    assert_ok(f->err, pca_files_write(files, out, f->err));
    umask(mask);
    assert_int_equal(entries_of(out), 3);
    assert_int_equal(mode_of(out, "db1.internal.key"), 0600);
    assert_int_equal(mode_of(out, "db1.internal.pem"), 0644);
    assert_int_equal(mode_of(out, "root.pem"), 0644);
    /* Again, over the first: replaced whole. */
    char path[160];
    snprintf(path, sizeof path, "%s/db1.internal.key", out);
    assert_int_equal(chmod(path, 0666), 0);
    assert_ok(f->err, pca_files_write(newer, out, f->err));
    assert_int_equal(entries_of(out), 3);
    assert_int_equal(mode_of(out, "db1.internal.key"), 0600);
    for (uint64_t i = 0; i < pca_files_count(newer); i++) {
        size_t size;
        snprintf(path, sizeof path, "%s/%s", out, pca_files_name(newer, i));
        uint8_t *data = file_read(path, &size);
        assert_non_null(data);
        assert_int_equal(size, pca_files_size(newer, i));
        assert_memory_equal(data, pca_files_data(newer, i), size);
        free(data);
    }
    snprintf(path, sizeof path, "%s/db1.internal.key", out);
    assert_key_fits(f, next, path);
    pca_files_free(files);
    pca_files_free(newer);
    pca_cert_free(cert);
    pca_cert_free(next);
}

static void files_not_written(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "db1.internal");
    pca_files *files = NULL;
    char out[128], path[160];
    snprintf(out, sizeof out, "%s", file_path(f, "out"));
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, PCA_WITH_CHAIN | PCA_PLAIN_KEY, NULL, &files, f->err));
    assert_code(f->err, PCA_E_NOT_FOUND, pca_files_write(files, out, f->err));
    assert_null(file_read(out, NULL));
    assert_int_not_equal(access(out, F_OK), 0); /* a typing error makes no directory */
    assert_code(f->err, PCA_E_INVALID, pca_files_write(files, NULL, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_files_write(NULL, out, f->err));
    const char *plain = file_text(f, "txt", "a file");
    assert_int_not_equal(pca_files_write(files, plain, f->err), PCA_OK);
    assert_int_equal(mkdir(out, 0755), 0);
    snprintf(path, sizeof path, "%s/db1.internal.key", out);
    assert_int_equal(mkdir(path, 0755), 0); /* stands in the way */
    assert_int_not_equal(pca_files_write(files, out, f->err), PCA_OK);
    assert_true(entries_of(out) <= 3); /* nothing temporary is left */
    DIR *dir = opendir(out);
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        assert_true(strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || index_of(files, entry->d_name) >= 0);
    closedir(dir);
    if (geteuid() != 0) {
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(chmod(out, 0500), 0);
        assert_code(f->err, PCA_E_PERMISSION, pca_files_write(files, out, f->err));
    }
    pca_files_free(files);
    pca_cert_free(cert);
}

static void check_names(const pca_files *files, uint64_t count, const char *common_name)
{
    assert_int_equal(pca_files_count(files), count);
    for (uint64_t n = 0; n < count; n++) {
        const char *name = pca_files_name(files, n);
        if (strchr(name, '/') || name[0] == '.')
            print_error("the common name %s gives the file %s\n", common_name, name);
        assert_null(strchr(name, '/'));
        assert_true(name[0] != '.' && name[0] != 0);
        assert_true(strlen(name) <= 255);
        for (uint64_t m = 0; m < n; m++)
            assert_string_not_equal(name, pca_files_name(files, m));
    }
}

/* A common name becomes a file's name: it must stay in the directory, and be no other file's name. */
static void names_of_files(void **state)
{
    struct fixture *f = *state;
    char *cjk = repeated("漢", 64);
    const char *const names[] = {"../../escape", "/etc/passwd", "..", ".", "a/b", ".hidden", "root", "ROOT", "chain-1", "a\\b", "-rf", "two words", cjk, "*"};
    char out[128];
    snprintf(out, sizeof out, "%s", file_path(f, "out"));
    assert_int_equal(mkdir(out, 0755), 0);
    stock(f, f->root, f->sub, 20);
    int in_test_directory = entries_of(f->dir);
    for (size_t i = 0; i < COUNT(names); i++) {
        pca_cert *cert = POISON;
        pca_files *files = NULL;
        pca_request *r = request_of(&(struct wish){.type = PCA_CERT_CLIENT, .cn = names[i]});
        int rc = pca_sub_request(f->sub, r, &cert, f->err);
        pca_request_free(r);
        if (rc == PCA_E_NAME || rc == PCA_E_LINT) /* ".." is made of punctuation alone */
            continue;
        assert_int_equal(rc, PCA_OK);
        assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_DER, PCA_WITH_CHAIN | PCA_PLAIN_KEY, NULL, &files, f->err));
        check_names(files, 4, names[i]);
        pca_files_free(files);
        assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &files, f->err));
        check_names(files, 3, names[i]);
        assert_ok(f->err, pca_files_write(files, out, f->err));
        char *root = pem_of_ca(f, pca_root_ca(f->root)), *text = files_text(files, "root.pem");
        assert_string_equal(text, root);
        free(root);
        free(text);
        pca_files_free(files);
        pca_cert_free(cert);
    }
    assert_int_equal(entries_of(f->dir), in_test_directory);
    /* Without a common name: the serial number. */
    pca_cert *cert = issue_as(f, f->sub, .dns = {"a.internal"});
    pca_files *files = NULL;
    char expected[64];
    assert_ok(f->err, pca_cert_export(cert, PCA_FORMAT_PEM, 0, NULL, &files, f->err));
    snprintf(expected, sizeof expected, "%s.pem", pca_cert_serial(cert));
    assert_true(index_of(files, expected) >= 0);
    pca_files_free(files);
    pca_cert_free(cert);
    free(cjk);
}

static void freed_by_null(void **state)
{
    (void)state;
    pca_files_free(NULL);
    pca_blob_free(NULL);
    assert_int_equal(pca_files_count(NULL), 0);
    assert_null(pca_files_name(NULL, 0));
    assert_null(pca_blob_data(NULL));
    assert_int_equal(pca_blob_size(NULL), 0);
}

/* ---- Read-only ---- */

static void read_only(void **state)
{
    struct fixture *f = *state;
    pca_cert *cert = issue(f, f->sub, "a.internal"), *found = NULL, *none = POISON;
    pca_region *region = NULL;
    pca_sub *sub = NULL;
    pca_blob *blob = NULL;
    pca_config *config = config_new(f);
    assert_ok(NULL, pca_config_set_read_only(config));
    assert_ok(f->err, pca_region_open(f->path, config, &region, f->err));
    assert_ok(f->err, pca_region_cert_get(region, pca_cert_id(cert), &found, f->err));
    assert_ok(f->err, pca_region_sub_get(region, pca_cert_issuer_id(cert), &sub, f->err));
    assert_ok(f->err, pca_cert_export_key(found, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, &blob, f->err));
    assert_key_fits(f, cert, put_blob(f, "key.pem", blob));
    pca_request *r = request_new_server("b.internal");
    assert_code(f->err, PCA_E_READ_ONLY, pca_sub_request(sub, r, &none, f->err));
    assert_code(f->err, PCA_E_READ_ONLY, pca_cert_revoke(found, PCA_REASON_UNSPECIFIED, 0, NULL, f->err));
    assert_code(f->err, PCA_E_READ_ONLY, pca_ca_crl_make(pca_sub_ca(sub), f->err));
    assert_poisoned(none);
    pca_request_free(r);
    pca_sub_free(sub);
    pca_cert_free(found);
    pca_cert_free(cert);
    pca_region_close(region);
    pca_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(read_back),
        TEST_ECC(extensions),
        TEST_ECC(der_and_pem_are_one),
        TEST_ECC(by_id),
        TEST_ECC(pitfall_21_spellings_of_a_serial),
        TEST_ECC(serial_of_another_ca),
        TEST_ECC(listing),
        TEST_ECC(refused_queries),
        TEST_ECC(export_pem),
        TEST_ECC(key_fits_the_certificate),
        TEST_RSA(rsa_key_fits_the_certificate),
        TEST_ECC(export_der),
        TEST_ECC(refused_exports),
        TEST_ECC(keys_of_others_are_not_exportable),
        TEST_ECC(key_is_kept_back_after_revocation),
        TEST_ECC(files_written),
        TEST_ECC(files_not_written),
        TEST_ECC(names_of_files),
        TEST(freed_by_null),
        TEST_ECC(read_only),
    };
    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
