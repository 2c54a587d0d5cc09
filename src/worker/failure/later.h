/* Later: messages of a retry topic that wait for long. They are in no order chain meanwhile, so
 * that they do not delay other messages of their key. The job has its own copy of the message,
 * because librdkafka's message keeps the broker's whole response in memory.
 *
 * An offset is committed when all messages before it are done. So if later messages have started,
 * or the shelf is full, the waiting message is moved. It is written again to the end of its retry
 * topic, as it came, and its old offset is done. Its original timestamp, its retries and its due
 * time stay the same. A header of ours counts the moves: the pause before the next one grows from 5
 * s to a minute. With exactly-once delivery, no later message is committed before the waiting one
 * has moved. So it moves at once at first, and then after 1 s up to 5 s. */
#ifndef MR_WORKER_FAILURE_LATER_H
#define MR_WORKER_FAILURE_LATER_H

#include "worker/dispatch/context.h"

/* Takes over a job of a retry topic that waits long, and copies its message. The job enters its
 * order chain when it is due. Returns false if the job does not wait long, the worker stops or the
 * partition leaves. */
bool mr_later_begin(struct mr_dispatch *dispatch, struct mr_job *job);
/* Ends the waiting if the worker stops or partitions leave. Moves the jobs before the last started
 * one of such a partition, and drops the others. */
void mr_later_leave(struct mr_dispatch *dispatch);

#endif
