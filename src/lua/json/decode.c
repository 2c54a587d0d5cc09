#include "lua/json/decode.h"

#include <lauxlib.h>
#include <string.h>

#include "lua/json/buffers.h"
#include "lua/json/decode_string.h"
#include "lua/json/json.h"
#include "lua/json/number.h"
#include "lua/json/plain.h"

/* A table is made with room for as many members or items as the last table in its place had, at
 * most this many. */
enum { SIZE_MOST = 1024 };

/* Room on Lua's stack is made for this many levels at once, with so many slots per level. */
enum { LEVELS = 16, SLOTS = 3 };

struct decoder {
    struct mr_json_text text;
    struct mr_json *json;
    int names, array; /* stack indexes: the list of names, the metatable of arrays */
    int depth, most;  /* levels that are open, and may be */
};

static const char *read_value(struct decoder *decoder, const char *at, uint16_t *size);

static void fail(const struct decoder *decoder, const char *at, const char *what)
{
    mr_json_fail(&decoder->text, at, what);
}

/* Returns the byte at `at`; at the end NUL, which is valid nowhere. */
static inline char byte_at(const struct decoder *decoder, const char *at)
{
    return at < decoder->text.end ? *at : '\0';
}

static inline const char *skip_space(const struct decoder *decoder, const char *at)
{
    const uint64_t spaces = (uint64_t)1 << ' ' | 1 << '\t' | 1 << '\n' | 1 << '\r';
    while (at < decoder->text.end && (unsigned char)*at <= ' ' && (spaces >> *at & 1) != 0)
        at++;
    return at;
}

static void push_integer(struct decoder *decoder, int64_t value)
{
    const int64_t exact = (int64_t)1 << 53;
    lua_State *L = decoder->text.L;
    if (value >= -exact && value <= exact) {
        lua_pushnumber(L, (lua_Number)value);
        return;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, decoder->json->make_integer);
    lua_pushnumber(L, (lua_Number)(value >> 32));
    lua_pushnumber(L, (lua_Number)(uint32_t)value);
    lua_call(L, 2, 1);
}

static const char *read_number(struct decoder *decoder, const char *at)
{
    struct mr_number number;
    const char *behind = mr_number_read(at, decoder->text.end, &number);
    switch (number.kind) {
    case MR_NUMBER_INTEGER:
        push_integer(decoder, number.integer);
        break;
    case MR_NUMBER_DOUBLE:
        lua_pushnumber(decoder->text.L, number.real);
        break;
    case MR_NUMBER_NO_DIGIT:
        fail(decoder, behind, ": expected a digit");
        break;
    case MR_NUMBER_TOO_LARGE:
        fail(decoder, at, ": a number out of range");
        break;
    }
    return behind;
}

static const char *read_word(struct decoder *decoder, const char *at, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(decoder->text.end - at) < length || memcmp(at, word, length) != 0)
        fail(decoder, at, ": expected a value");
    return at + length;
}

static inline const char *read_string(struct decoder *decoder, const char *begin)
{
    const char *at = mr_plain_end(begin, decoder->text.end);
    if (byte_at(decoder, at) != '"')
        return mr_json_string(&decoder->text, begin, at);
    lua_pushlstring(decoder->text.L, begin, (size_t)(at - begin));
    return at + 1;
}

/* Pushes the name of a member. If the name is kept, *size becomes its note of the value's size. */
static inline const char *read_name(struct decoder *decoder, const char *begin, uint16_t **size)
{
    const char *at = mr_plain_end(begin, decoder->text.end);
    if (byte_at(decoder, at) != '"')
        return mr_json_string(&decoder->text, begin, at);
    struct mr_name *name = mr_names_push(decoder->text.L, &decoder->json->names, decoder->names,
                                         begin, (size_t)(at - begin), decoder->text.end);
    if (name != NULL)
        *size = &name->size;
    return at + 1;
}

static void make_room(lua_State *L)
{
    luaL_checkstack(L, LEVELS * SLOTS + LUA_MINSTACK, "a value that is too deep");
}

static void enter(struct decoder *decoder, const char *at)
{
    if (decoder->depth == decoder->most)
        fail(decoder, at, ": more than 512 levels");
    if (++decoder->depth % LEVELS == 0)
        make_room(decoder->text.L);
}

static inline void note_size(uint16_t *size, size_t count)
{
    *size = (uint16_t)(count < SIZE_MOST ? count : SIZE_MOST);
}

static const char *read_member(struct decoder *decoder, const char *at, uint16_t *size)
{
    at = read_name(decoder, at, &size);
    at = skip_space(decoder, at);
    if (byte_at(decoder, at) != ':')
        fail(decoder, at, ": expected ':'");
    at = read_value(decoder, skip_space(decoder, at + 1), size);
    lua_rawset(decoder->text.L, -3);
    return skip_space(decoder, at);
}

static const char *read_object(struct decoder *decoder, const char *at, uint16_t *size)
{
    uint16_t other = 0;
    size_t count = 0;
    enter(decoder, at);
    lua_createtable(decoder->text.L, 0, *size);
    at = skip_space(decoder, at + 1);
    if (byte_at(decoder, at) != '}') {
        for (;; at = skip_space(decoder, at + 1)) {
            if (byte_at(decoder, at) != '"')
                fail(decoder, at, count == 0 ? ": expected a name or '}'" : ": expected a name");
            at = read_member(decoder, at + 1, &other);
            count++;
            if (byte_at(decoder, at) != ',')
                break;
        }
    }
    if (byte_at(decoder, at) != '}')
        fail(decoder, at, ": expected ',' or '}'");
    note_size(size, count);
    decoder->depth--;
    return at + 1;
}

static const char *read_array(struct decoder *decoder, const char *at, uint16_t *size)
{
    lua_State *L = decoder->text.L;
    uint16_t other = 0;
    int count = 0;
    enter(decoder, at);
    lua_createtable(L, *size, 0);
    lua_pushvalue(L, decoder->array);
    lua_setmetatable(L, -2);
    at = skip_space(decoder, at + 1);
    if (byte_at(decoder, at) != ']') {
        for (;; at = skip_space(decoder, at + 1)) {
            if (byte_at(decoder, at) == ']')
                fail(decoder, at, ": expected a value");
            at = skip_space(decoder, read_value(decoder, at, &other));
            lua_rawseti(L, -2, ++count);
            if (byte_at(decoder, at) != ',')
                break;
        }
    }
    if (byte_at(decoder, at) != ']')
        fail(decoder, at, ": expected ',' or ']'");
    note_size(size, (size_t)count);
    decoder->depth--;
    return at + 1;
}

static const char *read_value(struct decoder *decoder, const char *at, uint16_t *size)
{
    lua_State *L = decoder->text.L;
    switch (byte_at(decoder, at)) {
    case '"':
        return read_string(decoder, at + 1);
    case '{':
        return read_object(decoder, at, size);
    case '[':
        return read_array(decoder, at, size);
    case 't':
        lua_pushboolean(L, 1);
        return read_word(decoder, at, "true");
    case 'f':
        lua_pushboolean(L, 0);
        return read_word(decoder, at, "false");
    case 'n':
        lua_pushlightuserdata(L, NULL);
        return read_word(decoder, at, "null");
    case '-':
    case '0' ... '9':
        return read_number(decoder, at);
    default:
        fail(decoder, at, ": expected a value");
        return at;
    }
}

static void read_document(struct decoder *decoder)
{
    static const char mark[] = "\xef\xbb\xbf";
    const char *at = decoder->text.begin;
    if (decoder->text.end - at >= 3 && memcmp(at, mark, 3) == 0)
        fail(decoder, at, ": expected a value, not a byte order mark");
    at = read_value(decoder, skip_space(decoder, at), &decoder->json->size);
    at = skip_space(decoder, at);
    if (at < decoder->text.end)
        fail(decoder, at, ": expected the end");
}

void mr_decode(lua_State *L, struct mr_json *json, struct mr_bytes text, int most)
{
    struct decoder decoder = {.text = {L, text.data, text.data + text.length, &json->scratch},
                              .most = most,
                              .json = json};
    make_room(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, json->names.strings);
    lua_rawgeti(L, LUA_REGISTRYINDEX, json->array_ref);
    decoder.array = lua_gettop(L);
    decoder.names = decoder.array - 1;
    if (json->has_finalizers) /* a finalizer may decode meanwhile */
        decoder.text.scratch = mr_json_push_buf(L, json);
    read_document(&decoder);
    if (json->has_finalizers) /* now, not only at the next collection */
        mr_buf_free(decoder.text.scratch);
    lua_replace(L, decoder.names);
    lua_settop(L, decoder.names);
}
