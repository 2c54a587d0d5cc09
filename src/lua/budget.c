#include "lua/budget.h"

#include <errno.h>
#include <inttypes.h>
#include <luajit.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/panic.h"
#include "lua/state.h"

/* The profiler and the signal are the process's, so is the VM that they are for. */
static struct mr_vm *limited;
static void (*give_tick)(int number);

static void on_hook(lua_State *L, lua_Debug *where);

/* The hook is taken off first: that makes LuaJIT write its dispatch tables anew, however it was
 * met, as long as no tick is due. */
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

/* Within an allocation, too. */
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

/* Of the thread's own time: LuaJIT writes its dispatch tables in far less. */
enum { SETTLED_NS = 100000 };

/* LuaJIT may be met amid writing its tables for the time without a hook, and goes on with that
 * afterwards. The next signal mends it, but not where a tick is due: LuaJIT believes then that its
 * tables are as they should be. So the tick waits until the hook has been set for a while. */
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

/* Another thread that got the signal leaves it: it will come again. */
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

/* It stays until the process ends: a signal may come after the VM is gone. */
static void take_signal(void)
{
    struct sigaction action = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    MR_ASSERT(sigaction(SIGUSR2, &action, NULL) == 0);
}

static void on_profile(void *data, lua_State *L, int samples, int state)
{
    (void)data, (void)L, (void)samples, (void)state;
}

/* Mode l: compiled code looks for the tick at each line, every turn of a loop included. Without the
 * timer nothing else ever sends SIGPROF: an idle worker sleeps on, and no thread of librdkafka's
 * meets it. */
static void start_profiler(lua_State *L)
{
    static const struct itimerval never;
    struct sigaction action;
    luaJIT_profile_start(L, "l", on_profile, NULL);
    MR_ASSERT(setitimer(ITIMER_PROF, &never, NULL) == 0);
    MR_ASSERT(sigaction(SIGPROF, NULL, &action) == 0);
    give_tick = action.sa_handler;
    MR_ASSERT(give_tick != SIG_DFL && give_tick != SIG_IGN);
}

/* --- memory --- */

static _Noreturn void end_worker(const struct mr_budget *budget)
{
    mr_log(MR_LOG_ERROR, "memory_exhausted", MR_I("lua_memory_bytes", budget->used),
           MR_I("budget", budget->limits.memory),
           MR_S("message", "twice the memory budget: the worker ends"));
    _exit(MR_EXIT_MEMORY);
}

/* The budget is passed by a request for `size` bytes that makes it `total`. False: refused. */
static bool pass(struct mr_vm *vm, size_t size, size_t total)
{
    struct mr_budget *budget = &vm->budget;
    if (size > budget->limits.memory) {
        budget->refused = true;
        arm(vm);
        return false;
    }
    if (total / 2 > budget->limits.memory)
        end_worker(budget);
    if (!budget->over_memory) {
        budget->over_memory = true;
        arm(vm);
    }
    return true;
}

static void *account(void *data, void *memory, size_t before, size_t size)
{
    struct mr_vm *vm = data;
    struct mr_budget *budget = &vm->budget;
    size_t total = budget->used + size - before;
    if (total > budget->ceiling && size > before && !pass(vm, size, total))
        return NULL;
    void *got = budget->alloc(budget->alloc_data, memory, before, size);
    if (got != NULL || size == 0)
        budget->used = total;
    return got;
}

static void start_accounting(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    budget->used = mr_vm_memory(vm);
    budget->ceiling = SIZE_MAX;
    budget->alloc = lua_getallocf(vm->L, &budget->alloc_data);
    lua_setallocf(vm->L, account, vm);
}

/* --- the hook --- */

/* The innermost line of a script's; files of ours are below lua/ in the binary. LuaJIT walks to
 * each level from the top: one looks so far and no further. */
enum { PLACE_LEVELS = 64 };

static void note_place(struct mr_budget *budget, lua_State *L)
{
    static const char own[] = "@lua/moonroute";
    lua_Debug at;
    mr_buf_clear(&budget->place);
    for (int level = 0; level < PLACE_LEVELS && lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "Sl", &at);
        if (at.source[0] == '@' && strncmp(at.source, own, sizeof(own) - 1) != 0) {
            mr_buf_printf(&budget->place, "%s:%d", at.source + 1, at.currentline);
            return;
        }
    }
}

static enum mr_excess excess_of(const struct mr_budget *budget)
{
    return budget->over_time ? MR_EXCESS_TIME : MR_EXCESS_MEMORY;
}

static void push_message(lua_State *L, const struct mr_vm *vm)
{
    char text[MR_EXCESS_TEXT];
    mr_budget_describe(vm, vm->budget.raised, text);
    lua_pushstring(L, text);
}

static void note_excess(struct mr_vm *vm, lua_State *L)
{
    struct mr_budget *budget = &vm->budget;
    budget->raised = excess_of(budget);
    note_place(budget, L);
    push_message(L, vm);
    luaL_traceback(L, L, lua_tostring(L, -1), 0);
    mr_buf_clear(&budget->trace);
    mr_buf_string(&budget->trace, lua_tostring(L, -1));
    lua_pop(L, 2);
}

/* True where a collection makes room: an eighth, as less would only be the first of many. */
static bool helps(struct mr_budget *budget, lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT, 0);
    return budget->used <= budget->limits.memory - budget->limits.memory / 8;
}

static void stand_down(struct mr_vm *vm)
{
    vm->budget.over_memory = false;
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
        if (!budget->over_time && !budget->refused && helps(budget, L)) {
            stand_down(vm);
            return;
        }
        note_excess(vm, L);
    }
    /* A yield goes past every pcall at once, and is never resumed. */
    if (lua_isyieldable(L)) {
        lua_yield(L, 0);
        return;
    }
    push_message(L, vm);
    lua_error(L);
}

/* --- a run --- */

void mr_budget_open(struct mr_vm *vm, struct mr_run *shown)
{
    MR_ASSERT(limited == NULL);
    limited = vm;
    vm->budget.shown = shown;
    start_accounting(vm);
    start_profiler(vm->L);
    take_signal();
}

void mr_budget_close(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    if (limited != vm)
        return;
    MR_ASSERT(mr_cell_get(&budget->run) == 0);
    limited = NULL;
    luaJIT_profile_stop(vm->L);
    lua_setallocf(vm->L, budget->alloc, budget->alloc_data);
    mr_buf_free(&budget->trace);
    mr_buf_free(&budget->place);
}

void mr_budget_begin(struct mr_vm *vm, const struct mr_limits *limits)
{
    struct mr_budget *budget = &vm->budget;
    MR_ASSERT(mr_cell_get(&budget->run) == 0);
    if (budget->shown == NULL)
        return;
    budget->limits = *limits;
    budget->raised = MR_EXCESS_NONE;
    budget->sent = 0;
    budget->ceiling = limits->memory > 0 ? limits->memory : SIZE_MAX;
    mr_cell_set(&budget->run, ++budget->runs);
    mr_run_begins(budget->shown, budget->runs, limits->since, limits->time);
}

bool mr_budget_passed(const struct mr_vm *vm)
{
    return vm->budget.raised != MR_EXCESS_NONE || vm->budget.refused;
}

size_t mr_budget_memory(const struct mr_vm *vm)
{
    return vm->budget.shown != NULL ? vm->budget.ceiling : SIZE_MAX;
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

/* A signal finds no run from here on; what one did before is taken back. */
static void take_back(struct mr_vm *vm)
{
    struct mr_budget *budget = &vm->budget;
    mr_cell_set(&budget->run, 0);
    atomic_signal_fence(memory_order_seq_cst);
    if (!budget->armed)
        return;
    disarm(vm);
    budget->over_time = budget->over_memory = budget->refused = false;
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
    budget->garbage = budget->garbage || excess == MR_EXCESS_MEMORY;
    budget->ceiling = SIZE_MAX;
    mr_run_ends(budget->shown);
    take_back(vm);
    return excess;
}

void mr_budget_collect(struct mr_vm *vm)
{
    if (!vm->budget.garbage)
        return;
    vm->budget.garbage = false;
    lua_gc(vm->L, LUA_GCCOLLECT, 0);
}

void mr_budget_describe(const struct mr_vm *vm, enum mr_excess excess, char text[MR_EXCESS_TEXT])
{
    enum { MIB = 1024 * 1024 };
    const struct mr_limits *limits = &vm->budget.limits;
    const char *by = vm->budget.sent > limits->memory ? ", by the records of one run" : "";
    if (excess == MR_EXCESS_TIME)
        snprintf(text, MR_EXCESS_TEXT, "over its time budget of %" PRIu64 " ms", limits->time);
    else if (limits->memory % MIB == 0)
        snprintf(text, MR_EXCESS_TEXT, "over its memory budget of %zu MiB%s", limits->memory / MIB,
                 by);
    else
        snprintf(text, MR_EXCESS_TEXT, "over its memory budget of %zu bytes%s", limits->memory, by);
}
