/*
 * worker DIR JOB: does what a host does, and says on standard output what it was told is done, a line each, once it is told:
 *
 *   region | cert ID SERIAL | revoked SERIAL | deleted SERIAL | crl1 NUMBER | crl2 NUMBER | root NUMBER | backup | done
 *
 *   JOB  create    a region with its CAs, and a certificate
 *        work      in a region that is there: one of every call that writes
 *        more      likewise: what others made is brought in, signed and revoked; requests are reviewed. Reads DIR.pem and DIR.key
 *        threads   four threads issue, revoke and make CRLs until they are killed or have done enough
 *
 * It stops at the first failure, and says nothing of it: 0 when all was done, 1 after a failure.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pca/pca.h>

#define KEY "0123456789abcdef0123456789abcdef"

static pca_region *region;
static pca_root *root;
static pca_sub *sub;

/* number 0, text NULL: left out. */
static void say(const char *word, uint64_t number, const char *text)
{
    char line[160], digits[24] = "";
    if (number)
        snprintf(digits, sizeof digits, " %" PRIu64, number);
    int size = snprintf(line, sizeof line, "%s%s%s%s\n", word, digits, text ? " " : "", text ? text : "");
    if (write(1, line, (size_t)size) != size)
        _exit(2);
}

static pca_request *server(const char *common_name)
{
    pca_request *r = pca_request_new();
    pca_request_set_type(r, PCA_CERT_SERVER);
    pca_request_set_common_name(r, common_name);
    pca_request_set_years(r, 1);
    return r;
}

static int issue(pca_cert **cert)
{
    pca_request *r = server("a.internal");
    int rc = pca_sub_request(sub, r, cert, NULL);
    if (rc == PCA_OK)
        say("cert", pca_cert_id(*cert), pca_cert_serial(*cert));
    pca_request_free(r);
    return rc;
}

static int issue_many(void)
{
    pca_request *r = server("many.internal");
    const pca_request *requests[3] = {r, r, r};
    pca_results *results = NULL;
    int rc = pca_sub_request_many(sub, requests, 3, &results, NULL);
    for (uint64_t i = 0; i < pca_results_count(results); i++) {
        const pca_cert *cert = pca_results_cert_at(results, i);
        if (cert)
            say("cert", pca_cert_id(cert), pca_cert_serial(cert));
    }
    pca_results_free(results);
    pca_request_free(r);
    return rc;
}

static int revoke(const pca_cert *cert, int and_delete)
{
    int rc = pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, NULL);
    if (rc == PCA_OK)
        say("revoked", 0, pca_cert_serial(cert));
    if (rc == PCA_OK && and_delete) {
        rc = pca_cert_delete(cert, NULL);
        if (rc == PCA_OK)
            say("deleted", 0, pca_cert_serial(cert));
    }
    return rc;
}

/* name: "crl" and the number of the key generation, or "root". */
static int make_crl(const pca_ca *ca, const char *name)
{
    uint64_t number = 0;
    int rc = pca_ca_crl_make(ca, NULL);
    if (rc == PCA_OK)
        rc = pca_ca_crl_info(ca, &number, NULL, NULL, NULL, NULL);
    if (rc == PCA_OK)
        say(name, number, NULL);
    return rc;
}

static int handles(void)
{
    int rc = pca_region_root_get(region, 1, &root, NULL);
    return rc ? rc : pca_region_sub_get(region, 2, &sub, NULL);
}

static int create(const char *path, const pca_config *config)
{
    pca_request *r = pca_request_new();
    pca_cert *cert = NULL;
    int rc = pca_region_create(path, "crash", config, &region, NULL);
    if (rc == PCA_OK)
        say("region", 0, NULL);
    if (rc == PCA_OK)
        rc = pca_root_purchase(region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 120, "once", &root, NULL);
    if (rc == PCA_OK)
        rc = pca_root_default_sub(root, &sub, NULL);
    pca_request_set_common_name(r, "Root");
    if (rc == PCA_OK)
        rc = pca_root_enable(root, r, NULL);
    pca_request_set_common_name(r, "Sub");
    pca_request_set_crl_url(r, "http://crl.example/1.crl");
    if (rc == PCA_OK)
        rc = pca_sub_enable(sub, r, NULL);
    if (rc == PCA_OK)
        rc = issue(&cert);
    pca_cert_free(cert);
    pca_request_free(r);
    return rc;
}

static int rekey(void)
{
    pca_request *r = pca_request_new();
    pca_request_set_crl_url(r, "http://crl.example/2.crl");
    int rc = pca_ca_rekey(pca_sub_ca(sub), r, NULL);
    if (rc == PCA_OK)
        rc = pca_ca_reissue(pca_root_ca(root), (pca_request_reset(r), r), NULL);
    pca_request_free(r);
    return rc;
}

static int work(const char *path)
{
    char beside[512];
    pca_cert *first = NULL, *second = NULL, *third = NULL;
    pca_sub *other = NULL;
    int rc = pca_root_purchase_certificates(root, 100, "buy", NULL, NULL);
    if (rc == PCA_OK)
        rc = pca_root_assign(root, sub, 50, PCA_ANY, "assign", NULL);
    if (rc == PCA_OK)
        rc = issue(&first);
    if (rc == PCA_OK)
        rc = issue(&second);
    if (rc == PCA_OK)
        rc = revoke(first, 0);
    if (rc == PCA_OK)
        rc = make_crl(pca_sub_ca(sub), "crl1");
    if (rc == PCA_OK)
        rc = revoke(second, 1);
    if (rc == PCA_OK)
        rc = issue_many();
    if (rc == PCA_OK)
        rc = pca_region_policy_set(region, "short_lived", 1, NULL);
    if (rc == PCA_OK)
        rc = pca_ca_set_alias(pca_sub_ca(sub), "issuing", NULL);
    if (rc == PCA_OK)
        rc = pca_root_purchase_sub(root, 12, "sub", &other, NULL);
    if (rc == PCA_OK)
        rc = rekey();
    if (rc == PCA_OK)
        rc = issue(&third);
    if (rc == PCA_OK)
        rc = make_crl(pca_sub_ca(sub), "crl2");
    if (rc == PCA_OK)
        rc = pca_root_renew(root, 1, NULL, NULL);
    snprintf(beside, sizeof beside, "%s.backup", path);
    if (rc == PCA_OK)
        rc = pca_region_backup_write(region, beside, NULL, NULL);
    if (rc == PCA_OK)
        say("backup", 0, NULL);
    if (rc == PCA_OK)
        rc = make_crl(pca_root_ca(root), "root");
    pca_cert_free(first);
    pca_cert_free(second);
    pca_cert_free(third);
    pca_sub_free(other);
    return rc;
}

/* ---- What others made, and what people decide ---- */

static int set_file(pca_import *import, int (*set)(pca_import *, const void *, size_t), const char *path, const char *ending)
{
    char name[512], data[8192];
    snprintf(name, sizeof name, "%s.%s", path, ending);
    FILE *file = fopen(name, "rb");
    if (!file)
        return PCA_E_NOT_FOUND;
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    return set(import, data, size);
}

/* An imported root, its cross-certificate, and a CSR for its subordinate. */
static int bring_in(const char *path)
{
    pca_root *old = NULL;
    pca_sub *below = NULL;
    pca_blob *blob = NULL;
    pca_import *import = pca_import_new();
    pca_request *r = pca_request_new();
    int rc = set_file(import, pca_import_set_certificate, path, "pem");
    if (rc == PCA_OK)
        rc = set_file(import, pca_import_set_key, path, "key");
    if (rc == PCA_OK)
        rc = pca_root_purchase(region, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, "old", &old, NULL);
    if (rc == PCA_OK)
        rc = pca_ca_import(pca_root_ca(old), import, NULL);
    if (rc == PCA_OK)
        rc = pca_ca_cross_sign(pca_root_ca(root), pca_root_ca(old), r, PCA_FORMAT_DER, &blob, NULL);
    if (rc == PCA_OK) {
        pca_blob_free(blob);
        rc = pca_root_default_sub(old, &below, NULL);
    }
    pca_request_set_common_name(r, "Below");
    if (rc == PCA_OK)
        rc = pca_ca_csr(pca_sub_ca(below), r, PCA_FORMAT_DER, &blob, NULL);
    if (rc == PCA_OK)
        pca_blob_free(blob);
    pca_import_free(import);
    pca_request_free(r);
    pca_root_free(old);
    pca_sub_free(below);
    return rc;
}

static int revoke_unknown(void)
{
    static const char first[] = "7f0102030405060708090a0b0c0d0e0f", second[] = "7e0102030405060708090a0b0c0d0e0f";
    int rc = pca_ca_revoke_serial(pca_sub_ca(sub), first, PCA_REASON_KEY_COMPROMISE, 0, "serial", NULL);
    if (rc == PCA_OK)
        say("revoked", 0, first);
    if (rc == PCA_OK)
        rc = pca_ca_import_revoked(pca_sub_ca(sub), second, pca_ca_not_before(pca_sub_ca(sub)), PCA_REASON_SUPERSEDED, 0,
                                   pca_ca_not_after(pca_sub_ca(sub)), NULL);
    if (rc == PCA_OK)
        say("revoked", 0, second);
    return rc;
}

/* One request is approved, one rejected and purged, one cancelled. */
static int decide(const pca_sub *compliance, int what)
{
    pca_request *r = pca_request_new();
    pca_cert *cert = NULL, *issued = NULL;
    pca_request_set_type(r, PCA_CERT_CLIENT);
    pca_request_set_personal_name(r, "Ada");
    int rc = pca_sub_request(compliance, r, &cert, NULL);
    if (rc == PCA_OK)
        rc = what == 0 ? pca_cert_approve(cert, pca_cert_review_digest(cert), NULL)
             : what == 1 ? pca_cert_reject(cert, "no", NULL)
                         : pca_cert_cancel(cert, NULL);
    if (rc == PCA_OK && what == 0) {
        rc = pca_cert_reload(cert, &issued, NULL);
        if (rc == PCA_OK)
            say("cert", pca_cert_id(issued), pca_cert_serial(issued));
    }
    if (rc == PCA_OK && what == 1)
        rc = pca_cert_purge(cert, NULL);
    pca_cert_free(issued);
    pca_cert_free(cert);
    pca_request_free(r);
    return rc;
}

static int review(void)
{
    pca_root *top = NULL;
    pca_sub *compliance = NULL;
    pca_request *r = pca_request_new();
    int rc = pca_root_purchase(region, PCA_KIND_COMPLIANCE, PCA_FAMILY_ECC, 120, "compliance", &top, NULL);
    if (rc == PCA_OK)
        rc = pca_root_default_sub(top, &compliance, NULL);
    pca_request_set_common_name(r, "Compliance");
    if (rc == PCA_OK)
        rc = pca_root_enable(top, r, NULL);
    pca_request_set_common_name(r, "Reviewed");
    if (rc == PCA_OK)
        rc = pca_sub_enable(compliance, r, NULL);
    if (rc == PCA_OK)
        rc = pca_root_purchase_certificates(top, 3, NULL, NULL, NULL);
    if (rc == PCA_OK)
        rc = pca_root_assign(top, compliance, 3, PCA_ANY, NULL, NULL);
    for (int what = 0; rc == PCA_OK && what < 3; what++)
        rc = decide(compliance, what);
    pca_request_free(r);
    pca_sub_free(compliance);
    pca_root_free(top);
    return rc;
}

static int more(const char *path)
{
    int rc = bring_in(path);
    if (rc == PCA_OK)
        rc = revoke_unknown();
    if (rc == PCA_OK)
        rc = review();
    if (rc == PCA_OK)
        rc = make_crl(pca_sub_ca(sub), "crl1");
    return rc;
}

/* ---- Threads ---- */

static void *one_thread(void *argument)
{
    int *rc = argument;
    for (int i = 0; i < 12 && *rc == PCA_OK; i++) {
        pca_cert *cert = NULL;
        *rc = issue(&cert);
        if (*rc == PCA_OK && i % 3 == 0)
            *rc = revoke(cert, i % 6 == 0);
        if (*rc == PCA_OK && i % 6 == 5)
            *rc = make_crl(pca_sub_ca(sub), "crl1");
        pca_cert_free(cert);
    }
    return NULL;
}

static int threads(void)
{
    pthread_t thread[4];
    int rc[4] = {PCA_OK}, all = pca_root_purchase_certificates(root, 100, NULL, NULL, NULL);
    if (all == PCA_OK)
        all = pca_root_assign(root, sub, 100, PCA_ANY, NULL, NULL);
    for (int i = 0; all == PCA_OK && i < 4; i++)
        if (pthread_create(&thread[i], NULL, one_thread, &rc[i]) != 0)
            return PCA_E_INTERNAL;
    for (int i = 0; all == PCA_OK && i < 4; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < 4; i++)
        all = all ? all : rc[i];
    return all;
}

int main(int argc, char **argv)
{
    pca_config *config = pca_config_new();
    if (argc != 3 || pca_config_set_key(config, (const uint8_t *)KEY, 32) != PCA_OK)
        return 2;
    int rc;
    if (strcmp(argv[2], "create") == 0) {
        rc = create(argv[1], config);
    } else {
        rc = pca_region_open(argv[1], config, &region, NULL);
        if (rc == PCA_OK)
            rc = handles();
        if (rc == PCA_OK)
            rc = strcmp(argv[2], "threads") == 0 ? threads() : strcmp(argv[2], "more") == 0 ? more(argv[1]) : work(argv[1]);
    }
    if (rc == PCA_OK)
        say("done", 0, NULL);
    pca_root_free(root);
    pca_sub_free(sub);
    pca_region_close(region);
    pca_config_free(config);
    return rc != PCA_OK;
}
