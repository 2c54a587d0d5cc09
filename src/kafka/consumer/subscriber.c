#include "kafka/consumer/subscriber.h"

#include <string.h>

#include "kafka/conf.h"

static void drop_list(rd_kafka_topic_partition_list_t **list)
{
    if (*list != NULL)
        rd_kafka_topic_partition_list_destroy(*list);
    *list = NULL;
}

static bool has_topic(const rd_kafka_topic_partition_list_t *list, const char *topic)
{
    for (int i = 0; i < list->cnt; i++)
        if (strcmp(list->elems[i].topic, topic) == 0)
            return true;
    return false;
}

static bool owns_others_than(const struct mr_subscriber *subscriber,
                             const rd_kafka_topic_partition_list_t *wanted)
{
    rd_kafka_topic_partition_list_t *owned = NULL;
    bool others = false;
    if (rd_kafka_assignment(subscriber->handle, &owned) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    for (int i = 0; i < owned->cnt; i++)
        others = others || !has_topic(wanted, owned->elems[i].topic);
    rd_kafka_topic_partition_list_destroy(owned);
    return others;
}

/* Returns true if the consumer has lost its membership and joins anew. If it gets a topic then that
 * librdkafka has not seen, librdkafka aborts the process (rd_kafka_cgrp_modify_subscription). */
static bool joins_anew(const struct mr_subscriber *subscriber)
{
    if (subscriber->current == NULL || subscriber->current->cnt == 0 ||
        !atomic_load(&subscriber->beats->ever_joined))
        return false;
    char *id = rd_kafka_memberid(subscriber->handle);
    bool is_member = id != NULL && id[0] != '\0';
    rd_kafka_mem_free(subscriber->handle, id);
    return !is_member;
}

/* Takes over the list. */
static rd_kafka_resp_err_t use(struct mr_subscriber *subscriber,
                               rd_kafka_topic_partition_list_t *wanted)
{
    rd_kafka_resp_err_t error = wanted->cnt > 0 ? rd_kafka_subscribe(subscriber->handle, wanted)
                                                : rd_kafka_unsubscribe(subscriber->handle);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_topic_partition_list_destroy(wanted);
        return error;
    }
    drop_list(&subscriber->current);
    subscriber->current = wanted;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void log_failure(const struct mr_subscriber *subscriber, rd_kafka_resp_err_t error)
{
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        mr_kafka_log_failure(subscriber->handle, "subscribe_failed", rd_kafka_err2str(error));
}

static bool same_topics(const rd_kafka_topic_partition_list_t *a,
                        const rd_kafka_topic_partition_list_t *b)
{
    if (a == NULL || a->cnt != b->cnt)
        return false;
    for (int i = 0; i < a->cnt; i++)
        if (strcmp(a->elems[i].topic, b->elems[i].topic) != 0)
            return false;
    return true;
}

/* Returns the wanted topics that are in the current subscription. */
static rd_kafka_topic_partition_list_t *kept_of(const struct mr_subscriber *subscriber,
                                                const rd_kafka_topic_partition_list_t *wanted)
{
    rd_kafka_topic_partition_list_t *kept = rd_kafka_topic_partition_list_new(wanted->cnt);
    for (int i = 0; subscriber->current != NULL && i < wanted->cnt; i++)
        if (has_topic(subscriber->current, wanted->elems[i].topic))
            rd_kafka_topic_partition_list_add(kept, wanted->elems[i].topic, RD_KAFKA_PARTITION_UA);
    return kept;
}

/* Changes the subscription as far as possible now; takes over the list. If topics are removed and
 * topics that librdkafka has not seen are added at once, it treats the removed topics' partitions
 * as lost. So removed topics go first, and the new ones follow when that is done. A consumer that
 * joins anew changes nothing before it has joined. */
static rd_kafka_resp_err_t change_to(struct mr_subscriber *subscriber,
                                     rd_kafka_topic_partition_list_t *wanted)
{
    if (wanted->cnt > 0 && joins_anew(subscriber)) {
        subscriber->next = wanted;
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_topic_partition_list_t *kept = kept_of(subscriber, wanted);
    bool at_once = kept->cnt == wanted->cnt || !owns_others_than(subscriber, wanted);
    if (at_once || same_topics(subscriber->current, kept)) {
        subscriber->next = at_once ? NULL : wanted;
        rd_kafka_topic_partition_list_destroy(kept);
        return at_once ? use(subscriber, wanted) : RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    subscriber->next = wanted;
    return use(subscriber, kept);
}

void mr_subscriber_further(struct mr_subscriber *subscriber)
{
    rd_kafka_topic_partition_list_t *next = subscriber->next;
    if (next == NULL)
        return;
    subscriber->next = NULL;
    log_failure(subscriber, change_to(subscriber, next));
}

int mr_subscriber_want(struct mr_subscriber *subscriber, const char *const *topics, size_t count,
                       struct mr_errors *errors)
{
    rd_kafka_topic_partition_list_t *wanted = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(wanted, topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_topic_partition_list_sort(wanted, NULL, NULL);
    if (same_topics(subscriber->next != NULL ? subscriber->next : subscriber->current, wanted)) {
        rd_kafka_topic_partition_list_destroy(wanted);
        return 0;
    }
    drop_list(&subscriber->next);
    rd_kafka_resp_err_t error = change_to(subscriber, wanted);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    mr_errors_add(errors, "kafka: cannot subscribe: %s", rd_kafka_err2str(error));
    return -1;
}

void mr_subscriber_anew(struct mr_subscriber *subscriber,
                        const rd_kafka_topic_partition_list_t *missing)
{
    if (subscriber->current == NULL || subscriber->next != NULL || joins_anew(subscriber))
        return;
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_copy(subscriber->current);
    rd_kafka_topic_partition_list_t *without = rd_kafka_topic_partition_list_copy(all);
    for (int i = 0; i < missing->cnt; i++)
        rd_kafka_topic_partition_list_del(without, missing->elems[i].topic, RD_KAFKA_PARTITION_UA);
    log_failure(subscriber, use(subscriber, without));
    log_failure(subscriber, use(subscriber, all));
}

void mr_subscriber_stay(struct mr_subscriber *subscriber)
{
    drop_list(&subscriber->next);
}

void mr_subscriber_free(struct mr_subscriber *subscriber)
{
    drop_list(&subscriber->current);
    drop_list(&subscriber->next);
}
