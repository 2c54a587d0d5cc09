/* A job is one message at work: it owns the message from the consumer's queue until the message is
 * settled. Who holds it when: the schedule or a wait list (order, partition) before its handler
 * starts; its Lua task while the handler runs; the delivery reports it counts after that. It ends
 * in one place, mr_settle. */
#ifndef MR_WORKER_JOB_JOB_H
#define MR_WORKER_JOB_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metrics.h"
#include "base/timers.h"
#include "kafka/message.h"
#include "lua/vm.h"
#include "worker/job/origin.h"
#include "worker/wire/dialect.h"

struct mr_failure;
struct mr_held;
struct mr_partition;
struct mr_route;
struct mr_wait;

enum { MR_JOB_HEADERS = 16, MR_JOB_SHORT_CHAIN = 64 };

struct mr_job {
    void *owner; /* the dispatch it is in */
    struct mr_message message;
    struct mr_pair *headers; /* `few`, or allocated where there are more */
    size_t header_count;
    size_t size; /* bytes that it takes, about */
    struct mr_request request;
    struct mr_incoming incoming; /* what the handler is called with; good while its task lives */
    struct mr_partition *partition;
    uint64_t sequence;      /* in the partition's window */
    struct mr_route *route; /* set when the handler starts */
    struct mr_gate *gate;   /* while its handler is at work (schedule.h) */
    struct mr_task *task;
    struct mr_wait *waits_for; /* what its handler waits for */
    struct mr_timer timer;     /* the retry it waits for */
    uint64_t began;            /* ns, when the handler started */
    uint64_t due; /* ms, monotonic: it does not start before; 0: it waits for nothing */
    struct mr_failure *failure; /* why the message is not done, where that must be kept */
    size_t deliveries;          /* records sent on its behalf and not reported yet */
    bool handled;               /* the handler has ended and its records are with the producer */
    bool shelved;               /* not due yet, and it has not started (shelf.h) */
    bool later;                 /* in its partition's `later` */
    int moves;                  /* how often it was written to its retry topic again (later.h) */
    uint64_t move;              /* ms, when it may be the next time */
    bool waits;                 /* in the dispatch's `waiting` */
    bool returned;              /* it was in its retry topic: `origin` tells where it was first */
    bool answered;              /* its request is, by whichever attempt */
    bool follows_dropped;       /* the one before it in its chain was given up */
    bool
        dropped; /* given up: its offset is not stored, whoever has the partition next handles it */
    bool lined;  /* in its partition's line (line.h) */
    bool finished;         /* as far as it is concerned it may be committed, or dropped */
    enum mr_status status; /* MR_STATUSES: it went to its retry topic, and is counted from there */
    int retries;           /* attempts before this one */
    struct mr_held *held, *last_held; /* what it sends when it is committed */
    struct mr_job *after;             /* the next one of its line */
    struct mr_bytes chain;            /* the name of its order chain; data NULL: in none */
    struct mr_job *behind;            /* the next one of its order chain */
    struct mr_job *previous, *next;   /* in the one list it is in */
    /* What follows is not cleared from job to job. */
    struct mr_origin origin; /* where `returned` */
    /* Room for what is short. */
    char short_chain[MR_JOB_SHORT_CHAIN];
    struct mr_pair few[MR_JOB_HEADERS];
};

struct mr_job *mr_job_of_timer(struct mr_timer *timer);

/* Copies the message, so that it does not keep what it came in; its headers are read anew. */
void mr_job_own(struct mr_job *job);

/* A list out of which any job can be taken; NULL is empty. */
void mr_job_link(struct mr_job **list, struct mr_job *job);
void mr_job_unlink(struct mr_job **list, struct mr_job *job);

/* A first-in first-out list; {0} is empty. */
struct mr_job_list {
    struct mr_job *first, *last;
};
void mr_job_list_push(struct mr_job_list *list, struct mr_job *job);
struct mr_job *mr_job_list_pop(struct mr_job_list *list); /* NULL when empty */
/* All of `from`, in their order, behind those of `list`. */
void mr_job_list_move(struct mr_job_list *list, struct mr_job_list *from);

/* Jobs that ended, for those to come. {0} is empty. */
struct mr_job_pool {
    struct mr_job *free;
};
/* A job around the message, which it takes over; its headers are read. */
struct mr_job *mr_job_new(struct mr_job_pool *pool, const struct mr_message *message);
struct mr_origin mr_job_origin(const struct mr_job *job);
void mr_job_release(struct mr_job_pool *pool, struct mr_job *job); /* frees the message */
void mr_job_pool_free(struct mr_job_pool *pool);

#endif
