/* Design: the level of the room (lua/run/room.h) shows how many steps beyond the room are in use. A
 * run can only raise the level, and mr_memory_look() then holds scripts back. Only a collection
 * lowers it: mr_memory_further() collects garbage, for a twentieth of the time at most. When the
 * level is 0 again, the jobs that wait for memory go on. A script that alone keeps more than its
 * routes' budget is outgrown, and counts as level 1, even if there is room. The worker is replaced
 * if ended handlers or an outgrown script keep the memory, or if running handlers do not give it
 * back. The scoreboard keeps the time of the last replacement, because that must outlive the
 * worker. */
#include "worker/handler/memory.h"

#include <stdint.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"

enum {
    MUCH = 8,             /* a script that holds an eighth of the room is held back, too */
    LOOK_MS = 100,        /* between two collections, at least */
    COSTLY = 20,          /* collections take at most a twentieth of the time */
    SUSPECT_MS = 10000,   /* between two collections, if only garbage made a script look outgrown */
    HOPELESS_MS = 1000,   /* between two collections, if only a reload could make room */
    STUCK_MS = 10000,     /* for handlers to give memory back when none is left */
    FIRST_WAIT_MS = 5000, /* between two replacements, doubled each time */
    LAST_WAIT_MS = 30000,
    LEAST_WAIT_MS = 1000, /* instead, if nothing more can run */
    CALM_MS = 120000,     /* after so long, the next replacement counts as the first */
};

void mr_memory_use(struct mr_dispatch *dispatch)
{
    struct mr_memory *memory = &dispatch->memory;
    memory->room = 0;
    memset(memory->budgets, 0, sizeof(memory->budgets));
    for (size_t i = 0; i < mr_routes_count(dispatch->routes); i++) {
        const struct mr_route *route = mr_routes_at(dispatch->routes, i);
        size_t budget = (size_t)route->policy.budget.memory, row = mr_script_row(route->script);
        memory->room = budget > memory->room ? budget : memory->room;
        memory->budgets[row] = budget > memory->budgets[row] ? budget : memory->budgets[row];
    }
    memory->looks_at = 0; /* the memory that the previous scripts kept may be free soon */
    mr_vm_room(dispatch->vm, memory->room);
    mr_memory_wake(dispatch);
}

void mr_memory_wake(struct mr_dispatch *dispatch)
{
    for (struct mr_partition *p = dispatch->partitions.all; p != NULL; p = p->next)
        mr_schedule_return(&dispatch->schedule, &p->flow, &p->held);
}

bool mr_memory_holds(const struct mr_dispatch *dispatch, const struct mr_job *job,
                     const struct mr_route *route)
{
    const struct mr_memory *memory = &dispatch->memory;
    bool ends = dispatch->stopping || job->partition->tenure != MR_TENURE_SERVING;
    return memory->level > 0 && !ends && memory->held[mr_script_row(route->script)];
}

/* --- holding scripts back --- */

/* Returns true if the script alone keeps more than its routes' budget, even if there is room. */
static bool is_outgrown(const struct mr_dispatch *dispatch, size_t row)
{
    size_t budget = dispatch->memory.budgets[row];
    return budget > 0 && budget < dispatch->memory.room &&
           mr_vm_holding(dispatch->vm, row).kept > budget;
}

/* Returns the row of the script that holds most. If any scripts are outgrown, chooses among
 * them. */
static size_t heaviest(const struct mr_dispatch *dispatch)
{
    size_t most = 1, count = mr_vm_holders(dispatch->vm);
    for (size_t row = 2; row < count; row++) {
        bool outgrown = is_outgrown(dispatch, row), best = is_outgrown(dispatch, most);
        bool more =
            mr_vm_holding(dispatch->vm, row).bytes > mr_vm_holding(dispatch->vm, most).bytes;
        if ((outgrown && !best) || (more && outgrown == best))
            most = row;
    }
    return most;
}

static bool any_outgrown(const struct mr_dispatch *dispatch)
{
    size_t count = mr_vm_holders(dispatch->vm), row = 1;
    while (row < count && !is_outgrown(dispatch, row))
        row++;
    return row < count;
}

/* Returns the budget that was exceeded: that of the script in the row, or that of all scripts
 * together. */
static size_t budget_of(const struct mr_dispatch *dispatch, size_t row)
{
    return is_outgrown(dispatch, row) ? dispatch->memory.budgets[row] : dispatch->memory.room;
}

static void show_fullest(struct mr_dispatch *dispatch, size_t row)
{
    struct mr_fullness *fullness = &dispatch->slot->fullness;
    struct mr_holding holding = mr_vm_holding(dispatch->vm, row);
    const struct mr_script_row *shown = mr_slot_script(dispatch->slot, holding.name);
    uint64_t number = shown == NULL ? 0 : (uint64_t)(shown - dispatch->slot->scripts) + 1;
    mr_cell_set(&fullness->script, number);
    mr_cell_set(&fullness->bytes, holding.bytes);
    mr_cell_set(&fullness->room, budget_of(dispatch, row));
    mr_cell_set(&fullness->full, 1);
}

static void log_held(const struct mr_dispatch *dispatch, size_t row)
{
    struct mr_holding holding = mr_vm_holding(dispatch->vm, row);
    mr_log(MR_LOG_WARN, "memory_full", MR_S("script", holding.name),
           MR_I("script_memory_bytes", holding.bytes),
           MR_I("lua_memory_bytes", mr_vm_memory(dispatch->vm)),
           MR_I("budget", budget_of(dispatch, row)),
           MR_S("message", "scripts fill the memory budget: new messages of this script wait"));
}

/* Holds scripts back: all of them if no memory is left. */
static void hold_back(struct mr_dispatch *dispatch)
{
    struct mr_memory *memory = &dispatch->memory;
    size_t count = mr_vm_holders(dispatch->vm), most = heaviest(dispatch);
    size_t bound = mr_vm_level(dispatch->vm) > 0 ? memory->room / MUCH : SIZE_MAX;
    for (size_t row = 1; row < count; row++) {
        bool much = mr_vm_holding(dispatch->vm, row).bytes > bound || is_outgrown(dispatch, row);
        bool holds = row == most || much || memory->level == MR_ROOM_EXHAUSTED;
        if (holds && !memory->held[row] && (row == most || much))
            log_held(dispatch, row);
        memory->held[row] = holds;
    }
    show_fullest(dispatch, most);
}

void mr_memory_look(struct mr_dispatch *dispatch)
{
    struct mr_memory *memory = &dispatch->memory;
    unsigned level = mr_vm_level(dispatch->vm);
    if (level <= memory->level)
        return;
    if (level == MR_ROOM_EXHAUSTED)
        memory->exhausted_at = mr_clock_ms();
    memory->level = level;
    memory->is_fresh = true;
    hold_back(dispatch);
}

/* --- collections and replacements --- */

static void on_look(struct mr_timer *timer)
{
    (void)timer; /* the turn that ran the timer does the rest */
}

static void release(struct mr_dispatch *dispatch)
{
    struct mr_memory *memory = &dispatch->memory;
    memset(memory->held, 0, sizeof(memory->held));
    mr_cell_set(&dispatch->slot->fullness.full, 0);
    mr_timers_cancel(dispatch->timers, &memory->timer);
    mr_log(MR_LOG_INFO, "memory_free", MR_I("lua_memory_bytes", mr_vm_memory(dispatch->vm)),
           MR_I("budget", memory->room));
    mr_memory_wake(dispatch);
}

/* Collects garbage. The longer that takes, the less often it is done. */
static void collect(struct mr_dispatch *dispatch, uint64_t now)
{
    struct mr_memory *memory = &dispatch->memory;
    bool was_full = memory->level > 0;
    memory->level = mr_vm_collect(dispatch->vm);
    if (memory->level == 0 && any_outgrown(dispatch))
        memory->level = 1;
    uint64_t rest = (mr_clock_ms() - now) * COSTLY;
    memory->looks_at = now + (rest > LOOK_MS ? rest : LOOK_MS);
    memory->is_suspect = false;
    if (memory->level == 0) {
        memory->looks_at += SUSPECT_MS;
        if (was_full)
            release(dispatch);
        return;
    }
    hold_back(dispatch);
    mr_memory_wake(dispatch);
}

static bool is_stuck(const struct mr_memory *memory, uint64_t now)
{
    return memory->level == MR_ROOM_EXHAUSTED && now - memory->exhausted_at >= STUCK_MS;
}

/* Returns the shortest time, in ms, between the last replacement and the next. */
static uint64_t wait_of(const struct mr_dispatch *dispatch)
{
    uint64_t times = mr_cell_get(&dispatch->slot->fullness.times);
    if (dispatch->memory.level == MR_ROOM_EXHAUSTED)
        return LEAST_WAIT_MS;
    return mr_backoff_after(times > 0 ? times : 1, FIRST_WAIT_MS, LAST_WAIT_MS);
}

static bool may_be_replaced(const struct mr_dispatch *dispatch, uint64_t now)
{
    uint64_t last = mr_cell_get(&dispatch->slot->fullness.replaced);
    return last == 0 || now - last >= wait_of(dispatch);
}

static void note_replacement(struct mr_dispatch *dispatch, uint64_t now)
{
    struct mr_fullness *fullness = &dispatch->slot->fullness;
    uint64_t last = mr_cell_get(&fullness->replaced);
    bool again = last != 0 && now - last < CALM_MS;
    mr_cell_set(&fullness->times, again ? mr_cell_get(&fullness->times) + 1 : 1);
    mr_cell_set(&fullness->replaced, now);
    mr_log(MR_LOG_WARN, "memory_kept", MR_S("script", mr_slot_fullest(dispatch->slot)),
           MR_I("script_memory_bytes", mr_cell_get(&fullness->bytes)),
           MR_I("lua_memory_bytes", mr_vm_memory(dispatch->vm)),
           MR_I("budget", mr_cell_get(&fullness->room)),
           MR_S("message", "scripts keep more than the memory budget: the worker is replaced"));
}

bool mr_memory_further(struct mr_dispatch *dispatch)
{
    struct mr_memory *memory = &dispatch->memory;
    uint64_t now = mr_clock_ms();
    bool is_due = memory->is_fresh || now >= memory->looks_at;
    if ((memory->level == 0 && !memory->is_suspect) || dispatch->stopping || !is_due)
        return false;
    if (!memory->is_fresh)
        collect(dispatch, now);
    memory->is_fresh = false;
    if (memory->level == 0)
        return false;
    bool hopeless = mr_vm_is_hopeless(dispatch->vm) || any_outgrown(dispatch);
    if ((hopeless || is_stuck(memory, now)) && may_be_replaced(dispatch, now)) {
        note_replacement(dispatch, now);
        return true;
    }
    uint64_t next = now + (hopeless ? HOPELESS_MS : LOOK_MS);
    memory->looks_at = memory->looks_at > next ? memory->looks_at : next;
    mr_timers_arm(dispatch->timers, &memory->timer, memory->looks_at, on_look);
    return false;
}

void mr_memory_show(struct mr_dispatch *dispatch)
{
    size_t count = mr_vm_holders(dispatch->vm);
    for (size_t row = 1; row < count; row++) {
        struct mr_holding holding = mr_vm_holding(dispatch->vm, row);
        struct mr_script_row *shown = mr_slot_script(dispatch->slot, holding.name);
        if (shown != NULL)
            mr_cell_set(&shown->bytes, holding.bytes);
    }
    dispatch->memory.is_suspect = any_outgrown(dispatch);
}
