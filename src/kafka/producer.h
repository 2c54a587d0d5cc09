/* The producer of a worker: records out, delivery reports back. Reports come from within
 * mr_producer_poll. */
#ifndef MR_KAFKA_PRODUCER_H
#define MR_KAFKA_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errors.h"
#include "base/record.h"
#include "config/config.h"

struct mr_producer;

enum mr_sent {
    MR_SENT,
    MR_SENT_FULL,         /* the sender's queue is: send again after some reports */
    MR_SENT_REFUSED,      /* it can never be sent; so are those below */
    MR_SENT_TOO_LARGE,    /* for the topic, the broker or librdkafka's own settings */
    MR_SENT_NO_PARTITION, /* the topic or the partition is not there, by the latest answer */
    MR_SENT_NO_TOPIC,     /* the topic is not there, likewise */
    MR_SENT_DENIED,       /* the topic takes no record of ours: forbidden, no topic's name */
    MR_SENT_BACK, /* in a transaction that fails, for no fault of the record's: send it in the next
                     one */
};

struct mr_producer_events {
    /* The record that was sent with `opaque` is acknowledged (SENT, `error` NULL), or will never
     * be. */
    void (*delivered)(void *data, void *opaque, const char *topic, enum mr_sent how,
                      const char *error);
    void (*troubled)(void *data, bool unreachable, const char *text);
    /* The broker refused the batch that the record was in. That is no verdict on the record, which
     * is borrowed for the call and lacks its timestamp. Returns true when it takes the record over:
     * `delivered` is not called then. NULL: every refusal is believed. */
    bool (*refused_with_batch)(void *data, void *opaque, const struct mr_outgoing *record,
                               enum mr_sent how, const char *error);
    /* The topic, or the partition, is not there by the latest answer of one broker (NO_TOPIC,
     * NO_PARTITION). As above otherwise. */
    bool (*unknown)(void *data, void *opaque, const struct mr_outgoing *record, enum mr_sent how,
                    const char *error);
    /* The transaction fails because nothing may be written to the topic. Records to it are then
     * reported as all others are. NULL: of no interest. */
    void (*forbidden)(void *data, const char *topic, const char *error);
};

struct mr_producer *mr_producer_new(const struct mr_config *config, int wake_fd,
                                    const struct mr_producer_events *events, void *data,
                                    struct mr_errors *errors);
/* One whose records are sent within transactions (kafka/consumer/transactions.h). The id must be
 * nobody else's: of two producers with one id the later fences the earlier. Topics whose first
 * record is `single` are compressed (zstd) unless kafka.properties say how to. */
struct mr_producer *mr_producer_new_transactional(const struct mr_config *config, const char *id,
                                                  int wake_fd,
                                                  const struct mr_producer_events *events,
                                                  void *data, struct mr_errors *errors);

/* Makes a second producer, configured as the first, whose batches hold one record each: an error of
 * such a batch is the record's own. It compresses (zstd) unless kafka.properties say how to. NULL
 * when the client cannot be made, with the reason in `errors`. */
struct mr_producer *mr_producer_new_single(const struct mr_producer *like, int wake_fd,
                                           const struct mr_producer_events *events, void *data,
                                           struct mr_errors *errors);

/* ms after which a broker aborts a transaction of its own accord, and fences the producer. */
uint64_t mr_producer_transaction_timeout(const struct mr_producer *producer);

/* Returns true if kafka.properties say that all topics are compressed. */
bool mr_producer_compresses(const struct mr_producer *producer);

/* Bytes that a record may have in key, value and headers (message.max.bytes). */
size_t mr_producer_largest(const struct mr_producer *producer);

/* Hands a copy of the record to the sender. Only SENT is followed by a report; where it can never
 * be sent `why` (at least 256 bytes) tells. */
enum mr_sent mr_producer_send(struct mr_producer *producer, const struct mr_outgoing *record,
                              void *opaque, char *why, size_t size);
/* What was handed over stops lingering (linger.ms), for `timeout` ms or until all of it is
 * reported, for which it waits. May be called from any thread, of the functions here this one
 * alone; its reports still come from within mr_producer_poll. */
void mr_producer_flush(const struct mr_producer *producer, int timeout);
/* Serves the reports there are. Call after each wake. */
void mr_producer_poll(struct mr_producer *producer);
/* Records sent and not reported yet. */
size_t mr_producer_outstanding(const struct mr_producer *producer);
size_t mr_producer_outstanding_bytes(const struct mr_producer *producer);
/* True with the reason where it is of no use any more: it sends nothing until it is made anew. */
bool mr_producer_failed(const struct mr_producer *producer, char *why, size_t size);
/* Gives up what is outstanding: its reports come, most with an error, before this returns. */
void mr_producer_drop(struct mr_producer *producer);
/* Nothing may be outstanding. Waits for librdkafka's threads; may be called from any thread. */
void mr_producer_free(struct mr_producer *producer);

#endif
