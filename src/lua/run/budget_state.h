/* The state of a run's budget, in one table:
 *
 *   IDLE      no run is going on.
 *   WITHIN    the run is within its budgets. No hook is set, unless the run is late.
 *   CROWDED   the run met the VM full: the hook collects garbage, and looks whether there is room.
 *   OVER      the run's account has passed its memory budget: the hook does the same.
 *   REFUSED   the run was refused memory: it fails, and the hook stops it.
 *   STOPPED   the hook has stopped the run, and stops it again until the run is over.
 *
 * A state is worse than those above it. A run gets from bad to worse, or back to WITHIN if a
 * collection made room. Only the code of the run changes its state. The signal for a run that is
 * over its time sets `late` in struct mr_budget and nothing else, so neither can undo the other. */
#ifndef MR_LUA_RUN_BUDGET_STATE_H
#define MR_LUA_RUN_BUDGET_STATE_H

#include <stdbool.h>

#include "base/panic.h"

enum mr_budget_state {
    MR_BUDGET_IDLE,
    MR_BUDGET_WITHIN,
    MR_BUDGET_CROWDED,
    MR_BUDGET_OVER,
    MR_BUDGET_REFUSED,
    MR_BUDGET_STOPPED,
    MR_BUDGET_STATES
};

struct mr_budget_row {
    unsigned next; /* the states that may follow, a bit each */
    bool hooked;   /* the hook is set */
};

extern const struct mr_budget_row mr_budget_rows[MR_BUDGET_STATES];

/* Changes the state; nothing else does. Panics if the table does not have the step. */
static inline void mr_budget_become(enum mr_budget_state *state, enum mr_budget_state next)
{
    MR_ASSERT(mr_budget_rows[*state].next & 1U << next);
    *state = next;
}

#endif
