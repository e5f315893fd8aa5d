#include "ca/leaf_names.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "x509/certificate.h"

#define NAME_MAX_OCTETS 200
#define NAME_HASH 32
struct names {
    struct arena arena;
    struct slice *text; /* in lower case; room for the common name and every alternative name */
    struct row_key *key;
    size_t count;
};

/* 'N' ‖ name ‖ 00, before the sequence; of a long name the tail is its digest. */
int pcai_leaf_name_key(struct slice name, struct row_key *key, pca_error *err)
{
    *key = pcai_key_text("N");
    int rc = pcai_key_short(key, name, NAME_MAX_OCTETS, err);
    pcai_row_key_bytes(key, pcai_slice("", 1));
    return rc;
}

struct row_key pcai_leaf_name_range(struct slice prefix)
{
    struct row_key key = pcai_key_text("N");
    size_t whole = NAME_MAX_OCTETS - NAME_HASH; /* that every row has */
    pcai_row_key_bytes(&key, pcai_slice(prefix.data, prefix.size < whole ? prefix.size : whole));
    return key;
}

static int add(struct names *names, struct slice text, uint64_t sequence, pca_error *err)
{
    struct row_key key;
    char *lower = pcai_arena_alloc(&names->arena, text.size + 1);
    if (!lower)
        return pcai_no_memory(err);
    if (text.size)
        memcpy(lower, text.data, text.size);
    pcai_lower_all(lower, text.size);
    int rc = pcai_leaf_name_key(pcai_slice(lower, text.size), &key, err);
    pcai_row_key_u64(&key, sequence);
    for (size_t i = 0; i < names->count; i++)
        if (pcai_slice_equal(pcai_row_key_view(&names->key[i]), pcai_row_key_view(&key)))
            return rc;
    names->text[names->count] = pcai_slice(lower, text.size);
    names->key[names->count++] = key;
    return rc;
}

/* The caller frees the arena, whatever is returned. */
static int collect(struct names *names, struct slice der, uint64_t sequence, pca_error *err)
{
    struct certificate c;
    struct name subject;
    struct general_name san[PCAI_SAN_READ_MAX];
    size_t count = 0, other = 0;
    *names = (struct names){.count = 0};
    int rc = pcai_certificate_read(der, &c, err);
    if (rc != PCA_OK)
        return rc;
    if (pcai_name_read(c.subject, &subject) != 0 || (c.san.data && pcai_san_read(c.san, san, PCAI_SAN_READ_MAX, &count, &other) != 0))
        return pcai_fail(err, PCA_E_CORRUPT, NULL, NULL, "the names of a stored certificate cannot be read");
    names->text = pcai_arena_alloc(&names->arena, (count + 1) * sizeof *names->text);
    names->key = pcai_arena_alloc(&names->arena, (count + 1) * sizeof *names->key);
    if (!names->text || !names->key)
        return pcai_no_memory(err);
    struct slice cn = pcai_name_find(&subject, OID_COMMON_NAME);
    if (cn.data)
        rc = add(names, cn, sequence, err);
    for (size_t i = 0; rc == PCA_OK && i < count; i++) {
        struct buf text = {0};
        pcai_san_text(&san[i], &text);
        rc = pcai_buf_check(&text, err);
        if (rc == PCA_OK)
            rc = add(names, pcai_buf_view(&text), sequence, err);
        pcai_buf_free(&text);
    }
    return rc;
}

int pcai_leaf_names_put(struct txn *txn, struct slice der, uint64_t sequence, pca_error *err)
{
    struct names names;
    struct index_record empty = {0};
    int rc = collect(&names, der, sequence, err);
    for (size_t i = 0; rc == PCA_OK && i < names.count; i++)
        rc = pcai_record_put(txn, &pcai_name_type, pcai_row_key_view(&names.key[i]), &empty, err);
    pcai_arena_free(&names.arena);
    return rc;
}

int pcai_leaf_names_delete(struct txn *txn, struct slice der, uint64_t sequence, pca_error *err)
{
    struct names names;
    int rc = collect(&names, der, sequence, err);
    for (size_t i = 0; rc == PCA_OK && i < names.count; i++) {
        rc = pcai_delete(txn, TABLE_NAME, pcai_row_key_view(&names.key[i]), err);
        if (rc == PCA_E_NOT_FOUND)
            rc = PCA_OK; /* destroyed is destroyed; the check of a region reports what is missing */
    }
    pcai_arena_free(&names.arena);
    return rc;
}

int pcai_leaf_names_check(struct txn *txn, struct slice der, uint64_t sequence, uint64_t *rows, pca_error *err)
{
    struct names names;
    struct index_record record;
    int rc = collect(&names, der, sequence, err);
    for (size_t i = 0; rc == PCA_OK && i < names.count; i++) {
        rc = pcai_record_get(txn, &pcai_name_type, pcai_row_key_view(&names.key[i]), &record, err);
        if (rc == PCA_E_NOT_FOUND)
            rc = pcai_fail(err, PCA_E_CORRUPT, NULL, "names", "a name row of certificate %" PRIu64 " is missing", sequence);
        (*rows)++;
    }
    pcai_arena_free(&names.arena);
    return rc;
}

static int begins(struct slice text, struct slice prefix)
{
    return text.size >= prefix.size && memcmp(text.data, prefix.data, prefix.size) == 0;
}

static int precedes(const struct row_key *a, const struct row_key *b)
{
    size_t common = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->data, b->data, common);
    return order ? order < 0 : a->size < b->size;
}

int pcai_leaf_names_match(struct slice der, uint64_t sequence, struct slice name, struct slice prefix, struct row_key *first,
                          int *matched, pca_error *err)
{
    struct names names;
    const struct row_key *least = NULL;
    int has_name = !name.data, rc = collect(&names, der, sequence, err);
    for (size_t i = 0; rc == PCA_OK && i < names.count; i++) {
        has_name |= name.data && pcai_slice_equal(names.text[i], name);
        if (prefix.data && begins(names.text[i], prefix) && (!least || precedes(&names.key[i], least)))
            least = &names.key[i];
    }
    *matched = has_name && (!prefix.data || least);
    if (first && least)
        *first = *least;
    pcai_arena_free(&names.arena);
    return rc;
}
