/*
 * worker DIR JOB: does what a host does, and says on standard output what it was told is done, a line each, once it is told:
 *
 *   region | cert ID SERIAL | revoked SERIAL | deleted SERIAL | crl1 NUMBER | crl2 NUMBER | root NUMBER | backup | done
 *
 *   JOB  create    a region with its CAs, and a certificate
 *        work      in a region that is there: one of every call that writes
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
            rc = strcmp(argv[2], "threads") == 0 ? threads() : work(argv[1]);
    }
    if (rc == PCA_OK)
        say("done", 0, NULL);
    pca_root_free(root);
    pca_sub_free(sub);
    pca_region_close(region);
    pca_config_free(config);
    return rc != PCA_OK;
}
