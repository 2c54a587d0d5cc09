#include "cmd/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/panic.h"
#include "base/print.h"

int mr_fail(const struct mr_command *command, int code, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    MR_ASSERT(vasprintf(&text, format, args) >= 0);
    va_end(args);
    mr_print(stderr, "moonroute %s: %s\n", command->name, text);
    free(text);
    return code;
}
