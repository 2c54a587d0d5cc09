#include "lua/version.h"

#include <luajit.h>

const char *mr_lua_version(void)
{
    return LUAJIT_VERSION;
}
