#include "worker/transaction/batch.h"

#include "base/clock.h"
#include "worker/consumer/fullness.h"

/* Sends this record and the job's later ones, until a record has to wait. */
static void send_from(struct mr_batch *batch, struct mr_pending_records *held)
{
    char why[512];
    batch->unsent = NULL;
    for (; held != NULL && !batch->failing; held = held->next) {
        bool single = mr_careful_has(batch->careful, held->record->topic);
        if (single && batch->single != NULL) {
            batch->unsent = held;
            return;
        }
        held->sent = mr_clock_ns();
        held->reported = false;
        enum mr_sent sent = mr_producer_send(batch->producer, held->record, held, why, sizeof(why));
        if (sent == MR_SENT_FULL) {
            batch->unsent = held;
            return;
        }
        if (sent != MR_SENT && mr_batch_doubt(batch, held, sent))
            mr_batch_undelivered(batch, held, MR_SENT_BACK, why);
        else if (sent != MR_SENT)
            mr_batch_undelivered(batch, held, sent, why);
        else if (single)
            batch->single = held;
    }
}

void mr_batch_enter(struct mr_batch *batch, struct mr_partition *partition)
{
    if (partition->line.entered == 0) {
        partition->together = batch->members;
        batch->members = partition;
    }
    mr_commit_line_enter(&partition->line);
    batch->jobs++;
    send_from(batch, partition->line.latest->held);
}

void mr_batch_send(struct mr_batch *batch)
{
    send_from(batch, batch->unsent);
}

void mr_batch_each(const struct mr_batch *batch,
                   void (*each)(void *data, struct mr_pending_records *held), void *data)
{
    for (const struct mr_partition *p = batch->members; p != NULL; p = p->together) {
        const struct mr_job *job = p->line.first;
        for (size_t count = p->line.entered; count > 0; count--, job = job->after)
            for (struct mr_pending_records *held = job->held; held != NULL; held = held->next)
                each(data, held);
    }
}

void mr_batch_reported(struct mr_batch *batch, struct mr_pending_records *held)
{
    held->reported = true;
    if (batch->single == held)
        batch->single = NULL;
}

bool mr_batch_suspect(struct mr_batch *batch, struct mr_pending_records *held, enum mr_sent how,
                      const char *why)
{
    batch->failing = batch->spoilt = true;
    if (batch->single == held)
        return false;
    mr_pending_records_suspect(held, how, why);
    return true;
}

void mr_batch_undelivered(struct mr_batch *batch, struct mr_pending_records *held, enum mr_sent how,
                          const char *why)
{
    batch->failing = true;
    if (how != MR_SENT_BACK)
        mr_pending_records_fail(held, how, why);
}

bool mr_batch_doubt(struct mr_batch *batch, const struct mr_pending_records *held, enum mr_sent how)
{
    if (how != MR_SENT_NO_TOPIC && how != MR_SENT_NO_PARTITION)
        return false;
    bool raised = mr_doubts_raise(batch->doubts, held->record->topic, held->record->partition);
    batch->doubting = batch->doubting || raised;
    return raised;
}

bool mr_batch_doubts(const struct mr_batch *batch, const struct mr_job *job)
{
    bool waits = false;
    if (batch->doubts->open == 0)
        return false;
    for (const struct mr_pending_records *held = job->held; held != NULL && !waits;
         held = held->next)
        waits = mr_doubts_of(batch->doubts, held->record->topic, held->record->partition) ==
                MR_DOUBT_WAITS;
    return waits;
}

void mr_batch_revoked(struct mr_batch *batch)
{
    for (const struct mr_partition *p = batch->members; p != NULL; p = p->together)
        batch->failing = batch->failing || mr_tenure_is_over(p->tenure);
}

bool mr_batch_awaited(const struct mr_batch *batch)
{
    for (const struct mr_partition *p = batch->members; p != NULL; p = p->together)
        if (p->fullness != MR_FULLNESS_OPEN || p->tenure != MR_TENURE_SERVING)
            return true;
    return batch->members != NULL && mr_partitions_crowded(batch->members->owner);
}

static struct mr_partition *empty(struct mr_batch *batch)
{
    struct mr_partition *members = batch->members;
    *batch = (struct mr_batch){.producer = batch->producer,
                               .careful = batch->careful,
                               .doubts = batch->doubts,
                               .failing = batch->failing};
    return members;
}

void mr_batch_leave(struct mr_batch *batch, void (*left)(void *data, struct mr_job *job),
                    void *data)
{
    for (struct mr_partition *p = empty(batch), *next; p != NULL; p = next) {
        next = p->together;
        /* The last call may free the partition. */
        for (size_t count = p->line.entered; count > 0; count--)
            left(data, mr_commit_line_leave(&p->line));
    }
}

void mr_batch_rewind(struct mr_batch *batch)
{
    for (struct mr_partition *p = empty(batch); p != NULL; p = p->together)
        mr_commit_line_rewind(&p->line);
}
