/* Powers of ten to 128 bits. They turn decimal digits into doubles and back without long
 * arithmetic. */
#ifndef MR_BASE_POWERS_H
#define MR_BASE_POWERS_H

#include <stdint.h>

enum { MR_POWER_LEAST = -348, MR_POWER_MOST = 324 };

/* 10^n = (high * 2^64 + low + r) * 2^e, with 0 <= r < 1. The highest bit of `high` is set; e is
 * mr_power_exponent(n) - 127. */
struct mr_power {
    uint64_t high, low;
};

/* Returns 10^n, for n from MR_POWER_LEAST to MR_POWER_MOST. The first call makes the table. */
struct mr_power mr_power_of_ten(int n);

/* Returns floor(log2(10^n)). log2(10) to 20 bits is enough for such n. */
static inline int mr_power_exponent(int n)
{
    return (n * 1741647) >> 19;
}

/* Returns true if r is 0: 5^55 is the last power that fits in 128 bits. */
static inline int mr_power_is_exact(int n)
{
    return n >= 0 && n <= 55;
}

#endif
