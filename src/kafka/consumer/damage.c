#include "kafka/consumer/damage.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"

enum { READ_AGAIN_MS = 5000, LOG_AGAIN_MS = 60000 };

struct mr_damaged {
    char *topic;
    int32_t partition;
    uint64_t logged; /* ms */
    uint64_t again;  /* ms, when it is read again; 0: it is being read */
    struct mr_damaged *next;
};

bool mr_damage_is(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__BAD_MSG || error == RD_KAFKA_RESP_ERR__BAD_COMPRESSION ||
           error == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED;
}

/* Returns the link to the partition's entry, or the end of the list. */
static struct mr_damaged **link_of(struct mr_damage *damage, const char *topic, int32_t partition)
{
    struct mr_damaged **link = &damage->all;
    while (*link != NULL && ((*link)->partition != partition || strcmp((*link)->topic, topic) != 0))
        link = &(*link)->next;
    return link;
}

static struct mr_damaged *add(struct mr_damaged **link, const char *topic, int32_t partition)
{
    struct mr_damaged *damaged = mr_alloc(sizeof(*damaged));
    *damaged = (struct mr_damaged){.topic = mr_strdup(topic), .partition = partition};
    *link = damaged;
    return damaged;
}

static void forget(struct mr_damaged **link)
{
    struct mr_damaged *damaged = *link;
    *link = damaged->next;
    free(damaged->topic);
    free(damaged);
}

static void log_damage(const struct mr_damage *damage, struct mr_damaged *damaged, uint64_t now,
                       const rd_kafka_message_t *message)
{
    if (damaged->logged != 0 && now - damaged->logged < LOG_AGAIN_MS)
        return;
    damaged->logged = now;
    mr_log(MR_LOG_ERROR, "partition_damaged", MR_S("group", damage->group_id),
           MR_S("topic", damaged->topic), MR_I("partition", damaged->partition),
           MR_I("offset", message->offset), MR_S("message", rd_kafka_message_errstr(message)));
}

bool mr_damage_error(struct mr_damage *damage, const rd_kafka_message_t *message)
{
    if (!mr_damage_is(message->err) || message->rkt == NULL)
        return false;
    uint64_t now = mr_clock_ms();
    const char *topic = rd_kafka_topic_name(message->rkt);
    struct mr_damaged **link = link_of(damage, topic, message->partition);
    struct mr_damaged *damaged = *link == NULL ? add(link, topic, message->partition) : *link;
    damaged->again = now + READ_AGAIN_MS;
    mr_pauses_add(damage->pauses, topic, message->partition, MR_PAUSE_DAMAGED);
    log_damage(damage, damaged, now, message);
    return true;
}

void mr_damage_took(struct mr_damage *damage, const rd_kafka_message_t *message)
{
    if (damage->all == NULL)
        return;
    struct mr_damaged **link =
        link_of(damage, rd_kafka_topic_name(message->rkt), message->partition);
    if (*link == NULL)
        return;
    mr_log(MR_LOG_INFO, "partition_mended", MR_S("group", damage->group_id),
           MR_S("topic", (*link)->topic), MR_I("partition", (*link)->partition),
           MR_I("offset", message->offset));
    forget(link);
}

void mr_damage_revoked(struct mr_damage *damage, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; damage->all != NULL && i < list->cnt; i++) {
        struct mr_damaged **link = link_of(damage, list->elems[i].topic, list->elems[i].partition);
        if (*link != NULL)
            forget(link);
    }
}

/* Returns the offset at which the partition was assigned, which may be a named position. */
static int64_t assigned_at(rd_kafka_t *handle, const char *topic, int32_t partition)
{
    rd_kafka_topic_partition_list_t *owned;
    if (rd_kafka_assignment(handle, &owned) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return RD_KAFKA_OFFSET_INVALID;
    const rd_kafka_topic_partition_t *found =
        rd_kafka_topic_partition_list_find(owned, topic, partition);
    int64_t offset = found == NULL ? RD_KAFKA_OFFSET_INVALID : found->offset;
    rd_kafka_topic_partition_list_destroy(owned);
    return offset;
}

/* Sets the partition back to its next message. Meanwhile librdkafka may have left for an offset
 * that it took from the bytes of the damaged batch. */
static void set_back(rd_kafka_t *handle, const struct mr_damaged *damaged)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *place =
        rd_kafka_topic_partition_list_add(list, damaged->topic, damaged->partition);
    rd_kafka_position(handle, list);
    if (place->offset == RD_KAFKA_OFFSET_INVALID)
        place->offset = assigned_at(handle, damaged->topic, damaged->partition);
    if (place->offset != RD_KAFKA_OFFSET_INVALID)
        rd_kafka_error_destroy(rd_kafka_seek_partitions(handle, list, 0));
    rd_kafka_topic_partition_list_destroy(list);
}

size_t mr_damage_look(struct mr_damage *damage)
{
    size_t count = 0;
    for (struct mr_damaged *each = damage->all; each != NULL; each = each->next) {
        count++;
        if (each->again == 0 || each->again > mr_clock_ms())
            continue;
        each->again = 0;
        set_back(damage->pauses->handle, each);
        mr_pauses_drop(damage->pauses, each->topic, each->partition, MR_PAUSE_DAMAGED);
    }
    return count;
}

void mr_damage_free(struct mr_damage *damage)
{
    while (damage->all != NULL)
        forget(&damage->all);
}
