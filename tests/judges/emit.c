/*
 * emit DIR [NAME...]: makes private PKIs with libpca alone, for the judges to read (tree.h says what lies where).
 *
 * rsa2048 rsa3072 rsa4096 p256 p384 p521 sm2: CAs and leaves of one key algorithm. rsa2048-long, p256-long and sm2-long: a root
 * of 200 years, a subordinate of 150, a leaf of 100. p256-fallen: the subordinate is revoked. p256-crossed and -crossed-fallen: the
 * same by a cross-certificate. p384-csr: the subordinate's key in one region, the root's in another. Dates are the system clock's.
 */
#include <string.h>

#include "tree.h"

struct leaf {
    const char *name;
    int type;
    const char *purpose, *match;
    const char *common_name, *organization, *unit, *country, *state, *locality;
    const char *dns[3], *ip[3], *mail[2], *uri[2];
    int64_t years; /* 0: one */
    int own_key;   /* a key of its own even where keys are slow */
    int revoke;    /* reason + 1 */
    int since;     /* with an invalidity date */
};

static const struct leaf leaves[] = {
    {.name = "server", .type = PCA_CERT_SERVER, .purpose = "server", .match = "db1.internal", .common_name = "db1.internal",
     .dns = {"www.db1.internal"}, .own_key = 1},
    {.name = "client", .type = PCA_CERT_CLIENT, .purpose = "client", .match = "ada@example.com", .common_name = "Ada Lovelace",
     .mail = {"ada@example.com"}},
    {.name = "ip-server", .type = PCA_CERT_SERVER, .purpose = "server", .match = "192.0.2.10", .common_name = "192.0.2.10",
     .ip = {"2001:db8::10"}},
    {.name = "ipv6-server", .type = PCA_CERT_SERVER, .purpose = "server", .match = "2001:db8::11", .ip = {"2001:db8::11"}},
    {.name = "wildcard", .type = PCA_CERT_SERVER, .purpose = "server", .match = "blue.apps.internal",
     .common_name = "*.apps.internal"},
    {.name = "both", .type = PCA_CERT_BOTH, .purpose = "both", .match = "node7.internal", .common_name = "node7.internal",
     .ip = {"192.0.2.7"}, .mail = {"node7@example.com"}, .uri = {"spiffe://example.com/node/7"}},
    {.name = "cjk", .type = PCA_CERT_CLIENT, .purpose = "client", .match = "wang@example.com", .common_name = "王小明",
     .organization = "示例科技有限公司", .unit = "研发部", .country = "CN", .state = "浙江省", .locality = "杭州市",
     .mail = {"wang@example.com"}},
    {.name = "uri-client", .type = PCA_CERT_CLIENT, .purpose = "client", .match = "robots@example.com", .common_name = "robot 7",
     .mail = {"robot7@example.com", "robots@example.com"}, .uri = {"spiffe://example.com/robot/7", "https://robots.example.com/7"}},
    {.name = "plain-client", .type = PCA_CERT_CLIENT, .purpose = "client", .match = "-", .common_name = "No Names Given"},
    {.name = "idn-server", .type = PCA_CERT_SERVER, .purpose = "server", .match = "xn--bcher-kva.example.com",
     .common_name = "xn--bcher-kva.example.com"},
    {.name = "no-cn", .type = PCA_CERT_SERVER, .purpose = "server", .match = "no-cn.internal", .dns = {"no-cn.internal"}},
    {.name = "no-subject", .type = PCA_CERT_SERVER, .purpose = "server", .match = "no-subject.internal", .organization = "",
     .dns = {"no-subject.internal"}},
    {.name = "revoked", .type = PCA_CERT_SERVER, .purpose = "server", .match = "old.internal", .common_name = "old.internal",
     .revoke = PCA_REASON_KEY_COMPROMISE + 1, .since = 1},
    {.name = "revoked-client", .type = PCA_CERT_CLIENT, .purpose = "client", .match = "-", .common_name = "Gone Away",
     .revoke = PCA_REASON_UNSPECIFIED + 1},
    {.name = "moved", .type = PCA_CERT_CLIENT, .purpose = "client", .match = "-", .common_name = "Moved Department",
     .revoke = PCA_REASON_AFFILIATION_CHANGED + 1},
    {.name = "superseded", .type = PCA_CERT_SERVER, .purpose = "server", .match = "v1.internal", .common_name = "v1.internal",
     .revoke = PCA_REASON_SUPERSEDED + 1},
    {.name = "ceased", .type = PCA_CERT_SERVER, .purpose = "server", .match = "shut.internal", .common_name = "shut.internal",
     .revoke = PCA_REASON_CESSATION_OF_OPERATION + 1},
    {.name = "withdrawn", .type = PCA_CERT_CLIENT, .purpose = "client", .match = "-", .common_name = "No Longer Trusted",
     .revoke = PCA_REASON_PRIVILEGE_WITHDRAWN + 1, .since = 1},
};
#define LEAVES (sizeof leaves / sizeof leaves[0])

static const struct leaf century = {.name = "century", .type = PCA_CERT_SERVER, .purpose = "server", .match = "monument.internal",
                                    .common_name = "monument.internal", .years = 100, .own_key = 1};

struct plan {
    struct tree tree;
    const struct leaf *leaves;
    size_t count;
    int slow_keys; /* one key made by the library serves every leaf */
    int fallen;
};

#define USUAL(n, f, a) \
    .tree = {.name = n, .family = PCA_FAMILY_##f, .algorithm = PCA_KEY_##a, .root_years = 10, .sub_years = 5, .certificates = 100}
#define LONG(n, f, a) \
    .tree = {.name = n, .family = PCA_FAMILY_##f, .algorithm = PCA_KEY_##a, .root_years = 200, .sub_years = 150, .certificates = 1}
#define ALL .leaves = leaves, .count = LEAVES

static const struct plan plans[] = { /* the slow ones first */
    {USUAL("rsa4096", RSA, RSA_4096), ALL, .slow_keys = 1},
    {USUAL("rsa3072", RSA, RSA_3072), ALL, .slow_keys = 1},
    {USUAL("rsa2048", RSA, RSA_2048), ALL, .slow_keys = 1},
    {LONG("rsa2048-long", RSA, RSA_2048), .leaves = &century, .count = 1},
    {USUAL("p521", ECC, EC_P521), ALL},
    {USUAL("p384", ECC, EC_P384), ALL},
    {USUAL("p256", ECC, EC_P256), ALL},
    {USUAL("sm2", SM2, SM2), ALL},
    {LONG("p256-long", ECC, EC_P256), .leaves = &century, .count = 1},
    {LONG("sm2-long", SM2, SM2), .leaves = &century, .count = 1},
    {USUAL("p256-fallen", ECC, EC_P256), .leaves = leaves, .count = 1, .fallen = 1},
    {USUAL("p256-crossed", ECC, EC_P256), .tree.way = BY_CROSS, ALL},
    {USUAL("p256-crossed-fallen", ECC, EC_P256), .tree.way = BY_CROSS, .leaves = leaves, .count = 1, .fallen = 1},
    {USUAL("p384-csr", ECC, EC_P384), .tree.way = BY_CSR, ALL},
};
#define PLANS (sizeof plans / sizeof plans[0])

static void describe(pca_request *request, const struct leaf *leaf)
{
    pca_request_set_type(request, leaf->type);
    if (leaf->common_name)
        pca_request_set_common_name(request, leaf->common_name);
    if (leaf->organization)
        pca_request_set_organization(request, leaf->organization);
    if (leaf->unit)
        pca_request_set_unit(request, leaf->unit);
    if (leaf->country)
        pca_request_set_country(request, leaf->country);
    if (leaf->state)
        pca_request_set_state(request, leaf->state);
    if (leaf->locality)
        pca_request_set_locality(request, leaf->locality);
    for (size_t i = 0; i < 3; i++) {
        if (leaf->dns[i])
            pca_request_add_dns(request, leaf->dns[i]);
        if (leaf->ip[i])
            pca_request_add_ip(request, leaf->ip[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        if (leaf->mail[i])
            pca_request_add_email(request, leaf->mail[i]);
        if (leaf->uri[i])
            pca_request_add_uri(request, leaf->uri[i]);
    }
}

static void list_leaf(struct tree *t, const struct leaf *leaf, const pca_cert *cert, int expect_revoked, int64_t since)
{
    struct entry entry = {leaf->name, ".pem", "leaf", leaf->purpose, leaf->match, expect_revoked ? "revoked" : "ok",
                          pca_cert_serial(cert), leaf->revoke - 1, since};
    if (strcmp(leaf->purpose, "both") == 0) {
        entry.purpose = "server";
        tree_list(t, &entry);
        entry.purpose = "client";
        entry.match = "-";
    }
    tree_list(t, &entry);
}

static void write_leaf(struct tree *t, const struct plan *plan, const struct leaf *leaf, struct spki *spki)
{
    pca_cert *cert = NULL;
    int shared = plan->slow_keys && !leaf->own_key;
    pca_request *request = pca_request_new();
    describe(request, leaf);
    pca_request_set_years(request, leaf->years ? leaf->years : 1);
    if (shared)
        pca_request_set_public_key(request, spki->data, spki->size);
    else
        pca_request_set_key_algorithm(request, t->algorithm);
    tree_need(t, pca_sub_request(t->sub, request, &cert, t->err), leaf->name);
    pca_request_free(request);
    tree_write_leaf(t, cert, leaf->name);
    if (!shared) {
        tree_write_key(t, cert, leaf->name);
        if (!spki->size)
            tree_public_key(t, cert, spki);
    }
    int64_t since = leaf->since ? pca_cert_not_before(cert) : 0;
    if (leaf->revoke)
        tree_need(t, pca_cert_revoke(cert, leaf->revoke - 1, since, NULL, t->err), "revoke");
    list_leaf(t, leaf, cert, leaf->revoke || plan->fallen, since);
    pca_cert_free(cert);
}

static void emit(const char *directory, const struct plan *plan)
{
    struct tree t = plan->tree;
    struct spki spki = {.size = 0};
    tree_open(&t, directory);
    for (size_t i = 0; i < plan->count; i++)
        write_leaf(&t, plan, &plan->leaves[i], &spki);
    const pca_ca *sub = pca_sub_ca(t.sub);
    if (plan->fallen)
        tree_need(&t, pca_ca_revoke(sub, PCA_REASON_CA_COMPROMISE, 0, NULL, t.err), "revoke the subordinate");
    tree_list(&t, &(struct entry){"sub", ".pem", "sub", "-", "-", plan->fallen ? "revoked" : "ok", t.sub_serial,
                                  plan->fallen ? PCA_REASON_CA_COMPROMISE : -1, 0});
    tree_write_crl(&t, pca_root_ca(t.root), "root");
    tree_write_crl(&t, sub, "sub");
    tree_close(&t);
}

struct wish {
    const char *directory;
    char **names; /* NULL-terminated; none: every tree */
};

static void make(const void *context, size_t index)
{
    const struct wish *wish = context;
    int wanted = !*wish->names;
    for (char **name = wish->names; *name; name++)
        wanted |= strcmp(*name, plans[index].tree.name) == 0;
    if (wanted)
        emit(wish->directory, &plans[index]);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        tree_stop("usage: emit DIR [NAME...]");
    const struct wish wish = {argv[1], argv + 2};
    return tree_make_all(argv[1], PLANS, make, &wish);
}
