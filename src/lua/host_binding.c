#include "lua/host_binding.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/dialect.h"
#include "base/topic.h"
#include "base/uuid.h"
#include "config/config.h"
#include "lua/context_binding.h"
#include "lua/log_binding.h"
#include "lua/outgoing.h"
#include "lua/random.h"
#include "lua/run/modules.h"
#include "lua/run/stack.h"
#include "lua/state.h"
#include "lua/waits.h"

enum { ERROR_SIZE = 512 };

/* at_top(): returns true in the main coroutine and in the running task's own coroutine, false in
 * any other */
static int at_top(lua_State *L)
{
    const struct mr_task *task = mr_vm_of(L)->running;
    bool is_main = lua_pushthread(L) == 1;
    lua_pushboolean(L, is_main || (task != NULL && task->co == L));
    return 1;
}

/* Slots of Lua's stack: more than the functions of lua/ use in nested calls after deep(). */
enum { ROOM = 400 };

/* deep(): returns true if so much of the C stack is in use that nothing may nest deeper. Raises if
 * Lua's stack is almost full, so that it does not overflow during what the caller does next. */
static int deep(lua_State *L)
{
    luaL_checkstack(L, ROOM, "no room for another function");
    lua_pushboolean(L, mr_stack_is_deep(mr_vm_of(L)));
    return 1;
}

/* clock(): returns ms of a clock that starts anywhere and never goes back */
static int monotonic(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)mr_clock_ms());
    return 1;
}

/* breaker_state(name, state): reports the state of a breaker to the host */
static int breaker_state(lua_State *L)
{
    const struct mr_vm *vm = mr_vm_of(L);
    static const char *const states[] = {[MR_BREAKER_CLOSED] = "closed",
                                         [MR_BREAKER_HALF_OPEN] = "half-open",
                                         [MR_BREAKER_OPEN] = "open",
                                         NULL};
    int state = luaL_checkoption(L, 2, NULL, states);
    if (vm->host.breaker != NULL)
        vm->host.breaker(vm->data, luaL_checkstring(L, 1), (enum mr_breaker_state)state);
    return 0;
}

/* breaker_rejected(name): reports to the host that a breaker refused a call */
static int breaker_rejected(lua_State *L)
{
    const struct mr_vm *vm = mr_vm_of(L);
    if (vm->host.breaker_rejected != NULL)
        vm->host.breaker_rejected(vm->data, luaL_checkstring(L, 1));
    return 0;
}

/* charge(name): counts all later allocations as memory of the script in that file */
static int charge(lua_State *L)
{
    struct mr_vm *vm = mr_vm_of(L);
    mr_budget_charge(vm, mr_holders_row(&vm->budget.holders, luaL_checkstring(L, 1)));
    return 0;
}

/* run(): returns the number of this uninterrupted run of Lua */
static int run(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)mr_vm_of(L)->runs);
    return 1;
}

/* handling(): returns true if a message is being handled */
static int handling(lua_State *L)
{
    lua_pushboolean(L, mr_vm_of(L)->running != NULL);
    return 1;
}

/* Hands the record to the host, which borrows its strings and headers. No Lua may run meanwhile;
 * the functions of lua/run/call.h assert that. */
static int hand_over(struct mr_vm *vm, const struct mr_outgoing *record, char error[ERROR_SIZE])
{
    vm->lent = true;
    int result = vm->host.publish(vm->data, vm->running->job, record, error, ERROR_SIZE);
    vm->lent = false;
    return result;
}

/* publish(record): returns nil, or an error. If a metamethod of its value yields, a script can stop
 * halfway through router.publish, and go on when its message is done. */
static int publish(lua_State *L)
{
    struct mr_vm *vm = mr_vm_of(L);
    struct mr_outgoing record;
    char error[ERROR_SIZE] = "no message is being handled";
    mr_outgoing_read(vm, L, 1, &record);
    if (vm->running != NULL && mr_outgoing_count(vm, &record, error, sizeof(error)) == 0 &&
        hand_over(vm, &record, error) == 0)
        return 0;
    lua_pushstring(L, error);
    return 1;
}

/* begin(kind, argument): begins a wait and returns its number, or nil and an error if the wait does
 * not begin (lua/waits.h) */
static int begin(lua_State *L)
{
    struct mr_vm *vm = mr_vm_of(L);
    char error[MR_WAIT_ERROR] = "no message is being handled";
    uint32_t number;
    if (vm->running != NULL && mr_waits_begin(L, 1, vm->running, &number, error) == 0) {
        lua_pushnumber(L, (lua_Number)number);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, error);
    return 2;
}

/* lingers(): notes that the handler has spawned strands, which must finish after it returns */
static int lingers(lua_State *L)
{
    struct mr_task *task = mr_vm_of(L)->running;
    if (task != NULL)
        task->lingers = true;
    return 0;
}

/* mistake(text, level): raises the text as error(text, level) does, and notes it as a mistake of
 * the running task (lua/mistakes.h) */
static int mistake(lua_State *L)
{
    struct mr_task *task = mr_vm_of(L)->running;
    struct mr_bytes text;
    luaL_where(L, luaL_checkint(L, 2));
    lua_pushvalue(L, 1);
    lua_concat(L, 2);
    text.data = lua_tolstring(L, -1, &text.length);
    if (task != NULL)
        mr_mistakes_note(&task->mistakes, text);
    return lua_error(L);
}

/* is_topic(name): returns true if a Kafka topic can have that name */
static int is_topic(lua_State *L)
{
    struct mr_bytes name;
    name.data = luaL_checklstring(L, 1, &name.length);
    lua_pushboolean(L, mr_topic_legal(name));
    return 1;
}

static int uuid(lua_State *L)
{
    char text[MR_UUID_SIZE];
    mr_uuid_text(text);
    lua_pushlstring(L, text, MR_UUID_SIZE - 1);
    return 1;
}

static int now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)mr_clock_wall_ms());
    return 1;
}

/* Returns true if the list of names, with commas between them, has the name. NULL is an empty
 * list. */
static bool is_listed(const char *names, const char *name)
{
    size_t length = strlen(name);
    while (names != NULL && *names != '\0') {
        size_t item = strcspn(names, ",");
        if (item == length && memcmp(names, name, length) == 0)
            return true;
        names += item + (names[item] == ',');
    }
    return false;
}

/* env(name): returns the value of a variable. Returns nil if it is not set, or if it is a secret
 * that env.allow does not name. */
static int env(lua_State *L)
{
    const struct mr_vm *vm = mr_vm_of(L);
    const char *name = luaL_checkstring(L, 1);
    const char *value = getenv(name);
    bool shown =
        value != NULL && (is_listed(vm->readable, name) || !mr_config_is_secret(name, value));
    lua_pushstring(L, shown ? value : NULL);
    return 1;
}

/* Sets `dialects`, a table of name to true if strings travel bare in the dialect, else false. Sets
 * `dialect_names`, a text of all names. */
static void set_dialects(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = MR_DIALECT_AUTO + 1; i < MR_DIALECTS; i++) {
        lua_pushboolean(L, mr_dialect_rows[i].bare);
        lua_setfield(L, -2, mr_dialect_rows[i].name);
    }
    lua_setfield(L, -2, "dialects");
    lua_pushliteral(L, MR_DIALECT_NAMES);
    lua_setfield(L, -2, "dialect_names");
}

int mr_luaopen_host(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"at_top", at_top},
        {"begin", begin},
        {"breaker_rejected", breaker_rejected},
        {"breaker_state", breaker_state},
        {"charge", charge},
        {"clock", monotonic},
        {"deep", deep},
        {"env", env},
        {"handling", handling},
        {"fill", mr_context_fill},
        {"headers", mr_context_headers},
        {"is_topic", is_topic},
        {"lingers", lingers},
        {"log", mr_log_from_script},
        {"log_enabled", mr_log_enabled_for},
        {"mistake", mistake},
        {"now", now},
        {"publish", publish},
        {"random", mr_random_new},
        {"run", run},
        {"slot", mr_context_slot},
        {"uuid", uuid},
        {NULL, NULL},
    };
    mr_modules_functions(L, functions);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setfield(L, -2, "signal");
    lua_pushboolean(L, mr_vm_of(L)->trust == MR_TRUSTED);
    lua_setfield(L, -2, "trusted");
    lua_rawgeti(L, LUA_REGISTRYINDEX, mr_vm_of(L)->contexts);
    lua_setfield(L, -2, "contexts");
    lua_rawgeti(L, LUA_REGISTRYINDEX, mr_vm_of(L)->strands);
    lua_setfield(L, -2, "strands");
    set_dialects(L);
    return 1;
}
