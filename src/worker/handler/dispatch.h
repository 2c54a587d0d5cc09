/* Dispatch: from a consumed message to its settled offset. Opens the job, puts it in its order, and
 * has it handled (handling.h), answered, retried or written off (attempt.h) and settled
 * (settle.h); ends what is left where the worker stops or loses partitions. */
#ifndef MR_WORKER_HANDLER_DISPATCH_H
#define MR_WORKER_HANDLER_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "kafka/consumer/consumer.h"
#include "worker/dispatch/context.h"

extern const struct mr_host mr_dispatch_host; /* what scripts ask for; its data is the dispatch */

/* Takes a message over. Its handler starts in mr_dispatch_run. */
void mr_dispatch_message(struct mr_dispatch *dispatch, struct mr_consumer *consumer,
                         struct mr_message *message);
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
/* Partitions are being taken away: what waits on them is dropped. Handlers at work on those that
 * are gone (partitions.h, revoked) are, too. */
void mr_dispatch_revoked(struct mr_dispatch *dispatch);
/* Where the worker stops, or loses or gives back partitions: drops what waits for its start and is
 * not to be started any more. */
void mr_dispatch_sweep(struct mr_dispatch *dispatch);
/* What comes after the last message begun in its partition is dropped, its offset is not stored.
 * Those begun go on. */
void mr_dispatch_stop(struct mr_dispatch *dispatch);
/* Ends the requests that handlers wait for (mr_rpc_cancel_all). One that ends well in spite of it
 * is done; one that fails, whatever for, is given up. */
void mr_dispatch_cancel(struct mr_dispatch *dispatch);
/* Drops the handlers still at work, without storing their offsets; only delivery reports may
 * follow. */
void mr_dispatch_abandon(struct mr_dispatch *dispatch);
void mr_dispatch_free(struct mr_dispatch *dispatch); /* every job is settled or abandoned */

#endif
