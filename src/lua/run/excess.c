#include "lua/run/excess.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "lua/run/budget.h"

enum { MIB = 1024 * 1024 };

static void describe_memory(const struct mr_budget *budget, char text[MR_EXCESS_TEXT])
{
    size_t bytes = budget->limits.memory;
    const char *by = budget->sent > bytes ? ", by the records of one run" : "";
    if (bytes % MIB == 0)
        snprintf(text, MR_EXCESS_TEXT, "over its memory budget of %zu MiB%s", bytes / MIB, by);
    else
        snprintf(text, MR_EXCESS_TEXT, "over its memory budget of %zu bytes%s", bytes, by);
}

void mr_excess_describe(const struct mr_budget *budget, enum mr_excess excess,
                        char text[MR_EXCESS_TEXT])
{
    const struct mr_limits *limits = &budget->limits;
    if (excess == MR_EXCESS_TIME)
        snprintf(text, MR_EXCESS_TEXT, "over its time budget of %" PRIu64 " ms", limits->time);
    else if (excess == MR_EXCESS_ROOM)
        snprintf(text, MR_EXCESS_TEXT,
                 "no memory left: other handlers and scripts have filled the worker's memory");
    else
        describe_memory(budget, text);
}

bool mr_excess_passed(const struct mr_budget *budget)
{
    return budget->raised != MR_EXCESS_NONE || budget->state == MR_BUDGET_REFUSED;
}

void mr_excess_push(const struct mr_budget *budget, lua_State *L)
{
    char text[MR_EXCESS_TEXT];
    mr_excess_describe(budget, budget->raised, text);
    lua_pushstring(L, text);
}

/* Levels that note_place() searches for the innermost line of a script. It looks no further,
 * because LuaJIT walks to each level from the top. Files of ours, below lua/ in the binary, do not
 * count. */
enum { PLACE_LEVELS = 64 };

static void note_place(struct mr_budget *budget, lua_State *L)
{
    static const char own[] = "@lua/moonroute";
    lua_Debug at;
    mr_buf_clear(&budget->place);
    for (int level = 0; level < PLACE_LEVELS && lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "Sl", &at);
        if (at.source[0] == '@' && strncmp(at.source, own, sizeof(own) - 1) != 0) {
            mr_buf_printf(&budget->place, "%s:%d", at.source + 1, at.currentline);
            return;
        }
    }
}

void mr_excess_note(struct mr_budget *budget, lua_State *L, enum mr_excess excess)
{
    budget->raised = excess;
    note_place(budget, L);
    mr_excess_push(budget, L);
    luaL_traceback(L, L, lua_tostring(L, -1), 0);
    mr_buf_clear(&budget->trace);
    mr_buf_string(&budget->trace, lua_tostring(L, -1));
    lua_pop(L, 2);
}
