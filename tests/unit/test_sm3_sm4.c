/* SM3 and SM4: the examples of GB/T 32905 and GB/T 32907, and what OpenSSL says. */
#include "unit.h"

#include "crypto/crypto.h"
#include "crypto/sm4.h"

/* ---- SM3: annex A of GB/T 32905; the empty message and a million letters a by OpenSSL 3 ---- */

static const struct {
    const char *message;
    size_t times;
    const char *hex;
} digests[] = {
    {"abc", 1, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
    {"abcd", 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"},
    {"", 1, "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"},
    {"a", 1000000, "c8aaf89429554029e231941a2acc0ad61ff2a5acd8fadd25847a3a732b3b02c3"},
};

static struct slice message_of(size_t i)
{
    static char text[1000000];
    size_t size = strlen(digests[i].message);
    for (size_t j = 0; j < digests[i].times; j++)
        memcpy(text + j * size, digests[i].message, size);
    return pcai_slice(text, digests[i].times * size);
}

static void sm3_of_gb_t_32905(void **state)
{
    (void)state;
    uint8_t out[PCAI_DIGEST_MAX];
    assert_int_equal(32, pcai_digest_size(PCAI_SM3));
    for (size_t i = 0; i < COUNT(digests); i++) {
        assert_done(pcai_digest(PCAI_SM3, message_of(i), out, &err));
        assert_octets(digests[i].hex, pcai_slice(out, 32));
    }
    assert_done(pcai_digest(PCAI_SM3, pcai_slice(NULL, 0), out, &err));
    assert_octets(digests[2].hex, pcai_slice(out, 32));
}

static void sm3_in_pieces(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 3, 55, 56, 63, 64, 65, 127, 1000000};
    for (size_t i = 0; i < COUNT(digests) * COUNT(pieces); i++) {
        struct slice message = message_of(i % COUNT(digests));
        size_t piece = pieces[i / COUNT(digests)];
        uint8_t out[PCAI_DIGEST_MAX];
        struct hash *h;
        assert_done(pcai_hash_new(PCAI_SM3, &h, &err));
        assert_done(pcai_hash_update(h, pcai_slice(NULL, 0), &err));
        for (size_t at = 0; at < message.size; at += piece)
            assert_done(pcai_hash_update(h, pcai_slice(message.data + at, message.size - at < piece ? message.size - at : piece), &err));
        assert_done(pcai_hash_update(h, pcai_slice(NULL, 0), &err));
        assert_done(pcai_hash_finish(h, out, &err));
        assert_octets(digests[i % COUNT(digests)].hex, pcai_slice(out, 32));
        pcai_hash_free(h);
    }
}

/* Every size around the two places where the padding begins a new block. */
static void sm3_of_any_size_as_openssl(void **state)
{
    (void)state;
    uint8_t message[130], out[PCAI_DIGEST_MAX];
    need_openssl();
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (uint8_t)(i * 7 + 3);
    for (size_t size = 50; size <= sizeof message; size++) {
        openssl("dgst", "-sm3", "-binary", "-out", scratch("digest"), scratch_put("message", pcai_slice(message, size)));
        struct buf expected = scratch_get("digest");
        assert_done(pcai_digest(PCAI_SM3, pcai_slice(message, size), out, &err));
        assert_slice(pcai_buf_view(&expected), pcai_slice(out, 32));
        pcai_buf_free(&expected);
    }
}

/* ---- SM4: annex A of GB/T 32907 ---- */

#define SM4_EXAMPLE "0123456789abcdeffedcba9876543210"

static void sm4_of_gb_t_32907(void **state)
{
    (void)state;
    struct sm4 cipher;
    uint8_t block[SM4_BLOCK];
    pcai_sm4_key(&cipher, octets(SM4_EXAMPLE).data);
    pcai_sm4_encrypt(&cipher, octets(SM4_EXAMPLE).data, block);
    assert_octets("681edf34d206965e86b3e94f536e4246", pcai_slice(block, sizeof block));
    pcai_sm4_decrypt(&cipher, block, block);
    assert_octets(SM4_EXAMPLE, pcai_slice(block, sizeof block));
}

static void sm4_a_million_times(void **state)
{
    (void)state;
    struct sm4 cipher;
    uint8_t block[SM4_BLOCK];
    memcpy(block, octets(SM4_EXAMPLE).data, sizeof block);
    pcai_sm4_key(&cipher, block);
    for (int i = 0; i < 1000000; i++)
        pcai_sm4_encrypt(&cipher, block, block);
    assert_octets("595298c7c6fd271f0402f804c33d3f66", pcai_slice(block, sizeof block));
}

/* 256 blocks and keys that between them put every octet through the S-box in each round. */
static void sm4_of_many_keys_as_openssl(void **state)
{
    (void)state;
    need_openssl();
    for (unsigned key = 0; key < 16; key++) {
        uint8_t octet[SM4_KEY], plain[256 * SM4_BLOCK], encrypted[sizeof plain], back[SM4_BLOCK];
        char hex[2 * SM4_KEY + 1];
        struct sm4 cipher;
        for (unsigned i = 0; i < SM4_KEY; i++)
            octet[i] = (uint8_t)(key * 17 + i * 29);
        for (unsigned i = 0; i < sizeof plain; i++)
            plain[i] = (uint8_t)(i / SM4_BLOCK + i % SM4_BLOCK * key);
        for (unsigned i = 0; i < SM4_KEY; i++)
            snprintf(hex + 2 * i, 3, "%02x", octet[i]);
        pcai_sm4_key(&cipher, octet);
        for (unsigned at = 0; at < sizeof plain; at += SM4_BLOCK) {
            pcai_sm4_encrypt(&cipher, plain + at, encrypted + at);
            pcai_sm4_decrypt(&cipher, encrypted + at, back);
            assert_memory_equal(plain + at, back, SM4_BLOCK);
        }
        openssl("enc", "-sm4-ecb", "-nopad", "-K", hex, "-in", scratch_put("plain", pcai_slice(plain, sizeof plain)), "-out", scratch("cipher"));
        struct buf expected = scratch_get("cipher");
        assert_slice(pcai_buf_view(&expected), pcai_slice(encrypted, sizeof encrypted));
        pcai_buf_free(&expected);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm3_of_gb_t_32905),
        cmocka_unit_test(sm3_in_pieces),
        cmocka_unit_test(sm3_of_any_size_as_openssl),
        cmocka_unit_test(sm4_of_gb_t_32907),
        cmocka_unit_test(sm4_a_million_times),
        cmocka_unit_test(sm4_of_many_keys_as_openssl),
    };
    return cmocka_run_group_tests_name("sm3_sm4", tests, scratch_setup, scratch_teardown);
}
