#include "worker/dispatch/completion.h"

#include "worker/consumer/fullness.h"
#include "worker/dispatch/enqueue.h"
#include "worker/dispatch/poison_list.h"
#include "worker/dispatch/suspects.h"
#include "worker/job/job_state.h"

static void count(struct mr_dispatch *dispatch, const struct mr_job *job)
{
    if (job->status < MR_STATUSES)
        mr_cell_add(&job->row->processed[job->status], 1);
    mr_poison_list_settled(dispatch, job);
}

static void end(struct mr_dispatch *dispatch, struct mr_job *job)
{
    bool done = job->state != MR_JOB_ABANDONED;
    if (done)
        count(dispatch, job);
    mr_suspects_settled(dispatch, job, done);
    mr_partition_settled(&dispatch->partitions, job->partition, job->sequence, job->size, done);
    mr_job_become(job, MR_JOB_SETTLED, NULL);
    mr_job_release(&dispatch->pool, job);
    dispatch->jobs--;
}

void mr_settle(struct mr_dispatch *dispatch, struct mr_job *job)
{
    if (job->state < MR_JOB_DELIVERING || job->deliveries > 0)
        return;
    if (job->line != NULL)
        mr_transaction_finished(dispatch->transaction, job);
    else
        end(dispatch, job);
}

void mr_settle_take_up(struct mr_job *job)
{
    if (job->shelved)
        mr_partition_take_up(job->partition, job->size);
    job->shelved = false;
}

void mr_settle_leave(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_job *behind = mr_order_leave(&dispatch->order, job);
    if (behind != NULL)
        mr_enqueue_ready(dispatch, behind);
    mr_settle_take_up(job);
    mr_partition_handled(job->partition, job->size);
    if (job->state != MR_JOB_ABANDONED)
        mr_job_become(job, MR_JOB_DELIVERING, NULL);
}

void mr_settle_drop(struct mr_dispatch *dispatch, struct mr_job *job)
{
    mr_job_become(job, MR_JOB_ABANDONED, NULL);
    if (job->behind != NULL)
        job->behind->follows_dropped = true;
    mr_settle_leave(dispatch, job);
    mr_settle(dispatch, job);
}
