#include "lua/known_faults.h"

/* LuaJIT has no releases since 2.1.0-beta3: a version is the time of its last commit, in seconds
 * since 1970. All betas are version 0, also that of Debian 12 (20220320). */
enum { AFTER_THE_BETAS = 1 };

const struct mr_known_fault mr_lua_known_faults[] = {
    {"compiled `pairs` and `next` now and then cut a pointer in half on x64",
     "until commit 5e3c45c4 (April 2022)", 0, AFTER_THE_BETAS, "tests/lua/traversal_spec.lua"},
    {"`pcall` and `xpcall` call on without a look at the stack's room, and write beyond it (issue "
     "1048)",
     "20220320", 0, AFTER_THE_BETAS, "tests/unit/lua/escape_test.c"},
    {"`xpcall` calls its handler at the end of a full stack, and again for each error of the "
     "handler (issues 1152, 1471)",
     "20220320", 0, AFTER_THE_BETAS, "tests/unit/lua/escape_test.c"},
    {"`lua_load` restores no hook state after an error, so no hook is called again", "20220320", 0,
     AFTER_THE_BETAS, "tests/unit/lua/budget_test.c"},
    {"repeated out of memory under `pcall` ends in SIGSEGV", "20220320", 0, AFTER_THE_BETAS,
     "tests/unit/lua/budget_test.c"},
    {0},
};
