/* The waits of a handler: for a sleep, or for the answer to a request. A handler may have several
 * waits at once (router.all), each with the number that its task gave it. */
#ifndef MR_WORKER_JOB_WAIT_H
#define MR_WORKER_JOB_WAIT_H

#include "base/timers.h"
#include "lua/vm.h"
#include "worker/job/job.h"

/* The result of a wait. It contains all that `with` refers to. */
struct mr_arrival {
    struct mr_resumption with;
    struct mr_message message; /* the reply; its handle is NULL if there is none */
    char *text;                /* of an error, else NULL */
    struct mr_pair headers[];  /* of the reply */
};

struct mr_wait {
    struct mr_job *job;
    uint32_t number;
    struct mr_timer timer;                /* of a sleep */
    struct mr_call *call;                 /* of a request */
    void (*cancel)(struct mr_wait *wait); /* abandons the request; NULL: there is none */
    struct mr_arrival *arrival;      /* from the end of the wait until its handler is resumed */
    struct mr_wait *before, *behind; /* among a flow's waits that are over (schedule.h) */
    struct mr_wait *previous, *next; /* among the waits of its job */
};

struct mr_wait *mr_wait_new(struct mr_job *job, uint32_t number);
/* Marks the wait as over. Returns its arrival, with room for that many headers. The caller sets the
 * message, and lets the schedule resume the handler. */
struct mr_arrival *mr_wait_arrived(struct mr_wait *wait, size_t header_count);
/* Marks the wait as over, with this error. Copies the texts. */
void mr_wait_failed(struct mr_wait *wait, int status, const char *message, const char *name);
/* Frees the wait, and returns its arrival, which the caller takes over. */
struct mr_arrival *mr_wait_end(struct mr_wait *wait);
void mr_arrival_free(struct mr_arrival *arrival);
/* Frees a wait that has not begun: its timer is not armed, and it has no request. */
void mr_wait_free(struct mr_wait *wait);
/* Cancels and frees all waits of the job. */
void mr_waits_cancel(struct mr_timers *timers, struct mr_job *job);

#endif
