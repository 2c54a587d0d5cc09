#include "lua/run/room.h"

#include <stdint.h>

#include "base/panic.h"
#include "lua/generation.h"
#include "lua/run/call.h"
#include "lua/state.h"

static size_t ceiling_at(const struct mr_room *room, unsigned level)
{
    unsigned steps = level < MR_ROOM_LEVELS ? level : MR_ROOM_LEVELS;
    return room->size + room->loaded + room->size / MR_ROOM_LEVELS * steps;
}

/* Returns the bytes that must be free: an eighth of the room. With less, a run would need one
 * collection after another. */
static size_t enough(const struct mr_room *room)
{
    return room->size / 8;
}

size_t mr_room_ceiling(const struct mr_vm *vm)
{
    return vm->room.size == 0 ? SIZE_MAX : ceiling_at(&vm->room, vm->room.level);
}

bool mr_room_climb(struct mr_vm *vm)
{
    struct mr_room *room = &vm->room;
    if (room->size == 0)
        return true;
    while (room->level < MR_ROOM_EXHAUSTED &&
           vm->budget.used + enough(room) > ceiling_at(room, room->level))
        room->level++;
    return room->level < MR_ROOM_EXHAUSTED;
}

void mr_vm_room(struct mr_vm *vm, size_t bytes)
{
    /* Fine enough to see a sixteenth of a small budget, and coarse enough to be cheap if the budget
     * is large. */
    enum { SAMPLES = 8192, FINEST = 1024, COARSEST = 32768 };
    size_t interval = bytes / SAMPLES;
    vm->room.size = bytes;
    vm->budget.holders.interval = interval < FINEST     ? FINEST
                                  : interval > COARSEST ? COARSEST
                                                        : interval;
}

unsigned mr_vm_level(const struct mr_vm *vm)
{
    return vm->room.level;
}

bool mr_vm_is_hopeless(const struct mr_vm *vm)
{
    const struct mr_room *room = &vm->room;
    size_t kept = vm->budget.used - vm->budget.holders.open_bytes;
    bool known = vm->budget.used >= vm->budget.holders.open_bytes; /* open_bytes is an estimate */
    return room->size > 0 && known && kept + enough(room) > ceiling_at(room, 0);
}

unsigned mr_vm_collect(struct mr_vm *vm)
{
    MR_ASSERT(vm->running == NULL);
    mr_call_collect(vm);
    vm->room.level = 0;
    mr_room_climb(vm);
    return vm->room.level;
}

_Static_assert((int)MR_HOLDERS <= (int)MR_ROOM_ROWS, "every holder has a row");

size_t mr_vm_holders(const struct mr_vm *vm)
{
    return vm->budget.holders.named;
}

struct mr_holding mr_vm_holding(const struct mr_vm *vm, size_t row)
{
    const struct mr_holder *holder = &vm->budget.holders.all[row];
    size_t kept = holder->bytes > holder->open ? holder->bytes - holder->open : 0;
    return (struct mr_holding){holder->name, holder->bytes, kept};
}

size_t mr_script_row(const struct mr_script *script)
{
    return script->row;
}
