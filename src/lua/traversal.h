/* Keeps next and pairs out of compiled code, because the LuaJIT of Debian 12 (2.1.0-beta3,
 * 20220320) compiles them wrongly on x64. Its lj_vm_next returns a result in two registers. Now and
 * then, depending on registers and addresses, an instruction of 32 bits swaps the two. That cuts
 * the pointer to key and value in half, and the process ends by SIGSEGV. LuaJIT fixed this in
 * commit 5e3c45c4 of April 2022. Until every system has such a LuaJIT, walks through tables are not
 * compiled; the code around them is. */
#ifndef MR_LUA_TRAVERSAL_H
#define MR_LUA_TRAVERSAL_H

#include <lua.h>

/* Replaces next, also in pairs, and has table.foreach interpreted. Call it before any Lua has run
 * in the state. Runs protected. */
void mr_traversal_open(lua_State *L);

#endif
