/* The least that answering messages can cost: librdkafka, LuaJIT and lua-cjson in one bare loop, as
 * one would write it for a single script. tools/bench compares Moonroute with it. It keeps no
 * delivery promise: an offset is stored when its reply is queued, not when it is acknowledged;
 * there are no time-outs, no metrics and no reloads.
 *
 * Usage: limit SCRIPT TOPIC NAME=VALUE...     (librdkafka properties; consumer's and producer's
 * alike) Ends at SIGTERM. */
#include <lauxlib.h>
#include <lualib.h>

#include "bare.h"

struct limit {
    struct bare bare;
    lua_State *lua; /* at index 1: the answering function */
};

/* Leaves a function on the stack: topic, value -> reply. */
static lua_State *script(const char *path)
{
    static const char answering[] =
        "local cjson = require 'cjson'\n"
        "local decode, encode, handle = cjson.decode, cjson.encode, handleMessage\n"
        "return function(topic, value) return encode(handle(topic, decode(value))) end";
    lua_State *lua = luaL_newstate();
    if (!lua)
        bare_die("lua", "out of memory");
    luaL_openlibs(lua);
    if (luaL_dofile(lua, path) || luaL_loadstring(lua, answering) || lua_pcall(lua, 0, 1, 0))
        bare_die("lua", lua_tostring(lua, -1));
    return lua;
}

static void answer(void *data, const rd_kafka_message_t *message)
{
    struct limit *self = data;
    size_t size;
    lua_pushvalue(self->lua, -1);
    lua_pushstring(self->lua, rd_kafka_topic_name(message->rkt));
    lua_pushlstring(self->lua, message->payload, message->len);
    if (lua_pcall(self->lua, 2, 1, 0))
        bare_die("handler", lua_tostring(self->lua, -1));
    const char *value = lua_tolstring(self->lua, -1, &size);
    bare_reply(&self->bare, message, value, size);
    lua_pop(self->lua, 1);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        bare_die("usage", "limit SCRIPT TOPIC NAME=VALUE...");
    struct limit self = {.lua = script(argv[1])};
    bare_open(&self.bare, argv[2], argc - 3, argv + 3);
    bare_serve(&self.bare, answer, &self);
    bare_close(&self.bare);
    lua_close(self.lua);
    return 0;
}
