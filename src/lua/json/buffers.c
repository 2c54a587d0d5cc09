#include "lua/json/buffers.h"

#include <lauxlib.h>

#include "base/buf.h"

/* Bytes: a larger buffer is freed, so that one huge value does not take memory for ever. */
static const size_t keep_most = (size_t)1 << 20;

void mr_json_make_ready(struct mr_buf *buf)
{
    if (buf->capacity > keep_most)
        mr_buf_free(buf);
    mr_buf_clear(buf);
}

struct mr_buf mr_json_take_buf(struct mr_json *json)
{
    struct mr_buf buf = json->spare;
    json->spare = (struct mr_buf){0};
    return buf;
}

void mr_json_give_buf(struct mr_json *json, struct mr_buf *buf)
{
    if (json->spare.data != NULL || buf->capacity > keep_most)
        mr_buf_free(buf);
    else
        json->spare = *buf;
    *buf = (struct mr_buf){0};
}

static int free_owned(lua_State *L)
{
    mr_buf_free(lua_touserdata(L, 1));
    return 0;
}

void mr_json_open_bufs(lua_State *L, struct mr_json *json)
{
    lua_newtable(L);
    lua_pushcfunction(L, free_owned);
    lua_setfield(L, -2, "__gc");
    json->owned = luaL_ref(L, LUA_REGISTRYINDEX);
}

struct mr_buf *mr_json_push_buf(lua_State *L, const struct mr_json *json)
{
    struct mr_buf *buf = lua_newuserdata(L, sizeof(*buf));
    *buf = (struct mr_buf){0};
    lua_rawgeti(L, LUA_REGISTRYINDEX, json->owned);
    lua_setmetatable(L, -2);
    return buf;
}
