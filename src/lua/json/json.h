/* JSON for messages. Everything that reads or writes it goes through here.
 *
 * Nothing borrowed lives across a call into Lua, because code of scripts can run there, and may
 * itself encode and decode. That code is a metamethod or, if scripts are trusted, a finalizer at
 * any allocation. So the caller owns the buffer that a value is written into. Only the function
 * that scripts call uses a shared buffer; its generation shows that nothing else has written into
 * it. If the VM has finalizers, each such call has a buffer of its own. */
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
    int make_integer, integer_digits; /* registry references to functions of integer.lua */
    int array_ref;                    /* registry reference to the metatable that marks arrays */
    const void *array;                /* the address of that metatable */
    struct mr_names names;
    uint16_t size;         /* count of members or items of the last value */
    bool has_finalizers;   /* of scripts or modules; they can run at any allocation */
    int owned;             /* registry reference to the metatable of buffers that Lua owns */
    struct mr_buf scratch; /* for a string being decoded; unused if there are finalizers */
    struct mr_buf text;    /* of the value that a script encodes; unused if there are finalizers */
    uint64_t generation;   /* of that text */
    struct mr_buf spare;   /* for the next reply */
};

/* All but mr_json_close() run protected. Call mr_json_open() once per state. */
void mr_json_open(struct mr_vm *vm);
void mr_json_close(struct mr_vm *vm);
/* Pushes the value of the JSON text; null is the light userdata NULL. Raises the reason if the text
 * is not JSON. */
void mr_json_decode(lua_State *L, struct mr_json *json, struct mr_bytes text);
/* Does the same with a value in an envelope, which is one more level. */
void mr_json_decode_envelope(lua_State *L, struct mr_json *json, struct mr_bytes text);
/* Writes the JSON text of the value at `index` into the buffer, which stays the caller's even if
 * this raises. Raises if the value cannot be written. */
void mr_json_encode(lua_State *L, struct mr_vm *vm, int index, struct mr_buf *text);

/* The module "moonroute.json": decode, encode, null, array (the metatable that marks a table as an
 * array, whatever is in it). */
int mr_luaopen_json(lua_State *L);

#endif
