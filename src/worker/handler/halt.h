/* How work comes to an end: when the worker stops, and when it loses or gives back partitions. A
 * job that waits for its start is dropped if the message is not to be started any more. */
#ifndef MR_WORKER_HANDLER_HALT_H
#define MR_WORKER_HANDLER_HALT_H

#include "worker/dispatch/context.h"

/* Drops the jobs that wait for their start and are not to be started any more. Each of the others
 * looks again whether it may start. */
void mr_halt_waiting(struct mr_dispatch *dispatch);
/* Likewise, the jobs that are ready. */
void mr_halt_sweep(struct mr_dispatch *dispatch);
/* The worker stops: drops the messages behind the last one that was begun in each partition. Their
 * offsets are not stored. Those begun go on. */
void mr_halt_stop(struct mr_dispatch *dispatch);
/* Ends the requests that handlers wait for (mr_rpc_cancel_all); call mr_halt_stop before. A handler
 * that ends well in spite of it is done. One that fails, for whatever reason, is abandoned. */
void mr_halt_cancel(struct mr_dispatch *dispatch);
/* Partitions are being taken away: drops the jobs that wait on them, and the running handlers of
 * those that are revoked (partitions.h). */
void mr_halt_revoked(struct mr_dispatch *dispatch);
/* Drops the running handlers without storing their offsets; call mr_halt_stop before. Only delivery
 * reports may follow. */
void mr_halt_abandon(struct mr_dispatch *dispatch);

#endif
