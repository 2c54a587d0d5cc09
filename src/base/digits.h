/* Numbers written in decimal. */
#ifndef MR_BASE_DIGITS_H
#define MR_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>

/* Writes the number, with no NUL behind it; returns its length, MR_DIGITS_MOST at most. */
enum { MR_DIGITS_MOST = 20 };
size_t mr_digits(char *to, uint64_t value);

/* Writes a finite double as JSON has numbers, with no NUL behind it: the fewest digits that read
 * back as the same double, of those the nearest; a whole one below 2^64 in full, without an
 * exponent. Returns the length, MR_DOUBLE_MOST at most. */
enum { MR_DOUBLE_MOST = 32 };
size_t mr_double_digits(char *to, double value);

#endif
