/* src/x509/constraints, name_parse and name_compare: the table that other programs judge too, and what stands around it. */
#include "unit.h"

#include "x509/constraints.h"
#include "x509/name.h"

/* ---- The table: list, kind, constraint, kind of name, name, verdict ---- */

#define COLUMNS 6

static int type_of(const char *kind)
{
    static const struct {
        const char *kind;
        int type;
    } kinds[] = {{"dns", PCA_SAN_DNS}, {"ip", PCA_SAN_IP}, {"email", PCA_SAN_EMAIL}, {"uri", PCA_SAN_URI}, {"directory", PCA_SAN_DIRECTORY}};
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kind, kinds[i].kind) == 0)
            return kinds[i].type;
    return 0;
}

/* As others may have written it: a host is not looked at. */
static struct buf constraints_of(int excluded, int type, const char *text)
{
    struct buf base = {0}, out = {0};
    if (type == PCA_SAN_IP || type == PCA_SAN_DIRECTORY)
        assert_done(pcai_subtree_parse(type, pcai_slice_text(text), "f", &base, &err));
    else
        pcai_buf_text(&base, text);
    const struct subtree subtree = {excluded, type, pcai_slice(base.data ? base.data : (const uint8_t *)"", base.size), 0};
    pcai_constraints_write(&out, &subtree, 1);
    pcai_buf_free(&base);
    assert_false(out.failed);
    return out;
}

/* Subject and alternative names of a certificate that bears the name. */
static void put_names(const char *kind, const char *name, struct buf *subject, struct buf *san)
{
    int type = type_of(kind);
    struct buf text = {0};
    const char *prefix = strcmp(kind, "subject email") == 0 ? "emailAddress=" : strcmp(kind, "common name") == 0 ? "CN=" : "";
    pcai_buf_format(&text, "%s%s", prefix, type ? "O=Leaf" : name);
    assert_done(pcai_name_parse(pcai_buf_view(&text), "f", subject, &err));
    pcai_buf_free(&text);
    if (type) {
        uint8_t octets[16];
        struct general_name general = {type, pcai_slice_text(name)};
        if (type == PCA_SAN_IP)
            general.value = pcai_slice(octets, pcai_ip_parse(pcai_slice_text(name), octets));
        pcai_san_write(san, &general, 1);
    }
}

static int check_row(char *cells[COLUMNS])
{
    int excluded = strcmp(cells[0], "excluded") == 0, allowed = strcmp(cells[5], "allowed") == 0;
    struct buf constraints = constraints_of(excluded, type_of(cells[1]), cells[2]), subject = {0}, san = {0};
    struct violation v = {.by = {.excluded = -1}};
    assert_true(allowed || strcmp(cells[5], "refused") == 0);
    put_names(cells[3], cells[4], &subject, &san);
    const struct constrained names = {pcai_buf_view(&subject), pcai_buf_view(&san), 0};
    int rc = pcai_constraints_check(pcai_buf_view(&constraints), &names, &v);
    int right = rc == (allowed ? PCA_OK : PCA_E_CONSTRAINT) && (allowed || (v.by.excluded == excluded && v.by.type == type_of(cells[1])));
    if (!right)
        print_error("%s %s \"%s\", %s \"%s\": %s, field %s\n", cells[0], cells[1], cells[2], cells[3], cells[4], pca_code_name(rc), v.field);
    pcai_buf_free(&constraints);
    pcai_buf_free(&subject);
    pcai_buf_free(&san);
    return right;
}

static void pitfall_14_names_and_subtrees(void **state)
{
    (void)state;
    char *table = (char *)file_read(PCA_SOURCE_ROOT "/tests/vectors/name_constraints.tsv", NULL), *line = strchr(table, '\n') + 1;
    size_t rows = 0, wrong = 0;
    while (*line) {
        char *cells[COLUMNS], *end = strchr(line, '\n');
        *end = 0;
        for (size_t i = 0; i < COLUMNS; i++) {
            cells[i] = line;
            line += strcspn(line, "\t");
            if (*line)
                *line++ = 0;
        }
        wrong += !check_row(cells);
        rows++;
        line = end + 1;
    }
    assert_int_equal(wrong, 0);
    assert_true(rows > 150);
    free(table);
}

/* ---- Texts ---- */

static void subtrees_from_text(void **state)
{
    (void)state;
    static const struct {
        int type;
        const char *text, *base, *shown; /* base: octets as unit.h writes them; NULL: refused */
    } rows[] = {
        {PCA_SAN_DNS, "example.com", "'example.com'", "DNS example.com"}, {PCA_SAN_DNS, "Example.COM", "'example.com'", "DNS example.com"},
        {PCA_SAN_DNS, "internal", "'internal'", "DNS internal"}, {PCA_SAN_DNS, "xn--bcher-kva.example", "'xn--bcher-kva.example'", "DNS xn--bcher-kva.example"},
        {PCA_SAN_DNS, "", NULL, NULL}, {PCA_SAN_DNS, ".example.com", NULL, NULL}, {PCA_SAN_DNS, "example.com.", NULL, NULL}, {PCA_SAN_DNS, "*.example.com", NULL, NULL},
        {PCA_SAN_DNS, "*", NULL, NULL}, {PCA_SAN_DNS, "exa mple", NULL, NULL}, {PCA_SAN_DNS, "b\xC3\xBC" "cher.example", NULL, NULL}, {PCA_SAN_DNS, "10.0.0.1", NULL, NULL},
        {PCA_SAN_DNS, "a..b", NULL, NULL}, {PCA_SAN_DNS, "https://example.com", NULL, NULL},
        {PCA_SAN_IP, "10.0.0.0/8", "0A000000 FF000000", "IP 10.0.0.0/8"}, {PCA_SAN_IP, "192.0.2.128/25", "C0000280 FFFFFF80", "IP 192.0.2.128/25"},
        {PCA_SAN_IP, "192.0.2.7/32", "C0000207 FFFFFFFF", "IP 192.0.2.7/32"}, {PCA_SAN_IP, "0.0.0.0/0", "(8 00)", "IP 0.0.0.0/0"},
        {PCA_SAN_IP, "2001:db8::/32", "20010DB8 (12 00) FFFFFFFF (12 00)", "IP 2001:db8::/32"}, {PCA_SAN_IP, "::/0", "(32 00)", "IP ::/0"},
        {PCA_SAN_IP, "2001:db8::1/128", "20010DB8 (11 00) 01 (16 FF)", "IP 2001:db8::1/128"},
        {PCA_SAN_IP, "", NULL, NULL}, {PCA_SAN_IP, "10.0.0.0", NULL, NULL}, {PCA_SAN_IP, "10.0.0.0/", NULL, NULL}, {PCA_SAN_IP, "10.0.0.0/33", NULL, NULL},
        {PCA_SAN_IP, "10.0.0.0/-1", NULL, NULL}, {PCA_SAN_IP, "10.0.0.0/08", NULL, NULL}, {PCA_SAN_IP, "10.0.0.0/8 ", NULL, NULL}, {PCA_SAN_IP, "10.0.0.0/8/8", NULL, NULL},
        {PCA_SAN_IP, "10.0.0.1/8", NULL, NULL}, {PCA_SAN_IP, "10.0.0.0/255.0.0.0", NULL, NULL}, {PCA_SAN_IP, "2001:db8::/129", NULL, NULL}, {PCA_SAN_IP, "2001:db8::1/127", NULL, NULL},
        {PCA_SAN_IP, "example.com/8", NULL, NULL}, {PCA_SAN_IP, "10.0/8", NULL, NULL}, {PCA_SAN_IP, "10.0.0.0/9999", NULL, NULL},
        {PCA_SAN_EMAIL, "ada@Example.com", "'ada@example.com'", "e-mail ada@example.com"}, {PCA_SAN_EMAIL, "Mail.example.com", "'mail.example.com'", "e-mail mail.example.com"},
        {PCA_SAN_EMAIL, ".example.com", "'.example.com'", "e-mail .example.com"}, {PCA_SAN_EMAIL, "", NULL, NULL}, {PCA_SAN_EMAIL, "@example.com", NULL, NULL},
        {PCA_SAN_EMAIL, "ada@", NULL, NULL}, {PCA_SAN_EMAIL, "ada@@b", NULL, NULL}, {PCA_SAN_EMAIL, ".", NULL, NULL}, {PCA_SAN_EMAIL, "..example.com", NULL, NULL},
        {PCA_SAN_EMAIL, "*@example.com", "'*@example.com'", "e-mail *@example.com"}, {PCA_SAN_EMAIL, "*.example.com", NULL, NULL}, {PCA_SAN_EMAIL, ".*.com", NULL, NULL},
        {PCA_SAN_URI, "www.Example.com", "'www.example.com'", "URI www.example.com"}, {PCA_SAN_URI, ".example.com", "'.example.com'", "URI .example.com"},
        {PCA_SAN_URI, ".internal", "'.internal'", "URI .internal"}, {PCA_SAN_URI, "internal", NULL, NULL}, {PCA_SAN_URI, "", NULL, NULL}, {PCA_SAN_URI, "https://www.example.com", NULL, NULL},
        {PCA_SAN_URI, "www.example.com/", NULL, NULL}, {PCA_SAN_URI, "192.0.2.1", NULL, NULL}, {PCA_SAN_URI, "www.example.com:443", NULL, NULL},
        {PCA_SAN_DIRECTORY, "O=Example,C=DE", "30{31{30{06{550406}13{'DE'}}}31{30{06{55040A}13{'Example'}}}}", "directory O=Example,C=DE"},
        {PCA_SAN_DIRECTORY, "C=DE", "30{31{30{06{550406}13{'DE'}}}}", "directory C=DE"}, {PCA_SAN_DIRECTORY, "", NULL, NULL}, {PCA_SAN_DIRECTORY, "Example", NULL, NULL},
        {PCA_SAN_DIRECTORY, "C=Germany", NULL, NULL},
        {0, "example.com", NULL, NULL}, {8, "1.2.3", NULL, NULL}, {-1, "a", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf base = {0}, shown = {0};
        err = (pca_error){0};
        int rc = pcai_subtree_parse(rows[i].type, pcai_slice_text(rows[i].text), "permitted[0]", &base, &err);
        if (rc != (rows[i].base ? PCA_OK : PCA_E_INVALID) || (rc != PCA_OK && (err.code != rc || strcmp(err.field, "permitted[0]") != 0 || !*err.message)))
            fail_msg("%d \"%s\": %s, \"%s\"", rows[i].type, rows[i].text, pca_code_name(rc), err.message);
        if (rc == PCA_OK) {
            const struct subtree subtree = {0, rows[i].type, pcai_buf_view(&base), 0};
            assert_slice(octets(rows[i].base), pcai_buf_view(&base));
            pcai_subtree_text(&subtree, &shown);
            assert_buf_text(rows[i].shown, &shown);
        }
        pcai_buf_free(&base);
    }
}

/* RFC 4514, its own examples among them. */
static void names_from_text(void **state)
{
    (void)state;
#define ATTRIBUTE(oid, tag, value) "31{30{06{" oid "}" tag "{" value "}}}"
    static const struct {
        const char *text, *name; /* NULL: refused */
    } rows[] = {
        {"UID=jsmith,DC=example,DC=net", "30{" ATTRIBUTE("0992268993F22C640119", "16", "'net'") ATTRIBUTE("0992268993F22C640119", "16", "'example'") ATTRIBUTE("0992268993F22C640101", "13", "'jsmith'") "}"},
        {"CN=James \\\"Jim\\\" Smith\\, III,DC=net", "30{" ATTRIBUTE("0992268993F22C640119", "16", "'net'") ATTRIBUTE("550403", "0C", "'James \"Jim\" Smith, III'") "}"},
        {"1.2.3.4=#0c0448656c6c", "30{" ATTRIBUTE("2A0304", "13", "'Hell'") "}"}, {"1.2.3.4=Hell", "30{" ATTRIBUTE("2A0304", "13", "'Hell'") "}"},
        {"CN=Lu\\C4\\8Di\\C4\\87", "30{" ATTRIBUTE("550403", "0C", "'Lu' C48D 'i' C487") "}"}, {"cn=a", "30{" ATTRIBUTE("550403", "13", "'a'") "}"},
        {" O = Example , C = DE ", "30{" ATTRIBUTE("550406", "13", "'DE'") ATTRIBUTE("55040A", "13", "'Example'") "}"},
        {"O=a\\\\b\\;c\\=d\\3Ce", "30{" ATTRIBUTE("55040A", "0C", "'a' 5C 'b;c=d<e'") "}"}, {"O=#13026162", "30{" ATTRIBUTE("55040A", "13", "'ab'") "}"}, {"O=\\#a", "30{" ATTRIBUTE("55040A", "0C", "'#a'") "}"},
        {"2.5.4.10=a,O=b", "30{" ATTRIBUTE("55040A", "13", "'b'") ATTRIBUTE("55040A", "13", "'a'") "}"}, {"O=a=b", "30{" ATTRIBUTE("55040A", "13", "'a=b'") "}"},
        {"", NULL}, {"O", NULL}, {"=a", NULL}, {"O=", NULL}, {"O=a,", NULL}, {",O=a", NULL}, {"O=a,,C=DE", NULL}, {"X=a", NULL}, {"O=a+OU=b", NULL}, {"O=a;C=DE", NULL},
        {"O=\"a\"", NULL}, {"O=a\\", NULL}, {"O=a\\x", NULL}, {"O=<a>", NULL}, {"O=#", NULL}, {"O=#1", NULL}, {"O=#1302", NULL}, {"O=#020101", NULL}, {"O=#130161 x", NULL},
        {"O=#13016113", NULL}, {"C=de", NULL}, {"C=DEU", NULL}, {"O=\\00", NULL}, {"O=a\\0Ab", NULL}, {"O=\\FF", NULL}, {"O=\\20a", NULL}, {"1.2.x=a", NULL}, {"nameConstraints=a", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        err = (pca_error){0};
        int rc = pcai_name_parse(pcai_slice_text(rows[i].text), "f", &out, &err);
        if (rc != (rows[i].name ? PCA_OK : PCA_E_NAME) || (rc != PCA_OK && (err.code != rc || strcmp(err.field, "f") != 0 || !*err.message)))
            fail_msg("\"%s\": %s, \"%s\"", rows[i].text, pca_code_name(rc), err.message);
        if (rc == PCA_OK)
            assert_slice(octets(rows[i].name), pcai_buf_view(&out));
        pcai_buf_free(&out);
    }
}

/* What a name is shown as is read as that name. */
static void names_as_text_come_back(void **state)
{
    (void)state;
    static const char *const names[] = {
        "30{" ATTRIBUTE("550406", "13", "'DE'") ATTRIBUTE("55040A", "0C", "'M' C3BC 'ller, \"S' C3B6 'hne\" + <Co>; a=b' 5C") ATTRIBUTE("550403", "13", "'a'") "}",
        "30{" ATTRIBUTE("2A0304", "0C", "E6BCA2") ATTRIBUTE("2A0305", "13", "'x'") ATTRIBUTE("550405", "13", "'1'") "}",
        "30{" ATTRIBUTE("55040A", "0C", "'#1'") ATTRIBUTE("0992268993F22C640119", "16", "'a'") ATTRIBUTE("2A864886F70D010901", "16", "'a@b.c'") "}",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct buf text = {0}, out = {0};
        struct buf name = {0};
        put_octets(&name, names[i]);
        pcai_name_text(pcai_buf_view(&name), &text);
        assert_done(pcai_name_parse(pcai_buf_view(&text), "f", &out, &err));
        assert_slice(pcai_buf_view(&name), pcai_buf_view(&out));
        pcai_buf_free(&text);
        pcai_buf_free(&out);
        pcai_buf_free(&name);
    }
}

static void sixteen_attributes_from_text_and_no_more(void **state)
{
    (void)state;
    char text[256] = "DC=a";
    struct buf out = {0};
    for (int i = 1; i < PCAI_NAME_ATTRIBUTES_MAX; i++)
        strcat(text, ",DC=a");
    assert_done(pcai_name_parse(pcai_slice_text(text), "f", &out, &err));
    strcat(text, ",DC=a");
    pcai_buf_reset(&out);
    assert_result(PCA_E_NAME, "f", pcai_name_parse(pcai_slice_text(text), "f", &out, &err));
    assert_says("16");
    pcai_buf_free(&out);
}

/* ---- Names held against each other ---- */

#define O(tag, value) ATTRIBUTE("55040A", tag, value)
#define C_DE ATTRIBUTE("550406", "13", "'DE'")

static void names_that_are_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int same;
    } rows[] = {
        {"30{}", "30{}", 1}, {"30{" C_DE "}", "30{}", 0},
        {"30{" O("13", "'Example'") "}", "30{" O("0C", "'Example'") "}", 1}, {"30{" O("13", "'Example'") "}", "30{" O("13", "'eXAMPLE'") "}", 1},
        {"30{" O("13", "'a  b'") "}", "30{" O("13", "'a b'") "}", 1}, {"30{" O("13", "' a b '") "}", "30{" O("13", "'a   b'") "}", 1},
        {"30{" O("0C", "'a' C2A0 'b'") "}", "30{" O("13", "'a b'") "}", 1}, {"30{" O("13", "'ab'") "}", "30{" O("13", "'a b'") "}", 0},
        {"30{" O("0C", "C384") "}", "30{" O("0C", "C3A4") "}", 1}, {"30{" O("0C", "C384") "}", "30{" O("13", "'A'") "}", 0},
        {"30{" O("0C", "C397") "}", "30{" O("0C", "C3B7") "}", 0} /* signs of multiplication and division */, {"30{" O("0C", "CEA9") "}", "30{" O("0C", "CF89") "}", 1} /* omega */,
        {"30{" O("0C", "D096") "}", "30{" O("0C", "D0B6") "}", 1}, {"30{" O("0C", "D081") "}", "30{" O("0C", "D191") "}", 1}, {"30{" O("0C", "C5BD") "}", "30{" O("0C", "C5BE") "}", 1},
        {"30{" O("0C", "C5BE") "}", "30{" O("0C", "C5BD") "}", 1}, {"30{" O("0C", "C5B8") "}", "30{" O("0C", "C3BF") "}", 1}, {"30{" O("0C", "EFBCA1") "}", "30{" O("0C", "EFBD81") "}", 1}, {"30{" O("0C", "E6BCA2") "}", "30{" O("0C", "E6BCA2") "}", 1},
        {"30{" O("0C", "CE86 CE88 CE89 CE8A CE8C CE8E CE8F") "}", "30{" O("0C", "CEAC CEAD CEAE CEAF CF8C CF8D CF8E") "}", 1}, /* with accents */
        /* RFC 4518 2.2: soft hyphen, zero width space and joiner, a variation selector, an override, BOM, U+E0041, a control character */
        {"30{" O("0C", "'a' C2AD E2808B E2808D EFB88F E280AE EFBBBF F3A08181 07 'b'") "}", "30{" O("13", "'ab'") "}", 1},
        {"30{" O("0C", "E2808B 'a' E2808B 'b' E2808B") "}", "30{" O("13", "'ab'") "}", 1}, {"30{" O("0C", "'a ' E2808B ' b'") "}", "30{" O("13", "'a b'") "}", 1},
        {"30{" O("0C", "'a' C285 'b' E19A80 E280A8 E280A9 'c' E38080") "}", "30{" O("13", "'a b c'") "}", 1}, {"30{" O("0C", "'a' E38080 'b'") "}", "30{" O("13", "'ab'") "}", 0},
        {"30{" O("0C", "FF") "}", "30{" O("0C", "FF") "}", 1}, {"30{" O("0C", "FF") "}", "30{" O("0C", "FE") "}", 0}, {"30{" O("13", "'a'") "}", "30{" O("13", "'aa'") "}", 0},
        {"30{" O("13", "'a'") "}", "30{" ATTRIBUTE("55040B", "13", "'a'") "}", 0}, {"30{" C_DE O("13", "'a'") "}", "30{" O("13", "'a'") C_DE "}", 0},
        {"30{31{30{06{550406}13{'DE'}}30{06{55040A}13{'a'}}}}", "30{31{30{06{55040A}13{'A'}}30{06{550406}13{'DE'}}}}", 1},
        {"30{31{30{06{550406}13{'DE'}}30{06{55040A}13{'a'}}}}", "30{" C_DE O("13", "'a'") "}", 0},
        {"30{31{30{06{55040A}13{'a'}}30{06{55040A}13{'a'}}}}", "30{31{30{06{55040A}13{'a'}}30{06{55040A}13{'b'}}}}", 0},
        {"30{" O("1E", "0061") "}", "30{" O("1E", "0061") "}", -1}, {"30{" O("13", "'a'") "}", "31{}", -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice a = octets(rows[i].a), b = octets(rows[i].b);
        if (pcai_name_same(a, b) != rows[i].same || pcai_name_same(b, a) != rows[i].same)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
        if (pcai_name_is_within(a, b) != (rows[i].same || strcmp(rows[i].b, "30{}") != 0 ? rows[i].same : 1))
            fail_msg("%s in %s", rows[i].a, rows[i].b);
    }
}

/* ---- The extension ---- */

#define DNS "30{82{'a.b'}}"

static void constraints_are_written(void **state)
{
    (void)state;
    struct buf out = {0};
    const struct subtree subtrees[] = {{1, PCA_SAN_DNS, octets("'x.example'"), 0}, {0, PCA_SAN_DNS, octets("'example'"), 0}, {0, PCA_SAN_DIRECTORY, octets("30{" C_DE "}"), 0},
                                       {1, PCA_SAN_IP, octets("0A000000FF000000"), 0}, {0, PCA_SAN_EMAIL, octets("'.example'"), 0}, {0, PCA_SAN_URI, octets("'a.b'"), 0}};
    pcai_constraints_write(&out, subtrees, COUNT(subtrees));
    assert_slice(octets("30{A0{30{82{'example'}}30{A4{30{" C_DE "}}}30{81{'.example'}}30{86{'a.b'}}}A1{30{82{'x.example'}}30{87{0A000000FF000000}}}}"), pcai_buf_view(&out));
    assert_true(pcai_constraints_are_sound(pcai_buf_view(&out)));
    pcai_buf_reset(&out);
    pcai_constraints_write(&out, subtrees, 1);
    assert_buf_octets("30 0F A1 0D 30 0B 82 09 78 2E 65 78 61 6D 70 6C 65", &out);
}

static void constraints_that_are_malformed(void **state)
{
    (void)state;
    static const char *const good[] = {"30{A0{" DNS "}}", "30{A1{" DNS "}}", "30{A0{" DNS "}A1{" DNS "}}", "30{A0{30{82{'a'}80{00}}}}", "30{A0{30{82{'a'}81{05}}}}", "30{A0{30{A0{06{2A03}}}}}",
                                       "30{A0{30{88{2A03}}}}", "30{A0{30{82{}}}}"};
    static const char *const bad[] = {"", "30{}", "31{A0{" DNS "}}", "30{A0{}}", "30{A0{" DNS "}A1{}}", "30{A1{" DNS "}A0{" DNS "}}", "30{A0{" DNS "}A0{" DNS "}}", "30{A2{" DNS "}}",
                                      "30{A0{" DNS "}05{}}", "30{A0{" DNS "}}05{}", "30{" DNS "}", "30{A0{82{'a.b'}}}", "30{A0{30{}}}", "30{A0{30{A2{'a'}}}}", "30{A0{30{0C{'a'}}}}",
                                      "30{A0{30{89{'a'}}}}", "30{A0{30{84{'a'}}}}", "30{A0{30{A4{31{}}}}}", "30{A0{30{82{'a'}82{'b'}}}}", "30{A0{30{82{'a'}80{}}}}", "30{A0{30{82{'a'}81{00}80{00}}}}",
                                      "30 80 0000", "30{A0 03 30 05 82}"};
    struct general_name name = {PCA_SAN_DNS, pcai_slice_text("x.example")};
    struct subtree by;
    for (size_t i = 0; i < COUNT(good); i++)
        if (!pcai_constraints_are_sound(octets(good[i])))
            fail_msg("%s is malformed", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (pcai_constraints_are_sound(octets(bad[i])))
            fail_msg("%s is sound", bad[i]);
    assert_int_equal(pcai_constraints_allow(octets("30{A0{" DNS "}A0{" DNS "}}"), &name, &by), -1);
    assert_int_equal(pcai_constraints_allow(octets("30{A1{30{}}}"), &name, &by), -1);
}

/* In doubt a name is refused: whatever the bound means, whatever the octets are. */
static void doubts_count_against_the_name(void **state)
{
    (void)state;
    static const struct {
        const char *constraints;
        int type;
        const char *name;
        int allowed;
    } rows[] = {
        {"30{A0{30{82{'b'}80{01}}}}", PCA_SAN_DNS, "'a.b'", 0}, {"30{A0{30{82{'b'}81{05}}}}", PCA_SAN_DNS, "'a.b'", 0}, {"30{A1{30{82{'c'}80{01}}}}", PCA_SAN_DNS, "'a.b'", 0},
        {"30{A0{30{82{'b'}80{00}}}}", PCA_SAN_DNS, "'a.b'", 1}, {"30{A1{30{82{'b.'}}}}", PCA_SAN_DNS, "'a.b'", 0}, {"30{A0{30{82{'b.'}}}}", PCA_SAN_DNS, "'a.b'", 0},
        {"30{A0{30{81{'b'}}}}", PCA_SAN_EMAIL, "'no address'", 0}, {"30{A1{30{81{'b'}}}}", PCA_SAN_EMAIL, "'no address'", 0}, {"30{A1{30{81{}}}}", PCA_SAN_EMAIL, "'a@b.c'", 0},
        {"30{A0{30{81{}}}}", PCA_SAN_EMAIL, "'a@b.c'", 0}, {"30{A1{30{81{'@b.c'}}}}", PCA_SAN_EMAIL, "'a@b.c'", 0}, {"30{A0{30{81{'@b.c'}}}}", PCA_SAN_EMAIL, "'a@b.c'", 0},
        {"30{A1{30{81{'a@b.c.'}}}}", PCA_SAN_EMAIL, "'a@b.c'", 0}, {"30{A0{30{81{'a@b.c.'}}}}", PCA_SAN_EMAIL, "'a@b.c'", 0}, {"30{A0{30{82{'b'}80{01}81{05}}}}", PCA_SAN_DNS, "'a.b'", 0}, {"30{A0{30{81{'b.c'}}}}", PCA_SAN_EMAIL, "'\"x@y.z\"@b.c'", 1}, {"30{A0{30{81{'b.c'}}}}", PCA_SAN_EMAIL, "'a@b.c@evil'", 0},
        {"30{A1{30{82{'a.b'}}}}", PCA_SAN_DNS, "'*a.b'", 0}, {"30{A1{30{82{'a.b'}}}}", PCA_SAN_DNS, "'a*.b'", 0}, {"30{A1{30{82{'x.a.b'}}}}", PCA_SAN_DNS, "'*.b'", 1},
        {"30{A0{30{82{'.b'}}}}", PCA_SAN_DNS, "'.b'", 0}, {"30{A0{30{82{'.b'}}}}", PCA_SAN_DNS, "'a.b'", 1}, {"30{A0{30{81{'.b'}}}}", PCA_SAN_EMAIL, "'a@.b'", 0},
        {"30{A0{30{87{0A0000}}}}", PCA_SAN_IP, "0A000001", 0}, {"30{A1{30{87{0A0000}}}}", PCA_SAN_IP, "0A000001", 0}, {"30{A0{30{87{0A000000FF00FF00}}}}", PCA_SAN_IP, "0A010001", 1},
        {"30{A0{30{A4{30{" O("1E", "0061") "}}}}}", PCA_SAN_DIRECTORY, "30{" C_DE "}", 0}, {"30{A1{30{A4{30{" O("1E", "0061") "}}}}}", PCA_SAN_DIRECTORY, "30{" C_DE "}", 0},
        {"30{A0{30{A4{30{}}}}}", PCA_SAN_DIRECTORY, "30{" C_DE "}", 1}, {"30{A1{30{A4{30{}}}}}", PCA_SAN_DIRECTORY, "30{" C_DE "}", 0}, {"30{A0{30{88{2A03}}}}", 8, "2A03", 0},
        {"30{A1{30{88{2A03}}}}", 8, "2A04", 0}, {"30{A0{30{86{'b.c'}}}}", PCA_SAN_URI, "'https://b.c'", 1}, {"30{A0{30{86{'b.c'}}}}", PCA_SAN_URI, "'https:b.c'", 0},
        {"30{A0{30{86{'b.c'}}}}", PCA_SAN_URI, "'b.c'", 0}, {"30{A0{30{86{'b.c'}}}}", PCA_SAN_URI, "", 0}, {"30{A0{30{86{'b.c'}}}}", PCA_SAN_URI, "'https://'", 0},
        {"30{A1{30{86{'b.c'}}}}", PCA_SAN_URI, "'https://u@b.c/'", 0}, {"30{A1{30{86{'b.c'}}}}", PCA_SAN_URI, "'https://u@x.y@b.c'", 0}, {"30{A0{30{86{'b.c'}}}}", PCA_SAN_URI, "'https://u:p@b.c:1/'", 1},
        {"30{A0{30{86{'b.c'}}}}", PCA_SAN_URI, "'https://b.c@x.y'", 0}, {"30{A0{30{86{'b.c'}}}}", PCA_SAN_URI, "'https://x.y/@b.c'", 0}, {"30{A0{30{86{'b.c'}}}}", PCA_SAN_URI, "'https://b.c?@x.y'", 1},
        {"30{A1{30{86{'b.c.'}}}}", PCA_SAN_URI, "'https://b.c/'", 0}, {"30{A0{30{82{'b'}}}A1{30{82{'a.b'}}}}", PCA_SAN_DNS, "'a.b'", 0},
        {"30{A0{30{82{'x'}}30{82{'b'}}}A1{30{82{'c.b'}}}}", PCA_SAN_DNS, "'a.b'", 1}, {"30{A0{30{82{'x'}}30{81{'b'}}}}", PCA_SAN_IP, "0A000001", 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct subtree by;
        const struct general_name name = {rows[i].type, octets(rows[i].name)};
        if (pcai_constraints_allow(octets(rows[i].constraints), &name, &by) != rows[i].allowed)
            fail_msg("%s, %s", rows[i].constraints, rows[i].name);
    }
}

static void every_name_of_a_certificate(void **state)
{
    (void)state;
    struct violation v;
    const char *dns = "30{A0{30{82{'b'}}}}";
    struct constrained names = {octets("30{" ATTRIBUTE("550403", "13", "'x.org'") "}"), octets("30{82{'a.b'}87{0A000001}82{'c.org'}}"), 0};
    assert_int_equal(pcai_constraints_check(octets(dns), &names, &v), PCA_E_CONSTRAINT);
    assert_string_equal(v.field, "san[2]");
    assert_int_equal(v.san, 2);
    names.san = octets("30{82{'a.b'}87{0A000001}}"); /* with a DNS name the common name is none */
    assert_int_equal(pcai_constraints_check(octets(dns), &names, &v), PCA_OK);
    names.san = octets("30{87{0A000001}}");
    assert_int_equal(pcai_constraints_check(octets(dns), &names, &v), PCA_E_CONSTRAINT);
    assert_string_equal(v.field, "common_name");
    names.is_ca = 1;
    assert_int_equal(pcai_constraints_check(octets(dns), &names, &v), PCA_OK);
    names.subject = octets("30{}"); /* an empty subject is no name */
    assert_int_equal(pcai_constraints_check(octets("30{A0{30{A4{30{" C_DE "}}}}}"), &names, &v), PCA_OK);
    names.san = octets("30 05 82 03 61 2E"); /* cut short */
    assert_int_equal(pcai_constraints_check(octets(dns), &names, &v), PCA_E_NAME);
    names.san = pcai_slice(NULL, 0);
    names.subject = octets("30{" O("1E", "0061") "}");
    assert_int_equal(pcai_constraints_check(octets(dns), &names, &v), PCA_E_NAME);
    names.subject = octets("30{" C_DE "}");
    assert_int_equal(pcai_constraints_check(octets("30{A0{}}"), &names, &v), PCA_E_CORRUPT);
    names.san = octets("30{A4{30{" ATTRIBUTE("550406", "13", "'FR'") "}}}"); /* a directoryName among the alternative names */
    assert_int_equal(pcai_constraints_check(octets("30{A0{30{A4{30{" C_DE "}}}}}"), &names, &v), PCA_E_CONSTRAINT);
    assert_string_equal(v.field, "san[0]");
}

/* OpenSSL takes these for the host a.x.org, "openssl verify -verify_hostname" below a CA that permits others shows. */
static void common_names_that_match_hosts(void **state)
{
    (void)state;
    static const char *const hosts[] = {"'a.x.org'", "'*.x.org'", "'a*.x.org'", "'*a.x.org'", "'*.X.org'", "'a.x.org.'", "'*.x.org.'"};
    static const char *const others[] = {"'* a.x.org *'", "'a.x.*'", "'*'", "'*.'", "'.'", "'a.'", "'Ada Lovelace'", "'a..org'", "'a.x.org..'"};
    static const char *const constraints[] = {"30{A0{30{82{'y.org'}}}}", "30{A1{30{82{'a.x.org'}}}}", "30{A0{30{82{'x.org'}}30{82{'x.org.'}}}}"};
    for (size_t i = 0; i < COUNT(hosts) + COUNT(others); i++) {
        const char *text = i < COUNT(hosts) ? hosts[i] : others[i - COUNT(hosts)];
        struct buf subject = {0};
        char name[64];
        snprintf(name, sizeof name, "30{" ATTRIBUTE("550403", "0C", "%s") "}", text);
        put_octets(&subject, name);
        const struct constrained names = {pcai_buf_view(&subject), pcai_slice(NULL, 0), 0};
        for (size_t j = 0; j < COUNT(constraints); j++) {
            struct violation v = {.field = ""};
            int refused = i < COUNT(hosts) && j < 2, rc = pcai_constraints_check(octets(constraints[j]), &names, &v);
            if (rc != (refused ? PCA_E_CONSTRAINT : PCA_OK) || strcmp(v.field, refused ? "common_name" : "") != 0)
                fail_msg("%s, %s: %s", text, constraints[j], pca_code_name(rc));
        }
        pcai_buf_free(&subject);
    }
}

/* Subtrees beyond the cap are not looked at: the whole is malformed, and refuses. */
static void pitfall_15_subtrees_are_capped(void **state)
{
    (void)state;
    struct general_name name = {PCA_SAN_DNS, pcai_slice_text("a.b")};
    struct subtree by;
    for (size_t count = PCAI_SUBTREES_READ_MAX; count <= PCAI_SUBTREES_READ_MAX + 1; count++) {
        struct buf out = {0};
        size_t outer = pcai_der_begin(&out, DER_SEQUENCE), list = pcai_der_begin(&out, DER_CONTEXT_CONSTRUCTED(1));
        for (size_t i = 0; i < count; i++)
            put_octets(&out, "30{82{'x.org'}}");
        pcai_der_end(&out, list);
        pcai_der_end(&out, outer);
        assert_int_equal(pcai_constraints_are_sound(pcai_buf_view(&out)), count == PCAI_SUBTREES_READ_MAX);
        assert_int_equal(pcai_constraints_allow(pcai_buf_view(&out), &name, &by), count == PCAI_SUBTREES_READ_MAX ? 1 : -1);
        pcai_buf_free(&out);
    }
}

/* Any octet changed or cut: no read past the end, for a sanitizer to see. */
static void changed_octets_do_no_harm(void **state)
{
    (void)state;
    struct slice whole = octets("30{A0{30{82{'example'}}30{A4{30{" C_DE "}}}30{81{'.example'}}30{86{'a.b'}}}A1{30{82{'x.example'}80{00}}30{87{0A000000FF000000}}}}");
    static const struct {
        int type;
        const char *name;
    } names[] = {{PCA_SAN_DNS, "'*.example'"}, {PCA_SAN_IP, "0A000001"}, {PCA_SAN_EMAIL, "'a@b.example'"}, {PCA_SAN_URI, "'https://u@a.b:1/'"}, {PCA_SAN_DIRECTORY, "30{" C_DE "}"}};
    for (size_t at = 0; at < whole.size; at++)
        for (int change = 0; change < 4; change++) {
            static const uint8_t masks[] = {0x01, 0x20, 0x80, 0xFF};
            size_t size = change == 3 ? at : whole.size;
            uint8_t *copy = malloc(size ? size : 1);
            memcpy(copy, whole.data, size);
            if (change < 3)
                copy[at] ^= masks[change];
            for (size_t i = 0; i < COUNT(names); i++) {
                struct subtree by;
                const struct general_name name = {names[i].type, octets(names[i].name)};
                int rc = pcai_constraints_allow(pcai_slice(copy, size), &name, &by);
                assert_true(rc >= -1 && rc <= 1);
            }
            free(copy);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pitfall_14_names_and_subtrees),
        cmocka_unit_test(subtrees_from_text),
        cmocka_unit_test(names_from_text),
        cmocka_unit_test(names_as_text_come_back),
        cmocka_unit_test(sixteen_attributes_from_text_and_no_more),
        cmocka_unit_test(names_that_are_the_same),
        cmocka_unit_test(constraints_are_written),
        cmocka_unit_test(constraints_that_are_malformed),
        cmocka_unit_test(doubts_count_against_the_name),
        cmocka_unit_test(every_name_of_a_certificate),
        cmocka_unit_test(common_names_that_match_hosts),
        cmocka_unit_test(pitfall_15_subtrees_are_capped),
        cmocka_unit_test(changed_octets_do_no_harm),
    };
    return cmocka_run_group_tests_name("constraints", tests, NULL, NULL);
}
