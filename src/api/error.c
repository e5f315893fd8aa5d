#include "base/error.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

const char *pca_version(void)
{
    return PCA_VERSION;
}

const char *pca_code_name(int code)
{
    static const char *const names[] = {
        "PCA_OK",           "PCA_E_INVALID",  "PCA_E_NOT_FOUND",   "PCA_E_EXISTS",     "PCA_E_STATE",       "PCA_E_PARENT_STATE",
        "PCA_E_EXPIRED",    "PCA_E_QUOTA",    "PCA_E_ALGORITHM",   "PCA_E_VALIDITY",   "PCA_E_NAME",        "PCA_E_SAN",
        "PCA_E_CONSTRAINT", "PCA_E_CSR",      "PCA_E_LINT",        "PCA_E_PENDING",    "PCA_E_REVIEW",      "PCA_E_NOT_EXPORTABLE",
        "PCA_E_DEVICE",     "PCA_E_PIN",      "PCA_E_TOKEN_REUSED", "PCA_E_CLOCK",     "PCA_E_LOCKED",      "PCA_E_READ_ONLY",
        "PCA_E_VERSION",    "PCA_E_BUSY",     "PCA_E_CANCELLED",   "PCA_E_CLOSED",     "PCA_E_FORKED",      "PCA_E_UNSUPPORTED",
        "PCA_E_PERMISSION", "PCA_E_NO_MEMORY", "PCA_E_FULL",       "PCA_E_STORAGE",    "PCA_E_CORRUPT",     "PCA_E_CRYPTO",
        "PCA_E_INTERNAL",
    };
    return code <= 0 && code > -(int)(sizeof names / sizeof *names) ? names[-code] : "PCA_E_UNKNOWN";
}

pca_error *pca_error_new(void)
{
    return pcai_alloc(sizeof(pca_error));
}

void pca_error_free(pca_error *error)
{
    pcai_free(error);
}

void pca_error_clear(pca_error *error)
{
    if (error)
        memset(error, 0, sizeof *error);
}

int pca_error_code(const pca_error *error)
{
    return error ? error->code : PCA_OK;
}

const char *pca_error_object(const pca_error *error)
{
    return error ? error->object : "";
}

const char *pca_error_field(const pca_error *error)
{
    return error ? error->field : "";
}

const char *pca_error_message(const pca_error *error)
{
    return error ? error->message : "";
}

int pca_error_device_code(const pca_error *error)
{
    return error ? error->device_code : 0;
}

int pca_error_tries_left(const pca_error *error)
{
    return error ? error->tries - 1 : -1;
}

void pca_error_set_tries(pca_error *error, int tries_left)
{
    if (error && tries_left >= 0 && tries_left < 1000)
        error->tries = tries_left + 1;
}

void pca_error_set(pca_error *error, int code, int device_code, const char *message)
{
    if (!error)
        return;
    char copy[sizeof error->message];
    pcai_text_copy(copy, sizeof copy, message ? message : "");
    pca_error_clear(error);
    error->code = code;
    error->device_code = device_code;
    memcpy(error->message, copy, sizeof copy);
}
