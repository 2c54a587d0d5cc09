/* Runs busted specs in a Lua VM with the whole standard library, `require "moonroute"`, and the
 * modules behind it. */
#ifndef MR_LUA_SPECS_H
#define MR_LUA_SPECS_H

#include "lua/vm.h"

enum mr_specs {
    MR_SPECS_PASSED,
    MR_SPECS_FAILED,
    MR_SPECS_NO_BUSTED, /* busted is not installed */
    MR_SPECS_BROKEN,    /* busted itself failed; standard error has the reason */
};

/* Runs the specs in `path`, a file or a folder of *_spec.lua files. `config` decides if
 * scripts that a spec loads are trusted, and which variables they may read (env.allow). busted
 * reports on standard output. */
enum mr_specs mr_specs_run(const char *path, const struct mr_config *config);

#endif
