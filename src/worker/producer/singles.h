/* Singles are records that a second producer sends one per batch. A broker accepts or refuses a
 * batch as a whole, and librdkafka reports that verdict for every record in it. So a record that
 * was refused with others is sent once more here, and only the verdict on it alone is believed.
 * Later records of the same topic follow it here, so that they do not overtake it. They first wait
 * for the records that the first producer still has (worker/producer/barrier.h). Dead letters go
 * here from the start, because this producer compresses.
 *
 * The alternative is to wait until the first producer has no record of the partition under way. But
 * a second producer does not delay records of other topics. Also, up to five singles per partition
 * are under way at once and stay in order. If a single is refused, librdkafka numbers the records
 * behind it anew. */
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
    struct mr_topic_warmup warmup;
    struct mr_idmap topics; /* topics whose records go here, by name */
    const struct mr_producer_events *events;
    void *data;
    int wake_fd;
    bool reachable;
};

/* Starts without a producer; the first record makes it, configured as `like`, which must outlive
 * the singles. The events are those of mr_producer_new_single(). */
void mr_singles_start(struct mr_singles *singles, uv_loop_t *loop, const struct mr_producer *like,
                      int wake_fd, const struct mr_producer_events *events, void *data);
/* Returns true if records of the topic go here: one of them is under way here, or its batches were
 * too large a moment ago. */
bool mr_singles_has(struct mr_singles *singles, const char *topic);
/* Notes that a batch of the topic was refused; `too_large`: for its size. Send a record of the
 * topic here next. */
void mr_singles_blame(struct mr_singles *singles, const char *name, bool too_large);
/* Sends the record as mr_producer_send() does. Returns MR_SENT_REFUSED if the producer cannot be
 * made. */
enum mr_sent mr_singles_send(struct mr_singles *singles, const struct mr_outgoing *record,
                             void *opaque, char *why, size_t size);
/* Notes that a record of the topic is reported. Call it from the producer's event, before you send
 * anything else. */
void mr_singles_reported(struct mr_singles *singles, const char *name, bool delivered);
void mr_singles_poll(struct mr_singles *singles);
size_t mr_singles_outstanding(const struct mr_singles *singles);
size_t mr_singles_outstanding_bytes(const struct mr_singles *singles);
/* As mr_outbox_reachable(). */
void mr_singles_reachable(struct mr_singles *singles, bool reachable);
/* As mr_topic_warmup_doubt(), mr_producer_failed(), mr_producer_drop() and mr_producer_free(). */
void mr_singles_doubt(struct mr_singles *singles, const char *topic);
bool mr_singles_failed(const struct mr_singles *singles, char *why, size_t size);
void mr_singles_drop(struct mr_singles *singles);
void mr_singles_free(struct mr_singles *singles);

#endif
