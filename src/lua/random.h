/* Random numbers for scripts: one generator per script, so that no script can seed another's. */
#ifndef MR_LUA_RANDOM_H
#define MR_LUA_RANDOM_H

#include <lua.h>

/* A lua_CFunction. Returns a math.random and a math.randomseed with a generator of their own, which
 * is randomly seeded. */
int mr_random_new(lua_State *L);
/* Pops the randomseed on top of the stack and seeds its generator randomly. LuaJIT starts every
 * generator with the same number. */
void mr_random_seed(lua_State *L);

#endif
