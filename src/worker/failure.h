/* A fault that has to outlive the handler it came from: a copy, its texts cut to a sane size. */
#ifndef MR_WORKER_FAILURE_H
#define MR_WORKER_FAILURE_H

#include "lua/vm.h"

enum { MR_FAILURE_MESSAGE = 4096, MR_FAILURE_TRACE = 16384 }; /* bytes at most */

struct mr_failure {
    struct mr_fault fault; /* its texts are in the same piece of memory */
};

/* In one piece: free() it. */
struct mr_failure *mr_failure_new(const struct mr_fault *fault);
/* A fault of the worker's own, which borrows the message. */
struct mr_fault mr_failure_own(enum mr_fault_kind kind, const char *message);
/* The text's first bytes, `most` of them or as many fewer as leave its last character whole. */
struct mr_bytes mr_failure_cut(struct mr_bytes text, size_t most);

#endif
