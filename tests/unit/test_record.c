/* src/store: the check value, the record codec, keys. */
#include "unit.h"

#include "store/record.h"

/* ---- CRC-32C ---- */

static void crc32c_of_rfc_3720(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        uint32_t crc;
    } rows[] = {
        /* B.4 */
        {"(32 00)", 0x8A9136AA},
        {"(32 FF)", 0x62A8AB43},
        {"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", 0x46DD794E},
        {"1F1E1D1C1B1A191817161514131211100F0E0D0C0B0A09080706050403020100", 0x113FDB5C},
        {"01C00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018 28000000 00000000 02000000 00000000", 0xD9963A56},
        /* the usual check of the parameter set CRC-32/ISCSI */
        {"'123456789'", 0xE3069283},
        {"", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice s = octets(rows[i].octets);
        assert_int_equal(pcai_crc32c(0, s.data, s.size), rows[i].crc);
    }
}

/* One bit at a time, reflected polynomial 82F63B78. */
static uint32_t crc_by_bits(struct slice s)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < s.size; i++) {
        crc ^= s.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
    }
    return ~crc;
}

static void crc32c_at_every_length_and_offset(void **state)
{
    (void)state;
    uint8_t data[96];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * i * 31 + 7);
    for (size_t offset = 0; offset < 9; offset++)
        for (size_t size = 0; offset + size <= sizeof data; size++) {
            struct slice s = {data + offset, size};
            assert_int_equal(pcai_crc32c(0, s.data, s.size), crc_by_bits(s));
            size_t half = size / 3; /* in two pieces */
            assert_int_equal(pcai_crc32c(pcai_crc32c(0, s.data, half), s.data + half, size - half), crc_by_bits(s));
        }
}

/* ---- Records ---- */

struct thing {
    uint64_t count;
    int64_t time;
    struct slice name, data;
    uint64_t later; /* came with version 2 */
};
static const struct field fields[] = {
    RECORD_FIELD(FIELD_UINT, struct thing, count), RECORD_FIELD(FIELD_INT, struct thing, time),   RECORD_FIELD(FIELD_TEXT, struct thing, name),
    RECORD_FIELD(FIELD_BYTES, struct thing, data), RECORD_FIELD(FIELD_UINT, struct thing, later),
};
static const struct record_type version_1 = {TABLE_CA, 1, fields, 4};
static const struct record_type version_2 = {TABLE_CA, 2, fields, 5};
static const struct record_type elsewhere = {TABLE_CERT, 2, fields, 5};

#define CONTENTS_1 "02{01} 02{2A} 02{FF} 0C{'abc'} 04{0001}"
#define CONTENTS_2 "02{02} 02{2A} 02{FF} 0C{'abc'} 04{0001} 02{07}"

static const struct thing thing = {42, -1, {(const uint8_t *)"abc", 3}, {(const uint8_t *)"\0\1", 2}, 7};

static struct slice key(void)
{
    return pcai_slice("\x00\x00\x00\x09", 4);
}

/* A record by hand: the SEQUENCE of the contents and the check over table ‖ key ‖ contents. */
static struct slice record_of(const char *contents, uint8_t table, struct slice k)
{
    struct buf covered = {0};
    char text[1024];
    pcai_buf_octet(&covered, table);
    pcai_buf_slice(&covered, k);
    put_octets(&covered, contents);
    snprintf(text, sizeof text, "30{%s 04{%08X}}", contents, crc_by_bits(pcai_buf_view(&covered)));
    pcai_buf_free(&covered);
    return octets(text);
}

static void a_record_is_a_sequence_with_its_check(void **state)
{
    (void)state;
    struct buf out = {0};
    assert_done(pcai_record_encode(&version_1, key(), &thing, &out, &err));
    assert_slice(record_of(CONTENTS_1, 2, key()), pcai_buf_view(&out));
    struct slice check = {out.data + out.size - 4, 4};
    assert_int_equal(pcai_record_check(pcai_buf_view(&out)),
                     (uint32_t)check.data[0] << 24 | (uint32_t)check.data[1] << 16 | (uint32_t)check.data[2] << 8 | check.data[3]);
    pcai_buf_reset(&out);
    assert_done(pcai_record_encode(&version_2, key(), &thing, &out, &err));
    assert_slice(record_of(CONTENTS_2, 2, key()), pcai_buf_view(&out));
    pcai_buf_free(&out);
    assert_int_equal(pcai_record_check(pcai_slice("abc", 3)), 0);
}

static void a_record_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct thing seen;
    memset(&seen, 0xEE, sizeof seen);
    assert_done(pcai_record_decode(&version_2, key(), record_of(CONTENTS_2, 2, key()), &seen, &err));
    assert_int_equal(seen.count, 42);
    assert_int_equal(seen.time, -1);
    assert_slice_text("abc", seen.name);
    assert_octets("0001", seen.data);
    assert_int_equal(seen.later, 7);
    struct thing edges = {UINT64_MAX, INT64_MIN, {NULL, 0}, {NULL, 0}, 0};
    struct buf out = {0};
    assert_done(pcai_record_encode(&version_2, key(), &edges, &out, &err));
    assert_done(pcai_record_decode(&version_2, key(), pcai_buf_view(&out), &seen, &err));
    assert_true(seen.count == UINT64_MAX && seen.time == INT64_MIN);
    assert_int_equal(seen.name.size + seen.data.size + seen.later, 0);
    pcai_buf_free(&out);
}

static void fields_that_an_older_record_lacks_are_zero(void **state)
{
    (void)state;
    struct thing seen;
    memset(&seen, 0xEE, sizeof seen);
    assert_done(pcai_record_decode(&version_2, key(), record_of(CONTENTS_1, 2, key()), &seen, &err));
    assert_int_equal(seen.count, 42);
    assert_octets("0001", seen.data);
    assert_int_equal(seen.later, 0);
    memset(&seen, 0xEE, sizeof seen);
    assert_done(pcai_record_decode(&version_2, key(), record_of("02{01} 02{2A}", 2, key()), &seen, &err));
    assert_int_equal(seen.count, 42);
    assert_int_equal(seen.time, 0);
    assert_null(seen.name.data);
    assert_int_equal(seen.later, 0);
}

static void refuse(const struct record_type *type, struct slice k, struct slice value, int code, const char *says)
{
    struct thing seen, poison;
    memset(&poison, 0xEE, sizeof poison);
    seen = poison;
    assert_result(code, pcai_table_name(type->table), pcai_record_decode(type, k, value, &seen, &err));
    assert_memory_equal(&seen, &poison, sizeof seen);
    assert_says(pcai_table_name(type->table));
    assert_string_equal(err.object, "store");
    if (says)
        assert_says(says);
}

static void a_record_of_a_newer_version_is_told_from_a_damaged_one(void **state)
{
    (void)state;
    refuse(&version_1, key(), record_of(CONTENTS_2, 2, key()), PCA_E_VERSION, "newer");
    refuse(&version_2, key(), record_of("02{03} 02{2A} 02{FF} 0C{'abc'} 04{0001} 02{07} 04{}", 2, key()), PCA_E_VERSION, "newer");
}

static void records_with_a_right_check_and_wrong_contents(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "02{00} 02{2A} 02{FF} 0C{'abc'} 04{0001} 02{07}",            /* version 0 */
        "02{FF} 02{2A} 02{FF} 0C{'abc'} 04{0001} 02{07}",            /* version -1 */
        "0C{'x'}",                                                   /* no version */
        "02{02} 02{2A} 02{FF} 0C{'abc'} 04{0001}",                   /* a field less than its version has */
        "02{02} 02{2A} 02{FF} 0C{'abc'} 04{0001} 02{07} 02{07}",     /* one more */
        "02{01} 02{2A} 02{FF} 0C{'abc'} 04{0001} 02{07} 02{07}",
        "02{02} 02{FF} 02{FF} 0C{'abc'} 04{0001} 02{07}",            /* a negative count */
        "02{02} 02{002A} 02{FF} 0C{'abc'} 04{0001} 02{07}",          /* not minimal */
        "02{02} 02{2A} 02{FFFF} 0C{'abc'} 04{0001} 02{07}",
        "02{02} 02{2A} 02{010000000000000000} 0C{'abc'} 04{0001} 02{07}", /* more than 64 bits */
        "02{02} 02{2A} 02{FF} 04{'abc'} 0C{0001} 02{07}",            /* each other's type */
        "02{02} 02{2A} 02{FF} 13{'abc'} 04{0001} 02{07}",
        "02{02} 02{2A} 02{FF} 0C05'abc'",                            /* cut short */
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        refuse(&version_2, key(), record_of(bad[i], 2, key()), PCA_E_CORRUPT, "00000009");
}

static void pitfall_40_a_flipped_bit_is_seen_and_named(void **state)
{
    (void)state;
    struct slice good = record_of(CONTENTS_2, 2, key());
    uint8_t changed[128];
    for (size_t bit = 0; bit < 8 * good.size; bit++) {
        memcpy(changed, good.data, good.size);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refuse(&version_2, key(), pcai_slice(changed, good.size), PCA_E_CORRUPT, "table ca, row 00000009");
    }
    for (size_t size = 0; size < good.size; size++)
        refuse(&version_2, key(), pcai_slice(good.data, size), PCA_E_CORRUPT, "00000009");
    memcpy(changed, good.data, good.size);
    changed[good.size] = 0;
    refuse(&version_2, key(), pcai_slice(changed, good.size + 1), PCA_E_CORRUPT, "00000009");
    memset(changed, 0, sizeof changed);
    refuse(&version_2, key(), pcai_slice(changed, good.size), PCA_E_CORRUPT, "00000009");
    refuse(&version_2, key(), pcai_slice(NULL, 0), PCA_E_CORRUPT, "00000009");
}

static void pitfall_40_a_row_that_moved_is_seen(void **state)
{
    (void)state;
    struct slice good = record_of(CONTENTS_2, 2, key());
    refuse(&version_2, pcai_slice("\0\0\0\x08", 4), good, PCA_E_CORRUPT, "table ca, row 00000008");
    refuse(&version_2, pcai_slice("\0\0\0\x09\0", 5), good, PCA_E_CORRUPT, "0000000900");
    refuse(&version_2, pcai_slice("\0\0\x09", 3), good, PCA_E_CORRUPT, "000009");
    refuse(&elsewhere, key(), good, PCA_E_CORRUPT, "table cert, row 00000009");
}

static void a_long_key_is_shown_in_part(void **state)
{
    (void)state;
    struct slice k = octets("(33 AB)");
    struct thing seen;
    assert_result(PCA_E_CORRUPT, "ca", pcai_record_decode(&version_2, k, pcai_slice("x", 1), &seen, &err));
    assert_says("ababababababababababababababababababababababababababababababab...");
    assert_lacks(err.message, "abababababababababababababababababababababababababababababababab" "ab");
    assert_result(PCA_E_CORRUPT, "ca", pcai_record_decode(&version_2, octets("(32 AB)"), pcai_slice("x", 1), &seen, &err));
    assert_lacks(err.message, "...");
}

/* ---- Keys ---- */

static void keys_are_big_endian(void **state)
{
    (void)state;
    struct row_key k = pcai_row_key();
    assert_int_equal(pcai_row_key_view(&k).size, 0);
    pcai_row_key_u32(&k, 0x01020304);
    pcai_row_key_u64(&k, UINT64_C(0x1112131415161718));
    pcai_row_key_bytes(&k, pcai_slice_text("ab"));
    pcai_row_key_bytes(&k, pcai_slice(NULL, 0));
    assert_octets("01020304 1112131415161718 6162", pcai_row_key_view(&k));
    assert_int_equal(pcai_read_u32(pcai_row_key_view(&k).data), 0x01020304);
    assert_true(pcai_read_u64(pcai_row_key_view(&k).data + 4) == UINT64_C(0x1112131415161718));
}

/* An overlong key is not cut to another key: it stays longer than the store takes. */
static void a_key_that_does_not_fit_is_no_key(void **state)
{
    (void)state;
    struct row_key k = pcai_row_key();
    pcai_row_key_bytes(&k, octets("(319 41)"));
    assert_int_equal(pcai_row_key_view(&k).size, 319);
    pcai_row_key_bytes(&k, octets("42"));
    assert_int_equal(pcai_row_key_view(&k).size, 320);
    pcai_row_key_bytes(&k, octets("43"));
    assert_true(pcai_row_key_view(&k).size > 511);
    pcai_row_key_u32(&k, 1);
    assert_true(pcai_row_key_view(&k).size > 511);
    k = pcai_row_key();
    pcai_row_key_bytes(&k, octets("(321 41)"));
    assert_true(pcai_row_key_view(&k).size > 511);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_of_rfc_3720),
        cmocka_unit_test(crc32c_at_every_length_and_offset),
        cmocka_unit_test(a_record_is_a_sequence_with_its_check),
        cmocka_unit_test(a_record_is_read_as_it_was_written),
        cmocka_unit_test(fields_that_an_older_record_lacks_are_zero),
        cmocka_unit_test(a_record_of_a_newer_version_is_told_from_a_damaged_one),
        cmocka_unit_test(records_with_a_right_check_and_wrong_contents),
        cmocka_unit_test(pitfall_40_a_flipped_bit_is_seen_and_named),
        cmocka_unit_test(pitfall_40_a_row_that_moved_is_seen),
        cmocka_unit_test(a_long_key_is_shown_in_part),
        cmocka_unit_test(keys_are_big_endian),
        cmocka_unit_test(a_key_that_does_not_fit_is_no_key),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
