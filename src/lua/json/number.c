#include "lua/json/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "base/powers.h"

/* 19 digits fit into `value`. The number is value * 10^exponent if no digit other than 0 was left
 * out. */
enum { DIGITS_MOST = 19 };
/* Stops an exponent from overflowing. It exceeds the number of digits that any text can have. */
static const int64_t exponent_most = (int64_t)1 << 40;

struct decimal {
    uint64_t value;
    int64_t exponent;
    int count;      /* of digits in `value` */
    bool is_longer; /* a digit other than 0 was left out */
    bool is_whole;  /* written without a point and an exponent */
    bool is_negative;
};

static bool is_digit(const char *at, const char *end)
{
    return at < end && (unsigned char)(*at - '0') < 10;
}

/* Takes digits. Each digit that fits adds `taken` to the exponent, and each that is left out adds
 * `left_out`. */
static const char *take_digits(const char *at, const char *end, struct decimal *decimal, int taken,
                               int left_out)
{
    for (; is_digit(at, end); at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (decimal->count < DIGITS_MOST) {
            decimal->value = decimal->value * 10 + digit;
            decimal->count += decimal->value != 0;
            decimal->exponent += taken;
        } else {
            decimal->is_longer = decimal->is_longer || digit != 0;
            decimal->exponent += left_out;
        }
    }
    return at;
}

/* Returns the place behind the exponent; NULL if a digit is missing at `*behind`. */
static const char *take_exponent(const char *at, const char **behind, struct decimal *decimal,
                                 const char *end)
{
    bool is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    *behind = at;
    if (!is_digit(at, end))
        return NULL;
    int64_t exponent = 0;
    for (; is_digit(at, end); at++)
        if (exponent < exponent_most)
            exponent = exponent * 10 + (*at - '0');
    decimal->exponent += is_negative ? -exponent : exponent;
    return at;
}

/* Takes the fraction and the exponent, if there are any. Returns as take_exponent does. */
static const char *take_rest(const char *at, const char **behind, struct decimal *decimal,
                             const char *end)
{
    if (at < end && *at == '.') {
        decimal->is_whole = false;
        *behind = at + 1;
        if (!is_digit(at + 1, end))
            return NULL;
        at = take_digits(at + 1, end, decimal, -1, 0);
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        decimal->is_whole = false;
        return take_exponent(at + 1, behind, decimal, end);
    }
    return at;
}

/* --- to the nearest double --- */

/* William D. Clinger, "How to read floating point numbers accurately" (1990). Value and power are
 * exact doubles, so a single operation rounds only once. Returns false if one of them is not. */
static bool nearest_of_small(const struct decimal *decimal, double *nearest)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const int most = (int)(sizeof(tens) / sizeof(tens[0])) - 1;
    if (decimal->value > (uint64_t)1 << 53 || decimal->exponent < -most || decimal->exponent > most)
        return false;
    double value = (double)decimal->value;
    *nearest =
        decimal->exponent < 0 ? value / tens[-decimal->exponent] : value * tens[decimal->exponent];
    return true;
}

/* Computes the upper 128 bits of value * 10^n, with 64 bits of the power or, if these are not
 * enough, with 128. The lowest bits are inexact. Returns false if they leave the upper 55 bits in
 * doubt. */
static bool multiply(uint64_t value, int n, unsigned __int128 *product)
{
    struct mr_power power = mr_power_of_ten(n);
    *product = (unsigned __int128)value * power.high;
    if ((*product >> 64 & 0x1ff) != 0x1ff || (uint64_t)*product + value >= value)
        return true;
    unsigned __int128 more = (unsigned __int128)value * power.low;
    *product += (uint64_t)(more >> 64);
    return (*product >> 64 & 0x1ff) != 0x1ff || (uint64_t)*product != UINT64_MAX ||
           (uint64_t)more + value >= value;
}

/* Daniel Lemire, "Number parsing at a gigabyte per second" (2021), after Michael Eisel. Returns
 * false if 128 bits are not enough to round, or if the result is not a normal double. */
static bool nearest_of_product(uint64_t value, int n, double *nearest)
{
    unsigned __int128 product;
    int zeros = __builtin_clzll(value);
    if (!multiply(value << zeros, n, &product))
        return false;
    uint64_t upper = (uint64_t)(product >> 64), top = upper >> 63;
    uint64_t significand = upper >> (top + 9); /* 54 bits: the last one is for rounding */
    if ((uint64_t)product == 0 && (upper & 0x1ff) == 0 && (significand & 3) == 1)
        return false; /* may be a tie */
    significand = (significand + (significand & 1)) >> 1;
    int exponent = mr_power_exponent(n) + 64 - zeros + 1022 + (int)top;
    if (significand >> 53 != 0) {
        significand >>= 1;
        exponent++;
    }
    if (exponent < 1 || exponent > 2046)
        return false;
    uint64_t bits = (uint64_t)exponent << 52 | (significand & (((uint64_t)1 << 52) - 1));
    memcpy(nearest, &bits, sizeof(bits));
    return true;
}

static bool nearest_of(const struct decimal *decimal, double *nearest)
{
    double above;
    if (!decimal->is_longer && nearest_of_small(decimal, nearest))
        return true;
    if (decimal->exponent < MR_POWER_LEAST || decimal->exponent > 308)
        return false;
    int n = (int)decimal->exponent;
    if (!nearest_of_product(decimal->value, n, nearest))
        return false;
    return !decimal->is_longer ||
           (nearest_of_product(decimal->value + 1, n, &above) && above == *nearest);
}

/* Reads any text by strtod, which rounds correctly. The program never leaves the locale "C". */
static double nearest_of_text(const char *text, size_t length)
{
    char small[128], *copy = length < sizeof(small) ? small : mr_alloc(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    double nearest = strtod(copy, NULL);
    if (copy != small)
        free(copy);
    return nearest;
}

static double double_of(const struct decimal *decimal, const char *text, const char *end)
{
    double nearest;
    if (decimal->value == 0)
        return decimal->is_negative ? -0.0 : 0.0;
    if (!nearest_of(decimal, &nearest))
        return nearest_of_text(text, (size_t)(end - text));
    return decimal->is_negative ? -nearest : nearest;
}

/* Returns true if the number fits in an int64_t: -2^63 fits, 2^63 does not. -0 must be a double. */
static bool is_integer(const struct decimal *decimal)
{
    return decimal->is_whole && decimal->exponent == 0 &&
           decimal->value <= (uint64_t)INT64_MAX + decimal->is_negative &&
           !(decimal->is_negative && decimal->value == 0);
}

const char *mr_number_read(const char *text, const char *end, struct mr_number *number)
{
    struct decimal decimal = {.is_whole = true, .is_negative = *text == '-'};
    const char *at = text + decimal.is_negative, *behind = at;
    number->kind = MR_NUMBER_NO_DIGIT;
    if (!is_digit(at, end))
        return at;
    at = take_rest(*at == '0' ? at + 1 : take_digits(at, end, &decimal, 0, 1), &behind, &decimal,
                   end);
    if (at == NULL)
        return behind;
    if (is_integer(&decimal)) {
        number->kind = MR_NUMBER_INTEGER;
        number->integer = (int64_t)(decimal.is_negative ? 0 - decimal.value : decimal.value);
        return at;
    }
    number->real = double_of(&decimal, text, at);
    number->kind = isinf(number->real) ? MR_NUMBER_TOO_LARGE : MR_NUMBER_DOUBLE;
    return at;
}
