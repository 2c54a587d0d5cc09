#include "worker/handler/intake.h"

#include "base/clock.h"
#include "base/log.h"
#include "worker/consumer/fullness.h"
#include "worker/dispatch/completion.h"
#include "worker/dispatch/enqueue.h"
#include "worker/dispatch/partition_route.h"
#include "worker/dispatch/poison_list.h"
#include "worker/dispatch/suspects.h"
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
    mr_suspects_note(dispatch, job);
    mr_cell_add(&dispatch->slot->counters[MR_MESSAGES_RECEIVED], 1);
    if (!job->shelved || !mr_later_begin(dispatch, job))
        mr_enqueue(dispatch, job);
}

/* Lets a job without a message and a handler enter the commit line, so that a transaction commits
 * the offset behind it. An offset that is committed otherwise could overtake a transaction's. */
static void commit_end(struct mr_dispatch *dispatch, struct mr_partition *partition,
                       uint64_t sequence)
{
    struct mr_message none = {.source = partition->id.source,
                              .topic = partition->topic,
                              .partition = partition->number,
                              .offset = partition->window.end - 1};
    mr_message_own(&none);
    struct mr_job *job =
        mr_job_new(&dispatch->pool, &dispatch->slot->topics[partition->count_row], &none);
    job->owner = dispatch;
    job->partition = partition;
    job->sequence = sequence;
    job->status = MR_STATUSES;
    mr_commit_line_join(&partition->line, job);
    mr_partition_began(partition, job->size);
    dispatch->jobs++;
    mr_settle_leave(dispatch, job);
    mr_settle(dispatch, job);
}

/* Returns the partition whose end may be committed, NULL if there is none. A partition without
 * messages begins only if its end is not its start. */
static struct mr_partition *partition_to_end(struct mr_dispatch *dispatch,
                                             struct mr_consumer *consumer,
                                             const struct mr_message *end)
{
    struct mr_partition *partition = mr_partitions_known(&dispatch->partitions, end);
    if (dispatch->stopping ||
        (partition == NULL &&
         end->offset <= mr_consumer_start(consumer, end->topic, end->partition)))
        return NULL;
    partition = mr_partitions_of(&dispatch->partitions, consumer, end);
    mr_partition_route(dispatch, partition);
    return partition;
}

/* An end below the latest message is no news: a replica that is behind, or a partition that was cut
 * (the next message shows that). */
void mr_intake_end(struct mr_dispatch *dispatch, struct mr_consumer *consumer,
                   const struct mr_message *end)
{
    struct mr_partition *partition = partition_to_end(dispatch, consumer, end);
    if (partition == NULL || partition->tenure != MR_TENURE_SERVING ||
        partition->delivery == MR_DELIVERY_UNDECIDED || end->offset <= partition->window.end)
        return;
    uint64_t sequence = mr_offset_window_open(&partition->window, end->offset - 1);
    partition->taken = end->offset;
    if (partition->delivery == MR_DELIVERY_EXACTLY_ONCE)
        commit_end(dispatch, partition, sequence);
    else
        mr_offset_window_done(&partition->window, sequence);
}
