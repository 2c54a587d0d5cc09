/* The failure policy: from the end of an attempt at a message to the next step for that message.
 * Pure. */
#ifndef MR_WORKER_FAILURE_VERDICT_H
#define MR_WORKER_FAILURE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/metrics.h"
#include "lua/vm.h"
#include "worker/routing/policy.h"
#include "worker/wire/reply.h"

/* A message at the end of an attempt. */
struct mr_trial {
    bool is_request;
    bool answered; /* its reply was sent: nobody gets an error reply later */
    bool raw;      /* the codec of its route */
    int retries;   /* before this attempt: 0 at the first */
    const struct mr_policy *policy;
    uint64_t random; /* for the jitter */
};

struct mr_verdict {
    bool answers; /* send `answer` */
    struct mr_answer answer;
    bool retries;   /* retry in `delay` ms; else this was the last attempt */
    bool uncounted; /* the message was not at fault: the retry does not count */
    int64_t delay;
    bool dead_letters;
    bool log;              /* the fault concerns the operator */
    enum mr_status status; /* the result to count, if this was the last attempt */
};

/* Judges a result that has ended: returned, raised or undecodable. The answer borrows from the
 * result. */
struct mr_verdict mr_verdict_of(const struct mr_result *result, const struct mr_trial *trial);

/* Returns how long to wait before retry number `n`, from 1, in ms: min(cap, base *
 * multiplier^(n-1)), with jitter. Never negative. */
int64_t mr_retry_delay(const struct mr_policy *policy, int n, uint64_t random);

#endif
