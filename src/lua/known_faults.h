/* The known faults of LuaJIT, by version; docs/LUAJIT.md says more of each. */
#ifndef MR_LUA_KNOWN_FAULTS_H
#define MR_LUA_KNOWN_FAULTS_H

#include "base/known_faults.h"

/* The version of tools/deps.lock, 20251030: a LuaJIT with faults that this one has not is old. */
#define MR_LUA_SHIPS UINT64_C(1761786044)

/* Its versions are those of mr_lua_version_number(). */
extern const struct mr_known_fault mr_lua_known_faults[];

#endif
