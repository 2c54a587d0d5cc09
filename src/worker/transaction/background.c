#include "worker/transaction/background.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/job/job.h"

enum {
    STEP_MS = 1000, /* how long a thread of the pool waits at most */
    AGAIN_MS = 20,
    OPEN_MS = 5000, /* then another id is taken: the last transaction of this one cannot be ended */
    ABORT_MS = 4000, /* then another producer ends the transaction */
    ASK_MS = 10000,  /* then another producer asks: the broker that this one asks does not know */
};

/* Takes the step, on a thread of the pool. Of `steps` it writes only `end`. */
static void on_thread(uv_work_t *work)
{
    struct mr_background *steps = work->data;
    if (steps->kind == MR_STEPS_OPEN)
        mr_transactions_open(steps->producer, STEP_MS, &steps->end);
    else if (steps->kind == MR_STEPS_COMMIT)
        mr_transactions_commit(steps->producer, steps->offsets, steps->offset_count, STEP_MS,
                               &steps->end);
    else if (steps->kind == MR_STEPS_ABORT)
        mr_transactions_abort(steps->producer, STEP_MS, &steps->end);
    else
        mr_transactions_ask(steps->producer, steps->offsets, steps->offset_count, STEP_MS,
                            &steps->end);
}

static void after_work(uv_work_t *work, int status);

static void queue(struct mr_background *steps)
{
    if (steps->stopping)
        return;
    steps->work.data = steps;
    steps->working = true;
    uv_queue_work(steps->loop, &steps->work, on_thread, after_work);
}

static void take(struct mr_background *steps, enum mr_background_kind kind)
{
    steps->kind = kind;
    steps->began = mr_clock_ms();
    if (kind != MR_STEPS_OPEN) /* `waits` says why this producer is opened: it stays */
        steps->waits[0] = '\0';
    queue(steps);
}

static void on_again(struct mr_timer *timer)
{
    struct mr_background *steps = MR_CONTAINER(timer, struct mr_background, timer);
    queue(steps);
}

static void free_offsets(struct mr_background *steps)
{
    for (size_t i = 0; i < steps->offset_count; i++)
        mr_offsets_free(steps->offsets[i]);
    free(steps->offsets);
    steps->offsets = NULL;
    steps->offset_count = 0;
}

/* Returns true if the outcome of the commit is known, so that its offsets may go. A failed commit
 * does not decide it, nor does the opening of another producer. */
static bool is_decided(const struct mr_background *steps)
{
    return steps->end.step == MR_STEP_DONE && steps->kind != MR_STEPS_OPEN;
}

/* Makes a step fail if it has waited too long. */
static void lose_patience(struct mr_background *steps)
{
    uint64_t age = mr_clock_ms() - steps->began;
    steps->late = false;
    if (steps->end.step != MR_STEP_AGAIN)
        return;
    steps->late = (steps->kind == MR_STEPS_ABORT && age >= ABORT_MS) ||
                  (steps->kind == MR_STEPS_OPEN && age >= OPEN_MS && steps->patience > 0 &&
                   !mr_background_doubt(steps));
    if (steps->late || (steps->kind == MR_STEPS_ASK && age >= ASK_MS))
        steps->end.step = MR_STEP_FATAL;
    if (steps->end.unacknowledged && steps->patience > 0 && age >= steps->patience) {
        steps->end.step = MR_STEP_ABORT;
        steps->end.how = MR_SENT_BACK;
    }
}

static bool is_over(const struct mr_background *steps)
{
    return steps->end.step == MR_STEP_DONE || steps->end.step == MR_STEP_FATAL ||
           (steps->end.step == MR_STEP_ABORT && steps->kind == MR_STEPS_COMMIT);
}

static void after_work(uv_work_t *work, int status)
{
    struct mr_background *steps = work->data;
    (void)status;
    steps->working = false;
    if (steps->stopping)
        return;
    lose_patience(steps);
    if (steps->end.step == MR_STEP_FATAL)
        memcpy(steps->waits, steps->end.why, sizeof(steps->waits));
    if (is_over(steps)) {
        if (is_decided(steps))
            free_offsets(steps);
        steps->over(steps->data, steps->kind, &steps->end);
    } else {
        memcpy(steps->waits, steps->end.why, sizeof(steps->waits));
        mr_log(MR_LOG_DEBUG, "transaction_waits", MR_S("message", steps->waits));
        mr_timers_arm(steps->timers, &steps->timer, mr_clock_ms() + AGAIN_MS, on_again);
    }
    steps->stirred(steps->data);
}

static struct mr_offsets *offsets_of(struct mr_background *steps, struct mr_consumer **consumers,
                                     struct mr_consumer *consumer)
{
    size_t i = 0;
    while (i < steps->offset_count && consumers[i] != consumer)
        i++;
    if (i == steps->offset_count) {
        consumers[i] = consumer;
        steps->offsets[i] = mr_offsets_new(consumer);
        steps->offset_count++;
    }
    return steps->offsets[i];
}

static void collect_offsets(struct mr_background *steps, const struct mr_partition *members)
{
    size_t count = 0;
    for (const struct mr_partition *p = members; p != NULL; p = p->together)
        count++;
    struct mr_consumer **consumers = mr_alloc(count * sizeof(*consumers));
    steps->offsets = mr_alloc(count * sizeof(*steps->offsets));
    for (const struct mr_partition *p = members; p != NULL; p = p->together)
        mr_offsets_add(offsets_of(steps, consumers, p->consumer), p->topic, p->number,
                       p->line.latest->message.offset + 1);
    free(consumers);
}

void mr_background_open(struct mr_background *steps)
{
    take(steps, MR_STEPS_OPEN);
}

void mr_background_commit(struct mr_background *steps, const struct mr_partition *members)
{
    MR_ASSERT(!mr_background_doubt(steps));
    collect_offsets(steps, members);
    take(steps, MR_STEPS_COMMIT);
}

void mr_background_abort(struct mr_background *steps)
{
    take(steps, MR_STEPS_ABORT);
}

void mr_background_ask(struct mr_background *steps)
{
    take(steps, MR_STEPS_ASK);
}

bool mr_background_doubt(const struct mr_background *steps)
{
    return steps->offset_count > 0;
}

void mr_background_forget(struct mr_background *steps)
{
    free_offsets(steps);
}

void mr_background_stop(struct mr_background *steps)
{
    steps->stopping = true;
    mr_timers_cancel(steps->timers, &steps->timer);
}

void mr_background_free(struct mr_background *steps)
{
    MR_ASSERT(!steps->working);
    free_offsets(steps);
}
