/* Asks at a steady rate, whatever becomes of the answers, and tells how long each took. One thread
 * sends when it is time, the other takes replies.
 *
 * Usage: caller TOPIC REPLIES RATE SECONDS plain|spring|nestjs NAME=VALUE...
 * What follows the dialect are librdkafka properties. Requests are those of the other measurements.
 * Prints a line of JSON: how many were sent and answered, and of the latencies (ms) the quantiles;
 * what is sent in the first second does not count. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bare.h"

enum { VALUE_SIZE = 250, PATIENCE_MS = 5000, WARM_UP_S = 1 };

/* How requests name their headers; those of a dialect without a partition leave it out. */
static const struct dialect {
    const char *name, *id, *reply_to, *partition;
} dialects[] = {
    {"plain", "correlation-id", "reply-to", NULL},
    {"spring", "kafka_correlationId", "kafka_replyTopic", NULL},
    {"nestjs", "kafka_correlationId", "kafka_replyTopic", "kafka_replyPartition"},
};

struct caller {
    const struct dialect *dialect;
    rd_kafka_t *producer, *consumer;
    rd_kafka_topic_t *topic;
    const char *replies;
    long rate, count;
    uint64_t *sent;      /* ns, by number */
    uint64_t *latencies; /* ns, of those that count, in the order they came */
    long answered, counted;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
    const struct timespec until = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
        continue;
}

static const struct dialect *dialect_of(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        if (strcmp(dialects[i].name, name) == 0)
            return &dialects[i];
    }
    bare_die(name, "no dialect");
}

static void write_value(char value[VALUE_SIZE + 1], long number)
{
    static const char ending[] = "\"}}";
    int length = snprintf(value, VALUE_SIZE + 1,
                          "{\"id\":\"order-%08ld\",\"type\":\"PLACE\",\"payload\":"
                          "{\"symbol\":\"BTCUSDT\",\"price\":64250.5,\"quantity\":3,"
                          "\"side\":\"buy\",\"note\":\"",
                          number);
    memset(value + length, 'x', (size_t)(VALUE_SIZE - length));
    memcpy(value + VALUE_SIZE - strlen(ending), ending, strlen(ending));
}

static rd_kafka_headers_t *headers_of(const struct caller *caller, const char *id)
{
    const struct dialect *dialect = caller->dialect;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(3);
    rd_kafka_header_add(headers, dialect->id, -1, id, -1);
    rd_kafka_header_add(headers, dialect->reply_to, -1, caller->replies, -1);
    if (dialect->partition)
        rd_kafka_header_add(headers, dialect->partition, -1, "0", -1);
    return headers;
}

static void send_one(struct caller *caller, long number)
{
    char value[VALUE_SIZE + 1], id[24];
    write_value(value, number);
    snprintf(id, sizeof id, "%ld", number);
    caller->sent[number] = now_ns();
    rd_kafka_resp_err_t err = rd_kafka_producev(
        caller->producer, RD_KAFKA_V_RKT(caller->topic), RD_KAFKA_V_VALUE(value, VALUE_SIZE),
        RD_KAFKA_V_KEY(id, strlen(id)), RD_KAFKA_V_HEADERS(headers_of(caller, id)),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (err)
        bare_die("produce", rd_kafka_err2str(err));
}

static void *send_all(void *data)
{
    struct caller *caller = data;
    uint64_t began = now_ns();
    for (long number = 0; number < caller->count; number++) {
        sleep_until(began + (uint64_t)number * 1000000000 / (uint64_t)caller->rate);
        send_one(caller, number);
        rd_kafka_poll(caller->producer, 0);
    }
    return NULL;
}

/* From the end, once it is known where that is. */
static void listen_to(struct caller *caller)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(caller->consumer, caller->replies, NULL);
    if (rd_kafka_metadata(caller->consumer, 0, topic, &metadata, 10000))
        bare_die(caller->replies, "no metadata");
    int partitions = metadata->topics[0].partition_cnt;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(list, caller->replies, p)->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_assign(caller->consumer, list);
    for (int missing = partitions; missing > 0;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(caller->consumer, 10000);
        missing -= message && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (message)
            rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
}

static void take(struct caller *caller, const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers;
    const void *id;
    size_t size;
    char text[24];
    if (rd_kafka_message_headers(message, &headers) ||
        rd_kafka_header_get_last(headers, caller->dialect->id, &id, &size) || size >= sizeof text)
        return;
    memcpy(text, id, size);
    text[size] = '\0';
    long number = atol(text);
    caller->answered++;
    if (number >= caller->rate * WARM_UP_S)
        caller->latencies[caller->counted++] = now_ns() - caller->sent[number];
}

static int by_value(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

static double quantile(const struct caller *caller, long permille)
{
    return (double)caller->latencies[(caller->counted * permille + 999) / 1000 - 1] / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 6)
        bare_die("usage", "caller TOPIC REPLIES RATE SECONDS plain|spring|nestjs NAME=VALUE...");
    struct caller caller = {
        .dialect = dialect_of(argv[5]), .replies = argv[2], .rate = atol(argv[3])};
    pthread_t sender;
    caller.count = caller.rate * (atol(argv[4]) + WARM_UP_S);
    caller.sent = calloc((size_t)caller.count, sizeof(uint64_t));
    caller.latencies = calloc((size_t)caller.count, sizeof(uint64_t));
    rd_kafka_conf_t *conf = bare_properties(argc - 6, argv + 6);
    bare_set(conf, "group.id", "caller");
    bare_set(conf, "enable.partition.eof", "true");
    bare_set(conf, "enable.auto.commit", "false");
    caller.consumer = bare_client(RD_KAFKA_CONSUMER, conf);
    rd_kafka_poll_set_consumer(caller.consumer);
    caller.producer = bare_client(RD_KAFKA_PRODUCER, bare_properties(argc - 6, argv + 6));
    caller.topic = rd_kafka_topic_new(caller.producer, argv[1], NULL);
    listen_to(&caller);
    pthread_create(&sender, NULL, send_all, &caller);
    for (int quiet = 0; caller.answered < caller.count && quiet < PATIENCE_MS;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(caller.consumer, 100);
        quiet = message ? 0 : quiet + 100;
        if (message && !message->err)
            take(&caller, message);
        if (message)
            rd_kafka_message_destroy(message);
    }
    pthread_join(sender, NULL);
    if (caller.counted == 0)
        bare_die("replies", "none came");
    qsort(caller.latencies, (size_t)caller.counted, sizeof(uint64_t), by_value);
    printf("{\"sent\":%ld,\"answered\":%ld,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}\n", caller.count,
           caller.answered, quantile(&caller, 500), quantile(&caller, 990),
           quantile(&caller, 1000));
    return 0;
}
