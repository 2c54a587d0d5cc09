/* Keeps the encoder's position in a value, which is the tables around the current item. Refuses
 * items with their path. */
#ifndef MR_LUA_JSON_ENCODE_LEVEL_H
#define MR_LUA_JSON_ENCODE_LEVEL_H

#include <lua.h>

/* A table that is being written; `outer` leads to the outermost table. */
struct mr_level {
    const struct mr_level *outer;
    const void *table;
    const void *mark; /* this table or one around it, see mr_level_enter */
    int key;          /* stack index of the key being written; 0: the key is `position` */
    int position;
    int depth;
};

/* Makes room on Lua's stack for a value and the first tables in it. Call it before the first
 * mr_level_enter(), which makes room for more. */
void mr_level_make_room(lua_State *L);
/* Begins the table at `index`, within level->outer. Refuses a table that is too deep or within
 * itself. */
void mr_level_enter(lua_State *L, int index, struct mr_level *level);
/* Raises `why`, behind the path of the item that `level` is at. */
_Noreturn void mr_level_refuse(lua_State *L, const struct mr_level *level, const char *why);

#endif
