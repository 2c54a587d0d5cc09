#include "lua/config_file.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/machine/file.h"
#include "base/panic.h"

/* The name of the file in Lua's messages, because Lua would cut a long name. */
#define CHUNK "(configuration)"

enum { FILE_MOST = 16 * 1024 * 1024, INSTRUCTIONS_MOST = 50 * 1000 * 1000 };

struct loading {
    struct mr_config *config;
    const char *file;
    struct mr_errors *errors;
};

/* env "NAME": returns the value of the variable, or "" if it is not set. Raises if the value cannot
 * be read. */
static int env(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 1);
    struct mr_buf value = {0};
    struct mr_errors errors = {0};
    if (mr_config_variable(environ, name, &value, &errors) < 0) {
        luaL_where(lua, 1);
        lua_pushlstring(lua, errors.text.data, errors.text.length - 1); /* without its newline */
        lua_concat(lua, 2);
    } else {
        lua_pushstring(lua, mr_buf_text(&value));
        if (mr_config_is_secret(name, mr_buf_text(&value)))
            mr_config_add_secret(lua_touserdata(lua, lua_upvalueindex(1)), mr_buf_text(&value));
    }
    bool failed = errors.count > 0;
    mr_buf_free(&value);
    mr_errors_free(&errors);
    return failed ? lua_error(lua) : 1;
}

static void on_too_long(lua_State *lua, lua_Debug *info)
{
    (void)info;
    luaL_where(lua, 0); /* level 0 is the file's code: a hook has no level of its own */
    lua_pushliteral(lua, "the configuration does not come to an end (an endless loop?)");
    lua_concat(lua, 2);
    lua_error(lua);
}

static void open_libraries(lua_State *lua)
{
    static const lua_CFunction openers[] = {luaopen_base, luaopen_string, luaopen_table,
                                            luaopen_math};
    for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
        lua_pushcfunction(lua, openers[i]);
        lua_call(lua, 0, 0);
    }
}

/* Pushes the table of all globals that the file can use. */
static void push_environment(struct loading *loading, lua_State *lua)
{
    static const char *const names[] = {"string",   "table", "math",   "tostring",
                                        "tonumber", "pairs", "ipairs", "type",
                                        "select",   "error", "assert"};
    lua_newtable(lua);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        lua_getglobal(lua, names[i]);
        lua_setfield(lua, -2, names[i]);
    }
    lua_pushlightuserdata(lua, loading->config);
    lua_pushcclosure(lua, env, 1);
    lua_setfield(lua, -2, "env");
}

static void read_value(struct loading *loading, lua_State *lua, const char *path);

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Reports a key that is not a name, as in `routes = { "orders" }`. */
static void refuse_name(struct loading *loading, lua_State *lua, const char *path)
{
    const char *where = *path == '\0' ? "the returned table" : path;
    if (lua_type(lua, -2) == LUA_TNUMBER)
        mr_errors_add(loading->errors, "%s: %s: expected names as keys, got %.14g", loading->file,
                      where, lua_tonumber(lua, -2));
    else
        mr_errors_add(loading->errors, "%s: %s: expected names as keys, got a %s", loading->file,
                      where, luaL_typename(lua, -2));
}

/* Returns the names in the table on top of the stack, sorted, so that errors always come in the
 * same order. Reports keys that are not names. The table keeps the strings; the caller frees the
 * list. */
static const char **sorted_names(struct loading *loading, lua_State *lua, const char *path,
                                 size_t *count)
{
    const char **names = NULL;
    *count = 0;
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1)) {
        size_t length = 0;
        const char *name =
            lua_type(lua, -2) == LUA_TSTRING ? lua_tolstring(lua, -2, &length) : NULL;
        if (name == NULL || strlen(name) != length) {
            refuse_name(loading, lua, path);
            continue;
        }
        names = mr_realloc(names, (*count + 1) * sizeof(names[0]));
        names[(*count)++] = name;
    }
    if (*count > 0)
        qsort(names, *count, sizeof(names[0]), by_text);
    return names;
}

/* Reads the table of keys on top of the stack. */
static void read_table(struct loading *loading, lua_State *lua, const char *path)
{
    size_t count;
    const char **names = sorted_names(loading, lua, path, &count);
    mr_config_add_entry(loading->config, path, loading->file);
    for (size_t i = 0; i < count; i++) {
        struct mr_buf child = {0};
        mr_config_path_child(&child, path, names[i]);
        lua_getfield(lua, -1, names[i]);
        read_value(loading, lua, mr_buf_text(&child));
        lua_pop(lua, 1);
        mr_buf_free(&child);
    }
    free(names);
}

/* Returns the value on top of the stack; Lua keeps its text. A value that no key takes becomes
 * MR_GIVEN_OTHER with the name of its type. */
static struct mr_config_value scalar(lua_State *lua)
{
    size_t length = 0;
    switch (lua_type(lua, -1)) {
    case LUA_TSTRING: {
        const char *text = lua_tolstring(lua, -1, &length);
        if (strlen(text) != length)
            break;
        return (struct mr_config_value){.given = MR_GIVEN_STRING, .text = text};
    }
    case LUA_TNUMBER:
        return (struct mr_config_value){.given = MR_GIVEN_NUMBER, .number = lua_tonumber(lua, -1)};
    case LUA_TBOOLEAN:
        return (struct mr_config_value){.given = MR_GIVEN_BOOLEAN,
                                        .boolean = lua_toboolean(lua, -1) != 0};
    default:
        break;
    }
    return (struct mr_config_value){.given = MR_GIVEN_OTHER,
                                    .text = length > 0 ? "string with a NUL byte"
                                                       : luaL_typename(lua, -1)};
}

/* Appends the items of the list on top of the stack, with commas between them. If an item
 * is bad or the table is not a list, reports that and returns false. */
static bool join_items(struct loading *loading, lua_State *lua, const char *path,
                       struct mr_buf *joined)
{
    size_t errors_before = loading->errors->count, seen = 0;
    size_t length = lua_objlen(lua, -1);
    for (size_t i = 1; i <= length; i++) {
        lua_rawgeti(lua, -1, (int)i);
        struct mr_config_value item = scalar(lua);
        if (mr_config_check_item(loading->config, path, i, item, loading->file, loading->errors))
            mr_buf_printf(joined, "%s%s", i > 1 ? "," : "", item.text);
        lua_pop(lua, 1);
    }
    for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1))
        seen++;
    if (seen > length)
        mr_errors_add(loading->errors, "%s: %s: expected a list, got a table with other keys",
                      loading->file, path);
    return loading->errors->count == errors_before;
}

static void read_list(struct loading *loading, lua_State *lua, const char *path)
{
    struct mr_buf joined = {0};
    if (join_items(loading, lua, path, &joined))
        mr_config_set_value(
            loading->config, path,
            (struct mr_config_value){.given = MR_GIVEN_LIST, .text = mr_buf_text(&joined)},
            loading->file, loading->errors);
    mr_buf_free(&joined);
}

static void read_value(struct loading *loading, lua_State *lua, const char *path)
{
    luaL_checkstack(lua, 8, "the configuration is nested too deeply");
    enum mr_config_path kind = mr_config_path_kind(path);
    bool is_table = lua_type(lua, -1) == LUA_TTABLE;
    if (kind == MR_PATH_UNKNOWN)
        mr_config_unknown(path, loading->file, loading->errors);
    else if (is_table && (kind == MR_PATH_TABLE || kind == MR_PATH_MAP))
        read_table(loading, lua, path);
    else if (is_table && kind == MR_PATH_LIST)
        read_list(loading, lua, path);
    else
        mr_config_set_value(loading->config, path, scalar(lua), loading->file, loading->errors);
}

static int load(lua_State *lua)
{
    struct loading *loading = lua_touserdata(lua, 1);
    struct mr_buf *text = lua_touserdata(lua, 2);
    open_libraries(lua);
    if (luaL_loadbufferx(lua, text->data, text->length, "=" CHUNK, "t") != 0)
        return lua_error(lua);
    push_environment(loading, lua);
    lua_setfenv(lua, -2);
    lua_sethook(lua, on_too_long, LUA_MASKCOUNT, INSTRUCTIONS_MOST);
    lua_call(lua, 0, 1);
    lua_sethook(lua, NULL, 0, 0);
    if (lua_type(lua, -1) == LUA_TTABLE)
        read_value(loading, lua, "");
    else
        mr_errors_add(loading->errors, "%s: expected the file to return a table, got %s%s",
                      loading->file, lua_isnil(lua, -1) ? "" : "a ", luaL_typename(lua, -1));
    return 0;
}

/* Reports the error on top of the stack, which may be any value. */
static void tell_error(struct loading *loading, lua_State *lua)
{
    const char *message = lua_type(lua, -1) == LUA_TSTRING
                              ? lua_tostring(lua, -1)
                              : "the configuration raised a value that is not text";
    if (strncmp(message, CHUNK ":", strlen(CHUNK ":")) == 0)
        mr_errors_add(loading->errors, "%s%s", loading->file, message + strlen(CHUNK));
    else
        mr_errors_add(loading->errors, "%s: %s", loading->file, message);
}

static void run(struct loading *loading, struct mr_buf *text)
{
    lua_State *lua = luaL_newstate();
    if (lua == NULL)
        mr_panic(__FILE__, __LINE__, "out of memory");
    lua_pushcfunction(lua, load);
    lua_pushlightuserdata(lua, loading);
    lua_pushlightuserdata(lua, text);
    if (lua_pcall(lua, 2, 0, 0) != 0)
        tell_error(loading, lua);
    lua_close(lua);
}

void mr_config_file(struct mr_config *config, const char *file, struct mr_errors *errors)
{
    struct loading loading = {config, file, errors};
    struct mr_buf text = {0};
    int result = mr_file_read(file, FILE_MOST, &text);
    if (result != 0)
        mr_errors_add(errors, "%s: cannot read it: %s", file, strerror(-result));
    else
        run(&loading, &text);
    mr_buf_free(&text);
}
