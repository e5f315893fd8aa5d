#include "base/arena.h"

#include <string.h>

#include "base/memory.h"

#define BLOCK_MIN 2048

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    max_align_t data[];
};

void *pcai_arena_alloc(struct arena *a, size_t size)
{
    size_t unit = sizeof(max_align_t);
    if (a->failed || size > SIZE_MAX / 2) {
        a->failed = 1;
        return NULL;
    }
    size = (size + unit - 1) / unit * unit;
    struct arena_block *block = a->first;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK_MIN ? size : BLOCK_MIN;
        block = pcai_alloc(sizeof *block + room);
        if (!block) {
            a->failed = 1;
            return NULL;
        }
        block->size = room;
        block->next = a->first;
        a->first = block;
    }
    void *p = (uint8_t *)block->data + block->used;
    block->used += size;
    return p;
}

const char *pcai_arena_text(struct arena *a, struct slice text)
{
    char *copy = pcai_arena_alloc(a, text.size + 1);
    if (!copy)
        return "";
    if (text.size)
        memcpy(copy, text.data, text.size);
    return copy;
}

struct slice pcai_arena_slice(struct arena *a, struct slice s)
{
    if (!s.data)
        return s;
    return (struct slice){(const uint8_t *)pcai_arena_text(a, s), a->failed ? 0 : s.size};
}

void pcai_arena_free(struct arena *a)
{
    while (a->first) {
        struct arena_block *block = a->first;
        a->first = block->next;
        pcai_wipe_free(block, sizeof *block + block->size);
    }
    a->failed = 0;
}
