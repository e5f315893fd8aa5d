/*
 * Downloads and what comes back: the derivations and ciphers by their standards and by openssl, the writers' structures by
 * hand, the readers over files that openssl, Java, GnuTLS and NSS wrote (tests/vectors/formats), cut and changed at every
 * octet. pcai_alloc is wrapped at link time, to fail at will, and what frees, to count what
 * is held.
 */
#include "unit.h"

#include "base/der.h"
#include "base/memory.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "x509/ber.h"
#include "x509/jks.h"
#include "x509/pkcs12.h"
#include "x509/pkcs7.h"
#include "x509/pkcs8.h"

#define PASSWORD pcai_slice_text("vectors")
#define NO_PASSWORD pcai_slice(NULL, 0)

static int until_failure = -1; /* -1: never */
static long held;              /* blocks */

void *__real_pcai_alloc(size_t size);
void *__wrap_pcai_alloc(size_t size);
void __real_pcai_free(void *p);
void __wrap_pcai_free(void *p);
void __real_pcai_wipe_free(void *p, size_t size);
void __wrap_pcai_wipe_free(void *p, size_t size);
void *__wrap_pcai_alloc(size_t size)
{
    void *p = until_failure >= 0 && until_failure-- == 0 ? NULL : __real_pcai_alloc(size);
    held += p != NULL;
    return p;
}
void __wrap_pcai_free(void *p)
{
    held -= p != NULL;
    __real_pcai_free(p);
}
void __wrap_pcai_wipe_free(void *p, size_t size)
{
    held -= p != NULL;
    __real_pcai_wipe_free(p, size);
}

static struct buf vector(const char *name)
{
    char path[512];
    size_t size;
    struct buf b = {0};
    snprintf(path, sizeof path, "%s/tests/vectors/formats/%s", PCA_SOURCE_ROOT, name);
    uint8_t *data = file_read(path, &size);
    if (!data)
        print_error("there is no %s\n", path);
    assert_non_null(data);
    pcai_buf_put(&b, data, size);
    free(data);
    return b;
}

/* ---- Derivations and ciphers ---- */

static void pbkdf2_of_other_digests(void **state)
{
    (void)state;
    static const struct {
        int digest;
        struct slice password, salt;
        uint32_t rounds;
        size_t size;
        const char *hex;
    } rows[] = {
        /* RFC 6070, the last three */
        {PCAI_SHA1, {(const uint8_t *)"password", 8}, {(const uint8_t *)"salt", 4}, 4096, 20, "4B007901 B765489A BEAD49D9 26F721D0 65A429C1"},
        {PCAI_SHA1, {(const uint8_t *)"passwordPASSWORDpassword", 24}, {(const uint8_t *)"saltSALTsaltSALTsaltSALTsaltSALTsalt", 36}, 4096, 25,
         "3D2EEC4F E41C849B 80C8D836 62C0E44A 8B291A96 4CF2F070 38"},
        {PCAI_SHA1, {(const uint8_t *)"pass\0word", 9}, {(const uint8_t *)"sa\0lt", 5}, 4096, 16, "56FA6AA7 5548099D CC37D7F0 3425E0C3"},
        /* RFC 7914 11 */
        {PCAI_SHA256, {(const uint8_t *)"passwd", 6}, {(const uint8_t *)"salt", 4}, 1, 64,
         "55AC046E 56E3089F EC1691C2 2544B605 F9418521 6DDE0465 E68B9D57 C20DACBC 49CA9CCC F179B645 991664B3 9D77EF31 7C71B845 B1E30BD5 09112041 "
         "D3A19783"},
        /* hashlib.pbkdf2_hmac of Python */
        {PCAI_SHA384, {(const uint8_t *)"password", 8}, {(const uint8_t *)"salt", 4}, 3, 40,
         "1BFB451B 6087E5D2 4EEFFB57 D7284448 DA95B581 D35A1887 D9A6E756 AF559B1F B4798A45 29502F87"},
        {PCAI_SHA512, {(const uint8_t *)"passwordPASSWORDpassword", 24}, {(const uint8_t *)"saltSALTsaltSALTsaltSALTsaltSALTsalt", 36}, 4096, 70,
         "8C0511F4 C6E597C6 AC6315D8 F0362E22 5F3C5014 95BA23B8 68C00517 4DC4EE71 115B59F9 E60CD953 2FA33E0F 75AEFE30 225C583A 186CD82B D4DAEA97 "
         "24A3D3B8 04F75BDD 4149"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t out[80];
        assert_done(pcai_pbkdf2(rows[i].digest, rows[i].password, rows[i].salt, rows[i].rounds, out, rows[i].size, &err));
        assert_octets(rows[i].hex, pcai_slice(out, rows[i].size));
    }
}

/* 128 characters from U+0021 to U+007A, over and over. */
static struct slice long_bmp(void)
{
    static uint8_t bmp[258];
    for (size_t i = 0; i < 128; i++)
        bmp[2 * i + 1] = (uint8_t)(0x21 + i % 90);
    return pcai_slice(bmp, sizeof bmp);
}

static void pkcs12_derivation(void **state)
{
    (void)state;
    static const char smeg[] = "0073 006D 0065 0067 0000", queeg[] = "0071 0075 0065 0065 0067 0000";
    static const struct {
        int digest;
        enum pkcs12_purpose purpose;
        const char *password; /* NULL: the long one */
        const char *salt;     /* NULL: 130 zeros */
        uint32_t rounds;
        size_t size;
        const char *hex;
    } rows[] = {
        /* S. N. Henson's vectors, which Bouncy Castle tests too */
        {PCAI_SHA1, PKCS12_KEY, smeg, "0A58CF64530D823F", 1, 24, "8AAAE629 7B6CB046 42AB5B07 7851284E B7128F1A 2A7FBCA3"},
        {PCAI_SHA1, PKCS12_IV, smeg, "0A58CF64530D823F", 1, 8, "79993DFE 048D3B76"},
        {PCAI_SHA1, PKCS12_KEY, queeg, "05DEC959ACFF72F7", 1000, 24, "ED2034E3 6328830F F09DF1E1 A07DD357 185DAC0D 4F9EB3D4"},
        {PCAI_SHA1, PKCS12_IV, queeg, "05DEC959ACFF72F7", 1000, 8, "11DEDAD7 758D4860"},
        {PCAI_SHA1, PKCS12_MAC, queeg, "263216FCC2FAB31C", 1000, 20, "5EC4C7A8 0DF65229 4C3925B6 489A7AB8 57C83476"},
        /* openssl kdf PKCS12KDF: longer passwords, other digests, several blocks of each */
        {PCAI_SHA256, PKCS12_MAC, NULL, "000102030405060708090A0B0C0D0E0F", 100, 32, "9A052BD8 3C4A6983 500A6510 ECE79A51 F9D204FB EECA73FC 0F08DEE4 A0655953"},
        {PCAI_SHA384, PKCS12_MAC, NULL, "000102030405060708090A0B0C0D0E0F", 100, 48,
         "D9485B58 597120F8 E6484B43 A57BB7C8 1905AC57 6FFCD603 967402A8 6B62B241 5F866DAF AA7EFF25 E53633AF C3EC1C8C"},
        {PCAI_SHA512, PKCS12_MAC, NULL, "00", 7, 64,
         "0F529EE1 67C2232F 30611FFE B25F03B4 269091E7 51339C75 3201AD20 30674A58 DDE1EC52 EEC2DBAB 334A1EA1 115D814A AF2CEC73 11B8F7C1 1F0696F8 "
         "267F4AAD"},
        {PCAI_SHA1, PKCS12_KEY, NULL, "000102030405060708090A0B0C0D0E0F1011121314151617", 3, 100,
         "A470B286 B0457B87 3B5B659B 9CB7000A 47978D47 A778E002 3378A75A 788B5052 E3F001A0 FDF5AB71 066BC519 2B8EF97C AA6015DE 2C365F58 C4D32E77 "
         "E9D449EB 8272A775 3CE9CCFD D7193F6D F4A880B7 5F82DD7D 6B6CCF45 C170D74C 47609B9E EAE75D10"},
        {PCAI_SHA512, PKCS12_IV, "0000", NULL, 2, 150,
         "D000F6E1 0155D190 7926D7CC CEF53A58 A729BD56 965BFB09 FADE0D99 4E62EA6C 2B4444DA D269BBF7 8E8C8CE8 2A743FF6 6BB300ED 41C0B22B 16C7AD6A "
         "E12C030B A196D446 DE27FB01 A01E6291 5BC6CCB3 C4379544 ED068CED 23E70681 5A109845 8CF64AAC 1ECF6C2A 4D5691A7 81B06A7B 5117FF4D 9DF21A83 "
         "22416E3C C13E18BF C32DF26E 6D1FB72D D7BE0088 F179F988 70EB1397 3108"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t out[160];
        struct slice password = rows[i].password ? octets(rows[i].password) : long_bmp();
        struct slice salt = rows[i].salt ? octets(rows[i].salt) : octets_and("", 130, 0);
        assert_done(pcai_pkcs12_derive(rows[i].digest, rows[i].purpose, password, salt, rows[i].rounds, out, rows[i].size, &err));
        assert_octets(rows[i].hex, pcai_slice(out, rows[i].size));
    }
}

/* RFC 4231 4.3 and 4.7, RFC 2202 3. */
static void hmac(void **state)
{
    (void)state;
    uint8_t out[PCAI_DIGEST_MAX];
    struct slice jefe = pcai_slice_text("Jefe"), what = pcai_slice_text("what do ya want for nothing?");
    assert_done(pcai_hmac(PCAI_SHA256, jefe, what, out, &err));
    assert_octets("5BDCC146 BF60754E 6A042426 089575C7 5A003F08 9D273983 9DEC58B9 64EC3843", pcai_slice(out, 32));
    assert_done(pcai_hmac(PCAI_SHA1, jefe, what, out, &err));
    assert_octets("EFFCDF6A E5EB2FA2 D27416D5 F184DF9C 259A7C79", pcai_slice(out, 20));
    assert_done(pcai_hmac(PCAI_SHA256, octets_and("", 131, 0xAA), pcai_slice_text("Test Using Larger Than Block-Size Key - Hash Key First"), out, &err));
    assert_octets("60E43159 1EE0B67F 0D8A26AA CBF5B77F 8E0BC621 3728C514 0546040F 0EE37F54", pcai_slice(out, 32));
}

static void sha1_is_there_for_old_formats(void **state)
{
    (void)state;
    uint8_t out[PCAI_DIGEST_MAX];
    assert_int_equal(pcai_digest_size(PCAI_SHA1), 20);
    assert_done(pcai_digest(PCAI_SHA1, pcai_slice_text("abc"), out, &err));
    assert_octets("A9993E36 4706816A BA3E2571 7850C26C 9CD0D89D", pcai_slice(out, 20)); /* FIPS 180 */
}

static void ciphers(void **state)
{
    (void)state;
    const struct {
        int cipher;
        const char *key, *iv;
        struct slice plain;
        const char *hex;
    } rows[] = {
        /* NIST SP 800-38A F.2.1, F.2.3, F.2.5: the first block, then that of the padding by openssl */
        {PCAI_AES128_CBC, "2B7E151628AED2A6ABF7158809CF4F3C", "000102030405060708090A0B0C0D0E0F", octets("6BC1BEE22E409F96E93D7E117393172A"),
         "7649ABAC8119B246CEE98E9B12E9197D 8964E0B149C10B7B682E6E39AAEB731C"},
        {PCAI_AES192_CBC, "8E73B0F7DA0E6452C810F32B809079E562F8EAD2522C6B7B", "000102030405060708090A0B0C0D0E0F",
         octets("6BC1BEE22E409F96E93D7E117393172A"), "4F021DB243BC633D7178183A9FA071E8 A647F1643B94812A175A13C8FA2014B2"},
        {PCAI_AES256_CBC, "603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4", "000102030405060708090A0B0C0D0E0F",
         octets("6BC1BEE22E409F96E93D7E117393172A"), "F58C4C04D6E5F1BA779EABFB5F7BFBD6 485A5C81519CF378FA36D42B8547EDC0"},
        /* openssl enc */
        {PCAI_AES128_CBC, "00112233445566778899AABBCCDDEEFF", "000102030405060708090A0B0C0D0E0F", pcai_slice_text("seventeen octets."),
         "A35A960278DEA1676D72E03C2242F2431D8EE23391743551A4E49918AD421ABB"},
        {PCAI_AES192_CBC, "00112233445566778899AABBCCDDEEFF0011223344556677", "000102030405060708090A0B0C0D0E0F",
         pcai_slice_text("seventeen octets."), "A2E53609A0942D18B5A4FE1CF92198385F552F9FBA614CFE7FFAEC74B5263E4C"},
        {PCAI_DES3_CBC, "0123456789ABCDEFFEDCBA987654321089ABCDEF01234567", "0001020304050607", pcai_slice_text("seventeen octets."),
         "F8E2948EC14C325895EFB8B5B082262F26F1A1C52D844602"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0}, back = {0};
        struct slice key = octets(rows[i].key), iv = octets(rows[i].iv);
        assert_int_equal(pcai_cipher_key_size(rows[i].cipher), key.size);
        assert_int_equal(pcai_cipher_block_size(rows[i].cipher), iv.size);
        assert_done(pcai_cbc_encrypt(rows[i].cipher, key.data, iv.data, rows[i].plain, &out, &err));
        assert_octets(rows[i].hex, pcai_buf_view(&out));
        pcai_buf_text(&back, "kept");
        assert_done(pcai_cbc_decrypt(rows[i].cipher, key.data, iv.data, pcai_buf_view(&out), &back, &err));
        assert_slice(pcai_slice_text("kept"), pcai_slice(back.data, 4));
        assert_slice(rows[i].plain, pcai_slice(back.data + 4, back.size - 4));
        /* Another key, or not whole blocks: refused, and nothing is left behind. */
        size_t before = back.size;
        iv = octets("0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F");
        assert_result(PCA_E_LOCKED, NULL, pcai_cbc_decrypt(rows[i].cipher, iv.data, key.data, pcai_buf_view(&out), &back, &err));
        for (size_t size = 0; size < out.size; size++)
            if (size == 0 || size % pcai_cipher_block_size(rows[i].cipher))
                assert_result(PCA_E_LOCKED, NULL, pcai_cbc_decrypt(rows[i].cipher, key.data, iv.data, pcai_slice(out.data, size), &back, &err));
        assert_int_equal(back.size, before);
        pcai_buf_free(&out);
        pcai_buf_free(&back);
    }
}

static void padding_of_every_size(void **state)
{
    (void)state;
    static const int kinds[] = {PCAI_AES256_CBC, PCAI_DES3_CBC};
    struct slice key = octets_and("", 32, 7), iv = octets_and("", 16, 9);
    for (size_t k = 0; k < COUNT(kinds); k++)
        for (size_t size = 0; size <= 33; size++) {
            struct buf out = {0}, back = {0};
            size_t block = pcai_cipher_block_size(kinds[k]);
            assert_done(pcai_cbc_encrypt(kinds[k], key.data, iv.data, octets_and("", size, 0x5A), &out, &err));
            assert_int_equal(out.size, (size / block + 1) * block);
            assert_done(pcai_cbc_decrypt(kinds[k], key.data, iv.data, pcai_buf_view(&out), &back, &err));
            assert_slice(octets_and("", size, 0x5A), pcai_buf_view(&back));
            pcai_buf_free(&out);
            pcai_buf_free(&back);
        }
}

/* RFC 8018 6.1.1: 1 to 16 octets, each of them the number of them. */
static void padding_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *block;
        int size; /* without the padding; -1: wrong */
    } rows[] = {
        {"000102030405060708090A0B0C0D0E01", 15}, {"000102030405060708090A0B0C030303", 13}, {"10101010101010101010101010101010", 0},
        {"000102030405060708090A0B0C0D0E00", -1}, {"000102030405060708090A0B0C010303", -1}, {"000102030405060708090A0B0C040303", -1},
        {"11111111111111111111111111111111", -1}, {"00101010101010101010101010101010", -1}, {"000102030405060708090A0B0C0D0E10", -1},
    };
    static const uint8_t key[32] = {1}, iv[16] = {2};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0}, back = {0};
        struct slice block = octets(rows[i].block);
        assert_done(pcai_cbc_encrypt(PCAI_AES256_CBC, key, iv, block, &out, &err));
        out.size = 16; /* not the padding's own block */
        if (rows[i].size < 0) {
            assert_result(PCA_E_LOCKED, NULL, pcai_cbc_decrypt(PCAI_AES256_CBC, key, iv, pcai_buf_view(&out), &back, &err));
            assert_int_equal(back.size, 0);
        } else {
            assert_done(pcai_cbc_decrypt(PCAI_AES256_CBC, key, iv, pcai_buf_view(&out), &back, &err));
            assert_slice(pcai_slice(block.data, (size_t)rows[i].size), pcai_buf_view(&back));
        }
        pcai_buf_free(&out);
        pcai_buf_free(&back);
    }
}

/* ---- Text, sets, BER ---- */

static void utf16(void **state)
{
    (void)state;
    struct buf out = {0};
    assert_int_equal(pcai_utf16(pcai_slice_text("Ab\xC3\xA4\xE6\xBC\xA2\xF0\x9F\x94\x91"), &out), 0); /* A b a-umlaut U+6F22 U+1F511 */
    assert_buf_octets("0041 0062 00E4 6F22 D83D DD11", &out);
    static const char *const bad[] = {"\xFF", "a\xC3", "\xED\xA0\x80", "\xC0\x80", "\xF4\x90\x80\x80"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(pcai_utf16(pcai_slice_text(bad[i]), &out), -1);
    pcai_buf_free(&out);
}

/* X.690 11.6: in the order of the encodings. */
static void sets_are_sorted(void **state)
{
    (void)state;
    struct buf out = {0};
    struct slice elements[] = {octets("0402 0101"), octets("0202 0102"), octets("0201 7F"), octets("0400"), octets("0202 0101"), octets("0201 7F")};
    pcai_der_set_of(&out, DER_SET, elements, COUNT(elements));
    assert_buf_octets("3114 02017F 02017F 02020101 02020102 0400 04020101", &out);
    assert_octets("0400", elements[4]);
    pcai_der_set_of(&out, DER_CONTEXT_CONSTRUCTED(0), elements, 0);
    assert_buf_octets("A000", &out);
}

static void ber_becomes_der(void **state)
{
    (void)state;
    static const struct {
        const char *ber, *der;
    } rows[] = {
        {"3003 020105", "3003 020105"},
        {"0401 05", "0401 05"},
        {"3080 020105 0000", "3003 020105"},
        {"3080 3080 0000 020101 0000", "3005 3000 020101"},
        {"2480 0401 41 0402 4243 0000", "0403 414243"},
        {"2407 0401 41 0402 4243", "0403 414243"},
        {"2480 2480 0401 41 0000 2403 040142 0400 0000", "0402 4142"},
        {"A080 0401 41 2480 040142 0000 0000", "A006 040141 040142"}, /* an implicit tag hides what it is: pieces stay */
        {"3007 3080 020105 0000", "3005 3003 020105"},
    };
    static const char *const bad[] = {
        "", "30", "3080", "3080 00", "3080 0201", "3081 03 020105", "0480 41 0000", "2480 020101 0000", "2403 020101", "3003 020105 00", "3080 020105 0000 00",
        "3004 3080 0201", "1F01 00", "3082 0003 020105",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        assert_int_equal(pcai_ber_to_der(octets(rows[i].ber), &out), 0);
        assert_buf_octets(rows[i].der, &out);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf out = {0};
        if (pcai_ber_to_der(octets(bad[i]), &out) != -1)
            print_error("taken: %s\n", bad[i]);
        assert_int_equal(pcai_ber_to_der(octets(bad[i]), &out), -1);
        pcai_buf_free(&out);
    }
}

static int nested(const char *header, size_t depth)
{
    struct buf deep = {0}, out = {0};
    for (size_t i = 0; i < depth; i++)
        pcai_buf_put(&deep, header, 2);
    for (size_t i = 0; i < depth; i++)
        pcai_buf_put(&deep, "\0", 2);
    int rc = pcai_ber_to_der(pcai_buf_view(&deep), &out);
    pcai_buf_free(&deep);
    pcai_buf_free(&out);
    return rc;
}

/* As deep as one likes: refused, not followed. */
static void ber_has_a_depth(void **state)
{
    (void)state;
    static const char *const headers[] = {"\x30\x80", "\x24\x80"};
    for (size_t i = 0; i < COUNT(headers); i++) {
        assert_int_equal(nested(headers[i], 12), 0);
        assert_int_equal(nested(headers[i], 40), -1);
        assert_int_equal(nested(headers[i], 100000), -1);
    }
}

/* ---- Writers, by hand ---- */

static void pkcs7_by_hand(void **state)
{
    (void)state;
    struct buf out = {0};
    struct slice certificates[] = {octets("3003 020109"), octets("3003 020101")};
    pcai_pkcs7_write(&out, certificates, 2);
    assert_buf_octets("302F"
                      "  0609 2A864886F70D010702" /* signedData */
                      "  A022"
                      "    3020"
                      "      020101"
                      "      3100"                          /* no digest algorithms */
                      "      300B 0609 2A864886F70D010701" /* data, no content */
                      "      A00A 3003 020101 3003 020109"
                      "      3100", /* no signers */
                      &out);
}

static uint32_t u32(const uint8_t **at)
{
    uint32_t n = (uint32_t)(*at)[0] << 24 | (uint32_t)(*at)[1] << 16 | (uint32_t)(*at)[2] << 8 | (*at)[3];
    *at += 4;
    return n;
}

static void expect_u32(const uint8_t **at, uint32_t n)
{
    assert_int_equal(u32(at), n);
}

static void expect_text(const uint8_t **at, const char *text)
{
    size_t size = strlen(text);
    assert_int_equal((*at)[0] << 8 | (*at)[1], size);
    assert_memory_equal(*at + 2, text, size);
    *at += 2 + size;
}

/* The protector of Sun's key store, undone: salt, stream, check. */
static void unprotect(struct slice secret, struct slice password, struct buf *key)
{
    uint8_t d[PCAI_DIGEST_MAX], check[PCAI_DIGEST_MAX];
    struct buf input = {0};
    size_t size = secret.size - 40;
    memcpy(d, secret.data, 20);
    for (size_t i = 0; i < size; i++) {
        if (i % 20 == 0) {
            pcai_buf_reset(&input);
            pcai_buf_slice(&input, password);
            pcai_buf_put(&input, d, 20);
            assert_done(pcai_digest(PCAI_SHA1, pcai_buf_view(&input), d, &err));
        }
        pcai_buf_octet(key, secret.data[20 + i] ^ d[i % 20]);
    }
    pcai_buf_reset(&input);
    pcai_buf_slice(&input, password);
    pcai_buf_slice(&input, pcai_buf_view(key));
    assert_done(pcai_digest(PCAI_SHA1, pcai_buf_view(&input), check, &err));
    assert_memory_equal(check, secret.data + 20 + size, 20);
    pcai_buf_free(&input);
}

static void jks_by_hand(void **state)
{
    (void)state;
    struct slice certificates[] = {octets("3003 020109"), octets_and("3081FA 0481F7", 247, 0x77)};
    struct slice password = octets("0070 0061 0073 0073"), key = octets_and("", 45, 0x33);
    struct jks jks = {"an.alias", INT64_C(1800014400), key, certificates, 2, pcai_slice_text("pass"), {1, 2, 3}};
    struct buf out = {0}, plain = {0}, signed_part = {0};
    uint8_t trailer[PCAI_DIGEST_MAX];
    assert_done(pcai_jks_write(&jks, &out, &err));
    const uint8_t *at = out.data;
    expect_u32(&at, 0xFEEDFEED);
    expect_u32(&at, 2);
    expect_u32(&at, 1);
    expect_u32(&at, 1); /* a private key */
    expect_text(&at, "an.alias");
    uint64_t created = (uint64_t)u32(&at) << 32;
    created |= u32(&at);
    assert_int_equal(created, UINT64_C(1800014400000));
    uint32_t size = u32(&at);
    struct der outer = pcai_der(pcai_slice(at, size)), info;
    struct slice algorithm, secret;
    assert_int_equal(pcai_der_enter(&outer, DER_SEQUENCE, &info), 0);
    assert_true(pcai_der_at_end(&outer));
    assert_int_equal(pcai_der_whole(&info, DER_SEQUENCE, &algorithm), 0);
    assert_octets("300E 060A 2B06010401 2A02110101 0500", algorithm); /* 1.3.6.1.4.1.42.2.17.1.1 */
    assert_int_equal(pcai_der_get(&info, DER_OCTET_STRING, &secret), 0);
    assert_true(pcai_der_at_end(&info));
    assert_int_equal(secret.size, 20 + 45 + 20);
    assert_octets("010203 0000000000000000000000000000000000", pcai_slice(secret.data, 20));
    unprotect(secret, password, &plain);
    assert_slice(key, pcai_buf_view(&plain));
    at += size;
    expect_u32(&at, 2);
    for (size_t i = 0; i < 2; i++) {
        expect_text(&at, "X.509");
        expect_u32(&at, (uint32_t)certificates[i].size);
        assert_memory_equal(at, certificates[i].data, certificates[i].size);
        at += certificates[i].size;
    }
    pcai_buf_slice(&signed_part, password);
    pcai_buf_text(&signed_part, "Mighty Aphrodite");
    pcai_buf_put(&signed_part, out.data, (size_t)(at - out.data));
    assert_done(pcai_digest(PCAI_SHA1, pcai_buf_view(&signed_part), trailer, &err));
    assert_int_equal(out.data + out.size - at, 20);
    assert_memory_equal(at, trailer, 20);
    pcai_buf_free(&out);
    pcai_buf_free(&plain);
    pcai_buf_free(&signed_part);
}

/* Half of it is there in UTF-16 by then: it is wiped and freed. */
static void a_password_that_is_not_utf8_leaves_nothing_behind(void **state)
{
    (void)state;
    struct slice certificate = octets("3003 020109");
    struct jks jks = {"a", 1, octets("3003 020105"), &certificate, 1, pcai_slice_text("secret\xFF"), {1}};
    struct pkcs12_contents contents = {octets("3003 020105"), &certificate, 1, pcai_slice_text("a"), jks.password, 1};
    static const struct pkcs12_seed none;
    struct buf out = {0};
    long before = held;
    assert_result(PCA_E_INVALID, "password", pcai_jks_write(&jks, &out, &err));
    assert_result(PCA_E_INVALID, "password", pcai_pkcs12_write(&contents, &none, &out, &err));
    pcai_buf_free(&out);
    assert_int_equal(held, before);
}

static const struct pkcs12_seed seed = {.key = {.salt = {1}, .iv = {2}}, .certificates = {.salt = {3}, .iv = {4}}, .mac_salt = {5}};

static void algorithms_by_hand(void **state)
{
    (void)state;
    struct buf algorithm = {0}, secret = {0}, plain = {0};
    assert_done(pcai_pbe_encrypt(PBE_AES256, PASSWORD, &seed.key, pcai_slice_text("plain"), &algorithm, &secret, &err));
    assert_octets("3060 0609 2A864886F70D01050D 3053"        /* PBES2 */
                  "  3032 0609 2A864886F70D01050C 3025"      /* PBKDF2 */
                  "    0410 01000000000000000000000000000000 0203 0186A0"
                  "    300C 0608 2A864886F70D0209 0500"      /* hmacWithSHA256 */
                  "  301D 0609 60864801650304012A"           /* aes256-CBC */
                  "    0410 02000000000000000000000000000000",
                  pcai_buf_view(&algorithm));
    assert_done(pcai_pbe_decrypt(pcai_buf_view(&algorithm), PASSWORD, pcai_buf_view(&secret), &plain, &err));
    assert_buf_text("plain", &plain);
    pcai_buf_free(&algorithm);
    pcai_buf_free(&secret);
    assert_done(pcai_pbe_encrypt(PBE_DES3, PASSWORD, &seed.key, pcai_slice_text("plain"), &algorithm, &secret, &err));
    assert_octets("3025 060A 2A864886F70D010C0103 3017" /* pbeWithSHAAnd3-KeyTripleDES-CBC */
                  "  0410 01000000000000000000000000000000 0203 0186A0",
                  pcai_buf_view(&algorithm));
    assert_done(pcai_pbe_decrypt(pcai_buf_view(&algorithm), PASSWORD, pcai_buf_view(&secret), &plain, &err));
    assert_buf_text("plain", &plain);
    pcai_buf_free(&algorithm);
    pcai_buf_free(&secret);
}

/* Enters the elements of those tags, one inside the other; skip: how many to pass over before each. */
static struct der inside(struct slice der, const uint8_t *tags, const int *skip, size_t depth)
{
    struct der at = pcai_der(der);
    for (size_t i = 0; i < depth; i++) {
        for (int n = 0; n < skip[i]; n++)
            assert_int_equal(pcai_der_any(&at, NULL, NULL, NULL), 0);
        assert_int_equal(pcai_der_enter(&at, tags[i], &at), 0);
    }
    return at;
}

/* The attributes of the key: PFX, ContentInfo [0] OCTET STRING, the second ContentInfo's, and its only bag's. */
static struct slice key_attributes(struct slice pfx)
{
    static const uint8_t tags[] = {DER_SEQUENCE, DER_SEQUENCE, 0xA0, DER_OCTET_STRING, DER_SEQUENCE, DER_SEQUENCE, 0xA0, DER_OCTET_STRING, DER_SEQUENCE, DER_SEQUENCE};
    static const int skip[] = {0, 1, 1, 0, 0, 1, 1, 0, 0, 0};
    struct der bag = inside(pfx, tags, skip, COUNT(tags));
    struct slice type, value, attributes;
    assert_int_equal(pcai_der_get(&bag, DER_OID, &type), 0);
    assert_octets("2A864886F70D010C0A0102", type); /* pkcs8ShroudedKeyBag */
    assert_int_equal(pcai_der_get(&bag, 0xA0, &value), 0);
    assert_int_equal(pcai_der_whole(&bag, DER_SET, &attributes), 0);
    assert_true(pcai_der_at_end(&bag));
    return attributes;
}

static void pkcs12_by_hand(void **state)
{
    (void)state;
    struct slice certificates[] = {octets("3003 020109"), octets("3003 020101"), octets("3003 020105")};
    for (int legacy = 0; legacy < 2; legacy++) {
        struct buf key = vector("key.der"), out = {0};
        const char *name = legacy ? "a name of some length" : "n\xC3\xA4me";
        struct pkcs12_contents contents = {pcai_buf_view(&key), certificates, 3, pcai_slice_text(name), PASSWORD, legacy};
        struct pkcs12 back;
        assert_done(pcai_pkcs12_write(&contents, &seed, &out, &err));
        /* localKeyId: of the SHA-256 of the certificate, by sha256sum. A SET OF: the shorter of the two comes first. */
#define LOCAL_KEY_ID "3023 0609 2A864886F70D010915 3116 0414 3C858A5409E88AB7F79F680EC040140D0FF2B216"
        assert_octets(legacy ? "3160 " LOCAL_KEY_ID " 3039 0609 2A864886F70D010914 312C 1E2A"
                               "0061 0020 006E 0061 006D 0065 0020 006F 0066 0020 0073 006F 006D 0065 0020 006C 0065 006E 0067 0074 0068"
                             : "313E 3017 0609 2A864886F70D010914 310A 1E08 006E 00E4 006D 0065 " LOCAL_KEY_ID,
                      key_attributes(pcai_buf_view(&out)));
        assert_done(pcai_pkcs12_open(pcai_buf_view(&out), PASSWORD, &back, &err));
        assert_slice(pcai_buf_view(&key), pcai_buf_view(&back.private_key));
        assert_int_equal(back.count, 3);
        for (size_t i = 0; i < 3; i++)
            assert_slice(certificates[i], back.certificates[i]);
        pcai_pkcs12_free(&back);
        assert_result(PCA_E_INVALID, "password", pcai_pkcs12_open(pcai_buf_view(&out), pcai_slice_text("Vectors"), &back, &err));
        pcai_buf_free(&key);
        pcai_buf_free(&out);
    }
}

/* ---- Readers ---- */

static void private_keys_of_others(void **state)
{
    (void)state;
    static const char *const names[] = {
        "pkcs8-aes-128-cbc-SHA1.pem",   "pkcs8-aes-128-cbc-SHA256.pem", "pkcs8-aes-128-cbc-SHA384.pem", "pkcs8-aes-128-cbc-SHA512.pem",
        "pkcs8-aes-192-cbc-SHA1.pem",   "pkcs8-aes-192-cbc-SHA256.pem", "pkcs8-aes-192-cbc-SHA384.pem", "pkcs8-aes-192-cbc-SHA512.pem",
        "pkcs8-aes-256-cbc-SHA1.pem",   "pkcs8-aes-256-cbc-SHA256.pem", "pkcs8-aes-256-cbc-SHA384.pem", "pkcs8-aes-256-cbc-SHA512.pem",
        "pkcs8-des3-SHA1.pem",          "pkcs8-des3-SHA256.pem",        "pkcs8-des3-SHA384.pem",        "pkcs8-des3-SHA512.pem",
        "pkcs8-pkcs12.pem",             "pkcs8.der",
    };
    struct buf key = vector("key.der");
    for (size_t i = 0; i < COUNT(names); i++) {
        struct buf in = vector(names[i]), out = {0};
        pcai_buf_text(&out, "kept");
        assert_done(pcai_pkcs8_open(pcai_buf_view(&in), PASSWORD, &out, &err));
        assert_slice(pcai_buf_view(&key), pcai_slice(out.data + 4, out.size - 4));
        out.size = 4;
        assert_result(PCA_E_INVALID, "password", pcai_pkcs8_open(pcai_buf_view(&in), pcai_slice_text("wrong"), &out, &err));
        assert_result(PCA_E_INVALID, "password", pcai_pkcs8_open(pcai_buf_view(&in), pcai_slice_text(""), &out, &err));
        assert_result(PCA_E_INVALID, "password", pcai_pkcs8_open(pcai_buf_view(&in), NO_PASSWORD, &out, &err));
        assert_says("needs its password");
        assert_int_equal(out.size, 4);
        pcai_buf_free(&in);
        pcai_buf_free(&out);
    }
    pcai_buf_free(&key);
}

static void plain_private_keys(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int algorithm;
    } rows[] = {{"key.pem", PCA_KEY_EC_P256},
                {"key.der", PCA_KEY_EC_P256},
                {"traditional-ec.pem", PCA_KEY_EC_P256},
                {"traditional-ec-parameters.pem", PCA_KEY_EC_P256},
                {"traditional-rsa.pem", PCA_KEY_RSA_2048}};
    struct random *random = NULL;
    assert_done(pcai_random_new(NULL, 0, &random, &err));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf in = vector(rows[i].name), out = {0}, theirs;
        struct key *key = NULL;
        assert_done(pcai_pkcs8_open(pcai_buf_view(&in), NO_PASSWORD, &out, &err));
        assert_done(pcai_key_read(pcai_buf_view(&out), random, &key, &err));
        assert_int_equal(pcai_key_algorithm(key), rows[i].algorithm);
        /* The public key that openssl sees in it. */
        need_openssl();
        const char *path = scratch_put("plain.in", pcai_buf_view(&in));
        openssl("pkey", "-in", path, "-pubout", "-outform", "DER", "-out", scratch("plain.spki"));
        theirs = scratch_get("plain.spki");
        assert_slice(pcai_buf_view(&theirs), pcai_key_public(key));
        assert_result(PCA_E_INVALID, "password", pcai_pkcs8_open(pcai_buf_view(&in), PASSWORD, &out, &err));
        assert_says("not encrypted");
        pcai_key_free(key);
        pcai_buf_free(&theirs);
        pcai_buf_free(&in);
        pcai_buf_free(&out);
    }
    pcai_random_free(random);
}

static void private_keys_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int code;
        const char *field, *says;
    } rows[] = {
        {"refused-scrypt.pem", PCA_E_UNSUPPORTED, "key", "1.3.6.1.4.1.11591.4.11"},
        {"refused-aria.pem", PCA_E_UNSUPPORTED, "key", "1.2.410.200046.1.1.2"},
        {"refused-rc4.pem", PCA_E_UNSUPPORTED, "key", "1.2.840.113549.1.12.1.1"},
        {"refused-traditional.pem", PCA_E_UNSUPPORTED, "key", "openssl pkcs8 -topk8"},
        {"refused-rounds.pem", PCA_E_INVALID, "key", "more than 2000000 rounds"},
        {"certificate.pem", PCA_E_INVALID, "key", "no private key"},
        {"certificate.der", PCA_E_INVALID, "key", NULL},
        {"pfx-openssl.pfx", PCA_E_INVALID, NULL, NULL},
    };
    struct buf out = {0}, large = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf in = vector(rows[i].name);
        assert_result(rows[i].code, rows[i].field, pcai_pkcs8_open(pcai_buf_view(&in), PASSWORD, &out, &err));
        if (rows[i].says)
            assert_says(rows[i].says);
        assert_lacks(err.message, "vectors");
        pcai_buf_free(&in);
    }
    struct buf trailing = vector("key.der");
    pcai_buf_slice(&trailing, octets("00"));
    assert_result(PCA_E_INVALID, "key", pcai_pkcs8_open(pcai_buf_view(&trailing), NO_PASSWORD, &out, &err));
    pcai_buf_free(&trailing);
    pcai_buf_slice(&large, octets_and("", 65000, 0x20));
    pcai_buf_slice(&large, octets_and("", 537, 0x20));
    assert_result(PCA_E_INVALID, "key", pcai_pkcs8_open(pcai_buf_view(&large), NO_PASSWORD, &out, &err));
    assert_says("65536");
    assert_result(PCA_E_INVALID, "key", pcai_pkcs8_open(pcai_slice(NULL, 0), NO_PASSWORD, &out, &err));
    assert_int_equal(out.size, 0);
    pcai_buf_free(&large);
}

/* Parameters by hand. PBES2 { PBKDF2 { salt, rounds, more }, cipher }: each length fits in an octet. */
static void put_parameters(struct buf *out, const char *salt, const char *more, const char *cipher)
{
    size_t outer = pcai_der_begin(out, DER_SEQUENCE);
    pcai_buf_slice(out, octets("0609 2A864886F70D01050D"));
    size_t pbes2 = pcai_der_begin(out, DER_SEQUENCE), kdf = pcai_der_begin(out, DER_SEQUENCE);
    pcai_buf_slice(out, octets("0609 2A864886F70D01050C"));
    size_t parameters = pcai_der_begin(out, DER_SEQUENCE);
    pcai_buf_slice(out, octets(salt));
    pcai_buf_slice(out, octets(more));
    pcai_der_end(out, parameters);
    pcai_der_end(out, kdf);
    pcai_buf_slice(out, octets(cipher));
    pcai_der_end(out, pbes2);
    pcai_der_end(out, outer);
}

static void parameters_by_hand(void **state)
{
    (void)state;
    static const char salt[] = "0408 0102030405060708", cipher[] = "301D 0609 60864801650304012A 0410 000102030405060708090A0B0C0D0E0F";
    static const char prf[] = "020103 300C 0608 2A864886F70D0209 0500", no_null[] = "020103 300A 0608 2A864886F70D0209";
    static const struct {
        const char *what, *salt, *more, *cipher;
        int code;
    } rows[] = {
        {"good", salt, prf, cipher, PCA_OK},
        {"prf without parameters", salt, no_null, cipher, PCA_OK},
        {"key length", salt, "020103 020120 300C 0608 2A864886F70D0209 0500", cipher, PCA_OK},
        {"HMAC-SHA1 by default", salt, "020103", cipher, PCA_OK},
        {"another key length", salt, "020103 020110 300C 0608 2A864886F70D0209 0500", cipher, PCA_E_INVALID},
        {"key length 0", salt, "020103 020100 300C 0608 2A864886F70D0209 0500", cipher, PCA_E_INVALID},
        {"no rounds", salt, "020100 300C 0608 2A864886F70D0209 0500", cipher, PCA_E_INVALID},
        {"rounds below 0", salt, "0201FF 300C 0608 2A864886F70D0209 0500", cipher, PCA_E_INVALID},
        {"more rounds than allowed", salt, "02031E8481 300C 0608 2A864886F70D0209 0500", cipher, PCA_E_INVALID},
        {"2^64 rounds", salt, "0209010000000000000000 300C 0608 2A864886F70D0209 0500", cipher, PCA_E_INVALID},
        {"no salt", "0400", prf, cipher, PCA_E_INVALID},
        {"salt from elsewhere", "300B 0609 2A864886F70D01050C", prf, cipher, PCA_E_INVALID},
        {"something behind", salt, "020103 300C 0608 2A864886F70D0209 0500 0500", cipher, PCA_E_INVALID},
        {"parameters of the prf", salt, "020103 300D 0608 2A864886F70D0209 020100", cipher, PCA_E_INVALID},
        {"a NULL that is not empty", salt, "020103 300D 0608 2A864886F70D0209 050100", cipher, PCA_E_INVALID},
        {"HMAC-SHA224", salt, "020103 300C 0608 2A864886F70D0208 0500", cipher, PCA_E_UNSUPPORTED},
        {"short IV", salt, prf, "301C 0609 60864801650304012A 040F 000102030405060708090A0B0C0D0E", PCA_E_INVALID},
        {"no IV", salt, prf, "300B 0609 60864801650304012A", PCA_E_INVALID},
        {"AES-256-GCM", salt, prf, "301D 0609 60864801650304012E 0410 000102030405060708090A0B0C0D0E0F", PCA_E_UNSUPPORTED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf algorithm = {0}, plain = {0};
        put_parameters(&algorithm, rows[i].salt, rows[i].more, rows[i].cipher);
        err = (pca_error){0};
        int rc = pcai_pbe_decrypt(pcai_buf_view(&algorithm), PASSWORD, octets_and("", 16, 0), &plain, &err);
        /* Sixteen zeros decrypt to nothing that is padded: what gets that far is told by the password's field. */
        int seen = rc == PCA_E_INVALID && strcmp(err.field, "password") == 0 ? PCA_OK : rc;
        if (seen != rows[i].code)
            print_error("%s: %s, %s\n", rows[i].what, pca_code_name(rc), err.message);
        assert_int_equal(seen, rows[i].code);
        pcai_buf_free(&algorithm);
        pcai_buf_free(&plain);
    }
    for (size_t size = 128; size <= 129; size++) {
        struct buf algorithm = {0}, long_salt = {0}, plain = {0};
        pcai_der_put(&long_salt, DER_OCTET_STRING, octets_and("", size, 7));
        size_t outer = pcai_der_begin(&algorithm, DER_SEQUENCE);
        pcai_buf_slice(&algorithm, octets("060A 2A864886F70D010C0103"));
        size_t parameters = pcai_der_begin(&algorithm, DER_SEQUENCE);
        pcai_buf_slice(&algorithm, pcai_buf_view(&long_salt));
        pcai_der_uint(&algorithm, 1);
        pcai_der_end(&algorithm, parameters);
        pcai_der_end(&algorithm, outer);
        assert_result(PCA_E_INVALID, size > 128 ? "key" : "password",
                      pcai_pbe_decrypt(pcai_buf_view(&algorithm), PASSWORD, octets_and("", 16, 0), &plain, &err));
        pcai_buf_free(&algorithm);
        pcai_buf_free(&long_salt);
        pcai_buf_free(&plain);
    }
}

/* A PFX of nothing, with that MAC behind its safes. */
static int open_with_mac(const char *digest_info, size_t salt, const char *rounds)
{
    struct buf pfx = {0};
    struct pkcs12 out;
    size_t outer = pcai_der_begin(&pfx, DER_SEQUENCE);
    pcai_buf_slice(&pfx, octets("020103 3011 0609 2A864886F70D010701 A004 0402 3000"));
    size_t mac = pcai_der_begin(&pfx, DER_SEQUENCE);
    pcai_buf_slice(&pfx, octets(digest_info));
    pcai_der_put(&pfx, DER_OCTET_STRING, octets_and("", salt, 7));
    pcai_buf_slice(&pfx, octets(rounds));
    pcai_der_end(&pfx, mac);
    pcai_der_end(&pfx, outer);
    err = (pca_error){0};
    int rc = pcai_pkcs12_open(pcai_buf_view(&pfx), PASSWORD, &out, &err);
    if (rc == PCA_OK)
        pcai_pkcs12_free(&out);
    pcai_buf_free(&pfx);
    return rc;
}

static void macs_by_hand(void **state)
{
    (void)state;
#define SHA1_INFO "3021 3009 0605 2B0E03021A 0500 0414 0000000000000000000000000000000000000000"
    static const struct {
        const char *digest_info;
        size_t salt;
        const char *rounds, *field;
    } rows[] = {
        {SHA1_INFO, 8, "020101", "password"}, /* well-formed, and wrong */
        {SHA1_INFO, 8, "", "password"},       /* DEFAULT 1 */
        {SHA1_INFO, 128, "020101", "password"},
        {SHA1_INFO, 129, "020101", "pfx"},
        {SHA1_INFO, 0, "020101", "pfx"},
        {SHA1_INFO, 8, "020100", "pfx"},
        {SHA1_INFO, 8, "02031E8481", "pfx"},
        {SHA1_INFO, 8, "020101 0500", "pfx"},
        {"3020 3009 0605 2B0E03021A 0500 0413 00000000000000000000000000000000000000", 8, "020101", "pfx"},
        {"3023 3009 0605 2B0E03021A 0500 0414 0000000000000000000000000000000000000000 0500", 8, "020101", "pfx"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(open_with_mac(rows[i].digest_info, rows[i].salt, rows[i].rounds), PCA_E_INVALID);
        if (strcmp(err.field, rows[i].field) != 0)
            print_error("row %zu: %s\n", i, err.message);
        assert_string_equal(err.field, rows[i].field);
    }
}

/* A PFX with those safes under a MAC that is right. */
static int open_safes(struct slice safes, struct pkcs12 *out)
{
    uint8_t key[PCAI_DIGEST_MAX], value[PCAI_DIGEST_MAX];
    struct slice salt = octets_and("", 8, 7);
    struct buf pfx = {0};
    assert_done(pcai_pkcs12_derive(PCAI_SHA1, PKCS12_MAC, octets("0076 0065 0063 0074 006F 0072 0073 0000"), salt, 1, key, 20, &err));
    assert_done(pcai_hmac(PCAI_SHA1, pcai_slice(key, 20), safes, value, &err));
    size_t outer = pcai_der_begin(&pfx, DER_SEQUENCE);
    pcai_buf_slice(&pfx, octets("020103"));
    size_t info = pcai_der_begin(&pfx, DER_SEQUENCE);
    pcai_buf_slice(&pfx, octets("0609 2A864886F70D010701"));
    size_t content = pcai_der_begin(&pfx, 0xA0);
    pcai_der_put(&pfx, DER_OCTET_STRING, safes);
    pcai_der_end(&pfx, content);
    pcai_der_end(&pfx, info);
    size_t mac = pcai_der_begin(&pfx, DER_SEQUENCE), digest = pcai_der_begin(&pfx, DER_SEQUENCE);
    pcai_buf_slice(&pfx, octets("3009 0605 2B0E03021A 0500"));
    pcai_der_put(&pfx, DER_OCTET_STRING, pcai_slice(value, 20));
    pcai_der_end(&pfx, digest);
    pcai_der_put(&pfx, DER_OCTET_STRING, salt);
    pcai_der_end(&pfx, mac);
    pcai_der_end(&pfx, outer);
    err = (pca_error){0};
    int rc = pcai_pkcs12_open(pcai_buf_view(&pfx), PASSWORD, out, &err);
    pcai_buf_free(&pfx);
    return rc;
}

/* RFC 7292 4.1 and 4.2: what a right MAC covers is looked at as closely. */
static void safes_by_hand(void **state)
{
    (void)state;
#define SAFE(bags) "30{06{2A864886F70D010701}A0{04{30{" bags "}}}}"
#define ENCRYPTED(version, type, octets) "30{06{2A864886F70D010706}A0{30{02{" version "}30{06{" type "}30{06{2A03}}" octets "}}}}"
#define BAG(kind, value, rest) "30{06{2A864886F70D010C0A01" kind "}A0{" value "}" rest "}"
#define PLAIN_KEY(version, rest) "30{02{" version "}30{06{2A03}}04{01}" rest "}"
#define CERTIFICATE_BAG(kind, octets) BAG("03", "30{06{2A864886F70D010916" kind "}A0{04{" octets "}}}", "")
    static const struct {
        const char *safes;
        int code;
        const char *says;
        size_t certificates;
        int has_key;
    } rows[] = {
        {"30{}", PCA_OK, NULL, 0, 0},
        {"30{" SAFE("") SAFE("") SAFE("") SAFE("") "}", PCA_OK, NULL, 0, 0},
        {"30{" SAFE("") SAFE("") SAFE("") SAFE("") SAFE("") "}", PCA_E_INVALID, "more than 4 safes", 0, 0},
        {"30{" SAFE(CERTIFICATE_BAG("01", "AA") CERTIFICATE_BAG("01", "BB")) SAFE(BAG("01", PLAIN_KEY("00", ""), "31{}")) "}", PCA_OK, NULL, 2, 1},
        {"30{" SAFE(BAG("01", PLAIN_KEY("01", "81{00 AA}"), "")) "}", PCA_OK, NULL, 0, 1}, /* RFC 5958 */
        {"30{" SAFE(BAG("01", PLAIN_KEY("02", ""), "")) "}", PCA_E_INVALID, "not PKCS#8", 0, 0},
        {"30{" SAFE(BAG("01", PLAIN_KEY("00", "05{}"), "")) "}", PCA_E_INVALID, "not PKCS#8", 0, 0},
        {"30{" SAFE(BAG("01", PLAIN_KEY("00", ""), "") BAG("01", PLAIN_KEY("00", ""), "")) "}", PCA_E_INVALID, "more than one private key", 0, 0},
        {"30{" SAFE(BAG("01", PLAIN_KEY("00", "") "05{}", "")) "}", PCA_E_INVALID, "not a PFX", 0, 0},
        {"30{" SAFE(BAG("01", PLAIN_KEY("00", ""), "05{}")) "}", PCA_E_INVALID, "not a PFX", 0, 0},
        {"30{" SAFE(BAG("05", "30{}", "")) "}", PCA_E_INVALID, "something other", 0, 0}, /* secretBag */
        {"30{" SAFE(CERTIFICATE_BAG("02", "AA")) "}", PCA_E_INVALID, "not a PFX", 0, 0}, /* sdsiCertificate */
        {"30{" SAFE(CERTIFICATE_BAG("01", "")) "}", PCA_E_INVALID, "not a PFX", 0, 0},
        {"30{30{06{2A864886F70D010702}A0{30{}}}}", PCA_E_INVALID, "neither plain nor encrypted", 0, 0},
        {"30{" ENCRYPTED("00", "2A864886F70D010701", "80{00}") "}", PCA_E_UNSUPPORTED, "1.2.3", 0, 0},
        {"30{" ENCRYPTED("02", "2A864886F70D010701", "80{00}") "}", PCA_E_INVALID, "not a PFX", 0, 0},
        {"30{" ENCRYPTED("00", "2A864886F70D010702", "80{00}") "}", PCA_E_INVALID, "not a PFX", 0, 0},
        {"30{" ENCRYPTED("00", "2A864886F70D010701", "80{00}05{}") "}", PCA_E_INVALID, "not a PFX", 0, 0},
        {"30{" ENCRYPTED("00", "2A864886F70D010701", "A0{04{00}05{}}") "}", PCA_E_INVALID, "not a PFX", 0, 0},
        {"30{}05{}", PCA_E_INVALID, "not a PFX", 0, 0},
        {"31{}", PCA_E_INVALID, "not a PFX", 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pkcs12 out = {.count = 0};
        int rc = open_safes(octets(rows[i].safes), &out);
        if (rc != rows[i].code || (rows[i].says && !strstr(err.message, rows[i].says)))
            fail_msg("%s: %s, \"%s\"", rows[i].safes, pca_code_name(rc), err.message);
        assert_int_equal(out.count, rows[i].certificates);
        assert_int_equal(out.private_key.size != 0, rows[i].has_key);
        pcai_pkcs12_free(&out);
    }
}

static void pfx_of_others(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int has_key;
        size_t count;
    } rows[] = {{"pfx-openssl.pfx", 1, 1}, {"pfx-legacy.pfx", 1, 1}, {"pfx-plain.pfx", 1, 1},  {"pfx-sha384.pfx", 1, 1}, {"pfx-sha512.pfx", 1, 1},
                {"pfx-java.pfx", 1, 1},    {"pfx-gnutls.pfx", 1, 1}, {"pfx-nss.pfx", 1, 1},    {"pfx-no-key.pfx", 0, 1}, {"pfx-sixteen.pfx", 1, 16}};
    struct buf key = vector("key.der"), certificate = vector("certificate.der");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf in = vector(rows[i].name);
        struct pkcs12 out;
        int rc = pcai_pkcs12_open(pcai_buf_view(&in), PASSWORD, &out, &err);
        if (rc != PCA_OK)
            print_error("%s: %s\n", rows[i].name, err.message);
        assert_int_equal(rc, PCA_OK);
        if (rows[i].has_key)
            assert_slice(pcai_buf_view(&key), pcai_buf_view(&out.private_key));
        else
            assert_int_equal(out.private_key.size, 0);
        assert_int_equal(out.count, rows[i].count);
        assert_slice(pcai_buf_view(&certificate), out.certificates[0]);
        struct pkcs12 kept = {.count = 77};
        assert_result(PCA_E_INVALID, "password", pcai_pkcs12_open(pcai_buf_view(&in), pcai_slice_text("vector"), &kept, &err));
        assert_int_equal(kept.count, 77);
        pcai_pkcs12_free(&out);
        pcai_buf_free(&in);
    }
    pcai_buf_free(&key);
    pcai_buf_free(&certificate);
}

/* The password of neither has characters: one was given "", the other NULL (openssl pkcs12 opens both with ""). */
static void pfx_without_password(void **state)
{
    (void)state;
    static const char *const names[] = {"pfx-empty.pfx", "pfx-null.pfx"};
    struct buf key = vector("key.der"), certificate = vector("certificate.der");
    for (size_t i = 0; i < COUNT(names); i++) {
        struct buf in = vector(names[i]);
        struct pkcs12 out;
        assert_done(pcai_pkcs12_open(pcai_buf_view(&in), pcai_slice_text(""), &out, &err));
        assert_slice(pcai_buf_view(&key), pcai_buf_view(&out.private_key));
        assert_int_equal(out.count, 1);
        assert_slice(pcai_buf_view(&certificate), out.certificates[0]);
        pcai_pkcs12_free(&out);
        assert_result(PCA_E_INVALID, "password", pcai_pkcs12_open(pcai_buf_view(&in), PASSWORD, &out, &err));
        pcai_buf_free(&in);
    }
    struct buf other = vector("pfx-openssl.pfx");
    struct pkcs12 out;
    assert_result(PCA_E_INVALID, "password", pcai_pkcs12_open(pcai_buf_view(&other), pcai_slice_text(""), &out, &err));
    pcai_buf_free(&other);
    pcai_buf_free(&key);
    pcai_buf_free(&certificate);
}

static void pfx_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int code;
        const char *says;
    } rows[] = {
        {"refused-no-mac.pfx", PCA_E_INVALID, "no MAC"},
        {"refused-rc2.pfx", PCA_E_UNSUPPORTED, "1.2.840.113549.1.12.1.6"},
        {"refused-sha224.pfx", PCA_E_UNSUPPORTED, "2.16.840.1.101.3.4.2.4"},
        {"refused-seventeen.pfx", PCA_E_INVALID, "more than 16 certificates"},
        {"key.der", PCA_E_INVALID, "not a PFX"},
        {"key.pem", PCA_E_INVALID, "not a PFX"},
        {"certificate.der", PCA_E_INVALID, "not a PFX"},
    };
    struct pkcs12 out = {.count = 77};
    struct buf large = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf in = vector(rows[i].name);
        assert_result(rows[i].code, NULL, pcai_pkcs12_open(pcai_buf_view(&in), PASSWORD, &out, &err));
        assert_says(rows[i].says);
        pcai_buf_free(&in);
    }
    struct buf other = vector("pfx-openssl.pfx");
    for (uint8_t version = 2; version <= 4; version += 2) {
        assert_memory_equal(other.data + 4, version == 2 ? "\x02\x01\x03" : "\x02\x01\x02", 3);
        other.data[6] = version;
        assert_result(PCA_E_INVALID, "pfx", pcai_pkcs12_open(pcai_buf_view(&other), PASSWORD, &out, &err));
        assert_says("not a PFX");
    }
    pcai_buf_free(&other);
    for (int i = 0; i < 17; i++)
        pcai_buf_slice(&large, octets_and("", 65536, 0));
    assert_result(PCA_E_INVALID, "pfx", pcai_pkcs12_open(pcai_buf_view(&large), PASSWORD, &out, &err));
    assert_says("1048576");
    assert_result(PCA_E_INVALID, "pfx", pcai_pkcs12_open(pcai_slice(NULL, 0), PASSWORD, &out, &err));
    assert_int_equal(out.count, 77);
    pcai_buf_free(&large);
}

/* ---- Every octet ---- */

static const char *const opened[] = {"pfx-openssl.pfx", "pfx-legacy.pfx", "pfx-plain.pfx", "pfx-java.pfx", "pfx-nss.pfx"};

/* NSS stretches by 600,000 rounds: its file is opened where it breaks early, or not at all. */
static int is_slow(const char *name)
{
    return strcmp(name, "pfx-nss.pfx") == 0;
}

static void pfx_cut_at_every_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(opened); i++) {
        struct buf in = vector(opened[i]);
        for (size_t size = 0; size < in.size; size++) {
            struct pkcs12 out;
            uint8_t *exact = malloc(size + 1); /* so that a reader past the end is seen by a sanitizer */
            assert_non_null(exact);
            memcpy(exact, in.data, size);
            assert_result(PCA_E_INVALID, NULL, pcai_pkcs12_open(pcai_slice(exact, size), PASSWORD, &out, &err));
            free(exact);
        }
        pcai_buf_free(&in);
    }
}

static void pfx_changed_at_every_octet(void **state)
{
    (void)state;
    struct buf key = vector("key.der"), certificate = vector("certificate.der");
    for (size_t i = 0; i < COUNT(opened); i++) {
        struct buf in = vector(opened[i]);
        if (is_slow(opened[i])) {
            pcai_buf_free(&in);
            continue;
        }
        for (size_t at = 0; at < in.size; at++)
            for (int bit = 1; bit <= 0x80; bit *= 8) {
                struct pkcs12 out;
                in.data[at] ^= (uint8_t)bit;
                int rc = pcai_pkcs12_open(pcai_buf_view(&in), PASSWORD, &out, &err);
                in.data[at] ^= (uint8_t)bit;
                if (rc != PCA_OK) {
                    assert_true(rc == PCA_E_INVALID || rc == PCA_E_UNSUPPORTED);
                    continue;
                }
                /* What the MAC does not cover and nobody reads; the contents are the same. */
                assert_slice(pcai_buf_view(&key), pcai_buf_view(&out.private_key));
                assert_slice(pcai_buf_view(&certificate), out.certificates[0]);
                pcai_pkcs12_free(&out);
            }
        pcai_buf_free(&in);
    }
    pcai_buf_free(&key);
    pcai_buf_free(&certificate);
}

static void private_keys_cut_and_changed(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int encrypted;
    } rows[] = {{"pkcs8.der", 1}, {"pkcs8-des3-SHA1.pem", 1}, {"pkcs8-pkcs12.pem", 1}, {"key.der", 0}, {"key.pem", 0}, {"traditional-ec-parameters.pem", 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf in = vector(rows[i].name), out = {0};
        struct slice password = rows[i].encrypted ? PASSWORD : NO_PASSWORD;
        for (size_t size = 0; size + 1 < in.size; size++) { /* a PEM may lack its last line feed */
            uint8_t *exact = malloc(size + 1);
            assert_non_null(exact);
            memcpy(exact, in.data, size);
            assert_result(PCA_E_INVALID, NULL, pcai_pkcs8_open(pcai_slice(exact, size), password, &out, &err));
            free(exact);
        }
        assert_int_equal(out.size, 0);
        for (size_t at = 0; at < in.size; at++)
            for (int bit = 1; bit <= 0x80; bit *= 2) {
                in.data[at] ^= (uint8_t)bit;
                int rc = pcai_pkcs8_open(pcai_buf_view(&in), password, &out, &err);
                in.data[at] ^= (uint8_t)bit;
                assert_true(rc == PCA_OK || rc == PCA_E_INVALID || rc == PCA_E_UNSUPPORTED);
                pcai_buf_reset(&out);
            }
        pcai_buf_free(&in);
        pcai_buf_free(&out);
    }
}

/* ---- Out of memory, wherever it is asked for ---- */

typedef int (*attempt)(struct buf *in);

static int open_pfx(struct buf *in)
{
    struct pkcs12 out;
    int rc = pcai_pkcs12_open(pcai_buf_view(in), PASSWORD, &out, &err);
    if (rc == PCA_OK)
        pcai_pkcs12_free(&out);
    return rc;
}

static int open_key(struct buf *in)
{
    struct buf out = {0};
    int rc = pcai_pkcs8_open(pcai_buf_view(in), PASSWORD, &out, &err);
    pcai_buf_free(&out);
    return rc;
}

static int write_jks(struct buf *in)
{
    struct slice certificate = pcai_buf_view(in);
    struct jks jks = {"a", 1, pcai_buf_view(in), &certificate, 1, PASSWORD, {0}};
    struct buf out = {0};
    int rc = pcai_jks_write(&jks, &out, &err);
    pcai_buf_free(&out);
    return rc;
}

static int write_pfx(struct buf *in)
{
    struct slice certificate = pcai_buf_view(in);
    struct pkcs12_contents contents = {pcai_buf_view(in), &certificate, 1, pcai_slice_text("a"), PASSWORD, 0};
    struct buf out = {0};
    int rc = pcai_pkcs12_write(&contents, &seed, &out, &err);
    pcai_buf_free(&out);
    return rc;
}

static void fails_at_each(attempt try, const char *name)
{
    struct buf in = vector(name);
    int n = 0;
    for (;; n++) {
        until_failure = n;
        long before = held;
        int rc = try(&in);
        int reached = until_failure < 0;
        assert_int_equal(held, before);
        until_failure = -1;
        if (!reached) {
            assert_int_equal(rc, PCA_OK);
            break;
        }
        assert_int_equal(rc, PCA_E_NO_MEMORY);
    }
    assert_true(n > 1);
    pcai_buf_free(&in);
}

static void out_of_memory(void **state)
{
    (void)state;
    fails_at_each(open_pfx, "pfx-openssl.pfx");
    fails_at_each(open_pfx, "pfx-legacy.pfx");
    fails_at_each(open_key, "pkcs8-aes-256-cbc-SHA256.pem");
    fails_at_each(open_key, "pkcs8.der");
    fails_at_each(write_jks, "certificate.der");
    fails_at_each(write_pfx, "certificate.der");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pbkdf2_of_other_digests),
        cmocka_unit_test(pkcs12_derivation),
        cmocka_unit_test(hmac),
        cmocka_unit_test(sha1_is_there_for_old_formats),
        cmocka_unit_test(ciphers),
        cmocka_unit_test(padding_of_every_size),
        cmocka_unit_test(padding_is_checked),
        cmocka_unit_test(utf16),
        cmocka_unit_test(sets_are_sorted),
        cmocka_unit_test(ber_becomes_der),
        cmocka_unit_test(ber_has_a_depth),
        cmocka_unit_test(pkcs7_by_hand),
        cmocka_unit_test(jks_by_hand),
        cmocka_unit_test(a_password_that_is_not_utf8_leaves_nothing_behind),
        cmocka_unit_test(algorithms_by_hand),
        cmocka_unit_test(pkcs12_by_hand),
        cmocka_unit_test(private_keys_of_others),
        cmocka_unit_test(plain_private_keys),
        cmocka_unit_test(private_keys_refused),
        cmocka_unit_test(parameters_by_hand),
        cmocka_unit_test(macs_by_hand),
        cmocka_unit_test(safes_by_hand),
        cmocka_unit_test(pfx_of_others),
        cmocka_unit_test(pfx_without_password),
        cmocka_unit_test(pfx_refused),
        cmocka_unit_test(pfx_cut_at_every_octet),
        cmocka_unit_test(pfx_changed_at_every_octet),
        cmocka_unit_test(private_keys_cut_and_changed),
        cmocka_unit_test(out_of_memory),
    };
    return cmocka_run_group_tests_name("formats", tests, scratch_setup, scratch_teardown);
}
