#include "kafka/consumer/assignment.h"

#include <stdbool.h>
#include <string.h>

/* ConsumerProtocolAssignment: a version of two bytes; an array of topics, each a string and an
 * array of partitions; and the assignor's own data. Numbers are big-endian. */
struct bytes {
    const unsigned char *at;
    size_t left;
    bool bad; /* there were too few bytes */
};

static const unsigned char *skip(struct bytes *bytes, size_t size)
{
    const unsigned char *from = bytes->at;
    bytes->bad = bytes->bad || size > bytes->left;
    if (bytes->bad)
        return NULL;
    bytes->at += size;
    bytes->left -= size;
    return from;
}

static uint32_t take_number(struct bytes *bytes, size_t size)
{
    const unsigned char *from = skip(bytes, size);
    uint32_t number = 0;
    for (size_t i = 0; from != NULL && i < size; i++)
        number = number << 8 | from[i];
    return number;
}

static int32_t take_topic(struct bytes *bytes, const char *topic)
{
    size_t length = take_number(bytes, 2);
    const unsigned char *name = skip(bytes, length);
    size_t count = take_number(bytes, 4);
    skip(bytes, 4 * count);
    bool same = !bytes->bad && length == strlen(topic) && memcmp(name, topic, length) == 0;
    return same ? (int32_t)count : 0;
}

static int32_t count_of(const struct rd_kafka_group_member_info *member, const char *topic)
{
    struct bytes bytes = {member->member_assignment, (size_t)member->member_assignment_size, false};
    int32_t count = 0;
    take_number(&bytes, 2);
    for (uint32_t topics = take_number(&bytes, 4); topics > 0 && !bytes.bad; topics--)
        count += take_topic(&bytes, topic);
    return bytes.bad ? 0 : count;
}

int32_t mr_assignment_count(const struct rd_kafka_group_info *group, const char *topic)
{
    int32_t count = 0;
    for (int i = 0; i < group->member_cnt; i++)
        count += count_of(&group->members[i], topic);
    return count;
}
