/* JSON for messages. Everything that reads or writes it goes through here.
 *
 * Nothing borrowed lives across a call into Lua: script code runs there (a metamethod, and where
 * scripts are trusted a finalizer, at any allocation), and it may encode and decode itself. So what
 * a value is written into belongs to whoever asks for it. The one buffer that is shared is that of
 * the function which scripts call, where a generation tells that nobody else has written into it;
 * in a VM that has finalizers each such call has a buffer of its own. */
#ifndef MR_LUA_JSON_JSON_H
#define MR_LUA_JSON_JSON_H

#include <lua.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "lua/json/names.h"

struct mr_vm;

enum { MR_JSON_DEPTH = 512 };

struct mr_json {
    int make_integer, integer_digits; /* registry references to functions of integer.lua, */
    int array_ref;                    /* and to the metatable that marks arrays, */
    const void *array;                /* which is this one */
    struct mr_names names;
    uint16_t size;         /* how many members or items the last value had */
    bool has_finalizers;   /* scripts' or modules': they run wherever Lua allocates */
    int owned;             /* registry reference to the metatable of buffers that Lua owns */
    struct mr_buf scratch; /* of a string being decoded; unless there are finalizers */
    struct mr_buf text;    /* of the value that a script has encoded; unless there are finalizers */
    uint64_t generation;   /* of that text */
    struct mr_buf spare;   /* for the next reply */
};

/* All run protected. `open` is called once a state. */
void mr_json_open(struct mr_vm *vm);
void mr_json_close(struct mr_vm *vm);
/* Pushes the value of the JSON text; null is the light userdata NULL. Raises why the text is no
 * JSON. */
void mr_json_decode(lua_State *L, struct mr_json *json, struct mr_bytes text);
/* Writes the JSON text of the value at `index` into the buffer, which is the caller's and stays so
 * when this raises what cannot be written. */
void mr_json_encode(lua_State *L, struct mr_vm *vm, int index, struct mr_buf *text);

/* The module "moonroute.json": decode, encode, null, array (the metatable that marks a table as an
 * array, whatever is in it). */
int mr_luaopen_json(lua_State *L);

#endif
