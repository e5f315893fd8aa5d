/*
 * Fuzz targets, one for each reader of octets from outside. A target takes any octets, and besides not crashing holds what it reads
 * against what the library itself makes of it: what was read can be written and read again.
 *
 * Each is built twice: with replay.c, to go through the corpus in every build, and with libFuzzer (option fuzz, tools/fuzz).
 */
#ifndef PCA_TESTS_FUZZ_H
#define PCA_TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/der.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PASSWORD "vectors" /* of tests/vectors/formats */

/* ---- What libFuzzer calls ---- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
/* mutate.c: changes one element and keeps the lengths around it right. */
size_t mutate_der(uint8_t *data, size_t size, size_t most, unsigned seed);
/* libFuzzer's own, or replay.c's. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

/* ---- Checks ---- */

#define must(condition) ((condition) ? (void)0 : broken(#condition, __FILE__, __LINE__))
static inline void broken(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

/* A refusal says why, in one line. */
static inline void must_say(int rc, const pca_error *err)
{
    must(rc == PCA_OK || (err->code == rc && *err->message && !strchr(err->message, '\n')));
}

/* Empty, or inside. */
static inline void must_lie_in(struct slice part, struct slice whole)
{
    must(part.size == 0 || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size));
}

/* ---- Inputs ---- */

/* The first octet of an input that has settings in front of what is read. */
static inline uint8_t take_octet(struct slice *in)
{
    if (in->size == 0)
        return 0;
    uint8_t octet = *in->data;
    *in = pcai_slice(in->data + 1, in->size - 1);
    return octet;
}

/* Octets that look random and are always the same. */
struct random;
struct random *steady_random(void);

#endif
