/* Reads what Lua made of a record to send: tables of lua/moonroute/record.lua and headers.lua. */
#ifndef MR_LUA_OUTGOING_H
#define MR_LUA_OUTGOING_H

#include <lua.h>

#include "lua/vm.h"

/* The table at `index`: topic, and where given value, key, partition, timestamp, headers. The
 * strings stay the table's, the headers' array the VM's until the next call: the record is handed
 * on before any Lua runs. The table has no metatable, so none runs here. */
void mr_outgoing_read(struct mr_vm *vm, lua_State *L, int index, struct mr_outgoing *record);
/* As above, with timeout and reply_to. */
void mr_outgoing_read_ask(struct mr_vm *vm, lua_State *L, int index, struct mr_ask *ask);

/* Counts the record on the run that sends it, in bytes as the outbox does and with its headers: one
 * run sends no more than its memory budget. Nobody waits: returns -1, with `error` set, for the
 * record that is too much, and the run fails. */
int mr_outgoing_count(struct mr_vm *vm, const struct mr_outgoing *record, char *error, size_t size);

/* The flat list { name, value, ... } at `index`, into an array that grows as needed. Returns how
 * many pairs; a value of false is a null. The strings stay the list's. */
size_t mr_outgoing_pairs(lua_State *L, int index, struct mr_pair **pairs, size_t *capacity);

#endif
