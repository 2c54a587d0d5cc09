/* The limits of a worker's runs of Lua, and the runs that the scoreboard shows. */
#ifndef MR_WORKER_HANDLER_BUDGETS_H
#define MR_WORKER_HANDLER_BUDGETS_H

#include "worker/dispatch/context.h"

/* Sets the limits of the job's route for its run that begins at `now` (ns). Shows the job's message
 * on the scoreboard until mr_budgets_end(). */
void mr_budgets_begin(struct mr_dispatch *dispatch, const struct mr_job *job, uint64_t now);
void mr_budgets_end(struct mr_dispatch *dispatch);

/* Returns the limits of loads under that configuration. All scripts together have ten times
 * defaults.budget.time, but at most 20 s. If they had more, the master would give up first, and
 * could name no script. They have the largest memory budget of a route, or of the defaults. */
struct mr_limits mr_budgets_of_loads(const struct mr_config *config);
/* Sets these limits. Call it before a load. */
void mr_budgets_limit_loads(struct mr_dispatch *dispatch, const struct mr_config *config);
/* Shows the shortest time budget of the current routes and of loads. Call it when the routes have
 * changed. */
void mr_budgets_use(struct mr_dispatch *dispatch);

#endif
