#include "base/panic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void mr_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "moonroute: panic at %s:%d: %s\n", file, line, what);
    abort();
}

void *mr_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (memory == NULL)
        mr_panic(__FILE__, __LINE__, "out of memory");
    return memory;
}

void *mr_realloc(void *memory, size_t size)
{
    void *moved = realloc(memory, size ? size : 1);
    if (moved == NULL)
        mr_panic(__FILE__, __LINE__, "out of memory");
    return moved;
}

char *mr_strdup(const char *text)
{
    return mr_strndup(text, strlen(text));
}

char *mr_strndup(const char *bytes, size_t length)
{
    char *copy = mr_alloc(length + 1);
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}
