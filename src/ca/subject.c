#include "ca/subject.h"

#include <stdio.h>
#include <string.h>

#define CSR_SAN_MAX 64

static const enum oid attribute_oids[ASK_COUNT] = {OID_COUNTRY, OID_STATE, OID_LOCALITY, OID_ORGANIZATION, OID_UNIT, OID_COMMON_NAME, OID_UID};

#define FIELD 24
/* The field that a subject's attribute has in errors: the setter that it comes from, or the CSR. */
static const char *attribute_field(const struct pca_request *request, const struct attribute *a, char field[FIELD])
{
    for (int i = 0; i < ASK_COUNT; i++)
        if (attribute_oids[i] == a->type)
            return pcai_ask_field((enum request_attribute)i);
    for (size_t i = 0; i < request->subject_oid_count; i++)
        if (pcai_slice_equal(request->subject_oids[i].oid, a->raw)) {
            snprintf(field, FIELD, "subject_oid[%zu]", i);
            return field;
        }
    return "csr";
}

static struct attribute *find(struct name *name, enum oid type)
{
    for (size_t i = 0; i < name->count; i++)
        if (name->attributes[i].type == type)
            return &name->attributes[i];
    return NULL;
}

/* Puts it before the place-th. */
static int insert(const struct pca_request *request, struct name *name, size_t place, struct attribute a, pca_error *err)
{
    char field[FIELD];
    if (name->count == PCAI_NAME_ATTRIBUTES_MAX)
        return pcai_fail(err, PCA_E_NAME, "request", attribute_field(request, &a, field), "a subject has at most %d attributes", PCAI_NAME_ATTRIBUTES_MAX);
    memmove(name->attributes + place + 1, name->attributes + place, (name->count - place) * sizeof a);
    name->attributes[place] = a;
    name->count++;
    return PCA_OK;
}

static int append(const struct pca_request *request, struct name *name, enum oid type, struct slice value, pca_error *err)
{
    return insert(request, name, name->count, (struct attribute){.type = type, .raw = pcai_oid(type), .value = value}, err);
}

static void take_away(struct name *name, struct slice oid)
{
    size_t kept = 0;
    for (size_t i = 0; i < name->count; i++)
        if (!pcai_slice_equal(name->attributes[i].raw, oid))
            name->attributes[kept++] = name->attributes[i];
    name->count = kept;
}

/* The request's attributes replace the CSR's of the same type; "" takes them away. */
static int apply_request(const struct pca_request *request, struct name *name, pca_error *err)
{
    for (int i = 0; i < ASK_COUNT; i++) {
        const char *text = request->attribute[i];
        struct attribute *held = find(name, attribute_oids[i]);
        if (!text)
            continue;
        if (held && *text) {
            held->value = pcai_slice_text(text);
        } else if (held) {
            take_away(name, held->raw);
        } else if (*text) {
            int rc = append(request, name, attribute_oids[i], pcai_slice_text(text), err);
            if (rc != PCA_OK)
                return rc;
        }
    }
    return PCA_OK;
}

/* Domain components stand in front, what else there is at the end. */
static int apply_subject_oids(const struct pca_request *request, struct name *name, pca_error *err)
{
    int rc = PCA_OK;
    size_t components = 0;
    for (size_t i = 0; i < request->subject_oid_count; i++)
        take_away(name, request->subject_oids[i].oid);
    for (size_t i = 0; rc == PCA_OK && i < request->subject_oid_count; i++) {
        struct attribute a = {.raw = request->subject_oids[i].oid, .value = pcai_slice_text(request->subject_oids[i].text)};
        a.type = pcai_attribute_type(a.raw);
        rc = insert(request, name, a.type == OID_DOMAIN_COMPONENT ? components++ : name->count, a, err);
    }
    return rc;
}

static int any_asked(const struct pca_request *request)
{
    for (int i = 0; i < ASK_COMMON_NAME; i++)
        if (request->attribute[i])
            return 1;
    return 0;
}

/* In front, so that the common name stays last: C, ST, L, O, OU, CN. */
static int apply_defaults(const struct pca_request *request, struct slice defaults, struct name *name, pca_error *err)
{
    struct name issuer, own = *name;
    if (pcai_name_read(defaults, &issuer) != 0)
        return pcai_fail(err, PCA_E_CORRUPT, "request", NULL, "the issuer's subject cannot be read");
    name->count = 0;
    for (int i = 0; i < ASK_COMMON_NAME; i++) {
        struct slice value = pcai_name_find(&issuer, attribute_oids[i]);
        if (value.data)
            append(request, name, attribute_oids[i], value, NULL);
    }
    for (size_t i = 0; i < own.count; i++)
        append(request, name, own.attributes[i].type, own.attributes[i].value, NULL);
    return PCA_OK;
}

/* Only custom certificates bear attributes whose type the library does not know. */
static int check_attribute(const struct pca_request *request, const struct name *name, size_t index, pca_error *err)
{
    const struct attribute *a = &name->attributes[index];
    char oid[PCAI_OID_TEXT], buffer[FIELD];
    const char *field = attribute_field(request, a, buffer);
    pcai_oid_text(a->raw, oid, sizeof oid);
    if (a->type == OID_NONE && request->type != PCA_CERT_CUSTOM)
        return pcai_fail(err, PCA_E_NAME, "request", field, "the CSR's subject has an attribute of unknown type %s", oid);
    int rc = pcai_attribute_check(a->type, a->value, field, err);
    if (rc != PCA_OK)
        pcai_error_name_object(err, "request");
    for (size_t j = 0; rc == PCA_OK && j < index; j++)
        if (a->type != OID_DOMAIN_COMPONENT && pcai_slice_equal(name->attributes[j].raw, a->raw))
            return pcai_fail(err, PCA_E_NAME, "request", field, "the subject has the attribute %s twice", a->type == OID_NONE ? oid : pcai_oid_name(a->type));
    return rc;
}

static int check_attributes(const struct pca_request *request, const struct name *name, pca_error *err)
{
    int rc = PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < name->count; i++)
        rc = check_attribute(request, name, i, err);
    return rc;
}

static int name_finish(struct subject *subject, const struct name *name, pca_error *err)
{
    struct buf der = {0};
    pcai_name_write(&der, name);
    int rc = pcai_buf_check(&der, err);
    if (rc == PCA_OK)
        subject->name = pcai_arena_slice(subject->arena, pcai_buf_view(&der));
    pcai_buf_free(&der);
    return rc == PCA_OK && subject->arena->failed ? pcai_no_memory(err) : rc;
}

/* ---- Alternative names ---- */

static int type_allows(int certificate_type, int san_type)
{
    int host = san_type == PCA_SAN_DNS || san_type == PCA_SAN_IP;
    return certificate_type == PCA_CERT_SERVER ? host : certificate_type == PCA_CERT_CLIENT ? !host : 1;
}

/* Canonical, and once only. */
static int san_add(struct subject *subject, int type, struct slice text, const char *field, pca_error *err)
{
    struct buf canonical = {0};
    int rc = pcai_san_canonical(type, text, field, &canonical, err);
    if (rc == PCA_OK)
        rc = pcai_buf_check(&canonical, err);
    struct general_name name = {type, pcai_buf_view(&canonical)};
    int known = 0;
    for (size_t i = 0; i < subject->san_count; i++)
        known |= subject->san[i].type == type && pcai_slice_equal(subject->san[i].value, name.value);
    if (rc == PCA_OK && !known) {
        name.value = pcai_arena_slice(subject->arena, name.value);
        subject->san[subject->san_count++] = name;
        if (subject->arena->failed)
            rc = pcai_no_memory(err);
    } else if (rc != PCA_OK) {
        pcai_error_name_object(err, "request");
    }
    pcai_buf_free(&canonical);
    return rc;
}

static int san_given(struct subject *subject, int certificate_type, int type, struct slice text, pca_error *err)
{
    char field[24];
    snprintf(field, sizeof field, "san[%zu]", subject->given);
    if (subject->given == PCAI_SAN_MAX)
        return pcai_fail(err, PCA_E_SAN, "request", field, "at most %d subject alternative names may be given", PCAI_SAN_MAX);
    if (!type_allows(certificate_type, type))
        return pcai_fail(err, PCA_E_SAN, "request", field, "a %s certificate bears %s only",
                         certificate_type == PCA_CERT_SERVER ? "server" : "client",
                         certificate_type == PCA_CERT_SERVER ? "DNS names and IP addresses" : "e-mail addresses and URIs");
    subject->given++;
    return san_add(subject, type, text, field, err);
}

static int san_from_csr(struct subject *subject, int certificate_type, const struct csr *csr, pca_error *err)
{
    struct general_name names[CSR_SAN_MAX];
    size_t count = 0, other = 0;
    int rc = PCA_OK;
    if (!csr->san.data)
        return PCA_OK;
    if (pcai_san_read(csr->san, names, CSR_SAN_MAX, &count, &other) != 0)
        return pcai_fail(err, PCA_E_SAN, "request", "csr", "the CSR's alternative names cannot be read, or are more than %d", CSR_SAN_MAX);
    subject->left_out = other > 0;
    for (size_t i = 0; rc == PCA_OK && i < count; i++) {
        struct buf text = {0};
        pcai_san_text(&names[i], &text);
        rc = pcai_buf_check(&text, err);
        if (rc == PCA_OK)
            rc = san_given(subject, certificate_type, names[i].type, pcai_buf_view(&text), err);
        pcai_buf_free(&text);
    }
    return rc;
}

/* A server's common name is one of its alternative names, octet for octet. */
static int common_name_as_host(struct subject *subject, struct attribute *cn, pca_error *err)
{
    int ip = pcai_is_ip(cn->value);
    size_t before = subject->san_count;
    int rc = san_add(subject, ip ? PCA_SAN_IP : PCA_SAN_DNS, cn->value, "common_name", err);
    if (rc != PCA_OK)
        return rc;
    subject->own = subject->san_count > before ? subject->san_count : 0;
    struct buf canonical = {0}, text = {0};
    rc = pcai_san_canonical(ip ? PCA_SAN_IP : PCA_SAN_DNS, cn->value, "common_name", &canonical, err);
    struct general_name name = {ip ? PCA_SAN_IP : PCA_SAN_DNS, pcai_buf_view(&canonical)};
    pcai_san_text(&name, &text);
    if (rc == PCA_OK)
        rc = pcai_buf_check(&text, err);
    if (rc == PCA_OK)
        cn->value = pcai_arena_slice(subject->arena, pcai_buf_view(&text));
    pcai_buf_free(&canonical);
    pcai_buf_free(&text);
    return rc == PCA_OK && subject->arena->failed ? pcai_no_memory(err) : rc;
}

static int hosts(const struct subject *subject)
{
    int count = 0;
    for (size_t i = 0; i < subject->san_count; i++)
        count += subject->san[i].type == PCA_SAN_DNS || subject->san[i].type == PCA_SAN_IP;
    return count;
}

static int is_server(const struct pca_request *request)
{
    return request->type == PCA_CERT_SERVER || request->type == PCA_CERT_BOTH;
}

static int add_names(const struct pca_request *request, const struct csr *csr, struct subject *subject, struct attribute *cn,
                     pca_error *err)
{
    int rc = PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < request->san_count; i++)
        rc = san_given(subject, request->type, request->san[i].type, pcai_slice_text(request->san[i].text), err);
    if (rc == PCA_OK && csr && request->use_csr_san)
        rc = san_from_csr(subject, request->type, csr, err);
    if (rc == PCA_OK && cn && is_server(request))
        rc = common_name_as_host(subject, cn, err);
    if (rc != PCA_OK)
        return rc;
    if (!cn && subject->san_count == 0)
        return pcai_fail(err, PCA_E_NAME, "request", "common_name", "a common name is required unless an alternative name is given");
    if (is_server(request) && hosts(subject) == 0)
        return pcai_fail(err, PCA_E_SAN, "request", "san", "a server needs at least one DNS name or IP address");
    return PCA_OK;
}

static int name_of_csr(const struct pca_request *request, const struct csr *csr, struct name *name, pca_error *err)
{
    if (csr && request->use_csr_subject && pcai_name_read(csr->subject, name) != 0)
        return pcai_fail(err, PCA_E_NAME, "request", "csr", "the CSR's subject has a string type or a size that is not taken");
    return PCA_OK;
}

int pcai_subject_leaf(const struct pca_request *request, const struct csr *csr, struct slice defaults, struct subject *subject,
                      pca_error *err)
{
    struct name name = {0};
    int rc = name_of_csr(request, csr, &name, err);
    if (rc == PCA_OK)
        rc = apply_request(request, &name, err);
    if (rc == PCA_OK && !request->use_csr_subject && !any_asked(request))
        rc = apply_defaults(request, defaults, &name, err);
    if (rc == PCA_OK)
        rc = apply_subject_oids(request, &name, err);
    if (rc == PCA_OK)
        rc = check_attributes(request, &name, err);
    struct attribute *cn = find(&name, OID_COMMON_NAME);
    if (rc == PCA_OK)
        rc = add_names(request, csr, subject, cn, err);
    if (rc == PCA_OK)
        rc = name_finish(subject, &name, err);
    if (rc == PCA_OK && cn)
        subject->common_name = pcai_arena_slice(subject->arena, cn->value);
    return rc;
}

int pcai_subject_ca(const struct pca_request *request, const struct csr *csr, struct subject *subject, pca_error *err)
{
    struct name name = {0};
    int rc = name_of_csr(request, csr, &name, err);
    if (rc == PCA_OK)
        rc = apply_request(request, &name, err);
    if (rc == PCA_OK && !find(&name, OID_COMMON_NAME))
        rc = pcai_fail(err, PCA_E_NAME, "request", "common_name", "a CA needs a common name");
    if (rc == PCA_OK)
        rc = check_attributes(request, &name, err);
    return rc == PCA_OK ? name_finish(subject, &name, err) : rc;
}
