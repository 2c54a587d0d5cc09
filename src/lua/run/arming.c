#include "lua/run/arming.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/panic.h"
#include "lua/run/budget.h"
#include "lua/run/profiler.h"
#include "lua/state.h"

/* The profiler and the signal belong to the process, so only one VM can be limited. */
static struct mr_vm *limited;
static lua_Hook on_hook;
static mr_tick_fn *give_tick;

/* Sets the hook. Removing it first makes LuaJIT rewrite its dispatch tables, whatever state they
 * are in, unless a tick is due. */
static void set_hook(struct mr_vm *vm)
{
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

static void set_hook_and_tick(struct mr_vm *vm)
{
    block_signal(SIG_BLOCK);
    set_hook(vm);
    give_tick(SIGPROF);
    block_signal(SIG_UNBLOCK);
}

static void remove_hook(struct mr_vm *vm)
{
    block_signal(SIG_BLOCK);
    lua_sethook(vm->L, NULL, 0, 0);
    block_signal(SIG_UNBLOCK);
}

/* --- the signal --- */

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
    budget->late = true;
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

/* --- the run --- */

void mr_arming_open(struct mr_vm *vm, lua_Hook hook)
{
    MR_ASSERT(limited == NULL);
    limited = vm;
    on_hook = hook;
    give_tick = mr_profiler_start(vm->L);
    take_signal();
}

bool mr_arming_close(struct mr_vm *vm)
{
    if (limited != vm)
        return false;
    limited = NULL;
    mr_profiler_stop(vm->L);
    return true;
}

struct mr_vm *mr_arming_vm(void)
{
    return limited;
}

void mr_arm(struct mr_vm *vm, enum mr_budget_state state)
{
    enum mr_budget_state before = vm->budget.state;
    if (before < state)
        mr_budget_become(&vm->budget.state, state);
    if (!mr_budget_rows[before].hooked || state == MR_BUDGET_REFUSED)
        set_hook_and_tick(vm);
}

void mr_disarm(struct mr_vm *vm)
{
    mr_budget_become(&vm->budget.state, MR_BUDGET_WITHIN);
    remove_hook(vm);
    if (vm->budget.late) /* the signal came just now */
        set_hook_and_tick(vm);
}

void mr_disarm_last(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    mr_cell_set(&budget->run, 0);
    atomic_signal_fence(memory_order_seq_cst);
    if (mr_budget_rows[budget->state].hooked || budget->late) {
        remove_hook(vm);
        budget->late = false;
    }
    mr_budget_become(&budget->state, MR_BUDGET_IDLE);
}
