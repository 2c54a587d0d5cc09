/* Intake makes jobs of the consumer's messages, in the order of their partition. */
#ifndef MR_WORKER_HANDLER_INTAKE_H
#define MR_WORKER_HANDLER_INTAKE_H

#include "worker/dispatch/context.h"

/* Takes the message over, and frees it if it was taken before. Its handler starts in
 * mr_dispatch_run(). */
void mr_intake_message(struct mr_dispatch *dispatch, struct mr_consumer *consumer,
                       struct mr_message *message);
/* Takes note that a partition has no more messages below `end->offset`. If all its messages are
 * done, that offset is stored: it is behind markers and aborted records, which nobody handles. */
void mr_intake_end(struct mr_dispatch *dispatch, struct mr_consumer *consumer,
                   const struct mr_message *end);

#endif
