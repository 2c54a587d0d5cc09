/* The schedule decides which job goes on next. It shares the worker's time among routes, and a
 * route's time among its partitions. The route or partition that has spent the least time goes
 * next. So if a route has spent little, its message goes before a backlog, and waits only for the
 * handler that runs. A partition's jobs keep the order in which they became ready. A run is not
 * divided: a long run is charged afterwards, and the others go first until they have spent as much.
 *
 * The schedule also counts handlers at work per route name. If a route's `concurrency` is reached,
 * its jobs wait in their places. Handlers at work go on meanwhile. The count outlives a reload.
 *
 * The caller passes the time, in ns, so that tests can choose it. */
#ifndef MR_WORKER_JOB_SCHEDULE_H
#define MR_WORKER_JOB_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/idmap.h"
#include "worker/job/job.h"
#include "worker/job/shares.h"
#include "worker/job/wait.h"

/* A route or partition is seldom if the others have spent this much more (ns) when it gets work. A
 * run of this length is dear. */
enum { MR_SCHEDULE_SELDOM = 1000000 };

struct mr_gate; /* of a route */

/* A partition's part of the schedule. {0} is empty, and belongs to no route yet. */
struct mr_flow {
    struct mr_gate *gate;
    uint64_t spent;             /* ns; raised to its route's time when it gets work */
    uint64_t cost, cost_before; /* ns, of its last run and of the run before */
    bool seldom; /* it was seldom when it got work, and nothing of it was taken since */
    struct mr_share starts, resumes; /* in its route's heaps, if it has such work */
    struct mr_job_list jobs;         /* to start */
    struct mr_wait *first, *last;    /* waits that are over: their handlers are to be resumed */
};

/* {0} is empty; mr_schedule_free() returns it to that. */
struct mr_schedule {
    struct mr_shares gates; /* of the routes that have something to do */
    struct mr_idmap by_name;
    uint64_t time; /* of the route that went last; a route that gets work starts from it */
    struct mr_gate *gate;
    struct mr_flow *flow; /* this flow and `gate` went last; NULL if freed since */
    size_t reply_bytes;   /* of replies whose handlers are not resumed yet */
};

/* The next thing to do. One of `job` and `wait` is set. */
struct mr_ready {
    struct mr_job *job;   /* to start */
    struct mr_wait *wait; /* over: resume its handler */
    bool seldom;          /* its route or its partition was seldom */
    bool dear;            /* the last run of its partition was dear */
};

/* Moves the flow, with all that it holds, to the route of that name. At most `concurrency` handlers
 * of the route are at work at once. */
void mr_schedule_attach(struct mr_schedule *schedule, struct mr_flow *flow, const char *name,
                        size_t concurrency);
/* Takes the flow out of its route, if it has one. The flow must be empty. Call it before the flow
 * is freed. */
void mr_schedule_detach(struct mr_schedule *schedule, struct mr_flow *flow);
/* Makes the job READY, behind the other jobs of its flow. */
void mr_schedule_push(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_job *job);
/* Puts jobs that were ready before, and had to wait, before all other jobs, in their order. Makes
 * them READY. */
void mr_schedule_return(struct mr_schedule *schedule, struct mr_flow *flow,
                        struct mr_job_list *list);
/* Moves the flow's jobs that have not started to the end of `into`. They stay READY. */
void mr_schedule_take(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_job_list *into);
/* Notes that the wait is over (wait.h): its handler is resumed when it is next. */
void mr_schedule_wake(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_wait *wait);
/* Forgets the job's waits that are over. Call it when the job's handler ends, so that it is not
 * resumed. */
void mr_schedule_forget(struct mr_schedule *schedule, struct mr_flow *flow,
                        const struct mr_job *job);
/* Takes the next job or wait. Returns false if nothing may go on. A job that is taken need not
 * start. */
bool mr_schedule_next(struct mr_schedule *schedule, struct mr_ready *next);
/* Charges the cost of the job or wait that was taken last. */
void mr_schedule_charge(struct mr_schedule *schedule, uint64_t ns);
/* Counts a handler of the flow that starts, or ends. */
void mr_schedule_began(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_job *job);
void mr_schedule_ended(struct mr_schedule *schedule, struct mr_job *job);
/* Returns the cost of a run of the flow in ns: the least of its last two runs and its route's mean.
 * So one interrupted run does not count. Returns 0 if the flow has no route. */
uint64_t mr_schedule_cost(const struct mr_flow *flow);
/* Returns true if something may go on. */
bool mr_schedule_busy(const struct mr_schedule *schedule);
void mr_schedule_free(struct mr_schedule *schedule); /* no flow may be left */

#endif
