/* A worker's producer: sends records and returns delivery reports. Reports come only from within
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
    MR_SENT_FULL,         /* the sender's queue is full: send again after some reports */
    MR_SENT_REFUSED,      /* the record can never be sent; likewise up to DENIED */
    MR_SENT_TOO_LARGE,    /* for the topic, the broker or librdkafka's settings */
    MR_SENT_NO_PARTITION, /* the topic or the partition does not exist, by the latest answer */
    MR_SENT_NO_TOPIC,     /* the topic does not exist, by the latest answer */
    MR_SENT_DENIED,       /* the topic takes no records from us: forbidden, or not a topic's name */
    MR_SENT_BACK,         /* its producer or its transaction fails: send it again, by another one */
};

struct mr_producer_events {
    /* The record that was sent with `opaque` is acknowledged (SENT, `error` NULL), or never will
     * be. */
    void (*delivered)(void *data, void *opaque, const char *topic, enum mr_sent how,
                      const char *error);
    void (*troubled)(void *data, bool unreachable, const char *text);
    /* The record comes back without a verdict on it: the broker refused its batch, or the producer
     * failed (BACK; never in a transaction). The record is borrowed for the call and lacks its
     * timestamp. If the function returns true, it has taken over the record, and `delivered` is not
     * called. NULL: every refusal is final. */
    bool (*returned)(void *data, void *opaque, const struct mr_outgoing *record, enum mr_sent how,
                     const char *error);
    /* The topic or partition does not exist, by the latest answer of one broker (NO_TOPIC,
     * NO_PARTITION). Otherwise like `returned`. */
    bool (*unknown)(void *data, void *opaque, const struct mr_outgoing *record, enum mr_sent how,
                    const char *error);
    /* The transaction fails because the topic may not be written to. Records to that topic are then
     * reported like all others. NULL: ignored. */
    void (*forbidden)(void *data, const char *topic, const char *error);
};

struct mr_producer *mr_producer_new(const struct mr_config *config, int wake_fd,
                                    const struct mr_producer_events *events, void *data,
                                    struct mr_errors *errors);
/* Makes a producer whose records are sent in transactions (kafka/consumer/transactions.h). The id
 * must be unique: of two producers with one id, the later fences the earlier. Compresses (zstd)
 * topics whose first record is `single`, unless kafka.properties set the compression. */
struct mr_producer *mr_producer_new_transactional(const struct mr_config *config, const char *id,
                                                  int wake_fd,
                                                  const struct mr_producer_events *events,
                                                  void *data, struct mr_errors *errors);

/* Makes a second producer, configured as the first, whose batches hold one record each: an error of
 * a batch is then the record's own. Compresses (zstd), unless kafka.properties set the compression.
 * Returns NULL with the reason in `errors` if the client cannot be made. */
struct mr_producer *mr_producer_new_single(const struct mr_producer *like, int wake_fd,
                                           const struct mr_producer_events *events, void *data,
                                           struct mr_errors *errors);

/* Returns after how many ms a broker aborts a transaction by itself and fences the producer. */
uint64_t mr_producer_transaction_timeout(const struct mr_producer *producer);

/* Returns true if kafka.properties compress all topics. */
bool mr_producer_compresses(const struct mr_producer *producer);

/* Returns how many bytes a record may have in key, value and headers (message.max.bytes). */
size_t mr_producer_largest(const struct mr_producer *producer);

/* Hands a copy of the record to the sender. A report follows only if the result is SENT. If the
 * record can never be sent, `why` (at least 256 bytes) has the reason. */
enum mr_sent mr_producer_send(struct mr_producer *producer, const struct mr_outgoing *record,
                              void *opaque, char *why, size_t size);
/* Sends the records handed over without lingering (linger.ms). Waits until all are reported, at
 * most `timeout` ms. May be called from any thread, unlike the other functions here. The reports
 * still come from within mr_producer_poll. */
void mr_producer_flush(const struct mr_producer *producer, int timeout);
/* Serves the available reports. Call it after each wake. */
void mr_producer_poll(struct mr_producer *producer);
/* Returns how many records, or how many bytes of memory, are sent and not reported yet. */
size_t mr_producer_outstanding(const struct mr_producer *producer);
size_t mr_producer_outstanding_bytes(const struct mr_producer *producer);
/* Returns true with the reason if the producer failed for good: replace it, since it sends nothing
 * more. */
bool mr_producer_failed(const struct mr_producer *producer, char *why, size_t size);
/* Abandons all outstanding records. Their reports, most with an error, come before this returns. */
void mr_producer_drop(struct mr_producer *producer);
/* Frees the producer, which must have nothing outstanding. Call it in the loop's thread: the client
 * ends in the background (endings.h). */
void mr_producer_free(struct mr_producer *producer);

#endif
