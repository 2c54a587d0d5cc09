/* Generations and their scripts, as the other rooms of src/lua see them. */
#ifndef MR_LUA_GENERATION_H
#define MR_LUA_GENERATION_H

#include "lua/vm.h"

struct mr_generation {
    struct mr_vm *vm;
    struct mr_script *scripts;
    size_t script_count;
    size_t tasks; /* that have not ended */
    bool retired;
    size_t loaded; /* bytes that its load has left */
    int object;    /* registry reference to lua/moonroute/loader.lua's */
};

struct mr_script {
    struct mr_generation *generation;
    char *name;                        /* "echo.lua" */
    char *place;                       /* "scripts/echo.lua" */
    size_t row;                        /* among those that hold memory, lua/run/holders.h */
    int handler;                       /* registry reference to handleMessage */
    bool takes_headers, takes_context; /* else it is called without: making them costs */
};

void mr_generation_hold(struct mr_generation *generation);    /* a task starts */
void mr_generation_release(struct mr_generation *generation); /* a task ended */

#endif
