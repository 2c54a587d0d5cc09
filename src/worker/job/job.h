/* A job is one message at work. It owns the message from the consumer's queue until the message is
 * settled. Its state (base/job_states.h) says which list holds the job. It ends in mr_settle() and
 * nowhere else. */
#ifndef MR_WORKER_JOB_JOB_H
#define MR_WORKER_JOB_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/job_states.h"
#include "base/metrics.h"
#include "base/timers.h"
#include "kafka/message.h"
#include "lua/vm.h"
#include "worker/job/origin.h"
#include "worker/wire/dialect.h"

struct mr_failure;
struct mr_pending_records;
struct mr_job;
struct mr_commit_line;
struct mr_partition;
struct mr_route;
struct mr_topic_row;
struct mr_wait;

enum { MR_JOB_HEADERS = 16, MR_JOB_SHORT_CHAIN = 64 };

/* A first-in first-out list. Any job can be taken out of it. A job is in one list at most. {0} is
 * empty. */
struct mr_job_list {
    struct mr_job *first, *last;
};

struct mr_job {
    enum mr_job_state state;
    struct mr_job_list *list;       /* the list that holds the job; NULL: none does */
    struct mr_job *previous, *next; /* in that list */
    struct mr_job_pool *pool;       /* the pool that counts the job; NULL: none does */
    struct mr_topic_row *row;       /* the row that counts it, in the scoreboard; set with `pool` */
    void *owner;                    /* the job's dispatch */
    struct mr_pair *headers;        /* `few`, or allocated if there are more */
    size_t header_count;
    size_t size; /* bytes of memory, about */
    struct mr_request request;
    struct mr_partition *partition;
    uint64_t sequence;      /* in the partition's window */
    struct mr_route *route; /* set when the handler starts */
    struct mr_gate *gate;   /* set while its handler is at work (schedule.h) */
    struct mr_task *task;
    struct mr_wait *waits_for;  /* all waits of its handler */
    struct mr_timer timer;      /* of its retry, its due time, the next try to forward it, or
                                   budget.total of its handler */
    uint64_t began;             /* ns, when the handler started */
    uint64_t due;               /* ms, monotonic: the handler does not start before; 0: at once */
    struct mr_failure *failure; /* why the message is not done; NULL if that need not be kept */
    size_t deliveries;          /* records sent for the job and not reported yet */
    bool shelved;               /* not due yet, and it has not started (shelf.h) */
    int moves;                  /* how often it was written to its retry topic again (later.h) */
    uint64_t move;              /* ms, monotonic: the message is not moved before */
    bool returned;              /* the message came from its retry topic; `origin` is set */
    bool answered;              /* its request is answered, by this or an earlier attempt */
    bool follows_dropped;       /* the job before it in its chain was abandoned before its start */
    struct mr_commit_line
        *line;             /* the commit line that the job is in (commit_line.h); NULL: none */
    enum mr_status status; /* the result to count; MR_STATUSES: none, since the message went to its
                              retry topic */
    int retries;           /* attempts before this one */
    struct mr_pending_records *held,
        *last_held;                /* records to send in the transaction that commits the job */
    struct mr_job *after;          /* the next job of its commit line */
    struct mr_bytes chain;         /* the name of its order chain; data NULL: it is in no chain */
    struct mr_job *behind;         /* the next job of its order chain */
    struct mr_job *suspect_behind; /* the next suspect of its partition (dispatch/suspects.h) */
    /* The members below are not cleared when the job is used again. */
    struct mr_message message;
    struct mr_incoming incoming; /* the handler's arguments; valid as long as `task` */
    struct mr_origin origin;     /* valid if `returned` */
    /* Room for a short chain name, and for a few headers. */
    char short_chain[MR_JOB_SHORT_CHAIN];
    struct mr_pair few[MR_JOB_HEADERS];
};

struct mr_job *mr_job_of_timer(struct mr_timer *timer);

/* Replaces the job's message by a copy, so that librdkafka's whole response is not kept. Reads the
 * headers anew. */
void mr_job_own(struct mr_job *job);

/* Inserts the job between these two jobs of the list. Each of them may be NULL. */
static inline void mr_job_list_insert(struct mr_job_list *list, struct mr_job *job,
                                      struct mr_job *previous, struct mr_job *next)
{
    job->list = list;
    job->previous = previous;
    job->next = next;
    *(previous != NULL ? &previous->next : &list->first) = job;
    *(next != NULL ? &next->previous : &list->last) = job;
}

/* Puts the job at the end. */
static inline void mr_job_list_push(struct mr_job_list *list, struct mr_job *job)
{
    mr_job_list_insert(list, job, list->last, NULL);
}

static inline void mr_job_list_push_first(struct mr_job_list *list, struct mr_job *job)
{
    mr_job_list_insert(list, job, NULL, list->first);
}

/* Takes the job out of the list that holds it, if one does. */
static inline void mr_job_list_remove(struct mr_job *job)
{
    struct mr_job_list *list = job->list;
    if (list == NULL)
        return;
    *(job->previous != NULL ? &job->previous->next : &list->first) = job->next;
    *(job->next != NULL ? &job->next->previous : &list->last) = job->previous;
    job->list = NULL;
}

struct mr_job *mr_job_list_pop(struct mr_job_list *list); /* NULL if the list is empty */
/* Moves all jobs of `from`, in their order, to the end of `list`. */
void mr_job_list_move(struct mr_job_list *list, struct mr_job_list *from);

/* Ended jobs, to be used again. {0} is empty. */
struct mr_job_pool {
    struct mr_job *free;         /* linked by `next` */
    size_t count[MR_JOB_STATES]; /* jobs per state; SETTLED: all that were ever settled */
};
/* Returns a QUEUED job that takes over the message. The pool and the row count it until it is
 * settled. Reads the headers. End it with mr_job_release(). */
struct mr_job *mr_job_new(struct mr_job_pool *pool, struct mr_topic_row *row,
                          const struct mr_message *message);
struct mr_origin mr_job_origin(const struct mr_job *job);
void mr_job_release(struct mr_job_pool *pool, struct mr_job *job); /* frees the message */
void mr_job_pool_free(struct mr_job_pool *pool);

#endif
