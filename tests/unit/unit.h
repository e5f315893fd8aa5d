/*
 * What the unit tests share on top of the API tests' support: octets from hexadecimal, checks of results and of octets, and
 * a directory of the program's own. They see what is hidden, through the archive.
 */
#ifndef PCA_TESTS_UNIT_H
#define PCA_TESTS_UNIT_H

#include "../api/support.h"

#include "base/buffer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Results ---- */

/* What the calls below are given; emptied before each. */
extern pca_error err;

void check_result(int expected, const char *field, int seen, const char *call, const char *file, int line);
/* The call's code; a refusal fills err with that code, that field (NULL: not looked at) and one line of text. */
#define assert_result(expected, field, call) \
    (err = (pca_error){0}, check_result((expected), (field), (call), #call, __FILE__, __LINE__))
#define assert_done(call) assert_result(PCA_OK, NULL, call)
/* The text of the last refusal. */
void check_text(const char *text, const char *part, int wanted, const char *file, int line);
#define assert_says(part) check_text(err.message, (part), 1, __FILE__, __LINE__)
#define assert_contains(text, part) check_text((text), (part), 1, __FILE__, __LINE__)
#define assert_lacks(text, part) check_text((text), (part), 0, __FILE__, __LINE__)

/* ---- Octets ---- */

/*
 * Octets written as text:
 *
 *   hexadecimal pairs, spaces between them    octets
 *   tag{ ... }                                an element: the tag, the length in its shortest form, the contents
 *   'text'                                    its characters
 *   (65 61)                                   65 times the octet 61
 */
void put_octets(struct buf *out, const char *text);
/* Good for the next 16 such calls. */
struct slice octets(const char *text);
/* The same, with `count` more octets of that value behind. */
struct slice octets_and(const char *text, size_t count, uint8_t value);
void check_octets(const char *expected_hex, struct slice seen, const char *what, const char *file, int line);
#define assert_octets(expected_hex, seen) check_octets((expected_hex), (seen), #seen, __FILE__, __LINE__)
/* The buffer's octets; it is freed. */
#define assert_buf_octets(expected_hex, buf) \
    (assert_false((buf)->failed), check_octets((expected_hex), pcai_buf_view(buf), #buf, __FILE__, __LINE__), pcai_buf_free(buf))
void check_slice(struct slice expected, struct slice seen, const char *what, const char *file, int line);
#define assert_slice(expected, seen) check_slice((expected), (seen), #seen, __FILE__, __LINE__)
#define assert_slice_text(text, seen) check_slice(pcai_slice_text(text), (seen), #seen, __FILE__, __LINE__)
/* The buffer's octets as text; it is freed. */
#define assert_buf_text(text, buf) \
    (assert_false((buf)->failed), check_slice(pcai_slice_text(text), pcai_buf_view(buf), #buf, __FILE__, __LINE__), pcai_buf_free(buf))

/* ---- Files and programs ---- */

/* For the group: a directory of the program's own. */
int scratch_setup(void **state);
int scratch_teardown(void **state);
/* A path in it; good for the next 16 such calls. */
const char *scratch(const char *name);
const char *scratch_put(const char *name, struct slice data);
/* The file's octets; pcai_buf_free. */
struct buf scratch_get(const char *name);
/* Skips the test where there is no openssl to judge by. */
void need_openssl(void);
/* Ends a child process. By exec, since what it inherited of LMDB's cannot be given back there, which is no leak of ours. */
void exit_child(int status);
#define openssl(...) assert_run(0, "openssl", __VA_ARGS__)

#endif
