#include "lua/arguments.h"

#include "base/panic.h"
#include "lua/generation.h"
#include "lua/pool.h"
#include "lua/state.h"

enum { BAD_GATEWAY = 502 };

static void push_bytes(lua_State *L, struct mr_bytes bytes)
{
    if (bytes.data == NULL)
        lua_pushnil(L);
    else
        lua_pushlstring(L, bytes.data, bytes.length);
}

/* Pushes a table of name to value. If a name is repeated, its last value counts. A null value
 * becomes "". */
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

static bool is_json(enum mr_codec codec, struct mr_bytes value)
{
    if (codec != MR_CODEC_BARE)
        return codec == MR_CODEC_JSON;
    return value.length > 0 && (value.data[0] == '{' || value.data[0] == '[');
}

static void push_message(lua_State *L, const struct mr_task *task)
{
    if (task->incoming.value.data == NULL || !is_json(task->codec, task->incoming.value))
        push_bytes(L, task->incoming.value);
    else
        mr_json_decode(L, &task->vm->json, task->incoming.value);
}

int mr_arguments_push(lua_State *L, void *data)
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

/* Pushes the data of a reply. A null value becomes router.null, as the text `null` does. */
static void push_reply_data(lua_State *L, const struct mr_task *task,
                            const struct mr_resumption *with)
{
    struct mr_bytes value = with->value;
    if (value.data == NULL)
        lua_pushlightuserdata(L, NULL);
    else if (!is_json(with->codec, value))
        lua_pushlstring(L, value.data, value.length);
    else if (with->enveloped)
        mr_json_decode_envelope(L, &task->vm->json, value);
    else
        mr_json_decode(L, &task->vm->json, value);
}

int mr_arguments_push_resumption(lua_State *L, void *data)
{
    const struct mr_waking *waking = data;
    const struct mr_resumption *with = waking->with;
    lua_pushnumber(L, (lua_Number)with->wait);
    switch (with->kind) {
    case MR_RESUME_DONE:
        lua_pushliteral(L, "done");
        return 2;
    case MR_RESUME_STATUS_ERROR:
        lua_pushliteral(L, "status");
        lua_pushinteger(L, with->status);
        push_bytes(L, with->message);
        push_bytes(L, with->name);
        return 5;
    case MR_RESUME_REPLY:
        lua_pushliteral(L, "reply");
        push_reply_data(L, waking->task, with);
        push_headers(L, with->headers, with->header_count);
        lua_pushboolean(L, with->enveloped);
        lua_pushboolean(L, with->is_error);
        return 6;
    }
    MR_UNREACHABLE("a kind of resumption");
}

int mr_arguments_push_bad_reply(lua_State *L, void *data)
{
    const struct mr_bad_reply *bad = data;
    lua_pushnumber(L, (lua_Number)bad->wait);
    lua_pushliteral(L, "status");
    lua_pushinteger(L, BAD_GATEWAY);
    lua_pushfstring(L, "Reply is not valid JSON: %s", bad->why);
    lua_pushliteral(L, "BadReply");
    return 5;
}
