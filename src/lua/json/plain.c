#include "lua/json/plain.h"

#include "base/utf8.h"

const char *mr_text_end(const char *at, const char *end)
{
    while ((at = mr_plain_end(at, end)) < end && (unsigned char)*at >= 0x80) {
        do {
            size_t run = mr_utf8_length(at, (size_t)(end - at));
            if (run == 0)
                return at;
            at += run;
        } while (at < end && (unsigned char)*at >= 0x80);
    }
    return at;
}
