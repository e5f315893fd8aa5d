/* Chance, repeatable by its seed, and names of every form that are well-formed. */
#ifndef TESTS_JUDGES_CHANCE_H
#define TESTS_JUDGES_CHANCE_H

#include <stddef.h>
#include <stdint.h>

#define HOST_MAX 253
#define URI_MAX 1024

void chance_begin(uint64_t seed);
uint64_t chance(void);
/* From low to high, both included. */
uint64_t between(uint64_t low, uint64_t high);
int one_in(uint64_t n);

/* Each writes to out and returns it.
 * UTF-8 of 1 to most characters, often exactly most. Neither end is a space, and one character at least is a letter. */
char *text(char *out, uint64_t most);
/* A host name of least or more labels and at most so many octets, more than a label may have. */
char *host(char *out, size_t most, unsigned least);
/* A DNS name, perhaps a wildcard, below the domain (".example.com", or "") and never a wildcard right below it. */
char *dns(char *out, size_t most, const char *domain);
/* An IPv4 or IPv6 address; a private one lies in 10.0.0.0/8 or 2001:db8::/32. */
char *ip(char *out, int private);
char *mail(char *out);
/* A plain one has a host that is a name, and no more than 255 octets. */
char *uri(char *out, int plain);

#endif
