#include "ca/install.h"

#include <stdio.h>

#include "ca/context.h"

int pcai_install_rules(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct installation *i = arguments;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_cert_read(txn, i->id, &i->view, err);
    if (rc == PCA_OK)
        rc = pcai_cert_require(&i->view, CERT_INSTALL, err);
    if (rc == PCA_OK && i->view.record.container != PCA_CONTAINER_USBKEY)
        return pcai_fail(err, PCA_E_STATE, pcai_object("cert", i->id, object), "container", "its private key is not in a container: it is downloaded");
    return rc == PCA_OK ? pcai_cert_copy(&i->arena, &i->view, err) : rc;
}

/* The token must hold the very key, not another of that name. */
static int check_key(struct session *session, const struct cert_record *r, const char *name, pca_error *err)
{
    char object[PCAI_CONTAINER_NAME_MAX + 16];
    struct certificate c;
    struct buf held = {0};
    int rc = pcai_certificate_read(r->der, &c, err);
    if (rc == PCA_OK)
        rc = pcai_session_public(session, name, (int)r->algorithm, &held, err);
    if (rc == PCA_OK && !pcai_slice_equal(pcai_buf_view(&held), c.public_key)) {
        snprintf(object, sizeof object, "container %.*s", (int)r->driver.size, (const char *)r->driver.data);
        rc = pcai_fail(err, PCA_E_DEVICE, object, "key", "the token holds another key than the certificate's");
    }
    pcai_buf_free(&held);
    return rc;
}

int pcai_install_write(struct installation *i, pca_error *err)
{
    const struct cert_record *r = &i->view.record;
    struct key_place place = {pcai_arena_text(&i->arena, r->driver), pcai_arena_text(&i->arena, r->slot), pcai_arena_text(&i->arena, r->key_name)};
    struct session *session = NULL;
    int rc = i->arena.failed ? pcai_no_memory(err) : pcai_container_probe(i->containers, &place, err);
    if (rc == PCA_OK)
        rc = pcai_session_open(i->containers, &place, i->pin, &session, err);
    if (rc == PCA_OK)
        rc = check_key(session, r, place.name, err);
    if (rc == PCA_OK)
        rc = pcai_session_import(session, place.name, PCA_CERTIFICATE_SIGNING, r->der, err);
    pcai_session_close(session);
    return rc;
}

/* What was written may have been revoked meanwhile; that it was written is true all the same. */
int pcai_install_record(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    const struct installation *i = arguments;
    struct cert_view view;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_cert_read(txn, i->id, &view, err);
    if (rc == PCA_OK)
        rc = pcai_cert_copy(&cx->arena, &view, err);
    if (rc != PCA_OK)
        return rc;
    view.record.installed = cx->now;
    rc = pcai_cert_put(txn, cx, i->id, &view.record, err);
    struct log_record entry = {.ca = view.record.issuer, .object = i->id};
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_INSTALL, &entry, err) : rc;
}

void pcai_installation_free(struct installation *i)
{
    pcai_arena_free(&i->arena);
}
