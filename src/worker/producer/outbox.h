/* What leaves the worker: records handed to the producer and counted on the job they belong to.
 * Under load they are gathered for a moment. A record that is refused with its batch is sent again
 * alone, and only that verdict is reported. One whose topic librdkafka does not know waits while
 * the cluster is asked (worker/producer/doubts.h). When the producer's queue is full they wait
 * here, in order; what feeds the outbox must stop while it is crowded. */
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
    /* A record of the job is reported; job->deliveries has been counted down. */
    void (*delivered)(void *data, struct mr_job *job, const struct mr_report *report);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

struct mr_outbox *mr_outbox_new(const struct mr_config *config, uv_loop_t *loop, int wake_fd,
                                struct mr_timers *timers, struct mr_slot *slot,
                                const struct mr_outbox_events *events, void *data,
                                struct mr_errors *errors);
/* Takes a record that a job of a transactional partition sends. The record is borrowed. */
typedef void mr_outbox_hold_fn(void *data, struct mr_job *job, enum mr_purpose purpose,
                               const struct mr_outgoing *record);
/* Records of transactional partitions go there, requests of their handlers excepted. */
void mr_outbox_hand_to(struct mr_outbox *outbox, mr_outbox_hold_fn *hold, void *data);
/* True where the record's key, value and headers are no more than the largest message
 * (message.max.bytes); else `why` tells. Looked at before anything of a record is copied: the same
 * long text can be the value of a thousand headers. */
bool mr_outbox_fits(const struct mr_outbox *outbox, const struct mr_outgoing *record, char *why,
                    size_t size);
/* Sends on behalf of the job what is no request; `now` is mr_clock_ns(). Returns MR_SENT, or for a
 * record that can never be sent how it was refused, with `why`. */
enum mr_sent mr_outbox_send(struct mr_outbox *outbox, struct mr_job *job, enum mr_purpose purpose,
                            const struct mr_outgoing *record, uint64_t now, char *why, size_t size);
/* A request of the job's handler, which waits for its answer under that number. */
enum mr_sent mr_outbox_ask(struct mr_outbox *outbox, struct mr_job *job, uint32_t wait,
                           const struct mr_outgoing *record, uint64_t now, char *why, size_t size);
/* Serves reports. */
void mr_outbox_poll(struct mr_outbox *outbox);
/* What was gathered goes out. Call at the end of a turn. */
void mr_outbox_flush(struct mr_outbox *outbox);
/* Instead of that where the next turn follows at once: what was gathered may be joined by more. */
void mr_outbox_gather(struct mr_outbox *outbox, uint64_t now);
/* True while new messages should not be taken: above a high mark, until it is below a low one. So
 * many bytes of the records are `stuck` (stuck.h) and count for a higher mark only. */
bool mr_outbox_crowded(struct mr_outbox *outbox, size_t stuck);
size_t mr_outbox_outstanding(const struct mr_outbox *outbox); /* waiting ones too */
/* Whether a broker answers; while none does, and when the worker stops, the cluster is asked
 * nothing (worker/producer/topic_warmup.h). */
void mr_outbox_reachable(struct mr_outbox *outbox, bool reachable);
/* Records may go to this topic soon, or come from it: asks for it, which lets a broker that creates
 * topics do so. */
void mr_outbox_expect(struct mr_outbox *outbox, const char *topic);
/* True with the reason when a producer of it is of no use any more. */
bool mr_outbox_failed(const struct mr_outbox *outbox, char *why, size_t size);
/* Its producer, for questions to the cluster. */
const struct mr_producer *mr_outbox_producer(const struct mr_outbox *outbox);
/* Gives up what is outstanding: each is reported, most with an error, before this returns. */
void mr_outbox_drop(struct mr_outbox *outbox);
/* Nothing may be outstanding. */
void mr_outbox_free(struct mr_outbox *outbox);

#endif
