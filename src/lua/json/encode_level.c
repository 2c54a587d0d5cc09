#include "lua/json/encode_level.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "lua/json/json.h"

/* Room on Lua's stack is made for this many levels at once, with so many slots per level. */
enum { LEVELS = 16, SLOTS = 2 };

/* Bytes that are shown of a path and of a name in it, because a script chooses how long names
 * are. */
enum { PATH_MOST = 4096, NAME_MOST = 256 };

static void put_name(lua_State *L, int index, struct mr_buf *path)
{
    const char *name = lua_tostring(L, index);
    mr_buf_printf(path, "%s%.*s%s", path->length > 0 ? "." : "", NAME_MOST, name,
                  strlen(name) > NAME_MOST ? "..." : "");
}

static void put_path(lua_State *L, const struct mr_level *level, struct mr_buf *path)
{
    if (level == NULL)
        return;
    put_path(L, level->outer, path);
    if (path->length > PATH_MOST)
        return;
    if (level->key == 0)
        mr_buf_printf(path, "[%d]", level->position);
    else if (lua_type(L, level->key) == LUA_TSTRING)
        put_name(L, level->key, path);
}

void mr_level_refuse(lua_State *L, const struct mr_level *level, const char *why)
{
    struct mr_buf path = {0};
    put_path(L, level, &path);
    lua_pushfstring(L, "%s%s%s", mr_buf_text(&path), path.length > 0 ? ": " : "", why);
    mr_buf_free(&path);
    lua_error(L);
    abort(); /* not reached */
}

static bool is_within(const struct mr_level *level)
{
    const struct mr_level *outer = level->outer;
    while (outer != NULL && outer->table != level->table)
        outer = outer->outer;
    return outer != NULL;
}

/* Refuses the table of this level. If it is within itself, the cycle may have been gone through
 * more than once; the path is that of the first time. */
static void refuse_depth(lua_State *L, const struct mr_level *level)
{
    const struct mr_level *first = NULL;
    for (; level != NULL; level = level->outer)
        if (is_within(level))
            first = level;
    if (first == NULL)
        mr_level_refuse(L, NULL, "more than 512 levels");
    mr_level_refuse(L, first->outer, "a table that is in itself");
}

void mr_level_make_room(lua_State *L)
{
    luaL_checkstack(L, LEVELS * SLOTS + LUA_MINSTACK, "a value that is too deep");
}

/* A table within itself is entered again and again. So each table is compared with only one table
 * around it, the mark. The mark changes at each power of two of the depth (Richard P. Brent, "An
 * improved Monte Carlo factorization algorithm", 1980). */
void mr_level_enter(lua_State *L, int index, struct mr_level *level)
{
    const struct mr_level *outer = level->outer;
    level->table = level->mark = lua_topointer(L, index);
    level->depth = outer == NULL ? 1 : outer->depth + 1;
    if (level->depth > MR_JSON_DEPTH || (outer != NULL && outer->mark == level->table))
        refuse_depth(L, level);
    if (outer != NULL && (level->depth & (level->depth - 1)) != 0)
        level->mark = outer->mark;
    if (level->depth % LEVELS == 0)
        mr_level_make_room(L);
}
