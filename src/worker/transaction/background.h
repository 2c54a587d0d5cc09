/* The steps of a worker's transactions, taken one at a time in the background. A step waits for
 * brokers, so a thread of libuv's pool takes it, again and again until the step is over. */
#ifndef MR_WORKER_TRANSACTION_BACKGROUND_H
#define MR_WORKER_TRANSACTION_BACKGROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/timers.h"
#include "kafka/consumer/transactions.h"
#include "worker/consumer/partitions.h"

enum mr_background_kind { MR_STEPS_OPEN, MR_STEPS_COMMIT, MR_STEPS_ABORT, MR_STEPS_ASK };

struct mr_background {
    uv_loop_t *loop; /* set before the first step, with all members up to `data` */
    struct mr_timers *timers;
    struct mr_producer *producer;
    /* The step is done, or the producer has failed for good. After a commit, the transaction may
     * also have to be aborted. */
    void (*over)(void *data, enum mr_background_kind kind, const struct mr_step_end *end);
    void (*stirred)(void *data); /* after each try, over or not: take a turn */
    void *data;
    enum mr_background_kind kind;
    struct mr_step_end end;
    struct mr_offsets **offsets; /* one per consumer, from the commit until its outcome is known */
    size_t offset_count;
    uint64_t began;        /* ms, when the step was first tried */
    uint64_t patience;     /* ms, for a commit's records to be acknowledged; 0: without end */
    char waits[512];       /* what the step waits for; "" if it has not waited */
    struct mr_timer timer; /* when the step is tried again */
    uv_work_t work;
    bool working, stopping;
    bool late; /* the step is over because it took too long */
};

/* Each of these starts a step; no step may be under way. A commit takes the offsets of the jobs
 * that have entered the transaction, whose partitions are `members`. */
void mr_background_open(struct mr_background *steps);
void mr_background_commit(struct mr_background *steps, const struct mr_partition *members);
void mr_background_abort(struct mr_background *steps);
/* Asks whether the latest commit was done, if its end was unclear. Another producer must be
 * open. */
void mr_background_ask(struct mr_background *steps);
/* Returns true if a commit was begun and its outcome is not known yet. */
bool mr_background_doubt(const struct mr_background *steps);
/* Forgets the offsets of a commit that is abandoned before Kafka was asked for it. */
void mr_background_forget(struct mr_background *steps);
/* Starts no more steps and reports none. A step under way ends within a few seconds. */
void mr_background_stop(struct mr_background *steps);
void mr_background_free(struct mr_background *steps); /* no step may be under way */

#endif
