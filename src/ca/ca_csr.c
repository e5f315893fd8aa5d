/* CSRs for CAs that are signed elsewhere. The key of a bought CA waits, sealed or in its container, until its certificate comes. */
#include <string.h>

#include "ca/family.h"
#include "ca/import.h"
#include "ca/log.h"
#include "ca/public_keys.h"
#include "ca/request.h"
#include "ca/subject.h"
#include "x509/csr.h"

int pcai_csr_arguments(struct csr_making *m, pca_error *err)
{
    return pcai_request_check_csr(m->request, err);
}

/* ---- Rules ---- */

static int check_state(const struct csr_making *m, const struct ca_record *ca, int64_t now, pca_error *err)
{
    char object[PCAI_OBJECT];
    if (!m->again)
        return pcai_ca_require_slot(ca, now, err);
    if (ca->state == PCA_CA_REVOKED)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(ca, object), "state", "the CA is revoked");
    if (now >= ca->service_end)
        return pcai_fail(err, PCA_E_EXPIRED, pcai_ca_object(ca, object), "service_end", "the CA's service term is over; renew it");
    return PCA_OK;
}

/* A fresh key and the subject that is asked for. */
static int set_fresh(struct csr_making *m, const struct ca_record *ca, pca_error *err)
{
    struct subject subject = {.arena = &m->arena};
    m->algorithm = m->request->key_algorithm ? m->request->key_algorithm : pcai_family_key(ca->family, 1);
    if (pcai_algorithm_family(m->algorithm) != (int)ca->family)
        return pcai_fail(err, PCA_E_ALGORITHM, "request", "key_algorithm", "the key is %s and the CA was bought for %s",
                         pcai_algorithm_name(m->algorithm), pcai_family_name(ca->family));
    if (m->algorithm == PCA_KEY_RSA_1024)
        return pcai_fail(err, PCA_E_ALGORITHM, "request", "key_algorithm", "a CA's RSA key has at least 2048 bits");
    int rc = pcai_subject_ca(m->request, NULL, &subject, err);
    m->subject = subject.name;
    return rc;
}

/* The key, subject and key identifier that are there. */
static int set_held(struct txn *txn, struct context *cx, struct csr_making *m, const struct ca_record *ca, pca_error *err)
{
    struct generation_record generation;
    int rc = pcai_request_check_kept(m->request, 0, err);
    if (rc == PCA_OK && m->request->key_algorithm)
        rc = pcai_fail(err, PCA_E_INVALID, "request", "key_algorithm", "the CA has its key");
    if (rc == PCA_OK)
        rc = pcai_generation_read(txn, cx, ca, ca->generation, &generation, err);
    if (rc == PCA_OK)
        rc = pcai_ca_key_read(txn, &m->arena, ca, ca->generation, &m->held, err);
    if (rc != PCA_OK)
        return rc;
    m->algorithm = (int)generation.algorithm;
    m->subject = pcai_arena_slice(&m->arena, ca->subject);
    m->key_id = pcai_arena_slice(&m->arena, generation.key_id);
    if (m->path_length < 0)
        m->path_length = (int)ca->path_length - 1;
    return m->arena.failed ? pcai_no_memory(err) : PCA_OK;
}

int pcai_csr_rules(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct csr_making *m = arguments;
    struct ca_record ca;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_rules_read(txn, &m->rules, err);
    if (rc == PCA_OK)
        rc = pcai_ca_read(txn, cx, m->ca, &ca, err);
    if (rc != PCA_OK)
        return rc;
    m->again = ca.state != PCA_CA_PURCHASED;
    m->path_length = m->request->path_length;
    m->service_end = ca.service_end;
    rc = check_state(m, &ca, cx->now, err);
    if (rc == PCA_OK)
        rc = m->again ? set_held(txn, cx, m, &ca, err) : set_fresh(m, &ca, err);
    return rc;
}

/* ---- Make: no transaction ---- */

static int write_info(struct csr_making *m, const struct key *key, struct buf *info, pca_error *err)
{
    uint8_t key_id[PCAI_KEY_ID];
    struct certificate c = {.is_ca = 1,
                            .path_length = m->path_length,
                            .key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN,
                            .subject_key_id = m->key_id};
    int rc = pcai_key_id(pcai_key_public(key), key_id, err);
    if (!c.subject_key_id.size)
        c.subject_key_id = pcai_slice(key_id, sizeof key_id);
    pcai_csr_info(info, m->subject, pcai_key_public(key), &c);
    return rc == PCA_OK ? pcai_buf_check(info, err) : rc;
}

/* The one that is there, or a fresh one. */
static int take_key(struct csr_making *m, const struct key **key, pca_error *err)
{
    if (m->again)
        return pcai_ca_key_load(m->env, m->containers, m->random, &m->held, key, err);
    if (m->request->driver)
        return pcai_container_make(m->containers, m->request->driver, m->request->slot, m->algorithm, m->random, m->key_name, &m->container_key, key, err);
    int rc = pcai_key_generate(m->algorithm, m->random, &m->key, err);
    *key = m->key;
    return rc;
}

int pcai_csr_make(struct csr_making *m, pca_error *err)
{
    struct key_owner owner = {'c', m->ca, 1};
    struct buf info = {0}, signature = {0};
    const struct key *key = NULL;
    int rc = take_key(m, &key, err);
    if (rc == PCA_OK)
        rc = write_info(m, key, &info, err);
    if (rc == PCA_OK)
        rc = pcai_key_sign(key, m->random, pcai_buf_view(&info), &signature, err);
    if (rc == PCA_OK) {
        pcai_signed_write(&m->der, pcai_buf_view(&info), m->algorithm, pcai_buf_view(&signature));
        rc = signature.failed ? pcai_no_memory(err) : pcai_buf_check(&m->der, err);
    }
    if (rc == PCA_OK && m->key)
        rc = pcai_keyring_seal(pcai_environment_keyring(m->env), &owner, key, m->random, &m->sealed, err);
    pcai_buf_free(&info);
    pcai_buf_free(&signature);
    return rc;
}

/* ---- Record ---- */

/* Nobody else may have this key certified. The one that waited before is destroyed. */
static int put_key(struct txn *txn, struct context *cx, const struct csr_making *m, pca_error *err)
{
    struct row_key row = pcai_key_generation(m->ca, 1);
    struct key_record waiting = {.sealed = pcai_buf_view(&m->sealed)};
    if (!m->key)
        waiting = (struct key_record){.driver = pcai_slice_text(m->request->driver), .slot = pcai_slice_text(m->request->slot),
                                      .key_name = pcai_slice_text(m->key_name), .public_key = pcai_buf_view(&m->container_key)};
    int rc = pcai_record_put(txn, &pcai_key_type, pcai_row_key_view(&row), &waiting, err);
    if (rc == PCA_OK)
        rc = pcai_public_key_keep(txn, cx, m->key ? pcai_key_public(m->key) : waiting.public_key, m->subject, 1, err);
    return rc == PCA_OK ? pcai_rules_raise(txn, err) : rc;
}

int pcai_csr_record(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    const struct csr_making *m = arguments;
    uint64_t rules;
    uint8_t digest[PCAI_DIGEST_MAX];
    int rc = pcai_rules_read(txn, &rules, err);
    if (rc == PCA_OK && (rules != m->rules || cx->now >= m->service_end))
        return PCAI_AGAIN;
    if (rc == PCA_OK && m->container_key.size)
        rc = pcai_public_key_check(txn, cx, pcai_buf_view(&m->container_key), m->subject, "container", err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, pcai_buf_view(&m->der), digest, err);
    if (rc == PCA_OK && !m->again)
        rc = put_key(txn, cx, m, err);
    struct log_record entry = {.ca = m->ca, .digest = pcai_slice(digest, 32)};
    return rc == PCA_OK ? pcai_log_append(txn, cx, ACTION_CSR, &entry, err) : rc;
}

void pcai_csr_reset(struct csr_making *m)
{
    pcai_key_free(m->key);
    m->key = NULL;
    pcai_buf_free(&m->sealed);
    pcai_buf_free(&m->der);
    pcai_arena_free(&m->arena);
    m->held = (struct ca_key){0};
    m->key_id = pcai_slice(NULL, 0);
}

void pcai_csr_free(struct csr_making *m)
{
    pcai_csr_reset(m);
    pcai_buf_free(&m->container_key);
}
