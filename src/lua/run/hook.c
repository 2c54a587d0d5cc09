#include "lua/run/hook.h"

#include "lua/run/accounting.h"
#include "lua/run/arming.h"
#include "lua/state.h"

/* Returns true if the account has passed its budget and less than an eighth of it is free. With
 * less free, the run would need one collection after another. */
static bool over_own_budget(const struct mr_budget *budget)
{
    size_t most = mr_accounting_most(budget);
    return budget->state == MR_BUDGET_OVER && budget->holders.account->bytes > most - most / 8;
}

/* Returns why the run must end. It may go on if a collection made room, or if the VM has more to
 * give. */
static enum mr_excess look(struct mr_vm *vm, lua_State *L)
{
    const struct mr_budget *budget = &vm->budget;
    if (budget->late)
        return MR_EXCESS_TIME;
    if (budget->state != MR_BUDGET_REFUSED)
        lua_gc(L, LUA_GCCOLLECT, 0); /* a finalizer may be refused memory */
    if (budget->state == MR_BUDGET_REFUSED || over_own_budget(budget))
        return MR_EXCESS_MEMORY;
    bool loads = budget->holders.account == &budget->load;
    return loads || mr_room_climb(vm) ? MR_EXCESS_NONE : MR_EXCESS_ROOM;
}

/* Stops the run by a yield, which leaves every pcall at once and is never resumed. If a C function
 * is in between, raises. */
static void stop(const struct mr_budget *budget, lua_State *L)
{
    if (lua_isyieldable(L)) {
        lua_yield(L, 0);
        return;
    }
    mr_excess_push(budget, L);
    lua_error(L);
}

void mr_hook(lua_State *L, lua_Debug *where)
{
    struct mr_vm *vm = mr_arming_vm();
    struct mr_budget *budget = &vm->budget;
    (void)where;
    if (budget->state != MR_BUDGET_STOPPED) {
        enum mr_excess excess = look(vm, L);
        if (excess == MR_EXCESS_NONE) {
            mr_accounting_ceiling(vm);
            mr_disarm(vm);
            return;
        }
        mr_budget_become(&budget->state, MR_BUDGET_STOPPED);
        mr_excess_note(budget, L, excess);
    }
    stop(budget, L);
}
