#include "worker/consumer/revocation.h"

#include "base/clock.h"
#include "base/log.h"

enum { COMMIT_LIMIT_MS = 1000 }; /* how long to wait for the commit, beyond drain_timeout */

static void on_late(struct mr_timer *timer)
{
    (void)timer; /* the turn that ran the timer looks at everything */
}

static void wait_until(struct mr_revocation *drain, uint64_t ends)
{
    drain->ends = ends;
    mr_timers_arm(drain->timers, &drain->timer, ends, on_late);
}

void mr_revocation_begin(struct mr_revocation *drain, struct mr_timers *timers, const char *group,
                         struct mr_consumer *consumer, size_t count, uint64_t timeout)
{
    drain->timers = timers;
    drain->group = group;
    drain->consumer = consumer;
    drain->count = drain->phase == MR_DRAIN_NONE ? count : drain->count + count;
    drain->began = mr_clock_ms();
    drain->phase = MR_DRAIN_HANDLERS;
    wait_until(drain, drain->began + timeout);
    mr_log(MR_LOG_INFO, "partitions_draining", MR_S("group", group), MR_I("count", count));
}

void mr_revocation_further(struct mr_revocation *drain,
                           bool (*let_go)(void *data, struct mr_consumer *consumer, bool late),
                           void *data)
{
    uint64_t now = mr_clock_ms();
    if (drain->phase == MR_DRAIN_HANDLERS && let_go(data, drain->consumer, now >= drain->ends)) {
        mr_consumer_commit(drain->consumer);
        wait_until(drain, now + COMMIT_LIMIT_MS);
        drain->phase = MR_DRAIN_COMMIT;
    }
    bool over = drain->phase == MR_DRAIN_COMMIT &&
                (mr_consumer_committed(drain->consumer) || now >= drain->ends);
    if (over)
        mr_revocation_end(drain);
}

void mr_revocation_limit(struct mr_revocation *drain, uint64_t timeout)
{
    if (drain->phase == MR_DRAIN_HANDLERS)
        wait_until(drain, drain->began + timeout);
}

void mr_revocation_end(struct mr_revocation *drain)
{
    mr_revocation_stop(drain);
    mr_consumer_give_back(drain->consumer);
    mr_log(MR_LOG_INFO, "partitions_drained", MR_S("group", drain->group),
           MR_I("count", drain->count), MR_I("ms", mr_clock_ms() - drain->began));
}

void mr_revocation_stop(struct mr_revocation *drain)
{
    if (drain->phase != MR_DRAIN_NONE)
        mr_timers_cancel(drain->timers, &drain->timer);
    drain->phase = MR_DRAIN_NONE;
}
