/*
 * embedded-server: a TLS server with mbedTLS that has its CA inside. Certificates are looked up in the region at each handshake: its
 * own, which is so renewed or replaced as it runs, and a client's, who is refused when this program or another revoked it a second
 * ago. There are no files, no CRL and no reload.
 *
 *   embedded-server DIR HOST PORT
 *
 * DIR holds the CA and is made where it is missing; examples/mtls adds clients to it, and removes them. Serves on 127.0.0.1 until
 * SIGTERM. mbedTLS 2.28 and 3.6.
 */
#define _POSIX_C_SOURCE 200809L

#include "identity.h"

#include <mbedtls/net_sockets.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_MS 5000

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* ---- The client's certificate ---- */

/* Neither it nor a CA above it is revoked. */
static int stands(struct ca *ca, const pca_cert *cert)
{
    pca_sub *sub = NULL;
    pca_root *root = NULL;
    int stands = pca_cert_status(cert) == PCA_STATUS_ISSUED
        && pca_region_sub_get(ca->region, pca_cert_issuer_id(cert), &sub, ca->err) == PCA_OK
        && pca_sub_root(sub, &root, ca->err) == PCA_OK && pca_ca_state(pca_sub_ca(sub)) != PCA_CA_REVOKED
        && pca_ca_state(pca_root_ca(root)) != PCA_CA_REVOKED;
    pca_root_free(root);
    pca_sub_free(sub);
    return stands;
}

/* mbedTLS has checked signatures, dates and purpose. Whatever keeps the region from saying yes is a no. */
static int look_up(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct ca *ca = context;
    pca_cert *cert = NULL;
    if (depth == 0 && (pca_region_cert_by_der(ca->region, crt->raw.p, crt->raw.len, &cert, ca->err) != PCA_OK || !stands(ca, cert)))
        *flags |= MBEDTLS_X509_BADCERT_REVOKED;
    pca_cert_free(cert);
    return 0;
}

/* ---- Connections ---- */

static int handshake(mbedtls_ssl_context *ssl)
{
    int rc;
    do
        rc = mbedtls_ssl_handshake(ssl);
    while (rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE);
    return rc;
}

static void answer(mbedtls_ssl_context *ssl)
{
    unsigned char asked[4096], text[512];
    char name[256] = "";
    mbedtls_x509_dn_gets(name, sizeof name, &mbedtls_ssl_get_peer_cert(ssl)->subject);
    int size = snprintf((char *)text, sizeof text, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nwelcome, %s\n", name);
    if (mbedtls_ssl_read(ssl, asked, sizeof asked) > 0)
        mbedtls_ssl_write(ssl, text, (size_t)size);
    mbedtls_ssl_close_notify(ssl);
    printf("welcome %s\n", name);
}

static void serve(const mbedtls_ssl_config *tls, mbedtls_net_context *client)
{
    mbedtls_ssl_context ssl;
    mbedtls_ssl_init(&ssl);
    int rc = mbedtls_ssl_setup(&ssl, tls);
    mbedtls_ssl_set_bio(&ssl, client, mbedtls_net_send, NULL, mbedtls_net_recv_timeout);
    if (rc == 0)
        rc = handshake(&ssl);
    if (rc == 0)
        answer(&ssl);
    else
        printf("refused -0x%04x%s\n", (unsigned)-rc, mbedtls_ssl_get_verify_result(&ssl) & MBEDTLS_X509_BADCERT_REVOKED ? " revoked" : "");
    fflush(stdout);
    mbedtls_ssl_free(&ssl);
}

/* The certificate as it is now, and how clients are asked for theirs. No session cache and no tickets: whoever resumed a session
 * would not be looked up. */
static int prepare(struct identity *id, struct ca *ca)
{
    int fresh = 0, rc = identity_take(id, ca, &fresh);
    if (rc == PCA_OK && fresh) {
        mbedtls_ssl_conf_authmode(&id->tls, MBEDTLS_SSL_VERIFY_REQUIRED);
        mbedtls_ssl_conf_verify(&id->tls, look_up, ca);
        mbedtls_ssl_conf_read_timeout(&id->tls, TIMEOUT_MS);
    }
    return rc;
}

static int run(struct identity *id, struct ca *ca, const char *port)
{
    mbedtls_net_context listening, client;
    mbedtls_net_init(&listening);
    int rc = prepare(id, ca);
    if (rc == PCA_OK && mbedtls_net_bind(&listening, "127.0.0.1", port, MBEDTLS_NET_PROTO_TCP) != 0)
        pca_error_set(ca->err, rc = PCA_E_PERMISSION, 0, "the port cannot be had");
    if (rc == PCA_OK)
        printf("listening\n");
    fflush(stdout);
    while (rc == PCA_OK && !stop) {
        mbedtls_net_init(&client);
        if (mbedtls_net_accept(&listening, &client, NULL, 0, NULL) == 0) {
            ca_report(ca, "embedded-server", prepare(id, ca)); /* without a next certificate the one it has serves on */
            serve(&id->tls, &client);
        } else if (!stop) {
            mbedtls_net_usleep(100000); /* no descriptors left, for one */
        }
        mbedtls_net_free(&client);
    }
    mbedtls_net_free(&listening);
    return rc;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    struct identity id;
    struct ca ca;
    if (argc != 4) {
        fprintf(stderr, "usage: embedded-server DIR HOST PORT\n");
        return 2;
    }
    sigaction(SIGTERM, &action, NULL); /* without SA_RESTART: it ends the waiting for a connection */
    sigaction(SIGPIPE, &ignore, NULL);
    identity_init(&id, argv[2]);
    int rc = ca_open(&ca, argv[1], "Staff", NULL);
    if (rc == PCA_OK)
        rc = run(&id, &ca, argv[3]);
    rc = ca_report(&ca, "embedded-server", rc);
    identity_free(&id);
    ca_close(&ca);
    return rc;
}
