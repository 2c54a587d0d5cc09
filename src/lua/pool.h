/* The pool of tasks and their coroutines. It never shrinks: it has as many tasks as ever were in
 * use at the same time. */
#ifndef MR_LUA_POOL_H
#define MR_LUA_POOL_H

#include <stddef.h>

#include "lua/fault.h"
#include "lua/mistakes.h"
#include "lua/run/holders.h"
#include "lua/vm.h"

struct lua_State;

enum mr_task_state {
    MR_TASK_FINISHED, /* its coroutine can start, or start again */
    MR_TASK_YIELDED,
    MR_TASK_BROKEN, /* it raised or was stopped */
};

struct mr_task {
    struct mr_vm *vm;
    struct lua_State *co; /* NULL until needed; anchored in MR_SLOT_THREADS */
    int slot;  /* from 1; the task's index in the tables of threads, contexts and strands */
    bool busy; /* taken from the pool */
    enum mr_task_state state;
    struct mr_task *next; /* the next free task */
    struct mr_script *script;
    struct mr_account account; /* its memory; open while the task runs a script */
    void *job;
    uint32_t waits;              /* begun so far; the number of the next wait */
    bool lingers;                /* its handler has spawned strands, which must finish */
    struct mr_mistakes mistakes; /* found in it so far */
    enum mr_codec codec;
    struct mr_incoming incoming;
    struct mr_fault_text fault;
    struct mr_buf reply;     /* its text */
    struct mr_pair *headers; /* of the reply */
    size_t header_capacity;
};

struct mr_pool {
    struct mr_task **tasks; /* by slot - 1 */
    size_t count, capacity;
    struct mr_task *free;
};

/* Takes a free task, or makes a new task. Its coroutine is ready to start. */
struct mr_task *mr_pool_take(struct mr_vm *vm);
/* Gives the task back to the pool. Unless `reusable`, drops its coroutine, which cannot start again
 * because it raised or is still suspended. */
void mr_pool_give(struct mr_vm *vm, struct mr_task *task, bool reusable);
void mr_pool_free(struct mr_vm *vm);

#endif
