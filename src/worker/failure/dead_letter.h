/* Dead letters: what a message that cannot be handled looks like in its dead-letter topic. Pure. */
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
    int retries; /* made in vain */
};

/* The record is too large: of what we say in it, less is said each time. */
enum { MR_DEAD_LETTER_CUTS = 2 };

/* Addresses the letter and adds what is known of the message's end. False, with an empty topic,
 * where the template gives no topic's name. */
bool mr_dead_letter_write(struct mr_letter *letter, const struct mr_policy *policy,
                          const struct mr_dead *dead);

#endif
