#include "kafka/consumer/pauses.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"

struct mr_rest {
    struct mr_bytes name; /* the partition's number, then its topic */
    const char *topic;    /* within the name */
    int32_t partition;
    bool assigned;
    unsigned reasons; /* of this partition alone */
    bool paused;      /* in librdkafka, which remembers the pause while the partition is away */
    struct mr_rest *next;
};

/* The changes for one call of librdkafka, since each call waits once for librdkafka's main
 * thread. */
struct change {
    rd_kafka_topic_partition_list_t *paused, *resumed;
};

static struct mr_rest *make(struct mr_pauses *pauses, struct mr_bytes name, const char *topic,
                            int32_t partition)
{
    struct mr_rest *rest = mr_alloc(sizeof(*rest) + name.length + 1);
    char *copy = (char *)(rest + 1);
    memcpy(copy, name.data, name.length);
    memcpy(copy + sizeof(partition), topic, strlen(topic) + 1);
    *rest = (struct mr_rest){.name = {copy, name.length},
                             .topic = copy + sizeof(partition),
                             .partition = partition,
                             .next = pauses->all};
    pauses->all = rest;
    mr_idmap_put(&pauses->by_name, rest->name, rest);
    return rest;
}

static struct mr_rest *look_up(struct mr_pauses *pauses, const char *topic, int32_t partition,
                               bool make_it)
{
    size_t length = strlen(topic);
    char name[sizeof(partition) + 256];
    MR_ASSERT(sizeof(partition) + length < sizeof(name)); /* Kafka's longest name has 249 bytes */
    memcpy(name, &partition, sizeof(partition));
    memcpy(name + sizeof(partition), topic, length + 1);
    struct mr_bytes key = {name, sizeof(partition) + length};
    struct mr_rest *found = mr_idmap_get(&pauses->by_name, key);
    return found == NULL && make_it ? make(pauses, key, topic, partition) : found;
}

static void note(rd_kafka_topic_partition_list_t **list, const struct mr_rest *rest)
{
    if (*list == NULL)
        *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(*list, rest->topic, rest->partition);
}

static void settle(const struct mr_pauses *pauses, struct mr_rest *rest, struct change *change)
{
    bool rests = (rest->reasons | pauses->everywhere) != 0;
    if (!rest->assigned || rest->paused == rests)
        return;
    rest->paused = rests;
    note(rests ? &change->paused : &change->resumed, rest);
}

static void carry_out(const struct mr_pauses *pauses, const struct change *change)
{
    if (change->paused != NULL) {
        rd_kafka_pause_partitions(pauses->handle, change->paused);
        rd_kafka_topic_partition_list_destroy(change->paused);
        mr_prefetch_paused(pauses->prefetch);
    }
    if (change->resumed != NULL) {
        rd_kafka_resume_partitions(pauses->handle, change->resumed);
        rd_kafka_topic_partition_list_destroy(change->resumed);
        mr_prefetch_resumed(pauses->prefetch);
    }
}

void mr_pauses_assigned(struct mr_pauses *pauses, const rd_kafka_topic_partition_list_t *list)
{
    struct change change = {0};
    for (int i = 0; i < list->cnt; i++) {
        struct mr_rest *rest =
            look_up(pauses, list->elems[i].topic, list->elems[i].partition, true);
        rest->assigned = true;
        rest->reasons = 0;
        settle(pauses, rest, &change);
    }
    carry_out(pauses, &change);
}

void mr_pauses_revoked(struct mr_pauses *pauses, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        struct mr_rest *rest =
            look_up(pauses, list->elems[i].topic, list->elems[i].partition, false);
        if (rest != NULL)
            rest->assigned = false;
    }
}

static void change_one(struct mr_pauses *pauses, const char *topic, int32_t partition,
                       unsigned added, unsigned dropped)
{
    struct change change = {0};
    struct mr_rest *rest = look_up(pauses, topic, partition, false);
    if (rest == NULL || !rest->assigned)
        return;
    rest->reasons = (rest->reasons | added) & ~dropped;
    settle(pauses, rest, &change);
    carry_out(pauses, &change);
}

void mr_pauses_add(struct mr_pauses *pauses, const char *topic, int32_t partition,
                   enum mr_pause reason)
{
    change_one(pauses, topic, partition, 1u << reason, 0);
}

void mr_pauses_drop(struct mr_pauses *pauses, const char *topic, int32_t partition,
                    enum mr_pause reason)
{
    change_one(pauses, topic, partition, 0, 1u << reason);
}

static void change_all(struct mr_pauses *pauses, unsigned everywhere)
{
    struct change change = {0};
    pauses->everywhere = everywhere;
    for (struct mr_rest *rest = pauses->all; rest != NULL; rest = rest->next)
        settle(pauses, rest, &change);
    carry_out(pauses, &change);
}

void mr_pauses_add_all(struct mr_pauses *pauses, enum mr_pause reason)
{
    change_all(pauses, pauses->everywhere | 1u << reason);
}

void mr_pauses_drop_all(struct mr_pauses *pauses, enum mr_pause reason)
{
    change_all(pauses, pauses->everywhere & ~(1u << reason));
}

void mr_pauses_free(struct mr_pauses *pauses)
{
    while (pauses->all != NULL) {
        struct mr_rest *rest = pauses->all;
        pauses->all = rest->next;
        free(rest);
    }
    mr_idmap_free(&pauses->by_name);
    *pauses = (struct mr_pauses){0};
}
