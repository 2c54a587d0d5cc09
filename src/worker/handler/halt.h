/* The end of work: the worker stops, or it loses or gives back partitions. A job that waits for its
 * start is dropped if it must not start any more. */
#ifndef MR_WORKER_HANDLER_HALT_H
#define MR_WORKER_HANDLER_HALT_H

#include "worker/dispatch/context.h"

/* Drops the waiting jobs that must not start any more. The others are looked at again, and may
 * start. */
void mr_halt_waiting(struct mr_dispatch *dispatch);
/* Drops the ready jobs that must not start any more. */
void mr_halt_sweep(struct mr_dispatch *dispatch);
/* Notes that the worker stops. In each partition, drops the messages behind the last started one,
 * and stores no offset of them. Messages up to that one go on. */
void mr_halt_stop(struct mr_dispatch *dispatch);
/* Ends the requests that handlers wait for (mr_rpc_cancel_all). Call mr_halt_stop() before. A
 * handler that succeeds all the same is done. A handler that fails, for whatever reason, is
 * abandoned. */
void mr_halt_cancel(struct mr_dispatch *dispatch);
/* Drops the waiting jobs of partitions that leave, and abandons the running handlers of partitions
 * that are revoked (consumer/partitions.h). If a partition was revoked because its offsets began
 * anew, its handlers may end. */
void mr_halt_revoked(struct mr_dispatch *dispatch);
/* Abandons the running handlers, and stores no offset of them. Call mr_halt_stop() before. Only
 * delivery reports may follow. */
void mr_halt_abandon(struct mr_dispatch *dispatch);

#endif
