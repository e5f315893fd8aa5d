/* Finding certificates, CAs and ledger rows: conditions that hold all together, one index, pages. */
#ifndef PCAI_FIND_H
#define PCAI_FIND_H

#include "ca/certificate.h"
#include "ca/serials.h"
#include "ca/walk.h"

/* 0, or no data: any. */
struct query {
    uint64_t issuer; /* of a CA: the one above it. Of a ledger row: its CA */
    int status, type, state, kind;
    struct slice name, name_prefix; /* in lower case */
    struct serial serial;
    struct slice alias, custom_id, tag_key, tag_value;
    int64_t expires; /* it ends before */
    int unended;     /* it has not ended yet */
    uint64_t changed_since;
    uint64_t root; /* of a CA: it stands below this one, at any depth */
    int roots;     /* roots only */
    const char *after;
    uint64_t limit;
};

/* Called for each match that is on the page. */
typedef int (*cert_found)(struct txn *txn, struct context *cx, void *context, const struct cert_view *view, pca_error *err);
typedef int (*ca_found)(struct txn *txn, struct context *cx, void *context, uint64_t id, pca_error *err);
typedef int (*entry_found)(void *context, uint64_t sequence, const struct log_record *row, pca_error *err);

/* INVALID: a condition that such objects do not have. */
int pcai_find_certs_check(const struct query *query, pca_error *err);
int pcai_find_cas_check(const struct query *query, pca_error *err);
int pcai_find_entries_check(const struct query *query, pca_error *err);

int pcai_find_certs(struct txn *txn, struct context *cx, const struct query *query, cert_found found, void *context, struct listing *listing,
                    pca_error *err);
int pcai_find_cas(struct txn *txn, struct context *cx, const struct query *query, ca_found found, void *context, struct listing *listing,
                  pca_error *err);
int pcai_find_entries(struct txn *txn, struct context *cx, const struct query *query, entry_found found, void *context,
                      struct listing *listing, pca_error *err);
/* NOT_FOUND unless it is, octet for octet, one that is there. */
int pcai_cert_by_der(struct txn *txn, struct slice der, struct cert_view *view, pca_error *err);

#endif
