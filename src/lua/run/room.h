/* The room: how much memory the scripts of a VM may keep together, and who keeps it.
 *
 * The room is a memory budget in addition to what the loads of scripts have left. If a script fills
 * the room, neither that script nor the next one is stopped. Memory is handed out further, in four
 * steps of a quarter of the room, and the worker looks at the level after each run. If all four
 * steps are used up, the run that asks for more ends with MR_FAULT_ROOM, and can be repeated
 * elsewhere. */
#ifndef MR_LUA_RUN_ROOM_H
#define MR_LUA_RUN_ROOM_H

#include <stdbool.h>
#include <stddef.h>

struct mr_vm;
struct mr_script;

/* Level 0: there is room. Levels up to MR_ROOM_LEVELS: that many steps beyond the room are in
 * use. */
enum { MR_ROOM_LEVELS = 4, MR_ROOM_EXHAUSTED, MR_ROOM_ROWS = 256 };

struct mr_room {
    size_t size;   /* bytes; 0: no bound */
    size_t loaded; /* bytes left by the loads of all generations */
    unsigned level;
};

/* Sets the size of the room; call it between runs. */
void mr_vm_room(struct mr_vm *vm, size_t bytes);
unsigned mr_vm_level(const struct mr_vm *vm);
/* Returns true if tasks that have ended, not those at work, hold the room: waiting does not help.
 * The answer is right only just after a collection. */
bool mr_vm_is_hopeless(const struct mr_vm *vm);
/* Collects all garbage; call it between runs. Returns the level that is in use now. */
unsigned mr_vm_collect(struct mr_vm *vm);

/* The memory of a script, by its row. The rows below mr_vm_holders(), at most MR_ROOM_ROWS, have
 * names. */
struct mr_holding {
    const char *name; /* "echo.lua"; "" is the runtime. Lives as long as the VM. */
    size_t bytes;     /* about */
    size_t kept;      /* of these, neither in tasks at work nor left by loads */
};
size_t mr_vm_holders(const struct mr_vm *vm);
struct mr_holding mr_vm_holding(const struct mr_vm *vm, size_t row);
size_t mr_script_row(const struct mr_script *script);

/* mr_room_ceiling() and mr_room_climb() are for lua/run/accounting.c and hook.c. */
size_t mr_room_ceiling(const struct mr_vm *vm); /* bytes in use by the VM; SIZE_MAX: none */
/* Raises the level until an eighth of the room is free below it. Returns false if the last step is
 * too low for that. Call it just after a collection. */
bool mr_room_climb(struct mr_vm *vm);

#endif
