#include "worker/failure/later.h"

#include <stdlib.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/container.h"
#include "worker/dispatch/completion.h"
#include "worker/dispatch/partition_route.h"
#include "worker/dispatch/waiters.h"
#include "worker/failure/forward.h"
#include "worker/failure/retry.h"
#include "worker/job/failure.h"

/* A message waits long if it is due in more than LONG_MS. It is moved only while it is due in more
 * than SHORT_MS. Each look moves at most MOVES messages, so that a turn stays short. The others
 * follow after SOON_MS. */
enum { LONG_MS = 5000, SHORT_MS = 1000, SOON_MS = 10, MOVES = 200 };

enum { FIRST_HOLD_MS = 5000, TRANSACTIONAL_HOLD_MS = 1000 };

/* Returns the pause, in ms, from the writing of the message to its next move. */
static uint64_t hold_of(const struct mr_job *job)
{
    uint64_t moves = (uint64_t)job->moves;
    return job->partition->delivery == MR_DELIVERY_EXACTLY_ONCE
               ? mr_backoff_after(moves, TRANSACTIONAL_HOLD_MS, FIRST_HOLD_MS)
               : mr_backoff_after(moves + 1, FIRST_HOLD_MS, MR_WAITERS_LONGEST_HOLD_MS);
}

/* Returns when the message may move, in ms. Counts from its writing to the retry topic, so that a
 * restart does not delay the move. */
static uint64_t next_move(const struct mr_dispatch *dispatch, const struct mr_job *job)
{
    uint64_t now = mr_clock_ms();
    int64_t timestamp = job->message.timestamp;
    int64_t written = timestamp > 0 ? timestamp - dispatch->wall_offset : -1;
    bool known = written >= 0 && (uint64_t)written < now;
    return (known ? (uint64_t)written : now) + hold_of(job);
}

static void on_look(struct mr_timer *timer);

bool mr_later_begin(struct mr_dispatch *dispatch, struct mr_job *job)
{
    bool stays = !dispatch->stopping && job->partition->tenure == MR_TENURE_SERVING;
    if (!stays || job->due <= mr_clock_ms() + LONG_MS)
        return false;
    mr_job_own(job);
    mr_retry_returned(dispatch, job); /* mr_job_own() has read its headers anew */
    job->move = next_move(dispatch, job);
    dispatch->later.look = on_look;
    mr_waiters_add(dispatch, job);
    return true;
}

/* Returns true if the message may move. If its offset is committed before it is handled, that
 * commit must come first. */
static bool may_move(const struct mr_dispatch *dispatch, const struct mr_job *job)
{
    const struct mr_partition *partition = job->partition;
    return !dispatch->abandoned && !mr_tenure_is_over(partition->tenure) && partition->returns &&
           (partition->delivery != MR_DELIVERY_AT_MOST_ONCE ||
            job->message.offset < partition->committed);
}

/* Returns true if a later message of the partition has started or moved. Always false with
 * at-most-once delivery, because its commits do not wait. */
static bool is_before_others(const struct mr_job *job)
{
    return job->sequence < job->partition->started &&
           job->partition->delivery != MR_DELIVERY_AT_MOST_ONCE;
}

static void move(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_fault fault = mr_failure_own(MR_FAULT_ERROR, "");
    struct mr_partition *partition = job->partition;
    mr_timers_cancel(dispatch->timers, &job->timer);
    if (job->sequence >= partition->started)
        partition->started = job->sequence + 1;
    job->status = MR_STATUSES;
    job->failure = mr_failure_new(&fault);
    job->failure->aside = MR_ASIDE_LATER;
    mr_settle_leave(dispatch, job);
    mr_forward(dispatch, job);
}

static bool is_to_move(const struct mr_dispatch *dispatch, const struct mr_job *job, uint64_t now)
{
    return job->move <= now && job->due > now + SHORT_MS &&
           (is_before_others(job) || job->partition->shelf_full) && may_move(dispatch, job);
}

/* Moves messages in the order in which they began to wait, because they may be in one chain when
 * they are read again. Returns how many more may move. */
static size_t move_some(struct mr_dispatch *dispatch, struct mr_partition *partition, size_t most)
{
    uint64_t now = mr_clock_ms();
    for (struct mr_job *job = partition->later.first, *next; job != NULL && most > 0; job = next) {
        next = job->next;
        if (!is_to_move(dispatch, job, now))
            continue;
        move(dispatch, job);
        most--;
    }
    return most;
}

static void on_look(struct mr_timer *timer)
{
    struct mr_dispatch *dispatch = MR_CONTAINER(timer, struct mr_dispatch, later.timer);
    size_t most = MOVES;
    for (struct mr_partition *p = dispatch->partitions.all; p != NULL; p = p->next)
        if (p->tenure == MR_TENURE_SERVING && p->later.first != NULL &&
            mr_partition_route(dispatch, p) != NULL &&
            !mr_outbox_crowded(dispatch->outbox, dispatch->partitions.stuck.record_bytes))
            most = move_some(dispatch, p, most);
    if (dispatch->pool.count[MR_JOB_POSTPONED] > 0)
        mr_waiters_look_after(dispatch, most == 0 ? SOON_MS : MR_WAITERS_LOOK_MS);
}

/* Moves or drops the waiting messages of a partition that leaves, or of any if the worker stops.
 * Needs no route. */
static void leave(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    for (struct mr_job *job = partition->later.first, *next; job != NULL; job = next) {
        next = job->next;
        if (is_before_others(job) && may_move(dispatch, job)) {
            move(dispatch, job);
        } else {
            mr_timers_cancel(dispatch->timers, &job->timer);
            mr_settle_drop(dispatch, job);
        }
    }
}

void mr_later_leave(struct mr_dispatch *dispatch)
{
    for (struct mr_partition *p = dispatch->partitions.all, *next; p != NULL; p = next) {
        next = p->next;
        if (dispatch->stopping || p->tenure != MR_TENURE_SERVING)
            leave(dispatch, p);
    }
}
