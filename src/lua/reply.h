/* Makes a reply of what a finished handler returned. */
#ifndef MR_LUA_REPLY_H
#define MR_LUA_REPLY_H

#include "lua/vm.h"

/* Takes the returned values from the stack of the task's finished coroutine. The bytes of the
 * result are valid until the coroutine is used again. If the values cannot become a reply, the
 * result is a fault. */
void mr_reply_take(struct mr_task *task, struct mr_result *result);

#endif
