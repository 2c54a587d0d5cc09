#include "worker/handler/intake.h"

#include "base/clock.h"
#include "base/log.h"
#include "worker/consumer/fullness.h"
#include "worker/dispatch/enqueue.h"
#include "worker/dispatch/partition_route.h"
#include "worker/dispatch/poison_list.h"
#include "worker/failure/later.h"
#include "worker/failure/retry.h"
#include "worker/handler/halt.h"

/* Replaces a partition whose topic was created again, or that was cut. The messages taken before
 * are not in the new partition: handlers at work may end, and the other jobs are dropped. Returns
 * the new partition. */
static struct mr_partition *begin_anew(struct mr_dispatch *dispatch, struct mr_partition *before,
                                       const struct mr_message *message)
{
    bool transactional = before->delivery == MR_DELIVERY_EXACTLY_ONCE;
    mr_log(MR_LOG_WARN, "offsets_went_back", MR_S("topic", before->topic),
           MR_I("partition", before->number), MR_I("from", before->window.end),
           MR_I("to", message->offset),
           MR_S("message", "the topic was created again, or the partition was truncated"));
    if (dispatch->poisons.count > 0)
        mr_poison_list_restart(dispatch, before);
    struct mr_partition *after = mr_partitions_restart(&dispatch->partitions, before, message);
    mr_halt_waiting(dispatch);
    if (transactional)
        mr_transaction_revoked(dispatch->transaction);
    else
        mr_consumer_store(after->consumer, after->topic, after->number, message->offset);
    return after;
}

void mr_intake_message(struct mr_dispatch *dispatch, struct mr_consumer *consumer,
                       struct mr_message *message)
{
    struct mr_partition *partition = mr_partitions_of(&dispatch->partitions, consumer, message);
    if (mr_partition_has(partition, message)) {
        mr_message_free(message);
        return;
    }
    if (!mr_offset_window_follows(&partition->window, message->offset))
        partition = begin_anew(dispatch, partition, message);
    /* Sets window, delivery and rows, too. */
    struct mr_route *route = mr_partition_route(dispatch, partition);
    struct mr_job *job =
        mr_job_new(&dispatch->pool, &dispatch->slot->topics[partition->count_row], message);
    job->owner = dispatch;
    job->partition = partition;
    job->sequence = mr_offset_window_open(&partition->window, message->offset);
    if (partition->returns && route != NULL)
        mr_retry_returned(dispatch, job);
    partition->taken = message->offset + 1;
    if (partition->delivery == MR_DELIVERY_EXACTLY_ONCE)
        mr_commit_line_join(&partition->line, job);
    job->shelved = job->due != 0 && job->due > mr_clock_ms();
    if (job->shelved)
        mr_partition_shelve(partition, job->size);
    else
        mr_partition_began(partition, job->size);
    dispatch->jobs++;
    mr_cell_add(&dispatch->slot->counters[MR_MESSAGES_RECEIVED], 1);
    if (!job->shelved || !mr_later_begin(dispatch, job))
        mr_enqueue(dispatch, job);
}
