/* Immutable handles: a counted shell and a copy of what was read. */
#ifndef PCAI_SNAPSHOT_H
#define PCAI_SNAPSHOT_H

#include "api/shell.h"
#include "ca/find.h"
#include "ca/label.h"
#include "ca/review.h"

struct tag_list {
    struct {
        const char *key, *value;
    } *at;
    size_t count;
};
/* "" past the end; NULL where there is no such tag. */
const char *pcai_tag_list_key(const struct tag_list *list, uint64_t index);
const char *pcai_tag_list_value(const struct tag_list *list, const char *key);

struct pca_ca {
    struct shell *shell;
    struct arena arena;
    struct ca_record record; /* slices unused */
    const char *alias, *subject, *serial, *crl_url, *ocsp_url, *issuer_url;
    const char **crl_urls; /* of each generation */
    struct tag_list tags;
    struct quota_record quota;
};
struct pca_root {
    struct pca_ca ca;
};
struct pca_sub {
    struct pca_ca ca;
};

/* The verb that roots and subordinates share, after its arguments were looked at. */
int pcai_renew(const struct pca_ca *ca, uint64_t months, const char *token, pca_error *err);
/* Fills a zeroed pca_ca. pcai_ca_release frees what it holds, not the struct. */
int pcai_ca_load(struct txn *txn, struct context *cx, struct shell *shell, uint64_t id, struct pca_ca *ca, pca_error *err);
void pcai_ca_release(struct pca_ca *ca);
/* A write that makes a CA, or finds that it was made: `make` sets *id. The snapshot comes from the same transaction, so that nothing
 * can fail once it is committed. ca: a zeroed one. */
int pcai_ca_make(struct call *call, rule make, void *arguments, const uint64_t *id, struct pca_ca *ca, pca_error *err);
/* NOT_FOUND when the id is none, or one of the other kind. */
int pcai_root_load(struct call *call, uint64_t id, pca_root **root, pca_error *err);
int pcai_sub_load(struct call *call, uint64_t id, pca_sub **sub, pca_error *err);

struct cert_name {
    int type;
    const char *text;
};
struct pca_cert {
    struct shell *shell;
    struct arena arena;
    uint64_t id;
    struct cert_record record; /* der and serial are the arena's; other slices unused */
    struct status_record status;
    const char *serial, *subject, *common_name, *alias, *custom_id, *requester, *driver, *slot, *key_name, *encryption_serial;
    struct tag_list tags;
    struct {
        const char *digest, *decider, *reason;
        int64_t lapses, decided;
        struct {
            const char *actor;
            int64_t at;
        } approvals[PCAI_APPROVALS_MAX];
        size_t count;
    } review;
    struct cert_name *san;
    size_t san_count;
    const char **ignored;
    size_t ignored_count;
};
int pcai_cert_snapshot(struct shell *shell, const struct cert_view *view, pca_cert **cert, pca_error *err);
int pcai_cert_load(struct call *call, uint64_t id, pca_cert **cert, pca_error *err);

/* Pages of what a query finds, its conditions checked to fit. */
int pcai_page_certs(struct shell *shell, const struct query *query, pca_page **page, pca_error *err);
int pcai_page_cas(struct shell *shell, const struct query *query, pca_page **page, pca_error *err);
int pcai_page_entries(struct shell *shell, const struct query *query, pca_page **page, pca_error *err);
/* INVALID: after is NULL only for the first page, a limit has its limit. Where they are plain arguments. */
int pcai_page_arguments(struct query *query, const char *after, uint64_t limit, pca_error *err);

#endif
