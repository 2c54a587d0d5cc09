/* The producer of a worker: records out, delivery reports back. Reports come from within
 * mr_producer_poll. */
#ifndef MR_KAFKA_PRODUCER_H
#define MR_KAFKA_PRODUCER_H

#include <stddef.h>

#include "base/config.h"
#include "base/errors.h"
#include "base/record.h"

struct mr_producer;

struct mr_producer_events {
    /* The record that was sent with `opaque` is acknowledged (`error` NULL), or will never be. */
    void (*delivered)(void *data, void *opaque, const char *topic, const char *error);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

struct mr_producer *mr_producer_new(const struct mr_config *config, int wake_fd,
                                    const struct mr_producer_events *events, void *data,
                                    struct mr_errors *errors);

enum mr_sent { MR_SENT, MR_SENT_FULL, MR_SENT_REFUSED };
/* Hands a copy of the record to the sender. FULL: its queue is full, send again after some reports;
 * REFUSED: it can never be sent, `why` (at least 256 bytes) tells. Only SENT is followed by a
 * report. */
enum mr_sent mr_producer_send(struct mr_producer *producer, const struct mr_outgoing *record,
                              void *opaque, char *why, size_t size);
/* Serves the reports there are. Call after each wake. */
void mr_producer_poll(struct mr_producer *producer);
/* Records sent and not reported yet. */
size_t mr_producer_outstanding(const struct mr_producer *producer);
/* Gives up what is outstanding: its reports come, most with an error, before this returns. */
void mr_producer_drop(struct mr_producer *producer);
/* Nothing may be outstanding. */
void mr_producer_free(struct mr_producer *producer);

#endif
