/* src/x509/lint: for every lint of a certificate an input that it refuses, and good ones that none refuses. */
#include "lint_parts.h"

#include "base/text.h"

/* ---- Good ones ---- */

enum base { SERVER, CLIENT, BOTH, CUSTOM, RSA_SERVER, SM2_SERVER, SM2_RECEIVER, SUB, ROOT, BASES };

#define SERIAL_OK "02{01000000000102030405060708090A0B}"
#define ONE_YEAR "30{17{'270101000000Z'}17{'271231235959Z'}}"
#define SERVER_NAME NAME(ORGANIZATION RDN(OID_CN, "0C", "'db1.internal'"))
#define CLIENT_NAME NAME(ORGANIZATION RDN(OID_CN, "0C", "'Ada Lovelace'"))
#define CRL_POINT POINT(URI("http://crl.example.com/sub.crl"))
#define COMMON [VERSION] = "A0{020102}", [SERIAL] = SERIAL_OK, [SIGNATURE] = ECDSA_SHA256, [ISSUER] = CA_NAME
#define SM2_LEAF                                                                                                                                  \
    [VERSION] = "A0{020102}", [SERIAL] = SERIAL_OK, [SIGNATURE] = SM2_SM3, [ISSUER] = CA_NAME, [VALIDITY] = ONE_YEAR, [SUBJECT] = SERVER_NAME,     \
    [KEY] = SM2_KEY, [AKI] = AUTHORITY(P256_ID), [SKI] = KEY_ID(SM2_ID), [EKU] = PURPOSES(SERVER_AUTH), [SAN] = ALT_NAMES(DNS("db1.internal"))
#define LEAF COMMON, [VALIDITY] = ONE_YEAR, [KEY] = P256_KEY, [AKI] = AUTHORITY(P256_ID), [SKI] = KEY_ID(P256_ID), [KU] = USAGE("0780")

static const struct {
    const char *label;
    enum lint_role role;
    int type;
    parts p;
    int key; /* that signs; 0: P-256 */
} bases[BASES] = {
    [SERVER] = {.label = "server", .role = LINT_LEAF, .type = PCA_CERT_SERVER,
                .p = {LEAF, [SUBJECT] = SERVER_NAME, [EKU] = PURPOSES(SERVER_AUTH),
                 [SAN] = ALT_NAMES(DNS("db1.internal") DNS("*.db1.internal") IP("C0000201")),
                 [CDP] = CRL_POINT, [AIA] = ACCESS(OCSP_AT("http://ocsp.example.com/") ISSUERS_AT("http://ca.example.com/ca.cer"))}},
    [CLIENT] = {.label = "client", .role = LINT_LEAF, .type = PCA_CERT_CLIENT,
                .p = {LEAF, [SUBJECT] = CLIENT_NAME, [EKU] = PURPOSES(CLIENT_AUTH EMAIL_PROTECTION),
                 [SAN] = ALT_NAMES(MAIL("ada@example.com") URI("spiffe://id.internal/ada"))}},
    [BOTH] = {.label = "both", .role = LINT_LEAF, .type = PCA_CERT_BOTH,
              .p = {LEAF, [SUBJECT] = SERVER_NAME, [EKU] = PURPOSES(SERVER_AUTH CLIENT_AUTH),
               [SAN] = ALT_NAMES(DNS("db1.internal") MAIL("a@example.com"))}},
    [CUSTOM] = {.label = "custom", .role = LINT_LEAF, .type = PCA_CERT_CUSTOM,
                .p = {LEAF, [SUBJECT] = CLIENT_NAME, [POLICY] = POLICIES("30{06{2A0304} 30{30{06{2B06010505070201} 16{'http://example.com/cps'}}}}"),
                 [EXTRA] = EXTENSION("2A0305", "30{0C{'of the caller'}}")}},
    [RSA_SERVER] = {.label = "RSA server", .role = LINT_LEAF, .type = PCA_CERT_SERVER,
                    .p = {COMMON, [VALIDITY] = ONE_YEAR, [SUBJECT] = SERVER_NAME, [KEY] = RSA_2048_KEY, [AKI] = AUTHORITY(P256_ID),
                     [SKI] = KEY_ID(RSA_2048_ID),
                     [KU] = USAGE("05A0"), [EKU] = PURPOSES(SERVER_AUTH), [SAN] = ALT_NAMES(DNS("db1.internal"))}},
    [SM2_SERVER] = {.label = "SM2 server", .role = LINT_LEAF, .type = PCA_CERT_SERVER, .p = {SM2_LEAF, [KU] = USAGE("06C0")}, .key = PCA_KEY_SM2},
    [SM2_RECEIVER] = {.label = "SM2 receiver", .role = LINT_LEAF, .type = PCA_CERT_SERVER, .p = {SM2_LEAF, [KU] = USAGE("0338")}, .key = PCA_KEY_SM2},
    [SUB] = {.label = "sub", .role = LINT_SUB, .type = 0,
             .p = {COMMON, [VALIDITY] = TEN_YEARS, [SUBJECT] = SUB_NAME, [KEY] = P256_KEY,
              [AKI] = AUTHORITY(P256_ID), [SKI] = KEY_ID(P256_ID), [KU] = USAGE("0106"),
              [BC] = AUTHORITY_BASIC("0101FF 020100"), [CDP] = CRL_POINT}},
    [ROOT] = {.label = "root", .role = LINT_ROOT, .type = 0,
              .p = {COMMON, [VALIDITY] = TEN_YEARS, [SUBJECT] = CA_NAME, [KEY] = P256_KEY,
               [AKI] = AUTHORITY(P256_ID), [SKI] = KEY_ID(P256_ID), [KU] = USAGE("0106"),
               [BC] = AUTHORITY_BASIC("0101FF")}},
};

/* ---- Cases ---- */

struct replacement {
    enum part part;
    const char *text; /* "": left out */
};
struct lint_case {
    const char *lint; /* NULL: no fault */
    enum base base;
    struct replacement of, issuer, second; /* of the certificate, of the issuer's, of the certificate once more */
    int note;                              /* it notes, and does not refuse */
    const char *also;                      /* what else is noted */
    /* context, where it is not as usual */
    int64_t longest;
    int include_crl; /* -1 is written 0; 1: must be there, 2: must not */
    size_t given;
    int weak, key;
};

static const struct lint_case cases[] = {
#include "lint_cases.h"
};

static const char *replaced(const struct replacement *r)
{
    return *r->text ? r->text : NULL;
}

/* Exactly as large as needed, so that a sanitizer sees a read past the end. */
static struct slice exact(struct slice s)
{
    uint8_t *copy = malloc(s.size ? s.size : 1);
    memcpy(copy, s.data, s.size);
    return pcai_slice(copy, s.size);
}

static void one_element_of_der(void **state)
{
    static const char *const good[] = {"0500", "30{}", "30{0101FF 31{020101 020102} 0C{'text'}}", "16{'a'}", "A0{30{}}", "04{FF FF}"};
    static const char *const bad[] = {"", "05", "0500 0500", "'text'", "30 80 0000", "0481 01 00", "30{02}", "010101", "0102FFFF", "31{020102 020101}",
                                      "06{}", "06{2A80}", "05{00}", "24{04{01}}", "30{30{30{30{30{30{30{30{30{30{30{30{30{30{30{30{30{}}}}}}}}}}}}}}}}}"};
    (void)state;
    for (size_t i = 0; i < COUNT(good) + COUNT(bad); i++) {
        const char *text = i < COUNT(good) ? good[i] : bad[i - COUNT(good)];
        struct slice copy = exact(octets(text));
        if ((pcai_lint_der(copy) == NULL) != (i < COUNT(good)))
            fail_msg("%s is %s", text, i < COUNT(good) ? "refused" : "taken");
        free((void *)copy.data);
    }
}

static struct lint_context context_of(enum base base, struct slice issuer)
{
    return (struct lint_context){.role = bases[base].role,
                                 .type = bases[base].type,
                                 .issuer = base == ROOT ? pcai_slice(NULL, 0) : issuer,
                                 .signature_key = bases[base].key ? bases[base].key : PCA_KEY_EC_P256,
                                 .include_crl = -1,
                                 .given_names = PCAI_SAN_MAX};
}

static void lint(struct slice tbs, const struct lint_context *context, struct findings *findings)
{
    err = (pca_error){0};
    struct slice copy = exact(tbs);
    findings->count = 0;
    assert_int_equal(pcai_lint_certificate(copy, context, findings, &err), PCA_OK);
    free((void *)copy.data);
}

static int passes(const struct lint_case *c)
{
    char label[128];
    struct findings findings;
    struct buf tbs = {0}, issuer = make_issuer(c->issuer.part, c->issuer.part ? replaced(&c->issuer) : NULL);
    struct lint_context context = context_of(c->base, pcai_buf_view(&issuer));
    struct slice constrained = pcai_buf_view(&issuer);
    parts p;
    if (c->issuer.part == NC) {
        context.constrained = &constrained;
        context.constrained_count = 1;
    }
    memcpy(p, bases[c->base].p, sizeof p);
    p[c->of.part] = c->of.part ? replaced(&c->of) : NULL;
    if (c->second.part)
        p[c->second.part] = replaced(&c->second);
    put_certificate(&tbs, p);
    context.longest = c->longest;
    context.allow_weak = c->weak;
    if (c->include_crl)
        context.include_crl = c->include_crl == 1;
    if (c->given)
        context.given_names = c->given;
    if (c->key)
        context.signature_key = c->key;
    lint(pcai_buf_view(&tbs), &context, &findings);
    snprintf(label, sizeof label, "%s, %s, %s", c->lint ? c->lint : "good", bases[c->base].label, c->of.part ? c->of.text : "context");
    int found = finds(&findings, label, c->lint, c->note ? LINT_NOTE : LINT_ERROR, c->also, LINT_NOTE);
    pcai_buf_free(&tbs);
    pcai_buf_free(&issuer);
    return found;
}

static void every_fault_has_its_name(void **state)
{
    size_t failed = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        failed += !passes(&cases[i]);
    assert_int_equal(failed, 0);
}

static void good_certificates_have_no_findings(void **state)
{
    struct buf issuer = make_issuer(NO_PART, NULL);
    (void)state;
    for (int base = 0; base < BASES; base++) {
        struct findings findings;
        struct lint_context context = context_of((enum base)base, pcai_buf_view(&issuer));
        struct buf tbs = {0};
        put_certificate(&tbs, bases[base].p);
        lint(pcai_buf_view(&tbs), &context, &findings);
        assert_true(finds(&findings, bases[base].label, NULL, 0, NULL, 0));
        pcai_buf_free(&tbs);
    }
    pcai_buf_free(&issuer);
}

/* Every row of the table that applies to certificates has a case among those above. */
static void every_lint_has_a_refusing_case(void **state)
{
    unsigned applies;
    const char *name;
    size_t without = 0;
    (void)state;
    for (size_t i = 0; (name = pcai_lint_name(i, &applies)) != NULL; i++) {
        int found = !(applies & LINT_ON_CERTIFICATE);
        for (size_t j = 0; j < COUNT(cases) && !found; j++)
            found = cases[j].lint && strcmp(cases[j].lint, name) == 0 && (applies & 1u << bases[cases[j].base].role);
        if (!found) {
            print_error("no case of %s\n", name);
            without++;
        }
    }
    assert_int_equal(without, 0);
}

/* ---- What the library writes ---- */

struct written {
    struct key *key;
    struct buf name, tbs, der, san;
    uint8_t id[PCAI_KEY_ID];
};

static struct random *test_random(void)
{
    static struct random *random;
    if (!random)
        assert_int_equal(pcai_random_new(NULL, 0, &random, NULL), PCA_OK);
    return random;
}

static void write_certificate(struct written *w, const struct written *issuer, int algorithm, const char *common_name, int type, int is_ca)
{
    static const uint8_t serial[16] = {0x7F, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct name name = {.count = 2,
                        .attributes = {{.type = OID_COUNTRY, .raw = pcai_oid(OID_COUNTRY), .value = pcai_slice_text("DE")},
                                       {.type = OID_COMMON_NAME, .raw = pcai_oid(OID_COMMON_NAME), .value = pcai_slice_text(common_name)}}};
    struct general_name dns = {PCA_SAN_DNS, pcai_slice_text(common_name)};
    *w = (struct written){0};
    assert_int_equal(pcai_key_generate(algorithm, test_random(), &w->key, NULL), PCA_OK);
    assert_int_equal(pcai_key_id(pcai_key_public(w->key), w->id, NULL), PCA_OK);
    pcai_name_write(&w->name, &name);
    const struct written *signer = issuer ? issuer : w;
    struct certificate c = {.serial = pcai_slice(serial, sizeof serial), .signature_key = pcai_key_algorithm(signer->key),
                            .issuer = pcai_buf_view(&signer->name), .subject = pcai_buf_view(&w->name), .not_before = INT64_C(1800000000),
                            .not_after = INT64_C(1831535999), .public_key = pcai_key_public(w->key), .is_ca = is_ca, .path_length = is_ca && issuer ? 0 : -1,
                            .key_usage = is_ca                      ? KU_KEY_CERT_SIGN | KU_CRL_SIGN
                                         : algorithm == PCA_KEY_SM2 ? KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION
                                                                    : KU_DIGITAL_SIGNATURE,
                            .subject_key_id = pcai_slice(w->id, PCAI_KEY_ID), .authority_key_id = pcai_slice(signer->id, PCAI_KEY_ID)};
    if (type == PCA_CERT_SERVER) {
        pcai_san_write(&w->san, &dns, 1);
        c.san = pcai_buf_view(&w->san);
        c.crl_url = pcai_slice_text("http://crl.example.com/1.crl");
    }
    if (!is_ca)
        c.eku[c.eku_count++] = pcai_oid(type == PCA_CERT_SERVER ? OID_SERVER_AUTH : OID_CLIENT_AUTH);
    assert_int_equal(pcai_certificate_tbs(&c, &w->tbs, NULL), PCA_OK);
    pcai_signed_write(&w->der, pcai_buf_view(&w->tbs), c.signature_key, pcai_slice("\0", 1));
}

static void free_certificate(struct written *w)
{
    pcai_key_free(w->key);
    pcai_buf_free(&w->name);
    pcai_buf_free(&w->tbs);
    pcai_buf_free(&w->der);
    pcai_buf_free(&w->san);
}

static void lint_written(const struct written *w, const struct written *issuer, enum lint_role role, int type, const char *label)
{
    struct findings findings;
    struct lint_context context = {.role = role, .type = type, .signature_key = pcai_key_algorithm(issuer ? issuer->key : w->key),
                                   .include_crl = type == PCA_CERT_SERVER, .given_names = 1, .longest = INT64_C(31536000)};
    if (issuer)
        context.issuer = pcai_buf_view(&issuer->der);
    lint(pcai_buf_view(&w->tbs), &context, &findings);
    assert_true(finds(&findings, label, NULL, 0, NULL, 0));
}

static void what_the_library_writes_has_no_findings(void **state)
{
    static const int algorithms[] = {PCA_KEY_EC_P256, PCA_KEY_EC_P384, PCA_KEY_EC_P521, PCA_KEY_RSA_2048, PCA_KEY_SM2};
    (void)state;
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        struct written root, sub, server, client;
        write_certificate(&root, NULL, algorithms[i], "Root", 0, 1);
        write_certificate(&sub, &root, algorithms[i], "Sub", 0, 1);
        write_certificate(&server, &sub, algorithms[i], "db1.internal", PCA_CERT_SERVER, 0);
        write_certificate(&client, &sub, algorithms[i], "Ada", PCA_CERT_CLIENT, 0);
        lint_written(&root, NULL, LINT_ROOT, 0, "root");
        lint_written(&sub, &root, LINT_SUB, 0, "sub");
        lint_written(&server, &sub, LINT_LEAF, PCA_CERT_SERVER, "server");
        lint_written(&client, &sub, LINT_LEAF, PCA_CERT_CLIENT, "client");
        free_certificate(&root);
        free_certificate(&sub);
        free_certificate(&server);
        free_certificate(&client);
    }
}

/* ---- Broken octets ---- */

/* Cut anywhere: a finding of the encoding. Cut, and the outer length made to fit: an error at the least. */
static void cut_at_every_octet(void **state)
{
    struct buf issuer = make_issuer(NO_PART, NULL);
    (void)state;
    for (int base = 0; base < BASES; base++) {
        struct lint_context context = context_of((enum base)base, pcai_buf_view(&issuer));
        struct findings findings;
        struct buf tbs = {0};
        put_certificate(&tbs, bases[base].p);
        struct slice whole = pcai_buf_view(&tbs), content;
        struct der in = pcai_der(whole);
        assert_int_equal(pcai_der_get(&in, DER_SEQUENCE, &content), 0);
        for (size_t size = 0; size < whole.size; size++) {
            lint(pcai_slice(whole.data, size), &context, &findings);
            assert_true(finds(&findings, "cut", "der_strict_lengths", LINT_ERROR, NULL, 0));
        }
        for (size_t size = 0; size < content.size; size++) {
            struct buf cut = {0};
            pcai_der_put(&cut, DER_SEQUENCE, pcai_slice(content.data, size));
            lint(pcai_buf_view(&cut), &context, &findings);
            assert_int_not_equal(errors(&findings), 0);
            pcai_buf_free(&cut);
        }
        pcai_buf_free(&tbs);
    }
    pcai_buf_free(&issuer);
}

/* No octet matters to the reader's safety, in the certificate and in its issuer's. */
static void every_bit_flipped(void **state)
{
    struct buf issuer = make_issuer(NO_PART, NULL);
    struct findings findings;
    (void)state;
    for (int base = 0; base < BASES; base++) {
        struct lint_context context = context_of((enum base)base, pcai_buf_view(&issuer));
        struct buf tbs = {0};
        put_certificate(&tbs, bases[base].p);
        for (size_t bit = 0; bit < tbs.size * 8; bit++) {
            tbs.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            lint(pcai_buf_view(&tbs), &context, &findings);
            for (size_t i = 0; i < findings.count; i++)
                assert_true(pcai_utf8_printable(pcai_slice_text(findings.at[i].message), NULL));
            tbs.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        pcai_buf_free(&tbs);
    }
    struct lint_context context = context_of(SERVER, pcai_buf_view(&issuer));
    struct buf tbs = {0};
    put_certificate(&tbs, bases[SERVER].p);
    for (size_t bit = 0; bit < issuer.size * 8; bit++) {
        issuer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        findings.count = 0;
        int rc = pcai_lint_certificate(pcai_buf_view(&tbs), &context, &findings, &err);
        assert_true(rc == PCA_OK || rc == PCA_E_CORRUPT);
        issuer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    pcai_buf_free(&tbs);
    pcai_buf_free(&issuer);
}

/* ---- Refusing ---- */

static void the_first_error_refuses(void **state)
{
    struct findings findings = {.count = 2,
                                .at = {{"dns_ia5_ldh", LINT_NOTE, "san[0]", "an underscore"}, {"serial_positive", LINT_ERROR, "serial", "zero"}}};
    err = (pca_error){0};
    (void)state;
    assert_int_equal(pcai_lint_refuse(&findings, "request", &err), PCA_E_LINT);
    assert_int_equal(err.code, PCA_E_LINT);
    assert_string_equal(err.object, "request");
    assert_string_equal(err.field, "serial");
    assert_string_equal(err.message, "serial_positive: zero");
    findings.count = 1;
    assert_int_equal(pcai_lint_refuse(&findings, "request", &err), PCA_OK);
}

/* When there is no room left, an error takes the place of a note. */
static void an_error_is_never_dropped_for_notes(void **state)
{
    struct buf issuer = make_issuer(NO_PART, NULL), tbs = {0};
    struct lint_context context = context_of(SERVER, pcai_buf_view(&issuer));
    struct findings findings = {.count = PCAI_FINDINGS_MAX};
    parts p;
    (void)state;
    for (size_t i = 0; i < PCAI_FINDINGS_MAX; i++)
        findings.at[i] = (struct finding){"dns_ia5_ldh", LINT_NOTE, "san[0]", "an underscore"};
    memcpy(p, bases[SERVER].p, sizeof p);
    p[SERIAL] = "02{00}";
    put_certificate(&tbs, p);
    assert_int_equal(pcai_lint_certificate(pcai_buf_view(&tbs), &context, &findings, NULL), PCA_OK);
    assert_int_equal(findings.count, PCAI_FINDINGS_MAX);
    assert_true(names(&findings, "serial_positive", LINT_ERROR));
    pcai_buf_free(&tbs);
    pcai_buf_free(&issuer);
}

/* ---- The list of lints ---- */

#define LISTED_MAX 160

struct listed {
    char name[64], held[16];
};

/* The cell's text without blanks and backquotes. */
static void take_cell(char *out, size_t size, const char *from, size_t length)
{
    while (length && (*from == ' ' || *from == '`'))
        from++, length--;
    while (length && (from[length - 1] == ' ' || from[length - 1] == '`'))
        length--;
    snprintf(out, size, "%.*s", (int)length, from);
}

/* First cells, and second ones, of the lines that begin with `begin`; cells end at `separator`. */
static size_t read_list(const char *path, const char *begin, int separator, struct listed *list)
{
    char line[1024];
    size_t count = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *first = line + strlen(begin), *end, *second;
        if (strncmp(line, begin, strlen(begin)) != 0 || !(end = strchr(first, separator)) || !(second = strchr(end + 1, separator)))
            continue;
        assert_true(count < LISTED_MAX);
        take_cell(list[count].name, sizeof list[count].name, first, (size_t)(end - first));
        take_cell(list[count].held, sizeof list[count].held, end + 1, (size_t)(second - end - 1));
        count++;
    }
    fclose(file);
    return count;
}

static const struct listed *find(const struct listed *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

static int in_table(const char *name)
{
    unsigned applies;
    const char *other;
    for (size_t i = 0; (other = pcai_lint_name(i, &applies)) != NULL; i++)
        if (strcmp(other, name) == 0)
            return 1;
    return 0;
}

/* The table has each name once, from the list of 128 but for the notes on verifiers; docs/lints.md says of each of the 128
 * where it is held, and says `lint` of those in the table, and of no other. */
static void the_documented_list_is_the_tables(void **state)
{
    static struct listed all[LISTED_MAX], documented[LISTED_MAX];
    size_t all_count = read_list(PCA_SOURCE_ROOT "/tests/vectors/lints.tsv", "", '\t', all);
    size_t documented_count = read_list(PCA_SOURCE_ROOT "/docs/lints.md", "| `", '|', documented), verifiers = 0;
    unsigned applies;
    const char *name;
    (void)state;
    assert_int_equal(all_count, 129); /* a line of headings, and 128 */
    for (size_t i = 0; (name = pcai_lint_name(i, &applies)) != NULL; i++) {
        if (strncmp(name, "verifier_", 9) == 0)
            verifiers++;
        else if (!find(all + 1, all_count - 1, name))
            fail_msg("%s is not in lints.tsv", name);
        const struct listed *row = find(documented, documented_count, name);
        if (!row || strcmp(row->held, "lint") != 0)
            fail_msg("docs/lints.md does not say that %s is held by the lint", name);
    }
    for (size_t i = 1; i < all_count; i++)
        if (!find(documented, documented_count, all[i].name))
            fail_msg("docs/lints.md does not list %s", all[i].name);
    for (size_t i = 0; i < documented_count; i++)
        if (strcmp(documented[i].held, "lint") == 0 && !in_table(documented[i].name))
            fail_msg("docs/lints.md says that %s is held by the lint", documented[i].name);
    assert_int_equal(documented_count, 128 + verifiers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_its_name),
        cmocka_unit_test(good_certificates_have_no_findings),
        cmocka_unit_test(every_lint_has_a_refusing_case),
        cmocka_unit_test(what_the_library_writes_has_no_findings),
        cmocka_unit_test(cut_at_every_octet),
        cmocka_unit_test(every_bit_flipped),
        cmocka_unit_test(one_element_of_der),
        cmocka_unit_test(the_first_error_refuses),
        cmocka_unit_test(an_error_is_never_dropped_for_notes),
        cmocka_unit_test(the_documented_list_is_the_tables),
    };
    return cmocka_run_group_tests_name("lint", tests, NULL, NULL);
}
