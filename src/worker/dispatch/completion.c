#include "worker/dispatch/completion.h"

#include "worker/dispatch/enqueue.h"
#include "worker/dispatch/poison_list.h"

void mr_settle(struct mr_dispatch *dispatch, struct mr_job *job)
{
    if (!job->handled || job->deliveries > 0)
        return;
    if (job->lined) {
        mr_transaction_finished(dispatch->transaction, job);
        return;
    }
    struct mr_partition *partition = job->partition;
    if (!job->dropped && job->status < MR_STATUSES)
        mr_cell_add(&dispatch->slot->topics[partition->count_row].processed[job->status], 1);
    if (!job->dropped)
        mr_poisoned_settled(dispatch, job);
    mr_partition_settled(&dispatch->partitions, partition, job->sequence, job->size, !job->dropped);
    mr_job_release(&dispatch->pool, job);
    dispatch->jobs--;
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
    job->handled = true;
    mr_settle(dispatch, job);
}

void mr_settle_drop(struct mr_dispatch *dispatch, struct mr_job *job)
{
    job->dropped = true;
    if (job->behind != NULL)
        job->behind->follows_dropped = true;
    mr_settle_leave(dispatch, job);
}
