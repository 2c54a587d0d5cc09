/* The failure policy: from how an attempt at a message ended to what becomes of the message. Pure.
 */
#ifndef MR_WORKER_FAILURE_VERDICT_H
#define MR_WORKER_FAILURE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/metrics.h"
#include "lua/vm.h"
#include "worker/routing/policy.h"
#include "worker/wire/reply.h"

/* What is known of a message when an attempt at it has ended. */
struct mr_trial {
    bool is_request;
    bool answered; /* whose reply has gone: what fails after that is told nobody */
    bool raw;      /* its route's codec */
    int retries;   /* before this attempt: 0 at the first */
    const struct mr_policy *policy;
    uint64_t random; /* for the jitter */
};

struct mr_verdict {
    bool answers; /* `answer` is sent */
    struct mr_answer answer;
    bool retries;   /* again, `delay` ms from now; else this was the last attempt */
    bool uncounted; /* the attempt was not the message's fault, and is no retry of it */
    int64_t delay;
    bool dead_letters;
    bool log;              /* the fault is the operator's business */
    enum mr_status status; /* where this was the last attempt */
};

/* `result` has ended (returned, raised or undecodable); the answer borrows from it. */
struct mr_verdict mr_verdict_of(const struct mr_result *result, const struct mr_trial *trial);

/* How long to wait before retry number `n`, from 1: min(cap, base * multiplier^(n-1)), then the
 * jitter; ms, never negative. */
int64_t mr_retry_delay(const struct mr_policy *policy, int n, uint64_t random);

#endif
