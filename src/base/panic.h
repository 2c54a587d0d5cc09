/* Asserts, which stay on in release builds; and allocation, which panics if there is no memory. */
#ifndef MR_BASE_PANIC_H
#define MR_BASE_PANIC_H

#include <stddef.h>

/* Prints the place and the reason on standard error and aborts. The master replaces a worker that
 * does. */
_Noreturn void mr_panic(const char *file, int line, const char *what);

#define MR_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : mr_panic(__FILE__, __LINE__, "assertion failed: " #condition))
#define MR_UNREACHABLE(what) mr_panic(__FILE__, __LINE__, "unreachable: " what)

/* Never returns NULL. The caller owns the memory: free() it. */
void *mr_alloc(size_t size); /* zeroed */
void *mr_realloc(void *memory, size_t size);
char *mr_strdup(const char *text);
char *mr_strndup(const char *bytes, size_t length); /* copies `length` bytes, adds a NUL */

#endif
