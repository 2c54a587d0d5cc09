#include "worker/failure/retry.h"

#include "base/clock.h"
#include "worker/consumer/fullness.h"
#include "worker/dispatch/enqueue.h"
#include "worker/failure/retry_topic.h"
#include "worker/job/job_state.h"

static void go_on(struct mr_job *job)
{
    struct mr_dispatch *dispatch = job->owner;
    mr_timers_cancel(dispatch->timers, &job->timer);
    mr_enqueue_ready(dispatch, job);
}

static void on_due(struct mr_timer *timer)
{
    go_on(mr_job_of_timer(timer));
}

void mr_retry_in_place(struct mr_dispatch *dispatch, struct mr_job *job, int64_t delay)
{
    job->retries++;
    job->due = mr_clock_ms() + (uint64_t)delay;
    if (job->state == MR_JOB_RUNNING) {
        mr_enqueue_ready(dispatch, job);
        return;
    }
    mr_partition_reopened(job->partition, job->size);
    mr_enqueue(dispatch, job);
}

void mr_retry_returned(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_returned returned = {.origin = mr_job_origin(job)};
    returned.origin.topic = job->partition->first_topic;
    job->header_count = mr_retry_topic_read(job->headers, job->header_count,
                                            &job->partition->route->policy, &returned);
    job->origin = returned.origin;
    job->retries = returned.retries;
    job->moves = returned.moves;
    job->returned = true;
    int64_t due = returned.due - dispatch->wall_offset;
    job->due = due > 0 ? (uint64_t)due : 0;
}

bool mr_retry_may_start(struct mr_dispatch *dispatch, struct mr_job *job)
{
    bool due = mr_clock_ms() >= job->due;
    if (due && job->deliveries == 0) {
        job->due = 0;
        return true;
    }
    mr_job_become(job, MR_JOB_DELAYED, &dispatch->waiting);
    if (!due)
        mr_timers_arm(dispatch->timers, &job->timer, job->due, on_due);
    return false;
}

void mr_retry_look(struct mr_job *job)
{
    if (job->state == MR_JOB_DELAYED && !mr_timer_armed(&job->timer))
        go_on(job);
}

void mr_retry_wake(struct mr_dispatch *dispatch)
{
    while (dispatch->waiting.first != NULL)
        go_on(dispatch->waiting.first);
}
