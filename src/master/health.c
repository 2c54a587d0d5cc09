#include "master/health.h"

#include <inttypes.h>

#include "master/wedge.h"

static const struct {
    const char *name, *message;
    bool alive; /* no reason to start the router anew */
} table[] = {
    [MR_HEALTH_OK] = {"ok", "", true},
    [MR_HEALTH_DEAD] = {"dead", "the worker died and waits to be started again", true},
    [MR_HEALTH_WEDGED] = {"wedged", "the worker's loop stands still; it is killed soon", true},
    [MR_HEALTH_STUCK] = {"wedged", "the worker's loop stands still and it cannot be killed", false},
    [MR_HEALTH_STOPPING] = {"stopping", "it was told to stop", true},
    [MR_HEALTH_STARTING] = {"starting", "the worker is loading its scripts", true},
    [MR_HEALTH_BROKER_DOWN] = {"broker_down", "no broker can be reached", true},
    [MR_HEALTH_JOINING] = {"joining", "the worker's consumers are joining their groups", true},
    [MR_HEALTH_BLOCKED] = {"dead_letter_blocked",
                           "a dead letter cannot be written, its partition waits; the log says why",
                           true},
};

enum mr_health mr_health_of(const struct mr_view *view, uint64_t slot)
{
    const struct mr_slot *row = &view->board->slots[slot];
    uint64_t state = mr_cell_get(&row->state);
    uint64_t silence = mr_wedge_silence(row, view->now);
    if (silence >= MR_WEDGED_AFTER)
        return silence >= MR_WEDGED_STUCK ? MR_HEALTH_STUCK : MR_HEALTH_WEDGED;
    if (view->stopping || state == MR_WORKER_STOPPING || state == MR_WORKER_FINISHED)
        return MR_HEALTH_STOPPING;
    if (state == MR_WORKER_NONE)
        return MR_HEALTH_DEAD;
    if (state == MR_WORKER_STARTING)
        return MR_HEALTH_STARTING;
    if (mr_cell_get(&row->broker) == MR_BROKER_DOWN)
        return MR_HEALTH_BROKER_DOWN;
    if (state != MR_WORKER_READY)
        return MR_HEALTH_JOINING;
    return mr_cell_get(&row->gauges[MR_DLQ_BLOCKED]) > 0 ? MR_HEALTH_BLOCKED : MR_HEALTH_OK;
}

/* Whether that answers the question with no. */
static bool counts(enum mr_health health, enum mr_health_question question)
{
    if (question == MR_HEALTH_LIVE)
        return !table[health].alive;
    return health != MR_HEALTH_OK && (question == MR_HEALTH_BOTH || health != MR_HEALTH_BLOCKED);
}

bool mr_health_well(const struct mr_view *view, enum mr_health_question question)
{
    for (uint64_t slot = 0; slot < view->board->slot_count; slot++)
        if (counts(mr_health_of(view, slot), question))
            return false;
    return true;
}

void mr_health_json(const struct mr_view *view, enum mr_health_question question,
                    struct mr_buf *out)
{
    bool first = true;
    mr_buf_printf(out, "{\"status\":\"%s\",\"reasons\":[",
                  mr_health_well(view, question) ? "ok" : "unavailable");
    for (uint64_t slot = 0; slot < view->board->slot_count; slot++) {
        enum mr_health health = mr_health_of(view, slot);
        if (!counts(health, question))
            continue;
        mr_buf_printf(out, "%s{\"worker\":%" PRIu64 ",\"reason\":\"%s\",\"message\":\"%s\"}",
                      first ? "" : ",", slot, table[health].name, table[health].message);
        first = false;
    }
    mr_buf_string(out, "]}\n");
}

void mr_health_text(const struct mr_view *view, enum mr_health_question question,
                    struct mr_buf *out)
{
    for (uint64_t slot = 0; slot < view->board->slot_count; slot++) {
        enum mr_health health = mr_health_of(view, slot);
        if (counts(health, question))
            mr_buf_printf(out, "worker %" PRIu64 ": %s: %s\n", slot, table[health].name,
                          table[health].message);
    }
    if (mr_health_well(view, question))
        mr_buf_string(out, "ok\n");
}
