#include "lua/vm.h"

#include <stdio.h>
#include <string.h>

#include "base/panic.h"
#include "lua/call.h"
#include "lua/generation.h"
#include "lua/outgoing.h"
#include "lua/reply.h"
#include "lua/state.h"

enum { ERROR_SIZE = 512, BAD_GATEWAY = 502 };

static void push_bytes(lua_State *L, struct mr_bytes bytes)
{
    if (bytes.data == NULL)
        lua_pushnil(L);
    else
        lua_pushlstring(L, bytes.data, bytes.length);
}

/* A table of name to value: a repeated name has the last value, a null value is "". */
static void push_headers(lua_State *L, const struct mr_pair *headers, size_t count)
{
    lua_createtable(L, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(L, headers[i].name.data, headers[i].name.length);
        lua_pushlstring(L, headers[i].value.data != NULL ? headers[i].value.data : "",
                        headers[i].value.length);
        lua_rawset(L, -3);
    }
}

static void push_message(lua_State *L, const struct mr_task *task)
{
    push_bytes(L, task->incoming.value);
    if (task->codec == MR_CODEC_RAW || task->incoming.value.data == NULL)
        return;
    mr_json_decode(L, &task->vm->json, lua_gettop(L));
    lua_remove(L, -2);
}

/* The handler and its arguments; where it takes a context, behind enter() of
 * lua/moonroute/entry.lua, which makes one. */
static int push_start(lua_State *L, void *data)
{
    const struct mr_task *task = data;
    const struct mr_incoming *in = &task->incoming;
    if (task->script->takes_context) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, task->vm->entry);
        lua_pushinteger(L, task->slot);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->script->handler);
    lua_pushstring(L, in->topic);
    push_message(L, task);
    if (task->script->takes_headers)
        push_headers(L, in->headers, in->header_count);
    return lua_gettop(L);
}

/* Moves what a protected call left on the main stack to the coroutine. Returns how many values. */
static int hand_over(struct mr_task *task)
{
    lua_State *L = task->vm->L;
    int count = lua_gettop(L) - MR_SLOT_LAST;
    lua_xmove(L, task->co, count);
    return count;
}

/* What a task that has yielded waits for: signal, name, argument (lua/moonroute/coroutines.lua,
 * await). */
enum { SIGNAL = 1, NAME, ARGUMENT };

struct asking {
    struct mr_task *task;
    struct mr_ask *ask;
};

static int read_ask(lua_State *L, void *data)
{
    struct asking *asking = data;
    lua_pushvalue(asking->task->co, ARGUMENT);
    lua_xmove(asking->task->co, L, 1);
    mr_outgoing_read_ask(asking->task->vm, L, 1, asking->ask);
    return 0;
}

static int ask_host(struct mr_task *task, char *error)
{
    struct mr_vm *vm = task->vm;
    const char *name = lua_tostring(task->co, NAME);
    if (strcmp(name, "sleep") == 0)
        return vm->host.sleep(vm->data, task->job, (int64_t)lua_tonumber(task->co, ARGUMENT), error,
                              ERROR_SIZE);
    struct mr_ask ask;
    struct asking asking = {task, &ask};
    MR_ASSERT(strcmp(name, "request") == 0);
    MR_ASSERT(mr_call(vm, read_ask, &asking) == 0);
    mr_call_done(vm);
    return vm->host.request(vm->data, task->job, &ask, error, ERROR_SIZE);
}

/* Hands the task's wish to the host. Returns 0, or -1 with the refusal on the coroutine's stack, to
 * be resumed with. */
static int begin_wait(struct mr_task *task)
{
    char error[ERROR_SIZE] = "";
    if (ask_host(task, error) == 0)
        return 0;
    lua_settop(task->co, 0);
    lua_pushliteral(task->co, "refused");
    lua_pushstring(task->co, error);
    return -1;
}

/* Yielded by something else than await(): only a trusted script gets past the coroutine library of
 * the runtime. Nobody would ever resume it. */
static void refuse_yield(struct mr_task *task, struct mr_result *result)
{
    task->state = MR_TASK_BROKEN;
    *result = (struct mr_result){.outcome = MR_OUTCOME_RAISED};
    mr_fault_error(&task->fault,
                   "the handler yielded to nobody: use router.sleep or router.request",
                   task->script->place, &result->fault);
}

/* Runs the task with `count` values until it waits for the host or is done. */
static void run(struct mr_task *task, int count, struct mr_result *result)
{
    for (;;) {
        enum mr_resumed resumed = mr_call_resume(task->vm, task, task->co, count);
        if (mr_budget_passed(task->vm)) { /* swallowed or not */
            task->state = MR_TASK_BROKEN;
            return;
        }
        switch (resumed) {
        case MR_RESUMED_FINISHED:
            task->state = MR_TASK_FINISHED;
            mr_reply_take(task, result);
            return;
        case MR_RESUMED_RAISED:
            task->state = MR_TASK_BROKEN;
            *result = (struct mr_result){.outcome = MR_OUTCOME_RAISED};
            mr_fault_raised(task->vm, task->co, &task->fault, &result->fault);
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
        count = 2;
    }
}

static int trace_here(lua_State *L, void *data)
{
    const struct mr_task *task = data;
    luaL_traceback(L, task->co, NULL, 0);
    return 1;
}

/* Where the hook raised; where it did not get to, where the handler was left. */
static void note_trace(struct mr_task *task, struct mr_buf *trace)
{
    if (trace->length > 0)
        return;
    if (mr_call(task->vm, trace_here, task) == 0)
        mr_buf_string(trace, mr_call_message(task->vm));
    mr_call_done(task->vm);
}

/* The run is over. Whatever came of it, one that passed a budget has failed. */
static void end_run(struct mr_task *task, struct mr_result *result)
{
    struct mr_vm *vm = task->vm;
    char text[MR_EXCESS_TEXT];
    enum mr_excess excess = mr_budget_end(vm);
    if (excess == MR_EXCESS_NONE)
        return;
    if (task->state == MR_TASK_YIELDED)
        task->state = MR_TASK_BROKEN;
    mr_budget_describe(vm, excess, text);
    note_trace(task, &vm->budget.trace);
    *result = (struct mr_result){.outcome = MR_OUTCOME_RAISED};
    mr_fault_error(&task->fault, text, mr_buf_text(&vm->budget.trace), &result->fault);
    result->fault.kind = excess == MR_EXCESS_TIME ? MR_FAULT_TIME : MR_FAULT_MEMORY;
}

static void start(struct mr_task *task, struct mr_result *result)
{
    struct mr_vm *vm = task->vm;
    if (mr_call(vm, push_start, task) == 0) {
        run(task, hand_over(task) - 1, result); /* enter() itself is none of its arguments */
        return;
    }
    *result = (struct mr_result){.outcome = MR_OUTCOME_UNDECODABLE};
    struct mr_buf message = {0};
    mr_buf_printf(&message, "not valid JSON: %s", mr_call_message(vm));
    mr_call_done(vm);
    mr_fault_error(&task->fault, message.data, "", &result->fault);
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
    mr_budget_begin(task->vm, &task->vm->limits);
    start(task, result);
    end_run(task, result);
    return task;
}

/* Kafka's null is null, as it is in a message made by a reply of router.null. */
static void push_reply_data(lua_State *L, const struct mr_task *task, struct mr_bytes value)
{
    if (value.data == NULL) {
        lua_pushlightuserdata(L, NULL);
        return;
    }
    lua_pushlstring(L, value.data, value.length);
    mr_json_decode(L, &task->vm->json, lua_gettop(L));
    lua_remove(L, -2);
}

struct waking {
    struct mr_task *task;
    const struct mr_resumption *with;
};

/* What await() returns: "done"; "reply", data, headers, enveloped, is_error; "status", status,
 * message, name; "refused", why. */
static int push_resumption(lua_State *L, void *data)
{
    const struct waking *waking = data;
    const struct mr_resumption *with = waking->with;
    switch (with->kind) {
    case MR_RESUME_DONE:
        lua_pushliteral(L, "done");
        return 1;
    case MR_RESUME_STATUS_ERROR:
        lua_pushliteral(L, "status");
        lua_pushinteger(L, with->status);
        push_bytes(L, with->message);
        push_bytes(L, with->name);
        return 4;
    case MR_RESUME_REPLY:
        lua_pushliteral(L, "reply");
        push_reply_data(L, waking->task, with->value);
        push_headers(L, with->headers, with->header_count);
        lua_pushboolean(L, with->enveloped);
        lua_pushboolean(L, with->is_error);
        return 5;
    }
    MR_UNREACHABLE("a kind of resumption");
}

/* A reply that is no JSON: the asker's error 502. */
static int push_bad_reply(lua_State *L, void *data)
{
    lua_pushliteral(L, "status");
    lua_pushinteger(L, BAD_GATEWAY);
    lua_pushfstring(L, "Reply is not valid JSON: %s", (const char *)data);
    lua_pushliteral(L, "BadReply");
    return 4;
}

void mr_task_resume(struct mr_task *task, const struct mr_resumption *with,
                    struct mr_result *result)
{
    struct mr_vm *vm = task->vm;
    struct waking waking = {task, with};
    MR_ASSERT(task->state == MR_TASK_YIELDED);
    mr_budget_begin(vm, &vm->limits);
    if (mr_call(vm, push_resumption, &waking) != 0) {
        char why[ERROR_SIZE];
        snprintf(why, sizeof(why), "%s", mr_call_message(vm));
        mr_call_done(vm);
        MR_ASSERT(mr_call(vm, push_bad_reply, why) == 0);
    }
    lua_settop(task->co, 0); /* the wish */
    run(task, hand_over(task), result);
    end_run(task, result);
}

void mr_task_end(struct mr_task *task)
{
    struct mr_generation *generation = task->script->generation;
    MR_ASSERT(task->busy && task->vm->running == NULL);
    mr_pool_give(task->vm, task, task->state == MR_TASK_FINISHED);
    mr_budget_collect(task->vm);
    mr_generation_release(generation);
}
