#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void *pcai_alloc(size_t size)
{
    return calloc(1, size ? size : 1);
}

void *pcai_alloc_array(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return pcai_alloc(count * size);
}

void pcai_free(void *p)
{
    free(p);
}

char *pcai_strndup(const char *text, size_t size)
{
    char *copy = pcai_alloc(size + 1);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

char *pcai_strdup(const char *text)
{
    return pcai_strndup(text, strlen(text));
}

/* The empty statement may read the octets, so that no compiler leaves the stores before a free out. */
void pcai_wipe(void *p, size_t size)
{
    if (size)
        memset(p, 0, size);
    __asm__ __volatile__("" : : "r"(p) : "memory");
}

void pcai_wipe_free(void *p, size_t size)
{
    if (p)
        pcai_wipe(p, size);
    pcai_free(p);
}

int pcai_equal_secret(const void *a, const void *b, size_t size)
{
    const volatile unsigned char *x = a, *y = b;
    unsigned char different = 0;
    for (size_t i = 0; i < size; i++)
        different |= (unsigned char)(x[i] ^ y[i]);
    return different == 0;
}
