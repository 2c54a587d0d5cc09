#include "master/wedge.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"

/* The last sign of life of a slot's worker. */
struct watched {
    uint64_t pid;
    uint64_t sign;   /* when it came, ms */
    uint64_t silent; /* time since then that the looks have seen, ms */
    bool asked;
};

struct mr_wedge {
    const struct mr_scoreboard *board;
    struct mr_wedge_host host;
    void *context;
    uv_timer_t timer;
    uint64_t looked; /* ms; 0: never */
    struct watched slots[];
};

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Returns true if a run of Lua explains the silence. A run without a budget may take any time.
 * master/overrun.h ends any other run, and needs twice its budget at most. */
static bool is_amid_run(const struct mr_slot *slot, uint64_t now)
{
    struct mr_running running;
    return mr_slot_running(slot, &running) &&
           (running.time == 0 ||
            now < running.since + running.time + most(running.time, MR_OVERRUN_PATIENCE));
}

/* Returns the time of the last sign of life. The start of the last run counts too: scripts that
 * load one after another leave no time for a heartbeat. */
static uint64_t sign_of(const struct mr_slot *slot, uint64_t now)
{
    if (mr_cell_get(&slot->state) == MR_WORKER_NONE || is_amid_run(slot, now))
        return now;
    return most(mr_cell_get(&slot->heartbeat), mr_cell_get(&slot->run.since));
}

uint64_t mr_wedge_silence(const struct mr_slot *slot, uint64_t now)
{
    uint64_t sign = sign_of(slot, now);
    return now > sign ? now - sign : 0;
}

static void act(struct mr_wedge *wedge, uint64_t slot)
{
    struct watched *watched = &wedge->slots[slot];
    if (watched->silent >= MR_WEDGED_END)
        wedge->host.kill(wedge->context, slot);
    else if (watched->silent >= MR_WEDGED_AFTER && !watched->asked)
        wedge->host.ask(wedge->context, slot, watched->silent);
    watched->asked = watched->silent >= MR_WEDGED_AFTER;
}

static void look_at(struct mr_wedge *wedge, uint64_t slot, uint64_t now, uint64_t passed)
{
    const struct mr_slot *row = &wedge->board->slots[slot];
    struct watched *watched = &wedge->slots[slot];
    uint64_t sign = sign_of(row, now), pid = mr_cell_get(&row->pid);
    if (sign != watched->sign || pid != watched->pid)
        *watched = (struct watched){.pid = pid, .sign = sign};
    else
        watched->silent += passed;
    act(wedge, slot);
}

void mr_wedge_look(struct mr_wedge *wedge, uint64_t now)
{
    uint64_t passed = wedge->looked == 0 ? 0 : now - wedge->looked;
    if (passed > (uint64_t)2 * MR_WEDGE_LOOK)
        passed = MR_WEDGE_LOOK;
    wedge->looked = now;
    for (uint64_t slot = 0; slot < wedge->board->slot_count; slot++)
        look_at(wedge, slot, now, passed);
}

static void on_timer(uv_timer_t *timer)
{
    mr_wedge_look(timer->data, mr_clock_ms());
}

struct mr_wedge *mr_wedge_new(uv_loop_t *loop, const struct mr_scoreboard *board,
                              const struct mr_wedge_host *host, void *context)
{
    struct mr_wedge *wedge = mr_alloc(sizeof(*wedge) + board->slot_count * sizeof(wedge->slots[0]));
    wedge->board = board;
    wedge->host = *host;
    wedge->context = context;
    MR_ASSERT(uv_timer_init(loop, &wedge->timer) == 0);
    wedge->timer.data = wedge;
    uv_timer_start(&wedge->timer, on_timer, MR_WEDGE_LOOK, MR_WEDGE_LOOK);
    return wedge;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void mr_wedge_free(struct mr_wedge *wedge)
{
    if (wedge != NULL)
        uv_close((uv_handle_t *)&wedge->timer, on_closed);
}
