#include "lua/context_binding.h"

#include <lauxlib.h>

#include "base/panic.h"
#include "lua/state.h"

static const struct mr_incoming *incoming_at(lua_State *L, int index)
{
    const struct mr_pool *pool = &mr_vm_of(L)->pool;
    lua_Integer slot = luaL_checkinteger(L, index);
    MR_ASSERT(slot >= 1 && (size_t)slot <= pool->count && pool->tasks[slot - 1]->busy);
    return &pool->tasks[slot - 1]->incoming;
}

int mr_context_slot(lua_State *L)
{
    const struct mr_task *task = mr_vm_of(L)->running;
    if (task == NULL)
        return 0;
    lua_pushinteger(L, task->slot);
    return 1;
}

enum { CONTEXT = 2 };

static void set_bytes(lua_State *L, const char *name, struct mr_bytes bytes)
{
    if (bytes.data == NULL)
        return;
    lua_pushlstring(L, bytes.data, bytes.length);
    lua_setfield(L, CONTEXT, name);
}

static void set_number_unless(lua_State *L, const char *name, int64_t value, int64_t none)
{
    if (value == none)
        return;
    lua_pushnumber(L, (lua_Number)value);
    lua_setfield(L, CONTEXT, name);
}

int mr_context_fill(lua_State *L)
{
    const struct mr_incoming *in = incoming_at(L, 1);
    set_number_unless(L, "partition", in->partition, -1);
    set_number_unless(L, "offset", in->offset, -1);
    set_number_unless(L, "timestamp", in->timestamp, -1);
    set_number_unless(L, "attempt", in->attempt, 0);
    set_number_unless(L, "deadline", in->deadline, 0);
    set_bytes(L, "key", in->key);
    set_bytes(L, "raw", in->value);
    if (in->is_request) {
        set_bytes(L, "correlation_id", in->correlation_id);
        set_bytes(L, "reply_to", in->reply_to);
    }
    return 0;
}

static void push_pair(lua_State *L, const struct mr_pair *pair)
{
    lua_createtable(L, 2, 0);
    lua_pushlstring(L, pair->name.data, pair->name.length);
    lua_rawseti(L, -2, 1);
    if (pair->value.data != NULL)
        lua_pushlstring(L, pair->value.data, pair->value.length);
    else
        lua_pushlightuserdata(L, NULL); /* router.null, so that the header can be sent on */
    lua_rawseti(L, -2, 2);
}

int mr_context_headers(lua_State *L)
{
    const struct mr_incoming *incoming = incoming_at(L, 1);
    lua_createtable(L, (int)incoming->header_count, 0);
    for (size_t i = 0; i < incoming->header_count; i++) {
        push_pair(L, &incoming->headers[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}
