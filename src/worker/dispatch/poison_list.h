/* The worker's side of the poison guard: what workers have died of twice is not run again. The
 * master tells which messages these are (base/channel.h), before a worker gets any, and is told
 * when one is done with. */
#ifndef MR_WORKER_DISPATCH_POISON_LIST_H
#define MR_WORKER_DISPATCH_POISON_LIST_H

#include "base/channel.h"
#include "worker/dispatch/context.h"

struct mr_poisoned_text {
    char why[256];
};

/* False with the fault, which borrows the text, where the job must not be run. */
bool mr_poisoned_may_run(struct mr_dispatch *dispatch, const struct mr_job *job,
                         struct mr_result *result, struct mr_poisoned_text *text);
/* The job is done: its offset can be stored. */
void mr_poisoned_settled(struct mr_dispatch *dispatch, const struct mr_job *job);
/* The partition's offsets begin anew: other messages have them. */
void mr_poisoned_restart(struct mr_dispatch *dispatch, const struct mr_partition *partition);
/* MR_FRAME_POISON and MR_FRAME_HARMLESS. */
void mr_poisoned_frame(struct mr_dispatch *dispatch, const struct mr_frame *frame);

#endif
