/* Private and public keys of src/crypto, and src/keys over them; openssl is the judge of both directions. */
#include "unit.h"

#include <pthread.h>

#include "base/der.h"
#include "crypto/internal.h"
#include "keys/keyring.h"

static const struct {
    int algorithm, family, digest;
    const char *name, *genpkey[2], *dgst;
    size_t spki_size;
} algorithms[] = {
    {PCA_KEY_RSA_1024, PCA_FAMILY_RSA, PCAI_SHA256, "RSA 1024", {"RSA", "rsa_keygen_bits:1024"}, "-sha256", 162},
    {PCA_KEY_RSA_2048, PCA_FAMILY_RSA, PCAI_SHA256, "RSA 2048", {"RSA", "rsa_keygen_bits:2048"}, "-sha256", 294},
    {PCA_KEY_RSA_3072, PCA_FAMILY_RSA, PCAI_SHA256, "RSA 3072", {"RSA", "rsa_keygen_bits:3072"}, "-sha256", 422},
    {PCA_KEY_RSA_4096, PCA_FAMILY_RSA, PCAI_SHA256, "RSA 4096", {"RSA", "rsa_keygen_bits:4096"}, "-sha256", 550},
    {PCA_KEY_EC_P256, PCA_FAMILY_ECC, PCAI_SHA256, "EC P-256", {"EC", "ec_paramgen_curve:P-256"}, "-sha256", 91},
    {PCA_KEY_EC_P384, PCA_FAMILY_ECC, PCAI_SHA384, "EC P-384", {"EC", "ec_paramgen_curve:P-384"}, "-sha384", 120},
    {PCA_KEY_EC_P521, PCA_FAMILY_ECC, PCAI_SHA512, "EC P-521", {"EC", "ec_paramgen_curve:P-521"}, "-sha512", 158},
};

/* ---- mbedTLS as if built without its curves ---- */

static int without_curves;
int __real_mbedtls_ecp_group_load(mbedtls_ecp_group *group, mbedtls_ecp_group_id id);
int __wrap_mbedtls_ecp_group_load(mbedtls_ecp_group *group, mbedtls_ecp_group_id id);
int __wrap_mbedtls_ecp_group_load(mbedtls_ecp_group *group, mbedtls_ecp_group_id id)
{
    return without_curves ? MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE : __real_mbedtls_ecp_group_load(group, id);
}

/* ---- Random that repeats (splitmix64), so that a run's time does not hang on luck with primes ---- */

static int fill(void *context, uint8_t *buffer, size_t size, pca_error *e)
{
    uint64_t *at = context;
    (void)e;
    for (size_t i = 0; i < size; i++) {
        uint64_t z = (*at += UINT64_C(0x9E3779B97F4A7C15));
        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        buffer[i] = (uint8_t)(z >> 56);
    }
    return PCA_OK;
}

static int fill_nothing(void *context, uint8_t *buffer, size_t size, pca_error *e)
{
    (void)context;
    (void)buffer;
    (void)size;
    return pcai_fail(e, PCA_E_DEVICE, NULL, NULL, "no octets");
}

static struct random *repeating(uint64_t *seed)
{
    struct random *r;
    assert_done(pcai_random_new(&(pca_entropy){PCA_ENTROPY_VERSION, seed, fill}, 1, &r, &err));
    return r;
}

static struct random *system_random(void)
{
    struct random *r;
    assert_done(pcai_random_new(NULL, 0, &r, &err));
    return r;
}

/* ---- Both directions ---- */

#define MESSAGE "to be signed"

static struct public_key *public_of(const struct key *key)
{
    struct public_key *public;
    assert_done(pcai_public_read(pcai_key_public(key), &public, &err));
    return public;
}

/* openssl takes the key for sound, finds the same public key in it, and verifies what it signed. */
static void judge_key(size_t i, const struct key *key, struct random *random)
{
    struct buf pkcs8 = {0}, signature = {0}, public;
    assert_done(pcai_key_write(key, &pkcs8, &err));
    const char *path = scratch_put("key.der", pcai_buf_view(&pkcs8));
    openssl("pkey", "-inform", "DER", "-in", path, "-check", "-noout");
    openssl("pkey", "-inform", "DER", "-in", path, "-pubout", "-outform", "DER", "-out", scratch("public.der"));
    public = scratch_get("public.der");
    assert_slice(pcai_buf_view(&public), pcai_key_public(key));
    assert_int_equal(public.size, algorithms[i].spki_size);
    assert_done(pcai_key_sign(key, random, pcai_slice_text(MESSAGE), &signature, &err));
    openssl("dgst", algorithms[i].dgst, "-verify", scratch("public.der"), "-keyform", "DER", "-signature",
            scratch_put("signature", pcai_buf_view(&signature)), scratch_put("message", pcai_slice_text(MESSAGE)));
    pcai_buf_free(&pkcs8);
    pcai_buf_free(&signature);
    pcai_buf_free(&public);
}

static void keys_that_are_made_are_sound(void **state)
{
    (void)state;
    need_openssl();
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        uint64_t seed = 1;
        struct random *random = repeating(&seed);
        struct key *key;
        assert_done(pcai_key_generate(algorithms[i].algorithm, random, &key, &err));
        assert_int_equal(pcai_key_algorithm(key), algorithms[i].algorithm);
        judge_key(i, key, random);
        pcai_key_free(key);
        pcai_random_free(random);
    }
    pcai_key_free(NULL);
}

/* Keys and signatures of openssl's: read, written back octet for octet, used, verified. */
static void keys_of_openssl_are_read_and_written_back(void **state)
{
    (void)state;
    need_openssl();
    struct random *random = system_random();
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        openssl("genpkey", "-quiet", "-algorithm", algorithms[i].genpkey[0], "-pkeyopt", algorithms[i].genpkey[1], "-out", scratch("other.pem"));
        openssl("pkcs8", "-topk8", "-nocrypt", "-in", scratch("other.pem"), "-outform", "DER", "-out", scratch("other.der"));
        openssl("dgst", algorithms[i].dgst, "-sign", scratch("other.der"), "-keyform", "DER", "-out", scratch("signature"),
                scratch_put("message", pcai_slice_text(MESSAGE)));
        struct buf pkcs8 = scratch_get("other.der"), signature = scratch_get("signature"), written = {0};
        struct key *key;
        assert_done(pcai_key_read(pcai_buf_view(&pkcs8), random, &key, &err));
        assert_int_equal(pcai_key_algorithm(key), algorithms[i].algorithm);
        assert_done(pcai_key_write(key, &written, &err));
        assert_slice(pcai_buf_view(&pkcs8), pcai_buf_view(&written));
        judge_key(i, key, random);
        struct public_key *public = public_of(key);
        assert_int_equal(pcai_public_algorithm(public), algorithms[i].algorithm);
        assert_done(pcai_public_check_weak(public, &err));
        assert_done(pcai_public_verify(public, algorithms[i].digest, pcai_slice_text(MESSAGE), pcai_buf_view(&signature), &err));
        pcai_public_free(public);
        pcai_key_free(key);
        pcai_buf_free(&pkcs8);
        pcai_buf_free(&signature);
        pcai_buf_free(&written);
    }
    pcai_random_free(random);
}

static void a_verifier_hashes_as_it_is_told(void **state)
{
    (void)state;
    need_openssl();
    static const struct {
        int digest;
        const char *dgst;
    } rows[] = {{PCAI_SHA256, "-sha256"}, {PCAI_SHA384, "-sha384"}, {PCAI_SHA512, "-sha512"}};
    struct random *random = system_random();
    for (size_t i = 1; i < COUNT(algorithms); i += 3) { /* RSA 2048, P-256 */
        uint64_t seed = 1;
        struct random *repeat = repeating(&seed);
        struct key *key;
        struct buf pkcs8 = {0};
        assert_done(pcai_key_generate(algorithms[i].algorithm, repeat, &key, &err));
        assert_done(pcai_key_write(key, &pkcs8, &err));
        struct public_key *public = public_of(key);
        for (size_t j = 0; j < COUNT(rows); j++) {
            openssl("dgst", rows[j].dgst, "-sign", scratch_put("key.der", pcai_buf_view(&pkcs8)), "-keyform", "DER", "-out", scratch("signature"),
                    scratch_put("message", pcai_slice_text(MESSAGE)));
            struct buf signature = scratch_get("signature");
            for (size_t k = 0; k < COUNT(rows); k++)
                assert_result(j == k ? PCA_OK : PCA_E_CRYPTO, NULL,
                              pcai_public_verify(public, rows[k].digest, pcai_slice_text(MESSAGE), pcai_buf_view(&signature), &err));
            pcai_buf_free(&signature);
        }
        pcai_public_free(public);
        pcai_key_free(key);
        pcai_buf_free(&pkcs8);
        pcai_random_free(repeat);
    }
    pcai_random_free(random);
}

/* ---- Vectors: RFC 6979 A.2.5 to A.2.7, message "sample" ---- */

#define P256_PKCS8(d) "30 41 02 01 00 30 13 06 07 2A8648CE3D0201 06 08 2A8648CE3D030107 04 27 30 25 02 01 01 04 20 " d
#define P384_PKCS8(d) "30 4E 02 01 00 30 10 06 07 2A8648CE3D0201 06 05 2B81040022 04 37 30 35 02 01 01 04 30 " d
#define P521_PKCS8(d) "30 60 02 01 00 30 10 06 07 2A8648CE3D0201 06 05 2B81040023 04 49 30 47 02 01 01 04 42 " d
#define P256_D "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"

static void ecdsa_is_deterministic_by_rfc_6979(void **state)
{
    (void)state;
    static const struct {
        const char *pkcs8, *signature;
    } rows[] = {
        {P256_PKCS8(P256_D),
         "30 46 02 21 00 EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
         "      02 21 00 F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
        {P384_PKCS8("6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5"),
         "30 66 02 31 00 94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46"
         "      02 31 00 99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8"},
        {P521_PKCS8("00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA8"
                    "96EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538"),
         "30 81 87 02 42 00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F17"
         "               4E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA"
         "         02 41 617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF28"
         "               2623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A"},
    };
    struct random *random = system_random();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct key *key;
        assert_done(pcai_key_read(octets(rows[i].pkcs8), random, &key, &err));
        for (int again = 0; again < 2; again++) {
            struct buf signature = {0};
            assert_done(pcai_key_sign(key, random, pcai_slice_text("sample"), &signature, &err));
            assert_buf_octets(rows[i].signature, &signature);
        }
        pcai_key_free(key);
    }
    pcai_random_free(random);
}

static void a_digest_is_signed_as_its_message(void **state)
{
    (void)state;
    struct random *random = system_random();
    struct key *key;
    struct buf of_message = {0}, of_digest = {0};
    uint8_t digest[PCAI_DIGEST_MAX];
    assert_done(pcai_key_read(octets(P256_PKCS8(P256_D)), random, &key, &err));
    assert_done(pcai_digest(PCAI_SHA256, pcai_slice_text(MESSAGE), digest, &err));
    assert_done(pcai_key_sign(key, random, pcai_slice_text(MESSAGE), &of_message, &err));
    assert_done(pcai_key_sign_digest(key, random, pcai_slice(digest, 32), &of_digest, &err));
    assert_slice(pcai_buf_view(&of_message), pcai_buf_view(&of_digest));
    pcai_buf_free(&of_message);
    pcai_buf_free(&of_digest);
    pcai_key_free(key);
    pcai_random_free(random);
}

/* ---- Signatures that are wrong ---- */

/* The order of P-256's group (FIPS 186-4 D.1.2.3), and the signature of the vector above. */
#define P256_N "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
#define R "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
#define S "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"

static void ecdsa_signatures_that_are_wrong(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "30 00",
        "30 06 02 01 00 02 01 00",
        "30 06 02 01 01 02 01 01",
        "30 45 02 20 " R "02 21 00" S,          /* r negative */
        "30 45 02 21 00" R "02 20 " S,          /* s negative */
        "30 47 02 22 00 00" R "02 21 00" S,     /* r not minimal */
        "30 26 02 01 00 02 21 00" S,            /* r = 0 */
        "30 26 02 21 00" R "02 01 00",          /* s = 0 */
        "30 46 02 21 00" P256_N "02 21 00" S,   /* r = n */
        "30 46 02 21 00" R "02 21 00" P256_N,   /* s = n */
        "30 46 02 21 00" S "02 21 00" R,
        "30 46 02 21 00" R "02 21 00" S "00",   /* octets behind */
        "30 48 02 21 00" R "02 21 00" S "05 00",
        "30 81 46 02 21 00" R "02 21 00" S,     /* length not minimal */
        "30 23 02 21 00" R,
        "31 46 02 21 00" R "02 21 00" S,
        "04 40 " R S,
        R S,
    };
    struct random *random = system_random();
    struct key *key;
    assert_done(pcai_key_read(octets(P256_PKCS8(P256_D)), random, &key, &err));
    struct public_key *public = public_of(key);
    struct slice sample = pcai_slice_text("sample"), signature = octets("30 46 02 21 00" R "02 21 00" S);
    assert_done(pcai_public_verify(public, PCAI_SHA256, sample, signature, &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, pcai_slice_text("Sample"), signature, &err));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, sample, octets(bad[i]), &err));
    for (size_t i = 0; i < signature.size; i++) {
        uint8_t changed[72];
        memcpy(changed, signature.data, signature.size);
        changed[i] ^= (uint8_t)(1 << i % 8);
        assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, sample, pcai_slice(changed, signature.size), &err));
        assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, sample, pcai_slice(signature.data, i), &err));
    }
    pcai_public_free(public);
    pcai_key_free(key);
    pcai_random_free(random);
}

static void rsa_signatures_that_are_wrong(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct random *random = repeating(&seed);
    struct key *key;
    struct buf signature = {0};
    assert_done(pcai_key_generate(PCA_KEY_RSA_2048, random, &key, &err));
    struct public_key *public = public_of(key);
    struct slice message = pcai_slice_text(MESSAGE);
    assert_done(pcai_key_sign(key, random, message, &signature, &err));
    assert_int_equal(signature.size, 256);
    assert_done(pcai_public_verify(public, PCAI_SHA256, message, pcai_buf_view(&signature), &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, pcai_slice_text(""), pcai_buf_view(&signature), &err));
    for (size_t i = 0; i < 256; i++) {
        signature.data[i] ^= (uint8_t)(1 << i % 8);
        assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, message, pcai_buf_view(&signature), &err));
        signature.data[i] ^= (uint8_t)(1 << i % 8);
    }
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, message, pcai_slice(signature.data, 255), &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, message, pcai_slice(NULL, 0), &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, message, octets_and("", 256, 0), &err));
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, message, octets_and("", 256, 0xFF), &err));
    pcai_buf_insert(&signature, 0, "", 1);
    assert_result(PCA_E_CRYPTO, NULL, pcai_public_verify(public, PCAI_SHA256, message, pcai_buf_view(&signature), &err));
    pcai_buf_free(&signature);
    pcai_public_free(public);
    pcai_key_free(key);
    pcai_random_free(random);
}

/* ---- Many threads ---- */

struct signing {
    const struct key *key;
    struct random *random;
    struct buf signature;
    int failures;
};

static void *sign_often(void *argument)
{
    struct signing *s = argument;
    for (int i = 0; i < 20; i++) {
        pcai_buf_reset(&s->signature);
        s->failures += pcai_key_sign(s->key, s->random, pcai_slice_text("sample"), &s->signature, NULL) != PCA_OK;
    }
    return NULL;
}

static void one_key_signs_on_many_threads(void **state)
{
    (void)state;
    struct random *random = system_random();
    struct key *key;
    assert_done(pcai_key_read(octets(P256_PKCS8(P256_D)), random, &key, &err));
    struct signing signing[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        signing[i] = (struct signing){.key = key, .random = random};
        assert_int_equal(pthread_create(&threads[i], NULL, sign_often, &signing[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(signing[i].failures, 0);
        assert_buf_octets("30 46 02 21 00" R "02 21 00" S, &signing[i].signature);
    }
    pcai_key_free(key);
    pcai_random_free(random);
}

/* ---- What cannot be made or read ---- */

static void keys_of_other_kinds_are_not_made(void **state)
{
    (void)state;
    struct random *random = system_random();
    static const int algorithms_not_here[] = {0, 99, -1};
    for (size_t i = 0; i < COUNT(algorithms_not_here); i++) {
        struct key *key = POISON;
        assert_result(PCA_E_UNSUPPORTED, "key_algorithm", pcai_key_generate(algorithms_not_here[i], random, &key, &err));
        assert_poisoned(key);
    }
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        assert_string_equal(pcai_algorithm_name(algorithms[i].algorithm), algorithms[i].name);
        assert_int_equal(pcai_algorithm_family(algorithms[i].algorithm), algorithms[i].family);
        assert_int_equal(pcai_algorithm_digest(algorithms[i].algorithm), algorithms[i].digest);
    }
    assert_int_equal(pcai_algorithm_family(99), 0);
    assert_string_equal(pcai_algorithm_name(99), "unknown");
    pcai_random_free(random);
}

static void a_curve_that_mbedtls_lacks_is_unsupported(void **state)
{
    (void)state;
    struct random *r = system_random();
    struct key *key = NULL, *other = POISON;
    struct public_key *public = POISON;
    struct buf pkcs8 = {0};
    assert_done(pcai_key_generate(PCA_KEY_EC_P256, r, &key, &err));
    assert_done(pcai_key_write(key, &pkcs8, &err));
    without_curves = 1;
    assert_result(PCA_E_UNSUPPORTED, NULL, pcai_key_generate(PCA_KEY_EC_P256, r, &other, &err));
    assert_result(PCA_E_UNSUPPORTED, NULL, pcai_key_read(pcai_buf_view(&pkcs8), r, &other, &err));
    assert_result(PCA_E_UNSUPPORTED, NULL, pcai_public_read(pcai_key_public(key), &public, &err));
    without_curves = 0;
    assert_poisoned(other);
    assert_poisoned(public);
    pcai_buf_free(&pkcs8);
    pcai_key_free(key);
    pcai_random_free(r);
}

static void no_key_is_made_without_random(void **state)
{
    (void)state;
    struct random *random;
    assert_done(pcai_random_new(&(pca_entropy){PCA_ENTROPY_VERSION, NULL, fill_nothing}, 1, &random, &err));
    static const int kinds[] = {PCA_KEY_EC_P256, PCA_KEY_RSA_2048};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct key *key = POISON;
        assert_result(PCA_E_CRYPTO, NULL, pcai_key_generate(kinds[i], random, &key, &err));
        assert_poisoned(key);
    }
    pcai_random_free(random);
}

static void refuse_private(struct slice pkcs8, struct random *random)
{
    struct key *key = POISON;
    assert_result(PCA_E_ALGORITHM, "key", pcai_key_read(pkcs8, random, &key, &err));
    assert_poisoned(key);
}

/* RFC 5915: the curve's name and the point may stand behind the number. */
#define P256_WITH(size, octets, inner, rest)                                                                                             \
    "30 " size "02 01 00 30 13 06 07 2A8648CE3D0201 06 08 2A8648CE3D030107 04 " octets "30 " inner "02 01 01 04 20 " P256_D rest
#define P256_X "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6" /* RFC 6979 A.2.5 */
#define P256_Y "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"

static void what_may_follow_an_ec_key(void **state)
{
    (void)state;
    static const char *const good[] = {
        P256_WITH("81 87", "6D", "6B", "A1 44 03 42 00 04" P256_X P256_Y),
        P256_WITH("4D", "33", "31", "A0 0A 06 08 2A8648CE3D030107"),
        P256_WITH("81 93", "79", "77", "A0 0A 06 08 2A8648CE3D030107 A1 44 03 42 00 04" P256_X P256_Y),
        P256_WITH("67", "4D", "4B", "A1 24 03 22 00 03" P256_X), /* compressed */
    };
    struct random *random = system_random();
    for (size_t i = 0; i < COUNT(good); i++) {
        struct key *key;
        assert_done(pcai_key_read(octets(good[i]), random, &key, &err));
        pcai_key_free(key);
    }
    pcai_random_free(random);
}

static void private_keys_that_are_wrong(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        P256_PKCS8("0000000000000000000000000000000000000000000000000000000000000000"),
        P256_PKCS8(P256_N),
        P256_PKCS8("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"),
        P256_PKCS8(P256_D) "00",                                                                                            /* octets behind */
        "30 43 02 01 00 30 13 06 07 2A8648CE3D0201 06 08 2A8648CE3D030107 04 27 30 25 02 01 01 04 20 " P256_D "05 00",       /* octets inside */
        "30 43 02 01 00 30 13 06 07 2A8648CE3D0201 06 08 2A8648CE3D030107 04 29 30 27 02 01 01 04 20 " P256_D "05 00",       /* and deeper */
        P256_WITH("81 87", "6D", "6B", "A1 44 03 42 00 04" P256_X P256_X),                                                  /* another's point */
        P256_WITH("81 87", "6D", "6B", "A1 44 03 42 01 04" P256_X P256_Y),
        P256_WITH("4D", "33", "31", "A0 0A 06 08 2A8648CE3D030101"),                                                        /* another curve */
        P256_WITH("81 93", "79", "77", "A1 44 03 42 00 04" P256_X P256_Y "A0 0A 06 08 2A8648CE3D030107"),                   /* out of order */
        "30 41 02 01 02 30 13 06 07 2A8648CE3D0201 06 08 2A8648CE3D030107 04 27 30 25 02 01 01 04 20 " P256_D,               /* version 2 */
        "30 41 02 01 00 30 13 06 07 2A8648CE3D0201 06 08 2A8648CE3D030107 04 27 30 25 02 01 02 04 20 " P256_D,               /* EC version 2 */
        "30 40 02 01 00 30 13 06 07 2A8648CE3D0201 06 08 2A8648CE3D030107 04 26 30 24 02 01 01 04 1F "                       /* short */
        "AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
        "30 42 02 01 00 30 13 06 07 2A8648CE3D0201 06 08 2A8648CE3D030107 04 28 30 26 02 01 01 04 21 00" P256_D,             /* long */
        "30 3E 02 01 00 30 10 06 07 2A8648CE3D0201 06 05 2B8104000A 04 27 30 25 02 01 01 04 20 " P256_D,                     /* secp256k1 */
        "30 3E 02 01 00 30 10 06 07 2A8648CE3D0201 06 05 2B81040022 04 27 30 25 02 01 01 04 20 " P256_D,                     /* P-384's name */
        "30 39 02 01 00 30 0B 06 07 2A8648CE3D0201 05 00 04 27 30 25 02 01 01 04 20 " P256_D,                                /* implicit curve */
        "30 37 02 01 00 30 09 06 07 2A8648CE3D0201 04 27 30 25 02 01 01 04 20 " P256_D,                                      /* no curve */
        "30 2E 02 01 00 30 05 06 03 2B6570 04 22 04 20 " P256_D,                                                             /* Ed25519 */
        "30 41 02 01 00 30 13 06 07 2A8648CE3D0202 06 08 2A8648CE3D030107 04 27 30 25 02 01 01 04 20 " P256_D,
    };
    struct random *random = system_random();
    for (size_t i = 0; i < COUNT(bad); i++)
        refuse_private(octets(bad[i]), random);
    struct slice good = octets(P256_PKCS8(P256_D));
    for (size_t size = 0; size < good.size; size++)
        refuse_private(pcai_slice(good.data, size), random);
    pcai_random_free(random);
}

/* One octet at a time: what is still taken is another number d, or the version 1 of RFC 5958. */
static void a_changed_rsa_key_is_refused(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct random *random = repeating(&seed);
    struct key *key;
    struct buf pkcs8 = {0};
    assert_done(pcai_key_generate(PCA_KEY_RSA_1024, random, &key, &err));
    assert_done(pcai_key_write(key, &pkcs8, &err));
    pcai_key_free(key);
    size_t crt = pkcs8.size - 3 * 66; /* dP, dQ, qInv are computed anew */
    for (size_t i = 0; i < crt; i += i < 40 ? 1 : 7) {
        pkcs8.data[i] ^= 0x10;
        refuse_private(pcai_buf_view(&pkcs8), random);
        pkcs8.data[i] ^= 0x10;
    }
    for (size_t size = 0; size < pkcs8.size; size += 11)
        refuse_private(pcai_slice(pkcs8.data, size), random);
    pcai_buf_free(&pkcs8);
    pcai_random_free(random);
}

/* ---- Public keys ---- */

static void refuse_public(const char *what, struct slice spki)
{
    struct public_key *key = POISON;
    err = (pca_error){0};
    int rc = pcai_public_read(spki, &key, &err);
    if (rc != PCA_E_ALGORITHM || err.code != rc || strcmp(err.field, "public_key") != 0 || !*err.message)
        fail_msg("%s: %s, \"%s\"", what, pca_code_name(rc), err.message);
    assert_poisoned(key);
}

static int read_public(struct slice spki)
{
    struct public_key *key;
    assert_done(pcai_public_read(spki, &key, &err));
    int algorithm = pcai_public_algorithm(key);
    pcai_public_free(key);
    return algorithm;
}

/* P-256's generator (FIPS 186-4 D.1.2.3). */
#define GX "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
#define GY "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"
#define P256_P "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
/* The y of the point whose x is 0. */
#define Y_OF_0 "66485C780E2F83D72433BD5D84A06BB6541C2AF31DAE871728BF856A174F93F4"
#define EC_SPKI(size, bits, curve, point) "30 " size " 30 13 06 07 2A8648CE3D0201 " curve " 03 " bits " 00 " point
#define P256 "06 08 2A8648CE3D030107"

/* By openssl. */
#define SM2_SPKI \
    "3059301306072A8648CE3D020106082A811CCF5501822D03420004FC6BABD01750A817DA5C8E1DADDC36612E7CB13EAE88C9972E495B7663EC27C0" \
    "987F74E8FEA808799DD43A0500EBF58F8916A0CD13D9F1D0BDE0C64244DC6C18"

static void ec_public_keys_that_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *what, *hex;
    } bad[] = {
        {"off the curve", EC_SPKI("59", "42", P256, "04" GX "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F4")},
        {"zero", EC_SPKI("59", "42", P256, "04" ZERO ZERO)},
        {"x = p", EC_SPKI("59", "42", P256, "04" P256_P Y_OF_0)},
        {"y = p", EC_SPKI("59", "42", P256, "04" GX P256_P)},
        {"compressed", EC_SPKI("39", "22", P256, "03" GX)},
        {"compressed, even", EC_SPKI("39", "22", P256, "02" GX)},
        {"hybrid", EC_SPKI("59", "42", P256, "07" GX GY)},
        {"compressed, with its y", EC_SPKI("59", "42", P256, "03" GX GY)},
        {"infinity", EC_SPKI("19", "02", P256, "00")},
        {"no point", EC_SPKI("18", "01", P256, "")},
        {"y cut short", EC_SPKI("58", "41", P256, "04" GX "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51")},
        {"an octet behind y", EC_SPKI("5A", "43", P256, "04" GX GY "00")},
        {"unused bits", "30 59 30 13 06 07 2A8648CE3D0201 " P256 " 03 42 01 04" GX "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F4"},
        {"octets behind", EC_SPKI("59", "42", P256, "04" GX GY) "00"},
        {"octets behind the point", EC_SPKI("5B", "42", P256, "04" GX GY) "05 00"},
        {"a parameter more", "30 5B 30 15 06 07 2A8648CE3D0201 " P256 " 05 00 03 42 00 04" GX GY},
        {"no parameters", "30 4F 30 09 06 07 2A8648CE3D0201 03 42 00 04" GX GY},
        {"the implicit curve", "30 51 30 0B 06 07 2A8648CE3D0201 05 00 03 42 00 04" GX GY},
        {"P-384's name for a point of P-256", "30 56 30 10 06 07 2A8648CE3D0201 06 05 2B81040022 03 42 00 04" GX GY},
        {"an empty name", "30 51 30 0B 06 07 2A8648CE3D0201 06 00 03 42 00 04" GX GY},
        {"explicit parameters, by openssl",
         "3082014B3082010306072A8648CE3D02013081F7020101302C06072A8648CE3D0101022100" P256_P
         "305B0420FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC"
         "04205AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B"
         "031500C49D360886E704936A6678E1139D26B7819F7E900441046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
         "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5022100" P256_N "020101034200049AA255F791CD2095031F41AB3B58E5E3"
         "877A47DA3ED01CE7BBEAD5B4F537B5464D6F63BFE3F5018D3DAF5BCB30C4C532D8D7C780E37E2AF3FAA0BDA95D955B4C"},
        {"secp256k1, by openssl",
         "3056301006072A8648CE3D020106052B8104000A0342000415897B20DC59C59B49C602FA28B75FB900FEE3D926FF5681C8370E8654278F6D"
         "502F7FDBA60F3353606B3B33F4C5F2C0C88D5A73092E4EDA699344AE8B5AD066"},
        {"P-224, by openssl",
         "304E301006072A8648CE3D020106052B81040021033A00047D368D6B07B1DEF3809180826DB1224FB4D4E2F8197C59D027E3595CD62F17C0"
         "32693261675D4EA5CFB279DAF47F374483812EB3493C00ED"},
        {"Ed25519, by openssl", "302A300506032B6570032100854D088EC677796BAFFC0AE91A9B2EFD7A91D1E4BE7D4FEC31962206A2290336"},
        {"SM2's name for a point of P-256", EC_SPKI("59", "42", "06 08 2A811CCF5501822D", "04" GX GY)},
        {"nothing", ""},
        {"an empty sequence", "30 00"},
        {"sequences of nothing", "30 05 30 00 03 01 00"},
        {"an OCTET STRING for the point", "30 59 30 13 06 07 2A8648CE3D0201 " P256 " 04 42 00 04" GX GY},
    };
    assert_int_equal(read_public(octets(EC_SPKI("59", "42", P256, "04" GX GY))), PCA_KEY_EC_P256);
    assert_int_equal(read_public(octets(EC_SPKI("59", "42", P256, "04" ZERO Y_OF_0))), PCA_KEY_EC_P256);
    assert_int_equal(read_public(octets(SM2_SPKI)), PCA_KEY_SM2);
    for (size_t i = 0; i < COUNT(bad); i++)
        refuse_public(bad[i].what, octets(bad[i].hex));
    struct slice good = octets(EC_SPKI("59", "42", P256, "04" GX GY));
    for (size_t size = 0; size < good.size; size++)
        refuse_public("cut short", pcai_slice(good.data, size));
}

/* SubjectPublicKeyInfo with rsaEncryption: first octet of the modulus, more of 5B, last octet; the exponent. */
static struct slice rsa_spki(const char *parameters, const char *first, size_t size, uint8_t last, const char *exponent)
{
    static struct buf out;
    struct buf bits = {0};
    struct slice n = octets_and(first, size - 1, 0x5B);
    ((uint8_t *)n.data)[n.size - 1] = last;
    size_t mark = pcai_der_begin(&bits, DER_SEQUENCE);
    pcai_der_put(&bits, DER_INTEGER, n);
    pcai_der_put(&bits, DER_INTEGER, octets(exponent));
    pcai_der_end(&bits, mark);
    pcai_buf_free(&out);
    size_t info = pcai_der_begin(&out, DER_SEQUENCE), algorithm = pcai_der_begin(&out, DER_SEQUENCE);
    pcai_buf_slice(&out, octets("06 09 2A864886F70D010101"));
    pcai_buf_slice(&out, octets(parameters));
    pcai_der_end(&out, algorithm);
    pcai_der_bits(&out, pcai_buf_view(&bits), 0);
    pcai_der_end(&out, info);
    pcai_buf_free(&bits);
    assert_false(out.failed);
    struct slice kept = octets_and("", out.size, 0);
    memcpy((uint8_t *)kept.data, out.data, out.size);
    pcai_buf_free(&out);
    return kept;
}

#define NULL_DER "05 00"

static void rsa_moduli_by_their_bits(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        size_t size; /* octets in all but a leading 00 */
        int algorithm;
    } rows[] = {
        {"00 80", 128, PCA_KEY_RSA_1024}, {"00 FF", 128, PCA_KEY_RSA_1024}, {"7F", 128, 0}, {"01", 129, 0}, {"00 80", 127, 0},
        {"00 80", 256, PCA_KEY_RSA_2048}, {"7F", 256, 0}, {"40", 256, 0}, {"01", 257, 0}, {"00 80", 257, 0},
        {"00 80", 384, PCA_KEY_RSA_3072}, {"00 FF", 512, PCA_KEY_RSA_4096}, {"7F", 512, 0}, {"01", 513, 0},
        {"00 80", 64, 0}, {"00 80", 96, 0}, {"00 80", 192, 0}, {"00 80", 320, 0}, {"00 80", 640, 0}, {"00 80", 1024, 0}, {"00 80", 4096, 0},
        {"03", 1, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice spki = rsa_spki(NULL_DER, rows[i].first, rows[i].size, 0x5B, "01 00 01");
        char what[64];
        snprintf(what, sizeof what, "%s... of %zu octets", rows[i].first, rows[i].size);
        if (rows[i].algorithm)
            assert_int_equal(read_public(spki), rows[i].algorithm);
        else
            refuse_public(what, spki);
    }
}

/* As large as a key of openssl's, and readable by it. */
static void keys_that_stand_in(void **state)
{
    (void)state;
    need_openssl();
    for (size_t i = 0; i <= COUNT(algorithms); i++) {
        int algorithm = i < COUNT(algorithms) ? algorithms[i].algorithm : PCA_KEY_SM2;
        struct buf spki = {0};
        struct public_key *key = NULL;
        pcai_public_stand_in(algorithm, &spki);
        assert_done(pcai_public_read(pcai_buf_view(&spki), &key, &err));
        assert_int_equal(pcai_public_algorithm(key), algorithm);
        assert_int_equal(spki.size, i < COUNT(algorithms) ? algorithms[i].spki_size : 91);
        openssl("pkey", "-pubin", "-inform", "DER", "-in", scratch_put("stand_in.der", pcai_buf_view(&spki)), "-noout", "-text");
        pcai_public_free(key);
        pcai_buf_free(&spki);
    }
}

static void rsa_public_keys_that_are_wrong(void **state)
{
    (void)state;
    static const char *const exponents[] = {
        "00", "01", "02", "03", "05", "11", "00 80", "7F FF", "00 FF FF", "01 00 00", "01 00 02", /* small, or even */
        "00 00 01 00 01", "00 01 00 01", "FF", "80 00 01", "00 FF FF FF FF FF FF FF FE",
    };
    static const char *const good[] = {"01 00 01", "01 00 03", "7F FF FF FF", "00 FF FF FF FF FF FF FF FF", "01 00 00 00 00 00 00 00 01",
                                       "01 00 00 00 00 00 00 00 00 00 01"};
    static const char *const parameters[] = {"", "05 01 00", "05 00 05 00", "30 00", "06 03 55 04 03", "05 81 00"};
    for (size_t i = 0; i < COUNT(exponents); i++)
        refuse_public(exponents[i], rsa_spki(NULL_DER, "00 C0", 256, 0x5B, exponents[i]));
    for (size_t i = 0; i < COUNT(good); i++)
        assert_int_equal(read_public(rsa_spki(NULL_DER, "00 C0", 256, 0x5B, good[i])), PCA_KEY_RSA_2048);
    for (size_t i = 0; i < COUNT(parameters); i++)
        refuse_public(parameters[i], rsa_spki(parameters[i], "00 C0", 256, 0x5B, "01 00 01"));
    refuse_public("even modulus", rsa_spki(NULL_DER, "00 C0", 256, 0x5A, "01 00 01"));
    refuse_public("negative modulus", rsa_spki(NULL_DER, "C0", 256, 0x5B, "01 00 01"));
    refuse_public("modulus not minimal", rsa_spki(NULL_DER, "00 00 C0", 256, 0x5B, "01 00 01"));
    refuse_public("modulus not minimal", rsa_spki(NULL_DER, "00 5B", 256, 0x5B, "01 00 01"));
    struct slice spki = rsa_spki(NULL_DER, "00 C0", 128, 0x5B, "01 00 01");
    for (size_t size = 0; size < spki.size; size += 3)
        refuse_public("cut short", pcai_slice(spki.data, size));
}

static void rsa_public_keys_of_another_shape(void **state)
{
    (void)state;
    static const struct {
        const char *what, *bits; /* what stands in the BIT STRING */
    } rows[] = {
        {"empty", ""}, {"an empty sequence", "30 00"}, {"zero", "30 06 02 01 00 02 01 00"}, {"no exponent", "30 03 02 01 05"},
        {"three numbers", "30 0B 02 01 05 02 03 01 00 01 02 01 03"}, {"octets behind", "30 08 02 01 05 02 03 01 00 01 05 00"},
        {"a set", "31 08 02 01 05 02 03 01 00 01"}, {"empty integers", "30 04 02 00 02 00"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = {0};
        size_t info = pcai_der_begin(&out, DER_SEQUENCE);
        pcai_buf_slice(&out, octets("30 0D 06 09 2A864886F70D010101 05 00"));
        pcai_der_bits(&out, octets(rows[i].bits), 0);
        pcai_der_end(&out, info);
        refuse_public(rows[i].what, pcai_buf_view(&out));
        pcai_buf_free(&out);
    }
    /* id-RSASSA-PSS */
    refuse_public("PSS", octets_and("30 82 01 20 30 0B 06 09 2A864886F70D01010A 03 82 01 0F 00 30 82 01 0A 02 82 01 01 00", 256, 0xC1));
}

/* ---- Moduli that anyone can factor ---- */

static struct slice spki_of_modulus(const char *n)
{
    static struct buf out;
    pcai_buf_free(&out);
    pcai_buf_slice(&out, octets("30 82 01 22 30 0D 06 09 2A864886F70D010101 05 00 03 82 01 0F 00 30 82 01 0A 02 82 01 01 00"));
    pcai_buf_slice(&out, octets(n));
    pcai_buf_slice(&out, octets("02 03 01 00 01"));
    struct slice kept = octets_and("", out.size, 0);
    memcpy((uint8_t *)kept.data, out.data, out.size);
    pcai_buf_free(&out);
    return kept;
}

/* Made by openssl prime and Python: 9973 is the largest prime below 10,000. The other forms are in the tests of CSRs. */
static void weak_moduli_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why, *n;
    } rows[] = {
        {"small factor",
         "ffaae5af044d4237393be0ab6b1e1f14d1f4b7dba192ca75d89588602f6486b0357496df8247a4c55c215c38e03c392f423f79573f0c44b55a541c2fa1bd6ab2"
         "d2ca281aa3f52dfbefcb44fe619ad7175511a587ffc1c0a14bbea36710440bf3199e36585d352586a23319b983dfc868d3c6c18f90b5ddc370ac118c51d7f266"
         "09e8de6ed573ed9ba4108d22eb53576f118c648efe62f8a590a55088526015182a579fe5f90b163306e92fd141994bbf4c8d0fb25e72f0b506734d4cd7fabb0e"
         "099a879a517374f07c0c4e027ea0e257c1e1f1babc1456f1f35a1609f701885ac5662f7470d922c910cba9bb37c12b5456c21d64a28f00da32f7adda28df9281"},
        {"Fermat", /* the square of a prime */
         "b5996a2eea1747d3174e4a5ba58f5e238d338aeae495a2c0fba9377404b440e5a87f58cebaf12be3d42c69e907d7aa7f7ce597ed0ea1f42ea51196b3eb63877a"
         "ba80cf90671c7bdc21c073b664c811eeb02252a18eec2a9aab6db9a012e39230f7a15fa0fa218f126ff75338ab1b19928ac2c2ce575a57d72ff29fb1e10d22ef"
         "6df16a72ecca016795ba4ff852d8bdf4c0d45df919b711e52fcc2e57c42dcefe21a2b97db6ebde88b855ad1715f01fa80e6cbc8b7fcc581fdf894ed268f81f14"
         "081efc5fd45526036a2383d362aaf49dbc18d0cb7e8dcff5ceedf5da931bf5857b53fcab0706b5f7dad39f6a7393352676e0e61981279d68ea276c4053ce57b9"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct public_key *key;
        assert_done(pcai_public_read(spki_of_modulus(rows[i].n), &key, &err));
        assert_result(PCA_E_ALGORITHM, "public_key", pcai_public_check_weak(key, &err));
        assert_says(rows[i].why);
        pcai_public_free(key);
    }
}

/* ---- Keyring ---- */

static const uint8_t region_key[PCAI_SEAL_KEY] = {9, 8, 7};

static void a_sealed_key_opens_for_its_owner_only(void **state)
{
    (void)state;
    static const struct key_owner owner = {'c', 7, 1};
    static const struct key_owner others[] = {{'e', 7, 1}, {'c', 8, 1}, {'c', 7, 2}, {'c', 7 + ((uint64_t)1 << 32), 1}, {'c', 1, 7}};
    struct random *random = system_random();
    struct keyring *ring, *foreign;
    struct key *key;
    struct buf sealed = {0}, pkcs8 = {0};
    const uint8_t other_key[PCAI_SEAL_KEY] = {9, 8, 6};
    assert_done(pcai_keyring_new(region_key, &ring, &err));
    assert_done(pcai_keyring_new(other_key, &foreign, &err));
    assert_done(pcai_key_read(octets(P256_PKCS8(P256_D)), random, &key, &err));
    assert_done(pcai_keyring_seal(ring, &owner, key, random, &sealed, &err));
    for (size_t i = 0; i < sealed.size - 32; i++)
        assert_memory_not_equal(sealed.data + i, octets(P256_D).data, 32);
    for (size_t i = 0; i < COUNT(others); i++)
        assert_result(PCA_E_CORRUPT, NULL, pcai_keyring_unseal(ring, &others[i], pcai_buf_view(&sealed), &pkcs8, &err));
    assert_result(PCA_E_CORRUPT, NULL, pcai_keyring_unseal(foreign, &owner, pcai_buf_view(&sealed), &pkcs8, &err));
    assert_int_equal(pkcs8.size, 0);
    assert_done(pcai_keyring_unseal(ring, &owner, pcai_buf_view(&sealed), &pkcs8, &err));
    struct key *back;
    assert_done(pcai_key_read(pcai_buf_view(&pkcs8), random, &back, &err));
    assert_slice(pcai_key_public(key), pcai_key_public(back));
    pcai_key_free(back);
    pcai_key_free(key);
    pcai_buf_free(&sealed);
    pcai_buf_free(&pkcs8);
    pcai_keyring_free(ring);
    pcai_keyring_free(foreign);
    pcai_keyring_free(NULL);
    pcai_random_free(random);
}

static void a_ring_unseals_once(void **state)
{
    (void)state;
    static const struct key_owner first = {'c', 1, 1}, second = {'c', 1, 2};
    struct random *random = system_random();
    struct keyring *ring;
    struct key *key;
    const struct key *a, *b, *c = POISON;
    struct buf sealed = {0};
    assert_done(pcai_keyring_new(region_key, &ring, &err));
    assert_done(pcai_key_read(octets(P256_PKCS8(P256_D)), random, &key, &err));
    assert_done(pcai_keyring_seal(ring, &first, key, random, &sealed, &err));
    assert_done(pcai_keyring_load(ring, &first, pcai_buf_view(&sealed), random, &a, &err));
    assert_done(pcai_keyring_load(ring, &first, pcai_slice_text("not looked at"), random, &b, &err));
    assert_ptr_equal(a, b);
    assert_slice(pcai_key_public(key), pcai_key_public(a));
    assert_result(PCA_E_CORRUPT, NULL, pcai_keyring_load(ring, &second, pcai_buf_view(&sealed), random, &c, &err));
    assert_poisoned(c);
    pcai_key_free(key);
    pcai_buf_free(&sealed);
    pcai_keyring_free(ring);
    pcai_random_free(random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_are_made_are_sound),
        cmocka_unit_test(keys_of_openssl_are_read_and_written_back),
        cmocka_unit_test(a_verifier_hashes_as_it_is_told),
        cmocka_unit_test(ecdsa_is_deterministic_by_rfc_6979),
        cmocka_unit_test(a_digest_is_signed_as_its_message),
        cmocka_unit_test(ecdsa_signatures_that_are_wrong),
        cmocka_unit_test(rsa_signatures_that_are_wrong),
        cmocka_unit_test(one_key_signs_on_many_threads),
        cmocka_unit_test(keys_of_other_kinds_are_not_made),
        cmocka_unit_test(a_curve_that_mbedtls_lacks_is_unsupported),
        cmocka_unit_test(no_key_is_made_without_random),
        cmocka_unit_test(what_may_follow_an_ec_key),
        cmocka_unit_test(private_keys_that_are_wrong),
        cmocka_unit_test(a_changed_rsa_key_is_refused),
        cmocka_unit_test(ec_public_keys_that_are_wrong),
        cmocka_unit_test(rsa_moduli_by_their_bits),
        cmocka_unit_test(keys_that_stand_in),
        cmocka_unit_test(rsa_public_keys_that_are_wrong),
        cmocka_unit_test(rsa_public_keys_of_another_shape),
        cmocka_unit_test(weak_moduli_are_refused),
        cmocka_unit_test(a_sealed_key_opens_for_its_owner_only),
        cmocka_unit_test(a_ring_unseals_once),
    };
    return cmocka_run_group_tests_name("keys", tests, scratch_setup, scratch_teardown);
}
