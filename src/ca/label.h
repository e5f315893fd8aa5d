/* What people and programs put on objects to find them again: aliases, custom ids and tags, and their rows in table name. */
#ifndef PCAI_LABEL_H
#define PCAI_LABEL_H

#include "ca/certificate.h"

#define PCAI_TAGS_MAX 20

struct tag {
    struct slice key, value;
};
/* Stored as key and value, UTF8Strings, in order of key. Returns how many; the slices point into `stored`. */
size_t pcai_tags_read(struct slice stored, struct tag tags[PCAI_TAGS_MAX]);
/* 1 when it is there with that value. */
int pcai_tags_have(struct slice stored, struct slice key, struct slice value);
/* INVALID: their lengths. value NULL: to take the tag away. */
int pcai_tag_check(const char *key, const char *value, pca_error *err);

/* INVALID: its length. */
int pcai_custom_id_check(const char *custom_id, pca_error *err);
/* EXISTS when a certificate has it. */
int pcai_custom_id_require_free(struct txn *txn, struct slice custom_id, pca_error *err);

/* What the rows of certificates with that alias, custom id, tag begin with; the id follows. */
struct row_key pcai_label_alias_key(struct slice alias);
struct row_key pcai_label_custom_id_key(struct slice custom_id);
int pcai_label_tag_key(struct slice key, struct slice value, struct row_key *out, pca_error *err);

/* The rows that a certificate's record calls for. */
int pcai_labels_put(struct txn *txn, const struct cert_record *record, uint64_t id, pca_error *err);
int pcai_labels_delete(struct txn *txn, const struct cert_record *record, uint64_t id, pca_error *err);
/* CORRUPT when a row is missing; counts the rows. */
int pcai_labels_check(struct txn *txn, const struct cert_record *record, uint64_t id, uint64_t *rows, pca_error *err);

/* ---- Verbs ---- */

struct labelling {
    uint64_t id;       /* a certificate's, or a CA's */
    const char *alias; /* set_alias */
    const char *key, *value;
};
int pcai_cert_set_alias(struct txn *txn, struct context *cx, void *labelling, pca_error *err);
int pcai_cert_set_tag(struct txn *txn, struct context *cx, void *labelling, pca_error *err);
int pcai_ca_set_tag(struct txn *txn, struct context *cx, void *labelling, pca_error *err);

#endif
