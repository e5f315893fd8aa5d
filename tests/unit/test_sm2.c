/*
 * SM2: the examples of GB/T 32918.5, what must be refused, and OpenSSL. Numbers that the standard does not print were
 * computed with Python's integers from its formulas.
 *
 * A nonce is a random number and HMAC-SHA256(d, e) modulo n, so that the random numbers below are the nonces less that.
 */
#include "unit.h"

#include <pthread.h>

#include "crypto/crypto.h"
#include "crypto/sm2.h"
#include "x509/csr.h"

#define N "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123"
#define N_LESS_1 "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54122"
#define N_LESS_2 "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54121"
#define N_AND_1 "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54124"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define ONES "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"

/* The key of the examples. */
#define D "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
#define X "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
#define Y "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
#define K "59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21"
#define E "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
#define R "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
#define S "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
#define MESSAGE "message digest"
#define K_LESS_HMAC "AEA50EF4060DF8D6D084363589D415DE3D204CF4D3F0934222B2DF92DFE77DBA"

#define ALGORITHM_ID "30130607 2A8648CE3D0201 0608 2A811CCF5501822D"
#define PKCS8(d) "3041 020100" ALGORITHM_ID "0427 3025 020101 0420" d
#define SPKI(x, y) "3059" ALGORITHM_ID "034200 04" x y
/* r and s with a high bit. */
#define SIGNATURE(r, s) "3046 022100" r "022100" s

/* ---- Random: what stands on the tape, then numbers that nobody chose ---- */

static struct {
    uint8_t octets[1024];
    size_t size, at, left; /* left: octets until it fails, unless SIZE_MAX */
    uint32_t state;
    int always; /* an octet instead, unless -1 */
} tape = {.left = SIZE_MAX, .always = -1};

static int play(void *context, uint8_t *out, size_t size, pca_error *error)
{
    (void)context;
    (void)error;
    if (size > tape.left)
        return PCA_E_CRYPTO;
    tape.left -= tape.left == SIZE_MAX ? 0 : size;
    for (size_t i = 0; i < size; i++) {
        tape.state = tape.state * 1664525 + 1013904223;
        out[i] = tape.at < tape.size ? tape.octets[tape.at++] : tape.always >= 0 ? (uint8_t)tape.always : (uint8_t)(tape.state >> 24);
    }
    return PCA_OK;
}

static struct random *taped, *random_source;

static void record(const char *hex)
{
    struct slice s = octets(hex);
    assert_true(s.size <= sizeof tape.octets);
    memcpy(tape.octets, s.data, s.size);
    tape.size = s.size;
    tape.at = 0;
    tape.left = SIZE_MAX;
    tape.always = -1;
}

static int setup(void **state)
{
    static const pca_entropy player = {PCA_ENTROPY_VERSION, NULL, play};
    return scratch_setup(state) || pcai_random_new(&player, 1, &taped, NULL) != PCA_OK || pcai_random_new(NULL, 0, &random_source, NULL) != PCA_OK;
}

static int teardown(void **state)
{
    pcai_random_free(taped);
    pcai_random_free(random_source);
    return scratch_teardown(state);
}

static struct key *key_of(const char *pkcs8)
{
    struct key *key = NULL;
    assert_done(pcai_key_read(octets(pkcs8), random_source, &key, &err));
    return key;
}

static struct key *key_new(int algorithm)
{
    struct key *key = NULL;
    assert_done(pcai_key_generate(algorithm, random_source, &key, &err));
    return key;
}

static struct public_key *public_of(const struct key *key)
{
    struct public_key *public = NULL;
    assert_done(pcai_public_read(pcai_key_public(key), &public, &err));
    return public;
}

static struct public_key *public_of_example(void)
{
    struct public_key *public = NULL;
    assert_done(pcai_public_read(octets(SPKI(X, Y)), &public, &err));
    return public;
}

/* ---- Curve and numbers, against mbedTLS's own slow ways ---- */

static void mpi_of(mbedtls_mpi *n, struct slice octets_of_n)
{
    mbedtls_mpi_init(n);
    assert_int_equal(0, mbedtls_mpi_read_binary(n, octets_of_n.data, octets_of_n.size));
}

static void check_reduction(mbedtls_ecp_group *group, struct slice number)
{
    mbedtls_mpi fast, slow, off;
    mpi_of(&fast, number);
    mpi_of(&slow, number);
    mbedtls_mpi_init(&off);
    assert_int_equal(0, group->MBEDTLS_PRIVATE(modp)(&fast));
    assert_int_equal(0, mbedtls_mpi_mod_mpi(&slow, &slow, &group->P));
    assert_int_equal(0, mbedtls_mpi_sub_mpi(&off, &fast, &slow));
    if (mbedtls_mpi_cmp_int(&off, 0) != 0)
        assert_int_equal(0, mbedtls_mpi_cmp_mpi(&off, &group->P));
    mbedtls_mpi_free(&fast);
    mbedtls_mpi_free(&slow);
    mbedtls_mpi_free(&off);
}

static void reduction_modulo_p(void **state)
{
    (void)state;
    static const uint8_t patterns[] = {0x00, 0xFF, 0x80, 0x7F, 0x01};
    mbedtls_ecp_group group;
    uint8_t number[64] = {0};
    mbedtls_ecp_group_init(&group);
    assert_int_equal(0, pcai_sm2_group(&group));
    for (size_t size = 0; size <= 64; size++) /* all ones of any size */
        check_reduction(&group, pcai_slice(memset(number, 0xFF, 64), size));
    for (unsigned words = 0; words < 1u << 16; words += 257) { /* words of zeros and of ones */
        for (unsigned i = 0; i < 64; i++)
            number[i] = words >> i / 4 & 1 ? 0xFF : 0;
        check_reduction(&group, pcai_slice(number, 64));
    }
    for (unsigned i = 0; i < 2000; i++) {
        assert_done(pcai_random_bytes(random_source, number, 64, &err));
        memset(number + i % 61, patterns[i % COUNT(patterns)], 4);
        check_reduction(&group, pcai_slice(number, 64));
    }
    mbedtls_ecp_group_free(&group);
}

static void check_scalar(const mbedtls_mpi *expected, const struct sm2_scalar *seen)
{
    uint8_t octets_expected[SM2_SIZE], octets_seen[SM2_SIZE];
    assert_int_equal(0, mbedtls_mpi_write_binary(expected, octets_expected, SM2_SIZE));
    pcai_sm2_scalar_write(seen, octets_seen);
    assert_slice(pcai_slice(octets_expected, SM2_SIZE), pcai_slice(octets_seen, SM2_SIZE));
}

static void check_arithmetic(const uint8_t x[SM2_SIZE], const uint8_t y[SM2_SIZE], const mbedtls_mpi *n)
{
    struct sm2_scalar a, b, r;
    mbedtls_mpi p, q, t;
    mpi_of(&p, pcai_slice(x, SM2_SIZE));
    mpi_of(&q, pcai_slice(y, SM2_SIZE));
    mbedtls_mpi_init(&t);
    int usable = mbedtls_mpi_cmp_int(&p, 0) > 0 && mbedtls_mpi_cmp_mpi(&p, n) < 0;
    assert_int_equal(usable, pcai_sm2_scalar_read(&a, x));
    assert_int_equal(0, mbedtls_mpi_mod_mpi(&p, &p, n) || mbedtls_mpi_mod_mpi(&q, &q, n));
    pcai_sm2_scalar_reduce(&a, x);
    pcai_sm2_scalar_reduce(&b, y);
    check_scalar(&p, &a);
    assert_int_equal(mbedtls_mpi_cmp_int(&p, 0) == 0, pcai_sm2_scalar_is_zero(&a));
    assert_int_equal(mbedtls_mpi_cmp_mpi(&p, &q) == 0, pcai_sm2_scalar_is_equal(&a, &b));
    assert_int_equal(0, mbedtls_mpi_add_mpi(&t, &p, &q) || mbedtls_mpi_mod_mpi(&t, &t, n));
    pcai_sm2_scalar_add(&r, &a, &b);
    check_scalar(&t, &r);
    assert_int_equal(0, mbedtls_mpi_sub_mpi(&t, &p, &q) || mbedtls_mpi_mod_mpi(&t, &t, n));
    pcai_sm2_scalar_subtract(&r, &a, &b);
    check_scalar(&t, &r);
    assert_int_equal(0, mbedtls_mpi_mul_mpi(&t, &p, &q) || mbedtls_mpi_mod_mpi(&t, &t, n));
    r = a;
    pcai_sm2_scalar_multiply(&r, &r, &b);
    check_scalar(&t, &r);
    if (!pcai_sm2_scalar_is_zero(&a)) {
        assert_int_equal(0, mbedtls_mpi_inv_mod(&t, &p, n));
        pcai_sm2_scalar_invert(&r, &a);
        check_scalar(&t, &r);
    }
    mbedtls_mpi_free(&p);
    mbedtls_mpi_free(&q);
    mbedtls_mpi_free(&t);
}

static void numbers_modulo_n(void **state)
{
    (void)state;
    static const char *const edges[] = {ZERO, ONE, N_LESS_2, N_LESS_1, N, N_AND_1, ONES, D};
    uint8_t x[SM2_SIZE], y[SM2_SIZE];
    mbedtls_mpi n;
    mpi_of(&n, octets(N));
    for (size_t i = 0; i < COUNT(edges); i++)
        for (size_t j = 0; j < COUNT(edges); j++)
            check_arithmetic(octets(edges[i]).data, octets(edges[j]).data, &n);
    for (unsigned i = 0; i < 500; i++) {
        assert_done(pcai_random_bytes(random_source, x, sizeof x, &err));
        assert_done(pcai_random_bytes(random_source, y, sizeof y, &err));
        memset(x + i % 29, i % 2 ? 0xFF : 0, i % 4);
        check_arithmetic(x, y, &n);
    }
    mbedtls_mpi_free(&n);
}

/* ---- Keys ---- */

static void key_of_the_example(void **state)
{
    (void)state;
    struct key *key = key_of(PKCS8(D));
    struct buf out = {0};
    assert_int_equal(PCA_KEY_SM2, pcai_key_algorithm(key));
    assert_octets(SPKI(X, Y), pcai_key_public(key));
    assert_done(pcai_key_write(key, &out, &err));
    assert_buf_octets("308187 020100" ALGORITHM_ID "046D 306B 020101 0420" D "A144 034200 04" X Y, &out);
    pcai_key_free(key);
}

static void private_numbers_at_the_ends(void **state)
{
    (void)state;
    static const struct {
        const char *pkcs8, *spki; /* spki NULL: refused */
    } rows[] = {
        {PKCS8(ZERO), NULL},
        {PKCS8(ONE), SPKI("32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7",
                          "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0")},
        {PKCS8(N_LESS_2), SPKI("56CEFD60D7C87C000D58EF57FA73BA4D9C0DFA08C08A7331495C2E1DA3F2BD52",
                               "CE481818337E760997ACA31F07150E429217B3E6D093718F9087F2C568F5DC3C")},
        {PKCS8(N_LESS_1), NULL},
        {PKCS8(N), NULL},
        {PKCS8(N_AND_1), NULL},
        {PKCS8(ONES), NULL},
        {"3040 020100" ALGORITHM_ID "0426 3024 020101 041F" "45208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8", NULL},
        {"3042 020100" ALGORITHM_ID "0428 3026 020101 0421" "00" D, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct key *key = POISON;
        if (rows[i].spki) {
            assert_done(pcai_key_read(octets(rows[i].pkcs8), random_source, &key, &err));
            assert_octets(rows[i].spki, pcai_key_public(key));
            struct public_key *public = public_of(key);
            struct buf signature = {0};
            assert_done(pcai_key_sign(key, random_source, pcai_slice_text(MESSAGE), &signature, &err));
            assert_done(pcai_public_verify(public, PCAI_SM3, pcai_slice_text(MESSAGE), pcai_buf_view(&signature), &err));
            pcai_buf_free(&signature);
            pcai_public_free(public);
            pcai_key_free(key);
        } else {
            assert_result(PCA_E_ALGORITHM, "key", pcai_key_read(octets(rows[i].pkcs8), random_source, &key, &err));
            assert_poisoned(key);
        }
    }
}

/* Numbers out of 1..n-2 are thrown away. */
static void key_generation(void **state)
{
    (void)state;
    struct key *key = POISON;
    record(ZERO N ONES D);
    assert_done(pcai_key_generate(PCA_KEY_SM2, taped, &key, &err));
    assert_octets(SPKI(X, Y), pcai_key_public(key));
    pcai_key_free(key);
    key = POISON;
    record(N_LESS_1);
    assert_result(PCA_E_CRYPTO, NULL, pcai_key_generate(PCA_KEY_SM2, taped, &key, &err));
    record("");
    tape.always = 0xFF;
    assert_result(PCA_E_CRYPTO, NULL, pcai_key_generate(PCA_KEY_SM2, taped, &key, &err));
    record("");
    tape.left = 0;
    assert_result(PCA_E_CRYPTO, NULL, pcai_key_generate(PCA_KEY_SM2, taped, &key, &err));
    assert_poisoned(key);
}

static void points_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *spki, *says;
    } rows[] = {
        {SPKI(X, "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD12"), "not on the curve"},
        {SPKI(Y, X), "not on the curve"},
        {SPKI(ZERO, ZERO), "not on the curve"},
        {SPKI(ONES, ONES), "not on the curve"},
        /* the point of x = 1, and the same with x + p */
        {SPKI("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF000000010000000000000000", "9F7A091433A81E3F218F405F792355BF2AA98B5FFA95982F03870800065279A3"),
         "not on the curve"},
        /* a point of P-256 */
        {SPKI("6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296", "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"),
         "not on the curve"},
        {"3019" ALGORITHM_ID "030200 00", "uncompressed"},                       /* infinity */
        {"3039" ALGORITHM_ID "032200 02" X, "uncompressed"},                     /* compressed */
        {"3059" ALGORITHM_ID "034200 07" X Y, "uncompressed"},                   /* hybrid */
        {"305A" ALGORITHM_ID "034300 04" X Y "00", "uncompressed"},              /* an octet more */
        {"3058" ALGORITHM_ID "034100 04" X "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD", "uncompressed"},
        {"304F 3009 0607 2A8648CE3D0201 034200 04" X Y, "names its curve"},
        {"305B 3015 0607 2A8648CE3D0201 0608 2A811CCF5501822D 0500 034200 04" X Y, "names its curve"},
    };
    struct public_key *public = POISON;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_result(PCA_E_ALGORITHM, "public_key", pcai_public_read(octets(rows[i].spki), &public, &err));
        assert_says(rows[i].says);
    }
    assert_poisoned(public);
    assert_done(pcai_public_read(octets(SPKI(ONE, "9F7A091433A81E3F218F405F792355BF2AA98B5FFA95982F03870800065279A3")), &public, &err));
    assert_int_equal(PCA_KEY_SM2, pcai_public_algorithm(public));
    pcai_public_free(public);
}

/* ---- Signatures ---- */

static void signature_of_gb_t_32918_5(void **state)
{
    (void)state;
    struct key *key = key_of(PKCS8(D));
    struct public_key *public = public_of_example();
    struct hash *h = NULL;
    uint8_t e[PCAI_DIGEST_MAX];
    struct buf signature = {0};
    assert_done(pcai_key_hash_new(key, &h, &err));
    assert_done(pcai_hash_update(h, pcai_slice(MESSAGE, 7), &err));
    assert_done(pcai_hash_update(h, pcai_slice_text(&MESSAGE[7]), &err));
    assert_done(pcai_hash_finish(h, e, &err));
    assert_octets(E, pcai_slice(e, 32));
    pcai_hash_free(h);
    record(K_LESS_HMAC);
    assert_done(pcai_key_sign_digest(key, taped, pcai_slice(e, 32), &signature, &err));
    assert_buf_octets(SIGNATURE(R, S), &signature);
    record(K_LESS_HMAC);
    assert_done(pcai_key_sign(key, taped, pcai_slice_text(MESSAGE), &signature, &err));
    assert_buf_octets(SIGNATURE(R, S), &signature);
    assert_done(pcai_public_verify(public, PCAI_SM3, pcai_slice_text(MESSAGE), octets(SIGNATURE(R, S)), &err));
    pcai_public_free(public);
    pcai_key_free(key);
}

static void za_of_gb_t_32918_5(void **state)
{
    (void)state;
    uint8_t za[SM3_SIZE];
    pcai_sm2_za(octets("04" X Y).data, za);
    assert_octets("B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3", pcai_slice(za, sizeof za));
}

/* The first number on the tape gives no signature, the second one does. */
static void nonces_that_give_no_signature(void **state)
{
    (void)state;
    static const struct {
        const char *what, *digest, *tape, *signature;
    } rows[] = {
        {"r + k = n", "A1EC95659C6C624D8793BE9E97C7D37C4168EE92D6E2E44D97032D2E20FEEA8F",
         "B83264416106986BCCD97D4EDA63F99ABF972FA6D57736F37DA2F4C5705E69FC",
         "3045 022100 98931D11F3B1381941B0B7DC1BFE14EC4528BDEB8C7F606F999A4DD4DCA43365"
         "0220 4C567F2E6C7936215B680B42B1EAA9154E589659363C88788C4582940BB24961"},
        {"r = 0", "FB14038D7172E8679DFBCDD97188014930A5B08D13BEC91C0457E53C0BC0A6B0",
         "C96338C4DC641543238408A3EFF003CDB51B3F37A85EC3C6F15883123FA220C1",
         "3045 022100 F1BA8B39C8B7BE335818C716F5BE42B934657FE5C95B453E06EF05E2C765EF86"
         "0220 01CDE4FFCFB8028E6105B17FEC23D1F1CCEDE1D3713237CEFD2F4EAE72EA62EB"},
        {"s = 0", "848F9047ACE250F013A9FC743642A3B5998E2B1519EA3AF73F31E4AF1E3C51B9",
         "ED5EB3602A4E69C703B43D97B9FB9E75769280ABDB0F36C1268BB8F02024AD95",
         "3045 0220 7B3617F4042726BBCDC6F5B1BA78E5259D4DFA6DCF86B71941C90555D9E19A8F"
         "022100 F32F11059772B00744FFFC07D82A7B47D11FB3CA1B26A8D572ACBE8F5AC5CE63"},
        {"k = 0", E, "557DA0CC310772BCBA1C26FAB013E8114DE38AFA9714AE73B55E2784F525C199", SIGNATURE(R, S)},
        {"random 0, n, n + 1 and all ones", E, ZERO N N_AND_1 ONES, SIGNATURE(R, S)},
    };
    static const char *const second[] = {
        "CBBD83B2C45C29AE4B6ABCA748BB320D91D146D2760E094C365BF765A54FA74A", "DCEE58363FB9A685A21547FC5E473C408755566348F5961FAA1185B274935E0F",
        "00E9D2D28DA3FB0982457CF02852D6E8D6C8B86C59E003EE8B88C7871B40A9C0", K_LESS_HMAC, K_LESS_HMAC};
    struct key *key = key_of(PKCS8(D));
    for (size_t i = 0; i < COUNT(rows); i++) {
        char both[512];
        struct buf signature = {0};
        /* the numbers that blind the multiplication stand between the two, where there is one */
        for (size_t between = 0; between <= 96; between += 32) {
            snprintf(both, sizeof both, "%s%.*s%s", rows[i].tape, (int)(2 * between), D D D, second[i]);
            record(both);
            assert_done(pcai_key_sign_digest(key, taped, octets(rows[i].digest), &signature, &err));
            if (pcai_slice_equal(octets(rows[i].signature), pcai_buf_view(&signature)))
                break;
            pcai_buf_reset(&signature);
        }
        print_message("%s\n", rows[i].what);
        assert_buf_octets(rows[i].signature, &signature);
    }
    pcai_key_free(key);
}

static void signing_that_cannot_be(void **state)
{
    (void)state;
    struct key *key = key_of(PKCS8(D));
    struct buf signature = {0};
    record("");
    tape.always = 0xFF;
    assert_result(PCA_E_CRYPTO, NULL, pcai_key_sign_digest(key, taped, octets(E), &signature, &err));
    record("");
    tape.left = 31;
    assert_result(PCA_E_CRYPTO, NULL, pcai_key_sign_digest(key, taped, octets(E), &signature, &err));
    tape.left = SIZE_MAX;
    assert_result(PCA_E_CRYPTO, NULL, pcai_key_sign_digest(key, taped, octets("00"), &signature, &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_key_sign_digest(key, taped, octets(E "00"), &signature, &err));
    assert_int_equal(0, signature.size);
    pcai_buf_free(&signature);
    pcai_key_free(key);
}

/* Random that repeats itself must not give two messages one nonce: r - e would be the same. */
static void repeated_random_gives_other_nonces(void **state)
{
    (void)state;
    struct key *key = key_of(PKCS8(D));
    struct sm2_scalar x[2];
    for (unsigned i = 0; i < 2; i++) {
        static const char *const digest[] = {E, ONE};
        struct buf signature = {0};
        struct sm2_scalar e, r;
        uint8_t octets_of_r[SM2_SIZE] = {0};
        record(K);
        assert_done(pcai_key_sign_digest(key, taped, octets(digest[i]), &signature, &err));
        size_t size = signature.data[3], skip = size == 33;
        memcpy(octets_of_r + SM2_SIZE - size + skip, signature.data + 4 + skip, size - skip);
        pcai_sm2_scalar_reduce(&r, octets_of_r);
        pcai_sm2_scalar_reduce(&e, octets(digest[i]).data);
        pcai_sm2_scalar_subtract(&x[i], &r, &e);
        pcai_buf_free(&signature);
    }
    assert_false(pcai_sm2_scalar_is_equal(&x[0], &x[1]));
    pcai_key_free(key);
}

static void signatures_that_are_wrong(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "3000",
        "3045 020100" "022100" S,                 /* r = 0 */
        "3025 022100" R "020100",                 /* s = 0 */
        SIGNATURE(N, S), SIGNATURE(R, N),
        SIGNATURE(N_AND_1, S), SIGNATURE(R, ONES),
        "3045 0220" R "022100" S,                 /* r negative */
        "3045 022100" R "0220" S,
        "3047 02220000" R "022100" S,             /* r padded */
        "3047 022100" R "02220000" S,
        "3044 021F" "A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3" "022100" S,
        "3046 022100" R "022100" S "00",          /* octets behind */
        "3048 022100" R "022100" S "0500",
        "3049 022100" R "022100" S "020101",
        "308146 022100" R "022100" S,             /* a length that is not minimal */
        "3046 02810021 00" R "022100" S,
        "3146 022100" R "022100" S,
        "3046 042100" R "022100" S,
        "3023 022100" R,
        /* s = n - r: t is 0 */
        "3045 022100" R "0220" "0A5FC4F8B72D3B9BF1153AEC1E447E5E18BF0532F9F04DEA100F755C4AEE2070",
        SIGNATURE(S, R),
        R S,
    };
    struct public_key *public = public_of_example();
    struct slice message = pcai_slice_text(MESSAGE);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SM3, message, octets(rows[i]), &err));
    struct slice good = octets(SIGNATURE(R, S));
    for (size_t size = 0; size < good.size; size++)
        assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SM3, message, pcai_slice(good.data, size), &err));
    for (size_t bit = 0; bit < 8 * good.size; bit++) {
        uint8_t changed[80];
        memcpy(changed, good.data, good.size);
        changed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SM3, message, pcai_slice(changed, good.size), &err));
    }
    pcai_public_free(public);
}

static void signatures_of_something_else(void **state)
{
    (void)state;
    struct public_key *public = public_of_example(), *other;
    struct key *key = key_new(PCA_KEY_SM2);
    struct slice good = octets(SIGNATURE(R, S));
    other = public_of(key);
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SM3, pcai_slice_text("message digesu"), good, &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SM3, pcai_slice(NULL, 0), good, &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(other, PCAI_SM3, pcai_slice_text(MESSAGE), good, &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, pcai_slice_text(MESSAGE), good, &err));
    pcai_public_free(other);
    pcai_key_free(key);
    key = key_new(PCA_KEY_EC_P256);
    other = public_of(key);
    struct buf signature = {0};
    assert_done(pcai_key_sign(key, random_source, pcai_slice_text(MESSAGE), &signature, &err));
    assert_done(pcai_public_verify(other, PCAI_SHA256, pcai_slice_text(MESSAGE), pcai_buf_view(&signature), &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(other, PCAI_SM3, pcai_slice_text(MESSAGE), pcai_buf_view(&signature), &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SM3, pcai_slice_text(MESSAGE), pcai_buf_view(&signature), &err));
    pcai_buf_free(&signature);
    pcai_public_free(other);
    pcai_public_free(public);
    pcai_key_free(key);
}

#define THREADS 4
#define SIGNATURES 40
struct signing {
    const struct key *key;
    struct buf signatures[SIGNATURES];
    int failed;
};

static void *sign_many(void *argument)
{
    struct signing *s = argument;
    for (size_t i = 0; i < SIGNATURES; i++)
        s->failed |= pcai_key_sign(s->key, random_source, pcai_slice(&i, sizeof i), &s->signatures[i], NULL);
    return NULL;
}

static void one_key_signs_in_many_threads(void **state)
{
    (void)state;
    struct key *key = key_new(PCA_KEY_SM2);
    struct public_key *public = public_of(key);
    struct signing jobs[THREADS];
    pthread_t threads[THREADS];
    memset(jobs, 0, sizeof jobs);
    for (int i = 0; i < THREADS; i++) {
        jobs[i].key = key;
        assert_int_equal(0, pthread_create(&threads[i], NULL, sign_many, &jobs[i]));
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(0, pthread_join(threads[i], NULL));
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(0, jobs[i].failed);
        for (size_t j = 0; j < SIGNATURES; j++) {
            assert_done(pcai_public_verify(public, PCAI_SM3, pcai_slice(&j, sizeof j), pcai_buf_view(&jobs[i].signatures[j]), &err));
            pcai_buf_free(&jobs[i].signatures[j]);
        }
    }
    pcai_public_free(public);
    pcai_key_free(key);
}

/* ---- Encryption ---- */

#define PLAIN "encryption standard"
#define C1_X "04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
#define C1_Y "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
#define C2 "21886CA989CA9C7D58087307CA93092D651EFA"
#define C3 "59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"
#define CIPHER_OCTETS "04" C1_X C1_Y C3 C2
#define CIPHER_DER "307C 0220" C1_X "022100" C1_Y "0420" C3 "0413" C2

static const struct {
    int form;
    const char *cipher;
} forms[] = {{PCAI_SM2_DER, CIPHER_DER}, {PCAI_SM2_OCTETS, CIPHER_OCTETS}};

static void encryption_of_gb_t_32918_5(void **state)
{
    (void)state;
    struct key *key = key_of(PKCS8(D));
    struct public_key *public = public_of_example();
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct buf out = {0};
        record(K);
        assert_done(pcai_sm2_encrypt(public, taped, forms[i].form, pcai_slice_text(PLAIN), &out, &err));
        assert_buf_octets(forms[i].cipher, &out);
        assert_done(pcai_sm2_decrypt(key, random_source, forms[i].form, octets(forms[i].cipher), &out, &err));
        assert_buf_text(PLAIN, &out);
    }
    pcai_public_free(public);
    pcai_key_free(key);
}

static void ciphertexts_that_are_wrong(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "307C 0220" C1_X "022100" C1_Y "0420" C3 "0413" C2 "00", "307E 0220" C1_X "022100" C1_Y "0420" C3 "0413" C2 "0500",
        "3069 0220" C1_X "022100" C1_Y "0420" C3 "0400",                                  /* nothing encrypted */
        "307D 0221 00" C1_X "022100" C1_Y "0420" C3 "0413" C2,                            /* x padded */
        "307B 0220" C1_X "0220" C1_Y "0420" C3 "0413" C2,                                 /* y negative */
        "307C 0220" C1_X "022101" C1_Y "0420" C3 "0413" C2,                               /* y of 33 octets */
        "305C 020100" "022100" C1_Y "0420" C3 "0413" C2, "3040 020100" "020100" "0420" C3 "0413" C2,
        "307B 0220" C1_X "022100" C1_Y "041F" "983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766" "0413" C2,
        "307C 0220" C1_X "022100" C1_X "0420" C3 "0413" C2,                               /* not on the curve */
    };
    struct key *key = key_of(PKCS8(D)), *other = key_new(PCA_KEY_SM2);
    struct buf out = {0};
    pcai_buf_text(&out, "before");
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_result(PCA_E_CRYPTO, NULL, pcai_sm2_decrypt(key, random_source, PCAI_SM2_DER, octets(rows[i]), &out, &err));
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct slice good = octets(forms[i].cipher);
        for (size_t size = 0; size < good.size; size++)
            assert_result(PCA_E_CRYPTO, NULL, pcai_sm2_decrypt(key, random_source, forms[i].form, pcai_slice(good.data, size), &out, &err));
        for (size_t at = 0; at < good.size; at++) {
            uint8_t changed[160];
            memcpy(changed, good.data, good.size);
            changed[at] ^= (uint8_t)(1 << at % 8);
            assert_result(PCA_E_CRYPTO, NULL,
                          pcai_sm2_decrypt(key, random_source, forms[i].form, pcai_slice(changed, good.size), &out, &err));
            assert_says("does not open with this key");
        }
        assert_result(PCA_E_CRYPTO, NULL, pcai_sm2_decrypt(other, random_source, forms[i].form, good, &out, &err));
        assert_result(PCA_E_CRYPTO, NULL, pcai_sm2_decrypt(key, random_source, forms[!i].form, good, &out, &err));
    }
    assert_buf_text("before", &out);
    pcai_key_free(other);
    pcai_key_free(key);
}

/* A key stream of zeros encrypts nothing: k = 1D6 gives one for an octet, and the next k is taken; nor is it accepted. */
static void key_stream_of_zeros(void **state)
{
    (void)state;
    static const char k[] = "00000000000000000000000000000000000000000000000000000000000001D6";
    struct key *key = key_of(PKCS8(D));
    struct public_key *public = public_of_example();
    struct buf out = {0};
    char both[512];
    for (size_t between = 0; between <= 192; between += 32) { /* as in nonces_that_give_no_signature */
        snprintf(both, sizeof both, "%s%.*s%s", k, (int)(2 * between), D D D D D D, K);
        record(both);
        assert_done(pcai_sm2_encrypt(public, taped, PCAI_SM2_OCTETS, pcai_slice_text("A"), &out, &err));
        if (pcai_slice_equal(octets(C1_X C1_Y), pcai_slice(out.data + 1, 64)))
            break;
        pcai_buf_reset(&out);
    }
    assert_buf_octets("04" C1_X C1_Y "6313405177d1e3cd87780d677aa074970f6230b927df21908a9d0ef05bf63caf" "05", &out);
    assert_result(PCA_E_CRYPTO, NULL,
                  pcai_sm2_decrypt(key, random_source, PCAI_SM2_OCTETS,
                                   octets("04" "17A8DBF0E9D5CE427A04C8800BEF14DE5E22E24C5CEE027D8F71FE0BF8A909B1"
                                          "0BC9ED977244BF069FA0E9163A353597134CF54A2747957945678515B49265E8"
                                          "4fb860581b08e4df356eb59cfedd7f2569d6a7e89ffd4d7fb6a27c6cdefaf413" "41"),
                                   &out, &err));
    pcai_buf_free(&out);
    pcai_public_free(public);
    pcai_key_free(key);
}

static void encryption_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 31, 32, 33, 64, 65, 1000, PCAI_SM2_PLAIN_MAX};
    static uint8_t plain[PCAI_SM2_PLAIN_MAX + 1];
    struct key *key = key_new(PCA_KEY_SM2);
    struct public_key *public = public_of(key);
    struct buf cipher = {0}, out = {0};
    assert_done(pcai_random_bytes(random_source, plain, sizeof plain, &err));
    for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
        struct slice in = pcai_slice(plain, sizes[i / 2]);
        assert_done(pcai_sm2_encrypt(public, random_source, forms[i % 2].form, in, &cipher, &err));
        assert_done(pcai_sm2_decrypt(key, random_source, forms[i % 2].form, pcai_buf_view(&cipher), &out, &err));
        assert_slice(in, pcai_buf_view(&out));
        pcai_buf_reset(&cipher);
        pcai_buf_reset(&out);
    }
    assert_result(PCA_E_INVALID, NULL, pcai_sm2_encrypt(public, random_source, PCAI_SM2_DER, pcai_slice(plain, 0), &cipher, &err));
    assert_result(PCA_E_INVALID, NULL, pcai_sm2_encrypt(public, random_source, PCAI_SM2_DER, pcai_slice(plain, sizeof plain), &cipher, &err));
    record("");
    tape.left = 32;
    assert_result(PCA_E_CRYPTO, NULL, pcai_sm2_encrypt(public, taped, PCAI_SM2_DER, pcai_slice(plain, 5), &cipher, &err));
    assert_int_equal(0, cipher.size);
    pcai_buf_free(&cipher);
    pcai_buf_free(&out);
    pcai_public_free(public);
    pcai_key_free(key);
}

/* ---- The key on its way ---- */

/* A key enveloped for the key of the examples by the Go module gmsm 0.28.0. */
#define ENCRYPTION_D "128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263"
#define ENVELOPE                                                                                                               \
    "3081EF 300C06082A811CCF55016801 0500"                                                                                     \
    "3078 0220779A85EFAFFC6CB634D7B268F937713EA12BEF2E20C8C0A77CE87557455B876F"                                                \
    "02200328693D6747B191E3F99DC4B0F7CC6A7E0AF146FB0FC623DC16606080D7C326"                                                     \
    "042016DB91B65264EB5DFE257EC16A6325E2451C89F6673369D9B6B9C0B36D2B5B67" "0410730D3FC81B278C5DC4E58B2AC0382073"             \
    "034200 04D5548C7825CBB56150A3506CD57464AF8A1AE0519DFAF3C58221DC810CAF28DD921073768FE3D59CE54E79A49445CF73FED23086537027264D168946D479533E" \
    "032100 C2F6137F7C58DB78949741B75E8F1C970852007E1FCF12897B964DC6C0B6FDD4"

static void check_opens(const struct key *with, struct slice envelope, const struct key *expected)
{
    struct key *seen = NULL;
    struct buf a = {0}, b = {0};
    assert_done(pcai_sm2_envelope_open(with, envelope, random_source, &seen, &err));
    assert_done(pcai_key_write(expected, &a, &err));
    assert_done(pcai_key_write(seen, &b, &err));
    assert_slice(pcai_buf_view(&a), pcai_buf_view(&b));
    pcai_buf_free(&a);
    pcai_buf_free(&b);
    pcai_key_free(seen);
}

static void envelope_of_another_program(void **state)
{
    (void)state;
    struct key *signing = key_of(PKCS8(D)), *encryption = key_of(PKCS8(ENCRYPTION_D));
    uint8_t changed[512];
    check_opens(signing, octets(ENVELOPE), encryption);
    /* SM4 without a mode, and without parameters */
    struct slice good = octets(ENVELOPE);
    size_t behind = good.size - 17;
    memcpy(changed, octets("3081EC 3009 06072A811CCF550168").data, 14);
    memcpy(changed + 14, good.data + 17, behind);
    changed[2] = (uint8_t)(14 + behind - 3);
    check_opens(signing, pcai_slice(changed, 14 + behind), encryption);
    pcai_key_free(signing);
    pcai_key_free(encryption);
}

static void envelope_and_back(void **state)
{
    (void)state;
    struct key *signing = key_new(PCA_KEY_SM2), *encryption = key_new(PCA_KEY_SM2);
    struct public_key *to = public_of(signing);
    struct buf out = {0};
    pcai_buf_text(&out, "before");
    assert_done(pcai_sm2_envelope(to, encryption, random_source, &out, &err));
    check_opens(signing, pcai_slice(out.data + 6, out.size - 6), encryption);
    pcai_buf_free(&out);
    pcai_public_free(to);
    pcai_key_free(signing);
    pcai_key_free(encryption);
}

static void envelopes_that_are_wrong(void **state)
{
    (void)state;
    struct key *signing = key_of(PKCS8(D)), *other = key_new(PCA_KEY_SM2), *out = POISON;
    struct slice good = octets(ENVELOPE);
    uint8_t changed[512];
    assert_result(PCA_E_CRYPTO, NULL, pcai_sm2_envelope_open(other, good, random_source, &out, &err));
    for (size_t size = 0; size < good.size; size++)
        assert_result(PCA_E_CRYPTO, NULL, pcai_sm2_envelope_open(signing, pcai_slice(good.data, size), random_source, &out, &err));
    for (size_t at = 0; at < good.size; at++) {
        memcpy(changed, good.data, good.size);
        changed[at] ^= (uint8_t)(1 << at % 8);
        assert_result(PCA_E_CRYPTO, NULL, pcai_sm2_envelope_open(signing, pcai_slice(changed, good.size), random_source, &out, &err));
    }
    memcpy(changed, good.data, good.size);
    changed[good.size] = 0;
    assert_result(PCA_E_CRYPTO, NULL, pcai_sm2_envelope_open(signing, pcai_slice(changed, good.size + 1), random_source, &out, &err));
    assert_poisoned(out);
    pcai_key_free(signing);
    pcai_key_free(other);
}

static void keys_of_other_families(void **state)
{
    (void)state;
    struct key *ec = key_new(PCA_KEY_EC_P256), *sm2 = key_of(PKCS8(D)), *opened = POISON;
    struct public_key *ec_public = public_of(ec), *sm2_public = public_of(sm2);
    struct buf out = {0};
    assert_result(PCA_E_ALGORITHM, NULL, pcai_sm2_encrypt(ec_public, random_source, PCAI_SM2_DER, pcai_slice_text(PLAIN), &out, &err));
    assert_result(PCA_E_ALGORITHM, NULL, pcai_sm2_decrypt(ec, random_source, PCAI_SM2_DER, octets(CIPHER_DER), &out, &err));
    assert_result(PCA_E_ALGORITHM, NULL, pcai_sm2_envelope(ec_public, sm2, random_source, &out, &err));
    assert_result(PCA_E_ALGORITHM, NULL, pcai_sm2_envelope(sm2_public, ec, random_source, &out, &err));
    assert_result(PCA_E_ALGORITHM, NULL, pcai_sm2_envelope_open(ec, octets(ENVELOPE), random_source, &opened, &err));
    assert_int_equal(0, out.size);
    assert_poisoned(opened);
    pcai_buf_free(&out);
    pcai_public_free(ec_public);
    pcai_public_free(sm2_public);
    pcai_key_free(ec);
    pcai_key_free(sm2);
}

/* ---- OpenSSL ---- */

#define DISTID "distid:1234567812345678"

/* The key as openssl reads it, and its public half, in the files key.der and public.pem. */
static void give_key(const struct key *key)
{
    struct buf pkcs8 = {0};
    assert_done(pcai_key_write(key, &pkcs8, &err));
    scratch_put("key.der", pcai_buf_view(&pkcs8));
    pcai_buf_free(&pkcs8);
    openssl("pkey", "-in", scratch("key.der"), "-inform", "DER", "-out", scratch("key.pem"));
    openssl("pkey", "-in", scratch("key.der"), "-inform", "DER", "-pubout", "-out", scratch("public.pem"));
}

/* key.pem, made by openssl, as it writes PKCS#8. */
static struct key *take_key(void)
{
    struct key *key = NULL;
    openssl("genpkey", "-algorithm", "SM2", "-out", scratch("key.pem"));
    openssl("pkey", "-in", scratch("key.pem"), "-pubout", "-out", scratch("public.pem"));
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", scratch("key.pem"), "-outform", "DER", "-out", scratch("key.der"));
    struct buf pkcs8 = scratch_get("key.der");
    assert_done(pcai_key_read(pcai_buf_view(&pkcs8), random_source, &key, &err));
    pcai_buf_free(&pkcs8);
    return key;
}

static void keys_as_openssl_writes_them(void **state)
{
    (void)state;
    need_openssl();
    struct key *key = take_key();
    struct buf ours = {0}, theirs = scratch_get("key.der");
    assert_done(pcai_key_write(key, &ours, &err));
    assert_slice(pcai_buf_view(&theirs), pcai_buf_view(&ours));
    pcai_buf_free(&ours);
    pcai_buf_free(&theirs);
    openssl("pkey", "-in", scratch("key.pem"), "-pubout", "-outform", "DER", "-out", scratch("public.der"));
    theirs = scratch_get("public.der");
    assert_slice(pcai_buf_view(&theirs), pcai_key_public(key));
    pcai_buf_free(&theirs);
    pcai_key_free(key);
}

static void openssl_verifies_what_we_sign(void **state)
{
    (void)state;
    need_openssl();
    struct key *key = key_new(PCA_KEY_SM2);
    struct buf signature = {0};
    give_key(key);
    for (unsigned i = 0; i < 8; i++) {
        struct slice message = pcai_slice("one message and another", 3 + 2 * i);
        assert_done(pcai_key_sign(key, random_source, message, &signature, &err));
        openssl("dgst", "-sm3", "-verify", scratch("public.pem"), "-sigopt", DISTID, "-signature",
                scratch_put("signature", pcai_buf_view(&signature)), scratch_put("message", message));
        assert_run(1, "openssl", "dgst", "-sm3", "-verify", scratch("public.pem"), "-sigopt", "distid:1234567812345679", "-signature",
                   scratch("signature"), scratch("message"));
        pcai_buf_reset(&signature);
    }
    pcai_buf_free(&signature);
    pcai_key_free(key);
}

static void we_verify_what_openssl_signs(void **state)
{
    (void)state;
    need_openssl();
    struct key *key = take_key();
    struct public_key *public = public_of(key);
    for (unsigned i = 0; i < 8; i++) {
        struct slice message = pcai_slice("one message and another", 3 + 2 * i);
        openssl("dgst", "-sm3", "-sign", scratch("key.pem"), "-sigopt", DISTID, "-out", scratch("signature"), scratch_put("message", message));
        struct buf signature = scratch_get("signature");
        assert_done(pcai_public_verify(public, PCAI_SM3, message, pcai_buf_view(&signature), &err));
        pcai_buf_free(&signature);
        openssl("dgst", "-sm3", "-sign", scratch("key.pem"), "-sigopt", "distid:someone", "-out", scratch("signature"), scratch("message"));
        signature = scratch_get("signature");
        assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SM3, message, pcai_buf_view(&signature), &err));
        pcai_buf_free(&signature);
    }
    pcai_public_free(public);
    pcai_key_free(key);
}

static void openssl_decrypts_what_we_encrypt(void **state)
{
    (void)state;
    need_openssl();
    struct key *key = key_new(PCA_KEY_SM2);
    struct public_key *public = public_of(key);
    give_key(key);
    for (unsigned i = 0; i < 8; i++) {
        struct slice plain = pcai_slice("attack at dawn, or at the latest in the evening, when all of us have eaten", 5 + 9 * i);
        struct buf cipher = {0};
        assert_done(pcai_sm2_encrypt(public, random_source, PCAI_SM2_DER, plain, &cipher, &err));
        openssl("pkeyutl", "-decrypt", "-inkey", scratch("key.pem"), "-in", scratch_put("cipher", pcai_buf_view(&cipher)), "-out", scratch("plain"));
        pcai_buf_free(&cipher);
        cipher = scratch_get("plain");
        assert_slice(plain, pcai_buf_view(&cipher));
        pcai_buf_free(&cipher);
    }
    pcai_public_free(public);
    pcai_key_free(key);
}

static void we_decrypt_what_openssl_encrypts(void **state)
{
    (void)state;
    need_openssl();
    struct key *key = take_key();
    for (unsigned i = 0; i < 8; i++) {
        struct slice plain = pcai_slice("attack at dawn, or at the latest in the evening, when all of us have eaten", 5 + 9 * i);
        struct buf out = {0};
        openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", scratch("public.pem"), "-in", scratch_put("plain", plain), "-out", scratch("cipher"));
        struct buf cipher = scratch_get("cipher");
        assert_done(pcai_sm2_decrypt(key, random_source, PCAI_SM2_DER, pcai_buf_view(&cipher), &out, &err));
        assert_slice(plain, pcai_buf_view(&out));
        pcai_buf_free(&out);
        pcai_buf_free(&cipher);
    }
    pcai_key_free(key);
}

static void requests_of_openssl(void **state)
{
    (void)state;
    need_openssl();
    struct key *key = take_key();
    struct buf work = {0};
    struct csr csr;
    int algorithm = 0;
    openssl("req", "-new", "-sm3", "-key", scratch("key.pem"), "-sigopt", DISTID, "-subj", "/CN=sm2.example", "-outform", "DER", "-out",
            scratch("csr.der"));
    struct buf der = scratch_get("csr.der");
    assert_done(pcai_csr_read(pcai_buf_view(&der), &work, &csr, &err));
    assert_done(pcai_csr_verify(&csr, &algorithm, &err));
    assert_int_equal(PCA_KEY_SM2, algorithm);
    der.data[der.size - 1] ^= 1;
    assert_result(PCA_E_CSR, "csr", pcai_csr_verify(&csr, &algorithm, &err));
    pcai_buf_free(&der);
    openssl("req", "-new", "-sm3", "-key", scratch("key.pem"), "-sigopt", "distid:someone", "-subj", "/CN=sm2.example", "-outform", "DER",
            "-out", scratch("csr.der"));
    der = scratch_get("csr.der");
    assert_done(pcai_csr_read(pcai_buf_view(&der), &work, &csr, &err));
    assert_result(PCA_E_CSR, "csr", pcai_csr_verify(&csr, &algorithm, &err));
    pcai_buf_free(&der);
    pcai_buf_free(&work);
    pcai_key_free(key);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reduction_modulo_p),
        cmocka_unit_test(numbers_modulo_n),
        cmocka_unit_test(key_of_the_example),
        cmocka_unit_test(private_numbers_at_the_ends),
        cmocka_unit_test(key_generation),
        cmocka_unit_test(points_that_are_none),
        cmocka_unit_test(za_of_gb_t_32918_5),
        cmocka_unit_test(signature_of_gb_t_32918_5),
        cmocka_unit_test(nonces_that_give_no_signature),
        cmocka_unit_test(signing_that_cannot_be),
        cmocka_unit_test(repeated_random_gives_other_nonces),
        cmocka_unit_test(signatures_that_are_wrong),
        cmocka_unit_test(signatures_of_something_else),
        cmocka_unit_test(one_key_signs_in_many_threads),
        cmocka_unit_test(encryption_of_gb_t_32918_5),
        cmocka_unit_test(ciphertexts_that_are_wrong),
        cmocka_unit_test(key_stream_of_zeros),
        cmocka_unit_test(encryption_of_any_size),
        cmocka_unit_test(envelope_of_another_program),
        cmocka_unit_test(envelope_and_back),
        cmocka_unit_test(envelopes_that_are_wrong),
        cmocka_unit_test(keys_of_other_families),
        cmocka_unit_test(keys_as_openssl_writes_them),
        cmocka_unit_test(openssl_verifies_what_we_sign),
        cmocka_unit_test(we_verify_what_openssl_signs),
        cmocka_unit_test(openssl_decrypts_what_we_encrypt),
        cmocka_unit_test(we_decrypt_what_openssl_encrypts),
        cmocka_unit_test(requests_of_openssl),
    };
    return cmocka_run_group_tests_name("sm2", tests, setup, teardown);
}
