/* The reasons to end a run of Lua, and their texts. */
#ifndef MR_LUA_RUN_EXCESS_H
#define MR_LUA_RUN_EXCESS_H

#include <lua.h>
#include <stdbool.h>

struct mr_budget;

enum mr_excess {
    MR_EXCESS_NONE,
    MR_EXCESS_TIME,
    MR_EXCESS_MEMORY, /* by its own doing */
    MR_EXCESS_ROOM,   /* others have filled the VM */
};

/* Writes the reason as text for the current or the last run: "over its time budget of 1000 ms". */
enum { MR_EXCESS_TEXT = 96 };
void mr_excess_describe(const struct mr_budget *budget, enum mr_excess excess,
                        char text[MR_EXCESS_TEXT]);
/* Returns true if the run has passed a budget: it cannot go on. */
bool mr_excess_passed(const struct mr_budget *budget);
/* Pushes the text of the reason why this run ends. */
void mr_excess_push(const struct mr_budget *budget, lua_State *L);
/* Notes that the run ends for `excess`, with the place and the traceback. */
void mr_excess_note(struct mr_budget *budget, lua_State *L, enum mr_excess excess);

#endif
