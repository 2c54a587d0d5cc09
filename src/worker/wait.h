/* What a handler waits for: a sleep, or a request's answer. It may wait for several things at once
 * (router.all), each with the number that its task gave it. */
#ifndef MR_WORKER_WAIT_H
#define MR_WORKER_WAIT_H

#include "base/timers.h"
#include "worker/job.h"

struct mr_wait {
    struct mr_job *job;
    uint32_t number;
    struct mr_timer timer; /* of a sleep */
    struct mr_call *call;  /* of a request */
    struct mr_wait *previous, *next;
};

struct mr_wait *mr_wait_new(struct mr_job *job, uint32_t number);
/* It is over, and what it waited for. */
void mr_wait_free(struct mr_wait *wait);
/* All of the job's are given up. */
void mr_waits_cancel(struct mr_timers *timers, struct mr_job *job);

#endif
