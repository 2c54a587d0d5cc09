/* The worker's functions for scripts (struct mr_host of lua/vm.h). */

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "worker/dispatch/enqueue.h"
#include "worker/handler/handler.h"
#include "worker/job/wait.h"

static int publish(void *data, void *job, const struct mr_outgoing *record, char *error,
                   size_t size)
{
    struct mr_dispatch *dispatch = data;
    enum mr_sent sent =
        mr_outbox_send(dispatch->outbox, job, MR_FOR_PUBLISH, record, mr_clock_ns(), error, size);
    return sent == MR_SENT ? 0 : -1;
}

/* Returns the time-out of a handler's request, in ms. It is the script's own, else the time left
 * until the deadline of the handled message (1 at least), else rpc.timeout. */
static int64_t timeout_of(const struct mr_dispatch *dispatch, const struct mr_job *job,
                          const struct mr_ask *ask)
{
    if (ask->timeout > 0)
        return ask->timeout;
    if (job->incoming.deadline == 0)
        return dispatch->rpc_timeout;
    int64_t left = job->incoming.deadline - ((int64_t)mr_clock_ms() + dispatch->wall_offset);
    return left > 1 ? left : 1;
}

static int request(void *data, void *job, uint32_t number, const struct mr_ask *ask, char *error,
                   size_t size)
{
    struct mr_dispatch *dispatch = data;
    struct mr_wait *wait = mr_wait_new(job, number);
    if (mr_rpc_open(dispatch->rpc, wait, ask, timeout_of(dispatch, job, ask), error, size) == 0)
        return 0;
    mr_wait_free(wait);
    return -1;
}

static void on_slept(struct mr_timer *timer)
{
    struct mr_wait *wait = MR_CONTAINER(timer, struct mr_wait, timer);
    mr_wait_arrived(wait, 0);
    mr_enqueue_wake(wait->job->owner, wait);
}

static int sleep_for(void *data, void *job, uint32_t number, int64_t milliseconds, char *error,
                     size_t size)
{
    struct mr_dispatch *dispatch = data;
    struct mr_wait *wait = mr_wait_new(job, number);
    (void)error, (void)size;
    mr_timers_arm(dispatch->timers, &wait->timer, mr_clock_ms() + (uint64_t)milliseconds, on_slept);
    return 0;
}

static void tell(const char *name, enum mr_breaker_state state)
{
    static const struct {
        enum mr_log_level level;
        const char *event;
    } told[] = {
        [MR_BREAKER_CLOSED] = {MR_LOG_INFO, "breaker_closed"},
        [MR_BREAKER_HALF_OPEN] = {MR_LOG_INFO, "breaker_half_open"},
        [MR_BREAKER_OPEN] = {MR_LOG_WARN, "breaker_opened"},
    };
    mr_log(told[state].level, told[state].event, MR_S("breaker", name));
}

static void breaker(void *data, const char *name, enum mr_breaker_state state)
{
    struct mr_dispatch *dispatch = data;
    struct mr_breaker_row *row = mr_slot_breaker(dispatch->slot, name);
    if (row != NULL && mr_cell_get(&row->state) == state)
        return; /* the breaker was just made, and is closed */
    if (row != NULL)
        mr_cell_set(&row->state, state);
    tell(name, state);
}

static void breaker_rejected(void *data, const char *name)
{
    struct mr_dispatch *dispatch = data;
    struct mr_breaker_row *row = mr_slot_breaker(dispatch->slot, name);
    if (row != NULL)
        mr_cell_add(&row->rejected, 1);
}

const struct mr_host mr_dispatch_host = {publish, request, sleep_for, breaker, breaker_rejected};
