/* What the tests of certificates, CSRs, revocation and CRLs share on top of support.h. */
#ifndef PCA_TESTS_API_LEAF_H
#define PCA_TESTS_API_LEAF_H

#include "support.h"

#include <inttypes.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Text ---- */

static inline void check_contains(const char *text, const char *part, int wanted, const char *file, int line)
{
    if (!strstr(text, part) == !wanted)
        return;
    print_error("\"%s\" %s in:\n%s\n", part, wanted ? "is not" : "is", text);
    _fail(file, line);
}
#define assert_contains(text, part) check_contains((text), (part), 1, __FILE__, __LINE__)
#define assert_lacks(text, part) check_contains((text), (part), 0, __FILE__, __LINE__)

static inline size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

/* A character repeated: n times s. free() it. */
static inline char *repeated(const char *s, size_t n)
{
    size_t size = strlen(s);
    char *text = malloc(n * size + 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * size, s, size);
    text[n * size] = 0;
    return text;
}

/* ---- DER ---- */

struct der {
    const uint8_t *at;       /* the element, with its header */
    const uint8_t *contents;
    size_t size;             /* of the contents */
    const uint8_t *end;
};

static inline struct der der_at(const uint8_t *p)
{
    struct der e = {p, NULL, p[1], NULL};
    size_t octets = 0;
    if (p[1] & 0x80) {
        octets = p[1] & 0x7f;
        e.size = 0;
        for (size_t i = 0; i < octets; i++)
            e.size = e.size << 8 | p[2 + i];
    }
    e.contents = p + 2 + octets;
    e.end = e.contents + e.size;
    return e;
}

/* The index-th element of TBSCertificate: 0 version, 1 serial, 2 algorithm, 3 issuer, 4 validity, 5 subject, 6 key. */
static inline struct der tbs_field(const uint8_t *certificate, int index)
{
    struct der e = der_at(der_at(der_at(certificate).contents).contents);
    for (; index > 0; index--)
        e = der_at(e.end);
    return e;
}

struct bytes {
    uint8_t data[8192];
    size_t size;
};

static inline void bytes_add(struct bytes *b, const void *data, size_t size)
{
    assert_true(b->size + size <= sizeof b->data);
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

/* Wraps all that is in b since `from` in an element. */
static inline void bytes_wrap(struct bytes *b, size_t from, uint8_t tag)
{
    uint8_t header[4] = {tag};
    size_t size = b->size - from, used = 2;
    if (size < 0x80) {
        header[1] = (uint8_t)size;
    } else if (size < 0x100) {
        header[1] = 0x81;
        header[2] = (uint8_t)size;
        used = 3;
    } else {
        header[1] = 0x82;
        header[2] = (uint8_t)(size >> 8);
        header[3] = (uint8_t)size;
        used = 4;
    }
    assert_true(b->size + used <= sizeof b->data);
    memmove(b->data + from + used, b->data + from, size);
    memcpy(b->data + from, header, used);
    b->size += used;
}

static inline void bytes_element(struct bytes *b, uint8_t tag, const void *data, size_t size)
{
    size_t from = b->size;
    bytes_add(b, data, size);
    bytes_wrap(b, from, tag);
}

/* ---- Files ---- */

static inline const char *put_file(struct fixture *f, const char *name, const void *data, size_t size)
{
    const char *path = file_path(f, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *put_blob(struct fixture *f, const char *name, pca_blob *blob)
{
    const char *path = put_file(f, name, pca_blob_data(blob), pca_blob_size(blob));
    pca_blob_free(blob);
    return path;
}

static inline const char *put_cert(struct fixture *f, const char *name, const pca_cert *cert)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_cert_pem(cert, &blob, f->err));
    return put_blob(f, name, blob);
}

static inline const char *put_ca(struct fixture *f, const char *name, const pca_ca *ca)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_certificate(ca, PCA_FORMAT_PEM, &blob, f->err));
    return put_blob(f, name, blob);
}

/* The certificate as openssl prints it; free() it. */
static inline char *text_of(struct fixture *f, const pca_cert *cert)
{
    const char *path = put_cert(f, "text_of.pem", cert);
    return output_of("openssl", "x509", "-in", path, "-noout", "-text", "-nameopt", "RFC2253,-esc_msb,utf8");
}

/* ---- Keys of others, made by openssl ---- */

/* DIR/NAME.key. arguments of genpkey: "EC", "ec_paramgen_curve:P-256" or "RSA", "rsa_keygen_bits:2048". */
static inline const char *make_key(struct fixture *f, const char *name, const char *kind, const char *option)
{
    char file[64];
    snprintf(file, sizeof file, "%s.key", name);
    const char *path = file_path(f, file);
    assert_run(0, "openssl", "genpkey", "-algorithm", kind, "-pkeyopt", option, "-out", path);
    return path;
}

/* The subjectPublicKeyInfo of a private key in PEM; free() it. */
static inline uint8_t *spki_of(struct fixture *f, const char *key_path, size_t *size)
{
    const char *path = file_path(f, "spki.der");
    assert_run(0, "openssl", "pkey", "-in", key_path, "-pubout", "-outform", "DER", "-out", path);
    uint8_t *spki = file_read(path, size);
    assert_non_null(spki);
    return spki;
}

/* A P-256 key that nobody needs the private half of; made once a program. */
static inline const uint8_t *some_spki(struct fixture *f, size_t *size)
{
    static uint8_t held[512];
    static size_t held_size;
    if (!held_size) {
        size_t made;
        uint8_t *spki = spki_of(f, make_key(f, "some", "EC", "ec_paramgen_curve:P-256"), &made);
        assert_true(made <= sizeof held);
        memcpy(held, spki, made);
        held_size = made;
        free(spki);
    }
    *size = held_size;
    return held;
}

/* ---- Requests as data ---- */

enum form { ONE_YEAR, NO_VALIDITY, DAYS, MONTHS, YEARS, DATES, LONGEST };
#define NO_TYPE (-77)

struct wish {
    int type; /* 0: server; NO_TYPE: none */
    const char *cn, *organization, *unit, *country, *state, *locality;
    const char *dns[12], *ip[3], *email[3], *uri[3];
    enum form form;
    int64_t span, until; /* dates: from, until */
    int algorithm;
    const char *alias, *token;
    int crl_address; /* 1: include, 2: leave out */
};

/* Setters may refuse at once, or the verb later: both are of the contract. */
static inline pca_request *request_of(const struct wish *w)
{
    pca_request *r = pca_request_new();
    assert_non_null(r);
    if (w->type != NO_TYPE)
        pca_request_set_type(r, w->type ? w->type : PCA_CERT_SERVER);
    if (w->cn)
        pca_request_set_common_name(r, w->cn);
    if (w->organization)
        pca_request_set_organization(r, w->organization);
    if (w->unit)
        pca_request_set_unit(r, w->unit);
    if (w->country)
        pca_request_set_country(r, w->country);
    if (w->state)
        pca_request_set_state(r, w->state);
    if (w->locality)
        pca_request_set_locality(r, w->locality);
    for (size_t i = 0; i < COUNT(w->dns) && w->dns[i]; i++)
        pca_request_add_dns(r, w->dns[i]);
    for (size_t i = 0; i < COUNT(w->ip) && w->ip[i]; i++)
        pca_request_add_ip(r, w->ip[i]);
    for (size_t i = 0; i < COUNT(w->email) && w->email[i]; i++)
        pca_request_add_email(r, w->email[i]);
    for (size_t i = 0; i < COUNT(w->uri) && w->uri[i]; i++)
        pca_request_add_uri(r, w->uri[i]);
    switch (w->form) {
    case ONE_YEAR:
        pca_request_set_years(r, 1);
        break;
    case DAYS:
        pca_request_set_days(r, w->span);
        break;
    case MONTHS:
        pca_request_set_months(r, w->span);
        break;
    case YEARS:
        pca_request_set_years(r, w->span);
        break;
    case DATES:
        pca_request_set_dates(r, w->span, w->until);
        break;
    case LONGEST:
        pca_request_set_longest(r);
        break;
    case NO_VALIDITY:
        break;
    }
    if (w->algorithm)
        pca_request_set_key_algorithm(r, w->algorithm);
    if (w->alias)
        pca_request_set_alias(r, w->alias);
    if (w->token)
        pca_request_set_token(r, w->token);
    if (w->crl_address)
        pca_request_set_crl_address(r, w->crl_address == 1);
    return r;
}

static inline pca_cert *issue_wish(struct fixture *f, const pca_sub *sub, const struct wish *w)
{
    pca_request *request = request_of(w);
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(sub, request, &cert, f->err));
    assert_non_null(cert);
    pca_request_free(request);
    return cert;
}
#define issue_as(f, sub, ...) issue_wish((f), (sub), &(struct wish){__VA_ARGS__})

/* The request is refused by both verbs with that code, object, field and text part (NULL: any), and nothing is changed. */
static inline void check_refused(struct fixture *f, const pca_sub *sub, const pca_request *request, int code, const char *object,
                                 const char *field, const char *part, const char *label, const char *file, int line)
{
    pca_cert *cert = POISON;
    pca_findings *findings = POISON;
    char *before = snapshot_store(f);
    for (int dry = 0; dry < 2; dry++) {
        int rc = dry ? pca_sub_check_request(sub, request, &findings, f->err) : pca_sub_request(sub, request, &cert, f->err);
        if (rc != code || (object && strcmp(object, pca_error_object(f->err)) != 0) ||
            (field && strcmp(field, pca_error_field(f->err)) != 0) || (part && !strstr(pca_error_message(f->err), part)))
            print_error("row \"%s\" by %s wants field %s and text with \"%s\":\n", label,
                        dry ? "pca_sub_check_request" : "pca_sub_request", field ? field : "*", part ? part : "");
        check_refusal(f->err, code, object, field, rc, label, file, line);
        if (part)
            check_message(f->err, part, file, line);
    }
    assert_poisoned(cert);
    assert_poisoned(findings);
    check_store_unchanged(f, before, file, line);
}
#define assert_refused(f, sub, request, code, object, field, part) \
    check_refused((f), (sub), (request), (code), (object), (field), (part), #request, __FILE__, __LINE__)

struct refusal {
    const char *label;
    struct wish wish;
    int code;
    const char *field, *part; /* NULL: not looked at */
};

static inline void refuse_all(struct fixture *f, const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pca_request *request = request_of(&rows[i].wish);
        check_refused(f, f->sub, request, rows[i].code, "request", rows[i].field, rows[i].part, rows[i].label, __FILE__, __LINE__);
        pca_request_free(request);
    }
}

/* ---- CAs ---- */

/* Buys n certificates and gives the subordinate all of them, beside what it has. */
static inline void stock(struct fixture *f, const pca_root *root, const pca_sub *sub, uint64_t n)
{
    assert_ok(f->err, pca_root_purchase_certificates(root, n, NULL, NULL, f->err));
    assert_ok(f->err, pca_root_assign(root, sub, remaining_of_sub(f, sub) + n, PCA_ANY, NULL, f->err));
}

/* A second root and subordinate in the same region, ECC. */
static inline void other_ca(struct fixture *f, pca_root **root, pca_sub **sub)
{
    make_ca(f, PCA_FAMILY_ECC, 0, 120, root, sub);
}

static inline int has_san(const pca_cert *cert, int type, const char *text)
{
    for (uint64_t i = 0; i < pca_cert_san_count(cert); i++)
        if (pca_cert_san_type(cert, i) == type && strcmp(pca_cert_san_at(cert, i), text) == 0)
            return 1;
    return 0;
}

/* ---- Exported files ---- */

static inline int64_t index_of(const pca_files *files, const char *name)
{
    for (uint64_t i = 0; i < pca_files_count(files); i++)
        if (strcmp(pca_files_name(files, i), name) == 0)
            return (int64_t)i;
    return -1;
}

/* A file's text with a NUL; free() it. */
static inline char *files_text(const pca_files *files, const char *name)
{
    int64_t index = index_of(files, name);
    if (index < 0)
        print_error("there is no file %s\n", name);
    assert_true(index >= 0);
    size_t size = pca_files_size(files, (uint64_t)index);
    char *text = malloc(size + 1);
    assert_non_null(text);
    memcpy(text, pca_files_data(files, (uint64_t)index), size);
    text[size] = 0;
    return text;
}

static inline char *pem_of_ca(struct fixture *f, const pca_ca *ca)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_certificate(ca, PCA_FORMAT_PEM, &blob, f->err));
    char *text = strdup((const char *)pca_blob_data(blob));
    pca_blob_free(blob);
    return text;
}

static inline char *pem_of(struct fixture *f, const pca_cert *cert)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_cert_pem(cert, &blob, f->err));
    char *text = strdup((const char *)pca_blob_data(blob));
    pca_blob_free(blob);
    return text;
}

/* ---- CRLs ---- */

static inline const char *put_crl(struct fixture *f, const char *name, const pca_ca *ca)
{
    pca_blob *blob = NULL;
    assert_ok(f->err, pca_ca_crl_make(ca, f->err));
    assert_ok(f->err, pca_ca_crl_get(ca, PCA_FORMAT_PEM, &blob, f->err));
    return put_blob(f, name, blob);
}

/* Makes the next CRL; as openssl prints it, free() it. */
static inline char *next_crl(struct fixture *f, const pca_ca *ca)
{
    const char *path = put_crl(f, "next_crl.pem", ca);
    return output_of("openssl", "crl", "-in", path, "-noout", "-text", "-nameopt", "RFC2253,-esc_msb,utf8");
}

/* A serial number as openssl prints it in a CRL. */
static inline const char *crl_serial(const pca_cert *cert)
{
    static _Thread_local char lines[4][96];
    static _Thread_local unsigned next;
    char *line = lines[next++ % 4];
    size_t used = (size_t)snprintf(line, sizeof lines[0], "Serial Number: ");
    for (const char *p = pca_cert_serial(cert); *p && used + 1 < sizeof lines[0]; p++)
        line[used++] = *p >= 'a' && *p <= 'f' ? (char)(*p - 'a' + 'A') : *p;
    line[used] = 0;
    return line;
}

/* openssl verify of a certificate file at the clock's time against root, sub and their newest CRLs, which are made here. */
static inline int verify(struct fixture *f, const char *cert_path, char **output)
{
    char when[32];
    snprintf(when, sizeof when, "%" PRId64, (int64_t)f->clock.now);
    put_ca(f, "verify-root.pem", pca_root_ca(f->root));
    put_ca(f, "verify-sub.pem", pca_sub_ca(f->sub));
    put_crl(f, "verify-root.crl", pca_root_ca(f->root));
    put_crl(f, "verify-sub.crl", pca_sub_ca(f->sub));
    return run(output, "openssl", "verify", "-x509_strict", "-check_ss_sig", "-attime", when, "-crl_check_all", "-CAfile",
               file_path(f, "verify-root.pem"), "-untrusted", file_path(f, "verify-sub.pem"), "-CRLfile",
               file_path(f, "verify-root.crl"), "-CRLfile", file_path(f, "verify-sub.crl"), cert_path);
}

static inline void check_verify(struct fixture *f, const pca_cert *cert, const char *fault, const char *file, int line)
{
    char *output;
    int status = verify(f, put_cert(f, "verify.pem", cert), &output);
    if ((status == 0) != (fault == NULL) || (fault && !strstr(output, fault))) {
        print_error("openssl verify was to say %s:\n%s\n", fault ? fault : "OK", output);
        _fail(file, line);
    }
    free(output);
}
#define assert_verifies(f, cert) check_verify((f), (cert), NULL, __FILE__, __LINE__)
#define assert_revoked(f, cert) check_verify((f), (cert), "certificate revoked", __FILE__, __LINE__)

/* ---- Threads ---- */

/* Issues many certificates with one brought key, by two threads; certs receives their handles. */
struct bulk {
    const pca_sub *sub;
    const pca_request *request;
    pca_cert **certs;
    size_t count;
    int rc;
};

static inline void *bulk_run(void *argument)
{
    struct bulk *bulk = argument;
    for (size_t i = 0; i < bulk->count && bulk->rc == PCA_OK; i++)
        bulk->rc = pca_sub_request(bulk->sub, bulk->request, &bulk->certs[i], NULL);
    return NULL;
}

static inline pca_cert **issue_bulk(struct fixture *f, const pca_sub *sub, const char *common_name, size_t count)
{
    size_t size, half = count / 2;
    const uint8_t *spki = some_spki(f, &size);
    pca_request *request = request_new_server(common_name);
    pca_cert **certs = calloc(count, sizeof *certs);
    pthread_t thread[2];
    struct bulk part[2] = {{sub, request, certs, half, PCA_OK}, {sub, request, certs + half, count - half, PCA_OK}};
    assert_non_null(certs);
    assert_ok(NULL, pca_request_set_public_key(request, spki, size));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, bulk_run, &part[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < 2; i++)
        assert_int_equal(part[i].rc, PCA_OK);
    pca_request_free(request);
    return certs;
}

static inline void free_bulk(pca_cert **certs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pca_cert_free(certs[i]);
    free(certs);
}

/* What is signed and the signature, taken apart: openssl takes no identity of SM2 for CRLs, nor for a certificate of the store. */
static inline void check_signed(struct fixture *f, const uint8_t *whole, const pca_ca *issuer)
{
    int sm2 = pca_ca_family(issuer) == PCA_FAMILY_SM2;
    struct der tbs = der_at(der_at(whole).contents), algorithm = der_at(tbs.end), bits = der_at(algorithm.end);
    if (sm2) {
        assert_int_equal(12, algorithm.end - algorithm.at);
        assert_memory_equal("\x30\x0A\x06\x08\x2A\x81\x1C\xCF\x55\x01\x83\x75", algorithm.at, 12);
    }
    const char *message = put_file(f, "tbs", tbs.at, (size_t)(tbs.end - tbs.at));
    const char *signature = put_file(f, "signature", bits.contents + 1, bits.size - 1), *public = file_path(f, "issuer.pub");
    assert_run(0, "openssl", "x509", "-noout", "-pubkey", "-in", put_ca(f, "issuer.pem", issuer), "-out", public);
    if (sm2)
        assert_run(0, "openssl", "dgst", "-sm3", "-verify", public, "-sigopt", "distid:1234567812345678", "-signature", signature, message);
    else
        assert_run(0, "openssl", "dgst", "-sha256", "-verify", public, "-signature", signature, message);
}

#endif
