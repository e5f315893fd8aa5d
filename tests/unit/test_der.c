/* src/base/der: what X.690 says of lengths, integers, booleans, bit strings and times, read and written. */
#include "unit.h"

#include "base/der.h"

/* A reader over octets. */
static struct der at(const char *hex)
{
    return pcai_der(octets(hex));
}

/* ---- Lengths (X.690 8.1.3, 10.1) ---- */

static const struct {
    size_t size;
    const char *length;
} lengths[] = {
    {0, "00"},           {1, "01"},           {127, "7F"},           {128, "81 80"},        {255, "81 FF"},
    {256, "82 01 00"},   {65535, "82 FF FF"}, {65536, "83 01 00 00"}, {16777215, "83 FF FF FF"}, {16777216, "84 01 00 00 00"},
};

static void lengths_are_written_in_the_shortest_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        uint8_t out[6];
        size_t size = pcai_der_header(DER_OCTET_STRING, lengths[i].size, out);
        assert_int_equal(out[0], 0x04);
        assert_octets(lengths[i].length, pcai_slice(out + 1, size - 1));
    }
}

static void lengths_are_read_and_written_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lengths) && lengths[i].size <= 65536; i++) {
        char header[32];
        snprintf(header, sizeof header, "04 %s", lengths[i].length);
        struct slice whole = octets_and(header, lengths[i].size, 0x5A), seen;
        struct der d = pcai_der(whole);
        assert_int_equal(pcai_der_get(&d, DER_OCTET_STRING, &seen), 0);
        assert_int_equal(seen.size, lengths[i].size);
        assert_true(pcai_der_at_end(&d));

        struct buf put = {0}, wrapped = {0};
        pcai_der_put(&put, DER_OCTET_STRING, seen);
        assert_slice(whole, pcai_buf_view(&put));
        size_t mark = pcai_der_begin(&wrapped, DER_OCTET_STRING);
        pcai_buf_slice(&wrapped, seen);
        pcai_der_end(&wrapped, mark);
        assert_slice(whole, pcai_buf_view(&wrapped));
        pcai_buf_free(&put);
        pcai_buf_free(&wrapped);
    }
}

static void elements_that_are_not_der(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        size_t more; /* octets behind, more than enough for a reader that is not strict */
        const char *why;
    } rows[] = {
        {"", 0, "nothing"},
        {"30", 0, "a tag alone"},
        {"30 80", 300, "indefinite length"},
        {"24 80 04 01 00 00 00", 0, "indefinite length, ended"},
        {"04 81 00", 300, "81 for 0"},
        {"04 81 01", 300, "81 for 1"},
        {"04 81 7F", 300, "81 for 127"},
        {"04 82 00 80", 300, "82 for 128"},
        {"04 82 00 FF", 300, "82 for 255"},
        {"04 82 00 00", 300, "82 for 0"},
        {"04 83 00 01 00", 300, "83 for 256"},
        {"04 84 00 00 00 80", 300, "84 for 128"},
        {"04 84 00 01 00 00", 65536, "84 for 65536"},
        {"04 85 00 00 00 00 80", 300, "five octets of length"},
        {"04 85 01 00 00 00 00", 300, "five octets of length"},
        {"04 88 00 00 00 00 00 00 00 80", 300, "eight octets of length"},
        {"04 FE", 300, "126 octets of length"},
        {"04 FF", 300, "reserved length"},
        {"04 81", 0, "length cut short"},
        {"04 82 01", 0, "length cut short"},
        {"04 84 01 00 00", 0, "length cut short"},
        {"04 01", 0, "contents cut short"},
        {"04 02 00", 0, "contents cut short"},
        {"04 81 80", 127, "contents cut short by one"},
        {"04 82 01 00", 255, "contents cut short by one"},
        {"04 84 FF FF FF FF", 300, "4 GiB"},
        {"04 84 7F FF FF FF", 300, "2 GiB"},
        {"1F 01 00", 0, "high tag number"},
        {"3F 81 01 00", 0, "high tag number"},
        {"BF 8F 7F 01 00", 0, "high tag number"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct der d = pcai_der(octets_and(rows[i].hex, rows[i].more, 0));
        uint8_t tag = 0xEE;
        struct slice content = {NULL, 77}, whole = {NULL, 77};
        if (pcai_der_any(&d, &tag, &content, &whole) != -1)
            fail_msg("%s: %s", rows[i].hex, rows[i].why);
        assert_int_equal(tag, 0xEE);
        assert_int_equal(content.size + whole.size, 154);
    }
}

static void an_element_is_given_in_parts_and_whole(void **state)
{
    (void)state;
    struct der d = at("30 03 02 01 05 05 00");
    uint8_t tag;
    struct slice content, whole;
    assert_int_equal(pcai_der_peek(&d), 0x30);
    assert_int_equal(pcai_der_any(&d, &tag, &content, &whole), 0);
    assert_int_equal(tag, 0x30);
    assert_octets("02 01 05", content);
    assert_octets("30 03 02 01 05", whole);
    assert_false(pcai_der_at_end(&d));
    assert_int_equal(pcai_der_any(&d, NULL, NULL, NULL), 0);
    assert_true(pcai_der_at_end(&d));
    assert_int_equal(pcai_der_peek(&d), -1);
    assert_int_equal(pcai_der_any(&d, NULL, NULL, NULL), -1);
    d = pcai_der(pcai_slice(NULL, 0));
    assert_true(pcai_der_at_end(&d));
    assert_int_equal(pcai_der_any(&d, NULL, NULL, NULL), -1);
}

static void only_the_tag_that_is_asked_for_is_taken(void **state)
{
    (void)state;
    struct slice s = {NULL, 77};
    struct der d = at("04 01 AA"), inner;
    assert_int_equal(pcai_der_get(&d, DER_SEQUENCE, &s), -1);
    assert_int_equal(pcai_der_get(&d, 0x24, &s), -1); /* constructed OCTET STRING */
    assert_int_equal(pcai_der_whole(&d, DER_NULL, &s), -1);
    assert_int_equal(pcai_der_enter(&d, DER_SEQUENCE, &inner), -1);
    assert_int_equal(pcai_der_optional(&d, DER_CONTEXT(0), &s), 0);
    assert_int_equal(s.size, 77);
    assert_int_equal(pcai_der_optional(&d, DER_OCTET_STRING, &s), 1); /* the others left the cursor where it was */
    assert_octets("AA", s);
    assert_int_equal(pcai_der_optional(&d, DER_OCTET_STRING, &s), 0);
    d = at("04 05 00");
    assert_int_equal(pcai_der_optional(&d, DER_OCTET_STRING, &s), 0);
    d = at("30 02 05 00");
    assert_int_equal(pcai_der_enter(&d, DER_SEQUENCE, &inner), 0);
    assert_int_equal(pcai_der_whole(&inner, DER_NULL, &s), 0);
    assert_octets("05 00", s);
    assert_true(pcai_der_at_end(&inner));
    d = at("30 03 05 02 00"); /* an element longer than the one around it */
    assert_int_equal(pcai_der_enter(&d, DER_SEQUENCE, &inner), 0);
    assert_int_equal(pcai_der_any(&inner, NULL, NULL, NULL), -1);
}

static void an_element_cut_at_every_octet_is_refused(void **state)
{
    (void)state;
    struct slice whole = octets_and("30 82 01 2C", 300, 0x55);
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *copy = malloc(size + 1); /* a block of its own, for the sanitizer */
        memcpy(copy, whole.data, size);
        struct der d = pcai_der(pcai_slice(copy, size));
        assert_int_equal(pcai_der_any(&d, NULL, NULL, NULL), -1);
        free(copy);
    }
}

static void elements_nest(void **state)
{
    (void)state;
    struct buf b = {0};
    size_t outer = pcai_der_begin(&b, DER_SEQUENCE), set = pcai_der_begin(&b, DER_SET);
    pcai_der_null(&b);
    pcai_der_end(&b, set);
    size_t empty = pcai_der_begin(&b, DER_CONTEXT_CONSTRUCTED(3));
    pcai_der_end(&b, empty);
    pcai_der_put(&b, DER_CONTEXT(2), pcai_slice("ab", 2));
    pcai_der_end(&b, outer);
    assert_buf_octets("30 0A 31 02 05 00 A3 00 82 02 61 62", &b);
}

/* A length that grows from one octet to three under two levels. */
static void lengths_grow_with_what_is_inside(void **state)
{
    (void)state;
    struct buf b = {0};
    size_t outer = pcai_der_begin(&b, DER_SEQUENCE), inner = pcai_der_begin(&b, DER_OCTET_STRING);
    for (int i = 0; i < 253; i++)
        pcai_buf_octet(&b, 0);
    pcai_der_end(&b, inner);
    pcai_der_end(&b, outer);
    assert_slice(octets_and("30 82 01 00 04 81 FD", 253, 0), pcai_buf_view(&b));
    pcai_buf_free(&b);
}

/* ---- INTEGER (X.690 8.3) ---- */

static void integers_of_64_bits(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *hex;
    } rows[] = {
        {0, "02 01 00"}, {1, "02 01 01"}, {127, "02 01 7F"}, {128, "02 02 00 80"}, {255, "02 02 00 FF"}, {256, "02 02 01 00"},
        {32767, "02 02 7F FF"}, {32768, "02 03 00 80 00"}, {2147483648, "02 05 00 80 00 00 00"},
        {INT64_MAX, "02 08 7F FF FF FF FF FF FF FF"},
        {-1, "02 01 FF"}, {-128, "02 01 80"}, {-129, "02 02 FF 7F"}, {-256, "02 02 FF 00"}, {-257, "02 02 FE FF"},
        {-32768, "02 02 80 00"}, {-32769, "02 03 FF 7F FF"}, {INT64_MIN, "02 08 80 00 00 00 00 00 00 00"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = {0};
        int64_t value = 77;
        uint64_t positive = 77;
        struct der d = at(rows[i].hex), e = d;
        pcai_der_int(&b, rows[i].value);
        assert_buf_octets(rows[i].hex, &b);
        assert_int_equal(pcai_der_get_int(&d, &value), 0);
        assert_true(value == rows[i].value && pcai_der_at_end(&d));
        assert_int_equal(pcai_der_get_uint(&e, &positive), rows[i].value < 0 ? -1 : 0);
        assert_true(positive == (rows[i].value < 0 ? 77 : (uint64_t)rows[i].value));
    }
}

static void unsigned_integers_reach_two_to_the_64th(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        const char *hex;
    } rows[] = {
        {0, "02 01 00"}, {128, "02 02 00 80"}, {INT64_MAX, "02 08 7F FF FF FF FF FF FF FF"},
        {UINT64_C(1) << 63, "02 09 00 80 00 00 00 00 00 00 00"}, {UINT64_MAX, "02 09 00 FF FF FF FF FF FF FF FF"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = {0};
        uint64_t value;
        int64_t s;
        struct der d = at(rows[i].hex), e = d;
        pcai_der_uint(&b, rows[i].value);
        assert_buf_octets(rows[i].hex, &b);
        assert_int_equal(pcai_der_get_uint(&d, &value), 0);
        assert_true(value == rows[i].value);
        assert_int_equal(pcai_der_get_int(&e, &s), rows[i].value > INT64_MAX ? -1 : 0);
    }
    uint64_t value;
    struct der d = at("02 09 01 00 00 00 00 00 00 00 00"), e = at("02 0A 00 FF FF FF FF FF FF FF FF FF");
    assert_int_equal(pcai_der_get_uint(&d, &value), -1);
    assert_int_equal(pcai_der_get_uint(&e, &value), -1);
}

static void integers_that_are_not_minimal(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "02 00", "02 02 00 00", "02 02 00 01", "02 02 00 7F", "02 02 FF FF", "02 02 FF 80", "02 03 00 00 80", "02 03 FF FF 7F",
        "02 0A 00 00 80 00 00 00 00 00 00 00", "02 81 01 05", "02 02 05", "22 03 02 01 05", "0A 01 05", "42 01 05",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t s = 77;
        uint64_t u = 77;
        struct slice n = {NULL, 77};
        struct der d = at(bad[i]), e = d, f = d;
        if (pcai_der_get_int(&d, &s) != -1 || pcai_der_get_uint(&e, &u) != -1 || pcai_der_get_integer(&f, &n) != -1)
            fail_msg("%s", bad[i]);
        assert_int_equal(s + (int64_t)u + (int64_t)n.size, 231);
    }
}

static void big_integers(void **state)
{
    (void)state;
    static const struct {
        const char *number, *hex;
    } rows[] = {
        {"", "02 01 00"},     {"00", "02 01 00"},   {"00 00 00", "02 01 00"}, {"7F", "02 01 7F"}, {"80", "02 02 00 80"},
        {"00 80", "02 02 00 80"}, {"00 00 01 00", "02 02 01 00"},
        {"FF 00 11 22 33 44 55 66 77 88 99 AA", "02 0D 00 FF 00 11 22 33 44 55 66 77 88 99 AA"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = {0};
        struct der d = at(rows[i].hex);
        struct slice n;
        pcai_der_integer(&b, octets(rows[i].number));
        assert_buf_octets(rows[i].hex, &b);
        assert_int_equal(pcai_der_get_integer(&d, &n), 0);
        assert_slice(pcai_slice(octets(rows[i].hex).data + 2, octets(rows[i].hex).size - 2), n);
    }
}

/* ---- BOOLEAN, NULL, BIT STRING ---- */

static void true_is_ff(void **state)
{
    (void)state;
    static const char *const bad[] = {"01 01 01", "01 01 FE", "01 01 7F", "01 00", "01 02 FF FF", "01 02 00 00", "21 01 FF", "02 01 00"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct der d = at(bad[i]);
        int value = 77;
        if (pcai_der_get_boolean(&d, &value) != -1 || value != 77)
            fail_msg("%s", bad[i]);
    }
    struct der d = at("01 01 FF 01 01 00");
    int yes, no;
    assert_int_equal(pcai_der_get_boolean(&d, &yes), 0);
    assert_int_equal(pcai_der_get_boolean(&d, &no), 0);
    assert_int_equal(yes, 1);
    assert_int_equal(no, 0);
    struct buf b = {0};
    pcai_der_boolean(&b, 1);
    pcai_der_boolean(&b, 0x100); /* true as C has it */
    pcai_der_boolean(&b, 0);
    pcai_der_null(&b);
    assert_buf_octets("01 01 FF 01 01 FF 01 01 00 05 00", &b);
}

static void bit_strings(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *bits;
        unsigned unused;
    } good[] = {
        {"03 01 00", "", 0}, {"03 02 00 FF", "FF", 0}, {"03 02 07 80", "80", 7}, {"03 03 04 AB C0", "AB C0", 4}, {"03 02 01 00", "00", 1},
    };
    static const char *const bad[] = {
        "03 00", "03 01 01", "03 01 07", "03 02 08 00", "03 02 FF 00", "03 02 01 01", "03 02 07 C0", "03 03 04 AB C8", "23 04 03 02 00 FF", "04 02 00 FF",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct der d = at(good[i].hex);
        struct slice bits;
        unsigned unused;
        assert_int_equal(pcai_der_get_bits(&d, &bits, &unused), 0);
        assert_octets(good[i].bits, bits);
        assert_int_equal(unused, good[i].unused);
        struct buf b = {0};
        pcai_der_bits(&b, bits, unused);
        assert_buf_octets(good[i].hex, &b);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct der d = at(bad[i]);
        struct slice bits = {NULL, 77};
        unsigned unused = 77;
        if (pcai_der_get_bits(&d, &bits, &unused) != -1 || unused != 77)
            fail_msg("%s", bad[i]);
    }
}

/* X.690 8.19. */
static void object_identifiers(void **state)
{
    (void)state;
    static const char *const good[] = {"06 01 00", "06 03 55 04 03", "06 02 88 37", "06 01 7F", "06 0A FF FF FF FF FF FF FF FF FF 7F", "06 02 00 00", "06 03 2A 81 00"};
    static const char *const bad[] = {
        "06 00", "06 01 80", "06 01 FF", "06 02 80 01", "06 03 55 80 03", "06 04 55 04 80 03", "06 03 55 04 83", "06 04 80 55 04 03", "06 02 55", "26 03 55 04 03",
        "0D 03 55 04 03", "06 81 03 55 04 03",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct der d = at(good[i]);
        struct slice oid;
        assert_int_equal(pcai_der_get_oid(&d, &oid), 0);
        assert_slice(pcai_slice(octets(good[i]).data + 2, octets(good[i]).size - 2), oid);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct der d = at(bad[i]);
        struct slice oid = {NULL, 77};
        if (pcai_der_get_oid(&d, &oid) != -1 || oid.size != 77)
            fail_msg("%s", bad[i]);
    }
}

/* ---- Times (X.690 11.7, 11.8; RFC 5280 4.1.2.5) ---- */

static int read_time(uint8_t tag, const char *text, int64_t *time)
{
    struct buf b = {0};
    pcai_buf_octet(&b, tag);
    pcai_buf_octet(&b, (uint8_t)strlen(text));
    pcai_buf_text(&b, text);
    struct der d = pcai_der(pcai_buf_view(&b));
    int rc = pcai_der_get_time(&d, time);
    pcai_buf_free(&b);
    return rc;
}

/* Seconds by Python's datetime. */
static void pitfall_25_times_are_read(void **state)
{
    (void)state;
    static const struct {
        uint8_t tag;
        const char *text;
        int64_t time;
    } rows[] = {
        {DER_UTC_TIME, "500101000000Z", INT64_C(-631152000)},
        {DER_UTC_TIME, "700101000000Z", 0},
        {DER_UTC_TIME, "991231235959Z", INT64_C(946684799)},
        {DER_UTC_TIME, "000229120000Z", INT64_C(951825600)},
        {DER_UTC_TIME, "380119031408Z", INT64_C(2147483648)},
        {DER_UTC_TIME, "491231235959Z", INT64_C(2524607999)},
        {DER_GENERALIZED_TIME, "20500101000000Z", INT64_C(2524608000)},
        {DER_GENERALIZED_TIME, "21060207062816Z", INT64_C(4294967296)},
        {DER_GENERALIZED_TIME, "24000229000000Z", INT64_C(13574563200)},
        {DER_GENERALIZED_TIME, "99991231235959Z", INT64_C(253402300799)},
        {DER_GENERALIZED_TIME, "19491231235959Z", INT64_C(-631152001)},
        {DER_GENERALIZED_TIME, "00000101000000Z", INT64_C(-62167219200)},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t time = 77;
        if (read_time(rows[i].tag, rows[i].text, &time) != 0 || time != rows[i].time)
            fail_msg("%s: %lld", rows[i].text, (long long)time);
    }
}

static void times_in_any_other_form_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t tag;
        const char *text;
    } rows[] = {
        {DER_UTC_TIME, ""}, {DER_UTC_TIME, "Z"},
        {DER_UTC_TIME, "7001010000Z"},        /* no seconds */
        {DER_UTC_TIME, "700101000000"},       /* no zone */
        {DER_UTC_TIME, "700101000000z"},
        {DER_UTC_TIME, "700101000000+0000"},  {DER_UTC_TIME, "700101000000-0100"},
        {DER_UTC_TIME, "700101000000.5Z"},
        {DER_UTC_TIME, "7001010000 0Z"},      {DER_UTC_TIME, "70010100000aZ"},  {DER_UTC_TIME, "-00101000000Z"},
        {DER_UTC_TIME, "700101000000ZZ"},
        {DER_UTC_TIME, "700001000000Z"},      {DER_UTC_TIME, "701301000000Z"},
        {DER_UTC_TIME, "700100000000Z"},      {DER_UTC_TIME, "700132000000Z"},  {DER_UTC_TIME, "700431000000Z"},
        {DER_UTC_TIME, "700229000000Z"},      {DER_UTC_TIME, "010229000000Z"},
        {DER_UTC_TIME, "700101240000Z"},      {DER_UTC_TIME, "700101006000Z"},  {DER_UTC_TIME, "700101000060Z"},
        {DER_UTC_TIME, "161231235960Z"},      /* a leap second that was */
        {DER_UTC_TIME, "20500101000000Z"},    {DER_GENERALIZED_TIME, "500101000000Z"}, /* each other's form */
        {DER_GENERALIZED_TIME, "205001010000Z"}, {DER_GENERALIZED_TIME, "2050010100Z"},
        {DER_GENERALIZED_TIME, "20500101000000"}, {DER_GENERALIZED_TIME, "20500101000000.0Z"}, {DER_GENERALIZED_TIME, "20500101000000,5Z"},
        {DER_GENERALIZED_TIME, "20500101000000+0000"},
        {DER_GENERALIZED_TIME, "21000229000000Z"}, {DER_GENERALIZED_TIME, "20500230000000Z"},
        {DER_PRINTABLE_STRING, "20500101000000Z"}, {DER_OCTET_STRING, "700101000000Z"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t time = 77;
        if (read_time(rows[i].tag, rows[i].text, &time) != -1 || time != 77)
            fail_msg("%02X %s", rows[i].tag, rows[i].text);
    }
}

static void pitfall_25_times_are_written_by_rfc_5280(void **state)
{
    (void)state;
    static const struct {
        int64_t time;
        uint8_t tag;
        const char *text, *generalized;
    } rows[] = {
        {INT64_C(-631152001), DER_GENERALIZED_TIME, "19491231235959Z", "19491231235959Z"},
        {INT64_C(-631152000), DER_UTC_TIME, "500101000000Z", "19500101000000Z"},
        {0, DER_UTC_TIME, "700101000000Z", "19700101000000Z"},
        {INT64_C(951825600), DER_UTC_TIME, "000229120000Z", "20000229120000Z"},
        {INT64_C(2147483648), DER_UTC_TIME, "380119031408Z", "20380119031408Z"},
        {INT64_C(2524607999), DER_UTC_TIME, "491231235959Z", "20491231235959Z"},
        {INT64_C(2524608000), DER_GENERALIZED_TIME, "20500101000000Z", "20500101000000Z"},
        {INT64_C(4107542400), DER_GENERALIZED_TIME, "21000301000000Z", "21000301000000Z"},
        {INT64_C(253402300799), DER_GENERALIZED_TIME, "99991231235959Z", "99991231235959Z"},
        {INT64_C(-62167219200), DER_GENERALIZED_TIME, "00000101000000Z", "00000101000000Z"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf b = {0}, g = {0};
        pcai_der_time(&b, rows[i].time);
        assert_int_equal(b.data[0], rows[i].tag);
        assert_int_equal(b.data[1], strlen(rows[i].text));
        assert_slice_text(rows[i].text, pcai_slice(b.data + 2, b.size - 2));
        pcai_buf_free(&b);
        pcai_der_generalized_time(&g, rows[i].time);
        assert_int_equal(g.data[0], DER_GENERALIZED_TIME);
        assert_slice_text(rows[i].generalized, pcai_slice(g.data + 2, g.size - 2));
        pcai_buf_free(&g);
    }
}

static void times_outside_four_digits_of_year_are_not_written(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_C(253402300800), INT64_C(-62167219201), INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < COUNT(times); i++) {
        struct buf b = {0}, g = {0};
        pcai_der_time(&b, times[i]);
        pcai_der_generalized_time(&g, times[i]);
        assert_true(b.failed && g.failed);
        assert_int_equal(b.size + g.size, 0);
        pcai_buf_free(&b);
        pcai_buf_free(&g);
    }
}

/* ---- Failure ---- */

static void a_writer_without_memory_only_fails(void **state)
{
    (void)state;
    struct buf b = {.failed = 1};
    size_t mark = pcai_der_begin(&b, DER_SEQUENCE);
    pcai_der_int(&b, 1);
    pcai_der_uint(&b, 1);
    pcai_der_integer(&b, pcai_slice("x", 1));
    pcai_der_boolean(&b, 1);
    pcai_der_bits(&b, pcai_slice("x", 1), 0);
    pcai_der_time(&b, 0);
    pcai_der_end(&b, mark);
    assert_true(b.failed);
    assert_int_equal(b.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_written_in_the_shortest_form),
        cmocka_unit_test(lengths_are_read_and_written_alike),
        cmocka_unit_test(elements_that_are_not_der),
        cmocka_unit_test(an_element_is_given_in_parts_and_whole),
        cmocka_unit_test(only_the_tag_that_is_asked_for_is_taken),
        cmocka_unit_test(an_element_cut_at_every_octet_is_refused),
        cmocka_unit_test(elements_nest),
        cmocka_unit_test(lengths_grow_with_what_is_inside),
        cmocka_unit_test(integers_of_64_bits),
        cmocka_unit_test(unsigned_integers_reach_two_to_the_64th),
        cmocka_unit_test(integers_that_are_not_minimal),
        cmocka_unit_test(big_integers),
        cmocka_unit_test(true_is_ff),
        cmocka_unit_test(bit_strings),
        cmocka_unit_test(object_identifiers),
        cmocka_unit_test(pitfall_25_times_are_read),
        cmocka_unit_test(times_in_any_other_form_are_refused),
        cmocka_unit_test(pitfall_25_times_are_written_by_rfc_5280),
        cmocka_unit_test(times_outside_four_digits_of_year_are_not_written),
        cmocka_unit_test(a_writer_without_memory_only_fails),
    };
    return cmocka_run_group_tests_name("der", tests, NULL, NULL);
}
