/* Writes numbers in decimal. */
#ifndef MR_BASE_DIGITS_H
#define MR_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>

/* Writes the number, without a NUL behind it. Returns its length, at most MR_DIGITS_MOST. */
enum { MR_DIGITS_MOST = 20 };
size_t mr_digits(char *to, uint64_t value);

/* Writes a finite double as a JSON number, without a NUL behind it. Uses the fewest digits that
 * read back as the same double, and the nearest of such numbers. Writes a whole number below 2^64
 * in full, without an exponent. Returns the length, at most MR_DOUBLE_MOST. */
enum { MR_DOUBLE_MOST = 32 };
size_t mr_double_digits(char *to, double value);

#endif
