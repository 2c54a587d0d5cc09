#include "kafka/consumer/listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/panic.h"
#include "kafka/conf.h"
#include "kafka/consumer/damage.h"
#include "kafka/consumer/prefetch.h"
#include "kafka/endings.h"
#include "kafka/view.h"

/* In ms. A fault is reported once by librdkafka, and its end never. If the
 * partition is started again at its position, librdkafka reports its end or the fault again. A
 * partition whose offset does not exist any more stops until it is started elsewhere. */
enum { FAULT_AGAIN_MS = 5000, RESET_AGAIN_MS = 500 };

struct place {
    int64_t next; /* the offset after the last record; -1: unknown */
    bool reached; /* its end was reached once */
    enum mr_listener_fault fault;
    uint64_t again;  /* ms, when to start it again; 0: not at all */
    int64_t from;    /* the offset to start from */
    int64_t damaged; /* the offset of the last damaged batch */
    int64_t passed;  /* how many offsets of that batch are passed over so far */
};

struct listened {
    rd_kafka_topic_t *handle;
    int32_t partitions;
    struct place *places; /* indexed by partition */
    int32_t missing;      /* partitions that have never reached their end */
    enum mr_listener_fault fault;
};

struct mr_listener {
    rd_kafka_t *handle;
    rd_kafka_queue_t *main;  /* errors and logs */
    rd_kafka_queue_t *queue; /* records */
    struct listened *topics;
    size_t topic_count;
    size_t restarts; /* places to be started again */
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
    mr_kafka_conf_set(conf, "auto.offset.reset", "error", "kafka", errors);
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

static void make_places(struct listened *listened, int32_t from, int32_t to)
{
    listened->places = mr_realloc(listened->places, (size_t)to * sizeof(listened->places[0]));
    for (int32_t p = from; p < to; p++)
        listened->places[p] = (struct place){.next = -1, .damaged = -1};
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
    *listened =
        (struct listened){.handle = handle, .partitions = partitions, .missing = partitions};
    make_places(listened, 0, partitions);
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
    make_places(listened, listened->partitions, partitions);
    for (; listened->partitions < partitions; listened->partitions++)
        if (begin(listener, listened->handle, listened->partitions, RD_KAFKA_OFFSET_BEGINNING, why,
                  size) != 0)
            return -1;
    return 0;
}

static void set_again(struct mr_listener *listener, struct place *place, uint64_t again)
{
    listener->restarts += (again != 0) - (place->again != 0);
    place->again = again;
}

static enum mr_listener_fault worst_of(const struct listened *listened)
{
    enum mr_listener_fault worst = MR_LISTENER_FINE;
    for (int32_t p = 0; p < listened->partitions; p++)
        if (listened->places[p].fault != MR_LISTENER_FINE && worst != MR_LISTENER_DENIED)
            worst = listened->places[p].fault;
    return worst;
}

static void set_fault(struct mr_listener *listener, struct listened *listened, struct place *place,
                      enum mr_listener_fault fault)
{
    if (place->fault == fault)
        return;
    place->fault = fault;
    fault = worst_of(listened);
    if (listened->fault == fault)
        return;
    listened->fault = fault;
    listener->events->fault(listener->data, rd_kafka_topic_name(listened->handle), fault);
}

/* Takes note of a record or the end of the partition. Both show its position, so that no later
 * record is missed. */
static void note_position(struct mr_listener *listener, struct listened *listened,
                          struct place *place, int64_t next)
{
    place->next = next;
    place->passed = 0;
    set_again(listener, place, 0);
    set_fault(listener, listened, place, MR_LISTENER_FINE);
    if (place->reached)
        return;
    place->reached = true;
    if (listened->missing > 0 && --listened->missing == 0)
        listener->events->listening(listener->data, rd_kafka_topic_name(listened->handle));
}

static void note_fault(struct mr_listener *listener, struct listened *listened, struct place *place,
                       enum mr_listener_fault fault)
{
    place->from = place->next >= 0 ? place->next : RD_KAFKA_OFFSET_END;
    set_again(listener, place, mr_clock_ms() + FAULT_AGAIN_MS);
    set_fault(listener, listened, place, fault);
}

/* Takes note that the offset does not exist: the topic was created again, or its records up to
 * there are deleted. */
static void note_reset(struct mr_listener *listener, struct place *place)
{
    if (place->fault != MR_LISTENER_FINE)
        return;
    place->from = place->next >= 0 ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
    place->next = place->next >= 0 ? 0 : -1;
    set_again(listener, place, mr_clock_ms() + RESET_AGAIN_MS);
}

/* Returns the offset after the last record, as the last answer of the broker showed it. */
static int64_t end_of(const struct mr_listener *listener, const struct listened *listened,
                      int32_t partition)
{
    int64_t first, end = -1;
    rd_kafka_get_watermark_offsets(listener->handle, rd_kafka_topic_name(listened->handle),
                                   partition, &first, &end);
    return end;
}

/* Takes note of a damaged batch. Its replies are lost, and those behind it are not. Nothing shows
 * how many offsets the batch has. So the partition is started behind the first one. If that is in
 * the batch, too, it is started further behind: one offset further each time, up to 64. */
static void note_damage(struct mr_listener *listener, const struct listened *listened,
                        struct place *place, int64_t offset)
{
    if (place->damaged != offset)
        place->passed = 0;
    place->damaged = offset;
    place->passed += 1 + place->passed / 64;
    place->from = offset + place->passed;
    int64_t end = end_of(listener, listened, (int32_t)(place - listened->places));
    if (end > offset && end < place->from)
        place->from = end;
    set_again(listener, place, mr_clock_ms());
}

static void note_error(struct mr_listener *listener, struct listened *listened, struct place *place,
                       const rd_kafka_message_t *message)
{
    if (place->again != 0 && place->again <= mr_clock_ms())
        return; /* it is about to start, perhaps since librdkafka took a damaged offset */
    switch ((int)message->err) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        note_fault(listener, listened, place, MR_LISTENER_DENIED);
        return;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        note_fault(listener, listened, place, MR_LISTENER_GONE);
        return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        if (place->damaged < 0 || message->offset == place->next || message->offset == place->from)
            note_reset(listener, place); /* any other offset is of a damaged batch's bytes */
        return;
    default:
        if (mr_damage_is(message->err))
            note_damage(listener, listened, place, message->offset);
        return;
    }
}

static void note(struct mr_listener *listener, const rd_kafka_message_t *message)
{
    struct listened *listened =
        message->rkt ? listened_of(listener, rd_kafka_topic_name(message->rkt)) : NULL;
    if (listened == NULL || message->partition < 0 || message->partition >= listened->partitions)
        return;
    struct place *place = &listened->places[message->partition];
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        note_position(listener, listened, place, message->offset + 1);
    else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        note_position(listener, listened, place, message->offset);
    else
        note_error(listener, listened, place, message);
}

/* Starts the partition again, and once more every FAULT_AGAIN_MS while its fault lasts. */
static void restart(struct mr_listener *listener, struct listened *listened, int32_t partition,
                    uint64_t now)
{
    char why[256];
    struct place *place = &listened->places[partition];
    set_again(listener, place, now + FAULT_AGAIN_MS);
    if (begin(listener, listened->handle, partition, place->from, why, sizeof(why)) != 0)
        listener->events->troubled(listener->data, false, why);
}

static void restart_due(struct mr_listener *listener)
{
    uint64_t now = mr_clock_ms();
    for (size_t i = 0; i < listener->topic_count; i++) {
        struct listened *listened = &listener->topics[i];
        for (int32_t p = 0; p < listened->partitions; p++)
            if (listened->places[p].again != 0 && listened->places[p].again <= now)
                restart(listener, listened, p, now);
    }
}

bool mr_listener_poll(struct mr_listener *listener, struct mr_message *message)
{
    rd_kafka_message_t *polled;
    rd_kafka_poll(listener->handle, 0);
    if (listener->restarts > 0)
        restart_due(listener);
    while ((polled = rd_kafka_consume_queue(listener->queue, 0)) != NULL) {
        bool end = polled->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        note(listener, polled);
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

static void stop_reading(struct mr_listener *listener, struct listened *listened)
{
    for (int32_t p = 0; p < listened->partitions; p++) {
        rd_kafka_consume_stop(listened->handle, p);
        set_again(listener, &listened->places[p], 0);
    }
    rd_kafka_topic_destroy(listened->handle);
    free(listened->places);
}

void mr_listener_remove(struct mr_listener *listener, const char *topic)
{
    struct listened *listened = listened_of(listener, topic);
    if (listened == NULL)
        return;
    stop_reading(listener, listened);
    *listened = listener->topics[--listener->topic_count];
}

void mr_listener_free(struct mr_listener *listener)
{
    for (size_t i = 0; i < listener->topic_count; i++)
        stop_reading(listener, &listener->topics[i]);
    free(listener->topics);
    rd_kafka_queue_io_event_enable(listener->main, -1, NULL, 0);
    rd_kafka_queue_io_event_enable(listener->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(listener->main);
    rd_kafka_queue_destroy(listener->queue);
    mr_endings_add(listener->handle, NULL);
    free(listener);
}
