#include "worker/dispatch/enqueue.h"

#include "worker/dispatch/partition_route.h"
#include "worker/job/job_state.h"

void mr_enqueue_ready(struct mr_dispatch *dispatch, struct mr_job *job)
{
    mr_schedule_push(&dispatch->schedule, &job->partition->flow, job);
}

void mr_enqueue_wake(struct mr_dispatch *dispatch, struct mr_wait *wait)
{
    mr_schedule_wake(&dispatch->schedule, &wait->job->partition->flow, wait);
}

void mr_enqueue(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_route *route = mr_partition_route(dispatch, job->partition);
    bool stays = job->partition->tenure == MR_TENURE_SERVING && !dispatch->stopping;
    if (route == NULL && stays)
        mr_job_become(job, MR_JOB_UNROUTED, &job->partition->parked);
    else if (route == NULL || mr_order_enter(&dispatch->order, job, route->ordering))
        mr_enqueue_ready(dispatch, job);
    else
        mr_job_become(job, MR_JOB_QUEUED, NULL);
}
