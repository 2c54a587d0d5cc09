/* Suspects: messages during whose run a worker has died. A suspect may kill this worker, too. All
 * that is not committed by then is handled again, at each death. So a suspect starts when all
 * messages before it are done and committed. No message of its partition that comes behind it
 * starts before the suspect is done, and committed.
 *
 * That takes a round trip to the coordinator. Nobody waits for longer than ten seconds: an earlier
 * message may wait for a late retry, and the suspect itself for an answer. With at-most-once
 * delivery a suspect does not come again. In retry topics messages wait for each other as little as
 * always, but commits are made at once. */
#ifndef MR_WORKER_DISPATCH_SUSPECTS_H
#define MR_WORKER_DISPATCH_SUSPECTS_H

#include "worker/dispatch/context.h"

/* Notes whether the message of a new job is a suspect. Call it before the job is enqueued. */
void mr_suspects_note(struct mr_dispatch *dispatch, struct mr_job *job);
/* Returns true if the job must not start now: it is a suspect, or behind one. Looks again in
 * mr_suspects_look(). */
bool mr_suspects_hold(struct mr_dispatch *dispatch, const struct mr_job *job);
/* Notes that the job is none any more: its run has ended, and it waits for its retry. */
void mr_suspects_acquit(struct mr_dispatch *dispatch, struct mr_job *job);
/* Notes that the job is settled. `done`: its offset may be stored. */
void mr_suspects_settled(struct mr_dispatch *dispatch, struct mr_job *job, bool done);
/* Notes that offsets of the partition were committed. */
void mr_suspects_committed(struct mr_dispatch *dispatch, struct mr_partition *partition);
/* Lets suspects start whose time has come. Call it every turn. */
void mr_suspects_look(struct mr_dispatch *dispatch);

#endif
