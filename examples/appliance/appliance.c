/*
 * appliance: what a box without a keyboard runs at every start, and once a day. Its web server's certificate takes care of itself.
 *
 *   appliance DIR HOST [SECONDS]
 *
 * The first start makes a root CA, a subordinate and a certificate for HOST, later ones find them, and issue the next certificate
 * when the last one has less than 30 days left. DIR holds the CA, and what comes of it:
 *
 *   root.pem  what the browsers of its users are told to trust
 *   web.pem   the certificate, the subordinate's and the private key, in one file so that they match at every moment;
 *             nginx, for one, takes it as ssl_certificate and as ssl_certificate_key
 *
 * The power may go at any moment. What the library has answered is on disk, files are replaced whole, and every start goes through
 * all steps (common/ca.c) and does what is not done: so it mends what the last one left, or what the flash lost.
 *
 * SECONDS  what the clock says, in seconds since 1970, for tests; default the system's
 */
#define _POSIX_C_SOURCE 200809L

#include "../common/ca.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int read_clock(void *context, int64_t *seconds, pca_error *err)
{
    const char *given = context;
    (void)err;
    *seconds = given ? strtoll(given, NULL, 10) : (int64_t)time(NULL);
    return PCA_OK;
}

static int publish(struct ca *ca, const char *dir, const pca_cert *cert, int *changed)
{
    char path[4096];
    pca_files *files = NULL;
    int rc = pca_cert_export(cert, PCA_FORMAT_PEM, PCA_WITH_CHAIN | PCA_PLAIN_KEY, NULL, &files, ca->err);
    struct piece pieces[] = {{pca_files_data(files, 0), pca_files_size(files, 0)},  /* HOST.pem, with the chain */
                             {pca_files_data(files, 1), pca_files_size(files, 1)}}; /* HOST.key */
    snprintf(path, sizeof path, "%s/web.pem", dir);
    if (rc == PCA_OK)
        rc = ca_write_file(ca, path, 0600, pieces, 2, changed);
    pca_files_free(files);
    return rc;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: appliance DIR HOST [SECONDS]\n");
        return 2;
    }
    const char *dir = argv[1], *host = argv[2];
    pca_clock clock = {PCA_CLOCK_VERSION, argv[3], read_clock};
    struct ca ca;
    pca_cert *cert = NULL;
    int64_t now;
    int changed = 0;
    read_clock(clock.context, &now, NULL);
    int rc = ca_open(&ca, dir, host, &clock);
    if (rc == PCA_OK)
        rc = ca_current(&ca, PCA_CERT_SERVER, host, now, &cert);
    if (rc == PCA_OK)
        rc = publish(&ca, dir, cert, &changed);
    if (rc == PCA_OK) /* whoever starts this lets the web server reload when the file has changed */
        printf("%s %s %" PRId64 "\n", changed ? "changed" : "same", pca_cert_serial(cert), pca_cert_not_after(cert));
    rc = ca_report(&ca, "appliance", rc);
    pca_cert_free(cert);
    ca_close(&ca);
    return rc;
}
