/* Certificate signing requests: what is taken from them, what is ignored and told, and what is refused. CSRs are made of octets
 * here and signed by openssl, so that each is proven, however odd it is. */
#include "leaf.h"

#include "weak_csr.h"

/* ---- Octets ---- */

struct octets {
    uint8_t data[70000];
    size_t size;
};

static void add(struct octets *o, const void *data, size_t size)
{
    assert_true(o->size + size <= sizeof o->data);
    if (size)
        memcpy(o->data + o->size, data, size);
    o->size += size;
}

static void wrap(struct octets *o, size_t from, uint8_t tag)
{
    size_t size = o->size - from, length = size < 0x80 ? 0 : size < 0x100 ? 1 : size < 0x10000 ? 2 : 3;
    uint8_t header[5] = {tag, (uint8_t)(length ? 0x80 | length : size)};
    for (size_t i = 0; i < length; i++)
        header[2 + i] = (uint8_t)(size >> 8 * (length - 1 - i));
    assert_true(o->size + 2 + length <= sizeof o->data);
    memmove(o->data + from + 2 + length, o->data + from, size);
    memcpy(o->data + from, header, 2 + length);
    o->size += 2 + length;
}

/* "30{06{550403}0C{'text'}}" and (n xx), as tests/unit/unit.h has it. */
static void write_text(struct octets *o, const char *text)
{
    size_t open[32], depth = 0;
    uint8_t tags[32];
    for (const char *p = text; *p;) {
        unsigned octet, count;
        int used = 0;
        if (*p == ' ') {
            p++;
        } else if (*p == '\'') {
            const char *end = strchr(p + 1, '\'');
            add(o, p + 1, (size_t)(end - p - 1));
            p = end + 1;
        } else if (*p == '}') {
            depth--;
            wrap(o, open[depth], tags[depth]);
            p++;
        } else if (sscanf(p, "(%u %2x)%n", &count, &octet, &used) == 2 && used) {
            for (unsigned i = 0; i < count; i++)
                add(o, &(uint8_t){(uint8_t)octet}, 1);
            p += used;
        } else {
            assert_int_equal(sscanf(p, "%2x%n", &octet, &used), 1);
            p += used;
            if (*p == '{') {
                tags[depth] = (uint8_t)octet;
                open[depth++] = o->size;
                p++;
            } else {
                add(o, &(uint8_t){(uint8_t)octet}, 1);
            }
        }
    }
    assert_int_equal(depth, 0);
}

/* ---- Requests ---- */

#define RDN(oid, tag, value) "31{30{06{" oid "}" tag "{" value "}}}"
#define CN(value) RDN("550403", "0C", value)
#define O(value) RDN("55040A", "0C", value)
#define ATTRIBUTE(oid, values) "30{06{" oid "}31{" values "}}"
#define ASK(extensions) ATTRIBUTE("2A864886F70D01090E", "30{" extensions "}")
#define EXTENSION(oid, value) "30{06{" oid "}04{" value "}}"
#define CRITICAL(oid, value) "30{06{" oid "}01{FF}04{" value "}}"
#define ALT_NAMES(names) EXTENSION("551D11", "30{" names "}")
#define CHALLENGE ATTRIBUTE("2A864886F70D010907", "0C{'secret'}")

static const char *ec_key(struct fixture *f)
{
    const char *path = file_path(f, "csr.key");
    return access(path, R_OK) == 0 ? path : make_key(f, "csr", "EC", "ec_paramgen_curve:P-256");
}

/* Info around the parts, signed by the key; what = NULL: as it is. free() it. */
static struct octets *sign_info(struct fixture *f, const struct octets *info, const char *key)
{
    struct octets *csr = calloc(1, sizeof *csr);
    size_t size;
    const char *path = put_file(f, "info.der", info->data, info->size), *signature = file_path(f, "info.sig");
    assert_run(0, "openssl", "dgst", "-sha256", "-sign", key, "-out", signature, path);
    uint8_t *octets = file_read(signature, &size);
    add(csr, info->data, info->size);
    write_text(csr, "30{06{2A8648CE3D040302}}");
    size_t from = csr->size;
    add(csr, "", 1);
    add(csr, octets, size);
    wrap(csr, from, 0x03);
    wrap(csr, 0, 0x30);
    free(octets);
    return csr;
}

/* subject: RDNs; attributes: those of [0]; more: appended behind the attributes as they are. */
static struct octets *csr_with(struct fixture *f, const char *subject, const char *attributes, const struct octets *more)
{
    static struct octets info;
    size_t size, from;
    const char *key = ec_key(f);
    uint8_t *spki = spki_of(f, key, &size);
    info.size = 0;
    write_text(&info, "02{00}");
    from = info.size;
    write_text(&info, subject);
    wrap(&info, from, 0x30);
    add(&info, spki, size);
    from = info.size;
    write_text(&info, attributes);
    if (more)
        add(&info, more->data, more->size);
    wrap(&info, from, 0xA0);
    wrap(&info, 0, 0x30);
    free(spki);
    return sign_info(f, &info, key);
}

static struct octets *csr_of(struct fixture *f, const char *subject, const char *attributes)
{
    return csr_with(f, subject, attributes, NULL);
}

enum use { NEITHER, SUBJECT = 1, SAN = 2, BOTH = SUBJECT | SAN };

static pca_request *request_for(int type, const struct octets *csr, int use)
{
    pca_request *r = request_new_leaf(type, NULL);
    pca_request_set_years(r, 1);
    assert_ok(NULL, pca_request_set_csr(r, csr->data, csr->size));
    if (use & SUBJECT)
        assert_ok(NULL, pca_request_use_csr_subject(r));
    if (use & SAN)
        assert_ok(NULL, pca_request_use_csr_san(r));
    return r;
}

static pca_cert *grant(struct fixture *f, pca_request *r)
{
    pca_cert *cert = NULL;
    assert_ok(f->err, pca_sub_request(f->sub, r, &cert, f->err));
    pca_request_free(r);
    return cert;
}

static void assert_ignored(const pca_cert *cert, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_string_equal(pca_cert_ignored_at(cert, i), texts[i]);
    assert_int_equal(pca_cert_ignored_count(cert), count);
    assert_string_equal(pca_cert_ignored_at(cert, count), "");
}

static void refuse_csr(struct fixture *f, const char *label, struct octets *csr, int use, int code, const char *field, const char *part)
{
    pca_request *r = request_for(PCA_CERT_SERVER, csr, use);
    if (!(use & SUBJECT))
        pca_request_set_common_name(r, "a.internal");
    check_refused(f, f->sub, r, code, "request", field, part, label, __FILE__, __LINE__);
    pca_request_free(r);
    free(csr);
}

/* ---- What is taken ---- */

/* The key always; subject and names only where they are asked for. */
static void what_is_asked_for_is_taken(void **state)
{
    struct fixture *f = *state;
    struct octets *csr = csr_of(f, RDN("550406", "13", "'FR'") O("'Other'") CN("'csr.internal'"), ASK(ALT_NAMES("82{'Alt.internal'}87{0A000001}")));
    static const char *const left_out[] = {"subjectAltName (2.5.29.17)"};
    for (int use = NEITHER; use <= BOTH; use++) {
        pca_request *r = request_for(PCA_CERT_SERVER, csr, use);
        if (use == NEITHER)
            pca_request_set_common_name(r, "own.internal");
        pca_cert *cert = grant(f, r);
        assert_int_equal(pca_cert_container(cert), PCA_CONTAINER_CSR);
        assert_string_equal(pca_cert_subject(cert), use & SUBJECT ? "CN=csr.internal,O=Other,C=FR" : use ? "O=Example,C=DE" : "CN=own.internal,O=Example,C=DE");
        assert_int_equal(has_san(cert, PCA_SAN_DNS, "alt.internal"), (use & SAN) != 0);
        assert_int_equal(has_san(cert, PCA_SAN_IP, "10.0.0.1"), (use & SAN) != 0);
        assert_int_equal(has_san(cert, PCA_SAN_DNS, "csr.internal"), (use & SUBJECT) != 0);
        assert_ignored(cert, left_out, use & SAN ? 0 : 1);
        char *of_cert = output_of("openssl", "x509", "-in", put_cert(f, "taken.pem", cert), "-noout", "-pubkey"), *of_key = output_of("openssl", "pkey", "-in", ec_key(f), "-pubout");
        assert_string_equal(of_cert, of_key);
        assert_verifies(f, cert);
        free(of_cert);
        free(of_key);
        pca_cert_free(cert);
    }
    free(csr);
}

/* Type before request before CSR. */
static void the_request_goes_before_the_csr(void **state)
{
    struct fixture *f = *state;
    struct octets *csr = csr_of(f, RDN("550406", "13", "'FR'") O("'Other'") RDN("55040B", "0C", "'Unit'") CN("'csr.internal'") RDN("550405", "13", "'7'"),
                                ASK(ALT_NAMES("82{'csr.internal'}82{'two.internal'}") EXTENSION("551D25", "30{06{2B06010505070302}}")));
    pca_request *r = request_for(PCA_CERT_SERVER, csr, BOTH);
    pca_request_set_organization(r, "Own");
    pca_request_set_unit(r, "");
    pca_request_set_locality(r, "Here");
    pca_request_add_dns(r, "own.internal");
    pca_cert *cert = grant(f, r);
    assert_string_equal(pca_cert_subject(cert), "L=Here,serialNumber=7,CN=csr.internal,O=Own,C=FR");
    assert_int_equal(pca_cert_san_count(cert), 3);
    assert_string_equal(pca_cert_san_at(cert, 0), "own.internal");
    char *text = text_of(f, cert);
    assert_contains(text, "TLS Web Server Authentication\n"); /* the type's purpose, not the CSR's */
    assert_lacks(text, "TLS Web Client");
    free(text);
    pca_cert_free(cert);
    r = request_for(PCA_CERT_CUSTOM, csr, SUBJECT);
    assert_ok(NULL, pca_request_add_subject_oid(r, "2.5.4.5", "8"));
    assert_ok(NULL, pca_request_add_eku(r, "1.3.6.1.5.5.7.3.3"));
    cert = grant(f, r);
    assert_string_equal(pca_cert_subject(cert), "serialNumber=8,CN=csr.internal,OU=Unit,O=Other,C=FR");
    text = text_of(f, cert);
    assert_contains(text, "Extended Key Usage: \n                Code Signing\n");
    free(text);
    pca_cert_free(cert);
    /* ten names are all, whoever gives them */
    r = request_for(PCA_CERT_SERVER, csr, SAN);
    for (int i = 0; i < 9; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d.internal", i);
        pca_request_add_dns(r, name);
    }
    assert_refused(f, f->sub, r, PCA_E_SAN, "request", "san[10]", "10");
    pca_request_free(r);
    free(csr);
}

/* Attributes that have no name here: a custom certificate bears them, the others do not. */
static void subjects_with_unknown_attributes(void **state)
{
    struct fixture *f = *state;
    struct octets *csr = csr_of(f, RDN("2A030405", "0C", "'of the CSR'") CN("'a.internal'"), "");
    pca_request *r = request_for(PCA_CERT_SERVER, csr, SUBJECT);
    assert_refused(f, f->sub, r, PCA_E_NAME, "request", "csr", "1.2.3.4.5");
    pca_request_free(r);
    pca_cert *cert = grant(f, request_for(PCA_CERT_CUSTOM, csr, SUBJECT));
    assert_string_equal(pca_cert_subject(cert), "CN=a.internal,1.2.3.4.5=#130a6f662074686520435352");
    pca_cert_free(cert);
    free(csr);
}

/* ---- Pitfall 10 ---- */

/* Whatever a CSR asks for beyond names, no type of certificate has it, and all of it is told. */
static void pitfall_10_what_a_csr_asks_for_in_vain(void **state)
{
    struct fixture *f = *state;
    static const char *const told[] = {
        "basicConstraints (2.5.29.19)", "keyUsage (2.5.29.15)", "extKeyUsage (2.5.29.37)", "nameConstraints (2.5.29.30)", "subjectKeyIdentifier (2.5.29.14)",
        "authorityKeyIdentifier (2.5.29.35)", "cRLDistributionPoints (2.5.29.31)", "certificatePolicies (2.5.29.32)", "authorityInfoAccess (1.3.6.1.5.5.7.1.1)",
        "1.2.3.4.5", "1.2.3.4.6", "challengePassword (1.2.840.113549.1.9.7)",
    };
    struct octets *csr = csr_of(f, CN("'a.internal'"),
                                ASK(ALT_NAMES("82{'a.internal'}") CRITICAL("551D13", "30{01{FF}02{05}}") /* CA:TRUE, path length 5 */
                                    CRITICAL("551D0F", "03{0106}")                                         /* keyCertSign, cRLSign */
                                    CRITICAL("551D25", "30{06{551D2500}06{2B06010505070309}06{2B06010505070303}}") CRITICAL("551D1E", "30{A0{30{82{'org'}}}}")
                                    EXTENSION("551D0E", "04{(20 5A)}") EXTENSION("551D23", "30{80{(20 A5)}}") EXTENSION("551D1F", "30{30{A0{A0{86{'http://evil.example/'}}}}}")
                                    EXTENSION("551D20", "30{30{06{551D2000}}}") EXTENSION("2B06010505070101", "30{30{06{2B06010505073001}86{'http://evil.example/'}}}")
                                    CRITICAL("2A030405", "05{}") EXTENSION("2A030406", "0C{'hello'}")) CHALLENGE);
    static const int types[] = {PCA_CERT_SERVER, PCA_CERT_CLIENT, PCA_CERT_BOTH, PCA_CERT_CUSTOM};
    for (size_t i = 0; i < COUNT(types); i++) {
        pca_cert *cert = grant(f, request_for(types[i], csr, types[i] == PCA_CERT_CLIENT ? SUBJECT : BOTH));
        char *text = text_of(f, cert);
        assert_lacks(text, "Basic Constraints");
        assert_lacks(text, "CA:TRUE");
        assert_lacks(text, "Certificate Sign");
        assert_contains(text, "X509v3 Key Usage: critical\n                Digital Signature\n");
        assert_lacks(text, "Any Extended Key Usage");
        assert_lacks(text, "OCSP Signing");
        assert_lacks(text, "Code Signing");
        assert_lacks(text, "Name Constraints");
        assert_lacks(text, "5A:5A:5A");
        assert_lacks(text, "A5:A5:A5");
        assert_lacks(text, "evil");
        assert_lacks(text, "Policies");
        assert_lacks(text, "1.2.3.4");
        assert_lacks(text, "hello");
        assert_lacks(text, "secret");
        if (types[i] == PCA_CERT_CUSTOM)
            assert_lacks(text, "Extended Key Usage");
        free(text);
        if (types[i] == PCA_CERT_CLIENT)
            assert_int_equal(pca_cert_ignored_count(cert), COUNT(told) + 1); /* the names too */
        else
            assert_ignored(cert, told, COUNT(told));
        assert_verifies(f, cert);
        pca_cert_free(cert);
    }
    free(csr);
}

/* Names of other kinds are left out, and told, where the others are taken. */
static void pitfall_10_names_of_other_kinds(void **state)
{
    struct fixture *f = *state;
    static const char *const told[] = {"subjectAltName (2.5.29.17)"};
    struct octets *csr = csr_of(f, CN("'a.internal'"), ASK(ALT_NAMES("82{'b.internal'}A4{30{" CN("'directory'") "}}88{2A0304}A0{06{2A03}A0{0C{'other'}}}")));
    pca_cert *cert = grant(f, request_for(PCA_CERT_SERVER, csr, BOTH));
    assert_int_equal(pca_cert_san_count(cert), 2);
    assert_ignored(cert, told, 1);
    pca_cert_free(cert);
    free(csr);
}

static void pitfall_10_duplicates_are_refused(void **state)
{
    struct fixture *f = *state;
#define NAME_1 ALT_NAMES("82{'a.internal'}")
    static const struct {
        const char *label, *attributes;
    } rows[] = {
        {"two requests for extensions", ASK(NAME_1) ASK(EXTENSION("551D0F", "03{0780}"))},
        {"one request with two values", ATTRIBUTE("2A864886F70D01090E", "30{" NAME_1 "}30{" EXTENSION("551D0F", "03{0780}") "}")},
        {"two lists of names", ASK(NAME_1 NAME_1)},
        {"an extension twice", ASK(NAME_1 EXTENSION("2A030405", "05{}") EXTENSION("2A030405", "05{}"))},
        {"an unknown attribute twice", CHALLENGE CHALLENGE},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int use = NEITHER; use <= BOTH; use++)
            refuse_csr(f, rows[i].label, csr_of(f, CN("'a.internal'"), rows[i].attributes), use, PCA_E_CSR, "csr", NULL);
}

/* ---- Pitfall 11 ---- */

/* The same bad name, asked for and in a CSR: refused with the same words. By a caller's own extension there is no way at all. */
static void pitfall_11_the_same_name_from_every_side(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int type;
        const char *text, *octets;
    } rows[] = {
        {PCA_SAN_DNS, "a b.internal", "82{'a b.internal'}"},      {PCA_SAN_DNS, ".internal", "82{'.internal'}"},           {PCA_SAN_DNS, "a.internal.", "82{'a.internal.'}"},
        {PCA_SAN_DNS, "*", "82{'*'}"},                            {PCA_SAN_DNS, "*.com", "82{'*.com'}"},                   {PCA_SAN_DNS, "a.*.internal", "82{'a.*.internal'}"},
        {PCA_SAN_DNS, "f*.example.com", "82{'f*.example.com'}"},  {PCA_SAN_DNS, "a_b.internal", "82{'a_b.internal'}"},     {PCA_SAN_DNS, "192.0.2.1", "82{'192.0.2.1'}"},
        {PCA_SAN_DNS, "xn--b.internal", "82{'xn--b.internal'}"},  {PCA_SAN_DNS, "a..internal", "82{'a..internal'}"},       {PCA_SAN_DNS, "-a.internal", "82{'-a.internal'}"},
        {PCA_SAN_DNS, "", "82{}"},                                {PCA_SAN_DNS, "b\xC3\xBC" "cher.example", "82{'b' C3BC 'cher.example'}"},
        {PCA_SAN_EMAIL, "ada", "81{'ada'}"},                      {PCA_SAN_EMAIL, "<ada@example.com>", "81{'<ada@example.com>'}"}, {PCA_SAN_EMAIL, "a@b@example.com", "81{'a@b@example.com'}"},
        {PCA_SAN_EMAIL, "", "81{}"},                              {PCA_SAN_URI, "/ada", "86{'/ada'}"},                     {PCA_SAN_URI, "https://a b/", "86{'https://a b/'}"},
        {PCA_SAN_URI, "https://u@example.com/", "86{'https://u@example.com/'}"}, {PCA_SAN_URI, "https://host/", "86{'https://host/'}"}, {PCA_SAN_URI, "", "86{}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char attributes[256], message[512];
        pca_cert *cert = POISON;
        pca_request *r = request_new_leaf(PCA_CERT_CUSTOM, "Custom");
        pca_request_set_years(r, 1);
        int rc = rows[i].type == PCA_SAN_DNS ? pca_request_add_dns(r, rows[i].text) : rows[i].type == PCA_SAN_EMAIL ? pca_request_add_email(r, rows[i].text) : pca_request_add_uri(r, rows[i].text);
        assert_int_equal(rc, PCA_OK);
        check_refused(f, f->sub, r, PCA_E_SAN, "request", "san[0]", NULL, rows[i].text, __FILE__, __LINE__);
        snprintf(message, sizeof message, "%s", pca_error_message(f->err));
        pca_request_free(r);
        snprintf(attributes, sizeof attributes, ASK(ALT_NAMES("%s")), rows[i].octets);
        struct octets *csr = csr_of(f, CN("'Custom'"), attributes);
        r = request_for(PCA_CERT_CUSTOM, csr, BOTH);
        check_refused(f, f->sub, r, PCA_E_SAN, "request", "san[0]", NULL, rows[i].text, __FILE__, __LINE__);
        assert_string_equal(pca_error_message(f->err), message);
        pca_request_free(r);
        free(csr);
        struct octets *value = calloc(1, sizeof *value);
        snprintf(attributes, sizeof attributes, "30{%s}", rows[i].octets);
        write_text(value, attributes);
        r = request_new_leaf(PCA_CERT_CUSTOM, "Custom");
        pca_request_set_years(r, 1);
        assert_ok(NULL, pca_request_add_extension(r, "2.5.29.17", 0, value->data, value->size));
        assert_refusal(f->err, PCA_E_INVALID, "request", "extension[0]", pca_sub_request(f->sub, r, &cert, f->err));
        assert_poisoned(cert);
        pca_request_free(r);
        free(value);
    }
}

/* What cannot be given as text at all. */
static void pitfall_27_names_that_only_octets_can_hold(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *label, *octets;
    } rows[] = {
        {"a NUL in a host", "82{'a.internal' 00 '.evil'}"}, {"a NUL at its end", "82{'a.internal' 00}"}, {"a NUL in a mailbox", "81{'a@example.com' 00}"}, {"a NUL in a URI", "86{'https://example.com/' 00}"},
        {"a line end", "82{'a.internal' 0A}"}, {"five octets of address", "87{0A00000100}"}, {"three octets", "87{0A0000}"}, {"an address and a mask", "87{0A000000FF000000}"}, {"no octets", "87{}"},
        {"sixteen and one", "87{(17 20)}"}, {"a constructed name", "A2{'a.internal'}"}, {"Latin-1", "82{'b' FC 'cher.example'}"}, {"a label of 64", "82{(64 61) '.internal'}"}, {"254 octets", "82{(63 61) 2E (63 61) 2E (63 61) 2E (62 61)}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char attributes[256];
        snprintf(attributes, sizeof attributes, ASK(ALT_NAMES("%s")), rows[i].octets);
        struct octets *csr = csr_of(f, CN("'Custom'"), attributes);
        pca_request *r = request_for(PCA_CERT_CUSTOM, csr, BOTH);
        check_refused(f, f->sub, r, PCA_E_SAN, "request", NULL, NULL, rows[i].label, __FILE__, __LINE__);
        pca_request_free(r);
        free(csr);
    }
}

/* Subjects likewise: each is refused, or written as its type demands. */
static void pitfall_27_subjects_that_only_octets_can_hold(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *label, *subject;
        int code;
    } rows[] = {
        {"a NUL", CN("'a' 00 'b'"), PCA_E_NAME}, {"a control character", CN("'a' 07 'b'"), PCA_E_NAME}, {"no UTF-8", CN("'a' FF"), PCA_E_NAME}, {"overlong UTF-8", CN("'a' C080"), PCA_E_NAME},
        {"a surrogate", CN("EDA080"), PCA_E_NAME}, {"65 characters", CN("(65 61)"), PCA_E_NAME}, {"BMPString", RDN("550403", "1E", "0061"), PCA_E_NAME}, {"T61String", RDN("550403", "14", "'a'"), PCA_E_NAME},
        {"UniversalString", RDN("550403", "1C", "00000061"), PCA_E_NAME}, {"an INTEGER", RDN("550403", "02", "01"), PCA_E_NAME}, {"Latin-1 in a PrintableString", RDN("550403", "13", "'b' FC"), PCA_E_NAME},
        {"country USA", RDN("550406", "13", "'USA'") CN("'a'"), PCA_E_NAME}, {"country de", RDN("550406", "13", "'de'") CN("'a'"), PCA_E_NAME}, {"two common names", CN("'a'") CN("'b'"), PCA_E_NAME},
        {"two in one RDN", "31{30{06{550403}0C{'a'}}30{06{550403}0C{'b'}}}", PCA_E_NAME}, {"an empty value", CN(""), PCA_E_NAME}, {"outer space", CN("' a'"), PCA_E_NAME},
        {"seventeen attributes", O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") O("'a'") CN("'a'"), PCA_E_NAME},
        {"an empty RDN", "31{}", PCA_E_CSR}, {"an RDN that is none", "30{30{06{550403}0C{'a'}}}", PCA_E_CSR}, {"an attribute without a value", "31{30{06{550403}}}", PCA_E_CSR}, {"an empty type", "31{30{06{}0C{'a'}}}", PCA_E_CSR},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct octets *csr = csr_of(f, rows[i].subject, "");
        pca_request *r = request_for(PCA_CERT_CUSTOM, csr, SUBJECT);
        check_refused(f, f->sub, r, rows[i].code, "request", NULL, NULL, rows[i].label, __FILE__, __LINE__);
        pca_request_free(r);
        free(csr);
    }
    /* other string types are written anew: PrintableString where the letters allow, IA5String for domain components */
    struct octets *csr = csr_of(f, RDN("0992268993F22C640119", "0C", "'example'") RDN("55040A", "16", "'IA5 Inc'") CN("'M' C3BC 'ller'"), "");
    pca_cert *cert = grant(f, request_for(PCA_CERT_CUSTOM, csr, SUBJECT));
    char *parsed = output_of("openssl", "asn1parse", "-in", put_cert(f, "types.pem", cert));
    assert_contains(parsed, "IA5STRING         :example");
    assert_contains(parsed, "PRINTABLESTRING   :IA5 Inc");
    assert_contains(parsed, "UTF8STRING        :Müller");
    free(parsed);
    pca_cert_free(cert);
    free(csr);
}

/* Six attributes at their bounds, in three octets a character: beyond what mbedTLS puts into 256 octets. */
static void pitfall_27_a_subject_of_more_than_256_octets(void **state)
{
    struct fixture *f = *state;
    char *cjk64 = repeated("漢", 64), *cjk128 = repeated("漢", 128), attributes[4096];
    snprintf(attributes, sizeof attributes, RDN("550408", "0C", "'%s'") RDN("550407", "0C", "'%s'") O("'%s'") RDN("55040B", "0C", "'%s'") CN("'%s'"), cjk128, cjk128, cjk64, cjk64, cjk64);
    struct octets *csr = csr_of(f, attributes, "");
    pca_cert *cert = grant(f, request_for(PCA_CERT_CLIENT, csr, SUBJECT));
    struct der subject = {NULL, NULL, 0, NULL};
    pca_blob *der = NULL;
    assert_ok(f->err, pca_cert_der(cert, &der, f->err));
    subject = tbs_field(pca_blob_data(der), 5);
    assert_true(subject.size > 3 * 448);
    pca_blob_free(der);
    char *text = text_of(f, cert);
    assert_contains(text, cjk128);
    free(text);
    assert_true(strlen(pca_cert_subject(cert)) > 3 * 448);
    assert_verifies(f, cert);
    pca_cert *found = NULL;
    assert_ok(f->err, pca_region_cert_get(f->region, pca_cert_id(cert), &found, f->err));
    assert_string_equal(pca_cert_subject(found), pca_cert_subject(cert));
    pca_cert_free(found);
    pca_cert_free(cert);
    free(csr);
    free(cjk64);
    free(cjk128);
}

/* ---- Pitfall 13 ---- */

static void pitfall_13_what_is_empty(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *label, *subject, *attributes;
        int use, code; /* PCA_OK: granted */
        const char *field;
    } rows[] = {
        {"no attributes", CN("'a.internal'"), "", SUBJECT, PCA_OK, NULL},
        {"an empty subject", "", "", SUBJECT, PCA_E_NAME, "common_name"},
        {"an empty subject that is not used", "", "", NEITHER, PCA_OK, NULL},
        {"no names and their use", "", "", SAN, PCA_OK, NULL},
        {"no extensions", CN("'a.internal'"), ASK(""), SUBJECT, PCA_E_CSR, "csr"},
        {"no values", CN("'a.internal'"), ATTRIBUTE("2A864886F70D01090E", ""), SUBJECT, PCA_E_CSR, "csr"},
        {"no values of another", CN("'a.internal'"), ATTRIBUTE("2A864886F70D010907", ""), SUBJECT, PCA_E_CSR, "csr"},
        {"an empty attribute", CN("'a.internal'"), "30{}", SUBJECT, PCA_E_CSR, "csr"},
        {"an empty extension", CN("'a.internal'"), ASK("30{}"), SUBJECT, PCA_E_CSR, "csr"},
        {"no alternative names", CN("'a.internal'"), ASK(ALT_NAMES("")), SUBJECT, PCA_E_CSR, "csr"},
        {"no octets of alternative names", CN("'a.internal'"), ASK(EXTENSION("551D11", "")), SUBJECT, PCA_E_CSR, "csr"},
        {"no purposes", CN("'a.internal'"), ASK(EXTENSION("551D25", "30{}")), SUBJECT, PCA_E_CSR, "csr"},
        {"no octets of purposes", CN("'a.internal'"), ASK(EXTENSION("551D25", "")), SUBJECT, PCA_E_CSR, "csr"},
        {"no octets of usage", CN("'a.internal'"), ASK(EXTENSION("551D0F", "")), SUBJECT, PCA_E_CSR, "csr"},
        {"usage without a bit", CN("'a.internal'"), ASK(EXTENSION("551D0F", "03{00}")), SUBJECT, PCA_OK, NULL},
        {"usage without octets", CN("'a.internal'"), ASK(EXTENSION("551D0F", "03{}")), SUBJECT, PCA_E_CSR, "csr"},
        {"no constraints", CN("'a.internal'"), ASK(EXTENSION("551D1E", "30{}")), SUBJECT, PCA_E_CSR, "csr"},
        {"empty basicConstraints", CN("'a.internal'"), ASK(EXTENSION("551D13", "30{}")), SUBJECT, PCA_OK, NULL},
        {"an empty identifier", CN("'a.internal'"), ASK(EXTENSION("551D0E", "04{}")), SUBJECT, PCA_OK, NULL},
        {"no policies", CN("'a.internal'"), ASK(EXTENSION("551D20", "30{}")), SUBJECT, PCA_E_CSR, "csr"},
        {"an unknown one without octets", CN("'a.internal'"), ASK(EXTENSION("2A030405", "")), SUBJECT, PCA_OK, NULL},
        {"an empty object identifier", CN("'a.internal'"), ASK(EXTENSION("", "05{}")), SUBJECT, PCA_E_CSR, "csr"},
        {"an empty name", CN("'a.internal'"), ASK(ALT_NAMES("82{}")), BOTH, PCA_E_SAN, "san[0]"},
        {"an empty name that is not used", CN("'a.internal'"), ASK(ALT_NAMES("82{}")), SUBJECT, PCA_OK, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct octets *csr = csr_of(f, rows[i].subject, rows[i].attributes);
        pca_request *r = request_for(PCA_CERT_SERVER, csr, rows[i].use);
        if (rows[i].use == NEITHER || rows[i].use == SAN)
            pca_request_set_common_name(r, "own.internal");
        if (rows[i].code == PCA_OK) {
            pca_findings *findings = NULL;
            if (pca_sub_check_request(f->sub, r, &findings, f->err) != PCA_OK)
                fail_msg("%s: %s", rows[i].label, pca_error_message(f->err));
            pca_findings_free(findings);
        } else {
            check_refused(f, f->sub, r, rows[i].code, "request", rows[i].field, NULL, rows[i].label, __FILE__, __LINE__);
        }
        pca_request_free(r);
        free(csr);
    }
}

/* Each length in a CSR, one after the other, said to be zero; and each element really emptied, and signed again. Nothing but a
 * refusal or a certificate comes of it. */
static int empty_at(struct fixture *f, const struct octets *info, size_t at)
{
    struct octets *changed = calloc(1, sizeof *changed);
    memcpy(changed, info, sizeof *changed);
    changed->data[at + 1] = 0;
    struct octets *csr = sign_info(f, changed, ec_key(f));
    pca_request *r = request_for(PCA_CERT_CUSTOM, csr, BOTH);
    pca_findings *findings = NULL;
    int rc = pca_sub_check_request(f->sub, r, &findings, f->err);
    if (rc != PCA_OK && rc != PCA_E_CSR && rc != PCA_E_SAN && rc != PCA_E_NAME && rc != PCA_E_ALGORITHM)
        fail_msg("octet %zu: %s", at, pca_code_name(rc));
    pca_findings_free(findings);
    pca_request_free(r);
    free(csr);
    free(changed);
    return rc;
}

static void pitfall_13_zero_lengths_everywhere(void **state)
{
    struct fixture *f = *state;
    struct octets *csr = csr_of(f, O("'Example'") CN("'a.internal'"), ASK(ALT_NAMES("82{'a.internal'}87{0A000001}") EXTENSION("551D25", "30{06{2B06010505070301}}") EXTENSION("551D0F", "03{0780}")) CHALLENGE);
    struct der outer = der_at(csr->data), info = der_at(outer.contents);
    struct octets *whole = calloc(1, sizeof *whole);
    size_t refused = 0, asked = 0;
    add(whole, info.at, (size_t)(info.end - info.at));
    assert_int_equal(whole->data[1] & 0x80, 0x80); /* the outer length is long; all others are one octet */
    for (size_t at = 3; at + 1 < whole->size; at++) {
        static const uint8_t tags[] = {0x02, 0x03, 0x04, 0x06, 0x0C, 0x13, 0x30, 0x31, 0x82, 0x87, 0xA0};
        if (!memchr(tags, whole->data[at], sizeof tags) || whole->data[at + 1] == 0 || whole->data[at + 1] > whole->size - at)
            continue;
        refused += empty_at(f, whole, at) != PCA_OK;
        asked++;
    }
    assert_true(asked > 30);
    assert_true(refused > 20);
    free(whole);
    free(csr);
}

/* ---- Pitfall 15 ---- */

static struct octets *many(const char *part, size_t count)
{
    struct octets *o = calloc(1, sizeof *o), *one = calloc(1, sizeof *one);
    write_text(one, part);
    for (size_t i = 0; i < count; i++)
        add(o, one->data, one->size);
    free(one);
    return o;
}

static struct octets *asked_names(size_t count)
{
    struct octets *o = many("82{'a'}", count);
    static const uint8_t san[] = {0x06, 0x03, 0x55, 0x1D, 0x11}, ask[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x0E};
    wrap(o, 0, 0x30); /* GeneralNames */
    wrap(o, 0, 0x04);
    memmove(o->data + sizeof san, o->data, o->size);
    memcpy(o->data, san, sizeof san);
    o->size += sizeof san;
    wrap(o, 0, 0x30); /* Extension */
    wrap(o, 0, 0x30); /* Extensions */
    wrap(o, 0, 0x31);
    memmove(o->data + sizeof ask, o->data, o->size);
    memcpy(o->data, ask, sizeof ask);
    o->size += sizeof ask;
    wrap(o, 0, 0x30);
    return o;
}

/* As many as a CSR of 64 KiB can hold. A count is looked at before pairs are: ten refusals each, in the time of one test. */
static void pitfall_15_more_than_anyone_needs(void **state)
{
    struct fixture *f = *state;
    struct octets *names = asked_names(10000), *rdns = many("31{30{06{550403}0C{'a'}}}", 4000), *attributes = many("30{06{2A0304}31{05{}}}", 5000);
    struct octets *csrs[3] = {csr_with(f, CN("'a.internal'"), "", names), NULL, csr_with(f, CN("'a.internal'"), "", attributes)};
    static struct octets info;
    size_t size, from;
    uint8_t *spki = spki_of(f, ec_key(f), &size);
    write_text(&info, "02{00}");
    from = info.size;
    add(&info, rdns->data, rdns->size);
    wrap(&info, from, 0x30);
    add(&info, spki, size);
    write_text(&info, "A0{}");
    wrap(&info, 0, 0x30);
    free(spki);
    csrs[1] = sign_info(f, &info, ec_key(f));
    static const struct {
        int use, code;
        const char *field, *part;
    } rows[] = {{BOTH, PCA_E_SAN, "csr", "64"}, {SUBJECT, PCA_E_NAME, "csr", NULL}, {NEITHER, PCA_E_CSR, "csr", NULL}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_request *r = request_for(PCA_CERT_SERVER, csrs[i], rows[i].use);
        if (!(rows[i].use & SUBJECT))
            pca_request_set_common_name(r, "a.internal");
        assert_refused(f, f->sub, r, rows[i].code, "request", rows[i].field, rows[i].part);
        for (int again = 0; again < 10; again++) {
            pca_findings *findings = NULL;
            assert_int_equal(pca_sub_check_request(f->sub, r, &findings, f->err), rows[i].code);
        }
        pca_request_free(r);
    }
    /* Names that are not used do no harm, however many. */
    pca_request *r = request_for(PCA_CERT_SERVER, csrs[0], SUBJECT);
    pca_cert *cert = grant(f, r);
    assert_int_equal(pca_cert_san_count(cert), 1);
    pca_cert_free(cert);
    for (size_t i = 0; i < 3; i++)
        free(csrs[i]);
    free(names);
    free(rdns);
    free(attributes);
}

/* Eleven names that are all good are one too many; ten are not. */
static void pitfall_15_ten_names_of_a_csr(void **state)
{
    struct fixture *f = *state;
    for (int count = 10; count <= 11; count++) {
        char attributes[1024], names[512] = "";
        for (int i = 0; i < count; i++)
            snprintf(names + strlen(names), sizeof names - strlen(names), "82{'n%d.internal'}", i);
        snprintf(attributes, sizeof attributes, ASK(ALT_NAMES("%s")), names);
        struct octets *csr = csr_of(f, CN("'cn.internal'"), attributes);
        pca_request *r = request_for(PCA_CERT_SERVER, csr, BOTH);
        if (count == 10) {
            pca_cert *cert = grant(f, r);
            assert_int_equal(pca_cert_san_count(cert), 11); /* the common name's on top */
            pca_cert_free(cert);
        } else {
            assert_refused(f, f->sub, r, PCA_E_SAN, "request", "san[10]", "10");
            pca_request_free(r);
        }
        free(csr);
    }
}

/* ---- Form and proof ---- */

static void requests_that_are_malformed(void **state)
{
    struct fixture *f = *state;
    struct octets *good = csr_of(f, CN("'a.internal'"), ""), *bad;
#define CHANGED(label, change, part) \
    do { \
        bad = calloc(1, sizeof *bad); \
        memcpy(bad, good, sizeof *bad); \
        change; \
        refuse_csr(f, label, bad, SUBJECT, PCA_E_CSR, "csr", part); \
    } while (0)
    CHANGED("an octet behind", add(bad, "\0", 1), "follow");
    CHANGED("cut short", bad->size--, NULL);
    CHANGED("one octet", bad->size = 1, NULL);
    CHANGED("the last octet of the signature", bad->data[bad->size - 1] ^= 1, NULL);
    CHANGED("another subject", *(char *)memchr(bad->data, 'a', bad->size) = 'b', "signature");
    CHANGED("a second request behind", add(bad, good->data, good->size), "follow");
    free(good);
    /* version 1, and no attributes: signed as they are */
    static struct octets info;
    size_t size;
    uint8_t *spki = spki_of(f, ec_key(f), &size);
    static const char *const heads[] = {"02{01} 30{" CN("'a.internal'") "}", "02{00} 30{" CN("'a.internal'") "}", "30{" CN("'a.internal'") "}"}, *const tails[] = {"A0{}", "", "A0{}"};
    for (size_t i = 0; i < COUNT(heads); i++) {
        info.size = 0;
        write_text(&info, heads[i]);
        add(&info, spki, size);
        write_text(&info, tails[i]);
        wrap(&info, 0, 0x30);
        refuse_csr(f, heads[i], sign_info(f, &info, ec_key(f)), SUBJECT, PCA_E_CSR, "csr", NULL);
    }
    free(spki);
    /* signed by another key */
    const char *other = make_key(f, "other", "EC", "ec_paramgen_curve:P-256");
    good = csr_of(f, CN("'a.internal'"), "");
    struct der inner = der_at(der_at(good->data).contents);
    info.size = 0;
    add(&info, inner.at, (size_t)(inner.end - inner.at));
    refuse_csr(f, "another's signature", sign_info(f, &info, other), SUBJECT, PCA_E_CSR, "csr", "signature");
    free(good);
}

static void keys_that_are_refused(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(weak_csr); i++) {
        pca_request *r = request_new_server("weak.internal");
        assert_ok(NULL, pca_request_set_csr(r, weak_csr[i].pem, strlen(weak_csr[i].pem)));
        check_refused(f, f->sub, r, PCA_E_ALGORITHM, "request", "csr", NULL, weak_csr[i].name, __FILE__, __LINE__);
        pca_request_free(r);
    }
    const char *path = file_path(f, "rsa.csr");
    size_t size;
    assert_run(0, "openssl", "req", "-new", "-key", make_key(f, "rsa", "RSA", "rsa_keygen_bits:2048"), "-subj", "/CN=rsa", "-out", path);
    uint8_t *csr = file_read(path, &size);
    pca_request *r = request_new_server("rsa.internal");
    assert_ok(NULL, pca_request_set_csr(r, csr, size));
    assert_refused(f, f->sub, r, PCA_E_ALGORITHM, "request", "csr", "ECC"); /* a sound key of another family */
    pca_request_free(r);
    free(csr);
}

/* Policy refuse_reused_key: a key stays with its subject, and a compromised one with nobody. A CA's own is nobody else's ever. */
static void keys_that_were_seen(void **state)
{
    struct fixture *f = *state;
    struct octets *csr = csr_of(f, CN("'a.internal'"), ""), *other = csr_of(f, CN("'b.internal'"), "");
    pca_cert_free(grant(f, request_for(PCA_CERT_SERVER, csr, SUBJECT)));
    pca_cert_free(grant(f, request_for(PCA_CERT_SERVER, other, SUBJECT)));
    set_policy(f, "refuse_reused_key", 1);
    pca_cert *cert = grant(f, request_for(PCA_CERT_SERVER, csr, SUBJECT)); /* what came before is not known */
    pca_cert_free(grant(f, request_for(PCA_CERT_SERVER, csr, SUBJECT)));
    pca_request *r = request_for(PCA_CERT_SERVER, other, SUBJECT);
    assert_refused(f, f->sub, r, PCA_E_CSR, "request", "csr", "another subject");
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    assert_refused(f, f->sub, r, PCA_E_CSR, "request", "csr", "compromised");
    pca_request_free(r);
    r = request_for(PCA_CERT_SERVER, csr, SUBJECT);
    assert_refused(f, f->sub, r, PCA_E_CSR, "request", "csr", "compromised");
    set_policy(f, "refuse_reused_key", 0);
    pca_cert_free(grant(f, r));
    pca_cert_free(cert);
    free(csr);
    free(other);
    /* a CA that lives elsewhere has the key now */
    pca_sub *sub = NULL;
    csr = csr_of(f, CN("'Elsewhere'"), "");
    r = request_new_ca("Elsewhere", NULL);
    assert_ok(NULL, pca_request_set_csr(r, csr->data, csr->size));
    assert_ok(f->err, pca_root_purchase_sub(f->root, 12, NULL, &sub, f->err));
    assert_ok(f->err, pca_sub_enable(sub, r, f->err));
    pca_request_free(r);
    r = request_for(PCA_CERT_CLIENT, csr, SUBJECT);
    assert_refused(f, f->sub, r, PCA_E_CSR, "request", "csr", "CA of this region");
    pca_request_free(r);
    pca_sub_free(sub);
    free(csr);
}

/* The end of time as RFC 5280 writes it, and what lies beyond. */
static void pitfall_25_the_last_day_of_9999(void **state)
{
    struct fixture *f = *state;
    int64_t last = utc(9999, 12, 31, 23, 59, 59);
    for (int64_t beyond = 0; beyond < 2; beyond++) {
        pca_request *r = request_new_leaf(PCA_CERT_SERVER, "a.internal");
        assert_ok(NULL, pca_request_set_dates(r, T0, last + beyond));
        check_refused(f, f->sub, r, PCA_E_VALIDITY, "request", NULL, NULL, "9999-12-31", __FILE__, __LINE__); /* never past the issuer */
        pca_request_free(r);
    }
    pca_root *root = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, NULL);
    pca_request *r = request_new_ca("Root 9999", NULL);
    assert_ok(NULL, pca_request_set_dates(r, T0, last));
    assert_code(f->err, PCA_E_VALIDITY, pca_root_enable(root, r, f->err)); /* 200 years are all */
    pca_request_free(r);
    pca_root_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(what_is_asked_for_is_taken),
        TEST_ECC(the_request_goes_before_the_csr),
        TEST_ECC(subjects_with_unknown_attributes),
        TEST_ECC(pitfall_10_what_a_csr_asks_for_in_vain),
        TEST_ECC(pitfall_10_names_of_other_kinds),
        TEST_ECC(pitfall_10_duplicates_are_refused),
        TEST_ECC(pitfall_11_the_same_name_from_every_side),
        TEST_ECC(pitfall_27_names_that_only_octets_can_hold),
        TEST_ECC(pitfall_27_subjects_that_only_octets_can_hold),
        TEST_ECC(pitfall_27_a_subject_of_more_than_256_octets),
        TEST_ECC(pitfall_13_what_is_empty),
        TEST_ECC(pitfall_13_zero_lengths_everywhere),
        TEST_ECC(pitfall_15_more_than_anyone_needs),
        TEST_ECC(pitfall_15_ten_names_of_a_csr),
        TEST_ECC(requests_that_are_malformed),
        TEST_ECC(keys_that_are_refused),
        TEST_ECC(keys_that_were_seen),
        TEST_ECC(pitfall_25_the_last_day_of_9999),
    };
    return cmocka_run_group_tests_name("csr", tests, NULL, NULL);
}
