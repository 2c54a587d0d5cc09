/* The reason why a message is not done, and how far the message is on its way to another topic.
 * Outlives the handler. Only messages that fail or are moved have one. */
#ifndef MR_WORKER_JOB_FAILURE_H
#define MR_WORKER_JOB_FAILURE_H

#include "lua/vm.h"

enum { MR_FAILURE_MESSAGE = 4096, MR_FAILURE_TRACE = 16384 }; /* bytes at most */

enum mr_forward { MR_ASIDE_NONE, MR_ASIDE_DEAD_LETTER, MR_ASIDE_RETRY, MR_ASIDE_LATER };

struct mr_failure {
    struct mr_fault fault; /* its texts are cut to a sane size, in the same block of memory */
    enum mr_forward aside; /* the topic for the message; the members below are for the way there
                            (worker/failure/forward.h) */
    int64_t at;            /* wall ms */
    int64_t delay;         /* ms, of a retry */
    int cut;               /* how often the record was cut, because it was too large */
    bool any_partition;    /* that topic lacks the message's partition */
    int refused;           /* refusals of a dead letter in its final form */
    bool blocks;           /* its partition waits for it */
};

/* Copies the fault into one block: free() it. */
struct mr_failure *mr_failure_new(const struct mr_fault *fault);
/* Returns a fault of the worker's own making, with status 500. Borrows the message. */
struct mr_fault mr_failure_own(enum mr_fault_kind kind, const char *message);
/* Returns the first bytes of the text: `most`, or fewer so that the last character is whole. */
struct mr_bytes mr_failure_cut(struct mr_bytes text, size_t most);

#endif
