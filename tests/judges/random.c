/*
 * random DIR SEED COUNT: COUNT certificates asked for at random, every request of which libpca must grant.
 *
 * DIR/NAME/ for rsa p256 p384 p521 sm2 and constrained as tree.h says, without the chains' keys. Names run over the whole alphabet
 * and up to every bound, keys over every algorithm, validities over every form, custom certificates over what only they may have. A
 * tenth is revoked. The names below the constrained CA lie in what it permits.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chance.h"
#include "custom.h"
#include "tree.h"

#define CN_MAX 64
#define SAN_MAX 10
#define DAY 86400
#define CENTURY_DAYS 36524

/* ---- Requests ---- */

struct asked {
    pca_request *request;
    int type, constrained;
    const char *domain;                                     /* of every DNS name */
    char host[HOST_MAX + 1], mailbox[64 + 1 + HOST_MAX + 1]; /* names that a verifier is to find, "-" for none */
};

/* A verifier is asked for a name below a wildcard, and for the letters that libpca makes small. */
static void remember(char *held, const char *name)
{
    if (strcmp(held, "-") != 0 && one_in(2))
        return;
    strcpy(held, name);
    char *domain = strchr(held, '@');
    if (!domain && *held == '*')
        *held = 'w';
    for (char *p = domain ? domain : held; *p; p++)
        *p = (char)tolower((unsigned char)*p);
}

static void set_subject(pca_request *request)
{
    static int (*const set[])(pca_request *, const char *) = {pca_request_set_organization, pca_request_set_unit, pca_request_set_locality,
                                                               pca_request_set_state};
    static const uint64_t most[] = {64, 64, 128, 128};
    static const char *const countries[] = {"CN", "DE", "US", "JP", "BR", "ZA", "IN"};
    char value[4 * 128 + 1];
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        if (one_in(3))
            set[i](request, one_in(6) ? "" : text(value, most[i]));
    if (one_in(3))
        pca_request_set_country(request, one_in(6) ? "" : countries[between(0, sizeof countries / sizeof *countries - 1)]);
}

static void add_dns(struct asked *asked)
{
    char name[HOST_MAX + 1];
    pca_request_add_dns(asked->request, dns(name, HOST_MAX, asked->domain));
    remember(asked->host, name);
}

static void add_ip(struct asked *asked)
{
    char name[HOST_MAX + 1];
    pca_request_add_ip(asked->request, ip(name, asked->constrained));
    remember(asked->host, name);
}

static void add_person(struct asked *asked)
{
    char name[URI_MAX + 1];
    if (one_in(2)) {
        pca_request_add_uri(asked->request, uri(name, asked->constrained));
        return;
    }
    pca_request_add_email(asked->request, mail(name));
    remember(asked->mailbox, name);
}

static void set_alternative_names(struct asked *asked, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        int person = asked->type == PCA_CERT_CLIENT || (asked->type == PCA_CERT_BOTH && i > 0 && one_in(2)) ||
                     (asked->type == PCA_CERT_CUSTOM && one_in(2));
        if (person)
            add_person(asked);
        else if (one_in(3))
            add_ip(asked);
        else
            add_dns(asked);
    }
}

/* A server's is a host, and may be its only name. */
static void set_common_name(struct asked *asked)
{
    char name[4 * CN_MAX + 1];
    int person = asked->type == PCA_CERT_CLIENT || (asked->type == PCA_CERT_CUSTOM && one_in(2));
    if (person)
        text(name, CN_MAX);
    else if (!asked->constrained && one_in(4))
        ip(name, 0);
    else
        dns(name, CN_MAX, asked->domain);
    pca_request_set_common_name(asked->request, name);
    if (asked->type == PCA_CERT_SERVER || asked->type == PCA_CERT_BOTH)
        remember(asked->host, name);
}

/* Below a constraint on DNS names GnuTLS and Java take a common name for one where there is no other. */
static void set_names(struct asked *asked, uint64_t taken)
{
    int person = asked->type == PCA_CERT_CLIENT || asked->type == PCA_CERT_CUSTOM;
    int with_cn = !one_in(4) && !(asked->constrained && asked->type == PCA_CERT_CLIENT);
    if (asked->constrained && with_cn && person) {
        add_dns(asked);
        taken++;
    }
    uint64_t least = with_cn || taken ? 0 : 1;
    set_alternative_names(asked, one_in(8) ? SAN_MAX - taken : between(least, 4));
    if (with_cn)
        set_common_name(asked);
}

static void set_validity(struct tree *t, pca_request *request)
{
    int64_t now = (int64_t)time(NULL), from, longest = (one_in(2) ? 1 : CENTURY_DAYS - 1) * (int64_t)DAY;
    switch (between(0, 4)) {
    case 0:
        pca_request_set_days(request, (int64_t)between(1, one_in(2) ? 400 : CENTURY_DAYS));
        break;
    case 1:
        pca_request_set_months(request, (int64_t)between(1, 1200));
        break;
    case 2:
        pca_request_set_years(request, one_in(4) ? 100 : (int64_t)between(1, 100));
        break;
    case 3: /* from an hour on: it is to be read before it ends */
        from = (int64_t)between((uint64_t)pca_ca_not_before(pca_sub_ca(t->sub)), (uint64_t)now);
        pca_request_set_dates(request, from, now + 3600 + (int64_t)between(0, (uint64_t)longest));
        break;
    default:
        pca_request_set_longest(request);
    }
}

/* ---- Keys: a few for all ---- */

struct keys {
    int algorithm[3];
    struct spki spki[3];
};

static void make_keys(struct tree *t, struct keys *keys)
{
    static const int algorithms[][3] = {[PCA_FAMILY_RSA] = {PCA_KEY_RSA_2048, PCA_KEY_RSA_3072, PCA_KEY_RSA_4096},
                                        [PCA_FAMILY_ECC] = {PCA_KEY_EC_P256, PCA_KEY_EC_P384, PCA_KEY_EC_P521},
                                        [PCA_FAMILY_SM2] = {PCA_KEY_SM2, PCA_KEY_SM2, PCA_KEY_SM2}};
    for (size_t i = 0; i < 3; i++) {
        pca_cert *cert = NULL;
        pca_request *request = pca_request_new();
        keys->algorithm[i] = algorithms[t->family][i];
        pca_request_set_type(request, PCA_CERT_CLIENT);
        pca_request_set_common_name(request, "Key Maker");
        pca_request_set_key_algorithm(request, keys->algorithm[i]);
        pca_request_set_years(request, 1);
        tree_need(t, pca_sub_request(t->sub, request, &cert, t->err), "a key");
        tree_public_key(t, cert, &keys->spki[i]);
        pca_cert_free(cert);
        pca_request_free(request);
    }
}

static void set_key(const struct tree *t, pca_request *request, const struct keys *keys)
{
    size_t i = between(0, 2);
    if (t->family != PCA_FAMILY_RSA && one_in(3))
        pca_request_set_key_algorithm(request, keys->algorithm[i]);
    else
        pca_request_set_public_key(request, keys->spki[i].data, keys->spki[i].size);
}

/* ---- Trees ---- */

static const char permitted[] = ".permitted.example.com";

static void constrain(pca_request *request)
{
    pca_request_add_permitted(request, PCA_SAN_DNS, permitted + 1);
    pca_request_add_excluded(request, PCA_SAN_DNS, "secret.permitted.example.com");
    pca_request_add_permitted(request, PCA_SAN_IP, "10.0.0.0/8");
    pca_request_add_permitted(request, PCA_SAN_IP, "2001:db8::/32");
    pca_request_add_excluded(request, PCA_SAN_IP, "192.0.2.0/24");
}

static const struct tree trees[] = {
    {.name = "rsa", .family = PCA_FAMILY_RSA, .algorithm = PCA_KEY_RSA_2048},
    {.name = "p256", .family = PCA_FAMILY_ECC, .algorithm = PCA_KEY_EC_P256},
    {.name = "p384", .family = PCA_FAMILY_ECC, .algorithm = PCA_KEY_EC_P384},
    {.name = "p521", .family = PCA_FAMILY_ECC, .algorithm = PCA_KEY_EC_P521},
    {.name = "sm2", .family = PCA_FAMILY_SM2, .algorithm = PCA_KEY_SM2},
    {.name = "constrained", .family = PCA_FAMILY_ECC, .algorithm = PCA_KEY_EC_P256, .constrain = constrain},
};
#define TREES (sizeof trees / sizeof trees[0])

static int revoke(struct tree *t, const pca_cert *cert)
{
    static const int reasons[] = {PCA_REASON_UNSPECIFIED, PCA_REASON_KEY_COMPROMISE, PCA_REASON_AFFILIATION_CHANGED, PCA_REASON_SUPERSEDED,
                                  PCA_REASON_CESSATION_OF_OPERATION, PCA_REASON_PRIVILEGE_WITHDRAWN};
    if (!one_in(10))
        return -1;
    int reason = reasons[between(0, sizeof reasons / sizeof *reasons - 1)];
    tree_need(t, pca_cert_revoke(cert, reason, 0, NULL, t->err), "revoke");
    return reason;
}

/* What a verifier is asked: as a server under a host's name, as a client; that it is neither; of others, only who issued it. */
static void list(struct tree *t, const struct asked *asked, struct purposes purposes, const pca_cert *cert, const char *name, int reason)
{
    struct entry entry = {name, ".pem", "leaf", "server", asked->host, reason < 0 ? "ok" : "revoked", pca_cert_serial(cert), reason, 0};
    int server = (purposes.server || purposes.any) && strcmp(asked->host, "-") != 0, client = purposes.client || purposes.any;
    if (server)
        tree_list(t, &entry);
    entry.purpose = "client";
    entry.match = asked->mailbox;
    if (client)
        tree_list(t, &entry);
    entry.purpose = purposes.server ? "-" : "neither";
    entry.match = "-";
    if (!server && !client)
        tree_list(t, &entry);
}

static struct purposes set_purposes(struct asked *asked)
{
    if (asked->type == PCA_CERT_CUSTOM)
        return custom_purposes(asked->request);
    return (struct purposes){asked->type != PCA_CERT_CLIENT, asked->type != PCA_CERT_SERVER, 0};
}

static void issue(struct tree *t, const struct keys *keys, uint64_t index)
{
    static const int types[] = {PCA_CERT_SERVER, PCA_CERT_CLIENT, PCA_CERT_BOTH, PCA_CERT_CUSTOM};
    struct asked asked = {pca_request_new(), types[between(0, sizeof types / sizeof *types - 1)], t->constrain != NULL,
                          t->constrain ? permitted : "", "-", "-"};
    char name[24];
    pca_cert *cert = NULL;
    snprintf(name, sizeof name, "%05" PRIu64, index);
    pca_request_set_type(asked.request, asked.type);
    set_subject(asked.request);
    struct purposes purposes = set_purposes(&asked);
    set_names(&asked, asked.type == PCA_CERT_CUSTOM ? custom_extras(asked.request) : 0);
    set_key(t, asked.request, keys);
    set_validity(t, asked.request);
    if (one_in(4))
        pca_request_set_crl_address(asked.request, one_in(2));
    tree_need(t, pca_sub_request(t->sub, asked.request, &cert, t->err), name);
    tree_write_leaf(t, cert, name);
    list(t, &asked, purposes, cert, name, revoke(t, cert));
    pca_cert_free(cert);
    pca_request_free(asked.request);
}

struct wish {
    const char *directory;
    uint64_t seed, count;
};

static void make(const void *context, size_t index)
{
    const struct wish *wish = context;
    struct tree t = trees[index];
    struct keys keys;
    uint64_t count = wish->count / TREES + (index < wish->count % TREES);
    t.root_years = 200;
    t.sub_years = 150;
    t.certificates = count + 3;
    chance_begin(wish->seed + index);
    tree_open(&t, wish->directory);
    tree_need(&t, pca_region_policy_set(t.region, "short_lived", 1, t.err), "policy");
    make_keys(&t, &keys);
    for (uint64_t i = 0; i < count; i++)
        issue(&t, &keys, i);
    tree_list(&t, &(struct entry){"sub", ".pem", "sub", "-", "-", "ok", pca_ca_serial(pca_sub_ca(t.sub)), -1, 0});
    tree_write_crl(&t, pca_root_ca(t.root), "root");
    tree_write_crl(&t, pca_sub_ca(t.sub), "sub");
    tree_close(&t);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        tree_stop("usage: random DIR SEED COUNT");
    const struct wish wish = {argv[1], strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10)};
    return tree_make_all(argv[1], TREES, make, &wish);
}
