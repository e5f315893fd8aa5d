/*
 * A compliance CA, from its purchase to a certificate on a USB key. Two people ask; one is approved, the other rejected, and the unit
 * that was reserved comes back. The key is a token of software (tests/drivers/skf.h), where a real one has its vendor's driver.
 * Leaves root.pem, sub.pem, signing.der and encryption.der in the present directory.
 */
#include <stdio.h>
#include <string.h>

#include <pca/pca.h>

#include "../../tests/drivers/skf.h"

#define PIN "123456"

static int write_file(const char *name, const void *data, size_t size)
{
    FILE *f = fopen(name, "wb");
    int failed = !f || fwrite(data, 1, size, f) != size;
    if (f)
        failed |= fclose(f) != 0;
    return failed ? PCA_E_STORAGE : PCA_OK;
}

static int write_certificate(const pca_ca *ca, const char *name, pca_error *err)
{
    pca_blob *pem = NULL;
    int rc = pca_ca_certificate(ca, PCA_FORMAT_PEM, &pem, err);
    if (rc == PCA_OK)
        rc = write_file(name, pca_blob_data(pem), pca_blob_size(pem));
    pca_blob_free(pem);
    return rc;
}

static int show_units(const pca_sub *sub, const char *when, pca_error *err)
{
    pca_sub *now = NULL;
    int rc = pca_sub_reload(sub, &now, err);
    if (rc == PCA_OK)
        printf("%-24s remaining %u, reserved %u, issued %u\n", when, (unsigned)pca_sub_remaining(now), (unsigned)pca_sub_reserved(now),
               (unsigned)pca_sub_issued(now));
    pca_sub_free(now);
    return rc;
}

/* A compliance root brings no certificates: they are bought, and assigned to its subordinate. */
static int set_up(pca_region *region, pca_root **root, pca_sub **sub, pca_error *err)
{
    pca_request *request = pca_request_new();
    pca_request_set_common_name(request, "Compliance Root");
    pca_request_set_organization(request, "Example");
    int rc = pca_root_purchase(region, PCA_KIND_COMPLIANCE, PCA_FAMILY_SM2, 24, NULL, root, err);
    if (rc == PCA_OK)
        rc = pca_root_enable(*root, request, err);
    if (rc == PCA_OK)
        rc = pca_root_default_sub(*root, sub, err);
    pca_request_set_common_name(request, "Compliance Issuing CA");
    if (rc == PCA_OK)
        rc = pca_sub_enable(*sub, request, err);
    if (rc == PCA_OK)
        rc = pca_root_purchase_certificates(*root, 10, NULL, NULL, err);
    if (rc == PCA_OK)
        rc = pca_root_assign(*root, *sub, 2, PCA_ANY, NULL, err);
    pca_request_free(request);
    return rc;
}

/* on_token: the key is made on the USB key, which asks for its PIN now. */
static int ask(const pca_sub *sub, const char *name, const char *account, int on_token, pca_cert **cert, pca_error *err)
{
    pca_request *request = pca_request_new();
    pca_request_set_type(request, PCA_CERT_CLIENT);
    pca_request_set_personal_name(request, name);
    pca_request_set_system_account(request, account);
    if (on_token) {
        pca_request_set_container(request, "skf", "usbkey-1");
        pca_request_set_pin(request, PIN);
    }
    int rc = pca_sub_request(sub, request, cert, err);
    pca_request_free(request);
    return rc;
}

/* What the reviewer sees is a page; he approves a digest. */
static int review(pca_region *region, uint64_t wanted, pca_error *err)
{
    pca_region *reviewer = NULL;
    pca_page *page = NULL;
    int rc = pca_region_as(region, "rita", &reviewer, err);
    if (rc == PCA_OK)
        rc = pca_region_reviews(reviewer, NULL, 10, &page, err);
    for (uint64_t i = 0; rc == PCA_OK && i < pca_page_count(page); i++) {
        const pca_cert *cert = pca_page_cert_at(page, i);
        printf("%-24s %s, asked for by %s\n", pca_cert_id(cert) == wanted ? "approved" : "rejected", pca_cert_subject(cert), pca_cert_requester(cert));
        if (pca_cert_id(cert) == wanted)
            rc = pca_cert_approve(cert, pca_cert_review_digest(cert), err);
        else
            rc = pca_cert_reject(cert, "not on the list", err);
    }
    pca_page_free(page);
    pca_region_close(reviewer);
    return rc;
}

/* Such a certificate is not downloaded: it goes to where its key is. */
static int install(const pca_cert *cert, const struct skf *token, pca_error *err)
{
    pca_files *files = NULL;
    const struct skf_key *key = &token->keys[token->count - 1];
    const struct buf *signing = &key->certificate[PCA_CERTIFICATE_SIGNING], *encryption = &key->certificate[PCA_CERTIFICATE_ENCRYPTION];
    int rc = pca_cert_export(cert, PCA_FORMAT_PEM, 0, NULL, &files, err);
    printf("%-24s %s\n", "download", pca_code_name(rc));
    pca_files_free(files);
    rc = rc == PCA_E_NOT_EXPORTABLE ? pca_cert_install(cert, PIN, err) : PCA_E_INTERNAL;
    if (rc == PCA_OK)
        rc = write_file("signing.der", signing->data, signing->size);
    return rc == PCA_OK ? write_file("encryption.der", encryption->data, encryption->size) : rc;
}

static int run(pca_region *region, const struct skf *token, pca_error *err)
{
    pca_root *root = NULL;
    pca_sub *sub = NULL;
    pca_cert *ada = NULL, *bob = NULL;
    int rc = set_up(region, &root, &sub, err);
    if (rc == PCA_OK)
        rc = show_units(sub, "assigned", err);
    if (rc == PCA_OK)
        rc = ask(sub, "Ada Lovelace", "ada", 1, &ada, err);
    if (rc == PCA_OK)
        rc = ask(sub, "Bob Babbage", "bob", 0, &bob, err);
    if (rc == PCA_OK)
        rc = show_units(sub, "two requests are pending", err);
    if (rc == PCA_OK)
        rc = review(region, pca_cert_id(ada), err);
    if (rc == PCA_OK)
        rc = show_units(sub, "one unit came back", err);
    if (rc == PCA_OK)
        rc = install(ada, token, err);
    if (rc == PCA_OK)
        rc = write_certificate(pca_root_ca(root), "root.pem", err);
    if (rc == PCA_OK)
        rc = write_certificate(pca_sub_ca(sub), "sub.pem", err);
    if (rc == PCA_OK)
        rc = pca_region_check(region, err);
    pca_cert_free(ada);
    pca_cert_free(bob);
    pca_sub_free(sub);
    pca_root_free(root);
    return rc;
}

int main(void)
{
    struct skf token;
    pca_error *err = pca_error_new();
    pca_config *config = pca_config_new();
    pca_region *region = NULL;
    skf_init(&token);
    pca_config_set_passphrase(config, "a long secret of your own");
    pca_config_set_actor(config, "helpdesk");
    int rc = pca_config_add_container(config, "skf", &token.driver);
    if (rc == PCA_OK)
        rc = pca_region_create("ca", "compliance", config, &region, err);
    if (rc == PCA_OK)
        rc = pca_region_policy_set(region, "reviewer_differs", 1, err);
    if (rc == PCA_OK)
        rc = run(region, &token, err);
    if (rc != PCA_OK)
        fprintf(stderr, "%s: %s: %s\n", pca_code_name(rc), pca_error_object(err), pca_error_message(err));
    pca_region_close(region);
    pca_config_free(config);
    pca_error_free(err);
    skf_free(&token);
    return rc != PCA_OK;
}
