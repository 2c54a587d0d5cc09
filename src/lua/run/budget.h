/* Budgets: what a run of Lua may take of time and memory, and how it is stopped.
 *
 * Either budget is enforced by a hook that, at each instruction from then on, yields out of
 * whatever coroutine it is in, or raises where a C function is in between, until the run is over:
 * no pcall swallows it, and few see it. Compiled code calls no hooks, but it looks for the
 * profiler's tick at each line; so the profiler is on (which makes it look), its timer is off, and
 * whoever sets the hook gives the tick himself.
 *
 * Time: the master sees in shared memory since when a run has been going on, and interrupts it by a
 * signal with the run's number. The signal comes again and again until the run is over: the first
 * sets the hook, later ones give the tick, and one that meets LuaJIT amid a change of its own to
 * hooks can be lost.
 *
 * Memory: LuaJIT's own allocator is kept and counted. The budget is for what the run's account (its
 * task's, or that of a load) holds, whatever others hold. An account that passes it sets the hook,
 * which fails the run if a full collection does not make room again. One request beyond the whole
 * budget is refused. At twice the budget the process ends: a C function that grows that far cannot
 * be stopped otherwise, and LuaJIT does not survive many refusals. A run that meets the VM full of
 * what others hold goes on in memory beyond (lua/run/room.h). */
#ifndef MR_LUA_RUN_BUDGET_H
#define MR_LUA_RUN_BUDGET_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/scoreboard.h"
#include "lua/run/excess.h"
#include "lua/run/holders.h"
#include "lua/vm.h"

struct mr_budget {
    struct mr_run *shown; /* to the master; NULL: runs are not limited */
    lua_Alloc alloc;      /* LuaJIT's own */
    void *alloc_data;
    size_t used;                   /* bytes */
    size_t base;                   /* of these, what is not the run's account's, about */
    size_t ceiling;                /* of `used`, to be looked at; SIZE_MAX between runs */
    struct mr_holders holders;     /* of `used` */
    struct mr_account load;        /* what a load holds */
    struct mr_limits limits;       /* of the run */
    mr_cell run;                   /* its number; 0: none */
    _Atomic bool armed, over_time; /* set in the signal's handler, too */
    uint64_t hooked_at;            /* ns, mr_clock_thread_ns; the signal's handler's own */
    bool over_memory;              /* of either kind */
    bool over_own, refused;
    size_t sent;  /* bytes of records that the run has handed to the host */
    bool garbage; /* a run has failed for its memory: there is much to collect */
    uint64_t runs;
    enum mr_excess raised; /* what the hook has stopped this run for */
    struct mr_buf trace;   /* where it did so first */
    struct mr_buf place;   /* "scripts/echo.lua:3", "" where no script ran */
};

/* Of the one VM of the process whose runs are limited. */
void mr_budget_open(struct mr_vm *vm, struct mr_run *shown);
void mr_budget_close(struct mr_vm *vm); /* no run is going on */

/* What the run allocates is the account's, and the script's in that row. */
void mr_budget_begin(struct mr_vm *vm, const struct mr_limits *limits, struct mr_account *account,
                     size_t row);
/* From here on the script in that row allocates, until the run ends. */
void mr_budget_charge(struct mr_vm *vm, size_t row);
/* The run's memory budget in bytes; SIZE_MAX where nothing is limited. */
size_t mr_budget_memory(const struct mr_vm *vm);
/* What C is to make for the run is larger than its memory budget: it fails, as for one request to
 * Lua's allocator that is. The caller raises an error. */
void mr_budget_refuse(struct mr_vm *vm);
/* The run hands a record of so many bytes to the host. False where its records are more than its
 * memory budget, which Lua's own memory does not show: it fails. The caller raises an error. */
bool mr_budget_send(struct mr_vm *vm, size_t bytes);
/* Returns what the run has passed. */
enum mr_excess mr_budget_end(struct mr_vm *vm);
/* When what the run held is let go: takes back what one had too much of. */
void mr_budget_collect(struct mr_vm *vm);

#endif
