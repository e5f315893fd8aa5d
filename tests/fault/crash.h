/* What shim and tests share: the trace of a store's writes. */
#ifndef PCA_TESTS_FAULT_CRASH_H
#define PCA_TESTS_FAULT_CRASH_H

#include <stdint.h>

/* TRACE_SYNCED_WRITE is on disk when it returns (O_DSYNC), without those before it; TRACE_SYNC brings all before it there. */
enum trace_kind { TRACE_WRITE = 1, TRACE_SYNCED_WRITE, TRACE_SYNC, TRACE_SAID };
struct trace_head {
    uint32_t kind, size;
    uint64_t offset;
};

#endif
