/* The schedule: which job goes on next. It shares the worker's time among routes, and a route's
 * among its partitions, by what each has spent: the one that had least goes next. What arrives
 * where little was spent so goes before a backlog, and waits for the one handler that runs. A
 * partition's jobs keep the order in which they became ready. Nothing is divided: a handler that
 * runs for long is charged for it afterwards, and the others go first until they had as much.
 *
 * A route's `concurrency` is counted here, by the route's name: while as many handlers are at work
 * its partitions' jobs stay where they are, and none of them loses its place; handlers at work go
 * on meanwhile. The count outlives a reload.
 *
 * Time is given by the caller, in ns, so that tests bring their own. */
#ifndef MR_WORKER_JOB_SCHEDULE_H
#define MR_WORKER_JOB_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/idmap.h"
#include "worker/job/job.h"
#include "worker/job/shares.h"
#include "worker/job/wait.h"

/* Seldom is who had so much less than the others (ns) since it last had something to do; and what
 * runs for so long is dear. */
enum { MR_SCHEDULE_SELDOM = 1000000 };

struct mr_gate; /* a route's */

/* One partition's. {0} is empty, and belongs to no route yet. */
struct mr_flow {
    struct mr_gate *gate;
    uint64_t spent;                  /* ns; never behind its route's time when it has work */
    uint64_t cost, cost_before;      /* ns, of what went last of it, and before that */
    bool seldom;                     /* when it got what it has, and none of that is taken yet */
    struct mr_share starts, resumes; /* where it has either */
    struct mr_job_list jobs;         /* to be started */
    struct mr_wait *first, *last;    /* over: their handlers are to be resumed */
};

/* {0} is empty; mr_schedule_free() returns it to that. */
struct mr_schedule {
    struct mr_shares gates; /* those that have something to do */
    struct mr_idmap by_name;
    uint64_t time; /* of the gate that went last: who comes back does not catch up */
    struct mr_gate *gate;
    struct mr_flow *flow; /* these two went last; NULL once they are gone */
    size_t reply_bytes;   /* of replies whose handlers are not resumed yet */
};

/* What goes on next: one of the two. */
struct mr_ready {
    struct mr_job *job;   /* to be started */
    struct mr_wait *wait; /* over: its handler is to be resumed */
    bool seldom;          /* its route, or its partition, had little to do of late */
    bool dear;            /* the one of its partition before it ran for long */
};

/* The flow is the route's of that name, with all that it holds; at most `concurrency` handlers of
 * the route at once. */
void mr_schedule_attach(struct mr_schedule *schedule, struct mr_flow *flow, const char *name,
                        size_t concurrency);
/* The flow is empty, and will be freed. Fine where it is no route's. */
void mr_schedule_detach(struct mr_schedule *schedule, struct mr_flow *flow);
/* The job may start, behind those of its flow. */
void mr_schedule_push(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_job *job);
/* These were ready before and had to wait for something: in their order, before all others. */
void mr_schedule_return(struct mr_schedule *schedule, struct mr_flow *flow,
                        struct mr_job_list *list);
/* Moves the flow's jobs that have not started to the end of `into`. They stay READY. */
void mr_schedule_take(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_job_list *into);
/* The wait is over (wait.h): its handler may be resumed. */
void mr_schedule_wake(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_wait *wait);
/* The job's handler ends without being resumed: forgets its waits that are over. */
void mr_schedule_forget(struct mr_schedule *schedule, struct mr_flow *flow,
                        const struct mr_job *job);
/* Takes what goes on next; false when nothing may. A job that is taken does not have to start. */
bool mr_schedule_next(struct mr_schedule *schedule, struct mr_ready *next);
/* What was taken last has cost so much. */
void mr_schedule_charge(struct mr_schedule *schedule, uint64_t ns);
/* A handler of the job's flow starts, ends. */
void mr_schedule_began(struct mr_schedule *schedule, struct mr_flow *flow, struct mr_job *job);
void mr_schedule_ended(struct mr_schedule *schedule, struct mr_job *job);
/* What a run of the flow costs (ns): the lesser of its latest two, or its route's mean where that
 * is less, so that one run that was interrupted says nothing. 0 where it is no route's. */
uint64_t mr_schedule_cost(const struct mr_flow *flow);
/* Something may go on. */
bool mr_schedule_busy(const struct mr_schedule *schedule);
void mr_schedule_free(struct mr_schedule *schedule); /* no flow is left */

#endif
