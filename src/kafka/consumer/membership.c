#include "kafka/consumer/membership.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"

struct mr_membership {
    char *group_id;
    rd_kafka_consumer_group_metadata_t *metadata;
    size_t holders;
};

static bool same(const rd_kafka_consumer_group_metadata_t *a,
                 const rd_kafka_consumer_group_metadata_t *b)
{
    void *bytes[2];
    size_t sizes[2];
    rd_kafka_error_t *error = rd_kafka_consumer_group_metadata_write(a, &bytes[0], &sizes[0]);
    MR_ASSERT(error == NULL);
    error = rd_kafka_consumer_group_metadata_write(b, &bytes[1], &sizes[1]);
    MR_ASSERT(error == NULL);
    bool equal = sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], sizes[0]) == 0;
    rd_kafka_mem_free(NULL, bytes[0]);
    rd_kafka_mem_free(NULL, bytes[1]);
    return equal;
}

struct mr_membership *mr_membership_of(rd_kafka_t *consumer, const char *group_id)
{
    rd_kafka_consumer_group_metadata_t *now = rd_kafka_consumer_group_metadata(consumer);
    if (now == NULL)
        return NULL;
    /* A client that was just expelled looks like a client that never was in a group. A coordinator
     * accepts the offsets of such a client unchecked. */
    rd_kafka_consumer_group_metadata_t *none = rd_kafka_consumer_group_metadata_new(group_id);
    bool member = !same(now, none);
    rd_kafka_consumer_group_metadata_destroy(none);
    if (!member) {
        rd_kafka_consumer_group_metadata_destroy(now);
        return NULL;
    }
    struct mr_membership *membership = mr_alloc(sizeof(*membership));
    *membership = (struct mr_membership){mr_strdup(group_id), now, 1};
    return membership;
}

struct mr_membership *mr_membership_hold(struct mr_membership *membership)
{
    if (membership != NULL)
        membership->holders++;
    return membership;
}

void mr_membership_release(struct mr_membership *membership)
{
    if (membership == NULL || --membership->holders > 0)
        return;
    rd_kafka_consumer_group_metadata_destroy(membership->metadata);
    free(membership->group_id);
    free(membership);
}

const char *mr_membership_group(const struct mr_membership *membership)
{
    return membership->group_id;
}

const rd_kafka_consumer_group_metadata_t *
mr_membership_metadata(const struct mr_membership *membership)
{
    return membership->metadata;
}
