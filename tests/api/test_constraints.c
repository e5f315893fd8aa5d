/* Name constraints: given to a CA, borne by it, and enforced on all that is issued below it. */
#include "leaf.h"

static pca_sub *new_sub(struct fixture *f)
{
    pca_sub *sub = NULL;
    assert_ok(f->err, pca_root_purchase_sub(f->root, 120, NULL, &sub, f->err));
    return sub;
}

static void enable_as(struct fixture *f, pca_sub **sub, const pca_ca *parent, pca_request *request)
{
    assert_ok(f->err, parent ? pca_sub_enable_under(*sub, parent, request, f->err) : pca_sub_enable(*sub, request, f->err));
    pca_request_free(request);
    refresh_sub(f, sub);
}

/* A subordinate with one constraint and certificates to spend. */
static pca_sub *constrained_sub(struct fixture *f, int excluded, int type, const char *text)
{
    pca_sub *sub = new_sub(f);
    pca_request *r = request_new_ca("Constrained CA", NULL);
    assert_ok(NULL, excluded ? pca_request_add_excluded(r, type, text) : pca_request_add_permitted(r, type, text));
    enable_as(f, &sub, NULL, r);
    stock(f, f->root, sub, 100);
    return sub;
}

static const char *sub_name(const pca_sub *sub)
{
    return object_name("sub", pca_ca_id(pca_sub_ca(sub)));
}

static char *text_of_ca(struct fixture *f, const pca_ca *ca)
{
    return output_of("openssl", "x509", "-in", put_ca(f, "text_of_ca.pem", ca), "-noout", "-text");
}

/* ---- The table of pitfall 14, which tests/judges gives to other programs ---- */

#define COLUMNS 7

struct row {
    char *list, *kind, *constraint, *name_kind, *name, *verdict, *differs;
};

static int type_of(const char *kind)
{
    return strcmp(kind, "dns") == 0 ? PCA_SAN_DNS : strcmp(kind, "ip") == 0 ? PCA_SAN_IP : strcmp(kind, "email") == 0 ? PCA_SAN_EMAIL : strcmp(kind, "uri") == 0 ? PCA_SAN_URI : PCA_SAN_DIRECTORY;
}

static size_t read_table(char *text, struct row *rows, size_t most)
{
    size_t count = 0;
    for (char *line = strchr(text, '\n') + 1; *line; count++) {
        char *cells[COLUMNS], *end = strchr(line, '\n');
        assert_true(count < most);
        *end = 0;
        for (size_t i = 0; i < COLUMNS; i++) {
            cells[i] = line;
            line += strcspn(line, "\t");
            if (*line)
                *line++ = 0;
        }
        rows[count] = (struct row){cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6]};
        line = end + 1;
    }
    return count;
}

/* CN, OU, O and C of a text without escapes. */
static void set_subject(pca_request *r, const char *text)
{
    char copy[128], *save = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *part = strtok_r(copy, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
        char *value = strchr(part, '=') + 1;
        if (strncmp(part, "CN", 2) == 0)
            pca_request_set_common_name(r, value);
        else if (strncmp(part, "OU", 2) == 0)
            pca_request_set_unit(r, value);
        else if (*part == 'O')
            pca_request_set_organization(r, value);
        else
            pca_request_set_country(r, value);
    }
}

static pca_request *request_of_row(const struct row *row)
{
    int host = strcmp(row->name_kind, "dns") == 0 || strcmp(row->name_kind, "ip") == 0, subject = strcmp(row->name_kind, "subject") == 0;
    int address = strcmp(row->name_kind, "subject email") == 0;
    pca_request *r = request_new_leaf(host ? PCA_CERT_SERVER : address ? PCA_CERT_CUSTOM : PCA_CERT_CLIENT, NULL);
    pca_request_set_years(r, 1);
    pca_request_set_organization(r, subject ? "" : "Leaf");
    if (subject)
        set_subject(r, row->name);
    else if (strcmp(row->name_kind, "common name") == 0)
        pca_request_set_common_name(r, row->name);
    else if (strcmp(row->name_kind, "dns") == 0)
        pca_request_add_dns(r, row->name);
    else if (strcmp(row->name_kind, "ip") == 0)
        pca_request_add_ip(r, row->name);
    else if (strcmp(row->name_kind, "uri") == 0)
        pca_request_add_uri(r, row->name);
    else
        pca_request_add_email(r, row->name);
    if (address)
        pca_request_add_subject_oid(r, "1.2.840.113549.1.9.1", row->name);
    return r;
}

/* Names that no certificate of libpca's bears under any CA, and subjects in an order that it does not write. */
static int is_asked(const struct row *row)
{
    size_t size = strlen(row->name);
    return row->name[size - 1] != '.' && !strstr(row->name, "*.com") && !strstr(row->name, "@evil") && !strstr(row->name, "C=DE,CN=") && !strstr(row->name, "OU=Unit,C=");
}

static int issue_row(struct fixture *f, const pca_sub *sub, const struct row *row)
{
    int allowed = strcmp(row->verdict, "allowed") == 0;
    pca_request *r = request_of_row(row);
    if (allowed) {
        pca_cert *cert = NULL;
        assert_ok(f->err, pca_sub_request(sub, r, &cert, f->err));
        if (!strstr(row->differs, "openssl"))
            assert_run(0, "openssl", "verify", "-x509_strict", "-attime", "1800014500", "-CAfile", put_ca(f, "row-root.pem", pca_root_ca(f->root)), "-untrusted",
                       put_ca(f, "row-sub.pem", pca_sub_ca(sub)), put_cert(f, "row.pem", cert));
        pca_cert_free(cert);
    } else {
        check_refused(f, sub, r, PCA_E_CONSTRAINT, sub_name(sub), NULL, strcmp(row->list, "excluded") == 0 ? "excludes" : "permits", row->name, __FILE__, __LINE__);
    }
    pca_request_free(r);
    return allowed;
}

static void pitfall_14_a_table_of_names(void **state)
{
    struct fixture *f = *state;
    static struct row rows[300];
    char *text = (char *)file_read(PCA_SOURCE_ROOT "/tests/vectors/name_constraints.tsv", NULL);
    size_t count = read_table(text, rows, COUNT(rows)), granted = 0, asked = 0;
    pca_sub *sub = NULL;
    const struct row *of = NULL;
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 10000, NULL, NULL, f->err));
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        int foreign = strcmp(row->kind, "dns") == 0 && (*row->constraint == '.' || !*row->constraint); /* others write such */
        if (foreign || !is_asked(row))
            continue;
        if (!of || strcmp(of->list, row->list) != 0 || strcmp(of->kind, row->kind) != 0 || strcmp(of->constraint, row->constraint) != 0) {
            pca_sub_free(sub);
            sub = constrained_sub(f, strcmp(row->list, "excluded") == 0, type_of(row->kind), row->constraint);
            of = row;
        }
        granted += (size_t)issue_row(f, sub, row);
        asked++;
    }
    assert_true(asked > 120);
    assert_true(granted > 50 && asked - granted > 50);
    pca_sub_free(sub);
    free(text);
}

/* ---- What a CA bears ---- */

static pca_request *many_constraints(const char *common_name)
{
    pca_request *r = request_new_ca(common_name, NULL);
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_DNS, "Example.com"));
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_IP, "10.0.0.0/8"));
    assert_ok(NULL, pca_request_add_excluded(r, PCA_SAN_DNS, "secret.example.com"));
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_IP, "2001:db8::/32"));
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_EMAIL, ".example.com"));
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_URI, ".example.com"));
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_DIRECTORY, "O=Example,C=DE"));
    assert_ok(NULL, pca_request_add_excluded(r, PCA_SAN_IP, "10.1.0.0/16"));
    return r;
}

static void assert_constrained(struct fixture *f, const pca_ca *ca)
{
    char *text = text_of_ca(f, ca);
    assert_contains(text, "X509v3 Name Constraints: critical\n"
                          "                Permitted:\n"
                          "                  DNS:example.com\n"
                          "                  IP:10.0.0.0/255.0.0.0\n"
                          "                  IP:2001:DB8:0:0:0:0:0:0/FFFF:FFFF:0:0:0:0:0:0\n"
                          "                  email:.example.com\n"
                          "                  URI:.example.com\n"
                          "                  DirName:C");
    assert_true(strstr(text, "DirName:C = DE, O = Example\n") || strstr(text, "DirName:C=DE, O=Example\n")); /* as openssl has it by version */
    assert_contains(text, "                Excluded:\n"
                          "                  DNS:secret.example.com\n"
                          "                  IP:10.1.0.0/255.255.0.0\n");
    free(text);
}

/* By reissue and rekey the constraints stay; certificates of each generation are checked. */
static void constraints_are_kept(void **state)
{
    struct fixture *f = *state;
    pca_sub *sub = new_sub(f);
    enable_as(f, &sub, NULL, many_constraints("Constrained"));
    stock(f, f->root, sub, 10);
    for (int step = 0; step < 3; step++) {
        pca_request *r = pca_request_new(), *good = request_new_server("a.example.com"), *bad = request_new_server("a.example.org");
        if (step)
            assert_ok(f->err, step == 1 ? pca_ca_reissue(pca_sub_ca(sub), r, f->err) : pca_ca_rekey(pca_sub_ca(sub), r, f->err));
        refresh_sub(f, &sub);
        assert_constrained(f, pca_sub_ca(sub));
        pca_cert *cert = NULL;
        assert_ok(NULL, pca_request_add_ip(good, "10.2.0.1"));
        assert_ok(f->err, pca_sub_request(sub, good, &cert, f->err));
        pca_cert_free(cert);
        assert_refused(f, sub, bad, PCA_E_CONSTRAINT, sub_name(sub), "common_name", "example.com");
        pca_request_free(r);
        pca_request_free(good);
        pca_request_free(bad);
    }
    pca_sub_free(sub);
}

static void each_name_by_its_field(void **state)
{
    struct fixture *f = *state;
    pca_sub *sub = new_sub(f);
    enable_as(f, &sub, NULL, many_constraints("Constrained"));
    stock(f, f->root, sub, 10);
    const struct refusal rows[] = {
        {"the third DNS name", {.dns = {"a.example.com", "b.example.com", "c.example.org"}}, PCA_E_CONSTRAINT, "san[2]", "DNS example.com"},
        {"an excluded name", {.cn = "a.example.com", .dns = {"x.secret.example.com"}}, PCA_E_CONSTRAINT, "san[0]", "DNS secret.example.com"},
        {"a wildcard over it", {.cn = "*.example.com"}, PCA_E_CONSTRAINT, "common_name", "secret.example.com"},
        {"an address", {.cn = "a.example.com", .ip = {"192.0.2.1"}}, PCA_E_CONSTRAINT, "san[0]", "IP 10.0.0.0/8"},
        {"an excluded address", {.cn = "a.example.com", .ip = {"10.1.2.3"}}, PCA_E_CONSTRAINT, "san[0]", "IP 10.1.0.0/16"},
        {"IPv6", {.cn = "2001:db9::1"}, PCA_E_CONSTRAINT, "common_name", "IP 10.0.0.0/8"},
        {"e-mail", {.type = PCA_CERT_CLIENT, .email = {"ada@mail.example.com", "ada@example.com"}}, PCA_E_CONSTRAINT, "san[1]", "e-mail .example.com"},
        {"a URI", {.type = PCA_CERT_CLIENT, .uri = {"https://www.example.org/"}}, PCA_E_CONSTRAINT, "san[0]", "URI .example.com"},
        {"the subject", {.type = PCA_CERT_CLIENT, .cn = "Ada", .organization = "Other", .country = "DE"}, PCA_E_CONSTRAINT, "subject", "directory O=Example,C=DE"},
        {"no organization", {.type = PCA_CERT_CLIENT, .cn = "Ada", .country = "DE"}, PCA_E_CONSTRAINT, "subject", "directory O=Example,C=DE"},
        {"a client's common name", {.type = PCA_CERT_CLIENT, .cn = "a.example.org"}, PCA_E_CONSTRAINT, "common_name", "DNS example.com"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_request *request = request_of(&rows[i].wish);
        check_refused(f, sub, request, rows[i].code, sub_name(sub), rows[i].field, rows[i].part, rows[i].label, __FILE__, __LINE__);
        pca_request_free(request);
    }
    pca_cert *cert = issue_as(f, sub, .type = PCA_CERT_BOTH, .cn = "a.example.com", .ip = {"10.2.0.1"}, .email = {"a@mail.example.com"}, .uri = {"https://www.example.com/"});
    assert_string_equal(pca_cert_subject(cert), "CN=a.example.com,O=Example,C=DE");
    pca_cert_free(cert);
    cert = issue_as(f, sub, .organization = "", .dns = {"no-subject.example.com"}); /* an empty subject is no directory name */
    assert_string_equal(pca_cert_subject(cert), "");
    pca_cert_free(cert);
    pca_sub_free(sub);
}

/* ---- Below ---- */

/* The root, a CA with a constraint, one without, one with another: what is issued at the end obeys all. */
static void every_ca_above_counts(void **state)
{
    struct fixture *f = *state;
    pca_sub *top = new_sub(f), *middle = new_sub(f), *low = new_sub(f);
    pca_request *r = request_new_ca("Top", NULL);
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_DNS, "example.com"));
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_DIRECTORY, "O=Example,C=DE"));
    pca_request_set_path_length(r, 2);
    enable_as(f, &top, NULL, r);
    r = request_new_ca("Middle", NULL);
    pca_request_set_path_length(r, 1);
    enable_as(f, &middle, pca_sub_ca(top), r);
    r = request_new_ca("Low", NULL);
    assert_ok(NULL, pca_request_add_excluded(r, PCA_SAN_DNS, "b.example.com"));
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_DNS, "example.org")); /* does not widen what is above */
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_DNS, "example.com"));
    enable_as(f, &low, pca_sub_ca(middle), r);
    stock(f, f->root, low, 10);
    static const struct {
        const char *cn;
        int by_low;
    } refused[] = {{"a.example.org", 0}, {"a.example.net", 1}, {"b.example.com", 1}, {"x.b.example.com", 1}, {"example.org", 0}};
    for (size_t i = 0; i < COUNT(refused); i++) {
        pca_request *request = request_new_server(refused[i].cn);
        check_refused(f, low, request, PCA_E_CONSTRAINT, sub_name(refused[i].by_low ? low : top), "common_name", NULL, refused[i].cn, __FILE__, __LINE__);
        pca_request_free(request);
    }
    pca_cert *cert = issue(f, low, "a.example.com");
    put_ca(f, "low.pem", pca_sub_ca(low));
    put_ca(f, "middle.pem", pca_sub_ca(middle));
    put_ca(f, "top.pem", pca_sub_ca(top));
    assert_run(0, "openssl", "verify", "-x509_strict", "-attime", "1800014500", "-CAfile", put_ca(f, "root.pem", pca_root_ca(f->root)), "-untrusted", file_path(f, "top.pem"),
               "-untrusted", file_path(f, "middle.pem"), "-untrusted", file_path(f, "low.pem"), put_cert(f, "leaf.pem", cert));
    pca_cert_free(cert);
    pca_sub_free(top);
    pca_sub_free(middle);
    pca_sub_free(low);
}

/* A CA's subject is a directory name, and its e-mail address one too. */
static void subjects_of_cas_below(void **state)
{
    struct fixture *f = *state;
    pca_sub *top = new_sub(f), *low = new_sub(f);
    pca_request *r = request_new_ca("Top", NULL);
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_DIRECTORY, "O=Example,C=DE"));
    assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_DNS, "example.com"));
    pca_request_set_path_length(r, 1);
    enable_as(f, &top, NULL, r);
    r = request_new_ca("Low", NULL);
    pca_request_set_organization(r, "Other");
    char *before = snapshot_store(f);
    assert_refusal(f->err, PCA_E_CONSTRAINT, sub_name(top), "subject", pca_sub_enable_under(low, pca_sub_ca(top), r, f->err));
    assert_message(f->err, "O=Example,C=DE");
    assert_store_unchanged(f, before);
    pca_request_set_organization(r, "example"); /* in another case it is the same */
    pca_request_set_common_name(r, "low.example.org"); /* a CA's common name is no host */
    enable_as(f, &low, pca_sub_ca(top), r);
    stock(f, f->root, low, 1);
    pca_cert *cert = issue(f, low, "a.example.com");
    assert_run(0, "openssl", "verify", "-x509_strict", "-attime", "1800014500", "-CAfile", put_ca(f, "root.pem", pca_root_ca(f->root)), "-untrusted", put_ca(f, "top.pem", pca_sub_ca(top)),
               "-untrusted", put_ca(f, "low.pem", pca_sub_ca(low)), put_cert(f, "leaf.pem", cert));
    pca_cert_free(cert);
    r = pca_request_new();
    assert_ok(f->err, pca_ca_rekey(pca_sub_ca(low), r, f->err)); /* and so it stays */
    pca_request_free(r);
    pca_sub_free(top);
    pca_sub_free(low);
}

/* The same subject in other letters is the issuer's all the same. */
static void a_subject_like_the_issuers(void **state)
{
    struct fixture *f = *state;
    pca_sub *sub = new_sub(f);
    pca_request *r = request_new_ca("TEST  root", NULL);
    assert_refusal(f->err, PCA_E_NAME, "request", "common_name", pca_sub_enable(sub, r, f->err));
    pca_request_free(r);
    pca_sub_free(sub);
}

/* A CA whose key lives elsewhere bears constraints too. */
static void constraints_on_a_ca_elsewhere(void **state)
{
    struct fixture *f = *state;
    pca_sub *sub = new_sub(f);
    const char *path = file_path(f, "ca.csr");
    size_t size;
    assert_run(0, "openssl", "req", "-new", "-key", make_key(f, "ca", "EC", "ec_paramgen_curve:P-256"), "-subj", "/CN=Elsewhere", "-outform", "DER", "-out", path);
    uint8_t *csr = file_read(path, &size);
    pca_request *r = many_constraints("Elsewhere");
    assert_ok(NULL, pca_request_set_csr(r, csr, size));
    enable_as(f, &sub, NULL, r);
    assert_constrained(f, pca_sub_ca(sub));
    free(csr);
    pca_sub_free(sub);
}

/* The same name by request, from a CSR, and in a custom certificate. */
static void pitfall_11_names_from_every_side(void **state)
{
    struct fixture *f = *state;
    pca_sub *sub = constrained_sub(f, 0, PCA_SAN_DNS, "example.com");
    const char *path = file_path(f, "leaf.csr"), *key = make_key(f, "leaf", "EC", "ec_paramgen_curve:P-256");
    size_t size;
    assert_run(0, "openssl", "req", "-new", "-key", key, "-subj", "/CN=a.example.org", "-addext", "subjectAltName=DNS:a.example.com,DNS:a.example.org", "-outform", "DER", "-out", path);
    uint8_t *csr = file_read(path, &size);
    for (int way = 0; way < 6; way++) {
        pca_request *r = request_new_leaf(way >= 4 ? PCA_CERT_CUSTOM : PCA_CERT_SERVER, way == 5 ? "a.example.org" : NULL);
        pca_request_set_years(r, 1);
        if (way == 1 || way == 2 || way == 3)
            assert_ok(NULL, pca_request_set_csr(r, csr, size));
        if (way == 1 || way == 3)
            pca_request_use_csr_san(r);
        if (way == 2 || way == 3)
            pca_request_use_csr_subject(r);
        if (way == 0 || way == 4) {
            pca_request_add_dns(r, "a.example.com");
            pca_request_add_dns(r, "a.example.org");
        }
        assert_refused(f, sub, r, PCA_E_CONSTRAINT, sub_name(sub), way == 2 || way == 5 ? "common_name" : "san[1]", "DNS example.com");
        pca_request_free(r);
    }
    free(csr);
    pca_sub_free(sub);
}

static void pitfall_34_a_note_for_mbedtls(void **state)
{
    struct fixture *f = *state;
    pca_sub *sub = constrained_sub(f, 0, PCA_SAN_DNS, "example.com");
    pca_request *r = request_new_server("a.example.com");
    for (int constrained = 0; constrained < 2; constrained++) {
        pca_findings *findings = NULL;
        int found = 0;
        assert_ok(f->err, pca_sub_check_request(constrained ? sub : f->sub, r, &findings, f->err));
        for (uint64_t i = 0; i < pca_findings_count(findings); i++)
            found += strcmp(pca_findings_name(findings, i), "mbedtls_critical_set") == 0 && pca_findings_severity(findings, i) == 1;
        assert_int_equal(found, constrained);
        pca_findings_free(findings);
    }
    pca_request_free(r);
    pca_sub_free(sub);
}

/* ---- Refusals of what is given ---- */

static void refused_constraints(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int type;
        const char *text;
    } rows[] = {
        {PCA_SAN_DNS, ""}, {PCA_SAN_DNS, ".example.com"}, {PCA_SAN_DNS, "*.example.com"}, {PCA_SAN_DNS, "example.com."}, {PCA_SAN_DNS, "a b"}, {PCA_SAN_DNS, NULL},
        {PCA_SAN_IP, "10.0.0.1/8"}, {PCA_SAN_IP, "10.0.0.0"}, {PCA_SAN_IP, "10.0.0.0/33"}, {PCA_SAN_IP, ""}, {PCA_SAN_EMAIL, "a@"}, {PCA_SAN_EMAIL, ""}, {PCA_SAN_URI, "https://a.b/"},
        {PCA_SAN_URI, "internal"}, {PCA_SAN_DIRECTORY, ""}, {PCA_SAN_DIRECTORY, "O"}, {PCA_SAN_DIRECTORY, "C=Germany"}, {0, "a"}, {3, "a"}, {8, "a"}, {-1, "a"}, {99, "a"},
    };
    pca_sub *sub = new_sub(f);
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int excluded = 0; excluded < 2; excluded++) {
            pca_request *r = request_new_ca("Bad", NULL);
            assert_ok(NULL, pca_request_add_permitted(r, PCA_SAN_DNS, "a"));
            assert_ok(NULL, pca_request_add_excluded(r, PCA_SAN_DNS, "b"));
            assert_int_equal(excluded ? pca_request_add_excluded(r, rows[i].type, rows[i].text) : pca_request_add_permitted(r, rows[i].type, rows[i].text), PCA_E_INVALID);
            assert_refusal(f->err, PCA_E_INVALID, "request", excluded ? "excluded[1]" : "permitted[1]", pca_sub_enable(sub, r, f->err));
            pca_request_free(r);
        }
    assert_int_equal(pca_request_add_permitted(NULL, PCA_SAN_DNS, "a"), PCA_E_INVALID);
    assert_int_equal(pca_request_add_excluded(NULL, PCA_SAN_DNS, "a"), PCA_E_INVALID);
    pca_sub_free(sub);
}

static void who_takes_no_constraints(void **state)
{
    struct fixture *f = *state;
    pca_root *root = NULL;
    for (int excluded = 0; excluded < 2; excluded++) {
        const char *field = excluded ? "excluded[0]" : "permitted[0]";
        pca_request *leaf = request_new_server("a.example.com"), *of_root = request_new_ca("Root 2", NULL), *again = pca_request_new();
        pca_request *const all[] = {leaf, of_root, again};
        for (size_t i = 0; i < COUNT(all); i++)
            assert_ok(NULL, excluded ? pca_request_add_excluded(all[i], PCA_SAN_DNS, "example.com") : pca_request_add_permitted(all[i], PCA_SAN_DNS, "example.com"));
        assert_refused(f, f->sub, leaf, PCA_E_INVALID, "request", field, NULL);
        purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &root, NULL);
        assert_refusal(f->err, PCA_E_INVALID, "request", field, pca_root_enable(root, of_root, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "request", field, pca_ca_reissue(pca_sub_ca(f->sub), again, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "request", field, pca_ca_rekey(pca_sub_ca(f->sub), again, f->err));
        pca_root_free(root);
        for (size_t i = 0; i < COUNT(all); i++)
            pca_request_free(all[i]);
    }
}

static void sixty_four_and_no_more(void **state)
{
    struct fixture *f = *state;
    pca_sub *sub = new_sub(f);
    pca_request *r = request_new_ca("Many", NULL), *copy = NULL;
    for (int i = 0; i < 64; i++) {
        char text[32];
        snprintf(text, sizeof text, "d%d.example.com", i);
        assert_ok(NULL, i % 2 ? pca_request_add_excluded(r, PCA_SAN_DNS, text) : pca_request_add_permitted(r, PCA_SAN_DNS, text));
    }
    assert_ok(f->err, pca_request_clone(r, &copy, f->err));
    assert_int_equal(pca_request_add_permitted(r, PCA_SAN_DNS, "more"), PCA_E_INVALID);
    assert_refusal(f->err, PCA_E_INVALID, "request", "permitted[32]", pca_sub_enable(sub, r, f->err));
    assert_message(f->err, "64");
    pca_request_free(r);
    enable_as(f, &sub, NULL, copy);
    char *text = text_of_ca(f, pca_sub_ca(sub));
    assert_int_equal(occurrences(text, "DNS:d"), 64);
    free(text);
    pca_sub_free(sub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ECC(pitfall_14_a_table_of_names),
        TEST_ECC(constraints_are_kept),
        TEST_ECC(each_name_by_its_field),
        TEST_ECC(every_ca_above_counts),
        TEST_ECC(subjects_of_cas_below),
        TEST_ECC(a_subject_like_the_issuers),
        TEST_ECC(constraints_on_a_ca_elsewhere),
        TEST_ECC(pitfall_11_names_from_every_side),
        TEST_ECC(pitfall_34_a_note_for_mbedtls),
        TEST_ECC(refused_constraints),
        TEST_ECC(who_takes_no_constraints),
        TEST_ECC(sixty_four_and_no_more),
    };
    return cmocka_run_group_tests_name("constraints", tests, NULL, NULL);
}
