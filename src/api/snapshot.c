#include "api/snapshot.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "ca/quota.h"

/* ---- CAs ---- */

static const char *hex_text(struct arena *arena, struct slice octets)
{
    char *text = pcai_arena_alloc(arena, 2 * octets.size + 1);
    if (!text)
        return "";
    pcai_hex(octets.data, octets.size, text);
    return text;
}

static void copy_tags(struct arena *arena, struct slice stored, struct tag_list *list)
{
    struct tag tags[PCAI_TAGS_MAX];
    list->count = pcai_tags_read(stored, tags);
    list->at = pcai_arena_alloc(arena, (list->count + 1) * sizeof *list->at);
    for (size_t i = 0; list->at && i < list->count; i++) {
        list->at[i].key = pcai_arena_text(arena, tags[i].key);
        list->at[i].value = pcai_arena_text(arena, tags[i].value);
    }
}

const char *pcai_tag_list_key(const struct tag_list *list, uint64_t index)
{
    return index < list->count ? list->at[index].key : "";
}

const char *pcai_tag_list_value(const struct tag_list *list, const char *key)
{
    for (size_t i = 0; key && i < list->count; i++)
        if (strcmp(list->at[i].key, key) == 0)
            return list->at[i].value;
    return NULL;
}

static const char *name_text(struct arena *arena, struct slice name)
{
    struct buf text = {0};
    if (name.size)
        pcai_name_text(name, &text);
    arena->failed |= text.failed;
    const char *copy = pcai_arena_text(arena, pcai_buf_view(&text));
    pcai_buf_free(&text);
    return copy;
}

/* A record in a backup may name any number of generations: there is room for those that are there. */
static int load_crl_urls(struct txn *txn, struct context *cx, struct pca_ca *ca, pca_error *err)
{
    struct generation_record generation;
    int rc = PCA_OK;
    for (uint64_t g = 1; rc == PCA_OK && g <= ca->record.generation; g++)
        rc = pcai_generation_read(txn, cx, &ca->record, g, &generation, err);
    if (rc != PCA_OK)
        return rc;
    ca->crl_urls = pcai_arena_alloc(&ca->arena, (size_t)ca->record.generation * sizeof *ca->crl_urls);
    for (uint64_t g = 1; rc == PCA_OK && ca->crl_urls && g <= ca->record.generation; g++) {
        rc = pcai_generation_read(txn, cx, &ca->record, g, &generation, err);
        if (rc == PCA_OK)
            ca->crl_urls[g - 1] = pcai_arena_text(&ca->arena, generation.crl_url);
    }
    return rc;
}

int pcai_ca_load(struct txn *txn, struct context *cx, struct shell *shell, uint64_t id, struct pca_ca *ca, pca_error *err)
{
    uint64_t lapsed;
    int rc = pcai_ca_read(txn, cx, id, &ca->record, err);
    if (rc == PCA_OK)
        rc = pcai_quota_now(txn, cx, id, &ca->quota, &lapsed, err);
    if (rc != PCA_OK)
        return rc;
    ca->alias = pcai_arena_text(&ca->arena, ca->record.alias);
    ca->crl_url = pcai_arena_text(&ca->arena, ca->record.crl_url);
    ca->ocsp_url = pcai_arena_text(&ca->arena, ca->record.ocsp_url);
    ca->issuer_url = pcai_arena_text(&ca->arena, ca->record.issuer_url);
    ca->subject = name_text(&ca->arena, ca->record.subject);
    copy_tags(&ca->arena, ca->record.tags, &ca->tags);
    ca->serial = hex_text(&ca->arena, ca->record.serial);
    rc = load_crl_urls(txn, cx, ca, err);
    if (rc == PCA_OK && ca->arena.failed)
        rc = pcai_no_memory(err);
    if (rc == PCA_OK)
        ca->shell = pcai_shell_share(shell);
    return rc;
}

void pcai_ca_release(struct pca_ca *ca)
{
    pcai_arena_free(&ca->arena);
    if (ca->shell)
        pcai_shell_release(ca->shell);
}

struct ca_load {
    struct shell *shell;
    uint64_t id;
    int root;
    struct pca_ca *ca;
};

static int load_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct ca_load *load = arguments;
    char object[PCAI_OBJECT];
    struct ca_record ca;
    int rc = pcai_ca_read(txn, cx, load->id, &ca, err);
    const char *noun = load->root ? "root" : "sub";
    if (rc == PCA_E_NOT_FOUND || (rc == PCA_OK && (ca.parent == 0) != load->root))
        return pcai_fail(err, PCA_E_NOT_FOUND, pcai_object(noun, load->id, object), NULL, "there is no %s with this id in the region",
                         load->root ? "root CA" : "subordinate CA");
    return rc == PCA_OK ? pcai_ca_load(txn, cx, load->shell, load->id, load->ca, err) : rc;
}

static int load(struct call *call, uint64_t id, int root, struct pca_ca *ca, pca_error *err)
{
    if (!ca)
        return pcai_no_memory(err);
    struct ca_load arguments = {call->shell, id, root, ca};
    int rc = pcai_call_read(call, load_rule, &arguments, err);
    if (rc != PCA_OK)
        pcai_ca_release(ca);
    return rc;
}

int pcai_root_load(struct call *call, uint64_t id, pca_root **root, pca_error *err)
{
    pca_root *fresh = pcai_alloc(sizeof *fresh);
    int rc = load(call, id, 1, fresh ? &fresh->ca : NULL, err);
    if (rc == PCA_OK)
        *root = fresh;
    else
        pcai_free(fresh);
    return rc;
}

int pcai_sub_load(struct call *call, uint64_t id, pca_sub **sub, pca_error *err)
{
    pca_sub *fresh = pcai_alloc(sizeof *fresh);
    int rc = load(call, id, 0, fresh ? &fresh->ca : NULL, err);
    if (rc == PCA_OK)
        *sub = fresh;
    else
        pcai_free(fresh);
    return rc;
}

struct ca_making {
    struct shell *shell;
    rule make;
    void *arguments;
    const uint64_t *id;
    struct pca_ca *ca;
};

static int make_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct ca_making *m = arguments;
    pcai_ca_release(m->ca); /* of a run whose transaction was given up */
    *m->ca = (struct pca_ca){0};
    int rc = m->make(txn, cx, m->arguments, err);
    return rc == PCA_OK ? pcai_ca_load(txn, cx, m->shell, *m->id, m->ca, err) : rc;
}

int pcai_ca_make(struct call *call, rule make, void *arguments, const uint64_t *id, struct pca_ca *ca, pca_error *err)
{
    struct ca_making making = {call->shell, make, arguments, id, ca};
    int rc = ca ? pcai_call_write(call, make_rule, &making, err) : pcai_no_memory(err);
    if (rc != PCA_OK && ca)
        pcai_ca_release(ca);
    return rc;
}

/* ---- Certificates ---- */

static void copy_names(pca_cert *cert, const struct certificate *c)
{
    struct name subject;
    struct general_name names[PCAI_SAN_READ_MAX];
    size_t count, other;
    if (pcai_name_read(c->subject, &subject) == 0) {
        struct slice cn = pcai_name_find(&subject, OID_COMMON_NAME);
        cert->common_name = pcai_arena_text(&cert->arena, cn);
    }
    if (!c->san.data || pcai_san_read(c->san, names, PCAI_SAN_READ_MAX, &count, &other) != 0)
        return;
    cert->san = pcai_arena_alloc(&cert->arena, count * sizeof *cert->san);
    cert->san_count = cert->san ? count : 0;
    for (size_t i = 0; i < cert->san_count; i++) {
        struct buf text = {0};
        pcai_san_text(&names[i], &text);
        cert->arena.failed |= text.failed;
        cert->san[i].type = names[i].type;
        cert->san[i].text = pcai_arena_text(&cert->arena, pcai_buf_view(&text));
        pcai_buf_free(&text);
    }
}

/* The record keeps OIDs; people get "basicConstraints (2.5.29.19)". */
static void copy_ignored(pca_cert *cert, struct slice stored)
{
    struct der in = pcai_der(stored);
    struct slice oid;
    size_t count = 0;
    while (!pcai_der_at_end(&in) && pcai_der_get(&in, DER_OID, &oid) == 0)
        count++;
    cert->ignored = pcai_arena_alloc(&cert->arena, (count + 1) * sizeof *cert->ignored);
    in = pcai_der(stored);
    for (size_t i = 0; cert->ignored && i < count && pcai_der_get(&in, DER_OID, &oid) == 0; i++) {
        char dotted[PCAI_OID_TEXT], text[PCAI_OID_TEXT + 64];
        enum oid known = pcai_oid_find(oid);
        pcai_oid_text(oid, dotted, sizeof dotted);
        if (known == OID_NONE)
            snprintf(text, sizeof text, "%s", dotted);
        else
            snprintf(text, sizeof text, "%s (%s)", pcai_oid_name(known), dotted);
        cert->ignored[cert->ignored_count++] = pcai_arena_text(&cert->arena, pcai_slice_text(text));
    }
}

static int copy_review(pca_cert *cert, const struct cert_view *view, pca_error *err)
{
    struct review held;
    cert->review.digest = cert->review.decider = cert->review.reason = "";
    if (!view->record.review.size)
        return PCA_OK;
    int rc = pcai_review_read(view, &held, err);
    if (rc != PCA_OK)
        return rc;
    cert->review.digest = hex_text(&cert->arena, held.digest);
    cert->review.decider = pcai_arena_text(&cert->arena, held.decider);
    cert->review.reason = pcai_arena_text(&cert->arena, held.reason);
    cert->review.lapses = held.lapses;
    cert->review.decided = held.decided;
    for (; cert->review.count < held.count; cert->review.count++) {
        cert->review.approvals[cert->review.count].actor = pcai_arena_text(&cert->arena, held.approvals[cert->review.count].actor);
        cert->review.approvals[cert->review.count].at = held.approvals[cert->review.count].at;
    }
    return PCA_OK;
}

int pcai_cert_snapshot(struct shell *shell, const struct cert_view *view, pca_cert **cert, pca_error *err)
{
    struct certificate c;
    int rc = pcai_certificate_read(view->record.der, &c, err);
    if (rc != PCA_OK)
        return rc;
    pca_cert *fresh = pcai_alloc(sizeof *fresh);
    if (!fresh)
        return pcai_no_memory(err);
    fresh->id = view->id;
    fresh->record = view->record;
    fresh->record.sealed_key = (struct slice){NULL, 0};
    fresh->record.der = pcai_arena_slice(&fresh->arena, view->record.der);
    fresh->record.serial = pcai_arena_slice(&fresh->arena, view->record.serial);
    fresh->status = view->status;
    fresh->serial = hex_text(&fresh->arena, view->record.serial);
    fresh->alias = pcai_arena_text(&fresh->arena, view->record.alias);
    fresh->custom_id = pcai_arena_text(&fresh->arena, view->record.custom_id);
    copy_tags(&fresh->arena, view->record.tags, &fresh->tags);
    fresh->subject = name_text(&fresh->arena, c.subject);
    fresh->common_name = "";
    copy_names(fresh, &c);
    copy_ignored(fresh, view->record.ignored);
    fresh->requester = pcai_arena_text(&fresh->arena, view->record.actor);
    fresh->record.encryption_key = (struct slice){NULL, 0};
    fresh->record.encryption_der = pcai_arena_slice(&fresh->arena, view->record.encryption_der);
    fresh->encryption_serial = hex_text(&fresh->arena, view->record.encryption_serial);
    fresh->driver = pcai_arena_text(&fresh->arena, view->record.driver);
    fresh->slot = pcai_arena_text(&fresh->arena, view->record.slot);
    fresh->key_name = pcai_arena_text(&fresh->arena, view->record.key_name);
    rc = copy_review(fresh, view, err);
    if (rc == PCA_OK && fresh->arena.failed)
        rc = pcai_no_memory(err);
    if (rc != PCA_OK) {
        pca_cert_free(fresh);
        return rc;
    }
    fresh->shell = pcai_shell_share(shell);
    *cert = fresh;
    return PCA_OK;
}

struct cert_load {
    struct shell *shell;
    uint64_t id;
    pca_cert *cert;
};

static int cert_rule(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct cert_load *l = arguments;
    struct cert_view view;
    (void)cx;
    int rc = pcai_cert_read(txn, l->id, &view, err);
    return rc == PCA_OK ? pcai_cert_snapshot(l->shell, &view, &l->cert, err) : rc;
}

int pcai_cert_load(struct call *call, uint64_t id, pca_cert **cert, pca_error *err)
{
    struct cert_load arguments = {call->shell, id, NULL};
    int rc = pcai_call_read(call, cert_rule, &arguments, err);
    if (rc == PCA_OK)
        *cert = arguments.cert;
    return rc;
}

void pca_cert_free(pca_cert *cert)
{
    if (!cert)
        return;
    pcai_arena_free(&cert->arena);
    if (cert->shell)
        pcai_shell_release(cert->shell);
    pcai_free(cert);
}
