#include "lua/log_binding.h"

#include "base/log.h"
#include "lua/generation.h"
#include "lua/state.h"

enum { FIELDS_MAX = 64 };   /* further fields are left out */
enum { TEXT_MOST = 16384 }; /* bytes; longer texts are cut */

struct fields {
    struct mr_log_field items[FIELDS_MAX + 1];
    size_t count;
};

static void add(struct fields *fields, struct mr_log_field field)
{
    if (fields->count < FIELDS_MAX)
        fields->items[fields->count++] = field;
}

static struct mr_bytes text_at(lua_State *L, int index)
{
    struct mr_bytes bytes;
    bytes.data = lua_tolstring(L, index, &bytes.length);
    bytes.length = bytes.length < TEXT_MOST ? bytes.length : TEXT_MOST;
    return bytes;
}

static void add_place(struct fields *fields, lua_State *L, const struct mr_task *task)
{
    if (lua_isstring(L, 4))
        add(fields, MR_S("script", lua_tostring(L, 4)));
    else if (task != NULL)
        add(fields, MR_S("script", task->script->place));
    if (task == NULL)
        return;
    add(fields, MR_S("topic", task->incoming.topic));
    add(fields, MR_I("partition", task->incoming.partition));
    add(fields, MR_I("offset", task->incoming.offset));
}

/* Adds the fields of the list at index 3, which keeps their names and values. */
static void add_given(struct fields *fields, lua_State *L)
{
    size_t length = lua_istable(L, 3) ? lua_objlen(L, 3) : 0;
    for (size_t i = 1; i + 1 <= length && fields->count < FIELDS_MAX; i += 2) {
        lua_rawgeti(L, 3, (int)i);
        const char *name = lua_tostring(L, -1);
        lua_pop(L, 1);
        lua_rawgeti(L, 3, (int)i + 1);
        if (lua_type(L, -1) == LUA_TNUMBER)
            add(fields, MR_I(name, lua_tonumber(L, -1)));
        else
            add(fields, MR_B(name, text_at(L, -1)));
        lua_pop(L, 1);
    }
}

int mr_log_enabled_for(lua_State *L)
{
    lua_pushboolean(L, mr_log_enabled(mr_log_level_of(luaL_checkstring(L, 1))));
    return 1;
}

int mr_log_from_script(lua_State *L)
{
    struct fields fields = {.count = 0};
    lua_settop(L, 4);
    add_place(&fields, L, mr_vm_of(L)->running);
    add(&fields, MR_B("message", text_at(L, 2)));
    add_given(&fields, L);
    fields.items[fields.count] = (struct mr_log_field){.name = NULL};
    mr_log_write(mr_log_level_of(lua_tostring(L, 1)), "script", fields.items);
    return 0;
}
