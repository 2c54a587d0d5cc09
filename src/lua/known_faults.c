#include "lua/known_faults.h"

/* LuaJIT has no releases since 2.1.0-beta3: a version is the time of its last commit, in seconds
 * since 1970. All betas are version 0, also that of Debian 12 (20220320). */
enum { AFTER_THE_BETAS = 1 };

const struct mr_known_fault mr_lua_known_faults[] = {
    {"compiled `pairs` and `next` now and then cut a pointer in half on x64",
     "until commit 5e3c45c4 (April 2022)", 0, AFTER_THE_BETAS, "tests/lua/traversal_spec.lua"},
    {"the recorder of traces mixes up registers, forwards stores and folds constants wrongly. So "
     "`__concat`, `bit.rol` of 64 bits, NaN as a key, `__newindex` and varargs crash or go wrong",
     "until January 2025", 0, 1736781742, "tests/lua/compiled_spec.lua"},
    {"recording of a `__concat` that raises or is not compiled restores the wrong registers "
     "(issues 1298, 1338)",
     "until commit eee16efa (March 2025)", 0, 1741552097, "tests/lua/compiled_spec.lua"},
    {"compiled `string.sub`, `string.byte` and `string.find` go wrong at negative, zero and "
     "extreme positions (issues 1407, 1443), by SIGSEGV or with a wrong string",
     "until commit 89f268b3 (March 2026)", 0, 1772619508, "tests/lua/compiled_spec.lua"},
    {"compiled arithmetic and comparison of 64 bits: flags of a multiplication (issue 1376), "
     "widening, conversion of numbers",
     "until commit e4d80516 (July 2026)", 0, 1785005591, "tests/lua/compiled_spec.lua"},
    {"the parser crashes at a loop over a constant nil (issues 1054, 1226)",
     "until commit f602f015 (July 2024)", 0, 1720043116, "tests/lua/compiled_spec.lua"},
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
