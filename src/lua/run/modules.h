/* The modules of the runtime: the Lua sources in the binary, and the C tables that bindings make.
 */
#ifndef MR_LUA_RUN_MODULES_H
#define MR_LUA_RUN_MODULES_H

#include <lauxlib.h>
#include <lua.h>

#include "lua/vm.h"

/* All run protected. */

/* Opens the standard libraries and makes `require` find what the binary carries; and nothing else
 * where `alone` is true. */
void mr_modules_open(lua_State *L, bool alone);
/* Makes `open` the loader of that module; its one upvalue is the vm, as is that of the functions it
 * makes. */
void mr_modules_preload(struct mr_vm *vm, const char *name, lua_CFunction open);
/* Pushes what require(name) gives. */
void mr_modules_require(lua_State *L, const char *name);
/* A registry reference to the field of a module. */
int mr_modules_ref(lua_State *L, const char *module, const char *field);
/* In a loader: pushes a table of these functions, each with the vm as its upvalue. */
void mr_modules_functions(lua_State *L, const luaL_Reg *functions);

#endif
