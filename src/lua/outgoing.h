/* Reads the records that scripts send from the tables of lua/moonroute/record.lua and
 * headers.lua. */
#ifndef MR_LUA_OUTGOING_H
#define MR_LUA_OUTGOING_H

#include <lua.h>

#include "lua/vm.h"

/* Reads the record in the table at `index`: its topic and, if present, value, key, partition,
 * timestamp and headers. The table keeps the strings; the VM keeps the array of headers until the
 * next call. So the caller must hand the record on before any Lua runs. The table has no metatable,
 * so reading it runs no Lua. */
void mr_outgoing_read(struct mr_vm *vm, lua_State *L, int index, struct mr_outgoing *record);
/* Reads a record as above, and the timeout, reply_to and dialect of the request. */
void mr_outgoing_read_ask(struct mr_vm *vm, lua_State *L, int index, struct mr_ask *ask);

/* Counts the record for the run that sends it, in bytes as the outbox does, plus its headers. A run
 * may send at most its memory budget. If this record is too much, nothing waits for room: returns
 * -1 with `error`, and the run fails. */
int mr_outgoing_count(struct mr_vm *vm, const struct mr_outgoing *record, char *error, size_t size);

/* Reads the flat list { name, value, ... } at `index` into an array, which grows if needed and
 * stays the caller's. Returns the count of pairs; a value of false becomes a null. The list keeps
 * the strings. */
size_t mr_outgoing_pairs(lua_State *L, int index, struct mr_pair **pairs, size_t *capacity);

#endif
