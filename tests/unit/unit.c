#include "unit.h"

#include <unistd.h>

#include "base/der.h"

pca_error err;

/* ---- Results ---- */

void check_result(int expected, const char *field, int seen, const char *call, const char *file, int line)
{
    int sound = seen == expected;
    if (sound && expected != PCA_OK)
        sound = err.code == seen && *err.message && !strchr(err.message, '\n') && (!field || strcmp(field, err.field) == 0);
    if (sound)
        return;
    print_error("%s\n  expected %s%s%s\n  gave     %s, error %s, field \"%s\", \"%s\"\n", call, pca_code_name(expected),
                field ? ", field " : "", field ? field : "", pca_code_name(seen), pca_code_name(err.code), err.field, err.message);
    _fail(file, line);
}

void check_text(const char *text, const char *part, int wanted, const char *file, int line)
{
    if (!strstr(text, part) == !wanted)
        return;
    print_error("\"%s\" %s in:\n%s\n", part, wanted ? "is not" : "is", text);
    _fail(file, line);
}

/* ---- Octets ---- */

#define KEPT 16
#define LARGEST 140000

/* Appends what stands before the closing brace or the end. */
static const char *put_some(struct buf *out, const char *at)
{
    while (*at && *at != '}') {
        if (*at == ' ') {
            at++;
        } else if (*at == '{') {
            size_t mark = out->size;
            at = put_some(out, at + 1);
            assert_int_equal(*at, '}');
            pcai_der_end(out, mark);
            at++;
        } else if (*at == '\'') {
            for (at++; *at != '\''; at++)
                pcai_buf_octet(out, (uint8_t)*at);
            at++;
        } else if (*at == '(') {
            char *end;
            unsigned long times = strtoul(at + 1, &end, 10), octet = strtoul(end, &end, 16);
            assert_int_equal(*end, ')');
            for (; times; times--)
                pcai_buf_octet(out, (uint8_t)octet);
            at = end + 1;
        } else {
            char pair[3] = {at[0], at[1], 0}, *end;
            pcai_buf_octet(out, (uint8_t)strtoul(pair, &end, 16));
            assert_ptr_equal(end, pair + 2);
            at += 2;
        }
    }
    return at;
}

void put_octets(struct buf *out, const char *text)
{
    assert_int_equal(*put_some(out, text), 0);
    assert_false(out->failed);
}

struct slice octets(const char *text)
{
    static uint8_t kept[KEPT][LARGEST];
    static unsigned next;
    uint8_t *out = kept[next++ % KEPT];
    struct buf made = {0};
    put_octets(&made, text);
    size_t size = made.size;
    assert_true(size <= LARGEST);
    if (size)
        memcpy(out, made.data, size);
    pcai_buf_free(&made);
    return pcai_slice(out, size);
}

struct slice octets_and(const char *text, size_t count, uint8_t value)
{
    struct slice s = octets(text);
    assert_true(count <= LARGEST - s.size);
    memset((uint8_t *)s.data + s.size, value, count);
    return pcai_slice(s.data, s.size + count);
}

static void print_octets(const char *name, struct slice s)
{
    char line[3 * 24 + 1];
    print_error("  %s, %zu octets\n", name, s.size);
    for (size_t i = 0; i < s.size; i += 24) {
        size_t used = 0;
        for (size_t j = i; j < s.size && j < i + 24; j++)
            used += (size_t)snprintf(line + used, sizeof line - used, " %02X", s.data[j]);
        print_error("   %s\n", line);
    }
}

void check_slice(struct slice expected, struct slice seen, const char *what, const char *file, int line)
{
    if (pcai_slice_equal(expected, seen))
        return;
    print_error("%s\n", what);
    print_octets("expected", expected);
    print_octets("seen", seen);
    _fail(file, line);
}

void check_octets(const char *expected_hex, struct slice seen, const char *what, const char *file, int line)
{
    check_slice(octets(expected_hex), seen, what, file, line);
}

/* ---- Files and programs ---- */

static char directory[64];

int scratch_setup(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/pca-unit-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

int scratch_teardown(void **state)
{
    (void)state;
    remove_tree(directory);
    return 0;
}

const char *scratch(const char *name)
{
    static char kept[KEPT][160];
    static unsigned next;
    char *path = kept[next++ % KEPT];
    int size = snprintf(path, sizeof kept[0], "%s/%s", directory, name);
    assert_true(size > 0 && (size_t)size < sizeof kept[0]);
    return path;
}

const char *scratch_put(const char *name, struct slice data)
{
    const char *path = scratch(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data.data, 1, data.size, file), data.size);
    assert_int_equal(fclose(file), 0);
    return path;
}

struct buf scratch_get(const char *name)
{
    size_t size;
    struct buf out = {0};
    uint8_t *data = file_read(scratch(name), &size);
    assert_non_null(data);
    pcai_buf_put(&out, data, size);
    free(data);
    assert_false(out.failed);
    return out;
}

void need_openssl(void)
{
    static int known;
    if (!known)
        known = run(NULL, "sh", "-c", "command -v openssl") == 0 ? 1 : -1;
    if (known < 0)
        skip();
}

void exit_child(int status)
{
    char command[16];
    snprintf(command, sizeof command, "exit %d", status);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}
