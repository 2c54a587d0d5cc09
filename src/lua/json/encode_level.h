/* Where in a value its encoder is: the tables around what is being written, and their refusals. */
#ifndef MR_LUA_JSON_ENCODE_LEVEL_H
#define MR_LUA_JSON_ENCODE_LEVEL_H

#include <lua.h>

/* A table being written; the chain leads to the outermost one. */
struct mr_level {
    const struct mr_level *outer;
    const void *table;
    const void *mark; /* one of those around it, see mr_level_enter */
    int key;          /* stack index of the key being written; 0: `position` is it */
    int position;
    int depth;
};

/* Begins with the table at `index`, within level->outer; refuses one that is too deep, or in
 * itself. */
void mr_level_enter(lua_State *L, int index, struct mr_level *level);
/* Raises why what `level` is at cannot be written, behind its path. */
_Noreturn void mr_level_refuse(lua_State *L, const struct mr_level *level, const char *why);

#endif
