#include "worker/handler/dispatch.h"

#include "base/clock.h"
#include "base/panic.h"
#include "worker/dispatch/completion.h"
#include "worker/dispatch/partition_route.h"
#include "worker/dispatch/suspects.h"
#include "worker/failure/forward.h"
#include "worker/failure/outcome.h"
#include "worker/failure/retry.h"
#include "worker/handler/budgets.h"
#include "worker/handler/handler.h"
#include "worker/handler/memory.h"
#include "worker/handler/parked.h"

void mr_dispatch_tick(struct mr_dispatch *dispatch)
{
    dispatch->wall_offset =
        mr_clock_wall_offset(dispatch->wall_offset, mr_clock_wall_ms(), mr_clock_ms());
}

/* Under load, records are gathered until the end of a turn, or longer (producer/outbox.h). Records
 * of a seldom route or partition are flushed before a dear run, and else at most once per HURRY ns.
 * They leave together then, because there may be many of them. Returns the time after that, in
 * ns. */
static uint64_t hurry(struct mr_dispatch *dispatch, uint64_t now, bool dear)
{
    enum { HURRY = 1000000 };
    if (!dispatch->hurry || (!dear && now - dispatch->hurried < HURRY))
        return now;
    dispatch->hurry = false;
    dispatch->hurried = now;
    mr_outbox_flush(dispatch->outbox);
    return mr_clock_ns();
}

static void go_on(struct mr_dispatch *dispatch, const struct mr_ready *next, uint64_t now)
{
    if (next->wait != NULL)
        mr_handler_wake(dispatch, next->wait, now);
    else
        mr_handler_start(dispatch, next->job, now);
    dispatch->hurry = dispatch->hurry || next->seldom;
}

void mr_dispatch_run(struct mr_dispatch *dispatch, uint64_t ends)
{
    struct mr_ready next;
    uint64_t from = mr_clock_ns();
    while (from < ends && mr_schedule_next(&dispatch->schedule, &next)) {
        from = hurry(dispatch, from, next.dear);
        go_on(dispatch, &next, from);
        uint64_t now = mr_clock_ns();
        mr_schedule_charge(&dispatch->schedule, now - from);
        from = now;
    }
    hurry(dispatch, from, false);
}

/* Moves all partitions to the current routes. Jobs that wait on a route, or run on it, then count
 * for the new route of the same name. */
static void look_at_routes(struct mr_dispatch *dispatch)
{
    for (struct mr_partition *p = dispatch->partitions.all; p != NULL; p = p->next)
        mr_partition_route(dispatch, p);
}

void mr_dispatch_use(struct mr_dispatch *dispatch, struct mr_routes *routes, int64_t rpc_timeout)
{
    struct mr_routes *before = dispatch->routes;
    dispatch->routes = routes;
    dispatch->routes_number++;
    dispatch->rpc_timeout = rpc_timeout;
    mr_budgets_use(dispatch);
    mr_memory_use(dispatch);
    if (before == NULL)
        return;
    look_at_routes(dispatch);
    mr_parked_look(dispatch);
    mr_routes_retire(before);
}

void mr_dispatch_delivered(struct mr_dispatch *dispatch, struct mr_job *job,
                           const struct mr_report *report)
{
    if (report->purpose == MR_FOR_ASIDE) {
        mr_forward_reported(dispatch, job, report);
        return;
    }
    if (report->error != NULL)
        mr_outcome_undelivered(dispatch, job, report);
    if (job->deliveries > 0)
        return;
    mr_retry_look(job);
    if (job->state == MR_JOB_DELIVERING && job->failure != NULL)
        mr_outcome_failed_late(dispatch, job);
    else
        mr_settle(dispatch, job);
}

void mr_dispatch_committed(struct mr_dispatch *dispatch, const struct mr_consumer *consumer,
                           const char *topic, int32_t number, int64_t next)
{
    struct mr_partition *partition =
        mr_partitions_find(&dispatch->partitions, consumer, topic, number);
    if (partition == NULL || next > partition->stored)
        return; /* a commit from before its offsets began anew */
    partition->committed = next;
    mr_schedule_return(&dispatch->schedule, &partition->flow, &partition->early);
    mr_suspects_committed(dispatch, partition);
}

void mr_dispatch_free(struct mr_dispatch *dispatch)
{
    MR_ASSERT(dispatch->jobs == 0);
    mr_timers_cancel(dispatch->timers, &dispatch->later.timer);
    if (dispatch->routes != NULL)
        mr_routes_retire(dispatch->routes);
    mr_partitions_free(&dispatch->partitions);
    mr_schedule_free(&dispatch->schedule);
    mr_order_free(&dispatch->order);
    mr_job_pool_free(&dispatch->pool);
    mr_reply_free(&dispatch->reply);
    mr_poisons_free(&dispatch->poisons);
}
