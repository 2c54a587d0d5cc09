#include "base/errors.h"

#include <stdarg.h>
#include <stdio.h>

void mr_errors_add(struct mr_errors *errors, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *to = mr_buf_reserve(&errors->text, (size_t)length + 1);
    va_start(args, format);
    vsnprintf(to, (size_t)length + 1, format, args);
    va_end(args);
    errors->text.length += (size_t)length;
    mr_buf_string(&errors->text, "\n");
    errors->count++;
}

const char *mr_errors_text(const struct mr_errors *errors)
{
    return mr_buf_text(&errors->text);
}

void mr_errors_free(struct mr_errors *errors)
{
    mr_buf_free(&errors->text);
    errors->count = 0;
}
