/* A job is one message at work. It owns the message from the consumer's queue until the message is
 * settled. Its state (job_state.h) says which list holds the job. It ends in mr_settle() and
 * nowhere else. */
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
struct mr_job;
struct mr_line;
struct mr_partition;
struct mr_route;
struct mr_wait;

enum { MR_JOB_HEADERS = 16, MR_JOB_SHORT_CHAIN = 64 };

/* See job_state.h. Those before RUNNING are of jobs whose handler is still to start. */
enum mr_job_state {
    MR_JOB_QUEUED,
    MR_JOB_UNROUTED,
    MR_JOB_READY,
    MR_JOB_AWAITING_COMMIT,
    MR_JOB_BLOCKED,
    MR_JOB_DELAYED,
    MR_JOB_POSTPONED,
    MR_JOB_RUNNING,
    MR_JOB_SUSPENDED,
    MR_JOB_DELIVERING,
    MR_JOB_UNJUDGED,
    MR_JOB_FORWARDING,
    MR_JOB_FORWARD_RETRY,
    MR_JOB_COMMITTABLE,
    MR_JOB_IN_TRANSACTION,
    MR_JOB_ABANDONED,
    MR_JOB_SETTLED,
    MR_JOB_STATES
};

/* A first-in first-out list, out of which any job can be taken. A job is in one list at most. {0}
 * is empty. */
struct mr_job_list {
    struct mr_job *first, *last;
};

struct mr_job {
    enum mr_job_state state;
    struct mr_job_list *list;       /* that holds the job; NULL: none does */
    struct mr_job *previous, *next; /* in that list */
    struct mr_job_pool *pool;       /* where the job came from; NULL: it is counted nowhere */
    void *owner;                    /* the dispatch it is in */
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
    bool shelved;               /* not due yet, and it has not started (shelf.h) */
    int moves;                  /* how often it was written to its retry topic again (later.h) */
    uint64_t move;              /* ms, when it may be the next time */
    bool returned;              /* it was in its retry topic: `origin` tells where it was first */
    bool answered;              /* its request is, by whichever attempt */
    bool follows_dropped;       /* the job before it in its chain was abandoned before its start */
    struct mr_line *line;       /* the commit line that the job is in (commit_line.h); or NULL */
    enum mr_status status; /* MR_STATUSES: it went to its retry topic, and is counted from there */
    int retries;           /* attempts before this one */
    struct mr_held *held, *last_held; /* what it sends when it is committed */
    struct mr_job *after;             /* the next one of its line */
    struct mr_bytes chain;            /* the name of its order chain; data NULL: in none */
    struct mr_job *behind;            /* the next one of its order chain */
    /* What follows is not cleared from job to job. */
    struct mr_origin origin; /* where `returned` */
    /* Room for what is short. */
    char short_chain[MR_JOB_SHORT_CHAIN];
    struct mr_pair few[MR_JOB_HEADERS];
};

struct mr_job *mr_job_of_timer(struct mr_timer *timer);

/* Copies the message, so that it does not keep what it came in; its headers are read anew. */
void mr_job_own(struct mr_job *job);

void mr_job_list_push(struct mr_job_list *list, struct mr_job *job); /* behind the others */
void mr_job_list_push_first(struct mr_job_list *list, struct mr_job *job);
/* Takes the job out of the list that holds it, if one does. */
void mr_job_list_remove(struct mr_job *job);
struct mr_job *mr_job_list_pop(struct mr_job_list *list); /* NULL when empty */
/* Moves all of `from`, in their order, behind those of `list`. */
void mr_job_list_move(struct mr_job_list *list, struct mr_job_list *from);

/* Jobs that ended, for those to come. {0} is empty. */
struct mr_job_pool {
    struct mr_job *free;         /* by `next` */
    size_t count[MR_JOB_STATES]; /* of jobs by state; SETTLED: all there were */
};
/* A job around the message, which it takes over; its headers are read. */
struct mr_job *mr_job_new(struct mr_job_pool *pool, const struct mr_message *message);
struct mr_origin mr_job_origin(const struct mr_job *job);
void mr_job_release(struct mr_job_pool *pool, struct mr_job *job); /* frees the message */
void mr_job_pool_free(struct mr_job_pool *pool);

#endif
