/* The steps of a worker's transactions, taken one at a time in the background: they wait for
 * brokers, so a thread of libuv's pool takes them, each again until it is over. */
#ifndef MR_WORKER_TRANSACTION_BACKGROUND_H
#define MR_WORKER_TRANSACTION_BACKGROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/timers.h"
#include "kafka/consumer/transactions.h"
#include "worker/consumer/partitions.h"

enum mr_steps_kind { MR_STEPS_OPEN, MR_STEPS_COMMIT, MR_STEPS_ABORT, MR_STEPS_ASK };

struct mr_steps {
    uv_loop_t *loop; /* set, with all that follows up to `data`, before the first step */
    struct mr_timers *timers;
    struct mr_producer *producer;
    /* It is done or the producer is of no more use; a commit may also be one to be aborted. */
    void (*over)(void *data, enum mr_steps_kind kind, const struct mr_step_end *end);
    void (*stirred)(void *data); /* in any case: take a turn */
    void *data;
    enum mr_steps_kind kind;
    struct mr_step_end end;
    struct mr_offsets *
        *offsets; /* of each consumer, from the commit until what came of it is known */
    size_t offset_count;
    uint64_t began;        /* ms, when the step was taken first */
    uint64_t patience;     /* ms, for the records of a commit to be acknowledged; 0: without end */
    char waits[512];       /* what the step waits for; "" if it has not waited */
    struct mr_timer timer; /* when it is taken again */
    uv_work_t work;
    bool working, stopping;
    bool late; /* it was over for its age */
};

/* None is under way. The offsets are those of the jobs that have entered the transaction. */
void mr_steps_open(struct mr_steps *steps);
void mr_steps_commit(struct mr_steps *steps, const struct mr_partition *members);
void mr_steps_abort(struct mr_steps *steps);
/* Another producer is open: was the latest commit, whose end was unclear, done or not? */
void mr_steps_ask(struct mr_steps *steps);
/* Returns true if a commit was begun and nothing has ended since. */
bool mr_steps_doubt(const struct mr_steps *steps);
/* The commit was given up before it was asked for. */
void mr_steps_forget(struct mr_steps *steps);
/* Takes none any more and tells of none; what is under way ends within a few seconds. */
void mr_steps_stop(struct mr_steps *steps);
void mr_steps_free(struct mr_steps *steps); /* none is under way */

#endif
