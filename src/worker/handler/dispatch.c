#include "worker/handler/dispatch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/dispatch/completion.h"
#include "worker/dispatch/enqueue.h"
#include "worker/dispatch/partition_route.h"
#include "worker/dispatch/poison_list.h"
#include "worker/failure/forward.h"
#include "worker/failure/later.h"
#include "worker/failure/outcome.h"
#include "worker/failure/retry.h"
#include "worker/handler/budgets.h"
#include "worker/handler/handler.h"
#include "worker/handler/memory.h"

static void give_rows(struct mr_slot *slot, struct mr_partition *partition)
{
    partition->topic_row = mr_slot_topic(slot, partition->topic);
    partition->count_row =
        partition->returns ? mr_slot_topic(slot, partition->first_topic) : partition->topic_row;
}

/* Jobs that came while there was no route are in no order, and in no line, yet; and retries among
 * them are not known as that. */
static void unpark_one(struct mr_dispatch *dispatch, struct mr_job *job)
{
    if (job->handled) {
        job->deliveries--;
        mr_attempt_failed_late(dispatch, job);
        mr_settle(dispatch, job);
        return;
    }
    struct mr_route *route = mr_partition_route(dispatch, job->partition);
    if (job->partition->transactional && !job->lined)
        mr_line_join(&job->partition->line, job);
    if (route != NULL && job->partition->returns && !job->returned)
        mr_retry_returned(dispatch, job);
    if (job->chain.data == NULL && route != NULL)
        mr_enqueue(dispatch, job);
    else
        mr_enqueue_ready(dispatch, job);
}

/* May free the partition, with its last job. */
static void unpark(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    struct mr_job_list parked = partition->parked;
    struct mr_job *job;
    partition->parked = (struct mr_job_list){0};
    while ((job = mr_job_list_pop(&parked)) != NULL)
        unpark_one(dispatch, job);
}

static void unpark_all(struct mr_dispatch *dispatch)
{
    for (struct mr_partition *p = dispatch->partitions.all, *next; p != NULL; p = next) {
        next = p->next;
        if (mr_partition_route(dispatch, p) != NULL || p->leaving || dispatch->stopping)
            unpark(dispatch, p);
    }
}

/* True where a job was dropped: the one behind it is ready now. With its last job a partition that
 * is gone is freed. */
static bool sweep(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    struct mr_job *job;
    bool dropped = false;
    struct mr_job_list list = mr_schedule_take(&dispatch->schedule, &partition->flow);
    while ((job = mr_job_list_pop(&list)) != NULL) {
        if (mr_handling_too_late(dispatch, job)) {
            mr_settle_drop(dispatch, job);
            dropped = true;
        } else {
            mr_schedule_push(&dispatch->schedule, &job->partition->flow, job);
        }
    }
    return dropped;
}

void mr_dispatch_sweep(struct mr_dispatch *dispatch)
{
    bool dropped = true;
    while (dropped) {
        dropped = false;
        for (struct mr_partition *p = dispatch->partitions.all, *next; p != NULL; p = next) {
            next = p->next;
            if (dispatch->stopping || p->leaving)
                dropped = sweep(dispatch, p) || dropped;
        }
    }
}

/* What waits looks again, where it may wait no more it is dropped. */
static void drop_waiting(struct mr_dispatch *dispatch)
{
    mr_aside_drop(dispatch);
    mr_later_leave(dispatch);
    mr_retry_wake(dispatch);
    mr_memory_wake(dispatch);
    for (struct mr_partition *p = dispatch->partitions.all; p != NULL; p = p->next)
        mr_schedule_return(&dispatch->schedule, &p->flow, &p->early);
    unpark_all(dispatch);
    mr_dispatch_sweep(dispatch);
}

/* A topic that was created again, or a partition that was cut. What was taken of the one before is
 * no message of this one: handlers at work may end, and the rest is dropped. */
static struct mr_partition *begin_anew(struct mr_dispatch *dispatch, struct mr_partition *before,
                                       const struct mr_message *message)
{
    bool transactional = before->transactional;
    mr_log(MR_LOG_WARN, "offsets_went_back", MR_S("topic", before->topic),
           MR_I("partition", before->number), MR_I("from", before->window.end),
           MR_I("to", message->offset),
           MR_S("message", "the topic was created again, or the partition was cut"));
    if (dispatch->poisons.count > 0)
        mr_poisoned_restart(dispatch, before);
    struct mr_partition *after = mr_partitions_restart(&dispatch->partitions, before, message);
    drop_waiting(dispatch);
    if (transactional)
        mr_transaction_revoked(dispatch->transaction);
    else
        mr_consumer_store(after->consumer, after->topic, after->number, message->offset);
    return after;
}

void mr_dispatch_message(struct mr_dispatch *dispatch, struct mr_consumer *consumer,
                         struct mr_message *message)
{
    struct mr_partition *partition = mr_partitions_of(&dispatch->partitions, consumer, message);
    if (mr_partition_has(partition, message)) {
        mr_message_free(message);
        return;
    }
    if (!mr_window_follows(&partition->window, message->offset))
        partition = begin_anew(dispatch, partition, message);
    struct mr_job *job = mr_job_new(&dispatch->pool, message);
    struct mr_route *route = mr_partition_route(dispatch, partition); /* and window and delivery */
    if (partition->topic_row == UINT64_MAX)
        give_rows(dispatch->slot, partition);
    job->owner = dispatch;
    job->partition = partition;
    job->sequence = mr_window_open(&partition->window, message->offset);
    if (partition->returns && route != NULL)
        mr_retry_returned(dispatch, job);
    partition->taken = message->offset + 1;
    if (partition->transactional)
        mr_line_join(&partition->line, job);
    job->shelved = job->due != 0 && job->due > mr_clock_ms();
    if (job->shelved)
        mr_partition_shelve(partition, job->size);
    else
        mr_partition_began(partition, job->size);
    dispatch->jobs++;
    mr_cell_add(&dispatch->slot->counters[MR_MESSAGES_RECEIVED], 1);
    if (!job->shelved || !mr_later_begin(dispatch, job))
        mr_enqueue(dispatch, job);
}

void mr_dispatch_tick(struct mr_dispatch *dispatch)
{
    dispatch->wall_offset = mr_clock_wall_ms() - (int64_t)mr_clock_ms();
}

/* Under load records are gathered until the end of a turn, or longer (outbox.h). Those of a seldom
 * route or partition go out before something dear runs, and within HURRY ns: together with others
 * that are seldom, of which there may be many. Returns the time after that. */
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
        mr_handling_wake(dispatch, next->wait, now);
    else
        mr_handling_start(dispatch, next->job, now);
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

/* What waits for room on a route, or runs on it, counts as one of the route's that has its name. */
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
    mr_runs_use(dispatch);
    mr_memory_use(dispatch);
    if (before == NULL)
        return;
    look_at_routes(dispatch);
    unpark_all(dispatch);
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
    mr_retry_look(job);
    if (job->handled && job->failure != NULL && !mr_aside_is(job) && !job->dropped)
        mr_attempt_failed_late(dispatch, job);
    mr_settle(dispatch, job);
}

void mr_dispatch_committed(struct mr_dispatch *dispatch, const struct mr_consumer *consumer,
                           const char *topic, int32_t number, int64_t next)
{
    struct mr_partition *partition =
        mr_partitions_find(&dispatch->partitions, consumer, topic, number);
    if (partition == NULL || next > partition->stored)
        return; /* a commit of before its offsets began anew */
    partition->committed = next;
    mr_schedule_return(&dispatch->schedule, &partition->flow, &partition->early);
}

void mr_dispatch_stop(struct mr_dispatch *dispatch)
{
    dispatch->stopping = true;
    drop_waiting(dispatch);
}

void mr_dispatch_cancel(struct mr_dispatch *dispatch)
{
    MR_ASSERT(dispatch->stopping);
    dispatch->cancelled = true;
    mr_rpc_cancel_all(dispatch->rpc);
}

static void abandon(struct mr_dispatch *dispatch, struct mr_job *job, const char *why)
{
    mr_handling_abandon(dispatch, job, mr_bytes_of(why));
}

static struct mr_job *at_work_in_vain(const struct mr_dispatch *dispatch)
{
    struct mr_job *job = dispatch->at_work;
    while (job != NULL && (!job->partition->revoked || job->partition->outlived))
        job = job->next;
    return job;
}

void mr_dispatch_revoked(struct mr_dispatch *dispatch)
{
    struct mr_job *job;
    drop_waiting(dispatch);
    while ((job = at_work_in_vain(dispatch)) != NULL)
        abandon(dispatch, job, "its partition is gone");
    mr_dispatch_sweep(dispatch);
}

void mr_dispatch_abandon(struct mr_dispatch *dispatch)
{
    MR_ASSERT(dispatch->stopping);
    dispatch->abandoned = true;
    drop_waiting(dispatch);
    while (dispatch->at_work != NULL)
        abandon(dispatch, dispatch->at_work, "it did not end within shutdown_timeout");
    mr_dispatch_sweep(dispatch);
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
