#include "lua/run/stack.h"

#include <lauxlib.h>
#include <stddef.h>
#include <sys/resource.h>

#include "lua/state.h"

/* The kernel keeps 128 MB free below the stack, wherever it maps other memory. */
static const size_t wanted = (size_t)64 << 20;
static const size_t least = (size_t)8 << 20; /* what every Linux process has */
/* Recursion within one coroutine that is not counted: LuaJIT's own bound ends it, load after 6 MB,
 * everything else earlier. */
static const size_t uncounted = (size_t)7 << 20;

void mr_stack_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_STACK, &limit);
}

static size_t available(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur < least)
        return least;
    return limit.rlim_cur < wanted ? (size_t)limit.rlim_cur : wanted;
}

void mr_stack_mark(struct mr_vm *vm)
{
    vm->stack = __builtin_frame_address(0);
}

bool mr_stack_is_deep(const struct mr_vm *vm)
{
    const char *here = __builtin_frame_address(0);
    ptrdiff_t used = vm->stack - here;
    return used > 0 && (size_t)used > vm->stack_most;
}

static int gsub(lua_State *L)
{
    struct mr_vm *vm = mr_vm_of(L);
    if (mr_stack_is_deep(vm))
        return luaL_error(L, "C stack overflow");
    return vm->gsub(L);
}

void mr_stack_guard(struct mr_vm *vm, lua_State *L)
{
    size_t all = available();
    vm->stack_most = all / 4 < all - uncounted ? all / 4 : all - uncounted;
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "gsub");
    vm->gsub = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    lua_pushlightuserdata(L, vm);
    lua_pushcclosure(L, gsub, 1);
    lua_setfield(L, -2, "gsub");
    lua_pop(L, 1);
}
