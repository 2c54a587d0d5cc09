#include "worker/dispatch/waiters.h"

#include <stdlib.h>

#include "base/clock.h"
#include "worker/dispatch/enqueue.h"

void mr_waiters_look_after(struct mr_dispatch *dispatch, uint64_t ms)
{
    if (!mr_timer_armed(&dispatch->later.timer))
        mr_timers_arm(dispatch->timers, &dispatch->later.timer, mr_clock_ms() + ms,
                      dispatch->later.look);
}

static void append(struct mr_partition *partition, struct mr_job *job)
{
    job->next = NULL;
    job->previous = partition->latest;
    *(partition->latest != NULL ? &partition->latest->next : &partition->later) = job;
    partition->latest = job;
}

void mr_waiters_remove(struct mr_dispatch *dispatch, struct mr_job *job)
{
    mr_timers_cancel(dispatch->timers, &job->timer);
    if (job->partition->latest == job)
        job->partition->latest = job->previous;
    mr_job_unlink(&job->partition->later, job);
    job->later = false;
    dispatch->later.count--;
}

static void on_due(struct mr_timer *timer)
{
    struct mr_job *job = mr_job_of_timer(timer);
    struct mr_dispatch *dispatch = job->owner;
    mr_waiters_remove(dispatch, job);
    mr_enqueue(dispatch, job);
}

void mr_waiters_add(struct mr_dispatch *dispatch, struct mr_job *job)
{
    job->later = true;
    dispatch->later.count++;
    append(job->partition, job);
    mr_timers_arm(dispatch->timers, &job->timer, job->due, on_due);
    mr_waiters_look_after(dispatch, MR_WAITERS_LOOK_MS);
}

void mr_waiters_stay(struct mr_dispatch *dispatch, struct mr_job *job)
{
    free(job->failure);
    job->failure = NULL;
    mr_partition_put_back(job->partition, job->size, job->handled);
    job->shelved = true;
    job->handled = false;
    job->move = mr_clock_ms() + MR_WAITERS_LONGEST_HOLD_MS;
    mr_waiters_add(dispatch, job);
}
