/* src/x509/lint: for every lint of a CRL and of its entries an input that it refuses, and good ones that none refuses. */
#include "lint_parts.h"

#include "x509/crl.h"
#include "x509/lint_internal.h"

/* ---- A CRL of parts ---- */

/* From CRL_AKI on: extensions. */
enum crl_part {
    CRL_NONE, CRL_VERSION, CRL_SIGNATURE, CRL_ISSUER, CRL_THIS, CRL_NEXT, CRL_LIST, CRL_AKI, CRL_NUMBER, CRL_IDP, CRL_DELTA, CRL_FRESHEST, CRL_EXTRA,
    CRL_REST, CRL_PARTS
};

#define NUMBER(octets) EXTENSION("551D14", "02{" octets "}")
#define IDP(contents) CRITICAL("551D1C", "30{" contents "}")
#define DELTA(octets) CRITICAL("551D1B", "02{" octets "}")
#define FRESHEST EXTENSION("551D2E", "30{30{A0{A0{" URI("http://crl.example.com/delta.crl") "}}}}")

static const char *const good_crl[CRL_PARTS] = {
    [CRL_VERSION] = "020101", [CRL_SIGNATURE] = ECDSA_SHA256, [CRL_ISSUER] = CA_NAME, [CRL_THIS] = "17{'270601120000Z'}",
    [CRL_NEXT] = "17{'270608120000Z'}", [CRL_AKI] = AUTHORITY(P256_ID), [CRL_NUMBER] = NUMBER("0102"),
};
/* 2027-06-01T12:00:00Z, by date -d */
#define THIS_UPDATE INT64_C(1811851200)

struct crl_octets {
    struct buf head, tail;
};

/* entries_size octets stand between; a list without octets is written when CRL_LIST says so. */
static struct crl_octets make_crl(const char *const *p, size_t entries_size)
{
    struct crl_octets crl = {{0}, {0}};
    struct buf fields = {0};
    uint8_t header[6];
    for (int i = CRL_VERSION; i < CRL_LIST; i++)
        if (p[i])
            put_octets(&fields, p[i]);
    if (p[CRL_LIST])
        put_octets(&fields, p[CRL_LIST]);
    else if (entries_size)
        pcai_buf_put(&fields, header, pcai_der_header(0x30, entries_size, header));
    size_t tagged = pcai_der_begin(&crl.tail, 0xA0), sequence = pcai_der_begin(&crl.tail, 0x30);
    int any = 0;
    for (int i = CRL_AKI; i < CRL_REST; i++)
        if (p[i]) {
            put_octets(&crl.tail, p[i]);
            any = 1;
        }
    pcai_der_end(&crl.tail, sequence);
    pcai_der_end(&crl.tail, tagged);
    if (!any)
        pcai_buf_reset(&crl.tail);
    if (p[CRL_REST])
        put_octets(&crl.tail, p[CRL_REST]);
    pcai_buf_put(&crl.head, header, pcai_der_header(0x30, fields.size + entries_size + crl.tail.size, header));
    pcai_buf_slice(&crl.head, pcai_buf_view(&fields));
    pcai_buf_free(&fields);
    return crl;
}

static void free_crl(struct crl_octets *crl)
{
    pcai_buf_free(&crl->head);
    pcai_buf_free(&crl->tail);
}

static struct lint_context crl_context(struct slice issuer)
{
    return (struct lint_context){.role = LINT_CRL, .issuer = issuer, .signature_key = PCA_KEY_EC_P256, .this_update = THIS_UPDATE, .previous = 0x101};
}

/* ---- Cases of CRLs ---- */

struct crl_case {
    const char *lint;
    enum crl_part part;
    const char *text; /* "": left out */
    enum part issuer;
    const char *issuer_text;
    uint64_t base; /* of a delta */
    enum crl_part second;
    const char *second_text;
    int note, key;
};

static const struct crl_case crl_cases[] = {
    {"sigalg_inner_equals_outer", CRL_SIGNATURE, .text = "30{06{2A8648CE3D040303}}"},
    {"sigalg_inner_equals_outer", .key = PCA_KEY_EC_P384},
    {"sigalg_params_exact", CRL_SIGNATURE, .text = "30{06{2A8648CE3D040302}0500}"},
    {"sigalg_not_weak", CRL_SIGNATURE, .text = "30{06{2A864886F70D010105}0500}"},
    {"der_strict_lengths", CRL_SIGNATURE, .text = "30 81 0A 06{2A8648CE3D040302}"},
    {"der_strict_lengths", CRL_VERSION, .text = "02{0001}"},
    {"der_strict_lengths", CRL_LIST, .text = "30 03"},
    {"der_strict_lengths", CRL_NEXT, .text = "17{'270608120000Z'}0500"},
    {"der_strict_lengths", CRL_REST, .text = "0500"},
    {"der_strict_lengths", CRL_NUMBER, .text = NUMBER("000102")},
    {"der_strict_lengths", CRL_EXTRA, .text = "0500"},
    {"der_strict_lengths", CRL_IDP, .text = IDP("0500")},
    {"der_no_default_encoded", CRL_NUMBER, .text = "30{06{551D14}010100 04{02{0102}}}"},
    {"der_no_default_encoded", CRL_IDP, .text = "30{06{551D1C}0101FF04{30{A0{A0{" URI("http://crl.example.com/1.crl") "}}810100}}}",
     .second = CRL_LIST, .second_text = "", .note = 2},
    {"der_boolean_true_ff", CRL_DELTA, .text = "30{06{551D1B}01010104{02{0102}}}", .base = 0x102},
    {"der_set_of_sorted", CRL_EXTRA, .text = EXTENSION("2A0305", "31{020102 020101}")},
    {"time_utctime_to_2049", CRL_NEXT, .text = "18{'20270608120000Z'}"},
    {"time_gentime_from_2050", CRL_THIS, .text = "17{'500601120000Z'}"},
    {"time_seconds_present", CRL_THIS, .text = "17{'2706011200Z'}"},
    {"time_zulu_only", CRL_NEXT, .text = "17{'270608120000+0000'}"},
    {"time_no_fraction", CRL_NEXT, .text = "18{'20510608120000.5Z'}"},
    {"issuer_dn_not_empty", CRL_ISSUER, .text = "30{}"},
    {"issuer_dn_bytes_copied", CRL_ISSUER, .text = SUB_NAME},
    {"ext_unique", CRL_NUMBER, .text = NUMBER("0102") NUMBER("0102")},
    {"ext_unknown_critical_refused", CRL_EXTRA, .text = CRITICAL("2A0305", "0500")},
    {"ext_unknown_critical_refused", CRL_EXTRA, .text = AUTHORITY_BASIC("")}, /* of certificates */
    {"crl_v2_always", CRL_VERSION, .text = ""},
    {"crl_v2_always", CRL_VERSION, .text = "020100"},
    {"crl_v2_always", CRL_AKI, .text = "", .second = CRL_NUMBER, .second_text = ""},
    {"crl_aki_number", CRL_AKI, .text = ""},
    {"crl_aki_number", CRL_NUMBER, .text = ""},
    {"crl_aki_number", CRL_AKI, .text = AUTHORITY(RSA_2048_ID)},
    {"crl_aki_number", CRL_AKI, .text = CRITICAL("551D23", "30{80{" P256_ID "}}")},
    {"crl_aki_number", CRL_AKI, .text = EXTENSION("551D23", "30{80{" P256_ID "}A1{A4{" CA_NAME "}}82{11}}")},
    {"crl_aki_number", CRL_NUMBER, .text = CRITICAL("551D14", "02{0102}")},
    {"crl_number_monotonic", CRL_NUMBER, .text = NUMBER("0101")},
    {"crl_number_monotonic", CRL_NUMBER, .text = NUMBER("7F")},
    {"crl_number_monotonic", CRL_NUMBER, .text = NUMBER("FF01")},
    {"crl_number_monotonic", CRL_NUMBER, .text = NUMBER("(21 11)")},
    {"crl_nextupdate_present", CRL_NEXT, .text = ""},
    {"crl_nextupdate_present", CRL_NEXT, .text = "17{'270601120000Z'}"},
    {"crl_empty_list_absent", CRL_LIST, .text = "3000"},
    {"crl_idp_critical_nonempty", CRL_IDP, .text = EXTENSION("551D1C", "30{8101FF}")},
    {"crl_idp_critical_nonempty", CRL_IDP, .text = IDP("")},
    {"crl_idp_critical_nonempty", CRL_IDP, .text = IDP("8101FF 8201FF")},
    {"crl_idp_critical_nonempty", CRL_IDP, .text = IDP("A0{A0{" URI("http://crl.example.com/1.crl") "}} 8101FF"), .note = 1},
    {"crl_delta_rules", CRL_DELTA, .text = DELTA("0101")}, /* in what was to be a complete CRL */
    {"crl_delta_rules", CRL_DELTA, .text = DELTA("0102"), .base = 0x101},
    {"crl_delta_rules", CRL_DELTA, .text = DELTA("FF"), .base = 0x101},
    {"crl_delta_rules", CRL_DELTA, .text = EXTENSION("551D1B", "02{0101}"), .base = 0x101},
    {"crl_delta_rules", .base = 0x101},
    {"crl_delta_rules", CRL_FRESHEST, .text = CRITICAL("551D2E", "30{30{A0{A0{" URI("http://crl.example.com/") "}}}}")},
    {"crl_delta_rules", CRL_FRESHEST, .text = FRESHEST, .second = CRL_DELTA, .second_text = DELTA("0101"), .base = 0x101},
    {"crl_signed_by_crlsign_key", .issuer = KU, .issuer_text = USAGE("0204")},
};

static int crl_case_passes(const struct crl_case *c)
{
    const char *p[CRL_PARTS];
    char label[160];
    struct findings findings = {.count = 0};
    struct buf issuer = make_issuer(c->issuer, c->issuer_text);
    struct lint_context context = crl_context(pcai_buf_view(&issuer));
    memcpy(p, good_crl, sizeof p);
    if (c->part)
        p[c->part] = *c->text ? c->text : NULL;
    if (c->second)
        p[c->second] = *c->second_text ? c->second_text : NULL;
    context.base = c->base;
    if (c->key)
        context.signature_key = c->key;
    struct crl_octets crl = make_crl(p, 0);
    assert_int_equal(pcai_lint_crl(pcai_buf_view(&crl.head), 0, pcai_buf_view(&crl.tail), &context, &findings, NULL), PCA_OK);
    snprintf(label, sizeof label, "%s: %s", c->lint, c->text ? c->text : "");
    /* note 2: an error, beside the note that goes with every issuingDistributionPoint */
    int found = finds(&findings, label, c->lint, c->note == 1 ? LINT_NOTE : LINT_ERROR,
                      c->note == 2 ? "crl_idp_critical_nonempty" : NULL, LINT_NOTE);
    free_crl(&crl);
    pcai_buf_free(&issuer);
    return found;
}

static void every_fault_of_a_crl_has_its_name(void **state)
{
    size_t failed = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(crl_cases); i++)
        failed += !crl_case_passes(&crl_cases[i]);
    assert_int_equal(failed, 0);
}

static void good_crls_have_no_findings(void **state)
{
    static const struct {
        enum crl_part part;
        const char *text;
        size_t entries_size;
        uint64_t base;
    } rows[] = {
        {CRL_NONE, NULL, 0, 0},
        {CRL_NONE, NULL, 1, 0},
        {CRL_NONE, NULL, 127, 0},
        {CRL_NONE, NULL, 128, 0},
        {CRL_NONE, NULL, 35000000, 0},
        {CRL_NONE, NULL, 4000000000u, 0},
        {CRL_NUMBER, NUMBER("0081B63200"), 40, 0}, /* beyond 2^31 */
        {CRL_NUMBER, NUMBER("(20 11)"), 40, 0},
        {CRL_NEXT, "18{'20510608120000Z'}", 40, 0},
        {CRL_FRESHEST, FRESHEST, 40, 0},
        {CRL_DELTA, DELTA("0101"), 40, 0x101},
        {CRL_EXTRA, EXTENSION("551D3C", "18{'20270101000000Z'}"), 40, 0}, /* expiredCertsOnCRL */
    };
    struct buf issuer = make_issuer(NO_PART, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *p[CRL_PARTS];
        struct findings findings = {.count = 0};
        struct lint_context context = crl_context(pcai_buf_view(&issuer));
        memcpy(p, good_crl, sizeof p);
        p[rows[i].part] = rows[i].text;
        context.base = rows[i].base;
        struct crl_octets crl = make_crl(p, rows[i].entries_size);
        assert_int_equal(pcai_lint_crl(pcai_buf_view(&crl.head), rows[i].entries_size, pcai_buf_view(&crl.tail), &context, &findings, NULL), PCA_OK);
        assert_true(finds(&findings, rows[i].text ? rows[i].text : "good", NULL, 0, NULL, 0));
        findings.count = 0; /* the lengths are those of the octets, not one more */
        assert_int_equal(pcai_lint_crl(pcai_buf_view(&crl.head), rows[i].entries_size + 1, pcai_buf_view(&crl.tail), &context, &findings, NULL), PCA_OK);
        assert_true(finds(&findings, "one octet more", "der_strict_lengths", LINT_ERROR, NULL, 0));
        free_crl(&crl);
    }
    pcai_buf_free(&issuer);
}

/* ---- Cases of entries ---- */

#define DATE "17{'270601110000Z'}"
#define ENTRY(serial, rest) "30{02{" serial "}" rest "}"
#define REASON(octets) EXTENSION("551D15", "0A{" octets "}")
#define INVALIDITY(time) EXTENSION("551D18", time)
#define ONE(extensions) ENTRY("22", DATE "30{" extensions "}")

struct entry_case {
    const char *lint, *text;
    const char *issuer_text; /* basicConstraints of the issuer, where it matters */
};

static const struct entry_case entry_cases[] = {
    {"der_strict_lengths", "30 81 12 02{22}" DATE, NULL},
    {"der_strict_lengths", ENTRY("0022", DATE), NULL},
    {"der_strict_lengths", ENTRY("", DATE), NULL},
    {"der_strict_lengths", ENTRY("22", ""), NULL},
    {"der_strict_lengths", ENTRY("22", DATE "30{}"), NULL},
    {"der_strict_lengths", ENTRY("22", DATE "0500"), NULL},
    {"der_strict_lengths", ENTRY("22", DATE) "0500", NULL},
    {"der_strict_lengths", ENTRY("22", "17{'270229110000Z'}"), NULL},
    {"der_strict_lengths", ENTRY("(65 22)", DATE), NULL},
    {"der_strict_lengths", ONE(REASON("")), NULL},
    {"der_strict_lengths", ONE(EXTENSION("551D15", "02{01}")), NULL},
    {"der_no_default_encoded", ONE("30{06{551D15}01010004{0A{01}}}"), NULL},
    {"der_boolean_true_ff", ONE(EXTENSION("2A0305", "010101")), NULL},
    {"der_set_of_sorted", ONE(EXTENSION("2A0305", "31{020102 020101}")), NULL},
    {"time_utctime_to_2049", ENTRY("22", "18{'20270601110000Z'}"), NULL},
    {"time_gentime_from_2050", ENTRY("22", "17{'690601110000Z'}"), NULL},
    {"time_seconds_present", ENTRY("22", "17{'2706011100Z'}"), NULL},
    {"time_zulu_only", ENTRY("22", "17{'270601110000+0000'}"), NULL},
    {"time_no_fraction", ENTRY("22", "17{'270601110000.5Z'}"), NULL},
    {"ext_unique", ONE(REASON("01") REASON("01")), NULL},
    {"ext_unknown_critical_refused", ONE(CRITICAL("551D1D", "30{A4{" CA_NAME "}}")), NULL}, /* certificateIssuer */
    {"crl_entry_unique", ENTRY("11", DATE), NULL},
    {"crl_entry_unique", ENTRY("10", DATE), NULL},
    {"crl_entry_unique", ENTRY("10FF", DATE), NULL},
    {"crl_entry_time_order", ENTRY("22", "17{'270601120001Z'}"), NULL},
    {"crl_entry_time_order", ENTRY("22", "17{'490601110000Z'}"), NULL},
    {"crl_reason_valid", ONE(REASON("00")), NULL},
    {"crl_reason_valid", ONE(REASON("06")), NULL},
    {"crl_reason_valid", ONE(REASON("07")), NULL},
    {"crl_reason_valid", ONE(REASON("08")), NULL},
    {"crl_reason_valid", ONE(REASON("0A")), NULL},
    {"crl_reason_valid", ONE(REASON("FF")), NULL},
    {"crl_reason_valid", ONE(REASON("0001")), NULL},
    {"crl_reason_valid", ONE(CRITICAL("551D15", "0A{01}")), NULL},
    {"crl_invalidity_gentime", ONE(INVALIDITY("17{'270601110000Z'}")), NULL},
    {"crl_invalidity_gentime", ONE(INVALIDITY("18{'20270601110001Z'}")), NULL},
    {"crl_invalidity_gentime", ONE(INVALIDITY("18{'202706011100Z'}")), NULL},
    {"crl_invalidity_gentime", ONE(INVALIDITY("18{'20270601110000.0Z'}")), NULL},
    {"crl_invalidity_gentime", ONE(CRITICAL("551D18", "18{'20270601110000Z'}")), NULL},
};

/* Lints one after another, the first of serial 11. */
static void lint_entry(struct slice issuer, const struct lint_context *base, struct slice entry, struct findings *findings)
{
    struct lint_entries entries;
    struct lint_context context = *base;
    struct buf before = {0};
    context.issuer = issuer;
    put_octets(&before, ENTRY("11", DATE));
    assert_int_equal(pcai_lint_entries_begin(&entries, &context, NULL), PCA_OK);
    findings->count = 0;
    pcai_lint_entry(&entries, pcai_buf_view(&before), findings);
    assert_int_equal(findings->count, 0);
    pcai_lint_entry(&entries, entry, findings);
    pcai_buf_free(&before);
}

static void every_fault_of_an_entry_has_its_name(void **state)
{
    size_t failed = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(entry_cases); i++) {
        const struct entry_case *c = &entry_cases[i];
        struct findings findings;
        char label[160];
        struct buf entry = {0}, issuer = make_issuer(c->issuer_text ? BC : NO_PART, c->issuer_text);
        struct lint_context context = crl_context(pcai_buf_view(&issuer));
        put_octets(&entry, c->text);
        lint_entry(pcai_buf_view(&issuer), &context, pcai_buf_view(&entry), &findings);
        snprintf(label, sizeof label, "%s: %s", c->lint, c->text);
        failed += !finds(&findings, label, c->lint, LINT_ERROR, NULL, 0);
        for (size_t f = 0; f < findings.count; f++)
            assert_string_equal(findings.at[f].field, "entries[1]");
        pcai_buf_free(&entry);
        pcai_buf_free(&issuer);
    }
    assert_int_equal(failed, 0);
}

/* usual: passed without being read lint by lint. */
static const struct {
    const char *text;
    int usual;
    uint64_t base;
} good_entries[] = {
    {ENTRY("22", DATE), 1, 0},
    {ENTRY("1100", DATE), 1, 0},
    {ENTRY("7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "17{'270601120000Z'}"), 1, 0},
    {ENTRY("(64 22)", DATE), 1, 0},
    {ONE(REASON("01")), 1, 0},
    {ONE(REASON("02")), 1, 0},
    {ONE(REASON("03")), 1, 0},
    {ONE(REASON("04")), 1, 0},
    {ONE(REASON("05")), 1, 0},
    {ONE(REASON("09")), 1, 0},
    {ONE(REASON("08")), 1, 0x101},
    {ONE(INVALIDITY("18{'20270601110000Z'}")), 1, 0},
    {ONE(REASON("01") INVALIDITY("18{'20270228000000Z'}")), 1, 0},
    {ONE(INVALIDITY("18{'19991231000000Z'}")), 0, 0},
    {ONE(INVALIDITY("18{'20270601110000Z'}") REASON("01")), 0, 0},
    {ONE(EXTENSION("2A0305", "0500")), 0, 0},
    {ENTRY("22", "17{'270531110000Z'}"), 1, 0},
    {ENTRY("22", "17{'240229110000Z'}"), 1, 0},
    {ENTRY("22", "17{'990101110000Z'}"), 0, 0},
};

static void good_entries_have_no_findings(void **state)
{
    struct buf issuer = make_issuer(NO_PART, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT(good_entries); i++) {
        struct findings findings;
        struct buf entry = {0};
        struct lint_context context = crl_context(pcai_buf_view(&issuer));
        struct lint_entries entries;
        struct slice serial;
        context.base = good_entries[i].base;
        put_octets(&entry, good_entries[i].text);
        lint_entry(pcai_buf_view(&issuer), &context, pcai_buf_view(&entry), &findings);
        assert_true(finds(&findings, good_entries[i].text, NULL, 0, NULL, 0));
        assert_int_equal(pcai_lint_entries_begin(&entries, &context, NULL), PCA_OK);
        assert_int_equal(pcai_lint_entry_is_sound(&entries, pcai_buf_view(&entry), &serial), good_entries[i].usual);
        pcai_buf_free(&entry);
    }
    pcai_buf_free(&issuer);
}

static int lint_by_lint(const struct lint_entries *entries, struct slice entry)
{
    struct findings findings = {.count = 0};
    struct lint_context context = *entries->context;
    struct lint_run run = {.context = &context, .findings = &findings, .entries = entries};
    context.role = LINT_ENTRY;
    pcai_lint_run(&run, pcai_lint_read_entry(entry, &run.tbs) != 0);
    return errors(&findings) == 0;
}

/* What is passed by a look has no fault: every octet of every usual entry, changed into every other. */
static void the_quick_look_passes_no_fault(void **state)
{
    struct buf issuer = make_issuer(NO_PART, NULL);
    struct lint_context context = crl_context(pcai_buf_view(&issuer));
    struct lint_entries entries;
    size_t passed = 0, refused = 0;
    (void)state;
    assert_int_equal(pcai_lint_entries_begin(&entries, &context, NULL), PCA_OK);
    for (size_t i = 0; i < COUNT(good_entries); i++) {
        struct buf entry = {0};
        put_octets(&entry, good_entries[i].text);
        for (size_t at = 0; at < entry.size; at++) {
            uint8_t held = entry.data[at];
            for (int octet = 0; octet < 256; octet++) {
                entry.data[at] = (uint8_t)octet;
                struct slice serial;
                int sound = pcai_lint_entry_is_sound(&entries, pcai_buf_view(&entry), &serial);
                int faultless = lint_by_lint(&entries, pcai_buf_view(&entry));
                if (sound && !faultless)
                    fail_msg("%s with octet %zu as %02x is passed", good_entries[i].text, at, (unsigned)octet);
                passed += (size_t)sound;
                refused += !faultless;
            }
            entry.data[at] = held;
        }
        pcai_buf_free(&entry);
    }
    assert_true(passed > 1000 && refused > 1000);
    pcai_buf_free(&issuer);
}

static int has_case(const char *name, unsigned applies)
{
    int crl = !(applies & LINT_ON_CRL), entry = !(applies & LINT_ON_ENTRY);
    for (size_t i = 0; i < COUNT(crl_cases); i++)
        crl |= strcmp(crl_cases[i].lint, name) == 0;
    for (size_t i = 0; i < COUNT(entry_cases); i++)
        entry |= strcmp(entry_cases[i].lint, name) == 0;
    return crl && entry;
}

static void every_lint_has_a_refusing_case(void **state)
{
    unsigned applies;
    const char *name;
    size_t without = 0;
    (void)state;
    for (size_t i = 0; (name = pcai_lint_name(i, &applies)) != NULL; i++)
        if (!has_case(name, applies)) {
            print_error("no case of %s\n", name);
            without++;
        }
    assert_int_equal(without, 0);
}

/* ---- What the library writes ---- */

static void what_the_library_writes_has_no_findings(void **state)
{
    static const int64_t years[] = {INT64_C(1811851200), INT64_C(2524607990), INT64_C(2524608000), INT64_C(4102444800)}; /* 2027, 2049, 2050, 2100 */
    struct buf issuer = make_issuer(NO_PART, NULL), name = {0}, id = {0};
    (void)state;
    put_octets(&name, CA_NAME);
    put_octets(&id, P256_ID);
    for (size_t i = 0; i < COUNT(years); i++) {
        struct findings findings = {.count = 0};
        struct lint_context context = crl_context(pcai_buf_view(&issuer));
        struct lint_entries entries;
        struct crl crl = {PCA_KEY_EC_P256, pcai_buf_view(&name), years[i], years[i] + 7 * 86400, pcai_buf_view(&id), (uint64_t)years[i]};
        struct buf written = {0}, head = {0}, tail = {0};
        context.this_update = years[i];
        assert_int_equal(pcai_lint_entries_begin(&entries, &context, NULL), PCA_OK);
        for (unsigned serial = 1; serial < 100; serial++) {
            static const int reasons[] = {0, 1, 2, 3, 4, 5, 9};
            uint8_t octets[2] = {0x11, (uint8_t)serial};
            struct crl_entry entry = {pcai_slice(octets, 2), years[i] - serial % 3, reasons[serial % COUNT(reasons)], serial % 2 ? 0 : years[i] - 5};
            size_t before = written.size;
            pcai_crl_entry_write(&written, &entry);
            pcai_lint_entry(&entries, pcai_slice(written.data + before, written.size - before), &findings);
        }
        pcai_crl_head_write(&head, &crl, written.size);
        pcai_crl_tail_write(&tail, &crl);
        assert_int_equal(pcai_lint_crl(pcai_buf_view(&head), written.size, pcai_buf_view(&tail), &context, &findings, NULL), PCA_OK);
        assert_true(finds(&findings, "written", NULL, 0, NULL, 0));
        pcai_buf_free(&written);
        pcai_buf_free(&head);
        pcai_buf_free(&tail);
    }
    pcai_buf_free(&name);
    pcai_buf_free(&id);
    pcai_buf_free(&issuer);
}

/* ---- Broken octets ---- */

/* Exactly as large as needed, so that a sanitizer sees a read past the end. */
static struct slice exact(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, data, size);
    return pcai_slice(copy, size);
}

static void cut_at_every_octet(void **state)
{
    struct buf issuer = make_issuer(NO_PART, NULL);
    struct lint_context context = crl_context(pcai_buf_view(&issuer));
    struct crl_octets crl = make_crl(good_crl, 40);
    struct findings findings;
    (void)state;
    for (size_t i = 0; i < COUNT(good_entries); i++) {
        struct buf entry = {0};
        put_octets(&entry, good_entries[i].text);
        for (size_t size = 0; size < entry.size; size++) {
            struct slice cut = exact(entry.data, size);
            lint_entry(pcai_buf_view(&issuer), &context, cut, &findings);
            assert_true(finds(&findings, "cut entry", "der_strict_lengths", LINT_ERROR, NULL, 0));
            free((void *)cut.data);
        }
        pcai_buf_free(&entry);
    }
    for (size_t size = 0; size < crl.head.size; size++) {
        struct slice cut = exact(crl.head.data, size);
        findings.count = 0;
        assert_int_equal(pcai_lint_crl(cut, 40, pcai_buf_view(&crl.tail), &context, &findings, NULL), PCA_OK);
        assert_true(finds(&findings, "cut head", "der_strict_lengths", LINT_ERROR, NULL, 0));
        free((void *)cut.data);
    }
    for (size_t size = 0; size < crl.tail.size; size++) {
        struct slice cut = exact(crl.tail.data, size);
        findings.count = 0;
        assert_int_equal(pcai_lint_crl(pcai_buf_view(&crl.head), 40, cut, &context, &findings, NULL), PCA_OK);
        assert_true(finds(&findings, "cut tail", "der_strict_lengths", LINT_ERROR, NULL, 0));
        free((void *)cut.data);
    }
    free_crl(&crl);
    pcai_buf_free(&issuer);
}

static void every_bit_flipped(void **state)
{
    static const char *const extended[CRL_PARTS] = {
        [CRL_VERSION] = "020101", [CRL_SIGNATURE] = ECDSA_SHA256, [CRL_ISSUER] = CA_NAME, [CRL_THIS] = "17{'270601120000Z'}",
        [CRL_NEXT] = "17{'270608120000Z'}", [CRL_AKI] = AUTHORITY(P256_ID), [CRL_NUMBER] = NUMBER("0102"), [CRL_DELTA] = DELTA("0101"),
        [CRL_IDP] = IDP("A0{A0{" URI("http://crl.example.com/1.crl") "}} 8101FF"), [CRL_FRESHEST] = FRESHEST,
    };
    struct buf issuer = make_issuer(NO_PART, NULL);
    struct lint_context context = crl_context(pcai_buf_view(&issuer));
    struct crl_octets crl = make_crl(extended, 40);
    struct buf *const parts_of[] = {&crl.head, &crl.tail};
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t bit = 0; bit < parts_of[i]->size * 8; bit++) {
            struct findings findings = {.count = 0};
            parts_of[i]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            struct slice head = exact(crl.head.data, crl.head.size), tail = exact(crl.tail.data, crl.tail.size);
            assert_int_equal(pcai_lint_crl(head, 40, tail, &context, &findings, NULL), PCA_OK);
            free((void *)head.data);
            free((void *)tail.data);
            parts_of[i]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    free_crl(&crl);
    pcai_buf_free(&issuer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_of_a_crl_has_its_name),
        cmocka_unit_test(good_crls_have_no_findings),
        cmocka_unit_test(every_fault_of_an_entry_has_its_name),
        cmocka_unit_test(good_entries_have_no_findings),
        cmocka_unit_test(the_quick_look_passes_no_fault),
        cmocka_unit_test(every_lint_has_a_refusing_case),
        cmocka_unit_test(what_the_library_writes_has_no_findings),
        cmocka_unit_test(cut_at_every_octet),
        cmocka_unit_test(every_bit_flipped),
    };
    return cmocka_run_group_tests_name("lint_crl", tests, NULL, NULL);
}
