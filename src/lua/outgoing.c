#include "lua/outgoing.h"

#include <stdio.h>

#include "base/panic.h"
#include "lua/state.h"

/* Returns the string at `index`; data is NULL if the value is not a string. Never converts in
 * place: the string must stay the table's. */
static struct mr_bytes bytes_at(lua_State *L, int index)
{
    struct mr_bytes bytes = MR_BYTES_NONE;
    if (lua_type(L, index) == LUA_TSTRING)
        bytes.data = lua_tolstring(L, index, &bytes.length);
    return bytes;
}

static struct mr_bytes bytes_field(lua_State *L, int index, const char *name)
{
    lua_getfield(L, index, name);
    struct mr_bytes bytes = bytes_at(L, -1);
    lua_pop(L, 1);
    return bytes;
}

static int64_t integer_field(lua_State *L, int index, const char *name, int64_t missing)
{
    lua_getfield(L, index, name);
    int64_t value = lua_isnil(L, -1) ? missing : (int64_t)lua_tonumber(L, -1);
    lua_pop(L, 1);
    return value;
}

size_t mr_outgoing_pairs(lua_State *L, int index, struct mr_pair **pairs, size_t *capacity)
{
    size_t count = lua_objlen(L, index) / 2;
    if (count > *capacity) {
        *capacity = count + 8;
        *pairs = mr_realloc(*pairs, *capacity * sizeof(**pairs));
    }
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, index, (int)(2 * i + 1));
        lua_rawgeti(L, index, (int)(2 * i + 2));
        (*pairs)[i] = (struct mr_pair){bytes_at(L, -2), bytes_at(L, -1)};
        lua_pop(L, 2);
    }
    return count;
}

void mr_outgoing_read(struct mr_vm *vm, lua_State *L, int index, struct mr_outgoing *record)
{
    *record = (struct mr_outgoing){
        .topic = bytes_field(L, index, "topic").data,
        .partition = (int32_t)integer_field(L, index, "partition", MR_PARTITION_ANY),
        .key = bytes_field(L, index, "key"),
        .value = bytes_field(L, index, "value"),
        .timestamp = integer_field(L, index, "timestamp", 0),
    };
    lua_getfield(L, index, "headers");
    if (lua_istable(L, -1)) {
        record->header_count = mr_outgoing_pairs(L, lua_gettop(L), &vm->pairs, &vm->pair_capacity);
        record->headers = vm->pairs;
    }
    lua_pop(L, 1);
}

int mr_outgoing_count(struct mr_vm *vm, const struct mr_outgoing *record, char *error, size_t size)
{
    size_t headers = mr_pairs_size(record->headers, record->header_count);
    if (mr_budget_send(vm, mr_outgoing_size(record) + headers))
        return 0;
    snprintf(error, size, "the records of one run are larger than the memory budget");
    return -1;
}

void mr_outgoing_read_ask(struct mr_vm *vm, lua_State *L, int index, struct mr_ask *ask)
{
    mr_outgoing_read(vm, L, index, &ask->record);
    ask->reply_to = bytes_field(L, index, "reply_to").data;
    ask->dialect = bytes_field(L, index, "dialect").data;
    ask->timeout = integer_field(L, index, "timeout", 0);
}
