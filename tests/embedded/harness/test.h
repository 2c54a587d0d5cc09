/* What every embedded test includes: cmocka, waiting for what must come, and comparing text. */
#ifndef MR_EMBEDDED_TEST_H
#define MR_EMBEDDED_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"

enum { PATIENCE = 60000 }; /* ms: far more than anything here takes; a failure is told after it */

/* Prints the log of the router that was started last (router.c). */
void explain_failure(void);
#define fail_explained(...)                                                                        \
    do {                                                                                           \
        explain_failure();                                                                         \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

/* Looks again and again until the condition holds; the test fails when it does not within `ms`. */
#define AWAIT_WITHIN(ms, condition)                                                                \
    do {                                                                                           \
        uint64_t await_end = mr_clock_ms() + (uint64_t)(ms);                                       \
        while (!(condition)) {                                                                     \
            if (mr_clock_ms() >= await_end)                                                        \
                fail_explained("not within %d ms: %s", (int)(ms), #condition);                     \
            usleep(2000);                                                                          \
        }                                                                                          \
    } while (0)
#define AWAIT(condition) AWAIT_WITHIN(PATIENCE, condition)

/* The bytes are the pattern's, in which each # stands for a number (digits). */
#define assert_matches(bytes, pattern) check_matches(bytes, pattern, __FILE__, __LINE__)
void check_matches(struct mr_bytes bytes, const char *pattern, const char *file, int line);

/* The bytes are the text's. */
#define assert_text(bytes, text) check_text(bytes, text, __FILE__, __LINE__)
void check_text(struct mr_bytes bytes, const char *text, const char *file, int line);

#define assert_contains(text, part) check_contains(text, part, __FILE__, __LINE__)
void check_contains(const char *text, const char *part, const char *file, int line);

bool is_uuid(struct mr_bytes bytes);
/* From now on formatted like "name-17": apart from every one made before in this process. Kept
 * until the next few are made. */
const char *unique(const char *name);

#endif
