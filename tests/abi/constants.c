/*
 * Every PCA_ number, written by hand: codes and choices are kept in hosts' programs and databases, so that a number, once
 * released, never changes. A new constant of the headers gets its line here; the line is never edited afterwards.
 *
 *   test_constants HEADER...
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pca/driver.h>

/* As octets of 64 bits, so that PCA_ANY and the negative codes fit one table. */
#define IS(name, number) {#name, (uint64_t)(name), (uint64_t)(number)}

static const struct constant {
    const char *name;
    uint64_t is, should_be;
} constants[] = {
    IS(PCA_OK, 0),
    IS(PCA_E_INVALID, -1),
    IS(PCA_E_NOT_FOUND, -2),
    IS(PCA_E_EXISTS, -3),
    IS(PCA_E_STATE, -4),
    IS(PCA_E_PARENT_STATE, -5),
    IS(PCA_E_EXPIRED, -6),
    IS(PCA_E_QUOTA, -7),
    IS(PCA_E_ALGORITHM, -8),
    IS(PCA_E_VALIDITY, -9),
    IS(PCA_E_NAME, -10),
    IS(PCA_E_SAN, -11),
    IS(PCA_E_CONSTRAINT, -12),
    IS(PCA_E_CSR, -13),
    IS(PCA_E_LINT, -14),
    IS(PCA_E_PENDING, -15),
    IS(PCA_E_REVIEW, -16),
    IS(PCA_E_NOT_EXPORTABLE, -17),
    IS(PCA_E_DEVICE, -18),
    IS(PCA_E_PIN, -19),
    IS(PCA_E_TOKEN_REUSED, -20),
    IS(PCA_E_CLOCK, -21),
    IS(PCA_E_LOCKED, -22),
    IS(PCA_E_READ_ONLY, -23),
    IS(PCA_E_VERSION, -24),
    IS(PCA_E_BUSY, -25),
    IS(PCA_E_CANCELLED, -26),
    IS(PCA_E_CLOSED, -27),
    IS(PCA_E_FORKED, -28),
    IS(PCA_E_UNSUPPORTED, -29),
    IS(PCA_E_PERMISSION, -30),
    IS(PCA_E_NO_MEMORY, -31),
    IS(PCA_E_FULL, -32),
    IS(PCA_E_STORAGE, -33),
    IS(PCA_E_CORRUPT, -34),
    IS(PCA_E_CRYPTO, -35),
    IS(PCA_E_INTERNAL, -36),

    IS(PCA_KIND_PRIVATE, 1),
    IS(PCA_KIND_COMPLIANCE, 2),

    IS(PCA_FAMILY_RSA, 1),
    IS(PCA_FAMILY_ECC, 2),
    IS(PCA_FAMILY_SM2, 3),

    IS(PCA_KEY_RSA_1024, 1),
    IS(PCA_KEY_RSA_2048, 2),
    IS(PCA_KEY_RSA_3072, 3),
    IS(PCA_KEY_RSA_4096, 4),
    IS(PCA_KEY_EC_P256, 5),
    IS(PCA_KEY_EC_P384, 6),
    IS(PCA_KEY_EC_P521, 7),
    IS(PCA_KEY_SM2, 8),

    IS(PCA_CA_PURCHASED, 1),
    IS(PCA_CA_ENABLED, 2),
    IS(PCA_CA_DISABLED, 3),
    IS(PCA_CA_REVOKED, 4),

    IS(PCA_CERT_SERVER, 1),
    IS(PCA_CERT_CLIENT, 2),
    IS(PCA_CERT_BOTH, 3),
    IS(PCA_CERT_CUSTOM, 4),

    IS(PCA_STATUS_PENDING, 1),
    IS(PCA_STATUS_ISSUED, 2),
    IS(PCA_STATUS_REVOKED, 3),
    IS(PCA_STATUS_REJECTED, 4),
    IS(PCA_STATUS_CANCELLED, 5),

    /* RFC 5280 4.2.1.6: GeneralName ::= CHOICE { rfc822Name [1], dNSName [2], uniformResourceIdentifier [6], iPAddress [7] } */
    IS(PCA_SAN_EMAIL, 1),
    IS(PCA_SAN_DNS, 2),
    IS(PCA_SAN_DIRECTORY, 4),
    IS(PCA_SAN_URI, 6),
    IS(PCA_SAN_IP, 7),

    IS(PCA_CONTAINER_MANAGED, 1),
    IS(PCA_CONTAINER_USBKEY, 2),
    IS(PCA_CONTAINER_CSR, 3),
    IS(PCA_CONTAINER_PUBLIC, 4),

    /* RFC 5280 5.3.1: CRLReason. */
    IS(PCA_REASON_UNSPECIFIED, 0),
    IS(PCA_REASON_KEY_COMPROMISE, 1),
    IS(PCA_REASON_CA_COMPROMISE, 2),
    IS(PCA_REASON_AFFILIATION_CHANGED, 3),
    IS(PCA_REASON_SUPERSEDED, 4),
    IS(PCA_REASON_CESSATION_OF_OPERATION, 5),
    IS(PCA_REASON_PRIVILEGE_WITHDRAWN, 9),

    IS(PCA_FORMAT_PEM, 1),
    IS(PCA_FORMAT_DER, 2),
    IS(PCA_FORMAT_PFX, 3),
    IS(PCA_FORMAT_JKS, 4),
    IS(PCA_FORMAT_PKCS8, 5),
    IS(PCA_FORMAT_CRT, 6),
    IS(PCA_FORMAT_PKCS7, 7),

    IS(PCA_WITH_CHAIN, 1),
    IS(PCA_WITH_ROOT, 2),
    IS(PCA_PLAIN_KEY, 4),
    IS(PCA_LEGACY, 8),
    IS(PCA_WITH_PASSWORD_FILE, 16),

    IS(PCA_ANY, 18446744073709551615u),

    IS(PCA_CLOCK_VERSION, 1),
    IS(PCA_ENTROPY_VERSION, 1),
    IS(PCA_SOURCE_VERSION, 1),
    IS(PCA_PROGRESS_VERSION, 1),
    IS(PCA_KEY_WRAPPER_VERSION, 1),
    IS(PCA_WRAPPED_MAX, 4096),
    IS(PCA_SINK_VERSION, 1),
    IS(PCA_CONTAINER_DRIVER_VERSION, 1),
    IS(PCA_SIGN_DIGEST, 1),
    IS(PCA_SIGN_MESSAGE, 2),
    IS(PCA_CERTIFICATE_SIGNING, 1),
    IS(PCA_CERTIFICATE_ENCRYPTION, 2),
};

static const char *const no_numbers[] = {"PCA_PCA_H", "PCA_DRIVER_H", "PCA_API"};

static const struct constant *find(const char *name)
{
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (strcmp(constants[i].name, name) == 0)
            return &constants[i];
    return NULL;
}

/* Reads the macros of a header's text: how many are in the table, and the first that should be and is not, or "". */
static size_t guarded(const char *header, char missing[64])
{
    size_t count = 0;
    missing[0] = 0;
    for (const char *at = header; (at = strstr(at, "#define")) != NULL;) {
        char name[64];
        int is_number = 1;
        at += strlen("#define");
        if (sscanf(at, " %63[A-Za-z0-9_]", name) != 1)
            continue;
        for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++)
            is_number = is_number && strcmp(name, no_numbers[i]) != 0;
        if (is_number && find(name))
            count++;
        else if (is_number && !missing[0])
            memcpy(missing, name, sizeof name);
    }
    return count;
}

static char *headers; /* their texts, one after the other */

static void append_file(const char *path)
{
    size_t had = headers ? strlen(headers) : 0;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    headers = realloc(headers, had + (size_t)size + 1);
    assert_non_null(headers);
    assert_int_equal(fread(headers + had, 1, (size_t)size, file), size);
    headers[had + (size_t)size] = 0;
    fclose(file);
}

/* ---- Cases ---- */

static void numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        if (constants[i].is != constants[i].should_be)
            fail_msg("%s is %lld, not %lld", constants[i].name, (long long)constants[i].is, (long long)constants[i].should_be);
        if (find(constants[i].name) != &constants[i])
            fail_msg("%s is listed twice", constants[i].name);
    }
}

static void every_constant_is_guarded(void **state)
{
    (void)state;
    char missing[64];
    size_t count = guarded(headers, missing);
    if (missing[0])
        fail_msg("%s has no line in this test", missing);
    assert_int_equal(count, sizeof constants / sizeof *constants);
}

static void control_unguarded(void **state)
{
    (void)state;
    char missing[64];
    assert_int_equal(guarded("#define PCA_OK 0\n#define PCA_E_NEW (-99)\n#define PCA_E_INVALID (-1)\n", missing), 2);
    assert_string_equal(missing, "PCA_E_NEW");
    assert_int_equal(guarded("#define PCA_API\n#define PCA_E_INTERNAL (-36) /* a defect */\n", missing), 1);
    assert_string_equal(missing, "");
}

static void code_names(void **state)
{
    (void)state;
    unsigned codes = 0;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        if (strcmp(constants[i].name, "PCA_OK") != 0 && strncmp(constants[i].name, "PCA_E_", 6) != 0)
            continue;
        assert_string_equal(pca_code_name((int)(int64_t)constants[i].should_be), constants[i].name);
        codes++;
    }
    assert_int_equal(codes, 37);
}

static void no_code(void **state)
{
    (void)state;
    static const int none[] = {1, 2, -37, -1000, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_string_equal(pca_code_name(none[i]), "PCA_E_UNKNOWN");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),   cmocka_unit_test(every_constant_is_guarded), cmocka_unit_test(control_unguarded),
        cmocka_unit_test(code_names), cmocka_unit_test(no_code),
    };
    for (int i = 1; i < argc; i++)
        append_file(argv[i]);
    if (!headers) {
        fprintf(stderr, "usage: test_constants HEADER...\n");
        return 2;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(headers);
    return failed;
}
