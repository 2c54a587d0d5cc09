/* The state of the fake Kafka (fake_kafka.h), and its producers. A producer keeps what it is sent
 * until it is polled. A test says which records are refused. Records have one letter as their
 * value. */
#ifndef TESTS_UNIT_WORKER_TRANSACTION_FAKE_PRODUCER_H
#define TESTS_UNIT_WORKER_TRANSACTION_FAKE_PRODUCER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "kafka/cluster.h"
#include "kafka/consumer/transactions.h"
#include "worker/transaction/background.h"

enum { FAKE_PRODUCERS = 16, FAKE_RECORDS = 64, FAKE_TEXT = 1024, FAKE_TIMEOUT_MS = 60000 };

struct mr_consumer {
    int unused;
};

struct mr_offsets {
    char text[FAKE_TEXT]; /* "topic/partition=next " per partition */
};

struct fake_record {
    void *opaque;
    char topic[32];
    char letter;
    bool purged;
};

struct mr_producer {
    char id[600];
    const struct mr_producer_events *events;
    void *data;
    struct fake_record waiting[FAKE_RECORDS]; /* not reported yet */
    size_t count;
    bool freed;
};

/* How a step of one kind ends, so many times; then it ends as Kafka would have it. */
struct fake_step {
    unsigned times;
    struct mr_step_end end;
    bool done; /* and it was done nevertheless */
};

static struct {
    uint64_t now; /* ms */
    struct mr_producer producers[FAKE_PRODUCERS];
    size_t made;
    bool none_can_be_made;
    size_t room; /* records that a producer takes until it is polled */
    struct {
        const char *topic; /* NULL: none */
        char letter;       /* 0: each record */
        enum mr_sent how;
        bool at_once; /* when it is sent, not by the broker */
        bool batch;   /* with all records of its topic that are polled with it */
    } refuses;
    const char *silent;    /* how topics begin whose records are not acknowledged */
    const char *missing;   /* a topic that does not exist */
    const char *forbidden; /* a topic that a transaction may not write to */
    enum mr_led led;
    int asked, led_asked; /* questions for topics, and for leaders */
    char sent[FAKE_TEXT]; /* the letters of all records that producers have taken */
    char open[FAKE_TEXT]; /* likewise, of the open transaction */
    char visible[FAKE_TEXT], offsets[FAKE_TEXT]; /* of all committed transactions */
    bool latest_done;
    struct fake_step script[MR_STEPS_ASK + 1];
    char steps[FAKE_TEXT];
    uv_thread_t thread; /* that took the latest step */
    char log[FAKE_TEXT];
    size_t offset_lists;
} kafka;

static inline void append(char *text, const char *more)
{
    size_t length = strlen(text);
    snprintf(text + length, FAKE_TEXT - length, "%s", more);
}

static inline void append_letter(char *text, char letter)
{
    append(text, (const char[]){letter, '\0'});
}

static inline void reset_kafka(void)
{
    memset(&kafka, 0, sizeof(kafka));
    kafka.now = 1000000;
    kafka.room = FAKE_RECORDS;
    kafka.led = MR_LED_WELL;
}

static inline void step_ends(enum mr_background_kind kind, unsigned times, struct mr_step_end end)
{
    kafka.script[kind] = (struct fake_step){.times = times, .end = end};
}

static inline struct mr_producer *latest_producer(void)
{
    return &kafka.producers[kafka.made - 1];
}

static inline bool is_topic(const char *topic, const char *other)
{
    return other != NULL && strcmp(topic, other) == 0;
}

struct mr_producer *__wrap_mr_producer_new_transactional(const struct mr_config *config,
                                                         const char *id, int wake_fd,
                                                         const struct mr_producer_events *events,
                                                         void *data, struct mr_errors *errors);
struct mr_producer *__wrap_mr_producer_new_transactional(const struct mr_config *config,
                                                         const char *id, int wake_fd,
                                                         const struct mr_producer_events *events,
                                                         void *data, struct mr_errors *errors)
{
    (void)config, (void)wake_fd;
    if (kafka.none_can_be_made) {
        mr_errors_add(errors, "no such certificate");
        return NULL;
    }
    assert_true(kafka.made < FAKE_PRODUCERS);
    struct mr_producer *producer = &kafka.producers[kafka.made++];
    snprintf(producer->id, sizeof(producer->id), "%s", id);
    producer->events = events;
    producer->data = data;
    return producer;
}

void __wrap_mr_producer_free(struct mr_producer *producer);
void __wrap_mr_producer_free(struct mr_producer *producer)
{
    assert_false(producer->freed);
    assert_int_equal(producer->count, 0);
    producer->freed = true;
}

bool __wrap_mr_producer_compresses(const struct mr_producer *producer);
bool __wrap_mr_producer_compresses(const struct mr_producer *producer)
{
    (void)producer;
    return false;
}

uint64_t __wrap_mr_producer_transaction_timeout(const struct mr_producer *producer);
uint64_t __wrap_mr_producer_transaction_timeout(const struct mr_producer *producer)
{
    (void)producer;
    return FAKE_TIMEOUT_MS;
}

static inline bool is_refused(const char *topic, char letter)
{
    return is_topic(topic, kafka.refuses.topic) &&
           (kafka.refuses.letter == '\0' || kafka.refuses.letter == letter);
}

enum mr_sent __wrap_mr_producer_send(struct mr_producer *producer, const struct mr_outgoing *record,
                                     void *opaque, char *why, size_t size);
enum mr_sent __wrap_mr_producer_send(struct mr_producer *producer, const struct mr_outgoing *record,
                                     void *opaque, char *why, size_t size)
{
    char letter = record->value.data[0];
    assert_false(producer->freed);
    if (producer->count == kafka.room)
        return MR_SENT_FULL;
    if (kafka.refuses.at_once && is_refused(record->topic, letter)) {
        snprintf(why, size, "refused at once");
        return kafka.refuses.how;
    }
    struct fake_record *taken = &producer->waiting[producer->count++];
    *taken = (struct fake_record){.opaque = opaque, .letter = letter};
    snprintf(taken->topic, sizeof(taken->topic), "%s", record->topic);
    append_letter(kafka.sent, letter);
    append_letter(kafka.open, letter);
    return MR_SENT;
}

/* The broker takes or refuses the records of a topic together. */
static inline bool fails_with_batch(const struct fake_record *all, size_t count, const char *topic)
{
    bool fails = false;
    for (size_t i = 0; i < count; i++)
        fails = fails || (is_topic(all[i].topic, topic) && is_refused(topic, all[i].letter));
    return fails;
}

/* `all` are the records that are reported together. */
static inline void report_one(struct mr_producer *producer, const struct fake_record *record,
                              const struct fake_record *all, size_t count)
{
    const struct mr_producer_events *events = producer->events;
    const struct mr_outgoing borrowed = {.topic = record->topic};
    enum mr_sent how = MR_SENT;
    bool taken = false;
    if (record->purged) {
        how = MR_SENT_BACK;
    } else if (is_topic(record->topic, kafka.missing)) {
        how = MR_SENT_NO_TOPIC;
        taken = events->unknown(producer->data, record->opaque, &borrowed, how, "unknown topic");
    } else if (kafka.refuses.batch && fails_with_batch(all, count, record->topic)) {
        how = kafka.refuses.how;
        taken = events->returned(producer->data, record->opaque, &borrowed, how,
                                 "refused with its batch");
    } else if (!kafka.refuses.at_once && !kafka.refuses.batch &&
               is_refused(record->topic, record->letter)) {
        how = kafka.refuses.how;
    }
    if (!taken)
        events->delivered(producer->data, record->opaque, record->topic, how,
                          how == MR_SENT ? NULL : "refused by the broker");
}

static inline bool is_reported(const struct fake_record *record)
{
    return record->purged || kafka.silent == NULL ||
           strncmp(record->topic, kafka.silent, strlen(kafka.silent)) != 0;
}

/* Takes the records to report out of the producer. */
static inline size_t take_reports(struct mr_producer *producer, struct fake_record *reports)
{
    size_t reported = 0, kept = 0;
    for (size_t i = 0; i < producer->count; i++)
        if (is_reported(&producer->waiting[i]))
            reports[reported++] = producer->waiting[i];
        else
            producer->waiting[kept++] = producer->waiting[i];
    producer->count = kept;
    return reported;
}

void __wrap_mr_producer_poll(struct mr_producer *producer);
void __wrap_mr_producer_poll(struct mr_producer *producer)
{
    struct fake_record reports[FAKE_RECORDS];
    assert_false(producer->freed);
    for (size_t i = 0; i < producer->count; i++)
        if (is_topic(producer->waiting[i].topic, kafka.forbidden)) {
            for (size_t each = 0; each < producer->count; each++)
                producer->waiting[each].purged = true;
            producer->events->forbidden(producer->data, kafka.forbidden, "not allowed");
            break;
        }
    size_t count = take_reports(producer, reports);
    for (size_t i = 0; i < count; i++)
        report_one(producer, &reports[i], reports, count);
}

static inline void purge(struct mr_producer *producer)
{
    for (size_t i = 0; i < producer->count; i++)
        producer->waiting[i].purged = true;
}

void __wrap_mr_producer_drop(struct mr_producer *producer);
void __wrap_mr_producer_drop(struct mr_producer *producer)
{
    purge(producer);
    __wrap_mr_producer_poll(producer);
}

#endif
