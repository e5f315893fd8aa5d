#include "cli.h"

#include <stdio.h>

/* The exit status of each class of failure (pca(1), EXIT STATUS), and what to do about a code. */
static const struct {
    int code, status;
    const char *hint;
} classes[] = {
    {PCA_E_INVALID, 2, NULL},
    {PCA_E_NOT_FOUND, 3, NULL},
    {PCA_E_EXISTS, 4, NULL},
    {PCA_E_STATE, 4, "pca tree shows the state of every CA"},
    {PCA_E_PARENT_STATE, 4, "pca tree shows the state of every CA; a root is enabled before its subordinates"},
    {PCA_E_EXPIRED, 4, "a service term is lengthened by pca root renew or pca sub renew, a CA certificate by pca ca reissue"},
    {PCA_E_PENDING, 4, "pca review list shows what waits; pca review approve decides"},
    {PCA_E_REVIEW, 4, "pca cert show tells who asked for it and who has decided; --actor says who you are"},
    {PCA_E_NOT_EXPORTABLE, 4, "the private key was not made here; its owner has it"},
    {PCA_E_TOKEN_REUSED, 4, "take another --token, or the same inputs as before"},
    {PCA_E_QUOTA, 5, "pca quota buy adds certificates to the root, pca quota assign gives them to the subordinate"},
    {PCA_E_ALGORITHM, 6, "pca tree shows the family of each CA; the key must be of the same"},
    {PCA_E_VALIDITY, 6, "pca policy list shows the limits; --longest asks for as long as the CA allows"},
    {PCA_E_NAME, 6, NULL},
    {PCA_E_SAN, 6, NULL},
    {PCA_E_CONSTRAINT, 6, NULL},
    {PCA_E_CSR, 6, "openssl req -verify -noout -in FILE shows what is wrong with it"},
    {PCA_E_LINT, 6, "pca request --dry-run shows every finding"},
    {PCA_E_DEVICE, 7, "what a key in a token needs: --driver loads its driver, --login DRIVER:SLOT opens a session for a CA's key"},
    {PCA_E_PIN, 7, NULL},
    {PCA_E_LOCKED, 7, "give the storage key the region was created with: --key-file, --passphrase-file, --passphrase-fd or the prompt"},
    {PCA_E_READ_ONLY, 7, NULL},
    {PCA_E_PERMISSION, 7, "a region belongs to the account that created it"},
    {PCA_E_BUSY, 8, "others changed it meanwhile: try again"},
    {PCA_E_CANCELLED, 8, NULL},
    {PCA_E_CLOCK, 9, "correct the system's clock; if it is right, pca region accept-clock"},
    {PCA_E_VERSION, 9, "use a newer pca"},
    {PCA_E_FULL, 9, "make room on the disk; pca region show tells the store's ceiling, which --map-limit raises"},
    {PCA_E_STORAGE, 9, NULL},
    {PCA_E_CORRUPT, 9, "restore a backup into another directory: pca restore FILE"},
};

int exit_status(int code)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].code == code)
            return classes[i].status;
    return code == PCA_OK ? 0 : 1;
}

static const char *hint_of(int code)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (classes[i].code == code && classes[i].hint)
            return classes[i].hint;
    return "";
}

void error_print(const pca_error *error, int code, const char *hint, uint64_t next_row)
{
    const char *object = pca_error_object(error), *field = pca_error_field(error), *message = pca_error_message(error);
    hint = hint ? hint : hint_of(code);
    if (opt.json) {
        json_object *inner = json_object_new_object(), *all = json_object_new_object();
        put_text(inner, "code", pca_code_name(code));
        put_number(inner, "number", code);
        put_text(inner, "object", object);
        put_text(inner, "field", field);
        put_text(inner, "message", message);
        if (pca_error_device_code(error))
            put_number(inner, "device_code", pca_error_device_code(error));
        if (code == PCA_E_PIN && pca_error_tries_left(error) >= 0)
            put_number(inner, "tries_left", pca_error_tries_left(error));
        if (next_row)
            put_number(inner, "from", (int64_t)next_row);
        put_text(inner, "hint", hint);
        json_object_object_add(all, "error", inner);
        fprintf(stderr, "%s\n", json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(all);
        return;
    }
    fprintf(stderr, "pca: %s%s%s%s%s (%s)\n", object, *object ? ": " : "", field, *field ? ": " : "", *message ? message : "failed",
            pca_code_name(code));
    if (code == PCA_E_PIN && pca_error_tries_left(error) >= 0)
        fprintf(stderr, "     %d tries are left\n", pca_error_tries_left(error));
    if (*hint)
        fprintf(stderr, "     %s\n", hint);
}
