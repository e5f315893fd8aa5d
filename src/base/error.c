#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* As vsnprintf, cut at a character's end. Capacities are below 512. */
static void print(char *to, size_t capacity, const char *format, va_list args)
{
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    pcai_text_copy(to, capacity, text);
}

static void set(pca_error *err, int code, const char *object, const char *field, const char *format, va_list args)
{
    if (!err)
        return;
    char message[sizeof err->message];
    print(message, sizeof message, format, args); /* first: the arguments may point into err */
    err->code = code;
    err->device_code = 0;
    err->tries = 0;
    pcai_text_copy(err->object, sizeof err->object, object ? object : "");
    pcai_text_copy(err->field, sizeof err->field, field ? field : "");
    pcai_text_copy(err->message, sizeof err->message, message);
}

int pcai_fail(pca_error *err, int code, const char *object, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(err, code, object, field, format, args);
    va_end(args);
    return code;
}

int pcai_no_memory(pca_error *err)
{
    return pcai_fail(err, PCA_E_NO_MEMORY, NULL, NULL, "out of memory");
}

static int code_of_errno(int error)
{
    switch (error) {
    case ENOMEM:
        return PCA_E_NO_MEMORY;
    case EACCES:
    case EPERM:
        return PCA_E_PERMISSION;
    case EROFS:
        return PCA_E_READ_ONLY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return PCA_E_FULL;
    case ENOENT:
    case ENOTDIR:
        return PCA_E_NOT_FOUND;
    case EEXIST:
        return PCA_E_EXISTS;
    default:
        return PCA_E_STORAGE;
    }
}

int pcai_fail_errno(pca_error *err, int error, const char *object, const char *format, ...)
{
    char tried[256], reason[64];
    va_list args;
    va_start(args, format);
    print(tried, sizeof tried, format, args);
    va_end(args);
    if (strerror_r(error, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", error);
    return pcai_fail(err, code_of_errno(error), object, NULL, "%s: %s", tried, reason);
}

void pcai_error_name_object(pca_error *err, const char *object)
{
    if (err)
        pcai_text_copy(err->object, sizeof err->object, object);
}

void pcai_error_name_field(pca_error *err, const char *field)
{
    if (err)
        pcai_text_copy(err->field, sizeof err->field, field);
}

int pcai_fail_host(pca_error *err, int rc, int fallback, const char *object, const char *what)
{
    int code = rc < 0 && rc >= PCA_E_INTERNAL ? rc : fallback;
    if (!err)
        return code;
    if (!*err->message)
        return pcai_fail(err, code, object, what, "the host's %s failed with code %d", what, rc);
    err->code = code;
    if (!*err->object)
        pcai_error_name_object(err, object);
    return code;
}

void pcai_error_copy(pca_error *to, const pca_error *from)
{
    if (to && from)
        *to = *from;
}
