/*
 * src/base: memory, buffers, arenas. pcai_alloc and pcai_wipe_free are wrapped at link time: the first to fail at will and
 * to know the blocks, the second to look whether anything is left in a block that goes back.
 */
#include "unit.h"

#include "base/arena.h"
#include "base/memory.h"

void *__real_pcai_alloc(size_t size);
void __real_pcai_wipe_free(void *p, size_t size);
void *__wrap_pcai_alloc(size_t size);
void __wrap_pcai_wipe_free(void *p, size_t size);

static struct {
    int until_failure; /* -1: never */
    size_t freed, unclean;
    struct {
        void *at;
        size_t size;
    } blocks[64];
} memory = {.until_failure = -1};

void *__wrap_pcai_alloc(size_t size)
{
    if (memory.until_failure >= 0 && memory.until_failure-- == 0)
        return NULL;
    void *p = __real_pcai_alloc(size);
    size_t i = 0;
    while (memory.blocks[i].at)
        i++;
    memory.blocks[i].at = p;
    memory.blocks[i].size = size;
    return p;
}

void __wrap_pcai_wipe_free(void *p, size_t size)
{
    if (p) {
        size_t i = 0;
        while (memory.blocks[i].at != p)
            i++;
        pcai_wipe(p, size);
        memory.freed++;
        for (size_t j = 0; j < memory.blocks[i].size; j++)
            if (((uint8_t *)p)[j]) {
                memory.unclean++;
                break;
            }
        memory.blocks[i].at = NULL;
    }
    __real_pcai_wipe_free(p, size);
}

static int forget(void **state)
{
    (void)state;
    memset(&memory, 0, sizeof memory);
    memory.until_failure = -1;
    return 0;
}

/* ---- Memory ---- */

static void memory_comes_zeroed(void **state)
{
    (void)state;
    uint8_t zeros[1000] = {0}, *p = pcai_alloc(1000), *q = pcai_alloc_array(100, 10), *none = pcai_alloc(0);
    assert_memory_equal(p, zeros, 1000);
    assert_memory_equal(q, zeros, 1000);
    assert_non_null(none);
    pcai_free(p);
    pcai_free(q);
    pcai_free(none);
    pcai_free(NULL);
}

static void an_array_that_overflows_is_no_memory(void **state)
{
    (void)state;
    assert_null(pcai_alloc_array(SIZE_MAX, 2));
    assert_null(pcai_alloc_array(SIZE_MAX / 2 + 1, 2));
    assert_null(pcai_alloc_array(2, SIZE_MAX));
    void *p = pcai_alloc_array(0, SIZE_MAX);
    assert_non_null(p);
    pcai_free(p);
    p = pcai_alloc_array(SIZE_MAX, 0);
    assert_non_null(p);
    pcai_free(p);
}

static void copies_are_copies(void **state)
{
    (void)state;
    char *text = pcai_strdup("caf\xC3\xA9"), *part = pcai_strndup("abcdef", 3), *none = pcai_strndup("x", 0);
    assert_string_equal(text, "caf\xC3\xA9");
    assert_string_equal(part, "abc");
    assert_string_equal(none, "");
    pcai_free(text);
    pcai_free(part);
    pcai_free(none);
}

static void secrets_are_compared_whole(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_true(pcai_equal_secret(a, b, 32));
    for (int i = 0; i < 256; i++) {
        b[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_false(pcai_equal_secret(a, b, 32));
        b[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_true(pcai_equal_secret(a, b, 0));
}

static void wiping_leaves_zeros_and_no_more(void **state)
{
    (void)state;
    char text[] = "secret!";
    pcai_wipe(text, 6);
    assert_memory_equal(text, "\0\0\0\0\0\0!", 8);
    pcai_wipe(text, 0);
    assert_int_equal(text[6], '!');
}

/* ---- Slices ---- */

static void slices_are_equal_by_their_octets(void **state)
{
    (void)state;
    assert_true(pcai_slice_equal(pcai_slice(NULL, 0), pcai_slice("", 0)));
    assert_true(pcai_slice_equal(pcai_slice("a\0b", 3), octets("61 00 62")));
    assert_false(pcai_slice_equal(pcai_slice("a\0b", 3), octets("61 00 63")));
    assert_false(pcai_slice_equal(pcai_slice_text("ab"), pcai_slice_text("abc")));
    assert_int_equal(pcai_slice_text("caf\xC3\xA9").size, 5);
}

/* ---- Buffers ---- */

static void a_buffer_keeps_what_is_put_while_it_grows(void **state)
{
    (void)state;
    struct buf b = {0};
    for (size_t i = 0; i < 100000; i++)
        pcai_buf_octet(&b, (uint8_t)(i * 7));
    assert_done(pcai_buf_check(&b, &err));
    assert_int_equal(b.size, 100000);
    assert_true(b.size <= b.capacity);
    for (size_t i = 0; i < 100000; i++)
        if (b.data[i] != (uint8_t)(i * 7))
            fail_msg("octet %zu", i);
    pcai_buf_free(&b);
    assert_null(b.data);
    assert_int_equal(b.size + b.capacity, 0);
}

/* Around every power of two, where a buffer that is full to the last octet must still take the NUL. */
static void a_buffer_of_every_size_can_be_taken_as_text(void **state)
{
    (void)state;
    for (size_t size = 0; size < 1030; size++) {
        struct buf b = {0};
        for (size_t i = 0; i < size; i++)
            pcai_buf_octet(&b, 'x');
        size_t taken = 9999;
        uint8_t *data = pcai_buf_take(&b, &taken);
        assert_non_null(data);
        assert_int_equal(taken, size);
        assert_int_equal(strlen((char *)data), size);
        assert_null(b.data);
        __wrap_pcai_wipe_free(data, size);
    }
}

static void puts_of_every_kind_follow_each_other(void **state)
{
    (void)state;
    struct buf b = {0};
    pcai_buf_text(&b, "a=");
    pcai_buf_format(&b, "%d/%s", 17, "x");
    pcai_buf_put(&b, "\0", 1);
    pcai_buf_slice(&b, pcai_slice(NULL, 0));
    pcai_buf_put(&b, NULL, 0);
    pcai_buf_slice(&b, octets("FF"));
    pcai_buf_octet(&b, 1);
    assert_buf_octets("61 3D 31 37 2F 78 00 FF 01", &b);
}

static void long_formats_fit(void **state)
{
    (void)state;
    static char text[5001];
    memset(text, 'y', 5000);
    struct buf b = {0};
    pcai_buf_format(&b, "<%s>", text);
    assert_int_equal(b.size, 5002);
    assert_memory_equal(b.data + 1, text, 5000);
    assert_int_equal(b.data[5001], '>');
    pcai_buf_free(&b);
}

static void an_insert_moves_what_follows(void **state)
{
    (void)state;
    struct buf b = {0};
    pcai_buf_text(&b, "ad");
    pcai_buf_insert(&b, 1, "bc", 2);
    pcai_buf_insert(&b, 4, "e", 1);
    pcai_buf_insert(&b, 0, "_", 1);
    assert_buf_text("_abcde", &b);
}

static void a_reset_buffer_is_empty_and_kept(void **state)
{
    (void)state;
    struct buf b = {0};
    pcai_buf_text(&b, "secret");
    uint8_t *data = b.data;
    pcai_buf_reset(&b);
    assert_int_equal(b.size, 0);
    assert_ptr_equal(b.data, data);
    assert_memory_equal(data, "\0\0\0\0\0\0", 6);
    pcai_buf_text(&b, "x");
    assert_buf_text("x", &b);
    pcai_buf_reset(&b); /* one that has no memory */
    pcai_buf_free(&b);
}

static void pitfall_35_no_old_block_of_a_buffer_holds_octets(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int i = 0; i < 5000; i++)
        pcai_buf_octet(&b, 0xA5);
    pcai_buf_insert(&b, 100, "secret", 6);
    pcai_buf_format(&b, "%s", "secret");
    pcai_buf_free(&b);
    assert_true(memory.freed > 4); /* it grew, and was freed */
    assert_int_equal(memory.unclean, 0);
}

static void a_buffer_out_of_memory_stays_failed(void **state)
{
    (void)state;
    struct buf b = {0};
    size_t size = 1;
    pcai_buf_text(&b, "first");
    memory.until_failure = 0;
    assert_null(pcai_buf_grow(&b, 1000));
    assert_true(b.failed);
    pcai_buf_text(&b, "x"); /* there is room for this one, and memory again */
    pcai_buf_octet(&b, 'y');
    pcai_buf_format(&b, "%d", 1);
    pcai_buf_insert(&b, 0, "z", 1);
    assert_slice_text("first", pcai_buf_view(&b));
    assert_result(PCA_E_NO_MEMORY, NULL, pcai_buf_check(&b, &err));
    assert_null(pcai_buf_take(&b, &size));
    assert_int_equal(size, 1);
    assert_null(b.data);
    assert_int_equal(memory.unclean, 0);
    pcai_buf_text(&b, "again");
    assert_buf_text("again", &b);
}

static void every_kind_of_put_fails_alone(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        struct buf b = {0};
        size_t size = 0;
        memory.until_failure = 0;
        if (kind == 0)
            pcai_buf_put(&b, "x", 1);
        else if (kind == 1)
            pcai_buf_octet(&b, 1);
        else if (kind == 2)
            pcai_buf_format(&b, "x");
        else if (kind == 3)
            pcai_buf_insert(&b, 0, "x", 1);
        else if (kind == 4)
            assert_null(pcai_buf_grow(&b, 0));
        else
            assert_null(pcai_buf_take(&b, &size));
        assert_true(kind == 5 || b.failed);
        assert_int_equal(b.size, 0);
        pcai_buf_free(&b);
    }
}

static void a_size_that_cannot_be_is_no_memory(void **state)
{
    (void)state;
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 1};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct buf b = {0};
        pcai_buf_text(&b, "abc");
        assert_null(pcai_buf_grow(&b, sizes[i]));
        assert_true(b.failed);
        assert_int_equal(b.size, 3);
        pcai_buf_free(&b);
    }
}

/* ---- Arenas ---- */

static void an_arena_gives_zeroed_memory_that_stays(void **state)
{
    (void)state;
    struct arena a = {0};
    uint8_t *given[200];
    for (size_t i = 0; i < 200; i++) {
        size_t size = i * 13 % 300;
        given[i] = pcai_arena_alloc(&a, size);
        assert_non_null(given[i]);
        assert_int_equal((uintptr_t)given[i] % sizeof(max_align_t) % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < size; j++)
            assert_int_equal(given[i][j], 0);
        memset(given[i], (int)i + 1, size);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j < i * 13 % 300; j++)
            assert_int_equal(given[i][j], (uint8_t)(i + 1));
    pcai_arena_free(&a);
    assert_null(a.first);
    assert_int_equal(memory.unclean, 0);
    assert_true(memory.freed > 1);
}

static void an_arena_takes_what_is_larger_than_a_block(void **state)
{
    (void)state;
    struct arena a = {0};
    uint8_t *small = pcai_arena_alloc(&a, 10), *large = pcai_arena_alloc(&a, 100000);
    memset(small, 1, 10);
    memset(large, 2, 100000);
    assert_int_equal(small[9], 1);
    pcai_arena_free(&a);
    assert_int_equal(memory.unclean, 0);
}

static void an_arena_copies_text_and_slices(void **state)
{
    (void)state;
    struct arena a = {0};
    char source[] = "hello";
    const char *text = pcai_arena_text(&a, pcai_slice_text(source));
    struct slice s = pcai_arena_slice(&a, pcai_slice_text(source));
    source[0] = 'J';
    assert_string_equal(text, "hello");
    assert_slice_text("hello", s);
    assert_int_equal(s.data[5], 0);
    assert_string_equal(pcai_arena_text(&a, pcai_slice(NULL, 0)), "");
    s = pcai_arena_slice(&a, pcai_slice("", 0)); /* empty, and not the same as none */
    assert_non_null(s.data);
    assert_int_equal(s.size, 0);
    assert_null(pcai_arena_slice(&a, pcai_slice(NULL, 0)).data);
    pcai_arena_free(&a);
}

static void an_arena_out_of_memory_stays_failed(void **state)
{
    (void)state;
    struct arena a = {0};
    assert_non_null(pcai_arena_alloc(&a, 10));
    memory.until_failure = 0;
    assert_null(pcai_arena_alloc(&a, 5000));
    assert_true(a.failed);
    assert_null(pcai_arena_alloc(&a, 1)); /* though there is room */
    assert_string_equal(pcai_arena_text(&a, pcai_slice_text("x")), "");
    assert_int_equal(pcai_arena_slice(&a, pcai_slice_text("x")).size, 0);
    pcai_arena_free(&a);
    assert_false(a.failed);
    assert_non_null(pcai_arena_alloc(&a, 1));
    pcai_arena_free(&a);
    assert_null(pcai_arena_alloc(&a, SIZE_MAX));
    assert_true(a.failed);
    pcai_arena_free(&a);
}

#define TEST_MEMORY(name) cmocka_unit_test_setup(name, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_MEMORY(memory_comes_zeroed),
        TEST_MEMORY(an_array_that_overflows_is_no_memory),
        TEST_MEMORY(copies_are_copies),
        TEST_MEMORY(secrets_are_compared_whole),
        TEST_MEMORY(wiping_leaves_zeros_and_no_more),
        TEST_MEMORY(slices_are_equal_by_their_octets),
        TEST_MEMORY(a_buffer_keeps_what_is_put_while_it_grows),
        TEST_MEMORY(a_buffer_of_every_size_can_be_taken_as_text),
        TEST_MEMORY(puts_of_every_kind_follow_each_other),
        TEST_MEMORY(long_formats_fit),
        TEST_MEMORY(an_insert_moves_what_follows),
        TEST_MEMORY(a_reset_buffer_is_empty_and_kept),
        TEST_MEMORY(pitfall_35_no_old_block_of_a_buffer_holds_octets),
        TEST_MEMORY(a_buffer_out_of_memory_stays_failed),
        TEST_MEMORY(every_kind_of_put_fails_alone),
        TEST_MEMORY(a_size_that_cannot_be_is_no_memory),
        TEST_MEMORY(an_arena_gives_zeroed_memory_that_stays),
        TEST_MEMORY(an_arena_takes_what_is_larger_than_a_block),
        TEST_MEMORY(an_arena_copies_text_and_slices),
        TEST_MEMORY(an_arena_out_of_memory_stays_failed),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
