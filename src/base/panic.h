/* What cannot be: asserts that stay on in release, and the one policy for memory that is not to be
 * had (panic). */
#ifndef MR_BASE_PANIC_H
#define MR_BASE_PANIC_H

#include <stddef.h>

/* Prints the place and the reason on standard error and aborts; the master replaces the worker. */
_Noreturn void mr_panic(const char *file, int line, const char *what);

#define MR_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : mr_panic(__FILE__, __LINE__, "assertion failed: " #condition))
#define MR_UNREACHABLE(what) mr_panic(__FILE__, __LINE__, "unreachable: " what)

/* Never NULL. The memory is the caller's: free() it. */
void *mr_alloc(size_t size); /* zeroed */
void *mr_realloc(void *memory, size_t size);
char *mr_strdup(const char *text);
char *mr_strndup(const char *bytes, size_t length); /* copies exactly `length` bytes, adds a NUL */

#endif
