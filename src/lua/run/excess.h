/* What a run of Lua is ended for, and how that is told. */
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

/* "over its time budget of 1000 ms": of the run, or the last one. */
enum { MR_EXCESS_TEXT = 96 };
void mr_excess_describe(const struct mr_budget *budget, enum mr_excess excess,
                        char text[MR_EXCESS_TEXT]);
/* True once the run has passed a budget: it cannot go on. */
bool mr_excess_passed(const struct mr_budget *budget);
/* Pushes that of the run. */
void mr_excess_push(const struct mr_budget *budget, lua_State *L);
/* The run is to end here for `excess`: notes the place and the traceback. */
void mr_excess_note(struct mr_budget *budget, lua_State *L, enum mr_excess excess);

#endif
