/* What scripts write to the log. */
#ifndef MR_LUA_LOG_BINDING_H
#define MR_LUA_LOG_BINDING_H

#include <lua.h>

/* enabled(level) */
int mr_log_enabled_for(lua_State *L);
/* write(level, message, fields, loading): `fields` a flat list { name, value, ... } of strings and
 * whole numbers; `loading` the script that loads, nil where a message is being handled. */
int mr_log_from_script(lua_State *L);

#endif
