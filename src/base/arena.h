/* Many small copies with one lifetime; wiped and freed together. */
#ifndef PCAI_ARENA_H
#define PCAI_ARENA_H

#include "base/buffer.h"

struct arena {
    struct arena_block *first;
    int failed; /* out of memory: sticks, like a buf's */
};

void *pcai_arena_alloc(struct arena *a, size_t size);
/* NUL-terminated; "" when out of memory, so that the result can be used until `failed` is looked at. */
const char *pcai_arena_text(struct arena *a, struct slice text);
struct slice pcai_arena_slice(struct arena *a, struct slice s);
void pcai_arena_free(struct arena *a);

#endif
