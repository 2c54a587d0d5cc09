#include "worker/dispatch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/aside.h"
#include "worker/attempt.h"
#include "worker/beside.h"
#include "worker/poisoned.h"
#include "worker/retry.h"
#include "worker/runs.h"
#include "worker/settle.h"

static void link_work(struct mr_dispatch *dispatch, struct mr_job *job)
{
    mr_job_link(&dispatch->at_work, job);
    mr_cell_set(&dispatch->slot->gauges[MR_MESSAGES_IN_FLIGHT], ++dispatch->working);
}

static void unlink_work(struct mr_dispatch *dispatch, struct mr_job *job)
{
    mr_job_unlink(&dispatch->at_work, job);
    mr_cell_set(&dispatch->slot->gauges[MR_MESSAGES_IN_FLIGHT], --dispatch->working);
}

/* The handler has ended at `now` and what follows from it is done. A job that is to be retried
 * stays in its chain. */
static void end_handler(struct mr_dispatch *dispatch, struct mr_job *job, uint64_t now)
{
    struct mr_route *route = job->route;
    if (job->task != NULL)
        mr_task_end(job->task);
    job->task = NULL;
    mr_settle_wake(dispatch, route);
    mr_route_release(route);
    mr_histogram_observe(&dispatch->slot->histograms[MR_PROCESSING_DURATION], now - job->began);
    if (job->due == 0)
        mr_settle_leave(dispatch, job);
}

/* How far the handler came: it waits, or it is over and its verdict is carried out. */
static void advance(struct mr_dispatch *dispatch, struct mr_job *job,
                    const struct mr_result *result)
{
    mr_runs_end(dispatch);
    if (result->outcome == MR_OUTCOME_YIELDED)
        return;
    uint64_t now = mr_clock_ns();
    unlink_work(dispatch, job);
    mr_attempt_ended(dispatch, job, job->route, result, now);
    end_handler(dispatch, job, now);
}

static int64_t deadline_of(const struct mr_dispatch *dispatch, const struct mr_job *job)
{
    int64_t sent = job->request.sent_at > 0 ? job->request.sent_at : mr_job_origin(job).timestamp;
    int64_t timeout = job->request.timeout > 0 ? job->request.timeout : dispatch->rpc_timeout;
    return job->request.is_request && sent > 0 ? sent + timeout : 0;
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
        .deadline = deadline_of(dispatch, job),
    };
}

static bool has_expired(const struct mr_dispatch *dispatch, const struct mr_job *job)
{
    int64_t deadline = job->incoming.deadline;
    return deadline != 0 && !job->answered &&
           (int64_t)mr_clock_ms() + dispatch->wall_offset > deadline;
}

static void find_route(struct mr_routes *routes, struct mr_partition *partition)
{
    char first[MR_TOPIC_ROOM];
    partition->route = mr_routes_find(routes, partition->topic);
    partition->returns = false;
    if (partition->route != NULL)
        return;
    partition->route = mr_beside_retried(routes, partition->topic, first);
    partition->returns = partition->route != NULL;
    if (partition->returns && partition->first_topic == NULL)
        partition->first_topic = mr_strdup(first);
}

struct mr_route *mr_dispatch_route(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    if (partition->routes_number != dispatch->routes_number) {
        partition->routes_number = dispatch->routes_number;
        find_route(dispatch->routes, partition);
        partition->at_most_once = !partition->transactional && partition->route != NULL &&
                                  partition->route->policy.delivery == MR_AT_MOST_ONCE;
        if (partition->route != NULL) {
            partition->most = partition->route->policy.window;
            partition->group_row = mr_slot_group(dispatch->slot, partition->route->group_id);
        }
    }
    return partition->route;
}

/* Where work comes to an end a partition's messages are handled up to the last one that was begun:
 * one left out before it would hold back the offsets of all behind it, and they would be handled
 * again. One whose chain was left by a message that will come again waits for that, or it would
 * overtake it. What is committed before it is handled will not come again: all of it is. */
static bool comes_too_late(const struct mr_dispatch *dispatch, const struct mr_job *job)
{
    const struct mr_partition *partition = job->partition;
    if (dispatch->abandoned || partition->revoked)
        return true;
    return (dispatch->stopping || partition->leaving) && !partition->at_most_once &&
           (job->sequence >= partition->started || job->due != 0 || job->follows_dropped);
}

/* Its turn on the route has not come: whoever was there before goes first. */
static bool must_wait(const struct mr_route *route, struct mr_job *job)
{
    bool next = job->woken || route->waiting.first == NULL;
    job->woken = false;
    return !next || route->running >= route->concurrency;
}

static void run(struct mr_dispatch *dispatch, struct mr_job *job)
{
    const struct mr_route *route = job->route;
    struct mr_poisoned_text text;
    struct mr_result result;
    job->began = mr_clock_ns();
    if (mr_poisoned_may_run(dispatch, job, &result, &text)) {
        mr_runs_begin(dispatch, job, job->began);
        job->task = mr_task_start(route->script, route->codec, &job->incoming, job, &result);
    }
    advance(dispatch, job, &result);
}

static void start(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_partition *partition = job->partition;
    struct mr_route *route = mr_dispatch_route(dispatch, partition);
    if (route == NULL || comes_too_late(dispatch, job)) {
        mr_settle_drop(dispatch, job);
        return;
    }
    if (partition->at_most_once && job->message.offset >= partition->committed) {
        mr_settle_pass(dispatch, job);
        mr_job_list_push(&partition->early, job);
        return;
    }
    if (partition->blocked > 0) {
        mr_settle_pass(dispatch, job);
        mr_job_list_push(&partition->held, job);
        return;
    }
    if (job->due != 0 && !mr_retry_may_start(dispatch, job))
        return;
    if (must_wait(route, job)) {
        mr_job_list_push(&route->waiting, job);
        return;
    }
    if (job->sequence >= partition->started)
        partition->started = job->sequence + 1;
    job->request = mr_dialect_recognise(route->dialect, job->headers, job->header_count);
    fill_incoming(dispatch, job);
    if (dispatch->drop_expired && has_expired(dispatch, job)) {
        job->status = MR_STATUS_EXPIRED;
        mr_settle_wake(dispatch, route); /* its place is still free */
        mr_settle_leave(dispatch, job);
        return;
    }
    job->route = route;
    mr_route_hold(route);
    link_work(dispatch, job);
    if (job->retries > 0)
        mr_cell_add(&dispatch->slot->counters[MR_RETRY_ATTEMPTS], 1);
    run(dispatch, job);
}

void mr_dispatch_enter(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_route *route = mr_dispatch_route(dispatch, job->partition);
    if (mr_order_enter(&dispatch->order, job, route == NULL ? MR_ORDER_NONE : route->ordering))
        mr_job_list_push(&dispatch->ready, job);
}

static void give_rows(struct mr_slot *slot, struct mr_partition *partition)
{
    partition->topic_row = mr_slot_topic(slot, partition->topic);
    partition->count_row =
        partition->returns ? mr_slot_topic(slot, partition->first_topic) : partition->topic_row;
}

void mr_dispatch_message(struct mr_dispatch *dispatch, struct mr_consumer *consumer,
                         struct mr_message *message)
{
    struct mr_partition *partition = mr_partitions_of(&dispatch->partitions, consumer, message);
    struct mr_job *job = mr_job_new(&dispatch->pool, message);
    bool first = partition->routes_number == 0;
    struct mr_route *route =
        mr_dispatch_route(dispatch, partition); /* and its window and delivery */
    if (first && route != NULL)
        partition->transactional = route->policy.delivery == MR_EXACTLY_ONCE;
    if (partition->topic_row == UINT64_MAX)
        give_rows(dispatch->slot, partition);
    job->owner = dispatch;
    job->partition = partition;
    job->sequence = mr_window_open(&partition->window, message->offset);
    if (partition->returns)
        mr_retry_returned(dispatch, job);
    if (partition->at_most_once)
        partition->taken = message->offset + 1;
    if (partition->transactional)
        mr_line_join(&partition->line, job);
    mr_partition_began(partition);
    dispatch->jobs++;
    mr_cell_add(&dispatch->slot->counters[MR_MESSAGES_RECEIVED], 1);
    mr_dispatch_enter(dispatch, job);
}

void mr_dispatch_tick(struct mr_dispatch *dispatch)
{
    dispatch->wall_offset = mr_clock_wall_ms() - (int64_t)mr_clock_ms();
}

void mr_dispatch_run(struct mr_dispatch *dispatch)
{
    struct mr_job *job;
    while ((job = mr_job_list_pop(&dispatch->ready)) != NULL)
        start(dispatch, job);
}

/* What waits for room on these routes looks again, in the order it came. */
static void wake_all(struct mr_dispatch *dispatch, struct mr_routes *routes)
{
    struct mr_job *job;
    for (size_t i = 0; i < mr_routes_count(routes); i++)
        while ((job = mr_job_list_pop(&mr_routes_at(routes, i)->waiting)) != NULL)
            mr_job_list_push(&dispatch->ready, job);
}

void mr_dispatch_use(struct mr_dispatch *dispatch, struct mr_routes *routes, int64_t rpc_timeout)
{
    struct mr_routes *before = dispatch->routes;
    dispatch->routes = routes;
    dispatch->routes_number++;
    dispatch->rpc_timeout = rpc_timeout;
    mr_runs_use(dispatch);
    if (before == NULL)
        return;
    wake_all(dispatch, before);
    mr_routes_retire(before);
}

void mr_dispatch_delivered(struct mr_dispatch *dispatch, struct mr_job *job,
                           const struct mr_report *report)
{
    if (report->purpose == MR_FOR_ASIDE) {
        mr_aside_reported(dispatch, job, report);
        return;
    }
    if (report->error != NULL)
        mr_attempt_undelivered(dispatch, job, report);
    if (job->deliveries > 0)
        return;
    mr_retry_look(dispatch, job);
    if (job->handled && job->failure != NULL && !mr_aside_is(job) && !job->dropped)
        mr_attempt_failed_late(dispatch, job);
    mr_settle(dispatch, job);
}

void mr_dispatch_resume(struct mr_dispatch *dispatch, struct mr_job *job,
                        const struct mr_resumption *with)
{
    struct mr_result result;
    mr_runs_begin(dispatch, job, mr_clock_ns());
    mr_task_resume(job->task, with, &result);
    advance(dispatch, job, &result);
}

static void look_again(struct mr_dispatch *dispatch, struct mr_job_list *list)
{
    struct mr_job *job;
    while ((job = mr_job_list_pop(list)) != NULL)
        mr_job_list_push(&dispatch->ready, job);
}

void mr_dispatch_committed(struct mr_dispatch *dispatch, const struct mr_consumer *consumer,
                           const char *topic, int32_t number, int64_t next)
{
    struct mr_partition *partition =
        mr_partitions_find(&dispatch->partitions, consumer, topic, number);
    if (partition == NULL)
        return;
    partition->committed = next;
    look_again(dispatch, &partition->early);
}

/* What waits looks again, where it may wait no more it is dropped. */
static void drop_waiting(struct mr_dispatch *dispatch)
{
    if (dispatch->routes != NULL)
        wake_all(dispatch, dispatch->routes);
    mr_aside_drop(dispatch);
    mr_retry_wake(dispatch);
    for (struct mr_partition *p = dispatch->partitions.all; p != NULL; p = p->next) {
        look_again(dispatch, &p->held);
        look_again(dispatch, &p->early);
    }
    mr_dispatch_run(dispatch);
}

void mr_dispatch_stop(struct mr_dispatch *dispatch)
{
    dispatch->stopping = true;
    drop_waiting(dispatch);
}

static void abandon(struct mr_dispatch *dispatch, struct mr_job *job)
{
    mr_log(MR_LOG_WARN, "handler_abandoned", MR_S("topic", job->partition->topic),
           MR_I("partition", job->partition->number), MR_I("offset", job->message.offset));
    mr_timers_cancel(dispatch->timers, &job->timer);
    mr_rpc_cancel(dispatch->rpc, job);
    job->dropped = true;
    unlink_work(dispatch, job);
    end_handler(dispatch, job, mr_clock_ns());
    mr_dispatch_run(dispatch);
}

static struct mr_job *at_work_in_vain(const struct mr_dispatch *dispatch)
{
    struct mr_job *job = dispatch->at_work;
    while (job != NULL && !job->partition->revoked)
        job = job->next;
    return job;
}

void mr_dispatch_revoked(struct mr_dispatch *dispatch)
{
    struct mr_job *job;
    drop_waiting(dispatch);
    while ((job = at_work_in_vain(dispatch)) != NULL)
        abandon(dispatch, job);
}

void mr_dispatch_abandon(struct mr_dispatch *dispatch)
{
    MR_ASSERT(dispatch->stopping);
    dispatch->abandoned = true;
    drop_waiting(dispatch);
    while (dispatch->at_work != NULL)
        abandon(dispatch, dispatch->at_work);
}

void mr_dispatch_free(struct mr_dispatch *dispatch)
{
    MR_ASSERT(dispatch->jobs == 0);
    if (dispatch->routes != NULL)
        mr_routes_retire(dispatch->routes);
    mr_partitions_free(&dispatch->partitions);
    mr_order_free(&dispatch->order);
    mr_job_pool_free(&dispatch->pool);
    mr_reply_free(&dispatch->reply);
    mr_poisons_free(&dispatch->poisons);
}
