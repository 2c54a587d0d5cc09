/* Limits the time and memory of a run of Lua, and stops a run that passes either budget.
 *
 * A hook enforces both budgets (lua/run/hook.h). Once it is set, it acts at each instruction until
 * the run is over. It yields out of the running coroutine or, if a C function is in between,
 * raises. So no pcall can swallow the end, and few scripts see it. Compiled code calls no hooks,
 * but looks for the tick of LuaJIT's profiler at each line if the profiler is on. So the profiler
 * is on with its timer off, and the code that sets the hook also gives the tick.
 *
 * Time: the master reads in shared memory when the run began, and interrupts it by a signal with
 * the run's number. The signal comes again and again until the run is over. The first signal sets
 * the hook, later signals give the tick. If LuaJIT is just changing its own hooks when a signal
 * comes, the signal can be lost.
 *
 * Memory: LuaJIT's own allocator stays in use and is counted. The budget is for what the run's
 * account (of its task, or of a load) holds, whatever others hold. If an account passes its budget,
 * the hook is set. It fails the run if a full collection does not make room again. A single request
 * beyond the whole budget is refused. At twice the budget the process ends: a C function that grows
 * that far cannot be stopped otherwise, and LuaJIT does not survive many refusals. If a run meets
 * the VM full of what others hold, it goes on in memory beyond the room (lua/run/room.h). */
#ifndef MR_LUA_RUN_BUDGET_H
#define MR_LUA_RUN_BUDGET_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/scoreboard.h"
#include "lua/run/budget_state.h"
#include "lua/run/excess.h"
#include "lua/run/holders.h"
#include "lua/vm.h"

struct mr_budget {
    struct mr_run *shown; /* the run, shown to the master; NULL: runs are not limited */
    lua_Alloc alloc;      /* LuaJIT's own */
    void *alloc_data;
    size_t used;               /* bytes in use by Lua */
    size_t base;               /* of these, held outside the run's account, about */
    size_t ceiling;            /* if `used` passes it, the allocator looks; SIZE_MAX between runs */
    struct mr_holders holders; /* the holders of `used` */
    struct mr_account load;    /* the account of the current load */
    struct mr_limits limits;   /* of the run */
    mr_cell run;               /* its number; 0: none */
    enum mr_budget_state state; /* of the run */
    _Atomic bool late;          /* the run is over its time; the signal handler sets this */
    uint64_t hooked_at;         /* ns, mr_clock_thread_ns; only the signal handler uses it */
    size_t sent;                /* bytes of records that the run has handed to the host */
    bool garbage;               /* a run has failed for memory: there is much to collect */
    uint64_t runs;
    enum mr_excess raised; /* why the hook has stopped this run */
    struct mr_buf trace;   /* traceback of the first stop */
    struct mr_buf place;   /* "scripts/echo.lua:3"; "" if no script ran */
};

/* Limits the runs of this VM from now on; only one VM of a process can have limits. */
void mr_budget_open(struct mr_vm *vm, struct mr_run *shown);
void mr_budget_close(struct mr_vm *vm); /* no run may be going on */

/* Begins a run. Its allocations count for the account, and for the script in that row. */
void mr_budget_begin(struct mr_vm *vm, const struct mr_limits *limits, struct mr_account *account,
                     size_t row);
/* Counts allocations for the script in that row until the run ends. */
void mr_budget_charge(struct mr_vm *vm, size_t row);
/* Returns the run's memory budget in bytes; SIZE_MAX if nothing is limited. */
size_t mr_budget_memory(const struct mr_vm *vm);
/* Fails the run because C would make something larger than the run's memory budget. Lua's allocator
 * does the same for a single request that is too large. The caller must raise an error. */
void mr_budget_refuse(struct mr_vm *vm);
/* Counts a record of so many bytes that the run hands to the host; Lua's own memory does not show
 * it. If the records of the run exceed its memory budget, fails the run and returns false. The
 * caller must raise an error then. */
bool mr_budget_send(struct mr_vm *vm, size_t bytes);
/* Ends the run. Returns the budget that it has passed, if any. */
enum mr_excess mr_budget_end(struct mr_vm *vm);
/* Collects garbage if a run has failed for memory. Call it when the memory of that run is
 * released. */
void mr_budget_collect(struct mr_vm *vm);

#endif
