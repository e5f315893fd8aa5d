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

int pcai_pair_envelope(struct environment *env, struct random *random, const struct cert_view *view, struct buf *out, pca_error *err)
{
    struct key_owner owner = {'p', view->id, 0};
    struct certificate c;
    struct buf pkcs8 = {0};
    struct key *key = NULL;
    struct public_key *to = NULL;
    int rc = pcai_keyring_unseal(pcai_environment_keyring(env), &owner, view->record.encryption_key, &pkcs8, err);
    if (rc == PCA_OK)
        rc = pcai_key_read(pcai_buf_view(&pkcs8), random, &key, err);
    if (rc == PCA_OK)
        rc = pcai_certificate_read(view->record.der, &c, err);
    if (rc == PCA_OK)
        rc = pcai_public_read(c.public_key, &to, err);
    if (rc == PCA_OK)
        rc = pcai_sm2_envelope(to, key, random, out, err);
    pcai_public_free(to);
    pcai_key_free(key);
    pcai_buf_free(&pkcs8);
    return rc;
}

/* The key last: a token that has it has its certificate. */
static int write_pair(struct installation *i, struct session *session, const char *name, pca_error *err)
{
    struct buf envelope = {0};
    int rc = pcai_session_import(session, name, PCA_CERTIFICATE_ENCRYPTION, i->view.record.encryption_der, err);
    if (rc == PCA_OK)
        rc = pcai_pair_envelope(i->env, i->random, &i->view, &envelope, err);
    if (rc == PCA_OK)
        rc = pcai_session_import_enveloped(session, name, pcai_buf_view(&envelope), err);
    pcai_buf_free(&envelope);
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
    if (rc == PCA_OK && r->encryption_der.size)
        rc = write_pair(i, session, place.name, err);
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
