#include "worker/settle.h"

#include "worker/poisoned.h"

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

void mr_settle_leave(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_job *behind = mr_order_leave(&dispatch->order, job);
    if (behind != NULL)
        mr_job_list_push(&dispatch->ready, behind);
    mr_partition_handled(job->partition, job->size);
    job->handled = true;
    mr_settle(dispatch, job);
}

void mr_settle_wake(struct mr_dispatch *dispatch, struct mr_gate *gate)
{
    struct mr_job *waiting = mr_gate_wake(gate);
    if (waiting != NULL)
        mr_job_list_push(&dispatch->ready, waiting);
}

void mr_settle_pass(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_gate *gate = mr_gate_leave(job);
    if (gate != NULL)
        mr_settle_wake(dispatch, gate);
}

void mr_settle_drop(struct mr_dispatch *dispatch, struct mr_job *job)
{
    job->dropped = true;
    if (job->behind != NULL)
        job->behind->follows_dropped = true;
    mr_settle_pass(dispatch, job);
    mr_settle_leave(dispatch, job);
}
