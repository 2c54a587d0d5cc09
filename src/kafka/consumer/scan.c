#include "kafka/consumer/scan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"
#include "kafka/conf.h"
#include "kafka/endings.h"
#include "kafka/view.h"

enum { CLIENT_ENDS_MS = 5000 };

struct part {
    int32_t number;
    int64_t low, high; /* the offsets that exist */
    int64_t from, until;
    bool reading;
};

struct mr_scan {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue; /* records */
    rd_kafka_topic_t *topic;
    struct part *parts;
    size_t count, reading;
    bool follow;
    enum mr_scan_fault broken;
    uint64_t deadline; /* of the questions, mr_clock_ms() */
    char why[512];
};

struct mr_scan *mr_scan_new(const struct mr_config *config, struct mr_errors *errors)
{
    struct mr_scan *scan = mr_alloc(sizeof(*scan));
    size_t before = errors->count;
    rd_kafka_conf_t *conf = mr_kafka_conf(config, MR_ROLE_LISTENER, errors);
    mr_kafka_conf_set(conf, "auto.offset.reset", "earliest", "kafka", errors);
    mr_kafka_conf_set(conf, "isolation.level", "read_committed", "kafka", errors);
    if (errors->count > before)
        rd_kafka_conf_destroy(conf);
    else
        scan->handle = mr_kafka_handle(RD_KAFKA_CONSUMER, conf, errors);
    if (scan->handle == NULL) {
        free(scan);
        return NULL;
    }
    scan->queue = rd_kafka_queue_new(scan->handle);
    rd_kafka_set_log_queue(scan->handle, NULL);
    return scan;
}

static int left(const struct mr_scan *scan)
{
    uint64_t now = mr_clock_ms();
    return now >= scan->deadline ? 1 : (int)(scan->deadline - now);
}

static enum mr_scan_fault fault_of(rd_kafka_resp_err_t error)
{
    switch ((int)error) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return MR_SCAN_NO_TOPIC;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return MR_SCAN_DENIED;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        return MR_SCAN_SILENT;
    default:
        return MR_SCAN_FAILED;
    }
}

static enum mr_scan_fault fail(struct mr_scan *scan, rd_kafka_resp_err_t error)
{
    snprintf(scan->why, sizeof(scan->why), "%s", rd_kafka_err2str(error));
    return fault_of(error);
}

static void add_part(struct mr_scan *scan, int32_t number)
{
    scan->parts = mr_realloc(scan->parts, (scan->count + 1) * sizeof(scan->parts[0]));
    scan->parts[scan->count++] = (struct part){.number = number};
}

/* Chooses the partitions among those that the answer shows. */
static enum mr_scan_fault choose(struct mr_scan *scan, const rd_kafka_metadata_topic_t *shown,
                                 int32_t wanted)
{
    if (shown->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail(scan, shown->err);
    for (int32_t number = 0; number < shown->partition_cnt; number++)
        if (wanted < 0 || wanted == number)
            add_part(scan, number);
    if (scan->count > 0)
        return MR_SCAN_FINE;
    snprintf(scan->why, sizeof(scan->why), "the topic has the partitions 0 to %d",
             shown->partition_cnt - 1);
    return MR_SCAN_NO_PARTITION;
}

static enum mr_scan_fault find_parts(struct mr_scan *scan, const struct mr_scan_terms *terms)
{
    const struct rd_kafka_metadata *metadata;
    scan->topic = rd_kafka_topic_new(scan->handle, terms->topic, NULL);
    if (scan->topic == NULL)
        return fail(scan, rd_kafka_last_error());
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(scan->handle, 0, scan->topic, &metadata, left(scan));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail(scan, error);
    MR_ASSERT(metadata->topic_cnt == 1);
    enum mr_scan_fault fault = choose(scan, &metadata->topics[0], terms->partition);
    rd_kafka_metadata_destroy(metadata);
    return fault;
}

/* Finds the offset of the first record from that time on; the partition's end if there is none. */
static rd_kafka_resp_err_t offset_at(const struct mr_scan *scan, const struct part *part,
                                     int64_t time, int64_t *offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *row =
        rd_kafka_topic_partition_list_add(list, rd_kafka_topic_name(scan->topic), part->number);
    row->offset = time;
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(scan->handle, list, left(scan));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        error = row->err;
    *offset = row->offset < 0 ? part->high : row->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return error;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static rd_kafka_resp_err_t resolve(const struct mr_scan *scan, const struct part *part,
                                   const struct mr_place *place, int64_t *offset)
{
    switch (place->kind) {
    case MR_PLACE_BEGINNING:
        *offset = part->low;
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    case MR_PLACE_END:
        *offset = part->high;
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    case MR_PLACE_OFFSET:
        *offset = most(place->value, part->low);
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    case MR_PLACE_LAST:
        *offset = most(part->high - place->value, part->low);
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    case MR_PLACE_TIME:
        return offset_at(scan, part, place->value, offset);
    }
    MR_UNREACHABLE("a kind of place");
}

static enum mr_scan_fault find_places(struct mr_scan *scan, struct part *part,
                                      const struct mr_scan_terms *terms)
{
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        scan->handle, terms->topic, part->number, &part->low, &part->high, left(scan));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        error = resolve(scan, part, &terms->from, &part->from);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && !terms->follow)
        error = resolve(scan, part, &terms->until, &part->until);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail(scan, error);
    if (part->from <= part->high)
        return MR_SCAN_FINE;
    snprintf(scan->why, sizeof(scan->why), "partition %d has the offsets %lld to %lld",
             part->number, (long long)part->low, (long long)part->high - 1);
    return MR_SCAN_NO_OFFSET;
}

static enum mr_scan_fault start(struct mr_scan *scan, struct part *part)
{
    if (!scan->follow && part->from >= part->until)
        return MR_SCAN_FINE;
    if (rd_kafka_consume_start_queue(scan->topic, part->number, part->from, scan->queue) != 0)
        return fail(scan, rd_kafka_last_error());
    part->reading = true;
    scan->reading++;
    return MR_SCAN_FINE;
}

enum mr_scan_fault mr_scan_begin(struct mr_scan *scan, const struct mr_scan_terms *terms,
                                 int timeout)
{
    scan->deadline = mr_clock_ms() + (uint64_t)timeout;
    scan->follow = terms->follow;
    enum mr_scan_fault fault = find_parts(scan, terms);
    for (size_t i = 0; i < scan->count && fault == MR_SCAN_FINE; i++)
        fault = find_places(scan, &scan->parts[i], terms);
    for (size_t i = 0; i < scan->count && fault == MR_SCAN_FINE; i++)
        fault = start(scan, &scan->parts[i]);
    return fault;
}

static struct part *part_of(struct mr_scan *scan, int32_t number)
{
    for (size_t i = 0; i < scan->count; i++)
        if (scan->parts[i].number == number)
            return &scan->parts[i];
    return NULL;
}

static void stop(struct mr_scan *scan, struct part *part)
{
    if (!part->reading)
        return;
    rd_kafka_consume_stop(scan->topic, part->number);
    part->reading = false;
    scan->reading--;
}

/* Takes note of an error. Connections heal by themselves, but not a topic that is gone or
 * denied. */
static enum mr_scan_step note_error(struct mr_scan *scan, const rd_kafka_message_t *polled)
{
    const enum mr_scan_fault fault = fault_of(polled->err);
    if (fault != MR_SCAN_NO_TOPIC && fault != MR_SCAN_DENIED)
        return MR_SCAN_NOTHING;
    scan->broken = fail(scan, polled->err);
    return MR_SCAN_BROKEN;
}

/* Returns RECORD if the record is wanted. The end of a partition ends it even before `until`: the
 * last offsets may be markers of transactions, or belong to an open one. */
static enum mr_scan_step note(struct mr_scan *scan, const rd_kafka_message_t *polled)
{
    struct part *part = polled->rkt == NULL ? NULL : part_of(scan, polled->partition);
    bool ended = polled->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (polled->err != RD_KAFKA_RESP_ERR_NO_ERROR && !ended)
        return note_error(scan, polled);
    if (part == NULL || !part->reading)
        return MR_SCAN_NOTHING;
    if (ended && !scan->follow)
        stop(scan, part);
    if (ended)
        return MR_SCAN_NOTHING;
    if (scan->follow || polled->offset < part->until)
        return MR_SCAN_RECORD;
    stop(scan, part);
    return MR_SCAN_NOTHING;
}

enum mr_scan_step mr_scan_next(struct mr_scan *scan, struct mr_message *message, int timeout)
{
    uint64_t deadline = mr_clock_ms() + (uint64_t)timeout;
    while (scan->reading > 0) {
        uint64_t now = mr_clock_ms();
        rd_kafka_poll(scan->handle, 0);
        rd_kafka_message_t *polled =
            rd_kafka_consume_queue(scan->queue, now >= deadline ? 0 : (int)(deadline - now));
        if (polled == NULL)
            return MR_SCAN_NOTHING;
        enum mr_scan_step step = note(scan, polled);
        if (step == MR_SCAN_RECORD)
            mr_message_view(message, polled);
        else
            rd_kafka_message_destroy(polled);
        if (step != MR_SCAN_NOTHING)
            return step;
    }
    return MR_SCAN_DONE;
}

enum mr_scan_fault mr_scan_broken(const struct mr_scan *scan)
{
    return scan->broken;
}

const char *mr_scan_why(const struct mr_scan *scan)
{
    return scan->why;
}

void mr_scan_free(struct mr_scan *scan)
{
    for (size_t i = 0; i < scan->count; i++)
        stop(scan, &scan->parts[i]);
    if (scan->topic != NULL)
        rd_kafka_topic_destroy(scan->topic);
    rd_kafka_queue_destroy(scan->queue);
    mr_endings_add(scan->handle, NULL);
    mr_endings_await(CLIENT_ENDS_MS);
    free(scan->parts);
    free(scan);
}
