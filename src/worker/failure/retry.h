/* Retries: a job whose attempt failed keeps its place in its chain, waits, and starts again; what
 * comes from a retry topic waits likewise until it is due. */
#ifndef MR_WORKER_FAILURE_RETRY_H
#define MR_WORKER_FAILURE_RETRY_H

#include "worker/dispatch/context.h"

/* The attempt has failed and the message is handled again `delay` ms from now: once it is next in
 * its chain (which it enters again where it had left it), and what it sent is reported. */
void mr_retry_in_place(struct mr_dispatch *dispatch, struct mr_job *job, int64_t delay);
/* The message comes from a retry topic: reads where it was first and when it is due, and takes that
 * out of its headers. */
void mr_retry_returned(struct mr_dispatch *dispatch, struct mr_job *job);
/* True where a job that has a due time may start now; else it waits for that. */
bool mr_retry_may_start(struct mr_dispatch *dispatch, struct mr_job *job);
/* A record of it was reported: perhaps that was all it waited for. */
void mr_retry_look(struct mr_job *job);
/* Those that wait look again: the worker stops, or has lost their partition. */
void mr_retry_wake(struct mr_dispatch *dispatch);

#endif
