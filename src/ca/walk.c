#include "ca/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void cursor_write(const struct walk *walk, struct slice last, uint64_t total, char out[PCAI_CURSOR_MAX])
{
    out[0] = (char)walk->order;
    pcai_hex(last.data + walk->fixed.size, last.size - walk->fixed.size, out + 1);
    size_t used = strlen(out);
    snprintf(out + used, PCAI_CURSOR_MAX - used, ".%" PRIu64, total);
}

static int read_count(const char *text, uint64_t *count)
{
    uint64_t n = 0;
    if (!*text)
        return -1;
    for (; *text; text++) {
        if (!pcai_is_digit(*text) || n > (UINT64_MAX - 9) / 10)
            return -1;
        n = n * 10 + (uint64_t)(*text - '0');
    }
    *count = n;
    return 0;
}

/* The first key beyond the one that the cursor names. */
static int cursor_read(const struct walk *walk, const char *text, struct row_key *from, uint64_t *total)
{
    uint8_t position[sizeof from->data];
    const char *dot = strchr(text, '.');
    size_t digits = dot ? (size_t)(dot - text) - 1 : 0;
    if (!dot || text[0] != (char)walk->order || digits == 0 || digits / 2 > sizeof position)
        return -1;
    if (pcai_unhex(text + 1, digits, position, digits / 2) != 0 || read_count(dot + 1, total) != 0)
        return -1;
    *from = walk->fixed;
    pcai_row_key_bytes(from, pcai_slice(position, digits / 2));
    pcai_row_key_bytes(from, pcai_slice("", 1));
    return from->size > sizeof from->data ? -1 : 0;
}

static int is_beyond(const struct walk *walk, struct slice key)
{
    size_t size = key.size < walk->until.size ? key.size : walk->until.size;
    return size && memcmp(key.data, walk->until.data, size) >= 0;
}

static int start(const struct walk *walk, struct listing *listing, struct row_key *from, pca_error *err)
{
    listing->next[0] = 0;
    listing->total = 0;
    listing->exact = 0;
    *from = walk->from.size ? walk->from : walk->range;
    if (*listing->after && cursor_read(walk, listing->after, from, &listing->total) != 0)
        return pcai_fail(err, PCA_E_INVALID, "query", "after", "this is not what pca_page_next gave of a page in the same order");
    return PCA_OK;
}

int pcai_walk(struct txn *txn, const struct walk *walk, struct listing *listing, walk_row row, void *state, pca_error *err)
{
    struct row_key from, last = pcai_row_key();
    struct scan *scan = NULL;
    struct slice key, value;
    uint64_t examined = 0, matches = 0;
    int rc = start(walk, listing, &from, err);
    if (rc == PCA_OK)
        rc = pcai_scan_open(txn, walk->table, pcai_row_key_view(&walk->range), pcai_row_key_view(&from), &scan, err);
    while (rc == PCA_OK && (rc = pcai_scan_next(scan, &key, &value, err)) == PCA_OK && !is_beyond(walk, key)) {
        int matched = 0;
        if ((listing->limit && matches == listing->limit) || examined++ == PCAI_EXAMINED_MAX) {
            cursor_write(walk, pcai_row_key_view(&last), listing->total + matches, listing->next);
            break;
        }
        last = pcai_row_key();
        pcai_row_key_bytes(&last, key);
        if (last.size > sizeof last.data || last.size < walk->fixed.size)
            rc = pcai_fail(err, PCA_E_CORRUPT, "region", pcai_table_name(walk->table), "a key is longer than any that libpca writes");
        else
            rc = row(txn, state, key, value, &matched, err);
        if (rc == PCA_E_NOT_FOUND)
            rc = pcai_fail(err, PCA_E_CORRUPT, "region", pcai_table_name(walk->table), "a row names one that is missing");
        matches += (uint64_t)(matched != 0);
    }
    pcai_scan_close(scan);
    listing->total += matches;
    listing->exact = listing->next[0] == 0;
    return rc == PCA_E_NOT_FOUND ? PCA_OK : rc;
}
