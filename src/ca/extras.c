#include "ca/extras.h"

#include <stdio.h>
#include <string.h>

#include "x509/certificate.h"
#include "x509/lint.h"

/* 2.5.29 */
static const uint8_t id_ce[] = {0x55, 0x1D};
/* Of id-ce, beside what the library makes: subjectDirectoryAttributes and privateKeyUsagePeriod, each a SEQUENCE of something. */
static const uint8_t id_ce_allowed[][3] = {{0x55, 0x1D, 0x09}, {0x55, 0x1D, 0x10}};
/* id-pkix-ocsp-nocheck, 1.3.6.1.5.5.7.48.1.5: of certificates that nobody looks up in a CRL. */
static const uint8_t ocsp_nocheck[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05};

#define FIELD 48

static const char *item(char field[FIELD], const char *name, size_t index)
{
    snprintf(field, FIELD, "%s[%zu]", name, index);
    return field;
}

static int refuse(pca_error *err, const char *name, size_t index, const char *why)
{
    char field[FIELD];
    return pcai_fail(err, PCA_E_INVALID, "request", item(field, name, index), "%s", why);
}

int pcai_extras_refuse(const struct pca_request *request, const char *why, pca_error *err)
{
    const struct {
        const char *name;
        size_t count;
    } extras[] = {{"subject_oid", request->subject_oid_count}, {"eku", request->eku_count}, {"policy", request->policy_count}, {"extension", request->extension_count}};
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++)
        if (extras[i].count)
            return refuse(err, extras[i].name, 0, why);
    return PCA_OK;
}

static int twice(pca_error *err, const char *name, size_t index, struct slice oid)
{
    char field[FIELD], text[PCAI_OID_TEXT];
    pcai_oid_text(oid, text, sizeof text);
    return pcai_fail(err, PCA_E_INVALID, "request", item(field, name, index), "%s was added before", text);
}

/* ---- Purposes ---- */

static int check_eku(const struct pca_request *request, size_t i, pca_error *err)
{
    struct slice oid = request->eku[i];
    if (pcai_slice_equal(oid, pcai_oid(OID_ANY_EXTENDED_KEY_USAGE)))
        return refuse(err, "eku", i, "anyExtendedKeyUsage is in no certificate: name the purposes, or none");
    if (pcai_slice_equal(oid, pcai_oid(OID_OCSP_SIGNING)))
        return refuse(err, "eku", i, "OCSPSigning would let its holder answer for the CA; responder certificates are made by the library");
    for (size_t j = 0; j < i; j++)
        if (pcai_slice_equal(request->eku[j], oid))
            return twice(err, "eku", i, oid);
    return PCA_OK;
}

/* ---- Policies ---- */

static int check_policy(const struct pca_request *request, size_t i, pca_error *err)
{
    char field[FIELD];
    const struct certificate_policy *policy = &request->policies[i];
    struct general_name uri = {PCA_SAN_URI, policy->cps};
    item(field, "policy", i);
    if (pcai_slice_equal(policy->oid, pcai_oid(OID_ANY_POLICY)))
        return refuse(err, "policy", i, "anyPolicy is in CA certificates only");
    for (size_t j = 0; j < i; j++)
        if (pcai_slice_equal(request->policies[j].oid, policy->oid))
            return twice(err, "policy", i, policy->oid);
    if (policy->cps.data && pcai_san_check(&uri, field, err) != PCA_OK) {
        if (err)
            err->code = PCA_E_INVALID;
        pcai_error_name_object(err, "request");
        return PCA_E_INVALID;
    }
    return PCA_OK;
}

/* ---- Extensions ---- */

static int is_allowed_id_ce(struct slice oid)
{
    for (size_t i = 0; i < sizeof id_ce_allowed / sizeof *id_ce_allowed; i++)
        if (pcai_slice_equal(oid, pcai_slice(id_ce_allowed[i], sizeof id_ce_allowed[i])))
            return 1;
    return 0;
}

static int is_made_here(struct slice oid)
{
    switch (pcai_oid_find(oid)) {
    case OID_SUBJECT_KEY_ID:
    case OID_KEY_USAGE:
    case OID_SUBJECT_ALT_NAME:
    case OID_CRL_DISTRIBUTION_POINTS:
    case OID_CERTIFICATE_POLICIES:
    case OID_AUTHORITY_KEY_ID:
    case OID_EXTENDED_KEY_USAGE:
    case OID_AUTHORITY_INFO_ACCESS:
        return 1;
    default:
        return pcai_slice_equal(oid, pcai_slice(ocsp_nocheck, sizeof ocsp_nocheck));
    }
}

static int is_empty_sequence(struct slice value)
{
    return value.data[0] != DER_SEQUENCE || value.size == 2;
}

static int check_extension(const struct pca_request *request, size_t i, pca_error *err)
{
    const struct extension_value *e = &request->extensions[i];
    int of_id_ce = e->oid.size > sizeof id_ce && memcmp(e->oid.data, id_ce, sizeof id_ce) == 0;
    char field[FIELD];
    if (is_made_here(e->oid))
        return refuse(err, "extension", i, "this extension is made by the library, from what other setters say");
    if (of_id_ce && !is_allowed_id_ce(e->oid))
        return refuse(err, "extension", i, "of id-ce (2.5.29) only subjectDirectoryAttributes and privateKeyUsagePeriod may be added");
    for (size_t j = 0; j < i; j++)
        if (pcai_slice_equal(request->extensions[j].oid, e->oid))
            return twice(err, "extension", i, e->oid);
    const char *wrong = pcai_lint_der(e->value);
    if (wrong)
        return pcai_fail(err, PCA_E_INVALID, "request", item(field, "extension", i), "the value is not one element of DER: %s", wrong);
    if (of_id_ce && is_empty_sequence(e->value))
        return refuse(err, "extension", i, "the value is a SEQUENCE that is not empty");
    return PCA_OK;
}

/* ---- Subject attributes: here only what has a setter of its own; values are judged with the whole subject. ---- */

static int check_subject_oid(const struct pca_request *request, size_t i, pca_error *err)
{
    enum oid type = pcai_oid_find(request->subject_oids[i].oid);
    int own = type == OID_COMMON_NAME || type == OID_COUNTRY || type == OID_STATE || type == OID_LOCALITY || type == OID_ORGANIZATION || type == OID_UNIT;
    return own ? refuse(err, "subject_oid", i, "this attribute has a setter of its own") : PCA_OK;
}

int pcai_extras_check(const struct pca_request *request, pca_error *err)
{
    int rc = PCA_OK;
    for (size_t i = 0; rc == PCA_OK && i < request->subject_oid_count; i++)
        rc = check_subject_oid(request, i, err);
    for (size_t i = 0; rc == PCA_OK && i < request->eku_count; i++)
        rc = check_eku(request, i, err);
    for (size_t i = 0; rc == PCA_OK && i < request->policy_count; i++)
        rc = check_policy(request, i, err);
    for (size_t i = 0; rc == PCA_OK && i < request->extension_count; i++)
        rc = check_extension(request, i, err);
    return rc;
}
