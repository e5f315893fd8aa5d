/*
 * mtls: who may come in. Client certificates for people, and what a web server needs to ask for them (nginx.conf beside this).
 *
 *   mtls DIR server HOST  HOST.pem and HOST.key, the next ones when the last have less than 30 days left; and the CRLs
 *   mtls DIR add NAME     clients/NAME: NAME.pem and NAME.key for programs, NAME.pfx with its password for browsers
 *   mtls DIR remove NAME  revokes all that NAME or HOST has, and makes the CRLs
 *   mtls DIR crls         makes those that are due; once a day
 *
 * All in DIR, where the CA is as well, made by the first call. crls.pem has the CRL of the root and that of the subordinate: without
 * the root's, nginx could not tell whether the subordinate is revoked. The server reads its files anew with nginx -s reload.
 */
#define _POSIX_C_SOURCE 200809L

#include "../common/ca.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ---- CRLs ---- */

static int first_crl(struct ca *ca, const pca_ca *issuer)
{
    int rc = pca_ca_crl_info(issuer, NULL, NULL, NULL, NULL, ca->err);
    return rc == PCA_E_NOT_FOUND ? pca_ca_crl_make(issuer, ca->err) : rc;
}

/* The next are due after a revocation, and at half of their period. */
static int publish_crls(struct ca *ca, const char *dir)
{
    char path[4096];
    pca_blob *root = NULL, *sub = NULL;
    int rc = first_crl(ca, pca_root_ca(ca->root));
    if (rc == PCA_OK)
        rc = first_crl(ca, pca_sub_ca(ca->sub));
    if (rc == PCA_OK)
        rc = pca_region_run_due(ca->region, UINT64_MAX, NULL, ca->err);
    if (rc == PCA_OK)
        rc = pca_ca_crl_get(pca_root_ca(ca->root), PCA_FORMAT_PEM, &root, ca->err);
    if (rc == PCA_OK)
        rc = pca_ca_crl_get(pca_sub_ca(ca->sub), PCA_FORMAT_PEM, &sub, ca->err);
    struct piece pieces[] = {{pca_blob_data(root), pca_blob_size(root)}, {pca_blob_data(sub), pca_blob_size(sub)}};
    snprintf(path, sizeof path, "%s/crls.pem", dir);
    if (rc == PCA_OK)
        rc = ca_write_file(ca, path, 0644, pieces, 2, NULL);
    pca_blob_free(root);
    pca_blob_free(sub);
    return rc;
}

/* ---- Certificates ---- */

static int write_files(struct ca *ca, const pca_cert *cert, int format, int flags, const char *password, const char *dir)
{
    pca_files *files = NULL;
    int rc = pca_cert_export(cert, format, PCA_WITH_CHAIN | flags, password, &files, ca->err);
    if (rc == PCA_OK)
        rc = pca_files_write(files, dir, ca->err);
    pca_files_free(files);
    return rc;
}

static int server(struct ca *ca, const char *dir, const char *host)
{
    pca_cert *cert = NULL;
    int rc = ca_current(ca, PCA_CERT_SERVER, host, time(NULL), &cert);
    if (rc == PCA_OK)
        rc = write_files(ca, cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, dir);
    pca_cert_free(cert);
    return rc ? rc : publish_crls(ca, dir);
}

static int add(struct ca *ca, const char *dir, const char *name)
{
    char path[4096];
    pca_cert *cert = NULL;
    pca_blob *password = NULL;
    int rc = ca_issue(ca, PCA_CERT_CLIENT, name, &cert);
    snprintf(path, sizeof path, "%s/clients", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/clients/%s", dir, name);
    mkdir(path, 0700);
    if (rc == PCA_OK)
        rc = write_files(ca, cert, PCA_FORMAT_PEM, PCA_PLAIN_KEY, NULL, path);
    if (rc == PCA_OK)
        rc = pca_region_password_new(ca->region, &password, ca->err);
    if (rc == PCA_OK)
        rc = write_files(ca, cert, PCA_FORMAT_PFX, PCA_WITH_PASSWORD_FILE, (const char *)pca_blob_data(password), path);
    pca_blob_free(password);
    pca_cert_free(cert);
    return rc;
}

static int revoke_all(struct ca *ca, int type, const char *name, int *revoked)
{
    int rc;
    do {
        pca_cert *cert = NULL;
        rc = ca_newest(ca, type, name, &cert);
        if (rc == PCA_OK)
            rc = pca_cert_revoke(cert, PCA_REASON_CESSATION_OF_OPERATION, 0, NULL, ca->err);
        *revoked += rc == PCA_OK;
        pca_cert_free(cert);
    } while (rc == PCA_OK);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

/* Somebody who is added again later gets another certificate, and the old ones stay revoked. The CRLs are published in any case: the
 * call before this may have been cut short between the two. */
static int remove_name(struct ca *ca, const char *dir, const char *name)
{
    int revoked = 0;
    int rc = revoke_all(ca, PCA_CERT_CLIENT, name, &revoked);
    if (rc == PCA_OK)
        rc = revoke_all(ca, PCA_CERT_SERVER, name, &revoked);
    if (rc == PCA_OK)
        rc = publish_crls(ca, dir);
    if (rc == PCA_OK && !revoked)
        pca_error_set(ca->err, rc = PCA_E_NOT_FOUND, 0, "nothing that is valid bears that name");
    return rc;
}

static int crls(struct ca *ca, const char *dir, const char *name)
{
    (void)name;
    return publish_crls(ca, dir);
}

static const struct verb {
    const char *name;
    int arguments;
    int (*run)(struct ca *ca, const char *dir, const char *name);
} verbs[] = {{"server", 4, server}, {"add", 4, add}, {"remove", 4, remove_name}, {"crls", 3, crls}};

int main(int argc, char **argv)
{
    const struct verb *verb = NULL;
    struct ca ca;
    for (size_t i = 0; argc > 2 && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[2], verbs[i].name) == 0 && argc == verbs[i].arguments)
            verb = &verbs[i];
    if (!verb || (argc > 3 && (*argv[3] == '.' || strchr(argv[3], '/')))) { /* a name becomes a directory's */
        fprintf(stderr, "usage: mtls DIR server HOST | add NAME | remove NAME | crls\n");
        return 2;
    }
    int rc = ca_open(&ca, argv[1], "Staff", NULL);
    if (rc == PCA_OK)
        rc = verb->run(&ca, argv[1], argv[3]);
    rc = ca_report(&ca, "mtls", rc);
    ca_close(&ca);
    return rc;
}
