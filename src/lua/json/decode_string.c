#include "lua/json/decode_string.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lua/json/plain.h"

void mr_json_fail(const struct mr_json_text *text, const char *at, const char *what)
{
    lua_pushfstring(text->L, "byte %d%s", (int)(at - text->begin) + 1, what);
    lua_error(text->L);
    abort(); /* not reached */
}

/* Returns the end of a run of text: a quote, a backslash, a control character, or the end of all.
 * Raises if a byte is not UTF-8. */
static const char *text_end(const struct mr_json_text *text, const char *at)
{
    at = mr_text_end(at, text->end);
    if (at < text->end && (unsigned char)*at >= 0x80)
        mr_json_fail(text, at, " is not UTF-8");
    return at;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
        return (digit | 0x20) - 'a' + 10;
    return -1;
}

/* Returns the code unit of the escape \uXXXX at `at`. */
static unsigned code_unit(const struct mr_json_text *text, const char *at)
{
    unsigned unit = 0;
    for (const char *digit = at + 2; digit < at + 6; digit++) {
        int value = digit < text->end ? hex_value(*digit) : -1;
        if (value < 0)
            mr_json_fail(text, digit, ": expected a hexadecimal digit");
        unit = unit * 16 + (unsigned)value;
    }
    return unit;
}

static bool is_high(unsigned unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(unsigned unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

static void put_character(struct mr_buf *to, unsigned code)
{
    char bytes[4];
    size_t length = 1 + (code >= 0x80) + (code >= 0x800) + (code >= 0x10000);
    static const unsigned char lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(lead[length] | code);
    mr_buf_append(to, bytes, length);
}

/* Appends the character of the escape \uXXXX at `at`, or of two such escapes if they are a
 * surrogate pair. Returns the position behind. */
static const char *put_unicode(const struct mr_json_text *text, const char *at)
{
    unsigned unit = code_unit(text, at);
    if (is_low(unit))
        mr_json_fail(text, at, ": expected the first half of a surrogate pair before this one");
    if (!is_high(unit)) {
        put_character(text->scratch, unit);
        return at + 6;
    }
    const char *next = at + 6;
    if (text->end - next < 2 || next[0] != '\\' || next[1] != 'u' || !is_low(code_unit(text, next)))
        mr_json_fail(text, next, ": expected the second half of a surrogate pair");
    unsigned low = code_unit(text, next);
    put_character(text->scratch, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    return next + 6;
}

/* Appends the character of the escape at `at`. Returns the position behind the escape. */
static const char *put_escaped(const struct mr_json_text *text, const char *at)
{
    static const char named[] = "\"\"\\\\//b\bf\fn\nr\rt\t"; /* pairs: escape, character */
    char name = text->end - at > 1 ? at[1] : '\0';
    if (name == 'u')
        return put_unicode(text, at);
    for (const char *pair = named; *pair != '\0'; pair += 2) {
        if (*pair == name) {
            mr_buf_append(text->scratch, pair + 1, 1);
            return at + 2;
        }
    }
    mr_json_fail(text, at, ": expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
}

/* Copies the string into the scratch buffer without its escapes, the first of which is at `at`.
 * Returns the string's end. */
static const char *read_escaped(const struct mr_json_text *text, const char *begin, const char *at)
{
    mr_buf_clear(text->scratch);
    mr_buf_append(text->scratch, begin, (size_t)(at - begin));
    while (at < text->end && *at == '\\') {
        const char *run = put_escaped(text, at);
        at = text_end(text, run);
        mr_buf_append(text->scratch, run, (size_t)(at - run));
    }
    return at;
}

const char *mr_json_string(const struct mr_json_text *text, const char *begin, const char *at)
{
    bool is_escaped = false;
    at = text_end(text, at);
    if (at < text->end && *at == '\\') {
        at = read_escaped(text, begin, at);
        is_escaped = true;
    }
    if (at == text->end)
        mr_json_fail(text, at, ": expected '\"'");
    if (*at != '"')
        mr_json_fail(text, at, " is a control character");
    if (is_escaped)
        lua_pushlstring(text->L, text->scratch->data, text->scratch->length);
    else
        lua_pushlstring(text->L, begin, (size_t)(at - begin));
    return at + 1;
}
