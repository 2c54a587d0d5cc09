#include "lua/version.h"

#include <luajit.h>
#include <stdlib.h>
#include <string.h>

const char *mr_lua_version(void)
{
    return LUAJIT_VERSION;
}

uint64_t mr_lua_version_number(void)
{
    return strtoull(strrchr(LUAJIT_VERSION, '.') + 1, NULL, 10);
}
