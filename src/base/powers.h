/* Powers of ten, to 128 bits: what turns decimal digits into doubles and back without long
 * arithmetic. */
#ifndef MR_BASE_POWERS_H
#define MR_BASE_POWERS_H

#include <stdint.h>

enum { MR_POWER_LEAST = -348, MR_POWER_MOST = 324 };

/* 10^n = (high * 2^64 + low + r) * 2^e, 0 <= r < 1, the highest bit of `high` set; e is
 * mr_power_exponent(n) - 127. */
struct mr_power {
    uint64_t high, low;
};

/* n: from MR_POWER_LEAST to MR_POWER_MOST. The table is made at the first call. */
struct mr_power mr_power_of_ten(int n);

/* floor(log2(10^n)): log2(10) to 20 bits is enough for such n. */
static inline int mr_power_exponent(int n)
{
    return (n * 1741647) >> 19;
}

/* True where r is 0: 5^55 is the last that fits. */
static inline int mr_power_is_exact(int n)
{
    return n >= 0 && n <= 55;
}

#endif
