#include "worker/transaction/pending_records.h"

#include <stdlib.h>

#include "base/panic.h"
#include "worker/consumer/fullness.h"

void mr_pending_records_add(struct mr_job *job, enum mr_purpose purpose,
                            const struct mr_outgoing *record)
{
    struct mr_pending_records *held = mr_alloc(sizeof(*held));
    *held = (struct mr_pending_records){
        .job = job, .purpose = purpose, .record = mr_outgoing_copy(record), .how = MR_SENT};
    if (job->held == NULL)
        job->held = held;
    else
        job->last_held->next = held;
    job->last_held = held;
    mr_partition_holds_record(job->partition, mr_outgoing_size(held->record));
}

size_t mr_pending_records_count(const struct mr_job *job)
{
    size_t count = 0;
    for (const struct mr_pending_records *held = job->held; held != NULL; held = held->next)
        count++;
    return count;
}

struct mr_pending_records *mr_pending_records_failed(const struct mr_job *job)
{
    struct mr_pending_records *held = job->held;
    while (held != NULL && held->how == MR_SENT)
        held = held->next;
    return held;
}

void mr_pending_records_fail(struct mr_pending_records *held, enum mr_sent how, const char *why)
{
    free(held->why);
    held->how = how;
    held->why = mr_strdup(why);
}

void mr_pending_records_suspect(struct mr_pending_records *held, enum mr_sent how, const char *why)
{
    free(held->why);
    held->suspect = true;
    held->suspected = how;
    held->why = mr_strdup(why);
}

void mr_pending_records_acquit(struct mr_pending_records *held)
{
    held->how = MR_SENT;
    held->suspect = held->inferred = false;
}

static void free_held(struct mr_pending_records *held)
{
    mr_partition_frees_record(held->job->partition, mr_outgoing_size(held->record));
    free(held->record);
    free(held->why);
    free(held);
}

void mr_pending_records_take_out(struct mr_pending_records *held)
{
    struct mr_job *job = held->job;
    struct mr_pending_records *before = NULL;
    for (struct mr_pending_records *other = job->held; other != held; other = other->next)
        before = other;
    if (before == NULL)
        job->held = held->next;
    else
        before->next = held->next;
    if (job->last_held == held)
        job->last_held = before;
    free_held(held);
}

void mr_pending_records_drop(struct mr_job *job)
{
    while (job->held != NULL) {
        struct mr_pending_records *held = job->held;
        job->held = held->next;
        if (held->purpose == MR_FOR_REPLY)
            job->answered = false;
        free_held(held);
    }
}
