/* The worker's side of the poison guard. If two workers died of a message, the message does not run
 * again. The master names each message that killed a worker (base/channel.h) before a worker gets
 * any message. The worker reports each of them when it is settled. */
#ifndef MR_WORKER_DISPATCH_POISON_LIST_H
#define MR_WORKER_DISPATCH_POISON_LIST_H

#include "base/channel.h"
#include "worker/dispatch/context.h"

struct mr_poison_list_text {
    char why[256];
};

/* Returns true if a worker died while it ran the job's message. */
bool mr_poison_list_has(const struct mr_dispatch *dispatch, const struct mr_job *job);
/* Returns false if the job must not run. `result` then has the fault, which borrows `text`. */
bool mr_poison_list_may_run(struct mr_dispatch *dispatch, const struct mr_job *job,
                            struct mr_result *result, struct mr_poison_list_text *text);
/* Notes that the job is done and its offset may be stored. If its message is in the list, reports
 * that, unless the message went to its retry topic. */
void mr_poison_list_settled(struct mr_dispatch *dispatch, const struct mr_job *job);
/* Forgets and reports the poisoned messages of a partition whose offsets begin anew, because other
 * messages have these offsets now. */
void mr_poison_list_restart(struct mr_dispatch *dispatch, const struct mr_partition *partition);
/* Handles a frame from the master: MR_FRAME_POISON or MR_FRAME_HARMLESS. */
void mr_poison_list_frame(struct mr_dispatch *dispatch, const struct mr_frame *frame);

#endif
