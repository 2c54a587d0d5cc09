#include "lua/run/call.h"

#include "base/panic.h"
#include "lua/run/stack.h"

static int door(lua_State *L)
{
    struct mr_vm *vm = mr_vm_of(L);
    return vm->call.function(L, vm->call.data);
}

/* Notes the traceback, which is lost when the stack unwinds. Keeps the raised value as it is. */
static int on_error(lua_State *L)
{
    struct mr_vm *vm = mr_vm_of(L);
    luaL_traceback(L, L, lua_tostring(L, 1), 1);
    mr_buf_clear(&vm->trace);
    mr_buf_string(&vm->trace, lua_tostring(L, -1));
    lua_settop(L, 1);
    return 1;
}

static int on_panic(lua_State *L)
{
    const char *message = lua_tostring(L, -1);
    mr_panic(__FILE__, __LINE__,
             message != NULL ? message : "an error outside of a protected call");
}

void mr_call_open(struct mr_vm *vm)
{
    lua_atpanic(vm->L, on_panic);
    lua_pushlightuserdata(vm->L, vm);
    lua_pushcclosure(vm->L, on_error, 1);
    lua_pushlightuserdata(vm->L, vm);
    lua_pushcclosure(vm->L, door, 1);
    MR_ASSERT(lua_gettop(vm->L) == MR_SLOT_DOOR);
}

static void begin_run(struct mr_vm *vm)
{
    MR_ASSERT(!vm->lent);
    vm->runs++;
    mr_stack_mark(vm);
}

int mr_call(struct mr_vm *vm, mr_call_fn *function, void *data)
{
    vm->call.function = function;
    vm->call.data = data;
    begin_run(vm);
    lua_pushvalue(vm->L, MR_SLOT_DOOR);
    switch (lua_pcall(vm->L, 0, LUA_MULTRET, MR_SLOT_ON_ERROR)) {
    case 0:
        return 0;
    case LUA_ERRRUN:
    case LUA_ERRERR: /* on_error itself failed */
        return -1;
    default:
        mr_buf_clear(&vm->trace);
        if (mr_excess_passed(&vm->budget))
            return -1;
        mr_panic(__FILE__, __LINE__, "out of memory in Lua");
    }
}

void mr_call_done(struct mr_vm *vm)
{
    lua_settop(vm->L, MR_SLOT_LAST);
}

static int collect(lua_State *L, void *data)
{
    (void)data;
    lua_gc(L, LUA_GCCOLLECT, 0);
    return 0;
}

/* Each finalizer that raises runs once, but may make another finalizer. */
enum { FINALIZERS_MOST = 100000 };

void mr_call_surely(struct mr_vm *vm, mr_call_fn *function, void *data)
{
    for (int i = 0; mr_call(vm, function, data) != 0; i++) {
        MR_ASSERT(i < FINALIZERS_MOST);
        mr_call_done(vm);
    }
}

void mr_call_collect(struct mr_vm *vm)
{
    mr_call_surely(vm, collect, NULL);
    mr_call_done(vm);
}

const char *mr_call_message(struct mr_vm *vm)
{
    const char *text = lua_type(vm->L, -1) == LUA_TSTRING ? lua_tostring(vm->L, -1) : NULL;
    return text != NULL ? text : "an error that is not text";
}

enum mr_resumed mr_call_resume(struct mr_vm *vm, struct mr_task *task, lua_State *co, int count)
{
    MR_ASSERT(vm->running == NULL);
    vm->running = task;
    begin_run(vm);
    int status = lua_resume(co, count);
    vm->running = NULL;
    switch (status) {
    case 0:
        return MR_RESUMED_FINISHED;
    case LUA_YIELD:
        return MR_RESUMED_YIELDED;
    default: /* LUA_ERRMEM too: a string too long to make is the script's fault */
        return MR_RESUMED_RAISED;
    }
}
