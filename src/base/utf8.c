#include "base/utf8.h"

/* The well-formed sequences are those of the Unicode Standard's table 3-7. */

static bool continues(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

static bool is_of_three(const unsigned char *bytes)
{
    return continues(bytes[1]) && continues(bytes[2]) && (bytes[0] != 0xe0 || bytes[1] >= 0xa0) &&
           (bytes[0] != 0xed || bytes[1] < 0xa0);
}

static bool is_of_four(const unsigned char *bytes)
{
    return bytes[0] <= 0xf4 && continues(bytes[1]) && continues(bytes[2]) && continues(bytes[3]) &&
           (bytes[0] != 0xf0 || bytes[1] >= 0x90) && (bytes[0] != 0xf4 || bytes[1] < 0x90);
}

size_t mr_utf8_length(const char *text, size_t available)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (available == 0)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    if (bytes[0] < 0xe0)
        return bytes[0] >= 0xc2 && available >= 2 && continues(bytes[1]) ? 2 : 0;
    if (bytes[0] < 0xf0)
        return available >= 3 && is_of_three(bytes) ? 3 : 0;
    return available >= 4 && is_of_four(bytes) ? 4 : 0;
}

bool mr_utf8_valid(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t run = mr_utf8_length(text + i, length - i);
        if (run == 0)
            return false;
        i += run;
    }
    return true;
}
