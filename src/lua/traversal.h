/* next and pairs. The LuaJIT of Debian 12 (2.1.0-beta3, 20220320) compiles them wrongly on x64: now
 * and then, as registers and addresses happen to fall, what its lj_vm_next returns in two registers
 * is swapped by an instruction of 32 bits. That cuts the pointer to key and value in half, and the
 * process ends by SIGSEGV. LuaJIT has mended it in its commit 5e3c45c4 of April 2022. Until such a
 * LuaJIT is everywhere, walks through tables are not compiled; what is around them is. */
#ifndef MR_LUA_TRAVERSAL_H
#define MR_LUA_TRAVERSAL_H

#include <lua.h>

/* Before any Lua has run in the state. Runs protected. */
void mr_traversal_open(lua_State *L);

#endif
