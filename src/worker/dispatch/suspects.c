/* Design: `suspects` of a partition lists its suspects in the order of their offsets, linked by
 * `suspect_behind`. Jobs before the first suspect go on. The first suspect and the jobs behind it
 * are BLOCKED in `held`, until is_clear() is true for the first one. When a suspect is done,
 * `fence` is the offset behind it. The jobs behind it stay in `held` until that offset is
 * committed.
 *
 * A death repeats what other partitions have not committed, too. So before a suspect starts, each
 * offset that is stored at that moment (`awaited`) is committed. For QUIET_MS the suspect waits for
 * later offsets, too. While the worker has suspects, partitions.c commits each stored offset at
 * once. */
#include "worker/dispatch/suspects.h"

#include "base/clock.h"
#include "worker/dispatch/poison_list.h"

enum { QUIET_MS = 1000, PATIENCE_MS = 10000 };

static bool is_followed(const struct mr_partition *partition)
{
    return partition->delivery != MR_DELIVERY_AT_MOST_ONCE && !partition->returns;
}

static void begin(struct mr_partition *partition)
{
    partition->suspected = mr_clock_ms();
    partition->asked = false;
}

void mr_suspects_note(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_partition *partition = job->partition;
    struct mr_job **link = &partition->suspects;
    if (!is_followed(partition) || !mr_poison_list_has(dispatch, job))
        return;
    if (*link == NULL)
        begin(partition);
    while (*link != NULL)
        link = &(*link)->suspect_behind;
    *link = job;
    dispatch->partitions.suspects++;
}

static void wake(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    mr_schedule_return(&dispatch->schedule, &partition->flow, &partition->held);
}

/* Takes the job out of its partition's suspects. Returns false if it is none of them. */
static bool take_out(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_partition *partition = job->partition;
    struct mr_job **link = &partition->suspects;
    while (*link != NULL && (*link)->sequence < job->sequence)
        link = &(*link)->suspect_behind;
    if (*link != job)
        return false;
    *link = job->suspect_behind;
    job->suspect_behind = NULL;
    dispatch->partitions.suspects--;
    begin(partition);
    wake(dispatch, partition);
    return true;
}

void mr_suspects_acquit(struct mr_dispatch *dispatch, struct mr_job *job)
{
    take_out(dispatch, job);
}

void mr_suspects_settled(struct mr_dispatch *dispatch, struct mr_job *job, bool done)
{
    struct mr_partition *partition = job->partition;
    if (take_out(dispatch, job) && done && partition->delivery == MR_DELIVERY_AT_LEAST_ONCE)
        partition->fence = job->message.offset + 1;
}

void mr_suspects_committed(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    if (partition->fence == 0 || partition->committed < partition->fence)
        return;
    partition->fence = 0;
    wake(dispatch, partition);
}

/* Returns true if a commit of the partition's offsets may be waited for. */
static bool commits(const struct mr_partition *partition)
{
    return partition->delivery == MR_DELIVERY_AT_LEAST_ONCE &&
           !mr_tenure_is_over(partition->tenure);
}

static void ask_for_commits(struct mr_dispatch *dispatch)
{
    mr_partitions_store(&dispatch->partitions);
    for (struct mr_partition *p = dispatch->partitions.all; p != NULL; p = p->next) {
        p->awaited = commits(p) ? p->stored : 0;
        if (p->awaited > p->committed)
            mr_consumer_commit(p->consumer);
    }
}

/* Returns true if all partitions have committed what was stored when commits were asked for. If
 * `quiet`, nothing at all may be uncommitted. */
static bool all_committed(const struct mr_dispatch *dispatch, bool quiet)
{
    for (const struct mr_partition *p = dispatch->partitions.all; p != NULL; p = p->next)
        if (commits(p) &&
            (p->committed < p->awaited || (quiet && (p->window.moved || p->committed < p->stored))))
            return false;
    return true;
}

static bool waits_for(const struct mr_partition *partition, uint64_t patience)
{
    return mr_clock_ms() - partition->suspected < patience;
}

/* Returns true if the partition's first suspect may start. */
static bool is_clear(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    if (!waits_for(partition, PATIENCE_MS))
        return true;
    if (partition->window.first != partition->suspects->sequence)
        return false;
    if (!partition->asked)
        ask_for_commits(dispatch);
    partition->asked = true;
    return all_committed(dispatch, waits_for(partition, QUIET_MS));
}

bool mr_suspects_hold(struct mr_dispatch *dispatch, const struct mr_job *job)
{
    struct mr_partition *partition = job->partition;
    const struct mr_job *first = partition->suspects;
    if (partition->fence != 0)
        return true;
    if (first == NULL || job->sequence < first->sequence)
        return false;
    return job != first || !is_clear(dispatch, partition);
}

/* Looks at a partition's first suspect. If it waits, it may start now. If it is at work, the jobs
 * behind it wait no longer than PATIENCE_MS. */
static void look(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    struct mr_job *first = partition->suspects;
    if (first->state == MR_JOB_BLOCKED && is_clear(dispatch, partition))
        wake(dispatch, partition);
    else if (first->state != MR_JOB_BLOCKED && !waits_for(partition, PATIENCE_MS))
        take_out(dispatch, first);
}

void mr_suspects_look(struct mr_dispatch *dispatch)
{
    if (dispatch->partitions.suspects == 0)
        return;
    for (struct mr_partition *p = dispatch->partitions.all; p != NULL; p = p->next)
        if (p->suspects != NULL)
            look(dispatch, p);
}
