/* The age of the handlers at work, from their start, their waits included. A handler that never
 * ends holds its partition's offset back, and nothing else would show it. */
#ifndef MR_WORKER_HANDLER_AGE_H
#define MR_WORKER_HANDLER_AGE_H

#include "worker/dispatch/context.h"

/* A handler of this age, in seconds, is logged as old, once. */
enum { MR_HANDLER_OLD_S = 60 };

/* Shows the age of the oldest handler at `now` (ns) on the scoreboard, and logs it when it gets
 * old. Call it once per second. */
void mr_age_look(struct mr_dispatch *dispatch, uint64_t now);

#endif
