#include "ca/request.h"

#include "ca/extras.h"
#include "ca/label.h"
#include "ca/token.h"

#define PATH_LENGTH_MAX (PCAI_CHAIN_MAX - 1)

const char *pcai_ask_field(enum request_attribute ask)
{
    static const char *const fields[ASK_COUNT] = {"country", "state", "locality", "organization", "unit", "common_name", "system_account"};
    return fields[ask];
}

static void put_text(struct buf *out, const char *text)
{
    if (text)
        pcai_der_put(out, DER_UTF8_STRING, pcai_slice_text(text));
    else
        pcai_der_null(out);
}

static void encode_extras(const struct pca_request *request, struct buf *out)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    for (size_t i = 0; i < request->subject_oid_count; i++) {
        pcai_der_put(out, DER_OID, request->subject_oids[i].oid);
        put_text(out, request->subject_oids[i].text);
    }
    pcai_der_null(out);
    for (size_t i = 0; i < request->eku_count; i++)
        pcai_der_put(out, DER_OID, request->eku[i]);
    pcai_der_null(out);
    for (size_t i = 0; i < request->policy_count; i++) {
        pcai_der_put(out, DER_OID, request->policies[i].oid);
        pcai_der_put(out, DER_OCTET_STRING, request->policies[i].cps);
    }
    pcai_der_null(out);
    for (size_t i = 0; i < request->extension_count; i++) {
        pcai_der_put(out, DER_OID, request->extensions[i].oid);
        pcai_der_boolean(out, request->extensions[i].critical);
        pcai_der_put(out, DER_OCTET_STRING, request->extensions[i].value);
    }
    pcai_der_end(out, mark);
}

static void encode_subtrees(const struct pca_request *request, struct buf *out)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_constraints_write(out, request->subtrees, request->subtree_count);
    pcai_der_end(out, mark);
}

void pcai_request_encode(const struct pca_request *request, struct buf *out)
{
    size_t mark = pcai_der_begin(out, DER_SEQUENCE);
    pcai_der_int(out, request->type);
    for (int i = 0; i < ASK_COUNT; i++)
        put_text(out, request->attribute[i]);
    size_t sans = pcai_der_begin(out, DER_SEQUENCE);
    for (size_t i = 0; i < request->san_count; i++) {
        pcai_der_int(out, request->san[i].type);
        put_text(out, request->san[i].text);
    }
    pcai_der_end(out, sans);
    encode_extras(request, out);
    encode_subtrees(request, out);
    pcai_der_boolean(out, request->personal);
    put_text(out, request->driver);
    put_text(out, request->slot);
    pcai_der_int(out, request->dual);
    pcai_der_int(out, request->form);
    pcai_der_int(out, request->span);
    pcai_der_int(out, request->not_before);
    pcai_der_int(out, request->not_after);
    pcai_der_int(out, request->key_algorithm);
    pcai_der_put(out, DER_OCTET_STRING, request->csr);
    pcai_der_put(out, DER_OCTET_STRING, request->public_key);
    pcai_der_boolean(out, request->use_csr_subject);
    pcai_der_boolean(out, request->use_csr_san);
    pcai_der_int(out, request->crl_address);
    put_text(out, request->alias);
    put_text(out, request->custom_id);
    put_text(out, request->crl_url);
    put_text(out, request->ocsp_url);
    put_text(out, request->issuer_url);
    pcai_der_uint(out, request->crl_days);
    pcai_der_int(out, request->path_length);
    pcai_der_end(out, mark);
}

static int refuse(pca_error *err, const char *field, const char *why)
{
    return pcai_fail(err, PCA_E_INVALID, "request", field, "%s", why);
}

static int refuse_subtrees(const struct pca_request *request, const char *why, pca_error *err)
{
    if (!request->subtree_count)
        return PCA_OK;
    return refuse(err, request->subtrees[0].excluded ? "excluded[0]" : "permitted[0]", why);
}

static int check_common(const struct pca_request *request, pca_error *err)
{
    if (request->refusal.code) {
        pcai_error_copy(err, &request->refusal);
        return request->refusal.code;
    }
    int rc = request->alias ? pcai_alias_check(request->alias, err) : PCA_OK;
    if (rc == PCA_OK && request->custom_id)
        rc = pcai_custom_id_check(request->custom_id, err);
    if (rc == PCA_OK)
        rc = pcai_token_check(request->token, err);
    if (rc != PCA_OK)
        pcai_error_name_object(err, "request");
    return rc;
}

static int check_key_sources(const struct pca_request *request, pca_error *err)
{
    int sources = (request->key_algorithm != 0) + (request->csr.data != NULL) + (request->public_key.data != NULL);
    if (request->driver && sources > (request->key_algorithm != 0))
        return refuse(err, "container", "a key in a container is made there: it comes with no CSR and no public key");
    if (request->pin && !request->driver)
        return refuse(err, "pin", "a PIN goes with a container");
    if (sources > 1)
        return refuse(err, request->csr.data ? "csr" : "public_key", "one source of the key: an algorithm, a CSR or a public key");
    if (request->use_csr_subject && !request->csr.data)
        return refuse(err, "use_csr_subject", "there is no CSR to take a subject from");
    if (request->use_csr_san && !request->csr.data)
        return refuse(err, "use_csr_san", "there is no CSR to take alternative names from");
    return PCA_OK;
}

/* The fields of a review: a person, who is the common name, and the account of one. */
static int check_person(const struct pca_request *request, int compliance, pca_error *err)
{
    if (!compliance && (request->personal || request->attribute[ASK_USER_ID]))
        return refuse(err, request->personal ? "personal_name" : "system_account", "this is for requests on a compliance CA");
    if (!compliance)
        return PCA_OK;
    if (request->type && request->type != PCA_CERT_CLIENT)
        return refuse(err, "type", "a compliance CA issues client certificates");
    if (request->public_key.data)
        return refuse(err, "public_key", "on a compliance CA a key is made by libpca or on a token, or proves itself by a CSR");
    if (request->use_csr_subject)
        return refuse(err, "use_csr_subject", "on a compliance CA the subject is what is given with the personal name");
    if (request->driver && (!request->attribute[ASK_USER_ID] || !*request->attribute[ASK_USER_ID]))
        return refuse(err, "system_account", "on a compliance CA a key in a container needs a system account");
    if (!request->personal || !*request->attribute[ASK_COMMON_NAME])
        return refuse(err, "personal_name", request->attribute[ASK_COMMON_NAME] && !request->personal ? "on a compliance CA the common name is given as personal name"
                                                                                : "a request on a compliance CA needs a personal name");
    return PCA_OK;
}

int pcai_request_check_leaf(const struct pca_request *request, int compliance, pca_error *err)
{
    int rc = check_common(request, err);
    if (rc == PCA_OK)
        rc = check_person(request, compliance, err);
    if (rc != PCA_OK)
        return rc;
    if (request->type == 0)
        return refuse(err, "type", "a certificate needs a type: server, client, both or custom");
    if (request->crl_url)
        return refuse(err, "crl_url", "a CRL address is set for CAs; a certificate takes its issuer's");
    if (request->crl_days)
        return refuse(err, "crl_days", "a CRL period is set for CAs only");
    if (request->ocsp_url || request->issuer_url)
        return refuse(err, request->ocsp_url ? "ocsp_url" : "issuer_url", "this address is set for CAs; a certificate takes its issuer's");
    if (request->path_length >= 0)
        return refuse(err, "path_length", "a path length is set for subordinate CAs only");
    rc = refuse_subtrees(request, "name constraints are set for subordinate CAs only", err);
    if (rc != PCA_OK)
        return rc;
    rc = request->type == PCA_CERT_CUSTOM ? pcai_extras_check(request, err) : pcai_extras_refuse(request, "it is for custom certificates only", err);
    return rc == PCA_OK ? check_key_sources(request, err) : rc;
}

/* ---- CAs ---- */
int pcai_url_check(const char *url, const char *field, pca_error *err)
{
    struct buf canonical = {0};
    struct slice text = pcai_slice_text(url);
    int rc = pcai_san_canonical(PCA_SAN_URI, text, field, &canonical, err);
    pcai_buf_free(&canonical);
    if (rc == PCA_E_NO_MEMORY)
        return rc;
    if (rc != PCA_OK || text.size < 8 || !pcai_slice_equal(pcai_slice(text.data, 7), pcai_slice_text("http://")))
        return refuse(err, field, "it is an http:// URL of at most 1024 characters");
    return PCA_OK;
}

static int check_urls(const struct pca_request *request, pca_error *err)
{
    const char *const urls[] = {request->crl_url, request->ocsp_url, request->issuer_url};
    static const char *const fields[] = {"crl_url", "ocsp_url", "issuer_url"};
    int rc = PCA_OK;
    for (int i = 0; rc == PCA_OK && i < 3; i++)
        if (urls[i])
            rc = pcai_url_check(urls[i], fields[i], err);
    return rc;
}

/* What a further certificate may not change. */
int pcai_request_check_kept(const struct pca_request *request, int rekey, pca_error *err)
{
    for (int i = 0; i < ASK_COUNT; i++)
        if (request->attribute[i])
            return refuse(err, pcai_ask_field((enum request_attribute)i), "a CA's subject stays what it is");
    if (request->alias)
        return refuse(err, "alias", "a CA's alias is changed by a verb of its own");
    if (request->driver && !rekey)
        return refuse(err, "container", "a reissue keeps the key where it is");
    if (request->csr.data)
        return refuse(err, "csr", "a further key or certificate takes no CSR");
    return refuse_subtrees(request, "a CA's name constraints stay what they are", err);
}

static int check_ca_key(const struct pca_request *request, int is_root, pca_error *err)
{
    if (request->public_key.data)
        return refuse(err, "public_key", "a CA's key is made by the library, or proves itself by a CSR");
    if (request->csr.data && is_root)
        return refuse(err, "csr", "a root signs itself: its key is made by the library");
    if (request->use_csr_san)
        return refuse(err, "use_csr_san", "a CA's certificate has no alternative names");
    return check_key_sources(request, err);
}

int pcai_request_check_ca(const struct pca_request *request, int is_root, enum ca_purpose purpose, pca_error *err)
{
    int rc = check_common(request, err);
    if (rc == PCA_OK && purpose != PURPOSE_ENABLE)
        rc = pcai_request_check_kept(request, purpose == PURPOSE_REKEY, err);
    if (rc == PCA_OK)
        rc = check_ca_key(request, is_root, err);
    if (rc != PCA_OK)
        return rc;
    if (request->type)
        return refuse(err, "type", "a CA's certificate has no type");
    if (request->san_count)
        return refuse(err, "san[0]", "a CA's certificate has no alternative names");
    if (request->personal || request->attribute[ASK_USER_ID])
        return refuse(err, request->personal ? "personal_name" : "system_account", "this is for requests on a compliance CA");
    if (request->dual >= 0)
        return refuse(err, "dual", "a pair of keys is a certificate's, not a CA's");
    if (request->custom_id)
        return refuse(err, "custom_id", "a custom id is set for certificates only");
    rc = pcai_extras_refuse(request, "it is for custom certificates, not for CAs", err);
    if (rc == PCA_OK && is_root)
        rc = refuse_subtrees(request, "a root has no name constraints: verifiers do not look at a trust anchor's (RFC 5280 6.1)", err);
    if (rc != PCA_OK)
        return rc;
    if (request->token)
        return refuse(err, "token", "a CA's certificate takes no token");
    if (request->crl_days > PCAI_CRL_DAYS_MAX)
        return pcai_fail(err, PCA_E_INVALID, "request", "crl_days", "a CRL period is 1 to %d days", PCAI_CRL_DAYS_MAX);
    if (request->path_length > PATH_LENGTH_MAX || (is_root && request->path_length >= 0))
        return pcai_fail(err, PCA_E_INVALID, "request", "path_length", "a subordinate's path length is 0 to %d, and a root has none", PATH_LENGTH_MAX);
    if (is_root && request->crl_address == 1)
        return refuse(err, "crl_address", "a root has no issuer whose CRL address it could bear");
    return check_urls(request, err);
}

/* ---- CSRs and cross-certificates ---- */

/* What neither has; `what` says which of them it is. */
static int check_narrow(const struct pca_request *request, const char *what, pca_error *err)
{
    const struct {
        int given;
        const char *field;
    } others[] = {
        {request->type != 0, "type"},
        {request->san_count != 0, "san[0]"},
        {request->csr.data != NULL, "csr"},
        {request->public_key.data != NULL, "public_key"},
        {request->use_csr_subject, "use_csr_subject"},
        {request->use_csr_san, "use_csr_san"},
        {request->alias != NULL, "alias"},
        {request->custom_id != NULL, "custom_id"},
        {request->token != NULL, "token"},
        {request->crl_url != NULL, "crl_url"},
        {request->ocsp_url != NULL, "ocsp_url"},
        {request->issuer_url != NULL, "issuer_url"},
        {request->crl_days != 0, "crl_days"},
    };
    int rc = check_common(request, err);
    for (size_t i = 0; rc == PCA_OK && i < sizeof others / sizeof *others; i++)
        if (others[i].given)
            rc = pcai_fail(err, PCA_E_INVALID, "request", others[i].field, "%s does not take this", what);
    if (rc == PCA_OK)
        rc = pcai_extras_refuse(request, "it is for custom certificates, not for CAs", err);
    if (rc == PCA_OK)
        rc = refuse_subtrees(request, "name constraints are given when a CA is enabled", err);
    if (rc == PCA_OK && request->path_length > PATH_LENGTH_MAX)
        rc = pcai_fail(err, PCA_E_INVALID, "request", "path_length", "a path length is 0 to %d", PATH_LENGTH_MAX);
    return rc;
}

int pcai_request_check_csr(const struct pca_request *request, pca_error *err)
{
    int rc = check_narrow(request, "a CSR of a CA", err);
    if (rc == PCA_OK)
        rc = check_key_sources(request, err);
    if (rc == PCA_OK && request->form)
        rc = refuse(err, "validity", "whoever signs a CSR gives the validity");
    if (rc == PCA_OK && request->crl_address >= 0)
        rc = refuse(err, "crl_address", "whoever signs a CSR gives the address");
    return rc;
}

int pcai_request_check_cross(const struct pca_request *request, pca_error *err)
{
    int rc = check_narrow(request, "a cross-certificate", err);
    if (rc == PCA_OK && (request->key_algorithm || request->driver || request->pin))
        rc = refuse(err, request->key_algorithm ? "key_algorithm" : request->driver ? "container" : "pin", "the key is that of the CA that is signed");
    for (int i = 0; rc == PCA_OK && i < ASK_COUNT; i++)
        if (request->attribute[i])
            rc = refuse(err, pcai_ask_field((enum request_attribute)i), "the subject is that of the CA that is signed");
    return rc;
}
