#include "lua/specs.h"

#include <stdio.h>
#include <string.h>

#include "base/print.h"
#include "lua/run/call.h"
#include "lua/run/modules.h"
#include "lua/state.h"

struct specs {
    const char *path;
    enum mr_specs result;
};

static enum mr_specs result_of(const char *name)
{
    if (strcmp(name, "passed") == 0)
        return MR_SPECS_PASSED;
    return strcmp(name, "failed") == 0 ? MR_SPECS_FAILED : MR_SPECS_NO_BUSTED;
}

static int run(lua_State *L, void *data)
{
    struct specs *specs = data;
    mr_modules_require(L, "moonroute.specs");
    lua_getfield(L, -1, "run");
    lua_pushstring(L, specs->path);
    lua_call(L, 1, 1);
    specs->result = result_of(lua_tostring(L, -1));
    return 0;
}

/* Uses an empty host: no message is ever handled here, so nothing calls the host. */
enum mr_specs mr_specs_run(const char *path, const struct mr_config *config)
{
    const struct mr_host none = {0};
    struct specs specs = {path, MR_SPECS_BROKEN};
    struct mr_vm *vm = mr_vm_open(&none, NULL, false, mr_trust_of(config));
    mr_vm_allow(vm, config);
    if (mr_call(vm, run, &specs) != 0)
        mr_print(stderr, "%s\n", mr_buf_text(&vm->trace));
    mr_call_done(vm);
    mr_vm_free(vm);
    return specs.result;
}
