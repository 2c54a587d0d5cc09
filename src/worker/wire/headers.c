#include "worker/wire/headers.h"

bool mr_header_find(const struct mr_pair *headers, size_t count, struct mr_bytes name,
                    struct mr_bytes *value)
{
    for (size_t i = count; i-- > 0;) {
        if (!mr_header_is(&headers[i], name))
            continue;
        if (headers[i].value.data != NULL)
            *value = headers[i].value;
        return headers[i].value.data != NULL;
    }
    return false;
}

static bool has(const struct mr_pair *headers, size_t count, struct mr_bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (mr_header_is(&headers[i], name))
            return true;
    return false;
}

size_t mr_headers_append(struct mr_pair *headers, size_t own, const struct mr_pair *extra,
                         size_t count)
{
    size_t total = own;
    for (size_t i = 0; i < count; i++)
        if (!has(headers, own, extra[i].name))
            headers[total++] = extra[i];
    return total;
}
