/* Random numbers for scripts: a generator for each, so that none can seed another's. */
#ifndef MR_LUA_RANDOM_H
#define MR_LUA_RANDOM_H

#include <lua.h>

/* A lua_CFunction: () -> math.random and math.randomseed with a generator of their own, seeded by
 * chance. */
int mr_random_new(lua_State *L);
/* Seeds the generator of the randomseed on top of the stack by chance; takes it off. LuaJIT starts
 * them all at the same number. */
void mr_random_seed(lua_State *L);

#endif
