/* Dispatch runs handlers by the schedule, and handles reports of records and commits. A message
 * comes in through intake.h, its handler runs in handler.h, and halt.h ends the work. */
#ifndef MR_WORKER_HANDLER_DISPATCH_H
#define MR_WORKER_HANDLER_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "kafka/consumer/consumer.h"
#include "worker/dispatch/context.h"

extern const struct mr_host mr_dispatch_host; /* for scripts; its data is the dispatch */

/* Reads the wall clock, once for all replies of a turn. Call it when a turn begins. */
void mr_dispatch_tick(struct mr_dispatch *dispatch);
/* Starts and resumes handlers, one after the other by the schedule, until nothing may go on or the
 * time is `ends` (mr_clock_ns()). The last handler may run longer. */
void mr_dispatch_run(struct mr_dispatch *dispatch, uint64_t ends);
/* Takes over the routes, which serve all later messages, and retires the routes before. */
void mr_dispatch_use(struct mr_dispatch *dispatch, struct mr_routes *routes, int64_t rpc_timeout);
/* Handles the report of a record of the job: it is acknowledged, or never will be. */
void mr_dispatch_delivered(struct mr_dispatch *dispatch, struct mr_job *job,
                           const struct mr_report *report);
/* Notes that all offsets of the partition below `next` are committed. */
void mr_dispatch_committed(struct mr_dispatch *dispatch, const struct mr_consumer *consumer,
                           const char *topic, int32_t number, int64_t next);
void mr_dispatch_free(struct mr_dispatch *dispatch); /* every job must be settled */

#endif
