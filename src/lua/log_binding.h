/* Writes what scripts log. */
#ifndef MR_LUA_LOG_BINDING_H
#define MR_LUA_LOG_BINDING_H

#include <lua.h>

/* log_enabled(level): returns true if lines of this level are written */
int mr_log_enabled_for(lua_State *L);
/* log(level, message, fields, loading): writes a line. `fields` is a flat list { name, value, ... }
 * of strings and whole numbers. `loading` names the script that loads; it is nil if a message is
 * being handled. */
int mr_log_from_script(lua_State *L);

#endif
