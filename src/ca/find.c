#include "ca/find.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "ca/label.h"
#include "ca/leaf_names.h"
#include "ca/log.h"
#include "ca/quota.h"
#include "ca/review.h"

/* ---- Conditions that fit ---- */

static int unfit(pca_error *err, const char *field, const char *what)
{
    return pcai_fail(err, PCA_E_INVALID, "query", field, "%s are not searched by this", what);
}

int pcai_find_certs_check(const struct query *q, pca_error *err)
{
    if (q->state || q->kind)
        return unfit(err, q->state ? "state" : "kind", "certificates");
    return PCA_OK;
}

int pcai_find_cas_check(const struct query *q, pca_error *err)
{
    if (q->status || q->type || q->custom_id.data)
        return unfit(err, q->status ? "status" : q->type ? "type" : "custom_id", "CAs");
    return PCA_OK;
}

int pcai_find_entries_check(const struct query *q, pca_error *err)
{
    const struct {
        int set;
        const char *field;
    } conditions[] = {
        {q->status != 0, "status"},    {q->type != 0, "type"},         {q->state != 0, "state"},
        {q->kind != 0, "kind"},        {q->name.data != NULL, "name"}, {q->name_prefix.data != NULL, "name_prefix"},
        {q->serial.size != 0, "serial"}, {q->alias.data != NULL, "alias"}, {q->custom_id.data != NULL, "custom_id"},
        {q->tag_key.data != NULL, "tag"}, {q->expires != 0, "expires"},
    };
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        if (conditions[i].set)
            return unfit(err, conditions[i].field, "ledger rows");
    return PCA_OK;
}

/* ---- The index ---- */

static struct row_key day_key(uint32_t day)
{
    struct row_key key = pcai_row_key();
    pcai_row_key_u32(&key, day);
    return key;
}

/* now: from when on; 0: all. */
static void by_expiry(const struct query *q, int64_t now, struct walk *walk)
{
    walk->table = TABLE_EXPIRY;
    walk->order = ORDER_EXPIRY;
    walk->from = day_key(pcai_expiry_day(now));
    if (q->expires && pcai_expiry_day(q->expires - 1) < UINT32_MAX)
        walk->until = day_key(pcai_expiry_day(q->expires - 1) + 1);
}

static void by_change(const struct query *q, struct walk *walk)
{
    walk->table = TABLE_LOG;
    walk->order = ORDER_CHANGE;
    walk->from = pcai_key_id64(q->changed_since);
    pcai_row_key_bytes(&walk->from, pcai_slice("", 1));
}

/* A serial number is one certificate's of each CA. */
static void by_issuer(const struct query *q, struct walk *walk)
{
    walk->table = TABLE_CA;
    walk->order = ORDER_ISSUER;
    if (q->issuer)
        walk->range = pcai_key_id64(q->issuer);
}

/* Those of one text, in order of id. */
static void by_text(struct walk *walk, struct row_key key)
{
    walk->table = TABLE_NAME;
    walk->fixed = walk->range = key;
}

/* The first of the conditions that are set, in the order that pca.h states. */
static int choose(const struct query *q, int64_t now, struct walk *walk, pca_error *err)
{
    struct row_key key;
    int rc = PCA_OK;
    *walk = (struct walk){.table = TABLE_CERT, .order = ORDER_ID};
    if (q->custom_id.data) {
        by_text(walk, pcai_label_custom_id_key(q->custom_id));
    } else if (q->serial.size) {
        by_issuer(q, walk);
    } else if (q->name.data) {
        rc = pcai_leaf_name_key(q->name, &key, err);
        by_text(walk, key);
    } else if (q->alias.data) {
        by_text(walk, pcai_label_alias_key(q->alias));
    } else if (q->tag_key.data) {
        rc = pcai_label_tag_key(q->tag_key, q->tag_value, &key, err);
        by_text(walk, key);
    } else if (q->name_prefix.data) {
        by_text(walk, pcai_leaf_name_range(q->name_prefix));
        walk->fixed = pcai_leaf_name_range(pcai_slice("", 0));
        walk->order = ORDER_NAME;
    } else if (q->changed_since) {
        by_change(q, walk);
    } else if (q->expires || q->unended) {
        by_expiry(q, q->unended ? now : 0, walk);
    } else if (q->status == PCA_STATUS_PENDING) {
        by_text(walk, pcai_review_pending_key());
    } else if (q->status && q->status != PCA_STATUS_ISSUED) {
        walk->table = TABLE_STATUS;
    }
    return rc;
}

/* ---- Certificates ---- */

struct cert_search {
    struct context *cx;
    const struct query *query;
    const struct walk *walk;
    cert_found found;
    void *context;
};

static int has_serial(const struct query *q, struct slice held)
{
    uint8_t octets[PCAI_SERIAL_MAX + 1];
    return !q->serial.size || pcai_slice_equal(pcai_serial_integer(&q->serial, octets), held);
}

/* A request has no end yet, or never will. */
static int is_issued(const struct cert_view *view)
{
    return view->status.status == PCA_STATUS_ISSUED || view->status.status == PCA_STATUS_REVOKED;
}

/* What the record says, without its names. */
static int fits(const struct query *q, int64_t now, const struct cert_view *view)
{
    const struct cert_record *r = &view->record;
    return (!q->issuer || q->issuer == r->issuer) && (!q->type || (uint64_t)q->type == r->type) &&
           (!q->status || (uint64_t)q->status == view->status.status) &&
           (has_serial(q, r->serial) || has_serial(q, r->encryption_serial)) && (!q->alias.data || pcai_slice_equal(q->alias, r->alias)) &&
           (!q->custom_id.data || pcai_slice_equal(q->custom_id, r->custom_id)) &&
           (!q->tag_key.data || pcai_tags_have(r->tags, q->tag_key, q->tag_value)) && (!q->expires || (is_issued(view) && r->not_after < q->expires)) &&
           (!q->unended || r->not_after >= now) && (!q->changed_since || pcai_cert_changed(view) > q->changed_since);
}

/* The certificate that a row of the index is about, or the CA; 0: none. */
static int id_of(const struct walk *walk, struct slice key, struct slice value, uint64_t *id, pca_error *err)
{
    struct log_record row;
    *id = 0;
    if (walk->table != TABLE_LOG) {
        int whole = walk->order == ORDER_NAME || walk->order == ORDER_EXPIRY ? key.size > 8 : key.size == walk->fixed.size + 8;
        *id = whole ? pcai_read_u64(key.data + key.size - 8) : 0;
        return PCA_OK;
    }
    int rc = pcai_record_decode(&pcai_log_type, key, value, &row, err);
    if (rc == PCA_OK && pcai_action_of_certificate(row.action))
        *id = row.object;
    return rc;
}

/* *about 0: the row is about none, or about one that was deleted. */
static int view_of(struct txn *txn, const struct query *q, const struct walk *walk, struct slice key, struct slice value,
                   struct cert_view *view, int *about, pca_error *err)
{
    uint8_t octets[PCAI_SERIAL_MAX + 1];
    pca_error own = {0};
    uint64_t id;
    *about = 1;
    if (walk->table == TABLE_CERT)
        return pcai_cert_decode(txn, key, value, view, err);
    int rc = id_of(walk, key, value, &id, err);
    *about = rc == PCA_OK && id;
    if (!*about)
        return rc;
    rc = walk->table == TABLE_CA ? pcai_cert_of_serial(txn, id, pcai_serial_integer(&q->serial, octets), view, &own)
                                 : pcai_cert_read(txn, id, view, &own);
    *about = rc == PCA_OK;
    if (rc == PCA_E_NOT_FOUND && (walk->table == TABLE_LOG || walk->table == TABLE_CA))
        return PCA_OK;
    if (rc != PCA_OK)
        pcai_error_copy(err, &own);
    return rc;
}

/* Several rows may be about one certificate: that of its newest change, or of the first of its names with the prefix, counts. */
static int is_its_row(const struct walk *walk, struct slice key, const struct cert_view *view, const struct row_key *first)
{
    if (walk->order == ORDER_CHANGE)
        return key.size == 8 && pcai_read_u64(key.data) == pcai_cert_changed(view);
    return walk->order != ORDER_NAME || pcai_slice_equal(pcai_row_key_view(first), key);
}

static int cert_row(struct txn *txn, void *state, struct slice key, struct slice value, int *matched, pca_error *err)
{
    const struct cert_search *search = state;
    const struct query *q = search->query;
    struct row_key first = pcai_row_key();
    struct cert_view view;
    int about, named = 1, rc = view_of(txn, q, search->walk, key, value, &view, &about, err);
    if (rc != PCA_OK || !about || !fits(q, search->cx->now, &view))
        return rc;
    if (q->name.data || q->name_prefix.data)
        rc = pcai_leaf_names_match(view.record.der, view.id, q->name, q->name_prefix, &first, &named, err);
    if (rc != PCA_OK || !named || !is_its_row(search->walk, key, &view, &first))
        return rc;
    *matched = 1;
    return search->found ? search->found(txn, search->cx, search->context, &view, err) : PCA_OK;
}

/* Are issuer, status and type all that is asked for? */
static int is_counted(const struct query *q)
{
    return !q->name.data && !q->name_prefix.data && !q->serial.size && !q->alias.data && !q->custom_id.data && !q->tag_key.data &&
           !q->expires && !q->unended && !q->changed_since;
}

int pcai_find_certs(struct txn *txn, struct context *cx, const struct query *query, cert_found found, void *context, struct listing *listing,
                    pca_error *err)
{
    struct walk walk;
    struct cert_search search = {cx, query, &walk, query->limit ? found : NULL, context};
    uint64_t counted;
    int exact;
    listing->after = query->after;
    listing->limit = query->limit;
    int rc = choose(query, cx->now, &walk, err);
    if (rc == PCA_OK)
        rc = pcai_walk(txn, &walk, listing, cert_row, &search, err);
    if (rc != PCA_OK || !is_counted(query))
        return rc;
    rc = pcai_held_count(txn, query->issuer, query->status, query->type, &counted, &exact, err);
    if (rc == PCA_OK && (exact || counted > listing->total)) {
        listing->total = counted;
        listing->exact = exact;
    }
    return rc;
}

/* Of the CAs of that name, the one that issued it. */
static int by_issuer_name(struct txn *txn, const struct certificate *c, struct slice der, struct cert_view *view, pca_error *err)
{
    struct scan *scan = NULL;
    struct slice key, value;
    struct ca_record ca;
    pca_error own = {0};
    int found = 0, rc = pcai_scan_open(txn, TABLE_CA, pcai_slice(NULL, 0), pcai_slice(NULL, 0), &scan, err);
    while (rc == PCA_OK && !found && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK) {
        rc = pcai_record_decode(&pcai_ca_type, key, value, &ca, err);
        if (rc != PCA_OK || !pcai_slice_equal(ca.subject, c->issuer))
            continue;
        rc = pcai_cert_of_serial(txn, ca.id, c->serial, view, &own);
        found = rc == PCA_OK && (pcai_slice_equal(view->record.der, der) || pcai_slice_equal(view->record.encryption_der, der));
        if (rc == PCA_E_NOT_FOUND)
            rc = PCA_OK;
        else if (rc != PCA_OK)
            pcai_error_copy(err, &own);
    }
    pcai_scan_close(scan);
    return rc;
}

int pcai_cert_by_der(struct txn *txn, struct slice der, struct cert_view *view, pca_error *err)
{
    struct certificate c;
    int rc = pcai_certificate_read(der, &c, err);
    if (rc == PCA_OK)
        rc = by_issuer_name(txn, &c, der, view, err);
    else if (rc != PCA_E_NO_MEMORY)
        rc = pcai_fail(err, PCA_E_INVALID, "call", "der", "this is no certificate in DER");
    if (rc == PCA_E_NOT_FOUND)
        return pcai_fail(err, rc, "region", "der", "there is no such certificate in this region, or it was deleted");
    return rc;
}

/* ---- CAs ---- */

struct ca_search {
    struct context *cx;
    const struct query *query;
    ca_found found;
    void *context;
};

static int ca_has_name(const struct query *q, const struct ca_record *ca, int *has, pca_error *err)
{
    struct name subject;
    struct slice cn = {NULL, 0};
    *has = 0;
    if (ca->subject.size && pcai_name_read(ca->subject, &subject) != 0)
        return pcai_fail(err, PCA_E_CORRUPT, NULL, NULL, "the subject of CA %" PRIu64 " cannot be read", ca->id);
    if (ca->subject.size)
        cn = pcai_name_find(&subject, OID_COMMON_NAME);
    size_t whole = q->name_prefix.data ? q->name_prefix.size : 0;
    *has = cn.data && (!q->name.data || pcai_equal_nocase(cn, q->name)) &&
           (cn.size >= whole && pcai_equal_nocase(pcai_slice(cn.data, whole), pcai_slice(q->name_prefix.data, whole)));
    return PCA_OK;
}

/* Its record, or its counters. */
static int ca_has_changed(struct txn *txn, const struct ca_record *ca, uint64_t since, int *changed, pca_error *err)
{
    struct quota_record quota = {0};
    int rc = ca->log > since ? PCA_OK : pcai_quota_read(txn, ca->id, &quota, err);
    *changed = ca->log > since || quota.log > since;
    return rc;
}

static int ca_fits(const struct query *q, const struct ca_record *ca)
{
    return (!q->roots || !ca->parent) && (!q->root || (ca->parent && ca->root == q->root)) && (!q->issuer || ca->parent == q->issuer) &&
           (!q->state || (uint64_t)q->state == ca->state) && (!q->kind || (uint64_t)q->kind == ca->kind) &&
           (!q->alias.data || pcai_slice_equal(q->alias, ca->alias)) &&
           has_serial(q, ca->serial) &&
           (!q->tag_key.data || pcai_tags_have(ca->tags, q->tag_key, q->tag_value)) &&
           (!q->expires || (ca->generation && ca->not_after < q->expires));
}

static int ca_row(struct txn *txn, void *state, struct slice key, struct slice value, int *matched, pca_error *err)
{
    const struct ca_search *search = state;
    const struct query *q = search->query;
    struct ca_record ca;
    int named = 1, changed = 1, rc = pcai_record_decode(&pcai_ca_type, key, value, &ca, err);
    if (rc != PCA_OK || !ca_fits(q, &ca))
        return rc;
    if (q->name.data || q->name_prefix.data)
        rc = ca_has_name(q, &ca, &named, err);
    if (rc == PCA_OK && q->changed_since)
        rc = ca_has_changed(txn, &ca, q->changed_since, &changed, err);
    if (rc != PCA_OK || !named || !changed)
        return rc;
    *matched = 1;
    return search->found ? search->found(txn, search->cx, search->context, ca.id, err) : PCA_OK;
}

/* The row of its alias, if one is asked for, leads to one CA. */
static int choose_ca(struct txn *txn, const struct query *q, struct walk *walk, pca_error *err)
{
    struct row_key range = pcai_alias_key(q->alias);
    struct scan *scan = NULL;
    struct slice key, value;
    *walk = (struct walk){.table = TABLE_CA, .order = ORDER_ID};
    if (!q->alias.data)
        return PCA_OK;
    int rc = pcai_scan_open(txn, TABLE_NAME, pcai_row_key_view(&range), pcai_row_key_view(&range), &scan, err);
    if (rc == PCA_OK)
        rc = pcai_scan_next(scan, &key, &value, err);
    walk->range = pcai_key_id64(rc == PCA_OK && key.size == range.size + 8 ? pcai_read_u64(key.data + range.size) : 0);
    pcai_scan_close(scan);
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

/* Is every CA asked for? They are numbered without gaps, and none is ever taken away. */
static int is_every_ca(const struct query *q)
{
    return is_counted(q) && !q->issuer && !q->state && !q->kind && !q->root && !q->roots;
}

int pcai_find_cas(struct txn *txn, struct context *cx, const struct query *query, ca_found found, void *context, struct listing *listing,
                  pca_error *err)
{
    struct walk walk;
    struct ca_search search = {cx, query, query->limit ? found : NULL, context};
    struct slice key, value;
    listing->after = query->after;
    listing->limit = query->limit;
    int rc = choose_ca(txn, query, &walk, err);
    if (rc == PCA_OK)
        rc = pcai_walk(txn, &walk, listing, ca_row, &search, err);
    if (rc != PCA_OK || !is_every_ca(query))
        return rc;
    rc = pcai_last(txn, TABLE_CA, pcai_slice(NULL, 0), &key, &value, err);
    listing->exact = 1;
    listing->total = rc == PCA_OK && key.size == 8 ? pcai_read_u64(key.data) : 0;
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}

/* ---- The ledger: log rows that move units ---- */

struct entry_search {
    const struct query *query;
    entry_found found;
    void *context;
};

static int entry_row(struct txn *txn, void *state, struct slice key, struct slice value, int *matched, pca_error *err)
{
    const struct entry_search *search = state;
    struct log_record row;
    (void)txn;
    int rc = pcai_record_decode(&pcai_log_type, key, value, &row, err);
    if (rc == PCA_OK && key.size != 8)
        rc = pcai_fail(err, PCA_E_CORRUPT, "region", "log", "a log row's key is not 8 octets");
    uint64_t ca = search->query->issuer;
    if (rc != PCA_OK || row.units == 0 || (ca && ca != row.ca && ca != pcai_log_from(&row)))
        return rc;
    *matched = 1;
    return search->found ? search->found(search->context, pcai_read_u64(key.data), &row, err) : PCA_OK;
}

int pcai_find_entries(struct txn *txn, struct context *cx, const struct query *query, entry_found found, void *context,
                      struct listing *listing, pca_error *err)
{
    struct walk walk = {0};
    struct entry_search search = {query, query->limit ? found : NULL, context};
    (void)cx;
    by_change(query, &walk);
    listing->after = query->after;
    listing->limit = query->limit;
    return pcai_walk(txn, &walk, listing, entry_row, &search, err);
}
