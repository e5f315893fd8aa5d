/* A CA's certificate, and its key, taken over into a slot that was bought for it (pitfalls: a non-CA accepted as issuer). */
#include "ca/import.h"

#include "base/civil.h"
#include "base/text.h"
#include "ca/family.h"
#include "ca/log.h"
#include "ca/public_keys.h"
#include "ca/serials.h"
#include "x509/constraints.h"
#include "x509/lint.h"
#include "x509/pkcs8.h"

/* ---- What makes a certificate a CA's ---- */

static int constraint(const char *object, pca_error *err, const char *why)
{
    return pcai_fail(err, PCA_E_CONSTRAINT, object, "certificate", "%s", why);
}

static int check_usage(const struct certificate *c, const char *object, pca_error *err)
{
    char oid[PCAI_OID_TEXT];
    if (!c->is_ca)
        return constraint(object, err, "it is no CA's certificate: basicConstraints does not say cA TRUE");
    if (!(c->key_usage & KU_KEY_CERT_SIGN))
        return constraint(object, err, "its keyUsage has no keyCertSign");
    if (!(c->key_usage & KU_CRL_SIGN))
        return constraint(object, err, "its keyUsage has no cRLSign");
    if (c->critical.data) {
        pcai_oid_text(c->critical, oid, sizeof oid);
        return pcai_fail(err, PCA_E_CONSTRAINT, object, "certificate", "its extension %s is critical and not known here", oid);
    }
    return PCA_OK;
}

static int check_subject(const struct certificate *c, const char *object, pca_error *err)
{
    struct name name;
    if (pcai_name_read(c->subject, &name) != 0)
        return pcai_fail(err, PCA_E_NAME, object, "certificate", "its subject has a string type or a size that is not taken");
    if (name.count == 0)
        return pcai_fail(err, PCA_E_NAME, object, "certificate", "its subject is empty");
    for (size_t i = 0; i < name.count; i++)
        if (!pcai_utf8_printable(name.attributes[i].value, NULL))
            return pcai_fail(err, PCA_E_NAME, object, "certificate", "its subject is not UTF-8, or has a control character");
    return PCA_OK;
}

static int check_key(const struct certificate *c, const char *object, int *algorithm, pca_error *err)
{
    struct public_key *key = NULL;
    int rc = pcai_public_read(c->public_key, &key, err);
    if (rc == PCA_OK)
        rc = pcai_public_check_weak(key, err);
    if (rc == PCA_OK)
        *algorithm = pcai_public_algorithm(key);
    pcai_public_free(key);
    if (rc == PCA_E_ALGORITHM) {
        pcai_error_name_object(err, object);
        pcai_error_name_field(err, "certificate");
    }
    if (rc == PCA_OK && *algorithm == PCA_KEY_RSA_1024)
        return pcai_fail(err, PCA_E_ALGORITHM, object, "certificate", "a CA's RSA key has at least 2048 bits");
    return rc;
}

/* What it signs is linted against it: that reader must be able to. */
static int check_readable(struct slice der, const struct certificate *c, const char *object, pca_error *err)
{
    struct findings findings = {.count = 0};
    struct lint_context context = {.role = LINT_SUB, .issuer = der};
    int rc = pcai_lint_certificate(c->tbs, &context, &findings, err);
    return rc == PCA_E_CORRUPT ? pcai_fail(err, PCA_E_INVALID, object, "certificate", "it is not strict DER all through") : rc;
}

int pcai_foreign_ca_check(const struct certificate *c, struct slice der, const char *object, int *algorithm, pca_error *err)
{
    int rc = check_usage(c, object, err);
    if (rc == PCA_OK)
        rc = check_subject(c, object, err);
    if (rc == PCA_OK && (c->serial.data[0] >= 0x80 || c->not_after < c->not_before || c->not_before < 0))
        rc = pcai_fail(err, PCA_E_INVALID, object, "certificate", "its serial number is negative, or its validity is none");
    if (rc == PCA_OK)
        rc = check_key(c, object, algorithm, err);
    return rc == PCA_OK ? check_readable(der, c, object, err) : rc;
}

/* ---- Arguments ---- */

static int invalid(pca_error *err, const char *field, const char *why)
{
    return pcai_fail(err, PCA_E_INVALID, "import", field, "%s", why);
}

static int check_sources(const struct pca_import *import, pca_error *err)
{
    if (import->refusal.code) {
        pcai_error_copy(err, &import->refusal);
        return import->refusal.code;
    }
    if (import->pfx.data && (import->certificate.data || import->key.data))
        return invalid(err, "pfx", "the PFX holds certificate and key: no others beside it");
    if (!import->pfx.data && !import->certificate.data)
        return invalid(err, "certificate", "the CA's certificate is missing");
    if (import->key_elsewhere && (import->pfx.data || import->key.data))
        return invalid(err, "key_elsewhere", "there is a private key, and it is said to live elsewhere");
    if (!import->key_elsewhere && !import->pfx.data && !import->key.data)
        return invalid(err, "key", "the private key is missing; where it lives elsewhere that has to be said");
    if (import->password.data && !import->pfx.data && !import->key.data)
        return invalid(err, "password", "there is a password and nothing that it could open");
    if (import->key_elsewhere && import->next_crl_number)
        return invalid(err, "next_crl_number", "whoever holds the key makes the CRLs");
    return PCA_OK;
}

static int name_import(int rc, pca_error *err)
{
    if (rc == PCA_E_INVALID || rc == PCA_E_UNSUPPORTED || rc == PCA_E_ALGORITHM)
        pcai_error_name_object(err, "import");
    return rc;
}

/* The certificate in a PFX that the key belongs to: the key itself is looked at later. */
static int from_pfx(const struct pca_import *import, struct adoption *a, pca_error *err)
{
    struct slice password = import->password.data ? import->password : pcai_slice_text("");
    int rc = pcai_pkcs12_open(import->pfx, password, &a->pfx, err);
    if (rc != PCA_OK)
        return rc;
    if (a->pfx.private_key.size == 0 || a->pfx.count == 0)
        return invalid(err, "pfx", a->pfx.count ? "the PFX holds no private key" : "the PFX holds no certificate");
    pcai_buf_slice(&a->pkcs8, pcai_buf_view(&a->pfx.private_key));
    return pcai_buf_check(&a->pkcs8, err);
}

static int take_certificate(struct slice in, const char *object, struct adoption *a, pca_error *err)
{
    int rc = pcai_certificate_open(in, &a->work, &a->certificate, err);
    a->der = pcai_buf_view(&a->work);
    if (rc == PCA_E_INVALID)
        pcai_error_name_object(err, object);
    return rc == PCA_OK ? pcai_foreign_ca_check(&a->certificate, a->der, object, &a->algorithm, err) : rc;
}

int pcai_import_arguments(const struct pca_import *import, struct adoption *a, pca_error *err)
{
    int rc = check_sources(import, err);
    if (rc != PCA_OK)
        return rc;
    a->next_crl_number = import->next_crl_number;
    if (import->pfx.data)
        return name_import(from_pfx(import, a, err), err);
    rc = take_certificate(import->certificate, "import", a, err);
    if (rc == PCA_OK && import->key.data)
        rc = name_import(pcai_pkcs8_open(import->key, import->password, &a->pkcs8, err), err);
    return rc;
}

int pcai_accept_arguments(struct slice certificate, struct adoption *a, pca_error *err)
{
    a->accept = 1;
    return take_certificate(certificate, "call", a, err);
}

/* ---- Key ---- */

static int find_in_pfx(struct adoption *a, const struct key *key, pca_error *err)
{
    for (size_t i = 0; i < a->pfx.count; i++) {
        struct certificate c;
        if (pcai_certificate_read(a->pfx.certificates[i], &c, NULL) == PCA_OK && pcai_slice_equal(c.public_key, pcai_key_public(key)))
            return take_certificate(a->pfx.certificates[i], "import", a, err);
    }
    return invalid(err, "pfx", "none of its certificates is for its private key");
}

/* Equal octets are not enough: a signature that verifies shows that the numbers belong together. */
static int prove(const struct adoption *a, const struct key *key, pca_error *err)
{
    struct public_key *public_key = NULL;
    struct buf signature = {0};
    if (!pcai_slice_equal(a->certificate.public_key, pcai_key_public(key)))
        return invalid(err, "key", "the private key is not the certificate's");
    int rc = pcai_public_read(a->certificate.public_key, &public_key, err);
    if (rc == PCA_OK)
        rc = pcai_key_sign(key, a->random, a->certificate.tbs, &signature, err);
    int made = rc == PCA_OK;
    if (made)
        rc = pcai_public_verify(public_key, pcai_algorithm_digest(a->algorithm), a->certificate.tbs, pcai_buf_view(&signature), err);
    if (made && rc == PCA_E_CRYPTO)
        rc = invalid(err, "key", "what the private key signs does not verify by the certificate");
    pcai_public_free(public_key);
    pcai_buf_free(&signature);
    return rc;
}

int pcai_adoption_key(struct adoption *a, pca_error *err)
{
    struct key *key = NULL;
    struct key_owner owner = {'c', a->ca, 1};
    if (a->pkcs8.size == 0)
        return PCA_OK;
    int rc = pcai_key_read(pcai_buf_view(&a->pkcs8), a->random, &key, err);
    if (rc == PCA_OK && a->pfx.count)
        rc = find_in_pfx(a, key, err);
    if (rc == PCA_OK)
        rc = prove(a, key, err);
    if (rc == PCA_OK)
        rc = pcai_keyring_seal(pcai_environment_keyring(a->env), &owner, key, a->random, &a->sealed, err);
    pcai_key_free(key);
    return name_import(rc, err);
}

/* ---- Rules: the slot ---- */

static const char *object_of(const struct adoption *a)
{
    return a->accept ? "call" : "import";
}

static int read_pending(struct txn *txn, struct adoption *a, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct row_key row = pcai_key_generation(a->ca, 1);
    struct key_record held;
    int rc = pcai_record_get(txn, &pcai_key_type, pcai_row_key_view(&row), &held, err);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, PCA_E_STATE, pcai_ca_object(&a->self, object), "key", "no CSR was made for this CA");
    if (rc == PCA_OK)
        a->pending = (struct key_record){pcai_arena_slice(&a->arena, held.sealed), pcai_arena_slice(&a->arena, held.driver), pcai_arena_slice(&a->arena, held.slot),
                                         pcai_arena_slice(&a->arena, held.key_name), pcai_arena_slice(&a->arena, held.public_key)};
    return rc;
}

static int check_renewable(const struct adoption *a, int64_t now, pca_error *err)
{
    char object[PCAI_OBJECT];
    pcai_ca_object(&a->self, object);
    if (!a->accept)
        return pcai_ca_require_slot(&a->self, now, err);
    if (a->self.state == PCA_CA_REVOKED)
        return pcai_fail(err, PCA_E_STATE, object, "state", "the CA is revoked");
    if (now >= a->self.service_end)
        return pcai_fail(err, PCA_E_EXPIRED, object, "service_end", "the CA's service term is over; renew it");
    return PCA_OK;
}

/* A further certificate is for the same key and subject, and comes from where the present one came. */
static int check_again(struct txn *txn, struct context *cx, const struct adoption *a, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct generation_record generation;
    struct ca_cert_record held;
    struct certificate c;
    pcai_ca_object(&a->self, object);
    int rc = pcai_generation_read(txn, cx, &a->self, a->self.generation, &generation, err);
    if (rc == PCA_OK)
        rc = pcai_ca_cert_read(txn, cx, &a->self, a->self.generation, &held, err);
    if (rc == PCA_OK)
        rc = pcai_certificate_read(held.der, &c, err);
    if (rc != PCA_OK)
        return rc;
    if (held.kind == CA_CERT_SELF && generation.custody != CUSTODY_ELSEWHERE)
        return pcai_fail(err, PCA_E_STATE, object, "certificate", "the CA signed its certificate itself: reissue it");
    if (pcai_slice_equal(held.der, a->der))
        return pcai_fail(err, PCA_E_EXISTS, object, "certificate", "it is the CA's certificate already");
    if (!pcai_slice_equal(c.public_key, a->certificate.public_key))
        return pcai_fail(err, PCA_E_INVALID, "call", "certificate", "it is for another key than that of %s", object);
    if (!pcai_slice_equal(c.subject, a->certificate.subject))
        return pcai_fail(err, PCA_E_INVALID, "call", "certificate", "its subject is another than that of %s", object);
    return PCA_OK;
}

static int check_slot(struct txn *txn, struct context *cx, struct adoption *a, pca_error *err)
{
    int rc = pcai_ca_read(txn, cx, a->ca, &a->self, err);
    if (rc == PCA_OK)
        rc = check_renewable(a, cx->now, err);
    if (rc != PCA_OK)
        return rc;
    a->again = a->self.state != PCA_CA_PURCHASED;
    if (a->again)
        return check_again(txn, cx, a, err);
    return a->accept ? read_pending(txn, a, err) : PCA_OK;
}

static int check_family(const struct adoption *a, pca_error *err)
{
    if (pcai_algorithm_family(a->algorithm) == (int)a->self.family)
        return PCA_OK;
    return pcai_fail(err, PCA_E_ALGORITHM, object_of(a), "certificate", "its key is %s and the CA was bought for %s",
                     pcai_algorithm_name(a->algorithm), pcai_family_name(a->self.family));
}

static int check_time(const struct adoption *a, int64_t now, pca_error *err)
{
    char end[PCAI_TIME_TEXT];
    if (now <= a->certificate.not_after)
        return PCA_OK;
    pcai_time_text(a->certificate.not_after, end);
    return pcai_fail(err, PCA_E_EXPIRED, object_of(a), "certificate", "it ended on %s", end);
}

/* A key that waits with a CSR is this CA's. */
static int check_unknown(struct txn *txn, const struct adoption *a, pca_error *err)
{
    int is_ca = 0, rc = a->accept ? PCA_OK : pcai_public_key_of_ca(txn, a->certificate.public_key, &is_ca, err);
    return rc == PCA_OK && is_ca ? pcai_fail(err, PCA_E_EXISTS, object_of(a), "certificate", "its key is that of a CA of this region") : rc;
}

/* ---- Rules: the issuer ---- */

static int check_root(struct adoption *a, pca_error *err)
{
    const struct certificate *c = &a->certificate;
    int self_issued = pcai_slice_equal(c->issuer, c->subject);
    if (!self_issued && !a->accept)
        return pcai_fail(err, PCA_E_CONSTRAINT, "import", "certificate",
                         "a root's certificate is signed by itself; import that of its root, and this one below it");
    a->cert.kind = self_issued ? CA_CERT_SELF : CA_CERT_EXTERNAL;
    if (!self_issued)
        return PCA_OK;
    a->cert.issuer = a->ca;
    a->cert.issuer_generation = a->again ? a->self.generation : 1;
    int rc = pcai_certificate_verify(c, c->public_key, err);
    return rc == PCA_E_CRYPTO ? pcai_fail(err, PCA_E_INVALID, object_of(a), "certificate",
                                          "its signature does not verify, or is by an algorithm that is not taken")
                              : rc;
}

/* One of its root's CAs, by name and key. */
static int try_issuer(struct txn *txn, struct context *cx, struct adoption *a, const struct ca_record *ca, pca_error *err)
{
    if (ca->id == a->ca || ca->root != a->self.root || ca->generation == 0 ||
        !pcai_slice_equal(ca->subject, a->certificate.issuer))
        return PCA_E_NOT_FOUND;
    int rc = pcai_ca_signer(txn, cx, ca, &a->certificate, &a->cert.issuer_generation, err);
    if (rc == PCA_OK)
        a->cert.issuer = ca->id;
    return rc;
}

static int find_issuer(struct txn *txn, struct context *cx, struct adoption *a, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct scan *scan = NULL;
    struct slice key, value;
    int found = 0, rc = pcai_scan_open(txn, TABLE_CA, pcai_slice(NULL, 0), pcai_slice(NULL, 0), &scan, err);
    while (rc == PCA_OK && !found && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        struct ca_record ca;
        rc = pcai_record_decode(&pcai_ca_type, key, value, &ca, err);
        if (rc == PCA_OK)
            rc = try_issuer(txn, cx, a, &ca, err);
        found = rc == PCA_OK;
        rc = rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
    }
    pcai_scan_close(scan);
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, rc, object_of(a), "certificate", "neither %s nor a CA below it has signed it",
                         pcai_object("root", a->self.root, object));
    a->cert.kind = CA_CERT_PARENT;
    return rc;
}

/* Its name among those that every CA above allows. */
static int check_name(struct txn *txn, struct context *cx, const struct adoption *a, pca_error *err)
{
    const struct constrained names = {a->certificate.subject, a->certificate.san, 1};
    struct chain_certs above;
    int rc = pcai_chain_certs(txn, cx, a->cert.issuer, a->cert.issuer_generation, &above, err);
    for (size_t i = 0; rc == PCA_OK && i < above.count; i++) {
        struct certificate ca;
        struct violation violation;
        rc = pcai_certificate_read(above.der[i], &ca, err);
        if (rc != PCA_OK || !ca.name_constraints.data)
            continue;
        rc = pcai_constraints_check(ca.name_constraints, &names, &violation);
        if (rc != PCA_OK)
            return pcai_fail(err, rc, object_of(a), "certificate", "the name constraints of a CA above do not allow its %s",
                             rc == PCA_E_CONSTRAINT ? violation.field : "names");
    }
    return rc;
}

/* Usable, with room for one more below, and not said to have been revoked. */
static int check_parent(struct txn *txn, struct context *cx, struct adoption *a, pca_error *err)
{
    char object[PCAI_OBJECT];
    struct chain chain;
    struct revocation_record revocation;
    struct row_key row = pcai_key_revocation(a->cert.issuer, a->cert.issuer_generation, a->certificate.serial);
    size_t narrowest = 0;
    if (a->again && a->cert.issuer != a->self.parent)
        return pcai_fail(err, PCA_E_INVALID, "call", "certificate", "its issuer is another than the CA above %s", pcai_ca_object(&a->self, object));
    int rc = pcai_chain_read(txn, cx, a->cert.issuer, &chain, err);
    if (rc == PCA_OK)
        rc = pcai_chain_require_usable(&chain, 0, cx->now, err);
    if (rc == PCA_E_STATE || rc == PCA_E_EXPIRED) {
        rc = PCA_E_PARENT_STATE;
        if (err)
            err->code = rc;
    }
    if (rc != PCA_OK)
        return rc;
    if (chain.count == PCAI_CHAIN_MAX)
        return pcai_fail(err, PCA_E_CONSTRAINT, object_of(a), "certificate", "at most %d CAs stand in one chain", PCAI_CHAIN_MAX);
    if (pcai_chain_room(&chain, 0, &narrowest) < 0)
        return pcai_fail(err, PCA_E_CONSTRAINT, pcai_ca_object(&chain.ca[narrowest], object), "path_length",
                         "its path length %d leaves no room for this CA", (int)chain.ca[narrowest].path_length - 1);
    rc = check_name(txn, cx, a, err);
    if (rc != PCA_OK)
        return rc;
    rc = pcai_record_get(txn, &pcai_revocation_type, pcai_row_key_view(&row), &revocation, err);
    if (rc == PCA_OK)
        return pcai_fail(err, PCA_E_STATE, object_of(a), "certificate", "its issuer has revoked it");
    if (pcai_chain_service_end(&chain, 0) < a->service_end)
        a->service_end = pcai_chain_service_end(&chain, 0);
    a->self.parent = a->cert.issuer;
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

static int check_issuer(struct txn *txn, struct context *cx, struct adoption *a, pca_error *err)
{
    struct serial serial;
    a->service_end = a->self.service_end;
    if (!a->self.parent)
        return check_root(a, err);
    if (pcai_serial_read(a->certificate.serial, &serial) != 0)
        return pcai_fail(err, PCA_E_INVALID, object_of(a), "certificate", "its serial number is not positive, or longer than %d octets",
                         PCAI_SERIAL_MAX);
    int rc = find_issuer(txn, cx, a, err);
    return rc == PCA_OK ? check_parent(txn, cx, a, err) : rc;
}

/* The record as it will stand; its slices live in the arena. */
static void keep_self(struct adoption *a)
{
    struct ca_record *ca = &a->self;
    const struct certificate *c = &a->certificate;
    ca->alias = pcai_arena_slice(&a->arena, ca->alias);
    ca->tags = pcai_arena_slice(&a->arena, ca->tags);
    ca->crl_url = pcai_arena_slice(&a->arena, ca->crl_url);
    ca->ocsp_url = pcai_arena_slice(&a->arena, ca->ocsp_url);
    ca->issuer_url = pcai_arena_slice(&a->arena, ca->issuer_url);
    ca->algorithm = (uint64_t)a->algorithm;
    ca->path_length = (uint64_t)(c->path_length + 1);
    ca->subject = c->subject;
    ca->serial = c->serial;
    ca->not_before = c->not_before;
    ca->not_after = c->not_after;
    if (a->again)
        return;
    ca->state = PCA_CA_ENABLED;
    ca->generation = 1;
    ca->crl_days = PCAI_CRL_DAYS;
}

int pcai_adoption_rules(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    struct adoption *a = arguments;
    int rc = pcai_clock_require(cx, err);
    if (rc == PCA_OK)
        rc = pcai_rules_read(txn, &a->rules, err);
    if (rc == PCA_OK)
        rc = check_slot(txn, cx, a, err);
    if (rc == PCA_OK)
        rc = check_family(a, err);
    if (rc == PCA_OK)
        rc = check_time(a, cx->now, err);
    if (rc == PCA_OK)
        rc = check_unknown(txn, a, err);
    if (rc == PCA_OK)
        rc = check_issuer(txn, cx, a, err);
    if (rc == PCA_OK)
        keep_self(a);
    return rc == PCA_OK && a->arena.failed ? pcai_no_memory(err) : rc;
}

/* ---- Proof: no transaction ---- */

static int check_pending(const struct adoption *a, struct slice public_key, pca_error *err)
{
    if (pcai_slice_equal(a->certificate.public_key, public_key))
        return PCA_OK;
    return pcai_fail(err, PCA_E_INVALID, "call", "certificate", "it is for another key than that of the CA's last CSR");
}

int pcai_adoption_proof(struct adoption *a, pca_error *err)
{
    struct key_owner owner = {'c', a->ca, 1};
    struct buf pkcs8 = {0};
    struct key *key = NULL;
    if (a->pending.driver.size)
        return check_pending(a, a->pending.public_key, err);
    if (!a->pending.sealed.size)
        return PCA_OK;
    int rc = pcai_keyring_unseal(pcai_environment_keyring(a->env), &owner, a->pending.sealed, &pkcs8, err);
    if (rc == PCA_OK)
        rc = pcai_key_read(pcai_buf_view(&pkcs8), a->random, &key, err);
    if (rc == PCA_OK)
        rc = check_pending(a, pcai_key_public(key), err);
    pcai_key_free(key);
    pcai_buf_free(&pkcs8);
    return rc;
}

/* ---- Record ---- */

static int put_generation(struct txn *txn, struct context *cx, const struct adoption *a, struct generation_record *generation, pca_error *err)
{
    uint8_t key_id[PCAI_KEY_ID];
    struct slice given = a->certificate.subject_key_id;
    int rc = pcai_key_id(a->certificate.public_key, key_id, err);
    *generation = (struct generation_record){.algorithm = a->self.algorithm,
                                             .key_id = given.size ? given : pcai_slice(key_id, sizeof key_id),
                                             .custody = a->accept || a->sealed.size ? CUSTODY_SEALED : CUSTODY_ELSEWHERE,
                                             .crl_counter = a->next_crl_number ? a->next_crl_number - 1 : 0};
    if (a->pending.driver.size) {
        generation->custody = CUSTODY_CONTAINER;
        generation->driver = a->pending.driver;
        generation->slot = a->pending.slot;
        generation->key_name = a->pending.key_name;
    }
    if (rc == PCA_OK && a->again)
        rc = pcai_generation_read(txn, cx, &a->self, a->self.generation, generation, err);
    generation->certificates++;
    generation->not_after = a->self.not_after;
    return rc == PCA_OK ? pcai_generation_put(txn, a->ca, a->self.generation, generation, err) : rc;
}

static int put_key(struct txn *txn, const struct adoption *a, pca_error *err)
{
    struct row_key row = pcai_key_generation(a->ca, 1);
    struct key_record sealed = {.sealed = pcai_buf_view(&a->sealed)};
    if (a->accept && !a->pending.driver.size)
        return PCA_OK; /* it is there */
    if (sealed.sealed.size)
        return pcai_record_put(txn, &pcai_key_type, pcai_row_key_view(&row), &sealed, err);
    int rc = pcai_delete(txn, TABLE_KEY, pcai_row_key_view(&row), err); /* that a CSR waited with */
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

static int put_certificate(struct txn *txn, const struct adoption *a, uint64_t number, pca_error *err)
{
    struct row_key row = pcai_key_ca_cert(a->ca, a->self.generation, number);
    struct ca_cert_record cert = a->cert;
    cert.serial = a->certificate.serial;
    cert.not_before = a->certificate.not_before;
    cert.not_after = a->certificate.not_after;
    cert.der = a->der;
    return pcai_record_put(txn, &pcai_ca_cert_type, pcai_row_key_view(&row), &cert, err);
}

/* The issuer makes no other with that number. */
static int put_serial(struct txn *txn, const struct adoption *a, pca_error *err)
{
    return a->cert.kind == CA_CERT_EXTERNAL ? PCA_OK : pcai_serial_put(txn, a->cert.issuer, a->certificate.serial, 0, err);
}

static int put_rows(struct txn *txn, struct context *cx, const struct adoption *a, pca_error *err)
{
    struct generation_record generation;
    uint8_t digest[PCAI_DIGEST_MAX];
    int rc = pcai_public_key_keep(txn, cx, a->certificate.public_key, a->certificate.subject, 1, err);
    if (rc == PCA_OK)
        rc = pcai_ca_put(txn, cx, &a->self, err);
    if (rc == PCA_OK)
        rc = put_generation(txn, cx, a, &generation, err);
    if (rc == PCA_OK)
        rc = put_key(txn, a, err);
    if (rc == PCA_OK)
        rc = put_certificate(txn, a, generation.certificates, err);
    if (rc == PCA_OK)
        rc = put_serial(txn, a, err);
    if (rc == PCA_OK)
        rc = pcai_rules_raise(txn, err);
    if (rc == PCA_OK)
        rc = pcai_digest(PCAI_SHA256, a->der, digest, err);
    struct log_record entry = {.ca = a->ca, .object = a->self.generation, .digest = pcai_slice(digest, 32)};
    return rc == PCA_OK ? pcai_log_append(txn, cx, a->accept ? ACTION_ACCEPT : ACTION_IMPORT, &entry, err) : rc;
}

/* Another certificate of that issuer with the same number: the store could not tell them apart. */
static int check_serial(struct txn *txn, const struct adoption *a, pca_error *err)
{
    uint64_t held;
    int rc = a->cert.kind == CA_CERT_PARENT ? pcai_serial_find(txn, a->cert.issuer, a->certificate.serial, &held, err) : PCA_E_NOT_FOUND;
    if (rc == PCA_OK)
        return pcai_fail(err, PCA_E_EXISTS, object_of(a), "certificate", "its issuer has another certificate with this serial number");
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

int pcai_adoption_record(struct txn *txn, struct context *cx, void *arguments, pca_error *err)
{
    const struct adoption *a = arguments;
    uint64_t rules;
    int rc = pcai_rules_read(txn, &rules, err);
    if (rc != PCA_OK)
        return rc;
    if (rules != a->rules || cx->now >= a->service_end || cx->now > a->certificate.not_after)
        return PCAI_AGAIN;
    rc = check_serial(txn, a, err);
    return rc == PCA_OK ? put_rows(txn, cx, a, err) : rc;
}

void pcai_adoption_reset(struct adoption *a)
{
    pcai_arena_free(&a->arena);
    a->self = (struct ca_record){0};
    a->cert = (struct ca_cert_record){0};
    a->pending = (struct key_record){.sealed = {NULL, 0}};
}

void pcai_adoption_free(struct adoption *a)
{
    pcai_adoption_reset(a);
    pcai_buf_free(&a->work);
    pcai_buf_free(&a->pkcs8);
    pcai_buf_free(&a->sealed);
    pcai_pkcs12_free(&a->pfx);
}
