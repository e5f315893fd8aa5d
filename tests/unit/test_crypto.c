/* src/crypto without keys: digests, base64, PBKDF2, sealing, random. */
#include "unit.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto.h"

/* ---- Digests: the examples of FIPS 180-4, and those of a million letters a ---- */

#define TWO_BLOCKS_256 "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define TWO_BLOCKS_512 \
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"

static const struct {
    int digest;
    const char *message, *hex;
} digests[] = {
    {PCAI_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {PCAI_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {PCAI_SHA256, TWO_BLOCKS_256, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {PCAI_SHA256, NULL, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    {PCAI_SHA384, "", "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"},
    {PCAI_SHA384, "abc", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
    {PCAI_SHA384, TWO_BLOCKS_512, "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039"},
    {PCAI_SHA384, NULL, "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985"},
    {PCAI_SHA512, "", "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                      "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
    {PCAI_SHA512, "abc", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {PCAI_SHA512, TWO_BLOCKS_512, "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
                                  "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
    {PCAI_SHA512, NULL, "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                        "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"},
};

static struct slice message_of(size_t i)
{
    static char million[1000000];
    if (digests[i].message)
        return pcai_slice_text(digests[i].message);
    memset(million, 'a', sizeof million);
    return pcai_slice(million, sizeof million);
}

static void digests_of_fips_180_4(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(digests); i++) {
        uint8_t out[PCAI_DIGEST_MAX];
        assert_done(pcai_digest(digests[i].digest, message_of(i), out, &err));
        assert_octets(digests[i].hex, pcai_slice(out, pcai_digest_size(digests[i].digest)));
    }
    uint8_t out[PCAI_DIGEST_MAX];
    assert_done(pcai_digest(PCAI_SHA256, pcai_slice(NULL, 0), out, &err));
    assert_octets(digests[0].hex, pcai_slice(out, 32));
}

static void digests_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 3, 63, 64, 65, 1000000};
    for (size_t i = 0; i < COUNT(digests); i++) {
        struct slice message = message_of(i);
        size_t piece = pieces[i % COUNT(pieces)];
        uint8_t out[PCAI_DIGEST_MAX];
        struct hash *h;
        assert_done(pcai_hash_new(digests[i].digest, &h, &err));
        assert_done(pcai_hash_update(h, pcai_slice(NULL, 0), &err));
        for (size_t at = 0; at < message.size; at += piece)
            assert_done(pcai_hash_update(h, pcai_slice(message.data + at, message.size - at < piece ? message.size - at : piece), &err));
        assert_done(pcai_hash_finish(h, out, &err));
        assert_octets(digests[i].hex, pcai_slice(out, pcai_digest_size(digests[i].digest)));
        pcai_hash_free(h);
    }
    pcai_hash_free(NULL);
}

static void a_digest_that_is_not_there(void **state)
{
    (void)state;
    uint8_t out[PCAI_DIGEST_MAX];
    struct hash *h = POISON;
    assert_result(PCA_E_UNSUPPORTED, NULL, pcai_digest(0, pcai_slice_text("x"), out, &err));
    assert_result(PCA_E_UNSUPPORTED, NULL, pcai_hash_new(99, &h, &err));
    assert_poisoned(h);
    assert_int_equal(pcai_digest_size(0), 0);
}

/* ---- Base64 (RFC 4648) ---- */

/* Section 10, and octets for the two last letters of the alphabet. */
static const struct {
    const char *hex, *text;
} base64[] = {
    {"", ""}, {"66", "Zg=="}, {"66 6F", "Zm8="}, {"66 6F 6F", "Zm9v"}, {"66 6F 6F 62", "Zm9vYg=="},
    {"66 6F 6F 62 61", "Zm9vYmE="}, {"66 6F 6F 62 61 72", "Zm9vYmFy"}, {"FB FF BF", "+/+/"}, {"00 00 00", "AAAA"}, {"FF", "/w=="},
};

static void base64_of_rfc_4648(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(base64); i++) {
        struct buf text = {0}, back = {0};
        pcai_base64_write(&text, octets(base64[i].hex));
        assert_buf_text(base64[i].text, &text);
        assert_int_equal(pcai_base64_read(pcai_slice_text(base64[i].text), &back), 0);
        assert_buf_octets(base64[i].hex, &back);
    }
}

static void base64_follows_what_the_buffer_holds(void **state)
{
    (void)state;
    struct buf b = {0};
    pcai_buf_text(&b, "a:");
    pcai_base64_write(&b, pcai_slice_text("foob"));
    pcai_base64_write(&b, pcai_slice(NULL, 0));
    pcai_buf_text(&b, ":");
    assert_int_equal(pcai_base64_read(pcai_slice_text("Zm9v"), &b), 0);
    assert_int_equal(pcai_base64_read(pcai_slice_text("Zm9_"), &b), -1); /* a failure adds nothing */
    pcai_buf_text(&b, ".");
    assert_buf_text("a:Zm9vYg==:foo.", &b);
}

static void base64_of_every_length(void **state)
{
    (void)state;
    need_openssl();
    uint8_t data[200];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + 11);
    char *expected = output_of("openssl", "base64", "-A", "-in", scratch_put("octets", pcai_slice(data, sizeof data)));
    struct buf text = {0};
    pcai_base64_write(&text, pcai_slice(data, sizeof data));
    assert_slice_text(expected, pcai_buf_view(&text));
    free(expected);
    for (size_t size = 0; size <= sizeof data; size++) {
        struct buf back = {0};
        pcai_buf_reset(&text);
        pcai_base64_write(&text, pcai_slice(data, size));
        assert_int_equal(text.size, (size + 2) / 3 * 4);
        assert_int_equal(pcai_base64_read(pcai_buf_view(&text), &back), 0);
        assert_slice(pcai_slice(data, size), pcai_buf_view(&back));
        pcai_buf_free(&back);
    }
    pcai_buf_free(&text);
}

static void base64_that_is_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zm8", "Zm9vY", "=", "==", "===", "====", "Z===", "=g==", "Zg=g", "Zg==Zg==", "Zm8=Zm8=", "Zm9v====",
        "Zm 9v", "Zm9v\n", "\nZm9v", "Zm\r\n9v==", "Zm9v    ", "Zm9\t", "Zm9-", "Zm9_", "Zm9.", "Zm9\xC3", "\xEF\xBB\xBFZ", "Zm9!", "Z%3D",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf b = {0};
        if (pcai_base64_read(pcai_slice_text(bad[i]), &b) != -1 || b.size)
            fail_msg("\"%s\"", bad[i]);
        pcai_buf_free(&b);
    }
    struct buf b = {0};
    assert_int_equal(pcai_base64_read(pcai_slice("Zm9\0", 4), &b), -1);
    pcai_buf_free(&b);
}

/* ---- PBKDF2-HMAC-SHA256 ---- */

/* RFC 7914 11 (its first 32 octets), RFC 6070's inputs, and Python's hashlib for the rest. */
static void stretching_of_rfc_7914_and_6070(void **state)
{
    (void)state;
    static const struct {
        struct slice passphrase, salt;
        uint32_t rounds;
        const char *hex;
    } rows[] = {
#define S(text) {(const uint8_t *)(text), sizeof(text) - 1}
        {S("passwd"), S("salt"), 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
        {S("Password"), S("NaCl"), 80000, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"},
        {S("password"), S("salt"), 1, "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"},
        {S("password"), S("salt"), 2, "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"},
        {S("password"), S("salt"), 4096, "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"},
        {S("passwordPASSWORDpassword"), S("saltSALTsaltSALTsaltSALTsaltSALTsalt"), 4096,
         "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1"},
        {S("pass\0word"), S("sa\0lt"), 4096, "89b69d0516f829893c696226650a86878c029ac13ee276509d5ae58b6466a724"},
        {S(""), S("salt"), 1, "f135c27993baf98773c5cdb40a5706ce6a345cde61b000a67858650cd6a324d7"},
#undef S
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t key[PCAI_SEAL_KEY];
        assert_done(pcai_stretch(rows[i].passphrase, rows[i].salt, rows[i].rounds, key, &err));
        assert_octets(rows[i].hex, pcai_slice(key, sizeof key));
    }
}

/* ---- A source of entropy, or of octets, under the test's hand ---- */

struct source {
    unsigned calls;
    unsigned failing_from; /* the call's number; 0: none fails */
    uint8_t next;          /* it gives octets that count up */
};

static int fill(void *context, uint8_t *buffer, size_t size, pca_error *e)
{
    struct source *s = context;
    if (++s->calls >= s->failing_from && s->failing_from)
        return pcai_fail(e, PCA_E_DEVICE, "dice", NULL, "the dice are lost");
    for (size_t i = 0; i < size; i++)
        buffer[i] = s->next++;
    return PCA_OK;
}

static struct random *random_over(struct source *s, int test)
{
    struct random *r;
    assert_done(pcai_random_new(&(pca_entropy){PCA_ENTROPY_VERSION, s, fill}, test, &r, &err));
    return r;
}

static struct random *system_random(void)
{
    struct random *r;
    assert_done(pcai_random_new(NULL, 0, &r, &err));
    return r;
}

/* ---- Sealing ---- */

/* Test case 16 of the GCM specification (McGrew and Viega), its nonce from the test's random. */
#define GCM_KEY "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define GCM_NONCE "cafebabefacedbaddecaf888"
#define GCM_ASSOCIATED "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_PLAIN \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_SEALED \
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" \
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" \
    "76fc6ece0f4e1768cddf8853bb2d551b"

static int fill_nonce(void *context, uint8_t *buffer, size_t size, pca_error *e)
{
    (void)context;
    (void)e;
    assert_int_equal(size, 12);
    memcpy(buffer, octets(GCM_NONCE).data, 12);
    return PCA_OK;
}

static void a_seal_is_aes_256_gcm(void **state)
{
    (void)state;
    struct random *r;
    struct buf sealed = {0}, plain = {0};
    assert_done(pcai_random_new(&(pca_entropy){PCA_ENTROPY_VERSION, NULL, fill_nonce}, 1, &r, &err));
    assert_done(pcai_seal(octets(GCM_KEY).data, r, octets(GCM_ASSOCIATED), octets(GCM_PLAIN), &sealed, &err));
    assert_buf_octets(GCM_NONCE GCM_SEALED, &sealed);
    assert_done(pcai_unseal(octets(GCM_KEY).data, octets(GCM_ASSOCIATED), octets(GCM_NONCE GCM_SEALED), &plain, &err));
    assert_buf_octets(GCM_PLAIN, &plain);
    /* nothing but a tag: by pyca/cryptography */
    assert_done(pcai_unseal(octets_and("", 32, 0).data, pcai_slice(NULL, 0),
                            octets("000000000000000000000000 530f8afbc74536b9a963b4f1c4cb738b"), &plain, &err));
    assert_int_equal(plain.size, 0);
    pcai_buf_free(&plain);
    pcai_random_free(r);
}

static void every_octet_of_a_seal_counts(void **state)
{
    (void)state;
    struct slice sealed = octets(GCM_NONCE GCM_SEALED), key = octets(GCM_KEY), associated = octets(GCM_ASSOCIATED);
    uint8_t changed[128];
    struct buf plain = {0};
    pcai_buf_text(&plain, "kept");
    for (size_t bit = 0; bit < 8 * sealed.size; bit++) {
        memcpy(changed, sealed.data, sealed.size);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_result(PCA_E_LOCKED, NULL, pcai_unseal(key.data, associated, pcai_slice(changed, sealed.size), &plain, &err));
    }
    for (size_t size = 0; size < sealed.size; size++)
        assert_result(PCA_E_LOCKED, NULL, pcai_unseal(key.data, associated, pcai_slice(sealed.data, size), &plain, &err));
    memcpy(changed, sealed.data, sealed.size);
    changed[sealed.size] = 0;
    assert_result(PCA_E_LOCKED, NULL, pcai_unseal(key.data, associated, pcai_slice(changed, sealed.size + 1), &plain, &err));
    assert_buf_text("kept", &plain);
}

static void a_seal_needs_its_key_and_its_associated_data(void **state)
{
    (void)state;
    struct slice sealed = octets(GCM_NONCE GCM_SEALED), associated = octets(GCM_ASSOCIATED);
    uint8_t changed[32];
    struct buf plain = {0};
    for (size_t bit = 0; bit < 256; bit++) {
        memcpy(changed, octets(GCM_KEY).data, 32);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_result(PCA_E_LOCKED, NULL, pcai_unseal(changed, associated, sealed, &plain, &err));
    }
    for (size_t bit = 0; bit < 8 * associated.size; bit++) {
        memcpy(changed, associated.data, associated.size);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_result(PCA_E_LOCKED, NULL, pcai_unseal(octets(GCM_KEY).data, pcai_slice(changed, associated.size), sealed, &plain, &err));
    }
    for (size_t size = 0; size < associated.size; size++)
        assert_result(PCA_E_LOCKED, NULL, pcai_unseal(octets(GCM_KEY).data, pcai_slice(associated.data, size), sealed, &plain, &err));
    assert_int_equal(plain.size, 0);
    pcai_buf_free(&plain);
}

static void two_seals_of_the_same_differ_and_both_open(void **state)
{
    (void)state;
    struct random *r = system_random();
    const uint8_t key[PCAI_SEAL_KEY] = {1, 2, 3};
    for (size_t size = 0; size < 70; size += 7) {
        struct slice text = octets_and("", size, 0x61), associated = pcai_slice_text("record 1");
        struct buf a = {0}, b = {0}, plain = {0};
        assert_done(pcai_seal(key, r, associated, text, &a, &err));
        assert_done(pcai_seal(key, r, associated, text, &b, &err));
        assert_int_equal(a.size, 12 + size + 16);
        assert_false(pcai_slice_equal(pcai_slice(a.data, 12), pcai_slice(b.data, 12)));
        assert_done(pcai_unseal(key, associated, pcai_buf_view(&a), &plain, &err));
        assert_done(pcai_unseal(key, associated, pcai_buf_view(&b), &plain, &err));
        assert_slice(octets_and("", 2 * size, 0x61), pcai_buf_view(&plain));
        pcai_buf_free(&a);
        pcai_buf_free(&b);
        pcai_buf_free(&plain);
    }
    pcai_random_free(r);
}

static void a_seal_without_random_is_refused(void **state)
{
    (void)state;
    struct source s = {.failing_from = 1};
    struct random *r = random_over(&s, 1);
    const uint8_t key[PCAI_SEAL_KEY] = {0};
    struct buf sealed = {0};
    assert_result(PCA_E_DEVICE, NULL, pcai_seal(key, r, pcai_slice(NULL, 0), pcai_slice_text("x"), &sealed, &err));
    assert_int_equal(sealed.size, 0);
    pcai_buf_free(&sealed);
    pcai_random_free(r);
}

/* ---- Random ---- */

/* By a CTR_DRBG of SP 800-90A written in Python: AES-256 with the derivation function, 48 octets of entropy, no nonce,
 * personalization "libpca". */
static void the_generator_is_ctr_drbg_over_the_hosts_entropy(void **state)
{
    (void)state;
    struct source s = {0};
    struct random *r = random_over(&s, 0);
    uint8_t out[32];
    assert_done(pcai_random_bytes(r, out, 32, &err));
    assert_octets("359d4efdf8f6fed03d7226880990e0112d9dd8d262f3b19bbd9023e1d9d3a653", pcai_slice(out, 32));
    assert_done(pcai_random_bytes(r, out, 20, &err));
    assert_octets("7bed26fafca30b1042d7bf42ba43949552d4545f", pcai_slice(out, 20));
    assert_int_equal(s.calls, 1);
    pcai_random_free(r);
}

static void other_entropy_gives_other_octets(void **state)
{
    (void)state;
    struct source a = {0}, b = {.next = 1};
    struct random *r[4] = {random_over(&a, 0), random_over(&b, 0), system_random(), system_random()};
    uint8_t out[4][32];
    for (int i = 0; i < 4; i++) {
        assert_done(pcai_random_bytes(r[i], out[i], 32, &err));
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(out[i], out[j], 32);
        pcai_random_free(r[i]);
    }
}

static void the_hosts_failure_is_handed_on(void **state)
{
    (void)state;
    struct source s = {.failing_from = 1};
    struct random *r = POISON;
    assert_result(PCA_E_DEVICE, NULL, pcai_random_new(&(pca_entropy){PCA_ENTROPY_VERSION, &s, fill}, 0, &r, &err));
    assert_string_equal(err.object, "dice");
    assert_says("the dice are lost");
    assert_poisoned(r);
}

static int fail_silently(void *context, uint8_t *buffer, size_t size, pca_error *e)
{
    (void)context;
    (void)buffer;
    (void)size;
    (void)e;
    return PCA_E_DEVICE;
}

static void a_host_that_says_nothing_still_gives_a_text(void **state)
{
    (void)state;
    struct random *r = POISON;
    assert_result(PCA_E_DEVICE, "entropy", pcai_random_new(&(pca_entropy){PCA_ENTROPY_VERSION, NULL, fail_silently}, 0, &r, &err));
    assert_poisoned(r);
}

static void the_generator_is_seeded_again_in_time(void **state)
{
    (void)state;
    struct source s = {0};
    struct random *r = random_over(&s, 0);
    uint8_t octet;
    for (int i = 0; i < 99999; i++)
        assert_int_equal(pcai_random_bytes(r, &octet, 1, NULL), PCA_OK);
    assert_int_equal(s.calls, 1);
    assert_done(pcai_random_bytes(r, &octet, 1, &err));
    assert_int_equal(s.calls, 2);
    s.failing_from = 3;
    for (int i = 0; i < 99999; i++)
        assert_int_equal(pcai_random_bytes(r, &octet, 1, NULL), PCA_OK);
    assert_result(PCA_E_DEVICE, NULL, pcai_random_bytes(r, &octet, 1, &err));
    pcai_random_free(r);
}

static void requests_of_any_size_are_filled(void **state)
{
    (void)state;
    struct random *r = system_random();
    static uint8_t out[10001];
    memset(out, 0, sizeof out);
    assert_done(pcai_random_bytes(r, out, 10000, &err));
    for (size_t i = 0; i < 10000; i += 16) /* a block of zeros: once in 2^128 */
        assert_memory_not_equal(out + i, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_int_equal(out[10000], 0);
    assert_done(pcai_random_bytes(r, out, 0, &err));
    pcai_random_free(r);
}

static void test_random_is_handed_out_as_it_is(void **state)
{
    (void)state;
    struct source s = {.next = 0x80};
    struct random *r = random_over(&s, 1);
    uint8_t out[6000];
    assert_int_equal(s.calls, 0);
    assert_done(pcai_random_bytes(r, out, 3, &err));
    assert_octets("80 81 82", pcai_slice(out, 3));
    assert_done(pcai_random_bytes(r, out, sizeof out, &err));
    for (size_t i = 0; i < sizeof out; i++)
        assert_int_equal(out[i], (uint8_t)(0x83 + i));
    s.failing_from = 1;
    assert_result(PCA_E_DEVICE, NULL, pcai_random_bytes(r, out, 1, &err));
    pcai_random_free(r);
}

#define DRAWS 4000
struct drawer {
    struct random *random;
    uint8_t (*out)[16];
    int failures;
};

static void *draw(void *argument)
{
    struct drawer *d = argument;
    for (size_t i = 0; i < DRAWS; i++)
        d->failures += pcai_random_bytes(d->random, d->out[i], 16, NULL) != PCA_OK;
    return NULL;
}

static int by_octets(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static void pitfall_20_two_threads_never_draw_the_same(void **state)
{
    (void)state;
    static uint8_t out[2 * DRAWS][16];
    struct random *r = system_random();
    struct drawer drawers[2] = {{r, out, 0}, {r, out + DRAWS, 0}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw, &drawers[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(drawers[0].failures + drawers[1].failures, 0);
    qsort(out, 2 * DRAWS, 16, by_octets);
    for (size_t i = 1; i < 2 * DRAWS; i++)
        assert_memory_not_equal(out[i - 1], out[i], 16);
    pcai_random_free(r);
}

static void a_child_process_may_not_draw(void **state)
{
    (void)state;
    struct random *r = system_random();
    uint8_t out[16] = {0};
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int rc = pcai_random_bytes(r, out, 16, NULL), touched = 0;
        for (int i = 0; i < 16; i++)
            touched |= out[i];
        pcai_random_free(r);
        exit_child(rc == PCA_E_FORKED && !touched ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_done(pcai_random_bytes(r, out, 16, &err));
    pcai_random_free(r);
    pcai_random_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_of_fips_180_4),
        cmocka_unit_test(digests_in_pieces_of_any_size),
        cmocka_unit_test(a_digest_that_is_not_there),
        cmocka_unit_test(base64_of_rfc_4648),
        cmocka_unit_test(base64_follows_what_the_buffer_holds),
        cmocka_unit_test(base64_of_every_length),
        cmocka_unit_test(base64_that_is_malformed),
        cmocka_unit_test(stretching_of_rfc_7914_and_6070),
        cmocka_unit_test(a_seal_is_aes_256_gcm),
        cmocka_unit_test(every_octet_of_a_seal_counts),
        cmocka_unit_test(a_seal_needs_its_key_and_its_associated_data),
        cmocka_unit_test(two_seals_of_the_same_differ_and_both_open),
        cmocka_unit_test(a_seal_without_random_is_refused),
        cmocka_unit_test(the_generator_is_ctr_drbg_over_the_hosts_entropy),
        cmocka_unit_test(other_entropy_gives_other_octets),
        cmocka_unit_test(the_hosts_failure_is_handed_on),
        cmocka_unit_test(a_host_that_says_nothing_still_gives_a_text),
        cmocka_unit_test(the_generator_is_seeded_again_in_time),
        cmocka_unit_test(requests_of_any_size_are_filled),
        cmocka_unit_test(test_random_is_handed_out_as_it_is),
        cmocka_unit_test(pitfall_20_two_threads_never_draw_the_same),
        cmocka_unit_test(a_child_process_may_not_draw),
    };
    return cmocka_run_group_tests_name("crypto", tests, scratch_setup, scratch_teardown);
}
