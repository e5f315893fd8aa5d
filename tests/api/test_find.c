/* Finding: every query against a model that the test keeps itself, pages while others write, counts, the ledger. */
#include "leaf.h"

#include <stdatomic.h>

/* ---- The model: what was issued, as the test remembers it ---- */

#define ITEMS 400
#define NAMES 6
#define TAGS 3

struct item {
    uint64_t id, issuer, changed;
    int type, status; /* 0: deleted */
    char serial[48];
    const char *names[NAMES];
    size_t name_count;
    const char *alias, *custom_id;
    const char *tags[TAGS][2];
    int64_t not_after;
};
static struct item items[ITEMS];
static unsigned customs;
static size_t item_count;

static uint64_t seed;
static unsigned below(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 11) % n);
}

/* Texts that live as long as the program. */
static const char *keep(const char *format, ...)
{
    static char pool[1 << 18];
    static size_t used;
    va_list args;
    va_start(args, format);
    const char *at = pool + used;
    used += (size_t)vsnprintf(pool + used, sizeof pool - used, format, args) + 1;
    va_end(args);
    assert_true(used < sizeof pool);
    return at;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int same_name(const char *a, const char *b)
{
    for (; *a && lower(*a) == lower(*b); a++, b++)
        ;
    return lower(*a) == lower(*b);
}

static int begins_with(const char *text, const char *prefix)
{
    for (; *prefix && lower(*text) == lower(*prefix); text++, prefix++)
        ;
    return !*prefix;
}

/* ---- Questions ---- */

struct ask {
    uint64_t issuer;
    int status, type;
    const char *name, *canonical, *prefix, *serial, *canonical_serial, *alias, *custom_id, *tag[2];
    int64_t expires;
    uint64_t changed_since;
};

static int bears(const struct item *item, const char *name)
{
    for (size_t i = 0; i < item->name_count; i++)
        if (same_name(item->names[i], name))
            return 1;
    return 0;
}

/* The first of its names that begins so, in lower case; NULL. */
static const char *first_name(const struct item *item, const char *prefix)
{
    const char *first = NULL;
    for (size_t i = 0; i < item->name_count; i++) {
        const char *name = item->names[i];
        if (!begins_with(name, prefix))
            continue;
        size_t j = 0;
        while (first && lower(first[j]) == lower(name[j]) && name[j])
            j++;
        if (!first || (unsigned char)lower(name[j]) < (unsigned char)lower(first[j]))
            first = name;
    }
    return first;
}

static int has_tag(const struct item *item, const char *const tag[2])
{
    for (int i = 0; i < TAGS; i++)
        if (item->tags[i][0] && strcmp(item->tags[i][0], tag[0]) == 0)
            return strcmp(item->tags[i][1], tag[1]) == 0;
    return 0;
}

static int same_text(const char *asked, const char *held)
{
    return !asked || (held && strcmp(asked, held) == 0);
}

static int answers(const struct item *item, const struct ask *ask)
{
    const char *name = ask->canonical ? ask->canonical : ask->name, *serial = ask->canonical_serial ? ask->canonical_serial : ask->serial;
    return item->status && (!ask->issuer || item->issuer == ask->issuer) && (!ask->status || item->status == ask->status) &&
           (!ask->type || item->type == ask->type) && (!name || bears(item, name)) && (!ask->prefix || first_name(item, ask->prefix)) &&
           same_text(serial, item->serial) && same_text(ask->alias, item->alias) && same_text(ask->custom_id, item->custom_id) &&
           (!ask->tag[0] || has_tag(item, ask->tag)) && (!ask->expires || item->not_after < ask->expires) && item->changed > ask->changed_since;
}

static pca_query *query_of(const struct ask *ask, uint64_t limit)
{
    pca_query *query = pca_query_new();
    assert_non_null(query);
    assert_ok(NULL, pca_query_set_issuer(query, ask->issuer));
    assert_ok(NULL, pca_query_set_status(query, ask->status));
    assert_ok(NULL, pca_query_set_type(query, ask->type));
    assert_ok(NULL, pca_query_set_name(query, ask->name));
    assert_ok(NULL, pca_query_set_name_prefix(query, ask->prefix));
    assert_ok(NULL, pca_query_set_serial(query, ask->serial));
    assert_ok(NULL, pca_query_set_alias(query, ask->alias));
    assert_ok(NULL, pca_query_set_custom_id(query, ask->custom_id));
    assert_ok(NULL, pca_query_set_tag(query, ask->tag[0], ask->tag[1]));
    assert_ok(NULL, pca_query_set_expires(query, ask->expires));
    assert_ok(NULL, pca_query_set_changed_since(query, ask->changed_since));
    assert_ok(NULL, pca_query_set_limit(query, limit));
    return query;
}

static void describe(const struct ask *a)
{
    print_error("asked: issuer %u status %d type %d name %s prefix %s serial %s alias %s custom id %s tag %s expires %lld changed %u\n",
                (unsigned)a->issuer, a->status, a->type, a->name ? a->name : "-", a->prefix ? a->prefix : "-", a->serial ? a->serial : "-",
                a->alias ? a->alias : "-", a->custom_id ? a->custom_id : "-", a->tag[0] ? a->tag[0] : "-", (long long)a->expires,
                (unsigned)a->changed_since);
}

static struct item *item_of(uint64_t id)
{
    for (size_t i = 0; i < item_count; i++)
        if (items[i].id == id)
            return &items[i];
    return NULL;
}

/* Where an item stands in the page's order: negative, 0, positive as for strcmp. Long names stand by their digest. */
static int in_order(const struct ask *ask, const struct item *a, const struct item *b)
{
    int64_t difference = 0;
    if (!ask->custom_id && !ask->serial && !ask->name && !ask->alias && !ask->tag[0]) {
        if (ask->prefix) {
            const char *x = first_name(a, ask->prefix), *y = first_name(b, ask->prefix);
            if (strlen(x) > 168 || strlen(y) > 168)
                return -1;
            for (; *x && lower(*x) == lower(*y); x++, y++)
                ;
            difference = (unsigned char)lower(*x) - (unsigned char)lower(*y);
        } else if (ask->changed_since) {
            difference = (int64_t)(a->changed - b->changed);
        } else if (ask->expires) {
            difference = a->not_after / DAY - b->not_after / DAY;
        }
    }
    return difference ? (difference < 0 ? -1 : 1) : a->id < b->id ? -1 : 1;
}

static int is_counted(const struct ask *a)
{
    return !a->name && !a->prefix && !a->serial && !a->alias && !a->custom_id && !a->tag[0] && !a->expires && !a->changed_since;
}

/* All pages of one question: as many, each once, in order, and the totals on the way. */
static void compare(struct fixture *f, const struct ask *ask, uint64_t limit, const char *file, int line)
{
    size_t expected = 0, seen = 0, pages = 0;
    static char found[ITEMS];
    const struct item *before = NULL;
    pca_query *query = query_of(ask, limit);
    pca_page *page = NULL;
    char next[1024] = "";
    int good = 1, exact = -1;
    memset(found, 0, sizeof found);
    for (size_t i = 0; i < item_count; i++)
        expected += (size_t)answers(&items[i], ask);
    do {
        assert_ok(NULL, pca_query_set_after(query, next));
        page = NULL;
        int rc = pca_region_find_certs(f->region, query, &page, f->err);
        if (rc != PCA_OK)
            describe(ask);
        check_code(f->err, PCA_OK, rc, "pca_region_find_certs", file, line);
        good = good && pca_page_count(page) <= limit;
        for (uint64_t i = 0; i < pca_page_count(page); i++, seen++) {
            const struct item *item = item_of(pca_cert_id(pca_page_cert_at(page, i)));
            good = good && item && answers(item, ask) && !found[item - items] && (!before || in_order(ask, before, item) < 0);
            if (item)
                found[item - items] = 1;
            before = item;
        }
        uint64_t total = pca_page_total(page, &exact);
        int last = !*pca_page_next(page);
        snprintf(next, sizeof next, "%s", pca_page_next(page));
        good = good && (is_counted(ask) ? exact && total == expected : exact == last && total == (limit ? seen : expected));
        pages++;
        pca_page_free(page);
    } while (*next && good);
    pca_query_free(query);
    if (!good || (limit && seen != expected) || (limit && pages > expected / limit + 1)) {
        describe(ask);
        print_error("%u of %u came on %u pages of %u, total exact %d\n", (unsigned)seen, (unsigned)expected, (unsigned)pages, (unsigned)limit, exact);
        _fail(file, line);
    }
}

static void compare_all_limits(struct fixture *f, const struct ask *ask, const char *file, int line)
{
    static const uint64_t limits[] = {0, 1, 2, 3, 7, 50, 1000};
    for (size_t i = 0; i < COUNT(limits); i++)
        compare(f, ask, limits[i], file, line);
}
#define assert_found(f, ...) compare_all_limits((f), &(struct ask){__VA_ARGS__}, __FILE__, __LINE__)
static size_t expected_of(const struct ask *ask)
{
    size_t count = 0;
    for (size_t i = 0; i < item_count; i++)
        count += (size_t)answers(&items[i], ask);
    return count;
}
/* The question has at least so many answers, so that it is one. */
#define assert_asked(least, ...) assert_true(expected_of(&(struct ask){__VA_ARGS__}) >= (least))

/* ---- Random content ---- */

/* The region's last change. */
static uint64_t sequence_now(struct fixture *f)
{
    pca_query *query = pca_query_new();
    pca_page *page = NULL;
    assert_ok(NULL, pca_query_set_limit(query, 0));
    assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
    uint64_t sequence = pca_page_sequence(page);
    pca_page_free(page);
    pca_query_free(query);
    return sequence;
}

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
static const char *const aliases[] = {"", "web", "Web", "数据库", "a label of some length, with spaces"};
static const char *const tag_keys[] = {"env", "Env", "团队", "owner"};
static const char *const tag_values[] = {"prod", "test", "", "生产", X50 X50 X50 "1", X50 X50 X50 "2"};

static void add_name(struct item *item, pca_request *r, int (*add)(pca_request *, const char *), const char *name)
{
    assert_ok(NULL, add(r, name));
    if (!bears(item, name))
        item->names[item->name_count++] = name;
}

static void random_client(struct item *item, pca_request *r)
{
    static const char *const people[] = {"Ada Lovelace", "ADA LOVELACE", "ada", "张伟", "张三", "李四", "Ärger", "ärger"};
    const char *cn = below(2) ? people[below(COUNT(people))] : keep("Ada %u", below(40));
    assert_ok(NULL, pca_request_set_common_name(r, cn));
    item->names[item->name_count++] = cn;
    if (below(2))
        add_name(item, r, pca_request_add_email, keep("ada%u@example.org", below(60)));
    if (below(2))
        add_name(item, r, pca_request_add_uri, keep("https://long.example/" X50 X50 X50 "/%u/" X50, below(5)));
    if (below(4) == 0)
        add_name(item, r, pca_request_add_uri, keep("https://long.example/" X50 X50 X50 "/%u", below(5)));
}

static void random_server(struct item *item, pca_request *r)
{
    const char *cn = keep("db%u.internal", below(25));
    assert_ok(NULL, pca_request_set_common_name(r, cn));
    item->names[item->name_count++] = cn;
    if (below(2))
        add_name(item, r, pca_request_add_dns, keep("db%u.example.org", below(60)));
    if (below(2))
        add_name(item, r, pca_request_add_dns, keep("www%u.internal", below(20)));
    if (below(3) == 0)
        add_name(item, r, pca_request_add_ip, keep("10.0.%u.1", below(20)));
    if (below(3) == 0)
        add_name(item, r, pca_request_add_ip, keep("2001:db8::%x", 1 + below(20)));
}

static pca_request *random_request(struct fixture *f, struct item *item)
{
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    pca_request *r = pca_request_new();
    *item = (struct item){.status = PCA_STATUS_ISSUED, .type = 1 + (int)below(3)};
    assert_ok(NULL, pca_request_set_type(r, item->type));
    if (item->type == PCA_CERT_CLIENT)
        random_client(item, r);
    else
        random_server(item, r);
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    item->not_after = f->clock.now + (int64_t)(1 + below(90)) * DAY + below(86400);
    assert_ok(NULL, pca_request_set_dates(r, f->clock.now, item->not_after));
    if (below(3) == 0) {
        item->alias = aliases[1 + below(COUNT(aliases) - 1)];
        assert_ok(NULL, pca_request_set_alias(r, item->alias));
    }
    if (below(4) == 0) {
        item->custom_id = keep("订单-%u", customs++);
        assert_ok(NULL, pca_request_set_custom_id(r, item->custom_id));
    }
    return r;
}

/* In one commit, whose log rows stand in the order of the requests. */
static void issue_random(struct fixture *f, const pca_sub *sub, size_t count)
{
    pca_request *requests[100];
    pca_results *results = NULL;
    assert_true(count <= COUNT(requests) && item_count + count <= ITEMS);
    for (size_t i = 0; i < count; i++)
        requests[i] = random_request(f, &items[item_count + i]);
    assert_ok(f->err, pca_sub_request_many(sub, (const pca_request *const *)requests, count, &results, f->err));
    uint64_t last = sequence_now(f);
    for (size_t i = 0; i < count; i++) {
        struct item *item = &items[item_count++];
        const pca_cert *cert = pca_results_cert_at(results, i);
        assert_non_null(cert);
        item->id = pca_cert_id(cert);
        item->issuer = pca_ca_id(pca_sub_ca(sub));
        item->changed = last - (count - 1 - i);
        snprintf(item->serial, sizeof item->serial, "%s", pca_cert_serial(cert));
        assert_int_equal(pca_cert_not_after(cert), item->not_after);
        assert_string_equal(pca_cert_alias(cert), item->alias ? item->alias : "");
        assert_string_equal(pca_cert_custom_id(cert), item->custom_id ? item->custom_id : "");
        pca_request_free(requests[i]);
    }
    pca_results_free(results);
}

static void set_random_tag(struct fixture *f, struct item *item, const pca_cert *cert)
{
    int slot = (int)below(TAGS);
    const char *key = tag_keys[slot], *value = below(5) ? tag_values[below(COUNT(tag_values))] : NULL;
    int changes = value ? !item->tags[slot][0] || strcmp(item->tags[slot][1], value) != 0 : item->tags[slot][0] != NULL;
    assert_ok(f->err, pca_cert_tag_set(cert, key, value, f->err));
    item->tags[slot][0] = value ? key : NULL;
    item->tags[slot][1] = value;
    if (changes)
        item->changed = sequence_now(f);
}

static void set_random_alias(struct fixture *f, struct item *item, const pca_cert *cert)
{
    const char *alias = aliases[below(COUNT(aliases))];
    int changes = strcmp(alias, item->alias ? item->alias : "") != 0;
    assert_ok(f->err, pca_cert_set_alias(cert, alias, f->err));
    item->alias = *alias ? alias : NULL;
    if (changes)
        item->changed = sequence_now(f);
}

static void change_random(struct fixture *f, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        struct item *item = &items[below((unsigned)item_count)];
        pca_cert *cert = NULL;
        if (!item->status)
            continue;
        assert_ok(f->err, pca_region_cert_get(f->region, item->id, &cert, f->err));
        unsigned what = below(6);
        if (what == 0 && item->status == PCA_STATUS_ISSUED) {
            assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
            item->status = PCA_STATUS_REVOKED;
            item->changed = sequence_now(f);
        } else if (what == 1 && item->status == PCA_STATUS_REVOKED) {
            assert_ok(f->err, pca_cert_delete(cert, f->err));
            item->status = 0;
        } else if (what == 2) {
            set_random_alias(f, item, cert);
        } else {
            set_random_tag(f, item, cert);
        }
        pca_cert_free(cert);
    }
}

struct place {
    pca_root *root;
    pca_sub *sub;
};
static struct place elsewhere; /* the second CA of the tests that only read */

/* Two issuers with random certificates, some revoked, deleted, labelled. */
static struct place fill(struct fixture *f, size_t first, size_t second, size_t changes)
{
    struct place other = {NULL, NULL};
    seed = 88172645463325252u;
    item_count = 0;
    set_policy(f, "short_lived", 1);
    set_policy(f, "backdate_seconds", 0);
    other_ca(f, &other.root, &other.sub);
    stock(f, f->root, f->sub, first);
    stock(f, other.root, other.sub, second);
    issue_random(f, f->sub, first / 2);
    issue_random(f, other.sub, second);
    issue_random(f, f->sub, first - first / 2);
    change_random(f, changes);
    return other;
}

static void leave(struct place other)
{
    pca_sub_free(other.sub);
    pca_root_free(other.root);
}

static int fill_group(void **state)
{
    int rc = fixture_setup_ecc(state);
    if (rc == 0)
        elsewhere = fill(*state, 160, 80, 250);
    return rc;
}

static int leave_group(void **state)
{
    leave(elsewhere);
    return fixture_teardown(state);
}

/* ---- Every kind of query, of one region ---- */

static void by_ca_status_and_type(void **state)
{
    struct fixture *f = *state;
    uint64_t issuers[] = {0, pca_ca_id(pca_sub_ca(f->sub)), pca_ca_id(pca_sub_ca(elsewhere.sub)), pca_ca_id(pca_root_ca(f->root)), 4711};
    assert_asked(10, .status = PCA_STATUS_REVOKED);
    for (size_t i = 0; i < COUNT(issuers); i++)
        for (int status = 0; status <= PCA_STATUS_CANCELLED; status++)
            for (int type = 0; type <= PCA_CERT_CUSTOM; type++)
                compare(f, &(struct ask){.issuer = issuers[i], .status = status, .type = type}, 1 + below(40), __FILE__, __LINE__);
    assert_found(f, .issuer = 0);
    assert_found(f, .status = PCA_STATUS_REVOKED);
    assert_found(f, .issuer = issuers[1], .status = PCA_STATUS_ISSUED, .type = PCA_CERT_BOTH);
}

static void by_name(void **state)
{
    struct fixture *f = *state;
    assert_asked(3, .name = "db7.internal");
    static const char *const names[] = {
        "db7.internal", "DB7.Internal", "www3.internal", "10.0.7.1", "Ada Lovelace", "aDA lOVELACE", "ada", "张伟", "张三", "张", "Ärger",
        "ärger", "ada5@EXAMPLE.org", "db7.intern", "db7.internal.", "nobody", "%", "*", "db*.internal",
        "https://long.example/" X50 X50 X50 "/3/" X50, "https://long.example/" X50 X50 X50 "/3", "https://long.example/" X50 X50 X50 "/3/" X50 "x",
    };
    for (size_t i = 0; i < COUNT(names); i++)
        assert_found(f, .name = names[i]);
    assert_asked(3, .name = "https://long.example/" X50 X50 X50 "/3/" X50);
    /* ASCII letters only: a capital umlaut is another character */
    assert_int_not_equal(expected_of(&(struct ask){.name = "Ärger"}), expected_of(&(struct ask){.name = "ada"}));
    /* addresses in any spelling */
    assert_asked(1, .name = "2001:db8::5");
    assert_found(f, .name = "2001:db8::5");
    assert_found(f, .name = "2001:DB8:0:0:0:0:0:5", .canonical = "2001:db8::5");
    assert_found(f, .name = "2001:0db8:0000:0000:0000:0000:0000:0005", .canonical = "2001:db8::5");
}

static void by_name_prefix(void **state)
{
    struct fixture *f = *state;
    static const char *const prefixes[] = {
        "d", "DB", "db1", "db1.", "db1.i", "db7.internal", "db7.internal.", "www", "A", "ada", "Ada L", "张", "李", "Ä", "ä", "10.0.", "2001:db8::", "zz",
        "https://long.example/", "https://long.example/" X50 X50 X50, "https://long.example/" X50 X50 X50 "/1", "https://long.example/" X50 X50 X50 "/1/",
        "https://long.example/" X50 X50 X50 "/1/" X50, "https://long.example/" X50 X50 X50 "/1/xxxxx", "HTTPS://long.example/" X50 X50 X50 "/4/",
    };
    for (size_t i = 0; i < COUNT(prefixes); i++)
        assert_found(f, .prefix = prefixes[i]);
    assert_asked(20, .prefix = "db");
    assert_asked(4, .prefix = "https://long.example/" X50 X50 X50 "/1/xxxxx"); /* longer than what the index has of them */
}

static void by_labels(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 1; i < COUNT(aliases); i++)
        assert_found(f, .alias = aliases[i]);
    assert_found(f, .alias = "we");
    assert_asked(5, .alias = "web");
    size_t custom = 0;
    for (size_t i = 0; i < item_count; i++) {
        custom += items[i].custom_id != NULL;
        if (items[i].custom_id)
            compare(f, &(struct ask){.custom_id = items[i].custom_id}, 3, __FILE__, __LINE__);
    }
    assert_true(custom > 20);
    assert_found(f, .custom_id = "订单-");
    for (size_t k = 0; k < COUNT(tag_keys); k++)
        for (size_t v = 0; v < COUNT(tag_values); v++)
            assert_found(f, .tag = {tag_keys[k], tag_values[v]});
    assert_asked(3, .tag = {"env", ""});
    assert_asked(1, .tag = {"团队", X50 X50 X50 "1"});
}

static void by_expiry(void **state)
{
    struct fixture *f = *state;
    static const int64_t days[] = {0, 1, 2, 30, 60, 91, 400};
    for (size_t i = 0; i < COUNT(days); i++)
        assert_found(f, .expires = f->clock.now + days[i] * DAY);
    assert_found(f, .expires = INT64_MAX);
    assert_found(f, .expires = 1);
    /* to the second, within a day */
    for (size_t i = 0; i < item_count; i += 17) {
        assert_found(f, .expires = items[i].not_after);
        assert_found(f, .expires = items[i].not_after + 1);
    }
    assert_found(f, .expires = f->clock.now + 45 * DAY, .status = PCA_STATUS_ISSUED, .type = PCA_CERT_CLIENT);
}

static void by_change(void **state)
{
    struct fixture *f = *state;
    struct place other = fill(f, 100, 40, 0);
    uint64_t start = sequence_now(f);
    assert_found(f, .changed_since = 1);
    assert_found(f, .changed_since = start);
    assert_int_equal(expected_of(&(struct ask){.changed_since = start}), 0);
    change_random(f, 200);
    assert_found(f, .changed_since = start);
    assert_asked(30, .changed_since = start);
    uint64_t middle = sequence_now(f);
    change_random(f, 30);
    assert_found(f, .changed_since = start);
    assert_found(f, .changed_since = middle);
    assert_found(f, .changed_since = middle - 1);
    assert_found(f, .changed_since = start, .status = PCA_STATUS_REVOKED);
    assert_found(f, .changed_since = UINT64_MAX);
    leave(other);
}

/* Conditions together, whichever leads. */
static void by_several(void **state)
{
    struct fixture *f = *state;
    static const uint64_t limits[] = {0, 1, 2, 5, 30, 1000};
    size_t answered = 0;
    for (int round = 0; round < 600; round++) {
        const struct item *item = &items[below((unsigned)item_count)];
        struct ask ask = {0};
        for (unsigned conditions = 1 + below(4); conditions; conditions--) {
            switch (below(10)) {
            case 0:
                ask.issuer = item->issuer;
                break;
            case 1:
                ask.status = 2 + (int)below(2);
                break;
            case 2:
                ask.type = item->type;
                break;
            case 3:
                ask.name = item->names[below((unsigned)item->name_count)];
                break;
            case 4:
                ask.prefix = keep("%.*s", (int)(1 + below(5)), strchr("Adw12h", item->names[0][0]) ? item->names[0] : "db");
                break;
            case 5:
                ask.serial = item->serial;
                break;
            case 6:
                ask.alias = item->alias;
                break;
            case 7:
                ask.custom_id = item->custom_id;
                break;
            case 8:
                if (item->tags[0][0])
                    memcpy(ask.tag, item->tags[0], sizeof ask.tag);
                break;
            default:
                if (below(2))
                    ask.expires = item->not_after + 1 + below(40 * 86400);
                else
                    ask.changed_since = item->changed - 1 - below((unsigned)item->changed / 2);
            }
        }
        compare(f, &ask, limits[below(COUNT(limits))], __FILE__, __LINE__);
        answered += expected_of(&ask) > 0;
    }
    assert_true(answered > 300);
}

/* One serial number, many spellings; with an issuer and without. */
static void pitfall_21_a_serial_by_query(void **state)
{
    struct fixture *f = *state;
    for (int opaque = 0; opaque < 2; opaque++) {
        set_policy(f, "opaque_serials", opaque);
        struct place other = fill(f, 20, 10, 30);
        for (size_t i = 0; i < item_count; i++) {
            const char *serial = items[i].serial, *python = "import sys; print('dec:%d' % int(sys.argv[1], 16), end='')";
            char upper[64] = "", colons[96] = "", prefixed[64];
            for (size_t j = 0; serial[j]; j++)
                upper[j] = (char)(serial[j] >= 'a' ? serial[j] - 'a' + 'A' : serial[j]);
            for (size_t j = 0; serial[j]; j += 2)
                snprintf(colons + strlen(colons), sizeof colons - strlen(colons), "%s%.2s", j ? ":" : "", serial + j);
            snprintf(prefixed, sizeof prefixed, "0x000%s", serial);
            char *decimal = i % 10 == 0 ? output_of("/usr/bin/python3", "-c", python, serial) : NULL;
            const char *const spellings[] = {serial, upper, colons, prefixed, decimal};
            for (size_t j = 0; j < COUNT(spellings); j++) {
                if (!spellings[j])
                    continue;
                compare(f, &(struct ask){.serial = spellings[j], .canonical_serial = serial}, 5, __FILE__, __LINE__);
                compare(f, &(struct ask){.serial = spellings[j], .canonical_serial = serial, .issuer = items[i].issuer}, 5, __FILE__, __LINE__);
                compare(f, &(struct ask){.serial = spellings[j], .canonical_serial = serial, .issuer = items[i].issuer + 1}, 5, __FILE__, __LINE__);
            }
            free(decimal);
        }
        assert_found(f, .serial = "1");
        assert_found(f, .serial = "7f000000000100000000000000000000");
        leave(other);
    }
    static const char *const malformed[] = {"0", "00:00", "xyz", "dec:", "dec:12a", "-5", "12::34", " 12",
                                            "ffffffffffffffffffffffffffffffffffffffffff"};
    pca_page *page = POISON;
    for (size_t i = 0; i < COUNT(malformed); i++) {
        pca_query *query = pca_query_new();
        assert_code(NULL, PCA_E_INVALID, pca_query_set_serial(query, malformed[i]));
        assert_refusal(f->err, PCA_E_INVALID, "query", "serial", pca_region_find_certs(f->region, query, &page, f->err));
        pca_query_free(query);
    }
    assert_poisoned(page);
}

/* ---- Expiring ---- */

static void what_expires(void **state)
{
    struct fixture *f = *state;
    struct place other = fill(f, 100, 40, 60);
    static const int64_t clocks[] = {0, 10, 45}, spans[] = {1, 20, 100};
    static const uint64_t limits[] = {0, 1, 7, 1000};
    int64_t start = f->clock.now;
    for (size_t c = 0; c < COUNT(clocks); c++) {
        f->clock.now = start + clocks[c] * DAY + 5000;
        for (size_t s = 0; s < COUNT(spans); s++)
            for (size_t l = 0; l < COUNT(limits); l++) {
                int64_t before = f->clock.now + spans[s] * DAY;
                size_t expected = 0, seen = 0;
                int exact = 0;
                pca_page *page = NULL;
                const struct item *last = NULL;
                for (size_t i = 0; i < item_count; i++)
                    expected += items[i].status == PCA_STATUS_ISSUED && items[i].not_after >= f->clock.now && items[i].not_after < before;
                do {
                    pca_page *old = page;
                    assert_ok(f->err, pca_region_expiring(f->region, before, pca_page_next(old), limits[l], &page, f->err));
                    pca_page_free(old);
                    for (uint64_t i = 0; i < pca_page_count(page); i++, seen++) {
                        const struct item *item = item_of(pca_cert_id(pca_page_cert_at(page, i)));
                        assert_true(item->status == PCA_STATUS_ISSUED && item->not_after >= f->clock.now && item->not_after < before);
                        assert_true(!last || in_order(&(struct ask){.expires = before}, last, item) < 0);
                        last = item;
                    }
                } while (*pca_page_next(page));
                assert_int_equal(pca_page_total(page, &exact), expected);
                assert_int_equal(exact, 1);
                assert_int_equal(seen, limits[l] ? expected : 0);
                pca_page_free(page);
            }
    }
    pca_page *page = POISON;
    assert_refusal(f->err, PCA_E_INVALID, "call", "before", pca_region_expiring(f->region, 0, NULL, 10, &page, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "call", "limit", pca_region_expiring(f->region, f->clock.now, NULL, 1001, &page, f->err));
    assert_refusal(f->err, PCA_E_INVALID, "query", "after", pca_region_expiring(f->region, f->clock.now, "i0000000000000001.1", 10, &page, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_region_expiring(NULL, f->clock.now, NULL, 10, &page, f->err));
    assert_code(f->err, PCA_E_INVALID, pca_region_expiring(f->region, f->clock.now, NULL, 10, NULL, f->err));
    assert_poisoned(page);
    leave(other);
}

/* ---- Pages while others write ---- */

#define FIXED 60
#define CHURNERS 4
struct churner {
    struct fixture *f;
    const pca_request *requests[4];
    atomic_int *stop;
    int rc;
    atomic_uint rounds;
};

static int churn_one(const pca_cert *cert, unsigned i)
{
    int rc = pca_cert_set_alias(cert, i % 2 ? "fixed" : "other", NULL);
    if (rc == PCA_OK)
        rc = pca_cert_tag_set(cert, "env", i % 3 ? "prod" : "test", NULL);
    if (rc == PCA_OK && i % 2)
        rc = pca_cert_tag_set(cert, "env", NULL, NULL);
    if (rc == PCA_OK && i % 4 < 3)
        rc = pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, NULL);
    if (rc == PCA_OK && i % 4 < 2)
        rc = pca_cert_delete(cert, NULL);
    return rc;
}

static void *churn(void *argument)
{
    struct churner *c = argument;
    while (!atomic_load(c->stop) && c->rc == PCA_OK) {
        pca_results *results = NULL;
        c->rc = pca_sub_request_many(c->f->sub, c->requests, COUNT(c->requests), &results, NULL);
        for (uint64_t i = 0; c->rc == PCA_OK && i < COUNT(c->requests); i++) {
            c->rc = pca_results_code_at(results, i);
            if (c->rc == PCA_OK)
                c->rc = churn_one(pca_results_cert_at(results, i), atomic_load(&c->rounds) + (unsigned)i);
        }
        pca_results_free(results);
        atomic_fetch_add(&c->rounds, 1);
    }
    return NULL;
}

/* Reads all pages; every fixed one comes once, and nothing twice but what changed again meanwhile. */
static void walk_among_writers(struct fixture *f, const struct ask *ask, uint64_t limit, const uint64_t *fixed, size_t count)
{
    static unsigned char seen[1 << 17];
    size_t found = 0;
    pca_query *query = query_of(ask, limit);
    char next[1024] = "";
    memset(seen, 0, sizeof seen);
    do {
        pca_page *page = NULL;
        assert_ok(NULL, pca_query_set_after(query, next));
        assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
        for (uint64_t i = 0; i < pca_page_count(page); i++) {
            uint64_t id = pca_cert_id(pca_page_cert_at(page, i));
            assert_true(id < COUNT(seen));
            if (seen[id] && !ask->changed_since) {
                describe(ask);
                fail_msg("%u came twice with pages of %u", (unsigned)id, (unsigned)limit);
            }
            seen[id] = (unsigned char)(seen[id] < 255 ? seen[id] + 1 : 255);
        }
        snprintf(next, sizeof next, "%s", pca_page_next(page));
        pca_page_free(page);
    } while (*next);
    for (size_t i = 0; i < count; i++)
        found += seen[fixed[i]] == 1;
    if (found != count)
        describe(ask);
    assert_int_equal(found, count);
    pca_query_free(query);
}

static pca_request *churn_request(struct fixture *f, int type, const char *name)
{
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    pca_request *r = request_new_leaf(type, name);
    if (type == PCA_CERT_SERVER)
        assert_ok(NULL, pca_request_add_dns(r, "db.zone.internal"));
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    assert_ok(NULL, pca_request_set_years(r, 1));
    return r;
}

static void pages_while_others_write(void **state)
{
    struct fixture *f = *state;
    static uint64_t fixed[FIXED];
    struct churner churners[CHURNERS];
    pthread_t threads[CHURNERS];
    atomic_int stop = 0;
    pca_request *requests[3] = {churn_request(f, PCA_CERT_SERVER, "db.a.internal"), churn_request(f, PCA_CERT_SERVER, "db.z.internal"),
                                churn_request(f, PCA_CERT_CLIENT, "db of people")};
    set_policy(f, "backdate_seconds", 0);
    stock(f, f->root, f->sub, 100000);
    uint64_t start = sequence_now(f);
    for (size_t i = 0; i < FIXED; i++) {
        pca_cert *cert = NULL;
        assert_ok(f->err, pca_sub_request(f->sub, requests[i % 2], &cert, f->err));
        assert_ok(f->err, pca_cert_set_alias(cert, "fixed", f->err));
        assert_ok(f->err, pca_cert_tag_set(cert, "env", "prod", f->err));
        if (i < FIXED / 3)
            assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        fixed[i] = pca_cert_id(cert);
        pca_cert_free(cert);
    }
    for (int i = 0; i < CHURNERS; i++) {
        churners[i].f = f;
        for (int j = 0; j < 4; j++)
            churners[i].requests[j] = requests[j % 3];
        churners[i].stop = &stop;
        churners[i].rc = PCA_OK;
        atomic_init(&churners[i].rounds, 0);
        assert_int_equal(pthread_create(&threads[i], NULL, churn, &churners[i]), 0);
    }
    static const uint64_t limits[] = {1, 2, 3, 5, 10, 50, 333, 1000};
    for (size_t i = 0; i < 4 * COUNT(limits) && (i < COUNT(limits) || atomic_load(&churners[0].rounds) < 12); i++) {
        uint64_t limit = limits[i % COUNT(limits)];
        walk_among_writers(f, &(struct ask){0}, limit, fixed, FIXED);
        walk_among_writers(f, &(struct ask){.status = PCA_STATUS_REVOKED}, limit, fixed, FIXED / 3);
        walk_among_writers(f, &(struct ask){.status = PCA_STATUS_ISSUED}, limit, fixed + FIXED / 3, FIXED - FIXED / 3);
        walk_among_writers(f, &(struct ask){.name = "db.zone.internal"}, limit, fixed, FIXED);
        walk_among_writers(f, &(struct ask){.prefix = "db."}, limit, fixed, FIXED);
        walk_among_writers(f, &(struct ask){.alias = "fixed"}, limit, fixed, FIXED);
        walk_among_writers(f, &(struct ask){.tag = {"env", "prod"}}, limit, fixed, FIXED);
        walk_among_writers(f, &(struct ask){.expires = f->clock.now + 2 * YEAR}, limit, fixed, FIXED);
        walk_among_writers(f, &(struct ask){.changed_since = start}, limit, fixed, FIXED);
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < CHURNERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(churners[i].rc, PCA_OK);
        assert_true(atomic_load(&churners[i].rounds) > 0);
    }
    for (int i = 0; i < 3; i++)
        pca_request_free(requests[i]);
}

/* A consumer that asks for what has changed ends up with what is there. */
static void changes_bring_a_copy_up_to_date(void **state)
{
    struct fixture *f = *state;
    static unsigned char status[1 << 16];
    struct place other = fill(f, 60, 30, 0);
    uint64_t known = 0;
    memset(status, 0, sizeof status);
    for (int round = 0; round < 6; round++) {
        char next[1024] = "";
        pca_query *query = pca_query_new();
        uint64_t then = 0;
        assert_ok(NULL, pca_query_set_changed_since(query, known));
        assert_ok(NULL, pca_query_set_limit(query, 7));
        do {
            pca_page *page = NULL;
            assert_ok(NULL, pca_query_set_after(query, next));
            assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
            then = then ? then : pca_page_sequence(page);
            for (uint64_t i = 0; i < pca_page_count(page); i++)
                status[pca_cert_id(pca_page_cert_at(page, i))] = (unsigned char)pca_cert_status(pca_page_cert_at(page, i));
            snprintf(next, sizeof next, "%s", pca_page_next(page));
            pca_page_free(page);
            change_random(f, 1);
        } while (*next);
        known = then;
        pca_query_free(query);
    }
    assert_true(known > 0);
    pca_query *query = pca_query_new();
    pca_page *page = NULL;
    assert_ok(NULL, pca_query_set_changed_since(query, known));
    assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
    for (uint64_t i = 0; i < pca_page_count(page); i++)
        status[pca_cert_id(pca_page_cert_at(page, i))] = (unsigned char)pca_cert_status(pca_page_cert_at(page, i));
    assert_string_equal(pca_page_next(page), "");
    pca_page_free(page);
    pca_query_free(query);
    for (size_t i = 0; i < item_count; i++)
        if (items[i].status)
            assert_int_equal(status[items[i].id], items[i].status);
    leave(other);
}

/* ---- Ten thousand rows ---- */

struct counted {
    size_t pages, rows, shown_by_first;
    uint64_t total;
    int exact_at_first;
};

static struct counted count_pages(struct fixture *f, const struct ask *ask, uint64_t limit)
{
    struct counted c = {0};
    pca_query *query = query_of(ask, limit);
    char next[1024] = "";
    int exact = -1;
    do {
        pca_page *page = NULL;
        assert_ok(NULL, pca_query_set_after(query, next));
        assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
        c.total = pca_page_total(page, &exact);
        c.rows += pca_page_count(page);
        if (!c.pages++) {
            c.shown_by_first = pca_page_count(page);
            c.exact_at_first = exact;
        }
        snprintf(next, sizeof next, "%s", pca_page_next(page));
        pca_page_free(page);
    } while (*next);
    assert_int_equal(exact, 1);
    pca_query_free(query);
    return c;
}

/* A page looks at 10,000 rows and no more; what a search then has not reached is left to the next page. */
static void a_page_looks_at_ten_thousand_rows(void **state)
{
    struct fixture *f = *state;
    enum { BATCH = 256, BATCHES = 40 };
    const pca_request *requests[BATCH];
    pca_request *server = churn_request(f, PCA_CERT_SERVER, "a.internal"), *client = churn_request(f, PCA_CERT_CLIENT, "Ada");
    stock(f, f->root, f->sub, BATCH * BATCHES);
    for (int i = 0; i < BATCHES; i++) {
        pca_results *results = NULL;
        for (int j = 0; j < BATCH; j++)
            requests[j] = i == BATCHES - 1 && j == BATCH - 1 ? client : server;
        assert_ok(f->err, pca_sub_request_many(f->sub, requests, BATCH, &results, f->err));
        assert_int_equal(pca_results_code_at(results, BATCH - 1), PCA_OK);
        pca_results_free(results);
    }
    /* the last of 10,240 */
    struct counted c = count_pages(f, &(struct ask){.name = "Ada"}, 10);
    assert_int_equal(c.pages, 1);
    c = count_pages(f, &(struct ask){.type = PCA_CERT_CLIENT}, 10);
    assert_int_equal(c.pages, 2);
    assert_int_equal(c.shown_by_first, 0);
    assert_int_equal(c.rows, 1);
    assert_int_equal(c.exact_at_first, 1); /* a counter knows */
    assert_int_equal(c.total, 1);
    c = count_pages(f, &(struct ask){.expires = f->clock.now + 2 * YEAR, .type = PCA_CERT_CLIENT}, 10);
    assert_int_equal(c.pages, 2);
    assert_int_equal(c.shown_by_first, 0);
    assert_int_equal(c.exact_at_first, 0);
    assert_int_equal(c.total, 1);
    c = count_pages(f, &(struct ask){.prefix = "db."}, 0);
    assert_int_equal(c.pages, 2);
    assert_int_equal(c.exact_at_first, 0);
    assert_int_equal(c.total, BATCH * BATCHES - 1);
    c = count_pages(f, &(struct ask){.changed_since = 1, .type = PCA_CERT_CLIENT}, 10);
    assert_int_equal(c.pages, 2);
    assert_int_equal(c.rows, 1);
    pca_request_free(server);
    pca_request_free(client);
}

/* ---- Refused ---- */

static void refused_conditions(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *field;
        int certs, cas, ledger; /* 1: the verb takes it */
    } rows[] = {
        {"issuer", 1, 1, 1}, {"status", 1, 0, 0},      {"type", 1, 0, 0},   {"state", 0, 1, 0}, {"kind", 0, 1, 0}, {"name", 1, 1, 0},
        {"name_prefix", 1, 1, 0}, {"serial", 1, 1, 0}, {"alias", 1, 1, 0},  {"custom_id", 1, 0, 0}, {"tag", 1, 1, 0}, {"expires", 1, 1, 0},
        {"changed_since", 1, 1, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        pca_query *query = pca_query_new();
        int codes[] = {
            pca_query_set_issuer(query, i == 0 ? 2 : 0),
            pca_query_set_status(query, i == 1 ? PCA_STATUS_ISSUED : 0),
            pca_query_set_type(query, i == 2 ? PCA_CERT_SERVER : 0),
            pca_query_set_state(query, i == 3 ? PCA_CA_ENABLED : 0),
            pca_query_set_kind(query, i == 4 ? PCA_KIND_PRIVATE : 0),
            pca_query_set_name(query, i == 5 ? "a" : ""),
            pca_query_set_name_prefix(query, i == 6 ? "a" : NULL),
            pca_query_set_serial(query, i == 7 ? "1" : ""),
            pca_query_set_alias(query, i == 8 ? "a" : NULL),
            pca_query_set_custom_id(query, i == 9 ? "a" : ""),
            pca_query_set_tag(query, i == 10 ? "a" : NULL, i == 10 ? "" : NULL),
            pca_query_set_expires(query, i == 11 ? 1 : 0),
            pca_query_set_changed_since(query, i == 12 ? 1 : 0),
        };
        for (size_t j = 0; j < COUNT(codes); j++)
            assert_int_equal(codes[j], PCA_OK);
        int (*const verbs[])(pca_region *, const pca_query *, pca_page **, pca_error *) = {pca_region_find_certs, pca_region_find_cas,
                                                                                            pca_region_ledger};
        const int taken[] = {rows[i].certs, rows[i].cas, rows[i].ledger};
        for (size_t v = 0; v < 3; v++) {
            pca_page *page = POISON;
            int rc = verbs[v](f->region, query, &page, f->err);
            if (taken[v]) {
                assert_code(f->err, PCA_OK, rc);
                pca_page_free(page);
            } else {
                assert_refusal(f->err, PCA_E_INVALID, "query", rows[i].field, rc);
                assert_poisoned(page);
            }
        }
        pca_query_free(query);
    }
}

static void refused_values(void **state)
{
    struct fixture *f = *state;
    char *long_text = repeated("x", 4097);
    pca_page *page = POISON;
    for (int i = 0; i < 12; i++) {
        pca_query *query = pca_query_new();
        const char *field = "";
        int rc = PCA_OK;
        switch (i) {
        case 0:
            rc = pca_query_set_state(query, 5), field = "state";
            break;
        case 1:
            rc = pca_query_set_state(query, -1), field = "state";
            break;
        case 2:
            rc = pca_query_set_kind(query, 3), field = "kind";
            break;
        case 3:
            rc = pca_query_set_name(query, long_text), field = "name";
            break;
        case 4:
            rc = pca_query_set_name_prefix(query, "a\xff"), field = "name_prefix";
            break;
        case 5:
            rc = pca_query_set_alias(query, "a\nb"), field = "alias";
            break;
        case 6:
            rc = pca_query_set_tag(query, "key", NULL), field = "tag";
            break;
        case 7:
            rc = pca_query_set_tag(query, "\xc3", "v"), field = "tag";
            break;
        case 8:
            rc = pca_query_set_expires(query, -1), field = "expires";
            break;
        case 9:
            rc = pca_query_set_after(query, long_text), field = "after";
            break;
        case 10:
            rc = pca_query_set_custom_id(query, "\x01"), field = "custom_id";
            break;
        default:
            rc = pca_query_set_limit(query, 1001), field = "limit";
        }
        assert_int_equal(rc, PCA_E_INVALID);
        assert_int_equal(pca_query_set_issuer(query, 1), PCA_E_INVALID); /* the first refusal stays */
        assert_refusal(f->err, PCA_E_INVALID, "query", field, pca_region_find_certs(f->region, query, &page, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "query", field, pca_region_find_cas(f->region, query, &page, f->err));
        assert_ok(NULL, pca_query_reset(query));
        pca_page *all = NULL;
        assert_ok(f->err, pca_region_find_certs(f->region, query, &all, f->err));
        pca_page_free(all);
        pca_query_free(query);
    }
    assert_poisoned(page);
    free(long_text);
}

/* A page's end is of use in the same order only. */
static void ends_of_other_orders(void **state)
{
    struct fixture *f = *state;
    struct place other = fill(f, 30, 10, 0);
    struct ask asks[] = {{0}, {.prefix = "a"}, {.changed_since = 1}, {.expires = INT64_MAX}};
    char ends[COUNT(asks)][1024];
    for (size_t i = 0; i < COUNT(asks); i++) {
        pca_query *query = query_of(&asks[i], 2);
        pca_page *page = NULL;
        assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
        assert_int_equal(pca_page_count(page), 2);
        snprintf(ends[i], sizeof ends[i], "%s", pca_page_next(page));
        for (const char *c = ends[i]; *c; c++)
            assert_true(*c > ' ' && *c < 127);
        pca_page_free(page);
        pca_query_free(query);
    }
    for (size_t i = 0; i < COUNT(asks); i++)
        for (size_t j = 0; j < COUNT(asks); j++) {
            pca_query *query = query_of(&asks[i], 2);
            pca_page *page = POISON;
            assert_ok(NULL, pca_query_set_after(query, ends[j]));
            int rc = pca_region_find_certs(f->region, query, &page, f->err);
            if (i == j) {
                assert_code(f->err, PCA_OK, rc);
                pca_page_free(page);
            } else {
                assert_refusal(f->err, PCA_E_INVALID, "query", "after", rc);
                assert_poisoned(page);
            }
            pca_query_free(query);
        }
    leave(other);
}

/* ---- CAs ---- */

/* The ids of the CAs that a query finds, by pages of each size; all must agree. */
static size_t cas_found(struct fixture *f, pca_query *query, uint64_t ids[64], int *exact)
{
    size_t count = 0;
    for (uint64_t limit = 1; limit <= 64; limit *= 4) {
        size_t seen = 0;
        char next[128] = "";
        assert_ok(NULL, pca_query_set_limit(query, limit));
        do {
            pca_page *page = NULL;
            assert_ok(NULL, pca_query_set_after(query, next));
            assert_ok(f->err, pca_region_find_cas(f->region, query, &page, f->err));
            assert_true(pca_page_count(page) <= limit);
            for (uint64_t i = 0; i < pca_page_count(page); i++, seen++) {
                uint64_t id = pca_ca_id(pca_page_ca_at(page, i));
                assert_null(pca_page_cert_at(page, i));
                assert_null(pca_page_entry_at(page, i));
                assert_true(seen < 64 && (limit == 1 || ids[seen] == id));
                ids[seen] = id;
            }
            snprintf(next, sizeof next, "%s", pca_page_next(page));
            if (!*next)
                assert_int_equal(pca_page_total(page, exact), seen);
            pca_page_free(page);
        } while (*next);
        assert_true(limit == 1 || seen == count);
        assert_int_equal(*exact, 1);
        count = seen;
    }
    pca_query_free(query);
    return count;
}

#define assert_cas(f, setter, ...)                                                                       \
    do {                                                                                                 \
        const uint64_t wanted_[] = {__VA_ARGS__};                                                        \
        uint64_t found_[64];                                                                             \
        int exact_ = -1;                                                                                 \
        pca_query *q = pca_query_new();                                                                  \
        assert_ok(NULL, setter);                                                                         \
        assert_int_equal(cas_found((f), q, found_, &exact_), COUNT(wanted_) - 1);                        \
        for (size_t i_ = 0; i_ + 1 < COUNT(wanted_); i_++)                                               \
            assert_int_equal(found_[i_], wanted_[i_]);                                                   \
    } while (0)
#define END 0

static void cas(void **state)
{
    struct fixture *f = *state;
    pca_root *second = NULL, *bought = NULL, *compliance = NULL;
    pca_sub *second_sub = NULL, *extra = NULL, *below = NULL;
    purchase_ca(f, PCA_KIND_PRIVATE, PCA_FAMILY_ECC, 12, &bought, NULL);           /* 3, 4 */
    purchase_ca(f, PCA_KIND_COMPLIANCE, PCA_FAMILY_ECC, 12, &compliance, NULL);    /* 5, 6 */
    other_ca(f, &second, &second_sub);                                             /* 7, 8 */
    assert_ok(f->err, pca_root_purchase_sub(second, 12, NULL, &extra, f->err));    /* 9 */
    assert_int_equal(pca_ca_id(pca_sub_ca(extra)), 9);
    uint64_t before = sequence_now(f);
    f->clock.now += HOUR;
    pca_request *r = request_new_ca("测试 Issuing", "http://crl.example/9.crl");
    assert_ok(f->err, pca_sub_enable(extra, r, f->err));
    refresh_sub(f, &extra);
    pca_request_free(r);
    assert_cas(f, PCA_OK, 1, 2, 3, 4, 5, 6, 7, 8, 9, END);
    assert_cas(f, pca_query_set_issuer(q, 1), 2, END);
    assert_cas(f, pca_query_set_issuer(q, 7), 8, 9, END);
    assert_cas(f, pca_query_set_issuer(q, 9), END);
    assert_cas(f, pca_query_set_kind(q, PCA_KIND_COMPLIANCE), 5, 6, END);
    assert_cas(f, pca_query_set_state(q, PCA_CA_PURCHASED), 3, 4, 5, 6, END);
    assert_cas(f, pca_query_set_state(q, PCA_CA_ENABLED), 1, 2, 7, 8, 9, END);
    assert_cas(f, pca_query_set_state(q, PCA_CA_REVOKED), END);
    assert_cas(f, pca_query_set_name(q, "测试 issuing"), 9, END);
    assert_cas(f, pca_query_set_name(q, "test root"), 1, 7, END);
    assert_cas(f, pca_query_set_name_prefix(q, "TEST"), 1, 2, 7, 8, END);
    assert_cas(f, pca_query_set_name_prefix(q, "测"), 9, END);
    assert_cas(f, pca_query_set_name_prefix(q, "test root x"), END);
    assert_cas(f, pca_query_set_serial(q, pca_ca_serial(pca_sub_ca(extra))), 9, END);
    assert_cas(f, pca_query_set_serial(q, "1"), END);
    assert_cas(f, pca_query_set_expires(q, pca_ca_not_after(pca_sub_ca(extra))), 2, 8, END);
    assert_cas(f, pca_query_set_expires(q, pca_ca_not_after(pca_sub_ca(extra)) + 1), 2, 8, 9, END);
    assert_cas(f, pca_query_set_changed_since(q, before), 9, END);
    /* labels */
    assert_ok(f->err, pca_ca_set_alias(pca_sub_ca(extra), "issuer", f->err));
    assert_ok(f->err, pca_ca_tag_set(pca_sub_ca(extra), "env", "prod", f->err));
    assert_ok(f->err, pca_ca_tag_set(pca_root_ca(f->root), "env", "prod", f->err));
    assert_ok(f->err, pca_ca_tag_set(pca_root_ca(second), "env", "test", f->err));
    assert_cas(f, pca_query_set_alias(q, "issuer"), 9, END);
    assert_cas(f, pca_query_set_alias(q, "Issuer"), END);
    assert_cas(f, pca_query_set_alias(q, "issue"), END);
    assert_cas(f, pca_query_set_tag(q, "env", "prod"), 1, 9, END);
    assert_cas(f, pca_query_set_tag(q, "env", ""), END);
    assert_cas(f, pca_query_set_changed_since(q, before), 1, 7, 9, END);
    assert_cas(f, pca_query_set_alias(q, "issuer") || pca_query_set_issuer(q, 7), 9, END);
    assert_cas(f, pca_query_set_alias(q, "issuer") || pca_query_set_issuer(q, 1), END);
    /* counters are part of a CA */
    before = sequence_now(f);
    pca_cert_free(issue(f, f->sub, "a.internal"));
    assert_cas(f, pca_query_set_changed_since(q, before), 2, END);
    before = sequence_now(f);
    stock(f, second, second_sub, 5);
    assert_cas(f, pca_query_set_changed_since(q, before), 7, 8, END);
    pca_root_free(second);
    pca_root_free(bought);
    pca_root_free(compliance);
    pca_sub_free(second_sub);
    pca_sub_free(extra);
    pca_sub_free(below);
}

/* ---- The ledger ---- */

struct sums {
    int64_t remaining[16];
    size_t rows;
    uint64_t last;
    int64_t time;
};

static void add_entries(const pca_page *page, struct sums *sums)
{
    for (uint64_t i = 0; i < pca_page_count(page); i++, sums->rows++) {
        const pca_entry *e = pca_page_entry_at(page, i);
        assert_true(pca_entry_sequence(e) > sums->last);
        assert_true(pca_entry_time(e) >= sums->time);
        assert_int_not_equal(pca_entry_units(e), 0);
        assert_string_equal(pca_entry_actor(e), "tester");
        assert_null(pca_page_cert_at(page, i));
        assert_null(pca_page_ca_at(page, i));
        sums->last = pca_entry_sequence(e);
        sums->time = pca_entry_time(e);
        assert_true(pca_entry_ca_id(e) > 0 && pca_entry_ca_id(e) < 16 && pca_entry_from_id(e) < 16);
        sums->remaining[pca_entry_ca_id(e)] += pca_entry_units(e);
        sums->remaining[pca_entry_from_id(e)] -= pca_entry_from_id(e) ? pca_entry_units(e) : 0;
    }
    assert_null(pca_page_entry_at(page, pca_page_count(page)));
}

static struct sums ledger(struct fixture *f, uint64_t ca, uint64_t since, uint64_t limit)
{
    struct sums sums = {.last = since};
    char next[128] = "";
    int exact = 0;
    pca_query *query = pca_query_new();
    assert_ok(NULL, pca_query_set_issuer(query, ca));
    assert_ok(NULL, pca_query_set_changed_since(query, since));
    assert_ok(NULL, pca_query_set_limit(query, limit));
    do {
        pca_page *page = NULL;
        assert_ok(NULL, pca_query_set_after(query, next));
        assert_ok(f->err, pca_region_ledger(f->region, query, &page, f->err));
        add_entries(page, &sums);
        assert_int_equal(pca_page_total(page, &exact), sums.rows);
        snprintf(next, sizeof next, "%s", pca_page_next(page));
        assert_int_equal(exact, !*next);
        pca_page_free(page);
    } while (*next);
    pca_query_free(query);
    return sums;
}

/* What the rows come to is what every CA has. */
static void ledger_sums_up(void **state)
{
    struct fixture *f = *state;
    pca_root *second = NULL;
    pca_sub *second_sub = NULL, *extra = NULL;
    pca_request *r = request_new_server("a.internal");
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    other_ca(f, &second, &second_sub);
    assert_ok(f->err, pca_root_purchase_sub(f->root, 12, NULL, &extra, f->err));
    pca_root *const roots[] = {f->root, second};
    pca_sub *const subs[] = {f->sub, extra, second_sub};
    size_t moved = 2; /* the certificates given with the two roots */
    seed = 42;
    for (int i = 0; i < 150; i++) {
        unsigned at = below(3);
        const pca_root *root = roots[at / 2];
        pca_cert *cert = NULL;
        switch (below(4)) {
        case 0:
            assert_ok(f->err, pca_root_purchase_certificates(root, 1 + below(50), NULL, NULL, f->err));
            moved++;
            break;
        case 1: { /* a raise of an enabled one, or lowering */
            uint64_t has = remaining_of_sub(f, subs[at]), wanted = below(30);
            int rc = pca_root_assign(root, subs[at], wanted, has, NULL, f->err);
            assert_true(rc == PCA_OK || rc == PCA_E_QUOTA || (rc == PCA_E_STATE && subs[at] == extra));
            moved += rc == PCA_OK && wanted != has;
            break;
        }
        default:
            if (pca_sub_request(subs[at], r, &cert, f->err) == PCA_OK)
                moved++;
            pca_cert_free(cert);
        }
    }
    static const uint64_t limits[] = {1, 3, 10, 1000};
    for (size_t l = 0; l < COUNT(limits); l++) {
        struct sums sums = ledger(f, 0, 0, limits[l]);
        assert_int_equal(sums.rows, moved);
        for (int i = 0; i < 2; i++)
            assert_int_equal(sums.remaining[pca_ca_id(pca_root_ca(roots[i]))], remaining_of_root(f, roots[i]));
        for (int i = 0; i < 3; i++) {
            uint64_t id = pca_ca_id(pca_sub_ca(subs[i]));
            assert_int_equal(sums.remaining[id], remaining_of_sub(f, subs[i]));
            assert_int_equal(ledger(f, id, 0, limits[l]).remaining[id], remaining_of_sub(f, subs[i]));
        }
    }
    assert_int_equal(ledger(f, 4711, 0, 10).rows, 0);
    uint64_t since = sequence_now(f);
    assert_int_equal(ledger(f, 0, since, 10).rows, 0);
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 7, NULL, NULL, f->err));
    struct sums after = ledger(f, 0, since, 10);
    assert_int_equal(after.rows, 1);
    assert_int_equal(after.remaining[pca_ca_id(pca_root_ca(f->root))], 7);
    pca_request_free(r);
    pca_sub_free(extra);
    pca_sub_free(second_sub);
    pca_root_free(second);
}

struct entry_row {
    const char *action;
    uint64_t ca, from, object;
    int64_t units;
    const char *token;
};

static void ledger_rows(void **state)
{
    struct fixture *f = *state;
    pca_page *page = NULL;
    f->clock.now += HOUR;
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 100, "buy", NULL, f->err));
    assert_ok(f->err, pca_root_purchase_certificates(f->root, 100, "buy", NULL, f->err)); /* the same again is no row */
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 30, PCA_ANY, "raise", f->err));
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 30, PCA_ANY, NULL, f->err)); /* nor is the same value */
    pca_cert *cert = issue_as(f, f->sub, .cn = "a.internal", .token = "issue");
    assert_ok(f->err, pca_root_assign(f->root, f->sub, 9, PCA_ANY, NULL, f->err));
    assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err)); /* gives nothing back */
    assert_ok(f->err, pca_cert_delete(cert, f->err));
    const struct entry_row rows[] = {
        {"certificates_given", 2, 0, 1, 10, ""},      {"certificates_purchased", 1, 0, 0, 100, "buy"}, {"assigned", 2, 1, 1, 20, "raise"},
        {"issued", 2, 0, pca_cert_id(cert), -1, "issue"}, {"assigned", 2, 1, 1, -20, ""},
    };
    assert_ok(f->err, pca_region_ledger(f->region, NULL, &page, f->err));
    assert_int_equal(pca_page_count(page), COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const pca_entry *e = pca_page_entry_at(page, i);
        assert_string_equal(pca_entry_action(e), rows[i].action);
        assert_int_equal(pca_entry_ca_id(e), rows[i].ca);
        assert_int_equal(pca_entry_from_id(e), rows[i].from);
        assert_int_equal(pca_entry_object_id(e), rows[i].object);
        assert_int_equal(pca_entry_units(e), rows[i].units);
        assert_string_equal(pca_entry_token(e), rows[i].token);
        assert_int_equal(pca_entry_time(e), i ? T0 + HOUR : T0);
    }
    /* what a page lent lives as long as the page, the region or not */
    pca_region_close(f->region);
    f->region = NULL;
    assert_string_equal(pca_entry_token(pca_page_entry_at(page, 3)), "issue");
    pca_page_free(page);
    pca_cert_free(cert);
    assert_int_equal(pca_entry_sequence(NULL), 0);
    assert_int_equal(pca_entry_time(NULL), 0);
    assert_int_equal(pca_entry_ca_id(NULL), 0);
    assert_int_equal(pca_entry_from_id(NULL), 0);
    assert_int_equal(pca_entry_object_id(NULL), 0);
    assert_int_equal(pca_entry_units(NULL), 0);
    assert_string_equal(pca_entry_actor(NULL), "");
    assert_string_equal(pca_entry_action(NULL), "");
    assert_string_equal(pca_entry_token(NULL), "");
}

/* ---- By its octets ---- */

static void by_der(void **state)
{
    struct fixture *f = *state;
    for (int opaque = 0; opaque < 2; opaque++) {
        set_policy(f, "opaque_serials", opaque);
        struct place other = {NULL, NULL};
        other_ca(f, &other.root, &other.sub);
        pca_cert *cert = issue(f, f->sub, "a.internal"), *second = issue(f, other.sub, "a.internal"), *found = NULL;
        const pca_cert *const both[] = {cert, second};
        for (int i = 0; i < 2; i++) {
            pca_blob *der = NULL;
            assert_ok(f->err, pca_cert_der(both[i], &der, f->err));
            assert_ok(f->err, pca_region_cert_by_der(f->region, pca_blob_data(der), pca_blob_size(der), &found, f->err));
            assert_int_equal(pca_cert_id(found), pca_cert_id(both[i]));
            pca_cert_free(found);
            pca_blob_free(der);
        }
        pca_blob *der = NULL;
        assert_ok(f->err, pca_cert_der(cert, &der, f->err));
        size_t size = pca_blob_size(der);
        uint8_t *copy = malloc(size + 1);
        found = POISON;
        /* any octet changed: another certificate, or none */
        for (size_t i = 0; i < size; i++) {
            memcpy(copy, pca_blob_data(der), size);
            copy[i] ^= 1;
            int rc = pca_region_cert_by_der(f->region, copy, size, &found, f->err);
            assert_true(rc == PCA_E_NOT_FOUND || rc == PCA_E_INVALID);
            if (i == size - 1)
                assert_refusal(f->err, PCA_E_NOT_FOUND, "region", "der", rc);
        }
        memcpy(copy, pca_blob_data(der), size);
        copy[size] = 0;
        assert_refusal(f->err, PCA_E_INVALID, "call", "der", pca_region_cert_by_der(f->region, copy, size + 1, &found, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "call", "der", pca_region_cert_by_der(f->region, copy, size - 1, &found, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "call", "der", pca_region_cert_by_der(f->region, copy, 0, &found, f->err));
        assert_refusal(f->err, PCA_E_INVALID, "call", "der", pca_region_cert_by_der(f->region, "no certificate", 14, &found, f->err));
        assert_code(f->err, PCA_E_INVALID, pca_region_cert_by_der(f->region, NULL, 5, &found, f->err));
        assert_code(f->err, PCA_E_INVALID, pca_region_cert_by_der(NULL, copy, size, &found, f->err));
        assert_code(f->err, PCA_E_INVALID, pca_region_cert_by_der(f->region, copy, size, NULL, f->err));
        /* a CA's own, and one of others */
        pca_blob *ca = NULL;
        assert_ok(f->err, pca_ca_certificate(pca_sub_ca(f->sub), PCA_FORMAT_DER, &ca, f->err));
        assert_refusal(f->err, PCA_E_NOT_FOUND, "region", "der",
                       pca_region_cert_by_der(f->region, pca_blob_data(ca), pca_blob_size(ca), &found, f->err));
        pca_blob_free(ca);
        const char *foreign = file_path(f, "foreign.der");
        assert_run(0, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file_path(f, "foreign.key"),
                   "-subj", "/CN=Foreign", "-days", "10", "-outform", "DER", "-out", foreign);
        size_t foreign_size;
        uint8_t *octets = file_read(foreign, &foreign_size);
        assert_refusal(f->err, PCA_E_NOT_FOUND, "region", "der", pca_region_cert_by_der(f->region, octets, foreign_size, &found, f->err));
        free(octets);
        /* revoked it is still there, deleted it is not */
        assert_ok(f->err, pca_cert_revoke(cert, PCA_REASON_SUPERSEDED, 0, NULL, f->err));
        pca_cert *revoked = NULL;
        assert_ok(f->err, pca_region_cert_by_der(f->region, copy, size, &revoked, f->err));
        assert_int_equal(pca_cert_status(revoked), PCA_STATUS_REVOKED);
        pca_cert_free(revoked);
        assert_ok(f->err, pca_cert_delete(cert, f->err));
        assert_refusal(f->err, PCA_E_NOT_FOUND, "region", "der", pca_region_cert_by_der(f->region, copy, size, &found, f->err));
        assert_poisoned(found);
        free(copy);
        pca_blob_free(der);
        pca_cert_free(cert);
        pca_cert_free(second);
        leave(other);
    }
}

/* ---- Pitfall 2 ---- */

/* The same name and the same key once more do not make the revoked one good. */
static void pitfall_02_the_same_name_again(void **state)
{
    struct fixture *f = *state;
    size_t size;
    const uint8_t *spki = some_spki(f, &size);
    pca_request *r = request_new_server("vpn.internal");
    pca_cert *old = NULL, *fresh = NULL, *found = POISON;
    assert_ok(NULL, pca_request_set_public_key(r, spki, size));
    assert_ok(NULL, pca_request_set_custom_id(r, "vpn"));
    assert_ok(f->err, pca_sub_request(f->sub, r, &old, f->err));
    const char *old_file = put_cert(f, "old.pem", old);
    assert_ok(f->err, pca_cert_revoke(old, PCA_REASON_KEY_COMPROMISE, 0, NULL, f->err));
    assert_ok(f->err, pca_cert_delete(old, f->err));
    assert_ok(f->err, pca_sub_request(f->sub, r, &fresh, f->err));
    assert_string_not_equal(pca_cert_serial(old), pca_cert_serial(fresh));
    char *output = NULL;
    assert_int_not_equal(verify(f, old_file, &output), 0);
    assert_contains(output, "certificate revoked");
    free(output);
    assert_verifies(f, fresh);
    char *crl = next_crl(f, pca_sub_ca(f->sub));
    assert_contains(crl, crl_serial(old));
    assert_lacks(crl, crl_serial(fresh));
    free(crl);
    /* the search has the new one only */
    pca_query *query = pca_query_new();
    pca_page *page = NULL;
    assert_ok(NULL, pca_query_set_name(query, "VPN.internal"));
    assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
    assert_int_equal(pca_page_count(page), 1);
    assert_int_equal(pca_cert_id(pca_page_cert_at(page, 0)), pca_cert_id(fresh));
    pca_page_free(page);
    assert_ok(NULL, pca_query_reset(query));
    assert_ok(NULL, pca_query_set_serial(query, pca_cert_serial(old)));
    assert_ok(f->err, pca_region_find_certs(f->region, query, &page, f->err));
    assert_int_equal(pca_page_count(page), 0);
    pca_page_free(page);
    pca_query_free(query);
    assert_code(f->err, PCA_E_NOT_FOUND, pca_ca_cert_by_serial(pca_sub_ca(f->sub), pca_cert_serial(old), &found, f->err));
    assert_poisoned(found);
    pca_request_free(r);
    pca_cert_free(old);
    pca_cert_free(fresh);
}

int main(void)
{
    const struct CMUnitTest queries[] = {
        cmocka_unit_test(by_ca_status_and_type), cmocka_unit_test(by_name),   cmocka_unit_test(by_name_prefix),
        cmocka_unit_test(by_labels),             cmocka_unit_test(by_expiry), cmocka_unit_test(by_several),
    };
    const struct CMUnitTest tests[] = {
        TEST_ECC(by_change),
        TEST_ECC(pitfall_21_a_serial_by_query),
        TEST_ECC(what_expires),
        TEST_ECC(pages_while_others_write),
        TEST_ECC(changes_bring_a_copy_up_to_date),
        TEST_ECC(a_page_looks_at_ten_thousand_rows),
        TEST_ECC(refused_conditions),
        TEST_ECC(refused_values),
        TEST_ECC(ends_of_other_orders),
        TEST_ECC(cas),
        TEST_ECC(ledger_sums_up),
        TEST_ECC(ledger_rows),
        TEST_ECC(by_der),
        TEST_ECC(pitfall_02_the_same_name_again),
    };
    int failed = cmocka_run_group_tests_name("queries", queries, fill_group, leave_group);
    return failed + cmocka_run_group_tests_name("find", tests, NULL, NULL);
}
