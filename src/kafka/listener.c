#include "kafka/listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "kafka/conf.h"
#include "kafka/endings.h"
#include "kafka/prefetch.h"
#include "kafka/view.h"

struct listened {
    rd_kafka_topic_t *handle;
    int32_t partitions;
    bool *reached;   /* by partition */
    int32_t missing; /* partitions that have not reached their end */
};

struct mr_listener {
    rd_kafka_t *handle;
    rd_kafka_queue_t *main;  /* errors and logs */
    rd_kafka_queue_t *queue; /* records */
    struct listened *topics;
    size_t topic_count;
    const struct mr_listener_events *events;
    void *data;
};

static void on_error(rd_kafka_t *handle, int error, const char *reason, void *opaque)
{
    struct mr_listener *listener = opaque;
    (void)handle;
    listener->events->troubled(listener->data, error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
                               reason);
}

struct mr_listener *mr_listener_new(const struct mr_config *config, int wake_fd,
                                    const struct mr_listener_events *events, void *data,
                                    struct mr_errors *errors)
{
    struct mr_listener *listener = mr_alloc(sizeof(*listener));
    *listener = (struct mr_listener){.events = events, .data = data};
    size_t before = errors->count;
    rd_kafka_conf_t *conf = mr_kafka_conf(config, MR_ROLE_LISTENER, errors);
    mr_prefetch_limit(conf, config, 1, errors);
    rd_kafka_conf_set_opaque(conf, listener);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (errors->count > before)
        rd_kafka_conf_destroy(conf);
    else
        listener->handle = mr_kafka_handle(RD_KAFKA_CONSUMER, conf, errors);
    if (listener->handle == NULL) {
        free(listener);
        return NULL;
    }
    listener->main = rd_kafka_queue_get_main(listener->handle);
    listener->queue = rd_kafka_queue_new(listener->handle);
    rd_kafka_set_log_queue(listener->handle, NULL);
    mr_kafka_wake_by(listener->main, wake_fd);
    mr_kafka_wake_by(listener->queue, wake_fd);
    return listener;
}

static int begin(const struct mr_listener *listener, rd_kafka_topic_t *handle, int32_t partition,
                 int64_t offset, char *why, size_t size)
{
    if (rd_kafka_consume_start_queue(handle, partition, offset, listener->queue) == 0)
        return 0;
    snprintf(why, size, "%s", rd_kafka_err2str(rd_kafka_last_error()));
    return -1;
}

int mr_listener_add(struct mr_listener *listener, const char *topic, int32_t partitions, char *why,
                    size_t size)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(listener->handle, topic, NULL);
    if (handle == NULL) {
        snprintf(why, size, "%s", rd_kafka_err2str(rd_kafka_last_error()));
        return -1;
    }
    listener->topics =
        mr_realloc(listener->topics, (listener->topic_count + 1) * sizeof(listener->topics[0]));
    struct listened *listened = &listener->topics[listener->topic_count++];
    *listened = (struct listened){handle, partitions, mr_alloc((size_t)partitions * sizeof(bool)),
                                  partitions};
    for (int32_t p = 0; p < partitions; p++)
        if (begin(listener, handle, p, RD_KAFKA_OFFSET_END, why, size) != 0)
            return -1;
    return 0;
}

static struct listened *listened_of(struct mr_listener *listener, const char *name)
{
    for (size_t i = 0; i < listener->topic_count; i++)
        if (strcmp(rd_kafka_topic_name(listener->topics[i].handle), name) == 0)
            return &listener->topics[i];
    return NULL;
}

int mr_listener_grow(struct mr_listener *listener, const char *topic, int32_t partitions, char *why,
                     size_t size)
{
    struct listened *listened = listened_of(listener, topic);
    MR_ASSERT(listened != NULL && listened->missing == 0);
    for (; listened->partitions < partitions; listened->partitions++)
        if (begin(listener, listened->handle, listened->partitions, RD_KAFKA_OFFSET_BEGINNING, why,
                  size) != 0)
            return -1;
    return 0;
}

/* A record or the end of the partition: either way its position is known, nothing after it will be
 * missed. */
static void note_position(struct mr_listener *listener, const rd_kafka_message_t *message)
{
    struct listened *listened =
        message->rkt ? listened_of(listener, rd_kafka_topic_name(message->rkt)) : NULL;
    if (listened == NULL || listened->missing == 0 || message->partition < 0 ||
        message->partition >= listened->partitions || listened->reached[message->partition])
        return;
    listened->reached[message->partition] = true;
    if (--listened->missing == 0)
        listener->events->listening(listener->data, rd_kafka_topic_name(listened->handle));
}

bool mr_listener_poll(struct mr_listener *listener, struct mr_message *message)
{
    rd_kafka_message_t *polled;
    rd_kafka_poll(listener->handle, 0);
    while ((polled = rd_kafka_consume_queue(listener->queue, 0)) != NULL) {
        bool end = polled->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (end || polled->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            note_position(listener, polled);
        if (polled->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            mr_message_view(message, polled);
            return true;
        }
        if (!end)
            listener->events->troubled(listener->data, false, rd_kafka_message_errstr(polled));
        rd_kafka_message_destroy(polled);
    }
    return false;
}

void mr_listener_free(struct mr_listener *listener)
{
    for (size_t i = 0; i < listener->topic_count; i++) {
        struct listened *listened = &listener->topics[i];
        for (int32_t p = 0; p < listened->partitions; p++)
            rd_kafka_consume_stop(listened->handle, p);
        rd_kafka_topic_destroy(listened->handle);
        free(listened->reached);
    }
    free(listener->topics);
    rd_kafka_queue_io_event_enable(listener->main, -1, NULL, 0);
    rd_kafka_queue_io_event_enable(listener->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(listener->main);
    rd_kafka_queue_destroy(listener->queue);
    mr_endings_add(listener->handle, NULL);
    free(listener);
}
