#include "master/overrun.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"

/* The run that was interrupted last in a slot. */
struct watched {
    uint64_t run;   /* its number; 0: none */
    uint64_t since; /* ms, first interruption */
    uint64_t used;  /* ms of the CPU that the worker had used by then */
};

struct mr_overrun {
    const struct mr_scoreboard *board;
    struct mr_overrun_host host;
    void *context;
    uv_timer_t timer;
    struct watched slots[];
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Interrupts a run that is over its budget, or kills its worker if interrupting did not help.
 * Returns when to look at the run again. */
static uint64_t deal_with(struct mr_overrun *overrun, uint64_t slot,
                          const struct mr_running *running, uint64_t now)
{
    struct watched *watched = &overrun->slots[slot];
    uint64_t patience = most(running->time, MR_OVERRUN_PATIENCE);
    uint64_t used = overrun->host.used(overrun->context, slot);
    if (watched->run != running->number)
        *watched = (struct watched){running->number, now, used};
    uint64_t had = most(used, watched->used) - watched->used; /* a dead worker has used 0 */
    if (had >= patience) {
        overrun->host.kill(overrun->context, slot);
        return now + patience;
    }
    overrun->host.interrupt(overrun->context, slot, running->number);
    return now + least(patience - had,
                       least(most(now - watched->since, MR_OVERRUN_LOOK), MR_OVERRUN_PATIENCE));
}

uint64_t mr_overrun_look(struct mr_overrun *overrun, uint64_t now)
{
    uint64_t shortest = MR_OVERRUN_IDLE, next = UINT64_MAX;
    for (uint64_t slot = 0; slot < overrun->board->slot_count; slot++) {
        const struct mr_slot *row = &overrun->board->slots[slot];
        uint64_t budget = mr_cell_get(&row->shortest_budget);
        struct mr_running running;
        shortest = budget > 0 ? least(shortest, budget) : shortest;
        if (!mr_slot_running(row, &running) || running.time == 0)
            continue;
        uint64_t due = running.since + running.time;
        next = least(next, now < due ? due : deal_with(overrun, slot, &running, now));
    }
    return least(next, now + most(shortest, MR_OVERRUN_LOOK));
}

static void on_timer(uv_timer_t *timer);

static void look_and_wait(struct mr_overrun *overrun)
{
    uint64_t now = mr_clock_ms();
    uint64_t next = mr_overrun_look(overrun, now);
    uv_update_time(overrun->timer.loop);
    uv_timer_start(&overrun->timer, on_timer, next - now, 0);
}

static void on_timer(uv_timer_t *timer)
{
    look_and_wait(timer->data);
}

struct mr_overrun *mr_overrun_new(uv_loop_t *loop, const struct mr_scoreboard *board,
                                  const struct mr_overrun_host *host, void *context)
{
    struct mr_overrun *overrun =
        mr_alloc(sizeof(*overrun) + board->slot_count * sizeof(overrun->slots[0]));
    overrun->board = board;
    overrun->host = *host;
    overrun->context = context;
    MR_ASSERT(uv_timer_init(loop, &overrun->timer) == 0);
    overrun->timer.data = overrun;
    look_and_wait(overrun);
    return overrun;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void mr_overrun_free(struct mr_overrun *overrun)
{
    if (overrun != NULL)
        uv_close((uv_handle_t *)&overrun->timer, on_closed);
}

void mr_overrun_reset(struct mr_overrun *overrun, uint64_t slot)
{
    overrun->slots[slot] = (struct watched){0};
}
