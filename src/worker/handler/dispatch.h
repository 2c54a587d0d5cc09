/* Dispatch: runs handlers by the schedule, and hears what has become of records and commits. A
 * message comes in by intake.h, its handler runs in handler.h, and halt.h ends what is left. */
#ifndef MR_WORKER_HANDLER_DISPATCH_H
#define MR_WORKER_HANDLER_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "kafka/consumer/consumer.h"
#include "worker/dispatch/context.h"

extern const struct mr_host mr_dispatch_host; /* what scripts ask for; its data is the dispatch */

/* A turn of the loop begins: looks at the wall clock, once for all its replies. */
void mr_dispatch_tick(struct mr_dispatch *dispatch);
/* Handlers start and go on, one after the other by the schedule, until nothing may or it is `ends`
 * (mr_clock_ns()). The last one may run beyond that. */
void mr_dispatch_run(struct mr_dispatch *dispatch, uint64_t ends);
/* Serves what comes from now on with these routes; retires those before. */
void mr_dispatch_use(struct mr_dispatch *dispatch, struct mr_routes *routes, int64_t rpc_timeout);
/* A record of the job is acknowledged, or never will be. */
void mr_dispatch_delivered(struct mr_dispatch *dispatch, struct mr_job *job,
                           const struct mr_report *report);
/* Everything of the partition up to `next`, exclusive, is committed. */
void mr_dispatch_committed(struct mr_dispatch *dispatch, const struct mr_consumer *consumer,
                           const char *topic, int32_t number, int64_t next);
void mr_dispatch_free(struct mr_dispatch *dispatch); /* every job is settled or abandoned */

#endif
