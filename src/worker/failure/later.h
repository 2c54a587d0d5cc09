/* Later: messages of a retry topic that wait long. They are in no order chain while they wait, so
 * that they hold up nobody of their key, and their bytes are our own copy, so that each does not
 * keep the whole answer of the broker that it came in.
 *
 * An offset is committed when all before it are done. So a message that waits while others behind
 * it are handled is moved: written again to the end of its retry topic, as it came, and its offset
 * is done with. It is as old, was tried as often and is due at the same time as before. A header of
 * ours counts the moves: the pause before the next one grows, from 5 s up to a minute. Where
 * delivery is exactly-once nothing behind it is seen before it moves; it moves at once at first,
 * and after 1 s up to 5 s later. */
#ifndef MR_WORKER_FAILURE_LATER_H
#define MR_WORKER_FAILURE_LATER_H

#include "worker/dispatch/context.h"

/* The job of a retry topic waits for so long that it is taken care of here; its copy is made. It
 * enters its order chain when it is due. */
bool mr_later_begin(struct mr_dispatch *dispatch, struct mr_job *job);
/* The worker stops, or loses or gives back partitions: jobs before the last one that was begun in
 * such a partition move, the others are dropped. */
void mr_later_leave(struct mr_dispatch *dispatch);

#endif
