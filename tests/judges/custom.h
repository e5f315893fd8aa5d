/* What PCA_CERT_CUSTOM adds to a request, at random. */
#ifndef TESTS_JUDGES_CUSTOM_H
#define TESTS_JUDGES_CUSTOM_H

#include <pca/pca.h>

/* The arc of examples (RFC 5612 2); judges take extensions below it for nothing to worry about. */
#define EXAMPLE_ARC "1.3.6.1.4.1.32473"

struct purposes {
    int server, client, any; /* any: none was asked for, which is every one */
};

struct purposes custom_purposes(pca_request *request);
/* Policies, extensions, and attributes of the subject. Returns how many alternative names went with them. */
uint64_t custom_extras(pca_request *request);

#endif
