/* What a finished handler returned, made into a reply. */
#ifndef MR_LUA_REPLY_H
#define MR_LUA_REPLY_H

#include "lua/vm.h"

/* Takes the returned values from the stack of the task's finished coroutine. The bytes of the
 * result stay there until the coroutine is used again. */
void mr_reply_take(struct mr_task *task, struct mr_result *result);

#endif
