#include "lua/waits.h"

#include <string.h>

#include "base/panic.h"
#include "lua/outgoing.h"

static int begin_request(lua_State *L, int index, struct mr_task *task, char *error)
{
    struct mr_vm *vm = task->vm;
    struct mr_ask ask;
    mr_outgoing_read_ask(vm, L, index, &ask);
    if (mr_outgoing_count(vm, &ask.record, error, MR_WAIT_ERROR) != 0)
        return -1;
    vm->lent = true; /* no Lua may run meanwhile */
    int result = vm->host.request(vm->data, task->job, task->waits, &ask, error, MR_WAIT_ERROR);
    vm->lent = false;
    return result;
}

static int begin_sleep(lua_State *L, int index, struct mr_task *task, char *error)
{
    const struct mr_vm *vm = task->vm;
    return vm->host.sleep(vm->data, task->job, task->waits, (int64_t)lua_tonumber(L, index), error,
                          MR_WAIT_ERROR);
}

int mr_waits_begin(lua_State *L, int index, struct mr_task *task, uint32_t *number,
                   char error[MR_WAIT_ERROR])
{
    const char *kind = lua_tostring(L, index);
    bool sleeps = strcmp(kind, "sleep") == 0;
    MR_ASSERT(sleeps || strcmp(kind, "request") == 0);
    *number = task->waits;
    if ((sleeps ? begin_sleep : begin_request)(L, index + 1, task, error) != 0)
        return -1;
    task->waits++;
    return 0;
}
