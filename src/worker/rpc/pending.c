#include "worker/rpc/pending.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/panic.h"
#include "base/uuid.h"

enum { LATE_MS = 60000 };

struct mr_call *mr_call_new(struct mr_calls *calls, enum mr_dialect dialect, const char *reply_to,
                            int64_t timeout)
{
    struct mr_call *call = mr_alloc(sizeof(*call));
    *call = (struct mr_call){.calls = calls,
                             .dialect = dialect,
                             .reply_to = mr_strdup(reply_to),
                             .timeout = timeout,
                             .created = mr_clock_ms()};
    mr_uuid_text(call->id);
    mr_idmap_put(&calls->by_id, mr_bytes_of(call->id), call);
    return call;
}

struct mr_call *mr_call_of_timer(struct mr_timer *timer)
{
    return MR_CONTAINER(timer, struct mr_call, timer);
}

static void set_pending(struct mr_calls *calls, int by)
{
    calls->pending += by;
    mr_cell_set(&calls->slot->gauges[MR_RPC_PENDING], (uint64_t)calls->pending);
}

static void cancel(struct mr_wait *wait)
{
    mr_call_abandon(wait->call);
}

void mr_call_begin(struct mr_call *call, struct mr_wait *wait)
{
    struct mr_calls *calls = call->calls;
    MR_ASSERT(call->wait == NULL && wait->call == NULL);
    call->next = calls->open;
    if (calls->open != NULL)
        calls->open->previous = call;
    calls->open = call;
    call->wait = wait;
    wait->call = call;
    wait->cancel = cancel;
    set_pending(calls, 1);
}

void mr_call_use(struct mr_call *call, size_t *uses)
{
    MR_ASSERT(call->wait != NULL && call->uses == NULL);
    call->uses = uses;
    ++*uses;
}

static void end_use(struct mr_call *call)
{
    if (call->uses != NULL)
        --*call->uses;
    call->uses = NULL;
}

static struct mr_wait *end_waiting(struct mr_call *call)
{
    struct mr_wait *wait = call->wait;
    MR_ASSERT(wait != NULL);
    if (call->next != NULL)
        call->next->previous = call->previous;
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        call->calls->open = call->next;
    call->previous = call->next = NULL;
    call->wait = NULL;
    wait->call = NULL;
    wait->cancel = NULL;
    end_use(call);
    set_pending(call->calls, -1);
    return wait;
}

void mr_call_sent(struct mr_call *call)
{
    free(call->record);
    call->record = NULL;
}

static void drop(void *value)
{
    struct mr_call *call = value;
    mr_timers_cancel(call->calls->timers, &call->timer);
    mr_call_sent(call);
    free(call->refusal);
    free(call->reply_to);
    free(call);
}

void mr_call_free(struct mr_call *call)
{
    MR_ASSERT(call->wait == NULL);
    mr_idmap_remove(&call->calls->by_id, mr_bytes_of(call->id));
    drop(call);
}

struct mr_wait *mr_call_end(struct mr_call *call)
{
    struct mr_wait *wait = end_waiting(call);
    mr_call_free(call);
    return wait;
}

static void on_forgotten(struct mr_timer *timer)
{
    mr_call_free(mr_call_of_timer(timer));
}

struct mr_wait *mr_call_abandon(struct mr_call *call)
{
    mr_call_sent(call);
    mr_timers_arm(call->calls->timers, &call->timer, mr_clock_ms() + LATE_MS, on_forgotten);
    return end_waiting(call);
}

void mr_calls_free(struct mr_calls *calls)
{
    calls->open = NULL;
    mr_idmap_drain(&calls->by_id, drop);
}
