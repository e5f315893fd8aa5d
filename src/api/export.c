/* Downloads: a certificate, its chain and its private key as the files that each kind of program reads. */
#include <stdio.h>
#include <string.h>

#include "api/blob.h"
#include "api/snapshot.h"
#include "base/memory.h"
#include "base/text.h"
#include "ca/install.h"
#include "x509/jks.h"
#include "x509/pem.h"
#include "x509/pkcs12.h"
#include "x509/pkcs7.h"
#include "x509/pkcs8.h"

#define FILE_STEM_MAX 100
#define FILE_SUFFIX_MAX 32
#define PASSWORD_MAX 128
/* keytool makes and opens nothing shorter. */
#define JKS_PASSWORD_MIN 6

#define FLAGS_CHAIN (PCA_WITH_CHAIN | PCA_WITH_ROOT)
#define FLAGS_FILES (FLAGS_CHAIN | PCA_PLAIN_KEY | PCA_WITH_PASSWORD_FILE)
#define FLAGS_STORE (FLAGS_CHAIN | PCA_WITH_PASSWORD_FILE)
#define FLAGS_KNOWN (FLAGS_FILES | PCA_LEGACY)

struct exporting;

struct form {
    int format;
    const char *name;
    int flags;           /* that it takes */
    int is_store;        /* one file that holds the private key, always under a password */
    size_t password_min;
    const char *no_sm2;  /* why an SM2 certificate cannot have it; NULL: it can */
    int (*make)(struct exporting *e, pca_error *err);
};

struct exporting {
    struct shell *shell;
    const pca_cert *cert;
    const struct form *form;
    int flags;
    struct slice password; /* no data: none */
    int64_t now;
    struct buf leaf, key;
    struct buf ca[PCAI_CHAIN_MAX]; /* DER, the issuer first and the root last, unless it is elsewhere */
    size_t count, below_root;
    struct {
        struct arena arena;
        struct cert_view view; /* while its key is handed out; else its id is 0 */
        struct buf certificate, envelope;
    } pair;
    struct {
        struct pkcs12_seed pkcs12;
        uint8_t jks[PCAI_JKS_SALT];
    } seed;
    char stem[FILE_STEM_MAX + 2];
    pca_files *files;
};

/* ---- What the store holds ---- */

static int wants_key(const struct exporting *e)
{
    return e->password.data || (e->flags & PCA_PLAIN_KEY);
}

static int read_key(struct exporting *e, const struct cert_view *view, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct key_owner owner = {'e', view->id, 0};
    pcai_object("cert", view->id, object);
    if (view->record.container == PCA_CONTAINER_USBKEY)
        return pcai_fail(err, PCA_E_NOT_EXPORTABLE, object, "key", "the private key was made on a hardware token and never leaves it");
    if (view->record.container != PCA_CONTAINER_MANAGED)
        return pcai_fail(err, PCA_E_NOT_EXPORTABLE, object, "key", "the private key was not made here: the requester has it");
    if (view->status.status == PCA_STATUS_REVOKED)
        return pcai_fail(err, PCA_E_STATE, object, "status", "the certificate is revoked, and its private key is no longer handed out");
    return pcai_keyring_unseal(pcai_environment_keyring(e->shell->env), &owner, view->record.sealed_key, &e->key, err);
}

/* What is made for an SM2 token is written to it, and not handed about. */
static int check_download(const struct cert_view *view, pca_error *err)
{
    char object[PCAI_OBJECT];
    const struct cert_record *r = &view->record;
    int rc = pcai_cert_require(view, CERT_READ, err);
    if (rc != PCA_OK || !r->review.size || r->container != PCA_CONTAINER_USBKEY || pcai_algorithm_family((int)r->algorithm) != PCA_FAMILY_SM2)
        return rc;
    return pcai_fail(err, PCA_E_NOT_EXPORTABLE, pcai_object("cert", view->id, object), "container",
                     "an SM2 certificate of a compliance CA whose key is on a token is installed there: pca_cert_install");
}

/* The encryption key of a pair goes out until the pair is revoked. */
static int read_pair(struct exporting *e, const struct cert_view *view, pca_error *err)
{
    if (!view->record.encryption_der.size)
        return PCA_OK;
    pcai_buf_slice(&e->pair.certificate, view->record.encryption_der);
    int rc = pcai_buf_check(&e->pair.certificate, err);
    if (rc != PCA_OK || view->status.status != PCA_STATUS_ISSUED)
        return rc;
    e->pair.view = *view;
    return pcai_cert_copy(&e->pair.arena, &e->pair.view, err);
}

static int export_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct exporting *e = arguments;
    struct cert_view view;
    struct chain_certs chain;
    e->now = cx->now;
    int rc = pcai_cert_read(txn, e->cert->id, &view, err);
    if (rc == PCA_OK)
        rc = check_download(&view, err);
    if (rc == PCA_OK && wants_key(e))
        rc = read_key(e, &view, err);
    if (rc == PCA_OK) {
        pcai_buf_slice(&e->leaf, view.record.der);
        rc = pcai_buf_check(&e->leaf, err);
    }
    if (rc == PCA_OK && e->files)
        rc = read_pair(e, &view, err);
    if (rc == PCA_OK)
        rc = pcai_chain_certs(txn, cx, view.record.issuer, view.record.generation, &chain, err);
    if (rc == PCA_OK)
        e->below_root = pcai_chain_below_root(&chain);
    for (size_t i = 0; rc == PCA_OK && i < chain.count; i++) {
        pcai_buf_slice(&e->ca[e->count++], chain.der[i]);
        rc = pcai_buf_check(&e->ca[i], err);
    }
    return rc;
}

/* Random octets are drawn before the transaction begins, and after it. */
static int gather(struct exporting *e, pca_error *err)
{
    struct call call;
    int rc = pcai_call_begin(e->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    if (e->password.data)
        rc = pcai_random_bytes(e->shell->random, &e->seed, sizeof e->seed, err);
    if (rc == PCA_OK)
        rc = pcai_call_read(&call, export_rule, e, err);
    if (rc == PCA_OK && e->pair.view.id)
        rc = pcai_pair_envelope(e->shell->env, e->shell->random, &e->pair.view, &e->pair.envelope, err);
    pcai_call_end(&call);
    return rc;
}

static void exporting_free(struct exporting *e)
{
    pcai_buf_free(&e->leaf);
    pcai_buf_free(&e->key);
    for (size_t i = 0; i < PCAI_CHAIN_MAX; i++)
        pcai_buf_free(&e->ca[i]);
    pcai_buf_free(&e->pair.certificate);
    pcai_buf_free(&e->pair.envelope);
    pcai_arena_free(&e->pair.arena);
    pca_files_free(e->files);
}

/* ---- Names ---- */

/* The names that an export gives to the CAs, in any case: a file system may not tell ROOT.pem from root.pem. */
static int is_reserved(const char *stem)
{
    struct slice text = pcai_slice_text(stem), chain = pcai_slice_text("chain-");
    return pcai_equal_nocase(text, pcai_slice_text("root")) ||
           (text.size > chain.size && pcai_equal_nocase(pcai_slice(text.data, chain.size), chain));
}

/* The common name or the serial, with _ for what could lead elsewhere or surprise a shell. */
static void file_stem(const pca_cert *cert, char stem[FILE_STEM_MAX + 2])
{
    const char *from = *cert->common_name ? cert->common_name : cert->serial;
    size_t i = 0;
    for (; from[i] && i < FILE_STEM_MAX; i++) {
        int c = from[i];
        stem[i] = pcai_is_alpha(c) || pcai_is_digit(c) || c == '-' || (c == '.' && i) || c == '@' ? (char)c : '_';
    }
    stem[i] = 0;
    if (is_reserved(stem)) {
        stem[i] = '_';
        stem[i + 1] = 0;
    }
}

/* What a key store shows to people. */
static const char *friendly_name(const pca_cert *cert)
{
    return *cert->alias ? cert->alias : *cert->common_name ? cert->common_name : cert->serial;
}

/* ---- Files: each of these takes what it adds ---- */

static int add(struct exporting *e, const char *stem, const char *suffix, int secret, struct buf *contents, pca_error *err)
{
    char name[FILE_STEM_MAX + FILE_SUFFIX_MAX];
    snprintf(name, sizeof name, "%s%s", stem, suffix);
    int rc = pcai_buf_check(contents, err);
    return rc == PCA_OK ? pcai_files_add(e->files, name, secret, contents, err) : rc;
}

/* How many of the CAs the flags ask for. */
static size_t chain_asked(const struct exporting *e)
{
    if (e->flags & PCA_WITH_ROOT)
        return e->count;
    return e->flags & PCA_WITH_CHAIN ? e->below_root : 0;
}

/* The leaf, then the CAs that are asked for; returns how many. */
static size_t list_certificates(const struct exporting *e, struct slice out[PCAI_CHAIN_MAX + 1])
{
    out[0] = pcai_buf_view(&e->leaf);
    for (size_t i = 0; i < chain_asked(e); i++)
        out[i + 1] = pcai_buf_view(&e->ca[i]);
    return chain_asked(e) + 1;
}

static int add_pem(struct exporting *e, const char *suffix, const struct slice *certificates, size_t count, pca_error *err)
{
    struct buf pem = {0};
    for (size_t i = 0; i < count; i++)
        pcai_pem_write(&pem, "CERTIFICATE", certificates[i]);
    int rc = add(e, e->stem, suffix, 0, &pem, err);
    pcai_buf_free(&pem);
    return rc;
}

/* PKCS#8, encrypted when there is a password. */
static int encode_key(const struct exporting *e, int format, struct buf *out, pca_error *err)
{
    struct buf encrypted = {0};
    struct slice der = pcai_buf_view(&e->key);
    int rc = PCA_OK;
    if (e->password.data) {
        rc = pcai_pkcs8_encrypt(PBE_AES256, e->password, &e->seed.pkcs12.key, der, &encrypted, err);
        der = pcai_buf_view(&encrypted);
    }
    if (rc == PCA_OK && format == PCA_FORMAT_DER)
        pcai_buf_slice(out, der);
    else if (rc == PCA_OK)
        pcai_pem_write(out, e->password.data ? "ENCRYPTED PRIVATE KEY" : "PRIVATE KEY", der);
    pcai_buf_free(&encrypted);
    return rc;
}

static int add_key(struct exporting *e, pca_error *err)
{
    struct buf key = {0};
    if (!wants_key(e))
        return PCA_OK;
    int rc = encode_key(e, e->form->format, &key, err);
    if (rc == PCA_OK)
        rc = add(e, e->stem, ".key", 1, &key, err);
    pcai_buf_free(&key);
    return rc;
}

static int make_pem(struct exporting *e, pca_error *err)
{
    struct slice list[PCAI_CHAIN_MAX + 1];
    int rc = add_pem(e, ".pem", list, list_certificates(e, list), err);
    return rc == PCA_OK ? add_key(e, err) : rc;
}

static int make_crt(struct exporting *e, pca_error *err)
{
    struct slice list[PCAI_CHAIN_MAX + 1];
    size_t count = list_certificates(e, list);
    int rc = add_pem(e, "_public.crt", list, 1, err);
    if (rc == PCA_OK && count > 1)
        rc = add_pem(e, "_chain.crt", list + 1, count - 1, err);
    return rc == PCA_OK ? add_key(e, err) : rc;
}

static int make_der(struct exporting *e, pca_error *err)
{
    struct slice list[PCAI_CHAIN_MAX + 1];
    size_t count = list_certificates(e, list);
    int rc = PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < count; i++) {
        char suffix[FILE_SUFFIX_MAX] = ".der";
        struct buf der = {0};
        if (i)
            snprintf(suffix, sizeof suffix, "-%zu.der", i);
        pcai_buf_slice(&der, list[i]);
        rc = add(e, i ? "chain" : e->stem, suffix, 0, &der, err);
        pcai_buf_free(&der);
    }
    return rc == PCA_OK ? add_key(e, err) : rc;
}

static int make_pkcs7(struct exporting *e, pca_error *err)
{
    struct slice list[PCAI_CHAIN_MAX + 1];
    struct buf der = {0}, pem = {0};
    pcai_pkcs7_write(&der, list, list_certificates(e, list));
    int rc = pcai_buf_check(&der, err);
    if (rc == PCA_OK) {
        pcai_pem_write(&pem, "PKCS7", pcai_buf_view(&der));
        rc = add(e, e->stem, ".p7b", 0, &pem, err);
    }
    pcai_buf_free(&der);
    pcai_buf_free(&pem);
    return rc == PCA_OK ? add_key(e, err) : rc;
}

static int make_pfx(struct exporting *e, pca_error *err)
{
    struct slice list[PCAI_CHAIN_MAX + 1];
    struct buf pfx = {0};
    struct pkcs12_contents contents = {.private_key = pcai_buf_view(&e->key),
                                       .certificates = list,
                                       .count = list_certificates(e, list),
                                       .name = pcai_slice_text(friendly_name(e->cert)),
                                       .password = e->password,
                                       .legacy = (e->flags & PCA_LEGACY) != 0};
    int rc = pcai_pkcs12_write(&contents, &e->seed.pkcs12, &pfx, err);
    if (rc == PCA_OK)
        rc = add(e, e->stem, ".pfx", 1, &pfx, err);
    pcai_buf_free(&pfx);
    return rc;
}

static int make_jks(struct exporting *e, pca_error *err)
{
    struct slice list[PCAI_CHAIN_MAX + 1];
    struct buf out = {0};
    char alias[sizeof e->stem];
    memcpy(alias, e->stem, sizeof alias);
    pcai_lower_all(alias, strlen(alias));
    struct jks jks = {.alias = alias,
                      .created = e->now,
                      .private_key = pcai_buf_view(&e->key),
                      .certificates = list,
                      .count = list_certificates(e, list),
                      .password = e->password};
    memcpy(jks.salt, e->seed.jks, sizeof jks.salt);
    int rc = pcai_jks_write(&jks, &out, err);
    if (rc == PCA_OK)
        rc = add(e, e->stem, ".jks", 1, &out, err);
    pcai_buf_free(&out);
    return rc;
}

/* A file of its own whatever the format. */
static int add_certificate(struct exporting *e, const char *stem, const char *suffix, struct slice der, pca_error *err)
{
    char ending[FILE_SUFFIX_MAX];
    struct buf out = {0};
    int is_der = e->form->format == PCA_FORMAT_DER;
    snprintf(ending, sizeof ending, "%s%s", suffix, is_der ? ".der" : ".pem");
    if (is_der)
        pcai_buf_slice(&out, der);
    else
        pcai_pem_write(&out, "CERTIFICATE", der);
    int rc = add(e, stem, ending, 0, &out, err);
    pcai_buf_free(&out);
    return rc;
}

/* The trust anchor; where it is a root elsewhere, it is not here to be given. */
static int add_root(struct exporting *e, pca_error *err)
{
    return e->below_root == e->count ? PCA_OK : add_certificate(e, "root", "", pcai_buf_view(&e->ca[e->count - 1]), err);
}

static int add_pair(struct exporting *e, pca_error *err)
{
    if (!e->pair.certificate.size)
        return PCA_OK;
    int rc = add_certificate(e, e->stem, "_enc", pcai_buf_view(&e->pair.certificate), err);
    return rc == PCA_OK && e->pair.envelope.size ? add(e, e->stem, "_enc.envelope", 1, &e->pair.envelope, err) : rc;
}

static int add_password(struct exporting *e, pca_error *err)
{
    struct buf text = {0};
    if (!(e->flags & PCA_WITH_PASSWORD_FILE))
        return PCA_OK;
    pcai_buf_slice(&text, e->password);
    pcai_buf_octet(&text, '\n');
    int rc = add(e, e->stem, "_password.txt", 1, &text, err);
    pcai_buf_free(&text);
    return rc;
}

/* ---- Formats ---- */

static const struct form forms[] = {
    {PCA_FORMAT_PEM, "PEM", FLAGS_FILES, 0, 1, NULL, make_pem},
    {PCA_FORMAT_DER, "DER", FLAGS_FILES, 0, 1, NULL, make_der},
    {PCA_FORMAT_PFX, "PFX", FLAGS_STORE | PCA_LEGACY, 1, 1, NULL, make_pfx},
    {PCA_FORMAT_JKS, "JKS", FLAGS_STORE, 1, JKS_PASSWORD_MIN, "no reader of JKS knows SM2 keys", make_jks},
    {PCA_FORMAT_PKCS8, "PKCS8", FLAGS_FILES, 0, 1, NULL, make_pem},
    {PCA_FORMAT_CRT, "CRT", FLAGS_FILES, 0, 1, NULL, make_crt},
    {PCA_FORMAT_PKCS7, "PKCS7", FLAGS_FILES, 0, 1, NULL, make_pkcs7},
};
/* The private key alone. */
static const struct form key_forms[] = {
    {PCA_FORMAT_PEM, "a private key", PCA_PLAIN_KEY, 0, 1, NULL, NULL},
    {PCA_FORMAT_DER, "a private key", PCA_PLAIN_KEY, 0, 1, NULL, NULL},
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct form *find_form(const struct form *from, size_t count, int format)
{
    for (size_t i = 0; i < count; i++)
        if (from[i].format == format)
            return &from[i];
    return NULL;
}

static int refuse(pca_error *err, const char *field, const char *why)
{
    return pcai_fail(err, PCA_E_INVALID, "call", field, "%s", why);
}

static int check_flags(const struct form *form, int flags, const char *password, pca_error *err)
{
    if (flags & ~FLAGS_KNOWN)
        return refuse(err, "flags", "the flags hold a bit that is not known here");
    if (form->is_store && (flags & PCA_PLAIN_KEY))
        return pcai_fail(err, PCA_E_INVALID, "call", "flags", "the private key in a %s is always encrypted: PCA_PLAIN_KEY is not for it", form->name);
    if (flags & ~form->flags & PCA_LEGACY)
        return refuse(err, "flags", "PCA_LEGACY is for PFX alone");
    if (flags & ~form->flags)
        return pcai_fail(err, PCA_E_INVALID, "call", "flags", "%s takes no flag but PCA_PLAIN_KEY", form->name);
    if ((flags & PCA_WITH_PASSWORD_FILE) && !password)
        return refuse(err, "flags", "PCA_WITH_PASSWORD_FILE needs a password to write");
    return PCA_OK;
}

/* required: the format is nothing without a private key. */
static int check_password(const struct form *form, int required, int flags, const char *password, pca_error *err)
{
    if (!password && required && !(flags & PCA_PLAIN_KEY))
        return pcai_fail(err, PCA_E_INVALID, "call", "password", "%s needs a password%s", form->name,
                         form->is_store ? "" : ", or PCA_PLAIN_KEY to say that the key is to be plain");
    if (!password)
        return PCA_OK;
    if (flags & PCA_PLAIN_KEY)
        return refuse(err, "password", "PCA_PLAIN_KEY says that the key is to be plain: there is nothing to encrypt under a password");
    struct slice text = pcai_slice_text(password);
    if (text.size < form->password_min || text.size > PASSWORD_MAX || !pcai_ascii_printable(text))
        return pcai_fail(err, PCA_E_INVALID, "call", "password", "the password of %s is %zu to %d printable ASCII characters", form->name,
                         form->password_min, PASSWORD_MAX);
    return PCA_OK;
}

static int check_family(const struct form *form, const pca_cert *cert, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (!form->no_sm2 || pcai_algorithm_family((int)cert->record.algorithm) != PCA_FAMILY_SM2)
        return PCA_OK;
    return pcai_fail(err, PCA_E_UNSUPPORTED, pcai_object("cert", cert->id, object), "format", "%s", form->no_sm2);
}

/* ---- Verbs ---- */

int pca_cert_export(const pca_cert *cert, int format, int flags, const char *password, pca_files **files, pca_error *err)
{
    pca_error_clear(err);
    if (!cert || !files)
        return pcai_null(cert ? "files" : "cert", err);
    const struct form *form = find_form(forms, COUNT(forms), format);
    if (!form)
        return refuse(err, "format", "the format is none of PEM, DER, PFX, JKS, PKCS8, CRT and PKCS7");
    int rc = check_flags(form, flags, password, err);
    if (rc == PCA_OK)
        rc = check_password(form, form->is_store, flags, password, err);
    if (rc == PCA_OK)
        rc = check_family(form, cert, err);
    if (rc != PCA_OK)
        return rc;
    struct exporting e = {.shell = cert->shell, .cert = cert, .form = form, .flags = flags, .files = pcai_files_new()};
    if (password)
        e.password = pcai_slice_text(password);
    file_stem(cert, e.stem);
    rc = e.files ? gather(&e, err) : pcai_no_memory(err);
    if (rc == PCA_OK)
        rc = form->make(&e, err);
    if (rc == PCA_OK)
        rc = add_pair(&e, err);
    if (rc == PCA_OK)
        rc = add_root(&e, err);
    if (rc == PCA_OK)
        rc = add_password(&e, err);
    if (rc == PCA_OK) {
        *files = e.files;
        e.files = NULL;
    }
    exporting_free(&e);
    return rc;
}

int pca_cert_export_key(const pca_cert *cert, int format, int flags, const char *password, pca_blob **blob, pca_error *err)
{
    struct buf out = {0};
    pca_error_clear(err);
    if (!cert || !blob)
        return pcai_null(cert ? "blob" : "cert", err);
    const struct form *form = find_form(key_forms, COUNT(key_forms), format);
    if (!form)
        return refuse(err, "format", "a private key alone comes as PEM or DER");
    int rc = check_flags(form, flags, password, err);
    if (rc == PCA_OK)
        rc = check_password(form, 1, flags, password, err);
    if (rc != PCA_OK)
        return rc;
    struct exporting e = {.shell = cert->shell, .cert = cert, .form = form, .flags = flags};
    if (password)
        e.password = pcai_slice_text(password);
    rc = gather(&e, err);
    if (rc == PCA_OK)
        rc = encode_key(&e, format, &out, err);
    if (rc == PCA_OK)
        rc = pcai_blob_take(&out, blob, err);
    pcai_buf_free(&out);
    exporting_free(&e);
    return rc;
}

/* 26 characters of 5 bits: 130 bits. Small letters and digits that cannot be taken for one another: no i, l, o, u. */
#define PASSWORD_SIZE 26

int pca_region_password_new(pca_region *region, pca_blob **password, pca_error *err)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint8_t random[PASSWORD_SIZE];
    struct call call;
    struct buf text = {0};
    pca_error_clear(err);
    if (!region || !password)
        return pcai_null(region ? "password" : "region", err);
    int rc = pcai_call_begin(region->shell, &call, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_random_bytes(region->shell->random, random, sizeof random, err);
    pcai_call_end(&call);
    for (size_t i = 0; rc == PCA_OK && i < sizeof random; i++)
        pcai_buf_octet(&text, (uint8_t)alphabet[random[i] & 31]);
    pcai_wipe(random, sizeof random);
    if (rc == PCA_OK)
        rc = pcai_blob_take(&text, password, err);
    pcai_buf_free(&text);
    return rc;
}
