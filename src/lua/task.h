/* Tasks, as the bindings see them. */
#ifndef MR_LUA_TASK_H
#define MR_LUA_TASK_H

#include "lua/generation.h"
#include "lua/vm.h"

/* The message of the busy task at that slot; asserts that there is one. */
const struct mr_incoming *mr_task_incoming(const struct mr_vm *vm, int slot);

#endif
