#include "lua/vm.h"

#include <stdlib.h>

#include "base/panic.h"
#include "lua/compiler.h"
#include "lua/host_binding.h"
#include "lua/random.h"
#include "lua/run/call.h"
#include "lua/run/modules.h"
#include "lua/run/stack.h"
#include "lua/state.h"
#include "lua/traversal.h"

static void open_references(struct mr_vm *vm)
{
    vm->entry = mr_modules_ref(vm->L, "moonroute.entry", "enter");
    vm->headers = mr_modules_ref(vm->L, "moonroute.headers", "of_reply");
    vm->fault = mr_modules_ref(vm->L, "moonroute.fault", "classify");
    vm->load = mr_modules_ref(vm->L, "moonroute.loader", "load");
    vm->check = mr_modules_ref(vm->L, "moonroute.loader", "check");
    vm->finish = mr_modules_ref(vm->L, "moonroute.strands", "finish");
}

/* Seeds the generator of specs and trusted scripts. Each sandboxed script has a generator of its
 * own. */
static void seed_random(lua_State *L)
{
    lua_getglobal(L, "math");
    lua_getfield(L, -1, "randomseed");
    mr_random_seed(L);
    lua_pop(L, 1);
}

/* Calls a function of lua/moonroute/sandbox.lua. */
static void call_sandbox(lua_State *L, const char *function)
{
    mr_modules_require(L, "moonroute.sandbox");
    lua_getfield(L, -1, function);
    lua_call(L, 0, 0);
    lua_pop(L, 1);
}

/* Empties the globals of the state, as the second wall of the sandbox. LuaJIT gives these globals
 * to every chunk and thread that is made without an environment. Functions of the runtime keep the
 * globals that they were loaded with. */
static void empty_globals(lua_State *L)
{
    mr_modules_require(L, "moonroute.sandbox");
    lua_getfield(L, -1, "nothing");
    lua_call(L, 0, 1);
    lua_replace(L, LUA_GLOBALSINDEX);
    lua_pop(L, 1);
}

static int open_runtime(lua_State *L, void *data)
{
    struct mr_vm *vm = data;
    mr_modules_open(L, vm->is_alone);
    mr_traversal_open(L);
    mr_compiler_open(L);
    mr_stack_guard(vm, L);
    mr_modules_preload(vm, "moonroute.host", mr_luaopen_host);
    mr_json_open(vm);
    if (vm->is_alone)
        call_sandbox(L, "harden");
    else if (vm->trust == MR_TRUSTED)
        call_sandbox(L, "trust");
    seed_random(L);
    open_references(vm);
    if (vm->is_alone)
        empty_globals(L); /* nothing of the runtime can be loaded from here on */
    return 0;
}

/* Makes the tables that code outside protected calls reaches. */
static void open_tables(struct mr_vm *vm)
{
    for (int slot = MR_SLOT_THREADS; slot <= MR_SLOT_LAST; slot++)
        lua_newtable(vm->L);
    MR_ASSERT(lua_gettop(vm->L) == MR_SLOT_LAST);
    lua_pushvalue(vm->L, MR_SLOT_CONTEXTS);
    vm->contexts = luaL_ref(vm->L, LUA_REGISTRYINDEX);
    lua_pushvalue(vm->L, MR_SLOT_STRANDS);
    vm->strands = luaL_ref(vm->L, LUA_REGISTRYINDEX);
}

struct mr_vm *mr_vm_open(const struct mr_host *host, void *data, bool is_alone, enum mr_trust trust)
{
    struct mr_vm *vm = mr_alloc(sizeof(*vm));
    mr_stack_raise();
    vm->host = *host;
    vm->data = data;
    vm->is_alone = is_alone;
    vm->trust = trust;
    vm->L = luaL_newstate();
    if (vm->L == NULL)
        mr_panic(__FILE__, __LINE__, "out of memory");
    mr_call_open(vm);
    open_tables(vm);
    if (mr_call(vm, open_runtime, vm) != 0)
        mr_panic(__FILE__, __LINE__, mr_buf_text(&vm->trace));
    mr_call_done(vm);
    return vm;
}

enum mr_trust mr_trust_of(const struct mr_config *config)
{
    return mr_config_boolean(config, "sandbox") ? MR_SANDBOXED : MR_TRUSTED;
}

struct mr_vm *mr_vm_new(const struct mr_host *host, void *data, enum mr_trust trust)
{
    return mr_vm_open(host, data, trust == MR_SANDBOXED, trust);
}

void mr_vm_allow(struct mr_vm *vm, const struct mr_config *config)
{
    free(vm->readable);
    vm->readable = mr_strdup(mr_config_list_text(config, "env.allow"));
}

void mr_vm_free(struct mr_vm *vm)
{
    if (vm == NULL)
        return;
    MR_ASSERT(vm->running == NULL);
    mr_pool_free(vm);
    mr_budget_close(vm);
    lua_close(vm->L);
    mr_json_close(vm);
    mr_buf_free(&vm->trace);
    free(vm->pairs);
    free(vm->readable);
    free(vm);
}

void mr_vm_show(struct mr_vm *vm, struct mr_run *shown)
{
    mr_budget_open(vm, shown);
}

void mr_vm_limit(struct mr_vm *vm, const struct mr_limits *limits)
{
    vm->limits = *limits;
}

void mr_vm_limit_loads(struct mr_vm *vm, const struct mr_limits *limits)
{
    vm->load_limits = *limits;
}
