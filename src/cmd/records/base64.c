#include "cmd/records/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static uint32_t byte_at(struct mr_bytes bytes, size_t at)
{
    return at < bytes.length ? (uint8_t)bytes.data[at] : 0;
}

void mr_base64(struct mr_buf *to, struct mr_bytes bytes)
{
    for (size_t i = 0; i < bytes.length; i += 3) {
        uint32_t group =
            byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2);
        size_t left = bytes.length - i;
        const char four[] = {digits[group >> 18 & 63], digits[group >> 12 & 63],
                             left > 1 ? digits[group >> 6 & 63] : '=',
                             left > 2 ? digits[group & 63] : '='};
        mr_buf_append(to, four, sizeof(four));
    }
}
