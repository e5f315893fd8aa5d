/* To-be-signed octets made of parts, each written as text (unit.h), so that a test replaces one part and leaves the rest as
 * it was. */
#ifndef LINT_PARTS_H
#define LINT_PARTS_H

#include "unit.h"

#include "crypto/crypto.h"
#include "x509/certificate.h"
#include "x509/lint.h"

/* ---- Parts ---- */

#define X4(text) text text text text
#define X8(text) X4(text) X4(text)

#define OID_C "550406"
#define OID_O "55040A"
#define OID_CN "550403"
#define RDN(type, tag, value) "31{30{06{" type "}" tag "{" value "}}}"
#define NAME(rdns) "30{" rdns "}"
#define PRINTABLE(text) "13{'" text "'}"
#define ORGANIZATION RDN(OID_C, "13", "'DE'") RDN(OID_O, "0C", "'Example'")

#define EXTENSION(oid, value) "30{06{" oid "}04{" value "}}"
#define CRITICAL(oid, value) "30{06{" oid "}0101FF04{" value "}}"
#define DNS(text) "82{'" text "'}"
#define MAIL(text) "81{'" text "'}"
#define URI(text) "86{'" text "'}"
#define IP(hex) "87{" hex "}"
#define ALT_NAMES(names) EXTENSION("551D11", "30{" names "}")
#define PURPOSES(oids) EXTENSION("551D25", "30{" oids "}")
#define SERVER_AUTH "06{2B06010505070301}"
#define CLIENT_AUTH "06{2B06010505070302}"
#define EMAIL_PROTECTION "06{2B06010505070304}"
#define USAGE(bits) CRITICAL("551D0F", "03{" bits "}")
#define KEY_ID(id) EXTENSION("551D0E", "04{" id "}")
#define AUTHORITY(id) EXTENSION("551D23", "30{80{" id "}}")
#define POINT(names) EXTENSION("551D1F", "30{30{A0{A0{" names "}}}}")
#define OCSP_AT(url) "30{06{2B06010505073001}" URI(url) "}"
#define ISSUERS_AT(url) "30{06{2B06010505073002}" URI(url) "}"
#define ACCESS(descriptions) EXTENSION("2B06010505070101", "30{" descriptions "}")
#define POLICIES(policies) EXTENSION("551D20", "30{" policies "}")
#define CONSTRAINTS(lists) CRITICAL("551D1E", "30{" lists "}")
#define AUTHORITY_BASIC(contents) CRITICAL("551D13", "30{" contents "}")

#define ECDSA_SHA256 "30{06{2A8648CE3D040302}}"
#define RSA_SHA256 "30{06{2A864886F70D01010B}0500}"
#define SM2_SM3 "30{06{2A811CCF55018375}}"

/* The generator of P-256 (SEC 2, 2.4.2), and the leftmost 160 bits of the SHA-256 of its point, by sha256sum. */
#define G_X "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
#define G_Y "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"
#define EC_KEY(curve, point) "30{30{06{2A8648CE3D0201}" curve "}03{00" point "}}"
#define P256 "06{2A8648CE3D030107}"
#define P256_KEY EC_KEY(P256, "04" G_X G_Y)
#define P256_ID "698BEA63DC44A344663FF1429AEA10842DF27B6B"
/* The generator of the SM2 curve (GB/T 32918.5), likewise. */
#define SM2_X "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
#define SM2_Y "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
#define SM2_CURVE "06{2A811CCF5501822D}"
#define SM2_KEY EC_KEY(SM2_CURVE, "04" SM2_X SM2_Y)
#define SM2_ID "CFBBD025BB78217FD99C9620869F6CD4152F43D8"
/* 2^2048 - 1 has the form of a modulus, and nothing more is looked at. Its identifier by sha256sum likewise. */
#define RSA_KEY(parameters, modulus, exponent) "30{30{06{2A864886F70D010101}" parameters "}03{00 30{02{" modulus "}02{" exponent "}}}}"
#define RSA_2048_KEY RSA_KEY("0500", "00(256 FF)", "010001")
#define RSA_2048_ID "B23D6F90D64A5F4D54CFDD343981B59F2E2CF210"
#define RSA_1024_KEY RSA_KEY("0500", "00(128 FF)", "010001")
#define RSA_1024_ID "534B12849237EFADCB5AC414371F548D8EA536F0"

/* The order of a TBSCertificate. From AKI on: extensions. */
enum part {
    NO_PART, VERSION, SERIAL, SIGNATURE, ISSUER, VALIDITY, SUBJECT, KEY, UNIQUE, AKI, SKI, KU, BC, EKU, SAN, CDP, AIA, POLICY, NC, EXTRA, REST, PARTS
};
typedef const char *parts[PARTS];

/* Parts that are NULL are left out; an extension's text may be several. */
static void put_certificate(struct buf *out, const parts p)
{
    size_t outer = pcai_der_begin(out, 0x30);
    for (int i = VERSION; i < AKI; i++)
        if (p[i])
            put_octets(out, p[i]);
    size_t tagged = pcai_der_begin(out, 0xA3), sequence = pcai_der_begin(out, 0x30);
    for (int i = AKI; i < REST; i++)
        if (p[i])
            put_octets(out, p[i]);
    pcai_der_end(out, sequence);
    pcai_der_end(out, tagged);
    if (p[REST])
        put_octets(out, p[REST]);
    pcai_der_end(out, outer);
    assert_false(out->failed);
}

#define CA_NAME NAME(ORGANIZATION RDN(OID_CN, "0C", "'Example CA'"))
#define SUB_NAME NAME(ORGANIZATION RDN(OID_CN, "0C", "'Example Sub'"))
#define TEN_YEARS "30{17{'260101000000Z'}17{'351231235959Z'}}"
#define CA_SERIAL "02{11223344556677889900AABBCCDDEEFF}"

/* The CA that all are issued by. */
static const parts ca_parts = {
    [VERSION] = "A0{020102}", [SERIAL] = CA_SERIAL, [SIGNATURE] = ECDSA_SHA256, [ISSUER] = CA_NAME, [VALIDITY] = TEN_YEARS, [SUBJECT] = CA_NAME,
    [KEY] = P256_KEY, [SKI] = KEY_ID(P256_ID), [KU] = USAGE("0106"), [BC] = AUTHORITY_BASIC("0101FF"),
};

/* A certificate around the parts. Nobody looks at the signature. */
static struct buf make_issuer(enum part replaced, const char *text)
{
    parts p;
    struct buf out = {0};
    memcpy(p, ca_parts, sizeof p);
    if (replaced)
        p[replaced] = text;
    size_t outer = pcai_der_begin(&out, 0x30);
    put_certificate(&out, p);
    put_octets(&out, ECDSA_SHA256 "03{00 30{020101020101}}");
    pcai_der_end(&out, outer);
    return out;
}

/* ---- Findings ---- */

static int names(const struct findings *findings, const char *name, int severity)
{
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->at[i].name, name) == 0 && findings->at[i].severity == severity)
            return 1;
    return 0;
}

static size_t errors(const struct findings *findings)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->at[i].severity == LINT_ERROR;
    return count;
}

/* Is nothing found but these two (either may be NULL), each of the severity that is asked for? Says what was, if not. */
static int finds(const struct findings *findings, const char *label, const char *first, int severity, const char *second, int second_severity)
{
    int wrong = (first && !names(findings, first, severity)) || (second && !names(findings, second, second_severity));
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->at[i];
        int expected = (first && strcmp(f->name, first) == 0 && f->severity == severity) || (second && strcmp(f->name, second) == 0 && f->severity == second_severity);
        wrong |= !expected || !*f->field || !*f->message || strchr(f->message, '\n') != NULL;
    }
    if (!wrong)
        return 1;
    print_error("%s: expected %s %s, found:\n", label, first ? first : "nothing", second ? second : "");
    for (size_t i = 0; i < findings->count; i++)
        print_error("  %d %s (%s) %s\n", findings->at[i].severity, findings->at[i].name, findings->at[i].field, findings->at[i].message);
    return 0;
}

#endif
