/* Intake: a message from the consumer becomes a job, in the order of its partition. */
#ifndef MR_WORKER_HANDLER_INTAKE_H
#define MR_WORKER_HANDLER_INTAKE_H

#include "worker/dispatch/context.h"

/* Takes the message over. Its handler starts in mr_dispatch_run. */
void mr_intake_message(struct mr_dispatch *dispatch, struct mr_consumer *consumer,
                       struct mr_message *message);

#endif
