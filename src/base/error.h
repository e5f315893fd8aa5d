/* Errors: code, object, field and one line of text, in a pca_error of the caller's. */
#ifndef PCAI_ERROR_H
#define PCAI_ERROR_H

#include "pca/driver.h"

/* Not a failure: the rules changed under a change, which must be built again. Never leaves the library. */
#define PCAI_AGAIN 1

/* Fills err, which may be NULL, and returns code. field may be NULL. Cannot fail; long texts are cut at a character. */
int pcai_fail(pca_error *err, int code, const char *object, const char *field, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
int pcai_no_memory(pca_error *err);
/* An errno: NO_MEMORY, PERMISSION, FULL, READ_ONLY, NOT_FOUND or STORAGE. What was tried comes first: "open /a/b". */
int pcai_fail_errno(pca_error *err, int error, const char *object, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Names the object of an error filled by a lower room that did not know it. */
void pcai_error_name_object(pca_error *err, const char *object);
/* Names the field likewise: where a lower room checked a value without knowing which argument it was. */
void pcai_error_name_field(pca_error *err, const char *field);
/* A callback of the host's failed with rc. What it said stays; a code that is none of ours becomes `fallback`, and one that
 * said nothing gets "the <what> failed". Returns the code. */
int pcai_fail_host(pca_error *err, int rc, int fallback, const char *object, const char *what);
void pcai_error_copy(pca_error *to, const pca_error *from);

/* A pca_error that lives in a struct or on the stack of library code. */
struct pca_error {
    int code;
    int device_code;
    int tries; /* tries left and one; 0: unknown */
    char object[96];
    char field[48];
    char message[320];
};

#endif
