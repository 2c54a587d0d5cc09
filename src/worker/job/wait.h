/* What a handler waits for: a sleep, or a request's answer. It may wait for several things at once
 * (router.all), each with the number that its task gave it. */
#ifndef MR_WORKER_JOB_WAIT_H
#define MR_WORKER_JOB_WAIT_H

#include "base/timers.h"
#include "lua/vm.h"
#include "worker/job/job.h"

/* What has come of a wait; all that `with` refers to is in it. */
struct mr_arrival {
    struct mr_resumption with;
    struct mr_message message; /* the reply; its handle is NULL where there is none */
    char *text;                /* of an error; else NULL */
    struct mr_pair headers[];  /* the reply's */
};

struct mr_wait {
    struct mr_job *job;
    uint32_t number;
    struct mr_timer timer;                /* of a sleep */
    struct mr_call *call;                 /* of a request */
    void (*cancel)(struct mr_wait *wait); /* gives the request up; NULL: it is for none */
    struct mr_arrival *arrival;      /* it is over, and its handler not resumed yet (schedule.h) */
    struct mr_wait *before, *behind; /* there */
    struct mr_wait *previous, *next; /* of its job's */
};

struct mr_wait *mr_wait_new(struct mr_job *job, uint32_t number);
/* It is over: an arrival with room for so many headers, whose message is the caller's to set. */
struct mr_arrival *mr_wait_arrived(struct mr_wait *wait, size_t header_count);
/* It is over with this error; the texts are copied. */
void mr_wait_failed(struct mr_wait *wait, int status, const char *message, const char *name);
/* Takes the arrival out of the wait, which is freed. The arrival is the caller's. */
struct mr_arrival *mr_wait_end(struct mr_wait *wait);
void mr_arrival_free(struct mr_arrival *arrival);
/* It was never opened. */
void mr_wait_free(struct mr_wait *wait);
/* All of the job's are given up. */
void mr_waits_cancel(struct mr_timers *timers, struct mr_job *job);

#endif
