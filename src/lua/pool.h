/* The pool of tasks and their coroutines: as many as ever were at work at once. */
#ifndef MR_LUA_POOL_H
#define MR_LUA_POOL_H

#include <stddef.h>

#include "lua/fault.h"
#include "lua/run/holders.h"
#include "lua/vm.h"

struct lua_State;

enum mr_task_state {
    MR_TASK_FINISHED, /* its coroutine can be started (again) */
    MR_TASK_YIELDED,
    MR_TASK_BROKEN, /* it raised */
};

struct mr_task {
    struct mr_vm *vm;
    struct lua_State *co; /* NULL until one is needed; anchored in MR_SLOT_THREADS */
    int slot;             /* from 1; the task's place in the tables of threads and contexts */
    bool busy;            /* taken from the pool */
    enum mr_task_state state;
    struct mr_task *next; /* among the free ones */
    struct mr_script *script;
    struct mr_account account; /* of its memory; open while it is busy with a script */
    void *job;
    uint32_t waits; /* begun so far; the number of the next */
    bool lingers;   /* it has spawned what is to be finished */
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

/* A free task with a coroutine ready to be started. */
struct mr_task *mr_pool_take(struct mr_vm *vm);
/* Back; one whose coroutine cannot be started again (it raised, or is still suspended) loses it. */
void mr_pool_give(struct mr_vm *vm, struct mr_task *task, bool reusable);
void mr_pool_free(struct mr_vm *vm);

#endif
