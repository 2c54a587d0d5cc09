/* The modules of the runtime: the Lua sources in the binary, and the C tables that bindings make.
 */
#ifndef MR_LUA_RUN_MODULES_H
#define MR_LUA_RUN_MODULES_H

#include <lauxlib.h>
#include <lua.h>

#include "lua/vm.h"

/* All functions run protected. */

/* Opens the standard libraries, and makes `require` find the modules in the binary. If `alone` is
 * true, `require` finds nothing else. */
void mr_modules_open(lua_State *L, bool alone);
/* Makes `open` the loader of that module. The vm is the one upvalue of the loader and of the
 * functions that it makes. */
void mr_modules_preload(struct mr_vm *vm, const char *name, lua_CFunction open);
/* Pushes the result of require(name). */
void mr_modules_require(lua_State *L, const char *name);
/* Returns a registry reference to the field of a module. */
int mr_modules_ref(lua_State *L, const char *module, const char *field);
/* Pushes a table of these functions, each with the vm as its upvalue. Only a loader may call it. */
void mr_modules_functions(lua_State *L, const luaL_Reg *functions);

#endif
