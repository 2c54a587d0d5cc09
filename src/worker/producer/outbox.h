/* The outbox hands a worker's records to the producer, and counts each record on the job that it
 * belongs to. Under load it gathers records for a moment. A record that is refused with its batch
 * is sent again alone, and only that verdict is reported. If librdkafka does not know a record's
 * topic, the record waits while the cluster is asked (worker/producer/doubts.h). When the
 * producer's queue is full, records wait here, in order. While the outbox is crowded, the worker
 * must not take new messages. */
#ifndef MR_WORKER_PRODUCER_OUTBOX_H
#define MR_WORKER_PRODUCER_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/errors.h"
#include "base/record.h"
#include "base/scoreboard.h"
#include "base/timers.h"
#include "config/config.h"
#include "kafka/producer.h"
#include "worker/job/job.h"
#include "worker/job/report.h"

struct mr_outbox;

struct mr_outbox_events {
    /* A record of the job is reported, acknowledged or not. The outbox has already counted down
     * job->deliveries. */
    void (*delivered)(void *data, struct mr_job *job, const struct mr_report *report);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

struct mr_outbox *mr_outbox_new(const struct mr_config *config, uv_loop_t *loop, int wake_fd,
                                struct mr_timers *timers, struct mr_slot *slot,
                                const struct mr_outbox_events *events, void *data,
                                struct mr_errors *errors);
/* Keeps a record that a job of a transactional partition sends. The record is borrowed: copy it. */
typedef void mr_outbox_hold_fn(void *data, struct mr_job *job, enum mr_purpose purpose,
                               const struct mr_outgoing *record);
/* Passes the records of transactional partitions to `hold` from now on. Requests of their handlers
 * are still sent at once. */
void mr_outbox_hand_to(struct mr_outbox *outbox, mr_outbox_hold_fn *hold, void *data);
/* Returns true if the record's key, value and headers are at most message.max.bytes together; else
 * writes the reason to `why`. Call it before you copy anything of a record, because one long text
 * can be the value of a thousand headers. */
bool mr_outbox_fits(const struct mr_outbox *outbox, const struct mr_outgoing *record, char *why,
                    size_t size);
/* Sends a record of the job that is no request; `now` is mr_clock_ns(). Returns MR_SENT if the
 * record is taken. If it can never be sent, returns how it was refused, with the reason in
 * `why`. */
enum mr_sent mr_outbox_send(struct mr_outbox *outbox, struct mr_job *job, enum mr_purpose purpose,
                            const struct mr_outgoing *record, uint64_t now, char *why, size_t size);
/* Sends a request of the job's handler, which waits for the answer under the number `wait`. Returns
 * as mr_outbox_send(). */
enum mr_sent mr_outbox_ask(struct mr_outbox *outbox, struct mr_job *job, uint32_t wait,
                           const struct mr_outgoing *record, uint64_t now, char *why, size_t size);
/* Serves the reports of both producers, and sends the records that need not wait any more. */
void mr_outbox_poll(struct mr_outbox *outbox);
/* Sends the gathered records. Call it at the end of a turn. */
void mr_outbox_flush(struct mr_outbox *outbox);
/* Sends the gathered records, or lets them wait a moment for more. Call it instead of
 * mr_outbox_flush() if the next turn follows at once. */
void mr_outbox_gather(struct mr_outbox *outbox, uint64_t now);
/* Returns true while no new messages should be taken: from a high mark on, until the bytes fall to
 * a low mark. The bytes that are `stuck` (worker/consumer/stuck.h) count only for another, higher
 * mark. */
bool mr_outbox_crowded(struct mr_outbox *outbox, size_t stuck);
size_t mr_outbox_outstanding(const struct mr_outbox *outbox); /* records, waiting ones too */
/* Sets whether a broker answers. While none does, the cluster is asked nothing
 * (worker/producer/topic_warmup.h). Call it with false also when the worker stops. */
void mr_outbox_reachable(struct mr_outbox *outbox, bool reachable);
/* Asks for a topic to which records may go soon, or from which they may come. A broker that creates
 * topics creates it then. */
void mr_outbox_expect(struct mr_outbox *outbox, const char *topic);
/* Returns true, with the reason, if one of its producers has failed for good. */
bool mr_outbox_failed(const struct mr_outbox *outbox, char *why, size_t size);
/* Returns its first producer, for questions to the cluster. */
const struct mr_producer *mr_outbox_producer(const struct mr_outbox *outbox);
/* Abandons all outstanding records. Each is reported, most with an error, before this returns. */
void mr_outbox_drop(struct mr_outbox *outbox);
/* Frees the outbox. No record may be outstanding. */
void mr_outbox_free(struct mr_outbox *outbox);

#endif
