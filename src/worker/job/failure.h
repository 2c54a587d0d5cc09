/* Why a message is not done, kept beyond its handler: the fault, and how far the message has come
 * on its way aside. Only messages that fail have one. */
#ifndef MR_WORKER_JOB_FAILURE_H
#define MR_WORKER_JOB_FAILURE_H

#include "lua/vm.h"

enum { MR_FAILURE_MESSAGE = 4096, MR_FAILURE_TRACE = 16384 }; /* bytes at most */

enum mr_aside { MR_ASIDE_NONE, MR_ASIDE_DEAD_LETTER, MR_ASIDE_RETRY, MR_ASIDE_LATER };

struct mr_failure {
    struct mr_fault fault; /* its texts are in the same piece of memory, cut to a sane size */
    enum mr_aside
        aside;     /* where the message goes; the rest is for that (worker/failure/forward.h) */
    int64_t at;    /* wall ms */
    int64_t delay; /* ms, of a retry */
    int cut;       /* how often the record was too large */
    bool any_partition; /* that of the message is not there */
    int refused;        /* how often, beyond these two */
    bool blocks;        /* its partition, which waits for it */
};

/* In one piece: free() it. */
struct mr_failure *mr_failure_new(const struct mr_fault *fault);
/* A fault of the worker's own, which borrows the message. */
struct mr_fault mr_failure_own(enum mr_fault_kind kind, const char *message);
/* The text's first bytes, `most` of them or as many fewer as leave its last character whole. */
struct mr_bytes mr_failure_cut(struct mr_bytes text, size_t most);

#endif
