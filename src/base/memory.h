/* Memory: every allocation of the library's own code goes through pcai_alloc, which tests replace at link time. */
#ifndef PCAI_MEMORY_H
#define PCAI_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed; NULL when out of memory. A size of 0 gives a unique pointer. */
void *pcai_alloc(size_t size);
void *pcai_alloc_array(size_t count, size_t size);
void pcai_free(void *p);
/* NULL stays NULL only when out of memory: text must not be NULL. */
char *pcai_strdup(const char *text);
char *pcai_strndup(const char *text, size_t size);

/* Cannot be optimised away. */
void pcai_wipe(void *p, size_t size);
void pcai_wipe_free(void *p, size_t size);
/* For secrets: 1 if equal, in a time that depends on size alone. */
int pcai_equal_secret(const void *a, const void *b, size_t size);

#endif
