#include "base/digits.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/powers.h"

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                            "34353637383940414243444546474849505152535455565758596061626364656667"
                            "6869707172737475767778798081828384858687888990919293949596979899";

static size_t count_of(uint64_t value)
{
    size_t count = 1;
    for (; value >= 10000; value /= 10000)
        count += 4;
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

size_t mr_digits(char *to, uint64_t value)
{
    size_t count = count_of(value);
    char *at = to + count;
    for (; value >= 100; value /= 100)
        memcpy(at -= 2, pairs + value % 100 * 2, 2);
    if (value >= 10)
        memcpy(at - 2, pairs + value * 2, 2);
    else
        at[-1] = (char)('0' + value);
    return count;
}

/* --- the shortest decimal: Raffaello Giulietti, "The Schubfach way to render doubles" (2020) ---
 */

/* digits * 10^exponent */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* A double: significand * 2^exponent. It differs from its neighbours by 2^exponent. */
struct binary {
    uint64_t significand;
    int exponent;
    bool is_power; /* its lower neighbour is half as far away */
};

static struct binary binary_of(double value)
{
    const uint64_t hidden = (uint64_t)1 << 52;
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    int exponent = (int)(bits >> 52 & 0x7ff);
    uint64_t fraction = bits & (hidden - 1);
    if (exponent == 0)
        return (struct binary){fraction, -1074, false};
    return (struct binary){fraction | hidden, exponent - 1075, fraction == 0 && exponent > 1};
}

/* Returns power * factor / 2^128. The last bit is set if bits are cut off ("round to odd"). */
static uint64_t scaled(struct mr_power power, uint64_t factor)
{
    unsigned __int128 low = (unsigned __int128)power.low * factor;
    unsigned __int128 high = (unsigned __int128)power.high * factor + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* Returns 10^n rounded up, as the paper requires. */
static struct mr_power rounded_up(int n)
{
    struct mr_power power = mr_power_of_ten(n);
    if (!mr_power_is_exact(n) && ++power.low == 0)
        power.high++;
    return power;
}

/* Four times the value, and four times the ends of the interval that reads back as the value. The
 * scale is such that at least two and fewer than 20 integers lie in the interval. */
struct interval {
    uint64_t lower, middle, upper;
};

static struct interval interval_of(struct binary value, int k)
{
    struct mr_power power = rounded_up(-k);
    int shift = value.exponent + mr_power_exponent(-k) + 1;
    uint64_t four = 4 * value.significand, open = value.significand & 1;
    return (struct interval){scaled(power, (four - 2 + value.is_power) << shift) + open,
                             scaled(power, four << shift),
                             scaled(power, (four + 2) << shift) - open};
}

static struct decimal shortest(struct binary value)
{
    /* floor(log10(2^exponent)); if is_power, of three quarters of it */
    int k = (value.exponent * 1262611 - (value.is_power ? 524031 : 0)) >> 22;
    struct interval in = interval_of(value, k);
    uint64_t s = in.middle / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool below = in.lower <= 40 * tens, above = 40 * tens + 40 <= in.upper;
        if (below != above)
            return (struct decimal){tens + above, k + 1};
    }
    bool below = in.lower <= 4 * s, above = 4 * s + 4 <= in.upper;
    if (below != above)
        return (struct decimal){s + above, k};
    uint64_t half = 4 * s + 2;
    bool up = in.middle > half || (in.middle == half && (s & 1) != 0);
    return (struct decimal){s + up, k};
}

static struct decimal without_zeros(struct decimal decimal)
{
    while (decimal.digits % 10000 == 0) {
        decimal.digits /= 10000;
        decimal.exponent += 4;
    }
    while (decimal.digits % 10 == 0) {
        decimal.digits /= 10;
        decimal.exponent++;
    }
    return decimal;
}

/* --- the text of the decimal --- */

/* The most zeros directly after the point: 0.00001 is the smallest number written without an
 * exponent. */
enum { ZEROS_MOST = 4 };

static size_t put_fraction(char *to, const char *digits, size_t count, int point)
{
    size_t whole = point > 0 ? (size_t)point : 0, zeros = point < 0 ? (size_t)-point : 0;
    char *at = to;
    memcpy(at, digits, whole);
    at += whole;
    if (whole == 0)
        *at++ = '0';
    *at++ = '.';
    memset(at, '0', zeros);
    memcpy(at + zeros, digits + whole, count - whole);
    return (size_t)(at - to) + zeros + count - whole;
}

static size_t put_scientific(char *to, const char *digits, size_t count, int exponent)
{
    char *at = to;
    *at++ = digits[0];
    if (count > 1) {
        *at++ = '.';
        memcpy(at, digits + 1, count - 1);
        at += count - 1;
    }
    *at++ = 'e';
    if (exponent < 0)
        *at++ = '-';
    at += mr_digits(at, (uint64_t)(exponent < 0 ? -exponent : exponent));
    return (size_t)(at - to);
}

static size_t put_decimal(char *to, struct decimal decimal)
{
    char digits[MR_DIGITS_MOST] = {0};
    size_t count = mr_digits(digits, decimal.digits);
    int point = (int)count + decimal.exponent; /* the place of the point among the digits */
    if (point >= -ZEROS_MOST && point < (int)count)
        return put_fraction(to, digits, count, point);
    return put_scientific(to, digits, count, point - 1);
}

size_t mr_double_digits(char *to, double value)
{
    size_t sign = signbit(value) ? 1 : 0;
    double size = fabs(value);
    if (sign > 0)
        *to++ = '-';
    if (size < 0x1p64 && size == (double)(uint64_t)size)
        return sign + mr_digits(to, (uint64_t)size);
    return sign + put_decimal(to, without_zeros(shortest(binary_of(size))));
}
