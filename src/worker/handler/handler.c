/* Design: the schedule picks a job, and mr_handler_start() drops it, makes it wait, or starts its
 * handler in a task. After each run of Lua, advance() looks at its result. If the handler has
 * yielded, the job is SUSPENDED until one of its waits is over. If the handler has returned but has
 * spawned strands that still run, its answer is sent now, and the strands go on. Otherwise the
 * attempt is judged (failure/outcome.h), end_handler() frees all that begin() took, and the sequel
 * follows. If the handler failed because the worker stops, the attempt is not judged, and the job
 * is abandoned. */
#include "worker/handler/handler.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/dispatch/completion.h"
#include "worker/dispatch/partition_route.h"
#include "worker/dispatch/poison_list.h"
#include "worker/dispatch/suspects.h"
#include "worker/failure/outcome.h"
#include "worker/failure/retry.h"
#include "worker/handler/budgets.h"
#include "worker/handler/memory.h"
#include "worker/job/failure.h"
#include "worker/job/job_state.h"
#include "worker/job/wait.h"

static void count_work(struct mr_dispatch *dispatch, int by)
{
    dispatch->working += (size_t)by;
    mr_cell_set(&dispatch->slot->gauges[MR_MESSAGES_IN_FLIGHT], dispatch->working);
}

/* Ends the handler at `now` (ns): frees its task, its waits and its place among the route's
 * handlers. */
static void end_handler(struct mr_dispatch *dispatch, struct mr_job *job, uint64_t now)
{
    struct mr_route *route = job->route;
    mr_schedule_forget(&dispatch->schedule, &job->partition->flow, job);
    mr_waits_cancel(dispatch->timers, job);
    mr_timers_cancel(dispatch->timers, &job->timer);
    if (job->task != NULL)
        mr_task_end(job->task);
    job->task = NULL;
    mr_schedule_ended(&dispatch->schedule, job);
    mr_route_release(route);
    mr_histogram_observe(&dispatch->slot->histograms[MR_PROCESSING_DURATION], now - job->began);
    count_work(dispatch, -1);
}

/* Returns true if the handler failed after requests were cancelled for the stop, for whatever
 * reason. Also returns true if it lacked memory, and cannot be repeated here before the partition
 * leaves. The next owner of the partition handles the message. */
static bool failed_for_stop(const struct mr_dispatch *dispatch, const struct mr_job *job,
                            const struct mr_result *result)
{
    bool ends = dispatch->stopping || job->partition->tenure != MR_TENURE_SERVING;
    return result->outcome == MR_OUTCOME_RAISED &&
           (dispatch->cancelled || (ends && result->fault.kind == MR_FAULT_ROOM));
}

/* Acts on the result of a run: the handler waits, or has returned while its strands go on, or has
 * ended. */
static void advance(struct mr_dispatch *dispatch, struct mr_job *job,
                    const struct mr_result *result)
{
    struct mr_result further;
    mr_budgets_end(dispatch);
    mr_memory_look(dispatch);
    if (result->outcome == MR_OUTCOME_YIELDED) {
        mr_job_become(job, MR_JOB_SUSPENDED, &dispatch->at_work);
        return;
    }
    if (failed_for_stop(dispatch, job, result)) {
        mr_handler_abandon(dispatch, job, result->fault.message);
        return;
    }
    uint64_t now = mr_clock_ns();
    if (result->lingers && mr_outcome_answered(dispatch, job, job->route, result, now)) {
        mr_budgets_begin(dispatch, job, now);
        mr_task_linger(job->task, &further);
        advance(dispatch, job, &further);
        return;
    }
    const struct mr_sequel sequel = mr_outcome_ended(dispatch, job, job->route, result, now);
    end_handler(dispatch, job, now);
    if (sequel.kind == MR_SEQUEL_RETRY)
        mr_suspects_acquit(dispatch, job);
    mr_outcome_follow(dispatch, job, &sequel);
}

/* Ends a handler that was at work for budget.total. It waits now: timers fire when no Lua runs. */
static void on_total(struct mr_timer *timer)
{
    struct mr_job *job = mr_job_of_timer(timer);
    char why[80];
    snprintf(why, sizeof(why), "over its total budget of %" PRId64 " ms",
             job->route->policy.budget.total);
    struct mr_result result = {.outcome = MR_OUTCOME_RAISED,
                               .fault = mr_failure_own(MR_FAULT_TIME, why)};
    mr_job_become(job, MR_JOB_RUNNING, &((struct mr_dispatch *)job->owner)->at_work);
    advance(job->owner, job, &result);
}

/* Arms the job's timer, which nothing else uses while its handler is at work. */
static void limit_total(struct mr_dispatch *dispatch, struct mr_job *job)
{
    int64_t total = job->route->policy.budget.total;
    MR_ASSERT(!mr_timer_armed(&job->timer));
    if (total > 0)
        mr_timers_arm(dispatch->timers, &job->timer, mr_clock_ms() + (uint64_t)total, on_total);
}

static int64_t deadline_of(const struct mr_dispatch *dispatch, const struct mr_job *job,
                           int64_t timestamp)
{
    int64_t sent = job->request.sent_at > 0 ? job->request.sent_at : timestamp;
    int64_t timeout = job->request.timeout >= 0 ? job->request.timeout : dispatch->rpc_timeout;
    int64_t deadline;
    if (!job->request.is_request || sent <= 0)
        return 0;
    return __builtin_add_overflow(sent, timeout, &deadline) ? INT64_MAX : deadline;
}

static void fill_incoming(const struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_origin origin = mr_job_origin(job);
    job->incoming = (struct mr_incoming){
        .topic = origin.topic,
        .partition = origin.partition,
        .offset = origin.offset,
        .timestamp = origin.timestamp,
        .key = job->message.key,
        .value = job->message.value,
        .headers = job->headers,
        .header_count = job->header_count,
        .attempt = job->retries + 1,
        .is_request = job->request.is_request,
        .correlation_id = job->request.correlation_id,
        .reply_to = job->request.reply_to,
        .deadline = deadline_of(dispatch, job, origin.timestamp),
    };
}

static bool has_expired(const struct mr_dispatch *dispatch, const struct mr_job *job)
{
    int64_t deadline = job->incoming.deadline;
    return deadline != 0 && !job->answered &&
           (int64_t)mr_clock_ms() + dispatch->wall_offset > deadline;
}

/* If the worker stops or a partition leaves, every message up to the last started one is still
 * handled. A skipped message would block the commit of all later offsets, and their messages would
 * be handled again. But a job is dropped if it waits for its retry, or if the job before it in its
 * chain was dropped. It would overtake that message, which comes again. With at-most-once delivery
 * all committed messages are handled, because they do not come again. */
bool mr_handler_too_late(const struct mr_dispatch *dispatch, const struct mr_job *job)
{
    const struct mr_partition *partition = job->partition;
    if (dispatch->abandoned || mr_tenure_is_over(partition->tenure))
        return true;
    return (dispatch->stopping || partition->tenure != MR_TENURE_SERVING) &&
           partition->delivery != MR_DELIVERY_AT_MOST_ONCE &&
           (partition->route == NULL || job->sequence >= partition->started || job->due != 0 ||
            job->follows_dropped);
}

static enum mr_codec codec_of(const struct mr_route *route, const struct mr_request *request)
{
    enum mr_dialect dialect = request->is_request ? request->dialect : route->dialect;
    return route->codec == MR_CODEC_JSON && mr_dialect_rows[dialect].bare ? MR_CODEC_BARE
                                                                          : route->codec;
}

static void run(struct mr_dispatch *dispatch, struct mr_job *job, const struct mr_route *route)
{
    struct mr_poison_list_text text;
    struct mr_result result;
    if (mr_poison_list_may_run(dispatch, job, &result, &text)) {
        mr_budgets_begin(dispatch, job, job->began);
        job->task = mr_task_start(route->script, codec_of(route, &job->request), &job->incoming,
                                  job, &result);
    }
    advance(dispatch, job, &result);
}

static void begin(struct mr_dispatch *dispatch, struct mr_job *job, struct mr_route *route,
                  uint64_t now)
{
    job->route = route;
    job->began = now;
    mr_route_hold(route);
    limit_total(dispatch, job);
    mr_schedule_began(&dispatch->schedule, &job->partition->flow, job);
    mr_job_become(job, MR_JOB_RUNNING, &dispatch->at_work);
    count_work(dispatch, 1);
    if (job->retries > 0)
        mr_cell_add(&dispatch->slot->counters[MR_RETRY_ATTEMPTS], 1);
    run(dispatch, job, route);
}

/* Returns true if the job waits: for the commit of its offset, a dead letter of its partition, a
 * suspect, memory, or its due time. */
static bool waits(struct mr_dispatch *dispatch, struct mr_job *job, struct mr_route *route)
{
    struct mr_partition *partition = job->partition;
    if (partition->delivery == MR_DELIVERY_AT_MOST_ONCE &&
        job->message.offset >= partition->committed) {
        mr_job_become(job, MR_JOB_AWAITING_COMMIT, &partition->early);
        return true;
    }
    if (partition->blocked > 0 || mr_suspects_hold(dispatch, job) ||
        mr_memory_holds(dispatch, job, route)) {
        mr_job_become(job, MR_JOB_BLOCKED, &partition->held);
        return true;
    }
    return job->due != 0 && !mr_retry_may_start(dispatch, job);
}

/* Settles an expired request and runs no handler, because nobody waits for its answer any more. */
static void drop_expired(struct mr_dispatch *dispatch, struct mr_job *job)
{
    job->status = MR_STATUS_EXPIRED;
    mr_settle_leave(dispatch, job);
    mr_settle(dispatch, job);
}

void mr_handler_start(struct mr_dispatch *dispatch, struct mr_job *job, uint64_t now)
{
    struct mr_partition *partition = job->partition;
    struct mr_route *route = mr_partition_route(dispatch, partition);
    if (mr_handler_too_late(dispatch, job)) {
        mr_settle_drop(dispatch, job);
        return;
    }
    if (route == NULL) { /* it may come back; a skipped message would block all later offsets */
        mr_job_become(job, MR_JOB_UNROUTED, &partition->parked);
        return;
    }
    if (waits(dispatch, job, route))
        return;
    mr_settle_take_up(job);
    if (job->sequence >= partition->started)
        partition->started = job->sequence + 1;
    job->request = mr_dialect_recognise(route->dialect, job->headers, job->header_count);
    fill_incoming(dispatch, job);
    if (dispatch->drop_expired && has_expired(dispatch, job))
        drop_expired(dispatch, job);
    else
        begin(dispatch, job, route, now);
}

void mr_handler_wake(struct mr_dispatch *dispatch, struct mr_wait *wait, uint64_t now)
{
    struct mr_job *job = wait->job;
    struct mr_arrival *arrival = mr_wait_end(wait);
    mr_handler_resume(dispatch, job, &arrival->with, now);
    mr_arrival_free(arrival);
}

void mr_handler_resume(struct mr_dispatch *dispatch, struct mr_job *job,
                       const struct mr_resumption *with, uint64_t now)
{
    struct mr_result result;
    mr_job_become(job, MR_JOB_RUNNING, &dispatch->at_work);
    mr_budgets_begin(dispatch, job, now);
    mr_task_resume(job->task, with, &result);
    advance(dispatch, job, &result);
}

void mr_handler_abandon(struct mr_dispatch *dispatch, struct mr_job *job, struct mr_bytes why)
{
    mr_log(MR_LOG_WARN, "handler_abandoned", MR_S("topic", job->partition->topic),
           MR_I("partition", job->partition->number), MR_I("offset", job->message.offset),
           MR_B("message", why));
    mr_job_become(job, MR_JOB_ABANDONED, NULL);
    end_handler(dispatch, job, mr_clock_ns());
    mr_settle_leave(dispatch, job);
    mr_settle(dispatch, job);
}
