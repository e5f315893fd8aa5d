/* Faults for a program that links the archive: the n-th call of one kind fails, or all from the n-th on. */
#ifndef PCA_TESTS_FAULT_NTH_H
#define PCA_TESTS_FAULT_NTH_H

/* MEMORY: the library's own allocations. HEAP: everyone's. STORE: calls of LMDB. FILES: system calls on files. */
enum source { MEMORY, HEAP, STORE, FILES, RANDOM, CLOCK, SOURCES };

struct fault {
    int armed, persistent;
    enum source source;
    long at, seen, struck; /* from 1 */
    int error;             /* of STORE and FILES: errno or an LMDB code */
};
extern struct fault fault;

/* 1: this call is to fail. */
int strike(enum source source);
/* Blocks of memory not yet freed; -1: not known in this build, whose sanitizer tells of leaks. */
long heap_blocks(void);

#endif
