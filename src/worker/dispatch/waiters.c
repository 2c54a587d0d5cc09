#include "worker/dispatch/waiters.h"

#include <stdlib.h>

#include "base/clock.h"
#include "worker/consumer/fullness.h"
#include "worker/dispatch/enqueue.h"
#include "worker/job/job_state.h"

void mr_waiters_look_after(struct mr_dispatch *dispatch, uint64_t ms)
{
    if (!mr_timer_armed(&dispatch->later.timer))
        mr_timers_arm(dispatch->timers, &dispatch->later.timer, mr_clock_ms() + ms,
                      dispatch->later.look);
}

static void on_due(struct mr_timer *timer)
{
    struct mr_job *job = mr_job_of_timer(timer);
    mr_enqueue(job->owner, job);
}

void mr_waiters_add(struct mr_dispatch *dispatch, struct mr_job *job)
{
    mr_job_become(job, MR_JOB_POSTPONED, &job->partition->later);
    mr_timers_arm(dispatch->timers, &job->timer, job->due, on_due);
    mr_waiters_look_after(dispatch, MR_WAITERS_LOOK_MS);
}

void mr_waiters_stay(struct mr_dispatch *dispatch, struct mr_job *job)
{
    free(job->failure);
    job->failure = NULL;
    mr_partition_put_back(job->partition, job->size);
    job->shelved = true;
    job->move = mr_clock_ms() + MR_WAITERS_LONGEST_HOLD_MS;
    mr_waiters_add(dispatch, job);
}
