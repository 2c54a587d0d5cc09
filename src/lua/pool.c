#include "lua/pool.h"

#include <stdlib.h>

#include "base/panic.h"
#include "lua/generation.h"
#include "lua/json/buffers.h"
#include "lua/run/call.h"

static struct mr_task *add_task(struct mr_pool *pool)
{
    if (pool->count == pool->capacity) {
        pool->capacity = pool->capacity == 0 ? 16 : pool->capacity * 2;
        pool->tasks = mr_realloc(pool->tasks, pool->capacity * sizeof(struct mr_task *));
    }
    struct mr_task *task = mr_alloc(sizeof(*task));
    pool->tasks[pool->count++] = task;
    task->slot = (int)pool->count;
    return task;
}

static int make_thread(lua_State *L, void *data)
{
    struct mr_task *task = data;
    task->co = lua_newthread(L);
    return 1;
}

/* Pops a value into the slot of the table, outside a protected call. This fails only if memory runs
 * out, which is a panic in either case. */
static void set_slot(struct mr_vm *vm, enum mr_slot_index table, int slot)
{
    lua_rawseti(vm->L, table, slot);
}

static void make_ready(struct mr_vm *vm, struct mr_task *task)
{
    mr_call_surely(vm, make_thread, task);
    set_slot(vm, MR_SLOT_THREADS, task->slot);
}

struct mr_task *mr_pool_take(struct mr_vm *vm)
{
    struct mr_pool *pool = &vm->pool;
    struct mr_task *task = pool->free;
    if (task == NULL)
        task = add_task(pool);
    else
        pool->free = task->next;
    if (task->co == NULL)
        make_ready(vm, task);
    task->vm = vm;
    task->busy = true;
    return task;
}

static void empty_slot(struct mr_vm *vm, enum mr_slot_index table, int slot)
{
    lua_pushnil(vm->L);
    set_slot(vm, table, slot);
}

/* A count: the array of a reply with more headers is freed, not kept for later replies. */
enum { HEADERS_KEPT = 1024 };

static void trim_headers(struct mr_task *task)
{
    if (task->header_capacity <= HEADERS_KEPT)
        return;
    free(task->headers);
    task->headers = NULL;
    task->header_capacity = 0;
}

void mr_pool_give(struct mr_vm *vm, struct mr_task *task, bool reusable)
{
    if (reusable) {
        lua_settop(task->co, 0);
    } else {
        task->co = NULL;
        empty_slot(vm, MR_SLOT_THREADS, task->slot);
    }
    if (task->script->takes_context)
        empty_slot(vm, MR_SLOT_CONTEXTS, task->slot);
    empty_slot(vm, MR_SLOT_STRANDS, task->slot);
    mr_json_give_buf(&vm->json, &task->reply);
    trim_headers(task);
    task->busy = false;
    task->next = vm->pool.free;
    vm->pool.free = task;
}

void mr_pool_free(struct mr_vm *vm)
{
    for (size_t i = 0; i < vm->pool.count; i++) {
        struct mr_task *task = vm->pool.tasks[i];
        MR_ASSERT(!task->busy);
        mr_fault_text_free(&task->fault);
        free(task->headers);
        free(task);
    }
    free(vm->pool.tasks);
}
