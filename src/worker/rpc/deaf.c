#include "worker/rpc/deaf.h"

#include <stdio.h>

static const struct {
    bool denied, lasts;
    const char *says;
} table[] = {
    [MR_DEAF_FORBIDDEN] = {true, true,
                           "is missing or may not be described, and may not be created: create it, "
                           "or allow CREATE on it; allow READ"},
    [MR_DEAF_HIDDEN] = {true, true, "may not be described: allow READ on it"},
    [MR_DEAF_DENIED] = {true, true, "may not be read: allow READ on it"},
    [MR_DEAF_MISSING] = {false, true,
                         "is missing or may not be described, and create_topics is false: create "
                         "it, and allow READ on it"},
    [MR_DEAF_UNASKED] = {false, false,
                         "is missing. It is created when the topic exists that is asked"},
    [MR_DEAF_UNKNOWN] = {false, false, "cannot be found, or created"},
    [MR_DEAF_GONE] = {false, false, "was deleted, or a partition of it"},
    [MR_DEAF_LEADERLESS] = {false, false,
                            "has a partition without a leader, whose replies are not read"},
    [MR_DEAF_NOT] = {false, false, "is read"},
};

static enum mr_deaf worse(enum mr_deaf a, enum mr_deaf b)
{
    return a < b ? a : b;
}

enum mr_deaf mr_deaf_worst(const struct mr_deafness *deafness)
{
    return worse(deafness->looked_up, worse(deafness->read, deafness->shown));
}

bool mr_deaf_is_denied(enum mr_deaf deaf)
{
    return table[deaf].denied;
}

bool mr_deaf_lasts(enum mr_deaf deaf)
{
    return table[deaf].lasts;
}

void mr_deaf_text(enum mr_deaf deaf, const char *topic, const char *detail, char *text, size_t size)
{
    bool detailed = (deaf == MR_DEAF_UNKNOWN || deaf == MR_DEAF_UNASKED) && detail[0] != '\0';
    snprintf(text, size, "the response topic %s %s%s%s", topic, table[deaf].says,
             detailed ? ": " : "", detailed ? detail : "");
}
