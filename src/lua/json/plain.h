/* Finds plain text, which stands for itself in a JSON string: all ASCII but quotes, backslashes and
 * control characters. Looks at eight bytes per step. */
#ifndef MR_LUA_JSON_PLAIN_H
#define MR_LUA_JSON_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte of a word is its lowest");

/* Returns a word in which the high bit of the first byte that is not plain is set. The bits of
 * later bytes may be wrong. (Sean Eron Anderson, Bit Twiddling Hacks: "hasless", "haszero".) */
static inline uint64_t mr_plain_odd(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
    uint64_t is_less = (word - ones * 0x20) | (quote - ones) | (backslash - ones);
    return (is_less | word) & (ones * 0x80);
}

static inline bool mr_plain_byte(char byte)
{
    return (unsigned char)byte >= 0x20 && (unsigned char)byte < 0x80 && byte != '"' && byte != '\\';
}

/* Returns the first byte from `at` on that is not plain; `end` if there is none. */
static inline const char *mr_plain_end(const char *at, const char *end)
{
    for (uint64_t word; end - at >= (ptrdiff_t)sizeof(word); at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        uint64_t odd = mr_plain_odd(word);
        if (odd != 0)
            return at + (__builtin_ctzll(odd) >> 3);
    }
    while (at < end && mr_plain_byte(*at))
        at++;
    return at;
}

/* Returns fewer than eight bytes as a word, with letters behind them. */
static inline uint64_t mr_plain_short(const char *text, size_t length)
{
    uint64_t word = (uint64_t)0x6161616161616161u << (length * 8);
    if (length >= 4) {
        uint32_t first, last;
        memcpy(&first, text, 4);
        memcpy(&last, text + length - 4, 4);
        return word | first | (uint64_t)last << ((length - 4) * 8);
    }
    if (length == 0)
        return word;
    for (size_t at = 0; at < 3; at++) /* if there are fewer, the last byte again */
        word |= (uint64_t)(unsigned char)text[at < length ? at : length - 1]
                << ((at < length ? at : length - 1) * 8);
    return word;
}

/* Returns true if all of the text is plain. */
static inline bool mr_plain_all(const char *text, size_t length)
{
    uint64_t word, odd = 0;
    if (length < sizeof(word))
        return mr_plain_odd(mr_plain_short(text, length)) == 0;
    for (size_t at = 0; at + sizeof(word) <= length && odd == 0; at += sizeof(word)) {
        memcpy(&word, text + at, sizeof(word));
        odd = mr_plain_odd(word);
    }
    memcpy(&word, text + length - sizeof(word), sizeof(word));
    return (odd | mr_plain_odd(word)) == 0;
}

/* Returns the first byte from `at` on that is neither plain nor part of a character in UTF-8; `end`
 * if there is none. */
const char *mr_text_end(const char *at, const char *end);

#endif
