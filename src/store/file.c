/*
 * A look at a file before LMDB maps it: a map over a file that was cut short ends in SIGBUS. LMDB 0.9's format (mdb.c):
 *
 *   page   number (a word), pad, flags, then lower and upper bounds of the free space, or a count of pages
 *   meta   pages 0 and 1: magic, version, address, map size, two trees (of free pages, of tables), last page, transaction
 *   node   size or page number, flags, size of key, key, data
 *
 * A word is of the machine's size. The newest meta page's last page must be in the file, with one exception: pages that
 * were taken and given back in one transaction are in the list of free pages and may never have been written.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/internal.h"

#define MAGIC 0xBEEFC0DEu
#define FORMAT 1
#define NO_PAGE SIZE_MAX
#define DEPTH_MAX 32
#define RACES_MAX 100

enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum { NODE_OVERFLOW = 1 };

struct page {
    size_t number;
    uint16_t pad, flags, lower, upper;
};
struct tree {
    uint32_t pad; /* of the first tree: the page size */
    uint16_t flags, depth;
    size_t branches, leaves, overflows, entries, root;
};
struct meta {
    uint32_t magic, version;
    size_t address, map_size;
    struct tree trees[2];
    size_t last_page, transaction;
};
struct node {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint16_t low, high;
#else
    uint16_t high, low;
#endif
    uint16_t flags, key_size;
};

struct file {
    const char *name;
    int fd;
    uint64_t size, pages; /* pages: whole ones in the file */
    size_t page_size;
    struct meta meta;
    uint64_t visited, found; /* by the walk: pages read, missing pages met in the list */
    int error;               /* errno of a read that failed: no verdict can be given */
};

static int read_at(struct file *f, void *to, size_t size, uint64_t at)
{
    uint8_t *octets = to;
    while (size) {
        ssize_t got = pread(f->fd, octets, size, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            f->error = errno;
        if (got <= 0)
            return -1;
        octets += got;
        at += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

/* ---- The meta pages ---- */

static int read_meta(struct file *f, uint64_t at, struct meta *meta)
{
    struct page page;
    if (read_at(f, &page, sizeof page, at) != 0 || read_at(f, meta, sizeof *meta, at + sizeof page) != 0)
        return -1;
    return (page.flags & PAGE_META) && meta->magic == MAGIC && meta->version == FORMAT ? 0 : -1;
}

static int read_metas(struct file *f)
{
    struct meta second;
    if (read_meta(f, 0, &f->meta) != 0)
        return -1;
    f->page_size = f->meta.trees[0].pad;
    if (f->page_size < 256 || f->page_size > 65536 || (f->page_size & (f->page_size - 1)))
        return -1;
    if (read_meta(f, f->page_size, &second) != 0)
        return -1;
    if (second.transaction > f->meta.transaction)
        f->meta = second;
    f->pages = f->size / f->page_size;
    return 0;
}

/* The magic of a machine whose words have another size or order. */
static int foreign(struct file *f)
{
    static const uint8_t orders[2][4] = {{0xDE, 0xC0, 0xEF, 0xBE}, {0xBE, 0xEF, 0xC0, 0xDE}};
    uint8_t head[20];
    if (read_at(f, head, sizeof head, 0) != 0)
        return 0;
    for (int i = 0; i < 2; i++)
        if (memcmp(head + 12, orders[i], 4) == 0 || memcmp(head + 16, orders[i], 4) == 0)
            return 1;
    return 0;
}

/* ---- The list of free pages: a tree whose values are counted arrays of page numbers ---- */

static int is_missing(const struct file *f, size_t number)
{
    return number >= f->pages && number <= f->meta.last_page;
}

static int count_list(struct file *f, const uint8_t *list, size_t size)
{
    size_t count, number;
    if (size < sizeof count)
        return -1;
    memcpy(&count, list, sizeof count);
    if (count > size / sizeof number - 1)
        return -1;
    for (size_t i = 1; i <= count; i++) {
        memcpy(&number, list + i * sizeof number, sizeof number);
        f->found += (uint64_t)is_missing(f, number);
    }
    return 0;
}

static int count_overflow(struct file *f, size_t number, size_t size)
{
    uint64_t at = (uint64_t)number * f->page_size + sizeof(struct page);
    if (number >= f->pages || at > f->size || size > f->size - at)
        return -1;
    uint8_t *list = pcai_alloc(size);
    if (!list)
        f->error = ENOMEM;
    int failed = !list || read_at(f, list, size, at) != 0 || count_list(f, list, size) != 0;
    pcai_free(list);
    return failed ? -1 : 0;
}

static int walk(struct file *f, size_t number, int depth);

static int walk_node(struct file *f, const struct page *head, const uint8_t *page, size_t at, int depth)
{
    struct node node;
    size_t number;
    if (at < sizeof *head || at > f->page_size - sizeof node)
        return -1;
    memcpy(&node, page + at, sizeof node);
    size_t size = node.low | (size_t)node.high << 16, data = at + sizeof node + node.key_size;
    if (head->flags & PAGE_BRANCH)
        return walk(f, (size_t)(size | (uint64_t)node.flags << 32), depth + 1);
    if (data > f->page_size)
        return -1;
    if (!(node.flags & NODE_OVERFLOW))
        return size > f->page_size - data ? -1 : count_list(f, page + data, size);
    if (sizeof number > f->page_size - data)
        return -1;
    memcpy(&number, page + data, sizeof number);
    return count_overflow(f, number, size);
}

static int walk(struct file *f, size_t number, int depth)
{
    struct page head;
    int rc = -1;
    if (number >= f->pages || depth > DEPTH_MAX || ++f->visited > f->pages)
        return -1;
    uint8_t *page = pcai_alloc(f->page_size);
    if (!page)
        f->error = ENOMEM;
    if (!page || read_at(f, page, f->page_size, (uint64_t)number * f->page_size) != 0)
        goto out;
    memcpy(&head, page, sizeof head);
    if (!(head.flags & (PAGE_BRANCH | PAGE_LEAF)) || head.lower < sizeof head || head.lower > f->page_size)
        goto out;
    rc = 0;
    for (size_t i = sizeof head; rc == 0 && i + 2 <= head.lower; i += 2) {
        uint16_t at;
        memcpy(&at, page + i, sizeof at);
        rc = walk_node(f, &head, page, at, depth);
    }
out:
    pcai_free(page);
    return rc;
}

static int missing_are_free(struct file *f)
{
    f->visited = f->found = 0;
    if (f->meta.trees[0].root == NO_PAGE || walk(f, f->meta.trees[0].root, 0) != 0)
        return 0;
    return f->found == (uint64_t)f->meta.last_page + 1 - f->pages;
}

/* ---- Verdict ---- */

static int cut_short(const struct file *f, pca_error *err)
{
    return pcai_fail(err, PCA_E_CORRUPT, "store", "path", "%s is cut short: it has %" PRIu64 " octets and needs %" PRIu64, f->name,
                     f->size, ((uint64_t)f->meta.last_page + 1) * f->page_size);
}

/* The size after the meta pages: a writer beside us makes both grow, in the other order. Again if it writes meanwhile. */
static int check_size(struct file *f, pca_error *err)
{
    struct stat st;
    for (int races = 0; races < RACES_MAX; races++) {
        size_t transaction = f->meta.transaction;
        if (fstat(f->fd, &st) != 0)
            return pcai_fail_errno(err, errno, "store", "look at %s", f->name);
        f->size = (uint64_t)st.st_size;
        f->pages = f->size / f->page_size;
        if (f->meta.last_page < f->pages || missing_are_free(f))
            return PCA_OK;
        if (read_metas(f) != 0 || f->meta.transaction == transaction)
            break;
    }
    return cut_short(f, err);
}

/* What a creation leaves that was cut short before LMDB wrote its first page. */
static int is_blank(struct file *f)
{
    uint8_t octets[2 * 4096];
    if (f->size > sizeof octets || read_at(f, octets, (size_t)f->size, 0) != 0)
        return 0;
    for (size_t i = 0; i < f->size; i++)
        if (octets[i])
            return 0;
    return 1;
}

static int check(struct file *f, int *blank, pca_error *err)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return pcai_fail_errno(err, errno, "store", "look at %s", f->name);
    f->size = (uint64_t)st.st_size;
    *blank = is_blank(f);
    if (*blank)
        return PCA_OK;
    if (read_metas(f) == 0)
        return check_size(f, err);
    if (foreign(f) && f->meta.magic != MAGIC)
        return pcai_fail(err, PCA_E_CORRUPT, "store", "path", "%s was written by a machine of another word size or byte order", f->name);
    return pcai_fail(err, PCA_E_CORRUPT, "store", "path", "%s is not a store of libpca, or its first pages are damaged", f->name);
}

int pcai_file_check(const char *file, int *blank, pca_error *err)
{
    struct file f = {.name = file, .fd = open(file, O_RDONLY | O_CLOEXEC)};
    if (f.fd < 0)
        return pcai_fail_errno(err, errno, "store", "open %s", file);
    int rc = check(&f, blank, err);
    close(f.fd);
    if (rc == PCA_OK && !f.error)
        return rc;
    return f.error ? pcai_fail_errno(err, f.error, "store", "read %s", file) : rc;
}
