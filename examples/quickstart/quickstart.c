/*
 * quickstart: a private CA, one step a call.
 *
 *   quickstart DIR purchase               buy a root CA; a subordinate comes with it
 *   quickstart DIR enable                 give both a name, a key and a certificate
 *   quickstart DIR buy COUNT              buy certificates for the root
 *   quickstart DIR assign COUNT           set what the subordinate has left
 *   quickstart DIR server CSR OUT         a server certificate for a key that stays with its owner
 *   quickstart DIR client NAME EMAIL OUT  a client certificate, its key made by libpca
 *   quickstart DIR revoke SERIAL          for a stolen key
 *   quickstart DIR crl OUT                the next CRL of both CAs
 *
 * DIR/storage.key holds the 32 octets that seal the private keys, DIR/region the CAs. Every call is a process of its own:
 * it opens the region and finds its CAs again, as a service does when it is restarted.
 */
#define _POSIX_C_SOURCE 200809L

#include <pca/pca.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SERVICE_MONTHS 120
#define DAYS 90

struct quickstart {
    pca_error *err;
    pca_config *config;
    pca_request *request;
    pca_region *region;
    pca_root *root;
    pca_sub *sub;
    pca_cert *cert;
    pca_files *files;
    pca_receipt *receipt;
};

/* ---- What it says ---- */

static void fact(const char *what, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("      %-16s  ", what);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

static const char *date(int64_t seconds, char text[32])
{
    time_t time = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&time, &tm) || !strftime(text, 32, "%Y-%m-%d %H:%M:%SZ", &tm))
        strcpy(text, "?");
    return text;
}

static void show_ca(const char *what, const pca_ca *ca)
{
    char until[32];
    fact(what, "%s", pca_ca_subject(ca));
    fact("", "certificate until %s", date(pca_ca_not_after(ca), until));
    fact("", "CRL at %s, every %" PRIu64 " days", pca_ca_crl_url(ca), pca_ca_crl_days(ca));
}

static void show_cert(const pca_cert *cert)
{
    char until[32];
    fact("subject", "%s", pca_cert_subject(cert));
    for (uint64_t i = 0; i < pca_cert_san_count(cert); i++)
        fact(i ? "" : "names", "%s", pca_cert_san_at(cert, i));
    fact("serial", "%s", pca_cert_serial(cert));
    fact("until", "%s", date(pca_cert_not_after(cert), until));
    for (uint64_t i = 0; i < pca_cert_ignored_count(cert); i++)
        fact(i ? "" : "ignored", "%s", pca_cert_ignored_at(cert, i));
}

static void show_files(const pca_files *files, const char *directory)
{
    for (uint64_t i = 0; i < pca_files_count(files); i++)
        fact(i ? "" : "files", "%s/%s", directory, pca_files_name(files, i));
}

/* ---- Files of ours ---- */

/* At most size octets of a file; -1 says why. */
static long read_file(const char *path, void *data, size_t size)
{
    FILE *file = fopen(path, "rb");
    size_t got = file ? fread(data, 1, size, file) : 0;
    int bad = !file || ferror(file) || fgetc(file) != EOF;
    if (file)
        fclose(file);
    if (bad)
        fprintf(stderr, "quickstart: cannot read %s, or it is larger than %zu octets\n", path, size);
    return bad ? -1 : (long)got;
}

/* ---- The region and its CAs ---- */

static int open_region(struct quickstart *q, const char *dir, int create)
{
    char path[4096];
    uint8_t key[32];
    snprintf(path, sizeof path, "%s/storage.key", dir);
    if (read_file(path, key, sizeof key) != sizeof key) {
        fprintf(stderr, "quickstart: %s must hold 32 octets; make it with: openssl rand -out FILE 32\n", path);
        return PCA_E_INVALID;
    }
    pca_config_set_key(q->config, key, sizeof key);
    pca_config_set_actor(q->config, "quickstart");
    snprintf(path, sizeof path, "%s/region", dir);
    int rc = pca_region_open(path, q->config, &q->region, q->err);
    if (rc == PCA_E_NOT_FOUND && create)
        rc = pca_region_create(path, "quickstart", q->config, &q->region, q->err);
    return rc;
}

/* The token makes this the same root at every call: it is bought once, even if the first call was cut short. */
static int find_root_and_sub(struct quickstart *q)
{
    int rc = pca_root_purchase(q->region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, SERVICE_MONTHS, "first-boot", &q->root, q->err);
    return rc ? rc : pca_root_default_sub(q->root, &q->sub, q->err);
}

/* Handles are snapshots: after a change, read it anew. */
static int reload(struct quickstart *q)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    int rc = pca_root_reload(q->root, &root, q->err);
    if (rc == PCA_OK)
        rc = pca_sub_reload(q->sub, &sub, q->err);
    if (rc != PCA_OK) {
        pca_root_free(root);
        return rc;
    }
    pca_root_free(q->root);
    pca_sub_free(q->sub);
    q->root = root;
    q->sub = sub;
    return PCA_OK;
}

/* ---- The steps ---- */

static int purchase(struct quickstart *q, char **arguments)
{
    char until[32];
    (void)arguments;
    int rc = find_root_and_sub(q);
    if (rc != PCA_OK)
        return rc;
    fact("region", "%s", pca_region_id(q->region));
    fact("root", "CA %" PRIu64 ", private, ECC, in service until %s", pca_ca_id(pca_root_ca(q->root)),
         date(pca_ca_service_end(pca_root_ca(q->root)), until));
    fact("subordinate", "CA %" PRIu64 ", comes with it", pca_ca_id(pca_sub_ca(q->sub)));
    fact("", "%" PRIu64 " certificates free of charge", pca_sub_remaining(q->sub));
    return PCA_OK;
}

static int enable(struct quickstart *q, char **arguments)
{
    (void)arguments;
    int rc = find_root_and_sub(q);
    if (rc == PCA_OK && pca_ca_state(pca_root_ca(q->root)) == PCA_CA_PURCHASED) {
        pca_request_set_common_name(q->request, "Quickstart Root");
        pca_request_set_organization(q->request, "Quickstart");
        pca_request_set_key_algorithm(q->request, PCA_KEY_EC_P384);
        pca_request_set_years(q->request, 10);
        pca_request_set_crl_url(q->request, "http://crl.shop.internal/root.crl");
        pca_request_set_crl_days(q->request, 30);
        pca_request_set_alias(q->request, "root");
        rc = pca_root_enable(q->root, q->request, q->err);
    }
    if (rc == PCA_OK && pca_ca_state(pca_sub_ca(q->sub)) == PCA_CA_PURCHASED) {
        pca_request_reset(q->request);
        pca_request_set_common_name(q->request, "Quickstart Issuing CA");
        pca_request_set_organization(q->request, "Quickstart");
        pca_request_set_years(q->request, 5);
        pca_request_set_crl_url(q->request, "http://crl.shop.internal/issuing.crl");
        pca_request_set_crl_days(q->request, 7);
        pca_request_set_alias(q->request, "issuing");
        rc = pca_sub_enable(q->sub, q->request, q->err);
    }
    /* A service of a year or more issues for whole years, unless the region allows less. */
    if (rc == PCA_OK)
        rc = pca_region_policy_set(q->region, "short_lived", 1, q->err);
    if (rc == PCA_OK)
        rc = reload(q);
    if (rc == PCA_OK) {
        show_ca("root", pca_root_ca(q->root));
        show_ca("subordinate", pca_sub_ca(q->sub));
        fact("policy", "short_lived switched on, so that %d-day certificates may be issued", DAYS);
    }
    return rc;
}

static int buy(struct quickstart *q, char **arguments)
{
    int rc = pca_root_purchase_certificates(q->root, strtoull(arguments[0], NULL, 10), NULL, &q->receipt, q->err);
    if (rc == PCA_OK)
        rc = reload(q);
    if (rc == PCA_OK) {
        fact("receipt", "%" PRIu64 " certificates, %" PRIu64 " to be paid, %" PRIu64 " free of charge",
             pca_receipt_count(q->receipt), pca_receipt_billable(q->receipt), pca_receipt_waived(q->receipt));
        fact("root", "%" PRIu64 " not assigned", pca_root_remaining(q->root));
    }
    return rc;
}

static int assign(struct quickstart *q, char **arguments)
{
    /* What was seen last guards against an issue at the same moment: then this is refused with BUSY, not wrong. */
    uint64_t seen = pca_sub_remaining(q->sub);
    int rc = pca_root_assign(q->root, q->sub, strtoull(arguments[0], NULL, 10), seen, NULL, q->err);
    if (rc == PCA_OK)
        rc = reload(q);
    if (rc == PCA_OK) {
        fact("subordinate", "%" PRIu64 " left, before %" PRIu64, pca_sub_remaining(q->sub), seen);
        fact("root", "%" PRIu64 " not assigned", pca_root_remaining(q->root));
    }
    return rc;
}

/* Issues what q->request asks for and writes the files of it. */
static int issue(struct quickstart *q, int flags, const char *out)
{
    int rc = pca_sub_request(q->sub, q->request, &q->cert, q->err);
    if (rc == PCA_OK)
        rc = pca_cert_export(q->cert, PCA_FORMAT_PEM, flags, NULL, &q->files, q->err);
    if (rc == PCA_OK)
        rc = pca_files_write(q->files, out, q->err);
    if (rc == PCA_OK) {
        show_cert(q->cert);
        show_files(q->files, out);
    }
    return rc;
}

static int server(struct quickstart *q, char **arguments)
{
    static char csr[65536];
    long size = read_file(arguments[0], csr, sizeof csr);
    if (size < 0)
        return PCA_E_INVALID;
    pca_request_set_type(q->request, PCA_CERT_SERVER);
    pca_request_set_csr(q->request, csr, (size_t)size);
    pca_request_use_csr_subject(q->request);
    pca_request_use_csr_san(q->request);
    pca_request_set_days(q->request, DAYS);
    return issue(q, PCA_WITH_CHAIN, arguments[1]);
}

static int client(struct quickstart *q, char **arguments)
{
    pca_request_set_type(q->request, PCA_CERT_CLIENT);
    pca_request_set_common_name(q->request, arguments[0]);
    pca_request_add_email(q->request, arguments[1]);
    pca_request_set_days(q->request, DAYS);
    return issue(q, PCA_WITH_CHAIN | PCA_PLAIN_KEY, arguments[2]);
}

static int revoke(struct quickstart *q, char **arguments)
{
    char when[32];
    pca_cert *fresh = NULL;
    int rc = pca_ca_cert_by_serial(pca_sub_ca(q->sub), arguments[0], &q->cert, q->err);
    if (rc == PCA_OK)
        rc = pca_cert_revoke(q->cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, q->err);
    if (rc == PCA_OK)
        rc = pca_cert_reload(q->cert, &fresh, q->err);
    if (rc == PCA_OK) {
        fact("subject", "%s", pca_cert_subject(fresh));
        fact("serial", "%s", pca_cert_serial(fresh));
        fact("revoked", "%s, key compromise", date(pca_cert_revoked_at(fresh), when));
    }
    pca_cert_free(fresh);
    return rc;
}

static int make_crl(struct quickstart *q, const pca_ca *ca, const char *directory, const char *name)
{
    char path[4096], next[32];
    uint64_t number = 0, entries = 0;
    int64_t next_update = 0;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int rc = pca_ca_crl_make(ca, q->err);
    if (rc == PCA_OK)
        rc = pca_ca_crl_write(ca, PCA_FORMAT_PEM, path, q->err);
    if (rc == PCA_OK)
        rc = pca_ca_crl_info(ca, &number, NULL, &next_update, &entries, q->err);
    if (rc == PCA_OK)
        fact(name, "number %" PRIu64 ", %" PRIu64 " revoked, next by %s", number, entries, date(next_update, next));
    return rc;
}

static int crl(struct quickstart *q, char **arguments)
{
    int rc = make_crl(q, pca_root_ca(q->root), arguments[0], "root.crl");
    return rc ? rc : make_crl(q, pca_sub_ca(q->sub), arguments[0], "issuing.crl");
}

/* ---- Which step ---- */

static const struct step {
    const char *name;
    int arguments;
    int enabled; /* the CAs have their aliases by then */
    int (*run)(struct quickstart *q, char **arguments);
} steps[] = {
    {"purchase", 0, 0, purchase}, {"enable", 0, 0, enable}, {"buy", 1, 1, buy},       {"assign", 1, 1, assign},
    {"server", 2, 1, server},     {"client", 3, 1, client}, {"revoke", 1, 1, revoke}, {"crl", 1, 1, crl},
};

static const struct step *find_step(int argc, char **argv)
{
    for (size_t i = 0; argc >= 3 && i < sizeof steps / sizeof steps[0]; i++)
        if (strcmp(argv[2], steps[i].name) == 0 && argc - 3 == steps[i].arguments)
            return &steps[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const struct step *step = find_step(argc, argv);
    if (!step) {
        fprintf(stderr, "usage: quickstart DIR purchase | enable | buy COUNT | assign COUNT | server CSR OUT |\n"
                        "                      client NAME EMAIL OUT | revoke SERIAL | crl OUT\n");
        return 2;
    }
    struct quickstart q = {.err = pca_error_new(), .config = pca_config_new(), .request = pca_request_new()};
    int rc = open_region(&q, argv[1], !step->enabled);
    if (rc == PCA_OK && step->enabled)
        rc = pca_region_root_by_alias(q.region, "root", &q.root, q.err);
    if (rc == PCA_OK && step->enabled)
        rc = pca_region_sub_by_alias(q.region, "issuing", &q.sub, q.err);
    if (rc == PCA_OK)
        rc = step->run(&q, argv + 3);
    if (pca_error_code(q.err) != PCA_OK)
        fprintf(stderr, "quickstart %s: %s: %s: %s\n", step->name, pca_code_name(rc), pca_error_object(q.err),
                pca_error_message(q.err));
    pca_receipt_free(q.receipt);
    pca_files_free(q.files);
    pca_cert_free(q.cert);
    pca_sub_free(q.sub);
    pca_root_free(q.root);
    pca_region_close(q.region);
    pca_request_free(q.request);
    pca_config_free(q.config);
    pca_error_free(q.err);
    return rc != PCA_OK;
}
