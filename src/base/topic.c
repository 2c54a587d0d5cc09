#include "base/topic.h"

#include <string.h>

enum { LONGEST = 249 };

static bool is_legal_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool mr_topic_internal(struct mr_bytes name)
{
    return mr_bytes_equal(name, MR_BYTES("__consumer_offsets")) ||
           mr_bytes_equal(name, MR_BYTES("__transaction_state")) ||
           mr_bytes_equal(name, MR_BYTES("__share_group_state"));
}

bool mr_topic_by_name_only(const char *name)
{
    return strncmp(name, "__", 2) == 0;
}

bool mr_topic_legal(struct mr_bytes name)
{
    if (name.length == 0 || name.length > LONGEST)
        return false;
    if (mr_bytes_equal(name, MR_BYTES(".")) || mr_bytes_equal(name, MR_BYTES("..")))
        return false;
    for (size_t i = 0; i < name.length; i++)
        if (!is_legal_character(name.data[i]))
            return false;
    return true;
}
