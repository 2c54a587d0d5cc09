/* How much memory a VM's scripts may keep together, and who keeps it.
 *
 * The room is the budget beyond what the loads of scripts have left. A script that fills it is not
 * stopped by that, nor is whoever runs next: memory is handed out further, in four steps of a
 * quarter of the room, and the worker looks at the level after each run. Once all four are used up
 * the run that asks for more ends with MR_FAULT_ROOM, and can be repeated elsewhere. */
#ifndef MR_LUA_RUN_ROOM_H
#define MR_LUA_RUN_ROOM_H

#include <stdbool.h>
#include <stddef.h>

struct mr_vm;
struct mr_script;

/* 0: there is room; up to MR_ROOM_LEVELS: so many steps beyond it are in use. */
enum { MR_ROOM_LEVELS = 4, MR_ROOM_EXHAUSTED, MR_ROOM_ROWS = 256 };

struct mr_room {
    size_t size;   /* bytes; 0: without bound */
    size_t loaded; /* by the generations that there are */
    unsigned level;
};

/* From now on; between runs. */
void mr_vm_room(struct mr_vm *vm, size_t bytes);
unsigned mr_vm_level(const struct mr_vm *vm);
/* Returns true if tasks that have ended, not those at work, hold the room: waiting does not help.
 * Right only just after a collection. */
bool mr_vm_is_hopeless(const struct mr_vm *vm);
/* Collects all garbage; between runs. Returns the level that is in use now. */
unsigned mr_vm_collect(struct mr_vm *vm);

/* What a script holds, by its row: those below mr_vm_holders(), MR_ROOM_ROWS at most, have names.
 */
struct mr_holding {
    const char *name; /* "echo.lua"; "" is the runtime. Lives as long as the VM. */
    size_t bytes;     /* about */
    size_t kept;      /* of these, neither of tasks at work nor left by loads */
};
size_t mr_vm_holders(const struct mr_vm *vm);
struct mr_holding mr_vm_holding(const struct mr_vm *vm, size_t row);
size_t mr_script_row(const struct mr_script *script);

/* For the hook of lua/run/budget.c. */
size_t mr_room_ceiling(const struct mr_vm *vm); /* bytes of the VM's; SIZE_MAX: none */
/* Just after a collection: returns false if what is in use leaves no eighth of the room below the
 * last step. */
bool mr_room_climb(struct mr_vm *vm);

#endif
