#include "base/utf8.h"

/* The well-formed sequences of the Unicode Standard's table 3-7: lead bytes and what the second
 * byte may be. */
static const struct {
    unsigned char lead_low, lead_high, second_low, second_high, length;
} sequences[] = {
    {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool continues(const unsigned char *bytes, size_t from, size_t length)
{
    for (size_t i = from; i < length; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return false;
    return true;
}

size_t mr_utf8_length(const char *text, size_t available)
{
    const unsigned char *bytes = (const unsigned char *)text;
    for (size_t i = 0; available > 0 && i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        if (bytes[0] < sequences[i].lead_low || bytes[0] > sequences[i].lead_high)
            continue;
        size_t length = sequences[i].length;
        if (length == 1)
            return 1;
        if (available < length || bytes[1] < sequences[i].second_low ||
            bytes[1] > sequences[i].second_high)
            return 0;
        return continues(bytes, 2, length) ? length : 0;
    }
    return 0;
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
