/* src/x509/csr: what a request may look like, and the proof that it holds the key. */
#include "unit.h"

#include "../api/weak_csr.h"
#include "x509/csr.h"
#include "x509/pem.h"

/* By openssl req: P-256 with a subject, alternative names and a key usage; RSA 2048 with a common name. */
#define EC_CSR \
    "-----BEGIN CERTIFICATE REQUEST-----\n" \
    "MIIBMzCB2gIBADA7MQswCQYDVQQGEwJERTEVMBMGA1UECgwMTcO8bGxlciwgSW5j\n" \
    "MRUwEwYDVQQDDAxkYjEuaW50ZXJuYWwwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n" \
    "AARgGgawdrNvuivKwve7RvaAzk4CMmIR5Ja2tPGBTMY/3PD5T1hjH1Sv3sdWPoub\n" \
    "yIFCFxtSwRGl3Jfm7yjQHa82oD0wOwYJKoZIhvcNAQkOMS4wLDAdBgNVHREEFjAU\n" \
    "ggxkYjEuaW50ZXJuYWyHBAoAAAEwCwYDVR0PBAQDAgeAMAoGCCqGSM49BAMCA0gA\n" \
    "MEUCIChVth7rFAXlt37Yjk55LhjKX0zXvNvliKUc7Fili4rUAiEAztxPTLGdp46o\n" \
    "Qnr7vDyQ+Ts5EyAKDWetyinyk0SJqsM=\n" \
    "-----END CERTIFICATE REQUEST-----\n"
#define RSA_CSR \
    "-----BEGIN CERTIFICATE REQUEST-----\n" \
    "MIICXDCCAUQCAQAwFzEVMBMGA1UEAwwMZGIyLmludGVybmFsMIIBIjANBgkqhkiG\n" \
    "9w0BAQEFAAOCAQ8AMIIBCgKCAQEAy0qKFLWWQ+MZyYTOrTaivlEBiP1G8NSPvDim\n" \
    "b1mdHlZByauBYhaUbZ9fXggCNPnfYGXRr5uyz4ENR/37v3jAWUuWDCFqC74JixV6\n" \
    "XFsu4OwSKmUQ2y959apk7qCGnRGVPt/ZXCFPQvGYlZw2VrMa+vTRUQY7sm1GUSJy\n" \
    "jlte0xFzPImZICpl0krEeJ83e056D0OozKMWdbruRATpStflW2ZyICWvm1tAozrE\n" \
    "D/29qsGd7JGataCn+5judGMeRBEqtX5RlpXKmaMnWtAdDq2G2o3WhxbLLswqN7wm\n" \
    "Rl4+b15sYIhr4wqRps0kbtT76s1dY6l2aPFUYVz+SlzOZl0r+wIDAQABoAAwDQYJ\n" \
    "KoZIhvcNAQELBQADggEBADZ0m4qVZtbxJUHbmqNRdTsYf2RY2WB1rOO0AGeIuZmE\n" \
    "l0CYXeCsvBUC2Vj3zdUuMxrUoCp38l6YA/RS+8qjz01enNFMpqOsDA/5w8QSlAud\n" \
    "Pkb7ZrB7lwckKq/+vSCRuPzOvnRxgWNFDPAy8rUm/Wc7U6KI8ATIs4idhAU8q15I\n" \
    "LnknguhfrriC5VvMGFfXQBhOcD/QWq/7TEKpSrSKbspxv57lXUZwJCbSTxn3wo8z\n" \
    "9YCwbn6lnbpFsceQTROmkt9Sf3lXr4f7PoIYydKrwCQluM1cxtfXCc6GZAdBpu/k\n" \
    "y5nP8dhHABgBFnrFFd2YpAedv5yE9Qm6I9e2KdIZRjE=\n" \
    "-----END CERTIFICATE REQUEST-----\n"

/* ---- Requests made of parts ---- */

#define VERSION "02{00}"
#define SUBJECT "30{31{30{06{550403}0C{'db1.internal'}}}}"
/* The generator of P-256. */
#define KEY \
    "30{30{06{2A8648CE3D0201}06{2A8648CE3D030107}}03{0004" \
    "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296" \
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5}}"
#define ALGORITHM "30{06{2A8648CE3D040302}}"
#define SIGNATURE "03{00 30{02{01}02{01}}}"
#define INFO(attributes) "30{" VERSION SUBJECT KEY attributes "}"
#define REQUEST(info) "30{" info ALGORITHM SIGNATURE "}"
#define ATTRIBUTES(attributes) REQUEST(INFO("A0{" attributes "}"))
#define ATTRIBUTE(oid, values) "30{06{" oid "}31{" values "}}"
#define EXTENSION_REQUEST(extensions) ATTRIBUTE("2A864886F70D01090E", "30{" extensions "}")
#define EXTENSION(oid, value) "30{06{" oid "}04{" value "}}"
#define CRITICAL(oid, value) "30{06{" oid "}01{FF}04{" value "}}"
#define ASKED(extensions) ATTRIBUTES(EXTENSION_REQUEST(extensions))
#define SAN "551D11"
#define CHALLENGE ATTRIBUTE("2A864886F70D010907", "13{'secret'}")

static void read_good(const char *text, struct csr *csr)
{
    struct buf work = {0};
    err = (pca_error){0};
    if (pcai_csr_read(octets(text), &work, csr, &err) != PCA_OK)
        fail_msg("%s\n%s", text, err.message);
    pcai_buf_free(&work);
}

static void refuse(const char *what, struct slice in)
{
    struct buf work = {0};
    struct csr csr;
    uint8_t *copy = malloc(in.size + 1); /* a block of its own, for the sanitizer */
    if (in.size)
        memcpy(copy, in.data, in.size);
    err = (pca_error){0};
    int rc = pcai_csr_read(pcai_slice(copy, in.size), &work, &csr, &err);
    if (rc != PCA_E_CSR || err.code != rc || strcmp(err.field, "csr") != 0 || !*err.message)
        fail_msg("%s: %s, \"%s\"", what, pca_code_name(rc), err.message);
    pcai_buf_free(&work);
    free(copy);
}

static void a_request_is_taken_apart(void **state)
{
    (void)state;
    struct csr csr;
    read_good(ATTRIBUTES(EXTENSION_REQUEST(EXTENSION(SAN, "30{82{'a.b'}}")) CHALLENGE), &csr);
    assert_slice(octets(SUBJECT), csr.subject);
    assert_slice(octets(KEY), csr.public_key);
    assert_slice(octets("30{82{'a.b'}}"), csr.san);
    assert_slice(octets(ALGORITHM), csr.signature_algorithm);
    assert_slice(octets("30{02{01}02{01}}"), csr.signature);
    assert_slice(octets(INFO("A0{" EXTENSION_REQUEST(EXTENSION(SAN, "30{82{'a.b'}}")) CHALLENGE "}")), csr.info);
    assert_slice(octets(ATTRIBUTES(EXTENSION_REQUEST(EXTENSION(SAN, "30{82{'a.b'}}")) CHALLENGE)), csr.der);
    assert_int_equal(csr.ignored_count, 1);
    assert_octets("2A864886F70D010907", csr.ignored[0]);
    read_good(ATTRIBUTES(""), &csr);
    assert_null(csr.san.data);
    assert_int_equal(csr.ignored_count, 0);
    read_good(REQUEST("30{" VERSION "30{}" KEY "A0{}}"), &csr); /* no subject */
    assert_octets("30{}", csr.subject);
}

static void pitfall_10_what_is_ignored_is_listed_in_order(void **state)
{
    (void)state;
    static const char *const oids[] = {
        "551D13", "551D0F", "551D25", "551D1E", "551D0E", "551D23", "551D1F", "551D20", "2A030405", "551D12",
        "2A864886F70D010907", "2B06010401823702010E", /* attributes: challengePassword, Microsoft's */
    };
    struct csr csr;
    read_good(ATTRIBUTES(EXTENSION_REQUEST(CRITICAL("551D13", "30{01{FF}02{05}}") /* CA:TRUE, path length 5 */
                                           CRITICAL("551D0F", "03{02 04}")        /* keyCertSign */
                                           EXTENSION("551D25", "30{06{551D2500}}") EXTENSION("551D1E", "30{A0{30{82{'a'}}}}")
                                           EXTENSION("551D0E", "04{(20 5A)}") EXTENSION(SAN, "30{82{'a'}}") EXTENSION("551D23", "30{80{01}}")
                                           EXTENSION("551D1F", "30{30{}}") EXTENSION("551D20", "30{30{06{2A03}}}")
                                           CRITICAL("2A030405", "'anything'") EXTENSION("551D12", ""))
                         CHALLENGE ATTRIBUTE("2B06010401823702010E", "30{" EXTENSION("551D13", "30{}") "}")),
              &csr);
    assert_octets("30{82{'a'}}", csr.san);
    assert_int_equal(csr.ignored_count, COUNT(oids));
    for (size_t i = 0; i < COUNT(oids); i++)
        assert_octets(oids[i], csr.ignored[i]);
}

static void forms_that_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        ATTRIBUTES(CHALLENGE EXTENSION_REQUEST(EXTENSION(SAN, "30{82{'a'}}"))),        /* a SET that is not sorted */
        ATTRIBUTES(ATTRIBUTE("2A03", "05{}13{'two values'}")),                         /* of another attribute */
        ASKED("30{06{2A03}01{00}04{}}"),                                               /* FALSE, encoded: harmless and met */
        ASKED(EXTENSION("551D13", "30{}")), ASKED(EXTENSION("551D13", "30{01{00}}")), ASKED(EXTENSION("551D13", "30{02{00}}")),
        ASKED(EXTENSION(SAN, "30{A4{30{}}}")), ASKED(EXTENSION(SAN, "30{A0{06{2A03}A0{05{}}}82{'a'}88{2A03}}")),
        ASKED(EXTENSION("551D0F", "03{00}")),
        REQUEST("30{" VERSION "30{31{30{06{550403}1E{0061}}}}" KEY "A0{}}"),           /* a BMPString: looked at when it is used */
        REQUEST("30{" VERSION "30{31{30{06{550403}13{'a'}}30{06{55040A}13{'b'}}}}" KEY "A0{}}"),
    };
    struct csr csr;
    for (size_t i = 0; i < COUNT(good); i++)
        read_good(good[i], &csr);
}

static void pitfall_29_requests_that_are_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *what, *text, *says;
    } rows[] = {
        {"version 1", REQUEST("30{02{01}" SUBJECT KEY "A0{}}"), "version"},
        {"version 2", REQUEST("30{02{02}" SUBJECT KEY "A0{}}"), "version"},
        {"version -1", REQUEST("30{02{FF}" SUBJECT KEY "A0{}}"), "version"},
        {"version of two octets", REQUEST("30{02{0000}" SUBJECT KEY "A0{}}"), "version"},
        {"version missing", REQUEST("30{" SUBJECT KEY "A0{}}"), "version"},
        {"version tagged", REQUEST("30{A0{02{00}}" SUBJECT KEY "A0{}}"), "version"},
        {"no subject", REQUEST("30{" VERSION "05{}" KEY "A0{}}"), "subject"},
        {"subject: no SET", REQUEST("30{" VERSION "30{30{30{06{550403}13{'a'}}}}" KEY "A0{}}"), "subject"},
        {"subject: empty SET", REQUEST("30{" VERSION "30{31{}}" KEY "A0{}}"), "subject"},
        {"subject: no SEQUENCE", REQUEST("30{" VERSION "30{31{06{550403}}}" KEY "A0{}}"), "subject"},
        {"subject: empty attribute", REQUEST("30{" VERSION "30{31{30{}}}" KEY "A0{}}"), "subject"},
        {"subject: no value", REQUEST("30{" VERSION "30{31{30{06{550403}}}}" KEY "A0{}}"), "subject"},
        {"subject: no type", REQUEST("30{" VERSION "30{31{30{13{'a'}}}}" KEY "A0{}}"), "subject"},
        {"subject: two values", REQUEST("30{" VERSION "30{31{30{06{550403}13{'a'}13{'b'}}}}" KEY "A0{}}"), "subject"},
        {"subject: value cut short", REQUEST("30{" VERSION "30{31{30{06{550403}1302}}}" KEY "A0{}}"), "subject"},
        {"subject: rubbish behind", REQUEST("30{" VERSION "30{31{30{06{550403}13{'a'}}00}}" KEY "A0{}}"), "subject"},
        {"no key", REQUEST("30{" VERSION SUBJECT "A0{}}"), "public key"},
        {"no attributes", REQUEST("30{" VERSION SUBJECT KEY "}"), "attributes [0]"},
        {"attributes as a SET", REQUEST("30{" VERSION SUBJECT KEY "31{}}"), "attributes [0]"},
        {"attributes primitive", REQUEST("30{" VERSION SUBJECT KEY "80{}}"), "attributes [0]"},
        {"attributes [1]", REQUEST("30{" VERSION SUBJECT KEY "A1{}}"), "attributes [0]"},
        {"octets behind the attributes", REQUEST("30{" VERSION SUBJECT KEY "A0{}05{}}"), "follow"},
        {"octets behind the request", ATTRIBUTES("") "00", "follow"},
        {"octets behind the signature", "30{" INFO("A0{}") ALGORITHM SIGNATURE "05{}}", NULL},
        {"unused bits", "30{" INFO("A0{}") ALGORITHM "03{01 02}}", NULL},
        {"no signature", "30{" INFO("A0{}") ALGORITHM "}", NULL},
        {"no algorithm", "30{" INFO("A0{}") SIGNATURE "}", NULL},
        {"an OCTET STRING for the signature", "30{" INFO("A0{}") ALGORITHM "04{00}}", NULL},
        {"nothing in it", "30{}", NULL},
        {"indefinite length", "3080" INFO("A0{}") ALGORITHM SIGNATURE "0000", NULL},
        {"a SET", "31{" INFO("A0{}") ALGORITHM SIGNATURE "}", NULL},
        {"an attribute twice", ATTRIBUTES(CHALLENGE CHALLENGE), "twice"},
        {"two extensionRequests", ATTRIBUTES(EXTENSION_REQUEST(EXTENSION("2A03", "")) EXTENSION_REQUEST(EXTENSION("2A04", ""))), "twice"},
        {"two values", ATTRIBUTES(ATTRIBUTE("2A864886F70D01090E", "30{" EXTENSION("2A03", "") "}30{" EXTENSION("2A04", "") "}")), "more than one value"},
        {"no value", ATTRIBUTES(ATTRIBUTE("2A864886F70D01090E", "")), "attribute"},
        {"an attribute without values", ATTRIBUTES("30{06{2A03}}"), "attribute"},
        {"an attribute with something behind", ATTRIBUTES("30{06{2A03}31{05{}}05{}}"), "attribute"},
        {"an attribute with an empty type", ATTRIBUTES(ATTRIBUTE("", "05{}")), "attribute"},
        {"an attribute whose type goes on", ATTRIBUTES(ATTRIBUTE("2A83", "05{}")), "attribute"},
        {"a value cut short", ATTRIBUTES("30{06{2A03}31{1302}}"), "value"},
        {"a second value cut short", ATTRIBUTES("30{06{2A03}31{05{}1302}}"), "value"},
        {"no SEQUENCE", ATTRIBUTES("06{2A03}"), "attribute"},
        {"extensions: a SET", ATTRIBUTES(ATTRIBUTE("2A864886F70D01090E", "31{" EXTENSION("2A03", "") "}")), "extensionRequest"},
        {"extensions: none", ASKED(""), "extensionRequest"},
        {"an extension twice", ASKED(EXTENSION("2A03", "") EXTENSION("2A04", "") EXTENSION("2A03", "01")), "1.2.3"},
        {"SAN twice", ASKED(EXTENSION(SAN, "30{82{'a'}}") EXTENSION(SAN, "30{82{'a'}}")), "2.5.29.17"},
        {"SAN twice, once padded", ASKED(EXTENSION(SAN, "30{82{'a'}}") "30{06{551D8011}04{30{82{'a'}}}}"), "extension"},
        {"an empty extension", ASKED("30{}"), "extension"},
        {"an extension without a value", ASKED("30{06{2A03}}"), "extension"},
        {"an extension without a name", ASKED("30{04{}}"), "extension"},
        {"an extension with an empty name", ASKED(EXTENSION("", "")), "extension"},
        {"an extension with something behind", ASKED("30{06{2A03}04{}05{}}"), "extension"},
        {"critical 01", ASKED("30{06{2A03}01{01}04{}}"), "extension"},
        {"critical twice", ASKED("30{06{2A03}01{FF}01{FF}04{}}"), "extension"},
        {"basicConstraints: trailing", ASKED(EXTENSION("551D13", "30{}00")), "2.5.29.19"},
        {"basicConstraints: TRUE as 01", ASKED(EXTENSION("551D13", "30{01{01}}")), "2.5.29.19"},
        {"basicConstraints: negative", ASKED(EXTENSION("551D13", "30{01{FF}02{FF}}")), "2.5.29.19"},
        {"basicConstraints: order", ASKED(EXTENSION("551D13", "30{02{00}01{FF}}")), "2.5.29.19"},
        {"basicConstraints: nothing", ASKED(EXTENSION("551D13", "")), "2.5.29.19"},
        {"keyUsage: no bits", ASKED(EXTENSION("551D0F", "03{}")), "2.5.29.15"},
        {"keyUsage: unused bits set", ASKED(EXTENSION("551D0F", "03{0701}")), "2.5.29.15"},
        {"keyUsage: an INTEGER", ASKED(EXTENSION("551D0F", "02{01}")), "2.5.29.15"},
        {"extKeyUsage: empty", ASKED(EXTENSION("551D25", "30{}")), "2.5.29.37"},
        {"extKeyUsage: cut short", ASKED(EXTENSION("551D25", "3003 06")), "2.5.29.37"},
        {"nameConstraints: empty", ASKED(EXTENSION("551D1E", "30{}")), "2.5.29.30"},
        {"policies: empty", ASKED(EXTENSION("551D20", "30{}")), "2.5.29.32"},
        {"CRL points: empty", ASKED(EXTENSION("551D1F", "30{}")), "2.5.29.31"},
        {"SKI: a SEQUENCE", ASKED(EXTENSION("551D0E", "30{}")), "2.5.29.14"},
        {"SKI: trailing", ASKED(EXTENSION("551D0E", "04{01}00")), "2.5.29.14"},
        {"SAN: nothing", ASKED(EXTENSION(SAN, "")), "2.5.29.17"},
        {"SAN: empty", ASKED(EXTENSION(SAN, "30{}")), "2.5.29.17"},
        {"SAN: trailing", ASKED(EXTENSION(SAN, "30{82{'a'}}00")), "2.5.29.17"},
        {"SAN: an IA5String", ASKED(EXTENSION(SAN, "30{16{'a'}}")), "2.5.29.17"},
        {"SAN: [9]", ASKED(EXTENSION(SAN, "30{89{'a'}}")), "2.5.29.17"},
        {"SAN: cut short", ASKED(EXTENSION(SAN, "3003 8202 61")), "2.5.29.17"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        refuse(rows[i].what, octets(rows[i].text));
        if (rows[i].says && !strstr(err.message, rows[i].says))
            fail_msg("%s: \"%s\"", rows[i].what, err.message);
    }
}

/* ---- Sizes ---- */

/* So many attributes 1.2.3.<n>, and an extensionRequest of so many extensions 1.2.4.<n> unless that is 0. */
static struct slice many(size_t attributes, size_t extensions)
{
    static char text[16384];
    size_t used = (size_t)snprintf(text, sizeof text, "30{30{" VERSION SUBJECT KEY "A0{");
    for (size_t i = 0; i < attributes; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, ATTRIBUTE("2A03%02zX", "05{}"), i);
    if (extensions)
        used += (size_t)snprintf(text + used, sizeof text - used, "30{06{2A864886F70D01090E}31{30{");
    for (size_t i = 0; i < extensions; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, EXTENSION("2A04%02zX", ""), i);
    snprintf(text + used, sizeof text - used, "%s}}" ALGORITHM SIGNATURE "}", extensions ? "}}}" : "");
    return octets(text);
}

static void pitfall_15_sixty_four_of_each_and_no_more(void **state)
{
    (void)state;
    struct csr csr;
    struct buf work = {0};
    assert_done(pcai_csr_read(many(63, 64), &work, &csr, &err));
    assert_int_equal(csr.ignored_count, 127);
    assert_octets("2A0300", csr.ignored[0]);
    assert_octets("2A033E", csr.ignored[62]);
    assert_octets("2A0400", csr.ignored[63]);
    assert_octets("2A043F", csr.ignored[126]);
    refuse("65 extensions", many(0, 65));
    assert_says("64");
    refuse("65 attributes", many(65, 0));
    assert_says("64");
    refuse("65 attributes with the extensionRequest", many(64, 1));
    pcai_buf_free(&work);
}

/* The signature makes it as long as is wanted. */
static struct slice request_of_size(size_t size)
{
    static const char form[] = "30{" INFO("A0{}") ALGORITHM "03{00 (%zu 5A)}}";
    char text[sizeof form + 16];
    snprintf(text, sizeof text, form, (size_t)60000);
    snprintf(text, sizeof text, form, size - (octets(text).size - 60000));
    struct slice in = octets(text);
    assert_int_equal(in.size, size);
    return in;
}

static void a_request_has_at_most_64_kib(void **state)
{
    (void)state;
    struct csr csr;
    struct buf work = {0};
    assert_done(pcai_csr_read(request_of_size(65536), &work, &csr, &err));
    refuse("65537 octets", request_of_size(65537));
    assert_says("65536");
    refuse("nothing", pcai_slice("", 0));
    pcai_buf_free(&work);
}

static void a_request_comes_as_pem_too(void **state)
{
    (void)state;
    struct csr csr;
    struct buf work = {0}, text = {0};
    assert_done(pcai_csr_read(pcai_slice_text(EC_CSR), &work, &csr, &err));
    assert_int_equal(csr.der.data[0], 0x30);
    pcai_pem_write(&text, "NEW CERTIFICATE REQUEST", csr.der);
    pcai_buf_insert(&text, 0, "some text\n", 10);
    struct buf second = {0};
    assert_done(pcai_csr_read(pcai_buf_view(&text), &second, &csr, &err));
    pcai_buf_reset(&text);
    pcai_pem_write(&text, "CERTIFICATE", csr.der);
    refuse("another label", pcai_buf_view(&text));
    refuse("two blocks", pcai_slice_text(EC_CSR RSA_CSR));
    refuse("no PEM, no DER", pcai_slice_text("rubbish"));
    refuse("base64 without its lines", pcai_slice_text("MIIBNjCB3gIBADA/"));
    pcai_buf_reset(&text);
    pcai_pem_write(&text, "CERTIFICATE REQUEST", octets(ATTRIBUTES("") "00"));
    refuse("PEM of malformed DER", pcai_buf_view(&text));
    pcai_buf_free(&work);
    pcai_buf_free(&second);
    pcai_buf_free(&text);
}

/* The request of a CA whose certificate another will sign: RFC 2986 4.1 and RFC 2985 5.4.2 by hand. */
static void a_request_is_written(void **state)
{
    (void)state;
    static const char *const extensions =
        CRITICAL("551D0F", "03{0106}") CRITICAL("551D13", "30{01{FF}02{02}}") CRITICAL("551D1E", "30{A0{30{82{'internal'}}}}");
    struct certificate asked = {.is_ca = 1, .path_length = 2, .key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN};
    struct buf subject = {0}, key = {0}, constraints = {0}, info = {0}, whole = {0}, work = {0};
    struct csr csr;
    char text[1000];
    put_octets(&subject, SUBJECT);
    put_octets(&key, KEY);
    put_octets(&constraints, "30{A0{30{82{'internal'}}}}");
    asked.name_constraints = pcai_buf_view(&constraints);
    pcai_csr_info(&info, pcai_buf_view(&subject), pcai_buf_view(&key), &asked);
    snprintf(text, sizeof text, "30{%s%s%sA0{30{06{2A864886F70D01090E}31{30{%s}}}}}", VERSION, SUBJECT, KEY, extensions);
    assert_octets(text, pcai_buf_view(&info));
    pcai_signed_write(&whole, pcai_buf_view(&info), PCA_KEY_EC_P256, octets("30{02{01}02{01}}"));
    assert_done(pcai_csr_read(pcai_buf_view(&whole), &work, &csr, &err));
    assert_slice(pcai_buf_view(&info), csr.info);
    assert_int_equal(csr.ignored_count, 3);
    pcai_buf_reset(&info);
    pcai_csr_info(&info, pcai_buf_view(&subject), pcai_buf_view(&key), NULL); /* attributes are not OPTIONAL: empty, but there */
    assert_buf_octets("30{" VERSION SUBJECT KEY "A0{}}", &info);
    pcai_buf_free(&subject);
    pcai_buf_free(&key);
    pcai_buf_free(&constraints);
    pcai_buf_free(&whole);
    pcai_buf_free(&work);
}

/* ---- Proof of possession ---- */

/* Reads and verifies; PCA_OK, or the refusal. */
static int take(struct slice in, int *algorithm)
{
    struct buf work = {0};
    struct csr csr;
    int rc = pcai_csr_read(in, &work, &csr, &err);
    if (rc == PCA_OK)
        rc = pcai_csr_verify(&csr, algorithm, &err);
    pcai_buf_free(&work);
    return rc;
}

static struct buf der_of(const char *pem)
{
    struct buf der = {0};
    assert_int_equal(pcai_pem_read(pcai_slice_text(pem), (const char *const[]){"CERTIFICATE REQUEST", NULL}, &der), 0);
    return der;
}

static void requests_of_openssl_are_proven(void **state)
{
    (void)state;
    int algorithm;
    struct csr csr;
    struct buf work = {0}, text = {0};
    assert_done(take(pcai_slice_text(EC_CSR), &algorithm));
    assert_int_equal(algorithm, PCA_KEY_EC_P256);
    assert_done(take(pcai_slice_text(RSA_CSR), &algorithm));
    assert_int_equal(algorithm, PCA_KEY_RSA_2048);
    assert_done(pcai_csr_read(pcai_slice_text(EC_CSR), &work, &csr, &err));
    pcai_name_text(csr.subject, &text);
    assert_buf_text("CN=db1.internal,O=M\xC3\xBCller\\, Inc,C=DE", &text); /* as openssl req -nameopt RFC2253 prints it */
    assert_slice(octets("30{82{'db1.internal'}87{0A000001}}"), csr.san);
    assert_int_equal(csr.ignored_count, 1);
    assert_octets("551D0F", csr.ignored[0]);
    pcai_buf_free(&work);
}

static void a_request_cut_at_every_octet_is_refused(void **state)
{
    (void)state;
    static const char *const pems[] = {EC_CSR, RSA_CSR};
    for (size_t i = 0; i < COUNT(pems); i++) {
        struct buf der = der_of(pems[i]);
        for (size_t size = 0; size < der.size; size++)
            refuse("cut short", pcai_slice(der.data, size));
        for (size_t size = 0; size + 2 < strlen(pems[i]); size += 5) /* the last line's hyphens are not all needed to tell */
            refuse("PEM cut short", pcai_slice(pems[i], size));
        pcai_buf_free(&der);
    }
}

/* All that is in a request is signed, or is the signature, or says how to read it: no octet may change. */
static void a_request_changed_in_any_octet_is_refused(void **state)
{
    (void)state;
    static const char *const pems[] = {EC_CSR, RSA_CSR};
    for (size_t i = 0; i < COUNT(pems); i++) {
        struct buf der = der_of(pems[i]);
        for (size_t at = 0; at < der.size; at++) {
            uint8_t was = der.data[at];
            int algorithm = 77;
            der.data[at] ^= (uint8_t)(1 << at % 8);
            err = (pca_error){0};
            int rc = take(pcai_buf_view(&der), &algorithm);
            if ((rc != PCA_E_CSR && rc != PCA_E_ALGORITHM) || err.code != rc || algorithm != 77)
                fail_msg("octet %zu: %s", at, pca_code_name(rc));
            der.data[at] = was;
        }
        pcai_buf_free(&der);
    }
}

/* The same changes by other values, where reading is all that is looked at: nothing may go wrong but the answer. */
static void a_request_changed_in_every_way_does_no_harm(void **state)
{
    (void)state;
    struct buf der = der_of(EC_CSR);
    for (size_t at = 0; at < der.size; at++) {
        uint8_t was = der.data[at];
        for (int value = 0; value < 256; value++) {
            der.data[at] = (uint8_t)value;
            struct buf work = {0};
            struct csr csr;
            int rc = pcai_csr_read(pcai_buf_view(&der), &work, &csr, NULL);
            if (rc != PCA_OK && rc != PCA_E_CSR)
                fail_msg("octet %zu, %02X: %s", at, (unsigned)value, pca_code_name(rc));
            pcai_buf_free(&work);
        }
        der.data[at] = was;
    }
    pcai_buf_free(&der);
}

static void a_signature_by_another_key_is_no_proof(void **state)
{
    (void)state;
    struct buf der = der_of(EC_CSR), work = {0};
    struct csr csr;
    int algorithm;
    assert_done(pcai_csr_read(pcai_buf_view(&der), &work, &csr, &err));
    uint8_t *point = (uint8_t *)csr.public_key.data + csr.public_key.size - 64;
    memcpy(point, octets("6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
                         "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5").data, 64);
    assert_result(PCA_E_CSR, "csr", take(pcai_buf_view(&der), &algorithm));
    assert_says("does not verify");
    pcai_buf_free(&der);
    pcai_buf_free(&work);
}

/* Made with the right key, and said to be made otherwise. */
static void an_algorithm_that_does_not_fit_the_key_is_no_proof(void **state)
{
    (void)state;
    static const int keys[] = {PCA_KEY_RSA_2048, PCA_KEY_EC_P256};
    struct random *random = NULL;
    assert_done(pcai_random_new(NULL, 0, &random, &err));
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct key *key = NULL;
        struct buf subject = {0}, info = {0}, signature = {0};
        assert_done(pcai_key_generate(keys[i], random, &key, &err));
        put_octets(&subject, SUBJECT);
        pcai_csr_info(&info, pcai_buf_view(&subject), pcai_key_public(key), NULL);
        assert_done(pcai_key_sign(key, random, pcai_buf_view(&info), &signature, &err));
        for (size_t j = 0; j < COUNT(keys); j++) {
            struct buf der = {0};
            int algorithm = 77;
            pcai_signed_write(&der, pcai_buf_view(&info), keys[j], pcai_buf_view(&signature));
            assert_result(i == j ? PCA_OK : PCA_E_CSR, NULL, take(pcai_buf_view(&der), &algorithm));
            assert_int_equal(algorithm, i == j ? keys[i] : 77);
            pcai_buf_free(&der);
        }
        pcai_buf_free(&subject);
        pcai_buf_free(&info);
        pcai_buf_free(&signature);
        pcai_key_free(key);
    }
    pcai_random_free(random);
}

static const char *const reqs[][4] = {
    /* algorithm, option, digest, the PCA_KEY_ */
    {"RSA", "rsa_keygen_bits:1024", "-sha256", "1"}, {"RSA", "rsa_keygen_bits:2048", "-sha256", "2"}, {"RSA", "rsa_keygen_bits:2048", "-sha384", "2"},
    {"RSA", "rsa_keygen_bits:2048", "-sha512", "2"}, {"RSA", "rsa_keygen_bits:3072", "-sha256", "3"}, {"RSA", "rsa_keygen_bits:4096", "-sha512", "4"},
    {"EC", "ec_paramgen_curve:P-256", "-sha256", "5"}, {"EC", "ec_paramgen_curve:P-256", "-sha512", "5"}, {"EC", "ec_paramgen_curve:P-384", "-sha384", "6"},
    {"EC", "ec_paramgen_curve:P-521", "-sha512", "7"}, {"EC", "ec_paramgen_curve:P-521", "-sha256", "7"},
};

static void make_key(const char *algorithm, const char *option)
{
    if (option)
        openssl("genpkey", "-quiet", "-algorithm", algorithm, "-pkeyopt", option, "-out", scratch("key.pem"));
    else
        openssl("genpkey", "-quiet", "-algorithm", algorithm, "-out", scratch("key.pem"));
}

static void requests_for_every_key_are_proven(void **state)
{
    (void)state;
    need_openssl();
    for (size_t i = 0; i < COUNT(reqs); i++) {
        if (i == 0 || strcmp(reqs[i][1], reqs[i - 1][1]) != 0)
            make_key(reqs[i][0], reqs[i][1]);
        openssl("req", "-new", "-key", scratch("key.pem"), reqs[i][2], "-subj", "/CN=db1.internal", "-outform", i % 2 ? "DER" : "PEM", "-out",
                scratch("request"));
        struct buf in = scratch_get("request");
        int algorithm = 77;
        assert_done(take(pcai_buf_view(&in), &algorithm));
        assert_int_equal(algorithm, atoi(reqs[i][3]));
        pcai_buf_free(&in);
    }
}

static void requests_with_other_signatures_are_refused(void **state)
{
    (void)state;
    need_openssl();
    static const struct {
        const char *algorithm, *option, *digest;
        int code;
    } rows[] = {
        {"RSA", "rsa_keygen_bits:2048", "-sha1", PCA_E_CSR},  {"RSA", "rsa_keygen_bits:2048", "-sha224", PCA_E_CSR},
        {"EC", "ec_paramgen_curve:P-256", "-sha1", PCA_E_CSR}, {"EC", "ec_paramgen_curve:P-256", "-sha3-256", PCA_E_CSR},
        {"ED25519", NULL, "-sha256", PCA_E_ALGORITHM},        {"EC", "ec_paramgen_curve:secp256k1", "-sha256", PCA_E_ALGORITHM},
        {"EC", "ec_paramgen_curve:P-224", "-sha256", PCA_E_ALGORITHM}, {"RSA", "rsa_keygen_bits:1032", "-sha256", PCA_E_ALGORITHM},
        {"RSA-PSS", "rsa_keygen_bits:1024", "-sha256", PCA_E_ALGORITHM},
    };
    int algorithm = 77;
    struct buf in;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (i == 0 || !rows[i].option || !rows[i - 1].option || strcmp(rows[i].option, rows[i - 1].option) != 0)
            make_key(rows[i].algorithm, rows[i].option);
        openssl("req", "-new", "-key", scratch("key.pem"), rows[i].digest, "-subj", "/CN=x", "-out", scratch("request"));
        in = scratch_get("request");
        assert_result(rows[i].code, NULL, take(pcai_buf_view(&in), &algorithm));
        pcai_buf_free(&in);
    }
    make_key("RSA", "rsa_keygen_bits:1024");
    openssl("req", "-new", "-key", scratch("key.pem"), "-sigopt", "rsa_padding_mode:pss", "-subj", "/CN=x", "-out", scratch("request"));
    in = scratch_get("request");
    assert_result(PCA_E_CSR, "csr", take(pcai_buf_view(&in), &algorithm));
    pcai_buf_free(&in);
    assert_int_equal(algorithm, 77);
}

static void keys_that_anyone_can_break_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(weak_csr); i++) {
        int algorithm = 77;
        err = (pca_error){0};
        int rc = take(pcai_slice_text(weak_csr[i].pem), &algorithm);
        if (rc != PCA_E_ALGORITHM || err.code != rc || algorithm != 77)
            fail_msg("%s: %s", weak_csr[i].name, pca_code_name(rc));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_taken_apart),
        cmocka_unit_test(pitfall_10_what_is_ignored_is_listed_in_order),
        cmocka_unit_test(forms_that_are_taken),
        cmocka_unit_test(pitfall_29_requests_that_are_malformed),
        cmocka_unit_test(pitfall_15_sixty_four_of_each_and_no_more),
        cmocka_unit_test(a_request_has_at_most_64_kib),
        cmocka_unit_test(a_request_comes_as_pem_too),
        cmocka_unit_test(a_request_is_written),
        cmocka_unit_test(requests_of_openssl_are_proven),
        cmocka_unit_test(a_request_cut_at_every_octet_is_refused),
        cmocka_unit_test(a_request_changed_in_any_octet_is_refused),
        cmocka_unit_test(a_request_changed_in_every_way_does_no_harm),
        cmocka_unit_test(a_signature_by_another_key_is_no_proof),
        cmocka_unit_test(an_algorithm_that_does_not_fit_the_key_is_no_proof),
        cmocka_unit_test(requests_for_every_key_are_proven),
        cmocka_unit_test(requests_with_other_signatures_are_refused),
        cmocka_unit_test(keys_that_anyone_can_break_are_refused),
    };
    return cmocka_run_group_tests_name("csr", tests, scratch_setup, scratch_teardown);
}
