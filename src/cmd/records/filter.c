#include "cmd/records/filter.h"

#include <string.h>

static bool has_header(const struct mr_pair *headers, size_t count, const struct mr_pair *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (mr_bytes_equal(headers[i].name, wanted->name) && headers[i].value.data != NULL &&
            mr_bytes_equal(headers[i].value, wanted->value))
            return true;
    return false;
}

static bool contains(struct mr_bytes text, const char *part)
{
    return text.data != NULL && memmem(text.data, text.length, part, strlen(part)) != NULL;
}

bool mr_record_passes(const struct mr_record_filter *filter, const struct mr_message *message,
                      const struct mr_pair *headers, size_t count)
{
    bool passes = true;
    if (filter->key != NULL)
        passes =
            message->key.data != NULL && mr_bytes_equal(message->key, mr_bytes_of(filter->key));
    for (size_t i = 0; i < filter->header_count; i++)
        passes = passes && has_header(headers, count, &filter->headers[i]);
    return passes && (filter->grep == NULL || contains(message->value, filter->grep));
}
