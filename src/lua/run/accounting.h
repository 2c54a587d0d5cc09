/* Counts the memory of a VM: Lua's allocator as LuaJIT has it, with a look at each request. If a
 * run passes a budget of memory, its state changes and the hook is set (lua/run/arming.h). */
#ifndef MR_LUA_RUN_ACCOUNTING_H
#define MR_LUA_RUN_ACCOUNTING_H

#include <stddef.h>
#include <stdint.h>

#include "lua/run/budget.h"

struct mr_vm;

void mr_accounting_open(struct mr_vm *vm);
/* Gives the VM its own allocator back. */
void mr_accounting_close(struct mr_vm *vm);
/* Sets the ceiling for the run. Called after a collection, too, when it is better known what the
 * account holds. */
void mr_accounting_ceiling(struct mr_vm *vm);

/* Returns the bytes that the run's account may hold. */
static inline size_t mr_accounting_most(const struct mr_budget *budget)
{
    return budget->limits.memory > 0 ? budget->limits.memory : SIZE_MAX;
}

#endif
