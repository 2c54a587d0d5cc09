/* The runs of Lua of a worker: what each may use, and what the scoreboard shows of it. */
#ifndef MR_WORKER_HANDLER_BUDGETS_H
#define MR_WORKER_HANDLER_BUDGETS_H

#include "worker/dispatch/context.h"

/* The job's Lua is about to run, at `now` (ns), as its route has it. */
void mr_runs_begin(struct mr_dispatch *dispatch, const struct mr_job *job, uint64_t now);
void mr_runs_end(struct mr_dispatch *dispatch);

/* Before a load under that configuration. All scripts together have ten times what one run of a
 * handler has, but never so long that the master gives up first, who knows of no script; and the
 * memory of the route that has most. */
void mr_runs_limit_loads(struct mr_dispatch *dispatch, const struct mr_config *config);
/* What runs from now on is on the current routes. */
void mr_runs_use(struct mr_dispatch *dispatch);

#endif
