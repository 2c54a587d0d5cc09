#include "lua/document.h"

#include <stdio.h>

#include "lua/call.h"

struct decoding {
    const struct mr_json *json;
    struct mr_bytes text;
};

static int decode(lua_State *L, void *data)
{
    const struct decoding *decoding = data;
    lua_pushlstring(L, decoding->text.data, decoding->text.length);
    mr_json_decode(L, decoding->json, lua_gettop(L));
    return 1;
}

/* Decodes in a VM of its own: 0 with the value on its stack, or -1 with `why`. */
static int decode_in(struct mr_vm *vm, struct mr_bytes text, char *why, size_t size)
{
    struct decoding decoding = {&vm->json, text};
    if (mr_call(vm, decode, &decoding) == 0)
        return 0;
    snprintf(why, size, "%s", mr_call_message(vm));
    return -1;
}

int mr_document_check(struct mr_bytes text, char *why, size_t size)
{
    static const struct mr_host nobody;
    struct mr_vm *vm = mr_vm_new(&nobody, NULL, MR_SANDBOXED);
    int result = decode_in(vm, text, why, size);
    mr_call_done(vm);
    mr_vm_free(vm);
    return result;
}

bool mr_document_says_failure(struct mr_bytes text)
{
    static const struct mr_host nobody;
    char why[256];
    bool fails = false;
    struct mr_vm *vm = mr_vm_new(&nobody, NULL, MR_SANDBOXED);
    if (text.data != NULL && decode_in(vm, text, why, sizeof(why)) == 0 && lua_istable(vm->L, -1)) {
        lua_pushliteral(vm->L, "success");
        lua_rawget(vm->L, -2);
        fails = lua_isboolean(vm->L, -1) && !lua_toboolean(vm->L, -1);
        lua_pop(vm->L, 1);
    }
    mr_call_done(vm);
    mr_vm_free(vm);
    return fails;
}
