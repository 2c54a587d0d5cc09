/* A consumer in a group; a worker has one per group. All events come from within mr_consumer_poll,
 * mr_consumer_serve and mr_consumer_answered. */
#ifndef MR_KAFKA_CONSUMER_CONSUMER_H
#define MR_KAFKA_CONSUMER_CONSUMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errors.h"
#include "base/scoreboard.h"
#include "base/timers.h"
#include "config/config.h"
#include "kafka/message.h"

struct mr_consumer;
struct mr_question;

struct mr_consumer_events {
    /* The consumer is in its group and has got `count` more partitions, perhaps 0. */
    void (*assigned)(void *data, size_t count);
    /* The partition is revoked. If it is lost, another member may have it already. Otherwise it is
     * still ours until mr_consumer_give_back, and its stored offset is committed. */
    void (*revoked)(void *data, const char *topic, int32_t partition, bool lost);
    /* All partitions of a revocation were reported; `count` may be 0. */
    void (*revocation)(void *data, size_t count, bool lost);
    /* All messages of the partition below `end->offset` are taken, and no message is behind them
     * for now. Between the latest message and the end may be offsets of transaction markers, and of
     * aborted or deleted records. `end` has no key, value or headers. */
    void (*ended)(void *data, const struct mr_message *end);
    /* All messages of the partition below `next` are committed. */
    void (*committed)(void *data, const char *topic, int32_t partition, int64_t next);
    /* Something is wrong, and librdkafka goes on by itself unless mr_consumer_failed. If
     * `unreachable`, no broker answers. */
    void (*troubled)(void *data, bool unreachable, const char *text);
};

/* Makes a consumer. `wake_fd` is an eventfd that is written when there is something to poll.
 * `instance_id` is the name of a static member, or "". `count` is how many consumers share the
 * memory for prefetched messages. Returns NULL with errors added if it fails. */
struct mr_consumer *mr_consumer_new(const struct mr_config *config, const char *group_id,
                                    const char *instance_id, size_t count, int wake_fd,
                                    struct mr_timers *timers,
                                    const struct mr_consumer_events *events, void *data,
                                    struct mr_errors *errors);
/* Replaces the subscription; with no topics, leaves the group. Names that begin with ^ are
 * patterns. If the topics stay the same, there is no rebalance. Returns 0, or -1 with the reason
 * added to errors. */
int mr_consumer_subscribe(struct mr_consumer *consumer, const char *const *topics, size_t count,
                          struct mr_errors *errors);
/* Serves callbacks and takes the next message. Takes one at a time, since the batch calls of
 * librdkafka before 2.1 can skip offsets around pause, resume and rebalance. Returns false if there
 * is no message. Poll until then after each wake, and at least every max.poll.interval.ms. */
bool mr_consumer_poll(struct mr_consumer *consumer, struct mr_message *message);
/* Serves answers to commits. They have a queue of their own, so that they neither wait behind
 * messages nor until messages can be taken. Call it every turn. */
void mr_consumer_serve(struct mr_consumer *consumer);
/* Returns the consumer's question to its group's coordinator, NULL if there is none. The consumer
 * asks from which offsets its new partitions begin, before it takes them. A static member also asks
 * whether all its topics are assigned.
 *
 * Call this after a poll. Only a blocking call of librdkafka answers a question, so a worker asks
 * on libuv's pool, never on its loop. Ask one question at a time, and free no consumer before its
 * question is answered. */
struct mr_question *mr_consumer_question(struct mr_consumer *consumer);
/* Asks and waits, about a second. Runs on any thread, while the consumer is used. */
void mr_question_ask(struct mr_question *question);
/* Continues with the answer, or prepares another question. */
void mr_consumer_answered(struct mr_consumer *consumer, const struct mr_question *question);
void mr_question_free(struct mr_question *question);
/* Stores `next`: all earlier messages of the partition are done. It is committed within
 * commit_interval. It may be lower than before if the partition's offsets began anew. The partition
 * must be the consumer's: offsets of partitions that are given back, or lost, are dropped. */
void mr_consumer_store(struct mr_consumer *consumer, const char *topic, int32_t partition,
                       int64_t next);
/* Returns the offset after the partition's last record, by the latest answer that had records of
 * it; below 0 before the first such answer. Sends no request. */
int64_t mr_consumer_end(const struct mr_consumer *consumer, const char *topic, int32_t partition);
/* Returns the offset at which the consumer began to read the partition when it was assigned; below
 * 0 if that is not known. */
int64_t mr_consumer_start(const struct mr_consumer *consumer, const char *topic, int32_t partition);
/* Gives the revoked partitions back to the group. Until this call, the member stays in the group
 * and sends heartbeats, but librdkafka fetches nothing for any partition. */
void mr_consumer_give_back(struct mr_consumer *consumer);
/* Why a partition is paused. */
enum mr_pause {
    MR_PAUSE_FULL,    /* as many of its messages as allowed are not handled yet */
    MR_PAUSE_SHELF,   /* as many of its messages as allowed wait until they are due */
    MR_PAUSE_HELD,    /* the worker takes no messages: it stops, or has too much in progress */
    MR_PAUSE_STUCK,   /* records sent for its messages are not acknowledged */
    MR_PAUSE_DAMAGED, /* its next batch is damaged (kafka/consumer/damage.h) */
};
/* Pauses or resumes a partition. Fetching is paused while there is a reason. Messages that were
 * fetched but not polled are fetched again. The same reason counts once, and a newly assigned
 * partition has none. Resuming removes one reason. Each call waits about 50 us for a thread of
 * librdkafka. */
void mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t partition,
                       enum mr_pause reason);
void mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t partition,
                        enum mr_pause reason);
/* Pauses or resumes all partitions, including those assigned later. */
void mr_consumer_pause_all(struct mr_consumer *consumer, enum mr_pause reason);
void mr_consumer_resume_all(struct mr_consumer *consumer, enum mr_pause reason);
/* Commits the stored offsets now, before the end of the interval: poll until mr_consumer_committed.
 * A rebalance in progress delays the commit. */
void mr_consumer_commit(struct mr_consumer *consumer);
bool mr_consumer_committed(const struct mr_consumer *consumer);
/* Returns true with the reason if the consumer failed for good, for example if another member took
 * its place in the group. It then polls and commits nothing. */
bool mr_consumer_failed(const struct mr_consumer *consumer, char *why, size_t size);
/* Returns what keeps the consumer from serving its group and topics, with the reason. Also asks
 * again for access that was denied. Call it about once a second. `joined`: the consumer has its
 * partitions. */
enum mr_outage mr_consumer_trouble(struct mr_consumer *consumer, bool joined, char *why,
                                   size_t size);
/* Returns how many partitions wait because their next batch is damaged, and reads them again from
 * time to time. Call it about once a second. */
size_t mr_consumer_damaged(struct mr_consumer *consumer);
enum mr_fence {
    MR_FENCE_NONE,
    MR_FENCE_OTHER, /* another member took its name */
    MR_FENCE_OWN,   /* a commit from before it lost its session, which librdkafka sent later */
};
/* Returns whether a fence made the consumer fail, and which (kafka/consumer/fence.h). */
enum mr_fence mr_consumer_fence(const struct mr_consumer *consumer);
/* Abandons a failed consumer, which another one replaces: its stored offsets are not committed.
 * Afterwards free it; do not make it leave or close. */
void mr_consumer_give_up(struct mr_consumer *consumer);
/* Leaves the group in the background, even as a static member: poll until mr_consumer_left. If it
 * has partitions, they are reported as revoked once more; `assigned` is no longer called. A
 * rebalance in progress ends first. */
void mr_consumer_leave(struct mr_consumer *consumer);
bool mr_consumer_left(struct mr_consumer *consumer); /* call it once per turn */
/* Closes the consumer in the background: poll until mr_consumer_closed. Never close during a
 * rebalance: librdkafka before 2.4 may then hang for ever (its issue 4527), or abort. A consumer
 * that is still in its group leaves it, but a static member stays until its session ends or it
 * returns. */
void mr_consumer_close(struct mr_consumer *consumer);
bool mr_consumer_closed(const struct mr_consumer *consumer);
/* Frees the consumer, whose client is destroyed in the background (endings.h). None of its messages
 * may be left. A client that is neither closed nor abandoned goes on until the process ends. */
void mr_consumer_free(struct mr_consumer *consumer);

#endif
