#include "lua/generation.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "lua/run/call.h"
#include "lua/state.h"

struct loading {
    struct mr_vm *vm;
    const struct mr_snapshot *snapshot;
    struct mr_errors *errors;
    struct mr_generation *generation;
    bool loads; /* false: checks or unloads */
};

static void push_file(lua_State *L, const struct mr_script_file *file)
{
    lua_createtable(L, 0, 3);
    lua_pushstring(L, file->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, file->place);
    lua_setfield(L, -2, "place");
    lua_pushlstring(L, file->text, file->length);
    lua_setfield(L, -2, "text");
}

/* Calls a function of lua/moonroute/loader.lua with the list of files; leaves its result on the
 * stack. */
static void call_loader(lua_State *L, int function, const struct mr_snapshot *snapshot)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, function);
    lua_createtable(L, (int)snapshot->file_count, 0);
    for (size_t i = 0; i < snapshot->file_count; i++) {
        push_file(L, &snapshot->files[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_call(L, 1, 1);
}

/* Adds each text of the list on top of the stack to `errors`, and pops the list. Returns the
 * count. */
static size_t add_errors(lua_State *L, struct mr_errors *errors)
{
    size_t count = lua_objlen(L, -1);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, (int)i);
        mr_errors_add(errors, "%s", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return count;
}

enum { PARAMETERS_TO_HEADERS = 3, PARAMETERS_TO_CONTEXT = 4 };

/* Pops the function on top of the stack and adds it as the handler of that file. */
static void add_script(lua_State *L, struct mr_generation *generation,
                       const struct mr_script_file *file, lua_Number parameters)
{
    struct mr_script *script = &generation->scripts[generation->script_count++];
    script->generation = generation;
    script->name = mr_strdup(file->name);
    script->place = mr_strdup(file->place);
    script->row = mr_holders_row(&generation->vm->budget.holders, file->name);
    script->handler = luaL_ref(L, LUA_REGISTRYINDEX);
    script->takes_headers = parameters >= PARAMETERS_TO_HEADERS;
    script->takes_context = parameters >= PARAMETERS_TO_CONTEXT;
}

/* Makes the generation of C from the loader's generation at index 1. */
static struct mr_generation *make_generation(lua_State *L, const struct loading *loading)
{
    const struct mr_snapshot *snapshot = loading->snapshot;
    struct mr_generation *generation = mr_alloc(sizeof(*generation));
    generation->vm = loading->vm;
    generation->scripts = mr_alloc(snapshot->file_count * sizeof(struct mr_script));
    lua_getfield(L, 1, "parameters");
    lua_getfield(L, 1, "handlers");
    for (size_t i = 0; i < snapshot->file_count; i++) {
        const struct mr_script_file *file = &snapshot->files[i];
        lua_getfield(L, -2, file->name);
        lua_Number parameters = lua_tonumber(L, -1);
        lua_pop(L, 1);
        lua_getfield(L, -1, file->name);
        if (lua_isfunction(L, -1))
            add_script(L, generation, file, parameters);
        else
            lua_pop(L, 1);
    }
    lua_pushvalue(L, 1);
    generation->object = luaL_ref(L, LUA_REGISTRYINDEX);
    return generation;
}

static int load(lua_State *L, void *data)
{
    struct loading *loading = data;
    call_loader(L, loading->vm->load, loading->snapshot);
    lua_getfield(L, 1, "errors");
    if (add_errors(L, loading->errors) == 0)
        loading->generation = make_generation(L, loading);
    return 0;
}

static int check(lua_State *L, void *data)
{
    struct loading *loading = data;
    call_loader(L, loading->vm->check, loading->snapshot);
    add_errors(L, loading->errors);
    return 0;
}

static void free_generation(struct mr_generation *generation)
{
    lua_State *L = generation->vm->L;
    for (size_t i = 0; i < generation->script_count; i++) {
        luaL_unref(L, LUA_REGISTRYINDEX, generation->scripts[i].handler);
        free(generation->scripts[i].name);
        free(generation->scripts[i].place);
    }
    luaL_unref(L, LUA_REGISTRYINDEX, generation->object);
    generation->vm->room.loaded -= generation->loaded;
    free(generation->scripts);
    free(generation);
}

/* Reports that a budget ended the loader before it had finished. */
static void abort_loading(struct loading *loading, enum mr_excess excess)
{
    struct mr_vm *vm = loading->vm;
    const char *place = mr_buf_text(&vm->budget.place);
    char text[MR_EXCESS_TEXT];
    mr_excess_describe(&vm->budget, excess, text);
    mr_errors_add(loading->errors, "%s%s%s, the budget for loading all scripts", place,
                  place[0] != '\0' ? ": " : "", text);
    mr_budget_collect(vm);
}

/* Closes the load's account. The bytes that the load left do not count against what its scripts may
 * keep later. Garbage must not count as left: if the load holds much, collects garbage first. */
static void end_account(const struct loading *loading)
{
    struct mr_vm *vm = loading->vm;
    struct mr_account *load = &vm->budget.load;
    if (loading->generation != NULL && load->bytes > vm->load_limits.memory / 8)
        mr_call_collect(vm);
    if (loading->loads && loading->generation != NULL) {
        loading->generation->loaded = load->bytes;
        vm->room.loaded += load->bytes;
    }
    mr_account_close(&vm->budget.holders, load);
}

/* Runs a function of the loader within the limits of loads. The loader catches what scripts raise.
 * If the loader itself fails, a budget ended it, or the error is ours and is reported like any
 * other. */
static void run_loader(struct mr_vm *vm, mr_call_fn *function, struct loading *loading)
{
    struct mr_limits limits = vm->load_limits;
    limits.since = mr_clock_ms();
    mr_account_open(&vm->budget.holders, &vm->budget.load, MR_HOLDER_RUNTIME);
    mr_budget_begin(vm, &limits, &vm->budget.load, MR_HOLDER_RUNTIME);
    int result = mr_call(vm, function, loading);
    enum mr_excess excess = mr_budget_end(vm);
    if (result != 0 && excess == MR_EXCESS_NONE)
        mr_errors_add(loading->errors, "internal error: %s", mr_buf_text(&vm->trace));
    mr_call_done(vm);
    if (excess != MR_EXCESS_NONE)
        abort_loading(loading, excess);
    end_account(loading);
}

struct mr_generation *mr_generation_load(struct mr_vm *vm, const struct mr_snapshot *snapshot,
                                         struct mr_errors *errors)
{
    struct loading loading = {vm, snapshot, errors, NULL, true};
    size_t before = errors->count;
    run_loader(vm, load, &loading);
    if (errors->count == before)
        return loading.generation;
    if (loading.generation != NULL) /* the load passed a budget at its very end */
        free_generation(loading.generation);
    return NULL;
}

void mr_generation_check(struct mr_vm *vm, const struct mr_snapshot *snapshot,
                         struct mr_errors *errors)
{
    struct loading loading = {vm, snapshot, errors, NULL, false};
    run_loader(vm, check, &loading);
}

static int unload(lua_State *L, void *data)
{
    struct loading *loading = data;
    lua_rawgeti(L, LUA_REGISTRYINDEX, loading->generation->object);
    lua_getfield(L, -1, "unload");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    add_errors(L, loading->errors);
    return 0;
}

static void call_on_unload(struct mr_generation *generation)
{
    struct mr_errors errors = {0};
    struct loading loading = {generation->vm, NULL, &errors, generation, false};
    run_loader(generation->vm, unload, &loading);
    if (errors.count > 0) {
        struct mr_bytes text = {errors.text.data, errors.text.length - 1}; /* without its newline */
        mr_log(MR_LOG_ERROR, "unload_failed", MR_B("message", text));
    }
    mr_errors_free(&errors);
}

static void end_if_unused(struct mr_generation *generation)
{
    if (!generation->retired || generation->tasks > 0)
        return;
    call_on_unload(generation);
    free_generation(generation);
}

void mr_generation_retire(struct mr_generation *generation)
{
    MR_ASSERT(!generation->retired);
    generation->retired = true;
    end_if_unused(generation);
}

void mr_generation_hold(struct mr_generation *generation)
{
    MR_ASSERT(!generation->retired);
    generation->tasks++;
}

void mr_generation_release(struct mr_generation *generation)
{
    MR_ASSERT(generation->tasks > 0);
    generation->tasks--;
    end_if_unused(generation);
}

struct mr_script *mr_generation_script(struct mr_generation *generation, const char *file)
{
    for (size_t i = 0; i < generation->script_count; i++)
        if (strcmp(generation->scripts[i].name, file) == 0)
            return &generation->scripts[i];
    return NULL;
}
