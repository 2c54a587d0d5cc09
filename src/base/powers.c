#include "base/powers.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/panic.h"

/* A power of five, or 2^TOP divided by one, in 64-bit digits, the lowest first. Both fit: 5^324 has
 * 753 bits; 5^348 has 809, which leave the required 128 bits of 2^TOP. */
enum { DIGITS = 16, TOP = 64 * DIGITS - 1 };

struct number {
    uint64_t digits[DIGITS];
};

static struct mr_power table[MR_POWER_MOST - MR_POWER_LEAST + 1];

static void times_five(struct number *number)
{
    unsigned __int128 carry = 0;
    for (size_t i = 0; i < DIGITS; i++) {
        carry += (unsigned __int128)number->digits[i] * 5;
        number->digits[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

/* Divides and rounds down. Errors do not add up: floor(floor(x / 5) / 5) is floor(x / 25). */
static void by_five(struct number *number)
{
    unsigned __int128 rest = 0;
    for (size_t i = DIGITS; i-- > 0;) {
        rest = rest << 64 | number->digits[i];
        number->digits[i] = (uint64_t)(rest / 5);
        rest %= 5;
    }
}

/* Returns 128 bits, beginning with the highest one that is set. */
static struct mr_power top_of(const struct number *number)
{
    size_t at = DIGITS - 1;
    while (number->digits[at] == 0)
        at--;
    uint64_t below[3] = {0};
    for (size_t i = 0; i < 3 && i <= at; i++)
        below[i] = number->digits[at - i];
    int shift = __builtin_clzll(below[0]);
    if (shift == 0)
        return (struct mr_power){below[0], below[1]};
    return (struct mr_power){below[0] << shift | below[1] >> (64 - shift),
                             below[1] << shift | below[2] >> (64 - shift)};
}

static void make_table(void)
{
    struct number up = {{1}}, down = {{0}};
    down.digits[DIGITS - 1] = (uint64_t)1 << 63;
    for (int n = 0; n <= MR_POWER_MOST; n++, times_five(&up))
        table[n - MR_POWER_LEAST] = top_of(&up);
    for (int n = -1; n >= MR_POWER_LEAST; n--) {
        by_five(&down);
        table[n - MR_POWER_LEAST] = top_of(&down);
    }
}

struct mr_power mr_power_of_ten(int n)
{
    static bool made;
    if (__builtin_expect(!made, 0)) {
        make_table();
        made = true;
    }
    return table[n - MR_POWER_LEAST];
}
