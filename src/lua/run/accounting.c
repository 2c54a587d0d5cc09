#include "lua/run/accounting.h"

#include <unistd.h>

#include "base/exit.h"
#include "base/log.h"
#include "lua/run/arming.h"
#include "lua/state.h"

size_t mr_vm_memory(const struct mr_vm *vm)
{
    return (size_t)lua_gc(vm->L, LUA_GCCOUNT, 0) * 1024 + (size_t)lua_gc(vm->L, LUA_GCCOUNTB, 0);
}

static _Noreturn void end_worker(const struct mr_budget *budget)
{
    mr_log(MR_LOG_ERROR, "memory_exhausted", MR_I("lua_memory_bytes", budget->used),
           MR_I("budget", budget->limits.memory),
           MR_S("message", "Lua uses twice the memory budget: the worker ends"));
    _exit(MR_EXIT_MEMORY);
}

/* Every allocation and every free goes through account(), so the rare cases are out of line:
 * pass(), note() and release_sample(). */

/* Looks at a request for `size` bytes that makes `used` pass its ceiling and become `total`.
 * Returns false if the request is refused. */
static __attribute__((noinline)) bool pass(struct mr_vm *vm, size_t size, size_t total)
{
    const struct mr_budget *budget = &vm->budget;
    if (budget->limits.memory > 0 && size > budget->limits.memory) {
        mr_arm(vm, MR_BUDGET_REFUSED);
        return false;
    }
    bool own = total > budget->base && total - budget->base > mr_accounting_most(budget);
    mr_arm(vm, own ? MR_BUDGET_OVER : MR_BUDGET_CROWDED);
    return true;
}

/* Notes an allocation as a sample. If the account passes its budget, sets the hook; beyond twice
 * the budget, ends the worker. */
static __attribute__((noinline)) void note(struct mr_vm *vm, void *memory, size_t size)
{
    struct mr_budget *budget = &vm->budget;
    const struct mr_account *account = budget->holders.account;
    mr_holders_note(&budget->holders, memory, size);
    if (account == NULL || account->bytes <= mr_accounting_most(budget))
        return;
    if (account->bytes / 2 > budget->limits.memory)
        end_worker(budget);
    mr_arm(vm, MR_BUDGET_OVER);
}

/* Allocates, or changes the size of an allocation. */
static __attribute__((noinline)) void *provide(struct mr_vm *vm, void *memory, size_t before,
                                               size_t size)
{
    struct mr_budget *budget = &vm->budget;
    size_t total = budget->used + size - before;
    if (total > budget->ceiling && size > before && !pass(vm, size, total))
        return NULL;
    if (memory != NULL && mr_holders_may_know(&budget->holders, memory))
        mr_holders_forget(&budget->holders, memory);
    void *got = budget->alloc(budget->alloc_data, memory, before, size);
    if (got == NULL)
        return NULL;
    budget->used = total;
    if (mr_holders_is_due(&budget->holders, size))
        note(vm, got, size);
    return got;
}

static void *release(struct mr_budget *budget, void *memory, size_t before)
{
    budget->used -= before;
    return budget->alloc(budget->alloc_data, memory, before, 0);
}

static __attribute__((noinline)) void *release_sample(struct mr_budget *budget, void *memory,
                                                      size_t before)
{
    mr_holders_forget(&budget->holders, memory);
    return release(budget, memory, before);
}

static void *account(void *data, void *memory, size_t before, size_t size)
{
    struct mr_vm *vm = data;
    if (size > 0)
        return provide(vm, memory, before, size);
    if (memory != NULL && mr_holders_may_know(&vm->budget.holders, memory))
        return release_sample(&vm->budget, memory, before);
    return release(&vm->budget, memory, before);
}

void mr_accounting_open(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    budget->used = mr_vm_memory(vm);
    budget->ceiling = SIZE_MAX;
    mr_vm_room(vm, 0);
    mr_holders_init(&budget->holders);
    budget->alloc = lua_getallocf(vm->L, &budget->alloc_data);
    lua_setallocf(vm->L, account, vm);
}

void mr_accounting_close(struct mr_vm *vm)
{
    lua_setallocf(vm->L, vm->budget.alloc, vm->budget.alloc_data);
}

void mr_accounting_ceiling(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    const struct mr_account *account = budget->holders.account;
    bool loads = account == &budget->load;
    size_t held = account->bytes < budget->used ? account->bytes : budget->used;
    size_t most = mr_accounting_most(budget), all = loads ? SIZE_MAX : mr_room_ceiling(vm);
    budget->base = budget->used - held;
    size_t own = most > SIZE_MAX - budget->base ? SIZE_MAX : budget->base + most;
    budget->ceiling = own < all ? own : all;
}
