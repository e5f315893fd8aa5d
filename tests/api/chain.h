/* Chains as openssl verify sees them. */
#ifndef PCA_TESTS_API_CHAIN_H
#define PCA_TESTS_API_CHAIN_H

#include "leaf.h"

/* openssl verify at the clock's time, by files; CRLs are asked for where there are any. */
static inline int openssl_verify(struct fixture *f, const char *cert, const char *root, const char *const *between, const char *const *crls, char **output)
{
    const char *argv[32] = {"openssl", "verify", "-x509_strict", "-attime"};
    char when[32];
    size_t n = 4;
    snprintf(when, sizeof when, "%" PRId64, (int64_t)f->clock.now);
    argv[n++] = when;
    argv[n++] = "-CAfile";
    argv[n++] = root;
    for (; *between; between++) {
        argv[n++] = "-untrusted";
        argv[n++] = *between;
    }
    if (*crls)
        argv[n++] = "-crl_check_all";
    for (; *crls; crls++) {
        argv[n++] = "-CRLfile";
        argv[n++] = *crls;
    }
    argv[n++] = cert;
    argv[n] = NULL;
    return run_argv(output, argv);
}

static inline void check_openssl(struct fixture *f, const char *cert, const char *root, const char *const *between, const char *const *crls,
                                 const char *fault, const char *file, int line)
{
    char *output;
    int status = openssl_verify(f, cert, root, between, crls, &output);
    if ((status == 0) != (fault == NULL) || (fault && !strstr(output, fault))) {
        print_error("openssl verify was to say %s:\n%s\n", fault ? fault : "OK", output);
        _fail(file, line);
    }
    free(output);
}
#define LIST(...) (const char *const[]){__VA_ARGS__, NULL}
#define NONE (const char *const[]){NULL}
#define assert_openssl(f, cert, root, between, crls) check_openssl((f), (cert), (root), (between), (crls), NULL, __FILE__, __LINE__)
#define assert_openssl_refuses(f, cert, root, between, crls, fault) check_openssl((f), (cert), (root), (between), (crls), (fault), __FILE__, __LINE__)

#endif
