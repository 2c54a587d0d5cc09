#include "worker/dispatch.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/topic.h"
#include "worker/verdict.h"

enum { NS_PER_MS = 1000000 };

static void mark_running(struct mr_dispatch *dispatch, const struct mr_job *job, uint64_t now)
{
    struct mr_slot *slot = dispatch->slot;
    mr_cell_set(&slot->running_partition, (uint64_t)job->partition->number);
    mr_cell_set(&slot->running_offset, (uint64_t)job->message.offset);
    mr_cell_set(&slot->running_since, now / NS_PER_MS);
    mr_cell_set(&slot->running_topic, job->partition->topic_row + 1);
}

static void mark_idle(struct mr_dispatch *dispatch)
{
    mr_cell_set(&dispatch->slot->running_topic, 0);
}

/* Every job ends here: when its handler has ended and each of its records is reported. */
static void settle_if_done(struct mr_dispatch *dispatch, struct mr_job *job)
{
    if (!job->handled || job->deliveries > 0)
        return;
    struct mr_partition *partition = job->partition;
    if (!job->dropped)
        mr_cell_add(&dispatch->slot->topics[partition->topic_row].processed[job->status], 1);
    mr_partition_settled(&dispatch->partitions, partition, job->sequence, !job->dropped);
    mr_job_release(&dispatch->pool, job);
    dispatch->jobs--;
}

/* The job has left the handlers' side, done or dropped: what waited for it may start. */
static void leave(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_job *behind = mr_order_leave(&dispatch->order, job);
    if (behind != NULL)
        mr_job_list_push(&dispatch->ready, behind);
    mr_partition_handled(job->partition);
    job->handled = true;
    settle_if_done(dispatch, job);
}

static void wake_one(struct mr_dispatch *dispatch, struct mr_route *route)
{
    struct mr_job *waiting = mr_job_list_pop(&route->waiting);
    if (waiting != NULL)
        mr_job_list_push(&dispatch->ready, waiting);
}

static void drop(struct mr_dispatch *dispatch, struct mr_job *job)
{
    job->dropped = true;
    if (job->partition->routes_number == dispatch->routes_number && job->partition->route != NULL)
        wake_one(dispatch, job->partition->route);
    leave(dispatch, job);
}

static void link_work(struct mr_dispatch *dispatch, struct mr_job *job)
{
    job->previous = NULL;
    job->next = dispatch->at_work;
    if (job->next != NULL)
        job->next->previous = job;
    dispatch->at_work = job;
    mr_cell_set(&dispatch->slot->gauges[MR_MESSAGES_IN_FLIGHT], ++dispatch->working);
}

static void unlink_work(struct mr_dispatch *dispatch, struct mr_job *job)
{
    if (job->next != NULL)
        job->next->previous = job->previous;
    if (job->previous != NULL)
        job->previous->next = job->next;
    else
        dispatch->at_work = job->next;
    mr_cell_set(&dispatch->slot->gauges[MR_MESSAGES_IN_FLIGHT], --dispatch->working);
}

/* The handler has ended, well or not, at `now`, and what it answers is with the producer. */
static void end_handler(struct mr_dispatch *dispatch, struct mr_job *job, uint64_t now)
{
    struct mr_route *route = job->route;
    mr_task_end(job->task);
    job->task = NULL;
    unlink_work(dispatch, job);
    wake_one(dispatch, route);
    mr_route_release(route);
    mr_histogram_observe(&dispatch->slot->histograms[MR_PROCESSING_DURATION], now - job->began);
    leave(dispatch, job);
}

static void log_undelivered(const struct mr_job *job, const char *topic, const char *why)
{
    mr_log(MR_LOG_ERROR, "delivery_failed", MR_S("topic", job->partition->topic),
           MR_I("partition", job->partition->number), MR_I("offset", job->message.offset),
           MR_S("to", topic), MR_S("message", why));
}

static void send_answer(struct mr_dispatch *dispatch, struct mr_job *job,
                        const struct mr_answer *answer, uint64_t now)
{
    char why[512];
    if (!mr_topic_legal(job->request.reply_to)) {
        log_undelivered(job, "reply-to", "its reply-to is not a topic name");
        job->status = MR_STATUS_ERROR;
        return;
    }
    mr_dialect_compose(&dispatch->reply, &job->request, job->message.key, answer,
                       (int64_t)(now / NS_PER_MS) + dispatch->wall_offset);
    if (mr_outbox_send(dispatch->outbox, job, &dispatch->reply.record, now, why, sizeof(why)) == 0)
        return;
    log_undelivered(job, dispatch->reply.record.topic, why);
    job->status = MR_STATUS_ERROR;
}

static void log_fault(const struct mr_job *job, const struct mr_result *result)
{
    const struct mr_fault *fault = &result->fault;
    mr_log(MR_LOG_ERROR, "handler_failed", MR_S("topic", job->partition->topic),
           MR_I("partition", job->partition->number), MR_I("offset", job->message.offset),
           MR_B("message", fault->message), MR_B("trace", fault->trace));
}

/* How far the handler came: it waits, or it is over and its verdict is carried out. */
static void advance(struct mr_dispatch *dispatch, struct mr_job *job,
                    const struct mr_result *result)
{
    mark_idle(dispatch);
    if (result->outcome == MR_OUTCOME_YIELDED)
        return;
    uint64_t now = mr_clock_ns();
    struct mr_verdict verdict =
        mr_verdict_of(result, job->request.is_request, job->route->codec == MR_CODEC_RAW);
    job->status = verdict.status;
    if (verdict.log)
        log_fault(job, result);
    if (verdict.answers)
        send_answer(dispatch, job, &verdict.answer, now);
    end_handler(dispatch, job, now);
}

static int64_t deadline_of(const struct mr_dispatch *dispatch, const struct mr_job *job)
{
    int64_t sent = job->request.sent_at > 0 ? job->request.sent_at : job->message.timestamp;
    int64_t timeout = job->request.timeout > 0 ? job->request.timeout : dispatch->rpc_timeout;
    return job->request.is_request && sent > 0 ? sent + timeout : 0;
}

static void fill_incoming(const struct mr_dispatch *dispatch, struct mr_job *job)
{
    job->incoming = (struct mr_incoming){
        .topic = job->partition->topic,
        .partition = job->message.partition,
        .offset = job->message.offset,
        .timestamp = job->message.timestamp,
        .key = job->message.key,
        .value = job->message.value,
        .headers = job->headers,
        .header_count = job->header_count,
        .attempt = 1,
        .is_request = job->request.is_request,
        .correlation_id = job->request.correlation_id,
        .reply_to = job->request.reply_to,
        .deadline = deadline_of(dispatch, job),
    };
}

/* The route of the partition's topic among the current ones. */
static struct mr_route *route_of(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    if (partition->routes_number != dispatch->routes_number) {
        partition->routes_number = dispatch->routes_number;
        partition->route = mr_routes_find(dispatch->routes, partition->topic);
    }
    return partition->route;
}

static void start(struct mr_dispatch *dispatch, struct mr_job *job)
{
    struct mr_partition *partition = job->partition;
    struct mr_route *route = route_of(dispatch, partition);
    struct mr_result result;
    if (dispatch->stopping || partition->revoked || route == NULL) {
        drop(dispatch, job);
        return;
    }
    if (route->running >= route->concurrency) {
        mr_job_list_push(&route->waiting, job);
        return;
    }
    job->route = route;
    mr_route_hold(route);
    link_work(dispatch, job);
    job->request = mr_dialect_recognise(route->dialect, job->headers, job->header_count);
    fill_incoming(dispatch, job);
    job->began = mr_clock_ns();
    mark_running(dispatch, job, job->began);
    job->task = mr_task_start(route->script, route->codec, &job->incoming, job, &result);
    advance(dispatch, job, &result);
}

void mr_dispatch_message(struct mr_dispatch *dispatch, struct mr_consumer *consumer,
                         struct mr_message *message)
{
    struct mr_partition *partition = mr_partitions_of(&dispatch->partitions, consumer, message);
    struct mr_job *job = mr_job_new(&dispatch->pool, message);
    struct mr_route *route = route_of(dispatch, partition);
    if (partition->topic_row == UINT64_MAX)
        partition->topic_row = mr_slot_topic(dispatch->slot, partition->topic);
    job->owner = dispatch;
    job->partition = partition;
    job->sequence = mr_window_open(&partition->window, message->offset);
    mr_partition_began(partition);
    dispatch->jobs++;
    mr_cell_add(&dispatch->slot->counters[MR_MESSAGES_RECEIVED], 1);
    if (mr_order_enter(&dispatch->order, job, route == NULL ? MR_ORDER_NONE : route->ordering))
        mr_job_list_push(&dispatch->ready, job);
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

/* What waits for room on these routes looks again. */
static void wake_all(struct mr_dispatch *dispatch, struct mr_routes *routes)
{
    for (size_t i = 0; i < mr_routes_count(routes); i++)
        while (mr_routes_at(routes, i)->waiting.first != NULL)
            wake_one(dispatch, mr_routes_at(routes, i));
}

void mr_dispatch_use(struct mr_dispatch *dispatch, struct mr_routes *routes, int64_t rpc_timeout)
{
    struct mr_routes *before = dispatch->routes;
    dispatch->routes = routes;
    dispatch->routes_number++;
    dispatch->rpc_timeout = rpc_timeout;
    if (before == NULL)
        return;
    wake_all(dispatch, before);
    mr_routes_retire(before);
}

void mr_dispatch_delivered(struct mr_dispatch *dispatch, struct mr_job *job, const char *topic,
                           const char *error)
{
    job->dropped = job->dropped || (error != NULL && dispatch->abandoned);
    if (error != NULL && !job->dropped) {
        log_undelivered(job, topic, error);
        job->status = MR_STATUS_ERROR;
    }
    settle_if_done(dispatch, job);
}

void mr_dispatch_resume(struct mr_dispatch *dispatch, struct mr_job *job,
                        const struct mr_resumption *with)
{
    struct mr_result result;
    mark_running(dispatch, job, mr_clock_ns());
    mr_task_resume(job->task, with, &result);
    advance(dispatch, job, &result);
}

void mr_dispatch_stop(struct mr_dispatch *dispatch)
{
    dispatch->stopping = true;
    if (dispatch->routes != NULL)
        wake_all(dispatch, dispatch->routes);
    mr_dispatch_run(dispatch);
}

void mr_dispatch_abandon(struct mr_dispatch *dispatch)
{
    MR_ASSERT(dispatch->stopping);
    dispatch->abandoned = true;
    while (dispatch->at_work != NULL) {
        struct mr_job *job = dispatch->at_work;
        mr_log(MR_LOG_WARN, "handler_abandoned", MR_S("topic", job->partition->topic),
               MR_I("partition", job->partition->number), MR_I("offset", job->message.offset));
        mr_timers_cancel(dispatch->timers, &job->timer);
        mr_rpc_cancel(dispatch->rpc, job);
        job->dropped = true;
        end_handler(dispatch, job, mr_clock_ns());
        mr_dispatch_run(dispatch);
    }
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
}
