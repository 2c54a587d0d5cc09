#include "lua/run/budget.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/panic.h"
#include "lua/run/call.h"
#include "lua/run/profiler.h"
#include "lua/state.h"

/* The profiler and the signal belong to the process, so only one VM can be limited. */
static struct mr_vm *limited;
static mr_tick_fn *give_tick;

static void on_hook(lua_State *L, lua_Debug *where);

/* Sets the hook. Removing it first makes LuaJIT rewrite its dispatch tables, whatever state they
 * are in, unless a tick is due. */
static void set_hook(struct mr_vm *vm)
{
    vm->budget.armed = true;
    lua_sethook(vm->L, NULL, 0, 0);
    lua_sethook(vm->L, on_hook, LUA_MASKCOUNT, 1);
}

static void block_signal(int how)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR2);
    MR_ASSERT(pthread_sigmask(how, &signals, NULL) == 0);
}

/* Sets the hook and gives the tick. Can run within an allocation. */
static void arm(struct mr_vm *vm)
{
    block_signal(SIG_BLOCK);
    set_hook(vm);
    give_tick(SIGPROF);
    block_signal(SIG_UNBLOCK);
}

static void disarm(struct mr_vm *vm)
{
    block_signal(SIG_BLOCK);
    vm->budget.armed = false;
    lua_sethook(vm->L, NULL, 0, 0);
    block_signal(SIG_UNBLOCK);
}

/* --- time --- */

/* CPU time of the thread; LuaJIT writes its dispatch tables in far less. */
enum { SETTLED_NS = 100000 };

/* Sets the hook from the signal handler. The signal can meet LuaJIT while it writes its tables for
 * a state without a hook; LuaJIT finishes that afterwards. The next signal repairs the tables, but
 * not if a tick is due: LuaJIT then takes its tables to be right. So the tick waits until the hook
 * has been set for a while. */
static void interrupt(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    uint64_t now = mr_clock_thread_ns();
    bool was_set = lua_gethookmask(vm->L) != 0;
    budget->over_time = true;
    set_hook(vm);
    if (!was_set)
        budget->hooked_at = now;
    else if (now - budget->hooked_at >= SETTLED_NS)
        give_tick(SIGPROF);
}

/* Interrupts the run, if the signal has its number. If another thread gets the signal, nothing
 * happens: the signal comes again. */
static void on_interrupt(int number, siginfo_t *info, void *unused)
{
    int kept = errno;
    uint64_t run = info->si_code == SI_QUEUE ? (uintptr_t)info->si_value.sival_ptr : 0;
    (void)number, (void)unused;
    if (limited != NULL && run != 0 && mr_cell_get(&limited->budget.run) == run &&
        gettid() == getpid())
        interrupt(limited);
    errno = kept;
}

/* Installs the handler until the process ends, because a signal can come after the VM is freed. */
static void take_signal(void)
{
    struct sigaction action = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    MR_ASSERT(sigaction(SIGUSR2, &action, NULL) == 0);
}

/* --- memory --- */

/* Returns the bytes that the run's account may hold. */
static size_t own_most(const struct mr_budget *budget)
{
    return budget->limits.memory > 0 ? budget->limits.memory : SIZE_MAX;
}

static _Noreturn void end_worker(const struct mr_budget *budget)
{
    mr_log(MR_LOG_ERROR, "memory_exhausted", MR_I("lua_memory_bytes", budget->used),
           MR_I("budget", budget->limits.memory),
           MR_S("message", "Lua uses twice the memory budget: the worker ends"));
    _exit(MR_EXIT_MEMORY);
}

static void pass_memory(struct mr_vm *vm)
{
    if (vm->budget.over_memory)
        return;
    vm->budget.over_memory = true;
    arm(vm);
}

/* pass() and note() are rare, and out of line because every allocation and every free goes through
 * account(). */

/* Looks at a request for `size` bytes that makes `used` pass its ceiling and become `total`.
 * Returns false if the request is refused. */
static __attribute__((noinline)) bool pass(struct mr_vm *vm, size_t size, size_t total)
{
    struct mr_budget *budget = &vm->budget;
    if (budget->limits.memory > 0 && size > budget->limits.memory) {
        budget->refused = true;
        arm(vm);
        return false;
    }
    budget->over_own =
        budget->over_own || (total > budget->base && total - budget->base > own_most(budget));
    pass_memory(vm);
    return true;
}

/* Notes an allocation as a sample. If the account passes its budget, sets the hook; beyond twice
 * the budget, ends the worker. */
static __attribute__((noinline)) void note(struct mr_vm *vm, void *memory, size_t size)
{
    struct mr_budget *budget = &vm->budget;
    const struct mr_account *account = budget->holders.account;
    mr_holders_note(&budget->holders, memory, size);
    if (account == NULL || account->bytes <= own_most(budget))
        return;
    if (account->bytes / 2 > budget->limits.memory)
        end_worker(budget);
    budget->over_own = true;
    pass_memory(vm);
}

static void *account(void *data, void *memory, size_t before, size_t size)
{
    struct mr_vm *vm = data;
    struct mr_budget *budget = &vm->budget;
    size_t total = budget->used + size - before;
    if (total > budget->ceiling && size > before && !pass(vm, size, total))
        return NULL;
    if (memory != NULL && mr_holders_may_know(&budget->holders, memory))
        mr_holders_forget(&budget->holders, memory);
    void *got = budget->alloc(budget->alloc_data, memory, before, size);
    if (got == NULL && size > 0)
        return NULL;
    budget->used = total;
    if (size > 0 && mr_holders_is_due(&budget->holders, size))
        note(vm, got, size);
    return got;
}

static void start_accounting(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    budget->used = mr_vm_memory(vm);
    budget->ceiling = SIZE_MAX;
    mr_vm_room(vm, 0);
    mr_holders_init(&budget->holders);
    budget->alloc = lua_getallocf(vm->L, &budget->alloc_data);
    lua_setallocf(vm->L, account, vm);
}

/* Sets the ceiling for the run. Called after a collection, too, when it is better known what the
 * account holds. */
static void set_ceiling(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    const struct mr_account *account = budget->holders.account;
    bool loads = account == &budget->load;
    size_t held = account->bytes < budget->used ? account->bytes : budget->used;
    size_t most = own_most(budget), all = loads ? SIZE_MAX : mr_room_ceiling(vm);
    budget->base = budget->used - held;
    size_t own = most > SIZE_MAX - budget->base ? SIZE_MAX : budget->base + most;
    budget->ceiling = own < all ? own : all;
}

/* --- the hook --- */

/* Returns true if the account has passed its budget and less than an eighth of it is free. With
 * less free, the run would need one collection after another. */
static bool over_own_budget(const struct mr_budget *budget)
{
    size_t most = own_most(budget);
    return budget->over_own && budget->holders.account->bytes > most - most / 8;
}

/* Returns why the run must end. It may go on if a collection made room, or if the VM has more to
 * give. */
static enum mr_excess look(struct mr_vm *vm, lua_State *L)
{
    struct mr_budget *budget = &vm->budget;
    if (budget->over_time)
        return MR_EXCESS_TIME;
    if (budget->refused)
        return MR_EXCESS_MEMORY;
    lua_gc(L, LUA_GCCOLLECT, 0);
    if (over_own_budget(budget))
        return MR_EXCESS_MEMORY;
    bool loads = budget->holders.account == &budget->load;
    return loads || mr_room_climb(vm) ? MR_EXCESS_NONE : MR_EXCESS_ROOM;
}

static void stand_down(struct mr_vm *vm)
{
    vm->budget.over_memory = vm->budget.over_own = false;
    set_ceiling(vm);
    disarm(vm);
    if (vm->budget.over_time) /* the signal came just now */
        arm(vm);
}

static void on_hook(lua_State *L, lua_Debug *where)
{
    struct mr_vm *vm = limited;
    struct mr_budget *budget = &vm->budget;
    (void)where;
    if (budget->raised == MR_EXCESS_NONE) {
        enum mr_excess excess = look(vm, L);
        if (excess == MR_EXCESS_NONE) {
            stand_down(vm);
            return;
        }
        mr_excess_note(budget, L, excess);
    }
    /* A yield leaves every pcall at once, and is never resumed. */
    if (lua_isyieldable(L)) {
        lua_yield(L, 0);
        return;
    }
    mr_excess_push(budget, L);
    lua_error(L);
}

/* --- a run --- */

size_t mr_vm_memory(const struct mr_vm *vm)
{
    return (size_t)lua_gc(vm->L, LUA_GCCOUNT, 0) * 1024 + (size_t)lua_gc(vm->L, LUA_GCCOUNTB, 0);
}

void mr_budget_open(struct mr_vm *vm, struct mr_run *shown)
{
    MR_ASSERT(limited == NULL);
    limited = vm;
    vm->budget.shown = shown;
    start_accounting(vm);
    give_tick = mr_profiler_start(vm->L);
    take_signal();
}

void mr_budget_close(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    MR_ASSERT(mr_cell_get(&budget->run) == 0);
    if (limited == vm) {
        limited = NULL;
        mr_profiler_stop(vm->L);
        lua_setallocf(vm->L, budget->alloc, budget->alloc_data);
    }
    mr_holders_free(&budget->holders);
    mr_buf_free(&budget->trace);
    mr_buf_free(&budget->place);
}

void mr_budget_begin(struct mr_vm *vm, const struct mr_limits *limits, struct mr_account *account,
                     size_t row)
{
    struct mr_budget *budget = &vm->budget;
    MR_ASSERT(mr_cell_get(&budget->run) == 0);
    if (budget->shown == NULL)
        return;
    budget->limits = *limits;
    budget->raised = MR_EXCESS_NONE;
    budget->sent = 0;
    budget->holders.account = account;
    budget->holders.holder = row;
    set_ceiling(vm);
    mr_cell_set(&budget->run, ++budget->runs);
    mr_run_begins(budget->shown, budget->runs, limits->since, limits->time);
}

void mr_budget_charge(struct mr_vm *vm, size_t row)
{
    vm->budget.holders.holder = row;
}

size_t mr_budget_memory(const struct mr_vm *vm)
{
    return vm->budget.holders.account != NULL ? own_most(&vm->budget) : SIZE_MAX;
}

void mr_budget_refuse(struct mr_vm *vm)
{
    vm->budget.refused = true;
    arm(vm);
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

/* Ends the run for signals, which find no run from here on, and takes back what earlier signals
 * did. */
static void take_back(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    mr_cell_set(&budget->run, 0);
    atomic_signal_fence(memory_order_seq_cst);
    if (!budget->armed)
        return;
    disarm(vm);
    budget->over_time = budget->over_memory = budget->over_own = budget->refused = false;
}

enum mr_excess mr_budget_end(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    if (budget->shown == NULL)
        return MR_EXCESS_NONE;
    enum mr_excess excess = budget->raised;
    if (excess == MR_EXCESS_NONE && budget->refused)
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
    take_back(vm);
    return excess;
}

void mr_budget_collect(struct mr_vm *vm)
{
    if (!vm->budget.garbage)
        return;
    vm->budget.garbage = false;
    mr_call_collect(vm);
}
