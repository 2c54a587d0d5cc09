/* Records that are sent one per batch, by a second producer. A broker accepts or refuses a batch as
 * a whole, and librdkafka reports its verdict for every record in it; so a record that was refused
 * with others goes here once more, and only the verdict on it alone is believed. Later records of
 * the same topic follow it here, so that they do not overtake it; and worker/producer/barrier.h has
 * them wait for what the first producer has. Dead letters go here from the start: this producer
 * compresses.
 *
 * A second producer rather than waiting until nothing of the partition is under way in the first:
 * records of other topics are not held up, up to five singles of a partition are under way at once
 * and stay in order, and what is behind a refused single is numbered anew by librdkafka. */
#ifndef MR_WORKER_PRODUCER_SINGLES_H
#define MR_WORKER_PRODUCER_SINGLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/idmap.h"
#include "kafka/producer.h"
#include "worker/producer/topic_warmup.h"

struct mr_singles {
    const struct mr_producer *like;
    struct mr_producer *producer; /* NULL until it is first needed */
    struct mr_warmup warmup;
    struct mr_idmap topics; /* whose records go here, by name */
    const struct mr_producer_events *events;
    void *data;
    int wake_fd;
    bool reachable;
};

/* `like` must outlive it. The events are those of mr_producer_new_single. */
void mr_singles_start(struct mr_singles *singles, uv_loop_t *loop, const struct mr_producer *like,
                      int wake_fd, const struct mr_producer_events *events, void *data);
/* True when records of the topic go here: one of them is under way here, or its batches were too
 * large a moment ago. */
bool mr_singles_has(struct mr_singles *singles, const char *topic);
/* A batch of that topic was refused; `too_large` for its size. Send a record of it next. */
void mr_singles_blame(struct mr_singles *singles, const char *name, bool too_large);
/* As mr_producer_send. */
enum mr_sent mr_singles_send(struct mr_singles *singles, const struct mr_outgoing *record,
                             void *opaque, char *why, size_t size);
/* Call from the event `delivered`, before anything else is sent. */
void mr_singles_reported(struct mr_singles *singles, const char *name, bool delivered);
void mr_singles_poll(struct mr_singles *singles);
size_t mr_singles_outstanding(const struct mr_singles *singles);
size_t mr_singles_outstanding_bytes(const struct mr_singles *singles);
/* See mr_outbox_reachable. */
void mr_singles_reachable(struct mr_singles *singles, bool reachable);
/* See mr_warmup_doubt, mr_producer_failed, mr_producer_drop and mr_producer_free. */
void mr_singles_doubt(struct mr_singles *singles, const char *topic);
bool mr_singles_failed(const struct mr_singles *singles, char *why, size_t size);
void mr_singles_drop(struct mr_singles *singles);
void mr_singles_free(struct mr_singles *singles);

#endif
