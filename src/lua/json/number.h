/* Numbers as JSON writes them (RFC 8259, section 6), read exactly. */
#ifndef MR_LUA_JSON_NUMBER_H
#define MR_LUA_JSON_NUMBER_H

#include <stdint.h>

struct mr_number {
    enum {
        MR_NUMBER_INTEGER, /* written without point and exponent, and an int64_t; but not -0 */
        MR_NUMBER_DOUBLE,  /* the nearest, the even one of two */
        MR_NUMBER_NO_DIGIT,
        MR_NUMBER_TOO_LARGE, /* for a double */
    } kind;
    int64_t integer;
    double real;
};

/* Reads the number at `text`, '-' or a digit. Returns what comes behind it; NO_DIGIT: where one is
 * missing. */
const char *mr_number_read(const char *text, const char *end, struct mr_number *number);

#endif
