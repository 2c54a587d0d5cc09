/* Gates: how many handlers of a route are at work, and which jobs wait for one of them to end. A
 * gate has the route's name and outlives its settings: a reload replaces the routes, and what was
 * at work before counts as before. */
#ifndef MR_WORKER_GATE_H
#define MR_WORKER_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/idmap.h"
#include "worker/job.h"

struct mr_gates;

struct mr_gate {
    struct mr_gates *owner;
    char *name;
    size_t running;             /* handlers at work */
    struct mr_job_list waiting; /* for one of these to end, in the order they came */
    size_t woken;               /* jobs that wait no more and have not passed: they go first */
    size_t holders;             /* routes of that name, in force or with handlers at work */
};

/* {0} is empty; mr_gates_free() returns it to that. */
struct mr_gates {
    struct mr_idmap by_name;
};

/* The gate of that name, made when it is the first; to be released. */
struct mr_gate *mr_gates_hold(struct mr_gates *gates, const char *name);
/* It is freed with its last holder; nothing may wait at it then. */
void mr_gate_release(struct mr_gate *gate);
/* Returns true when the job may start: there is room, and nobody was before it. Else it waits. */
bool mr_gate_pass(struct mr_gate *gate, struct mr_job *job, size_t concurrency);
/* Returns the job that waited longest, or NULL. It is to look again, and goes before all others. */
struct mr_job *mr_gate_wake(struct mr_gate *gate);
/* The job does not start after all. Returns the gate at which another one is to be woken instead of
 * it; NULL when it was not woken. */
struct mr_gate *mr_gate_leave(struct mr_job *job);
void mr_gates_free(struct mr_gates *gates); /* all are released */

#endif
