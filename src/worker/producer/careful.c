#include "worker/producer/careful.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"

static size_t place_of(const struct mr_careful *careful, const char *topic)
{
    size_t place = 0;
    while (place < careful->count && strcmp(careful->topics[place].topic, topic) != 0)
        place++;
    return place;
}

static void take_out(struct mr_careful *careful, size_t place)
{
    free(careful->topics[place].topic);
    careful->topics[place] = careful->topics[--careful->count];
}

static size_t soonest(const struct mr_careful *careful)
{
    size_t place = 0;
    for (size_t i = 1; i < careful->count; i++)
        if (careful->topics[i].until < careful->topics[place].until)
            place = i;
    return place;
}

void mr_careful_add(struct mr_careful *careful, const char *topic, uint64_t now)
{
    size_t place = place_of(careful, topic);
    if (place == careful->count) {
        if (careful->count == MR_CAREFUL_TOPICS)
            take_out(careful, soonest(careful));
        place = careful->count++;
        careful->topics[place].topic = mr_strdup(topic);
    }
    careful->topics[place].until = now + MR_CAREFUL_MS;
}

bool mr_careful_has(const struct mr_careful *careful, const char *topic)
{
    return place_of(careful, topic) < careful->count;
}

void mr_careful_tick(struct mr_careful *careful, uint64_t now)
{
    for (size_t i = careful->count; i > 0; i--)
        if (careful->topics[i - 1].until <= now)
            take_out(careful, i - 1);
}

void mr_careful_free(struct mr_careful *careful)
{
    while (careful->count > 0)
        take_out(careful, careful->count - 1);
}
