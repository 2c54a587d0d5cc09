/* The bytes of a message, as a handler's argument is made of them. */
#include "fuzz.h"

#include "base/buf.h"
#include "lua/run/call.h"
#include "lua/state.h"
#include "lua/vm.h"

/* lua-cjson takes all that we take, and more. Leaves a function: the text, our value -> whether it
 * reads the same. */
static const char oracle[] =
    "local cjson = require('cjson').new()\n"
    "cjson.decode_invalid_numbers(false)\n"
    "local function is_same(theirs, ours)\n"
    "  if type(ours) == 'cdata' then return tonumber(ours) == theirs end\n"
    "  if type(ours) ~= 'table' or type(theirs) ~= 'table' then return ours == theirs end\n"
    "  for key, value in pairs(ours) do\n"
    "    if not is_same(theirs[key], value) then return false end\n"
    "  end\n"
    "  for key in pairs(theirs) do if ours[key] == nil then return false end end\n"
    "  return true\n"
    "end\n"
    "return function(text, ours) return is_same(cjson.decode(text), ours) end\n";

static struct mr_vm *vm;
static int same; /* registry reference to the oracle */

static int open_oracle(lua_State *L, void *data)
{
    (void)data;
    PROMISED(luaL_loadstring(L, oracle) == 0);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_getfield(L, -1, "_G"); /* chunks of this state see no globals of their own */
    lua_setfenv(L, -3);
    lua_pop(L, 1);
    lua_call(L, 0, 1);
    same = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static struct mr_buf written;

/* What lua-cjson has is then freed, and no leak. */
static void close_at_exit(void)
{
    mr_vm_free(vm);
    mr_buf_free(&written);
}

static void open_once(void)
{
    static const struct mr_host nobody;
    if (vm != NULL)
        return;
    vm = mr_vm_new(&nobody, NULL, MR_SANDBOXED);
    PROMISED(mr_call(vm, open_oracle, NULL) == 0);
    mr_call_done(vm);
    atexit(close_at_exit);
}

static int decode(lua_State *L, void *data)
{
    mr_json_decode(L, &vm->json, *(const struct mr_bytes *)data);
    return 1;
}

/* Members may change their order, so what is compared is how often each byte is there. */
static void count(const char *text, size_t length, long counts[256], long by)
{
    for (size_t i = 0; i < length; i++)
        counts[(unsigned char)text[i]] += by;
}

static int go_round(lua_State *L, void *data)
{
    const struct mr_bytes *text = data;
    long counts[256] = {0};
    for (int turn = 0; turn < 2; turn++) {
        struct mr_bytes now = *text;
        if (turn > 0)
            now.data = lua_tolstring(L, -1, &now.length);
        mr_json_decode(L, &vm->json, now);
        mr_buf_clear(&written);
        mr_json_encode(L, vm, lua_gettop(L), &written);
        count(written.data, written.length, counts, turn == 0 ? 1 : -1);
        lua_pushlstring(L, written.data, written.length);
    }
    for (int i = 0; i < 256; i++)
        PROMISED(counts[i] == 0);
    return 0;
}

static int ask_oracle(lua_State *L, void *data)
{
    const struct mr_bytes *text = data;
    lua_rawgeti(L, LUA_REGISTRYINDEX, same);
    lua_pushlstring(L, text->data, text->length);
    mr_json_decode(L, &vm->json, *text);
    lua_call(L, 2, 1);
    PROMISED(lua_toboolean(L, -1));
    return 0;
}

static void check_refusal(size_t length)
{
    size_t place = 0;
    const char *why = mr_call_message(vm);
    PROMISED(sscanf(why, "byte %zu", &place) == 1 && place >= 1 && place <= length + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    open_once();
    struct mr_bytes text = {(const char *)data, size};
    if (mr_call(vm, decode, &text) != 0) {
        check_refusal(size);
    } else {
        mr_call_done(vm);
        PROMISED(mr_call(vm, go_round, &text) == 0);
        mr_call_done(vm);
        PROMISED(mr_call(vm, ask_oracle, &text) == 0);
    }
    mr_call_done(vm);
    return 0;
}
