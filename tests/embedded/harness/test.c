#include "harness/test.h"

#include <ctype.h>

static bool matches(struct mr_bytes bytes, const char *pattern)
{
    const char *at = bytes.data, *end = bytes.data + bytes.length;
    for (; *pattern != '\0'; pattern++) {
        if (at == end)
            return false;
        if (*pattern != '#') {
            if (*at++ != *pattern)
                return false;
            continue;
        }
        if (!isdigit((unsigned char)*at))
            return false;
        while (at < end && isdigit((unsigned char)*at))
            at++;
    }
    return at == end;
}

static void tell(struct mr_bytes bytes, const char *wanted, const char *file, int line)
{
    if (bytes.data == NULL)
        print_error("got nothing at all\nwanted %s\n", wanted);
    else
        print_error("got    %.*s\nwanted %s\n", (int)bytes.length, bytes.data, wanted);
    explain_failure();
    _fail(file, line);
}

void check_matches(struct mr_bytes bytes, const char *pattern, const char *file, int line)
{
    if (bytes.data == NULL || !matches(bytes, pattern))
        tell(bytes, pattern, file, line);
}

void check_text(struct mr_bytes bytes, const char *text, const char *file, int line)
{
    if (bytes.data == NULL || !mr_bytes_equal(bytes, mr_bytes_of(text)))
        tell(bytes, text, file, line);
}

void check_contains(const char *text, const char *part, const char *file, int line)
{
    if (strstr(text, part) == NULL)
        tell(mr_bytes_of(text), part, file, line);
}

bool is_uuid(struct mr_bytes bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? bytes.data[i] != '-' : !isxdigit((unsigned char)bytes.data[i]))
            return false;
    }
    return bytes.length == 36;
}

const char *unique(const char *name)
{
    static char names[16][64];
    static unsigned count;
    char *made = names[++count % 16];
    snprintf(made, sizeof(names[0]), "%s-%u", name, count);
    return made;
}
