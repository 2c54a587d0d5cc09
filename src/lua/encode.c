#include "lua/encode.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

/* Whole doubles below this are printed as integers: each is exact, and has no more digits than any
 * other form. */
static const double whole_most = 1e15;

/* No broker takes a record as long as this. The same string can be in a value a million times, so
 * that a small value can have more text than there is memory. */
static const size_t text_most = (size_t)256 << 20;

/* A table being written; the chain leads to the outermost one. */
struct level {
    const struct level *outer;
    const void *table;
    int key; /* stack index of the key being written; 0: `position` is it */
    int position;
    int depth;
};

struct encoder {
    lua_State *L;
    const void *array;
    struct mr_buf *out;
};

static void put_value(const struct encoder *encoder, int index, struct level *outer);

static void put_path(lua_State *L, const struct level *level, struct mr_buf *path)
{
    if (level == NULL)
        return;
    put_path(L, level->outer, path);
    if (level->key == 0)
        mr_buf_printf(path, "[%d]", level->position);
    else if (lua_type(L, level->key) == LUA_TSTRING)
        mr_buf_printf(path, "%s%s", path->length > 0 ? "." : "", lua_tostring(L, level->key));
}

/* Raises with the path of what cannot be written. The path is built behind what is written so far,
 * whose memory is somebody's. */
static void refuse(const struct encoder *encoder, const struct level *level, const char *why)
{
    struct mr_buf path = {0};
    put_path(encoder->L, level, &path);
    lua_pushfstring(encoder->L, "%s%s%s", mr_buf_text(&path), path.length > 0 ? ": " : "", why);
    mr_buf_free(&path);
    lua_error(encoder->L);
}

static void put_number(const struct encoder *encoder, double number, const struct level *level)
{
    char text[32];
    if (isnan(number) || isinf(number))
        refuse(encoder, level, isnan(number) ? "NaN is no JSON" : "infinity is no JSON");
    if (number == floor(number) && fabs(number) < whole_most && !(number == 0 && signbit(number))) {
        mr_buf_append(encoder->out, text, mr_decimal(text, (int64_t)number));
        return;
    }
    /* 17 digits always read back as the same double; most numbers need fewer. */
    int length = 0;
    for (int digits = 15; digits <= 17; digits++) {
        length = snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    mr_buf_append(encoder->out, text, (size_t)length);
}

/* How far the text goes out as it is: no quotes, backslashes or control characters, and UTF-8. */
static size_t plain_length(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length && (unsigned char)text[at] >= 0x20 && text[at] != '"' && text[at] != '\\') {
        size_t run = (unsigned char)text[at] < 0x80 ? 1 : mr_utf8_length(text + at, length - at);
        if (run == 0)
            break;
        at += run;
    }
    return at;
}

static void put_string(const struct encoder *encoder, int index, const struct level *level)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the character, its escape */
    size_t length;
    const char *text = lua_tolstring(encoder->L, index, &length);
    mr_buf_append(encoder->out, "\"", 1);
    for (const char *end = text + length; text < end; text++) {
        size_t plain = plain_length(text, (size_t)(end - text));
        mr_buf_append(encoder->out, text, plain);
        text += plain;
        if (text == end)
            break;
        if ((unsigned char)*text >= 0x80)
            refuse(encoder, level, "a string that is not UTF-8");
        const char *pair = named;
        while (*pair != '\0' && *pair != *text)
            pair += 2;
        if (*pair != '\0')
            mr_buf_append(encoder->out, (char[]){'\\', pair[1]}, 2);
        else
            mr_buf_printf(encoder->out, "\\u%04x", (unsigned char)*text);
    }
    mr_buf_append(encoder->out, "\"", 1);
}

static bool is_marked(const struct encoder *encoder, int index)
{
    if (!lua_getmetatable(encoder->L, index))
        return false;
    bool marked = lua_topointer(encoder->L, -1) == encoder->array;
    lua_pop(encoder->L, 1);
    return marked;
}

static void enter(const struct encoder *encoder, int index, struct level *level)
{
    level->table = lua_topointer(encoder->L, index);
    level->depth = level->outer == NULL ? 1 : level->outer->depth + 1;
    for (const struct level *outer = level->outer; outer != NULL; outer = outer->outer)
        if (outer->table == level->table)
            refuse(encoder, level->outer, "a table that is in itself");
    if (level->depth > MR_JSON_DEPTH)
        refuse(encoder, NULL, "more than 512 levels");
    luaL_checkstack(encoder->L, 8, "a value that is too deep");
}

/* Every key of the table must be one of 1..length: they are as many, and none is of another kind.
 */
static void check_array(const struct encoder *encoder, int index, size_t length,
                        const struct level *level)
{
    lua_State *L = encoder->L;
    size_t keys = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TNUMBER)
            refuse(encoder, level->outer, "a table with both positions and names");
        double key = lua_tonumber(L, -2);
        if (key != floor(key) || key < 1 || key > (double)length)
            refuse(encoder, level->outer, "a list with holes");
        keys++;
    }
    if (keys != length)
        refuse(encoder, level->outer, "a list with holes");
}

static void put_array(const struct encoder *encoder, int index, size_t length, struct level *level)
{
    lua_State *L = encoder->L;
    check_array(encoder, index, length, level);
    for (size_t i = 1; i <= length; i++) {
        mr_buf_append(encoder->out, i == 1 ? "[" : ",", 1);
        level->position = (int)i;
        lua_rawgeti(L, index, (int)i);
        put_value(encoder, lua_gettop(L), level);
        lua_pop(L, 1);
    }
    mr_buf_string(encoder->out, length == 0 ? "[]" : "]");
}

static void put_object(const struct encoder *encoder, int index, struct level *level)
{
    lua_State *L = encoder->L;
    const char *before = "{";
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        level->key = lua_gettop(L) - 1;
        if (lua_type(L, level->key) == LUA_TNUMBER)
            refuse(encoder, level->outer,
                   "a list with holes, or a table with both positions and names");
        if (lua_type(L, level->key) != LUA_TSTRING)
            refuse(encoder, level->outer, "a table with a key that is no string");
        mr_buf_append(encoder->out, before, 1);
        put_string(encoder, level->key, level->outer);
        mr_buf_append(encoder->out, ":", 1);
        put_value(encoder, lua_gettop(L), level);
        before = ",";
    }
    mr_buf_string(encoder->out, before[0] == '{' ? "{}" : "}");
}

static void put_table(const struct encoder *encoder, int index, struct level *outer)
{
    struct level level = {.outer = outer};
    enter(encoder, index, &level);
    size_t length = lua_objlen(encoder->L, index);
    if (length > 0 || is_marked(encoder, index))
        put_array(encoder, index, length, &level);
    else
        put_object(encoder, index, &level);
}

static void put_value(const struct encoder *encoder, int index, struct level *outer)
{
    lua_State *L = encoder->L;
    if (encoder->out->length > text_most)
        refuse(encoder, outer, "more than 256 MB of JSON");
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        put_string(encoder, index, outer);
        return;
    case LUA_TNUMBER:
        put_number(encoder, lua_tonumber(L, index), outer);
        return;
    case LUA_TBOOLEAN:
        mr_buf_string(encoder->out, lua_toboolean(L, index) ? "true" : "false");
        return;
    case LUA_TTABLE:
        put_table(encoder, index, outer);
        return;
    case LUA_TNIL:
        mr_buf_string(encoder->out, "null");
        return;
    default:
        break;
    }
    if (lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL) {
        mr_buf_string(encoder->out, "null");
        return;
    }
    char why[64];
    snprintf(why, sizeof(why), "a value of type %s is no JSON", luaL_typename(L, index));
    refuse(encoder, outer, why);
}

void mr_encode(lua_State *L, int index, const void *array, struct mr_buf *out)
{
    const struct encoder encoder = {L, array, out};
    put_value(&encoder, index, NULL);
}
