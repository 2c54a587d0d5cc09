/* Reads numbers as JSON writes them (RFC 8259, section 6), exactly. */
#ifndef MR_LUA_JSON_NUMBER_H
#define MR_LUA_JSON_NUMBER_H

#include <stdint.h>

struct mr_number {
    enum {
        MR_NUMBER_INTEGER, /* fits in an int64_t, written without point and exponent; not -0 */
        MR_NUMBER_DOUBLE,  /* the nearest one, the even one of two that are equally near */
        MR_NUMBER_NO_DIGIT,
        MR_NUMBER_TOO_LARGE, /* for a double */
    } kind;
    int64_t integer;
    double real;
};

/* Reads the number at `text`, which begins with '-' or a digit. Returns the place behind it; or,
 * with NO_DIGIT, the place at which a digit is missing. */
const char *mr_number_read(const char *text, const char *end, struct mr_number *number);

#endif
