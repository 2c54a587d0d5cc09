/* Design: start-time fair queueing in two levels: gates, one per route, and flows, one per
 * partition. Each level has heaps of shares, ordered by virtual time: the time that a share has
 * spent. If a share gets work after it had none, its time is raised to that of its level, so that
 * it does not catch up. A gate is in the upper heap while something of it may go on. That is a
 * handler to resume, or a job to start if there is room. A gate has one heap of flows for starts
 * and one for resumes, because a gate without room still resumes handlers. */
#include "worker/job/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "base/panic.h"
#include "worker/job/job_state.h"

struct mr_gate {
    char *name;
    struct mr_share share;
    uint64_t spent;
    uint64_t time;                    /* of the flow that went last */
    bool seldom;                      /* as in struct mr_flow */
    uint64_t cost;                    /* ns, mean of a run */
    struct mr_shares starts, resumes; /* of its flows */
    size_t concurrency, running, flows;
};

static struct mr_gate *gate_of(struct mr_share *share)
{
    return MR_CONTAINER(share, struct mr_gate, share);
}

static bool has_room(const struct mr_gate *gate)
{
    return gate->running < gate->concurrency;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static bool is_seldom(uint64_t spent, uint64_t time)
{
    return spent + MR_SCHEDULE_SELDOM <= time;
}

/* Puts the gate into the upper heap if it has something to do, else takes it out. */
static void look(struct mr_schedule *schedule, struct mr_gate *gate)
{
    bool busy = gate->resumes.count > 0 || (gate->starts.count > 0 && has_room(gate));
    if (busy == (gate->share.place != 0))
        return;
    if (!busy) {
        mr_shares_take_out(&schedule->gates, &gate->share);
        return;
    }
    gate->seldom = is_seldom(gate->spent, schedule->time);
    gate->spent = later(gate->spent, schedule->time);
    mr_shares_add(&schedule->gates, &gate->share, gate->spent);
}

/* Puts the flow into each heap of its gate for which it has work, or takes it out. Then does the
 * same for the gate. Call it when the flow has got or lost work. */
static void look_at_flow(struct mr_schedule *schedule, struct mr_flow *flow)
{
    struct mr_gate *gate = flow->gate;
    bool starts = flow->jobs.first != NULL, resumes = flow->first != NULL;
    if ((starts || resumes) && flow->starts.place == 0 && flow->resumes.place == 0) {
        flow->seldom = is_seldom(flow->spent, gate->time);
        flow->spent = later(flow->spent, gate->time);
    }
    if (starts && flow->starts.place == 0)
        mr_shares_add(&gate->starts, &flow->starts, flow->spent);
    else if (!starts && flow->starts.place != 0)
        mr_shares_take_out(&gate->starts, &flow->starts);
    if (resumes && flow->resumes.place == 0)
        mr_shares_add(&gate->resumes, &flow->resumes, flow->spent);
    else if (!resumes && flow->resumes.place != 0)
        mr_shares_take_out(&gate->resumes, &flow->resumes);
    look(schedule, gate);
}

static struct mr_gate *make_gate(struct mr_schedule *schedule, const char *name)
{
    struct mr_gate *gate = mr_alloc(sizeof(*gate));
    gate->name = mr_strdup(name);
    mr_idmap_put(&schedule->by_name, mr_bytes_of(gate->name), gate);
    return gate;
}

static void free_unused(struct mr_schedule *schedule, struct mr_gate *gate)
{
    if (gate->flows > 0 || gate->running > 0)
        return;
    MR_ASSERT(gate->share.place == 0);
    if (schedule->gate == gate)
        schedule->gate = NULL;
    mr_idmap_remove(&schedule->by_name, mr_bytes_of(gate->name));
    free(gate->starts.heap);
    free(gate->resumes.heap);
    free(gate->name);
    free(gate);
}

static void leave(struct mr_schedule *schedule, struct mr_flow *flow)
{
    struct mr_gate *gate = flow->gate;
    if (gate == NULL)
        return;
    if (flow->starts.place != 0)
        mr_shares_take_out(&gate->starts, &flow->starts);
    if (flow->resumes.place != 0)
        mr_shares_take_out(&gate->resumes, &flow->resumes);
    flow->gate = NULL;
    gate->flows--;
    look(schedule, gate);
    free_unused(schedule, gate);
}

void mr_schedule_attach(struct mr_schedule *schedule, struct mr_flow *flow, const char *name,
                        size_t concurrency)
{
    struct mr_gate *gate = mr_idmap_get(&schedule->by_name, mr_bytes_of(name));
    if (gate == NULL)
        gate = make_gate(schedule, name);
    gate->concurrency = concurrency;
    if (flow->gate != gate) {
        gate->flows++;
        leave(schedule, flow);
        flow->gate = gate;
        flow->spent = gate->time;
    }
    look_at_flow(schedule, flow);
}

void mr_schedule_detach(struct mr_schedule *schedule, struct mr_flow *flow)
{
    MR_ASSERT(flow->jobs.first == NULL && flow->first == NULL);
    leave(schedule, flow);
    if (schedule->flow == flow)
        schedule->flow = NULL;
}

void mr_schedule_push(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_job *job)
{
    bool first = flow->jobs.first == NULL;
    mr_job_become(job, MR_JOB_READY, &flow->jobs);
    if (first)
        look_at_flow(schedule, flow);
}

void mr_schedule_return(struct mr_schedule *schedule, struct mr_flow *flow,
                        struct mr_job_list *list)
{
    if (list->first == NULL)
        return;
    while (list->last != NULL)
        mr_job_become_first(list->last, MR_JOB_READY, &flow->jobs);
    look_at_flow(schedule, flow);
}

void mr_schedule_take(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_job_list *into)
{
    if (flow->jobs.first == NULL)
        return;
    mr_job_list_move(into, &flow->jobs);
    look_at_flow(schedule, flow);
}

void mr_schedule_wake(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_wait *wait)
{
    MR_ASSERT(wait->arrival != NULL);
    wait->before = flow->last;
    wait->behind = NULL;
    if (flow->last != NULL)
        flow->last->behind = wait;
    else
        flow->first = wait;
    flow->last = wait;
    schedule->reply_bytes += wait->arrival->with.value.length;
    look_at_flow(schedule, flow);
}

static void unlink_wait(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_wait *wait)
{
    if (wait->behind != NULL)
        wait->behind->before = wait->before;
    else
        flow->last = wait->before;
    if (wait->before != NULL)
        wait->before->behind = wait->behind;
    else
        flow->first = wait->behind;
    schedule->reply_bytes -= wait->arrival->with.value.length;
}

void mr_schedule_forget(struct mr_schedule *schedule, struct mr_flow *flow,
                        const struct mr_job *job)
{
    for (struct mr_wait *wait = job->waits_for; wait != NULL; wait = wait->next)
        if (wait->arrival != NULL)
            unlink_wait(schedule, flow, wait);
    if (flow->gate != NULL)
        look_at_flow(schedule, flow);
}

static struct mr_flow *flow_that_starts(struct mr_share *share)
{
    return MR_CONTAINER(share, struct mr_flow, starts);
}

static struct mr_flow *flow_that_resumes(struct mr_share *share)
{
    return MR_CONTAINER(share, struct mr_flow, resumes);
}

/* Returns true if a handler is resumed next. If two flows have spent the same time, the flow with a
 * handler at work goes first. */
static bool resumes_first(const struct mr_gate *gate)
{
    if (gate->resumes.count == 0)
        return false;
    return gate->starts.count == 0 || !has_room(gate) ||
           gate->resumes.heap[1]->key <= gate->starts.heap[1]->key;
}

bool mr_schedule_next(struct mr_schedule *schedule, struct mr_ready *next)
{
    if (schedule->gates.count == 0)
        return false;
    struct mr_gate *gate = gate_of(schedule->gates.heap[1]);
    bool resumes = resumes_first(gate);
    struct mr_share *share = resumes ? gate->resumes.heap[1] : gate->starts.heap[1];
    struct mr_flow *flow = resumes ? flow_that_resumes(share) : flow_that_starts(share);
    schedule->time = later(schedule->time, gate->share.key);
    gate->time = later(gate->time, share->key);
    schedule->gate = gate;
    schedule->flow = flow;
    *next = (struct mr_ready){.seldom = gate->seldom || flow->seldom,
                              .dear = flow->cost >= MR_SCHEDULE_SELDOM};
    gate->seldom = flow->seldom = false;
    if (resumes) {
        next->wait = flow->first;
        unlink_wait(schedule, flow, next->wait);
    } else {
        next->job = mr_job_list_pop(&flow->jobs);
    }
    if (resumes ? flow->first == NULL : flow->jobs.first == NULL)
        look_at_flow(schedule, flow);
    return true;
}

void mr_schedule_charge(struct mr_schedule *schedule, uint64_t ns)
{
    struct mr_flow *flow = schedule->flow;
    struct mr_gate *gate = schedule->gate;
    if (flow != NULL) {
        flow->cost_before = flow->cost;
        flow->cost = ns;
        flow->spent += ns;
        mr_shares_advance(&flow->gate->starts, &flow->starts, flow->spent);
        mr_shares_advance(&flow->gate->resumes, &flow->resumes, flow->spent);
    }
    if (gate != NULL) {
        gate->cost = (gate->cost * 7 + ns) / 8;
        gate->spent += ns;
        mr_shares_advance(&schedule->gates, &gate->share, gate->spent);
    }
}

void mr_schedule_began(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_job *job)
{
    MR_ASSERT(job->gate == NULL);
    job->gate = flow->gate;
    flow->gate->running++;
    look(schedule, flow->gate);
}

void mr_schedule_ended(struct mr_schedule *schedule, struct mr_job *job)
{
    struct mr_gate *gate = job->gate;
    MR_ASSERT(gate != NULL && gate->running > 0);
    job->gate = NULL;
    gate->running--;
    look(schedule, gate);
    free_unused(schedule, gate);
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t mr_schedule_cost(const struct mr_flow *flow)
{
    if (flow->gate == NULL)
        return 0;
    return lesser(lesser(flow->cost, flow->cost_before), flow->gate->cost);
}

bool mr_schedule_busy(const struct mr_schedule *schedule)
{
    return schedule->gates.count > 0;
}

void mr_schedule_free(struct mr_schedule *schedule)
{
    MR_ASSERT(schedule->by_name.count == 0);
    free(schedule->gates.heap);
    mr_idmap_free(&schedule->by_name);
    *schedule = (struct mr_schedule){0};
}
