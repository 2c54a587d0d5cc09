#include "lua/json/encode.h"

#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/digits.h"
#include "lua/json/encode_level.h"
#include "lua/json/json.h"
#include "lua/json/plain.h"
#include "lua/state.h"

/* In bytes: no broker takes a record as long as this. A small value can have more text than there
 * is memory, because the same string can be in it a million times. */
static const size_t text_most = (size_t)256 << 20;

/* LuaJIT's own type, for which lua.h has no name. */
enum { TYPE_CDATA = 10 };

struct encoder {
    lua_State *L;
    struct mr_vm *vm;
    struct mr_buf *out;
    size_t most; /* bytes */
};

static void put_value(const struct encoder *encoder, int index, struct mr_level *outer);

/* Returns memory for `length` bytes. The caller adds what it wrote to the buffer's length. */
static inline char *room_for(const struct encoder *encoder, size_t length)
{
    struct mr_buf *out = encoder->out;
    if (out->capacity - out->length > length)
        return out->data + out->length;
    return mr_buf_reserve(out, length);
}

static inline void put_byte(const struct encoder *encoder, char byte)
{
    *room_for(encoder, 1) = byte;
    encoder->out->length++;
}

static inline void put(const struct encoder *encoder, const char *text, size_t length)
{
    memcpy(room_for(encoder, length), text, length);
    encoder->out->length += length;
}

/* Raises if `length` more bytes would make the text too long. Never waits for room. */
static inline void check_length(const struct encoder *encoder, size_t length,
                                const struct mr_level *level)
{
    size_t total = encoder->out->length + length;
    if (total <= encoder->most)
        return;
    if (total <= text_most) {
        mr_budget_refuse(encoder->vm);
        mr_level_refuse(encoder->L, level, "more JSON than the memory budget");
    }
    mr_level_refuse(encoder->L, level, "more than 256 MB of JSON");
}

static void put_number(const struct encoder *encoder, double number, const struct mr_level *level)
{
    if (!isfinite(number))
        mr_level_refuse(encoder->L, level,
                        isnan(number) ? "NaN is no JSON" : "infinity is no JSON");
    encoder->out->length += mr_double_digits(room_for(encoder, MR_DOUBLE_MOST), number);
}

static void put_escaped(const struct encoder *encoder, unsigned char byte)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the character, its escape */
    static const char hex[] = "0123456789abcdef";
    const char *pair = named;
    while (*pair != '\0' && (unsigned char)*pair != byte)
        pair += 2;
    if (*pair != '\0')
        put(encoder, (char[]){'\\', pair[1]}, 2);
    else
        put(encoder, (char[]){'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]}, 6);
}

static void put_odd_text(const struct encoder *encoder, const char *text, const char *end,
                         const struct mr_level *level)
{
    while (text < end) {
        const char *stop = mr_text_end(text, end);
        put(encoder, text, (size_t)(stop - text));
        check_length(encoder, (size_t)(end - stop), level);
        if (stop < end && (unsigned char)*stop >= 0x80)
            mr_level_refuse(encoder->L, level, "a string that is not UTF-8");
        if (stop < end)
            put_escaped(encoder, (unsigned char)*stop++);
        text = stop;
    }
}

/* Copies a text. Names and most strings are short, so that two words that overlap are as good as a
 * call of memcpy. */
static inline void copy(char *to, const char *from, size_t length)
{
    uint64_t first, last;
    if (length < sizeof(first) || length > 2 * sizeof(first)) {
        memcpy(to, from, length);
        return;
    }
    memcpy(&first, from, sizeof(first));
    memcpy(&last, from + length - sizeof(last), sizeof(last));
    memcpy(to, &first, sizeof(first));
    memcpy(to + length - sizeof(last), &last, sizeof(last));
}

/* Writes the string, and behind its closing quote the byte `behind`, unless that is NUL. */
static inline void put_string(const struct encoder *encoder, int index,
                              const struct mr_level *level, char behind)
{
    size_t length;
    const char *text = lua_tolstring(encoder->L, index, &length);
    check_length(encoder, length, level);
    char *to = room_for(encoder, length + 3);
    *to++ = '"';
    if (mr_plain_all(text, length)) {
        copy(to, text, length);
        to += length;
        encoder->out->length += length + 1;
    } else {
        encoder->out->length++;
        put_odd_text(encoder, text, text + length, level);
        to = room_for(encoder, 2);
    }
    to[0] = '"';
    to[1] = behind;
    encoder->out->length += behind == '\0' ? 1 : 2;
}

static bool is_marked(const struct encoder *encoder, int index)
{
    if (!lua_getmetatable(encoder->L, index))
        return false;
    bool marked = lua_topointer(encoder->L, -1) == encoder->vm->json.array;
    lua_pop(encoder->L, 1);
    return marked;
}

/* Refuses the table unless its keys are exactly 1..length: whole numbers in that range, and as many
 * as `length`. */
static void check_array(const struct encoder *encoder, int index, size_t length,
                        const struct mr_level *level)
{
    lua_State *L = encoder->L;
    size_t keys = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TNUMBER)
            mr_level_refuse(L, level->outer, "a table with both positions and names");
        double key = lua_tonumber(L, -2);
        if (key != floor(key) || key < 1 || key > (double)length)
            mr_level_refuse(L, level->outer, "a list with holes");
        keys++;
    }
    if (keys != length)
        mr_level_refuse(L, level->outer, "a list with holes");
}

/* Writes the rest of an array whose keys do not come in order, or refuses it if they are not all
 * positions. Items up to level->position are written already. */
static void put_scattered(const struct encoder *encoder, int index, struct mr_level *level)
{
    size_t length = lua_objlen(encoder->L, index);
    check_array(encoder, index, length, level);
    while ((size_t)level->position < length) {
        lua_rawgeti(encoder->L, index, ++level->position);
        put_value(encoder, index + 1, level);
        put_byte(encoder, ',');
        lua_settop(encoder->L, index);
    }
}

/* Writes an array. Its first key and value are on the stack, behind the table. */
static void put_array(const struct encoder *encoder, int index, struct mr_level *level)
{
    lua_State *L = encoder->L;
    const int key = index + 1, value = index + 2;
    put_byte(encoder, '[');
    do {
        if (lua_type(L, key) != LUA_TNUMBER || lua_tonumber(L, key) != level->position + 1) {
            lua_settop(L, index);
            put_scattered(encoder, index, level);
            break;
        }
        level->position++;
        put_value(encoder, value, level);
        put_byte(encoder, ',');
        lua_settop(L, key);
    } while (lua_next(L, index) != 0);
    encoder->out->data[encoder->out->length - 1] = ']';
}

static void put_object(const struct encoder *encoder, int index, struct mr_level *level)
{
    lua_State *L = encoder->L;
    const int key = index + 1, value = index + 2;
    level->key = key;
    put_byte(encoder, '{');
    do {
        int type = lua_type(L, key);
        if (type == LUA_TNUMBER)
            mr_level_refuse(L, level->outer, "a table with both positions and names");
        if (type != LUA_TSTRING)
            mr_level_refuse(L, level->outer, "a table with a key that is no string");
        put_string(encoder, key, level->outer, ':');
        put_value(encoder, value, level);
        put_byte(encoder, ',');
        lua_settop(L, key);
    } while (lua_next(L, index) != 0);
    encoder->out->data[encoder->out->length - 1] = '}';
}

static void put_table(const struct encoder *encoder, int index, struct mr_level *outer)
{
    lua_State *L = encoder->L;
    struct mr_level level = {.outer = outer};
    mr_level_enter(L, index, &level);
    lua_pushnil(L);
    if (lua_next(L, index) == 0)
        put(encoder, is_marked(encoder, index) ? "[]" : "{}", 2);
    else if (lua_type(L, index + 1) == LUA_TNUMBER || is_marked(encoder, index))
        put_array(encoder, index, &level);
    else
        put_object(encoder, index, &level);
}

static bool put_integer(const struct encoder *encoder, int index)
{
    lua_State *L = encoder->L;
    size_t length;
    lua_rawgeti(L, LUA_REGISTRYINDEX, encoder->vm->json.integer_digits);
    lua_pushvalue(L, index);
    lua_call(L, 1, 1);
    const char *digits = lua_tolstring(L, -1, &length);
    if (digits != NULL)
        put(encoder, digits, length);
    lua_pop(L, 1);
    return digits != NULL;
}

static void put_other(const struct encoder *encoder, int index, const struct mr_level *outer)
{
    lua_State *L = encoder->L;
    char why[64];
    if (lua_type(L, index) == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL) {
        put(encoder, "null", 4);
        return;
    }
    if (lua_type(L, index) == TYPE_CDATA && put_integer(encoder, index))
        return;
    snprintf(why, sizeof(why), "a value of type %s is no JSON", luaL_typename(L, index));
    mr_level_refuse(L, outer, why);
}

/* Writes the value at `index`, which is the top of the stack. */
static void put_value(const struct encoder *encoder, int index, struct mr_level *outer)
{
    lua_State *L = encoder->L;
    check_length(encoder, 0, outer);
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        put_string(encoder, index, outer, '\0');
        return;
    case LUA_TNUMBER:
        put_number(encoder, lua_tonumber(L, index), outer);
        return;
    case LUA_TBOOLEAN:
        if (lua_toboolean(L, index))
            put(encoder, "true", 4);
        else
            put(encoder, "false", 5);
        return;
    case LUA_TTABLE:
        put_table(encoder, index, outer);
        return;
    case LUA_TNIL:
        put(encoder, "null", 4);
        return;
    default:
        put_other(encoder, index, outer);
    }
}

void mr_encode(lua_State *L, int index, struct mr_vm *vm, struct mr_buf *out)
{
    const size_t budget = mr_budget_memory(vm);
    const struct encoder encoder = {L, vm, out, budget < text_most ? budget : text_most};
    mr_level_make_room(L);
    lua_pushvalue(L, index);
    put_value(&encoder, lua_gettop(L), NULL);
    lua_pop(L, 1);
}
