/* pca_request: setters. What only a verb can judge is judged there. */
#include "ca/request.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "keys/container.h"
#include "x509/csr.h"

#define TEXT_MAX 4096
#define PUBLIC_KEY_MAX 4096

static void set_defaults(pca_request *request)
{
    *request = (pca_request){.crl_address = -1, .path_length = -1, .dual = -1};
}

pca_request *pca_request_new(void)
{
    pca_request *request = pcai_alloc(sizeof *request);
    if (request)
        set_defaults(request);
    return request;
}

void pca_request_free(pca_request *request)
{
    if (!request)
        return;
    pcai_arena_free(&request->arena);
    pcai_free(request);
}

int pca_request_reset(pca_request *request)
{
    if (!request)
        return PCA_E_INVALID;
    pcai_arena_free(&request->arena);
    set_defaults(request);
    return PCA_OK;
}

static const char *copy_text(struct arena *arena, const char *text)
{
    return text ? pcai_arena_text(arena, pcai_slice_text(text)) : NULL;
}

static void copy_extras(const pca_request *from, pca_request *to)
{
    struct arena *arena = &to->arena;
    for (size_t i = 0; i < from->subject_oid_count; i++) {
        to->subject_oids[i].oid = pcai_arena_slice(arena, from->subject_oids[i].oid);
        to->subject_oids[i].text = copy_text(arena, from->subject_oids[i].text);
    }
    for (size_t i = 0; i < from->eku_count; i++)
        to->eku[i] = pcai_arena_slice(arena, from->eku[i]);
    for (size_t i = 0; i < from->policy_count; i++) {
        to->policies[i].oid = pcai_arena_slice(arena, from->policies[i].oid);
        to->policies[i].cps = pcai_arena_slice(arena, from->policies[i].cps);
    }
    for (size_t i = 0; i < from->extension_count; i++) {
        to->extensions[i].oid = pcai_arena_slice(arena, from->extensions[i].oid);
        to->extensions[i].value = pcai_arena_slice(arena, from->extensions[i].value);
    }
}

int pca_request_clone(const pca_request *request, pca_request **copy, pca_error *err)
{
    pca_error_clear(err);
    if (!request || !copy)
        return pcai_fail(err, PCA_E_INVALID, "call", request ? "copy" : "request", "%s is NULL", request ? "copy" : "request");
    pca_request *fresh = pcai_alloc(sizeof *fresh);
    if (!fresh)
        return pcai_no_memory(err);
    *fresh = *request;
    fresh->arena = (struct arena){0};
    copy_extras(request, fresh);
    for (size_t i = 0; i < request->subtree_count; i++)
        fresh->subtrees[i].base = pcai_arena_slice(&fresh->arena, request->subtrees[i].base);
    for (int i = 0; i < ASK_COUNT; i++)
        fresh->attribute[i] = copy_text(&fresh->arena, request->attribute[i]);
    for (size_t i = 0; i < request->san_count; i++)
        fresh->san[i].text = copy_text(&fresh->arena, request->san[i].text);
    fresh->csr = pcai_arena_slice(&fresh->arena, request->csr);
    fresh->public_key = pcai_arena_slice(&fresh->arena, request->public_key);
    fresh->alias = copy_text(&fresh->arena, request->alias);
    fresh->custom_id = copy_text(&fresh->arena, request->custom_id);
    fresh->token = copy_text(&fresh->arena, request->token);
    fresh->driver = copy_text(&fresh->arena, request->driver);
    fresh->slot = copy_text(&fresh->arena, request->slot);
    fresh->pin = copy_text(&fresh->arena, request->pin);
    fresh->crl_url = copy_text(&fresh->arena, request->crl_url);
    fresh->ocsp_url = copy_text(&fresh->arena, request->ocsp_url);
    fresh->issuer_url = copy_text(&fresh->arena, request->issuer_url);
    if (fresh->arena.failed) {
        pca_request_free(fresh);
        return pcai_no_memory(err);
    }
    *copy = fresh;
    return PCA_OK;
}

/* ---- Helpers of the setters ---- */

/* Keeps the first refusal. */
static int refuse(pca_request *request, int code, const char *field, const char *why)
{
    if (request->refusal.code == PCA_OK)
        pcai_fail(&request->refusal, code, "request", field, "%s", why);
    return request->refusal.code;
}

static int usable(const pca_request *request)
{
    return request ? request->refusal.code : PCA_E_INVALID;
}

/* With the limit, which stands in one place. */
static int too_many(pca_request *request, const char *field, int most)
{
    if (request->refusal.code == PCA_OK)
        pcai_fail(&request->refusal, PCA_E_INVALID, "request", field, "at most %d may be added", most);
    return request->refusal.code;
}

static int set_text(pca_request *request, const char **to, const char *field, const char *text)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (!text)
        return refuse(request, PCA_E_INVALID, field, "the text is NULL");
    if (strlen(text) > TEXT_MAX)
        return refuse(request, PCA_E_INVALID, field, "the text is longer than 4096 octets");
    const char *copy = copy_text(&request->arena, text);
    if (request->arena.failed)
        return refuse(request, PCA_E_NO_MEMORY, field, "out of memory");
    *to = copy;
    return PCA_OK;
}

static int set_attribute(pca_request *request, enum request_attribute ask, const char *text)
{
    return request ? set_text(request, &request->attribute[ask], pcai_ask_field(ask), text) : PCA_E_INVALID;
}

static int set_bytes(pca_request *request, struct slice *to, const char *field, int code, const void *data, size_t size, size_t most)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (!data || size == 0)
        return refuse(request, PCA_E_INVALID, field, "there are no octets");
    if (size > most) {
        pcai_fail(&request->refusal, code, "request", field, "there are %zu octets; at most %zu are possible", size, most);
        return request->refusal.code;
    }
    struct slice copy = pcai_arena_slice(&request->arena, pcai_slice(data, size));
    if (request->arena.failed)
        return refuse(request, PCA_E_NO_MEMORY, field, "out of memory");
    *to = copy;
    return PCA_OK;
}

static int add_san(pca_request *request, int type, const char *text)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (request->san_count == PCAI_SAN_MAX)
        return refuse(request, PCA_E_SAN, "san[10]", "at most 10 subject alternative names may be given");
    rc = set_text(request, &request->san[request->san_count].text, "san", text);
    if (rc == PCA_OK)
        request->san[request->san_count++].type = type;
    return rc;
}

static int set_oid(pca_request *request, struct slice *to, const char *field, const char *text)
{
    struct buf oid = {0};
    if (!text)
        return refuse(request, PCA_E_INVALID, field, "the object identifier is NULL");
    int malformed = pcai_oid_parse(pcai_slice_text(text), &oid) != 0;
    struct slice copy = malformed ? pcai_slice(NULL, 0) : pcai_arena_slice(&request->arena, pcai_buf_view(&oid));
    int no_memory = oid.failed || request->arena.failed;
    pcai_buf_free(&oid);
    if (no_memory)
        return refuse(request, PCA_E_NO_MEMORY, field, "out of memory");
    if (malformed)
        return refuse(request, PCA_E_INVALID, field, "an object identifier is numbers with dots between, \"1.3.6.1.5.5.7.3.8\", of at most 64 octets");
    *to = copy;
    return PCA_OK;
}

static int set_form(pca_request *request, enum validity_form form, int64_t span)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (request->form && request->form != form)
        return refuse(request, PCA_E_INVALID, "validity", "the validity is given in two forms");
    request->form = form;
    request->span = span;
    return PCA_OK;
}

/* ---- Setters ---- */

int pca_request_set_type(pca_request *request, int type)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (type < PCA_CERT_SERVER || type > PCA_CERT_CUSTOM)
        return refuse(request, PCA_E_INVALID, "type", "a type is one of PCA_CERT_");
    request->type = type;
    return PCA_OK;
}

static int set_name(pca_request *request, int personal, const char *text)
{
    int rc = request ? set_text(request, &request->attribute[ASK_COMMON_NAME], personal ? "personal_name" : "common_name", text) : PCA_E_INVALID;
    if (rc == PCA_OK)
        request->personal = personal;
    return rc;
}

int pca_request_set_common_name(pca_request *request, const char *text)
{
    return set_name(request, 0, text);
}

int pca_request_set_personal_name(pca_request *request, const char *text)
{
    return set_name(request, 1, text);
}

int pca_request_set_system_account(pca_request *request, const char *text)
{
    return set_attribute(request, ASK_USER_ID, text);
}

int pca_request_set_organization(pca_request *request, const char *text)
{
    return set_attribute(request, ASK_ORGANIZATION, text);
}

int pca_request_set_unit(pca_request *request, const char *text)
{
    return set_attribute(request, ASK_UNIT, text);
}

int pca_request_set_country(pca_request *request, const char *text)
{
    return set_attribute(request, ASK_COUNTRY, text);
}

int pca_request_set_state(pca_request *request, const char *text)
{
    return set_attribute(request, ASK_STATE, text);
}

int pca_request_set_locality(pca_request *request, const char *text)
{
    return set_attribute(request, ASK_LOCALITY, text);
}

int pca_request_add_dns(pca_request *request, const char *name)
{
    return add_san(request, PCA_SAN_DNS, name);
}

int pca_request_add_ip(pca_request *request, const char *address)
{
    return add_san(request, PCA_SAN_IP, address);
}

int pca_request_add_email(pca_request *request, const char *address)
{
    return add_san(request, PCA_SAN_EMAIL, address);
}

int pca_request_add_uri(pca_request *request, const char *uri)
{
    return add_san(request, PCA_SAN_URI, uri);
}

/* ---- Custom certificates ---- */

int pca_request_add_subject_oid(pca_request *request, const char *oid, const char *text)
{
    int rc = usable(request);
    if (rc == PCA_OK && request->subject_oid_count == PCAI_SUBJECT_OIDS_MAX)
        return too_many(request, "subject_oid", PCAI_SUBJECT_OIDS_MAX);
    if (rc == PCA_OK)
        rc = set_oid(request, &request->subject_oids[request->subject_oid_count].oid, "subject_oid", oid);
    if (rc == PCA_OK)
        rc = set_text(request, &request->subject_oids[request->subject_oid_count].text, "subject_oid", text);
    if (rc == PCA_OK)
        request->subject_oid_count++;
    return rc;
}

int pca_request_add_eku(pca_request *request, const char *oid)
{
    int rc = usable(request);
    if (rc == PCA_OK && request->eku_count == PCAI_EKU_MAX)
        return too_many(request, "eku", PCAI_EKU_MAX);
    if (rc == PCA_OK)
        rc = set_oid(request, &request->eku[request->eku_count], "eku", oid);
    if (rc == PCA_OK)
        request->eku_count++;
    return rc;
}

int pca_request_add_policy(pca_request *request, const char *oid, const char *cps_uri)
{
    const char *uri = NULL;
    int rc = usable(request);
    if (rc == PCA_OK && request->policy_count == PCAI_POLICIES_MAX)
        return too_many(request, "policy", PCAI_POLICIES_MAX);
    if (rc == PCA_OK)
        rc = set_oid(request, &request->policies[request->policy_count].oid, "policy", oid);
    if (rc == PCA_OK && cps_uri)
        rc = set_text(request, &uri, "policy", cps_uri);
    if (rc == PCA_OK)
        request->policies[request->policy_count++].cps = uri ? pcai_slice_text(uri) : pcai_slice(NULL, 0);
    return rc;
}

int pca_request_add_extension(pca_request *request, const char *oid, int critical, const void *der, size_t size)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (request->extension_count == PCAI_EXTENSIONS_MAX)
        return too_many(request, "extension", PCAI_EXTENSIONS_MAX);
    if (critical != 0 && critical != 1)
        return refuse(request, PCA_E_INVALID, "extension", "an extension is critical (1) or not (0)");
    struct extension_value *e = &request->extensions[request->extension_count];
    rc = set_oid(request, &e->oid, "extension", oid);
    if (rc == PCA_OK)
        rc = set_bytes(request, &e->value, "extension", PCA_E_INVALID, der, size, PCAI_EXTENSION_MAX);
    if (rc != PCA_OK)
        return rc;
    e->critical = critical;
    request->extension_count++;
    return PCA_OK;
}

int pca_request_set_days(pca_request *request, int64_t days)
{
    return set_form(request, FORM_DAYS, days);
}

int pca_request_set_months(pca_request *request, int64_t months)
{
    return set_form(request, FORM_MONTHS, months);
}

int pca_request_set_years(pca_request *request, int64_t years)
{
    return set_form(request, FORM_YEARS, years);
}

int pca_request_set_dates(pca_request *request, int64_t not_before, int64_t not_after)
{
    int rc = set_form(request, FORM_DATES, 0);
    if (rc != PCA_OK)
        return rc;
    request->not_before = not_before;
    request->not_after = not_after;
    return PCA_OK;
}

int pca_request_set_longest(pca_request *request)
{
    return set_form(request, FORM_LONGEST, 0);
}

int pca_request_set_key_algorithm(pca_request *request, int algorithm)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (algorithm < PCA_KEY_RSA_1024 || algorithm > PCA_KEY_SM2)
        return refuse(request, PCA_E_INVALID, "key_algorithm", "a key algorithm is one of PCA_KEY_");
    request->key_algorithm = algorithm;
    return PCA_OK;
}

int pca_request_set_container(pca_request *request, const char *driver, const char *slot)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (!driver || !pcai_container_name_check(driver))
        return refuse(request, PCA_E_INVALID, "driver", "a container's name is 1 to 64 of a-z, 0-9 and -");
    if (!slot || strlen(slot) > PCAI_SLOT_MAX || !pcai_utf8_printable(pcai_slice_text(slot), NULL))
        return refuse(request, PCA_E_INVALID, "slot", "a slot is at most 256 octets of UTF-8 without control characters");
    rc = set_text(request, &request->driver, "driver", driver);
    return rc == PCA_OK ? set_text(request, &request->slot, "slot", slot) : rc;
}

int pca_request_set_dual(pca_request *request, int dual)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (dual != 0 && dual != 1)
        return refuse(request, PCA_E_INVALID, "dual", "a pair of keys is asked for (1) or not (0)");
    request->dual = dual;
    return PCA_OK;
}

int pca_request_set_pin(pca_request *request, const char *pin)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (!pin || strlen(pin) > PCAI_PIN_MAX)
        return refuse(request, PCA_E_INVALID, "pin", "a PIN has at most 256 octets");
    return set_text(request, &request->pin, "pin", pin);
}

int pca_request_set_csr(pca_request *request, const void *csr, size_t size)
{
    return request ? set_bytes(request, &request->csr, "csr", PCA_E_CSR, csr, size, PCAI_CSR_MAX) : PCA_E_INVALID;
}

int pca_request_set_public_key(pca_request *request, const void *spki, size_t size)
{
    return request ? set_bytes(request, &request->public_key, "public_key", PCA_E_ALGORITHM, spki, size, PUBLIC_KEY_MAX) : PCA_E_INVALID;
}

int pca_request_use_csr_subject(pca_request *request)
{
    int rc = usable(request);
    if (rc == PCA_OK)
        request->use_csr_subject = 1;
    return rc;
}

int pca_request_use_csr_san(pca_request *request)
{
    int rc = usable(request);
    if (rc == PCA_OK)
        request->use_csr_san = 1;
    return rc;
}

int pca_request_set_crl_address(pca_request *request, int include)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (include != 0 && include != 1)
        return refuse(request, PCA_E_INVALID, "crl_address", "the CRL address is in (1) or out (0)");
    request->crl_address = include;
    return PCA_OK;
}

int pca_request_set_alias(pca_request *request, const char *alias)
{
    return request ? set_text(request, &request->alias, "alias", alias) : PCA_E_INVALID;
}

int pca_request_set_custom_id(pca_request *request, const char *custom_id)
{
    return request ? set_text(request, &request->custom_id, "custom_id", custom_id) : PCA_E_INVALID;
}

int pca_request_set_token(pca_request *request, const char *token)
{
    int rc = usable(request);
    if (rc == PCA_OK && !token) {
        request->token = NULL;
        return rc;
    }
    return request ? set_text(request, &request->token, "token", token) : PCA_E_INVALID;
}

int pca_request_set_crl_url(pca_request *request, const char *url)
{
    return request ? set_text(request, &request->crl_url, "crl_url", url) : PCA_E_INVALID;
}

int pca_request_set_ocsp_url(pca_request *request, const char *url)
{
    return request ? set_text(request, &request->ocsp_url, "ocsp_url", url) : PCA_E_INVALID;
}

int pca_request_set_issuer_url(pca_request *request, const char *url)
{
    return request ? set_text(request, &request->issuer_url, "issuer_url", url) : PCA_E_INVALID;
}

int pca_request_set_crl_days(pca_request *request, uint64_t days)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (days < 1 || days > PCAI_CRL_DAYS_MAX)
        return refuse(request, PCA_E_INVALID, "crl_days", "a CRL period is 1 to 365 days");
    request->crl_days = days;
    return PCA_OK;
}

static int add_subtree(pca_request *request, int excluded, int type, const char *text)
{
    char field[32];
    struct buf base = {0};
    size_t index = 0;
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    for (size_t i = 0; i < request->subtree_count; i++)
        index += request->subtrees[i].excluded == excluded;
    snprintf(field, sizeof field, "%s[%zu]", excluded ? "excluded" : "permitted", index);
    if (request->subtree_count == PCAI_SUBTREES_MAX)
        return too_many(request, field, PCAI_SUBTREES_MAX);
    if (!text || strlen(text) > TEXT_MAX)
        return refuse(request, PCA_E_INVALID, field, "the text is NULL, or longer than 4096 octets");
    rc = pcai_subtree_parse(type, pcai_slice_text(text), field, &base, &request->refusal);
    struct subtree subtree = {.excluded = excluded, .type = type, .base = pcai_arena_slice(&request->arena, pcai_buf_view(&base))};
    if (rc == PCA_OK && (base.failed || request->arena.failed))
        rc = pcai_no_memory(&request->refusal);
    if (rc == PCA_OK)
        request->subtrees[request->subtree_count++] = subtree;
    else
        pcai_error_name_object(&request->refusal, "request");
    pcai_buf_free(&base);
    return rc;
}

int pca_request_add_permitted(pca_request *request, int type, const char *text)
{
    return add_subtree(request, 0, type, text);
}

int pca_request_add_excluded(pca_request *request, int type, const char *text)
{
    return add_subtree(request, 1, type, text);
}

int pca_request_set_path_length(pca_request *request, uint64_t length)
{
    int rc = usable(request);
    if (rc != PCA_OK)
        return rc;
    if (length > 7)
        return refuse(request, PCA_E_INVALID, "path_length", "a path length is 0 to 7");
    request->path_length = (int)length;
    return PCA_OK;
}
