/* Aside: a message that is not done goes to another topic, or to the end of its retry topic. Its
 * record counts on the job, which is settled when the record is acknowledged. While a dead letter
 * cannot be written, its partition waits. The dead letter is written again, with growing pauses,
 * until it is accepted. */
#ifndef MR_WORKER_FAILURE_FORWARD_H
#define MR_WORKER_FAILURE_FORWARD_H

#include "worker/dispatch/context.h"
#include "worker/job/failure.h"

/* Sends the message to the topic that job->failure->aside says. The job must have left its order
 * chain (mr_settle_leave()). */
void mr_forward(struct mr_dispatch *dispatch, struct mr_job *job);
bool mr_forward_is(const struct mr_job *job); /* its record is under way, or written */
/* Handles the report of that record: it is acknowledged, or never will be. */
void mr_forward_reported(struct mr_dispatch *dispatch, struct mr_job *job,
                         const struct mr_report *report);
/* Ends the forwarding by a job that has left its commit line, committed or dropped. Such a job
 * holds its record, which does not keep it open. Does nothing for other jobs. */
void mr_forward_left(struct mr_dispatch *dispatch, struct mr_job *job);
/* Abandons the jobs whose record is still to be written again, if the worker stops or their
 * partition leaves. */
void mr_forward_drop(struct mr_dispatch *dispatch);

#endif
