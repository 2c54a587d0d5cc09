#include "lua/run/budget.h"

#include "base/panic.h"
#include "lua/run/accounting.h"
#include "lua/run/arming.h"
#include "lua/run/call.h"
#include "lua/run/hook.h"
#include "lua/state.h"

void mr_budget_open(struct mr_vm *vm, struct mr_run *shown)
{
    vm->budget.shown = shown;
    mr_accounting_open(vm);
    mr_arming_open(vm, mr_hook);
}

void mr_budget_close(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    MR_ASSERT(budget->state == MR_BUDGET_IDLE);
    if (mr_arming_close(vm))
        mr_accounting_close(vm);
    mr_holders_free(&budget->holders);
    mr_buf_free(&budget->trace);
    mr_buf_free(&budget->place);
}

void mr_budget_begin(struct mr_vm *vm, const struct mr_limits *limits, struct mr_account *account,
                     size_t row)
{
    struct mr_budget *budget = &vm->budget;
    if (budget->shown == NULL)
        return;
    mr_budget_become(&budget->state, MR_BUDGET_WITHIN);
    budget->limits = *limits;
    budget->raised = MR_EXCESS_NONE;
    budget->sent = 0;
    budget->holders.account = account;
    budget->holders.holder = row;
    mr_accounting_ceiling(vm);
    mr_cell_set(&budget->run, ++budget->runs);
    mr_run_begins(budget->shown, budget->runs, limits->since, limits->time);
}

void mr_budget_charge(struct mr_vm *vm, size_t row)
{
    vm->budget.holders.holder = row;
}

size_t mr_budget_memory(const struct mr_vm *vm)
{
    return vm->budget.holders.account != NULL ? mr_accounting_most(&vm->budget) : SIZE_MAX;
}

void mr_budget_refuse(struct mr_vm *vm)
{
    mr_arm(vm, MR_BUDGET_REFUSED);
}

bool mr_budget_send(struct mr_vm *vm, size_t bytes)
{
    struct mr_budget *budget = &vm->budget;
    budget->sent = bytes > SIZE_MAX - budget->sent ? SIZE_MAX : budget->sent + bytes;
    if (budget->sent <= mr_budget_memory(vm))
        return true;
    mr_budget_refuse(vm);
    return false;
}

enum mr_excess mr_budget_end(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    if (budget->shown == NULL)
        return MR_EXCESS_NONE;
    enum mr_excess excess = budget->raised;
    if (excess == MR_EXCESS_NONE && budget->state == MR_BUDGET_REFUSED)
        excess = MR_EXCESS_MEMORY;
    if (budget->raised == MR_EXCESS_NONE) {
        mr_buf_clear(&budget->trace);
        mr_buf_clear(&budget->place);
    }
    budget->garbage = budget->garbage || excess == MR_EXCESS_MEMORY || excess == MR_EXCESS_ROOM;
    budget->ceiling = SIZE_MAX;
    budget->holders.account = NULL;
    budget->holders.holder = MR_HOLDER_RUNTIME;
    mr_run_ends(budget->shown);
    mr_disarm_last(vm);
    return excess;
}

void mr_budget_collect(struct mr_vm *vm)
{
    if (!vm->budget.garbage)
        return;
    vm->budget.garbage = false;
    mr_call_collect(vm);
}
