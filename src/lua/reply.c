#include "lua/reply.h"

#include "lua/generation.h"
#include "lua/json/buffers.h"
#include "lua/outgoing.h"
#include "lua/run/call.h"
#include "lua/state.h"

enum { VALUE = 1, HEADERS };

/* Returns the text of the reply. If it is encoded, it lies in the task's own buffer, which no other
 * encoding touches. A bare string is encoded, too, only to check that it is UTF-8. */
static struct mr_bytes text_of(lua_State *L, struct mr_task *task, bool is_string)
{
    struct mr_bytes text = {0};
    if (!is_string || task->codec != MR_CODEC_RAW) {
        if (task->reply.data == NULL)
            task->reply = mr_json_take_buf(&task->vm->json);
        mr_json_encode(L, task->vm, VALUE, &task->reply);
        text = (struct mr_bytes){task->reply.data, task->reply.length};
    }
    if (is_string && task->codec != MR_CODEC_JSON)
        text.data = lua_tolstring(L, VALUE, &text.length);
    return text;
}

static void take_value(lua_State *L, struct mr_task *task, struct mr_result *result)
{
    const int type = lua_type(L, VALUE);
    result->value_is_string = type == LUA_TSTRING;
    if (type == LUA_TNIL) {
        result->reply = MR_REPLY_NONE;
    } else if (type == LUA_TLIGHTUSERDATA && lua_touserdata(L, VALUE) == NULL) {
        result->reply = MR_REPLY_NULL;
    } else {
        result->reply = MR_REPLY_VALUE;
        result->value = text_of(L, task, result->value_is_string);
    }
}

/* Replaces the returned table by the flat list of its headers, and reads them. If that fails, sets
 * `by_script` to true if code of the script raised. */
static void take_headers(lua_State *L, struct mr_task *task, struct mr_result *result,
                         bool *by_script)
{
    if (lua_isnil(L, HEADERS))
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->vm->headers);
    lua_pushvalue(L, HEADERS);
    lua_call(L, 1, 3);
    if (lua_isnil(L, -3)) {
        *by_script = lua_toboolean(L, -1);
        lua_pop(L, 1);
        lua_error(L);
    }
    lua_pop(L, 2);
    lua_replace(L, HEADERS);
    result->header_count = mr_outgoing_pairs(L, HEADERS, &task->headers, &task->header_capacity);
    result->headers = task->headers;
}

struct taking {
    struct mr_task *task;
    struct mr_result *result;
    bool by_script; /* code of the script raised, not the runtime */
};

static void count(lua_State *L, struct mr_task *task, const struct mr_result *result)
{
    size_t bytes = result->value.length + mr_pairs_size(result->headers, result->header_count);
    if (!mr_budget_send(task->vm, bytes))
        luaL_error(L, "the reply and records of one run are larger than the memory budget");
}

/* Takes the headers first: reading them can run metamethods of the script, and nothing of the value
 * may be borrowed then. After that no code of the script runs. */
static int take(lua_State *L, void *data)
{
    struct taking *taking = data;
    struct mr_task *task = taking->task;
    lua_settop(task->co, 2);
    lua_xmove(task->co, L, 2);
    take_headers(L, task, taking->result, &taking->by_script);
    take_value(L, task, taking->result);
    count(L, task, taking->result);
    lua_xmove(L, task->co, 2); /* the result points into these: a string, and the list */
    return 0;
}

void mr_reply_take(struct mr_task *task, struct mr_result *result)
{
    struct mr_vm *vm = task->vm;
    struct taking taking = {.task = task, .result = result};
    *result = (struct mr_result){.outcome = MR_OUTCOME_RETURNED};
    if (mr_call(vm, take, &taking) != 0) {
        struct mr_buf message = {0};
        mr_buf_printf(&message, "reply: %s", mr_call_message(vm));
        *result = (struct mr_result){.outcome = MR_OUTCOME_RAISED};
        mr_fault_error(&task->fault, message.data, task->script->place, &result->fault);
        result->fault.kind = taking.by_script ? MR_FAULT_ERROR : MR_FAULT_MISTAKE;
        mr_buf_free(&message);
    }
    mr_call_done(vm);
}
