#include "lua/vm.h"

#include <stdio.h>
#include <string.h>

#include "base/panic.h"
#include "lua/arguments.h"
#include "lua/generation.h"
#include "lua/reply.h"
#include "lua/run/call.h"
#include "lua/state.h"
#include "lua/waits.h"

enum { ERROR_SIZE = 512 };

/* Moves the values that a protected call left on the main stack to the coroutine. Returns their
 * count. */
static int hand_over(struct mr_task *task)
{
    lua_State *L = task->vm->L;
    int count = lua_gettop(L) - MR_SLOT_LAST;
    lua_xmove(L, task->co, count);
    return count;
}

/* The stack of a task that yielded for a wait (lua/moonroute/strands.lua): the signal, then kind
 * and argument. If the wait has begun already, the signal is alone. */
enum { SIGNAL = 1, KIND, ARGUMENT };

struct wish {
    struct mr_task *task;
    char error[MR_WAIT_ERROR];
    int result;
};

static int begin_wish(lua_State *L, void *data)
{
    struct wish *wish = data;
    uint32_t number;
    int first = lua_gettop(L) + 1;
    lua_pushvalue(wish->task->co, KIND);
    lua_pushvalue(wish->task->co, ARGUMENT);
    lua_xmove(wish->task->co, L, 2);
    wish->result = mr_waits_begin(L, first, wish->task, &number, wish->error);
    return 0;
}

static int push_refusal(lua_State *L, void *data)
{
    const struct wish *wish = data;
    lua_pushnumber(L, -1); /* the number of no wait */
    lua_pushliteral(L, "refused");
    lua_pushstring(L, wish->error);
    return 3;
}

/* Hands the task's wish to the host. Returns 0, or -1 with the refusal on the coroutine's stack;
 * the caller then resumes the task with the refusal. */
static int begin_wait(struct mr_task *task)
{
    struct wish wish = {.task = task};
    if (lua_gettop(task->co) == SIGNAL)
        return 0;
    MR_ASSERT(mr_call(task->vm, begin_wish, &wish) == 0);
    mr_call_done(task->vm);
    if (wish.result == 0)
        return 0;
    lua_settop(task->co, 0);
    mr_call_surely(task->vm, push_refusal, &wish);
    hand_over(task);
    return -1;
}

/* Fails a task that yielded without the signal of strands.lua, because nobody would ever resume it.
 * Only a trusted script gets past the coroutine library of the runtime. */
static void refuse_yield(struct mr_task *task, struct mr_result *result)
{
    task->state = MR_TASK_BROKEN;
    *result = (struct mr_result){.outcome = MR_OUTCOME_RAISED};
    mr_fault_error(&task->fault,
                   "the handler yielded outside a coroutine: use router.sleep or router.request",
                   task->script->place, &result->fault);
}

/* Describes the value that the handler raised. If the runtime raised that value as a mistake, the
 * fault is a mistake. */
static void describe_raised(struct mr_task *task, struct mr_result *result)
{
    struct mr_bytes text = MR_BYTES_NONE;
    if (lua_type(task->co, -1) == LUA_TSTRING)
        text.data = lua_tolstring(task->co, -1, &text.length);
    bool is_mistake = text.data != NULL && mr_mistakes_has(&task->mistakes, text);
    *result = (struct mr_result){.outcome = MR_OUTCOME_RAISED};
    mr_fault_raised(task->vm, task->co, &task->fault, &result->fault);
    if (is_mistake)
        result->fault.kind = MR_FAULT_MISTAKE;
}

/* Runs the task with `count` values until it waits for the host or ends. */
static void run(struct mr_task *task, int count, struct mr_result *result)
{
    for (;;) {
        enum mr_resumed resumed = mr_call_resume(task->vm, task, task->co, count);
        if (mr_excess_passed(&task->vm->budget)) { /* even if the script caught the error */
            task->state = MR_TASK_BROKEN;
            return;
        }
        switch (resumed) {
        case MR_RESUMED_FINISHED:
            task->state = MR_TASK_FINISHED;
            mr_reply_take(task, result);
            result->lingers = task->lingers && result->outcome == MR_OUTCOME_RETURNED;
            return;
        case MR_RESUMED_RAISED:
            task->state = MR_TASK_BROKEN;
            describe_raised(task, result);
            return;
        case MR_RESUMED_YIELDED:
            break;
        }
        if (lua_touserdata(task->co, SIGNAL) != task->vm) {
            refuse_yield(task, result);
            return;
        }
        task->state = MR_TASK_YIELDED;
        if (begin_wait(task) == 0) {
            *result = (struct mr_result){.outcome = MR_OUTCOME_YIELDED};
            return;
        }
        count = 3;
    }
}

static int trace_here(lua_State *L, void *data)
{
    const struct mr_task *task = data;
    luaL_traceback(L, task->co, NULL, 0);
    return 1;
}

/* Notes the traceback of the line at which the handler stopped, unless the hook has noted it. */
static void note_trace(struct mr_task *task, struct mr_buf *trace)
{
    if (trace->length > 0)
        return;
    if (mr_call(task->vm, trace_here, task) == 0)
        mr_buf_string(trace, mr_call_message(task->vm));
    mr_call_done(task->vm);
}

static void begin_run(struct mr_task *task)
{
    mr_budget_begin(task->vm, &task->vm->limits, &task->account, task->script->row);
}

/* Ends the run. If the run passed a budget, it has failed, whatever its result was. */
static void end_run(struct mr_task *task, struct mr_result *result)
{
    static const enum mr_fault_kind kinds[] = {[MR_EXCESS_TIME] = MR_FAULT_TIME,
                                               [MR_EXCESS_MEMORY] = MR_FAULT_MEMORY,
                                               [MR_EXCESS_ROOM] = MR_FAULT_ROOM};
    struct mr_vm *vm = task->vm;
    char text[MR_EXCESS_TEXT];
    enum mr_excess excess = mr_budget_end(vm);
    if (excess == MR_EXCESS_NONE)
        return;
    if (task->state == MR_TASK_YIELDED)
        task->state = MR_TASK_BROKEN;
    mr_excess_describe(&vm->budget, excess, text);
    note_trace(task, &vm->budget.trace);
    *result = (struct mr_result){.outcome = MR_OUTCOME_RAISED};
    mr_fault_error(&task->fault, text, mr_buf_text(&vm->budget.trace), &result->fault);
    result->fault.kind = kinds[excess];
}

static void start(struct mr_task *task, struct mr_result *result)
{
    struct mr_vm *vm = task->vm;
    if (mr_call(vm, mr_arguments_push, task) == 0) {
        run(task, hand_over(task) - 1, result); /* the function itself is not an argument */
        return;
    }
    *result = (struct mr_result){.outcome = MR_OUTCOME_UNDECODABLE};
    struct mr_buf message = {0};
    mr_buf_printf(&message, "not valid JSON: %s", mr_call_message(vm));
    mr_call_done(vm);
    mr_fault_error(&task->fault, message.data, "", &result->fault);
    result->fault.kind = MR_FAULT_UNDECODABLE;
    mr_buf_free(&message);
}

struct mr_task *mr_task_start(struct mr_script *script, enum mr_codec codec,
                              const struct mr_incoming *incoming, void *job,
                              struct mr_result *result)
{
    struct mr_task *task = mr_pool_take(script->generation->vm);
    mr_generation_hold(script->generation);
    task->script = script;
    task->codec = codec;
    task->incoming = *incoming;
    task->job = job;
    task->state = MR_TASK_FINISHED;
    task->waits = 0;
    task->lingers = false;
    task->mistakes.count = 0;
    mr_account_open(&task->vm->budget.holders, &task->account, script->row);
    begin_run(task);
    start(task, result);
    end_run(task, result);
    return task;
}

void mr_task_resume(struct mr_task *task, const struct mr_resumption *with,
                    struct mr_result *result)
{
    struct mr_vm *vm = task->vm;
    struct mr_waking waking = {task, with};
    MR_ASSERT(task->state == MR_TASK_YIELDED);
    begin_run(task);
    if (mr_call(vm, mr_arguments_push_resumption, &waking) != 0) {
        char why[ERROR_SIZE];
        snprintf(why, sizeof(why), "%s", mr_call_message(vm));
        mr_call_done(vm);
        struct mr_bad_reply bad = {with->wait, why};
        mr_call_surely(vm, mr_arguments_push_bad_reply, &bad);
    }
    lua_settop(task->co, 0); /* drops the signal */
    run(task, hand_over(task), result);
    end_run(task, result);
}

void mr_task_linger(struct mr_task *task, struct mr_result *result)
{
    MR_ASSERT(task->state == MR_TASK_FINISHED && task->lingers);
    task->lingers = false;
    begin_run(task);
    lua_settop(task->co, 0);
    lua_rawgeti(task->co, LUA_REGISTRYINDEX, task->vm->finish);
    run(task, 0, result);
    end_run(task, result);
}

void mr_task_end(struct mr_task *task)
{
    struct mr_generation *generation = task->script->generation;
    MR_ASSERT(task->busy && task->vm->running == NULL);
    mr_pool_give(task->vm, task, task->state == MR_TASK_FINISHED);
    mr_account_close(&task->vm->budget.holders, &task->account);
    mr_budget_collect(task->vm);
    mr_generation_release(generation);
}
