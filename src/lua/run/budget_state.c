#include "lua/run/budget_state.h"

#define TO(state) (1U << MR_BUDGET_##state)

const struct mr_budget_row mr_budget_rows[MR_BUDGET_STATES] = {
    [MR_BUDGET_IDLE] = {TO(WITHIN), .hooked = false},
    [MR_BUDGET_WITHIN] = {TO(CROWDED) | TO(OVER) | TO(REFUSED) | TO(STOPPED) | TO(IDLE),
                          .hooked = false},
    [MR_BUDGET_CROWDED] = {TO(WITHIN) | TO(OVER) | TO(REFUSED) | TO(STOPPED) | TO(IDLE),
                           .hooked = true},
    [MR_BUDGET_OVER] = {TO(WITHIN) | TO(REFUSED) | TO(STOPPED) | TO(IDLE), .hooked = true},
    [MR_BUDGET_REFUSED] = {TO(STOPPED) | TO(IDLE), .hooked = true},
    [MR_BUDGET_STOPPED] = {TO(IDLE), .hooked = true},
};
