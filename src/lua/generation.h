/* Generations and their scripts, for the other files of src/lua. */
#ifndef MR_LUA_GENERATION_H
#define MR_LUA_GENERATION_H

#include "lua/vm.h"

struct mr_generation {
    struct mr_vm *vm;
    struct mr_script *scripts;
    size_t script_count;
    size_t tasks; /* not ended yet */
    bool retired;
    size_t loaded; /* bytes that its load left in use */
    int object;    /* registry reference to its Generation of lua/moonroute/loader.lua */
};

struct mr_script {
    struct mr_generation *generation;
    char *name;  /* "echo.lua" */
    char *place; /* "scripts/echo.lua" */
    size_t row;  /* of the script among the holders of memory, lua/run/holders.h */
    int handler; /* registry reference to handleMessage */
    bool takes_headers, takes_context; /* if false, called without: making them costs */
};

void mr_generation_hold(struct mr_generation *generation);    /* a task starts */
void mr_generation_release(struct mr_generation *generation); /* a task ended */

#endif
