#include "worker/handler/parked.h"

#include "worker/dispatch/completion.h"
#include "worker/dispatch/enqueue.h"
#include "worker/dispatch/partition_route.h"
#include "worker/failure/outcome.h"
#include "worker/failure/retry.h"
#include "worker/job/job_state.h"

/* Lets a parked job go on. If it came while there was no route, it is in no order chain and in no
 * commit line yet. If it came from a retry topic, its retry headers are not read yet. */
static void unpark_one(struct mr_dispatch *dispatch, struct mr_job *job)
{
    if (job->state == MR_JOB_UNJUDGED) {
        mr_job_become(job, MR_JOB_DELIVERING, NULL);
        mr_outcome_failed_late(dispatch, job);
        return;
    }
    struct mr_route *route = mr_partition_route(dispatch, job->partition);
    if (job->partition->delivery == MR_DELIVERY_EXACTLY_ONCE && job->line == NULL)
        mr_commit_line_join(&job->partition->line, job);
    if (route != NULL && job->partition->returns && !job->returned)
        mr_retry_returned(dispatch, job);
    if (job->chain.data == NULL && route != NULL)
        mr_enqueue(dispatch, job);
    else
        mr_enqueue_ready(dispatch, job);
}

/* Lets the parked jobs of a partition go on. May free the partition, with its last job. */
static void unpark(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    struct mr_job_list parked = {0};
    struct mr_job *job;
    mr_job_list_move(&parked, &partition->parked);
    while ((job = mr_job_list_pop(&parked)) != NULL)
        unpark_one(dispatch, job);
}

void mr_parked_look(struct mr_dispatch *dispatch)
{
    for (struct mr_partition *p = dispatch->partitions.all, *next; p != NULL; p = next) {
        next = p->next;
        if (mr_partition_route(dispatch, p) != NULL || p->tenure != MR_TENURE_SERVING ||
            dispatch->stopping)
            unpark(dispatch, p);
    }
}
