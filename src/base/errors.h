/* A list of errors for people, each "place: what is wrong and what to do". All errors are reported
 * at once. */
#ifndef MR_BASE_ERRORS_H
#define MR_BASE_ERRORS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* {0} is an empty list; mr_errors_free() empties it again. */
struct mr_errors {
    struct mr_buf text; /* one line per error */
    size_t count;
};

void mr_errors_add(struct mr_errors *errors, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *mr_errors_text(const struct mr_errors *errors); /* borrowed; lines end in \n */
void mr_errors_free(struct mr_errors *errors);

#endif
