#include "base/print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "base/utf8.h"

/* Returns the control character (C0, C1 or DEL) at the beginning of the text; -1 if there is
 * none. */
static int control_of(const char *text, size_t run)
{
    unsigned char byte = (unsigned char)text[0];
    if (run == 1)
        return byte < 0x20 || byte == 0x7f ? byte : -1;
    return byte == 0xc2 && (unsigned char)text[1] < 0xa0 ? (unsigned char)text[1] : -1;
}

static void print(FILE *to, struct mr_bytes text, const char *kept)
{
    for (size_t i = 0, run; i < text.length; i += run) {
        run = mr_utf8_length(text.data + i, text.length - i);
        int control = run == 0 ? -1 : control_of(text.data + i, run);
        if (run == 0) {
            fprintf(to, "\\x%02x", (unsigned char)text.data[i]);
            run = 1;
        } else if (control < 0 || (control > 0 && strchr(kept, control) != NULL)) {
            fwrite(text.data + i, 1, run, to);
        } else {
            fprintf(to, "\\u%04x", (unsigned)control);
        }
    }
}

void mr_print_bytes(FILE *to, struct mr_bytes text)
{
    print(to, text, "\n\t");
}

void mr_print_line(FILE *to, struct mr_bytes text)
{
    print(to, text, "");
}

void mr_print(FILE *to, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    MR_ASSERT(length >= 0);
    mr_print_bytes(to, (struct mr_bytes){text, (size_t)length});
    free(text);
}
