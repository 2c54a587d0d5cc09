/* Dead letters: the form of a message in its dead-letter topic. Pure. */
#ifndef MR_WORKER_FAILURE_DEAD_LETTER_H
#define MR_WORKER_FAILURE_DEAD_LETTER_H

#include "worker/failure/forward_record.h"
#include "worker/job/failure.h"
#include "worker/job/origin.h"
#include "worker/routing/policy.h"

struct mr_dead {
    struct mr_origin origin;
    const char *group_id;
    const struct mr_failure *failure;
    int retries; /* retries made before */
};

/* How often a record that is too large can be cut. Each cut leaves less of the texts in our
 * headers. */
enum { MR_DEAD_LETTER_CUTS = 2 };

/* Addresses the letter, and adds our headers about the failure. Returns false, with an empty topic,
 * if the template gives no legal topic name. */
bool mr_dead_letter_write(struct mr_forward_record *letter, const struct mr_policy *policy,
                          const struct mr_dead *dead);

#endif
